/* What vault.c (taking and committing) and vault_open.c (opening) share. For these files alone. */
#ifndef VAULT_PRIVATE_H
#define VAULT_PRIVATE_H

#include "commit.h"
#include "payload.h"
#include "plugin_loader.h"
#include "vault.h"

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
    struct journal_reader *follower;
    struct plan *former;         /* that was in force until this opening; NULL: the same */

    /* The commit: one batch fills while the other is written. */
    struct commit commit;
    bool must_retry;             /* the commit that was cut is still to be carried out */
    struct store_batch *filling, *committing;
    uint64_t committed_position, committed_took;
    uint64_t redone;             /* entries that the opening followed again */
    int64_t forgot_us;
};

/* Follows the log book to its end, or until the batch holds more than that: then LOGBOOK_BATCH_FULL. */
int vault_follow(struct vault *v, size_t batch_bytes_most);

#endif
