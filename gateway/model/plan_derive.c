/* The check of derived points: each has a formula with the inputs that it needs, of the dimensions that it
 * needs, and no point follows from itself.
 *
 * It runs when all points were checked by themselves, since an input may stand anywhere in its site. What a
 * formula takes is one row of a table; what two inputs say of each other (the conditions of a gas) is in
 * plan_derive_gas.c. Of each mistake the right alternatives are named. */
#include <string.h>

#include "model/plan_parts.h"

#define WRONG(pt, ...) problem_add(problems, (pt)->place, __VA_ARGS__)
#define BIT(slot) (1u << (slot))

struct formula_row {
    uint32_t needed, taken;      /* bits of slots */
    uint32_t declarable;         /* slots that a constant under `with` may stand in for */
    bool is_by_hour_rule;        /* needs to know how many values a gauge could have given */
};

#define STATE (BIT(SLOT_TEMPERATURE) | BIT(SLOT_PRESSURE))

static const struct formula_row formulas[FORMULA_COUNT] = {
    [FORMULA_SUM] = { BIT(SLOT_AMOUNT), BIT(SLOT_AMOUNT), 0, false },
    [FORMULA_STACK] = { BIT(SLOT_CONCENTRATION),
                        BIT(SLOT_AMOUNT) | BIT(SLOT_FLOW) | BIT(SLOT_CONCENTRATION) | BIT(SLOT_MOISTURE) |
                            BIT(SLOT_OXYGEN) | STATE,
                        BIT(SLOT_MOISTURE) | BIT(SLOT_OXYGEN) | STATE, true },
    [FORMULA_FUEL_FACTOR] = { BIT(SLOT_AMOUNT) | BIT(SLOT_CONCENTRATION) | BIT(SLOT_OXYGEN),
                              BIT(SLOT_AMOUNT) | BIT(SLOT_CONCENTRATION) | BIT(SLOT_OXYGEN) |
                                  BIT(SLOT_MOISTURE),
                              BIT(SLOT_OXYGEN) | BIT(SLOT_MOISTURE), true },
    [FORMULA_HEAT] = { BIT(SLOT_AMOUNT), BIT(SLOT_AMOUNT) | STATE | BIT(SLOT_RETURN_TEMPERATURE), STATE, false },
    [FORMULA_GAS_REFERENCE] = { BIT(SLOT_AMOUNT) | STATE, BIT(SLOT_AMOUNT) | STATE, STATE, false },
};

static const int64_t everies_us[] = { INT64_C(3600000000), INT64_C(900000000) };

/* --- inputs by name --- */

static int32_t find_point(const struct plan *p, const struct point *pt, const char *ref)
{
    const char *stroke = strchr(ref, '/');
    if (!stroke)
        return plan_point(p, pt->device, slice_of(ref));
    struct slice device = { (const uint8_t *)ref, (size_t)(stroke - ref) };
    return plan_point(p, plan_device(p, pt->site, device), slice_of(stroke + 1));
}

/* All points that may be meant, named as the reference is: by the device too, or alone. */
static const char **names_of(struct plan *p, const struct point *pt, const char *ref)
{
    bool is_alone = !strchr(ref, '/');
    const char **names = arena_take_zeroed(&p->arena, p->n_points + 1, sizeof *names);
    struct buffer text = { 0 };
    size_t n = 0;
    for (size_t i = 0; i < p->n_points; i++) {
        const struct point *other = &p->points[i];
        bool is_near = is_alone ? other->device == pt->device : other->site == pt->site;
        if (!is_near || other == pt || text_is_empty(other->id))
            continue;
        buffer_clear(&text);
        buffer_print(&text, "%s%s%s", is_alone ? "" : p->devices[other->device].id, is_alone ? "" : "/", other->id);
        names[n++] = arena_text(&p->arena, buffer_slice(&text));
    }
    buffer_fini(&text);
    return names;
}

static void unknown_input(struct plan *p, const struct point *pt, const struct derive_input *in,
                          struct problems *problems)
{
    const char *nearest = option_nearest(in->point_ref, names_of(p, pt, in->point_ref));
    if (nearest)
        problem_add(problems, in->place, "point \"%s\": its site has no point \"%s\" – did you mean \"%s\"?",
                    pt->id, in->point_ref, nearest);
    else
        problem_add(problems, in->place, "point \"%s\": its site has no point \"%s\"; inputs are named as "
                    "device/point", pt->id, in->point_ref);
}

/* --- does it fit --- */

static bool is_sampled(int slot)
{
    return slot != SLOT_AMOUNT;
}

static bool unit_fits(int slot, const struct unit *unit)
{
    enum dimension d = unit->dimension;
    switch (slot) {
    case SLOT_FLOW:
        return d == DIMENSION_VOLUME_RATE;
    case SLOT_CONCENTRATION:
        return d == DIMENSION_MASS_CONCENTRATION || (d == DIMENSION_FRACTION && unit->basis != BASIS_OF_MASS);
    case SLOT_MOISTURE:
    case SLOT_OXYGEN:
        return d == DIMENSION_FRACTION && unit->basis != BASIS_OF_MASS;
    case SLOT_TEMPERATURE:
    case SLOT_RETURN_TEMPERATURE:
        return d == DIMENSION_TEMPERATURE;
    case SLOT_PRESSURE:
        return d == DIMENSION_PRESSURE && unit->basis == BASIS_ABSOLUTE;
    default:
        return true;
    }
}

static const char *wanted_unit(int slot)
{
    static const char *const wanted[SLOT_COUNT] = {
        [SLOT_FLOW] = "a volume rate, as Nm3/h",
        [SLOT_CONCENTRATION] = "a concentration, as mg/Nm3.dry or ppm_vol.dry",
        [SLOT_MOISTURE] = "a share by volume, as %vol.wet",
        [SLOT_OXYGEN] = "a share by volume, as %vol.dry",
        [SLOT_TEMPERATURE] = "a temperature, as degC",
        [SLOT_PRESSURE] = "an absolute pressure, as bar.abs",
        [SLOT_RETURN_TEMPERATURE] = "a temperature, as degC",
    };
    return wanted[slot];
}

static void check_fit(const struct plan *p, const struct point *pt, const struct derive_input *in,
                      struct problems *problems)
{
    const struct point *from = &p->points[in->point];
    bool has_amounts = from->kind != POINT_STATE && (from->kind != POINT_GAUGE || from->stream >= 0);
    if (!is_sampled(in->slot) && !has_amounts)
        problem_add(problems, in->place, "point \"%s\": input \"%s\" has no amounts; a gauge has them when its "
                    "unit is a rate and it belongs to a stream", pt->id, in->point_ref);
    else if (is_sampled(in->slot) && from->kind != POINT_GAUGE)
        problem_add(problems, in->place, "point \"%s\": input \"%s\" is averaged as %s and must be a gauge",
                    pt->id, in->point_ref, slot_names[in->slot]);
    else if (from->unit && !unit_fits(in->slot, from->unit))
        problem_add(problems, in->place, "point \"%s\": input \"%s\" is in %s; %s must be %s", pt->id,
                    in->point_ref, from->unit_name, slot_names[in->slot], wanted_unit(in->slot));
}

/* --- a sum --- */

/* So many ticks of the sum for one tick of the input: a whole number, so that nothing is rounded. */
static void lay_scale(const struct plan *p, const struct point *pt, struct derive_input *in,
                      struct problems *problems)
{
    const struct point *from = &p->points[in->point];
    struct ratio c = { in->coefficient.mantissa, 1 }, size;
    for (int i = 0; i < in->coefficient.scale; i++)
        c.den *= 10;
    bool is_negative = c.num < 0;
    c.num = is_negative ? -c.num : c.num;
    if (pt->tick_to_micro.num == 0 || from->tick_to_micro.num == 0)
        return;
    int rc = ratio_multiply(from->tick_to_micro,
                            (struct ratio){ pt->tick_to_micro.den, pt->tick_to_micro.num }, &size);
    if (rc == 0)
        rc = ratio_multiply(size, c, &in->scale);
    if (rc != 0 || in->scale.den != 1)
        problem_add(problems, in->place, "point \"%s\": a step of \"%s\" times the coefficient is no whole number "
                    "of its own steps, so a sum would be rounded; a finer resolution or a kindred unit helps",
                    pt->id, in->point_ref);
    else if (is_negative)
        in->scale.num = -in->scale.num;
}

static void check_sum(const struct plan *p, const struct point *pt, struct derivation *d,
                      struct derive_input *inputs, struct problems *problems)
{
    for (size_t i = 0; i < d->n_inputs; i++) {
        struct derive_input *in = &inputs[i];
        const struct point *from = in->point >= 0 ? &p->points[in->point] : NULL;
        if (!from || !from->unit || !pt->unit)
            continue;
        if (in->coefficient.mantissa == 0)
            problem_add(problems, in->place, "point \"%s\": coefficient of \"%s\" is 0", pt->id, in->point_ref);
        else if (!from->amount_unit || !unit_mixes(from->amount_unit, pt->unit))
            problem_add(problems, in->place, "point \"%s\" is in %s and its input \"%s\" in %s: a sum is of one "
                        "dimension and one basis (net or gross, dry or wet, reference)", pt->id, pt->unit_name,
                        in->point_ref, from->unit_name);
        else
            lay_scale(p, pt, in, problems);
    }
}

/* --- slots --- */

static void check_slots(const struct plan *p, const struct point *pt, struct derivation *d,
                        struct problems *problems)
{
    const struct formula_row *row = &formulas[d->formula];
    uint32_t given = 0;
    for (int slot = 0; slot < SLOT_COUNT; slot++)
        d->slots[slot] = -1;
    for (size_t i = 0; i < d->n_inputs; i++) {
        const struct derive_input *in = &d->inputs[i];
        if (!(row->taken & BIT(in->slot)))
            problem_add(problems, in->place, "point \"%s\": formula %s takes no input as %s", pt->id,
                        formula_names[d->formula], slot_names[in->slot]);
        else if (given & BIT(in->slot))
            problem_add(problems, in->place, "point \"%s\": a second input as %s", pt->id, slot_names[in->slot]);
        given |= BIT(in->slot);
        d->slots[in->slot] = (int32_t)i;
        const struct point *from = in->point >= 0 ? &p->points[in->point] : NULL;
        if (from && row->is_by_hour_rule && is_sampled(in->slot) && from->period_us == 0)
            problem_add(problems, in->place, "point \"%s\": input \"%s\" needs its period, or nobody knows how many "
                        "values an hour could have", pt->id, in->point_ref);
    }
    for (int slot = 0; slot < SLOT_COUNT; slot++) {
        if (given & BIT(slot) && d->constants[slot].is_given)
            WRONG(pt, "point \"%s\": %s is an input and a constant; one of them", pt->id, slot_names[slot]);
        else if (d->constants[slot].is_given && !(row->declarable & BIT(slot)))
            WRONG(pt, "point \"%s\": formula %s takes no constant for %s", pt->id, formula_names[d->formula],
                  slot_names[slot]);
        else if (row->needed & BIT(slot) && !(given & BIT(slot)) && !d->constants[slot].is_given)
            WRONG(pt, "point \"%s\": formula %s needs an input as %s", pt->id, formula_names[d->formula],
                  slot_names[slot]);
    }
}

/* --- one point --- */

static void check_absent(const struct point *pt, struct problems *problems)
{
    if (pt->formula != FORMULA_NONE || pt->inputs_list.n > 0 || pt->with.yaml.size > 0)
        WRONG(pt, "point \"%s\": formula, inputs and with are for kind derived only", pt->id);
}

static void find_inputs(struct plan *p, const struct point *pt, struct derive_input *inputs, size_t n,
                        struct problems *problems)
{
    for (size_t i = 0; i < n; i++) {
        struct derive_input *in = &inputs[i];
        in->point = text_is_empty(in->point_ref) ? -1 : find_point(p, pt, in->point_ref);
        if (in->point < 0 && !text_is_empty(in->point_ref))
            unknown_input(p, pt, in, problems);
        else if (in->point >= 0)
            check_fit(p, pt, in, problems);
    }
}

static void check_derived(struct plan *p, struct point *pt, struct problems *problems)
{
    if (pt->formula == FORMULA_NONE) {
        WRONG(pt, "point \"%s\": kind derived needs a formula: sum, stack, fuel_factor, heat or gas_reference",
              pt->id);
        return;
    }
    struct derivation *d = arena_take_zeroed(&p->arena, 1, sizeof *d);
    struct derive_input *inputs = pt->inputs_list.at;
    pt->derivation = d;
    d->point = pt->index;
    d->formula = (enum formula)pt->formula;
    d->every_us = d->formula == FORMULA_SUM ? 0 : everies_us[pt->every_choice];
    d->inputs = inputs;
    d->n_inputs = pt->inputs_list.n;
    find_inputs(p, pt, inputs, d->n_inputs, problems);
    plan_read_with(p, pt, d, problems);
    if (d->formula == FORMULA_SUM) {
        if (d->n_inputs == 0)
            WRONG(pt, "point \"%s\": a sum of no inputs", pt->id);
        check_sum(p, pt, d, inputs, problems);
        return;
    }
    check_slots(p, pt, d, problems);
    plan_check_gas(p, pt, d, inputs, problems);
}

/* --- circles --- */

enum colour { NEW, OPEN, DONE };

/* Walks along the inputs of a point; what is met again on the same walk follows from itself. */
static void walk(const struct plan *p, int32_t point, uint8_t *colours, struct problems *problems)
{
    const struct point *pt = &p->points[point];
    if (colours[point] == OPEN)
        WRONG(pt, "point \"%s\" is computed from itself, by way of its inputs", pt->id);
    if (colours[point] != NEW || !pt->derivation)
        return;
    colours[point] = OPEN;
    for (size_t i = 0; i < pt->derivation->n_inputs; i++)
        if (pt->derivation->inputs[i].point >= 0)
            walk(p, pt->derivation->inputs[i].point, colours, problems);
    colours[point] = DONE;
}

void plan_check_derivations(struct plan *p, struct problems *problems)
{
    for (size_t i = 0; i < p->n_points; i++) {
        if (p->points[i].kind == POINT_DERIVED)
            check_derived(p, &p->points[i], problems);
        else
            check_absent(&p->points[i], problems);
    }
    uint8_t *colours = arena_take_zeroed(&p->arena, p->n_points + 1, 1);
    for (size_t i = 0; i < p->n_points; i++)
        walk(p, (int32_t)i, colours, problems);
}
