/* What is done to the store beside the flow, each on a connection of its own: so that neither the loop's
 * reader nor the writer of commits is ever touched by a second thread, or waits.
 *
 * A snapshot is one read transaction: state, position and outbox of one moment, whatever is committed
 * meanwhile. As long as it is open the WAL cannot be taken back into the file and grows.
 *
 * Forgetting is a small transaction like any other. A commit that comes in between waits for it (BUSY_MS)
 * instead of failing; that is why it is given few rows at a time. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "base/err.h"
#include "base/log.h"
#include "store/inside.h"

#define BUSY_MS 2000

enum { ASK_POSITION, ASK_ONE, ASK_STATE, ASK_OUTBOX, ASK_COUNT };

static const char *const texts[ASK_COUNT] = {
    [ASK_POSITION] = "SELECT value FROM meta WHERE name = 'position'",
    [ASK_ONE] = "SELECT value FROM state WHERE stage = ?1 AND key = ?2",
    [ASK_STATE] = "SELECT stage, key, value FROM state ORDER BY stage, key",
    [ASK_OUTBOX] = "SELECT s.epoch_ordinal, s.sequence, s.cause, s.ordinal, s.start_us, s.end_us,"
                   " s.published_us, s.revision, s.id, s.site, s.period, s.topic, s.payload"
                   " FROM outbox AS o CROSS JOIN summary AS s"
                   " ON s.epoch_ordinal = o.epoch_ordinal AND s.sequence = o.sequence"
                   " ORDER BY o.epoch_ordinal, o.sequence",
};

struct store_snapshot {
    struct store named;          /* its path alone: for what is raised */
    sqlite3 *db;
    sqlite3_stmt *asks[ASK_COUNT];
    uint64_t position;
    bool is_behind_states, is_behind_summaries;
};

/* Written to by SQLite when the WAL's index is missing, hence not read-only. */
static int connect_aside(struct store *s, sqlite3 **out)
{
    int code = sqlite3_open_v2(s->path, out, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_busy_timeout(*out, BUSY_MS);
    if (code == SQLITE_OK)
        code = sqlite3_exec(*out, "PRAGMA synchronous = FULL; PRAGMA cache_size = -1024;"
                            "PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY", NULL, NULL, NULL);
    return code == SQLITE_OK ? 0 : store_raise(s, *out, code, "cannot be opened once more");
}

/* The first read is what fixes the moment. */
static int begin(struct store_snapshot *s)
{
    int code = sqlite3_exec(s->db, "BEGIN", NULL, NULL, NULL);
    for (int i = 0; i < ASK_COUNT && code == SQLITE_OK; i++)
        code = sqlite3_prepare_v2(s->db, texts[i], -1, &s->asks[i], NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(s->asks[ASK_POSITION]);
    if (code != SQLITE_ROW)
        return store_raise(&s->named, s->db, code, "does not tell where it stands");
    s->position = (uint64_t)sqlite3_column_int64(s->asks[ASK_POSITION], 0);
    return 0;
}

int store_snapshot_open(const char *path, struct store_snapshot **out)
{
    struct store_snapshot *s = calloc(1, sizeof *s);
    if (!s || !(s->named.path = strdup(path)))
        abort();
    int rc = connect_aside(&s->named, &s->db);
    if (rc == 0)
        rc = begin(s);
    if (rc != 0) {
        store_snapshot_close(s);
        return rc;
    }
    *out = s;
    return 0;
}

void store_snapshot_close(struct store_snapshot *s)
{
    if (!s)
        return;
    for (int i = 0; i < ASK_COUNT; i++)
        sqlite3_finalize(s->asks[i]);
    sqlite3_close(s->db);
    free(s->named.path);
    free(s);
}

uint64_t store_snapshot_position(const struct store_snapshot *s)
{
    return s->position;
}

static struct slice column(sqlite3_stmt *st, int at)
{
    const uint8_t *bytes = sqlite3_column_blob(st, at);
    return (struct slice){ bytes, (size_t)sqlite3_column_bytes(st, at) };
}

/* One step; *is_behind remembers the end, for SQLite would begin anew. */
static int step(struct store_snapshot *s, sqlite3_stmt *st, bool *is_behind)
{
    if (*is_behind)
        return STORE_NONE;
    int code = sqlite3_step(st);
    if (code == SQLITE_ROW)
        return 0;
    *is_behind = true;
    return code == SQLITE_DONE ? STORE_NONE : store_raise(&s->named, s->db, code, "cannot be read");
}

int store_snapshot_state(struct store_snapshot *s, enum stage *stage, struct slice *key,
                         struct slice *value)
{
    sqlite3_stmt *st = s->asks[ASK_STATE];
    int rc = step(s, st, &s->is_behind_states);
    if (rc != 0)
        return rc;
    *stage = (enum stage)sqlite3_column_int(st, 0);
    *key = column(st, 1);
    *value = column(st, 2);
    return 0;
}

int store_snapshot_get(struct store_snapshot *s, enum stage stage, struct slice key, struct slice *out)
{
    sqlite3_stmt *st = s->asks[ASK_ONE];
    sqlite3_reset(st);
    sqlite3_bind_int(st, 1, (int)stage);
    store_bind_slice(st, 2, key);
    int code = sqlite3_step(st);
    if (code == SQLITE_ROW)
        *out = column(st, 0);
    else if (code != SQLITE_DONE)
        return store_raise(&s->named, s->db, code, "a state row cannot be read");
    return code == SQLITE_ROW ? 0 : STATE_ABSENT;
}

static const char *text(sqlite3_stmt *st, int at)
{
    const char *found = (const char *)sqlite3_column_text(st, at);
    return found ? found : "";
}

int store_snapshot_summary(struct store_snapshot *s, struct store_summary *out)
{
    sqlite3_stmt *st = s->asks[ASK_OUTBOX];
    int rc = step(s, st, &s->is_behind_summaries);
    if (rc != 0)
        return rc;
    *out = (struct store_summary){
        .epoch_ordinal = (uint32_t)sqlite3_column_int64(st, 0),
        .sequence = (uint64_t)sqlite3_column_int64(st, 1),
        .cause = (uint64_t)sqlite3_column_int64(st, 2),
        .ordinal = (uint32_t)sqlite3_column_int64(st, 3),
        .start_us = sqlite3_column_int64(st, 4),
        .end_us = sqlite3_column_int64(st, 5),
        .published_us = sqlite3_column_int64(st, 6),
        .revision = (uint32_t)sqlite3_column_int64(st, 7),
        .id = text(st, 8),
        .site = text(st, 9),
        .period = text(st, 10),
        .topic = text(st, 11),
        .payload = column(st, 12),
    };
    return 0;
}

/* Forgetting. */

/* One look at the index when there is nothing old. */
static int forget(struct store *s, sqlite3 *db, int64_t published_before_us, uint32_t most)
{
    sqlite3_stmt *st = NULL;
    int code = sqlite3_prepare_v2(db, STORE_FORGET_TEXT, -1, &st, NULL);
    if (code == SQLITE_OK) {
        sqlite3_bind_int64(st, 1, published_before_us);
        sqlite3_bind_int64(st, 2, most);
        sqlite3_step(st);
        code = sqlite3_finalize(st);
    }
    return code == SQLITE_OK ? 0 : store_raise(s, db, code, "old summaries cannot be removed");
}

int store_forget(struct store *s, int64_t published_before_us, uint32_t most)
{
    sqlite3 *db = NULL;
    int rc = connect_aside(s, &db);
    if (rc == 0)
        rc = forget(s, db, published_before_us, most);
    sqlite3_close(db);
    return rc;
}
