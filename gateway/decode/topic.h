/* Topics: whether one fits a rule's pattern, and what it tells. */
#ifndef DECODE_TOPIC_H
#define DECODE_TOPIC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* A part of a topic; a topic has at most 65535 bytes. Size 0: the pattern has no such placeholder. */
struct topic_span {
    uint16_t at, size;
};

struct topic_names {
    struct topic_span site, device, region;
};

/* Whether the topic fits; on true the names are filled in. The pattern is one that the plan's check let
 * pass. Levels are compared byte by byte, whatever they hold. {site}, {device} and {region} match one level of at
 * least one byte, + any one level, a last # this level and all below, none included. As MQTT has it, no
 * wildcard matches a first level that begins with $. */
bool topic_match(const char *pattern, struct slice topic, struct topic_names *out);

/* The bytes of a span. */
struct slice topic_name(struct slice topic, struct topic_span span);

#endif
