/* What is published after something was lost: nothing that may be wrong, and everything else. */
#include "account/account_fixture_test.h"

static const char two_devices[] =
    "gateway: gw-1\n"
    "idle: 10min\n"
    "factors:\n"
    "  - {id: grid, source: t, per: kWh, co2: 0.4585}\n"
    "sites:\n"
    "  - id: plant\n"
    "    zone: UTC\n"
    "    periods: [1min, 15min, hour]\n"
    "    publish_shorter: true\n"
    "    grace: 0s\n"
    "    restate_every: 0s\n"
    "    streams: [{id: electricity, scope: 2, carrier: electricity, factor: grid}]\n"
    "    devices:\n"
    "      - id: one\n"
    "        points: [{id: a, kind: register, unit: kWh, resolution: 0.001, stream: electricity}]\n"
    "      - id: two\n"
    "        points: [{id: b, kind: register, unit: kWh, resolution: 0.001, stream: "
    "electricity}]\n";

#define TEN "2018-02-02T10:00:00Z"

/* Minute by minute both devices speak, and what they moved is added. Elapsed time goes along. */
static void go_on(struct desk *d, int64_t from_us, int64_t to_us)
{
    for (int64_t t = from_us; t < to_us; t += MINUTE_US) {
        desk_clock(d, d->elapsed_us + MINUTE_US);
        desk_add(d, measured(d, "a", t, t + MINUTE_US, t / MINUTE_US % 50));
        desk_seen(d, "one", t + MINUTE_US);
        desk_add(d, measured(d, "b", t, t + MINUTE_US, t / MINUTE_US % 70));
        desk_seen(d, "two", t + MINUTE_US);
        desk_emit(d);
    }
}

/* Both come back at these times, with what their registers moved meanwhile. */
static void come_back(struct desk *d, int64_t since_us, int64_t one_us, int64_t two_us)
{
    struct amount a = measured(d, "a", since_us, one_us, 1000);
    struct amount b = measured(d, "b", since_us, two_us, 2000);
    a.part = b.part = PART_BRIDGED;
    desk_add(d, a);
    desk_seen(d, "one", one_us);
    desk_emit(d);
    desk_add(d, b);
    desk_seen(d, "two", two_us);
    desk_emit(d);
}

/* Five minutes, and then something is lost. Returns when they began. */
static int64_t run_into_a_hole(struct desk *d)
{
    int64_t t = at(TEN);
    desk_open(d, two_devices);
    go_on(d, t, t + 5 * MINUTE_US);
    account_hole(d->a);
    return t;
}

static void windows_that_touch_a_hole_are_counted_and_not_published(void **state)
{
    struct desk d;
    (void)state;
    int64_t t = run_into_a_hole(&d);
    come_back(&d, t + 5 * MINUTE_US, t + 30 * MINUTE_US, t + 31 * MINUTE_US + SECOND_US);
    go_on(&d, t + 32 * MINUTE_US, t + 122 * MINUTE_US);

    for (int minute = 0; minute < 122; minute++)
        assert_int_equal(desk_latest(&d, PERIOD_MINUTE, t + minute * MINUTE_US) != NULL,
                         minute < 5 || minute > 31);
    assert_null(desk_latest(&d, PERIOD_QUARTER_HOUR, t));
    assert_null(desk_latest(&d, PERIOD_QUARTER_HOUR, t + 2 * QUARTER_US));
    assert_non_null(desk_latest(&d, PERIOD_QUARTER_HOUR, t + 3 * QUARTER_US));
    assert_null(desk_latest(&d, PERIOD_HOUR, t));
    assert_non_null(desk_latest(&d, PERIOD_HOUR, t + HOUR_US));
    assert_int_equal(desk_uncovered(&d), 27 + 3 + 1);
    desk_close(&d);
}

/* Everything of d that begins at or after t is in other too, to the last digit. */
static void says_the_same(const struct desk *d, const struct desk *other, int64_t t_us)
{
    for (uint32_t i = 0; i < d->n_out; i++) {
        const struct summary *s = &d->out[i];
        if (s->start_us < t_us)
            continue;
        struct summary_stream *mine = desk_find(d, s->period, s->start_us, "electricity");
        struct summary_stream *theirs = desk_find(other, s->period, s->start_us, "electricity");
        assert_int128_equal(mine->activity_micro, theirs->activity_micro);
        assert_int128_equal(mine->co2e_ug, theirs->co2e_ug);
        assert_int_equal(s->revision, desk_latest(other, s->period, s->start_us)->revision);
    }
}

static void windows_behind_a_hole_are_as_if_there_had_been_none(void **state)
{
    struct desk lost, whole;
    (void)state;
    int64_t t = at(TEN);
    desk_open(&whole, two_devices);
    go_on(&whole, t, t + 4 * HOUR_US);
    for (int minute = 17; minute < 60; minute += 7) {
        int64_t back_us = t + minute * MINUTE_US;
        desk_open(&lost, two_devices);
        go_on(&lost, t, t + 10 * MINUTE_US);
        account_hole(lost.a);
        if (minute % 2)
            desk_commit(&lost);
        if (minute % 2)
            desk_restart(&lost);
        come_back(&lost, t + 10 * MINUTE_US, back_us, back_us);
        desk_commit(&lost);
        desk_restart(&lost);
        go_on(&lost, back_us, t + 4 * HOUR_US);
        says_the_same(&whole, &lost, back_us);
        desk_close(&lost);
    }
    desk_close(&whole);
}

static void a_device_that_has_not_spoken_holds_a_hole_open_until_it_is_idle(void **state)
{
    struct desk d;
    (void)state;
    int64_t t = run_into_a_hole(&d);
    desk_seen(&d, "one", t + 7 * MINUTE_US);
    desk_seen(&d, "one", t + 12 * MINUTE_US);
    assert_int_equal(desk_emit(&d), 0);
    int64_t began_us = d.elapsed_us;
    desk_clock(&d, began_us + 10 * MINUTE_US - 1);
    assert_int_equal(desk_emit(&d), 0);
    assert_int_equal(account_due(d.a), began_us + 10 * MINUTE_US);
    desk_clock(&d, began_us + 10 * MINUTE_US);
    desk_emit(&d);
    assert_null(desk_latest(&d, PERIOD_MINUTE, t + 6 * MINUTE_US));
    assert_non_null(desk_latest(&d, PERIOD_MINUTE, t + 7 * MINUTE_US));
    desk_close(&d);
}

static void a_device_that_has_not_spoken_holds_a_hole_open_no_further_than_max_lag(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, two_devices);
    int64_t t = at(TEN);
    account_hole(d.a); /* nothing is known: any of them may be one that speaks */
    desk_seen(&d, "one", t);
    desk_add(&d, measured(&d, "a", t, t + MINUTE_US, 5));
    desk_seen(&d, "one", t + QUARTER_US);
    assert_int_equal(desk_emit(&d), 0);
    desk_seen(&d, "one", t + QUARTER_US + 1);
    desk_emit(&d);
    assert_non_null(desk_latest(&d, PERIOD_MINUTE, t));
    assert_non_null(desk_latest(&d, PERIOD_QUARTER_HOUR, t));
    desk_close(&d);
}

static void old_readings_that_come_again_do_not_end_a_hole(void **state)
{
    struct desk d;
    (void)state;
    int64_t t = run_into_a_hole(&d);
    desk_seen(&d, "one", t + 3 * MINUTE_US);
    desk_seen(&d, "two", t + 4 * MINUTE_US);
    come_back(&d, t + 5 * MINUTE_US, t + 20 * MINUTE_US, t + 20 * MINUTE_US);
    go_on(&d, t + 20 * MINUTE_US, t + 30 * MINUTE_US);
    assert_null(desk_latest(&d, PERIOD_MINUTE, t + 6 * MINUTE_US));
    assert_null(desk_latest(&d, PERIOD_MINUTE, t + 19 * MINUTE_US));
    assert_non_null(desk_latest(&d, PERIOD_MINUTE, t + 20 * MINUTE_US));
    desk_close(&d);
}

static void a_window_published_before_a_hole_is_still_revised(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, two_devices);
    int64_t t = at(TEN);
    go_on(&d, t, t + 5 * MINUTE_US);
    desk_commit(&d);
    account_hole(d.a);
    come_back(&d, t + 5 * MINUTE_US, t + 20 * MINUTE_US, t + 20 * MINUTE_US);
    desk_add(&d, measured(&d, "a", t + MINUTE_US, t + 2 * MINUTE_US, 40));
    desk_emit(&d);
    assert_int_equal(desk_latest(&d, PERIOD_MINUTE, t + MINUTE_US)->revision, 2);
    desk_close(&d);
}

static void a_late_amount_inside_a_hole_does_not_appear_as_a_first_revision(void **state)
{
    struct desk d;
    (void)state;
    int64_t t = run_into_a_hole(&d);
    come_back(&d, t + 5 * MINUTE_US, t + 20 * MINUTE_US, t + 20 * MINUTE_US);
    uint64_t before = desk_uncovered(&d);
    desk_add(&d, measured(&d, "a", t + 10 * MINUTE_US, t + 11 * MINUTE_US, 40));
    desk_emit(&d);
    assert_null(desk_latest(&d, PERIOD_MINUTE, t + 10 * MINUTE_US));
    assert_int_equal(desk_uncovered(&d), before);
    /* Nor where it was closed when the loss was found, and nothing is on record. */
    desk_add(&d, measured(&d, "a", t - HOUR_US, t - HOUR_US + MINUTE_US, 40));
    desk_emit(&d);
    assert_null(desk_latest(&d, PERIOD_MINUTE, t - HOUR_US));
    assert_true(desk_uncovered(&d) > before);
    desk_close(&d);
}

static void a_hole_before_any_plan_is_one_of_the_first_plan_s_sites(void **state)
{
    struct desk d;
    (void)state;
    log_set_level(LOG_ERROR);
    d = (struct desk){ .plan = plan_of(two_devices) };
    arena_init(&d.arena, 0);
    account_open(&(struct state_in){ .get = desk_get, .self = &d }, &d.a);
    account_hole(d.a);
    desk_commit(&d);
    desk_restart(&d);
    desk_configure(&d, two_devices);
    desk_commit(&d);
    desk_restart(&d); /* a later plan brings no further hole */
    int64_t t = at(TEN);
    go_on(&d, t, t + 20 * MINUTE_US);
    assert_null(desk_latest(&d, PERIOD_MINUTE, t));
    assert_non_null(desk_latest(&d, PERIOD_MINUTE, t + MINUTE_US));
    assert_null(desk_latest(&d, PERIOD_QUARTER_HOUR, t));
    desk_configure(&d, two_devices);
    go_on(&d, t + 20 * MINUTE_US, t + HOUR_US);
    for (int minute = 1; minute < 60; minute++)
        assert_non_null(desk_latest(&d, PERIOD_MINUTE, t + minute * MINUTE_US));
    desk_close(&d);
}

static void many_holes_are_kept_in_bounded_room(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, two_devices);
    int64_t t = at(TEN);
    for (int i = 0; i < 30; i++, t += 10 * MINUTE_US) {
        go_on(&d, t, t + 5 * MINUTE_US);
        account_hole(d.a);
        come_back(&d, t + 5 * MINUTE_US, t + 10 * MINUTE_US, t + 10 * MINUTE_US);
        assert_non_null(desk_latest(&d, PERIOD_MINUTE, t + 4 * MINUTE_US));
        assert_null(desk_latest(&d, PERIOD_MINUTE, t + 5 * MINUTE_US));
        desk_commit(&d);
        desk_restart(&d);
    }
    desk_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_that_touch_a_hole_are_counted_and_not_published),
        cmocka_unit_test(windows_behind_a_hole_are_as_if_there_had_been_none),
        cmocka_unit_test(a_device_that_has_not_spoken_holds_a_hole_open_until_it_is_idle),
        cmocka_unit_test(a_device_that_has_not_spoken_holds_a_hole_open_no_further_than_max_lag),
        cmocka_unit_test(old_readings_that_come_again_do_not_end_a_hole),
        cmocka_unit_test(a_window_published_before_a_hole_is_still_revised),
        cmocka_unit_test(a_late_amount_inside_a_hole_does_not_appear_as_a_first_revision),
        cmocka_unit_test(a_hole_before_any_plan_is_one_of_the_first_plan_s_sites),
        cmocka_unit_test(many_holes_are_kept_in_bounded_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
