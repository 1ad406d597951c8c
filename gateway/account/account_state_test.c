/* A gateway that was killed, restarted and had to look things up says the same as one that was not. */
#include "account/account_fixture_test.h"

static const char fleet[] =
    "gateway: gw-1\n"
    "idle: 7min\n"
    "factors:\n"
    "  - {id: grid, version: '1', source: t, per: kWh, valid_to: 2018-02-02, co2: 0.458511}\n"
    "  - {id: grid, version: '2', source: t, per: kWh, valid_from: 2018-02-03, valid_to: "
    "2018-02-03,\n"
    "     co2: 0.46, ch4: 0.0000123}\n"
    "sites:\n"
    "  - id: north\n"
    "    zone: Europe/Berlin\n"
    "    periods: [1min, 15min, hour, day, month]\n"
    "    publish_shorter: true\n"
    "    streams:\n"
    "      - {id: electricity, scope: 2, carrier: electricity, factor: grid}\n"
    "      - {id: heat, scope: 1, carrier: steam}\n"
    "    devices:\n"
    "      - id: n1\n"
    "        points:\n"
    "          - {id: a, kind: register, unit: kWh, resolution: 0.001, stream: electricity}\n"
    "          - {id: b, kind: register, unit: MJ, resolution: 0.001, stream: heat}\n"
    "      - {id: n2, points: [{id: c, kind: register, unit: MJ, stream: electricity,\n"
    "         direction: export}]}\n"
    "  - id: south\n"
    "    zone: Asia/Kolkata\n"
    "    smallest: 15min\n"
    "    restate_every: 5min\n"
    "    streams: [{id: electricity, scope: 2, carrier: electricity, factor: grid}]\n"
    "    devices:\n"
    "      - {id: s1, points: [{id: d, kind: register, unit: kWh, stream: electricity}]}\n";

#define STEPS 900

/* What happens in a step; the amount is taken back later when it is wrong. */
struct step {
    int64_t elapsed_us;
    const char *device;
    int64_t seen_us;
    struct amount amount;
    bool has_amount;
};

static const char *const devices[] = { "n1", "n1", "n2", "s1" };
static const char *const points[] = { "a", "b", "c", "d" };

/* A late evening that goes on over midnight, with lags, silences, a jump and amounts taken back. */
static void make_steps(const struct desk *d, struct step *steps)
{
    int64_t start_us = at("2018-02-02T20:00:00Z"), elapsed_us = 0, done_us[4];
    for (int i = 0; i < 4; i++)
        done_us[i] = start_us;
    for (int i = 0; i < STEPS; i++) {
        elapsed_us += rand() % (rand() % 50 ? 60 * SECOND_US : 20 * MINUTE_US);
        int who = rand() % 4;
        struct step *s = &steps[i];
        int64_t end_us = start_us + elapsed_us - rand() % (rand() % 9 ? MINUTE_US : 40 * MINUTE_US);
        *s = (struct step){ .elapsed_us = elapsed_us, .device = devices[who], .seen_us = end_us };
        if (i > 20 && rand() % 6 == 0 && steps[i - 15].has_amount &&
            steps[i - 15].amount.sign > 0) {
            s->amount = steps[i - 15].amount;
            s->amount.sign = -1;
            s->has_amount = true;
            steps[i - 15].amount.sign = 2; /* only once */
        } else if (end_us > done_us[who]) {
            s->amount = measured(d, points[who], done_us[who], end_us, rand() % 100000);
            s->amount.part = rand() % 8 ? PART_MEASURED : PART_ESTIMATED;
            s->amount.is_valid = s->amount.part == PART_MEASURED;
            s->amount.is_unverified = rand() % 20 == 0;
            s->amount.flags = rand() % 10 ? 0 : AMOUNT_SUSPECT;
            s->has_amount = true;
            done_us[who] = end_us;
        }
    }
    for (int i = 0; i < STEPS; i++)
        if (steps[i].amount.sign == 2)
            steps[i].amount.sign = 1;
}

static void take_step(struct desk *d, const struct step *s)
{
    desk_clock(d, s->elapsed_us);
    desk_emit(d);
    desk_seen(d, s->device, s->seen_us);
    if (s->has_amount)
        desk_add(d, s->amount);
}

static void print_stream(const struct summary_stream *s, struct buffer *out)
{
    buffer_print(out, " s%d flags=%u has=%d %d %d valid=%lld/%lld unverified=%u",
                 s->stream, s->flags, s->has_activity, s->has_co2e,
                 s->has_unverified_co2e, (long long)s->valid_ms, (long long)s->expected_ms,
                 s->unverified_readings);
    buffer_put_i128(out, s->activity_micro);
    buffer_put_i128(out, s->unverified_micro);
    buffer_put_i128(out, s->unverified_co2e_ug);
    buffer_put_i128(out, s->co2e_ug);
    for (int part = 0; part < PART_COUNT; part++)
        buffer_put_i128(out, s->part_micro[part]);
    for (size_t i = 0; i < s->n_gases; i++) {
        buffer_print(out, " g%d=%d", (int)s->gases[i].gas, s->gases[i].is_covered);
        buffer_put_i128(out, s->gases[i].ug);
    }
    for (size_t i = 0; i < s->n_factors; i++) {
        buffer_print(out, "f%d=%d", s->factors[i].factor, (int)s->factors[i].status);
        buffer_put_i128(out, s->factors[i].activity_micro);
    }
    for (size_t i = 0; i < s->n_points; i++)
        buffer_print(out, " p%d", s->points[i]);
    for (size_t i = 0; i < s->n_mb_basis; i++) {
        buffer_print(out, " b%d %s", (int)s->mb_basis[i].tier, s->mb_basis[i].instrument_id);
        buffer_put_i128(out, s->mb_basis[i].energy_micro);
        buffer_put_i128(out, s->mb_basis[i].co2e_ug);
    }
}

static void print_emission(const struct summary_emission *e, struct buffer *out)
{
    buffer_print(out, " e%d%d%d%d", e->is_there, e->has_co2e, e->is_incomplete, e->is_partial);
    buffer_put_i128(out, e->co2e_ug);
    for (size_t i = 0; i < e->n_gases; i++)
        buffer_put_i128(out, e->gases[i].ug);
}

/* Everything a summary says, as bytes. */
static void print_summary(const struct summary *s, struct buffer *out)
{
    buffer_print(out, "%d %d %lld-%lld r%u %u w%lld p%lld points=%u/%u n=%llu silent=%u %d",
                 s->site, (int)s->period, (long long)s->start_us, (long long)s->end_us, s->revision,
                 s->reasons, (long long)s->watermark_us, (long long)s->published_us,
                 s->points_valid, s->points_expected, (unsigned long long)s->readings,
                 s->silent_devices, s->is_clock_unsynchronised);
    buffer_print(out, " valid=%lld/%lld", (long long)s->valid_ms,
                 (long long)s->expected_ms);
    for (size_t i = 0; i < s->n_gases_covered; i++)
        buffer_print(out, " covers %d", (int)s->gases_covered[i]);
    for (int total = 0; total < TOTAL_COUNT; total++)
        print_emission(&s->totals[total], out);
    for (size_t i = 0; i < s->n_streams; i++)
        print_stream(&s->streams[i], out);
    for (size_t i = 0; i < s->n_carriers; i++) {
        buffer_put_text(out, s->carriers[i].carrier);
        buffer_put_i128(out, s->carriers[i].imported_micro);
        buffer_put_i128(out, s->carriers[i].exported_micro);
    }
    for (size_t i = 0; i < s->n_changes; i++) {
        const struct summary_change *c = &s->changes[i];
        buffer_print(out, " c%d %d %d %d %d", c->of.stream, c->of.line, c->of.basis, c->had, c->has);
        buffer_put_i128(out, c->before_micro);
        buffer_put_i128(out, c->after_micro);
    }
}

static void assert_same_out(const struct desk *a, const struct desk *b)
{
    struct buffer x = { 0 }, y = { 0 };
    for (uint32_t i = 0; i < a->n_out && i < b->n_out; i++) {
        buffer_clear(&x);
        buffer_clear(&y);
        print_summary(&a->out[i], &x);
        print_summary(&b->out[i], &y);
        if (!slice_equal(buffer_slice(&x), buffer_slice(&y)))
            fail_msg("summary %u differs:\n%.*s\n%.*s", i, (int)x.size, (char *)x.at, (int)y.size,
                     (char *)y.at);
    }
    assert_int_equal(a->n_out, b->n_out);
    buffer_fini(&x);
    buffer_fini(&y);
}

static void a_restart_at_any_point_changes_nothing_that_is_said(void **state)
{
    static struct step steps[STEPS];
    uint32_t revisions = 0, lookups = 0;
    (void)state;
    for (unsigned seed = 1; seed <= 6; seed++) {
        struct desk straight, torn;
        srand(seed);
        desk_open(&straight, fleet);
        desk_open(&torn, fleet);
        make_steps(&straight, steps);
        for (int i = 0; i < STEPS; i++) {
            take_step(&straight, &steps[i]);
            take_step(&torn, &steps[i]);
            if (i == STEPS - 40) {
                account_finish(straight.a);
                account_finish(torn.a);
            }
            if (rand() % 4 == 0)
                desk_commit(&torn);
            if (rand() % 15 == 0) { /* also between adding and emitting */
                desk_commit(&torn);
                desk_restart(&torn);
            }
            desk_emit(&straight);
            desk_emit(&torn);
        }
        assert_same_out(&straight, &torn);
        for (uint32_t i = 0; i < torn.n_out; i++)
            revisions += torn.out[i].revision > 1;
        lookups += torn.lookups;
        desk_close(&straight);
        desk_close(&torn);
    }
    assert_true(revisions > 100);
    assert_true(lookups > 100);
}

/* Puts into a desk's store, and counts how often. */
static uint32_t rows_put;

static void counting_put(void *self, enum stage stage, struct slice key, struct slice value)
{
    rows_put++;
    desk_put(self, stage, key, value);
}

static uint32_t count_saved(struct desk *d)
{
    struct state_out out = { .put = counting_put, .drop = desk_drop, .self = d };
    rows_put = 0;
    account_save(d->a, &out);
    return rows_put;
}

static void only_what_changed_is_saved(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, fleet);
    count_saved(&d);
    assert_int_equal(count_saved(&d), 0);
    int64_t t = at("2018-02-02T20:00:00Z");
    desk_seen(&d, "n1", t);
    assert_int_equal(count_saved(&d), 2); /* its clock and its site */
    desk_add(&d, measured(&d, "a", t, t + 10 * SECOND_US, 7));
    assert_int_equal(count_saved(&d), 7); /* the site, since when it counts, and five windows */
    desk_emit(&d);
    desk_clock(&d, SECOND_US);
    assert_int_equal(count_saved(&d), 0);
    desk_close(&d);
}

static void a_closed_window_moves_to_the_rows_that_are_not_loaded(void **state)
{
    struct desk d;
    uint32_t at_rest = 0, loaded = 0;
    (void)state;
    desk_open(&d, fleet);
    int64_t t = at("2018-02-02T20:00:00Z");
    desk_seen(&d, "s1", t);
    desk_add(&d, measured(&d, "d", t, t + QUARTER_US, 7));
    desk_commit(&d);
    desk_seen(&d, "s1", t + QUARTER_US + 2 * MINUTE_US);
    assert_int_equal(desk_emit(&d), 1);
    desk_commit(&d);
    for (uint32_t i = 0; i < d.n_rows; i++) {
        at_rest += d.rows[i].stage == STAGE_WINDOW;
        loaded += d.rows[i].stage == STAGE_ACCOUNT && d.rows[i].key.at[0] == 'W';
    }
    assert_int_equal(at_rest, 1);
    assert_int_equal(loaded, 3);
    desk_close(&d);
}

static void rows_survive_a_plan_without_their_site(void **state)
{
    static const char other[] = "gateway: gw-1\nsites:\n  - {id: west, zone: UTC}\n";
    struct desk d;
    (void)state;
    desk_open(&d, fleet);
    int64_t t = at("2018-02-02T20:00:00Z");
    desk_seen(&d, "s1", t);
    desk_add(&d, measured(&d, "d", t, t + QUARTER_US, 7000));
    desk_configure(&d, other);
    desk_commit(&d);
    desk_restart(&d);
    desk_clock(&d, DAY_US);
    assert_int_equal(desk_emit(&d), 0);
    desk_commit(&d);
    desk_configure(&d, fleet);
    assert_true(desk_emit(&d) > 1); /* all idle for a day: windows close by the gateway's time */
    assert_int_equal(d.out[0].start_us, t);
    assert_int128_equal(d.out[0].streams[0].activity_micro, 7000 * 1000);
    desk_close(&d);
}

static void every_cut_or_foreign_row_is_malformed(void **state)
{
    struct desk d, fresh;
    (void)state;
    desk_open(&d, fleet);
    desk_open(&fresh, fleet);
    int64_t t = at("2018-02-02T20:00:00Z");
    desk_seen(&d, "n1", t);
    desk_add(&d, measured(&d, "a", t, t + QUARTER_US, 7));
    desk_add(&d, measured(&d, "b", t, t + QUARTER_US, 7));
    account_finish(d.a);
    desk_commit(&d);
    for (uint32_t i = 0; i < d.n_rows; i++) {
        struct slice key = buffer_slice(&d.rows[i].key), value = buffer_slice(&d.rows[i].value);
        for (size_t n = 0; n < value.size; n += 1 + n / 40)
            assert_int_equal(account_load(fresh.a, key, (struct slice){ value.at, n }),
                             STATE_MALFORMED);
        if (key.at[0] != 'G')
            for (size_t n = 0; n < key.size; n++)
                assert_int_equal(account_load(fresh.a, (struct slice){ key.at, n }, value),
                                 STATE_MALFORMED);
    }
    assert_int_equal(account_load(fresh.a, slice_of("X\1"), slice_of("\1")), STATE_MALFORMED);
    desk_close(&d);
    desk_close(&fresh);
}

static void a_newer_row_is_refused(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, fleet);
    int64_t t = at("2018-02-02T20:00:00Z");
    desk_seen(&d, "n1", t);
    desk_add(&d, measured(&d, "a", t, t + QUARTER_US, 7));
    desk_commit(&d);
    log_set_level(LOG_ERROR + 1);
    for (uint32_t i = 0; i < d.n_rows; i++) {
        d.rows[i].value.at[0]++;
        assert_int_equal(
            account_load(d.a, buffer_slice(&d.rows[i].key), buffer_slice(&d.rows[i].value)),
            STATE_MALFORMED);
    }
    desk_close(&d);
}

static void a_malformed_row_that_is_looked_up_stops_the_program(void **state)
{
    struct desk d;
    (void)state;
    desk_open(&d, fleet);
    int64_t t = at("2018-02-02T20:00:00Z");
    desk_seen(&d, "s1", t);
    struct amount a = measured(&d, "d", t, t + QUARTER_US, 7);
    desk_add(&d, a);
    desk_seen(&d, "s1", t + 5 * HOUR_US);
    desk_emit(&d);
    desk_commit(&d);
    for (uint32_t i = 0; i < d.n_rows; i++)
        if (d.rows[i].stage == STAGE_WINDOW)
            d.rows[i].value.size -= 3;
    log_set_level(LOG_ERROR + 1);
    assert_true(account_add(d.a, &a) < 0);
    desk_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_restart_at_any_point_changes_nothing_that_is_said),
        cmocka_unit_test(only_what_changed_is_saved),
        cmocka_unit_test(a_closed_window_moves_to_the_rows_that_are_not_loaded),
        cmocka_unit_test(rows_survive_a_plan_without_their_site),
        cmocka_unit_test(every_cut_or_foreign_row_is_malformed),
        cmocka_unit_test(a_newer_row_is_refused),
        cmocka_unit_test(a_malformed_row_that_is_looked_up_stops_the_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
