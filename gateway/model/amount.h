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

/* One contribution, or with sign -1 the taking back of one that was given before, bit for bit. */
struct amount {
    int32_t point;               /* index in the plan */
    int8_t sign;                 /* +1 or -1 */
    uint8_t part;                /* enum part; not INTERPOLATED */
    uint8_t flags;
    bool is_valid;               /* [start, end) counts as valid time of the point */
    bool is_unverified;          /* outside the bound: on its own line, in no total */
    int64_t start_us, end_us;    /* end > start */
    int64_t ticks;               /* at the point's resolution, before the sign */
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
};

#endif
