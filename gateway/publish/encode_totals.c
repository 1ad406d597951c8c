/* The site as a whole, and how much of it is known.
 *
 * The model has a number for every line, the wire has an absence for what no meter tells. So a line of a
 * carrier is there when a stream of which something is known has a point in that direction, and then a
 * 0 is a 0. Market-based scope 2 is not accounted by this gateway and therefore absent, never a copy of
 * the location-based view. */
#include <string.h>

#include "publish/encode_parts.h"

/* --- energy and material --- */

static bool is_of_carrier(const struct stream *stream, const struct summary_carrier *c)
{
    const char *name = stream->carrier ? stream->carrier : "";
    return stream->dimension == c->dimension && stream->basis == c->basis && strcmp(name, c->carrier) == 0;
}

static bool is_metered(const struct encoding *e, const struct summary_carrier *c, enum direction d)
{
    for (size_t i = 0; i < e->summary->n_streams; i++) {
        const struct summary_stream *s = &e->summary->streams[i];
        if (is_of_carrier(stream_of(e, s), c) && s->has_activity && stream_has_direction(e, s, d))
            return true;
    }
    return false;
}

/* Absent when it is neither metered nor above 0, as it may be under an older plan. */
static Carbon__V1__Amount *metered(const struct encoding *e, const struct summary_carrier *c,
                                   enum direction d, int128 micro)
{
    return micro != 0 || is_metered(e, c, d) ? wire_amount(e->arena, micro) : NULL;
}

static Carbon__V1__CarrierTotal *encode_carrier(const struct encoding *e,
                                                const struct summary_carrier *c)
{
    Carbon__V1__CarrierTotal *out = wire_new(e->arena, &carbon__v1__carrier_total__descriptor);
    out->carrier = wire_text(c->carrier);
    out->unit = wire_unit(c->dimension);
    out->conditions = wire_conditions(e->arena, c->basis);
    out->imported = metered(e, c, DIRECTION_IMPORT, c->imported_micro);
    out->exported = metered(e, c, DIRECTION_EXPORT, c->exported_micro);
    out->generated = metered(e, c, DIRECTION_GENERATION, c->generated_micro);
    if (out->imported || out->generated)
        out->used =
            wire_amount(e->arena, c->imported_micro + c->generated_micro - c->exported_micro);
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

/* The plan names scope 3 categories by text alone, so there is one line, without a number. */
static void encode_scope_3(const struct encoding *e, Carbon__V1__Totals *out)
{
    struct emission scope_3 = emission_of_scope(e, SCOPE_3);
    if (!scope_3.is_there)
        return;
    Carbon__V1__Scope3Total *line = wire_new(e->arena, &carbon__v1__scope3_total__descriptor);
    line->emission = emission_encode(e, &scope_3);
    out->scope3 = wire_array(e->arena, 1, sizeof *out->scope3);
    out->scope3[out->n_scope3++] = line;
}

static void encode_emissions(const struct encoding *e, Carbon__V1__Totals *out)
{
    struct emission scope_1 = emission_of_scope(e, SCOPE_1);
    struct emission scope_2 = emission_of_scope(e, SCOPE_2);
    struct emission total = { 0 };
    emission_add(&total, &scope_1);
    emission_add(&total, &scope_2);

    out->scope1 = emission_encode(e, &scope_1);
    out->scope2_location = emission_encode(e, &scope_2);
    out->total_location = emission_encode(e, &total);
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
    return out;
}
