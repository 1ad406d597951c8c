/* What figures come to, through the room's public face. Closing, restarts and new plans have files of
 * their own. */
#include "account/plant_fixture_test.h"

/* --- sums --- */

static void a_day_of_quarter_hours_adds_up_in_every_period(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, plant);
    int64_t start_us = at("2018-02-01T23:00:00Z"), end_us = start_us + DAY_US;
    add_quarters(&d, start_us, end_us);
    finish(&d);

    int128 activity = 0, co2e = 0;
    for (int64_t t = start_us; t < end_us; t += QUARTER_US) {
        struct summary_stream *s = desk_find(&d, PERIOD_QUARTER_HOUR, t, "electricity");
        int64_t wh = 250 + (t - start_us) / QUARTER_US;
        assert_int128_equal(s->activity_micro, wh * WH_MICRO);
        assert_int128_equal(s->co2e_ug, wh * 458500);
        assert_int128_equal(s->part_micro[PART_MEASURED], s->activity_micro);
        assert_int_equal(s->valid_ms, 15 * 60 * 1000);
        assert_int_equal(s->expected_ms, 2 * 15 * 60 * 1000);
        activity += s->activity_micro;
        co2e += s->co2e_ug;
    }
    struct summary_stream *day = desk_find(&d, PERIOD_DAY, start_us, "electricity");
    assert_int128_equal(day->activity_micro, activity);
    assert_int128_equal(day->co2e_ug, co2e);
    assert_true(day->has_co2e);
    assert_int128_equal(day->part_micro[PART_MEASURED], activity);
    struct summary_stream *month =
        desk_find(&d, PERIOD_MONTH, at("2018-01-31T23:00:00Z"), "electricity");
    assert_int128_equal(month->co2e_ug, co2e);
    struct summary *s = desk_latest(&d, PERIOD_DAY, start_us);
    assert_int_equal(s->readings, 96);
    assert_int128_equal(s->totals[TOTAL_SCOPE_2_LOCATION].co2e_ug, co2e);
    assert_int_equal(s->revision, 1);
    assert_int_equal(s->reasons, 0);
    assert_int_equal(s->n_changes, 0);
    assert_int_equal(s->end_us, end_us);
    desk_close(&d);
}

static void local_days_have_23_and_25_hours(void **state)
{
    static const struct {
        const char *start, *end;
        int hours;
    } rows[] = {
        { "2018-03-24T23:00:00Z", "2018-03-25T22:00:00Z", 23 },
        { "2018-10-27T22:00:00Z", "2018-10-28T23:00:00Z", 25 },
    };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct desk d;
        desk_open(&d, plant);
        int64_t start_us = at(rows[i].start);
        add_quarters(&d, start_us - HOUR_US, at(rows[i].end) + HOUR_US);
        finish(&d);
        struct summary *day = desk_latest(&d, PERIOD_DAY, start_us);
        assert_non_null(day);
        assert_int_equal(day->end_us, at(rows[i].end));
        assert_int_equal(day->readings, rows[i].hours * 4);
        struct summary_stream *s = desk_stream(&d, day, "electricity");
        assert_int_equal(s->valid_ms, rows[i].hours * 3600000);
        int64_t n = rows[i].hours * 4; /* four came before */
        assert_int128_equal(s->activity_micro, (n * 254 + n * (n - 1) / 2) * WH_MICRO);
        desk_close(&d);
    }
}

static void a_month_is_the_sum_of_its_days(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, plant);
    int64_t start_us = at("2018-02-28T23:00:00Z"), end_us = at("2018-03-31T22:00:00Z");
    add_quarters(&d, start_us, end_us);
    finish(&d);
    int128 activity = 0, co2e = 0;
    int days = 0;
    for (uint32_t i = 0; i < d.n_out; i++) {
        if (d.out[i].period != PERIOD_DAY)
            continue;
        struct summary_stream *s = desk_stream(&d, &d.out[i], "electricity");
        activity += s->activity_micro;
        co2e += s->co2e_ug;
        days++;
    }
    struct summary_stream *month = desk_find(&d, PERIOD_MONTH, start_us, "electricity");
    assert_int_equal(days, 31);
    assert_int128_equal(month->activity_micro, activity);
    assert_int128_equal(month->co2e_ug, co2e);
    assert_int_equal(month->valid_ms, (31 * 24 - 1) * INT64_C(3600000));
    desk_close(&d);
}

/* --- parts --- */

static void an_amount_across_edges_is_interpolated_only_where_it_is_cut(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, plant);
    int64_t hour_us = at("2018-02-02T10:00:00Z");
    desk_seen(&d, "meter", hour_us);
    /* 10:10 to 10:40: cut by three quarters, whole in the hour */
    desk_add(&d, measured(&d, "second", hour_us + 10 * MINUTE_US, hour_us + 40 * MINUTE_US, 100));
    finish(&d);

    static const int64_t shares[] = { 16, 50,
                                      34 }; /* floor(16.67), floor(66.67) less that, the rest */
    for (int i = 0; i < 3; i++) {
        struct summary_stream *s =
            desk_find(&d, PERIOD_QUARTER_HOUR, hour_us + i * QUARTER_US, "electricity");
        assert_int128_equal(s->activity_micro, shares[i] * WH_MICRO);
        assert_int128_equal(s->part_micro[PART_INTERPOLATED], shares[i] * WH_MICRO);
        assert_int128_equal(s->part_micro[PART_MEASURED], 0);
        assert_int_equal(desk_latest(&d, PERIOD_QUARTER_HOUR, hour_us + i * QUARTER_US)->readings,
                         1);
    }
    struct summary_stream *hour = desk_find(&d, PERIOD_HOUR, hour_us, "electricity");
    assert_int128_equal(hour->part_micro[PART_MEASURED], 100 * WH_MICRO);
    assert_int128_equal(hour->part_micro[PART_INTERPOLATED], 0);
    assert_int_equal(hour->valid_ms, 30 * 60 * 1000);
    assert_int_equal(desk_latest(&d, PERIOD_HOUR, hour_us)->readings, 1);
    desk_close(&d);
}

static void other_parts_stay_what_they_are_when_cut(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, plant);
    int64_t t = at("2018-02-02T10:05:00Z");
    desk_seen(&d, "meter", t);
    struct amount bridged = measured(&d, "second", t, t + HOUR_US, 1200);
    bridged.part = PART_BRIDGED;
    bridged.is_valid = false;
    desk_add(&d, bridged);
    finish(&d);
    struct summary_stream *s =
        desk_find(&d, PERIOD_QUARTER_HOUR, at("2018-02-02T10:15:00Z"), "electricity");
    assert_int128_equal(s->part_micro[PART_BRIDGED], 300 * WH_MICRO);
    assert_int128_equal(s->activity_micro, 300 * WH_MICRO);
    assert_int_equal(s->valid_ms, 0);
    desk_close(&d);
}

static void parts_add_up_where_a_tick_is_no_whole_number_of_micro_units(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, plant);
    int64_t t = at("2018-02-02T00:00:00Z");
    srand(7);
    for (int i = 0; i < 400; i++) {
        int64_t start_us = t, length_us = (1 + rand() % 20) * MINUTE_US;
        t += length_us;
        desk_seen(&d, "meter", t);
        struct amount a = measured(&d, "heat", start_us, t, 1 + rand() % 5000);
        a.part = rand() % 3 ? PART_MEASURED : PART_ESTIMATED;
        desk_add(&d, a);
        desk_emit(&d);
    }
    finish(&d);
    for (uint32_t i = 0; i < d.n_out; i++) {
        struct summary_stream *s = desk_stream(&d, &d.out[i], "boiler");
        int128 sum = 0;
        for (int part = 0; part < PART_COUNT; part++)
            sum += s->part_micro[part];
        assert_int128_equal(sum, s->activity_micro);
    }
    desk_close(&d);
}

/* --- emissions --- */

static void several_gases_become_co2e_by_ar6(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, plant);
    int64_t t = at("2018-02-02T10:00:00Z");
    desk_seen(&d, "meter", t);
    desk_add(&d, measured(&d, "heat", t, t + QUARTER_US, 36000000)); /* 36 GJ = 10 MWh */
    finish(&d);
    struct summary_stream *s = desk_find(&d, PERIOD_HOUR, t, "boiler");
    assert_int128_equal(s->activity_micro, INT64_C(10000000) * WH_MICRO);
    /* 36000 MJ × 0.056123 kg = 2020.428 kg; CH4 36 g; N2O 3.6 g */
    assert_int128_equal(gas_ug(s, GAS_CO2_FOSSIL), INT64_C(2020428000000));
    assert_int128_equal(gas_ug(s, GAS_CH4_FOSSIL), INT64_C(36000000));
    assert_int128_equal(gas_ug(s, GAS_N2O), INT64_C(3600000));
    assert_int128_equal(s->co2e_ug,
                        INT64_C(2020428000000) + INT64_C(1072800000) + INT64_C(982800000));
    assert_int_equal(n_covered(s), 3);
    desk_close(&d);
}

static void biogenic_co2_leaves_the_total_and_its_methane_stays(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, plant);
    int64_t t = at("2018-02-02T10:00:00Z");
    desk_seen(&d, "meter", t);
    desk_add(&d, measured(&d, "scale", t, t + QUARTER_US, 1000000)); /* a tonne */
    finish(&d);
    struct summary *s = desk_latest(&d, PERIOD_HOUR, t);
    assert_int128_equal(desk_biogenic(s, TOTAL_SCOPE_1), INT64_C(1800000000000));
    assert_int128_equal(s->totals[TOTAL_SCOPE_1].co2e_ug, INT64_C(30000000) * 27);
    assert_int_equal(s->n_gases_covered, 2);
    assert_int_equal(s->gases_covered[0], GAS_CO2_BIOGENIC);
    assert_int_equal(s->gases_covered[1], GAS_CH4_BIOGENIC);
    desk_close(&d);
}

static void without_a_valid_factor_co2e_is_absent_and_the_scope_incomplete(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, plant);
    int64_t t = at("2018-07-02T10:00:00Z");
    desk_seen(&d, "meter", t);
    desk_add(&d, measured(&d, "tank", t, t + QUARTER_US, 5000));
    desk_add(&d, measured(&d, "heat", t, t + QUARTER_US, 1000));
    finish(&d);
    struct summary *s = desk_latest(&d, PERIOD_HOUR, t);
    struct summary_stream *diesel = desk_stream(&d, s, "diesel");
    assert_int128_equal(diesel->activity_micro, INT64_C(5000000000));
    assert_false(diesel->has_co2e);
    assert_int_equal(diesel->n_gases, 0);
    assert_int_equal(diesel->n_factors, 1);
    assert_int_equal(diesel->factors[0].factor, -1);
    assert_int_equal(diesel->factors[0].status, FACTOR_MISSING);
    assert_int128_equal(diesel->factors[0].activity_micro, INT64_C(5000000000));
    assert_true(s->totals[TOTAL_SCOPE_1].is_incomplete);
    assert_true(s->totals[TOTAL_SCOPE_1].has_co2e);
    assert_int128_equal(s->totals[TOTAL_SCOPE_1].co2e_ug, desk_stream(&d, s, "boiler")->co2e_ug);
    assert_false(s->totals[TOTAL_SCOPE_2_LOCATION].has_co2e);
    assert_true(s->totals[TOTAL_SCOPE_2_LOCATION].is_incomplete); /* its meters are silent */
    assert_int_equal(s->n_gases_covered, 0);
    desk_close(&d);
}

static void a_month_with_a_missing_part_has_no_co2e_although_its_hours_do(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, plant);
    int64_t edge_us = at("2018-06-30T22:00:00Z"); /* 1 July in Berlin */
    desk_seen(&d, "meter", edge_us - HOUR_US);
    desk_add(&d, measured(&d, "tank", edge_us - HOUR_US, edge_us, 1000));
    desk_add(&d, measured(&d, "tank", edge_us, edge_us + HOUR_US, 1000));
    finish(&d);
    assert_true(desk_find(&d, PERIOD_HOUR, edge_us - HOUR_US, "diesel")->has_co2e);
    assert_false(desk_find(&d, PERIOD_HOUR, edge_us, "diesel")->has_co2e);
    assert_true(desk_find(&d, PERIOD_MONTH, at("2018-05-31T22:00:00Z"), "diesel")->has_co2e);
    assert_false(desk_find(&d, PERIOD_MONTH, edge_us, "diesel")->has_co2e);
    desk_close(&d);
}

static void an_amount_across_a_factors_edge_is_split_at_the_local_midnight(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, plant);
    int64_t edge_us = at("2018-12-31T23:00:00Z");
    desk_seen(&d, "meter", edge_us - HOUR_US);
    desk_add(&d, measured(&d, "second", edge_us - 10 * MINUTE_US, edge_us + 20 * MINUTE_US, 3000));
    finish(&d);
    struct summary_stream *before = desk_find(&d, PERIOD_HOUR, edge_us - HOUR_US, "electricity");
    struct summary_stream *after = desk_find(&d, PERIOD_HOUR, edge_us, "electricity");
    assert_int128_equal(before->co2e_ug, 1000 * INT64_C(458500));
    assert_int128_equal(after->co2e_ug, 2000 * INT64_C(460000));
    assert_string_equal(d.plan->factors[before->factors[0].factor].version, "2018");
    assert_string_equal(d.plan->factors[after->factors[0].factor].version, "2019");
    desk_close(&d);
}

/* In a zone of a half hour, midnight lies inside an hour: it lists both factors. */
static void a_window_that_holds_a_factors_edge_lists_both(void **state)
{
    struct desk d;
    (void)state;
    char *kolkata = plant_with("Europe/Berlin", "Asia/Kolkata");
    desk_open(&d, kolkata);
    int64_t edge_us = at("2018-12-31T18:30:00Z");
    desk_seen(&d, "meter", edge_us - HOUR_US);
    desk_add(&d, measured(&d, "second", edge_us - QUARTER_US, edge_us + QUARTER_US, 1000));
    finish(&d);
    struct summary_stream *s =
        desk_find(&d, PERIOD_HOUR, at("2018-12-31T18:00:00Z"), "electricity");
    assert_int_equal(s->n_factors, 2);
    assert_int128_equal(s->factors[0].activity_micro, 500 * WH_MICRO);
    assert_int128_equal(s->factors[1].activity_micro, 500 * WH_MICRO);
    assert_true(s->factors[0].factor < s->factors[1].factor);
    assert_int128_equal(s->co2e_ug, 500 * INT64_C(458500) + 500 * INT64_C(460000));
    assert_int128_equal(s->part_micro[PART_MEASURED], 1000 * WH_MICRO);
    desk_close(&d);
    free(kolkata);
}

/* --- who counts --- */

static void sub_meters_are_not_totalled(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, plant);
    int64_t t = at("2018-02-02T10:00:00Z");
    desk_seen(&d, "meter", t);
    desk_add(&d, measured(&d, "sub", t, t + QUARTER_US, 1000));
    desk_take_back(&d, measured(&d, "sub", t, t + QUARTER_US, 1000));
    desk_add(&d, measured(&d, "quarter", t, t + QUARTER_US, 10));
    finish(&d);
    struct summary *s = desk_latest(&d, PERIOD_QUARTER_HOUR, t);
    struct summary_stream *e = desk_stream(&d, s, "electricity");
    assert_int128_equal(e->activity_micro, 10 * WH_MICRO);
    assert_int_equal(s->readings, 1);
    assert_int_equal(e->n_points, 2);
    assert_int_equal(e->points[0], desk_point(&d, "quarter"));
    assert_int_equal(e->points[1], desk_point(&d, "second"));
    desk_close(&d);
}

static void export_and_generation_stand_with_the_carrier_and_reduce_nothing(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, plant);
    int64_t t = at("2018-02-02T10:00:00Z");
    desk_seen(&d, "meter", t);
    desk_add(&d, measured(&d, "quarter", t, t + QUARTER_US, 100));
    desk_add(&d, measured(&d, "pv", t, t + QUARTER_US, 70));
    desk_add(&d, measured(&d, "out", t, t + QUARTER_US, 30));
    finish(&d);
    struct summary *s = desk_latest(&d, PERIOD_QUARTER_HOUR, t);
    assert_string_equal(s->carriers[0].carrier, "electricity");
    assert_int_equal(s->carriers[0].dimension, DIMENSION_ENERGY);
    assert_int128_equal(s->carriers[0].imported_micro, 100 * WH_MICRO);
    assert_int128_equal(s->carriers[0].generated_micro, 70 * WH_MICRO);
    assert_int128_equal(s->carriers[0].exported_micro, 30 * WH_MICRO);
    assert_int_equal(s->n_carriers, 4);
    assert_int128_equal(s->totals[TOTAL_SCOPE_2_LOCATION].co2e_ug, 100 * INT64_C(458500));
    struct summary_stream *feed = desk_stream(&d, s, "feed");
    assert_int128_equal(feed->activity_micro, 30 * WH_MICRO);
    assert_false(feed->has_co2e);
    assert_int_equal(feed->n_factors, 0);
    assert_false(s->totals[TOTAL_SCOPE_2_LOCATION].is_incomplete);
    desk_close(&d);
}

static void unverified_amounts_stand_on_their_own_line(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, plant);
    int64_t t = at("2018-02-02T10:00:00Z");
    desk_seen(&d, "meter", t);
    desk_add(&d, measured(&d, "quarter", t, t + QUARTER_US, 100));
    struct amount late = measured(&d, "quarter", t, t + QUARTER_US, 40);
    late.is_unverified = true;
    late.is_valid = false;
    late.flags = AMOUNT_SUSPECT;
    desk_add(&d, late);
    desk_add(&d, late);
    desk_take_back(&d, late);
    finish(&d);
    struct summary *s = desk_latest(&d, PERIOD_DAY, at("2018-02-01T23:00:00Z"));
    struct summary_stream *e = desk_stream(&d, s, "electricity");
    assert_int128_equal(e->activity_micro, 100 * WH_MICRO);
    assert_int128_equal(e->part_micro[PART_MEASURED], 100 * WH_MICRO);
    assert_int128_equal(e->unverified_micro, 40 * WH_MICRO);
    assert_true(e->has_unverified_co2e);
    assert_int128_equal(e->unverified_co2e_ug, 40 * 458500);
    assert_int_equal(e->unverified_readings, 1);
    assert_int128_equal(e->co2e_ug, 100 * INT64_C(458500));
    assert_int128_equal(e->factors[0].activity_micro, 100 * WH_MICRO);
    assert_int128_equal(s->carriers[0].imported_micro, 100 * WH_MICRO);
    assert_int_equal(e->flags, 0);
    assert_int_equal(s->readings, 1);
    desk_close(&d);
}

static void unverified_amounts_without_a_factor_have_no_co2e(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, plant);
    int64_t edge_us = at("2018-06-30T22:00:00Z");
    desk_seen(&d, "meter", edge_us);
    struct amount late = measured(&d, "tank", edge_us - HOUR_US, edge_us + HOUR_US, 40);
    late.is_unverified = true;
    late.is_valid = false;
    desk_add(&d, late);
    finish(&d);
    assert_true(desk_find(&d, PERIOD_HOUR, edge_us - HOUR_US, "diesel")->has_unverified_co2e);
    assert_false(desk_find(&d, PERIOD_HOUR, edge_us, "diesel")->has_unverified_co2e);
    struct summary_stream *hour = desk_find(&d, PERIOD_HOUR, edge_us, "diesel");
    assert_int128_equal(hour->unverified_micro, 20 * WH_MICRO);
    assert_false(hour->has_activity);
    desk_close(&d);
}

/* What is exported has no factor, and a suspect reading no valid time: it is a 0 all the same. */
static void an_amount_of_0_is_known_however_it_came(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, plant);
    int64_t t = at("2018-02-02T10:00:00Z");
    desk_seen(&d, "meter", t);
    struct amount nothing = measured(&d, "out", t, t + QUARTER_US, 0);
    nothing.is_valid = false;
    nothing.flags = AMOUNT_SUSPECT;
    desk_add(&d, nothing);
    finish(&d);
    assert_true(desk_find(&d, PERIOD_QUARTER_HOUR, t, "feed")->has_activity);
    assert_false(desk_find(&d, PERIOD_QUARTER_HOUR, t, "electricity")->has_activity);
    desk_close(&d);
}

static void flags_are_shown_while_something_with_them_is_in(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, plant);
    int64_t t = at("2018-02-02T10:00:00Z");
    desk_seen(&d, "meter", t);
    struct amount a = measured(&d, "second", t, t + HOUR_US, 100);
    a.flags = AMOUNT_RESET | AMOUNT_SUSPECT;
    struct amount b = a;
    b.flags = AMOUNT_SUSPECT;
    desk_add(&d, a);
    desk_add(&d, b);
    desk_take_back(&d, a);
    finish(&d);
    assert_int_equal(desk_find(&d, PERIOD_HOUR, t, "electricity")->flags, AMOUNT_SUSPECT);
    desk_close(&d);
}

static void coverage_is_valid_time_of_expected_time(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, plant);
    int64_t t = at("2018-02-02T10:00:00Z");
    desk_seen(&d, "meter", t);
    desk_add(&d, measured(&d, "quarter", t, t + QUARTER_US, 100));
    struct amount estimated = measured(&d, "second", t, t + QUARTER_US, 100);
    estimated.is_valid = false;
    estimated.part = PART_ESTIMATED;
    desk_add(&d, estimated);
    desk_add(&d, measured(&d, "heat", t - 10 * MINUTE_US, t + 333, 100));
    finish(&d);
    struct summary *s = desk_latest(&d, PERIOD_QUARTER_HOUR, t);
    assert_int_equal(s->points_expected, 7);
    assert_int_equal(s->points_valid, 1);
    assert_int_equal(s->expected_ms, 7 * 900000);
    assert_int_equal(s->valid_ms, 900000);
    assert_int_equal(desk_stream(&d, s, "electricity")->expected_ms, 2 * 900000);
    assert_int_equal(desk_stream(&d, s, "electricity")->valid_ms, 900000);
    assert_int_equal(desk_stream(&d, s, "boiler")->valid_ms, 0);
    assert_int_equal(
        desk_stream(&d, desk_latest(&d, PERIOD_QUARTER_HOUR, t - QUARTER_US), "boiler")->valid_ms,
        600000);
    desk_close(&d);
}

/* --- taking back, permutations --- */

static void taking_back_leaves_no_trace(void **state)
{
    struct desk with, without;
    (void)state;
    desk_open(&with, plant);
    desk_open(&without, plant);
    int64_t t = at("2018-02-02T10:00:00Z");
    struct amount wrong = measured(&with, "heat", t + MINUTE_US, t + 50 * MINUTE_US, 12345);
    wrong.flags = AMOUNT_ROLLOVER;
    desk_seen(&with, "meter", t);
    desk_add(&with, wrong);
    desk_add(&with, measured(&with, "quarter", t, t + QUARTER_US, 5));
    desk_take_back(&with, wrong);
    desk_seen(&without, "meter", t);
    desk_add(&without, measured(&without, "quarter", t, t + QUARTER_US, 5));
    finish(&with);
    finish(&without);
    struct summary *a = desk_latest(&with, PERIOD_HOUR, t);
    struct summary *b = desk_latest(&without, PERIOD_HOUR, t);
    assert_int_equal(a->readings, b->readings);
    assert_int_equal(a->valid_ms, b->valid_ms);
    for (size_t i = 0; i < a->n_streams; i++) {
        assert_int128_equal(a->streams[i].activity_micro, b->streams[i].activity_micro);
        assert_int128_equal(a->streams[i].co2e_ug, b->streams[i].co2e_ug);
        assert_int_equal(a->streams[i].has_co2e, b->streams[i].has_co2e);
        assert_int_equal(a->streams[i].flags, b->streams[i].flags);
        assert_int_equal(a->streams[i].n_factors, b->streams[i].n_factors);
    }
    desk_close(&with);
    desk_close(&without);
}

#define SHUFFLED 300

/* Runs the amounts in the order given, some wrong ones added and taken back on the way. */
static void run_shuffled(struct desk *d, const struct amount *amounts, const int *order)
{
    desk_open(d, plant);
    for (int i = 0; i < SHUFFLED; i++) {
        struct amount a = amounts[order[i]], wrong = a;
        desk_clock(d, i * 20 * SECOND_US);
        desk_seen(d, "meter", a.end_us);
        wrong.ticks += 17;
        if (rand() % 3 == 0) {
            desk_add(d, wrong);
            desk_emit(d);
            desk_take_back(d, wrong);
        }
        desk_add(d, a);
        desk_emit(d);
        if (rand() % 40 == 0)
            desk_commit(d);
    }
    finish(d);
}

static void assert_same_stream(const struct summary_stream *a, const struct summary_stream *b)
{
    assert_int128_equal(a->activity_micro, b->activity_micro);
    for (int part = 0; part < PART_COUNT; part++)
        assert_int128_equal(a->part_micro[part], b->part_micro[part]);
    assert_int_equal(a->n_gases, b->n_gases);
    for (size_t i = 0; i < a->n_gases; i++) {
        assert_int_equal(a->gases[i].gas, b->gases[i].gas);
        assert_int_equal(a->gases[i].is_covered, b->gases[i].is_covered);
        assert_int128_equal(a->gases[i].ug, b->gases[i].ug);
    }
    assert_int128_equal(a->co2e_ug, b->co2e_ug);
    assert_int_equal(a->has_co2e, b->has_co2e);
    assert_int_equal(a->valid_ms, b->valid_ms);
    assert_int_equal(a->expected_ms, b->expected_ms);
    assert_int_equal(a->n_factors, b->n_factors);
    for (size_t i = 0; i < a->n_factors; i++) {
        assert_int_equal(a->factors[i].factor, b->factors[i].factor);
        assert_int128_equal(a->factors[i].activity_micro, b->factors[i].activity_micro);
    }
}

static void any_order_of_the_same_amounts_ends_in_the_same_figures(void **state)
{
    static const char *const points[] = { "quarter", "heat", "tank", "pv" };
    struct amount amounts[SHUFFLED];
    struct desk first;
    int order[SHUFFLED];
    (void)state;
    srand(3);
    desk_open(&first, plant);
    int64_t edge_us = at("2018-06-30T22:00:00Z"); /* a factor ends here */
    for (int i = 0; i < SHUFFLED; i++) {
        int64_t start_us = edge_us + (i - SHUFFLED / 2) * 7 * MINUTE_US;
        amounts[i] = measured(&first, points[i % 4], start_us, start_us + 7 * MINUTE_US + i * 13,
                              1 + rand() % 9999);
        order[i] = i;
    }
    desk_close(&first);
    run_shuffled(&first, amounts, order);

    for (int round = 0; round < 4; round++) {
        struct desk other;
        for (int i = SHUFFLED - 1; i > 0; i--) {
            int j = rand() % (i + 1), keep = order[i];
            order[i] = order[j];
            order[j] = keep;
        }
        run_shuffled(&other, amounts, order);
        for (uint32_t i = 0; i < first.n_out; i++) {
            struct summary *a = desk_latest(&first, first.out[i].period, first.out[i].start_us);
            struct summary *b = desk_latest(&other, a->period, a->start_us);
            if (a->readings == 0 && !b)
                continue; /* which empty windows are shown depends on where it began */
            assert_non_null(b);
            assert_int_equal(a->readings, b->readings);
            for (size_t s = 0; s < a->n_streams; s++)
                assert_same_stream(&a->streams[s], &b->streams[s]);
        }
        desk_close(&other);
    }
    desk_close(&first);
}

/* --- limits --- */

static void an_overflow_touches_nothing(void **state)
{
    struct desk d;
    (void)state;
    char *coarse = plant_with("unit: MJ, resolution: 0.001", "unit: GWh, resolution: 1000");
    desk_open(&d, coarse);
    int64_t t = at("2018-02-02T10:00:00Z");
    desk_seen(&d, "meter", t);
    /* a tick is 10^18 µWh: the first half would fit, the second does not */
    int64_t ticks = INT64_C(30000000000);
    struct amount some = measured(&d, "heat", t + QUARTER_US, t + 2 * QUARTER_US, ticks);
    struct amount more = measured(&d, "heat", t, t + 2 * QUARTER_US, ticks + ticks / 3);
    desk_add(&d, some);
    desk_add(&d, some);
    assert_int_equal(account_add(d.a, &more), ACCOUNT_OVERFLOW);
    finish(&d);
    struct summary *s = desk_latest(&d, PERIOD_HOUR, t);
    assert_int_equal(s->readings, 2);
    assert_int128_equal(desk_stream(&d, s, "boiler")->activity_micro,
                        (int128)ticks * 2 * INT64_C(1000000000000000000));
    s = desk_latest(&d, PERIOD_QUARTER_HOUR, t);
    assert_int_equal(s->readings, 0);
    desk_close(&d);
    free(coarse);
}

static void an_amount_over_years_is_conserved_in_a_bounded_number_of_windows(void **state)
{
    struct desk d;
    struct account_figures figures;
    (void)state;
    desk_open(&d, plant);
    int64_t start_us = at("2010-01-15T10:00:00Z"), end_us = at("2018-02-02T10:07:00Z");
    desk_seen(&d, "meter", end_us);
    struct amount years = measured(&d, "second", start_us, end_us, 1234567891);
    years.part = PART_BRIDGED;
    desk_add(&d, years);
    account_figures(d.a, &figures);
    assert_true(figures.windows_in_memory < 500);
    finish(&d);
    int128 months = 0;
    for (uint32_t i = 0; i < d.n_out; i++) {
        struct summary *s = &d.out[i];
        if (s == desk_latest(&d, PERIOD_MONTH, s->start_us))
            months += desk_stream(&d, s, "electricity")->activity_micro;
    }
    assert_int128_equal(months, INT64_C(1234567891) * (int128)WH_MICRO);
    /* a full month in between has its linear share */
    struct summary_stream *june =
        desk_find(&d, PERIOD_MONTH, at("2014-05-31T22:00:00Z"), "electricity");
    int64_t share = (int64_t)((int128)1234567891 * 30 * DAY_US / (end_us - start_us));
    assert_true(june->activity_micro >= share * (int128)WH_MICRO &&
                june->activity_micro <= (share + 1) * (int128)WH_MICRO);
    desk_take_back(&d, years);
    desk_clock(&d, HOUR_US);
    finish(&d);
    assert_int128_equal(
        desk_find(&d, PERIOD_MONTH, at("2014-05-31T22:00:00Z"), "electricity")->activity_micro, 0);
    desk_close(&d);
}

/* Of twenty days by the hour: in a zone whose midnights cut hours, a day has its exact share too. */
static void a_long_amount_is_cut_at_midnights_inside_hours(void **state)
{
    struct desk d;
    (void)state;
    char *kolkata = plant_with("    zone: Europe/Berlin\n", "    zone: Asia/Kolkata\n");
    desk_open(&d, kolkata);
    int64_t start_us = at("2018-12-21T18:30:00Z"), end_us = at("2019-01-10T18:30:00Z");
    desk_seen(&d, "meter", end_us);
    struct amount long_one = measured(&d, "second", start_us, end_us, 20 * 24000);
    long_one.part = PART_BRIDGED;
    desk_add(&d, long_one);
    finish(&d);
    for (int64_t day_us = start_us; day_us < end_us; day_us += DAY_US) {
        struct summary_stream *s = desk_find(&d, PERIOD_DAY, day_us, "electricity");
        assert_int128_equal(s->activity_micro, 24000 * (int128)WH_MICRO);
        assert_int_equal(s->n_factors, 1);
    }
    desk_close(&d);
    free(kolkata);
}

static void a_store_that_fails_fails_the_amount_and_nothing_is_added(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, plant);
    int64_t t = at("2018-02-02T10:00:00Z");
    add_quarters(&d, t, t + 8 * HOUR_US);
    desk_commit(&d);
    struct amount late = measured(&d, "second", t, t + 2 * QUARTER_US, 50);
    d.store_fails = true;
    assert_true(account_add(d.a, &late) < 0);
    d.store_fails = false;
    finish(&d);
    assert_int_equal(desk_latest(&d, PERIOD_QUARTER_HOUR, t)->revision, 1);
    assert_int128_equal(
        desk_find(&d, PERIOD_DAY, at("2018-02-01T23:00:00Z"), "electricity")->activity_micro,
        (32 * 250 + 31 * 16) * WH_MICRO);
    desk_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_of_quarter_hours_adds_up_in_every_period),
        cmocka_unit_test(local_days_have_23_and_25_hours),
        cmocka_unit_test(a_month_is_the_sum_of_its_days),
        cmocka_unit_test(an_amount_across_edges_is_interpolated_only_where_it_is_cut),
        cmocka_unit_test(other_parts_stay_what_they_are_when_cut),
        cmocka_unit_test(parts_add_up_where_a_tick_is_no_whole_number_of_micro_units),
        cmocka_unit_test(several_gases_become_co2e_by_ar6),
        cmocka_unit_test(biogenic_co2_leaves_the_total_and_its_methane_stays),
        cmocka_unit_test(without_a_valid_factor_co2e_is_absent_and_the_scope_incomplete),
        cmocka_unit_test(a_month_with_a_missing_part_has_no_co2e_although_its_hours_do),
        cmocka_unit_test(an_amount_across_a_factors_edge_is_split_at_the_local_midnight),
        cmocka_unit_test(a_window_that_holds_a_factors_edge_lists_both),
        cmocka_unit_test(sub_meters_are_not_totalled),
        cmocka_unit_test(export_and_generation_stand_with_the_carrier_and_reduce_nothing),
        cmocka_unit_test(unverified_amounts_stand_on_their_own_line),
        cmocka_unit_test(unverified_amounts_without_a_factor_have_no_co2e),
        cmocka_unit_test(an_amount_of_0_is_known_however_it_came),
        cmocka_unit_test(flags_are_shown_while_something_with_them_is_in),
        cmocka_unit_test(coverage_is_valid_time_of_expected_time),
        cmocka_unit_test(taking_back_leaves_no_trace),
        cmocka_unit_test(any_order_of_the_same_amounts_ends_in_the_same_figures),
        cmocka_unit_test(an_overflow_touches_nothing),
        cmocka_unit_test(an_amount_over_years_is_conserved_in_a_bounded_number_of_windows),
        cmocka_unit_test(a_long_amount_is_cut_at_midnights_inside_hours),
        cmocka_unit_test(a_store_that_fails_fails_the_amount_and_nothing_is_added),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
