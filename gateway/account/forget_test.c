/* What leaves the record when it is old, and what is said of it afterwards. */
#include "account/account_fixture_test.h"

#include "account/horizon.h"

static const char one_device[] =
    "gateway: gw-1\n"
    "factors:\n"
    "  - {id: grid, source: t, per: kWh, co2: 0.4585}\n"
    "sites:\n"
    "  - id: plant\n"
    "    zone: UTC\n"
    "    smallest: 15min\n"
    "    periods: [15min, hour, day, month]\n"
    "    grace: 0s\n"
    "    restate_every: 5min\n"
    "    streams: [{id: electricity, scope: 2, carrier: electricity, factor: grid}]\n"
    "    devices:\n"
    "      - id: one\n"
    "        points: [{id: a, kind: register, unit: kWh, resolution: 0.001, stream: electricity}]\n";

#define TEN      "2018-02-02T10:00:00Z"
#define KEPT_US  (2 * DAY_US)
#define WALL_US  (1600000000 * SECOND_US)   /* of desk_clock */

static void go_on(struct desk *d, int64_t from_us, int64_t to_us)
{
    for (int64_t t = from_us; t < to_us; t += QUARTER_US) {
        desk_clock(d, d->elapsed_us + QUARTER_US);
        desk_add(d, measured(d, "a", t, t + QUARTER_US, t / QUARTER_US % 50));
        desk_seen(d, "one", t + QUARTER_US);
        desk_emit(d);
    }
}

static void forget(struct desk *d)
{
    struct state_out out = desk_rows(d);
    account_forget(d->a, WALL_US + d->elapsed_us - KEPT_US, &out);
}

static void add_late(struct desk *d, int64_t t_us)
{
    desk_add(d, measured(d, "a", t_us, t_us + MINUTE_US, 7));
    desk_clock(d, d->elapsed_us + 5 * MINUTE_US);
    desk_emit(d);
}

static uint32_t revision_of(const struct desk *d, enum period p, int64_t t_us)
{
    const struct summary *s = desk_latest(d, p, t_us);
    return s ? s->revision : 0;
}

/* From t on. */
static void live_five_days(struct desk *d, int64_t t_us)
{
    desk_open(d, one_device);
    go_on(d, t_us, t_us + 5 * DAY_US);
}

static uint32_t closed_rows(const struct desk *d)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < d->n_rows; i++)
        n += d->rows[i].stage == STAGE_WINDOW;
    return n;
}

static void rows_of_what_ended_before_leave_and_the_others_stay(void **state)
{
    struct desk d;
    (void)state;
    int64_t t = at("2018-02-02T00:00:00Z");
    live_five_days(&d, t);
    desk_commit(&d);
    assert_int_equal(closed_rows(&d), 5 * (96 + 24 + 1));
    forget(&d);
    assert_int_equal(closed_rows(&d), 2 * (96 + 24 + 1));
    desk_commit(&d);
    desk_restart(&d);
    add_late(&d, t + 3 * DAY_US);
    assert_int_equal(revision_of(&d, PERIOD_QUARTER_HOUR, t + 3 * DAY_US), 2);
    assert_int_equal(revision_of(&d, PERIOD_DAY, t + 3 * DAY_US), 2);
    assert_int_equal(desk_uncovered(&d), 0);
    desk_close(&d);
}

static void a_late_amount_for_a_forgotten_window_is_told_and_never_revision_1_again(void **state)
{
    struct desk d;
    (void)state;
    int64_t t = at("2018-02-02T00:00:00Z");
    live_five_days(&d, t);
    forget(&d);
    desk_commit(&d);
    desk_restart(&d);
    uint32_t before = d.n_out;
    add_late(&d, t + DAY_US);
    assert_int_equal(d.n_out, before);
    assert_int_equal(desk_uncovered(&d), 3);  /* quarter hour, hour and day; the month is open */
    desk_commit(&d);
    desk_restart(&d);
    add_late(&d, t + DAY_US + MINUTE_US);
    assert_int_equal(d.n_out, before);
    assert_int_equal(desk_uncovered(&d), 3);
    desk_close(&d);
}

/* The middle of a program's life: what is in memory and what is committed is different each time. */
static void live(struct desk *d, int commits)
{
    int64_t t = at(TEN);
    desk_open(d, one_device);
    go_on(d, t, t + 4 * DAY_US);
    if (commits & 1)
        desk_commit(d);
    go_on(d, t + 4 * DAY_US, t + 5 * DAY_US);
    if (commits & 2)
        desk_commit(d);
    if (commits & 4) {
        desk_commit(d);
        desk_restart(d);
    }
    forget(d);
    add_late(d, t + DAY_US);
    add_late(d, t + 4 * DAY_US);
    if (commits & 8)
        desk_commit(d);
    forget(d);
    add_late(d, t + DAY_US + MINUTE_US);
    add_late(d, t + 3 * DAY_US);
    if (commits & 16) {
        desk_commit(d);
        desk_restart(d);
    }
    add_late(d, t + DAY_US);
    go_on(d, t + 5 * DAY_US, t + 6 * DAY_US);
}

static void what_is_forgotten_does_not_depend_on_commits(void **state)
{
    struct desk first, other;
    (void)state;
    live(&first, 0);
    assert_true(desk_uncovered(&first) > 0);
    for (int commits = 1; commits < 32; commits++) {
        live(&other, commits);
        assert_int_equal(other.n_out, first.n_out);
        assert_int_equal(desk_uncovered(&other), desk_uncovered(&first));
        for (uint32_t i = 0; i < first.n_out; i++) {
            assert_int_equal(other.out[i].start_us, first.out[i].start_us);
            assert_int_equal(other.out[i].revision, first.out[i].revision);
        }
        desk_close(&other);
    }
    desk_close(&first);
}

/* The rows stay in the desk's store although they are dropped: as in a real one, before the commit. */
static void keep_range(void *self, enum stage stage, struct slice from, struct slice until)
{
    (void)self, (void)stage, (void)from, (void)until;
}

static void rows_on_their_way_out_are_not_looked_for(void **state)
{
    struct desk d;
    (void)state;
    int64_t t = at(TEN);
    live_five_days(&d, t);
    desk_commit(&d);
    desk_commit(&d);
    struct state_out out = desk_rows(&d);
    out.drop_range = keep_range;
    account_forget(d.a, WALL_US + d.elapsed_us - KEPT_US, &out);
    uint32_t before = d.n_out, lookups = d.lookups;
    add_late(&d, t + DAY_US);
    assert_int_equal(d.n_out, before);
    assert_int_equal(d.lookups, lookups);
    desk_close(&d);
}

static void a_window_with_a_revision_pending_is_forgotten_only_later(void **state)
{
    struct desk d;
    (void)state;
    int64_t t = at(TEN);
    live_five_days(&d, t);
    desk_commit(&d);
    desk_add(&d, measured(&d, "a", t + DAY_US, t + DAY_US + MINUTE_US, 7));
    forget(&d);
    desk_clock(&d, d.elapsed_us + 5 * MINUTE_US);
    desk_emit(&d);
    assert_int_equal(revision_of(&d, PERIOD_QUARTER_HOUR, t + DAY_US), 2);
    add_late(&d, t + DAY_US);
    assert_int_equal(revision_of(&d, PERIOD_QUARTER_HOUR, t + DAY_US), 3);
    forget(&d);
    add_late(&d, t + DAY_US);
    assert_int_equal(revision_of(&d, PERIOD_QUARTER_HOUR, t + DAY_US), 3);
    desk_close(&d);
}

static void a_clock_that_is_wrong_forgets_nothing_that_devices_speak_about(void **state)
{
    static const int64_t kept_us[] = { -900 * DAY_US, 0, KEPT_US, 900 * DAY_US, INT64_MAX };
    struct desk d;
    (void)state;
    int64_t t = at(TEN);
    for (size_t i = 0; i < sizeof kept_us / sizeof *kept_us; i++) {
        struct state_out out = desk_rows(&d);
        live_five_days(&d, t);
        desk_commit(&d);
        account_forget(d.a, WALL_US + d.elapsed_us - kept_us[i], &out);
        desk_commit(&d);
        add_late(&d, t + 4 * DAY_US);
        assert_int_equal(revision_of(&d, PERIOD_QUARTER_HOUR, t + 4 * DAY_US), 2);
        desk_close(&d);
    }
}

static void a_month_at_most_is_forgotten_at_once(void **state)
{
    struct desk d;
    (void)state;
    int64_t t = at("2018-02-01T00:00:00Z");
    desk_open(&d, one_device);
    go_on(&d, t, t + 3 * DAY_US);
    forget(&d);
    go_on(&d, t + 3 * DAY_US, t + 90 * DAY_US);
    forget(&d);
    add_late(&d, t + 32 * DAY_US);
    add_late(&d, t + 40 * DAY_US);
    assert_int_equal(revision_of(&d, PERIOD_DAY, t + 32 * DAY_US), 1);
    assert_int_equal(revision_of(&d, PERIOD_DAY, t + 40 * DAY_US), 2);
    assert_int_equal(revision_of(&d, PERIOD_MONTH, t), 1);
    for (int i = 0; i < 3; i++)
        forget(&d);
    add_late(&d, t + 40 * DAY_US);
    add_late(&d, t + 87 * DAY_US);
    assert_int_equal(revision_of(&d, PERIOD_DAY, t + 40 * DAY_US), 2);
    assert_int_equal(revision_of(&d, PERIOD_DAY, t + 87 * DAY_US), 1);
    desk_close(&d);
}

static void a_site_without_readings_has_nothing_to_forget(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, one_device);
    forget(&d);
    desk_commit(&d);
    go_on(&d, at(TEN), at(TEN) + HOUR_US);
    assert_int_equal(revision_of(&d, PERIOD_QUARTER_HOUR, at(TEN)), 1);
    desk_close(&d);
}

/* The rows that a base would not hold are gone, as where a store was made of one. */
static void leave_out(struct desk *d)
{
    struct state_out out = desk_rows(d);
    struct horizon *h = horizon_new(d->plan->lateness_us);
    for (uint32_t i = 0; i < d->n_rows; i++)
        if (d->rows[i].stage != STAGE_WINDOW)
            horizon_needs(h, d->rows[i].stage, buffer_slice(&d->rows[i].key), buffer_slice(&d->rows[i].value));
    for (uint32_t i = d->n_rows; i-- > 0;)
        if (!horizon_needs(h, d->rows[i].stage, buffer_slice(&d->rows[i].key), buffer_slice(&d->rows[i].value)))
            out.drop(out.self, d->rows[i].stage, buffer_slice(&d->rows[i].key));
    horizon_free(h);
}

/* In a store that was made of a base, and in a replay that has every row. */
static void what_a_base_left_out_is_withheld_and_told_and_the_rest_is_revised(void **state)
{
    (void)state;
    for (int has_rows = 0; has_rows < 2; has_rows++) {
        struct desk d;
        int64_t t = at("2018-02-02T00:00:00Z");
        desk_open(&d, one_device);
        int64_t end = t + d.plan->lateness_us + 3 * DAY_US;
        go_on(&d, t, end);
        desk_commit(&d);
        if (!has_rows)
            leave_out(&d);
        desk_restart(&d);
        struct state_out out = desk_rows(&d);
        account_forget_unreachable(d.a, &out);
        desk_commit(&d);
        desk_restart(&d);
        uint32_t before = d.n_out;
        add_late(&d, t + DAY_US);
        assert_int_equal(d.n_out, before);
        assert_int_equal(desk_uncovered(&d), 3);      /* quarter hour, hour and day; the month is open */
        add_late(&d, end - d.plan->lateness_us + HOUR_US);
        assert_int_equal(revision_of(&d, PERIOD_QUARTER_HOUR, end - d.plan->lateness_us + HOUR_US), 2);
        assert_int_equal(desk_uncovered(&d), 3);
        desk_close(&d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_what_ended_before_leave_and_the_others_stay),
        cmocka_unit_test(a_late_amount_for_a_forgotten_window_is_told_and_never_revision_1_again),
        cmocka_unit_test(what_is_forgotten_does_not_depend_on_commits),
        cmocka_unit_test(rows_on_their_way_out_are_not_looked_for),
        cmocka_unit_test(a_window_with_a_revision_pending_is_forgotten_only_later),
        cmocka_unit_test(a_clock_that_is_wrong_forgets_nothing_that_devices_speak_about),
        cmocka_unit_test(a_month_at_most_is_forgotten_at_once),
        cmocka_unit_test(what_a_base_left_out_is_withheld_and_told_and_the_rest_is_revised),
        cmocka_unit_test(a_site_without_readings_has_nothing_to_forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
