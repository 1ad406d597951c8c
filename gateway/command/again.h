/* Computing again: a log book is followed once more, from its beginning or from the oldest base that it goes
 * on behind, in a store of our own. What verify compares, why explains and recompute tries with other factors.
 * It reads journals, archive and bases; a gateway may be running on them. */
#ifndef COMMAND_AGAIN_H
#define COMMAND_AGAIN_H

#include <stdint.h>

#include "conf.h"
#include "pipeline.h"
#include "store/store.h"

/* How far back the journals of a state reach. */
struct again_reach {
    uint64_t logbook_id, logbook_first;      /* 0: none */
    uint64_t intake_id, intake_first;
    uint64_t last_hole;          /* the last HOLE up to `until`; nothing is computed across one. 0: none */
    uint64_t until;              /* the entry to follow to */
};

/* Looks at the journals themselves. until is lowered to the last entry there is. 0 or negative. */
int again_look(const struct places *places, uint64_t until, struct again_reach *out);

struct again_conf {
    const struct places *places;
    const char *plugins;         /* directory of plugins */
    const char *store;           /* path of a new store: what is computed goes there */
    struct again_reach reach;
    struct pipeline_conf pipeline;           /* encode, tap and amend; the rest is filled in */
};

struct again;

/* Stands at the beginning. 0, AGAIN_UNREACHABLE: neither the journals nor a base reach back to where it would
 * have to begin; or negative. */
#define AGAIN_UNREACHABLE 1
int again_open(const struct again_conf *conf, struct again **out);
void again_close(struct again *a);           /* accepts NULL */

/* Follows up to reach.until. 0 or negative. */
int again_follow(struct again *a);

/* The store with what was computed; the entry of the base that it began at, 0: at the beginning, and the last
 * frame of the intake that the base had taken; the pipeline at the end. */
struct store *again_store(struct again *a);
uint64_t again_base(const struct again *a);
uint64_t again_base_took(const struct again *a);
const struct pipeline *again_pipeline(const struct again *a);

#endif
