/* An exact quotient of two products of whole numbers, rounded once at the end. What a derived point says is
 * a mean times a mean times some corrections; as a quotient nothing of it is lost on the way. */
#ifndef DERIVE_EXACT_H
#define DERIVE_EXACT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/number.h"

#define EXACT_LIMBS 72           /* of 32 bits: some 18 factors of the widest kind */

struct wide {
    uint32_t limb[EXACT_LIMBS];  /* the least first */
    unsigned n;                  /* in use; 0: zero */
};

struct exact {
    struct wide num, den;
    bool is_negative;
    bool has_failed;             /* divided by zero, or more factors than fit: there is no value */
};

/* 1. */
void exact_init(struct exact *e);

void exact_times(struct exact *e, int128 factor);
void exact_over(struct exact *e, int128 divisor);
void exact_times_ratio(struct exact *e, struct ratio r);
void exact_over_ratio(struct exact *e, struct ratio r);

/* The quotient as a whole number, half to even. NUMBER_OVERFLOW when it does not fit 63 bits or has failed. */
int exact_round(const struct exact *e, int64_t *out);

#endif
