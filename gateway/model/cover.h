/* Cover: which times of a point are covered, and by what. Each stretch is added with a sign, so that what is
 * taken back leaves no trace, and in whatever order they come the same cover stands in the end. */
#ifndef MODEL_COVER_H
#define MODEL_COVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

struct amount;

enum cover_kind {
    COVER_VALID,                 /* good readings */
    COVER_IDLE,                  /* the device said "not operating" */
    COVER_BRIDGED,               /* a register's delta across a gap */
    COVER_SUBSTITUTED,
    COVER_OTHER,                 /* counts without being good: estimated, suspect, entered by hand */
    COVER_KINDS
};

/* At an instant so many stretches of each kind begin (+) or end (-). */
struct cover_edge {
    int64_t at_us;
    int16_t change[COVER_KINDS];
};

/* More edges than that are not kept: the cover is then lost, and says so. */
#define COVER_EDGES_MOST 128

/* A zeroed struct covers nothing. Mostly one valid stretch that grows; edges only where that is not so. */
struct cover {
    int64_t from_us, until_us;   /* the valid stretch, while there are no edges; equal: nothing */
    struct cover_edge *edges;    /* by time, none without a change */
    uint16_t n, room;
    bool is_spilled;             /* the edges hold */
    bool is_lost;
};

void cover_spill(struct cover *c, enum cover_kind kind, int64_t start_us, int64_t end_us, int sign);
void cover_fini(struct cover *c);

/* Adds all that another covers. */
void cover_merge(struct cover *into, const struct cover *from);

/* Adds [start, end), or with sign -1 takes it back. */
static inline void cover_add(struct cover *c, enum cover_kind kind, int64_t start_us, int64_t end_us,
                             int sign)
{
    bool is_plain = kind == COVER_VALID && sign > 0 && !c->is_spilled && !c->is_lost;
    if (is_plain && c->from_us == c->until_us) {
        c->from_us = start_us;
        c->until_us = end_us;
    } else if (is_plain && c->until_us == start_us) {
        c->until_us = end_us;
    } else {
        cover_spill(c, kind, start_us, end_us, sign);
    }
}

/* What an amount's stretch counts as; COVER_KINDS: nothing is known of it, so it covers nothing. */
enum cover_kind cover_kind_of(const struct amount *amount);

/* A run in which the same kinds hold. */
struct cover_run {
    int64_t start_us, end_us;
    uint32_t kinds;              /* bit per kind */
};

/* A walk over [from, until), run by run; false: at its end. A lost cover is one run of no kind. */
struct cover_walk {
    const struct cover *c;
    int64_t at_us, until_us;
    uint16_t next;
    int16_t now[COVER_KINDS];
};
struct cover_walk cover_walk(const struct cover *c, int64_t from_us, int64_t until_us);
bool cover_next(struct cover_walk *w, struct cover_run *out);

/* How much of [from, until) has one of the kinds in `any` and none in `none`. */
int64_t cover_measure(const struct cover *c, int64_t from_us, int64_t until_us, uint32_t any,
                      uint32_t none);

/* As part of a row, shortest where it covers [from, until) validly as a whole. read: false when it does not
 * fit. */
void cover_write(const struct cover *c, int64_t from_us, int64_t until_us, struct buffer *out);
bool cover_read(struct cursor *in, int64_t from_us, int64_t until_us, struct cover *out);

#endif
