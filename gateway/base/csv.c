/* One pass over the bytes. A field is a slice of the text as long as it holds no doubled quote; only then is it
 * copied. Strict, since a quote out of place mostly means that a column has slipped, and a number would be read
 * as something else. Columns count bytes, as editors do for ASCII. */
#include "base/csv.h"

#include <string.h>

void csv_init(struct csv *c, struct slice text)
{
    static const uint8_t mark[] = { 0xef, 0xbb, 0xbf };
    *c = (struct csv){ text, 1, 1 };
    if (text.size >= sizeof mark && memcmp(text.at, mark, sizeof mark) == 0)
        c->rest = (struct slice){ text.at + sizeof mark, text.size - sizeof mark };
}

static void move(struct csv *c, size_t n)
{
    c->rest.at += n;
    c->rest.size -= n;
    c->column += (uint32_t)n;
}

/* How many bytes a line end takes that stands at place i; 0: there is none. */
static size_t line_end(struct slice s, size_t i)
{
    if (i < s.size && s.at[i] == '\n')
        return 1;
    return i + 1 < s.size && s.at[i] == '\r' && s.at[i + 1] == '\n' ? 2 : 0;
}

/* Moves behind a line end; false: here is none. */
static bool pass_line_end(struct csv *c)
{
    size_t n = line_end(c->rest, 0);
    if (n == 0)
        return false;
    move(c, n);
    c->line++;
    c->column = 1;
    return true;
}

bool csv_remark(struct csv *c, struct slice *out)
{
    if (c->rest.size == 0 || c->rest.at[0] != '#')
        return false;
    size_t n = 0;
    while (n < c->rest.size && line_end(c->rest, n) == 0)
        n++;
    *out = (struct slice){ c->rest.at, n };
    move(c, n);
    pass_line_end(c);
    return true;
}

static bool is_field_end(struct slice s, size_t i)
{
    return i == s.size || s.at[i] == ',' || line_end(s, i) != 0;
}

/* The closing quote of the field that begins behind an opening one; SIZE_MAX: there is none. */
static size_t closing_quote(struct slice s, size_t *doubled)
{
    for (size_t i = 0; i < s.size; i++) {
        if (s.at[i] != '"')
            continue;
        if (i + 1 == s.size || s.at[i + 1] != '"')
            return i;
        i++;
        (*doubled)++;
    }
    return SIZE_MAX;
}

static struct slice without_doubles(struct slice s, size_t doubled, struct arena *arena)
{
    uint8_t *to = arena_take(arena, s.size - doubled + 1);
    size_t n = 0;
    for (size_t i = 0; to && i < s.size; i++) {
        to[n++] = s.at[i];
        i += s.at[i] == '"';
    }
    return (struct slice){ to, n };
}

static void count_lines(struct csv *c, struct slice passed)
{
    for (size_t i = 0; i < passed.size; i++)
        if (passed.at[i] == '\n') {
            c->line++;
            c->column = 1;
        }
}

static const char *quoted_field(struct csv *c, struct arena *arena, struct slice *out)
{
    size_t doubled = 0;
    struct slice inside = { c->rest.at + 1, c->rest.size - 1 };
    size_t end = closing_quote(inside, &doubled);
    if (end == SIZE_MAX)
        return "a quote is opened here and never closed";
    if (!is_field_end(inside, end + 1))
        return "something stands between a closing quote and the comma behind it";
    inside.size = end;
    *out = doubled ? without_doubles(inside, doubled, arena) : inside;
    move(c, end + 2);
    count_lines(c, inside);
    return NULL;
}

static const char *plain_field(struct csv *c, struct slice *out)
{
    size_t n = 0;
    while (!is_field_end(c->rest, n)) {
        if (c->rest.at[n] == '"')
            return "a quote inside a field that does not begin with one";
        n++;
    }
    *out = (struct slice){ c->rest.at, n };
    move(c, n);
    return NULL;
}

int csv_next(struct csv *c, struct arena *arena, struct csv_record *out, const char **why)
{
    while (pass_line_end(c))
        ;
    if (c->rest.size == 0)
        return CSV_END;
    out->place = (struct place){ c->line, c->column };
    out->n = 0;
    for (;;) {
        struct place place = { c->line, c->column };
        bool is_quoted = c->rest.size > 0 && c->rest.at[0] == '"';
        if (out->n == CSV_FIELDS_MOST) {
            *why = "more fields than a record may have";
            return CSV_WRONG;
        }
        out->places[out->n] = place;
        *why = is_quoted ? quoted_field(c, arena, &out->fields[out->n]) : plain_field(c, &out->fields[out->n]);
        if (*why) {
            out->place = place;
            return CSV_WRONG;
        }
        out->n++;
        if (c->rest.size == 0 || pass_line_end(c))
            return 0;
        move(c, 1);
    }
}
