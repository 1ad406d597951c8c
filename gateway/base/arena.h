/* An arena: memory for one batch. Nobody frees a piece; arena_reset ends them all and keeps the
 * chunks for the next batch. Not for two threads at once. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "base/slice.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *first, *now;
    size_t used;       /* in the chunk `now` */
    size_t most;       /* bytes since the last reset that may be handed out; 0: no bound */
    size_t taken;      /* bytes handed out since the last reset */
};

void arena_init(struct arena *a, size_t most_bytes);
void arena_fini(struct arena *a);

/* Memory for size bytes, aligned to 16, not cleared. NULL only beyond the bound: then the caller
 * treats its input as too large. Aborts when the machine itself has none. */
void *arena_take(struct arena *a, size_t size);

/* The same, cleared; for arrays. NULL beyond the bound, or when n * size overflows. */
void *arena_take_zeroed(struct arena *a, size_t n, size_t size);

/* A copy that ends with a NUL. NULL beyond the bound. */
char *arena_text(struct arena *a, struct slice s);

void arena_reset(struct arena *a);

#endif
