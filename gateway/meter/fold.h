/* The fold: what one reading after another makes of a point. Pure: no memory but the state given. */
#ifndef METER_FOLD_H
#define METER_FOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "model/amount.h"
#include "model/verdict.h"

/* The longest period that one interval reading may cover: 31 days, as the protocol says. */
#define FOLD_INTERVAL_MOST_US (INT64_C(31) * 24 * 3600 * 1000000)

/* A reading as it is retained. */
struct sample {
    int64_t time_us, ticks, interval_us;
    uint64_t boot, sequence;
    uint8_t quality;             /* enum quality */
    uint8_t verdict;             /* enum verdict; set by whoever folds, not part of the order */
};

/* What of a point's configuration bears on its fold. */
struct fold_rules {
    uint8_t kind;                /* enum point_kind */
    uint8_t stamp;               /* enum stamp */
    bool reset_from_zero;
    int64_t max_gap_us;
    int64_t max_rate_ticks_per_hour;   /* 0: none */
    int64_t modulus_ticks;             /* 0: none */
};

/* A zeroed struct is the state of a point that has said nothing yet. */
struct fold_state {
    int64_t accepted_us, accepted_ticks, accepted_interval_us;   /* of the newest counted reading */
    int64_t value_us;            /* register: time of the last valid value; interval: covered until */
    int64_t value_ticks;         /* register: the last valid value */
    uint64_t value_boot;
    uint8_t value_quality;
    bool has_accepted, has_value;
    bool is_not_operating;
};

/* What one reading brings about. The amount's point is left 0 and its sign +1. */
struct fold_effect {
    enum verdict verdict;
    bool has_amount;
    struct amount amount;
};

/* The order of the fold; 0 only for the same reading in every respect. */
int sample_order(const struct sample *a, const struct sample *b);

/* Whether two are the same reading sent twice: all but the sequence is equal. */
bool sample_is_twin(const struct sample *a, const struct sample *b);

/* One step. A reading that is not COUNTED leaves the state exactly as it was, and the sequence bears on
 * the order alone: both are relied upon. */
struct fold_effect fold_step(const struct fold_rules *rules, struct fold_state *s,
                             const struct sample *r);

/* Whether r, once counted, fixes the whole state by itself, whatever came before; then *out is it. */
bool fold_anchor(const struct fold_rules *rules, const struct sample *r, struct fold_state *out);

bool fold_rules_equal(const struct fold_rules *a, const struct fold_rules *b);
bool fold_state_equal(const struct fold_state *a, const struct fold_state *b);
bool fold_amount_equal(const struct fold_effect *a, const struct fold_effect *b);

#endif
