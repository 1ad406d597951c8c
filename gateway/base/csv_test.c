#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/csv.h"

struct sheet {
    struct arena arena;
    struct csv csv;
    struct csv_record record;
    const char *why;
};

static void open_sheet(struct sheet *s, const char *text)
{
    *s = (struct sheet){ 0 };
    arena_init(&s->arena, 0);
    csv_init(&s->csv, slice_of(text));
}

static int next(struct sheet *s)
{
    return csv_next(&s->csv, &s->arena, &s->record, &s->why);
}

static void assert_field(const struct sheet *s, size_t i, const char *text)
{
    assert_true(i < s->record.n);
    assert_int_equal(s->record.fields[i].size, strlen(text));
    if (*text)
        assert_memory_equal(s->record.fields[i].at, text, strlen(text));
}

static void fields_are_separated_by_commas_and_records_by_either_line_end(void **state)
{
    struct sheet s;
    (void)state;
    open_sheet(&s, "\xef\xbb\xbf" "a,b,\r\n\r\n,c\n");
    assert_int_equal(next(&s), 0);
    assert_int_equal(s.record.n, 3);
    assert_field(&s, 0, "a");
    assert_field(&s, 2, "");
    assert_int_equal(next(&s), 0);
    assert_int_equal(s.record.place.line, 3);
    assert_field(&s, 0, "");
    assert_field(&s, 1, "c");
    assert_int_equal(s.record.places[1].column, 2);
    assert_int_equal(next(&s), CSV_END);
    arena_fini(&s.arena);
}

static void quotes_hold_commas_line_ends_and_doubled_quotes(void **state)
{
    struct sheet s;
    (void)state;
    open_sheet(&s, "\"a,\"\"b\"\"\",\"two\nlines\",\"\"\nnext");
    assert_int_equal(next(&s), 0);
    assert_field(&s, 0, "a,\"b\"");
    assert_field(&s, 1, "two\nlines");
    assert_field(&s, 2, "");
    assert_int_equal(next(&s), 0);
    assert_field(&s, 0, "next");
    assert_int_equal(s.record.place.line, 3);
    assert_int_equal(next(&s), CSV_END);
    arena_fini(&s.arena);
}

static void what_is_out_of_place_is_told_with_its_place(void **state)
{
    static const struct { const char *text; uint32_t line, column; const char *why; } rows[] = {
        { "a\nb,\"c\nd", 2, 3, "never closed" },
        { "a,\"b\"c,d", 1, 3, "between a closing quote" },
        { "a,b\"c", 1, 3, "inside a field" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sheet s;
        int rc;
        open_sheet(&s, rows[i].text);
        while ((rc = next(&s)) == 0)
            ;
        assert_int_equal(rc, CSV_WRONG);
        assert_int_equal(s.record.place.line, rows[i].line);
        assert_int_equal(s.record.place.column, rows[i].column);
        assert_non_null(strstr(s.why, rows[i].why));
        arena_fini(&s.arena);
    }
}

static void remarks_are_read_where_they_are_asked_for(void **state)
{
    struct sheet s;
    struct slice remark;
    (void)state;
    open_sheet(&s, "# set: x\r\na\n");
    assert_true(csv_remark(&s.csv, &remark));
    assert_int_equal(remark.size, 8);
    assert_false(csv_remark(&s.csv, &remark));
    assert_int_equal(next(&s), 0);
    assert_int_equal(s.record.place.line, 2);
    arena_fini(&s.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_separated_by_commas_and_records_by_either_line_end),
        cmocka_unit_test(quotes_hold_commas_line_ends_and_doubled_quotes),
        cmocka_unit_test(what_is_out_of_place_is_told_with_its_place),
        cmocka_unit_test(remarks_are_read_where_they_are_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
