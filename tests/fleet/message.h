/* A message: one PUBLISH, encoded and ready to go. */
#ifndef FLEET_MESSAGE_H
#define FLEET_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

struct reading;
struct roster;

struct message {
    struct message *next; /* for whoever keeps it in a queue */
    const char *topic;    /* the roster's */
    uint32_t site, device, connection;
    uint32_t readings; /* in it */
    int64_t due_ms;    /* by the wall clock: when the last of them could be known */
    size_t size;
    uint8_t payload[];
};

/* Encodes n readings of one device: as a Reading, or with --batch as a ReadingBatch. To be freed by
 * whoever has it last. */
struct message *message_encode(const struct roster *roster, const struct reading *readings,
                               size_t n);

#endif
