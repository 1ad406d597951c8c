/* Rows of the market-based view, beside those of account_state.c (STAGE_ACCOUNT):
 *
 *   M site            how far its allotment is: version, terms, since, the range to redo and why, stale
 *                     windows, where instruments ran out
 *   U site, i64 day   what could be covered on a local day, by stream; the day as in a window's key
 *
 * The purses are not kept: they follow from the days. */
#include <stdlib.h>

#include "account/array.h"
#include "account/books.h"

#define ROW_VERSION 1u

static void put_row(struct account *a, struct state_out *out, size_t key_size)
{
    struct slice key = { a->row.at, key_size };
    struct slice value = { a->row.at + key_size, a->row.size - key_size };
    out->put(out->self, STAGE_ACCOUNT, key, value);
}

static size_t begin_row(struct books *b, char letter)
{
    struct buffer *row = &b->account->row;
    buffer_clear(row);
    buffer_put_u8(row, (uint8_t)letter);
    buffer_put(row, b->id.at, b->id.size);
    buffer_put_u8(row, 0);
    return row->size;
}

static void save_head(struct books *b, struct state_out *out)
{
    struct market *m = &b->market;
    struct buffer *row = &b->account->row;
    size_t key_size = begin_row(b, 'M');
    buffer_put_u8(row, ROW_VERSION);
    buffer_put_u64(row, m->terms);
    buffer_put_i64(row, m->since_us);
    buffer_put_i64(row, m->redo_from_us);
    buffer_put_i64(row, m->redo_until_us);
    buffer_put_u8(row, m->redo_reason);
    buffer_put_u32(row, m->n_stale);
    for (uint32_t i = 0; i < m->n_stale; i++) {
        buffer_put_u8(row, (uint8_t)m->stale[i].period);
        buffer_put_i64(row, m->stale[i].start_us);
    }
    buffer_put_u32(row, m->n_spents);
    for (uint32_t i = 0; i < m->n_spents; i++) {
        buffer_put_slice(row, m->spents[i].instrument);
        buffer_put_i64(row, m->spents[i].from_us);
        buffer_put_i64(row, m->spents[i].until_us);
        buffer_put_i64(row, m->spents[i].at_us);
        buffer_put_i128(row, m->spents[i].left_micro);
    }
    put_row(b->account, out, key_size);
    m->is_dirty = false;
}

static void save_day(struct books *b, struct market_day *day, struct state_out *out)
{
    struct buffer *row = &b->account->row;
    begin_row(b, 'U');
    uint64_t start = (uint64_t)day->start_us ^ UINT64_C(1) << 63;
    for (int shift = 56; shift >= 0; shift -= 8)
        buffer_put_u8(row, (uint8_t)(start >> shift));
    size_t key_size = row->size;
    buffer_put_u8(row, ROW_VERSION);
    buffer_put_i64(row, day->end_us);
    buffer_put_u32(row, day->n_uses);
    for (uint32_t i = 0; i < day->n_uses; i++) {
        buffer_put_slice(row, day->uses[i].source->id);
        buffer_put_i128(row, day->uses[i].micro);
    }
    put_row(b->account, out, key_size);
    day->is_dirty = false;
}

void market_save(struct books *b, struct state_out *out)
{
    struct market *m = &b->market;
    if (m->is_dirty)
        save_head(b, out);
    for (uint32_t i = 0; i < m->n_days; i++)
        if (m->days[i].is_dirty)
            save_day(b, &m->days[i], out);
}

/* --- loading --- */

static void load_stale(struct cursor *c, struct market *m)
{
    uint32_t n = cursor_u32(c);
    m->n_stale = 0;
    for (uint32_t i = 0; i < n && !c->has_failed; i++) {
        struct stale stale = { .period = (enum period)cursor_u8(c) };
        stale.start_us = cursor_i64(c);
        c->has_failed |= stale.period >= PERIOD_COUNT;
        m->stale = array_grow(m->stale, m->n_stale, &m->stale_room, sizeof *m->stale);
        m->stale[m->n_stale++] = stale;
    }
}

static void load_spents(struct cast *cast, struct cursor *c, struct market *m)
{
    uint32_t n = cursor_u32(c);
    m->n_spents = 0;
    for (uint32_t i = 0; i < n && !c->has_failed; i++) {
        struct spent spent = { .instrument = cast_text(cast, cursor_slice(c)) };
        spent.from_us = cursor_i64(c);
        spent.until_us = cursor_i64(c);
        spent.at_us = cursor_i64(c);
        spent.left_micro = cursor_i128(c);
        m->spents = array_grow(m->spents, m->n_spents, &m->spents_room, sizeof *m->spents);
        m->spents[m->n_spents++] = spent;
    }
}

static int load_head(struct account *a, struct books *b, struct cursor *c)
{
    struct market *m = &b->market;
    m->terms = cursor_u64(c);
    m->since_us = cursor_i64(c);
    m->redo_from_us = cursor_i64(c);
    m->redo_until_us = cursor_i64(c);
    m->redo_reason = cursor_u8(c);
    load_stale(c, m);
    load_spents(&a->cast, c, m);
    m->is_dirty = false;
    return c->has_failed ? STATE_MALFORMED : 0;
}

static int load_day(struct account *a, struct books *b, struct cursor *key, struct cursor *c)
{
    struct market_day day = { 0 };
    uint64_t start = 0;
    for (int i = 0; i < 8; i++)
        start = start << 8 | cursor_u8(key);
    day.start_us = (int64_t)(start ^ UINT64_C(1) << 63);
    day.end_us = cursor_i64(c);
    uint32_t n = cursor_u32(c);
    for (uint32_t i = 0; i < n && !c->has_failed; i++) {
        struct slice stream = cursor_slice(c);
        int128 micro = cursor_i128(c);
        if (c->has_failed || stream.size == 0)
            break;
        day.uses = array_grow(day.uses, day.n_uses, &day.room, sizeof *day.uses);
        day.uses[day.n_uses++] = (struct market_use){ cast_source(&a->cast, b, stream), micro };
    }
    if (c->has_failed || key->has_failed || day.end_us <= day.start_us) {
        free(day.uses);
        return STATE_MALFORMED;
    }
    market_adopt_day(&b->market, &day);
    return 0;
}

int market_load(struct account *a, struct slice site, uint8_t kind, struct cursor *key, struct slice value)
{
    struct cursor c = cursor_of(value);
    if (cursor_u8(&c) != ROW_VERSION)
        return STATE_MALFORMED;
    struct books *b = books_of(a, site);
    int rc = kind == 'M' ? load_head(a, b, &c) : load_day(a, b, key, &c);
    return rc == 0 && cursor_rest(&c).size ? STATE_MALFORMED : rc;
}
