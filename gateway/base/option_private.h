/* What the files of options share: the tree of a YAML document, and what a row's text means. */
#ifndef BASE_OPTION_PRIVATE_H
#define BASE_OPTION_PRIVATE_H

#include "base/option.h"

enum node_kind {
    NODE_SCALAR,
    NODE_SEQUENCE,
    NODE_MAPPING,
    NODE_WRONG,            /* already a problem: nobody looks at it again */
};

/* A node of the tree. Everything lives in the arena of the tree. */
struct node {
    enum node_kind kind;
    bool is_plain;                  /* a scalar without quotes */
    bool is_repeat;                 /* its key stood in this mapping before */
    struct place place;
    struct slice text;              /* of a scalar */
    struct node *key;               /* a scalar; where the node is a value in a mapping */
    struct node *first, *next;      /* first child; next child of the same parent */
    size_t n;                       /* children */
};

/* Reads the one document in yaml; problems are added as they are met. NULL when reading had to
 * stop: the rest would only be guessed. If the text is an option_raw's, origin is it, else NULL. */
struct node *yaml_tree(struct slice yaml, const struct option_raw *origin, struct arena *nodes,
                       struct problems *problems);

/* The value of a number-like type: decimal for OPT_DECIMAL, else whole. */
struct value {
    int64_t whole;
    struct decimal decimal;
};

/* Longest key in a document: what is written as one still fits YAML's 1024 characters. */
#define KEY_BYTES_MOST 128

#define VALUE_TEXT_SIZE 32

/* The most characters of a document that a problem repeats. */
#define SHOWN_CHARACTERS 60

/* Returns 0, or 1 when the text is none of the type (OPT_INT, SIZE, DURATION, DECIMAL, DATE). */
int value_parse(enum option_type type, struct slice text, struct value *out);
void value_print(enum option_type type, struct value v, char out[VALUE_TEXT_SIZE]);

/* Whether v keeps to the row's min and max. For strings and lists v is the length or the count. */
bool value_fits(const struct option *row, struct value v);

bool row_is_number(const struct option *row);
bool row_is_scalar(const struct option *row);
bool row_may_be_empty(const struct option *row);
bool row_is_written(const struct option *row);

/* "a duration such as …, from 5s to 1h", "one of a, b or c". */
void row_describe(const struct option *row, struct buffer *out);

/* The subtree in canonical YAML. Returns 0, or 1 when the arena has no room. */
int raw_from_node(const struct node *node, struct arena *arena, struct option_raw *out);

/* The bytes of text alone, without the length that buffer_put_text sets before them. */
void text_put(struct buffer *out, const char *text);

/* Text in double quotes as YAML wants it; at most so many characters, then "…". */
void text_quote(struct buffer *out, struct slice text, size_t most_characters);

/* The same, or as it is if it was plain and looks harmless. */
void scalar_put(struct buffer *out, struct slice text, bool is_plain);

/* One reading: where its results live and its mistakes go. */
struct reader {
    struct arena *arena;
    struct problems *problems;
    bool has_no_room;
};

/* The mistakes of values. The secret among them are not repeated. */
void reader_no_room(struct reader *r, struct place place);
void reader_not_expected(struct reader *r, const struct option *row, const struct node *node);
void reader_wrong_entry(struct reader *r, const struct option *row, const struct node *node,
                        const char *why);

/* Zero, false, "" or none. A table is left to its rows. */
void field_clear(const struct option *row, void *field);

/* Returns 0, or 1 when the node is not what the row takes. */
int field_read_scalar(struct reader *r, const struct option *row, void *field,
                      const struct node *node);

/* From a sequence; wrong entries are told here. */
void field_read_strings(struct reader *r, const struct option *row, struct option_list *field,
                        const struct node *node);
void field_read_choices(struct reader *r, const struct option *row, uint32_t *field,
                        const struct node *node);

/* Finds the nearest of names offered one by one. */
struct nearest {
    struct slice name;
    const char *best;
    size_t distance;
};

void nearest_offer(struct nearest *n, const char *candidate);

#endif
