/* A summary: what is published for one window of one site in one revision. Plain values; publish/
 * encodes them. All of it follows from the log book alone, so that a replay gives the same bytes. */
#ifndef MODEL_SUMMARY_H
#define MODEL_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/number.h"
#include "model/amount.h"
#include "model/gas.h"
#include "model/intensity.h"
#include "model/period.h"
#include "model/reading.h"
#include "model/substitute.h"
#include "model/unit.h"
#include "model/verdict.h"

/* Why a revision after the first. Bits; numbers of the bits as in carbon.v1.Reason. */
enum reason {
    REASON_LATE = 1,             /* an amount came after the window had been published */
    REASON_INTENSITY_ACTUAL = 2,
    REASON_FACTOR = 3,
    REASON_SUBSTITUTION = 4,
    REASON_OPERATOR = 5,
    REASON_RECLASSIFIED = 6,     /* a later reading changed what an earlier one counts for */
    REASON_CONFIG = 7,
    REASON_READMIT = 8,
};

enum factor_status { FACTOR_ACTUAL = 1, FACTOR_FORECAST = 2, FACTOR_ANNUAL = 3, FACTOR_PROVISIONAL = 4,
                     FACTOR_MISSING = 5 };

/* One factor's share of a stream in this window. */
struct summary_factor {
    int32_t factor;              /* index in the plan; -1 when MISSING */
    enum factor_status status;
    int128 activity_micro;       /* how much activity it was applied to */
    /* Of a grid's intensity: */
    const char *region, *source; /* NULL: it is none */
    bool has_value;              /* one value holds for the whole window */
    struct intensity_value value;
    int64_t from_us, until_us;   /* its interval */
};

/* CO2e as its source publishes it, by a set that is not the plan's. */
struct summary_other_set {
    int set;                     /* enum gwp_set; GWP_UNSPECIFIED: the source names none */
    int128 co2e_ug;
};

/* --- scopes: the two views of scope 2, sums, how sure they are, what changed --- */

/* How sure a figure is: half the width of its 95 % interval, in the figure's own unit. */
struct summary_uncertainty {
    bool is_known;               /* false: the figure is 0, or something of unknown uncertainty takes part */
    int128 half_micro;
    uint64_t relative_ppm;
    const char **unknown;        /* what that is: "DEVICE/POINT" or a factor's id */
    size_t n_unknown;
};

/* Gases and CO2e of a stream in one view, of a scope, or of the site. */
struct summary_emission {
    bool is_there;               /* false: nothing is accounted */
    struct gas_mass *gases;      /* biogenic CO2 and those outside Kyoto too */
    size_t n_gases;
    int128 co2e_ug;              /* by the plan's GWP set */
    bool has_co2e;
    bool is_incomplete;          /* something that belongs here has no CO2e: a sum leaves it out */
    bool is_partial;             /* a factor that tells CO2 alone took part */
    struct summary_other_set *other_sets;
    size_t n_other_sets;
    struct summary_uncertainty uncertainty;
};

/* Sums. The two views on scope 2 are never added to each other; scope 3 by category is in none. */
enum total {
    TOTAL_LOCATION,              /* scopes 1 and 2 */
    TOTAL_MARKET,
    TOTAL_SCOPE_1,
    TOTAL_SCOPE_2_LOCATION,
    TOTAL_SCOPE_2_MARKET,
    TOTAL_SCOPE_3,               /* + category, 0 to 15 */
    TOTAL_COUNT = TOTAL_SCOPE_3 + 16
};

/* The rungs of the market-based view, best first; numbers as in carbon.v1.MarketTier. */
enum market_tier {
    MARKET_INSTRUMENT = 1,
    MARKET_SUPPLIER = 2,
    MARKET_RESIDUAL_MIX = 3,
    MARKET_GRID_AVERAGE = 4
};

/* What a part of a stream's use was bought by. */
struct summary_market_basis {
    enum market_tier tier;
    int32_t instrument;          /* index in the site's instruments; -1: none, or not of this plan */
    const char *instrument_id;
    int32_t factor;              /* index in the plan; -1: none is valid, or a rate of 0 */
    enum factor_status status;
    int128 energy_micro, co2e_ug;
    bool has_co2e;
    int64_t from_us, until_us;   /* matching period; 0: no instrument */
    bool is_provisional;         /* which is still open */
};

/* Numbers as in carbon.v1.Line and carbon.v1.Basis (the view). */
enum line {
    LINE_ACTIVITY = 1,
    LINE_UNVERIFIED = 2,
    LINE_USED = 3,
    LINE_IMPORTED = 4,
    LINE_EXPORTED = 5,
    LINE_GENERATED = 6,
    LINE_SELF_CONSUMED = 7,
    LINE_CO2E = 8,
    LINE_BIOGENIC_CO2 = 9,
    LINE_GAS = 10,
    LINE_OTHER_SET = 11
};
enum view { VIEW_NONE, VIEW_LOCATION, VIEW_MARKET };

/* One figure of a summary, and the words that name it. */
struct summary_line {
    int32_t stream;              /* index in the plan; -1: a total */
    uint8_t line;                /* enum line */
    uint8_t scope, basis;        /* of a total; of a stream only whether it is the market's view */
    uint8_t category;            /* of scope 3 */
    uint8_t gas, set;
    enum dimension dimension;    /* of a carrier */
    uint8_t conditions;          /* enum basis: what belongs to its unit */
    const char *carrier;
    int128 micro;
};

/* A line before and after; what is not there was or is absent. */
struct summary_change {
    struct summary_line of;
    bool had, has;
    int128 before_micro, after_micro;
};

/* A meter compared with what stands behind it. */
struct summary_residual {
    int32_t point, check;        /* indexes in the plan; check -1: with its sub meters together */
    int128 metered_micro, behind_micro;
};

struct summary_stream {
    int32_t stream;              /* index in the plan */
    bool has_activity;           /* false: nothing is known of it, which is not the same as 0 */
    int128 activity_micro;       /* micro base units: µWh, µg, µm3 */
    int128 part_micro[PART_COUNT];      /* add up to activity_micro */
    int128 unverified_micro;     /* late beyond the bound: in no total */
    uint32_t unverified_readings;
    struct gas_mass *gases;      /* that a factor used names; those outside Kyoto and GAS_CO2E too */
    size_t n_gases;
    bool is_partial;             /* a factor that tells CO2 alone took part */
    int128 co2e_ug;              /* by the plan's GWP set */
    bool has_co2e;               /* false: not known, or nothing of it belongs to a total */
    bool is_incomplete;          /* a factor is missing, or what it gives has no CO2e in the plan's set */
    struct summary_other_set *other_sets; /* CO2e by other sets: in no sum */
    size_t n_other_sets;
    bool has_unverified_co2e;    /* false: for some of it there is no factor */
    int128 unverified_co2e_ug;
    uint32_t flags;              /* AMOUNT_… of what took part */
    struct summary_emission market;       /* of scope 2; gases and CO2e above are location-based */
    struct summary_market_basis *mb_basis; /* what it rests on */
    size_t n_mb_basis;
    struct summary_uncertainty activity_uncertainty, uncertainty; /* the latter location-based */
    int64_t valid_ms, expected_ms;
    int64_t not_operating_ms;    /* left out of expected_ms */
    uint32_t points_expected;    /* of the stream, when the window first closed */
    uint32_t samples_valid, samples_possible;   /* of gauges */
    const int32_t *points;       /* of the stream, in plan order */
    size_t n_points;
    struct summary_factor *factors;
    size_t n_factors;
};

/* A total of one carrier, in micro base units of its dimension. */
struct summary_carrier {
    const char *carrier;
    enum dimension dimension;
    enum basis basis;
    int128 imported_micro, exported_micro, generated_micro;
    bool has_import, has_export, has_generation;  /* a meter tells of it; a 0 is then a 0 */
};

static inline int128 carrier_used(const struct summary_carrier *c)
{
    return c->imported_micro + c->generated_micro - c->exported_micro;
}

/* A locked window, and the last revision that it left in. */
struct summary_adjusted {
    enum period period;
    int64_t start_us, end_us;
    uint32_t revision;           /* 0: it never left */
};

/* A change of a locked window, as it left earlier. */
struct summary_adjustment {
    struct summary_adjusted adjusted;
    uint32_t reasons;            /* as in a summary */
    uint64_t order;
    int64_t booked_us;           /* when it left */
    uint64_t gateway_epoch;      /* and under which number */
    uint32_t epoch_ordinal;
    uint64_t sequence;
    uint32_t more;               /* others of the same booked window, which are not listed */
    struct summary_change *changes;
    size_t n_changes;
};

/* Summaries that will never come: what a tombstone announces. */
struct summary_dropped {
    uint32_t epoch_ordinal;      /* theirs; the tombstone's own may be a later one */
    uint64_t from, until;        /* their sequences, both inclusive, without a gap */
};

/* Key figures: what was divided by what, in micro base units. */
struct summary_kpi {
    int32_t kpi;                 /* index in the site's kpis */
    bool has_numerator, has_denominator, has_value;
    int128 numerator_micro, denominator_micro;
    struct decimal value;        /* in the figure's unit */
};

/* Quality. A time of a point without values that count, cut to the window. */
struct summary_gap {
    int32_t point;               /* index in the plan */
    int64_t start_us, end_us;
    bool is_bridged, is_substituted;
};

/* A device of which the window has nothing. */
struct summary_silent {
    int32_t device;              /* index in the plan */
    int64_t newest_us;           /* INT64_MIN: there never was a reading */
};

/* At most so many are listed; the counts tell of all. */
#define GAPS_LISTED_MOST 100
#define SILENT_LISTED_MOST 100

struct summary_quality {
    int64_t not_operating_ms;
    struct summary_gap *gaps;    /* by point, then time; if there are more, the longest */
    size_t n_gaps;
    uint32_t gaps_total;
    struct summary_silent *silent;
    size_t n_silent;
    int32_t *expired;            /* points whose calibration had run out */
    size_t n_expired;
    int32_t *missing;            /* gauges and derived points with a gap that nothing filled */
    size_t n_missing;
    uint32_t by_verdict[VERDICT_COUNT];  /* COUNTED and LATE stand elsewhere */
    uint32_t by_quality[QUALITY_COUNT];  /* of counted readings; GOOD is not counted */

    /* From the stages beside accounting, given by the pipeline: */
    struct substituted *substituted;     /* stretches that touch the window, by point and time */
    size_t n_substituted;
    int32_t *held;               /* points that are held */
    size_t n_held;
};

struct summary {
    /* Identity. */
    int32_t site;                /* index in the plan */
    enum period period;
    int64_t start_us, end_us;
    uint32_t revision;           /* from 1 */
    uint32_t reasons;            /* bit per enum reason; 0 in the first revision */
    int64_t watermark_us;        /* of the site when it left */
    int64_t published_us;        /* the log book's time */
    uint64_t gateway_epoch;      /* given by the pipeline: epoch, ordinal, sequence, versions */
    uint32_t epoch_ordinal;
    uint64_t sequence;
    uint64_t cause;              /* log book sequence of the entry that brought it about */
    const char *gateway_version, *tzdata_version;

    /* A tombstone, which says this alone and has no site (-1); NULL: a window. */
    const struct summary_dropped *dropped;

    /* Orders and locks. */
    uint64_t order;              /* the person's order that is a reason for it; 0: none */
    bool is_locked;              /* the window lies in a locked period */
    const struct summary_adjusted *adjusted;  /* an ADJUSTMENT, which says this and its changes; NULL: a window */
    struct summary_adjustment *adjustments;   /* that stand beside its totals */
    size_t n_adjustments;

    /* What it says. */
    struct summary_stream *streams;
    size_t n_streams;
    struct summary_carrier *carriers;
    size_t n_carriers;
    enum gas *gases_covered;     /* that every factor used tells of, by number */
    size_t n_gases_covered;

    struct summary_kpi *kpis;    /* in the order of the plan */
    size_t n_kpis;
    struct summary_emission *totals;      /* by enum total */
    bool is_allotment_open;      /* an instrument's matching period goes on: the market's view may change */
    struct summary_residual *residuals;
    size_t n_residuals;

    /* How good it is. */
    int64_t valid_ms, expected_ms;
    uint32_t points_valid, points_expected;
    uint64_t readings;           /* whose amount lies, wholly or in part, in the window */
    uint32_t silent_devices;     /* idle when it left */
    bool is_clock_unsynchronised;
    struct summary_quality quality;

    /* Provenance: the frames of the intake whose readings bore on the window (0: not told), and the sum of
     * the hashes of what metering made of them. No figure, so no reason for a revision. */
    bool has_evidence;           /* false: an older version began the window, and it is not known */
    uint64_t frames_from, frames_until, readings_hash;

    struct summary_change *changes;   /* of revisions after the first: every line that differs, totals first */
    size_t n_changes;
};

#endif
