#include "account/account_fixture_test.h"
#include "account/watermark.h"

#define IDLE_US (10 * MINUTE_US)
#define LAG_US  QUARTER_US
#define CLOCKS  4

/* Some devices of a site. */
struct room {
    struct watermark w;
    struct device_clock clocks[CLOCKS], *pointers[CLOCKS];
};

static void open_room(struct room *r, size_t n)
{
    watermark_init(&r->w);
    for (size_t i = 0; i < n; i++) {
        device_clock_init(&r->clocks[i]);
        r->clocks[i].idle_us = IDLE_US;
        r->pointers[i] = &r->clocks[i];
    }
    watermark_configure(&r->w, r->pointers, n, LAG_US);
}

static void seen(struct room *r, size_t i, int64_t time_us, int64_t elapsed_us)
{
    assert_true(watermark_seen(&r->w, &r->clocks[i], time_us, elapsed_us, true));
}

static void nothing_seen_is_unknown(void **state)
{
    struct room r;
    (void)state;
    open_room(&r, 2);
    assert_true(watermark_at(&r.w, 5 * DAY_US) == TIME_UNKNOWN);
    assert_true(watermark_reaches(&r.w, 0, 0) == TIME_NEVER);
    assert_int_equal(watermark_silent(&r.w, 0), 2);
}

static void it_is_the_least_of_the_devices_that_spoke(void **state)
{
    struct room r;
    (void)state;
    open_room(&r, 3);
    seen(&r, 0, 100 * MINUTE_US, 0);
    assert_int_equal(watermark_at(&r.w, 0), 100 * MINUTE_US);
    seen(&r, 1, 103 * MINUTE_US, 1);
    assert_int_equal(watermark_at(&r.w, 1), 100 * MINUTE_US);
    seen(&r, 0, 105 * MINUTE_US, 2);
    assert_int_equal(watermark_at(&r.w, 2), 103 * MINUTE_US);
    assert_int_equal(watermark_silent(&r.w, 2), 1);
}

static void old_readings_do_not_move_it_back(void **state)
{
    struct room r;
    (void)state;
    open_room(&r, 2);
    seen(&r, 0, 100 * MINUTE_US, 0);
    seen(&r, 0, 90 * MINUTE_US, 1);
    assert_int_equal(watermark_at(&r.w, 1), 100 * MINUTE_US);
    seen(&r, 1, 95 * MINUTE_US, 2); /* within the lag: counted, but behind what was reached */
    assert_int_equal(watermark_at(&r.w, 2), 100 * MINUTE_US);
    seen(&r, 0, 110 * MINUTE_US, 3);
    assert_int_equal(watermark_at(&r.w, 3), 100 * MINUTE_US);
    seen(&r, 1, 101 * MINUTE_US, 4);
    assert_int_equal(watermark_at(&r.w, 4), 101 * MINUTE_US);
}

static void an_idle_device_is_left_out_after_its_time(void **state)
{
    struct room r;
    (void)state;
    open_room(&r, 2);
    seen(&r, 0, 100 * MINUTE_US, 0);
    seen(&r, 1, 101 * MINUTE_US, MINUTE_US);
    seen(&r, 1, 108 * MINUTE_US, 8 * MINUTE_US);
    assert_int_equal(watermark_at(&r.w, IDLE_US - 1), 100 * MINUTE_US);
    assert_int_equal(watermark_reaches(&r.w, 105 * MINUTE_US, 8 * MINUTE_US), IDLE_US);
    assert_int_equal(watermark_at(&r.w, IDLE_US), 108 * MINUTE_US);
    assert_int_equal(watermark_silent(&r.w, IDLE_US), 1);
}

static void two_holders_fall_idle_one_after_the_other(void **state)
{
    struct room r;
    (void)state;
    open_room(&r, 3);
    seen(&r, 0, 100 * MINUTE_US, 0);
    seen(&r, 1, 100 * MINUTE_US, 5 * MINUTE_US);
    seen(&r, 2, 104 * MINUTE_US, 6 * MINUTE_US);
    assert_int_equal(watermark_at(&r.w, 10 * MINUTE_US), 100 * MINUTE_US); /* 1 still holds it */
    seen(&r, 1, 103 * MINUTE_US, 11 * MINUTE_US); /* now only the idle one would */
    assert_int_equal(watermark_at(&r.w, 11 * MINUTE_US), 103 * MINUTE_US);
}

static void a_device_far_behind_is_left_out_until_it_catches_up(void **state)
{
    struct room r;
    (void)state;
    open_room(&r, 2);
    seen(&r, 0, 100 * MINUTE_US, 0);
    seen(&r, 1, 100 * MINUTE_US + LAG_US, 1);
    assert_int_equal(watermark_at(&r.w, 1), 100 * MINUTE_US); /* just within */
    seen(&r, 1, 101 * MINUTE_US + LAG_US, 2);
    assert_int_equal(watermark_at(&r.w, 2), 101 * MINUTE_US + LAG_US);
    seen(&r, 0, 118 * MINUTE_US, 3);
    seen(&r, 1, 130 * MINUTE_US, 4);
    assert_int_equal(watermark_at(&r.w, 4), 118 * MINUTE_US);
}

static void when_all_are_idle_it_goes_on_with_the_gateways_time(void **state)
{
    struct room r;
    (void)state;
    open_room(&r, 2);
    seen(&r, 0, 100 * MINUTE_US, 0);
    seen(&r, 1, 102 * MINUTE_US, 2 * MINUTE_US);
    assert_int_equal(watermark_at(&r.w, 12 * MINUTE_US), 112 * MINUTE_US);
    assert_int_equal(watermark_at(&r.w, 3 * HOUR_US),
                     102 * MINUTE_US + 3 * HOUR_US - 2 * MINUTE_US);
    assert_int_equal(watermark_reaches(&r.w, 200 * MINUTE_US, 13 * MINUTE_US), 100 * MINUTE_US);
    seen(&r, 0, 101 * MINUTE_US, 4 * HOUR_US); /* comes back with old data: stays */
    assert_int_equal(watermark_at(&r.w, 4 * HOUR_US), 100 * MINUTE_US + 4 * HOUR_US);
}

static void a_backlog_behind_an_idle_leader_does_not_hold_it(void **state)
{
    struct room r;
    (void)state;
    open_room(&r, 2);
    seen(&r, 0, 300 * MINUTE_US, 0);
    seen(&r, 1, 200 * MINUTE_US, 11 * MINUTE_US);
    assert_int_equal(watermark_at(&r.w, 11 * MINUTE_US), 311 * MINUTE_US);
}

static void the_range_of_time_is_not_left(void **state)
{
    struct room r;
    (void)state;
    open_room(&r, 2);
    seen(&r, 0, INT64_MAX - 5, 0);
    seen(&r, 1, INT64_MIN + 5, 1);
    assert_true(watermark_at(&r.w, 5 * DAY_US) == INT64_MAX);
    assert_true(time_after(TIME_UNKNOWN, 5) == TIME_UNKNOWN);
}

/* The rule, without any bookkeeping. */
static int64_t rule(const struct room *r, size_t n, int64_t newest_us, int64_t newest_at_us,
                    int64_t elapsed_us)
{
    int64_t least_us = TIME_NEVER;
    for (size_t i = 0; i < n; i++) {
        const struct device_clock *c = &r->clocks[i];
        bool counts = c->heard_us != TIME_UNKNOWN && elapsed_us - c->heard_us < c->idle_us &&
                      newest_us - c->newest_us <= LAG_US;
        if (counts && c->newest_us < least_us)
            least_us = c->newest_us;
    }
    return least_us != TIME_NEVER ? least_us : newest_us + elapsed_us - newest_at_us;
}

static void the_bookkeeping_agrees_with_the_rule(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 40; seed++) {
        struct room r;
        open_room(&r, CLOCKS);
        srand(seed);
        int64_t elapsed_us = 0, newest_us = TIME_UNKNOWN, newest_at_us = 0, most_us = TIME_UNKNOWN;
        for (int step = 0; step < 500; step++) {
            elapsed_us += rand() % (rand() % 4 ? 2 * MINUTE_US : 12 * MINUTE_US);
            if (newest_us != TIME_UNKNOWN) {
                int64_t now_us = rule(&r, CLOCKS, newest_us, newest_at_us, elapsed_us);
                most_us = now_us > most_us ? now_us : most_us;
            }
            int64_t time_us = elapsed_us - rand() % (rand() % 3 ? 4 * MINUTE_US : 30 * MINUTE_US);
            seen(&r, (size_t)rand() % CLOCKS, time_us, elapsed_us);
            if (time_us > newest_us) {
                newest_us = time_us;
                newest_at_us = elapsed_us;
            }
            int64_t now_us = rule(&r, CLOCKS, newest_us, newest_at_us, elapsed_us);
            most_us = now_us > most_us ? now_us : most_us;
            assert_int_equal(watermark_at(&r.w, elapsed_us), most_us);
            if (rand() % 5 == 0)
                r.w.is_stale = true; /* as after a restart */
        }
    }
}

/* Of a clock that nobody set. */
static bool seen_unchecked(struct room *r, size_t i, int64_t time_us, int64_t elapsed_us)
{
    return watermark_seen(&r->w, &r->clocks[i], time_us, elapsed_us, false);
}

#define FAR_US (20000 * DAY_US)

static void an_absurd_stamp_harms_only_its_own_device(void **state)
{
    struct room r;
    (void)state;
    open_room(&r, 3);
    for (size_t i = 0; i < 3; i++)
        seen(&r, i, 100 * MINUTE_US, 0);
    assert_false(seen_unchecked(&r, 0, FAR_US, MINUTE_US));
    for (int64_t t = 1; t < 60; t++) {
        assert_false(seen_unchecked(&r, 0, FAR_US + t * MINUTE_US, t * MINUTE_US));
        assert_true(seen_unchecked(&r, 1, (100 + t) * MINUTE_US, t * MINUTE_US));
        assert_true(seen_unchecked(&r, 2, (100 + t) * MINUTE_US, t * MINUTE_US));
    }
    assert_int_equal(watermark_at(&r.w, 59 * MINUTE_US), 159 * MINUTE_US);
    /* It comes to its senses: as if nothing had been. */
    assert_true(seen_unchecked(&r, 0, 158 * MINUTE_US, 59 * MINUTE_US));
    assert_int_equal(r.clocks[0].newest_us, 158 * MINUTE_US);
    assert_true(r.clocks[0].leap_us == TIME_UNKNOWN);
}

static void an_absurd_first_stamp_does_not_lead_the_site(void **state)
{
    struct room r;
    (void)state;
    open_room(&r, 3);
    assert_false(seen_unchecked(&r, 0, FAR_US, 0));
    assert_true(watermark_at(&r.w, 0) == TIME_UNKNOWN);
    assert_false(seen_unchecked(&r, 1, 100 * MINUTE_US, 1));
    assert_true(seen_unchecked(&r, 2, 101 * MINUTE_US, 2));
    assert_int_equal(watermark_at(&r.w, 2), 101 * MINUTE_US);
    assert_true(seen_unchecked(&r, 1, 102 * MINUTE_US, 3));
    assert_int_equal(watermark_at(&r.w, 3), 101 * MINUTE_US);
}

static void devices_that_leapt_together_confirm_each_other(void **state)
{
    struct room r;
    (void)state;
    open_room(&r, 2);
    seen(&r, 0, 100 * MINUTE_US, 0);
    seen(&r, 1, 100 * MINUTE_US, 0);
    assert_false(seen_unchecked(&r, 0, 500 * MINUTE_US, 1)); /* the box was off meanwhile */
    assert_int_equal(watermark_at(&r.w, 1), 100 * MINUTE_US);
    assert_true(seen_unchecked(&r, 1, 501 * MINUTE_US, 2));
    assert_true(seen_unchecked(&r, 0, 502 * MINUTE_US, 3));
    assert_int_equal(watermark_at(&r.w, 3), 501 * MINUTE_US);
}

static void a_device_that_is_alone_is_believed_after_max_lag(void **state)
{
    struct room r;
    (void)state;
    open_room(&r, 2);
    seen(&r, 0, 100 * MINUTE_US, 0);
    for (int64_t t = 0; t < 15; t++)
        assert_false(seen_unchecked(&r, 0, FAR_US + t * MINUTE_US, t * MINUTE_US));
    assert_true(seen_unchecked(&r, 0, FAR_US + QUARTER_US, QUARTER_US));
    assert_int_equal(watermark_at(&r.w, QUARTER_US), FAR_US + QUARTER_US);
}

static void stamps_here_and_there_are_never_believed(void **state)
{
    struct room r;
    (void)state;
    open_room(&r, 1);
    seen(&r, 0, 100 * MINUTE_US, 0);
    for (int64_t t = 1; t < 100; t++)
        assert_false(seen_unchecked(&r, 0, t * FAR_US, t * MINUTE_US));
    assert_int_equal(r.clocks[0].newest_us, 100 * MINUTE_US);
}

static void a_checked_stamp_moves_the_clock_at_once(void **state)
{
    struct room r;
    (void)state;
    open_room(&r, 1);
    seen(&r, 0, 100 * MINUTE_US, 0);
    assert_false(seen_unchecked(&r, 0, FAR_US, 1));
    seen(&r, 0, 9 * DAY_US, 2);
    assert_int_equal(watermark_at(&r.w, 2), 9 * DAY_US);
    assert_true(r.clocks[0].leap_us == TIME_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_seen_is_unknown),
        cmocka_unit_test(it_is_the_least_of_the_devices_that_spoke),
        cmocka_unit_test(old_readings_do_not_move_it_back),
        cmocka_unit_test(an_idle_device_is_left_out_after_its_time),
        cmocka_unit_test(two_holders_fall_idle_one_after_the_other),
        cmocka_unit_test(a_device_far_behind_is_left_out_until_it_catches_up),
        cmocka_unit_test(when_all_are_idle_it_goes_on_with_the_gateways_time),
        cmocka_unit_test(a_backlog_behind_an_idle_leader_does_not_hold_it),
        cmocka_unit_test(the_range_of_time_is_not_left),
        cmocka_unit_test(the_bookkeeping_agrees_with_the_rule),
        cmocka_unit_test(an_absurd_stamp_harms_only_its_own_device),
        cmocka_unit_test(an_absurd_first_stamp_does_not_lead_the_site),
        cmocka_unit_test(devices_that_leapt_together_confirm_each_other),
        cmocka_unit_test(a_device_that_is_alone_is_believed_after_max_lag),
        cmocka_unit_test(stamps_here_and_there_are_never_believed),
        cmocka_unit_test(a_checked_stamp_moves_the_clock_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
