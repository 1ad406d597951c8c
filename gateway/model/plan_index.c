/* One open-addressing table for all of a plan's names. A message brings three names, and looking them
 * up is on the path of every reading; a table that is built once and never changes can be flat, half
 * empty and without deletion. The parent's index is part of the key, so that "main" may be a point of
 * every device without a table for each. */
#include <assert.h>
#include <string.h>

#include "base/hash.h"
#include "model/plan_parts.h"

struct index_slot {
    struct slice id;             /* at NULL: the slot is free */
    int32_t parent, value;
    enum index_kind kind;
};

struct plan_index {
    size_t mask;                 /* slots - 1; slots are a power of two */
    struct index_slot slots[];
};

struct plan_index *plan_index_new(struct arena *arena, size_t n)
{
    size_t slots = 8;
    while (slots < 2 * n)
        slots *= 2;
    struct plan_index *x = arena_take_zeroed(arena, 1, sizeof *x + slots * sizeof x->slots[0]);
    x->mask = slots - 1;
    return x;
}

/* Where it stands, or the free slot where it would. There always is one: at most half are taken. */
static size_t slot_of(const struct plan_index *x, enum index_kind kind, int32_t parent,
                      struct slice id)
{
    uint64_t seed = (uint64_t)kind << 32 | (uint32_t)parent;
    for (size_t i = hash_bytes(id, seed) & x->mask;; i = (i + 1) & x->mask) {
        const struct index_slot *s = &x->slots[i];
        if (!s->id.at || (s->kind == kind && s->parent == parent && slice_equal(s->id, id)))
            return i;
    }
}

int32_t plan_index_find(const struct plan_index *x, enum index_kind kind, int32_t parent,
                        struct slice id)
{
    const struct index_slot *s = &x->slots[slot_of(x, kind, parent, id)];
    return s->id.at ? s->value : -1;
}

int32_t plan_index_add(struct plan_index *x, enum index_kind kind, int32_t parent, const char *id,
                       int32_t value)
{
    struct slice key = slice_of(id);
    assert(key.at);
    struct index_slot *s = &x->slots[slot_of(x, kind, parent, key)];
    if (s->id.at)
        return s->value;
    *s = (struct index_slot){ .id = key, .parent = parent, .value = value, .kind = kind };
    return -1;
}

int32_t plan_site(const struct plan *p, struct slice id)
{
    return plan_index_find(p->index, INDEX_SITE, -1, id);
}

int32_t plan_device(const struct plan *p, int32_t site, struct slice id)
{
    return plan_index_find(p->index, INDEX_DEVICE, site, id);
}

int32_t plan_point(const struct plan *p, int32_t device, struct slice id)
{
    return plan_index_find(p->index, INDEX_POINT, device, id);
}
