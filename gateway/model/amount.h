/* An amount: so much activity of one point over [start, end), as metering derived it. */
#ifndef MODEL_AMOUNT_H
#define MODEL_AMOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/number.h"
#include "model/verdict.h"

/* How an amount came to be. Disjoint; the parts of a sum add up to it. INTERPOLATED is not given by
 * the meter: accounting decides it per window, where an amount crosses that window's edge. */
enum part {
    PART_MEASURED,
    PART_INTERPOLATED,
    PART_BRIDGED,        /* a register's delta across more than max_gap */
    PART_ESTIMATED,
    PART_SUBSTITUTED,
    PART_MANUAL,
    PART_COUNT
};

/* Flags of an amount, kept per window as "this happened in here". */
#define AMOUNT_SUSPECT 1u        /* a reading of quality suspect took part */
#define AMOUNT_RESET 2u          /* the register began anew at this joint */
#define AMOUNT_ROLLOVER 4u       /* the register ran over its modulus */
#define AMOUNT_NOT_OPERATING 8u  /* amount > 0 while the device said "not operating" */
#define AMOUNT_UNDECLARED 16u    /* a reset whose new beginning nobody declared: the joint counts as 0 */
#define AMOUNT_CALIBRATION_EXPIRED 32u  /* a reading behind the point's calibrated_until took part */
#define AMOUNT_GAP 64u           /* nothing is known of this time: a stretch, or the amount beside one */

/* How an amount lies in its time. A stretch has no activity (its ticks are 0) and says something of time
 * alone: with is_valid, it is valid time of the point; with AMOUNT_GAP, it is missing; with
 * AMOUNT_NOT_OPERATING, the device said that it did not run. */
enum shape {
    AMOUNT_LINEAR,       /* the rate is the same all over [start, end) */
    AMOUNT_RAMP,         /* the rate goes linearly from ramp_from to ramp_to; ticks is the rounded whole */
    AMOUNT_STRETCH
};

/* One contribution, or with sign -1 the taking back of one that was given before, bit for bit. */
struct amount {
    int32_t point;               /* index in the plan */
    int8_t sign;                 /* +1 or -1 */
    uint8_t part;                /* enum part; not INTERPOLATED */
    uint8_t flags;
    bool is_valid;               /* [start, end) counts as valid time of the point */
    bool is_unverified;          /* outside the bound: on its own line, in no total */
    uint8_t shape;               /* enum shape */
    int64_t start_us, end_us;    /* end > start; of an event end is start + 1 */
    int64_t ticks;               /* at the point's resolution, before the sign */
    int64_t ramp_from, ramp_to;  /* ticks per hour at start and end, of a ramp; else 0 */
};

/* One value of a gauge, given or (sign -1) taken back. What is not usable (bad, calibration,
 * maintenance, not operating) is possible and not valid. */
struct sampled {
    int32_t point;               /* index in the plan */
    int8_t sign;                 /* +1 or -1 */
    uint8_t quality;             /* enum quality, whichever */
    int64_t time_us, ticks;
};

/* A verdict that the fold changed on a reading that came earlier. */
struct reclassified {
    enum verdict from, to;
};

/* What taking one reading brought about. Lives in the batch's arena. */
struct amounts {
    struct amount *at;
    size_t n;
    struct reclassified *moved;
    size_t n_moved;
    struct sampled *samples;     /* of gauges alone */
    size_t n_samples;
};

/* The ticks of the part of an amount before t: floor(ticks × (t - start) / (end - start)), or the rounded
 * integral of its ramp up to there. A share is the difference of two of these, so shares add up to the
 * amount and none is rounded by itself. */
int64_t amount_up_to(const struct amount *a, int64_t t_us);

#endif
