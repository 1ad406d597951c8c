/* Grids: what is known of the intensity of each region, interval by interval. */
#ifndef ACCOUNT_GRID_H
#define ACCOUNT_GRID_H

#include <stdbool.h>
#include <stdint.h>

#include "account/emission.h"
#include "base/arena.h"
#include "model/intensity.h"
#include "model/state.h"

/* One interval of a region. */
struct spell {
    int64_t from_us, until_us, published_us;
    bool has_forecast, has_actual, is_dirty;
    struct intensity_value forecast, actual;
};

struct grid {
    char *region;
    struct spell *at;            /* by time; they do not overlap */
    uint32_t n, room;
    char source[INTENSITY_SOURCE_MOST + 1]; /* of the last value that named one */
    bool is_dirty;               /* the source, since the last save */
};

/* A zeroed struct knows nothing. */
struct grids {
    struct grid *at;
    uint32_t n, room;
};

void grids_fini(struct grids *g);

/* NULL when nothing is known of the region. */
struct grid *grids_find(const struct grids *g, const char *region);

/* Takes one value. 0: something changed that an amount in the interval goes by; GRID_SAME: nothing did;
 * GRID_CONFLICT: it overlaps another interval, and nothing was taken. */
#define GRID_SAME 1
#define GRID_CONFLICT 2
int grids_take(struct grids *g, const struct intensity *x);

/* What is known of an instant; NULL: nothing. Narrows [from, to) to where the answer is the same. */
const struct spell *grid_at(const struct grid *g, int64_t t_us, int64_t *from_us, int64_t *to_us);

/* Intervals that ended before leave, with their rows. */
void grids_forget(struct grids *g, int64_t before_us, struct state_out *out);

/* Rows of STAGE_INTENSITY, and one back: 0, or STATE_MALFORMED. */
void grids_save(struct grids *g, struct state_out *out);
int grids_load(struct grids *g, struct slice key, struct slice value);

#endif
