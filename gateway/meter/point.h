/* One point at work: its frozen base, the readings retained above it, and the state at their tip. */
#ifndef METER_POINT_H
#define METER_POINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/slice.h"
#include "meter/fold.h"
#include "meter/retained.h"
#include "meter/seen.h"
#include "model/amount.h"
#include "model/verdict.h"

/* So many readings in a row below the last valid value, and the point is held. */
#define HELD_AFTER 5

struct meter_point {
    struct slice key;            /* "site\0device\0point", owned; a NUL stands behind it */
    uint64_t identity;           /* hash of what a value means: kind, unit, resolution, … */
    struct fold_rules rules;
    int64_t lateness_us, keep;
    struct fold_state base;      /* behind everything that was frozen */
    struct fold_state tip;       /* behind everything retained */
    struct retained retained;
    size_t n_counted;            /* of those retained; the others are candidates */
    struct seen seen;
    bool is_dirty;               /* its row differs from what was last saved */
    bool is_held;
};

/* What one reading brought about, gathered. Owned by the meter and used again. */
struct effects {
    struct amount *at;
    size_t n, room;
    struct reclassified *moved;
    size_t n_moved, room_moved;
};

void effects_clear(struct effects *e);   /* keeps the memory */
void effects_fini(struct effects *e);

/* Memory of the caller; takes the key. */
void meter_point_init(struct meter_point *p, struct slice key);
void meter_point_fini(struct meter_point *p);

/* Takes one reading; out is added to, its amounts without their point. */
enum verdict meter_point_take(struct meter_point *p, const struct sample *r, struct effects *out);

/* Goes on under other rules and bounds. If the rules differ, what is retained is frozen first: its
 * amounts were made under the old ones and could not be taken back under the new. */
void meter_point_adopt(struct meter_point *p, const struct fold_rules *rules, int64_t lateness_us,
                       int64_t keep);

/* A point that begins anew in place of an old one still knows how far that came and the numbers of all that
 * was taken, or what a broker sends again would count as readings of the new meaning. */
void meter_point_remember(struct meter_point *p, const struct meter_point *old);

/* Writes a log line about the point: its names and the text. */
void meter_point_tell(const struct meter_point *p, const char *id, const char *text);

/* The row of a snapshot, and back into a point that was initialised and adopted its rules. 0 or
 * STATE_MALFORMED, then the point is as it was. */
void meter_point_write(const struct meter_point *p, struct buffer *out);
int meter_point_read(struct meter_point *p, struct slice row);

/* Sets is_held from what is retained, and says so when it begins and is_told. */
void meter_point_watch(struct meter_point *p, bool is_told);

#endif
