/* The market-based view of scope 2: the emission, the rungs it rests on, and their factors, which stand in
 * the stream's list behind the location-based ones and say which view they are of. A rung without a factor
 * of the plan (an instrument whose generation emits nothing, or a use for which none is valid) names none. */
#include "publish/encode_parts.h"

static const struct instrument *instrument_of(const struct encoding *e, const struct summary_market_basis *b)
{
    const struct site *site = &e->plan->sites[e->summary->site];
    return b->instrument < 0 ? NULL : &site->instruments[b->instrument];
}

static Carbon__V1__MarketBasis *encode_basis(const struct encoding *e, const struct summary_market_basis *b)
{
    const struct instrument *instrument = instrument_of(e, b);
    Carbon__V1__MarketBasis *out = wire_new(e->arena, &carbon__v1__market_basis__descriptor);
    out->tier = (Carbon__V1__MarketTier)b->tier;
    out->energy_wh = wire_amount(e->arena, b->energy_micro);
    out->co2e_g = b->has_co2e ? wire_amount(e->arena, b->co2e_ug) : NULL;
    out->instrument_id = wire_text(b->instrument_id);
    out->retirement_id = wire_text(instrument ? instrument->retirement_id : NULL);
    out->matching_start_unix_ms = wire_ms(b->from_us);
    out->matching_end_unix_ms = wire_ms(b->until_us);
    out->factor_id = wire_text(b->factor < 0 ? NULL : e->plan->factors[b->factor].id);
    out->is_provisional = b->is_provisional;
    return out;
}

/* Rows of a rung are valid where the rung's own list says so. */
static const struct stream *rung_of(const struct encoding *e, const struct summary_stream *s,
                                    const struct summary_market_basis *b)
{
    const struct stream *stream = stream_of(e, s);
    const struct instrument *instrument = instrument_of(e, b);
    if (b->tier == MARKET_INSTRUMENT && instrument && instrument->rate)
        return instrument->rate;
    if (b->tier == MARKET_SUPPLIER && stream->supplier)
        return stream->supplier;
    if (b->tier == MARKET_RESIDUAL_MIX && stream->residual)
        return stream->residual;
    return stream;
}

static void add_factor(const struct encoding *e, const struct summary_stream *s,
                       const struct summary_market_basis *b, Carbon__V1__SourceStream *out)
{
    Carbon__V1__FactorUse *use = wire_new(e->arena, &carbon__v1__factor_use__descriptor);
    use->basis = CARBON__V1__BASIS__BASIS_MARKET;
    use->amount = wire_amount(e->arena, b->energy_micro);
    use->status = (Carbon__V1__FactorStatus)b->status;
    if (b->factor >= 0)
        encode_factor(e, rung_of(e, s, b), b->factor, use);
    out->factors[out->n_factors++] = use;
}

void encode_market(const struct encoding *e, const struct summary_stream *s, Carbon__V1__SourceStream *out)
{
    out->market_based = emission_encode(e, &s->market);
    out->mb_basis = wire_array(e->arena, s->n_mb_basis, sizeof *out->mb_basis);
    for (size_t i = 0; i < s->n_mb_basis; i++) {
        out->mb_basis[out->n_mb_basis++] = encode_basis(e, &s->mb_basis[i]);
        add_factor(e, s, &s->mb_basis[i], out);
    }
}
