/* The bound matters for bridged amounts: a register that comes back after a year has one amount over
 * half a million minutes. Past WINDOWS_MOST windows it is split at the edges of a longer period and
 * at local midnights, and each share goes whole into the smallest window where it ends. Windows from that
 * period on are then as exact as ever; shorter ones hold lumps, marked as bridged like the rest of it. */
#include "account/spread.h"

#define MINUTE_US INT64_C(60000000)

int64_t period_about_us(enum period p)
{
    static const int64_t about_us[PERIOD_COUNT] = {
        [PERIOD_MINUTE] = MINUTE_US,
        [PERIOD_QUARTER_HOUR] = 15 * MINUTE_US,
        [PERIOD_HOUR] = 60 * MINUTE_US,
        [PERIOD_DAY] = 1440 * MINUTE_US,
        [PERIOD_MONTH] = INT64_C(43829) * MINUTE_US, /* a twelfth of 365.2425 days, about */
        [PERIOD_YEAR] = INT64_C(525949) * MINUTE_US,
    };
    return about_us[p];
}

enum period spread_period(int64_t length_us)
{
    int p = PERIOD_MINUTE;
    while (p < PERIOD_COUNT && length_us / WINDOWS_MOST > period_about_us((enum period)p))
        p++;
    return (enum period)p;
}
