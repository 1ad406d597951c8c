/* By which rate an amount is multiplied. */
#include "account/plant_fixture_test.h"

#define CARRIED "{id: diesel, scope: 1, carrier: diesel, factor: short, carry_forward: provisional}"

static void the_last_factor_is_carried_forward_where_the_stream_asks_for_it(void **state)
{
    struct desk d;
    (void)state;
    char *carried = plant_with("{id: diesel, scope: 1, carrier: diesel, factor: short}", CARRIED);
    desk_open(&d, carried);
    int64_t edge_us = at("2018-06-30T22:00:00Z"); /* midnight in Berlin */
    desk_seen(&d, "meter", edge_us);
    desk_add(&d, measured(&d, "tank", edge_us - QUARTER_US, edge_us + QUARTER_US, 2000));
    finish(&d);
    struct summary_stream *before = desk_find(&d, PERIOD_QUARTER_HOUR, edge_us - QUARTER_US, "diesel");
    struct summary_stream *beyond = desk_find(&d, PERIOD_QUARTER_HOUR, edge_us, "diesel");
    assert_int_equal(before->factors[0].status, FACTOR_ACTUAL);
    assert_int_equal(beyond->factors[0].status, FACTOR_PROVISIONAL);
    assert_int_equal(beyond->factors[0].factor, before->factors[0].factor);
    assert_int128_equal(beyond->co2e_ug, before->co2e_ug);
    assert_true(beyond->has_co2e);
    desk_close(&d);
    free(carried);
}

static void beyond_the_last_factor_it_is_missing_where_nobody_carries_it(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, plant);
    int64_t edge_us = at("2018-06-30T22:00:00Z");
    desk_seen(&d, "meter", edge_us);
    desk_add(&d, measured(&d, "tank", edge_us, edge_us + QUARTER_US, 1000));
    finish(&d);
    struct summary_stream *beyond = desk_find(&d, PERIOD_QUARTER_HOUR, edge_us, "diesel");
    assert_int_equal(beyond->factors[0].status, FACTOR_MISSING);
    assert_false(beyond->has_co2e);
    desk_close(&d);
}

static void a_carried_factor_outlives_a_restart(void **state)
{
    struct desk d;
    (void)state;
    char *carried = plant_with("{id: diesel, scope: 1, carrier: diesel, factor: short}", CARRIED);
    desk_open(&d, carried);
    int64_t t = at("2018-07-02T10:00:00Z");
    desk_seen(&d, "meter", t);
    desk_add(&d, measured(&d, "tank", t, t + QUARTER_US, 1000));
    desk_commit(&d);
    desk_restart(&d);
    desk_add(&d, measured(&d, "tank", t, t + QUARTER_US, 1000));
    finish(&d);
    struct summary_stream *s = desk_find(&d, PERIOD_QUARTER_HOUR, t, "diesel");
    assert_int_equal(s->n_factors, 1);
    assert_int_equal(s->factors[0].status, FACTOR_PROVISIONAL);
    assert_int128_equal(gas_ug(s, GAS_CO2_FOSSIL), (int128)6400000000);
    desk_close(&d);
    free(carried);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_factor_is_carried_forward_where_the_stream_asks_for_it),
        cmocka_unit_test(beyond_the_last_factor_it_is_missing_where_nobody_carries_it),
        cmocka_unit_test(a_carried_factor_outlives_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
