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

/* Members are the flight's own; in_flight and n may be read. */
struct flight {
    struct flight_slot *ring;
    size_t room;
    uint64_t head, tail;         /* positions [head, tail) are held; slot: position modulo room */
    uint64_t next;               /* nothing before this position waits to be sent */
    size_t bytes;
    size_t in_flight;            /* sent and not yet answered */
};

void flight_init(struct flight *f, size_t room);
void flight_fini(struct flight *f);

bool flight_has_room(const struct flight *f);

/* Puts a message behind the others; there must be room. Copies. */
void flight_put(struct flight *f, const struct flight_message *m);

/* Whether one waits to be sent. */
bool flight_has_next(struct flight *f);

/* Gives the first that waits, in order, and takes it for sent; false: none. *out borrows until the
 * message is acknowledged; *token is what the answer comes with. */
bool flight_send(struct flight *f, struct flight_message *out, uint64_t *token);

/* It did not arrive: it waits again, in its place. Others ignore a token that is not in flight. */
void flight_failed(struct flight *f, uint64_t token);

/* The greatest key that is in flight; {0, 0}: none is. */
struct flight_key flight_greatest_sent(const struct flight *f);

/* Forgets those of the run that wait to be sent. */
void flight_drop(struct flight *f, uint32_t ordinal, uint64_t from, uint64_t until);

/* It arrived: gives its key and forgets it. False when no such token is in flight. */
bool flight_acknowledged(struct flight *f, uint64_t token, struct flight_key *out);

#endif
