/* A binary heap. Its order is total (no two windows of a site share period and end), so what leaves it
 * does not depend on how it was filled: after a restart rows come back in the order of their keys. */
#include "account/pending.h"

#include <stdlib.h>

#include "account/array.h"
#include "account/books.h"

void pending_fini(struct pending *p)
{
    free(p->at);
    *p = (struct pending){ 0 };
}

static bool is_before(const struct window *a, const struct window *b)
{
    if (a->due_us != b->due_us)
        return a->due_us < b->due_us;
    if (a->end_us != b->end_us)
        return a->end_us < b->end_us;
    if (a->period != b->period)
        return a->period < b->period;
    if (a->books != b->books)
        return a->books->site->index < b->books->site->index;
    return a->start_us < b->start_us;
}

static void swap(struct pending *p, uint32_t i, uint32_t j)
{
    struct window *w = p->at[i];
    p->at[i] = p->at[j];
    p->at[j] = w;
}

void pending_add(struct pending *p, struct window *w)
{
    p->at = array_grow(p->at, p->n, &p->room, sizeof *p->at);
    p->at[p->n] = w;
    for (uint32_t i = p->n++; i && is_before(p->at[i], p->at[(i - 1) / 2]); i = (i - 1) / 2)
        swap(p, i, (i - 1) / 2);
}

struct window *pending_first(const struct pending *p)
{
    return p->n ? p->at[0] : NULL;
}

void pending_pop(struct pending *p)
{
    p->at[0] = p->at[--p->n];
    for (uint32_t i = 0;;) {
        uint32_t least = i, child = 2 * i + 1;
        for (uint32_t end = child + 2; child < end && child < p->n; child++)
            if (is_before(p->at[child], p->at[least]))
                least = child;
        if (least == i)
            return;
        swap(p, i, least);
        i = least;
    }
}

void pending_sort(struct pending *p)
{
    uint32_t n = p->n;
    p->n = 0;
    for (uint32_t i = 0; i < n; i++)
        pending_add(p, p->at[i]);
}
