/* Whole messages: from topic and payload to readings, or to the message's own verdict. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "decode/decode.h"
#include "model/plan_example_test.h"
#include "reading.pb-c.h"

#define WALL_US      INT64_C(1514733300000000)
#define BATCH_BYTES  ((size_t)4 << 20)
#define READING      "carbon/v1/plant/main-meter/reading"
#define BATCH        "carbon/v1/plant/main-meter/batch"

struct fixture {
    struct arena texts, arena;
    struct plan *plan;
    struct decode *decode;
    struct readings out;
    struct buffer payload;
};

static struct plan *plan_of(struct arena *arena, const char *from, const char *to)
{
    struct buffer yaml = { 0 };
    struct problems problems;
    struct plan *plan = NULL;
    plan_example_with(from, to, &yaml);
    problems_init(&problems, "plan", arena);
    assert_int_equal(plan_read(buffer_slice(&yaml), &problems, &plan), 0);
    problems_fini(&problems);
    buffer_fini(&yaml);
    return plan;
}

static int configure(struct fixture *f, const struct plan *plan)
{
    struct problems problems;
    problems_init(&problems, "plan", &f->texts);
    int rc = decode_configure(f->decode, plan, &problems);
    assert_int_equal(rc, problems.n > 0 ? OPTION_WRONG : 0);
    problems_fini(&problems);
    return rc;
}

static int open_fixture(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct decode_plugins none = { 0 };
    arena_init(&f->texts, 0);
    arena_init(&f->arena, BATCH_BYTES);
    f->plan = plan_of(&f->texts, NULL, NULL);
    decode_open(&none, &f->decode);
    assert_int_equal(configure(f, f->plan), 0);
    *state = f;
    return 0;
}

static int close_fixture(void **state)
{
    struct fixture *f = *state;
    decode_close(f->decode);
    plan_free(f->plan);
    buffer_fini(&f->payload);
    arena_fini(&f->arena);
    arena_fini(&f->texts);
    free(f);
    return 0;
}

static enum verdict take(struct fixture *f, uint8_t kind, const char *topic, struct slice rest)
{
    /* A copy of exactly its size, so that reading beyond it is caught. */
    uint8_t *copy = malloc(rest.size > 0 ? rest.size : 1);
    memcpy(copy, rest.size > 0 ? rest.at : copy, rest.size);
    struct frame frame = {
        .kind = kind,
        .boottime_us = 1000,
        .clock = { .offset_us = WALL_US - 1000, .is_synchronised = true },
        .topic = slice_of(topic),
        .rest = { copy, rest.size },
    };
    arena_reset(&f->arena);
    f->out = (struct readings){ .n = 77 };
    enum verdict v = decode_frame(f->decode, &frame, &f->arena, &f->out);
    free(copy);
    return v;
}

static enum verdict take_hex(struct fixture *f, const char *topic, const char *hex)
{
    buffer_clear(&f->payload);
    for (; *hex; hex += 2 + (hex[2] == ' ')) {
        char digits[3] = { hex[0], hex[1], 0 };
        buffer_put_u8(&f->payload, (uint8_t)strtoul(digits, NULL, 16));
    }
    return take(f, FRAME_MESSAGE, topic, buffer_slice(&f->payload));
}

static enum verdict take_reading(struct fixture *f, const char *topic, const Carbon__V1__Reading *r)
{
    buffer_clear(&f->payload);
    size_t size = carbon__v1__reading__get_packed_size(r);
    carbon__v1__reading__pack(r, buffer_extend(&f->payload, size));
    return take(f, FRAME_MESSAGE, topic, buffer_slice(&f->payload));
}

static enum verdict take_batch(struct fixture *f, const char *topic,
                               const Carbon__V1__ReadingBatch *b)
{
    buffer_clear(&f->payload);
    size_t size = carbon__v1__reading_batch__get_packed_size(b);
    carbon__v1__reading_batch__pack(b, buffer_extend(&f->payload, size));
    return take(f, FRAME_MESSAGE, topic, buffer_slice(&f->payload));
}

static Carbon__V1__Reading reading_of(char *point, double value)
{
    Carbon__V1__Reading r = CARBON__V1__READING__INIT;
    r.point = point;
    r.time_unix_ms = WALL_US / 1000;
    r.value = value;
    return r;
}

/* --- single readings --- */

static void the_documented_bytes_of_a_reading_are_read(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(take_hex(f, READING,
                              "1a 06 69 6d 70 6f 72 74 20 a0 d2 8f e9 8a 2c 28 01 31 5c 8f c2 f5 28 5c "
                              "09 40 38 02 48 a0 f7 36"),
                     VERDICT_COUNTED);
    assert_int_equal(f->out.n, 1);
    const struct reading *r = &f->out.at[0];
    assert_int_equal(r->verdict, VERDICT_COUNTED);
    assert_string_equal(f->plan->points[r->point].id, "import");
    assert_int_equal(r->time_us, WALL_US);
    assert_int_equal(r->sequence, 1);
    assert_int_equal(r->ticks, 126800);
    assert_int_equal(r->quality, QUALITY_GOOD);
}

static void every_field_of_a_reading_arrives(void **state)
{
    struct fixture *f = *state;
    Carbon__V1__Reading sent = reading_of("quarter", -1.5);
    sent.site_id = "plant";
    sent.device_id = "main-meter";
    sent.sequence = UINT64_MAX;
    sent.boot_id = UINT64_MAX - 1;
    sent.unit = CARBON__V1__UNIT__UNIT_KWH;
    sent.quality = CARBON__V1__QUALITY__QUALITY_CALIBRATION;
    sent.interval_ms = 60000;
    assert_int_equal(take_reading(f, READING, &sent), VERDICT_COUNTED);
    const struct reading *r = &f->out.at[0];
    assert_int_equal(r->verdict, VERDICT_COUNTED);
    assert_int_equal(r->sequence, UINT64_MAX);
    assert_int_equal(r->boot, UINT64_MAX - 1);
    assert_int_equal(r->ticks, -1500000);
    assert_int_equal(r->quality, QUALITY_CALIBRATION);
    assert_int_equal(r->interval_us, 60000000);
}

static void odd_numbers_of_the_wire_get_verdicts(void **state)
{
    struct fixture *f = *state;
    Carbon__V1__Reading r = reading_of("import", 1);
    r.unit = (Carbon__V1__Unit)-1;
    assert_int_equal(take_reading(f, READING, &r), VERDICT_COUNTED);
    assert_int_equal(f->out.at[0].verdict, VERDICT_BAD_UNIT);

    r = reading_of("import", 1);
    r.quality = (Carbon__V1__Quality)-1;
    assert_int_equal(take_reading(f, READING, &r), VERDICT_COUNTED);
    assert_int_equal(f->out.at[0].quality, QUALITY_SUSPECT);

    static const int64_t times_ms[] = { INT64_MIN, INT64_MAX, 0, INT64_MAX / 1000 + 1 };
    for (size_t i = 0; i < sizeof times_ms / sizeof times_ms[0]; i++) {
        r = reading_of("import", 1);
        r.time_unix_ms = times_ms[i];
        assert_int_equal(take_reading(f, READING, &r), VERDICT_COUNTED);
        assert_int_equal(f->out.at[0].verdict, VERDICT_BAD_TIME);
    }
    r = reading_of("import", (double)NAN);
    assert_int_equal(take_reading(f, READING, &r), VERDICT_COUNTED);
    assert_int_equal(f->out.at[0].verdict, VERDICT_NOT_A_NUMBER);
}

static void a_name_with_a_nul_inside_is_not_its_beginning(void **state)
{
    struct fixture *f = *state;
    /* point "import\0" */
    assert_int_equal(take_hex(f, READING, "1a 07 69 6d 70 6f 72 74 00 20 a0 d2 8f e9 8a 2c"),
                     VERDICT_COUNTED);
    assert_int_equal(f->out.at[0].verdict, VERDICT_UNKNOWN_POINT);
    /* site "plant\0" where the topic tells plant */
    assert_int_equal(take_hex(f, READING, "0a 06 70 6c 61 6e 74 00 1a 06 69 6d 70 6f 72 74"),
                     VERDICT_COUNTED);
    assert_int_equal(f->out.at[0].verdict, VERDICT_UNKNOWN_SITE);
    /* An empty text on the wire is not told either. */
    assert_int_equal(take_hex(f, READING, "0a 00 12 00 1a 06 69 6d 70 6f 72 74 20 a0 d2 8f e9 8a 2c"),
                     VERDICT_COUNTED);
    assert_int_equal(f->out.at[0].verdict, VERDICT_COUNTED);
}

static void fields_of_newer_devices_are_tolerated_and_counted(void **state)
{
    struct fixture *f = *state;
    struct decode_figures figures;
    assert_int_equal(take_hex(f, READING, "1a 06 69 6d 70 6f 72 74 20 a0 d2 8f e9 8a 2c a0 06 01 a8 06 02"),
                     VERDICT_COUNTED);
    assert_int_equal(f->out.at[0].verdict, VERDICT_COUNTED);
    decode_figures(f->decode, &figures);
    assert_int_equal(figures.unknown_fields, 1);
    assert_int_equal(take_hex(f, BATCH, "22 0b 1a 06 69 6d 70 6f 72 74 a0 06 01"), VERDICT_COUNTED);
    assert_int_equal(take_hex(f, BATCH, "a0 06 01"), VERDICT_COUNTED);
    assert_int_equal(take_hex(f, BATCH, "22 08 1a 06 69 6d 70 6f 72 74"), VERDICT_COUNTED);
    decode_figures(f->decode, &figures);
    assert_int_equal(figures.unknown_fields, 3);
}

/* --- batches --- */

static void a_batch_fills_in_what_its_readings_leave_empty(void **state)
{
    struct fixture *f = *state;
    Carbon__V1__Reading own = reading_of("volume", 1), empty = reading_of("import", 2);
    own.boot_id = 5;
    own.device_id = "gas-meter";
    Carbon__V1__Reading *readings[] = { &own, &empty };
    Carbon__V1__ReadingBatch b = CARBON__V1__READING_BATCH__INIT;
    b.site_id = "plant";
    b.device_id = "main-meter";
    b.boot_id = 3;
    b.readings = readings;
    b.n_readings = 2;
    assert_int_equal(take_batch(f, BATCH, &b), VERDICT_COUNTED);
    assert_int_equal(f->out.n, 2);
    assert_int_equal(f->out.at[0].verdict, VERDICT_UNKNOWN_DEVICE);   /* the topic tells another */
    assert_int_equal(f->out.at[0].boot, 5);
    assert_int_equal(f->out.at[1].verdict, VERDICT_COUNTED);
    assert_int_equal(f->out.at[1].boot, 3);

    b.site_id = "office";
    assert_int_equal(take_batch(f, BATCH, &b), VERDICT_COUNTED);
    assert_int_equal(f->out.at[1].verdict, VERDICT_UNKNOWN_SITE);
}

static void a_batch_without_readings_is_decoded_and_counts_nothing(void **state)
{
    struct fixture *f = *state;
    Carbon__V1__ReadingBatch b = CARBON__V1__READING_BATCH__INIT;
    b.site_id = "plant";
    assert_int_equal(take_batch(f, BATCH, &b), VERDICT_COUNTED);
    assert_int_equal(f->out.n, 0);
}

static void a_large_batch_keeps_its_order(void **state)
{
    struct fixture *f = *state;
    enum { N = 3000 };
    static Carbon__V1__Reading readings[N];
    static Carbon__V1__Reading *at[N];
    for (size_t i = 0; i < N; i++) {
        readings[i] = reading_of(i % 2 ? "import" : "nothing", (double)i);
        readings[i].sequence = i + 1;
        at[i] = &readings[i];
    }
    Carbon__V1__ReadingBatch b = CARBON__V1__READING_BATCH__INIT;
    b.readings = at;
    b.n_readings = N;
    assert_int_equal(take_batch(f, BATCH, &b), VERDICT_COUNTED);
    assert_int_equal(f->out.n, N);
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(f->out.at[i].sequence, i + 1);
        assert_int_equal(f->out.at[i].verdict, i % 2 ? VERDICT_COUNTED : VERDICT_UNKNOWN_POINT);
    }
}

/* Two bytes each on the wire. */
static void put_empty_readings(struct buffer *out, size_t n)
{
    buffer_clear(out);
    for (size_t i = 0; i < n; i++)
        buffer_put(out, "\x22\x00", 2);
}

static void what_unfolds_beyond_half_the_arena_is_too_large(void **state)
{
    struct fixture *f = *state;
    put_empty_readings(&f->payload, 500000);
    assert_int_equal(take(f, FRAME_MESSAGE, BATCH, buffer_slice(&f->payload)), VERDICT_TOO_LARGE);
    assert_int_equal(f->out.n, 77);      /* untouched */
    assert_string_not_equal(decode_explanation(f->decode), "");
    assert_true(f->arena.taken <= BATCH_BYTES / 2);

    put_empty_readings(&f->payload, 2000);
    assert_int_equal(take(f, FRAME_MESSAGE, BATCH, buffer_slice(&f->payload)), VERDICT_COUNTED);
    assert_int_equal(f->out.n, 2000);
    assert_int_equal(f->out.at[1999].verdict, VERDICT_UNKNOWN_POINT);
    assert_string_equal(decode_explanation(f->decode), "");
}

static void a_name_longer_than_the_arena_is_too_large(void **state)
{
    struct fixture *f = *state;
    char *point = malloc(BATCH_BYTES);
    memset(point, 'x', BATCH_BYTES - 1);
    point[BATCH_BYTES - 1] = '\0';
    Carbon__V1__Reading r = reading_of(point, 1);
    assert_int_equal(take_reading(f, READING, &r), VERDICT_TOO_LARGE);
    free(point);
}

/* --- messages that are none --- */

static void a_payload_that_is_no_message_is_undecodable(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *topic, *hex;
    } cases[] = {
        { READING, "" },                                       /* empty */
        { BATCH, "" },
        { READING, "ff" },                                     /* a tag cut off */
        { READING, "1a 06 69 6d 70" },                         /* a text cut off */
        { READING, "1a ff ff ff ff 0f" },                      /* a length beyond everything */
        { READING, "31 00 00 00" },                            /* a double cut off */
        { READING, "20 ff ff ff ff ff ff ff ff ff ff ff" },    /* a varint without end */
        { READING, "00 00" },                                  /* field 0 */
        { READING, "1b 1c" },                                  /* a group */
        { READING, "22 08 1a 06 69 6d 70 6f 72 74" },          /* a batch */
        { BATCH, "1a 06 69 6d 70 6f 72 74" },                  /* a reading */
        { BATCH, "22 08 1a 06 69 6d" },                        /* a reading cut off */
        { BATCH, "22 02 1a 06" },
        { READING, "7b 22 61 22 3a 31 7d" },                   /* JSON */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (take_hex(f, cases[i].topic, cases[i].hex) != VERDICT_UNDECODABLE)
            fail_msg("case %zu", i);
        assert_string_not_equal(decode_explanation(f->decode), "");
        assert_int_equal(f->out.n, 77);
    }
}

static void every_cut_of_a_message_ends_in_a_verdict(void **state)
{
    struct fixture *f = *state;
    Carbon__V1__Reading one = reading_of("import", 1.25), two = reading_of("quarter", 2.5);
    two.interval_ms = 900000;
    Carbon__V1__Reading *readings[] = { &one, &two };
    Carbon__V1__ReadingBatch b = CARBON__V1__READING_BATCH__INIT;
    b.boot_id = 99;
    b.readings = readings;
    b.n_readings = 2;
    assert_int_equal(take_batch(f, BATCH, &b), VERDICT_COUNTED);
    struct slice whole = buffer_slice(&f->payload);
    for (size_t n = 0; n < whole.size; n++) {
        enum verdict v = take(f, FRAME_MESSAGE, BATCH, (struct slice){ whole.at, n });
        assert_true(v == VERDICT_UNDECODABLE || (v == VERDICT_COUNTED && f->out.n < 2));
    }
}

static void every_flipped_bit_ends_in_a_verdict(void **state)
{
    struct fixture *f = *state;
    Carbon__V1__Reading r = reading_of("import", 1.25);
    r.site_id = "plant";
    r.boot_id = 3;
    assert_int_equal(take_reading(f, READING, &r), VERDICT_COUNTED);
    for (size_t bit = 0; bit < f->payload.size * 8; bit++) {
        f->payload.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
        enum verdict v = take(f, FRAME_MESSAGE, READING, buffer_slice(&f->payload));
        assert_true(v == VERDICT_UNDECODABLE || (v == VERDICT_COUNTED && f->out.n == 1));
        f->payload.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void a_topic_without_a_rule_is_undecodable(void **state)
{
    struct fixture *f = *state;
    Carbon__V1__Reading r = reading_of("import", 1);
    assert_int_equal(take_reading(f, "carbon/v1/plant/main-meter/unknown", &r), VERDICT_UNDECODABLE);
    assert_int_equal(take_reading(f, "", &r), VERDICT_UNDECODABLE);
    assert_int_equal(take_reading(f, "carbon/v1//main-meter/reading", &r), VERDICT_UNDECODABLE);
    assert_string_not_equal(decode_explanation(f->decode), "");
}

static void a_message_that_was_not_kept_is_too_large(void **state)
{
    struct fixture *f = *state;
    struct too_large t = { .payload_size = 2000000, .hash = 1, .head = slice_of("head") };
    buffer_clear(&f->payload);
    too_large_write(&t, &f->payload);
    assert_int_equal(take(f, FRAME_TOO_LARGE, READING, buffer_slice(&f->payload)), VERDICT_TOO_LARGE);
    assert_string_equal(decode_explanation(f->decode), "a payload of 2000000 bytes exceeds max_payload");
    assert_int_equal(take(f, FRAME_TOO_LARGE, "x", slice_of("cut")), VERDICT_TOO_LARGE);
}

static void a_frame_that_is_no_message_is_undecodable(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(take(f, FRAME_TICK, READING, slice_of("")), VERDICT_UNDECODABLE);
    assert_int_equal(take(f, 200, READING, slice_of("x")), VERDICT_UNDECODABLE);
}

static void the_future_is_told_by_the_frames_clock(void **state)
{
    struct fixture *f = *state;
    Carbon__V1__Reading r = reading_of("import", 1);
    r.time_unix_ms += f->plan->max_future_us / 1000 + 1;
    assert_int_equal(take_reading(f, READING, &r), VERDICT_COUNTED);
    assert_int_equal(f->out.at[0].verdict, VERDICT_BAD_TIME);

    struct frame unsynchronised = {
        .kind = FRAME_MESSAGE,
        .clock = { .offset_us = WALL_US, .is_synchronised = false },
        .topic = slice_of(READING),
        .rest = buffer_slice(&f->payload),
    };
    assert_int_equal(decode_frame(f->decode, &unsynchronised, &f->arena, &f->out), VERDICT_COUNTED);
    assert_int_equal(f->out.at[0].verdict, VERDICT_COUNTED);
}

/* --- plans --- */

static void a_new_plan_changes_what_a_topic_means(void **state)
{
    struct fixture *f = *state;
    Carbon__V1__Reading r = reading_of("import", 1);
    assert_int_equal(take_reading(f, READING, &r), VERDICT_COUNTED);
    assert_int_equal(f->out.at[0].verdict, VERDICT_COUNTED);

    struct plan *next = plan_of(&f->texts, "id: main-meter", "id: old-meter");
    assert_int_equal(configure(f, next), 0);
    assert_int_equal(take_reading(f, READING, &r), VERDICT_COUNTED);
    assert_int_equal(f->out.at[0].verdict, VERDICT_UNKNOWN_DEVICE);
    assert_int_equal(configure(f, f->plan), 0);
    plan_free(next);
}

static void a_plan_with_a_wrong_rule_leaves_everything_as_it_was(void **state)
{
    struct fixture *f = *state;
    static const char *const topics[] = {
        "gateway: gw-1\ntopics: [{topic: a, decoder: json}]\n",
        "gateway: gw-1\ntopics: [{topic: a, decoder: reading}, {topic: b, decoder: Reading}]\n",
        "gateway: gw-1\ntopics: [{topic: a, decoder: reading, options: {x: 1}}]\n",
    };
    for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++) {
        struct plan *wrong = plan_of(&f->texts, "gateway: gw-1\n", topics[i]);
        assert_int_equal(configure(f, wrong), OPTION_WRONG);
        plan_free(wrong);
        Carbon__V1__Reading r = reading_of("import", 1);
        assert_int_equal(take_reading(f, READING, &r), VERDICT_COUNTED);
        assert_int_equal(f->out.at[0].verdict, VERDICT_COUNTED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_documented_bytes_of_a_reading_are_read),
        cmocka_unit_test(every_field_of_a_reading_arrives),
        cmocka_unit_test(odd_numbers_of_the_wire_get_verdicts),
        cmocka_unit_test(a_name_with_a_nul_inside_is_not_its_beginning),
        cmocka_unit_test(fields_of_newer_devices_are_tolerated_and_counted),
        cmocka_unit_test(a_batch_fills_in_what_its_readings_leave_empty),
        cmocka_unit_test(a_batch_without_readings_is_decoded_and_counts_nothing),
        cmocka_unit_test(a_large_batch_keeps_its_order),
        cmocka_unit_test(what_unfolds_beyond_half_the_arena_is_too_large),
        cmocka_unit_test(a_name_longer_than_the_arena_is_too_large),
        cmocka_unit_test(a_payload_that_is_no_message_is_undecodable),
        cmocka_unit_test(every_cut_of_a_message_ends_in_a_verdict),
        cmocka_unit_test(every_flipped_bit_ends_in_a_verdict),
        cmocka_unit_test(a_topic_without_a_rule_is_undecodable),
        cmocka_unit_test(a_message_that_was_not_kept_is_too_large),
        cmocka_unit_test(a_frame_that_is_no_message_is_undecodable),
        cmocka_unit_test(the_future_is_told_by_the_frames_clock),
        cmocka_unit_test(a_new_plan_changes_what_a_topic_means),
        cmocka_unit_test(a_plan_with_a_wrong_rule_leaves_everything_as_it_was),
    };
    return cmocka_run_group_tests(tests, open_fixture, close_fixture);
}
