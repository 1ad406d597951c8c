/* One connection, by Paho's MQTTAsync. Messages on their way stand in a ring of slots in the order
 * in which they were given; a slot is free again when it and all before it are acknowledged. Paho's
 * threads do nothing but set a slot's or the link's state under the wake's mutex; all else is done
 * by the fleet's one thread in link_turn. The mutex is never held while Paho is called, since Paho
 * calls back with its own mutex held.
 *
 * Paho 1.3.12 stalls for up to a second whenever its own window is full, so that one is set out of
 * reach (and the bound of its own queue with it) and ours, the room or what an MQTT 5 broker
 * grants, is kept instead. Its reconnect and its persistence stay unused: a lost connection is
 * thrown away together with its client object, and what was not acknowledged is sent again by a new
 * one, in the old order, as by a device that keeps its readings until the PUBACK. */
#include "fleet/link.h"

#include <MQTTAsync.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fleet/message.h"
#include "fleet/options.h"
#include "fleet/say.h"
#include "fleet/stamp.h"

/* Paho 1.3.12 does not free the messages that wait in its queue when a client is destroyed: as many
 * as our window holds for each lost connection, which LeakSanitizer need not tell every test run
 * again. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_options(void);

const char *__lsan_default_suppressions(void)
{
    return "leak:libpaho-mqtt3as";
}

const char *__lsan_default_options(void)
{
    return "print_suppressions=0";
}

#define PAHO_WINDOW      65000
#define CONNECT_S        10
#define KEEPALIVE_S      30
#define BACKOFF_FIRST_MS 100
#define BACKOFF_MOST_MS  5000
#define DISCONNECT_MS    2000

enum slot_state { SLOT_WAITING, SLOT_ON_ITS_WAY, SLOT_ACKNOWLEDGED };

struct slot {
    struct link *link;
    struct message *message;
    enum slot_state state; /* guarded by the wake's mutex; WAITING: for a new connection */
};

enum link_state { LINK_DOWN, LINK_CONNECTING, LINK_UP, LINK_LOST, LINK_REFUSED };

struct link {
    const struct conf *conf;
    const struct login *login;
    struct wake *wake;
    char name[128];   /* the client id */
    MQTTAsync client; /* NULL: none */
    MQTTAsync_SSLOptions tls;

    struct slot *slots; /* a ring: n of room from head on */
    size_t room, head, n;
    size_t waiting; /* of the n: to be sent again, before anything new */
    size_t window;  /* what may be on its way at a time: room, or less on MQTT 5 */

    enum link_state state; /* from here on guarded by the wake's mutex */
    char reason[160];
    size_t granted;  /* MQTT 5 Receive Maximum; 0: not limited */
    bool has_parted; /* DISCONNECT was written, or will not be */

    int64_t retry_at_ms; /* when down */
    int backoff_ms;
};

/* What a code of Paho means where it gives no text of its own. */
static const char *paho_text(int code)
{
    if (code == MQTTASYNC_OPERATION_INCOMPLETE)
        return "connection lost";
    const char *text = MQTTAsync_strerror(code);
    return text != NULL ? text : "no reason given";
}

static void set_state(struct link *l, enum link_state state, const char *reason, int code)
{
    pthread_mutex_lock(&l->wake->mutex);
    /* What happens after the end of a connection is a consequence, not news. */
    if (l->state != LINK_LOST && l->state != LINK_REFUSED) {
        l->state = state;
        snprintf(l->reason, sizeof(l->reason), "%s (%d)", reason != NULL ? reason : paho_text(code),
                 code);
    }
    l->wake->has_news = true;
    pthread_cond_signal(&l->wake->cond);
    pthread_mutex_unlock(&l->wake->mutex);
}

static void on_connected(void *context, MQTTAsync_successData *response)
{
    (void)response;
    set_state(context, LINK_UP, "connected", 0);
}

static void on_connected5(void *context, MQTTAsync_successData5 *response)
{
    struct link *l = context;
    MQTTProperties *properties = &response->properties;
    if (MQTTProperties_hasProperty(properties, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM)) {
        int granted = MQTTProperties_getNumericValue(properties, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM);
        pthread_mutex_lock(&l->wake->mutex);
        l->granted = granted > 0 ? (size_t)granted : 0;
        pthread_mutex_unlock(&l->wake->mutex);
    }
    set_state(l, LINK_UP, "connected", 0);
}

static void on_not_connected(void *context, MQTTAsync_failureData *response)
{
    set_state(context, LINK_LOST, response != NULL ? response->message : NULL,
              response != NULL ? response->code : 0);
}

static void on_not_connected5(void *context, MQTTAsync_failureData5 *response)
{
    set_state(context, LINK_LOST,
              response->message != NULL ? response->message
                                        : MQTTReasonCode_toString(response->reasonCode),
              response->code);
}

static void on_lost(void *context, char *cause)
{
    set_state(context, LINK_LOST, cause, MQTTASYNC_OPERATION_INCOMPLETE);
}

static void on_disconnected5(void *context, MQTTProperties *properties, enum MQTTReasonCodes code)
{
    (void)properties;
    set_state(context, LINK_LOST, MQTTReasonCode_toString(code), (int)code);
}

static void on_sent(struct slot *slot)
{
    struct wake *wake = slot->link->wake;
    pthread_mutex_lock(&wake->mutex);
    slot->state = SLOT_ACKNOWLEDGED;
    wake->has_news = true;
    pthread_cond_signal(&wake->cond);
    pthread_mutex_unlock(&wake->mutex);
}

static void on_acknowledged(void *context, MQTTAsync_successData *response)
{
    (void)response;
    on_sent(context);
}

static void on_acknowledged5(void *context, MQTTAsync_successData5 *response)
{
    (void)response;
    on_sent(context);
}

/* 3.1.1 cannot refuse a message, so the connection is to blame. */
static void on_not_sent(void *context, MQTTAsync_failureData *response)
{
    struct slot *slot = context;
    set_state(slot->link, LINK_LOST, response != NULL ? response->message : NULL,
              response != NULL ? response->code : 0);
}

static void on_not_sent5(void *context, MQTTAsync_failureData5 *response)
{
    struct slot *slot = context;
    bool is_refused = response->reasonCode >= MQTTREASONCODE_UNSPECIFIED_ERROR;
    set_state(slot->link, is_refused ? LINK_REFUSED : LINK_LOST,
              is_refused ? MQTTReasonCode_toString(response->reasonCode) : response->message,
              is_refused ? (int)response->reasonCode : response->code);
}

static MQTTAsync_connectOptions connect_options(struct link *l)
{
    bool is_5 = l->conf->mqtt == 5;
    MQTTAsync_connectOptions v3 = MQTTAsync_connectOptions_initializer;
    MQTTAsync_connectOptions v5 = MQTTAsync_connectOptions_initializer5;
    MQTTAsync_connectOptions o = is_5 ? v5 : v3;

    if (is_5) {
        o.cleanstart = 1;
        o.onSuccess5 = on_connected5;
        o.onFailure5 = on_not_connected5;
    } else {
        o.cleansession = 1;
        o.MQTTVersion = MQTTVERSION_3_1_1;
        o.onSuccess = on_connected;
        o.onFailure = on_not_connected;
    }
    o.context = l;
    o.maxInflight = PAHO_WINDOW;
    o.connectTimeout = CONNECT_S;
    o.keepAliveInterval = KEEPALIVE_S;
    o.username = l->login->user;
    o.password = l->login->password;
    if (strncmp(l->conf->broker, "mqtts://", 8) == 0) {
        l->tls = (MQTTAsync_SSLOptions)MQTTAsync_SSLOptions_initializer;
        l->tls.trustStore = l->conf->ca_file;
        l->tls.verify = 1;
        o.ssl = &l->tls;
    }
    return o;
}

/* A client object of its own for every attempt: nothing of the one before is left in it. */
static int begin_connect(struct link *l)
{
    MQTTAsync_createOptions v3 = MQTTAsync_createOptions_initializer;
    MQTTAsync_createOptions v5 = MQTTAsync_createOptions_initializer5;
    MQTTAsync_createOptions o = l->conf->mqtt == 5 ? v5 : v3;
    o.maxBufferedMessages = PAHO_WINDOW;
    int rc = MQTTAsync_createWithOptions(&l->client, l->conf->broker, l->name,
                                         MQTTCLIENT_PERSISTENCE_NONE, NULL, &o);
    if (rc != MQTTASYNC_SUCCESS) {
        l->client = NULL;
        return say_trouble("%s: %s: no client: %s (%d)", l->conf->broker, l->name, paho_text(rc),
                           rc);
    }
    MQTTAsync_setConnectionLostCallback(l->client, l, on_lost);
    if (l->conf->mqtt == 5)
        MQTTAsync_setDisconnected(l->client, l, on_disconnected5);

    pthread_mutex_lock(&l->wake->mutex);
    l->state = LINK_CONNECTING;
    l->granted = 0;
    pthread_mutex_unlock(&l->wake->mutex);
    MQTTAsync_connectOptions options = connect_options(l);
    rc = MQTTAsync_connect(l->client, &options);
    if (rc != MQTTASYNC_SUCCESS)
        set_state(l, LINK_LOST, NULL, rc);
    return 0;
}

int link_open(const struct conf *conf, const struct login *login, struct wake *wake,
              unsigned number, size_t room, struct link **out)
{
    struct link *l = calloc(1, sizeof(*l));
    struct slot *slots = calloc(room, sizeof(*slots));
    if (l == NULL || slots == NULL)
        abort();
    l->conf = conf;
    l->login = login;
    l->wake = wake;
    l->slots = slots;
    l->room = l->window = room;
    l->backoff_ms = BACKOFF_FIRST_MS;
    snprintf(l->name, sizeof(l->name), "%s-%u", login->client_id, number);
    for (size_t i = 0; i < room; i++)
        slots[i].link = l;

    int rc = begin_connect(l);
    if (rc < 0) {
        link_close(l);
        return rc;
    }
    *out = l;
    return 0;
}

/* Reports from the head on; what was acknowledged behind an open one waits for it. */
static void report_acknowledged(struct link *l, struct sink *sink)
{
    while (l->n > 0) {
        struct slot *slot = &l->slots[l->head];
        pthread_mutex_lock(&l->wake->mutex);
        bool is_done = slot->state == SLOT_ACKNOWLEDGED;
        pthread_mutex_unlock(&l->wake->mutex);
        if (!is_done)
            return;
        sink->on_acknowledged(sink->owner, slot->message);
        slot->message = NULL;
        l->head = (l->head + 1) % l->room;
        l->n--;
    }
}

/* Gives one message to Paho, which copies it. */
static void send_slot(struct link *l, struct slot *slot)
{
    MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
    response.context = slot;
    if (l->conf->mqtt == 5) {
        response.onSuccess5 = on_acknowledged5;
        response.onFailure5 = on_not_sent5;
    } else {
        response.onSuccess = on_acknowledged;
        response.onFailure = on_not_sent;
    }
    pthread_mutex_lock(&l->wake->mutex);
    slot->state = SLOT_ON_ITS_WAY;
    pthread_mutex_unlock(&l->wake->mutex);
    struct message *m = slot->message;
    int rc = MQTTAsync_send(l->client, m->topic, (int)m->size, m->payload, (int)l->conf->qos, 0,
                            &response);
    if (rc != MQTTASYNC_SUCCESS)
        set_state(l, LINK_LOST, NULL, rc);
}

/* Sends what waits since the connection before, in order, as far as the window lets it. */
static void resend_waiting(struct link *l, struct sink *sink)
{
    for (size_t i = 0; l->waiting > 0 && i < l->n && i < l->window; i++) {
        struct slot *slot = &l->slots[(l->head + i) % l->room];
        pthread_mutex_lock(&l->wake->mutex);
        bool is_waiting = slot->state == SLOT_WAITING;
        pthread_mutex_unlock(&l->wake->mutex);
        if (!is_waiting)
            continue;
        l->waiting--;
        sink->on_resent(sink->owner, slot->message);
        send_slot(l, slot);
    }
}

int link_offer(struct link *l, struct message *m)
{
    pthread_mutex_lock(&l->wake->mutex);
    bool is_up = l->state == LINK_UP;
    pthread_mutex_unlock(&l->wake->mutex);
    if (!is_up || l->waiting > 0 || l->n >= l->window)
        return SINK_FULL;
    struct slot *slot = &l->slots[(l->head + l->n) % l->room];
    assert(slot->message == NULL);
    slot->message = m;
    l->n++;
    send_slot(l, slot);
    return 0;
}

/* Throws the client object away: after that nothing calls back any more, and what is on its way is
 * known to be either acknowledged or to be sent again. */
static void abandon(struct link *l)
{
    MQTTAsync_destroy(&l->client);
    l->client = NULL;
    l->waiting = 0;
    for (size_t i = 0; i < l->n; i++) {
        struct slot *slot = &l->slots[(l->head + i) % l->room];
        if (slot->state == SLOT_ACKNOWLEDGED)
            continue;
        slot->state = SLOT_WAITING;
        l->waiting++;
    }
}

static int after_loss(struct link *l)
{
    abandon(l);
    if (!l->conf->resume_on_disconnect)
        return say_trouble("%s: %s: %s (with --resume-on-disconnect the fleet would try again)",
                           l->conf->broker, l->name, l->reason);
    if (l->backoff_ms == BACKOFF_FIRST_MS)
        say("%s: %s: %s; trying again until it stands", l->conf->broker, l->name, l->reason);
    l->state = LINK_DOWN;
    l->retry_at_ms = stamp_steady_ms() + l->backoff_ms;
    l->backoff_ms = l->backoff_ms * 2 < BACKOFF_MOST_MS ? l->backoff_ms * 2 : BACKOFF_MOST_MS;
    return 0;
}

static void turn_up(struct link *l, size_t granted, struct sink *sink)
{
    if (l->backoff_ms != BACKOFF_FIRST_MS)
        say("%s: %s: connected again", l->conf->broker, l->name);
    l->backoff_ms = BACKOFF_FIRST_MS;
    /* One below what is granted, or Paho's own window would fill. */
    size_t most = granted > 1 ? granted - 1 : 1;
    l->window = granted > 0 && most < l->room ? most : l->room;
    resend_waiting(l, sink);
}

int link_turn(struct link *l, struct sink *sink)
{
    report_acknowledged(l, sink);
    pthread_mutex_lock(&l->wake->mutex);
    enum link_state state = l->state;
    size_t granted = l->granted;
    pthread_mutex_unlock(&l->wake->mutex);

    switch (state) {
    case LINK_UP:
        turn_up(l, granted, sink);
        return 0;
    case LINK_LOST:
        return after_loss(l);
    case LINK_REFUSED:
        return say_trouble("%s: %s: the broker refuses a message: %s", l->conf->broker, l->name,
                           l->reason);
    case LINK_DOWN:
        return stamp_steady_ms() >= l->retry_at_ms ? begin_connect(l) : 0;
    case LINK_CONNECTING:
        return 0;
    }
    return 0;
}

static void note_parting(struct link *l)
{
    pthread_mutex_lock(&l->wake->mutex);
    l->has_parted = true;
    pthread_cond_signal(&l->wake->cond);
    pthread_mutex_unlock(&l->wake->mutex);
}

static void on_parted(void *context, MQTTAsync_successData *response)
{
    (void)response;
    note_parting(context);
}

static void on_parted5(void *context, MQTTAsync_successData5 *response)
{
    (void)response;
    note_parting(context);
}

static void on_not_parted(void *context, MQTTAsync_failureData *response)
{
    (void)response;
    note_parting(context);
}

static void on_not_parted5(void *context, MQTTAsync_failureData5 *response)
{
    (void)response;
    note_parting(context);
}

/* Waits for DISCONNECT to be written, since at QoS 0 it is the only sign that all before it was. */
static void part(struct link *l)
{
    MQTTAsync_disconnectOptions v3 = MQTTAsync_disconnectOptions_initializer;
    MQTTAsync_disconnectOptions v5 = MQTTAsync_disconnectOptions_initializer5;
    MQTTAsync_disconnectOptions o = l->conf->mqtt == 5 ? v5 : v3;
    o.context = l;
    o.timeout = DISCONNECT_MS;
    if (l->conf->mqtt == 5) {
        o.onSuccess5 = on_parted5;
        o.onFailure5 = on_not_parted5;
    } else {
        o.onSuccess = on_parted;
        o.onFailure = on_not_parted;
    }
    if (MQTTAsync_disconnect(l->client, &o) != MQTTASYNC_SUCCESS)
        return;

    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += DISCONNECT_MS / 1000;
    pthread_mutex_lock(&l->wake->mutex);
    while (!l->has_parted && pthread_cond_timedwait(&l->wake->cond, &l->wake->mutex, &until) == 0)
        ;
    pthread_mutex_unlock(&l->wake->mutex);
}

void link_close(struct link *l)
{
    if (l == NULL)
        return;
    if (l->client != NULL) {
        if (MQTTAsync_isConnected(l->client))
            part(l);
        MQTTAsync_destroy(&l->client);
    }
    for (size_t i = 0; i < l->n; i++)
        free(l->slots[(l->head + i) % l->room].message);
    free(l->slots);
    free(l);
}
