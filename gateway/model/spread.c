/* An amount is cut where windows and intervals meet. Both, accounting and deriving, cut by this one function,
 * so that what an hour of a derived point is made of is what the hour's window says. */
#include "model/spread.h"

#define MINUTE_US INT64_C(60000000)

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
