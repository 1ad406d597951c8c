#include "store/scratch_test.h"

static void new_batch_is_empty(void **state)
{
    struct scratch *s = *state;
    struct cursor c = store_batch_cursor(s->batch);
    struct record r;
    assert_true(store_batch_is_empty(s->batch));
    assert_int_equal(store_batch_bytes(s->batch), 0);
    assert_int_equal(store_batch_summaries(s->batch), 0);
    assert_false(store_batch_next(&c, &r));
}

static void anything_put_makes_it_not_empty(void **state)
{
    struct scratch *s = *state;
    put_row(s->batch, STAGE_METER, "", "");
    assert_false(store_batch_is_empty(s->batch));
    store_batch_clear(s->batch);
    drop_row(s->batch, STAGE_METER, "a");
    assert_false(store_batch_is_empty(s->batch));
    store_batch_clear(s->batch);
    put_summary(s->batch, 1, 1);
    assert_false(store_batch_is_empty(s->batch));
    store_batch_clear(s->batch);
    store_batch_acknowledged(s->batch, 1, 1);
    assert_false(store_batch_is_empty(s->batch));
    store_batch_clear(s->batch);
    store_batch_position(s->batch, 0);
    assert_false(store_batch_is_empty(s->batch));
    store_batch_clear(s->batch);
    assert_true(store_batch_is_empty(s->batch));
}

static void records_come_back_in_the_order_in_which_they_were_put(void **state)
{
    struct scratch *s = *state;
    put_row(s->batch, STAGE_WINDOW, "key", "value");
    put_summary(s->batch, 3, 9);
    drop_row(s->batch, STAGE_LEDGER, "gone");
    drop_rows(s->batch, STAGE_WINDOW, "from", "until");
    store_batch_acknowledged(s->batch, 2, UINT64_C(1) << 40);

    struct cursor c = store_batch_cursor(s->batch);
    struct record r;
    assert_true(store_batch_next(&c, &r));
    assert_int_equal(r.kind, RECORD_PUT);
    assert_int_equal(r.stage, STAGE_WINDOW);
    assert_true(slice_equal(r.key, slice_of("key")));
    assert_true(slice_equal(r.value, slice_of("value")));
    assert_true(store_batch_next(&c, &r));
    assert_int_equal(r.kind, RECORD_SUMMARY);
    assert_summary(&r.summary, 3, 9);
    assert_true(store_batch_next(&c, &r));
    assert_int_equal(r.kind, RECORD_DROP);
    assert_int_equal(r.stage, STAGE_LEDGER);
    assert_true(slice_equal(r.key, slice_of("gone")));
    assert_true(store_batch_next(&c, &r));
    assert_int_equal(r.kind, RECORD_DROP_RANGE);
    assert_int_equal(r.stage, STAGE_WINDOW);
    assert_true(slice_equal(r.key, slice_of("from")));
    assert_true(slice_equal(r.value, slice_of("until")));
    assert_true(store_batch_next(&c, &r));
    assert_int_equal(r.kind, RECORD_ACKNOWLEDGED);
    assert_int_equal(r.summary.epoch_ordinal, 2);
    assert_int_equal(r.summary.sequence, UINT64_C(1) << 40);
    assert_false(store_batch_next(&c, &r));
}

static void it_keeps_copies(void **state)
{
    struct scratch *s = *state;
    char key[] = "key", id[] = "id";
    struct store_summary row = summary_of(1, 1);
    row.id = id;
    put_row(s->batch, STAGE_METER, key, key);
    store_batch_summary(s->batch, &row);
    memset(key, 'x', sizeof key - 1);
    memset(id, 'x', sizeof id - 1);

    struct cursor c = store_batch_cursor(s->batch);
    struct record r;
    assert_true(store_batch_next(&c, &r));
    assert_true(slice_equal(r.key, slice_of("key")));
    assert_true(store_batch_next(&c, &r));
    assert_string_equal(r.summary.id, "id");
}

static void summaries_are_counted(void **state)
{
    struct scratch *s = *state;
    for (uint64_t n = 1; n <= 3; n++)
        put_summary(s->batch, 1, n);
    put_row(s->batch, STAGE_METER, "a", "b");
    assert_int_equal(store_batch_summaries(s->batch), 3);
    store_batch_clear(s->batch);
    assert_int_equal(store_batch_summaries(s->batch), 0);
}

static void bytes_grow_with_what_is_put(void **state)
{
    struct scratch *s = *state;
    static char large[100001];
    memset(large, 'v', sizeof large - 1);
    put_row(s->batch, STAGE_METER, "a", large);
    assert_in_range(store_batch_bytes(s->batch), 100001, 100100);
    put_row(s->batch, STAGE_METER, "a", large);
    assert_in_range(store_batch_bytes(s->batch), 200002, 200200);
}

static void a_burst_is_given_back_and_an_ordinary_batch_kept(void **state)
{
    struct scratch *s = *state;
    put_row(s->batch, STAGE_METER, "a", "b");
    store_batch_clear(s->batch);
    assert_true(s->batch->records.room > 0);

    static char large[4 << 20];
    memset(large, 'v', sizeof large - 1);
    put_row(s->batch, STAGE_METER, "a", large);
    store_batch_clear(s->batch);
    assert_int_equal(s->batch->records.room, 0);
    put_row(s->batch, STAGE_METER, "a", "b");
    assert_false(store_batch_is_empty(s->batch));
}

static void nothing_can_be_freed(void **state)
{
    (void)state;
    store_batch_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(new_batch_is_empty),
        SCRATCH_TEST(anything_put_makes_it_not_empty),
        SCRATCH_TEST(records_come_back_in_the_order_in_which_they_were_put),
        SCRATCH_TEST(it_keeps_copies),
        SCRATCH_TEST(summaries_are_counted),
        SCRATCH_TEST(bytes_grow_with_what_is_put),
        SCRATCH_TEST(a_burst_is_given_back_and_an_ordinary_batch_kept),
        cmocka_unit_test(nothing_can_be_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
