/* A pace: so many a second at most, told by somebody else's clock. */
#ifndef PUBLISH_PACE_H
#define PUBLISH_PACE_H

#include <stdint.h>

struct pace {
    int64_t gap_us;              /* between two; 0: no cap */
    int64_t due_us;              /* when the next one would be due, were they spread evenly */
};

void pace_init(struct pace *p, int64_t per_second);

/* How long until one may go; 0: now. */
int64_t pace_wait_us(const struct pace *p, int64_t now_us);

/* One goes. */
void pace_take(struct pace *p, int64_t now_us);

#endif
