/* What fill.c and fill_state.c share. */
#ifndef FILL_INSIDE_H
#define FILL_INSIDE_H

#include "base/buffer.h"
#include "fill/fill.h"
#include "fill/hours.h"

/* A point that names a rule. */
struct filled {
    struct slice key;            /* "site\0device\0point\0", owned */
    struct ratio tick;           /* what its ticks mean */
    struct substitute rule;
    int32_t point, site;         /* of the present plan; -1: it has none */
    struct hours hours;
    int64_t from;                /* hours from here on want a look; INT64_MAX: none */
    int64_t judged;              /* hours before were judged; INT64_MIN: none yet */
    bool is_dirty;
};

struct fill {
    struct filled *at;           /* in the plan's order */
    size_t n;
    int32_t *by_point;           /* index in at, or -1, by the plan's points */
    size_t n_points;
    struct slice *gone;          /* keys whose rows have to be dropped */
    size_t n_gone, gone_room;
    int64_t *history;            /* scratch */
    struct buffer row, key;
};

struct filled *fill_find(const struct fill *f, struct slice key);

#endif
