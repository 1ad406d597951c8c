/* Substitution: how the hours of a point that lack valid values are filled, as the plan declares it for the
 * point. The room fill/ does it; here are the words. */
#ifndef MODEL_SUBSTITUTE_H
#define MODEL_SUBSTITUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/number.h"

/* By name in the configuration, see substitute_methods. Numbers are frozen: they stand in rows. */
enum substitute_method {
    SUBSTITUTE_NONE = 0,
    SUBSTITUTE_MEAN_BEFORE_AFTER = 1,
    SUBSTITUTE_PREVIOUS_VALUE = 2,
    SUBSTITUTE_EU_MEAN_2SIGMA = 3,
    SUBSTITUTE_PART75_SO2_TABLE = 4,
    SUBSTITUTE_DECLARED_DEFAULT = 5,
    SUBSTITUTE_METHOD_COUNT
};

/* NULL-ended. */
extern const char *const substitute_methods[];

/* Table `substitute` of a point. Values are those of one hour: of a gauge its value, else the amount. */
struct substitute {
    int method;                  /* enum substitute_method */
    int64_t after_us;            /* of event time behind an hour's end, before it is filled */
    int64_t look_back_us;        /* 0 in the document: the method's own */
    int64_t least;               /* valid hours of history without which nothing is reckoned; 0: as above */
    const char *default_text, *maximum_text;  /* as written, in the point's unit; empty: not declared */
    /* Filled in by the check: */
    int64_t default_ticks, maximum_ticks;     /* per hour; 0: not declared */
};

/* One stretch that was filled, as the summary tells it. What a method does not reckon is 0. */
struct substituted {
    int32_t point;               /* index in the plan */
    uint8_t method;              /* enum substitute_method: the one that the plan names */
    uint8_t rule;                /* enum substitute_rule: what gave the value in this case */
    int64_t start_us, end_us;
    int64_t ticks;               /* of the amount: for the stretch */
    int64_t value_ticks;         /* what a whole hour was taken to be */
    uint32_t n;                  /* valid hours that it rests on */
    int64_t mean_ticks, sigma_ticks;          /* of those; of eu_mean_2sigma */
    int64_t look_back_us;        /* how far back they may lie */
    uint32_t availability_ppm;   /* of part75_so2_table: share of valid among operating hours */
};

/* Within a method: which of its cases applied. Numbers are frozen. */
enum substitute_rule {
    RULE_NONE = 0,               /* nothing can be given: the hour stays missing */
    RULE_MEAN_BEFORE_AFTER = 1,
    RULE_PREVIOUS_VALUE = 2,
    RULE_MEAN_2SIGMA = 3,
    RULE_PERCENTILE_90 = 4,
    RULE_PERCENTILE_95 = 5,
    RULE_MAXIMUM = 6,            /* the greatest in the look-back */
    RULE_MAXIMUM_POTENTIAL = 7,
    RULE_DEFAULT = 8,
    RULE_COUNT
};

/* "percentile_90", as on the wire. */
extern const char *const substitute_rules[];

#endif
