/* A list under a lock that is held for a few instructions: Paho's threads come here under Paho's own lock. It
 * has no bound, and needs none: a wire has few events, and nothing that a peer sends is one. */
#include "link/mailbox.h"

#include <stdlib.h>

struct letter {
    struct letter *next;
    struct wire_event event;
};

void mailbox_init(struct mailbox *m)
{
    pthread_mutex_init(&m->lock, NULL);
    m->first = NULL;
    m->end = &m->first;
}

void mailbox_fini(struct mailbox *m)
{
    struct wire_event e;
    while (mailbox_take(m, &e))
        free(e.filter);
    pthread_mutex_destroy(&m->lock);
}

void mailbox_put(struct mailbox *m, const struct wire_event *e)
{
    struct letter *letter = calloc(1, sizeof *letter);
    if (!letter)
        abort();
    letter->event = *e;

    pthread_mutex_lock(&m->lock);
    *m->end = letter;
    m->end = &letter->next;
    pthread_mutex_unlock(&m->lock);
}

bool mailbox_take(struct mailbox *m, struct wire_event *out)
{
    pthread_mutex_lock(&m->lock);
    struct letter *letter = m->first;
    if (letter && !(m->first = letter->next))
        m->end = &m->first;
    pthread_mutex_unlock(&m->lock);
    if (!letter)
        return false;
    *out = letter->event;
    free(letter);
    return true;
}
