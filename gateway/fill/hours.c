/* A row of hours without holes, the oldest of which fall off behind three years. What an hour holds is a sum
 * with signs, so that it does not depend on the order in which amounts came and went.
 *
 * An hour is valid when good amounts cover 80 % of its operating time, after the rule of Regulation (EU)
 * 2018/2066, Art. 44(2), for single measurements. Its value is scaled to a whole hour of operation. */
#include "fill/hours.h"

#include <stdlib.h>
#include <string.h>

#include "base/number.h"

#define VALID (1u << COVER_VALID)
#define IDLE (1u << COVER_IDLE)

static void hour_fini(struct hour *hour)
{
    cover_fini(&hour->cover);
    free(hour->given);
}

void hours_fini(struct hours *h)
{
    for (size_t i = 0; i < h->n; i++)
        hour_fini(&h->at[i]);
    free(h->at);
    *h = (struct hours){ 0 };
}

struct hour *hours_find(const struct hours *h, int64_t number)
{
    bool is_held = number >= h->first && number - h->first < (int64_t)h->n;
    return is_held ? &h->at[number - h->first] : NULL;
}

static void make_room(struct hours *h, size_t n)
{
    if (n <= h->room)
        return;
    h->room = n + n / 2 + 24;
    h->at = reallocarray(h->at, h->room, sizeof *h->at);
    if (!h->at)
        abort();
}

static void drop_oldest(struct hours *h, size_t n)
{
    for (size_t i = 0; i < n; i++)
        hour_fini(&h->at[i]);
    h->n -= n;
    h->first += (int64_t)n;
    memmove(h->at, h->at + n, h->n * sizeof *h->at);
}

static void grow_ahead(struct hours *h, int64_t number)
{
    if (number - h->first >= 2 * HOURS_MOST) { /* a leap: nothing of the old is within three years */
        drop_oldest(h, h->n);
        h->first = number;
    }
    size_t n = (size_t)(number - h->first) + 1;
    make_room(h, n);
    memset(h->at + h->n, 0, (n - h->n) * sizeof *h->at);
    h->n = n;
    if (h->n > HOURS_MOST)
        drop_oldest(h, h->n - HOURS_MOST);
}

static void grow_back(struct hours *h, int64_t number)
{
    size_t more = (size_t)(h->first - number);
    make_room(h, h->n + more);
    memmove(h->at + more, h->at, h->n * sizeof *h->at);
    memset(h->at, 0, more * sizeof *h->at);
    h->n += more;
    h->first = number;
}

struct hour *hours_make(struct hours *h, int64_t number)
{
    if (h->n == 0)
        h->first = number;
    if (number < h->first && h->first - number + (int64_t)h->n <= HOURS_MOST)
        grow_back(h, number);
    else if (number >= h->first + (int64_t)h->n)
        grow_ahead(h, number);
    return hours_find(h, number);
}

static void add_share(struct hour *hour, const struct amount *a, int64_t start_us, int64_t end_us)
{
    enum cover_kind kind = cover_kind_of(a);
    if (kind == COVER_KINDS)
        return;
    cover_add(&hour->cover, kind, start_us, end_us, a->sign);
    if (a->is_valid)
        hour->valid_ticks += a->sign * (int128)(amount_up_to(a, end_us) - amount_up_to(a, start_us));
    hour->is_dirty = true;
}

int64_t hours_add(struct hours *h, const struct amount *a)
{
    int64_t least = INT64_MAX;
    if (a->is_unverified || a->part == PART_SUBSTITUTED)
        return least;
    int64_t last = hour_of(a->end_us - 1), first = hour_of(a->start_us);
    if (last - first >= HOURS_MOST)
        first = last - HOURS_MOST + 1;
    for (int64_t number = last; number >= first; number--) {
        struct hour *hour = a->sign < 0 ? hours_find(h, number) : hours_make(h, number);
        if (!hour)
            continue;
        int64_t start_us = number * HOUR_US, end_us = start_us + HOUR_US;
        add_share(hour, a, a->start_us > start_us ? a->start_us : start_us,
                  a->end_us < end_us ? a->end_us : end_us);
        least = number;
    }
    return least;
}

static int64_t valid_us(const struct hour *hour, int64_t number)
{
    return cover_measure(&hour->cover, number * HOUR_US, (number + 1) * HOUR_US, VALID, IDLE);
}

/* A cover that was lost says nothing, so the hour is neither history nor filled. */
enum hour_state hour_state(const struct hour *hour, int64_t number)
{
    int64_t idle_us =
        cover_measure(&hour->cover, number * HOUR_US, (number + 1) * HOUR_US, IDLE, 0);
    if (hour->cover.is_lost || idle_us >= HOUR_US)
        return HOUR_IDLE;
    return valid_us(hour, number) * 5 >= (HOUR_US - idle_us) * 4 ? HOUR_VALID : HOUR_GAP;
}

int64_t hour_value(const struct hour *hour, int64_t number)
{
    int128 value = 0;
    int64_t measured_us = valid_us(hour, number);
    if (measured_us == 0 || number_scale(hour->valid_ticks, HOUR_US, measured_us, &value) != 0)
        return 0;
    return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}
