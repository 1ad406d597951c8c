/* Newest first. What a person at a screen wants after an outage is the present; the past may take its
 * time. What is fresh? Not what has the latest window: a late reading restates yesterday's, and is
 * news. Here a summary is fresh when it was committed after the link came up. That needs no look into
 * summaries and no clock, and follows from one number, the last key of the outbox at that moment.
 *
 * What was not read yet is kept as stretches of keys; coming up cuts the last one in two. Each key is
 * in one stretch and leaves it when it is read, so no summary is read, and thus sent, twice,
 * whatever the link does. Every outage with something unread adds a stretch; with all of them in use
 * the next outage's backlog stays in the fresh lane, in order, which is what oldest_first would do.
 *
 * Nothing is read while the link is down: it would be read as fresh, and be the backlog by the time
 * it could be sent. What the fresh lane held when a link broke goes first on the next one: it was
 * news a moment ago, and it is no more than the flight holds.
 *
 * The pace is for the orderly lane while it drains: from the link's coming up until all that waited has
 * left once. Fresh summaries do not wait for it. */
#include "publish/lanes.h"

#include <string.h>

static const struct flight_key no_end = { UINT32_MAX, UINT64_MAX };

bool lanes_is_behind(struct flight_key a, struct flight_key b)
{
    return a.ordinal != b.ordinal ? a.ordinal > b.ordinal : a.sequence > b.sequence;
}

void lanes_init(struct lanes *l, enum publish_order order, size_t room, int64_t per_second)
{
    *l = (struct lanes){ .order = order, .unread = { { { 0, 0 }, no_end } }, .n_unread = 1 };
    for (int lane = 0; lane < LANE_COUNT; lane++)
        flight_init(&l->flights[lane], room);
    pace_init(&l->pace, per_second);
}

void lanes_fini(struct lanes *l)
{
    for (int lane = 0; lane < LANE_COUNT; lane++)
        flight_fini(&l->flights[lane]);
}

void lanes_came_up(struct lanes *l, struct flight_key last)
{
    struct stretch *open = &l->unread[l->n_unread - 1];

    l->is_draining = true;
    lanes_retry(l);
    if (l->order == PUBLISH_OLDEST_FIRST || !lanes_is_behind(last, open->from) ||
        l->n_unread == STRETCHES_MOST)
        return;
    l->unread[l->n_unread++] = (struct stretch){ last, no_end };
    open->until = last;
}

/* The part that a lane reads from; NULL: none. */
static struct stretch *part_of(struct lanes *l, enum lane lane)
{
    struct stretch *open = &l->unread[l->n_unread - 1];

    if (l->order == PUBLISH_OLDEST_FIRST)
        return lane == LANE_ORDERLY ? open : NULL;
    if (lane == LANE_FRESH)
        return open;
    return l->n_unread > 1 ? &l->unread[0] : NULL;
}

bool lanes_unread(struct lanes *l, enum lane lane, struct flight_key *after)
{
    const struct stretch *part = part_of(l, lane);

    if (!part || !flight_has_room(&l->flights[lane]))
        return false;
    *after = part->from;
    return true;
}

bool lanes_end(struct lanes *l, enum lane lane)
{
    struct stretch *part = part_of(l, lane);

    if (part && part != &l->unread[l->n_unread - 1]) {
        memmove(part, part + 1, --l->n_unread * sizeof *part);
        return true;
    }
    if (lane == LANE_ORDERLY && !flight_has_next(&l->flights[lane]))
        l->is_draining = false;
    return false;
}

bool lanes_put(struct lanes *l, enum lane lane, const struct flight_message *m)
{
    struct stretch *part = part_of(l, lane);

    if (lanes_is_behind(m->key, part->until))
        return false;
    part->from = m->key;
    flight_put(&l->flights[lane], m);
    return true;
}

int64_t lanes_wait_us(struct lanes *l, int64_t now_us)
{
    if (!l->is_draining || !flight_has_next(&l->flights[LANE_ORDERLY]))
        return 0;
    return pace_wait_us(&l->pace, now_us);
}

/* The lane whose turn it is. */
static bool next_lane(struct lanes *l, int64_t now_us, enum lane *out)
{
    *out = flight_has_next(&l->flights[LANE_FRESH]) ? LANE_FRESH : LANE_ORDERLY;
    return flight_has_next(&l->flights[*out]) &&
           (*out == LANE_FRESH || lanes_wait_us(l, now_us) == 0);
}

bool lanes_has_next(struct lanes *l, int64_t now_us)
{
    enum lane lane;
    return next_lane(l, now_us, &lane);
}

bool lanes_send(struct lanes *l, int64_t now_us, struct flight_message *out, uint64_t *token)
{
    enum lane lane;

    if (!next_lane(l, now_us, &lane) || !flight_send(&l->flights[lane], out, token))
        return false;
    *token = *token * LANE_COUNT + lane;
    if (lanes_is_behind(out->key, l->greatest_sent))
        l->greatest_sent = out->key;
    if (lane == LANE_ORDERLY && l->is_draining)
        pace_take(&l->pace, now_us);
    return true;
}

/* A key that was sent is in no unread stretch, so each stretch lies wholly before all that was sent or
 * wholly behind it; of the latter the run is the first that the outbox holds. */
void lanes_drop(struct lanes *l, uint32_t ordinal, uint64_t from, uint64_t until)
{
    const struct flight_key first = { ordinal, from }, last = { ordinal, until };

    for (int lane = 0; lane < LANE_COUNT; lane++)
        flight_drop(&l->flights[lane], ordinal, from, until);
    for (size_t i = 0; i < l->n_unread; i++) {
        struct stretch *part = &l->unread[i];
        if (lanes_is_behind(last, part->from) && !lanes_is_behind(first, part->until))
            part->from = lanes_is_behind(last, part->until) ? part->until : last;
    }
}

static struct flight *flight_of(struct lanes *l, uint64_t token)
{
    return &l->flights[token % LANE_COUNT];
}

void lanes_failed(struct lanes *l, uint64_t token)
{
    flight_failed(flight_of(l, token), token / LANE_COUNT);
}

void lanes_refused(struct lanes *l, uint64_t token)
{
    flight_refused(flight_of(l, token), token / LANE_COUNT);
}

void lanes_retry(struct lanes *l)
{
    for (int lane = 0; lane < LANE_COUNT; lane++)
        flight_retry(&l->flights[lane]);
}

bool lanes_acknowledged(struct lanes *l, uint64_t token, struct flight_key *out)
{
    return flight_acknowledged(flight_of(l, token), token / LANE_COUNT, out);
}

size_t lanes_in_flight(const struct lanes *l)
{
    return l->flights[LANE_ORDERLY].in_flight + l->flights[LANE_FRESH].in_flight;
}

size_t lanes_refusals(const struct lanes *l)
{
    return l->flights[LANE_ORDERLY].n_refused + l->flights[LANE_FRESH].n_refused;
}

uint64_t lanes_held(const struct lanes *l)
{
    uint64_t n = 0;
    for (int lane = 0; lane < LANE_COUNT; lane++)
        n += l->flights[lane].n_held;
    return n;
}
