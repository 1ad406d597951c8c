/* Meters against what stands behind them. A sub meter's amounts are kept by lanes of their own, which no
 * total sees; so are a check meter's. What a meter tells less what its sub meters tell together is the
 * residual: losses, or a consumer that nobody counts. A check meter is compared by itself, and what
 * remains is its deviation. */
#include <stdlib.h>

#include "account/books.h"
#include "account/scopes.h"

/* What a point told in the window, in micro base units of its unit; false: nothing. */
static bool told_by(const struct account *a, const struct window *w, int32_t point, int128 *micro)
{
    bool has_any = false;
    *micro = 0;
    for (const struct lane *lane = a->spots[point] ? a->spots[point]->lanes : NULL; lane;
         lane = lane->sibling) {
        const struct share *share = window_find_share(w, lane);
        if (!share || share->n == 0)
            continue;
        has_any = true;
        for (int part = 0; part < PART_COUNT; part++) {
            int128 part_micro;
            if (number_scale(share->part_ticks[part], lane->tick_to_micro.num, lane->tick_to_micro.den,
                             &part_micro) == 0)
                *micro += part_micro;
        }
    }
    return has_any;
}

/* The points of a site stand together. */
struct range {
    int32_t first, end;
};

static struct range points_of(const struct account *a, const struct site *site)
{
    struct range r = { 0, 0 };
    for (int32_t d = site->first_device; d < site->first_device + site->n_devices; d++) {
        const struct device *device = &a->plan->devices[d];
        if (device->n_points == 0)
            continue;
        if (r.end == 0)
            r.first = device->points[0]->index;
        r.end = device->points[0]->index + (int32_t)device->n_points;
    }
    return r;
}

static void add_row(struct summary *out, int32_t point, int32_t check, int128 metered, int128 behind)
{
    out->residuals[out->n_residuals++] = (struct summary_residual){
        .point = point, .check = check, .metered_micro = metered, .behind_micro = behind
    };
}

/* The sub meters of a point together, each of its check meters alone. */
static void compare(struct account *a, const struct window *w, struct range r, int32_t point,
                    struct summary *out)
{
    int128 metered, behind = 0, micro;
    bool has_sub = false, is_told = told_by(a, w, point, &metered);
    for (int32_t i = r.first; is_told && i < r.end; i++) {
        const struct point *pt = &a->plan->points[i];
        if (pt->parent != point || !told_by(a, w, i, &micro))
            continue;
        if (pt->role == ROLE_CHECK) {
            add_row(out, point, i, metered, micro);
            continue;
        }
        has_sub = true;
        behind += micro;
    }
    if (has_sub)
        add_row(out, point, -1, metered, behind);
}

void summary_add_residuals(struct account *a, const struct window *w, struct arena *arena,
                           struct summary *out)
{
    struct range r = points_of(a, w->books->site);
    size_t n_behind = 0;
    for (int32_t i = r.first; i < r.end; i++)
        n_behind += a->plan->points[i].parent >= 0;
    if (n_behind == 0)
        return;
    out->residuals = arena_take_zeroed(arena, 2 * n_behind, sizeof *out->residuals);
    if (!out->residuals)
        abort();
    for (int32_t i = r.first; i < r.end; i++)
        compare(a, w, r, i, out);
}
