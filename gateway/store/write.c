/* Writing: one batch, one transaction. State, summaries, acknowledgements and the position in the log
 * book become true at the same moment, the return of COMMIT, or not at all.
 *
 * A batch may be written again after a failure, and must then give the same as if it had succeeded at
 * once; even after a failure that was none (the disk reported an error for a sync that had worked).
 * So every statement says how things shall be and not what to change, and the outbox's figures are
 * counted from what the statements really did. They reach the loop only behind the commit.
 *
 * A summary that is there already with the same bytes is such a repetition. One with other bytes
 * would overwrite what was published under that number: the write is refused. */
#include <errno.h>
#include <string.h>

#include <sqlite3.h>

#include "base/crash.h"
#include "base/err.h"
#include "base/file.h"
#include "store/inside.h"

#define SPARE_BYTES (UINT64_C(2) << 20)

static const char *const texts[WRITE_COUNT] = {
    [WRITE_BEGIN] = "BEGIN IMMEDIATE",
    [WRITE_COMMIT] = "COMMIT",
    [WRITE_PUT_STATE] = "REPLACE INTO state (stage, key, value) VALUES (?1, ?2, ?3)",
    [WRITE_DROP_STATE] = "DELETE FROM state WHERE stage = ?1 AND key = ?2",
    [WRITE_DROP_STATE_RANGE] = "DELETE FROM state WHERE stage = ?1 AND key >= ?2 AND key < ?3",
    [WRITE_ADD_SUMMARY] =
        "INSERT INTO summary (epoch_ordinal, sequence, cause, ordinal, start_us, end_us, published_us,"
        "                     revision, id, site, period, topic, payload)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
        " ON CONFLICT DO UPDATE SET id = id WHERE id = excluded.id AND payload = excluded.payload",
    [WRITE_ADD_OUTBOX] = "INSERT OR IGNORE INTO outbox (epoch_ordinal, sequence, payload_bytes)"
                         " VALUES (?1, ?2, ?3)",
    [WRITE_DROP_OUTBOX] = "DELETE FROM outbox WHERE epoch_ordinal = ?1 AND sequence = ?2"
                          " RETURNING payload_bytes",
    [WRITE_DROP_OUTBOX_RUN] = "DELETE FROM outbox WHERE epoch_ordinal = ?1 AND sequence BETWEEN ?2 AND ?3"
                              " RETURNING payload_bytes",
    [WRITE_DROP_RUN] = "DELETE FROM summary WHERE epoch_ordinal = ?1 AND sequence BETWEEN ?2 AND ?3",
    [WRITE_FORGET] = STORE_FORGET_TEXT,
    [WRITE_POSITION] = "UPDATE meta SET value = ?1 WHERE name = 'position'",
};

/* What a transaction does to the outbox. */
struct tally {
    int64_t messages, bytes;
    uint64_t made_bytes;
};

int store_prepare_writes(struct store *s)
{
    for (int i = 0; i < WRITE_COUNT; i++) {
        int code = sqlite3_prepare_v3(s->writer, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                                      &s->writes[i], NULL);
        if (code != SQLITE_OK)
            return store_raise_misfit(s, s->writer, code, "does not have the tables of its format");
    }
    return 0;
}

/* Runs a statement that gives no rows; whatever comes of it, it is ready to be bound again. What is
 * bound is not checked one by one: a value that SQLite did not take is NULL, and no column allows
 * that. */
static int run(sqlite3_stmt *st)
{
    sqlite3_step(st);
    return sqlite3_reset(st);
}

static sqlite3_stmt *state_statement(struct store *s, enum record_kind kind)
{
    if (kind == RECORD_DROP_RANGE)
        return s->writes[WRITE_DROP_STATE_RANGE];
    return s->writes[kind == RECORD_PUT ? WRITE_PUT_STATE : WRITE_DROP_STATE];
}

static int write_state(struct store *s, const struct record *r)
{
    sqlite3_stmt *st = state_statement(s, r->kind);
    sqlite3_bind_int(st, 1, (int)r->stage);
    store_bind_slice(st, 2, r->key);
    if (r->kind != RECORD_DROP)
        store_bind_slice(st, 3, r->value);
    return run(st);
}

static void bind_text(sqlite3_stmt *st, int at, const char *text)
{
    sqlite3_bind_text(st, at, text, -1, SQLITE_STATIC);
}

static int add_summary(struct store *s, const struct store_summary *row)
{
    sqlite3_stmt *st = s->writes[WRITE_ADD_SUMMARY];
    sqlite3_bind_int64(st, 1, row->epoch_ordinal);
    store_bind_u64(st, 2, row->sequence);
    store_bind_u64(st, 3, row->cause);
    sqlite3_bind_int64(st, 4, row->ordinal);
    sqlite3_bind_int64(st, 5, row->start_us);
    sqlite3_bind_int64(st, 6, row->end_us);
    sqlite3_bind_int64(st, 7, row->published_us);
    sqlite3_bind_int64(st, 8, row->revision);
    bind_text(st, 9, row->id);
    bind_text(st, 10, row->site);
    bind_text(st, 11, row->period);
    bind_text(st, 12, row->topic);
    store_bind_slice(st, 13, row->payload);

    int code = run(st);
    if (code == SQLITE_OK && sqlite3_changes(s->writer) == 0)
        return SQLITE_CONSTRAINT;
    return code;
}

static int add_to_outbox(struct store *s, const struct store_summary *row, struct tally *tally)
{
    sqlite3_stmt *st = s->writes[WRITE_ADD_OUTBOX];
    sqlite3_bind_int64(st, 1, row->epoch_ordinal);
    store_bind_u64(st, 2, row->sequence);
    sqlite3_bind_int64(st, 3, (int64_t)row->payload.size);
    int code = run(st);
    if (code == SQLITE_OK && sqlite3_changes(s->writer) > 0) {
        tally->messages++;
        tally->bytes += (int64_t)row->payload.size;
        tally->made_bytes += row->payload.size;
    }
    return code;
}

/* What is acknowledged twice, or was never there, changes nothing. */
static int drop_from_outbox(struct store *s, const struct store_summary *row, struct tally *tally)
{
    sqlite3_stmt *st = s->writes[WRITE_DROP_OUTBOX];
    sqlite3_bind_int64(st, 1, row->epoch_ordinal);
    store_bind_u64(st, 2, row->sequence);
    while (sqlite3_step(st) == SQLITE_ROW) {
        tally->messages--;
        tally->bytes -= sqlite3_column_int64(st, 0);
    }
    return sqlite3_reset(st);
}

static void bind_run(sqlite3_stmt *st, const struct record *r)
{
    sqlite3_bind_int64(st, 1, r->summary.epoch_ordinal);
    store_bind_u64(st, 2, r->summary.sequence);
    store_bind_u64(st, 3, r->until);
}

/* The rows go too: what will never leave is announced by number, and the room is what it is about. */
static int drop_run(struct store *s, const struct record *r, struct tally *tally)
{
    sqlite3_stmt *st = s->writes[WRITE_DROP_OUTBOX_RUN];
    bind_run(st, r);
    while (sqlite3_step(st) == SQLITE_ROW) {
        tally->messages--;
        tally->bytes -= sqlite3_column_int64(st, 0);
    }
    int code = sqlite3_reset(st);
    if (code != SQLITE_OK)
        return code;
    bind_run(s->writes[WRITE_DROP_RUN], r);
    return run(s->writes[WRITE_DROP_RUN]);
}

static int write_record(struct store *s, const struct record *r, struct tally *tally)
{
    if (r->kind == RECORD_DROPPED)
        return drop_run(s, r, tally);
    if (r->kind == RECORD_ACKNOWLEDGED)
        return drop_from_outbox(s, &r->summary, tally);
    if (r->kind != RECORD_SUMMARY)
        return write_state(s, r);
    int code = add_summary(s, &r->summary);
    return code == SQLITE_OK ? add_to_outbox(s, &r->summary, tally) : code;
}

static int write_position(struct store *s, uint64_t position)
{
    store_bind_u64(s->writes[WRITE_POSITION], 1, position);
    return run(s->writes[WRITE_POSITION]);
}

static int write_all(struct store *s, const struct store_batch *b, struct tally *tally)
{
    int code = run(s->writes[WRITE_BEGIN]);
    struct cursor c = store_batch_cursor(b);
    struct record r;
    while (code == SQLITE_OK && store_batch_next(&c, &r))
        code = write_record(s, &r, tally);
    if (code == SQLITE_OK && b->has_position)
        code = write_position(s, b->position);
    crash_point("store.written");
    return code == SQLITE_OK ? run(s->writes[WRITE_COMMIT]) : code;
}

/* SQLite ends some transactions by itself, a full disk's for one. */
static int give_up(struct store *s, int code)
{
    int rc = store_raise(s, s->writer, code, "cannot be written");
    if (!sqlite3_get_autocommit(s->writer))
        sqlite3_exec(s->writer, "ROLLBACK", NULL, NULL, NULL);
    return rc;
}

static void tell_loop(struct store *s, const struct store_batch *b, const struct tally *tally)
{
    atomic_fetch_add(&s->outbox_messages, (uint64_t)tally->messages);
    atomic_fetch_add(&s->outbox_bytes, (uint64_t)tally->bytes);
    atomic_fetch_add(&s->made_bytes, tally->made_bytes);
    if (b->has_position)
        atomic_store(&s->position, b->position);
    store_measure(s);
}

/* A transaction that fills the disk to its last byte would take the journals' room, and SQLite needs some
 * itself to come out of it again: the WAL holds every page that changed, and the file takes it once more. */
static int refuse_when_full(const struct store *s, const struct store_batch *b)
{
    uint64_t room;
    if (file_free_bytes(s->path, &room) < 0 || room >= SPARE_BYTES + 4 * (uint64_t)b->records.size)
        return 0;
    return err_raise(-ENOSPC, "store %s: not written, its disk has only %llu bytes left; free some – what "
                     "waits is kept and written then", s->path, (unsigned long long)room);
}

int store_write(struct store *s, const struct store_batch *b)
{
    if (store_batch_is_empty(b))
        return 0;
    int rc = refuse_when_full(s, b);
    if (rc < 0)
        return rc;
    store_try_writing(s);
    struct tally tally = { 0 };
    int code = write_all(s, b, &tally);
    if (code != SQLITE_OK)
        return give_up(s, code);
    crash_point("store.committed");
    tell_loop(s, b, &tally);
    return 0;
}

/* One look at the index when there is nothing old. */
static int forget_oldest(struct store *s, uint32_t most)
{
    sqlite3_stmt *st = s->writes[WRITE_FORGET];
    sqlite3_bind_int64(st, 1, INT64_MAX);
    sqlite3_bind_int64(st, 2, most);
    int code = run(st);
    if (code != SQLITE_OK)
        return store_raise(s, s->writer, code, "old summaries cannot be removed");
    store_measure(s);
    return 0;
}

int store_keep_within(struct store *s, int64_t most_bytes, uint32_t most)
{
    uint64_t target = (uint64_t)most_bytes;
    if (atomic_load(&s->is_at_bound))
        target -= target / 16;
    uint64_t used = atomic_load(&s->used_bytes);
    if (used <= target) {
        atomic_store(&s->is_at_bound, false);
        return 0;
    }
    int64_t before = sqlite3_total_changes(s->writer);
    int rc = forget_oldest(s, most);
    if (rc == 0)
        atomic_store(&s->is_at_bound, sqlite3_total_changes(s->writer) == before);
    return rc;
}
