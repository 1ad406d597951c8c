/* A share knows which of its window's time is covered, and by what (model/cover.h). Most shares are covered
 * by one good stretch, which costs two numbers. A gap is what neither counts nor stood still; it is looked for
 * when the window leaves, for each fiscal point of the plan, so that a point of which nothing came has one
 * over the whole window. A shredded cover is lost: its gaps are not told, and not counted.
 *
 * A stretch (not operating) has no activity, so it makes no cell and no tally, and a stream of which only
 * that is known has no activity of 0. It leaves the expected time. A long one is noted only in windows of the
 * periods at whose edges an amount of that length would be cut (spread.c).
 *
 * A device is silent in a window that begins behind all that it ever told. */
#include "account/quality.h"

#include <stdlib.h>
#include <string.h>

#include "account/spread.h"

#define VALID (1u << COVER_VALID)
#define IDLE (1u << COVER_IDLE)
#define BRIDGED (1u << COVER_BRIDGED)
#define SUBSTITUTED (1u << COVER_SUBSTITUTED)
#define COUNTS (VALID | IDLE | 1u << COVER_OTHER)

/* --- stretches --- */

static int stretch_in(struct books *b, enum period p, int64_t at_us, struct lane *lane,
                      const struct amount *amount, int64_t *end_us)
{
    struct window *w;
    int64_t start_us;
    if (!books_place(b, p, at_us, &start_us, end_us)) {
        period_window(p, b->zone, at_us, &start_us, end_us);
        return 0;
    }
    int rc = books_find(b, p, at_us, &w);
    if (rc < 0 || (!w && amount->sign < 0))
        return rc;
    w = w ? w : books_make(b, p, at_us);
    window_stretch(w, window_share(w, lane), amount);
    books_changed(b, w, amount->sign < 0 ? REASON_RECLASSIFIED : REASON_LATE);
    return 0;
}

int quality_stretch(struct account *a, const struct amount *amount)
{
    const struct point *pt = &a->plan->points[amount->point];
    struct books *b = a->sites[pt->site];
    struct spot *spot = a->spots[amount->point];
    int rc = 0;
    if (!spot || !spot->now || amount->is_unverified || cover_kind_of(amount) == COVER_KINDS)
        return 0;
    books_begin(b, amount->start_us);
    enum period shortest = spread_period(amount->end_us - amount->start_us);
    for (int p = shortest; p < PERIOD_COUNT && rc == 0; p++)
        for (int64_t at_us = amount->start_us; rc == 0 && at_us < amount->end_us;) {
            int64_t end_us;
            rc = stretch_in(b, (enum period)p, at_us, spot->now, amount, &end_us);
            at_us = end_us;
        }
    return rc;
}

/* --- time --- */

int64_t quality_valid_us(const struct window *w, const struct share *share)
{
    if (!share->cover.is_spilled)
        return share->valid_us;
    return cover_measure(&share->cover, w->start_us, w->end_us, VALID, IDLE);
}

int64_t quality_idle_us(const struct window *w, const struct share *share)
{
    if (!share->cover.is_spilled)
        return 0;
    return cover_measure(&share->cover, w->start_us, w->end_us, IDLE, 0);
}

/* --- gaps --- */

/* A list of gaps that grows in the arena. */
struct gaps {
    struct arena *arena;
    struct summary_gap *at;
    size_t n, room;
};

static void add_gap(struct gaps *g, const struct summary_gap *gap)
{
    struct summary_gap *last = g->n ? &g->at[g->n - 1] : NULL;
    if (last && last->point == gap->point && last->end_us == gap->start_us &&
        last->is_bridged == gap->is_bridged && last->is_substituted == gap->is_substituted) {
        last->end_us = gap->end_us;
        return;
    }
    if (g->n == g->room) {
        g->room = g->room ? 2 * g->room : 16;
        struct summary_gap *more = arena_take(g->arena, g->room * sizeof *more);
        if (!more)
            abort();
        if (g->n)
            memcpy(more, g->at, g->n * sizeof *more);
        g->at = more;
    }
    g->at[g->n++] = *gap;
}

/* The share of a point; NULL: it has none. *is_told is false when it had several assignments here. */
static const struct share *share_of(const struct window *w, const struct spot *spot, bool *is_told)
{
    const struct share *found = NULL;
    *is_told = true;
    for (const struct lane *lane = spot->lanes; lane; lane = lane->sibling) {
        const struct share *share = window_find_share(w, lane);
        if (!share_is_live(share))
            continue;
        *is_told &= !found && !share->cover.is_lost;
        found = share;
    }
    return found;
}

static void gaps_of_point(const struct window *w, const struct spot *spot, int32_t point, struct gaps *g)
{
    static const struct cover nothing;
    bool is_told;
    struct cover_run run;
    const struct share *share = share_of(w, spot, &is_told);
    struct cover_walk walk = cover_walk(share ? &share->cover : &nothing, w->start_us, w->end_us);
    while (is_told && cover_next(&walk, &run)) {
        if (run.kinds & COUNTS)
            continue;
        add_gap(g, &(struct summary_gap){ .point = point,
                                          .start_us = run.start_us,
                                          .end_us = run.end_us,
                                          .is_bridged = (run.kinds & BRIDGED) != 0,
                                          .is_substituted = (run.kinds & SUBSTITUTED) != 0 });
    }
}

static int by_length(const void *a, const void *b)
{
    const struct summary_gap *x = a, *y = b;
    int64_t left = x->end_us - x->start_us, right = y->end_us - y->start_us;
    if (left != right)
        return left > right ? -1 : 1;
    return x->point != y->point ? (x->point > y->point) - (x->point < y->point)
                                : (x->start_us > y->start_us) - (x->start_us < y->start_us);
}

static int by_point(const void *a, const void *b)
{
    const struct summary_gap *x = a, *y = b;
    if (x->point != y->point)
        return x->point < y->point ? -1 : 1;
    return (x->start_us > y->start_us) - (x->start_us < y->start_us);
}

/* Tells them all where they are few, else the longest. */
static void tell_gaps(struct gaps *g, struct summary_quality *out)
{
    out->gaps = g->at;
    out->n_gaps = g->n;
    out->gaps_total = (uint32_t)g->n;
    if (g->n <= GAPS_LISTED_MOST)
        return;
    qsort(g->at, g->n, sizeof *g->at, by_length);
    out->n_gaps = GAPS_LISTED_MOST;
    qsort(g->at, out->n_gaps, sizeof *g->at, by_point);
}

/* --- points and devices --- */

static bool is_expected(const struct point *pt)
{
    return pt->kind != POINT_EVENT && pt->kind != POINT_STATE;
}

/* A gauge's or derived point's gap that nothing filled belongs into the total and is not there. A register's
 * may still be bridged, and a stream without anything is told as silent. */
static void note_missing(const struct account *a, const struct gaps *g, size_t from,
                         struct summary_quality *out)
{
    for (size_t i = from; i < g->n; i++) {
        const struct point *pt = &a->plan->points[g->at[i].point];
        bool is_filled = g->at[i].is_bridged || g->at[i].is_substituted;
        if (is_filled || (pt->kind != POINT_GAUGE && pt->kind != POINT_DERIVED))
            continue;
        out->missing[out->n_missing++] = pt->index;
        return;
    }
}

static void build_points(struct account *a, const struct window *w, struct arena *arena,
                         struct summary *s)
{
    struct summary_quality *out = &s->quality;
    struct gaps g = { .arena = arena };
    out->missing = arena_take_zeroed(arena, a->plan->n_points + 1, sizeof *out->missing);
    out->expired = arena_take_zeroed(arena, a->plan->n_points + 1, sizeof *out->expired);
    if (!out->missing || !out->expired)
        abort();
    for (size_t i = 0; i < s->n_streams; i++) {
        const struct members *m = &a->members[s->streams[i].stream];
        for (uint32_t k = 0; k < m->n; k++) {
            const struct point *pt = &a->plan->points[m->points[k]];
            size_t before = g.n;
            if (pt->calibrated_until_us < w->end_us)
                out->expired[out->n_expired++] = pt->index;
            if (!is_expected(pt) || s->streams[i].points_expected == 0)
                continue;
            gaps_of_point(w, a->spots[pt->index], pt->index, &g);
            note_missing(a, &g, before, out);
        }
    }
    tell_gaps(&g, out);
}

static void build_silent(const struct account *a, const struct window *w, struct arena *arena,
                         struct summary_quality *out)
{
    const struct site *site = w->books->site;
    out->silent = arena_take_zeroed(arena, SILENT_LISTED_MOST, sizeof *out->silent);
    if (!out->silent)
        abort();
    for (int32_t i = 0; i < site->n_devices && out->n_silent < SILENT_LISTED_MOST; i++) {
        int64_t newest_us = a->devices[site->first_device + i]->clock.newest_us;
        if (newest_us == TIME_UNKNOWN || newest_us < w->start_us)
            out->silent[out->n_silent++] =
                (struct summary_silent){ site->first_device + i, newest_us };
    }
}

void quality_build(struct account *a, const struct window *w, struct arena *arena, struct summary *out)
{
    build_points(a, w, arena, out);
    build_silent(a, w, arena, &out->quality);
}

void quality_hash(const struct account *a, const struct summary *s, struct buffer *out)
{
    const struct summary_quality *q = &s->quality;
    buffer_put_i64(out, q->not_operating_ms);
    buffer_put_u32(out, q->gaps_total);
    for (size_t i = 0; i < q->n_gaps; i++) {
        const struct point *pt = &a->plan->points[q->gaps[i].point];
        buffer_put_text(out, a->plan->devices[pt->device].id);
        buffer_put_text(out, pt->id);
        buffer_put_i64(out, q->gaps[i].start_us);
        buffer_put_i64(out, q->gaps[i].end_us);
        buffer_put_u8(out, (uint8_t)(q->gaps[i].is_bridged | q->gaps[i].is_substituted << 1));
    }
}
