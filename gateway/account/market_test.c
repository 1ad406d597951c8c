/* Scope 2 twice: what an instrument covers, in which order, and what happens when a reading comes late. */
#include "account/account_fixture_test.h"

#define KG INT64_C(1000000000) /* micrograms */

/* 1 kWh is 1000 ticks. */
static const char site[] =
    "gateway: gw-1\n"
    "idle: 30d\n"
    "factors:\n"
    "  - {id: grid, source: t, per: kWh, co2: 0.2}\n"
    "  - {id: residual, source: t, per: kWh, co2: 0.45}\n"
    "  - {id: supplier, source: t, per: kWh, valid_from: 2019-01-01, co2: 0.1}\n"
    "  - {id: losses, source: t, per: kWh, co2: 0.02}\n"
    "sites:\n"
    "  - id: plant\n"
    "    zone: UTC\n"
    "    smallest: 15min\n"
    "    periods: [15min, hour, day]\n"
    "    grace: 0s\n"
    "    restate_every: 0s\n"
    "    streams:\n"
    "      - {id: power, scope: 2, carrier: electricity, factor: grid, residual_mix: residual,\n"
    "         supplier_factor: supplier}\n"
    "      - {id: office, scope: 2, carrier: electricity, factor: grid}\n"
    "      - {id: td, scope: 3, scope3_category: 3, activity_of: power, factor: losses}\n"
    "    instruments:\n"
    "      - {id: goo, stream: power, kwh: 600, renewable: true, retirement_id: R-1}\n"
    "    devices:\n"
    "      - id: meter\n"
    "        points:\n"
    "          - {id: a, kind: register, unit: kWh, resolution: 0.001, stream: power, uncertainty: 2}\n"
    "          - {id: b, kind: register, unit: kWh, resolution: 0.001, stream: office}\n"
    "          - {id: out, kind: register, unit: kWh, resolution: 0.001, stream: office,\n"
    "             direction: export}\n"
    "          - {id: line, kind: register, unit: kWh, resolution: 0.001, stream: power, role: sub,\n"
    "             parent: a}\n"
    "          - {id: twin, kind: register, unit: kWh, resolution: 0.001, stream: power, role: check,\n"
    "             parent: meter/a}\n";

#define TEN "2018-02-02T10:00:00Z"

static void use(struct desk *d, const char *point, int64_t t_us, int64_t kwh)
{
    desk_seen(d, "meter", t_us);
    desk_add(d, measured(d, point, t_us, t_us + QUARTER_US, kwh * 1000));
}

static void end_at(struct desk *d, int64_t t_us)
{
    desk_seen(d, "meter", t_us);
    desk_clock(d, d->elapsed_us + SECOND_US);
    while (desk_emit(d) > 0)
        desk_clock(d, d->elapsed_us + SECOND_US);
}

static int128 energy(const struct summary_stream *s, enum market_tier tier)
{
    int128 sum = 0;
    for (size_t i = 0; i < s->n_mb_basis; i++)
        sum += s->mb_basis[i].tier == tier ? s->mb_basis[i].energy_micro : 0;
    return sum;
}

#define KWH (INT64_C(1000) * 1000000)

/* ELEC-03 in small: 1000 kWh, 600 of them covered. */
static void certificates_cover_the_first_use_and_the_rest_is_residual_mix(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, site);
    int64_t t = at(TEN);
    for (int i = 0; i < 4; i++)
        use(&d, "a", t + i * QUARTER_US, 250);
    end_at(&d, t + HOUR_US);
    struct summary *hour = desk_latest(&d, PERIOD_HOUR, t);
    struct summary_stream *s = desk_stream(&d, hour, "power");
    assert_int128_equal(s->co2e_ug, 200 * KG);
    assert_int128_equal(s->market.co2e_ug, 180 * KG);
    assert_int_equal(s->n_mb_basis, 2);
    assert_int128_equal(energy(s, MARKET_INSTRUMENT), 600 * KWH);
    assert_int128_equal(energy(s, MARKET_RESIDUAL_MIX), 400 * KWH);
    assert_true(s->mb_basis[0].is_provisional);
    assert_true(hour->is_allotment_open);
    assert_int128_equal(hour->totals[TOTAL_LOCATION].co2e_ug, 200 * KG);
    assert_int128_equal(hour->totals[TOTAL_MARKET].co2e_ug, 180 * KG);

    int128 sum = 0;
    for (int i = 0; i < 4; i++)
        sum += desk_find(&d, PERIOD_QUARTER_HOUR, t + i * QUARTER_US, "power")->market.co2e_ug;
    assert_int128_equal(sum, s->market.co2e_ug);
    assert_int128_equal(desk_find(&d, PERIOD_QUARTER_HOUR, t, "power")->market.co2e_ug, 0);
    assert_true(desk_find(&d, PERIOD_QUARTER_HOUR, t, "power")->market.has_co2e);
    desk_close(&d);
}

/* 100 kWh at the beginning push the end of what is covered forward by as much. */
static void late_use_moves_the_place_where_an_instrument_runs_out(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, site);
    int64_t t = at(TEN);
    for (int i = 0; i < 8; i++)
        use(&d, "a", t + i * QUARTER_US, 250);
    end_at(&d, t + 2 * HOUR_US);
    desk_commit(&d);
    desk_restart(&d);
    uint32_t before = d.n_out;
    desk_add(&d, measured(&d, "a", t, t + QUARTER_US, 100000));
    end_at(&d, t + 2 * HOUR_US);
    assert_int128_equal(energy(desk_find(&d, PERIOD_QUARTER_HOUR, t + 2 * QUARTER_US, "power"), MARKET_INSTRUMENT), 0);
    assert_int128_equal(energy(desk_find(&d, PERIOD_QUARTER_HOUR, t + QUARTER_US, "power"), MARKET_INSTRUMENT), 250 * KWH);
    assert_int128_equal(energy(desk_find(&d, PERIOD_QUARTER_HOUR, t, "power"), MARKET_INSTRUMENT), 350 * KWH);
    assert_int128_equal(energy(desk_find(&d, PERIOD_HOUR, t, "power"), MARKET_INSTRUMENT), 600 * KWH);
    for (uint32_t i = before; i < d.n_out; i++)
        assert_true(d.out[i].start_us <= t + 2 * QUARTER_US); /* nothing behind is restated */

    desk_take_back(&d, measured(&d, "a", t, t + QUARTER_US, 100000));
    end_at(&d, t + 2 * HOUR_US);
    assert_int128_equal(energy(desk_find(&d, PERIOD_QUARTER_HOUR, t + 2 * QUARTER_US, "power"), MARKET_INSTRUMENT), 100 * KWH);
    desk_close(&d);
}

static void any_order_of_the_same_use_gives_the_same_allotment(void **state)
{
    struct desk one, other;
    (void)state;
    desk_open(&one, site);
    desk_open(&other, site);
    int64_t t = at(TEN);
    for (int i = 0; i < 6; i++) {
        use(&one, "a", t + i * QUARTER_US, 150 + i);
        desk_emit(&one);
    }
    desk_seen(&other, "meter", t + 6 * QUARTER_US);
    desk_emit(&other);
    for (int i = 5; i >= 0; i--) {
        desk_add(&other, measured(&other, "a", t + i * QUARTER_US, t + (i + 1) * QUARTER_US, (150 + i) * 1000));
        end_at(&other, t + 6 * QUARTER_US);
        if (i == 3) {
            desk_commit(&other);
            desk_restart(&other);
        }
    }
    end_at(&one, t + 6 * QUARTER_US);
    for (int i = 0; i < 6; i++) {
        struct summary_stream *a = desk_find(&one, PERIOD_QUARTER_HOUR, t + i * QUARTER_US, "power");
        struct summary_stream *b = desk_find(&other, PERIOD_QUARTER_HOUR, t + i * QUARTER_US, "power");
        assert_int128_equal(a->market.co2e_ug, b->market.co2e_ug);
        assert_int128_equal(energy(a, MARKET_INSTRUMENT), energy(b, MARKET_INSTRUMENT));
    }
    desk_close(&one);
    desk_close(&other);
}

static void a_new_year_has_an_allotment_and_a_supplier_of_its_own(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, site);
    int64_t t = at("2018-12-31T23:45:00Z");
    use(&d, "a", t, 700);
    use(&d, "a", t + QUARTER_US, 700);
    end_at(&d, t + 5 * QUARTER_US);
    struct summary_stream *last = desk_find(&d, PERIOD_QUARTER_HOUR, t, "power");
    struct summary_stream *first = desk_find(&d, PERIOD_QUARTER_HOUR, t + QUARTER_US, "power");
    assert_int128_equal(last->market.co2e_ug, 45 * KG);
    assert_int128_equal(energy(last, MARKET_RESIDUAL_MIX), 100 * KWH);
    assert_int128_equal(first->market.co2e_ug, 10 * KG);
    assert_int128_equal(energy(first, MARKET_SUPPLIER), 100 * KWH);
    desk_close(&d);
}

static void without_rungs_the_market_view_is_the_grid_average(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, site);
    int64_t t = at(TEN);
    use(&d, "b", t, 10);
    use(&d, "out", t, 4);
    end_at(&d, t + HOUR_US);
    struct summary_stream *s = desk_find(&d, PERIOD_HOUR, t, "office");
    assert_int128_equal(s->market.co2e_ug, 2 * KG);
    assert_int128_equal(energy(s, MARKET_GRID_AVERAGE), 10 * KWH); /* export reduces nothing */
    desk_close(&d);
}

static void a_plan_that_brings_an_instrument_allots_what_was_used_before(void **state)
{
    struct desk d;
    struct buffer with = { 0 };
    (void)state;
    const char *at_list = strstr(site, "    instruments:\n");
    const char *behind = strstr(site, "    devices:\n");
    buffer_put(&with, site, (size_t)(at_list - site));
    buffer_put(&with, behind, strlen(behind) + 1);
    desk_open(&d, (const char *)with.at);
    int64_t t = at(TEN);
    for (int i = 0; i < 4; i++)
        use(&d, "a", t + i * QUARTER_US, 250);
    end_at(&d, t + HOUR_US);
    assert_int128_equal(desk_find(&d, PERIOD_HOUR, t, "power")->market.co2e_ug, 450 * KG);
    desk_commit(&d);
    desk_configure(&d, site);
    assert_int_equal(account_due(d.a), d.elapsed_us);
    end_at(&d, t + HOUR_US);
    struct summary *hour = desk_latest(&d, PERIOD_HOUR, t);
    assert_int_equal(hour->revision, 2);
    assert_int_equal(hour->reasons, 1u << REASON_CONFIG);
    assert_int128_equal(desk_stream(&d, hour, "power")->market.co2e_ug, 180 * KG);
    assert_int128_equal(desk_stream(&d, hour, "power")->co2e_ug, 200 * KG);
    buffer_fini(&with);
    desk_close(&d);
}

static void losses_borrow_the_activity_and_are_of_scope_3(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, site);
    int64_t t = at(TEN);
    use(&d, "a", t, 100);
    end_at(&d, t + HOUR_US);
    struct summary *hour = desk_latest(&d, PERIOD_HOUR, t);
    assert_int128_equal(desk_stream(&d, hour, "td")->activity_micro, 100 * KWH);
    assert_int128_equal(hour->totals[TOTAL_SCOPE_3 + 3].co2e_ug, 2 * KG);
    assert_int128_equal(hour->totals[TOTAL_LOCATION].co2e_ug, 20 * KG);
    assert_int_equal(hour->n_carriers, 1);
    assert_int128_equal(hour->carriers[0].imported_micro, 100 * KWH);
    assert_int_equal(hour->readings, 1);

    desk_take_back(&d, measured(&d, "a", t, t + QUARTER_US, 100000));
    end_at(&d, t + HOUR_US);
    assert_false(desk_find(&d, PERIOD_HOUR, t, "td")->has_activity);
    desk_close(&d);
}

static void sub_meters_leave_a_residual_and_check_meters_a_deviation(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, site);
    int64_t t = at(TEN);
    use(&d, "a", t, 100);
    use(&d, "line", t, 93);
    use(&d, "twin", t, 101);
    desk_commit(&d);
    desk_restart(&d);
    end_at(&d, t + HOUR_US);
    struct summary *hour = desk_latest(&d, PERIOD_HOUR, t);
    assert_int128_equal(desk_stream(&d, hour, "power")->activity_micro, 100 * KWH);
    assert_int_equal(hour->n_residuals, 2);
    assert_int_equal(hour->residuals[0].check, desk_point(&d, "twin"));
    assert_int128_equal(hour->residuals[0].behind_micro, 101 * KWH);
    assert_int_equal(hour->residuals[1].check, -1);
    assert_int128_equal(hour->residuals[1].metered_micro, 100 * KWH);
    assert_int128_equal(hour->residuals[1].behind_micro, 93 * KWH);
    desk_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificates_cover_the_first_use_and_the_rest_is_residual_mix),
        cmocka_unit_test(late_use_moves_the_place_where_an_instrument_runs_out),
        cmocka_unit_test(any_order_of_the_same_use_gives_the_same_allotment),
        cmocka_unit_test(a_new_year_has_an_allotment_and_a_supplier_of_its_own),
        cmocka_unit_test(without_rungs_the_market_view_is_the_grid_average),
        cmocka_unit_test(a_plan_that_brings_an_instrument_allots_what_was_used_before),
        cmocka_unit_test(losses_borrow_the_activity_and_are_of_scope_3),
        cmocka_unit_test(sub_meters_leave_a_residual_and_check_meters_a_deviation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
