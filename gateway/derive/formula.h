/* What an interval comes to: a pure function of its sums. */
#ifndef DERIVE_FORMULA_H
#define DERIVE_FORMULA_H

#include "derive/exact.h"
#include "derive/interval.h"
#include "model/plan.h"

/* A mean, or a constant: exact, in the base unit of its slot. */
struct mean {
    int128 num, den;             /* den > 0 */
};

/* value × (a - b). */
void exact_times_difference(struct exact *e, struct mean a, struct mean b);
void exact_over_difference(struct exact *e, struct mean a, struct mean b);
void exact_times_mean(struct exact *e, struct mean m);
void exact_over_mean(struct exact *e, struct mean m);
struct mean mean_of_ratio(struct ratio r);

/* The sums of one interval, and what they belong to. */
struct case_in_hand {
    const struct plan *plan;
    const struct derivation *d;
    const struct derive_sum *sums;
    int64_t operating_us;        /* of the interval */
};

/* What a slot says: its constant, or the mean of what came. false: nothing did. */
bool slot_mean(const struct case_in_hand *c, enum slot slot, struct mean *out);

/* Starts with the ticks of SLOT_AMOUNT in ticks of the derived point, if the two were of one unit. */
void begin_with_amount(const struct case_in_hand *c, struct exact *e);

void formula_compute(const struct plan *plan, const struct derivation *d, const struct derive_sum *sums,
                     struct given *out);

/* The formulas: fill in e, or return false where the interval has no value. */
bool stack_compute(const struct case_in_hand *c, struct exact *e);
bool fuel_factor_compute(const struct case_in_hand *c, struct exact *e);
bool heat_compute(const struct case_in_hand *c, struct exact *e);
bool gas_reference_compute(const struct case_in_hand *c, struct exact *e);

#endif
