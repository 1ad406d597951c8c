/* How well a window is known: what was filled in, and what is not known.
 *
 * What was filled in, stretch by stretch, each under the stream that its point belongs to. An amount is told in
 * the window as it stands for its whole stretch, also where the window's edge cuts it: a consumer finds the
 * same line in both windows, while the part `substituted` holds what lies inside. */
#include "publish/encode_parts.h"

static Carbon__V1__PointRef *point_of(const struct encoding *e, int32_t point)
{
    const struct point *pt = &e->plan->points[point];
    Carbon__V1__PointRef *out = wire_new(e->arena, &carbon__v1__point_ref__descriptor);
    out->device_id = wire_text(e->plan->devices[pt->device].id);
    out->point = wire_text(pt->id);
    return out;
}

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
    out->point = point_of(e, s->point);
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

/* --- what is known of the window --- */

static void encode_gaps(const struct encoding *e, Carbon__V1__QualityReport *out)
{
    const struct summary_quality *q = &e->summary->quality;
    out->gaps = wire_array(e->arena, q->n_gaps, sizeof *out->gaps);
    out->gaps_total = q->gaps_total;
    for (size_t i = 0; i < q->n_gaps; i++) {
        Carbon__V1__Gap *gap = wire_new(e->arena, &carbon__v1__gap__descriptor);
        gap->point = point_of(e, q->gaps[i].point);
        gap->start_unix_ms = wire_ms(q->gaps[i].start_us);
        gap->end_unix_ms = wire_ms(q->gaps[i].end_us);
        gap->is_bridged = q->gaps[i].is_bridged;
        gap->is_substituted = q->gaps[i].is_substituted;
        out->gaps[out->n_gaps++] = gap;
    }
}

static void encode_silent(const struct encoding *e, Carbon__V1__QualityReport *out)
{
    const struct summary_quality *q = &e->summary->quality;
    out->silent_devices = wire_array(e->arena, q->n_silent, sizeof *out->silent_devices);
    for (size_t i = 0; i < q->n_silent; i++) {
        Carbon__V1__SilentDevice *row = wire_new(e->arena, &carbon__v1__silent_device__descriptor);
        row->device_id = wire_text(e->plan->devices[q->silent[i].device].id);
        if (q->silent[i].newest_us != INT64_MIN)
            row->newest_unix_ms = wire_ms(q->silent[i].newest_us);
        out->silent_devices[out->n_silent_devices++] = row;
    }
}

static void encode_expired(const struct encoding *e, Carbon__V1__QualityReport *out)
{
    const struct summary_quality *q = &e->summary->quality;
    out->expired_calibration = wire_array(e->arena, q->n_expired, sizeof *out->expired_calibration);
    for (size_t i = 0; i < q->n_expired; i++) {
        Carbon__V1__ExpiredCalibration *row =
            wire_new(e->arena, &carbon__v1__expired_calibration__descriptor);
        row->point = point_of(e, q->expired[i]);
        row->expired_unix_ms = wire_ms(e->plan->points[q->expired[i]].calibrated_until_us);
        out->expired_calibration[out->n_expired_calibration++] = row;
    }
}

void encode_known(const struct encoding *e, Carbon__V1__QualityReport *out)
{
    out->not_operating_ms = (uint64_t)e->summary->quality.not_operating_ms;
    encode_gaps(e, out);
    encode_silent(e, out);
    encode_expired(e, out);
}

void encode_missing_gaps(const struct encoding *e, Carbon__V1__QualityReport *out)
{
    const struct summary_quality *q = &e->summary->quality;
    for (size_t i = 0; i < q->n_missing; i++) {
        const struct point *pt = &e->plan->points[q->missing[i]];
        Carbon__V1__Missing *row = wire_new(e->arena, &carbon__v1__missing__descriptor);
        row->stream_id = wire_text(e->plan->streams[pt->stream].id);
        row->point = point_of(e, q->missing[i]);
        row->cause = pt->kind == POINT_DERIVED ? CARBON__V1__MISSING_CAUSE__MISSING_CAUSE_HOUR
                                               : CARBON__V1__MISSING_CAUSE__MISSING_CAUSE_GAP;
        out->missing_from_total[out->n_missing_from_total++] = row;
    }
}
