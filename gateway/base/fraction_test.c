#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/fraction.h"

static void assert_is(struct fraction f, int128 num, int128 den)
{
    assert_true(f.num == num);
    assert_true(f.den == den);
}

static void products_and_quotients_are_in_lowest_terms(void **state)
{
    struct fraction out;
    (void)state;
    assert_int_equal(fraction_multiply((struct fraction){ 44, 12 }, (struct fraction){ 3, 11 }, &out), 0);
    assert_is(out, 1, 1);
    assert_int_equal(fraction_divide((struct fraction){ 2, 3 }, (struct fraction){ 4, 9 }, &out), 0);
    assert_is(out, 3, 2);
    assert_int_equal(fraction_multiply((struct fraction){ 0, 1 }, (struct fraction){ 5, 7 }, &out), 0);
    assert_true(out.num == 0);
    assert_is(fraction_of_decimal((struct decimal){ 4585, 4 }), 917, 2000);
}

static void a_sum_is_exact(void **state)
{
    struct fraction out;
    (void)state;
    assert_int_equal(fraction_add((struct fraction){ 1, 6 }, (struct fraction){ 1, 3 }, &out), 0);
    assert_is(out, 1, 2);
}

static void what_does_not_fit_is_told_and_changes_nothing(void **state)
{
    const int128 most = (((int128)1 << 126) - 1) * 2 + 1;
    struct fraction out = { 7, 9 };
    (void)state;
    assert_int_equal(fraction_multiply((struct fraction){ most, 1 }, (struct fraction){ 2, 1 }, &out),
                     NUMBER_OVERFLOW);
    assert_int_equal(fraction_multiply((struct fraction){ 1, most }, (struct fraction){ 1, 2 }, &out),
                     NUMBER_OVERFLOW);
    assert_int_equal(fraction_add((struct fraction){ most, 1 }, (struct fraction){ 1, 1 }, &out),
                     NUMBER_OVERFLOW);
    assert_is(out, 7, 9);
    assert_int_equal(fraction_multiply((struct fraction){ most, 1 }, (struct fraction){ 1, most }, &out), 0);
    assert_is(out, 1, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_and_quotients_are_in_lowest_terms),
        cmocka_unit_test(a_sum_is_exact),
        cmocka_unit_test(what_does_not_fit_is_told_and_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
