/* Locks: periods of a site that a person has closed. Here alone it is decided whether a change is a revision
 * or an adjustment, and where its figures go. */
#ifndef ACCOUNT_LOCK_H
#define ACCOUNT_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "model/state.h"
#include "model/summary.h"

struct source;
struct books;
struct window;
struct account;

struct lock {
    uint64_t order;          /* its id */
    int64_t from_us, until_us;
    bool is_dirty;           /* since the last save */
};

/* What became of a locked window after it was locked: an ADJUSTMENT that left. */
struct adjustment {
    struct summary_adjustment line; /* its changes[].stream are not used: see sources */
    struct source **sources;        /* of each change; NULL: the window's totals */
    int64_t booked_start_us;        /* of the window that it was booked in */
    bool is_widest;                 /* no longer window inside the lock is published */
    bool is_dirty;
};

/* Whether the window lies wholly inside a lock: what changes in it leaves as an adjustment. */
bool window_is_locked(const struct window *w);

/* The window that a change at an instant of w goes into: w itself; or, where the instant is locked and w is
 * longer than the lock, its companion, whose figures stand beside those of w and in none of its sums. Every
 * change of a window longer than the smallest goes through this. */
struct window *lock_book(struct window *w, int64_t at_us);

/* The companion of w that holds what was adjusted at an instant; NULL. */
const struct window *lock_companion(const struct window *w, int64_t at_us);

/* --- adjustment.c --- */

/* The window leaves as an adjustment: what was adjusted, and in which open window it is booked. */
struct arena;
void lock_tell(const struct window *w, struct arena *arena, struct summary *s);

/* The adjustments that a window's summary lists. */
void lock_list(const struct account *a, const struct window *w, struct arena *arena, struct summary *out);

/* Those that were booked in a year that is forgotten. */
void lock_forget(struct books *b, int64_t before_us, struct state_out *out);

/* --- rows --- */

#define LOCK_ROW 1u              /* version of both kinds */
void lock_save(struct books *b, struct buffer *row, struct state_out *out);
void adjustment_save(struct books *b, struct buffer *row, struct state_out *out);
void lock_free(struct books *b);
void adjustment_free(struct books *b);

/* Rows of locks ('L') and adjustments ('A'); the cursors stand behind site and version. 0 or STATE_MALFORMED. */
int lock_load(struct books *b, struct cursor *key, struct cursor *value);
int adjustment_load(struct books *b, struct cursor *key, struct cursor *value);

#endif
