/* One table of names holds all kinds; a key is the kind's letter and the ids behind it, each ended by a
 * NUL, which no id contains. */
#include "account/lane.h"

#include <assert.h>

#include "account/books.h"
#include "account/evidence.h"
#include "base/buffer.h"

void cast_init(struct cast *c)
{
    *c = (struct cast){ 0 };
    arena_init(&c->arena, 0);
    c->none = cast_rate(c, (struct slice){ (const uint8_t[]){ RATE_NONE }, 1 });
    c->missing = cast_rate(c, (struct slice){ (const uint8_t[]){ RATE_MISSING }, 1 });
    c->zero = cast_rate(c, (struct slice){ (const uint8_t[]){ RATE_ZERO }, 1 });
}

void cast_fini(struct cast *c)
{
    names_fini(&c->names);
    arena_fini(&c->arena);
}

static void *make(struct cast *c, size_t size)
{
    void *thing = arena_take_zeroed(&c->arena, 1, size);
    assert(thing); /* the arena has no bound */
    return thing;
}

struct slice cast_text(struct cast *c, struct slice text)
{
    char *copy = arena_text(&c->arena, text);
    assert(copy);
    return (struct slice){ (const uint8_t *)copy, text.size };
}

static void put_key(struct buffer *key, char kind, const struct slice *parts, size_t n)
{
    buffer_put_u8(key, (uint8_t)kind);
    for (size_t i = 0; i < n; i++) {
        buffer_put(key, parts[i].at, parts[i].size);
        buffer_put_u8(key, 0);
    }
}

void *cast_thing(struct cast *c, char kind, const struct slice *parts, size_t n, size_t size,
                 bool *is_new)
{
    struct buffer key = { 0 };
    put_key(&key, kind, parts, n);
    void *thing = names_find(&c->names, buffer_slice(&key));
    *is_new = thing == NULL;
    if (!thing) {
        thing = make(c, size);
        names_put(&c->names, cast_text(c, buffer_slice(&key)), thing);
    }
    buffer_fini(&key);
    return thing;
}

/* The books' own address tells sites apart: it never leaves the process and orders nothing. */
static struct slice books_part(struct books *const *books)
{
    return (struct slice){ (const uint8_t *)books, sizeof *books };
}

struct source *cast_source(struct cast *c, struct books *books, struct slice id)
{
    bool is_new;
    struct slice parts[] = { books_part(&books), id };
    struct source *source = cast_thing(c, 'T', parts, 2, sizeof *source, &is_new);
    if (is_new)
        *source = (struct source){ .books = books, .id = cast_text(c, id), .stream = -1 };
    return source;
}

struct spot *cast_spot(struct cast *c, struct books *books, struct slice device, struct slice point)
{
    bool is_new;
    struct slice parts[] = { books_part(&books), device, point };
    struct spot *spot = cast_thing(c, 'P', parts, 3, sizeof *spot, &is_new);
    if (is_new)
        *spot = (struct spot){ .books = books,
                               .index = -1,
                               .device = cast_text(c, device),
                               .point = cast_text(c, point),
                               .hash = evidence_point(books->id, device, point) };
    return spot;
}

/* What a stream borrows of a point is kept apart from the point's own, as if it were another point. */
struct spot *cast_follower(struct cast *c, struct spot *leader, struct source *source)
{
    bool is_new;
    struct slice parts[] = { books_part(&leader->books), leader->device, leader->point, source->id };
    struct spot *spot = cast_thing(c, 'F', parts, 4, sizeof *spot, &is_new);
    if (!is_new)
        return spot;
    *spot = (struct spot){ .books = leader->books,
                           .device = leader->device,
                           .point = leader->point,
                           .hash = leader->hash,
                           .index = -1,
                           .is_follower = true,
                           .next_follower = leader->followers };
    leader->followers = spot;
    return spot;
}

/* What tells the lanes of a spot apart. */
static struct lane *find_lane(const struct spot *spot, const struct source *source, int direction,
                              int role, struct ratio tick)
{
    struct lane *lane = spot->lanes;
    while (lane && (lane->source != source || lane->direction != direction ||
                    lane->role != role || lane->tick_to_micro.num != tick.num || lane->tick_to_micro.den != tick.den))
        lane = lane->sibling;
    return lane;
}

struct lane *cast_lane(struct cast *c, struct spot *spot, struct source *source, int direction,
                       int role, struct ratio tick_to_micro)
{
    struct lane *lane = find_lane(spot, source, direction, role, tick_to_micro);
    if (lane)
        return lane;
    lane = make(c, sizeof *lane);
    *lane = (struct lane){ .spot = spot,
                           .source = source,
                           .sibling = spot->lanes,
                           .direction = direction,
                           .role = role,
                           .tick_to_micro = tick_to_micro,
                           .number = spot->books->n_lanes++ };
    spot->lanes = lane;
    return lane;
}

static struct rate *family_of(struct cast *c, struct rate *rate)
{
    if (!rate_is_intensity(rate->kind))
        return rate;
    struct buffer key = { 0 };
    rate_family_key(rate, &key);
    struct rate *family = slice_equal(buffer_slice(&key), rate->key) ? rate : cast_rate(c, buffer_slice(&key));
    buffer_fini(&key);
    return family;
}

static struct rate *make_rate(struct cast *c, struct slice name, struct slice key)
{
    struct rate fresh;
    if (rate_read(key, &fresh) != 0)
        return NULL;
    struct rate *rate = make(c, sizeof *rate);
    *rate = fresh;
    rate->key = cast_text(c, key);
    rate->region = fresh.region.size > 0 ? cast_text(c, fresh.region) : fresh.region;
    names_put(&c->names, cast_text(c, name), rate);
    rate->family = family_of(c, rate);
    return rate;
}

struct rate *cast_rate(struct cast *c, struct slice key)
{
    struct buffer renewed = { 0 }, name = { 0 };
    struct rate *rate = NULL;
    if (rate_key_renew(key, &renewed) == 0) {
        struct slice now = buffer_slice(&renewed);
        put_key(&name, 'R', &now, 1);
        rate = names_find(&c->names, buffer_slice(&name));
        if (!rate)
            rate = make_rate(c, buffer_slice(&name), now);
    }
    buffer_fini(&name);
    buffer_fini(&renewed);
    return rate;
}
