/* The flight: summaries on their way out, from the moment they are read from the outbox until the
 * broker has acknowledged them. Knows their order and what became of each; neither links nor locks. */
#ifndef PUBLISH_FLIGHT_H
#define PUBLISH_FLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* What is held at most, beyond the count: a summary more than this is not read. */
#define FLIGHT_BYTES_MOST ((size_t)64 << 20)

struct flight_key {
    uint32_t ordinal;
    uint64_t sequence;
};

struct flight_message {
    struct flight_key key;
    const char *id, *topic;
    struct slice payload;
};

struct flight_slot;

/* Members are the flight's own; in_flight, n_held and n_refused may be read. */
struct flight {
    struct flight_slot *ring;
    size_t room;
    uint64_t head, tail;         /* positions [head, tail) are held; slot: position modulo room */
    uint64_t next;               /* nothing before this position waits to be sent */
    size_t bytes;
    size_t in_flight;            /* sent and not yet answered */
    size_t n_held;               /* put and not yet acknowledged */
    size_t n_refused;            /* of them: that the broker refused at least once */
};

void flight_init(struct flight *f, size_t room);
void flight_fini(struct flight *f);

/* Whether one more may be put. Where a message that the broker refuses stands in the way of all behind
 * it, that one goes to the end: it has lost its place in the order anyway. */
bool flight_has_room(struct flight *f);

/* Puts a message behind the others; there must be room. Copies. */
void flight_put(struct flight *f, const struct flight_message *m);

/* Whether one waits to be sent. */
bool flight_has_next(struct flight *f);

/* Gives the first that waits, in order, and takes it for sent; false: none. *out borrows until the
 * message is acknowledged; *token is what the answer comes with. */
bool flight_send(struct flight *f, struct flight_message *out, uint64_t *token);

/* It did not arrive: it waits again, in its place. Others ignore a token that is not in flight. */
void flight_failed(struct flight *f, uint64_t token);

/* Forgets those of the run that wait to be sent. */
void flight_drop(struct flight *f, uint32_t ordinal, uint64_t from, uint64_t until);

/* The broker took it and refused it: it waits in its place, and others are sent, until flight_retry. */
void flight_refused(struct flight *f, uint64_t token);
void flight_retry(struct flight *f);

/* It arrived: gives its key and forgets it. False when no such token is in flight. */
bool flight_acknowledged(struct flight *f, uint64_t token, struct flight_key *out);

#endif
