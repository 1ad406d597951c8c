/* What the tests of this room share: a store of their own, summaries that can be told apart, the
 * whole contents as one text, and what was said on standard error. */
#ifndef STORE_SCRATCH_TEST_H
#define STORE_SCRATCH_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above. */
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "store/inside.h"

#define HOUR_US INT64_C(3600000000)
#define NEW_YEAR_2018_US INT64_C(1514764800000000)

struct scratch {
    char directory[64], path[96];
    struct store *store;
    struct store_batch *batch;
    struct arena arena;
};

static inline int scratch_make(void **state)
{
    struct scratch *s = calloc(1, sizeof *s);
    snprintf(s->directory, sizeof s->directory, "/tmp/carbon-store-XXXXXX");
    if (mkdtemp(s->directory) == NULL)
        return -1;
    snprintf(s->path, sizeof s->path, "%s/store.sqlite", s->directory);
    s->batch = store_batch_new();
    arena_init(&s->arena, 0);
    *state = s;
    return 0;
}

static inline int scratch_make_open(void **state)
{
    if (scratch_make(state) != 0)
        return -1;
    struct scratch *s = *state;
    return store_open(s->path, &s->store);
}

static inline int scratch_remove(void **state)
{
    static const char *const endings[] = { "", "-wal", "-shm", ".lock" };
    struct scratch *s = *state;
    store_close(s->store);
    store_batch_free(s->batch);
    arena_fini(&s->arena);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s%s", s->path, endings[i]);
        unlink(path);
    }
    int rc = rmdir(s->directory);        /* fails when something else was left there */
    free(s);
    return rc;
}

#define SCRATCH_TEST(f) cmocka_unit_test_setup_teardown(f, scratch_make, scratch_remove)
#define SCRATCH_TEST_OPEN(f) cmocka_unit_test_setup_teardown(f, scratch_make_open, scratch_remove)

static inline void scratch_reopen(struct scratch *s)
{
    store_close(s->store);
    s->store = NULL;
    assert_int_equal(store_open(s->path, &s->store), 0);
}

/* Writes the batch and begins the next. */
static inline void scratch_commit(struct scratch *s)
{
    assert_int_equal(store_write(s->store, s->batch), 0);
    store_batch_clear(s->batch);
}

static inline void put_row(struct store_batch *b, enum stage stage, const char *key, const char *value)
{
    struct state_out rows = store_batch_state(b);
    rows.put(rows.self, stage, slice_of(key), slice_of(value));
}

static inline void drop_row(struct store_batch *b, enum stage stage, const char *key)
{
    struct state_out rows = store_batch_state(b);
    rows.drop(rows.self, stage, slice_of(key));
}

static inline void drop_rows(struct store_batch *b, enum stage stage, const char *from, const char *until)
{
    struct state_out rows = store_batch_state(b);
    rows.drop_range(rows.self, stage, slice_of(from), slice_of(until));
}

/* Summary number n: everything about it is told by n; its window is the n-th hour of 2018. */
static inline struct store_summary summary_of(uint32_t epoch_ordinal, uint64_t n)
{
    static char id[32], payload[64];
    int64_t start_us = NEW_YEAR_2018_US + (int64_t)n * HOUR_US;
    snprintf(id, sizeof id, "id-%u-%llu", epoch_ordinal, (unsigned long long)n);
    int size = snprintf(payload, sizeof payload, "payload %llu", (unsigned long long)n);
    return (struct store_summary){
        .epoch_ordinal = epoch_ordinal,
        .sequence = n,
        .cause = 100 + n,
        .ordinal = (uint32_t)(n % 7),
        .id = id,
        .site = "mill",
        .period = "hour",
        .start_us = start_us,
        .end_us = start_us + HOUR_US,
        .published_us = start_us + HOUR_US + 1234567,
        .revision = 1,
        .topic = "carbon/v1/mill/summary/hour",
        .payload = { (const uint8_t *)payload, (size_t)size },
    };
}

static inline void put_summary(struct store_batch *b, uint32_t epoch_ordinal, uint64_t n)
{
    struct store_summary row = summary_of(epoch_ordinal, n);
    store_batch_summary(b, &row);
}

static inline void assert_summary(const struct store_summary *row, uint32_t epoch_ordinal, uint64_t n)
{
    struct store_summary want = summary_of(epoch_ordinal, n);
    assert_int_equal(row->epoch_ordinal, want.epoch_ordinal);
    assert_int_equal(row->sequence, want.sequence);
    assert_int_equal(row->cause, want.cause);
    assert_int_equal(row->ordinal, want.ordinal);
    assert_string_equal(row->id, want.id);
    assert_string_equal(row->site, want.site);
    assert_string_equal(row->period, want.period);
    assert_int_equal(row->start_us, want.start_us);
    assert_int_equal(row->end_us, want.end_us);
    assert_int_equal(row->published_us, want.published_us);
    assert_int_equal(row->revision, want.revision);
    assert_string_equal(row->topic, want.topic);
    assert_true(slice_equal(row->payload, want.payload));
}

/* The rest of the outbox or of the history behind a place, as "1/1 1/2 2/1". */
static inline const char *list_behind(struct scratch *s, bool is_outbox, uint32_t ordinal,
                                      uint64_t sequence)
{
    static char out[4096];
    struct store_summary row = { .epoch_ordinal = ordinal, .sequence = sequence };
    size_t size = 0;
    int rc;
    out[0] = '\0';
    while ((rc = (is_outbox ? store_outbox_next : store_history_next)(
                s->store, row.epoch_ordinal, row.sequence, &s->arena, &row)) == 0) {
        size += (size_t)snprintf(out + size, sizeof out - size, "%s%u/%llu", size > 0 ? " " : "",
                                 row.epoch_ordinal, (unsigned long long)row.sequence);
        arena_reset(&s->arena);
    }
    assert_int_equal(rc, STORE_NONE);
    return out;
}

static inline const char *outbox_of(struct scratch *s)
{
    return list_behind(s, true, 0, 0);
}

static inline const char *history_of(struct scratch *s)
{
    return list_behind(s, false, 0, 0);
}

static inline void assert_row(struct scratch *s, enum stage stage, const char *key, const char *value)
{
    struct slice found = { 0 };
    assert_int_equal(store_get(s->store, stage, slice_of(key), &found), 0);
    assert_true(slice_equal(found, slice_of(value)));
}

static inline void assert_no_row(struct scratch *s, enum stage stage, const char *key)
{
    struct slice found = { 0 };
    assert_int_equal(store_get(s->store, stage, slice_of(key), &found), STATE_ABSENT);
}

/* One look at the file as an operator's sqlite3 has it: all rows, columns by '|'. Caller frees. */
static inline char *ask_like_an_operator(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    struct buffer out = { 0 };
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
    int code;
    while ((code = sqlite3_step(st)) == SQLITE_ROW)
        for (int i = 0; i < sqlite3_column_count(st); i++)
            buffer_print(&out, "%s%s", (const char *)sqlite3_column_text(st, i),
                         i + 1 < sqlite3_column_count(st) ? "|" : "\n");
    assert_int_equal(code, SQLITE_DONE);
    sqlite3_finalize(st);
    sqlite3_close(db);
    buffer_put_u8(&out, 0);
    return (char *)out.at;
}

static inline void run_like_an_operator(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

/* Everything that is in a store. Caller frees. */
static inline char *contents_of(const char *path)
{
    return ask_like_an_operator(path,
        "SELECT 'meta', name, value, '', '' FROM meta"
        " UNION ALL SELECT 'state', stage, hex(key), hex(value), '' FROM state"
        " UNION ALL SELECT 'outbox', epoch_ordinal, sequence, payload_bytes, '' FROM outbox"
        " UNION ALL SELECT 'summary', epoch_ordinal, sequence, id, hex(payload) FROM summary"
        " ORDER BY 1, 2, 3");
}

/* Opens the store, which must not do, and gives what was said about it. Caller frees. */
static inline char *said_of_opening(const char *path, bool is_damaged)
{
    char said_path[] = "/tmp/carbon-store-said-XXXXXX";
    int said = mkstemp(said_path), kept = dup(STDERR_FILENO);
    unlink(said_path);
    dup2(said, STDERR_FILENO);
    struct store *s = NULL;
    int rc = store_open(path, &s);
    dup2(kept, STDERR_FILENO);
    close(kept);
    assert_true(is_damaged ? rc == STORE_DAMAGED : rc < 0);
    assert_null(s);

    char *text = calloc(1, 4096);
    if (!text)
        abort();
    assert_true(pread(said, text, 4095, 0) > 0);
    close(said);
    return text;
}

static inline char *refusal_of(const char *path)
{
    return said_of_opening(path, false);
}

static inline char *damage_of(const char *path)
{
    return said_of_opening(path, true);
}

static inline void assert_said(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", text, part);
}

#endif
