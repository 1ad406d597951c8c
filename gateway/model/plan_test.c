/* A plan without mistakes: what follows from its lines, how it is looked up, and that its canonical
 * form says all of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "model/plan.h"
#include "model/plan_example_test.h"

static struct plan *read_plan(struct slice yaml)
{
    struct arena arena;
    arena_init(&arena, 0);
    struct problems problems;
    problems_init(&problems, "plan.yaml", &arena);
    struct plan *p = NULL;
    if (plan_read(yaml, &problems, &p) != 0)
        for (size_t i = 0; i < problems.n; i++)
            print_error("%u: %s\n", problems.at[i].place.line, problems.at[i].text);
    problems_fini(&problems);
    arena_fini(&arena);
    assert_non_null(p);
    return p;
}

static struct plan *read_example_with(const char *from, const char *to)
{
    struct buffer yaml = { 0 };
    plan_example_with(from, to, &yaml);
    struct plan *p = read_plan(buffer_slice(&yaml));
    buffer_fini(&yaml);
    return p;
}

static const struct point *point_of(const struct plan *p, const char *device, const char *point)
{
    int32_t d = plan_device(p, plan_site(p, slice_of("plant")), slice_of(device));
    int32_t i = plan_point(p, d, slice_of(point));
    assert_true(i >= 0);
    return &p->points[i];
}

static void assert_ratio(struct ratio r, int64_t num, int64_t den)
{
    assert_int_equal(r.num, num);
    assert_int_equal(r.den, den);
}

static void numbers_of_a_point_follow_exactly(void **state)
{
    (void)state;
    struct plan *p = read_plan(slice_of(plan_example));
    const struct point *pt = point_of(p, "main-meter", "import");
    assert_ratio(pt->tick, 1, 1000);
    assert_ratio(pt->tick_of_raw, 1, 40000);     /* 0.001 kWh / 40 */
    assert_ratio(pt->tick_to_micro, 1000000, 1); /* 1 Wh */
    assert_int_equal(pt->modulus_ticks, INT64_C(40000000000));
    assert_int_equal(pt->max_rate_ticks_per_hour, 550000);

    pt = point_of(p, "main-meter", "quarter");
    assert_ratio(pt->tick, 1, 1000000);
    assert_ratio(pt->tick_to_micro, 1000, 1);
    assert_int_equal(pt->interval_us, INT64_C(900000000));
    assert_int_equal(pt->modulus_ticks, 0);
    assert_int_equal(pt->max_rate_ticks_per_hour, 0);
    plan_free(p);
}

/* A raw value goes to ticks in one step, however odd the transformer. */
static void ticks_of_a_raw_value_are_exact(void **state)
{
    (void)state;
    struct plan *p = read_example_with("multiplier: 40", "multiplier: 0.7");
    const struct point *pt = point_of(p, "main-meter", "import");
    int64_t ticks;
    assert_int_equal(number_ticks(10.0, pt->tick_of_raw, &ticks), 0);
    assert_int_equal(ticks, 7000);
    assert_int_equal(pt->modulus_ticks, 700000000);
    plan_free(p);
}

static void bounds_come_from_the_plan_where_the_point_gives_none(void **state)
{
    (void)state;
    struct plan *p = read_example_with("gateway: gw-1\n",
                                       "gateway: gw-1\nkeep: 500\nlateness: 2d\nidle: 7min\n");
    const struct point *pt = point_of(p, "main-meter", "alive");
    assert_int_equal(pt->keep, 500);
    assert_int_equal(pt->lateness_us, INT64_C(172800000000));
    pt = point_of(p, "gas-meter", "volume");
    assert_int_equal(pt->keep, 16);
    assert_int_equal(pt->lateness_us, INT64_C(3600000000));
    assert_int_equal(p->devices[0].idle_us, INT64_C(420000000));
    assert_int_equal(p->devices[1].idle_us, INT64_C(3600000000));
    plan_free(p);
}

static void presets_are_those_documented(void **state)
{
    (void)state;
    struct plan *p = read_plan(slice_of("gateway: g\nsites: [{id: s, zone: UTC}]\n"));
    assert_int_equal(p->gwp_set, GWP_AR6);
    assert_int_equal(p->max_future_us, INT64_C(300000000));
    assert_int_equal(p->lateness_us, INT64_C(86400000000));
    assert_int_equal(p->keep, 128);
    assert_int_equal(p->idle_us, INT64_C(300000000));
    assert_int_equal(p->max_payload_bytes, 1000000);
    const struct site *s = &p->sites[0];
    assert_int_equal(s->periods, 1u << PERIOD_QUARTER_HOUR | 1u << PERIOD_HOUR | 1u << PERIOD_DAY |
                                     1u << PERIOD_MONTH);
    assert_int_equal(s->smallest, PERIOD_MINUTE);
    assert_int_equal(s->grace_us, INT64_C(120000000));
    assert_int_equal(s->max_lag_us, INT64_C(900000000));
    assert_int_equal(s->restate_every_us, INT64_C(60000000));
    assert_false(s->publish_shorter);
    plan_free(p);
}

static void arrays_stand_in_the_order_of_the_document(void **state)
{
    (void)state;
    struct plan *p = read_plan(slice_of(plan_example));
    assert_int_equal(p->n_sites, 2);
    assert_int_equal(p->n_devices, 2);
    assert_int_equal(p->n_points, 4);
    assert_int_equal(p->n_streams, 3);
    assert_int_equal(p->n_factors, 3);
    for (size_t i = 0; i < p->n_points; i++) {
        const struct point *pt = &p->points[i];
        const struct device *d = &p->devices[pt->device];
        assert_int_equal(pt->index, i);
        assert_int_equal(pt->site, d->site);
        assert_true(i >= (size_t)(d->points[0] - p->points));
    }
    assert_string_equal(p->points[3].id, "volume");
    assert_int_equal(p->points[0].stream, 0);
    assert_int_equal(p->points[2].stream, -1);
    assert_null(p->points[2].unit);
    assert_int_equal(p->points[3].stream, 1);
    assert_int_equal(p->sites[1].first_stream, 2);
    assert_int_equal(p->sites[1].n_streams, 1);
    assert_int_equal(p->sites[1].n_devices, 0);
    plan_free(p);
}

static void a_stream_is_of_its_points_dimension_or_else_of_its_factors(void **state)
{
    (void)state;
    struct plan *p = read_plan(slice_of(plan_example));
    assert_int_equal(p->streams[0].dimension, DIMENSION_ENERGY);
    assert_int_equal(p->streams[1].dimension, DIMENSION_VOLUME);
    assert_int_equal(p->streams[2].dimension, DIMENSION_ENERGY); /* no points */
    plan_free(p);
}

static void a_name_is_found_under_its_parent_alone(void **state)
{
    (void)state;
    struct plan *p = read_plan(slice_of(plan_example));
    assert_int_equal(plan_site(p, slice_of("plant")), 0);
    assert_int_equal(plan_site(p, slice_of("office")), 1);
    assert_int_equal(plan_site(p, slice_of("main-meter")), -1);
    assert_int_equal(plan_site(p, slice_of("Plant")), -1);
    assert_int_equal(plan_site(p, slice_of("plan")), -1);
    assert_int_equal(plan_site(p, (struct slice){ 0 }), -1);
    assert_int_equal(plan_device(p, 0, slice_of("gas-meter")), 1);
    assert_int_equal(plan_device(p, 1, slice_of("gas-meter")), -1);
    assert_int_equal(plan_device(p, -1, slice_of("gas-meter")), -1);
    assert_int_equal(plan_point(p, 1, slice_of("volume")), 3);
    assert_int_equal(plan_point(p, 0, slice_of("volume")), -1);
    assert_int_equal(plan_point(p, 0, slice_of("electricity")), -1); /* a stream's */
    plan_free(p);
}

static void every_name_of_a_large_plan_is_found(void **state)
{
    (void)state;
    enum { SITES = 300, DEVICES = 5 };
    struct buffer yaml = { 0 };
    buffer_print(&yaml, "gateway: g\nsites:\n");
    for (int s = 0; s < SITES; s++) {
        buffer_print(&yaml, "  - id: s%d\n    zone: UTC\n    devices:\n", s);
        for (int d = 0; d < DEVICES; d++)
            buffer_print(&yaml, "      - {id: d%d, points: [{id: p, kind: state}]}\n", d);
    }
    struct plan *p = read_plan(buffer_slice(&yaml));
    for (int s = 0; s < SITES; s++) {
        char id[16];
        snprintf(id, sizeof id, "s%d", s);
        assert_int_equal(plan_site(p, slice_of(id)), s);
        for (int d = 0; d < DEVICES; d++) {
            snprintf(id, sizeof id, "d%d", d);
            int32_t device = plan_device(p, s, slice_of(id));
            assert_int_equal(device, s * DEVICES + d);
            assert_int_equal(plan_point(p, device, slice_of("p")), device);
        }
    }
    plan_free(p);
    buffer_fini(&yaml);
}

static void the_canonical_form_says_everything(void **state)
{
    (void)state;
    struct plan *p = read_plan(slice_of(plan_example));
    struct plan *again = read_plan(p->canonical);
    assert_true(slice_equal(p->canonical, again->canonical));
    assert_string_equal(p->hash, again->hash);
    assert_string_equal(p->factors_hash, again->factors_hash);
    assert_int_equal(again->points[0].modulus_ticks, p->points[0].modulus_ticks);
    assert_int_equal(again->points[3].keep, 16);

    char hash[65];
    hash_sha256(p->canonical, hash);
    assert_string_equal(p->hash, hash);
    plan_free(again);
    plan_free(p);
}

/* Not covered is not 0, also after a replay. */
static void an_absent_gas_stays_absent(void **state)
{
    (void)state;
    struct plan *first = read_plan(slice_of(plan_example));
    struct plan *p = read_plan(first->canonical);
    const struct factor *lng = &p->factors[2];
    assert_string_equal(lng->id, "lng");
    assert_int_equal(lng->n_gases, 2);
    assert_int_equal(lng->gases[0].gas, GAS_CO2_FOSSIL);
    assert_int_equal(lng->gases[0].kg.mantissa, 21);
    assert_int_equal(lng->gases[0].kg.scale, 1);
    assert_int_equal(lng->gases[1].gas, GAS_N2O);
    assert_int_equal(lng->gases[1].kg.mantissa, 0);
    plan_free(p);
    plan_free(first);
}

static void the_hash_tells_meaning_and_not_manner(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
        bool is_same, has_same_factors;
    } cases[] = {
        { "gateway: gw-1\n", "# a comment\ngateway:   \"gw-1\"\n", true, true },
        { "gateway: gw-1\n", "gateway: gw-1\nkeep: 128\nlateness: 1440min\n", true, true },
        { "gateway: gw-1\n",
          "gateway: gw-1\ntopics:\n"
          "  - {topic: 'carbon/v1/{site}/{device}/reading', decoder: reading}\n"
          "  - {topic: 'carbon/v1/{site}/{device}/batch', decoder: batch}\n",
          true, true },
        { "gateway: gw-1\n", "gateway: gw-1\nkeep: 129\n", false, true },
        { "keep: 16", "keep: 17", false, true },
        { "gateway: gw-1\n", "gateway: gw-1\ngwp_set: AR5\n", false, false },
        { "co2: 2.1", "co2: 2.2", false, false },
        { "co2: 2.1, n2o: 0", "co2: 2.1", false, false },
        { "source: IPCC 2006", "source: IPCC 2019", false, false },
    };
    struct plan *p = read_plan(slice_of(plan_example));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct plan *other = read_example_with(cases[i].from, cases[i].to);
        assert_int_equal(strcmp(p->hash, other->hash) == 0, cases[i].is_same);
        assert_int_equal(strcmp(p->factors_hash, other->factors_hash) == 0,
                         cases[i].has_same_factors);
        plan_free(other);
    }
    plan_free(p);
}

static void topics_that_are_not_declared_stand_in_the_canonical_form(void **state)
{
    (void)state;
    struct plan *p = read_plan(slice_of(plan_example));
    const struct topic_rule *rules = p->topics.at;
    assert_int_equal(p->topics.n, 2);
    assert_string_equal(rules[0].pattern, "carbon/v1/{site}/{device}/reading");
    assert_string_equal(rules[0].decoder, "reading");
    assert_string_equal(rules[1].pattern, "carbon/v1/{site}/{device}/batch");
    assert_string_equal(rules[1].decoder, "batch");
    assert_non_null(strstr((const char *)p->canonical.at, "carbon/v1/{site}/{device}/batch"));
    plan_free(p);
}

static void topics_that_are_declared_stand_alone(void **state)
{
    (void)state;
    struct plan *first = read_example_with(
        "gateway: gw-1\n", "gateway: gw-1\ntopics:\n  - {topic: '/+/{device}//x/#', decoder: json, "
                           "options: {time: ts, a: [1, 2]}}\n");
    struct plan *p = read_plan(first->canonical);
    const struct topic_rule *rules = p->topics.at;
    assert_int_equal(p->topics.n, 1);
    assert_string_equal(rules[0].decoder, "json");
    assert_true(rules[0].options.yaml.size > 0);
    plan_free(p);
    plan_free(first);
}

/* As the configuration file's table does it: the plan is a member, filled by option_read. */
static void a_plan_may_be_embedded(void **state)
{
    (void)state;
    struct arena texts;
    arena_init(&texts, 0);
    struct problems problems;
    problems_init(&problems, "plan.yaml", &texts);
    struct plan p = { 0 };
    arena_init(&p.arena, 0);
    assert_int_equal(option_read(plan_options, &p, slice_of(plan_example), &p.arena, &problems), 0);
    assert_int_equal(plan_check(&p, &problems), 0);

    struct plan *other = read_plan(slice_of(plan_example));
    assert_string_equal(p.hash, other->hash);
    plan_free(other);
    plan_fini(&p);
    plan_fini(&p);
    plan_fini(NULL);
    plan_free(NULL);
    problems_fini(&problems);
    arena_fini(&texts);
}

/* What option_read disliked makes the plan no good, also when the check finds nothing more. */
static void a_check_after_a_mistake_in_reading_refuses(void **state)
{
    (void)state;
    struct buffer yaml = { 0 };
    plan_example_with("zone: Europe/Berlin", "zone: Europe/Berlin\n    colour: red", &yaml);
    struct plan p = { 0 };
    arena_init(&p.arena, 0);
    struct problems problems;
    problems_init(&problems, "plan.yaml", &p.arena);
    assert_int_equal(option_read(plan_options, &p, buffer_slice(&yaml), &p.arena, &problems),
                     OPTION_WRONG);
    assert_int_equal(plan_check(&p, &problems), OPTION_WRONG);
    assert_int_equal(problems.n, 1);
    problems_fini(&problems);
    plan_fini(&p);
    buffer_fini(&yaml);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_a_point_follow_exactly),
        cmocka_unit_test(ticks_of_a_raw_value_are_exact),
        cmocka_unit_test(bounds_come_from_the_plan_where_the_point_gives_none),
        cmocka_unit_test(presets_are_those_documented),
        cmocka_unit_test(arrays_stand_in_the_order_of_the_document),
        cmocka_unit_test(a_stream_is_of_its_points_dimension_or_else_of_its_factors),
        cmocka_unit_test(a_name_is_found_under_its_parent_alone),
        cmocka_unit_test(every_name_of_a_large_plan_is_found),
        cmocka_unit_test(the_canonical_form_says_everything),
        cmocka_unit_test(an_absent_gas_stays_absent),
        cmocka_unit_test(the_hash_tells_meaning_and_not_manner),
        cmocka_unit_test(topics_that_are_not_declared_stand_in_the_canonical_form),
        cmocka_unit_test(topics_that_are_declared_stand_alone),
        cmocka_unit_test(a_plan_may_be_embedded),
        cmocka_unit_test(a_check_after_a_mistake_in_reading_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
