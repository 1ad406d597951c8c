/* Windows of each period, before 1970 and across changes of the clocks too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "model/period.h"

static int64_t at(const char *text)
{
    int64_t us;
    assert_int_equal(time_parse(text, &us), 0);
    return us;
}

static void a_window_holds_its_instant_and_begins_where_the_period_does(void **state)
{
    (void)state;
    static const struct {
        const char *zone, *t;
        enum period period;
        const char *start, *end;
    } cases[] = {
        { "UTC", "2018-01-01T00:15:00.000Z", PERIOD_MINUTE, "2018-01-01T00:15:00.000Z",
          "2018-01-01T00:16:00.000Z" },
        { "UTC", "2018-01-01T00:15:59.999Z", PERIOD_MINUTE, "2018-01-01T00:15:00.000Z",
          "2018-01-01T00:16:00.000Z" },
        { "Asia/Seoul", "2018-01-01T00:14:59.999Z", PERIOD_QUARTER_HOUR, "2018-01-01T00:00:00.000Z",
          "2018-01-01T00:15:00.000Z" },
        /* UTC's hours, also where the zone is half an hour off. */
        { "Asia/Kolkata", "2018-01-01T10:45:00.000Z", PERIOD_HOUR, "2018-01-01T10:00:00.000Z",
          "2018-01-01T11:00:00.000Z" },
        { "UTC", "1969-12-31T23:59:30.000Z", PERIOD_MINUTE, "1969-12-31T23:59:00.000Z",
          "1970-01-01T00:00:00.000Z" },
        { "UTC", "1969-12-31T23:00:00.000Z", PERIOD_HOUR, "1969-12-31T23:00:00.000Z",
          "1970-01-01T00:00:00.000Z" },
        { "Asia/Seoul", "2018-01-01T15:00:00.000Z", PERIOD_DAY, "2018-01-01T15:00:00.000Z",
          "2018-01-02T15:00:00.000Z" },
        { "Europe/Berlin", "2024-03-31T12:00:00.000Z", PERIOD_DAY, "2024-03-30T23:00:00.000Z",
          "2024-03-31T22:00:00.000Z" },
        { "Europe/Berlin", "2024-10-27T12:00:00.000Z", PERIOD_DAY, "2024-10-26T22:00:00.000Z",
          "2024-10-27T23:00:00.000Z" },
        { "Europe/Berlin", "2024-10-27T12:00:00.000Z", PERIOD_MONTH, "2024-09-30T22:00:00.000Z",
          "2024-10-31T23:00:00.000Z" },
        { "Asia/Seoul", "2018-12-31T14:59:59.999Z", PERIOD_YEAR, "2017-12-31T15:00:00.000Z",
          "2018-12-31T15:00:00.000Z" },
        { "Asia/Seoul", "2018-12-31T15:00:00.000Z", PERIOD_YEAR, "2018-12-31T15:00:00.000Z",
          "2019-12-31T15:00:00.000Z" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct zone *zone;
        assert_int_equal(zone_open(cases[i].zone, &zone), 0);
        int64_t start_us, end_us;
        period_window(cases[i].period, zone, at(cases[i].t), &start_us, &end_us);
        assert_int_equal(start_us, at(cases[i].start));
        assert_int_equal(end_us, at(cases[i].end));
        zone_close(zone);
    }
}

static void a_fiscal_year_begins_on_its_own_day(void **state)
{
    (void)state;
    static const struct {
        const char *t, *start, *end;
    } cases[] = {
        { "2024-03-31T22:59:59.999Z", "2023-03-31T23:00:00.000Z", "2024-03-31T23:00:00.000Z" },
        { "2024-03-31T23:00:00.000Z", "2024-03-31T23:00:00.000Z", "2025-03-31T23:00:00.000Z" },
        { "2025-01-01T00:00:00.000Z", "2024-03-31T23:00:00.000Z", "2025-03-31T23:00:00.000Z" },
    };
    struct zone *zone;
    assert_int_equal(zone_open("Europe/London", &zone), 0);
    zone_begin_year(zone, 4, 1);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t start_us, end_us;
        period_window(PERIOD_YEAR, zone, at(cases[i].t), &start_us, &end_us);
        assert_int_equal(start_us, at(cases[i].start));
        assert_int_equal(end_us, at(cases[i].end));
    }
    zone_close(zone);
}

static void no_window_is_longer_than_the_longest(void **state)
{
    (void)state;
    assert_int_equal(period_longest_us(PERIOD_MINUTE), INT64_C(60000000));
    assert_int_equal(period_longest_us(PERIOD_QUARTER_HOUR), INT64_C(900000000));
    assert_int_equal(period_longest_us(PERIOD_HOUR), INT64_C(3600000000));
    assert_int_equal(period_longest_us(PERIOD_DAY), INT64_C(90000000000));
    assert_int_equal(period_longest_us(PERIOD_MONTH), INT64_C(2682000000000));
    assert_int_equal(period_longest_us(PERIOD_YEAR), INT64_C(8785) * 3600 * 1000000);
}

static void names_stand_in_the_order_of_the_numbers(void **state)
{
    (void)state;
    assert_string_equal(period_names[PERIOD_MINUTE], "1min");
    assert_string_equal(period_names[PERIOD_QUARTER_HOUR], "15min");
    assert_string_equal(period_names[PERIOD_HOUR], "hour");
    assert_string_equal(period_names[PERIOD_DAY], "day");
    assert_string_equal(period_names[PERIOD_MONTH], "month");
    assert_string_equal(period_names[PERIOD_YEAR], "year");
    assert_null(period_names[PERIOD_COUNT]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_holds_its_instant_and_begins_where_the_period_does),
        cmocka_unit_test(a_fiscal_year_begins_on_its_own_day),
        cmocka_unit_test(no_window_is_longer_than_the_longest),
        cmocka_unit_test(names_stand_in_the_order_of_the_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
