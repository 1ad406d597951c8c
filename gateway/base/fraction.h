/* Fractions: exact ratios of 127 bits, for products of several declared numbers. What does not fit is told
 * and never wraps. */
#ifndef BASE_FRACTION_H
#define BASE_FRACTION_H

#include "base/number.h"

/* num / den, den > 0, lowest terms. */
struct fraction {
    int128 num, den;
};

struct fraction fraction_of_decimal(struct decimal d);
struct fraction fraction_of_ratio(struct ratio r);

/* a × b; NUMBER_OVERFLOW leaves out untouched. */
int fraction_multiply(struct fraction a, struct fraction b, struct fraction *out);

/* a / b; b above 0. */
int fraction_divide(struct fraction a, struct fraction b, struct fraction *out);

/* a + b. */
int fraction_add(struct fraction a, struct fraction b, struct fraction *out);

#endif
