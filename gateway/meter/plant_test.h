/* For the tests of the meter: a plan made by hand, random readings, and what comes of them, summed up. */
#ifndef METER_PLANT_TEST_H
#define METER_PLANT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "meter/fold.h"
#include "meter/meter.h"

#define S        INT64_C(1000000)
#define HOUR     (3600 * S)
#define EPOCH_US (INT64_C(1700000000) * S)
#define COUNT(table) (sizeof(table) / sizeof *(table))

#define PLANT_POINTS 5

/* One site with one device: a register "reg", an interval "int", a state "run", a gauge "gau", an event
 * "evt". */
struct plant {
    struct plan plan;
    struct site site;
    struct device device;
    struct point points[PLANT_POINTS];
    struct unit unit;
    struct arena arena;
    struct meter *meter;
};

enum { REG, INT, RUN, GAU, EVT };

static inline void plant_plan(struct plant *p)
{
    static const char *const ids[] = { "reg", "int", "run", "gau", "evt" };
    static const int kinds[] = { POINT_REGISTER, POINT_INTERVAL, POINT_STATE, POINT_GAUGE,
                                 POINT_EVENT };
    *p = (struct plant){ .site = { .id = "hall" }, .device = { .id = "meter-1" },
                         .unit = { .number = 2, .name = "kWh" } };
    for (int i = 0; i < PLANT_POINTS; i++) {
        p->points[i] = (struct point){
            .id = ids[i], .kind = kinds[i], .unit = &p->unit, .tick = { 1, 1000 },
            .stream = -1, .multiplier = { 1, 0 }, .stamp = STAMP_END, .max_gap_us = HOUR,
            .lateness_us = 24 * HOUR, .keep = 128, .index = i,
        };
    }
    p->plan = (struct plan){ .sites = &p->site, .devices = &p->device, .points = p->points,
                             .n_sites = 1, .n_devices = 1, .n_points = PLANT_POINTS };
    arena_init(&p->arena, 0);
}

static inline void plant_open(struct plant *p)
{
    meter_open(&p->meter);
    meter_configure(p->meter, &p->plan);
}

static inline void plant_close(struct plant *p)
{
    meter_close(p->meter);
    arena_fini(&p->arena);
}

static inline struct reading reading_of(int32_t point, const struct sample *s)
{
    return (struct reading){ .point = point, .time_us = s->time_us, .interval_us = s->interval_us,
                             .boot = s->boot, .sequence = s->sequence, .ticks = s->ticks,
                             .quality = s->quality };
}

static inline enum verdict plant_take(struct plant *p, int32_t point, const struct sample *s,
                                      struct amounts *out)
{
    struct reading r = reading_of(point, s);
    arena_reset(&p->arena);
    return meter_take(p->meter, &r, &p->arena, out);
}

/* --- what came of it, summed up --- */

/* How often each amount was given, less how often it was taken back; and each verdict's readings. */
struct tally {
    struct {
        struct amount amount;
        int64_t times;
    } *at;
    size_t n, room;
    int64_t by_verdict[VERDICT_COUNT];
};

static inline bool is_same_amount(const struct amount *a, const struct amount *b)
{
    return a->point == b->point && a->start_us == b->start_us && a->end_us == b->end_us &&
           a->ticks == b->ticks && a->part == b->part && a->flags == b->flags &&
           a->is_valid == b->is_valid && a->is_unverified == b->is_unverified &&
           a->shape == b->shape && a->ramp_from == b->ramp_from && a->ramp_to == b->ramp_to;
}

static inline void tally_amount(struct tally *t, const struct amount *a, int64_t times)
{
    for (size_t i = 0; i < t->n; i++) {
        if (is_same_amount(&t->at[i].amount, a)) {
            t->at[i].times += times;
            return;
        }
    }
    if (t->n == t->room) {
        t->room = t->room == 0 ? 64 : 2 * t->room;
        t->at = realloc(t->at, t->room * sizeof *t->at);
        assert_non_null(t->at);
    }
    t->at[t->n].amount = *a;
    t->at[t->n].times = times;
    t->n++;
}

/* As a stretch of its own kind, at which amounts never are. */
static inline void tally_sampled(struct tally *t, const struct sampled *s, int64_t times)
{
    tally_amount(t, &(struct amount){ .point = s->point, .shape = UINT8_MAX, .flags = s->quality,
                                      .start_us = s->time_us, .end_us = s->time_us,
                                      .ticks = s->ticks }, times);
}

static inline void tally_add(struct tally *t, enum verdict v, const struct amounts *out)
{
    t->by_verdict[v]++;
    for (size_t i = 0; i < out->n; i++) {
        assert_true(out->at[i].sign == 1 || out->at[i].sign == -1);
        assert_true(out->at[i].end_us > out->at[i].start_us);
        assert_true(out->at[i].shape != AMOUNT_STRETCH || out->at[i].ticks == 0);
        tally_amount(t, &out->at[i], out->at[i].sign);
    }
    for (size_t i = 0; i < out->n_samples; i++)
        tally_sampled(t, &out->samples[i], out->samples[i].sign);
    for (size_t i = 0; i < out->n_moved; i++) {
        assert_true(out->moved[i].from != out->moved[i].to);
        t->by_verdict[out->moved[i].from]--;
        t->by_verdict[out->moved[i].to]++;
    }
}

static inline void tally_clear(struct tally *t)
{
    free(t->at);
    *t = (struct tally){ 0 };
}

/* Everything that t holds, u holds as often. */
static inline void assert_tally_within(const struct tally *t, const struct tally *u)
{
    for (size_t i = 0; i < t->n; i++) {
        int64_t times = 0;
        for (size_t j = 0; j < u->n; j++)
            times += is_same_amount(&t->at[i].amount, &u->at[j].amount) ? u->at[j].times : 0;
        if (times != t->at[i].times)
            fail_msg("%jd ticks from %jd: %jd times, not %jd", (intmax_t)t->at[i].amount.ticks,
                     (intmax_t)t->at[i].amount.start_us, (intmax_t)t->at[i].times, (intmax_t)times);
    }
}

static inline void assert_tally_equal(const struct tally *a, const struct tally *b)
{
    assert_tally_within(a, b);
    assert_tally_within(b, a);
    for (int v = 0; v < VERDICT_COUNT; v++)
        assert_int_equal(a->by_verdict[v], b->by_verdict[v]);
}

/* --- random readings --- */

struct dice {
    uint64_t x;
};

static inline uint64_t roll(struct dice *d, uint64_t sides)
{
    d->x ^= d->x << 13;
    d->x ^= d->x >> 7;
    d->x ^= d->x << 17;
    return (d->x >> 11) % sides;
}

static inline struct dice dice_of(uint64_t seed)
{
    struct dice d = { seed * UINT64_C(0x9e3779b97f4a7c15) + 1 };
    for (int i = 0; i < 8; i++)
        roll(&d, 2);
    return d;
}

/* Limits drawn at random, so that every rule has its turn. */
static inline void plant_vary(struct plant *p, struct dice *d)
{
    p->points[REG].max_rate_ticks_per_hour = roll(d, 2) ? 36000 : 0;
    p->points[REG].modulus_ticks = roll(d, 2) ? 1000 : 0;
    p->points[REG].reset_from_zero = roll(d, 2);
    p->points[REG].max_gap_us = roll(d, 2) ? 15 * S : HOUR;
    p->points[INT].max_rate_ticks_per_hour = roll(d, 2) ? 36000 : 0;
    p->points[INT].stamp = roll(d, 2) ? STAMP_END : STAMP_START;
    p->points[GAU].integrate = roll(d, 2) ? INTEGRATE_TRAPEZOID : INTEGRATE_PREVIOUS;
    p->points[GAU].max_gap_us = roll(d, 2) ? 15 * S : HOUR;
    p->points[GAU].has_max = p->points[EVT].has_max = roll(d, 2);
    p->points[GAU].max_ticks = p->points[EVT].max_ticks = 900;
}

/* A reading as of a plant with a hard life: gaps, spikes, dips, resets, clashes, every quality. *now is
 * the reading before and becomes this one. */
static inline void next_reading(struct dice *d, struct sample *now, struct sample *out)
{
    now->time_us += (int64_t)roll(d, 8) == 0 ? 0 : 10 * S;
    now->sequence++;
    now->ticks += (int64_t)roll(d, 60);
    now->interval_us = 10 * S;
    if (now->ticks > 1000 && roll(d, 2))
        now->ticks -= 1000;
    if (roll(d, 20) == 0) {
        now->boot++;
        now->sequence = 1;
        now->ticks = (int64_t)roll(d, 30);
    }
    *out = *now;
    out->quality = roll(d, 3) ? QUALITY_GOOD : (uint8_t)roll(d, QUALITY_COUNT);
    switch (roll(d, 16)) {
    case 0: out->ticks += 100000; break;
    case 1: out->ticks /= 2; break;
    case 2: out->ticks = 0; break;
    case 3: out->interval_us = (int64_t)roll(d, 40) * S; break;
    case 4: out->boot = 0; break;
    case 5: out->sequence = 0; break;
    case 6: out->time_us -= (int64_t)roll(d, 30) * S; break;
    case 7: out->ticks = -5; break;
    default: break;
    }
}

/* n readings in about the order of their times; some are twins of others, with or without another
 * sequence. */
static inline void draw_readings(struct dice *d, struct sample *out, size_t n)
{
    struct sample now = { .time_us = EPOCH_US, .boot = 1, .ticks = 500 };
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && roll(d, 6) == 0) {
            out[i] = out[i - 1 - roll(d, i < 5 ? i : 5)];
            out[i].sequence += roll(d, 2) ? roll(d, 4) : 0;
        } else {
            next_reading(d, &now, &out[i]);
        }
    }
}

/* Any order, if within is n or more; else each reading moves by less than `within`. */
static inline void shuffle(struct dice *d, struct sample *at, size_t n, size_t within)
{
    for (size_t start = 0; start < n; start += within) {
        size_t part = n - start < within ? n - start : within;
        for (size_t i = part; i > 1; i--) {
            size_t j = start + roll(d, i);
            struct sample s = at[start + i - 1];
            at[start + i - 1] = at[j];
            at[j] = s;
        }
    }
}

#endif
