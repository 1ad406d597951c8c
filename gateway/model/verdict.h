/* Verdicts: what became of a reading. Every reading has exactly one, so that per site
 * received = counted + duplicate + late + rejected at every moment. Numbers are frozen: they stand in
 * snapshots and on the wire. */
#ifndef MODEL_VERDICT_H
#define MODEL_VERDICT_H

#include <stdbool.h>

enum verdict {
    VERDICT_COUNTED = 0,
    VERDICT_DUPLICATE = 1,
    VERDICT_LATE = 2,            /* outside the bound of its point: stands unverified, in no total */
    VERDICT_UNDECODABLE = 3,     /* from here on: rejected */
    VERDICT_UNKNOWN_SITE = 4,
    VERDICT_UNKNOWN_DEVICE = 5,
    VERDICT_UNKNOWN_POINT = 6,
    VERDICT_BAD_UNIT = 7,
    VERDICT_BAD_TIME = 8,        /* before 2000, or more than max_future ahead */
    VERDICT_TOO_LARGE = 9,
    VERDICT_OUT_OF_RANGE = 10,   /* beyond what the point can do, or what 63 bits hold */
    VERDICT_CONFLICT = 11,       /* another value for the same key, or an overlap, ranks higher */
    VERDICT_NOT_A_NUMBER = 12,
    VERDICT_POISON = 13,         /* the message brought the process down twice */
    VERDICT_VOID = 14,           /* a person ordered that it does not count */
    VERDICT_COUNT
};

struct verdict_row {
    const char *name;            /* "bad_time": in logs, JSON and metrics */
    const char *text;            /* one sentence for people: what it means, what to do */
};

/* The row of a verdict; never NULL, also for a number that is none. */
const struct verdict_row *verdict_row(enum verdict v);

bool verdict_is_rejected(enum verdict v);

/* Whether a configuration that knows more could take it: unknown site, device, point, bad unit. */
bool verdict_is_curable(enum verdict v);

#endif
