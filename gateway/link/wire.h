/* A wire: one attempt at a connection, and the connection that comes of it: one handle of Paho's,
 * used once. Its callbacks become events; which of them still matter is for the link to say. */
#ifndef LINK_WIRE_H
#define LINK_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "link/address.h"
#include "link/link.h"
#include "link/reason.h"

struct wire;

enum wire_event_kind { WIRE_UP, WIRE_FAILED, WIRE_LOST, WIRE_SUBSCRIBED };

struct wire_event {
    enum wire_event_kind kind;
    uint64_t generation;         /* of the wire, as given to wire_open */
    struct link_session session; /* UP */
    bool is_version_refused;     /* FAILED */
    bool is_turned_away;         /* FAILED: by the broker's own answer, as long as nobody looks into it */
    bool is_takeover;            /* LOST: the broker says that another client came with our id */
    bool is_told;                /* LOST: the broker gave a reason */
    char reason[REASON_SIZE];    /* FAILED, LOST */
    char *filter;                /* SUBSCRIBED: now the receiver's, to be freed */
    int code;                    /* SUBSCRIBED: the QoS, or the reason from 128 on */
};

/* What a wire is made from. All borrowed until wire_open returns, but for hooks and on_event, which
 * are copied. */
struct wire_conf {
    const struct link_conf *link;
    const struct address *address;
    const char *host;            /* the name, or the number that it stands for */
    enum link_protocol protocol;
    bool is_persistent;
    const struct link_will *will;
    const struct link_hooks *hooks;            /* on_message, on_sent, on_send_failed */
    void (*on_event)(void *self, const struct wire_event *e);   /* any thread; borrowed but filter */
    void *self;
    uint64_t generation;
};

#define WIRE_REFUSED 1

/* Makes a handle and asks it to connect. 0, or WIRE_REFUSED with the reason: then there is no wire.
 * A worker's job, as the others but wire_send. */
int wire_open(const struct wire_conf *conf, struct wire **out, char reason[REASON_SIZE]);

/* Disconnects if connected and ends the handle; accepts NULL. When it returns no callback runs any
 * more, and each message that was not acknowledged has come back by on_send_failed. Where this was
 * the process's last handle, Paho takes about a second to end its threads. */
void wire_close(struct wire *w);

/* What Paho holds it for. */
bool wire_is_connected(const struct wire *w);

enum wire_asking { WIRE_SUBSCRIBE, WIRE_WATCH, WIRE_UNSUBSCRIBE };   /* as link.h says of each */

void wire_ask(struct wire *w, const char *filter, enum wire_asking kind);

/* 0 or WIRE_REFUSED. Any thread, as long as nobody closes the wire. */
int wire_send(struct wire *w, const struct link_post *post);

#endif
