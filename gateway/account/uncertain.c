/* How sure the figures are: half the width of the 95 % interval, absolute and relative.
 *
 * A figure is a sum of activity × factor. An error of a meter moves everything that it measured, by
 * whatever factor and in whatever window; an error of a factor everything that it was applied to. So what
 * shares a meter or a factor is added first, and only then comes the root of the sum of squares over
 * distinct meters and factors (IPCC 2006 Guidelines, vol. 1, ch. 3, equations 3.1 and 3.2, which are the two ends
 * of this):
 *
 *   U = √( Σ over meters (X·u)² + Σ over factors (X·u)² ),   X: what rests on the meter, or the factor
 *
 * For one meter and one factor this is X·√(u² + u²), the rule for products. Sums of hours come out as
 * unsure as their meter, since an hour's error is the next one's too. Where a factor tells the gases'
 * uncertainties apart, each of its gases is a source of its own.
 *
 * What rests on one of several meters of a stream is the stream's CO2e, divided by what they counted.
 * Something of unknown uncertainty leaves the whole unknown, and is named, if anything is declared at
 * all. There is none of a figure of 0.
 *
 * Integers only: X·u in millionths. If the largest exceeds 56 bits, all are shifted right by as much, so
 * the root keeps 56 bits; it is floored, and divided back half to even. */
#include <stdlib.h>
#include <string.h>

#include "account/books.h"
#include "account/scopes.h"

#define PPM       1000000
#define ROOT_BITS 56

/* One source of error, and what rests on it. */
struct blame {
    int32_t point, factor; /* index in the plan; the other is -1 */
    uint8_t gas;           /* of a factor that tells gases apart; 0: all of it */
    int128 x;
};

struct blames {
    struct blame *at;
    size_t n, room;
};

static void *take(struct arena *arena, size_t n, size_t size)
{
    void *at = arena_take_zeroed(arena, n ? n : 1, size);
    if (!at)
        abort();
    return at;
}

static void put_blame(struct blames *list, struct blame b, struct arena *arena)
{
    for (size_t i = 0; i < list->n; i++) {
        struct blame *own = &list->at[i];
        if (own->point == b.point && own->factor == b.factor && own->gas == b.gas) {
            own->x += b.x;
            return;
        }
    }
    if (list->n == list->room) {
        size_t room = list->room ? 2 * list->room : 8;
        struct blame *more = take(arena, room, sizeof *more);
        if (list->n)
            memcpy(more, list->at, list->n * sizeof *more);
        list->at = more;
        list->room = room;
    }
    list->at[list->n++] = b;
}

static void add_blames(struct blames *sum, const struct blames *list, struct arena *arena)
{
    for (size_t i = 0; i < list->n; i++)
        put_blame(sum, list->at[i], arena);
}

/* --- the root --- */

__extension__ typedef unsigned __int128 uint128;

static uint128 root_of(uint128 v)
{
    uint128 root = 0;
    for (uint128 bit = (uint128)1 << 126; bit; bit >>= 2) {
        if (v >= root + bit) {
            v -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    return root;
}

static int128 absolute(int128 v)
{
    return v < 0 ? -v : v;
}

int128 uncertainty_root(const int128 *parts, size_t n)
{
    int128 most = 0;
    int shift = 0;
    for (size_t i = 0; i < n; i++)
        most = absolute(parts[i]) > most ? absolute(parts[i]) : most;
    while (most >> shift >> ROOT_BITS)
        shift++;
    uint128 sum = 0;
    for (size_t i = 0; i < n; i++) {
        uint128 part = (uint128)(absolute(parts[i]) >> shift);
        sum += part * part;
    }
    return (int128)root_of(sum) << shift;
}

/* --- a figure --- */

struct scale {
    const struct account *a;
    struct arena *arena;
};

static int64_t ppm_of(const struct account *a, const struct blame *b)
{
    if (b->point >= 0)
        return a->plan->points[b->point].uncertainty_ppm;
    const struct factor *f = &a->plan->factors[b->factor];
    for (size_t i = 0; b->gas && i < f->n_gases; i++)
        if ((uint8_t)f->gases[i].gas == b->gas)
            return f->gas_uncertainty_ppm[i];
    return f->uncertainty_ppm;
}

static const char *name_of(const struct scale *k, const struct blame *b)
{
    const struct plan *plan = k->a->plan;
    struct buffer text = { 0 };
    if (b->point >= 0)
        buffer_print(&text, "%s/%s", plan->devices[plan->points[b->point].device].id,
                     plan->points[b->point].id);
    else
        buffer_print(&text, "%s", plan->factors[b->factor].id);
    const char *name = arena_text(k->arena, buffer_slice(&text));
    buffer_fini(&text);
    return name;
}

static void note_unknown(const struct scale *k, const struct blame *b, struct summary_uncertainty *out)
{
    const char *name = name_of(k, b);
    for (size_t i = 0; i < out->n_unknown; i++)
        if (strcmp(out->unknown[i], name) == 0)
            return;
    out->unknown[out->n_unknown++] = name;
}

static struct summary_uncertainty judge(const struct scale *k, const struct blames *list, int128 figure)
{
    struct summary_uncertainty out = { .unknown = take(k->arena, list->n, sizeof *out.unknown) };
    int128 *parts = take(k->arena, list->n, sizeof *parts);
    for (size_t i = 0; i < list->n; i++) {
        int64_t ppm = ppm_of(k->a, &list->at[i]);
        if (ppm == UNCERTAINTY_UNKNOWN && list->at[i].x != 0)
            note_unknown(k, &list->at[i], &out);
        parts[i] = ppm == UNCERTAINTY_UNKNOWN ? 0 : list->at[i].x * ppm;
    }
    if (out.n_unknown || figure == 0)
        return out;
    int128 root = uncertainty_root(parts, list->n), relative;
    out.is_known = number_scale(root, 1, PPM, &out.half_micro) == 0 &&
                   number_scale(root, 1, absolute(figure), &relative) == 0;
    out.relative_ppm = out.is_known ? (uint64_t)relative : 0;
    return out;
}

/* --- a stream --- */

struct doubt {
    struct scale k;
    const struct window *w;
    struct summary *out;
    const struct summary_stream *s;
    const struct source *source;
};

/* What the stream's points counted; of what was imported alone, or in all. */
static void blame_points(const struct doubt *d, bool is_imported, struct blames *list)
{
    for (uint32_t i = 0; i < d->w->n_shares; i++) {
        const struct share *share = &d->w->shares[i];
        const struct lane *lane = share->lane;
        bool counts = lane->source == d->source && share->n != 0 && lane->role == ROLE_FISCAL &&
                      (!is_imported || lane->direction == DIRECTION_IMPORT);
        int32_t point = counts ? lane->spot->index : -1;
        int128 ticks = 0, micro;
        for (int part = 0; part < PART_COUNT; part++)
            ticks += share->part_ticks[part];
        if (point >= 0 &&
            number_scale(ticks, lane->tick_to_micro.num, lane->tick_to_micro.den, &micro) == 0)
            put_blame(list, (struct blame){ point, -1, 0, micro }, d->k.arena);
    }
}

/* The CO2e of a view, divided among the points by what they counted. */
static void share_out(const struct doubt *d, int128 co2e_ug, struct blames *list)
{
    struct blames points = { 0 };
    int128 all = 0;
    blame_points(d, true, &points);
    for (size_t i = 0; i < points.n; i++)
        all += points.at[i].x;
    for (size_t i = 0; i < points.n && all > 0; i++) {
        struct blame b = points.at[i];
        if (number_scale(co2e_ug, b.x, all, &b.x) == 0)
            put_blame(list, b, d->k.arena);
    }
}

static void blame_factor(const struct doubt *d, const struct tally *t, struct blames *list)
{
    int32_t factor = rate_factor((struct account *)d->k.a, t->rate);
    if (factor < 0)
        return;
    if (!d->k.a->plan->factors[factor].has_gas_uncertainty) {
        put_blame(list, (struct blame){ -1, factor, 0, t->figures.co2e_ug }, d->k.arena);
        return;
    }
    for (int i = 0; i < t->rate->gases.n; i++) {
        struct blame b = { -1, factor, t->rate->gases.gas[i], 0 };
        if (number_scale(t->figures.gas_ug[i], t->rate->gwp_num[i], t->rate->gwp_den, &b.x) == 0)
            put_blame(list, b, d->k.arena);
    }
}

/* The tallies that a view is made of. */
static bool is_of_view(const struct doubt *d, const struct tally *t, bool is_market)
{
    if (t->source != d->source || t->n == 0 || t->is_unverified)
        return false;
    return is_market ? t->deal != NULL : !t->deal && t->direction == DIRECTION_IMPORT;
}

static bool has_allotment(const struct doubt *d)
{
    for (uint32_t i = 0; i < d->w->n_tallies; i++)
        if (is_of_view(d, &d->w->tallies[i], true))
            return true;
    return false;
}

static struct blames blame_view(const struct doubt *d, bool is_market, int128 co2e_ug)
{
    struct blames list = { 0 };
    is_market = is_market && has_allotment(d);
    share_out(d, co2e_ug, &list);
    for (uint32_t i = 0; i < d->w->n_tallies; i++)
        if (is_of_view(d, &d->w->tallies[i], is_market))
            blame_factor(d, &d->w->tallies[i], &list);
    return list;
}

static void add_to(const struct doubt *d, struct blames *sums, int total, const struct blames *list)
{
    add_blames(&sums[total], list, d->k.arena);
}

static void doubt_location(const struct doubt *d, struct summary_stream *s, struct blames *sums)
{
    const struct stream *stream = &d->k.a->plan->streams[s->stream];
    if (!s->has_co2e)
        return;
    struct blames list = blame_view(d, false, s->co2e_ug);
    s->uncertainty = judge(&d->k, &list, s->co2e_ug);
    switch (stream->scope_choice + SCOPE_1) {
    case SCOPE_1:
        add_to(d, sums, TOTAL_SCOPE_1, &list);
        add_to(d, sums, TOTAL_LOCATION, &list);
        add_to(d, sums, TOTAL_MARKET, &list);
        break;
    case SCOPE_2:
        add_to(d, sums, TOTAL_SCOPE_2_LOCATION, &list);
        add_to(d, sums, TOTAL_LOCATION, &list);
        break;
    default:
        add_to(d, sums, TOTAL_SCOPE_3 + (int)stream->scope3_category, &list);
    }
}

static void doubt_market(const struct doubt *d, struct summary_stream *s, struct blames *sums)
{
    if (!s->market.has_co2e)
        return;
    struct blames list = blame_view(d, true, s->market.co2e_ug);
    s->market.uncertainty = judge(&d->k, &list, s->market.co2e_ug);
    add_to(d, sums, TOTAL_SCOPE_2_MARKET, &list);
    add_to(d, sums, TOTAL_MARKET, &list);
}

static void doubt_activity(const struct doubt *d, struct summary_stream *s)
{
    struct blames list = { 0 };
    if (!s->has_activity)
        return;
    blame_points(d, false, &list);
    s->activity_uncertainty = judge(&d->k, &list, s->activity_micro);
}

void summary_add_uncertainty(struct account *a, const struct window *w, struct arena *arena,
                             struct summary *out)
{
    if (!a->plan->has_uncertainties)
        return;
    struct blames *sums = take(arena, TOTAL_COUNT, sizeof *sums);
    struct scale k = { a, arena };
    for (size_t i = 0; i < out->n_streams; i++) {
        struct summary_stream *s = &out->streams[i];
        struct doubt d = { .k = k, .w = w, .out = out, .s = s, .source = a->sources[s->stream] };
        doubt_activity(&d, s);
        doubt_location(&d, s, sums);
        doubt_market(&d, s, sums);
    }
    for (int t = 0; t < TOTAL_COUNT; t++)
        if (out->totals[t].has_co2e)
            out->totals[t].uncertainty = judge(&k, &sums[t], out->totals[t].co2e_ug);
}
