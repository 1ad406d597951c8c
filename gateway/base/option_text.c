/* Text as YAML wants it: in double quotes, on one line, so that it can stand anywhere.
 *
 * Everything that YAML would fold, strip, refuse or take for a mark is escaped; all other
 * characters stand for themselves, so that names in any language stay readable. */
#include <ctype.h>
#include <string.h>

#include "base/option_private.h"

void text_put(struct buffer *out, const char *text)
{
    buffer_put(out, text, strlen(text));
}

/* Takes one character off the front. A byte that is no UTF-8 counts as U+FFFD: YAML cannot hold
 * it. */
static uint32_t character_next(struct slice *rest)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    uint8_t c = rest->at[0];
    size_t n = c < 0x80 ? 1 : c < 0xc0 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf8 ? 4 : 0;
    uint32_t v = n == 1 ? c : c & (0x7fu >> n);
    bool is_whole = n > 0 && n <= rest->size;
    for (size_t i = 1; is_whole && i < n; i++) {
        is_whole = (rest->at[i] & 0xc0) == 0x80;
        v = v << 6 | (rest->at[i] & 0x3f);
    }
    if (!is_whole || v < least[n] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff)) {
        n = 1;
        v = 0xfffd;
    }
    rest->at += n;
    rest->size -= n;
    return v;
}

/* Controls, line ends in the eyes of Unicode, and what YAML takes for a mark or no character. */
static bool needs_escape(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c <= 0xa0) || c == 0x2028 || c == 0x2029 || c == 0xfeff ||
           c == 0xfffd || c == 0xfffe || c == 0xffff;
}

static void character_put(struct buffer *out, uint32_t c, struct slice as_is)
{
    if (c == '"' || c == '\\')
        buffer_print(out, "\\%c", (int)c);
    else if (c == '\n')
        text_put(out, "\\n");
    else if (c == '\t')
        text_put(out, "\\t");
    else if (!needs_escape(c))
        buffer_put(out, as_is.at, as_is.size);
    else if (c <= 0xff)
        buffer_print(out, "\\x%02X", (unsigned)c);
    else
        buffer_print(out, "\\u%04X", (unsigned)c);
}

void text_quote(struct buffer *out, struct slice text, size_t most_characters)
{
    text_put(out, "\"");
    for (size_t n = 0; text.size > 0; n++) {
        if (n == most_characters) {
            text_put(out, "…");
            break;
        }
        const uint8_t *at = text.at;
        uint32_t c = character_next(&text);
        character_put(out, c, (struct slice){ at, (size_t)(text.at - at) });
    }
    text_put(out, "\"");
}

static bool is_letter(uint8_t c)
{
    return c < 0x80 && isalnum(c);
}

/* Far narrower than YAML's own rule, which depends on what stands around the scalar. */
static bool may_be_plain(struct slice text)
{
    static const char inner[] = "._/+-:@";
    size_t first = text.size > 1 && (text.at[0] == '-' || text.at[0] == '+');
    if (text.size == 0 || !is_letter(text.at[first]) || text.at[text.size - 1] == ':')
        return false;
    for (size_t i = first; i < text.size; i++) {
        if (!is_letter(text.at[i]) && memchr(inner, text.at[i], sizeof inner - 1) == NULL)
            return false;
    }
    return true;
}

void scalar_put(struct buffer *out, struct slice text, bool is_plain)
{
    if (is_plain && may_be_plain(text))
        buffer_put(out, text.at, text.size);
    else
        text_quote(out, text, SIZE_MAX);
}
