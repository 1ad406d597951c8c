/* The trail of a window: the readings of its site that lie in it or bear on it, and the amounts that metering made of
 * them, gathered by a tap while the log book is followed. */
#ifndef COMMAND_TRAIL_H
#define COMMAND_TRAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "model/amount.h"
#include "model/reading.h"
#include "pipeline.h"

struct trail_reading {
    uint64_t frame;              /* in the intake */
    int64_t time_us, ticks;
    uint64_t boot, sequence;
    enum quality quality;
    enum verdict verdict;        /* as it was when it came; a later reading may have moved it */
};

struct trail_amount {
    struct amount amount;
    uint64_t frame;              /* of the reading that brought it; 0: none, as of a substitution */
};

/* One point, by its names; what its values mean is as of the last plan that it was seen under. */
struct trail_point {
    const char *device, *point, *stream, *kind, *unit;   /* stream, unit: "" for none */
    struct decimal resolution;
    struct ratio tick_to_micro;  /* num 0: its amounts are in no stream */
    enum dimension dimension;
    struct trail_reading *readings;
    size_t n_readings, readings_room;
    struct trail_reading before, behind;     /* the counted ones next to the window; frame 0: none */
    struct trail_amount *amounts;        /* less what was taken back */
    size_t n_amounts, amounts_room;
};

struct trail {
    const char *site;
    int64_t start_us, end_us;    /* of the window; end may be later than it at first */
    bool is_closed;              /* nothing more is gathered: the summary has been made */
    struct trail_point **points;
    size_t n_points, points_room;
    struct arena arena;
    /* Where the points of the plan in force are; NULL: of another site. */
    char plan_hash[65];
    struct trail_point **by_index;
    uint64_t frame;
};

void trail_init(struct trail *t, const char *site, int64_t start_us, int64_t end_us);
void trail_fini(struct trail *t);

/* The tap; borrows the trail. */
struct pipeline_tap trail_tap(struct trail *t);

/* The window's end is known: what lies behind it and does not bear on it is left out. */
void trail_cut(struct trail *t, int64_t end_us);

/* The part of a point's amounts that lies in the window, in micro base units, rounded once: added up without any of
 * accounting's tables. */
int128 trail_sum(const struct trail *t, const struct trail_point *p, bool wants_unverified);

#endif
