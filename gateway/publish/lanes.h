/* Lanes: which part of the outbox is read next, and which of what was read is sent next. Knows
 * neither store, link, lock nor clock.
 *
 * With oldest_first all goes through one lane, in order. With newest_first what was committed since
 * the link came up has a lane of its own that goes first; what stood in the outbox by then is the
 * backlog, goes oldest first, and takes what the window has left. */
#ifndef PUBLISH_LANES_H
#define PUBLISH_LANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "publish/flight.h"
#include "publish/pace.h"

enum publish_order { PUBLISH_OLDEST_FIRST, PUBLISH_NEWEST_FIRST };

enum lane { LANE_ORDERLY, LANE_FRESH, LANE_COUNT };

/* A part of the outbox that was not read: from < key <= until. */
struct stretch {
    struct flight_key from, until;
};

#define STRETCHES_MOST 32

struct lanes {
    enum publish_order order;
    /* Of who reads alone. Ascending, disjoint; the last has no end. */
    struct stretch unread[STRETCHES_MOST];
    size_t n_unread;
    /* Of who sends, too. */
    struct flight flights[LANE_COUNT];
    struct pace pace;
    struct flight_key greatest_sent;         /* of all that ever was; {0, 0}: none */
    bool is_draining;            /* since the link came up not all that waited has left yet */
};

void lanes_init(struct lanes *l, enum publish_order order, size_t room, int64_t per_second);
void lanes_fini(struct lanes *l);

/* The link came up, and the outbox ends at `last`: what is unread up to there is the backlog. */
void lanes_came_up(struct lanes *l, struct flight_key last);

/* Reading, lane by lane: the key behind which to read next. False: that lane has no room, or its part
 * of the outbox was read. */
bool lanes_unread(struct lanes *l, enum lane lane, struct flight_key *after);

/* What was read there. False: it belongs to another part, and was not taken. */
bool lanes_put(struct lanes *l, enum lane lane, const struct flight_message *m);

/* There was nothing behind that key. Whether there is another part to read in this lane. */
bool lanes_end(struct lanes *l, enum lane lane);

/* Sending. As flight_has_next, flight_send and so on; false also while the pace says wait. */
bool lanes_has_next(struct lanes *l, int64_t now_us);
bool lanes_send(struct lanes *l, int64_t now_us, struct flight_message *out, uint64_t *token);
void lanes_failed(struct lanes *l, uint64_t token);
void lanes_refused(struct lanes *l, uint64_t token);
void lanes_retry(struct lanes *l);
bool lanes_acknowledged(struct lanes *l, uint64_t token, struct flight_key *out);

/* Forgets a run of the outbox that lies behind all that was ever sent. */
void lanes_drop(struct lanes *l, uint32_t ordinal, uint64_t from, uint64_t until);

/* How long the pace holds back what waits; 0: it does not. */
int64_t lanes_wait_us(struct lanes *l, int64_t now_us);

/* Whether a comes later in the outbox than b. */
bool lanes_is_behind(struct flight_key a, struct flight_key b);

size_t lanes_in_flight(const struct lanes *l);
size_t lanes_refusals(const struct lanes *l);    /* held here, and refused at least once */
uint64_t lanes_held(const struct lanes *l);      /* read and not acknowledged */

#endif
