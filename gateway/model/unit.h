/* Units of energy, mass and volume, each an exact ratio to its base unit (Wh, g, m3). Between the
 * three there is no conversion: that needs a density or a calorific value, which is data. Sources:
 * the SI brochure; UCUM 2.2; Btu and calorie are of the International Table. */
#ifndef MODEL_UNIT_H
#define MODEL_UNIT_H

#include <stdint.h>

#include "base/number.h"

enum dimension { DIMENSION_NONE, DIMENSION_ENERGY, DIMENSION_MASS, DIMENSION_VOLUME };

/* Numbers as in carbon.v1.Unit; 0 is "as declared", which a plan never holds. */
struct unit {
    uint8_t number;
    const char *name;            /* "kWh": in configuration and documents */
    const char *ucum;            /* "kW.h" */
    enum dimension dimension;
    struct ratio to_base;        /* 1 unit = num/den base units, exact */
};

/* NULL when there is none. Names are case-sensitive: a mega is not a milli. */
const struct unit *unit_by_name(const char *name);
const struct unit *unit_by_number(uint32_t number);

/* The base unit of a dimension: Wh, g, m3. NULL for DIMENSION_NONE. */
const struct unit *unit_base(enum dimension d);

/* "energy", "mass", "volume"; "none". */
const char *dimension_name(enum dimension d);

/* All names, NULL-ended, for "did you mean" and choices. */
const char *const *unit_names(void);

#endif
