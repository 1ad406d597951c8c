/* Mistakes in a plan: each is told once, at its row, in words that help. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/plan.h"
#include "model/plan_example_test.h"

/* One change to the example, and the one problem it must bring: at the row that begins with `row`. */
struct mistake {
    const char *from, *to;
    const char *row;
    const char *says;
};

static uint32_t line_of(struct slice yaml, const char *text)
{
    const char *at = memmem(yaml.at, yaml.size, text, strlen(text));
    assert_non_null(at);
    uint32_t line = 1;
    for (const char *c = (const char *)yaml.at; c < at; c++)
        line += *c == '\n';
    return line;
}

static void fail_with(const struct mistake *m, const struct problems *problems)
{
    struct buffer b = { 0 };
    problems_print(problems, &b);
    print_error("\"%s\": expected one problem: %s\n%.*s", m->to, m->says, (int)b.size,
                (const char *)b.at);
    buffer_fini(&b);
    fail();
}

static void assert_mistake(const struct mistake *m)
{
    struct buffer yaml = { 0 };
    plan_example_with(m->from, m->to, &yaml);
    struct arena arena;
    arena_init(&arena, 0);
    struct problems problems;
    problems_init(&problems, "plan.yaml", &arena);
    struct plan *p = NULL;

    int rc = plan_read(buffer_slice(&yaml), &problems, &p);
    if (rc != OPTION_WRONG || problems.n != 1 || !strstr(problems.at[0].text, m->says))
        fail_with(m, &problems);
    assert_null(p);
    assert_int_equal(problems.at[0].place.line, line_of(buffer_slice(&yaml), m->row));

    problems_fini(&problems);
    arena_fini(&arena);
    buffer_fini(&yaml);
}

static void assert_mistakes(const struct mistake *mistakes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_mistake(&mistakes[i]);
}

#define ASSERT_MISTAKES(...)                                                                       \
    do {                                                                                           \
        static const struct mistake mistakes[] = { __VA_ARGS__ };                                  \
        assert_mistakes(mistakes, sizeof mistakes / sizeof mistakes[0]);                           \
    } while (0)

static void the_example_itself_has_no_mistake(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 0);
    struct problems problems;
    problems_init(&problems, "plan.yaml", &arena);
    struct plan *p = NULL;
    assert_int_equal(plan_read(slice_of(plan_example), &problems, &p), 0);
    assert_int_equal(problems.n, 0);
    plan_free(p);
    problems_fini(&problems);
    arena_fini(&arena);
}

static void a_name_may_stand_once_where_it_is_looked_up(void **state)
{
    (void)state;
    ASSERT_MISTAKES(
        { "id: office", "id: plant", "id: plant\n    zone: Europe",
          "site \"plant\" stands twice, first on line 14" },
        { "id: gas-meter", "id: main-meter", "id: main-meter\n        idle",
          "device \"main-meter\" stands twice" },
        { "id: quarter", "id: import", "{id: import, kind: interval",
          "point \"import\" stands twice" },
        { "      - {id: boiler,", "      - {id: electricity, scope: 3}\n      - {id: boiler,",
          "{id: electricity, scope: 3", "stream \"electricity\" stands twice, first on line 19" });
}

static void references_that_lead_nowhere_name_the_nearest(void **state)
{
    (void)state;
    ASSERT_MISTAKES(
        { "stream: boiler", "stream: boilr", "{id: volume",
          "no stream \"boilr\" – did you mean \"boiler\"?" },
        { "stream: boiler", "stream: xyz", "{id: volume", "its site has no stream \"xyz\"" },
        { "factor: lng", "factor: ln", "{id: boiler", "no factor \"ln\" – did you mean \"lng\"?" },
        { "factor: lng", "factor: hydrogen", "{id: boiler", "no factor \"hydrogen\" in this plan" },
        { "unit: kWh", "unit: kwh", "{id: import",
          "no unit \"kwh\" – did you mean \"kWh\"? There are Wh, kWh" },
        { "unit: m3", "unit: furlongs", "{id: volume", "no unit \"furlongs\"; there are Wh" },
        { "per: m3", "per: M3", "{id: lng",
          "factor \"lng\": no unit \"M3\" – did you mean \"m3\"?" },
        { "zone: Asia/Seoul", "zone: Asia/Soul", "id: plant",
          "zone \"Asia/Soul\" is not in this machine's tzdata" });
}

static void a_series_is_told_where_a_factor_has_several(void **state)
{
    (void)state;
    ASSERT_MISTAKES({ "factor: lng}", "factor: lng, series: ets}", "{id: boiler",
                      "has no series \"ets\"; it has \"\"" },
                    { "factor: lng}", "series: ets}", "{id: boiler", "a series without a factor" },
                    { "{id: lng,",
                      "{id: lng, series: b, source: s, per: m3, co2: 2}\n  - {id: lng, series: a,",
                      "{id: boiler", "has no series \"\"; it has \"a\", \"b\"" });
}

static void units_of_different_dimensions_do_not_meet(void **state)
{
    (void)state;
    ASSERT_MISTAKES({ "unit: m3", "unit: kg", "{id: volume",
                      "mass meets volume only through a declared density" },
                    { "unit: m3", "unit: GJ", "{id: volume",
                      "energy meets volume only through a declared calorific value, which this "
                      "version does not offer" });
}

/* Without a factor it is the stream's points that must agree. */
static void points_of_one_stream_are_of_one_dimension(void **state)
{
    (void)state;
    ASSERT_MISTAKES({ "          - {id: volume, kind: register, unit: m3, stream: boiler, keep: "
                      "16, lateness: 1h}\n"
                      "  - id: office\n    zone: Europe/Berlin\n    streams:\n"
                      "      - {id: electricity, scope: 2, factor: kr-grid}\n",
                      "          - {id: volume, kind: register, unit: m3, stream: boiler, keep: "
                      "16, lateness: 1h}\n"
                      "  - id: office\n    zone: Europe/Berlin\n    streams:\n"
                      "      - {id: heat, scope: 2}\n"
                      "    devices:\n      - id: d\n        points:\n"
                      "          - {id: one, kind: register, unit: MJ, stream: heat}\n"
                      "          - {id: two, kind: register, unit: t, stream: heat}\n",
                      "{id: two",
                      "in t, which is mass; other points of stream \"heat\" are energy" });
}

static void a_point_declares_what_its_kind_needs_and_no_more(void **state)
{
    (void)state;
    ASSERT_MISTAKES(
        { "kind: state", "kind: state, unit: kWh", "{id: alive", "a state has no unit" },
        { "kind: state", "kind: state, stream: boiler", "{id: alive", "a state has no amounts" },
        { "kind: state", "kind: state, max_rate: 3", "{id: alive", "a state has no max_rate" },
        { "unit: m3, ", "", "{id: volume", "needs a unit" },
        { "stream: boiler, ", "", "{id: volume", "needs a stream" },
        { ", interval: 15min", "", "{id: quarter", "needs an interval above 0" },
        { "interval: 15min", "interval: 1500us", "{id: quarter",
          "interval must be whole milliseconds" },
        { "keep: 16", "interval: 15min", "{id: volume", "interval is for kind interval only" },
        { ", max_rate: 500", "", "{id: import", "a register with a modulus and no rate limit" },
        { "interval: 15min", "interval: 15min, modulus: 5", "{id: quarter",
          "modulus is for kind register only" },
        { "interval: 15min", "interval: 15min, reset_from_zero: true", "{id: quarter",
          "reset_from_zero is for kind register only" },
        { "interval: 15min", "interval: 15min, min: 0", "{id: quarter", "use max_rate" },
        { "keep: 16", "integrate: previous", "{id: volume", "integrate is for kind gauge only" },
        { "{id: volume, kind: register", "{id: volume, kind: event, max_rate: 3", "{id: volume",
          "use max" },
        { "{id: volume, kind: register", "{id: volume, kind: event, max: many", "{id: volume",
          "max is \"many\", not a decimal" },
        { "{id: volume, kind: register", "{id: volume, kind: event, min: 5, max: 4", "{id: volume",
          "min is above max" },
        { "kind: state", "kind: state, calibrated_until: 2026-01-31", "{id: alive",
          "calibrated_until is for points that measure" },
        { "keep: 16", "keep: 7", "{id: volume", "keep is 0 (the plan's) or at least 8" });
}

static void numbers_of_a_point_must_be_exact_and_fit(void **state)
{
    (void)state;
    ASSERT_MISTAKES(
        { "resolution: 0.001", "resolution: 0", "{id: import", "resolution must be above 0" },
        { "resolution: 0.001", "resolution: -0.001", "{id: import", "resolution must be above 0" },
        { "keep: 16", "resolution: 1000000.001", "{id: volume", "at most 1000000" },
        { "multiplier: 40", "multiplier: 0", "{id: import", "multiplier must be above 0" },
        { "multiplier: 40", "multiplier: -1", "{id: import", "multiplier must be above 0" },
        { "unit: m3, stream: boiler",
          "unit: US_gal, resolution: 0.000000000000000001, stream: boiler", "{id: volume",
          "together do not fit 63 bits" },
        { "modulus: 1000000", "modulus: 1000000.00001", "{id: import",
          "a whole multiple of the resolution" },
        { "modulus: 1000000", "modulus: 9000000000000000", "{id: import", "modulus is more ticks" },
        { "max_rate: 500", "max_rate: 9000000000000000", "{id: import", "max_rate is more ticks" },
        { "max_rate: 500", "max_rate: 0.0001", "{id: import",
          "less than one step of the resolution" });
}

static void units_that_are_unclear_or_of_another_basis_are_refused(void **state)
{
    (void)state;
    ASSERT_MISTAKES(
        { "per: m3", "per: Nm3", "{id: volume", "never mix" },
        { "unit: m3", "unit: degC", "{id: volume", "no stream can be summed" },
        { "unit: m3", "unit: scf", "{id: volume", "scf_60F or scf_68F" });
}

static void a_factor_says_what_it_covers_and_where_it_is_from(void **state)
{
    (void)state;
    ASSERT_MISTAKES(
        { "co2: 2.1, n2o: 0", "version: x", "{id: lng", "names no gas" },
        { "co2: 2.1, n2o: 0", "co2: ''", "{id: lng", "names no gas" },
        { "co2: 2.1", "co2: -2.1", "{id: lng", "CO2 is negative" },
        { "co2: 2.1", "co2: '2,1'", "{id: lng", "CO2 is \"2,1\", not a decimal" },
        { "n2o: 0", "n2o: none", "{id: lng", "N2O is \"none\", not a decimal like 0.4585" },
        { "co2: 2.1", "co2: 99999999999999999999", "{id: lng",
          "CO2 has more digits than 63 bits hold" },
        { "source: IPCC 2006, ", "", "{id: lng", "source" },
        { "source: IPCC 2006", "source: ''", "{id: lng", "source" });
}

static void rows_of_a_factor_follow_each_other_without_gap_or_overlap(void **state)
{
    (void)state;
    ASSERT_MISTAKES(
        { "valid_from: 2019-01-01", "valid_from: 2018-12-31", "{id: kr-grid",
          "overlaps that of the row on line 3" },
        { "valid_from: 2019-01-01", "valid_from: 2018-01-01", "{id: kr-grid", "overlaps" },
        { "valid_from: 2019-01-01", "valid_from: 2019-01-02", "{id: kr-grid",
          "a hole – no row is valid between 2018-12-31 (line 3) and 2019-01-02" },
        { "    valid_to: 2018-12-31\n", "", "{id: kr-grid", "overlaps that of the row on line 3" },
        { "valid_to: 2018-12-31", "valid_to: 2017-12-31", "id: kr-grid",
          "valid_from lies after valid_to" },
        { "valid_from: 2019-01-01, ", "", "id: kr-grid", "overlaps that of the row on line 11" },
        { "valid_from: 2019-01-01", "valid_from: 2019-01-01, valid_to: 9999-12-31", "{id: kr-grid",
          "2999-12-31" },
        { "per: MWh, valid", "per: kg, valid", "{id: kr-grid", "mass and energy do not mix" });
}

static void a_site_publishes_what_it_can_tell(void **state)
{
    (void)state;
    ASSERT_MISTAKES({ "periods: [1min, 15min, hour, day, month]", "periods: []", "id: plant",
                      "publishes nothing" },
                    { "    publish_shorter: true\n", "", "id: plant",
                      "period 1min is shorter than its shortest interval (900 s)" },
                    { "publish_shorter: true", "smallest: 15min\n    publish_shorter: true",
                      "id: plant", "a published 1min needs smallest: 1min" });
}

static void topics_are_filters_with_two_placeholders(void **state)
{
    (void)state;
#define TOPIC(text)                                                                                \
    "gateway: gw-1\n", "gateway: gw-1\ntopics:\n  - {topic: '" text "', decoder: reading}\n",      \
        "{topic:"
    ASSERT_MISTAKES({ TOPIC("a/#/b"), "# may only be the last level" },
                    { TOPIC("a/b#"), "a wildcard must be a level of its own" },
                    { TOPIC("a/+b"), "a wildcard must be a level of its own" },
                    { TOPIC("a/{point}"), "a level is a text, +, {site}, {device} or {region}" },
                    { TOPIC("a/x{site}"), "a level is a text" },
                    { TOPIC("{site}/{site}"), "may stand once each" },
                    { TOPIC("{device}/a/{device}"), "may stand once each" },
                    { TOPIC("$share/g/a"), "a shared subscription" },
                    { "gateway: gw-1\n",
                      "gateway: gw-1\ntopics:\n  - {topic: a, decoder: reading}\n  - {topic: a, "
                      "decoder: batch}\n",
                      "{topic: a, decoder: batch}", "stands twice, first on line 3" });
#undef TOPIC
}

static void the_gateway_must_have_a_name(void **state)
{
    (void)state;
    ASSERT_MISTAKES({ "gateway: gw-1\n", "", "factors:", "gateway" });
}

/* Nobody should have to run check once per mistake. */
static void all_mistakes_are_told_at_once(void **state)
{
    (void)state;
    static const char yaml[] = "gatway: gw-1\n"
                               "keep: 3\n"
                               "topics:\n"
                               "  - {topic: 'a/#/b', decoder: reading}\n"
                               "factors:\n"
                               "  - {id: f, source: s, per: kwh}\n"
                               "sites:\n"
                               "  - id: s\n"
                               "    zone: Nowhere/Land\n"
                               "    streams:\n"
                               "      - {id: e, scope: 4, factor: g}\n"
                               "    devices:\n"
                               "      - id: d\n"
                               "        points:\n"
                               "          - {id: p, kind: register, unit: kWh, stream: x}\n"
                               "          - {id: p, kind: state, unit: kWh}\n";
    static const struct {
        uint32_t line;
        const char *says;
    } expected[] = {
        { 1, "gatway" },
        { 2, "keep" },
        { 4, "# may only" },
        { 6, "did you mean \"kWh\"" },
        { 6, "names no gas" },
        { 8, "Nowhere/Land" },
        { 11, "scope" },
        { 11, "no factor \"g\"" },
        { 15, "no stream \"x\"" },
        { 16, "stands twice" },
        { 16, "a state has no unit" },
    };
    struct arena arena;
    arena_init(&arena, 0);
    struct problems problems;
    problems_init(&problems, "plan.yaml", &arena);
    struct plan *p = NULL;
    assert_int_equal(plan_read(slice_of(yaml), &problems, &p), OPTION_WRONG);

    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        bool is_told = false;
        for (size_t k = 0; k < problems.n; k++)
            is_told |= problems.at[k].place.line == expected[i].line &&
                       strstr(problems.at[k].text, expected[i].says) != NULL;
        if (!is_told)
            print_error("not told: line %u, %s\n", expected[i].line, expected[i].says);
        assert_true(is_told);
    }
    problems_fini(&problems);
    arena_fini(&arena);
}

static void what_is_no_yaml_is_a_problem_and_nothing_worse(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", "[", "gateway: [a", "sites: 5\ngateway: g", "\xff\xfe", "- a\n- b"
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct arena arena;
        arena_init(&arena, 0);
        struct problems problems;
        problems_init(&problems, "plan.yaml", &arena);
        struct plan *p = NULL;
        assert_int_equal(plan_read(slice_of(texts[i]), &problems, &p), OPTION_WRONG);
        assert_true(problems.n > 0);
        problems_fini(&problems);
        arena_fini(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_itself_has_no_mistake),
        cmocka_unit_test(a_name_may_stand_once_where_it_is_looked_up),
        cmocka_unit_test(references_that_lead_nowhere_name_the_nearest),
        cmocka_unit_test(a_series_is_told_where_a_factor_has_several),
        cmocka_unit_test(units_of_different_dimensions_do_not_meet),
        cmocka_unit_test(points_of_one_stream_are_of_one_dimension),
        cmocka_unit_test(a_point_declares_what_its_kind_needs_and_no_more),
        cmocka_unit_test(numbers_of_a_point_must_be_exact_and_fit),
        cmocka_unit_test(units_that_are_unclear_or_of_another_basis_are_refused),
        cmocka_unit_test(a_factor_says_what_it_covers_and_where_it_is_from),
        cmocka_unit_test(rows_of_a_factor_follow_each_other_without_gap_or_overlap),
        cmocka_unit_test(a_site_publishes_what_it_can_tell),
        cmocka_unit_test(topics_are_filters_with_two_placeholders),
        cmocka_unit_test(the_gateway_must_have_a_name),
        cmocka_unit_test(all_mistakes_are_told_at_once),
        cmocka_unit_test(what_is_no_yaml_is_a_problem_and_nothing_worse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
