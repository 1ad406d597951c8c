/* The log book: what the loop did, and when, written down before it is done. A journal of entries; to
 * live is to append an entry and then to follow the log book, and a replay only follows. */
#ifndef VAULT_LOGBOOK_H
#define VAULT_LOGBOOK_H

#include <stdint.h>

#include "journal/journal.h"
#include "model/frame.h"
#include "pipeline.h"
#include "store/store.h"

/* Appends an entry; its sequence and times are the journal's to give. 0; LOGBOOK_FULL: the disk has no
 * room for it, nothing was said, and nothing may be done; or negative. */
#define LOGBOOK_FULL 3
int logbook_append(struct journal *j, const struct entry *e);

/* Follows up to and including `until`, or until the batch holds more than batch_bytes_most. Returns 0,
 * or LOGBOOK_BATCH_FULL: commit what there is and call again. */
#define LOGBOOK_BATCH_FULL 1
int logbook_follow(struct journal_reader *r, uint64_t until, struct pipeline *p,
                   struct store_batch *out, size_t batch_bytes_most);

/* Appends a TOOK entry of intake 0 for what stands there behind *took, a few thousand frames at most, so
 * that one entry is followed in a moment; moves *took on. LOGBOOK_NOTHING: no frame is there; LOGBOOK_FULL. */
#define LOGBOOK_NOTHING 2
int logbook_take(struct journal *j, const struct journal *intake, uint64_t *took);

/* What a log book says behind an entry, without being followed: for bringing it together with a state
 * and an intake. Of intake 0. */
#define LOGBOOK_LOST_MOST 64
struct logbook_tail {
    uint64_t took, took_id;      /* the last TOOK; 0: none */
    uint32_t epoch_ordinal;      /* the highest that a GENESIS names; 0: none */
    uint64_t entries, missing;   /* numbers that no frame bears, clock frames among them */
    uint64_t first;              /* entry, and when it was written; 0: none */
    int64_t first_wall_us, last_wall_us;
    struct logbook_lost {
        uint64_t journal_id, from, until;
    } lost[LOGBOOK_LOST_MOST];   /* the last of them */
    size_t n_lost;
};

/* 0 or negative; no log book is an empty tail. */
int logbook_survey(const char *path, uint64_t after, struct logbook_tail *out);

#endif
