/* Grid intensity: actual before forecast before the year's mean, and what came later restates. */
#include "account/grid.h"
#include "account/plant_fixture_test.h"

#define HALF_US (30 * MINUTE_US)
#define BEGIN   "2018-01-20T12:00:00Z"
#define STREAM  "{id: electricity, scope: 2, carrier: electricity, factor: grid"

static void open_with_grid(struct desk *d)
{
    char *yaml = plant_with(STREAM "}", STREAM ", intensity: GB}");
    desk_open(d, yaml);
    free(yaml);
}

static struct intensity value_of(int half, int64_t forecast, int64_t actual)
{
    int64_t from_us = at(BEGIN) + half * HALF_US;
    return (struct intensity){ .region = slice_of("GB"),
                               .from_us = from_us,
                               .until_us = from_us + HALF_US,
                               .has_forecast = forecast >= 0,
                               .has_actual = actual >= 0,
                               .forecast = { { forecast, 0 }, false, GWP_UNSPECIFIED },
                               .actual = { { actual, 0 }, false, GWP_UNSPECIFIED },
                               .source = slice_of("operator") };
}

static void tell(struct desk *d, int half, int64_t forecast, int64_t actual)
{
    struct intensity x = value_of(half, forecast, actual);
    assert_int_equal(account_intensity(d->a, &x), 0);
    while (account_has_work(d->a))
        assert_int_equal(account_work(d->a), 0);
    desk_emit(d);
}

/* 10 kWh in the first half hour and 20 in the second, then time goes on. */
static void live_an_hour(struct desk *d)
{
    int64_t t = at(BEGIN);
    desk_seen(d, "meter", t);
    for (int q = 0; q < 4; q++)
        desk_add(d, measured(d, "quarter", t + q * QUARTER_US, t + (q + 1) * QUARTER_US, q < 2 ? 5000 : 10000));
    desk_seen(d, "meter", t + 2 * HOUR_US);
    desk_emit(d);
}

/* ELEC-05 of the shared vectors. */
static void half_hours_are_multiplied_one_by_one_and_the_actual_value_restates(void **state)
{
    struct desk d;
    (void)state;
    open_with_grid(&d);
    tell(&d, 0, 266, -1);
    tell(&d, 1, 250, -1);
    live_an_hour(&d);
    struct summary *s = desk_latest(&d, PERIOD_HOUR, at(BEGIN));
    assert_int_equal(s->revision, 1);
    assert_int128_equal(desk_stream(&d, s, "electricity")->co2e_ug, (int128)7660000000);
    assert_int_equal(desk_stream(&d, s, "electricity")->n_factors, 1);
    assert_int_equal(desk_stream(&d, s, "electricity")->factors[0].status, FACTOR_FORECAST);
    assert_false(desk_stream(&d, s, "electricity")->factors[0].has_value);

    uint32_t before = d.n_out;
    tell(&d, 0, -1, 263);
    s = desk_latest(&d, PERIOD_HOUR, at(BEGIN));
    assert_int_equal(s->revision, 2);
    assert_int_equal(s->reasons, 1u << REASON_INTENSITY_ACTUAL);
    assert_int128_equal(desk_stream(&d, s, "electricity")->co2e_ug, (int128)7630000000);
    assert_int_equal(desk_stream(&d, s, "electricity")->n_factors, 2); /* an actual and a forecast part */
    assert_int_equal(d.n_out - before, 3);                             /* two quarters and the hour */
    struct summary_stream *quarter = desk_find(&d, PERIOD_QUARTER_HOUR, at(BEGIN), "electricity");
    assert_string_equal(quarter->factors[0].region, "GB");
    assert_string_equal(quarter->factors[0].source, "operator");
    assert_true(quarter->factors[0].has_value);
    assert_int_equal(quarter->factors[0].value.g.mantissa, 263);
    assert_int_equal(quarter->factors[0].until_us - quarter->factors[0].from_us, HALF_US);
    desk_close(&d);
}

static void a_forecast_that_is_revised_before_the_window_closed_is_no_revision(void **state)
{
    struct desk d;
    (void)state;
    open_with_grid(&d);
    tell(&d, 0, 300, -1);
    int64_t t = at(BEGIN);
    desk_seen(&d, "meter", t);
    desk_add(&d, measured(&d, "quarter", t, t + QUARTER_US, 10000));
    tell(&d, 0, 266, -1);
    desk_seen(&d, "meter", t + HOUR_US);
    desk_emit(&d);
    struct summary *s = desk_latest(&d, PERIOD_QUARTER_HOUR, t);
    assert_int_equal(s->revision, 1);
    assert_int128_equal(desk_stream(&d, s, "electricity")->co2e_ug, (int128)2660000000);
    desk_close(&d);
}

static void where_nobody_told_the_factor_stands_in_and_says_so(void **state)
{
    struct desk d;
    (void)state;
    open_with_grid(&d);
    tell(&d, 1, -1, 250);
    live_an_hour(&d);
    struct summary_stream *first = desk_find(&d, PERIOD_QUARTER_HOUR, at(BEGIN), "electricity");
    struct summary_stream *later = desk_find(&d, PERIOD_QUARTER_HOUR, at(BEGIN) + HALF_US, "electricity");
    assert_int_equal(first->factors[0].status, FACTOR_ANNUAL);
    assert_int128_equal(first->co2e_ug, (int128)5000 * 458500);
    assert_int_equal(later->factors[0].status, FACTOR_ACTUAL);
    assert_int128_equal(later->co2e_ug, (int128)2500000000);
    tell(&d, 0, 266, -1); /* a forecast that came late is better than the year's mean */
    struct summary *s = desk_latest(&d, PERIOD_QUARTER_HOUR, at(BEGIN));
    assert_int_equal(s->reasons, 1u << REASON_FACTOR);
    assert_int_equal(desk_stream(&d, s, "electricity")->factors[0].status, FACTOR_FORECAST);
    desk_close(&d);
}

static void what_is_known_of_a_grid_outlives_a_restart(void **state)
{
    struct desk d;
    (void)state;
    open_with_grid(&d);
    tell(&d, 0, 266, -1);
    live_an_hour(&d);
    desk_commit(&d);
    desk_restart(&d);
    for (uint32_t i = 0; i < d.n_rows; i++)
        if (d.rows[i].stage == STAGE_INTENSITY)
            assert_int_equal(account_load_intensity(d.a, buffer_slice(&d.rows[i].key),
                                                    buffer_slice(&d.rows[i].value)), 0);
    tell(&d, 1, -1, 250);
    tell(&d, 0, -1, 263);
    assert_int128_equal(desk_find(&d, PERIOD_HOUR, at(BEGIN), "electricity")->co2e_ug, (int128)7630000000);
    struct amount a = measured(&d, "quarter", at(BEGIN), at(BEGIN) + QUARTER_US, 5000);
    desk_take_back(&d, a);
    desk_clock(&d, d.elapsed_us + HOUR_US);
    desk_emit(&d);
    assert_int128_equal(desk_find(&d, PERIOD_HOUR, at(BEGIN), "electricity")->co2e_ug, (int128)6315000000);
    desk_close(&d);
}

static void an_older_value_and_one_that_overlaps_are_not_taken(void **state)
{
    struct grids g = { 0 };
    (void)state;
    struct intensity x = value_of(0, 266, -1);
    x.published_us = 2;
    assert_int_equal(grids_take(&g, &x), 0);
    assert_int_equal(grids_take(&g, &x), GRID_SAME);
    struct intensity older = value_of(0, 270, -1);
    older.published_us = 1;
    assert_int_equal(grids_take(&g, &older), GRID_SAME);
    assert_int_equal(g.at[0].at[0].forecast.g.mantissa, 266);
    struct intensity wide = value_of(0, 1, -1);
    wide.until_us += HALF_US;
    assert_int_equal(grids_take(&g, &wide), GRID_CONFLICT);
    struct intensity actual = value_of(0, -1, 263), forecast = value_of(0, 280, -1);
    assert_int_equal(grids_take(&g, &actual), 0);
    assert_int_equal(grids_take(&g, &forecast), GRID_SAME); /* nobody goes by it any more */
    assert_int_equal(g.at[0].n, 1);
    grids_fini(&g);
}

static void intervals_are_forgotten_with_their_rows(void **state)
{
    struct desk d;
    (void)state;
    open_with_grid(&d);
    for (int half = 0; half < 4; half++)
        tell(&d, half, 200 + half, -1);
    desk_commit(&d);
    struct state_out out = desk_rows(&d);
    account_forget(d.a, at(BEGIN) + 2 * HALF_US, &out);
    uint32_t rows = 0;
    for (uint32_t i = 0; i < d.n_rows; i++)
        rows += d.rows[i].stage == STAGE_INTENSITY;
    assert_int_equal(rows, 3); /* two intervals and the source */
    desk_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_hours_are_multiplied_one_by_one_and_the_actual_value_restates),
        cmocka_unit_test(a_forecast_that_is_revised_before_the_window_closed_is_no_revision),
        cmocka_unit_test(where_nobody_told_the_factor_stands_in_and_says_so),
        cmocka_unit_test(what_is_known_of_a_grid_outlives_a_restart),
        cmocka_unit_test(an_older_value_and_one_that_overlaps_are_not_taken),
        cmocka_unit_test(intervals_are_forgotten_with_their_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
