/* Reading: a tree of YAML and a table of rows become a struct.
 *
 * The table leads: each of its rows looks for its key, gets its preset first and then, if all is
 * well, what stands in the document. So a struct is always whole, and a mistake costs no more than
 * the value it is in. Keys that no row asked for are the mistakes that remain. Presets go the same
 * way as what a person writes, so a preset cannot hold what the document could not.
 *
 * The tree has an arena of its own that ends with the reading; what the struct points to is copied
 * into the caller's. */
#include "base/option.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/option_private.h"

/* The tree of a document of a person: some fifty bytes a character in the worst case, far fewer in
 * one that means something. */
#define TREE_BYTES_MOST (128u << 20)

/* Which of the required rows have to be there. */
enum demand { DEMAND_ALL, DEMAND_WRITTEN, DEMAND_NONE };

/* One mapping and the rows that read it. */
struct level {
    const struct option *rows;
    uint8_t *conf;
    const struct node *node;      /* NULL: it is not there, and all rows get their presets */
    struct place place;           /* of the node, or of the nearest mapping around it */
    const char *path;             /* from place to here: "", or "upstream." when it is not there */
    enum demand demand;
};

static void read_level(struct reader *r, const struct level *level);

static void missing(struct reader *r, const struct level *level, const struct option *row)
{
    struct buffer what = { 0 };
    row_describe(row, &what);
    problem_add(r->problems, level->place, "missing required key \"%s%s\": %.*s", level->path,
                row->name, (int)what.size, (const char *)what.at);
    buffer_fini(&what);
}

static void unknown_key(struct reader *r, const struct option *rows, const struct node *key)
{
    if (r->problems->n == PROBLEMS_MOST)
        return;
    struct nearest nearest = { .name = key->text };
    struct buffer text = { 0 };
    text_put(&text, "unknown key ");
    text_quote(&text, key->text, SHOWN_CHARACTERS);
    for (const struct option *row = rows; row->name != NULL; row++)
        nearest_offer(&nearest, row->name);

    if (nearest.best != NULL) {
        buffer_print(&text, "; did you mean \"%s\"?", nearest.best);
    } else {
        text_put(&text, "; known here:");
        for (const struct option *row = rows; row->name != NULL; row++)
            buffer_print(&text, "%s %s", row == rows ? "" : ",", row->name);
    }
    problem_add(r->problems, key->place, "%.*s", (int)text.size, (const char *)text.at);
    buffer_fini(&text);
}

/* A mapping, or nothing at all, which is an empty one. */
static bool is_mapping(const struct node *node)
{
    return node->kind == NODE_MAPPING || (node->kind == NODE_SCALAR && node->text.size == 0);
}

/* A list, or nothing at all, which is an empty one. */
static bool is_list(const struct option *row, const struct node *node)
{
    bool is_nothing = node->kind == NODE_SCALAR && node->text.size == 0;
    struct value count = { .whole = (int64_t)node->n };
    return (node->kind == NODE_SEQUENCE || is_nothing) && value_fits(row, count);
}

static void read_list(struct reader *r, const struct option *row, struct option_list *field,
                      const struct node *node, enum demand demand)
{
    uint8_t *at = arena_take_zeroed(r->arena, node->n, row->row_size);
    if (at == NULL) {
        reader_no_room(r, node->place);
        return;
    }
    *field = (struct option_list){ at, node->n };
    for (const struct node *entry = node->first; entry != NULL; entry = entry->next) {
        struct level inner = { row->rows, at, entry, entry->place, "", demand };
        if (entry->kind != NODE_WRONG && !is_mapping(entry))
            reader_wrong_entry(r, row, entry, "each entry is a mapping");
        *(struct place *)(void *)at = entry->place;
        read_level(r, &inner);
        at += row->row_size;
    }
}

static void read_value(struct reader *r, const struct option *row, void *field,
                       const struct node *node, enum demand demand)
{
    if (row_is_scalar(row)) {
        if (field_read_scalar(r, row, field, node) != 0)
            reader_not_expected(r, row, node);
    } else if (row->type == OPT_RAW) {
        if (raw_from_node(node, r->arena, field) != 0)
            reader_no_room(r, node->place);
    } else if (!is_list(row, node)) {
        reader_not_expected(r, row, node);
    } else if (row->type == OPT_STRINGS) {
        field_read_strings(r, row, field, node);
    } else if (row->type == OPT_CHOICES) {
        field_read_choices(r, row, field, node);
    } else {
        read_list(r, row, field, node, demand);
    }
}

/* The preset as a node that stands nowhere: a scalar's text as it is, else YAML. */
static const struct node *preset_node(const struct option *row, struct node *scalar,
                                      struct arena *nodes, struct problems *problems)
{
    static const struct option_raw nowhere = { .n_places = 0 };
    struct slice text = slice_of(row->preset);
    if (!row_is_scalar(row))
        return yaml_tree(text, &nowhere, nodes, problems);
    *scalar = (struct node){ .kind = NODE_SCALAR, .text = text };
    return scalar;
}

/* A preset is ours: that it cannot be read is our bug, unless it is the arena that has no room. */
static void put_preset(struct reader *r, const struct option *row, void *field, struct place place)
{
    field_clear(row, field);
    if (row->preset == NULL)
        return;
    struct arena nodes;
    struct problems none;
    struct node scalar;
    arena_init(&nodes, 0);
    problems_init(&none, "preset", r->arena);
    struct reader inner = { .arena = r->arena, .problems = &none };

    const struct node *node = preset_node(row, &scalar, &nodes, &none);
    if (node != NULL)
        read_value(&inner, row, field, node, DEMAND_ALL);
    assert(none.n == 0 || inner.has_no_room);
    if (inner.has_no_room)
        reader_no_room(r, place);
    problems_fini(&none);
    arena_fini(&nodes);
}

static bool is_demanded(const struct level *level, const struct option *row)
{
    return level->demand == DEMAND_ALL || (level->demand == DEMAND_WRITTEN && row_is_written(row));
}

/* A table that is not there is read all the same: its rows have presets, and may be missed. */
static void read_table(struct reader *r, const struct level *level, const struct option *row,
                       const struct node *node)
{
    char path[4 * KEY_BYTES_MOST] = "";
    bool is_missed = node == NULL && row->is_required && is_demanded(level, row);
    struct level inner = { row->rows, level->conf + row->at, node, level->place, path,
                           DEMAND_NONE };
    if (is_demanded(level, row) && !is_missed)
        inner.demand = level->demand;
    if (node != NULL)
        inner.place = node->place;
    else
        snprintf(path, sizeof path, "%s%s.", level->path, row->name);

    if (is_missed)
        missing(r, level, row);
    else if (node != NULL && node->kind != NODE_WRONG && !is_mapping(node))
        reader_not_expected(r, row, node);
    read_level(r, &inner);
}

static void read_row(struct reader *r, const struct level *level, const struct option *row,
                     const struct node *node)
{
    void *field = level->conf + row->at;
    if (row->type == OPT_TABLE) {
        read_table(r, level, row, node);
        return;
    }
    put_preset(r, row, field, level->place);
    if (node != NULL && node->kind != NODE_WRONG)
        read_value(r, row, field, node, level->demand);
    else if (node == NULL && row->is_required && is_demanded(level, row))
        missing(r, level, row);
}

static const struct node *find(const struct node *mapping, const char *name)
{
    struct slice key = slice_of(name);
    const struct node *child = mapping->first;
    while (child != NULL && !slice_equal(child->key->text, key))
        child = child->next;
    return child;
}

static bool is_known(const struct option *rows, struct slice key)
{
    while (rows->name != NULL && !slice_equal(slice_of(rows->name), key))
        rows++;
    return rows->name != NULL;
}

/* What is no mapping was told by the caller; its rows get their presets, and none is missed. */
static void read_level(struct reader *r, const struct level *given)
{
    struct level level = *given;
    if (level.node != NULL && !is_mapping(level.node)) {
        level.node = NULL;
        level.demand = DEMAND_NONE;
    }
    for (const struct option *row = level.rows; row->name != NULL; row++)
        read_row(r, &level, row, level.node != NULL ? find(level.node, row->name) : NULL);
    if (level.node == NULL)
        return;
    for (const struct node *child = level.node->first; child != NULL; child = child->next) {
        if (!is_known(level.rows, child->key->text))
            unknown_key(r, level.rows, child->key);
    }
}

/* A text to read, and how. */
struct source {
    struct slice yaml;
    const struct option_raw *origin;      /* or NULL */
    size_t tree_bytes_most;               /* 0: what was bounded when it was read first */
    enum demand demand;
};

static void read_root(struct reader *r, const struct option *table, void *conf,
                      const struct node *root, enum demand demand)
{
    struct level level = { .rows = table, .conf = conf, .node = root, .path = "" };
    level.demand = root != NULL ? demand : DEMAND_NONE;
    if (root != NULL)
        level.place = root->place;
    if (root != NULL && root->kind != NODE_WRONG && !is_mapping(root))
        problem_add(r->problems, root->place, "expected a mapping of keys to values; found a %s",
                    root->kind == NODE_SEQUENCE ? "list" : "text");
    read_level(r, &level);
}

static int read_source(struct reader *r, const struct source *source, const struct option *table,
                       void *conf)
{
    struct arena nodes;
    size_t n_before = r->problems->n;
    arena_init(&nodes, source->tree_bytes_most);
    const struct node *root = yaml_tree(source->yaml, source->origin, &nodes, r->problems);
    read_root(r, table, conf, root, source->demand);
    arena_fini(&nodes);
    return r->problems->n > n_before || n_before == PROBLEMS_MOST ? OPTION_WRONG : 0;
}

int option_read(const struct option *table, void *conf, struct slice yaml, struct arena *arena,
                struct problems *problems)
{
    struct reader r = { .arena = arena, .problems = problems };
    struct source source = { yaml, NULL, TREE_BYTES_MOST, DEMAND_ALL };
    if (yaml.size <= OPTION_BYTES_MOST)
        return read_source(&r, &source, table, conf);

    problem_add(problems, (struct place){ 0 }, "a document of %zu bytes: at most %u are read",
                yaml.size, OPTION_BYTES_MOST);
    read_root(&r, table, conf, NULL, DEMAND_NONE);
    return OPTION_WRONG;
}

int option_read_written(const struct option *table, void *conf, struct slice yaml,
                        struct arena *arena, struct problems *problems)
{
    struct reader r = { .arena = arena, .problems = problems };
    struct source source = { yaml, NULL, 0, DEMAND_WRITTEN };
    return read_source(&r, &source, table, conf);
}

int option_read_raw(const struct option *table, void *conf, const struct option_raw *raw,
                    struct arena *arena, struct problems *problems)
{
    struct reader r = { .arena = arena, .problems = problems };
    struct source source = { raw->yaml, raw, 0, DEMAND_ALL };
    return read_source(&r, &source, table, conf);
}

void option_preset(const struct option *table, void *conf, struct arena *arena)
{
    struct problems none;
    problems_init(&none, "preset", arena);
    struct reader r = { .arena = arena, .problems = &none };
    read_root(&r, table, conf, NULL, DEMAND_NONE);
    assert(none.n == 0);
    problems_fini(&none);
}
