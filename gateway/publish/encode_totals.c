/* The site as a whole, and how much of it is known. Sums come with the summary (model/totals.c). The wire
 * has an absence for what no meter tells; a line of a carrier that one tells is there, and then a 0 is a 0. */
#include <string.h>

#include "publish/encode_parts.h"

/* --- energy and material --- */

static Carbon__V1__Amount *metered(const struct encoding *e, bool is_metered, int128 micro)
{
    return is_metered ? wire_amount(e->arena, micro) : NULL;
}

static Carbon__V1__CarrierTotal *encode_carrier(const struct encoding *e,
                                                const struct summary_carrier *c)
{
    Carbon__V1__CarrierTotal *out = wire_new(e->arena, &carbon__v1__carrier_total__descriptor);
    out->carrier = wire_text(c->carrier);
    out->unit = wire_unit(c->dimension);
    out->conditions = wire_conditions(e->arena, c->basis);
    out->imported = metered(e, c->has_import, c->imported_micro);
    out->exported = metered(e, c->has_export, c->exported_micro);
    out->generated = metered(e, c->has_generation, c->generated_micro);
    if (out->imported || out->generated)
        out->used = wire_amount(e->arena, carrier_used(c));
    if (out->generated && out->exported)
        out->self_consumed = wire_amount(e->arena, c->generated_micro - c->exported_micro);
    return out;
}

static void encode_carriers(const struct encoding *e, Carbon__V1__Totals *out)
{
    const struct summary *s = e->summary;
    out->energy = wire_array(e->arena, s->n_carriers, sizeof *out->energy);
    for (size_t i = 0; i < s->n_carriers; i++)
        out->energy[out->n_energy++] = encode_carrier(e, &s->carriers[i]);
}

/* --- emissions --- */

static void encode_scope_3(const struct encoding *e, Carbon__V1__Totals *out)
{
    out->scope3 = wire_array(e->arena, TOTAL_COUNT - TOTAL_SCOPE_3, sizeof *out->scope3);
    for (int total = TOTAL_SCOPE_3; total < TOTAL_COUNT; total++) {
        const struct summary_emission *emission = &e->summary->totals[total];
        if (!emission->is_there)
            continue;
        Carbon__V1__Scope3Total *line = wire_new(e->arena, &carbon__v1__scope3_total__descriptor);
        line->scope3_category = (uint32_t)(total - TOTAL_SCOPE_3);
        line->emission = emission_encode(e, emission);
        out->scope3[out->n_scope3++] = line;
    }
}

static void encode_emissions(const struct encoding *e, Carbon__V1__Totals *out)
{
    const struct summary_emission *totals = e->summary->totals;
    out->scope1 = emission_encode(e, &totals[TOTAL_SCOPE_1]);
    out->scope2_location = emission_encode(e, &totals[TOTAL_SCOPE_2_LOCATION]);
    out->scope2_market = emission_encode(e, &totals[TOTAL_SCOPE_2_MARKET]);
    out->total_location = emission_encode(e, &totals[TOTAL_LOCATION]);
    out->total_market = emission_encode(e, &totals[TOTAL_MARKET]);
    encode_scope_3(e, out);
}

static void encode_gases_covered(const struct encoding *e, Carbon__V1__Totals *out)
{
    const struct summary *s = e->summary;
    out->gases_covered = wire_array(e->arena, s->n_gases_covered, sizeof *out->gases_covered);
    for (size_t i = 0; i < s->n_gases_covered; i++) {
        Carbon__V1__GasName *name = wire_new(e->arena, &carbon__v1__gas_name__descriptor);
        name->gas = wire_gas(s->gases_covered[i]);
        out->gases_covered[out->n_gases_covered++] = name;
    }
}

Carbon__V1__Totals *encode_totals(const struct encoding *e)
{
    Carbon__V1__Totals *out = wire_new(e->arena, &carbon__v1__totals__descriptor);
    encode_carriers(e, out);
    encode_emissions(e, out);
    encode_gases_covered(e, out);
    encode_adjustments(e, out);
    encode_kpis(e, out);
    out->gwp_set = wire_text(gwp_set_names[e->plan->gwp_set]);
    return out;
}

/* --- quality --- */

static uint64_t unverified_readings(const struct summary *s)
{
    uint64_t n = 0;
    for (size_t i = 0; i < s->n_streams; i++)
        n += s->streams[i].unverified_readings;
    return n;
}

static void add_verdict(const struct encoding *e, Carbon__V1__Verdict verdict, uint64_t n,
                        Carbon__V1__QualityReport *out)
{
    if (n == 0)
        return;
    Carbon__V1__VerdictCount *row = wire_new(e->arena, &carbon__v1__verdict_count__descriptor);
    row->verdict = verdict;
    row->count = n;
    out->readings[out->n_readings++] = row;
}

/* Of a window only what took part in it is known: counted readings, and late ones beside them. */
static void encode_readings(const struct encoding *e, Carbon__V1__QualityReport *out)
{
    out->readings = wire_array(e->arena, 2, sizeof *out->readings);
    add_verdict(e, CARBON__V1__VERDICT__VERDICT_COUNTED, e->summary->readings, out);
    add_verdict(e, CARBON__V1__VERDICT__VERDICT_LATE, unverified_readings(e->summary), out);
}

static Carbon__V1__Missing *add_missing(const struct encoding *e, const struct summary_stream *s,
                                        Carbon__V1__MissingCause cause,
                                        Carbon__V1__QualityReport *out)
{
    Carbon__V1__Missing *row = wire_new(e->arena, &carbon__v1__missing__descriptor);
    row->stream_id = wire_text(stream_of(e, s)->id);
    row->cause = cause;
    row->unit = wire_unit(stream_of(e, s)->dimension);
    out->missing_from_total[out->n_missing_from_total++] = row;
    return row;
}

static void encode_missing_of(const struct encoding *e, const struct summary_stream *s,
                              Carbon__V1__QualityReport *out)
{
    if (stream_is_silent(s))
        add_missing(e, s, CARBON__V1__MISSING_CAUSE__MISSING_CAUSE_SILENT, out);
    for (size_t i = 0; i < s->n_factors; i++) {
        if (s->factors[i].status != FACTOR_MISSING)
            continue;
        add_missing(e, s, CARBON__V1__MISSING_CAUSE__MISSING_CAUSE_FACTOR, out)->amount =
            wire_amount(e->arena, s->factors[i].activity_micro);
    }
}

static void encode_missing(const struct encoding *e, Carbon__V1__QualityReport *out)
{
    const struct summary *s = e->summary;
    size_t most = s->n_streams;
    for (size_t i = 0; i < s->n_streams; i++)
        most += s->streams[i].n_factors;
    most += s->quality.n_missing;
    out->missing_from_total = wire_array(e->arena, most, sizeof *out->missing_from_total);
    for (size_t i = 0; i < s->n_streams; i++)
        encode_missing_of(e, &s->streams[i], out);
    encode_missing_gaps(e, out);
}

static Carbon__V1__PointRef *point_ref(const struct encoding *e, int32_t index)
{
    const struct point *point = &e->plan->points[index];
    Carbon__V1__PointRef *ref = wire_new(e->arena, &carbon__v1__point_ref__descriptor);
    ref->device_id = wire_text(e->plan->devices[point->device].id);
    ref->point = wire_text(point->id);
    return ref;
}

static void encode_residuals(const struct encoding *e, Carbon__V1__QualityReport *out)
{
    const struct summary *s = e->summary;
    out->residuals = wire_array(e->arena, s->n_residuals, sizeof *out->residuals);
    for (size_t i = 0; i < s->n_residuals; i++) {
        const struct summary_residual *r = &s->residuals[i];
        Carbon__V1__Residual *row = wire_new(e->arena, &carbon__v1__residual__descriptor);
        row->point = point_ref(e, r->point);
        row->check = r->check < 0 ? NULL : point_ref(e, r->check);
        row->unit = wire_unit(e->plan->points[r->point].unit->dimension);
        row->metered = wire_amount(e->arena, r->metered_micro);
        row->submetered = wire_amount(e->arena, r->behind_micro);
        row->residual = wire_amount(e->arena, r->metered_micro - r->behind_micro);
        out->residuals[out->n_residuals++] = row;
    }
}

Carbon__V1__QualityReport *encode_quality(const struct encoding *e)
{
    const struct summary *s = e->summary;
    Carbon__V1__QualityReport *out = wire_new(e->arena, &carbon__v1__quality_report__descriptor);
    out->valid_ms = (uint64_t)s->valid_ms;
    out->expected_ms = (uint64_t)s->expected_ms;
    out->points_valid = s->points_valid;
    out->points_possible = s->points_expected;
    out->silent_devices_total = s->silent_devices;
    out->is_clock_unsynchronised = s->is_clock_unsynchronised;
    encode_readings(e, out);
    encode_missing(e, out);
    encode_known(e, out);
    encode_residuals(e, out);
    return out;
}
