/* Protobuf, unpacked by the generated code into the batch's arena: no piece is freed on its own, and a
 * payload that unfolds beyond all measure (two bytes on the wire can be an empty Reading of a hundred in
 * memory) meets the batch's bound and not the machine's.
 *
 * protobuf-c ends strings with a NUL and keeps no length, so a name with a NUL inside would pass for its
 * beginning. The allocator therefore keeps the size of every piece in front of it; a string's piece is
 * its bytes and the NUL. */
#include "decode/protobuf.h"

#include <stddef.h>

#include <protobuf-c/protobuf-c.h>

#include "reading.pb-c.h"

/* `at` keeps the alignment that the arena gives. */
struct piece {
    size_t size;
    _Alignas(16) uint8_t at[];
};

static void *take_piece(void *self, size_t size)
{
    struct piece *p = NULL;
    if (size <= SIZE_MAX - sizeof *p)
        p = batch_take(self, sizeof *p + size);
    if (!p)
        return NULL;
    p->size = size;
    return p->at;
}

/* Ends with the arena. */
static void leave_piece(void *self, void *at)
{
    (void)self;
    (void)at;
}

static struct slice text_of(const char *text)
{
    if (text == protobuf_c_empty_string)
        return (struct slice){ NULL, 0 };
    const struct piece *p = (const struct piece *)(const void *)(text - offsetof(struct piece, at));
    return (struct slice){ p->at, p->size - 1 };
}

static int64_t micros_of(int64_t ms)
{
    int64_t us;
    if (__builtin_mul_overflow(ms, 1000, &us))
        return ms < 0 ? INT64_MIN : INT64_MAX;
    return us;
}

/* The batch's own name or number, where a reading leaves it empty. */
static int add_reading(const Carbon__V1__ReadingBatch *defaults, const Carbon__V1__Reading *r,
                       struct cgw_batch *out)
{
    struct raw_reading raw = {
        .site = text_of(r->site_id),
        .device = text_of(r->device_id),
        .point = text_of(r->point),
        .time_us = micros_of(r->time_unix_ms),
        .value = r->value,
        .unit = (uint32_t)r->unit,
        .quality = (uint32_t)r->quality,
        .interval_ms = r->interval_ms,
        .boot = r->boot_id,
        .sequence = r->sequence,
    };
    if (defaults) {
        raw.site = raw.site.size > 0 ? raw.site : text_of(defaults->site_id);
        raw.device = raw.device.size > 0 ? raw.device : text_of(defaults->device_id);
        raw.boot = raw.boot != 0 ? raw.boot : defaults->boot_id;
    }
    out->has_unknown_fields |= r->base.n_unknown_fields > 0;
    return batch_add(out, &raw);
}

static enum verdict undecodable(struct cgw_batch *out, const char *why)
{
    batch_explain(out, why);
    return VERDICT_UNDECODABLE;
}

enum verdict protobuf_reading(void *self, const struct frame *f, struct cgw_batch *out)
{
    (void)self;
    ProtobufCAllocator allocator = { take_piece, leave_piece, out };
    const Carbon__V1__Reading *r = carbon__v1__reading__unpack(&allocator, f->rest.size, f->rest.at);
    if (!r)
        return undecodable(out, "not a carbon.v1.Reading");
    return add_reading(NULL, r, out) == 0 ? VERDICT_COUNTED : VERDICT_TOO_LARGE;
}

enum verdict protobuf_batch(void *self, const struct frame *f, struct cgw_batch *out)
{
    (void)self;
    ProtobufCAllocator allocator = { take_piece, leave_piece, out };
    const Carbon__V1__ReadingBatch *batch =
        carbon__v1__reading_batch__unpack(&allocator, f->rest.size, f->rest.at);
    if (!batch)
        return undecodable(out, "not a carbon.v1.ReadingBatch");

    out->has_unknown_fields = batch->base.n_unknown_fields > 0;
    if (batch_reserve(out, batch->n_readings) != 0)
        return VERDICT_TOO_LARGE;
    for (size_t i = 0; i < batch->n_readings; i++)
        if (add_reading(batch, batch->readings[i], out) != 0)
            return VERDICT_TOO_LARGE;
    return VERDICT_COUNTED;
}
