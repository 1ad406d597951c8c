/* Where an instrument runs out. The use of each local day is kept, so that the allotment is folded over
 * some hundred days and not over half a million windows: a day whose whole demand is met leaves less in
 * the purse, and only the day on which a purse falls short is looked through window by window. A purse is
 * kept for the beginning and the end of each day; a late reading folds anew from its own day on.
 *
 * In one window instruments come in the order of the plan and streams in that order too. What an
 * instrument covers is then known from two figures: the window in which more was asked than was left, and
 * what was left at its start. Before it everything is covered, behind it nothing. So a late reading
 * moves one point in time, and only the windows between where it was and where it is now are allotted
 * anew. Nothing is carried from one matching period to the next. */
#include <stdlib.h>
#include <string.h>

#include "account/array.h"
#include "account/books.h"

/* --- days --- */

/* The first day that ends after t; n_days. */
static uint32_t day_after(const struct market *m, int64_t t_us)
{
    uint32_t low = 0, high = m->n_days;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (m->days[middle].end_us > t_us)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static struct market_day *day_of(struct books *b, int64_t t_us)
{
    struct market *m = &b->market;
    uint32_t i = day_after(m, t_us);
    if (i < m->n_days && m->days[i].start_us <= t_us)
        return &m->days[i];
    m->days = array_grow(m->days, m->n_days, &m->days_room, sizeof *m->days);
    memmove(m->days + i + 1, m->days + i, (m->n_days - i) * sizeof *m->days);
    m->n_days++;
    m->days[i] = (struct market_day){ .is_dirty = true };
    zone_day(b->zone, t_us, &m->days[i].start_us, &m->days[i].end_us);
    return &m->days[i];
}

static struct market_use *use_of(struct market_day *day, struct source *source)
{
    for (uint32_t i = 0; i < day->n_uses; i++)
        if (day->uses[i].source == source)
            return &day->uses[i];
    day->uses = array_grow(day->uses, day->n_uses, &day->room, sizeof *day->uses);
    day->uses[day->n_uses] = (struct market_use){ .source = source };
    return &day->uses[day->n_uses++];
}

void market_use_changed(struct books *b, struct source *source, int64_t t_us, int128 change)
{
    struct market *m = &b->market;
    if (change == 0)
        return;
    struct market_day *day = day_of(b, t_us);
    use_of(day, source)->micro += change;
    day->is_dirty = true;
    uint32_t i = (uint32_t)(day - m->days);
    m->first_changed = i < m->first_changed ? i : m->first_changed;
}

void market_adopt_day(struct market *m, const struct market_day *day)
{
    uint32_t i = day_after(m, day->start_us);
    if (i < m->n_days && m->days[i].start_us <= day->start_us) {
        free(m->days[i].uses);
        free(m->days[i].before);
        free(m->days[i].after);
    } else {
        m->days = array_grow(m->days, m->n_days, &m->days_room, sizeof *m->days);
        memmove(m->days + i + 1, m->days + i, (m->n_days - i) * sizeof *m->days);
        m->n_days++;
    }
    m->days[i] = *day;
    m->first_changed = 0;
}

/* --- one allotment --- */

/* What the streams of a site ask for at one time, in the order of the plan. */
struct demand {
    const struct account *a;
    const struct site *site;
    int128 *rest; /* by stream of the site */
};

bool market_reaches(const struct account *a, const struct instrument *i, int32_t stream)
{
    const struct stream *s = &a->plan->streams[stream];
    if (s->scope_choice + SCOPE_1 != SCOPE_2 || !i->is_ours)
        return false;
    if (i->stream >= 0)
        return i->stream == stream;
    return s->carrier && strcmp(s->carrier, i->carrier) == 0;
}

static int128 asked_of(const struct demand *d, const struct instrument *i)
{
    int128 asked = 0;
    for (int32_t s = 0; s < d->site->n_streams; s++)
        if (market_reaches(d->a, i, d->site->first_stream + s))
            asked += d->rest[s];
    return asked;
}

static void cover(const struct demand *d, const struct instrument *i, int128 most)
{
    for (int32_t s = 0; s < d->site->n_streams; s++) {
        if (!market_reaches(d->a, i, d->site->first_stream + s))
            continue;
        int128 part = d->rest[s] < most ? d->rest[s] : most;
        d->rest[s] -= part;
        most -= part;
    }
}

/* Whether the instrument covers anything at t; begins its matching period when that is a new one. */
static bool open_purse(const struct instrument *i, struct purse *purse, struct zone *zone, int64_t t_us)
{
    if (t_us >= purse->from_us && t_us < purse->until_us)
        return true;
    int64_t from_us, until_us;
    instrument_period(i, zone, t_us, &from_us, &until_us);
    if (t_us < from_us || t_us >= until_us)
        return false;
    *purse = (struct purse){ .from_us = from_us, .until_us = until_us, .left_micro = i->allotted_micro };
    return true;
}

/* A day as a whole. false: a purse falls short, and the day has to be looked through. */
static bool fold_whole(struct books *b, const struct demand *d, int64_t t_us, struct purse *purses)
{
    for (size_t k = 0; k < d->site->n_instruments; k++) {
        const struct instrument *i = &d->site->instruments[k];
        if (!i->is_ours || !open_purse(i, &purses[k], b->zone, t_us) || purses[k].is_spent)
            continue;
        int128 asked = asked_of(d, i);
        if (asked > purses[k].left_micro)
            return false;
        purses[k].left_micro -= asked;
        cover(d, i, asked);
    }
    return true;
}

static void fold_window(struct books *b, const struct demand *d, int64_t t_us, struct purse *purses)
{
    for (size_t k = 0; k < d->site->n_instruments; k++) {
        const struct instrument *i = &d->site->instruments[k];
        struct purse *purse = &purses[k];
        if (!i->is_ours || !open_purse(i, purse, b->zone, t_us) || purse->is_spent)
            continue;
        int128 asked = asked_of(d, i), most = asked;
        if (asked > purse->left_micro) {
            purse->is_spent = true;
            purse->spent_us = t_us;
            purse->spent_left_micro = most = purse->left_micro;
        }
        purse->left_micro -= most;
        cover(d, i, most);
    }
}

/* --- a day --- */

int128 market_coverable(const struct window *w, const struct source *source)
{
    int128 sum = 0;
    for (uint32_t i = 0; i < w->n_tallies; i++)
        if (w->tallies[i].deal && w->tallies[i].source == source)
            sum += w->tallies[i].figures.activity_micro;
    return sum > 0 ? sum : 0;
}

static void ask_of_day(const struct books *b, const struct market_day *day, const struct demand *d)
{
    const struct account *a = b->account;
    memset(d->rest, 0, (size_t)d->site->n_streams * sizeof *d->rest);
    for (uint32_t i = 0; i < day->n_uses; i++) {
        int32_t stream = source_stream(a, day->uses[i].source);
        if (stream >= 0)
            d->rest[stream - d->site->first_stream] = day->uses[i].micro;
    }
}

static bool ask_of_window(const struct books *b, const struct window *w, const struct demand *d)
{
    bool has_any = false;
    for (int32_t s = 0; s < d->site->n_streams; s++) {
        d->rest[s] = market_coverable(w, b->account->sources[d->site->first_stream + s]);
        has_any |= d->rest[s] != 0;
    }
    return has_any;
}

/* Window by window; those that left memory are looked up. */
static int fold_windows(struct books *b, const struct demand *d, const struct market_day *day,
                        struct purse *purses)
{
    for (int64_t t_us = day->start_us; t_us < day->end_us;) {
        int64_t start_us, end_us;
        struct window *w = NULL;
        enum period p = books_smallest_at(b, t_us, &start_us, &end_us);
        if (p == PERIOD_COUNT)
            period_window(PERIOD_MINUTE, b->zone, t_us, &start_us, &end_us);
        int rc = p == PERIOD_COUNT ? 0 : books_find(b, p, t_us, &w);
        if (rc < 0)
            return rc;
        if (w && ask_of_window(b, w, d))
            fold_window(b, d, w->start_us, purses);
        t_us = end_us;
    }
    return 0;
}

static int fold_day(struct books *b, const struct demand *d, struct market_day *day)
{
    size_t size = d->site->n_instruments * sizeof *day->before;
    memcpy(day->after, day->before, size);
    ask_of_day(b, day, d);
    if (fold_whole(b, d, day->start_us, day->after))
        return 0;
    memcpy(day->after, day->before, size);
    return fold_windows(b, d, day, day->after);
}

static void fit_purses(struct market_day *day, size_t n)
{
    if (day->before)
        return;
    day->before = calloc(n ? n : 1, sizeof *day->before);
    day->after = calloc(n ? n : 1, sizeof *day->after);
    if (!day->before || !day->after)
        abort();
}

/* --- where they run out --- */

/* The spent purses of all days, each once. */
static uint32_t list_spents(const struct books *b, struct spent **out)
{
    const struct market *m = &b->market;
    uint32_t n = 0, room = 0;
    for (uint32_t i = 0; i < m->n_days; i++)
        for (size_t k = 0; k < b->site->n_instruments; k++) {
            const struct purse *purse = &m->days[i].after[k];
            bool is_new = purse->is_spent && purse->spent_us >= m->days[i].start_us;
            if (!is_new)
                continue;
            *out = array_grow(*out, n, &room, sizeof **out);
            (*out)[n++] = (struct spent){ .instrument = slice_of(b->site->instruments[k].id),
                                          .from_us = purse->from_us,
                                          .until_us = purse->until_us,
                                          .at_us = purse->spent_us,
                                          .left_micro = purse->spent_left_micro };
        }
    return n;
}

static const struct spent *find_spent(const struct spent *list, uint32_t n, const struct spent *like)
{
    for (uint32_t i = 0; i < n; i++)
        if (list[i].from_us == like->from_us && slice_equal(list[i].instrument, like->instrument))
            return &list[i];
    return NULL;
}

void market_redo(struct books *b, int64_t from_us, int64_t until_us, enum reason reason)
{
    struct market *m = &b->market;
    if (from_us >= until_us)
        return;
    bool is_idle = m->redo_from_us >= m->redo_until_us;
    m->redo_from_us = is_idle || from_us < m->redo_from_us ? from_us : m->redo_from_us;
    m->redo_until_us = is_idle || until_us > m->redo_until_us ? until_us : m->redo_until_us;
    m->redo_reason = is_idle ? (uint8_t)reason : m->redo_reason;
    m->is_dirty = true;
}

/* What lies between two places where an instrument runs out; NULL: it does not. */
static void redo_between(struct books *b, const struct spent *one, const struct spent *other)
{
    const struct spent *any = one ? one : other;
    int64_t end_us = any->until_us < b->frontier_us ? any->until_us : b->frontier_us;
    int64_t a_us = one ? one->at_us : end_us, b_us = other ? other->at_us : end_us;
    if (one && other && a_us == b_us && one->left_micro == other->left_micro)
        return;
    market_redo(b, a_us < b_us ? a_us : b_us, (a_us > b_us ? a_us : b_us) + 1, REASON_LATE);
}

static void compare_spents(struct books *b, struct spent *now, uint32_t n_now)
{
    struct market *m = &b->market;
    for (uint32_t i = 0; i < n_now; i++)
        redo_between(b, find_spent(m->spents, m->n_spents, &now[i]), &now[i]);
    for (uint32_t i = 0; i < m->n_spents; i++)
        if (!find_spent(now, n_now, &m->spents[i]))
            redo_between(b, &m->spents[i], NULL);
    free(m->spents);
    m->spents = now;
    m->n_spents = m->spents_room = n_now;
    for (uint32_t i = 0; i < n_now; i++)
        now[i].instrument = cast_text(&b->account->cast, now[i].instrument);
    m->is_dirty = true;
}

static bool are_equal(const struct spent *a, const struct spent *b, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (!slice_equal(a[i].instrument, b[i].instrument) || a[i].from_us != b[i].from_us ||
            a[i].at_us != b[i].at_us || a[i].left_micro != b[i].left_micro)
            return false;
    return true;
}

static int fold_days(struct books *b)
{
    struct market *m = &b->market;
    size_t n = b->site->n_instruments;
    struct demand d = { .a = b->account, .site = b->site };
    d.rest = calloc((size_t)b->site->n_streams + 1, sizeof *d.rest);
    if (!d.rest)
        abort();
    int rc = 0;
    for (uint32_t i = m->first_changed; i < m->n_days && rc == 0; i++) {
        fit_purses(&m->days[i], n);
        memset(m->days[i].before, 0, n * sizeof *m->days[i].before);
        if (i > 0)
            memcpy(m->days[i].before, m->days[i - 1].after, n * sizeof *m->days[i].before);
        rc = fold_day(b, &d, &m->days[i]);
    }
    free(d.rest);
    return rc;
}

int market_fold(struct books *b)
{
    struct market *m = &b->market;
    if (m->first_changed >= m->n_days || !b->site)
        return 0;
    if (b->site->n_instruments == 0 && m->n_spents == 0) {
        m->first_changed = UINT32_MAX;
        return 0;
    }
    int rc = fold_days(b);
    if (rc < 0)
        return rc;
    m->first_changed = UINT32_MAX;
    struct spent *now = NULL;
    uint32_t n = list_spents(b, &now);
    if (n == m->n_spents && are_equal(now, m->spents, n))
        free(now);
    else
        compare_spents(b, now, n);
    return 0;
}

int128 market_cover(struct books *b, size_t i, int64_t t_us)
{
    const struct market *m = &b->market;
    const struct instrument *instrument = &b->site->instruments[i];
    struct purse purse = { 0 };
    uint32_t day = day_after(m, t_us);
    bool is_inside = day < m->n_days && m->days[day].start_us <= t_us && m->days[day].after;
    if (is_inside)
        purse = m->days[day].after[i];
    else if (day > 0 && m->days[day - 1].after)
        purse = m->days[day - 1].after[i];
    if (!instrument->is_ours || !open_purse(instrument, &purse, b->zone, t_us))
        return 0;
    if (!purse.is_spent || t_us < purse.spent_us)
        return MARKET_ALL;
    return t_us == purse.spent_us ? purse.spent_left_micro : 0;
}
