/* Readings are gathered in the batch's arena, which the stages behind decoding share. What a payload can
 * unfold to is not bounded by its own size (a byte or two on the wire may become a hundred in memory),
 * so decoding may fill half of what is free and no more: whatever is decoded, the others have the rest. */
#include "decode/batch.h"

#include <string.h>

#define ROOM_LEAST 4

void batch_begin(struct cgw_batch *b, const struct origin *origin, struct arena *arena)
{
    b->origin = *origin;
    b->arena = arena;
    b->taken_most = SIZE_MAX;
    if (arena->most != 0)
        b->taken_most = arena->taken + (arena->most - arena->taken) / 2;
    b->at = NULL;
    b->n = b->room = 0;
    b->intensities = NULL;
    b->n_intensities = 0;
    b->is_full = b->has_unknown_fields = false;
    b->why[0] = '\0';
}

void *batch_take(struct cgw_batch *b, size_t size)
{
    void *piece = NULL;
    if (b->arena->taken <= b->taken_most && size <= b->taken_most - b->arena->taken)
        piece = arena_take(b->arena, size);
    b->is_full |= !piece;
    return piece;
}

int batch_reserve(struct cgw_batch *b, size_t n)
{
    size_t room, size;
    if (n <= b->room - b->n)
        return 0;
    if (__builtin_add_overflow(b->n, n, &room) ||
        __builtin_mul_overflow(room, sizeof b->at[0], &size)) {
        b->is_full = true;
        return 1;
    }
    struct reading *at = batch_take(b, size);
    if (!at)
        return 1;
    if (b->n > 0)
        memcpy(at, b->at, b->n * sizeof *at);
    b->at = at;
    b->room = room;
    return 0;
}

int batch_add(struct cgw_batch *b, const struct raw_reading *raw)
{
    if (b->n == b->room && batch_reserve(b, b->n > 0 ? b->n : ROOM_LEAST) != 0)
        return 1;
    judge_reading(&b->origin, raw, &b->at[b->n]);
    b->n++;
    return 0;
}

/* The length of text, or where its character begins that would go beyond most. */
static size_t cut_at(const char *text, size_t most)
{
    size_t n = strnlen(text, most + 1);
    if (n <= most)
        return n;
    for (n = most; n > 0 && ((uint8_t)text[n] & 0xc0) == 0x80;)
        n--;
    return n;
}

void batch_explain(struct cgw_batch *b, const char *why)
{
    size_t n = cut_at(why, sizeof b->why - 1);
    memcpy(b->why, why, n);
    b->why[n] = '\0';

    bool is_clean = slice_is_clean_text((struct slice){ (const uint8_t *)b->why, n });
    for (size_t i = 0; i < n && !is_clean; i++)
        if (b->why[i] < ' ' || b->why[i] > '~')
            b->why[i] = '?';
}
