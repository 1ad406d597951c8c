/* How sure the figures are: products, sums over meters, and what shares a meter or a factor. */
#include "account/account_fixture_test.h"
#include "account/scopes.h"

static const char site[] =
    "gateway: gw-1\n"
    "idle: 30d\n"
    "factors:\n"
    "  - {id: grid, source: t, per: kWh, co2: 0.5, uncertainty: 10}\n"
    "  - {id: gas, source: t, per: kWh, co2: 0.2, uncertainty: 10}\n"
    "  - {id: diesel, source: t, per: L, co2: 2.66380534, ch4: 0.000365674875, n2o: 0.000021940492452830,\n"
    "     uncertainty: 'co2:1;ch4:50;n2o:50'}\n"
    "gwp_set: AR5\n"
    "sites:\n"
    "  - id: plant\n"
    "    zone: UTC\n"
    "    smallest: 15min\n"
    "    periods: [15min, hour, day]\n"
    "    grace: 0s\n"
    "    streams:\n"
    "      - {id: power, scope: 2, carrier: electricity, factor: grid}\n"
    "      - {id: more, scope: 2, carrier: electricity, factor: grid}\n"
    "      - {id: boiler, scope: 1, carrier: gas, factor: gas}\n"
    "      - {id: truck, scope: 1, carrier: diesel, factor: diesel}\n"
    "    devices:\n"
    "      - id: meter\n"
    "        points:\n"
    "          - {id: a, kind: register, unit: kWh, resolution: 0.001, stream: power, uncertainty: 5}\n"
    "          - {id: b, kind: register, unit: kWh, resolution: 0.001, stream: more, uncertainty: 5}\n"
    "          - {id: c, kind: register, unit: kWh, resolution: 0.001, stream: boiler}\n"
    "          - {id: d, kind: register, unit: L, resolution: 0.001, stream: truck, uncertainty: 0}\n";

#define TEN "2018-02-02T10:00:00Z"
#define KG  INT64_C(1000000000)

static void use(struct desk *d, const char *point, int64_t t_us, int64_t units)
{
    desk_add(d, measured(d, point, t_us, t_us + QUARTER_US, units * 1000));
}

static struct summary *end(struct desk *d, enum period p)
{
    desk_seen(d, "meter", at(TEN));
    account_finish(d->a);
    desk_emit(d);
    int64_t start_us = p == PERIOD_DAY ? at("2018-02-02T00:00:00Z") : at(TEN);
    return desk_latest(d, p, start_us);
}

/* UNC-03: √(5² + 10²) = 11.180340 %, and of 1000 kWh at 0.5 kg. */
static void a_product_is_the_root_of_the_sum_of_squares(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, site);
    use(&d, "a", at(TEN), 1000);
    struct summary *s = end(&d, PERIOD_HOUR);
    const struct summary_uncertainty *u = &desk_stream(&d, s, "power")->uncertainty;
    assert_true(u->is_known);
    assert_int_equal(u->relative_ppm, 111803);
    assert_int128_equal(u->half_micro, INT64_C(55901699437));
    assert_int_equal(desk_stream(&d, s, "power")->market.uncertainty.relative_ppm, 111803);
    assert_int_equal(desk_stream(&d, s, "power")->activity_uncertainty.relative_ppm, 50000);
    desk_close(&d);
}

/* Four quarter hours of one meter are as unsure as one. */
static void hours_of_one_meter_do_not_average_its_error_away(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, site);
    for (int i = 0; i < 4; i++)
        use(&d, "a", at(TEN) + i * QUARTER_US, 250);
    struct summary *s = end(&d, PERIOD_DAY);
    assert_int_equal(s->totals[TOTAL_LOCATION].uncertainty.relative_ppm, 111803);
    desk_close(&d);
}

/* Two meters by one factor: √(2 · (250·5 %)² + (500·10 %)²) / 500 = 10.606602 %. */
static void streams_that_share_a_factor_add_its_error_and_root_their_meters(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, site);
    use(&d, "a", at(TEN), 500);
    use(&d, "b", at(TEN), 500);
    struct summary *s = end(&d, PERIOD_HOUR);
    const struct summary_uncertainty *u = &s->totals[TOTAL_SCOPE_2_LOCATION].uncertainty;
    assert_int_equal(u->relative_ppm, 106066);
    assert_int128_equal(u->half_micro, INT64_C(53033008589));
    desk_close(&d);
}

/* UNC-01: CO2 ±1 %, CH4 and N2O ±50 %: ±1.018 %. */
static void gases_that_a_factor_tells_apart_are_sources_of_their_own(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, site);
    use(&d, "d", at(TEN), 1000000);
    struct summary *s = end(&d, PERIOD_HOUR);
    assert_int_equal(s->totals[TOTAL_SCOPE_1].uncertainty.relative_ppm, 10180);
    desk_close(&d);
}

static void what_is_not_known_leaves_the_whole_unknown_and_is_named(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, site);
    use(&d, "a", at(TEN), 1000);
    use(&d, "c", at(TEN), 1000);
    struct summary *s = end(&d, PERIOD_HOUR);
    assert_true(s->totals[TOTAL_SCOPE_2_LOCATION].uncertainty.is_known);
    const struct summary_uncertainty *u = &s->totals[TOTAL_LOCATION].uncertainty;
    assert_false(u->is_known);
    assert_int_equal(u->n_unknown, 1);
    assert_string_equal(u->unknown[0], "meter/c");
    desk_close(&d);
}

static void a_figure_of_0_has_none(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, site);
    use(&d, "a", at(TEN), 0);
    struct summary *s = end(&d, PERIOD_HOUR);
    assert_true(desk_stream(&d, s, "power")->has_co2e);
    assert_false(desk_stream(&d, s, "power")->uncertainty.is_known);
    assert_int_equal(desk_stream(&d, s, "power")->uncertainty.n_unknown, 0);
    desk_close(&d);
}

static void the_root_is_exact_where_it_fits_and_keeps_56_bits_where_not(void **state)
{
    (void)state;
    int128 small[] = { 3, -4 }, large[] = { (int128)3 << 100, (int128)4 << 100 };
    assert_int128_equal(uncertainty_root(small, 2), 5);
    assert_int128_equal(uncertainty_root(large, 2), (int128)5 << 100);
    assert_int128_equal(uncertainty_root(small, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_product_is_the_root_of_the_sum_of_squares),
        cmocka_unit_test(hours_of_one_meter_do_not_average_its_error_away),
        cmocka_unit_test(streams_that_share_a_factor_add_its_error_and_root_their_meters),
        cmocka_unit_test(gases_that_a_factor_tells_apart_are_sources_of_their_own),
        cmocka_unit_test(what_is_not_known_leaves_the_whole_unknown_and_is_named),
        cmocka_unit_test(a_figure_of_0_has_none),
        cmocka_unit_test(the_root_is_exact_where_it_fits_and_keeps_56_bits_where_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
