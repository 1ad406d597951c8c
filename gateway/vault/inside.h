/* What vault/vault.c (taking and committing), vault/open.c (the order of opening), vault/store.c (the store,
 * whatever became of it) and vault/join.c (state and journals together) share. For these files alone. */
#ifndef VAULT_INSIDE_H
#define VAULT_INSIDE_H

#include "base/buffer.h"
#include "journal/base.h"
#include "journal/poison.h"
#include "payload.h"
#include "plugin_loader.h"
#include "vault/commit.h"
#include "vault/logbook.h"
#include "vault/vault.h"

#define VAULT_GAPS_MOST 64

struct vault {
    const struct conf *conf;
    struct vault_hooks hooks;
    struct places places;

    /* In the order of the data's flow. */
    struct plugin_loader *plugins;
    struct payload payload;
    struct store *store;
    struct pipeline *pipeline;
    struct journal *intake, *logbook;
    struct hand *hand;           /* NULL: it could not be had, all else works without */
    struct journal_reader *follower;
    struct plan *former;         /* that was in force until this opening; NULL: the same */

    /* What opening found. */
    bool is_store_lost;          /* there was none, or none that could be used */
    bool is_store_malformed;     /* a row of its snapshot does not fit */
    uint64_t logbook_first;      /* the first number that is kept there */
    bool is_logbook_new;
    struct logbook_tail tail;    /* behind the state */
    uint32_t known_ordinal;      /* the highest epoch that STATE/epoch knows */
    bool owes_epoch;             /* STATE/epoch says so: a backup was restored here */
    bool wants_epoch, has_new_epoch;
    struct buffer hole;          /* what is not wholly known; empty: nothing */
    uint64_t gaps[VAULT_GAPS_MOST];  /* where frames that were counted once are missing, ascending */
    size_t n_gaps;

    /* The commit: one batch fills while the other is written. */
    struct commit commit;
    bool must_retry;             /* the commit that was cut is still to be carried out */
    struct store_batch *filling, *committing;
    uint64_t committed_position, committed_took;
    uint64_t redone;             /* entries that the opening followed again */
};

/* vault/store.c. The first leaves v->store NULL when it is lost, the second then makes one out of the
 * newest base or of nothing; the log book is open by then. 0, LOGBOOK_FULL or negative. */
int vault_open_store(struct vault *v);
int vault_rebuild_store(struct vault *v);

/* vault/join.c, in this order; the pipeline is loaded between the first and the second. */
int vault_open_logbook(struct vault *v);
int vault_join_logbook(struct vault *v);
int vault_open_intake(struct vault *v);
int vault_say_beginning(struct vault *v);
int vault_say_genesis(struct vault *v);
int vault_say_gaps(struct vault *v);

/* Follows the log book to its end, or until the batch holds more than that: then LOGBOOK_BATCH_FULL. */
int vault_follow(struct vault *v, size_t batch_bytes_most);

#endif
