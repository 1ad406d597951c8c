/* Revisions: what a window said last, and what changed. Of what was said a window keeps a hash over all
 * figures, which tells whether there is anything new, and the lines that "before" has to show (line.c). The hash
 * is over text ids and numbers in the plan's order, so that it survives a restart. */
#include <stdlib.h>

#include "account/array.h"
#include "account/books.h"
#include "account/quality.h"
#include "account/scopes.h"
#include "base/hash.h"

static void hash_gases(const struct summary_stream *s, struct buffer *out)
{
    for (size_t i = 0; i < s->n_gases; i++) {
        buffer_put_u8(out, (uint8_t)s->gases[i].gas);
        buffer_put_u8(out, s->gases[i].is_covered);
        buffer_put_i128(out, s->gases[i].ug);
    }
    for (size_t i = 0; i < s->n_other_sets; i++) {
        buffer_put_u8(out, (uint8_t)s->other_sets[i].set);
        buffer_put_i128(out, s->other_sets[i].co2e_ug);
    }
    buffer_put_u8(out, s->is_partial);
    buffer_put_u8(out, s->is_incomplete);
}

static void hash_emission(const struct summary_emission *e, struct buffer *out)
{
    for (size_t i = 0; i < e->n_gases; i++) {
        buffer_put_u8(out, (uint8_t)e->gases[i].gas);
        buffer_put_i128(out, e->gases[i].ug);
    }
    for (size_t i = 0; i < e->n_other_sets; i++) {
        buffer_put_u8(out, (uint8_t)e->other_sets[i].set);
        buffer_put_i128(out, e->other_sets[i].co2e_ug);
    }
    buffer_put_i128(out, e->has_co2e ? e->co2e_ug : 0);
    buffer_put_u8(out, e->has_co2e);
    buffer_put_u8(out, e->is_incomplete);
    buffer_put_u8(out, e->is_partial);
    buffer_put_i128(out, e->uncertainty.half_micro);
    buffer_put_u8(out, e->uncertainty.is_known);
}

/* Whether a matching period is still open is no figure: it passes by itself. */
static void hash_market(const struct account *a, const struct summary_stream *s, struct buffer *out)
{
    hash_emission(&s->market, out);
    for (size_t i = 0; i < s->n_mb_basis; i++) {
        const struct summary_market_basis *basis = &s->mb_basis[i];
        buffer_put_u8(out, (uint8_t)basis->tier);
        buffer_put_text(out, basis->instrument_id);
        buffer_put_text(out, basis->factor < 0 ? "" : a->plan->factors[basis->factor].id);
        buffer_put_i128(out, basis->energy_micro);
        buffer_put_i128(out, basis->co2e_ug);
    }
    buffer_put_i128(out, s->uncertainty.half_micro);
    buffer_put_i128(out, s->activity_uncertainty.half_micro);
}

static void hash_stream(const struct account *a, const struct summary_stream *s, struct buffer *out)
{
    buffer_put_text(out, a->plan->streams[s->stream].id);
    buffer_put_u8(out, s->has_activity);
    buffer_put_i128(out, s->activity_micro);
    for (int part = 0; part < PART_COUNT; part++)
        buffer_put_i128(out, s->part_micro[part]);
    buffer_put_i128(out, s->unverified_micro);
    buffer_put_u32(out, s->unverified_readings);
    hash_gases(s, out);
    buffer_put_i128(out, s->co2e_ug);
    buffer_put_u8(out, s->has_co2e);
    buffer_put_u8(out, s->has_unverified_co2e);
    buffer_put_i128(out, s->unverified_co2e_ug);
    hash_market(a, s, out);
    buffer_put_u32(out, s->flags);
    buffer_put_i64(out, s->valid_ms);
    for (size_t i = 0; i < s->n_factors; i++) {
        const struct summary_factor *f = &s->factors[i];
        const char *id = f->region ? f->region : "";
        buffer_put_text(out, f->factor < 0 ? id : a->plan->factors[f->factor].id);
        buffer_put_i64(out, f->factor < 0 ? 0 : a->plan->factors[f->factor].valid_from_date);
        buffer_put_u8(out, (uint8_t)f->status);
        buffer_put_i128(out, f->activity_micro);
    }
}

uint64_t summary_hash(const struct account *a, const struct summary *s)
{
    struct buffer text = { 0 };
    for (size_t i = 0; i < s->n_streams; i++)
        hash_stream(a, &s->streams[i], &text);
    for (size_t i = 0; i < s->n_carriers; i++) {
        buffer_put_text(&text, s->carriers[i].carrier);
        buffer_put_i128(&text, s->carriers[i].imported_micro);
        buffer_put_i128(&text, s->carriers[i].exported_micro);
        buffer_put_i128(&text, s->carriers[i].generated_micro);
    }
    for (size_t i = 0; i < s->n_adjustments; i++)
        buffer_put_u64(&text, s->adjustments[i].sequence);
    quality_hash(a, s, &text);
    for (size_t i = 0; i < s->n_residuals; i++) {
        buffer_put_i128(&text, s->residuals[i].metered_micro);
        buffer_put_i128(&text, s->residuals[i].behind_micro);
    }
    buffer_put_u32(&text, s->points_valid);
    buffer_put_u64(&text, s->readings);
    uint64_t hash = hash_bytes(buffer_slice(&text), 0);
    buffer_fini(&text);
    return hash;
}

/* Mostly in the plan's order, so the place is tried first. */
struct told *window_told(const struct account *a, const struct window *w, int32_t stream)
{
    uint32_t place = (uint32_t)(stream - w->books->site->first_stream);
    if (place < w->n_told && source_stream(a, w->told[place].source) == stream)
        return &w->told[place];
    for (uint32_t i = 0; i < w->n_told; i++)
        if (source_stream(a, w->told[i].source) == stream)
            return &w->told[i];
    return NULL;
}

/* A row that cannot be read any more has said nothing that we know of. */
static void list_changes(struct account *a, const struct window *w, const struct summary_line *now, size_t n,
                         struct arena *arena, struct summary *s)
{
    struct summary_line *before;
    size_t n_before;
    if (lines_read(a, w, buffer_slice(&w->told_lines), arena, &before, &n_before))
        n_before = 0;
    s->changes = lines_differ(before, n_before, now, n, arena, &s->n_changes);
}

static void remember(struct account *a, struct window *w, const struct summary *s)
{
    bool is_first = w->revision == 0;
    for (size_t i = 0; i < s->n_streams; i++) {
        int32_t stream = s->streams[i].stream;
        if (window_told(a, w, stream))
            continue;
        w->told = array_grow(w->told, w->n_told, &w->told_room, sizeof *w->told);
        w->told[w->n_told++] = (struct told){ .source = a->sources[stream],
                                              .points_expected =
                                                  is_first ? a->members[stream].n_expected : 0 };
    }
}

/* Here it is decided: what changed in a locked window leaves as an adjustment, and anything else as the next
 * revision; so does a locked window itself, once, for its status. */
static bool leaves_as_adjustment(const struct window *w)
{
    return window_is_locked(w) && !w->is_status_due;
}

void summary_tell(struct account *a, struct window *w, uint64_t hash, struct arena *arena,
                  struct summary *s)
{
    size_t n;
    struct summary_line *lines = summary_lines(a, s, arena, &n);
    bool is_adjustment = leaves_as_adjustment(w);
    if (w->revision > 0 || is_adjustment) {
        list_changes(a, w, lines, n, arena, s);
        s->reasons = w->reasons;
        s->order = w->order;
    }
    remember(a, w, s);
    buffer_clear(&w->told_lines);
    lines_write(a, lines, n, &w->told_lines);
    if (is_adjustment)
        lock_tell(w, arena, s);
    else
        s->revision = ++w->revision;
    w->reasons = 0;
    w->order = 0;
    w->is_status_due = false;
    w->told_hash = hash;
    w->is_dirty = true;
}
