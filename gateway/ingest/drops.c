/* The broker sends the count again whenever it changed, and at every subscribe as it is by then: what
 * was dropped while we were away is in the difference to what we last heard. Only what was dropped
 * before this process first heard of it cannot be told from what is long known. */
#include "ingest/drops.h"

bool drops_read(struct slice payload, uint64_t *out)
{
    uint64_t n = 0;

    if (payload.size == 0 || payload.size > 18)
        return false;
    for (size_t i = 0; i < payload.size; i++) {
        if (payload.at[i] < '0' || payload.at[i] > '9')
            return false;
        n = n * 10 + (uint64_t)(payload.at[i] - '0');
    }
    *out = n;
    return true;
}

uint64_t drops_hear(struct drops *d, uint64_t count)
{
    uint64_t more = count >= d->last ? count - d->last : count;

    if (!d->has_heard)
        more = 0;
    d->has_heard = true;
    d->last = count;
    d->total += more;
    return more;
}
