/* Gases: the species that are kept apart until the very end, and the GWP sets that turn them into
 * CO2e. Order and numbers are frozen. Values: 100 years; source stands in gas.c beside each set. */
#ifndef MODEL_GAS_H
#define MODEL_GAS_H

#include "base/number.h"

enum gas { GAS_CO2_FOSSIL = 0, GAS_CO2_BIOGENIC = 1, GAS_CH4_FOSSIL = 2, GAS_CH4_BIOGENIC = 3,
           GAS_N2O = 4, GAS_COUNT };

/* "co2", "co2_biogenic", "ch4", "ch4_biogenic", "n2o". NULL-ended. */
extern const char *const gas_names[];

enum gwp_set { GWP_SAR, GWP_AR4, GWP_AR5, GWP_AR6, GWP_SET_COUNT };

/* "SAR", "AR4", "AR5", "AR6". NULL-ended. */
extern const char *const gwp_set_names[];

/* kg CO2e per kg. Biogenic CO2 is 0: it stands on its own line, outside the total. */
struct decimal gwp_of(enum gwp_set set, enum gas gas);

#endif
