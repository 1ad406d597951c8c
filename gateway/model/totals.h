/* Totals: the emissions of streams summed by scope and view. */
#ifndef MODEL_TOTALS_H
#define MODEL_TOTALS_H

#include "base/arena.h"
#include "model/plan.h"
#include "model/summary.h"

/* Whether something was due of it and nothing came. */
bool stream_is_silent(const struct summary_stream *s);

/* A stream's emission in the location-based view, or the one that it has; borrows its lists. */
struct summary_emission emission_by_location(const struct summary_stream *s);

/* Adds what is known of one to a sum; what is not known marks the sum as incomplete. */
void emission_add(struct summary_emission *sum, const struct summary_emission *e, struct arena *arena);

/* Fills in the totals from the streams. */
void summary_add_totals(const struct plan *plan, struct arena *arena, struct summary *out);

#endif
