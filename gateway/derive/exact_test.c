#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "derive/exact.h"

static int64_t quotient(int128 a, int128 b, int128 c)
{
    struct exact e;
    int64_t out = INT64_MIN;
    exact_init(&e);
    exact_times(&e, a);
    exact_times(&e, b);
    exact_over(&e, c);
    assert_int_equal(exact_round(&e, &out), 0);
    return out;
}

static void it_rounds_once_and_half_to_even(void **state)
{
    (void)state;
    assert_int_equal(quotient(1, 1, 2), 0);
    assert_int_equal(quotient(3, 1, 2), 2);
    assert_int_equal(quotient(5, 1, 2), 2);
    assert_int_equal(quotient(-5, 1, 2), -2);
    assert_int_equal(quotient(-7, 1, 2), -4);
    assert_int_equal(quotient(2, 1, 3), 1);
    assert_int_equal(quotient(7, -1, -3), 2);
    assert_int_equal(quotient(0, 5, 3), 0);
}

static void what_is_multiplied_and_divided_again_is_as_before(void **state)
{
    (void)state;
    int128 most = ((int128)INT64_MAX << 64) + UINT64_MAX;
    struct exact e;
    int64_t out = 0;
    exact_init(&e);
    exact_times(&e, 1234567890123456789);
    for (int i = 0; i < 15; i++)
        exact_times(&e, most - i);
    for (int i = 14; i >= 0; i--)
        exact_over(&e, most - i);
    assert_int_equal(exact_round(&e, &out), 0);
    assert_int_equal(out, 1234567890123456789);
}

static void ratios_are_taken_both_ways(void **state)
{
    (void)state;
    struct exact e;
    int64_t out = 0;
    exact_init(&e);
    exact_times_ratio(&e, (struct ratio){ 27315, 100 });
    exact_over_ratio(&e, (struct ratio){ 27315, 200 });
    assert_int_equal(exact_round(&e, &out), 0);
    assert_int_equal(out, 2);
}

static void what_does_not_fit_is_said_and_leaves_the_result_alone(void **state)
{
    (void)state;
    struct exact e;
    int64_t out = 7;
    exact_init(&e);
    exact_times(&e, INT64_MAX);
    assert_int_equal(exact_round(&e, &out), 0);
    assert_int_equal(out, INT64_MAX);
    out = 7;
    exact_times(&e, 2);
    assert_int_equal(exact_round(&e, &out), NUMBER_OVERFLOW);
    exact_init(&e);
    exact_over(&e, 0);
    assert_int_equal(exact_round(&e, &out), NUMBER_OVERFLOW);
    exact_init(&e);
    for (int i = 0; i < 100; i++)
        exact_times(&e, INT64_MAX);
    assert_int_equal(exact_round(&e, &out), NUMBER_OVERFLOW);
    assert_int_equal(out, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_rounds_once_and_half_to_even),
        cmocka_unit_test(what_is_multiplied_and_divided_again_is_as_before),
        cmocka_unit_test(ratios_are_taken_both_ways),
        cmocka_unit_test(what_does_not_fit_is_said_and_leaves_the_result_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
