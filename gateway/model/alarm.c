/* A short list, walked from its beginning: a plant in good order has none, and one in bad order has as
 * many as somebody can read. Each alarm is one allocation that holds the key's names and the text
 * behind each other; a new text makes it anew and leaves its place and its beginning alone. */
#include "model/alarm.h"

#include <stdlib.h>
#include <string.h>

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

static struct alarm_key filled(struct alarm_key key)
{
    return (struct alarm_key){ or_empty(key.id), or_empty(key.site), or_empty(key.device),
                               or_empty(key.point) };
}

static bool is_same(const struct alarm_key *a, const struct alarm_key *b)
{
    return strcmp(a->id, b->id) == 0 && strcmp(a->site, b->site) == 0 &&
           strcmp(a->device, b->device) == 0 && strcmp(a->point, b->point) == 0;
}

static const char *put_text(char **at, const char *text)
{
    size_t n = strlen(text) + 1;
    char *copy = memcpy(*at, text, n);
    *at += n;
    return copy;
}

/* The id stands first, and so its address is the allocation's. key may point into the former one. */
static struct alarm make(struct alarm_key key, int64_t since_us, const char *text)
{
    const char *texts[] = { key.id, key.site, key.device, key.point, text };
    size_t size = 0;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        size += strlen(texts[i]) + 1;
    char *at = malloc(size);
    if (!at)
        abort();
    struct alarm alarm = { .since_us = since_us };
    alarm.key.id = put_text(&at, key.id);    /* in an initializer the order would be the compiler's */
    alarm.key.site = put_text(&at, key.site);
    alarm.key.device = put_text(&at, key.device);
    alarm.key.point = put_text(&at, key.point);
    alarm.text = put_text(&at, text);
    return alarm;
}

static void unmake(struct alarm *alarm)
{
    free((char *)alarm->key.id);
}

void alarms_fini(struct alarms *a)
{
    for (size_t i = 0; i < a->n; i++)
        unmake(&a->at[i]);
    free(a->at);
    *a = (struct alarms){ 0 };
}

static struct alarm *find(const struct alarms *a, struct alarm_key key)
{
    key = filled(key);
    for (size_t i = 0; i < a->n; i++)
        if (is_same(&a->at[i].key, &key))
            return &a->at[i];
    return NULL;
}

static void make_room(struct alarms *a)
{
    if (a->n < a->room)
        return;
    size_t room = a->room ? 2 * a->room : 8;
    struct alarm *at = reallocarray(a->at, room, sizeof *at);
    if (!at)
        abort();
    a->at = at;
    a->room = room;
}

bool alarms_raise(struct alarms *a, struct alarm_key key, int64_t now_us, const char *text)
{
    struct alarm *held = find(a, key);
    if (held) {
        struct alarm renewed = make(held->key, held->since_us, or_empty(text));
        unmake(held);
        *held = renewed;
        return false;
    }
    if (a->n == ALARMS_HELD_MOST)
        return false;
    make_room(a);
    a->at[a->n++] = make(filled(key), now_us, or_empty(text));
    return true;
}

bool alarms_clear(struct alarms *a, struct alarm_key key)
{
    struct alarm *held = find(a, key);
    if (!held)
        return false;
    unmake(held);
    size_t behind = a->n - (size_t)(held - a->at) - 1;
    memmove(held, held + 1, behind * sizeof *held);
    a->n--;
    return true;
}
