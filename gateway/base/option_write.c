/* The canonical form: one text per configuration, so that it can be hashed, compared and replayed.
 *
 * Block style, two spaces a level, rows in the order of the table, strings in double quotes on one
 * line whatever is in them. A subtree for somebody else's table (OPT_RAW) has no rows to go by:
 * its keys keep their order, and a scalar stays plain if it was and looks harmless, or is quoted.
 * Its text is kept as it would stand at the left margin and moved right line by line when it is
 * written, which no quoted line minds. A collection's text ends with a line feed, a scalar's does
 * not: so it can be told which of the two goes on the line of its key. */
#include <string.h>

#include "base/option_private.h"

/* Where the pen stands. After a key the value goes on the same line if it fits on one; a new line
 * of a block begins with the dashes of the list entries that it is the first line of. */
struct writer {
    struct buffer *out;
    struct buffer *places;      /* of the nodes written, for a subtree; or NULL */
    unsigned depth;             /* of the next line */
    unsigned dashes;
    bool is_after_key;
};

static void begin_line(struct writer *w)
{
    for (unsigned i = 0; i < w->depth; i++)
        text_put(w->out, i + w->dashes < w->depth ? "  " : "- ");
    w->dashes = 0;
}

/* What fits on one line goes behind its key, or makes an entry's line. */
static void begin_inline(struct writer *w)
{
    if (w->is_after_key)
        text_put(w->out, " ");
    else
        begin_line(w);
    w->is_after_key = false;
}

static void begin_block(struct writer *w)
{
    if (w->is_after_key)
        text_put(w->out, "\n");
    w->is_after_key = false;
}

static void write_inline(struct writer *w, const char *text)
{
    begin_inline(w);
    text_put(w->out, text);
    text_put(w->out, "\n");
}

/* A key opens a level that its value closes, and so does an entry. */
static void open_key(struct writer *w, struct slice key, bool is_plain)
{
    begin_line(w);
    scalar_put(w->out, key, is_plain);
    text_put(w->out, ":");
    w->is_after_key = true;
    w->depth++;
}

static void open_entry(struct writer *w)
{
    w->dashes++;
    w->depth++;
}

static void close_level(struct writer *w)
{
    w->depth--;
}

/* --- by the tree --- */

static void place_put(struct writer *w, const struct node *node)
{
    buffer_put(w->places, &node->place, sizeof node->place);
}

static void write_node(struct writer *w, const struct node *node);

static void write_children(struct writer *w, const struct node *node)
{
    begin_block(w);
    for (const struct node *child = node->first; child != NULL; child = child->next) {
        if (child->key != NULL) {
            place_put(w, child->key);
            open_key(w, child->key->text, child->key->is_plain);
        } else {
            open_entry(w);
        }
        write_node(w, child);
        close_level(w);
    }
}

static void write_node(struct writer *w, const struct node *node)
{
    place_put(w, node);
    if (node->n > 0) {
        write_children(w, node);
    } else if (node->kind == NODE_MAPPING || node->kind == NODE_SEQUENCE) {
        write_inline(w, node->kind == NODE_MAPPING ? "{}" : "[]");
    } else {
        begin_inline(w);
        scalar_put(w->out, node->text, node->is_plain);
        text_put(w->out, "\n");
    }
}

/* Two spellings of nothing, `{}` and no text at all, are one. */
static bool is_nothing(const struct node *node)
{
    return node->n == 0 && (node->kind == NODE_MAPPING ||
                            (node->kind == NODE_SCALAR && node->is_plain && node->text.size == 0));
}

int raw_from_node(const struct node *node, struct arena *arena, struct option_raw *out)
{
    struct option_raw raw = { .place = node->place };
    if (is_nothing(node)) {
        *out = raw;
        return 0;
    }
    struct buffer text = { 0 }, places = { 0 };
    struct writer w = { .out = &text, .places = &places };
    write_node(&w, node);
    size_t size = node->n > 0 ? text.size : text.size - 1;

    char *kept = arena_text(arena, (struct slice){ text.at, size });
    struct place *at = arena_take(arena, places.size);
    if (kept != NULL && at != NULL) {
        memcpy(at, places.at, places.size);
        raw.yaml = (struct slice){ (const uint8_t *)kept, size };
        raw.places = at;
        raw.n_places = places.size / sizeof *at;
        *out = raw;
    }
    buffer_fini(&text);
    buffer_fini(&places);
    return kept == NULL || at == NULL;
}

/* --- by the table --- */

static void write_rows(struct writer *w, const struct option *table, const uint8_t *conf);

static void write_text(struct writer *w, struct slice text, bool is_plain)
{
    begin_inline(w);
    scalar_put(w->out, text, is_plain);
    text_put(w->out, "\n");
}

static void write_string(struct writer *w, const char *text)
{
    write_text(w, slice_of(text), false);
}

/* Zero is written as none where reading it as a number would be refused. */
static bool is_none(const struct option *row, struct value v)
{
    return v.whole == 0 && v.decimal.mantissa == 0 && row_may_be_empty(row) &&
           (row->type == OPT_DATE || !value_fits(row, v));
}

static void write_number(struct writer *w, const struct option *row, const void *field)
{
    struct value v = { 0 };
    if (row->type == OPT_DECIMAL)
        v.decimal = *(const struct decimal *)field;
    else
        v.whole = *(const int64_t *)field;

    char text[VALUE_TEXT_SIZE];
    value_print(row->type, v, text);
    write_inline(w, is_none(row, v) ? "\"\"" : text);
}

static void write_choices(struct writer *w, const struct option *row, uint32_t bits)
{
    if (bits == 0) {
        write_inline(w, "[]");
        return;
    }
    begin_block(w);
    for (unsigned i = 0; row->choices[i] != NULL; i++) {
        if ((bits >> i & 1) == 0)
            continue;
        open_entry(w);
        write_text(w, slice_of(row->choices[i]), true);
        close_level(w);
    }
}

static void write_list(struct writer *w, const struct option *row, const struct option_list *list)
{
    if (list->n == 0) {
        write_inline(w, "[]");
        return;
    }
    begin_block(w);
    for (size_t i = 0; i < list->n; i++) {
        open_entry(w);
        if (row->type == OPT_STRINGS)
            write_string(w, ((const char *const *)list->at)[i]);
        else
            write_rows(w, row->rows, (const uint8_t *)list->at + i * row->row_size);
        close_level(w);
    }
}

static void write_lines(struct writer *w, struct slice lines)
{
    begin_block(w);
    while (lines.size > 0) {
        const uint8_t *end = memchr(lines.at, '\n', lines.size);
        size_t n = (size_t)(end - lines.at) + 1;
        begin_line(w);
        buffer_put(w->out, lines.at, n);
        lines = (struct slice){ lines.at + n, lines.size - n };
    }
}

static void write_raw(struct writer *w, const struct option_raw *raw)
{
    struct slice yaml = raw->yaml;
    if (yaml.size == 0) {
        write_inline(w, "{}");
    } else if (yaml.at[yaml.size - 1] == '\n') {
        write_lines(w, yaml);
    } else {
        begin_inline(w);
        buffer_put(w->out, yaml.at, yaml.size);
        text_put(w->out, "\n");
    }
}

static void write_value(struct writer *w, const struct option *row, const void *field)
{
    switch (row->type) {
    case OPT_STRING:
    case OPT_NAME:
        write_string(w, *(const char *const *)field);
        break;
    case OPT_BOOL:
        write_inline(w, *(const bool *)field ? "true" : "false");
        break;
    case OPT_INT:
    case OPT_SIZE:
    case OPT_DURATION:
    case OPT_DECIMAL:
    case OPT_DATE:
        write_number(w, row, field);
        break;
    case OPT_CHOICE:
        write_text(w, slice_of(row->choices[*(const int *)field]), true);
        break;
    case OPT_CHOICES:
        write_choices(w, row, *(const uint32_t *)field);
        break;
    case OPT_STRINGS:
    case OPT_LIST:
        write_list(w, row, field);
        break;
    case OPT_TABLE:
        write_rows(w, row->rows, field);
        break;
    case OPT_RAW:
        write_raw(w, field);
        break;
    }
}

static bool has_written_row(const struct option *table)
{
    for (const struct option *row = table; row->name != NULL; row++) {
        if (row_is_written(row))
            return true;
    }
    return false;
}

static void write_rows(struct writer *w, const struct option *table, const uint8_t *conf)
{
    if (!has_written_row(table)) {
        write_inline(w, "{}");
        return;
    }
    begin_block(w);
    for (const struct option *row = table; row->name != NULL; row++) {
        if (!row_is_written(row))
            continue;
        open_key(w, slice_of(row->name), true);
        write_value(w, row, conf + row->at);
        close_level(w);
    }
}

void option_write(const struct option *table, const void *conf, struct buffer *out)
{
    struct writer w = { .out = out };
    write_rows(&w, table, conf);
}
