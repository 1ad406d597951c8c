/* Comparing and vetting bytes. The text check decides what may become part of a topic, a name or a log
 * line; it is as strict as MQTT's rules for UTF-8 strings, and stricter in that it refuses all control
 * characters, which MQTT merely discourages. */
#include "base/slice.h"

#include <string.h>

struct slice slice_of(const char *text)
{
    return (struct slice){ (const uint8_t *)text, text ? strlen(text) : 0 };
}

bool slice_equal(struct slice a, struct slice b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.at, b.at, a.size) == 0);
}

int slice_compare(struct slice a, struct slice b)
{
    size_t both = a.size < b.size ? a.size : b.size;
    int order = both > 0 ? memcmp(a.at, b.at, both) : 0;
    if (order != 0)
        return order;
    return (a.size > b.size) - (a.size < b.size);
}

/* How many bytes follow the first byte of a character, and the least code point that needs so many:
 * a smaller one is an overlong form. */
static int tail_of(uint8_t first, uint32_t *code, uint32_t *least)
{
    if ((first & 0xe0) == 0xc0) {
        *code = first & 0x1f;
        *least = 0x80;
        return 1;
    }
    if ((first & 0xf0) == 0xe0) {
        *code = first & 0x0f;
        *least = 0x800;
        return 2;
    }
    if ((first & 0xf8) == 0xf0) {
        *code = first & 0x07;
        *least = 0x10000;
        return 3;
    }
    return -1;
}

static bool is_clean_code(uint32_t code)
{
    bool is_control = code <= 0x9f; /* of those above ASCII: U+0080 to U+009F */
    bool is_surrogate = code >= 0xd800 && code <= 0xdfff;
    bool is_no_character = code == 0xfffe || code == 0xffff;
    return !is_control && !is_surrogate && !is_no_character && code <= 0x10ffff;
}

/* The length of the clean character of more than one byte at `at`; 0 if it is none. */
static size_t clean_length(const uint8_t *at, const uint8_t *end)
{
    uint32_t code, least;
    int tail = tail_of(*at, &code, &least);
    if (tail < 0 || end - at <= tail)
        return 0;
    for (int i = 1; i <= tail; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (at[i] & 0x3f);
    }
    return code >= least && is_clean_code(code) ? (size_t)tail + 1 : 0;
}

bool slice_is_clean_text(struct slice s)
{
    const uint8_t *at = s.at, *end = s.size > 0 ? s.at + s.size : s.at;
    while (at < end) {
        if (*at < 0x80) {
            if (*at < 0x20 || *at == 0x7f)
                return false;
            at++;
            continue;
        }
        size_t length = clean_length(at, end);
        if (length == 0)
            return false;
        at += length;
    }
    return true;
}
