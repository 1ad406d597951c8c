/* How a point takes a reading.
 *
 *        frozen            |               retained, sorted
 *   base ──────────────────┼── c ── c ── x ── c ── c ── c ── c ───▶ tip
 *   (their verdicts are    |             ^ candidate: rejected, but still here
 *    final; `seen` names them)
 *
 * A reading goes to its place, and the fold runs on from there twice, side by side: as it was without
 * the reading and as it is now. What differs leaves as amounts with sign -1 and +1 and as moved
 * verdicts. Once the two states are equal all the rest is as it was. Contributions are therefore never
 * stored: the old ones are made again, bit for bit, by the same step from the same samples. Behind the
 * last reading, which is nearly always where a new one belongs, this is one step from the tip.
 *
 * Within the bound: younger than lateness against the newest counted reading, and fewer than keep
 * counted ones newer. What leaves it is folded into the base. Candidates have a bound of their own,
 * as many again, so that a meter gone mad cannot push good readings out; as a rejected reading does not
 * touch the state, the oldest may simply go. A reading from outside is known again by `seen`, or it is
 * LATE: an interval then still says something, unverified; a register says nothing, as the delta across
 * it has been counted. */
#include "meter/point.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/number.h"
#include "model/plan.h"
#include "model/reading.h"

#define HELD_TEXT                                                                                  \
    "stays below its last valid value, so nothing is counted: see whether the meter was "          \
    "swapped or reset, or whether the value before was a spike"
#define RULES_TEXT                                                                                 \
    "its limits changed; what came before stands as it was counted, and readings from "            \
    "before that are still to come will be late"

void meter_point_init(struct meter_point *p, struct slice key)
{
    *p = (struct meter_point){ .key = key };
}

void meter_point_fini(struct meter_point *p)
{
    retained_fini(&p->retained);
    free(p->swaps);
    free((void *)p->key.at);
    p->key = (struct slice){ 0 };
    p->swaps = NULL;
}

void meter_point_tell(const struct meter_point *p, const char *id, const char *text)
{
    const char *site = (const char *)p->key.at;
    const char *device = site + strlen(site) + 1;
    const char *point = device + strlen(device) + 1;
    log_line(LOG_WARN, id, "site=%s device=%s point=%s – %s", site, device, point, text);
}

/* A gauge's value is passed on while it is counted. */
static void tell_sampled(const struct meter_point *p, struct effects *out, const struct sample *r,
                         int8_t sign)
{
    if (p->rules.kind == POINT_GAUGE)
        effects_sampled(out, r, sign);
}

/* --- the fold from a place on --- */

/* A fold on its way: under which rules, and how far. */
struct course {
    const struct fold_rules *rules;
    struct fold_state state;
};

/* The state before the i-th sample: back to one that fixes the state by itself, and on from there. */
static struct fold_state state_before(const struct meter_point *p, size_t i)
{
    if (i == p->retained.n)
        return p->tip;
    struct fold_state s = p->base;
    size_t from = i;
    while (from > 0) {
        const struct sample *r = retained_at(&p->retained, from - 1);
        if (r->verdict == VERDICT_COUNTED && fold_anchor(&p->rules, r, &s))
            break;
        from--;
    }
    for (; from < i; from++) {
        const struct sample *r = retained_at(&p->retained, from);
        struct fold_effect unused;
        if (r->verdict == VERDICT_COUNTED)
            fold_step(&p->rules, &s, r, &unused);
    }
    return s;
}

/* The sample did `was` and now does `now`: tells the difference. */
static void replace(struct meter_point *p, struct sample *r, const struct fold_effect *was,
                    const struct fold_effect *now, struct effects *out)
{
    assert(r->verdict == was->verdict);
    if (was->verdict != now->verdict) {
        effects_moved(out, was->verdict, now->verdict);
        if (was->verdict == VERDICT_COUNTED)
            tell_sampled(p, out, r, -1);
        if (now->verdict == VERDICT_COUNTED)
            tell_sampled(p, out, r, 1);
        p->n_counted -= was->verdict == VERDICT_COUNTED;
        p->n_counted += now->verdict == VERDICT_COUNTED;
        p->n_void -= was->verdict == VERDICT_VOID;
        p->n_void += now->verdict == VERDICT_VOID;
        r->verdict = (uint8_t)now->verdict;
    }
    effects_difference(out, was, now);
}

/* One sample in both folds. */
static void step_both(struct meter_point *p, struct sample *r, struct course *was,
                      struct course *now, struct effects *out)
{
    struct fold_effect old, new;
    fold_step(was->rules, &was->state, r, &old);
    fold_step(now->rules, &now->state, r, &new);
    replace(p, r, &old, &new, out);
}

/* From the i-th sample on, the fold as it was and as it is now, until they meet. Under different rules they
 * may part again, so there it goes on to the end. */
static void follow(struct meter_point *p, size_t i, struct course was, struct course now,
                   struct effects *out)
{
    for (; i < p->retained.n; i++) {
        if (was.rules == now.rules && fold_state_equal(&was.state, &now.state))
            return;
        step_both(p, retained_at(&p->retained, i), &was, &now, out);
    }
    p->tip = now.state;
}

static void retain(struct meter_point *p, size_t place, const struct sample *r,
                   const struct fold_effect *e, struct effects *out)
{
    retained_insert(&p->retained, place, r);
    retained_at(&p->retained, place)->verdict = (uint8_t)e->verdict;
    if (e->verdict == VERDICT_COUNTED) {
        p->n_counted++;
        tell_sampled(p, out, r, 1);
    }
    effects_amounts(out, e, 1);
}

/* Puts a new reading in its place. Behind all others that is one step of the tip. */
static enum verdict insert(struct meter_point *p, const struct sample *r, struct effects *out)
{
    size_t place = retained_place(&p->retained, r);
    struct fold_effect e;
    if (place == p->retained.n) {
        fold_step(&p->rules, &p->tip, r, &e);
        retain(p, place, r, &e, out);
        return e.verdict;
    }
    struct course was = { &p->rules, state_before(p, place) }, now = was;
    fold_step(&p->rules, &now.state, r, &e);
    retain(p, place, r, &e, out);
    follow(p, place + 1, was, now, out);
    return e.verdict;
}

/* The sample at `from` has gained rank among those of its time: moves it down to `to`. In the old order
 * it was the last of the stretch, so there the others are folded first. */
static void promote(struct meter_point *p, size_t from, size_t to, struct effects *out)
{
    struct course was = { &p->rules, state_before(p, to) }, now = was;
    retained_move_down(&p->retained, from, to);

    struct sample *moved = retained_at(&p->retained, to);
    struct fold_effect moved_now, moved_was;
    fold_step(&p->rules, &now.state, moved, &moved_now);
    for (size_t i = to + 1; i <= from; i++)
        step_both(p, retained_at(&p->retained, i), &was, &now, out);
    fold_step(&p->rules, &was.state, moved, &moved_was);
    replace(p, moved, &moved_was, &moved_now, out);
    follow(p, from + 1, was, now, out);
}

/* A twin of the i-th sample came. The one retained bears the greater sequence of the two, for its rank
 * must not depend on which came first; the other sequence was taken, and stays known. */
static void take_twin(struct meter_point *p, size_t i, const struct sample *r, struct effects *out)
{
    struct sample *kept = retained_at(&p->retained, i);
    if (r->sequence == kept->sequence)
        return;
    if (r->sequence < kept->sequence) {
        p->is_dirty |= seen_add(&p->seen, r->boot, r->sequence);
        return;
    }
    p->is_dirty = true;
    seen_add(&p->seen, kept->boot, kept->sequence);
    kept->sequence = r->sequence;
    size_t place = i;
    while (place > 0 &&
           sample_order(p->rules.kind, kept, retained_at(&p->retained, place - 1)) < 0)
        place--;
    if (place < i)
        promote(p, i, place, out);
}

/* --- the bound --- */

static size_t first_counted(const struct meter_point *p)
{
    size_t i = 0;
    while (retained_at(&p->retained, i)->verdict != VERDICT_COUNTED)
        i++;
    return i;
}

/* A voided one is none: if it went, the same reading sent again would count. */
static size_t first_candidate(const struct meter_point *p)
{
    size_t i = 0;
    while (retained_at(&p->retained, i)->verdict == VERDICT_COUNTED ||
           retained_at(&p->retained, i)->verdict == VERDICT_VOID)
        i++;
    return i;
}

static bool is_too_old(const struct meter_point *p, int64_t time_us)
{
    return (int128)p->tip.accepted_us - time_us >= p->lateness_us;
}

static bool is_outside(const struct meter_point *p, const struct sample *r)
{
    if (p->base.has_accepted && r->time_us <= p->base.accepted_us)
        return true;
    if (!p->tip.has_accepted || r->time_us >= p->tip.accepted_us)
        return false;
    if (is_too_old(p, r->time_us))
        return true;
    if (p->n_counted == 0 || (int128)p->n_counted < p->keep)
        return false;
    return r->time_us < retained_at(&p->retained, first_counted(p))->time_us;
}

/* Takes the i-th sample out for good. */
static void forget(struct meter_point *p, size_t i)
{
    const struct sample *r = retained_at(&p->retained, i);
    p->n_counted -= r->verdict == VERDICT_COUNTED;
    p->n_void -= r->verdict == VERDICT_VOID;
    seen_add(&p->seen, r->boot, r->sequence);
    retained_remove(&p->retained, i);
    p->is_dirty = true;
}

/* Folds the i-th sample, which is counted, into the base. */
static void take_into_base(struct meter_point *p, size_t i)
{
    const struct sample *last = retained_at(&p->retained, i);
    struct fold_effect unused;
    if (!fold_anchor(&p->rules, last, &p->base))
        fold_step(&p->rules, &p->base, last, &unused);
    assert(p->base.accepted_us == last->time_us);
}

/* Swaps that no reading to come can find between its value and the last; the newest stays for its scale. */
static void forget_swaps(struct meter_point *p)
{
    struct fold_swaps *w = p->swaps;
    while (w && w->n > 1 && w->at[1].installed_us <= p->base.value_us) {
        memmove(&w->at[0], &w->at[1], (size_t)(w->n - 1) * sizeof w->at[0]);
        w->n--;
    }
}

/* Moves the base up to the i-th sample, which is counted; what else has its time (of events some may be
 * counted too) and what came before goes with it. */
static void freeze(struct meter_point *p, size_t i)
{
    take_into_base(p, i);
    for (i++; i < p->retained.n && retained_at(&p->retained, i)->time_us == p->base.accepted_us; i++)
        if (retained_at(&p->retained, i)->verdict == VERDICT_COUNTED)
            take_into_base(p, i);
    forget_swaps(p);
    while (p->retained.n > 0 && retained_at(&p->retained, 0)->time_us <= p->base.accepted_us)
        forget(p, 0);
}

/* Brings what is retained back within the bounds. */
static void settle(struct meter_point *p)
{
    while (p->n_counted > 0) {
        size_t i = first_counted(p);
        bool is_inside = !is_too_old(p, retained_at(&p->retained, i)->time_us);
        if (is_inside && (int128)p->n_counted <= p->keep)
            break;
        freeze(p, i);
    }
    int64_t most = p->keep > HELD_AFTER ? p->keep : HELD_AFTER;
    while ((int128)(p->retained.n - p->n_counted - p->n_void) > most)
        forget(p, first_candidate(p));
}

/* What a gauge's value stands for when it stands alone: as long as the next one should have been away. */
static void take_late_gauge(const struct meter_point *p, const struct sample *r,
                            struct fold_effect *e)
{
    int128 ticks;
    int64_t end_us;
    e->n = 0;
    if (p->period_us <= 0 || r->quality > QUALITY_SUSPECT ||
        __builtin_add_overflow(r->time_us, p->period_us, &end_us) ||
        number_scale(r->ticks, p->period_us, INT64_C(3600000000), &ticks) != 0 ||
        ticks > INT64_MAX || ticks < INT64_MIN)
        return;
    e->at[e->n++] = (struct amount){ .sign = 1, .start_us = r->time_us, .ticks = (int64_t)ticks,
                                     .end_us = end_us };
}

/* A reading from outside the bound. What it would be all by itself decides whether it can be LATE. */
static enum verdict take_late(struct meter_point *p, const struct sample *r, struct effects *out)
{
    if (seen_has(&p->seen, r->boot, r->sequence))
        return VERDICT_DUPLICATE;
    p->is_dirty |= seen_add(&p->seen, r->boot, r->sequence);

    struct fold_rules alone = p->rules;
    struct fold_state nothing = { 0 };
    struct fold_effect e;
    alone.swaps = NULL;
    fold_step(&alone, &nothing, r, &e);
    if (p->rules.kind == POINT_GAUGE && e.verdict == VERDICT_COUNTED)
        take_late_gauge(p, r, &e);
    for (int i = 0; i < e.n; i++) {
        e.at[i].is_unverified = true;
        e.at[i].is_valid = false;
    }
    effects_amounts(out, &e, 1);
    return e.verdict == VERDICT_COUNTED ? VERDICT_LATE : e.verdict;
}

/* --- the point --- */

/* Whether the last readings lie below the last valid value: so many of them, or for so long. */
static bool stays_below(const struct meter_point *p)
{
    size_t n = 0;
    while (n < p->retained.n && n < HELD_AFTER) {
        const struct sample *r = retained_at(&p->retained, p->retained.n - 1 - n);
        if (r->verdict != VERDICT_OUT_OF_RANGE || fold_value(&p->rules, r) >= p->tip.value_ticks)
            break;
        n++;
    }
    if (n < 2)
        return false;
    int64_t newest_us = retained_at(&p->retained, p->retained.n - 1)->time_us;
    return n == HELD_AFTER || (int128)newest_us - p->tip.value_us >= HELD_AFTER_US;
}

void meter_point_watch(struct meter_point *p, bool is_told)
{
    bool is_held = p->rules.kind == POINT_REGISTER && stays_below(p);
    if (is_held && !p->is_held && is_told)
        meter_point_tell(p, "meter.held", HELD_TEXT);
    p->is_held = is_held;
}

enum verdict meter_point_take(struct meter_point *p, const struct sample *r, struct effects *out)
{
    enum verdict v = VERDICT_DUPLICATE;
    size_t twin;
    if (retained_twin(&p->retained, r, &twin)) {
        take_twin(p, twin, r, out);
    } else if (is_outside(p, r)) {
        return take_late(p, r, out);
    } else {
        v = insert(p, r, out);
        p->is_dirty = true;
    }
    settle(p);
    meter_point_watch(p, true);
    return v;
}

/* --- what people declare --- */

void meter_point_exchange(struct meter_point *p, struct fold_swaps *swaps, int64_t from_us,
                          struct effects *out)
{
    struct fold_rules old_rules = p->rules;
    struct sample first = { .time_us = from_us, .boot = UINT64_MAX, .sequence = UINT64_MAX,
                            .ticks = INT64_MAX, .interval_us = INT64_MAX };
    size_t place = retained_place(&p->retained, &first);
    struct course was = { &old_rules, state_before(p, place) };
    struct course now = { &p->rules, was.state };
    struct fold_swaps *old = p->swaps;

    p->swaps = swaps;
    p->rules.swaps = swaps;
    follow(p, place, was, now, out);
    free(old);
    p->is_dirty = true;
    settle(p);
    meter_point_watch(p, true);
}

void meter_point_void(struct meter_point *p, size_t i, bool is_void, struct effects *out)
{
    struct sample *r = retained_at(&p->retained, i);
    if (r->is_void == is_void)
        return;
    struct course was = { &p->rules, state_before(p, i) }, now = was;
    struct fold_effect old, new;
    fold_step(&p->rules, &was.state, r, &old);
    r->is_void = is_void;
    fold_step(&p->rules, &now.state, r, &new);
    replace(p, r, &old, &new, out);
    follow(p, i + 1, was, now, out);
    p->is_dirty = true;
    settle(p);
    meter_point_watch(p, true);
}

/* --- other rules --- */

static void freeze_all(struct meter_point *p)
{
    p->base = p->tip;
    while (p->retained.n > 0)
        forget(p, 0);
}

void meter_point_adopt(struct meter_point *p, const struct fold_rules *rules, int64_t lateness_us,
                       int64_t keep)
{
    if (!fold_rules_equal(&p->rules, rules)) {
        p->is_dirty |= p->tip.has_accepted;
        if (p->retained.n > 0) {
            freeze_all(p);
            meter_point_tell(p, "meter.rules", RULES_TEXT);
        }
        p->rules = *rules;
    }
    p->rules.swaps = p->swaps;
    p->retained.kind = p->rules.kind;
    p->lateness_us = lateness_us;
    p->keep = keep;
    settle(p);
    meter_point_watch(p, true);
}

void meter_point_remember(struct meter_point *p, const struct meter_point *old)
{
    p->base.has_accepted = p->tip.has_accepted = old->tip.has_accepted;
    p->base.accepted_us = p->tip.accepted_us = old->tip.accepted_us;
    p->seen = old->seen;
    for (size_t i = 0; i < old->retained.n; i++) {
        const struct sample *r = retained_at(&old->retained, i);
        seen_add(&p->seen, r->boot, r->sequence);
    }
}
