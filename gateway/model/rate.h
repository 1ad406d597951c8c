/* A rate: how fast a counter grows, over the last hour and not since the start, so that an outage is
 * reckoned by what the plant does now. */
#ifndef MODEL_RATE_H
#define MODEL_RATE_H

#include <stddef.h>
#include <stdint.h>

#define RATE_SAMPLES 61          /* one a minute, so they span an hour */

/* A zeroed struct knows nothing. */
struct rate {
    struct {
        uint64_t at_us, total;
    } at[RATE_SAMPLES];
    size_t n, newest;
};

/* What the counter says at this boot time. Kept once a minute; may be called as often as one likes. */
void rate_note(struct rate *r, uint64_t boottime_us, uint64_t total);

/* How long `room` lasts at the rate until this moment, in ms; -1: not known, nothing came, or less than
 * ten seconds have been watched. */
int64_t rate_lasts_ms(const struct rate *r, uint64_t boottime_us, uint64_t total, uint64_t room);

#endif
