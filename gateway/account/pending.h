/* Revisions that wait: a heap of windows by the time they are due. */
#ifndef ACCOUNT_PENDING_H
#define ACCOUNT_PENDING_H

#include <stdint.h>

struct window;

/* A zeroed struct is empty. */
struct pending {
    struct window **at;
    uint32_t n, room;
};

void pending_fini(struct pending *p);
void pending_add(struct pending *p, struct window *w);

/* The first: by due time, then end, period and site, so that the order is that of the facts alone.
 * NULL when there is none. */
struct window *pending_first(const struct pending *p);
void pending_pop(struct pending *p);

/* Due times of those in it were changed. */
void pending_sort(struct pending *p);

#endif
