/* Metering: readings become amounts.
 *
 * A point's state is a pure left fold over its retained readings, sorted by time and rank (fold.h),
 * from a frozen base. Baseline, delta, rollover, reset, dip and plausibility are decided in that order
 * and in no other, whatever the order of arrival: any permutation of the same readings within the
 * bound, with any duplicates, ends in the same amounts. A late reading refolds from its place until
 * the state meets the old one again; what differs leaves as amounts with sign -1 and +1. */
#ifndef METER_METER_H
#define METER_METER_H

#include "base/arena.h"
#include "model/amount.h"
#include "model/plan.h"
#include "model/reading.h"
#include "model/state.h"

struct meter;

/* Knows no points until configured. The caller owns *out. */
void meter_open(struct meter **out);
void meter_close(struct meter *m);

/* Takes up a plan: points of the same site, device and id keep their state unless what bears on their
 * fold (kind, unit, resolution, multiplier, modulus) changed: such a point begins anew, and the log
 * says so. Where only a limit changed (stamp, max_gap, max_rate, reset_from_zero) the point goes on from
 * its last value, but what it retained is final from then on. Nothing of the plan is kept. */
void meter_configure(struct meter *m, const struct plan *plan);

/* One reading that decoded well (r->verdict is COUNTED) through the fold of its point. Returns its
 * verdict; out tells what it brought about, also when it is not counted (a candidate may change
 * others): in the arena, or when that has no room left, in the meter's memory until the next call. */
enum verdict meter_take(struct meter *m, const struct reading *r, struct arena *arena,
                        struct amounts *out);

/* What people decide about readings that are retained: it is folded in as if it had been known from the
 * start, and what differs leaves as amounts, moved verdicts and samples, as from meter_take. 0, or why it
 * cannot be; then nothing has changed. */
#define METER_GONE   1           /* older than what is retained: it is final */
#define METER_ABSENT 2           /* no such reading, or no such swap */
#define METER_CLASH  3           /* a swap that overlaps another one, or was declared already */
#define METER_FULL   4           /* so many swaps of one point are not kept */
#define METER_UNFIT  5           /* not a register, ends before it begins, or beyond 63 bits */

/* A reading does not count (is_void), or does again: the one of that time, boot and sequence; a sequence
 * of 0 means all of that time, a boot of 0 any. */
int meter_void(struct meter *m, int32_t point, int64_t time_us, uint64_t boot, uint64_t sequence,
               bool is_void, struct arena *arena, struct amounts *out);

/* An exchange of a register's meter. Values are as displayed, in ticks of the resolution, before any
 * multiplier. The plan's multiplier stays what it is: changing it would begin the point anew. */
struct meter_swap {
    int64_t removed_us, installed_us;
    int64_t final_raw, initial_raw;
    struct decimal multiplier;   /* of the new meter; mantissa 0: as before */
};

/* Declares it; or, when not is_declared, takes it back: the one that was installed then. */
int meter_exchange(struct meter *m, int32_t point, const struct meter_swap *swap, bool is_declared,
                   struct arena *arena, struct amounts *out);

/* Writes a row for each point that changed since the last call; drops those of points that are gone. */
void meter_save(struct meter *m, struct state_out *out);

/* One row back; before any meter_take, after meter_configure. Rows of points that the plan does not
 * have are dropped at the next save. 0, or STATE_MALFORMED: then the point is new. */
int meter_load(struct meter *m, struct slice key, struct slice value);

/* For the status. */
struct meter_figures {
    uint64_t points, retained, held;
    uint64_t retained_bytes;
};
void meter_figures(const struct meter *m, struct meter_figures *out);

#endif
