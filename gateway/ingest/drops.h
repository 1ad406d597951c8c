/* Drops: what the broker says of the messages that it threw away. It counts them since its own start,
 * for all its clients; here that becomes how many more there are than when we last heard. */
#ifndef INGEST_DROPS_H
#define INGEST_DROPS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* Mosquitto's topic; others that have $SYS follow it. */
#define DROPS_TOPIC "$SYS/broker/publish/messages/dropped"

/* Reads what the topic holds, a decimal number; false: something else. */
bool drops_read(struct slice payload, uint64_t *out);

/* A zeroed struct has heard nothing yet. */
struct drops {
    bool has_heard;
    uint64_t last;               /* as the broker counts */
    uint64_t total;              /* since the first that we heard */
};

/* The broker's count is now this. Returns how many were dropped since the last; what had been dropped
 * before the first does not count. A smaller one comes of a broker that started anew. */
uint64_t drops_hear(struct drops *d, uint64_t count);

#endif
