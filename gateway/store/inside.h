/* What the files of the store share among themselves and with their tests; nobody else includes it. */
#ifndef STORE_INSIDE_H
#define STORE_INSIDE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "store/store.h"

struct sqlite3;
struct sqlite3_stmt;

enum store_writing {
    WRITE_BEGIN,
    WRITE_COMMIT,
    WRITE_PUT_STATE,
    WRITE_DROP_STATE,
    WRITE_DROP_STATE_RANGE,
    WRITE_ADD_SUMMARY,
    WRITE_ADD_OUTBOX,
    WRITE_DROP_OUTBOX,
    WRITE_DROP_OUTBOX_RUN,
    WRITE_DROP_RUN,
    WRITE_POSITION,
    WRITE_FORGET,
    WRITE_COUNT
};

enum store_reading {
    READ_LOAD, READ_GET, READ_NEXT, READ_OUTBOX, READ_OUTBOX_LAST, READ_RUN, READ_HISTORY, READ_COUNT
};

struct store {
    char *path, *wal_path;
    int lock_fd;
    struct sqlite3 *writer, *reader;
    struct sqlite3_stmt *writes[WRITE_COUNT], *reads[READ_COUNT];
    struct buffer got;           /* what store_get or store_get_next gave last */

    /* Set by whoever writes, read by the loop. Each is true of some committed moment; they need not be
     * of the same one. */
    _Atomic uint64_t position, outbox_messages, outbox_bytes, file_bytes, used_bytes,
        made_bytes;
    atomic_bool is_at_bound, is_damaged;
};

/* Logs what went wrong with this connection while `doing` something, and what to do about it. code is
 * SQLite's. Always negative. Remembers damage. */
int store_raise(struct store *s, struct sqlite3 *db, int code, const char *doing);

/* The same while its tables are looked at for the first time: what is not there makes it no store. */
int store_raise_misfit(struct store *s, struct sqlite3 *db, int code, const char *doing);

/* Opens the writer's connection again when it can only read, and now could write: what SQLite was
 * refused at opening it never asks for again. Worker. */
void store_try_writing(struct store *s);

/* The first column of the first row. An SQLite code; no row is SQLITE_NOTFOUND. */
int store_ask(struct sqlite3 *db, const char *sql, int64_t *out);

/* Looks how large the files are now. */
void store_measure(struct store *s);

/* Makes sure that the writer's file is a store of this format: creates one in an empty file, updates
 * an older one, touches nothing else. */
int store_settle_format(struct store *s);

/* Removes at most ?2 acknowledged summaries published before ?1, the oldest first. */
#define STORE_FORGET_TEXT \
    "DELETE FROM summary WHERE rowid IN (" \
    "  SELECT s.rowid FROM summary AS s WHERE s.published_us < ?1 AND NOT EXISTS (" \
    "    SELECT 1 FROM outbox AS o" \
    "    WHERE o.epoch_ordinal = s.epoch_ordinal AND o.sequence = s.sequence)" \
    "  ORDER BY s.published_us LIMIT ?2)"

/* Prepares the statements of write.c and read.c. */
int store_prepare_writes(struct store *s);
int store_prepare_reads(struct store *s);

/* Binding, so that an empty slice is an empty blob and not NULL. */
void store_bind_slice(struct sqlite3_stmt *st, int at, struct slice v);
void store_bind_u64(struct sqlite3_stmt *st, int at, uint64_t v);

/* All of a summary but epoch ordinal and sequence (summary.c). Reading borrows; false: it is none. */
void store_summary_put_value(const struct store_summary *row, struct buffer *out);
bool store_summary_get_value(struct cursor *c, struct store_summary *row);

/* One thing of a batch, borrowed from it. */
enum record_kind {
    RECORD_PUT = 1, RECORD_DROP, RECORD_SUMMARY, RECORD_ACKNOWLEDGED, RECORD_DROPPED, RECORD_DROP_RANGE
};

struct record {
    enum record_kind kind;
    enum stage stage;
    struct slice key, value;          /* of DROP_RANGE: from, until */
    struct store_summary summary;     /* of ACKNOWLEDGED, DROPPED: ordinal and sequence alone */
    uint64_t until;                   /* of DROPPED: the last sequence */
};

struct store_batch {
    struct buffer records;
    uint32_t n_summaries;
    bool has_position;
    uint64_t position;
};

struct cursor store_batch_cursor(const struct store_batch *b);

/* The next record, in the order in which they were put; false at the end. */
bool store_batch_next(struct cursor *c, struct record *out);

#endif
