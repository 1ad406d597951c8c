/* A lock freezes what was published of a period. Underneath the books go on: a window inside it takes in
 * what is new like any other, and is told from then on by adjustments, each saying what it said before and
 * what it would say now. So nothing is lost, and unlocking shows the truth at once.
 *
 * A longer window around the lock is its locked windows as they were published. What changes in them
 * must not get into its sums, so it goes into a companion: a window of the same tables, one for each lock,
 * saved in the same row. Its figures are in no sum; the adjustments that made them are listed beside the
 * totals (adjustment.c). Unlocking adds the companion to its window, which then leaves as a revision.
 *
 * Windows inside the lock, whatever their length, and windows around it are told apart by their ends alone.
 * Locks of a site never overlap: one that lies inside a new one becomes part of it. A period is locked
 * when all its windows have closed; revisions that are pending leave before.
 *
 * Locking is told: the widest windows inside it (the month, not its hours, when months are published)
 * leave once more with status LOCKED, and once more when it is opened again. Their figures are the same. */
#include "account/lock.h"

#include <stdlib.h>
#include <string.h>

#include "account/array.h"
#include "account/books.h"

static bool holds(const struct lock *l, int64_t from_us, int64_t until_us)
{
    return l->from_us <= from_us && until_us <= l->until_us;
}

static const struct lock *lock_at(const struct books *b, int64_t at_us)
{
    for (uint32_t i = 0; i < b->n_locks; i++)
        if (b->locks[i].from_us <= at_us && at_us < b->locks[i].until_us)
            return &b->locks[i];
    return NULL;
}

bool window_is_locked(const struct window *w)
{
    for (uint32_t i = 0; i < w->books->n_locks; i++)
        if (holds(&w->books->locks[i], w->start_us, w->end_us))
            return true;
    return false;
}

/* --- companions --- */

static struct window *make_companion(struct window *w, const struct lock *l)
{
    int64_t from_us = l->from_us > w->start_us ? l->from_us : w->start_us;
    int64_t until_us = l->until_us < w->end_us ? l->until_us : w->end_us;
    struct window *fresh = window_new(w->books, w->period, from_us, until_us);
    fresh->lock = l->order;
    fresh->companion = w->companion;
    w->companion = fresh;
    return fresh;
}

struct window *lock_book(struct window *w, int64_t at_us)
{
    if (w->books->n_locks == 0)
        return w;
    const struct lock *l = lock_at(w->books, at_us);
    if (!l || window_is_locked(w))
        return w;
    for (struct window *c = w->companion; c; c = c->companion)
        if (c->lock == l->order)
            return c;
    return make_companion(w, l);
}

const struct window *lock_companion(const struct window *w, int64_t at_us)
{
    for (const struct window *c = w->companion; c; c = c->companion)
        if (c->start_us <= at_us && at_us < c->end_us && !window_stands_aside(c))
            return c;
    return NULL;
}

/* What was adjusted inside [from, until) is part of the window again. */
static bool take_back_companions(struct window *w, int64_t from_us, int64_t until_us)
{
    bool had_any = false;
    for (struct window **at = &w->companion; *at;) {
        struct window *c = *at;
        if (c->start_us < from_us || c->end_us > until_us || window_stands_aside(c)) {
            at = &c->companion;
            continue;
        }
        window_merge(w, c);
        *at = c->companion;
        c->companion = NULL;
        window_free(c);
        had_any = true;
    }
    return had_any;
}

/* --- whom a lock touches --- */

/* The window of a period at an instant, if there is one on record. */
static int find(struct books *b, enum period p, int64_t at_us, struct window **out)
{
    int64_t start_us, end_us;
    *out = NULL;
    return books_place(b, p, at_us, &start_us, &end_us) ? books_find(b, p, at_us, out) : 0;
}

/* Calls for each window of the period that overlaps [from, until), while that gives 0. */
static int each_window(struct books *b, enum period p, int64_t from_us, int64_t until_us,
                       void (*call)(struct window *w, const struct lock *range))
{
    struct lock range = { .from_us = from_us, .until_us = until_us };
    for (int64_t at_us = from_us; at_us < until_us;) {
        int64_t start_us, end_us;
        struct window *w;
        period_window(p, b->zone, at_us, &start_us, &end_us);
        int rc = find(b, p, at_us, &w);
        if (rc < 0)
            return rc;
        if (w)
            call(w, &range);
        at_us = end_us;
    }
    return 0;
}

static void revise(struct window *w)
{
    books_restated(w->books, w, REASON_OPERATOR, false);
}

static void open_window(struct window *w, const struct lock *range)
{
    if (take_back_companions(w, range->from_us, range->until_us))
        revise(w);
}

/* Only a window that is longer than the lock, or lies across its ends, has companions; days and shorter
 * ones do only at the ends, and only where the zone is no whole number of hours from UTC. */
static int open_longer(struct books *b, int64_t from_us, int64_t until_us)
{
    int rc = 0;
    for (int p = PERIOD_MINUTE; rc == 0 && p <= PERIOD_DAY; p++) {
        rc = each_window(b, (enum period)p, from_us, from_us + 1, open_window);
        if (rc == 0)
            rc = each_window(b, (enum period)p, until_us - 1, until_us, open_window);
    }
    for (int p = PERIOD_MONTH; rc == 0 && p < PERIOD_COUNT; p++)
        rc = each_window(b, (enum period)p, from_us, until_us, open_window);
    return rc;
}

/* The widest published window at `at` that lies inside [from, until); its end in any case. */
static bool widest_at(const struct books *b, int64_t at_us, const struct lock *range, enum period *p,
                      int64_t *end_us)
{
    for (int wide = PERIOD_YEAR; wide >= PERIOD_MINUTE; wide--) {
        int64_t start_us;
        if (!b->strips[wide].is_published)
            continue;
        period_window((enum period)wide, b->zone, at_us, &start_us, end_us);
        *p = (enum period)wide;
        if (start_us == at_us && holds(range, start_us, *end_us))
            return true;
    }
    return false;
}

static int tell_status(struct books *b, int64_t from_us, int64_t until_us)
{
    struct lock range = { .from_us = from_us, .until_us = until_us };
    for (int64_t at_us = from_us; at_us < until_us;) {
        enum period p;
        struct window *w = NULL;
        int64_t end_us = until_us;
        if (widest_at(b, at_us, &range, &p, &end_us)) {
            int rc = find(b, p, at_us, &w);
            if (rc < 0)
                return rc;
        }
        if (w && w->revision > 0) {
            w->is_status_due = true;
            revise(w);
        }
        at_us = end_us;
    }
    return 0;
}

/* --- locking and unlocking --- */

/* Whether everything published inside has closed. */
static bool has_closed(const struct books *b, int64_t until_us)
{
    for (int p = 0; p < PERIOD_COUNT; p++) {
        const struct strip *s = &b->strips[p];
        int64_t start_us, end_us;
        if (!s->is_published)
            continue;
        period_window((enum period)p, b->zone, until_us - 1, &start_us, &end_us);
        int64_t needed_us = end_us <= until_us ? end_us : start_us;
        if (s->next_us == TIME_UNKNOWN || s->next_us < needed_us)
            return false;
    }
    return true;
}

void account_release(struct account *a, int32_t site, int64_t from_us, int64_t until_us)
{
    struct books *b = a->sites[site];
    for (int p = 0; p < PERIOD_COUNT; p++)
        for (uint32_t i = 0; i < b->strips[p].n; i++) {
            struct window *w = b->strips[p].at[i];
            if (window_is_waiting(w) && w->start_us >= from_us && w->end_us <= until_us &&
                w->due_us > a->elapsed_us)
                w->due_us = a->elapsed_us;
        }
    pending_sort(&a->pending);
}

/* Locks inside the range go; the new one has a place then. */
static void remove_inside(struct books *b, int64_t from_us, int64_t until_us)
{
    struct lock range = { .from_us = from_us, .until_us = until_us };
    for (uint32_t i = 0; i < b->n_locks;) {
        if (!holds(&range, b->locks[i].from_us, b->locks[i].until_us)) {
            i++;
            continue;
        }
        b->ended_locks = array_grow(b->ended_locks, b->n_ended, &b->ended_room, sizeof *b->ended_locks);
        b->ended_locks[b->n_ended++] = b->locks[i].order;
        memmove(&b->locks[i], &b->locks[i + 1], (b->n_locks - i - 1) * sizeof *b->locks);
        b->n_locks--;
    }
}

static bool overlaps(const struct lock *l, int64_t from_us, int64_t until_us)
{
    return l->from_us < until_us && from_us < l->until_us;
}

/* The lock that keeps [from, until) from being locked or unlocked as a whole: one that reaches out of it. */
static const struct lock *in_the_way(const struct books *b, int64_t from_us, int64_t until_us)
{
    struct lock range = { .from_us = from_us, .until_us = until_us };
    for (uint32_t i = 0; i < b->n_locks; i++)
        if (overlaps(&b->locks[i], from_us, until_us) &&
            !holds(&range, b->locks[i].from_us, b->locks[i].until_us))
            return &b->locks[i];
    return NULL;
}

int account_lock(struct account *a, int32_t site, uint64_t order, int64_t from_us, int64_t until_us,
                 uint64_t *other)
{
    struct books *b = a->sites[site];
    const struct lock *l = in_the_way(b, from_us, until_us);
    if (l || (b->n_locks && (l = lock_at(b, from_us)) && l->from_us == from_us && l->until_us == until_us)) {
        *other = l->order;
        return ACCOUNT_LOCKED;
    }
    if (!has_closed(b, until_us))
        return ACCOUNT_OPEN;
    remove_inside(b, from_us, until_us);
    b->locks = array_grow(b->locks, b->n_locks, &b->locks_room, sizeof *b->locks);
    b->locks[b->n_locks++] =
        (struct lock){ .order = order, .from_us = from_us, .until_us = until_us, .is_dirty = true };
    b->is_dirty = true;
    int rc = tell_status(b, from_us, until_us);
    pending_sort(&a->pending);
    return rc;
}

int account_unlock(struct account *a, int32_t site, int64_t from_us, int64_t until_us, uint64_t *other)
{
    struct books *b = a->sites[site];
    const struct lock *l = in_the_way(b, from_us, until_us);
    if (l) {
        *other = l->order;
        return ACCOUNT_LOCKED;
    }
    uint32_t before = b->n_locks;
    remove_inside(b, from_us, until_us);
    if (b->n_locks == before)
        return ACCOUNT_OPEN;
    b->is_dirty = true;
    int rc = open_longer(b, from_us, until_us);
    if (rc == 0)
        rc = tell_status(b, from_us, until_us);
    pending_sort(&a->pending);
    return rc;
}

/* --- rows --- */

static void put_key(const struct books *b, char kind, uint64_t number, struct buffer *row)
{
    buffer_clear(row);
    buffer_put_u8(row, (uint8_t)kind);
    buffer_put(row, b->id.at, b->id.size);
    buffer_put_u8(row, 0);
    for (int shift = 56; shift >= 0; shift -= 8)
        buffer_put_u8(row, (uint8_t)(number >> shift));
}

static void save_lock(const struct books *b, const struct lock *l, struct buffer *row, struct state_out *out)
{
    put_key(b, 'L', l->order, row);
    size_t key_size = row->size;
    buffer_put_u8(row, LOCK_ROW);
    buffer_put_i64(row, l->from_us);
    buffer_put_i64(row, l->until_us);
    out->put(out->self, STAGE_ACCOUNT, (struct slice){ row->at, key_size },
             (struct slice){ row->at + key_size, row->size - key_size });
}

/* A lock that came and went between two saves has no row to drop. */
static void drop_lock(const struct books *b, uint64_t order, struct buffer *row, struct state_out *out)
{
    struct buffer until = { 0 };
    put_key(b, 'L', order + 1, &until);
    put_key(b, 'L', order, row);
    out->drop_range(out->self, STAGE_ACCOUNT, buffer_slice(row), buffer_slice(&until));
    buffer_fini(&until);
}

void lock_save(struct books *b, struct buffer *row, struct state_out *out)
{
    for (uint32_t i = 0; i < b->n_ended; i++)
        drop_lock(b, b->ended_locks[i], row, out);
    b->n_ended = 0;
    for (uint32_t i = 0; i < b->n_locks; i++) {
        if (b->locks[i].is_dirty)
            save_lock(b, &b->locks[i], row, out);
        b->locks[i].is_dirty = false;
    }
    adjustment_save(b, row, out);
}

int lock_load(struct books *b, struct cursor *key, struct cursor *value)
{
    struct lock l = { 0 };
    for (int i = 0; i < 8; i++)
        l.order = l.order << 8 | cursor_u8(key);
    l.from_us = cursor_i64(value);
    l.until_us = cursor_i64(value);
    if (key->has_failed || value->has_failed || l.until_us <= l.from_us)
        return STATE_MALFORMED;
    b->locks = array_grow(b->locks, b->n_locks, &b->locks_room, sizeof *b->locks);
    b->locks[b->n_locks++] = l;
    return 0;
}

void lock_free(struct books *b)
{
    free(b->locks);
    free(b->ended_locks);
    adjustment_free(b);
}
