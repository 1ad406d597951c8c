/* A plugin in this very process: what it is told, what it can say, and what its mistakes lead to. Its
 * payloads are orders to itself, so that a test reads like a conversation. */
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "decode/batch.h"
#include "decode/decode.h"
#include "decode/host.h"
#include "model/plan_example_test.h"

#define WALL_US INT64_C(1514733300000000)

/* --- the plugin --- */

struct fake_conf {
    const char *point;
    bool is_loud;
    int64_t count, wait_us;
    int mode;
};

static const char *const modes[] = { "plain", "fancy", NULL };

static const struct cgw_option fake_options[] = {
    { .name = "point", .type = CGW_OPTION_STRING, .at = offsetof(struct fake_conf, point),
      .preset = "import", .max = "20", .help = "Which point." },
    { .name = "loud", .type = CGW_OPTION_BOOL, .at = offsetof(struct fake_conf, is_loud),
      .preset = "yes" },
    { .name = "count", .type = CGW_OPTION_INT, .at = offsetof(struct fake_conf, count), .preset = "1",
      .min = "1", .max = "1000000" },
    { .name = "wait", .type = CGW_OPTION_DURATION, .at = offsetof(struct fake_conf, wait_us),
      .preset = "15min" },
    { .name = "mode", .type = CGW_OPTION_CHOICE, .at = offsetof(struct fake_conf, mode),
      .choices = modes },
    { .name = NULL }
};

struct fake {
    const struct fake_conf *conf;
    const struct cgw_host *host;
};

static int n_open;               /* instances: the test's own account */

static int fake_open(void **self, const void *conf, const struct cgw_host *host, const char **why)
{
    struct fake made = { conf, host };
    if (strcmp(made.conf->point, "refuse") == 0) {
        *why = "point cannot be refuse";
        return 1;
    }
    assert_int_equal(host->abi, CGW_ABI);
    assert_int_equal(host->size, sizeof(struct cgw_host));
    struct fake *f = malloc(sizeof *f);
    *f = made;
    *self = f;
    n_open++;
    return 0;
}

static void fake_close(void *self)
{
    n_open -= self != NULL;
    free(self);
}

static bool says(const struct cgw_frame *in, const char *order)
{
    return in->payload_size == strlen(order) && memcmp(in->payload, order, in->payload_size) == 0;
}

static int fake_decode(void *self, const struct cgw_frame *in, struct cgw_batch *out)
{
    const struct fake *f = self;
    struct cgw_reading r = { .size = sizeof r, .point = f->conf->point, .time_unix_us = WALL_US,
                             .value = (double)f->conf->wait_us / 60e6, .unit = "kWh", .sequence = 4,
                             .boot_id = 5, .quality = 1 };
    if (says(in, "nothing"))
        return CGW_DONE;
    if (says(in, "oracle"))
        return 42;
    if (says(in, "unit"))
        r.unit = "furlong";
    if (says(in, "no point"))
        r.point = NULL;
    if (says(in, "short"))
        r.size = offsetof(struct cgw_reading, unit);
    if (says(in, "elsewhere"))
        r.site = "elsewhere";
    for (int64_t i = 0; i < f->conf->count; i++)
        if (f->host->add_reading(out, &r) != 0)
            return CGW_DONE;     /* as if it had not noticed */
    if (says(in, "fail"))
        return CGW_UNDECODABLE;
    if (says(in, "explain")) {
        f->host->explain(out, "a first word");
        f->host->explain(out, "line\nbreak");
        return CGW_UNDECODABLE;
    }
    return CGW_DONE;
}

static const struct cgw_plugin fake = {
    .abi = CGW_ABI, .size = sizeof fake, .name = "fake", .version = "1", .about = "A test.",
    .options = fake_options, .conf_size = sizeof(struct fake_conf),
    .open = fake_open, .close = fake_close, .decode = fake_decode,
};

static const struct cgw_plugin mute = { .abi = CGW_ABI, .size = sizeof mute, .name = "mute" };

static int decode_nothing(void *self, const struct cgw_frame *in, struct cgw_batch *out)
{
    (void)in;
    (void)out;
    assert_null(self);
    return CGW_DONE;
}

static const struct cgw_plugin bare = { .abi = CGW_ABI, .size = sizeof bare, .name = "bare",
                                        .decode = decode_nothing };

static const struct cgw_option strange_options[] = {
    { .name = "odd", .type = (enum cgw_option_type)99 }, { .name = NULL }
};

static const struct cgw_plugin strange = { .abi = CGW_ABI, .size = sizeof strange, .name = "strange",
                                           .options = strange_options, .decode = decode_nothing };

static const struct cgw_plugin *find(void *self, const char *name, const char **why)
{
    static const struct cgw_plugin *const all[] = { &fake, &mute, &bare, &strange };
    (void)self;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (strcmp(all[i]->name, name) == 0)
            return all[i];
    *why = "it is not on the shelf";
    return NULL;
}

/* --- the conversation --- */

struct fixture {
    struct arena texts, arena;
    struct plan *plan;
    struct decode *decode;
    struct readings out;
    struct buffer said;
};

static int open_fixture(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct decode_plugins plugins = { .find = find };
    arena_init(&f->texts, 0);
    arena_init(&f->arena, (size_t)1 << 20);
    decode_open(&plugins, &f->decode);
    *state = f;
    return 0;
}

static int close_fixture(void **state)
{
    struct fixture *f = *state;
    decode_close(f->decode);
    assert_int_equal(n_open, 0);
    plan_free(f->plan);
    buffer_fini(&f->said);
    arena_fini(&f->arena);
    arena_fini(&f->texts);
    free(f);
    return 0;
}

/* What configuring with these rules says; "" when it is taken up. */
static const char *configure(struct fixture *f, const char *topics)
{
    struct buffer yaml = { 0 };
    struct problems problems;
    struct plan *next = NULL;
    char head[1000];

    snprintf(head, sizeof head, "gateway: gw-1\ntopics:\n%s", topics);
    plan_example_with("gateway: gw-1\n", head, &yaml);
    problems_init(&problems, "c.yml", &f->texts);
    assert_int_equal(plan_read(buffer_slice(&yaml), &problems, &next), 0);
    int rc = decode_configure(f->decode, next, &problems);
    assert_int_equal(rc, problems.n > 0 ? OPTION_WRONG : 0);
    buffer_clear(&f->said);
    problems_print(&problems, &f->said);
    buffer_put_u8(&f->said, 0);
    plan_free(rc == 0 ? f->plan : next);
    if (rc == 0)
        f->plan = next;
    problems_fini(&problems);
    buffer_fini(&yaml);
    return (const char *)f->said.at;
}

static enum verdict take(struct fixture *f, const char *payload)
{
    struct frame frame = {
        .kind = FRAME_MESSAGE,
        .clock = { .offset_us = WALL_US, .is_synchronised = true },
        .topic = slice_of("m/plant/main-meter"),
        .rest = slice_of(payload),
    };
    arena_reset(&f->arena);
    f->out = (struct readings){ .n = 77 };
    return decode_frame(f->decode, &frame, &f->arena, &f->out);
}

#define RULE "  - {topic: 'm/{site}/{device}', decoder: fake"

static void options_reach_the_plugin_and_readings_come_back(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(configure(f, RULE ", options: {point: quarter, wait: 30min, mode: fancy}}\n"),
                        "");
    assert_int_equal(n_open, 1);
    assert_int_equal(take(f, "go"), VERDICT_COUNTED);
    assert_int_equal(f->out.n, 1);
    const struct reading *r = &f->out.at[0];
    assert_int_equal(r->verdict, VERDICT_COUNTED);
    assert_string_equal(f->plan->points[r->point].id, "quarter");
    assert_int_equal(r->ticks, 30000000);
    assert_int_equal(r->sequence, 4);
    assert_int_equal(r->boot, 5);
    assert_int_equal(r->quality, QUALITY_ESTIMATED);
    assert_int_equal(r->interval_us, INT64_C(900000000));
}

static void presets_hold_without_options(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(configure(f, RULE "}\n"), "");
    assert_int_equal(take(f, "go"), VERDICT_COUNTED);
    assert_string_equal(f->plan->points[f->out.at[0].point].id, "import");
    assert_int_equal(f->out.at[0].ticks, 600000);   /* 15 x 40 / 0.001 */
}

static void each_rule_has_an_instance_of_its_own(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(configure(f, "  - {topic: other, decoder: fake, options: {point: quarter}}\n"
                                  RULE ", options: {count: 3}}\n"), "");
    assert_int_equal(n_open, 2);
    assert_int_equal(take(f, "go"), VERDICT_COUNTED);
    assert_int_equal(f->out.n, 3);
    assert_string_equal(configure(f, RULE "}\n"), "");
    assert_int_equal(n_open, 1);
}

static void mistakes_in_options_are_told_with_their_places(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *rule, *said;
    } cases[] = {
        { RULE ", options: {pint: quarter}}\n", "unknown key \"pint\"; did you mean \"point\"?" },
        { RULE ", options: {count: 0}}\n", "count" },
        { RULE ", options: {mode: grand}}\n", "plain or fancy" },
        { RULE ", options: {wait: soon}}\n", "wait" },
        { RULE ", options: {point: refuse}}\n", "refuses its options: point cannot be refuse" },
        { "  - {topic: a, decoder: mute}\n", "the plugin is no decoder" },
        { "  - {topic: a, decoder: absent}\n", "it is not on the shelf" },
        { "  - {topic: a, decoder: bare, options: {x: 1}}\n", "unknown key \"x\"" },
        { "  - {topic: a, decoder: strange}\n", "option \"odd\"" },
    };
    assert_string_equal(configure(f, RULE "}\n"), "");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *said = configure(f, cases[i].rule);
        if (!strstr(said, cases[i].said) || strncmp(said, "c.yml:3:", 8) != 0)
            fail_msg("case %zu: %s", i, said);
        assert_int_equal(n_open, 1);            /* the one before is still in force */
        assert_int_equal(take(f, "go"), VERDICT_COUNTED);
    }
}

static void all_mistakes_are_told_at_once(void **state)
{
    struct fixture *f = *state;
    const char *said = configure(f, RULE ", options: {count: 0}}\n"
                                 "  - {topic: a, decoder: absent}\n"
                                 "  - {topic: b, decoder: fake, options: {wait: soon}}\n");
    assert_non_null(strstr(said, "count"));
    assert_non_null(strstr(said, "absent"));
    assert_non_null(strstr(said, "wait"));
    assert_int_equal(n_open, 0);
}

static void a_plugin_may_offer_nothing_but_decode(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(configure(f, "  - {topic: '#', decoder: bare}\n"), "");
    assert_int_equal(take(f, "go"), VERDICT_COUNTED);
    assert_int_equal(f->out.n, 0);
}

static void what_the_plugin_says_is_judged_like_anything_else(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(configure(f, RULE "}\n"), "");
    static const struct {
        const char *order;
        enum verdict verdict;
    } cases[] = {
        { "unit", VERDICT_BAD_UNIT },
        { "no point", VERDICT_UNKNOWN_POINT },
        { "elsewhere", VERDICT_UNKNOWN_SITE },
        { "short", VERDICT_COUNTED },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(take(f, cases[i].order), VERDICT_COUNTED);
        assert_int_equal(f->out.n, 1);
        assert_int_equal(f->out.at[0].verdict, cases[i].verdict);
    }
    assert_int_equal(f->out.at[0].sequence, 0);      /* "short" did not reach that far */
    assert_int_equal(take(f, "nothing"), VERDICT_COUNTED);
    assert_int_equal(f->out.n, 0);
}

static void a_message_that_fails_has_one_verdict_and_no_readings(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(configure(f, RULE "}\n"), "");
    assert_int_equal(take(f, "fail"), VERDICT_UNDECODABLE);
    assert_int_equal(f->out.n, 77);
    assert_string_equal(decode_explanation(f->decode), "");
    assert_int_equal(take(f, "oracle"), VERDICT_UNDECODABLE);
    assert_int_equal(take(f, ""), VERDICT_UNDECODABLE);
    assert_int_equal(take(f, "explain"), VERDICT_UNDECODABLE);
    assert_string_equal(decode_explanation(f->decode), "line?break");
    assert_int_equal(take(f, "go"), VERDICT_COUNTED);
    assert_string_equal(decode_explanation(f->decode), "");
}

static void more_readings_than_the_batch_holds_are_too_large(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(configure(f, RULE ", options: {count: 20000}}\n"), "");
    assert_int_equal(take(f, "go"), VERDICT_TOO_LARGE);
    assert_int_equal(f->out.n, 77);
    assert_true(f->arena.taken <= (size_t)1 << 19);
}

/* --- the host --- */

static void numbers_are_read_as_the_c_locale_has_them(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int rc;
        double value;
    } cases[] = {
        { "0", 0, 0 },           { "-1.5", 0, -1.5 },      { "+2", 0, 2 },
        { "1e3", 0, 1000 },      { "1E-2", 0, 0.01 },      { ".5", 0, 0.5 },
        { "5.", 0, 5 },          { "0.1", 0, 0.1 },        { "1e999", 0, (double)INFINITY },
        { "-inf", 0, -(double)INFINITY },                  { "", 1, 0 },
        { " 1", 1, 0 },          { "1 ", 1, 0 },           { "1,5", 1, 0 },
        { "0x10", 1, 0 },        { "1.5kWh", 1, 0 },       { "1.2.3", 1, 0 },
        { "--1", 1, 0 },         { "e5", 1, 0 },           { "nan(1)", 1, 0 },
        { "1_000", 1, 0 },       { "\xd9\xa1", 1, 0 },     { "n", 1, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double value = 77;
        int rc = decode_host.parse_number(cases[i].text, &value);
        if (rc != cases[i].rc || value < (rc == 0 ? cases[i].value : 77.0) ||
            value > (rc == 0 ? cases[i].value : 77.0))
            fail_msg("\"%s\": %d, %g", cases[i].text, rc, value);
    }
    double value = 0;
    assert_int_equal(decode_host.parse_number("NaN", &value), 0);
    assert_true(isnan(value));
}

/* Wherever such a locale is installed; where none is, there is nothing to disturb us. */
static void a_locale_with_decimal_commas_changes_nothing(void **state)
{
    (void)state;
    double value = 0;
    char *before = strdup(setlocale(LC_ALL, NULL));
    if (!setlocale(LC_ALL, "de_DE.UTF-8"))
        setlocale(LC_ALL, "fr_FR.UTF-8");
    assert_int_equal(decode_host.parse_number("1.5", &value), 0);
    assert_int_equal(decode_host.parse_number("1,5", &value), 1);
    setlocale(LC_ALL, before);
    free(before);
    assert_true(value > 1.25 && value < 1.75);
}

static void times_are_iso_8601_with_a_zone(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int rc;
        int64_t unix_us;
    } cases[] = {
        { "1970-01-01T00:00:00Z", 0, 0 },
        { "2018-01-01T00:15:00+09:00", 0, WALL_US },
        { "2017-12-31T10:15:00-05:00", 0, WALL_US },
        { "2017-12-31T15:15:00-00:00", 0, WALL_US },
        { "2017-12-31T20:45:00+05:30", 0, WALL_US },
        { "2017-12-31T15:15:00.5Z", 0, WALL_US + 500000 },
        { "2017-12-31T15:15:00.000001Z", 0, WALL_US + 1 },
        { "2017-12-31T15:15:00.123456789Z", 0, WALL_US + 123456 },
        { "2018-01-01T00:15:00.25+09:00", 0, WALL_US + 250000 },
        { "2016-02-29T00:00:00Z", 0, INT64_C(1456704000000000) },
        { "2017-02-29T00:00:00Z", 1, 0 },
        { "2017-12-31", 1, 0 },
        { "2017-12-31T15:15Z", 1, 0 },
        { "2017-12-31T15:15:00", 1, 0 },
        { "2017-12-31T15:15:00.Z", 1, 0 },
        { "2017-12-31T15:15:00,5Z", 1, 0 },
        { "2017-12-31 15:15:00Z", 1, 0 },
        { "2017-12-31T15:15:00z", 1, 0 },
        { "2017-12-31T15:15:00+0900", 1, 0 },
        { "2017-12-31T15:15:00+09", 1, 0 },
        { "2017-12-31T15:15:00+24:00", 1, 0 },
        { "2017-12-31T15:15:00+09:60", 1, 0 },
        { "2017-12-31T15:15:00+09:00 ", 1, 0 },
        { "2017-12-31T15:15:00ZZ", 1, 0 },
        { "2017-12-31T24:00:00Z", 1, 0 },
        { "2017-12-31T15:15:60Z", 1, 0 },
        { "20171231T151500Z", 1, 0 },
        { "", 1, 0 },
        { "2017-12-31T15:15:0", 1, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t unix_us = 77;
        int rc = decode_host.parse_time(cases[i].text, &unix_us);
        if (rc != cases[i].rc || unix_us != (rc == 0 ? cases[i].unix_us : 77))
            fail_msg("\"%s\": %d, %lld", cases[i].text, rc, (long long)unix_us);
    }
}

static void an_explanation_is_cut_between_characters(void **state)
{
    (void)state;
    char why[300];
    struct cgw_batch batch;
    memset(why, 'x', sizeof why);
    strcpy(why + 199, "\xc3\xa9 and more");
    decode_host.explain(&batch, why);
    assert_int_equal(strlen(batch.why), 199);
    strcpy(why + 198, "\xc3\xa9 and more");
    decode_host.explain(&batch, why);
    assert_int_equal(strlen(batch.why), 200);
    assert_string_equal(batch.why + 198, "\xc3\xa9");
    decode_host.explain(&batch, "cut \xc3");
    assert_string_equal(batch.why, "cut ?");
    decode_host.explain(&batch, "");
    assert_string_equal(batch.why, "");
}

#define WITH_DECODER(test) cmocka_unit_test_setup_teardown(test, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DECODER(options_reach_the_plugin_and_readings_come_back),
        WITH_DECODER(presets_hold_without_options),
        WITH_DECODER(each_rule_has_an_instance_of_its_own),
        WITH_DECODER(mistakes_in_options_are_told_with_their_places),
        WITH_DECODER(all_mistakes_are_told_at_once),
        WITH_DECODER(a_plugin_may_offer_nothing_but_decode),
        WITH_DECODER(what_the_plugin_says_is_judged_like_anything_else),
        WITH_DECODER(a_message_that_fails_has_one_verdict_and_no_readings),
        WITH_DECODER(more_readings_than_the_batch_holds_are_too_large),
        cmocka_unit_test(numbers_are_read_as_the_c_locale_has_them),
        cmocka_unit_test(a_locale_with_decimal_commas_changes_nothing),
        cmocka_unit_test(times_are_iso_8601_with_a_zone),
        cmocka_unit_test(an_explanation_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
