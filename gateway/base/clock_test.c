#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static void times_print_in_utc_with_milliseconds(void **state)
{
    (void)state;
    static const struct {
        int64_t us;
        const char *text;
    } rows[] = {
        { 0, "1970-01-01T00:00:00.000Z" },
        { 1514765700000000, "2018-01-01T00:15:00.000Z" },
        { 1514765700999999, "2018-01-01T00:15:00.999Z" },
        { -1, "1969-12-31T23:59:59.999Z" },
        { -1000000, "1969-12-31T23:59:59.000Z" },
        { 951782400000000, "2000-02-29T00:00:00.000Z" },
        { INT64_MAX, "294247-01-10T04:00:54.775Z" },
        { INT64_MIN, "-290308-12-21T19:59:05.224Z" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[32];
        time_print(rows[i].us, text);
        assert_string_equal(text, rows[i].text);
    }
}

static void times_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t us;
    } rows[] = {
        { "1970-01-01", 0 },
        { "2018-01-01", 1514764800000000 },
        { "2018-01-01T00:15:00Z", 1514765700000000 },
        { "2018-01-01T00:15:00.000Z", 1514765700000000 },
        { "2018-01-01T00:15:00.5Z", 1514765700500000 },
        { "2018-01-01T00:15:00.000001Z", 1514765700000001 },
        { "1969-12-31T23:59:59.999Z", -1000 },
        { "2000-02-29", 951782400000000 },
        { "0000-03-01", -62162035200000000 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t us = 77;
        assert_int_equal(time_parse(rows[i].text, &us), 0);
        assert_int_equal(us, rows[i].us);
    }
}

static void what_is_no_time_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "2018",
        "2018-01",
        "2018-1-1",
        "18-01-01",
        "2018-00-01",
        "2018-13-01",
        "2018-01-00",
        "2018-01-32",
        "2018-02-29",
        "2018-04-31",
        "1900-02-29",
        "2018-01-01 00:15:00Z",
        "2018-01-01T",
        "2018-01-01T00:15Z",
        "2018-01-01T00:15:00",
        "2018-01-01T24:00:00Z",
        "2018-01-01T00:60:00Z",
        "2018-01-01T23:59:60Z",
        "2018-01-01T00:15:00.Z",
        "2018-01-01T00:15:00.0000001Z",
        "2018-01-01T00:15:00+09:00",
        "2018-01-01T00:15:00Zx",
        "2018-01-01x",
        " 2018-01-01",
        "-018-01-01",
        "2018-01-01T-1:00:00Z",
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t us = 77;
        assert_int_equal(time_parse(rows[i], &us), 1);
        assert_int_equal(us, 77);
    }
}

static void what_is_printed_is_read_back(void **state)
{
    (void)state;
    for (int64_t us = -60000000000000000; us < 250000000000000000; us += 997331234567000) {
        char text[32];
        int64_t back = 0;
        time_print(us, text);
        assert_int_equal(time_parse(text, &back), 0);
        assert_int_equal(back, us);
    }
}

static void time_since_boot_never_runs_backwards(void **state)
{
    (void)state;
    struct clock_now before = clock_read(), after = clock_read();
    assert_true(after.boottime_us >= before.boottime_us);
    assert_true(before.boottime_us > 0);
}

static void the_boot_id_stays_the_same(void **state)
{
    (void)state;
    uint8_t first[16], second[16];
    memset(first, 0xaa, sizeof first);
    memset(second, 0x55, sizeof second);
    clock_boot_id(first);
    clock_boot_id(second);
    assert_memory_equal(first, second, sizeof first);
}

static void random_numbers_differ(void **state)
{
    (void)state;
    assert_true(clock_random_u64() != clock_random_u64());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_print_in_utc_with_milliseconds),
        cmocka_unit_test(times_are_read),
        cmocka_unit_test(what_is_no_time_is_refused),
        cmocka_unit_test(what_is_printed_is_read_back),
        cmocka_unit_test(time_since_boot_never_runs_backwards),
        cmocka_unit_test(the_boot_id_stays_the_same),
        cmocka_unit_test(random_numbers_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
