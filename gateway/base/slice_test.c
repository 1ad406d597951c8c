#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/slice.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* The bytes of a literal, NULs within it included. */
#define BYTES(literal)                                                                             \
    {                                                                                              \
        (const uint8_t *)(literal), sizeof(literal) - 1                                            \
    }

static void nothing_is_the_empty_slice(void **state)
{
    (void)state;
    assert_int_equal(slice_of(NULL).size, 0);
    assert_int_equal(slice_of("abc").size, 3);
    assert_true(slice_equal(slice_of(NULL), slice_of("")));
    assert_true(slice_is_clean_text(slice_of(NULL)));
    assert_int_equal(slice_compare(slice_of(NULL), slice_of("")), 0);
}

static void equal_means_every_byte(void **state)
{
    (void)state;
    struct slice a = BYTES("a\0b"), b = BYTES("a\0c"), short_a = BYTES("a");
    assert_true(slice_equal(a, a));
    assert_false(slice_equal(a, b));
    assert_false(slice_equal(a, short_a));
    assert_false(slice_equal(slice_of(""), short_a));
}

static void order_is_by_byte_and_the_shorter_first(void **state)
{
    (void)state;
    const struct slice sorted[] = {
        BYTES(""), BYTES("\0"), BYTES("a"), BYTES("a\0"), BYTES("aa"), BYTES("b"), BYTES("\xff"),
    };
    for (size_t i = 0; i < COUNT(sorted); i++) {
        for (size_t j = 0; j < COUNT(sorted); j++) {
            int order = slice_compare(sorted[i], sorted[j]);
            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
        }
    }
}

static void clean_text_is_utf8_without_controls(void **state)
{
    (void)state;
    const struct slice clean[] = {
        BYTES(""),
        BYTES("plant-a/meter 7 ~"),
        BYTES("\xc2\xa0"),                 /* U+00A0, the first behind the C1 controls */
        BYTES("\xdf\xbf\xe0\xa0\x80"),     /* U+07FF, U+0800 */
        BYTES("\xea\xb0\x80\xed\x9f\xbf"), /* U+AC00, U+D7FF */
        BYTES("\xee\x80\x80\xef\xbf\xbd"), /* U+E000, U+FFFD */
        BYTES("\xf0\x90\x80\x80"),         /* U+10000 */
        BYTES("\xf4\x8f\xbf\xbf"),         /* U+10FFFF */
    };
    for (size_t i = 0; i < COUNT(clean); i++)
        assert_true(slice_is_clean_text(clean[i]));
}

static void text_that_is_not_clean_is_told(void **state)
{
    (void)state;
    const struct slice unclean[] = {
        BYTES("a\0b"),
        BYTES("line\n"),
        BYTES("\x1b[31m"),
        BYTES("\x7f"),
        BYTES("\xc2\x80"), /* U+0080 and U+009F: C1 controls */
        BYTES("\xc2\x9f"),
        BYTES("\x80"), /* a tail without a head */
        BYTES("\xc3"), /* heads without their tails */
        BYTES("\xe2\x82"),
        BYTES("\xf0\x9f\x98"),
        BYTES("\xc3("),
        BYTES("\xe2\x28\xa1"),
        BYTES("\xc0\xaf"), /* overlong */
        BYTES("\xc1\xbf"),
        BYTES("\xe0\x80\xaf"),
        BYTES("\xf0\x80\x80\xaf"),
        BYTES("\xed\xa0\x80"), /* surrogates */
        BYTES("\xed\xbf\xbf"),
        BYTES("\xef\xbf\xbe"), /* U+FFFE, U+FFFF */
        BYTES("\xef\xbf\xbf"),
        BYTES("\xf4\x90\x80\x80"), /* U+110000 */
        BYTES("\xf8\x88\x80\x80\x80"),
        BYTES("\xff"),
    };
    for (size_t i = 0; i < COUNT(unclean); i++)
        assert_false(slice_is_clean_text(unclean[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_the_empty_slice),
        cmocka_unit_test(equal_means_every_byte),
        cmocka_unit_test(order_is_by_byte_and_the_shorter_first),
        cmocka_unit_test(clean_text_is_utf8_without_controls),
        cmocka_unit_test(text_that_is_not_clean_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
