/* A ring in the order of the outbox. A message never moves: it waits, is sent, and waits again if
 * that failed, so whatever fails, and in whatever order that is told, the first that waits is the
 * next to be sent, and order is restored by itself. Acknowledgements may come in any order; the
 * head moves on when the oldest is done. One that the broker refuses rests in its place until it is
 * tried again, while others pass; only when it is all that keeps the ring full does it move.
 *
 * A token is the message's position plus one: it is never 0 and never given twice. */
#include "publish/flight.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum slot_state { SLOT_WAITS, SLOT_SENT, SLOT_REFUSED, SLOT_DONE };

struct flight_slot {
    enum slot_state state;
    bool was_refused;
    struct flight_key key;
    char *id, *topic;
    uint8_t *payload;
    size_t size;
};

static struct flight_slot *slot_at(const struct flight *f, uint64_t position)
{
    return &f->ring[position % f->room];
}

void flight_init(struct flight *f, size_t room)
{
    assert(room > 0);
    *f = (struct flight){ .room = room };
    f->ring = calloc(room, sizeof *f->ring);
    if (!f->ring)
        abort();
}

static void empty_slot(struct flight *f, struct flight_slot *s)
{
    f->bytes -= s->size;
    f->n_held -= s->state != SLOT_DONE;
    f->n_refused -= s->was_refused;
    free(s->id);
    free(s->topic);
    free(s->payload);
    *s = (struct flight_slot){ .state = SLOT_DONE };
}

void flight_fini(struct flight *f)
{
    for (uint64_t p = f->head; p < f->tail; p++)
        empty_slot(f, slot_at(f, p));
    free(f->ring);
    *f = (struct flight){ 0 };
}

static void skip_done(struct flight *f)
{
    while (f->head < f->tail && slot_at(f, f->head)->state == SLOT_DONE)
        f->head++;
}

/* In a full ring the slot behind the tail is the head's own: nothing is copied over. */
static void let_others_pass(struct flight *f)
{
    while (f->tail - f->head == f->room && f->n_held < f->room &&
           slot_at(f, f->head)->state == SLOT_REFUSED) {
        f->head++;
        f->tail++;
        skip_done(f);
    }
}

bool flight_has_room(struct flight *f)
{
    let_others_pass(f);
    return f->tail - f->head < f->room && f->bytes < FLIGHT_BYTES_MOST;
}

static void *copy(const void *bytes, size_t size)
{
    char *c = malloc(size + 1);
    if (!c)
        abort();
    if (size > 0)
        memcpy(c, bytes, size);
    c[size] = '\0';
    return c;
}

void flight_put(struct flight *f, const struct flight_message *m)
{
    assert(f->tail - f->head < f->room);
    *slot_at(f, f->tail++) = (struct flight_slot){
        .state = SLOT_WAITS,
        .key = m->key,
        .id = copy(m->id, strlen(m->id)),
        .topic = copy(m->topic, strlen(m->topic)),
        .payload = copy(m->payload.at, m->payload.size),
        .size = m->payload.size,
    };
    f->bytes += m->payload.size;
    f->n_held++;
}

bool flight_has_next(struct flight *f)
{
    if (f->next < f->head)
        f->next = f->head;
    while (f->next < f->tail && slot_at(f, f->next)->state != SLOT_WAITS)
        f->next++;
    return f->next < f->tail;
}

bool flight_send(struct flight *f, struct flight_message *out, uint64_t *token)
{
    if (!flight_has_next(f))
        return false;
    struct flight_slot *s = slot_at(f, f->next);
    s->state = SLOT_SENT;
    f->in_flight++;
    *out = (struct flight_message){ s->key, s->id, s->topic, { s->payload, s->size } };
    *token = ++f->next;
    return true;
}

/* The slot of a token that is in flight, or NULL. */
static struct flight_slot *sent_slot(const struct flight *f, uint64_t token)
{
    if (token == 0 || token - 1 < f->head || token - 1 >= f->tail)
        return NULL;
    struct flight_slot *s = slot_at(f, token - 1);
    return s->state == SLOT_SENT ? s : NULL;
}

void flight_failed(struct flight *f, uint64_t token)
{
    struct flight_slot *s = sent_slot(f, token);
    if (!s)
        return;
    s->state = SLOT_WAITS;
    f->in_flight--;
    if (token - 1 < f->next)
        f->next = token - 1;
}

void flight_refused(struct flight *f, uint64_t token)
{
    struct flight_slot *s = sent_slot(f, token);
    if (!s)
        return;
    s->state = SLOT_REFUSED;
    f->in_flight--;
    f->n_refused += !s->was_refused;
    s->was_refused = true;
}

void flight_retry(struct flight *f)
{
    for (uint64_t p = f->head; p < f->tail; p++)
        if (slot_at(f, p)->state == SLOT_REFUSED)
            slot_at(f, p)->state = SLOT_WAITS;
    f->next = f->head;
}

bool flight_acknowledged(struct flight *f, uint64_t token, struct flight_key *out)
{
    struct flight_slot *s = sent_slot(f, token);
    if (!s)
        return false;
    *out = s->key;
    f->in_flight--;
    empty_slot(f, s);
    skip_done(f);
    return true;
}

void flight_drop(struct flight *f, uint32_t ordinal, uint64_t from, uint64_t until)
{
    for (uint64_t p = f->head; p < f->tail; p++) {
        struct flight_slot *s = slot_at(f, p);
        if (s->state == SLOT_WAITS && s->key.ordinal == ordinal && s->key.sequence >= from &&
            s->key.sequence <= until)
            empty_slot(f, s);
    }
    skip_done(f);
}
