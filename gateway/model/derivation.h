/* A derivation: how a derived point follows from other points of its site. What a person wrote stands in the
 * point (formula, every, inputs, with); this is what the check made of it. */
#ifndef MODEL_DERIVATION_H
#define MODEL_DERIVATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/number.h"
#include "base/option.h"

enum formula {
    FORMULA_NONE,
    FORMULA_SUM,                 /* a virtual meter: amounts times coefficients */
    FORMULA_STACK,               /* concentration x flow */
    FORMULA_FUEL_FACTOR,         /* concentration x flue gas per heat of the fuel x heat */
    FORMULA_HEAT,                /* mass x enthalpy */
    FORMULA_GAS_REFERENCE,       /* volume as it flows -> volume at reference conditions */
    FORMULA_COUNT
};

/* What an input is to its formula; its name in the configuration. A sum has SLOT_AMOUNT alone, many times. */
enum slot {
    SLOT_AMOUNT,                 /* "amount": mass, volume, heat: summed */
    SLOT_FLOW,                   /* "flow": a rate: averaged, as all that follow */
    SLOT_CONCENTRATION,
    SLOT_MOISTURE,
    SLOT_OXYGEN,
    SLOT_TEMPERATURE,
    SLOT_PRESSURE,
    SLOT_RETURN_TEMPERATURE,
    SLOT_COUNT
};

extern const char *const slot_names[];       /* NULL-ended */
extern const char *const formula_names[];    /* NULL-ended */

/* When an hour of a stack is valid. */
enum hour_rule {
    HOUR_EU_MRR,                 /* at least 80 % of the possible values of each input */
    HOUR_PART_75,                /* at least one in each quarter */
    HOUR_HJ_75                   /* at least 45 minutes of it */
};
extern const char *const hour_rule_names[];  /* NULL-ended: as in summaries */

enum medium { MEDIUM_STEAM, MEDIUM_SATURATED_STEAM, MEDIUM_HOT_WATER };

struct derive_input {
    struct place place;
    int slot;                    /* enum slot */
    const char *point_ref;       /* "device/point" of the same site, or a point of the same device */
    struct decimal coefficient;  /* of a sum */
    int32_t point;               /* filled in by the check */
    /* One tick of the input: of a sum in ticks of the derived point, a whole number; of an amount and a flow in
     * micro base units (a flow's for an hour); else in the base unit of the slot, beyond the offset. */
    struct ratio scale, offset;
};

/* What stands under `with`: declared constants in place of inputs, and what a formula leaves open. An empty
 * text: not given. */
struct derive_with {
    const char *source;          /* where the constants are from: required with any */
    const char *moisture_percent, *oxygen_percent, *temperature_degc, *pressure_bar;
    const char *oxygen_reference_percent;    /* that the flow, or heat, is normalised to */
    const char *concentration_oxygen_percent;/* that the concentration is normalised to by its device */
    const char *molar_mass;      /* g/mol: of a concentration in ppm or % */
    int hour_rule;
    bool is_stamped_at_end;      /* a value stands for the time before it */
    int medium;
    const char *enthalpy, *base_enthalpy;    /* kJ/kg */
    const char *base_temperature_degc, *specific_heat;   /* degC; kJ/(kg K) */
    const char *compressibility, *reference_compressibility;
    const char *fuel_factor;     /* dscf/mmBtu: dry flue gas per heat */
    const char *carbon, *hydrogen, *sulfur, *nitrogen, *oxygen;  /* percent by mass, of the fuel */
    const char *calorific_value; /* Btu/lb, gross */
};

/* A constant, or a mean once there is one: exact, in the base unit of its slot. */
struct derive_value {
    bool is_given;
    struct ratio value;
};

/* What a volume of gas, or a share of it, is told at; 0 and unspecified: as it flows, or not told. */
enum gas_moisture { GAS_MOISTURE_NOT_TOLD, GAS_DRY, GAS_WET };
struct gas_basis {
    int64_t temperature_mk, pressure_pa;
    enum gas_moisture moisture;
};

struct derivation {
    int32_t point;               /* the derived one */
    enum formula formula;
    int64_t every_us;            /* intervals, aligned to UTC; 0 for a sum */
    const struct derive_input *inputs;
    size_t n_inputs;
    int32_t slots[SLOT_COUNT];   /* place in inputs; -1: none. Not for a sum */
    struct derive_value constants[SLOT_COUNT];
    enum hour_rule hour_rule;
    enum medium medium;
    bool is_stamped_at_end;
    bool is_by_volume;           /* the concentration is a share by volume: molar_mass turns it into mass */
    struct gas_basis concentration, flow, own;   /* flow: of SLOT_FLOW or a volume; own: of the derived point */
    bool is_oxygen_wet;
    struct derive_value oxygen_reference;        /* the concentration is brought to it */
    struct ratio molar_mass;     /* g/mol */
    struct derive_value enthalpy;                /* kJ/kg, as the next */
    struct ratio base_enthalpy, base_temperature, specific_heat;   /* K; kJ/(kg K) */
    struct ratio compressibility, reference_compressibility;
    struct ratio fuel_factor;    /* scf/MMBtu, dry */
};

/* A fuel's composition in percent by mass, and its gross calorific value in Btu/lb. */
struct fuel_analysis {
    struct decimal carbon, hydrogen, sulfur, nitrogen, oxygen, calorific_value;
};

/* Dry flue gas per heat, scf (68 degF) per MMBtu, of a complete combustion without excess air; 0, or
 * NUMBER_MALFORMED when it is not above 0. */
int fuel_factor_of(const struct fuel_analysis *a, struct ratio *out);

#endif
