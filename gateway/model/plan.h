/* The plan: what is measured where and how it is accounted, that is, the part of the configuration that
 * bears on meaning. It enters the log book as canonical YAML; every replay reads it from there. A plan
 * does not change: a new configuration is a new plan. Indexes are of this plan only; what outlives a
 * plan is keyed by text. */
#ifndef MODEL_PLAN_H
#define MODEL_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/fraction.h"
#include "base/number.h"
#include "base/option.h"
#include "base/zone.h"
#include "model/derivation.h"
#include "model/gas.h"
#include "model/period.h"
#include "model/substitute.h"
#include "model/unit.h"

enum point_kind {
    POINT_REGISTER,              /* a cumulative counter */
    POINT_INTERVAL,              /* the amount of a period */
    POINT_STATE,                 /* moves its device's time, no amount */
    POINT_GAUGE,                 /* a rate, integrated; or without a stream any value, sampled alone */
    POINT_EVENT,                 /* an amount at an instant */
    POINT_DERIVED                /* no readings: computed from other points of its site */
};
enum integrate { INTEGRATE_TRAPEZOID, INTEGRATE_PREVIOUS };
enum point_role { ROLE_FISCAL, ROLE_SUB, ROLE_CHECK };
enum stamp { STAMP_END, STAMP_START };
enum direction { DIRECTION_IMPORT, DIRECTION_EXPORT, DIRECTION_GENERATION };
enum carry_forward { CARRY_NOTHING, CARRY_PROVISIONAL };
enum method {                    /* numbers: carbon.v1.Method less 1 */
    METHOD_DIRECT,               /* activity x factor */
    METHOD_ENERGY_EF,            /* fuel x calorific value x factor per energy x oxidation */
    METHOD_NCV_CC_OF,            /* fuel x calorific value x carbon content x oxidation x 44/12 */
    METHOD_GAS_MASS,             /* the amount is the gas itself */
    METHOD_BLEND,                /* the amount is a mix of gases by mass */
};
enum scope { SCOPE_1 = 1, SCOPE_2 = 2, SCOPE_3 = 3 };

/* One gas of a factor, exactly as published: kg of it per unit of activity. */
struct factor_gas {
    enum gas gas;
    struct decimal kg;
};

/* A gas that has no key of its own in a row. */
struct factor_species {
    struct place place;
    const char *name, *kg_text;
};

/* So much of each gas per activity: micrograms per micro base unit, in the order of the gases' numbers. */
struct gas_rates {
    uint8_t n;
    uint8_t gas[GASES_MOST];     /* enum gas */
    struct fraction ug[GASES_MOST];
};

#define FACTOR_KEYS 5            /* gases with a key of their own: CO2 to N2O */
#define UNCERTAINTY_UNKNOWN (-1)

/* A factor: so much of each gas for one unit of activity, from one day until another. Several rows of
 * one id follow each other in time. */
struct factor {
    struct place place;
    const char *id;              /* "kr-grid" */
    const char *version;
    const char *series;          /* tells apart factors that share everything else; may be empty */
    const char *source;          /* publication; required: an auditor asks */
    int64_t published_date;      /* yyyymmdd; 0: not told */
    int64_t valid_from_date;     /* yyyymmdd; 0: since ever */
    int64_t valid_to_date;       /* yyyymmdd, inclusive; 0: open */
    const char *unit_name;
    const char *kg_text[FACTOR_KEYS];  /* as written; empty: the row does not name the gas */
    struct option_list species_list;   /* of factor_species: the other gases */
    const char *uncertainty;     /* percent, "1" or by gas "co2:1;ch4:50"; empty: not known */
    int co2e_set_choice;         /* enum gwp_set of GAS_CO2E; GWP_UNSPECIFIED: its source names none */
    int method;                  /* enum method */
    const char *calorific_value, *calorific_unit;   /* "48.0", "TJ/Gg": two units; empty: not told */
    const char *carbon_content, *carbon_unit;       /* "0.02618", "t/GJ" or "t/t" */
    const char *oxidation;                          /* share of the carbon; empty: 1 */
    const char *density, *density_unit;             /* "0.7", "kg/m3" */
    const char *biogenic_fraction;                  /* share of CO2 and CH4; empty: as the gases say */
    const char *blend;                              /* "HFC-32:0.50;HFC-125:0.50" */
    const char *carrier, *region, *sector, *confidence; /* what the row is for, and how sure its source is */
    /* Filled in by the check: */
    const struct unit *unit;     /* the activity's: of `per` */
    struct factor_gas gases[GASES_MOST]; /* in the order of the numbers; what it does not name is not covered */
    size_t n_gases;
    struct gas_rates rates;
    int64_t uncertainty_ppm;     /* half the width of the 95 % interval; UNCERTAINTY_UNKNOWN */
    int64_t gas_uncertainty_ppm[GASES_MOST]; /* in the order of gases */
    bool has_gas_uncertainty;    /* told gas by gas: each is a source of error of its own */
};

/* Factors that were published together: a CSV file (factor_file.h) as the plan holds it. */
struct factor_set {
    struct place place;
    const char *set, *version, *source;
    int64_t published_date;      /* yyyymmdd; 0: not told */
    const char *sha256;          /* of the file, in hex */
    struct option_list factors_list;
};

struct stream {                  /* source stream: what is accounted together */
    struct place place;
    const char *id;
    int scope_choice;            /* index in "1","2","3" */
    const char *category;
    const char *carrier;         /* "electricity", "natural gas" */
    const char *factor_id;       /* empty: activity alone; its emissions are MISSING */
    const char *tier;            /* of the monitoring plan; may be empty */
    const char *series;          /* of the factor; may stay empty where the factor has but one */
    int carry_forward;           /* enum carry_forward: what holds beyond the factor's last row */
    const char *region;          /* whose grid intensity goes before the factor; empty: none */
    int64_t scope3_category;     /* 1 to 15; 0: told by `category` alone, or of another scope */
    const char *activity_of;     /* of scope 3: the stream whose activity it takes; empty: its own */
    const char *supplier_id, *residual_id;  /* factors of the market-based view; empty: none */
    /* Filled in by the check: */
    const uint32_t *factors;     /* indexes in plan.factors, by valid_from */
    const int64_t *from_us, *until_us;  /* of each: [from, until) by the site's zone */
    size_t n_factors;
    int32_t site, index;         /* the plan's */
    enum dimension dimension;    /* of its points' amounts, all the same; without any, of its factor */
    enum basis basis;            /* the same: what belongs to the unit */
    int32_t leader;              /* activity_of as an index in plan.streams; -1 */
    struct stream *supplier, *residual;     /* rungs of the market-based view; NULL: none */
};

/* What somebody bought: so many kWh at a rate of their own, claimed once and allotted to one site and
 * gateway. It covers the first use in its matching period, and no more than that. */
struct instrument {
    struct place place;
    const char *id;
    int kind;                    /* index in "certificate","contract" */
    const char *stream_id;       /* what it covers: a stream, or all of a carrier's in scope 2 */
    const char *carrier;
    struct decimal kwh;          /* per matching period */
    const char *factor_id;       /* its rate; empty: 0, which only renewable: true may say */
    bool is_renewable;
    int64_t from_date, to_date;  /* yyyymmdd, inclusive; neither: each calendar year anew */
    const char *retirement_id;
    const char *gateway;         /* that it is allotted to; empty: this one */
    /* Filled in by the check: */
    int128 allotted_micro;       /* µWh */
    int32_t stream;              /* index in plan.streams; -1: by carrier */
    struct stream *rate;         /* a rung; NULL: 0 */
    bool is_ours;
    int64_t from_us, until_us;   /* of the matching period; until 0: each calendar year */
    int32_t site;
};

struct point {
    struct place place;
    const char *id;
    int kind;                    /* enum point_kind */
    const char *unit_name;       /* not for state */
    const struct unit *unit;     /* NULL for state */
    const struct unit *amount_unit; /* of its amounts: unit, or what a gauge's rate comes to; NULL: none */
    struct decimal resolution;   /* of the declared unit; preset 0.000001 */
    struct ratio tick;           /* resolution as a ratio, in the declared unit */
    struct ratio tick_of_raw;    /* resolution / multiplier: number_ticks(raw, tick_of_raw) */
    struct ratio tick_to_micro;  /* one tick in micro base units; of a gauge, one tick for an hour */
    const char *stream_id;
    int32_t stream;              /* index in plan.streams; -1 for state */
    int role, direction;
    int64_t interval_us;         /* kind interval: declared length */
    int stamp;
    int64_t max_gap_us;
    struct decimal multiplier;   /* CT/VT ratio, pulse weight: raw value × multiplier = value in unit */
    struct decimal modulus;      /* of a register, in raw value: a whole number of ticks; 0: none */
    bool reset_from_zero;
    struct decimal max_rate;     /* of value × multiplier, units per hour; 0: no limit. Margin is 10 % */
    int64_t max_rate_ticks_per_hour;  /* 0: none; margin included */
    int64_t modulus_ticks;       /* 0: none */
    int64_t lateness_us, keep;   /* the bound; from the plan's where not given */
    int integrate;               /* enum integrate; of a gauge */
    int64_t period_us;           /* nominal time from one reading to the next; 0: not declared */
    const char *min_text, *max_text;  /* of value x multiplier, gauges and events; empty: no limit */
    int64_t calibrated_until_date;    /* yyyymmdd, the last day; 0: no end */
    bool has_min, has_max;
    int64_t min_ticks, max_ticks;
    int64_t calibrated_until_us; /* by the site's zone; 0: no end */
    struct substitute substitute;             /* how its gaps are filled */
    /* Of a derived point, see model/derivation.h: */
    int formula;                 /* enum formula */
    int every_choice;            /* "1h", "15min" */
    struct option_list inputs_list;
    struct option_raw with;
    const struct derivation *derivation; /* filled in by the check; NULL: it has readings of its own */
    const char *parent_id;       /* of a sub or check meter: the point it stands behind; may be empty */
    const char *uncertainty;     /* percent, half the width of the 95 % interval; empty: not known */
    int32_t parent;              /* index in plan.points; -1 */
    int64_t uncertainty_ppm;     /* UNCERTAINTY_UNKNOWN */
    int32_t site, device, index; /* the plan's */
};

struct device {
    struct place place;
    const char *id;
    struct option_list points_list;
    struct point **points;       /* into plan.points */
    size_t n_points;
    int64_t idle_us;
    int32_t site, index;
};

/* A key figure: a stream's activity or CO2e by what a point counted, or by a declared amount. */
enum kpi_figure { KPI_ACTIVITY, KPI_CO2E };

struct kpi {
    struct place place;
    const char *name, *stream_id;
    int figure;                  /* enum kpi_figure */
    const char *denominator;     /* "DEVICE/POINT" or "5 kg" */
    bool is_annual;              /* brought to a year of 365 days */
    /* Filled in by the check: */
    int32_t stream, point;       /* indexes in the plan; no point: -1 */
    int128 constant_micro;       /* in its place */
    enum dimension dimension;    /* of the denominator */
    const char *unit;            /* of the figure, as "kg/kWh" */
    struct ratio scale;          /* of base units by base units to that unit */
};

struct site {
    struct place place;
    const char *id;
    const char *zone_name;
    const char *region;
    const char *organisation, *monitoring_plan;   /* whose it is, and the plan it is monitored by; may be empty */
    const char *year_start;      /* "04-01": the month and day that its years begin with */
    uint32_t periods;            /* bits of enum period: published */
    int smallest;                /* enum period: PERIOD_MINUTE or PERIOD_QUARTER_HOUR */
    int64_t grace_us, max_lag_us, restate_every_us;
    bool publish_shorter;        /* also periods shorter than its shortest interval point's */
    struct option_list kpis_list;
    struct kpi *kpis;            /* in the order of the document */
    size_t n_kpis;

    struct option_list devices_list, streams_list, instruments_list;
    struct instrument *instruments;         /* in the order of the document: the first covers first */
    size_t n_instruments;
    struct zone *zone;
    int32_t first_device, n_devices, first_stream, n_streams;
    int32_t index;
};

/* Where readings are expected, and how their payload is to be read. */
struct topic_rule {
    struct place place;
    const char *pattern;         /* "carbon/v1/{site}/{device}/reading"; also + and one trailing # */
    const char *decoder;         /* "reading", "batch", or a plugin's name */
    struct option_raw options;   /* of the plugin */
};

struct plan {
    const char *gateway_id;
    int gwp_set;                 /* enum gwp_set */
    int64_t max_future_us, lateness_us, keep, idle_us;
    int64_t max_payload_bytes;
    struct option_list topics, factors_list, factor_sets_list, sites_list;
    /* Flattened by the check: copies of the lists' rows, with what follows from them filled in; sites,
     * devices, points and streams in the order of the document, factors by id, series and validity. */
    struct site *sites;
    struct device *devices;
    struct point *points;
    struct stream *streams;
    struct factor *factors;
    size_t n_sites, n_devices, n_points, n_streams, n_factors;
    char hash[65];               /* SHA-256 of the canonical form */
    char factors_hash[65];       /* SHA-256 of the factors' part of it */
    struct slice canonical;      /* canonical YAML, a NUL behind it; in the plan's arena */
    bool has_uncertainties;      /* of any point or factor */
    struct plan_index *index;
    struct arena arena;
};

/* The option rows of the plan's part of the document: the configuration file's table embeds them. */
extern const struct option plan_options[];

/* Reads and checks a plan from canonical YAML or from the plan's keys of a configuration file. Returns
 * 0 and a plan that the caller owns, or OPTION_WRONG with everything that is wrong in problems. */
int plan_read(struct slice yaml, struct problems *problems, struct plan **out);

/* Checks a struct plan whose members from gateway_id to sites_list option_read has filled, and fills in
 * the rest. The plan's arena must be ready (arena_init without a bound), and what option_read allocated
 * must outlive the plan: best from that same arena. Every mistake is added to problems, however many
 * there are; call it also when option_read found some. Returns 0, or OPTION_WRONG when problems holds
 * any: the plan is then good for nothing but plan_fini. */
int plan_check(struct plan *raw, struct problems *problems);

/* Ends a plan that somebody embeds; and one that plan_read gave. Both accept NULL. */
void plan_fini(struct plan *p);
void plan_free(struct plan *p);

/* Lookups by text; -1 when there is none. Constant time. */
int32_t plan_site(const struct plan *p, struct slice id);
int32_t plan_device(const struct plan *p, int32_t site, struct slice id);
int32_t plan_point(const struct plan *p, int32_t device, struct slice id);

/* The factor of a stream that is valid at an instant, by the site's zone: index in plan.factors, or -1:
 * none, MISSING. */
int32_t plan_factor_at(const struct plan *p, int32_t stream, int64_t t_us);

/* The factor that is carried forward there: of a stream that asks for it, the last row beyond its end.
 * -1: none. */
int32_t plan_factor_carried(const struct plan *p, int32_t stream, int64_t t_us);

/* The next instant after t at which plan_factor_at may change; INT64_MAX: never. */
int64_t plan_factor_edge(const struct plan *p, int32_t stream, int64_t t_us);

/* A point's rule for gaps, with what the plan leaves to the method filled in. */
struct substitute plan_substitute(const struct point *pt);
/* The factor of a rung (stream.supplier, stream.residual, instrument.rate) that is valid at an instant:
 * index in plan.factors, or -1. */
int32_t rung_factor_at(const struct stream *rung, int64_t t_us);

/* The matching period of an instrument that holds an instant; one that is dated may not hold it. */
void instrument_period(const struct instrument *i, struct zone *zone, int64_t t_us, int64_t *from_us,
                       int64_t *until_us);

/* The longest time that any reading may be late by. */
int64_t plan_longest_lateness_us(const struct plan *p);

#endif
