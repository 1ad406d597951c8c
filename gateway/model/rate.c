/* A ring of samples, a minute apart. The oldest that is kept and the moment of asking span the rate; a
 * counter that begins anew (another journal) has grown by nothing, and the next hour knows better. */
#include "model/rate.h"

#include <stdbool.h>

#define APART_US UINT64_C(60000000)
#define LEAST_US UINT64_C(10000000)

void rate_note(struct rate *r, uint64_t boottime_us, uint64_t total)
{
    bool is_first = r->n == 0;
    if (!is_first && boottime_us - r->at[r->newest].at_us < APART_US)
        return;
    r->newest = is_first ? 0 : (r->newest + 1) % RATE_SAMPLES;
    r->at[r->newest].at_us = boottime_us;
    r->at[r->newest].total = total;
    if (r->n < RATE_SAMPLES)
        r->n++;
}

int64_t rate_lasts_ms(const struct rate *r, uint64_t boottime_us, uint64_t total, uint64_t room)
{
    if (r->n == 0)
        return -1;
    size_t oldest = r->n < RATE_SAMPLES ? 0 : (r->newest + 1) % RATE_SAMPLES;
    uint64_t watched_us = boottime_us - r->at[oldest].at_us;
    if (watched_us < LEAST_US || total <= r->at[oldest].total)
        return -1;
    double ms = (double)room / (double)(total - r->at[oldest].total) * (double)watched_us / 1000;
    return ms < 9e18 ? (int64_t)ms : INT64_MAX;
}
