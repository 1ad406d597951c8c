/* Substitutions: what was measured stands aside, whatever comes later, and comes back to the last digit. */
#include "account/account_fixture_test.h"

static const char mill[] =
    "gateway: gw-1\n"
    "idle: 30d\n"
    "factors:\n"
    "  - {id: grid, version: v1, source: t, per: kWh, co2: 0.3333333}\n"
    "sites:\n"
    "  - id: mill\n"
    "    zone: UTC\n"
    "    periods: [15min, hour, day]\n"
    "    smallest: 15min\n"
    "    publish_shorter: true\n"
    "    grace: 0s\n"
    "    restate_every: 0s\n"
    "    streams:\n"
    "      - {id: power, scope: 2, carrier: electricity, factor: grid}\n"
    "    devices:\n"
    "      - id: meter\n"
    "        points:\n"
    "          - {id: a, kind: register, unit: kWh, resolution: 0.001, stream: power}\n"
    "          - {id: b, kind: interval, interval: 15min, unit: kWh, resolution: 0.001, stream: power}\n";

#define DAY_START "2018-03-01T00:00:00Z"
#define WH_MICRO INT64_C(1000000)

static int64_t t0;

static struct amount of_a(const struct desk *d, int from_min, int until_min, int64_t wh)
{
    return measured(d, "a", t0 + from_min * MINUTE_US, t0 + until_min * MINUTE_US, wh);
}

static void open_mill(struct desk *d)
{
    desk_open(d, mill);
    t0 = at(DAY_START);
    desk_seen(d, "meter", t0);
    for (int m = 0; m < 180; m += 10)
        desk_add(d, of_a(d, m, m + 10, 111 + m));
    for (int m = 0; m < 180; m += 15)
        desk_add(d, measured(d, "b", t0 + m * MINUTE_US, t0 + (m + 15) * MINUTE_US, 7));
    desk_seen(d, "meter", t0 + 180 * MINUTE_US);
    desk_emit(d);
}

static struct amount instead(const struct desk *d, int from_min, int until_min, int64_t wh)
{
    struct amount amount = of_a(d, from_min, until_min, wh);
    amount.part = PART_SUBSTITUTED;
    amount.is_valid = false;
    return amount;
}

static void substitute(struct desk *d, const struct amount *amount, int32_t stream, uint64_t order)
{
    uint64_t other;
    account_because(d->a, REASON_OPERATOR, order);
    assert_int_equal(account_substitute(d->a, amount, stream, order, &other), 0);
    account_because(d->a, 0, 0);
    desk_emit(d);
}

static void take_back(struct desk *d, const struct amount *amount, uint64_t order)
{
    account_because(d->a, REASON_OPERATOR, order + 1);
    assert_int_equal(account_unsubstitute(d->a, amount, order), 0);
    account_because(d->a, 0, 0);
    while (account_has_work(d->a))
        assert_int_equal(account_work(d->a), 0);
    desk_emit(d);
}

static int64_t wh_at(const struct desk *d, enum period p, int min)
{
    return (int64_t)(desk_find(d, p, t0 + min * MINUTE_US, "power")->activity_micro / WH_MICRO);
}

static int64_t part_at(const struct desk *d, enum period p, int min, enum part part)
{
    return (int64_t)(desk_find(d, p, t0 + min * MINUTE_US, "power")->part_micro[part] / WH_MICRO);
}

static void an_amount_stands_in_the_place_of_what_was_measured(void **state)
{
    struct desk d;
    (void)state;
    open_mill(&d);
    int64_t hour = wh_at(&d, PERIOD_HOUR, 60), quarter = wh_at(&d, PERIOD_QUARTER_HOUR, 60) - 7;
    struct amount amount = instead(&d, 60, 75, 5000);
    substitute(&d, &amount, -1, 40);
    assert_int_equal(wh_at(&d, PERIOD_QUARTER_HOUR, 60), 5000 + 7);
    assert_int_equal(part_at(&d, PERIOD_QUARTER_HOUR, 60, PART_SUBSTITUTED), 5000);
    assert_int_equal(wh_at(&d, PERIOD_HOUR, 60), hour - quarter + 5000);
    assert_int_equal(desk_latest(&d, PERIOD_HOUR, t0 + HOUR_US)->reasons, 1u << REASON_OPERATOR);
    assert_int_equal(desk_latest(&d, PERIOD_HOUR, t0 + HOUR_US)->order, 40);
    desk_close(&d);
}

static void all_points_of_a_stream_stand_aside(void **state)
{
    struct desk d;
    (void)state;
    open_mill(&d);
    struct amount amount = instead(&d, 60, 120, 5000);
    substitute(&d, &amount, 0, 40);
    assert_int_equal(wh_at(&d, PERIOD_HOUR, 60), 5000);
    desk_close(&d);
}

static void what_comes_later_stands_aside_too(void **state)
{
    struct desk d;
    (void)state;
    open_mill(&d);
    struct amount amount = instead(&d, 60, 75, 5000);
    substitute(&d, &amount, -1, 40);
    uint32_t n = d.n_out;
    desk_add(&d, of_a(&d, 61, 62, 9999));
    desk_take_back(&d, of_a(&d, 60, 70, 111 + 60));
    desk_emit(&d);
    assert_int_equal(d.n_out, n);
    assert_int_equal(wh_at(&d, PERIOD_QUARTER_HOUR, 60), 5000 + 7);
    desk_close(&d);
}

/* With and without the substitution that came and went: the same figures. */
static void check_return(bool restarts)
{
    struct desk with, without;
    open_mill(&with);
    open_mill(&without);
    struct amount amount = instead(&with, 60, 105, 5000);
    substitute(&with, &amount, 0, 40);
    if (restarts) {
        desk_commit(&with);
        desk_restart(&with);
    }
    desk_add(&with, of_a(&with, 61, 62, 9999));
    desk_add(&without, of_a(&without, 61, 62, 9999));
    desk_take_back(&with, of_a(&with, 90, 100, 111 + 90));
    desk_take_back(&without, of_a(&without, 90, 100, 111 + 90));
    desk_emit(&with);
    desk_emit(&without);
    take_back(&with, &amount, 40);
    for (int m = 0; m < 180; m += 15) {
        const struct summary_stream *a = desk_find(&with, PERIOD_QUARTER_HOUR, t0 + m * MINUTE_US, "power");
        const struct summary_stream *b = desk_find(&without, PERIOD_QUARTER_HOUR, t0 + m * MINUTE_US, "power");
        assert_true(a->activity_micro == b->activity_micro && a->co2e_ug == b->co2e_ug);
        assert_true(a->valid_ms == b->valid_ms && a->flags == b->flags);
        assert_memory_equal(a->part_micro, b->part_micro, sizeof a->part_micro);
    }
    for (int m = 0; m < 180; m += 60) {
        const struct summary_stream *a = desk_find(&with, PERIOD_HOUR, t0 + m * MINUTE_US, "power");
        const struct summary_stream *b = desk_find(&without, PERIOD_HOUR, t0 + m * MINUTE_US, "power");
        assert_true(a->activity_micro == b->activity_micro && a->co2e_ug == b->co2e_ug);
        assert_memory_equal(a->part_micro, b->part_micro, sizeof a->part_micro);
    }
    desk_close(&with);
    desk_close(&without);
}

static void taken_back_everything_is_as_if_it_had_never_been(void **state)
{
    (void)state;
    check_return(false);
}

static void a_substitution_survives_a_restart(void **state)
{
    (void)state;
    check_return(true);
}

static void what_cannot_stand_is_refused(void **state)
{
    struct desk d;
    uint64_t other;
    (void)state;
    open_mill(&d);
    struct amount amount = instead(&d, 60, 75, 5000), off_edge = instead(&d, 61, 75, 5000);
    struct amount longer = instead(&d, 0, 32 * 24 * 60, 5000);
    assert_int_equal(account_substitute(d.a, &off_edge, -1, 40, &other), ACCOUNT_EDGE);
    assert_int_equal(account_substitute(d.a, &longer, -1, 40, &other), ACCOUNT_LONG);
    substitute(&d, &amount, -1, 41);
    assert_int_equal(account_substitute(d.a, &amount, 0, 42, &other), ACCOUNT_LOCKED);
    assert_int_equal(other, 41);
    assert_int_equal(account_unsubstitute(d.a, &amount, 42), ACCOUNT_OPEN);
    desk_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_amount_stands_in_the_place_of_what_was_measured),
        cmocka_unit_test(all_points_of_a_stream_stand_aside),
        cmocka_unit_test(what_comes_later_stands_aside_too),
        cmocka_unit_test(taken_back_everything_is_as_if_it_had_never_been),
        cmocka_unit_test(a_substitution_survives_a_restart),
        cmocka_unit_test(what_cannot_stand_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
