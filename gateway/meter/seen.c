/* Why this is here: the bound of a point is a few hundred readings, but what comes again after a crash
 * or a long outage is whatever the broker had not yet seen acknowledged, tens of thousands of messages
 * that were all taken long ago. Without a memory each would be LATE: an unverified amount, an alarm,
 * and work for a person. A device that numbers its readings lets us know them again, and because it
 * numbers them one by one, a few runs remember any number of them.
 *
 * Two runs become one only where they touch. Closing a hole would call a reading a duplicate that never
 * came, which loses data; forgetting a run calls a duplicate late, which is merely noticed. So when all
 * runs are in use, the one that was touched longest ago is forgotten, and the main run, which grows
 * with every reading, never is. */
#include "meter/seen.h"

#include <string.h>

static bool run_holds(const struct seen_run *r, uint64_t boot, uint64_t sequence)
{
    return r->boot == boot && sequence >= r->first && sequence <= r->last;
}

/* Whether sequence stands right before or behind the run. Neither side wraps: 0 is no sequence, so
 * first - 1 may be 0 and fits nothing; last + 1 is kept from becoming 0 by the comparison. */
static bool run_touches(const struct seen_run *r, uint64_t boot, uint64_t sequence)
{
    if (r->boot != boot)
        return false;
    return sequence == r->first - 1 || (sequence > r->last && sequence - r->last == 1);
}

bool seen_has(const struct seen *s, uint64_t boot, uint64_t sequence)
{
    if (boot == 0 || sequence == 0)
        return false;
    for (int i = s->n; i-- > 0;) {
        if (run_holds(&s->runs[i], boot, sequence))
            return true;
    }
    return false;
}

static struct seen_run take_out(struct seen *s, int i)
{
    struct seen_run run = s->runs[i];
    s->n--;
    memmove(&s->runs[i], &s->runs[i + 1], (size_t)(s->n - i) * sizeof s->runs[0]);
    return run;
}

/* Takes every run out that touches the new one (there are at most two) and makes them one with it. */
static struct seen_run absorb(struct seen *s, struct seen_run run)
{
    uint64_t sequence = run.first;
    for (int i = s->n; i-- > 0;) {
        if (!run_touches(&s->runs[i], run.boot, sequence))
            continue;
        struct seen_run other = take_out(s, i);
        run.first = other.first < run.first ? other.first : run.first;
        run.last = other.last > run.last ? other.last : run.last;
    }
    return run;
}

/* The common case, a device that counts on and misses nothing: one run that grows by one. */
static bool grows_the_only_run(const struct seen *s, uint64_t boot, uint64_t sequence)
{
    const struct seen_run *only = &s->runs[0];
    return s->n == 1 && only->boot == boot && sequence > only->last && sequence - only->last == 1;
}

bool seen_add(struct seen *s, uint64_t boot, uint64_t sequence)
{
    if (boot == 0 || sequence == 0)
        return false;
    if (grows_the_only_run(s, boot, sequence)) {
        s->runs[0].last = sequence;
        return true;
    }
    if (seen_has(s, boot, sequence))
        return false;
    struct seen_run run = absorb(s, (struct seen_run){ boot, sequence, sequence });
    if (s->n == SEEN_RUNS)
        take_out(s, 0);
    s->runs[s->n++] = run;
    return true;
}
