/* Ingest: the device side. Takes messages from the device broker, appends each to the intake
 * journal inside Paho's callback, and only then lets it be acknowledged. There is never a queue in
 * memory between the broker and the journal: the journal is the queue. */
#ifndef INGEST_INGEST_H
#define INGEST_INGEST_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "journal/journal.h"
#include "link/link.h"
#include "model/plan.h"

enum durability { DURABILITY_PROCESS, DURABILITY_POWER };

struct ingest_conf {
    struct link_conf link;       /* protocol preset: MQTT 5 */
    bool watch_drops;            /* look at the broker's count of dropped messages */
};

extern const struct option ingest_options[];

struct ingest;

struct ingest_hooks {
    void (*on_arrival)(void *self);          /* loop: frames stand in the journal; coalesced */
    void (*on_change)(void *self);           /* loop: the link or its subscriptions changed */
    void (*on_full)(void *self);             /* loop: the disk has no room for the journal's next
                                              * segment; ingest has paused, ingest_start resumes */
    void (*on_closed)(void *self);
    void *self;
};

/* Borrows the journal, whose one writer it is from now on, until on_closed. durability POWER syncs
 * before each acknowledgement. max_payload_bytes: beyond, the frame keeps the head of the payload
 * alone.
 *
 * A message that cannot be kept ends the process before it is acknowledged: there is no other way
 * to refuse one. on_full comes half a segment before that. */
int ingest_open(uv_loop_t *loop, const struct ingest_conf *conf, struct journal *intake,
                enum durability durability, int64_t max_payload_bytes,
                const struct ingest_hooks *hooks, struct ingest **out);

/* The topic rules to subscribe to; taken up at once when connected, and at every connect. What an
 * earlier call asked for and this one does not is unsubscribed. Copies. */
void ingest_subscribe(struct ingest *i, const struct plan *plan);

/* Unsubscribes what the plan has no rule for, and asks for nothing new; true: there was something. */
bool ingest_leave(struct ingest *i, const struct plan *plan);

void ingest_start(struct ingest *i);
void ingest_pause(struct ingest *i);         /* disconnects; the broker keeps what we miss */
void ingest_close(struct ingest *i);         /* accepts NULL (then there is no last call) */

struct ingest_figures {
    enum link_state state;
    struct link_figures link;
    struct link_session session;
    uint64_t messages, retained, dup, too_large;
    uint64_t sessions_lost;      /* connects at which the broker had forgotten us (not the first) */
    uint64_t sessions_lost_here; /* of them: not at this run's first connect */
    bool is_session_lost;        /* at the last connect */
    uint64_t dropped;            /* messages that the broker says it threw away, for whatever client */
    uint64_t dropped_boot_us;    /* when that last rose, boottime; 0: never */
    uint32_t filters, filters_refused;
};
void ingest_figures(const struct ingest *i, struct ingest_figures *out);

/* The subscription that a topic pattern stands for, without a NUL: "a/{site}/{device}/x" gives
 * "a/+/+/x". */
void ingest_filter(const char *pattern, struct buffer *out);

#endif
