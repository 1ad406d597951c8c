/* What a new plan does to windows that were begun under an old one. */
#include "account/plant_fixture_test.h"

static void what_was_added_is_taken_back_as_it_was_under_a_new_plan(void **state)
{
    static const char *const changes[][2] = {
        { "co2: 0.4585", "co2: 0.9" },
        { "stream: electricity}\n          - {id: second",
          "stream: roof}\n          - {id: second" },
        { "stream: electricity}\n          - {id: second",
          "stream: electricity, role: check}\n          - {id: second" },
        { "valid_to: 2018-12-31, co2: 0.4585}", "valid_to: 2018-02-01, co2: 0.5}\n"
                                                "  - {id: grid, source: t, per: kWh, valid_from: "
                                                "2018-02-02, valid_to: 2018-12-31, co2: 0.6}" },
        { "gateway: gw-1", "gateway: gw-1\ngwp_set: AR4" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct desk d;
        char *changed = plant_with(changes[i][0], changes[i][1]);
        desk_open(&d, plant);
        int64_t t = at("2018-02-02T10:00:00Z");
        desk_seen(&d, "meter", t);
        struct amount a = measured(&d, "quarter", t, t + HOUR_US, 1001);
        desk_add(&d, a);
        desk_add(&d, measured(&d, "second", t, t + QUARTER_US, 10));
        desk_configure(&d, changed);
        desk_take_back(&d, a);
        finish(&d);
        struct summary *s = desk_latest(&d, PERIOD_DAY, at("2018-02-01T23:00:00Z"));
        assert_int_equal(s->readings, 1);
        assert_int128_equal(desk_stream(&d, s, "electricity")->activity_micro, 10 * WH_MICRO);
        assert_int128_equal(s->totals[TOTAL_SCOPE_2_LOCATION].co2e_ug, 10 * 458500);
        desk_close(&d);
        free(changed);
    }
}

static void what_was_not_totalled_is_not_taken_back(void **state)
{
    struct desk d;
    (void)state;
    char *check = plant_with("stream: electricity}\n          - {id: second",
                             "stream: electricity, role: check}\n          - {id: second");
    desk_open(&d, check);
    int64_t t = at("2018-02-02T10:00:00Z");
    desk_seen(&d, "meter", t);
    struct amount a = measured(&d, "quarter", t, t + HOUR_US, 1001);
    desk_add(&d, a);
    desk_configure(&d, plant);
    desk_take_back(&d, a);
    desk_add(&d, measured(&d, "quarter", t, t + QUARTER_US, 10));
    finish(&d);
    struct summary *s = desk_latest(&d, PERIOD_HOUR, t);
    assert_int_equal(s->readings, 1);
    assert_int128_equal(desk_stream(&d, s, "electricity")->activity_micro, 10 * WH_MICRO);
    desk_close(&d);
    free(check);
}

static void a_new_factor_serves_new_windows_and_old_ones_stay(void **state)
{
    struct desk d;
    (void)state;
    char *changed = plant_with("co2: 0.4585", "co2: 0.9");
    desk_open(&d, plant);
    int64_t t = at("2018-02-02T10:00:00Z");
    desk_seen(&d, "meter", t);
    desk_add(&d, measured(&d, "quarter", t, t + QUARTER_US, 100));
    desk_configure(&d, changed);
    desk_add(&d, measured(&d, "quarter", t, t + QUARTER_US, 1)); /* follows the window */
    desk_add(&d, measured(&d, "quarter", t + QUARTER_US, t + 2 * QUARTER_US, 100));
    finish(&d);
    assert_int128_equal(desk_find(&d, PERIOD_QUARTER_HOUR, t, "electricity")->co2e_ug,
                        101 * 458500);
    assert_int128_equal(desk_find(&d, PERIOD_QUARTER_HOUR, t + QUARTER_US, "electricity")->co2e_ug,
                        100 * 900000);
    struct summary_stream *hour = desk_find(&d, PERIOD_HOUR, t, "electricity");
    assert_int128_equal(hour->co2e_ug, 101 * 458500 + 100 * 900000);
    assert_int_equal(hour->n_factors, 2); /* one of the plan, one it no longer has */
    assert_true(hour->factors[0].factor >= 0);
    assert_int_equal(hour->factors[1].factor, -1);
    assert_int_equal(hour->factors[1].status, FACTOR_ACTUAL);
    assert_true(hour->has_co2e);
    desk_close(&d);
    free(changed);
}

static void another_resolution_gets_cells_of_its_own(void **state)
{
    struct desk d;
    (void)state;
    char *changed = plant_with("resolution: 0.001,\n             stream: electricity",
                               "resolution: 0.01,\n             stream: electricity");
    desk_open(&d, plant);
    int64_t t = at("2018-02-02T10:00:00Z");
    desk_seen(&d, "meter", t);
    desk_add(&d, measured(&d, "quarter", t, t + QUARTER_US, 100));
    desk_configure(&d, changed);
    desk_add(&d, measured(&d, "quarter", t, t + QUARTER_US, 7));
    finish(&d);
    struct summary *s = desk_latest(&d, PERIOD_QUARTER_HOUR, t);
    assert_int128_equal(desk_stream(&d, s, "electricity")->activity_micro, 170 * WH_MICRO);
    assert_int_equal(s->points_valid, 1); /* the point is one, its lanes are two */
    desk_close(&d);
    free(changed);
}

static void a_period_that_is_added_begins_with_its_next_window(void **state)
{
    struct desk d;
    (void)state;
    char *fewer = plant_with("smallest: 15min", "smallest: 15min\n    periods: [15min, day]");
    desk_open(&d, fewer);
    int64_t t = at("2018-02-02T10:00:00Z");
    add_quarters(&d, t, t + 2 * QUARTER_US);
    assert_null(desk_latest(&d, PERIOD_HOUR, t));
    desk_commit(&d);
    desk_restart(&d);
    desk_configure(&d, plant);
    desk_add(&d, measured(&d, "heat", t - QUARTER_US, t, 1)); /* no hour begins with it */
    add_quarters(&d, t + 2 * QUARTER_US, t + 3 * HOUR_US);
    finish(&d);
    assert_null(desk_latest(&d, PERIOD_HOUR, t - HOUR_US));
    assert_null(desk_latest(&d, PERIOD_HOUR, t));
    assert_int_equal(desk_latest(&d, PERIOD_HOUR, t + HOUR_US)->readings, 4);
    assert_null(desk_latest(&d, PERIOD_MONTH, at("2018-01-31T23:00:00Z")));
    assert_int_equal(desk_latest(&d, PERIOD_DAY, at("2018-02-01T23:00:00Z"))->readings, 13);
    desk_close(&d);
    free(fewer);
}

static void finer_windows_take_over_where_they_begin(void **state)
{
    struct desk d;
    (void)state;
    char *finer = plant_with("smallest: 15min",
                             "smallest: 1min\n    periods: [1min, 15min, hour, day, month]");
    desk_open(&d, plant);
    int64_t t = at("2018-02-02T10:00:00Z");
    desk_seen(&d, "meter", t);
    struct amount before = measured(&d, "second", t, t + 7 * MINUTE_US, 70);
    desk_add(&d, before);
    desk_configure(&d, finer);
    desk_add(&d, measured(&d, "second", t + 7 * MINUTE_US, t + 20 * MINUTE_US, 130));
    desk_take_back(&d, before);
    finish(&d);
    assert_int128_equal(
        desk_find(&d, PERIOD_MINUTE, t + 8 * MINUTE_US, "electricity")->activity_micro,
        10 * WH_MICRO);
    assert_int128_equal(desk_find(&d, PERIOD_QUARTER_HOUR, t, "electricity")->activity_micro,
                        80 * WH_MICRO);
    assert_int128_equal(desk_find(&d, PERIOD_HOUR, t, "electricity")->activity_micro,
                        130 * WH_MICRO);
    desk_close(&d);
    free(finer);
}

static void a_stream_that_is_gone_is_left_out_and_comes_back(void **state)
{
    struct desk d;
    (void)state;
    char *renamed = plant_with("{id: boiler,", "{id: kettle,");
    struct buffer text = { 0 };
    const char *point = strstr(renamed, "stream: boiler");
    buffer_put(&text, renamed, (size_t)(point - renamed));
    buffer_put(&text, "stream: kettle", 14);
    buffer_put(&text, point + 14, strlen(point + 14) + 1);

    desk_open(&d, plant);
    int64_t t = at("2018-02-02T10:00:00Z");
    desk_seen(&d, "meter", t);
    desk_add(&d, measured(&d, "heat", t, t + QUARTER_US, 3600));
    desk_configure(&d, (const char *)text.at);
    desk_seen(&d, "meter", t + HOUR_US);
    desk_emit(&d);
    assert_int128_equal(desk_find(&d, PERIOD_QUARTER_HOUR, t, "kettle")->activity_micro, 0);
    desk_configure(&d, plant);
    finish(&d);
    assert_int128_equal(desk_find(&d, PERIOD_HOUR, t, "boiler")->activity_micro, 1000 * WH_MICRO);
    desk_close(&d);
    buffer_fini(&text);
    free(renamed);
}

static void another_zone_cuts_the_days_anew(void **state)
{
    struct desk d;
    (void)state;
    char *seoul = plant_with("Europe/Berlin", "Asia/Seoul");
    desk_open(&d, plant);
    int64_t t = at("2018-02-02T10:00:00Z");
    add_quarters(&d, t, t + HOUR_US);
    desk_configure(&d, seoul);
    add_quarters(&d, t + HOUR_US, t + 30 * HOUR_US);
    desk_clock(&d, HOUR_US);
    finish(&d);
    struct summary *last = desk_latest(&d, PERIOD_DAY, at("2018-02-01T23:00:00Z"));
    assert_int_equal(last->readings, 4); /* the open day of Berlin left as it was */
    assert_int_equal(desk_latest(&d, PERIOD_DAY, at("2018-02-02T15:00:00Z"))->readings, 96);
    assert_int_equal(desk_latest(&d, PERIOD_HOUR, t + HOUR_US)->readings, 4);
    desk_close(&d);
    free(seoul);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_added_is_taken_back_as_it_was_under_a_new_plan),
        cmocka_unit_test(what_was_not_totalled_is_not_taken_back),
        cmocka_unit_test(a_new_factor_serves_new_windows_and_old_ones_stay),
        cmocka_unit_test(another_resolution_gets_cells_of_its_own),
        cmocka_unit_test(a_period_that_is_added_begins_with_its_next_window),
        cmocka_unit_test(finer_windows_take_over_where_they_begin),
        cmocka_unit_test(a_stream_that_is_gone_is_left_out_and_comes_back),
        cmocka_unit_test(another_zone_cuts_the_days_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
