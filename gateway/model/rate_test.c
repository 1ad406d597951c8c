/* How long there is room, at the rate of the last hour. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/rate.h"

#define S UINT64_C(1000000)
#define MINUTE (60 * S)
#define HOUR (60 * MINUTE)

static void room_lasts_by_what_came_since_the_first_look(void **state)
{
    (void)state;
    struct rate r = { 0 };
    assert_int_equal(rate_lasts_ms(&r, 5 * S, 100, 1000), -1);
    rate_note(&r, 5 * S, 0);
    assert_int_equal(rate_lasts_ms(&r, 9 * S, 100, 1000), -1);      /* watched too shortly */
    assert_int_equal(rate_lasts_ms(&r, 25 * S, 0, 1000), -1);       /* nothing came */
    assert_int_equal(rate_lasts_ms(&r, 25 * S, 200, 1000), 100000);
}

static void only_the_last_hour_counts(void **state)
{
    (void)state;
    struct rate r = { 0 };
    uint64_t total = 0, at_us = 0;
    for (; at_us < 3 * HOUR; at_us += 10 * S)                       /* 100 a second for three hours */
        rate_note(&r, at_us, total += 1000);
    for (; at_us < 5 * HOUR; at_us += 10 * S)                       /* and then one */
        rate_note(&r, at_us, total += 10);
    assert_in_range(rate_lasts_ms(&r, at_us, total, 3600), 3540000, 3660000);
}

static void counter_that_begins_anew_is_not_known(void **state)
{
    (void)state;
    struct rate r = { 0 };
    rate_note(&r, 0, 5000);
    assert_int_equal(rate_lasts_ms(&r, 100 * S, 10, 1000), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(room_lasts_by_what_came_since_the_first_look),
        cmocka_unit_test(only_the_last_hour_counts),
        cmocka_unit_test(counter_that_begins_anew_is_not_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
