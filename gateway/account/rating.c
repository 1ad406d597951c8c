/* Which rate holds is asked for when a cell is made, and again when what it depends on has changed. So all
 * that has a say in it stands here, in its order: only what is imported by a point that is totalled is
 * multiplied at all; the factor of the stream that is valid at the time of the activity, or before it what
 * its region's grid is known for: actual, then forecast; beyond its last row that row, where the stream
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

/* What stands in for an intensity that nobody told. */
static struct rate *annual(struct account *a, int32_t stream, int64_t at_us)
{
    int32_t factor = plan_factor_at(a->plan, stream, at_us);
    return factor >= 0 ? stand_in(a, factor, RATE_ANNUAL) : rating_by_plan(a, stream, at_us);
}

/* What the grid has, or else the plan. */
static struct rate *rate_of_region(struct account *a, int32_t stream, int64_t at_us, int64_t *from_us,
                                   int64_t *to_us)
{
    const char *region = a->plan->streams[stream].region;
    const struct grid *grid = grids_find(&a->grids, region);
    const struct spell *s = grid ? grid_at(grid, at_us, from_us, to_us) : NULL;
    if (!s || (!s->has_actual && !s->has_forecast))
        return annual(a, stream, at_us);
    struct buffer key = { 0 };
    rate_key_of_intensity(s->has_actual ? RATE_ACTUAL : RATE_FORECAST, slice_of(region),
                          s->has_actual ? &s->actual : &s->forecast, (enum gwp_set)a->plan->gwp_set, &key);
    struct rate *rate = cast_rate(&a->cast, buffer_slice(&key));
    buffer_fini(&key);
    return rate;
}

struct rate *rating_at(struct account *a, const struct lane *lane, int64_t at_us, int64_t *from_us,
                       int64_t *to_us)
{
    int32_t stream = source_stream(a, lane->source);
    bool is_multiplied = lane->direction == DIRECTION_IMPORT && lane->role == ROLE_FISCAL;
    if (stream < 0)
        return is_multiplied ? a->cast.missing : a->cast.none;
    int64_t edge_us = narrow(a->plan, stream, at_us, from_us);
    *to_us = edge_us < *to_us ? edge_us : *to_us;
    if (!is_multiplied)
        return a->cast.none;
    const char *region = a->plan->streams[stream].region;
    return region && *region ? rate_of_region(a, stream, at_us, from_us, to_us)
                             : rating_by_plan(a, stream, at_us);
}

/* Every site with a stream of the region. Said as a matter of factors: what an actual value restates has its
 * own reason (rerate.c). */
int account_intensity(struct account *a, const struct intensity *x)
{
    int rc = grids_take(&a->grids, x);
    if (rc == GRID_CONFLICT)
        return ACCOUNT_CONFLICT;
    for (size_t i = 0; a->plan && rc == 0 && i < a->plan->n_streams; i++) {
        const char *region = a->plan->streams[i].region;
        if (region && slice_equal(slice_of(region), x->region))
            rerate_between(a->sites[a->plan->streams[i].site], x->from_us, x->until_us, REASON_FACTOR);
    }
    return 0;
}

int account_load_intensity(struct account *a, struct slice key, struct slice value)
{
    return grids_load(&a->grids, key, value);
}
