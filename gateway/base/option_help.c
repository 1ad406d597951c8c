/* Rows in words: what a row takes, for the reference and for every mistake, so that both say the
 * same. */
#include "base/option_private.h"

static void describe_choices(const struct option *row, struct buffer *out)
{
    for (size_t i = 0; row->choices[i] != NULL; i++) {
        const char *before = i == 0 ? "" : row->choices[i + 1] == NULL ? " or " : ", ";
        buffer_print(out, "%s%s", before, row->choices[i]);
    }
}

static const char *type_text(enum option_type type)
{
    switch (type) {
    case OPT_STRING:
        return "a text";
    case OPT_NAME:
        return "a name (1 to 64 of A-Z a-z 0-9 . _ -)";
    case OPT_BOOL:
        return "true, false, yes or no";
    case OPT_INT:
        return "a whole number";
    case OPT_SIZE:
        return "a size such as 512, 64MB or 1KiB";
    case OPT_DURATION:
        return "a duration such as 250ms, 30s, 15min, 24h or 400d";
    case OPT_DECIMAL:
        return "a decimal number";
    case OPT_DATE:
        return "a date such as 2018-01-31";
    case OPT_CHOICE:
        return "one of ";
    case OPT_CHOICES:
        return "a list of some of ";
    case OPT_STRINGS:
        return "a list of texts";
    case OPT_TABLE:
        return "a mapping";
    case OPT_LIST:
        return "a list of mappings";
    case OPT_RAW:
        return "any YAML";
    }
    return "";
}

static void describe_bounds(const struct option *row, struct buffer *out)
{
    if (row->min == NULL && row->max == NULL)
        return;
    text_put(out, ", ");
    if (row->type == OPT_STRING || row->type == OPT_NAME)
        text_put(out, "length ");
    else if (!row_is_number(row))
        text_put(out, "entries ");

    if (row->min == NULL)
        buffer_print(out, "at most %s", row->max);
    else if (row->max == NULL)
        buffer_print(out, "at least %s", row->min);
    else
        buffer_print(out, "from %s to %s", row->min, row->max);
}

void row_describe(const struct option *row, struct buffer *out)
{
    text_put(out, type_text(row->type));
    if (row->type == OPT_CHOICE || row->type == OPT_CHOICES)
        describe_choices(row, out);
    describe_bounds(row, out);
}

static void indent(struct buffer *out, unsigned depth)
{
    for (unsigned i = 0; i < depth; i++)
        text_put(out, "    ");
}

static void help_row(const struct option *row, struct buffer *out, unsigned depth)
{
    indent(out, depth);
    buffer_print(out, "%s: ", row->name);
    row_describe(row, out);
    if (row->is_required)
        text_put(out, "; required");
    if (row->preset != NULL && !row->is_secret)
        buffer_print(out, "; preset %s", row->preset[0] != '\0' ? row->preset : "\"\"");
    text_put(out, "\n");
    if (row->help != NULL) {
        indent(out, depth + 1);
        buffer_print(out, "%s\n", row->help);
    }
}

static void help_table(const struct option *table, struct buffer *out, unsigned depth)
{
    for (const struct option *row = table; row->name != NULL; row++) {
        help_row(row, out, depth);
        if (row->type == OPT_TABLE || row->type == OPT_LIST)
            help_table(row->rows, out, depth + 1);
    }
}

void option_help(const struct option *table, struct buffer *out)
{
    help_table(table, out, 0);
}
