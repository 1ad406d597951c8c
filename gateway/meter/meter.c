/* The meter holds the points of the plan in the plan's order, so that a reading finds its own by index.
 * What outlives a plan is found by text: a point's key is its three ids with NULs between them, and ids
 * hold none, so no two points share a key.
 *
 * A point that a new plan no longer has is let go together with its row. One whose values now mean
 * something else (kind, unit, resolution, multiplier, modulus) begins anew, for an old value and a new
 * one have no difference; where only a limit changed it goes on from its last state (see point.c). */
#include "meter/meter.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "meter/meter_private.h"

#define ANEW_TEXT                                                                                  \
    "kind, unit, resolution, multiplier or modulus changed: the point begins anew, and its "       \
    "next reading is the first"

/* Zeroed memory for n things; aborts without. Never NULL. */
static void *room_for(size_t n, size_t size)
{
    void *at = calloc(n > 0 ? n : 1, size);
    if (!at)
        abort();
    return at;
}

void meter_open(struct meter **out)
{
    struct meter *m = room_for(1, sizeof *m);
    m->points = room_for(0, sizeof *m->points);
    m->entries = room_for(0, sizeof *m->entries);
    *out = m;
}

void meter_close(struct meter *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->n; i++)
        meter_point_fini(&m->points[i]);
    for (size_t i = 0; i < m->n_gone; i++)
        free((void *)m->gone[i].at);
    free(m->points);
    free(m->entries);
    free(m->gone);
    effects_fini(&m->effects);
    buffer_fini(&m->row);
    free(m);
}

/* --- keys --- */

static int by_key(const void *a, const void *b)
{
    const struct meter_entry *x = a, *y = b;
    return slice_compare(x->key, y->key);
}

struct meter_point *meter_find(const struct meter *m, struct slice key)
{
    struct meter_entry wanted = { .key = key };
    const struct meter_entry *e = bsearch(&wanted, m->entries, m->n, sizeof *m->entries, by_key);
    return e ? &m->points[e->point] : NULL;
}

void meter_drop(struct meter *m, struct slice key)
{
    if (m->n_gone == m->room_gone) {
        m->room_gone = m->room_gone == 0 ? 16 : 2 * m->room_gone;
        m->gone = realloc(m->gone, m->room_gone * sizeof *m->gone);
        if (!m->gone)
            abort();
    }
    m->gone[m->n_gone++] = key;
}

/* "site\0device\0point" and a NUL that is not part of it. */
static struct slice key_of(const struct plan *plan, const struct point *point)
{
    const char *texts[] = { plan->sites[point->site].id, plan->devices[point->device].id,
                            point->id };
    size_t size = 0;
    for (int i = 0; i < 3; i++)
        size += strlen(texts[i]) + 1;

    char *at = room_for(size, 1), *end = at;
    for (int i = 0; i < 3; i++)
        end = stpcpy(end, texts[i]) + 1;
    return (struct slice){ (const uint8_t *)at, size - 1 };
}

/* --- the plan --- */

/* What a raw value means. If this changes, old values and new ones cannot be compared. */
static uint64_t identity_of(struct meter *m, const struct point *point)
{
    struct decimal multiplier = point->multiplier;
    while (multiplier.scale > 0 && multiplier.mantissa % 10 == 0) { /* 1.0 is 1 */
        multiplier.mantissa /= 10;
        multiplier.scale--;
    }
    struct buffer *b = &m->row;
    buffer_clear(b);
    buffer_put_u8(b, (uint8_t)point->kind);
    uint16_t unit = point->unit ? point->unit->number : 0;
    buffer_put_u8(b, (uint8_t)unit);
    buffer_put_i64(b, point->tick.num);
    buffer_put_i64(b, point->tick.den);
    buffer_put_i64(b, multiplier.mantissa);
    buffer_put_u8(b, multiplier.scale);
    buffer_put_i64(b, point->modulus_ticks);
    if (unit > UINT8_MAX)        /* the first units had one byte, and their points go on */
        buffer_put_u8(b, (uint8_t)(unit >> 8));
    return hash_bytes(buffer_slice(b), 0);
}

static struct fold_rules rules_of(const struct point *point)
{
    return (struct fold_rules){
        .kind = (uint8_t)point->kind,
        .stamp = (uint8_t)point->stamp,
        .integrate = (uint8_t)point->integrate,
        .reset_from_zero = point->reset_from_zero,
        .has_min = point->has_min,
        .has_max = point->has_max,
        .max_gap_us = point->max_gap_us,
        .max_rate_ticks_per_hour = point->max_rate_ticks_per_hour,
        .modulus_ticks = point->modulus_ticks,
        .min_ticks = point->min_ticks,
        .max_ticks = point->max_ticks,
        .calibrated_until_us = point->calibrated_until_us,
    };
}

/* The old state of that key, taken out of the old plan's points; or a new point. Takes the key. */
static void inherit(struct meter *m, struct slice key, uint64_t identity, struct meter_point *out)
{
    struct meter_point *old = meter_find(m, key);
    if (old && old->identity == identity) {
        *out = *old;
        old->retained = (struct retained){ 0 };
        old->swaps = NULL;
        out->key = key;
        return;
    }
    meter_point_init(out, key);
    out->identity = identity;
    if (old) {
        meter_point_remember(out, old);
        out->is_dirty = true;
        meter_point_tell(out, "meter.anew", ANEW_TEXT);
    }
}

/* What is left of the old points: rows of those that the new ones do not have are dropped. */
static void let_go(struct meter *m, struct meter_point *old, size_t n_old)
{
    for (size_t i = 0; i < n_old; i++) {
        if (!meter_find(m, old[i].key)) {
            meter_drop(m, old[i].key);
            old[i].key = (struct slice){ 0 };
        }
        meter_point_fini(&old[i]);
    }
    free(old);
}

void meter_configure(struct meter *m, const struct plan *plan)
{
    size_t n = plan->n_points;
    struct meter_point *points = room_for(n, sizeof *points), *old = m->points;
    struct meter_entry *entries = room_for(n, sizeof *entries);

    for (size_t i = 0; i < n; i++) {
        const struct point *point = &plan->points[i];
        struct fold_rules rules = rules_of(point);
        inherit(m, key_of(plan, point), identity_of(m, point), &points[i]);
        points[i].multiplier = point->multiplier;
        points[i].period_us = point->period_us;
        meter_point_adopt(&points[i], &rules, point->lateness_us, point->keep);
        entries[i] = (struct meter_entry){ points[i].key, i };
    }
    qsort(entries, n, sizeof *entries, by_key);
    for (size_t i = 1; i < n; i++)
        assert(by_key(&entries[i - 1], &entries[i]) < 0);

    size_t n_old = m->n;
    free(m->entries);
    m->points = points;
    m->entries = entries;
    m->n = n;
    let_go(m, old, n_old);
}

/* --- readings --- */

/* A copy in the arena. Without room there the meter lends its own: by now the state has moved, and what
 * came of it must not be lost. */
static void *lend(struct arena *arena, void *own, size_t size)
{
    void *at = size > 0 ? arena_take(arena, size) : NULL;
    return at ? memcpy(at, own, size) : own;
}

void meter_hand_over(struct meter *m, int32_t point, struct arena *arena, struct amounts *out)
{
    struct effects *e = &m->effects;
    for (size_t i = 0; i < e->n; i++)
        e->at[i].point = point;
    for (size_t i = 0; i < e->n_samples; i++)
        e->samples[i].point = point;
    *out = (struct amounts){
        .at = lend(arena, e->at, e->n * sizeof *e->at),
        .n = e->n,
        .moved = lend(arena, e->moved, e->n_moved * sizeof *e->moved),
        .n_moved = e->n_moved,
        .samples = lend(arena, e->samples, e->n_samples * sizeof *e->samples),
        .n_samples = e->n_samples,
    };
}

enum verdict meter_take(struct meter *m, const struct reading *r, struct arena *arena,
                        struct amounts *out)
{
    assert(r->verdict == VERDICT_COUNTED);
    assert(r->point >= 0 && (size_t)r->point < m->n);
    struct sample s = {
        .time_us = r->time_us,
        .ticks = r->ticks,
        .interval_us = r->interval_us,
        .boot = r->boot,
        .sequence = r->sequence,
        .quality = (uint8_t)r->quality,
    };
    effects_clear(&m->effects);
    enum verdict v = meter_point_take(&m->points[r->point], &s, &m->effects);
    meter_hand_over(m, r->point, arena, out);
    return v;
}

void meter_figures(const struct meter *m, struct meter_figures *out)
{
    struct meter_figures f = { .points = m->n };
    for (size_t i = 0; i < m->n; i++) {
        const struct meter_point *p = &m->points[i];
        f.retained += p->retained.n;
        f.retained_bytes += p->retained.room * sizeof *p->retained.at;
        f.held += p->is_held;
    }
    *out = f;
}
