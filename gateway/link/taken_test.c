/* Connections and how they ended, and what that says about another client with our id. */
#include "link/taken.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define S INT64_C(1000000)

struct ending {
    int64_t up_us;
    bool is_told, is_takeover;
    enum taken_sign sign;
    bool is_on;
};

static void check(const struct ending *endings, size_t n)
{
    struct taken t;
    taken_init(&t, 60 * S);
    for (size_t i = 0; i < n; i++) {
        const struct ending *e = &endings[i];
        assert_int_equal(taken_lost(&t, e->up_us, e->is_told, e->is_takeover), e->sign);
        assert_int_equal(t.is_on, e->is_on);
    }
}

#define CHECK(endings) check((endings), sizeof (endings) / sizeof *(endings))

static void the_brokers_word_is_enough(void **state)
{
    (void)state;
    const struct ending endings[] = {
        { 1 * S, true, true, TAKEN_SURELY, true },
        { 100 * S, true, true, TAKEN_SURELY, true },
    };
    CHECK(endings);
}

static void three_short_connections_in_a_row_are_a_sign(void **state)
{
    (void)state;
    const struct ending endings[] = {
        { 1 * S, false, false, TAKEN_NOT, false },     { 29 * S, false, false, TAKEN_NOT, false },
        { 1 * S, false, false, TAKEN_PERHAPS, true },  { 1 * S, false, false, TAKEN_PERHAPS, true },
        { 100 * S, false, false, TAKEN_PERHAPS, true },  /* the other one had waited for long */
        { 120 * S, false, false, TAKEN_NOT, false },
        { 1 * S, false, false, TAKEN_NOT, false },
    };
    CHECK(endings);
}

static void a_long_one_in_between_is_no_sign(void **state)
{
    (void)state;
    const struct ending endings[] = {
        { 1 * S, false, false, TAKEN_NOT, false },  { 1 * S, false, false, TAKEN_NOT, false },
        { 30 * S, false, false, TAKEN_NOT, false }, { 1 * S, false, false, TAKEN_NOT, false },
        { 1 * S, false, false, TAKEN_NOT, false },  { 40 * S, false, false, TAKEN_NOT, false },
    };
    CHECK(endings);
}

static void another_reason_of_the_brokers_is_none(void **state)
{
    (void)state;
    const struct ending endings[] = {
        { 1 * S, true, false, TAKEN_NOT, false },  { 1 * S, true, false, TAKEN_NOT, false },
        { 1 * S, true, false, TAKEN_NOT, false },  { 1 * S, false, false, TAKEN_NOT, false },
        { 1 * S, false, false, TAKEN_NOT, false }, { 1 * S, true, false, TAKEN_NOT, false },
        { 1 * S, false, false, TAKEN_NOT, false },
    };
    CHECK(endings);
}

static void it_ends_when_a_connection_lasts(void **state)
{
    (void)state;
    struct taken t;

    taken_init(&t, 60 * S);
    taken_lost(&t, 1 * S, true, true);
    taken_ends(&t, 119 * S);
    assert_true(t.is_on);
    taken_ends(&t, 120 * S);
    assert_false(t.is_on);
    taken_init(&t, 1 * S);
    assert_int_equal(t.calm_us, TAKEN_SHORT_US);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_brokers_word_is_enough),
        cmocka_unit_test(three_short_connections_in_a_row_are_a_sign),
        cmocka_unit_test(a_long_one_in_between_is_no_sign),
        cmocka_unit_test(another_reason_of_the_brokers_is_none),
        cmocka_unit_test(it_ends_when_a_connection_lasts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
