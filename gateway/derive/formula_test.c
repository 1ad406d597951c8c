/* Formulas by their figures: published rows of tests/vectors/carbon-vectors.csv bear their names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "derive/formula.h"
#include "derive/stack.h"

#define HOUR_US INT64_C(3600000000)
#define MINUTE_US INT64_C(60000000)

/* A derived point with up to four inputs, whose ticks are micros of their base unit. */
struct bench {
    struct plan plan;
    struct point points[5];      /* the derived one first */
    struct derivation d;
    struct derive_input inputs[4];
    struct derive_sum sums[4];
    struct given given;
};

static void bench_open(struct bench *b, enum formula formula)
{
    memset(b, 0, sizeof *b);
    b->plan.points = b->points;
    b->plan.n_points = 5;
    b->points[0].tick_to_micro = (struct ratio){ 1, 1 };
    b->d = (struct derivation){ .formula = formula, .every_us = HOUR_US, .inputs = b->inputs };
    b->d.base_enthalpy = (struct ratio){ 8374, 100 };
    b->d.base_temperature = (struct ratio){ 29315, 100 };
    b->d.specific_heat = (struct ratio){ 41868, 10000 };
    b->d.compressibility = b->d.reference_compressibility = (struct ratio){ 1, 1 };
    for (int i = 0; i < SLOT_COUNT; i++)
        b->d.slots[i] = -1;
}

static struct derive_sum *add_input(struct bench *b, enum slot slot, int64_t num, int64_t den)
{
    size_t i = b->d.n_inputs++;
    b->d.slots[slot] = (int32_t)i;
    b->inputs[i] = (struct derive_input){ .slot = (int)slot, .point = (int32_t)i + 1, .scale = { num, den },
                                          .offset = { 0, 1 } };
    b->points[i + 1].period_us = 5 * MINUTE_US;
    return &b->sums[i];
}

/* n good values of so many ticks each, of twelve. */
static void say(struct derive_sum *s, int n, int64_t ticks)
{
    s->ticks = (int128)n * ticks;
    s->usable = s->valid = n;
    s->possible = 12;
    s->parts[PART_MEASURED] = n;
    for (int i = 0; i < n; i++)
        s->quarters[i / 3]++;
}

static void amount(struct derive_sum *s, int64_t ticks)
{
    s->ticks = ticks;
    s->parts[PART_MEASURED] = 1;
    s->covered_us = HOUR_US;
}

static int64_t value_of(struct bench *b)
{
    formula_compute(&b->plan, &b->d, b->sums, &b->given);
    assert_int_equal(b->given.kind, GIVEN_VALUE);
    return b->given.ticks;
}

static enum given_kind kind_of(struct bench *b)
{
    formula_compute(&b->plan, &b->d, b->sums, &b->given);
    return (enum given_kind)b->given.kind;
}

static void assert_within(int64_t is, double wanted, double relative)
{
    if ((double)is < wanted * (1 - relative) || (double)is > wanted * (1 + relative))
        fail_msg("%lld is not %.10g", (long long)is, wanted);
}

/* Of a step alone: start × 10^9, the step, rounded. */
static struct exact nano(int64_t num, int64_t den)
{
    struct exact e;
    exact_init(&e);
    exact_times(&e, num);
    exact_times(&e, 1000000000);
    exact_over(&e, den);
    return e;
}

static int64_t rounded(const struct exact *e)
{
    int64_t out = 0;
    assert_int_equal(exact_round(e, &out), 0);
    return out;
}

/* --- the stack --- */

static void cems_01_the_fuel_factor_follows_from_the_analysis(void **state)
{
    (void)state;
    struct fuel_analysis a = { .carbon = { 852, 1 }, .hydrogen = { 128, 1 }, .sulfur = { 12, 2 },
                               .nitrogen = { 1, 2 }, .oxygen = { 184, 2 }, .calorific_value = { 19595, 0 } };
    struct ratio fd;
    assert_int_equal(fuel_factor_of(&a, &fd), 0);
    assert_within((int64_t)((int128)fd.num * 1000000 / fd.den), 8990.630263e6, 1e-9);
}

static void cems_02_a_concentration_is_brought_to_15_percent_oxygen(void **state)
{
    (void)state;
    struct exact e = nano(432, 10);
    assert_true(stack_to_oxygen(&e, (struct mean){ 15, 100 }, (struct mean){ 42, 1000 }));
    assert_within(rounded(&e), 15.26227545e9, 1e-9);
}

/* 43.2 ppm of NOx as NO2 in 5780 dscf/min: 1.79 lb/h. */
static void cems_03_ppm_and_flow_are_a_mass(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, FORMULA_STACK);
    b.d.is_by_volume = true;
    b.d.molar_mass = (struct ratio){ 460055, 10000 };
    b.d.concentration.moisture = GAS_DRY;
    b.d.flow = (struct gas_basis){ 293150, 101325, GAS_DRY };
    say(add_input(&b, SLOT_CONCENTRATION, 1, INT64_C(1000000000000)), 12, 43200000);   /* millionths of ppm */
    say(add_input(&b, SLOT_FLOW, 55306341, 1953125000), 12, INT64_C(346800000000));  /* micro scf/h */
    assert_within(value_of(&b), 1.788822144 * 453.59237 * 1e6, 1e-3);
}

/* 43.2 ppm, 4.2 % oxygen, Fd 8991: 0.0580 lb/MMBtu. */
static void cems_04_a_rate_per_heat_needs_no_flow(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, FORMULA_FUEL_FACTOR);
    b.d.is_by_volume = true;
    b.d.molar_mass = (struct ratio){ 460055, 10000 };
    b.d.concentration.moisture = GAS_DRY;
    b.d.fuel_factor = (struct ratio){ 8991, 1 };
    say(add_input(&b, SLOT_CONCENTRATION, 1, INT64_C(1000000000000)), 12, 43200000);
    say(add_input(&b, SLOT_OXYGEN, 1, 1000000), 12, 42000);
    amount(add_input(&b, SLOT_AMOUNT, 52752792631, 180000), 1000000);   /* MMBtu, in millionths */
    assert_within(value_of(&b), 0.05803979719 * 453.59237 * 1e6, 1e-3);
}

static void stack_of(struct bench *b, int n_concentration, int n_flow)
{
    bench_open(b, FORMULA_STACK);
    say(add_input(b, SLOT_CONCENTRATION, 1, 1000000), n_concentration, 200000000);   /* 200 g/Nm3 */
    say(add_input(b, SLOT_FLOW, 1, 1), n_flow, INT64_C(50000000000));               /* 50000 Nm3/h */
}

static void cems_09_an_hour_is_mean_times_mean(void **state)
{
    (void)state;
    struct bench b;
    stack_of(&b, 12, 12);
    assert_int_equal(value_of(&b), INT64_C(10000000) * 1000000);   /* 10 t */
    assert_true(b.given.is_valid);
}

static void cems_11_four_fifths_of_the_values_make_an_hour_valid(void **state)
{
    (void)state;
    struct bench b;
    stack_of(&b, 10, 12);
    assert_int_equal(value_of(&b), INT64_C(10000000) * 1000000);
    stack_of(&b, 9, 12);
    assert_int_equal(kind_of(&b), GIVEN_MISSING);
    stack_of(&b, 12, 9);
    assert_int_equal(kind_of(&b), GIVEN_MISSING);
}

static void other_rules_look_at_quarters_and_at_minutes(void **state)
{
    (void)state;
    struct bench b;
    stack_of(&b, 9, 12);
    b.d.hour_rule = HOUR_HJ_75;
    assert_int_equal(kind_of(&b), GIVEN_VALUE);
    b.d.hour_rule = HOUR_PART_75;       /* nothing in the last quarter */
    assert_int_equal(kind_of(&b), GIVEN_MISSING);
    for (int i = 0; i < 2; i++)
        for (int q = 0; q < QUARTERS; q++)
            b.sums[i].quarters[q] = 1;
    b.sums[0].valid = 4;
    assert_int_equal(kind_of(&b), GIVEN_VALUE);
    b.d.hour_rule = HOUR_HJ_75;
    assert_int_equal(kind_of(&b), GIVEN_MISSING);
}

static void an_hour_in_which_it_stood_still_is_zero_and_no_gap(void **state)
{
    (void)state;
    struct bench b;
    stack_of(&b, 0, 0);
    b.sums[0].idle_us = HOUR_US;
    assert_int_equal(kind_of(&b), GIVEN_IDLE);
    assert_int_equal(b.given.ticks, 0);
    stack_of(&b, 6, 6);                  /* and half of one counts for half */
    b.sums[1].idle_us = HOUR_US / 2;
    assert_int_equal(value_of(&b), INT64_C(5000000) * 1000000);
}

static void moisture_is_matched_and_the_lack_of_it_is_no_value(void **state)
{
    (void)state;
    struct bench b;
    stack_of(&b, 12, 12);
    b.d.concentration.moisture = GAS_DRY;
    b.d.flow.moisture = GAS_WET;
    assert_int_equal(kind_of(&b), GIVEN_MISSING);
    b.d.constants[SLOT_MOISTURE] = (struct derive_value){ true, { 1, 10 } };
    assert_int_equal(value_of(&b), INT64_C(9000000) * 1000000);
    b.d.concentration.moisture = GAS_WET;
    b.d.flow.moisture = GAS_DRY;
    b.d.constants[SLOT_MOISTURE] = (struct derive_value){ true, { 1, 5 } };
    assert_int_equal(value_of(&b), INT64_C(12500000) * 1000000);
}

/* The flow as it is, at 150 degC and 1 bar; the concentration at 0 degC and 101.325 kPa. */
static void a_flow_as_it_is_is_brought_to_the_state_of_the_concentration(void **state)
{
    (void)state;
    struct bench b;
    stack_of(&b, 12, 12);
    b.d.concentration = (struct gas_basis){ 273150, 101325, GAS_MOISTURE_NOT_TOLD };
    b.d.constants[SLOT_TEMPERATURE] = (struct derive_value){ true, { 42315, 100 } };
    b.d.constants[SLOT_PRESSURE] = (struct derive_value){ true, { 100000, 1 } };
    assert_within(value_of(&b), 1e13 * 100000 / 101325 * 273.15 / 423.15, 1e-12);
}

static void oxygen_near_that_of_air_gives_no_value(void **state)
{
    (void)state;
    struct bench b;
    stack_of(&b, 12, 12);
    b.d.oxygen_reference = (struct derive_value){ true, { 6, 100 } };
    b.d.constants[SLOT_OXYGEN] = (struct derive_value){ true, { 9, 100 } };
    assert_within(value_of(&b), 1e13 * (20.9 - 6) / (20.9 - 9), 1e-12);
    b.d.constants[SLOT_OXYGEN].value = (struct ratio){ 2, 10 };
    assert_int_equal(kind_of(&b), GIVEN_MISSING);
    b.d.constants[SLOT_OXYGEN].value = (struct ratio){ 209, 1000 };
    assert_int_equal(kind_of(&b), GIVEN_MISSING);
}

static void the_part_is_the_least_certain_of_all(void **state)
{
    (void)state;
    struct bench b;
    stack_of(&b, 12, 12);
    b.sums[1].parts[PART_ESTIMATED] = 1;
    b.sums[0].flagged[0] = 1;
    value_of(&b);
    assert_int_equal(b.given.part, PART_ESTIMATED);
    assert_int_equal(b.given.flags, AMOUNT_SUSPECT);
}

/* --- heat and gas --- */

static void heat_01_steam_of_a_declared_enthalpy(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, FORMULA_HEAT);
    b.points[0].tick_to_micro = (struct ratio){ 2500000, 9 };       /* a millionth of a GJ */
    b.d.enthalpy = (struct derive_value){ true, { 2783, 1 } };
    amount(add_input(&b, SLOT_AMOUNT, 1000000, 1), INT64_C(1000000000));   /* 1000 t, in grams */
    assert_int_equal(value_of(&b), INT64_C(2699260000));
}

/* 1 MPa and 200 degC: 2828.3 kJ/kg. */
static void steam_has_its_enthalpy_from_pressure_and_temperature(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, FORMULA_HEAT);
    b.points[0].tick_to_micro = (struct ratio){ 2500000, 9 };
    amount(add_input(&b, SLOT_AMOUNT, 1000000, 1), INT64_C(1000000000));
    say(add_input(&b, SLOT_TEMPERATURE, 1, 1000), 12, 200000);
    b.inputs[1].offset = (struct ratio){ 5463, 20 };
    b.d.constants[SLOT_PRESSURE] = (struct derive_value){ true, { 1000000, 1 } };
    assert_within(value_of(&b), (2828.3 - 83.74) * 1e6, 1e-4);
    b.d.medium = MEDIUM_SATURATED_STEAM;
    assert_within(value_of(&b), (2777.1 - 83.74) * 1e6, 1e-4);
    b.sums[1].usable = 0;
    b.d.medium = MEDIUM_STEAM;
    assert_int_equal(kind_of(&b), GIVEN_MISSING);
}

static void hot_water_counts_from_20_degrees_or_from_its_return(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, FORMULA_HEAT);
    b.points[0].tick_to_micro = (struct ratio){ 2500000, 9 };
    b.d.medium = MEDIUM_HOT_WATER;
    amount(add_input(&b, SLOT_AMOUNT, 1000000, 1), INT64_C(1000000000));
    b.d.constants[SLOT_TEMPERATURE] = (struct derive_value){ true, { 36315, 100 } };     /* 90 degC */
    assert_int_equal(value_of(&b), 293076000);                                            /* 70 × 4.1868 GJ */
    say(add_input(&b, SLOT_RETURN_TEMPERATURE, 1, 1), 12, 60);
    b.inputs[1].offset = (struct ratio){ 5463, 20 };
    assert_int_equal(value_of(&b), 125604000);
}

/* 100 m3 at 15 degC and 2 bar are 187.1 Nm3. */
static void a_gas_volume_is_brought_to_reference_conditions(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, FORMULA_GAS_REFERENCE);
    b.d.own = (struct gas_basis){ 273150, 101325, GAS_MOISTURE_NOT_TOLD };
    amount(add_input(&b, SLOT_AMOUNT, 1, 1), 100000000);
    b.d.constants[SLOT_TEMPERATURE] = (struct derive_value){ true, { 28815, 100 } };
    b.d.constants[SLOT_PRESSURE] = (struct derive_value){ true, { 200000, 1 } };
    assert_within(value_of(&b), 100e6 * 200000 / 101325 * 273.15 / 288.15, 1e-8);
    b.d.compressibility = (struct ratio){ 98, 100 };
    assert_within(value_of(&b), 100e6 * 200000 / 101325 * 273.15 / 288.15 / 0.98, 1e-8);
}

static void what_does_not_fit_is_missing_and_never_wraps(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, FORMULA_HEAT);
    b.points[0].tick_to_micro = (struct ratio){ 1, 1000000 };
    b.d.enthalpy = (struct derive_value){ true, { 2783, 1 } };
    amount(add_input(&b, SLOT_AMOUNT, 1000000, 1), INT64_MAX);
    assert_int_equal(kind_of(&b), GIVEN_MISSING);
}

static void nothing_comes_of_nothing(void **state)
{
    (void)state;
    struct bench b;
    stack_of(&b, 0, 0);
    b.sums[0].possible = b.sums[1].possible = 0;
    assert_int_equal(kind_of(&b), GIVEN_NOTHING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cems_01_the_fuel_factor_follows_from_the_analysis),
        cmocka_unit_test(cems_02_a_concentration_is_brought_to_15_percent_oxygen),
        cmocka_unit_test(cems_03_ppm_and_flow_are_a_mass),
        cmocka_unit_test(cems_04_a_rate_per_heat_needs_no_flow),
        cmocka_unit_test(cems_09_an_hour_is_mean_times_mean),
        cmocka_unit_test(cems_11_four_fifths_of_the_values_make_an_hour_valid),
        cmocka_unit_test(other_rules_look_at_quarters_and_at_minutes),
        cmocka_unit_test(an_hour_in_which_it_stood_still_is_zero_and_no_gap),
        cmocka_unit_test(moisture_is_matched_and_the_lack_of_it_is_no_value),
        cmocka_unit_test(a_flow_as_it_is_is_brought_to_the_state_of_the_concentration),
        cmocka_unit_test(oxygen_near_that_of_air_gives_no_value),
        cmocka_unit_test(the_part_is_the_least_certain_of_all),
        cmocka_unit_test(heat_01_steam_of_a_declared_enthalpy),
        cmocka_unit_test(steam_has_its_enthalpy_from_pressure_and_temperature),
        cmocka_unit_test(hot_water_counts_from_20_degrees_or_from_its_return),
        cmocka_unit_test(a_gas_volume_is_brought_to_reference_conditions),
        cmocka_unit_test(what_does_not_fit_is_missing_and_never_wraps),
        cmocka_unit_test(nothing_comes_of_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
