/* Key figures of a site: what a stream came to, divided by what a point counted, or by a declared amount.
 * PUE is the energy of the whole over that of the machines; CUE the CO2e over the same; a leak rate what
 * was refilled over the charge, brought to a year (ISO/IEC 30134-2, -8, -9).
 *
 * Which unit comes out follows from the two dimensions, by one table, so that nobody has to declare it and
 * nobody can declare it wrongly. What is not in the table is refused, and the table told. */
#include <stddef.h>
#include <string.h>

#include "model/plan_parts.h"

#define MICRO INT64_C(1000000)

static const char *const figure_choices[] = { "activity", "co2e", NULL };

const struct option plan_kpi_options[] = {
    { .name = "name", .type = OPT_NAME, .at = offsetof(struct kpi, name), .is_required = true,
      .help = "Name of the figure, as pue, cue, wue or leak_rate." },
    { .name = "numerator", .type = OPT_NAME, .at = offsetof(struct kpi, stream_id), .is_required = true,
      .help = "Stream of the site that is divided." },
    { .name = "figure", .type = OPT_CHOICE, .at = offsetof(struct kpi, figure), .choices = figure_choices,
      .preset = "activity", .help = "What of the stream: its activity, or its CO2e (of scope 2 location-based)." },
    { .name = "denominator", .type = OPT_STRING, .at = offsetof(struct kpi, denominator), .is_required = true,
      .min = "1", .max = "160",
      .help = "What it is divided by: a point as DEVICE/POINT, or an amount as \"5 kg\"." },
    { .name = "annual", .type = OPT_BOOL, .at = offsetof(struct kpi, is_annual), .preset = "false",
      .help = "Whether it is brought from the window's length to a year of 365 days, as leak rates are." },
    { .name = NULL }
};

#define WRONG(k, ...) problem_add(problems, (k)->place, __VA_ARGS__)

struct quotient {
    enum dimension below;
    int figure;                  /* enum kpi_figure */
    enum dimension above;        /* of KPI_ACTIVITY */
    const char *unit, *annual_unit;
    struct ratio scale;          /* of base units over base units to the unit */
};

static const struct quotient quotients[] = {
    { DIMENSION_ENERGY, KPI_ACTIVITY, DIMENSION_ENERGY, "1", "1/a", { 1, 1 } },
    { DIMENSION_MASS, KPI_ACTIVITY, DIMENSION_MASS, "1", "1/a", { 1, 1 } },
    { DIMENSION_VOLUME, KPI_ACTIVITY, DIMENSION_VOLUME, "1", "1/a", { 1, 1 } },
    { DIMENSION_ENERGY, KPI_CO2E, DIMENSION_NONE, "kg/kWh", NULL, { 1, 1 } },
    { DIMENSION_MASS, KPI_CO2E, DIMENSION_NONE, "kg/t", NULL, { 1000, 1 } },
    { DIMENSION_COUNT, KPI_CO2E, DIMENSION_NONE, "kg", NULL, { 1, 1000 } },
    { DIMENSION_ENERGY, KPI_ACTIVITY, DIMENSION_VOLUME, "L/kWh", NULL, { 1000000, 1 } },
    { DIMENSION_MASS, KPI_ACTIVITY, DIMENSION_ENERGY, "kWh/t", NULL, { 1000, 1 } },
};

static const struct quotient *quotient_of(const struct kpi *k, enum dimension above)
{
    for (size_t i = 0; i < sizeof quotients / sizeof *quotients; i++) {
        const struct quotient *q = &quotients[i];
        if (q->figure == k->figure && q->below == k->dimension &&
            (k->figure == KPI_CO2E || q->above == above) && (q->annual_unit || !k->is_annual))
            return q;
    }
    return NULL;
}

static void check_quotient(const struct plan *p, struct kpi *k, struct problems *problems)
{
    enum dimension above = p->streams[k->stream].dimension;
    const struct quotient *q = quotient_of(k, above);
    if (k->dimension == DIMENSION_NONE)
        return;
    if (!q) {
        WRONG(k,
              "kpi \"%s\": %s by %s%s is no figure that is known; those are energy, mass or volume by the "
              "same (annual too), CO2e by energy, mass or count, volume by energy, energy by mass",
              k->name, k->figure == KPI_CO2E ? "CO2e" : dimension_name(above), dimension_name(k->dimension),
              k->is_annual ? " in a year" : "");
        return;
    }
    k->unit = k->is_annual ? q->annual_unit : q->unit;
    k->scale = q->scale;
}

/* "5 kg" */
static void check_constant(struct kpi *k, const char *space, struct problems *problems)
{
    struct slice number = { (const uint8_t *)k->denominator, (size_t)(space - k->denominator) };
    struct decimal d;
    int128 den = 1;
    const struct unit *unit = unit_by_name(space + 1);
    bool is_number = decimal_parse(number, &d) == 0 && d.mantissa > 0;
    for (int i = 0; is_number && i < d.scale; i++)
        den *= 10;
    if (unit && is_number &&
        number_scale((int128)d.mantissa * MICRO, unit->to_base.num, den * unit->to_base.den,
                     &k->constant_micro) == 0 && k->constant_micro > 0)
        k->dimension = unit->dimension;
    else
        WRONG(k, "kpi \"%s\": denominator \"%s\" is no amount above 0 with a unit, like \"5 kg\"", k->name,
              k->denominator);
}

static void check_point(const struct plan *p, const struct site *s, struct kpi *k, struct problems *problems)
{
    const char *stroke = strchr(k->denominator, '/');
    struct slice device = { (const uint8_t *)k->denominator,
                            stroke ? (size_t)(stroke - k->denominator) : 0 };
    int32_t at = stroke ? plan_device(p, s->index, device) : -1;
    k->point = at < 0 ? -1 : plan_point(p, at, slice_of(stroke + 1));
    if (k->point < 0)
        WRONG(k, "kpi \"%s\": its site has no point \"%s\"; points are named as DEVICE/POINT, amounts as \"5 kg\"",
              k->name, k->denominator);
    else if (!p->points[k->point].amount_unit)
        WRONG(k, "kpi \"%s\": point \"%s\" has no amounts to divide by", k->name, k->denominator);
    else
        k->dimension = p->points[k->point].amount_unit->dimension;
}

static void check_kpi(const struct plan *p, const struct site *s, struct kpi *k, struct problems *problems)
{
    k->point = -1;
    if (text_is_empty(k->stream_id) || text_is_empty(k->denominator))
        return;
    k->stream = plan_index_find(p->index, INDEX_STREAM, s->index, slice_of(k->stream_id));
    if (k->stream < 0) {
        WRONG(k, "kpi \"%s\": its site has no stream \"%s\"", k->name, k->stream_id);
        return;
    }
    const char *space = strchr(k->denominator, ' ');
    if (space)
        check_constant(k, space, problems);
    else
        check_point(p, s, k, problems);
    check_quotient(p, k, problems);
}

void plan_check_kpis(struct plan *p, struct site *s, struct problems *problems)
{
    const struct kpi *from = s->kpis_list.at;
    s->kpis = arena_take_zeroed(&p->arena, s->kpis_list.n, sizeof *s->kpis);
    for (; s->n_kpis < s->kpis_list.n; s->n_kpis++) {
        struct kpi *k = &s->kpis[s->n_kpis];
        *k = from[s->n_kpis];
        check_kpi(p, s, k, problems);
        for (size_t i = 0; i < s->n_kpis; i++)
            if (!text_is_empty(k->name) && !text_is_empty(s->kpis[i].name) &&
                strcmp(k->name, s->kpis[i].name) == 0)
                WRONG(k, "kpi \"%s\" stands twice, first on line %u", k->name, s->kpis[i].place.line);
    }
}
