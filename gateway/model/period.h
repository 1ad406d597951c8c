/* Periods: the lengths of windows. A window is [start, end) of a site; minutes, quarter hours and hours
 * are aligned to UTC, days, months and years to the site's zone; a year begins on the day that the zone was
 * told. Numbers are frozen. */
#ifndef MODEL_PERIOD_H
#define MODEL_PERIOD_H

#include <stdint.h>

#include "base/zone.h"

enum period {
    PERIOD_MINUTE = 0,
    PERIOD_QUARTER_HOUR = 1,
    PERIOD_HOUR = 2,
    PERIOD_DAY = 3,
    PERIOD_MONTH = 4,
    PERIOD_YEAR = 5,
    PERIOD_COUNT
};

/* "1min", "15min", "hour", "day", "month", "year": in configuration and topics. NULL-ended. */
extern const char *const period_names[];

/* The window of that period that holds t. */
void period_window(enum period p, struct zone *zone, int64_t t_us, int64_t *start_us, int64_t *end_us);

/* The greatest length that a window of the period has: a day of 25 hours, a month of 31 days with
 * one of them, a leap year with one. */
int64_t period_longest_us(enum period p);

#endif
