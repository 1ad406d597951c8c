/* The commit: what makes a stretch of the log book last. In this order, on a worker: sync the intake up
 * to what was taken, sync the log book, write state and summaries in one transaction; only then may
 * a summary be published. */
#ifndef VAULT_COMMIT_H
#define VAULT_COMMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "journal/journal.h"
#include "store/store.h"

/* What one commit is about. Filled on the loop, carried out wherever a disk may take its time. */
struct commit {
    struct journal *intake, *logbook;
    struct store *store;
    struct store_batch *batch;
    uint64_t intake_until, logbook_until;
    int64_t store_most_bytes;
};

/* Carries it out. 0; COMMIT_LATER when the store could not be written: the same commit is to be tried
 * again; negative when a journal could not be synced: the process must end, nothing more may be
 * acknowledged. */
#define COMMIT_LATER 1
int commit_carry_out(const struct commit *c);

#endif
