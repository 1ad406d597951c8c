/* Paho acknowledges a message when our callback returns, whatever it returns. So the callback does
 * the one thing that must be done by then, the append (and with durability POWER the sync), and
 * nothing else: the frame is built of pointers into Paho's message, and the copy into the journal's
 * mapping is the only one.
 *
 * Refusing. Returning 0 would acknowledge and lose the message, so there are two ways. The soft
 * one: when the journal's current segment is half full, the next is prepared on a worker; if the
 * disk has no room for it, ingest disconnects, with half a segment left for what is under way, and
 * the broker queues. The hard one, where an append or a sync fails all the same: the process ends
 * before the acknowledgement, and the broker sends the message again. It ends by _exit and not by
 * abort, since SIGABRT would blame whatever frame the loop has in hand.
 *
 * Waking. The callback sets a flag and wakes the loop only if the flag was clear. The loop leaves
 * it set while it is busy and looks again a millisecond later by a timer; only when nothing came in
 * between does it go back to sleep: it clears the flag *before* it looks at the journal's end a
 * last time, so that a frame appended after that look finds the flag clear and wakes it. So a lone
 * message wakes the loop at once, and a stream costs one look per millisecond and no system call in
 * the callback.
 *
 * Drops. A broker that has no room for us any more acknowledges to the devices and throws away; its own
 * count under $SYS is all that one can see of it. That count is looked at and never journalled, since
 * it bears on no result. A broker may refuse the subscription, or end the connection over it: the
 * second connection that ends before the answer is the last one to ask. */
#include "ingest/ingest.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/hash.h"
#include "base/log.h"
#include "ingest/drops.h"
#include "ingest/filters.h"
#include "model/frame.h"

#define TOPIC_MOST 65535u
#define PACE_MS 1
#define WATCHES_UNANSWERED_MOST 2

const struct option ingest_options[] = {
    LINK_ROWS(offsetof(struct ingest_conf, link), "5"),
    { .name = "watch_drops", .type = OPT_BOOL, .at = offsetof(struct ingest_conf, watch_drops),
      .preset = "true", .is_local = true,
      .help = "Look at " DROPS_TOPIC " of the broker and raise an alarm when it rises." },
    { .name = NULL }
};

struct ingest {
    /* Settled by ingest_open. */
    struct journal *intake;
    enum durability durability;
    size_t payload_most;
    struct ingest_hooks hooks;
    struct link *link;           /* NULL once it is gone */

    /* Paho's thread. */
    struct buffer too_large;
    atomic_bool is_told;         /* the loop knows that there is something, or soon will */
    _Atomic uint64_t messages, retained, dup, too_larges;
    struct drops drops;              /* its total is for the loop, too: */
    _Atomic uint64_t dropped;

    /* The loop. */
    uv_async_t arrival;
    uv_timer_t pace;
    uv_work_t preparing;
    unsigned open_handles;
    bool is_preparing, is_full, is_ending;
    int prepare_rc;
    uint64_t seen;               /* the journal's end at the last look */
    struct filters filters;
    struct link_session session;
    bool had_session;            /* at least once, be it before this start */
    bool is_session_lost;
    bool was_up;                 /* in this run */
    uint64_t sessions_lost, sessions_lost_here;
    bool watches_drops, is_watch_asked;      /* asked: and not answered */
    unsigned n_unanswered;
    uint64_t dropped_seen;       /* of those that are logged */
    uint64_t dropped_boot_us;
};

/* Paho's thread. */

static _Noreturn void leave(const char *why)
{
    log_line(LOG_ERROR, "ingest.unsafe", "– %s; leaving before the message is acknowledged, the broker "
             "will send it again", why);
    _exit(EXIT_FAILURE);
}

static void keep(struct ingest *i, struct frame *f)
{
    int rc = journal_append(i->intake, f);
    if (rc == JOURNAL_FULL)
        leave("the disk has no room for the journal; free space there");
    if (rc != 0)
        leave("the journal cannot be written");
    if (i->durability == DURABILITY_POWER && journal_sync(i->intake, f->sequence) != 0)
        leave("the journal cannot be synced to the disk");
}

static void keep_head(struct ingest *i, struct frame *f, struct slice payload)
{
    struct too_large t = {
        .payload_size = payload.size,
        .hash = hash_bytes(payload, 0),
        .head = { payload.at, payload.size < FRAME_TOO_LARGE_KEEPS ? payload.size
                                                                  : FRAME_TOO_LARGE_KEEPS },
    };
    buffer_clear(&i->too_large);
    too_large_write(&t, &i->too_large);
    f->kind = FRAME_TOO_LARGE;
    f->rest = buffer_slice(&i->too_large);
    keep(i, f);
    atomic_fetch_add_explicit(&i->too_larges, 1, memory_order_relaxed);
}

/* Also where nobody asked for it in this run: the session may hold the subscription of another. */
static bool is_drops(const struct link_message *m)
{
    return slice_equal(m->topic, slice_of(DROPS_TOPIC));
}

static void hear_drops(struct ingest *i, struct slice payload)
{
    uint64_t count;
    if (!drops_read(payload, &count) || drops_hear(&i->drops, count) == 0)
        return;
    atomic_store(&i->dropped, i->drops.total);
    uv_async_send(&i->arrival);
}

static void on_message(void *self, const struct link_message *m)
{
    struct ingest *i = self;

    if (is_drops(m)) {
        hear_drops(i, m->payload);
        return;
    }

    struct frame f = {
        .kind = FRAME_MESSAGE,
        .flags = (uint8_t)((m->qos & 3u) | (m->is_retained ? FRAME_RETAINED : 0u) |
                           (m->is_dup ? FRAME_DUP : 0u)),
        .topic = m->topic,
        .rest = m->payload,
    };

    if (m->payload.size > i->payload_most)
        keep_head(i, &f, m->payload);
    else
        keep(i, &f);
    atomic_fetch_add_explicit(&i->messages, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&i->retained, m->is_retained, memory_order_relaxed);
    atomic_fetch_add_explicit(&i->dup, m->is_dup, memory_order_relaxed);
    if (!atomic_exchange(&i->is_told, true))
        uv_async_send(&i->arrival);
}

/* The loop: arrivals. */

static void end_if_done(struct ingest *i);

static void on_prepare(uv_work_t *w)
{
    struct ingest *i = w->data;
    i->prepare_rc = journal_prepare(i->intake);
}

static void on_prepared(uv_work_t *w, int status)
{
    struct ingest *i = w->data;

    (void)status;                /* never cancelled */
    i->is_preparing = false;
    if (i->prepare_rc != 0 && i->link) {
        i->is_full = true;
        log_line(LOG_ERROR, "ingest.full", "– the disk has no room for the journal's next segment; "
                 "disconnected, the device broker queues meanwhile; free space there");
        ingest_pause(i);
        i->hooks.on_full(i->hooks.self);
    }
    end_if_done(i);
}

static void prepare_segment(struct ingest *i)
{
    if (i->is_preparing || i->is_full || i->is_ending || !journal_wants_spare(i->intake))
        return;
    i->is_preparing = true;
    i->preparing.data = i;
    uv_queue_work(i->arrival.loop, &i->preparing, on_prepare, on_prepared);
}

/* Whether there was something new. */
static bool look(struct ingest *i)
{
    uint64_t end = journal_end(i->intake);
    if (end == i->seen)
        return false;
    i->seen = end;
    crash_point("ingest.woken");
    prepare_segment(i);
    i->hooks.on_arrival(i->hooks.self);
    return true;
}

static void on_pace(uv_timer_t *t)
{
    struct ingest *i = t->data;
    if (look(i))
        return;
    atomic_exchange(&i->is_told, false);
    if (!look(i)) {
        uv_timer_stop(t);
        return;
    }
    atomic_exchange(&i->is_told, true);
}

static void look_at_drops(struct ingest *i)
{
    uint64_t total = atomic_load(&i->dropped);
    uint64_t more = total - i->dropped_seen;

    if (more == 0 || i->is_ending)
        return;
    i->dropped_seen = total;
    i->dropped_boot_us = clock_read().boottime_us;
    log_line(LOG_WARN, "ingest.broker_drops", "n=%llu total=%llu – the device broker threw messages away that "
             "it had acknowledged to their senders, ours perhaps among them; give it room "
             "(Mosquitto: max_queued_messages 0)", (unsigned long long)more,
             (unsigned long long)total);
    i->hooks.on_change(i->hooks.self);
}

static void on_wake(uv_async_t *a)
{
    struct ingest *i = a->data;
    look_at_drops(i);
    look(i);
    if (!i->is_ending)
        uv_timer_start(&i->pace, on_pace, PACE_MS, PACE_MS);
}

/* The loop: the link. */

/* What is asked for stays asked for: if the connection breaks before the answer, the next on_up
 * begins anew. */
static void ask_for_filters(struct ingest *i)
{
    char *text;
    bool is_end;

    while (link_state(i->link) == LINK_UP && filters_next(&i->filters, &text, &is_end)) {
        if (is_end)
            link_unsubscribe(i->link, text);
        else
            link_subscribe(i->link, text);
        free(text);
    }
}

static void ask_for_drops(struct ingest *i)
{
    if (i->watches_drops)
        i->is_watch_asked = link_watch(i->link, DROPS_TOPIC) == 0;
    else
        link_unsubscribe(i->link, DROPS_TOPIC);
}

static void look_at_session(struct ingest *i, const struct link_session *session)
{
    i->session = *session;
    i->is_session_lost = i->had_session && !session->is_present;
    i->sessions_lost_here += i->is_session_lost && i->was_up;
    i->had_session = i->was_up = true;
    if (!i->is_session_lost)
        return;
    i->sessions_lost++;
    log_line(LOG_WARN, "ingest.session_lost", "– the broker had forgotten our session: what it took "
             "while we were away did not reach us; check its persistence and expiry limits, unless broker or "
             "client_id are new in the configuration");
}

static void on_up(void *self, const struct link_session *session)
{
    struct ingest *i = self;

    look_at_session(i, session);
    filters_restart(&i->filters);
    ask_for_filters(i);
    ask_for_drops(i);
    i->hooks.on_change(i->hooks.self);
}

static void on_lost(void *self)
{
    struct ingest *i = self;

    if (i->is_watch_asked && ++i->n_unanswered == WATCHES_UNANSWERED_MOST) {
        i->watches_drops = false;
        log_line(LOG_WARN, "ingest.drops_unwatched", "– the broker ends the connection when asked for "
                 DROPS_TOPIC "; going on without, set watch_drops to false");
    }
    i->is_watch_asked = false;
    i->hooks.on_change(i->hooks.self);
}

static void on_drops_answered(struct ingest *i, int granted_qos)
{
    i->is_watch_asked = false;
    i->n_unanswered = 0;
    if (granted_qos < 128)
        return;
    i->watches_drops = false;
    log_line(LOG_INFO, "ingest.drops_unwatched", "code=%d – the broker does not show " DROPS_TOPIC ": %s; what "
             "it drops goes unseen", granted_qos, link_reason(granted_qos));
}

static void on_subscribed(void *self, const char *filter, int granted_qos)
{
    struct ingest *i = self;

    if (strcmp(filter, DROPS_TOPIC) == 0) {
        on_drops_answered(i, granted_qos);
        return;
    }
    filters_answer(&i->filters, filter, granted_qos);
    if (granted_qos >= 128)
        log_line(LOG_ERROR, "ingest.refused", "filter=%s code=%d – no readings come from there: %s", filter,
                 granted_qos, link_reason(granted_qos));
    else if (granted_qos == 0)
        log_line(LOG_WARN, "ingest.weak", "filter=%s – the broker grants QoS 0 only; what it sends while "
                 "the link breaks is lost", filter);
    if (filters_unanswered(&i->filters) == 0 && filters_refused(&i->filters) == 0)
        log_line(LOG_INFO, "ingest.subscribed", "filters=%u – readings come in",
                 (unsigned)filters_wanted(&i->filters));
    i->hooks.on_change(i->hooks.self);
}

/* The handles close when the link is gone and no worker is in the journal. */
static void on_handle_closed(uv_handle_t *h)
{
    struct ingest *i = h->data;
    if (--i->open_handles > 0)
        return;
    struct ingest_hooks hooks = i->hooks;
    filters_fini(&i->filters);
    buffer_fini(&i->too_large);
    free(i);
    hooks.on_closed(hooks.self);
}

static void end_if_done(struct ingest *i)
{
    if (i->link || i->is_preparing || i->is_ending)
        return;
    i->is_ending = true;
    uv_close((uv_handle_t *)&i->arrival, on_handle_closed);
    uv_close((uv_handle_t *)&i->pace, on_handle_closed);
}

static void on_link_closed(void *self)
{
    struct ingest *i = self;
    i->link = NULL;
    end_if_done(i);
}

/* A token is of a message that was sent; nothing is sent on this side. */
static void on_sent(void *self, uint64_t token)
{
    (void)self;
    (void)token;
}

static void on_send_failed(void *self, uint64_t token, int code)
{
    (void)self;
    (void)token;
    (void)code;
}

/* The public side. */

/* A frame holds topic and payload, whatever the configuration allows. */
static size_t payload_most(int64_t max_payload_bytes)
{
    const size_t fits = JOURNAL_BODY_MAX - TOPIC_MOST - 64;
    if (max_payload_bytes < 0)
        return 0;
    return (uint64_t)max_payload_bytes < fits ? (size_t)max_payload_bytes : fits;
}

static void init_handles(struct ingest *i, uv_loop_t *loop)
{
    uv_async_init(loop, &i->arrival, on_wake);
    uv_timer_init(loop, &i->pace);
    i->arrival.data = i->pace.data = i;
    i->open_handles = 2;
}

int ingest_open(uv_loop_t *loop, const struct ingest_conf *conf, struct journal *intake,
                enum durability durability, int64_t max_payload_bytes,
                const struct ingest_hooks *hooks, struct ingest **out)
{
    struct ingest *i = calloc(1, sizeof *i);
    if (!i)
        abort();
    i->intake = intake;
    i->durability = durability;
    i->payload_most = payload_most(max_payload_bytes);
    i->hooks = *hooks;
    i->seen = journal_end(intake);
    i->had_session = i->seen > 0;    /* a message came, so there was one */
    i->watches_drops = conf->watch_drops;

    struct link_hooks link_hooks = { on_message, on_sent, on_send_failed, on_up, on_lost, on_subscribed,
                                     on_link_closed, i };
    int rc = link_open(loop, "ingest", &conf->link, true, NULL, &link_hooks, &i->link);
    if (rc < 0) {
        free(i);
        return rc;
    }
    init_handles(i, loop);
    *out = i;
    return 0;
}

void ingest_subscribe(struct ingest *i, const struct plan *plan)
{
    filters_want(&i->filters, plan);
    ask_for_filters(i);
}

bool ingest_leave(struct ingest *i, const struct plan *plan)
{
    bool has_any = filters_leave(&i->filters, plan);
    ask_for_filters(i);
    return has_any;
}

void ingest_start(struct ingest *i)
{
    i->is_full = false;
    link_start(i->link);
}

void ingest_pause(struct ingest *i)
{
    link_pause(i->link);
}

void ingest_close(struct ingest *i)
{
    if (i)
        link_close(i->link);
}

void ingest_figures(const struct ingest *i, struct ingest_figures *out)
{
    *out = (struct ingest_figures){
        .state = i->link ? link_state(i->link) : LINK_DOWN,
        .session = i->session,
        .messages = atomic_load_explicit(&i->messages, memory_order_relaxed),
        .retained = atomic_load_explicit(&i->retained, memory_order_relaxed),
        .dup = atomic_load_explicit(&i->dup, memory_order_relaxed),
        .too_large = atomic_load_explicit(&i->too_larges, memory_order_relaxed),
        .sessions_lost = i->sessions_lost,
        .sessions_lost_here = i->sessions_lost_here,
        .is_session_lost = i->is_session_lost,
        .dropped = i->dropped_seen,
        .dropped_boot_us = i->dropped_boot_us,
        .filters = filters_wanted(&i->filters),
        .filters_refused = filters_refused(&i->filters),
    };
    if (i->link)
        link_figures(i->link, &out->link);
}
