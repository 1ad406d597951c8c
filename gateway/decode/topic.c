/* A pattern is walked level by level beside the topic. Nothing is prepared: a topic is matched when it
 * is seen first, and after that found in the cache of route.c. */
#include "decode/topic.h"

#include <string.h>

/* A walk over the levels of a topic or pattern. */
struct walk {
    const uint8_t *begin, *at, *end;
    bool is_over;                /* the last level was taken */
};

static struct walk walk_of(struct slice s)
{
    return (struct walk){ .begin = s.at, .at = s.at, .end = s.at + s.size };
}

static struct slice next_level(struct walk *w)
{
    size_t left = (size_t)(w->end - w->at);
    const uint8_t *slash = left > 0 ? memchr(w->at, '/', left) : NULL;
    const uint8_t *end = slash ? slash : w->end;
    struct slice level = { w->at, (size_t)(end - w->at) };
    w->is_over = !slash;
    w->at = slash ? slash + 1 : w->end;
    return level;
}

static bool level_is(struct slice level, const char *text)
{
    return slice_equal(level, slice_of(text));
}

static bool is_wildcard(struct slice level)
{
    return level_is(level, "+") || level_is(level, "#") || level_is(level, "{site}") ||
           level_is(level, "{device}") || level_is(level, "{region}");
}

/* Whether one level of the topic fits one of the pattern. */
static bool level_match(struct slice pattern, struct slice level, size_t at, struct topic_names *names)
{
    struct topic_span span = { (uint16_t)at, (uint16_t)level.size };
    if (level_is(pattern, "+"))
        return true;
    if (level_is(pattern, "{site}"))
        names->site = span;
    else if (level_is(pattern, "{device}"))
        names->device = span;
    else if (level_is(pattern, "{region}"))
        names->region = span;
    else
        return slice_equal(pattern, level);
    return level.size > 0;
}

bool topic_match(const char *pattern, struct slice topic, struct topic_names *out)
{
    if (topic.size == 0 || topic.size > UINT16_MAX)
        return false;

    struct walk p = walk_of(slice_of(pattern)), t = walk_of(topic);
    struct topic_names names = { 0 };
    bool is_reserved = topic.at[0] == '$';
    while (!p.is_over) {
        struct slice wanted = next_level(&p);
        if (is_reserved && wanted.at == p.begin && is_wildcard(wanted))
            return false;
        if (level_is(wanted, "#")) {
            *out = names;
            return true;
        }
        if (t.is_over)
            return false;
        size_t at = (size_t)(t.at - t.begin);
        if (!level_match(wanted, next_level(&t), at, &names))
            return false;
    }
    if (!t.is_over)
        return false;
    *out = names;
    return true;
}

struct slice topic_name(struct slice topic, struct topic_span span)
{
    if (span.size == 0)
        return (struct slice){ NULL, 0 };
    return (struct slice){ topic.at + span.at, span.size };
}
