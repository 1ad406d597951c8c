#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "model/factor_file.h"

#define HEAD "# set: grid\n# version: 2023.1\n# published: 2026-01-15\n# source: a bulletin\n# how it was made\n"

struct read {
    struct arena arena;
    struct problems problems;
    struct factor_set set;
    int rc;
};

static void read_file(struct read *r, const char *text)
{
    *r = (struct read){ 0 };
    arena_init(&r->arena, 0);
    problems_init(&r->problems, "grid.csv", &r->arena);
    r->rc = factor_file_read(slice_of(text), &r->arena, &r->problems, &r->set);
}

static void end(struct read *r)
{
    problems_fini(&r->problems);
    arena_fini(&r->arena);
}

static void a_row_is_a_factor_and_takes_from_its_set_what_it_leaves_out(void **state)
{
    struct read r;
    (void)state;
    read_file(&r, HEAD "id,version,valid_from,valid_to,per,co2,HFC-134a,source\n"
                  "cn,,2022-01-01,2022-12-31,MWh,536.6,,\n"
                  "cn,b,2023-01-01,2023-12-31,MWh,530.6,0.5,\"a table, its \"\"note\"\"\"\n");
    assert_int_equal(r.rc, 0);
    assert_string_equal(r.set.set, "grid");
    assert_int_equal(r.set.factors_list.n, 2);
    const struct factor *f = r.set.factors_list.at;
    assert_string_equal(f[0].version, "2023.1");
    assert_string_equal(f[0].source, "a bulletin");
    assert_int_equal(f[0].published_date, 20260115);
    assert_int_equal(f[0].valid_to_date, 20221231);
    assert_string_equal(f[0].kg_text[0], "536.6");
    assert_int_equal(f[0].species_list.n, 0);
    assert_string_equal(f[1].version, "b");
    assert_string_equal(f[1].source, "a table, its \"note\"");
    assert_int_equal(f[1].species_list.n, 1);
    assert_int_equal(strlen(r.set.sha256), 64);
    end(&r);
}

/* The whole of what is told, as a person sees it. */
static void assert_told(const char *file, const char *told)
{
    struct read r;
    struct buffer text = { 0 };
    read_file(&r, file);
    assert_int_equal(r.rc, OPTION_WRONG);
    problems_print(&r.problems, &text);
    buffer_put_u8(&text, 0);
    if (!strstr((const char *)text.at, told))
        fail_msg("\"%s\" is not told in: %s", told, (const char *)text.at);
    buffer_fini(&text);
    end(&r);
}

static void mistakes_are_told_with_line_and_column(void **state)
{
    static const char *const rows[][2] = {
        { "id,per,co2\na,kWh,1\n", "grid.csv:1:1: missing required key \"set\"" },
        { HEAD "", "no columns" },
        { HEAD "id,per,co3\na,kWh,1\n", "grid.csv:6:8: \"co3\" is neither a key of a factor nor a gas" },
        { HEAD "id,per,co2,co2\na,kWh,1,1\n", "grid.csv:6:12: column \"co2\" stands twice" },
        { HEAD "id,per,co2\na,kWh\n", "grid.csv:7:1: 2 fields where the heading has 3" },
        { HEAD "id,per,co2\na,\"kWh,1\n", "grid.csv:7:3: a quote is opened here and never closed" },
        { HEAD "id,per,valid_from,co2\na,kWh,2023-02-30,1\n", "grid.csv:7:7: " },
        { HEAD "id,per,co2\na,kWh,-1\n", "grid.csv:7:1: factor \"a\": CO2 is negative" },
        { HEAD "id,per,co2\na,kHw,1\n", "grid.csv:7:1: factor \"a\": no unit \"kHw\"" },
        { HEAD "id,per,co2\na,kWh,\n", "grid.csv:7:1: factor \"a\" names no gas" },
        { HEAD "per,co2\nkWh,1\n", "grid.csv:7:1: missing required key \"id\"" },
        { HEAD "id,per,valid_from,valid_to,co2\na,kWh,2022-01-01,2022-12-31,1\na,kWh,2023-01-02,,1\n",
          "grid.csv:8:1: factor \"a\": a hole" },
        { HEAD "id,per,valid_from,valid_to,co2\na,kWh,2022-01-01,2022-12-31,1\na,kWh,2022-12-31,,1\n",
          "grid.csv:8:1: factor \"a\": its validity overlaps that of the row on line 7" },
        { HEAD "id,per,co2\na,kWh,1\na,kWh,1\n", "grid.csv:8:1: factor \"a\": its validity overlaps" },
        { HEAD "id,per,co2\na,\"k\nWh\",1\n", "grid.csv:7:3: control characters" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_told(rows[i][0], rows[i][1]);
}

static void every_mistake_is_told_at_once(void **state)
{
    struct read r;
    (void)state;
    read_file(&r, HEAD "id,per,valid_from,co2\na,kWh,no,1\nb,kWh,none,1\nc,kWh\n");
    assert_int_equal(r.problems.n, 3);
    end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_is_a_factor_and_takes_from_its_set_what_it_leaves_out),
        cmocka_unit_test(mistakes_are_told_with_line_and_column),
        cmocka_unit_test(every_mistake_is_told_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
