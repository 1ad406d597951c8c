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
 * The fluorinated gases of all four: the GHG Protocol's list of 2016 for the first three, table 7.SM.7 of
 * the supplement for AR6, as openclimatedata/globalwarmingpotentials has them. A species without figures
 * here has its mass and no CO2e: a potential from memory would be worse than none.
 *
 * Before AR6 a set has one methane. Biogenic CO2 is 0 in every set: it is reported on a line of its
 * own (GHG Protocol, Corporate Standard, chapter 9), never in the total. HCFC-22 is no Kyoto gas: it is
 * told by its mass alone and has no potential here, whatever the reports say of it. */
#include "model/gas.h"

#include <string.h>
#include <strings.h>

const char *const gwp_set_names[] = { "SAR", "AR4", "AR5", "AR6", NULL };

struct species {
    enum gas gas;
    const char *name, *formula;              /* formula: NULL where the name is one */
    struct decimal gwp_100[GWP_SET_COUNT];   /* SAR, AR4, AR5, AR6 */
    uint8_t sets;                            /* bit per set that has a value */
};

#define ALL    0xfu
#define NO_SAR 0xeu

/* In the order of the numbers. */
static const struct species species[] = {
    { GAS_CO2_FOSSIL, "CO2", NULL, { { 1, 0 }, { 1, 0 }, { 1, 0 }, { 1, 0 } }, ALL },
    { GAS_CO2_BIOGENIC, "CO2_biogenic", NULL, { { 0, 0 }, { 0, 0 }, { 0, 0 }, { 0, 0 } }, ALL },
    { GAS_CH4_FOSSIL, "CH4", NULL, { { 21, 0 }, { 25, 0 }, { 28, 0 }, { 298, 1 } }, ALL },
    { GAS_CH4_BIOGENIC, "CH4_biogenic", NULL, { { 21, 0 }, { 25, 0 }, { 28, 0 }, { 270, 1 } }, ALL },
    { GAS_N2O, "N2O", NULL, { { 310, 0 }, { 298, 0 }, { 265, 0 }, { 273, 0 } }, ALL },
    { GAS_SF6, "SF6", NULL, { { 23900, 0 }, { 22800, 0 }, { 23500, 0 }, { 25200, 0 } }, ALL },
    { GAS_NF3, "NF3", NULL, { { 0, 0 }, { 17200, 0 }, { 16100, 0 }, { 17400, 0 } }, NO_SAR },
    { GAS_HFC_23, "HFC-23", NULL, { { 11700, 0 }, { 14800, 0 }, { 12400, 0 }, { 14600, 0 } }, ALL },
    { GAS_HFC_32, "HFC-32", NULL, { { 650, 0 }, { 675, 0 }, { 677, 0 }, { 771, 0 } }, ALL },
    { .gas = GAS_HFC_41, .name = "HFC-41" },
    { GAS_HFC_125, "HFC-125", NULL, { { 2800, 0 }, { 3500, 0 }, { 3170, 0 }, { 3740, 0 } }, ALL },
    { .gas = GAS_HFC_134, .name = "HFC-134" },
    { GAS_HFC_134A, "HFC-134a", NULL, { { 1300, 0 }, { 1430, 0 }, { 1300, 0 }, { 1530, 0 } }, ALL },
    { .gas = GAS_HFC_143, .name = "HFC-143" },
    { GAS_HFC_143A, "HFC-143a", NULL, { { 3800, 0 }, { 4470, 0 }, { 4800, 0 }, { 5810, 0 } }, ALL },
    { .gas = GAS_HFC_152, .name = "HFC-152" },
    { GAS_HFC_152A, "HFC-152a", NULL, { { 140, 0 }, { 124, 0 }, { 138, 0 }, { 164, 0 } }, ALL },
    { .gas = GAS_HFC_161, .name = "HFC-161" },
    { GAS_HFC_227EA, "HFC-227ea", NULL, { { 2900, 0 }, { 3220, 0 }, { 3350, 0 }, { 3600, 0 } }, ALL },
    { .gas = GAS_HFC_236CB, .name = "HFC-236cb" },
    { .gas = GAS_HFC_236EA, .name = "HFC-236ea" },
    { .gas = GAS_HFC_236FA, .name = "HFC-236fa" },
    { .gas = GAS_HFC_245CA, .name = "HFC-245ca" },
    { .gas = GAS_HFC_245FA, .name = "HFC-245fa" },
    { .gas = GAS_HFC_365MFC, .name = "HFC-365mfc" },
    { .gas = GAS_HFC_43_10MEE, .name = "HFC-43-10mee" },
    { GAS_PFC_14, "PFC-14", "CF4", { { 6500, 0 }, { 7390, 0 }, { 6630, 0 }, { 7380, 0 } }, ALL },
    { GAS_PFC_116, "PFC-116", "C2F6", { { 9200, 0 }, { 12200, 0 }, { 11100, 0 }, { 12400, 0 } }, ALL },
    { .gas = GAS_PFC_218, .name = "PFC-218", .formula = "C3F8" },
    { .gas = GAS_PFC_C318, .name = "PFC-c318", .formula = "c-C4F8" },
    { .gas = GAS_PFC_31_10, .name = "PFC-31-10", .formula = "C4F10" },
    { .gas = GAS_PFC_41_12, .name = "PFC-41-12", .formula = "C5F12" },
    { .gas = GAS_PFC_51_14, .name = "PFC-51-14", .formula = "C6F14" },
    { .gas = GAS_PFC_91_18, .name = "PFC-91-18", .formula = "C10F18" },
    { .gas = GAS_CO2E, .name = "CO2e" },
    { .gas = GAS_HCFC_22, .name = "HCFC-22" },
};

#define SPECIES (sizeof species / sizeof species[0])

_Static_assert(SPECIES < GAS_SPECIES, "a list of all species has room for one more");

static const char *const names[SPECIES + 1] = {
    "CO2", "CO2_biogenic", "CH4", "CH4_biogenic", "N2O", "SF6", "NF3", "HFC-23", "HFC-32", "HFC-41",
    "HFC-125", "HFC-134", "HFC-134a", "HFC-143", "HFC-143a", "HFC-152", "HFC-152a", "HFC-161",
    "HFC-227ea", "HFC-236cb", "HFC-236ea", "HFC-236fa", "HFC-245ca", "HFC-245fa", "HFC-365mfc",
    "HFC-43-10mee", "PFC-14", "PFC-116", "PFC-218", "PFC-c318", "PFC-31-10", "PFC-41-12", "PFC-51-14",
    "PFC-91-18", "CO2e", "HCFC-22", NULL
};

static const struct species *find(enum gas gas)
{
    for (size_t i = 0; i < SPECIES; i++)
        if (species[i].gas == gas)
            return &species[i];
    return NULL;
}

const char *gas_name(enum gas gas)
{
    const struct species *found = find(gas);
    return found ? found->name : NULL;
}

enum gas gas_by_name(const char *name)
{
    for (size_t i = 0; name && i < SPECIES; i++)
        if (strcasecmp(species[i].name, name) == 0 ||
            (species[i].formula && strcasecmp(species[i].formula, name) == 0))
            return species[i].gas;
    return GAS_NONE;
}

const char *const *gas_names(void)
{
    return names;
}

bool gwp_of(enum gwp_set set, enum gas gas, struct decimal *out)
{
    const struct species *found = find(gas);
    if (!found || !(found->sets & 1u << set))
        return false;
    *out = found->gwp_100[set];
    return true;
}

struct gas_mass *gas_mass_of(struct gas_mass *list, size_t *n, enum gas gas)
{
    size_t i = 0;
    while (i < *n && list[i].gas < gas)
        i++;
    if (i < *n && list[i].gas == gas)
        return &list[i];
    memmove(list + i + 1, list + i, (*n - i) * sizeof *list);
    list[i] = (struct gas_mass){ .gas = gas };
    ++*n;
    return &list[i];
}

const struct gas_mass *gas_mass_find(const struct gas_mass *list, size_t n, enum gas gas)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].gas == gas)
            return &list[i];
    return NULL;
}
