/* What goes first. The status: it is one message, and says how it stands with all else. Then what may be dropped,
 * since there are few and they are soon old. Then summaries, of which there may be a backlog of days. On
 * leaving, the status says farewell, and nothing else is sent.
 *
 * What is handed to Paho is borrowed while no lock is held. A summary stays in its flight meanwhile; the status
 * may be replaced and an aside thrown away, so what is being sent of these is a copy. There is one, since one
 * pumps at a time. */
#include "publish/outgoing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void free_aside(struct aside *a)
{
    free(a->topic);
    buffer_fini(&a->payload);
    *a = (struct aside){ 0 };
}

static void drop_asides(struct outgoing *o)
{
    while (o->n_asides > 0)
        free_aside(&o->asides[--o->n_asides]);
}

void outgoing_init(struct outgoing *o, const char *status_topic, enum publish_order order, size_t room,
                   int64_t per_second)
{
    *o = (struct outgoing){ .status_topic = status_topic };
    lanes_init(&o->lanes, order, room, per_second);
}

void outgoing_fini(struct outgoing *o)
{
    drop_asides(o);
    free_aside(&o->sending);
    lanes_fini(&o->lanes);
    buffer_fini(&o->status);
}

void outgoing_limit(struct outgoing *o, size_t limit)
{
    o->limit = limit;
    o->is_stalled = false;
    o->is_status_due = limit > 0 && o->has_status;
    if (limit == 0)
        drop_asides(o);
}

static void set_status(struct outgoing *o, struct slice payload)
{
    buffer_clear(&o->status);
    buffer_put(&o->status, payload.at, payload.size);
    o->has_status = true;
    o->is_status_due = true;
}

void outgoing_status(struct outgoing *o, struct slice payload)
{
    if (!o->is_leaving)
        set_status(o, payload);
}

bool outgoing_aside(struct outgoing *o, const char *topic, struct slice payload)
{
    if (o->limit == 0 || o->n_asides == ASIDES_MOST || o->is_leaving)
        return false;
    struct aside *a = &o->asides[o->n_asides++];
    if (!(a->topic = strdup(topic)))
        abort();
    a->payload = (struct buffer){ 0 };
    buffer_put(&a->payload, payload.at, payload.size);
    return true;
}

void outgoing_leave(struct outgoing *o, struct slice farewell)
{
    o->is_leaving = true;
    o->is_stalled = false;
    set_status(o, farewell);
}

bool outgoing_has_left(const struct outgoing *o)
{
    return o->is_leaving && !o->is_status_due && !o->is_status_in_flight;
}

/* What goes next. */

static struct link_post status_post(struct outgoing *o)
{
    free_aside(&o->sending);
    buffer_put(&o->sending.payload, o->status.at, o->status.size);
    o->is_status_due = false;
    o->is_status_in_flight = true;
    return (struct link_post){ .topic = o->status_topic, .payload = buffer_slice(&o->sending.payload),
                               .qos = 1, .is_retained = true, .token = OUTGOING_STATUS };
}

static struct link_post aside_post(struct outgoing *o)
{
    free_aside(&o->sending);
    o->sending = o->asides[0];
    memmove(&o->asides[0], &o->asides[1], --o->n_asides * sizeof o->asides[0]);
    return (struct link_post){ .topic = o->sending.topic,
                               .payload = buffer_slice(&o->sending.payload) };
}

/* A row of the outbox keeps the form it was encoded in, whatever the configuration says by now:
 * JSON begins with a brace, and no summary in protobuf does. */
static const char *content_type(struct slice payload)
{
    bool is_json = payload.size > 0 && payload.at[0] == '{';
    return is_json ? "application/json" : "application/x-protobuf";
}

static struct link_post summary_post(struct outgoing *o, const struct flight_message *m, uint64_t token)
{
    /* An id begins with the gateway's. */
    snprintf(o->labels.gateway, sizeof o->labels.gateway, "%.*s", (int)strcspn(m->id, "/"), m->id);
    snprintf(o->labels.ordinal, sizeof o->labels.ordinal, "%u", (unsigned)m->key.ordinal);
    snprintf(o->labels.sequence, sizeof o->labels.sequence, "%llu",
             (unsigned long long)m->key.sequence);
    return (struct link_post){
        .topic = m->topic,
        .payload = m->payload,
        .qos = 1,
        .token = token,
        .content_type = content_type(m->payload),
        .pairs = { { "gateway", o->labels.gateway },
                   { "epoch_ordinal", o->labels.ordinal },
                   { "sequence", o->labels.sequence },
                   { "id", m->id } },
    };
}

bool outgoing_next(struct outgoing *o, int64_t now_us, struct link_post *out)
{
    struct flight_message m;
    uint64_t token;

    if (o->limit == 0 || o->is_stalled || o->is_stopped)
        return false;
    bool is_open = lanes_in_flight(&o->lanes) + o->is_status_in_flight < o->limit;
    if (o->is_status_due && !o->is_status_in_flight && is_open)
        *out = status_post(o);
    else if (o->is_leaving)
        return false;
    else if (o->n_asides > 0)
        *out = aside_post(o);
    else if (is_open && lanes_send(&o->lanes, now_us, &m, &token))
        *out = summary_post(o, &m, token);
    else
        return false;
    return true;
}

bool outgoing_has_next(struct outgoing *o, int64_t now_us)
{
    return o->limit > 0 && !o->is_stalled && !o->is_stopped &&
           (o->is_status_due || o->n_asides > 0 ||
            (lanes_has_next(&o->lanes, now_us) && lanes_in_flight(&o->lanes) < o->limit));
}

/* What became of it. */

void outgoing_failed(struct outgoing *o, uint64_t token)
{
    o->is_stalled = true;
    if (token == OUTGOING_STATUS) {
        o->is_status_in_flight = false;
        o->is_status_due = true;
    } else {
        lanes_failed(&o->lanes, token);
    }
}

bool outgoing_refused(struct outgoing *o, uint64_t token)
{
    if (token == OUTGOING_STATUS) {
        o->is_status_in_flight = false;
        return false;
    }
    lanes_refused(&o->lanes, token);
    return true;
}

bool outgoing_acknowledged(struct outgoing *o, uint64_t token, struct flight_key *out)
{
    if (token == OUTGOING_STATUS) {
        o->is_status_in_flight = false;
        return false;
    }
    return lanes_acknowledged(&o->lanes, token, out);
}
