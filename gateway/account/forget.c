/* Forgetting: the rows of closed windows (STAGE_WINDOW) are there for what comes late, and would be a
 * disk's worth after some years: half a million a year and site at one minute. So those that ended before
 * a time that a FORGET entry names leave the store.
 *
 * A late amount for one of them must not bring it forth again as revision 1, for it was published. That is
 * what a strip's mark forgotten_us is for (hole.c): of what starts before it nothing need be on record, and
 * what is not on record is withheld and told. Mark and rows change in one commit.
 *
 * What is forgotten must follow from the entries alone, and not from which windows happen to be in memory
 * or which commit is through. So at the entry they leave memory too, saved or not; and until the rows are
 * really gone nobody looks for them (leaving_us). A window of the range that is made meanwhile stays in
 * memory until then, and its row comes behind the dropping in the batch. A revision that is pending is
 * still to leave, and what comes behind it may not: the mark waits in front of it, until the next entry.
 *
 * The clock of the gateway alone does not decide: one that is set years ahead would take away what devices
 * still speak about, and so would the readings of a former year that are brought in now. So a site's own
 * newest reading counts as its now if it is the earlier. No less is kept than readings may be late by.
 *
 * A strip moves on by STEP_US at most in one entry, since the rows go in one transaction. A site that the
 * plan does not name has no zone to cut windows by; it keeps what it has, which grows no more.
 *
 * A base leaves out closed windows that nothing that was heard can reach (horizon.c); a device that was
 * never heard of may still bring amounts for one. In a store that was made of a base they would find no
 * row, so a REBUILT entry forgets these windows, in every replay as well. In one go: most rows are gone. */
#include "account/books.h"

#define STEP_US (INT64_C(32) * 86400 * 1000000)   /* longer than any window, or months would never go */

/* Up to where the site's windows are to go; false: nothing is. */
static bool reach(const struct books *b, int64_t before_us, int64_t least_us, int64_t *until_us)
{
    const struct account *a = b->account;
    int64_t kept_us, own_us;
    if (!b->site || b->watermark.newest_us == TIME_UNKNOWN ||
        __builtin_sub_overflow(a->wall_us, before_us, &kept_us))
        return false;
    if (kept_us < least_us)
        kept_us = least_us;
    if (__builtin_sub_overflow(b->watermark.newest_us, kept_us, &own_us))
        return false;
    *until_us = own_us < before_us ? own_us : before_us;
    return true;
}

/* The start of the first window that stays: it ends behind until_us, or is open, or is still to be revised. */
static int64_t mark_of(struct books *b, enum period p, int64_t until_us)
{
    const struct strip *s = &b->strips[p];
    int64_t start_us, end_us;
    books_place(b, p, until_us, &start_us, &end_us);
    int64_t mark_us = start_us < s->next_us ? start_us : s->next_us;
    for (uint32_t i = 0; i < s->n && s->at[i]->start_us < mark_us; i++)
        if (s->at[i]->is_pending)
            return s->at[i]->start_us;
    return mark_us;
}

static int64_t one_step(const struct strip *s, int64_t until_us)
{
    int64_t most_us = time_after(s->forgotten_us, STEP_US);
    return s->forgotten_us != TIME_UNKNOWN && until_us > most_us ? most_us : until_us;
}

static void drop_rows(struct books *b, enum period p, int64_t mark_us, struct state_out *out)
{
    struct buffer from = { 0 }, until = { 0 };
    window_key(b, p, INT64_MIN, &from);
    window_key(b, p, mark_us, &until);
    out->drop_range(out->self, STAGE_WINDOW, buffer_slice(&from), buffer_slice(&until));
    buffer_fini(&from);
    buffer_fini(&until);
}

/* One that closed and was not saved since has its row still among the open ones. */
static void drop_open_row(const struct window *w, struct state_out *out)
{
    struct buffer key = { 0 };
    window_key(w->books, w->period, w->start_us, &key);
    out->drop(out->self, STAGE_ACCOUNT, buffer_slice(&key));
    buffer_fini(&key);
}

/* They are the first ones, all of them closed, none pending. */
static void leave_memory(struct strip *s, int64_t mark_us, struct state_out *out)
{
    uint32_t n = 0;
    for (; n < s->n && s->at[n]->start_us < mark_us; n++) {
        if (s->at[n]->is_loaded_at_start)
            drop_open_row(s->at[n], out);
        window_free(s->at[n]);
    }
    for (uint32_t i = n; i < s->n; i++)
        s->at[i - n] = s->at[i];
    s->n -= n;
    strip_forget_place(s);
}

static void strip_forgets(struct books *b, enum period p, int64_t until_us, struct state_out *out)
{
    struct strip *s = &b->strips[p];
    if (!s->has_closed)              /* it may still begin earlier */
        return;
    int64_t mark_us = mark_of(b, p, until_us);
    drop_rows(b, p, mark_us, out);
    leave_memory(s, mark_us, out);
    if (mark_us > s->leaving_us)
        s->leaving_us = mark_us;
    if (mark_us <= s->forgotten_us)
        return;
    s->forgotten_us = mark_us;
    b->is_dirty = true;
}

void account_forget(struct account *a, int64_t before_us, struct state_out *out)
{
    int64_t least_us = a->plan ? plan_longest_lateness_us(a->plan) : 0;
    for (uint32_t i = 0; i < a->n_all; i++) {
        int64_t until_us;
        if (!reach(a->all[i], before_us, least_us, &until_us))
            continue;
        for (int p = 0; p < PERIOD_COUNT; p++)
            strip_forgets(a->all[i], (enum period)p, one_step(&a->all[i]->strips[p], until_us), out);
        lock_forget(a->all[i], until_us, out);
    }
    grids_forget(&a->grids, before_us, out);
    a->forgetting = FORGET_SAID;
}

bool forget_horizon(const struct books *b, int64_t lateness_us, int64_t *until_us)
{
    int64_t oldest_us = INT64_MAX;
    for (uint32_t i = 0; i < b->n_talkers; i++) {
        int64_t newest_us = b->talkers[i]->clock.newest_us;
        if (newest_us != TIME_UNKNOWN && newest_us < oldest_us)
            oldest_us = newest_us;
    }
    return b->site && oldest_us != INT64_MAX && !__builtin_sub_overflow(oldest_us, lateness_us, until_us);
}

void account_forget_unreachable(struct account *a, struct state_out *out)
{
    for (uint32_t i = 0; a->plan && i < a->n_all; i++) {
        int64_t until_us;
        if (!forget_horizon(a->all[i], plan_longest_lateness_us(a->plan), &until_us))
            continue;
        for (int p = 0; p < PERIOD_COUNT; p++)
            strip_forgets(a->all[i], (enum period)p, until_us, out);
    }
    a->forgetting = FORGET_SAID;
}

void forget_saved(struct account *a)
{
    if (a->forgetting == FORGET_SAID)
        a->forgetting = FORGET_SAVED;
}

/* Another entry may have come behind the save: then its rows are still there. */
void forget_committed(struct account *a)
{
    if (a->forgetting != FORGET_SAVED)
        return;
    a->forgetting = FORGET_NONE;
    for (uint32_t i = 0; i < a->n_all; i++)
        for (int p = 0; p < PERIOD_COUNT; p++)
            a->all[i]->strips[p].leaving_us = TIME_UNKNOWN;
}
