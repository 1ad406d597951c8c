/* The i-th reading of a device gets the place i + r, r drawn from 0 to the bound, and readings
 * leave in the order of (place, i). Why this keeps the bound: a reading j > i + bound has a place
 * beyond i's, so at most i + bound others leave before i; and one with j < i - bound has a place
 * before i's, so at least i - bound do. And since places only grow, what has a place <= i is
 * settled once i was put in: no more than 2 × (bound + 1) entries wait at any time, duplicates
 * included.
 *
 * A duplicate gets a place between its original's and i + bound, and leaves behind whatever has
 * that place: always after its original, and never later than the bound allows the original itself.
 */
#include "fleet/shuffle.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/chance.h"

struct shuffle_entry {
    uint64_t place, index;
    bool is_duplicate;
    struct reading reading;
};

void shuffle_init(struct shuffle *s, uint64_t bound, uint64_t seed, uint64_t device)
{
    memset(s, 0, sizeof(*s));
    s->bound = bound;
    s->seed = seed;
    s->device = device;
    s->room = 2 * (bound + 1);
    s->entries = malloc(s->room * sizeof(*s->entries));
    if (s->entries == NULL)
        abort();
}

void shuffle_fini(struct shuffle *s)
{
    free(s->entries);
    memset(s, 0, sizeof(*s));
}

static bool leaves_before(const struct shuffle_entry *a, const struct shuffle_entry *b)
{
    if (a->place != b->place)
        return a->place < b->place;
    if (a->is_duplicate != b->is_duplicate)
        return b->is_duplicate;
    return a->index < b->index;
}

static void push(struct shuffle *s, const struct shuffle_entry *e)
{
    assert(s->n < s->room);
    size_t at = s->n++;
    while (at > 0 && leaves_before(e, &s->entries[(at - 1) / 2])) {
        s->entries[at] = s->entries[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    s->entries[at] = *e;
}

/* Moves the last entry to the top and down to where it belongs. */
static void drop_first(struct shuffle *s)
{
    struct shuffle_entry last = s->entries[--s->n];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= s->n)
            break;
        if (child + 1 < s->n && leaves_before(&s->entries[child + 1], &s->entries[child]))
            child++;
        if (!leaves_before(&s->entries[child], &last))
            break;
        s->entries[at] = s->entries[child];
        at = child;
    }
    s->entries[at] = last;
}

void shuffle_put(struct shuffle *s, const struct reading *r, bool is_twice)
{
    uint64_t i = s->taken_in++;
    struct shuffle_entry e = { .index = i, .reading = *r };
    e.place = i + chance(s->seed, CHANCE_PLACE, s->device, i) % (s->bound + 1);
    push(s, &e);
    if (!is_twice)
        return;
    uint64_t left = i + s->bound - e.place;
    e.place += chance(s->seed, CHANCE_PLACE_AGAIN, s->device, i) % (left + 1);
    e.is_duplicate = true;
    push(s, &e);
}

bool shuffle_take(struct shuffle *s, bool is_ending, struct reading *out, bool *is_duplicate)
{
    if (s->n == 0 || (!is_ending && s->entries[0].place >= s->taken_in))
        return false;
    *out = s->entries[0].reading;
    *is_duplicate = s->entries[0].is_duplicate;
    drop_first(s);
    return true;
}
