/* Beside the flow: snapshots of one moment. */
#include "store/scratch_test.h"

static struct store_snapshot *look(struct scratch *s)
{
    struct store_snapshot *snapshot = NULL;
    assert_int_equal(store_snapshot_open(s->path, &snapshot), 0);
    return snapshot;
}

static void assert_state(struct store_snapshot *snapshot, enum stage want, const char *key,
                         const char *value)
{
    enum stage stage;
    struct slice k, v;
    assert_int_equal(store_snapshot_state(snapshot, &stage, &k, &v), 0);
    assert_int_equal(stage, want);
    assert_true(slice_equal(k, slice_of(key)));
    assert_true(slice_equal(v, slice_of(value)));
}

static void assert_no_more(struct store_snapshot *snapshot)
{
    enum stage stage;
    struct slice k, v;
    struct store_summary row;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(store_snapshot_state(snapshot, &stage, &k, &v), STORE_NONE);
        assert_int_equal(store_snapshot_summary(snapshot, &row), STORE_NONE);
    }
}

static void new_store_has_an_empty_snapshot(void **state)
{
    struct store_snapshot *snapshot = look(*state);
    struct slice value;
    assert_int_equal(store_snapshot_position(snapshot), 0);
    assert_int_equal(store_snapshot_get(snapshot, STAGE_METER, slice_of("a"), &value), STATE_ABSENT);
    assert_no_more(snapshot);
    store_snapshot_close(snapshot);
    store_snapshot_close(NULL);
}

static void snapshot_is_of_one_moment_whatever_is_committed_meanwhile(void **state)
{
    struct scratch *s = *state;
    put_row(s->batch, STAGE_WINDOW, "w", "window");
    put_row(s->batch, STAGE_METER, "b", "two");
    put_row(s->batch, STAGE_METER, "a", "one");
    put_summary(s->batch, 1, 2);
    put_summary(s->batch, 1, 1);
    store_batch_position(s->batch, 9);
    assert_int_equal(store_write(s->store, s->batch), 0);

    struct store_snapshot *snapshot = look(s);
    store_batch_clear(s->batch);
    drop_row(s->batch, STAGE_METER, "b");
    put_row(s->batch, STAGE_METER, "a", "other");
    store_batch_acknowledged(s->batch, 1, 1);
    store_batch_position(s->batch, 10);
    assert_int_equal(store_write(s->store, s->batch), 0);

    struct slice value;
    struct store_summary row;
    assert_int_equal(store_snapshot_position(snapshot), 9);
    assert_int_equal(store_snapshot_get(snapshot, STAGE_METER, slice_of("a"), &value), 0);
    assert_true(slice_equal(value, slice_of("one")));
    assert_state(snapshot, STAGE_METER, "a", "one");
    assert_state(snapshot, STAGE_METER, "b", "two");
    assert_state(snapshot, STAGE_WINDOW, "w", "window");
    for (uint64_t sequence = 1; sequence <= 2; sequence++) {
        assert_int_equal(store_snapshot_summary(snapshot, &row), 0);
        assert_summary(&row, 1, sequence);
    }
    assert_no_more(snapshot);
    store_snapshot_close(snapshot);

    snapshot = look(s);
    assert_int_equal(store_snapshot_position(snapshot), 10);
    assert_state(snapshot, STAGE_METER, "a", "other");
    assert_int_equal(store_snapshot_summary(snapshot, &row), 0);
    assert_summary(&row, 1, 2);
    store_snapshot_close(snapshot);
}

static void missing_store_has_no_snapshot(void **state)
{
    struct store_snapshot *snapshot = NULL;
    (void)state;
    assert_true(store_snapshot_open("/tmp/carbon-store-not-there/x", &snapshot) < 0);
    assert_null(snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST_OPEN(new_store_has_an_empty_snapshot),
        SCRATCH_TEST_OPEN(snapshot_is_of_one_moment_whatever_is_committed_meanwhile),
        SCRATCH_TEST_OPEN(missing_store_has_no_snapshot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
