/* What was filled in, stretch by stretch, each under the stream that its point belongs to. An amount is told in
 * the window as it stands for its whole stretch, also where the window's edge cuts it: a consumer finds the
 * same line in both windows, while the part `substituted` holds what lies inside. */
#include "publish/encode_parts.h"

static Carbon__V1__Amount *amount_of(const struct encoding *e, const struct point *pt, int64_t ticks)
{
    int128 micro = 0;
    if (number_scale(ticks, pt->tick_to_micro.num, pt->tick_to_micro.den, &micro) != 0)
        return NULL;
    return wire_amount(e->arena, micro);
}

static Carbon__V1__Substitution *encode_one(const struct encoding *e, const struct substituted *s)
{
    const struct point *pt = &e->plan->points[s->point];
    Carbon__V1__Substitution *out = wire_new(e->arena, &carbon__v1__substitution__descriptor);
    out->method = wire_text(substitute_methods[s->method]);
    out->rule = wire_text(substitute_rules[s->rule]);
    out->start_unix_ms = wire_ms(s->start_us);
    out->end_unix_ms = wire_ms(s->end_us);
    out->amount = amount_of(e, pt, s->ticks);
    out->point = wire_new(e->arena, &carbon__v1__point_ref__descriptor);
    out->point->device_id = wire_text(e->plan->devices[pt->device].id);
    out->point->point = wire_text(pt->id);
    out->hour_value = amount_of(e, pt, s->value_ticks);
    out->hours = s->n;
    if (s->rule == RULE_MEAN_2SIGMA) {
        out->mean = amount_of(e, pt, s->mean_ticks);
        out->sigma = amount_of(e, pt, s->sigma_ticks);
    }
    out->look_back_ms = (uint64_t)(s->look_back_us / 1000);
    out->availability_ppm = s->availability_ppm;
    return out;
}

void encode_substitutions(const struct encoding *e, const struct summary_stream *s,
                          Carbon__V1__SourceStream *out)
{
    const struct summary_quality *q = &e->summary->quality;
    if (q->n_substituted == 0)
        return;
    out->substitutions = wire_array(e->arena, q->n_substituted, sizeof *out->substitutions);
    for (size_t i = 0; i < q->n_substituted; i++)
        if (e->plan->points[q->substituted[i].point].stream == s->stream)
            out->substitutions[out->n_substitutions++] = encode_one(e, &q->substituted[i]);
}
