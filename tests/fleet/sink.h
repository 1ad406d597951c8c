/* A sink: where messages go. Either a broker or a file. */
#ifndef FLEET_SINK_H
#define FLEET_SINK_H

#include <stdint.h>

struct conf;
struct message;

#define SINK_FULL 1

struct sink {
    /* 0: takes m. Else m stays the caller's: SINK_FULL when its connection takes no more for now,
     * so that it is worth trying after a turn; negative when the run is over, and why was said. */
    int (*offer)(struct sink *s, struct message *m);

    /* Does what is to be done, reports what was acknowledged, and waits up to wait_ms for something
     * to happen if nothing did. 0 or negative. */
    int (*turn)(struct sink *s, int wait_ms);

    /* Ends orderly and frees the sink, whatever state it is in. Negative when what was reported as
     * acknowledged may not be there after all. */
    int (*close)(struct sink *s);

    /* Set by the owner before the first call; called from offer and turn alone. The owner frees m
     * after on_acknowledged. */
    void (*on_acknowledged)(void *owner, struct message *m);
    void (*on_resent)(void *owner, const struct message *m);
    void *owner;
};

/* Records of u32 LE topic size, topic, u32 LE payload size, payload. Written counts as
 * acknowledged. */
int sink_file_open(const char *path, struct sink **out);

/* Connects to the broker with as many connections as asked for; returns before they stand. */
int sink_mqtt_open(const struct conf *conf, struct sink **out);

#endif
