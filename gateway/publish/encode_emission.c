/* Emissions, of one stream and of many.
 *
 * The rule that everything here keeps to: an absent CO2e is not 0. A stream has an emission when a
 * factor was to be applied to something that it imported; what a site exports or generates has none.
 * Where a factor is missing the gases of the rest are told, but no CO2e; and the sum over streams leaves
 * that stream out, gases included, so that the sum's CO2e is still what its gases come to. The sum is
 * then marked incomplete: a lower bound. Biogenic CO2 stands on its own line and in no list; so do gases
 * outside Kyoto, and CO2e that its source tells by another GWP set. */
#include "publish/encode_parts.h"

bool stream_is_silent(const struct summary_stream *s)
{
    return s->expected_ms > 0 && !s->has_activity;
}

bool stream_has_direction(const struct encoding *e, const struct summary_stream *s,
                          enum direction d)
{
    for (size_t i = 0; i < s->n_points; i++)
        if (e->plan->points[s->points[i]].direction == (int)d)
            return true;
    return false;
}

/* --- sums --- */

static void add_other_set(struct emission *e, const struct summary_other_set *other)
{
    e->has_other_set[other->set] = true;
    e->other_sets[other->set].set = other->set;
    e->other_sets[other->set].co2e_ug += other->co2e_ug;
}

struct emission emission_of_stream(const struct summary_stream *s)
{
    struct emission out = {
        .is_there = s->n_factors > 0,
        .co2e_ug = s->co2e_ug,
        .has_co2e = s->has_co2e,
        .is_incomplete = s->is_incomplete,
        .is_partial = s->is_partial,
    };
    for (size_t i = 0; i < s->n_gases; i++)
        if (s->gases[i].is_covered || s->gases[i].ug != 0)
            out.gases[out.n_gases++] = s->gases[i];
    for (size_t i = 0; i < s->n_other_sets; i++)
        add_other_set(&out, &s->other_sets[i]);
    return out;
}

void emission_add(struct emission *sum, const struct emission *e)
{
    if (!e->is_there)
        return;
    sum->is_there = true;
    sum->is_incomplete |= e->is_incomplete;
    sum->is_partial |= e->is_partial;
    for (int set = 0; set <= GWP_UNSPECIFIED; set++)
        if (e->has_other_set[set])
            add_other_set(sum, &e->other_sets[set]);
    if (!e->has_co2e && e->is_incomplete)
        return;
    sum->has_co2e |= e->has_co2e;
    sum->co2e_ug += e->co2e_ug;
    for (size_t i = 0; i < e->n_gases; i++)
        gas_mass_of(sum->gases, &sum->n_gases, e->gases[i].gas)->ug += e->gases[i].ug;
}

/* The scope's CO2e is the summary's own figure. */
struct emission emission_of_scope(const struct encoding *e, enum scope scope)
{
    struct emission sum = { 0 };
    for (size_t i = 0; i < e->summary->n_streams; i++) {
        const struct summary_stream *s = &e->summary->streams[i];
        if (stream_scope(e, s) != scope)
            continue;
        struct emission of_stream = emission_of_stream(s);
        if (stream_is_silent(s) && stream_has_direction(e, s, DIRECTION_IMPORT))
            of_stream = (struct emission){ .is_there = true, .is_incomplete = true };
        emission_add(&sum, &of_stream);
    }
    sum.co2e_ug = e->summary->scope_co2e_ug[scope];
    sum.has_co2e = e->summary->scope_has_co2e[scope];
    sum.is_incomplete |= e->summary->scope_is_incomplete[scope];
    return sum;
}

/* --- to the wire --- */

static Carbon__V1__GasMass *encode_gas(const struct encoding *e, const struct gas_mass *mass)
{
    struct decimal gwp = { 1, 0 };   /* of CO2e by the set of the total */
    Carbon__V1__GasMass *out = wire_new(e->arena, &carbon__v1__gas_mass__descriptor);
    out->gas = wire_gas(mass->gas);
    out->mass_g = wire_amount(e->arena, mass->ug);
    if (mass->gas == GAS_CO2E || gwp_of((enum gwp_set)e->plan->gwp_set, mass->gas, &gwp))
        out->gwp = wire_decimal(e->arena, gwp);
    return out;
}

static void encode_gases(const struct encoding *e, const struct emission *emission,
                         Carbon__V1__Emission *out)
{
    out->gases = wire_array(e->arena, emission->n_gases, sizeof *out->gases);
    out->outside_kyoto = wire_array(e->arena, emission->n_gases, sizeof *out->outside_kyoto);
    for (size_t i = 0; i < emission->n_gases; i++) {
        const struct gas_mass *mass = &emission->gases[i];
        if (mass->gas == GAS_CO2_BIOGENIC)
            out->biogenic_co2_g = wire_amount(e->arena, mass->ug);
        else if (gas_is_kyoto(mass->gas))
            out->gases[out->n_gases++] = encode_gas(e, mass);
        else
            out->outside_kyoto[out->n_outside_kyoto++] = encode_gas(e, mass);
    }
}

static void encode_other_sets(const struct encoding *e, const struct emission *emission,
                              Carbon__V1__Emission *out)
{
    out->other_sets = wire_array(e->arena, GWP_UNSPECIFIED + 1, sizeof *out->other_sets);
    for (int set = 0; set <= GWP_UNSPECIFIED; set++) {
        if (!emission->has_other_set[set])
            continue;
        Carbon__V1__OtherSetLine *line = wire_new(e->arena, &carbon__v1__other_set_line__descriptor);
        line->gwp_set = wire_text(gwp_set_names[set]);
        line->co2e_g = wire_amount(e->arena, emission->other_sets[set].co2e_ug);
        out->other_sets[out->n_other_sets++] = line;
    }
}

Carbon__V1__Emission *emission_encode(const struct encoding *e, const struct emission *emission)
{
    if (!emission->is_there)
        return NULL;
    Carbon__V1__Emission *out = wire_new(e->arena, &carbon__v1__emission__descriptor);
    encode_gases(e, emission, out);
    encode_other_sets(e, emission, out);
    if (emission->has_co2e)
        out->co2e_g = wire_amount(e->arena, emission->co2e_ug);
    out->is_incomplete = emission->is_incomplete;
    out->is_partial = emission->is_partial;
    return out;
}

/* --- factors --- */

static void encode_values(const struct encoding *e, const struct factor *f,
                          Carbon__V1__FactorUse *out)
{
    out->values = wire_array(e->arena, f->n_gases, sizeof *out->values);
    for (size_t i = 0; i < f->n_gases; i++) {
        Carbon__V1__FactorValue *value = wire_new(e->arena, &carbon__v1__factor_value__descriptor);
        value->gas = wire_gas(f->gases[i].gas);
        value->value = wire_decimal(e->arena, f->gases[i].kg);
        out->values[out->n_values++] = value;
        if (f->gases[i].gas == GAS_CO2E)
            out->gwp_set = wire_text(gwp_set_names[f->co2e_set_choice]);
    }
}

/* As the stream's site reads the dates; a factor that the stream no longer uses leaves them open. */
static void encode_validity(const struct stream *stream, int32_t factor, Carbon__V1__FactorUse *out)
{
    for (size_t i = 0; i < stream->n_factors; i++) {
        if (stream->factors[i] != (uint32_t)factor)
            continue;
        out->valid_from_unix_ms = wire_ms(stream->from_us[i]);
        out->valid_to_unix_ms = wire_ms(stream->until_us[i]);
    }
}

static char *mass_per_unit(const struct encoding *e, const struct factor *f)
{
    struct buffer text = { 0 };
    buffer_print(&text, "kg/%s", f->unit->name);
    char *kept = arena_text(e->arena, buffer_slice(&text));
    buffer_fini(&text);
    return kept;
}

static void encode_factor(const struct encoding *e, const struct stream *stream, int32_t factor,
                          Carbon__V1__FactorUse *out)
{
    const struct factor *f = &e->plan->factors[factor];
    out->id = wire_text(f->id);
    out->version = wire_text(f->version);
    out->series = wire_text(f->series);
    out->unit = mass_per_unit(e, f);
    out->source = wire_text(f->source);
    out->published_on = (uint32_t)f->published_date;
    encode_values(e, f, out);
    encode_validity(stream, factor, out);
}

/* A grid's intensity: its value where one holds for the whole window. */
static void encode_intensity(const struct encoding *e, const struct summary_factor *f,
                             Carbon__V1__FactorUse *out)
{
    out->id = wire_text(f->region);
    out->source = wire_text(f->source);
    out->unit = wire_text("g/kWh");
    if (!f->has_value)
        return;
    out->valid_from_unix_ms = wire_ms(f->from_us);
    out->valid_to_unix_ms = wire_ms(f->until_us);
    out->values = wire_array(e->arena, 1, sizeof *out->values);
    out->values[out->n_values++] = wire_new(e->arena, &carbon__v1__factor_value__descriptor);
    out->values[0]->gas = f->value.is_co2e ? CARBON__V1__GAS__GAS_CO2E : CARBON__V1__GAS__GAS_CO2_FOSSIL;
    out->values[0]->value = wire_decimal(e->arena, f->value.g);
    if (f->value.gwp_set < GWP_SET_COUNT)
        out->gwp_set = wire_text(gwp_set_names[f->value.gwp_set]);
}

void encode_factors(const struct encoding *e, const struct summary_stream *s,
                    Carbon__V1__SourceStream *out)
{
    out->factors = wire_array(e->arena, s->n_factors, sizeof *out->factors);
    for (size_t i = 0; i < s->n_factors; i++) {
        Carbon__V1__FactorUse *use = wire_new(e->arena, &carbon__v1__factor_use__descriptor);
        use->status = (Carbon__V1__FactorStatus)s->factors[i].status;
        use->amount = wire_amount(e->arena, s->factors[i].activity_micro);
        if (stream_scope(e, s) == SCOPE_2)
            use->basis = CARBON__V1__BASIS__BASIS_LOCATION;
        if (s->factors[i].region)
            encode_intensity(e, &s->factors[i], use);
        if (s->factors[i].factor >= 0)
            encode_factor(e, stream_of(e, s), s->factors[i].factor, use);
        out->factors[out->n_factors++] = use;
    }
}
