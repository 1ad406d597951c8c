/* What the probe of `check --connect` counts. */
#include "command/tally.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static bool comes(struct tally *t, unsigned number)
{
    char text[32];
    return tally_came(t, tally_payload(number, text));
}

static void message_that_comes_twice_counts_once(void **state)
{
    struct tally t;
    (void)state;
    tally_init(&t);
    for (int times = 0; times < 2; times++)
        for (unsigned number = 1; number <= TALLY_MESSAGES; number++)
            assert_false(comes(&t, number));
    assert_int_equal(tally_look(&t).came, TALLY_MESSAGES);
    tally_fini(&t);
}

static void first_and_last_are_told_and_not_counted(void **state)
{
    struct tally t;
    (void)state;
    tally_init(&t);
    assert_false(tally_look(&t).has_control);
    assert_true(comes(&t, TALLY_CONTROL));
    assert_true(tally_look(&t).has_control);
    assert_false(tally_look(&t).has_last);
    assert_true(comes(&t, TALLY_LAST));
    assert_true(tally_look(&t).has_last);
    tally_acknowledged(&t, tally_token(TALLY_CONTROL));
    tally_acknowledged(&t, tally_token(TALLY_LAST));
    assert_int_equal(tally_look(&t).came, 0);
    assert_int_equal(tally_look(&t).acknowledged, 0);
    tally_acknowledged(&t, tally_token(1));
    tally_acknowledged(&t, tally_token(TALLY_MESSAGES));
    assert_int_equal(tally_look(&t).acknowledged, 2);
    tally_fini(&t);
}

static void what_others_publish_is_not_counted(void **state)
{
    static const char *const theirs[] = { "", "carbon-probe", "carbon-probe 1502", "a reading",
                                          "carbon-probe 1 and a text that is longer than ours" };
    struct tally t;
    (void)state;
    tally_init(&t);
    for (size_t i = 0; i < sizeof theirs / sizeof *theirs; i++)
        assert_false(tally_came(&t, slice_of(theirs[i])));
    assert_int_equal(tally_look(&t).came, 0);
    tally_fini(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(message_that_comes_twice_counts_once),
        cmocka_unit_test(first_and_last_are_told_and_not_counted),
        cmocka_unit_test(what_others_publish_is_not_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
