/* The record whether the device broker was seen to keep everything for an absent session. `check --connect`
 * writes it, a running gateway that sees the contrary overwrites it, and the status says "lossless" only
 * as long as it fits the broker and the session that are configured now. */
#ifndef APP_LOSSLESS_RECORD_H
#define APP_LOSSLESS_RECORD_H

#include <stdint.h>

#include "base/arena.h"
#include "conf.h"
#include "model/status.h"

struct lossless_record {
    int claim;                   /* enum lossless */
    const char *broker, *client_id;
    int64_t at_us;               /* when it was seen; wall time */
    int64_t sent, came;          /* of the probe; 0: it was seen in the running gateway */
    const char *why;             /* what was seen, as a sentence */
    int64_t version;
};

/* Replaces STATE/lossless; broker and client id are filled in from the configuration. 0 or negative. */
int lossless_write(const struct conf *conf, const struct lossless_record *r);

/* Texts live in the arena. Without a record, or with one that is of another broker or cannot be read, the
 * claim is UNPROVEN. */
void lossless_read(const struct conf *conf, struct arena *arena, struct lossless_record *out);

#endif
