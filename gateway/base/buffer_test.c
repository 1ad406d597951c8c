#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"

#define I128(high, low) ((int128)(high) << 64 | (low))

static void what_is_put_is_read_back(void **state)
{
    (void)state;
    const int128 large = -I128(0x0123456789abcdef, 0xfedcba9876543210);
    struct buffer b = { 0 };
    buffer_put_u8(&b, 0xff);
    buffer_put_u16(&b, 0xfffe);
    buffer_put_u32(&b, 0xfffffffd);
    buffer_put_u64(&b, UINT64_MAX - 3);
    buffer_put_i64(&b, INT64_MIN);
    buffer_put_i128(&b, large);
    buffer_put_i128(&b, -1);
    buffer_put_text(&b, "site");
    buffer_put_slice(&b, (struct slice){ 0 });
    buffer_put(&b, "tail", 4);

    struct cursor c = cursor_of(buffer_slice(&b));
    assert_int_equal(cursor_u8(&c), 0xff);
    assert_int_equal(cursor_u16(&c), 0xfffe);
    assert_int_equal(cursor_u32(&c), 0xfffffffd);
    assert_true(cursor_u64(&c) == UINT64_MAX - 3);
    assert_true(cursor_i64(&c) == INT64_MIN);
    assert_true(cursor_i128(&c) == large);
    assert_true(cursor_i128(&c) == -1);
    assert_true(slice_equal(cursor_slice(&c), slice_of("site")));
    assert_int_equal(cursor_slice(&c).size, 0);
    assert_true(slice_equal(cursor_bytes(&c, 2), slice_of("ta")));
    assert_true(slice_equal(cursor_rest(&c), slice_of("il")));
    assert_int_equal(cursor_rest(&c).size, 0);
    assert_false(c.has_failed);
    buffer_fini(&b);
}

static void integers_stand_little_endian(void **state)
{
    (void)state;
    static const uint8_t expected[] = {
        0x01, 0x03, 0x02, 0x07, 0x06, 0x05, 0x04, 0xfe, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0x02, 0x00, 0x00, 0x00, 'h',  'i',
    };
    struct buffer b = { 0 };
    buffer_put_u8(&b, 1);
    buffer_put_u16(&b, 0x0203);
    buffer_put_u32(&b, 0x04050607);
    buffer_put_i64(&b, -2);
    buffer_put_text(&b, "hi");
    assert_true(slice_equal(buffer_slice(&b), (struct slice){ expected, sizeof expected }));

    buffer_clear(&b);
    buffer_put_i128(&b, I128(0x0f0e0d0c0b0a0908, 0x0706050403020100));
    for (uint8_t i = 0; i < 16; i++)
        assert_int_equal(b.at[i], i);
    buffer_fini(&b);
}

static void past_the_end_a_cursor_gives_zeros_and_remembers(void **state)
{
    (void)state;
    static const uint8_t three[] = { 1, 2, 3 };
    struct cursor c = cursor_of((struct slice){ three, 3 });
    assert_int_equal(cursor_u8(&c), 1);
    assert_int_equal(cursor_u32(&c), 0);
    assert_true(c.has_failed);
    assert_int_equal(cursor_u8(&c), 0); /* not the 2: what follows is not to be trusted */
    assert_int_equal(cursor_u16(&c), 0);
    assert_true(cursor_u64(&c) == 0);
    assert_true(cursor_i128(&c) == 0);
    assert_int_equal(cursor_slice(&c).size, 0);
    assert_int_equal(cursor_bytes(&c, 1).size, 0);
    assert_int_equal(cursor_rest(&c).size, 0);
    assert_true(c.has_failed);
}

static void half_a_large_integer_is_none(void **state)
{
    (void)state;
    static const uint8_t twelve[12] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
    struct cursor c = cursor_of((struct slice){ twelve, sizeof twelve });
    assert_true(cursor_i128(&c) == 0);
    assert_true(c.has_failed);
}

static void a_slice_longer_than_its_input_fails(void **state)
{
    (void)state;
    static const uint8_t lies[] = { 0xff, 0xff, 0xff, 0xff, 'a', 'b' };
    struct cursor c = cursor_of((struct slice){ lies, sizeof lies });
    struct slice s = cursor_slice(&c);
    assert_int_equal(s.size, 0);
    assert_true(c.has_failed);

    c = cursor_of((struct slice){ lies, sizeof lies });
    assert_int_equal(cursor_bytes(&c, SIZE_MAX).size, 0);
    assert_true(c.has_failed);
}

static void an_empty_input_is_at_its_end(void **state)
{
    (void)state;
    struct cursor c = cursor_of((struct slice){ 0 });
    assert_int_equal(cursor_rest(&c).size, 0);
    assert_int_equal(cursor_bytes(&c, 0).size, 0);
    assert_false(c.has_failed);
    assert_int_equal(cursor_u8(&c), 0);
    assert_true(c.has_failed);
}

static void a_buffer_grows_and_keeps_what_it_holds(void **state)
{
    (void)state;
    struct buffer b = { 0 };
    for (uint32_t i = 0; i < 100000; i++)
        buffer_put_u32(&b, i);
    assert_int_equal(b.size, 400000);
    struct cursor c = cursor_of(buffer_slice(&b));
    for (uint32_t i = 0; i < 100000; i++)
        assert_int_equal(cursor_u32(&c), i);
    assert_false(c.has_failed);

    const uint8_t *at = b.at;
    buffer_clear(&b);
    assert_int_equal(buffer_slice(&b).size, 0);
    buffer_put_u8(&b, 1);
    assert_ptr_equal(b.at, at);
    buffer_fini(&b);
    buffer_fini(&b);
}

static void extending_gives_room_to_fill(void **state)
{
    (void)state;
    struct buffer b = { 0 };
    buffer_put(&b, "x", 1);
    memset(buffer_extend(&b, 1000), 'y', 1000);
    assert_int_equal(b.size, 1001);
    assert_int_equal(b.at[1000], 'y');
    assert_non_null(buffer_extend(&b, 0));
    buffer_put(&b, NULL, 0);
    assert_int_equal(b.size, 1001);
    buffer_fini(&b);
}

static void printing_appends_without_a_nul(void **state)
{
    (void)state;
    struct buffer b = { 0 };
    buffer_print(&b, "%s", "");
    assert_int_equal(b.size, 0);
    buffer_print(&b, "%d-", 7);
    buffer_print(&b, "%s", "é");
    assert_true(slice_equal(buffer_slice(&b), slice_of("7-é")));

    /* Longer than the room, and exactly as long as it: both need a second go. */
    for (int width = 200; width < 300; width++) {
        buffer_fini(&b);
        buffer_print(&b, "%*d", width, 5);
        assert_int_equal(b.size, width);
        assert_int_equal(b.at[width - 1], '5');
    }
    buffer_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_is_read_back),
        cmocka_unit_test(integers_stand_little_endian),
        cmocka_unit_test(past_the_end_a_cursor_gives_zeros_and_remembers),
        cmocka_unit_test(half_a_large_integer_is_none),
        cmocka_unit_test(a_slice_longer_than_its_input_fails),
        cmocka_unit_test(an_empty_input_is_at_its_end),
        cmocka_unit_test(a_buffer_grows_and_keeps_what_it_holds),
        cmocka_unit_test(extending_gives_room_to_fill),
        cmocka_unit_test(printing_appends_without_a_nul),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
