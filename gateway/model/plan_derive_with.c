/* What stands under a derived point's `with`: texts become exact ratios in base units (K, Pa, shares of 1), each
 * within what the thing can be. A constant stands for something that somebody measured once, so it needs a
 * source. What is given and has no bearing on the formula is a mistake too: somebody thought it had. */
#include <string.h>

#include "model/plan_parts.h"

struct constant {
    const char *name;
    size_t text_at;              /* in struct derive_with */
    uint32_t formulas;           /* bits of those that know it */
    const char *least, *most;
};

#define FOR(f) (1u << FORMULA_##f)
#define GASES (FOR(STACK) | FOR(FUEL_FACTOR))
#define ROW(key, formulas, least, most) { #key, offsetof(struct derive_with, key), formulas, least, most }

static const struct constant constants[] = {
    ROW(moisture_percent, GASES, "0", "99"),
    ROW(oxygen_percent, GASES, "0", "19.999"),
    ROW(temperature_degc, FOR(STACK) | FOR(HEAT) | FOR(GAS_REFERENCE), "-100", "2000"),
    ROW(pressure_bar, FOR(STACK) | FOR(HEAT) | FOR(GAS_REFERENCE), "0.001", "1000"),
    ROW(oxygen_reference_percent, FOR(STACK), "0", "19.999"),
    ROW(concentration_oxygen_percent, FOR(STACK), "0", "19.999"),
    ROW(molar_mass, GASES, "1", "1000"),
    ROW(enthalpy, FOR(HEAT), "0.001", "10000"),
    ROW(base_enthalpy, FOR(HEAT), "0", "10000"),
    ROW(base_temperature_degc, FOR(HEAT), "-50", "200"),
    ROW(specific_heat, FOR(HEAT), "0.1", "20"),
    ROW(compressibility, FOR(GAS_REFERENCE), "0.1", "3"),
    ROW(reference_compressibility, FOR(GAS_REFERENCE), "0.1", "3"),
    ROW(fuel_factor, FOR(FUEL_FACTOR), "1", "1000000"),
    ROW(carbon, FOR(FUEL_FACTOR), "0", "100"),
    ROW(hydrogen, FOR(FUEL_FACTOR), "0", "100"),
    ROW(sulfur, FOR(FUEL_FACTOR), "0", "100"),
    ROW(nitrogen, FOR(FUEL_FACTOR), "0", "100"),
    ROW(oxygen, FOR(FUEL_FACTOR), "0", "100"),
    ROW(calorific_value, FOR(FUEL_FACTOR), "1", "1000000"),
};

#define CONSTANTS (sizeof constants / sizeof *constants)

/* What the reading of one point's constants needs at hand. */
struct reading_with {
    const struct point *pt;
    const struct derive_with *with;
    struct problems *problems;
};

static struct decimal decimal_of(const char *text)
{
    struct decimal d = { 0 };
    decimal_parse(slice_of(text), &d);
    return d;
}

/* a - b as its sign; both have few digits. */
static int compare(struct decimal a, struct decimal b)
{
    int128 x = a.mantissa, y = b.mantissa;
    for (int i = 0; i < b.scale; i++)
        x *= 10;
    for (int i = 0; i < a.scale; i++)
        y *= 10;
    return (x > y) - (x < y);
}

static const char *text_of(const struct derive_with *with, const struct constant *c)
{
    const char *text;
    memcpy(&text, (const char *)with + c->text_at, sizeof text);
    return text;
}

/* More digits than 9 behind the point are more than anybody measures, and keep products short. */
static bool is_sound(const struct reading_with *r, const struct constant *c, const char *text)
{
    struct decimal d;
    bool is_number = decimal_parse(slice_of(text), &d) == 0 && d.scale <= 9;
    if (!is_number || compare(d, decimal_of(c->least)) < 0 || compare(d, decimal_of(c->most)) > 0) {
        problem_add(r->problems, r->pt->with.place, "point \"%s\": %s is \"%s\" and must be a number from %s to %s "
                    "with at most 9 digits behind the point", r->pt->id, c->name, text, c->least, c->most);
        return false;
    }
    return true;
}

static bool check_constants(const struct reading_with *r, enum formula formula)
{
    bool is_any = false, is_good = true;
    for (size_t i = 0; i < CONSTANTS; i++) {
        const struct constant *c = &constants[i];
        const char *text = text_of(r->with, c);
        if (text_is_empty(text))
            continue;
        is_any = true;
        if (!(c->formulas & 1u << formula)) {
            problem_add(r->problems, r->pt->with.place, "point \"%s\": formula %s knows no %s", r->pt->id,
                        formula_names[formula], c->name);
            is_good = false;
        } else {
            is_good &= is_sound(r, c, text);
        }
    }
    if (is_any && text_is_empty(r->with->source))
        problem_add(r->problems, r->pt->with.place, "point \"%s\": constants need a source: where are they from, "
                    "and in which edition?", r->pt->id);
    return is_good;
}

/* text / divisor, or the preset where it is empty. */
static struct ratio ratio_from(const char *text, const char *preset, int64_t divisor)
{
    struct decimal d = decimal_of(text_is_empty(text) ? preset : text);
    bool is_negative = d.mantissa < 0;
    struct ratio power = { 1, 1 }, out = { 0, 1 };
    for (int i = 0; i < d.scale; i++)
        power.den *= 10;
    ratio_multiply((struct ratio){ is_negative ? -d.mantissa : d.mantissa, divisor }, power, &out);
    if (is_negative)
        out.num = -out.num;
    return out;
}

static struct derive_value value_from(const char *text, int64_t divisor)
{
    return (struct derive_value){ !text_is_empty(text), ratio_from(text, "0", divisor) };
}

/* degC + 273.15, where the text has 9 digits at most behind the point. */
static struct derive_value kelvin_from(const char *text, const char *preset)
{
    struct derive_value v = { !text_is_empty(text), ratio_from(text, preset, 1) };
    struct ratio shifted = { 0, 1 };
    int64_t num = v.value.num * 100 + 27315 * v.value.den;
    if (num > 0)
        ratio_multiply((struct ratio){ num, 1 }, (struct ratio){ 1, v.value.den * 100 }, &shifted);
    v.value = shifted;
    return v;
}

static void read_analysis(const struct reading_with *r, struct derivation *d)
{
    const struct derive_with *w = r->with;
    bool has_analysis = !text_is_empty(w->carbon) || !text_is_empty(w->hydrogen);
    if (d->formula != FORMULA_FUEL_FACTOR)
        return;
    if (has_analysis == !text_is_empty(w->fuel_factor) || (has_analysis && text_is_empty(w->calorific_value)))
        problem_add(r->problems, r->pt->place, "point \"%s\": needs fuel_factor, or else the fuel's analysis (carbon, "
                    "hydrogen, sulfur, nitrogen, oxygen, calorific_value)", r->pt->id);
    if (!has_analysis) {
        d->fuel_factor = ratio_from(w->fuel_factor, "1", 1);
        return;
    }
    struct fuel_analysis a = { decimal_of(w->carbon), decimal_of(w->hydrogen), decimal_of(w->sulfur),
                               decimal_of(w->nitrogen), decimal_of(w->oxygen), decimal_of(w->calorific_value) };
    if (fuel_factor_of(&a, &d->fuel_factor) != 0)
        problem_add(r->problems, r->pt->place, "point \"%s\": the fuel's analysis gives no fuel factor above 0",
                    r->pt->id);
}

static void lay_constants(const struct reading_with *r, struct derivation *d)
{
    const struct derive_with *w = r->with;
    d->constants[SLOT_MOISTURE] = value_from(w->moisture_percent, 100);
    d->constants[SLOT_OXYGEN] = value_from(w->oxygen_percent, 100);
    d->constants[SLOT_TEMPERATURE] = kelvin_from(w->temperature_degc, "0");
    d->constants[SLOT_PRESSURE] = value_from(w->pressure_bar, 1);
    ratio_multiply(d->constants[SLOT_PRESSURE].value, (struct ratio){ 100000, 1 },
                   &d->constants[SLOT_PRESSURE].value);
    d->oxygen_reference = value_from(w->oxygen_reference_percent, 100);
    d->molar_mass = ratio_from(w->molar_mass, "0", 1);
    d->enthalpy = value_from(w->enthalpy, 1);
    d->base_enthalpy = ratio_from(w->base_enthalpy, "83.74", 1);
    d->base_temperature = kelvin_from(w->base_temperature_degc, "20").value;
    d->specific_heat = ratio_from(w->specific_heat, "4.1868", 1);
    d->compressibility = ratio_from(w->compressibility, "1", 1);
    d->reference_compressibility = ratio_from(w->reference_compressibility, "1", 1);
    read_analysis(r, d);
}

/* Normalised once, the concentration must not be normalised again, nor meet a flow that is not. */
static void check_oxygen(const struct reading_with *r, struct derivation *d)
{
    const struct derive_with *w = r->with;
    bool is_normalised = !text_is_empty(w->concentration_oxygen_percent);
    if (!is_normalised)
        return;
    struct ratio own = ratio_from(w->concentration_oxygen_percent, "0", 100), flow = d->oxygen_reference.value;
    if (!d->oxygen_reference.is_given || own.num != flow.num || own.den != flow.den)
        problem_add(r->problems, r->pt->with.place, "point \"%s\": the concentration is normalised to %s %% oxygen and the "
                    "flow is not – take the concentration as measured, or a flow normalised to the same "
                    "(oxygen_reference_percent)", r->pt->id, w->concentration_oxygen_percent);
    d->oxygen_reference.is_given = false;
}

void plan_read_with(struct plan *p, const struct point *pt, struct derivation *d, struct problems *problems)
{
    struct derive_with *with = arena_take_zeroed(&p->arena, 1, sizeof *with);
    struct reading_with r = { pt, with, problems };
    size_t before = problems->n;
    option_read_raw(derive_with_options, with, &pt->with, &p->arena, problems);
    d->hour_rule = (enum hour_rule)with->hour_rule;
    d->medium = (enum medium)with->medium;
    d->is_stamped_at_end = with->is_stamped_at_end;
    if (problems->n != before || !check_constants(&r, d->formula))
        return;
    lay_constants(&r, d);
    check_oxygen(&r, d);
}
