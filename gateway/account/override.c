/* A substitution says: of these points, in this time, so much, whatever was measured. What was measured is not
 * lost. It stands aside, in a companion of each window (as a lock has them, lock.c) with shares, tallies and
 * cells of its own; what comes later for that time goes there too, and what metering takes back is taken back
 * there. So a late reading cannot add to a figure that a person has set, and taking the order back puts
 * everything in its place again, to the last digit.
 *
 * It begins and ends where smallest windows do, so that each of these stands aside wholly: its cells move as
 * they are, and the windows around it lose what it had given them. Of that, one thing is not known: whether a
 * measured tick was counted as interpolated at the edge of the longer window. It is taken from what is
 * measured there first, and from what is interpolated next; both are put back as they were taken.
 *
 * Row "B site, order": u8 version = 1, i64 from, i64 until, u32 n, each: slice device, slice point. */
#include "account/override.h"

#include <stdlib.h>
#include <string.h>

#include "account/array.h"
#include "account/books.h"

#define OVERRIDE_ROW 1u

/* --- who stands aside --- */

static struct override *of_order(const struct books *b, uint64_t order)
{
    for (uint32_t i = 0; i < b->n_overrides; i++)
        if (b->overrides[i].order == order)
            return &b->overrides[i];
    return NULL;
}

static bool has_spot(const struct override *s, const struct spot *spot)
{
    for (uint32_t i = 0; i < s->n_spots; i++)
        if (s->spots[i] == spot)
            return true;
    return false;
}

uint64_t override_at(const struct books *b, const struct spot *spot, int64_t at_us)
{
    for (uint32_t i = 0; i < b->n_overrides; i++) {
        const struct override *s = &b->overrides[i];
        if (s->from_us <= at_us && at_us < s->until_us && has_spot(s, spot))
            return s->order;
    }
    return 0;
}

bool window_stands_aside(const struct window *companion)
{
    return of_order(companion->books, companion->lock) != NULL;
}

struct window *override_find(const struct window *w, uint64_t order)
{
    struct window *c = w->companion;
    while (c && c->lock != order)
        c = c->companion;
    return c;
}

struct window *override_book(struct window *w, uint64_t order)
{
    struct window *c = override_find(w, order);
    if (c)
        return c;
    c = window_new(w->books, w->period, w->start_us, w->end_us);
    c->lock = order;
    c->companion = w->companion;
    w->companion = c;
    return c;
}

/* --- standing aside --- */

/* What one lane has given to the windows around a smallest one. */
struct given {
    struct lane *lane;
    const struct share *share;   /* of the smallest window, as it was */
    int64_t n;                   /* verified pieces */
};

/* Measured ticks that a longer window counts as measured, and as interpolated. */
static void split(const struct share *from, int128 measured, int128 *out_measured, int128 *out_interpolated)
{
    int128 held = from->part_ticks[PART_MEASURED];
    bool fits = measured >= 0 ? held >= measured : held <= measured;
    *out_measured = fits ? measured : held;
    *out_interpolated = measured - *out_measured;
}

static void move_share(struct share *from, struct share *to, const struct given *g, bool is_smallest)
{
    int128 ticks[PART_COUNT];
    memcpy(ticks, g->share->part_ticks, sizeof ticks);
    if (!is_smallest)
        split(from, ticks[PART_MEASURED] + ticks[PART_INTERPOLATED], &ticks[PART_MEASURED],
              &ticks[PART_INTERPOLATED]);
    for (int part = 0; part < PART_COUNT; part++) {
        from->part_ticks[part] -= ticks[part];
        to->part_ticks[part] += ticks[part];
    }
    from->valid_us -= g->share->valid_us;
    to->valid_us += g->share->valid_us;
    from->n -= g->n;
    to->n += g->n;
    for (int kind = 0; kind < FLAG_KINDS; kind++) {
        from->flagged[kind] -= g->share->flagged[kind];
        to->flagged[kind] += g->share->flagged[kind];
    }
}

static void move_tally(struct window *from, struct window *to, const struct lane *lane, const struct cell *cell)
{
    if (lane->role != ROLE_FISCAL)
        return;
    struct tally *mine = window_tally(from, lane->source, lane->direction, cell->rate, false);
    mine->n -= cell->n;
    mine->figures = figures_less(&mine->figures, &cell->figures, cell->rate);
    struct tally *aside = window_tally(to, lane->source, lane->direction, cell->rate, false);
    aside->n += cell->n;
    figures_add(&aside->figures, &cell->figures, cell->rate);
}

static bool is_counted(const struct cell *cell)
{
    return cell->n != 0 && !cell->is_unverified;
}

static int64_t count_pieces(const struct window *w, const struct share *share)
{
    int64_t n = 0;
    for (uint32_t i = share->first_cell; i != CELL_NONE; i = w->cells[i].next)
        n += is_counted(&w->cells[i]) ? w->cells[i].n : 0;
    return n;
}

static void move_tallies(const struct window *smallest, const struct given *g, struct window *from,
                         struct window *to)
{
    for (uint32_t i = g->share->first_cell; i != CELL_NONE; i = smallest->cells[i].next)
        if (is_counted(&smallest->cells[i]))
            move_tally(from, to, g->lane, &smallest->cells[i]);
}

/* A lane's amounts leave one smallest window and those around it. */
static void move_lane(struct books *b, struct window *w, const struct given *g, uint64_t order)
{
    for (int p = w->period; p < PERIOD_COUNT; p++) {
        int64_t start_us, end_us, at_us = w->end_us - 1;
        if (!books_place(b, (enum period)p, at_us, &start_us, &end_us))
            continue;
        bool is_smallest = p == (int)w->period;
        struct window *around = is_smallest ? w : books_make(b, (enum period)p, at_us);
        struct window *from = is_smallest ? w : lock_book(around, at_us);
        struct window *to = override_book(around, order);
        move_tallies(w, g, from, to);
        move_share(window_share(from, g->lane), window_share(to, g->lane), g, is_smallest);
        books_changed(b, around, REASON_OPERATOR);
    }
}

static void move_cells(struct window *w, struct lane *lane, uint64_t order)
{
    struct window *aside = override_book(w, order);
    struct share *from = window_share(w, lane), *to = window_share(aside, lane);
    for (uint32_t i = from->first_cell; i != CELL_NONE; i = w->cells[i].next) {
        struct cell *cell = &w->cells[i];
        if (!is_counted(cell))
            continue;
        uint32_t k = window_cell(aside, to, cell->rate, false, cell->from_us, cell->to_us);
        aside->cells[k].n = cell->n;
        aside->cells[k].ticks = cell->ticks;
        aside->cells[k].figures = cell->figures;
        *cell = (struct cell){ .next = cell->next };
    }
    if (lane->source->is_marketed)
        market_note(w->books, w);
}

/* All of a spot in one smallest window. The windows around it are fetched first, so nothing fails between. */
static int step_aside(struct books *b, struct window *w, const struct spot *spot, uint64_t order)
{
    for (int p = w->period + 1; p < PERIOD_COUNT; p++) {
        int64_t start_us, end_us;
        struct window *around;
        if (!books_place(b, (enum period)p, w->end_us - 1, &start_us, &end_us))
            continue;
        int rc = books_find(b, (enum period)p, w->end_us - 1, &around);
        if (rc < 0)
            return rc;
    }
    for (struct lane *lane = spot->lanes; lane; lane = lane->sibling) {
        const struct share *share = window_find_share(w, lane);
        int64_t n = share ? count_pieces(w, share) : 0;
        if (n == 0)
            continue;
        struct share was = *share;
        move_lane(b, w, &(struct given){ lane, &was, n }, order);
        move_cells(w, lane, order);
    }
    return 0;
}

/* Calls for each smallest window on record in [from, until). */
static int each_smallest(struct books *b, const struct override *s,
                         int (*call)(struct books *b, struct window *w, const struct override *s))
{
    enum period p = (enum period)b->site->smallest;
    for (int64_t at_us = s->from_us; at_us < s->until_us;) {
        int64_t start_us, end_us;
        struct window *w = NULL;
        period_window(p, b->zone, at_us, &start_us, &end_us);
        int rc = books_place(b, p, at_us, &start_us, &end_us) ? books_find(b, p, at_us, &w) : 0;
        if (rc == 0 && w)
            rc = call(b, w, s);
        if (rc < 0)
            return rc;
        period_window(p, b->zone, at_us, &start_us, &at_us);
    }
    return 0;
}

static int stand_aside(struct books *b, struct window *w, const struct override *s)
{
    int rc = 0;
    for (uint32_t i = 0; i < s->n_spots && rc == 0; i++)
        rc = step_aside(b, w, s->spots[i], s->order);
    return rc;
}

/* --- and back --- */

static void merge_companion(struct window *into, struct window *w, uint64_t order)
{
    for (struct window **at = &w->companion; *at; at = &(*at)->companion) {
        struct window *c = *at;
        if (c->lock != order)
            continue;
        window_merge(into, c);
        *at = c->companion;
        c->companion = NULL;
        window_free(c);
        return;
    }
}

static int come_back(struct books *b, struct window *w, const struct override *s)
{
    for (int p = w->period; p < PERIOD_COUNT; p++) {
        int64_t start_us, end_us, at_us = w->end_us - 1;
        struct window *around = w;
        if (!books_place(b, (enum period)p, at_us, &start_us, &end_us))
            continue;
        int rc = p == (int)w->period ? 0 : books_find(b, (enum period)p, at_us, &around);
        if (rc < 0)
            return rc;
        if (!around || !override_find(around, s->order))
            continue;
        merge_companion(p == (int)w->period ? w : lock_book(around, at_us), around, s->order);
        books_changed(b, around, REASON_OPERATOR);
    }
    return 0;
}

/* --- orders --- */

static bool is_on_edge(const struct books *b, int64_t t_us)
{
    int64_t start_us, end_us;
    period_window((enum period)b->site->smallest, b->zone, t_us, &start_us, &end_us);
    return start_us == t_us;
}

/* The spots that the order is about: one point, or all of its stream that are totalled. */
static void list_spots(struct account *a, const struct amount *amount, int32_t stream, struct override *s)
{
    for (size_t i = 0; i < a->plan->n_points; i++) {
        const struct point *pt = &a->plan->points[i];
        bool is_meant = stream >= 0 ? pt->stream == stream && pt->role == ROLE_FISCAL
                                    : pt->index == amount->point;
        if (!is_meant || !a->spots[i])
            continue;
        s->spots = array_grow(s->spots, s->n_spots, &s->spots_room, sizeof(struct spot *));
        s->spots[s->n_spots++] = a->spots[i];
    }
}

static uint64_t overlapping(const struct books *b, const struct override *s)
{
    for (uint32_t i = 0; i < b->n_overrides; i++) {
        const struct override *other = &b->overrides[i];
        for (uint32_t k = 0; k < s->n_spots; k++)
            if (other->from_us < s->until_us && s->from_us < other->until_us && has_spot(other, s->spots[k]))
                return other->order;
    }
    return 0;
}

static int add_own(struct account *a, const struct amount *amount, uint64_t order)
{
    a->substituting = order;
    int rc = account_add(a, amount);
    a->substituting = 0;
    return rc;
}

int account_substitute(struct account *a, const struct amount *amount, int32_t stream, uint64_t order,
                       uint64_t *other)
{
    struct books *b = a->sites[a->plan->points[amount->point].site];
    struct override s = { .order = order, .from_us = amount->start_us, .until_us = amount->end_us,
                            .is_dirty = true };
    if (!is_on_edge(b, s.from_us) || !is_on_edge(b, s.until_us))
        return ACCOUNT_EDGE;
    if (s.until_us - s.from_us > SUBSTITUTE_MOST_US)
        return ACCOUNT_LONG;
    list_spots(a, amount, stream, &s);
    *other = overlapping(b, &s);
    int rc = *other ? ACCOUNT_LOCKED : each_smallest(b, &s, stand_aside);
    if (rc == 0) {
        b->overrides = array_grow(b->overrides, b->n_overrides, &b->overrides_room,
                                    sizeof *b->overrides);
        b->overrides[b->n_overrides++] = s;
        return add_own(a, amount, order);
    }
    free(s.spots);
    return rc;
}

int account_unsubstitute(struct account *a, const struct amount *amount, uint64_t order)
{
    struct books *b = a->sites[a->plan->points[amount->point].site];
    struct override *s = of_order(b, order);
    if (!s)
        return ACCOUNT_OPEN;
    struct amount back = *amount;
    back.sign = -1;
    int rc = add_own(a, &back, order);
    if (rc == 0)
        rc = each_smallest(b, s, come_back);
    if (rc != 0)
        return rc;
    rerate_between(b, s->from_us, s->until_us, REASON_OPERATOR);
    b->ended_overrides = array_grow(b->ended_overrides, b->n_ended_overrides, &b->ended_overrides_room,
                                      sizeof *b->ended_overrides);
    b->ended_overrides[b->n_ended_overrides++] = order;
    free(s->spots);
    size_t behind = (size_t)(b->overrides + b->n_overrides - (s + 1));
    memmove(s, s + 1, behind * sizeof *s);
    b->n_overrides--;
    return 0;
}

/* --- rows --- */

static size_t put_key(const struct books *b, uint64_t order, struct buffer *row)
{
    buffer_clear(row);
    buffer_put_u8(row, 'B');
    buffer_put(row, b->id.at, b->id.size);
    buffer_put_u8(row, 0);
    for (int shift = 56; shift >= 0; shift -= 8)
        buffer_put_u8(row, (uint8_t)(order >> shift));
    return row->size;
}

static void save_one(const struct books *b, const struct override *s, struct buffer *row, struct state_out *out)
{
    size_t key_size = put_key(b, s->order, row);
    buffer_put_u8(row, OVERRIDE_ROW);
    buffer_put_i64(row, s->from_us);
    buffer_put_i64(row, s->until_us);
    buffer_put_u32(row, s->n_spots);
    for (uint32_t i = 0; i < s->n_spots; i++) {
        buffer_put_slice(row, s->spots[i]->device);
        buffer_put_slice(row, s->spots[i]->point);
    }
    out->put(out->self, STAGE_ACCOUNT, (struct slice){ row->at, key_size },
             (struct slice){ row->at + key_size, row->size - key_size });
}

/* One that came and went between two saves has no row. */
static void drop_one(const struct books *b, uint64_t order, struct buffer *row, struct state_out *out)
{
    struct buffer until = { 0 };
    put_key(b, order + 1, &until);
    put_key(b, order, row);
    out->drop_range(out->self, STAGE_ACCOUNT, buffer_slice(row), buffer_slice(&until));
    buffer_fini(&until);
}

void override_save(struct books *b, struct buffer *row, struct state_out *out)
{
    for (uint32_t i = 0; i < b->n_ended_overrides; i++)
        drop_one(b, b->ended_overrides[i], row, out);
    b->n_ended_overrides = 0;
    for (uint32_t i = 0; i < b->n_overrides; i++) {
        if (b->overrides[i].is_dirty)
            save_one(b, &b->overrides[i], row, out);
        b->overrides[i].is_dirty = false;
    }
}

static bool take_spot(struct books *b, struct cursor *c, struct override *s)
{
    struct slice device = cursor_slice(c), point = cursor_slice(c);
    if (c->has_failed || device.size == 0 || point.size == 0)
        return false;
    s->spots = array_grow(s->spots, s->n_spots, &s->spots_room, sizeof(struct spot *));
    s->spots[s->n_spots++] = cast_spot(&b->account->cast, b, device, point);
    return true;
}

int override_load(struct books *b, struct cursor *key, struct cursor *c)
{
    struct override s = { 0 };
    for (int i = 0; i < 8; i++)
        s.order = s.order << 8 | cursor_u8(key);
    s.from_us = cursor_i64(c);
    s.until_us = cursor_i64(c);
    uint32_t n = cursor_u32(c);
    bool fits = !key->has_failed && s.until_us > s.from_us;
    for (uint32_t i = 0; fits && i < n; i++)
        fits = take_spot(b, c, &s);
    if (!fits || c->has_failed) {
        free(s.spots);
        return STATE_MALFORMED;
    }
    b->overrides = array_grow(b->overrides, b->n_overrides, &b->overrides_room, sizeof *b->overrides);
    b->overrides[b->n_overrides++] = s;
    return 0;
}

void override_free(struct books *b)
{
    for (uint32_t i = 0; i < b->n_overrides; i++)
        free(b->overrides[i].spots);
    free(b->overrides);
    free(b->ended_overrides);
}
