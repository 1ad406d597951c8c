/* What is checked of one point: that it declares what its kind needs and nothing that its kind ignores,
 * that its numbers are exact, and that it fits its stream.
 *
 * The arithmetic: ticks = raw × multiplier / resolution, where raw is what the device sends. A
 * declaration is turned into ratios here, once, and refused when a ratio does not fit 63 bits, so that
 * nothing that runs per reading can overflow for a reason that was known from the start. */
#include "model/plan_parts.h"

#define MS_US INT64_C(1000)

#define WRONG(pt, ...) problem_add(problems, (pt)->place, __VA_ARGS__)

static void print_names(const char *const *names, struct buffer *out)
{
    for (size_t i = 0; names[i]; i++)
        buffer_print(out, "%s%s", i ? ", " : "", names[i]);
}

const struct unit *plan_check_unit(const char *name, const char *what, const char *id,
                                   struct place place, struct problems *problems)
{
    const struct unit *unit = unit_by_name(name);
    if (unit || text_is_empty(name))
        return unit;

    const char *alternatives = unit_alternatives(name);
    if (alternatives) {
        problem_add(problems, place, "%s \"%s\": \"%s\" does not say which unit is meant – there is %s", what,
                    id, name, alternatives);
        return NULL;
    }
    struct buffer all = { 0 };
    print_names(unit_names(), &all);
    const char *nearest = option_nearest(name, unit_names());
    if (nearest)
        problem_add(problems, place,
                    "%s \"%s\": no unit \"%s\" – did you mean \"%s\"? There are %.*s", what, id,
                    name, nearest, (int)all.size, (const char *)all.at);
    else
        problem_add(problems, place, "%s \"%s\": no unit \"%s\"; there are %.*s", what, id, name,
                    (int)all.size, (const char *)all.at);
    buffer_fini(&all);
    return NULL;
}

/* Unit and stream: a state has neither, a gauge and a derived point may do without a stream (others are
 * computed from them), everything else has both. */
static void check_belonging(const struct point *pt, struct problems *problems)
{
    bool has_unit = !text_is_empty(pt->unit_name), has_stream = !text_is_empty(pt->stream_id);
    if (pt->kind == POINT_STATE) {
        if (has_unit)
            WRONG(pt, "point \"%s\": a state has no unit", pt->id);
        if (has_stream)
            WRONG(pt, "point \"%s\": a state has no amounts and so no stream", pt->id);
        return;
    }
    if (!has_unit)
        WRONG(pt, "point \"%s\": needs a unit", pt->id);
    if (!has_stream && pt->kind != POINT_GAUGE && pt->kind != POINT_DERIVED)
        WRONG(pt, "point \"%s\": needs a stream that its amounts belong to", pt->id);
}

static void check_interval(const struct point *pt, struct problems *problems)
{
    if (pt->kind != POINT_INTERVAL) {
        if (pt->interval_us != 0)
            WRONG(pt, "point \"%s\": interval is for kind interval only", pt->id);
        return;
    }
    if (pt->interval_us == 0)
        WRONG(pt, "point \"%s\": kind interval needs an interval above 0", pt->id);
    else if (pt->interval_us % MS_US != 0)
        WRONG(pt, "point \"%s\": interval must be whole milliseconds", pt->id);
}

static void check_register(const struct point *pt, struct problems *problems)
{
    bool has_modulus = pt->modulus.mantissa != 0;
    if (pt->kind != POINT_REGISTER && has_modulus)
        WRONG(pt, "point \"%s\": modulus is for kind register only", pt->id);
    if (pt->kind != POINT_REGISTER && pt->reset_from_zero)
        WRONG(pt, "point \"%s\": reset_from_zero is for kind register only", pt->id);
    if (pt->kind == POINT_REGISTER && has_modulus && pt->max_rate.mantissa == 0)
        WRONG(pt,
              "point \"%s\": a register with a modulus and no rate limit – without max_rate a "
              "rollover cannot be told from a reset",
              pt->id);
}

/* Always fits: a scale is at most 18, and 10^18 has 60 bits. */
static struct ratio ratio_of(struct decimal d)
{
    int64_t den = 1;
    for (int i = 0; i < d.scale; i++)
        den *= 10;
    struct ratio r = { 0, 1 };
    ratio_multiply((struct ratio){ d.mantissa, 1 }, (struct ratio){ 1, den }, &r);
    return r;
}

/* a / b; b above 0. */
static int ratio_divide(struct ratio a, struct ratio b, struct ratio *out)
{
    return ratio_multiply(a, (struct ratio){ b.den, b.num }, out);
}

/* resolution, multiplier and unit as ratios. 0, or NUMBER_OVERFLOW. */
static int lay_ratios(struct point *pt)
{
    pt->tick = ratio_of(pt->resolution);
    int rc = ratio_divide(pt->tick, ratio_of(pt->multiplier), &pt->tick_of_raw);
    if (rc != 0 || !pt->unit)
        return rc;
    struct ratio micro;
    rc = ratio_multiply(pt->tick, (struct ratio){ 1000000, 1 }, &micro);
    return rc ? rc : ratio_multiply(micro, pt->unit->to_base, &pt->tick_to_micro);
}

static void lay_modulus(struct point *pt, struct problems *problems)
{
    struct ratio ticks;
    int rc = ratio_divide(ratio_of(pt->modulus), pt->tick_of_raw, &ticks);
    if (rc != 0)
        WRONG(pt, "point \"%s\": modulus is more ticks of the resolution than 63 bits hold",
              pt->id);
    else if (ticks.den != 1)
        WRONG(pt, "point \"%s\": modulus x multiplier must be a whole multiple of the resolution",
              pt->id);
    else
        pt->modulus_ticks = ticks.num;
}

/* With the margin of 10 %. */
static void lay_max_rate(struct point *pt, struct problems *problems)
{
    struct ratio ticks;
    int128 limit = 0;
    if (pt->max_rate.mantissa == 0)
        return;
    int rc = ratio_divide(ratio_of(pt->max_rate), pt->tick, &ticks);
    if (rc == 0)
        rc = number_scale(ticks.num, 11, (int128)ticks.den * 10, &limit);
    if (rc != 0 || limit > INT64_MAX)
        WRONG(pt, "point \"%s\": max_rate is more ticks of the resolution than 63 bits hold",
              pt->id);
    else if (limit == 0)
        WRONG(pt, "point \"%s\": max_rate is less than one step of the resolution per hour",
              pt->id);
    else
        pt->max_rate_ticks_per_hour = (int64_t)limit;
}

static bool is_resolution(struct decimal d)
{
    struct ratio r = ratio_of(d);
    return r.num > 0 && r.num <= (int128)1000000 * r.den;
}

static void check_numbers(struct point *pt, struct problems *problems)
{
    bool has_resolution = is_resolution(pt->resolution);
    bool has_multiplier = pt->multiplier.mantissa > 0;
    if (!has_resolution)
        WRONG(pt, "point \"%s\": resolution must be above 0 and at most 1000000", pt->id);
    if (!has_multiplier)
        WRONG(pt, "point \"%s\": multiplier must be above 0", pt->id);
    if (!has_resolution || !has_multiplier)
        return;

    if (lay_ratios(pt) != 0) {
        WRONG(pt,
              "point \"%s\": resolution, multiplier and unit together do not fit 63 bits; a "
              "coarser resolution does",
              pt->id);
        return;
    }
    lay_modulus(pt, problems);
    lay_max_rate(pt, problems);
    plan_lay_limits(pt, problems);
}

static void unknown_stream(struct plan *p, const struct point *pt, struct problems *problems)
{
    const struct site *site = &p->sites[pt->site];
    const char **names = arena_take_zeroed(&p->arena, (size_t)site->n_streams + 1, sizeof *names);
    size_t n = 0;
    for (int32_t i = 0; i < site->n_streams; i++)
        if (!text_is_empty(p->streams[site->first_stream + i].id))
            names[n++] = p->streams[site->first_stream + i].id;

    const char *nearest = option_nearest(pt->stream_id, names);
    if (nearest)
        WRONG(pt, "point \"%s\": its site has no stream \"%s\" – did you mean \"%s\"?", pt->id,
              pt->stream_id, nearest);
    else
        WRONG(pt, "point \"%s\": its site has no stream \"%s\"", pt->id, pt->stream_id);
}

static const char *basis_text(const struct unit *unit)
{
    return unit->basis == BASIS_NONE ? "what says no basis" : basis_name(unit->basis);
}

/* What the amounts of a point are in. A gauge's rate becomes its quantity; a register or an event of a rate
 * would be a mistake, and so would be a temperature that is added up. */
static void settle_amount_unit(struct point *pt, struct problems *problems)
{
    bool is_amount = pt->unit->dimension != DIMENSION_NONE && pt->unit->dimension <= DIMENSION_COUNT_TIME;
    if (pt->kind == POINT_GAUGE)
        pt->amount_unit = unit_integrated(pt->unit);
    else if (is_amount || pt->kind == POINT_DERIVED)
        pt->amount_unit = is_amount ? pt->unit : NULL;
    if (!pt->amount_unit)
        WRONG(pt, "point \"%s\": %s is a %s, of which no stream can be summed", pt->id, pt->unit->name,
              dimension_name(pt->unit->dimension));
}

/* Unit, stream and factor must be of one dimension and one basis. The first point gives the stream its own. */
static void join_stream(struct plan *p, struct point *pt, struct problems *problems)
{
    struct stream *s = &p->streams[pt->stream];
    const struct unit *per = s->n_factors ? p->factors[s->factors[0]].unit : NULL;
    enum dimension d = pt->amount_unit->dimension;

    if (per && per->dimension == d && per->basis != pt->amount_unit->basis)
        WRONG(pt, "point \"%s\" is in %s and factor \"%s\" per %s: %s and %s never mix", pt->id,
              pt->unit->name, s->factor_id, per->name, basis_text(pt->amount_unit), basis_text(per));
    else if (per && per->dimension != d)
        WRONG(pt,
              "point \"%s\" is in %s and factor \"%s\" per %s: %s meets %s only through a declared "
              "%s, which this version does not offer",
              pt->id, pt->unit->name, s->factor_id, per->name, dimension_name(d),
              dimension_name(per->dimension),
              d == DIMENSION_ENERGY || per->dimension == DIMENSION_ENERGY ? "calorific value"
                                                                          : "density");
    else if (s->dimension != DIMENSION_NONE && s->dimension != d)
        WRONG(pt, "point \"%s\" is in %s, which is %s; other points of stream \"%s\" are %s",
              pt->id, pt->unit->name, dimension_name(d), s->id, dimension_name(s->dimension));
    else if (s->dimension != DIMENSION_NONE && s->basis != pt->amount_unit->basis)
        WRONG(pt, "point \"%s\" is in %s; other points of stream \"%s\" are of another basis, and these never mix",
              pt->id, pt->unit->name, s->id);
    else {
        s->dimension = d;
        s->basis = pt->amount_unit->basis;
    }
}

static void check_stream(struct plan *p, struct point *pt, struct problems *problems)
{
    pt->stream = -1;
    if (pt->kind == POINT_STATE || text_is_empty(pt->stream_id))
        return;
    pt->stream = plan_index_find(p->index, INDEX_STREAM, pt->site, slice_of(pt->stream_id));
    if (pt->stream < 0)
        unknown_stream(p, pt, problems);
    else if (pt->unit)
        settle_amount_unit(pt, problems);
    if (pt->stream >= 0 && pt->amount_unit)
        join_stream(p, pt, problems);
}

static void check_bound(const struct plan *p, struct point *pt, struct problems *problems)
{
    if (pt->keep != 0 && pt->keep < 8)
        WRONG(pt, "point \"%s\": keep is 0 (the plan's) or at least 8", pt->id);
    if (pt->keep == 0)
        pt->keep = p->keep;
    if (pt->lateness_us == 0)
        pt->lateness_us = p->lateness_us;
}

void plan_check_point(struct plan *p, struct point *pt, struct problems *problems)
{
    check_belonging(pt, problems);
    check_interval(pt, problems);
    check_register(pt, problems);
    plan_check_measure(pt, problems);
    if (pt->kind != POINT_STATE)
        pt->unit = plan_check_unit(pt->unit_name, "point", pt->id, pt->place, problems);
    check_numbers(pt, problems);
    check_stream(p, pt, problems);
    check_bound(p, pt, problems);
    plan_check_substitute(p, pt, problems);
}
