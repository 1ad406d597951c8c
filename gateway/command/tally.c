/* A flag for each number, since a broker may send a message of QoS 1 twice and the last one is sent until it
 * comes. The number stands in the payload as text, and in the token plus one. */
#include "command/tally.h"

#include <stdio.h>
#include <string.h>

void tally_init(struct tally *t)
{
    *t = (struct tally){ .acknowledged = 0 };
    pthread_mutex_init(&t->lock, NULL);
}

void tally_fini(struct tally *t)
{
    pthread_mutex_destroy(&t->lock);
}

struct slice tally_payload(unsigned number, char text[32])
{
    int size = snprintf(text, 32, "carbon-probe %u", number);
    return (struct slice){ (const uint8_t *)text, (size_t)size };
}

uint64_t tally_token(unsigned number)
{
    return number + 1;
}

bool tally_came(struct tally *t, struct slice payload)
{
    char text[32] = "";
    unsigned number;

    if (payload.size >= sizeof text)
        return false;
    memcpy(text, payload.at, payload.size);
    if (sscanf(text, "carbon-probe %u", &number) != 1 || number > TALLY_LAST)
        return false;
    bool is_counted = number != TALLY_CONTROL && number != TALLY_LAST;
    pthread_mutex_lock(&t->lock);
    t->came += !t->seen[number] && is_counted;
    t->seen[number] = true;
    pthread_mutex_unlock(&t->lock);
    return !is_counted;
}

void tally_acknowledged(struct tally *t, uint64_t token)
{
    pthread_mutex_lock(&t->lock);
    t->acknowledged += token > tally_token(TALLY_CONTROL) && token < tally_token(TALLY_LAST);
    pthread_mutex_unlock(&t->lock);
}

struct tally_count tally_look(struct tally *t)
{
    pthread_mutex_lock(&t->lock);
    struct tally_count count = { t->acknowledged, t->came, t->seen[TALLY_CONTROL], t->seen[TALLY_LAST] };
    pthread_mutex_unlock(&t->lock);
    return count;
}
