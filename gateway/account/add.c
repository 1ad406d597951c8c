/* An amount is added in two steps. First it is cut into pieces, one for each cell it falls into, and
 * what each cell would come to is worked out; everything that can fail fails here, with nothing touched.
 * Then the pieces are applied: each changes its cell, and the change of the rounded figures goes to the
 * window of every period around it, so that longer windows are sums of integers and never rounded.
 *
 * A piece goes by what its cell already says. The first piece of a point in [from, to) of a window finds
 * stream, direction and factor in the plan; all later ones, and those that are taken back, follow it
 * even if a newer plan says otherwise. So a taking back is the exact inverse, and "what is in a window
 * stays as it was accounted" holds to the last digit. Where there is no cell, there is nothing to take
 * back: the point was not totalled then. */
#include <assert.h>
#include <string.h>

#include "account/array.h"
#include "account/books.h"
#include "account/rating.h"
#include "account/quality.h"
#include "account/spread.h"

struct piece {
    int64_t at_us;        /* an instant of its windows */
    enum period smallest; /* the window with the cell */
    struct lane *lane;
    struct rate *rate;
    uint32_t cell; /* CELL_NONE: to be made for [from, to) */
    int64_t from_us, to_us;
    int128 ticks;           /* with their sign */
    struct figures figures; /* of the cell afterwards */
    struct figures change;
    uint64_t aside; /* the substitution by which it stands aside; 0: it counts */
};

/* An amount on its way into a site's books. */
struct course {
    struct account *a;
    struct books *b;
    const struct amount *amount;
    const struct point *point;
    struct spot *spot;
    enum period spread;
    uint64_t hash; /* evidence_of the amount */
};

/* Fills in where a piece at at_us belongs. false: nowhere; [from, to) is then what to leave out. */
static bool settle_cell(const struct course *c, const struct window *w, struct piece *piece)
{
    const struct point *pt = c->point;
    piece->cell = CELL_NONE;
    if (w)
        piece->cell = window_cell_at(w, c->spot, pt->tick_to_micro, c->amount->is_unverified,
                                     piece->at_us, &piece->lane, &piece->from_us, &piece->to_us);
    if (piece->cell != CELL_NONE) {
        const struct cell *cell = &w->cells[piece->cell];
        piece->rate = cell->rate;
        piece->from_us = cell->from_us;
        piece->to_us = cell->to_us;
        return true;
    }
    if (c->amount->sign < 0 || !c->spot->now)
        return false;

    piece->lane = c->spot->now;
    piece->rate = rating_at(c->a, piece->lane, piece->at_us, &piece->from_us, &piece->to_us);
    return true;
}

/* What the cell comes to with the piece. */
static int work_out(const struct window *w, struct piece *piece)
{
    static const struct figures nothing;
    const struct cell *cell = piece->cell == CELL_NONE ? NULL : &w->cells[piece->cell];
    const struct figures *before = cell ? &cell->figures : &nothing;
    int128 ticks = (cell ? cell->ticks : 0) + piece->ticks;
    if (emission_of(piece->rate, piece->lane->tick_to_micro, ticks, &piece->figures))
        return ACCOUNT_OVERFLOW;
    piece->change = figures_less(&piece->figures, before, piece->rate);
    return 0;
}

/* Fetches the windows around a piece, so that applying it cannot fail. */
static int fetch_windows(struct books *b, struct piece *piece, struct window **out_smallest)
{
    *out_smallest = NULL;
    for (int p = piece->smallest; p < PERIOD_COUNT; p++) {
        struct window *w;
        int64_t start_us, end_us;
        if (!books_place(b, (enum period)p, piece->at_us, &start_us, &end_us))
            continue;
        int rc = books_find(b, (enum period)p, piece->at_us, &w);
        if (rc < 0)
            return rc;
        if (p == (int)piece->smallest)
            *out_smallest = w;
    }
    return 0;
}

static struct piece *next_piece(struct account *a)
{
    a->pieces = array_grow(a->pieces, a->n_pieces, &a->pieces_room, sizeof *a->pieces);
    struct piece *piece = &a->pieces[a->n_pieces];
    *piece = (struct piece){ 0 };
    return piece;
}

static int64_t earlier(int64_t a_us, int64_t b_us)
{
    return a_us < b_us ? a_us : b_us;
}

/* The end of the piece that begins at t, when it is cut at the edges of a longer period. Local midnights
 * cut too: they lie inside an hour where the zone is not whole hours from UTC, and days, months and
 * factors begin there. */
static int64_t lump_end(const struct course *c, int64_t t_us)
{
    int64_t start_us, end_us = c->amount->end_us, edge_us = end_us;
    if (c->spread < PERIOD_COUNT)
        period_window(c->spread, c->b->zone, t_us, &start_us, &edge_us);
    end_us = earlier(end_us, edge_us);
    if (c->spread < PERIOD_DAY)
        period_window(PERIOD_DAY, c->b->zone, t_us, &start_us, &edge_us);
    return earlier(end_us, edge_us);
}

/* By which substitution an amount stands aside; its own does not. */
static uint64_t aside_of(const struct course *c, int64_t at_us)
{
    if (c->b->n_overrides == 0 || c->a->substituting || c->amount->is_unverified)
        return 0;
    return override_at(c->b, c->spot, at_us);
}

/* The window that takes a piece in: w, or one of its companions. */
static struct window *book(struct window *w, const struct piece *piece)
{
    if (piece->aside)
        return override_book(w, piece->aside);
    return w->period == piece->smallest ? w : lock_book(w, piece->at_us);
}

/* Cuts off the piece that begins at t; *end_us is where the next one begins. */
static int cut(const struct course *c, int64_t t_us, int64_t *end_us)
{
    struct piece *piece = next_piece(c->a);
    int64_t from_us, to_us;
    enum period smallest = books_smallest_at(c->b, t_us, &from_us, &to_us);
    bool is_lump = c->spread > smallest;
    *end_us = is_lump ? lump_end(c, t_us) : c->amount->end_us;
    piece->at_us = is_lump ? *end_us - 1 : t_us;
    piece->smallest = books_smallest_at(c->b, piece->at_us, &piece->from_us, &piece->to_us);
    if (piece->smallest == PERIOD_COUNT) {
        if (!is_lump)
            period_window(PERIOD_MINUTE, NULL, t_us, &from_us, end_us);
        return 0;
    }

    struct window *w;
    int rc = fetch_windows(c->b, piece, &w);
    if (rc < 0)
        return rc;
    piece->aside = aside_of(c, piece->at_us);
    if (piece->aside)
        w = w ? override_find(w, piece->aside) : NULL;
    bool belongs = settle_cell(c, w, piece);
    if (!is_lump && piece->to_us < *end_us)
        *end_us = piece->to_us;
    if (!belongs)
        return 0;

    int64_t ticks = amount_up_to(c->amount, *end_us) - amount_up_to(c->amount, t_us);
    piece->ticks = (int128)ticks * c->amount->sign;
    c->a->n_pieces++;
    return work_out(w, piece);
}

static void apply_to_cell(struct window *w, struct share *share, const struct amount *amount,
                          const struct piece *piece)
{
    uint32_t i = piece->cell;
    if (i == CELL_NONE)
        i = window_cell(w, share, piece->rate, amount->is_unverified, piece->from_us, piece->to_us);
    struct cell *cell = &w->cells[i];
    cell->n += amount->sign;
    cell->ticks += piece->ticks;
    cell->figures = piece->figures;
}

static bool holds_window(const struct window *w, const struct window *other)
{
    return other && other->start_us >= w->start_us && other->end_us <= w->end_us;
}

static enum reason reason_of(const struct amount *amount)
{
    if (amount->part == PART_SUBSTITUTED)
        return REASON_SUBSTITUTION;
    return amount->sign < 0 ? REASON_RECLASSIFIED : REASON_LATE;
}

/* Adds a piece to the windows around it; `touched` remembers which of them know the amount already. */
static void apply(const struct course *c, const struct piece *piece, struct window **touched)
{
    for (int p = piece->smallest; p < PERIOD_COUNT; p++) {
        int64_t start_us, end_us;
        if (!books_place(c->b, (enum period)p, piece->at_us, &start_us, &end_us))
            continue;
        struct window *w = books_make(c->b, (enum period)p, piece->at_us);
        struct window *into = book(w, piece);
        struct share *share = window_share(into, piece->lane);
        if (touched[p] != into) {
            if (!holds_window(w, touched[p]) && !piece->lane->spot->is_follower)   /* else this is the part of it that is locked, or is not */
                evidence_add(&w->evidence, c->a->frame, c->hash, c->amount->sign);
            touched[p] = into;
            window_touch(into, share, c->amount);
            books_changed(c->b, w, reason_of(c->amount));
        }
        window_add(into, share, c->amount, piece->rate, piece->ticks, &piece->change);
        if (p != (int)piece->smallest)
            continue;
        apply_to_cell(into, share, c->amount, piece);
        if (piece->lane->source->is_marketed)
            market_note(c->b, w);
    }
}

static int cut_all(const struct course *c)
{
    int rc = 0;
    for (int64_t t_us = c->amount->start_us; rc == 0 && t_us < c->amount->end_us;) {
        int64_t end_us;
        rc = cut(c, t_us, &end_us);
        t_us = end_us;
    }
    return rc;
}

/* The point's own pieces, then those of streams that borrow what it counts. */
static int cut_for_all(struct course *c)
{
    struct spot *own = c->spot;
    c->a->n_pieces = 0;
    int rc = cut_all(c);
    for (c->spot = own->followers; c->spot && rc == 0; c->spot = c->spot->next_follower)
        rc = cut_all(c);
    c->spot = own;
    return rc;
}

static void apply_all(const struct course *c)
{
    const struct spot *spot = NULL;
    struct window *touched[PERIOD_COUNT];
    for (uint32_t i = 0; i < c->a->n_pieces; i++) {
        const struct piece *piece = &c->a->pieces[i];
        if (piece->lane->spot != spot)
            memset(touched, 0, sizeof touched);
        spot = piece->lane->spot;
        apply(c, piece, touched);
    }
}

int account_add(struct account *a, const struct amount *amount)
{
    assert(amount->end_us > amount->start_us && amount->part < PART_COUNT);
    if (amount->shape == AMOUNT_STRETCH)
        return quality_stretch(a, amount);
    const struct point *pt = &a->plan->points[amount->point];
    struct course c = { .a = a,
                        .b = a->sites[pt->site],
                        .amount = amount,
                        .point = pt,
                        .spot = a->spots[amount->point],
                        .spread = spread_period(amount->end_us - amount->start_us),
                        .hash = evidence_of(a->spots[amount->point]->hash, amount) };
    int rc = cut_for_all(&c);
    if (rc != 0 || a->n_pieces == 0)
        return rc;

    books_begin(c.b, amount->start_us);
    if (amount->end_us > c.b->frontier_us) {
        c.b->frontier_us = amount->end_us;
        c.b->is_dirty = true;
    }
    market_since(&c.b->market, amount->start_us);
    apply_all(&c);
    if (a->is_finishing)
        books_refresh(c.b);
    return 0;
}
