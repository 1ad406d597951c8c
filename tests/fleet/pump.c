/* One loop: encode ahead, offer what is due, let the sink turn. Messages are encoded into a queue
 * per connection until --ahead megabytes wait, before the first one is sent and whenever some have
 * left: so encoding is never what a fast broker waits for, a short run is encoded as a whole
 * beforehand, and a connection that is lost does not hold up the others until its queue fills all
 * of that room. */
#include "fleet/pump.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

#include "fleet/message.h"
#include "fleet/options.h"
#include "fleet/plan.h"
#include "fleet/progress.h"
#include "fleet/say.h"
#include "fleet/sink.h"
#include "fleet/stamp.h"
#include "fleet/totals.h"

#define WAIT_MOST_MS 100

struct queue {
    struct message *first, **end;
};

struct pump {
    const struct conf *conf;
    struct plan *plan;
    struct totals *totals;
    struct sink *sink;
    struct queue *queues; /* per connection */
    size_t bytes_ahead;
    bool is_planned; /* the plan has come to its end */
    struct progress *progress;
    struct counts counts;
    int64_t started_ms;
};

static void on_acknowledged(void *owner, struct message *m)
{
    struct pump *p = owner;
    p->counts.acknowledged += m->readings;
    p->totals->sites[m->site].acknowledged += m->readings;
    free(m);
}

static void on_resent(void *owner, const struct message *m)
{
    struct pump *p = owner;
    p->counts.resent += m->readings;
    p->totals->sites[m->site].resent += m->readings;
}

static size_t weight(const struct message *m)
{
    return sizeof(*m) + m->size;
}

/* True when something was encoded. */
static bool encode_ahead(struct pump *p)
{
    bool has_encoded = false;
    size_t most = (size_t)p->conf->ahead_mb * 1000000;
    while (!p->is_planned && p->bytes_ahead < most) {
        struct message *m = plan_next(p->plan);
        if (m == NULL) {
            p->is_planned = true;
            break;
        }
        struct queue *q = &p->queues[m->connection];
        *q->end = m;
        q->end = &m->next;
        p->bytes_ahead += weight(m);
        has_encoded = true;
    }
    return has_encoded;
}

/* How long until a message may leave; 0: now. */
static int64_t due_in_ms(const struct pump *p, const struct message *m)
{
    if (p->conf->now)
        return m->due_ms - stamp_wall_ms();
    if (p->conf->rate == 0)
        return 0;
    int64_t at_ms = (int64_t)(p->counts.sent * 1000.0 / (double)p->conf->rate);
    return p->started_ms + at_ms - stamp_steady_ms();
}

/* Offers a queue's first message. 0 when it left; SINK_FULL; negative. */
static int send_first(struct pump *p, struct queue *q)
{
    struct message *m = q->first, *next = m->next;
    size_t bytes = weight(m);
    uint32_t site = m->site, readings = m->readings;
    int rc = p->sink->offer(p->sink, m); /* which may have freed it */
    if (rc != 0)
        return rc;
    p->counts.sent += readings;
    p->counts.messages++;
    p->totals->sites[site].sent += readings;
    p->bytes_ahead -= bytes;
    q->first = next;
    if (next == NULL)
        q->end = &q->first;
    return 0;
}

/* Sends of every queue in turn what is due and is taken. *wait_ms becomes 0 when something left,
 * else it is cut down to when the next one is due. */
static int send_due(struct pump *p, int64_t *wait_ms)
{
    bool has_sent = true;
    for (int round = 0; has_sent && round < 64; round++) {
        has_sent = false;
        for (int64_t i = 0; i < p->conf->connections; i++) {
            struct queue *q = &p->queues[i];
            if (q->first == NULL)
                continue;
            int64_t due_ms = due_in_ms(p, q->first);
            if (due_ms > 0) {
                if (due_ms < *wait_ms)
                    *wait_ms = due_ms;
                continue;
            }
            int rc = send_first(p, q);
            if (rc < 0)
                return rc;
            has_sent |= rc == 0;
        }
        if (has_sent)
            *wait_ms = 0;
    }
    return 0;
}

static bool is_finished(const struct pump *p)
{
    return p->is_planned && p->counts.acknowledged == p->counts.total;
}

/* 0, or PUMP_STOPPED. */
static int check_end(const struct pump *p, const volatile sig_atomic_t *stop)
{
    if (*stop != 0) {
        say("interrupted: %" PRIu64 " of %" PRIu64 " readings are acknowledged",
            p->counts.acknowledged, p->counts.total);
        return PUMP_STOPPED;
    }
    if (stamp_steady_ms() - p->started_ms > p->conf->limit_seconds * 1000) {
        say("--limit-seconds %" PRId64 " are over: %" PRIu64 " of %" PRIu64
            " readings are acknowledged",
            p->conf->limit_seconds, p->counts.acknowledged, p->counts.total);
        return PUMP_STOPPED;
    }
    return 0;
}

static int run(struct pump *p, const volatile sig_atomic_t *stop)
{
    while (!is_finished(p)) {
        int64_t wait_ms = WAIT_MOST_MS;
        if (encode_ahead(p))
            wait_ms = 0;
        int rc = send_due(p, &wait_ms);
        if (rc < 0)
            return rc;
        rc = p->sink->turn(p->sink, is_finished(p) ? 0 : (int)wait_ms);
        if (rc < 0)
            return rc;
        progress_show(p->progress, &p->counts);
        rc = is_finished(p) ? 0 : check_end(p, stop);
        if (rc != 0)
            return rc;
    }
    return 0;
}

static void drop_queues(struct pump *p)
{
    for (int64_t i = 0; i < p->conf->connections; i++) {
        while (p->queues[i].first != NULL) {
            struct message *m = p->queues[i].first;
            p->queues[i].first = m->next;
            free(m);
        }
    }
    free(p->queues);
}

int pump_run(const struct conf *conf, struct plan *plan, struct totals *totals, struct sink *sink,
             const volatile sig_atomic_t *stop)
{
    struct pump p = {
        .conf = conf, .plan = plan, .totals = totals, .sink = sink, .started_ms = stamp_steady_ms()
    };
    p.counts.total = plan_readings(plan);
    int rc = progress_open(conf->progress, &p.progress);
    if (rc < 0)
        return rc;
    p.queues = calloc((size_t)conf->connections, sizeof(*p.queues));
    if (p.queues == NULL)
        abort();
    for (int64_t i = 0; i < conf->connections; i++)
        p.queues[i].end = &p.queues[i].first;
    sink->on_acknowledged = on_acknowledged;
    sink->on_resent = on_resent;
    sink->owner = &p;

    rc = run(&p, stop);
    progress_close(p.progress, &p.counts);
    drop_queues(&p);
    return rc;
}
