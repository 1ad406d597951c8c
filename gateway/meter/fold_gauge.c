/* The step of a gauge: what a rate came to between two of its values.
 *
 *   trapezoid   a straight line from value to value:     ticks = (from + to) / 2 x time / hour
 *   previous    each value holds until the next reading: ticks = from x time / hour
 *
 * rounded once, half to even; one tick of the amount is one tick of the value for an hour. A line is drawn
 * over max_gap at most, and between two usable values alone. A held value holds for max_gap at most, and
 * until the device says something else, whatever that is. What is left of the time between two readings
 * is a gap, or the device did not operate: so the time behind the first reading is always told wholly, and
 * in no more than two pieces. An amount whose one end nobody vouches for is summed and not valid.
 *
 * The last counted reading is all the state there is. */
#include "meter/fold_private.h"

struct fold_state gauge_anchor(const struct sample *r)
{
    struct fold_state s = { .is_not_operating = r->quality == QUALITY_NOT_OPERATING };
    accept_reading(&s, r);
    if (has_usable_value(r)) {
        s.has_value = true;
        s.value_us = r->time_us;
        s.value_ticks = r->ticks;
        s.value_quality = r->quality;
    }
    return s;
}

/* Limits, and that it could hold for the longest time without leaving 63 bits. */
static bool is_within(const struct fold_rules *rules, const struct sample *r)
{
    int128 size = r->ticks < 0 ? -(int128)r->ticks : r->ticks;
    return (!rules->has_min || r->ticks >= rules->min_ticks) &&
           (!rules->has_max || r->ticks <= rules->max_ticks) &&
           size * rules->max_gap_us <= (int128)INT64_MAX * HOUR_US;
}

static int64_t integral(int128 rate, int64_t time_us, int64_t per_us)
{
    int128 ticks = 0;
    int rc = number_scale(rate, time_us, per_us, &ticks);
    assert(rc == 0 && ticks <= INT64_MAX && ticks >= INT64_MIN);
    (void)rc;
    return (int64_t)ticks;
}

static struct amount worth(const struct fold_rules *rules, uint8_t worse, int64_t judged_us)
{
    return (struct amount){
        .sign = 1,
        .part = worse == QUALITY_ESTIMATED ? PART_ESTIMATED : PART_MEASURED,
        .flags = (uint8_t)((worse == QUALITY_SUSPECT ? AMOUNT_SUSPECT : 0) |
                           expired_flag(rules, judged_us)),
        .is_valid = worse == QUALITY_GOOD,
    };
}

/* Estimated stays apart for ever, so it goes before suspect. */
static uint8_t worse_of(uint8_t a, uint8_t b)
{
    if (a == QUALITY_ESTIMATED || b == QUALITY_ESTIMATED)
        return QUALITY_ESTIMATED;
    return a > b ? a : b;
}

static void give_line(const struct fold_rules *rules, const struct fold_state *s,
                      const struct sample *r, struct fold_effect *out)
{
    struct amount a = worth(rules, worse_of(s->value_quality, r->quality), r->time_us);
    if (s->value_quality == QUALITY_SUSPECT || r->quality == QUALITY_SUSPECT)
        a.flags |= AMOUNT_SUSPECT;
    a.shape = AMOUNT_RAMP;
    a.start_us = s->value_us;
    a.end_us = r->time_us;
    a.ticks = integral((int128)s->value_ticks + r->ticks, a.end_us - a.start_us, 2 * HOUR_US);
    a.ramp_from = s->value_ticks;
    a.ramp_to = r->ticks;
    give(out, &a);
}

static void give_held(const struct fold_rules *rules, const struct fold_state *s,
                      const struct sample *r, struct fold_effect *out)
{
    bool is_too_long = (int128)r->time_us - s->value_us > rules->max_gap_us;
    struct amount a = worth(rules, s->value_quality, s->value_us);
    a.start_us = s->value_us;
    a.end_us = is_too_long ? s->value_us + rules->max_gap_us : r->time_us;
    a.ticks = integral(s->value_ticks, a.end_us - a.start_us, HOUR_US);
    a.is_valid &= is_too_long || r->quality == QUALITY_GOOD || r->quality == QUALITY_NOT_OPERATING;
    give(out, &a);
    give_stretch(out, a.end_us, r->time_us, AMOUNT_GAP, false);
}

/* The time between two counted readings. */
static void give_between(const struct fold_rules *rules, const struct fold_state *s,
                         const struct sample *r, struct fold_effect *out)
{
    bool is_short = (int128)r->time_us - s->accepted_us <= rules->max_gap_us;
    if (s->is_idle)
        give_idle(out, s, r);
    else if (s->has_value && rules->integrate == INTEGRATE_PREVIOUS)
        give_held(rules, s, r, out);
    else if (s->has_value && has_usable_value(r) && is_short)
        give_line(rules, s, r, out);
    else
        give_stretch(out, s->accepted_us, r->time_us, AMOUNT_GAP, false);
}

void fold_gauge(const struct fold_rules *rules, struct fold_state *s, const struct sample *r,
                struct fold_effect *out)
{
    out->verdict = VERDICT_OUT_OF_RANGE;
    if (has_usable_value(r) && !is_within(rules, r))
        return;
    out->verdict = VERDICT_COUNTED;
    if (s->has_accepted)
        give_between(rules, s, r, out);
    *s = gauge_anchor(r);
}
