/* When what leaves, and in what order. */
#include "account/account_fixture_test.h"
#include "account/spread.h"

static const char two_devices[] =
    "gateway: gw-1\n"
    "idle: 10min\n"
    "factors:\n"
    "  - {id: grid, source: t, per: kWh, co2: 0.4585}\n"
    "sites:\n"
    "  - id: plant\n"
    "    zone: UTC\n"
    "    smallest: 15min\n"
    "    publish_shorter: true\n"
    "    streams: [{id: electricity, scope: 2, carrier: electricity, factor: grid}]\n"
    "    devices:\n"
    "      - id: one\n"
    "        points: [{id: a, kind: register, unit: kWh, resolution: 0.001, stream: electricity}]\n"
    "      - id: two\n"
    "        points: [{id: b, kind: register, unit: kWh, resolution: 0.001, stream: "
    "electricity}]\n";

static const char one_device[] =
    "gateway: gw-1\n"
    "idle: 30d\n"
    "factors:\n"
    "  - {id: grid, source: t, per: kWh, co2: 0.4585}\n"
    "sites:\n"
    "  - id: plant\n"
    "    zone: UTC\n"
    "    periods: [15min, hour, day]\n"
    "    publish_shorter: true\n"
    "    streams:\n"
    "      - {id: electricity, scope: 2, carrier: electricity, factor: grid}\n"
    "      - {id: other, scope: 1, carrier: gas}\n"
    "    devices:\n"
    "      - id: one\n"
    "        points: [{id: a, kind: register, unit: kWh, resolution: 0.001, stream: "
    "electricity}]\n";

#define DAY_START "2018-02-02T00:00:00Z"
#define WH_MICRO  INT64_C(1000000)

static void a_window_closes_when_the_watermark_passes_its_end_by_grace(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, one_device);
    int64_t t = at(DAY_START);
    desk_seen(&d, "one", t);
    desk_add(&d, measured(&d, "a", t, t + QUARTER_US, 5));
    desk_seen(&d, "one", t + QUARTER_US + 2 * MINUTE_US - 1);
    assert_int_equal(desk_emit(&d), 0);
    desk_seen(&d, "one", t + QUARTER_US + 2 * MINUTE_US);
    assert_int_equal(desk_emit(&d), 1);
    assert_int_equal(d.out[0].period, PERIOD_QUARTER_HOUR);
    assert_int_equal(d.out[0].start_us, t);
    assert_int_equal(d.out[0].watermark_us, t + QUARTER_US + 2 * MINUTE_US);
    assert_int_equal(d.out[0].published_us, 1600000000 * SECOND_US);
    desk_close(&d);
}

static void at_one_end_the_shorter_period_leaves_first(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, one_device);
    int64_t t = at(DAY_START);
    desk_seen(&d, "one", t + 23 * HOUR_US);
    desk_add(&d, measured(&d, "a", t + 23 * HOUR_US, t + DAY_US, 1000));
    desk_seen(&d, "one", t + DAY_US + HOUR_US);
    desk_emit(&d);
    static const enum period order[] = { PERIOD_QUARTER_HOUR, PERIOD_QUARTER_HOUR,
                                         PERIOD_QUARTER_HOUR, PERIOD_QUARTER_HOUR,
                                         PERIOD_HOUR,         PERIOD_DAY,
                                         PERIOD_QUARTER_HOUR };
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        assert_int_equal(d.out[i].period, order[i]);
    for (uint32_t i = 1; i < d.n_out; i++)
        assert_true(d.out[i].end_us >= d.out[i - 1].end_us);
    desk_close(&d);
}

static void an_amount_before_the_first_reading_moves_the_beginning_back(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, one_device);
    int64_t t = at(DAY_START) + HOUR_US;
    desk_seen(&d, "one", t); /* an interval reading is stamped at its end */
    desk_add(&d, measured(&d, "a", t - QUARTER_US, t, 5));
    desk_seen(&d, "one", t + 2 * MINUTE_US);
    assert_int_equal(desk_emit(&d), 2);
    assert_int_equal(d.out[0].start_us, t - QUARTER_US);
    assert_int_equal(d.out[1].period, PERIOD_HOUR);
    assert_int_equal(d.out[1].start_us, t - HOUR_US);
    desk_close(&d);
}

static void a_reading_years_back_does_not_move_the_beginning(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, one_device);
    int64_t t = at(DAY_START);
    desk_seen(&d, "one", t);
    desk_add(&d, measured(&d, "a", t - 4000 * DAY_US, t - 4000 * DAY_US + QUARTER_US, 5));
    assert_int_equal(desk_emit(&d), 0);
    desk_clock(&d, 60 * SECOND_US);
    assert_int_equal(desk_emit(&d), 3); /* its quarter, hour and day, as late ones */
    for (int i = 0; i < 3; i++) {
        assert_int_equal(d.out[i].revision, 1);
        assert_int_equal(d.out[i].reasons, 0);
    }
    desk_close(&d);
}

/* An amount that began too long ago reaches into a window that is not overdue; both leave as late. */
static void what_left_as_late_is_not_opened_again(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, one_device);
    int64_t t = at(DAY_START) + 5 * HOUR_US;
    desk_seen(&d, "one", t);
    desk_add(&d, measured(&d, "a", t - 20 * MINUTE_US, t - 10 * MINUTE_US, 10));
    desk_clock(&d, 60 * SECOND_US);
    desk_emit(&d);
    assert_int_equal(desk_latest(&d, PERIOD_QUARTER_HOUR, t - QUARTER_US)->revision, 1);

    desk_add(&d, measured(&d, "a", t - 10 * MINUTE_US, t - 5 * MINUTE_US, 7));
    desk_seen(&d, "one", t + QUARTER_US);
    desk_emit(&d);
    desk_clock(&d, 2 * 60 * SECOND_US);
    desk_emit(&d);
    struct summary *s = desk_latest(&d, PERIOD_QUARTER_HOUR, t - QUARTER_US);
    assert_int_equal(s->revision, 2);
    assert_int_equal(s->reasons, 1u << REASON_LATE);
    desk_close(&d);
}

static void silence_is_a_visible_gap(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, one_device);
    int64_t t = at(DAY_START);
    desk_seen(&d, "one", t);
    desk_add(&d, measured(&d, "a", t, t + QUARTER_US, 5));
    desk_seen(&d, "one", t + HOUR_US + 2 * MINUTE_US);
    assert_int_equal(desk_emit(&d), 5);
    for (int i = 1; i < 4; i++) {
        struct summary *s = &d.out[i];
        assert_int_equal(s->start_us, t + i * QUARTER_US);
        assert_int_equal(s->valid_ms, 0);
        assert_int_equal(s->expected_ms, 900000);
        assert_int_equal(s->readings, 0);
        assert_int_equal(s->n_streams, 2);
        assert_false(s->streams[0].has_co2e);
        assert_false(s->totals[TOTAL_SCOPE_2_LOCATION].has_co2e);
        assert_true(s->totals[TOTAL_SCOPE_2_LOCATION].is_incomplete); /* its meters are silent */
    }
    desk_close(&d);
}

static void the_slowest_device_is_waited_for_until_it_is_idle(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, two_devices);
    int64_t t = at(DAY_START);
    desk_seen(&d, "one", t);
    desk_seen(&d, "two", t);
    desk_add(&d, measured(&d, "a", t, t + 10 * MINUTE_US, 5));
    desk_clock(&d, 9 * MINUTE_US);
    desk_seen(&d, "one", t + QUARTER_US);
    assert_int_equal(desk_emit(&d), 0);
    assert_int_equal(account_due(d.a), 10 * MINUTE_US);
    desk_clock(&d, 10 * MINUTE_US);
    assert_int_equal(account_watermark(d.a, 0), t + QUARTER_US);
    assert_int_equal(account_silent_devices(d.a, 0), 1);
    desk_seen(&d, "one", t + QUARTER_US + 2 * MINUTE_US);
    assert_int_equal(desk_emit(&d), 1);
    assert_int_equal(d.out[0].silent_devices, 1);
    desk_close(&d);
}

static void a_device_far_behind_does_not_hold_the_site(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, two_devices);
    int64_t t = at(DAY_START);
    desk_seen(&d, "two", t - 2 * HOUR_US);
    desk_seen(&d, "one", t);
    desk_seen(&d, "one", t + 17 * MINUTE_US);
    assert_true(desk_emit(&d) > 0);
    assert_non_null(desk_latest(&d, PERIOD_QUARTER_HOUR, t));
    desk_add(&d, measured(&d, "b", t - 2 * HOUR_US, t - 2 * HOUR_US + QUARTER_US, 9));
    assert_int_equal(desk_emit(&d), 0);
    desk_clock(&d, 60 * SECOND_US);
    desk_emit(&d);
    assert_int128_equal(
        desk_find(&d, PERIOD_QUARTER_HOUR, t - 2 * HOUR_US, "electricity")->activity_micro,
        9 * WH_MICRO);
    desk_close(&d);
}

static void when_all_are_idle_windows_close_by_the_gateways_time(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, two_devices);
    int64_t t = at(DAY_START);
    desk_seen(&d, "one", t);
    desk_add(&d, measured(&d, "a", t, t + MINUTE_US, 5));
    desk_clock(&d, 10 * MINUTE_US); /* idle from here on */
    assert_int_equal(desk_emit(&d), 0);
    assert_int_equal(account_due(d.a), 17 * MINUTE_US);
    desk_clock(&d, 17 * MINUTE_US - 1);
    assert_int_equal(desk_emit(&d), 0);
    desk_clock(&d, 17 * MINUTE_US);
    assert_int_equal(desk_emit(&d), 1);
    assert_int_equal(account_due(d.a), 32 * MINUTE_US);
    desk_clock(&d, 62 * MINUTE_US);
    assert_int_equal(desk_emit(&d), 4); /* three quarters and the hour */
    desk_close(&d);
}

static void a_jump_of_years_fills_a_bounded_number_of_windows(void **state)
{
    struct desk d;
    struct account_figures figures;
    (void)state;
    desk_open(&d, one_device);
    int64_t t = at("2001-02-02T00:00:00Z"), now_us = at(DAY_START);
    desk_seen(&d, "one", t);
    desk_add(&d, measured(&d, "a", t, t + QUARTER_US, 5));
    desk_seen(&d, "one", now_us);
    desk_add(&d, measured(&d, "a", now_us, now_us + QUARTER_US, 5));
    desk_seen(&d, "one", now_us + QUARTER_US + 2 * MINUTE_US);
    uint32_t n[PERIOD_COUNT] = { 0 };
    desk_emit(&d);
    for (uint32_t i = 0; i < d.n_out; i++)
        n[d.out[i].period]++;
    assert_int_equal(n[PERIOD_QUARTER_HOUR], WINDOWS_MOST + 2);
    assert_int_equal(n[PERIOD_HOUR], WINDOWS_MOST + 1);
    assert_int_equal(n[PERIOD_DAY], WINDOWS_MOST + 1);
    assert_non_null(desk_latest(&d, PERIOD_QUARTER_HOUR, t));
    assert_null(desk_latest(&d, PERIOD_QUARTER_HOUR, t + QUARTER_US));
    assert_non_null(desk_latest(&d, PERIOD_QUARTER_HOUR, now_us - QUARTER_US));
    int64_t days = (now_us - t) / DAY_US;
    account_figures(d.a, &figures);
    assert_int_equal(figures.windows_skipped, (days * 96 - 1 - WINDOWS_MOST) +
                                                  (days * 24 - 1 - WINDOWS_MOST) +
                                                  (days - 1 - WINDOWS_MOST));
    desk_close(&d);
}

/* A meter whose clock began in 2001 and was then set: one amount over years, with a share in each month. */
static void an_amount_over_years_fills_no_more_than_a_jump_does(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, one_device);
    int64_t t = at("2001-02-02T00:00:00Z"), now_us = at(DAY_START);
    desk_seen(&d, "one", t);
    struct amount years = measured(&d, "a", t, now_us, 1000);
    years.part = PART_BRIDGED;
    desk_add(&d, years);
    desk_seen(&d, "one", now_us + QUARTER_US);
    desk_emit(&d);
    uint32_t n[PERIOD_COUNT] = { 0 };
    int128 sum = 0;
    for (uint32_t i = 0; i < d.n_out; i++) {
        n[d.out[i].period]++;
        if (d.out[i].period == PERIOD_DAY)
            sum += d.out[i].streams[0].activity_micro;
    }
    assert_true(n[PERIOD_QUARTER_HOUR] < WINDOWS_MOST + 250); /* 205 months have a share */
    assert_true(n[PERIOD_HOUR] < WINDOWS_MOST + 250);
    assert_true(n[PERIOD_DAY] < WINDOWS_MOST + 250);
    assert_int128_equal(sum, 1000 * WH_MICRO);
    desk_close(&d);
}

static void a_late_amount_leaves_as_a_revision_with_before_and_after(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, one_device);
    int64_t t = at(DAY_START);
    desk_seen(&d, "one", t);
    desk_add(&d, measured(&d, "a", t, t + QUARTER_US, 100));
    desk_seen(&d, "one", t + HOUR_US);
    desk_clock(&d, HOUR_US);
    desk_emit(&d);
    uint32_t before = d.n_out;

    desk_add(&d, measured(&d, "a", t, t + QUARTER_US, 10));
    desk_clock(&d, HOUR_US + 59 * SECOND_US);
    desk_add(&d, measured(&d, "a", t, t + QUARTER_US, 7)); /* gathered with it */
    assert_int_equal(desk_emit(&d), 0);
    assert_int_equal(account_due(d.a), HOUR_US + 60 * SECOND_US);
    desk_clock(&d, HOUR_US + 60 * SECOND_US);
    assert_int_equal(desk_emit(&d), 1); /* the hour is still open */
    struct summary *s = &d.out[before];
    assert_int_equal(s->revision, 2);
    assert_int_equal(s->reasons, 1u << REASON_LATE);
    assert_int128_equal(desk_change(s, -1, LINE_CO2E)->before_micro, 100 * 458500);
    assert_int128_equal(desk_change(s, -1, LINE_CO2E)->after_micro, 117 * 458500);
    assert_int128_equal(desk_change(s, 0, LINE_ACTIVITY)->before_micro, 100 * WH_MICRO);
    assert_int128_equal(desk_change(s, 0, LINE_ACTIVITY)->after_micro, 117 * WH_MICRO);
    assert_int128_equal(desk_change(s, 0, LINE_CO2E)->before_micro, 100 * 458500);
    assert_int128_equal(desk_change(s, 0, LINE_CO2E)->after_micro, 117 * 458500);
    assert_true(desk_change(s, 0, LINE_CO2E)->had && desk_change(s, 0, LINE_CO2E)->has);

    desk_take_back(&d, measured(&d, "a", t, t + QUARTER_US, 7));
    desk_clock(&d, 2 * HOUR_US);
    desk_emit(&d);
    s = desk_latest(&d, PERIOD_QUARTER_HOUR, t);
    assert_int_equal(s->revision, 3);
    assert_int_equal(s->reasons, 1u << REASON_RECLASSIFIED);
    assert_int128_equal(desk_change(s, 0, LINE_ACTIVITY)->before_micro, 117 * WH_MICRO);
    assert_int128_equal(desk_change(s, 0, LINE_ACTIVITY)->after_micro, 110 * WH_MICRO);
    desk_close(&d);
}

static void a_late_amount_where_nothing_was_known_replaces_an_absence(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, one_device);
    int64_t t = at(DAY_START);
    desk_seen(&d, "one", t);
    desk_seen(&d, "one", t + HOUR_US);
    desk_emit(&d);
    assert_false(desk_find(&d, PERIOD_QUARTER_HOUR, t, "electricity")->has_activity);
    desk_commit(&d);
    desk_restart(&d);

    desk_add(&d, measured(&d, "a", t, t + QUARTER_US, 0));
    desk_clock(&d, 60 * SECOND_US);
    desk_emit(&d);
    struct summary *s = desk_latest(&d, PERIOD_QUARTER_HOUR, t);
    assert_int_equal(s->revision, 2);
    assert_false(desk_change(s, 0, LINE_ACTIVITY)->had);
    assert_true(desk_change(s, 0, LINE_ACTIVITY)->has);

    desk_commit(&d);
    desk_restart(&d);
    desk_add(&d, measured(&d, "a", t, t + QUARTER_US, 7));
    desk_clock(&d, 2 * 60 * SECOND_US);
    desk_emit(&d);
    s = desk_latest(&d, PERIOD_QUARTER_HOUR, t);
    assert_int_equal(s->revision, 3);
    assert_true(desk_change(s, 0, LINE_ACTIVITY)->had);
    assert_int128_equal(desk_change(s, 0, LINE_ACTIVITY)->after_micro, 7 * WH_MICRO);
    desk_close(&d);
}

static void a_change_that_comes_to_nothing_is_no_revision(void **state)
{
    struct desk d;
    struct account_figures figures;
    (void)state;
    desk_open(&d, one_device);
    int64_t t = at(DAY_START);
    desk_seen(&d, "one", t);
    struct amount a = measured(&d, "a", t, t + QUARTER_US, 100);
    desk_add(&d, a);
    desk_seen(&d, "one", t + HOUR_US);
    desk_emit(&d);
    desk_take_back(&d, a);
    desk_add(&d, a);
    struct amount never = measured(&d, "a", t - DAY_US, t - DAY_US + QUARTER_US, 100);
    desk_add(&d, never); /* a window that was never opened */
    desk_take_back(&d, never);
    account_figures(d.a, &figures);
    assert_int_equal(figures.revisions_pending, 4);
    desk_clock(&d, HOUR_US);
    assert_int_equal(desk_emit(&d), 0);
    account_figures(d.a, &figures);
    assert_int_equal(figures.revisions_pending, 0);

    desk_add(&d, measured(&d, "a", t, t + QUARTER_US, 1));
    desk_clock(&d, 2 * HOUR_US);
    desk_emit(&d);
    assert_int_equal(desk_latest(&d, PERIOD_QUARTER_HOUR, t)->revision, 2);
    assert_int_equal(desk_latest(&d, PERIOD_QUARTER_HOUR, t)->reasons, 1u << REASON_LATE);
    desk_close(&d);
}

static void revisions_leave_by_due_time_then_end_then_period(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, one_device);
    int64_t t = at(DAY_START);
    desk_seen(&d, "one", t);
    desk_seen(&d, "one", t + 5 * HOUR_US);
    desk_emit(&d);
    uint32_t before = d.n_out;
    desk_add(&d, measured(&d, "a", t + 2 * HOUR_US - QUARTER_US, t + 2 * HOUR_US, 1));
    desk_add(&d, measured(&d, "a", t, t + QUARTER_US, 1));
    desk_clock(&d, SECOND_US);
    desk_add(&d, measured(&d, "a", t + QUARTER_US, t + 2 * QUARTER_US, 1));
    desk_clock(&d, HOUR_US);
    desk_emit(&d);
    static const struct {
        enum period p;
        int minutes;
    } order[] = {
        { PERIOD_QUARTER_HOUR, 15 }, { PERIOD_HOUR, 60 },         { PERIOD_QUARTER_HOUR, 120 },
        { PERIOD_HOUR, 120 },        { PERIOD_QUARTER_HOUR, 30 },
    };
    assert_int_equal(d.n_out - before, 5);
    for (uint32_t i = 0; i < 5; i++) {
        assert_int_equal(d.out[before + i].period, order[i].p);
        assert_int_equal(d.out[before + i].end_us, t + order[i].minutes * MINUTE_US);
    }
    desk_close(&d);
}

static void the_smallest_window_is_kept_but_not_published(void **state)
{
    struct desk d;
    struct account_figures figures;
    (void)state;
    desk_open(&d, one_device); /* its smallest is a minute */
    int64_t t = at(DAY_START);
    desk_seen(&d, "one", t);
    for (int i = 0; i < 600; i++) {
        desk_add(&d, measured(&d, "a", t + i * MINUTE_US, t + (i + 1) * MINUTE_US, 1));
        desk_seen(&d, "one", t + (i + 1) * MINUTE_US);
        desk_emit(&d);
        desk_commit(&d);
    }
    for (uint32_t i = 0; i < d.n_out; i++)
        assert_true(d.out[i].period >= PERIOD_QUARTER_HOUR);
    assert_int_equal(d.n_out, 39 + 9);
    account_figures(d.a, &figures);
    assert_true(figures.windows_in_memory < 40);
    assert_int_equal(d.lookups, 0);
    desk_close(&d);
}

static void a_window_that_left_memory_is_looked_up_and_revised(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, one_device);
    int64_t t = at(DAY_START);
    desk_seen(&d, "one", t);
    for (int i = 0; i < 20; i++) {
        desk_add(&d, measured(&d, "a", t + i * QUARTER_US, t + (i + 1) * QUARTER_US, 100));
        desk_seen(&d, "one", t + (i + 1) * QUARTER_US);
        desk_emit(&d);
    }
    desk_commit(&d);
    struct amount a = measured(&d, "a", t, t + QUARTER_US, 100);
    desk_take_back(&d, a);
    a.ticks = 90;
    desk_add(&d, a);
    assert_int_equal(d.lookups, 17); /* 15 minutes, the quarter and the hour */
    desk_clock(&d, HOUR_US);
    assert_int_equal(desk_emit(&d), 2);
    struct summary *s = desk_latest(&d, PERIOD_HOUR, t);
    assert_int_equal(s->revision, 2);
    assert_int_equal(s->reasons, 1u << REASON_LATE | 1u << REASON_RECLASSIFIED);
    assert_int128_equal(s->streams[0].activity_micro, 390 * WH_MICRO);
    assert_int128_equal(desk_change(s, 0, LINE_ACTIVITY)->before_micro, 400 * WH_MICRO);
    assert_int_equal(s->valid_ms, 3600000);
    desk_close(&d);
}

static void expected_time_is_that_of_the_first_closing(void **state)
{
    static const char more[] =
        "gateway: gw-1\n"
        "idle: 30d\n"
        "factors:\n"
        "  - {id: grid, source: t, per: kWh, co2: 0.4585}\n"
        "sites:\n"
        "  - id: plant\n"
        "    zone: UTC\n"
        "    periods: [15min, hour, day]\n"
        "    streams:\n"
        "      - {id: new, scope: 1, carrier: gas}\n"
        "      - {id: electricity, scope: 2, carrier: electricity, factor: grid}\n"
        "    devices:\n"
        "      - id: one\n"
        "        points:\n"
        "          - {id: a, kind: register, unit: kWh, resolution: 0.001, stream: electricity}\n"
        "          - {id: b, kind: register, unit: kWh, resolution: 0.001, stream: electricity}\n"
        "          - {id: c, kind: register, unit: m3, resolution: 0.001, stream: new}\n";
    struct desk d;
    (void)state;
    desk_open(&d, one_device);
    int64_t t = at(DAY_START);
    desk_seen(&d, "one", t);
    desk_add(&d, measured(&d, "a", t, t + QUARTER_US, 100));
    desk_seen(&d, "one", t + 20 * MINUTE_US);
    desk_emit(&d);
    desk_configure(&d, more);
    desk_add(&d, measured(&d, "b", t, t + QUARTER_US, 1));
    desk_seen(&d, "one", t + 40 * MINUTE_US);
    desk_clock(&d, HOUR_US);
    desk_emit(&d);
    struct summary *s = desk_latest(&d, PERIOD_QUARTER_HOUR, t);
    assert_int_equal(s->revision, 2);
    assert_int_equal(s->points_expected, 1);
    assert_int_equal(s->expected_ms, 900000);
    assert_int_equal(desk_stream(&d, s, "new")->expected_ms, 0);
    s = desk_latest(&d, PERIOD_QUARTER_HOUR, t + QUARTER_US);
    assert_int_equal(s->points_expected, 3);
    desk_close(&d);
}

static void finish_closes_what_has_something_in_it_and_nothing_beyond(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, one_device);
    int64_t t = at(DAY_START);
    desk_seen(&d, "one", t);
    desk_add(&d, measured(&d, "a", t, t + QUARTER_US, 1));
    desk_add(&d, measured(&d, "a", t + 2 * QUARTER_US, t + 3 * QUARTER_US, 1));
    assert_int_equal(desk_emit(&d), 0);
    account_finish(d.a);
    assert_int_equal(account_due(d.a), 0);
    assert_int_equal(desk_emit(&d), 5); /* three quarters, the hour, the day */
    assert_int_equal(d.out[2].start_us, t + 2 * QUARTER_US);
    assert_int_equal(d.out[4].period, PERIOD_DAY);
    desk_add(&d, measured(&d, "a", t + HOUR_US, t + HOUR_US + QUARTER_US, 1));
    assert_int_equal(desk_emit(&d), 4); /* at once: two quarters, its hour, the day again */
    assert_int_equal(desk_latest(&d, PERIOD_DAY, t)->revision, 2);
    desk_close(&d);
}

static void sites_take_turns_by_the_ends_of_their_windows(void **state)
{
    static const char sites[] =
        "gateway: gw-1\n"
        "sites:\n"
        "  - id: z\n"
        "    zone: UTC\n"
        "    periods: [hour]\n"
        "    streams: [{id: s, scope: 1}]\n"
        "    devices: [{id: dz, points: [{id: pz, kind: register, unit: kg, stream: s}]}]\n"
        "  - id: a\n"
        "    zone: UTC\n"
        "    periods: [15min, hour]\n"
        "    streams: [{id: s, scope: 1}]\n"
        "    devices: [{id: da, points: [{id: pa, kind: register, unit: kg, stream: s}]}]\n";
    struct desk d;
    (void)state;
    desk_open(&d, sites);
    int64_t t = at(DAY_START);
    desk_seen(&d, "da", t);
    desk_seen(&d, "dz", t);
    desk_seen(&d, "da", t + 2 * HOUR_US);
    desk_seen(&d, "dz", t + 2 * HOUR_US);
    desk_emit(&d);
    static const struct {
        int site;
        enum period p;
    } order[] = {
        { 1, PERIOD_QUARTER_HOUR }, { 1, PERIOD_QUARTER_HOUR }, { 1, PERIOD_QUARTER_HOUR },
        { 1, PERIOD_QUARTER_HOUR }, { 0, PERIOD_HOUR },         { 1, PERIOD_HOUR },
    };
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        assert_int_equal(d.out[i].site, order[i].site);
        assert_int_equal(d.out[i].period, order[i].p);
    }
    desk_close(&d);
}

static void nothing_is_due_before_anything_was_seen(void **state)
{
    struct desk d;
    struct account_figures figures;
    (void)state;
    desk_open(&d, one_device);
    assert_true(account_due(d.a) == INT64_MAX);
    assert_true(account_watermark(d.a, 0) == INT64_MIN);
    assert_true(account_watermark(NULL, 0) == INT64_MIN);
    assert_true(account_watermark(d.a, 7) == INT64_MIN);
    assert_int_equal(account_silent_devices(d.a, 0), 1);
    assert_int_equal(account_silent_devices(NULL, 0), 0);
    account_finish(d.a);
    assert_int_equal(desk_emit(&d), 0);
    account_figures(d.a, &figures);
    assert_int_equal(figures.windows_in_memory, 0);
    account_close(NULL);
    desk_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_closes_when_the_watermark_passes_its_end_by_grace),
        cmocka_unit_test(at_one_end_the_shorter_period_leaves_first),
        cmocka_unit_test(an_amount_before_the_first_reading_moves_the_beginning_back),
        cmocka_unit_test(a_reading_years_back_does_not_move_the_beginning),
        cmocka_unit_test(what_left_as_late_is_not_opened_again),
        cmocka_unit_test(silence_is_a_visible_gap),
        cmocka_unit_test(the_slowest_device_is_waited_for_until_it_is_idle),
        cmocka_unit_test(a_device_far_behind_does_not_hold_the_site),
        cmocka_unit_test(when_all_are_idle_windows_close_by_the_gateways_time),
        cmocka_unit_test(a_jump_of_years_fills_a_bounded_number_of_windows),
        cmocka_unit_test(an_amount_over_years_fills_no_more_than_a_jump_does),
        cmocka_unit_test(a_late_amount_leaves_as_a_revision_with_before_and_after),
        cmocka_unit_test(a_late_amount_where_nothing_was_known_replaces_an_absence),
        cmocka_unit_test(a_change_that_comes_to_nothing_is_no_revision),
        cmocka_unit_test(revisions_leave_by_due_time_then_end_then_period),
        cmocka_unit_test(the_smallest_window_is_kept_but_not_published),
        cmocka_unit_test(a_window_that_left_memory_is_looked_up_and_revised),
        cmocka_unit_test(expected_time_is_that_of_the_first_closing),
        cmocka_unit_test(finish_closes_what_has_something_in_it_and_nothing_beyond),
        cmocka_unit_test(sites_take_turns_by_the_ends_of_their_windows),
        cmocka_unit_test(nothing_is_due_before_anything_was_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
