/* A batch: what is to be committed next, as one run of bytes. Records stand behind each other in the
 * order in which they were put and are written in that order, so a later put or drop of a row wins
 * without anybody looking for the earlier one; writing a row twice inside one transaction costs a
 * change in the page cache, not a second write to disk.
 *
 *      PUT           kind u8, stage u8, key slice, value slice
 *      DROP          kind u8, stage u8, key slice
 *      DROP_RANGE    kind u8, stage u8, from slice, until slice (the first key that stays)
 *      SUMMARY       kind u8, epoch ordinal u32, sequence u64, the rest as summary.c draws its value
 *      ACKNOWLEDGED  kind u8, epoch ordinal u32, sequence u64
 *      DROPPED       kind u8, epoch ordinal u32, from u64, until u64
 *
 * The bytes never leave the process, so they carry neither version nor checksum. A batch is read as
 * often as its write has to be tried, and reading leaves it as it is. */
#include <assert.h>
#include <stdlib.h>

#include "store/inside.h"

/* After a burst a batch gives its memory back; an ordinary one keeps it. */
#define KEEP_BYTES ((size_t)1 << 20)

struct store_batch *store_batch_new(void)
{
    struct store_batch *b = calloc(1, sizeof *b);
    if (!b)
        abort();
    return b;
}

void store_batch_free(struct store_batch *b)
{
    if (!b)
        return;
    buffer_fini(&b->records);
    free(b);
}

void store_batch_clear(struct store_batch *b)
{
    if (b->records.room > KEEP_BYTES)
        buffer_fini(&b->records);
    buffer_clear(&b->records);
    b->n_summaries = 0;
    b->has_position = false;
    b->position = 0;
}

bool store_batch_is_empty(const struct store_batch *b)
{
    return b->records.size == 0 && !b->has_position;
}

size_t store_batch_bytes(const struct store_batch *b)
{
    return b->records.size;
}

uint32_t store_batch_summaries(const struct store_batch *b)
{
    return b->n_summaries;
}

static void put(void *self, enum stage stage, struct slice key, struct slice value)
{
    struct store_batch *b = self;
    buffer_put_u8(&b->records, RECORD_PUT);
    buffer_put_u8(&b->records, (uint8_t)stage);
    buffer_put_slice(&b->records, key);
    buffer_put_slice(&b->records, value);
}

static void drop(void *self, enum stage stage, struct slice key)
{
    struct store_batch *b = self;
    buffer_put_u8(&b->records, RECORD_DROP);
    buffer_put_u8(&b->records, (uint8_t)stage);
    buffer_put_slice(&b->records, key);
}

static void drop_range(void *self, enum stage stage, struct slice from, struct slice until)
{
    struct store_batch *b = self;
    buffer_put_u8(&b->records, RECORD_DROP_RANGE);
    buffer_put_u8(&b->records, (uint8_t)stage);
    buffer_put_slice(&b->records, from);
    buffer_put_slice(&b->records, until);
}

struct state_out store_batch_state(struct store_batch *b)
{
    return (struct state_out){ .put = put, .drop = drop, .drop_range = drop_range, .self = b };
}

void store_batch_summary(struct store_batch *b, const struct store_summary *row)
{
    buffer_put_u8(&b->records, RECORD_SUMMARY);
    buffer_put_u32(&b->records, row->epoch_ordinal);
    buffer_put_u64(&b->records, row->sequence);
    store_summary_put_value(row, &b->records);
    b->n_summaries++;
}

void store_batch_acknowledged(struct store_batch *b, uint32_t epoch_ordinal, uint64_t sequence)
{
    buffer_put_u8(&b->records, RECORD_ACKNOWLEDGED);
    buffer_put_u32(&b->records, epoch_ordinal);
    buffer_put_u64(&b->records, sequence);
}

void store_batch_drop(struct store_batch *b, uint32_t epoch_ordinal, uint64_t from, uint64_t until)
{
    buffer_put_u8(&b->records, RECORD_DROPPED);
    buffer_put_u32(&b->records, epoch_ordinal);
    buffer_put_u64(&b->records, from);
    buffer_put_u64(&b->records, until);
}

void store_batch_position(struct store_batch *b, uint64_t log_book)
{
    b->has_position = true;
    b->position = log_book;
}

/* Reading it back. */

struct cursor store_batch_cursor(const struct store_batch *b)
{
    return cursor_of(buffer_slice(&b->records));
}

static void read_summary(struct cursor *c, struct store_summary *row)
{
    row->epoch_ordinal = cursor_u32(c);
    row->sequence = cursor_u64(c);
    (void)store_summary_get_value(c, row);   /* of our own making */
}

static void read_state(struct cursor *c, struct record *r)
{
    r->stage = (enum stage)cursor_u8(c);
    r->key = cursor_slice(c);
    if (r->kind != RECORD_DROP)
        r->value = cursor_slice(c);
}

bool store_batch_next(struct cursor *c, struct record *out)
{
    if (c->at == c->end)
        return false;
    *out = (struct record){ .kind = (enum record_kind)cursor_u8(c) };
    switch (out->kind) {
    case RECORD_PUT:
    case RECORD_DROP:
    case RECORD_DROP_RANGE:
        read_state(c, out);
        break;
    case RECORD_SUMMARY:
        read_summary(c, &out->summary);
        break;
    case RECORD_ACKNOWLEDGED:
        out->summary.epoch_ordinal = cursor_u32(c);
        out->summary.sequence = cursor_u64(c);
        break;
    case RECORD_DROPPED:
        out->summary.epoch_ordinal = cursor_u32(c);
        out->summary.sequence = cursor_u64(c);
        out->until = cursor_u64(c);
        break;
    }
    assert(!c->has_failed);
    return true;
}
