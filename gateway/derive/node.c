/* The intervals of a derived point. In memory are those not given yet, those not saved, and nothing else: a
 * given one is fetched from its row when something late comes for it. */
#include "derive/node.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

void *derive_grow(void *at, size_t n, size_t *room, size_t size)
{
    if (n < *room)
        return at;
    *room = *room == 0 ? 16 : 2 * *room;
    at = reallocarray(at, *room, size);
    if (!at)
        abort();
    return at;
}

struct node *node_find(const struct derive *d, struct slice key)
{
    for (size_t i = 0; i < d->n_nodes; i++)
        if (slice_equal(d->nodes[i].key, key))
            return &d->nodes[i];
    return NULL;
}

void node_fini(struct node *n)
{
    for (size_t i = 0; i < n->n; i++)
        free(n->at[i]);
    free(n->at);
    free((void *)n->key.at);
}

/* Kind and key, and the start so that the order of bytes is the order of time. */
void node_key(const struct node *n, char kind, int64_t start_us, struct buffer *out)
{
    uint64_t order = (uint64_t)start_us ^ UINT64_C(1) << 63;
    buffer_clear(out);
    buffer_put_u8(out, (uint8_t)kind);
    buffer_put(out, n->key.at, n->key.size);
    if (kind == 'P')
        return;
    for (int shift = 56; shift >= 0; shift -= 8)
        buffer_put_u8(out, (uint8_t)(order >> shift));
}

struct interval *interval_new(const struct node *n, int64_t start_us)
{
    struct interval *iv = calloc(1, sizeof *iv + n->d->n_inputs * sizeof iv->sums[0]);
    if (!iv)
        abort();
    iv->start_us = start_us;
    return iv;
}

/* Where an interval stands, or would. Mostly at the end. */
static size_t place_of(const struct node *n, int64_t start_us)
{
    size_t i = n->n;
    while (i > 0 && n->at[i - 1]->start_us >= start_us)
        i--;
    return i;
}

void node_insert(struct node *n, struct interval *iv)
{
    size_t i = place_of(n, iv->start_us);
    n->at = derive_grow(n->at, n->n, &n->room, sizeof *n->at);
    memmove(n->at + i + 1, n->at + i, (n->n - i) * sizeof *n->at);
    n->at[i] = iv;
    n->n++;
}

/* From its row; *out stays NULL when there is none. */
static int fetch(struct derive *d, struct node *n, int64_t start_us, struct interval **out)
{
    struct slice value;
    if (!d->lookup.get)
        return 0;
    node_key(n, 'I', start_us, &d->row);
    int rc = d->lookup.get(d->lookup.self, STAGE_DERIVE_HOUR, buffer_slice(&d->row), &value);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    struct interval *iv = interval_new(n, start_us);
    if (interval_read(value, n->d->n_inputs, iv) == 0) {
        *out = iv;
        return 0;
    }
    free(iv);
    return err_raise(-1, "derive %s: the stored row of an interval is malformed, or of a newer version",
                     (const char *)n->key.at);
}

static int64_t floor_to(int64_t t_us, int64_t every_us)
{
    int64_t rest = t_us % every_us;
    return t_us - (rest < 0 ? rest + every_us : rest);
}

int node_interval(struct derive *d, struct node *n, int64_t t_us, struct interval **out)
{
    int64_t start_us = floor_to(t_us, n->d->every_us);
    *out = NULL;
    if (start_us < n->begins_us || start_us < n->forgotten_us)
        return 0;
    size_t i = place_of(n, start_us);
    if (i < n->n && n->at[i]->start_us == start_us) {
        *out = n->at[i];
        return 0;
    }
    struct interval *iv = NULL;
    int rc = fetch(d, n, start_us, &iv);
    if (rc < 0)
        return rc;
    if (!iv)
        iv = interval_new(n, start_us);
    node_insert(n, iv);
    *out = iv;
    return 0;
}
