#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "meter/seen.h"

static void readings_in_a_row_are_one_run(void **state)
{
    (void)state;
    struct seen s = { 0 };
    for (uint64_t i = 1; i <= 100000; i++)
        assert_true(seen_add(&s, 7, i));
    assert_int_equal(s.n, 1);
    assert_true(seen_has(&s, 7, 1));
    assert_true(seen_has(&s, 7, 100000));
    assert_false(seen_has(&s, 7, 100001));
    assert_false(seen_has(&s, 8, 1));
}

static void what_has_no_number_is_not_remembered(void **state)
{
    (void)state;
    struct seen s = { 0 };
    assert_false(seen_add(&s, 0, 5));
    assert_false(seen_add(&s, 5, 0));
    assert_int_equal(s.n, 0);
    assert_true(seen_add(&s, 5, 1));
    assert_false(seen_has(&s, 5, 0));
    assert_false(seen_has(&s, 0, 1));
}

static void adding_twice_changes_nothing(void **state)
{
    (void)state;
    struct seen s = { 0 };
    assert_true(seen_add(&s, 1, 10));
    assert_false(seen_add(&s, 1, 10));
    assert_int_equal(s.n, 1);
}

static void a_filled_hole_joins_its_runs(void **state)
{
    (void)state;
    struct seen s = { 0 };
    seen_add(&s, 1, 10);
    seen_add(&s, 1, 12);
    seen_add(&s, 2, 11);       /* of another boot: fills nothing */
    assert_int_equal(s.n, 3);
    assert_false(seen_has(&s, 1, 11));
    seen_add(&s, 1, 11);
    assert_int_equal(s.n, 2);
    assert_true(seen_has(&s, 1, 10) && seen_has(&s, 1, 11) && seen_has(&s, 1, 12));
    assert_false(seen_has(&s, 1, 9) || seen_has(&s, 1, 13));
}

static void the_ends_of_the_numbers_do_not_wrap(void **state)
{
    (void)state;
    struct seen s = { 0 };
    assert_true(seen_add(&s, 1, UINT64_MAX));
    assert_true(seen_add(&s, 1, 1));
    assert_int_equal(s.n, 2);
    assert_true(seen_add(&s, 1, UINT64_MAX - 1));
    assert_true(seen_add(&s, 1, 2));
    assert_int_equal(s.n, 2);
    assert_false(seen_has(&s, 1, 3));
    assert_false(seen_has(&s, 1, UINT64_MAX - 2));
}

static void on_overflow_the_run_touched_longest_ago_is_forgotten(void **state)
{
    (void)state;
    struct seen s = { 0 };
    uint64_t next = 1;
    for (; next <= 100; next++)
        seen_add(&s, 1, next);
    for (uint64_t i = 0; i < 20; i++) {   /* strays, while the main run goes on */
        seen_add(&s, 1, 1000000 + 10 * i);
        seen_add(&s, 1, next++);
    }
    assert_int_equal(s.n, SEEN_RUNS);
    assert_true(seen_has(&s, 1, 1));
    assert_true(seen_has(&s, 1, next - 1));
    assert_false(seen_has(&s, 1, 1000000));
    assert_true(seen_has(&s, 1, 1000190));
}

/* Against a plain set: it may forget, it must never claim. */
static void it_never_claims_what_was_not_added(void **state)
{
    (void)state;
    enum { BOOTS = 3, NUMBERS = 64 };
    for (unsigned seed = 1; seed <= 200; seed++) {
        uint32_t x = seed * 2654435761u;
        bool was_added[BOOTS + 1][NUMBERS + 1] = { { false } };
        struct seen s = { 0 };
        for (int i = 0; i < 150; i++) {
            x = x * 1664525u + 1013904223u;
            uint64_t boot = x >> 8 & BOOTS, sequence = x >> 16 & (NUMBERS - 1);
            seen_add(&s, boot, sequence);
            was_added[boot][sequence] = true;
            assert_true(s.n <= SEEN_RUNS);
            if (boot != 0 && sequence != 0)
                assert_true(seen_has(&s, boot, sequence));
        }
        for (uint64_t boot = 0; boot <= BOOTS; boot++) {
            for (uint64_t sequence = 0; sequence <= NUMBERS; sequence++)
                assert_true(!seen_has(&s, boot, sequence) || was_added[boot][sequence]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readings_in_a_row_are_one_run),
        cmocka_unit_test(what_has_no_number_is_not_remembered),
        cmocka_unit_test(adding_twice_changes_nothing),
        cmocka_unit_test(a_filled_hole_joins_its_runs),
        cmocka_unit_test(the_ends_of_the_numbers_do_not_wrap),
        cmocka_unit_test(on_overflow_the_run_touched_longest_ago_is_forgotten),
        cmocka_unit_test(it_never_claims_what_was_not_added),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
