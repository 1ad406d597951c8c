/* A strip holds the windows of one period that are in memory, sorted by start: those still open, those
 * with a revision pending, those not yet saved, and closed ones that stragglers are likely to reach. The
 * place asked for last is remembered, so that a reading in order finds its windows by two comparisons.
 *
 * Whether a window is closed is not noted in it: a strip is closed up to next_us, and what starts before
 * that is closed, also when nobody ever opened it. */
#include "account/books.h"

#include <stdlib.h>
#include <string.h>

#include "account/array.h"
#include "base/err.h"
#include "base/log.h"

struct books *books_of(struct account *a, struct slice id)
{
    bool is_new;
    struct books **place = cast_thing(&a->cast, 'S', &id, 1, sizeof *place, &is_new);
    if (!is_new)
        return *place;

    struct books *b = array_one(sizeof *b);
    *place = b;
    b->account = a;
    b->id = cast_text(&a->cast, id);
    b->frontier_us = TIME_UNKNOWN;
    b->begins_us = b->closes_us = TIME_NEVER;
    watermark_init(&b->watermark);
    market_init(&b->market);
    for (int p = 0; p < PERIOD_COUNT; p++) {
        struct strip *s = &b->strips[p];
        s->next_us = s->next_end_us = TIME_UNKNOWN;
        s->forgotten_us = s->leaving_us = TIME_UNKNOWN;
    }
    a->all = array_grow(a->all, a->n_all, &a->all_room, sizeof(struct books *));
    a->all[a->n_all++] = b;
    return b;
}

struct talker *books_talker(struct books *b, struct slice id)
{
    bool is_new;
    struct cast *cast = &b->account->cast;
    struct slice parts[] = { b->id, id };
    struct talker *talker = cast_thing(cast, 'D', parts, 2, sizeof *talker, &is_new);
    if (!is_new)
        return talker;

    talker->books = b;
    talker->id = cast_text(cast, id);
    device_clock_init(&talker->clock);
    b->talkers = array_grow(b->talkers, b->n_talkers, &b->talkers_room, sizeof(struct talker *));
    b->talkers[b->n_talkers++] = talker;
    return talker;
}

void books_free(struct books *b)
{
    for (int p = 0; p < PERIOD_COUNT; p++) {
        for (uint32_t i = 0; i < b->strips[p].n; i++)
            window_free(b->strips[p].at[i]);
        free(b->strips[p].at);
    }
    lock_free(b);
    override_free(b);
    market_fini(&b->market);
    free(b->clocks);
    free(b->talkers);
    free(b);
}

/* --- finding windows --- */

/* Where in the strip a window that starts at t stands, or would. */
static uint32_t position_of(const struct strip *s, int64_t t_us)
{
    uint32_t low = 0, high = s->n;
    if (high && s->at[high - 1]->start_us < t_us)
        return high;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (s->at[middle]->start_us < t_us)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct window *strip_from(const struct strip *s, int64_t t_us)
{
    uint32_t i = position_of(s, t_us);
    return i < s->n ? s->at[i] : NULL;
}

/* Turns to the place that holds t. */
static struct strip *turn_to(struct books *b, enum period p, int64_t t_us)
{
    struct strip *s = &b->strips[p];
    if (t_us >= s->place_start_us && t_us < s->place_end_us)
        return s;
    period_window(p, b->zone, t_us, &s->place_start_us, &s->place_end_us);
    struct window *w = strip_from(s, s->place_start_us);
    s->found = w && w->start_us == s->place_start_us ? w : NULL;
    s->is_looked_up = false;
    return s;
}

bool books_place(struct books *b, enum period p, int64_t t_us, int64_t *start_us, int64_t *end_us)
{
    const struct strip *s = turn_to(b, p, t_us);
    *start_us = s->place_start_us;
    *end_us = s->place_end_us;
    return s->place_start_us >= s->from_us && s->place_start_us < s->until_us;
}

enum period books_smallest_at(struct books *b, int64_t t_us, int64_t *start_us, int64_t *end_us)
{
    int p = PERIOD_MINUTE;
    while (p < PERIOD_COUNT && !books_place(b, (enum period)p, t_us, start_us, end_us))
        p++;
    return (enum period)p;
}

static void insert(struct strip *s, struct window *w)
{
    uint32_t i = position_of(s, w->start_us);
    s->at = array_grow(s->at, s->n, &s->room, sizeof *s->at);
    memmove(s->at + i + 1, s->at + i, (s->n - i) * sizeof *s->at);
    s->at[i] = w;
    s->n++;
}

struct window *books_adopt(struct books *b, struct window *w)
{
    struct strip *s = &b->strips[w->period];
    struct window *there = strip_from(s, w->start_us);
    if (there && there->start_us == w->start_us) {
        window_free(w);
        return there;
    }
    insert(s, w);
    strip_forget_place(s);
    return w;
}

/* Fetches the row of a closed window that has left memory. */
static int fetch(struct books *b, enum period p, int64_t start_us, struct window **out)
{
    struct account *a = b->account;
    struct buffer key = { 0 };
    struct slice value;
    window_key(b, p, start_us, &key);
    int rc = a->lookup.get(a->lookup.self, STAGE_WINDOW, buffer_slice(&key), &value);
    *out = NULL;
    if (rc == 0 && window_read(b, p, start_us, value, out) != 0)
        rc = err_raise(-1, "account %.*s: the stored row of a closed window is malformed",
                       (int)b->id.size, (const char *)b->id.at);
    buffer_fini(&key);
    return rc < 0 ? rc : 0;
}

int books_find(struct books *b, enum period p, int64_t t_us, struct window **out)
{
    struct strip *s = turn_to(b, p, t_us);
    bool may_be_stored = s->place_start_us < s->next_us && s->place_start_us >= s->leaving_us &&
                         b->account->lookup.get;
    if (!s->found && !s->is_looked_up && may_be_stored) {
        struct window *w;
        int rc = fetch(b, p, s->place_start_us, &w);
        if (rc < 0)
            return rc;
        turn_to(b, p, t_us);
        s->found = w;
        s->is_looked_up = true;
    }
    *out = s->found;
    return 0;
}

struct window *books_make(struct books *b, enum period p, int64_t t_us)
{
    struct strip *s = turn_to(b, p, t_us);
    if (!s->found) {
        s->found = window_new(b, p, s->place_start_us, s->place_end_us);
        insert(s, s->found);
    }
    return s->found;
}

/* --- begin and end of strips --- */

/* Whether a strip may begin with this window: an overdue one is late, or a wrong clock years back would
 * bring forth all the empty windows since. */
static bool may_begin(const struct books *b, const struct strip *s)
{
    int64_t watermark_us = watermark_at(&b->watermark, b->account->elapsed_us);
    return s->next_us == TIME_UNKNOWN ||
           (s->place_start_us < s->next_us &&
            time_after(s->place_end_us, b->site->grace_us) >= watermark_us);
}

void books_begin(struct books *b, int64_t t_us)
{
    if (b->begins_us != TIME_NEVER && t_us >= b->begins_us)
        return;
    int64_t begins_us = TIME_UNKNOWN;
    for (int p = 0; p < PERIOD_COUNT; p++) {
        if (!b->strips[p].is_wanted || b->strips[p].has_closed)
            continue;
        struct strip *s = turn_to(b, (enum period)p, t_us);
        if (may_begin(b, s)) {
            s->next_us = s->place_start_us;
            s->next_end_us = s->place_end_us;
        }
        begins_us = s->next_us > begins_us ? s->next_us : begins_us;
    }
    b->begins_us = begins_us;
    b->is_dirty = true;
    books_refresh(b);
}

/* The first edge that no amount has reached beyond. */
static int64_t edge_ahead(struct books *b, enum period p)
{
    int64_t start_us, end_us;
    period_window(p, b->zone, b->frontier_us, &start_us, &end_us);
    return start_us == b->frontier_us ? start_us : end_us;
}

static void strip_begins(struct books *b, enum period p)
{
    struct strip *s = &b->strips[p];
    s->is_wanted = true;
    s->until_us = TIME_NEVER;
    s->from_us = TIME_UNKNOWN;
    if (b->begins_us == TIME_NEVER)
        return;
    s->from_us = s->next_us = edge_ahead(b, p);
    s->has_closed = true;
    period_window(p, b->zone, s->next_us, &s->next_us, &s->next_end_us);
}

/* All its windows count as closed from now on. Corrections still reach those that it has. */
static void strip_ends(struct books *b, enum period p)
{
    struct strip *s = &b->strips[p];
    s->is_wanted = s->is_published = false;
    bool has_begun = b->begins_us != TIME_NEVER;
    s->until_us = has_begun ? edge_ahead(b, p) : TIME_UNKNOWN;
    s->next_us = s->next_end_us = has_begun ? TIME_NEVER : TIME_UNKNOWN;
    for (uint32_t i = 0; i < s->n; i++)
        s->at[i]->is_dirty = true; /* their rows move to the closed ones */
}

/* Days and months are cut anew. Open ones leave as they are, as the last of the old cut. */
static void strip_is_recut(struct books *b, enum period p)
{
    struct strip *s = &b->strips[p];
    strip_forget_place(s);
    if (!s->is_wanted || b->begins_us == TIME_NEVER)
        return;
    int64_t open_us = s->next_us;
    strip_begins(b, p);
    for (uint32_t i = 0; i < s->n; i++)
        if (s->at[i]->start_us >= open_us)
            books_changed(b, s->at[i], REASON_LATE);
}

/* A new beginning of the year alone. */
static void note_year(struct books *b)
{
    struct slice begin = slice_of(b->site->year_start);
    if (slice_equal(begin, b->year_start))
        return;
    bool had_one = b->year_start.size != 0;
    b->year_start = cast_text(&b->account->cast, begin);
    b->is_dirty = true;
    if (!had_one || !b->strips[PERIOD_YEAR].is_wanted)
        return;
    log_line(LOG_WARN, "account.year_changed",
             "site=%s year_start=%s – years begin anew with the next; the open one leaves as it is",
             b->site->id, b->site->year_start);
    strip_is_recut(b, PERIOD_YEAR);
}

static void note_zone(struct books *b)
{
    struct slice name = slice_of(b->site->zone_name);
    b->zone = b->site->zone;
    if (slice_equal(name, b->zone_name))
        return;
    bool had_one = b->zone_name.size != 0;
    b->zone_name = cast_text(&b->account->cast, name);
    b->is_dirty = true;
    if (!had_one)
        return;
    log_line(
        LOG_WARN, "account.zone_changed",
        "site=%s zone=%s – days, months and years begin anew with the next; earlier ones take no late "
        "readings any more",
        b->site->id, b->site->zone_name);
    strip_is_recut(b, PERIOD_DAY);
    strip_is_recut(b, PERIOD_MONTH);
    strip_is_recut(b, PERIOD_YEAR);
}

void books_want(struct books *b)
{
    note_zone(b);
    note_year(b);
    for (int p = 0; p < PERIOD_COUNT; p++) {
        struct strip *s = &b->strips[p];
        bool is_published = b->site->periods & 1u << p && p >= b->site->smallest;
        bool is_wanted = is_published || p == b->site->smallest;
        if (is_wanted != s->is_wanted || is_published != s->is_published)
            b->is_dirty = true;
        if (is_wanted && !s->is_wanted)
            strip_begins(b, (enum period)p);
        else if (!is_wanted && s->is_wanted)
            strip_ends(b, (enum period)p);
        s->is_published = is_published;
    }
}

/* --- change and rest --- */

/* Whether a change of the window is to leave as a revision, and does not wait for another yet. */
static bool is_to_be_revised(struct books *b, struct window *w, enum reason reason)
{
    struct strip *s = &b->strips[w->period];
    w->is_dirty = true;
    if (!window_is_closed(w))
        return false;
    s->has_closed = true; /* it leaves as late: to open it again would publish it twice */
    if (!s->is_published)
        return false;
    w->reasons |= 1u << (b->account->because ? b->account->because : reason);
    w->order = b->account->order ? b->account->order : w->order;
    if (w->is_pending)
        return false;
    w->is_pending = true;
    return true;
}

void books_changed(struct books *b, struct window *w, enum reason reason)
{
    if (!is_to_be_revised(b, w, reason))
        return;
    w->due_us = time_after(b->account->elapsed_us, b->site->restate_every_us);
    pending_add(&b->account->pending, w);
}

void books_restated(struct books *b, struct window *w, enum reason reason, bool is_held)
{
    if (!is_to_be_revised(b, w, reason))
        return;
    w->due_us = TIME_NEVER;
    if (!is_held)
        books_release(b, w);
}

void books_release(struct books *b, struct window *w)
{
    w->is_dirty = true;
    w->due_us = b->account->elapsed_us;
    pending_add(&b->account->pending, w);
}

static void strip_forget(struct strip *s, int64_t before_us)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < s->n; i++) {
        struct window *w = s->at[i];
        bool may_go =
            window_is_closed(w) && !w->is_dirty && !w->is_pending && w->end_us <= before_us &&
            w->start_us >= s->leaving_us;
        if (may_go && w == s->found)
            strip_forget_place(s);
        if (may_go)
            window_free(w);
        else
            s->at[kept++] = w;
    }
    s->n = kept;
}

void books_forget(struct books *b)
{
    int64_t before_us = watermark_at(&b->watermark, b->account->elapsed_us);
    if (b->site && __builtin_sub_overflow(before_us, b->site->max_lag_us, &before_us))
        before_us = TIME_UNKNOWN;
    for (int p = 0; p < PERIOD_COUNT; p++)
        strip_forget(&b->strips[p], before_us);
}
