/* The market-based view of a stream, as its window shows it. The tallies that market.c gave out hold what
 * each part was bought by. A stream of which nothing is bought by name has no such tallies: its use is of
 * the grid, so its location-based ones are read as that rung, and the view is never empty where the
 * other one exists.
 *
 * What the rungs hold has to come to what was imported. It does not while a long range is still being
 * allotted anew, and in windows from before the plan had any rungs that are not on record any more; then
 * the CO2e is absent and not a part of it. Rungs of nothing are shown only where there is no other. */
#include <stdlib.h>
#include <string.h>

#include "account/books.h"
#include "account/scopes.h"

struct purchase {
    struct account *a;
    const struct window *w;
    struct arena *arena;
    struct summary *out;
    struct summary_stream *s;
    const struct stream *stream;
    int128 energy_micro;   /* of all rungs */
    bool has_any;
};

static void *take(struct arena *arena, size_t n, size_t size)
{
    void *at = arena_take_zeroed(arena, n ? n : 1, size);
    if (!at)
        abort();
    return at;
}

/* --- gases --- */

static void add_other_set(struct summary_emission *e, int set, int128 co2e_ug)
{
    size_t i = 0;
    while (i < e->n_other_sets && e->other_sets[i].set != set)
        i++;
    if (i == e->n_other_sets)
        e->other_sets[e->n_other_sets++] = (struct summary_other_set){ .set = set };
    e->other_sets[i].co2e_ug += co2e_ug;
}

static void add_gases(struct summary_emission *e, bool is_first, const struct tally *t)
{
    const struct rate *rate = t->rate;
    for (size_t i = 0; i < e->n_gases; i++)
        e->gases[i].is_covered &= rate_place(rate, e->gases[i].gas) >= 0;
    for (int i = 0; i < rate->gases.n; i++) {
        enum gas gas = (enum gas)rate->gases.gas[i];
        if (gas == GAS_CO2E && rate->co2e_set != (int)rate->set) {
            add_other_set(e, rate->co2e_set, t->figures.gas_ug[i]);
            continue;
        }
        size_t before = e->n_gases;
        struct gas_mass *mass = gas_mass_of(e->gases, &e->n_gases, gas);
        if (e->n_gases > before)
            mass->is_covered = is_first;
        mass->ug += t->figures.gas_ug[i];
    }
}

static void add_emission(struct purchase *p, const struct tally *t)
{
    struct summary_emission *e = &p->s->market;
    add_gases(e, !p->has_any, t);
    e->is_there = p->has_any = true;
    e->is_incomplete |= t->rate->kind == RATE_MISSING || t->rate->co2e == RATE_CO2E_UNKNOWN;
    e->is_partial |= t->rate->is_partial;
    e->has_co2e |= t->rate->co2e == RATE_CO2E_KNOWN;
    e->co2e_ug += t->figures.co2e_ug;
    p->energy_micro += t->figures.activity_micro;
}

/* --- rungs --- */

static int32_t instrument_of(const struct purchase *p, struct slice id)
{
    const struct site *site = p->w->books->site;
    for (size_t i = 0; id.size && i < site->n_instruments; i++)
        if (slice_equal(slice_of(site->instruments[i].id), id))
            return (int32_t)i;
    return -1;
}

/* Best rung first, then in the order of the plan; what it no longer has stands last. */
static bool basis_before(const struct summary_market_basis *a, const struct summary_market_basis *b)
{
    if (a->tier != b->tier)
        return a->tier < b->tier;
    if (a->instrument != b->instrument)
        return (uint32_t)a->instrument < (uint32_t)b->instrument;
    int order = strcmp(a->instrument_id, b->instrument_id);
    if (order != 0 || a->factor != b->factor)
        return order ? order < 0 : (uint32_t)a->factor < (uint32_t)b->factor;
    return a->status < b->status;
}

static struct summary_market_basis *basis_of(struct purchase *p, const struct summary_market_basis *like)
{
    struct summary_stream *s = p->s;
    size_t i = 0;
    while (i < s->n_mb_basis && basis_before(&s->mb_basis[i], like))
        i++;
    if (i < s->n_mb_basis && !basis_before(like, &s->mb_basis[i]))
        return &s->mb_basis[i];
    memmove(s->mb_basis + i + 1, s->mb_basis + i, (s->n_mb_basis - i) * sizeof *s->mb_basis);
    s->mb_basis[i] = *like;
    s->n_mb_basis++;
    return &s->mb_basis[i];
}

static void date_basis(const struct purchase *p, struct summary_market_basis *basis)
{
    const struct books *b = p->w->books;
    if (basis->instrument < 0)
        return;
    instrument_period(&b->site->instruments[basis->instrument], b->zone, p->w->start_us, &basis->from_us,
                      &basis->until_us);
    basis->is_provisional = p->out->watermark_us < basis->until_us;
}

static void add_rung(struct purchase *p, const struct tally *t)
{
    static const struct deal grid = { .tier = MARKET_GRID_AVERAGE };
    const struct deal *deal = t->deal ? t->deal : &grid;
    struct summary_market_basis like = {
        .tier = (enum market_tier)deal->tier,
        .instrument = instrument_of(p, deal->instrument),
        .instrument_id = "",
        .factor = rate_factor(p->a, t->rate),
        .status = rate_status(t->rate),
        .has_co2e = true,
    };
    if (deal->instrument.size)
        like.instrument_id = arena_text(p->arena, deal->instrument);
    struct summary_market_basis *basis = basis_of(p, &like);
    date_basis(p, basis);
    basis->energy_micro += t->figures.activity_micro;
    basis->co2e_ug += t->figures.co2e_ug;
    basis->has_co2e &= t->rate->co2e == RATE_CO2E_KNOWN;
}

static void drop_empty_rungs(struct summary_stream *s)
{
    size_t n = 0;
    bool has_energy = false;
    for (size_t i = 0; i < s->n_mb_basis; i++)
        has_energy |= s->mb_basis[i].energy_micro != 0;
    for (size_t i = 0; has_energy && i < s->n_mb_basis; i++)
        if (s->mb_basis[i].energy_micro != 0)
            s->mb_basis[n++] = s->mb_basis[i];
    s->n_mb_basis = has_energy ? n : s->n_mb_basis;
}

/* --- a stream --- */

static bool is_bought(const struct tally *t)
{
    return t->n != 0 && !t->deal && !t->is_unverified && t->direction == DIRECTION_IMPORT;
}

static bool is_allotted(const struct tally *t)
{
    return t->n != 0 && t->deal;
}

static bool has_allotment(const struct purchase *p, const struct source *source)
{
    for (uint32_t i = 0; i < p->w->n_tallies; i++)
        if (p->w->tallies[i].source == source && is_allotted(&p->w->tallies[i]))
            return true;
    return source->is_marketed;
}

static void lay_lists(struct purchase *p)
{
    struct summary_emission *e = &p->s->market;
    e->gases = take(p->arena, GAS_SPECIES, sizeof *e->gases);
    e->other_sets = take(p->arena, GWP_UNSPECIFIED + 1, sizeof *e->other_sets);
    p->s->mb_basis = take(p->arena, p->w->n_tallies, sizeof *p->s->mb_basis);
}

static void add_stream(struct purchase *p)
{
    const struct source *source = p->a->sources[p->s->stream];
    struct summary_emission *e = &p->s->market;
    bool is_own = has_allotment(p, source);
    int128 bought_micro = 0;
    lay_lists(p);
    for (uint32_t i = 0; i < p->w->n_tallies; i++) {
        const struct tally *t = &p->w->tallies[i];
        if (t->source != source)
            continue;
        bought_micro += is_bought(t) ? t->figures.activity_micro : 0;
        if (is_own ? !is_allotted(t) : !is_bought(t))
            continue;
        add_emission(p, t);
        add_rung(p, t);
    }
    drop_empty_rungs(p->s);
    e->is_there |= p->s->n_factors > 0;
    e->is_incomplete |= e->is_there && (!p->has_any || p->energy_micro != bought_micro);
    e->has_co2e &= !e->is_incomplete;
}

/* Whether an instrument may still be allotted otherwise here. */
static bool is_open(const struct purchase *p)
{
    const struct books *b = p->w->books;
    for (size_t i = 0; i < b->site->n_instruments; i++) {
        int64_t from_us, until_us;
        if (!market_reaches(p->a, &b->site->instruments[i], p->s->stream))
            continue;
        instrument_period(&b->site->instruments[i], b->zone, p->w->start_us, &from_us, &until_us);
        if (p->w->end_us > from_us && p->w->start_us < until_us && p->out->watermark_us < until_us)
            return true;
    }
    return false;
}

void summary_add_market(struct account *a, const struct window *w, struct arena *arena,
                        struct summary *out)
{
    for (size_t i = 0; i < out->n_streams; i++) {
        struct purchase p = { .a = a, .w = w, .arena = arena, .out = out, .s = &out->streams[i] };
        p.stream = &a->plan->streams[p.s->stream];
        if (p.stream->scope_choice + SCOPE_1 != SCOPE_2)
            continue;
        add_stream(&p);
        out->is_allotment_open |= is_open(&p);
    }
}
