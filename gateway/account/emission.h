/* Emission: activity × factor × GWP in exact integers, rounded once per cell.
 *
 *   activity_micro = round(ticks × tick_to_micro)                    micro base units
 *   gas_ug         = round(activity_micro × µg per micro base unit)   for each gas
 *   co2e_ug        = round(Σ gas_ug × GWP)
 *
 * each half to even. The methods are gone by then: what a fuel's calorific value, carbon content and
 * density come to stands in the plan (model/plan.h, struct gas_rates). */
#ifndef ACCOUNT_EMISSION_H
#define ACCOUNT_EMISSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/fraction.h"
#include "base/number.h"
#include "model/gas.h"
#include "model/intensity.h"
#include "model/plan.h"

/* What is added up, of a cell or of many that went by one rate: its gases are those of the rate, in the
 * rate's order. */
struct figures {
    int128 activity_micro;
    int128 co2e_ug;
    int128 gas_ug[GASES_MOST];
};

enum rate_kind {
    RATE_NONE = 0,    /* exported or generated: not multiplied by anything */
    RATE_MISSING = 1, /* no factor was valid: the activity counts, its CO2e is unknown */
    RATE_FACTOR = 2,
    RATE_PROVISIONAL = 3, /* the last factor beyond its end: restated when the next one comes */
    RATE_ACTUAL = 4,      /* the measured intensity of a grid, for this very interval */
    RATE_FORECAST = 5,    /* one that was foreseen: the measured one will restate */
    RATE_ANNUAL = 6,      /* a stream's factor in place of an intensity that nobody told */
    RATE_ZERO = 7,        /* an instrument whose generation emits nothing, as it says itself */
};

/* What a rate's gases come to in CO2e of its set. */
enum rate_co2e {
    RATE_CO2E_NONE,    /* nothing of it belongs to the total: gases outside Kyoto alone */
    RATE_CO2E_KNOWN,
    RATE_CO2E_UNKNOWN, /* the set has no potential for a gas, or CO2e is told by another set */
};

/* A factor as it was when it was applied, with its GWP set. It outlives the plan it came from. */
struct rate {
    struct slice key; /* all of it as text and numbers; equal keys are the same rate */
    enum rate_kind kind;
    enum rate_co2e co2e;
    bool is_partial;         /* it tells CO2 alone */
    enum gwp_set set;
    int co2e_set;            /* of GAS_CO2E among its gases; GWP_UNSPECIFIED */
    struct gas_rates gases;
    int128 gwp_num[GASES_MOST], gwp_den; /* of each; 0: in no total */
    struct slice region;  /* of an intensity, in the key */
    struct rate *family;  /* by which tallies are kept: itself, but for an intensity */
    int32_t factor; /* index in the plan of that number; -1: that plan has none */
    uint32_t plan_number;
};

/* Whether it is of a grid, and its key has a form of its own. */
static inline bool rate_is_intensity(enum rate_kind kind)
{
    return kind == RATE_ACTUAL || kind == RATE_FORECAST;
}

/* Whether something is multiplied at that rate. */
static inline bool rate_has_factor(enum rate_kind kind)
{
    return kind >= RATE_FACTOR && kind <= RATE_ANNUAL;
}

/* Writes the key of a rate. factor is NULL unless the kind has one. */
void rate_key(enum rate_kind kind, const struct factor *factor, enum gwp_set set,
              struct buffer *out);

/* The same for a grid's intensity, of kind RATE_ACTUAL or RATE_FORECAST. */
void rate_key_of_intensity(enum rate_kind kind, struct slice region, const struct intensity_value *value,
                           enum gwp_set set, struct buffer *out);

/* Of a rate of intensity: the key of those of its region and kind, whatever the value; a window's tallies go
 * by that one, or a month would have one for each half hour. */
void rate_family_key(const struct rate *rate, struct buffer *out);

/* Writes a key that was written in an older form in the form of now; any other as it is. 0, or 1 when it
 * is malformed. */
int rate_key_renew(struct slice key, struct buffer *out);

/* Reads a key of now into a rate; borrows it. 0, or 1 when it is malformed. */
int rate_read(struct slice key, struct rate *out);

/* The place of a gas in the rate's order; -1. */
int rate_place(const struct rate *rate, enum gas gas);

/* No cell may leave 96 bits, so that no sum of up to 2^31 cells can leave 127: longer windows add
 * without looking. 2^96 µWh is a hundred million times what the world uses in a year. */
#define FIGURES_MOST ((int128)1 << 96)

/* What so many ticks of a cell come to. 0, or 1 when something leaves 96 bits. */
int emission_of(const struct rate *rate, struct ratio tick_to_micro, int128 ticks,
                struct figures *out);

/* a - b and a += b, of figures by one rate. */
struct figures figures_less(const struct figures *a, const struct figures *b, const struct rate *rate);
void figures_add(struct figures *a, const struct figures *b, const struct rate *rate);

#endif
