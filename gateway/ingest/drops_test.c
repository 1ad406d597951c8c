/* What the broker's own count says about what was dropped. */
#include "ingest/drops.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void the_first_count_is_where_ours_begins(void **state)
{
    (void)state;
    struct drops d = { 0 };
    const struct {
        uint64_t count, more, total;
    } heard[] = {
        { 1980, 0, 0 }, { 1980, 0, 0 }, { 1983, 3, 3 }, { 1983, 0, 3 }, { 2983, 1000, 1003 },
        { 0, 0, 1003 },          /* it started anew */
        { 5, 5, 1008 }, { 2, 2, 1010 },  /* and again, and had dropped two by the time we heard */
    };
    for (size_t i = 0; i < sizeof heard / sizeof *heard; i++) {
        assert_int_equal(drops_hear(&d, heard[i].count), heard[i].more);
        assert_int_equal(d.total, heard[i].total);
        assert_int_equal(d.last, heard[i].count);
    }
}

static void what_is_no_number_is_not_one(void **state)
{
    (void)state;
    const char *const texts[] = { "", " 1", "-1", "1 ", "1.5", "x", "9999999999999999999" };
    uint64_t n = 77;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_false(drops_read(slice_of(texts[i]), &n));
    assert_int_equal(n, 77);
    assert_true(drops_read(slice_of("0"), &n));
    assert_int_equal(n, 0);
    assert_true(drops_read(slice_of("999999999999999999"), &n));
    assert_int_equal(n, 999999999999999999);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_count_is_where_ours_begins),
        cmocka_unit_test(what_is_no_number_is_not_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
