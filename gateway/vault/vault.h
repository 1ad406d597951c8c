/* The vault: all that must survive – intake, log book, store – opened together and brought to one truth,
 * whatever happened to them, and the pipeline that leads from the one to the other.
 *
 * There is no loop and no network in it. Opening follows the log book to its end and commits; from then
 * on its owner takes what arrived, and commits what came of it, when it likes. All calls are for one
 * thread but vault_carry_out, which is for a worker. After a negative outcome nothing more is taken or
 * committed: the pipeline may stand in the middle of an entry, and the next opening follows it again. */
#ifndef VAULT_VAULT_H
#define VAULT_VAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "conf.h"
#include "journal/journal.h"
#include "pipeline.h"
#include "store/store.h"

struct vault;

struct vault_hooks {
    void (*on_rejected)(void *self, const struct pipeline_rejected *r);   /* NULL: nobody asks */
    void *self;
};

/* Outcome of several calls: the disk has no room for another entry of the log book. Nothing was said and
 * nothing done; come back when there is room. */
#define VAULT_FULL 3

/* Opens everything in conf->state, which is made if it is missing, follows what the log book says and
 * the store does not know, and takes up the configuration behind it. Whatever cannot be used is set
 * aside and told; only the machine (no permission, no room, another process), a newer format or a plugin
 * that is gone keeps it from opening. Borrows conf. 0, VAULT_FULL (and nothing is open) or negative. */
int vault_open(const struct conf *conf, const struct vault_hooks *hooks, struct vault **out);

/* After a negative outcome of any other call: whether it was the store that failed, for good. Then it was
 * set aside, and the next opening rebuilds it; close this one. */
bool vault_rescue(struct vault *v);

/* Fills an empty store with a base, up to its position; with the summaries that waited then, or without.
 * 0 or negative. */
struct base_reader;
struct base_head;
int vault_import_base(struct base_reader *base, const struct base_head *head, bool wants_outbox,
                      struct store *s);

/* Accepts NULL. Commits nothing: a close is no better than a kill. */
void vault_close(struct vault *v);

/* Takes one stretch of what stands in the intake. 0: there may be more; VAULT_NOTHING: nothing is there,
 * or the batch is full and a commit must come first; VAULT_FULL; negative. */
#define VAULT_NOTHING 1
int vault_take(struct vault *v);

/* Says one entry and follows it. 0, VAULT_FULL or negative. */
int vault_say(struct vault *v, const struct entry *e);

/* Takes up another plan while running: what was acknowledged and not taken yet is taken under the old one,
 * then the configuration is said and followed. The gateway's id must be the same. 0; VAULT_WRONG: a plugin
 * that it names cannot be had, and everything is as it was; VAULT_FULL; negative. */
#define VAULT_WRONG 4
int vault_configure(struct vault *v, const struct plan *plan);

/* Whether a commit is worth it now, for the summaries or the bytes that wait for one. */
bool vault_is_ripe(const struct vault *v);

/* Whether something was taken that is not committed; and whether there is anything to commit at all: an
 * acknowledgement stands in the batch and nowhere in the log book. */
bool vault_is_behind(const struct vault *v);
bool vault_has_uncommitted(const struct vault *v);

/* A commit in three steps, one commit at a time: cut on the owner's thread (all up to here; what comes
 * now fills the next batch; after VAULT_LATER the same one again), carried out on any, finished on the
 * owner's with what carrying out gave. VAULT_LATER: the store could not be written, come back to it. */
#define VAULT_LATER 2
void vault_cut(struct vault *v);
int vault_carry_out(struct vault *v);
int vault_finish(struct vault *v, int carried_out);

/* All three, until nothing is left to commit. 0, VAULT_LATER or negative. */
int vault_commit_now(struct vault *v);

/* The last entry of the log book, and the last frame of the intake, whose effects are committed. */
uint64_t vault_committed_position(const struct vault *v);
uint64_t vault_committed_took(const struct vault *v);

/* Where it stands. */
const struct places *vault_places(const struct vault *v);

/* Its things, lent until it is closed. What publish acknowledged goes into the batch. */
struct journal *vault_intake(struct vault *v);
struct journal *vault_logbook(struct vault *v);
struct store *vault_store(struct vault *v);
struct pipeline *vault_pipeline(struct vault *v);
struct store_batch *vault_batch(struct vault *v);

/* How many numbers of the log book the opening followed again, since a crash came before their commit;
 * 0 behind an orderly stop. */
uint64_t vault_redone(const struct vault *v);

/* The plan that was in force until this opening; NULL: the same as now. */
const struct plan *vault_former_plan(const struct vault *v);

#endif
