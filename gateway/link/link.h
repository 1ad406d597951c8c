/* A link: one MQTT connection that comes back by itself, over Paho's MQTTAsync. Both sides of the
 * gateway hold one; this room knows about sessions, TLS, credentials and back-off, and nothing
 * about what the messages mean.
 *
 * The loop decides and a worker of libuv's pool calls Paho, so that no call here but link_send ever
 * waits for a lock of Paho's. Paho runs one receive thread for all clients of a process: on_message
 * is called there and must never wait for the loop. */
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
    const char *client_id;       /* empty: the owner fills it in before link_open */
    int protocol;                /* enum link_protocol; falls back from 5 to 3.1.1 if refused as such */
    int64_t keepalive_us;
    int64_t backoff_min_us, backoff_max_us;
    const char *user_file, *password_file;   /* first line each; read at every attempt; "" none */
    const char *ca_file;         /* PEM bundle for mqtts; "": the system's */
};

extern const char *const link_protocols[];   /* by enum link_protocol; ends with NULL */

/* The rows of a link_conf that stands at offset `base` of the struct a room's table fills. */
#define LINK_ROWS(base, protocol_preset)                                                           \
    { .name = "broker", .type = OPT_STRING, .at = (base) + offsetof(struct link_conf, broker),     \
      .preset = "mqtts://127.0.0.1:8883", .min = "1", .max = "300", .is_local = true,              \
      .help = "mqtts://HOST[:PORT], or mqtt:// without TLS." },                                    \
    { .name = "client_id", .type = OPT_STRING,                                                     \
      .at = (base) + offsetof(struct link_conf, client_id), .max = "256", .is_local = true,        \
      .help = "The session's name at the broker; preset from the gateway's id." },                 \
    { .name = "protocol", .type = OPT_CHOICE, .at = (base) + offsetof(struct link_conf, protocol), \
      .preset = (protocol_preset), .choices = link_protocols, .is_local = true,                    \
      .help = "Version of MQTT; 5 falls back to 3.1.1 where the broker says it does not speak 5." }, \
    { .name = "keepalive", .type = OPT_DURATION,                                                   \
      .at = (base) + offsetof(struct link_conf, keepalive_us), .preset = "30s", .min = "5s",       \
      .max = "1h", .is_local = true, .help = "Silence after which the link counts as lost." },     \
    { .name = "backoff_min", .type = OPT_DURATION,                                                 \
      .at = (base) + offsetof(struct link_conf, backoff_min_us), .preset = "250ms", .min = "10ms", \
      .max = "1min", .is_local = true, .help = "Wait before the first new attempt to connect." },  \
    { .name = "backoff_max", .type = OPT_DURATION,                                                 \
      .at = (base) + offsetof(struct link_conf, backoff_max_us), .preset = "30s", .min = "1s",     \
      .max = "1h", .is_local = true, .help = "The longest wait between attempts." },               \
    { .name = "user_file", .type = OPT_STRING,                                                     \
      .at = (base) + offsetof(struct link_conf, user_file), .is_local = true,                      \
      .help = "File whose first line is the user name; read at every attempt." },                  \
    { .name = "password_file", .type = OPT_STRING,                                                 \
      .at = (base) + offsetof(struct link_conf, password_file), .is_local = true,                  \
      .help = "File whose first line is the password; read at every attempt." },                   \
    { .name = "ca_file", .type = OPT_STRING, .at = (base) + offsetof(struct link_conf, ca_file),   \
      .is_local = true, .help = "PEM bundle to verify an mqtts broker with; preset: the system's." }

/* What is wrong with a configuration beyond what its rows say, as a sentence; NULL: nothing. *key (key may be
 * NULL) becomes the name of the row that it is about. */
const char *link_conf_mistake(const struct link_conf *conf, const char **key);

/* What a connection turned out to be. */
struct link_session {
    enum link_protocol protocol;
    bool is_present;             /* the broker kept our session */
    uint16_t receive_maximum;    /* of the broker: QoS 1 messages it takes at once; 65535 if not told */
    int64_t session_expiry_s;    /* granted; -1: for ever, or not told */
    uint8_t maximum_qos;         /* that the broker takes; 2 if not told */
};

enum link_state { LINK_DOWN, LINK_CONNECTING, LINK_UP };

struct link_message {
    struct slice topic, payload;
    uint8_t qos;
    bool is_retained, is_dup;
};

struct link_hooks {
    /* Paho's thread. When it returns, the message is acknowledged: it must be safe by then. Called
     * until the on_lost that follows a link_pause, and until on_closed. */
    void (*on_message)(void *self, const struct link_message *m);
    /* Paho's thread, no lock of the link held: a message with that token was acknowledged by the
     * broker. link_send may be called here. */
    void (*on_sent)(void *self, uint64_t token);
    /* Paho's thread or a worker, no lock of the link held: a message with that token failed; it may be
     * sent again. code: the reason for which the broker refused it (MQTT 5, from 128 on), 0: the
     * connection ended first. Every token comes back once, at the latest before the next on_up. */
    void (*on_send_failed)(void *self, uint64_t token, int code);
    /* Loop. */
    void (*on_up)(void *self, const struct link_session *session);
    void (*on_lost)(void *self);             /* after an on_up: broken, or paused */
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

/* name is for log lines ("ingest", "publish"). When is_persistent the broker keeps the session
 * while we are away (3.1.1 cleansession 0; 5 clean start 0 with expiry 0xFFFFFFFF). Copies conf and
 * will. Starts nothing. Negative when conf has a mistake. */
int link_open(uv_loop_t *loop, const char *name, const struct link_conf *conf, bool is_persistent,
              const struct link_will *will, const struct link_hooks *hooks, struct link **out);

/* Connects, and keeps connecting with back-off. May be repeated. Loop, as all the others but
 * link_send. */
void link_start(struct link *l);

/* Disconnects, without the will, and stays so until link_start. */
void link_pause(struct link *l);

/* Ends it; on_closed is the last call. Accepts NULL (then there is no last call). */
void link_close(struct link *l);

enum link_state link_state(const struct link *l);

#define LINK_REFUSED 1

/* Subscribes at QoS 1; on MQTT 5 with retain handling 1 (retained only for a new subscription). The
 * broker's answer comes by on_subscribed, if the connection lasts until then. 0, or LINK_REFUSED:
 * not up. link_unsubscribe brings no answer. */
int link_subscribe(struct link *l, const char *filter);
int link_unsubscribe(struct link *l, const char *filter);

/* The same at QoS 0, and with the retained value at every connect: for what is looked at and not kept. */
int link_watch(struct link *l, const char *filter);

/* A broker's reason code (of MQTT 5; 3.1.1 knows only 128 for a subscription) in words. */
const char *link_reason(int code);

struct link_pair {
    const char *name, *value;
};

#define LINK_PAIRS_MOST 4

/* A message to send. The content type and the pairs travel on MQTT 5 only. */
struct link_post {
    const char *topic;
    struct slice payload;
    uint8_t qos;                 /* 0 or 1 */
    bool is_retained;
    uint64_t token;              /* not 0 for QoS 1: comes back by on_sent or on_send_failed */
    const char *content_type;    /* NULL: none */
    struct link_pair pairs[LINK_PAIRS_MOST];  /* up to the first without a name */
};

/* Hands a message to Paho, which copies it. 0, or LINK_REFUSED: not connected, or Paho takes no
 * more. Any thread, also from on_sent, but never from on_message; may wait for Paho while it is in
 * on_message. Call it with no lock held that a hook takes. */
int link_send(struct link *l, const struct link_post *post);

#define LINK_REASON_SIZE 240

struct link_figures {
    uint64_t connects, losses, refusals;     /* refusals: attempts that failed */
    uint64_t takeovers;          /* losses that another client with our id brought about, or seems to */
    bool is_taken_over;          /* that goes on */
    bool is_turned_away;         /* the broker answered the last attempt, and refused it */
    int64_t up_since_wall_us;    /* 0: down */
    char last_error[LINK_REASON_SIZE];       /* for people; "" none yet */
};
void link_figures(const struct link *l, struct link_figures *out);

#endif
