/* The summary that the tests of encoding begin with: a quarter hour of the example plan's first site,
 * electricity measured and its boiler silent. They change a line of it and look at what follows. */
#ifndef PUBLISH_SUMMARY_EXAMPLE_TEST_H
#define PUBLISH_SUMMARY_EXAMPLE_TEST_H

#include <assert.h>
#include <string.h>

#include "model/plan_example_test.h"
#include "model/totals.h"
#include "publish/encode.h"
#include "publish/wire.h"

enum { ELECTRICITY, BOILER, N_STREAMS };                 /* streams of the site, and of the plan */
enum { FACTOR_GRID_2018, FACTOR_GRID_2019, FACTOR_LNG }; /* factors of the plan */

#define START_US   INT64_C(1514733300000000)    /* 2017-12-31T15:15Z: 2018 in Seoul */
#define QUARTER_US INT64_C(900000000)

struct example {
    struct plan *plan;
    struct summary s;
    struct summary_stream streams[N_STREAMS];
    struct summary_factor factors[N_STREAMS][2];
    struct gas_mass gases[N_STREAMS][GASES_MOST];
    enum gas gases_covered[GASES_MOST];
    struct summary_carrier carriers[N_STREAMS];
    struct summary_change changes[3];
    int32_t points[N_STREAMS][2];
    struct buffer bytes;
    struct arena arena;                  /* of the totals */
    Carbon__V1__SiteSummary *message;    /* what came back */
};

/* 3.17 kWh at 0.4585 kg CO2 and 12.5 mg CH4 per kWh, by AR6. */
static inline void example_electricity(struct example *x)
{
    x->points[ELECTRICITY][0] = 0;
    x->points[ELECTRICITY][1] = 1;
    x->factors[ELECTRICITY][0] = (struct summary_factor){ .factor = FACTOR_GRID_2018, .status = FACTOR_ACTUAL,
        .activity_micro = 3170000000 };
    x->gases[ELECTRICITY][0] = (struct gas_mass){ GAS_CO2_FOSSIL, true, 1453445000 };
    x->gases[ELECTRICITY][1] = (struct gas_mass){ GAS_CH4_FOSSIL, true, 39625 };
    x->streams[ELECTRICITY] = (struct summary_stream){
        .stream = ELECTRICITY, .has_activity = true, .activity_micro = 3170000000,
        .part_micro = { [PART_MEASURED] = 3000000000, [PART_INTERPOLATED] = 170000000 },
        .gases = x->gases[ELECTRICITY], .n_gases = 2,
        .co2e_ug = 1454625825, .has_co2e = true, .valid_ms = 900000, .expected_ms = 1800000,
        .points = x->points[ELECTRICITY], .n_points = 2, .factors = x->factors[ELECTRICITY],
        .n_factors = 1,
    };
    x->carriers[ELECTRICITY] = (struct summary_carrier){ "electricity", DIMENSION_ENERGY, BASIS_NONE,
                                                         3170000000, 0, 0, true, false, false };
}

static inline void example_boiler(struct example *x)
{
    x->points[BOILER][0] = 3;
    x->streams[BOILER] = (struct summary_stream){
        .stream = BOILER, .expected_ms = 900000, .points = x->points[BOILER], .n_points = 1,
        .factors = x->factors[BOILER], .gases = x->gases[BOILER],
    };
    x->carriers[BOILER] = (struct summary_carrier){ "natural gas", DIMENSION_VOLUME, BASIS_NONE, 0, 0, 0,
                                                    false, false, false };
}

/* 2 m3 of gas from the boiler's meter, at 2.1 kg CO2 per m3. */
static inline void example_boiler_runs(struct example *x)
{
    struct summary_stream *boiler = &x->streams[BOILER];
    x->factors[BOILER][0] = (struct summary_factor){ .factor = FACTOR_LNG, .status = FACTOR_ACTUAL,
        .activity_micro = 2000000 };
    boiler->n_factors = 1;
    boiler->has_activity = true;
    boiler->activity_micro = boiler->part_micro[PART_MEASURED] = 2000000;
    boiler->co2e_ug = 4200000000;
    boiler->gases[0] = (struct gas_mass){ GAS_CO2_FOSSIL, true, 4200000000 };
    boiler->gases[1] = (struct gas_mass){ GAS_N2O, true, 0 };
    boiler->n_gases = 2;
    boiler->has_co2e = true;
    boiler->valid_ms = 900000;
    x->carriers[BOILER].imported_micro = 2000000;
    x->carriers[BOILER].has_import = true;
}

/* The example under the example plan with one occurrence of `from` replaced; NULL: as it is. */
static inline void example_with(struct example *x, const char *from, const char *to)
{
    struct arena arena;
    struct problems problems;
    struct buffer yaml = { 0 };
    arena_init(&arena, 0);
    problems_init(&problems, "plan.yaml", &arena);
    *x = (struct example){
        .s = {
            .site = 0, .period = PERIOD_QUARTER_HOUR, .start_us = START_US,
            .end_us = START_US + QUARTER_US, .revision = 1, .watermark_us = START_US + 2 * QUARTER_US,
            .published_us = START_US + 3 * QUARTER_US, .gateway_epoch = 0x5f3a, .epoch_ordinal = 1,
            .sequence = 7, .cause = 42, .gateway_version = "0.1.0", .tzdata_version = "2024a",
            .n_streams = N_STREAMS, .n_carriers = N_STREAMS, .valid_ms = 900000,
            .expected_ms = 2700000, .points_valid = 1, .points_expected = 3, .readings = 2,
        },
    };
    plan_example_with(from, to, &yaml);
    int rc = plan_read(buffer_slice(&yaml), &problems, &x->plan);
    assert(rc == 0);
    (void)rc;
    buffer_fini(&yaml);
    problems_fini(&problems);
    arena_fini(&arena);
    arena_init(&x->arena, 0);
    x->s.streams = x->streams;
    x->s.carriers = x->carriers;
    x->s.gases_covered = x->gases_covered;
    x->s.changes = x->changes;
    example_electricity(x);
    example_boiler(x);
}

/* Encodes it and reads it back into x->message. */
static inline Carbon__V1__SiteSummary *example_encode(struct example *x)
{
    if (x->message)
        carbon__v1__site_summary__free_unpacked(x->message, NULL);
    buffer_clear(&x->bytes);
    arena_reset(&x->arena);
    summary_add_totals(x->plan, &x->arena, &x->s);
    encode_summary(x->plan, &x->s, &x->bytes);
    x->message = carbon__v1__site_summary__unpack(NULL, x->bytes.size, x->bytes.at);
    assert(x->message);
    return x->message;
}

static inline void example_fini(struct example *x)
{
    if (x->message)
        carbon__v1__site_summary__free_unpacked(x->message, NULL);
    buffer_fini(&x->bytes);
    arena_fini(&x->arena);
    plan_free(x->plan);
}

#endif
