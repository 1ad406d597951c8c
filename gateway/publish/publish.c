/* The outbox is read on the loop, a bounded stretch of it into memory (lanes.h, flight.h); from there it
 * is sent by whoever pumps. The order in which it is read and sent is lanes.c's affair.
 *
 * One pumps at a time: the first time a worker, later mostly Paho's thread, where the
 * acknowledgement of one message sends the next. (MQTTAsync_send may be called in onSuccess: Paho
 * notices its own thread and takes no lock again.) Not the loop: sending takes Paho's lock, which
 * its receive thread may hold while the device side waits for a disk. Whoever finds somebody
 * pumping leaves, since that one looks again before it ends; so nobody waits, messages leave in
 * order, and our lock is held over no call to the link, whose hooks take it.
 *
 * The window is smaller than Paho's (which stalls a second when full) and than the broker's Receive
 * Maximum. The broker's session is not persistent: for messages that we send, it would remember
 * nothing that the outbox does not know better. So when a link is lost, all that was in flight
 * fails, waits again in its place, and is sent again in order on the next connection.
 *
 * An acknowledged summary stays in the outbox until the next commit; reading goes on behind the
 * last key that was read, so it is not sent again by this process. Only a crash before that commit
 * sends it twice, under the same id.
 *
 * A summary that the broker took and refused (MQTT 5: a quota, an access list, a size) stays in the
 * outbox and in the flight, and is told. It is tried again with a wait that doubles up to a minute, and
 * at every connect; the others do not wait for it, since a refusal mostly concerns one topic or one
 * payload.
 *
 * Three things go out (outgoing.h): the retained status (QoS 1, the newest only, again at every connect),
 * messages that may be dropped (QoS 0), and summaries (QoS 1). On leaving, the status says
 * farewell first, and the connection is closed when the broker has acknowledged that. A broker that
 * never does is the owner's to give up: closing would send DISCONNECT, and the broker would then
 * forget the last will and keep the status that says "online". */
#include "publish/publish.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "publish/outgoing.h"

#define ACKNOWLEDGED_MOST 65536  /* not yet taken by the owner; beyond, the outbox is not read on */
#define STALL_MS 1000            /* after a message failed on a link that is up */
#define RETRY_MS_LEAST 1000      /* for what the broker refused */
#define RETRY_MS_MOST 60000

static const char *const formats[] = { "protobuf", "json", NULL };
static const char *const orders[] = { "oldest_first", "newest_first", NULL };

const struct option publish_options[] = {
    LINK_ROWS(offsetof(struct publish_conf, link), "3.1.1"),
    { .name = "window", .type = OPT_INT, .at = offsetof(struct publish_conf, window), .preset = "500",
      .min = "1", .max = "10000", .is_local = true,
      .help = "Summaries in flight at most; the broker's Receive Maximum may lower it." },
    { .name = "rate", .type = OPT_INT, .at = offsetof(struct publish_conf, rate), .preset = "0",
      .min = "0", .max = "100000", .is_local = true,
      .help = "Summaries per second while a backlog drains; 0: no cap. Keep it well above what the "
              "plant makes in a second, or the backlog never ends." },
    { .name = "order", .type = OPT_CHOICE, .at = offsetof(struct publish_conf, order),
      .preset = "oldest_first", .choices = orders, .is_local = true,
      .help = "Whether summaries that are made after an outage wait behind its backlog, or go first "
              "(newest_first) and the backlog follows as there is room; sequence numbers tell the order." },
    { .name = "format", .type = OPT_CHOICE, .at = offsetof(struct publish_conf, format),
      .preset = "protobuf", .choices = formats, .is_local = true,
      .help = "What a summary's payload is." },
    { .name = NULL }
};

struct publish {
    /* Settled by publish_open. */
    struct store *store;
    struct publish_hooks hooks;
    char *status_topic;
    struct buffer offline;
    size_t window_most;

    /* The loop. */
    struct link *link;           /* NULL once it is gone */
    uv_async_t news;
    uv_timer_t wait;             /* a stall */
    uv_timer_t pacing;           /* until the rate allows the next */
    uv_timer_t retry;            /* of what was refused */
    uint64_t retry_ms;
    bool is_refused;             /* some are: as the owner was told */
    uv_work_t pumping;
    unsigned open_handles;
    bool is_pump_queued, is_link_closing;
    struct arena arena;

    atomic_bool is_told;         /* the loop has been woken and not yet looked */

    /* Any thread, under the lock. */
    pthread_mutex_t lock;
    struct outgoing outgoing;    /* the unread part of its lanes is the loop's alone, and what the last
                                  * post borrows from is of whoever pumps */
    bool is_pumping;
    struct flight_key *acknowledged;
    size_t n_acknowledged, acknowledged_room;
    uint64_t total_sent, total_acknowledged, total_refusals;
    int refusal;
    bool has_refusals;           /* that the loop has not heard of */
    struct flight_key last_acknowledged;
    int64_t last_acknowledged_wall_us;
};

/* Pumping: any thread. */

static int64_t now_us(void)
{
    return (int64_t)clock_read().boottime_us;
}

/* Under the lock. Refused by the broker itself. */
static void refused(struct publish *p, uint64_t token, int code)
{
    if (!outgoing_refused(&p->outgoing, token))
        return;
    p->total_refusals++;
    p->refusal = code;
    p->has_refusals = true;
}

static void tell_loop(struct publish *p)
{
    if (!atomic_exchange(&p->is_told, true))
        uv_async_send(&p->news);
}

/* Without the lock; returns whether Paho took it. */
static bool send_post(struct publish *p, const struct link_post *post)
{
    if (link_send(p->link, post) != 0)
        return false;
    crash_point("publish.sent");
    return true;
}

static void pump(struct publish *p)
{
    struct link_post post;

    pthread_mutex_lock(&p->lock);
    if (p->is_pumping) {
        pthread_mutex_unlock(&p->lock);
        return;
    }
    p->is_pumping = true;
    while (outgoing_next(&p->outgoing, now_us(), &post)) {
        pthread_mutex_unlock(&p->lock);
        bool is_taken = send_post(p, &post);
        pthread_mutex_lock(&p->lock);
        p->total_sent += is_taken && post.qos > 0 && post.token != OUTGOING_STATUS;
        if (!is_taken && post.token != 0) {
            outgoing_failed(&p->outgoing, post.token);
            tell_loop(p);
        }
    }
    if (lanes_wait_us(&p->outgoing.lanes, now_us()) > 0)
        tell_loop(p);                /* it has the timer */
    p->is_pumping = false;
    pthread_mutex_unlock(&p->lock);
}

/* The link's hooks on Paho's thread. */

/* Under the lock. */
static void note_acknowledged(struct publish *p, struct flight_key key)
{
    if (p->n_acknowledged == p->acknowledged_room) {
        size_t room = p->acknowledged_room ? 2 * p->acknowledged_room : 256;
        struct flight_key *grown = realloc(p->acknowledged, room * sizeof *grown);
        if (!grown)
            abort();
        p->acknowledged = grown;
        p->acknowledged_room = room;
    }
    p->acknowledged[p->n_acknowledged++] = key;
    p->total_acknowledged++;
    p->last_acknowledged = key;
    p->last_acknowledged_wall_us = clock_read().wall_us;
}

static void on_sent(void *self, uint64_t token)
{
    struct publish *p = self;
    struct flight_key key;

    if (token != OUTGOING_STATUS)
        crash_point("publish.acknowledged");
    pthread_mutex_lock(&p->lock);
    if (outgoing_acknowledged(&p->outgoing, token, &key))
        note_acknowledged(p, key);
    pthread_mutex_unlock(&p->lock);
    tell_loop(p);
    pump(p);
}

static void on_send_failed(void *self, uint64_t token, int code)
{
    struct publish *p = self;

    pthread_mutex_lock(&p->lock);
    if (code != 0)
        refused(p, token, code);
    else
        outgoing_failed(&p->outgoing, token);
    pthread_mutex_unlock(&p->lock);
    tell_loop(p);
    if (code != 0)
        pump(p);
}

/* The loop: filling the flight, and setting the pump going. */

/* The key behind which to read next in a lane; false: not now. */
static bool wants_more(struct publish *p, enum lane lane, struct flight_key *after)
{
    pthread_mutex_lock(&p->lock);
    struct outgoing *o = &p->outgoing;
    bool wants = o->limit > 0 && lanes_unread(&o->lanes, lane, after) &&
                 p->n_acknowledged < ACKNOWLEDGED_MOST && !o->is_leaving && !o->is_stopped;
    pthread_mutex_unlock(&p->lock);
    return wants;
}

/* Takes what was read, NULL: there was nothing. Whether to go on in this lane. */
static bool take_row(struct publish *p, enum lane lane, const struct store_summary *row)
{
    pthread_mutex_lock(&p->lock);
    bool is_taken = row && lanes_put(&p->outgoing.lanes, lane, &(struct flight_message){
        { row->epoch_ordinal, row->sequence }, row->id, row->topic, row->payload });
    bool goes_on = is_taken || lanes_end(&p->outgoing.lanes, lane);
    pthread_mutex_unlock(&p->lock);
    return goes_on;
}

/* A read that fails was raised by the store, and is tried again when there is news. */
static void fill_lane(struct publish *p, enum lane lane)
{
    struct store_summary row;
    struct flight_key after;
    bool goes_on = true;

    while (goes_on && wants_more(p, lane, &after)) {
        int rc = store_outbox_next(p->store, after.ordinal, after.sequence, &p->arena, &row);
        goes_on = rc >= 0 && take_row(p, lane, rc == 0 ? &row : NULL);
        arena_reset(&p->arena);
    }
}

static void on_pump(uv_work_t *w)
{
    pump(w->data);
}

/* The link may go when no worker can be using it. Paho's thread has left it when it is gone. */
static void close_link(struct publish *p)
{
    if (p->is_pump_queued || p->is_link_closing)
        return;
    p->is_link_closing = true;
    link_close(p->link);
}

static void on_pumped(uv_work_t *w, int status)
{
    struct publish *p = w->data;

    (void)status;                /* never cancelled */
    p->is_pump_queued = false;
    if (p->outgoing.is_stopped)
        close_link(p);
}

static bool has_something(struct publish *p)
{
    pthread_mutex_lock(&p->lock);
    bool has = !p->is_pumping && outgoing_has_next(&p->outgoing, now_us());
    pthread_mutex_unlock(&p->lock);
    return has;
}

static void start_pump(struct publish *p)
{
    if (p->is_pump_queued || !has_something(p))
        return;
    p->is_pump_queued = true;
    p->pumping.data = p;
    uv_queue_work(p->news.loop, &p->pumping, on_pump, on_pumped);
}

static void on_pace(uv_timer_t *t)
{
    publish_wake(t->data);
}

/* Wakes when the pace lets the next one go; the acknowledgement of another may come first. */
static void wait_for_pace(struct publish *p)
{
    pthread_mutex_lock(&p->lock);
    struct outgoing *o = &p->outgoing;
    int64_t wait_us = o->limit > 0 && !o->is_leaving ? lanes_wait_us(&o->lanes, now_us()) : 0;
    pthread_mutex_unlock(&p->lock);
    if (wait_us > 0)
        uv_timer_start(&p->pacing, on_pace, (uint64_t)wait_us / 1000 + 1, 0);
}

static void on_retry(uv_timer_t *t)
{
    struct publish *p = t->data;

    pthread_mutex_lock(&p->lock);
    lanes_retry(&p->outgoing.lanes);
    pthread_mutex_unlock(&p->lock);
    publish_wake(p);
}

static void tell_change(struct publish *p, bool is_refused)
{
    p->is_refused = is_refused;
    p->hooks.on_change(p->hooks.self);
}

/* The line comes with each longer wait: seven of them, and then once a minute. */
static void wait_to_retry(struct publish *p)
{
    pthread_mutex_lock(&p->lock);
    bool has_news = p->has_refusals;
    size_t n = lanes_refusals(&p->outgoing.lanes);
    int code = p->refusal;
    p->has_refusals = false;
    pthread_mutex_unlock(&p->lock);

    if (p->is_refused != (n > 0))
        tell_change(p, n > 0);
    if (n == 0)
        p->retry_ms = RETRY_MS_LEAST;
    if (n == 0 || !has_news || uv_is_active((uv_handle_t *)&p->retry))
        return;
    log_line(LOG_WARN, "publish.refused", "n=%zu code=%d retry=%llus – the broker took summaries and "
             "refused them: %s; they stay in the outbox and are sent again", n, code,
             (unsigned long long)p->retry_ms / 1000, link_reason(code));
    uv_timer_start(&p->retry, on_retry, p->retry_ms, 0);
    p->retry_ms = 2 * p->retry_ms < RETRY_MS_MOST ? 2 * p->retry_ms : RETRY_MS_MOST;
}

static void set_limit(struct publish *p, size_t limit)
{
    pthread_mutex_lock(&p->lock);
    outgoing_limit(&p->outgoing, limit);
    pthread_mutex_unlock(&p->lock);
}

static void on_stall_over(uv_timer_t *t)
{
    struct publish *p = t->data;

    pthread_mutex_lock(&p->lock);
    p->outgoing.is_stalled = false;
    pthread_mutex_unlock(&p->lock);
    start_pump(p);
}

/* The loop: leaving. */

/* Nothing is sent from here on. */
static void stop(struct publish *p)
{
    pthread_mutex_lock(&p->lock);
    p->outgoing.is_stopped = true;
    pthread_mutex_unlock(&p->lock);

    uv_timer_stop(&p->wait);
    uv_timer_stop(&p->pacing);
    uv_timer_stop(&p->retry);
    close_link(p);
}

static void on_news(uv_async_t *a)
{
    struct publish *p = a->data;

    atomic_exchange(&p->is_told, false);
    pthread_mutex_lock(&p->lock);
    bool has_acknowledged = p->n_acknowledged > 0;
    bool must_wait = p->outgoing.is_stalled && p->outgoing.limit > 0;
    bool has_left = outgoing_has_left(&p->outgoing);
    pthread_mutex_unlock(&p->lock);

    if (has_acknowledged)
        p->hooks.on_acknowledged(p->hooks.self);
    if (has_left) {
        stop(p);
        return;
    }
    if (must_wait && !uv_is_active((uv_handle_t *)&p->wait))
        uv_timer_start(&p->wait, on_stall_over, STALL_MS, 0);
    wait_to_retry(p);
    publish_wake(p);
}

/* The link's hooks on the loop. */

/* Where the outbox ends; where that cannot be read, what it holds goes in order. */
static void begin_drain(struct publish *p)
{
    struct flight_key last = { 0, 0 };
    store_outbox_last(p->store, &last.ordinal, &last.sequence);

    pthread_mutex_lock(&p->lock);
    lanes_came_up(&p->outgoing.lanes, last);
    pthread_mutex_unlock(&p->lock);
}

static void on_up(void *self, const struct link_session *session)
{
    struct publish *p = self;
    size_t broker_takes = session->receive_maximum > 1 ? session->receive_maximum - 1u : 1;

    begin_drain(p);
    set_limit(p, broker_takes < p->window_most ? broker_takes : p->window_most);
    publish_wake(p);
    p->hooks.on_change(p->hooks.self);
}

static void on_lost(void *self)
{
    struct publish *p = self;

    set_limit(p, 0);
    if (p->outgoing.is_leaving)
        stop(p);
    p->hooks.on_change(p->hooks.self);
}

/* Nothing comes in on this side: the link subscribes to nothing. */
static void on_message(void *self, const struct link_message *m)
{
    (void)self;
    (void)m;
}

static void on_subscribed(void *self, const char *filter, int granted_qos)
{
    (void)self;
    (void)filter;
    (void)granted_qos;
}

static void on_handle_closed(uv_handle_t *h)
{
    struct publish *p = h->data;
    if (--p->open_handles > 0)
        return;
    struct publish_hooks hooks = p->hooks;
    outgoing_fini(&p->outgoing);
    buffer_fini(&p->offline);
    arena_fini(&p->arena);
    pthread_mutex_destroy(&p->lock);
    free(p->acknowledged);
    free(p->status_topic);
    free(p);
    hooks.on_closed(hooks.self);
}

static void on_link_closed(void *self)
{
    struct publish *p = self;
    p->link = NULL;
    uv_close((uv_handle_t *)&p->news, on_handle_closed);
    uv_close((uv_handle_t *)&p->wait, on_handle_closed);
    uv_close((uv_handle_t *)&p->pacing, on_handle_closed);
    uv_close((uv_handle_t *)&p->retry, on_handle_closed);
}

/* The public side. */

static int open_link(struct publish *p, uv_loop_t *loop, const struct publish_conf *conf)
{
    struct link_hooks hooks = { on_message, on_sent, on_send_failed, on_up, on_lost, on_subscribed,
                                on_link_closed, p };
    struct link_will will = { .topic = p->status_topic, .payload = buffer_slice(&p->offline),
                              .is_retained = true, .qos = 1 };
    return link_open(loop, "publish", &conf->link, false, &will, &hooks, &p->link);
}

static void init_handles(struct publish *p, uv_loop_t *loop)
{
    uv_async_init(loop, &p->news, on_news);
    uv_timer_init(loop, &p->wait);
    uv_timer_init(loop, &p->pacing);
    uv_timer_init(loop, &p->retry);
    p->news.data = p->wait.data = p->pacing.data = p->retry.data = p;
    p->open_handles = 4;
    p->retry_ms = RETRY_MS_LEAST;
}

int publish_open(uv_loop_t *loop, const struct publish_conf *conf, struct store *store,
                 const char *status_topic, struct slice offline, const struct publish_hooks *hooks,
                 struct publish **out)
{
    struct publish *p = calloc(1, sizeof *p);
    if (!p || !(p->status_topic = strdup(status_topic)))
        abort();
    buffer_put(&p->offline, offline.at, offline.size);
    int rc = open_link(p, loop, conf);
    if (rc < 0) {
        buffer_fini(&p->offline);
        free(p->status_topic);
        free(p);
        return rc;
    }
    p->store = store;
    p->hooks = *hooks;
    p->window_most = conf->window > 0 ? (size_t)conf->window : 1;
    outgoing_init(&p->outgoing, p->status_topic,
                  conf->order == PUBLISH_NEWEST_FIRST ? PUBLISH_NEWEST_FIRST : PUBLISH_OLDEST_FIRST,
                  2 * p->window_most, conf->rate);
    arena_init(&p->arena, 0);
    pthread_mutex_init(&p->lock, NULL);
    init_handles(p, loop);
    *out = p;
    return 0;
}

void publish_start(struct publish *p)
{
    link_start(p->link);
}

void publish_close(struct publish *p, struct slice farewell)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    bool is_up = p->outgoing.limit > 0;
    outgoing_leave(&p->outgoing, farewell);
    pthread_mutex_unlock(&p->lock);

    uv_timer_stop(&p->wait);
    if (!is_up) {
        stop(p);
        return;
    }
    start_pump(p);
}

void publish_wake(struct publish *p)
{
    fill_lane(p, LANE_FRESH);
    fill_lane(p, LANE_ORDERLY);
    start_pump(p);
    wait_for_pace(p);
}

void publish_acknowledged(struct publish *p, struct store_batch *batch)
{
    pthread_mutex_lock(&p->lock);
    struct flight_key *keys = p->acknowledged;
    size_t n = p->n_acknowledged;
    p->acknowledged = NULL;
    p->n_acknowledged = p->acknowledged_room = 0;
    pthread_mutex_unlock(&p->lock);

    for (size_t i = 0; i < n; i++)
        store_batch_acknowledged(batch, keys[i].ordinal, keys[i].sequence);
    free(keys);
}

void publish_sent_until(struct publish *p, uint32_t *ordinal, uint64_t *sequence)
{
    pthread_mutex_lock(&p->lock);
    struct flight_key sent = p->outgoing.lanes.greatest_sent;
    pthread_mutex_unlock(&p->lock);
    *ordinal = sent.ordinal;
    *sequence = sent.sequence;
}

int publish_drop(struct publish *p, uint32_t ordinal, uint64_t from, uint64_t until)
{
    pthread_mutex_lock(&p->lock);
    bool is_free = lanes_is_behind((struct flight_key){ ordinal, from }, p->outgoing.lanes.greatest_sent);
    if (is_free)
        lanes_drop(&p->outgoing.lanes, ordinal, from, until);
    pthread_mutex_unlock(&p->lock);
    return is_free ? 0 : 1;
}

void publish_status(struct publish *p, struct slice payload)
{
    pthread_mutex_lock(&p->lock);
    outgoing_status(&p->outgoing, payload);
    pthread_mutex_unlock(&p->lock);
    start_pump(p);
}

int publish_now(struct publish *p, const char *topic, struct slice payload)
{
    pthread_mutex_lock(&p->lock);
    bool is_taken = outgoing_aside(&p->outgoing, topic, payload);
    pthread_mutex_unlock(&p->lock);
    start_pump(p);
    return is_taken ? 0 : 1;
}

void publish_figures(const struct publish *const_p, struct publish_figures *out)
{
    struct publish *p = (struct publish *)const_p;   /* for its lock */

    *out = (struct publish_figures){ .state = p->link ? link_state(p->link) : LINK_DOWN };
    if (p->link)
        link_figures(p->link, &out->link);
    pthread_mutex_lock(&p->lock);
    out->sent = p->total_sent;
    out->acknowledged = p->total_acknowledged;
    out->in_flight = lanes_in_flight(&p->outgoing.lanes);
    out->waiting = lanes_held(&p->outgoing.lanes);
    out->refusals = p->total_refusals;
    out->refused = lanes_refusals(&p->outgoing.lanes);
    out->refusal = p->refusal;
    out->uncommitted = p->n_acknowledged;
    out->last_acknowledged_ordinal = p->last_acknowledged.ordinal;
    out->last_acknowledged_sequence = p->last_acknowledged.sequence;
    out->last_acknowledged_wall_us = p->last_acknowledged_wall_us;
    pthread_mutex_unlock(&p->lock);
}
