/* Which windows a base needs: told from the rows that an account really writes. */
#include "account/account_fixture_test.h"

#include "account/horizon.h"

static const char plant[] =
    "gateway: gw-1\n"
    "sites:\n"
    "  - id: north\n"
    "    zone: UTC\n"
    "    smallest: 15min\n"
    "    periods: [15min]\n"
    "    streams: [{id: heat, scope: 1, carrier: steam}]\n"
    "    devices:\n"
    "      - {id: n1, points: [{id: a, kind: register, unit: kWh, stream: heat}]}\n"
    "      - {id: n2, points: [{id: b, kind: register, unit: kWh, stream: heat}]}\n";

static bool shows(struct horizon *h, const struct desk *d, uint32_t i)
{
    return horizon_needs(h, d->rows[i].stage, buffer_slice(&d->rows[i].key),
                         buffer_slice(&d->rows[i].value));
}

/* Windows of STAGE_WINDOW that are needed, with all other rows shown first. */
static unsigned needed(const struct desk *d, int64_t lateness_us)
{
    struct horizon *h = horizon_new(lateness_us);
    unsigned n = 0;
    for (uint32_t i = 0; i < d->n_rows; i++)
        if (d->rows[i].stage != STAGE_WINDOW)
            assert_true(shows(h, d, i));
    for (uint32_t i = 0; i < d->n_rows; i++)
        if (d->rows[i].stage == STAGE_WINDOW)
            n += shows(h, d, i);
    horizon_free(h);
    return n;
}

static unsigned windows_at_rest(const struct desk *d)
{
    unsigned n = 0;
    for (uint32_t i = 0; i < d->n_rows; i++)
        n += d->rows[i].stage == STAGE_WINDOW;
    return n;
}

/* Eight quarters closed; both devices are at their end. */
static void fill(struct desk *d, int64_t t)
{
    desk_open(d, plant);
    for (int i = 0; i < 8; i++) {
        desk_seen(d, "n1", t + i * QUARTER_US);
        desk_seen(d, "n2", t + i * QUARTER_US);
        desk_add(d, measured(d, "a", t + i * QUARTER_US, t + (i + 1) * QUARTER_US, 7));
        desk_add(d, measured(d, "b", t + i * QUARTER_US, t + (i + 1) * QUARTER_US, 7));
        desk_commit(d);
    }
    desk_seen(d, "n1", t + 8 * QUARTER_US + 2 * MINUTE_US);
    desk_seen(d, "n2", t + 8 * QUARTER_US + 2 * MINUTE_US);
    desk_emit(d);
    desk_commit(d);
}

static void windows_within_the_lateness_bound_are_needed(void **state)
{
    struct desk d;
    (void)state;
    fill(&d, at("2018-02-02T20:00:00Z"));
    unsigned all = windows_at_rest(&d);
    assert_int_equal(all, 8);
    assert_int_equal(needed(&d, HOUR_US * 24), all);
    assert_int_equal(needed(&d, 0), 0);                       /* the last ended two minutes before */
    assert_int_equal(needed(&d, 2 * MINUTE_US), 0);
    assert_int_equal(needed(&d, 2 * MINUTE_US + 1), 1);
    assert_int_equal(needed(&d, QUARTER_US * 3), 3);
    desk_close(&d);
}

static void silent_device_keeps_the_windows_since_it_was_heard(void **state)
{
    struct desk d;
    (void)state;
    fill(&d, at("2018-02-02T20:00:00Z"));
    desk_seen(&d, "n1", at("2018-02-04T20:00:00Z"));
    desk_emit(&d);
    desk_commit(&d);
    assert_int_equal(needed(&d, QUARTER_US * 3), windows_at_rest(&d) - 5);
    desk_close(&d);
}

static void rows_that_cannot_be_read_are_needed(void **state)
{
    struct desk d;
    (void)state;
    fill(&d, at("2018-02-02T20:00:00Z"));
    struct horizon *h = horizon_new(0);
    assert_true(horizon_needs(h, STAGE_WINDOW, slice_of("W"), slice_of("")));
    for (uint32_t i = 0; i < d.n_rows; i++)
        if (d.rows[i].stage == STAGE_WINDOW)                  /* no device was shown */
            assert_true(shows(h, &d, i));
    horizon_free(h);
    desk_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_within_the_lateness_bound_are_needed),
        cmocka_unit_test(silent_device_keeps_the_windows_since_it_was_heard),
        cmocka_unit_test(rows_that_cannot_be_read_are_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
