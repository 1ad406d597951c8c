/* An interval's row, in STAGE_DERIVE as long as it was not given and in STAGE_DERIVE_HOUR from then on:
 *
 *   value  u8 version = 1, u8 kind, u8 part, u8 flags, u8 is_valid, i64 ticks of what was given
 *          u8 n inputs, n times
 *            i128 ticks, i64 covered_us, i64 idle_us, u8 n of counters that follow, of which those of 0 are
 *            left out: n times u8 which, u32 count
 *
 * The counters stand in the order of struct derive_sum from parts on. */
#include "derive/interval.h"

#include <string.h>

#include "model/state.h"

#define ROW_VERSION 1
#define COUNTERS (PART_COUNT + DERIVE_FLAGS + 3 + QUARTERS)

size_t given_amounts(const struct given *g, int64_t start_us, int64_t end_us, struct amount out[2])
{
    struct amount a = { .start_us = start_us, .end_us = end_us, .part = g->part, .flags = g->flags,
                        .is_valid = g->is_valid, .ticks = g->ticks, .shape = AMOUNT_LINEAR };
    if (g->kind == GIVEN_NOT_YET || g->kind == GIVEN_NOTHING)
        return 0;
    out[0] = a;
    if (g->kind == GIVEN_VALUE)
        return 1;
    out[0].shape = AMOUNT_STRETCH;
    out[0].flags = g->kind == GIVEN_MISSING ? AMOUNT_GAP : AMOUNT_NOT_OPERATING;
    if (g->kind == GIVEN_MISSING)
        return 1;
    out[1] = a;                  /* it stood still, so it is known to be 0 */
    return 2;
}

bool given_equal(const struct given *a, const struct given *b)
{
    return a->kind == b->kind && a->part == b->part && a->flags == b->flags && a->is_valid == b->is_valid &&
           a->ticks == b->ticks;
}

/* The counters of a sum, one after the other. */
static void list_counters(struct derive_sum *s, int32_t *out[COUNTERS])
{
    size_t n = 0;
    for (int i = 0; i < PART_COUNT; i++)
        out[n++] = &s->parts[i];
    for (int i = 0; i < DERIVE_FLAGS; i++)
        out[n++] = &s->flagged[i];
    out[n++] = &s->usable;
    out[n++] = &s->valid;
    out[n++] = &s->possible;
    for (int i = 0; i < QUARTERS; i++)
        out[n++] = &s->quarters[i];
}

static void put_sum(const struct derive_sum *sum, struct buffer *out)
{
    struct derive_sum s = *sum;
    int32_t *counters[COUNTERS];
    list_counters(&s, counters);
    uint8_t n = 0;
    for (int i = 0; i < COUNTERS; i++)
        n += *counters[i] != 0;
    buffer_put_i128(out, s.ticks);
    buffer_put_i64(out, s.covered_us);
    buffer_put_i64(out, s.idle_us);
    buffer_put_u8(out, n);
    for (int i = 0; i < COUNTERS; i++) {
        if (*counters[i] == 0)
            continue;
        buffer_put_u8(out, (uint8_t)i);
        buffer_put_u32(out, (uint32_t)*counters[i]);
    }
}

void interval_write(const struct interval *iv, size_t n_inputs, struct buffer *out)
{
    buffer_put_u8(out, ROW_VERSION);
    buffer_put_u8(out, iv->given.kind);
    buffer_put_u8(out, iv->given.part);
    buffer_put_u8(out, iv->given.flags);
    buffer_put_u8(out, iv->given.is_valid);
    buffer_put_i64(out, iv->given.ticks);
    buffer_put_u8(out, (uint8_t)n_inputs);
    for (size_t i = 0; i < n_inputs; i++)
        put_sum(&iv->sums[i], out);
}

static int get_sum(struct cursor *c, struct derive_sum *s)
{
    int32_t *counters[COUNTERS];
    list_counters(s, counters);
    s->ticks = cursor_i128(c);
    s->covered_us = cursor_i64(c);
    s->idle_us = cursor_i64(c);
    uint8_t n = cursor_u8(c);
    for (uint8_t i = 0; i < n; i++) {
        uint8_t which = cursor_u8(c);
        int32_t count = (int32_t)cursor_u32(c);
        if (which >= COUNTERS || c->has_failed)
            return STATE_MALFORMED;
        *counters[which] = count;
    }
    return c->has_failed ? STATE_MALFORMED : 0;
}

int interval_read(struct slice value, size_t n_inputs, struct interval *iv)
{
    struct cursor c = cursor_of(value);
    if (cursor_u8(&c) != ROW_VERSION)
        return STATE_MALFORMED;
    struct given *g = &iv->given;
    g->kind = cursor_u8(&c);
    g->part = cursor_u8(&c);
    g->flags = cursor_u8(&c);
    g->is_valid = cursor_u8(&c) != 0;
    g->ticks = cursor_i64(&c);
    if (cursor_u8(&c) != n_inputs || g->kind > GIVEN_IDLE || g->part >= PART_COUNT)
        return STATE_MALFORMED;
    for (size_t i = 0; i < n_inputs; i++)
        if (get_sum(&c, &iv->sums[i]) != 0)
            return STATE_MALFORMED;
    return c.at == c.end ? 0 : STATE_MALFORMED;
}
