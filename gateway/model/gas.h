/* Gases: the species that are kept apart until the very end, and the GWP sets that turn them into
 * CO2e. Numbers are those of carbon.v1.Gas, frozen. Values: 100 years; source stands in gas.c beside
 * each set. */
#ifndef MODEL_GAS_H
#define MODEL_GAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/number.h"

enum gas {
    GAS_NONE = 0,
    GAS_CO2_FOSSIL = 1,
    GAS_CO2_BIOGENIC = 2,
    GAS_CH4_FOSSIL = 3,
    GAS_CH4_BIOGENIC = 4,
    GAS_N2O = 5,
    GAS_SF6 = 6,
    GAS_NF3 = 7,
    GAS_HFC_23 = 20,
    GAS_HFC_32 = 21,
    GAS_HFC_41 = 22,
    GAS_HFC_125 = 23,
    GAS_HFC_134 = 24,
    GAS_HFC_134A = 25,
    GAS_HFC_143 = 26,
    GAS_HFC_143A = 27,
    GAS_HFC_152 = 28,
    GAS_HFC_152A = 29,
    GAS_HFC_161 = 30,
    GAS_HFC_227EA = 31,
    GAS_HFC_236CB = 32,
    GAS_HFC_236EA = 33,
    GAS_HFC_236FA = 34,
    GAS_HFC_245CA = 35,
    GAS_HFC_245FA = 36,
    GAS_HFC_365MFC = 37,
    GAS_HFC_43_10MEE = 38,
    GAS_PFC_14 = 60,
    GAS_PFC_116 = 61,
    GAS_PFC_218 = 62,
    GAS_PFC_C318 = 63,
    GAS_PFC_31_10 = 64,
    GAS_PFC_41_12 = 65,
    GAS_PFC_51_14 = 66,
    GAS_PFC_91_18 = 67,
    GAS_CO2E = 100,              /* CO2e as its source publishes it, the gases not told */
    GAS_HCFC_22 = 200,
};

/* How many species there are: what a list of all of them needs. */
#define GAS_SPECIES 37

/* How many one factor may name: figures and rates have room for so many, in the factor's own order. */
#define GASES_MOST 8

/* "CO2", "CH4_biogenic", "HFC-134a"; NULL: no such number. */
const char *gas_name(enum gas gas);

/* By its name or its formula ("CF4"), whatever the case of the letters; GAS_NONE. */
enum gas gas_by_name(const char *name);

/* All names, NULL-ended, for "did you mean". */
const char *const *gas_names(void);

/* Whether it is one of the seven groups of the Kyoto protocol, whose CO2e makes the total. */
static inline bool gas_is_kyoto(enum gas gas)
{
    return gas > GAS_NONE && gas <= GAS_CO2E;
}

/* Whether a factor that names it tells CO2 alone. */
static inline bool gas_is_co2(enum gas gas)
{
    return gas == GAS_CO2_FOSSIL || gas == GAS_CO2_BIOGENIC;
}

enum gwp_set { GWP_SAR, GWP_AR4, GWP_AR5, GWP_AR6, GWP_SET_COUNT };

/* The set of CO2e whose source names none. */
#define GWP_UNSPECIFIED GWP_SET_COUNT

/* "SAR", "AR4", "AR5", "AR6". NULL-ended. */
extern const char *const gwp_set_names[];

/* kg CO2e per kg of a Kyoto gas. Biogenic CO2 is 0: it stands on its own line, outside the total. false:
 * the set has no value for it, so its CO2e is not known. Not for GAS_CO2E, which brings its set along. */
bool gwp_of(enum gwp_set set, enum gas gas, struct decimal *out);

/* The mass of one gas. Lists of them are in the order of the numbers, each gas once. */
struct gas_mass {
    enum gas gas;
    bool is_covered;             /* everything that was summed tells of it, be it a 0 */
    int128 ug;
};

/* The place of a gas in a list of n that has room for one more, made when missing. */
struct gas_mass *gas_mass_of(struct gas_mass *list, size_t *n, enum gas gas);

/* The same in a list that is only read; NULL. */
const struct gas_mass *gas_mass_find(const struct gas_mass *list, size_t n, enum gas gas);

#endif
