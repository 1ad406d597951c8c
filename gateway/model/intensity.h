/* Grid intensity: how much a region's grid emitted, or was foreseen to emit, for each kWh of some time. */
#ifndef MODEL_INTENSITY_H
#define MODEL_INTENSITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/number.h"
#include "base/slice.h"

#define INTENSITY_SOURCE_MOST 128    /* bytes of a source's text; more is cut */
#define INTENSITY_SCALE_MOST 9       /* digits behind the point */

/* g per kWh, as published: of CO2 or, with the set that its source names, of CO2e. */
struct intensity_value {
    struct decimal g;
    bool is_co2e;
    uint8_t gwp_set;                 /* enum gwp_set, or GWP_UNSPECIFIED: always for CO2 */
};

struct intensity {
    struct slice region;
    int64_t from_us, until_us;       /* [from, until), UTC; multiples of the sites' smallest windows */
    bool has_forecast, has_actual;
    struct intensity_value forecast, actual;
    int64_t published_us;            /* 0: not told */
    struct slice source;             /* may be empty */
};

#endif
