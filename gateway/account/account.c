/* The room's own parts (read in this order): lane.c who is accounted, emission.c activity × factor × GWP,
 * window.c what a window holds, books.c the windows of a site, spread.c and add.c how an amount gets into
 * them, watermark.c how far time has come, hole.c what is not wholly known,
 * lock.c and adjustment.c what a person has closed, override.c what one has put in the place of readings, close.c what is due, summary.c and revision.c what is said,
 * account_state.c and window_state.c how it survives. This file joins a plan to all of that.
 *
 * Sites, devices, streams, points and factors are known by their text ids and live until the end, so a
 * new plan only draws new tables from its indexes to them; what is in the windows never moves. */
#include <stdlib.h>

#include "account/array.h"
#include "account/books.h"

void account_open(const struct state_in *lookup, struct account **out)
{
    struct account *a = array_one(sizeof *a);
    if (lookup)
        a->lookup = *lookup;
    a->wake_us = TIME_NEVER;
    cast_init(&a->cast);
    *out = a;
}

/* --- a plan --- */

static void free_tables(struct account *a)
{
    for (size_t i = 0; i < a->n_members; i++)
        free(a->members[i].points);
    free(a->members);
    free(a->sites);
    free(a->devices);
    free(a->spots);
    free(a->sources);
    free(a->rates);
    free(a->stand_ins);
}

void account_close(struct account *a)
{
    if (!a)
        return;
    for (size_t i = 0; i < a->n_members; i++)
        rerate_leave_source(a->sources[i]);
    free_tables(a);
    for (uint32_t i = 0; i < a->n_all; i++)
        books_free(a->all[i]);
    free(a->all);
    free(a->ready);
    free(a->pieces);
    pending_fini(&a->pending);
    grids_fini(&a->grids);
    buffer_fini(&a->row);
    cast_fini(&a->cast);
    free(a);
}

static void leave_spot(struct spot *spot)
{
    spot->now = NULL;
    spot->index = -1;
    for (struct spot *f = spot->followers; f; f = f->next_follower) {
        f->now = NULL;
        f->index = -1;
    }
}

/* The old plan lets go of everything it pointed to. */
static void leave_plan(struct account *a)
{
    if (!a->plan)
        return;
    market_leave(a);
    for (size_t i = 0; i < a->plan->n_points; i++)
        if (a->spots[i])
            leave_spot(a->spots[i]);
    for (size_t i = 0; i < a->plan->n_sites; i++) {
        struct books *b = a->sites[i];
        watermark_keep(&b->watermark, a->elapsed_us);
        watermark_configure(&b->watermark, NULL, 0, 0);
        b->is_dirty = true;
        b->site = NULL;
        b->zone = NULL;
    }
    a->former = a->sources;
    a->n_former = a->n_members;
    a->sources = NULL;
    free_tables(a);
}

static void *table(size_t n, size_t size)
{
    void *at = calloc(n ? n : 1, size);
    if (!at)
        abort();
    return at;
}

static void map_sites(struct account *a)
{
    const struct plan *plan = a->plan;
    for (size_t i = 0; i < plan->n_sites; i++) {
        a->sites[i] = books_of(a, slice_of(plan->sites[i].id));
        a->sites[i]->site = &plan->sites[i];
    }
    for (size_t i = 0; i < plan->n_devices; i++) {
        const struct device *device = &plan->devices[i];
        a->devices[i] = books_talker(a->sites[device->site], slice_of(device->id));
        a->devices[i]->clock.idle_us = device->idle_us;
        a->devices[i]->clock.is_counted = false;
    }
    for (size_t i = 0; i < plan->n_streams; i++) {
        const struct stream *stream = &plan->streams[i];
        a->sources[i] = cast_source(&a->cast, a->sites[stream->site], slice_of(stream->id));
    }
}

static void map_clocks(struct account *a, struct books *b)
{
    const struct site *site = b->site;
    free(b->clocks);
    b->clocks = table((size_t)site->n_devices, sizeof(struct device_clock *));
    for (int32_t i = 0; i < site->n_devices; i++)
        b->clocks[i] = &a->devices[site->first_device + i]->clock;
    watermark_configure(&b->watermark, b->clocks, (size_t)site->n_devices, site->max_lag_us);
}

static void join_stream(struct members *m, const struct point *pt)
{
    m->points = array_grow(m->points, m->n, &m->room, sizeof *m->points);
    m->points[m->n++] = pt->index;
    m->n_expected += pt->kind != POINT_EVENT && pt->kind != POINT_STATE;
}

/* Streams that borrow the activity of the point's. */
static void map_followers(struct account *a, const struct point *pt)
{
    const struct site *site = &a->plan->sites[pt->site];
    for (int32_t s = site->first_stream; s < site->first_stream + site->n_streams; s++) {
        if (a->plan->streams[s].leader != pt->stream)
            continue;
        struct spot *spot = cast_follower(&a->cast, a->spots[pt->index], a->sources[s]);
        spot->index = pt->index;
        spot->now = cast_lane(&a->cast, spot, a->sources[s], pt->direction, pt->role, pt->tick_to_micro);
    }
}

static void map_points(struct account *a)
{
    const struct plan *plan = a->plan;
    for (size_t i = 0; i < plan->n_points; i++) {
        const struct point *pt = &plan->points[i];
        if (pt->stream < 0)
            continue;
        struct spot *spot = cast_spot(&a->cast, a->sites[pt->site],
                                      slice_of(plan->devices[pt->device].id), slice_of(pt->id));
        a->spots[i] = spot;
        spot->index = pt->index;
        spot->now = cast_lane(&a->cast, spot, a->sources[pt->stream], pt->direction, pt->role,
                              pt->tick_to_micro);
        if (pt->role != ROLE_FISCAL)
            continue;
        join_stream(&a->members[pt->stream], pt);
        map_followers(a, pt);
    }
}

static void map_rates(struct account *a)
{
    struct buffer key = { 0 };
    for (size_t i = 0; i < a->plan->n_factors; i++) {
        buffer_clear(&key);
        rate_key(RATE_FACTOR, &a->plan->factors[i], (enum gwp_set)a->plan->gwp_set, &key);
        a->rates[i] = cast_rate(&a->cast, buffer_slice(&key));
    }
    buffer_fini(&key);
}

static void lay_tables(struct account *a, const struct plan *plan)
{
    a->plan = plan;
    a->plan_number++;
    a->sites = table(plan->n_sites, sizeof(struct books *));
    a->devices = table(plan->n_devices, sizeof(struct talker *));
    a->spots = table(plan->n_points, sizeof(struct spot *));
    a->sources = table(plan->n_streams, sizeof(struct source *));
    a->rates = table(plan->n_factors, sizeof(struct rate *));
    a->stand_ins = table(plan->n_factors * 2, sizeof(struct rate *));
    a->members = table(plan->n_streams, sizeof *a->members);
    a->n_members = plan->n_streams;
}

/* What is due is sorted by the plan's order of sites, so it is filled anew. */
static void fill_pending(struct account *a)
{
    a->pending.n = 0;
    for (size_t i = 0; i < a->plan->n_sites; i++)
        for (int p = 0; p < PERIOD_COUNT; p++) {
            const struct strip *s = &a->sites[i]->strips[p];
            for (uint32_t k = 0; k < s->n; k++)
                if (window_is_waiting(s->at[k]))
                    pending_add(&a->pending, s->at[k]);
        }
}

void account_configure(struct account *a, const struct plan *plan)
{
    leave_plan(a);
    lay_tables(a, plan);
    map_sites(a);
    map_points(a);
    map_rates(a);
    a->pending.n = a->n_ready = 0;
    for (uint32_t i = 0; i < a->n_all; i++)
        a->all[i]->is_ready = false;
    for (size_t i = 0; i < plan->n_sites; i++) {
        map_clocks(a, a->sites[i]);
        books_want(a->sites[i]);
    }
    rerate_plan(a);
    market_configure(a);
    if (a->is_plan_awaited)
        account_hole(a);
    fill_pending(a);
    books_refresh_all(a);
}

/* --- time --- */

void account_clock(struct account *a, int64_t elapsed_us, int64_t wall_us, bool is_synchronised)
{
    if (elapsed_us > a->elapsed_us)
        a->elapsed_us = elapsed_us;
    a->wall_us = wall_us;
    a->is_synchronised = is_synchronised;
    a->market_left = MARKET_WINDOWS_AT_ONCE;
    if (a->elapsed_us >= a->wake_us)
        books_refresh_all(a);
}

void account_frame(struct account *a, uint64_t sequence)
{
    a->frame = sequence;
}

void account_seen(struct account *a, int32_t device, int64_t time_us, bool is_checked)
{
    struct talker *talker = a->devices[device];
    struct books *b = talker->books;
    bool is_news = time_us > talker->clock.newest_us;
    hole_settle(b);
    if (watermark_seen(&b->watermark, &talker->clock, time_us, a->elapsed_us, is_checked) && is_news)
        hole_heard(b, &talker->clock, time_us);
    b->is_dirty = true;
    if (time_us > b->frontier_us)
        b->frontier_us = time_us;
    if (b->begins_us == TIME_NEVER)
        books_begin(b, time_us);

    if (b->is_hole_open) {
        books_refresh(b);
        return;
    }
    int64_t wake_us = watermark_reaches(&b->watermark, b->closes_us, a->elapsed_us);
    if (b->closes_us != TIME_NEVER && wake_us <= a->elapsed_us)
        books_refresh(b);
    else if (b->closes_us != TIME_NEVER && wake_us < a->wake_us)
        a->wake_us = wake_us;
}

void account_because(struct account *a, enum reason reason, uint64_t order)
{
    a->because = reason;
    a->order = order;
}

/* --- rest and views --- */

void account_committed(struct account *a)
{
    forget_committed(a);
    for (uint32_t i = 0; i < a->n_all; i++)
        books_forget(a->all[i]);
}

void account_figures(const struct account *a, struct account_figures *out)
{
    *out = (struct account_figures){ .revisions_pending = a->pending.n };
    for (uint32_t i = 0; i < a->n_all; i++) {
        const struct books *b = a->all[i];
        out->windows_skipped += b->skipped;
        out->windows_uncovered += b->uncovered;
        out->sites_restated += b->n_restatings > 0;
        for (int p = 0; p < PERIOD_COUNT; p++) {
            const struct strip *s = &b->strips[p];
            out->windows_in_memory += s->n;
            for (uint32_t k = 0; k < s->n; k++)
                out->windows_open += !window_is_closed(s->at[k]);
        }
    }
}

static const struct books *books_at(const struct account *a, int32_t site)
{
    bool is_there = a && a->plan && site >= 0 && (size_t)site < a->plan->n_sites;
    return is_there ? a->sites[site] : NULL;
}

int64_t account_watermark(const struct account *a, int32_t site)
{
    const struct books *b = books_at(a, site);
    return b ? watermark_at(&b->watermark, a->elapsed_us) : TIME_UNKNOWN;
}

int64_t account_frontier(const struct account *a, int32_t site)
{
    const struct books *b = books_at(a, site);
    return b ? b->frontier_us : TIME_UNKNOWN;
}

/* The least of its strips that go on: what no window needs any more. */
int64_t account_forgotten(const struct account *a, int32_t site)
{
    const struct books *b = books_at(a, site);
    int64_t least_us = INT64_MAX;
    for (int p = 0; b && p < PERIOD_COUNT; p++)
        if (b->strips[p].is_wanted && b->strips[p].forgotten_us < least_us)
            least_us = b->strips[p].forgotten_us;
    return least_us == INT64_MAX ? TIME_UNKNOWN : least_us;
}

uint32_t account_silent_devices(const struct account *a, int32_t site)
{
    const struct books *b = books_at(a, site);
    return b ? watermark_silent(&b->watermark, a->elapsed_us) : 0;
}
