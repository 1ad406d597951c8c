/* Writing and reading back, byte by byte the same on every machine. The buffer doubles, so a put costs
 * a comparison and a copy; the cursor carries its one error along, so that a reader checks once at the
 * end instead of after every field. */
#include "base/buffer.h"

#include <assert.h>
#include <endian.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_LEAST 256

__extension__ typedef unsigned __int128 uint128;

void buffer_fini(struct buffer *b)
{
    free(b->at);
    *b = (struct buffer){ 0 };
}

void buffer_clear(struct buffer *b)
{
    b->size = 0;
}

struct slice buffer_slice(const struct buffer *b)
{
    return (struct slice){ b->at, b->size };
}

/* Room for n more bytes behind the end, without moving it. */
static void reserve(struct buffer *b, size_t n)
{
    if (n <= b->room - b->size && b->at)
        return;
    if (n > PTRDIFF_MAX - b->size)
        abort();
    size_t room = b->room < PTRDIFF_MAX / 2 ? 2 * b->room : PTRDIFF_MAX;
    if (room < b->size + n)
        room = b->size + n;
    if (room < ROOM_LEAST)
        room = ROOM_LEAST;
    uint8_t *at = realloc(b->at, room);
    if (!at)
        abort();
    b->at = at;
    b->room = room;
}

uint8_t *buffer_extend(struct buffer *b, size_t n)
{
    reserve(b, n);
    uint8_t *at = b->at + b->size;
    b->size += n;
    return at;
}

void buffer_put(struct buffer *b, const void *bytes, size_t n)
{
    uint8_t *at = buffer_extend(b, n);
    if (n > 0)
        memcpy(at, bytes, n);
}

void buffer_put_u8(struct buffer *b, uint8_t v)
{
    *buffer_extend(b, 1) = v;
}

void buffer_put_u16(struct buffer *b, uint16_t v)
{
    v = htole16(v);
    memcpy(buffer_extend(b, sizeof v), &v, sizeof v);
}

void buffer_put_u32(struct buffer *b, uint32_t v)
{
    v = htole32(v);
    memcpy(buffer_extend(b, sizeof v), &v, sizeof v);
}

void buffer_put_u64(struct buffer *b, uint64_t v)
{
    v = htole64(v);
    memcpy(buffer_extend(b, sizeof v), &v, sizeof v);
}

void buffer_put_i64(struct buffer *b, int64_t v)
{
    buffer_put_u64(b, (uint64_t)v);
}

void buffer_put_i128(struct buffer *b, int128 v)
{
    buffer_put_u64(b, (uint64_t)v);
    buffer_put_u64(b, (uint64_t)((uint128)v >> 64));
}

void buffer_put_slice(struct buffer *b, struct slice s)
{
    assert(s.size <= UINT32_MAX);
    buffer_put_u32(b, (uint32_t)s.size);
    buffer_put(b, s.at, s.size);
}

void buffer_put_text(struct buffer *b, const char *text)
{
    buffer_put_slice(b, slice_of(text));
}

static int print_args(struct buffer *b, const char *format, va_list args)
{
    return vsnprintf((char *)b->at + b->size, b->room - b->size, format, args);
}

/* Most texts fit the room that is there; what does not is printed a second time. */
void buffer_print(struct buffer *b, const char *format, ...)
{
    reserve(b, 1);
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = print_args(b, format, args);
    assert(n >= 0);
    if ((size_t)n >= b->room - b->size) {
        reserve(b, (size_t)n + 1);
        print_args(b, format, again);
    }
    b->size += (size_t)n;
    va_end(again);
    va_end(args);
}

struct cursor cursor_of(struct slice s)
{
    return (struct cursor){ .at = s.at, .end = s.size > 0 ? s.at + s.size : s.at };
}

/* n bytes of the input, or NULL, and from then on always NULL unless n is 0. */
static const uint8_t *read_bytes(struct cursor *c, size_t n)
{
    if (n > (size_t)(c->end - c->at)) {
        c->has_failed = true;
        c->at = c->end;
        return NULL;
    }
    const uint8_t *at = c->at;
    if (n > 0)
        c->at += n;
    return at;
}

uint8_t cursor_u8(struct cursor *c)
{
    const uint8_t *at = read_bytes(c, 1);
    return at ? *at : 0;
}

uint16_t cursor_u16(struct cursor *c)
{
    uint16_t v = 0;
    const uint8_t *at = read_bytes(c, sizeof v);
    if (at)
        memcpy(&v, at, sizeof v);
    return le16toh(v);
}

uint32_t cursor_u32(struct cursor *c)
{
    uint32_t v = 0;
    const uint8_t *at = read_bytes(c, sizeof v);
    if (at)
        memcpy(&v, at, sizeof v);
    return le32toh(v);
}

uint64_t cursor_u64(struct cursor *c)
{
    uint64_t v = 0;
    const uint8_t *at = read_bytes(c, sizeof v);
    if (at)
        memcpy(&v, at, sizeof v);
    return le64toh(v);
}

int64_t cursor_i64(struct cursor *c)
{
    return (int64_t)cursor_u64(c);
}

/* Half a number is no number: the two halves fail together. */
int128 cursor_i128(struct cursor *c)
{
    uint64_t low = cursor_u64(c);
    uint64_t high = cursor_u64(c);
    return c->has_failed ? 0 : (int128)((uint128)high << 64 | low);
}

struct slice cursor_slice(struct cursor *c)
{
    return cursor_bytes(c, cursor_u32(c));
}

struct slice cursor_bytes(struct cursor *c, size_t n)
{
    const uint8_t *at = read_bytes(c, n);
    return at ? (struct slice){ at, n } : (struct slice){ 0 };
}

struct slice cursor_rest(struct cursor *c)
{
    return cursor_bytes(c, (size_t)(c->end - c->at));
}
