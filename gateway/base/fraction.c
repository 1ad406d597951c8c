/* Both factors are brought to lowest terms against each other before they are multiplied, so that what is
 * multiplied is the result itself, and an overflow means that the result does not fit. */
#include "base/fraction.h"

#include <assert.h>

static int128 magnitude(int128 v)
{
    return v < 0 ? -v : v;
}

/* Divides both by their greatest common divisor. */
static void reduce(int128 *a, int128 *b)
{
    int128 x = magnitude(*a), y = *b;
    while (y != 0) {
        int128 rest = x % y;
        x = y;
        y = rest;
    }
    if (x > 1) {
        *a /= x;
        *b /= x;
    }
}

struct fraction fraction_of_decimal(struct decimal d)
{
    struct fraction f = { d.mantissa, 1 };
    for (int i = 0; i < d.scale; i++)
        f.den *= 10;
    reduce(&f.num, &f.den);
    return f;
}

struct fraction fraction_of_ratio(struct ratio r)
{
    return (struct fraction){ r.num, r.den };
}

int fraction_multiply(struct fraction a, struct fraction b, struct fraction *out)
{
    struct fraction product;
    assert(a.den > 0 && b.den > 0);
    reduce(&a.num, &a.den);
    reduce(&b.num, &b.den);
    reduce(&a.num, &b.den);
    reduce(&b.num, &a.den);
    if (__builtin_mul_overflow(a.num, b.num, &product.num) ||
        __builtin_mul_overflow(a.den, b.den, &product.den))
        return NUMBER_OVERFLOW;
    *out = product;
    return 0;
}

int fraction_divide(struct fraction a, struct fraction b, struct fraction *out)
{
    assert(b.num > 0);
    return fraction_multiply(a, (struct fraction){ b.den, b.num }, out);
}

int fraction_add(struct fraction a, struct fraction b, struct fraction *out)
{
    struct fraction sum;
    int128 left, right;
    assert(a.den > 0 && b.den > 0);
    if (__builtin_mul_overflow(a.num, b.den, &left) || __builtin_mul_overflow(b.num, a.den, &right) ||
        __builtin_add_overflow(left, right, &sum.num) || __builtin_mul_overflow(a.den, b.den, &sum.den))
        return NUMBER_OVERFLOW;
    reduce(&sum.num, &sum.den);
    *out = sum;
    return 0;
}
