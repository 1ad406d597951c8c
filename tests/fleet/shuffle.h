/* A shuffle: puts the readings of one device out of order, by a bounded number of places. */
#ifndef FLEET_SHUFFLE_H
#define FLEET_SHUFFLE_H

#include <stdbool.h>
#include <stddef.h>

#include "fleet/reading.h"

struct shuffle_entry;

struct shuffle {
    struct shuffle_entry *entries; /* a heap: what leaves next stands first */
    size_t n, room;
    uint64_t bound;    /* places */
    uint64_t taken_in; /* readings put in so far, duplicates not counted */
    uint64_t seed, device;
};

void shuffle_init(struct shuffle *s, uint64_t bound, uint64_t seed, uint64_t device);
void shuffle_fini(struct shuffle *s);

/* Puts the device's next reading in, and with is_twice its duplicate too. Everything that
 * shuffle_take gives must have been taken before. */
void shuffle_put(struct shuffle *s, const struct reading *r, bool is_twice);

/* Takes what is to be sent next. False when that is not settled before another one is put in; with
 * is_ending nothing more comes, and false means empty. */
bool shuffle_take(struct shuffle *s, bool is_ending, struct reading *out, bool *is_duplicate);

#endif
