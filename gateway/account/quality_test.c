/* What of a window's time is known: gaps, standstill, silent devices. */
#include "account/account_fixture_test.h"

#define PLAN                                                                                       \
    FOR_ANY_PLAN "sites:\n  - id: mill\n    zone: UTC\n    smallest: 15min\n    periods: [15min, hour]\n"   \
                 "    grace: 0s\n    restate_every: 0s\n    streams: [{id: power, scope: 2}]\n"    \
                 "    devices:\n      - id: meter\n        points:\n"                              \
                 "          - {id: energy, kind: register, unit: kWh, stream: power}\n"            \
                 "      - id: other\n        points: [{id: alive, kind: state}]\n"

static struct summary_quality *quality_of(struct desk *d, enum period p, int64_t start_us)
{
    struct summary *s = desk_latest(d, p, start_us);
    assert_non_null(s);
    return &s->quality;
}

static void open_desk(struct desk *d)
{
    desk_open(d, PLAN);
}

static void a_bridged_time_is_a_gap_and_so_is_one_that_nothing_covers(void **state)
{
    (void)state;
    struct desk d;
    int64_t t = at("2018-01-01T00:00:00Z");
    open_desk(&d);
    desk_add(&d, measured(&d, "energy", t, t + 5 * MINUTE_US, 1));
    struct amount bridged = measured(&d, "energy", t + 5 * MINUTE_US, t + 10 * MINUTE_US, 1);
    bridged.part = PART_BRIDGED;
    bridged.is_valid = false;
    desk_add(&d, bridged);
    desk_seen(&d, "meter", t + HOUR_US);
    desk_emit(&d);
    struct summary_quality *q = quality_of(&d, PERIOD_QUARTER_HOUR, t);
    assert_int_equal(q->n_gaps, 2);
    assert_true(q->gaps[0].is_bridged && q->gaps[0].start_us == t + 5 * MINUTE_US);
    assert_false(q->gaps[1].is_bridged);
    assert_int_equal(q->gaps[1].end_us, t + QUARTER_US);
    desk_close(&d);
}

static void a_window_of_which_nothing_came_is_one_gap(void **state)
{
    (void)state;
    struct desk d;
    int64_t t = at("2018-01-01T00:00:00Z");
    open_desk(&d);
    desk_add(&d, measured(&d, "energy", t, t + QUARTER_US, 1));
    desk_seen(&d, "meter", t + HOUR_US);
    desk_emit(&d);
    assert_int_equal(quality_of(&d, PERIOD_QUARTER_HOUR, t)->gaps_total, 0);
    struct summary_quality *q = quality_of(&d, PERIOD_QUARTER_HOUR, t + QUARTER_US);
    assert_int_equal(q->gaps_total, 1);
    assert_int_equal(q->gaps[0].end_us - q->gaps[0].start_us, QUARTER_US);
    assert_int_equal(q->n_silent, 1); /* the device that never spoke */
    assert_int_equal(q->silent[0].newest_us, INT64_MIN);
    desk_close(&d);
}

static void a_plant_that_stands_still_is_not_expected_to_say_anything(void **state)
{
    (void)state;
    struct desk d;
    int64_t t = at("2018-01-01T00:00:00Z");
    open_desk(&d);
    struct amount idle = measured(&d, "energy", t + QUARTER_US, t + 3 * QUARTER_US, 0);
    idle.shape = AMOUNT_STRETCH;
    idle.flags = AMOUNT_NOT_OPERATING;
    idle.is_valid = false;
    desk_add(&d, measured(&d, "energy", t, t + QUARTER_US, 4));
    desk_add(&d, idle);
    desk_add(&d, measured(&d, "energy", t + 3 * QUARTER_US, t + HOUR_US, 4));
    desk_commit(&d); /* and it survives its row */
    desk_restart(&d);
    desk_seen(&d, "meter", t + HOUR_US);
    desk_emit(&d);
    struct summary_stream *s = desk_find(&d, PERIOD_HOUR, t, "power");
    assert_int_equal(s->not_operating_ms, 30 * 60 * 1000);
    assert_int_equal(s->expected_ms, 30 * 60 * 1000);
    assert_int_equal(s->valid_ms, 30 * 60 * 1000);
    assert_int_equal(quality_of(&d, PERIOD_HOUR, t)->gaps_total, 0);
    s = desk_find(&d, PERIOD_QUARTER_HOUR, t + QUARTER_US, "power");
    assert_int_equal(s->expected_ms, 0);
    assert_false(s->has_activity);
    desk_close(&d);
}

/* A late "not operating" restates, and taking it back restates again. */
static void a_stretch_that_is_taken_back_leaves_no_trace(void **state)
{
    (void)state;
    struct desk d;
    int64_t t = at("2018-01-01T00:00:00Z");
    open_desk(&d);
    struct amount idle = measured(&d, "energy", t, t + 5 * MINUTE_US, 0);
    idle.shape = AMOUNT_STRETCH;
    idle.flags = AMOUNT_NOT_OPERATING;
    idle.is_valid = false;
    desk_add(&d, measured(&d, "energy", t + 5 * MINUTE_US, t + QUARTER_US, 1));
    desk_seen(&d, "meter", t + QUARTER_US);
    desk_emit(&d);
    assert_int_equal(quality_of(&d, PERIOD_QUARTER_HOUR, t)->gaps_total, 1);
    desk_add(&d, idle);
    desk_emit(&d);
    assert_int_equal(quality_of(&d, PERIOD_QUARTER_HOUR, t)->gaps_total, 0);
    desk_take_back(&d, idle);
    desk_emit(&d);
    assert_int_equal(desk_latest(&d, PERIOD_QUARTER_HOUR, t)->revision, 3);
    assert_int_equal(quality_of(&d, PERIOD_QUARTER_HOUR, t)->gaps_total, 1);
    desk_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bridged_time_is_a_gap_and_so_is_one_that_nothing_covers),
        cmocka_unit_test(a_window_of_which_nothing_came_is_one_gap),
        cmocka_unit_test(a_plant_that_stands_still_is_not_expected_to_say_anything),
        cmocka_unit_test(a_stretch_that_is_taken_back_leaves_no_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
