#include "account/account_fixture_test.h"
#include "account/emission.h"

/* A rate made from a factor row, as the plan would read it. */
struct made {
    struct buffer key;
    struct rate rate;
};

/* kg per unit of CO2, biogenic CO2, CH4, biogenic CH4 and N2O; NULL: not named. */
static void make(struct made *m, const char *unit, enum gwp_set set, const char *const kg[5])
{
    struct ratio to_base = unit_by_name(unit)->to_base;
    struct factor f = { .id = "f", .version = "1", .series = "" };
    for (int i = 0; i < 5; i++) {
        struct decimal d;
        struct fraction per_unit, thousandth = { to_base.num, (int128)to_base.den * 1000 };
        if (!kg[i])
            continue;
        assert_int_equal(decimal_parse(slice_of(kg[i]), &d), 0);
        assert_int_equal(fraction_divide(fraction_of_decimal(d), thousandth, &per_unit), 0);
        f.rates.gas[f.rates.n] = (uint8_t)(GAS_CO2_FOSSIL + i);
        f.rates.ug[f.rates.n++] = per_unit;
    }
    *m = (struct made){ 0 };
    rate_key(RATE_FACTOR, &f, set, &m->key);
    assert_int_equal(rate_read(buffer_slice(&m->key), &m->rate), 0);
}

static void a_factor_multiplies_exactly_and_rounds_half_to_even(void **state)
{
    static const struct {
        const char *unit, *kg;
        struct ratio tick;
        int64_t ticks, activity_micro, gas_ug;
    } rows[] = {
        { "kWh", "0.4585", { 1, 1 }, 1000000, 1000000, 458500 }, /* 1 Wh: 0.4585 g */
        { "kWh", "0.4585", { 1000000, 1 }, 250, 250000000, 114625000 },
        { "MWh", "458.5", { 1000000, 1 }, 250, 250000000, 114625000 },
        { "kWh", "0.5", { 1, 1 }, 1, 1, 0 }, /* 0.5 → 0 */
        { "kWh", "0.5", { 1, 1 }, 3, 3, 2 }, /* 1.5 → 2 */
        { "kWh", "0.5", { 1, 1 }, 5, 5, 2 }, /* 2.5 → 2 */
        { "kWh", "0.5", { 1, 1 }, -3, -3, -2 },
        { "kg", "2.1", { 1000000000, 1 }, 2, 2000000000, 4200000000 }, /* 2 kg: 4.2 kg */
        { "MJ", "0.0561", { 2500, 9 }, 3, 833, 168 },                  /* 833 µWh × 0.20196 µg */
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct made m;
        struct figures f;
        make(&m, rows[i].unit, GWP_AR6, (const char *[5]){ rows[i].kg });
        assert_int_equal(emission_of(&m.rate, rows[i].tick, rows[i].ticks, &f), 0);
        assert_int128_equal(f.activity_micro, rows[i].activity_micro);
        assert_int128_equal(f.gas_ug[0], rows[i].gas_ug);
        assert_int128_equal(f.co2e_ug, rows[i].gas_ug);
        buffer_fini(&m.key);
    }
}

static void co2e_is_the_sum_of_rounded_gases_by_the_sets_potentials(void **state)
{
    static const struct {
        enum gwp_set set;
        int64_t co2e_ug;
    } rows[] = {
        /* 1000 µg CO2, 10 µg fossil and 3 µg biogenic CH4, 7 µg N2O; biogenic CO2 counts 0 */
        { GWP_SAR, 1000 + 21 * 13 + 310 * 7 },
        { GWP_AR4, 1000 + 25 * 13 + 298 * 7 },
        { GWP_AR5, 1000 + 28 * 13 + 265 * 7 },
        { GWP_AR6, 1000 + 298 + 81 + 273 * 7 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct made m;
        struct figures f;
        make(&m, "kWh", rows[i].set, (const char *[]){ "1", "0.5", "0.01", "0.003", "0.007" });
        assert_int_equal(emission_of(&m.rate, (struct ratio){ 1, 1 }, 1000, &f), 0);
        assert_int128_equal(f.gas_ug[rate_place(&m.rate, GAS_CO2_BIOGENIC)], 500);
        assert_int128_equal(f.co2e_ug, rows[i].co2e_ug);
        assert_int_equal(m.rate.gases.n, 5);
        buffer_fini(&m.key);
    }
}

static void co2e_is_rounded_once_and_not_gas_by_gas(void **state)
{
    struct made m;
    struct figures f;
    (void)state;
    /* 1 µg of fossil CH4 is 29.8, 2 of it 59.6: with CO2 0 the sum is rounded, not each */
    make(&m, "kWh", GWP_AR6, (const char *[]){ NULL, NULL, "0.001", NULL, NULL });
    assert_int_equal(emission_of(&m.rate, (struct ratio){ 1, 1 }, 1000, &f), 0);
    assert_int128_equal(f.co2e_ug, 30);
    assert_int_equal(emission_of(&m.rate, (struct ratio){ 1, 1 }, 2000, &f), 0);
    assert_int128_equal(f.co2e_ug, 60);
    assert_int_equal(emission_of(&m.rate, (struct ratio){ 1, 1 }, 5000, &f), 0);
    assert_int128_equal(f.co2e_ug, 149);
    assert_int_equal(m.rate.gases.n, 1);
    assert_int_equal(m.rate.gases.gas[0], GAS_CH4_FOSSIL);
    buffer_fini(&m.key);
}

static void what_would_leave_96_bits_is_refused_and_out_stays(void **state)
{
    struct made m;
    struct figures f = { .activity_micro = 77 };
    (void)state;
    make(&m, "kWh", GWP_AR6, (const char *[]){ "1", NULL, NULL, NULL, NULL });
    struct ratio huge = { INT64_MAX, 1 };
    assert_int_equal(emission_of(&m.rate, huge, INT64_MAX, &f), 1);
    assert_int_equal(emission_of(&m.rate, huge, -(int128)INT64_MAX, &f), 1);
    assert_int_equal(emission_of(&m.rate, (struct ratio){ 1, 1 }, FIGURES_MOST, &f), 1);
    assert_int128_equal(f.activity_micro, 77);
    assert_int_equal(emission_of(&m.rate, (struct ratio){ 1, 1 }, FIGURES_MOST - 1, &f), 0);
    assert_int128_equal(f.activity_micro, FIGURES_MOST - 1);
    buffer_fini(&m.key);
}

static void a_gas_or_its_co2e_may_overflow_where_the_activity_does_not(void **state)
{
    struct made m;
    struct figures f;
    (void)state;
    make(&m, "kWh", GWP_AR6, (const char *[]){ "1000", NULL, NULL, NULL, NULL });
    assert_int_equal(emission_of(&m.rate, (struct ratio){ 1, 1 }, FIGURES_MOST / 500, &f), 1);
    buffer_fini(&m.key);
    make(&m, "kWh", GWP_AR6, (const char *[]){ NULL, NULL, NULL, NULL, "1" });
    assert_int_equal(emission_of(&m.rate, (struct ratio){ 1, 1 }, FIGURES_MOST / 270, &f), 1);
    assert_int_equal(emission_of(&m.rate, (struct ratio){ 1, 1 }, FIGURES_MOST / 280, &f), 0);
    buffer_fini(&m.key);
}

static void a_missing_factor_leaves_activity_alone(void **state)
{
    struct figures f;
    struct rate rate;
    const uint8_t key[] = { RATE_MISSING };
    (void)state;
    assert_int_equal(rate_read((struct slice){ key, 1 }, &rate), 0);
    assert_int_equal(emission_of(&rate, (struct ratio){ 1000, 1 }, 5, &f), 0);
    assert_int128_equal(f.activity_micro, 5000);
    assert_int128_equal(f.co2e_ug, 0);
    assert_int_equal(rate.gases.n, 0);
}

/* One gas, a thousandth of a kg per Wh: as many µg as µWh. */
static struct figures of_one_gas(enum gas gas, int co2e_set, enum gwp_set set, struct rate *rate)
{
    struct factor f = { .id = "f", .rates = { .n = 1, .gas = { (uint8_t)gas }, .ug = { { 1, 1 } } },
                        .co2e_set_choice = co2e_set };
    struct buffer key = { 0 };
    struct figures out;
    rate_key(RATE_FACTOR, &f, set, &key);
    assert_int_equal(rate_read(buffer_slice(&key), rate), 0);
    assert_int_equal(emission_of(rate, (struct ratio){ 1, 1 }, 10, &out), 0);
    buffer_fini(&key);
    return out;
}

static void co2e_of_the_plans_own_set_is_added_and_of_another_it_is_not(void **state)
{
    static const int others[] = { GWP_SAR, GWP_AR4, GWP_AR6, GWP_UNSPECIFIED };
    struct rate rate;
    (void)state;
    struct figures f = of_one_gas(GAS_CO2E, GWP_AR5, GWP_AR5, &rate);
    assert_int_equal(rate.co2e, RATE_CO2E_KNOWN);
    assert_int128_equal(f.co2e_ug, 10);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        f = of_one_gas(GAS_CO2E, others[i], GWP_AR5, &rate);
        assert_int_equal(rate.co2e, RATE_CO2E_UNKNOWN);
        assert_int128_equal(f.co2e_ug, 0);
        assert_int128_equal(f.gas_ug[0], 10);
    }
}

static void a_gas_that_the_set_has_no_value_for_has_mass_alone(void **state)
{
    struct rate rate;
    (void)state;
    struct figures f = of_one_gas(GAS_NF3, GWP_UNSPECIFIED, GWP_SAR, &rate);
    assert_int_equal(rate.co2e, RATE_CO2E_UNKNOWN);
    assert_int128_equal(f.gas_ug[0], 10);
    f = of_one_gas(GAS_NF3, GWP_UNSPECIFIED, GWP_AR6, &rate);
    assert_int128_equal(f.co2e_ug, 174000);
    f = of_one_gas(GAS_HCFC_22, GWP_UNSPECIFIED, GWP_AR6, &rate);
    assert_int_equal(rate.co2e, RATE_CO2E_NONE);
    assert_int128_equal(f.co2e_ug, 0);
}

static void a_rate_of_co2_alone_is_partial(void **state)
{
    struct rate rate;
    (void)state;
    of_one_gas(GAS_CO2_FOSSIL, GWP_UNSPECIFIED, GWP_AR6, &rate);
    assert_true(rate.is_partial);
    of_one_gas(GAS_SF6, GWP_UNSPECIFIED, GWP_AR6, &rate);
    assert_false(rate.is_partial);
}

static void malformed_keys_are_refused(void **state)
{
    struct made m;
    struct rate rate;
    (void)state;
    make(&m, "kWh", GWP_AR6, (const char *[]){ "1", NULL, NULL, NULL, NULL });
    for (size_t n = 0; n < m.key.size; n++)
        assert_int_equal(rate_read((struct slice){ m.key.at, n }, &rate), 1);
    buffer_put_u8(&m.key, 0);
    assert_int_equal(rate_read(buffer_slice(&m.key), &rate), 1);
    assert_int_equal(rate_read((struct slice){ (const uint8_t[]){ 9 }, 1 }, &rate), 1);
    buffer_fini(&m.key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_factor_multiplies_exactly_and_rounds_half_to_even),
        cmocka_unit_test(co2e_is_the_sum_of_rounded_gases_by_the_sets_potentials),
        cmocka_unit_test(co2e_is_rounded_once_and_not_gas_by_gas),
        cmocka_unit_test(what_would_leave_96_bits_is_refused_and_out_stays),
        cmocka_unit_test(a_gas_or_its_co2e_may_overflow_where_the_activity_does_not),
        cmocka_unit_test(a_missing_factor_leaves_activity_alone),
        cmocka_unit_test(co2e_of_the_plans_own_set_is_added_and_of_another_it_is_not),
        cmocka_unit_test(a_gas_that_the_set_has_no_value_for_has_mass_alone),
        cmocka_unit_test(a_rate_of_co2_alone_is_partial),
        cmocka_unit_test(malformed_keys_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
