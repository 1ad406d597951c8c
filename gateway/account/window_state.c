/* A window as a row. It holds text where memory holds pointers, so that it can be read under another
 * plan, years later:
 *
 *   u8 version = 4, u8 flags (1 pending, 2 told_has_co2e: until 3, 4 uncovered: from 2 on, 8 evidence), i64 end,
 *   u32 revision, u32 reasons, i64 due,
 *   i64 readings, u64 told_hash, until 3 i128 told_co2e
 *   u32 n rates:    slice key (see rate_key)
 *   u32 n told:     slice stream, until 3 i128 activity, i128 co2e, u8 flags (1 has_activity, 2 has_co2e),
 *                   u32 points_expected; from 4 on behind all a slice of lines, see line.c
 *   u32 n shares:   slice stream, slice device, slice point, u8 direction (| 4 × role | 16 of a follower: from
 *                   4 on), i64 tick num, i64 tick den, i64 n, i64 valid, i64 unverified, from 4 on i64 stretches
 *                   and the cover (cover.c), 6 × u32 flagged (until 3: 5), u8 mask of parts, i128 each
 *   u32 n tallies:  slice stream, u8 direction, u8 unverified (from 4 on 2: of the market-based view, and u8
 *                   tier, slice instrument behind it), u32 rate, i64 n, figures
 *   u32 n cells:    u32 share, u32 rate, u8 unverified, i64 from, i64 to, i64 n, i128 ticks, figures
 *
 *   with flag 8:    u64 first frame, u64 last frame, u64 sum
 *   with flag 16:   u64 order, u8 status is due, u32 n companions: u64 lock, i64 start, slice row of the same form
 *
 * figures: u16 mask (bit 0 activity, 1 co2e, 2… gases in the order of the entry's rate), i128 for each
 * bit; until version 2 a u8 mask, its gases CO2, biogenic CO2, CH4, biogenic CH4 and N2O. Site, period
 * and start stand in the row's key. Only what is live is written, but of a
 * companion everything: what it holds are differences, which may be there when nothing is counted. */
#include <stdlib.h>

#include "account/array.h"
#include "account/books.h"
#include "account/scopes.h"
#include "base/log.h"

#define WINDOW_ROW            4u
#define WINDOW_ROW_WITHOUT_COVER 3u
#define WINDOW_ROW_FIVE_GASES 2u

/* In a share's direction. */
#define ROLE_SHIFT 2
#define FOLLOWER   16u

/* In place of a tally's "unverified". */
#define TALLY_MARKET 2u

#define FLAG_PENDING       1u
#define FLAG_TOLD_HAS_CO2E 2u
#define FLAG_UNCOVERED     4u
#define FLAG_EVIDENCE      8u
#define FLAG_ORDERED       16u

#define TOLD_HAS_ACTIVITY 1u
#define TOLD_HAS_CO2E     2u

/* --- writing --- */

static void put_figures(const struct figures *f, struct buffer *out)
{
    const int128 *all[2 + GASES_MOST] = { &f->activity_micro, &f->co2e_ug };
    uint16_t mask = 0;
    for (int i = 0; i < GASES_MOST; i++)
        all[2 + i] = &f->gas_ug[i];
    for (int i = 0; i < 2 + GASES_MOST; i++)
        mask |= (uint16_t)((*all[i] != 0) << i);
    buffer_put_u16(out, mask);
    for (int i = 0; i < 2 + GASES_MOST; i++)
        if (mask & 1u << i)
            buffer_put_i128(out, *all[i]);
}

static bool is_kept(const struct window *w, int64_t n)
{
    return n != 0 || w->lock != 0;
}

static void list_rate(struct rate ***rates, uint32_t *n, uint32_t *room, struct rate *rate)
{
    for (uint32_t i = 0; i < *n; i++)
        if ((*rates)[i] == rate)
            return;
    *rates = array_grow(*rates, *n, room, sizeof(struct rate *));
    (*rates)[(*n)++] = rate;
}

/* The rates of the window, each once: those of its tallies, and those of cells that tallies keep by a
 * family or not at all. The caller frees. */
static struct rate **list_rates(const struct window *w, uint32_t *n)
{
    struct rate **rates = NULL;
    uint32_t room = 0;
    *n = 0;
    for (uint32_t i = 0; i < w->n_tallies; i++)
        if (is_kept(w, w->tallies[i].n))
            list_rate(&rates, n, &room, w->tallies[i].rate);
    for (uint32_t i = 0; i < w->n_cells; i++)
        if (w->cells[i].n != 0)
            list_rate(&rates, n, &room, w->cells[i].rate);
    return rates;
}

static uint32_t number_of(struct rate *const *rates, const struct rate *rate)
{
    uint32_t i = 0;
    while (rates[i] != rate)
        i++;
    return i;
}

static void put_told(const struct window *w, struct buffer *out)
{
    buffer_put_u32(out, w->n_told);
    for (uint32_t i = 0; i < w->n_told; i++) {
        buffer_put_slice(out, w->told[i].source->id);
        buffer_put_u32(out, w->told[i].points_expected);
    }
    buffer_put_slice(out, buffer_slice(&w->told_lines));
}

static void put_share(const struct window *w, const struct share *s, struct buffer *out)
{
    const struct lane *lane = s->lane;
    buffer_put_slice(out, lane->source->id);
    buffer_put_slice(out, lane->spot->device);
    buffer_put_slice(out, lane->spot->point);
    buffer_put_u8(out, (uint8_t)(lane->direction | lane->role << ROLE_SHIFT |
                                 (lane->spot->is_follower ? FOLLOWER : 0)));
    buffer_put_i64(out, lane->tick_to_micro.num);
    buffer_put_i64(out, lane->tick_to_micro.den);
    buffer_put_i64(out, s->n);
    buffer_put_i64(out, s->valid_us);
    buffer_put_i64(out, s->unverified);
    buffer_put_i64(out, s->stretches);
    cover_write(&s->cover, w->start_us, w->end_us, out);
    for (int kind = 0; kind < FLAG_KINDS; kind++)
        buffer_put_u32(out, (uint32_t)s->flagged[kind]);
    uint8_t mask = 0;
    for (int part = 0; part < PART_COUNT; part++)
        mask |= (uint8_t)((s->part_ticks[part] != 0) << part);
    buffer_put_u8(out, mask);
    for (int part = 0; part < PART_COUNT; part++)
        if (mask & 1u << part)
            buffer_put_i128(out, s->part_ticks[part]);
}

static uint32_t put_shares(const struct window *w, struct buffer *out)
{
    uint32_t live = 0;
    for (uint32_t i = 0; i < w->n_shares; i++)
        live += is_kept(w, w->shares[i].n | w->shares[i].stretches);
    buffer_put_u32(out, live);
    for (uint32_t i = 0; i < w->n_shares; i++)
        if (is_kept(w, w->shares[i].n | w->shares[i].stretches))
            put_share(w, &w->shares[i], out);
    return live;
}

static void put_tallies(const struct window *w, struct rate *const *rates, struct buffer *out)
{
    uint32_t live = 0;
    for (uint32_t i = 0; i < w->n_tallies; i++)
        live += is_kept(w, w->tallies[i].n);
    buffer_put_u32(out, live);
    for (uint32_t i = 0; i < w->n_tallies; i++) {
        const struct tally *t = &w->tallies[i];
        if (!is_kept(w, t->n))
            continue;
        buffer_put_slice(out, t->source->id);
        buffer_put_u8(out, (uint8_t)t->direction);
        buffer_put_u8(out, t->deal ? TALLY_MARKET : t->is_unverified);
        if (t->deal) {
            buffer_put_u8(out, t->deal->tier);
            buffer_put_slice(out, t->deal->instrument);
        }
        buffer_put_u32(out, number_of(rates, t->rate));
        buffer_put_i64(out, t->n);
        put_figures(&t->figures, out);
    }
}

static void put_cell(const struct cell *c, uint32_t share, struct rate *const *rates,
                     struct buffer *out)
{
    buffer_put_u32(out, share);
    buffer_put_u32(out, number_of(rates, c->rate));
    buffer_put_u8(out, c->is_unverified);
    buffer_put_i64(out, c->from_us);
    buffer_put_i64(out, c->to_us);
    buffer_put_i64(out, c->n);
    buffer_put_i128(out, c->ticks);
    put_figures(&c->figures, out);
}

/* Share by share, so that the cells' shares count up as the shares were written. */
static void put_cells(const struct window *w, struct rate *const *rates, struct buffer *out)
{
    uint32_t live = 0, share = 0;
    for (uint32_t i = 0; i < w->n_cells; i++)
        live += w->cells[i].n != 0;
    buffer_put_u32(out, live);
    for (uint32_t i = 0; i < w->n_shares; i++) {
        if (!is_kept(w, w->shares[i].n | w->shares[i].stretches))
            continue;
        for (uint32_t c = w->shares[i].first_cell; c != CELL_NONE; c = w->cells[c].next)
            if (w->cells[c].n != 0)
                put_cell(&w->cells[c], share, rates, out);
        share++;
    }
}

static void put_evidence(const struct evidence *e, struct buffer *out)
{
    buffer_put_u64(out, e->first_frame);
    buffer_put_u64(out, e->last_frame);
    buffer_put_u64(out, e->sum);
}

static bool is_ordered(const struct window *w)
{
    return w->order != 0 || w->is_status_due || (w->lock == 0 && w->companion);
}

static void put_orders(const struct window *w, struct buffer *out)
{
    uint32_t n = 0;
    for (const struct window *c = w->companion; c; c = c->companion)
        n++;
    buffer_put_u64(out, w->order);
    buffer_put_u8(out, w->is_status_due);
    buffer_put_u32(out, n);
    for (const struct window *c = w->companion; c; c = c->companion) {
        struct buffer row = { 0 };
        window_write(c, &row);
        buffer_put_u64(out, c->lock);
        buffer_put_i64(out, c->start_us);
        buffer_put_slice(out, buffer_slice(&row));
        buffer_fini(&row);
    }
}

void window_write(const struct window *w, struct buffer *out)
{
    buffer_put_u8(out, WINDOW_ROW);
    buffer_put_u8(out, (uint8_t)((w->is_pending ? FLAG_PENDING : 0) |
                                 (w->is_uncovered ? FLAG_UNCOVERED : 0) |
                                 (w->evidence.is_unknown ? 0 : FLAG_EVIDENCE) |
                                 (is_ordered(w) ? FLAG_ORDERED : 0)));
    buffer_put_i64(out, w->end_us);
    buffer_put_u32(out, w->revision);
    buffer_put_u32(out, w->reasons);
    buffer_put_i64(out, w->due_us);
    buffer_put_i64(out, w->readings);
    buffer_put_u64(out, w->told_hash);

    uint32_t n_rates;
    struct rate **rates = list_rates(w, &n_rates);
    buffer_put_u32(out, n_rates);
    for (uint32_t i = 0; i < n_rates; i++)
        buffer_put_slice(out, rates[i]->key);
    put_told(w, out);
    put_shares(w, out);
    put_tallies(w, rates, out);
    put_cells(w, rates, out);
    if (!w->evidence.is_unknown)
        put_evidence(&w->evidence, out);
    if (is_ordered(w))
        put_orders(w, out);
    free(rates);
}

/* --- reading --- */

/* A row on its way into a window. Each step returns false when the row does not fit. */
struct row_parts {
    struct cursor c;
    uint8_t version;
    struct cast *cast;
    struct books *b;
    struct window *w;
    struct rate **rates;
    uint32_t n_rates, rates_room;
    bool has_evidence, has_orders;
};

static bool has_more(const struct row_parts *in, uint32_t i, uint32_t n)
{
    return i < n && !in->c.has_failed;
}

static bool is_named(struct slice id)
{
    for (size_t i = 0; i < id.size; i++)
        if (id.at[i] == 0)
            return false;
    return id.size != 0;
}

/* Where the gas of a bit of the mask stands among the rate's; what the rate does not have spoils the row. */
static int place_of_bit(const struct row_parts *in, const struct rate *rate, int bit)
{
    if (in->version <= WINDOW_ROW_FIVE_GASES)
        return rate_place(rate, (enum gas)(GAS_CO2_FOSSIL + bit));
    return bit < rate->gases.n ? bit : -1;
}

static struct figures take_figures(struct row_parts *in, const struct rate *rate)
{
    struct figures f = { 0 };
    struct cursor *c = &in->c;
    unsigned mask = in->version <= WINDOW_ROW_FIVE_GASES ? cursor_u8(c) : cursor_u16(c);
    if (mask & 1u)
        f.activity_micro = cursor_i128(c);
    if (mask & 2u)
        f.co2e_ug = cursor_i128(c);
    for (int bit = 0; mask >> (2 + bit); bit++) {
        if (!(mask & 4u << bit))
            continue;
        int place = place_of_bit(in, rate, bit);
        if (place < 0)
            c->has_failed = true;
        else
            f.gas_ug[place] = cursor_i128(c);
    }
    return f;
}

static bool take_rates(struct row_parts *in)
{
    uint32_t n = cursor_u32(&in->c);
    for (uint32_t i = 0; has_more(in, i, n); i++) {
        struct rate *rate = cast_rate(in->cast, cursor_slice(&in->c));
        if (!rate)
            return false;
        in->rates = array_grow(in->rates, in->n_rates, &in->rates_room, sizeof(struct rate *));
        in->rates[in->n_rates++] = rate;
    }
    return !in->c.has_failed;
}

/* Until version 3 two figures stood beside each stream, and one of the site in the row's head. */
static void take_old_lines(struct row_parts *in, struct slice stream)
{
    int128 activity_micro = cursor_i128(&in->c), co2e_ug = cursor_i128(&in->c);
    uint8_t flags = cursor_u8(&in->c);
    lines_write_old(stream, flags & TOLD_HAS_ACTIVITY, activity_micro, flags & TOLD_HAS_CO2E, co2e_ug,
                    &in->w->told_lines);
}

static bool take_told(struct row_parts *in)
{
    struct window *w = in->w;
    bool is_old = in->version <= WINDOW_ROW_WITHOUT_COVER;
    uint32_t n = cursor_u32(&in->c);
    for (uint32_t i = 0; has_more(in, i, n); i++) {
        struct slice stream = cursor_slice(&in->c);
        if (is_old)
            take_old_lines(in, stream);
        uint32_t points_expected = cursor_u32(&in->c);
        if (in->c.has_failed || !is_named(stream))
            return false;
        w->told = array_grow(w->told, w->n_told, &w->told_room, sizeof *w->told);
        w->told[w->n_told++] = (struct told){ cast_source(in->cast, in->b, stream), points_expected };
    }
    if (!is_old) {
        struct slice lines = cursor_slice(&in->c);
        buffer_put(&w->told_lines, lines.at, lines.size);
    }
    return !in->c.has_failed;
}

static struct lane *take_lane(struct row_parts *in)
{
    struct slice stream = cursor_slice(&in->c), device = cursor_slice(&in->c);
    struct slice point = cursor_slice(&in->c);
    unsigned mixed = cursor_u8(&in->c);
    int direction = mixed & 3u, role = mixed >> ROLE_SHIFT & 3u;
    struct ratio tick;
    tick.num = cursor_i64(&in->c);
    tick.den = cursor_i64(&in->c);
    if (in->c.has_failed || !is_named(stream) || !is_named(device) || !is_named(point) ||
        direction > DIRECTION_GENERATION || role > ROLE_CHECK || tick.den <= 0)
        return NULL;
    struct spot *spot = cast_spot(in->cast, in->b, device, point);
    struct source *source = cast_source(in->cast, in->b, stream);
    if (mixed & FOLLOWER)
        spot = cast_follower(in->cast, spot, source);
    return cast_lane(in->cast, spot, source, direction, role, tick);
}

/* An older row does not tell: the cover is lost. */
static bool take_cover(struct row_parts *in, struct share *share)
{
    share->cover.is_lost = true;
    if (in->version <= WINDOW_ROW_WITHOUT_COVER)
        return true;
    share->stretches = cursor_i64(&in->c);
    return cover_read(&in->c, in->w->start_us, in->w->end_us, &share->cover);
}

static int flag_kinds(const struct row_parts *in)
{
    return in->version <= WINDOW_ROW_WITHOUT_COVER ? 5 : FLAG_KINDS;
}

static bool take_shares(struct row_parts *in)
{
    uint32_t n = cursor_u32(&in->c);
    for (uint32_t i = 0; has_more(in, i, n); i++) {
        struct lane *lane = take_lane(in);
        if (!lane || window_find_share(in->w, lane))
            return false;
        struct share *share = window_share(in->w, lane);
        share->n = cursor_i64(&in->c);
        share->valid_us = cursor_i64(&in->c);
        share->unverified = cursor_i64(&in->c);
        if (!take_cover(in, share))
            return false;
        for (int kind = 0; kind < flag_kinds(in); kind++)
            share->flagged[kind] = (int32_t)cursor_u32(&in->c);
        uint8_t mask = cursor_u8(&in->c);
        for (int part = 0; part < PART_COUNT; part++)
            if (mask & 1u << part)
                share->part_ticks[part] = cursor_i128(&in->c);
    }
    return !in->c.has_failed;
}

static struct deal *take_deal(struct row_parts *in)
{
    uint8_t tier = cursor_u8(&in->c);
    struct slice instrument = cursor_slice(&in->c);
    in->c.has_failed |= tier < MARKET_INSTRUMENT || tier > MARKET_GRID_AVERAGE;
    return in->c.has_failed ? NULL : market_deal(in->cast, (enum market_tier)tier, instrument);
}

static bool take_tallies(struct row_parts *in)
{
    uint32_t n = cursor_u32(&in->c);
    for (uint32_t i = 0; has_more(in, i, n); i++) {
        struct slice stream = cursor_slice(&in->c);
        int direction = cursor_u8(&in->c);
        uint8_t view = cursor_u8(&in->c);
        struct deal *deal = view == TALLY_MARKET ? take_deal(in) : NULL;
        uint32_t rate = cursor_u32(&in->c);
        if (in->c.has_failed || !is_named(stream) || rate >= in->n_rates)
            return false;
        struct source *source = cast_source(in->cast, in->b, stream);
        struct tally *t = deal ? window_market_tally(in->w, source, in->rates[rate], deal)
                               : window_tally(in->w, source, direction, in->rates[rate], view != 0);
        t->n = cursor_i64(&in->c);
        t->figures = take_figures(in, in->rates[rate]);
    }
    return !in->c.has_failed;
}

static bool take_cells(struct row_parts *in)
{
    uint32_t n = cursor_u32(&in->c);
    for (uint32_t i = 0; has_more(in, i, n); i++) {
        uint32_t share = cursor_u32(&in->c), rate = cursor_u32(&in->c);
        bool is_unverified = cursor_u8(&in->c);
        int64_t from_us = cursor_i64(&in->c), to_us = cursor_i64(&in->c);
        if (in->c.has_failed || share >= in->w->n_shares || rate >= in->n_rates)
            return false;
        uint32_t at = window_cell(in->w, &in->w->shares[share], in->rates[rate], is_unverified,
                                  from_us, to_us);
        in->w->cells[at].n = cursor_i64(&in->c);
        in->w->cells[at].ticks = cursor_i128(&in->c);
        in->w->cells[at].figures = take_figures(in, in->rates[rate]);
    }
    return !in->c.has_failed;
}

static bool take_evidence(struct row_parts *in)
{
    in->w->evidence.is_unknown = !in->has_evidence;
    if (!in->has_evidence)
        return true;
    in->w->evidence.first_frame = cursor_u64(&in->c);
    in->w->evidence.last_frame = cursor_u64(&in->c);
    in->w->evidence.sum = cursor_u64(&in->c);
    return !in->c.has_failed;
}

static void take_head(struct row_parts *in)
{
    struct window *w = in->w;
    uint8_t flags = cursor_u8(&in->c);
    w->is_pending = flags & FLAG_PENDING;
    w->is_uncovered = flags & FLAG_UNCOVERED;
    in->has_evidence = flags & FLAG_EVIDENCE;
    in->has_orders = flags & FLAG_ORDERED;
    w->end_us = cursor_i64(&in->c);
    w->revision = cursor_u32(&in->c);
    w->reasons = cursor_u32(&in->c);
    w->due_us = cursor_i64(&in->c);
    w->readings = cursor_i64(&in->c);
    w->told_hash = cursor_u64(&in->c);
    if (in->version <= WINDOW_ROW_WITHOUT_COVER)
        lines_write_old((struct slice){ 0 }, false, 0, flags & FLAG_TOLD_HAS_CO2E, cursor_i128(&in->c),
                        &w->told_lines);
}

/* Behind the last, so that they keep their order. */
static bool take_companion(struct row_parts *in, struct window **end)
{
    uint64_t lock = cursor_u64(&in->c);
    int64_t start_us = cursor_i64(&in->c);
    struct slice row = cursor_slice(&in->c);
    if (in->c.has_failed || lock == 0 || window_parse(in->b, in->w->period, start_us, row, end) != 0)
        return false;
    (*end)->lock = lock;
    return true;
}

static bool take_orders(struct row_parts *in)
{
    if (!in->has_orders)
        return true;
    in->w->order = cursor_u64(&in->c);
    in->w->is_status_due = cursor_u8(&in->c);
    uint32_t n = cursor_u32(&in->c);
    struct window **end = &in->w->companion;
    for (uint32_t i = 0; has_more(in, i, n); i++) {
        if (!take_companion(in, end))
            return false;
        end = &(*end)->companion;
    }
    return !in->c.has_failed;
}

int window_parse(struct books *b, enum period p, int64_t start_us, struct slice value,
                 struct window **out)
{
    struct row_parts in = { .c = cursor_of(value), .cast = &b->account->cast, .b = b };
    uint8_t version = in.version = cursor_u8(&in.c);
    if (version > WINDOW_ROW)
        log_line(LOG_ERROR, "account.row_newer",
                 "found=%u known=%u – a window's row was written by a "
                 "newer version",
                 version, WINDOW_ROW);
    if (version == 0 || version > WINDOW_ROW)
        return STATE_MALFORMED;

    in.w = window_new(b, p, start_us, start_us);
    take_head(&in);
    bool fits = take_rates(&in) && take_told(&in) && take_shares(&in) && take_tallies(&in) &&
                take_cells(&in) && take_evidence(&in) && take_orders(&in) && cursor_rest(&in.c).size == 0 &&
                in.w->end_us > start_us;
    free(in.rates);
    if (!fits) {
        window_free(in.w);
        return STATE_MALFORMED;
    }
    *out = in.w;
    return 0;
}

int window_read(struct books *b, enum period p, int64_t start_us, struct slice value,
                struct window **out)
{
    struct window *w;
    int rc = window_parse(b, p, start_us, value, &w);
    if (rc == 0)
        *out = books_adopt(b, w);
    return rc;
}
