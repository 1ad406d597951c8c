/* One point at work: its frozen base, the readings retained above it, and the state at their tip. */
#ifndef METER_POINT_H
#define METER_POINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/slice.h"
#include "meter/effects.h"
#include "meter/fold.h"
#include "meter/retained.h"
#include "meter/seen.h"
#include "model/amount.h"
#include "model/verdict.h"

/* So many readings in a row below the last valid value, or two and so much time behind that value, and
 * the point is held. */
#define HELD_AFTER 5
#define HELD_AFTER_US (INT64_C(3600) * 1000000)

struct meter_point {
    struct slice key;            /* "site\0device\0point", owned; a NUL stands behind it */
    uint64_t identity;           /* hash of what a value means: kind, unit, resolution, … */
    struct fold_rules rules;
    struct fold_swaps *swaps;    /* declared and not yet of no effect; owned; NULL: none */
    struct decimal multiplier;   /* of the plan, for swaps */
    int64_t lateness_us, keep;
    int64_t period_us;           /* of a gauge: how long a value that is late stands for; 0: not at all */
    struct fold_state base;      /* behind everything that was frozen */
    struct fold_state tip;       /* behind everything retained */
    struct retained retained;
    size_t n_counted;            /* of those retained; the others are candidates */
    size_t n_void;               /* of the candidates */
    struct seen seen;
    bool is_dirty;               /* its row differs from what was last saved */
    bool is_held;
};

/* Memory of the caller; takes the key. */
void meter_point_init(struct meter_point *p, struct slice key);
void meter_point_fini(struct meter_point *p);

/* Takes one reading; out is added to, its amounts without their point. */
enum verdict meter_point_take(struct meter_point *p, const struct sample *r, struct effects *out);

/* The same readings under other swaps, of which the first that differs was installed then. Takes swaps
 * (NULL: none). What differs in the amounts is added to out. */
void meter_point_exchange(struct meter_point *p, struct fold_swaps *swaps, int64_t from_us,
                          struct effects *out);

/* Voids the i-th reading retained, or lets it count again. */
void meter_point_void(struct meter_point *p, size_t i, bool is_void, struct effects *out);

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
