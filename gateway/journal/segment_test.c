/* The format and the rule by which a frame counts: every promise of the drawing in segment.c. */
#include "journal/scratch_test.h"

#include "base/hash.h"

#define MEMORY 65536u

/* A segment in memory, begun. */
static struct segment in_memory(size_t size)
{
    struct segment s = { .journal_id = 7, .epoch = UINT64_C(0x1122334455667788), .ordinal = 3,
                         .previous = 40, .first = 41, .begun_wall_us = 1700000000000000 };
    s.map.at = aligned_alloc(4096, (size + 4095) & ~(size_t)4095);
    assert_non_null(s.map.at);
    memset(s.map.at, 0, size);
    s.map.size = size;
    segment_begin(&s);
    return s;
}

static struct frame text_frame(uint64_t sequence, const char *topic, const char *rest)
{
    return (struct frame){ .sequence = sequence, .boottime_us = 1000 + sequence,
                           .kind = FRAME_MESSAGE, .flags = 5,
                           .topic = slice_of(topic), .rest = slice_of(rest) };
}

static size_t put_text(struct segment *s, size_t at, uint64_t sequence, const char *rest)
{
    struct frame f = text_frame(sequence, "t", rest);
    return at + segment_put(s, at, &f);
}

static void written_frame_reads_back(void **state)
{
    (void)state;
    static uint8_t bytes[JOURNAL_BODY_MAX];
    memset(bytes, 0xa5, sizeof bytes);
    static const struct { size_t topic, rest; } cases[] = {
        { 0, 0 }, { 1, 0 }, { 0, 1 }, { 3, 4 }, { 30, 60 }, { 65535, 0 }, { 65535, 12345 },
        { 0, JOURNAL_BODY_MAX }, { 100, JOURNAL_BODY_MAX - 100 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct segment s = in_memory(SEGMENT_FRAMES_AT + JOURNAL_BODY_MAX + 64);
        struct frame f = { .sequence = 41, .boottime_us = 99, .kind = FRAME_MESSAGE, .flags = 9,
                           .topic = { bytes, cases[i].topic }, .rest = { bytes, cases[i].rest } };
        size_t size = segment_put(&s, SEGMENT_FRAMES_AT, &f);
        assert_int_equal(size, segment_frame_size(cases[i].topic, cases[i].rest));
        assert_int_equal(size % 8, 0);
        assert_int_equal(segment_check(&s, SEGMENT_FRAMES_AT, 41), size);
        struct frame back = {0};
        segment_frame(&s, SEGMENT_FRAMES_AT, &back);
        assert_int_equal(back.sequence, 41);
        assert_int_equal(back.boottime_us, 99);
        assert_int_equal(back.kind, FRAME_MESSAGE);
        assert_int_equal(back.flags, 9);
        assert_true(slice_equal(back.topic, f.topic));
        assert_true(slice_equal(back.rest, f.rest));
        free(s.map.at);
    }
}

/* If this fails, the format changed: raise SEGMENT_VERSION and go on reading the old one. */
static void format_is_frozen(void **state)
{
    (void)state;
    static const uint8_t header[72] = {
        'C', 'G', 'W', 'J', 'R', 'N', 'L', 0,  1, 0, 0, 0, 0, 0, 0, 0,
        7, 0, 0, 0, 0, 0, 0, 0,                0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
        3, 0, 0, 0, 0, 0, 0, 0,                40, 0, 0, 0, 0, 0, 0, 0,
        41, 0, 0, 0, 0, 0, 0, 0,               0x00, 0x40, 0x1e, 0x18, 0x24, 0x0a, 0x06, 0x00,
        0xaa, 0x3c, 0xd8, 0x06, 0x4b, 0xa8, 0xed, 0x1b,
    };
    static const uint8_t frame[40] = {
        11, 0, 0, 0, 0xd1, 0x66, 0x81, 0xf4,              41, 0, 0, 0, 0, 0, 0, 0,
        17, 4, 0, 0, 0, 0, 0, 0,               2, 5, 3, 0, 'a', '/', 'b', 'w',
        'a', 't', 't', 0, 0, 0, 0, 0
    };
    struct segment s = in_memory(MEMORY);
    struct frame f = text_frame(41, "a/b", "watt");
    assert_int_equal(segment_put(&s, SEGMENT_FRAMES_AT, &f), sizeof frame);
    assert_memory_equal(s.map.at, header, sizeof header);
    assert_memory_equal(s.map.at + SEGMENT_FRAMES_AT, frame, sizeof frame);
    assert_int_equal(segment_torn(&s, sizeof header), SEGMENT_FRAMES_AT - sizeof header + 35);
    free(s.map.at);
}

static void every_flipped_bit_of_a_frame_is_noticed(void **state)
{
    (void)state;
    struct segment s = in_memory(MEMORY);
    size_t end = put_text(&s, SEGMENT_FRAMES_AT, 41, "the meter says 12.5 kWh");
    put_text(&s, end, 42, "next");
    size_t used = 24 + 4 + 1 + strlen("the meter says 12.5 kWh");
    for (size_t bit = 0; bit < 8 * used; bit++) {
        uint8_t *byte = s.map.at + SEGMENT_FRAMES_AT + bit / 8;
        *byte ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(segment_check(&s, SEGMENT_FRAMES_AT, 41), 0);
        struct segment_scan scan = segment_scan(&s);
        assert_int_equal(scan.last, 42);
        assert_int_equal(scan.missing, 1);
        assert_int_equal(scan.missing_first, 41);
        *byte ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(segment_scan(&s).missing, 0);
    free(s.map.at);
}

static void frame_counts_only_where_it_belongs(void **state)
{
    (void)state;
    struct segment s = in_memory(MEMORY);
    size_t end = put_text(&s, SEGMENT_FRAMES_AT, 41, "x");
    assert_true(segment_check(&s, SEGMENT_FRAMES_AT, 41) > 0);
    assert_int_equal(segment_check(&s, SEGMENT_FRAMES_AT, 40), 0);
    assert_int_equal(segment_check(&s, SEGMENT_FRAMES_AT, 42), 0);
    assert_int_equal(segment_check(&s, end, 42), 0);

    s.epoch ^= 1;                             /* the same bytes in another segment */
    assert_int_equal(segment_check(&s, SEGMENT_FRAMES_AT, 41), 0);
    s.epoch ^= 1;

    s.map.size = end - 1;                     /* cut inside its padding: what counts is there */
    assert_true(segment_check(&s, SEGMENT_FRAMES_AT, 41) > 0);
    s.map.size = SEGMENT_FRAMES_AT + 29;             /* and now the last byte of its body is not */
    assert_int_equal(segment_check(&s, SEGMENT_FRAMES_AT, 41), 0);
    assert_int_equal(segment_check(&s, SEGMENT_FRAMES_AT + 4096, 41), 0);
    free(s.map.at);
}

/* A checksum that holds does not make a body that cannot be. */
static void topic_beyond_its_body_does_not_count(void **state)
{
    (void)state;
    struct segment s = in_memory(MEMORY);
    put_text(&s, SEGMENT_FRAMES_AT, 41, "abc");
    uint8_t *p = s.map.at + SEGMENT_FRAMES_AT;
    for (unsigned topic = 0; topic < 8; topic++) {
        p[26] = (uint8_t)topic;
        uint32_t sum = (uint32_t)hash_bytes((struct slice){ p + 8, 16 + p[0] }, s.epoch);
        for (unsigned i = 0; i < 4; i++)
            p[4 + i] = (uint8_t)(sum >> 8 * i);
        assert_int_equal(segment_check(&s, SEGMENT_FRAMES_AT, 41) > 0, topic <= 4);
    }
    free(s.map.at);
}

static void scan_goes_around_holes(void **state)
{
    (void)state;
    struct segment s = in_memory(MEMORY);
    size_t at[12] = { SEGMENT_FRAMES_AT };
    for (unsigned i = 0; i < 10; i++)
        at[i + 1] = put_text(&s, at[i], 41 + i, "one of ten");
    memset(s.map.at + at[2], 0, at[4] - at[2]);       /* 43 and 44, a lost page */
    s.map.at[at[7] + 30] ^= 1;                        /* 48, a flipped bit */
    struct segment_scan scan = segment_scan(&s);
    assert_int_equal(scan.last, 50);
    assert_int_equal(scan.end, at[10]);
    assert_int_equal(scan.missing, 3);
    assert_int_equal(scan.missing_first, 43);
    free(s.map.at);
}

static void implausible_number_is_not_found_again(void **state)
{
    (void)state;
    struct segment s = in_memory(MEMORY);
    size_t found_at = 0;
    put_text(&s, SEGMENT_FRAMES_AT + 64, 44, "too high by one: two frames fit before it");
    assert_int_equal(segment_seek(&s, SEGMENT_FRAMES_AT, 41, &found_at), 0);
    put_text(&s, SEGMENT_FRAMES_AT + 1024, 41, "the missing one itself, elsewhere");
    assert_int_equal(segment_seek(&s, SEGMENT_FRAMES_AT, 41, &found_at), 0);
    put_text(&s, SEGMENT_FRAMES_AT + 2048, 43, "plausible");
    assert_int_equal(segment_seek(&s, SEGMENT_FRAMES_AT, 41, &found_at), 43);
    assert_int_equal(found_at, SEGMENT_FRAMES_AT + 2048);
    free(s.map.at);
}

static void torn_bytes_reach_to_the_last_that_is_not_zero(void **state)
{
    (void)state;
    static const size_t places[] = { 0, 1, 7, 8, 9, 4095, 4096, MEMORY - SEGMENT_FRAMES_AT - 1 };
    struct segment s = in_memory(MEMORY);
    assert_int_equal(segment_torn(&s, SEGMENT_FRAMES_AT), 0);
    assert_int_equal(segment_torn(&s, MEMORY), 0);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        s.map.at[SEGMENT_FRAMES_AT + places[i]] = 1;
        assert_int_equal(segment_torn(&s, SEGMENT_FRAMES_AT), places[i] + 1);
        segment_clear(&s, SEGMENT_FRAMES_AT, places[i] + 1);
        assert_int_equal(segment_torn(&s, SEGMENT_FRAMES_AT), 0);
    }
    s.map.size = MEMORY - 3;                          /* a file that was cut short */
    s.map.at[MEMORY - 4] = 1;
    assert_int_equal(segment_torn(&s, SEGMENT_FRAMES_AT), MEMORY - 3 - SEGMENT_FRAMES_AT);
    free(s.map.at);
}

static void clock_rest_reads_back(void **state)
{
    (void)state;
    struct frame_clock c = { .boot_id = { 1, 2, 3, [15] = 16 },
                             .offset_us = -5, .is_synchronised = true };
    struct frame_clock back = {0};
    uint8_t rest[SEGMENT_CLOCK_REST];
    segment_clock_write(&c, rest);
    assert_int_equal(segment_clock_read((struct slice){ rest, sizeof rest }, &back), 0);
    assert_memory_equal(back.boot_id, c.boot_id, 16);
    assert_int_equal(back.offset_us, -5);
    assert_true(back.is_synchronised);
    assert_int_equal(segment_clock_read((struct slice){ rest, sizeof rest - 1 }, &back), 1);
}

static void name_says_ordinal_and_fate(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool is_segment;
        uint64_t ordinal;
        bool is_set_aside;
    } cases[] = {
        { "000000000001.segment", true, 1, false },
        { "000000004711.segment.damaged", true, 4711, true },
        { "1234567890123.segment", true, UINT64_C(1234567890123), false },
        { "1.segment", false, 0, false },
        { "000000000001.segment.new", false, 0, false },
        { "000000000001.segmen", false, 0, false },
        { "00000000000x.segment", false, 0, false },
        { "9999999999999999999999.segment", false, 0, false },
        { "lock", false, 0, false },
        { "", false, 0, false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t ordinal = 0;
        bool is_set_aside = false;
        assert_int_equal(segment_name_parse(cases[i].name, &ordinal, &is_set_aside),
                         cases[i].is_segment);
        assert_int_equal(ordinal, cases[i].ordinal);
        assert_int_equal(is_set_aside, cases[i].is_set_aside);
    }
}

static void make_file(struct scratch *s, uint64_t ordinal)
{
    char path[PATH_MAX];
    segment_path(s->path, ordinal, path, sizeof path);
    assert_int_equal(file_allocate(path, MEMORY), 0);
}

static void begun_segment_is_opened_again(void **state)
{
    struct scratch *s = *state;
    struct segment a, b;
    make_file(s, 5);
    assert_int_equal(segment_open(s->path, 5, true, &a), SEGMENT_UNBEGUN);
    a.journal_id = 1;
    a.epoch = 2;
    a.ordinal = 5;
    a.previous = 10;
    a.first = 20;
    a.begun_wall_us = -3;
    segment_begin(&a);
    assert_int_equal(segment_open(s->path, 5, false, &b), 0);
    assert_int_equal(b.version, SEGMENT_VERSION);
    assert_int_equal(b.journal_id, 1);
    assert_int_equal(b.epoch, 2);
    assert_int_equal(b.ordinal, 5);
    assert_int_equal(b.previous, 10);
    assert_int_equal(b.first, 20);
    assert_int_equal(b.begun_wall_us, -3);
    segment_close(&a);
    segment_close(&b);
}

static void every_flipped_bit_of_a_header_is_noticed(void **state)
{
    struct scratch *s = *state;
    struct segment a, b;
    make_file(s, 5);
    assert_int_equal(segment_open(s->path, 5, true, &a), SEGMENT_UNBEGUN);
    a.ordinal = 5;
    a.first = 1;
    segment_begin(&a);
    for (size_t bit = 0; bit < 8 * 72; bit++) {
        a.map.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
        int rc = segment_open(s->path, 5, false, &b);
        bool is_raised = bit > 64 && bit < 96;        /* a higher version; bit 64 makes it 0 */
        assert_int_equal(rc, is_raised ? SEGMENT_NEWER : SEGMENT_DAMAGED);
        segment_close(&b);
        a.map.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    segment_close(&a);
}

static void unreadable_files_are_told_apart(void **state)
{
    struct scratch *s = *state;
    struct segment a, b;
    assert_int_equal(segment_open(s->path, 1, false, &b), SEGMENT_MISSING);
    make_file(s, 1);
    assert_int_equal(segment_open(s->path, 1, true, &a), SEGMENT_UNBEGUN);
    a.ordinal = 2;                                    /* not what its name says */
    a.first = 1;
    segment_begin(&a);
    assert_int_equal(segment_open(s->path, 1, false, &b), SEGMENT_DAMAGED);
    a.ordinal = 1;
    a.previous = 1;                                   /* its first frame was there before */
    segment_begin(&a);
    assert_int_equal(segment_open(s->path, 1, false, &b), SEGMENT_DAMAGED);
    a.map.at[8] = 9;
    assert_int_equal(segment_open(s->path, 1, false, &b), SEGMENT_NEWER);
    assert_int_equal(b.version, 9);
    segment_close(&b);
    segment_close(&a);
    scratch_truncate(s, 1, SEGMENT_FRAMES_AT - 1);
    assert_int_equal(segment_open(s->path, 1, false, &b), SEGMENT_DAMAGED);
    scratch_truncate(s, 1, 0);
    assert_int_equal(segment_open(s->path, 1, false, &b), SEGMENT_DAMAGED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_frame_reads_back),
        cmocka_unit_test(format_is_frozen),
        cmocka_unit_test(every_flipped_bit_of_a_frame_is_noticed),
        cmocka_unit_test(frame_counts_only_where_it_belongs),
        cmocka_unit_test(topic_beyond_its_body_does_not_count),
        cmocka_unit_test(scan_goes_around_holes),
        cmocka_unit_test(implausible_number_is_not_found_again),
        cmocka_unit_test(torn_bytes_reach_to_the_last_that_is_not_zero),
        cmocka_unit_test(clock_rest_reads_back),
        cmocka_unit_test(name_says_ordinal_and_fate),
        SCRATCH_TEST(begun_segment_is_opened_again),
        SCRATCH_TEST(every_flipped_bit_of_a_header_is_noticed),
        SCRATCH_TEST(unreadable_files_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
