/* Holes: stretches of event time about which not everything is known, because state or frames are gone.
 *
 * A summary is a promise that everything in it was seen. After a loss that promise cannot be given for
 * some windows, and nobody downstream could tell such a window from a quiet one. So they are told, counted
 * and not published, and neither are the longer windows around them.
 *
 * Where a hole lies is decided by what the devices themselves say, so that a replay decides the same. It
 * begins where they had come to: the watermark, or the least device clock if that lies before it (a device
 * left behind still owed what came since). A site of which nothing is known has its hole since ever. It ends
 * at the greatest first reading that devices bring anew: each misses at most what lies between its last
 * known reading and this one, so behind the greatest of them nobody misses anything. Readings up to a
 * device's last known one do not count as anew, or a broker's old redelivery would seem to end the hole.
 *
 * While a device has not spoken anew nobody knows what it misses, so the hole stays open: as long as its
 * silence would hold the watermark and no longer, that is until it is idle or the others are more than
 * max_lag ahead. Else one dead device with a generous `idle` would silence its site for a month. While a
 * hole is open no window closes. So those behind it are published as if there had been none, only later.
 *
 * What is withheld goes on being accounted: a register's delta across the hole belongs to the site's
 * longer totals, and the state must go on. Only windows that were never published are withheld. One that
 * was has been promised already, and correcting it by a revision is better than leaving it wrong.
 *
 * Beside the holes stands, for each strip, how far back rows of windows may be missing (forgotten_us):
 * after a loss all that was closed by then, since the rows may be gone with the rest. A window there of
 * which nothing is on record may have been published under a number that nobody remembers; to publish it
 * as new would contradict it.
 *
 * A site keeps few holes apart (HOLES_MOST). Beyond that the two oldest become one: what lies between them
 * closed long ago and is on record. */
#include "account/array.h"
#include "account/books.h"
#include "base/clock.h"
#include "base/log.h"

static struct hole *open_hole(struct books *b)
{
    return b->is_hole_open ? &b->holes[b->n_holes - 1] : NULL;
}

/* How far everything is known: the watermark or, before it, the least clock of a device that speaks. */
static int64_t known_until(const struct books *b)
{
    int64_t elapsed_us = b->account->elapsed_us;
    int64_t until_us = watermark_at(&b->watermark, elapsed_us);
    for (size_t i = 0; i < b->watermark.n; i++) {
        const struct device_clock *clock = b->watermark.clocks[i];
        if (!device_is_idle(clock, elapsed_us) && clock->newest_us < until_us)
            until_us = clock->newest_us;
    }
    return until_us;
}

static void merge_oldest(struct books *b)
{
    struct hole *h = b->holes;
    h[0].begins_us = h[1].begins_us < h[0].begins_us ? h[1].begins_us : h[0].begins_us;
    h[0].ends_us = h[1].ends_us > h[0].ends_us ? h[1].ends_us : h[0].ends_us;
    b->n_holes--;
    for (uint32_t i = 1; i < b->n_holes; i++)
        h[i] = h[i + 1];
}

/* A new range, or the one that is open goes on: then it ends later. */
static void add_range(struct books *b)
{
    int64_t begins_us = known_until(b);
    struct hole *h = open_hole(b);
    if (h) {
        h->begins_us = begins_us < h->begins_us ? begins_us : h->begins_us;
        return;
    }
    if (b->n_holes == HOLES_MOST)
        merge_oldest(b);
    b->holes[b->n_holes++] = (struct hole){ .begins_us = begins_us, .ends_us = TIME_UNKNOWN };
    b->is_hole_open = true;
}

/* Of a site that nothing is known of, every device may be one that speaks. */
static void await_devices(struct books *b)
{
    bool is_unknown = b->watermark.newest_us == TIME_UNKNOWN;
    for (size_t i = 0; i < b->watermark.n; i++) {
        struct device_clock *clock = b->watermark.clocks[i];
        clock->is_unheard = true;
        clock->is_awaited = is_unknown || !device_is_idle(clock, b->account->elapsed_us);
        clock->is_dirty = true;
    }
    b->awaited_hint = 0;
}

void books_hole(struct books *b)
{
    add_range(b);
    await_devices(b);
    b->hole_at_us = b->account->elapsed_us;
    for (int p = 0; p < PERIOD_COUNT; p++) {
        struct strip *s = &b->strips[p];
        if (s->next_us != TIME_NEVER && s->next_us > s->forgotten_us)
            s->forgotten_us = s->next_us;
    }
    b->is_dirty = true;
    if (b->site)
        books_refresh(b);
}

/* --- the end --- */

static bool is_missed(const struct books *b, const struct device_clock *clock)
{
    return clock->is_awaited &&
           b->account->elapsed_us < time_after(b->hole_at_us, clock->idle_us);
}

/* Whether a device's silence holds the hole open. The one found last is looked at first. */
static bool awaits_anyone(struct books *b, const struct hole *h)
{
    const struct watermark *w = &b->watermark;
    if (watermark_at(w, b->account->elapsed_us) > time_after(h->ends_us, w->max_lag_us))
        return false;
    if (b->awaited_hint < w->n && is_missed(b, w->clocks[b->awaited_hint]))
        return true;
    for (size_t i = 0; i < w->n; i++) {
        b->awaited_hint = i;
        if (is_missed(b, w->clocks[i]))
            return true;
    }
    return false;
}

static void log_hole(const struct books *b, const struct hole *h)
{
    char from[32] = "ever", to[32];
    if (h->begins_us != TIME_UNKNOWN)
        time_print(h->begins_us, from);
    time_print(h->ends_us, to);
    log_line(LOG_WARN, "account.uncovered",
             "site=%.*s from=%s to=%s – windows that touch this time may lack readings and are not "
             "published, unless they were before; take their figures from the devices",
             (int)b->id.size, (const char *)b->id.at, from, to);
}

void hole_settle(struct books *b)
{
    struct hole *h = open_hole(b);
    if (!h || h->ends_us == TIME_UNKNOWN || awaits_anyone(b, h))
        return;
    b->is_hole_open = false;
    b->is_dirty = true;
    for (size_t i = 0; i < b->watermark.n; i++) {
        struct device_clock *clock = b->watermark.clocks[i];
        clock->is_dirty |= clock->is_unheard;
        clock->is_unheard = clock->is_awaited = false;
    }
    log_hole(b, h);
}

void hole_heard(struct books *b, struct device_clock *clock, int64_t time_us)
{
    struct hole *h = open_hole(b);
    if (!h || !clock->is_unheard)
        return;
    clock->is_unheard = clock->is_awaited = false;
    h->ends_us = time_us > h->ends_us ? time_us : h->ends_us;
    b->is_dirty = true;
}

int64_t hole_due(const struct books *b)
{
    int64_t due_us = b->hole_at_us;
    if (!b->is_hole_open || b->holes[b->n_holes - 1].ends_us == TIME_UNKNOWN)
        return TIME_NEVER;
    for (size_t i = 0; i < b->watermark.n; i++) {
        const struct device_clock *clock = b->watermark.clocks[i];
        int64_t idle_us = time_after(b->hole_at_us, clock->idle_us);
        due_us = clock->is_awaited && idle_us > due_us ? idle_us : due_us;
    }
    return due_us;
}

/* --- windows --- */

static bool touches(const struct hole *h, bool is_open, const struct window *w)
{
    return w->end_us > h->begins_us && (is_open || w->start_us < h->ends_us);
}

bool hole_withholds(const struct window *w)
{
    const struct books *b = w->books;
    if (w->revision > 0)
        return false;
    if (w->start_us < b->strips[w->period].forgotten_us)
        return true;
    for (uint32_t i = 0; i < b->n_holes; i++)
        if (touches(&b->holes[i], b->is_hole_open && i == b->n_holes - 1, w))
            return true;
    return false;
}

void hole_count(struct window *w)
{
    if (w->is_uncovered)
        return;
    w->is_uncovered = w->is_dirty = true;
    w->books->uncovered++;
    w->books->is_dirty = true;
}

/* --- all sites --- */

void account_hole(struct account *a)
{
    a->is_plan_awaited = !a->plan;
    a->is_whole_dirty = true;
    for (uint32_t i = 0; i < a->n_all; i++)
        books_hole(a->all[i]);
}
