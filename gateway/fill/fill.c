/* An hour is judged once the site's watermark is `after` behind it, so a gap is published as missing first. What
 * the rule gives for an hour is laid into those stretches of it that nothing covers, in proportion to their
 * length. Then what stands in the windows is compared with what is wanted now, and the difference leaves as
 * amounts with sign -1 and +1.
 *
 * That makes the result a function of the hours and of how far time has come, whatever came first: an amount
 * that changes an hour sets `from` back to it, and from there on all hours are looked at anew, since each may
 * rest on it. Rules that need the hour behind a gap are begun before it. An hour without a whole value (from
 * gaps to lost covers) gives nothing, and a filled hour is never history: only what was measured is summed. */
#include "fill/fill.h"

#include <stdlib.h>
#include <string.h>

#include "fill/inside.h"
#include "fill/rule.h"

void fill_open(struct fill **out)
{
    *out = calloc(1, sizeof **out);
    if (!*out)
        abort();
    (*out)->history = calloc(HOURS_MOST, sizeof *(*out)->history);
    if (!(*out)->history)
        abort();
}

static void filled_fini(struct filled *p)
{
    hours_fini(&p->hours);
    free((void *)p->key.at);
}

void fill_close(struct fill *f)
{
    if (!f)
        return;
    for (size_t i = 0; i < f->n; i++)
        filled_fini(&f->at[i]);
    for (size_t i = 0; i < f->n_gone; i++)
        free((void *)f->gone[i].at);
    free(f->gone);
    free(f->at);
    free(f->by_point);
    free(f->history);
    buffer_fini(&f->row);
    buffer_fini(&f->key);
    free(f);
}

/* --- the plan --- */

struct filled *fill_find(const struct fill *f, struct slice key)
{
    for (size_t i = 0; i < f->n; i++)
        if (slice_equal(f->at[i].key, key))
            return &f->at[i];
    return NULL;
}

static struct slice key_of(const struct plan *plan, const struct point *pt)
{
    struct buffer key = { 0 };
    const char *ids[] = { plan->sites[pt->site].id, plan->devices[pt->device].id, pt->id };
    for (int i = 0; i < 3; i++)
        buffer_put(&key, ids[i], strlen(ids[i]) + 1);
    return buffer_slice(&key);
}

static void let_go(struct fill *f, struct slice key)
{
    if (f->n_gone == f->gone_room) {
        f->gone_room = f->gone_room ? 2 * f->gone_room : 8;
        f->gone = reallocarray(f->gone, f->gone_room, sizeof *f->gone);
        if (!f->gone)
            abort();
    }
    f->gone[f->n_gone++] = key;
}

/* Takes the hours of the point's old self, if its ticks mean the same. */
static void inherit(struct fill *f, struct filled *p)
{
    struct filled *old = fill_find(f, p->key);
    if (!old || old->tick.num != p->tick.num || old->tick.den != p->tick.den)
        return;
    p->hours = old->hours;
    p->from = old->from;
    p->judged = old->judged;
    p->is_dirty = old->is_dirty;
    old->hours = (struct hours){ 0 };
    old->point = -1; /* its rows are the new one's */
}

static void drop_old(struct fill *f, size_t n_old, struct filled *old)
{
    for (size_t i = 0; i < n_old; i++) {
        if (old[i].point >= 0) {
            let_go(f, old[i].key);
            old[i].key = (struct slice){ 0 };
        }
        filled_fini(&old[i]);
    }
    free(old);
}

void fill_configure(struct fill *f, const struct plan *plan)
{
    struct filled *fresh = calloc(plan->n_points ? plan->n_points : 1, sizeof *fresh);
    int32_t *by_point = calloc(plan->n_points ? plan->n_points : 1, sizeof *by_point);
    size_t n = 0;
    if (!fresh || !by_point)
        abort();
    for (size_t i = 0; i < plan->n_points; i++) {
        const struct point *pt = &plan->points[i];
        by_point[i] = -1;
        if (pt->substitute.method == SUBSTITUTE_NONE)
            continue;
        by_point[i] = (int32_t)n;
        fresh[n] = (struct filled){ .key = key_of(plan, pt),
                                    .tick = pt->tick_to_micro,
                                    .rule = plan_substitute(pt),
                                    .point = (int32_t)i,
                                    .site = pt->site,
                                    .from = INT64_MAX,
                                    .judged = INT64_MIN };
        inherit(f, &fresh[n++]);
    }
    struct filled *old = f->at;
    size_t n_old = f->n;
    free(f->by_point);
    f->at = fresh;
    f->n = n;
    f->by_point = by_point;
    f->n_points = plan->n_points;
    drop_old(f, n_old, old);
}

bool fill_is_empty(const struct fill *f)
{
    return f->n == 0;
}

void fill_note(struct fill *f, const struct amount *amount)
{
    if (f->n == 0 || f->by_point[amount->point] < 0)
        return;
    struct filled *p = &f->at[f->by_point[amount->point]];
    int64_t least = hours_add(&p->hours, amount);
    p->from = least < p->from ? least : p->from;
    p->is_dirty = true;
}

/* --- what an hour wants --- */

static enum hour_state state_at(const struct filled *p, int64_t number)
{
    return hour_state(hours_find(&p->hours, number), number);
}

/* The valid hour next to a gap in a direction, within [first, until); its value, and how many gap hours lie
 * between. */
static bool find_beside(const struct filled *p, int64_t number, int step, int64_t until,
                        int64_t *value, uint32_t *gap_hours)
{
    for (number += step; number >= p->hours.first && number < until; number += step) {
        enum hour_state state = state_at(p, number);
        if (state == HOUR_VALID) {
            *value = hour_value(hours_find(&p->hours, number), number);
            return true;
        }
        *gap_hours += state == HOUR_GAP;
    }
    return false;
}

/* Valid hours before the one in hand, and how available they were. */
static void gather_history(const struct fill *f, const struct filled *p, int64_t number,
                           struct rule_case *c)
{
    int64_t from = number - p->rule.look_back_us / HOUR_US;
    from = from > p->hours.first ? from : p->hours.first;
    c->history = f->history;
    c->operating = 1;
    for (int64_t k = from; k < number; k++) {
        enum hour_state state = state_at(p, k);
        c->operating += state != HOUR_IDLE;
        if (state == HOUR_VALID)
            f->history[c->n++] = hour_value(hours_find(&p->hours, k), k);
    }
    c->valid = (uint32_t)c->n;
}

static struct substituted rule_for(const struct fill *f, const struct filled *p, int64_t number,
                                   int64_t until)
{
    struct substituted out = { .point = p->point };
    struct rule_case c = { .plan = &p->rule, .gap_hours = 1 };
    if (rule_needs_after((enum substitute_method)p->rule.method)) {
        c.has_before = find_beside(p, number, -1, until, &c.before, &c.gap_hours);
        c.has_after = find_beside(p, number, 1, until, &c.after, &c.gap_hours);
    }
    gather_history(f, p, number, &c);
    rule_apply(&c, &out);
    return out;
}

/* The stretches of an hour that nothing covers, at what the rule gives; before the point's first amount there
 * is no gap. At most most of them. */
static size_t want(const struct fill *f, const struct filled *p, int64_t number, int64_t until,
                   struct substituted *out, size_t most)
{
    struct hour *hour = hours_find(&p->hours, number);
    size_t n = 0;
    if (hour_state(hour, number) != HOUR_GAP)
        return 0;
    struct substituted given = rule_for(f, p, number, until);
    struct cover_walk walk = cover_walk(&hour->cover, number * HOUR_US, (number + 1) * HOUR_US);
    struct cover_run run;
    bool has_begun = number > p->hours.first;
    while (given.rule != RULE_NONE && n < most && cover_next(&walk, &run)) {
        int128 ticks = 0;
        has_begun |= run.kinds != 0;
        if (run.kinds != 0 || !has_begun)
            continue;
        number_scale(given.value_ticks, run.end_us - run.start_us, HOUR_US, &ticks);
        given.start_us = run.start_us;
        given.end_us = run.end_us;
        given.ticks = (int64_t)ticks;
        out[n++] = given;
    }
    return n;
}

/* --- giving and taking back --- */

static void add(struct arena *arena, struct amounts *out, size_t *room, const struct substituted *s,
                int8_t sign)
{
    if (out->n == *room) {
        *room = *room ? 2 * *room : 16;
        struct amount *more = arena_take(arena, *room * sizeof *more);
        if (!more)
            abort();
        if (out->n)
            memcpy(more, out->at, out->n * sizeof *more);
        out->at = more;
    }
    out->at[out->n++] = (struct amount){ .point = s->point,
                                         .sign = sign,
                                         .part = PART_SUBSTITUTED,
                                         .start_us = s->start_us,
                                         .end_us = s->end_us,
                                         .ticks = s->ticks };
}

static bool is_same(const struct substituted *a, const struct substituted *b)
{
    return a->start_us == b->start_us && a->end_us == b->end_us && a->ticks == b->ticks;
}

static bool stands(const struct substituted *s, const struct substituted *at, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (is_same(s, &at[i]))
            return true;
    return false;
}

/* Brings an hour to what it wants. */
static void settle(struct filled *p, struct hour *hour, const struct substituted *wanted, size_t n,
                   struct arena *arena, struct amounts *out, size_t *room)
{
    for (size_t i = 0; i < hour->n_given; i++) {
        hour->given[i].point = p->point; /* of the present plan */
        if (!stands(&hour->given[i], wanted, n))
            add(arena, out, room, &hour->given[i], -1);
    }
    for (size_t i = 0; i < n; i++)
        if (!stands(&wanted[i], hour->given, hour->n_given))
            add(arena, out, room, &wanted[i], 1);
    free(hour->given);
    hour->given = NULL;
    hour->n_given = (uint16_t)n;
    if (n == 0)
        return;
    hour->given = calloc(n, sizeof *wanted);
    if (!hour->given)
        abort();
    memcpy(hour->given, wanted, n * sizeof *wanted);
}

/* Where to begin: a rule that waits for the hour behind a gap may now have it. */
static int64_t begin_at(const struct filled *p)
{
    int64_t number = p->from < p->judged ? p->from : p->judged;
    number = number > p->hours.first ? number : p->hours.first;
    if (!rule_needs_after((enum substitute_method)p->rule.method))
        return number;
    while (number > p->hours.first && state_at(p, number - 1) != HOUR_VALID)
        number--;
    return number;
}

static void judge(struct fill *f, struct filled *p, int64_t until, struct arena *arena,
                  struct amounts *out, size_t *room)
{
    struct substituted wanted[COVER_EDGES_MOST + 1];
    hours_make(&p->hours, until - 1); /* also of an open gap the hours are there */
    for (int64_t number = begin_at(p); number < until; number++) {
        struct hour *hour = hours_find(&p->hours, number);
        size_t n = want(f, p, number, until, wanted, COVER_EDGES_MOST + 1);
        if (n == 0 && hour->n_given == 0)
            continue;
        settle(p, hour, wanted, n, arena, out, room);
        hour->is_dirty = true;
    }
    p->judged = until;
    p->from = INT64_MAX;
    p->is_dirty = true;
}

/* The first hour that is not to be judged yet. */
static int64_t judge_until(const struct filled *p, int64_t watermark_us, bool is_last)
{
    int64_t by_us = watermark_us;
    if (watermark_us == FILL_NO_FURTHER)
        return p->judged;
    if (!is_last && __builtin_sub_overflow(watermark_us, p->rule.after_us, &by_us))
        return p->judged;
    int64_t until = hour_of(by_us);
    return until > p->judged ? until : p->judged;
}

void fill_judge(struct fill *f, int32_t site, int64_t watermark_us, bool is_last, struct arena *arena,
                struct amounts *out)
{
    size_t room = 0;
    *out = (struct amounts){ 0 };
    for (size_t i = 0; i < f->n; i++) {
        struct filled *p = &f->at[i];
        if (p->site != site || p->hours.n == 0)
            continue;
        int64_t until = judge_until(p, watermark_us, is_last);
        if (until > p->hours.first && (p->from < until || until > p->judged))
            judge(f, p, until, arena, out, &room);
    }
}

/* A list that grows in an arena. */
struct listing {
    struct arena *arena;
    struct substituted *at;
    size_t n, room;
};

static void list_one(struct listing *l, const struct substituted *s, int32_t point)
{
    if (l->n == l->room) {
        l->room = l->room ? 2 * l->room : 16;
        struct substituted *more = arena_take(l->arena, l->room * sizeof *more);
        if (!more)
            abort();
        if (l->n)
            memcpy(more, l->at, l->n * sizeof *more);
        l->at = more;
    }
    l->at[l->n] = *s;
    l->at[l->n++].point = point;
}

static void list_point(struct listing *l, const struct filled *p, int64_t start_us, int64_t end_us)
{
    int64_t number = hour_of(start_us), behind = p->hours.first + (int64_t)p->hours.n;
    number = number > p->hours.first ? number : p->hours.first;
    for (; number < behind && number * HOUR_US < end_us; number++) {
        const struct hour *hour = hours_find(&p->hours, number);
        for (size_t i = 0; i < hour->n_given; i++)
            if (hour->given[i].end_us > start_us && hour->given[i].start_us < end_us)
                list_one(l, &hour->given[i], p->point);
    }
}

void fill_list(const struct fill *f, int32_t site, int64_t start_us, int64_t end_us, struct arena *arena,
               struct substituted **out, size_t *n)
{
    struct listing l = { .arena = arena };
    for (size_t i = 0; i < f->n; i++)
        if (f->at[i].site == site)
            list_point(&l, &f->at[i], start_us, end_us);
    *out = l.at;
    *n = l.n;
}
