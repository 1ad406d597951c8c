/* A point's row in the snapshot. It holds what the fold cannot make again: the base, what was seen, and
 * the readings retained, with the rules they were judged by. The tip and everything else follow from
 * these, and reading a row folds it once more: a row whose verdicts come out otherwise is malformed.
 *
 *   key    site NUL device NUL point
 *   value  u8 version = 2, u64 identity
 *          rules    u8 stamp, u8 reset_from_zero, i64 max_gap_us, i64 max_rate_ticks_per_hour,
 *                   u8 integrate, u8 limits (1 has_min, 2 has_max), i64 min_ticks, max_ticks,
 *                   calibrated_until_us
 *          base     u8 flags (1 has_accepted, 2 has_value, 4 is_not_operating, 8 is_idle),
 *                   u8 value_quality,
 *                   i64 accepted_us, accepted_ticks, accepted_interval_us, value_us, value_ticks,
 *                   u64 value_boot, i64 idle_us, u64 accepted_boot, accepted_sequence
 *          swaps    u8 n, n times i64 removed_us, installed_us, final_ticks, initial_ticks,
 *                   scale.num, scale.den
 *          seen     u8 n, n times u64 boot, first, last
 *          retained u32 n, n times
 *                   u8 quality (+ 16: boot as before, + 32: interval as before, + 64: void),
 *                   u8 verdict, i64 time_us, i64 ticks, u64 sequence, [u64 boot], [i64 interval_us]
 *
 * "As before" means as in the sample before, or 0 for the first. Fixed part: 517 bytes at most; a
 * sample of a device that did not restart takes 26. Kind and modulus are part of the identity.
 *
 * Version 1 knew registers, intervals and states alone: it ends the rules with max_rate, the base with
 * value_boot, and has no swaps. Since when a device had not been operating it does not say. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meter/meter_private.h"
#include "model/plan.h"
#include "model/reading.h"

#define ROW_VERSION   2
#define ROW_OLDEST    1
#define SAMPLE_LEAST  26u
#define SAME_BOOT     16u
#define SAME_INTERVAL 32u
#define IS_VOID       64u

#define OTHER_ROW_TEXT                                                                             \
    "what was stored was measured with another kind, unit, resolution, multiplier or "             \
    "modulus: the point begins anew"

/* --- writing --- */

static void put_state(struct buffer *out, const struct fold_state *s)
{
    buffer_put_u8(out, (uint8_t)(s->has_accepted | s->has_value << 1 | s->is_not_operating << 2 |
                                 s->is_idle << 3));
    buffer_put_u8(out, s->value_quality);
    buffer_put_i64(out, s->accepted_us);
    buffer_put_i64(out, s->accepted_ticks);
    buffer_put_i64(out, s->accepted_interval_us);
    buffer_put_i64(out, s->value_us);
    buffer_put_i64(out, s->value_ticks);
    buffer_put_u64(out, s->value_boot);
    buffer_put_i64(out, s->idle_us);
    buffer_put_u64(out, s->accepted_boot);
    buffer_put_u64(out, s->accepted_sequence);
}

static void put_rules(struct buffer *out, const struct fold_rules *rules)
{
    buffer_put_u8(out, rules->stamp);
    buffer_put_u8(out, rules->reset_from_zero);
    buffer_put_i64(out, rules->max_gap_us);
    buffer_put_i64(out, rules->max_rate_ticks_per_hour);
    buffer_put_u8(out, rules->integrate);
    buffer_put_u8(out, (uint8_t)(rules->has_min | rules->has_max << 1));
    buffer_put_i64(out, rules->min_ticks);
    buffer_put_i64(out, rules->max_ticks);
    buffer_put_i64(out, rules->calibrated_until_us);
}

static void put_swaps(struct buffer *out, const struct fold_swaps *swaps)
{
    int n = swaps ? swaps->n : 0;
    buffer_put_u8(out, (uint8_t)n);
    for (int i = 0; i < n; i++) {
        const struct fold_swap *w = &swaps->at[i];
        buffer_put_i64(out, w->removed_us);
        buffer_put_i64(out, w->installed_us);
        buffer_put_i64(out, w->final_ticks);
        buffer_put_i64(out, w->initial_ticks);
        buffer_put_i64(out, w->scale.num);
        buffer_put_i64(out, w->scale.den);
    }
}

static void put_seen(struct buffer *out, const struct seen *s)
{
    buffer_put_u8(out, s->n);
    for (int i = 0; i < s->n; i++) {
        buffer_put_u64(out, s->runs[i].boot);
        buffer_put_u64(out, s->runs[i].first);
        buffer_put_u64(out, s->runs[i].last);
    }
}

static void put_sample(struct buffer *out, const struct sample *r, const struct sample *before)
{
    unsigned same = (r->boot == before->boot ? SAME_BOOT : 0) |
                    (r->interval_us == before->interval_us ? SAME_INTERVAL : 0) |
                    (r->is_void ? IS_VOID : 0);
    buffer_put_u8(out, (uint8_t)(r->quality | same));
    buffer_put_u8(out, r->verdict);
    buffer_put_i64(out, r->time_us);
    buffer_put_i64(out, r->ticks);
    buffer_put_u64(out, r->sequence);
    if (!(same & SAME_BOOT))
        buffer_put_u64(out, r->boot);
    if (!(same & SAME_INTERVAL))
        buffer_put_i64(out, r->interval_us);
}

void meter_point_write(const struct meter_point *p, struct buffer *out)
{
    buffer_put_u8(out, ROW_VERSION);
    buffer_put_u64(out, p->identity);
    put_rules(out, &p->rules);
    put_state(out, &p->base);
    put_swaps(out, p->swaps);
    put_seen(out, &p->seen);

    struct sample before = { 0 };
    buffer_put_u32(out, (uint32_t)p->retained.n);
    for (size_t i = 0; i < p->retained.n; i++) {
        const struct sample *r = retained_at(&p->retained, i);
        put_sample(out, r, &before);
        before = *r;
    }
}

void meter_save(struct meter *m, struct state_out *out)
{
    for (size_t i = 0; i < m->n_gone; i++) {
        out->drop(out->self, STAGE_METER, m->gone[i]);
        free((void *)m->gone[i].at);
    }
    m->n_gone = 0;

    /* After the drops: a key may have gone and come back since. */
    for (size_t i = 0; i < m->n; i++) {
        struct meter_point *p = &m->points[i];
        if (!p->is_dirty)
            continue;
        buffer_clear(&m->row);
        meter_point_write(p, &m->row);
        out->put(out->self, STAGE_METER, p->key, buffer_slice(&m->row));
        p->is_dirty = false;
    }
}

/* --- reading --- */

static void get_rules(struct cursor *c, uint8_t version, struct fold_rules *rules)
{
    rules->stamp = cursor_u8(c);
    rules->reset_from_zero = cursor_u8(c) != 0;
    rules->max_gap_us = cursor_i64(c);
    rules->max_rate_ticks_per_hour = cursor_i64(c);
    rules->integrate = version > 1 ? cursor_u8(c) : 0;
    uint8_t limits = version > 1 ? cursor_u8(c) : 0;
    rules->has_min = limits & 1;
    rules->has_max = limits & 2;
    rules->min_ticks = version > 1 ? cursor_i64(c) : 0;
    rules->max_ticks = version > 1 ? cursor_i64(c) : 0;
    rules->calibrated_until_us = version > 1 ? cursor_i64(c) : 0;
}

static void get_state(struct cursor *c, uint8_t version, struct fold_state *s)
{
    uint8_t flags = cursor_u8(c);
    s->has_accepted = flags & 1;
    s->has_value = flags & 2;
    s->is_not_operating = flags & 4;
    s->is_idle = flags & 8;
    s->value_quality = cursor_u8(c);
    s->accepted_us = cursor_i64(c);
    s->accepted_ticks = cursor_i64(c);
    s->accepted_interval_us = cursor_i64(c);
    s->value_us = cursor_i64(c);
    s->value_ticks = cursor_i64(c);
    s->value_boot = cursor_u64(c);
    s->idle_us = version > 1 ? cursor_i64(c) : s->is_not_operating ? s->accepted_us : 0;
    s->accepted_boot = version > 1 ? cursor_u64(c) : 0;
    s->accepted_sequence = version > 1 ? cursor_u64(c) : 0;
}

static int get_swaps(struct cursor *c, struct meter_point *p)
{
    int n = cursor_u8(c);
    if (n == 0)
        return 0;
    if (n > FOLD_SWAPS_MOST || p->rules.kind != POINT_REGISTER)
        return STATE_MALFORMED;
    p->swaps = calloc(1, sizeof *p->swaps);
    if (!p->swaps)
        abort();
    p->swaps->n = n;
    p->rules.swaps = p->swaps;
    int64_t before_us = INT64_MIN;
    bool is_sound = true;
    for (int i = 0; i < n; i++) {
        struct fold_swap *w = &p->swaps->at[i];
        w->removed_us = cursor_i64(c);
        w->installed_us = cursor_i64(c);
        w->final_ticks = cursor_i64(c);
        w->initial_ticks = cursor_i64(c);
        w->scale.num = cursor_i64(c);
        w->scale.den = cursor_i64(c);
        is_sound &= w->removed_us >= before_us && w->installed_us >= w->removed_us &&
                    w->scale.num > 0 && w->scale.den > 0;
        before_us = w->installed_us;
    }
    return is_sound && !c->has_failed ? 0 : STATE_MALFORMED;
}

static int get_seen(struct cursor *c, struct seen *s)
{
    s->n = cursor_u8(c);
    if (s->n > SEEN_RUNS)
        return STATE_MALFORMED;
    for (int i = 0; i < s->n; i++) {
        struct seen_run *run = &s->runs[i];
        run->boot = cursor_u64(c);
        run->first = cursor_u64(c);
        run->last = cursor_u64(c);
        if (run->boot == 0 || run->first == 0 || run->last < run->first)
            return STATE_MALFORMED;
    }
    return 0;
}

static int get_sample(struct cursor *c, const struct sample *before, struct sample *r)
{
    uint8_t head = cursor_u8(c);
    r->quality = head & 15;
    r->verdict = cursor_u8(c);
    r->time_us = cursor_i64(c);
    r->ticks = cursor_i64(c);
    r->sequence = cursor_u64(c);
    r->boot = head & SAME_BOOT ? before->boot : cursor_u64(c);
    r->interval_us = head & SAME_INTERVAL ? before->interval_us : cursor_i64(c);
    r->is_void = head & IS_VOID;
    bool is_sound = r->quality < QUALITY_COUNT && head < 128 && !c->has_failed;
    return is_sound ? 0 : STATE_MALFORMED;
}

/* Whether the fold can go on from this base: a register's value is not younger than what was counted. */
static bool is_sound_base(const struct meter_point *p)
{
    const struct fold_state *s = &p->base;
    bool is_in_order = p->rules.kind != POINT_REGISTER || s->value_us <= s->accepted_us;
    return s->value_quality <= QUALITY_SUSPECT &&
           (!s->has_value || (s->has_accepted && is_in_order));
}

/* Folds the next sample at the tip. It must follow what is there and come out as it was stored. */
static int append(struct meter_point *p, const struct sample *r)
{
    size_t n = p->retained.n;
    bool is_behind_base = !p->base.has_accepted || r->time_us > p->base.accepted_us;
    bool is_in_order =
        n == 0 || sample_order(p->rules.kind, retained_at(&p->retained, n - 1), r) < 0;
    if (!is_behind_base || !is_in_order)
        return STATE_MALFORMED;
    struct fold_effect e;
    fold_step(&p->rules, &p->tip, r, &e);
    if (e.verdict != (enum verdict)r->verdict)
        return STATE_MALFORMED;
    retained_insert(&p->retained, n, r);
    p->n_void += r->is_void;
    p->n_counted += r->verdict == VERDICT_COUNTED;
    return 0;
}

static int get_retained(struct cursor *c, struct meter_point *p)
{
    uint32_t n = cursor_u32(c);
    if (n > (size_t)(c->end - c->at) / SAMPLE_LEAST)
        return STATE_MALFORMED;
    p->tip = p->base;
    struct sample before = { 0 };
    for (uint32_t i = 0; i < n; i++) {
        struct sample r = { 0 };
        if (get_sample(c, &before, &r) != 0 || append(p, &r) != 0)
            return STATE_MALFORMED;
        before = r;
    }
    return c->has_failed || c->at != c->end ? STATE_MALFORMED : 0;
}

/* All behind the identity, into a point that is otherwise empty. */
static int get_point(struct cursor *c, uint8_t version, struct meter_point *p)
{
    get_rules(c, version, &p->rules);
    get_state(c, version, &p->base);
    if (!is_sound_base(p) || (version > 1 && get_swaps(c, p) != 0) || get_seen(c, &p->seen) != 0)
        return STATE_MALFORMED;
    return get_retained(c, p);
}

static int check_version(const struct meter_point *p, uint8_t version)
{
    if (version >= ROW_OLDEST && version <= ROW_VERSION)
        return 0;
    char text[96];
    snprintf(text, sizeof text, "its stored row has format %u, and this program reads up to %u",
             version, ROW_VERSION);
    meter_point_tell(p, "meter.format", text);
    return STATE_MALFORMED;
}

int meter_point_read(struct meter_point *p, struct slice row)
{
    struct cursor c = cursor_of(row);
    uint8_t version = cursor_u8(&c);
    if (check_version(p, version) != 0)
        return STATE_MALFORMED;
    if (cursor_u64(&c) != p->identity && !c.has_failed) {
        p->is_dirty = true;
        meter_point_tell(p, "meter.anew", OTHER_ROW_TEXT);
        return 0;
    }

    struct meter_point read = { .key = p->key, .identity = p->identity, .rules = p->rules,
                                .multiplier = p->multiplier, .period_us = p->period_us };
    read.rules.swaps = NULL;
    read.retained.kind = read.rules.kind;
    int rc = get_point(&c, version, &read);
    if (rc != 0) {
        retained_fini(&read.retained);
        free(read.swaps);
        return rc;
    }
    struct fold_rules rules = p->rules;
    int64_t lateness_us = p->lateness_us, keep = p->keep;
    retained_fini(&p->retained);
    free(p->swaps);
    *p = read;
    meter_point_watch(p, false);
    meter_point_adopt(p, &rules, lateness_us, keep);
    return 0;
}

int meter_load(struct meter *m, struct slice key, struct slice value)
{
    struct meter_point *p = meter_find(m, key);
    if (p)
        return meter_point_read(p, value);
    char *copy = malloc(key.size + 1);
    if (!copy)
        abort();
    if (key.size > 0)
        memcpy(copy, key.at, key.size);
    copy[key.size] = '\0';
    meter_drop(m, (struct slice){ (const uint8_t *)copy, key.size });
    return 0;
}
