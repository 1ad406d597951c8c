/* Revisions: what a window said last, and what changed. Of what was said a window keeps a hash over all
 * figures, which tells whether there is anything new, and per stream what "before" has to show. The hash
 * is over text ids and numbers in the plan's order, so that it survives a restart. */
#include <stdlib.h>

#include "account/array.h"
#include "account/books.h"
#include "account/quality.h"
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
    buffer_put_u32(&text, s->points_valid);
    buffer_put_u64(&text, s->readings);
    uint64_t hash = hash_bytes(buffer_slice(&text), 0);
    buffer_fini(&text);
    return hash;
}

/* The window's total: all scopes; had only if no stream had to be left out. */
static bool total_of(const struct summary *s, int128 *out)
{
    bool has_any = false, is_complete = true;
    *out = 0;
    for (int scope = SCOPE_1; scope <= SCOPE_2; scope++) {    /* as total_location has it */
        *out += s->scope_has_co2e[scope] ? s->scope_co2e_ug[scope] : 0;
        has_any |= s->scope_has_co2e[scope];
        is_complete &= !s->scope_is_incomplete[scope];
    }
    return has_any && is_complete;
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

/* What a stream came to before, of a window that was told; false: nothing changed. */
static bool change_of(const struct told *told, const struct summary_stream *s,
                      struct summary_change *out)
{
    static const struct told nothing;
    const struct told *was = told ? told : &nothing;
    *out = (struct summary_change){
        .stream = s->stream,
        .activity_before_micro = was->activity_micro,
        .activity_after_micro = s->activity_micro,
        .had_activity = was->has_activity,
        .has_activity = s->has_activity,
        .co2e_before_ug = was->co2e_ug,
        .co2e_after_ug = s->has_co2e ? s->co2e_ug : 0,
        .had_co2e = was->has_co2e,
        .has_co2e = s->has_co2e,
    };
    return out->activity_before_micro != out->activity_after_micro ||
           out->had_activity != out->has_activity || out->co2e_before_ug != out->co2e_after_ug ||
           out->had_co2e != out->has_co2e;
}

/* The total first, then the streams that changed. */
static void list_changes(struct account *a, const struct window *w, struct arena *arena,
                         struct summary *s)
{
    s->changes = arena_take_zeroed(arena, s->n_streams + 1, sizeof *s->changes);
    if (!s->changes)
        abort();
    struct summary_change total = { .stream = -1,
                                    .co2e_before_ug = w->told_co2e_ug,
                                    .had_co2e = w->told_has_co2e };
    total.has_co2e = total_of(s, &total.co2e_after_ug);
    s->changes[s->n_changes++] = total;
    for (size_t i = 0; i < s->n_streams; i++) {
        const struct told *told = window_told(a, w, s->streams[i].stream);
        if (change_of(told, &s->streams[i], &s->changes[s->n_changes]))
            s->n_changes++;
    }
}

static void remember(struct account *a, struct window *w, const struct summary *s)
{
    w->told_has_co2e = total_of(s, &w->told_co2e_ug);
    bool is_first = w->revision == 0;
    for (size_t i = 0; i < s->n_streams; i++) {
        const struct summary_stream *stream = &s->streams[i];
        struct told *told = window_told(a, w, stream->stream);
        if (!told) {
            w->told = array_grow(w->told, w->n_told, &w->told_room, sizeof *w->told);
            told = &w->told[w->n_told++];
            *told = (struct told){ .source = a->sources[stream->stream] };
            if (is_first)
                told->points_expected = a->members[stream->stream].n_expected;
        }
        told->has_activity = stream->has_activity;
        told->activity_micro = stream->activity_micro;
        told->has_co2e = stream->has_co2e;
        told->co2e_ug = stream->has_co2e ? stream->co2e_ug : 0;
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
    bool is_adjustment = leaves_as_adjustment(w);
    if (w->revision > 0 || is_adjustment) {
        list_changes(a, w, arena, s);
        s->reasons = w->reasons;
        s->order = w->order;
    }
    remember(a, w, s);
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
