/* Every attempt gets a fresh handle of Paho's. A handle that is used again brings along what it had
 * not sent before the loss, and sends it again by itself and out of order; a fresh one knows
 * nothing, and what is sent again, and in which order, is decided in one place, by the owner of the
 * messages. It also makes the fall-back from MQTT 5 an attempt like any other (Paho settles the
 * version at creation), and late callbacks harmless, since they carry the number of their wire. The
 * client id stays the same, so it stays one session to the broker. Nothing is lost with the handle:
 * what Paho would keep of a session concerns QoS 2 alone, which we do not use.
 *
 * Two rules of Paho 1.3.12 shape the code. It calls us with its lock held: so no callback waits,
 * and our own lock is never held over a call to it. And MQTTAsync_destroy of the process's last
 * handle waits for its threads: hence the link opens the next wire before it closes the old one, on
 * a worker.
 *
 * maxInflight is at its greatest. When Paho's own window is full it stalls up to a second, so it
 * must never be what bounds us; the sender keeps a smaller window of its own. */
#include "link/wire.h"

#include <MQTTAsync.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "link/secret.h"

#define PAHO_IN_FLIGHT_MOST 65000
#define CONNECT_TIMEOUT_S 10
#define CA_BYTES_MOST ((size_t)16 << 20)
/* Paho's sslVersion does not keep OpenSSL 3 from offering older versions (1.3.12; seen in its
 * hello). Suites that only 1.2 knows do; those of 1.3 come on top. */
#define TLS_CIPHERS "TLSv1.2+HIGH:!aNULL"
#define SESSION_FOR_EVER 0xFFFFFFFFu

/* Something whose answer is still to come: Paho gives its address back. */
struct request {
    struct wire *wire;
    struct request *previous, *next;
    uint64_t token;              /* of a message */
    char *filter;                /* of a subscription; NULL: a message */
};

struct wire {
    MQTTAsync paho;
    enum link_protocol protocol;
    bool is_tls;
    uint64_t generation;
    struct link_hooks hooks;
    void (*on_event)(void *self, const struct wire_event *e);
    void *self;

    /* Paho's threads alone, under Paho's lock. */
    char tls_error[REASON_SIZE];

    pthread_mutex_t lock;        /* short; guards the list */
    struct request *requests;
};

static struct wire_event event_of(const struct wire *w, enum wire_event_kind kind)
{
    return (struct wire_event){ .kind = kind, .generation = w->generation };
}

/* Requests. */

static struct request *request_new(struct wire *w, uint64_t token, const char *filter)
{
    struct request *r = calloc(1, sizeof *r);
    if (!r || (filter && !(r->filter = strdup(filter))))
        abort();
    r->wire = w;
    r->token = token;

    pthread_mutex_lock(&w->lock);
    r->next = w->requests;
    if (r->next)
        r->next->previous = r;
    w->requests = r;
    pthread_mutex_unlock(&w->lock);
    return r;
}

static void request_free(struct request *r)
{
    struct wire *w = r->wire;

    pthread_mutex_lock(&w->lock);
    if (r->next)
        r->next->previous = r->previous;
    if (r->previous)
        r->previous->next = r->next;
    else
        w->requests = r->next;
    pthread_mutex_unlock(&w->lock);
    free(r->filter);
    free(r);
}

/* A subscription's answer, as an event. */
static void answer(struct request *r, int code)
{
    struct wire_event e = event_of(r->wire, WIRE_SUBSCRIBED);
    e.filter = r->filter;
    e.code = code;
    r->filter = NULL;
    r->wire->on_event(r->wire->self, &e);
    request_free(r);
}

/* Once freed, so that the hook may send again. */
static void sent(struct request *r)
{
    struct link_hooks hooks = r->wire->hooks;
    uint64_t token = r->token;
    request_free(r);
    hooks.on_sent(hooks.self, token);
}

static void send_failed(struct request *r, int code)
{
    struct link_hooks hooks = r->wire->hooks;
    uint64_t token = r->token;
    request_free(r);
    hooks.on_send_failed(hooks.self, token, code);
}

static void on_published_3(void *self, MQTTAsync_successData *response)
{
    (void)response;
    sent(self);
}

static void on_published_5(void *self, MQTTAsync_successData5 *response)
{
    (void)response;
    sent(self);
}

static void on_publish_failed_3(void *self, MQTTAsync_failureData *response)
{
    (void)response;
    send_failed(self, 0);
}

static void on_publish_failed_5(void *self, MQTTAsync_failureData5 *response)
{
    bool is_refused = response->reasonCode >= MQTTREASONCODE_UNSPECIFIED_ERROR;
    send_failed(self, is_refused ? (int)response->reasonCode : 0);
}

static void on_subscribed_3(void *self, MQTTAsync_successData *response)
{
    answer(self, response->alt.qos);
}

static void on_subscribed_5(void *self, MQTTAsync_successData5 *response)
{
    answer(self, (int)response->reasonCode);
}

/* Paho's own codes are negative: no answer came, the connection ends and the next one asks anew. */
static void on_subscribe_failed_3(void *self, MQTTAsync_failureData *response)
{
    if (response->code >= MQTT_BAD_SUBSCRIBE)
        answer(self, response->code);
    else
        request_free(self);
}

static void on_subscribe_failed_5(void *self, MQTTAsync_failureData5 *response)
{
    if (response->reasonCode >= MQTTREASONCODE_UNSPECIFIED_ERROR)
        answer(self, (int)response->reasonCode);
    else
        request_free(self);
}

/* The connection. */

static int on_arrived(void *self, char *topic, int topic_size, MQTTAsync_message *m)
{
    struct wire *w = self;
    struct link_message message = {
        /* Paho tells the size only of a topic that holds a NUL. */
        .topic = { (const uint8_t *)topic, topic_size > 0 ? (size_t)topic_size : strlen(topic) },
        .payload = { m->payload, (size_t)m->payloadlen },
        .qos = (uint8_t)m->qos,
        .is_retained = m->retained != 0,
        .is_dup = m->dup != 0,
    };

    w->hooks.on_message(w->hooks.self, &message);
    MQTTAsync_freeMessage(&m);
    MQTTAsync_free(topic);
    return 1;                    /* 0 would not refuse it: it is acknowledged and never seen again */
}

static void on_broken(void *self, char *cause)
{
    struct wire *w = self;
    struct wire_event e = event_of(w, WIRE_LOST);

    (void)cause;                 /* always NULL */
    snprintf(e.reason, sizeof e.reason,
             "the connection broke, or nothing came within the keepalive time");
    w->on_event(w->self, &e);
}

/* MQTT 5's DISCONNECT from the broker. Paho closes the connection then and does not call on_broken. */
static void on_goodbye(void *self, MQTTProperties *properties, enum MQTTReasonCodes code)
{
    struct wire *w = self;
    struct wire_event e = event_of(w, WIRE_LOST);

    (void)properties;
    e.is_told = true;
    e.is_takeover = code == MQTTREASONCODE_SESSION_TAKEN_OVER;
    snprintf(e.reason, sizeof e.reason, "the broker disconnects us: %s (code %d)",
             link_reason((int)code), (int)code);
    w->on_event(w->self, &e);
}

static int on_tls_error(const char *text, size_t size, void *self)
{
    struct wire *w = self;
    reason_of_openssl(text, w->tls_error);
    return (int)size;
}

static void on_up_3(void *self, MQTTAsync_successData *response)
{
    struct wire *w = self;
    struct wire_event e = event_of(w, WIRE_UP);
    e.session = (struct link_session){
        .protocol = LINK_MQTT_3,
        .is_present = response->alt.connect.sessionPresent != 0,
        .receive_maximum = UINT16_MAX,
        .session_expiry_s = -1,
        .maximum_qos = 2,
    };
    w->on_event(w->self, &e);
}

/* The value of a number that the broker may have left out; what it grants unchanged, it leaves out. */
static int64_t property_or(MQTTProperties *properties, enum MQTTPropertyCodes code, int64_t absent)
{
    if (!MQTTProperties_hasProperty(properties, code))
        return absent;
    return (uint32_t)MQTTProperties_getNumericValue(properties, code);
}

static void on_up_5(void *self, MQTTAsync_successData5 *response)
{
    struct wire *w = self;
    MQTTProperties *p = &response->properties;
    int64_t expiry_s = property_or(p, MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL, SESSION_FOR_EVER);

    struct wire_event e = event_of(w, WIRE_UP);
    e.session = (struct link_session){
        .protocol = LINK_MQTT_5,
        .is_present = response->alt.connect.sessionPresent != 0,
        .receive_maximum = (uint16_t)property_or(p, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM, UINT16_MAX),
        .session_expiry_s = expiry_s == SESSION_FOR_EVER ? -1 : expiry_s,
        .maximum_qos = (uint8_t)property_or(p, MQTTPROPERTY_CODE_MAXIMUM_QOS, 2),
    };
    w->on_event(w->self, &e);
}

static void failed(struct wire *w, int code, const char *message)
{
    struct attempt_failure f = {
        .protocol = w->protocol,
        .is_tls = w->is_tls,
        .code = code,
        .message = message,
        .tls_error = w->tls_error,
    };
    struct wire_event e = event_of(w, WIRE_FAILED);
    e.is_version_refused = reason_is_version(&f);
    e.is_turned_away = reason_is_lasting(&f);
    reason_of_failure(&f, e.reason);
    w->on_event(w->self, &e);
}

static void on_failed_3(void *self, MQTTAsync_failureData *response)
{
    failed(self, response->code, response->message);
}

static void on_failed_5(void *self, MQTTAsync_failureData5 *response)
{
    failed(self, response->code, response->message);
}

/* Opening. */

/* Everything that MQTTAsync_connect reads and copies. */
struct connecting {
    MQTTAsync_connectOptions options;
    MQTTAsync_SSLOptions tls;
    MQTTAsync_willOptions will;
    MQTTProperties properties;
    struct secret user, password;
};

static int read_secret(const char *path, const char *option, struct secret *out,
                       char reason[REASON_SIZE])
{
    const char *why;
    if (!path || !*path || secret_read(path, out, &why) == 0)
        return 0;
    snprintf(reason, REASON_SIZE, "%s %.120s: %s", option, path, why);
    return WIRE_REFUSED;
}

static int fill_credentials(struct connecting *c, const struct link_conf *conf,
                            char reason[REASON_SIZE])
{
    if (read_secret(conf->user_file, "user_file", &c->user, reason) != 0 ||
        read_secret(conf->password_file, "password_file", &c->password, reason) != 0)
        return WIRE_REFUSED;
    if (c->user.size > 0)
        c->options.username = c->user.at;
    if (c->password.size > 0) {
        c->options.binarypwd.data = c->password.at;
        c->options.binarypwd.len = (int)c->password.size;
    }
    return 0;
}

/* Where the file is no good, Paho fails without saying so. */
static int check_ca_file(const char *path, char reason[REASON_SIZE])
{
    char *pem = NULL;
    size_t size;
    int rc = file_read_all(path, CA_BYTES_MOST, &pem, &size);
    bool has_certificate = rc == 0 && memmem(pem, size, "CERTIFICATE-----", 16);

    free(pem);
    if (has_certificate)
        return 0;
    snprintf(reason, REASON_SIZE, "ca_file %.120s: %s", path,
             rc < 0 ? strerrordesc_np(-rc) : "it holds no certificate in PEM");
    return WIRE_REFUSED;
}

static int fill_tls(struct connecting *c, struct wire *w, const struct link_conf *conf,
                    char reason[REASON_SIZE])
{
    if (!w->is_tls)
        return 0;
    MQTTAsync_SSLOptions none = MQTTAsync_SSLOptions_initializer;
    c->tls = none;
    c->tls.enableServerCertAuth = 1;
    c->tls.verify = 1;           /* the host's name, or its number, too */
    c->tls.sslVersion = MQTT_SSL_VERSION_TLS_1_2;
    c->tls.enabledCipherSuites = TLS_CIPHERS;
    c->tls.ssl_error_cb = on_tls_error;
    c->tls.ssl_error_context = w;
    c->options.ssl = &c->tls;
    if (!conf->ca_file || !*conf->ca_file)
        return 0;                /* Paho takes the system's */
    c->tls.trustStore = conf->ca_file;
    c->tls.disableDefaultTrustStore = 1;
    return check_ca_file(conf->ca_file, reason);
}

static void fill_will(struct connecting *c, const struct link_will *will)
{
    if (!will || !will->topic)
        return;
    MQTTAsync_willOptions none = MQTTAsync_willOptions_initializer;
    c->will = none;
    c->will.topicName = will->topic;
    c->will.payload.data = will->payload.at;
    c->will.payload.len = (int)will->payload.size;
    c->will.retained = will->is_retained;
    c->will.qos = will->qos;
    c->options.will = &c->will;
}

static void fill_version(struct connecting *c, enum link_protocol protocol, bool is_persistent)
{
    MQTTAsync_connectOptions three = MQTTAsync_connectOptions_initializer;
    MQTTAsync_connectOptions five = MQTTAsync_connectOptions_initializer5;
    MQTTProperty for_ever = {
        .identifier = MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL,
        .value.integer4 = SESSION_FOR_EVER,
    };

    if (protocol == LINK_MQTT_3) {
        c->options = three;
        c->options.MQTTVersion = MQTTVERSION_3_1_1;
        c->options.cleansession = !is_persistent;
        c->options.onSuccess = on_up_3;
        c->options.onFailure = on_failed_3;
        return;
    }
    c->options = five;
    c->options.cleanstart = !is_persistent;
    c->options.onSuccess5 = on_up_5;
    c->options.onFailure5 = on_failed_5;
    if (is_persistent && MQTTProperties_add(&c->properties, &for_ever) == 0)
        c->options.connectProperties = &c->properties;
}

static int connect_with(struct connecting *c, struct wire *w, const struct wire_conf *conf,
                        char reason[REASON_SIZE])
{
    fill_version(c, conf->protocol, conf->is_persistent);
    fill_will(c, conf->will);
    if (fill_credentials(c, conf->link, reason) != 0 || fill_tls(c, w, conf->link, reason) != 0)
        return WIRE_REFUSED;
    c->options.context = w;
    c->options.keepAliveInterval = (int)(conf->link->keepalive_us / 1000000);
    c->options.connectTimeout = CONNECT_TIMEOUT_S;
    c->options.maxInflight = PAHO_IN_FLIGHT_MOST;

    int rc = MQTTAsync_connect(w->paho, &c->options);
    if (rc == MQTTASYNC_SUCCESS)
        return 0;
    snprintf(reason, REASON_SIZE, "Paho cannot begin to connect: %s", MQTTAsync_strerror(rc));
    return WIRE_REFUSED;
}

static int wire_connect(struct wire *w, const struct wire_conf *conf, char reason[REASON_SIZE])
{
    struct connecting *c = calloc(1, sizeof *c);
    if (!c)
        abort();
    int rc = connect_with(c, w, conf, reason);
    MQTTProperties_free(&c->properties);
    secret_wipe(&c->user);
    secret_wipe(&c->password);
    free(c);
    return rc;
}

static int create(struct wire *w, const struct wire_conf *conf, char reason[REASON_SIZE])
{
    char uri[ADDRESS_URI_SIZE];
    MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer;
    options.MQTTVersion = conf->protocol == LINK_MQTT_5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1;
    options.maxBufferedMessages = PAHO_IN_FLIGHT_MOST;
    options.sendWhileDisconnected = 0;

    address_uri(conf->address, conf->host, uri);
    int rc = MQTTAsync_createWithOptions(&w->paho, uri, conf->link->client_id,
                                         MQTTCLIENT_PERSISTENCE_NONE, NULL, &options);
    if (rc == MQTTASYNC_SUCCESS)
        rc = MQTTAsync_setCallbacks(w->paho, w, on_broken, on_arrived, NULL);
    if (rc == MQTTASYNC_SUCCESS)
        rc = MQTTAsync_setDisconnected(w->paho, w, on_goodbye);
    if (rc == MQTTASYNC_SUCCESS)
        return 0;
    snprintf(reason, REASON_SIZE, "Paho makes no client: %s", MQTTAsync_strerror(rc));
    return WIRE_REFUSED;
}

int wire_open(const struct wire_conf *conf, struct wire **out, char reason[REASON_SIZE])
{
    struct wire *w = calloc(1, sizeof *w);
    if (!w)
        abort();
    w->protocol = conf->protocol;
    w->is_tls = conf->address->is_tls;
    w->generation = conf->generation;
    w->hooks = *conf->hooks;
    w->on_event = conf->on_event;
    w->self = conf->self;
    pthread_mutex_init(&w->lock, NULL);

    if (create(w, conf, reason) != 0 || wire_connect(w, conf, reason) != 0) {
        wire_close(w);
        return WIRE_REFUSED;
    }
    *out = w;
    return 0;
}

void wire_close(struct wire *w)
{
    if (!w)
        return;
    if (w->paho)
        MQTTAsync_destroy(&w->paho);   /* says DISCONNECT first, so there is no will */
    while (w->requests) {              /* what Paho forgot to give back */
        if (w->requests->filter)
            request_free(w->requests);
        else
            send_failed(w->requests, 0);
    }
    pthread_mutex_destroy(&w->lock);
    free(w);
}

/* Using. */

bool wire_is_connected(const struct wire *w)
{
    return MQTTAsync_isConnected(w->paho);
}

static void subscribe(struct wire *w, const char *filter, bool is_watch)
{
    MQTTAsync_callOptions options = MQTTAsync_callOptions_initializer;
    struct request *r = request_new(w, 0, filter);

    options.context = r;
    if (w->protocol == LINK_MQTT_5) {
        options.onSuccess5 = on_subscribed_5;
        options.onFailure5 = on_subscribe_failed_5;
        options.subscribeOptions.retainHandling = is_watch ? 0 : 1;
    } else {
        options.onSuccess = on_subscribed_3;
        options.onFailure = on_subscribe_failed_3;
    }
    int rc = MQTTAsync_subscribe(w->paho, filter, is_watch ? 0 : 1, &options);
    if (rc == MQTTASYNC_BAD_UTF8_STRING)
        answer(r, MQTTREASONCODE_TOPIC_FILTER_INVALID);
    else if (rc != MQTTASYNC_SUCCESS)
        request_free(r);               /* the connection ends; the next one asks anew */
}

void wire_ask(struct wire *w, const char *filter, enum wire_asking kind)
{
    if (kind == WIRE_UNSUBSCRIBE)
        MQTTAsync_unsubscribe(w->paho, filter, NULL);
    else
        subscribe(w, filter, kind == WIRE_WATCH);
}

static void add_text(MQTTProperties *properties, enum MQTTPropertyCodes code, const char *name,
                     const char *value)
{
    MQTTProperty p = { .identifier = code };
    p.value.data = (MQTTLenString){ (int)strlen(name), (char *)name };
    if (value)
        p.value.value = (MQTTLenString){ (int)strlen(value), (char *)value };
    MQTTProperties_add(properties, &p);
}

static void add_labels(MQTTProperties *properties, const struct link_post *post)
{
    if (post->content_type)
        add_text(properties, MQTTPROPERTY_CODE_CONTENT_TYPE, post->content_type, NULL);
    for (size_t i = 0; i < LINK_PAIRS_MOST && post->pairs[i].name; i++)
        add_text(properties, MQTTPROPERTY_CODE_USER_PROPERTY, post->pairs[i].name,
                 post->pairs[i].value);
}

int wire_send(struct wire *w, const struct link_post *post)
{
    MQTTAsync_callOptions options = MQTTAsync_callOptions_initializer;
    struct request *r = post->qos > 0 ? request_new(w, post->token, NULL) : NULL;

    options.context = r;
    if (w->protocol == LINK_MQTT_5) {
        options.onSuccess5 = r ? on_published_5 : NULL;
        options.onFailure5 = r ? on_publish_failed_5 : NULL;
        add_labels(&options.properties, post);
    } else {
        options.onSuccess = r ? on_published_3 : NULL;
        options.onFailure = r ? on_publish_failed_3 : NULL;
    }
    int rc = MQTTAsync_send(w->paho, post->topic, (int)post->payload.size, post->payload.at, post->qos,
                            post->is_retained, &options);
    MQTTProperties_free(&options.properties);
    if (rc == MQTTASYNC_SUCCESS)
        return 0;
    if (r)
        request_free(r);
    return WIRE_REFUSED;
}
