/* What check says of derived points: one document that is right, and what is said when a piece of it differs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/plan.h"

static const char document[] =
    "gateway: gw\n"
    "sites:\n"
    "  - id: works\n"
    "    zone: UTC\n"
    "    periods: [hour]\n"
    "    streams:\n"
    "      - {id: gas, scope: 1}\n"
    "      - {id: norm, scope: 1}\n"
    "      - {id: stack, scope: 1}\n"
    "    devices:\n"
    "      - id: cems\n"
    "        points:\n"
    "          - {id: co2, kind: gauge, unit: g/Nm3.dry, period: 5min}\n"
    "          - {id: nox, kind: gauge, unit: ppm_vol.dry, period: 5min}\n"
    "          - {id: flow, kind: gauge, unit: Nm3.wet/h, period: 5min}\n"
    "          - {id: h2o, kind: gauge, unit: '%vol.wet', period: 5min}\n"
    "          - {id: o2, kind: gauge, unit: '%vol.dry', period: 5min}\n"
    "          - {id: temperature, kind: gauge, unit: degC, period: 5min}\n"
    "          - {id: pressure, kind: gauge, unit: bar.abs, period: 5min}\n"
    "          - {id: volume, kind: register, unit: m3, stream: gas}\n"
    "          - {id: stack, kind: derived, formula: stack, unit: kg, stream: stack,\n"
    "             inputs: [{as: concentration, point: co2}, {as: flow, point: cems/flow}, {as: moisture, point: h2o}]}\n"
    "          - {id: norm, kind: derived, formula: gas_reference, unit: Nm3, stream: norm,\n"
    "             inputs: [{point: volume}, {as: temperature, point: temperature}, {as: pressure, point: pressure}]}\n";

struct row {
    const char *from, *to;       /* in the document */
    const char *said;            /* a piece of what check says; NULL: nothing */
};

static void assert_said(const struct row *row)
{
    struct buffer text = { 0 }, said = { 0 };
    struct arena arena;
    struct problems problems;
    struct plan *plan = NULL;
    const char *at = strstr(document, row->from);
    assert_non_null(at);
    buffer_put(&text, document, (size_t)(at - document));
    buffer_print(&text, "%s%s", row->to, at + strlen(row->from));
    arena_init(&arena, 0);
    problems_init(&problems, "test", &arena);
    int rc = plan_read(buffer_slice(&text), &problems, &plan);
    problems_print(&problems, &said);
    buffer_put_u8(&said, 0);
    if ((rc == 0) != (row->said == NULL) || (row->said && !strstr((const char *)said.at, row->said)))
        fail_msg("\"%s\" gave \"%s\"", row->to, (const char *)said.at);
    plan_free(plan);
    problems_fini(&problems);
    arena_fini(&arena);
    buffer_fini(&text);
    buffer_fini(&said);
}

static void all_of(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_said(&rows[i]);
}

#define SAY(rows) all_of(rows, sizeof(rows) / sizeof *(rows))

static void inputs_exist_and_are_what_their_formula_takes(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "gateway", "gateway", NULL },
        { "point: h2o", "point: h2", "did you mean \"h2o\"" },
        { "cems/flow", "cems/flows", "did you mean \"cems/flow\"" },
        { "as: moisture", "as: pressure", "must be an absolute pressure, as bar.abs" },
        { "as: moisture", "as: flow", "a second input as flow" },
        { "as: flow, point: cems/flow", "as: flow, point: volume", "must be a gauge" },
        { "{as: concentration, point: co2}, ", "", "needs an input as concentration" },
        { "bar.abs", "bar.gauge", "must be an absolute pressure" },
        { "flow, kind: gauge, unit: Nm3.wet/h, period: 5min", "flow, kind: gauge, unit: Nm3.wet/h", "needs its period" },
        { "{point: volume}", "{point: pressure}", "has no amounts" },
        { "unit: kg, stream: stack", "unit: kWh, stream: stack", "what formula stack gives is mass" },
        { "formula: stack, ", "", "kind derived needs a formula" },
        { "kind: register, unit: m3", "kind: register, formula: sum, unit: m3", "for kind derived only" },
        { "periods: [hour]", "periods: [15min]", "shorter than its shortest interval" },
    };
    SAY(rows);
}

static void nothing_follows_from_itself(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "formula: gas_reference, unit: Nm3, stream: norm,\n"
          "             inputs: [{point: volume}, {as: temperature, point: temperature}, {as: pressure, point: pressure}]",
          "formula: sum, unit: m3, stream: norm, inputs: [{point: norm}]", "is computed from itself" },
    };
    SAY(rows);
}

static void conditions_that_contradict_each_other_are_refused(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { ", {as: moisture, point: h2o}", "", "meets a wet flow only through a moisture" },
        { "g/Nm3.dry", "g/Nm3", "must both say dry or wet" },
        { "Nm3.wet/h", "m3/h", "only through temperature and pressure" },
        { "point: h2o}]}", "point: h2o}], with: {oxygen_reference_percent: 6, source: s}}",
          "needs the oxygen that is there" },
        { "point: h2o}]}", "point: h2o}, {as: oxygen, point: o2}]}", "oxygen has no bearing" },
        { "point: h2o}]}", "point: h2o}], with: {concentration_oxygen_percent: 6, source: s}}",
          "and the flow is not" },
        { "point: h2o}]}",
          "point: h2o}], with: {concentration_oxygen_percent: 6, oxygen_reference_percent: 6, source: s}}", NULL },
        { "point: h2o}]}",
          "point: h2o}, {as: oxygen, point: o2}], with: {oxygen_reference_percent: 6, source: s}}", NULL },
        { "point: co2}", "point: nox}", "which needs it" },
        { "point: h2o}]}", "point: h2o}], with: {molar_mass: 44, source: s}}", "for a concentration by volume" },
        { "unit: Nm3, stream: norm", "unit: m3, stream: norm", "gives a volume at a reference" },
        { "volume, kind: register, unit: m3", "volume, kind: register, unit: Nm3", "at a reference already" },
    };
    SAY(rows);
}

static void constants_have_a_source_and_a_range(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { ", {as: moisture, point: h2o}]}", "], with: {moisture_percent: 8.5, source: laboratory}}", NULL },
        { ", {as: moisture, point: h2o}]}", "], with: {moisture_percent: 8.5}}", "constants need a source" },
        { ", {as: moisture, point: h2o}]}", "], with: {moisture_percent: 100, source: s}}", "a number from 0 to 99" },
        { ", {as: moisture, point: h2o}]}", "], with: {moisture_percent: wet, source: s}}", "a number from 0 to 99" },
        { "point: h2o}]}", "point: h2o}], with: {moisture_percent: 8, source: s}}", "an input and a constant" },
        { "point: h2o}]}", "point: h2o}], with: {enthalpy: 8, source: s}}", "knows no enthalpy" },
        { "point: h2o}]}", "point: h2o}], with: {hour_rule: us}}", "hour_rule" },
    };
    SAY(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inputs_exist_and_are_what_their_formula_takes),
        cmocka_unit_test(nothing_follows_from_itself),
        cmocka_unit_test(conditions_that_contradict_each_other_are_refused),
        cmocka_unit_test(constants_have_a_source_and_a_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
