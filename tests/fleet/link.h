/* A link: one connection to the broker and the messages on their way through it. */
#ifndef FLEET_LINK_H
#define FLEET_LINK_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "fleet/sink.h"

struct link;

/* Who the fleet is to the broker. Texts live as long as the links. */
struct login {
    const char *user, *password; /* NULL: none */
    const char *client_id;       /* prefix */
};

/* What Paho's threads wake the fleet's thread with. Guards everything that both touch. */
struct wake {
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    bool has_news;
};

/* Number `number` from 1 on, with at most `room` messages unacknowledged. Borrows all but the
 * number. */
int link_open(const struct conf *conf, const struct login *login, struct wake *wake,
              unsigned number, size_t room, struct link **out);

/* As in struct sink, except that turn does not wait; its callbacks go to that sink's owner. */
int link_offer(struct link *l, struct message *m);
int link_turn(struct link *l, struct sink *sink);

/* Says DISCONNECT if the link stands, and frees it together with what it still holds. Not while
 * holding the wake's mutex. */
void link_close(struct link *l);

#endif
