/* Alarms: what wants a person, and still holds. Raised by whoever sees it, cleared when it is over;
 * the status tells those that hold, the oldest first. A log line says that something happened; an alarm
 * says that it is so now. */
#ifndef MODEL_ALARM_H
#define MODEL_ALARM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ALARMS_TOLD_MOST 100     /* in one status */
#define ALARMS_HELD_MOST 1000    /* beyond, a new one is not taken; there is a log line for each */

/* What and where: an id as in the log ("ledger.imbalance"), and names of the plan; NULL or "": the
 * gateway, the site, the device as a whole. All four together are the alarm's key. */
struct alarm_key {
    const char *id, *site, *device, *point;
};

struct alarm {
    struct alarm_key key;        /* no name in it is NULL */
    int64_t since_us;            /* wall time at which it was raised first */
    const char *text;            /* for people: what, and what to do */
};

/* A zeroed struct is an empty table. Texts are copies of its own. */
struct alarms {
    struct alarm *at;            /* the oldest first */
    size_t n, room;
};

void alarms_fini(struct alarms *a);

/* Raises it, or gives the one that holds another text. Returns whether it is new. */
bool alarms_raise(struct alarms *a, struct alarm_key key, int64_t now_us, const char *text);

/* Returns whether it held until now. */
bool alarms_clear(struct alarms *a, struct alarm_key key);

#endif
