/* A cover is a sum of steps: a stretch is a step up where it starts and one down where it ends, and edges
 * that come to nothing vanish. So adding is commutative, a taking back is an addition, and readings that
 * follow each other without a break leave two edges however many they are. Merged intervals would not do: a
 * late reading cuts an amount in two, and its new halves are given before the old whole is taken back.
 *
 * As bytes:  u8 form: 0 nothing, 1 valid all through, 2 one valid stretch, 3 edges, 4 lost
 *            2: i64 from, i64 until   3: u16 n, then each i64 at, u8 mask of kinds, u16 change of each */
#include "model/cover.h"

#include <stdlib.h>
#include <string.h>

#include "model/amount.h"

enum form { FORM_NOTHING, FORM_WHOLE, FORM_STRETCH, FORM_EDGES, FORM_LOST };

void cover_fini(struct cover *c)
{
    free(c->edges);
    *c = (struct cover){ 0 };
}

/* Where the edge at t stands, or would. Mostly near the end. */
static uint16_t place_of(const struct cover *c, int64_t t_us)
{
    uint16_t i = c->n;
    while (i > 0 && c->edges[i - 1].at_us >= t_us)
        i--;
    return i;
}

static void make_room(struct cover *c)
{
    if (c->n < c->room)
        return;
    c->room = c->room ? (uint16_t)(c->room * 2) : 4;
    c->edges = reallocarray(c->edges, c->room, sizeof *c->edges);
    if (!c->edges)
        abort();
}

static bool is_flat(const struct cover_edge *edge)
{
    for (int kind = 0; kind < COVER_KINDS; kind++)
        if (edge->change[kind] != 0)
            return false;
    return true;
}

static void step(struct cover *c, enum cover_kind kind, int64_t t_us, int change)
{
    uint16_t i = place_of(c, t_us);
    if (i == c->n || c->edges[i].at_us != t_us) {
        make_room(c);
        memmove(c->edges + i + 1, c->edges + i, (size_t)(c->n - i) * sizeof *c->edges);
        c->edges[i] = (struct cover_edge){ .at_us = t_us };
        c->n++;
    }
    c->edges[i].change[kind] = (int16_t)(c->edges[i].change[kind] + change);
    if (!is_flat(&c->edges[i]))
        return;
    c->n--;
    memmove(c->edges + i, c->edges + i + 1, (size_t)(c->n - i) * sizeof *c->edges);
}

static void lose(struct cover *c)
{
    cover_fini(c);
    c->is_lost = true;
}

static void turn_to_edges(struct cover *c)
{
    if (!c->is_spilled && c->from_us < c->until_us) {
        step(c, COVER_VALID, c->from_us, 1);
        step(c, COVER_VALID, c->until_us, -1);
    }
    c->is_spilled = true;
}

void cover_spill(struct cover *c, enum cover_kind kind, int64_t start_us, int64_t end_us, int sign)
{
    if (c->is_lost || start_us >= end_us)
        return;
    turn_to_edges(c);
    step(c, kind, start_us, sign);
    step(c, kind, end_us, -sign);
    if (c->n > COVER_EDGES_MOST)
        lose(c);
}

void cover_merge(struct cover *into, const struct cover *from)
{
    if (from->is_lost)
        lose(into);
    if (!from->is_spilled && from->from_us < from->until_us)
        cover_spill(into, COVER_VALID, from->from_us, from->until_us, 1);
    if (into->is_lost || from->n == 0)
        return;
    turn_to_edges(into);
    for (uint16_t i = 0; i < from->n; i++)
        for (int kind = 0; kind < COVER_KINDS; kind++)
            if (from->edges[i].change[kind] != 0)
                step(into, (enum cover_kind)kind, from->edges[i].at_us, from->edges[i].change[kind]);
    if (into->n > COVER_EDGES_MOST)
        lose(into);
}

enum cover_kind cover_kind_of(const struct amount *amount)
{
    bool is_unknown = (amount->flags & AMOUNT_UNDECLARED) != 0;
    if (amount->shape == AMOUNT_STRETCH) {
        if (amount->flags & AMOUNT_NOT_OPERATING)
            return COVER_IDLE;
        return amount->is_valid && !(amount->flags & AMOUNT_GAP) ? COVER_VALID : COVER_KINDS;
    }
    if (is_unknown)
        return COVER_KINDS;
    if (amount->part == PART_SUBSTITUTED)
        return COVER_SUBSTITUTED;
    if (amount->is_valid)
        return COVER_VALID;
    return amount->part == PART_BRIDGED ? COVER_BRIDGED : COVER_OTHER;
}

/* --- walking --- */

struct cover_walk cover_walk(const struct cover *c, int64_t from_us, int64_t until_us)
{
    return (struct cover_walk){ .c = c, .at_us = from_us, .until_us = until_us };
}

static uint32_t kinds_of(const struct cover_walk *w)
{
    uint32_t kinds = 0;
    for (int kind = 0; kind < COVER_KINDS; kind++)
        kinds |= w->now[kind] > 0 ? 1u << kind : 0;
    return kinds;
}

/* Without edges: before, in or behind the one stretch. */
static void next_plain(struct cover_walk *w, struct cover_run *out)
{
    const struct cover *c = w->c;
    bool is_ahead = w->at_us < c->from_us, is_inside = !is_ahead && w->at_us < c->until_us;
    int64_t end_us = is_ahead ? c->from_us : is_inside ? c->until_us : w->until_us;
    if (c->is_lost || end_us > w->until_us)
        end_us = w->until_us;
    *out = (struct cover_run){ w->at_us, end_us, is_inside ? 1u << COVER_VALID : 0 };
}

static void next_between_edges(struct cover_walk *w, struct cover_run *out)
{
    const struct cover *c = w->c;
    for (; w->next < c->n && c->edges[w->next].at_us <= w->at_us; w->next++)
        for (int kind = 0; kind < COVER_KINDS; kind++)
            w->now[kind] = (int16_t)(w->now[kind] + c->edges[w->next].change[kind]);
    int64_t end_us = w->until_us;
    if (w->next < c->n && c->edges[w->next].at_us < end_us)
        end_us = c->edges[w->next].at_us;
    *out = (struct cover_run){ w->at_us, end_us, kinds_of(w) };
}

bool cover_next(struct cover_walk *w, struct cover_run *out)
{
    if (w->at_us >= w->until_us)
        return false;
    if (w->c->is_spilled)
        next_between_edges(w, out);
    else
        next_plain(w, out);
    w->at_us = out->end_us;
    return true;
}

int64_t cover_measure(const struct cover *c, int64_t from_us, int64_t until_us, uint32_t any,
                      uint32_t none)
{
    struct cover_walk w = cover_walk(c, from_us, until_us);
    struct cover_run run;
    int64_t sum_us = 0;
    while (cover_next(&w, &run))
        if (run.kinds & any && !(run.kinds & none))
            sum_us += run.end_us - run.start_us;
    return sum_us;
}

/* --- rows --- */

static enum form form_of(const struct cover *c, int64_t from_us, int64_t until_us)
{
    if (c->is_lost)
        return FORM_LOST;
    if (c->is_spilled)
        return FORM_EDGES;
    if (c->from_us == c->until_us)
        return FORM_NOTHING;
    return c->from_us == from_us && c->until_us == until_us ? FORM_WHOLE : FORM_STRETCH;
}

static void put_edge(const struct cover_edge *edge, struct buffer *out)
{
    uint8_t mask = 0;
    for (int kind = 0; kind < COVER_KINDS; kind++)
        mask |= (uint8_t)((edge->change[kind] != 0) << kind);
    buffer_put_i64(out, edge->at_us);
    buffer_put_u8(out, mask);
    for (int kind = 0; kind < COVER_KINDS; kind++)
        if (mask & 1u << kind)
            buffer_put_u16(out, (uint16_t)edge->change[kind]);
}

void cover_write(const struct cover *c, int64_t from_us, int64_t until_us, struct buffer *out)
{
    enum form form = form_of(c, from_us, until_us);
    buffer_put_u8(out, (uint8_t)form);
    if (form == FORM_STRETCH) {
        buffer_put_i64(out, c->from_us);
        buffer_put_i64(out, c->until_us);
    } else if (form == FORM_EDGES) {
        buffer_put_u16(out, c->n);
        for (uint16_t i = 0; i < c->n; i++)
            put_edge(&c->edges[i], out);
    }
}

static void take_edge(struct cursor *in, struct cover_edge *out)
{
    *out = (struct cover_edge){ .at_us = cursor_i64(in) };
    uint8_t mask = cursor_u8(in);
    for (int kind = 0; kind < COVER_KINDS; kind++)
        if (mask & 1u << kind)
            out->change[kind] = (int16_t)cursor_u16(in);
}

static bool take_edges(struct cursor *in, struct cover *c)
{
    uint16_t n = cursor_u16(in);
    c->is_spilled = true;
    for (uint16_t i = 0; i < n && n <= COVER_EDGES_MOST && !in->has_failed; i++) {
        make_room(c);
        take_edge(in, &c->edges[c->n++]);
        if (i > 0 && c->edges[i].at_us <= c->edges[i - 1].at_us)
            in->has_failed = true;
    }
    return n <= COVER_EDGES_MOST;
}

bool cover_read(struct cursor *in, int64_t from_us, int64_t until_us, struct cover *out)
{
    uint8_t form = cursor_u8(in);
    bool fits = form <= FORM_LOST;
    *out = (struct cover){ .is_lost = form == FORM_LOST };
    if (form == FORM_WHOLE || form == FORM_STRETCH) {
        out->from_us = form == FORM_WHOLE ? from_us : cursor_i64(in);
        out->until_us = form == FORM_WHOLE ? until_us : cursor_i64(in);
        fits = out->from_us <= out->until_us;
    } else if (form == FORM_EDGES) {
        fits = take_edges(in, out);
    }
    if (fits && !in->has_failed)
        return true;
    cover_fini(out);
    return false;
}
