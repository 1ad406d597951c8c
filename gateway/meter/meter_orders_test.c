/* What people decide about readings works backwards among all that is retained. */
#include "meter/plant_test.h"

#include "meter/point.h"

static struct sample at(int64_t i, int64_t ticks)
{
    return (struct sample){ .time_us = EPOCH_US + i * 10 * S, .ticks = ticks, .boot = 1,
                            .sequence = (uint64_t)i + 1, .interval_us = 10 * S };
}

static void take(struct plant *p, int32_t point, struct sample s, struct tally *t)
{
    struct amounts out;
    enum verdict v = plant_take(p, point, &s, &out);
    tally_add(t, v, &out);
}

/* An order brings no verdict of its own, it only moves those that there are. */
static void add_order(struct tally *t, const struct amounts *out)
{
    tally_add(t, VERDICT_COUNTED, out);
    t->by_verdict[VERDICT_COUNTED]--;
}

static int64_t total(const struct tally *t)
{
    int64_t sum = 0;
    for (size_t i = 0; i < t->n; i++)
        if (t->at[i].amount.shape != UINT8_MAX && !t->at[i].amount.is_unverified)
            sum += t->at[i].times * t->at[i].amount.ticks;
    return sum;
}

static void voided_spike_lets_the_held_readings_count(void **state)
{
    struct plant p;
    struct tally t = { 0 };
    struct amounts out;
    struct meter_figures f;
    (void)state;
    plant_plan(&p);
    plant_open(&p);
    take(&p, REG, at(0, 100), &t);
    take(&p, REG, at(1, 99999), &t);
    for (int64_t i = 2; i < 8; i++)
        take(&p, REG, at(i, 100 + i), &t);
    meter_figures(p.meter, &f);
    assert_int_equal(f.held, 1);
    assert_int_equal(total(&t), 99899);

    assert_int_equal(meter_void(p.meter, REG, EPOCH_US + 10 * S, 0, 0, true, &p.arena, &out), 0);
    add_order(&t, &out);
    meter_figures(p.meter, &f);
    assert_int_equal(f.held, 0);
    assert_int_equal(total(&t), 7);
    assert_int_equal(t.by_verdict[VERDICT_VOID], 1);
    assert_int_equal(t.by_verdict[VERDICT_COUNTED], 7);

    take(&p, REG, at(1, 99999), &t);     /* sent again: it stays void */
    assert_int_equal(total(&t), 7);
    assert_int_equal(t.by_verdict[VERDICT_DUPLICATE], 1);

    assert_int_equal(meter_void(p.meter, REG, EPOCH_US + 10 * S, 1, 2, false, &p.arena, &out), 0);
    add_order(&t, &out);
    assert_int_equal(total(&t), 99899);
    tally_clear(&t);
    plant_close(&p);
}

static void what_is_not_retained_cannot_be_voided(void **state)
{
    struct plant p;
    struct tally t = { 0 };
    struct amounts out;
    (void)state;
    plant_plan(&p);
    p.points[REG].keep = 8;
    plant_open(&p);
    for (int64_t i = 0; i < 20; i++)
        take(&p, REG, at(i, i), &t);
    assert_int_equal(meter_void(p.meter, REG, EPOCH_US, 0, 0, true, &p.arena, &out), METER_GONE);
    assert_int_equal(meter_void(p.meter, REG, EPOCH_US + 195 * S, 0, 0, true, &p.arena, &out),
                     METER_ABSENT);
    tally_clear(&t);
    plant_close(&p);
}

/* Old meter at 900 until second 25, new one from 5 on at second 35, with twice the multiplier. */
static const struct meter_swap swap = {
    .removed_us = EPOCH_US + 25 * S, .installed_us = EPOCH_US + 35 * S,
    .final_raw = 900, .initial_raw = 5, .multiplier = { 2, 0 },
};

static void take_swapped(struct plant *p, struct tally *t)
{
    take(p, REG, at(1, 880), t);
    take(p, REG, at(2, 890), t);
    take(p, REG, at(4, 8), t);           /* 3 on the new one, twice */
    take(p, REG, at(5, 10), t);
}

static void swap_that_is_declared_later_counts_as_if_it_had_been_known(void **state)
{
    struct plant p;
    struct tally after = { 0 }, before = { 0 };
    struct amounts out;
    (void)state;
    plant_plan(&p);
    plant_open(&p);
    take_swapped(&p, &after);
    assert_int_equal(total(&after), 10);
    assert_int_equal(after.by_verdict[VERDICT_OUT_OF_RANGE], 2);
    assert_int_equal(meter_exchange(p.meter, REG, &swap, true, &p.arena, &out), 0);
    add_order(&after, &out);
    assert_int_equal(total(&after), 10 + 10 + 6 + 4);
    assert_int_equal(after.by_verdict[VERDICT_COUNTED], 4);
    plant_close(&p);

    plant_plan(&p);
    plant_open(&p);
    assert_int_equal(meter_exchange(p.meter, REG, &swap, true, &p.arena, &out), 0);
    assert_int_equal(out.n, 0);
    take_swapped(&p, &before);
    assert_tally_equal(&before, &after);
    assert_int_equal(meter_exchange(p.meter, REG, &swap, true, &p.arena, &out), METER_CLASH);

    assert_int_equal(meter_exchange(p.meter, REG, &swap, false, &p.arena, &out), 0);
    add_order(&before, &out);
    assert_int_equal(total(&before), 10);
    assert_int_equal(meter_exchange(p.meter, REG, &swap, false, &p.arena, &out), METER_ABSENT);
    plant_close(&p);
    tally_clear(&before);
    tally_clear(&after);
}

static void time_without_a_meter_is_a_gap(void **state)
{
    struct plant p;
    struct tally t = { 0 };
    struct amounts out;
    int64_t gap_us = 0;
    (void)state;
    plant_plan(&p);
    plant_open(&p);
    take_swapped(&p, &t);
    meter_exchange(p.meter, REG, &swap, true, &p.arena, &out);
    add_order(&t, &out);
    for (size_t i = 0; i < t.n; i++)
        if (t.at[i].amount.flags & AMOUNT_GAP)
            gap_us += t.at[i].times * (t.at[i].amount.end_us - t.at[i].amount.start_us);
    assert_int_equal(gap_us, 10 * S);
    tally_clear(&t);
    plant_close(&p);
}

/* --- across a restart --- */

struct kept {
    struct buffer key, value;
};

static void on_put(void *self, enum stage stage, struct slice key, struct slice value)
{
    struct kept *k = self;
    (void)stage;
    buffer_clear(&k->key);
    buffer_clear(&k->value);
    buffer_put(&k->key, key.at, key.size);
    buffer_put(&k->value, value.at, value.size);
}

static void orders_survive_a_restart(void **state)
{
    struct plant p;
    struct tally t = { 0 };
    struct amounts out;
    struct kept row = { { 0 }, { 0 } };
    struct state_out to = { .put = on_put, .self = &row };
    (void)state;
    plant_plan(&p);
    plant_open(&p);
    take_swapped(&p, &t);
    take(&p, REG, at(6, 7777), &t);
    meter_exchange(p.meter, REG, &swap, true, &p.arena, &out);
    add_order(&t, &out);
    assert_int_equal(meter_void(p.meter, REG, EPOCH_US + 60 * S, 0, 0, true, &p.arena, &out), 0);
    add_order(&t, &out);
    assert_int_equal(total(&t), 30);
    meter_save(p.meter, &to);
    meter_close(p.meter);

    plant_open(&p);
    assert_int_equal(meter_load(p.meter, buffer_slice(&row.key), buffer_slice(&row.value)), 0);
    take(&p, REG, at(6, 7777), &t);
    take(&p, REG, at(7, 11), &t);
    assert_int_equal(total(&t), 32);
    assert_int_equal(meter_exchange(p.meter, REG, &swap, false, &p.arena, &out), 0);
    add_order(&t, &out);
    assert_int_equal(total(&t), 10);
    plant_close(&p);
    tally_clear(&t);
    buffer_fini(&row.key);
    buffer_fini(&row.value);
}

static void orders_that_fit_nothing_are_refused(void **state)
{
    struct plant p;
    struct amounts out;
    struct meter_swap odd = swap;
    (void)state;
    plant_plan(&p);
    plant_open(&p);
    assert_int_equal(meter_exchange(p.meter, INT, &odd, true, &p.arena, &out), METER_UNFIT);
    odd.installed_us = odd.removed_us - 1;
    assert_int_equal(meter_exchange(p.meter, REG, &odd, true, &p.arena, &out), METER_UNFIT);
    odd = swap;
    for (int i = 0; i < FOLD_SWAPS_MOST; i++) {
        assert_int_equal(meter_exchange(p.meter, REG, &odd, true, &p.arena, &out), 0);
        odd.removed_us += HOUR;
        odd.installed_us += HOUR;
    }
    assert_int_equal(meter_exchange(p.meter, REG, &odd, true, &p.arena, &out), METER_FULL);
    plant_close(&p);
}

/* MTR-01, of a real meter that showed 0 for a moment: 0.4 kWh and not 13424.5. */
static void momentary_zero_is_no_new_beginning(void **state)
{
    static const int64_t shown[] = { 134237, 134239, 0, 134241 };
    struct plant p;
    struct tally t = { 0 };
    (void)state;
    plant_plan(&p);
    plant_open(&p);
    for (int64_t i = 0; i < 4; i++)
        take(&p, REG, at(i, shown[i]), &t);
    assert_int_equal(total(&t), 4);
    tally_clear(&t);
    plant_close(&p);
}

static void two_dips_an_hour_after_the_last_value_hold_the_point(void **state)
{
    struct plant p;
    struct tally t = { 0 };
    struct meter_figures f;
    (void)state;
    plant_plan(&p);
    plant_open(&p);
    take(&p, REG, at(0, 100), &t);
    take(&p, REG, at(180, 7), &t);
    take(&p, REG, at(359, 8), &t);
    meter_figures(p.meter, &f);
    assert_int_equal(f.held, 0);
    take(&p, REG, at(360, 9), &t);
    meter_figures(p.meter, &f);
    assert_int_equal(f.held, 1);
    tally_clear(&t);
    plant_close(&p);
}

/* --- any order --- */

enum { READINGS = 50, VOIDS = 4 };

struct decided {
    struct meter_swap swap;
    int64_t void_us[VOIDS];
};

static struct decided draw_orders(struct dice *d, const struct sample *at)
{
    int64_t removed_us = EPOCH_US + (int64_t)roll(d, 400) * S;
    struct decided x = { .swap = { .removed_us = removed_us,
                                   .installed_us = removed_us + (int64_t)roll(d, 60) * S,
                                   .final_raw = (int64_t)roll(d, 2000),
                                   .initial_raw = (int64_t)roll(d, 500),
                                   .multiplier = { (int64_t)roll(d, 3), 0 } } };
    for (int i = 0; i < VOIDS; i++)
        x.void_us[i] = at[roll(d, READINGS)].time_us;
    return x;
}

static void exchange(struct plant *p, const struct decided *x, bool is_declared, struct tally *t)
{
    struct amounts out;
    assert_int_equal(meter_exchange(p->meter, REG, &x->swap, is_declared, &p->arena, &out), 0);
    add_order(t, &out);
}

static void void_all(struct plant *p, int32_t point, const struct decided *x, bool is_void, struct tally *t)
{
    for (int i = 0; i < VOIDS; i++) {
        struct amounts out = { 0 };
        arena_reset(&p->arena);
        int rc = meter_void(p->meter, point, x->void_us[i], 0, 0, is_void, &p->arena, &out);
        assert_true(rc == 0 || rc == METER_ABSENT);     /* two of one time */
        add_order(t, &out);
    }
}

static void take_range(struct plant *p, int32_t point, const struct sample *at, size_t from, size_t until,
                       struct tally *t)
{
    for (size_t i = from; i < until; i++)
        take(p, point, at[i], t);
}

/* Whether an order comes before, between or behind the readings makes no difference, and taking it back
 * leaves no trace. */
static void orders_come_to_the_same_whenever_they_are_given(void **state)
{
    (void)state;
    static const int32_t points[] = { REG, GAU, EVT, INT };
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct dice d = dice_of(9000 + seed);
        struct plant p;
        struct sample at_hand[READINGS];
        struct tally plain = { 0 }, behind = { 0 }, between = { 0 };
        int32_t point = points[seed % COUNT(points)];
        plant_plan(&p);
        plant_vary(&p, &d);
        draw_readings(&d, at_hand, READINGS);
        struct decided x = draw_orders(&d, at_hand);
        bool has_swap = point == REG;

        plant_open(&p);
        take_range(&p, point, at_hand, 0, READINGS, &plain);
        meter_close(p.meter);

        plant_open(&p);
        take_range(&p, point, at_hand, 0, READINGS, &behind);
        void_all(&p, point, &x, true, &behind);
        if (has_swap)
            exchange(&p, &x, true, &behind);
        meter_close(p.meter);

        shuffle(&d, at_hand, READINGS, READINGS);
        size_t half = roll(&d, READINGS);
        plant_open(&p);
        take_range(&p, point, at_hand, 0, half, &between);
        if (has_swap)
            exchange(&p, &x, true, &between);
        take_range(&p, point, at_hand, half, READINGS, &between);
        void_all(&p, point, &x, true, &between);
        assert_tally_equal(&behind, &between);
        if (has_swap)
            exchange(&p, &x, false, &between);
        void_all(&p, point, &x, false, &between);
        assert_tally_equal(&plain, &between);
        plant_close(&p);
        tally_clear(&plain);
        tally_clear(&behind);
        tally_clear(&between);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(voided_spike_lets_the_held_readings_count),
        cmocka_unit_test(what_is_not_retained_cannot_be_voided),
        cmocka_unit_test(swap_that_is_declared_later_counts_as_if_it_had_been_known),
        cmocka_unit_test(time_without_a_meter_is_a_gap),
        cmocka_unit_test(orders_survive_a_restart),
        cmocka_unit_test(orders_that_fit_nothing_are_refused),
        cmocka_unit_test(orders_come_to_the_same_whenever_they_are_given),
        cmocka_unit_test(momentary_zero_is_no_new_beginning),
        cmocka_unit_test(two_dips_an_hour_after_the_last_value_hold_the_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
