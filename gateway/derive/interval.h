/* One interval of one derived point: what its inputs came to, and what was given for it. */
#ifndef DERIVE_INTERVAL_H
#define DERIVE_INTERVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "model/amount.h"
#include "model/derivation.h"

#define DERIVE_FLAGS 8
#define QUARTERS 4

/* Sums over what came of one input; each is a plain sum, so what is taken back leaves no trace. */
struct derive_sum {
    int128 ticks;                /* of amounts cut to the interval; of samples that are usable */
    int64_t covered_us;          /* by valid amounts */
    int64_t idle_us;             /* by stretches that say "not operating" */
    int32_t parts[PART_COUNT];   /* amounts, or usable samples, by how they came to be */
    int32_t flagged[DERIVE_FLAGS];
    int32_t usable, valid, possible;   /* samples: good, suspect or estimated; good; any that was due */
    int32_t quarters[QUARTERS];  /* valid samples in each quarter of the interval */
};

/* What an interval came to. */
enum given_kind { GIVEN_NOT_YET, GIVEN_NOTHING, GIVEN_VALUE, GIVEN_MISSING, GIVEN_IDLE };
struct given {
    uint8_t kind, part, flags;
    bool is_valid;
    int64_t ticks;               /* of the derived point */
};

struct interval {
    int64_t start_us;
    struct given given;
    bool is_dirty;               /* since the last save */
    bool has_open_row;           /* its row stands in STAGE_DERIVE */
    bool is_touched;             /* stands in the list of those to settle */
    struct derive_sum sums[];    /* one for each input */
};

/* The amounts that say it, without point and sign: at most two. */
size_t given_amounts(const struct given *g, int64_t start_us, int64_t end_us, struct amount out[2]);

bool given_equal(const struct given *a, const struct given *b);

/* An interval as the value of a row and back. read: 0 or STATE_MALFORMED. */
void interval_write(const struct interval *iv, size_t n_inputs, struct buffer *out);
int interval_read(struct slice value, size_t n_inputs, struct interval *iv);

#endif
