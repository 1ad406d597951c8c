/* A reading, decoded: one value of one point at one time, in the plan's terms. */
#ifndef MODEL_READING_H
#define MODEL_READING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/verdict.h"

struct intensity;

/* Numbers as in carbon.v1.Quality. The lower, the better, up to SUSPECT. */
enum quality {
    QUALITY_GOOD = 0,
    QUALITY_ESTIMATED = 1,
    QUALITY_SUSPECT = 2,
    QUALITY_BAD = 3,
    QUALITY_CALIBRATION = 4,
    QUALITY_MAINTENANCE = 5,
    QUALITY_NOT_OPERATING = 6,
    QUALITY_COUNT
};

struct reading {
    int32_t site, device, point;  /* indexes in the plan; -1 where the verdict says unknown */
    int64_t time_us;              /* as stamped: UTC microseconds */
    int64_t interval_us;          /* of an interval reading, the declared one filled in; else 0 */
    uint64_t boot, sequence;      /* 0: not told */
    int64_t ticks;                /* the value at the point's resolution */
    enum quality quality;
    enum verdict verdict;         /* COUNTED: decoded well, the meter decides; else final */
};

/* What one frame held. Lives in the batch's arena. */
struct readings {
    struct reading *at;
    size_t n;
    struct intensity *intensities;   /* or these: what a grid emits */
    size_t n_intensities;
};

#endif
