/* A chain of chunks, filled from the first on. Taking is an addition and a comparison; going on to the
 * next chunk is the rare case.
 *
 * A new chunk is at least as large as all before it together (up to the bound), so there are few, and
 * a piece that does not fit may simply skip chunks that are too small. This also keeps a long-lived
 * arena from growing: once a chunk as large as the bound exists, whatever may still be taken fits in
 * it, so batches of any shape end at less than four times the bound. */
#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT   16
#define CHUNK_LEAST (64 * 1024)

struct arena_chunk {
    struct arena_chunk *next;
    size_t size;
    _Alignas(ALIGNMENT) uint8_t at[];
};

/* To the next multiple of ALIGNMENT; the greatest one for what has none. */
static size_t round_up(size_t size)
{
    size_t most = SIZE_MAX - (ALIGNMENT - 1);
    return size > most ? most : (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

void arena_init(struct arena *a, size_t most_bytes)
{
    *a = (struct arena){ .most = round_up(most_bytes) };
}

void arena_fini(struct arena *a)
{
    struct arena_chunk *next;
    for (struct arena_chunk *c = a->first; c; c = next) {
        next = c->next;
        free(c);
    }
    *a = (struct arena){ .most = a->most };
}

static struct arena_chunk *chunk_new(size_t size)
{
    struct arena_chunk *c = NULL;
    if (size <= PTRDIFF_MAX - sizeof *c)
        c = aligned_alloc(ALIGNMENT, sizeof *c + size);
    if (!c)
        abort();
    c->next = NULL;
    c->size = size;
    return c;
}

/* Makes `now` a chunk with room for size bytes: one that is there behind it, or a new one. */
static void next_chunk(struct arena *a, size_t size)
{
    size_t before = 0;
    struct arena_chunk **link = &a->first;
    if (a->now) {
        for (struct arena_chunk *c = a->first; c != a->now; c = c->next)
            before += c->size;
        before += a->now->size;
        link = &a->now->next;
    }
    while (*link && (*link)->size < size) {
        before += (*link)->size;
        link = &(*link)->next;
    }
    if (!*link) {
        size_t wish = a->most != 0 && before > a->most ? a->most : before;
        if (wish < CHUNK_LEAST)
            wish = CHUNK_LEAST;
        *link = chunk_new(wish > size ? wish : size);
    }
    a->now = *link;
    a->used = 0;
}

void *arena_take(struct arena *a, size_t size)
{
    size_t need = round_up(size);
    if (a->most != 0 && need > a->most - a->taken)
        return NULL;
    if (!a->now || need > a->now->size - a->used)
        next_chunk(a, need);
    void *piece = a->now->at + a->used;
    a->used += need;
    a->taken += need;
    return piece;
}

void *arena_take_zeroed(struct arena *a, size_t n, size_t size)
{
    size_t whole;
    if (__builtin_mul_overflow(n, size, &whole))
        return NULL;
    void *piece = arena_take(a, whole);
    if (piece)
        memset(piece, 0, whole);
    return piece;
}

char *arena_text(struct arena *a, struct slice s)
{
    if (s.size == SIZE_MAX)
        return NULL;
    char *text = arena_take(a, s.size + 1);
    if (!text)
        return NULL;
    if (s.size > 0)
        memcpy(text, s.at, s.size);
    text[s.size] = '\0';
    return text;
}

void arena_reset(struct arena *a)
{
    a->now = a->first;
    a->used = 0;
    a->taken = 0;
}
