/* The readings of a point that may still be judged anew, in the order of the fold. */
#ifndef METER_RETAINED_H
#define METER_RETAINED_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

#include "meter/fold.h"

/* A zeroed struct is empty. Samples stand at at[first] to at[first + n - 1]. */
struct retained {
    struct sample *at;
    size_t first, n, room;
    uint8_t kind;                /* of point: which order they are in; changed only while it is empty */
};

void retained_fini(struct retained *r);

/* i < n. Valid until the next insert or remove. */
static inline struct sample *retained_at(const struct retained *r, size_t i)
{
    assert(i < r->n);
    return &r->at[r->first + i];
}

/* Where s belongs: the number of samples before it. */
size_t retained_place(const struct retained *r, const struct sample *s);

/* Whether a twin of s is there, and where. */
bool retained_twin(const struct retained *r, const struct sample *s, size_t *out);

void retained_insert(struct retained *r, size_t i, const struct sample *s);
void retained_remove(struct retained *r, size_t i);

/* Moves the sample at `from` to the earlier place `to`; those between move up by one. */
void retained_move_down(struct retained *r, size_t from, size_t to);

#endif
