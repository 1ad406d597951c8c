/* Writing options: the canonical form reads back to the same struct and the same bytes, and a
 * subtree kept for somebody else's table remembers where it stood. */
#include <stdio.h>
#include <stdlib.h>

#include "base/option_private.h"
#include "base/option_test.h"

static void the_canonical_form_says_everything_in_one_way(void **state)
{
    (void)state;
    struct fixture f;
    read_well(&f, "sites:\n"
                  "- {devices: [{name: m1, since: 2018-01-01}, {name: m2}], name: seoul}\n"
                  "- name: busan\n"
                  "plugin: {b: [1, 'x y'], a: {}, c: [[1, 2], {k: v, l: ''}]}\n"
                  "title: \"a\\\"b\"\n"
                  "directory: /tmp\n"
                  "room: 1024000\n"
                  "grace: 90min\n");
    assert_string_equal(written(&f, options, &f.conf), "title: \"a\\\"b\"\n"
                                                       "alias: \"\"\n"
                                                       "live: true\n"
                                                       "count: -3\n"
                                                       "floor: \"\"\n"
                                                       "room: 1000KiB\n"
                                                       "grace: 90min\n"
                                                       "since: \"\"\n"
                                                       "margin: 0.10\n"
                                                       "durability: power\n"
                                                       "periods:\n"
                                                       "  - hour\n"
                                                       "  - day\n"
                                                       "topics:\n"
                                                       "  - \"carbon/v1/+/+/reading\"\n"
                                                       "upstream:\n"
                                                       "  url: \"mqtts://127.0.0.1:8883\"\n"
                                                       "  keepalive: 30s\n"
                                                       "sites:\n"
                                                       "  - name: \"seoul\"\n"
                                                       "    devices:\n"
                                                       "      - name: \"m1\"\n"
                                                       "        since: 2018-01-01\n"
                                                       "      - name: \"m2\"\n"
                                                       "        since: \"\"\n"
                                                       "    area: 1.50\n"
                                                       "  - name: \"busan\"\n"
                                                       "    devices: []\n"
                                                       "    area: 1.50\n"
                                                       "plugin:\n"
                                                       "  b:\n"
                                                       "    - 1\n"
                                                       "    - \"x y\"\n"
                                                       "  a: {}\n"
                                                       "  c:\n"
                                                       "    - - 1\n"
                                                       "      - 2\n"
                                                       "    - k: v\n"
                                                       "      l: \"\"\n");
    fixture_fini(&f);
}

/* Reads text as canonical, writes it, and expects the same bytes. */
static void assert_stable(struct fixture *f, const char *text, struct conf *again)
{
    struct fixture g;
    fixture_init(&g);
    int rc = option_read_written(options, again, slice_of(text), &f->arena, &f->problems);
    if (rc != 0)
        problems_print(&f->problems, &g.out);
    if (rc != 0)
        print_error("%s%s", text, text_of(&g.out));
    assert_int_equal(rc, 0);
    assert_string_equal(written(&g, options, again), text);
    fixture_fini(&g);
}

static void writing_what_was_read_gives_the_same_bytes(void **state)
{
    (void)state;
    static const char *const documents[] = {
        "",
        "live: no\ncount: 0\nfloor: 7\nroom: 0\ngrace: 0s\nmargin: -0.000\nperiods: []\n",
        "room: 1023\ngrace: 86400001us\nsince: 1999-12-31\n",
        "room: 1TiB\ngrace: 9223372036854775807us\n",
        "room: 1048576000000\ngrace: 106751991d\n",
        "margin: 0.000000000000000001\ncount: -9223372036854775808\n",
        "margin: 12e5\n",
        "alias: 2018-01-01\n",
        "topics: ['', ' ', '- a']\n",
        "plugin: plain\n",
        "plugin: 'quoted'\n",
        "plugin: ''\n",
        "plugin: null\n",
        "plugin: ~\n",
        "plugin: []\n",
        "plugin: {}\n",
        "plugin: [[], {}, '', ~, [[[x]]], [{a: [{b: c, d: [e]}]}]]\n",
        "plugin: {'': 1, ? 'z' , 'x: y': 1, '#': 2, '- ': 3, \"\\n\": 4, yes: no, 'yes ': 5, a:b: "
        "c}\n",
        "plugin: [a b, 'a: b', a#b, 'a #b', -1, +1, -, '-', '--- a', ---a, '?', ..., '%a', '@', "
        "'`']\n",
        "plugin: [http://a:1/b?c, 12:30:45, a::b, 'a:', 1.5e-3, 0x1F, .5, '*a', '&a', '!a', '|', "
        "'>']\n",
        "plugin:\n  text: |\n    one\n      two\n\n    three\n  folded: >\n    a\n    b\n  multi: "
        "a\n    b\n",
    };
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
        struct fixture f;
        fixture_init(&f);
        struct conf again;
        assert_string_equal(complaints(&f, options, &f.conf, documents[i]), "");
        char *text = strdup(written(&f, options, &f.conf));
        assert_stable(&f, text, &again);
        assert_int_equal(again.room_bytes, f.conf.room_bytes);
        assert_int_equal(again.grace_us, f.conf.grace_us);
        assert_int_equal(again.count, f.conf.count);
        assert_int_equal(again.floor, f.conf.floor);
        assert_decimal(again.margin, f.conf.margin.mantissa, f.conf.margin.scale);
        assert_string_equal(again.alias, f.conf.alias);
        assert_true(slice_equal(again.plugin.yaml, f.conf.plugin.yaml));
        assert_int_equal(again.plugin.n_places, f.conf.plugin.n_places);
        free(text);
        fixture_fini(&f);
    }
}

/* Texts that YAML treats in its own way, and one character of every kind. */
static const char *const pieces[] = {
    "",
    " ",
    "  ",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\"",
    "\\",
    "'",
    "#",
    ": ",
    "- ",
    "? ",
    "%",
    "@",
    "`",
    "---",
    "...",
    "{",
    "}",
    "[",
    "]",
    ",",
    "&a",
    "*a",
    "!a",
    "|",
    ">",
    "~",
    "null",
    "\x01",
    "\x1b",
    "\x7f",
    "\xc2\x80",
    "\xc2\x85",
    "\xc2\xa0",
    "\xc3\xa9",
    "\xe2\x80\xa8",
    "\xe2\x80\xa9",
    "\xef\xbb\xbf",
    "\xef\xbf\xbd",
    "\xef\xbf\xbe",
    "\xef\xbf\xbf",
    "\xf0\x9f\x8c\x8d",
    "\xf4\x8f\xbf\xbf",
    "\xed\x9f\xbf",
    "\xee\x80\x80",
    "\xed\x95\x9c",
};

static void any_text_survives_writing(void **state)
{
    (void)state;
    size_t n = sizeof pieces / sizeof *pieces;
    for (size_t i = 0; i < n; i++) {
        struct fixture f;
        fixture_init(&f);
        option_preset(options, &f.conf, &f.arena);
        char bare[16], around[32], inside[32];
        snprintf(bare, sizeof bare, "%s", pieces[i]);
        snprintf(around, sizeof around, "%sx%s", pieces[i], pieces[(i * 7 + 3) % n]);
        snprintf(inside, sizeof inside, "x%s y", pieces[i]);
        const char *topics[] = { bare, around, inside };
        f.conf.title = inside;
        f.conf.topics = (struct option_list){ topics, 3 };

        char *text = strdup(written(&f, options, &f.conf));
        struct conf again;
        assert_stable(&f, text, &again);
        assert_string_equal(again.title, inside);
        for (size_t k = 0; k < 3; k++)
            assert_string_equal(((const char **)again.topics.at)[k], topics[k]);

        free(text);
        fixture_fini(&f);
    }
}

/* The same as a value, an entry and a key of a subtree. */
static void any_text_survives_in_a_subtree(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        struct buffer yaml = { 0 };
        buffer_print(&yaml, "plugin:\n  - ");
        text_quote(&yaml, slice_of(pieces[i]), SIZE_MAX);
        buffer_print(&yaml, "\n  - ? ");
        text_quote(&yaml, slice_of(pieces[i]), SIZE_MAX);
        buffer_print(&yaml, "\n    : ");
        text_quote(&yaml, slice_of(pieces[i]), SIZE_MAX);

        struct fixture f;
        read_well(&f, text_of(&yaml));
        struct conf again;
        char *text = strdup(written(&f, options, &f.conf));
        assert_stable(&f, text, &again);
        assert_true(slice_equal(f.conf.plugin.yaml, again.plugin.yaml));
        free(text);
        buffer_fini(&yaml);
        fixture_fini(&f);
    }
}

static void long_texts_survive_writing(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    option_preset(options, &f.conf, &f.arena);
    char *long_text = malloc(100001);
    for (int i = 0; i < 100000; i++)
        long_text[i] = "ab \n\""[i % 5];
    long_text[100000] = '\0';
    f.conf.title = long_text;
    char *text = strdup(written(&f, options, &f.conf));
    struct conf again;
    assert_stable(&f, text, &again);
    assert_string_equal(again.title, long_text);
    free(text);
    free(long_text);
    fixture_fini(&f);
}

static void bytes_that_are_no_text_are_written_as_such(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    option_preset(options, &f.conf, &f.arena);
    f.conf.title = "a\xff\xc3(\xe2\x82";
    assert_non_null(
        strstr(written(&f, options, &f.conf), "title: \"a\\uFFFD\\uFFFD(\\uFFFD\\uFFFD\"\n"));
    fixture_fini(&f);
}

/* --- subtrees --- */

static void a_subtree_is_read_by_somebody_elses_table(void **state)
{
    (void)state;
    struct fixture f;
    read_well(&f, "plugin:\n  # ours\n  keepalive:   7s\n  url: {}\n");
    struct link_conf conf;
    assert_int_equal(f.conf.plugin.place.line, 3);
    assert_int_equal(f.conf.plugin.place.column, 3);
    assert_int_equal(option_read_raw(link_options, &conf, &f.conf.plugin, &f.arena, &f.problems),
                     OPTION_WRONG);
    assert_int_equal(conf.keepalive_us, 7000000);
    buffer_clear(&f.out);
    problems_print(&f.problems, &f.out);
    assert_string_equal(text_of(&f.out),
                        "c.yml:4:8: url: expected a text, length at most 40; found a mapping\n");
    fixture_fini(&f);
}

static void mistakes_in_a_subtree_stand_where_the_person_wrote_them(void **state)
{
    (void)state;
    struct fixture f;
    read_well(&f, "plugin: {   sites: [ {name: a,  area: 9999},\n"
                  "\n"
                  "     # a comment\n"
                  "     {devices: [ {name: 'x y'}, {}], nam: b},\n"
                  "     7 ],\n"
                  "  plugin: {deep: [0,  1]} }\n");
    struct conf inner;
    assert_int_equal(option_read_raw(options, &inner, &f.conf.plugin, &f.arena, &f.problems),
                     OPTION_WRONG);
    buffer_clear(&f.out);
    problems_print(&f.problems, &f.out);
    assert_string_equal(
        text_of(&f.out),
        "c.yml:1:39: area: expected a decimal number, from 0.5 to 1000; found \"9999\"\n"
        "c.yml:4:6: missing required key \"name\": a name (1 to 64 of A-Z a-z 0-9 . _ -)\n"
        "c.yml:4:25: name: expected a name (1 to 64 of A-Z a-z 0-9 . _ -); found \"x y\"\n"
        "c.yml:4:33: missing required key \"name\": a name (1 to 64 of A-Z a-z 0-9 . _ -)\n"
        "c.yml:4:38: unknown key \"nam\"; did you mean \"name\"?\n"
        "c.yml:5:6: sites: each entry is a mapping; found \"7\"\n");

    /* A subtree of the subtree still knows where it stood at first. */
    struct link_conf deepest;
    size_t n = f.problems.n;
    assert_int_equal(inner.plugin.n_places, 5);
    assert_int_equal(option_read_raw(link_options, &deepest, &inner.plugin, &f.arena, &f.problems),
                     OPTION_WRONG);
    assert_int_equal(f.problems.at[n].place.line, 6);
    assert_int_equal(f.problems.at[n].place.column, 12);
    fixture_fini(&f);
}

static void an_absent_subtree_reads_as_presets(void **state)
{
    (void)state;
    struct fixture f;
    read_well(&f, "");
    struct link_conf conf;
    assert_int_equal(option_read_raw(link_options, &conf, &f.conf.plugin, &f.arena, &f.problems),
                     0);
    assert_int_equal(conf.keepalive_us, 30000000);

    fixture_fini(&f);

    struct device_conf device;
    read_well(&f, "title: x\nplugin: {}\n");
    assert_int_equal(
        option_read_raw(device_options, &device, &f.conf.plugin, &f.arena, &f.problems),
        OPTION_WRONG);
    assert_int_equal(f.problems.at[0].place.line, 2);
    assert_int_equal(f.problems.at[0].place.column, 9);
    fixture_fini(&f);
}

/* --- the reference --- */

static void the_reference_tells_each_row(void **state)
{
    (void)state;
    static const struct option rows[] = {
        { .name = "upstream", .type = OPT_TABLE, .rows = link_options, .help = "Where it goes." },
        { .name = "sites", .type = OPT_LIST, .rows = device_options },
        { .name = "mode", .type = OPT_CHOICE, .choices = durabilities, .preset = "power" },
        { .name = NULL },
    };
    struct buffer out = { 0 };
    option_help(rows, &out);
    assert_string_equal(text_of(&out),
                        "upstream: a mapping\n"
                        "    Where it goes.\n"
                        "    url: a text, length at most 40; preset mqtts://127.0.0.1:8883\n"
                        "        Broker to publish to.\n"
                        "    password: a text, length at most 12\n"
                        "    keepalive: a duration such as 250ms, 30s, 15min, 24h or 400d, from 5s "
                        "to 1h; preset 30s\n"
                        "        Silence after which the link is lost.\n"
                        "sites: a list of mappings\n"
                        "    name: a name (1 to 64 of A-Z a-z 0-9 . _ -); required\n"
                        "    since: a date such as 2018-01-31\n"
                        "mode: one of process or power; preset power\n");
    buffer_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_canonical_form_says_everything_in_one_way),
        cmocka_unit_test(writing_what_was_read_gives_the_same_bytes),
        cmocka_unit_test(any_text_survives_writing),
        cmocka_unit_test(any_text_survives_in_a_subtree),
        cmocka_unit_test(long_texts_survive_writing),
        cmocka_unit_test(bytes_that_are_no_text_are_written_as_such),
        cmocka_unit_test(a_subtree_is_read_by_somebody_elses_table),
        cmocka_unit_test(mistakes_in_a_subtree_stand_where_the_person_wrote_them),
        cmocka_unit_test(an_absent_subtree_reads_as_presets),
        cmocka_unit_test(the_reference_tells_each_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
