/* Which rate holds is asked for when a cell is made, and again when what it depends on has changed. So all
 * that has a say in it stands here, in its order: only what is imported is multiplied at all; the factor of
 * the stream that is valid at the time of the activity; beyond its last row that row, where the stream
 * carries it forward; else there is none, and the activity counts as missing its factor.
 *
 * A stand-in has a rate of its own, though its ratios are those of the factor: the rate tells how firm it
 * is, and so a window says which part of it stands on what. */
#include "account/rating.h"

/* The first edge of the stream's factors behind `from` and `at`; *from becomes the last one before. */
static int64_t narrow(const struct plan *plan, int32_t stream, int64_t at_us, int64_t *from_us)
{
    int64_t edge_us;
    while ((edge_us = plan_factor_edge(plan, stream, *from_us)) <= at_us)
        *from_us = edge_us;
    return edge_us;
}

/* The rate of a factor of the plan that stands in for another: made when it is needed first. */
static struct rate *stand_in(struct account *a, int32_t factor, enum rate_kind kind)
{
    struct rate **place = &a->stand_ins[factor * 2 + (kind == RATE_ANNUAL)];
    if (*place)
        return *place;
    struct buffer key = { 0 };
    rate_key(kind, &a->plan->factors[factor], (enum gwp_set)a->plan->gwp_set, &key);
    *place = cast_rate(&a->cast, buffer_slice(&key));
    buffer_fini(&key);
    return *place;
}

struct rate *rating_by_plan(struct account *a, int32_t stream, int64_t at_us)
{
    int32_t factor = plan_factor_at(a->plan, stream, at_us);
    if (factor >= 0)
        return a->rates[factor];
    factor = plan_factor_carried(a->plan, stream, at_us);
    return factor >= 0 ? stand_in(a, factor, RATE_PROVISIONAL) : a->cast.missing;
}

struct rate *rating_at(struct account *a, const struct lane *lane, int64_t at_us, int64_t *from_us,
                       int64_t *to_us)
{
    int32_t stream = source_stream(a, lane->source);
    if (stream < 0)
        return lane->direction == DIRECTION_IMPORT ? a->cast.missing : a->cast.none;
    int64_t edge_us = narrow(a->plan, stream, at_us, from_us);
    *to_us = edge_us < *to_us ? edge_us : *to_us;
    return lane->direction == DIRECTION_IMPORT ? rating_by_plan(a, stream, at_us) : a->cast.none;
}
