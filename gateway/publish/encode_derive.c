/* What a summary says of derived points: that a stream was measured in the stack and by which rule its hours are
 * valid, and which edition of the steam table took part. All of it stands in the plan. */
#include "publish/encode_parts.h"

static bool is_stack(const struct derivation *d)
{
    return d && (d->formula == FORMULA_STACK || d->formula == FORMULA_FUEL_FACTOR);
}

void encode_derived(const struct encoding *e, const struct summary_stream *s, Carbon__V1__SourceStream *out)
{
    for (size_t i = 0; i < s->n_points; i++) {
        const struct derivation *d = e->plan->points[s->points[i]].derivation;
        if (!is_stack(d))
            continue;
        out->method = CARBON__V1__METHOD__METHOD_STACK;
        out->hour_rule = wire_text(hour_rule_names[d->hour_rule]);
    }
}

static bool uses_steam_table(const struct point *pt)
{
    const struct derivation *d = pt->derivation;
    return d && d->formula == FORMULA_HEAT && d->medium != MEDIUM_HOT_WATER && !d->enthalpy.is_given;
}

void encode_steam_table(const struct encoding *e, Carbon__V1__Provenance *out)
{
    bool is_used = false;
    for (size_t i = 0; i < e->summary->n_streams; i++)
        for (size_t k = 0; k < e->summary->streams[i].n_points; k++)
            is_used |= uses_steam_table(&e->plan->points[e->summary->streams[i].points[k]]);
    if (!is_used)
        return;
    Carbon__V1__Parameter *table = wire_new(e->arena, &carbon__v1__parameter__descriptor);
    table->name = wire_text("steam_table");
    table->version = wire_text(STEAM_TABLE_VERSION);
    table->source = wire_text("IAPWS");
    Carbon__V1__Parameter **all = wire_array(e->arena, out->n_parameters + 1, sizeof *all);
    for (size_t i = 0; i < out->n_parameters; i++)
        all[i] = out->parameters[i];
    all[out->n_parameters++] = table;
    out->parameters = all;
}
