/* How an amount lies in its time: evenly, or along its ramp; to the last tick. */
#ifndef MODEL_SPREAD_H
#define MODEL_SPREAD_H

#include <stdint.h>

#include "model/amount.h"

/* The ticks of the part of an amount before t: floor(ticks × (t - start) / (end - start)), or the rounded
 * integral of its ramp up to there. A share is the difference of two of these, so shares add up to the
 * amount and none is rounded by itself. */
int64_t spread_up_to(const struct amount *a, int64_t t_us);

#endif
