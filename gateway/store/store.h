/* The store: one SQLite file with the snapshot of the stages, the summaries ever published (the
 * history), and those not yet acknowledged upstream (the outbox). An operator may look into it with
 * sqlite3 at any time.
 *
 * All that one stretch of the log book brought about is gathered in a batch and written in one
 * transaction together with the position in the log book: state, summaries and position can never
 * disagree. WAL, synchronous=FULL. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "model/state.h"

struct store;

#define STORE_NONE 1
#define STORE_DAMAGED 2          /* it cannot be used, and a later try would not help */

/* A summary as it is published: encoded once, sent as often as it takes. */
struct store_summary {
    uint32_t epoch_ordinal;
    uint64_t sequence;           /* with the ordinal the key, and the order of sending */
    uint64_t cause;              /* log book sequence that brought it about */
    uint32_t ordinal;            /* among the summaries of that cause, from 0 */
    const char *id, *site, *period;
    int64_t start_us, end_us, published_us;
    uint32_t revision;
    const char *topic;
    struct slice payload;
};

/* Opens the file, creates it or brings an older format up to date. STORE_DAMAGED when it is none, or
 * somebody else's database: said why, and nothing is changed. Negative when the machine refuses it, or
 * for a newer format, with both numbers. One that may be read and not written is opened: only writing
 * fails. One gateway at a time (path.lock); sqlite3 may look in meanwhile. */
int store_open(const char *path, struct store **out);
void store_close(struct store *s);

/* Whether any call came across damage since it was opened: then it is to be closed and set aside. Any
 * thread. */
bool store_is_damaged(const struct store *s);

/* Renames the file at path, which nobody has open any more, and what belongs to it, to the first of
 * PATH.damaged-1, -2, … that is free, and gives that name, which the caller frees. 0 or negative. */
int store_set_aside(const char *path, char **out);

/* The log book sequence whose effects are all in here, and none of a later one; 0 for a new store. */
uint64_t store_position(const struct store *s);

/* Gives every state row but those of STAGE_WINDOW and STAGE_DERIVE_HOUR to on_row, ordered by stage and key.
 * on_row returns 0 or what store_load returns at once. */
int store_load(struct store *s,
               int (*on_row)(void *self, enum stage stage, struct slice key, struct slice value),
               void *self);

/* One committed state row. 0 and a slice valid until the next call, STATE_ABSENT, or negative. For the
 * loop thread; has its own connection, so it never waits for a write. */
int store_get(struct store *s, enum stage stage, struct slice key, struct slice *out);

/* The first committed row of a stage behind a key, in the order of bytes; else the same. */
int store_get_next(struct store *s, enum stage stage, struct slice after, struct slice *key,
                   struct slice *value);

/* Both, as the stages want them. Borrows the store. */
struct state_in store_lookup(struct store *s);

/* What is to be committed next. Filled on the loop, written on a worker, never both at once. */
struct store_batch;

struct store_batch *store_batch_new(void);
void store_batch_free(struct store_batch *b);
void store_batch_clear(struct store_batch *b);
bool store_batch_is_empty(const struct store_batch *b);
size_t store_batch_bytes(const struct store_batch *b);

/* A later put or drop of the same row in one batch wins. */
struct state_out store_batch_state(struct store_batch *b);
void store_batch_summary(struct store_batch *b, const struct store_summary *row);   /* copies */
uint32_t store_batch_summaries(const struct store_batch *b);
void store_batch_acknowledged(struct store_batch *b, uint32_t epoch_ordinal, uint64_t sequence);
/* These leave the outbox unsent and the history with them. */
void store_batch_drop(struct store_batch *b, uint32_t epoch_ordinal, uint64_t from, uint64_t until);
void store_batch_position(struct store_batch *b, uint64_t log_book);

/* Writes the batch in one transaction, synced; an empty one is no transaction. Worker thread; a disk's
 * time. When it fails (no room, read-only, somebody else's transaction, a summary whose number another
 * one has) nothing of it is in, and the same batch may be tried again. */
int store_write(struct store *s, const struct store_batch *b);

/* The next summary of the outbox behind (ordinal, sequence), in order of sending. Texts and payload in
 * the arena. 0, STORE_NONE, or negative, also when it does not fit the arena's bound. Loop thread. */
int store_outbox_next(struct store *s, uint32_t after_ordinal, uint64_t after_sequence,
                      struct arena *arena, struct store_summary *out);

/* The key of the outbox's last summary; 0 and 0 for an empty one. 0, or negative. Loop thread. */
int store_outbox_last(struct store *s, uint32_t *ordinal, uint64_t *sequence);

/* Every summary of the history in order of sending, for replay's output and inspection. */
int store_history_next(struct store *s, uint32_t after_ordinal, uint64_t after_sequence,
                       struct arena *arena, struct store_summary *out);

/* A snapshot: all that was true at one committed moment, read on a connection of its own, by any one
 * thread, beside everybody else. path is that of the store. While it is open the WAL grows. */
struct store_snapshot;
int store_snapshot_open(const char *path, struct store_snapshot **out);
void store_snapshot_close(struct store_snapshot *s);         /* accepts NULL */
uint64_t store_snapshot_position(const struct store_snapshot *s);

/* One state row. 0 and a slice valid until the next call of this, STATE_ABSENT, or negative. */
int store_snapshot_get(struct store_snapshot *s, enum stage stage, struct slice key, struct slice *out);

/* The next state row, those of STAGE_WINDOW included, ordered by stage and key; the next summary of the
 * outbox in order of sending. Borrowed until the next call. 0, STORE_NONE, or negative. */
int store_snapshot_state(struct store_snapshot *s, enum stage *stage, struct slice *key,
                         struct slice *value);
int store_snapshot_summary(struct store_snapshot *s, struct store_summary *out);

/* Removes acknowledged summaries published before the time, the oldest first, at most `most` of them.
 * Their room is used again; the file does not shrink. Any thread: on a connection of its own. */
int store_forget(struct store *s, int64_t published_before_us, uint32_t most);

/* Holds the pages in use to most_bytes: forgets acknowledged summaries, the oldest first, at most `most` of
 * them in one call. What waits in the outbox is never touched; when nothing else is left to forget, the
 * store is at its bound until less than fifteen sixteenths are in use. Worker thread. */
int store_keep_within(struct store *s, int64_t most_bytes, uint32_t most);

/* The oldest summaries of the outbox behind (ordinal, sequence): a run of sequences of one epoch without a
 * gap, of at least `bytes` payload or all there are, at most 4096. 0, STORE_NONE, or negative. Loop. */
struct store_run {
    uint32_t epoch_ordinal;
    uint64_t from, until;
    int64_t start_us, end_us;    /* their windows lie in here */
    uint64_t bytes;
};
int store_outbox_run(struct store *s, uint32_t after_ordinal, uint64_t after_sequence, uint64_t bytes,
                     struct store_run *out);

/* A summary as a row of bytes and back, for a base or a backup; texts and payload are borrowed from the
 * value. Reading: 0, STATE_MALFORMED, or negative for a newer format. */
void store_summary_write(const struct store_summary *row, struct buffer *key, struct buffer *value);
int store_summary_read(struct slice key, struct slice value, struct store_summary *out);

/* Copies the store at `from`, which a gateway may have open, to a new file: all of one committed moment,
 * synced, without a WAL. Gives the position it stands at. Any thread. 0 or negative. */
int store_copy(const char *from, const char *to, uint64_t *position);

/* What a store says of itself: SQLite's integrity, and the rules that its tables keep. Reads all of it, for
 * a copy that nobody else has open. Each fault is one line; a hole is a run of sequences that is missing
 * behind the first acknowledged summary that is kept. 0, or negative when it cannot be read to its end. */
struct store_checker {
    void (*on_fault)(void *self, const char *fault);
    void (*on_hole)(void *self, uint32_t epoch_ordinal, uint64_t from, uint64_t until);
    void *self;
};
struct store_checked {
    uint64_t summaries, waiting, states;
    uint32_t first_ordinal;      /* of the oldest acknowledged summary that is kept; sequence 0: none is */
    uint64_t first_sequence;
};
int store_check(const char *path, const struct store_checker *to, struct store_checked *out);

struct store_figures {
    uint64_t outbox_messages, outbox_bytes;  /* committed and unacknowledged */
    uint64_t file_bytes;                     /* with the WAL, after the last write */
    uint64_t used_bytes;                     /* pages in use, after the last write */
    uint64_t made_bytes;                     /* payloads put into the outbox since it was opened */
    bool is_at_bound;                        /* see store_keep_within */
};
/* Loop thread; counts kept in memory, no query. */
void store_figures(const struct store *s, struct store_figures *out);

#endif
