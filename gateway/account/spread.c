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

/* The integral of a ramp from its start to t, rounded: with x = t - start and L the whole length,
 *
 *     from x / hour + (to - from) x^2 / (2 L hour)  =  x (2 L from + (to - from) x) / (2 L hour)
 *
 * The products have at most 63 + 47 and 47 + 33 bits. Metering takes no value that would not fit in ticks
 * if it held all the time, so no part of the integral is beyond them either. */
static int64_t ramp_up_to(const struct amount *a, int64_t t_us)
{
    int128 x = t_us - a->start_us, length = a->end_us - a->start_us, ticks;
    int128 twice = 2 * length * a->ramp_from + ((int128)a->ramp_to - a->ramp_from) * x;
    if (number_scale(x, twice, 2 * length * 60 * MINUTE_US, &ticks) != 0)
        return a->ticks;
    return (int64_t)ticks;
}

int64_t spread_up_to(const struct amount *a, int64_t t_us)
{
    if (t_us >= a->end_us)
        return a->ticks;
    if (t_us <= a->start_us)
        return 0;
    if (a->shape == AMOUNT_RAMP)
        return ramp_up_to(a, t_us);
    int128 num = (int128)a->ticks * (t_us - a->start_us);
    int128 den = a->end_us - a->start_us;
    int128 quotient = num / den;
    return (int64_t)(num % den < 0 ? quotient - 1 : quotient);
}
