/* Factors: what a row says, how rows of one (id, series) follow each other, which of them a stream
 * uses, and which is valid at an instant.
 *
 * The rows are sorted by (id, series, valid_from), so that those of one factor are neighbours: a gap
 * or an overlap is then a matter of two rows, and a stream's rows are a range. Dates become instants
 * once per stream, in its site's zone, since the same row begins nine hours earlier in Seoul than in
 * London; a lookup is a search in an array of numbers and asks no zone. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/plan_parts.h"

static const char *text_or_empty(const char *text)
{
    return text ? text : "";
}

/* The day after a yyyymmdd. */
int64_t plan_date_next(int64_t date)
{
    static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int64_t year = date / 10000, month = date / 100 % 100, day = date % 100;
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    int64_t length = lengths[month - 1] + (month == 2 && is_leap);

    if (day < length)
        return date + 1;
    return month < 12 ? year * 10000 + (month + 1) * 100 + 1 : (year + 1) * 10000 + 101;
}

static void date_print(int64_t date, char out[32])
{
    snprintf(out, 32, "%04d-%02d-%02d", (int)(date / 10000), (int)(date / 100 % 100),
             (int)(date % 100));
}

/* In the order of the numbers. */
static void add_gas(struct factor *f, enum gas gas, struct decimal kg)
{
    size_t i = f->n_gases++;
    for (; i > 0 && f->gases[i - 1].gas > gas; i--)
        f->gases[i] = f->gases[i - 1];
    f->gases[i] = (struct factor_gas){ gas, kg };
}

static bool names_gas(const struct factor *f, enum gas gas)
{
    for (size_t i = 0; i < f->n_gases; i++)
        if (f->gases[i].gas == gas)
            return true;
    return false;
}

static void check_gas(struct factor *f, enum gas gas, const char *text, struct place place,
                      struct problems *problems)
{
    struct decimal kg = { 0, 0 };
    int rc = decimal_parse(slice_of(text), &kg);
    if (names_gas(f, gas))
        problem_add(problems, place, "factor \"%s\": %s stands twice", f->id, gas_name(gas));
    else if (f->n_gases == GASES_MOST)
        problem_add(problems, place, "factor \"%s\": more than %d gases", f->id, GASES_MOST);
    else if (rc == NUMBER_OVERFLOW)
        problem_add(problems, place, "factor \"%s\": %s has more digits than 63 bits hold", f->id,
                    gas_name(gas));
    else if (rc != 0)
        problem_add(problems, place, "factor \"%s\": %s is \"%s\", not a decimal like 0.4585", f->id,
                    gas_name(gas), text);
    else if (kg.mantissa < 0)
        problem_add(problems, place, "factor \"%s\": %s is negative; a factor never takes away", f->id,
                    gas_name(gas));
    else
        add_gas(f, gas, kg);
}

static void check_species(struct factor *f, const struct factor_species *s, struct problems *problems)
{
    enum gas gas = gas_by_name(s->name);
    const char *nearest = text_is_empty(s->name) ? NULL : option_nearest(s->name, gas_names());
    if (gas != GAS_NONE)
        check_gas(f, gas, s->kg_text ? s->kg_text : "", s->place, problems);
    else if (nearest)
        problem_add(problems, s->place, "factor \"%s\": no gas \"%s\" – did you mean \"%s\"?", f->id,
                    s->name, nearest);
    else if (!text_is_empty(s->name))
        problem_add(problems, s->place, "factor \"%s\": no gas \"%s\"", f->id, s->name);
}

static void check_gases(struct factor *f, struct problems *problems)
{
    bool names_any = f->species_list.n > 0;
    for (int key = 0; key < FACTOR_KEYS; key++) {
        if (text_is_empty(f->kg_text[key]))
            continue;
        names_any = true;
        check_gas(f, (enum gas)(GAS_CO2_FOSSIL + key), f->kg_text[key], f->place, problems);
    }
    const struct factor_species *species = f->species_list.at;
    for (size_t i = 0; i < f->species_list.n; i++)
        check_species(f, &species[i], problems);
    if (!names_any)
        problem_add(problems, f->place,
                    "factor \"%s\" names no gas: give at least one of co2, co2_biogenic, ch4, "
                    "ch4_biogenic, n2o, or others under gases",
                    f->id);
}

/* kg per unit becomes µg per micro base unit: kg × 10^9 µg/kg ÷ (to_base × 10^6 micro/base). */
static void lay_rates(struct factor *f, struct problems *problems)
{
    struct fraction per_kg;
    int rc = fraction_divide((struct fraction){ 1000, 1 }, fraction_of_ratio(f->unit->to_base), &per_kg);
    for (size_t i = 0; rc == 0 && i < f->n_gases; i++) {
        f->rates.gas[i] = (uint8_t)f->gases[i].gas;
        rc = fraction_multiply(fraction_of_decimal(f->gases[i].kg), per_kg, &f->rates.ug[i]);
    }
    f->rates.n = (uint8_t)f->n_gases;
    if (rc != 0)
        problem_add(problems, f->place,
                    "factor \"%s\": its figures and its unit together do not fit 127 bits", f->id);
}

/* Whether the row ends before it begins. */
static bool is_backwards(const struct factor *f)
{
    return f->valid_to_date != 0 && f->valid_from_date > f->valid_to_date;
}

/* Keys of a fuel's chain are known and not calculated with yet: a row that has any must not pass for one per unit. */
static void check_direct(const struct factor *f, struct problems *problems)
{
    bool has_chain = !text_is_empty(f->calorific_value) || !text_is_empty(f->carbon_content) ||
                     !text_is_empty(f->oxidation) || !text_is_empty(f->density) ||
                     !text_is_empty(f->biogenic_fraction) || !text_is_empty(f->blend);
    if (f->method != METHOD_DIRECT || has_chain)
        problem_add(problems, f->place,
                    "factor \"%s\": this version calculates by method direct alone – give kg of each gas per unit "
                    "of activity, and leave out calorific_value, carbon_content, oxidation, density, "
                    "biogenic_fraction and blend",
                    f->id);
}

static void check_row(struct factor *f, struct problems *problems)
{
    check_direct(f, problems);
    f->unit = plan_check_unit(f->unit_name, "factor", f->id, f->place, problems);
    check_gases(f, problems);
    if (f->unit)
        lay_rates(f, problems);
    if (is_backwards(f))
        problem_add(problems, f->place, "factor \"%s\": valid_from lies after valid_to", f->id);
}

static bool is_same_factor(const struct factor *a, const struct factor *b)
{
    return strcmp(a->id, b->id) == 0 && strcmp(a->series, b->series) == 0;
}

static int compare_rows(const void *left, const void *right)
{
    const struct factor *a = left, *b = right;
    int order = strcmp(a->id, b->id);
    if (order == 0)
        order = strcmp(a->series, b->series);
    if (order == 0)
        order =
            (a->valid_from_date > b->valid_from_date) - (a->valid_from_date < b->valid_from_date);
    if (order == 0)
        order = (a->place.line > b->place.line) - (a->place.line < b->place.line);
    if (order == 0)
        order = (a->place.column > b->place.column) - (a->place.column < b->place.column);
    return order;
}

/* Two neighbours of one factor, a before b. */
static void check_joint(const struct factor *a, const struct factor *b, struct problems *problems)
{
    if (a->unit && b->unit && a->unit->dimension != b->unit->dimension)
        problem_add(problems, b->place,
                    "factor \"%s\" is per %s here and per %s on line %u: %s and %s do not mix",
                    b->id, b->unit->name, a->unit->name, a->place.line,
                    dimension_name(b->unit->dimension), dimension_name(a->unit->dimension));
    else if (a->unit && b->unit && a->unit->basis != b->unit->basis)
        problem_add(problems, b->place,
                    "factor \"%s\" is per %s here and per %s on line %u: their bases never mix", b->id,
                    b->unit->name, a->unit->name, a->place.line);
    if (is_backwards(a) || is_backwards(b))
        return;

    if (a->valid_to_date == 0 || b->valid_from_date <= a->valid_to_date) {
        problem_add(problems, b->place,
                    "factor \"%s\": its validity overlaps that of the row on line %u", b->id,
                    a->place.line);
    } else if (b->valid_from_date != plan_date_next(a->valid_to_date)) {
        char last[32], first[32];
        date_print(a->valid_to_date, last);
        date_print(b->valid_from_date, first);
        problem_add(problems, b->place,
                    "factor \"%s\": a hole – no row is valid between %s (line %u) and %s", b->id,
                    last, a->place.line, first);
    }
}

void plan_check_factors(struct plan *p, struct problems *problems)
{
    for (size_t i = 0; i < p->n_factors; i++) {
        struct factor *f = &p->factors[i];
        f->id = text_or_empty(f->id);
        f->series = text_or_empty(f->series);
        check_row(f, problems);
    }
    if (p->n_factors > 1)
        qsort(p->factors, p->n_factors, sizeof p->factors[0], compare_rows);
    for (size_t i = 1; i < p->n_factors; i++)
        if (*p->factors[i].id && is_same_factor(&p->factors[i - 1], &p->factors[i]))
            check_joint(&p->factors[i - 1], &p->factors[i], problems);
}

/* Neighbours in plan.factors. */
struct rows {
    size_t first, n;
};

static struct rows rows_of_id(const struct plan *p, const char *id)
{
    struct rows rows = { 0 };
    while (rows.first < p->n_factors && strcmp(p->factors[rows.first].id, id) < 0)
        rows.first++;
    while (rows.first + rows.n < p->n_factors &&
           strcmp(p->factors[rows.first + rows.n].id, id) == 0)
        rows.n++;
    return rows;
}

static struct rows rows_of_series(const struct plan *p, struct rows of_id, const char *series)
{
    struct rows rows = { .first = of_id.first };
    size_t end = of_id.first + of_id.n;
    while (rows.first < end && strcmp(p->factors[rows.first].series, series) < 0)
        rows.first++;
    while (rows.first + rows.n < end && strcmp(p->factors[rows.first + rows.n].series, series) == 0)
        rows.n++;
    return rows;
}

static const char *nearest_factor(struct plan *p, const char *id)
{
    const char **names = arena_take_zeroed(&p->arena, p->n_factors + 1, sizeof *names);
    for (size_t i = 0; i < p->n_factors; i++)
        names[i] = p->factors[i].id;
    return option_nearest(id, names);
}

static void unknown_factor(struct plan *p, const struct stream *s, struct problems *problems)
{
    const char *nearest = nearest_factor(p, s->factor_id);
    if (nearest)
        problem_add(problems, s->place, "stream \"%s\": no factor \"%s\" – did you mean \"%s\"?",
                    s->id, s->factor_id, nearest);
    else
        problem_add(problems, s->place, "stream \"%s\": no factor \"%s\" in this plan", s->id,
                    s->factor_id);
}

/* The factor is there, the series is not, or must be told. */
static void unknown_series(struct plan *p, const struct stream *s, struct rows rows,
                           struct problems *problems)
{
    struct buffer list = { 0 };
    for (size_t i = rows.first; i < rows.first + rows.n; i++)
        if (i == rows.first || strcmp(p->factors[i].series, p->factors[i - 1].series) != 0)
            buffer_print(&list, "%s\"%s\"", list.size ? ", " : "", p->factors[i].series);
    problem_add(problems, s->place,
                "stream \"%s\": factor \"%s\" has no series \"%s\"; it has %.*s", s->id,
                s->factor_id, s->series, (int)list.size, (const char *)list.at);
    buffer_fini(&list);
}

void plan_check_stream(struct plan *p, struct stream *s, struct problems *problems)
{
    s->series = text_or_empty(s->series);
    if (text_is_empty(s->factor_id)) {
        if (*s->series)
            problem_add(problems, s->place, "stream \"%s\": a series without a factor", s->id);
        return;
    }
    struct rows of_id = rows_of_id(p, s->factor_id);
    if (of_id.n == 0) {
        unknown_factor(p, s, problems);
        return;
    }
    struct rows rows = rows_of_series(p, of_id, s->series);
    bool has_one_series =
        is_same_factor(&p->factors[of_id.first], &p->factors[of_id.first + of_id.n - 1]);
    if (rows.n == 0 && !*s->series && has_one_series)
        rows = of_id;
    if (rows.n == 0) {
        unknown_series(p, s, of_id, problems);
        return;
    }

    uint32_t *factors = arena_take_zeroed(&p->arena, rows.n, sizeof *factors);
    for (size_t i = 0; i < rows.n; i++)
        factors[i] = (uint32_t)(rows.first + i);
    s->factors = factors;
    s->n_factors = rows.n;
}

/* A date's first instant. */
int64_t plan_date_us(struct zone *zone, int64_t date)
{
    return zone_date(zone, (int)(date / 10000), (int)(date / 100 % 100), (int)(date % 100));
}

int64_t plan_day_after_us(struct zone *zone, int64_t date)
{
    return plan_date_us(zone, plan_date_next(date));
}

void plan_lay_validity(struct plan *p, struct stream *s)
{
    struct zone *zone = p->sites[s->site].zone;
    int64_t *from_us = arena_take_zeroed(&p->arena, s->n_factors, sizeof *from_us);
    int64_t *until_us = arena_take_zeroed(&p->arena, s->n_factors, sizeof *until_us);

    for (size_t i = 0; i < s->n_factors; i++) {
        const struct factor *f = &p->factors[s->factors[i]];
        from_us[i] = f->valid_from_date ? plan_date_us(zone, f->valid_from_date) : INT64_MIN;
        until_us[i] = f->valid_to_date ? plan_day_after_us(zone, f->valid_to_date) : INT64_MAX;
    }
    s->from_us = from_us;
    s->until_us = until_us;
}

/* The first row that ends after t; n_factors: none. */
static size_t row_after(const struct stream *s, int64_t t_us)
{
    size_t low = 0, high = s->n_factors;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s->until_us[middle] > t_us)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

int32_t plan_factor_at(const struct plan *p, int32_t stream, int64_t t_us)
{
    const struct stream *s = &p->streams[stream];
    size_t i = row_after(s, t_us);
    return i < s->n_factors && s->from_us[i] <= t_us ? (int32_t)s->factors[i] : -1;
}

int32_t plan_factor_carried(const struct plan *p, int32_t stream, int64_t t_us)
{
    const struct stream *s = &p->streams[stream];
    bool is_beyond = s->n_factors > 0 && s->until_us[s->n_factors - 1] <= t_us;
    return s->carry_forward == CARRY_PROVISIONAL && is_beyond ? (int32_t)s->factors[s->n_factors - 1] : -1;
}

int64_t plan_factor_edge(const struct plan *p, int32_t stream, int64_t t_us)
{
    const struct stream *s = &p->streams[stream];
    size_t i = row_after(s, t_us);
    if (i == s->n_factors)
        return INT64_MAX;
    return s->from_us[i] > t_us ? s->from_us[i] : s->until_us[i];
}
