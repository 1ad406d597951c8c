/* Back-off: how long to wait before the next attempt. */
#ifndef LINK_BACKOFF_H
#define LINK_BACKOFF_H

#include <stdint.h>

struct backoff {
    int64_t least_us, most_us;
    int64_t step_us;             /* the next wait is drawn from the upper half of this */
};

void backoff_init(struct backoff *b, int64_t least_us, int64_t most_us);

/* The next wait, given 64 random bits: between half the step and the step, never below the least.
 * The step doubles up to the most. */
int64_t backoff_next(struct backoff *b, uint64_t random);

/* From now on the longest waits, until the reset. */
void backoff_raise(struct backoff *b);

/* What comes next is a first attempt again. */
void backoff_reset(struct backoff *b);

#endif
