/* Windows are brought to factors that hold now, in chunks that a kill cannot harm. */
#include "account/plant_fixture_test.h"

#define OLD_ROW "{id: grid, version: '2018', source: t, per: kWh, valid_to: 2018-12-31, co2: 0.4585}"
#define NEW_ROW "{id: grid, version: '2018b', source: t, per: kWh, valid_to: 2018-12-31, co2: 0.5}"
#define BEGIN   "2018-02-02T10:00:00Z"

static uint32_t work_off(struct desk *d)
{
    uint32_t chunks = 0;
    for (; account_has_work(d->a); chunks++) {
        assert_int_equal(account_work(d->a), 0);
        desk_emit(d);
    }
    return chunks;
}

/* Two days of quarter hours, closed and out of memory, apart from the last. */
static void live_two_days(struct desk *d)
{
    desk_open(d, plant);
    int64_t t = at(BEGIN);
    add_quarters(d, t, t + 2 * DAY_US);
    desk_commit(d);
}

static uint64_t in_memory(const struct desk *d)
{
    struct account_figures figures;
    account_figures(d->a, &figures);
    return figures.windows_in_memory;
}

static void closed_windows_leave_again_with_the_new_factor_and_its_reason(void **state)
{
    (void)state;
    struct desk d;
    live_two_days(&d);
    char *changed = plant_with(OLD_ROW, NEW_ROW);
    int64_t t = at(BEGIN);
    desk_configure(&d, changed);
    assert_true(account_has_work(d.a));
    work_off(&d);
    struct summary *s = desk_latest(&d, PERIOD_QUARTER_HOUR, t);
    assert_int_equal(s->revision, 2);
    assert_int_equal(s->reasons, 1u << REASON_FACTOR);
    assert_int128_equal(desk_stream(&d, s, "electricity")->co2e_ug, (int128)250 * 500000);
    assert_int128_equal(desk_stream(&d, s, "electricity")->activity_micro, 250 * WH_MICRO);
    assert_int128_equal(desk_change(s, 0, LINE_CO2E)->before_micro, (int128)250 * 458500);
    assert_true(desk_stream(&d, s, "electricity")->factors[0].factor >= 0);
    desk_close(&d);
    free(changed);
}

/* The same readings under the new factor from the beginning. */
static void a_restated_history_is_what_it_would_have_been(void **state)
{
    (void)state;
    struct desk d, fresh;
    live_two_days(&d);
    char *changed = plant_with(OLD_ROW, NEW_ROW);
    int64_t t = at(BEGIN);
    desk_configure(&d, changed);
    work_off(&d);
    finish(&d);
    desk_open(&fresh, changed);
    add_quarters(&fresh, t, t + 2 * DAY_US);
    finish(&fresh);
    for (uint32_t i = 0; i < fresh.n_out; i++) {
        struct summary *a = desk_latest(&d, fresh.out[i].period, fresh.out[i].start_us);
        struct summary_stream *was = desk_stream(&fresh, &fresh.out[i], "electricity");
        struct summary_stream *is = desk_stream(&d, a, "electricity");
        assert_int128_equal(is->co2e_ug, was->co2e_ug);
        assert_int128_equal(gas_ug(is, GAS_CO2_FOSSIL), gas_ug(was, GAS_CO2_FOSSIL));
        assert_int128_equal(is->activity_micro, was->activity_micro);
        assert_int_equal(is->n_factors, was->n_factors);
    }
    desk_close(&d);
    desk_close(&fresh);
    free(changed);
}

static void a_longer_window_leaves_once_when_the_walk_has_passed_it(void **state)
{
    (void)state;
    struct desk d;
    live_two_days(&d);
    char *changed = plant_with(OLD_ROW, NEW_ROW);
    desk_configure(&d, changed);
    uint32_t before = d.n_out;
    assert_true(work_off(&d) > 2);
    uint32_t days = 0, hours = 0;
    for (uint32_t i = before; i < d.n_out; i++) {
        days += d.out[i].period == PERIOD_DAY;
        hours += d.out[i].period == PERIOD_HOUR;
        assert_int_equal(d.out[i].revision, 2);
    }
    assert_int_equal(days, 2); /* those of Berlin that had closed */
    assert_int_equal(hours, 47); /* the last is open yet */
    desk_close(&d);
    free(changed);
}

static void only_windows_of_the_changed_factor_and_time_leave(void **state)
{
    (void)state;
    struct desk d;
    live_two_days(&d);
    char *other = plant_with("{id: short, source: t, per: kg, valid_to: 2018-06-30, co2: 3.2}",
                             "{id: short, source: t, per: kg, valid_to: 2018-06-30, co2: 3.3}");
    char *later = plant_with("valid_from: 2019-01-01, co2: 0.46}", "valid_from: 2019-01-01, co2: 0.47}");
    uint32_t before = d.n_out;
    desk_configure(&d, other);
    work_off(&d);
    desk_configure(&d, later);
    work_off(&d);
    assert_int_equal(d.n_out, before);
    desk_configure(&d, later);
    assert_false(account_has_work(d.a)); /* the same again */
    desk_close(&d);
    free(other);
    free(later);
}

static void other_terms_of_a_stream_are_a_matter_of_configuration(void **state)
{
    (void)state;
    struct desk d;
    live_two_days(&d);
    char *changed = plant_with("gateway: gw-1", "gateway: gw-1\ngwp_set: AR4");
    desk_configure(&d, changed);
    work_off(&d);
    assert_int_equal(desk_latest(&d, PERIOD_QUARTER_HOUR, at(BEGIN))->revision, 1); /* CO2 weighs the same */
    desk_close(&d);
    free(changed);

    live_two_days(&d);
    changed = plant_with("carrier: electricity, factor: grid}\n      - {id: boiler",
                         "carrier: electricity, factor: coal}\n      - {id: boiler");
    char *coal = strstr(changed, "factors:\n");
    struct buffer text = { 0 };
    buffer_put(&text, changed, (size_t)(coal - changed));
    buffer_print(&text, "factors:\n  - {id: coal, source: t, per: kWh, co2: 1}\n%s", coal + 9);
    buffer_put_u8(&text, 0);
    desk_configure(&d, (const char *)text.at);
    work_off(&d);
    assert_int_equal(desk_latest(&d, PERIOD_QUARTER_HOUR, at(BEGIN))->reasons, 1u << REASON_CONFIG);
    desk_close(&d);
    buffer_fini(&text);
    free(changed);
}

/* Everything that left, in one text. */
static void list(const struct desk *d, uint32_t from, struct buffer *out)
{
    for (uint32_t i = from; i < d->n_out; i++) {
        struct summary *s = &d->out[i];
        char co2e[48];
        int128_print(s->totals[TOTAL_SCOPE_2_LOCATION].co2e_ug, co2e);
        buffer_print(out, "%d %lld %u %s\n", (int)s->period, (long long)s->start_us, s->revision, co2e);
    }
}

static void a_kill_in_the_middle_changes_nothing(void **state)
{
    (void)state;
    char *changed = plant_with(OLD_ROW, NEW_ROW);
    struct buffer whole = { 0 };
    for (uint32_t kill = 0; kill < 5; kill++) {
        struct desk d;
        live_two_days(&d);
        struct buffer text = { 0 };
        desk_configure(&d, changed);
        uint32_t before = d.n_out;
        for (uint32_t chunk = 0; account_has_work(d.a); chunk++) {
            if (kill > 0 && chunk == kill - 1) {
                desk_commit(&d);
                desk_restart(&d);
            }
            assert_int_equal(account_work(d.a), 0);
            desk_emit(&d);
            if (kill == 4)
                desk_commit(&d);
        }
        list(&d, before, kill == 0 ? &whole : &text);
        if (kill > 0) {
            assert_int_equal(text.size, whole.size);
            assert_memory_equal(text.at, whole.at, whole.size);
        }
        desk_commit(&d);
        for (uint32_t i = 0; i < d.n_rows; i++)
            assert_true(d.rows[i].stage != STAGE_ACCOUNT || d.rows[i].key.at[0] != 'R');
        buffer_fini(&text);
        desk_close(&d);
    }
    assert_true(whole.size > 1000);
    buffer_fini(&whole);
    free(changed);
}

static void windows_leave_memory_again_as_the_job_goes_on(void **state)
{
    (void)state;
    struct desk d;
    live_two_days(&d);
    char *changed = plant_with(OLD_ROW, NEW_ROW);
    uint64_t before = in_memory(&d), most = 0;
    desk_configure(&d, changed);
    while (account_has_work(d.a)) {
        assert_int_equal(account_work(d.a), 0);
        desk_emit(&d);
        most = in_memory(&d) > most ? in_memory(&d) : most;
        desk_commit(&d);
    }
    assert_true(most <= before + 64 + 24);
    assert_int_equal(in_memory(&d), before);
    desk_close(&d);
    free(changed);
}

static void factors_that_change_again_meanwhile_end_in_the_last(void **state)
{
    (void)state;
    struct desk d;
    live_two_days(&d);
    char *changed = plant_with(OLD_ROW, NEW_ROW);
    desk_configure(&d, changed);
    assert_int_equal(account_work(d.a), 0);
    desk_emit(&d);
    desk_configure(&d, plant); /* the old one is right after all */
    work_off(&d);
    finish(&d);
    int64_t t = at(BEGIN);
    for (int64_t q = 0; q < 192; q++)
        assert_int128_equal(desk_find(&d, PERIOD_QUARTER_HOUR, t + q * QUARTER_US, "electricity")->co2e_ug,
                            (int128)(250 + q) * 458500);
    assert_int_equal(desk_latest(&d, PERIOD_QUARTER_HOUR, t)->revision, 3);
    assert_int_equal(desk_latest(&d, PERIOD_QUARTER_HOUR, t + 190 * QUARTER_US)->revision, 1);
    desk_close(&d);
    free(changed);
}

static void what_is_taken_back_after_it_goes_by_the_new_factor(void **state)
{
    (void)state;
    struct desk d;
    live_two_days(&d);
    char *changed = plant_with(OLD_ROW, NEW_ROW);
    int64_t t = at(BEGIN);
    desk_configure(&d, changed);
    work_off(&d);
    desk_take_back(&d, measured(&d, "quarter", t, t + QUARTER_US, 250));
    desk_add(&d, measured(&d, "quarter", t, t + QUARTER_US, 300));
    finish(&d);
    assert_int128_equal(desk_find(&d, PERIOD_QUARTER_HOUR, t, "electricity")->co2e_ug,
                        (int128)300 * 500000);
    desk_close(&d);
    free(changed);
}

static void a_carried_factor_is_restated_when_the_next_row_comes(void **state)
{
    struct desk d;
    (void)state;
    char *carried = plant_with("{id: diesel, scope: 1, carrier: diesel, factor: short}",
                               "{id: diesel, scope: 1, carrier: diesel, factor: short, carry_forward: "
                               "provisional}");
    const char *row = "  - {id: short, source: t, per: kg, valid_from: 2018-07-01, co2: 3.25}\n";
    char *place = strstr(carried, "  - {id: wood");
    struct buffer next = { 0 };
    buffer_put(&next, carried, (size_t)(place - carried));
    buffer_print(&next, "%s%s", row, place);
    buffer_put_u8(&next, 0);

    desk_open(&d, carried);
    int64_t t = at("2018-07-02T10:00:00Z");
    desk_seen(&d, "meter", t);
    desk_add(&d, measured(&d, "tank", t, t + QUARTER_US, 1000));
    desk_seen(&d, "meter", t + HOUR_US);
    desk_emit(&d);
    assert_int_equal(desk_find(&d, PERIOD_QUARTER_HOUR, t, "diesel")->factors[0].status, FACTOR_PROVISIONAL);
    desk_configure(&d, (const char *)next.at);
    work_off(&d);
    struct summary *s = desk_latest(&d, PERIOD_QUARTER_HOUR, t);
    assert_int_equal(s->reasons, 1u << REASON_FACTOR);
    assert_int_equal(desk_stream(&d, s, "diesel")->factors[0].status, FACTOR_ACTUAL);
    assert_int128_equal(desk_stream(&d, s, "diesel")->co2e_ug, (int128)3250000000);
    desk_close(&d);
    buffer_fini(&next);
    free(carried);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closed_windows_leave_again_with_the_new_factor_and_its_reason),
        cmocka_unit_test(a_restated_history_is_what_it_would_have_been),
        cmocka_unit_test(a_longer_window_leaves_once_when_the_walk_has_passed_it),
        cmocka_unit_test(only_windows_of_the_changed_factor_and_time_leave),
        cmocka_unit_test(other_terms_of_a_stream_are_a_matter_of_configuration),
        cmocka_unit_test(a_kill_in_the_middle_changes_nothing),
        cmocka_unit_test(windows_leave_memory_again_as_the_job_goes_on),
        cmocka_unit_test(factors_that_change_again_meanwhile_end_in_the_last),
        cmocka_unit_test(what_is_taken_back_after_it_goes_by_the_new_factor),
        cmocka_unit_test(a_carried_factor_is_restated_when_the_next_row_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
