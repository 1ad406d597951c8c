/* What the steps of the kinds share. For fold*.c alone. */
#ifndef METER_FOLD_PRIVATE_H
#define METER_FOLD_PRIVATE_H

#include <assert.h>

#include "meter/fold.h"
#include "model/plan.h"
#include "model/reading.h"

#define HOUR_US INT64_C(3600000000)

/* One step of a kind: the reading's time is not the last one's. Sets out->verdict. */
void fold_register(const struct fold_rules *rules, struct fold_state *s, const struct sample *r,
                   struct fold_effect *out);
void fold_gauge(const struct fold_rules *rules, struct fold_state *s, const struct sample *r,
                struct fold_effect *out);

/* The state behind a usable register reading; behind any counted gauge reading. */
struct fold_state register_anchor(const struct fold_rules *rules, const struct sample *r);
struct fold_state gauge_anchor(const struct sample *r);

/* Good, estimated or suspect. */
static inline bool has_usable_value(const struct sample *r)
{
    return r->quality <= QUALITY_SUSPECT;
}

static inline void accept_reading(struct fold_state *s, const struct sample *r)
{
    s->has_accepted = true;
    s->accepted_us = r->time_us;
    s->accepted_ticks = r->ticks;
    s->accepted_interval_us = r->interval_us;
    s->is_idle = r->quality == QUALITY_NOT_OPERATING;
}

/* An amount of no length says nothing and is left out. */
static inline void give(struct fold_effect *out, const struct amount *a)
{
    if (a->end_us <= a->start_us)
        return;
    assert(out->n < FOLD_AMOUNTS_MOST);
    out->at[out->n++] = *a;
}

static inline void give_stretch(struct fold_effect *out, int64_t start_us, int64_t end_us,
                                uint8_t flags, bool is_valid)
{
    give(out, &(struct amount){ .sign = 1, .shape = AMOUNT_STRETCH, .start_us = start_us,
                                .end_us = end_us, .flags = flags, .is_valid = is_valid });
}

/* "Not operating" lasted until this reading. */
static inline void give_idle(struct fold_effect *out, const struct fold_state *s,
                             const struct sample *r)
{
    if (s->is_idle)
        give_stretch(out, s->accepted_us, r->time_us, AMOUNT_NOT_OPERATING, false);
}

/* Whether so much in so long is within the point's greatest rate. */
static inline bool is_plausible(const struct fold_rules *rules, int128 ticks, int128 elapsed_us)
{
    if (rules->max_rate_ticks_per_hour == 0)
        return true;
    return ticks * HOUR_US <= (int128)rules->max_rate_ticks_per_hour * elapsed_us;
}

static inline uint8_t expired_flag(const struct fold_rules *rules, int64_t time_us)
{
    bool is_expired = rules->calibrated_until_us != 0 && time_us >= rules->calibrated_until_us;
    return is_expired ? AMOUNT_CALIBRATION_EXPIRED : 0;
}

#endif
