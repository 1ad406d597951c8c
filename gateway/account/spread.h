/* How an amount is spread over time: evenly, or along its ramp; to the last tick. */
#ifndef ACCOUNT_SPREAD_H
#define ACCOUNT_SPREAD_H

#include <stdint.h>

#include "model/period.h"
#include "model/amount.h"

/* An amount is split at the edges of at most about so many windows, and a jump in time fills at most so
 * many empty ones: a day of minutes (1440) with some to spare, so that a night without readings is
 * complete to the minute, while a clock that is years off costs a bounded amount of memory. */
#define WINDOWS_MOST 1500

/* About how long a period's windows are; exact up to the hour. */
int64_t period_about_us(enum period p);

/* The period at whose edges an amount of this length is split: the first of which it touches at most
 * about WINDOWS_MOST windows. PERIOD_MINUTE: at those of the smallest windows; PERIOD_COUNT: it is not
 * split at all. It depends on the length alone, so the taking back is split alike. */
enum period spread_period(int64_t length_us);

#endif
