/* Mistakes in options: every kind with its place and its words, and the bounds of a document. */
#include <stdlib.h>

#include "base/option_test.h"

static void all_mistakes_are_told_at_once_in_order(void **state)
{
    (void)state;
    assert_complaints(
        "grace: soon\n"
        "titel: x\n"
        "durability: powr\n"
        "grace: 1s\n"
        "upstream:\n"
        "  keepalive: 2s\n"
        "  qqq: 1\n"
        "sites:\n"
        "  - area: 1000.01\n"
        "    name: &anchor a\n"
        "  - devices: [{name: x y}, 7]\n",
        "c.yml:1:8: grace: expected a duration such as 250ms, 30s, 15min, 24h or 400d; found "
        "\"soon\"\n"
        "c.yml:2:1: unknown key \"titel\"; did you mean \"title\"?\n"
        "c.yml:3:13: durability: expected one of process or power; found \"powr\"; did you mean "
        "\"power\"?\n"
        "c.yml:4:1: key \"grace\" stands twice, first on line 1\n"
        "c.yml:6:14: keepalive: expected a duration such as 250ms, 30s, 15min, 24h or 400d, from "
        "5s to "
        "1h; found \"2s\"\n"
        "c.yml:7:3: unknown key \"qqq\"; known here: url, password, keepalive\n"
        "c.yml:9:11: area: expected a decimal number, from 0.5 to 1000; found \"1000.01\"\n"
        "c.yml:10:11: an anchor (&anchor): write the value out instead\n"
        "c.yml:11:5: missing required key \"name\": a name (1 to 64 of A-Z a-z 0-9 . _ -)\n"
        "c.yml:11:22: name: expected a name (1 to 64 of A-Z a-z 0-9 . _ -); found \"x y\"\n"
        "c.yml:11:28: devices: each entry is a mapping; found \"7\"\n");
}

static void each_kind_of_mistake_has_its_words(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *expected;
    } rows[] = {
        { "[a, b]", "c.yml:1:1: expected a mapping of keys to values; found a list\n" },
        { "hello", "c.yml:1:1: expected a mapping of keys to values; found a text\n" },
        { "title: [a]", "c.yml:1:8: title: expected a text; found a list of 1\n" },
        { "title: {a: 1}", "c.yml:1:8: title: expected a text; found a mapping\n" },
        { "title: \"a\\0b\"", "c.yml:1:8: title: expected a text; found \"a\\x00b\"\n" },
        { "live: 'True'",
          "c.yml:1:7: live: expected true, false, yes or no; found \"True\"; did you "
          "mean \"true\"?\n" },
        { "floor: 4", "c.yml:1:8: floor: expected a whole number, at least 5; found \"4\"\n" },
        { "room: 2TiB", "c.yml:1:7: room: expected a size such as 512, 64MB or 1KiB, at most 1TiB; "
                        "found \"2TiB\"\n" },
        { "count:", "c.yml:1:7: count: expected a whole number; found nothing\n" },
        { "upstream: [1]", "c.yml:1:11: upstream: expected a mapping; found a list of 1\n" },
        { "upstream: x", "c.yml:1:11: upstream: expected a mapping; found \"x\"\n" },
        { "sites: {name: a}", "c.yml:1:8: sites: expected a list of mappings; found a mapping\n" },
        { "topics: a", "c.yml:1:9: topics: expected a list of texts, entries from 1 to 3; found "
                       "\"a\"\n" },
        { "topics: []", "c.yml:1:9: topics: expected a list of texts, entries from 1 to 3; found a "
                        "list of 0\n" },
        { "topics: [a, [b], c]", "c.yml:1:13: topics: each entry is a text; found a list of 1\n" },
        { "periods: hour",
          "c.yml:1:10: periods: expected a list of some of minute, quarter, hour or "
          "day; found \"hour\"\n" },
        { "periods: [hour, days]",
          "c.yml:1:17: periods: expected a list of some of minute, quarter, "
          "hour or day; found \"days\"; did you mean \"day\"?\n" },
        { "periods: [day, day]", "c.yml:1:16: periods: an entry stands twice; found \"day\"\n" },
        { "upstream: {url: \"0123456789012345678901234567890123456789+\"}",
          "c.yml:1:17: url: expected a text, length at most 40; found "
          "\"0123456789012345678901234567890123456789+\"\n" },
        { "title: !!str x",
          "c.yml:1:8: a tag (tag:yaml.org,2002:str): the type follows from the key\n" },
        { "title: ! x", "c.yml:1:8: a tag (!): the type follows from the key\n" },
        { "title: &a x\nalias: *a", "c.yml:1:8: an anchor (&a): write the value out instead\n"
                                    "c.yml:2:8: an alias (*a): write the value out instead\n" },
        { "upstream: *a", "c.yml:1:11: an alias (*a): write the value out instead\n" },
        { "*a : x", "c.yml:1:1: an alias (*a): write the value out instead\n" },
        { "? [a]\n: x", "c.yml:1:3: a key must be a text, not a list\n" },
        { "? {a: b}\n: x", "c.yml:1:3: a key must be a text, not a mapping\n" },
        { "title: a\n---\ntitle: b\n", "c.yml:2:1: a second document: only one is read\n" },
        { "title: a\n'title': b\n\"title\": c\n",
          "c.yml:2:1: key \"title\" stands twice, first on line 1\n"
          "c.yml:3:1: key \"title\" stands twice, first on line 1\n" },
        { "plugin: {x: 1, x: 2}", "c.yml:1:16: key \"x\" stands twice, first on line 1\n" },
        { "\"a\\nb\": 1",
          "c.yml:1:1: unknown key \"a\\nb\"; known here: title, alias, directory, live, "
          "count, floor, room, grace, since, margin, durability, periods, topics, "
          "upstream, sites, plugin\n" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_complaints(rows[i].yaml, rows[i].expected);
}

static void what_is_no_yaml_is_one_problem_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        unsigned line, column;
    } rows[] = {
        { "title: x\n\tlive: yes\n", 2, 1 },
        { "title: [a\n", 2, 1 },
        { "title: 'a\n", 2, 1 },
        { "a: b: c\n", 1, 5 },
        { "unknown: 1\ntitle: \"\\q\"\n", 2, 9 },
        { "title: x\nalias: \xff\n", 2, 8 },
        { "# \xc3\xa9\xc3\xa9\r\ntitle: \xc3\xa9\x01\r\n", 2, 9 },
        { "title: \xed\xa0\x80\n", 1, 8 },
        { "title: \xc3", 1, 8 },
        { "\xff\xfe"
          "a",
          1, 1 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fixture f;
        fixture_init(&f);
        complaints(&f, options, &f.conf, rows[i].yaml);
        assert_int_equal(f.problems.n, 1);
        if (f.problems.at[0].place.line != rows[i].line ||
            f.problems.at[0].place.column != rows[i].column)
            print_error("%zu: %s\n", i, (const char *)f.out.at);
        assert_int_equal(f.problems.at[0].place.line, rows[i].line);
        assert_int_equal(f.problems.at[0].place.column, rows[i].column);
        assert_presets(&f.conf);
        fixture_fini(&f);
    }
}

static void wrong_values_keep_their_presets(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    complaints(&f, options, &f.conf,
               "title: [x]\nlive: maybe\ncount: x\nroom: x\ngrace: x\nmargin: x\ndurability: x\n"
               "periods: [day, x]\ntopics: [a, {}]\nupstream: {keepalive: 1us}\nsites: x\n");
    assert_int_equal(f.problems.n, 11);
    assert_presets(&f.conf);
    fixture_fini(&f);
}

static void columns_count_characters(void **state)
{
    (void)state;
    assert_complaints("{title: \xed\x95\x9c\xea\xb5\xad, count: x}",
                      "c.yml:1:20: count: expected a whole number; found \"x\"\n");
}

static void long_values_are_cut_between_characters(void **state)
{
    (void)state;
    struct buffer yaml = { 0 }, expected = { 0 };
    buffer_print(&yaml, "count: ");
    buffer_print(&expected, "c.yml:1:8: count: expected a whole number; found \"");
    for (int i = 0; i < 100; i++)
        buffer_print(&yaml, "\xc3\xa9");
    for (int i = 0; i < 60; i++)
        buffer_print(&expected, "\xc3\xa9");
    buffer_print(&expected, "…\"\n");
    assert_complaints(text_of(&yaml), text_of(&expected));
    buffer_fini(&yaml);
    buffer_fini(&expected);
}

static void secrets_are_never_repeated(void **state)
{
    (void)state;
    assert_complaints("upstream: {password: correct-horse-battery}",
                      "c.yml:1:22: password: expected a text, length at most 12; found something "
                      "else\n");

    struct fixture f;
    read_well(&f, "upstream: {password: horse}");
    assert_string_equal(f.conf.upstream.password, "horse");
    assert_null(strstr(written(&f, options, &f.conf), "horse"));
    buffer_clear(&f.out);
    option_help(options, &f.out);
    assert_null(strstr(text_of(&f.out), "changeme"));
    fixture_fini(&f);
}

struct demanding_conf {
    struct link_conf near;
    struct {
        struct link_conf far;
        int64_t n;
    } outer;
    const char *id, *key;
};

static const struct option strict_rows[] = {
    { .name = "url",
      .type = OPT_STRING,
      .at = offsetof(struct link_conf, url),
      .is_required = true },
    { .name = NULL },
};

static const struct option outer_rows[] = {
    { .name = "far", .type = OPT_TABLE, .at = 0, .rows = strict_rows },
    { .name = "n", .type = OPT_INT, .at = sizeof(struct link_conf), .is_required = true },
    { .name = NULL },
};

static const struct option demanding[] = {
    { .name = "near",
      .type = OPT_TABLE,
      .at = offsetof(struct demanding_conf, near),
      .rows = strict_rows,
      .is_required = true },
    { .name = "outer",
      .type = OPT_TABLE,
      .at = offsetof(struct demanding_conf, outer),
      .rows = outer_rows },
    { .name = "id",
      .type = OPT_STRING,
      .at = offsetof(struct demanding_conf, id),
      .is_required = true,
      .is_local = true },
    { .name = "key",
      .type = OPT_STRING,
      .at = offsetof(struct demanding_conf, key),
      .is_required = true,
      .is_secret = true },
    { .name = NULL },
};

static void missing_keys_are_placed_at_their_mapping(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *expected;
    } rows[] = {
        { "", "c.yml:1:1: missing required key \"near\": a mapping\n"
              "c.yml:1:1: missing required key \"outer.far.url\": a text\n"
              "c.yml:1:1: missing required key \"outer.n\": a whole number\n"
              "c.yml:1:1: missing required key \"id\": a text\n"
              "c.yml:1:1: missing required key \"key\": a text\n" },
        { "id: a\nkey: b\nnear:\nouter:\n  n: 1\n",
          "c.yml:3:6: missing required key \"url\": a text\n"
          "c.yml:5:3: missing required key \"far.url\": a text\n" },
        { "id: a\nkey: b\nnear: 1\nouter: *x\n",
          "c.yml:3:7: near: expected a mapping; found \"1\"\n"
          "c.yml:4:8: an alias (*x): write the value out instead\n" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fixture f;
        struct demanding_conf conf;
        fixture_init(&f);
        assert_string_equal(complaints(&f, demanding, &conf, rows[i].yaml), rows[i].expected);
        fixture_fini(&f);
    }
}

static void what_the_canonical_form_leaves_out_is_not_missed_in_it(void **state)
{
    (void)state;
    struct fixture f;
    struct demanding_conf conf, again;
    fixture_init(&f);
    assert_string_equal(complaints(&f, demanding, &conf,
                                   "{id: a, key: b, near: {url: u}, outer: {n: 5, far: {url: v}}}"),
                        "");
    const char *text = written(&f, demanding, &conf);
    assert_string_equal(text, "near:\n  url: \"u\"\nouter:\n  far:\n    url: \"v\"\n  n: 5\n");
    assert_int_equal(option_read_written(demanding, &again, slice_of(text), &f.arena, &f.problems),
                     0);
    assert_string_equal(again.outer.far.url, "v");
    assert_string_equal(again.key, "");
    assert_int_equal(
        option_read_written(demanding, &again, slice_of("near:\n"), &f.arena, &f.problems),
        OPTION_WRONG);
    assert_int_equal(f.problems.n, 3);
    fixture_fini(&f);
}

static void problems_are_sorted_whoever_adds_them(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    problem_add(&f.problems, (struct place){ 3, 1 }, "c %d", 1);
    problem_add(&f.problems, (struct place){ 1, 9 }, "b");
    problem_add(&f.problems, (struct place){ 3, 1 }, "d");
    problem_add(&f.problems, (struct place){ 0, 0 }, "a");
    problems_print(&f.problems, &f.out);
    assert_string_equal(text_of(&f.out), "c.yml: a\nc.yml:1:9: b\nc.yml:3:1: c 1\nc.yml:3:1: d\n");
    fixture_fini(&f);
}

static void earlier_problems_do_not_make_a_document_wrong(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    problem_add(&f.problems, (struct place){ 1, 1 }, "of another");
    assert_int_equal(option_read(options, &f.conf, slice_of(""), &f.arena, &f.problems), 0);
    fixture_fini(&f);
}

static void the_nearest_name_is_offered_only_if_near(void **state)
{
    (void)state;
    static const char *const names[] = { "keepalive", "broker", "grace", "b", NULL };
    static const struct {
        const char *name, *expected;
    } rows[] = {
        { "keep_alive", "keepalive" },
        { "brokr", "broker" },
        { "BROKER", "broker" },
        { "garce", "grace" },
        { "x", NULL },
        { "", NULL },
        { "window", NULL },
        { "bb", "b" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *found = option_nearest(rows[i].name, names);
        if (rows[i].expected == NULL)
            assert_null(found);
        else
            assert_string_equal(found, rows[i].expected);
    }
    char endless[1000];
    memset(endless, 'b', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    assert_null(option_nearest(endless, names));
}

/* --- bounds --- */

static void nest(struct buffer *yaml, const char *before, int depth)
{
    buffer_print(yaml, "%s", before);
    for (int i = 0; i < depth; i++)
        buffer_print(yaml, "[");
    for (int i = 0; i < depth; i++)
        buffer_print(yaml, "]");
}

static void depth_is_bounded(void **state)
{
    (void)state;
    struct buffer yaml = { 0 };
    struct fixture f;
    nest(&yaml, "plugin: ", OPTION_DEPTH_MOST - 1);
    read_well(&f, text_of(&yaml));
    fixture_fini(&f);

    buffer_clear(&yaml);
    nest(&yaml, "plugin: ", OPTION_DEPTH_MOST);
    assert_complaints(text_of(&yaml), "c.yml:1:24: nested more than 16 deep\n");
    buffer_clear(&yaml);
    nest(&yaml, "titel: x\nplugin: ", 100000);
    assert_complaints(text_of(&yaml), "c.yml:2:24: nested more than 16 deep\n");
    buffer_fini(&yaml);
}

static void size_is_bounded(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    char *text = malloc(OPTION_BYTES_MOST + 1);
    memset(text, '#', OPTION_BYTES_MOST + 1);
    struct slice yaml = { (const uint8_t *)text, OPTION_BYTES_MOST };
    assert_int_equal(option_read(options, &f.conf, yaml, &f.arena, &f.problems), 0);
    yaml.size++;
    assert_int_equal(option_read(options, &f.conf, yaml, &f.arena, &f.problems), OPTION_WRONG);
    problems_print(&f.problems, &f.out);
    assert_string_equal(text_of(&f.out),
                        "c.yml: a document of 4194305 bytes: at most 4194304 are read\n");
    assert_presets(&f.conf);
    free(text);
    fixture_fini(&f);
}

static void keys_are_bounded(void **state)
{
    (void)state;
    struct buffer yaml = { 0 };
    buffer_print(&yaml, "plugin:\n  ? %0128d\n  : x\n", 0);
    struct fixture f;
    read_well(&f, text_of(&yaml));
    fixture_fini(&f);
    buffer_clear(&yaml);
    buffer_print(&yaml, "plugin:\n  ? %0129d\n  : x\n", 0);
    assert_complaints(text_of(&yaml), "c.yml:2:5: a key longer than 128 bytes\n");
    buffer_fini(&yaml);
}

/* Wherever the caller's bounded arena ends, that is a problem and the struct is whole. */
static void a_full_arena_is_a_problem_of_the_document(void **state)
{
    (void)state;
    static const char yaml[] =
        "{title: abcdefghijklmnopqrstuvwxyz, topics: [a, b, c], plugin: [a, b],\n"
        " sites: [{name: a}, {name: b}]}";
    size_t n_refused = 0;
    for (size_t most = 16; most < 4096; most += 16) {
        struct fixture f;
        fixture_init(&f);
        struct arena small;
        arena_init(&small, most);
        int rc = option_read(options, &f.conf, slice_of(yaml), &small, &f.problems);
        n_refused += rc == OPTION_WRONG;
        assert_int_equal(rc == OPTION_WRONG, f.problems.n > 0);
        assert_non_null(strchr(written(&f, options, &f.conf), '\n'));
        arena_fini(&small);
        fixture_fini(&f);
    }
    assert_in_range(n_refused, 10, 200);
}

static void mistakes_are_bounded(void **state)
{
    (void)state;
    struct buffer yaml = { 0 };
    for (int i = 0; i < PROBLEMS_MOST + 50; i++)
        buffer_print(&yaml, "x%d: 1\n", i);
    struct fixture f;
    fixture_init(&f);
    complaints(&f, options, &f.conf, text_of(&yaml));
    assert_int_equal(f.problems.n, PROBLEMS_MOST);
    assert_string_equal(f.problems.at[PROBLEMS_MOST - 1].text,
                        "more mistakes than can be listed; mend these first");
    assert_int_equal(option_read(options, &f.conf, slice_of("x: 1"), &f.arena, &f.problems),
                     OPTION_WRONG);
    buffer_fini(&yaml);
    fixture_fini(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_mistakes_are_told_at_once_in_order),
        cmocka_unit_test(each_kind_of_mistake_has_its_words),
        cmocka_unit_test(what_is_no_yaml_is_one_problem_with_its_place),
        cmocka_unit_test(wrong_values_keep_their_presets),
        cmocka_unit_test(columns_count_characters),
        cmocka_unit_test(long_values_are_cut_between_characters),
        cmocka_unit_test(secrets_are_never_repeated),
        cmocka_unit_test(missing_keys_are_placed_at_their_mapping),
        cmocka_unit_test(what_the_canonical_form_leaves_out_is_not_missed_in_it),
        cmocka_unit_test(problems_are_sorted_whoever_adds_them),
        cmocka_unit_test(earlier_problems_do_not_make_a_document_wrong),
        cmocka_unit_test(the_nearest_name_is_offered_only_if_near),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(size_is_bounded),
        cmocka_unit_test(keys_are_bounded),
        cmocka_unit_test(a_full_arena_is_a_problem_of_the_document),
        cmocka_unit_test(mistakes_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
