/* The rules by name, as the filling uses them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fill/rule.h"

static struct substituted given(const struct rule_case *c)
{
    struct substituted out = { 0 };
    rule_apply(c, &out);
    return out;
}

/* 1 … n, so that the p-th percentile is p per cent of n. */
static const int64_t *rising(size_t n)
{
    static int64_t at[2000];
    for (size_t i = 0; i < n; i++)
        at[i] = (int64_t)i + 1;
    return at;
}

static const struct substitute part75 = { .method = SUBSTITUTE_PART75_SO2_TABLE, .least = 720,
                                          .maximum_ticks = 5000, .default_ticks = 77 };

/* CEMS-13: availability 96.2 %, a gap of 5 h between 410 and 430 ppm. */
static void cems_13_a_short_gap_of_an_available_monitor_is_the_mean_of_its_neighbours(void **state)
{
    (void)state;
    struct substituted s = given(&(struct rule_case){
        .plan = &part75, .has_before = true, .has_after = true, .before = 410, .after = 430,
        .gap_hours = 5, .history = rising(720), .n = 720, .operating = 1000, .valid = 962 });
    assert_int_equal(s.value_ticks, 420);
    assert_int_equal(s.rule, RULE_MEAN_BEFORE_AFTER);
    assert_int_equal(s.availability_ppm, 962000);
    assert_int_equal(s.n, 720);
}

/* Each row of the table, at both sides of its edges. */
static void the_table_goes_by_availability_and_length(void **state)
{
    (void)state;
    static const struct {
        uint32_t valid_of_1000, hours;
        int64_t beside;
        enum substitute_rule rule;
        int64_t value;
    } rows[] = {
        { 950, 24, 10, RULE_MEAN_BEFORE_AFTER, 10 },
        { 950, 25, 10, RULE_PERCENTILE_90, 648 },
        { 950, 25, 700, RULE_MEAN_BEFORE_AFTER, 700 },
        { 949, 8, 10, RULE_MEAN_BEFORE_AFTER, 10 },
        { 949, 9, 10, RULE_PERCENTILE_95, 684 },
        { 900, 9, 690, RULE_MEAN_BEFORE_AFTER, 690 },
        { 899, 1, 10, RULE_MAXIMUM, 720 },
        { 800, 1, 10, RULE_MAXIMUM, 720 },
        { 799, 1, 10, RULE_MAXIMUM_POTENTIAL, 5000 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct substituted s = given(&(struct rule_case){
            .plan = &part75, .has_before = true, .has_after = true, .before = rows[i].beside,
            .after = rows[i].beside, .gap_hours = rows[i].hours, .history = rising(720), .n = 720,
            .operating = 1000, .valid = rows[i].valid_of_1000 });
        assert_int_equal(s.rule, rows[i].rule);
        assert_int_equal(s.value_ticks, rows[i].value);
    }
}

static void of_a_long_history_the_last_720_hours_count(void **state)
{
    (void)state;
    struct substituted s = given(&(struct rule_case){ .plan = &part75, .history = rising(1000),
                                                      .n = 1000, .operating = 1200, .valid = 1000 });
    assert_int_equal(s.rule, RULE_MAXIMUM);
    assert_int_equal(s.value_ticks, 1000);
    assert_int_equal(s.n, 720);
}

static void an_open_gap_waits_where_the_hour_behind_it_is_needed(void **state)
{
    (void)state;
    struct substituted s = given(&(struct rule_case){ .plan = &part75, .has_before = true, .before = 1,
                                                      .history = rising(720), .n = 720,
                                                      .operating = 740, .valid = 720 });
    assert_int_equal(s.rule, RULE_NONE);
}

static void too_little_history_gives_the_default_or_nothing(void **state)
{
    (void)state;
    static const int methods[] = { SUBSTITUTE_PREVIOUS_VALUE, SUBSTITUTE_EU_MEAN_2SIGMA,
                                   SUBSTITUTE_PART75_SO2_TABLE, SUBSTITUTE_MEAN_BEFORE_AFTER };
    for (size_t i = 0; i < 4; i++) {
        struct substitute plan = { .method = methods[i], .least = 24, .default_ticks = 77 };
        struct rule_case c = { .plan = &plan, .history = rising(0), .operating = 1 };
        assert_int_equal(given(&c).value_ticks, 77);
        assert_int_equal(given(&c).rule, RULE_DEFAULT);
        plan.default_ticks = 0;
        assert_int_equal(given(&c).rule, RULE_NONE);
        assert_int_equal(given(&c).value_ticks, 0);
    }
}

/* 2 4 4 4 5 5 7 9: mean 5, squares 32 over 7. In thousandths sigma is 2138. */
static void mean_and_two_sigma_are_of_a_sample(void **state)
{
    (void)state;
    static const int64_t values[] = { 2000, 4000, 4000, 4000, 5000, 5000, 7000, 9000 };
    struct substitute plan = { .method = SUBSTITUTE_EU_MEAN_2SIGMA, .least = 8 };
    struct substituted s =
        given(&(struct rule_case){ .plan = &plan, .history = values, .n = 8, .operating = 9 });
    assert_int_equal(s.mean_ticks, 5000);
    assert_int_equal(s.sigma_ticks, 2138);
    assert_int_equal(s.value_ticks, 5000 + 2 * 2138);
    assert_int_equal(s.n, 8);
}

static void values_beyond_the_arithmetic_give_no_wrapped_sum(void **state)
{
    (void)state;
    static const int64_t values[] = { INT64_MAX, INT64_MIN + 1 };
    struct substitute plan = { .method = SUBSTITUTE_EU_MEAN_2SIGMA, .least = 2 };
    struct substituted s =
        given(&(struct rule_case){ .plan = &plan, .history = values, .n = 2, .operating = 3 });
    assert_int_equal(s.rule, RULE_NONE);
}

static void the_previous_value_is_that_of_the_last_valid_hour(void **state)
{
    (void)state;
    struct substitute plan = { .method = SUBSTITUTE_PREVIOUS_VALUE, .least = 1 };
    struct substituted s =
        given(&(struct rule_case){ .plan = &plan, .history = rising(9), .n = 9, .operating = 10 });
    assert_int_equal(s.value_ticks, 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cems_13_a_short_gap_of_an_available_monitor_is_the_mean_of_its_neighbours),
        cmocka_unit_test(the_table_goes_by_availability_and_length),
        cmocka_unit_test(of_a_long_history_the_last_720_hours_count),
        cmocka_unit_test(an_open_gap_waits_where_the_hour_behind_it_is_needed),
        cmocka_unit_test(too_little_history_gives_the_default_or_nothing),
        cmocka_unit_test(mean_and_two_sigma_are_of_a_sample),
        cmocka_unit_test(values_beyond_the_arithmetic_give_no_wrapped_sum),
        cmocka_unit_test(the_previous_value_is_that_of_the_last_valid_hour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
