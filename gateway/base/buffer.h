/* A buffer grows as things are put into it; a cursor reads them back. Integers are little-endian and
 * of fixed width, slices carry their length (u32) in front. For snapshots, entries and payloads. */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/number.h"
#include "base/slice.h"

struct buffer {
    uint8_t *at;
    size_t size, room;
};

/* A zeroed struct is an empty buffer. */
void buffer_fini(struct buffer *b);
void buffer_clear(struct buffer *b);              /* keeps the memory */
struct slice buffer_slice(const struct buffer *b);

/* Room for n more bytes; returns where they begin. The caller fills them. Aborts without memory. */
uint8_t *buffer_extend(struct buffer *b, size_t n);

void buffer_put(struct buffer *b, const void *bytes, size_t n);
void buffer_put_u8(struct buffer *b, uint8_t v);
void buffer_put_u16(struct buffer *b, uint16_t v);
void buffer_put_u32(struct buffer *b, uint32_t v);
void buffer_put_u64(struct buffer *b, uint64_t v);
void buffer_put_i64(struct buffer *b, int64_t v);
void buffer_put_i128(struct buffer *b, int128 v);
void buffer_put_slice(struct buffer *b, struct slice s);
void buffer_put_text(struct buffer *b, const char *text);
void buffer_print(struct buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A cursor never reads beyond its slice: past the end it gives zeros and remembers that it failed. */
struct cursor {
    const uint8_t *at, *end;
    bool has_failed;
};

struct cursor cursor_of(struct slice s);
uint8_t cursor_u8(struct cursor *c);
uint16_t cursor_u16(struct cursor *c);
uint32_t cursor_u32(struct cursor *c);
uint64_t cursor_u64(struct cursor *c);
int64_t cursor_i64(struct cursor *c);
int128 cursor_i128(struct cursor *c);
struct slice cursor_slice(struct cursor *c);      /* length-prefixed; borrows from the input */
struct slice cursor_bytes(struct cursor *c, size_t n);
struct slice cursor_rest(struct cursor *c);       /* everything left */

#endif
