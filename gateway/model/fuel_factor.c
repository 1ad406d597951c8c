/* The F factor of a fuel: 40 CFR 75 appendix F, section 3.3.6, equation F-7a,
 *
 *     Fd = 10^6 (3.64 H + 1.53 C + 0.57 S + 0.14 N - 0.46 O) / GCV
 *
 * with shares in percent by mass and GCV in Btu/lb. Exact: the coefficients are hundredths. */
#include "model/derivation.h"

/* share x hundredths, in 10^-9 x 10^-2. A share has 9 digits behind the point at most. */
static int128 weighted(struct decimal share, int hundredths)
{
    int128 v = share.mantissa;
    for (int i = share.scale; i < 9; i++)
        v *= 10;
    return v * hundredths;
}

int fuel_factor_of(const struct fuel_analysis *a, struct ratio *out)
{
    int128 sum = weighted(a->hydrogen, 364) + weighted(a->carbon, 153) + weighted(a->sulfur, 57) +
                 weighted(a->nitrogen, 14) - weighted(a->oxygen, 46);
    int128 value = weighted(a->calorific_value, 1);
    if (sum <= 0 || value <= 0 || sum > INT64_MAX || value > INT64_MAX)
        return NUMBER_MALFORMED;
    struct ratio quotient;
    int rc = ratio_multiply((struct ratio){ (int64_t)sum, 1 }, (struct ratio){ 1, (int64_t)value }, &quotient);
    if (rc == 0)
        rc = ratio_multiply(quotient, (struct ratio){ 10000, 1 }, &quotient);
    if (rc != 0)
        return NUMBER_MALFORMED;
    *out = quotient;
    return 0;
}
