/* Key figures by published ones: rows of tests/vectors/carbon-vectors.csv bear their names. */
#include "account/account_fixture_test.h"

#include "account/kpi.h"

static const struct ratio one = { 1, 1 };

/* 1 kg into a charge of 5 kg within 275 days: 26.5 % in a year, 1.33 kg. */
static void ref_01_a_refill_is_a_leak_rate_of_a_year(void **state)
{
    (void)state;
    struct decimal rate;
    assert_int_equal(kpi_value(INT64_C(1000000000), INT64_C(5000000000), one, 275 * DAY_US, &rate), 0);
    assert_int_equal(rate.mantissa, 265455);
    assert_int_equal(rate.scale, 6);
}

static void dc_01_the_whole_by_the_machines(void **state)
{
    (void)state;
    struct decimal figure;
    assert_int_equal(kpi_value(INT64_C(1500) * 1000000000000, INT64_C(1000) * 1000000000000, one, 0, &figure), 0);
    assert_int_equal(figure.mantissa, 1500000);
    assert_int_equal(kpi_value(INT64_C(795900000) * 1000000, INT64_C(1000) * 1000000000000, one, 0, &figure), 0);
    assert_int_equal(figure.mantissa, 795900);
}

static void nothing_is_divided_by_nothing_and_nothing_wraps(void **state)
{
    (void)state;
    struct decimal figure = { 7, 7 };
    assert_int_equal(kpi_value(1, 0, one, 0, &figure), 1);
    assert_int_equal(kpi_value(1, -1, one, 0, &figure), 1);
    assert_int_equal(kpi_value((int128)1 << 120, 1, one, 0, &figure), 1);
    assert_int_equal(kpi_value(1, (int128)1 << 120, one, DAY_US, &figure), 1);
    assert_int_equal(figure.mantissa, 7);
    assert_int_equal(kpi_value(0, 5, one, 0, &figure), 0);
    assert_int_equal(figure.mantissa, 0);
}

static void expect_wrong(const char *kpi, const char *why)
{
    struct buffer text = { 0 };
    buffer_print(&text, "gateway: g\nsites:\n  - id: s\n    zone: UTC\n    streams: [{id: e, scope: 2}]\n"
                 "    kpis: [%s]\n    devices: [{id: d, points: [{id: p, kind: register, unit: kWh, stream: e},"
                 " {id: q, kind: state}]}]\n", kpi);
    buffer_put_u8(&text, 0);
    struct arena arena;
    struct problems problems;
    struct plan *plan = NULL;
    arena_init(&arena, 0);
    problems_init(&problems, "plan.yaml", &arena);
    int rc = plan_read(slice_of((const char *)text.at), &problems, &plan);
    if (!why) {
        assert_int_equal(rc, 0);
        plan_free(plan);
    } else {
        assert_int_not_equal(problems.n, 0);
        assert_non_null(strstr(problems.at[0].text, why));
    }
    problems_fini(&problems);
    arena_fini(&arena);
    buffer_fini(&text);
}

static void a_figure_that_cannot_be_formed_is_refused(void **state)
{
    (void)state;
    expect_wrong("{name: pue, numerator: e, denominator: d/p}", NULL);
    expect_wrong("{name: pue, numerator: x, denominator: d/p}", "no stream \"x\"");
    expect_wrong("{name: pue, numerator: e, denominator: d/x}", "no point \"d/x\"");
    expect_wrong("{name: pue, numerator: e, denominator: d/q}", "no amounts");
    expect_wrong("{name: pue, numerator: e, denominator: 0 kWh}", "no amount above 0");
    expect_wrong("{name: pue, numerator: e, denominator: 5 apples}", "no amount above 0");
    expect_wrong("{name: pue, numerator: e, denominator: 5 L}", "is no figure that is known");
    expect_wrong("{name: cue, figure: co2e, annual: true, numerator: e, denominator: d/p}", "in a year");
    expect_wrong("{name: a, numerator: e, denominator: d/p}, {name: a, numerator: e, denominator: d/p}", "twice");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ref_01_a_refill_is_a_leak_rate_of_a_year),
        cmocka_unit_test(dc_01_the_whole_by_the_machines),
        cmocka_unit_test(nothing_is_divided_by_nothing_and_nothing_wraps),
        cmocka_unit_test(a_figure_that_cannot_be_formed_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
