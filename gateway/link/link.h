/* A link: one MQTT connection that comes back by itself, over Paho's MQTTAsync. Both sides of the
 * gateway hold one; this room knows about sessions, TLS, credentials and back-off, and nothing about
 * what the messages mean.
 *
 * Every attempt is our own MQTTAsync_connect (automaticReconnect hides the CONNACK). Paho runs one
 * receive thread for all clients of a process: on_message is called there and must never wait. All
 * other hooks are called on the loop. */
#ifndef LINK_LINK_H
#define LINK_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/option.h"
#include "base/slice.h"

enum link_protocol { LINK_MQTT_3, LINK_MQTT_5 };

struct link_conf {
    const char *broker;          /* "mqtt://host:1883" or "mqtts://host:8883" */
    const char *client_id;
    int protocol;                /* enum link_protocol; falls back from 5 to 3.1.1 if refused as such */
    int64_t keepalive_us;
    int64_t backoff_min_us, backoff_max_us;
    const char *user_file, *password_file;   /* first line each; read at every attempt; "" none */
    const char *ca_file;         /* PEM bundle for mqtts; "": the system's */
};

/* Rows for link_conf; a room embeds them as the start of its own (see ingest_options). */
extern const struct option link_options[];

/* What a connection turned out to be. */
struct link_session {
    enum link_protocol protocol;
    bool is_present;             /* the broker kept our session */
    uint16_t receive_maximum;    /* of the broker: QoS 1 messages it takes at once; 65535 if not told */
    int64_t session_expiry_s;    /* granted; -1: for ever, or not told */
};

enum link_state { LINK_DOWN, LINK_CONNECTING, LINK_UP };

struct link_message {
    struct slice topic, payload;
    uint8_t qos;
    bool is_retained, is_dup;
};

struct link_hooks {
    /* Paho's thread. When it returns, the message is acknowledged: it must be safe by then. */
    void (*on_message)(void *self, const struct link_message *m);
    /* Paho's thread: a publish with that token was acknowledged by the broker. */
    void (*on_sent)(void *self, uint64_t token);
    /* Paho's thread: a publish with that token failed; it may be sent again. */
    void (*on_send_failed)(void *self, uint64_t token);
    /* Loop. */
    void (*on_up)(void *self, const struct link_session *session);
    void (*on_lost)(void *self);
    void (*on_subscribed)(void *self, const char *filter, int granted_qos);  /* >= 128: refused */
    void (*on_closed)(void *self);           /* after link_close: the link is gone now */
    void *self;
};

struct link_will {
    const char *topic;           /* NULL: none */
    struct slice payload;
    bool is_retained;
    uint8_t qos;
};

struct link;

/* name is for log lines ("ingest", "publish"). The session persists (3.1.1 cleansession 0, 5 clean start
 * 0 with expiry 0xFFFFFFFF) when is_persistent. Copies conf and will. Starts nothing. */
int link_open(uv_loop_t *loop, const char *name, const struct link_conf *conf, bool is_persistent,
              const struct link_will *will, const struct link_hooks *hooks, struct link **out);

/* Connects, and keeps connecting with back-off. May be repeated. */
void link_start(struct link *l);

/* Disconnects, without the will, and stays so until link_start. */
void link_pause(struct link *l);

/* Ends it; on_closed is the last call. Accepts NULL (then there is no last call). */
void link_close(struct link *l);

enum link_state link_state(const struct link *l);

/* Subscribes at QoS 1; on MQTT 5 with retain handling 1 (retained only for a new subscription). The
 * broker's answer comes by on_subscribed. */
int link_subscribe(struct link *l, const char *filter);

/* Hands a message to Paho. token (not 0) comes back by on_sent or on_send_failed for QoS 1. 0, or
 * LINK_REFUSED: not connected, or Paho takes no more. Any thread but never from on_message. */
#define LINK_REFUSED 1
int link_send(struct link *l, const char *topic, struct slice payload, uint8_t qos, bool is_retained,
              uint64_t token);

struct link_figures {
    uint64_t connects, losses, refusals;
    int64_t up_since_wall_us;    /* 0: down */
    char last_error[160];        /* for people; "" none */
};
void link_figures(const struct link *l, struct link_figures *out);

#endif
