/* A row of the file is read by the very option table that reads a row of the configuration: its fields are
 * written as YAML, a key a line, so that a mistake's line tells which field it stands in. So a key that factors
 * learn is a column at once, with the same bounds, and there is one place that says what a factor is.
 *
 * The file is checked on its own before it becomes part of a plan, since only here a mistake has a place in it:
 * holes and overlaps of validity, gases, units. What its rows may contradict in other sets, the plan finds. */
#include "model/factor_file.h"

#include <stddef.h>
#include <string.h>

#include "base/csv.h"
#include "base/hash.h"
#include "model/plan_parts.h"

struct column {
    struct slice name;
    struct place place;
    enum gas gas;                /* GAS_NONE: a key */
};

struct file {
    struct csv csv;
    struct arena *arena;
    struct problems *problems;
    const struct option *rows;   /* of a factor */
    struct column columns[CSV_FIELDS_MOST];
    size_t n_columns;
    struct factor_set *set;
};

static const struct option *factor_rows(void)
{
    const struct option *row = plan_factor_options;
    while (strcmp(row->name, "factors") != 0)
        row++;
    return row->rows;
}

/* --- the lines that name the set --- */

static struct slice trimmed(struct slice s)
{
    while (s.size && (s.at[0] == ' ' || s.at[0] == '\t')) {
        s.at++;
        s.size--;
    }
    while (s.size && (s.at[s.size - 1] == ' ' || s.at[s.size - 1] == '\t'))
        s.size--;
    return s;
}

/* A text in single quotes, as YAML doubles them. */
static void put_quoted(struct buffer *out, struct slice s)
{
    buffer_put_u8(out, '\'');
    for (size_t i = 0; i < s.size; i++) {
        buffer_put_u8(out, s.at[i]);
        if (s.at[i] == '\'')
            buffer_put_u8(out, '\'');
    }
    buffer_put_u8(out, '\'');
}

/* Problems of a YAML text of our own, told where they stand in the file. */
static void move_problems(struct file *f, const struct problems *found, const struct place *places, size_t n,
                          struct place otherwise)
{
    for (size_t i = 0; i < found->n; i++) {
        uint32_t line = found->at[i].place.line;
        struct place place = line >= 1 && line <= n ? places[line - 1] : otherwise;
        problem_add(f->problems, place, "%s", found->at[i].text);
    }
}

static int read_yaml(struct file *f, const struct option *table, void *out, const struct buffer *yaml,
                     const struct place *places, size_t n, struct place otherwise)
{
    struct problems found;
    problems_init(&found, f->problems->file, f->arena);
    int rc = option_read(table, out, buffer_slice(yaml), f->arena, &found);
    move_problems(f, &found, places, n, otherwise);
    problems_fini(&found);
    return rc;
}

static const struct option heading_rows[] = {
    { .name = "set", .type = OPT_NAME, .at = offsetof(struct factor_set, set), .is_required = true,
      .help = "Name of the set." },
    { .name = "version", .type = OPT_STRING, .at = offsetof(struct factor_set, version), .is_required = true,
      .min = "1", .help = "Its version." },
    { .name = "published", .type = OPT_DATE, .at = offsetof(struct factor_set, published_date),
      .help = "Day of publication of what its rows do not tell otherwise." },
    { .name = "source", .type = OPT_STRING, .at = offsetof(struct factor_set, source), .is_required = true,
      .min = "1", .help = "The publication." },
    { .name = NULL }
};

#define HEADING_MOST 64          /* remarks that are read; others may only be prose */

/* "# key: value" of a key of the heading; false: prose. */
static bool heading_key(struct slice line, struct slice *key, struct slice *value)
{
    line = trimmed((struct slice){ line.at + 1, line.size - 1 });
    const uint8_t *colon = line.size ? memchr(line.at, ':', line.size) : NULL;
    if (!colon)
        return false;
    *key = trimmed((struct slice){ line.at, (size_t)(colon - line.at) });
    *value = trimmed((struct slice){ colon + 1, line.size - (size_t)(colon + 1 - line.at) });
    for (const struct option *row = heading_rows; row->name; row++)
        if (slice_equal(*key, slice_of(row->name)))
            return true;
    return false;
}

static void read_heading(struct file *f)
{
    struct buffer yaml = { 0 };
    struct place places[HEADING_MOST], first = { f->csv.line, 1 };
    struct slice line, key, value;
    size_t n = 0;
    for (;;) {
        struct place place = { f->csv.line, 1 };
        if (!csv_remark(&f->csv, &line))
            break;
        if (n == HEADING_MOST || !heading_key(line, &key, &value))
            continue;
        buffer_print(&yaml, "%.*s: ", (int)key.size, (const char *)key.at);
        put_quoted(&yaml, value);
        buffer_put_u8(&yaml, '\n');
        places[n++] = place;
    }
    read_yaml(f, heading_rows, f->set, &yaml, places, n, first);
    buffer_fini(&yaml);
}

/* --- the names of the columns --- */

static bool is_key(const struct file *f, struct slice name)
{
    for (const struct option *row = f->rows; row->name; row++)
        if (row->type != OPT_LIST && slice_equal(name, slice_of(row->name)))
            return true;
    return false;
}

static const char *nearest_column(struct file *f, const char *name)
{
    const char *names[CSV_FIELDS_MOST + 1] = { NULL };
    size_t n = 0;
    for (const struct option *row = f->rows; row->name && n < CSV_FIELDS_MOST; row++)
        if (row->type != OPT_LIST)
            names[n++] = row->name;
    const char *nearest = option_nearest(name, names);
    return nearest ? nearest : option_nearest(name, gas_names());
}

static void check_column(struct file *f, size_t i)
{
    struct column *c = &f->columns[i];
    const char *name = arena_text(f->arena, c->name), *nearest;
    for (size_t k = 0; k < i; k++)
        if (slice_equal(f->columns[k].name, c->name))
            problem_add(f->problems, c->place, "column \"%s\" stands twice", name);
    if (is_key(f, c->name))
        return;
    c->gas = gas_by_name(name);
    if (c->gas != GAS_NONE)
        return;
    nearest = nearest_column(f, name);
    problem_add(f->problems, c->place, "\"%s\" is neither a key of a factor nor a gas%s%s%s", name,
                nearest ? " – did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
}

static void name_columns(struct file *f, const struct csv_record *r)
{
    f->n_columns = r->n;
    for (size_t i = 0; i < r->n; i++)
        f->columns[i] = (struct column){ trimmed(r->fields[i]), r->places[i], GAS_NONE };
    for (size_t i = 0; i < r->n; i++)
        check_column(f, i);
}

/* --- rows --- */

static void put_key(struct buffer *yaml, const struct column *c, struct slice value)
{
    buffer_print(yaml, "%.*s: ", (int)c->name.size, (const char *)c->name.at);
    put_quoted(yaml, value);
    buffer_put_u8(yaml, '\n');
}

static void put_gas(struct buffer *yaml, const struct column *c, struct slice value)
{
    buffer_print(yaml, " - {gas: %s, kg: ", gas_name(c->gas));
    put_quoted(yaml, value);
    buffer_put(yaml, "}\n", 2);
}

/* Writes the fields that are given, those of gases without a key last; places by line of the YAML. */
static size_t put_fields(struct file *f, const struct csv_record *r, struct buffer *yaml, struct place *places)
{
    size_t n = 0;
    bool has_gases = false;
    for (int gases = 0; gases < 2; gases++)
        for (size_t i = 0; i < r->n; i++) {
            struct slice value = trimmed(r->fields[i]);
            if (value.size == 0 || (f->columns[i].gas != GAS_NONE) != gases)
                continue;
            if (gases && !has_gases) {
                buffer_put(yaml, "gases:\n", 7);
                places[n++] = r->place;
                has_gases = true;
            }
            places[n++] = r->places[i];
            if (gases)
                put_gas(yaml, &f->columns[i], value);
            else
                put_key(yaml, &f->columns[i], value);
        }
    return n;
}

static bool is_clean(struct file *f, const struct csv_record *r)
{
    for (size_t i = 0; i < r->n; i++)
        if (!slice_is_clean_text(r->fields[i])) {
            problem_add(f->problems, r->places[i], "control characters, a line end inside quotes, or not UTF-8");
            return false;
        }
    return true;
}

/* What the row leaves to its set. */
static void inherit(const struct factor_set *set, struct factor *row)
{
    if (text_is_empty(row->version))
        row->version = set->version;
    if (text_is_empty(row->source))
        row->source = set->source;
    if (row->published_date == 0)
        row->published_date = set->published_date;
}

/* The row's source is required of a row of the configuration; here the set's stands in. */
static size_t put_source(struct file *f, const struct csv_record *r, struct buffer *yaml)
{
    for (size_t i = 0; i < r->n; i++)
        if (slice_equal(f->columns[i].name, slice_of("source")) && trimmed(r->fields[i]).size > 0)
            return 0;
    if (text_is_empty(f->set->source))
        return 0;
    buffer_print(yaml, "source: ");
    put_quoted(yaml, slice_of(f->set->source));
    buffer_put_u8(yaml, '\n');
    return 1;
}

static void read_row(struct file *f, const struct csv_record *r, struct factor *out)
{
    struct place places[2 * CSV_FIELDS_MOST];
    struct buffer yaml = { 0 };
    size_t n = put_source(f, r, &yaml);
    for (size_t i = 0; i < n; i++)
        places[i] = r->place;
    n += put_fields(f, r, &yaml, places + n);
    read_yaml(f, f->rows, out, &yaml, places, n, r->place);
    buffer_fini(&yaml);
    out->place = r->place;
    inherit(f->set, out);
}

static void read_rows(struct file *f)
{
    struct csv_record *r = arena_take_zeroed(f->arena, 1, sizeof *r);
    struct buffer rows = { 0 };
    const char *why = NULL;
    size_t n = 0;
    int rc;
    while ((rc = csv_next(&f->csv, f->arena, r, &why)) == 0) {
        struct factor row = { 0 };
        if (r->n != f->n_columns)
            problem_add(f->problems, r->place, "%zu fields where the heading has %zu", r->n, f->n_columns);
        else if (is_clean(f, r)) {
            read_row(f, r, &row);
            buffer_put(&rows, &row, sizeof row);
            n++;
        }
    }
    if (rc == CSV_WRONG)
        problem_add(f->problems, r->place, "%s", why);
    f->set->factors_list.n = n;
    f->set->factors_list.at = arena_take_zeroed(f->arena, n ? n : 1, sizeof(struct factor));
    if (n)
        memcpy(f->set->factors_list.at, rows.at, n * sizeof(struct factor));
    buffer_fini(&rows);
}

static void read_table(struct file *f)
{
    struct csv_record *r = arena_take_zeroed(f->arena, 1, sizeof *r);
    const char *why = NULL;
    int rc = csv_next(&f->csv, f->arena, r, &why);
    if (rc == CSV_WRONG)
        problem_add(f->problems, r->place, "%s", why);
    else if (rc == CSV_END)
        problem_add(f->problems, (struct place){ f->csv.line, 1 }, "no columns: the file ends before its table");
    if (rc != 0)
        return;
    name_columns(f, r);
    if (f->problems->n == 0)
        read_rows(f);
}

/* The rows against each other, as a plan checks them. They are copied: the check sorts them. */
static void check_rows(struct file *f)
{
    struct plan plan = { .n_factors = f->set->factors_list.n };
    size_t size = plan.n_factors * sizeof(struct factor);
    arena_init(&plan.arena, 0);
    plan.factors = arena_take_zeroed(&plan.arena, plan.n_factors + 1, sizeof(struct factor));
    if (size)
        memcpy(plan.factors, f->set->factors_list.at, size);
    plan_check_factors(&plan, f->problems);
    arena_fini(&plan.arena);
}

int factor_file_read(struct slice text, struct arena *arena, struct problems *problems, struct factor_set *out)
{
    struct file *f = arena_take_zeroed(arena, 1, sizeof *f);
    size_t before = problems->n;
    char hash[65];
    *f = (struct file){ .arena = arena, .problems = problems, .rows = factor_rows(), .set = out };
    *out = (struct factor_set){ 0 };
    hash_sha256(text, hash);
    csv_init(&f->csv, text);
    read_heading(f);
    out->sha256 = arena_text(arena, slice_of(hash));
    if (problems->n == before)
        read_table(f);
    if (problems->n == before)
        check_rows(f);
    return problems->n == before ? 0 : OPTION_WRONG;
}
