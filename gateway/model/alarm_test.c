/* The table of alarms: keys, beginnings, order, bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "model/alarm.h"

#define LINK ((struct alarm_key){ .id = "link.dropping" })
#define HELD(p) ((struct alarm_key){ .id = "point.held", .site = "mill", .point = (p) })

static void alarm_keeps_its_beginning_while_its_text_changes(void **state)
{
    (void)state;
    struct alarms a = { 0 };
    assert_true(alarms_raise(&a, LINK, 100, "one"));
    assert_false(alarms_raise(&a, LINK, 200, "two"));
    assert_int_equal(a.n, 1);
    assert_int_equal(a.at[0].since_us, 100);
    assert_string_equal(a.at[0].text, "two");
    assert_string_equal(a.at[0].key.id, "link.dropping");
    assert_string_equal(a.at[0].key.site, "");
    alarms_fini(&a);
}

static void alarm_that_comes_again_begins_anew(void **state)
{
    (void)state;
    struct alarms a = { 0 };
    alarms_raise(&a, LINK, 100, "one");
    assert_true(alarms_clear(&a, LINK));
    assert_false(alarms_clear(&a, LINK));
    assert_true(alarms_raise(&a, LINK, 300, "one"));
    assert_int_equal(a.at[0].since_us, 300);
    alarms_fini(&a);
}

static void same_id_at_another_place_is_another_alarm(void **state)
{
    (void)state;
    struct alarms a = { 0 };
    alarms_raise(&a, HELD("p"), 1, "p");
    alarms_raise(&a, HELD("q"), 2, "q");
    alarms_raise(&a, HELD(NULL), 3, "all");
    assert_int_equal(a.n, 3);
    assert_true(alarms_clear(&a, HELD("p")));
    assert_int_equal(a.n, 2);
    assert_string_equal(a.at[0].text, "q");
    assert_string_equal(a.at[1].text, "all");
    assert_true(alarms_clear(&a, HELD("")));
    alarms_fini(&a);
}

/* The text may be the alarm's own: somebody raises again what the table told. */
static void alarm_can_be_raised_from_its_own_texts(void **state)
{
    (void)state;
    struct alarms a = { 0 };
    alarms_raise(&a, HELD("p"), 1, "text");
    alarms_raise(&a, a.at[0].key, 2, a.at[0].text);
    assert_string_equal(a.at[0].key.point, "p");
    assert_string_equal(a.at[0].text, "text");
    alarms_fini(&a);
}

static void table_takes_no_more_than_its_bound(void **state)
{
    (void)state;
    struct alarms a = { 0 };
    char name[16];
    for (int i = 0; i < ALARMS_HELD_MOST; i++) {
        snprintf(name, sizeof name, "p%d", i);
        assert_true(alarms_raise(&a, HELD(name), i, "t"));
    }
    assert_false(alarms_raise(&a, LINK, 1, "one too many"));
    assert_int_equal(a.n, ALARMS_HELD_MOST);
    assert_true(alarms_clear(&a, HELD("p0")));
    assert_true(alarms_raise(&a, LINK, 1, "there is a place again"));
    alarms_fini(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alarm_keeps_its_beginning_while_its_text_changes),
        cmocka_unit_test(alarm_that_comes_again_begins_anew),
        cmocka_unit_test(same_id_at_another_place_is_another_alarm),
        cmocka_unit_test(alarm_can_be_raised_from_its_own_texts),
        cmocka_unit_test(table_takes_no_more_than_its_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
