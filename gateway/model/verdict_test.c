/* The table of verdicts: complete, distinct, and of frozen numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/verdict.h"

static void every_verdict_has_a_name_and_a_sentence_of_its_own(void **state)
{
    (void)state;
    for (int v = 0; v < VERDICT_COUNT; v++) {
        const struct verdict_row *row = verdict_row((enum verdict)v);
        assert_non_null(row->name);
        assert_int_equal(strspn(row->name, "abcdefghijklmnopqrstuvwxyz_"), strlen(row->name));
        assert_int_equal(row->text[strlen(row->text) - 1], '.');
        for (int other = 0; other < v; other++)
            assert_string_not_equal(row->name, verdict_row((enum verdict)other)->name);
    }
}

static void a_number_that_is_no_verdict_has_a_row_too(void **state)
{
    (void)state;
    assert_string_equal(verdict_row(VERDICT_COUNT)->name, "none");
    assert_string_equal(verdict_row((enum verdict)-1)->name, "none");
    assert_string_equal(verdict_row((enum verdict)255)->name, "none");
}

/* What snapshots and the wire hold; a number that moves breaks both. */
static void numbers_and_names_are_frozen(void **state)
{
    (void)state;
    static const char *const names[] = {
        "counted", "duplicate", "late", "undecodable", "unknown_site", "unknown_device",
        "unknown_point", "bad_unit", "bad_time", "too_large", "out_of_range", "conflict",
        "not_a_number", "poison", "void"
    };
    assert_int_equal(VERDICT_COUNT, sizeof names / sizeof names[0]);
    for (int v = 0; v < VERDICT_COUNT; v++)
        assert_string_equal(verdict_row((enum verdict)v)->name, names[v]);
}

static void all_but_counted_duplicate_and_late_are_rejected(void **state)
{
    (void)state;
    for (int v = 0; v < VERDICT_COUNT; v++)
        assert_int_equal(verdict_is_rejected((enum verdict)v),
                         v != VERDICT_COUNTED && v != VERDICT_DUPLICATE && v != VERDICT_LATE);
    assert_false(verdict_is_rejected(VERDICT_COUNT));
}

static void what_configuration_can_cure_is_what_it_does_not_know(void **state)
{
    (void)state;
    for (int v = 0; v < VERDICT_COUNT; v++)
        assert_int_equal(verdict_is_curable((enum verdict)v),
                         v == VERDICT_UNKNOWN_SITE || v == VERDICT_UNKNOWN_DEVICE ||
                             v == VERDICT_UNKNOWN_POINT || v == VERDICT_BAD_UNIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_verdict_has_a_name_and_a_sentence_of_its_own),
        cmocka_unit_test(a_number_that_is_no_verdict_has_a_row_too),
        cmocka_unit_test(numbers_and_names_are_frozen),
        cmocka_unit_test(all_but_counted_duplicate_and_late_are_rejected),
        cmocka_unit_test(what_configuration_can_cure_is_what_it_does_not_know),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
