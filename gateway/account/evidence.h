/* Evidence: which readings stand behind a window, as a stretch of the intake and as a sum of hashes. */
#ifndef ACCOUNT_EVIDENCE_H
#define ACCOUNT_EVIDENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "model/amount.h"

/* A zeroed struct knows of none. */
struct evidence {
    uint64_t first_frame, last_frame; /* of the intake, whose readings bore on the window; 0: not told */
    uint64_t sum;                     /* of the hashes of the amounts in it, modulo 2^64 */
    bool is_unknown; /* an older version began the window and did not keep it: nothing is told then */
};

/* What tells a point apart from all others, whatever the plan: a hash of its ids. */
uint64_t evidence_point(struct slice site, struct slice device, struct slice point);

/* A hash of what metering made of readings: the point, the stretch of time, the ticks, and how they came
 * to be. The sign is left out, so that taking back is the same number. */
uint64_t evidence_of(uint64_t point, const struct amount *amount);

/* Adds one, or takes it back, as the sign says. frame: the one in hand; 0: none, as at a tick. */
void evidence_add(struct evidence *e, uint64_t frame, uint64_t hash, int8_t sign);

#endif
