/* A summary on the wire, read back by the generated code: what is there, what is absent, and that the
 * bytes are the same every time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "publish/summary_example_test.h"

#define TEN_TO_6 ((int128)1000000)

static int make(void **state)
{
    static struct example x;
    example_with(&x, NULL, NULL);
    *state = &x;
    return 0;
}

static int end(void **state)
{
    example_fini(*state);
    return 0;
}

/* Takes another plan for the rest of the test. */
static void remake(struct example *x, const char *from, const char *to)
{
    example_fini(x);
    example_with(x, from, to);
}

static void assert_amount(const Carbon__V1__Amount *amount, int64_t whole, int32_t micro)
{
    assert_non_null(amount);
    assert_int_equal(amount->whole, whole);
    assert_int_equal(amount->micro, micro);
}

static const Carbon__V1__GasMass *gas_of(const Carbon__V1__Emission *e, Carbon__V1__Gas gas)
{
    for (size_t i = 0; i < e->n_gases; i++)
        if (e->gases[i]->gas == gas)
            return e->gases[i];
    return NULL;
}

/* --- identity --- */

static void id_names_gateway_epoch_site_period_start_and_revision(void **state)
{
    static const struct {
        enum period period;
        int64_t start_us;
        uint64_t epoch;
        uint32_t revision;
        const char *id;
    } rows[] = {
        { PERIOD_QUARTER_HOUR, START_US, 0x5f3a, 1,
          "gw-1/0000000000005f3a/plant/15min/2017-12-31T15:15Z/1" },
        { PERIOD_MINUTE, START_US + 60000000, UINT64_MAX, 12,
          "gw-1/ffffffffffffffff/plant/1min/2017-12-31T15:16Z/12" },
        { PERIOD_MONTH, 1519830000000000, 1, UINT32_MAX,
          "gw-1/0000000000000001/plant/month/2018-02-28T15:00Z/4294967295" },
    };
    struct example *x = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buffer id = { 0 };
        x->s.period = rows[i].period;
        x->s.start_us = rows[i].start_us;
        x->s.gateway_epoch = rows[i].epoch;
        x->s.revision = rows[i].revision;
        encode_summary_id(x->plan, &x->s, &id);
        assert_int_equal(id.size, strlen(rows[i].id));
        assert_memory_equal(id.at, rows[i].id, id.size);
        assert_string_equal(example_encode(x)->id, rows[i].id);
        buffer_fini(&id);
    }
}

static void tombstone_says_which_summaries_never_come(void **state)
{
    struct example *x = *state;
    struct summary_dropped dropped = { .epoch_ordinal = 2, .from = 5, .until = 14 };
    x->s = (struct summary){ .site = -1, .start_us = START_US, .end_us = START_US + 3600000000,
                             .revision = 1, .published_us = START_US, .gateway_epoch = 0x5f3a,
                             .epoch_ordinal = 3, .sequence = 99, .dropped = &dropped };
    const Carbon__V1__SiteSummary *m = example_encode(x);
    assert_int_equal(m->kind, CARBON__V1__KIND__KIND_TOMBSTONE);
    assert_string_equal(m->id, "gw-1/0000000000005f3a/tombstone/99");
    assert_string_equal(m->site_id, "");
    assert_int_equal(m->period, CARBON__V1__PERIOD__PERIOD_UNSPECIFIED);
    assert_int_equal(m->sequence, 99);
    assert_int_equal(m->tombstone->n_dropped, 1);
    const Carbon__V1__Dropped *d = m->tombstone->dropped[0];
    assert_int_equal(d->epoch_ordinal, 2);
    assert_int_equal(d->first_sequence, 5);
    assert_int_equal(d->last_sequence, 14);
    assert_int_equal(d->summaries, 10);
    assert_int_equal(d->start_unix_ms, START_US / 1000);
    assert_int_equal(d->end_unix_ms, START_US / 1000 + 3600000);
    assert_int_equal(d->reason, CARBON__V1__DROP_REASON__DROP_REASON_BYTES);
    assert_non_null(m->provenance);
    assert_null(m->totals);
}

static void summary_says_who_which_window_and_when(void **state)
{
    const Carbon__V1__SiteSummary *m = example_encode(*state);
    assert_int_equal(m->kind, CARBON__V1__KIND__KIND_WINDOW);
    assert_string_equal(m->gateway_id, "gw-1");
    assert_int_equal(m->gateway_epoch, 0x5f3a);
    assert_int_equal(m->epoch_ordinal, 1);
    assert_int_equal(m->sequence, 7);
    assert_string_equal(m->site_id, "plant");
    assert_int_equal(m->start_unix_ms, 1514733300000);
    assert_int_equal(m->end_unix_ms, 1514734200000);
    assert_string_equal(m->time_zone, "Asia/Seoul");
    assert_int_equal(m->revision, 1);
    assert_int_equal(m->watermark_unix_ms, 1514735100000);
    assert_int_equal(m->published_unix_ms, 1514736000000);
    assert_int_equal(m->n_reasons, 0);
    assert_null(m->supersedes);
}

static void period_on_the_wire_is_one_more_than_the_models(void **state)
{
    static const Carbon__V1__Period periods[PERIOD_COUNT] = {
        [PERIOD_MINUTE] = CARBON__V1__PERIOD__PERIOD_MINUTE,
        [PERIOD_QUARTER_HOUR] = CARBON__V1__PERIOD__PERIOD_QUARTER_HOUR,
        [PERIOD_HOUR] = CARBON__V1__PERIOD__PERIOD_HOUR,
        [PERIOD_DAY] = CARBON__V1__PERIOD__PERIOD_DAY,
        [PERIOD_MONTH] = CARBON__V1__PERIOD__PERIOD_MONTH,
        [PERIOD_YEAR] = CARBON__V1__PERIOD__PERIOD_YEAR,
    };
    struct example *x = *state;
    for (int p = 0; p < PERIOD_COUNT; p++) {
        x->s.period = (enum period)p;
        assert_int_equal(example_encode(x)->period, periods[p]);
    }
}

static void watermark_of_a_site_that_nothing_was_seen_of_is_absent(void **state)
{
    struct example *x = *state;
    x->s.watermark_us = INT64_MIN;
    assert_int_equal(example_encode(x)->watermark_unix_ms, 0);
}

static void provenance_names_versions_hashes_and_the_entry(void **state)
{
    struct example *x = *state;
    const Carbon__V1__Provenance *p = example_encode(x)->provenance;
    assert_string_equal(p->gateway_version, "0.1.0");
    assert_string_equal(p->tzdata_version, "2024a");
    assert_string_equal(p->config_hash, x->plan->hash);
    assert_string_equal(p->factor_set_hash, x->plan->factors_hash);
    assert_int_equal(strlen(p->config_hash), 64);
    assert_int_equal(p->log_sequence, 42);
}

static void same_values_give_the_same_bytes(void **state)
{
    struct example *x = *state, y;
    example_with(&y, NULL, NULL);
    example_encode(x);
    example_encode(&y);
    assert_int_equal(x->bytes.size, y.bytes.size);
    assert_memory_equal(x->bytes.at, y.bytes.at, y.bytes.size);

    size_t once = x->bytes.size;
    encode_summary(x->plan, &x->s, &x->bytes);
    assert_int_equal(x->bytes.size, 2 * once);
    assert_memory_equal(x->bytes.at, x->bytes.at + once, once);
    example_fini(&y);
}

/* --- amounts --- */

static void amount_is_whole_and_millionths_of_one_sign(void **state)
{
    (void)state;
    static const struct {
        int64_t micro, whole;
        int32_t rest;
    } rows[] = {
        { 0, 0, 0 },
        { 1, 0, 1 },
        { -1, 0, -1 },
        { 999999, 0, 999999 },
        { 1000000, 1, 0 },
        { -1000000, -1, 0 },
        { -1000001, -1, -1 },
        { 3170000000, 3170, 0 },
        { INT64_MAX, 9223372036854, 775807 },
        { INT64_MIN, -9223372036854, -775808 },
    };
    struct arena arena;
    arena_init(&arena, 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_amount(wire_amount(&arena, rows[i].micro), rows[i].whole, rows[i].rest);
    arena_fini(&arena);
}

static void amount_beyond_its_range_is_absent_and_not_cut(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 0);
    int128 most = INT64_MAX * TEN_TO_6 + 999999, least = INT64_MIN * TEN_TO_6 - 999999;
    assert_amount(wire_amount(&arena, most), INT64_MAX, 999999);
    assert_amount(wire_amount(&arena, least), INT64_MIN, -999999);
    assert_null(wire_amount(&arena, most + 1));
    assert_null(wire_amount(&arena, least - 1));
    arena_fini(&arena);
}

static void negative_amounts_survive(void **state)
{
    struct example *x = *state;
    struct summary_stream *s = &x->streams[ELECTRICITY];
    s->activity_micro = s->part_micro[PART_MEASURED] = -1500001;
    s->part_micro[PART_INTERPOLATED] = 0;
    s->gases[0].ug = -687750;
    const Carbon__V1__SourceStream *out = example_encode(x)->streams[ELECTRICITY];
    assert_amount(out->activity, -1, -500001);
    assert_amount(out->parts->measured, -1, -500001);
    assert_amount(gas_of(out->location_based, CARBON__V1__GAS__GAS_CO2_FOSSIL)->mass_g, 0, -687750);
}

/* --- streams --- */

static void streams_stand_in_the_order_of_the_plan_with_its_names(void **state)
{
    const Carbon__V1__SiteSummary *m = example_encode(*state);
    assert_int_equal(m->n_streams, N_STREAMS);
    const Carbon__V1__SourceStream *electricity = m->streams[0], *boiler = m->streams[1];
    assert_string_equal(electricity->stream_id, "electricity");
    assert_int_equal(electricity->scope, CARBON__V1__SCOPE__SCOPE_2);
    assert_string_equal(electricity->carrier, "electricity");
    assert_int_equal(electricity->unit, CARBON__V1__BASE_UNIT__BASE_UNIT_WH);
    assert_int_equal(electricity->n_points, 2);
    assert_string_equal(electricity->points[1]->device_id, "main-meter");
    assert_string_equal(electricity->points[1]->point, "quarter");
    assert_int_equal(electricity->direction, CARBON__V1__DIRECTION__DIRECTION_IMPORTED);
    assert_int_equal(electricity->method, CARBON__V1__METHOD__METHOD_DIRECT);
    assert_string_equal(boiler->stream_id, "boiler");
    assert_int_equal(boiler->scope, CARBON__V1__SCOPE__SCOPE_1);
    assert_int_equal(boiler->unit, CARBON__V1__BASE_UNIT__BASE_UNIT_M3);
}

static void parts_of_nothing_are_absent(void **state)
{
    const Carbon__V1__SourceStream *s = example_encode(*state)->streams[ELECTRICITY];
    assert_amount(s->activity, 3170, 0);
    assert_amount(s->parts->measured, 3000, 0);
    assert_amount(s->parts->interpolated, 170, 0);
    assert_null(s->parts->bridged);
    assert_null(s->parts->estimated);
    assert_null(s->parts->substituted);
    assert_null(s->parts->manual);
    assert_null(s->unverified);
}

static void activity_of_a_silent_stream_is_absent_and_told_as_missing(void **state)
{
    const Carbon__V1__SiteSummary *m = example_encode(*state);
    const Carbon__V1__SourceStream *boiler = m->streams[BOILER];
    assert_null(boiler->activity);
    assert_null(boiler->parts);
    assert_null(boiler->emission);
    assert_int_equal(m->quality->n_missing_from_total, 1);
    const Carbon__V1__Missing *missing = m->quality->missing_from_total[0];
    assert_string_equal(missing->stream_id, "boiler");
    assert_int_equal(missing->cause, CARBON__V1__MISSING_CAUSE__MISSING_CAUSE_SILENT);
    assert_null(missing->amount);
    assert_true(m->totals->scope1->is_incomplete);
    assert_null(m->totals->scope1->co2e_g);
}

static void known_nothing_is_a_0(void **state)
{
    struct example *x = *state;
    x->streams[BOILER].has_activity = true;
    const Carbon__V1__SiteSummary *m = example_encode(x);
    assert_amount(m->streams[BOILER]->activity, 0, 0);
    assert_non_null(m->streams[BOILER]->parts);
    assert_int_equal(m->quality->n_missing_from_total, 0);
}

static void coverage_is_absent_when_nothing_was_expected(void **state)
{
    struct example *x = *state;
    x->streams[BOILER].expected_ms = 0;
    const Carbon__V1__SiteSummary *m = example_encode(x);
    assert_null(m->streams[BOILER]->coverage);
    assert_int_equal(m->streams[ELECTRICITY]->coverage->valid_ms, 900000);
    assert_int_equal(m->streams[ELECTRICITY]->coverage->expected_ms, 1800000);
    assert_int_equal(m->quality->n_missing_from_total, 0);
}

static void late_readings_stand_beside_the_activity(void **state)
{
    struct example *x = *state;
    x->streams[ELECTRICITY].unverified_micro = 5000000;
    x->streams[ELECTRICITY].unverified_readings = 3;
    const Carbon__V1__SiteSummary *m = example_encode(x);
    const Carbon__V1__Unverified *late = m->streams[ELECTRICITY]->unverified;
    assert_amount(late->amount, 5, 0);
    assert_int_equal(late->readings, 3);
    assert_null(late->co2e_g);
    assert_int_equal(m->quality->n_readings, 2);
    assert_int_equal(m->quality->readings[1]->verdict, CARBON__V1__VERDICT__VERDICT_LATE);
    assert_int_equal(m->quality->readings[1]->count, 3);

    x->streams[ELECTRICITY].has_unverified_co2e = true; /* a factor of 0 gives a 0 */
    assert_amount(example_encode(x)->streams[ELECTRICITY]->unverified->co2e_g, 0, 0);
    x->streams[ELECTRICITY].unverified_co2e_ug = 2292500;
    assert_amount(example_encode(x)->streams[ELECTRICITY]->unverified->co2e_g, 2, 292500);
}

static void flags_rise_and_stand_once(void **state)
{
    struct example *x = *state;
    x->streams[ELECTRICITY].flags =
        AMOUNT_UNDECLARED | AMOUNT_NOT_OPERATING | AMOUNT_SUSPECT | AMOUNT_ROLLOVER;
    const Carbon__V1__SourceStream *s = example_encode(x)->streams[ELECTRICITY];
    assert_int_equal(s->n_flags, 4);
    assert_int_equal(s->flags[0], CARBON__V1__FLAG__FLAG_SUSPECT);
    assert_int_equal(s->flags[1], CARBON__V1__FLAG__FLAG_ROLLOVER);
    assert_int_equal(s->flags[2], CARBON__V1__FLAG__FLAG_NOT_OPERATING);
    assert_int_equal(s->flags[3], CARBON__V1__FLAG__FLAG_UNDECLARED);
}

static void direction_is_told_only_where_the_points_agree(void **state)
{
    struct example *x = *state;
    remake(x, "interval: 15min}", "interval: 15min, direction: export}");
    assert_int_equal(example_encode(x)->streams[ELECTRICITY]->direction,
                     CARBON__V1__DIRECTION__DIRECTION_UNSPECIFIED);
    x->streams[ELECTRICITY].points = &x->points[ELECTRICITY][1];
    x->streams[ELECTRICITY].n_points = 1;
    assert_int_equal(example_encode(x)->streams[ELECTRICITY]->direction,
                     CARBON__V1__DIRECTION__DIRECTION_EXPORTED);
}

/* --- emissions --- */

static void scope_2_is_told_by_location_beside_its_market_view(void **state)
{
    struct example *x = *state;
    struct summary_market_basis grid = { .tier = MARKET_GRID_AVERAGE, .instrument = -1, .instrument_id = "",
                                         .factor = FACTOR_GRID_2018, .energy_micro = 3170000000,
                                         .co2e_ug = 1454625825, .has_co2e = true };
    x->streams[ELECTRICITY].market = emission_by_location(&x->streams[ELECTRICITY]);
    x->streams[ELECTRICITY].mb_basis = &grid;
    x->streams[ELECTRICITY].n_mb_basis = 1;
    const Carbon__V1__SiteSummary *m = example_encode(x);
    const Carbon__V1__SourceStream *s = m->streams[ELECTRICITY];
    assert_null(s->emission);
    assert_amount(s->market_based->co2e_g, 1454, 625825);
    assert_int_equal(s->mb_basis[0]->tier, CARBON__V1__MARKET_TIER__MARKET_TIER_GRID_AVERAGE);
    assert_string_equal(s->mb_basis[0]->factor_id, "kr-grid");
    assert_int_equal(s->n_factors, 2);
    assert_int_equal(s->factors[1]->basis, CARBON__V1__BASIS__BASIS_MARKET);
    assert_amount(s->location_based->co2e_g, 1454, 625825);
    assert_int_equal(s->location_based->n_gases, 2);
    const Carbon__V1__GasMass *ch4 = gas_of(s->location_based, CARBON__V1__GAS__GAS_CH4_FOSSIL);
    assert_amount(ch4->mass_g, 0, 39625);
    assert_int_equal(ch4->gwp->mantissa, 298);
    assert_int_equal(ch4->gwp->scale, 1);
    assert_false(s->location_based->is_incomplete);
    assert_false(s->location_based->is_partial);
    assert_amount(m->totals->scope2_location->co2e_g, 1454, 625825);
    assert_amount(m->totals->scope2_market->co2e_g, 1454, 625825);
    assert_amount(m->totals->total_market->co2e_g, 1454, 625825);
}

static void scope_1_has_an_emission_and_the_total_adds_both(void **state)
{
    struct example *x = *state;
    example_boiler_runs(x);
    const Carbon__V1__SiteSummary *m = example_encode(x);
    const Carbon__V1__SourceStream *boiler = m->streams[BOILER];
    assert_null(boiler->location_based);
    assert_amount(boiler->emission->co2e_g, 4200, 0);
    assert_amount(gas_of(boiler->emission, CARBON__V1__GAS__GAS_N2O)->mass_g, 0, 0);
    assert_amount(m->totals->scope1->co2e_g, 4200, 0);
    const Carbon__V1__Emission *total = m->totals->total_location;
    assert_amount(total->co2e_g, 5654, 625825);
    assert_amount(gas_of(total, CARBON__V1__GAS__GAS_CO2_FOSSIL)->mass_g, 5653, 445000);
    assert_false(total->is_incomplete);
    assert_string_equal(m->totals->gwp_set, "AR6");
    assert_int_equal(m->status, CARBON__V1__STATUS__STATUS_FINAL);
}

static void factor_of_co2_alone_makes_a_sum_partial(void **state)
{
    struct example *x = *state;
    x->streams[ELECTRICITY].is_partial = true;
    x->streams[ELECTRICITY].n_gases = 1;
    const Carbon__V1__SiteSummary *m = example_encode(x);
    assert_true(m->streams[ELECTRICITY]->location_based->is_partial);
    assert_int_equal(m->streams[ELECTRICITY]->location_based->n_gases, 1);
    assert_true(m->totals->scope2_location->is_partial);
}

/* Half of the electricity has a factor, and the boiler is whole. */
static void without_a_factor_co2e_is_absent_and_the_total_is_incomplete(void **state)
{
    struct example *x = *state;
    struct summary_stream *s = &x->streams[ELECTRICITY];
    example_boiler_runs(x);
    s->factors[1] = (struct summary_factor){ .factor = -1, .status = FACTOR_MISSING,
        .activity_micro = 1000000 };
    s->n_factors = 2;
    s->has_co2e = false;
    s->is_incomplete = true;
    s->gases[0].is_covered = s->gases[1].is_covered = false;

    const Carbon__V1__SiteSummary *m = example_encode(x);
    const Carbon__V1__SourceStream *out = m->streams[ELECTRICITY];
    assert_null(out->location_based->co2e_g);
    assert_true(out->location_based->is_incomplete);
    assert_int_equal(out->n_factors, 2);
    assert_int_equal(out->factors[1]->status, CARBON__V1__FACTOR_STATUS__FACTOR_STATUS_MISSING);
    assert_string_equal(out->factors[1]->id, "");
    assert_amount(out->factors[1]->amount, 1, 0);

    assert_null(m->totals->scope2_location->co2e_g);
    assert_true(m->totals->scope2_location->is_incomplete);
    assert_int_equal(m->totals->scope2_location->n_gases, 0);
    assert_amount(m->totals->total_location->co2e_g, 4200, 0);
    assert_true(m->totals->total_location->is_incomplete);
    assert_false(m->totals->scope1->is_incomplete);

    assert_int_equal(m->quality->n_missing_from_total, 1);
    assert_int_equal(m->quality->missing_from_total[0]->cause,
                     CARBON__V1__MISSING_CAUSE__MISSING_CAUSE_FACTOR);
    assert_amount(m->quality->missing_from_total[0]->amount, 1, 0);
    assert_int_equal(m->status, CARBON__V1__STATUS__STATUS_PROVISIONAL);
}

static void stream_that_was_given_no_factor_waits_for_none(void **state)
{
    struct example *x = *state;
    remake(x, "carrier: natural gas, factor: lng}", "carrier: natural gas}");
    struct summary_stream *boiler = &x->streams[BOILER];
    boiler->activity_micro = boiler->part_micro[PART_MEASURED] = 2000000;
    boiler->factors[0] = (struct summary_factor){ .factor = -1, .status = FACTOR_MISSING,
        .activity_micro = 2000000 };
    boiler->n_factors = 1;
    const Carbon__V1__SiteSummary *m = example_encode(x);
    assert_null(m->streams[BOILER]->emission->co2e_g);
    assert_int_equal(m->streams[BOILER]->method, CARBON__V1__METHOD__METHOD_UNSPECIFIED);
    assert_int_equal(m->status, CARBON__V1__STATUS__STATUS_FINAL);
}

static void silent_device_or_a_stand_in_makes_it_provisional(void **state)
{
    struct example *x = *state;
    assert_int_equal(example_encode(x)->status, CARBON__V1__STATUS__STATUS_FINAL);
    x->s.silent_devices = 1;
    assert_int_equal(example_encode(x)->status, CARBON__V1__STATUS__STATUS_PROVISIONAL);
    x->s.silent_devices = 0;
    x->factors[ELECTRICITY][0].status = FACTOR_FORECAST;
    assert_int_equal(example_encode(x)->status, CARBON__V1__STATUS__STATUS_PROVISIONAL);
    x->factors[ELECTRICITY][0].status = FACTOR_ANNUAL;
    assert_int_equal(example_encode(x)->status, CARBON__V1__STATUS__STATUS_FINAL);
}

static void biogenic_co2_stands_on_its_own_line_only(void **state)
{
    struct example *x = *state;
    struct summary_stream *boiler = &x->streams[BOILER];
    example_boiler_runs(x);
    boiler->gases[boiler->n_gases++] = (struct gas_mass){ GAS_CO2_BIOGENIC, true, 1000000 };
    const Carbon__V1__SiteSummary *m = example_encode(x);
    assert_null(gas_of(m->streams[BOILER]->emission, CARBON__V1__GAS__GAS_CO2_BIOGENIC));
    assert_amount(m->streams[BOILER]->emission->biogenic_co2_g, 1, 0);
    assert_amount(m->totals->scope1->biogenic_co2_g, 1, 0);
    assert_amount(m->totals->total_location->biogenic_co2_g, 1, 0);
    assert_null(m->totals->scope2_location->biogenic_co2_g);
}

static void gases_outside_kyoto_stand_apart_and_weigh_nothing(void **state)
{
    struct example *x = *state;
    struct summary_stream *boiler = &x->streams[BOILER];
    example_boiler_runs(x);
    boiler->gases[boiler->n_gases++] = (struct gas_mass){ GAS_HCFC_22, true, 5000000 };
    const Carbon__V1__SiteSummary *m = example_encode(x);
    const Carbon__V1__Emission *e = m->streams[BOILER]->emission;
    assert_null(gas_of(e, CARBON__V1__GAS__GAS_HCFC_22));
    assert_int_equal(e->n_outside_kyoto, 1);
    assert_amount(e->outside_kyoto[0]->mass_g, 5, 0);
    assert_null(e->outside_kyoto[0]->gwp);
    assert_int_equal(m->totals->total_location->n_outside_kyoto, 1);
    assert_amount(e->co2e_g, 4200, 0);
}

/* The stream's own CO2e is not known by the total's set; the sums tell the line and lack the rest. */
static void co2e_of_another_set_is_a_line_of_its_own(void **state)
{
    struct example *x = *state;
    struct summary_other_set other[] = { { GWP_AR4, 7000000 }, { GWP_UNSPECIFIED, 1000000 } };
    struct summary_stream *boiler = &x->streams[BOILER];
    example_boiler_runs(x);
    boiler->has_co2e = false;
    boiler->is_incomplete = true;
    boiler->n_gases = 0;
    boiler->other_sets = other;
    boiler->n_other_sets = 2;
    const Carbon__V1__SiteSummary *m = example_encode(x);
    assert_null(m->streams[BOILER]->emission->co2e_g);
    const Carbon__V1__Emission *total = m->totals->total_location;
    assert_amount(total->co2e_g, 1454, 625825);
    assert_true(total->is_incomplete);
    assert_int_equal(total->n_other_sets, 2);
    assert_string_equal(total->other_sets[0]->gwp_set, "AR4");
    assert_amount(total->other_sets[0]->co2e_g, 7, 0);
    assert_string_equal(total->other_sets[1]->gwp_set, "");
}

static void export_has_no_emission(void **state)
{
    struct example *x = *state;
    remake(x, "stream: boiler, keep: 16", "stream: boiler, direction: export, keep: 16");
    x->streams[BOILER].activity_micro = 2000000;
    x->carriers[BOILER].exported_micro = 2000000;
    x->carriers[BOILER].has_export = true;
    const Carbon__V1__SiteSummary *m = example_encode(x);
    assert_null(m->streams[BOILER]->emission);
    assert_null(m->totals->scope1);
    const Carbon__V1__CarrierTotal *gas = m->totals->energy[1];
    assert_amount(gas->exported, 2, 0);
    assert_null(gas->used);
    assert_null(gas->self_consumed);
}

static void silent_export_leaves_emissions_complete(void **state)
{
    struct example *x = *state;
    remake(x, "stream: boiler, keep: 16", "stream: boiler, direction: export, keep: 16");
    assert_null(example_encode(x)->totals->scope1);
}

static void scope_3_is_told_without_a_number_and_in_no_sum(void **state)
{
    struct example *x = *state;
    remake(x, "{id: boiler, scope: 1,", "{id: boiler, scope: 3,");
    example_boiler_runs(x);
    const Carbon__V1__Totals *t = example_encode(x)->totals;
    assert_int_equal(t->n_scope3, 1);
    assert_int_equal(t->scope3[0]->scope3_category, 0);
    assert_amount(t->scope3[0]->emission->co2e_g, 4200, 0);
    assert_null(t->scope1);
    assert_amount(t->total_location->co2e_g, 1454, 625825);
}

static void factor_is_told_as_published_with_its_validity_on_the_spot(void **state)
{
    const Carbon__V1__FactorUse *f = example_encode(*state)->streams[ELECTRICITY]->factors[0];
    assert_string_equal(f->id, "kr-grid");
    assert_string_equal(f->version, "2018");
    assert_string_equal(f->source, "GIR 2019");
    assert_string_equal(f->unit, "kg/MWh");
    assert_int_equal(f->status, CARBON__V1__FACTOR_STATUS__FACTOR_STATUS_ACTUAL);
    assert_int_equal(f->basis, CARBON__V1__BASIS__BASIS_LOCATION);
    assert_int_equal(f->n_values, 2);
    assert_int_equal(f->values[0]->gas, CARBON__V1__GAS__GAS_CO2_FOSSIL);
    assert_int_equal(f->values[0]->value->mantissa, 4585);
    assert_int_equal(f->values[0]->value->scale, 1);
    assert_int_equal(f->values[1]->gas, CARBON__V1__GAS__GAS_CH4_FOSSIL);
    assert_int_equal(f->values[1]->value->mantissa, 125);
    assert_int_equal(f->values[1]->value->scale, 4);
    assert_int_equal(f->valid_from_unix_ms, 1514732400000); /* 2018-01-01 in Seoul */
    assert_int_equal(f->valid_to_unix_ms, 1546268400000);   /* 2019-01-01 in Seoul */
    assert_amount(f->amount, 3170, 0);
    assert_int_equal(f->published_on, 0);
}

static void factor_that_never_began_nor_ends_is_open(void **state)
{
    struct example *x = *state;
    remake(x, "source: IPCC 2006,", "source: IPCC 2006, published: 2006-04-28, series: b,");
    example_boiler_runs(x);
    const Carbon__V1__FactorUse *f = example_encode(x)->streams[BOILER]->factors[0];
    assert_string_equal(f->id, "lng");
    assert_string_equal(f->series, "b");
    assert_int_equal(f->published_on, 20060428);
    assert_int_equal(f->valid_from_unix_ms, 0);
    assert_int_equal(f->valid_to_unix_ms, 0);
    assert_int_equal(f->basis, CARBON__V1__BASIS__BASIS_UNSPECIFIED);
}

/* A correction of a window that was accounted under an older plan. */
static void factor_that_the_plan_no_longer_has_is_told_by_amount_and_status(void **state)
{
    struct example *x = *state;
    x->factors[ELECTRICITY][0].factor = -1;
    const Carbon__V1__SourceStream *s = example_encode(x)->streams[ELECTRICITY];
    assert_string_equal(s->factors[0]->id, "");
    assert_int_equal(s->factors[0]->status, CARBON__V1__FACTOR_STATUS__FACTOR_STATUS_ACTUAL);
    assert_amount(s->factors[0]->amount, 3170, 0);
    assert_amount(s->location_based->co2e_g, 1454, 625825);
}

static void gwp_is_that_of_the_plans_set(void **state)
{
    struct example *x = *state;
    remake(x, "gateway: gw-1\n", "gateway: gw-1\ngwp_set: AR5\n");
    const Carbon__V1__SiteSummary *m = example_encode(x);
    assert_string_equal(m->totals->gwp_set, "AR5");
    const Carbon__V1__GasMass *ch4 =
        gas_of(m->streams[ELECTRICITY]->location_based, CARBON__V1__GAS__GAS_CH4_FOSSIL);
    assert_int_equal(ch4->gwp->mantissa, 28);
    assert_int_equal(ch4->gwp->scale, 0);
}

/* --- totals and quality --- */

static void carrier_tells_what_is_metered_and_nothing_else(void **state)
{
    const Carbon__V1__Totals *t = example_encode(*state)->totals;
    assert_int_equal(t->n_energy, 2);
    assert_string_equal(t->energy[0]->carrier, "electricity");
    assert_int_equal(t->energy[0]->unit, CARBON__V1__BASE_UNIT__BASE_UNIT_WH);
    assert_amount(t->energy[0]->imported, 3170, 0);
    assert_amount(t->energy[0]->used, 3170, 0);
    assert_null(t->energy[0]->exported);
    assert_null(t->energy[0]->generated);
    assert_null(t->energy[0]->self_consumed);
    assert_string_equal(t->energy[1]->carrier, "natural gas");
    assert_null(t->energy[1]->imported); /* its meter is silent */
    assert_null(t->energy[1]->used);
}

static void export_of_0_is_told_where_it_is_metered(void **state)
{
    struct example *x = *state;
    remake(x, "interval: 15min}", "interval: 15min, direction: export}");
    x->carriers[ELECTRICITY].generated_micro = 500000;
    x->carriers[ELECTRICITY].has_generation = x->carriers[ELECTRICITY].has_export = true;
    const Carbon__V1__CarrierTotal *c = example_encode(x)->totals->energy[0];
    assert_amount(c->exported, 0, 0);
    assert_amount(c->generated, 0, 500000);
    assert_amount(c->self_consumed, 0, 500000);
    assert_amount(c->used, 3170, 500000);
}

static void quality_adds_up_time_points_and_readings(void **state)
{
    struct example *x = *state;
    x->s.is_clock_unsynchronised = true;
    x->s.silent_devices = 1;
    const Carbon__V1__QualityReport *q = example_encode(x)->quality;
    assert_int_equal(q->valid_ms, 900000);
    assert_int_equal(q->expected_ms, 2700000);
    assert_int_equal(q->points_valid, 1);
    assert_int_equal(q->points_possible, 3);
    assert_int_equal(q->n_readings, 1);
    assert_int_equal(q->readings[0]->verdict, CARBON__V1__VERDICT__VERDICT_COUNTED);
    assert_int_equal(q->readings[0]->count, 2);
    assert_int_equal(q->silent_devices_total, 1);
    assert_true(q->is_clock_unsynchronised);
}

static void gases_covered_are_listed(void **state)
{
    struct example *x = *state;
    x->gases_covered[0] = GAS_CO2_FOSSIL;
    x->gases_covered[1] = GAS_N2O;
    x->s.n_gases_covered = 2;
    const Carbon__V1__Totals *t = example_encode(x)->totals;
    assert_int_equal(t->n_gases_covered, 2);
    assert_int_equal(t->gases_covered[0]->gas, CARBON__V1__GAS__GAS_CO2_FOSSIL);
    assert_int_equal(t->gases_covered[1]->gas, CARBON__V1__GAS__GAS_N2O);
}

/* --- revisions --- */

static void revision_tells_what_it_replaces_and_why(void **state)
{
    struct example *x = *state;
    x->s.revision = 3;
    x->s.reasons = 1u << REASON_LATE | 1u << REASON_RECLASSIFIED;
    x->changes[0] = (struct summary_change){
        { .stream = -1, .line = LINE_CO2E, .basis = VIEW_LOCATION }, true, true, 100000000, 200000000 };
    x->changes[1] = (struct summary_change){
        { .stream = ELECTRICITY, .line = LINE_ACTIVITY }, true, true, 1000000, 2000000 };
    x->changes[2] = (struct summary_change){ { .stream = BOILER, .line = LINE_CO2E }, false, true, 0, 300 };
    x->s.n_changes = 3;

    const Carbon__V1__SiteSummary *m = example_encode(x);
    assert_int_equal(m->n_reasons, 2);
    assert_int_equal(m->reasons[0], CARBON__V1__REASON__REASON_LATE);
    assert_int_equal(m->reasons[1], CARBON__V1__REASON__REASON_RECLASSIFIED);
    const Carbon__V1__Superseded *was = m->supersedes;
    assert_int_equal(was->revision, 2);
    assert_string_equal(was->id, "gw-1/0000000000005f3a/plant/15min/2017-12-31T15:15Z/2");
    assert_int_equal(was->gateway_epoch, 0x5f3a);

    assert_int_equal(was->n_changes, 3);
    assert_string_equal(was->changes[0]->stream_id, "");
    assert_int_equal(was->changes[0]->line, CARBON__V1__LINE__LINE_CO2E);
    assert_int_equal(was->changes[0]->basis, CARBON__V1__BASIS__BASIS_LOCATION);
    assert_amount(was->changes[0]->before, 100, 0);
    assert_amount(was->changes[0]->after, 200, 0);
    assert_string_equal(was->changes[1]->stream_id, "electricity");
    assert_int_equal(was->changes[1]->line, CARBON__V1__LINE__LINE_ACTIVITY);
    assert_int_equal(was->changes[1]->unit, CARBON__V1__BASE_UNIT__BASE_UNIT_WH);
    assert_amount(was->changes[1]->after, 2, 0);
    assert_string_equal(was->changes[2]->stream_id, "boiler");
    assert_int_equal(was->changes[2]->basis, CARBON__V1__BASIS__BASIS_UNSPECIFIED);
    assert_null(was->changes[2]->before);
    assert_amount(was->changes[2]->after, 0, 300);
}

/* A late reading of 0 is news where there was nothing. */
static void activity_that_was_absent_before_is_absent_in_the_change(void **state)
{
    struct example *x = *state;
    x->s.revision = 2;
    x->changes[0] = (struct summary_change){ { .stream = BOILER, .line = LINE_ACTIVITY }, false, true, 0, 0 };
    x->s.n_changes = 1;
    const Carbon__V1__Superseded *was = example_encode(x)->supersedes;
    assert_int_equal(was->n_changes, 1);
    assert_int_equal(was->changes[0]->line, CARBON__V1__LINE__LINE_ACTIVITY);
    assert_null(was->changes[0]->before);
    assert_amount(was->changes[0]->after, 0, 0);
}

static void site_without_streams_is_encoded_all_the_same(void **state)
{
    struct example *x = *state;
    x->s.n_streams = x->s.n_carriers = 0;
    const Carbon__V1__SiteSummary *m = example_encode(x);
    assert_int_equal(m->n_streams, 0);
    assert_null(m->totals->total_location);
    assert_null(m->totals->scope2_location);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(id_names_gateway_epoch_site_period_start_and_revision),
        TEST(summary_says_who_which_window_and_when),
        TEST(tombstone_says_which_summaries_never_come),
        TEST(period_on_the_wire_is_one_more_than_the_models),
        TEST(watermark_of_a_site_that_nothing_was_seen_of_is_absent),
        TEST(provenance_names_versions_hashes_and_the_entry),
        TEST(same_values_give_the_same_bytes),
        cmocka_unit_test(amount_is_whole_and_millionths_of_one_sign),
        cmocka_unit_test(amount_beyond_its_range_is_absent_and_not_cut),
        TEST(negative_amounts_survive),
        TEST(streams_stand_in_the_order_of_the_plan_with_its_names),
        TEST(parts_of_nothing_are_absent),
        TEST(activity_of_a_silent_stream_is_absent_and_told_as_missing),
        TEST(known_nothing_is_a_0),
        TEST(coverage_is_absent_when_nothing_was_expected),
        TEST(late_readings_stand_beside_the_activity),
        TEST(flags_rise_and_stand_once),
        TEST(direction_is_told_only_where_the_points_agree),
        TEST(scope_2_is_told_by_location_beside_its_market_view),
        TEST(scope_1_has_an_emission_and_the_total_adds_both),
        TEST(factor_of_co2_alone_makes_a_sum_partial),
        TEST(without_a_factor_co2e_is_absent_and_the_total_is_incomplete),
        TEST(stream_that_was_given_no_factor_waits_for_none),
        TEST(silent_device_or_a_stand_in_makes_it_provisional),
        TEST(biogenic_co2_stands_on_its_own_line_only),
        TEST(gases_outside_kyoto_stand_apart_and_weigh_nothing),
        TEST(co2e_of_another_set_is_a_line_of_its_own),
        TEST(export_has_no_emission),
        TEST(silent_export_leaves_emissions_complete),
        TEST(scope_3_is_told_without_a_number_and_in_no_sum),
        TEST(factor_is_told_as_published_with_its_validity_on_the_spot),
        TEST(factor_that_never_began_nor_ends_is_open),
        TEST(factor_that_the_plan_no_longer_has_is_told_by_amount_and_status),
        TEST(gwp_is_that_of_the_plans_set),
        TEST(carrier_tells_what_is_metered_and_nothing_else),
        TEST(export_of_0_is_told_where_it_is_metered),
        TEST(quality_adds_up_time_points_and_readings),
        TEST(gases_covered_are_listed),
        TEST(revision_tells_what_it_replaces_and_why),
        TEST(activity_that_was_absent_before_is_absent_in_the_change),
        TEST(site_without_streams_is_encoded_all_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
