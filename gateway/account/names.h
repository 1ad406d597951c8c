/* Names: from a text key to what stands for it in memory. Sites, devices, streams, points and factors
 * outlive a plan, so they are found by text and not by a plan's index. Never iterated: no order here
 * can reach a result. */
#ifndef ACCOUNT_NAMES_H
#define ACCOUNT_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct name {
    struct slice key;
    uint64_t hash;
    void *thing; /* NULL: the slot is free */
};

/* A zeroed struct holds no names. */
struct names {
    struct name *at;
    size_t n, room; /* room is 0 or a power of two */
};

void names_fini(struct names *names);

/* NULL when there is none. */
void *names_find(const struct names *names, struct slice key);

/* The key is borrowed for good and must be new. */
void names_put(struct names *names, struct slice key, void *thing);

#endif
