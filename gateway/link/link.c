/* The loop decides, a worker calls Paho, and Paho's threads write letters.
 *
 * Paho holds one lock while it resolves names, while it is in on_message (with the disk behind it
 * when every message is synced) and whenever one calls it. A loop that called Paho would wait there
 * too. So step() looks at what is wanted and at what is, and hands one errand at a time to libuv's
 * pool: connect, drop, ask for subscriptions, look whether it is still there. What happens to the
 * connection comes back as events in a mailbox (mailbox.h), which the loop empties between errands; an
 * event of a wire that is no longer ours is dropped by its generation. The only calls to Paho outside
 * an errand are those of link_send, which borrow the wire: an errand that closes it first waits until
 * nobody does.
 *
 * The lock here, and the mailbox's, are held for a few instructions, never over a call to Paho or to a
 * hook: Paho's threads take them under Paho's own lock.
 *
 * States: DOWN (the timer may run until the next attempt), CONNECTING (a wire is under way), UP
 * (the timer runs until the next look). They change on the loop alone. A wire that was lost stays
 * until the next attempt has its successor. The looks, one per keepalive time, are for the case
 * that Paho closes a connection without a word, as 1.3.12 does on a DISCONNECT of the broker's: a
 * link that holds itself for up and is not would be the worst of all failures, since nobody would
 * notice. */
#include "link/link.h"

#include <assert.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "link/address.h"
#include "link/backoff.h"
#include "link/conf.h"
#include "link/mailbox.h"
#include "link/reason.h"
#include "link/taken.h"
#include "link/wire.h"

/* A connection that lasted this long was a good one: the next back-off begins anew. */
#define STABLE_US INT64_C(30000000)

enum errand_kind { ERRAND_CONNECT, ERRAND_DROP, ERRAND_ASK, ERRAND_LOOK };

/* A subscription to ask for, or to end. */
struct asking {
    struct asking *next;
    enum wire_asking kind;
    char filter[];
};

/* What the worker is to do, and what came of it. The worker touches nothing else of the link's but
 * what link_open settled. */
struct errand {
    enum errand_kind kind;
    enum link_protocol protocol;
    uint64_t generation;
    unsigned turn;
    struct wire *old, *opened;
    struct asking *asking;
    bool is_gone;                /* of LOOK */
    char reason[REASON_SIZE];
};

struct link {
    /* Settled by link_open. */
    char *name;
    struct link_conf conf;       /* texts are the link's own */
    struct address address;
    bool is_persistent;
    struct link_will will;
    struct link_hooks hooks;

    /* The loop's alone. */
    uv_async_t mail;
    uv_timer_t timer;
    uv_work_t work;
    unsigned open_handles;
    bool is_busy;                /* an errand is under way */
    bool is_wanted, is_closing, is_ending;
    bool must_tell_lost;         /* an on_lost is due once the wire is dropped */
    bool must_look;
    enum link_state state;
    enum link_protocol protocol; /* of the next attempt */
    struct wire *wire;
    uint64_t generation;
    unsigned attempts;
    struct backoff backoff;
    struct taken taken;
    struct asking *asking, **asking_end;
    struct errand errand;
    struct link_figures figures;
    uint64_t up_at_us;           /* boottime */
    char complaint[REASON_SIZE]; /* why the last attempts failed, and how many did for that reason */
    unsigned n_complaints;

    /* Any thread. */
    struct mailbox mailbox;

    /* Any thread, under the lock. */
    pthread_mutex_t lock;
    pthread_cond_t is_idle;
    struct wire *sendable;
    unsigned senders;
};

static void step(struct link *l);

__attribute__((format(printf, 4, 5))) static void say(const struct link *l, enum log_level level,
                                                      const char *what, const char *format, ...)
{
    char id[64], line[512];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    snprintf(id, sizeof id, "%s.%s", l->name, what);
    log_line(level, id, "broker=%s %s", l->conf.broker, line);
}

/* Any thread. */
static void on_event(void *self, const struct wire_event *e)
{
    struct link *l = self;
    mailbox_put(&l->mailbox, e);
    uv_async_send(&l->mail);
}

static void set_sendable(struct link *l, struct wire *w)
{
    pthread_mutex_lock(&l->lock);
    l->sendable = w;
    pthread_mutex_unlock(&l->lock);
}

/* What happened. */

static void wait_for_retry(struct link *l);
static void wait_for_look(struct link *l);

/* The same complaint again is told at the 2nd, 4th, 8th … time: an outage of days stays readable. */
static void complain(struct link *l, const char *id, const char *reason)
{
    bool is_new = strcmp(reason, l->complaint) != 0;
    if (is_new)
        snprintf(l->complaint, sizeof l->complaint, "%s", reason);
    l->n_complaints = is_new ? 1 : l->n_complaints + 1;
    snprintf(l->figures.last_error, sizeof l->figures.last_error, "%s", reason);
    if ((l->n_complaints & (l->n_complaints - 1)) == 0)
        say(l, LOG_WARN, id, "attempt=%u – %s", l->n_complaints, reason);
}

static void attempt_failed(struct link *l, const char *reason, bool is_turned_away)
{
    l->state = LINK_DOWN;
    l->figures.refusals++;
    l->figures.is_turned_away = is_turned_away;
    complain(l, is_turned_away ? "turned_away" : "unreachable", reason);
    wait_for_retry(l);
}

static void fall_back(struct link *l)
{
    say(l, LOG_WARN, "fallback", "protocol=3.1.1 – the broker does not speak MQTT 5; going on with the "
        "older one, set protocol to spare the attempt");
    l->state = LINK_DOWN;
    l->protocol = LINK_MQTT_3;
}

static void came_up(struct link *l, const struct link_session *s)
{
    l->state = LINK_UP;
    l->complaint[0] = '\0';
    l->n_complaints = 0;
    l->figures.connects++;
    l->figures.is_turned_away = false;
    l->figures.up_since_wall_us = clock_read().wall_us;
    l->up_at_us = clock_read().boottime_us;
    set_sendable(l, l->wire);
    wait_for_look(l);
    say(l, LOG_INFO, "connected", "protocol=%s session=%s receive_maximum=%u – connected",
        link_protocols[s->protocol], s->is_present ? "kept" : "new", (unsigned)s->receive_maximum);
    if (l->is_persistent && s->session_expiry_s >= 0)
        say(l, LOG_WARN, "session_short", "expiry_s=%lld – the broker keeps our session no longer than "
            "this while we are away; what comes later is lost, raise its limit",
            (long long)s->session_expiry_s);
    l->hooks.on_up(l->hooks.self, s);
}

static int64_t up_for_us(const struct link *l)
{
    return (int64_t)(clock_read().boottime_us - l->up_at_us);
}

static void went_down(struct link *l)
{
    l->state = LINK_DOWN;
    l->figures.losses++;
    l->figures.up_since_wall_us = 0;
    set_sendable(l, NULL);
    if (up_for_us(l) >= STABLE_US)
        backoff_reset(&l->backoff);
}

/* Two gateways with one id would throw each other out as fast as they can connect. */
static void look_for_a_twin(struct link *l, const struct wire_event *e)
{
    enum taken_sign sign = taken_lost(&l->taken, up_for_us(l), e->is_told, e->is_takeover);

    if (sign == TAKEN_NOT)
        return;
    l->figures.takeovers++;
    backoff_raise(&l->backoff);
    say(l, LOG_WARN, "taken_over", "client_id=%s n=%llu – %s; coming back slowly",
        l->conf.client_id, (unsigned long long)l->figures.takeovers,
        sign == TAKEN_SURELY ? "another client came with our client id and has our messages now; give each "
                               "gateway its own"
                             : "each connection ends soon after it began: perhaps another client comes with "
                               "our client id; give each gateway its own, else look at the network");
}

static void was_lost(struct link *l, const struct wire_event *e)
{
    went_down(l);
    snprintf(l->figures.last_error, sizeof l->figures.last_error, "%s", e->reason);
    say(l, LOG_WARN, "lost", "– %s; reconnecting", e->reason);
    look_for_a_twin(l, e);
    wait_for_retry(l);
    l->hooks.on_lost(l->hooks.self);
}

/* Of the current wire, and only what its state lets expect: a pause may have come in between. */
static void take_event(struct link *l, const struct wire_event *e)
{
    if (e->generation != l->generation)
        return;
    if (l->state == LINK_CONNECTING && e->kind == WIRE_UP)
        came_up(l, &e->session);
    else if (l->state == LINK_CONNECTING && e->kind == WIRE_FAILED && e->is_version_refused &&
             l->protocol == LINK_MQTT_5)
        fall_back(l);
    else if (l->state == LINK_CONNECTING && e->kind == WIRE_FAILED)
        attempt_failed(l, e->reason, e->is_turned_away);
    else if (l->state == LINK_UP && e->kind == WIRE_LOST)
        was_lost(l, e);
    else if (l->state == LINK_UP && e->kind == WIRE_SUBSCRIBED)
        l->hooks.on_subscribed(l->hooks.self, e->filter, e->code);
}

/* Not during an errand: the wire that an event speaks of might not be ours yet. */
static void empty_mailbox(struct link *l)
{
    struct wire_event e;
    while (!l->is_busy && mailbox_take(&l->mailbox, &e)) {
        take_event(l, &e);
        free(e.filter);
        step(l);
    }
}

static void on_mail(uv_async_t *a)
{
    empty_mailbox(a->data);
}

static void on_retry(uv_timer_t *t)
{
    step(t->data);
}

static void on_look(uv_timer_t *t)
{
    struct link *l = t->data;
    l->must_look = true;
    step(l);
}

static void wait_for_look(struct link *l)
{
    bool is_sooner = l->taken.is_on && l->taken.calm_us < l->conf.keepalive_us;
    int64_t every_us = is_sooner ? l->taken.calm_us : l->conf.keepalive_us;
    uint64_t every_ms = (uint64_t)(every_us / 1000) + 1;
    l->must_look = false;
    uv_timer_start(&l->timer, on_look, every_ms, every_ms);
}

static void wait_for_retry(struct link *l)
{
    int64_t wait_us = backoff_next(&l->backoff, clock_random_u64());
    uv_timer_stop(&l->timer);
    if (l->is_wanted)
        uv_timer_start(&l->timer, on_retry, (uint64_t)(wait_us / 1000) + 1, 0);
}

/* Errands. On the worker: */

static void connect_wire(struct link *l, struct errand *e)
{
    char number[ADDRESS_HOST_SIZE];
    const char *why;

    if (address_resolve(&l->address, e->turn, number, &why) != 0) {
        snprintf(e->reason, sizeof e->reason, "the host name %.100s cannot be resolved: %s",
                 l->address.host, why);
        return;
    }
    struct wire_conf conf = {
        .link = &l->conf,
        .address = &l->address,
        .host = l->address.is_tls ? l->address.host : number,
        .protocol = e->protocol,
        .is_persistent = l->is_persistent,
        .will = &l->will,
        .hooks = &l->hooks,
        .on_event = on_event,
        .self = l,
        .generation = e->generation,
    };
    wire_open(&conf, &e->opened, e->reason);
}

static void drop_wire(struct link *l, struct wire *w)
{
    pthread_mutex_lock(&l->lock);
    while (l->senders > 0)
        pthread_cond_wait(&l->is_idle, &l->lock);
    pthread_mutex_unlock(&l->lock);
    wire_close(w);
}

static void ask(const struct errand *e)
{
    for (struct asking *a = e->asking; a; a = a->next)
        wire_ask(e->old, a->filter, a->kind);
}

static void on_errand(uv_work_t *w)
{
    struct link *l = w->data;
    struct errand *e = &l->errand;

    switch (e->kind) {
    case ERRAND_CONNECT:
        connect_wire(l, e);
        drop_wire(l, e->old);
        break;
    case ERRAND_DROP:
        drop_wire(l, e->old);
        break;
    case ERRAND_ASK:
        ask(e);
        break;
    case ERRAND_LOOK:
        e->is_gone = !wire_is_connected(e->old);
        break;
    }
}

/* On the loop: */

static void asking_free(struct asking *a)
{
    while (a) {
        struct asking *next = a->next;
        free(a);
        a = next;
    }
}

/* The old wire is gone, and there may be another. */
static void took_wire(struct link *l, const struct errand *e)
{
    l->wire = e->opened;
    if (l->must_tell_lost)
        l->hooks.on_lost(l->hooks.self);
    l->must_tell_lost = false;
    if (e->kind == ERRAND_CONNECT && !e->opened && l->state == LINK_CONNECTING)
        attempt_failed(l, e->reason, false);
}

static void on_errand_done(uv_work_t *w, int status)
{
    struct link *l = w->data;
    struct errand e = l->errand; /* a hook may begin the next */

    (void)status;                /* never cancelled */
    l->is_busy = false;
    asking_free(e.asking);
    if (e.kind == ERRAND_CONNECT || e.kind == ERRAND_DROP)
        took_wire(l, &e);
    empty_mailbox(l);
    /* Unless a letter has just told so. */
    if (e.is_gone && e.generation == l->generation && l->state == LINK_UP)
        was_lost(l, &(struct wire_event){ .reason = "the connection ended without a word" });
    if (l->state == LINK_UP)
        taken_ends(&l->taken, up_for_us(l));
    step(l);
}

static void begin(struct link *l, enum errand_kind kind)
{
    l->errand = (struct errand){
        .kind = kind,
        .protocol = l->protocol,
        .generation = l->generation,
        .turn = l->attempts,
        .old = l->wire,
    };
    if (kind == ERRAND_LOOK)
        l->must_look = false;
    if (kind == ERRAND_ASK) {
        l->errand.asking = l->asking;
        l->asking = NULL;
        l->asking_end = &l->asking;
    }
    l->is_busy = true;
    l->work.data = l;
    uv_queue_work(l->work.loop, &l->work, on_errand, on_errand_done);
}

static void begin_attempt(struct link *l)
{
    asking_free(l->asking);      /* was for the wire before */
    l->asking = NULL;
    l->asking_end = &l->asking;
    l->state = LINK_CONNECTING;
    l->generation++;
    l->attempts++;
    begin(l, ERRAND_CONNECT);
}

/* The end. */

static void link_free(struct link *l)
{
    mailbox_fini(&l->mailbox);
    asking_free(l->asking);
    link_conf_free(&l->conf);
    link_will_free(&l->will);
    free(l->name);
    pthread_mutex_destroy(&l->lock);
    pthread_cond_destroy(&l->is_idle);
    free(l);
}

static void on_handle_closed(uv_handle_t *h)
{
    struct link *l = h->data;
    if (--l->open_handles > 0)
        return;
    struct link_hooks hooks = l->hooks;
    link_free(l);
    hooks.on_closed(hooks.self);
}

static void end(struct link *l)
{
    l->is_ending = true;
    uv_close((uv_handle_t *)&l->mail, on_handle_closed);
    uv_close((uv_handle_t *)&l->timer, on_handle_closed);
}

/* What is wanted, what is, and so what comes next. */
static void step(struct link *l)
{
    if (l->is_busy || l->is_ending)
        return;
    if (!l->is_wanted && l->wire)
        begin(l, ERRAND_DROP);
    else if (l->is_closing)
        end(l);
    else if (l->is_wanted && l->state == LINK_DOWN && !uv_is_active((uv_handle_t *)&l->timer))
        begin_attempt(l);
    else if (l->state == LINK_UP && l->asking)
        begin(l, ERRAND_ASK);
    else if (l->state == LINK_UP && l->must_look)
        begin(l, ERRAND_LOOK);
}

/* The public side. */

static void init_handles(struct link *l, uv_loop_t *loop)
{
    uv_async_init(loop, &l->mail, on_mail);
    uv_timer_init(loop, &l->timer);
    l->mail.data = l->timer.data = l;
    l->open_handles = 2;
    l->work.loop = loop;
}

int link_open(uv_loop_t *loop, const char *name, const struct link_conf *conf, bool is_persistent,
              const struct link_will *will, const struct link_hooks *hooks, struct link **out)
{
    const char *mistake = link_conf_mistake(conf, NULL);
    if (mistake)
        return err_raise(-1, "%s: %s", name, mistake);

    struct link *l = calloc(1, sizeof *l);
    if (!l)
        abort();
    address_parse(conf->broker, &l->address);
    if (!(l->name = strdup(name)))
        abort();
    l->conf = link_conf_copy(conf);
    l->will = link_will_copy(will);
    l->is_persistent = is_persistent;
    l->hooks = *hooks;
    l->protocol = conf->protocol == LINK_MQTT_5 ? LINK_MQTT_5 : LINK_MQTT_3;
    backoff_init(&l->backoff, conf->backoff_min_us, conf->backoff_max_us);
    taken_init(&l->taken, conf->backoff_max_us);
    l->asking_end = &l->asking;
    mailbox_init(&l->mailbox);
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->is_idle, NULL);
    init_handles(l, loop);
    *out = l;
    return 0;
}

void link_start(struct link *l)
{
    l->is_wanted = true;
    step(l);
}

void link_pause(struct link *l)
{
    l->is_wanted = false;
    uv_timer_stop(&l->timer);
    backoff_reset(&l->backoff);
    if (l->state == LINK_UP) {
        went_down(l);
        l->must_tell_lost = true;
    }
    l->state = LINK_DOWN;
    step(l);
}

void link_close(struct link *l)
{
    if (!l)
        return;
    l->is_closing = true;
    link_pause(l);
    l->must_tell_lost = false;
}

enum link_state link_state(const struct link *l)
{
    return l->state;
}

static int put_asking(struct link *l, const char *filter, enum wire_asking kind)
{
    if (l->state != LINK_UP)
        return LINK_REFUSED;
    struct asking *a = calloc(1, sizeof *a + strlen(filter) + 1);
    if (!a)
        abort();
    a->kind = kind;
    memcpy(a->filter, filter, strlen(filter) + 1);
    *l->asking_end = a;
    l->asking_end = &a->next;
    step(l);
    return 0;
}

int link_subscribe(struct link *l, const char *filter)
{
    return put_asking(l, filter, WIRE_SUBSCRIBE);
}

int link_unsubscribe(struct link *l, const char *filter)
{
    return put_asking(l, filter, WIRE_UNSUBSCRIBE);
}

int link_watch(struct link *l, const char *filter)
{
    return put_asking(l, filter, WIRE_WATCH);
}

int link_send(struct link *l, const struct link_post *post)
{
    assert(post->qos <= 1 && (post->qos == 0 || post->token != 0));

    pthread_mutex_lock(&l->lock);
    struct wire *w = l->sendable;
    l->senders += w ? 1 : 0;
    pthread_mutex_unlock(&l->lock);
    if (!w)
        return LINK_REFUSED;

    int rc = wire_send(w, post);

    pthread_mutex_lock(&l->lock);
    if (--l->senders == 0)
        pthread_cond_signal(&l->is_idle);
    pthread_mutex_unlock(&l->lock);
    return rc == 0 ? 0 : LINK_REFUSED;
}

void link_figures(const struct link *l, struct link_figures *out)
{
    *out = l->figures;
    out->is_taken_over = l->taken.is_on;
}
