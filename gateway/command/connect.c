/* The probe behind `check --connect`.
 *
 * The gateway is lossless only where the device broker queues without a limit for a session that is away,
 * and no protocol lets one ask for that; a stock Mosquitto answers every PUBLISH and drops what is beyond
 * a thousand. So it is tried: a client of our own subscribes with a session that persists, and leaves;
 * another publishes 1,500 small messages at QoS 1; the first comes back and counts. A last message, sent
 * again until it comes, tells that nothing more is under way.
 *
 * All of it under client ids and a topic that nobody else has, so that a gateway which runs meanwhile is
 * not touched, and on the links that it uses itself (link/). Whatever happens, the session is ended by a
 * clean connect, or it would queue for ever. The steps stand in enum step; each is left by an event, and
 * a clock looks ten times a second whether a broker refused us or the time is up. */
#include "command/connect.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#include "app/lossless_record.h"
#include "base/clock.h"
#include "command/tally.h"
#include "ingest/filters.h"
#include "link/link.h"

#define WINDOW 100u
#define LOOK_MS 100
#define CLEAN_US INT64_C(10000000)   /* for the clean connect, whatever is left of the time */

enum step {
    GREETING,                        /* the writer connects */
    ASKING,                          /* for what the gateway subscribes to */
    SUBSCRIBING,                     /* the reader connects and subscribes to the probe's topic */
    TRYING,                          /* whether one message comes through */
    LEAVING,
    SENDING,
    RETURNING,                       /* and counting */
    CLEANING,
    GREETING_UPSTREAM,
    ENDED
};

struct probe;

/* One of our clients. */
struct leg {
    struct probe *probe;
    const char *role;
    struct link *link;               /* NULL: not open */
    struct link_session session;
    bool was_up;
};

struct probe {
    const struct conf *conf;
    uv_loop_t loop;
    uv_timer_t clock;
    uv_async_t news;
    uint64_t until_us;               /* boottime */
    enum step step;
    struct leg writer, reader, cleaner, upstream;
    char reader_id[300], writer_id[300], topic[200];
    struct filters filters;
    uint64_t sent;
    enum lossless claim;
    bool has_failed;
    char why[600];
    struct tally tally;              /* Paho's threads and the loop */
};

static void go_clean(struct probe *p);
static void open_upstream(struct probe *p);

/* Telling. */

__attribute__((format(printf, 2, 3))) static void tell(const struct leg *leg, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    printf("%-9s ", leg->role);
    vprintf(format, args);
    putchar('\n');
    fflush(stdout);
    va_end(args);
}

/* It could not be found out. */
__attribute__((format(printf, 2, 3))) static void give_up(struct probe *p, const char *format, ...)
{
    if (p->step >= CLEANING)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(p->why, sizeof p->why, format, args);
    va_end(args);
    p->has_failed = true;
    tell(&p->writer, "%s: %s", p->conf->ingest.link.broker, p->why);
    go_clean(p);
}

/* It was found out. */
__attribute__((format(printf, 3, 4))) static void conclude(struct probe *p, enum lossless claim,
                                                           const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(p->why, sizeof p->why, format, args);
    va_end(args);
    p->claim = claim;
    p->has_failed |= claim != LOSSLESS_PROVEN;
    tell(&p->writer, "%s", p->why);
    go_clean(p);
}

static const char *broker_of(const struct leg *leg)
{
    const struct probe *p = leg->probe;
    return leg == &p->upstream ? p->conf->publish.link.broker : p->conf->ingest.link.broker;
}

/* How long it keeps a session; MQTT 3.1.1 has no word for that, and upstream nobody relies on one. */
static void tell_session(const struct leg *leg)
{
    const struct link_session *s = &leg->session;
    char keeps[64] = "";
    if (leg != &leg->probe->upstream && s->protocol == LINK_MQTT_5 && s->session_expiry_s < 0)
        snprintf(keeps, sizeof keeps, "; keeps a session for ever");
    else if (leg != &leg->probe->upstream && s->protocol == LINK_MQTT_5)
        snprintf(keeps, sizeof keeps, "; keeps a session for %lld s", (long long)s->session_expiry_s);
    tell(leg, "%s: connected with MQTT %s%s; takes %u messages at once; QoS up to %u", broker_of(leg),
         link_protocols[s->protocol], keeps, (unsigned)s->receive_maximum, (unsigned)s->maximum_qos);
}

/* Sending. */

static void send_number(struct probe *p, unsigned number)
{
    char text[32];
    struct link_post post = {
        .topic = p->topic,
        .payload = tally_payload(number, text),
        .qos = 1,
        .token = tally_token(number),
    };
    if (link_send(p->writer.link, &post) != 0)
        give_up(p, "the broker took a message of the probe no more – try again");
}

static void send_more(struct probe *p)
{
    uint64_t window = p->writer.session.receive_maximum > WINDOW ? WINDOW : 1;
    while (p->step == SENDING && p->sent < TALLY_MESSAGES &&
           p->sent < tally_look(&p->tally).acknowledged + window)
        send_number(p, (unsigned)++p->sent);
    if (p->step == SENDING && tally_look(&p->tally).acknowledged == TALLY_MESSAGES) {
        p->step = RETURNING;
        link_start(p->reader.link);
    }
}

/* Coming in: Paho's thread. */

/* To the writer come readings, by the filters that are asked about. */
static void on_message(void *self, const struct link_message *m)
{
    struct leg *leg = self;
    struct probe *p = leg->probe;
    if (leg == &p->reader && tally_came(&p->tally, m->payload))
        uv_async_send(&p->news);
}

static void on_sent(void *self, uint64_t token)
{
    struct leg *leg = self;
    struct probe *p = leg->probe;
    tally_acknowledged(&p->tally, token);
    uv_async_send(&p->news);
}

/* The loss of the link says it. */
static void on_send_failed(void *self, uint64_t token, int code)
{
    (void)self;
    (void)token;
    (void)code;
}

/* Counting: the loop. */

static void count(struct probe *p, uint64_t came)
{
    if (came == TALLY_MESSAGES)
        conclude(p, LOSSLESS_PROVEN, "%u of %u messages waited for a session that was away: the broker queues "
                 "without loss. That its queue survives its own restart is for its configuration to say "
                 "(Mosquitto: persistence true)", TALLY_MESSAGES, TALLY_MESSAGES);
    else
        conclude(p, LOSSLESS_REFUTED, "%llu of %u messages that the broker had acknowledged were dropped while "
                 "the session was away: so would readings be. Let it queue without a limit (Mosquitto: "
                 "max_queued_messages 0, max_queued_bytes 0, and persistence true)",
                 (unsigned long long)(TALLY_MESSAGES - came), TALLY_MESSAGES);
}

static void on_news(uv_async_t *a)
{
    struct probe *p = a->data;
    struct tally_count tally = tally_look(&p->tally);

    if (p->step == TRYING && tally.has_control) {
        p->step = LEAVING;
        link_pause(p->reader.link);
    } else if (p->step == SENDING) {
        send_more(p);
    } else if (p->step == RETURNING && tally.has_last) {
        count(p, tally.came);
    }
}

/* The legs. */

static int open_leg(struct leg *leg, const struct link_conf *conf, const char *client_id,
                    bool is_persistent);

static void open_reader(struct probe *p)
{
    p->step = SUBSCRIBING;
    if (open_leg(&p->reader, &p->conf->ingest.link, p->reader_id, true) != 0)
        give_up(p, "the probe cannot begin – see the line above");
}

static void ask_for_filters(struct probe *p)
{
    char *text;
    bool is_end;
    p->step = ASKING;
    filters_want(&p->filters, &p->conf->plan);
    while (filters_next(&p->filters, &text, &is_end)) {
        link_subscribe(p->writer.link, text);
        free(text);
    }
}

static void tell_filter(struct probe *p, const char *filter, int granted)
{
    filters_answer(&p->filters, filter, granted);
    if (granted >= 128)
        tell(&p->writer, "%s: refused – %s", filter, link_reason(granted));
    else
        tell(&p->writer, "%s: granted with QoS %d%s", filter, granted,
             granted == 0 ? " – what the broker sends while the link breaks is lost" : "");
    p->has_failed |= granted != 1 && granted != 2;
    link_unsubscribe(p->writer.link, filter);
    if (filters_unanswered(&p->filters) == 0)
        open_reader(p);
}

static void on_subscribed(void *self, const char *filter, int granted)
{
    struct leg *leg = self;
    struct probe *p = leg->probe;
    if (leg == &p->writer && p->step == ASKING) {
        tell_filter(p, filter, granted);
    } else if (leg == &p->reader && p->step == SUBSCRIBING && granted >= 128) {
        give_up(p, "%s: refused – %s; let these credentials publish and subscribe there", filter,
                link_reason(granted));
    } else if (leg == &p->reader && p->step == SUBSCRIBING && granted == 0) {
        conclude(p, LOSSLESS_REFUTED, "the broker grants QoS 0 only, and queues nothing for it");
    } else if (leg == &p->reader && p->step == SUBSCRIBING) {
        p->step = TRYING;
        send_number(p, TALLY_CONTROL);
    }
}

static void reader_came_up(struct probe *p)
{
    if (p->step == SUBSCRIBING)
        link_subscribe(p->reader.link, p->topic);
    else if (p->step == RETURNING && !p->reader.session.is_present)
        conclude(p, LOSSLESS_REFUTED, "the broker forgot the session while it was away, and all that came for "
                 "it: see its limits for persistent sessions (Mosquitto: persistent_client_expiration)");
}

static void on_up(void *self, const struct link_session *session)
{
    struct leg *leg = self;
    struct probe *p = leg->probe;
    leg->session = *session;
    leg->was_up = true;
    if (leg == &p->writer && p->step == GREETING) {
        tell_session(leg);
        ask_for_filters(p);
    } else if (leg == &p->reader) {
        reader_came_up(p);
    } else if (leg == &p->cleaner) {
        link_close(leg->link);
    } else if (leg == &p->upstream) {
        tell_session(leg);
        link_close(leg->link);
    }
}

static void on_lost(void *self)
{
    struct leg *leg = self;
    struct probe *p = leg->probe;
    if (leg == &p->reader && p->step == LEAVING) {
        p->step = SENDING;
        send_more(p);
    } else if (leg == &p->writer || leg == &p->reader) {
        give_up(p, "the connection was lost in the middle of the probe – try again when the broker is steady");
    }
}

/* Cleaning, in this order: the reader, its session, the writer; then upstream. */
static void clean_on(struct probe *p)
{
    if (p->reader.link) {
        link_close(p->reader.link);
    } else if (p->reader.was_up && !p->cleaner.was_up && !p->cleaner.link) {
        p->until_us = clock_read().boottime_us + (uint64_t)CLEAN_US;
        if (open_leg(&p->cleaner, &p->conf->ingest.link, p->reader_id, false) != 0)
            p->reader.was_up = false;
    } else if (p->writer.link) {
        link_close(p->writer.link);
    } else {
        open_upstream(p);
    }
}

static void go_clean(struct probe *p)
{
    p->step = CLEANING;
    clean_on(p);
}

static void end(struct probe *p)
{
    p->step = ENDED;
    uv_close((uv_handle_t *)&p->clock, NULL);
    uv_close((uv_handle_t *)&p->news, NULL);
}

static void on_closed(void *self)
{
    struct leg *leg = self;
    struct probe *p = leg->probe;
    leg->link = NULL;
    if (leg == &p->cleaner && !leg->was_up)
        p->reader.was_up = false;        /* tried once, and told */
    if (leg == &p->upstream)
        end(p);
    else
        clean_on(p);
}

static int open_leg(struct leg *leg, const struct link_conf *conf, const char *client_id,
                    bool is_persistent)
{
    struct link_hooks hooks = { on_message, on_sent, on_send_failed, on_up, on_lost, on_subscribed,
                                on_closed, leg };
    struct link_conf own = *conf;
    own.client_id = client_id;
    int rc = link_open(&leg->probe->loop, "check", &own, is_persistent, NULL, &hooks, &leg->link);
    if (rc == 0)
        link_start(leg->link);
    return rc;
}

static void open_upstream(struct probe *p)
{
    p->step = GREETING_UPSTREAM;
    p->until_us = clock_read().boottime_us + (uint64_t)CLEAN_US;
    if (open_leg(&p->upstream, &p->conf->publish.link, p->writer_id, false) == 0)
        return;
    p->has_failed = true;
    end(p);
}

/* The clock. */

static struct leg *leg_in_hand(struct probe *p)
{
    switch (p->step) {
    case GREETING:
    case ASKING:
        return &p->writer;
    case CLEANING:
        return &p->cleaner;
    case GREETING_UPSTREAM:
        return &p->upstream;
    default:
        return &p->reader;
    }
}

/* A leg that has to come up and was refused, or ran out of time, is done with. */
static void leg_failed(struct probe *p, struct leg *leg, const char *why)
{
    if (leg == &p->cleaner || leg == &p->upstream) {
        p->has_failed = true;
        tell(leg, "%s: %s%s", broker_of(leg), leg == &p->upstream ? "" : "the probe's session is left behind, "
             "since it could not be ended: ", why);
        if (leg->link)
            link_close(leg->link);
        return;
    }
    give_up(p, "%s", why);
}

static const char *out_of_time(const struct probe *p)
{
    switch (p->step) {
    case TRYING:
        return "a message on the probe's topic did not come through, the time is up: let these credentials "
               "publish and subscribe to carbon/v1/gateways/ID/probe/#";
    case SENDING:
        return "the broker did not take the probe's messages in time – give it more with --within";
    case RETURNING:
        return "the probe's messages did not all come back in time – give it more with --within";
    default:
        return "the broker did not answer in time – give it more with --within";
    }
}

static void on_clock(uv_timer_t *t)
{
    struct probe *p = t->data;
    struct leg *leg = leg_in_hand(p);
    struct link_figures f = { 0 };
    bool is_late = clock_read().boottime_us > p->until_us;

    if (p->step == RETURNING && link_state(p->reader.link) == LINK_UP)
        send_number(p, TALLY_LAST);
    if (!leg->link || p->step == ENDED)
        return;
    link_figures(leg->link, &f);
    if (f.refusals > 0 && link_state(leg->link) != LINK_UP)
        leg_failed(p, leg, f.last_error);
    else if (is_late)
        leg_failed(p, leg, out_of_time(p));
}

/* Names that nobody else has, and that tell whose they are. */
static void name_things(struct probe *p)
{
    unsigned long long random = clock_random_u64();
    const char *gateway = p->conf->plan.gateway_id;
    snprintf(p->reader_id, sizeof p->reader_id, "carbon-gateway-%s-probe-%016llx", gateway, random);
    snprintf(p->writer_id, sizeof p->writer_id, "carbon-gateway-%s-probe-%016llx-w", gateway, random);
    snprintf(p->topic, sizeof p->topic, "carbon/v1/gateways/%s/probe/%016llx", gateway, random);
}

static void record(struct probe *p)
{
    if (p->claim == LOSSLESS_UNPROVEN)
        return;
    lossless_write(p->conf, &(struct lossless_record){
        .claim = (int)p->claim,
        .at_us = clock_read().wall_us,
        .sent = (int64_t)p->sent,
        .came = (int64_t)tally_look(&p->tally).came,
        .why = p->why,
    });
}

static struct leg leg_of(struct probe *p, const char *role)
{
    return (struct leg){ .probe = p, .role = role };
}

int connect_try(const struct conf *conf, int64_t within_us)
{
    struct probe *p = calloc(1, sizeof *p);
    if (!p)
        abort();
    p->conf = conf;
    p->until_us = clock_read().boottime_us + (uint64_t)within_us;
    p->writer = leg_of(p, "devices");
    p->reader = leg_of(p, "devices");
    p->cleaner = leg_of(p, "devices");
    p->upstream = leg_of(p, "upstream");
    name_things(p);
    tally_init(&p->tally);
    uv_loop_init(&p->loop);
    uv_async_init(&p->loop, &p->news, on_news);
    uv_timer_init(&p->loop, &p->clock);
    p->news.data = p->clock.data = p;
    uv_timer_start(&p->clock, on_clock, LOOK_MS, LOOK_MS);

    if (open_leg(&p->writer, &conf->ingest.link, p->writer_id, false) != 0)
        give_up(p, "the probe cannot begin – see the line above");
    uv_run(&p->loop, UV_RUN_DEFAULT);
    record(p);
    int rc = p->has_failed ? 1 : 0;
    uv_loop_close(&p->loop);
    tally_fini(&p->tally);
    filters_fini(&p->filters);
    free(p);
    return rc;
}
