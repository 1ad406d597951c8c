/* A summary as a row of bytes, for whoever keeps the outbox elsewhere (a base, a backup).
 *
 *      key     u32 epoch ordinal, u64 sequence
 *      value   u8 format version, 1; u64 cause, u32 ordinal, i64 start, i64 end, i64 published (us), u32
 *              revision; id, site, period and topic as slices with their NUL; the payload as a slice */
#include <string.h>

#include "base/err.h"
#include "store/store.h"

#define ROW_VERSION 1

static void put_text(struct buffer *out, const char *text)
{
    buffer_put_slice(out, (struct slice){ (const uint8_t *)text, strlen(text) + 1 });
}

void store_summary_write(const struct store_summary *row, struct buffer *key, struct buffer *value)
{
    buffer_put_u32(key, row->epoch_ordinal);
    buffer_put_u64(key, row->sequence);

    buffer_put_u8(value, ROW_VERSION);
    buffer_put_u64(value, row->cause);
    buffer_put_u32(value, row->ordinal);
    buffer_put_i64(value, row->start_us);
    buffer_put_i64(value, row->end_us);
    buffer_put_i64(value, row->published_us);
    buffer_put_u32(value, row->revision);
    put_text(value, row->id);
    put_text(value, row->site);
    put_text(value, row->period);
    put_text(value, row->topic);
    buffer_put_slice(value, row->payload);
}

/* NULL when it is not ended. */
static const char *read_text(struct cursor *c)
{
    struct slice text = cursor_slice(c);
    return text.size > 0 && text.at[text.size - 1] == 0 ? (const char *)text.at : NULL;
}

static bool read_value(struct cursor *c, struct store_summary *row)
{
    row->cause = cursor_u64(c);
    row->ordinal = cursor_u32(c);
    row->start_us = cursor_i64(c);
    row->end_us = cursor_i64(c);
    row->published_us = cursor_i64(c);
    row->revision = cursor_u32(c);
    row->id = read_text(c);
    row->site = read_text(c);
    row->period = read_text(c);
    row->topic = read_text(c);
    row->payload = cursor_slice(c);
    return row->id && row->site && row->period && row->topic && !c->has_failed && c->at == c->end;
}

int store_summary_read(struct slice key, struct slice value, struct store_summary *out)
{
    struct cursor k = cursor_of(key), c = cursor_of(value);
    struct store_summary row = { .epoch_ordinal = cursor_u32(&k), .sequence = cursor_u64(&k) };
    uint8_t version = cursor_u8(&c);

    if (version > ROW_VERSION)
        return err_raise(-1, "a summary's row has format %u, this version reads up to %u – use the "
                         "version that wrote it or a newer one", version, ROW_VERSION);
    if (k.has_failed || k.at != k.end || version != ROW_VERSION || !read_value(&c, &row))
        return STATE_MALFORMED;
    *out = row;
    return 0;
}
