/* YAML into a tree of nodes, each with its place.
 *
 * libyaml's own tree (yaml_document_load) resolves aliases and stops at the first thing that it
 * dislikes. The events below it let us say more: an alias, an anchor or a tag is noted and reading
 * goes on, so that a person sees all mistakes at once. Only what is no YAML at all ends the
 * reading, since whatever followed would be guessed.
 *
 * Depth is bounded, so building and walking the tree may recurse. Memory is bounded by the size of
 * the text (a node per two bytes at most), and by the arena of the caller. */
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/option_private.h"

struct builder {
    yaml_parser_t parser;
    struct slice yaml;
    const struct option_raw *origin;
    struct arena *nodes;
    struct problems *problems;
    size_t n_placed;               /* nodes so far: the index in origin->places */
    bool has_stopped;
};

/* The place of the next node. A canonical subtree's nodes stand in the order of their places. */
static struct place place_next(struct builder *b, yaml_mark_t mark)
{
    size_t i = b->n_placed++;
    if (b->origin == NULL)
        return (struct place){ (uint32_t)mark.line + 1, (uint32_t)mark.column + 1 };
    return i < b->origin->n_places ? b->origin->places[i] : b->origin->place;
}

/* For problems of the text itself, which a canonical subtree has only by a bug of its owner. */
static struct place place_of(const struct builder *b, yaml_mark_t mark)
{
    if (b->origin != NULL)
        return b->origin->place;
    return (struct place){ (uint32_t)mark.line + 1, (uint32_t)mark.column + 1 };
}

/* Where the reader gave up is known as an offset only: lines and characters are counted here. */
static yaml_mark_t mark_at(struct slice yaml, size_t offset)
{
    yaml_mark_t mark = { .index = offset };
    for (size_t i = 0; i < offset && i < yaml.size; i++) {
        uint8_t c = yaml.at[i];
        bool is_pair = c == '\r' && i + 1 < yaml.size && yaml.at[i + 1] == '\n';
        if (c == '\n' || (c == '\r' && !is_pair)) {
            mark.line++;
            mark.column = 0;
        } else if ((c & 0xc0) != 0x80 && !is_pair) {
            mark.column++;
        }
    }
    return mark;
}

static void stop_at_syntax(struct builder *b)
{
    const yaml_parser_t *p = &b->parser;
    b->has_stopped = true;
    if (p->error == YAML_MEMORY_ERROR)
        abort();
    if (p->error == YAML_READER_ERROR) {
        struct place place = place_of(b, mark_at(b->yaml, p->problem_offset));
        problem_add(b->problems, place, "not UTF-8 text: %s", p->problem);
    } else if (p->context != NULL) {
        problem_add(b->problems, place_of(b, p->problem_mark), "not YAML: %s %s", p->context,
                    p->problem);
    } else {
        problem_add(b->problems, place_of(b, p->problem_mark), "not YAML: %s", p->problem);
    }
}

static bool event_next(struct builder *b, yaml_event_t *event)
{
    if (b->has_stopped)
        return false;
    if (yaml_parser_parse(&b->parser, event))
        return true;
    stop_at_syntax(b);
    return false;
}

static void refuse(struct builder *b, const yaml_event_t *event, const void *anchor,
                   const void *tag)
{
    struct place place = place_of(b, event->start_mark);
    if (anchor != NULL)
        problem_add(b->problems, place, "an anchor (&%s): write the value out instead",
                    (const char *)anchor);
    if (tag != NULL)
        problem_add(b->problems, place, "a tag (%s): the type follows from the key",
                    (const char *)tag);
}

static bool copy_text(struct builder *b, const yaml_event_t *event, struct slice *out)
{
    struct slice from = { event->data.scalar.value, event->data.scalar.length };
    const char *text = arena_text(b->nodes, from);
    if (text == NULL)
        return false;
    *out = (struct slice){ (const uint8_t *)text, from.size };
    return true;
}

/* Fills the node from the event that begins it. Returns 1 at an event that begins none. */
static int begin(struct builder *b, const yaml_event_t *event, struct node *node)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        refuse(b, event, event->data.scalar.anchor, event->data.scalar.tag);
        node->kind = NODE_SCALAR;
        node->is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
        break;
    case YAML_SEQUENCE_START_EVENT:
        refuse(b, event, event->data.sequence_start.anchor, event->data.sequence_start.tag);
        node->kind = NODE_SEQUENCE;
        break;
    case YAML_MAPPING_START_EVENT:
        refuse(b, event, event->data.mapping_start.anchor, event->data.mapping_start.tag);
        node->kind = NODE_MAPPING;
        break;
    case YAML_ALIAS_EVENT:
        problem_add(b->problems, place_of(b, event->start_mark),
                    "an alias (*%s): write the value out instead",
                    (const char *)event->data.alias.anchor);
        node->kind = NODE_WRONG;
        break;
    default:
        return 1;
    }
    node->place = place_next(b, event->start_mark);
    return 0;
}

static struct node *stop_for_room(struct builder *b, struct place place)
{
    problem_add(b->problems, place, "the document is too large from here on");
    b->has_stopped = true;
    return NULL;
}

static struct node *node_keep(struct builder *b, const yaml_event_t *event)
{
    struct node node = { 0 };
    if (begin(b, event, &node) != 0)
        return NULL;
    if (node.kind == NODE_SCALAR && !copy_text(b, event, &node.text))
        return stop_for_room(b, node.place);
    struct node *kept = arena_take(b->nodes, sizeof *kept);
    if (kept == NULL)
        return stop_for_room(b, node.place);
    *kept = node;
    return kept;
}

static void fill_sequence(struct builder *b, struct node *sequence, unsigned depth);
static void fill_mapping(struct builder *b, struct node *mapping, unsigned depth);

/* The next node with all that is in it; NULL at the end of what holds it, or when reading stops. */
static struct node *build(struct builder *b, unsigned depth)
{
    yaml_event_t event;
    if (!event_next(b, &event))
        return NULL;
    struct node *node = node_keep(b, &event);
    yaml_event_delete(&event);
    if (node == NULL || node->kind == NODE_SCALAR || node->kind == NODE_WRONG)
        return node;

    if (depth == OPTION_DEPTH_MOST) {
        problem_add(b->problems, node->place, "nested more than %d deep", OPTION_DEPTH_MOST);
        b->has_stopped = true;
    } else if (node->kind == NODE_SEQUENCE) {
        fill_sequence(b, node, depth + 1);
    } else {
        fill_mapping(b, node, depth + 1);
    }
    return node;
}

static void fill_sequence(struct builder *b, struct node *sequence, unsigned depth)
{
    struct node **end = &sequence->first;
    for (struct node *child; (child = build(b, depth)) != NULL; sequence->n++) {
        *end = child;
        end = &child->next;
    }
}

/* Whether it can serve as a key; if not, that is a problem (an alias is one already). */
static bool is_key(struct builder *b, const struct node *key)
{
    if (key->kind == NODE_SCALAR && key->text.size <= KEY_BYTES_MOST)
        return true;
    if (key->kind == NODE_SCALAR)
        problem_add(b->problems, key->place, "a key longer than %d bytes", KEY_BYTES_MOST);
    else if (key->kind != NODE_WRONG)
        problem_add(b->problems, key->place, "a key must be a text, not a %s",
                    key->kind == NODE_MAPPING ? "mapping" : "list");
    return false;
}

/* By key, and equal keys as they stand in the document: the first of them counts. */
static int compare_keys(const void *a, const void *b)
{
    const struct node *x = *(const struct node *const *)a, *y = *(const struct node *const *)b;
    int order = slice_compare(x->key->text, y->key->text);
    if (order != 0)
        return order;
    struct place p = x->key->place, q = y->key->place;
    if (p.line != q.line)
        return p.line < q.line ? -1 : 1;
    return (p.column > q.column) - (p.column < q.column);
}

/* Sorted, since a mapping may have as many keys as the document has room for. */
static void mark_repeats(struct builder *b, struct node *mapping)
{
    struct node **sorted = arena_take(b->nodes, mapping->n * sizeof *sorted);
    if (sorted == NULL) {
        stop_for_room(b, mapping->place);
        return;
    }
    size_t n = 0;
    for (struct node *child = mapping->first; child != NULL; child = child->next)
        sorted[n++] = child;
    qsort(sorted, n, sizeof *sorted, compare_keys);

    struct node *first = sorted[0];
    for (size_t i = 1; i < n; i++) {
        sorted[i]->is_repeat = slice_equal(sorted[i]->key->text, first->key->text);
        if (!sorted[i]->is_repeat) {
            first = sorted[i];
            continue;
        }
        struct buffer key = { 0 };
        text_quote(&key, first->key->text, SIZE_MAX);
        problem_add(b->problems, sorted[i]->key->place, "key %.*s stands twice, first on line %u",
                    (int)key.size, (const char *)key.at, (unsigned)first->key->place.line);
        buffer_fini(&key);
    }
}

static void remove_repeats(struct node *mapping)
{
    struct node **at = &mapping->first;
    while (*at != NULL) {
        if ((*at)->is_repeat) {
            *at = (*at)->next;
            mapping->n--;
        } else {
            at = &(*at)->next;
        }
    }
}

static void fill_mapping(struct builder *b, struct node *mapping, unsigned depth)
{
    struct node **end = &mapping->first;
    for (struct node *key; (key = build(b, depth)) != NULL;) {
        struct node *child = build(b, depth);
        if (child == NULL)
            return;
        if (!is_key(b, key))
            continue;
        child->key = key;
        *end = child;
        end = &child->next;
        mapping->n++;
    }
    if (b->has_stopped || mapping->n < 2)
        return;
    mark_repeats(b, mapping);
    remove_repeats(mapping);
}

/* Passes over an event that carries no node, and tells which it was. */
static yaml_event_type_t skip(struct builder *b, struct place *place)
{
    yaml_event_t event;
    if (!event_next(b, &event))
        return YAML_NO_EVENT;
    yaml_event_type_t type = event.type;
    *place = place_of(b, event.start_mark);
    yaml_event_delete(&event);
    return type;
}

/* What stands in a text without a document: nothing, which reads as an empty mapping. */
static struct node *build_nothing(struct builder *b)
{
    struct node *node = arena_take_zeroed(b->nodes, 1, sizeof *node);
    struct place place = place_next(b, (yaml_mark_t){ 0 });
    if (node == NULL)
        return stop_for_room(b, place);
    node->kind = NODE_SCALAR;
    node->place = place;
    return node;
}

static struct node *build_stream(struct builder *b)
{
    struct place place = { 0 };
    skip(b, &place);                          /* the stream's own start */
    yaml_event_type_t type = skip(b, &place);
    if (type == YAML_STREAM_END_EVENT)
        return build_nothing(b);
    struct node *root = build(b, 0);
    skip(b, &place);                          /* the document's end */
    type = skip(b, &place);
    if (type == YAML_DOCUMENT_START_EVENT)
        problem_add(b->problems, place, "a second document: only one is read");
    return root;
}

struct node *yaml_tree(struct slice yaml, const struct option_raw *origin, struct arena *nodes,
                       struct problems *problems)
{
    struct builder b = { .yaml = yaml, .origin = origin, .nodes = nodes, .problems = problems };
    if (!yaml_parser_initialize(&b.parser))
        abort();
    /* Never guess at UTF-16: the text is UTF-8 or it is refused. */
    yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
    const uint8_t *at = yaml.at != NULL ? yaml.at : (const uint8_t *)"";
    yaml_parser_set_input_string(&b.parser, at, yaml.size);
    struct node *root = build_stream(&b);
    yaml_parser_delete(&b.parser);
    return b.has_stopped ? NULL : root;
}

/* Where they stand: for whoever finds a mistake that no row can tell. */

static const struct node *child_of(const struct node *mapping, struct slice name)
{
    const struct node *child = mapping->kind == NODE_MAPPING ? mapping->first : NULL;
    while (child && !(child->key && slice_equal(child->key->text, name)))
        child = child->next;
    return child;
}

struct place option_place(struct slice yaml, const char *path)
{
    struct arena arena;
    struct problems problems;
    struct place place = { 0, 0 };

    arena_init(&arena, 0);
    problems_init(&problems, "", &arena);
    const struct node *node = yaml_tree(yaml, NULL, &arena, &problems);
    while (node && *path) {
        size_t size = strcspn(path, ".");
        node = child_of(node, (struct slice){ (const uint8_t *)path, size });
        if (node)
            place = node->key->place;
        path += size + (path[size] == '.');
    }
    problems_fini(&problems);
    arena_fini(&arena);
    return place;
}
