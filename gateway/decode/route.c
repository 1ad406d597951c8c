/* Devices publish on the same topics again and again, so what a topic means is worked out once: matching
 * the rules and looking up the names costs several hundred nanoseconds, finding it again a hash and a
 * memcmp.
 *
 * A direct-mapped cache of fixed size: a newcomer takes the place of whoever was there. It holds what
 * follows from the plan alone, so it is never wrong, and whoever sends made-up topics slows things down
 * to what they would be without it, and no further. Topics that lead nowhere are remembered as well. */
#include "decode/route.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define SLOTS      1024u         /* a power of two */
#define TOPIC_MOST 152u          /* longer topics are worked out each time */

struct route_slot {
    uint64_t hash;
    struct route route;
    uint16_t size;               /* of the topic; 0: the slot is free */
    char topic[TOPIC_MOST];
};

struct routes {
    const struct plan *plan;
    struct route long_topic;     /* what was found for a topic that is not kept */
    struct route_slot slots[SLOTS];
};

void routes_open(struct routes **out)
{
    struct routes *r = calloc(1, sizeof *r);
    if (!r)
        abort();
    *out = r;
}

void routes_close(struct routes *r)
{
    free(r);
}

void routes_configure(struct routes *r, const struct plan *plan)
{
    for (size_t i = 0; i < SLOTS; i++)
        r->slots[i].size = 0;
    r->plan = plan;
}

static void find_names(const struct plan *plan, struct slice topic, struct route *out)
{
    if (out->names.site.size > 0)
        out->site = plan_site(plan, topic_name(topic, out->names.site));
    if (out->site >= 0 && out->names.device.size > 0)
        out->device = plan_device(plan, out->site, topic_name(topic, out->names.device));
}

static struct route work_out(const struct plan *plan, struct slice topic)
{
    const struct topic_rule *rules = plan->topics.at;
    struct route route = { .rule = -1, .site = -1, .device = -1 };
    for (size_t i = 0; i < plan->topics.n && route.rule < 0; i++)
        if (topic_match(rules[i].pattern, topic, &route.names))
            route.rule = (int32_t)i;
    find_names(plan, topic, &route);
    return route;
}

const struct route *route_find(struct routes *r, struct slice topic)
{
    if (topic.size == 0 || topic.size > TOPIC_MOST) {
        r->long_topic = work_out(r->plan, topic);
        return &r->long_topic;
    }
    uint64_t hash = hash_bytes(topic, 0);
    struct route_slot *slot = &r->slots[hash & (SLOTS - 1)];
    if (slot->size == topic.size && slot->hash == hash &&
        memcmp(slot->topic, topic.at, topic.size) == 0)
        return &slot->route;

    slot->route = work_out(r->plan, topic);
    slot->hash = hash;
    slot->size = (uint16_t)topic.size;
    memcpy(slot->topic, topic.at, topic.size);
    return &slot->route;
}
