/* Global warming potentials over 100 years, as decimals, so that CO2e is a product of integers.
 *
 * Sources, per set:
 *   SAR  IPCC Second Assessment Report, WG I (1995), Technical Summary, table 4.
 *   AR4  IPCC Fourth Assessment Report, WG I (2007), chapter 2, table 2.14, errata included.
 *   AR5  IPCC Fifth Assessment Report, WG I (2013), chapter 8, table 8.A.1, without climate-carbon
 *        feedbacks. The report also gives a higher value for fossil methane; the UNFCCC's common
 *        metrics (decision 18/CMA.1) take the table without it, and so do we: 28 for either origin.
 *   AR6  IPCC Sixth Assessment Report, WG I (2021), chapter 7, table 7.15: CH4-fossil 29.8, CH4-non
 *        fossil 27.0, N2O 273; the same figures in the GHG Protocol's list of August 2024. The 27.9
 *        that is quoted at times is table 7.SM.7 of the supplement: methane of no stated origin. A
 *        factor here always states it, so 27.9 has no place.
 *
 * Before AR6 a set has one methane. Biogenic CO2 is 0 in every set: it is reported on a line of its
 * own (GHG Protocol, Corporate Standard, chapter 9), never in the total. */
#include "model/gas.h"

#include <stddef.h>

const char *const gas_names[] = { "co2", "co2_biogenic", "ch4", "ch4_biogenic", "n2o", NULL };

const char *const gwp_set_names[] = { "SAR", "AR4", "AR5", "AR6", NULL };

/* In the order of enum gas: CO2 fossil and biogenic, CH4 fossil and biogenic, N2O. */
static const struct decimal gwp_100[GWP_SET_COUNT][GAS_COUNT] = {
    [GWP_SAR] = { { 1, 0 }, { 0, 0 }, { 21, 0 }, { 21, 0 }, { 310, 0 } },
    [GWP_AR4] = { { 1, 0 }, { 0, 0 }, { 25, 0 }, { 25, 0 }, { 298, 0 } },
    [GWP_AR5] = { { 1, 0 }, { 0, 0 }, { 28, 0 }, { 28, 0 }, { 265, 0 } },
    [GWP_AR6] = { { 1, 0 }, { 0, 0 }, { 298, 1 }, { 270, 1 }, { 273, 0 } },
};

struct decimal gwp_of(enum gwp_set set, enum gas gas)
{
    return gwp_100[set][gas];
}
