/* The plugin as the gateway sees it: options in, payload in, readings out, through plugin.h alone. The
 * host is a double that remembers what it was given. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "json.h"
#include "path.h"

#define NOON_US INT64_C(1514775600000000)
#define NOON    "\"2018-01-01T12:00:00+09:00\""

/* --- the host --- */

#define TAKEN_MOST 8

struct cgw_batch {
    size_t n, most;
    struct {
        struct cgw_reading reading;
        char site[32], device[32], point[32], unit[32];
    } taken[TAKEN_MOST];
    char why[256];
};

static void keep(char to[32], const char *text)
{
    snprintf(to, 32, "%s", text ? text : "");
}

static int add_reading(struct cgw_batch *b, const struct cgw_reading *r)
{
    if (b->n == b->most)
        return 1;
    assert_int_equal(r->size, sizeof *r);
    b->taken[b->n].reading = *r;
    keep(b->taken[b->n].site, r->site);
    keep(b->taken[b->n].device, r->device);
    keep(b->taken[b->n].point, r->point);
    keep(b->taken[b->n].unit, r->unit);
    b->n++;
    return 0;
}

static void explain(struct cgw_batch *b, const char *why)
{
    snprintf(b->why, sizeof b->why, "%s", why);
}

static int parse_number(const char *text, double *out)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != '\0')
        return 1;
    *out = value;
    return 0;
}

/* Knows one time. */
static int parse_time(const char *text, int64_t *out)
{
    if (strcmp(text, "2018-01-01T12:00:00+09:00") != 0)
        return 1;
    *out = NOON_US;
    return 0;
}

static const struct cgw_host host = {
    .abi = CGW_ABI, .size = sizeof host, .add_reading = add_reading, .explain = explain,
    .parse_number = parse_number, .parse_time = parse_time,
};

/* --- the plugin, with some options set and the others at their presets --- */

static void preset(struct json_conf *c)
{
    memset(c, 0, sizeof *c);
    for (const struct cgw_option *row = cgw_plugin()->options; row->name; row++) {
        char *at = (char *)c + row->at;
        if (row->type == CGW_OPTION_STRING)
            *(const char **)(void *)at = row->preset ? row->preset : "";
    }
}

#define CONF(name, ...)                                                                              \
    struct json_conf name, name##_wish = { __VA_ARGS__ };                                            \
    preset(&name);                                                                                   \
    apply(&name, &name##_wish)

/* Texts that were wished for, and all that is no text. */
static void apply(struct json_conf *c, const struct json_conf *wish)
{
    for (const struct cgw_option *row = cgw_plugin()->options; row->name; row++) {
        const char *const *from = (const char *const *)(const void *)((const char *)wish + row->at);
        if (row->type == CGW_OPTION_STRING && *from)
            *(const char **)(void *)((char *)c + row->at) = *from;
    }
    c->time_format = wish->time_format;
    c->absent = wish->absent;
    c->numeric_strings = wish->numeric_strings;
}

static struct cgw_batch batch;   /* of the last message */

static int decode_bytes(const struct json_conf *c, const void *payload, size_t size)
{
    const struct cgw_plugin *p = cgw_plugin();
    const char *why = NULL;
    void *self = NULL;
    if (p->open(&self, c, &host, &why) != 0)
        fail_msg("%s", why);

    /* A copy of exactly its size, so that reading beyond it is caught. */
    uint8_t *copy = malloc(size > 0 ? size : 1);
    memcpy(copy, payload, size);
    struct cgw_frame in = { .topic = "t", .topic_size = 1, .payload = copy, .payload_size = size };
    memset(&batch, 0, sizeof batch);
    batch.most = TAKEN_MOST;
    int rc = p->decode(self, &in, &batch);
    free(copy);
    p->close(self);
    return rc;
}

static int decode(const struct json_conf *c, const char *payload)
{
    return decode_bytes(c, payload, strlen(payload));
}

static void assert_taken(size_t i, const char *point, double value, int64_t time_us)
{
    assert_true(i < batch.n);
    assert_string_equal(batch.taken[i].point, point);
    assert_true(batch.taken[i].reading.value >= value && batch.taken[i].reading.value <= value);
    assert_int_equal(batch.taken[i].reading.time_unix_us, time_us);
}

/* --- shapes --- */

static void one_reading_that_names_its_point(void **state)
{
    (void)state;
    CONF(c, .point = "name");
    assert_int_equal(decode(&c, "{\"name\":\"import\",\"value\":3.17,\"time\":" NOON "}"), CGW_DONE);
    assert_int_equal(batch.n, 1);
    assert_taken(0, "import", 3.17, NOON_US);
    assert_string_equal(batch.taken[0].site, "");
    assert_string_equal(batch.taken[0].unit, "");
}

static void an_array_is_many_readings(void **state)
{
    (void)state;
    CONF(c, .point = "name");
    assert_int_equal(decode(&c, " [{\"name\":\"a\",\"value\":1,\"time\":" NOON "},"
                                "{\"name\":\"b\",\"value\":-2e1,\"time\":" NOON "}]\n"), CGW_DONE);
    assert_int_equal(batch.n, 2);
    assert_taken(0, "a", 1, NOON_US);
    assert_taken(1, "b", -20, NOON_US);
    assert_int_equal(decode(&c, "[]"), CGW_DONE);
    assert_int_equal(batch.n, 0);
}

static void several_points_from_one_object(void **state)
{
    (void)state;
    CONF(c, .points = " energy=data.active_energy ,gas = /data/1-0:1.8.0/0", .time = "ts",
         .time_format = TIME_UNIX_MS);
    assert_int_equal(decode(&c, "{\"ts\":1514775600000,\"data\":{\"active_energy\":7,"
                                "\"1-0:1.8.0\":[8.5,9]}}"), CGW_DONE);
    assert_int_equal(batch.n, 2);
    assert_taken(0, "energy", 7, NOON_US);
    assert_taken(1, "gas", 8.5, NOON_US);
}

static void the_top_of_the_payload_holds_what_readings_leave_out(void **state)
{
    (void)state;
    CONF(c, .readings = "d.values", .point = "p", .value = "v", .site = "site", .device = "dev",
         .unit = "u", .quality = "q", .boot = "b", .sequence = "s", .interval = "i");
    assert_int_equal(decode(&c, "{\"site\":\"plant\",\"dev\":\"m\",\"time\":" NOON ",\"u\":\"kWh\","
                                "\"q\":\"estimated\",\"b\":5,\"s\":99,\"i\":900000,\"d\":{\"values\":["
                                "{\"p\":\"x\",\"v\":1,\"s\":7},"
                                "{\"p\":\"y\",\"v\":2,\"dev\":\"n\",\"q\":6,\"b\":6,\"u\":\"MWh\"}]}}"),
                     CGW_DONE);
    assert_int_equal(batch.n, 2);
    assert_string_equal(batch.taken[0].site, "plant");
    assert_string_equal(batch.taken[0].device, "m");
    assert_string_equal(batch.taken[0].unit, "kWh");
    assert_int_equal(batch.taken[0].reading.quality, 1);
    assert_int_equal(batch.taken[0].reading.boot_id, 5);
    assert_int_equal(batch.taken[0].reading.sequence, 7);
    assert_int_equal(batch.taken[0].reading.interval_ms, 900000);
    assert_string_equal(batch.taken[1].device, "n");
    assert_string_equal(batch.taken[1].unit, "MWh");
    assert_int_equal(batch.taken[1].reading.quality, 6);
    assert_int_equal(batch.taken[1].reading.boot_id, 6);
    assert_int_equal(batch.taken[1].reading.sequence, 0);   /* a sequence is a reading's own */
}

static void rows_of_an_array_are_readings_too(void **state)
{
    (void)state;
    CONF(c, .points = "energy=1", .time = "0", .time_format = TIME_UNIX_S);
    assert_int_equal(decode(&c, "[[1514775600.25,10],[1514775601,11]]"), CGW_DONE);
    assert_taken(0, "energy", 10, NOON_US + 250000);
    assert_taken(1, "energy", 11, NOON_US + 1000000);
}

static void an_absent_value_rejects_or_is_skipped_as_configured(void **state)
{
    (void)state;
    static const char payload[] = "{\"time\":" NOON ",\"a\":1,\"b\":null}";
    CONF(strict, .points = "a=a,b=b");
    assert_int_equal(decode(&strict, payload), CGW_UNDECODABLE);
    assert_string_equal(batch.why, "reading 1: \"b\" should be there, and is not");
    CONF(lenient, .points = "a=a,b=b,c=c.d", .absent = ABSENT_SKIP);
    assert_int_equal(decode(&lenient, payload), CGW_DONE);
    assert_int_equal(batch.n, 1);
    assert_taken(0, "a", 1, NOON_US);
}

/* --- types --- */

static void numbers_may_come_as_texts_only_where_allowed(void **state)
{
    (void)state;
    static const char payload[] = "{\"time\":\"1514775600000\",\"v\":\"3.5\",\"b\":\"18446744073709551615\"}";
    CONF(strict, .points = "a=v", .time_format = TIME_UNIX_MS, .boot = "b");
    assert_int_equal(decode(&strict, payload), CGW_UNDECODABLE);
    CONF(lenient, .points = "a=v", .time_format = TIME_UNIX_MS, .boot = "b", .numeric_strings = true);
    assert_int_equal(decode(&lenient, payload), CGW_DONE);
    assert_taken(0, "a", 3.5, NOON_US);
    assert_int_equal(batch.taken[0].reading.boot_id, UINT64_MAX);

    static const char *const wrong[] = {
        "{\"time\":1,\"v\":\"3.5 kWh\"}",         "{\"time\":1,\"v\":\"\"}",
        "{\"time\":1,\"v\":1,\"b\":\"-1\"}",      "{\"time\":1,\"v\":1,\"b\":\"\"}",
        "{\"time\":1,\"v\":1,\"b\":\"18446744073709551616\"}",
        "{\"time\":\"inf\",\"v\":1}",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (decode(&lenient, wrong[i]) != CGW_UNDECODABLE)
            fail_msg("%s", wrong[i]);
}

static void times_of_the_wrong_kind_are_undecodable(void **state)
{
    (void)state;
    CONF(iso, .points = "a=v");
    CONF(unix_ms, .points = "a=v", .time_format = TIME_UNIX_MS);
    assert_int_equal(decode(&iso, "{\"time\":1514775600000,\"v\":1}"), CGW_UNDECODABLE);
    assert_int_equal(decode(&iso, "{\"time\":\"yesterday\",\"v\":1}"), CGW_UNDECODABLE);
    assert_int_equal(decode(&iso, "{\"v\":1}"), CGW_UNDECODABLE);
    assert_string_equal(batch.why, "reading 1: \"time\" should be a time with zone such as "
                                   "2018-01-01T00:15:00+09:00");
    assert_int_equal(decode(&unix_ms, "{\"time\":" NOON ",\"v\":1}"), CGW_UNDECODABLE);
    assert_int_equal(decode(&unix_ms, "{\"time\":true,\"v\":1}"), CGW_UNDECODABLE);
    /* A number that is no time of ours is for the gateway to judge. */
    assert_int_equal(decode(&unix_ms, "{\"time\":1e300,\"v\":1}"), CGW_DONE);
    assert_taken(0, "a", 1, INT64_MAX);
    assert_int_equal(decode(&unix_ms, "{\"time\":-1e300,\"v\":1}"), CGW_DONE);
    assert_taken(0, "a", 1, INT64_MIN);
}

static void members_of_the_wrong_type_are_undecodable(void **state)
{
    (void)state;
    CONF(c, .point = "p", .site = "site", .quality = "q", .interval = "i", .sequence = "s");
    static const char *const members[] = {
        "\"value\":\"1\"", "\"value\":true", "\"value\":{}",
        "\"value\":1,\"site\":7", "\"value\":1,\"q\":-1", "\"value\":1,\"q\":1.5",
        "\"value\":1,\"q\":4294967296", "\"value\":1,\"i\":4294967296", "\"value\":1,\"i\":-1",
        "\"value\":1,\"s\":1.0", "\"value\":1,\"s\":\"1\"",
    };
    char payload[200];
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        snprintf(payload, sizeof payload, "{\"p\":\"x\",\"time\":" NOON ",%s}", members[i]);
        if (decode(&c, payload) != CGW_UNDECODABLE || batch.why[0] == '\0')
            fail_msg("%s", payload);
    }
    assert_int_equal(decode(&c, "{\"p\":7,\"value\":1,\"time\":" NOON "}"), CGW_UNDECODABLE);
    assert_int_equal(decode(&c, "{\"value\":1,\"time\":" NOON "}"), CGW_UNDECODABLE);
    assert_string_equal(batch.why, "reading 1: \"p\" should be the name of a point");
}

static void a_quality_that_is_none_of_ours_is_passed_on_as_such(void **state)
{
    (void)state;
    CONF(c, .points = "a=v", .quality = "q");
    assert_int_equal(decode(&c, "{\"time\":" NOON ",\"v\":1,\"q\":\"brand-new\"}"), CGW_DONE);
    assert_int_equal(batch.taken[0].reading.quality, UINT32_MAX);
    assert_int_equal(decode(&c, "{\"time\":" NOON ",\"v\":1,\"q\":\"not_operating\"}"), CGW_DONE);
    assert_int_equal(batch.taken[0].reading.quality, 6);
    assert_int_equal(decode(&c, "{\"time\":" NOON ",\"v\":1,\"q\":null}"), CGW_DONE);
    assert_int_equal(batch.taken[0].reading.quality, 0);
}

/* --- what is not JSON, or too much of it --- */

static void what_is_not_strict_json_is_undecodable(void **state)
{
    (void)state;
    CONF(c, .points = "a=v");
    static const char *const wrong[] = {
        "", " ", "null", "7", "\"text\"", "{", "[", "}", "{\"time\":" NOON ",\"v\":1",
        "{\"time\":" NOON ",\"v\":1}}", "{\"time\":" NOON ",\"v\":1} {}",
        "{\"time\":" NOON ",\"v\":1,\"v\":1}", "{\"time\":" NOON ",\"v\":1,}",
        "{\"time\":" NOON ",\"v\":01}", "{\"time\":" NOON ",\"v\":+1}", "{\"time\":" NOON ",\"v\":.5}",
        "{\"time\":" NOON ",\"v\":NaN}", "{\"time\":" NOON ",\"v\":1e999}",
        "{\"time\":" NOON ",\"v\":99999999999999999999}", "{'time':1}", "{time:1}",
        "{\"time\":" NOON ",\"v\":1,\"x\":\"\\u0000\"}", "{\"time\":" NOON ",\"v\":1,\"x\":\"\xff\"}",
        "{\"time\":" NOON ",\"v\":1,\"x\":\"\n\"}", "\xef\xbb\xbf{\"time\":" NOON ",\"v\":1}",
        "[1,2]", "[{\"time\":" NOON ",\"v\":1},7]", "[[[]]]", "\"\\", "{\"a\":\"\\",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (decode(&c, wrong[i]) != CGW_UNDECODABLE || batch.why[0] == '\0')
            fail_msg("%s: %s", wrong[i], batch.why);
    assert_int_equal(decode_bytes(&c, "{}\0", 3), CGW_UNDECODABLE);
}

static void readings_must_be_where_they_are_said_to_be(void **state)
{
    (void)state;
    CONF(c, .points = "a=v", .readings = "list");
    assert_int_equal(decode(&c, "{\"time\":" NOON ",\"list\":{\"v\":1}}"), CGW_DONE);
    assert_int_equal(batch.n, 1);
    assert_int_equal(decode(&c, "{\"time\":" NOON ",\"v\":1}"), CGW_UNDECODABLE);
    assert_int_equal(decode(&c, "{\"time\":" NOON ",\"list\":1}"), CGW_UNDECODABLE);
    assert_int_equal(decode(&c, "{\"time\":" NOON ",\"list\":null}"), CGW_UNDECODABLE);
    assert_int_equal(decode(&c, "{\"time\":" NOON ",\"list\":[{\"v\":1},{\"w\":1}]}"), CGW_UNDECODABLE);
    assert_string_equal(batch.why, "reading 2: \"v\" should be there, and is not");
}

static void nesting_and_numbers_of_values_are_bounded(void **state)
{
    (void)state;
    CONF(c, .points = "a=v");
    enum { SIZE = 2000000 };
    char *payload = malloc(SIZE);

    memset(payload, '[', SIZE);
    assert_int_equal(decode_bytes(&c, payload, SIZE), CGW_UNDECODABLE);
    assert_string_equal(batch.why, "JSON nested deeper than 32");

    for (size_t i = 0; i < SIZE; i++)
        payload[i] = "{},"[i % 3];
    payload[0] = '[';
    assert_int_equal(decode_bytes(&c, payload, SIZE), CGW_UNDECODABLE);
    assert_string_equal(batch.why, "JSON of more than 65536 objects and arrays");

    for (size_t i = 0; i < SIZE; i++)
        payload[i] = "0,"[i % 2];
    assert_int_equal(decode_bytes(&c, payload, SIZE), CGW_UNDECODABLE);
    assert_string_equal(batch.why, "JSON of more than 524288 values");

    /* Brackets in a text are no nesting. */
    int n = snprintf(payload, SIZE, "{\"time\":" NOON ",\"v\":1,\"x\":\"\\\"");
    memset(payload + n, '[', 1000000);
    memcpy(payload + n + 1000000, "\"}", 3);
    assert_int_equal(decode(&c, payload), CGW_DONE);
    free(payload);
}

static void every_cut_of_a_payload_is_undecodable(void **state)
{
    (void)state;
    CONF(c, .points = "a=v.w");
    static const char payload[] =
        "[{\"time\":" NOON ",\"v\":{\"w\":1.5}},{\"time\":" NOON ",\"v\":{\"w\":2}}]";
    for (size_t n = 0; n < sizeof payload - 1; n++)
        assert_int_equal(decode_bytes(&c, payload, n), CGW_UNDECODABLE);
    assert_int_equal(decode_bytes(&c, payload, sizeof payload - 1), CGW_DONE);
}

static void a_full_batch_stops_the_message(void **state)
{
    (void)state;
    CONF(c, .points = "a=0,b=0,c=0", .time = "1");
    assert_int_equal(decode(&c, "[[1," NOON "],[1," NOON "],[1," NOON "],[1," NOON "]]"), CGW_UNDECODABLE);
    assert_int_equal(batch.n, TAKEN_MOST);
}

/* --- options --- */

static void options_that_contradict_each_other_are_refused(void **state)
{
    (void)state;
    static const struct {
        struct json_conf wish;
        const char *why;
    } cases[] = {
        { { .points = "" }, "tell one of point" },
        { { .points = "a=b", .point = "p" }, "tell one of point" },
        { { .point = "p", .value = "" }, "value:" },
        { { .point = "p", .time = "" }, "time:" },
        { { .points = "a" }, "each is POINT=PATH" },
        { { .points = "a=b," }, "each is POINT=PATH" },
        { { .points = "=b" }, "neither of them empty" },
        { { .points = "a= " }, "neither of them empty" },
        { { .points = "a=b..c" }, "empty name" },
        { { .point = "p", .site = ".a" }, "empty name" },
        { { .point = "p", .unit = "a." }, "empty name" },
        { { .point = "p", .unit = "/" }, "empty name" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct json_conf c;
        const char *why = "";
        void *self = NULL;
        preset(&c);
        apply(&c, &cases[i].wish);
        if (cgw_plugin()->open(&self, &c, &host, &why) == 0 || !strstr(why, cases[i].why))
            fail_msg("case %zu: %s", i, why);
        assert_null(self);
    }
    cgw_plugin()->close(NULL);
}

static void a_path_leads_to_a_value_or_nowhere(void **state)
{
    (void)state;
    static const struct {
        const char *path, *value;
    } cases[] = {
        { "", NULL },        { "a.b", "1" },       { "/a/b", "1" },      { "a", NULL },
        { "a.x", NULL },     { "a.b.c", NULL },    { "list.0", "2" },    { "list.1.c", "3" },
        { "list.2", NULL },  { "list.00", NULL },  { "list.-1", NULL },  { "list.x", NULL },
        { "list.9999999", NULL },                  { "/x.y", "4" },      { "x.y", NULL },
        { "none", NULL },    { "/x.y/z", NULL },
    };
    json_t *root = json_loads("{\"a\":{\"b\":1},\"list\":[2,{\"c\":3}],\"x.y\":4,\"none\":null}", 0, NULL);
    assert_ptr_equal(path_find(root, ""), root);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const json_t *found = path_find(root, cases[i].path);
        char text[24] = "";
        if (json_is_integer(found))
            snprintf(text, sizeof text, "%lld", (long long)json_integer_value(found));
        if (strcmp(text, cases[i].value ? cases[i].value : "") != 0)
            fail_msg("\"%s\": %s", cases[i].path, text);
    }
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_reading_that_names_its_point),
        cmocka_unit_test(an_array_is_many_readings),
        cmocka_unit_test(several_points_from_one_object),
        cmocka_unit_test(the_top_of_the_payload_holds_what_readings_leave_out),
        cmocka_unit_test(rows_of_an_array_are_readings_too),
        cmocka_unit_test(an_absent_value_rejects_or_is_skipped_as_configured),
        cmocka_unit_test(numbers_may_come_as_texts_only_where_allowed),
        cmocka_unit_test(times_of_the_wrong_kind_are_undecodable),
        cmocka_unit_test(members_of_the_wrong_type_are_undecodable),
        cmocka_unit_test(a_quality_that_is_none_of_ours_is_passed_on_as_such),
        cmocka_unit_test(what_is_not_strict_json_is_undecodable),
        cmocka_unit_test(readings_must_be_where_they_are_said_to_be),
        cmocka_unit_test(nesting_and_numbers_of_values_are_bounded),
        cmocka_unit_test(every_cut_of_a_payload_is_undecodable),
        cmocka_unit_test(a_full_batch_stops_the_message),
        cmocka_unit_test(options_that_contradict_each_other_are_refused),
        cmocka_unit_test(a_path_leads_to_a_value_or_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
