/* Rows:
 *
 *   STAGE_DERIVE       "P" key             u8 version = 1, u64 identity, i64 begins_us, i64 forgotten_us
 *   STAGE_DERIVE       "I" key, start      an interval that was not given yet (interval.c)
 *   STAGE_DERIVE_HOUR  "I" key, start      one that was given
 *
 * where key is site NUL device NUL point NUL, and start 8 bytes, big-endian, the sign turned. */
#include <stdlib.h>
#include <string.h>

#include "derive/node.h"

#define ROW_VERSION 1

/* Everything that stands under a key. */
static void drop_all(struct derive *d, struct slice key, struct state_out *out)
{
    struct node n = { .key = key };
    struct buffer until = { 0 };
    node_key(&n, 'P', 0, &d->row);
    out->drop(out->self, STAGE_DERIVE, buffer_slice(&d->row));
    node_key(&n, 'I', INT64_MIN, &d->row);
    node_key(&n, 'I', INT64_MAX, &until);
    out->drop_range(out->self, STAGE_DERIVE, buffer_slice(&d->row), buffer_slice(&until));
    out->drop_range(out->self, STAGE_DERIVE_HOUR, buffer_slice(&d->row), buffer_slice(&until));
    buffer_fini(&until);
}

static void save_point(struct derive *d, struct node *n, struct state_out *out)
{
    struct buffer value = { 0 };
    buffer_put_u8(&value, ROW_VERSION);
    buffer_put_u64(&value, n->identity);
    buffer_put_i64(&value, n->begins_us);
    buffer_put_i64(&value, n->forgotten_us);
    node_key(n, 'P', 0, &d->row);
    out->put(out->self, STAGE_DERIVE, buffer_slice(&d->row), buffer_slice(&value));
    buffer_fini(&value);
    n->is_dirty = false;
}

static void save_interval(struct derive *d, const struct node *n, struct interval *iv, struct state_out *out)
{
    struct buffer value = { 0 };
    bool is_open = iv->given.kind == GIVEN_NOT_YET;
    node_key(n, 'I', iv->start_us, &d->row);
    if (!is_open && iv->has_open_row)
        out->drop(out->self, STAGE_DERIVE, buffer_slice(&d->row));
    interval_write(iv, n->d->n_inputs, &value);
    out->put(out->self, is_open ? STAGE_DERIVE : STAGE_DERIVE_HOUR, buffer_slice(&d->row), buffer_slice(&value));
    buffer_fini(&value);
    iv->has_open_row = is_open;
    iv->is_dirty = false;
}

void derive_save(struct derive *d, struct state_out *out)
{
    for (size_t i = 0; i < d->n_gone; i++) {
        drop_all(d, d->gone[i], out);
        free((void *)d->gone[i].at);
    }
    d->n_gone = 0;
    for (size_t i = 0; i < d->n_nodes; i++) {
        struct node *n = &d->nodes[i];
        if (n->is_dirty)
            save_point(d, n, out);
        for (size_t k = 0; k < n->n; k++)
            if (n->at[k]->is_dirty)
                save_interval(d, n, n->at[k], out);
    }
}

static void forget_in_memory(struct node *n, int64_t before_us)
{
    size_t kept = 0;
    for (size_t i = 0; i < n->n; i++) {
        if (n->at[i]->start_us < before_us)
            free(n->at[i]);
        else
            n->at[kept++] = n->at[i];
    }
    n->n = kept;
}

void derive_forget(struct derive *d, int32_t site, int64_t before_us, struct state_out *out)
{
    struct buffer until = { 0 };
    for (size_t i = 0; i < d->n_nodes; i++) {
        struct node *n = &d->nodes[i];
        if (n->site != site || before_us <= n->forgotten_us)
            continue;
        n->forgotten_us = before_us;
        n->is_dirty = true;
        forget_in_memory(n, before_us);
        node_key(n, 'I', INT64_MIN, &d->row);
        node_key(n, 'I', before_us, &until);
        out->drop_range(out->self, STAGE_DERIVE, buffer_slice(&d->row), buffer_slice(&until));
        out->drop_range(out->self, STAGE_DERIVE_HOUR, buffer_slice(&d->row), buffer_slice(&until));
    }
    buffer_fini(&until);
}

void derive_committed(struct derive *d)
{
    for (size_t i = 0; i < d->n_nodes; i++) {
        struct node *n = &d->nodes[i];
        size_t kept = 0;
        for (size_t k = 0; k < n->n; k++) {
            if (n->at[k]->given.kind != GIVEN_NOT_YET && !n->at[k]->is_dirty)
                free(n->at[k]);
            else
                n->at[kept++] = n->at[k];
        }
        n->n = kept;
    }
}

static int load_point(struct node *n, struct slice value)
{
    struct cursor c = cursor_of(value);
    if (cursor_u8(&c) != ROW_VERSION)
        return STATE_MALFORMED;
    cursor_u64(&c);
    int64_t begins_us = cursor_i64(&c), forgotten_us = cursor_i64(&c);
    if (c.has_failed)
        return STATE_MALFORMED;
    n->begins_us = begins_us;
    n->forgotten_us = forgotten_us;
    n->is_dirty = false;
    return 0;
}

static int load_interval(struct node *n, int64_t start_us, struct slice value)
{
    struct interval *iv = interval_new(n, start_us);
    if (interval_read(value, n->d->n_inputs, iv) != 0) {
        free(iv);
        return STATE_MALFORMED;
    }
    iv->has_open_row = true;
    node_insert(n, iv);
    return 0;
}

static int64_t start_of(struct slice key)
{
    uint64_t order = 0;
    for (size_t i = key.size - 8; i < key.size; i++)
        order = order << 8 | key.at[i];
    return (int64_t)(order ^ UINT64_C(1) << 63);
}

int derive_load(struct derive *d, struct slice key, struct slice value)
{
    bool is_interval = key.size > 9 && key.at[0] == 'I', is_point = key.size > 1 && key.at[0] == 'P';
    if (!is_interval && !is_point)
        return STATE_MALFORMED;
    struct slice name = { key.at + 1, key.size - 1 - (is_interval ? 8 : 0) };
    struct node *n = node_find(d, name);
    if (!n)
        return STATE_MALFORMED;
    return is_point ? load_point(n, value) : load_interval(n, start_of(key), value);
}
