/* From a window to what is published of it. Everything is put in the order of the plan: streams and
 * points as they stand in the document, factors by their index, carriers by their first stream. The
 * window's own tables are in the order in which amounts came, and must not show.
 *
 * The decisions that a reader may ask about:
 * - Totals hold fiscal points only. Those of a stream add up to its activity whatever their direction;
 *   only what is imported is multiplied by a factor. A stream that exports or generates has no CO2e, not
 *   one of 0, and export never reduces anything.
 * - has_co2e of a stream: something was imported, and a factor was valid for all of it whose gases the
 *   plan's GWP set knows. Else the stream is left out of its scope's sum, which is then marked incomplete;
 *   where a factor is missing it covers no gas.
 * - CO2e that a source tells by another set than the plan's is a line of its own and in no sum. Gases
 *   outside Kyoto stand in the list with the others and weigh nothing: a stream that has none but these
 *   has no CO2e and lacks none.
 * - Parts are converted from ticks when they are shown. Activity was rounded cell by cell before, so they
 *   may miss a few millionths; the largest part is given that difference, and they add up.
 * - Expected time is fixed when a window first closes, per stream; valid time is summed in microseconds
 *   and cut to milliseconds here. */
#include <stdlib.h>
#include <string.h>

#include "account/books.h"
#include "account/kpi.h"
#include "account/quality.h"
#include "account/scopes.h"
#include "base/log.h"

/* A summary in the making. */
struct draft {
    struct account *a;
    const struct window *w;
    const struct site *site;
    struct arena *arena;
    struct summary *out;
    bool *has_imported; /* by stream */
};

/* The arena of a batch may have a bound for what comes from outside; a summary is bounded by the plan. */
static void *take(struct arena *arena, size_t n, size_t size)
{
    void *at = arena_take_zeroed(arena, n ? n : 1, size);
    if (!at)
        abort();
    return at;
}

/* --- where things stand in the present plan --- */

int32_t source_stream(const struct account *a, struct source *source)
{
    if (source->plan_number == a->plan_number)
        return source->stream;
    const struct site *site = source->books->site;
    source->plan_number = a->plan_number;
    source->stream = -1;
    for (int32_t i = 0; site && i < site->n_streams; i++)
        if (slice_equal(slice_of(a->plan->streams[site->first_stream + i].id), source->id))
            source->stream = site->first_stream + i;
    return source->stream;
}

/* Whether a rate was made from this factor, as whatever kind and by whatever GWP set. */
static bool is_of_factor(const struct rate *rate, const struct factor *factor, struct buffer *key)
{
    buffer_clear(key);
    rate_key(rate->kind, factor, rate->set, key);
    return slice_equal(buffer_slice(key), rate->key);
}

int32_t rate_factor(struct account *a, struct rate *rate)
{
    if (rate->plan_number == a->plan_number)
        return rate->factor;
    rate->plan_number = a->plan_number;
    rate->factor = -1;
    if (!rate_has_factor(rate->kind))
        return -1;
    struct buffer key = { 0 };
    for (size_t i = 0; i < a->plan->n_factors && rate->factor < 0; i++)
        if (is_of_factor(rate, &a->plan->factors[i], &key))
            rate->factor = (int32_t)i;
    buffer_fini(&key);
    return rate->factor;
}

/* The stream's place in the summary; -1 when the plan no longer has it. */
static int32_t place_of(const struct draft *d, struct source *source)
{
    int32_t stream = source_stream(d->a, source);
    return stream < 0 ? -1 : stream - d->site->first_stream;
}

/* --- tallies: activity, gases, factors --- */

enum factor_status rate_status(const struct rate *rate)
{
    static const enum factor_status statuses[] = {
        [RATE_NONE] = FACTOR_ACTUAL,
        [RATE_MISSING] = FACTOR_MISSING,
        [RATE_FACTOR] = FACTOR_ACTUAL,
        [RATE_PROVISIONAL] = FACTOR_PROVISIONAL,
        [RATE_ACTUAL] = FACTOR_ACTUAL,
        [RATE_FORECAST] = FACTOR_FORECAST,
        [RATE_ANNUAL] = FACTOR_ANNUAL,
        [RATE_ZERO] = FACTOR_ACTUAL,
    };
    return statuses[rate->kind];
}

/* Rows of a stream are sorted as they are added: by index, what has none last, missing behind that. */
static bool factor_before(const struct summary_factor *a, int32_t factor, enum factor_status status)
{
    if (a->factor != factor)
        return (uint32_t)a->factor < (uint32_t)factor;
    return a->status < status;
}

/* A value only where it is the same in the whole window. */
static void tell_intensity(const struct draft *d, const struct rate *rate, struct summary_factor *out)
{
    const struct grid *grid = grids_find(&d->a->grids, (const char *)rate->region.at);
    int64_t from_us = INT64_MIN, until_us = INT64_MAX;
    const struct spell *s = grid ? grid_at(grid, d->w->start_us, &from_us, &until_us) : NULL;
    out->region = (const char *)rate->region.at;
    out->source = grid ? grid->source : "";
    bool is_actual = rate->kind == RATE_ACTUAL;
    if (!s || until_us < d->w->end_us || s->has_actual != is_actual)
        return;
    out->has_value = true;
    out->value = is_actual ? s->actual : s->forecast;
    out->from_us = from_us;
    out->until_us = until_us;
}

static void add_factor(struct draft *d, struct summary_stream *s, const struct tally *t)
{
    int32_t factor = rate_factor(d->a, t->rate);
    enum factor_status status = rate_status(t->rate);
    size_t i = 0;
    while (i < s->n_factors && factor_before(&s->factors[i], factor, status))
        i++;
    bool is_there = i < s->n_factors && s->factors[i].factor == factor &&
                    s->factors[i].status == status &&
                    (s->factors[i].region != NULL) == (t->rate->region.size > 0);
    if (!is_there) {
        memmove(s->factors + i + 1, s->factors + i, (s->n_factors - i) * sizeof *s->factors);
        s->factors[i] = (struct summary_factor){ .factor = factor, .status = status };
        s->n_factors++;
        if (t->rate->region.size > 0)
            tell_intensity(d, t->rate, &s->factors[i]);
    }
    s->factors[i].activity_micro += t->figures.activity_micro;
}

/* CO2e of a set that is not the plan's; there are few sets. */
static void add_other_set(struct draft *d, struct summary_stream *s, int set, int128 co2e_ug)
{
    if (!s->other_sets)
        s->other_sets = take(d->arena, GWP_UNSPECIFIED + 1, sizeof *s->other_sets);
    size_t i = 0;
    while (i < s->n_other_sets && s->other_sets[i].set < set)
        i++;
    if (i == s->n_other_sets || s->other_sets[i].set != set) {
        memmove(s->other_sets + i + 1, s->other_sets + i, (s->n_other_sets - i) * sizeof *s->other_sets);
        s->other_sets[i] = (struct summary_other_set){ .set = set };
        s->n_other_sets++;
    }
    s->other_sets[i].co2e_ug += co2e_ug;
}

static void add_gases(struct draft *d, struct summary_stream *s, bool is_first, const struct tally *t)
{
    const struct rate *rate = t->rate;
    for (size_t i = 0; i < s->n_gases; i++)
        s->gases[i].is_covered &= rate_place(rate, s->gases[i].gas) >= 0;
    for (int i = 0; i < rate->gases.n; i++) {
        enum gas gas = (enum gas)rate->gases.gas[i];
        if (gas == GAS_CO2E && rate->co2e_set != (int)rate->set) {
            add_other_set(d, s, rate->co2e_set, t->figures.gas_ug[i]);
            continue;
        }
        size_t before = s->n_gases;
        struct gas_mass *mass = gas_mass_of(s->gases, &s->n_gases, gas);
        if (s->n_gases > before)
            mass->is_covered = is_first;
        mass->ug += t->figures.gas_ug[i];
    }
}

static void add_emission(struct draft *d, struct summary_stream *s, int32_t i,
                         const struct tally *t)
{
    add_gases(d, s, !d->has_imported[i], t);
    d->has_imported[i] = true;
    s->is_incomplete |= t->rate->kind == RATE_MISSING || t->rate->co2e == RATE_CO2E_UNKNOWN;
    s->is_partial |= t->rate->is_partial;
    s->has_co2e |= t->rate->co2e == RATE_CO2E_KNOWN;
    s->co2e_ug += t->figures.co2e_ug;
    add_factor(d, s, t);
}

static void add_tally(struct draft *d, const struct tally *t)
{
    int32_t i = place_of(d, t->source);
    if (i < 0) {
        log_line(
            LOG_WARN, "account.stream_gone",
            "site=%s stream=%.*s – the plan no longer has this stream; its windows are published "
            "without it",
            d->site->id, (int)t->source->id.size, (const char *)t->source->id.at);
        return;
    }
    struct summary_stream *s = &d->out->streams[i];
    if (t->is_unverified) {
        s->unverified_micro += t->figures.activity_micro;
        s->unverified_co2e_ug += t->figures.co2e_ug;
        s->has_unverified_co2e &= t->rate->co2e == RATE_CO2E_KNOWN;
        return;
    }
    s->has_activity = true;
    s->activity_micro += t->figures.activity_micro;
    if (t->direction == DIRECTION_IMPORT)
        add_emission(d, s, i, t);
}

/* Room for each stream's factors and gases, out of one array each. */
static void lay_lists(struct draft *d)
{
    struct summary *s = d->out;
    uint32_t *n = take(d->arena, s->n_streams, 2 * sizeof *n), *n_gases = n + s->n_streams;
    uint32_t n_all_gases = 0;
    for (uint32_t i = 0; i < d->w->n_tallies; i++) {
        const struct tally *t = &d->w->tallies[i];
        int32_t stream = place_of(d, t->source);
        if (stream < 0)
            continue;
        n[stream]++;
        n_gases[stream] += t->rate->gases.n;
        n_all_gases += t->rate->gases.n;
    }
    struct summary_factor *factors = take(d->arena, d->w->n_tallies, sizeof *factors);
    struct gas_mass *gases = take(d->arena, n_all_gases, sizeof *gases);
    for (size_t i = 0; i < s->n_streams; i++) {
        s->streams[i].factors = factors;
        s->streams[i].gases = gases;
        factors += n[i];
        gases += n_gases[i];
    }
}

static void add_tallies(struct draft *d)
{
    lay_lists(d);
    for (uint32_t i = 0; i < d->w->n_tallies; i++)
        if (d->w->tallies[i].n != 0 && !d->w->tallies[i].deal)
            add_tally(d, &d->w->tallies[i]);
    for (size_t i = 0; i < d->out->n_streams; i++)
        d->out->streams[i].has_co2e &= !d->out->streams[i].is_incomplete;
}

/* --- shares: parts, flags, valid time --- */

static void add_parts(struct summary_stream *s, const struct share *share)
{
    struct ratio tick = share->lane->tick_to_micro;
    for (int part = 0; part < PART_COUNT; part++) {
        int128 micro = 0;
        if (share->part_ticks[part] != 0 &&
            number_scale(share->part_ticks[part], tick.num, tick.den, &micro) == 0)
            s->part_micro[part] += micro;
    }
}

/* Gives the largest part what rounding cell by cell left over. */
static void balance_parts(struct summary_stream *s)
{
    int largest = PART_MEASURED;
    int128 rest = s->activity_micro, most = 0;
    for (int part = 0; part < PART_COUNT; part++) {
        int128 size = s->part_micro[part] < 0 ? -s->part_micro[part] : s->part_micro[part];
        rest -= s->part_micro[part];
        if (size > most) {
            most = size;
            largest = part;
        }
    }
    s->part_micro[largest] += rest;
}

/* Counts the point once, by the first of its lanes that is live here. */
static void count_valid_point(struct draft *d, const struct share *share)
{
    int64_t valid_us = 0;
    const struct share *first = NULL;
    for (struct lane *lane = share->lane->spot->lanes; lane; lane = lane->sibling) {
        const struct share *own = window_find_share(d->w, lane);
        if (!share_is_live(own))
            continue;
        first = first ? first : own;
        valid_us += quality_valid_us(d->w, own);
    }
    if (first == share && valid_us >= window_length(d->w))
        d->out->points_valid++;
}

static void add_share(struct draft *d, const struct share *share)
{
    int32_t i = place_of(d, share->lane->source);
    if (i < 0 || share->lane->role != ROLE_FISCAL)
        return;
    struct summary_stream *s = &d->out->streams[i];
    add_parts(s, share);
    s->unverified_readings += (uint32_t)share->unverified;
    if (share->lane->spot->is_follower) /* its time counts once, with the stream that lends it */
        return;
    s->valid_ms += quality_valid_us(d->w, share); /* microseconds until all are there */
    s->not_operating_ms += quality_idle_us(d->w, share);
    for (int kind = 0; kind < FLAG_KINDS; kind++)
        if (share->flagged[kind] > 0)
            s->flags |= 1u << kind;
    count_valid_point(d, share);
}

/* Not operating is no gap: nothing was expected then. */
static void leave_out_idle(struct draft *d, struct summary_stream *s)
{
    int64_t idle_ms = s->not_operating_ms < s->expected_ms ? s->not_operating_ms : s->expected_ms;
    s->expected_ms -= idle_ms;
    d->out->expected_ms -= idle_ms;
    d->out->quality.not_operating_ms += s->not_operating_ms;
}

static void add_shares(struct draft *d)
{
    for (uint32_t i = 0; i < d->w->n_shares; i++)
        if (share_is_live(&d->w->shares[i]))
            add_share(d, &d->w->shares[i]);
    for (size_t i = 0; i < d->out->n_streams; i++) {
        struct summary_stream *s = &d->out->streams[i];
        d->out->valid_ms += s->valid_ms;
        s->valid_ms /= 1000;
        s->not_operating_ms /= 1000;
        leave_out_idle(d, s);
        balance_parts(s);
    }
    d->out->valid_ms /= 1000;
}

/* --- streams and totals --- */

/* By the plan until the window has closed once, and as it was then ever after. */
static uint32_t points_expected(const struct draft *d, int32_t stream)
{
    if (d->w->revision == 0)
        return d->a->members[stream].n_expected;
    const struct told *told = window_told(d->a, d->w, stream);
    return told ? told->points_expected : 0;
}

static void begin_streams(struct draft *d)
{
    struct summary *out = d->out;
    out->n_streams = (size_t)d->site->n_streams;
    out->streams = take(d->arena, out->n_streams, sizeof *out->streams);
    d->has_imported = take(d->arena, out->n_streams, sizeof *d->has_imported);
    for (size_t i = 0; i < out->n_streams; i++) {
        int32_t stream = d->site->first_stream + (int32_t)i;
        const struct members *m = &d->a->members[stream];
        int32_t *points = take(d->arena, m->n, sizeof *points);
        if (m->n)
            memcpy(points, m->points, m->n * sizeof *points);
        uint32_t expected = points_expected(d, stream);
        out->streams[i].stream = stream;
        out->streams[i].points = points;
        out->streams[i].n_points = m->n;
        out->streams[i].has_unverified_co2e = true; /* until a rate is found that gives none */
        out->streams[i].points_expected = expected;
        out->streams[i].expected_ms = expected * (window_length(d->w) / 1000);
        out->points_expected += expected;
        out->expected_ms += out->streams[i].expected_ms;
    }
}

/* What every stream so far covers, less what this one does not. */
static void keep_covered(struct summary *out, const struct summary_stream *s, bool is_first)
{
    size_t n = 0;
    for (size_t i = 0; is_first && i < s->n_gases; i++)
        if (s->gases[i].is_covered)
            out->gases_covered[n++] = s->gases[i].gas;
    for (size_t i = 0; !is_first && i < out->n_gases_covered; i++) {
        const struct gas_mass *mass = gas_mass_find(s->gases, s->n_gases, out->gases_covered[i]);
        if (mass && mass->is_covered)
            out->gases_covered[n++] = mass->gas;
    }
    out->n_gases_covered = n;
}

static void add_covered(struct draft *d)
{
    struct summary *out = d->out;
    bool is_first = true;
    out->gases_covered = take(d->arena, GAS_SPECIES, sizeof *out->gases_covered);
    for (size_t i = 0; i < out->n_streams; i++) {
        if (!d->has_imported[i])
            continue;
        keep_covered(out, &out->streams[i], is_first);
        is_first = false;
    }
}

static struct summary_carrier *carrier_of(struct summary *out, const struct stream *stream)
{
    const char *name = stream->carrier ? stream->carrier : "";
    for (size_t i = 0; i < out->n_carriers; i++)
        if (out->carriers[i].dimension == stream->dimension && out->carriers[i].basis == stream->basis &&
            strcmp(out->carriers[i].carrier, name) == 0)
            return &out->carriers[i];
    struct summary_carrier *fresh = &out->carriers[out->n_carriers++];
    *fresh = (struct summary_carrier){ .carrier = name,
                                        .dimension = stream->dimension,
                                        .basis = stream->basis };
    return fresh;
}

static void note_direction(struct summary_carrier *c, int direction)
{
    c->has_import |= direction == DIRECTION_IMPORT;
    c->has_export |= direction == DIRECTION_EXPORT;
    c->has_generation |= direction == DIRECTION_GENERATION;
}

static void add_to_carrier(struct summary_carrier *c, const struct tally *t)
{
    int128 micro = t->figures.activity_micro;
    if (t->direction == DIRECTION_EXPORT)
        c->exported_micro += micro;
    else if (t->direction == DIRECTION_GENERATION)
        c->generated_micro += micro;
    else
        c->imported_micro += micro;
    note_direction(c, micro != 0 ? t->direction : -1);
}

/* A line is there when a stream of which something is known has a point in that direction. */
static void note_meters(const struct draft *d, struct summary_carrier *c, const struct summary_stream *s)
{
    for (size_t i = 0; s->has_activity && i < s->n_points; i++)
        note_direction(c, d->a->plan->points[s->points[i]].direction);
}

static void add_carriers(struct draft *d)
{
    struct summary *out = d->out;
    out->carriers = take(d->arena, out->n_streams, sizeof *out->carriers);
    for (size_t i = 0; i < out->n_streams; i++) {
        const struct stream *stream = &d->a->plan->streams[out->streams[i].stream];
        if (stream->leader < 0)
            note_meters(d, carrier_of(out, stream), &out->streams[i]);
    }
    for (uint32_t i = 0; i < d->w->n_tallies; i++) {
        const struct tally *t = &d->w->tallies[i];
        int32_t place = place_of(d, t->source);
        if (t->n == 0 || t->is_unverified || t->deal || place < 0)
            continue;
        const struct stream *stream = &d->a->plan->streams[out->streams[place].stream];
        if (stream->leader < 0)
            add_to_carrier(carrier_of(out, stream), t);
    }
}

void summary_build(struct account *a, const struct window *w, struct arena *arena,
                   struct summary *out)
{
    const struct books *b = w->books;
    *out = (struct summary){
        .site = b->site->index,
        .period = w->period,
        .start_us = w->start_us,
        .end_us = w->end_us,
        .watermark_us = watermark_at(&b->watermark, a->elapsed_us),
        .published_us = a->wall_us,
        .readings = (uint64_t)w->readings,
        .has_evidence = !w->evidence.is_unknown,
        .frames_from = w->evidence.first_frame,
        .frames_until = w->evidence.last_frame,
        .readings_hash = w->evidence.sum,
        .silent_devices = watermark_silent(&b->watermark, a->elapsed_us),
        .is_clock_unsynchronised = !a->is_synchronised,
    };
    struct draft d = { .a = a, .w = w, .site = b->site, .arena = arena, .out = out };
    begin_streams(&d);
    add_tallies(&d);
    add_shares(&d);
    add_covered(&d);
    add_carriers(&d);
    summary_add_kpis(a, w, arena, out);
    quality_build(a, w, arena, out);
    lock_list(a, w, arena, out);
    summary_add_market(a, w, arena, out);
    summary_add_totals(a->plan, arena, out);
    summary_add_uncertainty(a, w, arena, out);
    summary_add_residuals(a, w, arena, out);
}
