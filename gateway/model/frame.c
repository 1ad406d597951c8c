/* Packing and unpacking of what stands in a log book frame; the layouts are drawn in frame.h. Reading
 * is strict: bytes left over are as malformed as bytes that are missing, since a frame that passes its
 * checksum and still does not fit was written by another version, and guessing at it would make a
 * replay differ from what happened. */
#include "model/frame.h"

#include <assert.h>

static void took_write(const struct entry *e, struct buffer *out)
{
    buffer_put_u16(out, e->intake);
    buffer_put_u64(out, e->journal_id);
    buffer_put_u64(out, e->until);
}

static void lost_write(const struct entry *e, struct buffer *out)
{
    buffer_put_u16(out, e->intake);
    buffer_put_u64(out, e->journal_id);
    buffer_put_u64(out, e->from);
    buffer_put_u64(out, e->until);
}

static void drop_write(const struct entry *e, struct buffer *out)
{
    buffer_put_u32(out, e->epoch_ordinal);
    buffer_put_u64(out, e->from);
    buffer_put_u64(out, e->until);
    buffer_put_i64(out, e->start_us);
    buffer_put_i64(out, e->end_us);
}

static void genesis_write(const struct entry *e, struct buffer *out)
{
    buffer_put_u64(out, e->gateway_epoch);
    buffer_put_u32(out, e->epoch_ordinal);
    buffer_put_slice(out, e->gateway_id);
}

#define ORDER_VERSION 1u

static void order_write(const struct entry *e, struct buffer *out)
{
    buffer_put_u8(out, ORDER_VERSION);
    buffer_put_u8(out, e->verb);
    buffer_put_slice(out, e->request);
    buffer_put_slice(out, e->who);
    buffer_put_slice(out, e->why);
    buffer_put(out, e->yaml.at, e->yaml.size);
}

void entry_write(const struct entry *e, struct buffer *out)
{
    switch (e->kind) {
    case FRAME_GENESIS:
        genesis_write(e, out);
        break;
    case FRAME_START:
        buffer_put_slice(out, e->version);
        buffer_put_slice(out, e->tzdata);
        break;
    case FRAME_CONFIG:
        buffer_put(out, e->yaml.at, e->yaml.size);
        break;
    case FRAME_TOOK:
        took_write(e, out);
        break;
    case FRAME_LOST:
        lost_write(e, out);
        break;
    case FRAME_HOLE:
        buffer_put_slice(out, e->why);
        break;
    case FRAME_DROP:
        drop_write(e, out);
        break;
    case FRAME_FORGET:
        buffer_put_i64(out, e->before_us);
        break;
    case FRAME_ORDER:
        order_write(e, out);
        break;
    default:
        assert(e->kind == FRAME_TICK || e->kind == FRAME_CLOSE || e->kind == FRAME_REBUILT);
        break;
    }
}

static bool genesis_read(struct cursor *c, struct entry *e)
{
    e->gateway_epoch = cursor_u64(c);
    e->epoch_ordinal = cursor_u32(c);
    e->gateway_id = cursor_slice(c);
    return e->epoch_ordinal > 0;
}

static bool took_read(struct cursor *c, struct entry *e)
{
    e->intake = cursor_u16(c);
    e->journal_id = cursor_u64(c);
    e->until = cursor_u64(c);
    return true;
}

static bool lost_read(struct cursor *c, struct entry *e)
{
    e->intake = cursor_u16(c);
    e->journal_id = cursor_u64(c);
    e->from = cursor_u64(c);
    e->until = cursor_u64(c);
    return e->from <= e->until;
}

static bool drop_read(struct cursor *c, struct entry *e)
{
    e->epoch_ordinal = cursor_u32(c);
    e->from = cursor_u64(c);
    e->until = cursor_u64(c);
    e->start_us = cursor_i64(c);
    e->end_us = cursor_i64(c);
    return e->epoch_ordinal > 0 && e->from > 0 && e->from <= e->until && e->start_us <= e->end_us;
}

static bool order_fields_read(struct cursor *c, struct entry *e)
{
    uint8_t version = cursor_u8(c);
    e->verb = cursor_u8(c);
    e->request = cursor_slice(c);
    e->who = cursor_slice(c);
    e->why = cursor_slice(c);
    e->yaml = cursor_rest(c);
    return version == ORDER_VERSION;
}

/* Whether the fields of the kind are there and make sense. */
static bool fields_read(struct cursor *c, struct entry *e)
{
    switch (e->kind) {
    case FRAME_GENESIS:
        return genesis_read(c, e);
    case FRAME_START:
        e->version = cursor_slice(c);
        e->tzdata = cursor_slice(c);
        return true;
    case FRAME_CONFIG:
        e->yaml = cursor_rest(c);
        return true;
    case FRAME_TOOK:
        return took_read(c, e);
    case FRAME_LOST:
        return lost_read(c, e);
    case FRAME_HOLE:
        e->why = cursor_slice(c);
        return true;
    case FRAME_DROP:
        return drop_read(c, e);
    case FRAME_FORGET:
        e->before_us = cursor_i64(c);
        return true;
    case FRAME_ORDER:
        return order_fields_read(c, e);
    case FRAME_TICK:
    case FRAME_CLOSE:
    case FRAME_REBUILT:
        return true;
    default:
        return false;
    }
}

int entry_read(const struct frame *f, struct entry *out)
{
    struct entry e = {
        .kind = f->kind,
        .sequence = f->sequence,
        .boottime_us = f->boottime_us,
        .clock = f->clock,
    };
    struct cursor c = cursor_of(f->rest);
    if (!fields_read(&c, &e) || c.has_failed || c.at != c.end)
        return 1;
    *out = e;
    return 0;
}

void too_large_write(const struct too_large *t, struct buffer *out)
{
    size_t kept = t->head.size < FRAME_TOO_LARGE_KEEPS ? t->head.size : FRAME_TOO_LARGE_KEEPS;
    buffer_put_u64(out, t->payload_size);
    buffer_put_u64(out, t->hash);
    buffer_put(out, t->head.at, kept);
}

int too_large_read(struct slice rest, struct too_large *out)
{
    struct cursor c = cursor_of(rest);
    struct too_large t;
    t.payload_size = cursor_u64(&c);
    t.hash = cursor_u64(&c);
    t.head = cursor_rest(&c);
    if (c.has_failed || t.head.size > FRAME_TOO_LARGE_KEEPS || t.head.size > t.payload_size)
        return 1;
    *out = t;
    return 0;
}
