#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/zone.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define HOUR_US      INT64_C(3600000000)

static int64_t us(const char *text)
{
    int64_t t;
    assert_int_equal(time_parse(text, &t), 0);
    return t;
}

static struct zone *open_zone(const char *name)
{
    struct zone *z = NULL;
    assert_int_equal(zone_open(name, &z), 0);
    return z;
}

typedef void span_of(struct zone *z, int64_t t_us, int64_t *start_us, int64_t *end_us);

struct expected_span {
    const char *zone, *t, *start, *end;
};

static void check_spans(span_of *span, const struct expected_span *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct zone *z = open_zone(rows[i].zone);
        int64_t start, end;
        span(z, us(rows[i].t), &start, &end);
        char text[32];
        time_print(start, text);
        assert_string_equal(text, rows[i].start);
        time_print(end, text);
        assert_string_equal(text, rows[i].end);
        zone_close(z);
    }
}

static void local_days_begin_at_local_midnight(void **state)
{
    (void)state;
    static const struct expected_span rows[] = {
        { "UTC", "2018-01-01", "2018-01-01T00:00:00.000Z", "2018-01-02T00:00:00.000Z" },
        { "UTC", "2018-01-01T23:59:59.999999Z", "2018-01-01T00:00:00.000Z",
          "2018-01-02T00:00:00.000Z" },
        { "UTC", "1969-12-31T12:00:00Z", "1969-12-31T00:00:00.000Z", "1970-01-01T00:00:00.000Z" },
        { "Asia/Seoul", "2018-01-01", "2017-12-31T15:00:00.000Z", "2018-01-01T15:00:00.000Z" },
        { "Asia/Seoul", "2018-01-01T15:00:00Z", "2018-01-01T15:00:00.000Z",
          "2018-01-02T15:00:00.000Z" },
        { "Asia/Seoul", "2018-01-01T14:59:59.999999Z", "2017-12-31T15:00:00.000Z",
          "2018-01-01T15:00:00.000Z" },
        { "Asia/Kathmandu", "2018-01-01T18:15:00Z", "2018-01-01T18:15:00.000Z",
          "2018-01-02T18:15:00.000Z" },
        { "Asia/Kathmandu", "2018-01-01T18:14:59Z", "2017-12-31T18:15:00.000Z",
          "2018-01-01T18:15:00.000Z" },
        /* 23 and 25 hours */
        { "Europe/Berlin", "2018-03-25T12:00:00Z", "2018-03-24T23:00:00.000Z",
          "2018-03-25T22:00:00.000Z" },
        { "Europe/Berlin", "2018-10-28T12:00:00Z", "2018-10-27T22:00:00.000Z",
          "2018-10-28T23:00:00.000Z" },
        /* The rule in tzdata's last line, beyond the years that the table lists. */
        { "Europe/Berlin", "2050-07-01T12:00:00Z", "2050-06-30T22:00:00.000Z",
          "2050-07-01T22:00:00.000Z" },
        { "America/New_York", "2018-11-04T12:00:00Z", "2018-11-04T04:00:00.000Z",
          "2018-11-05T05:00:00.000Z" },
        /* Half an hour of summer time */
        { "Australia/Lord_Howe", "2018-10-07T00:00:00Z", "2018-10-06T13:30:00.000Z",
          "2018-10-07T13:00:00.000Z" },
    };
    check_spans(zone_day, rows, COUNT(rows));
}

static void a_day_without_midnight_begins_when_the_clock_gets_past_it(void **state)
{
    (void)state;
    static const struct expected_span rows[] = {
        { "America/Sao_Paulo", "2018-11-04T03:00:00Z", "2018-11-04T03:00:00.000Z",
          "2018-11-05T02:00:00.000Z" },
        { "America/Sao_Paulo", "2018-11-04T02:59:59Z", "2018-11-03T03:00:00.000Z",
          "2018-11-04T03:00:00.000Z" },
        /* Back at midnight to 23:00: the 17th has 25 hours, and the 18th begins once. */
        { "America/Sao_Paulo", "2018-02-18T02:30:00Z", "2018-02-17T02:00:00.000Z",
          "2018-02-18T03:00:00.000Z" },
        { "America/Sao_Paulo", "2018-02-18T03:00:00Z", "2018-02-18T03:00:00.000Z",
          "2018-02-19T03:00:00.000Z" },
        /* Samoa went from the 29th to the 31st. */
        { "Pacific/Apia", "2011-12-30T09:59:59Z", "2011-12-29T10:00:00.000Z",
          "2011-12-30T10:00:00.000Z" },
        { "Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00.000Z",
          "2011-12-31T10:00:00.000Z" },
        /* Back at 00:01 to 23:01: the 7th has begun with its first minute, and stays. */
        { "America/St_Johns", "2010-11-07T02:30:30Z", "2010-11-07T02:30:00.000Z",
          "2010-11-08T03:30:00.000Z" },
        { "America/St_Johns", "2010-11-07T03:00:00Z", "2010-11-07T02:30:00.000Z",
          "2010-11-08T03:30:00.000Z" },
        { "America/St_Johns", "2010-11-07T02:29:59Z", "2010-11-06T02:30:00.000Z",
          "2010-11-07T02:30:00.000Z" },
    };
    check_spans(zone_day, rows, COUNT(rows));
}

static void months_begin_with_their_first_day(void **state)
{
    (void)state;
    static const struct expected_span rows[] = {
        { "UTC", "2020-02-29T23:59:59Z", "2020-02-01T00:00:00.000Z", "2020-03-01T00:00:00.000Z" },
        { "Asia/Seoul", "2018-12-31T15:00:00Z", "2018-12-31T15:00:00.000Z",
          "2019-01-31T15:00:00.000Z" },
        { "Asia/Seoul", "2018-12-31T14:59:59Z", "2018-11-30T15:00:00.000Z",
          "2018-12-31T15:00:00.000Z" },
        { "Europe/Berlin", "2018-03-31T12:00:00Z", "2018-02-28T23:00:00.000Z",
          "2018-03-31T22:00:00.000Z" },
        { "Europe/Berlin", "2018-10-01T00:00:00Z", "2018-09-30T22:00:00.000Z",
          "2018-10-31T23:00:00.000Z" },
        { "Pacific/Apia", "2011-12-31T00:00:00Z", "2011-12-01T10:00:00.000Z",
          "2011-12-31T10:00:00.000Z" },
    };
    check_spans(zone_month, rows, COUNT(rows));
}

/* Over twenty years: each day begins where the one before ended, no day is empty, and its last
 * microsecond and its first name the same day. One zone per kind of oddity. */
static void days_follow_each_other_without_hole_or_overlap(void **state)
{
    (void)state;
    static const char *const names[] = {
        "UTC",
        "Asia/Kathmandu",
        "Europe/Berlin",
        "America/Sao_Paulo",
        "Pacific/Apia",
        "America/St_Johns",
        "Asia/Gaza",
        "Africa/Casablanca",
        "America/Havana",
        "Asia/Tehran",
        "Asia/Beirut",
        "Antarctica/Troll",
    };
    const int64_t from = us("2000-01-01"), to = us("2020-01-01");
    for (size_t i = 0; i < COUNT(names); i++) {
        struct zone *z = open_zone(names[i]);
        int64_t start, end, month_start, month_end, previous_end;
        zone_day(z, from, &start, &previous_end);
        for (int64_t t = previous_end; t < to; t = end) {
            zone_day(z, t, &start, &end);
            assert_int_equal(start, t);
            assert_true(end > start && end - start <= 27 * HOUR_US);

            zone_month(z, t, &month_start, &month_end);
            assert_true(month_start <= start && end <= month_end);

            int64_t last_start, last_end;
            zone_day(z, 0, &last_start, &last_end); /* forget what was remembered */
            zone_day(z, end - 1, &last_start, &last_end);
            assert_int_equal(last_start, start);
            assert_int_equal(last_end, end);
        }
        zone_close(z);
    }
}

static void what_is_remembered_does_not_leak_into_other_days(void **state)
{
    (void)state;
    struct zone *z = open_zone("Europe/Berlin");
    static const char *const times[] = {
        "2018-03-25T12:00:00Z", "2018-03-24T12:00:00Z", "2018-03-25T21:59:59Z",
        "2018-03-25T22:00:00Z", "2018-04-25T22:00:00Z", "2018-03-24T22:59:59Z",
    };
    for (size_t i = 0; i < COUNT(times); i++) {
        struct zone *fresh = open_zone("Europe/Berlin");
        for (int is_month = 0; is_month < 2; is_month++) {
            int64_t start, end, fresh_start, fresh_end;
            (is_month ? zone_month : zone_day)(z, us(times[i]), &start, &end);
            (is_month ? zone_month : zone_day)(fresh, us(times[i]), &fresh_start, &fresh_end);
            assert_int_equal(start, fresh_start);
            assert_int_equal(end, fresh_end);
        }
        zone_close(fresh);
    }
    zone_close(z);
}

static void dates_begin_in_their_zone(void **state)
{
    (void)state;
    static const struct {
        const char *zone;
        int year, month, day;
        const char *start;
    } rows[] = {
        { "UTC", 2018, 1, 1, "2018-01-01" },
        { "Asia/Seoul", 2018, 1, 1, "2017-12-31T15:00:00Z" },
        { "America/Sao_Paulo", 2018, 11, 4, "2018-11-04T03:00:00Z" },
        { "Pacific/Apia", 2011, 12, 30, "2011-12-30T10:00:00Z" },
        { "Pacific/Apia", 2011, 12, 31, "2011-12-30T10:00:00Z" },
        { "UTC", 2018, 12, 32, "2019-01-01" }, /* the day after the last */
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct zone *z = open_zone(rows[i].zone);
        int64_t start = zone_date(z, rows[i].year, rows[i].month, rows[i].day);
        assert_int_equal(start, us(rows[i].start));
        zone_close(z);
    }
}

static void absurd_times_do_no_harm(void **state)
{
    (void)state;
    struct zone *z = open_zone("Asia/Seoul");
    int64_t start, end;
    zone_day(z, INT64_MAX, &start, &end);
    assert_true(start < end && end == INT64_MAX);
    zone_year(z, INT64_MAX, &start, &end);
    zone_year(z, INT64_MIN, &start, &end);
    zone_month(z, INT64_MAX, &start, &end);
    assert_true(end == INT64_MAX);
    zone_day(z, INT64_MIN, &start, &end);
    assert_true(start == INT64_MIN && end > start);
    zone_month(z, INT64_MIN, &start, &end);
    assert_true(start == INT64_MIN && end > start);
    zone_close(z);
}

static void what_is_no_iana_zone_is_unknown(void **state)
{
    (void)state;
    static const char *const names[] = {
        "",
        "Asia/Soul",
        "Asia",
        "asia/seoul/",
        "KST-9",
        "+09:00",
        "+09",
        "09",
        "EST5",
        "Z",
        "../UTC",
        "Asia/../UTC",
        "/UTC",
        ":UTC",
        "tzdata.zi",
        "UTC ",
        "CET-1CEST,M3.5.0,M10.5.0/3",
        "Asia/Seoul\n",
    };
    for (size_t i = 0; i < COUNT(names); i++) {
        struct zone *z = NULL;
        assert_int_equal(zone_open(names[i], &z), ZONE_UNKNOWN);
        assert_null(z);
    }
    zone_close(NULL);
}

static void the_rules_have_a_version(void **state)
{
    (void)state;
    const char *version = zone_rules_version();
    assert_true(strcmp(version, "unknown") == 0 || (strlen(version) >= 5 && version[0] == '2'));
    assert_ptr_equal(zone_rules_version(), version);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(local_days_begin_at_local_midnight),
        cmocka_unit_test(a_day_without_midnight_begins_when_the_clock_gets_past_it),
        cmocka_unit_test(months_begin_with_their_first_day),
        cmocka_unit_test(days_follow_each_other_without_hole_or_overlap),
        cmocka_unit_test(what_is_remembered_does_not_leak_into_other_days),
        cmocka_unit_test(dates_begin_in_their_zone),
        cmocka_unit_test(absurd_times_do_no_harm),
        cmocka_unit_test(what_is_no_iana_zone_is_unknown),
        cmocka_unit_test(the_rules_have_a_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
