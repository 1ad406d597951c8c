/* Messages as JSON text: the form of every kind of field, and bytes that are no message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>
#include <math.h>

#include "publish/summary_example_test.h"
#include "reading.pb-c.h"
#include "status.pb-c.h"

static void assert_json(const char *message, const void *built, const char *expected)
{
    struct buffer bytes = { 0 }, json = { 0 };
    wire_write(built, &bytes);
    assert_int_equal(encode_json(message, buffer_slice(&bytes), &json), 0);
    buffer_put_u8(&json, 0);
    assert_string_equal((const char *)json.at, expected);
    buffer_fini(&bytes);
    buffer_fini(&json);
}

/* The text as jansson reads it: proof that it is JSON. */
static json_t *parse(const char *message, struct slice bytes)
{
    struct buffer json = { 0 };
    assert_int_equal(encode_json(message, bytes, &json), 0);
    json_t *parsed = json_loadb((const char *)json.at, json.size, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(parsed);
    buffer_fini(&json);
    return parsed;
}

static void assert_malformed(const char *message, const void *bytes, size_t size)
{
    struct buffer json = { 0 };
    buffer_print(&json, "before");
    assert_int_equal(encode_json(message, (struct slice){ bytes, size }, &json), 1);
    assert_int_equal(json.size, 6);
    assert_memory_equal(json.at, "before", 6);
    buffer_fini(&json);
}

static void reading_of(double value, const char *expected)
{
    Carbon__V1__Reading reading = CARBON__V1__READING__INIT;
    char text[128];
    reading.value = value;
    snprintf(text, sizeof text, "{\"value\":%s}", expected);
    assert_json("Reading", &reading, text);
}

/* --- forms --- */

static void reading_has_names_of_the_proto_file_and_64_bits_as_text(void **state)
{
    (void)state;
    Carbon__V1__Reading r = CARBON__V1__READING__INIT;
    r.site_id = (char *)"plant";
    r.point = (char *)"import";
    r.time_unix_ms = 1514733300000;
    r.sequence = UINT64_MAX;
    r.value = 3.17;
    r.unit = CARBON__V1__UNIT__UNIT_KWH;
    r.quality = CARBON__V1__QUALITY__QUALITY_ESTIMATED;
    r.interval_ms = UINT32_MAX;
    assert_json("Reading", &r,
                "{\"site_id\":\"plant\",\"point\":\"import\",\"time_unix_ms\":\"1514733300000\","
                "\"sequence\":\"18446744073709551615\",\"value\":3.17,\"unit\":\"UNIT_KWH\","
                "\"quality\":\"QUALITY_ESTIMATED\",\"interval_ms\":4294967295}");
}

static void what_is_0_or_empty_is_left_out(void **state)
{
    (void)state;
    Carbon__V1__Reading r = CARBON__V1__READING__INIT;
    assert_json("Reading", &r, "{}");
}

static void batch_is_a_list_in_which_an_empty_reading_stays(void **state)
{
    (void)state;
    Carbon__V1__Reading first = CARBON__V1__READING__INIT, second = CARBON__V1__READING__INIT;
    Carbon__V1__Reading *readings[] = { &first, &second };
    Carbon__V1__ReadingBatch batch = CARBON__V1__READING_BATCH__INIT;
    second.point = (char *)"p";
    batch.n_readings = 2;
    batch.readings = readings;
    assert_json("ReadingBatch", &batch, "{\"readings\":[{},{\"point\":\"p\"}]}");
}

static void double_has_the_fewest_digits_that_give_it_back(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } rows[] = {
        { 3.17, "3.17" },
        { 0.1, "0.1" },
        { 1, "1" },
        { -2.5, "-2.5" },
        { 1e21, "1e+21" },
        { 0.1 + 0.2, "0.30000000000000004" },
        { 5e-324, "5e-324" },
        { 1.7976931348623157e308, "1.7976931348623157e+308" },
        { 9007199254740993.0, "9007199254740992" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        reading_of(rows[i].value, rows[i].text);
        assert_true(strtod(rows[i].text, NULL) == rows[i].value);
    }
}

static void value_that_is_no_number_is_a_text(void **state)
{
    (void)state;
    reading_of(NAN, "\"NaN\"");
    reading_of(INFINITY, "\"Infinity\"");
    reading_of(-INFINITY, "\"-Infinity\"");
}

static void negative_0_from_another_encoder_is_kept(void **state)
{
    (void)state;
    static const uint8_t bytes[] = { 0x31, 0, 0, 0, 0, 0, 0, 0, 0x80 };
    json_t *r = parse("Reading", (struct slice){ bytes, sizeof bytes });
    assert_true(json_is_number(json_object_get(r, "value")) ||
                json_is_integer(json_object_get(r, "value")));
    json_decref(r);
}

static void texts_are_escaped(void **state)
{
    (void)state;
    Carbon__V1__Reading r = CARBON__V1__READING__INIT;
    r.point = (char *)"a\"b\\c\n\x01 \xc3\xa9\xf0\x9f\x98\x80";
    assert_json("Reading", &r, "{\"point\":\"a\\\"b\\\\c\\n\\u0001 \xc3\xa9\xf0\x9f\x98\x80\"}");
}

static void unknown_enumerator_is_a_number(void **state)
{
    (void)state;
    Carbon__V1__Reading r = CARBON__V1__READING__INIT;
    r.unit = (Carbon__V1__Unit)99;
    assert_json("Reading", &r, "{\"unit\":99}");
}

static void bytes_are_base64(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *text;
    } rows[] = {
        { "f", "Zg==" },        { "fo", "Zm8=" },         { "foo", "Zm9v" },
        { "foob", "Zm9vYg==" }, { "foobar", "Zm9vYmFy" }, { "\xff\xff\xfe", "///+" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char expected[64];
        Carbon__V1__RejectedMessage m = CARBON__V1__REJECTED_MESSAGE__INIT;
        m.verdict = CARBON__V1__VERDICT__VERDICT_NOT_A_NUMBER;
        m.payload.len = strlen(rows[i].bytes);
        m.payload.data = (uint8_t *)rows[i].bytes;
        snprintf(expected, sizeof expected,
                 "{\"verdict\":\"VERDICT_NOT_A_NUMBER\",\"payload\":\"%s\"}", rows[i].text);
        assert_json("RejectedMessage", &m, expected);
    }
}

static void last_will_shows_epoch_and_reason(void **state)
{
    (void)state;
    struct buffer bytes = { 0 };
    encode_offline("gw-1", UINT64_MAX, false, &bytes);
    json_t *m = parse("GatewayStatus", buffer_slice(&bytes));
    assert_string_equal(json_string_value(json_object_get(m, "gateway_epoch")),
                        "18446744073709551615");
    assert_string_equal(json_string_value(json_object_get(m, "offline_reason")),
                        "OFFLINE_REASON_LOST");
    assert_null(json_object_get(m, "is_online"));
    json_decref(m);
    buffer_fini(&bytes);
}

static void status_shows_booleans_and_nested_rows(void **state)
{
    (void)state;
    struct status_site site = { .id = "plant", .watermark_us = INT64_MIN };
    struct status s = { .gateway_id = "gw-1", .sites = &site, .n_sites = 1, .is_balanced = true };
    struct buffer bytes = { 0 };
    encode_status(&s, &bytes);
    json_t *m = parse("GatewayStatus", buffer_slice(&bytes));
    assert_true(json_is_true(json_object_get(m, "is_online")));
    json_t *row = json_array_get(json_object_get(m, "sites"), 0);
    assert_string_equal(json_string_value(json_object_get(row, "site_id")), "plant");
    assert_null(json_object_get(row, "received"));
    json_decref(m);
    buffer_fini(&bytes);
}

static void summary_is_the_same_text_each_time_with_packed_lists(void **state)
{
    (void)state;
    struct example x;
    struct buffer once = { 0 }, again = { 0 };
    example_with(&x, NULL, NULL);
    x.s.revision = 2;
    x.s.reasons = 1u << REASON_LATE | 1u << REASON_CONFIG;
    example_encode(&x);
    assert_int_equal(encode_json("SiteSummary", buffer_slice(&x.bytes), &once), 0);
    assert_int_equal(encode_json("SiteSummary", buffer_slice(&x.bytes), &again), 0);
    assert_int_equal(once.size, again.size);
    assert_memory_equal(once.at, again.at, once.size);

    json_t *m = parse("SiteSummary", buffer_slice(&x.bytes));
    json_t *reasons = json_object_get(m, "reasons");
    assert_int_equal(json_array_size(reasons), 2);
    assert_string_equal(json_string_value(json_array_get(reasons, 1)), "REASON_CONFIG");
    json_t *stream = json_array_get(json_object_get(m, "streams"), 0);
    json_t *whole = json_object_get(json_object_get(stream, "activity"), "whole");
    assert_string_equal(json_string_value(whole), "3170");
    json_decref(m);
    buffer_fini(&once);
    buffer_fini(&again);
    example_fini(&x);
}

/* --- what is no message --- */

static void unknown_message_name_is_refused(void **state)
{
    (void)state;
    assert_malformed("Summary", "", 0);
    assert_malformed("", "", 0);
    assert_malformed("Amount", "", 0); /* a part, not a message of its own */
}

static void malformed_bytes_are_refused_and_leave_no_trace(void **state)
{
    (void)state;
    static const struct {
        const char *message, *bytes;
        size_t size;
    } rows[] = {
        { "Reading", "\x1a\x06im", 4 }, /* a text beyond the end */
        { "Reading", "\x31\x00", 2 },   /* half a double */
        { "Reading", "\x80", 1 },       /* half a tag */
        { "Reading", "\x28\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12 }, /* 11-byte varint */
        { "Reading", "\x1a\x02\xff\xfe", 4 },       /* a text that is no UTF-8 */
        { "Reading", "\x07", 1 },                   /* no such wire type */
        { "ReadingBatch", "\x22\x03\x1a\x06i", 5 }, /* the same one level down */
        { "ReadingBatch", "\x22\x04\x1a\x02\xc0\x80", 6 },
        { "SiteSummary", "\xf2\x01\x05\x52", 4 },
        { "GatewayStatus", "this is text", 12 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_malformed(rows[i].message, rows[i].bytes, rows[i].size);
}

static void summary_cut_anywhere_is_refused_or_shorter(void **state)
{
    (void)state;
    struct example x;
    struct buffer json = { 0 };
    example_with(&x, NULL, NULL);
    example_encode(&x);
    for (size_t size = 0; size < x.bytes.size; size++) {
        buffer_clear(&json);
        if (encode_json("SiteSummary", (struct slice){ x.bytes.at, size }, &json) != 0)
            continue;
        json_t *parsed = json_loadb((const char *)json.at, json.size, 0, NULL);
        assert_non_null(parsed);
        json_decref(parsed);
    }
    buffer_fini(&json);
    example_fini(&x);
}

static void unknown_fields_are_skipped(void **state)
{
    (void)state;
    static const char bytes[] = "\x1a\x01p\xf8\x3f\x07"; /* point, and field 1023 */
    json_t *m = parse("Reading", (struct slice){ (const uint8_t *)bytes, sizeof bytes - 1 });
    assert_int_equal(json_object_size(m), 1);
    json_decref(m);
}

/* Groups are how an old encoder nests without end. */
static void nesting_without_end_is_refused(void **state)
{
    (void)state;
    static char groups[100000], nested[100000];
    memset(groups, 0x0b, sizeof groups);
    memset(nested, 0x22, sizeof nested);
    assert_malformed("Reading", groups, sizeof groups);
    assert_malformed("ReadingBatch", nested, sizeof nested);
}

/* A million readings of two bytes each would unfold to more than a hundred megabytes. */
static void message_that_unfolds_without_measure_is_refused(void **state)
{
    (void)state;
    enum { READINGS = 1000000 };
    uint8_t *bytes = malloc(2 * (size_t)READINGS);
    assert_non_null(bytes);
    for (size_t i = 0; i < READINGS; i++) {
        bytes[2 * i] = 0x22;
        bytes[2 * i + 1] = 0;
    }
    assert_malformed("ReadingBatch", bytes, 2 * (size_t)READINGS);
    json_t *m = parse("ReadingBatch", (struct slice){ bytes, 2 * 20000 });
    assert_int_equal(json_array_size(json_object_get(m, "readings")), 20000);
    json_decref(m);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reading_has_names_of_the_proto_file_and_64_bits_as_text),
        cmocka_unit_test(what_is_0_or_empty_is_left_out),
        cmocka_unit_test(batch_is_a_list_in_which_an_empty_reading_stays),
        cmocka_unit_test(double_has_the_fewest_digits_that_give_it_back),
        cmocka_unit_test(value_that_is_no_number_is_a_text),
        cmocka_unit_test(negative_0_from_another_encoder_is_kept),
        cmocka_unit_test(texts_are_escaped),
        cmocka_unit_test(unknown_enumerator_is_a_number),
        cmocka_unit_test(bytes_are_base64),
        cmocka_unit_test(last_will_shows_epoch_and_reason),
        cmocka_unit_test(status_shows_booleans_and_nested_rows),
        cmocka_unit_test(summary_is_the_same_text_each_time_with_packed_lists),
        cmocka_unit_test(unknown_message_name_is_refused),
        cmocka_unit_test(malformed_bytes_are_refused_and_leave_no_trace),
        cmocka_unit_test(summary_cut_anywhere_is_refused_or_shorter),
        cmocka_unit_test(unknown_fields_are_skipped),
        cmocka_unit_test(nesting_without_end_is_refused),
        cmocka_unit_test(message_that_unfolds_without_measure_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
