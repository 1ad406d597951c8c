/* Gathering is kept to what may bear on one window of one site: readings stamped inside it, the last one before it,
 * the first one behind it, and amounts that touch it. A taking back removes the amount that it is the exact inverse
 * of, so what is left in the end is what the window was made of. Points are known by their names, because a plan may
 * change on the way and indexes are of one plan only. */
#include "command/trail.h"

#include <stdlib.h>
#include <string.h>

#include "model/amount.h"

void trail_init(struct trail *t, const char *site, int64_t start_us, int64_t end_us)
{
    *t = (struct trail){ .start_us = start_us, .end_us = end_us };
    arena_init(&t->arena, 0);
    t->site = arena_text(&t->arena, slice_of(site));
}

void trail_fini(struct trail *t)
{
    for (size_t i = 0; i < t->n_points; i++) {
        free(t->points[i]->readings);
        free(t->points[i]->amounts);
    }
    free(t->points);
    free(t->by_index);
    arena_fini(&t->arena);
}

static void *grown(void *at, size_t n, size_t *room, size_t size)
{
    if (n < *room)
        return at;
    *room = *room ? 2 * *room : 16;
    at = reallocarray(at, *room, size);
    if (!at)
        abort();
    return at;
}

/* --- points --- */

static const char *keep(struct trail *t, const char *text)
{
    const char *kept = arena_text(&t->arena, slice_of(text));
    if (!kept)
        abort();
    return kept;
}

static struct trail_point *point_of(struct trail *t, const char *device, const char *point)
{
    for (size_t i = 0; i < t->n_points; i++)
        if (strcmp(t->points[i]->device, device) == 0 && strcmp(t->points[i]->point, point) == 0)
            return t->points[i];
    struct trail_point *p = arena_take_zeroed(&t->arena, 1, sizeof *p);
    if (!p)
        abort();
    p->device = keep(t, device);
    p->point = keep(t, point);
    t->points = grown(t->points, t->n_points, &t->points_room, sizeof *t->points);
    t->points[t->n_points++] = p;
    return p;
}

static struct trail_point *describe(struct trail *t, const struct plan *plan, const struct point *pt)
{
    static const char *const kinds[] = { "register", "interval", "state", "gauge", "event", "derived" };
    struct trail_point *p = point_of(t, plan->devices[pt->device].id, pt->id);
    p->stream = pt->stream >= 0 ? keep(t, plan->streams[pt->stream].id) : "";
    p->kind = pt->kind >= 0 && (size_t)pt->kind < sizeof kinds / sizeof *kinds ? kinds[pt->kind] : "";
    p->unit = pt->unit ? pt->unit->name : "";
    p->resolution = pt->resolution;
    p->tick_to_micro = pt->tick_to_micro;
    p->dimension = pt->stream >= 0 ? plan->streams[pt->stream].dimension : DIMENSION_NONE;
    return p;
}

/* Draws the table of the plan in force anew when it is another one. */
static struct trail_point *find(struct trail *t, const struct plan *plan, int32_t point)
{
    if (point < 0)
        return NULL;
    if (!t->by_index || strcmp(t->plan_hash, plan->hash) != 0) {
        free(t->by_index);
        t->by_index = calloc(plan->n_points + 1, sizeof(struct trail_point *));
        if (!t->by_index)
            abort();
        memcpy(t->plan_hash, plan->hash, sizeof t->plan_hash);
        for (size_t i = 0; i < plan->n_points; i++)
            if (strcmp(plan->sites[plan->points[i].site].id, t->site) == 0)
                t->by_index[i] = describe(t, plan, &plan->points[i]);
    }
    return t->by_index[point];
}

/* --- readings --- */

static void add_reading(struct trail_point *p, const struct trail_reading *r)
{
    p->readings = grown(p->readings, p->n_readings, &p->readings_room, sizeof *p->readings);
    p->readings[p->n_readings++] = *r;
}

static void on_reading(void *self, const struct plan *plan, const struct frame *f, const struct reading *r,
                       enum verdict v)
{
    struct trail *t = self;
    t->frame = f->sequence;
    struct trail_point *p = t->is_closed ? NULL : find(t, plan, r->point);
    if (!p)
        return;
    struct trail_reading mine = { f->sequence, r->time_us, r->ticks, r->boot, r->sequence, r->quality, v };
    if (r->time_us >= t->start_us && r->time_us < t->end_us)
        add_reading(p, &mine);
    else if (r->time_us < t->start_us && v == VERDICT_COUNTED &&
             (p->before.frame == 0 || r->time_us > p->before.time_us))
        p->before = mine;
    else if (r->time_us >= t->end_us && v == VERDICT_COUNTED &&
             (p->behind.frame == 0 || r->time_us < p->behind.time_us))
        p->behind = mine;
}

/* --- amounts --- */

static bool is_inverse(const struct amount *given, const struct amount *back)
{
    return given->start_us == back->start_us && given->end_us == back->end_us && given->ticks == back->ticks &&
           given->part == back->part && given->flags == back->flags && given->is_valid == back->is_valid &&
           given->is_unverified == back->is_unverified && given->shape == back->shape &&
           given->ramp_from == back->ramp_from && given->ramp_to == back->ramp_to;
}

static void take_back(struct trail_point *p, const struct amount *amount)
{
    for (size_t i = p->n_amounts; i-- > 0;) {
        if (!is_inverse(&p->amounts[i].amount, amount))
            continue;
        memmove(&p->amounts[i], &p->amounts[i + 1], (p->n_amounts - i - 1) * sizeof *p->amounts);
        p->n_amounts--;
        return;
    }
}

static void on_amount(void *self, const struct plan *plan, const struct amount *amount)
{
    struct trail *t = self;
    bool touches = amount->start_us < t->end_us && amount->end_us > t->start_us;
    struct trail_point *p = t->is_closed || !touches ? NULL : find(t, plan, amount->point);
    if (!p)
        return;
    if (amount->sign < 0) {
        take_back(p, amount);
        return;
    }
    p->amounts = grown(p->amounts, p->n_amounts, &p->amounts_room, sizeof *p->amounts);
    p->amounts[p->n_amounts++] = (struct trail_amount){ *amount, t->frame };
}

struct pipeline_tap trail_tap(struct trail *t)
{
    return (struct pipeline_tap){ on_reading, on_amount, t };
}

/* --- afterwards --- */

static int by_time(const void *a, const void *b)
{
    const struct trail_reading *x = a, *y = b;
    if (x->time_us != y->time_us)
        return x->time_us < y->time_us ? -1 : 1;
    return (x->frame > y->frame) - (x->frame < y->frame);
}

static int by_start(const void *a, const void *b)
{
    const struct trail_amount *x = a, *y = b;
    return (x->amount.start_us > y->amount.start_us) - (x->amount.start_us < y->amount.start_us);
}

/* The first counted reading at or behind the end stays: an amount may reach up to it. */
static void cut_readings(struct trail_point *p, int64_t end_us)
{
    size_t n = 0;
    bool has_behind = false;
    for (size_t i = 0; i < p->n_readings; i++) {
        const struct trail_reading *r = &p->readings[i];
        bool is_behind = r->time_us >= end_us;
        if (is_behind && (has_behind || r->verdict != VERDICT_COUNTED))
            continue;
        has_behind = is_behind;
        p->readings[n++] = *r;
    }
    p->n_readings = n;
}

static void cut_point(struct trail_point *p, int64_t end_us)
{
    if (p->before.frame > 0)
        add_reading(p, &p->before);
    if (p->behind.frame > 0)
        add_reading(p, &p->behind);
    if (p->n_readings > 0)
        qsort(p->readings, p->n_readings, sizeof *p->readings, by_time);
    cut_readings(p, end_us);
    size_t n = 0;
    for (size_t i = 0; i < p->n_amounts; i++)
        if (p->amounts[i].amount.start_us < end_us)
            p->amounts[n++] = p->amounts[i];
    p->n_amounts = n;
    if (n > 0)
        qsort(p->amounts, n, sizeof *p->amounts, by_start);
}

void trail_cut(struct trail *t, int64_t end_us)
{
    t->end_us = end_us;
    for (size_t i = 0; i < t->n_points; i++)
        cut_point(t->points[i], end_us);
}

int128 trail_sum(const struct trail *t, const struct trail_point *p, bool wants_unverified)
{
    int128 ticks = 0, micro = 0;
    for (size_t i = 0; i < p->n_amounts; i++) {
        const struct amount *a = &p->amounts[i].amount;
        if (a->is_unverified != wants_unverified)
            continue;
        int64_t from_us = a->start_us > t->start_us ? a->start_us : t->start_us;
        int64_t to_us = a->end_us < t->end_us ? a->end_us : t->end_us;
        ticks += amount_up_to(a, to_us) - amount_up_to(a, from_us);
    }
    if (p->tick_to_micro.num == 0 || number_scale(ticks, p->tick_to_micro.num, p->tick_to_micro.den, &micro))
        return 0;
    return micro;
}
