/* Open addressing with linear probing over XXH3, at most half full. Nothing is ever taken out: the
 * number of names is bounded by the configurations that a gateway has seen, not by its readings. */
#include "account/names.h"

#include <assert.h>
#include <stdlib.h>

#include "base/hash.h"

void names_fini(struct names *names)
{
    free(names->at);
    *names = (struct names){ 0 };
}

/* The slot that holds the key, or the free one where it belongs. */
static struct name *slot_of(const struct names *names, struct slice key, uint64_t hash)
{
    size_t mask = names->room - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        struct name *slot = &names->at[i];
        if (!slot->thing || (slot->hash == hash && slice_equal(slot->key, key)))
            return slot;
    }
}

void *names_find(const struct names *names, struct slice key)
{
    return names->n ? slot_of(names, key, hash_bytes(key, 0))->thing : NULL;
}

static void make_room(struct names *names)
{
    struct names wider = { .n = names->n, .room = names->room ? names->room * 2 : 64 };
    wider.at = calloc(wider.room, sizeof *wider.at);
    if (!wider.at)
        abort();
    for (size_t i = 0; i < names->room; i++) {
        const struct name *old = &names->at[i];
        if (old->thing)
            *slot_of(&wider, old->key, old->hash) = *old;
    }
    free(names->at);
    *names = wider;
}

void names_put(struct names *names, struct slice key, void *thing)
{
    if (names->n * 2 >= names->room)
        make_room(names);
    uint64_t hash = hash_bytes(key, 0);
    struct name *slot = slot_of(names, key, hash);
    assert(thing && !slot->thing);
    *slot = (struct name){ .key = key, .hash = hash, .thing = thing };
    names->n++;
}
