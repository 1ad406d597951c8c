/* A reading may be late by the lateness bound against the newest time of its own point, not against its
 * site's or the clock. So a window can still change as long as one device's newest time lies less than
 * that behind the window's end; and the delta of a register that was silent for long is spread over all
 * windows since. A device that went away for good therefore keeps the windows since its last reading: the
 * price of not losing them when it comes back.
 *
 * Re-rating reaches any window that is kept: while it goes on for a site, all of its windows are needed. So that
 * a base of then stands behind it, one is written when it begins (account_reached_back).
 *
 * The times stand in the rows "D site device" of STAGE_ACCOUNT (account_state.c), the end of a window
 * in its row (window_state.c). In a snapshot the former come first. */
#include "account/horizon.h"

#include <stdlib.h>
#include <string.h>

#include "account/array.h"
#include "base/buffer.h"

#define DEVICE_ROW 3u            /* versions up to these are read here; a newer row is needed */
#define WINDOW_ROW 4u

struct seen_site {
    uint8_t *id;
    size_t size;
    int64_t oldest_us;           /* the least of its devices' newest times */
    bool is_restated;            /* its windows are being re-rated: any of them may change */
};

struct horizon {
    int64_t lateness_us;
    struct seen_site *sites;
    uint32_t n, room;
};

struct horizon *horizon_new(int64_t lateness_us)
{
    struct horizon *h = calloc(1, sizeof *h);
    if (!h)
        abort();
    h->lateness_us = lateness_us;
    return h;
}

void horizon_free(struct horizon *h)
{
    if (!h)
        return;
    for (uint32_t i = 0; i < h->n; i++)
        free(h->sites[i].id);
    free(h->sites);
    free(h);
}

/* The id of the site behind a key's first letter. */
static struct slice site_of(struct slice key)
{
    const uint8_t *end = key.size > 1 ? memchr(key.at + 1, 0, key.size - 1) : NULL;
    return end ? (struct slice){ key.at + 1, (size_t)(end - key.at) - 1 } : (struct slice){ 0 };
}

static struct seen_site *find(const struct horizon *h, struct slice id)
{
    for (uint32_t i = 0; i < h->n; i++)
        if (slice_equal((struct slice){ h->sites[i].id, h->sites[i].size }, id))
            return &h->sites[i];
    return NULL;
}

static struct seen_site *add(struct horizon *h, struct slice id)
{
    h->sites = array_grow(h->sites, h->n, &h->room, sizeof *h->sites);
    struct seen_site *s = &h->sites[h->n++];
    *s = (struct seen_site){ .id = malloc(id.size + 1), .size = id.size, .oldest_us = INT64_MAX };
    if (!s->id)
        abort();
    memcpy(s->id, id.at, id.size);
    return s;
}

/* A device that was never heard has no say: nothing of it is in any window. */
static void see_device(struct horizon *h, struct slice key, struct slice value)
{
    struct cursor c = cursor_of(value);
    struct slice site = site_of(key);
    uint8_t version = cursor_u8(&c);
    int64_t newest_us = cursor_i64(&c);
    if (site.size == 0 || version > DEVICE_ROW || c.has_failed || newest_us == INT64_MIN)
        return;
    struct seen_site *s = find(h, site);
    if (!s)
        s = add(h, site);
    if (newest_us < s->oldest_us)
        s->oldest_us = newest_us;
}

/* Its row is there only as long as there is something to do. */
static void see_restating(struct horizon *h, struct slice key)
{
    struct slice site = site_of(key);
    struct seen_site *s = find(h, site);
    if (!s)
        s = add(h, site);
    s->is_restated = true;
}

static bool needs_window(const struct horizon *h, struct slice key, struct slice value)
{
    struct cursor c = cursor_of(value);
    const struct seen_site *s = find(h, site_of(key));
    uint8_t version = cursor_u8(&c);
    cursor_u8(&c);
    int64_t end_us = cursor_i64(&c);
    return !s || s->is_restated || version > WINDOW_ROW || c.has_failed || end_us > s->oldest_us - h->lateness_us;
}

bool horizon_needs(struct horizon *h, enum stage stage, struct slice key, struct slice value)
{
    if (stage == STAGE_ACCOUNT && key.size > 0 && key.at[0] == 'D')
        see_device(h, key, value);
    if (stage == STAGE_ACCOUNT && key.size > 0 && key.at[0] == 'R')
        see_restating(h, key);
    return stage != STAGE_WINDOW || needs_window(h, key, value);
}
