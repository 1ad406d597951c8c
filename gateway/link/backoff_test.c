/* The sequence of waits, with the random bits given. */
#include "link/backoff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void waits_double_up_to_the_most(void **state)
{
    (void)state;
    struct backoff b;
    const int64_t waits[] = { 250, 500, 1000, 2000, 4000, 5000, 5000, 5000 };

    backoff_init(&b, 250, 5000);
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++)
        assert_int_equal(backoff_next(&b, 0), waits[i]);
}

static void a_wait_is_drawn_from_the_upper_half_of_its_step(void **state)
{
    (void)state;
    for (uint64_t random = 0; random < 3000; random++) {
        struct backoff b;
        backoff_init(&b, 1000, 64000);
        backoff_next(&b, random);
        int64_t wait_us = backoff_next(&b, random);
        assert_in_range(wait_us, 1000, 2000);
        assert_int_equal(wait_us, 2000 - (int64_t)(random % 1001));
    }
}

static void no_wait_is_shorter_than_the_least(void **state)
{
    (void)state;
    struct backoff b;
    backoff_init(&b, 1000, 64000);
    assert_int_equal(backoff_next(&b, 500), 1000);
}

static void after_a_reset_it_begins_anew(void **state)
{
    (void)state;
    struct backoff b;
    backoff_init(&b, 100, 1000);
    backoff_next(&b, 0);
    backoff_next(&b, 0);
    backoff_reset(&b);
    assert_int_equal(backoff_next(&b, 0), 100);
}

static void odd_bounds_still_give_a_wait(void **state)
{
    (void)state;
    struct backoff b;
    backoff_init(&b, 5000, 1000);          /* the most below the least: the least it is */
    for (int i = 0; i < 4; i++)
        assert_int_equal(backoff_next(&b, (uint64_t)i * 999), 5000);
    backoff_init(&b, 0, 0);
    assert_int_equal(backoff_next(&b, UINT64_MAX), 1);
    backoff_init(&b, INT64_MAX / 2, INT64_MAX);
    for (int i = 0; i < 4; i++)
        assert_true(backoff_next(&b, 0) > 0);
}

static void raised_it_waits_long_until_the_reset(void **state)
{
    (void)state;
    struct backoff b;

    backoff_init(&b, 100, 8000);
    backoff_raise(&b);
    for (uint64_t random = 0; random < 20000; random += 999)
        assert_in_range(backoff_next(&b, random), 4000, 8000);
    backoff_reset(&b);
    assert_in_range(backoff_next(&b, 0), 50, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_double_up_to_the_most),
        cmocka_unit_test(a_wait_is_drawn_from_the_upper_half_of_its_step),
        cmocka_unit_test(no_wait_is_shorter_than_the_least),
        cmocka_unit_test(after_a_reset_it_begins_anew),
        cmocka_unit_test(odd_bounds_still_give_a_wait),
        cmocka_unit_test(raised_it_waits_long_until_the_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
