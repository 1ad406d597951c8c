/* Exact arithmetic on top of 128-bit integers. Everything is computed on magnitudes (unsigned), with
 * the sign put back last: half to even is symmetric, so no case needs a second look when negative, and
 * the most negative value needs no special care.
 *
 * A double is taken apart by its bits into mantissa × 2^exponent, both integers, and from there on
 * there is no floating point, so the result depends neither on the rounding mode nor on the compiler.
 * A product of two 128-bit numbers is kept in 256 bits: an activity of many years times a factor with
 * eighteen digits exceeds 128, although the result is small.
 *
 * No __builtin_mul_overflow on 128 bits: clang turns it into a call that libgcc does not have. */
#include "base/number.h"

#include <assert.h>
#include <float.h>
#include <string.h>

__extension__ typedef unsigned __int128 uint128;

#define SCALE_MOST  18
#define INT128_MOST ((int128)(~(uint128)0 >> 1))
#define TEN_TO_18   UINT64_C(1000000000000000000)

static uint128 magnitude(int128 v)
{
    return v < 0 ? -(uint128)v : (uint128)v;
}

/* The number of bits up to the highest one set. */
static int bit_length(uint128 v)
{
    uint64_t high = (uint64_t)(v >> 64), low = (uint64_t)v;
    if (high != 0)
        return 128 - __builtin_clzll(high);
    return low != 0 ? 64 - __builtin_clzll(low) : 0;
}

/* Whether a quotient with this remainder goes up to the next integer. */
static bool rounds_up(uint128 quotient, uint128 remainder, uint128 divisor)
{
    uint128 missing = divisor - remainder;
    return remainder > missing || (remainder == missing && (quotient & 1) != 0);
}

static uint128 divide(uint128 dividend, uint128 divisor)
{
    uint128 quotient = dividend / divisor;
    return quotient + rounds_up(quotient, dividend - quotient * divisor, divisor);
}

/* --- decimals --- */

/* A decimal while it is read: digits and exponent saturate, so that a malformed end is still found. */
struct parse {
    const uint8_t *at, *end;
    uint64_t mantissa;
    int64_t scale;
    bool has_overflowed;
};

static bool takes(struct parse *p, char c)
{
    if (p->at == p->end || *p->at != (uint8_t)c)
        return false;
    p->at++;
    return true;
}

static void push_digit(struct parse *p, unsigned digit)
{
    if (p->mantissa > ((uint64_t)INT64_MAX - digit) / 10)
        p->has_overflowed = true;
    else
        p->mantissa = 10 * p->mantissa + digit;
}

/* Returns the number of digits read. */
static size_t read_digits(struct parse *p)
{
    const uint8_t *begin = p->at;
    for (; p->at < p->end && *p->at >= '0' && *p->at <= '9'; p->at++)
        push_digit(p, (unsigned)(*p->at - '0'));
    return (size_t)(p->at - begin);
}

/* An exponent moves the point. Beyond this nothing but zero is representable anyway. */
#define EXPONENT_MOST 100000

static bool read_exponent(struct parse *p)
{
    bool is_negative = takes(p, '-');
    const uint8_t *begin = p->at;
    int64_t exponent = 0;
    for (; p->at < p->end && *p->at >= '0' && *p->at <= '9'; p->at++) {
        exponent = 10 * exponent + (*p->at - '0');
        if (exponent > EXPONENT_MOST)
            exponent = EXPONENT_MOST;
    }
    p->scale += is_negative ? exponent : -exponent;
    return p->at > begin;
}

/* A scale below zero becomes zeros in front of the point. */
static void settle_scale(struct parse *p)
{
    if (p->mantissa == 0 && p->scale < 0)
        p->scale = 0;
    for (; p->scale < 0 && !p->has_overflowed; p->scale++)
        push_digit(p, 0);
    if (p->scale > SCALE_MOST)
        p->has_overflowed = true;
}

int decimal_parse(struct slice text, struct decimal *out)
{
    struct parse p = { .at = text.at, .end = text.size > 0 ? text.at + text.size : text.at };

    bool is_negative = takes(&p, '-');
    if (read_digits(&p) == 0)
        return NUMBER_MALFORMED;
    if (takes(&p, '.')) {
        size_t n = read_digits(&p);
        if (n == 0)
            return NUMBER_MALFORMED;
        p.scale = (int64_t)n;
    }
    if (takes(&p, 'e') && !read_exponent(&p))
        return NUMBER_MALFORMED;
    if (p.at != p.end)
        return NUMBER_MALFORMED;

    settle_scale(&p);
    if (p.has_overflowed)
        return NUMBER_OVERFLOW;
    out->mantissa = is_negative ? -(int64_t)p.mantissa : (int64_t)p.mantissa;
    out->scale = (uint8_t)p.scale;
    return 0;
}

/* Writes backwards from end, at least `least` digits; returns where they begin. Goes by pieces of 18
 * digits, because a division of 128 bits costs as much as all those of 64 bits in a piece. */
static char *write_digits(char *end, uint128 v, int least)
{
    while (v != 0 || least > 0) {
        uint64_t piece = (uint64_t)(v % TEN_TO_18);
        v /= TEN_TO_18;
        for (int i = 0; i < 18 && (piece != 0 || v != 0 || least > 0); i++, least--) {
            *--end = (char)('0' + piece % 10);
            piece /= 10;
        }
    }
    return end;
}

/* v / 10^scale with `scale` digits behind the point, NUL-ended. */
static void print_scaled(int128 v, int scale, char *out)
{
    char text[64];
    char *end = text + sizeof text;
    uint128 rest = magnitude(v);

    char *at = write_digits(end, rest, scale + 1);
    size_t n = (size_t)(end - at);
    if (v < 0)
        *out++ = '-';
    memcpy(out, at, n - (size_t)scale);
    out += n - (size_t)scale;
    if (scale > 0) {
        *out++ = '.';
        memcpy(out, end - scale, (size_t)scale);
        out += scale;
    }
    *out = '\0';
}

void decimal_print(struct decimal d, char out[32])
{
    assert(d.scale <= SCALE_MOST);
    print_scaled(d.mantissa, d.scale, out);
}

void int128_print(int128 v, char out[48])
{
    print_scaled(v, 0, out);
}

void micro_print(int128 micro, char out[48])
{
    print_scaled(micro, 6, out);
}

/* --- doubles --- */

_Static_assert(DBL_MANT_DIG == 53 && sizeof(double) == sizeof(uint64_t), "an IEEE 754 binary64");

#define EXPONENT_SPECIAL 0x7ff /* infinities and NaN */

/* |value| = mantissa × 2^exponent, exactly. */
struct binary {
    uint64_t mantissa;
    int exponent;
    bool is_negative, is_finite;
};

static struct binary take_apart(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    int biased = (int)(bits >> 52 & EXPONENT_SPECIAL);
    uint64_t fraction = bits & ((UINT64_C(1) << 52) - 1);
    bool is_denormal = biased == 0;
    return (struct binary){
        .mantissa = is_denormal ? fraction : fraction | UINT64_C(1) << 52,
        .exponent = (is_denormal ? 1 : biased) - 1075,
        .is_negative = bits >> 63 != 0,
        .is_finite = biased != EXPONENT_SPECIAL,
    };
}

/* product / 2^shift, half to even; 0 < shift < 128. */
static uint128 shift_down(uint128 product, int shift)
{
    uint128 quotient = product >> shift;
    return quotient + rounds_up(quotient, product - (quotient << shift), (uint128)1 << shift);
}

/* product × 2^exponent / num, half to even, where product < 2^116 and num < 2^63; or a number too
 * large for 63 bits when it is one. */
static uint128 scale_binary(uint128 product, int exponent, uint64_t num)
{
    if (exponent >= 0) {
        /* From 2^128 on, divided by less than 2^63, it cannot come down to 63 bits. */
        if (product != 0 && bit_length(product) + exponent > 128)
            return ~(uint128)0;
        return product == 0 ? 0 : divide(product << exponent, num);
    }
    /* A divisor of 2^117 or more is more than twice the product. */
    if (bit_length(num) - exponent > 117)
        return 0;
    if (num == 1) /* the common one: a resolution of 1e-6 has num 1 */
        return shift_down(product, -exponent);
    return divide(product, (uint128)num << -exponent);
}

int number_ticks(double value, struct ratio resolution, int64_t *out)
{
    assert(resolution.num > 0 && resolution.den > 0);

    struct binary b = take_apart(value);
    if (!b.is_finite)
        return NUMBER_MALFORMED;
    uint128 product = (uint128)b.mantissa * (uint64_t)resolution.den;
    uint128 ticks = scale_binary(product, b.exponent, (uint64_t)resolution.num);
    if (ticks > INT64_MAX)
        return NUMBER_OVERFLOW;
    *out = b.is_negative ? -(int64_t)ticks : (int64_t)ticks;
    return 0;
}

/* --- 128 bits and beyond --- */

struct wide {
    uint128 high, low;
};

static struct wide multiply(uint128 a, uint128 b)
{
    uint128 a0 = (uint64_t)a, a1 = a >> 64, b0 = (uint64_t)b, b1 = b >> 64;
    uint128 low = a0 * b0;
    uint128 middle = a1 * b0 + (low >> 64); /* at most 2^128 - 2^64: fits */
    uint128 other = a0 * b1 + (uint64_t)middle;
    return (struct wide){
        .high = a1 * b1 + (middle >> 64) + (other >> 64),
        .low = other << 64 | (uint64_t)low,
    };
}

/* Long division bit by bit, half to even; high < divisor <= 2^127, so that the quotient has 128 bits
 * and a remainder can be doubled. Slow, and needed only beyond 128 bits. */
static uint128 divide_wide(struct wide dividend, uint128 divisor)
{
    uint128 remainder = dividend.high, quotient = 0;
    for (int bit = 127; bit >= 0; bit--) {
        remainder = remainder << 1 | (dividend.low >> bit & 1);
        quotient <<= 1;
        if (remainder >= divisor) {
            remainder -= divisor;
            quotient |= 1;
        }
    }
    /* What rounds up from all ones is beyond 127 bits with or without it; wrapping would hide that. */
    bool is_full = quotient == ~(uint128)0;
    return is_full ? quotient : quotient + rounds_up(quotient, remainder, divisor);
}

int number_scale(int128 a, int128 num, int128 den, int128 *out)
{
    assert(den > 0);

    struct wide product = multiply(magnitude(a), magnitude(num));
    if (product.high >= (uint128)den)
        return NUMBER_OVERFLOW;
    uint128 result =
        product.high == 0 ? divide(product.low, (uint128)den) : divide_wide(product, (uint128)den);
    if (result > (uint128)INT128_MOST)
        return NUMBER_OVERFLOW;
    *out = (a < 0) != (num < 0) ? -(int128)result : (int128)result;
    return 0;
}

int number_add(int128 a, int128 b, int128 *out)
{
    int128 sum;
    if (__builtin_add_overflow(a, b, &sum))
        return NUMBER_OVERFLOW;
    *out = sum;
    return 0;
}

static uint128 greatest_divisor(uint128 a, uint128 b)
{
    while (b != 0) {
        uint128 rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

int ratio_multiply(struct ratio a, struct ratio b, struct ratio *out)
{
    assert(a.den > 0 && b.den > 0);

    int128 num = (int128)a.num * b.num, den = (int128)a.den * b.den;
    int128 common = (int128)greatest_divisor(magnitude(num), (uint128)den);
    num /= common;
    den /= common;
    if (magnitude(num) > INT64_MAX || den > INT64_MAX)
        return NUMBER_OVERFLOW;
    *out = (struct ratio){ (int64_t)num, (int64_t)den };
    return 0;
}
