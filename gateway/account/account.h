/* Accounting: amounts become windows, windows become summaries.
 *
 * Amounts are added per (smallest window, stream, point, factor) in the point's ticks, converted once
 * there to micro base units, multiplied once there by the factor to a microgram; longer windows are
 * sums of those integers. A window closes when the site's watermark passes its end by `grace`; what
 * changes afterwards leaves as the next revision. Nothing here asks for the time. */
#ifndef ACCOUNT_ACCOUNT_H
#define ACCOUNT_ACCOUNT_H

#include "base/arena.h"
#include "model/amount.h"
#include "model/intensity.h"
#include "model/plan.h"
#include "model/state.h"
#include "model/summary.h"

struct account;

/* lookup finds the row of a closed window that has left memory; copied. */
void account_open(const struct state_in *lookup, struct account **out);
void account_close(struct account *a);

/* Takes up a plan; windows, watermarks and devices are keyed by text ids and live on. What is already
 * in a window stays as it was accounted, and what is taken back of it too. A period that this plan adds
 * begins with its next window. Borrows the plan until the next call has returned. */
void account_configure(struct account *a, const struct plan *plan);

/* The pipeline's clock, of the entry in hand: elapsed_us never goes back and is gateway time (boot
 * time differences), wall_us is the log book's wall time forced monotonic. */
void account_clock(struct account *a, int64_t elapsed_us, int64_t wall_us, bool is_synchronised);

/* The frame of the intake that what comes now is from; 0: none, as at a tick. For the summaries' provenance. */
void account_frame(struct account *a, uint64_t sequence);

/* A device said something counted about that time: moves its clock, and so the watermark. is_checked:
 * whether it is not ahead of the gateway's wall clock; an absurd one that may be has to wait. */
void account_seen(struct account *a, int32_t device, int64_t time_us, bool is_checked);

/* Adds one amount to every window it touches (sign -1 takes one back and leaves no trace). Returns 0,
 * negative when a closed window cannot be looked up, or ACCOUNT_OVERFLOW: a figure of a smallest window
 * would leave 96 bits, so that a sum of many could leave 127; nothing was added. Amounts of points that
 * are not fiscal are taken and count nowhere. */
#define ACCOUNT_OVERFLOW 1
int account_add(struct account *a, const struct amount *amount);

/* Why what follows changes anything, and by whose order; 0 and 0: because something arrives. */
void account_because(struct account *a, enum reason reason, uint64_t order);

/* Revisions of [from, until) of a site that are pending are due now. Before it is locked. */
void account_release(struct account *a, int32_t site, int64_t from_us, int64_t until_us);

/* A period is closed: what changes in it leaves as adjustments. 0; ACCOUNT_OPEN: not all of its windows have
 * closed; ACCOUNT_LOCKED: the lock of another order is in the way; or negative. The widest windows in it leave
 * once more, for their status. Unlocking a period opens every lock inside it; ACCOUNT_OPEN: there is none;
 * ACCOUNT_LOCKED: one reaches out of it. */
#define ACCOUNT_OPEN 1
#define ACCOUNT_LOCKED 2
int account_lock(struct account *a, int32_t site, uint64_t order, int64_t from_us, int64_t until_us,
                 uint64_t *other);
int account_unlock(struct account *a, int32_t site, int64_t from_us, int64_t until_us, uint64_t *other);

/* This amount stands for whatever was measured in its time, and is measured yet, at its point; or in the
 * stream, if one is given. 0; ACCOUNT_EDGE: it does not begin and end with smallest windows; ACCOUNT_LONG; or
 * ACCOUNT_LOCKED: it overlaps that of another order; ACCOUNT_OVERFLOW; or negative. Taken back by the same
 * amount and order; ACCOUNT_OPEN: there is none. */
#define ACCOUNT_EDGE 3
#define ACCOUNT_LONG 4
#define SUBSTITUTE_MOST_US (INT64_C(31) * 86400 * 1000000)
int account_substitute(struct account *a, const struct amount *amount, int32_t stream, uint64_t order,
                       uint64_t *other);
int account_unsubstitute(struct account *a, const struct amount *amount, uint64_t order);

/* An adjustment that account_emit gave has its number. */
void account_numbered(struct account *a, const struct summary *s);

/* The next summary that is due: windows that close now, in the order of their ends, the shorter first;
 * then revisions whose restate_every has passed. In the arena. Returns 0, or ACCOUNT_NOTHING. The
 * pipeline fills in epoch, sequence and versions. Windows are closed by this call alone. */
#define ACCOUNT_NOTHING 1
int account_emit(struct account *a, struct arena *arena, struct summary *out);

/* What came before is not wholly known (a HOLE entry): windows that may lack something are told, counted and
 * not published; hole.c says which. Before a plan it is meant for the sites of the first one. */
void account_hole(struct account *a);

/* What ended before that time is taken off the record (a FORGET entry): the rows of those closed windows
 * leave, and a late amount for one of them is told and not published. A site measures the time that is kept,
 * from before_us to the account's wall time, from its own newest reading if that lies earlier. */
void account_forget(struct account *a, int64_t before_us, struct state_out *out);

/* The same for what a base leaves out, where the state was made of one (a REBUILT entry): closed windows that
 * no device can reach which was ever heard. */
void account_forget_unreachable(struct account *a, struct state_out *out);

/* What a new plan, or a new value of a grid's intensity, changed in windows that are there already is
 * worked off in chunks, each of a bounded number of windows: whether there is anything, and one chunk of it
 * (at a TICK, so that a replay has the same chunks). What it changed in closed windows leaves by
 * account_emit. 0, or negative when a closed window cannot be looked up. */
bool account_has_work(const struct account *a);

/* Whether work has begun, since it was asked last, that reaches behind what a base of before holds: then
 * only a new base stands for the state. */
bool account_reached_back(struct account *a);
int account_work(struct account *a);

/* A value of a grid's intensity: streams of that region go by it from then on, and what stands in its
 * interval already is work (above). ACCOUNT_CONFLICT: it overlaps another interval; nothing was taken. */
#define ACCOUNT_CONFLICT 2
int account_intensity(struct account *a, const struct intensity *x);

/* A row of STAGE_INTENSITY back. 0, or STATE_MALFORMED. */
int account_load_intensity(struct account *a, struct slice key, struct slice value);

/* From now on everything open closes and every revision is due at once (the end of a replay). */
void account_finish(struct account *a);

/* The elapsed time at which account_emit may have something without any further reading (not before
 * that, but perhaps not then either); INT64_MAX: never. For the loop's timer. */
int64_t account_due(const struct account *a);

/* Rows of what changed since the last save: sites, devices and windows that are open or have a revision
 * pending (STAGE_ACCOUNT, loaded at start), windows that are closed and clean (STAGE_WINDOW). */
void account_save(struct account *a, struct state_out *out);

/* One row of STAGE_ACCOUNT back, in any order, before or after account_configure; then account_clock.
 * 0, or STATE_MALFORMED. */
int account_load(struct account *a, struct slice key, struct slice value);

/* What was saved is committed: closed windows that did not change since and end more than max_lag
 * before the watermark leave memory; account_add looks them up again when it must. */
void account_committed(struct account *a);

struct account_figures {
    uint64_t windows_in_memory, windows_open, revisions_pending;
    uint64_t windows_skipped;   /* empty windows that a jump in time left unpublished */
    uint64_t windows_uncovered; /* withheld, since they may lack something */
    uint32_t sites_restated;    /* whose windows are being re-rated */
};
void account_figures(const struct account *a, struct account_figures *out);

/* For the status: NULL-safe views of a site. INT64_MIN: nothing seen. */
int64_t account_watermark(const struct account *a, int32_t site);
/* The latest end of an amount, or time of a reading. */
int64_t account_frontier(const struct account *a, int32_t site);
/* What lies before is off the record. */
int64_t account_forgotten(const struct account *a, int32_t site);
uint32_t account_silent_devices(const struct account *a, int32_t site);

#endif
