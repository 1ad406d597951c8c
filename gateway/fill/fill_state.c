/* Rows of the filling (STAGE_FILL). A key is "site\0device\0point\0", for a day of hours its number behind it,
 * u32 big-endian.
 *
 *   the point  u8 version = 1, i64 tick num, i64 tick den, i64 first hour, i64 from, i64 judged
 *   a day      u8 version = 1, u8 n, then each hour: i64 number, i128 valid ticks, cover, u16 n given, each
 *              u8 method, u8 rule, i64 start, i64 end, i64 ticks, i64 value, u32 n, i64 mean, i64 sigma,
 *              i64 look-back, u32 availability
 *
 * A day is written when one of its hours changed, so that a commit costs what changed. Days that fell off
 * behind three years are dropped with the next save of the point. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "fill/inside.h"

#define FILL_ROW 1u
#define DAY_HOURS 24

static int64_t day_of(int64_t number)
{
    return number / DAY_HOURS - (number % DAY_HOURS < 0);
}

static struct slice day_key(struct fill *f, struct slice point, int64_t day)
{
    uint32_t stored = (uint32_t)(day + ((int64_t)1 << 31));
    buffer_clear(&f->key);
    buffer_put(&f->key, point.at, point.size);
    for (int shift = 24; shift >= 0; shift -= 8)
        buffer_put_u8(&f->key, (uint8_t)(stored >> shift));
    return buffer_slice(&f->key);
}

/* --- writing --- */

static void put_given(const struct substituted *s, struct buffer *out)
{
    buffer_put_u8(out, s->method);
    buffer_put_u8(out, s->rule);
    buffer_put_i64(out, s->start_us);
    buffer_put_i64(out, s->end_us);
    buffer_put_i64(out, s->ticks);
    buffer_put_i64(out, s->value_ticks);
    buffer_put_u32(out, s->n);
    buffer_put_i64(out, s->mean_ticks);
    buffer_put_i64(out, s->sigma_ticks);
    buffer_put_i64(out, s->look_back_us);
    buffer_put_u32(out, s->availability_ppm);
}

static void put_hour(const struct hour *hour, int64_t number, struct buffer *out)
{
    buffer_put_i64(out, number);
    buffer_put_i128(out, hour->valid_ticks);
    cover_write(&hour->cover, number * HOUR_US, (number + 1) * HOUR_US, out);
    buffer_put_u16(out, hour->n_given);
    for (uint16_t i = 0; i < hour->n_given; i++)
        put_given(&hour->given[i], out);
}

/* One day, if an hour of it changed. */
static void save_day(struct fill *f, struct filled *p, int64_t day, struct state_out *out)
{
    bool is_dirty = false;
    uint8_t n = 0;
    for (int64_t k = day * DAY_HOURS; k < (day + 1) * DAY_HOURS; k++) {
        struct hour *hour = hours_find(&p->hours, k);
        n += hour != NULL;
        is_dirty |= hour && hour->is_dirty;
    }
    if (!is_dirty)
        return;
    buffer_clear(&f->row);
    buffer_put_u8(&f->row, FILL_ROW);
    buffer_put_u8(&f->row, n);
    for (int64_t k = day * DAY_HOURS; k < (day + 1) * DAY_HOURS; k++) {
        struct hour *hour = hours_find(&p->hours, k);
        if (!hour)
            continue;
        put_hour(hour, k, &f->row);
        hour->is_dirty = false;
    }
    out->put(out->self, STAGE_FILL, day_key(f, p->key, day), buffer_slice(&f->row));
}

static void drop_before(struct fill *f, struct slice key, int64_t day, struct state_out *out)
{
    struct buffer from = { 0 };
    struct slice first = day_key(f, key, -((int64_t)1 << 31));
    buffer_put(&from, first.at, first.size);
    out->drop_range(out->self, STAGE_FILL, buffer_slice(&from), day_key(f, key, day));
    buffer_fini(&from);
}

static void save_point(struct fill *f, struct filled *p, struct state_out *out)
{
    int64_t last = p->hours.first + (int64_t)p->hours.n - 1;
    for (int64_t day = day_of(p->hours.first); p->hours.n && day <= day_of(last); day++)
        save_day(f, p, day, out);
    if (p->hours.n >= HOURS_MOST)
        drop_before(f, p->key, day_of(p->hours.first), out);
    buffer_clear(&f->row);
    buffer_put_u8(&f->row, FILL_ROW);
    buffer_put_i64(&f->row, p->tick.num);
    buffer_put_i64(&f->row, p->tick.den);
    buffer_put_i64(&f->row, p->hours.first);
    buffer_put_i64(&f->row, p->from);
    buffer_put_i64(&f->row, p->judged);
    out->put(out->self, STAGE_FILL, p->key, buffer_slice(&f->row));
    p->is_dirty = false;
}

void fill_save(struct fill *f, struct state_out *out)
{
    for (size_t i = 0; i < f->n_gone; i++) {
        out->drop(out->self, STAGE_FILL, f->gone[i]);
        drop_before(f, f->gone[i], ((int64_t)1 << 31) - 1, out);
        free((void *)f->gone[i].at);
    }
    f->n_gone = 0;
    for (size_t i = 0; i < f->n; i++)
        if (f->at[i].is_dirty)
            save_point(f, &f->at[i], out);
}

/* --- reading --- */

static void take_given(struct cursor *c, struct substituted *s)
{
    s->method = cursor_u8(c);
    s->rule = cursor_u8(c);
    s->start_us = cursor_i64(c);
    s->end_us = cursor_i64(c);
    s->ticks = cursor_i64(c);
    s->value_ticks = cursor_i64(c);
    s->n = cursor_u32(c);
    s->mean_ticks = cursor_i64(c);
    s->sigma_ticks = cursor_i64(c);
    s->look_back_us = cursor_i64(c);
    s->availability_ppm = cursor_u32(c);
    if (s->method >= SUBSTITUTE_METHOD_COUNT || s->rule >= RULE_COUNT || s->end_us <= s->start_us)
        c->has_failed = true;
}

static bool take_hour(struct cursor *c, struct filled *p)
{
    int64_t number = cursor_i64(c);
    int128 ticks = cursor_i128(c);
    struct hour *hour = c->has_failed ? NULL : hours_make(&p->hours, number);
    if (!hour)
        return !c->has_failed; /* one that fell off meanwhile */
    hour->valid_ticks = ticks;
    if (!cover_read(c, number * HOUR_US, (number + 1) * HOUR_US, &hour->cover))
        return false;
    uint16_t n = cursor_u16(c);
    if (n > COVER_EDGES_MOST + 1)
        return false;
    hour->given = n ? calloc(n, sizeof *hour->given) : NULL;
    if (n && !hour->given)
        abort();
    for (uint16_t i = 0; i < n; i++)
        take_given(c, &hour->given[i]);
    hour->n_given = n;
    return !c->has_failed;
}

static int load_day(struct filled *p, struct cursor *c)
{
    uint8_t n = cursor_u8(c);
    for (uint8_t i = 0; i < n; i++)
        if (!take_hour(c, p))
            return STATE_MALFORMED;
    return c->has_failed || cursor_rest(c).size != 0 ? STATE_MALFORMED : 0;
}

static int load_point(struct filled *p, struct cursor *c)
{
    struct ratio tick;
    tick.num = cursor_i64(c);
    tick.den = cursor_i64(c);
    int64_t first = cursor_i64(c);
    p->from = cursor_i64(c);
    p->judged = cursor_i64(c);
    if (c->has_failed || tick.num != p->tick.num || tick.den != p->tick.den)
        return STATE_MALFORMED;
    hours_make(&p->hours, first);
    return 0;
}

int fill_load(struct fill *f, struct slice key, struct slice value)
{
    struct cursor c = cursor_of(value);
    uint8_t version = cursor_u8(&c);
    if (version > FILL_ROW)
        log_line(LOG_ERROR, "fill.row_newer",
                 "found=%u known=%u – a row of filled hours was written by a newer version", version,
                 FILL_ROW);
    if (version == 0 || version > FILL_ROW)
        return STATE_MALFORMED;
    struct filled *p = fill_find(f, key);
    if (p)
        return load_point(p, &c);
    if (key.size < 4)
        return STATE_MALFORMED;
    p = fill_find(f, (struct slice){ key.at, key.size - 4 });
    return p ? load_day(p, &c) : 0;
}
