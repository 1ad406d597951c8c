/* Topic rules. A pattern is an MQTT topic filter in which {site} and {device} mark where the names
 * stand. Both are optional: a payload may carry the names, and where both tell they must agree, which
 * is for decoding to judge. */
#include <string.h>

#include "model/plan_parts.h"

static const struct topic_rule preset_rules[] = {
    { .pattern = "carbon/v1/{site}/{device}/reading", .decoder = "reading" },
    { .pattern = "carbon/v1/{site}/{device}/batch", .decoder = "batch" },
};

/* Into the list itself, so that they stand in the canonical form: a later version with other presets
 * still replays what was valid then. */
void plan_preset_topics(struct plan *p)
{
    if (p->topics.n > 0)
        return;
    struct topic_rule *rules = arena_take(&p->arena, sizeof preset_rules);
    memcpy(rules, preset_rules, sizeof preset_rules);
    p->topics = (struct option_list){ .at = rules, .n = 2 };
}

static bool level_is(const char *level, size_t size, const char *text)
{
    return size == strlen(text) && memcmp(level, text, size) == 0;
}

/* What is wrong with one level of a pattern; NULL: nothing. */
static const char *level_mistake(const char *level, size_t size, bool is_last)
{
    if (level_is(level, size, "{site}") || level_is(level, size, "{device}") ||
        level_is(level, size, "{region}") || level_is(level, size, "+"))
        return NULL;
    if (level_is(level, size, "#"))
        return is_last ? NULL : "# may only be the last level";
    if (memchr(level, '+', size) || memchr(level, '#', size))
        return "a wildcard must be a level of its own";
    if (memchr(level, '{', size) || memchr(level, '}', size))
        return "a level is a text, +, {site}, {device} or {region}";
    return NULL;
}

static bool stands_twice(const char *pattern, const char *placeholder)
{
    const char *first = strstr(pattern, placeholder);
    return first && strstr(first + 1, placeholder);
}

static const char *pattern_mistake(const char *pattern)
{
    if (!slice_is_clean_text(slice_of(pattern)))
        return "a topic has no control characters";
    if (strncmp(pattern, "$share/", 7) == 0)
        return "a shared subscription would take readings out of their order";
    if (stands_twice(pattern, "{site}") || stands_twice(pattern, "{device}") ||
        stands_twice(pattern, "{region}"))
        return "{site}, {device} and {region} may stand once each";

    const char *mistake = NULL;
    for (const char *level = pattern; level && !mistake;) {
        size_t size = strcspn(level, "/");
        bool is_last = level[size] == '\0';
        mistake = level_mistake(level, size, is_last);
        level = is_last ? NULL : level + size + 1;
    }
    return mistake;
}

static const struct topic_rule *same_before(const struct topic_rule *rules, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (!text_is_empty(rules[k].pattern) && strcmp(rules[k].pattern, rules[i].pattern) == 0)
            return &rules[k];
    return NULL;
}

void plan_check_topics(struct plan *p, struct problems *problems)
{
    const struct topic_rule *rules = p->topics.at;
    for (size_t i = 0; i < p->topics.n; i++) {
        const struct topic_rule *r = &rules[i];
        if (text_is_empty(r->pattern))
            continue;
        const char *mistake = pattern_mistake(r->pattern);
        if (mistake)
            problem_add(problems, r->place, "topic \"%s\": %s", r->pattern, mistake);
        const struct topic_rule *same = same_before(rules, i);
        if (same)
            problem_add(problems, r->place, "topic \"%s\" stands twice, first on line %u",
                        r->pattern, same->place.line);
    }
}
