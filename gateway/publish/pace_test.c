/* How many leave in a time, whatever asks and how often. */
#include "publish/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

/* How many go from from_us on for for_us when somebody asks every step_us. */
static int64_t count(struct pace *p, int64_t from_us, int64_t for_us, int64_t step_us)
{
    int64_t n = 0;
    for (int64_t now = from_us; now < from_us + for_us; now += step_us) {
        while (pace_wait_us(p, now) == 0 && n < 1000000) {
            pace_take(p, now);
            n++;
        }
    }
    return n;
}

static void the_rate_is_kept_whatever_asks_and_how_often(void **state)
{
    (void)state;
    const int64_t rates[] = { 1, 7, 20, 1000, 3000, 10000 }, steps[] = { 10, 1000, 15000 };

    for (size_t r = 0; r < sizeof rates / sizeof *rates; r++) {
        for (size_t s = 0; s < sizeof steps / sizeof *steps; s++) {
            struct pace p;
            pace_init(&p, rates[r]);
            int64_t n = count(&p, 5000000, 10000000, steps[s]);
            assert_in_range(n, rates[r] * 10 * 97 / 100, rates[r] * 10 + rates[r] / 50 + 1);
        }
    }
}

static void idleness_saves_up_nothing(void **state)
{
    (void)state;
    struct pace p;

    pace_init(&p, 100);
    count(&p, 0, 1000000, 1000);
    assert_in_range(count(&p, 3600000000, 1000000, 1000), 100, 103);
}

static void the_wait_is_what_is_left(void **state)
{
    (void)state;
    struct pace p;

    pace_init(&p, 10);
    assert_int_equal(pace_wait_us(&p, 1000000), 0);
    pace_take(&p, 1000000);
    int64_t wait_us = pace_wait_us(&p, 1000000);
    assert_in_range(wait_us, 1, 100000);
    assert_int_equal(pace_wait_us(&p, 1000000 + wait_us - 1), 1);
    assert_int_equal(pace_wait_us(&p, 1000000 + wait_us), 0);
}

static void without_a_rate_nothing_waits(void **state)
{
    (void)state;
    struct pace p;

    pace_init(&p, 0);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(pace_wait_us(&p, 1), 0);
        pace_take(&p, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rate_is_kept_whatever_asks_and_how_often),
        cmocka_unit_test(idleness_saves_up_nothing),
        cmocka_unit_test(the_wait_is_what_is_left),
        cmocka_unit_test(without_a_rate_nothing_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
