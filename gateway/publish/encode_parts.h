/* Parts of a summary's encoding that know each other: streams, emissions, totals and quality. The
 * room's own page; encode.h is what others see. */
#ifndef PUBLISH_ENCODE_PARTS_H
#define PUBLISH_ENCODE_PARTS_H

#include "model/totals.h"
#include "publish/encode.h"
#include "publish/wire.h"

/* A summary on its way to the wire. */
struct encoding {
    const struct plan *plan;
    const struct summary *summary;
    struct arena *arena;
};

static inline const struct stream *stream_of(const struct encoding *e,
                                             const struct summary_stream *s)
{
    return &e->plan->streams[s->stream];
}

static inline enum scope stream_scope(const struct encoding *e, const struct summary_stream *s)
{
    return (enum scope)(stream_of(e, s)->scope_choice + SCOPE_1);
}

/* --- encode_emission.c --- */

/* Whether a point of the stream counts in that direction. */
bool stream_has_direction(const struct encoding *e, const struct summary_stream *s,
                          enum direction d);

/* NULL when it is not there. */
Carbon__V1__Emission *emission_encode(const struct encoding *e, const struct summary_emission *emission);

/* NULL when it is not known. */
Carbon__V1__Uncertainty *encode_uncertainty(const struct encoding *e, const struct summary_uncertainty *u);

/* The factors that were applied to a stream. */
void encode_factors(const struct encoding *e, const struct summary_stream *s,
                    Carbon__V1__SourceStream *out);

/* --- encode_order.c --- */

char *encode_order_ref(const struct encoding *e, uint64_t order);    /* NULL for 0 */
Carbon__V1__Adjustment *encode_adjustment(const struct encoding *e); /* of an ADJUSTMENT */
void encode_adjustments(const struct encoding *e, Carbon__V1__Totals *out);
/* --- encode_market.c --- */

/* The market-based view of a stream, what it rests on, and the factors that it used. */
void encode_market(const struct encoding *e, const struct summary_stream *s, Carbon__V1__SourceStream *out);

/* A factor of the plan, as it was used for a stream. */
void encode_factor(const struct encoding *e, const struct stream *stream, int32_t factor,
                   Carbon__V1__FactorUse *out);

/* --- encode_change.c --- */

/* Every line that differs, before and after. */
Carbon__V1__Change **encode_changes(const struct encoding *e, const struct summary_change *changes, size_t n);

/* --- encode_quality.c --- */

/* The stretches of a stream that were filled. */
void encode_substitutions(const struct encoding *e, const struct summary_stream *s,
                          Carbon__V1__SourceStream *out);

/* Gaps, silent devices, calibrations that ran out. */
void encode_known(const struct encoding *e, Carbon__V1__QualityReport *out);

/* What a gauge or derived point owes its stream; appends to a list with room for each point. */
void encode_missing_gaps(const struct encoding *e, Carbon__V1__QualityReport *out);

/* --- encode_kpi.c --- */

void encode_kpis(const struct encoding *e, Carbon__V1__Totals *out);

/* --- encode_totals.c --- */

Carbon__V1__Totals *encode_totals(const struct encoding *e);
Carbon__V1__QualityReport *encode_quality(const struct encoding *e);

#endif
