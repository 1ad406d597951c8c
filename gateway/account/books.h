/* The books of one site: its windows, one strip for each period, and how far each strip is closed.
 * This header is the room's own page: account.h is what others see. */
#ifndef ACCOUNT_BOOKS_H
#define ACCOUNT_BOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "account/account.h"
#include "account/grid.h"
#include "account/lane.h"
#include "account/lock.h"
#include "account/market.h"
#include "account/pending.h"
#include "account/override.h"
#include "account/watermark.h"
#include "account/window.h"

/* A device: its clock, by text. */
struct talker {
    struct device_clock clock; /* the first member: the watermark sees only this */
    struct books *books;
    struct slice id;
};

/* The windows of one period, in order of time. */
struct strip {
    bool is_wanted; /* published, or the smallest: it goes on being closed */
    bool is_published;
    bool has_closed; /* something was closed, or taken as late: from then on it cannot begin earlier */
    /* Windows exist that start in [from, until): a period that a later plan adds begins with its next
     * window, so that none is published that saw only half of its amounts. */
    int64_t from_us, until_us;
    int64_t next_us, next_end_us; /* the next window to close; TIME_UNKNOWN: not begun */
    int32_t n_filled;             /* empty windows closed in the jump of time in hand */
    struct window **at;           /* in memory, by start */
    uint32_t n, room;
    /* The place that was asked for last, and the window there; NULL: none in memory. */
    int64_t place_start_us, place_end_us;
    struct window *found;
    bool is_looked_up; /* nor among the stored rows */
    int64_t forgotten_us; /* rows of windows that start before may be gone; TIME_UNKNOWN: none */
    int64_t leaving_us;   /* those that start before are on their way out, see forget.c; or TIME_UNKNOWN */
};

/* A stretch of event time that is not wholly known; windows that touch it are withheld. */
struct hole {
    int64_t begins_us; /* TIME_UNKNOWN: since ever */
    int64_t ends_us;   /* of an open one: so far; TIME_UNKNOWN: nobody spoke yet */
};

#define HOLES_MOST 8

/* A stretch of a site's time in which cells may stand at a rate that holds no more. */
struct restating {
    int64_t from_us, until_us;
    int period;            /* enum period of the windows in hand: each in turn, since a site's smallest
                              windows were not always of the same */
    int64_t at_us;         /* windows of it that start before are done */
    enum reason reason;
    uint64_t n_seen, n_changed; /* windows */
};

#define RESTATINGS_MOST 16

struct books {
    struct account *account;
    struct slice id;
    const struct site *site; /* of the present plan; NULL: it has none of that name */
    struct zone *zone;
    struct slice zone_name; /* that days, months and years were cut by */
    struct slice year_start; /* that years were cut by; empty: none were yet */
    struct strip strips[PERIOD_COUNT];
    struct watermark watermark;
    struct device_clock **clocks;
    struct talker **talkers; /* of every plan: rows are saved by them */
    uint32_t n_talkers, talkers_room;
    uint32_t n_lanes;
    int64_t frontier_us; /* the latest end of an amount or time of a reading */
    int64_t begins_us;   /* an amount before this may move the beginning of a strip;
                                    TIME_NEVER: nothing has begun */
    int64_t closes_us;   /* the watermark at which the next window closes; or TIME_NEVER */
    uint64_t skipped;    /* empty windows that jumps left unpublished */
    uint64_t uncovered;  /* windows withheld because of a hole */
    struct hole holes[HOLES_MOST]; /* the oldest first */
    uint32_t n_holes;
    struct lock *locks;  /* none overlaps another; by order */
    uint32_t n_locks, locks_room;
    uint64_t *ended_locks; /* since the last save */
    uint32_t n_ended, ended_room;
    struct override *overrides;
    uint32_t n_overrides, overrides_room;
    uint64_t *ended_overrides; /* since the last save */
    uint32_t n_ended_overrides, ended_overrides_room;
    struct adjustment **adjustments; /* in the order in which they left */
    uint32_t n_adjustments, adjustments_room;
    bool is_hole_open;   /* the last one: its end is not known yet */
    int64_t hole_at_us;  /* elapsed time of the entry that opened it */
    size_t awaited_hint; /* among the watermark's devices */
    struct restating restatings[RESTATINGS_MOST]; /* the first is in hand */
    uint32_t n_restatings;
    bool has_new_restatings, has_restatings_row; /* since the last save; in the store */
    struct market market;
    bool is_ready;       /* stands in account->ready */
    bool is_dirty;       /* since the last save */
};

/* What a stream of the plan is made of, looked through once per plan. */
struct members {
    int32_t *points;              /* its fiscal points, in plan order */
    uint32_t n, n_expected, room; /* expected: registers and intervals */
};

struct account {
    struct state_in lookup;
    const struct plan *plan;
    uint32_t plan_number; /* counts the plans, from 1 */
    struct cast cast;
    int64_t elapsed_us, wall_us;
    uint64_t frame; /* of the intake, in hand; 0: none */
    bool is_synchronised, is_finishing;
    enum reason because; /* of what changes now; 0: what arrives */
    uint64_t order;      /* whose doing that is; 0: nobody's */
    uint64_t substituting; /* what is added is a substitution's own; its order */
    bool is_plan_awaited; /* a hole came before any plan: it is one of the sites of the first */
    bool is_whole_dirty;  /* one of these two, since the last save */

    struct books **all; /* of every plan */
    uint32_t n_all, all_room;
    /* By index in the present plan: */
    struct books **sites;
    struct talker **devices;
    struct spot **spots;
    struct source **sources;
    struct rate **rates;
    struct rate **stand_ins; /* a factor's place in rates × 2, + 1 for an annual one; NULL: not needed yet */
    struct members *members;
    size_t n_members;
    struct source **former; /* of the last plan, until the present one is taken up */
    size_t n_former;

    struct books **ready; /* may have something to close; in no order that matters */
    uint32_t n_ready, ready_room;
    int64_t wake_us; /* elapsed time before which no other becomes ready by itself */
    struct pending pending;
    struct grids grids;
    bool has_reached_back;
    enum { FORGET_NONE, FORGET_SAID, FORGET_SAVED } forgetting; /* how far the last FORGET is */

    int32_t market_left; /* windows that the entry in hand may still allot anew */

    struct piece *pieces; /* of the amount in hand */
    uint32_t n_pieces, pieces_room;
    struct buffer row; /* scratch of a save */
};

/* --- books.c --- */

/* The books of a site by its id; made when missing. */
struct books *books_of(struct account *a, struct slice id);
struct talker *books_talker(struct books *b, struct slice id);
void books_free(struct books *b);

/* The strips that the present plan wants begin or end. */
void books_want(struct books *b);

/* The strips begin at t, or earlier than they had: as long as nothing of a strip was closed and its
 * window at t is not overdue. */
void books_begin(struct books *b, int64_t t_us);

/* Where a period's window at an instant begins and ends; false: the strip has none there. */
bool books_place(struct books *b, enum period p, int64_t t_us, int64_t *start_us, int64_t *end_us);

/* The window of a period that holds an instant: in memory, or fetched; NULL in out: there is none.
 * Negative when it cannot be looked up. */
int books_find(struct books *b, enum period p, int64_t t_us, struct window **out);
struct window *books_make(struct books *b, enum period p, int64_t t_us); /* made when missing */

/* Puts a window that was read from a row into its strip, unless there is one. Takes it. */
struct window *books_adopt(struct books *b, struct window *w);

/* The smallest period that has a window at an instant; PERIOD_COUNT: none. */
enum period books_smallest_at(struct books *b, int64_t t_us, int64_t *start_us, int64_t *end_us);

/* The first of the strip in memory that starts at or after t; NULL. */
struct window *strip_from(const struct strip *s, int64_t t_us);

static inline bool window_is_closed(const struct window *w)
{
    return w->start_us < w->books->strips[w->period].next_us;
}

/* Something of a window changed: it is saved anew and, when it was closed, revised. */
void books_changed(struct books *b, struct window *w, enum reason reason);

/* The same for what another rate changed: it leaves at once or, where more of its parts are still to be
 * looked at, is held until it is released. */
void books_restated(struct books *b, struct window *w, enum reason reason, bool is_held);
void books_release(struct books *b, struct window *w);

/* The place that was asked for last has to be looked for again. */
static inline void strip_forget_place(struct strip *s)
{
    s->place_start_us = s->place_end_us = 0;
    s->found = NULL;
}

/* Lets go of closed windows that are saved and that little can still reach. */
void books_forget(struct books *b);

/* --- hole.c --- */

/* What came before now is not wholly known: a hole of this site begins. */
void books_hole(struct books *b);

/* A device said something new. hole_settle comes before, by the time that passed until this reading. */
void hole_heard(struct books *b, struct device_clock *clock, int64_t time_us);

/* The open hole ends if nobody's silence holds it open any more. A function of what was seen and of the
 * elapsed time, however often it is asked. */
void hole_settle(struct books *b);

/* The elapsed time at which the open hole may end by silence alone; TIME_NEVER. */
int64_t hole_due(const struct books *b);

/* Whether a window may not be published, and that it was counted as such. */
bool hole_withholds(const struct window *w);
void hole_count(struct window *w);

/* --- forget.c --- */

/* What account_forget put out is saved; is committed. */
void forget_saved(struct account *a);
void forget_committed(struct account *a);

/* Behind that no device can reach, as horizon.c has it for a base; false: every window is kept. */
bool forget_horizon(const struct books *b, int64_t lateness_us, int64_t *until_us);

/* --- rerate.c --- */

/* Something changed what holds in [from, until): cells in there are looked at again, in chunks. */
void rerate_between(struct books *b, int64_t from_us, int64_t until_us, enum reason reason);

/* Row of the site's stretches, and back. */
void rerate_save(struct books *b, struct state_out *out);
int rerate_load(struct books *b, struct cursor *c);

/* --- rerate_plan.c --- */

/* The eras of all streams of the present plan; where another rate holds than under the last plan, the site
 * is re-rated. Behind all mapping. */
void rerate_plan(struct account *a);
void rerate_leave_source(struct source *source);

/* --- close.c --- */

/* Looks where the next closing of a site lies; after its strips or its watermark moved. */
void books_refresh(struct books *b);

/* The same for all sites: time has passed, or a new plan came. */
void books_refresh_all(struct account *a);

/* --- summary.c --- */

/* What a window says now: all but revision, reasons and changes. */
void summary_build(struct account *a, const struct window *w, struct arena *arena,
                   struct summary *out);

/* The index of a source in the present plan; -1. */
int32_t source_stream(const struct account *a, struct source *source);

/* The index of a rate's factor in the present plan; -1. */
int32_t rate_factor(struct account *a, struct rate *rate);

/* How firm its value is. */
enum factor_status rate_status(const struct rate *rate);

/* --- revision.c --- */

/* What was last said of a stream of the plan; NULL: nothing. */
struct told *window_told(const struct account *a, const struct window *w, int32_t stream);

/* A hash of all that it says about the window, in text ids and numbers: equal means nothing changed. */
uint64_t summary_hash(const struct account *a, const struct summary *s);

/* The next revision of the window: fills in the number, the reasons and what changed against the last
 * one, and remembers this one as told. */
void summary_tell(struct account *a, struct window *w, uint64_t hash, struct arena *arena,
                  struct summary *s);

/* --- window_state.c --- */

/* A window as the value of a row, and back into its strip. read: 0, or STATE_MALFORMED. */
void window_write(const struct window *w, struct buffer *out);
int window_read(struct books *b, enum period p, int64_t start_us, struct slice value,
                struct window **out);

/* The same, and the caller owns it: it stands in no strip yet. */
int window_parse(struct books *b, enum period p, int64_t start_us, struct slice value,
                 struct window **out);

/* --- account_state.c --- */

/* Where the row of a site, device or window is filed. */
void window_key(const struct books *b, enum period p, int64_t start_us, struct buffer *out);

/* The start in a key; false: it is none of a window of that site and period. */
bool window_key_is_of(const struct books *b, enum period p, struct slice key, int64_t *start_us);

/* A row in the making: the key first, then the value behind it. */
struct buffer *row_begin(struct books *b, char kind);
void row_put(struct books *b, struct state_out *out, size_t key_size);

#endif
