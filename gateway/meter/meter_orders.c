/* What people decide about readings: a reading is voided, a swap is declared, or either is taken back.
 *
 * Neither is a step of its own. A voided reading stays where it is and is rejected; a swap is one more
 * rule for the same readings. So both work backwards among all that is retained, whatever came since, and
 * taking them back gives the same as if they had never been; what was spoilt by a spike, or held since a
 * swap, counts from then on. What is frozen stays as it was counted, and its amounts could not be made
 * again to be taken back: that is told, and is the work of an order on amounts. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "meter/meter_private.h"
#include "model/plan.h"

static struct meter_point *point_of(struct meter *m, int32_t point)
{
    assert(point >= 0 && (size_t)point < m->n);
    effects_clear(&m->effects);
    return &m->points[point];
}

static bool is_frozen(const struct meter_point *p, int64_t time_us)
{
    return p->base.has_accepted && time_us <= p->base.accepted_us;
}

/* --- voiding --- */

static bool is_meant(const struct sample *r, uint64_t boot, uint64_t sequence)
{
    return (sequence == 0 || r->sequence == sequence) && (boot == 0 || r->boot == boot);
}

/* The first reading of that time, from the i-th on, that is meant and not yet so; or n. */
static size_t next_meant(const struct meter_point *p, int64_t time_us, uint64_t boot,
                         uint64_t sequence, bool is_void)
{
    size_t i = 0;
    while (i < p->retained.n) {
        const struct sample *r = retained_at(&p->retained, i);
        if (r->time_us == time_us && is_meant(r, boot, sequence) && r->is_void != is_void)
            break;
        i++;
    }
    return i;
}

int meter_void(struct meter *m, int32_t point, int64_t time_us, uint64_t boot, uint64_t sequence,
               bool is_void, struct arena *arena, struct amounts *out)
{
    struct meter_point *p = point_of(m, point);
    if (is_frozen(p, time_us))
        return METER_GONE;
    size_t i = next_meant(p, time_us, boot, sequence, is_void);
    if (i == p->retained.n)
        return METER_ABSENT;
    for (; i < p->retained.n; i = next_meant(p, time_us, boot, sequence, is_void))
        meter_point_void(p, i, is_void, &m->effects);
    meter_hand_over(m, point, arena, out);
    return 0;
}

/* --- swaps --- */

static int64_t power_of_ten(uint8_t scale)
{
    int64_t power = 1;
    while (scale-- > 0)
        power *= 10;
    return power;
}

/* a / b as a ratio; false when it does not fit. */
static bool quotient(struct decimal a, struct decimal b, struct ratio *out)
{
    struct ratio num = { a.mantissa, power_of_ten(a.scale) };
    struct ratio inverse = { power_of_ten(b.scale), b.mantissa };
    return a.mantissa > 0 && b.mantissa > 0 && ratio_multiply(num, inverse, out) == 0;
}

/* raw x multiplier x scale. */
static bool ticks_of(int64_t raw, struct decimal multiplier, struct ratio scale, int64_t *out)
{
    struct ratio by;
    int128 ticks;
    if (ratio_multiply((struct ratio){ multiplier.mantissa, power_of_ten(multiplier.scale) }, scale,
                       &by) != 0 ||
        number_scale(raw, by.num, by.den, &ticks) != 0 || ticks > INT64_MAX || ticks < INT64_MIN)
        return false;
    *out = (int64_t)ticks;
    return true;
}

static struct ratio scale_before(const struct fold_swaps *swaps, int64_t time_us)
{
    struct ratio scale = { 1, 1 };
    for (int i = 0; swaps && i < swaps->n; i++)
        if (swaps->at[i].installed_us <= time_us)
            scale = swaps->at[i].scale;
    return scale;
}

static bool read_swap(const struct meter_point *p, const struct meter_swap *swap,
                      struct fold_swap *out)
{
    struct ratio before = scale_before(p->swaps, swap->removed_us);
    *out = (struct fold_swap){ .removed_us = swap->removed_us, .installed_us = swap->installed_us,
                               .scale = before };
    if (swap->multiplier.mantissa != 0 && !quotient(swap->multiplier, p->multiplier, &out->scale))
        return false;
    return p->rules.kind == POINT_REGISTER && swap->installed_us >= swap->removed_us &&
           ticks_of(swap->final_raw, p->multiplier, before, &out->final_ticks) &&
           ticks_of(swap->initial_raw, p->multiplier, out->scale, &out->initial_ticks);
}

/* A copy of the point's swaps, to be changed. */
static struct fold_swaps *copy_swaps(const struct meter_point *p)
{
    struct fold_swaps *copy = calloc(1, sizeof *copy);
    if (!copy)
        abort();
    if (p->swaps)
        *copy = *p->swaps;
    return copy;
}

/* Where a swap goes among the others; METER_CLASH when it overlaps one. */
static int place_swap(const struct fold_swaps *swaps, const struct fold_swap *swap, int *out)
{
    int i = 0;
    while (i < swaps->n && swaps->at[i].installed_us <= swap->removed_us)
        i++;
    *out = i;
    bool is_twice = i > 0 && swaps->at[i - 1].installed_us == swap->installed_us;
    bool overlaps = i < swaps->n && swaps->at[i].removed_us < swap->installed_us;
    return is_twice || overlaps ? METER_CLASH : 0;
}

static int declare(struct meter_point *p, const struct meter_swap *swap, struct effects *out)
{
    struct fold_swap new;
    int place, rc;
    if (!read_swap(p, swap, &new))
        return METER_UNFIT;
    struct fold_swaps *swaps = copy_swaps(p);
    rc = place_swap(swaps, &new, &place);
    if (rc == 0 && swaps->n == FOLD_SWAPS_MOST)
        rc = METER_FULL;
    if (rc != 0) {
        free(swaps);
        return rc;
    }
    memmove(&swaps->at[place + 1], &swaps->at[place],
            (size_t)(swaps->n - place) * sizeof swaps->at[0]);
    swaps->at[place] = new;
    swaps->n++;
    meter_point_exchange(p, swaps, new.installed_us, out);
    return 0;
}

static int take_back(struct meter_point *p, int64_t installed_us, struct effects *out)
{
    int i = 0;
    while (p->swaps && i < p->swaps->n && p->swaps->at[i].installed_us != installed_us)
        i++;
    if (!p->swaps || i == p->swaps->n)
        return METER_ABSENT;
    struct fold_swaps *swaps = copy_swaps(p);
    swaps->n--;
    memmove(&swaps->at[i], &swaps->at[i + 1], (size_t)(swaps->n - i) * sizeof swaps->at[0]);
    if (swaps->n == 0) {
        free(swaps);
        swaps = NULL;
    }
    meter_point_exchange(p, swaps, installed_us, out);
    return 0;
}

int meter_exchange(struct meter *m, int32_t point, const struct meter_swap *swap, bool is_declared,
                   struct arena *arena, struct amounts *out)
{
    struct meter_point *p = point_of(m, point);
    if (is_frozen(p, swap->removed_us))
        return METER_GONE;
    int rc = is_declared ? declare(p, swap, &m->effects)
                         : take_back(p, swap->installed_us, &m->effects);
    if (rc == 0)
        meter_hand_over(m, point, arena, out);
    return rc;
}
