/* Outgoing: all that is to leave upstream, and which of it goes next. Three things go out: the retained status,
 * messages that may be dropped, and summaries (lanes.h). Knows neither lock nor clock, and of the link no more
 * than the form of what it is handed and the tokens that come back. */
#ifndef PUBLISH_OUTGOING_H
#define PUBLISH_OUTGOING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "link/link.h"
#include "publish/lanes.h"

#define OUTGOING_STATUS UINT64_MAX   /* the token of a status */
#define ASIDES_MOST 64               /* of the messages that may be dropped */

struct aside {
    char *topic;
    struct buffer payload;
};

/* Members may be read; limit, is_stalled and lanes are the owner's as well. */
struct outgoing {
    const char *status_topic;
    struct lanes lanes;
    size_t limit;                /* of what is in flight; 0: the link is down */
    bool is_stalled;             /* nothing is sent until the owner says so */
    bool is_leaving, is_stopped; /* nothing but the status, and nothing at all, is sent */
    struct buffer status;
    bool has_status, is_status_due, is_status_in_flight;
    struct aside asides[ASIDES_MOST];
    size_t n_asides;

    /* What the last post borrows from. */
    struct aside sending;        /* a copy of what is not in a flight */
    struct {
        char gateway[65], ordinal[16], sequence[24];
    } labels;
};

/* Borrows the topic. room and per_second: as lanes_init. */
void outgoing_init(struct outgoing *o, const char *status_topic, enum publish_order order, size_t room,
                   int64_t per_second);
void outgoing_fini(struct outgoing *o);

/* The link came up and so many may be in flight, or 0: it is lost. The status is due at every connect. */
void outgoing_limit(struct outgoing *o, size_t limit);

/* The newest only. */
void outgoing_status(struct outgoing *o, struct slice payload);

/* A message that may be dropped. False: it was. */
bool outgoing_aside(struct outgoing *o, const char *topic, struct slice payload);

/* From here on only this status goes out. */
void outgoing_leave(struct outgoing *o, struct slice farewell);

/* Whether it was acknowledged. */
bool outgoing_has_left(const struct outgoing *o);

/* The next thing to send, taken for sent; false: nothing, or not now. *out borrows until the next call; a
 * summary is borrowed until it is acknowledged. */
bool outgoing_next(struct outgoing *o, int64_t now_us, struct link_post *out);

/* Whether there is one, so that it is worth to begin. */
bool outgoing_has_next(struct outgoing *o, int64_t now_us);

/* What was sent under this token came to nothing: it waits again, and all else does until the stall is over. */
void outgoing_failed(struct outgoing *o, uint64_t token);

/* The broker itself refused it. Whether it was a summary, which waits to be tried again; a status that is refused
 * is simply followed by the next. */
bool outgoing_refused(struct outgoing *o, uint64_t token);

/* It arrived. Whether it was a summary that is in flight, and which. */
bool outgoing_acknowledged(struct outgoing *o, uint64_t token, struct flight_key *out);

#endif
