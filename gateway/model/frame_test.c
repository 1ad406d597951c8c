/* Log book entries: every kind there and back, its bytes as drawn, and every way to be too short or
 * too long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/frame.h"

static const struct entry *every_kind(size_t *n)
{
    static struct entry entries[12];
    entries[0] = (struct entry){ .kind = FRAME_GENESIS,
                                 .gateway_epoch = UINT64_C(0x1122334455667788),
                                 .epoch_ordinal = 1,
                                 .gateway_id = slice_of("gw-1") };
    entries[1] = (struct entry){ .kind = FRAME_START,
                                 .version = slice_of("0.1.0"),
                                 .tzdata = slice_of("2024a") };
    entries[2] = (struct entry){ .kind = FRAME_CONFIG, .yaml = slice_of("gateway: gw-1\n") };
    entries[3] =
        (struct entry){ .kind = FRAME_TOOK, .intake = 2, .journal_id = 7, .until = UINT64_MAX };
    entries[4] = (struct entry){
        .kind = FRAME_LOST, .intake = 1, .journal_id = 9, .from = 4701, .until = 5000
    };
    entries[5] = (struct entry){ .kind = FRAME_TICK };
    entries[6] = (struct entry){ .kind = FRAME_CLOSE };
    entries[7] = (struct entry){ .kind = FRAME_HOLE, .why = slice_of("the store was lost") };
    entries[8] = (struct entry){ .kind = FRAME_DROP, .epoch_ordinal = 2, .from = 5, .until = 6,
                                 .start_us = -1, .end_us = 900 };
    entries[9] = (struct entry){ .kind = FRAME_FORGET, .before_us = -5 };
    entries[10] = (struct entry){ .kind = FRAME_REBUILT };
    entries[11] = (struct entry){ .kind = FRAME_ORDER, .verb = 5, .request = slice_of("8f"),
                                  .who = slice_of("kim"), .why = slice_of("audit"),
                                  .yaml = slice_of("site: plant\n") };
    *n = sizeof entries / sizeof entries[0];
    return entries;
}

static struct frame frame_of(const struct entry *e, struct slice rest)
{
    return (struct frame){ .sequence = 12,
                           .boottime_us = 34,
                           .clock = { .offset_us = 56 },
                           .kind = e->kind,
                           .rest = rest };
}

static void assert_same_fields(const struct entry *a, const struct entry *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->intake, b->intake);
    assert_int_equal(a->journal_id, b->journal_id);
    assert_int_equal(a->from, b->from);
    assert_int_equal(a->until, b->until);
    assert_int_equal(a->gateway_epoch, b->gateway_epoch);
    assert_int_equal(a->epoch_ordinal, b->epoch_ordinal);
    assert_int_equal(a->start_us, b->start_us);
    assert_int_equal(a->end_us, b->end_us);
    assert_int_equal(a->before_us, b->before_us);
    assert_true(slice_equal(a->gateway_id, b->gateway_id));
    assert_true(slice_equal(a->version, b->version));
    assert_true(slice_equal(a->tzdata, b->tzdata));
    assert_true(slice_equal(a->yaml, b->yaml));
    assert_true(slice_equal(a->why, b->why));
    assert_true(slice_equal(a->who, b->who));
    assert_true(slice_equal(a->request, b->request));
    assert_int_equal(a->verb, b->verb);
}

static void every_entry_comes_back_as_it_was_written(void **state)
{
    (void)state;
    size_t n;
    const struct entry *entries = every_kind(&n);
    for (size_t i = 0; i < n; i++) {
        struct buffer b = { 0 };
        entry_write(&entries[i], &b);
        struct frame f = frame_of(&entries[i], buffer_slice(&b));
        struct entry back;
        assert_int_equal(entry_read(&f, &back), 0);
        assert_same_fields(&entries[i], &back);
        assert_int_equal(back.sequence, 12);
        assert_int_equal(back.boottime_us, 34);
        assert_int_equal(back.clock.offset_us, 56);
        buffer_fini(&b);
    }
}

static void an_entry_cut_short_or_with_bytes_left_over_is_malformed(void **state)
{
    (void)state;
    size_t n;
    const struct entry *entries = every_kind(&n);
    for (size_t i = 0; i < n; i++) {
        if (entries[i].kind == FRAME_CONFIG || entries[i].kind == FRAME_ORDER)
            continue; /* goes to the end of the frame, wherever that is */
        struct buffer b = { 0 };
        entry_write(&entries[i], &b);
        struct entry untouched = { .kind = 99 };
        for (size_t size = 0; size < b.size; size++) {
            struct frame f = frame_of(&entries[i], (struct slice){ b.at, size });
            assert_int_equal(entry_read(&f, &untouched), 1);
        }
        buffer_put_u8(&b, 0);
        struct frame f = frame_of(&entries[i], buffer_slice(&b));
        assert_int_equal(entry_read(&f, &untouched), 1);
        assert_int_equal(untouched.kind, 99);
        buffer_fini(&b);
    }
}

/* The bytes are a format: other versions and other programs read them. */
static void bytes_are_as_drawn(void **state)
{
    (void)state;
    struct buffer b = { 0 };
    struct entry took = { .kind = FRAME_TOOK, .intake = 0x0102, .journal_id = 3, .until = 0x0405 };
    entry_write(&took, &b);
    static const uint8_t took_bytes[] = { 2, 1, 3, 0, 0, 0, 0, 0, 0, 0, 5, 4, 0, 0, 0, 0, 0, 0 };
    assert_int_equal(b.size, sizeof took_bytes);
    assert_memory_equal(b.at, took_bytes, sizeof took_bytes);

    buffer_clear(&b);
    struct entry start = { .kind = FRAME_START,
                           .version = slice_of("1"),
                           .tzdata = slice_of("2a") };
    entry_write(&start, &b);
    static const uint8_t start_bytes[] = { 1, 0, 0, 0, '1', 2, 0, 0, 0, '2', 'a' };
    assert_int_equal(b.size, sizeof start_bytes);
    assert_memory_equal(b.at, start_bytes, sizeof start_bytes);
    buffer_fini(&b);
}

static void kinds_of_an_intake_are_no_entries(void **state)
{
    (void)state;
    static const uint8_t kinds[] = { 0, FRAME_CLOCK, FRAME_MESSAGE, FRAME_TOO_LARGE, 15, 25, 255 };
    for (size_t i = 0; i < sizeof kinds; i++) {
        struct frame f = { .kind = kinds[i] };
        struct entry e;
        assert_int_equal(entry_read(&f, &e), 1);
    }
}

static void impossible_fields_are_malformed(void **state)
{
    (void)state;
    struct entry out;
    struct entry lost = { .kind = FRAME_LOST, .from = 10, .until = 9 };
    struct entry genesis = { .kind = FRAME_GENESIS,
                             .epoch_ordinal = 0,
                             .gateway_id = slice_of("g") };
    struct entry drop = { .kind = FRAME_DROP, .epoch_ordinal = 1, .from = 10, .until = 9 };
    const struct entry *wrong[] = { &lost, &genesis, &drop };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct buffer b = { 0 };
        entry_write(wrong[i], &b);
        struct frame f = frame_of(wrong[i], buffer_slice(&b));
        assert_int_equal(entry_read(&f, &out), 1);
        buffer_fini(&b);
    }
}

static void a_payload_too_large_keeps_its_first_kilobyte(void **state)
{
    (void)state;
    static uint8_t payload[3000];
    memset(payload, 'x', sizeof payload);
    struct buffer b = { 0 };
    struct too_large t = { .payload_size = sizeof payload,
                           .hash = 77,
                           .head = { payload, sizeof payload } };
    too_large_write(&t, &b);
    assert_int_equal(b.size, 16 + FRAME_TOO_LARGE_KEEPS);

    struct too_large back;
    assert_int_equal(too_large_read(buffer_slice(&b), &back), 0);
    assert_int_equal(back.payload_size, sizeof payload);
    assert_int_equal(back.hash, 77);
    assert_int_equal(back.head.size, FRAME_TOO_LARGE_KEEPS);
    assert_memory_equal(back.head.at, payload, FRAME_TOO_LARGE_KEEPS);

    buffer_put_u8(&b, 'x');
    assert_int_equal(too_large_read(buffer_slice(&b), &back), 1);
    assert_int_equal(too_large_read((struct slice){ b.at, 15 }, &back), 1);
    assert_int_equal(too_large_read((struct slice){ b.at, 16 }, &back), 0);
    assert_int_equal(back.head.size, 0);
    buffer_fini(&b);
}

static void a_head_longer_than_its_payload_is_malformed(void **state)
{
    (void)state;
    struct buffer b = { 0 };
    struct too_large t = { .payload_size = 2, .head = slice_of("abc") }, back;
    too_large_write(&t, &b);
    assert_int_equal(too_large_read(buffer_slice(&b), &back), 1);
    buffer_fini(&b);
}

static void wall_time_is_boottime_and_offset(void **state)
{
    (void)state;
    struct frame f = { .boottime_us = 1000, .clock = { .offset_us = -3000 } };
    assert_int_equal(frame_wall_us(&f), -2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_entry_comes_back_as_it_was_written),
        cmocka_unit_test(an_entry_cut_short_or_with_bytes_left_over_is_malformed),
        cmocka_unit_test(bytes_are_as_drawn),
        cmocka_unit_test(kinds_of_an_intake_are_no_entries),
        cmocka_unit_test(impossible_fields_are_malformed),
        cmocka_unit_test(a_payload_too_large_keeps_its_first_kilobyte),
        cmocka_unit_test(a_head_longer_than_its_payload_is_malformed),
        cmocka_unit_test(wall_time_is_boottime_and_offset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
