/* The hours of one point: what was measured in each, and what was filled in. Hours are numbered since 1970,
 * UTC. */
#ifndef FILL_HOURS_H
#define FILL_HOURS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/number.h"
#include "model/amount.h"
#include "model/cover.h"
#include "model/substitute.h"

#define HOUR_US INT64_C(3600000000)
#define HOURS_MOST 26304         /* 1,096 days: three years, the longest look-back */

struct hour {
    int128 valid_ticks;          /* of good amounts */
    struct cover cover;
    struct substituted *given;   /* what stands in the windows now, by time */
    uint16_t n_given;
    bool is_dirty;               /* since the last save */
};

/* A zeroed struct holds none. */
struct hours {
    struct hour *at;             /* without holes */
    int64_t first;               /* the number of at[0] */
    size_t n, room;
};

void hours_fini(struct hours *h);

/* NULL when it is not held; made where it can be. */
struct hour *hours_find(const struct hours *h, int64_t number);
struct hour *hours_make(struct hours *h, int64_t number);

/* Adds an amount's share to each hour it touches; what a substitution gave is no measurement and is passed
 * over. The least hour that changed, or INT64_MAX. */
int64_t hours_add(struct hours *h, const struct amount *amount);

enum hour_state {
    HOUR_IDLE,                   /* the device did not run at all: no gap, and no history */
    HOUR_VALID,                  /* 80 % of its operating time is good */
    HOUR_GAP
};
enum hour_state hour_state(const struct hour *hour, int64_t number);

/* What a whole hour would have come to, of a valid one. */
int64_t hour_value(const struct hour *hour, int64_t number);

/* The number of the hour that holds an instant. */
static inline int64_t hour_of(int64_t t_us)
{
    return t_us / HOUR_US - (t_us % HOUR_US < 0);
}

#endif
