#include <errno.h>

#include "store/scratch_test.h"

static void what_was_written_is_there_after_reopening(void **state)
{
    struct scratch *s = *state;
    put_row(s->batch, STAGE_METER, "point", "state");
    put_row(s->batch, STAGE_WINDOW, "window", "closed");
    put_summary(s->batch, 1, 1);
    store_batch_position(s->batch, 42);
    scratch_commit(s);
    assert_int_equal(store_position(s->store), 42);

    scratch_reopen(s);
    assert_int_equal(store_position(s->store), 42);
    assert_row(s, STAGE_METER, "point", "state");
    assert_row(s, STAGE_WINDOW, "window", "closed");
    assert_string_equal(history_of(s), "1/1");
    assert_string_equal(outbox_of(s), "1/1");
}

static const char *history_of_first(struct scratch *s)
{
    static char out[32];
    struct store_summary row;
    assert_int_equal(store_history_next(s->store, 0, 0, &s->arena, &row), 0);
    snprintf(out, sizeof out, "%u/%llu", row.epoch_ordinal, (unsigned long long)row.sequence);
    arena_reset(&s->arena);
    return out;
}

static void dropped_summaries_leave_outbox_and_history(void **state)
{
    struct scratch *s = *state;
    struct store_figures f;
    for (uint64_t n = 1; n <= 6; n++)
        put_summary(s->batch, 1, n);
    put_summary(s->batch, 2, 3);
    scratch_commit(s);
    store_batch_drop(s->batch, 1, 2, 4);
    put_summary(s->batch, 2, 4);
    scratch_commit(s);
    assert_string_equal(outbox_of(s), "1/1 1/5 1/6 2/3 2/4");
    assert_string_equal(history_of(s), "1/1 1/5 1/6 2/3 2/4");
    store_figures(s->store, &f);
    assert_int_equal(f.outbox_messages, 5);
    scratch_reopen(s);
    uint64_t bytes = f.outbox_bytes;
    store_figures(s->store, &f);
    assert_int_equal(f.outbox_bytes, bytes);
}

static void run_of_the_outbox_has_no_gap_and_stays_in_its_epoch(void **state)
{
    struct scratch *s = *state;
    struct store_run run;
    assert_int_equal(store_outbox_run(s->store, 0, 0, 1, &run), STORE_NONE);
    for (uint64_t n = 1; n <= 6; n++)
        put_summary(s->batch, 1, n);
    put_summary(s->batch, 2, 7);
    store_batch_acknowledged(s->batch, 1, 4);
    scratch_commit(s);
    assert_int_equal(store_outbox_run(s->store, 0, 0, UINT64_MAX, &run), 0);
    assert_int_equal(run.from, 1);
    assert_int_equal(run.until, 3);
    assert_int_equal(run.start_us, NEW_YEAR_2018_US + HOUR_US);
    assert_int_equal(run.end_us, NEW_YEAR_2018_US + 4 * HOUR_US);
    assert_int_equal(store_outbox_run(s->store, 1, 4, UINT64_MAX, &run), 0);
    assert_int_equal(run.from, 5);
    assert_int_equal(run.until, 6);
    assert_int_equal(store_outbox_run(s->store, 0, 0, 10, &run), 0);
    assert_int_equal(run.until, 2);      /* "payload 1" and "payload 2" are ten bytes at last */
}

static void history_goes_before_the_bound_is_reached_and_the_outbox_never(void **state)
{
    struct scratch *s = *state;
    struct store_figures f;
    for (uint64_t n = 1; n <= 2000; n++)
        put_summary(s->batch, 1, n);
    for (uint64_t n = 1; n <= 1000; n++)
        store_batch_acknowledged(s->batch, 1, n);
    scratch_commit(s);
    store_figures(s->store, &f);
    assert_true(f.used_bytes > 100000);
    assert_int_equal(store_keep_within(s->store, (int64_t)f.used_bytes, 100), 0);
    assert_true(strncmp(history_of_first(s), "1/1", 4) == 0);        /* within: nothing goes */

    int64_t most = (int64_t)f.used_bytes * 4 / 5;
    for (int i = 0; i < 20; i++)
        assert_int_equal(store_keep_within(s->store, most, 100), 0);
    store_figures(s->store, &f);
    assert_true(f.used_bytes <= (uint64_t)most);
    assert_false(f.is_at_bound);
    assert_int_equal(f.outbox_messages, 1000);

    for (int i = 0; i < 20; i++)
        assert_int_equal(store_keep_within(s->store, 50000, 100), 0);
    store_figures(s->store, &f);
    assert_true(f.is_at_bound);
    assert_int_equal(f.outbox_messages, 1000);
    assert_string_equal(history_of_first(s), "1/1001");
}

static void the_same_key_in_two_stages_is_two_rows(void **state)
{
    struct scratch *s = *state;
    put_row(s->batch, STAGE_METER, "a", "meter");
    put_row(s->batch, STAGE_ACCOUNT, "a", "account");
    scratch_commit(s);
    drop_row(s->batch, STAGE_METER, "a");
    scratch_commit(s);
    assert_no_row(s, STAGE_METER, "a");
    assert_row(s, STAGE_ACCOUNT, "a", "account");
}

static void a_later_put_or_drop_wins(void **state)
{
    struct scratch *s = *state;
    put_row(s->batch, STAGE_METER, "put twice", "first");
    put_row(s->batch, STAGE_METER, "dropped", "first");
    put_row(s->batch, STAGE_METER, "put twice", "second");
    drop_row(s->batch, STAGE_METER, "dropped");
    drop_row(s->batch, STAGE_METER, "put again");
    put_row(s->batch, STAGE_METER, "put again", "after the drop");
    scratch_commit(s);
    assert_row(s, STAGE_METER, "put twice", "second");
    assert_no_row(s, STAGE_METER, "dropped");
    assert_row(s, STAGE_METER, "put again", "after the drop");

    put_row(s->batch, STAGE_METER, "put twice", "in the next batch");
    scratch_commit(s);
    assert_row(s, STAGE_METER, "put twice", "in the next batch");
}

static void a_range_drops_what_stands_there_then_and_nothing_beside_it(void **state)
{
    struct scratch *s = *state;
    struct slice found;
    put_row(s->batch, STAGE_WINDOW, "W1", "before");
    put_row(s->batch, STAGE_WINDOW, "W2", "first");
    put_row(s->batch, STAGE_WINDOW, "W2x", "within");
    put_row(s->batch, STAGE_WINDOW, "W3", "behind");
    put_row(s->batch, STAGE_ACCOUNT, "W2", "another stage");
    scratch_commit(s);
    put_row(s->batch, STAGE_WINDOW, "W2a", "put and dropped");
    drop_rows(s->batch, STAGE_WINDOW, "W2", "W3");
    put_row(s->batch, STAGE_WINDOW, "W2b", "put again");
    scratch_commit(s);
    scratch_reopen(s);
    assert_row(s, STAGE_WINDOW, "W1", "before");
    assert_row(s, STAGE_WINDOW, "W2b", "put again");
    assert_row(s, STAGE_WINDOW, "W3", "behind");
    assert_row(s, STAGE_ACCOUNT, "W2", "another stage");
    assert_int_equal(store_get(s->store, STAGE_WINDOW, slice_of("W2"), &found), STATE_ABSENT);
    assert_int_equal(store_get(s->store, STAGE_WINDOW, slice_of("W2a"), &found), STATE_ABSENT);
    assert_int_equal(store_get(s->store, STAGE_WINDOW, slice_of("W2x"), &found), STATE_ABSENT);
}

static void keys_and_values_are_any_bytes(void **state)
{
    struct scratch *s = *state;
    static const uint8_t nul_key[] = { 0, 'a', 0 }, high[] = { 0xff, 0x00, 0x80 };
    struct state_out rows = store_batch_state(s->batch);
    rows.put(rows.self, STAGE_METER, (struct slice){ nul_key, 3 }, (struct slice){ high, 3 });
    rows.put(rows.self, STAGE_METER, (struct slice){ nul_key, 1 }, (struct slice){ NULL, 0 });
    rows.put(rows.self, STAGE_METER, (struct slice){ NULL, 0 }, slice_of("no key"));
    scratch_commit(s);

    struct slice found;
    assert_int_equal(store_get(s->store, STAGE_METER, (struct slice){ nul_key, 3 }, &found), 0);
    assert_true(slice_equal(found, (struct slice){ high, 3 }));
    assert_int_equal(store_get(s->store, STAGE_METER, (struct slice){ nul_key, 1 }, &found), 0);
    assert_int_equal(found.size, 0);
    assert_row(s, STAGE_METER, "", "no key");
}

static void an_empty_batch_changes_nothing(void **state)
{
    struct scratch *s = *state;
    store_batch_position(s->batch, 5);
    scratch_commit(s);
    scratch_commit(s);
    assert_int_equal(store_position(s->store), 5);
    put_row(s->batch, STAGE_METER, "a", "b");
    scratch_commit(s);
    assert_int_equal(store_position(s->store), 5);
}

static void figures_follow_the_commits(void **state)
{
    struct scratch *s = *state;
    struct store_figures f;
    put_summary(s->batch, 1, 1);            /* "payload 1" */
    put_summary(s->batch, 1, 10);           /* "payload 10" */
    store_figures(s->store, &f);
    assert_int_equal(f.outbox_messages, 0);
    scratch_commit(s);
    store_figures(s->store, &f);
    assert_int_equal(f.outbox_messages, 2);
    assert_int_equal(f.outbox_bytes, 9 + 10);

    store_batch_acknowledged(s->batch, 1, 1);
    store_batch_acknowledged(s->batch, 1, 1);
    store_batch_acknowledged(s->batch, 7, 7);
    scratch_commit(s);
    store_figures(s->store, &f);
    assert_int_equal(f.outbox_messages, 1);
    assert_int_equal(f.outbox_bytes, 10);
    scratch_reopen(s);
    store_figures(s->store, &f);
    assert_int_equal(f.outbox_messages, 1);
    assert_int_equal(f.outbox_bytes, 10);
}

static void a_summary_acknowledged_in_its_own_batch_is_history_at_once(void **state)
{
    struct scratch *s = *state;
    put_summary(s->batch, 1, 1);
    store_batch_acknowledged(s->batch, 1, 1);
    scratch_commit(s);
    assert_string_equal(outbox_of(s), "");
    assert_string_equal(history_of(s), "1/1");
}

static void an_empty_payload_is_a_payload(void **state)
{
    struct scratch *s = *state;
    struct store_summary row = summary_of(1, 1);
    row.payload = (struct slice){ 0 };
    store_batch_summary(s->batch, &row);
    scratch_commit(s);
    assert_int_equal(store_outbox_next(s->store, 0, 0, &s->arena, &row), 0);
    assert_int_equal(row.payload.size, 0);
}

/* Failing. A batch that touches everything, too large for the room that the file is given. */

static void fill_with_everything(struct store_batch *b)
{
    static char large[64 * 1024];
    memset(large, 'v', sizeof large - 1);
    put_row(b, STAGE_METER, "old", "changed");
    drop_row(b, STAGE_METER, "dropped");
    store_batch_acknowledged(b, 1, 1);
    put_summary(b, 1, 3);
    put_row(b, STAGE_METER, "large", large);
    put_summary(b, 1, 4);
    store_batch_position(b, 20);
}

static void write_the_state_before(struct scratch *s)
{
    put_row(s->batch, STAGE_METER, "old", "value");
    put_row(s->batch, STAGE_METER, "dropped", "not yet");
    put_summary(s->batch, 1, 1);
    put_summary(s->batch, 1, 2);
    store_batch_position(s->batch, 10);
    scratch_commit(s);
}

static void allow_pages(struct scratch *s, int64_t more)
{
    int64_t n_pages;
    char sql[64];
    assert_int_equal(store_ask(s->store->writer, "PRAGMA page_count", &n_pages), SQLITE_OK);
    snprintf(sql, sizeof sql, "PRAGMA max_page_count = %lld", (long long)(n_pages + more));
    assert_int_equal(sqlite3_exec(s->store->writer, sql, NULL, NULL, NULL), SQLITE_OK);
}

static void assert_all_as_before(struct scratch *s)
{
    struct store_figures f;
    store_figures(s->store, &f);
    assert_int_equal(store_position(s->store), 10);
    assert_int_equal(f.outbox_messages, 2);
    assert_int_equal(f.outbox_bytes, 18);
    assert_row(s, STAGE_METER, "old", "value");
    assert_row(s, STAGE_METER, "dropped", "not yet");
    assert_string_equal(outbox_of(s), "1/1 1/2");
    assert_string_equal(history_of(s), "1/1 1/2");
}

static void assert_all_changed(struct scratch *s)
{
    struct store_figures f;
    store_figures(s->store, &f);
    assert_int_equal(store_position(s->store), 20);
    assert_int_equal(f.outbox_messages, 3);
    assert_int_equal(f.outbox_bytes, 27);
    assert_row(s, STAGE_METER, "old", "changed");
    assert_no_row(s, STAGE_METER, "dropped");
    assert_string_equal(outbox_of(s), "1/2 1/3 1/4");
    assert_string_equal(history_of(s), "1/1 1/2 1/3 1/4");
}

static void a_full_disk_leaves_nothing_of_a_batch(void **state)
{
    struct scratch *s = *state;
    write_the_state_before(s);
    char *before = contents_of(s->path);
    fill_with_everything(s->batch);
    allow_pages(s, 3);
    assert_int_equal(store_write(s->store, s->batch), -ENOSPC);
    assert_all_as_before(s);
    char *after = contents_of(s->path);
    assert_string_equal(before, after);
    free(before);
    free(after);
    scratch_reopen(s);
    assert_all_as_before(s);
}

static void the_same_batch_is_written_once_there_is_room(void **state)
{
    struct scratch *s = *state;
    write_the_state_before(s);
    fill_with_everything(s->batch);
    allow_pages(s, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(store_write(s->store, s->batch), -ENOSPC);
    allow_pages(s, 1000);
    assert_int_equal(store_write(s->store, s->batch), 0);
    assert_all_changed(s);
}

/* The disk may report an error for a commit that is in all the same. */
static void a_batch_written_twice_is_in_once(void **state)
{
    struct scratch *s = *state;
    write_the_state_before(s);
    fill_with_everything(s->batch);
    assert_int_equal(store_write(s->store, s->batch), 0);
    char *once = contents_of(s->path);
    assert_int_equal(store_write(s->store, s->batch), 0);
    char *twice = contents_of(s->path);
    assert_string_equal(once, twice);
    assert_all_changed(s);
    free(once);
    free(twice);
}

static void a_store_that_may_not_be_written_says_so_and_can_be_tried_again(void **state)
{
    struct scratch *s = *state;
    write_the_state_before(s);
    fill_with_everything(s->batch);
    sqlite3_exec(s->store->writer, "PRAGMA query_only = ON", NULL, NULL, NULL);
    assert_int_equal(store_write(s->store, s->batch), -EROFS);
    assert_all_as_before(s);
    sqlite3_exec(s->store->writer, "PRAGMA query_only = OFF", NULL, NULL, NULL);
    assert_int_equal(store_write(s->store, s->batch), 0);
    assert_all_changed(s);
}

static void an_operator_in_the_middle_of_a_change_is_not_waited_for_long(void **state)
{
    struct scratch *s = *state;
    sqlite3 *operator = NULL;
    write_the_state_before(s);
    fill_with_everything(s->batch);
    sqlite3_busy_timeout(s->store->writer, 0);
    assert_int_equal(sqlite3_open(s->path, &operator), SQLITE_OK);
    assert_int_equal(sqlite3_exec(operator, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(store_write(s->store, s->batch), -EBUSY);
    assert_all_as_before(s);
    assert_int_equal(sqlite3_exec(operator, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(store_write(s->store, s->batch), 0);
    assert_all_changed(s);
    sqlite3_close(operator);
}

static void published_history_is_never_overwritten(void **state)
{
    struct scratch *s = *state;
    write_the_state_before(s);
    struct store_summary row = summary_of(1, 2);
    row.payload = slice_of("another story");
    put_row(s->batch, STAGE_METER, "old", "changed");
    store_batch_summary(s->batch, &row);
    assert_int_equal(store_write(s->store, s->batch), -EEXIST);
    assert_all_as_before(s);
    arena_reset(&s->arena);
    assert_int_equal(store_history_next(s->store, 1, 1, &s->arena, &row), 0);
    assert_summary(&row, 1, 2);
}

/* Forgetting. */

static void old_summaries_are_forgotten_and_unacknowledged_ones_kept(void **state)
{
    struct scratch *s = *state;
    for (uint64_t n = 1; n <= 6; n++)
        put_summary(s->batch, 1, n);
    store_batch_acknowledged(s->batch, 1, 1);
    store_batch_acknowledged(s->batch, 1, 3);
    store_batch_acknowledged(s->batch, 1, 4);
    store_batch_acknowledged(s->batch, 1, 5);
    scratch_commit(s);

    int64_t published_4_us = summary_of(1, 4).published_us;
    assert_int_equal(store_forget(s->store, published_4_us, 100), 0);
    assert_string_equal(history_of(s), "1/2 1/4 1/5 1/6");
    assert_string_equal(outbox_of(s), "1/2 1/6");
    assert_int_equal(store_forget(s->store, published_4_us + 1, 100), 0);
    assert_string_equal(history_of(s), "1/2 1/5 1/6");
    assert_int_equal(store_forget(s->store, INT64_MIN, 100), 0);
    assert_string_equal(history_of(s), "1/2 1/5 1/6");
}

static void only_so_many_are_forgotten_at_once_and_the_oldest_first(void **state)
{
    struct scratch *s = *state;
    for (uint64_t n = 1; n <= 6; n++) {
        put_summary(s->batch, 1, n);
        if (n != 2)
            store_batch_acknowledged(s->batch, 1, n);
    }
    scratch_commit(s);
    assert_int_equal(store_forget(s->store, INT64_MAX, 0), 0);
    assert_string_equal(history_of(s), "1/1 1/2 1/3 1/4 1/5 1/6");
    assert_int_equal(store_forget(s->store, INT64_MAX, 3), 0);
    assert_string_equal(history_of(s), "1/2 1/5 1/6");
    assert_int_equal(store_forget(s->store, INT64_MAX, 3), 0);
    assert_string_equal(history_of(s), "1/2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST_OPEN(what_was_written_is_there_after_reopening),
        SCRATCH_TEST_OPEN(dropped_summaries_leave_outbox_and_history),
        SCRATCH_TEST_OPEN(run_of_the_outbox_has_no_gap_and_stays_in_its_epoch),
        SCRATCH_TEST_OPEN(history_goes_before_the_bound_is_reached_and_the_outbox_never),
        SCRATCH_TEST_OPEN(the_same_key_in_two_stages_is_two_rows),
        SCRATCH_TEST_OPEN(a_later_put_or_drop_wins),
        SCRATCH_TEST_OPEN(a_range_drops_what_stands_there_then_and_nothing_beside_it),
        SCRATCH_TEST_OPEN(keys_and_values_are_any_bytes),
        SCRATCH_TEST_OPEN(an_empty_batch_changes_nothing),
        SCRATCH_TEST_OPEN(figures_follow_the_commits),
        SCRATCH_TEST_OPEN(a_summary_acknowledged_in_its_own_batch_is_history_at_once),
        SCRATCH_TEST_OPEN(an_empty_payload_is_a_payload),
        SCRATCH_TEST_OPEN(a_full_disk_leaves_nothing_of_a_batch),
        SCRATCH_TEST_OPEN(the_same_batch_is_written_once_there_is_room),
        SCRATCH_TEST_OPEN(a_batch_written_twice_is_in_once),
        SCRATCH_TEST_OPEN(a_store_that_may_not_be_written_says_so_and_can_be_tried_again),
        SCRATCH_TEST_OPEN(an_operator_in_the_middle_of_a_change_is_not_waited_for_long),
        SCRATCH_TEST_OPEN(published_history_is_never_overwritten),
        SCRATCH_TEST_OPEN(old_summaries_are_forgotten_and_unacknowledged_ones_kept),
        SCRATCH_TEST_OPEN(only_so_many_are_forgotten_at_once_and_the_oldest_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
