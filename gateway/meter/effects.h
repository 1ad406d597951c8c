/* What one reading, or one order, brings about at a point: gathered while its fold is followed. */
#ifndef METER_EFFECTS_H
#define METER_EFFECTS_H

#include "meter/fold.h"

/* Points are filled in by whoever hands it on. Owned by the meter and used again. */
struct effects {
    struct amount *at;
    size_t n, room;
    struct reclassified *moved;
    size_t n_moved, room_moved;
    struct sampled *samples;
    size_t n_samples, room_samples;
};

void effects_clear(struct effects *e);   /* keeps the memory */
void effects_fini(struct effects *e);

/* All amounts of a step, given or (sign -1) taken back. */
void effects_amounts(struct effects *e, const struct fold_effect *step, int8_t sign);

/* A step was one thing and is another: what is equal in its place stays as it is. */
void effects_difference(struct effects *e, const struct fold_effect *was,
                        const struct fold_effect *now);

void effects_moved(struct effects *e, enum verdict from, enum verdict to);
void effects_sampled(struct effects *e, const struct sample *r, int8_t sign);

#endif
