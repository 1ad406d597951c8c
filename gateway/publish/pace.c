/* One number is enough: the time at which the next would be due if all were spread evenly. Who comes
 * before it by no more than BURST_US goes at once and moves it on, so that a timer of milliseconds
 * keeps up with any rate; who was idle has saved up nothing. In any stretch of time T at most
 * (T + BURST_US) / gap + 1 go. */
#include "publish/pace.h"

#define BURST_US 20000

void pace_init(struct pace *p, int64_t per_second)
{
    *p = (struct pace){ .gap_us = per_second > 0 ? (1000000 + per_second - 1) / per_second : 0 };
}

int64_t pace_wait_us(const struct pace *p, int64_t now_us)
{
    int64_t wait_us = p->due_us - BURST_US - now_us;
    return p->gap_us > 0 && wait_us > 0 ? wait_us : 0;
}

void pace_take(struct pace *p, int64_t now_us)
{
    p->due_us = (p->due_us > now_us ? p->due_us : now_us) + p->gap_us;
}
