/* Exponential with jitter in the upper half of each step: a fleet that lost its broker at one
 * moment comes back spread out, and yet nobody waits much longer than the step says. The random
 * bits come from the caller, which keeps this a function that tests can tabulate. */
#include "link/backoff.h"

void backoff_init(struct backoff *b, int64_t least_us, int64_t most_us)
{
    b->least_us = least_us > 0 ? least_us : 1;
    b->most_us = most_us > b->least_us ? most_us : b->least_us;
    backoff_reset(b);
}

int64_t backoff_next(struct backoff *b, uint64_t random)
{
    uint64_t half = (uint64_t)b->step_us / 2;
    int64_t wait_us = b->step_us - (int64_t)(half ? random % (half + 1) : 0);

    b->step_us = b->step_us > b->most_us / 2 ? b->most_us : b->step_us * 2;
    return wait_us < b->least_us ? b->least_us : wait_us;
}

void backoff_raise(struct backoff *b)
{
    b->step_us = b->most_us;
}

void backoff_reset(struct backoff *b)
{
    b->step_us = b->least_us;
}
