/* The fold: what one reading after another makes of a point. Pure: no memory but the state given. */
#ifndef METER_FOLD_H
#define METER_FOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/number.h"
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
    bool is_void;                /* somebody ordered that it does not count; not part of the order */
};

/* A declared exchange of a register's meter. What the new one shows counts scale times: its ticks were
 * made with the multiplier that the plan has. */
struct fold_swap {
    int64_t removed_us, installed_us;    /* between them is a gap; may be the same */
    int64_t final_ticks, initial_ticks;  /* with each meter's own multiplier */
    struct ratio scale;
};

#define FOLD_SWAPS_MOST 4

/* By installed_us; they do not overlap. */
struct fold_swaps {
    struct fold_swap at[FOLD_SWAPS_MOST];
    int n;
};

/* What of a point's configuration bears on its fold, and the swaps that were declared for it. */
struct fold_rules {
    uint8_t kind;                /* enum point_kind */
    uint8_t stamp;               /* enum stamp */
    uint8_t integrate;           /* enum integrate; of a gauge */
    bool reset_from_zero;
    bool has_min, has_max;       /* of gauges and events */
    int64_t max_gap_us;
    int64_t max_rate_ticks_per_hour;   /* 0: none */
    int64_t modulus_ticks;             /* 0: none */
    int64_t min_ticks, max_ticks;
    int64_t calibrated_until_us;       /* 0: no end */
    const struct fold_swaps *swaps;    /* NULL: none; not compared by fold_rules_equal */
};

/* A zeroed struct is the state of a point that has said nothing yet. */
struct fold_state {
    int64_t accepted_us, accepted_ticks, accepted_interval_us;   /* of the newest counted reading */
    uint64_t accepted_boot, accepted_sequence;   /* of an event: they are part of its key */
    int64_t value_us;            /* register, gauge: time of the last valid value; interval: covered until */
    int64_t value_ticks;         /* register, gauge: the last valid value */
    uint64_t value_boot;
    int64_t idle_us;             /* while is_not_operating: since when */
    uint8_t value_quality;
    bool has_accepted, has_value;
    bool is_not_operating;       /* said so since the last value */
    bool is_idle;                /* the newest counted reading said so */
};

/* One reading has at most: two stretches and an amount, and for each swap before it an amount and a gap. */
#define FOLD_AMOUNTS_MOST (3 + 2 * FOLD_SWAPS_MOST)

/* What one reading brings about. The amounts' point is left 0 and their sign +1. */
struct fold_effect {
    enum verdict verdict;
    int n;
    struct amount at[FOLD_AMOUNTS_MOST];     /* n of them, the rest is not even cleared */
};

/* The order of the fold for a kind of point; 0 only for the same reading in every respect. */
int sample_order(uint8_t kind, const struct sample *a, const struct sample *b);

/* Whether two are the same reading sent twice: all is equal, but for the sequence where that is not part
 * of the key. */
bool sample_is_twin(uint8_t kind, const struct sample *a, const struct sample *b);

/* One step. A reading that is not COUNTED leaves the state exactly as it was, and the sequence bears on
 * the order alone where it is not part of the key: both are relied upon. */
void fold_step(const struct fold_rules *rules, struct fold_state *s, const struct sample *r,
               struct fold_effect *out);

/* Whether r, once counted, fixes the whole state by itself, whatever came before; then *out is it. */
bool fold_anchor(const struct fold_rules *rules, const struct sample *r, struct fold_state *out);

/* What a register's reading says, by the multiplier of the meter that hung there then. */
int64_t fold_value(const struct fold_rules *rules, const struct sample *r);

bool fold_rules_equal(const struct fold_rules *a, const struct fold_rules *b);
bool fold_state_equal(const struct fold_state *a, const struct fold_state *b);
bool fold_amount_equal(const struct amount *a, const struct amount *b);

#endif
