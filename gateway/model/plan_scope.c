/* Scopes: what scope 2 is bought by, what scope 3 borrows its activity from, and how sure meters and
 * factors are.
 *
 * The market-based view of a stream rests on a ladder (GHG Protocol Scope 2 Guidance, chapter 6): the
 * instruments that are allotted to it, its supplier's factor, the residual mix, its own grid factor.
 * Each rung that names a factor gets a stream of its own here, a "rung", which nobody measures: it has
 * an id to be named by in mistakes, a factor and its validity, and is found by the same code as the
 * factors of streams.
 *
 * An instrument says how many kWh somebody claimed, once and for one gateway. What it has not allotted it
 * does not cover, so a plan that leaves the amount, the retirement or the rate in the dark is refused. A
 * rate of nothing has to be said in words (renewable: true), since a forgotten figure looks just like it.
 *
 * Uncertainties are texts in the document and millionths here: one that is not told is not 0. */
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "model/plan_parts.h"

#define WH_MICRO      INT64_C(1000000)
#define PERCENT_PPM   10000

static const char *const instrument_kinds[] = { "certificate", "contract", NULL };

const struct option plan_instrument_options[] = {
    { .name = "id", .type = OPT_NAME, .at = offsetof(struct instrument, id), .is_required = true,
      .help = "Name of the instrument within its site." },
    { .name = "kind", .type = OPT_CHOICE, .at = offsetof(struct instrument, kind),
      .choices = instrument_kinds, .preset = "certificate",
      .help = "certificate: a guarantee of origin and the like; contract: a power purchase agreement." },
    { .name = "stream", .type = OPT_NAME, .at = offsetof(struct instrument, stream_id),
      .help = "Stream of scope 2 that it covers; or give the carrier." },
    { .name = "carrier", .type = OPT_STRING, .at = offsetof(struct instrument, carrier),
      .help = "Carrier whose streams of scope 2 it covers, as electricity." },
    { .name = "kwh", .type = OPT_DECIMAL, .at = offsetof(struct instrument, kwh), .is_required = true,
      .help = "kWh allotted to this site and gateway in a matching period; nobody else may claim them." },
    { .name = "factor", .type = OPT_NAME, .at = offsetof(struct instrument, factor_id),
      .help = "Factor that is its own rate." },
    { .name = "renewable", .type = OPT_BOOL, .at = offsetof(struct instrument, is_renewable),
      .preset = "false", .help = "Whether its generation emits nothing: the rate may be 0 then." },
    { .name = "from", .type = OPT_DATE, .at = offsetof(struct instrument, from_date),
      .min = "1900-01-01", .max = "2999-12-31",
      .help = "First day of the matching period, in the site's zone; absent: of the calendar year of to." },
    { .name = "to", .type = OPT_DATE, .at = offsetof(struct instrument, to_date),
      .min = "1900-01-01", .max = "2999-12-31",
      .help = "Its last day, inclusive; without from and to it covers as much in each calendar year." },
    { .name = "retirement_id", .type = OPT_STRING, .at = offsetof(struct instrument, retirement_id),
      .is_required = true, .min = "1", .max = "256",
      .help = "Under which its retirement, or the contract, is recorded: an auditor asks." },
    { .name = "gateway", .type = OPT_NAME, .at = offsetof(struct instrument, gateway),
      .help = "Gateway that the kWh are allotted to; absent: this one. Another's cover nothing here." },
    { .name = NULL }
};

/* --- rungs --- */

static struct stream *rung(struct plan *p, int32_t site, const char *id, struct place place,
                           const char *factor_id, const char *series, struct problems *problems)
{
    struct stream *s = arena_take_zeroed(&p->arena, 1, sizeof *s);
    *s = (struct stream){
        .place = place, .id = id, .factor_id = factor_id, .series = series, .site = site,
        .scope_choice = SCOPE_2 - SCOPE_1,
    };
    plan_check_stream(p, s, problems);
    return s;
}

/* Behind the points, so that the stream's dimension is known. */
static void check_rung(const struct plan *p, const struct stream *rung, const char *what,
                       struct problems *problems)
{
    const struct unit *per = rung && rung->n_factors ? p->factors[rung->factors[0]].unit : NULL;
    if (per && per->dimension != DIMENSION_ENERGY)
        problem_add(problems, rung->place,
                    "%s \"%s\": factor \"%s\" is per %s, which is %s; what is bought is energy", what,
                    rung->id, rung->factor_id, per->name, dimension_name(per->dimension));
}

static void check_market_of(struct plan *p, struct stream *s, struct problems *problems)
{
    bool has_rungs = !text_is_empty(s->supplier_id) || !text_is_empty(s->residual_id);
    if (has_rungs && s->scope_choice + SCOPE_1 != SCOPE_2) {
        problem_add(problems, s->place,
                    "stream \"%s\": supplier_factor and residual_mix are for scope 2 only", s->id);
        return;
    }
    if (!text_is_empty(s->supplier_id))
        s->supplier = rung(p, s->site, s->id, s->place, s->supplier_id, NULL, problems);
    if (!text_is_empty(s->residual_id))
        s->residual = rung(p, s->site, s->id, s->place, s->residual_id, NULL, problems);
}

/* --- instruments --- */

#define WRONG(i, ...) problem_add(problems, (i)->place, __VA_ARGS__)

static int32_t find_stream(const struct plan *p, const struct instrument *i, struct problems *problems)
{
    int32_t stream = plan_index_find(p->index, INDEX_STREAM, i->site, slice_of(i->stream_id));
    if (stream < 0)
        WRONG(i, "instrument \"%s\": its site has no stream \"%s\"", i->id, i->stream_id);
    else if (p->streams[stream].scope_choice + SCOPE_1 != SCOPE_2)
        WRONG(i, "instrument \"%s\": stream \"%s\" is not of scope 2", i->id, i->stream_id);
    return stream;
}

static void check_reach(const struct plan *p, struct instrument *i, struct problems *problems)
{
    bool has_stream = !text_is_empty(i->stream_id), has_carrier = !text_is_empty(i->carrier);
    i->stream = -1;
    if (has_stream == has_carrier)
        WRONG(i, "instrument \"%s\": give either the stream or the carrier that it covers", i->id);
    else if (has_stream)
        i->stream = find_stream(p, i, problems);
}

static void check_allotment(struct instrument *i, struct problems *problems)
{
    int128 den = 1, micro;
    for (int k = 0; k < i->kwh.scale; k++)
        den *= 10;
    if (i->kwh.mantissa <= 0)
        WRONG(i, "instrument \"%s\": kwh must be above 0; what is not allotted covers nothing", i->id);
    else if (number_scale(i->kwh.mantissa, 1000 * WH_MICRO, den, &micro) == 0)
        i->allotted_micro = micro;
}

static bool is_zero_rate(const struct plan *p, const struct stream *rate)
{
    for (size_t i = 0; i < rate->n_factors; i++) {
        const struct factor *f = &p->factors[rate->factors[i]];
        for (size_t k = 0; k < f->n_gases; k++)
            if (f->gases[k].kg.mantissa != 0)
                return false;
    }
    return rate->n_factors > 0;
}

static void check_rate(struct plan *p, struct instrument *i, struct problems *problems)
{
    if (text_is_empty(i->factor_id)) {
        if (!i->is_renewable)
            WRONG(i,
                  "instrument \"%s\": give its own rate as a factor, or say renewable: true for a "
                  "generation without emissions",
                  i->id);
        return;
    }
    i->rate = rung(p, i->site, i->id, i->place, i->factor_id, NULL, problems);
    check_rung(p, i->rate, "instrument", problems);
    if (!i->is_renewable && is_zero_rate(p, i->rate))
        WRONG(i, "instrument \"%s\": its rate is 0; that has to be said: renewable: true", i->id);
}

static void check_instrument(struct plan *p, struct instrument *i, struct problems *problems)
{
    bool is_dated = i->from_date != 0 || i->to_date != 0;
    check_reach(p, i, problems);
    check_allotment(i, problems);
    check_rate(p, i, problems);
    if (is_dated && i->from_date != 0 && i->to_date != 0 && i->from_date > i->to_date)
        WRONG(i, "instrument \"%s\": from lies after to", i->id);
    i->is_ours = text_is_empty(i->gateway) || !p->gateway_id || strcmp(i->gateway, p->gateway_id) == 0;
}

static void check_twice(const struct site *s, size_t k, struct problems *problems)
{
    const struct instrument *i = &s->instruments[k];
    for (size_t j = 0; j < k; j++)
        if (!text_is_empty(i->id) && !text_is_empty(s->instruments[j].id) &&
            strcmp(i->id, s->instruments[j].id) == 0)
            WRONG(i, "instrument \"%s\" stands twice, first on line %u", i->id,
                  s->instruments[j].place.line);
}

static void check_instruments(struct plan *p, struct site *s, struct problems *problems)
{
    const struct instrument *from = s->instruments_list.at;
    s->instruments = arena_take_zeroed(&p->arena, s->instruments_list.n, sizeof *s->instruments);
    for (; s->n_instruments < s->instruments_list.n; s->n_instruments++) {
        struct instrument *i = &s->instruments[s->n_instruments];
        *i = from[s->n_instruments];
        i->site = s->index;
        check_instrument(p, i, problems);
        check_twice(s, s->n_instruments, problems);
    }
}

/* --- scope 3 --- */

static void check_category(const struct stream *s, struct problems *problems)
{
    if (s->scope3_category != 0 && s->scope_choice + SCOPE_1 != SCOPE_3)
        problem_add(problems, s->place, "stream \"%s\": scope3_category is for scope 3 only", s->id);
}

static void check_activity_of(struct plan *p, struct stream *s, struct problems *problems)
{
    s->leader = -1;
    if (text_is_empty(s->activity_of))
        return;
    int32_t leader = plan_index_find(p->index, INDEX_STREAM, s->site, slice_of(s->activity_of));
    if (leader < 0)
        problem_add(problems, s->place, "stream \"%s\": activity_of: its site has no stream \"%s\"", s->id,
                    s->activity_of);
    else if (s->scope_choice + SCOPE_1 != SCOPE_3)
        problem_add(problems, s->place,
                    "stream \"%s\": activity_of is for scope 3 only; scopes 1 and 2 are metered", s->id);
    else if (!text_is_empty(p->streams[leader].activity_of))
        problem_add(problems, s->place,
                    "stream \"%s\": activity_of: \"%s\" borrows its own activity; name the stream that "
                    "has points",
                    s->id, s->activity_of);
    else
        s->leader = leader;
}

/* It is of its leader's dimension. */
static void settle_follower(const struct plan *p, struct stream *s, struct problems *problems)
{
    const struct unit *per = s->n_factors ? p->factors[s->factors[0]].unit : NULL;
    if (s->leader < 0)
        return;
    const struct stream *leader = &p->streams[s->leader];
    if (per && leader->dimension != DIMENSION_NONE && per->dimension != leader->dimension)
        problem_add(problems, s->place,
                    "stream \"%s\": its factor is per %s, and the activity of \"%s\" is %s", s->id,
                    per->name, leader->id, dimension_name(leader->dimension));
    s->dimension = leader->dimension;
}

void plan_check_scopes(struct plan *p, struct problems *problems)
{
    for (size_t i = 0; i < p->n_streams; i++) {
        check_category(&p->streams[i], problems);
        check_activity_of(p, &p->streams[i], problems);
        check_market_of(p, &p->streams[i], problems);
    }
    for (size_t i = 0; i < p->n_sites; i++)
        check_instruments(p, &p->sites[i], problems);
}

void plan_check_rungs(struct plan *p, struct problems *problems)
{
    for (size_t i = 0; i < p->n_streams; i++) {
        struct stream *s = &p->streams[i];
        settle_follower(p, s, problems);
        check_rung(p, s->supplier, "supplier_factor of stream", problems);
        check_rung(p, s->residual, "residual_mix of stream", problems);
    }
    for (size_t i = 0; i < p->n_points; i++)
        if (p->points[i].stream >= 0 && p->streams[p->points[i].stream].leader >= 0)
            problem_add(problems, p->points[i].place,
                        "point \"%s\": stream \"%s\" takes the activity of another stream and has no points "
                        "of its own",
                        p->points[i].id, p->points[i].stream_id);
}

/* --- uncertainties --- */

int plan_percent_ppm(struct slice text, int64_t *out)
{
    struct decimal percent;
    int128 ppm, den = 1;
    int rc = decimal_parse(text, &percent);
    for (int i = 0; rc == 0 && i < percent.scale; i++)
        den *= 10;
    if (rc == 0)
        rc = number_scale(percent.mantissa, PERCENT_PPM, den, &ppm);
    if (rc != 0 || ppm < 0 || ppm > INT64_C(1000) * PERCENT_PPM)
        return NUMBER_MALFORMED;
    *out = (int64_t)ppm;
    return 0;
}

/* "ch4:50;n2o:50" */
static int read_by_gas(struct factor *f, struct slice text)
{
    while (text.size) {
        const uint8_t *end = memchr(text.at, ';', text.size);
        struct slice one = { text.at, end ? (size_t)(end - text.at) : text.size };
        const uint8_t *colon = memchr(one.at, ':', one.size);
        char name[32] = "";
        if (!colon || (size_t)(colon - one.at) >= sizeof name)
            return NUMBER_MALFORMED;
        memcpy(name, one.at, (size_t)(colon - one.at));
        size_t i = 0;
        while (i < f->n_gases && f->gases[i].gas != gas_by_name(name))
            i++;
        struct slice percent = { colon + 1, one.size - (size_t)(colon + 1 - one.at) };
        if (i == f->n_gases || plan_percent_ppm(percent, &f->gas_uncertainty_ppm[i]) != 0)
            return NUMBER_MALFORMED;
        f->has_gas_uncertainty = true;
        size_t used = one.size + (end ? 1 : 0);
        text = (struct slice){ text.at + used, text.size - used };
    }
    return 0;
}

static void check_uncertainty(struct factor *f, struct problems *problems)
{
    f->uncertainty_ppm = UNCERTAINTY_UNKNOWN;
    for (int i = 0; i < GASES_MOST; i++)
        f->gas_uncertainty_ppm[i] = UNCERTAINTY_UNKNOWN;
    if (text_is_empty(f->uncertainty))
        return;
    struct slice text = slice_of(f->uncertainty);
    int rc = strchr(f->uncertainty, ':') ? read_by_gas(f, text)
                                         : plan_percent_ppm(text, &f->uncertainty_ppm);
    if (rc != 0)
        problem_add(problems, f->place,
                    "factor \"%s\": uncertainty is \"%s\", not percent from 0 to 1000 like 1.5, nor by its "
                    "gases like co2:1;ch4:50",
                    f->id, f->uncertainty);
}

void plan_check_uncertainties(struct plan *p, struct problems *problems)
{
    for (size_t i = 0; i < p->n_factors; i++) {
        check_uncertainty(&p->factors[i], problems);
        p->has_uncertainties |= !text_is_empty(p->factors[i].uncertainty);
    }
    for (size_t i = 0; i < p->n_points; i++)
        p->has_uncertainties |= !text_is_empty(p->points[i].uncertainty);
}

/* --- parents --- */

/* "point" of the same device, or "device/point". */
static int32_t find_point(const struct plan *p, const struct point *pt)
{
    const char *slash = strchr(pt->parent_id, '/');
    if (!slash)
        return plan_index_find(p->index, INDEX_POINT, pt->device, slice_of(pt->parent_id));
    struct slice name = { (const uint8_t *)pt->parent_id, (size_t)(slash - pt->parent_id) };
    int32_t device = plan_index_find(p->index, INDEX_DEVICE, pt->site, name);
    return device < 0 ? -1 : plan_index_find(p->index, INDEX_POINT, device, slice_of(slash + 1));
}

/* Whether a chain of parents comes back to where it began. */
static bool is_circle(const struct plan *p, const struct point *pt)
{
    int32_t up = pt->parent;
    for (size_t i = 0; i < p->n_points && up >= 0; i++) {
        if (up == pt->index)
            return true;
        up = p->points[up].parent;
    }
    return false;
}

static void check_parent(const struct plan *p, struct point *pt, struct problems *problems)
{
    if (pt->role == ROLE_FISCAL) {
        WRONG(pt, "point \"%s\": a fiscal point is totalled and stands behind no other; parent is for "
                  "role sub and check",
              pt->id);
        return;
    }
    int32_t parent = find_point(p, pt);
    if (parent < 0)
        WRONG(pt, "point \"%s\": parent: its site has no point \"%s\"; it is written as POINT of the same "
                  "device or DEVICE/POINT",
              pt->id, pt->parent_id);
    else if (p->points[parent].unit && pt->unit &&
             p->points[parent].unit->dimension != pt->unit->dimension)
        WRONG(pt, "point \"%s\" is in %s and its parent \"%s\" in %s: they cannot be compared", pt->id,
              pt->unit->name, pt->parent_id, p->points[parent].unit->name);
    else
        pt->parent = parent;
}

void plan_check_meters(struct plan *p, struct problems *problems)
{
    for (size_t i = 0; i < p->n_points; i++) {
        struct point *pt = &p->points[i];
        pt->parent = -1;
        pt->uncertainty_ppm = UNCERTAINTY_UNKNOWN;
        if (!text_is_empty(pt->parent_id))
            check_parent(p, pt, problems);
        if (!text_is_empty(pt->uncertainty) &&
            plan_percent_ppm(slice_of(pt->uncertainty), &pt->uncertainty_ppm) != 0)
            WRONG(pt, "point \"%s\": uncertainty is \"%s\", not percent from 0 to 1000 like 0.5", pt->id,
                  pt->uncertainty);
    }
    for (size_t i = 0; i < p->n_points; i++)
        if (is_circle(p, &p->points[i]))
            problem_add(problems, p->points[i].place,
                        "point \"%s\": its parents lead back to itself", p->points[i].id);
}

/* --- time --- */

static void lay_instrument(const struct site *s, struct instrument *i)
{
    int64_t from = i->from_date, to = i->to_date;
    if (from == 0 && to == 0)
        return;
    if (from == 0)
        from = to / 10000 * 10000 + 101;
    if (to == 0)
        to = from / 10000 * 10000 + 1231;
    i->from_us = plan_date_us(s->zone, from);
    i->until_us = plan_date_us(s->zone, plan_date_next(to));
}

void plan_lay_scopes(struct plan *p)
{
    for (size_t i = 0; i < p->n_streams; i++) {
        if (p->streams[i].supplier)
            plan_lay_validity(p, p->streams[i].supplier);
        if (p->streams[i].residual)
            plan_lay_validity(p, p->streams[i].residual);
    }
    for (size_t i = 0; i < p->n_sites; i++)
        for (size_t k = 0; k < p->sites[i].n_instruments; k++) {
            struct instrument *instrument = &p->sites[i].instruments[k];
            lay_instrument(&p->sites[i], instrument);
            if (instrument->rate)
                plan_lay_validity(p, instrument->rate);
        }
}

int32_t rung_factor_at(const struct stream *rung, int64_t t_us)
{
    for (size_t i = 0; i < rung->n_factors; i++)
        if (rung->from_us[i] <= t_us && t_us < rung->until_us[i])
            return (int32_t)rung->factors[i];
    return -1;
}

/* The local calendar year that holds an instant. */
static void year_of(struct zone *zone, int64_t t_us, int64_t *from_us, int64_t *until_us)
{
    time_t t_s = (time_t)(t_us / 1000000);
    struct tm utc;
    gmtime_r(&t_s, &utc);
    int year = utc.tm_year + 1900;
    if (t_us < zone_date(zone, year, 1, 1))
        year--;
    else if (t_us >= zone_date(zone, year + 1, 1, 1))
        year++;
    *from_us = zone_date(zone, year, 1, 1);
    *until_us = zone_date(zone, year + 1, 1, 1);
}

void instrument_period(const struct instrument *i, struct zone *zone, int64_t t_us, int64_t *from_us,
                       int64_t *until_us)
{
    if (i->until_us != 0) {
        *from_us = i->from_us;
        *until_us = i->until_us;
        return;
    }
    year_of(zone, t_us, from_us, until_us);
}
