/* A mailbox: what happened to a link's wires, put in on any thread and taken out on the loop, in that order. */
#ifndef LINK_MAILBOX_H
#define LINK_MAILBOX_H

#include <pthread.h>
#include <stdbool.h>

#include "link/wire.h"

struct letter;

struct mailbox {
    pthread_mutex_t lock;
    struct letter *first, **end;
};

void mailbox_init(struct mailbox *m);
void mailbox_fini(struct mailbox *m);

/* Any thread; takes e->filter. */
void mailbox_put(struct mailbox *m, const struct wire_event *e);

/* The oldest, with its filter for the caller to free. False: it is empty. */
bool mailbox_take(struct mailbox *m, struct wire_event *out);

#endif
