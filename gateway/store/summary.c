/* A summary as a row of bytes, for whoever keeps the outbox elsewhere (a base, a backup). A batch holds it in
 * the same form, but for the version.
 *
 *      key     u32 epoch ordinal, u64 sequence
 *      value   u8 format version, 1; u64 cause, u32 ordinal, i64 start, i64 end, i64 published (us), u32
 *              revision; id, site, period and topic as slices with their NUL; the payload as a slice */
#include <string.h>

#include "base/err.h"
#include "store/inside.h"

#define ROW_VERSION 1

/* With its NUL, so that it can be lent as a C string. */
static void put_text(struct buffer *out, const char *text)
{
    if (!text)
        text = "";
    buffer_put_slice(out, (struct slice){ (const uint8_t *)text, strlen(text) + 1 });
}

void store_summary_put_value(const struct store_summary *row, struct buffer *out)
{
    buffer_put_u64(out, row->cause);
    buffer_put_u32(out, row->ordinal);
    buffer_put_i64(out, row->start_us);
    buffer_put_i64(out, row->end_us);
    buffer_put_i64(out, row->published_us);
    buffer_put_u32(out, row->revision);
    put_text(out, row->id);
    put_text(out, row->site);
    put_text(out, row->period);
    put_text(out, row->topic);
    buffer_put_slice(out, row->payload);
}

void store_summary_write(const struct store_summary *row, struct buffer *key, struct buffer *value)
{
    buffer_put_u32(key, row->epoch_ordinal);
    buffer_put_u64(key, row->sequence);
    buffer_put_u8(value, ROW_VERSION);
    store_summary_put_value(row, value);
}

/* NULL when it is not ended. */
static const char *read_text(struct cursor *c)
{
    struct slice text = cursor_slice(c);
    return text.size > 0 && text.at[text.size - 1] == 0 ? (const char *)text.at : NULL;
}

bool store_summary_get_value(struct cursor *c, struct store_summary *row)
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
    return row->id && row->site && row->period && row->topic && !c->has_failed;
}

int store_summary_read(struct slice key, struct slice value, struct store_summary *out)
{
    struct cursor k = cursor_of(key), c = cursor_of(value);
    struct store_summary row = { .epoch_ordinal = cursor_u32(&k) };
    row.sequence = cursor_u64(&k);
    uint8_t version = cursor_u8(&c);

    if (version > ROW_VERSION)
        return err_raise(-1, "a summary's row has format %u, this version reads up to %u – use the "
                         "version that wrote it or a newer one", version, ROW_VERSION);
    if (k.has_failed || k.at != k.end || version != ROW_VERSION ||
        !store_summary_get_value(&c, &row) || c.at != c.end)
        return STATE_MALFORMED;
    *out = row;
    return 0;
}
