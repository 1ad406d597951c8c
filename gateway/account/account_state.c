/* Rows of the accounting. Keys begin with a letter, then text ids that end with a NUL:
 *
 *   G                                 the whole: version, u8 is_finishing, u8 is_plan_awaited (from 2 on)
 *   S site                            how far the site is: watermark, strips
 *   D site device                     the device's clock
 *   R site                            stretches of its time that are being re-rated, see rerate.c
 *   B site, u64 order                 a substitution; as L
 *   L site, u64 order                 a lock; big-endian, as in A, so that both sort by time
 *   A site, u32 ordinal, u64 sequence an adjustment that left
 *   M site, U site day                the market-based view, see market_state.c
 *   W site, u8 period, u64 start      a window; the start big-endian with its sign bit flipped, so that
 *                                     rows sort by time
 *
 * A window that is open or has a revision pending is filed under STAGE_ACCOUNT and comes back at start;
 * once closed and clean it moves to STAGE_WINDOW, from where account_add fetches it when it must. Each
 * value begins with its version. */
#include <string.h>

#include "account/books.h"
#include "base/log.h"

#define ROW_VERSION       3u
#define ROW_WITHOUT_YEARS 2u
#define ROW_WITHOUT_HOLES 1u

#define STRIP_WANTED     1u
#define STRIP_PUBLISHED  2u
#define STRIP_HAS_CLOSED 4u

#define DEVICE_UNHEARD 1u
#define DEVICE_AWAITED 2u

/* --- keys --- */

static void put_id(struct buffer *out, struct slice id)
{
    buffer_put(out, id.at, id.size);
    buffer_put_u8(out, 0);
}

void window_key(const struct books *b, enum period p, int64_t start_us, struct buffer *out)
{
    buffer_put_u8(out, 'W');
    put_id(out, b->id);
    buffer_put_u8(out, (uint8_t)p);
    uint64_t start = (uint64_t)start_us ^ UINT64_C(1) << 63;
    for (int shift = 56; shift >= 0; shift -= 8)
        buffer_put_u8(out, (uint8_t)(start >> shift));
}

static int64_t take_start(struct cursor *c)
{
    uint64_t start = 0;
    for (int i = 0; i < 8; i++)
        start = start << 8 | cursor_u8(c);
    return (int64_t)(start ^ UINT64_C(1) << 63);
}

bool window_key_is_of(const struct books *b, enum period p, struct slice key, int64_t *start_us)
{
    struct buffer own = { 0 };
    window_key(b, p, 0, &own);
    size_t head = own.size - 8;
    bool is_own = key.size == own.size && memcmp(key.at, own.at, head) == 0;
    buffer_fini(&own);
    struct cursor c = cursor_of((struct slice){ key.at + head, 8 });
    if (is_own)
        *start_us = take_start(&c);
    return is_own;
}

/* The id in front of a NUL; empty and failed when there is none. */
static struct slice take_id(struct cursor *c)
{
    const uint8_t *begin = c->at;
    while (c->at < c->end && *c->at != 0)
        c->at++;
    struct slice id = { begin, (size_t)(c->at - begin) };
    if (cursor_u8(c) != 0 || id.size == 0)
        c->has_failed = true;
    return id;
}

/* --- saving --- */

/* A row in the making: the key first, then put_row with the value behind it. */
static struct buffer *begin_row(struct account *a)
{
    buffer_clear(&a->row);
    return &a->row;
}

static void put_row(struct account *a, struct state_out *out, enum stage stage, size_t key_size)
{
    struct slice key = { a->row.at, key_size };
    struct slice value = { a->row.at + key_size, a->row.size - key_size };
    out->put(out->self, stage, key, value);
}

/* Behind the site's older fields. */
static void save_holes(const struct books *b, struct buffer *row)
{
    for (int p = 0; p < PERIOD_COUNT; p++)
        buffer_put_i64(row, b->strips[p].forgotten_us);
    buffer_put_u64(row, b->uncovered);
    buffer_put_u8(row, b->is_hole_open);
    buffer_put_i64(row, b->hole_at_us);
    buffer_put_u32(row, b->n_holes);
    for (uint32_t i = 0; i < b->n_holes; i++) {
        buffer_put_i64(row, b->holes[i].begins_us);
        buffer_put_i64(row, b->holes[i].ends_us);
    }
}

static void save_site(struct books *b, struct state_out *out)
{
    struct buffer *row = begin_row(b->account);
    buffer_put_u8(row, 'S');
    put_id(row, b->id);
    size_t key_size = row->size;
    buffer_put_u8(row, ROW_VERSION);
    buffer_put_i64(row, b->watermark.newest_us);
    buffer_put_i64(row, b->watermark.newest_at_us);
    buffer_put_i64(row, b->watermark.reached_us);
    buffer_put_i64(row, b->frontier_us);
    buffer_put_i64(row, b->begins_us);
    buffer_put_u64(row, b->skipped);
    buffer_put_slice(row, b->zone_name);
    for (int p = 0; p < PERIOD_COUNT; p++) {
        const struct strip *s = &b->strips[p];
        buffer_put_u8(row, (uint8_t)((s->is_wanted ? STRIP_WANTED : 0) |
                                     (s->is_published ? STRIP_PUBLISHED : 0) |
                                     (s->has_closed ? STRIP_HAS_CLOSED : 0)));
        buffer_put_i64(row, s->from_us);
        buffer_put_i64(row, s->until_us);
        buffer_put_i64(row, s->next_us);
        buffer_put_i64(row, s->next_end_us);
    }
    save_holes(b, row);
    buffer_put_slice(row, b->year_start);
    put_row(b->account, out, STAGE_ACCOUNT, key_size);
    b->is_dirty = false;
}

static void save_talkers(struct books *b, struct state_out *out)
{
    for (uint32_t i = 0; i < b->n_talkers; i++) {
        struct talker *t = b->talkers[i];
        if (!t->clock.is_dirty)
            continue;
        struct buffer *row = begin_row(b->account);
        buffer_put_u8(row, 'D');
        put_id(row, b->id);
        put_id(row, t->id);
        size_t key_size = row->size;
        buffer_put_u8(row, ROW_VERSION);
        buffer_put_i64(row, t->clock.newest_us);
        buffer_put_i64(row, t->clock.heard_us);
        buffer_put_u8(row, (uint8_t)((t->clock.is_unheard ? DEVICE_UNHEARD : 0) |
                                     (t->clock.is_awaited ? DEVICE_AWAITED : 0)));
        buffer_put_i64(row, t->clock.leap_us);
        buffer_put_i64(row, t->clock.leap_at_us);
        put_row(b->account, out, STAGE_ACCOUNT, key_size);
        t->clock.is_dirty = false;
    }
}

struct buffer *row_begin(struct books *b, char kind)
{
    struct buffer *row = begin_row(b->account);
    buffer_put_u8(row, (uint8_t)kind);
    put_id(row, b->id);
    return row;
}

void row_put(struct books *b, struct state_out *out, size_t key_size)
{
    put_row(b->account, out, STAGE_ACCOUNT, key_size);
}

static void save_window(struct window *w, struct state_out *out)
{
    struct account *a = w->books->account;
    struct buffer *row = begin_row(a);
    window_key(w->books, w->period, w->start_us, row);
    size_t key_size = row->size;
    window_write(w, row);

    bool is_at_rest = window_is_closed(w) && !w->is_pending;
    put_row(a, out, is_at_rest ? STAGE_WINDOW : STAGE_ACCOUNT, key_size);
    if (is_at_rest && w->is_loaded_at_start)
        out->drop(out->self, STAGE_ACCOUNT, (struct slice){ row->at, key_size });
    w->is_loaded_at_start = !is_at_rest;
    w->is_dirty = false;
}

static void save_whole(struct account *a, struct state_out *out)
{
    struct buffer *row = begin_row(a);
    buffer_put_u8(row, 'G');
    buffer_put_u8(row, ROW_VERSION);
    buffer_put_u8(row, a->is_finishing);
    buffer_put_u8(row, a->is_plan_awaited);
    put_row(a, out, STAGE_ACCOUNT, 1);
    a->is_whole_dirty = false;
}

void account_save(struct account *a, struct state_out *out)
{
    if (a->is_whole_dirty)
        save_whole(a, out);
    for (uint32_t i = 0; i < a->n_all; i++) {
        struct books *b = a->all[i];
        if (b->is_dirty)
            save_site(b, out);
        lock_save(b, &a->row, out);
        override_save(b, &a->row, out);
        save_talkers(b, out);
        rerate_save(b, out);
        market_save(b, out);
        for (int p = 0; p < PERIOD_COUNT; p++)
            for (uint32_t k = 0; k < b->strips[p].n; k++)
                if (b->strips[p].at[k]->is_dirty)
                    save_window(b->strips[p].at[k], out);
    }
    grids_save(&a->grids, out);
    forget_saved(a);
}

/* --- loading --- */

static void load_strip(struct cursor *c, struct strip *s)
{
    uint8_t flags = cursor_u8(c);
    s->is_wanted = flags & STRIP_WANTED;
    s->is_published = flags & STRIP_PUBLISHED;
    s->has_closed = flags & STRIP_HAS_CLOSED;
    s->from_us = cursor_i64(c);
    s->until_us = cursor_i64(c);
    s->next_us = cursor_i64(c);
    s->next_end_us = cursor_i64(c);
}

/* How many periods a row of that version knows. */
static int periods_of(uint8_t version)
{
    return version > ROW_WITHOUT_YEARS ? PERIOD_COUNT : PERIOD_YEAR;
}

static void load_holes(struct cursor *c, uint8_t version, struct books *b)
{
    for (int p = 0; p < periods_of(version); p++)
        b->strips[p].forgotten_us = cursor_i64(c);
    b->uncovered = cursor_u64(c);
    b->is_hole_open = cursor_u8(c);
    b->hole_at_us = cursor_i64(c);
    b->n_holes = cursor_u32(c);
    if (b->n_holes > HOLES_MOST || (b->is_hole_open && b->n_holes == 0)) {
        c->has_failed = true;
        b->n_holes = 0;
        b->is_hole_open = false;
    }
    for (uint32_t i = 0; i < b->n_holes; i++) {
        b->holes[i].begins_us = cursor_i64(c);
        b->holes[i].ends_us = cursor_i64(c);
    }
}

static int load_site(struct account *a, struct slice id, uint8_t version, struct cursor *c)
{
    struct books *b = books_of(a, id);
    struct watermark *w = &b->watermark;
    w->newest_us = cursor_i64(c);
    w->newest_at_us = cursor_i64(c);
    w->reached_us = cursor_i64(c);
    w->is_stale = true;
    b->frontier_us = cursor_i64(c);
    b->begins_us = cursor_i64(c);
    b->skipped = cursor_u64(c);
    b->zone_name = cast_text(&a->cast, cursor_slice(c));
    for (int p = 0; p < periods_of(version); p++)
        load_strip(c, &b->strips[p]);
    if (version > ROW_WITHOUT_HOLES)
        load_holes(c, version, b);
    if (version > ROW_WITHOUT_YEARS)
        b->year_start = cast_text(&a->cast, cursor_slice(c));
    if (c->has_failed)
        return STATE_MALFORMED;
    b->is_dirty = false;
    if (b->site)
        books_want(b);
    return 0;
}

static int load_talker(struct account *a, struct slice site, struct slice device, uint8_t version,
                       struct cursor *c)
{
    struct books *b = books_of(a, site);
    struct talker *t = books_talker(b, device);
    t->clock.newest_us = cursor_i64(c);
    t->clock.heard_us = cursor_i64(c);
    if (version > ROW_WITHOUT_HOLES) {
        uint8_t flags = cursor_u8(c);
        t->clock.is_unheard = flags & DEVICE_UNHEARD;
        t->clock.is_awaited = flags & DEVICE_AWAITED;
        t->clock.leap_us = cursor_i64(c);
        t->clock.leap_at_us = cursor_i64(c);
    }
    b->watermark.is_stale = true;
    return c->has_failed ? STATE_MALFORMED : 0;
}

static int load_window(struct account *a, struct cursor *key, struct slice value)
{
    struct slice site = take_id(key);
    uint8_t period = cursor_u8(key);
    int64_t start_us = take_start(key);
    struct window *w;
    if (key->has_failed || period >= PERIOD_COUNT)
        return STATE_MALFORMED;
    int rc = window_read(books_of(a, site), (enum period)period, start_us, value, &w);
    if (rc != 0)
        return rc;
    w->is_loaded_at_start = true;
    if (window_is_waiting(w) && w->books->site)
        pending_add(&a->pending, w);
    return 0;
}

static int load_whole(struct account *a, uint8_t version, struct cursor *c)
{
    a->is_finishing = cursor_u8(c);
    if (version > ROW_WITHOUT_HOLES)
        a->is_plan_awaited = cursor_u8(c);
    return c->has_failed ? STATE_MALFORMED : 0;
}

/* Whether a row's version is one that we know; windows look at theirs themselves. */
static bool is_known(uint8_t version)
{
    if (version > ROW_VERSION)
        log_line(LOG_ERROR, "account.row_newer",
                 "found=%u known=%u – a row was written by a newer "
                 "version",
                 version, ROW_VERSION);
    return version >= ROW_WITHOUT_HOLES && version <= ROW_VERSION;
}

int account_load(struct account *a, struct slice key, struct slice value)
{
    a->wake_us = TIME_UNKNOWN; /* the next clock looks at every site */
    struct cursor k = cursor_of(key), c = cursor_of(value);
    uint8_t kind = cursor_u8(&k);
    if (kind == 'W')
        return load_window(a, &k, value);
    if (kind == 'M' || kind == 'U') {
        struct slice owner = take_id(&k);
        return k.has_failed ? STATE_MALFORMED : market_load(a, owner, kind, &k, value);
    }
    uint8_t version = cursor_u8(&c);
    if (!is_known(version))
        return STATE_MALFORMED;
    if (kind == 'G')
        return load_whole(a, version, &c);
    struct slice site = take_id(&k);
    if (k.has_failed)
        return STATE_MALFORMED;
    if (kind == 'B')
        return override_load(books_of(a, site), &k, &c);
    if (kind == 'L')
        return lock_load(books_of(a, site), &k, &c);
    if (kind == 'A')
        return adjustment_load(books_of(a, site), &k, &c);
    if (kind != 'S' && kind != 'D' && kind != 'R')
        return STATE_MALFORMED;
    if (kind == 'R')
        return cursor_rest(&k).size ? STATE_MALFORMED : rerate_load(books_of(a, site), &c);

    struct slice device = kind == 'D' ? take_id(&k) : (struct slice){ 0 };
    if (k.has_failed || cursor_rest(&k).size)
        return STATE_MALFORMED;
    return kind == 'S' ? load_site(a, site, version, &c) : load_talker(a, site, device, version, &c);
}
