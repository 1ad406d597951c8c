#include "account/account_fixture_test.h"
#include "account/spread.h"

static void shares_are_floors_and_add_up(void **state)
{
    static const int64_t ticks[] = { 0, 1, -1, 7, -7, 1000003, INT64_MAX, INT64_MIN + 1 };
    (void)state;
    for (size_t i = 0; i < sizeof ticks / sizeof ticks[0]; i++) {
        struct amount a = { .start_us = 100, .end_us = 103, .ticks = ticks[i] };
        int128 sum = 0;
        for (int64_t t = 100; t < 103; t++)
            sum += (int128)amount_up_to(&a, t + 1) - amount_up_to(&a, t);
        assert_int128_equal(sum, ticks[i]);
    }
}

static void a_negative_amount_is_floored_too(void **state)
{
    struct amount a = { .start_us = 0, .end_us = 3, .ticks = -4 };
    (void)state;
    assert_int_equal(amount_up_to(&a, 1), -2); /* -4/3 */
    assert_int_equal(amount_up_to(&a, 2), -3); /* -8/3 */
    assert_int_equal(amount_up_to(&a, 3), -4);
}

static void before_and_after_it_is_nothing_and_all(void **state)
{
    struct amount a = { .start_us = 10, .end_us = 20, .ticks = 1000 };
    (void)state;
    assert_int_equal(amount_up_to(&a, 5), 0);
    assert_int_equal(amount_up_to(&a, 10), 0);
    assert_int_equal(amount_up_to(&a, 15), 500);
    assert_int_equal(amount_up_to(&a, 20), 1000);
    assert_int_equal(amount_up_to(&a, 99), 1000);
}

static void a_century_at_full_range_does_not_overflow(void **state)
{
    int64_t century_us = 36525 * DAY_US;
    struct amount a = { .start_us = 0, .end_us = century_us, .ticks = INT64_MAX };
    (void)state;
    assert_int_equal(amount_up_to(&a, century_us / 2), INT64_MAX / 2);
}

/* 100 per hour falls to 0 within an hour: three quarters of it are through at half time. */
static void a_ramp_is_cut_by_its_integral(void **state)
{
    struct amount a = { .start_us = 0, .end_us = 60 * MINUTE_US, .ticks = 50,
                        .shape = AMOUNT_RAMP, .ramp_from = 100, .ramp_to = 0 };
    (void)state;
    assert_int_equal(amount_up_to(&a, 0), 0);
    assert_int_equal(amount_up_to(&a, 30 * MINUTE_US), 38); /* 37.5, half to even */
    assert_int_equal(amount_up_to(&a, 54 * MINUTE_US), 50); /* 49.5 */
    assert_int_equal(amount_up_to(&a, 60 * MINUTE_US), 50);
}

static void shares_of_a_ramp_add_up_to_its_ticks(void **state)
{
    int64_t day_us = 1440 * MINUTE_US;
    struct amount a = { .start_us = 0, .end_us = 400 * day_us, .ticks = 17,
                        .shape = AMOUNT_RAMP, .ramp_from = INT64_MAX / 9600, .ramp_to = INT64_MIN / 9600 };
    int128 sum = 0;
    (void)state;
    for (int64_t t = 0; t < a.end_us; t += day_us)
        sum += (int128)amount_up_to(&a, t + day_us) - amount_up_to(&a, t);
    assert_int128_equal(sum, 17);
}

static void long_amounts_are_cut_at_longer_periods(void **state)
{
    static const struct {
        int64_t length_us;
        enum period p;
    } rows[] = {
        { 1, PERIOD_MINUTE },
        { 1500 * MINUTE_US, PERIOD_MINUTE },
        { 1501 * MINUTE_US, PERIOD_QUARTER_HOUR },
        { 1501 * QUARTER_US, PERIOD_HOUR },
        { 1501 * HOUR_US, PERIOD_DAY },
        { 1501 * DAY_US, PERIOD_MONTH },
        { INT64_MAX, PERIOD_COUNT },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(spread_period(rows[i].length_us), rows[i].p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_are_floors_and_add_up),
        cmocka_unit_test(a_negative_amount_is_floored_too),
        cmocka_unit_test(before_and_after_it_is_nothing_and_all),
        cmocka_unit_test(a_century_at_full_range_does_not_overflow),
        cmocka_unit_test(a_ramp_is_cut_by_its_integral),
        cmocka_unit_test(shares_of_a_ramp_add_up_to_its_ticks),
        cmocka_unit_test(long_amounts_are_cut_at_longer_periods),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
