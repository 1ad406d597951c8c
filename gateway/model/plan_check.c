/* The check of a plan: everything that tables cannot say, all of it at once. No step stops at a mistake
 * of an earlier one; it leaves out what it cannot judge without it. The order: the lists become arrays,
 * then names are entered (which shows doubles), then factors, streams (which refer to factors), points
 * (which refer to streams), sites (which look at their points). Only a plan without mistakes gets its
 * instants of validity, its canonical form and its hashes.
 *
 * The canonical form is written from the lists as they were read, not from the arrays: what follows
 * from a value elsewhere (a point's lateness from the plan's) stays out of it. */
#include <string.h>

#include "base/hash.h"
#include "model/plan_parts.h"

static size_t count_devices(const struct plan *p, size_t *points, size_t *streams)
{
    const struct site *sites = p->sites_list.at;
    size_t devices = 0;
    for (size_t i = 0; i < p->sites_list.n; i++) {
        const struct device *at = sites[i].devices_list.at;
        devices += sites[i].devices_list.n;
        *streams += sites[i].streams_list.n;
        for (size_t k = 0; k < sites[i].devices_list.n; k++)
            *points += at[k].points_list.n;
    }
    return devices;
}

static void lay_points(struct plan *p, struct device *d)
{
    const struct point *from = d->points_list.at;
    d->n_points = d->points_list.n;
    d->points = arena_take_zeroed(&p->arena, d->n_points, sizeof *d->points);
    for (size_t i = 0; i < d->n_points; i++) {
        struct point *pt = &p->points[p->n_points];
        *pt = from[i];
        pt->site = d->site;
        pt->device = d->index;
        pt->index = (int32_t)p->n_points++;
        d->points[i] = pt;
    }
}

static void lay_devices(struct plan *p, struct site *s)
{
    const struct device *from = s->devices_list.at;
    s->first_device = (int32_t)p->n_devices;
    s->n_devices = (int32_t)s->devices_list.n;
    for (int32_t i = 0; i < s->n_devices; i++) {
        struct device *d = &p->devices[p->n_devices];
        *d = from[i];
        d->site = s->index;
        d->index = (int32_t)p->n_devices++;
        if (d->idle_us == 0)
            d->idle_us = p->idle_us;
        lay_points(p, d);
    }
}

static void lay_streams(struct plan *p, struct site *s)
{
    const struct stream *from = s->streams_list.at;
    s->first_stream = (int32_t)p->n_streams;
    s->n_streams = (int32_t)s->streams_list.n;
    for (int32_t i = 0; i < s->n_streams; i++) {
        struct stream *st = &p->streams[p->n_streams];
        *st = from[i];
        st->site = s->index;
        st->index = (int32_t)p->n_streams++;
    }
}

static size_t count_factors(const struct plan *p)
{
    const struct factor_set *sets = p->factor_sets_list.at;
    size_t n = p->factors_list.n;
    for (size_t i = 0; i < p->factor_sets_list.n; i++)
        n += sets[i].factors_list.n;
    return n;
}

static void lay_factors(struct plan *p, const struct option_list *list)
{
    const struct factor *from = list->at;
    for (size_t i = 0; i < list->n; i++)
        p->factors[p->n_factors++] = from[i];
}

/* The lists become arrays, in which everybody knows its index and its owner's. */
static void lay_out(struct plan *p)
{
    size_t points = 0, streams = 0, devices = count_devices(p, &points, &streams);
    p->sites = arena_take_zeroed(&p->arena, p->sites_list.n, sizeof *p->sites);
    p->devices = arena_take_zeroed(&p->arena, devices, sizeof *p->devices);
    p->points = arena_take_zeroed(&p->arena, points, sizeof *p->points);
    p->streams = arena_take_zeroed(&p->arena, streams, sizeof *p->streams);
    p->factors = arena_take_zeroed(&p->arena, count_factors(p), sizeof *p->factors);
    p->index = plan_index_new(&p->arena, p->sites_list.n + devices + points + streams);

    lay_factors(p, &p->factors_list);
    const struct factor_set *sets = p->factor_sets_list.at;
    for (size_t i = 0; i < p->factor_sets_list.n; i++)
        lay_factors(p, &sets[i].factors_list);

    const struct site *sites = p->sites_list.at;
    for (; p->n_sites < p->sites_list.n; p->n_sites++) {
        struct site *s = &p->sites[p->n_sites];
        *s = sites[p->n_sites];
        s->index = (int32_t)p->n_sites;
        lay_devices(p, s);
        lay_streams(p, s);
    }
}

static struct place place_of(const struct plan *p, enum index_kind kind, int32_t i)
{
    switch (kind) {
    case INDEX_SITE:
        return p->sites[i].place;
    case INDEX_DEVICE:
        return p->devices[i].place;
    case INDEX_POINT:
        return p->points[i].place;
    default:
        return p->streams[i].place;
    }
}

static void enter(struct plan *p, enum index_kind kind, int32_t parent, const char *id, int32_t i,
                  struct problems *problems)
{
    static const char *const nouns[] = { "site", "device", "point", "stream" };
    if (text_is_empty(id))
        return;
    int32_t first = plan_index_add(p->index, kind, parent, id, i);
    if (first >= 0)
        problem_add(problems, place_of(p, kind, i), "%s \"%s\" stands twice, first on line %u",
                    nouns[kind], id, place_of(p, kind, first).line);
}

static void enter_names(struct plan *p, struct problems *problems)
{
    for (size_t i = 0; i < p->n_sites; i++)
        if (p->sites[i].id && strcmp(p->sites[i].id, "-") == 0)
            problem_add(problems, p->sites[i].place, "site \"-\": this name is kept for what belongs to no "
                        "site; give it another");
    for (size_t i = 0; i < p->n_sites; i++)
        enter(p, INDEX_SITE, -1, p->sites[i].id, (int32_t)i, problems);
    for (size_t i = 0; i < p->n_devices; i++)
        enter(p, INDEX_DEVICE, p->devices[i].site, p->devices[i].id, (int32_t)i, problems);
    for (size_t i = 0; i < p->n_points; i++)
        enter(p, INDEX_POINT, p->points[i].device, p->points[i].id, (int32_t)i, problems);
    for (size_t i = 0; i < p->n_streams; i++)
        enter(p, INDEX_STREAM, p->streams[i].site, p->streams[i].id, (int32_t)i, problems);
}

/* "04-01". The 29th of February is no date of every year. */
static bool read_year_start(const char *text, int *month, int *day)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    if (strlen(text) != 5 || text[2] != '-' || strspn(text, "0123456789") != 2 ||
        strspn(text + 3, "0123456789") != 2)
        return false;
    *month = 10 * (text[0] - '0') + text[1] - '0';
    *day = 10 * (text[3] - '0') + text[4] - '0';
    return *month >= 1 && *month <= 12 && *day >= 1 && *day <= days[*month - 1];
}

static void check_zone(struct site *s, struct problems *problems)
{
    int month = 1, day = 1;
    if (!read_year_start(s->year_start, &month, &day))
        problem_add(problems, s->place, "site \"%s\": year_start is a month and a day that every year has, as "
                    "04-01, not \"%s\"", s->id, s->year_start);
    if (text_is_empty(s->zone_name))
        return;
    if (zone_open(s->zone_name, &s->zone) == 0)
        zone_begin_year(s->zone, month, day);
    else
        problem_add(problems, s->place, "site \"%s\": zone \"%s\" is not in this machine's tzdata",
                    s->id, s->zone_name);
}

/* The shortest interval of the site's interval points; 0: it has none. */
static int64_t shortest_interval_us(const struct plan *p, const struct site *s)
{
    int64_t shortest_us = 0;
    for (int32_t d = s->first_device; d < s->first_device + s->n_devices; d++)
        for (size_t i = 0; i < p->devices[d].n_points; i++) {
            const struct point *pt = p->devices[d].points[i];
            int64_t interval_us = pt->derivation ? pt->derivation->every_us : pt->interval_us;
            if (interval_us > 0 && (shortest_us == 0 || interval_us < shortest_us))
                shortest_us = interval_us;
        }
    return shortest_us;
}

static void check_periods(const struct plan *p, const struct site *s, struct problems *problems)
{
    if (s->periods == 0)
        problem_add(problems, s->place, "site \"%s\" publishes nothing: periods is empty", s->id);
    if ((s->periods & 1u << PERIOD_MINUTE) && s->smallest != PERIOD_MINUTE)
        problem_add(problems, s->place, "site \"%s\": a published 1min needs smallest: 1min",
                    s->id);

    int64_t shortest_us = shortest_interval_us(p, s);
    for (int i = 0; i < PERIOD_COUNT && !s->publish_shorter; i++)
        if ((s->periods & 1u << i) && period_longest_us((enum period)i) < shortest_us)
            problem_add(
                problems, s->place,
                "site \"%s\": period %s is shorter than its shortest interval (%lld s), so its "
                "figures would be interpolated – leave it out, or say publish_shorter: true",
                s->id, period_names[i], (long long)(shortest_us / 1000000));
}

/* A stream that no point has joined is what its factor is. */
static void settle_dimension(const struct plan *p, struct stream *s)
{
    const struct unit *per = s->n_factors ? p->factors[s->factors[0]].unit : NULL;
    if (s->dimension == DIMENSION_NONE && per) {
        s->dimension = per->dimension;
        s->basis = per->basis;
    }
}

static void check_all(struct plan *p, struct problems *problems)
{
    plan_check_topics(p, problems);
    enter_names(p, problems);
    plan_check_factors(p, problems);
    for (size_t i = 0; i < p->n_streams; i++)
        plan_check_stream(p, &p->streams[i], problems);
    plan_check_scopes(p, problems);
    for (size_t i = 0; i < p->n_points; i++)
        plan_check_point(p, &p->points[i], problems);
    plan_check_derivations(p, problems);
    for (size_t i = 0; i < p->n_streams; i++)
        settle_dimension(p, &p->streams[i]);
    plan_check_rungs(p, problems);
    plan_check_meters(p, problems);
    plan_check_uncertainties(p, problems);
    for (size_t i = 0; i < p->n_sites; i++) {
        check_zone(&p->sites[i], problems);
        check_periods(p, &p->sites[i], problems);
        plan_check_kpis(p, &p->sites[i], problems);
    }
}

static void write_canonical(struct plan *p)
{
    struct buffer text = { 0 };
    option_write(plan_factor_options, p, &text);
    hash_sha256(buffer_slice(&text), p->factors_hash);

    buffer_clear(&text);
    option_write(plan_options, p, &text);
    hash_sha256(buffer_slice(&text), p->hash);
    p->canonical.at = (const uint8_t *)arena_text(&p->arena, buffer_slice(&text));
    p->canonical.size = text.size;
    buffer_fini(&text);
}

int plan_check(struct plan *raw, struct problems *problems)
{
    plan_preset_topics(raw);
    lay_out(raw);
    check_all(raw, problems);
    if (problems->n > 0)
        return OPTION_WRONG;

    for (size_t i = 0; i < raw->n_streams; i++)
        plan_lay_validity(raw, &raw->streams[i]);
    for (size_t i = 0; i < raw->n_points; i++)
        plan_lay_calibration(raw, &raw->points[i]);
    plan_lay_scopes(raw);
    write_canonical(raw);
    return 0;
}
