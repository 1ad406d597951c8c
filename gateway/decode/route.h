/* Routes: where a topic leads. The rule that it falls under, and the site and device that it names. */
#ifndef DECODE_ROUTE_H
#define DECODE_ROUTE_H

#include "decode/topic.h"
#include "model/plan.h"

struct routes;

struct route {
    int32_t rule;                /* index in plan.topics; -1: no rule fits */
    int32_t site, device;        /* indexes in the plan; -1: not told, or unknown */
    struct topic_names names;
};

void routes_open(struct routes **out);
void routes_close(struct routes *r);

/* Forgets what it knew and follows this plan from now on. Borrows it. */
void routes_configure(struct routes *r, const struct plan *plan);

/* The first rule in the plan's order whose pattern fits, and the names. Borrowed until the next call. */
const struct route *route_find(struct routes *r, struct slice topic);

#endif
