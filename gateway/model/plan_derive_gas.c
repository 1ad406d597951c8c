/* What the units of a derived point and of its inputs say of each other.
 *
 * Nothing is assumed. A gas is told at a reference, or as it flows; then it has its water in it, and temperature
 * and pressure bring it to a reference. Dry meets wet only through a moisture, a share by volume meets a mass
 * only through a molar mass. Where a unit does not say dry or wet it meets only units that do not either. */
#include "model/plan_parts.h"

#define WRONG(pt, ...) problem_add(problems, (pt)->place, __VA_ARGS__)

/* What a check has at hand. */
struct gas_check {
    const struct plan *plan;
    const struct point *pt;
    struct derivation *d;
    struct problems *problems;
};

struct dimensions {
    enum dimension amount, own;
};

static const struct dimensions wanted[FORMULA_COUNT] = {
    [FORMULA_STACK] = { DIMENSION_VOLUME, DIMENSION_MASS },
    [FORMULA_FUEL_FACTOR] = { DIMENSION_ENERGY, DIMENSION_MASS },
    [FORMULA_HEAT] = { DIMENSION_MASS, DIMENSION_ENERGY },
    [FORMULA_GAS_REFERENCE] = { DIMENSION_VOLUME, DIMENSION_VOLUME },
};

/* The point of a slot, and its unit; NULL: it has none. */
static const struct point *input_point(const struct gas_check *c, enum slot slot)
{
    int32_t i = c->d->slots[slot];
    return i >= 0 && c->d->inputs[i].point >= 0 ? &c->plan->points[c->d->inputs[i].point] : NULL;
}

static const struct unit *input_unit(const struct gas_check *c, enum slot slot)
{
    const struct point *from = input_point(c, slot);
    return !from ? NULL : slot == SLOT_AMOUNT ? from->amount_unit : from->unit;
}

static bool is_told(const struct gas_check *c, enum slot slot)
{
    return c->d->slots[slot] >= 0 || c->d->constants[slot].is_given;
}

static bool check_dimensions(const struct gas_check *c)
{
    const struct dimensions *w = &wanted[c->d->formula];
    const struct unit *amount = input_unit(c, SLOT_AMOUNT);
    struct problems *problems = c->problems;
    bool is_own = c->pt->unit && c->pt->unit->dimension == w->own, is_amount = !amount || amount->dimension == w->amount;
    if (c->pt->unit && !is_own)
        WRONG(c->pt, "point \"%s\" is in %s; what formula %s gives is %s", c->pt->id, c->pt->unit_name,
              formula_names[c->d->formula], dimension_name(w->own));
    if (!is_amount)
        WRONG(c->pt, "point \"%s\": its amount is in %s; formula %s takes %s", c->pt->id,
              input_point(c, SLOT_AMOUNT)->unit_name, formula_names[c->d->formula], dimension_name(w->amount));
    return is_own && is_amount;
}

static void lay_scale(const struct plan *p, struct derive_input *in)
{
    const struct point *from = &p->points[in->point];
    in->offset = (struct ratio){ 0, 1 };
    in->scale = from->tick_to_micro;
    bool is_level = in->slot != SLOT_AMOUNT && in->slot != SLOT_FLOW;
    if (!is_level || !from->unit || from->tick.num == 0)
        return;
    ratio_multiply(from->tick, from->unit->to_base, &in->scale);
    in->offset = from->unit->offset.num != 0 ? from->unit->offset : in->offset;
}

static struct gas_basis basis_of(const struct unit *unit)
{
    const struct conditions *c = unit_conditions(unit->basis);
    struct gas_basis basis = { c->temperature_mk, c->pressure_pa, GAS_MOISTURE_NOT_TOLD };
    bool flows = c->temperature_mk == 0 && unit->dimension != DIMENSION_FRACTION;
    if (c->moisture != MOISTURE_NONE || flows)
        basis.moisture = c->moisture == MOISTURE_DRY ? GAS_DRY : GAS_WET;
    return basis;
}

/* --- heat --- */

/* Where an enthalpy is declared, nothing else tells it; where none is, pressure and temperature do. */
static void check_heat(const struct gas_check *c)
{
    struct problems *problems = c->problems;
    bool has_t = is_told(c, SLOT_TEMPERATURE), has_p = is_told(c, SLOT_PRESSURE);
    bool has_h = c->d->enthalpy.is_given, is_saturated = c->d->medium == MEDIUM_SATURATED_STEAM;
    const char *id = c->pt->id;
    if (c->d->medium == MEDIUM_HOT_WATER) {
        if (!has_t || has_p || has_h)
            WRONG(c->pt, "point \"%s\": the heat of hot water follows from its temperature alone", id);
        return;
    }
    if (c->d->slots[SLOT_RETURN_TEMPERATURE] >= 0)
        WRONG(c->pt, "point \"%s\": a return temperature is for medium hot_water", id);
    if (has_h && (has_t || has_p))
        WRONG(c->pt, "point \"%s\": enthalpy is declared, so temperature and pressure have no bearing; one of them",
              id);
    if (!has_h && (!has_p || has_t == is_saturated))
        WRONG(c->pt, "point \"%s\": steam needs a declared enthalpy, or pressure and temperature; saturated_steam a "
              "pressure and no temperature", id);
}

/* --- a gas volume --- */

static void check_reference(const struct gas_check *c, const struct unit *amount)
{
    struct problems *problems = c->problems;
    c->d->own = basis_of(c->pt->unit);
    if (c->d->own.temperature_mk == 0 || c->d->own.moisture != GAS_MOISTURE_NOT_TOLD)
        WRONG(c->pt, "point \"%s\": gas_reference gives a volume at a reference, as Nm3, Sm3 or m3_20C, with its "
              "moisture as it was", c->pt->id);
    if (amount && unit_conditions(amount->basis)->temperature_mk != 0)
        WRONG(c->pt, "point \"%s\": its amount is at a reference already; take one in m3 as it flows", c->pt->id);
}

/* --- a stack --- */

static void check_moisture(const struct gas_check *c, const struct gas_basis *flow)
{
    struct problems *problems = c->problems;
    enum gas_moisture of = c->d->concentration.moisture;
    if (of == flow->moisture)
        return;
    if (of == GAS_MOISTURE_NOT_TOLD || flow->moisture == GAS_MOISTURE_NOT_TOLD)
        WRONG(c->pt, "point \"%s\": concentration and flow must both say dry or wet, as mg/Nm3.dry and Nm3.wet/h, or "
              "neither; a flow in m3 is wet", c->pt->id);
    else if (!is_told(c, SLOT_MOISTURE))
        WRONG(c->pt, "point \"%s\": a %s concentration meets a %s flow only through a moisture: an input, or "
              "moisture_percent under with", c->pt->id, of == GAS_DRY ? "dry" : "wet", of == GAS_DRY ? "wet" : "dry");
}

/* Temperature and pressure are needed where one of the two is as it flows and the other is not. */
static void check_state(const struct gas_check *c, const struct gas_basis *flow)
{
    struct problems *problems = c->problems;
    bool is_concentration_free = c->d->concentration.temperature_mk == 0;
    bool needs = c->d->is_by_volume ? flow->temperature_mk == 0
                                    : is_concentration_free != (flow->temperature_mk == 0);
    bool has = is_told(c, SLOT_TEMPERATURE) && is_told(c, SLOT_PRESSURE);
    if (needs && !has)
        WRONG(c->pt, "point \"%s\": what is told as it flows meets what is told at a reference only through "
              "temperature and pressure: inputs, or constants under with", c->pt->id);
}

static void check_oxygen(const struct gas_check *c)
{
    struct problems *problems = c->problems;
    const struct unit *unit = input_unit(c, SLOT_OXYGEN);
    bool is_needed = c->d->oxygen_reference.is_given || c->d->formula == FORMULA_FUEL_FACTOR;
    if (is_needed && !is_told(c, SLOT_OXYGEN))
        WRONG(c->pt, "point \"%s\": a reference content of oxygen needs the oxygen that is there", c->pt->id);
    if (!is_needed && is_told(c, SLOT_OXYGEN))
        WRONG(c->pt, "point \"%s\": oxygen has no bearing where the flow is not normalised to "
              "oxygen_reference_percent: mean concentration times the flow as it is", c->pt->id);
    if (!unit)
        return;
    enum gas_moisture moisture = basis_of(unit).moisture;
    c->d->is_oxygen_wet = moisture == GAS_WET;
    if (moisture == GAS_MOISTURE_NOT_TOLD)
        WRONG(c->pt, "point \"%s\": oxygen must say dry or wet: %%vol.dry or %%vol.wet", c->pt->id);
    if (moisture == GAS_WET && !is_told(c, SLOT_MOISTURE))
        WRONG(c->pt, "point \"%s\": wet oxygen needs a moisture", c->pt->id);
}

static void check_concentration(const struct gas_check *c, const struct gas_basis *flow)
{
    struct problems *problems = c->problems;
    const struct unit *unit = input_unit(c, SLOT_CONCENTRATION);
    if (!unit)
        return;
    c->d->concentration = basis_of(unit);
    c->d->is_by_volume = unit->dimension == DIMENSION_FRACTION;
    if (c->d->is_by_volume != (c->d->molar_mass.num > 0))
        WRONG(c->pt, "point \"%s\": molar_mass is for a concentration by volume, as ppm_vol.dry, which needs it",
              c->pt->id);
    check_moisture(c, flow);
    check_state(c, flow);
    check_oxygen(c);
}

static void check_stack(const struct gas_check *c)
{
    struct problems *problems = c->problems;
    bool has_flow = c->d->slots[SLOT_FLOW] >= 0, has_amount = c->d->slots[SLOT_AMOUNT] >= 0;
    const struct unit *unit = input_unit(c, has_flow ? SLOT_FLOW : SLOT_AMOUNT);
    if (has_flow == has_amount)
        WRONG(c->pt, "point \"%s\": a stack needs the flow as a rate (as: flow) or as a volume (as: amount), and not "
              "both", c->pt->id);
    if (!unit)
        return;
    c->d->flow = basis_of(unit);
    check_concentration(c, &c->d->flow);
}

static void check_fuel_factor(const struct gas_check *c, const struct unit *amount)
{
    static const struct gas_basis dscf = { 293150, 101325, GAS_DRY };
    struct problems *problems = c->problems;
    if (amount && amount->basis != BASIS_GROSS)
        WRONG(c->pt, "point \"%s\": a fuel factor is per gross heat; take an amount in MMBtu_IT.gross or kWh.gross",
              c->pt->id);
    check_concentration(c, &dscf);
}

void plan_check_gas(const struct plan *p, const struct point *pt, struct derivation *d,
                    struct derive_input *inputs, struct problems *problems)
{
    struct gas_check c = { p, pt, d, problems };
    const struct unit *amount = input_unit(&c, SLOT_AMOUNT);
    for (size_t i = 0; i < d->n_inputs; i++)
        if (inputs[i].point >= 0)
            lay_scale(p, &inputs[i]);
    if (!check_dimensions(&c))
        return;
    if (d->formula == FORMULA_HEAT)
        check_heat(&c);
    else if (d->formula == FORMULA_GAS_REFERENCE)
        check_reference(&c, amount);
    else if (d->formula == FORMULA_STACK)
        check_stack(&c);
    else
        check_fuel_factor(&c, amount);
}
