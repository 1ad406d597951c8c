/* A plan joined to what is remembered. Points are known by their text ids; one whose sums mean something else now
 * (another formula, other inputs, another resolution) begins anew behind all that its site has, for a taking
 * back of what came before would find nothing of it. Constants are no part of that: the sums stay good. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "derive/node.h"

static void *table(size_t n, size_t size)
{
    void *at = calloc(n ? n : 1, size);
    if (!at)
        abort();
    return at;
}

static void put_names(struct buffer *b, const struct plan *plan, const struct point *pt)
{
    const char *texts[] = { plan->sites[pt->site].id, plan->devices[pt->device].id, pt->id };
    for (int i = 0; i < 3; i++)
        buffer_put(b, texts[i], strlen(texts[i]) + 1);
}

static struct slice key_of(struct derive *d, const struct point *pt)
{
    buffer_clear(&d->row);
    put_names(&d->row, d->plan, pt);
    uint8_t *at = table(d->row.size, 1);
    memcpy(at, d->row.at, d->row.size);
    return (struct slice){ at, d->row.size };
}

static uint64_t identity_of(struct derive *d, const struct derivation *v)
{
    struct buffer *b = &d->row;
    const struct point *own = &d->plan->points[v->point];
    buffer_clear(b);
    buffer_put_u8(b, (uint8_t)v->formula);
    buffer_put_i64(b, v->every_us);
    buffer_put_i64(b, own->tick_to_micro.num);
    buffer_put_i64(b, own->tick_to_micro.den);
    buffer_put_u8(b, v->is_stamped_at_end);
    for (size_t i = 0; i < v->n_inputs; i++) {
        const struct derive_input *in = &v->inputs[i];
        buffer_put_u8(b, (uint8_t)in->slot);
        buffer_put_i64(b, in->scale.num);
        buffer_put_i64(b, in->scale.den);
        buffer_put_i64(b, in->offset.num);
        put_names(b, d->plan, &d->plan->points[in->point]);
    }
    return hash_bytes(buffer_slice(b), 0);
}

/* --- order --- */

/* The longest way from a point down to one that is measured. */
static int depth_of(const struct plan *plan, int32_t point)
{
    const struct derivation *v = plan->points[point].derivation;
    int deepest = 0;
    for (size_t i = 0; v && i < v->n_inputs; i++) {
        int depth = 1 + depth_of(plan, v->inputs[i].point);
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest;
}

struct rank {
    int32_t point;
    int depth;
};

static int by_depth(const void *a, const void *b)
{
    const struct rank *x = a, *y = b;
    if (x->depth != y->depth)
        return x->depth < y->depth ? -1 : 1;
    return (x->point > y->point) - (x->point < y->point);
}

static struct rank *rank_all(const struct plan *plan, size_t *n)
{
    struct rank *ranks = table(plan->n_points, sizeof *ranks);
    *n = 0;
    for (size_t i = 0; i < plan->n_points; i++)
        if (plan->points[i].derivation)
            ranks[(*n)++] = (struct rank){ (int32_t)i, depth_of(plan, (int32_t)i) };
    qsort(ranks, *n, sizeof *ranks, by_depth);
    return ranks;
}

/* --- nodes --- */

static void let_go(struct derive *d, struct node *n)
{
    d->gone = derive_grow(d->gone, d->n_gone, &d->room_gone, sizeof *d->gone);
    d->gone[d->n_gone++] = n->key;
    n->key = (struct slice){ 0 };
}

/* The intervals, and since when: from the old node, or none. */
static void inherit(struct derive *d, struct node *n, struct node *old, int64_t frontier_us)
{
    int64_t every_us = n->d->every_us;
    n->begins_us = frontier_us;
    if (every_us > 0 && frontier_us > INT64_MIN + every_us)   /* the first interval that is seen whole */
        n->begins_us = frontier_us + every_us - 1;
    n->forgotten_us = INT64_MIN;
    n->is_dirty = true;
    if (!old)
        return;
    if (old->identity != n->identity) {
        log_line(LOG_WARN, "derive.anew", "point=%s – its formula, inputs or units changed: it begins anew with what "
                 "is still to come", d->plan->points[n->d->point].id);
        let_go(d, old);
        return;
    }
    n->begins_us = old->begins_us;
    n->forgotten_us = old->forgotten_us;
    n->at = old->at;
    n->n = old->n;
    n->room = old->room;
    old->at = NULL;
    old->n = 0;
}

static void lay_uses(struct derive *d)
{
    size_t n = 0;
    free(d->uses);
    free(d->first);
    d->first = table(d->plan->n_points + 1, sizeof *d->first);
    for (size_t i = 0; i < d->n_nodes; i++)
        n += d->nodes[i].d->n_inputs;
    d->uses = table(n, sizeof *d->uses);
    n = 0;
    for (size_t p = 0; p < d->plan->n_points; p++) {
        d->first[p] = (uint32_t)n;
        for (size_t i = 0; i < d->n_nodes; i++)
            for (size_t k = 0; k < d->nodes[i].d->n_inputs; k++)
                if (d->nodes[i].d->inputs[k].point == (int32_t)p)
                    d->uses[n++] = (struct use){ (int32_t)i, (int32_t)k };
    }
    d->first[d->plan->n_points] = (uint32_t)n;
}

void derive_configure(struct derive *d, const struct plan *plan, const int64_t *frontiers_us)
{
    size_t n, n_old = d->n_nodes;
    struct rank *ranks = rank_all(plan, &n);
    struct node *nodes = table(n, sizeof *nodes), *old = d->nodes;
    d->plan = plan;
    for (size_t i = 0; i < n; i++) {
        const struct point *pt = &plan->points[ranks[i].point];
        nodes[i] = (struct node){ .key = key_of(d, pt), .d = pt->derivation, .site = pt->site };
        nodes[i].identity = identity_of(d, pt->derivation);
        inherit(d, &nodes[i], node_find(d, nodes[i].key), frontiers_us[pt->site]);
    }
    free(ranks);
    d->nodes = nodes;
    d->n_nodes = n;
    for (size_t i = 0; i < n_old; i++) {
        if (old[i].key.size > 0 && !node_find(d, old[i].key))
            let_go(d, &old[i]);
        node_fini(&old[i]);
    }
    free(old);
    lay_uses(d);
}
