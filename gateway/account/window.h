/* A window of one site, with everything that was added to it. Three tables: shares (a lane's ticks by
 * part, its valid time), tallies (a stream's figures by rate) and, in the smallest windows, cells, where
 * ticks are rounded to figures. Entries whose count is zero are as good as absent. */
#ifndef ACCOUNT_WINDOW_H
#define ACCOUNT_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "account/emission.h"
#include "account/evidence.h"
#include "account/lane.h"
#include "model/amount.h"
#include "model/cover.h"
#include "model/period.h"

#define FLAG_KINDS 6 /* bits of AMOUNT_…, but for the gap beside an amount */
#define CELL_NONE  UINT32_MAX

/* One lane in one window. */
struct share {
    struct lane *lane;
    int128 part_ticks[PART_COUNT]; /* verified; add up to its activity */
    int64_t valid_us;
    struct cover cover;          /* of its window's time */
    int64_t n;                   /* pieces added less pieces taken back */
    int64_t unverified;          /* unverified amounts that touch the window */
    int64_t stretches;           /* that say something of time alone */
    int32_t flagged[FLAG_KINDS]; /* amounts with that flag */
    uint32_t first_cell;         /* CELL_NONE: none */
    uint32_t tally;              /* where its last piece was added, to look there first */
};

/* Where ticks become figures: one lane in [from, to) of one smallest window, at one rate. Its pieces
 * all went by the rate that the first of them found. */
struct cell {
    struct rate *rate;
    int64_t from_us, to_us;
    int64_t n;
    int128 ticks;
    struct figures figures;
    bool is_unverified;
    uint32_t next; /* of the same share; CELL_NONE: the last */
};

/* What one stream came to in one direction at one rate. */
struct tally {
    struct source *source;
    struct rate *rate;
    int direction; /* enum direction */
    bool is_unverified;
    const struct deal *deal; /* of the market-based view; NULL: of the other, see market.h */
    int64_t n;               /* of the market's: smallest windows that have it */
    struct figures figures;
};

/* What was expected of a stream when the window first closed. */
struct told {
    struct source *source;
    uint32_t points_expected;
};

struct window {
    struct books *books;
    enum period period;
    int64_t start_us, end_us;
    uint32_t revision;       /* last published; 0: not yet */
    uint32_t reasons;        /* bits, of the revision that is pending */
    bool is_pending;         /* changed since it closed */
    int64_t due_us;          /* elapsed time at which the revision leaves; INT64_MAX: not before it is
                                released, since more of it is being re-rated */
    bool is_dirty;           /* since the last save */
    bool is_uncovered;       /* was counted as withheld */
    bool is_status_due;      /* it was locked or unlocked: leaves again, whether or not figures changed */
    uint64_t order;          /* of a person, that is a reason for the revision that is pending; 0 */
    uint64_t lock;           /* of a companion (lock.c): the order of the lock; 0: it is a window */
    struct window *companion;/* the first of a window's, the next of a companion's; NULL */
    bool is_loaded_at_start; /* its row is one of STAGE_ACCOUNT */
    int64_t readings;        /* verified amounts that touch it */
    struct evidence evidence;

    struct share *shares;
    struct tally *tallies;
    struct cell *cells;
    struct told *told;
    uint32_t n_shares, n_tallies, n_cells, n_told;
    uint32_t shares_room, tallies_room, cells_room, told_room;
    uint32_t *places; /* by lane number: index in shares + 1; 0: none */
    uint32_t n_places;

    uint64_t told_hash;        /* of all figures as last published */
    struct buffer told_lines;  /* those that "before" has to show, see line.c */
    bool is_market_stale;      /* stands among those that are to be allotted anew */
};

struct window *window_new(struct books *books, enum period period, int64_t start_us,
                          int64_t end_us);
void window_free(struct window *w);

static inline int64_t window_length(const struct window *w)
{
    return w->end_us - w->start_us;
}

/* Whether it waits for its time in account->pending. */
static inline bool window_is_waiting(const struct window *w)
{
    return w->is_pending && w->due_us != INT64_MAX;
}

/* The share of a lane; NULL when it has none. */
struct share *window_find_share(const struct window *w, const struct lane *lane);
struct share *window_share(struct window *w, struct lane *lane); /* made when missing */

/* The tally of a source, made when missing. */
struct tally *window_tally(struct window *w, struct source *source, int direction,
                           struct rate *rate, bool is_unverified);

/* The same of the market-based view. */
struct tally *window_market_tally(struct window *w, struct source *source, struct rate *rate,
                                  const struct deal *deal);

/* A cell for these ends, made or taken over from one that is empty; index in cells. */
uint32_t window_cell(struct window *w, struct share *share, struct rate *rate, bool is_unverified,
                     int64_t from_us, int64_t to_us);

/* The cell of a spot that holds an instant, whichever lane it went to; CELL_NONE. The lane's tick must
 * be the one given: after a change of resolution old cells take no new ticks. Narrows [from, to) to
 * what no other cell of the spot holds when it finds none. */
uint32_t window_cell_at(const struct window *w, const struct spot *spot, struct ratio tick_to_micro,
                        bool is_unverified, int64_t at_us, struct lane **out_lane, int64_t *from_us,
                        int64_t *to_us);

/* Counts an amount that touches the window, once: readings, valid time, flags. */
void window_touch(struct window *w, struct share *share, const struct amount *amount);

/* Counts a stretch, which has a time and no activity. */
void window_stretch(struct window *w, struct share *share, const struct amount *amount);

/* Whether a share says anything; NULL does not. */
static inline bool share_is_live(const struct share *share)
{
    return share && (share->n != 0 || share->stretches != 0);
}

/* Adds a piece of an amount: ticks with their sign, and what they changed in its cell. */
void window_add(struct window *w, struct share *share, const struct amount *amount,
                struct rate *rate, int128 ticks, const struct figures *change);

/* Moves a cell's figures from the tally of its rate to that of another, where they come to `after`. */
void window_move(struct window *w, const struct lane *lane, const struct cell *cell, struct rate *rate,
                 const struct figures *after);

/* Adds everything that another window of the same site holds; its cells where both are smallest windows. */
void window_merge(struct window *into, const struct window *from);

/* Whether an amount lies wholly inside. Else a measured part counts as interpolated here. */
bool window_holds(const struct window *w, const struct amount *amount);

#endif
