/* The option tables of derived points. What a formula leaves open stands under `with`, which the plan keeps
 * as text and plan_derive.c reads by the table here: a plain point has one empty line of it in the canonical
 * form, and not forty. */
#include <stddef.h>

#include "model/plan_parts.h"

const char *const formula_names[] = { "none", "sum", "stack", "fuel_factor", "heat", "gas_reference", NULL };
const char *const slot_names[] = { "amount",   "flow",        "concentration", "moisture",
                                   "oxygen",   "temperature", "pressure",      "return_temperature",
                                   NULL };
const char *const hour_rule_names[] = { "eu_mrr", "part_75", "hj_75", NULL };
static const char *const medium_choices[] = { "steam", "saturated_steam", "hot_water", NULL };

const struct option derive_input_options[] = {
    { .name = "as", .type = OPT_CHOICE, .at = offsetof(struct derive_input, slot), .choices = slot_names,
      .preset = "amount", .help = "What the input is to the formula." },
    { .name = "point", .type = OPT_STRING, .at = offsetof(struct derive_input, point_ref),
      .is_required = true, .min = "1", .max = "129",
      .help = "Point of the same site as device/point, or a point of the same device." },
    { .name = "coefficient", .type = OPT_DECIMAL, .at = offsetof(struct derive_input, coefficient),
      .preset = "1", .help = "Of a sum: what the amount is multiplied by; -1 takes it away." },
    { .name = NULL }
};

#define TEXT(key, member, words)                                                                    \
    { .name = key, .type = OPT_STRING, .at = offsetof(struct derive_with, member), .help = words }

const struct option derive_with_options[] = {
    TEXT("source", source, "Where the constants are from: laboratory, supplier, guideline; with the edition."),
    TEXT("moisture_percent", moisture_percent, "Water in the gas by volume, in place of an input."),
    TEXT("oxygen_percent", oxygen_percent, "Oxygen in the dry gas by volume, in place of an input."),
    TEXT("temperature_degc", temperature_degc, "Temperature, in place of an input."),
    TEXT("pressure_bar", pressure_bar, "Absolute pressure, in place of an input."),
    TEXT("oxygen_reference_percent", oxygen_reference_percent,
         "stack: the oxygen that the flow is normalised to; the concentration is then brought to it."),
    TEXT("concentration_oxygen_percent", concentration_oxygen_percent,
         "stack: the oxygen that the analyser itself has normalised the concentration to."),
    TEXT("molar_mass", molar_mass, "g/mol: of a concentration by volume, as ppm."),
    { .name = "hour_rule", .type = OPT_CHOICE, .at = offsetof(struct derive_with, hour_rule),
      .choices = hour_rule_names, .preset = "eu_mrr",
      .help = "stack and fuel_factor: when an interval has enough valid values." },
    { .name = "stamped_at_end", .type = OPT_BOOL, .at = offsetof(struct derive_with, is_stamped_at_end),
      .preset = "false", .help = "Whether a gauge's value stands for the time before its stamp." },
    { .name = "medium", .type = OPT_CHOICE, .at = offsetof(struct derive_with, medium),
      .choices = medium_choices, .preset = "steam", .help = "heat: what carries it." },
    TEXT("enthalpy", enthalpy, "heat: kJ/kg, declared in place of temperature and pressure."),
    TEXT("base_enthalpy", base_enthalpy, "heat of steam: kJ/kg that is taken off; absent: 83.74, water of 20 degC."),
    TEXT("base_temperature_degc", base_temperature_degc,
         "heat of hot water: what its temperature is counted from; absent: 20."),
    TEXT("specific_heat", specific_heat, "heat of hot water: kJ/(kg K); absent: 4.1868."),
    TEXT("compressibility", compressibility, "gas_reference: Z as it flows; absent: 1."),
    TEXT("reference_compressibility", reference_compressibility, "gas_reference: Z at the reference; absent: 1."),
    TEXT("fuel_factor", fuel_factor, "fuel_factor: dry flue gas in scf (68 degF) per MMBtu, as 8710."),
    TEXT("carbon", carbon, "fuel_factor from the fuel's analysis, percent by mass."),
    TEXT("hydrogen", hydrogen, "Of the same analysis."),
    TEXT("sulfur", sulfur, "Of the same analysis."),
    TEXT("nitrogen", nitrogen, "Of the same analysis."),
    TEXT("oxygen", oxygen, "Of the same analysis."),
    TEXT("calorific_value", calorific_value, "Of the same analysis: gross, Btu/lb."),
    { .name = NULL }
};
