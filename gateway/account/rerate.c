/* Re-rating: what is in the windows is brought to the rates that hold now.
 *
 * Every smallest window of a stretch of time is looked at, those that have left memory too, and each of its
 * cells is asked by which rate it would be made today (rating.c). Where that is another one, the cell's
 * ticks are multiplied anew, and what that changes goes from one tally to the other in the windows of all
 * periods around it. So a restated window is to the last digit what it would have been had the new rate
 * been there from the beginning. A cell keeps its ends; it goes by the rate at its beginning.
 *
 * A history can be large: years of minutes. So it is a job: a chunk of CHUNK windows at each TICK, the place
 * it has come to in a row beside the windows, and the windows leave memory again by the same rules as
 * after late data. A kill in the middle costs nothing: windows and place are of the same commit. A window
 * that changes here, and is closed, leaves at once as its next revision; a longer one is held until the walk
 * has passed its end, or a month would leave thirty times. What turns out the same in the end does not leave
 * (close.c), and a window in which nothing changes is not even written.
 *
 * Which windows there are follows from the log book alone: what is not in memory was committed, and what
 * was committed and is not forgotten is found. So chunks are counted in windows, wherever they stand, and
 * a replay makes the same. What a FORGET or a REBUILT took off the record stays as it was accounted, also
 * in the longer windows around it; that is told.
 *
 * A change that comes while a job runs is a further stretch, or makes the present one longer: the question
 * to a cell is always what holds now, so it does not matter who asks it, or twice.
 *
 * Row "R site": u8 version = 1, u8 n, each: i64 from, i64 until, u8 period, i64 at, u8 reason, u64 seen,
 * u64 changed. No row: nothing is to be done. */
#include "account/array.h"
#include "account/books.h"
#include "account/rating.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"

#define ROW_VERSION 1u

/* Windows in one chunk: a millisecond or two when each of them changes, see README.md. A box that is ten times
 * slower still comes round to everything else in time. */
#define CHUNK 64

/* A shorter stretch is worked off without a word. */
#define LONG_US (INT64_C(2) * 86400 * 1000000)

/* --- stretches --- */

/* What is off the record stays as it was accounted. */
static void tell_beyond(const struct books *b, int64_t from_us)
{
    char until[32];
    int64_t forgotten_us = b->strips[b->site->smallest].forgotten_us;
    if (forgotten_us == TIME_UNKNOWN || from_us >= forgotten_us)
        return;
    time_print(forgotten_us, until);
    log_line(LOG_WARN, "account.rerate_beyond",
             "site=%s until=%s – windows that began before are off the record (store.history): they keep the "
             "factors that they were published with, and so does their part of longer windows",
             b->site->id, until);
}

/* Grid values come each half hour, and nobody wants a line for each. */
static bool is_long(const struct restating *r)
{
    int64_t length_us;
    return __builtin_sub_overflow(r->until_us, r->from_us, &length_us) || length_us > LONG_US;
}

static void tell_begin(const struct books *b, const struct restating *r)
{
    char from[32] = "ever", until[32] = "now";
    if (r->from_us > INT64_MIN)
        time_print(r->from_us, from);
    if (r->until_us < INT64_MAX)
        time_print(r->until_us, until);
    log_line(LOG_INFO, "account.rerating",
             "site=%.*s from=%s to=%s – other factors hold for this time than its windows were accounted "
             "with; they are gone through, and what changes is published as a revision",
             (int)b->id.size, (const char *)b->id.at, from, until);
    tell_beyond(b, r->from_us);
}

/* Makes one stretch out of two. It is walked from its beginning. */
static void join(struct restating *to, int64_t from_us, int64_t until_us)
{
    to->from_us = from_us < to->from_us ? from_us : to->from_us;
    to->until_us = until_us > to->until_us ? until_us : to->until_us;
    to->period = PERIOD_MINUTE;
    to->at_us = to->from_us;
}

/* The stretch that a new one goes into: one of its reason that it touches and, when there are too many, the
 * last. NULL: it is one of its own. */
static struct restating *partner_of(struct books *b, int64_t from_us, int64_t until_us, enum reason reason)
{
    for (uint32_t i = 0; i < b->n_restatings; i++) {
        struct restating *r = &b->restatings[i];
        if (r->reason == reason && from_us <= r->until_us && until_us >= r->from_us)
            return r;
    }
    return b->n_restatings == RESTATINGS_MOST ? &b->restatings[RESTATINGS_MOST - 1] : NULL;
}

/* Windows that ended before that may be missing in a base. */
static void note_reach(struct books *b, int64_t from_us)
{
    int64_t until_us;
    if (forget_horizon(b, plan_longest_lateness_us(b->account->plan), &until_us) && from_us < until_us)
        b->account->has_reached_back = true;
}

bool account_reached_back(struct account *a)
{
    bool has = a->has_reached_back;
    a->has_reached_back = false;
    return has;
}

void rerate_between(struct books *b, int64_t from_us, int64_t until_us, enum reason reason)
{
    struct restating *r = partner_of(b, from_us, until_us, reason);
    note_reach(b, from_us);
    b->has_new_restatings = true;
    if (r) {
        join(r, from_us, until_us);
        return;
    }
    r = &b->restatings[b->n_restatings++];
    *r = (struct restating){ .from_us = from_us,
                             .until_us = until_us,
                             .period = PERIOD_MINUTE,
                             .at_us = from_us,
                             .reason = reason };
    if (is_long(r))
        tell_begin(b, r);
}

/* --- one window --- */

/* Which rate a cell should stand at; NULL: at the one it has. */
static struct rate *other_rate(struct account *a, const struct share *share, const struct cell *cell)
{
    int64_t from_us = cell->from_us, to_us = cell->to_us;
    if (cell->n == 0 || source_stream(a, share->lane->source) < 0)
        return NULL;
    struct rate *rate = rating_at(a, share->lane, cell->from_us, &from_us, &to_us);
    return rate == cell->rate ? NULL : rate;
}

static bool has_other_rate(struct account *a, const struct window *w)
{
    for (uint32_t i = 0; i < w->n_shares; i++)
        for (uint32_t c = w->shares[i].first_cell; c != CELL_NONE; c = w->cells[c].next)
            if (other_rate(a, &w->shares[i], &w->cells[c]))
                return true;
    return false;
}

/* A measured intensity in place of a forecast, or of a factor, says so itself. */
static enum reason reason_of(const struct restating *r, const struct rate *rate)
{
    return rate->kind == RATE_ACTUAL && r->reason == REASON_FACTOR ? REASON_INTENSITY_ACTUAL : r->reason;
}

/* Moves one cell's figures in the windows around it. */
static int move_cell(struct books *b, const struct restating *r, struct window *w, const struct lane *lane,
                     struct cell *cell, struct rate *rate)
{
    struct figures after;
    if (emission_of(rate, lane->tick_to_micro, cell->ticks, &after)) {
        log_line(LOG_ERROR, "account.overflow",
                 "stream=%.*s – a window cannot be brought to its new factor, the sum would not fit; check "
                 "the factor's figures and unit", (int)lane->source->id.size,
                 (const char *)lane->source->id.at);
        return 0;
    }
    enum reason reason = reason_of(r, rate);
    for (int p = (int)w->period; p < PERIOD_COUNT; p++) {
        struct window *around = w;
        int64_t start_us, end_us;
        if (p != (int)w->period && !books_place(b, (enum period)p, w->end_us - 1, &start_us, &end_us))
            continue;
        int rc = p == (int)w->period ? 0 : books_find(b, (enum period)p, w->end_us - 1, &around);
        if (rc < 0)
            return rc;
        if (!around)
            continue;
        window_move(p == (int)w->period ? w : lock_book(around, w->end_us - 1), lane, cell, rate, &after);
        books_restated(b, around, reason, around->end_us > w->end_us);
    }
    cell->rate = rate;
    cell->figures = after;
    return 0;
}

static int rerate_window(struct books *b, const struct restating *r, struct window *w)
{
    int rc = 0;
    for (uint32_t i = 0; i < w->n_shares && rc == 0; i++)
        for (uint32_t c = w->shares[i].first_cell; c != CELL_NONE && rc == 0; c = w->cells[c].next) {
            struct rate *rate = other_rate(b->account, &w->shares[i], &w->cells[c]);
            if (rate)
                rc = move_cell(b, r, w, w->shares[i].lane, &w->cells[c], rate);
        }
    return rc;
}

/* --- the walk --- */

/* A window on its way: in memory, or read from its row and nobody else's yet. */
struct stop {
    struct window *w;
    bool is_read;
};

/* The first row of a closed window that starts at or behind t; NULL: none before `until`. */
static int read_next(struct books *b, enum period p, int64_t t_us, int64_t until_us, struct window **out)
{
    struct account *a = b->account;
    struct buffer after = { 0 };
    struct slice key, value;
    int64_t start_us;
    *out = NULL;
    if (!a->lookup.next)
        return 0;
    window_key(b, p, t_us == INT64_MIN ? t_us : t_us - 1, &after);
    int rc = a->lookup.next(a->lookup.self, STAGE_WINDOW, buffer_slice(&after), &key, &value);
    buffer_fini(&after);
    if (rc != 0 || !window_key_is_of(b, p, key, &start_us) || start_us >= until_us)
        return rc < 0 ? rc : 0;
    if (window_parse(b, p, start_us, value, out) == 0)
        return 0;
    return err_raise(-1, "account %.*s: the stored row of a closed window is malformed", (int)b->id.size,
                     (const char *)b->id.at);
}

/* The next window of the stretch; stop.w NULL: none of that period. Memory goes before its row. */
static int next_stop(struct books *b, const struct restating *r, struct stop *stop)
{
    enum period p = (enum period)r->period;
    const struct strip *s = &b->strips[p];
    int64_t from_us = r->at_us;
    if (from_us < s->forgotten_us)
        from_us = s->forgotten_us;
    if (from_us < s->leaving_us)
        from_us = s->leaving_us;
    *stop = (struct stop){ .w = strip_from(s, from_us) };
    if (stop->w && stop->w->start_us >= r->until_us)
        stop->w = NULL;
    struct window *stored;
    int rc = read_next(b, p, from_us, stop->w ? stop->w->start_us : r->until_us, &stored);
    if (rc == 0 && stored)
        *stop = (struct stop){ .w = stored, .is_read = true };
    return rc;
}

/* What the walk has passed is complete. */
static void release(struct books *b, int64_t until_us)
{
    for (int p = PERIOD_MINUTE; p < PERIOD_COUNT; p++)
        for (uint32_t i = 0; i < b->strips[p].n; i++) {
            struct window *w = b->strips[p].at[i];
            if (w->is_pending && !window_is_waiting(w) && w->end_us <= until_us)
                books_release(b, w);
        }
}

static void end_stretch(struct books *b)
{
    const struct restating *r = &b->restatings[0];
    if (is_long(r))
        log_line(LOG_INFO, "account.rerated", "site=%.*s windows=%llu changed=%llu – done",
                 (int)b->id.size, (const char *)b->id.at, (unsigned long long)r->n_seen,
                 (unsigned long long)r->n_changed);
    b->n_restatings--;
    for (uint32_t i = 0; i < b->n_restatings; i++)
        b->restatings[i] = b->restatings[i + 1];
    release(b, INT64_MAX);
}

/* The windows of the next period; the last one was the stretch's end. */
static bool turn_period(struct restating *r)
{
    r->at_us = r->from_us;
    return ++r->period < PERIOD_COUNT;
}

/* One window of the stretch, whichever way it comes. */
static int take_stop(struct books *b, struct restating *r, struct stop *stop)
{
    struct window *w = stop->w;
    bool is_concerned = w->n_cells > 0 && has_other_rate(b->account, w);
    r->at_us = w->start_us + 1;
    r->n_seen++;
    r->n_changed += is_concerned;
    if (stop->is_read && !is_concerned) {
        window_free(w);
        return 0;
    }
    if (stop->is_read)
        w = books_adopt(b, w);
    return is_concerned ? rerate_window(b, r, w) : 0;
}

/* Windows that begin before the stretch may reach into it. */
static void step_back(struct books *b, struct restating *r)
{
    int64_t end_us;
    if (r->at_us == r->from_us && r->from_us > INT64_MIN)
        period_window((enum period)r->period, b->zone, r->from_us, &r->at_us, &end_us);
}

static int walk(struct books *b, struct restating *r, int *left)
{
    while (*left > 0) {
        struct stop stop;
        step_back(b, r);
        int rc = next_stop(b, r, &stop);
        if (rc < 0)
            return rc;
        if (!stop.w) {
            if (turn_period(r))
                continue;
            end_stretch(b);
            return 0;
        }
        --*left;
        rc = take_stop(b, r, &stop);
        if (rc < 0)
            return rc;
    }
    if (r->period == b->site->smallest)
        release(b, r->at_us);
    return 0;
}

bool account_has_work(const struct account *a)
{
    for (size_t i = 0; a->plan && i < a->plan->n_sites; i++)
        if (a->sites[i]->n_restatings > 0)
            return true;
    return false;
}

int account_work(struct account *a)
{
    int left = CHUNK, rc = 0;
    for (size_t i = 0; a->plan && i < a->plan->n_sites && rc == 0; i++) {
        struct books *b = a->sites[i];
        while (b->n_restatings > 0 && left > 0 && rc == 0) {
            b->has_new_restatings = true;
            rc = walk(b, &b->restatings[0], &left);
        }
    }
    return rc;
}

/* --- keeping --- */

void rerate_save(struct books *b, struct state_out *out)
{
    if (!b->has_new_restatings)
        return;
    struct buffer *row = row_begin(b, 'R');
    size_t key_size = row->size;
    b->has_new_restatings = false;
    if (b->n_restatings == 0) {
        if (b->has_restatings_row)
            out->drop(out->self, STAGE_ACCOUNT, buffer_slice(row));
        b->has_restatings_row = false;
        return;
    }
    buffer_put_u8(row, ROW_VERSION);
    buffer_put_u8(row, (uint8_t)b->n_restatings);
    for (uint32_t i = 0; i < b->n_restatings; i++) {
        const struct restating *r = &b->restatings[i];
        buffer_put_i64(row, r->from_us);
        buffer_put_i64(row, r->until_us);
        buffer_put_u8(row, (uint8_t)r->period);
        buffer_put_i64(row, r->at_us);
        buffer_put_u8(row, (uint8_t)r->reason);
        buffer_put_u64(row, r->n_seen);
        buffer_put_u64(row, r->n_changed);
    }
    b->has_restatings_row = true;
    row_put(b, out, key_size);
}

int rerate_load(struct books *b, struct cursor *c)
{
    uint32_t n = cursor_u8(c);
    if (n == 0 || n > RESTATINGS_MOST)
        return STATE_MALFORMED;
    for (uint32_t i = 0; i < n; i++) {
        struct restating *r = &b->restatings[i];
        r->from_us = cursor_i64(c);
        r->until_us = cursor_i64(c);
        r->period = cursor_u8(c);
        r->at_us = cursor_i64(c);
        r->reason = cursor_u8(c);
        r->n_seen = cursor_u64(c);
        r->n_changed = cursor_u64(c);
        if (r->period >= PERIOD_COUNT || r->reason > REASON_READMIT)
            c->has_failed = true;
    }
    if (c->has_failed || cursor_rest(c).size)
        return STATE_MALFORMED;
    b->n_restatings = n;
    b->has_restatings_row = true;
    return 0;
}
