#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/number.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

#define MOST  I128(0x7fffffffffffffff, 0xffffffffffffffff)
#define LEAST (-MOST - 1)

#define I128(high, low) ((int128)(high) << 64 | (low))

/* --- decimals --- */

static void decimals_are_read_as_written(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t mantissa;
        uint8_t scale;
    } rows[] = {
        { "0", 0, 0 },
        { "28", 28, 0 },
        { "-3", -3, 0 },
        { "-0", 0, 0 },
        { "0.4585", 4585, 4 },
        { "0.50", 50, 2 },
        { "007.10", 710, 2 },
        { "-0.05", -5, 2 },
        { "4.5e3", 4500, 0 },
        { "4.5e1", 45, 0 },
        { "4.5e0", 45, 1 },
        { "45e-3", 45, 3 },
        { "1e18", 1000000000000000000, 0 },
        { "1e-18", 1, 18 },
        { "0e99999999999999999999", 0, 0 },
        { "0.000000000000000001", 1, 18 },
        { "9223372036854775807", INT64_MAX, 0 },
        { "-9223372036854775807", -INT64_MAX, 0 },
        { "9.223372036854775807", INT64_MAX, 18 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct decimal d = { 77, 7 };
        assert_int_equal(decimal_parse(slice_of(rows[i].text), &d), 0);
        assert_int_equal(d.mantissa, rows[i].mantissa);
        assert_int_equal(d.scale, rows[i].scale);
    }
}

static void what_is_no_decimal_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",     "-",      ".",    "5.",  ".5",   "+1",    " 1",    "1 ",   "--1",   "1,5",
        "1e",   "1e-",    "1e+3", "1E3", "0x10", "nan",   "inf",   "1.2.3", "1e2.5", "1_000",
        "99999999999999999999x",
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct decimal d = { 77, 7 };
        assert_int_equal(decimal_parse(slice_of(rows[i]), &d), NUMBER_MALFORMED);
        assert_int_equal(d.mantissa, 77);
    }
    struct decimal d;
    assert_int_equal(decimal_parse((struct slice){ 0 }, &d), NUMBER_MALFORMED);
    assert_int_equal(decimal_parse((struct slice){ (const uint8_t *)"1\0002", 3 }, &d),
                     NUMBER_MALFORMED);
}

static void decimals_that_do_not_fit_overflow(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "9223372036854775808", "-9223372036854775808", "99999999999999999999", "1e19", "9.3e18",
        "1e-19", "0.0000000000000000001", "1.0000000000000000000", "1e99999999999999999999",
        "1e-99999999999999999999",
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct decimal d = { 77, 7 };
        assert_int_equal(decimal_parse(slice_of(rows[i]), &d), NUMBER_OVERFLOW);
        assert_int_equal(d.mantissa, 77);
    }
}

static void a_decimal_reads_no_further_than_its_slice(void **state)
{
    (void)state;
    struct decimal d;
    assert_int_equal(decimal_parse((struct slice){ (const uint8_t *)"12.345", 4 }, &d), 0);
    assert_int_equal(d.mantissa, 123);
    assert_int_equal(d.scale, 1);
}

static void decimals_print_plain(void **state)
{
    (void)state;
    static const struct {
        struct decimal d;
        const char *text;
    } rows[] = {
        { { 0, 0 }, "0" },
        { { 0, 2 }, "0.00" },
        { { 4585, 4 }, "0.4585" },
        { { -3, 0 }, "-3" },
        { { 28, 0 }, "28" },
        { { 50, 2 }, "0.50" },
        { { -5, 2 }, "-0.05" },
        { { 1, 18 }, "0.000000000000000001" },
        { { INT64_MAX, 18 }, "9.223372036854775807" },
        { { INT64_MAX, 0 }, "9223372036854775807" },
        { { INT64_MIN, 18 }, "-9.223372036854775808" },
        { { 1000000000000000000, 0 }, "1000000000000000000" },
        { { 1000000000000000000, 18 }, "1.000000000000000000" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[32];
        decimal_print(rows[i].d, text);
        assert_string_equal(text, rows[i].text);
    }
}

/* --- ticks --- */

#define MICRO { 1, 1000000 }
#define ONE   { 1, 1 }

static void doubles_become_ticks_half_to_even_from_their_binary_value(void **state)
{
    (void)state;
    static const struct {
        double value;
        struct ratio resolution;
        int64_t ticks;
    } rows[] = {
        { 0.0, ONE, 0 },
        { -0.0, ONE, 0 },
        { 0.5, ONE, 0 },            /* ties go to the even neighbour, both ways */
        { 1.5, ONE, 2 },
        { 2.5, ONE, 2 },
        { 3.5, ONE, 4 },
        { -0.5, ONE, 0 },
        { -1.5, ONE, -2 },
        { -2.5, ONE, -2 },
        { 0.49999999999999994, ONE, 0 },
        { 0.50000000000000011, ONE, 1 },
        { 2.5000000000000004, ONE, 3 },
        { 2.4999999999999996, ONE, 2 },
        { 2.675, { 1, 100 }, 267 },  /* stored as 2.67499999999999982236431605997495353221893310546875 */
        { 1.005, { 1, 100 }, 100 },  /* stored just below, as is the next */
        { 1.115, { 1, 100 }, 111 },
        { -2.675, { 1, 100 }, -267 },
        { 0.125, { 1, 100 }, 12 },   /* exact ties in binary */
        { 0.375, { 1, 100 }, 38 },
        { 0.1, MICRO, 100000 },
        { 0.3, MICRO, 300000 },
        { 123456.789012, MICRO, 123456789012 },
        { 0.0000005, MICRO, 0 },     /* 5e-7 is stored just below */
        { 0.0000015, MICRO, 2 },
        { 7.5, { 5, 1 }, 2 },        /* 1.5 and 2.5 steps of 5 */
        { 12.5, { 5, 1 }, 2 },
        { 17.5, { 5, 1 }, 4 },
        { 1.0, { 3, 1 }, 0 },
        { 2.0, { 3, 1 }, 1 },
        { 0.25, { 1, 10 }, 2 },
        { 0.35, { 1, 10 }, 3 },      /* stored just below */
        { 10.0, { 3, 7 }, 23 },      /* 23.33 */
        { 1e-300, MICRO, 0 },
        { DBL_MIN, MICRO, 0 },
        { 4.9406564584124654e-324, { 1, INT64_MAX }, 0 },
        { -4.9406564584124654e-324, ONE, 0 },
        { 4611686018427387904.0, ONE, INT64_C(1) << 62 },
        { 9223372036854774784.0, ONE, 9223372036854774784 },
        { -9223372036854774784.0, ONE, -9223372036854774784 },
        { 9223372036854.775, MICRO, 9223372036854775391 },   /* stored as ….775390625 */
        { 1e19, { 10, 1 }, 1000000000000000000 },
        { 1.7e37, { INT64_MAX, 1 }, 1843143693225357568 },
        { 8.5e37, { INT64_MAX, 1 }, 9215718466126787585 },
        { 1.0, { 1, INT64_MAX }, INT64_MAX },
        { 1.0, { INT64_MAX, 1 }, 0 },
        { 4611686018427387904.0, { INT64_MAX, 1 }, 1 },       /* just above 1/2 */
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t ticks = 77;
        assert_int_equal(number_ticks(rows[i].value, rows[i].resolution, &ticks), 0);
        assert_int_equal(ticks, rows[i].ticks);
    }
}

/* Computed with exact fractions elsewhere. */
static void ticks_agree_with_exact_fractions(void **state)
{
    (void)state;
    static const struct {
        double value;
        struct ratio resolution;
        int64_t ticks;
    } rows[] = {
        { 0x1.73d7ef6cdb000p-13, { 5, 9223372036854775783 }, 327076999009690 },
        { -0x1.c618363e3480cp+17, { 1, 200 }, -46499285 },
        { -0x1.d1390426974aap+39, { 3, 1 }, -333019394329 },
        { -0x1.cacf8427b1110p+5, { 1, 3 }, -172 },
        { -0x1.5616d2766d796p+8, { 5, 1 }, -68 },
        { -0x1.b3efaef4770a6p-1, { 25, 9223372036854775783 }, -314125182909249207 },
        { -0x1.918ad4fa588bfp+15, { 1, 1 }, -51397 },
        { -0x1.5ca0751d84d52p+36, { 5, 3 }, -56150274331 },
        { -0x1.008372a32663ap-1, { 1, 9223372036854775783 }, -4620935835176986611 },
        { 0x1.ad4872c4f0361p+29, { 25, 1 }, 36010868 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t ticks = 77;
        assert_int_equal(number_ticks(rows[i].value, rows[i].resolution, &ticks), 0);
        assert_int_equal(ticks, rows[i].ticks);
    }
}

static void doubles_beyond_63_bits_overflow(void **state)
{
    (void)state;
    static const struct {
        double value;
        struct ratio resolution;
    } rows[] = {
        { 9223372036854775808.0, ONE }, { -9223372036854775808.0, ONE },
        { 9223372036854.778, MICRO },   { -1e13, MICRO },
        { 1e20, { 10, 1 } },            { DBL_MAX, ONE },
        { -DBL_MAX, { INT64_MAX, 1 } }, { 1e30, MICRO },
        { 1.5, { 1, INT64_MAX } },      { 3.4e38, { INT64_MAX, 1 } },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t ticks = 77;
        assert_int_equal(number_ticks(rows[i].value, rows[i].resolution, &ticks), NUMBER_OVERFLOW);
        assert_int_equal(ticks, 77);
    }
}

static void what_is_not_finite_has_no_ticks(void **state)
{
    (void)state;
    struct ratio one = ONE;
    int64_t ticks = 77;
    assert_int_equal(number_ticks((double)NAN, one, &ticks), NUMBER_MALFORMED);
    assert_int_equal(number_ticks((double)INFINITY, one, &ticks), NUMBER_MALFORMED);
    assert_int_equal(number_ticks(-(double)INFINITY, one, &ticks), NUMBER_MALFORMED);
    assert_int_equal(ticks, 77);
}

/* --- scaling --- */

static void scaling_rounds_half_to_even(void **state)
{
    (void)state;
    static const struct {
        int64_t a, num, den, result;
    } rows[] = {
        { 0, 5, 7, 0 },    { 5, 1, 10, 0 },   { 15, 1, 10, 2 },  { 25, 1, 10, 2 },
        { 35, 1, 10, 4 },  { -5, 1, 10, 0 },  { -15, 1, 10, -2 }, { 25, -1, 10, -2 },
        { -25, -1, 10, 2 }, { 26, 1, 10, 3 }, { 24, 1, 10, 2 },  { 1, 1, 3, 0 },
        { 2, 1, 3, 1 },    { 7, 4585, 10000, 3 }, { 1, 0, 1, 0 }, { 1, 1, 2, 0 },
        { 3, 1, 2, 2 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int128 result = 77;
        assert_int_equal(number_scale(rows[i].a, rows[i].num, rows[i].den, &result), 0);
        assert_true(result == rows[i].result);
    }
}

static void scaling_is_exact_at_the_ends_of_the_range(void **state)
{
    (void)state;
    const int128 big = (int128)1 << 100;
    const struct {
        int128 a, num, den, result;
    } rows[] = {
        { MOST, MOST, MOST, MOST },
        { -MOST, MOST, MOST, -MOST },
        { MOST, 1, MOST, 1 },
        { MOST, 2, 4, (int128)1 << 126 },               /* a tie, 2^126 - 1/2: up to the even one */
        { MOST - 2, 2, 4, ((int128)1 << 126) - 2 },     /* a tie, 2^126 - 3/2: down to it */
        { LEAST, 1, 2, -((int128)1 << 126) },
        { 1, LEAST, 2, -((int128)1 << 126) },
        { MOST / 2, 1, MOST, 0 },                       /* just below a half */
        { MOST / 2 + 1, 1, MOST, 1 },                   /* just above */
        { big + 1, big - 1, big, big },                 /* 2^100 - 2^-100 */
        { big, 3, 2 * big, 2 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int128 result = 77;
        assert_int_equal(number_scale(rows[i].a, rows[i].num, rows[i].den, &result), 0);
        assert_true(result == rows[i].result);
    }
}

/* Products of more than 128 bits, computed with exact fractions elsewhere; the last four are ties. */
static void scaling_is_exact_beyond_128_bits(void **state)
{
    (void)state;
    const struct {
        int128 a, num, den, result;
    } rows[] = {
        { -I128(0x00ec9910db5b5fab, 0x8f4d3e27dda1494c), I128(0x00000c27965eda32, 0xdae445508201e2bd),
          I128(0x658044299d2c67ed, 0xa13ffe7979cb9e86), -I128(0x0000001c5514469c, 0x777c66c5dfe0e9e8) },
        { I128(0x000000000136aed2, 0x7253edc618187993), -I128(0x0000000000000000, 0xcf44dd3f89e7d15f),
          I128(0x32b55eb9fb710734, 0x986e86cb0ab8ab67), -I128(0x0000000000000000, 0x0000000004f5e79c) },
        { I128(0x00a66b0d9d95847e, 0xbd299753a7677796), I128(0x0000000000000000, 0x8743feb6d4ea65d0),
          I128(0x00000003e12b2b8f, 0xb0b17d0b09208a65), I128(0x000000000016aa5d, 0xa98c874d0f93a8ce) },
        { -I128(0x29c3fb0976c468ae, 0xc7321cc007b37e14), -I128(0x0000000000000000, 0x3bd0334684e55160),
          I128(0x000015c1a9964aef, 0x812d0ea67ff12229), I128(0x00000000000072d2, 0x8e0e81c108cd283f) },
        { I128(0x0062f28d4a789cb3, 0xd8b9b45c1b98fbe4), I128(0x0000000000000000, 0xaf5570eed8e94b15),
          I128(0x00000000e90794df, 0xed52a24135b00a54), I128(0x00000000004a72f4, 0x4769796d1c9b8bad) },
        { -I128(0x0065bd9ab57a6a1d, 0xfaf8cda9601e5b45), I128(0x0000000000000000, 0xa123f50190f5380e),
          I128(0x27d5b79f164f1513, 0xd63e9bed45100358), -I128(0x0000000000000000, 0x019b90108f60b86d) },
        { -I128(0x000000000e58d9b8, 0xc1bb5b52127a6415), I128(0x00000001bee8d68a, 0x5254111cb45d9769),
          I128(0x0000cb8e9ee9c1e6, 0xcea1e7095cc660d2), -I128(0x0000000000001f7f, 0xbdb9da5d00af6f8a) },
        { -I128(0x000000000e58d9b8, 0xc1bb5b52127a6415), I128(0x00000001bee8d68a, 0x5f733438a1f8fd5b),
          I128(0x0000cb8e9ee9c1e6, 0xcea1e7095cc660d2), -I128(0x0000000000001f7f, 0xbdb9db49c2be60f0) },
        { I128(0x0000000150b581b0, 0x35198b6bf49e28cb), I128(0x000000002bc8d377, 0x91dedc0f1e02665f),
          I128(0x0000fdccdff29919, 0xfcb3fd39c9fb483e), I128(0x0000000000003a16, 0x6743ba0b32af8406) },
        { I128(0x0000000150b581b0, 0x35198b6bf49e28cb), I128(0x000000002bc8d377, 0x92389a6351bebde1),
          I128(0x0000fdccdff29919, 0xfcb3fd39c9fb483e), I128(0x0000000000003a16, 0x6743ba824204b09a) },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int128 result = 77;
        assert_int_equal(number_scale(rows[i].a, rows[i].num, rows[i].den, &result), 0);
        assert_true(result == rows[i].result);
    }
}

static void results_beyond_127_bits_overflow(void **state)
{
    (void)state;
    const struct {
        int128 a, num, den;
    } rows[] = {
        { MOST, 2, 1 },
        { MOST, MOST, 1 },
        { LEAST, 1, 1 },
        { LEAST, LEAST, MOST },             /* 2^127 + 1 */
        { LEAST, LEAST, 1 },
        { MOST, MOST, MOST - 1 },
        { (int128)1 << 126, -2, 1 },
        { MOST, 4, 3 },
        { MOST, MOST, ((int128)1 << 126) },  /* all ones and a remainder that would round up */
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int128 result = 77;
        assert_int_equal(number_scale(rows[i].a, rows[i].num, rows[i].den, &result),
                         NUMBER_OVERFLOW);
        assert_true(result == 77);
    }
}

static void adding_tells_an_overflow(void **state)
{
    (void)state;
    int128 sum = 77;
    assert_int_equal(number_add(MOST, 1, &sum), NUMBER_OVERFLOW);
    assert_int_equal(number_add(LEAST, -1, &sum), NUMBER_OVERFLOW);
    assert_true(sum == 77);
    assert_int_equal(number_add(MOST, -1, &sum), 0);
    assert_true(sum == MOST - 1);
    assert_int_equal(number_add(MOST, LEAST, &sum), 0);
    assert_true(sum == -1);
}

static void ratios_multiply_in_lowest_terms(void **state)
{
    (void)state;
    static const struct {
        struct ratio a, b, product;
    } rows[] = {
        { { 1, 2 }, { 2, 3 }, { 1, 3 } },
        { { -1, 2 }, { 2, 3 }, { -1, 3 } },
        { { 0, 7 }, { 5, 9 }, { 0, 1 } },
        { { 4, 6 }, { 10, 4 }, { 5, 3 } },
        { { INT64_MAX, 1 }, { 1, INT64_MAX }, { 1, 1 } },
        { { INT64_MAX, 2 }, { 2, 1 }, { INT64_MAX, 1 } },
        { { INT64_MIN, 1 }, { 1, 2 }, { INT64_MIN / 2, 1 } },
        { { 3600, 1 }, { 1, 1000000 }, { 9, 2500 } },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ratio product = { 77, 7 };
        assert_int_equal(ratio_multiply(rows[i].a, rows[i].b, &product), 0);
        assert_int_equal(product.num, rows[i].product.num);
        assert_int_equal(product.den, rows[i].product.den);
    }
}

static void ratios_that_do_not_fit_overflow(void **state)
{
    (void)state;
    struct ratio product = { 77, 7 };
    struct ratio most = { INT64_MAX, 1 }, least = { 1, INT64_MAX }, two = { 2, 1 }, half = { 1, 2 };
    assert_int_equal(ratio_multiply(most, two, &product), NUMBER_OVERFLOW);
    assert_int_equal(ratio_multiply(least, half, &product), NUMBER_OVERFLOW);
    assert_int_equal(ratio_multiply(most, most, &product), NUMBER_OVERFLOW);
    assert_int_equal(product.num, 77);
}

/* --- texts --- */

static void integers_of_128_bits_print(void **state)
{
    (void)state;
    const struct {
        int128 v;
        const char *text, *micro;
    } rows[] = {
        { 0, "0", "0.000000" },
        { 7, "7", "0.000007" },
        { -7, "-7", "-0.000007" },
        { -1500000, "-1500000", "-1.500000" },
        { 999999999999999999, "999999999999999999", "999999999999.999999" },
        { 1000000000000000000, "1000000000000000000", "1000000000000.000000" },
        { (int128)1000000000000000000 * 1000000000000000000, "1000000000000000000000000000000000000",
          "1000000000000000000000000000000.000000" },
        { (int128)1000000000000000000 * 1000000000000000000 + 5,
          "1000000000000000000000000000000000005", "1000000000000000000000000000000.000005" },
        { MOST, "170141183460469231731687303715884105727",
          "170141183460469231731687303715884.105727" },
        { LEAST, "-170141183460469231731687303715884105728",
          "-170141183460469231731687303715884.105728" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[48];
        int128_print(rows[i].v, text);
        assert_string_equal(text, rows[i].text);
        micro_print(rows[i].v, text);
        assert_string_equal(text, rows[i].micro);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimals_are_read_as_written),
        cmocka_unit_test(what_is_no_decimal_is_refused),
        cmocka_unit_test(decimals_that_do_not_fit_overflow),
        cmocka_unit_test(a_decimal_reads_no_further_than_its_slice),
        cmocka_unit_test(decimals_print_plain),
        cmocka_unit_test(doubles_become_ticks_half_to_even_from_their_binary_value),
        cmocka_unit_test(ticks_agree_with_exact_fractions),
        cmocka_unit_test(doubles_beyond_63_bits_overflow),
        cmocka_unit_test(what_is_not_finite_has_no_ticks),
        cmocka_unit_test(scaling_rounds_half_to_even),
        cmocka_unit_test(scaling_is_exact_at_the_ends_of_the_range),
        cmocka_unit_test(scaling_is_exact_beyond_128_bits),
        cmocka_unit_test(results_beyond_127_bits_overflow),
        cmocka_unit_test(adding_tells_an_overflow),
        cmocka_unit_test(ratios_multiply_in_lowest_terms),
        cmocka_unit_test(ratios_that_do_not_fit_overflow),
        cmocka_unit_test(integers_of_128_bits_print),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
