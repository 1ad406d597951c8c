/* A slice: bytes that somebody else owns. Valid until the next call on the object it came from. */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slice {
    const uint8_t *at;
    size_t size;
};

/* The bytes of a C string without its NUL. NULL gives the empty slice. */
struct slice slice_of(const char *text);

bool slice_equal(struct slice a, struct slice b);

/* Byte order, the shorter first: negative, 0, positive. */
int slice_compare(struct slice a, struct slice b);

/* Whether the bytes are well-formed UTF-8 without control characters or U+FFFE/FFFF. */
bool slice_is_clean_text(struct slice s);

#endif
