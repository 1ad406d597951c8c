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
};

/* What a revision replaces: the figures of the revision before. */
struct summary_change {
    int32_t stream;              /* index in the plan; -1: the window's totals */
    int128 activity_before_micro, activity_after_micro;  /* of a stream */
    bool had_activity, has_activity;
    int128 co2e_before_ug, co2e_after_ug;
    bool had_co2e, has_co2e;
};

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
    int128 scope_co2e_ug[4];     /* [1] to [3]; scope 2 location-based */
    bool scope_has_co2e[4];      /* false: nothing in that scope, or a factor is missing */
    bool scope_is_incomplete[4]; /* a factor is missing: the sum leaves streams out */
    int128 biogenic_co2_ug;
    enum gas *gases_covered;     /* that every factor used tells of, by number */
    size_t n_gases_covered;

    struct summary_kpi *kpis;    /* in the order of the plan */
    size_t n_kpis;

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

    struct summary_change *changes;   /* of revisions after the first; totals first */
    size_t n_changes;
};

#endif
