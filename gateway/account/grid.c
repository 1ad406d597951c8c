/* Intervals of a region stand sorted by time. A value that comes again for the same interval takes the old
 * one's place, unless it was published before it: brokers deliver again, and sources correct. A forecast
 * never takes away an actual value. Intervals of other lengths that overlap one that is there are refused,
 * since one of the two must be wrong. How many there are is bounded by the time that is kept: FORGET.
 *
 * Rows of STAGE_INTENSITY: key region NUL, then the beginning as 8 bytes that sort by time; value u8 version
 * = 1, i64 until, i64 published, u8 flags (1 forecast, 2 actual), for each u8 scale, i64 mantissa,
 * u8 is CO2e, u8 GWP set. Key
 * region NUL alone: u8 version, slice source. */
#include "account/grid.h"

#include <stdlib.h>
#include <string.h>

#include "account/array.h"
#include "base/buffer.h"

#define ROW_VERSION  1u
#define HAS_FORECAST 1u
#define HAS_ACTUAL   2u

void grids_fini(struct grids *g)
{
    for (uint32_t i = 0; i < g->n; i++) {
        free(g->at[i].region);
        free(g->at[i].at);
    }
    free(g->at);
    *g = (struct grids){ 0 };
}

static struct grid *find(const struct grids *g, struct slice region)
{
    for (uint32_t i = 0; i < g->n; i++)
        if (slice_equal(slice_of(g->at[i].region), region))
            return &g->at[i];
    return NULL;
}

struct grid *grids_find(const struct grids *g, const char *region)
{
    return find(g, slice_of(region));
}

static struct grid *find_or_make(struct grids *g, struct slice region)
{
    struct grid *there = find(g, region);
    if (there)
        return there;
    g->at = array_grow(g->at, g->n, &g->room, sizeof *g->at);
    struct grid *fresh = &g->at[g->n++];
    *fresh = (struct grid){ .region = strndup((const char *)region.at, region.size) };
    if (!fresh->region)
        abort();
    return fresh;
}

/* The first interval that ends behind t. */
static uint32_t place_of(const struct grid *g, int64_t t_us)
{
    uint32_t low = 0, high = g->n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (g->at[middle].until_us > t_us)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

const struct spell *grid_at(const struct grid *g, int64_t t_us, int64_t *from_us, int64_t *to_us)
{
    uint32_t i = place_of(g, t_us);
    const struct spell *s = i < g->n && g->at[i].from_us <= t_us ? &g->at[i] : NULL;
    int64_t begin_us = s ? s->from_us : i > 0 ? g->at[i - 1].until_us : INT64_MIN;
    int64_t end_us = s ? s->until_us : i < g->n ? g->at[i].from_us : INT64_MAX;
    *from_us = begin_us > *from_us ? begin_us : *from_us;
    *to_us = end_us < *to_us ? end_us : *to_us;
    return s;
}

static struct spell *insert(struct grid *g, uint32_t i, int64_t from_us, int64_t until_us)
{
    g->at = array_grow(g->at, g->n, &g->room, sizeof *g->at);
    memmove(g->at + i + 1, g->at + i, (g->n - i) * sizeof *g->at);
    g->n++;
    g->at[i] = (struct spell){ .from_us = from_us, .until_us = until_us };
    return &g->at[i];
}

static bool is_same(bool had, struct intensity_value was, bool has, struct intensity_value is)
{
    return had == has && (!has || (was.g.mantissa == is.g.mantissa && was.g.scale == is.g.scale &&
                                   was.is_co2e == is.is_co2e && was.gwp_set == is.gwp_set));
}

static void note_source(struct grid *g, struct slice source)
{
    size_t size = source.size < INTENSITY_SOURCE_MOST ? source.size : INTENSITY_SOURCE_MOST;
    while (size > 0 && size < source.size && (source.at[size] & 0xc0) == 0x80)
        size--;                  /* at the end of a character */
    if (size == 0 || (strlen(g->source) == size && memcmp(g->source, source.at, size) == 0))
        return;
    memcpy(g->source, source.at, size);
    g->source[size] = '\0';
    g->is_dirty = true;
}

/* Whether what an amount goes by is another than before. */
static bool update(struct spell *s, const struct intensity *x)
{
    struct spell was = *s;
    s->has_forecast |= x->has_forecast;
    s->forecast = x->has_forecast ? x->forecast : s->forecast;
    s->has_actual |= x->has_actual;
    s->actual = x->has_actual ? x->actual : s->actual;
    s->published_us = x->published_us;
    s->is_dirty = true;
    if (s->has_actual)
        return !is_same(was.has_actual, was.actual, true, s->actual);
    return !is_same(was.has_forecast, was.forecast, s->has_forecast, s->forecast);
}

int grids_take(struct grids *grids, const struct intensity *x)
{
    struct grid *g = find_or_make(grids, x->region);
    uint32_t i = place_of(g, x->from_us);
    bool is_free = i == g->n || g->at[i].from_us >= x->until_us;
    if (!is_free && (g->at[i].from_us != x->from_us || g->at[i].until_us != x->until_us))
        return GRID_CONFLICT;
    struct spell *s = is_free ? insert(g, i, x->from_us, x->until_us) : &g->at[i];
    if (x->published_us != 0 && x->published_us < s->published_us)
        return GRID_SAME;
    note_source(g, x->source);
    return update(s, x) ? 0 : GRID_SAME;
}

/* --- rows --- */

static void spell_key(const struct grid *g, int64_t from_us, struct buffer *out)
{
    buffer_clear(out);
    buffer_put(out, g->region, strlen(g->region) + 1);
    uint64_t from = (uint64_t)from_us ^ UINT64_C(1) << 63;
    for (int shift = 56; shift >= 0; shift -= 8)
        buffer_put_u8(out, (uint8_t)(from >> shift));
}

static void put_value(struct intensity_value v, struct buffer *out)
{
    buffer_put_u8(out, v.g.scale);
    buffer_put_i64(out, v.g.mantissa);
    buffer_put_u8(out, v.is_co2e);
    buffer_put_u8(out, v.gwp_set);
}

static void save_spell(const struct grid *g, struct spell *s, struct state_out *out, struct buffer *key,
                       struct buffer *value)
{
    spell_key(g, s->from_us, key);
    buffer_clear(value);
    buffer_put_u8(value, ROW_VERSION);
    buffer_put_i64(value, s->until_us);
    buffer_put_i64(value, s->published_us);
    buffer_put_u8(value, (uint8_t)((s->has_forecast ? HAS_FORECAST : 0) | (s->has_actual ? HAS_ACTUAL : 0)));
    put_value(s->forecast, value);
    put_value(s->actual, value);
    out->put(out->self, STAGE_INTENSITY, buffer_slice(key), buffer_slice(value));
    s->is_dirty = false;
}

static void save_source(struct grid *g, struct state_out *out, struct buffer *key, struct buffer *value)
{
    buffer_clear(key);
    buffer_put(key, g->region, strlen(g->region) + 1);
    buffer_clear(value);
    buffer_put_u8(value, ROW_VERSION);
    buffer_put_text(value, g->source);
    out->put(out->self, STAGE_INTENSITY, buffer_slice(key), buffer_slice(value));
    g->is_dirty = false;
}

void grids_save(struct grids *grids, struct state_out *out)
{
    struct buffer key = { 0 }, value = { 0 };
    for (uint32_t i = 0; i < grids->n; i++) {
        struct grid *g = &grids->at[i];
        if (g->is_dirty)
            save_source(g, out, &key, &value);
        for (uint32_t k = 0; k < g->n; k++)
            if (g->at[k].is_dirty)
                save_spell(g, &g->at[k], out, &key, &value);
    }
    buffer_fini(&key);
    buffer_fini(&value);
}

void grids_forget(struct grids *grids, int64_t before_us, struct state_out *out)
{
    struct buffer from = { 0 }, until = { 0 };
    for (uint32_t i = 0; i < grids->n; i++) {
        struct grid *g = &grids->at[i];
        uint32_t n = place_of(g, before_us);
        if (n == 0)
            continue;
        spell_key(g, INT64_MIN, &from);
        spell_key(g, g->at[n - 1].from_us + 1, &until);
        out->drop_range(out->self, STAGE_INTENSITY, buffer_slice(&from), buffer_slice(&until));
        memmove(g->at, g->at + n, (g->n - n) * sizeof *g->at);
        g->n -= n;
    }
    buffer_fini(&from);
    buffer_fini(&until);
}

static struct intensity_value take_value(struct cursor *c)
{
    struct intensity_value v = { .g.scale = cursor_u8(c) };
    v.g.mantissa = cursor_i64(c);
    v.is_co2e = cursor_u8(c);
    v.gwp_set = cursor_u8(c);
    c->has_failed |= v.g.scale > INTENSITY_SCALE_MOST || v.g.mantissa < 0 || v.gwp_set > GWP_UNSPECIFIED;
    return v;
}

static int load_spell(struct grid *g, int64_t from_us, struct cursor *c)
{
    struct spell s = { .from_us = from_us };
    s.until_us = cursor_i64(c);
    s.published_us = cursor_i64(c);
    uint8_t flags = cursor_u8(c);
    s.has_forecast = flags & HAS_FORECAST;
    s.has_actual = flags & HAS_ACTUAL;
    s.forecast = take_value(c);
    s.actual = take_value(c);
    uint32_t i = place_of(g, from_us);
    if (c->has_failed || s.until_us <= from_us || (i < g->n && g->at[i].from_us < s.until_us))
        return STATE_MALFORMED;
    *insert(g, i, from_us, s.until_us) = s;
    return 0;
}

int grids_load(struct grids *grids, struct slice key, struct slice value)
{
    struct cursor c = cursor_of(value), k = cursor_of(key);
    const uint8_t *end = key.size > 0 ? memchr(key.at, 0, key.size) : NULL;
    if (!end || end == key.at || cursor_u8(&c) != ROW_VERSION)
        return STATE_MALFORMED;
    struct slice region = { key.at, (size_t)(end - key.at) };
    cursor_bytes(&k, region.size + 1);
    struct grid *g = find_or_make(grids, region);
    if (k.at == k.end) {
        note_source(g, cursor_slice(&c));
        g->is_dirty = false;
        return c.has_failed ? STATE_MALFORMED : 0;
    }
    uint64_t from = 0;
    for (int i = 0; i < 8; i++)
        from = from << 8 | cursor_u8(&k);
    if (k.has_failed || cursor_rest(&k).size)
        return STATE_MALFORMED;
    return load_spell(g, (int64_t)(from ^ UINT64_C(1) << 63), &c);
}
