/* Who is accounted: sources (streams), spots (points) and lanes (a spot as it was once assigned to a
 * source). They are known by text and live until the end, because windows outlive plans; where they stand
 * in the present plan is looked for when it is needed. */
#ifndef ACCOUNT_LANE_H
#define ACCOUNT_LANE_H

#include <stdbool.h>
#include <stdint.h>

#include "account/emission.h"
#include "account/names.h"
#include "base/arena.h"
#include "base/number.h"
#include "base/slice.h"

struct books;

/* From here on, until the next one, that rate holds for what a stream imports: as the plan has it, apart
 * from any grid intensity. */
struct era {
    int64_t from_us;
    const struct rate *rate;
};

struct source {
    struct books *books;
    struct slice id;
    struct era *eras;           /* by the last plan; NULL: that had no such stream */
    uint32_t n_eras, eras_room;
    uint64_t terms;             /* a hash of what else of the stream bears on its rates */
    int32_t stream; /* index in the plan of that number; -1: that plan has none */
    uint32_t plan_number;
    bool is_marketed; /* by the present plan its use is allotted rung by rung, see market.h */
};

/* Ticks of a spot while its stream, direction, role and resolution stayed the same. */
struct lane {
    struct spot *spot;
    struct source *source;
    struct lane *sibling; /* another lane of the same spot */
    int direction;        /* enum direction */
    int role;             /* enum point_role; what is not fiscal has ticks and no tallies */
    struct ratio tick_to_micro;
    uint32_t number; /* among the site's lanes, from 0 */
};

struct spot {
    struct books *books;
    struct slice device, point; /* ids */
    uint64_t hash;              /* evidence_point */
    struct lane *lanes;         /* all it ever had */
    struct lane *now;           /* where new amounts go; NULL: nowhere */
    int32_t index;              /* of the point in the present plan; -1: it has none */
    bool is_follower;           /* of a stream that borrows the point's amounts (activity_of) */
    struct spot *followers;     /* all that ever were, of a spot that is none itself */
    struct spot *next_follower;
};

/* Whether what goes there is bought: it is multiplied, and in scope 2 allotted. */
static inline bool lane_is_bought(const struct lane *lane)
{
    return lane->role == ROLE_FISCAL && lane->direction == DIRECTION_IMPORT && !lane->spot->is_follower;
}

/* Everything that has a name. */
struct cast {
    struct names names;
    struct arena arena; /* of keys and things; never reset */
    struct rate *none, *missing, *zero;
};

void cast_init(struct cast *c);
void cast_fini(struct cast *c);

/* Each finds what has that name or makes it. Ids hold no NUL. */
struct source *cast_source(struct cast *c, struct books *books, struct slice id);
struct spot *cast_spot(struct cast *c, struct books *books, struct slice device,
                       struct slice point);
struct spot *cast_follower(struct cast *c, struct spot *leader, struct source *source);
struct lane *cast_lane(struct cast *c, struct spot *spot, struct source *source, int direction,
                       int role, struct ratio tick_to_micro);

/* NULL when the key is malformed. */
struct rate *cast_rate(struct cast *c, struct slice key);

/* A thing of `size` zeroed bytes under a key of a kind ('S' for sites, …): found, or made with
 * *is_new set. */
void *cast_thing(struct cast *c, char kind, const struct slice *parts, size_t n, size_t size,
                 bool *is_new);

/* A copy that lasts. */
struct slice cast_text(struct cast *c, struct slice text);

#endif
