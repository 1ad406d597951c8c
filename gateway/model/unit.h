/* Units: each an exact ratio to the base unit of its dimension. Between dimensions there is no conversion:
 * that needs a density, a calorific value or an enthalpy, which is data. What a unit holds beside its size
 * (reference conditions, net or gross, wet or dry, gauge or absolute) is its basis; units of different
 * bases never mix. Sources: the SI brochure; UCUM 2.2; NIST Handbook 44, appendix C. */
#ifndef MODEL_UNIT_H
#define MODEL_UNIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fraction.h"
#include "base/number.h"

enum dimension {
    DIMENSION_NONE,
    DIMENSION_ENERGY,            /* Wh */
    DIMENSION_MASS,              /* g */
    DIMENSION_VOLUME,            /* m3 */
    DIMENSION_COUNT,             /* 1 */
    DIMENSION_COUNT_TIME,        /* 1.h */
    DIMENSION_POWER,             /* W */
    DIMENSION_MASS_RATE,         /* g/h */
    DIMENSION_VOLUME_RATE,       /* m3/h */
    DIMENSION_TEMPERATURE,       /* K */
    DIMENSION_PRESSURE,          /* Pa */
    DIMENSION_MASS_CONCENTRATION,/* g/m3 */
    DIMENSION_FRACTION,          /* mol/mol or kg/kg */
    DIMENSION_SPECIFIC_ENERGY,   /* kJ/kg */
    DIMENSION_DENSITY,           /* kg/m3 */
    DIMENSION_COUNT_OF_ALL
};

enum basis {
    BASIS_NONE,
    BASIS_NET, BASIS_GROSS,                    /* of a fuel's energy */
    BASIS_DRY,                                 /* of a fuel's mass */
    BASIS_N, BASIS_N_DRY, BASIS_N_WET,         /* a gas at 0 degC, 101.325 kPa */
    BASIS_S15, BASIS_S15_DRY, BASIS_S15_WET,   /* 15 degC, 101.325 kPa */
    BASIS_C20,                                 /* 20 degC, 101.325 kPa */
    BASIS_F60, BASIS_F68, BASIS_F68_DRY, BASIS_F68_WET, /* 60 and 68 degF, 1 atm */
    BASIS_ABSOLUTE, BASIS_GAUGE,               /* of a pressure */
    BASIS_VOL, BASIS_VOL_DRY, BASIS_VOL_WET,   /* of a fraction: by volume */
    BASIS_OF_MASS,
    BASIS_COUNT
};

/* What a basis says about a gas or a fuel; 0: it has no bearing. */
struct conditions {
    uint32_t temperature_mk, pressure_pa;
    enum { MOISTURE_NONE, MOISTURE_DRY, MOISTURE_WET } moisture;
    enum { CALORIFIC_NONE, CALORIFIC_NET, CALORIFIC_GROSS } calorific;
};

/* Numbers as in carbon.v1.Unit; 0 is "as declared", which a plan never holds. */
struct unit {
    uint16_t number;
    const char *name;            /* "kWh": in configuration and documents */
    const char *ucum;            /* "kW.h"; empty: it has none */
    enum dimension dimension;
    enum basis basis;
    struct ratio to_base;        /* base = unit × to_base + offset, exact */
    struct ratio offset;         /* 0 but for temperatures */
};

/* NULL when there is none. Names are case-sensitive: a mega is not a milli. */
const struct unit *unit_by_name(const char *name);
const struct unit *unit_by_number(uint32_t number);

/* For a name that people use for several things: what it may mean, for a message ("Btu_IT, Btu_th, …"). NULL
 * when it is none of these. */
const char *unit_alternatives(const char *name);

/* The base unit of a dimension: Wh, g, m3. NULL for DIMENSION_NONE. */
const struct unit *unit_base(enum dimension d);

/* What a rate comes to over hours: W gives Wh, Nm3/h gives Nm3, a count gives 1.h. A unit of 1 to the base
 * with the rate's basis. NULL: it is no rate. */
const struct unit *unit_integrated(const struct unit *rate);

/* Whether amounts of both can be added: one dimension, one basis. */
static inline bool unit_mixes(const struct unit *a, const struct unit *b)
{
    return a->dimension == b->dimension && a->basis == b->basis;
}

/* The same value in another unit, exactly. 0; NUMBER_OVERFLOW; UNIT_MISMATCH: they do not agree. */
#define UNIT_MISMATCH 3
int unit_convert(struct fraction value, const struct unit *from, const struct unit *to,
                 struct fraction *out);

/* What a mole of an ideal gas takes up in a unit of volume with reference conditions: R × T ÷ p, exactly.
 * 0; UNIT_MISMATCH: the unit says no conditions; NUMBER_OVERFLOW. */
int unit_molar_volume(const struct unit *volume, struct fraction *per_mol);

const struct conditions *unit_conditions(enum basis basis);

/* "dry at 0 degC", "net"; empty for BASIS_NONE. */
const char *basis_name(enum basis basis);

/* "energy", "mass", "volume"; "none". */
const char *dimension_name(enum dimension d);

/* All names, NULL-ended, for "did you mean" and choices. */
const char *const *unit_names(void);

#endif
