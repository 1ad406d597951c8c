/* Fields: what one node of the document puts into one field of the struct.
 *
 * A field is written when all of its value is right, and else left as it was, which is its preset.
 * Every mistake has one form: what the row takes, in the words of the reference, and what was
 * found. */
#include <assert.h>
#include <string.h>

#include "base/option_private.h"

void reader_no_room(struct reader *r, struct place place)
{
    if (!r->has_no_room)
        problem_add(r->problems, place, "the document is too large from here on");
    r->has_no_room = true;
}

static void put_found(struct buffer *out, const struct option *row, const struct node *node)
{
    if (node->kind == NODE_MAPPING)
        text_put(out, "a mapping");
    else if (node->kind == NODE_SEQUENCE)
        buffer_print(out, "a list of %zu", node->n);
    else if (node->text.size == 0)
        text_put(out, "nothing");
    else if (row->is_secret)
        text_put(out, "something else");
    else
        text_quote(out, node->text, SHOWN_CHARACTERS);
}

static void put_nearest_choice(struct buffer *out, const struct option *row,
                               const struct node *node)
{
    static const char *const booleans[] = { "true", "false", "yes", "no", NULL };
    bool is_choice = row->type == OPT_CHOICE || row->type == OPT_CHOICES;
    const char *const *names = row->type == OPT_BOOL ? booleans : is_choice ? row->choices : NULL;
    if (names == NULL || node->kind != NODE_SCALAR || row->is_secret)
        return;

    struct nearest nearest = { .name = node->text };
    for (; *names != NULL; names++)
        nearest_offer(&nearest, *names);
    /* One entry where a list of them is due is spelled well. */
    if (nearest.best != NULL && !slice_equal(node->text, slice_of(nearest.best)))
        buffer_print(out, "; did you mean \"%s\"?", nearest.best);
}

/* The form of nearly all mistakes: what the row takes, and what was found. */
void reader_not_expected(struct reader *r, const struct option *row, const struct node *node)
{
    struct buffer text = { 0 };
    buffer_print(&text, "%s: expected ", row->name);
    row_describe(row, &text);
    text_put(&text, "; found ");
    put_found(&text, row, node);
    put_nearest_choice(&text, row, node);
    problem_add(r->problems, node->place, "%.*s", (int)text.size, (const char *)text.at);
    buffer_fini(&text);
}

/* An entry of a list of scalars that is wrong in itself. */
void reader_wrong_entry(struct reader *r, const struct option *row, const struct node *node,
                        const char *why)
{
    struct buffer found = { 0 };
    put_found(&found, row, node);
    problem_add(r->problems, node->place, "%s: %s; found %.*s", row->name, why, (int)found.size,
                (const char *)found.at);
    buffer_fini(&found);
}

static bool is_name(struct slice text)
{
    if (text.size < 1 || text.size > 64)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.at[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && !(c >= '0' && c <= '9') && c != '.' && c != '_' && c != '-')
            return false;
    }
    return true;
}

static bool has_nul(struct slice text)
{
    return text.size > 0 && memchr(text.at, 0, text.size) != NULL;
}

/* The functions below return 0, or 1 when the node is not what the row takes; the field is then as
 * it was. */
static int read_text(struct reader *r, const struct option *row, void *field,
                     const struct node *node)
{
    struct value length = { .whole = (int64_t)node->text.size };
    if (has_nul(node->text) || !value_fits(row, length))
        return 1;
    if (row->type == OPT_NAME && !is_name(node->text))
        return 1;
    const char *text = arena_text(r->arena, node->text);
    if (text == NULL)
        reader_no_room(r, node->place);
    else
        *(const char **)field = text;
    return 0;
}

static int read_bool(void *field, const struct node *node)
{
    bool is_true =
        slice_equal(node->text, slice_of("true")) || slice_equal(node->text, slice_of("yes"));
    bool is_false =
        slice_equal(node->text, slice_of("false")) || slice_equal(node->text, slice_of("no"));
    if (!is_true && !is_false)
        return 1;
    *(bool *)field = is_true;
    return 0;
}

static int choice_find(const struct option *row, struct slice text, int *out)
{
    for (int i = 0; row->choices[i] != NULL; i++) {
        if (slice_equal(text, slice_of(row->choices[i]))) {
            *out = i;
            return 0;
        }
    }
    return 1;
}

static int read_number(const struct option *row, void *field, const struct node *node)
{
    struct value v;
    if (value_parse(row->type, node->text, &v) != 0 || !value_fits(row, v))
        return 1;
    if (row->type == OPT_DECIMAL)
        *(struct decimal *)field = v.decimal;
    else
        *(int64_t *)field = v.whole;
    return 0;
}

int field_read_scalar(struct reader *r, const struct option *row, void *field,
                      const struct node *node)
{
    if (node->kind != NODE_SCALAR)
        return 1;
    if (node->text.size == 0 && row_may_be_empty(row))
        return 0;
    if (row->type == OPT_STRING || row->type == OPT_NAME)
        return read_text(r, row, field, node);
    if (row->type == OPT_BOOL)
        return read_bool(field, node);
    if (row->type == OPT_CHOICE)
        return choice_find(row, node->text, field);
    return read_number(row, field, node);
}

/* All wrong entries are told, but one is enough for the list to keep its preset. */
void field_read_strings(struct reader *r, const struct option *row, struct option_list *field,
                        const struct node *node)
{
    const char **at = arena_take_zeroed(r->arena, node->n, sizeof *at);
    if (at == NULL) {
        reader_no_room(r, node->place);
        return;
    }
    size_t n = 0;
    for (const struct node *entry = node->first; entry != NULL; entry = entry->next) {
        if (entry->kind == NODE_WRONG)
            continue;
        if (entry->kind != NODE_SCALAR || has_nul(entry->text))
            reader_wrong_entry(r, row, entry, "each entry is a text");
        else if ((at[n] = arena_text(r->arena, entry->text)) == NULL)
            reader_no_room(r, entry->place);
        else
            n++;
    }
    if (n == node->n)
        *field = (struct option_list){ at, n };
}

void field_read_choices(struct reader *r, const struct option *row, uint32_t *field,
                        const struct node *node)
{
    uint32_t bits = 0;
    size_t n = 0;
    for (const struct node *entry = node->first; entry != NULL; entry = entry->next) {
        int i;
        if (entry->kind == NODE_WRONG)
            continue;
        if (entry->kind != NODE_SCALAR || choice_find(row, entry->text, &i) != 0) {
            reader_not_expected(r, row, entry);
            continue;
        }
        assert(i < 32);
        if (bits >> i & 1)
            reader_wrong_entry(r, row, entry, "an entry stands twice");
        bits |= (uint32_t)1 << i;
        n++;
    }
    if (n == node->n)
        *field = bits;
}

void field_clear(const struct option *row, void *field)
{
    switch (row->type) {
    case OPT_STRING:
    case OPT_NAME:
        *(const char **)field = "";
        break;
    case OPT_BOOL:
        *(bool *)field = false;
        break;
    case OPT_INT:
    case OPT_SIZE:
    case OPT_DURATION:
    case OPT_DATE:
        *(int64_t *)field = 0;
        break;
    case OPT_DECIMAL:
        *(struct decimal *)field = (struct decimal){ 0 };
        break;
    case OPT_CHOICE:
        *(int *)field = 0;
        break;
    case OPT_CHOICES:
        *(uint32_t *)field = 0;
        break;
    case OPT_STRINGS:
    case OPT_LIST:
        *(struct option_list *)field = (struct option_list){ 0 };
        break;
    case OPT_RAW:
        *(struct option_raw *)field = (struct option_raw){ 0 };
        break;
    case OPT_TABLE:
        break;
    }
}
