/* Minutes, quarter hours and hours are counted in UTC, where all have one length and a change of the
 * clocks cannot tear one apart; days, months and years are the zone's, so that some days have 23 or
 * 25 hours. */
#include "model/period.h"

#include <stddef.h>

#define MINUTE_US INT64_C(60000000)

const char *const period_names[] = { "1min", "15min", "hour", "day", "month", "year", NULL };

static void aligned_window(int64_t length_us, int64_t t_us, int64_t *start_us, int64_t *end_us)
{
    int64_t into_us = t_us % length_us;
    if (into_us < 0)
        into_us += length_us;          /* before 1970 the remainder is negative */
    *start_us = t_us - into_us;
    *end_us = *start_us + length_us;
}

void period_window(enum period p, struct zone *zone, int64_t t_us, int64_t *start_us,
                   int64_t *end_us)
{
    if (p == PERIOD_DAY)
        zone_day(zone, t_us, start_us, end_us);
    else if (p == PERIOD_MONTH)
        zone_month(zone, t_us, start_us, end_us);
    else if (p == PERIOD_YEAR)
        zone_year(zone, t_us, start_us, end_us);
    else
        aligned_window(period_longest_us(p), t_us, start_us, end_us);
}

int64_t period_longest_us(enum period p)
{
    static const int64_t minutes[PERIOD_COUNT] = {
        [PERIOD_MINUTE] = 1,
        [PERIOD_QUARTER_HOUR] = 15,
        [PERIOD_HOUR] = 60,
        [PERIOD_DAY] = 25 * 60,
        [PERIOD_MONTH] = (31 * 24 + 1) * 60,
        [PERIOD_YEAR] = (366 * 24 + 1) * 60,
    };
    return minutes[p] * MINUTE_US;
}
