/* What a point may declare about the filling of its gaps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/plan.h"
#include "model/plan_example_test.h"

#define HOUR_US INT64_C(3600000000)

/* The example whose point `volume` has this table `substitute`. */
static int read_with(const char *table, struct arena *arena, struct problems *problems,
                     struct plan **out)
{
    char with[400];
    struct buffer yaml = { 0 };
    snprintf(with, sizeof with, "keep: 16, substitute: {%s}", table);
    plan_example_with("keep: 16", with, &yaml);
    arena_init(arena, 0);
    problems_init(problems, "plan.yaml", arena);
    int rc = plan_read(buffer_slice(&yaml), problems, out);
    buffer_fini(&yaml);
    return rc;
}

static void assert_refused(const char *table, const char *says)
{
    struct arena arena;
    struct problems problems;
    struct plan *plan = NULL;
    int rc = read_with(table, &arena, &problems, &plan);
    if (rc != OPTION_WRONG || problems.n != 1 || !strstr(problems.at[0].text, says))
        fail_msg("{%s}: %zu problems, the first: %s", table, problems.n,
                 problems.n ? problems.at[0].text : "none");
    problems_fini(&problems);
    arena_fini(&arena);
}

static struct substitute accepted(const char *table)
{
    struct arena arena;
    struct problems problems;
    struct plan *plan = NULL;
    if (read_with(table, &arena, &problems, &plan) != 0)
        fail_msg("{%s}: %s", table, problems.at[0].text);
    const struct point *found = NULL;
    for (size_t i = 0; i < plan->n_points; i++)
        if (strcmp(plan->points[i].id, "volume") == 0)
            found = &plan->points[i];
    struct substitute s = plan_substitute(found);
    plan_free(plan);
    problems_fini(&problems);
    arena_fini(&arena);
    return s;
}

static void nothing_is_filled_unless_a_method_is_named(void **state)
{
    (void)state;
    assert_int_equal(accepted("").method, SUBSTITUTE_NONE);
    assert_refused("default: 4", "names no method");
    assert_refused("look_back: 1h", "names no method");
}

static void a_value_of_an_hour_becomes_ticks_of_the_point(void **state)
{
    (void)state;
    struct substitute s = accepted("method: declared_default, default: '12.5'");
    assert_int_equal(s.method, SUBSTITUTE_DECLARED_DEFAULT);
    assert_int_equal(s.default_ticks, 12500000);
    assert_int_equal(s.maximum_ticks, 0);
}

static void a_method_brings_its_own_look_back_and_least_history(void **state)
{
    (void)state;
    struct substitute s = accepted("method: part75_so2_table, maximum: 900");
    assert_int_equal(s.look_back_us, 26280 * HOUR_US);
    assert_int_equal(s.least, 720);
    s = accepted("method: eu_mean_2sigma, look_back: 30d, least: 100");
    assert_int_equal(s.look_back_us, 720 * HOUR_US);
    assert_int_equal(s.least, 100);
}

static void what_cannot_work_is_refused(void **state)
{
    (void)state;
    assert_refused("method: part75_so2_table", "needs substitute.maximum");
    assert_refused("method: declared_default", "needs substitute.default");
    assert_refused("method: previous_value, default: 0", "what is missing never becomes a 0");
    assert_refused("method: previous_value, default: -3", "must be above 0");
    assert_refused("method: previous_value, default: much", "is not a number");
    assert_refused("method: previous_value, default: 1e-12", "too small");
    assert_refused("method: previous_value, default: 99999999999999999", "too large");
    assert_refused("method: previous_value, after: 1min", "first published as missing");
    assert_refused("method: mean", "mean");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_filled_unless_a_method_is_named),
        cmocka_unit_test(a_value_of_an_hour_becomes_ticks_of_the_point),
        cmocka_unit_test(a_method_brings_its_own_look_back_and_least_history),
        cmocka_unit_test(what_cannot_work_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
