#include "meter/plant_test.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "meter/point.h"

#define STEP (10 * S)

/* A good reading i steps after the start. */
static struct sample good(int64_t i, int64_t ticks)
{
    return (struct sample){ .time_us = EPOCH_US + i * STEP, .ticks = ticks, .boot = 1,
                            .sequence = (uint64_t)i + 1, .interval_us = STEP };
}

static enum verdict take(struct plant *p, int32_t point, struct sample s, struct amounts *out)
{
    return plant_take(p, point, &s, out);
}

static void assert_amount(const struct amount *a, int sign, int64_t from, int64_t to, int64_t ticks)
{
    assert_int_equal(a->sign, sign);
    assert_int_equal(a->start_us, EPOCH_US + from * STEP);
    assert_int_equal(a->end_us, EPOCH_US + to * STEP);
    assert_int_equal(a->ticks, ticks);
}

/* --- the plain way --- */

static void readings_in_order_give_one_amount_each(void **state)
{
    (void)state;
    struct plant p;
    struct amounts out;
    plant_plan(&p);
    plant_open(&p);
    for (int64_t i = 0; i < 1000; i++) {
        assert_int_equal(take(&p, REG, good(i, 3 * i), &out), VERDICT_COUNTED);
        assert_int_equal(out.n, i == 0 ? 0 : 1);
        assert_int_equal(out.n_moved, 0);
        if (i > 0)
            assert_amount(out.at, 1, i - 1, i, 3);
        assert_int_equal(take(&p, INT, good(i, i), &out), VERDICT_COUNTED);
        assert_int_equal(out.n, 1);
        assert_amount(out.at, 1, i - 1, i, i);
        assert_int_equal(out.at->point, INT);
        assert_int_equal(take(&p, RUN, good(i, i), &out), VERDICT_COUNTED);
        assert_int_equal(out.n, 0);
    }
    struct meter_figures f;
    meter_figures(p.meter, &f);
    assert_int_equal(f.points, PLANT_POINTS);
    assert_int_equal(f.retained, 3 * 128);
    assert_int_equal(f.held, 0);
    assert_true(f.retained_bytes < 3 * 200 * sizeof(struct sample));
    plant_close(&p);
}

static void late_reading_splits_the_delta_across_it(void **state)
{
    (void)state;
    struct plant p;
    struct amounts out;
    plant_plan(&p);
    plant_open(&p);
    take(&p, REG, good(0, 100), &out);
    take(&p, REG, good(1, 110), &out);
    take(&p, REG, good(3, 140), &out);
    take(&p, REG, good(4, 145), &out);
    assert_int_equal(take(&p, REG, good(2, 111), &out), VERDICT_COUNTED);
    assert_int_equal(out.n, 3);
    assert_int_equal(out.n_moved, 0);
    assert_amount(&out.at[0], 1, 1, 2, 1);
    assert_amount(&out.at[1], -1, 1, 3, 30);
    assert_amount(&out.at[2], 1, 2, 3, 29);
    plant_close(&p);
}

static void reading_before_the_first_becomes_the_baseline(void **state)
{
    (void)state;
    struct plant p;
    struct amounts out;
    plant_plan(&p);
    plant_open(&p);
    take(&p, REG, good(5, 100), &out);
    assert_int_equal(take(&p, REG, good(3, 90), &out), VERDICT_COUNTED);
    assert_int_equal(out.n, 1);
    assert_amount(&out.at[0], 1, 3, 5, 10);
    plant_close(&p);
}

/* 110 and 112 look like dips until the reading before shows that 900 was none to believe. */
static void late_reading_may_take_back_a_spike(void **state)
{
    (void)state;
    struct plant p;
    struct amounts out;
    plant_plan(&p);
    p.points[REG].max_rate_ticks_per_hour = 36000;   /* 100 a step */
    plant_open(&p);
    take(&p, REG, good(0, 100), &out);
    assert_int_equal(take(&p, REG, good(9, 900), &out), VERDICT_COUNTED);
    assert_int_equal(take(&p, REG, good(10, 110), &out), VERDICT_OUT_OF_RANGE);
    assert_int_equal(take(&p, REG, good(11, 112), &out), VERDICT_OUT_OF_RANGE);
    assert_int_equal(take(&p, REG, good(8, 109), &out), VERDICT_COUNTED);
    assert_int_equal(out.n_moved, 3);
    assert_int_equal(out.moved[0].from, VERDICT_COUNTED);
    assert_int_equal(out.moved[0].to, VERDICT_OUT_OF_RANGE);
    assert_int_equal(out.moved[1].to, VERDICT_COUNTED);
    assert_int_equal(out.moved[2].to, VERDICT_COUNTED);
    assert_int_equal(out.n, 4);
    assert_amount(&out.at[0], 1, 0, 8, 9);
    assert_amount(&out.at[1], -1, 0, 9, 800);
    assert_amount(&out.at[2], 1, 8, 10, 1);
    assert_amount(&out.at[3], 1, 10, 11, 2);
    plant_close(&p);
}

static void better_quality_takes_the_place_of_the_first_to_come(void **state)
{
    (void)state;
    struct plant p;
    struct amounts out;
    plant_plan(&p);
    plant_open(&p);
    struct sample guess = good(1, 50), known = good(1, 60);
    guess.quality = QUALITY_ESTIMATED;
    take(&p, INT, guess, &out);
    assert_int_equal(take(&p, INT, known, &out), VERDICT_COUNTED);
    assert_int_equal(out.n, 2);
    assert_amount(&out.at[0], 1, 0, 1, 60);
    assert_amount(&out.at[1], -1, 0, 1, 50);
    assert_int_equal(out.at[1].part, PART_ESTIMATED);
    assert_int_equal(out.n_moved, 1);
    assert_int_equal(out.moved[0].to, VERDICT_CONFLICT);
    plant_close(&p);
}

static void twin_is_a_duplicate_and_lends_its_sequence(void **state)
{
    (void)state;
    struct plant p;
    struct amounts out;
    plant_plan(&p);
    plant_open(&p);
    struct sample a = good(1, 50), b = good(1, 60);
    a.sequence = 5;
    b.sequence = 6;
    take(&p, INT, a, &out);
    assert_int_equal(take(&p, INT, a, &out), VERDICT_DUPLICATE);
    assert_int_equal(out.n + out.n_moved, 0);
    take(&p, INT, b, &out);
    a.sequence = 7;   /* the same value once more, numbered later than the other one */
    assert_int_equal(take(&p, INT, a, &out), VERDICT_DUPLICATE);
    assert_int_equal(out.n, 2);
    assert_int_equal(out.n_moved, 2);
    a.sequence = 4;
    assert_int_equal(take(&p, INT, a, &out), VERDICT_DUPLICATE);
    assert_int_equal(out.n + out.n_moved, 0);
    plant_close(&p);
}

static void full_arena_loses_no_amount(void **state)
{
    (void)state;
    struct plant p;
    struct amounts out;
    plant_plan(&p);
    plant_open(&p);
    arena_init(&p.arena, 16);
    assert_int_equal(take(&p, INT, good(1, 50), &out), VERDICT_COUNTED);
    assert_int_equal(out.n, 1);
    assert_amount(out.at, 1, 0, 1, 50);
    plant_close(&p);
}

/* --- outside the bound --- */

static void bound_is_as_wide_as_declared(void **state)
{
    (void)state;
    static const struct {
        int64_t lateness_steps, keep, at;      /* readings 10 to 29 are there; then one at `at` */
        enum verdict verdict;
    } rows[] = {
        { 1000, 100, -500, VERDICT_COUNTED },
        { 1000, 20, 9, VERDICT_LATE },         /* 20 are newer */
        { 1000, 21, 9, VERDICT_COUNTED },
        { 10, 100, 20, VERDICT_DUPLICATE },    /* 9 steps old */
        { 10, 100, 19, VERDICT_LATE },         /* 10 steps old; not in `seen`, having no sequence */
        { 1000, 5, 24, VERDICT_LATE },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct plant p;
        struct amounts out;
        plant_plan(&p);
        p.points[RUN].lateness_us = rows[i].lateness_steps * STEP;
        p.points[RUN].keep = rows[i].keep;
        plant_open(&p);
        for (int64_t t = 10; t < 30; t++) {
            struct sample s = good(t, t);
            s.sequence = 0;
            assert_int_equal(take(&p, RUN, s, &out), VERDICT_COUNTED);
        }
        struct sample s = good(rows[i].at, rows[i].at);
        s.sequence = 0;
        assert_int_equal(take(&p, RUN, s, &out), rows[i].verdict);
        plant_close(&p);
    }
}

static void late_interval_stands_unverified(void **state)
{
    (void)state;
    struct plant p;
    struct amounts out;
    plant_plan(&p);
    p.points[INT].max_rate_ticks_per_hour = 36000;
    plant_open(&p);
    take(&p, INT, good(100000, 1), &out);
    assert_int_equal(take(&p, INT, good(7, 9), &out), VERDICT_LATE);
    assert_int_equal(out.n, 1);
    assert_amount(out.at, 1, 6, 7, 9);
    assert_true(out.at->is_unverified);
    assert_false(out.at->is_valid);
    assert_int_equal(take(&p, INT, good(7, 9), &out), VERDICT_DUPLICATE);
    assert_int_equal(out.n, 0);

    struct sample bad = good(8, 9);
    bad.quality = QUALITY_BAD;
    assert_int_equal(take(&p, INT, bad, &out), VERDICT_LATE);
    assert_int_equal(out.n, 0);
    assert_int_equal(take(&p, INT, good(9, 1000), &out), VERDICT_OUT_OF_RANGE);
    assert_int_equal(out.n, 0);
    plant_close(&p);
}

static void late_register_reading_has_no_amount(void **state)
{
    (void)state;
    struct plant p;
    struct amounts out;
    plant_plan(&p);
    plant_open(&p);
    take(&p, REG, good(100000, 100), &out);
    assert_int_equal(take(&p, REG, good(7, 9), &out), VERDICT_LATE);
    assert_int_equal(out.n, 0);
    plant_close(&p);
}

static void both_sequences_of_twins_stay_known(void **state)
{
    (void)state;
    struct plant p;
    struct amounts out;
    plant_plan(&p);
    plant_open(&p);
    for (uint64_t sequence = 20; sequence <= 40; sequence += 10) {
        struct sample s = good(1, 50);
        s.sequence = sequence == 40 ? 10 : sequence;      /* 20, 30, 10 */
        take(&p, INT, s, &out);
    }
    take(&p, INT, good(100000, 1), &out);
    for (uint64_t sequence = 10; sequence <= 40; sequence += 10) {
        struct sample s = good(1, 50);
        s.sequence = sequence;
        assert_int_equal(take(&p, INT, s, &out), sequence < 40 ? VERDICT_DUPLICATE : VERDICT_LATE);
    }
    plant_close(&p);
}

/* What a broker sends again after a crash: everything, from the beginning. */
static void redelivery_of_thousands_is_known_again(void **state)
{
    (void)state;
    struct plant p;
    struct amounts out;
    plant_plan(&p);
    plant_open(&p);
    for (int64_t i = 0; i < 20000; i++)
        take(&p, INT, good(i, i), &out);
    for (int64_t i = 0; i < 20000; i++) {
        assert_int_equal(take(&p, INT, good(i, i), &out), VERDICT_DUPLICATE);
        assert_int_equal(out.n + out.n_moved, 0);
    }
    plant_close(&p);
}

/* --- any order --- */

/* The fold of the sorted set, written down plainly. Sorts the readings and takes twins out. */
static void reference(const struct fold_rules *rules, int32_t point, struct sample *at, size_t n,
                      struct tally *out)
{
    struct sample *set = calloc(n, sizeof *set);
    size_t n_set = 0;
    for (size_t i = 0; i < n; i++) {
        size_t j = 0;
        while (j < n_set && !sample_is_twin(rules->kind, &set[j], &at[i]))
            j++;
        if (j == n_set)
            set[n_set++] = at[i];
        else if (at[i].sequence > set[j].sequence)
            set[j].sequence = at[i].sequence;
    }
    out->by_verdict[VERDICT_DUPLICATE] += (int64_t)(n - n_set);
    struct fold_state s = { 0 };
    for (size_t i = 0; i < n_set; i++) {
        for (size_t j = i + 1; j < n_set; j++) {
            if (sample_order(rules->kind, &set[j], &set[i]) < 0) {
                struct sample swap = set[i];
                set[i] = set[j];
                set[j] = swap;
            }
        }
        struct fold_effect e;
        fold_step(rules, &s, &set[i], &e);
        out->by_verdict[e.verdict]++;
        for (int k = 0; k < e.n; k++) {
            e.at[k].point = point;
            tally_amount(out, &e.at[k], 1);
        }
        struct sampled sampled = { .point = point, .quality = set[i].quality,
                                   .time_us = set[i].time_us, .ticks = set[i].ticks };
        if (rules->kind == POINT_GAUGE && e.verdict == VERDICT_COUNTED)
            tally_sampled(out, &sampled, 1);
    }
    free(set);
}

static struct fold_rules rules_of(const struct point *p)
{
    return (struct fold_rules){
        .kind = (uint8_t)p->kind,
        .stamp = (uint8_t)p->stamp,
        .integrate = (uint8_t)p->integrate,
        .reset_from_zero = p->reset_from_zero,
        .has_min = p->has_min,
        .has_max = p->has_max,
        .max_gap_us = p->max_gap_us,
        .max_rate_ticks_per_hour = p->max_rate_ticks_per_hour,
        .modulus_ticks = p->modulus_ticks,
        .min_ticks = p->min_ticks,
        .max_ticks = p->max_ticks,
        .calibrated_until_us = p->calibrated_until_us,
    };
}

static void take_all(struct plant *p, int32_t point, const struct sample *at, size_t n,
                     struct tally *out)
{
    plant_open(p);
    for (size_t i = 0; i < n; i++) {
        struct amounts amounts;
        enum verdict v = plant_take(p, point, &at[i], &amounts);
        tally_add(out, v, &amounts);
    }
    meter_close(p->meter);
}

static void any_order_ends_in_the_fold_of_the_sorted_set(void **state)
{
    (void)state;
    enum { N = 50, ORDERS = 5 };
    for (uint64_t seed = 0; seed < 400; seed++) {
        struct dice d = dice_of(seed);
        struct plant p;
        struct sample at[N];
        plant_plan(&p);
        plant_vary(&p, &d);
        draw_readings(&d, at, N);
        int32_t point = (int32_t)roll(&d, PLANT_POINTS);
        struct tally wanted = { 0 };
        struct fold_rules rules = rules_of(&p.points[point]);
        reference(&rules, point, at, N, &wanted);
        for (int i = 0; i < ORDERS; i++) {
            struct tally got = { 0 };
            take_all(&p, point, at, N, &got);
            assert_tally_equal(&wanted, &got);
            tally_clear(&got);
            shuffle(&d, at, N, N);
        }
        tally_clear(&wanted);
        arena_fini(&p.arena);
    }
}

/* The same with readings that leave the bound meanwhile: what is frozen was final. */
static void disorder_within_the_bound_changes_nothing(void **state)
{
    (void)state;
    enum { N = 300, WITHIN = 6 };
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct dice d = dice_of(1000 + seed);
        struct plant p;
        struct sample at[N];
        plant_plan(&p);
        int32_t point = (int32_t)roll(&d, PLANT_POINTS);
        p.points[point].max_rate_ticks_per_hour = 36000;
        p.points[point].keep = 24;
        for (size_t i = 0; i < N; i++) {
            at[i] = good((int64_t)i, point == REG ? (int64_t)(10 * i) : 7);
            if (roll(&d, 5) == 0)
                at[i].quality = (uint8_t)roll(&d, QUALITY_COUNT);
            if (roll(&d, 10) == 0)
                at[i].ticks += point == REG && i % 2 == 0 ? -9 : 5000;
        }
        struct tally wanted = { 0 }, got = { 0 };
        struct fold_rules rules = rules_of(&p.points[point]);
        reference(&rules, point, at, N, &wanted);
        shuffle(&d, at, N, WITHIN);
        take_all(&p, point, at, N, &got);
        assert_tally_equal(&wanted, &got);
        tally_clear(&wanted);
        tally_clear(&got);
        arena_fini(&p.arena);
    }
}

/* Whatever comes, the books balance: nothing is taken back that was not given, no verdict of a reading
 * that there is not, and memory stays within the bounds. */
static void chaos_keeps_the_books_and_the_bounds(void **state)
{
    (void)state;
    static const int64_t odd[] = { INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX - 1, INT64_MAX };
    for (uint64_t seed = 0; seed < 150; seed++) {
        struct dice d = dice_of(5000 + seed);
        struct plant p;
        plant_plan(&p);
        plant_vary(&p, &d);
        int32_t point = (int32_t)roll(&d, PLANT_POINTS);
        p.points[point].keep = (int64_t)roll(&d, 20);
        p.points[point].lateness_us = 1 + (int64_t)roll(&d, 100) * S;
        plant_open(&p);
        struct tally t = { 0 };
        struct sample now = { .time_us = EPOCH_US, .boot = 1 }, s;
        for (int64_t i = 0; i < 500; i++) {
            next_reading(&d, &now, &s);
            s.time_us -= (int64_t)roll(&d, 60) * S;
            if (roll(&d, 30) == 0) {
                s.ticks = odd[roll(&d, COUNT(odd))];
                s.interval_us = odd[roll(&d, COUNT(odd))];
                s.sequence = (uint64_t)odd[roll(&d, COUNT(odd))];
            }
            if (seed % 10 == 0 && roll(&d, 50) == 0)
                s.time_us = odd[roll(&d, COUNT(odd))];
            struct amounts out;
            tally_add(&t, plant_take(&p, point, &s, &out), &out);
        }
        int64_t n = 0;
        for (int v = 0; v < VERDICT_COUNT; v++) {
            assert_true(t.by_verdict[v] >= 0);
            n += t.by_verdict[v];
        }
        assert_int_equal(n, 500);
        for (size_t i = 0; i < t.n; i++)
            assert_true(t.at[i].times >= 0);
        struct meter_figures f;
        meter_figures(p.meter, &f);
        assert_true(f.retained <= 2 * 20 + HELD_AFTER);
        tally_clear(&t);
        plant_close(&p);
    }
}

/* The amounts of a register add up to what it shows. */
static void amounts_of_a_register_add_up_to_its_delta(void **state)
{
    (void)state;
    enum { N = 100 };
    struct dice d = dice_of(77);
    struct plant p;
    struct sample at[N];
    plant_plan(&p);
    int64_t ticks = 1000;
    for (int64_t i = 0; i < N; i++) {
        at[i] = good(i, ticks);
        ticks += (int64_t)roll(&d, 1000);
    }
    int64_t last = at[N - 1].ticks, sum = 0;
    shuffle(&d, at, N, N);
    struct tally t = { 0 };
    take_all(&p, REG, at, N, &t);
    for (size_t i = 0; i < t.n; i++)
        sum += t.at[i].times * t.at[i].amount.ticks;
    assert_int_equal(sum, last - 1000);
    tally_clear(&t);
    arena_fini(&p.arena);
}

/* --- held --- */

/* What the log says while `during` runs; the caller frees it. */
static char *logged(void (*during)(struct plant *), struct plant *p)
{
    int file = memfd_create("log", 0), stderr_before = dup(STDERR_FILENO);
    assert_true(file >= 0 && stderr_before >= 0);
    log_set_level(LOG_INFO);
    dup2(file, STDERR_FILENO);
    during(p);
    dup2(stderr_before, STDERR_FILENO);
    close(stderr_before);
    log_set_level(LOG_ERROR);
    char *text = calloc(1, 65536);
    assert_true(pread(file, text, 65535, 0) >= 0);
    close(file);
    return text;
}

static uint64_t n_held(const struct plant *p)
{
    struct meter_figures f;
    meter_figures(p->meter, &f);
    return f.held;
}

static void stay_below(struct plant *p)
{
    struct amounts out;
    take(p, REG, good(0, 1000), &out);
    for (int64_t i = 1; i <= 300; i++) {
        assert_int_equal(take(p, REG, good(i, i), &out), VERDICT_OUT_OF_RANGE);
        assert_int_equal(n_held(p), i >= HELD_AFTER);
    }
}

static void point_that_stays_below_its_last_value_is_held(void **state)
{
    (void)state;
    struct plant p;
    struct amounts out;
    plant_plan(&p);
    plant_open(&p);
    char *text = logged(stay_below, &p);
    char *line = strstr(text, "meter.held site=hall device=meter-1 point=reg");
    assert_non_null(line);
    assert_null(strstr(line + 1, "meter.held"));
    free(text);

    struct meter_figures f;
    meter_figures(p.meter, &f);
    assert_int_equal(f.retained, 1 + 128);   /* candidates have a bound of their own */
    assert_int_equal(take(&p, REG, good(301, 1001), &out), VERDICT_COUNTED);
    assert_amount(out.at, 1, 0, 301, 1);
    assert_int_equal(n_held(&p), 0);
    plant_close(&p);
}

static void narrow_bound_does_not_hide_that_a_point_is_held(void **state)
{
    (void)state;
    struct plant p;
    struct amounts out;
    plant_plan(&p);
    p.points[REG].keep = 1;
    plant_open(&p);
    take(&p, REG, good(0, 1000), &out);
    for (int64_t i = 1; i <= HELD_AFTER; i++)
        take(&p, REG, good(i, i), &out);
    assert_int_equal(n_held(&p), 1);
    plant_close(&p);
}

static void reset_told_late_releases_a_held_point(void **state)
{
    (void)state;
    struct plant p;
    struct amounts out;
    plant_plan(&p);
    plant_open(&p);
    take(&p, REG, good(0, 1000), &out);
    for (int64_t i = 2; i < 12; i++)
        take(&p, REG, good(i, i), &out);
    assert_int_equal(n_held(&p), 1);
    struct sample reset = good(1, 0);
    reset.boot = 2;
    assert_int_equal(take(&p, REG, reset, &out), VERDICT_COUNTED);
    assert_int_equal(out.n_moved, 10);
    assert_int_equal(out.n, 11);
    assert_int_equal(out.at[0].flags, AMOUNT_RESET | AMOUNT_UNDECLARED);
    assert_int_equal(n_held(&p), 0);
    plant_close(&p);
}

/* --- plans --- */

static void points_keep_their_state_across_plans(void **state)
{
    (void)state;
    struct plant p;
    struct amounts out;
    plant_plan(&p);
    plant_open(&p);
    take(&p, REG, good(0, 100), &out);

    struct point reordered[] = { p.points[RUN], p.points[REG] };
    p.plan.points = reordered;
    p.plan.n_points = 2;
    meter_configure(p.meter, &p.plan);
    assert_int_equal(take(&p, 1, good(1, 107), &out), VERDICT_COUNTED);
    assert_int_equal(out.n, 1);
    assert_int_equal(out.at->point, 1);
    assert_amount(out.at, 1, 0, 1, 7);
    assert_int_equal(take(&p, 1, good(0, 100), &out), VERDICT_DUPLICATE);
    plant_close(&p);
}

static void point_begins_anew_when_its_values_mean_something_else(void **state)
{
    (void)state;
    for (int change = 0; change < 7; change++) {
        struct plant p;
        struct amounts out;
        struct unit other = { .number = 3, .name = "MWh" };
        plant_plan(&p);
        plant_open(&p);
        take(&p, REG, good(0, 100), &out);
        struct point *reg = &p.points[REG];
        switch (change) {
        case 0: reg->kind = POINT_INTERVAL; break;
        case 1: reg->unit = &other; break;
        case 2: reg->tick.den = 100; break;
        case 3: reg->multiplier.mantissa = 2; break;
        case 4: reg->modulus_ticks = 1000; break;
        case 5: reg->multiplier = (struct decimal){ 100, 2 }; break;   /* 1.00 is still 1 */
        case 6: p.device.id = "meter-2"; break;
        }
        meter_configure(p.meter, &p.plan);
        struct meter_figures f;
        meter_figures(p.meter, &f);
        assert_int_equal(f.retained, change == 5 ? 1 : 0);
        plant_close(&p);
    }
}

static void new_limits_make_what_was_retained_final(void **state)
{
    (void)state;
    for (int change = 0; change < 4; change++) {
        struct plant p;
        struct amounts out;
        plant_plan(&p);
        plant_open(&p);
        take(&p, REG, good(0, 100), &out);
        take(&p, REG, good(10, 110), &out);
        switch (change) {
        case 0: p.points[REG].max_rate_ticks_per_hour = 36000; break;
        case 1: p.points[REG].max_gap_us = S; break;
        case 2: p.points[REG].reset_from_zero = true; break;
        case 3: p.points[REG].stamp = STAMP_START; break;
        }
        meter_configure(p.meter, &p.plan);
        assert_int_equal(take(&p, REG, good(10, 110), &out), VERDICT_DUPLICATE);
        assert_int_equal(take(&p, REG, good(5, 105), &out), VERDICT_LATE);
        assert_int_equal(out.n, 0);
        assert_int_equal(take(&p, REG, good(11, 113), &out), VERDICT_COUNTED);
        assert_amount(out.at, 1, 10, 11, 3);
        plant_close(&p);
    }
}

static void narrower_bound_freezes_at_once(void **state)
{
    (void)state;
    struct plant p;
    struct amounts out;
    plant_plan(&p);
    plant_open(&p);
    for (int64_t i = 0; i < 100; i++)
        take(&p, REG, good(i, i), &out);
    p.points[REG].keep = 10;
    meter_configure(p.meter, &p.plan);
    struct meter_figures f;
    meter_figures(p.meter, &f);
    assert_int_equal(f.retained, 10);
    assert_int_equal(take(&p, REG, good(100, 100), &out), VERDICT_COUNTED);
    assert_amount(out.at, 1, 99, 100, 1);
    plant_close(&p);
}

static void closing_nothing_is_allowed(void **state)
{
    (void)state;
    meter_close(NULL);
}

int main(void)
{
    log_set_level(LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readings_in_order_give_one_amount_each),
        cmocka_unit_test(late_reading_splits_the_delta_across_it),
        cmocka_unit_test(reading_before_the_first_becomes_the_baseline),
        cmocka_unit_test(late_reading_may_take_back_a_spike),
        cmocka_unit_test(better_quality_takes_the_place_of_the_first_to_come),
        cmocka_unit_test(twin_is_a_duplicate_and_lends_its_sequence),
        cmocka_unit_test(full_arena_loses_no_amount),
        cmocka_unit_test(bound_is_as_wide_as_declared),
        cmocka_unit_test(late_interval_stands_unverified),
        cmocka_unit_test(late_register_reading_has_no_amount),
        cmocka_unit_test(both_sequences_of_twins_stay_known),
        cmocka_unit_test(redelivery_of_thousands_is_known_again),
        cmocka_unit_test(any_order_ends_in_the_fold_of_the_sorted_set),
        cmocka_unit_test(disorder_within_the_bound_changes_nothing),
        cmocka_unit_test(chaos_keeps_the_books_and_the_bounds),
        cmocka_unit_test(amounts_of_a_register_add_up_to_its_delta),
        cmocka_unit_test(point_that_stays_below_its_last_value_is_held),
        cmocka_unit_test(narrow_bound_does_not_hide_that_a_point_is_held),
        cmocka_unit_test(reset_told_late_releases_a_held_point),
        cmocka_unit_test(points_keep_their_state_across_plans),
        cmocka_unit_test(point_begins_anew_when_its_values_mean_something_else),
        cmocka_unit_test(new_limits_make_what_was_retained_final),
        cmocka_unit_test(narrower_bound_freezes_at_once),
        cmocka_unit_test(closing_nothing_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
