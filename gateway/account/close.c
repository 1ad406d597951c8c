/* What is due. Each wanted strip has one next window to close; the earliest end among all sites that are
 * ready goes first, the shorter period before the longer, so an hour follows its quarter hours. A site is
 * ready once its watermark passes the earliest of its ends; until then it costs one comparison per
 * reading, and sites that may become ready by the passing of time alone are looked at when the earliest
 * of those moments comes.
 *
 * Windows close in order also when they are empty, so that a gap is seen as such. But a clock that jumps
 * by years must not bring forth millions of them: of a longer gap only the last WINDOWS_MOST are filled,
 * next to where data goes on, and the rest is counted as skipped. A jump may hold many gaps (an amount over
 * years has a share in each month); together they are filled no further than one. A strip that is not
 * published fills nothing. */

#include "account/array.h"
#include "account/books.h"
#include "account/spread.h"
#include "base/clock.h"
#include "base/log.h"

/* Event time up to which windows are over; TIME_UNKNOWN: nothing is. */
static int64_t over_until(const struct books *b)
{
    if (b->is_hole_open)
        return TIME_UNKNOWN;
    int64_t watermark_us = watermark_at(&b->watermark, b->account->elapsed_us);
    if (watermark_us == TIME_UNKNOWN)
        return TIME_UNKNOWN;
    int64_t limit_us;
    return __builtin_sub_overflow(watermark_us, b->site->grace_us, &limit_us) ? TIME_UNKNOWN
                                                                              : limit_us;
}

static bool is_due(const struct books *b, const struct strip *s)
{
    if (!s->is_wanted || s->next_us == TIME_UNKNOWN)
        return false;
    if (b->account->is_finishing && s->n && s->at[s->n - 1]->start_us >= s->next_us)
        return true;
    return s->next_end_us <= over_until(b);
}

/* --- which sites are ready --- */

static int64_t earliest_end(const struct books *b)
{
    int64_t end_us = TIME_NEVER;
    for (int p = 0; p < PERIOD_COUNT; p++) {
        const struct strip *s = &b->strips[p];
        if (s->is_wanted && s->next_us != TIME_UNKNOWN && s->next_end_us < end_us)
            end_us = s->next_end_us;
    }
    return end_us;
}

static bool has_due(const struct books *b)
{
    for (int p = 0; p < PERIOD_COUNT; p++)
        if (is_due(b, &b->strips[p]))
            return true;
    return false;
}

static void become_ready(struct account *a, struct books *b)
{
    if (b->is_ready)
        return;
    b->is_ready = true;
    a->ready = array_grow(a->ready, a->n_ready, &a->ready_room, sizeof(struct books *));
    a->ready[a->n_ready++] = b;
}

void books_refresh(struct books *b)
{
    struct account *a = b->account;
    if (!b->site)
        return;
    hole_settle(b);
    b->closes_us = time_after(earliest_end(b), b->site->grace_us);
    if (b->closes_us == TIME_NEVER)
        return;
    if (has_due(b)) {
        become_ready(a, b);
        return;
    }
    int64_t wake_us = b->is_hole_open ? hole_due(b)
                                      : watermark_reaches(&b->watermark, b->closes_us, a->elapsed_us);
    a->wake_us = wake_us < a->wake_us ? wake_us : a->wake_us;
}

void books_refresh_all(struct account *a)
{
    a->wake_us = TIME_NEVER;
    for (size_t i = 0; a->plan && i < a->plan->n_sites; i++)
        books_refresh(a->sites[i]);
}

/* --- empty windows --- */

static void log_jump(const struct books *b, int64_t from_us, int64_t to_us)
{
    char from[32], to[32];
    time_print(from_us, from);
    time_print(to_us, to);
    log_line(
        LOG_WARN, "account.jumped",
        "site=%s from=%s to=%s – more than %d empty windows in one jump; not all between these "
        "are published",
        b->site->id, from, to, WINDOWS_MOST);
}

/* Whether no shorter period is published: a jump is reported once, by the period it skips first. */
static bool is_shortest(const struct books *b, enum period p)
{
    for (int shorter = 0; shorter < (int)p; shorter++)
        if (b->strips[shorter].is_published)
            return false;
    return true;
}

static void move_next(struct books *b, enum period p, int64_t t_us)
{
    struct strip *s = &b->strips[p];
    period_window(p, b->zone, t_us, &s->next_us, &s->next_end_us);
    s->has_closed = true;
    b->is_dirty = true;
}

/* The next window of a due strip is empty: passes over those that are not to be filled. */
static void pass_over(struct books *b, enum period p, const struct window *first)
{
    struct strip *s = &b->strips[p];
    int64_t target_us = over_until(b);
    if (first && (b->account->is_finishing || first->start_us < target_us))
        target_us = first->start_us;
    if (!s->is_published) {
        move_next(b, p, target_us);
        return;
    }
    int64_t about_us = period_about_us(p), from_us = s->next_us;
    int64_t most = s->n_filled < WINDOWS_MOST ? WINDOWS_MOST - s->n_filled : 0;
    if ((target_us - from_us) / about_us <= most)
        return;
    move_next(b, p, target_us - most * about_us);
    b->skipped += (uint64_t)((s->next_us - from_us + about_us / 2) / about_us);
    if (is_shortest(b, p))
        log_jump(b, from_us, target_us);
}

/* Whether the strip's next window is due, after passing over what is not to be filled. */
static bool settle(struct books *b, enum period p)
{
    struct strip *s = &b->strips[p];
    if (!is_due(b, s)) {
        s->n_filled = 0;
        return false;
    }
    const struct window *first = strip_from(s, s->next_us);
    if (!first || first->start_us != s->next_us)
        pass_over(b, p, first);
    return is_due(b, s);
}

/* --- closing --- */

/* A strip whose next window is due. */
struct closing {
    struct books *books;
    enum period period;
    int64_t end_us;
};

static bool closes_before(const struct closing *a, const struct closing *b)
{
    if (!b->books || a->end_us != b->end_us)
        return !b->books || a->end_us < b->end_us;
    if (a->period != b->period)
        return a->period < b->period;
    return a->books->site->index < b->books->site->index;
}

/* The site's earliest, if it comes before *best. false: it has none. */
static bool best_of_site(struct books *b, struct closing *best)
{
    bool has_any = false;
    for (int p = 0; p < PERIOD_COUNT; p++) {
        if (!settle(b, (enum period)p))
            continue;
        struct closing c = { b, (enum period)p, b->strips[p].next_end_us };
        has_any = true;
        if (closes_before(&c, best))
            *best = c;
    }
    return has_any;
}

static struct closing find_closing(struct account *a)
{
    struct closing best = { 0 };
    for (uint32_t i = 0; i < a->n_ready;) {
        struct books *b = a->ready[i];
        if (best_of_site(b, &best)) {
            i++;
            continue;
        }
        a->ready[i] = a->ready[--a->n_ready];
        b->is_ready = false;
        books_refresh(b);
    }
    return best;
}

/* Closes the window and moves on to the one behind it. NULL: it is not published. */
static struct window *close_next(const struct closing *c)
{
    struct strip *s = &c->books->strips[c->period];
    struct window *w = strip_from(s, s->next_us);
    if (w && w->start_us != s->next_us)
        w = NULL;
    if (!w && s->is_published) {
        w = books_make(c->books, c->period, s->next_us);
        s->n_filled++;
    }
    if (w)
        w->is_dirty = true;
    move_next(c->books, c->period, s->next_end_us);
    return s->is_published ? w : NULL;
}

static struct window *next_closed(struct account *a)
{
    for (;;) {
        struct closing c = find_closing(a);
        if (!c.books)
            return NULL;
        struct window *w = close_next(&c);
        if (w)
            return w;
    }
}

/* --- revisions --- */

static bool is_blank(const struct window *w)
{
    for (uint32_t i = 0; i < w->n_shares; i++)
        if (w->shares[i].n != 0)
            return false;
    return true;
}

/* Whether there is something to say that was not said before. */
static bool has_news(const struct window *w, uint64_t hash)
{
    return w->is_status_due || (w->revision == 0 ? !is_blank(w) : hash != w->told_hash);
}

static struct window *next_pending(struct account *a)
{
    struct window *w = pending_first(&a->pending);
    if (!w || (!a->is_finishing && w->due_us > a->elapsed_us))
        return NULL;
    pending_pop(&a->pending);
    w->is_pending = false;
    w->is_dirty = true;
    return w;
}

/* A late amount reached a window that must not appear now as if it were new. */
static void withhold_late(struct window *w)
{
    char from[32], to[32];
    time_print(w->start_us, from);
    time_print(w->end_us, to);
    if (!w->is_uncovered)
        log_line(LOG_WARN, "account.uncovered",
                 "site=%s from=%s to=%s – a late amount belongs to a window of which nothing is on "
                 "record any more; it is accounted and not published",
                 w->books->site->id, from, to);
    hole_count(w);
}

static bool has_work(const struct account *a)
{
    const struct window *w = pending_first(&a->pending);
    return a->n_ready || (w && (a->is_finishing || w->due_us <= a->elapsed_us)) || market_is_busy(a);
}

int account_emit(struct account *a, struct arena *arena, struct summary *out)
{
    struct window *w;
    int rc = has_work(a) ? market_settle(a) : 0;
    if (rc < 0)
        return rc;
    while ((w = next_closed(a))) {
        if (hole_withholds(w)) {
            hole_count(w);
            continue;
        }
        summary_build(a, w, arena, out);
        summary_tell(a, w, summary_hash(a, out), arena, out);
        return 0;
    }
    while ((w = next_pending(a))) {
        if (w->books->strips[w->period].is_published) {
            summary_build(a, w, arena, out);
            uint64_t hash = summary_hash(a, out);
            bool is_news = has_news(w, hash);
            if (is_news && !hole_withholds(w)) {
                summary_tell(a, w, hash, arena, out);
                return 0;
            }
            if (is_news)
                withhold_late(w);
        }
        w->reasons = 0;
    }
    return ACCOUNT_NOTHING;
}

int64_t account_due(const struct account *a)
{
    const struct window *w = pending_first(&a->pending);
    int64_t due_us = a->wake_us;
    if (a->n_ready || (w && a->is_finishing) || market_is_busy(a))
        return a->elapsed_us;
    if (w && w->due_us < due_us)
        due_us = w->due_us;
    return due_us > a->elapsed_us ? due_us : a->elapsed_us;
}

void account_finish(struct account *a)
{
    a->is_whole_dirty = a->is_whole_dirty || !a->is_finishing;
    a->is_finishing = true;
    books_refresh_all(a);
}
