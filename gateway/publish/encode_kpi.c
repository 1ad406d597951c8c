/* Key figures on the wire, with what they were divided from. */
#include "publish/encode_parts.h"

static Carbon__V1__Kpi *encode_kpi(const struct encoding *e, const struct summary_kpi *own)
{
    const struct kpi *k = &e->plan->sites[e->summary->site].kpis[own->kpi];
    const struct stream *stream = &e->plan->streams[k->stream];
    bool is_co2e = k->figure == KPI_CO2E;
    Carbon__V1__Kpi *out = wire_new(e->arena, &carbon__v1__kpi__descriptor);
    out->name = wire_text(k->name);
    out->unit = wire_text(k->unit);
    out->value = own->has_value ? wire_decimal(e->arena, own->value) : NULL;
    out->numerator = own->has_numerator ? wire_amount(e->arena, own->numerator_micro) : NULL;
    out->numerator_unit = wire_unit(is_co2e ? DIMENSION_MASS : stream->dimension);
    out->denominator = own->has_denominator ? wire_amount(e->arena, own->denominator_micro) : NULL;
    out->denominator_unit = wire_unit(k->dimension);
    if (is_co2e && stream->scope_choice + SCOPE_1 == SCOPE_2)
        out->basis = CARBON__V1__BASIS__BASIS_LOCATION;
    return out;
}

void encode_kpis(const struct encoding *e, Carbon__V1__Totals *out)
{
    const struct summary *s = e->summary;
    out->kpis = wire_array(e->arena, s->n_kpis, sizeof *out->kpis);
    for (size_t i = 0; i < s->n_kpis; i++)
        out->kpis[out->n_kpis++] = encode_kpi(e, &s->kpis[i]);
}
