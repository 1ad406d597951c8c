/* What the files of the meter share. */
#ifndef METER_METER_PRIVATE_H
#define METER_METER_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/slice.h"
#include "meter/meter.h"
#include "meter/point.h"

/* A point by its key. */
struct meter_entry {
    struct slice key;            /* the point's own */
    size_t point;
};

struct meter {
    struct meter_point *points;  /* by the plan's index */
    struct meter_entry *entries; /* by key */
    size_t n;
    struct effects effects;      /* of the reading in hand */
    struct buffer row;           /* of the point in hand */
    struct slice *gone;          /* keys whose row is to be dropped; owned */
    size_t n_gone, room_gone;
};

/* The point of that key, or NULL. */
struct meter_point *meter_find(const struct meter *m, struct slice key);

/* What was gathered in effects, as of that point. */
void meter_hand_over(struct meter *m, int32_t point, struct arena *arena, struct amounts *out);

/* The row of this key is dropped at the next save. Takes the key. */
void meter_drop(struct meter *m, struct slice key);

#endif
