/* State: how a stage's memory becomes rows of a snapshot and comes back. A stage writes what changed
 * since the last save, a row for each thing, and never everything at each commit. A row's first byte
 * is its format version: an older one is read, a newer one is refused with both numbers. */
#ifndef MODEL_STATE_H
#define MODEL_STATE_H

#include "base/buffer.h"
#include "base/slice.h"

/* Numbers are frozen: they stand in the store. All rows are loaded at start, but those of STAGE_WINDOW
 * (closed windows) and STAGE_DERIVE_HOUR, which are looked up one by one when something late arrives. */
enum stage {
    STAGE_PIPELINE = 1,
    STAGE_LEDGER = 2,
    STAGE_METER = 3,
    STAGE_ACCOUNT = 4,
    STAGE_WINDOW = 5,
    STAGE_DERIVE = 6,
    STAGE_ORDER = 7,
    STAGE_INTENSITY = 8,
    STAGE_DERIVE_HOUR = 9,
    STAGE_FILL = 10,
};

/* Where rows go. put copies key and value. drop_range drops what stands there at that moment with a key
 * in [from, until), in the order of bytes. */
struct state_out {
    void (*put)(void *self, enum stage stage, struct slice key, struct slice value);
    void (*drop)(void *self, enum stage stage, struct slice key);
    void (*drop_range)(void *self, enum stage stage, struct slice from, struct slice until);
    void *self;
};

/* Where rows that are no longer in memory are looked up: as they were committed last. get: one by its key;
 * next: the first of a stage whose key comes behind one, in the order of bytes. Each returns 0 and fills
 * its outputs (borrowed until the next call of either), STATE_ABSENT, or negative. */
#define STATE_ABSENT 1
struct state_in {
    int (*get)(void *self, enum stage stage, struct slice key, struct slice *out);
    int (*next)(void *self, enum stage stage, struct slice after, struct slice *key, struct slice *value);
    void *self;
};

#define STATE_MALFORMED 2        /* what a load returns for a row that does not fit */

#endif
