/* The option tables of the plan: every key of the part of the document that bears on meaning, and thus
 * of the canonical form in the log book. The order of the rows is the order of the canonical form:
 * moving a row changes every hash. What a table cannot say (one thing against another) is checked in
 * plan_check.c and its parts.
 *
 * Gases of a factor are texts here and decimals after the check, since an absent gas (not covered) is
 * not a gas of 0 (covered, and none). */
#include <stddef.h>

#include "model/plan_parts.h"

static const char *const kind_choices[] = { "register", "interval", "state", "gauge", "event", "derived",
                                            NULL };
static const char *const role_choices[] = { "fiscal", "sub", "check", NULL };
static const char *const direction_choices[] = { "import", "export", "generation", NULL };
static const char *const stamp_choices[] = { "end", "start", NULL };
static const char *const integrate_choices[] = { "trapezoid", "previous", NULL };
static const char *const every_choices[] = { "1h", "15min", NULL };
static const char *const scope_choices[] = { "1", "2", "3", NULL };
static const char *const co2e_set_choices[] = { "SAR", "AR4", "AR5", "AR6", "unspecified", NULL };
static const char *const smallest_choices[] = { "1min", "15min", NULL };

static const char *const carry_choices[] = { "no", "provisional", NULL };

static const char *const method_choices[] = { "direct", "energy_ef", "ncv_cc_of", "gas_mass", "blend", NULL };

static const struct option topic_options[] = {
    { .name = "topic", .type = OPT_STRING, .at = offsetof(struct topic_rule, pattern),
      .is_required = true, .min = "1", .max = "1024",
      .help = "Topic filter; {site}, {device} and {region} mark where they stand, + and a last # match any." },
    { .name = "decoder", .type = OPT_NAME, .at = offsetof(struct topic_rule, decoder),
      .is_required = true,
      .help = "What the payload is: reading, batch, intensity (of a grid), or the name of a plugin." },
    { .name = "options", .type = OPT_RAW, .at = offsetof(struct topic_rule, options),
      .help = "Options of the plugin." },
    { .name = NULL }
};

static const struct option species_options[] = {
    { .name = "gas", .type = OPT_NAME, .at = offsetof(struct factor_species, name), .is_required = true,
      .help = "Species, as HFC-134a, SF6 or PFC-14; CO2e where the source tells no gases." },
    { .name = "kg", .type = OPT_STRING, .at = offsetof(struct factor_species, kg_text),
      .is_required = true, .min = "1", .help = "kg of it per unit." },
    { .name = NULL }
};

static const struct option factor_options[] = {
    { .name = "id", .type = OPT_NAME, .at = offsetof(struct factor, id), .is_required = true,
      .help = "Name by which streams refer to the factor; rows of one id follow each other in time." },
    { .name = "version", .type = OPT_STRING, .at = offsetof(struct factor, version),
      .help = "Edition of the publication." },
    { .name = "series", .type = OPT_STRING, .at = offsetof(struct factor, series),
      .help = "Tells apart factors that share everything else." },
    { .name = "source", .type = OPT_STRING, .at = offsetof(struct factor, source), .is_required = true,
      .min = "1", .help = "The publication that the figures are from: an auditor asks." },
    { .name = "published", .type = OPT_DATE, .at = offsetof(struct factor, published_date),
      .help = "Day of publication." },
    { .name = "valid_from", .type = OPT_DATE, .at = offsetof(struct factor, valid_from_date),
      .min = "1900-01-01", .max = "2999-12-31",
      .help = "First day of validity, in the site's zone; absent: since ever." },
    { .name = "valid_to", .type = OPT_DATE, .at = offsetof(struct factor, valid_to_date),
      .min = "1900-01-01", .max = "2999-12-31",
      .help = "Last day of validity, inclusive; absent: open." },
    { .name = "per", .type = OPT_STRING, .at = offsetof(struct factor, unit_name), .is_required = true,
      .min = "1", .max = "64",
      .help = "Unit of activity that the figures are for, as kWh." },
    { .name = "co2", .type = OPT_STRING, .at = offsetof(struct factor, kg_text[0]),
      .help = "kg of fossil CO2 per unit; absent: not covered, which is not 0." },
    { .name = "co2_biogenic", .type = OPT_STRING,
      .at = offsetof(struct factor, kg_text[1]),
      .help = "kg of biogenic CO2 per unit: reported beside the total." },
    { .name = "ch4", .type = OPT_STRING, .at = offsetof(struct factor, kg_text[2]),
      .help = "kg of fossil CH4 per unit." },
    { .name = "ch4_biogenic", .type = OPT_STRING,
      .at = offsetof(struct factor, kg_text[3]),
      .help = "kg of biogenic CH4 per unit." },
    { .name = "n2o", .type = OPT_STRING, .at = offsetof(struct factor, kg_text[4]),
      .help = "kg of N2O per unit." },
    { .name = "gases", .type = OPT_LIST, .at = offsetof(struct factor, species_list),
      .rows = species_options, .row_size = sizeof(struct factor_species),
      .help = "Gases that have no key of their own." },
    { .name = "uncertainty", .type = OPT_STRING, .at = offsetof(struct factor, uncertainty),
      .help = "Percent, half the width of the 95 % interval: 1.5, or by gas co2:1;ch4:50;n2o:50; absent: not known." },
    { .name = "gwp_set", .type = OPT_CHOICE, .at = offsetof(struct factor, co2e_set_choice),
      .choices = co2e_set_choices, .preset = "unspecified",
      .help = "Of a gas CO2e: the IPCC report whose potentials its source took." },
    { .name = "method", .type = OPT_CHOICE, .at = offsetof(struct factor, method),
      .choices = method_choices, .preset = "direct",
      .help = "direct: so much per unit; energy_ef: per energy of a fuel; ncv_cc_of: from the fuel's carbon; gas_mass: "
              "the amount is the gas; blend: it is a mix of gases." },
    { .name = "calorific_value", .type = OPT_STRING, .at = offsetof(struct factor, calorific_value),
      .help = "Energy of the fuel per mass or volume, where activity and figures differ in that." },
    { .name = "calorific_unit", .type = OPT_STRING, .at = offsetof(struct factor, calorific_unit),
      .help = "Two units, as GJ/t, TJ/Gg, kJ/Nm3 or MMBtu_IT.gross/short_ton." },
    { .name = "carbon_content", .type = OPT_STRING, .at = offsetof(struct factor, carbon_content),
      .help = "Carbon of the fuel per energy or mass; for ncv_cc_of." },
    { .name = "carbon_unit", .type = OPT_STRING, .at = offsetof(struct factor, carbon_unit),
      .help = "Two units, as t/GJ, t/TJ or t/t." },
    { .name = "oxidation", .type = OPT_STRING, .at = offsetof(struct factor, oxidation),
      .help = "Share of the fuel's carbon that becomes CO2, 0 to 1; absent: 1; for energy_ef and ncv_cc_of." },
    { .name = "density", .type = OPT_STRING, .at = offsetof(struct factor, density),
      .help = "Mass of the fuel per volume, where activity and figures differ in that." },
    { .name = "density_unit", .type = OPT_STRING, .at = offsetof(struct factor, density_unit),
      .help = "Two units, as kg/m3, kg/L or kg/Nm3." },
    { .name = "biogenic_fraction", .type = OPT_STRING, .at = offsetof(struct factor, biogenic_fraction),
      .help = "Share of the CO2 and CH4 that is of biomass, 0 to 1; absent: the gases tell." },
    { .name = "blend", .type = OPT_STRING, .at = offsetof(struct factor, blend),
      .help = "Gases of a mix and their shares by mass, which add up to 1, as HFC-32:0.50;HFC-125:0.50." },
    { .name = "carrier", .type = OPT_STRING, .at = offsetof(struct factor, carrier), .max = "64",
      .help = "Fuel, electricity or other carrier that the row is for." },
    { .name = "region", .type = OPT_STRING, .at = offsetof(struct factor, region), .max = "64",
      .help = "Region that the row is for." },
    { .name = "sector", .type = OPT_STRING, .at = offsetof(struct factor, sector), .max = "256",
      .help = "Sector that the row is for: CH4 and N2O of one fuel differ by it." },
    { .name = "confidence", .type = OPT_STRING, .at = offsetof(struct factor, confidence), .max = "64",
      .help = "How sure its source is, in the source's words." },
    { .name = NULL }
};

static const struct option factor_set_options[] = {
    { .name = "set", .type = OPT_NAME, .at = offsetof(struct factor_set, set), .is_required = true,
      .help = "Name of the set." },
    { .name = "version", .type = OPT_STRING, .at = offsetof(struct factor_set, version),
      .is_required = true, .min = "1", .help = "Its version." },
    { .name = "source", .type = OPT_STRING, .at = offsetof(struct factor_set, source), .is_required = true,
      .min = "1", .help = "The publication." },
    { .name = "published", .type = OPT_DATE, .at = offsetof(struct factor_set, published_date),
      .help = "Day of its publication." },
    { .name = "sha256", .type = OPT_STRING, .at = offsetof(struct factor_set, sha256),
      .help = "Of the file that it was read from." },
    { .name = "factors", .type = OPT_LIST, .at = offsetof(struct factor_set, factors_list),
      .rows = factor_options, .row_size = sizeof(struct factor), .help = "Its rows." },
    { .name = NULL }
};

static const struct option stream_options[] = {
    { .name = "id", .type = OPT_NAME, .at = offsetof(struct stream, id), .is_required = true,
      .help = "Name of the source stream within its site." },
    { .name = "scope", .type = OPT_CHOICE, .at = offsetof(struct stream, scope_choice),
      .choices = scope_choices, .is_required = true, .help = "Scope of the GHG Protocol." },
    { .name = "category", .type = OPT_STRING, .at = offsetof(struct stream, category),
      .help = "Category within the scope, as \"stationary combustion\"." },
    { .name = "carrier", .type = OPT_STRING, .at = offsetof(struct stream, carrier),
      .help = "What flows, as electricity or natural gas; totals are by carrier." },
    { .name = "tier", .type = OPT_STRING, .at = offsetof(struct stream, tier), .max = "64",
      .help = "Tier of the monitoring plan, told beside the stream." },
    { .name = "factor", .type = OPT_NAME, .at = offsetof(struct stream, factor_id),
      .help = "Emission factor; absent: activity alone, its emissions count as missing." },
    { .name = "series", .type = OPT_STRING, .at = offsetof(struct stream, series),
      .help = "Series of the factor, where it has several." },
    { .name = "carry_forward", .type = OPT_CHOICE, .at = offsetof(struct stream, carry_forward),
      .choices = carry_choices, .preset = "no",
      .help = "Beyond the end of the factor's last row: missing (no), or that row, flagged and restated when "
              "the next one comes (provisional)." },
    { .name = "intensity", .type = OPT_NAME, .at = offsetof(struct stream, region),
      .help = "Region whose grid intensity goes before the factor, as it arrives: actual, forecast, and only "
              "then the factor; for scope 2." },
    { .name = "scope3_category", .type = OPT_INT, .at = offsetof(struct stream, scope3_category),
      .preset = "0", .min = "0", .max = "15",
      .help = "Category of scope 3, as 3 for fuel- and energy-related; 0: none." },
    { .name = "activity_of", .type = OPT_NAME, .at = offsetof(struct stream, activity_of),
      .help = "Stream of the site whose activity this one of scope 3 takes, as losses of the grid do." },
    { .name = "supplier_factor", .type = OPT_NAME, .at = offsetof(struct stream, supplier_id),
      .help = "Factor of the supplier, for the market-based view of scope 2." },
    { .name = "residual_mix", .type = OPT_NAME, .at = offsetof(struct stream, residual_id),
      .help = "Factor of what nobody has claimed, for the market-based view of scope 2." },
    { .name = NULL }
};

static const struct option point_options[] = {
    { .name = "id", .type = OPT_NAME, .at = offsetof(struct point, id), .is_required = true,
      .help = "Name of the point as the device sends it." },
    { .name = "kind", .type = OPT_CHOICE, .at = offsetof(struct point, kind), .choices = kind_choices,
      .is_required = true,
      .help = "register: a cumulative counter; interval: the amount of a period; state: no amount; gauge: a rate "
              "or another value at an instant; event: an amount at an instant; derived: computed from others." },
    { .name = "unit", .type = OPT_STRING, .at = offsetof(struct point, unit_name), .max = "64",
      .help = "Unit of the value after the multiplier, as kWh; not for state." },
    { .name = "resolution", .type = OPT_DECIMAL, .at = offsetof(struct point, resolution),
      .preset = "0.000001", .help = "Smallest step that is counted, in the unit." },
    { .name = "stream", .type = OPT_NAME, .at = offsetof(struct point, stream_id),
      .help = "Source stream of the site that the amounts belong to; not for state." },
    { .name = "role", .type = OPT_CHOICE, .at = offsetof(struct point, role), .choices = role_choices,
      .preset = "fiscal", .help = "fiscal is totalled; sub and check are shown beside." },
    { .name = "direction", .type = OPT_CHOICE, .at = offsetof(struct point, direction),
      .choices = direction_choices, .preset = "import", .help = "Which way the amounts flow." },
    { .name = "interval", .type = OPT_DURATION, .at = offsetof(struct point, interval_us),
      .preset = "0s", .max = "31d",
      .help = "Length of the period that a reading covers; for interval." },
    { .name = "stamp", .type = OPT_CHOICE, .at = offsetof(struct point, stamp),
      .choices = stamp_choices, .preset = "end", .help = "Which end of its period an interval reading's time is." },
    { .name = "max_gap", .type = OPT_DURATION, .at = offsetof(struct point, max_gap_us),
      .preset = "1h", .min = "1s", .max = "400d",
      .help = "Silence up to which time counts as valid; a register's delta over more is bridged." },
    { .name = "multiplier", .type = OPT_DECIMAL, .at = offsetof(struct point, multiplier),
      .preset = "1", .help = "Value in the unit = value as sent x multiplier." },
    { .name = "modulus", .type = OPT_DECIMAL, .at = offsetof(struct point, modulus), .preset = "0",
      .min = "0", .help = "Where a register rolls over, in the value as sent; 0: nowhere." },
    { .name = "reset_from_zero", .type = OPT_BOOL, .at = offsetof(struct point, reset_from_zero),
      .preset = "false", .help = "Whether a register counts from 0 after a reset." },
    { .name = "max_rate", .type = OPT_DECIMAL, .at = offsetof(struct point, max_rate), .preset = "0",
      .min = "0", .help = "Greatest rate, in units per hour; 10 % more is let pass; 0: no limit." },
    { .name = "lateness", .type = OPT_DURATION, .at = offsetof(struct point, lateness_us),
      .preset = "0s", .max = "40d", .help = "As the plan's, for this point; 0s: the plan's." },
    { .name = "keep", .type = OPT_INT, .at = offsetof(struct point, keep), .preset = "0", .min = "0",
      .max = "1000000", .help = "As the plan's, for this point; 0: the plan's." },
    { .name = "integrate", .type = OPT_CHOICE, .at = offsetof(struct point, integrate),
      .choices = integrate_choices, .preset = "trapezoid",
      .help = "How a gauge's values become an amount: straight lines between them, or each holds until the "
              "next one, max_gap at most." },
    { .name = "period", .type = OPT_DURATION, .at = offsetof(struct point, period_us), .preset = "0s",
      .max = "31d", .help = "Nominal time from one reading to the next; 0s: not declared." },
    { .name = "min", .type = OPT_STRING, .at = offsetof(struct point, min_text),
      .help = "Least value in the unit of a gauge or an event; what is below is out of range." },
    { .name = "max", .type = OPT_STRING, .at = offsetof(struct point, max_text),
      .help = "Greatest value in the unit of a gauge or an event; what is above is out of range." },
    { .name = "calibrated_until", .type = OPT_DATE, .at = offsetof(struct point, calibrated_until_date),
      .min = "1900-01-01", .max = "2999-12-31",
      .help = "Last day of the calibration, in the site's zone; what is measured later is flagged." },
    { .name = "substitute", .type = OPT_TABLE, .at = offsetof(struct point, substitute),
      .rows = plan_substitute_options, .help = "How hours without valid values are filled." },
    { .name = "formula", .type = OPT_CHOICE, .at = offsetof(struct point, formula),
      .choices = formula_names, .preset = "none", .help = "How a derived point is computed from its inputs." },
    { .name = "every", .type = OPT_CHOICE, .at = offsetof(struct point, every_choice),
      .choices = every_choices, .preset = "1h",
      .help = "The interval over which a derived point takes its means; not of a sum." },
    { .name = "inputs", .type = OPT_LIST, .at = offsetof(struct point, inputs_list),
      .rows = derive_input_options, .row_size = sizeof(struct derive_input),
      .help = "What a derived point is computed from." },
    { .name = "with", .type = OPT_RAW, .at = offsetof(struct point, with),
      .help = "Constants and rules of a derived point's formula." },
    { .name = "parent", .type = OPT_STRING, .at = offsetof(struct point, parent_id),
      .help = "Of a sub or check meter: the meter it stands behind, POINT or DEVICE/POINT." },
    { .name = "uncertainty", .type = OPT_STRING, .at = offsetof(struct point, uncertainty),
      .help = "Percent of the value, half the width of the 95 % interval; absent: not known." },
    { .name = NULL }
};

static const struct option device_options[] = {
    { .name = "id", .type = OPT_NAME, .at = offsetof(struct device, id), .is_required = true,
      .help = "Name of the device within its site, as in the topic." },
    { .name = "idle", .type = OPT_DURATION, .at = offsetof(struct device, idle_us), .preset = "0s",
      .max = "40d", .help = "As the plan's, for this device; 0s: the plan's." },
    { .name = "points", .type = OPT_LIST, .at = offsetof(struct device, points_list),
      .rows = point_options, .row_size = sizeof(struct point), .help = "What the device measures." },
    { .name = NULL }
};

static const struct option site_options[] = {
    { .name = "id", .type = OPT_NAME, .at = offsetof(struct site, id), .is_required = true,
      .help = "Name of the site, as in the topic." },
    { .name = "zone", .type = OPT_STRING, .at = offsetof(struct site, zone_name), .is_required = true,
      .min = "1", .help = "IANA time zone of its days and months, as Asia/Seoul." },
    { .name = "region", .type = OPT_STRING, .at = offsetof(struct site, region),
      .help = "Region, for reports." },
    { .name = "organisation", .type = OPT_STRING, .at = offsetof(struct site, organisation), .max = "64",
      .help = "Whose site it is, in every summary's provenance." },
    { .name = "monitoring_plan", .type = OPT_STRING, .at = offsetof(struct site, monitoring_plan), .max = "64",
      .help = "Monitoring plan that the site is accounted by, and its edition; in every summary's provenance." },
    { .name = "periods", .type = OPT_CHOICES, .at = offsetof(struct site, periods),
      .choices = period_names, .preset = "[15min, hour, day, month]", .help = "Windows to publish." },
    { .name = "year_start", .type = OPT_STRING, .at = offsetof(struct site, year_start), .preset = "01-01",
      .help = "Month and day that its years begin with, as 04-01; for a fiscal year." },
    { .name = "smallest", .type = OPT_CHOICE, .at = offsetof(struct site, smallest),
      .choices = smallest_choices, .preset = "1min",
      .help = "Window that longer ones are summed from." },
    { .name = "grace", .type = OPT_DURATION, .at = offsetof(struct site, grace_us), .preset = "2min",
      .max = "40d", .help = "How far the site's time must pass a window's end before it closes." },
    { .name = "max_lag", .type = OPT_DURATION, .at = offsetof(struct site, max_lag_us),
      .preset = "15min", .max = "40d",
      .help = "A device further behind the site's newest is not waited for." },
    { .name = "restate_every", .type = OPT_DURATION, .at = offsetof(struct site, restate_every_us),
      .preset = "60s", .max = "40d", .help = "Restatements of a window are gathered for so long." },
    { .name = "publish_shorter", .type = OPT_BOOL, .at = offsetof(struct site, publish_shorter),
      .preset = "false",
      .help = "Whether to publish windows shorter than the shortest interval that is measured." },
    { .name = "streams", .type = OPT_LIST, .at = offsetof(struct site, streams_list),
      .rows = stream_options, .row_size = sizeof(struct stream),
      .help = "What is accounted together." },
    { .name = "kpis", .type = OPT_LIST, .at = offsetof(struct site, kpis_list),
      .rows = plan_kpi_options, .row_size = sizeof(struct kpi), .help = "Key figures of the site, as PUE." },
    { .name = "instruments", .type = OPT_LIST, .at = offsetof(struct site, instruments_list),
      .rows = plan_instrument_options, .row_size = sizeof(struct instrument),
      .help = "Certificates and contracts behind the market-based view of scope 2." },
    { .name = "devices", .type = OPT_LIST, .at = offsetof(struct site, devices_list),
      .rows = device_options, .row_size = sizeof(struct device), .help = "What publishes." },
    { .name = NULL }
};

#define GWP_SET_ROW                                                                                  \
    { .name = "gwp_set", .type = OPT_CHOICE, .at = offsetof(struct plan, gwp_set),                   \
      .choices = gwp_set_names, .preset = "AR6",                                                     \
      .help = "IPCC report whose 100-year potentials turn gases into CO2e." }

#define FACTORS_ROW                                                                                  \
    { .name = "factors", .type = OPT_LIST, .at = offsetof(struct plan, factors_list),                \
      .rows = factor_options, .row_size = sizeof(struct factor), .help = "Emission factors." }

#define FACTOR_SETS_ROW                                                                              \
    { .name = "factor_sets", .type = OPT_LIST, .at = offsetof(struct plan, factor_sets_list),        \
      .rows = factor_set_options, .row_size = sizeof(struct factor_set),                             \
      .help = "Sets of factors with their rows: what factor_files named, as the log book has it." }

const struct option plan_factor_options[] = { GWP_SET_ROW, FACTORS_ROW, FACTOR_SETS_ROW, { .name = NULL } };

const struct option plan_options[] = {
    { .name = "gateway", .type = OPT_NAME, .at = offsetof(struct plan, gateway_id), .is_required = true,
      .help = "Name of this gateway: part of what it publishes; never to be given to another." },
    GWP_SET_ROW,
    { .name = "max_future", .type = OPT_DURATION, .at = offsetof(struct plan, max_future_us),
      .preset = "5min", .max = "40d",
      .help = "How far ahead of the gateway a reading may be stamped." },
    { .name = "lateness", .type = OPT_DURATION, .at = offsetof(struct plan, lateness_us),
      .preset = "24h", .max = "40d",
      .help = "How much older than its point's newest a reading may be and still count." },
    { .name = "keep", .type = OPT_INT, .at = offsetof(struct plan, keep), .preset = "128", .min = "8",
      .max = "1000000",
      .help = "How many newer readings a point may have before an older one is late." },
    { .name = "idle", .type = OPT_DURATION, .at = offsetof(struct plan, idle_us), .preset = "5min",
      .min = "1s", .max = "40d", .help = "Silence after which a device is not waited for." },
    { .name = "max_payload", .type = OPT_SIZE, .at = offsetof(struct plan, max_payload_bytes),
      .preset = "1MB", .min = "1kB", .max = "16MB", .help = "Longer messages are rejected." },
    { .name = "topics", .type = OPT_LIST, .at = offsetof(struct plan, topics), .rows = topic_options,
      .row_size = sizeof(struct topic_rule),
      .help = "Where readings come; absent: carbon/v1/{site}/{device}/reading and …/batch." },
    FACTORS_ROW,
    FACTOR_SETS_ROW,
    { .name = "sites", .type = OPT_LIST, .at = offsetof(struct plan, sites_list), .rows = site_options,
      .row_size = sizeof(struct site), .help = "Installations whose emissions are totalled." },
    { .name = NULL }
};
