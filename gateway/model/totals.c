/* Sums over streams: of each scope, of scope 3 by category, and of scopes 1 and 2 together, once by
 * location and once by market. The two views are never added to each other, and scope 3 is in no sum.
 *
 * The rule that everything here keeps to: an absent CO2e is not 0. A stream has an emission when a factor
 * was to be applied to something that it imported. Where it has no CO2e the sum leaves it out, gases
 * included, so that the sum's CO2e is still what its gases come to; the sum is then marked incomplete: a
 * lower bound. A stream that should have imported and of which nothing came marks it as well. Lines of
 * another GWP set are added line by line, and to nothing else. */
#include "model/totals.h"

#include <stdlib.h>

static void *take(struct arena *arena, size_t n, size_t size)
{
    void *at = arena_take_zeroed(arena, n ? n : 1, size);
    if (!at)
        abort();
    return at;
}

struct summary_emission emission_by_location(const struct summary_stream *s)
{
    return (struct summary_emission){
        .is_there = s->n_factors > 0,
        .gases = s->gases,
        .n_gases = s->n_gases,
        .co2e_ug = s->co2e_ug,
        .has_co2e = s->has_co2e,
        .is_incomplete = s->is_incomplete,
        .is_partial = s->is_partial,
        .other_sets = s->other_sets,
        .n_other_sets = s->n_other_sets,
    };
}

static void add_other_set(struct summary_emission *sum, const struct summary_other_set *line)
{
    for (size_t i = 0; i < sum->n_other_sets; i++)
        if (sum->other_sets[i].set == line->set) {
            sum->other_sets[i].co2e_ug += line->co2e_ug;
            return;
        }
    sum->other_sets[sum->n_other_sets++] = *line;
}

/* Lists of a sum, made when it first has something: most of the sums are of nothing. */
static void begin_sum(struct summary_emission *sum, struct arena *arena)
{
    if (sum->is_there)
        return;
    sum->is_there = true;
    sum->gases = take(arena, GAS_SPECIES, sizeof *sum->gases);
    sum->other_sets = take(arena, GWP_UNSPECIFIED + 1, sizeof *sum->other_sets);
}

void emission_add(struct summary_emission *sum, const struct summary_emission *e, struct arena *arena)
{
    if (!e->is_there)
        return;
    begin_sum(sum, arena);
    sum->is_incomplete |= e->is_incomplete;
    sum->is_partial |= e->is_partial;
    for (size_t i = 0; i < e->n_other_sets; i++)
        add_other_set(sum, &e->other_sets[i]);
    if (!e->has_co2e && e->is_incomplete)
        return;
    sum->has_co2e |= e->has_co2e;
    sum->co2e_ug += e->co2e_ug;
    for (size_t i = 0; i < e->n_gases; i++)
        if (e->gases[i].is_covered || e->gases[i].ug != 0)
            gas_mass_of(sum->gases, &sum->n_gases, e->gases[i].gas)->ug += e->gases[i].ug;
}

bool stream_is_silent(const struct summary_stream *s)
{
    return s->expected_ms > 0 && !s->has_activity;
}

static bool can_import(const struct plan *plan, const struct summary_stream *s)
{
    for (size_t i = 0; i < s->n_points; i++)
        if (plan->points[s->points[i]].direction == DIRECTION_IMPORT)
            return true;
    return false;
}

/* A stream that borrows its activity is as silent as the one that lends it. */
static bool lacks_all(const struct plan *plan, const struct summary *out, size_t i)
{
    const struct stream *stream = &plan->streams[out->streams[i].stream];
    const struct summary_stream *own = &out->streams[i];
    if (stream->leader >= 0)
        own = &out->streams[stream->leader - plan->sites[out->site].first_stream];
    return stream_is_silent(own) && can_import(plan, own);
}

static void add_stream(const struct plan *plan, struct summary *out, size_t i, struct arena *arena)
{
    static const struct summary_emission lacking = { .is_there = true, .is_incomplete = true };
    const struct summary_stream *s = &out->streams[i];
    const struct stream *stream = &plan->streams[s->stream];
    bool lacks = lacks_all(plan, out, i);
    struct summary_emission location = lacks ? lacking : emission_by_location(s);
    switch (stream->scope_choice + SCOPE_1) {
    case SCOPE_1:
        emission_add(&out->totals[TOTAL_SCOPE_1], &location, arena);
        break;
    case SCOPE_2:
        emission_add(&out->totals[TOTAL_SCOPE_2_LOCATION], &location, arena);
        emission_add(&out->totals[TOTAL_SCOPE_2_MARKET], lacks ? &lacking : &s->market, arena);
        break;
    default:
        emission_add(&out->totals[TOTAL_SCOPE_3 + stream->scope3_category], &location, arena);
    }
}

void summary_add_totals(const struct plan *plan, struct arena *arena, struct summary *out)
{
    out->totals = take(arena, TOTAL_COUNT, sizeof *out->totals);
    for (size_t i = 0; i < out->n_streams; i++)
        add_stream(plan, out, i, arena);
    const struct summary_emission *scope_1 = &out->totals[TOTAL_SCOPE_1];
    emission_add(&out->totals[TOTAL_LOCATION], scope_1, arena);
    emission_add(&out->totals[TOTAL_LOCATION], &out->totals[TOTAL_SCOPE_2_LOCATION], arena);
    emission_add(&out->totals[TOTAL_MARKET], scope_1, arena);
    emission_add(&out->totals[TOTAL_MARKET], &out->totals[TOTAL_SCOPE_2_MARKET], arena);
}
