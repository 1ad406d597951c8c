/* The market-based view of scope 2: what each part of a stream's use was bought by.
 *
 * Use is allotted to instruments in the order of time, so that the part of a window that an instrument
 * covers is min(A, U(end)) - min(A, U(start)), with U the use since its matching period began. The rest
 * falls to the supplier's factor, the residual mix, the grid's. What is allotted stands as tallies of the
 * windows beside the location-based ones, with a deal that names the rung. */
#ifndef ACCOUNT_MARKET_H
#define ACCOUNT_MARKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "account/lane.h"
#include "base/number.h"
#include "model/period.h"
#include "model/state.h"
#include "model/summary.h"

struct books;
struct window;
struct account;

/* What a part of the use rests on. Lives until the end, like rates. */
struct deal {
    uint8_t tier;            /* enum market_tier */
    struct slice instrument; /* id; empty but for MARKET_INSTRUMENT */
};

/* What could be covered of a source on one local day: its use, but nothing below 0. */
struct market_use {
    struct source *source;
    int128 micro;
};

/* How far an instrument is used up. */
struct purse {
    int64_t from_us, until_us; /* matching period; until 0: none has begun */
    int128 left_micro;
    bool is_spent;
    int64_t spent_us;          /* start of the smallest window that asked for more than was left */
    int128 spent_left_micro;   /* what was left at its start */
};

struct market_day {
    int64_t start_us, end_us;
    struct market_use *uses;
    uint32_t n_uses, room;
    struct purse *before, *after; /* by instrument of the plan */
    bool is_dirty;
};

/* Where an instrument ran out, as the windows were last allotted. */
struct spent {
    struct slice instrument; /* id */
    int64_t from_us, until_us; /* of the matching period */
    int64_t at_us;
    int128 left_micro;
};

/* A smallest window whose use changed since it was allotted. */
struct stale {
    enum period period;
    int64_t start_us;
};

/* Windows of a range that are allotted anew at one entry of the log book: some milliseconds. */
#define MARKET_WINDOWS_AT_ONCE 64

struct market {
    struct market_day *days; /* in order of time */
    uint32_t n_days, days_room;
    uint32_t first_changed;  /* days from here on are to be folded anew; n_days: none */
    struct spent *spents;
    uint32_t n_spents, spents_room;
    struct stale *stale;
    uint32_t n_stale, stale_room;
    int64_t redo_from_us, redo_until_us; /* windows that start there are to be allotted anew; from = until:
                                          * none */
    uint8_t redo_reason;                 /* enum reason */
    int64_t since_us;                    /* the earliest amount; TIME_NEVER */
    uint64_t terms;                      /* a hash of instruments and rungs */
    bool is_dirty;                       /* since the last save */
};

void market_init(struct market *m);
void market_fini(struct market *m);

/* A new plan: sources learn whether they are marketed, and what was allotted under other terms is to be
 * allotted anew. market_leave before, with the old one. */
void market_leave(struct account *a);
void market_configure(struct account *a);

/* The deal of a tier; of MARKET_INSTRUMENT that of the instrument. */
struct deal *market_deal(struct cast *cast, enum market_tier tier, struct slice instrument);

/* An amount reached a smallest window of a marketed source. */
void market_note(struct books *b, struct window *w);

/* An amount that early belongs to the site. */
static inline void market_since(struct market *m, int64_t t_us)
{
    if (t_us >= m->since_us)
        return;
    m->since_us = t_us;
    m->is_dirty = true;
}

/* Allots what changed, as far as the entry in hand may; before a summary is built. 0, or negative. */
int market_settle(struct account *a);

/* Whether there is more to do without any further reading. */
bool market_is_busy(const struct account *a);

/* --- market_fold.c --- */

/* The use of a source in a smallest window changed by so much of what can be covered. */
void market_use_changed(struct books *b, struct source *source, int64_t t_us, int128 change);

/* Folds the days anew from the first that changed, and widens the range to redo where an instrument now
 * runs out elsewhere. 0, or negative. */
int market_fold(struct books *b);

/* What instrument i of the site may cover at most in a smallest window that starts at t; INT128_MOST: all
 * of it. */
#define MARKET_ALL (((int128)1 << 126))
int128 market_cover(struct books *b, size_t i, int64_t t_us);

/* Puts a day that was read from a row among the others, in place of one that is there. Takes its uses. */
void market_adopt_day(struct market *m, const struct market_day *day);

/* Windows that start in [from, until) are to be allotted anew. */
void market_redo(struct books *b, int64_t from_us, int64_t until_us, enum reason reason);

/* Whether an instrument covers a stream of the plan. */
bool market_reaches(const struct account *a, const struct instrument *i, int32_t stream);

/* What was allotted to a source in a smallest window, as far as it can be covered. */
int128 market_coverable(const struct window *w, const struct source *source);

/* --- market_state.c --- */

void market_save(struct books *b, struct state_out *out);
int market_load(struct account *a, struct slice site, uint8_t kind, struct cursor *key, struct slice value);

#endif
