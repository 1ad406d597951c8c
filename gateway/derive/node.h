/* A derived point at work, and the room that holds them; for the files of the room alone. */
#ifndef DERIVE_NODE_H
#define DERIVE_NODE_H

#include "derive/derive.h"
#include "derive/interval.h"

struct node {
    struct slice key;            /* "site\0device\0point\0", owned */
    uint64_t identity;           /* of what its sums mean: formula, inputs, units */
    const struct derivation *d;  /* of the present plan */
    int32_t site;
    int64_t begins_us;           /* what lies before was never seen whole; INT64_MIN: nothing does */
    int64_t forgotten_us;        /* intervals that start before are off the record; INT64_MIN: none */
    bool is_dirty;
    struct interval **at;        /* in memory, by start */
    size_t n, room;
};

/* That a point is an input of a derived one. */
struct use {
    int32_t node;
    int32_t input;               /* its place among the inputs */
};

struct touched {
    struct node *node;
    struct interval *interval;
};

struct derive {
    struct state_in lookup;
    const struct plan *plan;
    struct node *nodes;          /* an input before what is computed from it */
    size_t n_nodes;
    struct use *uses;            /* by point: uses[first[p]] to uses[first[p + 1]] */
    uint32_t *first;
    struct slice *gone;          /* keys whose rows are to leave, owned */
    size_t n_gone, room_gone;
    struct amount *out;          /* of the call in hand */
    size_t n_out, room_out;
    struct touched *touched;
    size_t n_touched, room_touched;
    struct buffer row;
};

/* Memory for one more of an array that grows by doubling. */
void *derive_grow(void *at, size_t n, size_t *room, size_t size);

/* --- node.c --- */

struct node *node_find(const struct derive *d, struct slice key);
void node_fini(struct node *n);

/* The interval that holds t, in memory or fetched; made when there is none. 0 or negative. NULL in out: it
 * begins before the point does, or is off the record. */
int node_interval(struct derive *d, struct node *n, int64_t t_us, struct interval **out);

/* The row of an interval, or of the point itself (start INT64_MIN). */
void node_key(const struct node *n, char kind, int64_t start_us, struct buffer *out);

/* Puts an interval into its place. */
void node_insert(struct node *n, struct interval *iv);
struct interval *interval_new(const struct node *n, int64_t start_us);

#endif
