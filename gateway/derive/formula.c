/* What all formulas share: when an interval has a value at all, what it is made of, and how means are taken.
 *
 * "Not operating" all through is a value of 0 and no gap. A sampled input without a usable value leaves the
 * interval missing, and so does a result that does not fit: never a 0 in place of it. The part is the least
 * certain of what took part. */
#include "derive/formula.h"

#include "derive/stack.h"

struct mean mean_of_ratio(struct ratio r)
{
    return (struct mean){ r.num, r.den };
}

void exact_times_mean(struct exact *e, struct mean m)
{
    exact_times(e, m.num);
    exact_over(e, m.den);
}

void exact_over_mean(struct exact *e, struct mean m)
{
    exact_times(e, m.den);
    exact_over(e, m.num);
}

/* a - b over a common denominator; false when that does not fit. */
static bool difference(struct mean a, struct mean b, struct mean *out)
{
    int128 x, y;
    return !__builtin_mul_overflow(a.num, b.den, &x) && !__builtin_mul_overflow(b.num, a.den, &y) &&
           !__builtin_sub_overflow(x, y, &out->num) && !__builtin_mul_overflow(a.den, b.den, &out->den);
}

void exact_times_difference(struct exact *e, struct mean a, struct mean b)
{
    struct mean d = { 0, 0 };
    if (!difference(a, b, &d))
        e->has_failed = true;
    exact_times_mean(e, d);
}

void exact_over_difference(struct exact *e, struct mean a, struct mean b)
{
    struct mean d = { 0, 0 };
    if (!difference(a, b, &d))
        e->has_failed = true;
    exact_over_mean(e, d);
}

/* ticks × scale / n + offset. */
static bool mean_of_samples(const struct derive_input *in, const struct derive_sum *s, struct mean *out)
{
    int128 num, den, shift;
    bool fits = s->usable > 0 && !__builtin_mul_overflow(s->ticks, (int128)in->scale.num, &num) &&
                !__builtin_mul_overflow((int128)s->usable, (int128)in->scale.den, &den);
    if (!fits)
        return false;
    *out = (struct mean){ num, den };
    if (in->offset.num == 0)
        return true;
    return !__builtin_mul_overflow((int128)in->offset.num, den, &shift) &&
           !__builtin_mul_overflow(num, (int128)in->offset.den, &num) &&
           !__builtin_mul_overflow(den, (int128)in->offset.den, &out->den) &&
           !__builtin_add_overflow(num, shift, &out->num);
}

bool slot_mean(const struct case_in_hand *c, enum slot slot, struct mean *out)
{
    int32_t i = c->d->slots[slot];
    if (i >= 0)
        return mean_of_samples(&c->d->inputs[i], &c->sums[i], out);
    *out = mean_of_ratio(c->d->constants[slot].value);
    return c->d->constants[slot].is_given;
}

void begin_with_amount(const struct case_in_hand *c, struct exact *e)
{
    int32_t i = c->d->slots[SLOT_AMOUNT];
    exact_init(e);
    exact_times(e, c->sums[i].ticks);
    exact_times_ratio(e, c->d->inputs[i].scale);
    exact_over_ratio(e, c->plan->points[c->d->point].tick_to_micro);
}

/* --- what an interval is made of --- */

static uint8_t part_of(const struct derivation *d, const struct derive_sum *sums)
{
    static const uint8_t by_doubt[] = { PART_MANUAL, PART_SUBSTITUTED, PART_ESTIMATED, PART_BRIDGED };
    for (size_t k = 0; k < sizeof by_doubt; k++)
        for (size_t i = 0; i < d->n_inputs; i++)
            if (sums[i].parts[by_doubt[k]] != 0)
                return by_doubt[k];
    return PART_MEASURED;
}

static uint8_t flags_of(const struct derivation *d, const struct derive_sum *sums)
{
    unsigned flags = 0;
    for (size_t i = 0; i < d->n_inputs; i++)
        for (int k = 0; k < DERIVE_FLAGS; k++)
            flags |= sums[i].flagged[k] != 0 ? 1u << k : 0;
    return (uint8_t)(flags & ~(unsigned)AMOUNT_GAP);
}

static int64_t idle_of(const struct derivation *d, const struct derive_sum *sums)
{
    int64_t idle_us = 0;
    for (size_t i = 0; i < d->n_inputs; i++)
        if (sums[i].idle_us > idle_us)
            idle_us = sums[i].idle_us;
    return idle_us < d->every_us ? idle_us : d->every_us;
}

static bool has_amounts(const struct derive_sum *s)
{
    for (int i = 0; i < PART_COUNT; i++)
        if (s->parts[i] != 0)
            return true;
    return false;
}

static bool has_anything(const struct derivation *d, const struct derive_sum *sums)
{
    for (size_t i = 0; i < d->n_inputs; i++)
        if (sums[i].possible != 0 || has_amounts(&sums[i]))
            return true;
    return false;
}

/* What is summed was measured all through; a stack's hour is valid by its rule. */
static bool is_valid(const struct derivation *d, const struct derive_sum *sums)
{
    int32_t i = d->slots[SLOT_AMOUNT];
    return i < 0 || sums[i].covered_us >= d->every_us;
}

static bool is_stack(const struct derivation *d)
{
    return d->formula == FORMULA_STACK || d->formula == FORMULA_FUEL_FACTOR;
}

static bool compute(const struct case_in_hand *c, struct exact *e)
{
    switch (c->d->formula) {
    case FORMULA_STACK:
        return stack_compute(c, e);
    case FORMULA_FUEL_FACTOR:
        return fuel_factor_compute(c, e);
    case FORMULA_HEAT:
        return heat_compute(c, e);
    case FORMULA_GAS_REFERENCE:
        return gas_reference_compute(c, e);
    default:
        return false;
    }
}

void formula_compute(const struct plan *plan, const struct derivation *d, const struct derive_sum *sums,
                     struct given *out)
{
    struct case_in_hand c = { plan, d, sums, d->every_us - idle_of(d, sums) };
    struct exact e;
    int32_t amount = d->slots[SLOT_AMOUNT];
    *out = (struct given){ .kind = GIVEN_IDLE };
    if (c.operating_us == 0 && (amount < 0 || sums[amount].ticks == 0))
        return;
    out->kind = has_anything(d, sums) ? GIVEN_MISSING : GIVEN_NOTHING;
    if (amount >= 0 && !has_amounts(&sums[amount]))
        return;
    if (is_stack(d) && !stack_hour_is_valid(&c))
        return;
    int64_t ticks;
    if (!compute(&c, &e) || exact_round(&e, &ticks) != 0)
        return;
    *out = (struct given){ GIVEN_VALUE, part_of(d, sums), flags_of(d, sums), is_valid(d, sums), ticks };
}
