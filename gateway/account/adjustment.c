/* Adjustments: how what changed in a locked window is told, and listed where it belongs.
 *
 * An adjustment names the locked window with before and after, and is booked in a window that is open: the
 * next of the same length to close. It is listed there, and in each longer window around the locked one,
 * for which it explains what the companion (lock.c) keeps out of the sums. A window that is part of a
 * longer locked one which is published too (an hour of a locked month) is listed in its booked window alone,
 * or a year would list the same change once for each length.
 *
 * A change of factors may adjust every minute of a locked year at once. So of those that only a booked
 * window lists, ADJUSTMENTS_MOST are kept for each such window, and the rest counted; each has left as a
 * summary of its own. The list goes with `store.history`, like the windows. */
#include <stdlib.h>

#include "account/array.h"
#include "account/books.h"
#include "account/lock.h"

#define ADJUSTMENTS_MOST 100u

#define IS_WIDEST 1u
#define HAD 1u
#define HAS 2u
#define CHANGE_BYTES 48u     /* no change of a row is shorter */

/* --- telling --- */

void lock_tell(const struct window *w, struct arena *arena, struct summary *s)
{
    const struct books *b = w->books;
    const struct strip *strip = &b->strips[w->period];
    struct summary_adjusted *adjusted = arena_take_zeroed(arena, 1, sizeof *adjusted);
    if (!adjusted)
        abort();
    *adjusted = (struct summary_adjusted){ .period = w->period, .start_us = w->start_us,
                                           .end_us = w->end_us, .revision = w->revision };
    bool is_over = strip->next_us == TIME_UNKNOWN || strip->next_us == TIME_NEVER;
    period_window(w->period, b->zone, is_over ? b->frontier_us : strip->next_us, &s->start_us, &s->end_us);
    s->adjusted = adjusted;
    s->revision = 1;
}

/* --- the record --- */

static bool is_widest(const struct books *b, const struct summary_adjusted *w)
{
    for (int p = w->period + 1; p < PERIOD_COUNT; p++) {
        struct window around = { .books = (struct books *)b };
        if (!b->strips[p].is_published)
            continue;
        period_window((enum period)p, b->zone, w->start_us, &around.start_us, &around.end_us);
        if (window_is_locked(&around))
            return false;
    }
    return true;
}

/* The first of those that a booked window lists, with their number. */
static struct adjustment *first_booked(const struct books *b, enum period p, int64_t start_us, uint32_t *n)
{
    struct adjustment *first = NULL;
    *n = 0;
    for (uint32_t i = 0; i < b->n_adjustments; i++) {
        struct adjustment *a = b->adjustments[i];
        if (a->line.adjusted.period != p || a->booked_start_us != start_us || a->is_widest)
            continue;
        first = first ? first : a;
        (*n)++;
    }
    return first;
}

static struct adjustment *add(struct books *b, size_t n_changes)
{
    struct adjustment *a = array_one(sizeof *a);
    a->sources = calloc(n_changes + 1, sizeof(struct source *));
    a->line.changes = calloc(n_changes + 1, sizeof *a->line.changes);
    if (!a->sources || !a->line.changes)
        abort();
    a->line.n_changes = n_changes;
    b->adjustments = array_grow(b->adjustments, b->n_adjustments, &b->adjustments_room, sizeof(struct adjustment *));
    b->adjustments[b->n_adjustments++] = a;
    return a;
}

static void free_one(struct adjustment *a)
{
    free(a->line.changes);
    free(a->sources);
    free(a);
}

/* A copy that outlives the batch. */
static struct summary_change copy_change(struct cast *cast, const struct summary_change *c)
{
    struct summary_change copy = *c;
    if (c->of.carrier)
        copy.of.carrier = (const char *)cast_text(cast, slice_of(c->of.carrier)).at;
    return copy;
}

void account_numbered(struct account *a, const struct summary *s)
{
    struct books *b = a->sites[s->site];
    bool widest = is_widest(b, s->adjusted);
    uint32_t n;
    struct adjustment *first = first_booked(b, s->period, s->start_us, &n);
    if (!widest && n >= ADJUSTMENTS_MOST) {
        first->line.more++;
        first->is_dirty = true;
        return;
    }
    struct adjustment *fresh = add(b, s->n_changes);
    fresh->line.adjusted = *s->adjusted;
    fresh->line.reasons = s->reasons;
    fresh->line.order = s->order;
    fresh->line.booked_us = s->published_us;
    fresh->line.gateway_epoch = s->gateway_epoch;
    fresh->line.epoch_ordinal = s->epoch_ordinal;
    fresh->line.sequence = s->sequence;
    fresh->booked_start_us = s->start_us;
    fresh->is_widest = widest;
    fresh->is_dirty = true;
    for (size_t i = 0; i < s->n_changes; i++) {
        int32_t stream = s->changes[i].of.stream;
        fresh->line.changes[i] = copy_change(&a->cast, &s->changes[i]);
        fresh->sources[i] = stream < 0 ? NULL : a->sources[stream];
    }
}

/* --- the list --- */

static bool lists(const struct window *w, const struct adjustment *a)
{
    const struct summary_adjusted *of = &a->line.adjusted;
    if (of->period == w->period)
        return a->booked_start_us == w->start_us;
    return a->is_widest && of->period < w->period && w->start_us <= of->start_us &&
           of->end_us <= w->end_us && lock_companion(w, of->start_us);
}

/* With the streams of the present plan; what it no longer has is left out. */
static void put_line(const struct account *a, const struct adjustment *from, struct arena *arena,
                     struct summary_adjustment *out)
{
    *out = from->line;
    out->n_changes = 0;
    out->changes = arena_take_zeroed(arena, from->line.n_changes + 1, sizeof *out->changes);
    if (!out->changes)
        abort();
    for (size_t i = 0; i < from->line.n_changes; i++) {
        int32_t stream = from->sources[i] ? source_stream(a, from->sources[i]) : -1;
        if (from->sources[i] && stream < 0)
            continue;
        out->changes[out->n_changes] = from->line.changes[i];
        out->changes[out->n_changes++].of.stream = stream;
    }
}

void lock_list(const struct account *a, const struct window *w, struct arena *arena, struct summary *out)
{
    const struct books *b = w->books;
    out->is_locked = window_is_locked(w);
    if (b->n_adjustments == 0)
        return;
    out->adjustments = arena_take_zeroed(arena, b->n_adjustments, sizeof *out->adjustments);
    if (!out->adjustments)
        abort();
    for (uint32_t i = 0; i < b->n_adjustments; i++)
        if (lists(w, b->adjustments[i]))
            put_line(a, b->adjustments[i], arena, &out->adjustments[out->n_adjustments++]);
}

/* --- rows --- */

static void put_key(const struct books *b, const struct adjustment *a, struct buffer *row)
{
    buffer_clear(row);
    buffer_put_u8(row, 'A');
    buffer_put(row, b->id.at, b->id.size);
    buffer_put_u8(row, 0);
    for (int shift = 24; shift >= 0; shift -= 8)
        buffer_put_u8(row, (uint8_t)(a->line.epoch_ordinal >> shift));
    for (int shift = 56; shift >= 0; shift -= 8)
        buffer_put_u8(row, (uint8_t)(a->line.sequence >> shift));
}

static void put_change(const struct summary_change *c, const struct source *source, struct buffer *row)
{
    buffer_put_slice(row, source ? source->id : (struct slice){ 0 });
    buffer_put_u8(row, (uint8_t)((c->had ? HAD : 0) | (c->has ? HAS : 0)));
    buffer_put_u8(row, c->of.line);
    buffer_put_u8(row, c->of.scope);
    buffer_put_u8(row, c->of.basis);
    buffer_put_u8(row, c->of.category);
    buffer_put_u8(row, c->of.gas);
    buffer_put_u8(row, c->of.set);
    buffer_put_u8(row, (uint8_t)c->of.dimension);
    buffer_put_text(row, c->of.carrier ? c->of.carrier : "");
    buffer_put_i128(row, c->before_micro);
    buffer_put_i128(row, c->after_micro);
}

static void save_one(const struct books *b, const struct adjustment *a, struct buffer *row,
                     struct state_out *out)
{
    put_key(b, a, row);
    size_t key_size = row->size;
    buffer_put_u8(row, LOCK_ROW);
    buffer_put_u64(row, a->line.gateway_epoch);
    buffer_put_u8(row, a->is_widest ? IS_WIDEST : 0);
    buffer_put_u8(row, (uint8_t)a->line.adjusted.period);
    buffer_put_i64(row, a->line.adjusted.start_us);
    buffer_put_i64(row, a->line.adjusted.end_us);
    buffer_put_u32(row, a->line.adjusted.revision);
    buffer_put_u32(row, a->line.reasons);
    buffer_put_u64(row, a->line.order);
    buffer_put_i64(row, a->line.booked_us);
    buffer_put_i64(row, a->booked_start_us);
    buffer_put_u32(row, a->line.more);
    buffer_put_u32(row, (uint32_t)a->line.n_changes);
    for (size_t i = 0; i < a->line.n_changes; i++)
        put_change(&a->line.changes[i], a->sources[i], row);
    out->put(out->self, STAGE_ACCOUNT, (struct slice){ row->at, key_size },
             (struct slice){ row->at + key_size, row->size - key_size });
}

void adjustment_save(struct books *b, struct buffer *row, struct state_out *out)
{
    for (uint32_t i = 0; i < b->n_adjustments; i++) {
        if (b->adjustments[i]->is_dirty)
            save_one(b, b->adjustments[i], row, out);
        b->adjustments[i]->is_dirty = false;
    }
}

static void take_change(struct books *b, struct cursor *c, struct summary_change *out, struct source **source)
{
    struct cast *cast = &b->account->cast;
    struct slice id = cursor_slice(c);
    uint8_t flags = cursor_u8(c);
    *source = id.size ? cast_source(cast, b, id) : NULL;
    out->had = flags & HAD;
    out->has = flags & HAS;
    out->of.line = cursor_u8(c);
    out->of.scope = cursor_u8(c);
    out->of.basis = cursor_u8(c);
    out->of.category = cursor_u8(c);
    out->of.gas = cursor_u8(c);
    out->of.set = cursor_u8(c);
    out->of.dimension = (enum dimension)cursor_u8(c);
    struct slice carrier = cursor_slice(c);
    if (out->of.line >= LINE_USED && out->of.line <= LINE_SELF_CONSUMED)
        out->of.carrier = (const char *)cast_text(cast, carrier).at;
    out->before_micro = cursor_i128(c);
    out->after_micro = cursor_i128(c);
}

int adjustment_load(struct books *b, struct cursor *key, struct cursor *c)
{
    struct adjustment head = { 0 };
    for (int i = 0; i < 4; i++)
        head.line.epoch_ordinal = head.line.epoch_ordinal << 8 | cursor_u8(key);
    for (int i = 0; i < 8; i++)
        head.line.sequence = head.line.sequence << 8 | cursor_u8(key);
    head.line.gateway_epoch = cursor_u64(c);
    head.is_widest = cursor_u8(c) & IS_WIDEST;
    uint8_t period = cursor_u8(c);
    head.line.adjusted.period = (enum period)period;
    head.line.adjusted.start_us = cursor_i64(c);
    head.line.adjusted.end_us = cursor_i64(c);
    head.line.adjusted.revision = cursor_u32(c);
    head.line.reasons = cursor_u32(c);
    head.line.order = cursor_u64(c);
    head.line.booked_us = cursor_i64(c);
    head.booked_start_us = cursor_i64(c);
    head.line.more = cursor_u32(c);
    uint32_t n = cursor_u32(c);
    if (key->has_failed || c->has_failed || period >= PERIOD_COUNT || n > (size_t)(c->end - c->at) / CHANGE_BYTES)
        return STATE_MALFORMED;
    struct adjustment *a = add(b, n);
    head.line.changes = a->line.changes;
    head.line.n_changes = n;
    head.sources = a->sources;
    *a = head;
    for (uint32_t i = 0; i < n; i++)
        take_change(b, c, &a->line.changes[i], &a->sources[i]);
    return c->has_failed ? STATE_MALFORMED : 0;
}

/* --- the end --- */

void lock_forget(struct books *b, int64_t before_us, struct state_out *out)
{
    struct buffer row = { 0 };
    uint32_t kept = 0;
    for (uint32_t i = 0; i < b->n_adjustments; i++) {
        struct adjustment *a = b->adjustments[i];
        int64_t start_us, end_us;
        period_window(PERIOD_YEAR, b->zone, a->booked_start_us, &start_us, &end_us);
        if (end_us > before_us) {
            b->adjustments[kept++] = a;
            continue;
        }
        put_key(b, a, &row);
        if (!a->is_dirty)
            out->drop(out->self, STAGE_ACCOUNT, buffer_slice(&row));
        free_one(a);
    }
    b->n_adjustments = kept;
    buffer_fini(&row);
}

void adjustment_free(struct books *b)
{
    for (uint32_t i = 0; i < b->n_adjustments; i++)
        free_one(b->adjustments[i]);
    free(b->adjustments);
}
