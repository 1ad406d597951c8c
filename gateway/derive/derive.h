/* Deriving: amounts and samples of some points become amounts of others. Between metering and accounting.
 *
 * A sum is linear: each amount of an input leaves at once as one of the sum. Every other formula has an
 * interval (an hour) over which it takes means: the room keeps sums of what came, and what the interval comes to is a
 * pure function of them. It is given when the site's watermark has passed the interval's end, and from
 * then on taken back and given anew whenever a sum changes. So the order of arrival does not matter. */
#ifndef DERIVE_DERIVE_H
#define DERIVE_DERIVE_H

#include "model/amount.h"
#include "model/plan.h"
#include "model/state.h"

struct derive;

/* lookup finds the row of an interval that has left memory; copied. The caller owns *out. */
void derive_open(const struct state_in *lookup, struct derive **out);
void derive_close(struct derive *d);

/* Takes up a plan; borrows it until the next call has returned. frontiers_us: of each site of the plan, up to
 * where it has amounts; INT64_MIN: none. A derived point that is new, or has other inputs than before, begins
 * behind that: what came earlier was never seen whole. Other constants count from the next interval on that
 * something comes for. */
void derive_configure(struct derive *d, const struct plan *plan, const int64_t *frontiers_us);

/* Whether the plan has any derived point. */
bool derive_is_used(const struct derive *d);

/* What metering gave. out holds what follows from it at once, valid until the next call of this or
 * derive_pass. 0, or negative when a stored interval cannot be looked up. */
int derive_take(struct derive *d, const struct amounts *in, struct amounts *out);

/* The site's watermark has come so far: intervals that end by then are given. */
int derive_pass(struct derive *d, int32_t site, int64_t watermark_us, struct amounts *out);

/* What ended before that time takes nothing more, and its rows leave (a FORGET entry). */
void derive_forget(struct derive *d, int32_t site, int64_t before_us, struct state_out *out);

/* Rows of what changed: points and intervals that were not given yet (STAGE_DERIVE), given ones
 * (STAGE_DERIVE_HOUR). */
void derive_save(struct derive *d, struct state_out *out);

/* One row of STAGE_DERIVE back, after derive_configure. 0, or STATE_MALFORMED. */
int derive_load(struct derive *d, struct slice key, struct slice value);

/* What was saved is committed: given intervals leave memory. */
void derive_committed(struct derive *d);

#endif
