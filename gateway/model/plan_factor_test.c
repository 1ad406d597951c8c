/* Which factor is valid when: by the site's own midnight, from the first instant to the last. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "model/plan.h"

/* Stream 0: Seoul; 1: Berlin; both of three rows. 2: a series of its own; 3: no factor at all. */
static const char yaml[] =
    "gateway: g\n"
    "factors:\n"
    "  - {id: grid, source: s, per: kWh, co2: 3, valid_from: 2020-02-29, valid_to: 2020-12-31}\n"
    "  - {id: grid, source: s, per: kWh, co2: 1, valid_from: 2018-01-01, valid_to: 2018-12-31}\n"
    "  - {id: grid, source: s, per: kWh, co2: 2, valid_from: 2019-01-01, valid_to: 2020-02-28}\n"
    "  - {id: grid, series: ets, source: s, per: kWh, co2: 9}\n"
    "sites:\n"
    "  - {id: a, zone: Asia/Seoul, streams: [{id: e, scope: 2, factor: grid}]}\n"
    "  - {id: b, zone: Europe/Berlin, streams: [{id: e, scope: 2, factor: grid},\n"
    "     {id: f, scope: 2, factor: grid, series: ets}, {id: g, scope: 1}]}\n";

static struct plan *read_plan(const char *text)
{
    struct arena arena;
    arena_init(&arena, 0);
    struct problems problems;
    problems_init(&problems, "plan.yaml", &arena);
    struct plan *p = NULL;
    if (plan_read(slice_of(text), &problems, &p) != 0)
        for (size_t i = 0; i < problems.n; i++)
            print_error("%u: %s\n", problems.at[i].place.line, problems.at[i].text);
    problems_fini(&problems);
    arena_fini(&arena);
    assert_non_null(p);
    return p;
}

static int64_t at(const char *text)
{
    int64_t us;
    assert_int_equal(time_parse(text, &us), 0);
    return us;
}

/* kg of CO2 of the factor valid then; 0: none. */
static int64_t kg_at(const struct plan *p, int32_t stream, int64_t t_us)
{
    int32_t f = plan_factor_at(p, stream, t_us);
    return f < 0 ? 0 : p->factors[f].gases[0].kg.mantissa;
}

static void a_factor_is_valid_from_midnight_to_midnight_of_its_site(void **state)
{
    (void)state;
    static const struct {
        int32_t stream;
        const char *edge;
        int64_t before, after;
    } cases[] = {
        { 0, "2017-12-31T15:00:00.000Z", 0, 1 }, { 1, "2017-12-31T23:00:00.000Z", 0, 1 },
        { 0, "2018-12-31T15:00:00.000Z", 1, 2 }, { 1, "2018-12-31T23:00:00.000Z", 1, 2 },
        { 0, "2020-02-28T15:00:00.000Z", 2, 3 }, { 1, "2020-02-28T23:00:00.000Z", 2, 3 },
        { 0, "2020-12-31T15:00:00.000Z", 3, 0 }, { 1, "2020-12-31T23:00:00.000Z", 3, 0 },
    };
    struct plan *p = read_plan(yaml);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t edge_us = at(cases[i].edge);
        assert_int_equal(kg_at(p, cases[i].stream, edge_us - 1), cases[i].before);
        assert_int_equal(kg_at(p, cases[i].stream, edge_us), cases[i].after);
        assert_int_equal(plan_factor_edge(p, cases[i].stream, edge_us - 1), edge_us);
    }
    plan_free(p);
}

static void edges_lead_through_all_rows_and_end(void **state)
{
    (void)state;
    struct plan *p = read_plan(yaml);
    int64_t t_us = INT64_MIN;
    static const int64_t kg[] = { 0, 1, 2, 3, 0 };
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(kg_at(p, 0, t_us), kg[i]);
        t_us = plan_factor_edge(p, 0, t_us);
    }
    assert_int_equal(t_us, INT64_MAX);
    assert_int_equal(plan_factor_edge(p, 0, INT64_MAX), INT64_MAX);
    plan_free(p);
}

static void an_open_factor_is_valid_always(void **state)
{
    (void)state;
    struct plan *p = read_plan(yaml);
    assert_int_equal(kg_at(p, 2, INT64_MIN), 9);
    assert_int_equal(kg_at(p, 2, 0), 9);
    assert_int_equal(kg_at(p, 2, INT64_MAX - 1), 9);
    assert_int_equal(plan_factor_edge(p, 2, INT64_MIN), INT64_MAX);
    plan_free(p);
}

static void a_stream_without_a_factor_has_none_at_any_time(void **state)
{
    (void)state;
    struct plan *p = read_plan(yaml);
    assert_int_equal(plan_factor_at(p, 3, 0), -1);
    assert_int_equal(plan_factor_edge(p, 3, 0), INT64_MAX);
    assert_int_equal(p->streams[3].dimension, DIMENSION_NONE);
    plan_free(p);
}

static void the_only_series_of_a_factor_needs_no_name(void **state)
{
    (void)state;
    struct plan *p =
        read_plan("gateway: g\nfactors: [{id: f, series: x, source: s, per: t, co2: 5}]\n"
                  "sites: [{id: s, zone: UTC, streams: [{id: e, scope: 1, factor: f}]}]\n");
    assert_int_equal(kg_at(p, 0, 0), 5);
    plan_free(p);
}

/* The last day of a row and the first of the next, wherever the calendar turns. */
static void the_day_after_is_the_calendars(void **state)
{
    (void)state;
    static const struct {
        const char *last, *next;
    } cases[] = {
        { "2019-01-30", "2019-01-31" }, { "2019-01-31", "2019-02-01" },
        { "2019-02-28", "2019-03-01" }, { "2020-02-28", "2020-02-29" },
        { "2020-02-29", "2020-03-01" }, { "2100-02-28", "2100-03-01" },
        { "2000-02-28", "2000-02-29" }, { "2019-04-30", "2019-05-01" },
        { "2019-12-31", "2020-01-01" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buffer text = { 0 };
        buffer_print(&text,
                     "gateway: g\nfactors:\n"
                     "  - {id: f, source: s, per: t, co2: 1, valid_to: %s}\n"
                     "  - {id: f, source: s, per: t, co2: 2, valid_from: %s}\n"
                     "sites: [{id: s, zone: UTC, streams: [{id: e, scope: 1, factor: f}]}]\n",
                     cases[i].last, cases[i].next);
        buffer_put_u8(&text, 0);
        struct plan *p = read_plan((const char *)text.at);
        assert_int_equal(plan_factor_edge(p, 0, INT64_MIN), at(cases[i].next));
        assert_int_equal(kg_at(p, 0, at(cases[i].next) - 1), 1);
        assert_int_equal(kg_at(p, 0, at(cases[i].next)), 2);
        plan_free(p);
        buffer_fini(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_factor_is_valid_from_midnight_to_midnight_of_its_site),
        cmocka_unit_test(edges_lead_through_all_rows_and_end),
        cmocka_unit_test(an_open_factor_is_valid_always),
        cmocka_unit_test(a_stream_without_a_factor_has_none_at_any_time),
        cmocka_unit_test(the_only_series_of_a_factor_needs_no_name),
        cmocka_unit_test(the_day_after_is_the_calendars),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
