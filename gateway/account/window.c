/* The three tables are plain arrays that only grow. A share is found by its lane's number; it holds the
 * chain of its cells and knows the tally of its last piece, and only when that is not the one are the
 * tallies looked through. Nothing is removed: what was taken back wholly has a count of zero, is skipped
 * by every reader and may be taken over. So adding touches no allocator once a window has seen its
 * lanes. */
#include "account/window.h"

#include <stdlib.h>
#include <string.h>

#include "account/array.h"
#include "account/books.h"

struct window *window_new(struct books *books, enum period period, int64_t start_us, int64_t end_us)
{
    struct window *w = array_one(sizeof *w);
    w->books = books;
    w->period = period;
    w->start_us = start_us;
    w->end_us = end_us;
    return w;
}

void window_free(struct window *w)
{
    if (!w)
        return;
    window_free(w->companion);
    for (uint32_t i = 0; i < w->n_shares; i++)
        cover_fini(&w->shares[i].cover);
    free(w->shares);
    free(w->tallies);
    free(w->cells);
    free(w->told);
    buffer_fini(&w->told_lines);
    free(w->places);
    free(w);
}

struct share *window_find_share(const struct window *w, const struct lane *lane)
{
    uint32_t place = lane->number < w->n_places ? w->places[lane->number] : 0;
    return place ? &w->shares[place - 1] : NULL;
}

static void fit_places(struct window *w, uint32_t n)
{
    if (n <= w->n_places)
        return;
    w->places = reallocarray(w->places, n, sizeof *w->places);
    if (!w->places)
        abort();
    memset(w->places + w->n_places, 0, (n - w->n_places) * sizeof *w->places);
    w->n_places = n;
}

struct share *window_share(struct window *w, struct lane *lane)
{
    struct share *share = window_find_share(w, lane);
    if (share)
        return share;
    fit_places(w, w->books->n_lanes);
    w->shares = array_grow(w->shares, w->n_shares, &w->shares_room, sizeof *w->shares);
    share = &w->shares[w->n_shares++];
    *share = (struct share){ .lane = lane, .first_cell = CELL_NONE };
    w->places[lane->number] = w->n_shares;
    return share;
}

static bool is_tally(const struct tally *t, const struct source *source, int direction,
                     const struct rate *rate, bool is_unverified)
{
    return t->source == source && t->rate == rate && t->direction == direction &&
           t->is_unverified == is_unverified && !t->deal;
}

struct tally *window_tally(struct window *w, struct source *source, int direction,
                           struct rate *rate, bool is_unverified)
{
    for (uint32_t i = 0; i < w->n_tallies; i++)
        if (is_tally(&w->tallies[i], source, direction, rate, is_unverified))
            return &w->tallies[i];
    w->tallies = array_grow(w->tallies, w->n_tallies, &w->tallies_room, sizeof *w->tallies);
    struct tally *t = &w->tallies[w->n_tallies++];
    *t = (struct tally){
        .source = source, .rate = rate, .direction = direction, .is_unverified = is_unverified
    };
    return t;
}

struct tally *window_market_tally(struct window *w, struct source *source, struct rate *rate,
                                  const struct deal *deal)
{
    for (uint32_t i = 0; i < w->n_tallies; i++)
        if (w->tallies[i].deal == deal && w->tallies[i].source == source && w->tallies[i].rate == rate)
            return &w->tallies[i];
    w->tallies = array_grow(w->tallies, w->n_tallies, &w->tallies_room, sizeof *w->tallies);
    struct tally *t = &w->tallies[w->n_tallies++];
    *t = (struct tally){ .source = source, .rate = rate, .direction = DIRECTION_IMPORT, .deal = deal };
    return t;
}

/* An empty cell of the share's chain, or a new one at its head. */
static uint32_t free_cell(struct window *w, struct share *share)
{
    for (uint32_t i = share->first_cell; i != CELL_NONE; i = w->cells[i].next)
        if (w->cells[i].n == 0)
            return i;
    w->cells = array_grow(w->cells, w->n_cells, &w->cells_room, sizeof *w->cells);
    w->cells[w->n_cells].next = share->first_cell;
    share->first_cell = w->n_cells;
    return w->n_cells++;
}

uint32_t window_cell(struct window *w, struct share *share, struct rate *rate, bool is_unverified,
                     int64_t from_us, int64_t to_us)
{
    uint32_t i = free_cell(w, share);
    w->cells[i] = (struct cell){ .rate = rate,
                                 .from_us = from_us,
                                 .to_us = to_us,
                                 .is_unverified = is_unverified,
                                 .next = w->cells[i].next };
    return i;
}

/* Looks along one share; narrows the ends by the cells beside the instant. */
static uint32_t cell_of_share(const struct window *w, const struct share *share, bool is_unverified,
                              int64_t at_us, int64_t *from_us, int64_t *to_us)
{
    for (uint32_t i = share->first_cell; i != CELL_NONE; i = w->cells[i].next) {
        const struct cell *cell = &w->cells[i];
        if (cell->n == 0 || cell->is_unverified != is_unverified)
            continue;
        if (cell->to_us <= at_us)
            *from_us = cell->to_us > *from_us ? cell->to_us : *from_us;
        else if (cell->from_us > at_us)
            *to_us = cell->from_us < *to_us ? cell->from_us : *to_us;
        else
            return i;
    }
    return CELL_NONE;
}

uint32_t window_cell_at(const struct window *w, const struct spot *spot, struct ratio tick_to_micro,
                        bool is_unverified, int64_t at_us, struct lane **out_lane, int64_t *from_us,
                        int64_t *to_us)
{
    for (struct lane *lane = spot->lanes; lane; lane = lane->sibling) {
        const struct share *share = window_find_share(w, lane);
        if (!share || lane->tick_to_micro.num != tick_to_micro.num ||
            lane->tick_to_micro.den != tick_to_micro.den)
            continue;
        uint32_t i = cell_of_share(w, share, is_unverified, at_us, from_us, to_us);
        if (i != CELL_NONE) {
            *out_lane = lane;
            return i;
        }
    }
    return CELL_NONE;
}

bool window_holds(const struct window *w, const struct amount *amount)
{
    return amount->start_us >= w->start_us && amount->end_us <= w->end_us;
}

static int64_t overlap_us(const struct window *w, const struct amount *amount)
{
    int64_t from_us = amount->start_us > w->start_us ? amount->start_us : w->start_us;
    int64_t to_us = amount->end_us < w->end_us ? amount->end_us : w->end_us;
    return to_us > from_us ? to_us - from_us : 0;
}

/* An event covers nothing: it is an instant. */
static void cover_time(struct window *w, struct share *share, const struct amount *amount)
{
    int64_t from_us = amount->start_us > w->start_us ? amount->start_us : w->start_us;
    int64_t to_us = amount->end_us < w->end_us ? amount->end_us : w->end_us;
    enum cover_kind kind = cover_kind_of(amount);
    if (kind != COVER_KINDS && amount->end_us - amount->start_us > 1)
        cover_add(&share->cover, kind, from_us, to_us, amount->sign);
}

void window_stretch(struct window *w, struct share *share, const struct amount *amount)
{
    share->stretches += amount->sign;
    if (amount->is_valid)
        share->valid_us += amount->sign * overlap_us(w, amount);
    cover_time(w, share, amount);
}

void window_touch(struct window *w, struct share *share, const struct amount *amount)
{
    if (amount->is_unverified) {
        share->unverified += amount->sign;
        return;
    }
    if (share->lane->role == ROLE_FISCAL && !share->lane->spot->is_follower)
        w->readings += amount->sign;
    if (amount->is_valid)
        share->valid_us += amount->sign * overlap_us(w, amount);
    cover_time(w, share, amount);
    for (int kind = 0; kind < FLAG_KINDS; kind++)
        if (amount->flags & 1u << kind)
            share->flagged[kind] += amount->sign;
}

/* The tally of a share's pieces; mostly the one of its last piece. */
static struct tally *tally_of(struct window *w, struct share *share, struct rate *rate,
                              bool is_unverified)
{
    const struct lane *lane = share->lane;
    if (share->tally < w->n_tallies &&
        is_tally(&w->tallies[share->tally], lane->source, lane->direction, rate, is_unverified))
        return &w->tallies[share->tally];
    struct tally *t = window_tally(w, lane->source, lane->direction, rate, is_unverified);
    share->tally = (uint32_t)(t - w->tallies);
    return t;
}

void window_add(struct window *w, struct share *share, const struct amount *amount,
                struct rate *rate, int128 ticks, const struct figures *change)
{
    share->n += amount->sign;
    if (!amount->is_unverified) {
        bool is_cut = amount->part == PART_MEASURED && !window_holds(w, amount);
        share->part_ticks[is_cut ? PART_INTERPOLATED : amount->part] += ticks;
    }
    if (share->lane->role != ROLE_FISCAL)
        return;
    struct tally *tally = tally_of(w, share, rate->family, amount->is_unverified);
    tally->n += amount->sign;
    figures_add(&tally->figures, change, rate);
}

void window_move(struct window *w, const struct lane *lane, const struct cell *cell, struct rate *rate,
                 const struct figures *after)
{
    struct tally *from = window_tally(w, lane->source, lane->direction, cell->rate->family, cell->is_unverified);
    from->n -= cell->n;
    from->figures = figures_less(&from->figures, &cell->figures, cell->rate);
    struct tally *to = window_tally(w, lane->source, lane->direction, rate->family, cell->is_unverified);
    to->n += cell->n;
    figures_add(&to->figures, after, rate);
}

static void merge_share(struct share *into, const struct share *from)
{
    for (int part = 0; part < PART_COUNT; part++)
        into->part_ticks[part] += from->part_ticks[part];
    into->valid_us += from->valid_us;
    cover_merge(&into->cover, &from->cover);
    into->n += from->n;
    into->stretches += from->stretches;
    into->unverified += from->unverified;
    for (int kind = 0; kind < FLAG_KINDS; kind++)
        into->flagged[kind] += from->flagged[kind];
}

static void merge_cell(struct window *into, struct share *share, const struct cell *from)
{
    uint32_t i = share->first_cell;
    while (i != CELL_NONE && (into->cells[i].n == 0 || into->cells[i].rate != from->rate ||
                              into->cells[i].from_us != from->from_us || into->cells[i].to_us != from->to_us ||
                              into->cells[i].is_unverified != from->is_unverified))
        i = into->cells[i].next;
    if (i == CELL_NONE)
        i = window_cell(into, share, from->rate, from->is_unverified, from->from_us, from->to_us);
    struct cell *cell = &into->cells[i];
    cell->n += from->n;
    cell->ticks += from->ticks;
    figures_add(&cell->figures, &from->figures, from->rate);
}

void window_merge(struct window *into, const struct window *from)
{
    for (uint32_t i = 0; i < from->n_shares; i++) {
        struct share *share = window_share(into, from->shares[i].lane);
        merge_share(share, &from->shares[i]);
        for (uint32_t c = from->shares[i].first_cell; c != CELL_NONE; c = from->cells[c].next)
            if (from->cells[c].n != 0)
                merge_cell(into, share, &from->cells[c]);
    }
    for (uint32_t i = 0; i < from->n_tallies; i++) {
        const struct tally *t = &from->tallies[i];
        struct tally *mine = t->deal ? window_market_tally(into, t->source, t->rate, t->deal)
                                     : window_tally(into, t->source, t->direction, t->rate, t->is_unverified);
        mine->n += t->n;
        figures_add(&mine->figures, &t->figures, t->rate);
    }
    into->readings += from->readings;
}
