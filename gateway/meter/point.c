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

#define HELD_TEXT                                                                                  \
    "stays below its last valid value, so nothing is counted: see whether the meter was "          \
    "swapped or reset, or whether the value before was a spike"
#define RULES_TEXT                                                                                 \
    "its limits changed; what came before stands as it was counted, and readings from "            \
    "before that are still to come will be late"

/* Room for one more of size bytes each; aborts without memory. */
static void *grown(void *at, size_t n, size_t *room, size_t size)
{
    if (n < *room)
        return at;
    *room = *room < 8 ? 8 : 2 * *room;
    at = realloc(at, *room * size);
    if (!at)
        abort();
    return at;
}

void effects_clear(struct effects *e)
{
    e->n = 0;
    e->n_moved = 0;
}

void effects_fini(struct effects *e)
{
    free(e->at);
    free(e->moved);
    *e = (struct effects){ 0 };
}

static void add_amount(struct effects *out, const struct fold_effect *e, int8_t sign)
{
    if (!e->has_amount)
        return;
    out->at = grown(out->at, out->n, &out->room, sizeof *out->at);
    out->at[out->n] = e->amount;
    out->at[out->n].sign = sign;
    out->n++;
}

static void add_moved(struct effects *out, enum verdict from, enum verdict to)
{
    out->moved = grown(out->moved, out->n_moved, &out->room_moved, sizeof *out->moved);
    out->moved[out->n_moved++] = (struct reclassified){ from, to };
}

void meter_point_init(struct meter_point *p, struct slice key)
{
    *p = (struct meter_point){ .key = key };
}

void meter_point_fini(struct meter_point *p)
{
    retained_fini(&p->retained);
    free((void *)p->key.at);
    p->key = (struct slice){ 0 };
}

void meter_point_tell(const struct meter_point *p, const char *id, const char *text)
{
    const char *site = (const char *)p->key.at;
    const char *device = site + strlen(site) + 1;
    const char *point = device + strlen(device) + 1;
    log_line(LOG_WARN, id, "site=%s device=%s point=%s – %s", site, device, point, text);
}

/* --- the fold from a place on --- */

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
        if (r->verdict == VERDICT_COUNTED)
            fold_step(&p->rules, &s, r);
    }
    return s;
}

/* The sample did `was` and now does `now`: tells the difference. */
static void replace(struct meter_point *p, struct sample *r, const struct fold_effect *was,
                    const struct fold_effect *now, struct effects *out)
{
    assert(r->verdict == was->verdict);
    if (was->verdict != now->verdict) {
        add_moved(out, was->verdict, now->verdict);
        p->n_counted -= was->verdict == VERDICT_COUNTED;
        p->n_counted += now->verdict == VERDICT_COUNTED;
        r->verdict = (uint8_t)now->verdict;
    }
    if (!fold_amount_equal(was, now)) {
        add_amount(out, was, -1);
        add_amount(out, now, 1);
    }
}

/* From the i-th sample on, the fold as it was and as it is now, until they meet. */
static void follow(struct meter_point *p, size_t i, struct fold_state was, struct fold_state now,
                   struct effects *out)
{
    for (; i < p->retained.n; i++) {
        if (fold_state_equal(&was, &now))
            return;
        struct sample *r = retained_at(&p->retained, i);
        struct fold_effect old = fold_step(&p->rules, &was, r);
        struct fold_effect new = fold_step(&p->rules, &now, r);
        replace(p, r, &old, &new, out);
    }
    p->tip = now;
}

/* Puts a new reading in its place. */
static enum verdict insert(struct meter_point *p, const struct sample *r, struct effects *out)
{
    size_t place = retained_place(&p->retained, r);
    struct fold_state was = state_before(p, place), now = was;
    struct fold_effect e = fold_step(&p->rules, &now, r);

    retained_insert(&p->retained, place, r);
    retained_at(&p->retained, place)->verdict = (uint8_t)e.verdict;
    p->n_counted += e.verdict == VERDICT_COUNTED;
    add_amount(out, &e, 1);
    follow(p, place + 1, was, now, out);
    return e.verdict;
}

/* The sample at `from` has gained rank among those of its time: moves it down to `to`. In the old order
 * it was the last of the stretch, so there the others are folded first. */
static void promote(struct meter_point *p, size_t from, size_t to, struct effects *out)
{
    struct fold_state was = state_before(p, to), now = was;
    retained_move_down(&p->retained, from, to);

    struct sample *moved = retained_at(&p->retained, to);
    struct fold_effect moved_now = fold_step(&p->rules, &now, moved);
    for (size_t i = to + 1; i <= from; i++) {
        struct sample *r = retained_at(&p->retained, i);
        struct fold_effect old = fold_step(&p->rules, &was, r);
        struct fold_effect new = fold_step(&p->rules, &now, r);
        replace(p, r, &old, &new, out);
    }
    struct fold_effect moved_was = fold_step(&p->rules, &was, moved);
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
    while (place > 0 && sample_order(kept, retained_at(&p->retained, place - 1)) < 0)
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

static size_t first_candidate(const struct meter_point *p)
{
    size_t i = 0;
    while (retained_at(&p->retained, i)->verdict == VERDICT_COUNTED)
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
    seen_add(&p->seen, r->boot, r->sequence);
    retained_remove(&p->retained, i);
    p->is_dirty = true;
}

/* Moves the base up to the i-th sample, which is counted; the candidates of its time and before go
 * with it. */
static void freeze(struct meter_point *p, size_t i)
{
    const struct sample *last = retained_at(&p->retained, i);
    if (!fold_anchor(&p->rules, last, &p->base))
        fold_step(&p->rules, &p->base, last);
    assert(p->base.accepted_us == last->time_us);
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
    while ((int128)(p->retained.n - p->n_counted) > most)
        forget(p, first_candidate(p));
}

/* A reading from outside the bound. What it would be all by itself decides whether it can be LATE. */
static enum verdict take_late(struct meter_point *p, const struct sample *r, struct effects *out)
{
    if (seen_has(&p->seen, r->boot, r->sequence))
        return VERDICT_DUPLICATE;
    p->is_dirty |= seen_add(&p->seen, r->boot, r->sequence);

    struct fold_state nothing = { 0 };
    struct fold_effect e = fold_step(&p->rules, &nothing, r);
    e.amount.is_unverified = true;
    e.amount.is_valid = false;
    add_amount(out, &e, 1);
    return e.verdict == VERDICT_COUNTED ? VERDICT_LATE : e.verdict;
}

/* --- the point --- */

/* How many of the last readings lie below the last valid value, HELD_AFTER at most. */
static size_t last_below(const struct meter_point *p)
{
    size_t most = p->retained.n < HELD_AFTER ? p->retained.n : HELD_AFTER, n = 0;
    while (n < most) {
        const struct sample *r = retained_at(&p->retained, p->retained.n - 1 - n);
        if (r->verdict != VERDICT_OUT_OF_RANGE || r->ticks >= p->tip.value_ticks)
            break;
        n++;
    }
    return n;
}

void meter_point_watch(struct meter_point *p, bool is_told)
{
    bool is_held = p->rules.kind == POINT_REGISTER && last_below(p) == HELD_AFTER;
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
