/* Exact numbers: 128-bit integers, decimals and ratios. The middle of the gateway knows no floating
 * point: what is rounded is rounded here, half to even, once. */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

__extension__ typedef __int128 int128;

#define NUMBER_OVERFLOW 1
#define NUMBER_MALFORMED 2

/* mantissa / 10^scale, scale 0 to 18: "0.4585" is 4585 / 10^4. Trailing zeros are kept as written. */
struct decimal {
    int64_t mantissa;
    uint8_t scale;
};

/* num / den, den > 0, lowest terms. */
struct ratio {
    int64_t num, den;
};

/* Reads [-]digits[.digits][e[-]digits]. 0, NUMBER_MALFORMED, or NUMBER_OVERFLOW when it does not fit
 * 18 digits behind the point and 63 bits. */
int decimal_parse(struct slice text, struct decimal *out);

/* Writes the shortest plain form ("0.4585", "-3", "28"), NUL-ended; trailing zeros as stored. */
void decimal_print(struct decimal d, char out[32]);

/* value / resolution (which is above 0) as an integer, half to even from the exact binary value of `value`.
 * NUMBER_OVERFLOW when it does not fit in 63 bits; NUMBER_MALFORMED when value is NaN or infinite. */
int number_ticks(double value, struct ratio resolution, int64_t *out);

/* a × num / den, half to even. den > 0. Exact over the whole range, the product may have 254 bits;
 * NUMBER_OVERFLOW when the result does not fit 127 bits. */
int number_scale(int128 a, int128 num, int128 den, int128 *out);

/* a + b; NUMBER_OVERFLOW leaves out untouched. */
int number_add(int128 a, int128 b, int128 *out);

/* a × b in lowest terms; NUMBER_OVERFLOW. */
int ratio_multiply(struct ratio a, struct ratio b, struct ratio *out);

/* Decimal text of an integer, NUL-ended. */
void int128_print(int128 v, char out[48]);

/* Decimal text of v / 10^6, all six digits behind the point: micro-units for people. */
void micro_print(int128 micro, char out[48]);

#endif
