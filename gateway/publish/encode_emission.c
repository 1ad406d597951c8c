/* Emissions of a stream or a sum, and the factors behind them. model/totals.c says what a sum leaves out;
 * here gases become lists: biogenic CO2 stands on its own line and in no list, and so do gases outside
 * Kyoto and CO2e that its source tells by another GWP set. */
#include "publish/encode_parts.h"

bool stream_has_direction(const struct encoding *e, const struct summary_stream *s,
                          enum direction d)
{
    for (size_t i = 0; i < s->n_points; i++)
        if (e->plan->points[s->points[i]].direction == (int)d)
            return true;
    return false;
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

static void encode_gases(const struct encoding *e, const struct summary_emission *emission,
                         Carbon__V1__Emission *out)
{
    out->gases = wire_array(e->arena, emission->n_gases, sizeof *out->gases);
    out->outside_kyoto = wire_array(e->arena, emission->n_gases, sizeof *out->outside_kyoto);
    for (size_t i = 0; i < emission->n_gases; i++) {
        const struct gas_mass *mass = &emission->gases[i];
        if (!mass->is_covered && mass->ug == 0)
            continue;
        if (mass->gas == GAS_CO2_BIOGENIC)
            out->biogenic_co2_g = wire_amount(e->arena, mass->ug);
        else if (gas_is_kyoto(mass->gas))
            out->gases[out->n_gases++] = encode_gas(e, mass);
        else
            out->outside_kyoto[out->n_outside_kyoto++] = encode_gas(e, mass);
    }
}

static void encode_other_sets(const struct encoding *e, const struct summary_emission *emission,
                              Carbon__V1__Emission *out)
{
    out->other_sets = wire_array(e->arena, emission->n_other_sets, sizeof *out->other_sets);
    for (size_t i = 0; i < emission->n_other_sets; i++) {
        Carbon__V1__OtherSetLine *line = wire_new(e->arena, &carbon__v1__other_set_line__descriptor);
        line->gwp_set = wire_text(gwp_set_names[emission->other_sets[i].set]);
        line->co2e_g = wire_amount(e->arena, emission->other_sets[i].co2e_ug);
        out->other_sets[out->n_other_sets++] = line;
    }
}

Carbon__V1__Uncertainty *encode_uncertainty(const struct encoding *e, const struct summary_uncertainty *u)
{
    if (!u->is_known)
        return NULL;
    Carbon__V1__Uncertainty *out = wire_new(e->arena, &carbon__v1__uncertainty__descriptor);
    out->half_width = wire_amount(e->arena, u->half_micro);
    out->relative_ppm = u->relative_ppm;
    return out;
}

static void encode_unknown(const struct encoding *e, const struct summary_uncertainty *u,
                           Carbon__V1__Emission *out)
{
    out->uncertainty_unknown = wire_array(e->arena, u->n_unknown, sizeof *out->uncertainty_unknown);
    for (size_t i = 0; i < u->n_unknown; i++)
        out->uncertainty_unknown[out->n_uncertainty_unknown++] = wire_text(u->unknown[i]);
}

Carbon__V1__Emission *emission_encode(const struct encoding *e, const struct summary_emission *emission)
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
    out->uncertainty = encode_uncertainty(e, &emission->uncertainty);
    encode_unknown(e, &emission->uncertainty, out);
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

void encode_factor(const struct encoding *e, const struct stream *stream, int32_t factor,
                          Carbon__V1__FactorUse *out)
{
    const struct factor *f = &e->plan->factors[factor];
    out->id = wire_text(f->id);
    out->version = wire_text(f->version);
    out->series = wire_text(f->series);
    out->unit = mass_per_unit(e, f);
    out->source = wire_text(f->source);
    out->published_on = (uint32_t)f->published_date;
    out->uncertainty_ppm = f->uncertainty_ppm > 0 ? (uint64_t)f->uncertainty_ppm : 0;
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
    out->factors = wire_array(e->arena, s->n_factors + s->n_mb_basis, sizeof *out->factors);
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
