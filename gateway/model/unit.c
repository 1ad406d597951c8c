/* The table of units. Each ratio is the defining figure over the base unit, in lowest terms, so that a
 * conversion is one multiplication and one division of integers; the definition stands beside every
 * row that is not a power of ten. The definitions all end after few digits, so every row is exact.
 *
 * Sources: SI brochure, 9th edition (2019), table 8 (L, t) and 1 Wh = 3600 J; UCUM 2.2 for the codes
 * and for Btu_IT, cal_IT, pound, tons, gallons, barrel and cubic foot (NIST Handbook 44, appendix C
 * gives the same). There is no plain "Btu" or "cal": UCUM's and everybody's differ, so a plan must say
 * which, and only the International Table's are here. */
#include "model/unit.h"

#include <stddef.h>
#include <string.h>

static const struct unit units[] = {
    { 1, "Wh", "W.h", DIMENSION_ENERGY, { 1, 1 } },
    { 2, "kWh", "kW.h", DIMENSION_ENERGY, { 1000, 1 } },
    { 3, "MWh", "MW.h", DIMENSION_ENERGY, { 1000000, 1 } },
    { 4, "GWh", "GW.h", DIMENSION_ENERGY, { 1000000000, 1 } },
    { 5, "J", "J", DIMENSION_ENERGY, { 1, 3600 } },
    { 6, "kJ", "kJ", DIMENSION_ENERGY, { 5, 18 } },
    { 7, "MJ", "MJ", DIMENSION_ENERGY, { 2500, 9 } },
    { 8, "GJ", "GJ", DIMENSION_ENERGY, { 2500000, 9 } },
    { 9, "TJ", "TJ", DIMENSION_ENERGY, { 2500000000, 9 } },
    /* 1055.05585262 J */
    { 10, "Btu_IT", "[Btu_IT]", DIMENSION_ENERGY, { 52752792631, 180000000000 } },
    { 11, "MMBtu_IT", "10*6.[Btu_IT]", DIMENSION_ENERGY, { 52752792631, 180000 } },
    { 12, "therm_IT", "10*5.[Btu_IT]", DIMENSION_ENERGY, { 52752792631, 1800000 } },
    /* 4186.8 J */
    { 13, "kcal_IT", "kcal_IT", DIMENSION_ENERGY, { 1163, 1000 } },
    { 14, "Gcal_IT", "Gcal_IT", DIMENSION_ENERGY, { 1163000, 1 } },

    { 20, "g", "g", DIMENSION_MASS, { 1, 1 } },
    { 21, "kg", "kg", DIMENSION_MASS, { 1000, 1 } },
    { 22, "t", "t", DIMENSION_MASS, { 1000000, 1 } },
    { 23, "lb", "[lb_av]", DIMENSION_MASS, { 45359237, 100000 } },       /* 453.59237 g */
    { 24, "short_ton", "[ston_av]", DIMENSION_MASS, { 45359237, 50 } },  /* 2000 lb */
    { 25, "long_ton", "[lton_av]", DIMENSION_MASS, { 635029318, 625 } }, /* 2240 lb */

    { 30, "m3", "m3", DIMENSION_VOLUME, { 1, 1 } },
    { 31, "L", "L", DIMENSION_VOLUME, { 1, 1000 } },
    { 32, "US_gal", "[gal_us]", DIMENSION_VOLUME, { 473176473, 125000000000 } }, /* 231 in3 */
    { 33, "UK_gal", "[gal_br]", DIMENSION_VOLUME, { 454609, 100000000 } },       /* 4.54609 L */
    { 34, "US_bbl", "[bbl_us]", DIMENSION_VOLUME, { 9936705933, 62500000000 } }, /* 42 US_gal */
    { 35, "cft", "[cft_i]", DIMENSION_VOLUME, { 55306341, 1953125000 } },        /* (0.3048 m)^3 */
};

#define UNITS (sizeof units / sizeof units[0])

/* In the order of the table. */
static const char *const names[UNITS + 1] = {
    "Wh", "kWh", "MWh", "GWh", "J", "kJ", "MJ", "GJ", "TJ", "Btu_IT", "MMBtu_IT", "therm_IT",
    "kcal_IT", "Gcal_IT", "g", "kg", "t", "lb", "short_ton", "long_ton", "m3", "L", "US_gal",
    "UK_gal", "US_bbl", "cft", NULL
};

const struct unit *unit_by_name(const char *name)
{
    for (size_t i = 0; name && i < UNITS; i++)
        if (strcmp(units[i].name, name) == 0)
            return &units[i];
    return NULL;
}

const struct unit *unit_by_number(uint32_t number)
{
    for (size_t i = 0; i < UNITS; i++)
        if (units[i].number == number)
            return &units[i];
    return NULL;
}

const struct unit *unit_base(enum dimension d)
{
    for (size_t i = 0; i < UNITS; i++)
        if (units[i].dimension == d && units[i].to_base.num == units[i].to_base.den)
            return &units[i];
    return NULL;
}

const char *const *unit_names(void)
{
    return names;
}

const char *dimension_name(enum dimension d)
{
    static const char *const dimension_names[] = { "none", "energy", "mass", "volume" };
    return dimension_names[d];
}
