/* Numerator and denominator are kept apart as plain binary numbers, multiplied by each factor as it comes, and
 * never shortened: some hundred bits an hour and point are cheaper than greatest common divisors, and a chain
 * of roundings would depend on the order of its steps. The one division is done bit by bit, since the
 * quotient has 63 at most. */
#include "derive/exact.h"

__extension__ typedef unsigned __int128 uint128;

void exact_init(struct exact *e)
{
    *e = (struct exact){ .num = { .limb = { 1 }, .n = 1 }, .den = { .limb = { 1 }, .n = 1 } };
}

static void trim(struct wide *w)
{
    while (w->n > 0 && w->limb[w->n - 1] == 0)
        w->n--;
}

/* w × factor; false when it does not fit. */
static bool multiply(struct wide *w, uint128 factor)
{
    struct wide product = { .n = w->n + 4 };
    if (product.n > EXACT_LIMBS)
        return false;
    for (unsigned k = 0; k < 4; k++) {
        uint64_t by = (uint32_t)(factor >> (32 * k)), carry = 0;
        for (unsigned i = 0; i < w->n; i++) {
            uint64_t sum = by * w->limb[i] + product.limb[i + k] + carry;
            product.limb[i + k] = (uint32_t)sum;
            carry = sum >> 32;
        }
        product.limb[w->n + k] = (uint32_t)carry;
    }
    trim(&product);
    *w = product;
    return true;
}

static void take(struct exact *e, struct wide *into, int128 factor)
{
    e->is_negative ^= factor < 0;
    uint128 size = factor < 0 ? -(uint128)factor : (uint128)factor;
    e->has_failed |= !multiply(into, size);
}

void exact_times(struct exact *e, int128 factor)
{
    take(e, &e->num, factor);
}

void exact_over(struct exact *e, int128 divisor)
{
    e->has_failed |= divisor == 0;
    take(e, &e->den, divisor);
}

void exact_times_ratio(struct exact *e, struct ratio r)
{
    exact_times(e, r.num);
    exact_over(e, r.den);
}

void exact_over_ratio(struct exact *e, struct ratio r)
{
    exact_times(e, r.den);
    exact_over(e, r.num);
}

static int compare(const struct wide *a, const struct wide *b)
{
    if (a->n != b->n)
        return a->n < b->n ? -1 : 1;
    for (unsigned i = a->n; i-- > 0;)
        if (a->limb[i] != b->limb[i])
            return a->limb[i] < b->limb[i] ? -1 : 1;
    return 0;
}

/* a - b, where a is not less. */
static void subtract(struct wide *a, const struct wide *b)
{
    int64_t borrow = 0;
    for (unsigned i = 0; i < a->n; i++) {
        int64_t left = (int64_t)a->limb[i] - (i < b->n ? b->limb[i] : 0) - borrow;
        borrow = left < 0;
        a->limb[i] = (uint32_t)left;
    }
    trim(a);
}

static void halve(struct wide *w)
{
    for (unsigned i = 0; i < w->n; i++) {
        uint32_t above = i + 1 < w->n ? w->limb[i + 1] : 0;
        w->limb[i] = w->limb[i] >> 1 | above << 31;
    }
    trim(w);
}

/* floor(num / den), which must have 63 bits at most; num becomes the remainder. */
static int divide(struct wide *num, const struct wide *den, uint64_t *quotient)
{
    struct wide shifted = *den;
    if (!multiply(&shifted, (uint128)1 << 63) || compare(num, &shifted) >= 0)
        return NUMBER_OVERFLOW;
    *quotient = 0;
    for (int bit = 62; bit >= 0; bit--) {
        halve(&shifted);
        if (compare(num, &shifted) < 0)
            continue;
        subtract(num, &shifted);
        *quotient |= UINT64_C(1) << bit;
    }
    return 0;
}

int exact_round(const struct exact *e, int64_t *out)
{
    struct wide rest = e->num;
    uint64_t quotient;
    if (e->has_failed || divide(&rest, &e->den, &quotient) != 0 || !multiply(&rest, 2))
        return NUMBER_OVERFLOW;
    int side = compare(&rest, &e->den);
    quotient += side > 0 || (side == 0 && quotient & 1);
    if (quotient > INT64_MAX)
        return NUMBER_OVERFLOW;
    *out = e->is_negative ? -(int64_t)quotient : (int64_t)quotient;
    return 0;
}
