/* Reading options: every type, and the presets. */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/option_test.h"

/* --- presets --- */

static void empty_documents_hold_the_presets(void **state)
{
    (void)state;
    static const char *const empty[] = { "",
                                         "\n\n",
                                         "# nothing here\n",
                                         "---\n",
                                         "{}",
                                         "--- {}\n...\n",
                                         "upstream:\nsites:\nplugin:\n",
                                         "sites: []\nupstream: {}",
                                         "\xef\xbb\xbf" };
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
        struct fixture f;
        read_well(&f, empty[i]);
        assert_presets(&f.conf);
        fixture_fini(&f);
    }
}

static void presets_alone_fill_the_struct(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    memset(&f.conf, 0xaa, sizeof f.conf);
    option_preset(options, &f.conf, &f.arena);
    assert_presets(&f.conf);
    fixture_fini(&f);
}

/* The child reports a wrong preset by the signal it dies of. */
static void read_bad_preset(enum option_type type, const char *preset, const char *max)
{
    union {
        int64_t whole;
        struct option_list list;
    } conf;
    struct option bad[] = {
        { .name = "bad", .type = type, .preset = preset, .max = max, .choices = durabilities },
        { .name = NULL },
    };
    struct arena arena;
    arena_init(&arena, 0);
    if (freopen("/dev/null", "w", stderr) != NULL)
        option_preset(bad, &conf, &arena);
}

static void presets_that_cannot_be_read_are_our_bug(void **state)
{
    (void)state;
    static const struct {
        enum option_type type;
        const char *preset, *max;
    } bad[] = {
        { OPT_DURATION, "soon", NULL },         { OPT_INT, "11", "10" },
        { OPT_CHOICES, "[power, wind]", NULL }, { OPT_STRINGS, "[a", NULL },
        { OPT_DATE, "2019-02-29", NULL },       { OPT_INT, "1", "many" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            signal(SIGABRT, SIG_DFL);
            read_bad_preset(bad[i].type, bad[i].preset, bad[i].max);
            _exit(0);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    }
}

/* --- each type --- */

static void numbers_mean_what_their_text_says(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        size_t at;
        int64_t expected;
    } rows[] = {
        { "count: 0", offsetof(struct conf, count), 0 },
        { "count: '17'", offsetof(struct conf, count), 17 },
        { "count: -9223372036854775808", offsetof(struct conf, count), INT64_MIN },
        { "count: 9223372036854775807", offsetof(struct conf, count), INT64_MAX },
        { "room: 512", offsetof(struct conf, room_bytes), 512 },
        { "room: 512B", offsetof(struct conf, room_bytes), 512 },
        { "room: 1kB", offsetof(struct conf, room_bytes), 1000 },
        { "room: 1KiB", offsetof(struct conf, room_bytes), 1024 },
        { "room: 64MB", offsetof(struct conf, room_bytes), 64000000 },
        { "room: 1.5GiB", offsetof(struct conf, room_bytes), 1610612736 },
        { "room: 1TiB", offsetof(struct conf, room_bytes), 1099511627776 },
        { "room: 0", offsetof(struct conf, room_bytes), 0 },
        { "grace: 250ms", offsetof(struct conf, grace_us), 250000 },
        { "grace: 7us", offsetof(struct conf, grace_us), 7 },
        { "grace: 30s", offsetof(struct conf, grace_us), 30000000 },
        { "grace: 15min", offsetof(struct conf, grace_us), 900000000 },
        { "grace: 1.5h", offsetof(struct conf, grace_us), 5400000000 },
        { "grace: 400d", offsetof(struct conf, grace_us), 34560000000000 },
        { "grace: 0s", offsetof(struct conf, grace_us), 0 },
        { "since: 2018-01-31", offsetof(struct conf, since), 20180131 },
        { "since: 2000-02-29", offsetof(struct conf, since), 20000229 },
        { "since: ''", offsetof(struct conf, since), 0 },
        { "since:", offsetof(struct conf, since), 0 },
        { "floor:", offsetof(struct conf, floor), 0 },
        { "floor: 5", offsetof(struct conf, floor), 5 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fixture f;
        read_well(&f, rows[i].yaml);
        int64_t found;
        memcpy(&found, (const char *)&f.conf + rows[i].at, sizeof found);
        assert_int_equal(found, rows[i].expected);
        fixture_fini(&f);
    }
}

static void numbers_that_are_none_are_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "count: 1.0",
        "count: 1e3",
        "count: 010",
        "count: +1",
        "count: 0x10",
        "count: -",
        "count: 1 2",
        "count:",
        "count: 9223372036854775808",
        "count: -9223372036854775809",
        "count: \"1\\0\"",
        "room: -1",
        "room: 1KB",
        "room: 1 kB",
        "room: kB",
        "room: 0.5",
        "room: 1.0005kB",
        "room: .",
        "room: 99999999TiB",
        "room: 9223372036854775808",
        "grace: 30",
        "grace: 0",
        "grace: -1s",
        "grace: 1m",
        "grace: 1e3s",
        "grace: 0.5us",
        "grace: 106751992d",
        "since: 2019-02-29",
        "since: 1900-02-29",
        "since: 2018-13-01",
        "since: 2018-00-10",
        "since: 2018-01-00",
        "since: 2018-1-1",
        "since: 0000-01-01",
        "since: 2018/01/01",
        "since: 2018-01-011",
        "margin: 1,5",
        "margin: ten",
        "margin: 99999999999999999999",
        "margin: .nan",
        "live: True",
        "live: on",
        "live: 1",
        "live:",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fixture f;
        fixture_init(&f);
        complaints(&f, options, &f.conf, rows[i]);
        if (f.problems.n != 1)
            print_error("%s\n", rows[i]);
        assert_int_equal(f.problems.n, 1);
        assert_presets(&f.conf);
        fixture_fini(&f);
    }
}

static void decimals_keep_their_digits(void **state)
{
    (void)state;
    struct fixture f;
    read_well(&f, "margin: -0.4500");
    assert_decimal(f.conf.margin, -4500, 4);
    fixture_fini(&f);
}

static void booleans_have_two_spellings(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        bool expected;
    } rows[] = { { "live: true", true },
                 { "live: yes", true },
                 { "live: false", false },
                 { "live: 'no'", false } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fixture f;
        read_well(&f, rows[i].yaml);
        assert_int_equal(f.conf.is_live, rows[i].expected);
        fixture_fini(&f);
    }
}

static void texts_are_taken_as_they_stand(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *expected;
    } rows[] = {
        { "title: no", "no" },
        { "title: null", "null" },
        { "title: 1.50", "1.50" },
        { "title:", "" },
        { "title: a b # c", "a b" },
        { "title: 'it''s'", "it's" },
        { "title: \"a\\tb\\u00e9\"", "a\tb\xc3\xa9" },
        { "title: |\n  one\n  two\n", "one\ntwo\n" },
        { "title: >-\n  one\n  two\n", "one two" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fixture f;
        read_well(&f, rows[i].yaml);
        assert_string_equal(f.conf.title, rows[i].expected);
        fixture_fini(&f);
    }
}

static void names_fit_a_topic_level(void **state)
{
    (void)state;
    char longest[80] = "alias: ";
    memset(longest + 7, 'x', 64);
    struct fixture f;
    read_well(&f, longest);
    assert_int_equal(strlen(f.conf.alias), 64);
    fixture_fini(&f);

    longest[71] = 'x';
    static const char *const bad[] = { "alias: a/b", "alias: a b", "alias: '#'",
                                       "alias: \xc3\xa9" };
    for (size_t i = 0; i <= sizeof bad / sizeof *bad; i++) {
        fixture_init(&f);
        complaints(&f, options, &f.conf, i == 0 ? longest : bad[i - 1]);
        assert_int_equal(f.problems.n, 1);
        assert_string_equal(f.conf.alias, "");
        fixture_fini(&f);
    }
}

static void choices_become_indices_and_bits(void **state)
{
    (void)state;
    struct fixture f;
    read_well(&f, "durability: process\nperiods: [day, minute]\n");
    assert_int_equal(f.conf.durability, 0);
    assert_int_equal(f.conf.periods, 0x9);
    fixture_fini(&f);

    read_well(&f, "periods: []\n");
    assert_int_equal(f.conf.periods, 0);
    fixture_fini(&f);
}

static void lists_and_tables_nest(void **state)
{
    (void)state;
    struct fixture f;
    read_well(&f, "upstream: {url: tcp://up, keepalive: 10s}\n"
                  "topics:\n"
                  "- a/b\n"
                  "- ''\n"
                  "sites:\n"
                  "  - name: seoul\n"
                  "    area: 2\n"
                  "    devices:\n"
                  "      - {name: m1, since: 2018-01-01}\n"
                  "      - name: m2\n"
                  "  - name: busan\n");
    assert_string_equal(f.conf.upstream.url, "tcp://up");
    assert_int_equal(f.conf.upstream.keepalive_us, 10000000);
    assert_int_equal(f.conf.topics.n, 2);
    assert_string_equal(((const char **)f.conf.topics.at)[1], "");

    const struct site_conf *sites = f.conf.sites.at;
    assert_int_equal(f.conf.sites.n, 2);
    assert_string_equal(sites[0].name, "seoul");
    assert_int_equal(sites[0].place.line, 6);
    assert_int_equal(sites[0].place.column, 5);
    assert_decimal(sites[0].area, 2, 0);
    assert_decimal(sites[1].area, 150, 2);
    assert_int_equal(sites[1].place.line, 11);

    const struct device_conf *devices = sites[0].devices.at;
    assert_int_equal(sites[0].devices.n, 2);
    assert_string_equal(devices[0].name, "m1");
    assert_int_equal(devices[0].since, 20180101);
    assert_string_equal(devices[1].name, "m2");
    fixture_fini(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_documents_hold_the_presets),
        cmocka_unit_test(presets_alone_fill_the_struct),
        cmocka_unit_test(presets_that_cannot_be_read_are_our_bug),
        cmocka_unit_test(numbers_mean_what_their_text_says),
        cmocka_unit_test(numbers_that_are_none_are_refused),
        cmocka_unit_test(decimals_keep_their_digits),
        cmocka_unit_test(booleans_have_two_spellings),
        cmocka_unit_test(texts_are_taken_as_they_stand),
        cmocka_unit_test(names_fit_a_topic_level),
        cmocka_unit_test(choices_become_indices_and_bits),
        cmocka_unit_test(lists_and_tables_nest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
