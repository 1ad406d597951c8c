/* The lines of a summary, each a figure with the words that name it: what a revision compares, and what
 * "before" has to show. A window keeps those that it told as a few bytes each:
 *
 *   u8 0, slice stream                          the lines behind it are of this stream; at first: totals
 *   u8 line, u8 scope << 4 | basis, and of scope 3 u8 category, of a gas u8 gas, of another set u8 set,
 *   of a carrier slice carrier, u8 dimension, u8 conditions; then the figure: zigzag, 7 bits a byte, the least first
 *
 * A line that is absent is not written; that is not the same as 0. Streams are told by text, since rows
 * outlive plans. The basis of a stream is left open unless it is the market, so that the rows of version
 * 2, which knew neither scope nor basis, become lines as well. */
#include <stdlib.h>
#include <string.h>

#include "account/books.h"
#include "account/scopes.h"

/* --- what there is to say --- */

struct lines {
    struct summary_line *at;
    size_t n;
};

static void say(struct lines *l, struct summary_line line, int128 micro)
{
    line.micro = micro;
    l->at[l->n++] = line;
}

static void say_emission(struct lines *l, struct summary_line of, const struct summary_emission *e)
{
    if (!e->is_there)
        return;
    of.line = LINE_CO2E;
    if (e->has_co2e)
        say(l, of, e->co2e_ug);
    for (size_t i = 0; i < e->n_gases; i++) {
        if (!e->gases[i].is_covered && e->gases[i].ug == 0)
            continue;
        struct summary_line gas = of;
        bool is_biogenic = e->gases[i].gas == GAS_CO2_BIOGENIC;
        gas.line = is_biogenic ? LINE_BIOGENIC_CO2 : LINE_GAS;
        gas.gas = is_biogenic ? 0 : (uint8_t)e->gases[i].gas;
        say(l, gas, e->gases[i].ug);
    }
    for (size_t i = 0; i < e->n_other_sets; i++) {
        struct summary_line other = of;
        other.line = LINE_OTHER_SET;
        other.set = (uint8_t)e->other_sets[i].set;
        say(l, other, e->other_sets[i].co2e_ug);
    }
}

/* Scope and basis of each total; scope 3 by its category. */
static struct summary_line total_line(int total)
{
    static const struct {
        uint8_t scope, basis;
    } of[] = {
        [TOTAL_LOCATION] = { 0, VIEW_LOCATION },
        [TOTAL_MARKET] = { 0, VIEW_MARKET },
        [TOTAL_SCOPE_1] = { SCOPE_1, VIEW_NONE },
        [TOTAL_SCOPE_2_LOCATION] = { SCOPE_2, VIEW_LOCATION },
        [TOTAL_SCOPE_2_MARKET] = { SCOPE_2, VIEW_MARKET },
    };
    if (total >= TOTAL_SCOPE_3)
        return (struct summary_line){ .stream = -1, .scope = SCOPE_3, .category = (uint8_t)(total - TOTAL_SCOPE_3) };
    return (struct summary_line){ .stream = -1, .scope = of[total].scope, .basis = of[total].basis };
}

static void say_carrier(struct lines *l, const struct summary_carrier *c)
{
    static const enum line lines[] = { LINE_USED, LINE_IMPORTED, LINE_EXPORTED, LINE_GENERATED,
                                       LINE_SELF_CONSUMED };
    int128 figures[] = { carrier_used(c), c->imported_micro, c->exported_micro, c->generated_micro,
                         c->generated_micro - c->exported_micro };
    bool is_there[] = { c->has_import || c->has_generation, c->has_import, c->has_export,
                        c->has_generation, c->has_generation && c->has_export };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (is_there[i])
            say(l, (struct summary_line){ .stream = -1, .line = (uint8_t)lines[i], .carrier = c->carrier,
                                          .dimension = c->dimension, .conditions = (uint8_t)c->basis },
                figures[i]);
}

static void say_stream(const struct account *a, struct lines *l, const struct summary_stream *s)
{
    struct summary_line of = { .stream = s->stream };
    struct summary_emission location = emission_by_location(s);
    of.line = LINE_ACTIVITY;
    if (s->has_activity)
        say(l, of, s->activity_micro);
    of.line = LINE_UNVERIFIED;
    if (s->unverified_readings != 0 || s->unverified_micro != 0)
        say(l, of, s->unverified_micro);
    say_emission(l, of, &location);
    of.basis = VIEW_MARKET;
    if (a->plan->streams[s->stream].scope_choice + SCOPE_1 == SCOPE_2)
        say_emission(l, of, &s->market);
}

static size_t count_of(const struct summary_emission *e)
{
    return 1 + e->n_gases + e->n_other_sets;
}

static size_t count(const struct summary *s)
{
    size_t n = 5 * s->n_carriers;
    for (int t = 0; t < TOTAL_COUNT; t++)
        n += count_of(&s->totals[t]);
    for (size_t i = 0; i < s->n_streams; i++)
        n += 3 + s->streams[i].n_gases + s->streams[i].n_other_sets + count_of(&s->streams[i].market);
    return n;
}

static struct summary_line *room_for(size_t n, struct arena *arena)
{
    struct summary_line *at = arena_take_zeroed(arena, n ? n : 1, sizeof *at);
    if (!at)
        abort();
    return at;
}

struct summary_line *summary_lines(const struct account *a, const struct summary *s, struct arena *arena,
                                   size_t *n)
{
    struct lines l = { .at = room_for(count(s), arena) };
    for (int t = 0; t < TOTAL_COUNT; t++)
        say_emission(&l, total_line(t), &s->totals[t]);
    for (size_t i = 0; i < s->n_carriers; i++)
        say_carrier(&l, &s->carriers[i]);
    for (size_t i = 0; i < s->n_streams; i++)
        say_stream(a, &l, &s->streams[i]);
    *n = l.n;
    return l.at;
}

/* --- as bytes --- */

__extension__ typedef unsigned __int128 uint128;

static void put_figure(int128 v, struct buffer *out)
{
    uint128 z = ((uint128)v << 1) ^ (uint128)(v >> 127);
    for (; z >= 0x80; z >>= 7)
        buffer_put_u8(out, (uint8_t)(z | 0x80));
    buffer_put_u8(out, (uint8_t)z);
}

static int128 take_figure(struct cursor *c)
{
    uint128 z = 0;
    uint8_t byte = 0x80;
    for (int shift = 0; (byte & 0x80) && shift < 128 && !c->has_failed; shift += 7) {
        byte = cursor_u8(c);
        z |= (uint128)(byte & 0x7f) << shift;
    }
    return (int128)(z >> 1) ^ -(int128)(z & 1);
}

static bool is_of_carrier(uint8_t line)
{
    return line >= LINE_USED && line <= LINE_SELF_CONSUMED;
}

static void put_line(const struct summary_line *l, struct buffer *out)
{
    buffer_put_u8(out, l->line);
    buffer_put_u8(out, (uint8_t)(l->scope << 4 | l->basis));
    if (l->scope == SCOPE_3)
        buffer_put_u8(out, l->category);
    if (l->line == LINE_GAS)
        buffer_put_u8(out, l->gas);
    if (l->line == LINE_OTHER_SET)
        buffer_put_u8(out, l->set);
    if (is_of_carrier(l->line)) {
        buffer_put_text(out, l->carrier);
        buffer_put_u8(out, (uint8_t)l->dimension);
        buffer_put_u8(out, l->conditions);
    }
    put_figure(l->micro, out);
}

static void put_stream(struct slice id, struct buffer *out)
{
    buffer_put_u8(out, 0);
    buffer_put_slice(out, id);
}

void lines_write(const struct account *a, const struct summary_line *lines, size_t n, struct buffer *out)
{
    int32_t stream = -1;
    for (size_t i = 0; i < n; i++) {
        if (lines[i].stream != stream)
            put_stream(slice_of(a->plan->streams[lines[i].stream].id), out);
        stream = lines[i].stream;
        put_line(&lines[i], out);
    }
}

void lines_write_old(struct slice stream, bool has_activity, int128 activity_micro, bool has_co2e,
                     int128 co2e_ug, struct buffer *out)
{
    if (stream.size && (has_activity || has_co2e))
        put_stream(stream, out);
    if (has_activity)
        put_line(&(struct summary_line){ .line = LINE_ACTIVITY, .micro = activity_micro }, out);
    if (has_co2e)
        put_line(&(struct summary_line){ .line = LINE_CO2E,
                                         .basis = stream.size ? VIEW_NONE : VIEW_LOCATION,
                                         .micro = co2e_ug },
                 out);
}

static struct summary_line take_line(struct cursor *c, uint8_t line, struct arena *arena)
{
    struct summary_line l = { .line = line };
    uint8_t both = cursor_u8(c);
    l.scope = both >> 4;
    l.basis = both & 15;
    if (l.scope == SCOPE_3)
        l.category = cursor_u8(c);
    if (line == LINE_GAS)
        l.gas = cursor_u8(c);
    if (line == LINE_OTHER_SET)
        l.set = cursor_u8(c);
    if (is_of_carrier(line)) {
        l.carrier = arena_text(arena, cursor_slice(c));
        l.dimension = (enum dimension)cursor_u8(c);
        l.conditions = cursor_u8(c);
    }
    l.micro = take_figure(c);
    return l;
}

int lines_read(struct account *a, const struct window *w, struct slice told, struct arena *arena,
               struct summary_line **out, size_t *n)
{
    struct cursor c = cursor_of(told);
    struct summary_line *at = room_for(told.size / 3, arena); /* no line is shorter */
    int32_t stream = -1;
    bool is_known = true;
    *n = 0;
    while (c.at < c.end && !c.has_failed) {
        uint8_t line = cursor_u8(&c);
        if (line == 0) {
            struct source *source = cast_source(&a->cast, w->books, cursor_slice(&c));
            stream = source_stream(a, source);
            is_known = stream >= 0;
            continue;
        }
        struct summary_line l = take_line(&c, line, arena);
        l.stream = stream;
        if (is_known && !c.has_failed)
            at[(*n)++] = l;
    }
    *out = at;
    return c.has_failed;
}

/* --- what differs --- */

static bool is_same_line(const struct summary_line *a, const struct summary_line *b)
{
    return a->stream == b->stream && a->line == b->line && a->scope == b->scope && a->basis == b->basis &&
           a->category == b->category && a->gas == b->gas && a->set == b->set &&
           a->dimension == b->dimension && a->conditions == b->conditions &&
           (a->carrier == b->carrier || (a->carrier && b->carrier && strcmp(a->carrier, b->carrier) == 0));
}

/* Mostly they stand in the same order, so the place behind the last one is tried first. */
static const struct summary_line *find_line(const struct summary_line *list, size_t n,
                                            const struct summary_line *like, size_t *hint)
{
    for (size_t k = 0; k < n; k++) {
        size_t i = (*hint + k) % n;
        if (!is_same_line(&list[i], like))
            continue;
        *hint = i + 1;
        return &list[i];
    }
    return NULL;
}

struct summary_change *lines_differ(const struct summary_line *before, size_t n_before,
                                    const struct summary_line *after, size_t n_after,
                                    struct arena *arena, size_t *n)
{
    size_t most = n_before + n_after, hint = 0;
    struct summary_change *out = arena_take_zeroed(arena, most ? most : 1, sizeof *out);
    if (!out)
        abort();
    *n = 0;
    for (size_t i = 0; i < n_after; i++) {
        const struct summary_line *was = find_line(before, n_before, &after[i], &hint);
        if (!was || was->micro != after[i].micro)
            out[(*n)++] = (struct summary_change){ .of = after[i], .had = was != NULL, .has = true,
                                                   .before_micro = was ? was->micro : 0,
                                                   .after_micro = after[i].micro };
    }
    hint = 0;
    for (size_t i = 0; i < n_before; i++)
        if (!find_line(after, n_after, &before[i], &hint))
            out[(*n)++] = (struct summary_change){ .of = before[i], .had = true,
                                                   .before_micro = before[i].micro };
    return out;
}
