/* Locks: January is closed, the year goes on. The hour, the day, the month and the year are each looked at. */
#include "account/account_fixture_test.h"

static const char factory[] =
    "gateway: gw-1\n"
    "idle: 30d\n"
    "factors:\n"
    "  - {id: grid, version: v1, source: t, per: kWh, co2: 0.5}\n"
    "sites:\n"
    "  - id: plant\n"
    "    zone: Asia/Seoul\n"
    "    periods: [hour, month, year]\n"
    "    smallest: 15min\n"
    "    restate_every: 0s\n"
    "    streams:\n"
    "      - {id: power, scope: 2, carrier: electricity, factor: grid}\n"
    "    devices:\n"
    "      - id: meter\n"
    "        points:\n"
    "          - {id: energy, kind: interval, interval: 15min, unit: kWh, resolution: 0.001, stream: power}\n";

#define NEW_YEAR "2017-12-31T15:00:00Z"          /* 2018-01-01 in Seoul */
#define FEBRUARY "2018-01-31T15:00:00Z"
#define NEXT_YEAR "2018-12-31T15:00:00Z"
#define KWH_MICRO INT64_C(1000000000)

/* The activity of the first stream in an adjustment that is listed. */
static const struct summary_change *listed_activity(const struct summary_adjustment *a)
{
    for (size_t i = 0; i < a->n_changes; i++)
        if (a->changes[i].of.stream == 0 && a->changes[i].of.line == LINE_ACTIVITY)
            return &a->changes[i];
    fail_msg("an adjustment without an activity");
    return NULL;
}

static void add_quarter(struct desk *d, int64_t start_us, int64_t wh)
{
    desk_add(d, measured(d, "energy", start_us, start_us + QUARTER_US, wh));
}

/* 1 kWh in the first quarter of some hours of the year, until then. */
static void live_until(struct desk *d, int64_t from_us, int64_t until_us)
{
    for (int64_t t = from_us; t < until_us; t += 60 * HOUR_US) {
        desk_seen(d, "meter", t + QUARTER_US);
        add_quarter(d, t, 1000);
        desk_emit(d);
    }
    desk_seen(d, "meter", until_us + 5 * MINUTE_US);
    desk_emit(d);
}

/* Numbers each summary, as the pipeline does. */
static uint32_t emit_numbered(struct desk *d)
{
    uint32_t from = d->n_out, n = desk_emit(d);
    for (uint32_t i = from; i < d->n_out; i++) {
        d->out[i].sequence = i + 1;
        d->out[i].epoch_ordinal = 1;
        if (d->out[i].adjusted)
            account_numbered(d->a, &d->out[i]);
    }
    return n;
}

static void lock_january(struct desk *d, uint64_t order)
{
    uint64_t other;
    account_because(d->a, REASON_OPERATOR, order);
    account_release(d->a, 0, at(NEW_YEAR), at(FEBRUARY));
    emit_numbered(d);
    assert_int_equal(account_lock(d->a, 0, order, at(NEW_YEAR), at(FEBRUARY), &other), 0);
    emit_numbered(d);
    account_because(d->a, 0, 0);
}

static void open_factory(struct desk *d)
{
    desk_open(d, factory);
    live_until(d, at(NEW_YEAR), at(FEBRUARY));
}

static const struct summary *last_adjustment(const struct desk *d, enum period p)
{
    for (uint32_t i = d->n_out; i-- > 0;)
        if (d->out[i].adjusted && d->out[i].period == p)
            return &d->out[i];
    return NULL;
}

static const struct summary *last_window(const struct desk *d, enum period p)
{
    for (uint32_t i = d->n_out; i-- > 0;)
        if (!d->out[i].adjusted && d->out[i].period == p)
            return &d->out[i];
    return NULL;
}

static int64_t kwh_of(const struct summary *s)
{
    return (int64_t)(s->streams[0].activity_micro / KWH_MICRO);
}

static void a_locked_month_says_so_once_with_the_same_figures(void **state)
{
    struct desk d;
    (void)state;
    open_factory(&d);
    const struct summary *before = last_window(&d, PERIOD_MONTH);
    int64_t kwh = kwh_of(before);
    assert_false(before->is_locked);
    uint32_t n = d.n_out;
    lock_january(&d, 40);
    assert_int_equal(d.n_out, n + 1);
    const struct summary *s = &d.out[n];
    assert_int_equal(s->period, PERIOD_MONTH);
    assert_int_equal(s->revision, 2);
    assert_int_equal(s->reasons, 1u << REASON_OPERATOR);
    assert_int_equal(s->order, 40);
    assert_true(s->is_locked && !s->adjusted);
    assert_int_equal(kwh_of(s), kwh);
    desk_close(&d);
}

static void an_open_period_cannot_be_locked_nor_one_twice(void **state)
{
    struct desk d;
    uint64_t other = 0;
    (void)state;
    open_factory(&d);
    assert_int_equal(account_lock(d.a, 0, 41, at(NEW_YEAR), at(FEBRUARY) + DAY_US, &other), ACCOUNT_OPEN);
    lock_january(&d, 42);
    assert_int_equal(account_lock(d.a, 0, 43, at(NEW_YEAR), at(FEBRUARY), &other), ACCOUNT_LOCKED);
    assert_int_equal(other, 42);
    assert_int_equal(account_lock(d.a, 0, 44, at(NEW_YEAR), at(NEW_YEAR) + DAY_US, &other), ACCOUNT_LOCKED);
    assert_int_equal(account_unlock(d.a, 0, at(NEW_YEAR), at(NEW_YEAR) + DAY_US, &other), ACCOUNT_LOCKED);
    assert_int_equal(account_unlock(d.a, 0, at(FEBRUARY), at(FEBRUARY) + DAY_US, &other), ACCOUNT_OPEN);
    desk_close(&d);
}

/* A late reading in locked January: its hour and its month are adjusted, the year keeps them as they were. */
static void check_late_reading(struct desk *d, bool restarts)
{
    open_factory(d);
    int64_t kwh = kwh_of(last_window(d, PERIOD_MONTH));
    lock_january(d, 40);
    uint32_t n = d->n_out;
    add_quarter(d, at(NEW_YEAR) + QUARTER_US, 3000);
    emit_numbered(d);
    assert_int_equal(d->n_out, n + 2);
    if (restarts) {
        desk_commit(d);
        desk_restart(d);
    }

    const struct summary *hour = last_adjustment(d, PERIOD_HOUR);
    assert_int_equal(hour->adjusted->start_us, at(NEW_YEAR));
    assert_int_equal(hour->start_us, at(FEBRUARY));
    assert_int_equal(hour->reasons, 1u << REASON_LATE);
    const struct summary *month = last_adjustment(d, PERIOD_MONTH);
    assert_int_equal(month->adjusted->start_us, at(NEW_YEAR));
    assert_int_equal(month->adjusted->revision, 2);
    assert_int_equal(month->start_us, at(FEBRUARY));
    assert_int_equal(desk_change(month, 0, LINE_ACTIVITY)->before_micro / KWH_MICRO, kwh);
    assert_int_equal(desk_change(month, 0, LINE_ACTIVITY)->after_micro / KWH_MICRO, kwh + 3);
    uint64_t sequence = month->sequence;

    live_until(d, at(FEBRUARY) + 60 * HOUR_US, at(NEXT_YEAR));
    int64_t rest = 0;
    for (uint32_t i = 0; i < d->n_out; i++)
        if (d->out[i].period == PERIOD_MONTH && d->out[i].start_us >= at(FEBRUARY) && !d->out[i].adjusted)
            rest += kwh_of(&d->out[i]);
    const struct summary *year = last_window(d, PERIOD_YEAR);
    assert_int_equal(year->start_us, at(NEW_YEAR));
    assert_int_equal(kwh_of(year), kwh + rest);
    assert_int_equal(year->n_adjustments, 1);
    assert_int_equal(year->adjustments[0].adjusted.period, PERIOD_MONTH);
    assert_int_equal(year->adjustments[0].sequence, sequence);
    assert_int_equal(listed_activity(&year->adjustments[0])->after_micro / KWH_MICRO, kwh + 3);
    struct summary *february = desk_latest(d, PERIOD_MONTH, at(FEBRUARY));
    assert_int_equal(february->n_adjustments, 1);
}

static void what_changes_in_a_locked_month_is_adjusted_and_stands_beside_the_year(void **state)
{
    struct desk d;
    (void)state;
    check_late_reading(&d, false);
    desk_close(&d);
}

static void locks_and_adjustments_survive_a_restart(void **state)
{
    struct desk d;
    (void)state;
    check_late_reading(&d, true);
    desk_close(&d);
}

/* A factor of twice the size for all of the year: locked January keeps the old one, in the year as well. */
static void a_new_factor_adjusts_a_locked_month_and_leaves_its_share_of_the_year(void **state)
{
    struct desk d;
    (void)state;
    open_factory(&d);
    int64_t kwh = kwh_of(last_window(&d, PERIOD_MONTH));
    lock_january(&d, 40);
    char *twice = strdup(factory);
    memcpy(strstr(twice, "co2: 0.5"), "co2: 1.0", 8);
    desk_configure(&d, twice);
    free(twice);
    while (account_has_work(d.a)) {
        assert_int_equal(account_work(d.a), 0);
        emit_numbered(&d);
    }
    const struct summary *hour = last_adjustment(&d, PERIOD_HOUR), *month = last_adjustment(&d, PERIOD_MONTH);
    assert_int_equal(hour->reasons, 1u << REASON_FACTOR);
    assert_int_equal(month->reasons, 1u << REASON_FACTOR);
    assert_int_equal(desk_change(month, -1, LINE_CO2E)->before_micro / KWH_MICRO, kwh / 2);
    assert_int_equal(desk_change(month, -1, LINE_CO2E)->after_micro / KWH_MICRO, kwh);

    add_quarter(&d, at(FEBRUARY), 4000);
    desk_seen(&d, "meter", at(NEXT_YEAR) + 5 * MINUTE_US);
    emit_numbered(&d);
    const struct summary *year = last_window(&d, PERIOD_YEAR);
    assert_int_equal(kwh_of(year), kwh + 4);
    assert_int_equal(year->totals[TOTAL_SCOPE_2_LOCATION].co2e_ug / KWH_MICRO, kwh / 2 + 4);
    assert_int_equal(year->n_adjustments, 1);
    desk_close(&d);
}

static void a_second_change_goes_on_from_the_first(void **state)
{
    struct desk d;
    (void)state;
    open_factory(&d);
    lock_january(&d, 40);
    add_quarter(&d, at(NEW_YEAR) + QUARTER_US, 3000);
    emit_numbered(&d);
    account_because(d.a, REASON_OPERATOR, 41);
    desk_take_back(&d, measured(&d, "energy", at(NEW_YEAR) + QUARTER_US, at(NEW_YEAR) + 2 * QUARTER_US, 3000));
    account_because(d.a, 0, 0);
    emit_numbered(&d);
    const struct summary *month = last_adjustment(&d, PERIOD_MONTH);
    assert_int_equal(month->reasons, 1u << REASON_OPERATOR);
    assert_int_equal(month->order, 41);
    assert_int_equal((desk_change(month, 0, LINE_ACTIVITY)->before_micro - desk_change(month, 0, LINE_ACTIVITY)->after_micro) / KWH_MICRO,
                     3);
    desk_close(&d);
}

static void unlocking_puts_the_adjustments_into_the_figures(void **state)
{
    struct desk d;
    uint64_t other;
    (void)state;
    open_factory(&d);
    int64_t kwh = kwh_of(last_window(&d, PERIOD_MONTH));
    lock_january(&d, 40);
    add_quarter(&d, at(NEW_YEAR) + QUARTER_US, 3000);
    emit_numbered(&d);
    assert_int_equal(account_unlock(d.a, 0, at(NEW_YEAR), at(FEBRUARY), &other), 0);
    emit_numbered(&d);
    const struct summary *month = last_window(&d, PERIOD_MONTH);
    assert_int_equal(month->revision, 3);
    assert_false(month->is_locked);
    assert_int_equal(kwh_of(month), kwh + 3);
    add_quarter(&d, at(NEW_YEAR) + 2 * QUARTER_US, 2000);
    emit_numbered(&d);
    assert_int_equal(last_window(&d, PERIOD_MONTH)->revision, 4);
    desk_seen(&d, "meter", at(NEXT_YEAR) + 5 * MINUTE_US);
    emit_numbered(&d);
    const struct summary *year = last_window(&d, PERIOD_YEAR);
    assert_int_equal(kwh_of(year), kwh + 5);
    assert_int_equal(year->n_adjustments, 0);
    desk_close(&d);
}

static void a_locked_year_adjusts_itself_too(void **state)
{
    struct desk d;
    uint64_t other;
    (void)state;
    open_factory(&d);
    lock_january(&d, 40);
    live_until(&d, at(FEBRUARY) + 60 * HOUR_US, at(NEXT_YEAR));
    assert_int_equal(account_lock(d.a, 0, 50, at(NEW_YEAR), at(NEXT_YEAR), &other), 0);
    emit_numbered(&d);
    assert_true(last_window(&d, PERIOD_YEAR)->is_locked);
    add_quarter(&d, at(NEW_YEAR) + QUARTER_US, 3000);
    emit_numbered(&d);
    const struct summary *year = last_adjustment(&d, PERIOD_YEAR);
    assert_int_equal(year->adjusted->start_us, at(NEW_YEAR));
    assert_int_equal(year->start_us, at(NEXT_YEAR));
    assert_int_equal((desk_change(year, 0, LINE_ACTIVITY)->after_micro - desk_change(year, 0, LINE_ACTIVITY)->before_micro) / KWH_MICRO, 3);
    desk_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_locked_month_says_so_once_with_the_same_figures),
        cmocka_unit_test(an_open_period_cannot_be_locked_nor_one_twice),
        cmocka_unit_test(what_changes_in_a_locked_month_is_adjusted_and_stands_beside_the_year),
        cmocka_unit_test(locks_and_adjustments_survive_a_restart),
        cmocka_unit_test(a_new_factor_adjusts_a_locked_month_and_leaves_its_share_of_the_year),
        cmocka_unit_test(a_second_change_goes_on_from_the_first),
        cmocka_unit_test(unlocking_puts_the_adjustments_into_the_figures),
        cmocka_unit_test(a_locked_year_adjusts_itself_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
