/* What a revision replaces: every line that differs, with the words that name it. Of a stream the scope is
 * left to the stream; its basis is told, since scope 2 has two. */
#include "publish/encode_parts.h"

static Carbon__V1__Basis basis_of(const struct encoding *e, const struct summary_line *l)
{
    bool is_emission = l->line >= LINE_CO2E;
    bool is_scope_2 = l->stream >= 0 && e->plan->streams[l->stream].scope_choice + SCOPE_1 == SCOPE_2;
    if (l->basis == VIEW_NONE && is_emission && is_scope_2)
        return CARBON__V1__BASIS__BASIS_LOCATION;
    return (Carbon__V1__Basis)l->basis;
}

static Carbon__V1__BaseUnit unit_of(const struct encoding *e, const struct summary_line *l)
{
    if (l->line >= LINE_CO2E)
        return CARBON__V1__BASE_UNIT__BASE_UNIT_G;
    return wire_unit(l->stream >= 0 ? e->plan->streams[l->stream].dimension : l->dimension);
}

static Carbon__V1__Change *encode_change(const struct encoding *e, const struct summary_change *c)
{
    const struct summary_line *l = &c->of;
    Carbon__V1__Change *out = wire_new(e->arena, &carbon__v1__change__descriptor);
    out->stream_id = wire_text(l->stream >= 0 ? e->plan->streams[l->stream].id : NULL);
    out->line = (Carbon__V1__Line)l->line;
    out->scope = (Carbon__V1__Scope)l->scope;
    out->basis = basis_of(e, l);
    out->scope3_category = l->category;
    out->carrier = wire_text(l->carrier);
    out->gas = l->line == LINE_GAS ? wire_gas((enum gas)l->gas) : CARBON__V1__GAS__GAS_UNSPECIFIED;
    out->gwp_set = wire_text(l->line == LINE_OTHER_SET ? gwp_set_names[l->set] : NULL);
    out->unit = unit_of(e, l);
    out->before = c->had ? wire_amount(e->arena, c->before_micro) : NULL;
    out->after = c->has ? wire_amount(e->arena, c->after_micro) : NULL;
    return out;
}

Carbon__V1__Change **encode_changes(const struct encoding *e, const struct summary_change *changes, size_t n)
{
    Carbon__V1__Change **out = wire_array(e->arena, n, sizeof *out);
    for (size_t i = 0; i < n; i++)
        out[i] = encode_change(e, &changes[i]);
    return out;
}
