#include <errno.h>
#include <pthread.h>

#include "store/scratch_test.h"

/* Rows as "stage:key=value ", in the order in which they come; stops with `stop` at the `most`-th. */
struct loaded {
    char text[512];
    int n, most, stop;
};

static int on_row(void *self, enum stage stage, struct slice key, struct slice value)
{
    struct loaded *l = self;
    size_t size = strlen(l->text);
    snprintf(l->text + size, sizeof l->text - size, "%d:%.*s=%.*s ", (int)stage, (int)key.size,
             (const char *)key.at, (int)value.size, (const char *)value.at);
    return ++l->n == l->most ? l->stop : 0;
}

static void put_some_rows(struct scratch *s)
{
    put_row(s->batch, STAGE_WINDOW, "w", "closed");
    put_row(s->batch, STAGE_ACCOUNT, "b", "5");
    put_row(s->batch, STAGE_METER, "b", "4");
    put_row(s->batch, STAGE_METER, "a", "2");
    put_row(s->batch, STAGE_METER, "ab", "3");
    put_row(s->batch, STAGE_PIPELINE, "z", "1");
    scratch_commit(s);
}

static void load_gives_all_but_windows_by_stage_and_key(void **state)
{
    struct scratch *s = *state;
    struct loaded l = { 0 };
    put_some_rows(s);
    assert_int_equal(store_load(s->store, on_row, &l), 0);
    assert_string_equal(l.text, "1:z=1 3:a=2 3:ab=3 3:b=4 4:b=5 ");
}

static void load_also_gives_stages_that_a_later_format_may_add(void **state)
{
    struct scratch *s = *state;
    struct loaded l = { 0 };
    put_row(s->batch, STAGE_WINDOW, "w", "closed");
    put_row(s->batch, (enum stage)(STAGE_WINDOW + 1), "k", "v");
    put_row(s->batch, STAGE_LEDGER, "k", "v");
    scratch_commit(s);
    assert_int_equal(store_load(s->store, on_row, &l), 0);
    assert_string_equal(l.text, "2:k=v 6:k=v ");
}

static void load_of_a_new_store_gives_nothing(void **state)
{
    struct scratch *s = *state;
    struct loaded l = { 0 };
    assert_int_equal(store_load(s->store, on_row, &l), 0);
    assert_int_equal(l.n, 0);
}

static void load_ends_at_once_with_what_the_caller_returned(void **state)
{
    struct scratch *s = *state;
    put_some_rows(s);
    struct loaded malformed = { .most = 2, .stop = STATE_MALFORMED };
    assert_int_equal(store_load(s->store, on_row, &malformed), STATE_MALFORMED);
    assert_int_equal(malformed.n, 2);
    struct loaded failed = { .most = 3, .stop = -5 };
    assert_int_equal(store_load(s->store, on_row, &failed), -5);
    struct loaded again = { 0 };
    assert_int_equal(store_load(s->store, on_row, &again), 0);
    assert_int_equal(again.n, 5);
}

static void get_sees_what_is_committed_and_nothing_else(void **state)
{
    struct scratch *s = *state;
    put_row(s->batch, STAGE_WINDOW, "w", "first");
    assert_no_row(s, STAGE_WINDOW, "w");
    scratch_commit(s);
    assert_row(s, STAGE_WINDOW, "w", "first");
    put_row(s->batch, STAGE_WINDOW, "w", "second");
    assert_row(s, STAGE_WINDOW, "w", "first");

    /* Neither in the middle of somebody's transaction. */
    sqlite3_exec(s->store->writer, "BEGIN IMMEDIATE; DELETE FROM state", NULL, NULL, NULL);
    assert_row(s, STAGE_WINDOW, "w", "first");
    sqlite3_exec(s->store->writer, "ROLLBACK", NULL, NULL, NULL);
}

static void get_leaves_out_alone_when_there_is_no_row(void **state)
{
    struct scratch *s = *state;
    struct slice out = slice_of("mine");
    assert_int_equal(store_get(s->store, STAGE_METER, slice_of("none"), &out), STATE_ABSENT);
    assert_true(slice_equal(out, slice_of("mine")));
}

static void next_walks_a_stage_in_the_order_of_its_keys(void **state)
{
    struct scratch *s = *state;
    struct slice key, value, after = { 0 };
    char text[64] = "", last[8];
    put_some_rows(s);
    put_row(s->batch, STAGE_METER, "c", "not committed");
    while (store_get_next(s->store, STAGE_METER, after, &key, &value) == 0) {
        snprintf(text + strlen(text), sizeof text - strlen(text), "%.*s=%.*s ", (int)key.size,
                 (const char *)key.at, (int)value.size, (const char *)value.at);
        memcpy(last, key.at, key.size);
        after = (struct slice){ (const uint8_t *)last, key.size };
    }
    assert_string_equal(text, "a=2 ab=3 b=4 ");
}

/* An open read transaction would keep the WAL from being taken back. */
static void reading_leaves_no_transaction_open(void **state)
{
    struct scratch *s = *state;
    put_some_rows(s);
    put_summary(s->batch, 1, 1);
    put_summary(s->batch, 1, 2);
    scratch_commit(s);

    struct loaded stopped = { .most = 1, .stop = 1 };
    struct store_summary row;
    store_load(s->store, on_row, &stopped);
    assert_row(s, STAGE_METER, "a", "2");
    assert_int_equal(store_outbox_next(s->store, 0, 0, &s->arena, &row), 0);
    assert_int_equal(store_history_next(s->store, 0, 0, &s->arena, &row), 0);
    assert_int_equal(sqlite3_txn_state(s->store->reader, NULL), SQLITE_TXN_NONE);

    int left = -1, taken = -1;
    assert_int_equal(sqlite3_wal_checkpoint_v2(s->store->writer, NULL, SQLITE_CHECKPOINT_TRUNCATE,
                                               &left, &taken), SQLITE_OK);
    assert_int_equal(left, 0);
}

static void summaries_come_back_as_they_were_put(void **state)
{
    struct scratch *s = *state;
    struct store_summary row;
    put_summary(s->batch, 2, 11);
    scratch_commit(s);
    assert_int_equal(store_outbox_next(s->store, 0, 0, &s->arena, &row), 0);
    assert_summary(&row, 2, 11);
    assert_int_equal(store_history_next(s->store, 0, 0, &s->arena, &row), 0);
    assert_summary(&row, 2, 11);
}

static void extreme_numbers_come_back_as_they_were_put(void **state)
{
    struct scratch *s = *state;
    struct store_summary row = summary_of(UINT32_MAX, 1);
    row.sequence = INT64_MAX;
    row.cause = INT64_MAX;
    row.revision = UINT32_MAX;
    row.ordinal = UINT32_MAX;
    row.start_us = INT64_MIN;
    row.end_us = INT64_MAX;
    row.published_us = -1;
    store_batch_summary(s->batch, &row);
    scratch_commit(s);

    struct store_summary found;
    assert_int_equal(store_outbox_next(s->store, UINT32_MAX, 0, &s->arena, &found), 0);
    assert_int_equal(found.epoch_ordinal, UINT32_MAX);
    assert_int_equal(found.sequence, INT64_MAX);
    assert_int_equal(found.revision, UINT32_MAX);
    assert_int_equal(found.ordinal, UINT32_MAX);
    assert_true(found.start_us == INT64_MIN);
    assert_true(found.end_us == INT64_MAX);
    assert_int_equal(found.published_us, -1);
    assert_int_equal(store_outbox_next(s->store, UINT32_MAX, UINT64_MAX, &s->arena, &found), STORE_NONE);
}

static void assert_last(struct scratch *s, uint32_t ordinal, uint64_t sequence)
{
    uint32_t last_ordinal = 77;
    uint64_t last_sequence = 77;
    assert_int_equal(store_outbox_last(s->store, &last_ordinal, &last_sequence), 0);
    assert_int_equal(last_ordinal, ordinal);
    assert_int_equal(last_sequence, sequence);
}

static void outbox_is_in_order_of_sending_and_shrinks_by_acknowledgement(void **state)
{
    struct scratch *s = *state;
    assert_last(s, 0, 0);
    put_summary(s->batch, 2, 1);
    put_summary(s->batch, 1, 10);
    put_summary(s->batch, 1, 9);
    put_summary(s->batch, 2, 2);
    scratch_commit(s);
    assert_string_equal(outbox_of(s), "1/9 1/10 2/1 2/2");
    assert_last(s, 2, 2);
    assert_string_equal(list_behind(s, true, 1, 9), "1/10 2/1 2/2");
    assert_string_equal(list_behind(s, true, 1, UINT64_MAX), "2/1 2/2");
    assert_string_equal(list_behind(s, true, 2, 2), "");

    store_batch_acknowledged(s->batch, 1, 10);
    store_batch_acknowledged(s->batch, 2, 2);
    assert_string_equal(outbox_of(s), "1/9 1/10 2/1 2/2");
    scratch_commit(s);
    assert_string_equal(outbox_of(s), "1/9 2/1");
    assert_last(s, 2, 1);
    scratch_reopen(s);
    assert_string_equal(outbox_of(s), "1/9 2/1");
    assert_string_equal(history_of(s), "1/9 1/10 2/1 2/2");
}

static void a_summary_that_does_not_fit_the_arena_is_an_error(void **state)
{
    struct scratch *s = *state;
    struct store_summary row = { .id = "mine" };
    put_summary(s->batch, 1, 1);
    scratch_commit(s);
    struct arena small;
    size_t most = 16;
    for (; most < 96; most += 16) {
        arena_init(&small, most);
        assert_int_equal(store_outbox_next(s->store, 0, 0, &small, &row), -EMSGSIZE);
        assert_string_equal(row.id, "mine");
        arena_fini(&small);
    }
    arena_init(&small, most);
    assert_int_equal(store_outbox_next(s->store, 0, 0, &small, &row), 0);
    assert_summary(&row, 1, 1);
    arena_fini(&small);
}

/* One thread writes, another reads. Each batch k sets position k, row "k" to k, sends summary k and
 * acknowledges the one before: whoever looks must find these at most one commit apart. */

#define BATCHES 200

static void *write_batches(void *self)
{
    struct scratch *s = self;
    for (uint64_t k = 1; k <= BATCHES; k++) {
        char text[32];
        snprintf(text, sizeof text, "%llu", (unsigned long long)k);
        put_row(s->batch, STAGE_WINDOW, "k", text);
        store_batch_summary(s->batch, &(struct store_summary){
            .epoch_ordinal = 1, .sequence = k, .id = text, .site = "mill", .period = "hour",
            .topic = "t", .payload = slice_of(text) });
        store_batch_acknowledged(s->batch, 1, k - 1);
        store_batch_position(s->batch, k);
        int rc = store_write(s->store, s->batch);
        store_batch_clear(s->batch);
        if (rc == 0 && k % 50 == 0)
            rc = store_forget(s->store, INT64_MAX, 10);
        if (rc != 0)
            return (void *)"failed";
    }
    return NULL;
}

static uint64_t row_k(struct scratch *s)
{
    struct slice found;
    char text[32] = "";
    if (store_get(s->store, STAGE_WINDOW, slice_of("k"), &found) != 0)
        return 0;
    memcpy(text, found.at, found.size);
    return strtoull(text, NULL, 10);
}

static void look(struct scratch *s)
{
    uint64_t before = store_position(s->store);
    uint64_t k = row_k(s);
    struct store_summary row = { 0 };
    struct store_figures f;
    arena_reset(&s->arena);
    int rc = store_outbox_next(s->store, 0, 0, &s->arena, &row);
    store_figures(s->store, &f);

    assert_true(k >= before);                      /* a position told is a commit that can be read */
    assert_true(f.outbox_messages <= 1);
    assert_true(rc == 0 || before == 0);
    assert_true(rc != 0 || row.sequence >= k);     /* the row is the commit's, the outbox too */
}

static void one_thread_reads_while_another_writes(void **state)
{
    struct scratch *s = *state;
    pthread_t writer;
    void *failed;
    sqlite3_exec(s->store->writer, "PRAGMA synchronous = OFF", NULL, NULL, NULL);   /* sooner done */
    assert_int_equal(pthread_create(&writer, NULL, write_batches, s), 0);
    while (store_position(s->store) < BATCHES && pthread_tryjoin_np(writer, &failed) != 0)
        look(s);
    if (store_position(s->store) >= BATCHES)
        pthread_join(writer, &failed);
    assert_null(failed);
    look(s);
    assert_int_equal(row_k(s), BATCHES);
    assert_string_equal(outbox_of(s), "1/200");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST_OPEN(load_gives_all_but_windows_by_stage_and_key),
        SCRATCH_TEST_OPEN(load_also_gives_stages_that_a_later_format_may_add),
        SCRATCH_TEST_OPEN(load_of_a_new_store_gives_nothing),
        SCRATCH_TEST_OPEN(load_ends_at_once_with_what_the_caller_returned),
        SCRATCH_TEST_OPEN(get_sees_what_is_committed_and_nothing_else),
        SCRATCH_TEST_OPEN(get_leaves_out_alone_when_there_is_no_row),
        SCRATCH_TEST_OPEN(next_walks_a_stage_in_the_order_of_its_keys),
        SCRATCH_TEST_OPEN(reading_leaves_no_transaction_open),
        SCRATCH_TEST_OPEN(summaries_come_back_as_they_were_put),
        SCRATCH_TEST_OPEN(extreme_numbers_come_back_as_they_were_put),
        SCRATCH_TEST_OPEN(outbox_is_in_order_of_sending_and_shrinks_by_acknowledgement),
        SCRATCH_TEST_OPEN(a_summary_that_does_not_fit_the_arena_is_an_error),
        SCRATCH_TEST_OPEN(one_thread_reads_while_another_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
