/* Filling: hours of a point that lack valid values get an amount by the rule that the plan names for the
 * point, in a part of its own. What comes later in truth takes it back. */
#ifndef FILL_FILL_H
#define FILL_FILL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "model/amount.h"
#include "model/plan.h"
#include "model/state.h"

struct fill;

void fill_open(struct fill **out);
void fill_close(struct fill *f);

/* Takes up a plan. Points that name a rule keep their hours by their text ids as long as their ticks mean the
 * same; what was filled stays as it is. Borrows the plan until the next call has returned. */
void fill_configure(struct fill *f, const struct plan *plan);

/* Whether no point of the plan names a rule. */
bool fill_is_empty(const struct fill *f);

/* An amount that goes into the windows, with its sign. Nothing for points without a rule. */
void fill_note(struct fill *f, const struct amount *amount);

/* What the hours that ended more than `after` before watermark_us want: amounts to give and to take back, in
 * the arena. is_last: nothing more will come, so that no hour that ended by then has to wait.
 * FILL_NO_FURTHER: only hours that were judged before, where something was measured after all. */
#define FILL_NO_FURTHER INT64_MIN
void fill_judge(struct fill *f, int32_t site, int64_t watermark_us, bool is_last, struct arena *arena,
                struct amounts *out);

/* The stretches of a site that are filled now and touch [start, end), by point and time, in the arena. */
void fill_list(const struct fill *f, int32_t site, int64_t start_us, int64_t end_us, struct arena *arena,
               struct substituted **out, size_t *n);

/* Rows of what changed since the last save (STAGE_FILL, loaded at start), and one of them back, behind
 * fill_configure: 0, or STATE_MALFORMED. A row of a point that the plan does not have is passed over. */
void fill_save(struct fill *f, struct state_out *out);
int fill_load(struct fill *f, struct slice key, struct slice value);

#endif
