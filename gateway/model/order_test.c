/* Orders against a plan: what fits becomes indexes, times and ticks; what does not is told in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/order.h"
#include "model/plan_example_test.h"

struct desk {
    struct arena arena;
    struct problems problems;
    struct plan *plan;
    struct order order;
};

static int open_desk(void **state)
{
    static struct desk d;
    memset(&d, 0, sizeof d);
    arena_init(&d.arena, 0);
    problems_init(&d.problems, "order", &d.arena);
    *state = &d;
    return plan_read(slice_of(plan_example), &d.problems, &d.plan);
}

static int close_desk(void **state)
{
    struct desk *d = *state;
    plan_free(d->plan);
    problems_fini(&d->problems);
    arena_fini(&d->arena);
    return 0;
}

static int take(struct desk *d, enum order_verb verb, const char *yaml)
{
    d->problems.n = 0;
    return order_read((int)verb, slice_of(yaml), d->plan, &d->arena, &d->problems, &d->order);
}

static void assert_refused(struct desk *d, enum order_verb verb, const char *yaml, const char *because)
{
    assert_int_equal(take(d, verb, yaml), OPTION_WRONG);
    for (size_t i = 0; i < d->problems.n; i++)
        if (strstr(d->problems.at[i].text, because))
            return;
    fail_msg("no problem says \"%s\"", because);
}

#define QUARTER "site: plant\ndevice: main-meter\npoint: quarter\n"
#define REGISTER "site: plant\ndevice: main-meter\npoint: import\n"
#define MORNING "from: '2018-01-05T10:00:00Z'\nuntil: '2018-01-05T10:15:00Z'\n"

static void every_verb_has_a_name_and_options(void **state)
{
    (void)state;
    for (int verb = 1; verb < ORDER_VERB_COUNT; verb++) {
        const struct order_verb_row *row = order_verb_row(verb);
        if (!row)
            continue;            /* a number that is kept free */
        assert_non_null(row->options);
        assert_int_equal(order_verb_of(row->name), verb);
    }
    assert_null(order_verb_row(0));
    assert_null(order_verb_row(ORDER_VERB_COUNT));
    assert_int_equal(order_verb_of("delete"), 0);
}

static void an_amount_becomes_ticks_of_its_point_whatever_its_unit(void **state)
{
    struct desk *d = *state;
    assert_int_equal(take(d, ORDER_SUBSTITUTE, QUARTER MORNING "value: '1.25'\n"), 0);
    assert_int_equal(d->order.ticks, 1250000);
    assert_int_equal(d->order.until_us - d->order.from_us, INT64_C(900000000));
    assert_int_equal(take(d, ORDER_MANUAL, QUARTER MORNING "value: '1.25'\nunit: MWh\n"), 0);
    assert_int_equal(d->order.ticks, 1250000000);
}

static void a_stream_is_booked_on_its_first_point(void **state)
{
    struct desk *d = *state;
    assert_int_equal(take(d, ORDER_SUBSTITUTE, "site: plant\nstream: boiler\n" MORNING "value: '3'\n"), 0);
    assert_string_equal(d->plan->points[d->order.point].id, "volume");
    assert_true(d->order.stream >= 0);
}

static void a_swap_keeps_values_as_displayed(void **state)
{
    struct desk *d = *state;
    assert_int_equal(take(d, ORDER_SWAP, REGISTER "at: '2018-01-05T10:00:00Z'\nold_final: '99.5'\n"
                                                  "multiplier: '60'\n"), 0);
    assert_int_equal(d->order.old_final_raw, 99500);
    assert_int_equal(d->order.new_initial_raw, 0);
    assert_int_equal(d->order.installed_us, d->order.at_us);
    assert_int_equal(d->order.new_multiplier.mantissa, 60);
}

static void days_are_those_of_the_site_and_both_are_part_of_the_lock(void **state)
{
    struct desk *d = *state;
    assert_int_equal(take(d, ORDER_LOCK, "site: plant\nfrom: 2018-01-01\nto: 2018-01-31\n"), 0);
    assert_int_equal(d->order.from_us, (INT64_C(1514764800) - 9 * 3600) * 1000000);
    assert_int_equal(d->order.until_us - d->order.from_us, INT64_C(31) * 86400 * 1000000);
}

static void what_does_not_fit_is_told(void **state)
{
    struct desk *d = *state;
    assert_refused(d, ORDER_VOID, "site: plnt\ndevice: x\npoint: y\nat: '2018-01-05'\n", "no site \"plnt\"");
    assert_refused(d, ORDER_VOID, "site: plant\ndevice: x\npoint: y\nat: '2018-01-05'\n", "no device");
    assert_refused(d, ORDER_VOID, "site: plant\ndevice: main-meter\npoint: y\nat: '2018-01-05'\n", "no point");
    assert_refused(d, ORDER_VOID, QUARTER "at: yesterday\n", "no time");
    assert_refused(d, ORDER_VOID, QUARTER, "at");
    assert_refused(d, ORDER_MANUAL, "site: plant\n" MORNING "value: '1'\n", "or a stream");
    assert_refused(d, ORDER_MANUAL, QUARTER MORNING "value: 1 kWh\n", "no number");
    assert_refused(d, ORDER_MANUAL, QUARTER MORNING "value: '-1'\n", "not negative");
    assert_refused(d, ORDER_MANUAL, QUARTER MORNING "value: '1'\nunit: m3\n", "energy");
    assert_refused(d, ORDER_MANUAL, QUARTER MORNING "value: '1'\nunit: kwh\n", "kWh");
    assert_refused(d, ORDER_MANUAL, QUARTER MORNING "value: '9000000000000000'\n", "beyond");
    assert_refused(d, ORDER_MANUAL,
                   QUARTER "from: '2018-01-05T11:00:00Z'\nuntil: '2018-01-05T10:00:00Z'\nvalue: '1'\n",
                   "behind");
    assert_refused(d, ORDER_SWAP, QUARTER "at: '2018-01-05'\nold_final: '1'\n", "no register");
    assert_refused(d, ORDER_LOCK, "site: plant\nfrom: 2018-02-01\nto: 2018-01-01\n", "behind");
    assert_refused(d, ORDER_UNDO, "order: 0\n", "1");
    assert_int_equal(order_read(99, slice_of(""), d->plan, &d->arena, &d->problems, &d->order),
                     OPTION_WRONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_verb_has_a_name_and_options),
        cmocka_unit_test_setup_teardown(an_amount_becomes_ticks_of_its_point_whatever_its_unit, open_desk,
                                        close_desk),
        cmocka_unit_test_setup_teardown(a_stream_is_booked_on_its_first_point, open_desk, close_desk),
        cmocka_unit_test_setup_teardown(a_swap_keeps_values_as_displayed, open_desk, close_desk),
        cmocka_unit_test_setup_teardown(days_are_those_of_the_site_and_both_are_part_of_the_lock, open_desk,
                                        close_desk),
        cmocka_unit_test_setup_teardown(what_does_not_fit_is_told, open_desk, close_desk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
