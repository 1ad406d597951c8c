/* How amounts and samples find the derived points that want them, and what leaves.
 *
 * What leaves is itself an input of others, so it goes through the same door: `out` is filled and walked at
 * once, and ends because a plan has no circles. Points stand in an order in which each comes behind its inputs;
 * so an interval is settled when all that it is made of was.
 *
 * Why an interval is given when the watermark has passed it, and not value by value: its windows close a grace
 * later, so nothing is late by it, and in between an hour with three of its twelve values would be published
 * as invalid, or as a quarter of itself, and restated eight times. Before that it is kept; afterwards each
 * change is told at once.
 *
 * An amount that reaches over more than INTERVALS_MOST intervals is left out and told: it would be a meter that
 * comes back after a year, and its hours have no means to be multiplied by. */
#include "derive/derive.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "derive/formula.h"
#include "derive/node.h"
#include "model/amount.h"
#include "model/reading.h"

#define INTERVALS_MOST 10000

void derive_open(const struct state_in *lookup, struct derive **out)
{
    struct derive *d = calloc(1, sizeof *d);
    if (!d)
        abort();
    if (lookup)
        d->lookup = *lookup;
    *out = d;
}

static void free_nodes(struct node *nodes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        node_fini(&nodes[i]);
    free(nodes);
}

void derive_close(struct derive *d)
{
    if (!d)
        return;
    free_nodes(d->nodes, d->n_nodes);
    for (size_t i = 0; i < d->n_gone; i++)
        free((void *)d->gone[i].at);
    free(d->gone);
    free(d->uses);
    free(d->first);
    free(d->out);
    free(d->touched);
    buffer_fini(&d->row);
    free(d);
}

bool derive_is_used(const struct derive *d)
{
    return d->n_nodes > 0;
}

/* --- what leaves --- */

static void emit(struct derive *d, struct amount a, int32_t point, int8_t sign)
{
    a.point = point;
    a.sign = sign;
    d->out = derive_grow(d->out, d->n_out, &d->room_out, sizeof *d->out);
    d->out[d->n_out++] = a;
}

static void emit_given(struct derive *d, const struct node *n, const struct interval *iv, int8_t sign)
{
    struct amount amounts[2];
    size_t count = given_amounts(&iv->given, iv->start_us, iv->start_us + n->d->every_us, amounts);
    for (size_t i = 0; i < count; i++)
        emit(d, amounts[i], n->d->point, sign);
}

static void settle(struct derive *d, const struct node *n, struct interval *iv)
{
    struct given now;
    formula_compute(d->plan, n->d, iv->sums, &now);
    if (given_equal(&now, &iv->given))
        return;
    emit_given(d, n, iv, -1);
    iv->given = now;
    iv->is_dirty = true;
    emit_given(d, n, iv, 1);
}

/* --- sums --- */

/* Its share of the amount times a whole number; the first input says which time is valid. */
static void feed_linear(struct derive *d, const struct node *n, int32_t input, const struct amount *a)
{
    struct amount own = *a;
    int64_t scale = n->d->inputs[input].scale.num;
    if (a->start_us < n->begins_us)
        return;
    bool overflows = __builtin_mul_overflow(a->ticks, scale, &own.ticks) ||
                     __builtin_mul_overflow(a->ramp_from, scale, &own.ramp_from) ||
                     __builtin_mul_overflow(a->ramp_to, scale, &own.ramp_to);
    if (overflows) {
        log_line(LOG_ERROR, "derive.overflow", "point=%s – an amount was left out, it would not fit; check the "
                 "resolutions and coefficients", d->plan->points[n->d->point].id);
        return;
    }
    bool is_first = input == 0;
    own.is_valid = a->is_valid && is_first;
    if (a->shape == AMOUNT_STRETCH && !is_first)
        return;
    emit(d, own, n->d->point, a->sign);
}

static void touch(struct derive *d, struct node *n, struct interval *iv)
{
    iv->is_dirty = true;
    if (iv->is_touched || iv->given.kind == GIVEN_NOT_YET)
        return;
    iv->is_touched = true;
    d->touched = derive_grow(d->touched, d->n_touched, &d->room_touched, sizeof *d->touched);
    d->touched[d->n_touched++] = (struct touched){ n, iv };
}

static int64_t overlap_us(const struct amount *a, int64_t start_us, int64_t end_us)
{
    int64_t from_us = a->start_us > start_us ? a->start_us : start_us;
    int64_t until_us = a->end_us < end_us ? a->end_us : end_us;
    return until_us - from_us;
}

static void add_amount(struct derive_sum *s, const struct amount *a, int64_t start_us, int64_t end_us)
{
    int64_t time_us = overlap_us(a, start_us, end_us);
    if (a->is_valid)
        s->covered_us += a->sign * time_us;
    if (a->shape == AMOUNT_STRETCH) {
        if (a->flags & AMOUNT_NOT_OPERATING)
            s->idle_us += a->sign * time_us;
        return;
    }
    s->ticks += (int128)a->sign * (amount_up_to(a, end_us) - amount_up_to(a, start_us));
    s->parts[a->part] += a->sign;
    for (int k = 0; k < DERIVE_FLAGS; k++)
        if (a->flags & 1u << k)
            s->flagged[k] += a->sign;
}

/* An amount reaches each interval it lies in. A sampled input's amounts bear on the time alone. */
static int feed_intervals(struct derive *d, struct node *n, int32_t input, const struct amount *a)
{
    int64_t every_us = n->d->every_us;
    bool is_sampled = n->d->inputs[input].slot != SLOT_AMOUNT;
    if (a->is_unverified || (is_sampled && a->shape != AMOUNT_STRETCH))
        return 0;
    if ((a->end_us - a->start_us) / every_us > INTERVALS_MOST) {
        log_line(LOG_WARN, "derive.too_long", "point=%s – an amount over more than %d intervals is not derived from",
                 d->plan->points[n->d->point].id, INTERVALS_MOST);
        return 0;
    }
    for (int64_t t_us = a->start_us; t_us < a->end_us;) {
        struct interval *iv;
        int rc = node_interval(d, n, t_us, &iv);
        if (rc < 0)
            return rc;
        int64_t rest = t_us % every_us, end_us = t_us - (rest < 0 ? rest + every_us : rest) + every_us;
        if (iv) {
            add_amount(&iv->sums[input], a, iv->start_us, end_us);
            touch(d, n, iv);
        }
        t_us = end_us;
    }
    return 0;
}

static int feed_amount(struct derive *d, const struct amount *a)
{
    int rc = 0;
    for (uint32_t i = d->first[a->point]; rc == 0 && i < d->first[a->point + 1]; i++) {
        struct node *n = &d->nodes[d->uses[i].node];
        if (n->d->every_us == 0)
            feed_linear(d, n, d->uses[i].input, a);
        else
            rc = feed_intervals(d, n, d->uses[i].input, a);
    }
    return rc;
}

static void add_sample(struct derive_sum *s, const struct sampled *r, int quarter)
{
    bool is_usable = r->quality == QUALITY_GOOD || r->quality == QUALITY_SUSPECT ||
                     r->quality == QUALITY_ESTIMATED;
    s->possible += r->sign;
    if (!is_usable)
        return;
    s->usable += r->sign;
    s->ticks += (int128)r->sign * r->ticks;
    s->parts[r->quality == QUALITY_ESTIMATED ? PART_ESTIMATED : PART_MEASURED] += r->sign;
    if (r->quality == QUALITY_SUSPECT)
        s->flagged[0] += r->sign;    /* AMOUNT_SUSPECT is the first bit */
    if (r->quality != QUALITY_GOOD)
        return;
    s->valid += r->sign;
    s->quarters[quarter] += r->sign;
}

static int feed_sample(struct derive *d, const struct sampled *r)
{
    for (uint32_t i = d->first[r->point]; i < d->first[r->point + 1]; i++) {
        struct node *n = &d->nodes[d->uses[i].node];
        const struct derive_input *in = &n->d->inputs[d->uses[i].input];
        if (n->d->every_us == 0 || in->slot == SLOT_AMOUNT)
            continue;
        struct interval *iv;
        int64_t at_us = r->time_us - n->d->is_stamped_at_end;
        int rc = node_interval(d, n, at_us, &iv);
        if (rc < 0)
            return rc;
        if (!iv)
            continue;
        add_sample(&iv->sums[d->uses[i].input], r, (int)((at_us - iv->start_us) * QUARTERS / n->d->every_us));
        touch(d, n, iv);
    }
    return 0;
}

/* --- calls --- */

/* Until nothing more follows: what left is fed, what was touched is settled, first the earlier points. */
static int drain(struct derive *d, size_t fed)
{
    for (;;) {
        for (; fed < d->n_out; fed++) {
            struct amount a = d->out[fed];
            int rc = feed_amount(d, &a);
            if (rc < 0)
                return rc;
        }
        if (d->n_touched == 0)
            return 0;
        size_t least = 0;
        for (size_t i = 1; i < d->n_touched; i++)
            if (d->touched[i].node < d->touched[least].node)
                least = i;
        struct touched t = d->touched[least];
        d->touched[least] = d->touched[--d->n_touched];
        t.interval->is_touched = false;
        settle(d, t.node, t.interval);
    }
}

static int hand_over(struct derive *d, int rc, struct amounts *out)
{
    *out = (struct amounts){ .at = d->out, .n = d->n_out };
    return rc;
}

int derive_take(struct derive *d, const struct amounts *in, struct amounts *out)
{
    int rc = 0;
    d->n_out = 0;
    for (size_t i = 0; rc == 0 && i < in->n; i++)
        rc = feed_amount(d, &in->at[i]);
    for (size_t i = 0; rc == 0 && i < in->n_samples; i++)
        rc = feed_sample(d, &in->samples[i]);
    return hand_over(d, rc == 0 ? drain(d, 0) : rc, out);
}

static int pass_node(struct derive *d, struct node *n, int64_t watermark_us)
{
    for (size_t i = 0; i < n->n && n->at[i]->start_us + n->d->every_us <= watermark_us; i++) {
        if (n->at[i]->given.kind != GIVEN_NOT_YET)
            continue;
        size_t fed = d->n_out;
        settle(d, n, n->at[i]);
        int rc = drain(d, fed);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int derive_pass(struct derive *d, int32_t site, int64_t watermark_us, struct amounts *out)
{
    int rc = 0;
    d->n_out = 0;
    for (size_t i = 0; rc == 0 && i < d->n_nodes; i++)
        if (d->nodes[i].site == site && d->nodes[i].d->every_us > 0)
            rc = pass_node(d, &d->nodes[i], watermark_us);
    return hand_over(d, rc, out);
}
