/* The plan goes through time step by step, and in each step through devices and points: a reading
 * is measured, perhaps lost, put into its device's shuffle, perhaps twice, and what the shuffle
 * gives up is gathered into the device's batch; a full batch is a message. At the end the shuffles
 * and batches are drained, device by device, and the state readings follow.
 *
 * Messages are made one at a time, when they are asked for. So memory is bounded by the devices and
 * not by the readings, and every decision is a function of seed, point and step: the bytes and
 * their order do not depend on the network. */
#include "fleet/plan.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/chance.h"
#include "fleet/message.h"
#include "fleet/options.h"
#include "fleet/roster.h"
#include "fleet/say.h"
#include "fleet/shuffle.h"
#include "fleet/source.h"
#include "fleet/totals.h"

struct plan_point {
    int64_t consumed_ticks; /* since the device started; finer than what the meter shows */
    int64_t shown_ticks;
    uint64_t sequence;
};

struct plan_device {
    struct shuffle shuffle;
    struct reading *batch;
    size_t n; /* in the batch */
    uint64_t restarts;
};

enum phase { PHASE_MEASURE, PHASE_DRAIN, PHASE_STATE, PHASE_DONE };

struct plan {
    const struct conf *conf;
    const struct source *source;
    const struct roster *roster;
    struct totals *totals;
    struct plan_device *devices;
    struct plan_point *points; /* by device × points + point */
    uint64_t n_points;
    uint64_t readings; /* to be sent in all */
    enum phase phase;
    uint64_t next;   /* measurement: step × n_points + point number */
    uint32_t device; /* the one in hand */
    int64_t now_ms;  /* true time of the step in hand */
};

static bool is_lost(const struct plan *p, uint64_t point, uint64_t step)
{
    return chance_happens(p->source->seed, CHANCE_LOSS, point, step, p->conf->loss_ppm);
}

static bool is_twice(const struct plan *p, uint64_t point, uint64_t step)
{
    return chance_happens(p->source->seed, CHANCE_AGAIN, point, step, p->conf->duplicates_ppm);
}

/* Counts by drawing every lot in advance: they depend on nothing but the seed. */
static uint64_t count_readings(const struct plan *p)
{
    uint64_t count = p->conf->end_state ? p->roster->devices : 0;
    if (p->conf->loss_ppm == 0 && p->conf->duplicates_ppm == 0)
        return count + p->source->steps * p->n_points;
    for (uint64_t step = 0; step < p->source->steps; step++)
        for (uint64_t point = 0; point < p->n_points; point++)
            if (!is_lost(p, point, step))
                count += is_twice(p, point, step) ? 2 : 1;
    return count;
}

static int check_bounds(const struct plan *p)
{
    /* Before counting, which takes as long as there are readings. */
    double measured = (double)p->source->steps * (double)p->n_points;
    if (measured > 2.0 * (double)p->conf->limit_readings)
        return say_trouble("%.0f readings are planned, and --limit-readings is %" PRId64
                           ": raise it, or "
                           "ask for less",
                           measured, p->conf->limit_readings);
    if (source_most_ticks(p->source) > (double)TICKS_MOST)
        return say_trouble(
            "a register would pass 4·10^9 %s, beyond which a double on the wire is not "
            "exact to 10^-6: ask for fewer readings or a shorter period",
            conf_unit(p->conf)->name);
    if ((uint64_t)p->conf->resets >= p->source->steps)
        return say_trouble("--resets %" PRId64
                           ": expected fewer than there are readings per point (%" PRIu64 ")",
                           p->conf->resets, p->source->steps);
    return 0;
}

static void open_devices(struct plan *p)
{
    p->devices = calloc(p->roster->devices, sizeof(*p->devices));
    p->points = calloc(p->n_points, sizeof(*p->points));
    if (p->devices == NULL || p->points == NULL)
        abort();
    for (uint32_t d = 0; d < p->roster->devices; d++) {
        shuffle_init(&p->devices[d].shuffle, (uint64_t)p->conf->shuffle, p->source->seed, d);
        p->devices[d].batch = calloc((size_t)p->conf->batch, sizeof(struct reading));
        if (p->devices[d].batch == NULL)
            abort();
    }
}

int plan_open(const struct conf *conf, const struct source *source, const struct roster *roster,
              struct totals *totals, struct plan **out)
{
    struct plan *p = calloc(1, sizeof(*p));
    if (p == NULL)
        abort();
    p->conf = conf;
    p->source = source;
    p->roster = roster;
    p->totals = totals;
    p->n_points = (uint64_t)roster->devices * roster->points;
    int rc = check_bounds(p);
    if (rc == 0) {
        p->readings = count_readings(p);
        if (p->readings > (uint64_t)conf->limit_readings)
            rc = say_trouble("%" PRIu64 " readings are planned, and --limit-readings is %" PRId64
                             ": raise it, or ask for less",
                             p->readings, conf->limit_readings);
    }
    if (rc < 0) {
        plan_close(p);
        return rc;
    }
    open_devices(p);
    *out = p;
    return 0;
}

void plan_close(struct plan *p)
{
    if (p == NULL)
        return;
    for (uint32_t d = 0; p->devices != NULL && d < p->roster->devices; d++) {
        shuffle_fini(&p->devices[d].shuffle);
        free(p->devices[d].batch);
    }
    free(p->devices);
    free(p->points);
    free(p);
}

uint64_t plan_readings(const struct plan *p)
{
    return p->readings;
}

/* The step before which a device restarts for the n-th time, from 1 on: spread over the run, each
 * device at its own moments. */
static uint64_t restart_step(const struct plan *p, uint32_t device, uint64_t n)
{
    uint64_t stretch = p->source->steps / ((uint64_t)p->conf->resets + 1);
    uint64_t spread = stretch / 2 > 0 ? stretch / 2 : 1;
    return n * stretch + chance(p->source->seed, CHANCE_RESTART, device, n) % spread;
}

/* Never 0, and another one after each restart. */
static uint64_t boot_id(const struct plan *p, uint32_t device)
{
    uint64_t own = chance(p->source->seed, CHANCE_BOOT, device, 0) & 0x7fff0000u;
    return own + p->devices[device].restarts + 1;
}

static void restart_when_due(struct plan *p, uint32_t device, uint64_t step)
{
    struct plan_device *d = &p->devices[device];
    if (d->restarts >= (uint64_t)p->conf->resets ||
        step != restart_step(p, device, d->restarts + 1))
        return;
    d->restarts++;
    totals_add_restart(p->totals, device);
    memset(&p->points[(size_t)device * p->roster->points], 0,
           p->roster->points * sizeof(*p->points));
}

/* What the point's meter says at this step. */
static struct reading measure(struct plan *p, uint64_t number, uint64_t step)
{
    struct plan_point *pt = &p->points[number];
    struct reading r = {
        .device = p->device,
        .point = (uint32_t)(number % p->roster->points),
        .true_ms = p->now_ms,
        .stamp_ms = roster_stamp_ms(p->roster, p->device, p->now_ms),
        .sequence = ++pt->sequence,
        .boot = boot_id(p, p->device),
    };
    r.kind = roster_kind(p->roster, r.device, r.point);

    int64_t before_ticks = pt->shown_ticks;
    pt->consumed_ticks += source_ticks(p->source, number, step);
    pt->shown_ticks = pt->consumed_ticks - pt->consumed_ticks % p->source->grain_ticks;
    if (r.kind == KIND_REGISTER) {
        r.ticks = pt->shown_ticks;
    } else {
        r.ticks = pt->shown_ticks - before_ticks;
        r.interval_ms = p->source->period_ms;
    }
    return r;
}

static void measure_next(struct plan *p)
{
    uint64_t step = p->next / p->n_points, number = p->next % p->n_points;
    p->next++;
    p->device = (uint32_t)(number / p->roster->points);
    p->now_ms = source_stamp_ms(p->source, step);
    if (number % p->roster->points == 0)
        restart_when_due(p, p->device, step);

    struct reading r = measure(p, number, step);
    if (is_lost(p, number, step)) {
        totals_add_lost(p->totals, p->device);
        return;
    }
    totals_add(p->totals, &r);
    bool twice = is_twice(p, number, step);
    if (twice)
        totals_add_duplicate(p->totals, &r);
    shuffle_put(&p->devices[p->device].shuffle, &r, twice);
}

static void put_state(struct plan *p)
{
    int64_t true_ms = p->now_ms + p->conf->end_state_after_ms;
    struct reading r = {
        .device = p->device,
        .point = p->roster->points,
        .kind = KIND_STATE,
        .true_ms = true_ms,
        .stamp_ms = roster_stamp_ms(p->roster, p->device, true_ms),
        .sequence = 1,
        .boot = boot_id(p, p->device),
    };
    totals_add(p->totals, &r);
    shuffle_put(&p->devices[p->device].shuffle, &r, false);
}

/* One step on. Whatever it brought stands in the shuffle of p->device. */
static void advance(struct plan *p)
{
    switch (p->phase) {
    case PHASE_MEASURE:
        if (p->next < p->source->steps * p->n_points) {
            measure_next(p);
            return;
        }
        p->phase = PHASE_DRAIN;
        p->device = 0;
        return;
    case PHASE_DRAIN:
        if (++p->device < p->roster->devices)
            return;
        p->phase = p->conf->end_state ? PHASE_STATE : PHASE_DONE;
        p->device = 0;
        break;
    case PHASE_STATE:
        if (++p->device == p->roster->devices)
            p->phase = PHASE_DONE;
        break;
    case PHASE_DONE:
        return;
    }
    if (p->phase == PHASE_STATE)
        put_state(p);
}

/* A message from what the device in hand has ready, or NULL. At the end a batch need not be full.
 */
static struct message *gather(struct plan *p)
{
    struct plan_device *d = &p->devices[p->device];
    bool is_ending = p->phase != PHASE_MEASURE, is_duplicate;
    size_t full = (size_t)p->conf->batch;

    while (d->n < full && shuffle_take(&d->shuffle, is_ending, &d->batch[d->n], &is_duplicate))
        d->n++;
    if (d->n < full && !(is_ending && d->n > 0))
        return NULL;
    struct message *m = message_encode(p->roster, d->batch, d->n);
    m->due_ms = p->now_ms;
    d->n = 0;
    return m;
}

struct message *plan_next(struct plan *p)
{
    while (p->phase != PHASE_DONE) {
        struct message *m = gather(p);
        if (m != NULL)
            return m;
        advance(p);
    }
    return NULL;
}
