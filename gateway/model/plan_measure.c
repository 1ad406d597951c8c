/* What is checked of a point's options that belong to some kinds of measuring alone: how a gauge is
 * integrated, the least and the greatest value, a rate limit, how long the calibration holds.
 *
 * Which limit a kind has follows from what one of its readings says. A register and an interval say an
 * amount over a known time, so theirs is a rate (max_rate); a gauge is a rate, or any value, and an event
 * is an amount at an instant, so theirs are values (min and max). */
#include "model/plan_parts.h"

#define WRONG(pt, ...) problem_add(problems, (pt)->place, __VA_ARGS__)

static bool has_limits(const struct point *pt)
{
    return !text_is_empty(pt->min_text) || !text_is_empty(pt->max_text);
}

void plan_check_measure(const struct point *pt, struct problems *problems)
{
    if (pt->kind == POINT_STATE && pt->max_rate.mantissa != 0)
        WRONG(pt, "point \"%s\": a state has no max_rate", pt->id);
    if ((pt->kind == POINT_GAUGE || pt->kind == POINT_EVENT) && pt->max_rate.mantissa != 0)
        WRONG(pt, "point \"%s\": max_rate is for kinds register and interval; use max", pt->id);
    if (pt->kind != POINT_GAUGE && pt->kind != POINT_EVENT && has_limits(pt))
        WRONG(pt, "point \"%s\": min and max are for kinds gauge and event; use max_rate", pt->id);
    if (pt->kind != POINT_GAUGE && pt->integrate != INTEGRATE_TRAPEZOID)
        WRONG(pt, "point \"%s\": integrate is for kind gauge only", pt->id);
    if ((pt->kind == POINT_STATE || pt->kind == POINT_DERIVED) && pt->calibrated_until_date != 0)
        WRONG(pt, "point \"%s\": calibrated_until is for points that measure", pt->id);
}

static int64_t power_of_ten(uint8_t scale)
{
    int64_t power = 1;
    while (scale-- > 0)
        power *= 10;
    return power;
}

/* A limit in ticks; false when there is none. */
static bool lay_limit(struct point *pt, const char *name, const char *text, int64_t *out,
                      struct problems *problems)
{
    struct decimal d;
    int128 ticks;
    if (text_is_empty(text))
        return false;
    if (decimal_parse(slice_of(text), &d) != 0) {
        WRONG(pt, "point \"%s\": %s is \"%s\", not a decimal like 0.5", pt->id, name, text);
        return false;
    }
    int128 den = (int128)power_of_ten(d.scale) * pt->tick.num;
    if (number_scale(d.mantissa, pt->tick.den, den, &ticks) != 0 || ticks > INT64_MAX ||
        ticks < INT64_MIN) {
        WRONG(pt, "point \"%s\": %s is more ticks of the resolution than 63 bits hold", pt->id, name);
        return false;
    }
    *out = (int64_t)ticks;
    return true;
}

void plan_lay_limits(struct point *pt, struct problems *problems)
{
    pt->has_min = lay_limit(pt, "min", pt->min_text, &pt->min_ticks, problems);
    pt->has_max = lay_limit(pt, "max", pt->max_text, &pt->max_ticks, problems);
    if (pt->has_min && pt->has_max && pt->min_ticks > pt->max_ticks)
        WRONG(pt, "point \"%s\": min is above max", pt->id);
}

void plan_lay_calibration(struct plan *p, struct point *pt)
{
    pt->calibrated_until_us = pt->calibrated_until_date == 0
                                  ? 0
                                  : plan_day_after_us(p->sites[pt->site].zone,
                                                      pt->calibrated_until_date);
}
