/* How use is allotted, window by window.
 *
 * An amount only marks its smallest window; before a summary of the site is built all marked ones are
 * allotted, each once, however many readings it had. What a window asks for is read from its cells, what
 * it was given stands in its tallies: the difference goes to the window and to the longer ones around it,
 * like any other change. So a restart, a late reading and a new plan all come to the same: allot again.
 *
 * A rung is rounded once per smallest window, stream and rate, half to even. Longer windows are sums.
 *
 * Without instruments, supplier, residual mix and an intensity (which acts on the location-based view alone) a
 * stream has no rungs of its own: its market-based view is
 * the location-based one by the grid's average, and summary.c shows it as such from the same tallies.
 *
 * What is to be allotted anew because an instrument runs out elsewhere, or because of a new plan, is a
 * range of time that is walked through some windows at an entry (MARKET_WINDOWS_AT_ONCE) and stands in the
 * snapshot. What was not above 0 in a window cannot be covered: it stays with the rest. */
#include "account/market.h"

#include <stdlib.h>
#include <string.h>

#include "account/array.h"
#include "account/books.h"
#include "account/rating.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"

void market_init(struct market *m)
{
    *m = (struct market){ .first_changed = UINT32_MAX, .since_us = TIME_NEVER };
}

static void free_purses(struct market_day *day)
{
    free(day->before);
    free(day->after);
    day->before = day->after = NULL;
}

void market_fini(struct market *m)
{
    for (uint32_t i = 0; i < m->n_days; i++) {
        free_purses(&m->days[i]);
        free(m->days[i].uses);
    }
    free(m->days);
    free(m->spents);
    free(m->stale);
}

/* --- a plan --- */

static bool has_instrument(const struct account *a, const struct site *site, int32_t stream)
{
    for (size_t i = 0; i < site->n_instruments; i++)
        if (market_reaches(a, &site->instruments[i], stream))
            return true;
    return false;
}

static bool is_marketed(const struct account *a, const struct stream *s)
{
    return s->scope_choice + SCOPE_1 == SCOPE_2 &&
           (s->supplier || s->residual || (s->region && *s->region) || has_instrument(a, &a->plan->sites[s->site], s->index));
}

void market_leave(struct account *a)
{
    for (size_t i = 0; i < a->plan->n_streams; i++)
        a->sources[i]->is_marketed = false;
}

static void put_rows(const struct plan *plan, const struct stream *rung, struct buffer *out)
{
    buffer_put_u32(out, rung ? (uint32_t)rung->n_factors : 0);
    for (size_t i = 0; rung && i < rung->n_factors; i++) {
        rate_key(RATE_FACTOR, &plan->factors[rung->factors[i]], (enum gwp_set)plan->gwp_set, out);
        buffer_put_i64(out, rung->until_us[i]);
    }
}

static void put_instrument(const struct plan *plan, const struct instrument *i, struct buffer *out)
{
    buffer_put_text(out, i->id);
    buffer_put_text(out, i->stream >= 0 ? i->stream_id : i->carrier);
    buffer_put_u8(out, i->stream >= 0);
    buffer_put_u8(out, i->is_ours);
    buffer_put_i128(out, i->allotted_micro);
    buffer_put_i64(out, i->from_us);
    buffer_put_i64(out, i->until_us);
    put_rows(plan, i->rate, out);
}

/* A hash of all that an allotment depends on beside the use. 0: nothing is marketed. */
static uint64_t terms_of(const struct account *a, const struct site *site)
{
    struct buffer text = { 0 };
    bool has_any = false;
    for (int32_t i = 0; i < site->n_streams; i++) {
        const struct stream *s = &a->plan->streams[site->first_stream + i];
        if (!is_marketed(a, s))
            continue;
        has_any = true;
        buffer_put_text(&text, s->id);
        put_rows(a->plan, s->supplier, &text);
        put_rows(a->plan, s->residual, &text);
        put_rows(a->plan, s, &text);
    }
    for (size_t i = 0; i < site->n_instruments; i++)
        put_instrument(a->plan, &site->instruments[i], &text);
    uint64_t terms = has_any ? hash_bytes(buffer_slice(&text), 1) : 0;
    buffer_fini(&text);
    return terms;
}

/* Days count their purses by the plan's instruments; they are folded anew. */
static void refold(struct market *m)
{
    for (uint32_t i = 0; i < m->n_days; i++)
        free_purses(&m->days[i]);
    m->first_changed = m->n_days ? 0 : UINT32_MAX;
}

static void configure_site(struct account *a, struct books *b)
{
    struct market *m = &b->market;
    uint64_t terms = terms_of(a, b->site);
    for (int32_t i = 0; i < b->site->n_streams; i++) {
        int32_t stream = b->site->first_stream + i;
        a->sources[stream]->is_marketed = is_marketed(a, &a->plan->streams[stream]);
    }
    refold(m);
    if (terms == m->terms)
        return;
    m->terms = terms;
    m->is_dirty = true;
    if (m->since_us != TIME_NEVER)
        market_redo(b, m->since_us, b->frontier_us, REASON_CONFIG);
}

void market_configure(struct account *a)
{
    for (size_t i = 0; i < a->plan->n_sites; i++)
        configure_site(a, a->sites[i]);
}

void market_note(struct books *b, struct window *w)
{
    struct market *m = &b->market;
    if (w->is_market_stale)
        return;
    w->is_market_stale = true;
    m->stale = array_grow(m->stale, m->n_stale, &m->stale_room, sizeof *m->stale);
    m->stale[m->n_stale++] = (struct stale){ w->period, w->start_us };
    m->is_dirty = true;
}

/* --- what a window is given --- */

/* One rung's part of a stream's use. */
struct part_of_use {
    const struct deal *deal;
    struct rate *rate;
    int128 micro;
};

/* A smallest window while it is allotted. */
struct allotment {
    struct account *a;
    struct books *b;
    struct window *w;
    enum reason reason;
};

struct deal *market_deal(struct cast *cast, enum market_tier tier, struct slice instrument)
{
    bool is_new;
    uint8_t letter = (uint8_t)tier;
    struct slice parts[] = { { &letter, 1 }, instrument };
    struct deal *deal = cast_thing(cast, 'M', parts, 2, sizeof *deal, &is_new);
    if (is_new)
        *deal = (struct deal){ .tier = (uint8_t)tier, .instrument = cast_text(cast, instrument) };
    return deal;
}

static struct part_of_use rest_of(const struct allotment *l, int32_t stream)
{
    const struct stream *s = &l->a->plan->streams[stream];
    int64_t t_us = l->w->start_us;
    enum market_tier tier = MARKET_SUPPLIER;
    struct part_of_use part = { .deal = NULL };
    int32_t factor = s->supplier ? rung_factor_at(s->supplier, t_us) : -1;
    if (factor < 0) {
        tier = MARKET_RESIDUAL_MIX;
        factor = s->residual ? rung_factor_at(s->residual, t_us) : -1;
    }
    if (factor < 0)
        tier = MARKET_GRID_AVERAGE;
    part.deal = market_deal(&l->a->cast, tier, (struct slice){ 0 });
    part.rate = factor < 0 ? rating_by_plan(l->a, stream, t_us) : l->a->rates[factor];
    return part;
}

static struct rate *rate_of(const struct allotment *l, const struct instrument *i)
{
    if (!i->rate)
        return l->a->cast.zero;
    int32_t factor = rung_factor_at(i->rate, l->w->start_us);
    return factor < 0 ? l->a->cast.missing : l->a->rates[factor];
}

static struct part_of_use by_instrument(const struct allotment *l, const struct instrument *i, int128 micro)
{
    return (struct part_of_use){
        .deal = market_deal(&l->a->cast, MARKET_INSTRUMENT, slice_of(i->id)),
        .rate = rate_of(l, i),
        .micro = micro,
    };
}

/* --- into the windows --- */

static int find_around(struct books *b, enum period p, int64_t t_us)
{
    for (int longer = (int)p; longer < PERIOD_COUNT; longer++) {
        struct window *w;
        int64_t start_us, end_us;
        if (!books_place(b, (enum period)longer, t_us, &start_us, &end_us))
            continue;
        int rc = books_find(b, (enum period)longer, t_us, &w);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* A tally of the smallest window comes to `to`; the longer ones change by as much. */
static void move_tally(const struct allotment *l, struct source *source, const struct part_of_use *part,
                       bool is_live, const struct figures *to)
{
    const struct window *own = l->w;
    struct tally *mine = window_market_tally(l->w, source, part->rate, part->deal);
    struct figures change = figures_less(to, &mine->figures, part->rate);
    int64_t n = (is_live ? 1 : 0) - mine->n;
    for (int p = (int)own->period; p < PERIOD_COUNT; p++) {
        int64_t start_us, end_us;
        if (!books_place(l->b, (enum period)p, own->start_us, &start_us, &end_us))
            continue;
        struct window *w = books_make(l->b, (enum period)p, own->start_us);
        struct window *into = w == own ? w : lock_book(w, own->start_us);
        struct tally *t = window_market_tally(into, source, part->rate, part->deal);
        t->n += n;
        figures_add(&t->figures, &change, part->rate);
        books_changed(l->b, w, l->reason);
    }
}

static bool are_same(const struct figures *a, const struct figures *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static bool is_wanted(const struct tally *t, const struct part_of_use *parts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (parts[i].deal == t->deal && parts[i].rate == t->rate)
            return true;
    return false;
}

/* What stands there and is not wanted any more. */
static void clear_others(const struct allotment *l, struct source *source, const struct part_of_use *parts,
                         size_t n)
{
    static const struct figures nothing;
    for (uint32_t i = 0; i < l->w->n_tallies; i++) {
        struct tally t = l->w->tallies[i];
        if (!t.deal || t.n == 0 || t.source != source || is_wanted(&t, parts, n))
            continue;
        struct part_of_use gone = { .deal = t.deal, .rate = t.rate };
        move_tally(l, source, &gone, false, &nothing);
    }
}

static void give(const struct allotment *l, struct source *source, const struct part_of_use *parts, size_t n)
{
    int128 before = market_coverable(l->w, source);
    clear_others(l, source, parts, n);
    for (size_t i = 0; i < n; i++) {
        struct figures to;
        if (emission_of(parts[i].rate, (struct ratio){ 1, 1 }, parts[i].micro, &to)) {
            log_line(LOG_ERROR, "account.overflow",
                     "site=%.*s stream=%.*s – a market-based figure was left out, it would not fit; check "
                     "the factor of its rung",
                     (int)l->b->id.size, (const char *)l->b->id.at, (int)source->id.size,
                     (const char *)source->id.at);
            continue;
        }
        const struct tally *t = window_market_tally(l->w, source, parts[i].rate, parts[i].deal);
        if (t->n != 1 || !are_same(&t->figures, &to))
            move_tally(l, source, &parts[i], true, &to);
    }
    market_use_changed(l->b, source, l->w->start_us, market_coverable(l->w, source) - before);
}

/* --- a window --- */

/* What the streams of the site ask for here. */
struct asking {
    int128 *use, *rest;  /* by stream of the site; rest: not covered yet, nothing below 0 */
    bool *is_there;
    struct part_of_use *parts; /* of one stream after the other */
    size_t *n_parts;
    size_t stride;
};

static void ask(const struct allotment *l, struct asking *k)
{
    const struct site *site = l->b->site;
    for (uint32_t i = 0; i < l->w->n_shares; i++) {
        const struct share *share = &l->w->shares[i];
        int32_t stream = source_stream(l->a, share->lane->source);
        if (stream < 0 || share->n == 0 || !lane_is_bought(share->lane))
            continue;
        int32_t s = stream - site->first_stream;
        for (uint32_t c = share->first_cell; c != CELL_NONE; c = l->w->cells[c].next) {
            const struct cell *cell = &l->w->cells[c];
            if (cell->n == 0 || cell->is_unverified)
                continue;
            k->use[s] += cell->figures.activity_micro;
            k->is_there[s] = true;
        }
    }
    for (int32_t s = 0; s < site->n_streams; s++)
        k->rest[s] = k->use[s] > 0 ? k->use[s] : 0;
}

static struct part_of_use *next_part(struct asking *k, int32_t s)
{
    return &k->parts[(size_t)s * k->stride + k->n_parts[s]++];
}

/* The instruments in the order of the plan, and of each the streams in their order. */
static void cover_by_instruments(const struct allotment *l, struct asking *k)
{
    const struct site *site = l->b->site;
    for (size_t i = 0; i < site->n_instruments; i++) {
        int128 most = market_cover(l->b, i, l->w->start_us);
        for (int32_t s = 0; s < site->n_streams && most > 0; s++) {
            if (k->rest[s] == 0 || !market_reaches(l->a, &site->instruments[i], site->first_stream + s))
                continue;
            int128 part = k->rest[s] < most ? k->rest[s] : most;
            *next_part(k, s) = by_instrument(l, &site->instruments[i], part);
            k->rest[s] -= part;
            k->use[s] -= part;
            most -= part;
        }
    }
}

/* An instrument whose matching period holds the window, used up or not; NULL. */
static const struct instrument *any_instrument(const struct allotment *l, int32_t stream)
{
    const struct site *site = l->b->site;
    for (size_t i = 0; i < site->n_instruments; i++) {
        int64_t from_us, until_us;
        if (!market_reaches(l->a, &site->instruments[i], stream))
            continue;
        instrument_period(&site->instruments[i], l->b->zone, l->w->start_us, &from_us, &until_us);
        if (l->w->start_us >= from_us && l->w->start_us < until_us)
            return &site->instruments[i];
    }
    return NULL;
}

/* What is left goes to the next rung. A use of 0 wants a rung as well, and must not want another one
 * whenever an instrument runs out. */
static void add_rest(const struct allotment *l, struct asking *k, int32_t s)
{
    int32_t stream = l->b->site->first_stream + s;
    if (k->use[s] == 0 && k->n_parts[s] > 0)
        return;
    const struct instrument *i = k->use[s] == 0 ? any_instrument(l, stream) : NULL;
    struct part_of_use *part = next_part(k, s);
    *part = i ? by_instrument(l, i, 0) : rest_of(l, stream);
    part->micro = k->use[s];
}

static void allot(const struct allotment *l, struct asking *k)
{
    const struct site *site = l->b->site;
    ask(l, k);
    cover_by_instruments(l, k);
    for (int32_t s = 0; s < site->n_streams; s++) {
        struct source *source = l->a->sources[site->first_stream + s];
        if (source->is_marketed && k->is_there[s])
            add_rest(l, k, s);
        else
            k->n_parts[s] = 0;
        give(l, source, &k->parts[(size_t)s * k->stride], k->n_parts[s]);
    }
}

static void *table(size_t n, size_t size)
{
    void *at = calloc(n ? n : 1, size);
    if (!at)
        abort();
    return at;
}

static void allot_window(struct account *a, struct books *b, struct window *w, enum reason reason)
{
    size_t n = (size_t)b->site->n_streams;
    struct allotment l = { .a = a, .b = b, .w = w, .reason = reason };
    struct asking k = { .stride = b->site->n_instruments + 1 };
    k.use = table(2 * n, sizeof *k.use);
    k.rest = k.use + n;
    k.is_there = table(n, sizeof *k.is_there);
    k.n_parts = table(n, sizeof *k.n_parts);
    k.parts = table(n * k.stride, sizeof *k.parts);
    w->is_market_stale = false;
    allot(&l, &k);
    free(k.use);
    free(k.is_there);
    free(k.n_parts);
    free(k.parts);
}

static int allot_at(struct account *a, struct books *b, enum period p, int64_t t_us, enum reason reason)
{
    struct window *w;
    int64_t start_us, end_us;
    if (!books_place(b, p, t_us, &start_us, &end_us))
        return 0;
    int rc = find_around(b, p, t_us);
    if (rc == 0)
        rc = books_find(b, p, t_us, &w);
    if (rc == 0 && w)
        allot_window(a, b, w, reason);
    return rc;
}

/* --- all that is due --- */

static int settle_stale(struct account *a, struct books *b)
{
    struct market *m = &b->market;
    int rc = 0;
    for (uint32_t i = 0; i < m->n_stale && rc == 0; i++)
        rc = allot_at(a, b, m->stale[i].period, m->stale[i].start_us, REASON_LATE);
    if (rc == 0 && m->n_stale) {
        m->n_stale = 0;
        m->is_dirty = true;
    }
    return rc;
}

static int redo_some(struct account *a, struct books *b)
{
    struct market *m = &b->market;
    int rc = 0;
    while (rc == 0 && m->redo_from_us < m->redo_until_us && (a->market_left > 0 || a->is_finishing)) {
        int64_t start_us, end_us;
        enum period p = books_smallest_at(b, m->redo_from_us, &start_us, &end_us);
        if (p == PERIOD_COUNT)
            period_window(PERIOD_MINUTE, b->zone, m->redo_from_us, &start_us, &end_us);
        else
            rc = allot_at(a, b, p, m->redo_from_us, (enum reason)m->redo_reason);
        m->redo_from_us = end_us;
        m->is_dirty = true;
        a->market_left--;
    }
    return rc;
}

static bool is_busy(const struct market *m)
{
    return m->redo_from_us < m->redo_until_us;
}

static int settle_site(struct account *a, struct books *b)
{
    struct market *m = &b->market;
    if (!b->site)
        return 0;
    int rc = settle_stale(a, b);
    if (rc == 0)
        rc = market_fold(b);
    if (rc == 0 && is_busy(m))
        rc = redo_some(a, b);
    return rc < 0 ? rc : market_fold(b);
}

bool market_is_busy(const struct account *a)
{
    for (size_t i = 0; a->plan && i < a->plan->n_sites; i++)
        if (is_busy(&a->sites[i]->market))
            return true;
    return false;
}

int market_settle(struct account *a)
{
    for (size_t i = 0; a->plan && i < a->plan->n_sites; i++) {
        struct books *b = a->sites[i];
        bool has_work = b->market.n_stale || is_busy(&b->market) || b->market.first_changed < UINT32_MAX;
        int rc = has_work ? settle_site(a, b) : 0;
        if (rc < 0)
            return rc;
    }
    return 0;
}
