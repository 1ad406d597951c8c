/* The table of units. Its rows stand in unit_table.h, from which names and units are made alike. The
 * definitions all end after few digits, so every row is exact.
 *
 * Sources: SI brochure, 9th edition (2019), table 8 (L, t) and 1 Wh = 3600 J; UCUM 2.2 for the codes and
 * for Btu, cal, pound, tons, gallons, barrel and cubic foot (NIST Handbook 44, appendix C gives the
 * same); GB/T 2589 for the coal equivalent that it prints; ISO 13443 for the 15 degrees of the Sm3, DIN
 * 1343 for the 0 degrees of the Nm3, 40 CFR 98 for the 68 degrees of the scf.
 *
 * What people write without saying which is refused, with the alternatives: a plain Btu or cal is
 * thermochemical to UCUM and of the International Table to everybody else, a bar may be gauge or
 * absolute, an scf is of 60 or of 68 degrees. Reactive and apparent energy have no place here: no
 * factor is for them. */
#include "model/unit.h"

#include <stddef.h>
#include <string.h>

static const struct unit units[] = {
#define UNIT(number, name, ucum, dimension, num, den, basis, offset_num, offset_den)                     \
    { number, name, ucum, DIMENSION_##dimension, BASIS_##basis, { num, den }, { offset_num, offset_den } },
#include "model/unit_table.h"
#undef UNIT
};

/* In the order of the table. */
static const char *const names[] = {
#define UNIT(number, name, ucum, dimension, num, den, basis, offset_num, offset_den) name,
#include "model/unit_table.h"
#undef UNIT
    NULL
};

#define UNITS (sizeof units / sizeof units[0])

static const struct {
    const char *name, *alternatives;
} unclear[] = {
    { "Btu", "Btu_IT, Btu_th, Btu_59F or Btu_60F" },
    { "BTU", "Btu_IT, Btu_th, Btu_59F or Btu_60F" },
    { "MMBtu", "MMBtu_IT, MMBtu_IT.net or MMBtu_IT.gross" },
    { "mmBtu", "MMBtu_IT, MMBtu_IT.net or MMBtu_IT.gross" },
    { "cal", "cal_IT or cal_th" },
    { "kcal", "kcal_IT or kcal_th" },
    { "Mcal", "Mcal_IT, or kcal_th with a multiplier of 1000" },
    { "Gcal", "Gcal_IT, or kcal_th with a multiplier of 1000000" },
    { "therm", "therm_IT or therm_US" },
    { "ton", "t, short_ton or long_ton" },
    { "tons", "t, short_ton or long_ton" },
    { "gal", "US_gal or UK_gal" },
    { "gallon", "US_gal or UK_gal" },
    { "bbl", "US_bbl" },
    { "scf", "scf_60F or scf_68F" },
    { "scfh", "scf_60F/h or scf_68F/h" },
    { "scfm", "scf_68F/min or scf_68F.dry/min" },
    { "dscf", "scf_68F.dry" },
    { "Pa", "Pa.abs or Pa.gauge" },
    { "kPa", "kPa.abs or kPa.gauge" },
    { "MPa", "MPa.abs or MPa.gauge" },
    { "mbar", "mbar.abs or mbar.gauge" },
    { "bar", "bar.abs or bar.gauge" },
    { "psi", "psi.abs or psi.gauge" },
    { "mmHg", "mmHg.abs or mmHg.gauge" },
    { "atm", "atm.abs" },
    { "%", "%vol, %vol.dry, %vol.wet or %mass" },
    { "ppm", "ppm_vol, ppm_vol.dry, ppm_vol.wet or ppm_mass" },
    { "ppb", "ppb_vol, ppb_vol.dry or ppb_vol.wet" },
    { "hp", "hp_mech, or kW with a multiplier" },
    { "kvar", "kW: reactive power has no emissions" },
    { "kvarh", "kWh: reactive energy has no emissions" },
    { "kVA", "kW: apparent power has no emissions" },
    { "kVAh", "kWh: apparent energy has no emissions" },
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

const char *unit_alternatives(const char *name)
{
    for (size_t i = 0; name && i < sizeof unclear / sizeof *unclear; i++)
        if (strcmp(unclear[i].name, name) == 0)
            return unclear[i].alternatives;
    return NULL;
}

/* The unit of 1 to the base; the first of the table, which is the one named in the header. */
static const struct unit *unit_of_one(enum dimension d, enum basis basis)
{
    for (size_t i = 0; i < UNITS; i++)
        if (units[i].dimension == d && units[i].basis == basis && units[i].offset.num == 0 &&
            units[i].to_base.num == units[i].to_base.den)
            return &units[i];
    return NULL;
}

const struct unit *unit_base(enum dimension d)
{
    switch (d) {
    case DIMENSION_PRESSURE:
        return unit_of_one(d, BASIS_ABSOLUTE);
    case DIMENSION_FRACTION:
        return unit_of_one(d, BASIS_VOL);
    default:
        return unit_of_one(d, BASIS_NONE);
    }
}

/* Where the table has no unit of 1 with the basis (scf), the smallest that has it will do: what counts is
 * the dimension and the basis, amounts are in base units. */
static const struct unit *unit_with(enum dimension d, enum basis basis)
{
    const struct unit *one = unit_of_one(d, basis);
    for (size_t i = 0; !one && i < UNITS; i++)
        if (units[i].dimension == d && units[i].basis == basis)
            one = &units[i];
    return one;
}

const struct unit *unit_integrated(const struct unit *rate)
{
    switch (rate->dimension) {
    case DIMENSION_POWER:
        return unit_with(DIMENSION_ENERGY, rate->basis);
    case DIMENSION_MASS_RATE:
        return unit_with(DIMENSION_MASS, rate->basis);
    case DIMENSION_VOLUME_RATE:
        return unit_with(DIMENSION_VOLUME, rate->basis);
    case DIMENSION_COUNT:
        return unit_with(DIMENSION_COUNT_TIME, rate->basis);
    default:
        return NULL;
    }
}

int unit_convert(struct fraction value, const struct unit *from, const struct unit *to,
                 struct fraction *out)
{
    struct fraction base, back = { -to->offset.num, to->offset.den };
    if (!unit_mixes(from, to))
        return UNIT_MISMATCH;
    int rc = fraction_multiply(value, fraction_of_ratio(from->to_base), &base);
    rc = rc ? rc : fraction_add(base, fraction_of_ratio(from->offset), &base);
    rc = rc ? rc : fraction_add(base, back, &base);
    return rc ? rc : fraction_divide(base, fraction_of_ratio(to->to_base), out);
}

/* R of the SI since 2019, 8.31446261815324 J/(mol K), is exact. */
int unit_molar_volume(const struct unit *volume, struct fraction *per_mol)
{
    static const struct fraction gas_constant = { 831446261815324, 100000000000000 };
    const struct conditions *at = unit_conditions(volume->basis);
    struct fraction out;
    if (volume->dimension != DIMENSION_VOLUME || at->temperature_mk == 0)
        return UNIT_MISMATCH;
    /* 60 degF has no whole millikelvin: it is 51967/180 K. */
    struct fraction kelvin = { at->temperature_mk, 1000 };
    if (volume->basis == BASIS_F60)
        kelvin = (struct fraction){ 51967, 180 };
    int rc = fraction_multiply(gas_constant, kelvin, &out);
    rc = rc ? rc : fraction_divide(out, (struct fraction){ at->pressure_pa, 1 }, &out);
    return rc ? rc : fraction_divide(out, fraction_of_ratio(volume->to_base), per_mol);
}

const struct conditions *unit_conditions(enum basis basis)
{
    static const struct conditions conditions[BASIS_COUNT] = {
        [BASIS_NET] = { .calorific = CALORIFIC_NET },
        [BASIS_GROSS] = { .calorific = CALORIFIC_GROSS },
        [BASIS_DRY] = { .moisture = MOISTURE_DRY },
        [BASIS_N] = { 273150, 101325, MOISTURE_NONE, CALORIFIC_NONE },
        [BASIS_N_DRY] = { 273150, 101325, MOISTURE_DRY, CALORIFIC_NONE },
        [BASIS_N_WET] = { 273150, 101325, MOISTURE_WET, CALORIFIC_NONE },
        [BASIS_S15] = { 288150, 101325, MOISTURE_NONE, CALORIFIC_NONE },
        [BASIS_S15_DRY] = { 288150, 101325, MOISTURE_DRY, CALORIFIC_NONE },
        [BASIS_S15_WET] = { 288150, 101325, MOISTURE_WET, CALORIFIC_NONE },
        [BASIS_C20] = { 293150, 101325, MOISTURE_NONE, CALORIFIC_NONE },
        [BASIS_F60] = { 288706, 101325, MOISTURE_NONE, CALORIFIC_NONE },
        [BASIS_F68] = { 293150, 101325, MOISTURE_NONE, CALORIFIC_NONE },
        [BASIS_F68_DRY] = { 293150, 101325, MOISTURE_DRY, CALORIFIC_NONE },
        [BASIS_F68_WET] = { 293150, 101325, MOISTURE_WET, CALORIFIC_NONE },
        [BASIS_VOL_DRY] = { .moisture = MOISTURE_DRY },
        [BASIS_VOL_WET] = { .moisture = MOISTURE_WET },
    };
    return &conditions[basis];
}

const char *basis_name(enum basis basis)
{
    static const char *const basis_names[BASIS_COUNT] = {
        "", "net", "gross", "dry", "at 0 degC", "dry at 0 degC", "wet at 0 degC", "at 15 degC",
        "dry at 15 degC", "wet at 15 degC", "at 20 degC", "at 60 degF", "at 68 degF", "dry at 68 degF",
        "wet at 68 degF", "absolute", "gauge", "by volume", "by dry volume", "by wet volume", "by mass"
    };
    return basis_names[basis];
}

const char *const *unit_names(void)
{
    return names;
}

const char *dimension_name(enum dimension d)
{
    static const char *const dimension_names[DIMENSION_COUNT_OF_ALL] = {
        "none", "energy", "mass", "volume", "count", "count over time", "power", "mass rate",
        "volume rate", "temperature", "pressure", "concentration", "fraction", "specific energy", "density"
    };
    return dimension_names[d];
}
