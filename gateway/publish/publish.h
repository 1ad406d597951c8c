/* Publishing: the upstream side. Empties the outbox of the store in order (or the fresh ones first), at
 * QoS 1, with its own window below Paho's and below what the broker takes at once; the next message is
 * sent from the acknowledgement of another. A summary leaves the outbox when it was acknowledged; what
 * was not, or was refused, is sent again, after a restart too. */
#ifndef PUBLISH_PUBLISH_H
#define PUBLISH_PUBLISH_H

#include <stdint.h>
#include <uv.h>

#include "link/link.h"
#include "store/store.h"

struct publish_conf {
    struct link_conf link;       /* protocol preset: MQTT 3.1.1 */
    int64_t window;              /* messages in flight at most */
    int64_t rate;                /* summaries per second while draining; 0: no cap */
    int order;                   /* enum publish_order */
    int format;                  /* enum publish_format */
};

enum publish_format { PUBLISH_PROTOBUF, PUBLISH_JSON };

extern const struct option publish_options[];

struct publish;

struct publish_hooks {
    void (*on_acknowledged)(void *self);     /* loop, coalesced: publish_acknowledged has some */
    void (*on_change)(void *self);           /* loop: the link came up or was lost, or the broker
                                              * begins or ends to refuse summaries */
    void (*on_closed)(void *self);
    void *self;
};

/* Borrows the store. status_topic carries the retained status and, as last will, `offline`. */
int publish_open(uv_loop_t *loop, const struct publish_conf *conf, struct store *store,
                 const char *status_topic, struct slice offline, const struct publish_hooks *hooks,
                 struct publish **out);

void publish_start(struct publish *p);

/* Leaves with a last status, and ends when it is acknowledged or the link is lost; on_closed is the last
 * call. While the broker does not answer it waits: giving that up is for the owner. Accepts NULL. */
void publish_close(struct publish *p, struct slice farewell);

/* There may be more in the outbox: after each commit. Loop. */
void publish_wake(struct publish *p);

/* Moves what was acknowledged since the last call into the batch that is to be committed. Loop. */
void publish_acknowledged(struct publish *p, struct store_batch *batch);

/* The summary behind which none was sent: what stands later in the outbox may be given up. Loop. */
void publish_sent_until(struct publish *p, uint32_t *ordinal, uint64_t *sequence);

/* These are given up: they are not sent any more. 1 when one of them has left meanwhile; then nothing was
 * done. Loop, before the outbox loses them. */
int publish_drop(struct publish *p, uint32_t ordinal, uint64_t from, uint64_t until);

/* Sends the status, retained at QoS 1; the newest only, once connected. Loop. */
void publish_status(struct publish *p, struct slice payload);

/* Sends one message at QoS 0 if the link is up, else drops it (and says so by 1). Loop. */
int publish_now(struct publish *p, const char *topic, struct slice payload);

struct publish_figures {
    enum link_state state;
    struct link_figures link;
    uint64_t sent, acknowledged, in_flight;
    uint64_t waiting;            /* read from the outbox and not acknowledged, those in flight too */
    uint64_t refusals;           /* answers by which the broker refused a summary */
    uint64_t refused;            /* summaries of which that is the last answer: they wait, tried again */
    int refusal;                 /* the reason of the last one; 0: none yet */
    uint64_t uncommitted;        /* acknowledged and not yet taken by publish_acknowledged */
    uint32_t last_acknowledged_ordinal;
    uint64_t last_acknowledged_sequence;
    int64_t last_acknowledged_wall_us;
};
void publish_figures(const struct publish *p, struct publish_figures *out);

#endif
