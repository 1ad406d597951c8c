/* An array that grows: room doubles, so that adding costs nothing in the steady state. */
#ifndef ACCOUNT_ARRAY_H
#define ACCOUNT_ARRAY_H

#include <stdint.h>
#include <stdlib.h>

/* Memory for one more than n elements; sets *room. Aborts without memory: what stands in these arrays
 * is bounded by the plan and by what metering lets through. */
static inline void *array_grow(void *at, size_t n, uint32_t *room, size_t size)
{
    if (n < *room)
        return at;
    uint32_t more = *room ? *room * 2 : 4;
    void *grown = reallocarray(at, more, size);
    if (!grown)
        abort();
    *room = more;
    return grown;
}

/* A zeroed struct. Aborts without memory. */
static inline void *array_one(size_t size)
{
    void *one = calloc(1, size);
    if (!one)
        abort();
    return one;
}

#endif
