/* Reading, on the loop's own connection. Every call takes what it wants out of SQLite's hands and ends
 * its statement: a statement left standing on a row is a read transaction, and as long as one is open
 * the WAL cannot be taken back into the file and grows. */
#include <errno.h>
#include <string.h>

#include <sqlite3.h>

#include "base/err.h"
#include "store/inside.h"

#define SUMMARY_COLUMNS \
    "s.epoch_ordinal, s.sequence, s.cause, s.ordinal, s.start_us, s.end_us, s.published_us," \
    " s.revision, s.id, s.site, s.period, s.topic, s.payload"

/* Ranges instead of `stage <> 5`, which would walk over all closed windows to skip them. */
static const char *const texts[READ_COUNT] = {
    [READ_LOAD] = "SELECT stage, key, value FROM state WHERE stage < ?1 UNION ALL"
                  " SELECT stage, key, value FROM state WHERE stage > ?1 AND stage < ?2 UNION ALL"
                  " SELECT stage, key, value FROM state WHERE stage > ?2 ORDER BY 1, 2",
    [READ_NEXT] = "SELECT key, value FROM state WHERE stage = ?1 AND key > ?2 ORDER BY key LIMIT 1",
    [READ_GET] = "SELECT value FROM state WHERE stage = ?1 AND key = ?2",
    [READ_OUTBOX] = "SELECT " SUMMARY_COLUMNS " FROM outbox AS o CROSS JOIN summary AS s"
                    " ON s.epoch_ordinal = o.epoch_ordinal AND s.sequence = o.sequence"
                    " WHERE (o.epoch_ordinal, o.sequence) > (?1, ?2)"
                    " ORDER BY o.epoch_ordinal, o.sequence LIMIT 1",
    [READ_RUN] = "SELECT o.epoch_ordinal, o.sequence, o.payload_bytes, s.start_us, s.end_us"
                 " FROM outbox AS o CROSS JOIN summary AS s"
                 " ON s.epoch_ordinal = o.epoch_ordinal AND s.sequence = o.sequence"
                 " WHERE (o.epoch_ordinal, o.sequence) > (?1, ?2)"
                 " ORDER BY o.epoch_ordinal, o.sequence LIMIT 4096",
    [READ_OUTBOX_LAST] = "SELECT epoch_ordinal, sequence FROM outbox"
                         " ORDER BY epoch_ordinal DESC, sequence DESC LIMIT 1",
    [READ_HISTORY] = "SELECT " SUMMARY_COLUMNS " FROM summary AS s"
                     " WHERE (s.epoch_ordinal, s.sequence) > (?1, ?2)"
                     " ORDER BY s.epoch_ordinal, s.sequence LIMIT 1",
};

int store_prepare_reads(struct store *s)
{
    for (int i = 0; i < READ_COUNT; i++) {
        int code = sqlite3_prepare_v3(s->reader, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &s->reads[i],
                                      NULL);
        if (code != SQLITE_OK)
            return store_raise_misfit(s, s->reader, code, "does not have the tables of its format");
    }
    return 0;
}

static struct slice column(sqlite3_stmt *st, int at)
{
    const uint8_t *bytes = sqlite3_column_blob(st, at);
    return (struct slice){ bytes, (size_t)sqlite3_column_bytes(st, at) };
}

int store_load(struct store *s,
               int (*on_row)(void *self, enum stage stage, struct slice key, struct slice value),
               void *self)
{
    sqlite3_stmt *st = s->reads[READ_LOAD];
    sqlite3_bind_int(st, 1, STAGE_WINDOW);
    sqlite3_bind_int(st, 2, STAGE_DERIVE_HOUR);
    int code, rc = 0;
    while (rc == 0 && (code = sqlite3_step(st)) == SQLITE_ROW)
        rc = on_row(self, (enum stage)sqlite3_column_int(st, 0), column(st, 1), column(st, 2));
    if (rc == 0 && code != SQLITE_DONE)
        rc = store_raise(s, s->reader, code, "its state cannot be read");
    sqlite3_reset(st);
    return rc;
}

int store_get(struct store *s, enum stage stage, struct slice key, struct slice *out)
{
    sqlite3_stmt *st = s->reads[READ_GET];
    sqlite3_bind_int(st, 1, (int)stage);
    store_bind_slice(st, 2, key);
    int code = sqlite3_step(st);
    if (code == SQLITE_ROW) {
        struct slice value = column(st, 0);
        buffer_clear(&s->got);
        buffer_put(&s->got, value.at, value.size);
        *out = buffer_slice(&s->got);
    }
    sqlite3_reset(st);
    if (code == SQLITE_ROW)
        return 0;
    if (code == SQLITE_DONE)
        return STATE_ABSENT;
    return store_raise(s, s->reader, code, "a state row cannot be read");
}

int store_get_next(struct store *s, enum stage stage, struct slice after, struct slice *key,
                   struct slice *value)
{
    sqlite3_stmt *st = s->reads[READ_NEXT];
    sqlite3_bind_int(st, 1, (int)stage);
    store_bind_slice(st, 2, after);
    int code = sqlite3_step(st);
    if (code == SQLITE_ROW) {
        struct slice found = column(st, 0), row = column(st, 1);
        buffer_clear(&s->got);
        buffer_put(&s->got, found.at, found.size);
        buffer_put(&s->got, row.at, row.size);
        *key = (struct slice){ s->got.at, found.size };
        *value = (struct slice){ s->got.at + found.size, row.size };
    }
    sqlite3_reset(st);
    if (code == SQLITE_ROW)
        return 0;
    return code == SQLITE_DONE ? STATE_ABSENT : store_raise(s, s->reader, code, "a state row cannot be read");
}

static int on_get(void *self, enum stage stage, struct slice key, struct slice *out)
{
    return store_get(self, stage, key, out);
}

static int on_next(void *self, enum stage stage, struct slice after, struct slice *key, struct slice *value)
{
    return store_get_next(self, stage, after, key, value);
}

struct state_in store_lookup(struct store *s)
{
    return (struct state_in){ .get = on_get, .next = on_next, .self = s };
}

/* Takes a row into the arena; false when it does not fit there. */
static bool take_summary(sqlite3_stmt *st, struct arena *arena, struct store_summary *out)
{
    struct slice payload = column(st, 12);
    uint8_t *copy = arena_take(arena, payload.size);
    *out = (struct store_summary){
        .epoch_ordinal = (uint32_t)sqlite3_column_int64(st, 0),
        .sequence = (uint64_t)sqlite3_column_int64(st, 1),
        .cause = (uint64_t)sqlite3_column_int64(st, 2),
        .ordinal = (uint32_t)sqlite3_column_int64(st, 3),
        .start_us = sqlite3_column_int64(st, 4),
        .end_us = sqlite3_column_int64(st, 5),
        .published_us = sqlite3_column_int64(st, 6),
        .revision = (uint32_t)sqlite3_column_int64(st, 7),
        .id = arena_text(arena, column(st, 8)),
        .site = arena_text(arena, column(st, 9)),
        .period = arena_text(arena, column(st, 10)),
        .topic = arena_text(arena, column(st, 11)),
        .payload = { copy, payload.size },
    };
    if (copy && payload.size > 0)
        memcpy(copy, payload.at, payload.size);
    return copy && out->id && out->site && out->period && out->topic;
}

static int next_summary(struct store *s, enum store_reading which, uint32_t after_ordinal,
                        uint64_t after_sequence, struct arena *arena, struct store_summary *out)
{
    sqlite3_stmt *st = s->reads[which];
    sqlite3_bind_int64(st, 1, after_ordinal);
    store_bind_u64(st, 2, after_sequence);
    int code = sqlite3_step(st);
    struct store_summary found;
    bool fits = code == SQLITE_ROW && take_summary(st, arena, &found);
    sqlite3_reset(st);

    if (code == SQLITE_DONE)
        return STORE_NONE;
    if (code != SQLITE_ROW)
        return store_raise(s, s->reader, code, "a summary cannot be read");
    if (!fits)
        return err_raise(-EMSGSIZE, "store %s: the summary behind %u/%llu does not fit the memory "
                         "meant for one", s->path, (unsigned)after_ordinal,
                         (unsigned long long)after_sequence);
    *out = found;
    return 0;
}

int store_outbox_next(struct store *s, uint32_t after_ordinal, uint64_t after_sequence,
                      struct arena *arena, struct store_summary *out)
{
    return next_summary(s, READ_OUTBOX, after_ordinal, after_sequence, arena, out);
}

int store_outbox_last(struct store *s, uint32_t *ordinal, uint64_t *sequence)
{
    sqlite3_stmt *st = s->reads[READ_OUTBOX_LAST];
    int code = sqlite3_step(st);
    bool has_one = code == SQLITE_ROW;
    uint32_t last_ordinal = has_one ? (uint32_t)sqlite3_column_int64(st, 0) : 0;
    uint64_t last_sequence = has_one ? (uint64_t)sqlite3_column_int64(st, 1) : 0;
    sqlite3_reset(st);

    if (!has_one && code != SQLITE_DONE)
        return store_raise(s, s->reader, code, "the end of the outbox cannot be read");
    *ordinal = last_ordinal;
    *sequence = last_sequence;
    return 0;
}

int store_history_next(struct store *s, uint32_t after_ordinal, uint64_t after_sequence,
                       struct arena *arena, struct store_summary *out)
{
    return next_summary(s, READ_HISTORY, after_ordinal, after_sequence, arena, out);
}

/* Whether the row goes on with the run, which is then longer by it. */
static bool extend_run(sqlite3_stmt *st, struct store_run *run)
{
    struct store_run next = {
        .epoch_ordinal = (uint32_t)sqlite3_column_int64(st, 0),
        .from = (uint64_t)sqlite3_column_int64(st, 1),
        .bytes = (uint64_t)sqlite3_column_int64(st, 2),
        .start_us = sqlite3_column_int64(st, 3),
        .end_us = sqlite3_column_int64(st, 4),
    };
    next.until = next.from;
    if (run->from == 0) {
        *run = next;
        return true;
    }
    if (next.epoch_ordinal != run->epoch_ordinal || next.from != run->until + 1)
        return false;
    run->until = next.until;
    run->bytes += next.bytes;
    run->start_us = next.start_us < run->start_us ? next.start_us : run->start_us;
    run->end_us = next.end_us > run->end_us ? next.end_us : run->end_us;
    return true;
}

int store_outbox_run(struct store *s, uint32_t after_ordinal, uint64_t after_sequence, uint64_t bytes,
                     struct store_run *out)
{
    sqlite3_stmt *st = s->reads[READ_RUN];
    struct store_run run = { 0 };
    sqlite3_bind_int64(st, 1, after_ordinal);
    store_bind_u64(st, 2, after_sequence);
    int code;
    while ((code = sqlite3_step(st)) == SQLITE_ROW && extend_run(st, &run) && run.bytes < bytes)
        ;
    sqlite3_reset(st);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return store_raise(s, s->reader, code, "the outbox cannot be read");
    if (run.from == 0)
        return STORE_NONE;
    *out = run;
    return 0;
}
