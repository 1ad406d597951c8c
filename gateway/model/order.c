/* One row per verb, and one table of all that a body can say, from which each verb's options take their
 * part. Reading is strict, since an order is written once and stays: a name that is unknown, a time that is
 * none, a value that is not a whole number of ticks of its point are told, all at once, and the order is
 * refused. What only the state knows (whether that reading is still retained, whether that period has
 * closed) is not decided here but where the state is, and is part of the order's outcome. */
#include "model/order.h"

#include <stddef.h>
#include <string.h>

#include "base/clock.h"

#define BODY(member) offsetof(struct order_body, member)

#define ROW_SITE { .name = "site", .type = OPT_NAME, .at = BODY(site), .is_required = true, \
                   .help = "The site." }
#define ROW_DEVICE { .name = "device", .type = OPT_NAME, .at = BODY(device), .is_required = true, \
                     .help = "The device." }
#define ROW_POINT { .name = "point", .type = OPT_NAME, .at = BODY(point), .is_required = true, \
                    .help = "The point on it." }
#define ROW_AT(text) { .name = "at", .type = OPT_STRING, .at = BODY(at), .is_required = true, .help = text }
#define ROW_FROM { .name = "from", .type = OPT_STRING, .at = BODY(from), .is_required = true, \
                   .help = "Begin, UTC (2026-01-05T10:00:00Z)." }
#define ROW_UNTIL { .name = "until", .type = OPT_STRING, .at = BODY(until), .is_required = true, \
                    .help = "End, UTC; not part of it." }
#define ROW_FIRST { .name = "from", .type = OPT_DATE, .at = BODY(first_day), .is_required = true, \
                    .help = "First day, by the site's zone (2026-01-01)." }
#define ROW_LAST { .name = "to", .type = OPT_DATE, .at = BODY(last_day), .is_required = true, \
                   .help = "Last day; part of it (2026-01-31)." }
#define ROW_VALUE { .name = "value", .type = OPT_STRING, .at = BODY(value), .is_required = true, \
                    .help = "The amount, an exact decimal." }
#define ROW_UNIT { .name = "unit", .type = OPT_STRING, .at = BODY(unit), \
                   .help = "Of the amount; empty: as the point declares." }
#define ROW_END { .name = NULL }

static const struct option void_options[] = {
    ROW_SITE, ROW_DEVICE, ROW_POINT, ROW_AT("Time of the reading as stamped, UTC."),
    { .name = "sequence", .type = OPT_INT, .at = BODY(reading_sequence), .preset = "0",
      .help = "Its sequence, where several stand at one time; 0: all of that time." },
    { .name = "boot", .type = OPT_INT, .at = BODY(boot_id), .preset = "0",
      .help = "Its boot id, with the sequence." },
    ROW_END
};

static const struct option amount_options[] = {
    ROW_SITE,
    { .name = "device", .type = OPT_STRING, .at = BODY(device), .help = "The device, with the point." },
    { .name = "point", .type = OPT_STRING, .at = BODY(point), .help = "The point; or a stream." },
    { .name = "stream", .type = OPT_STRING, .at = BODY(stream),
      .help = "The source stream as a whole, instead of a point." },
    ROW_FROM, ROW_UNTIL, ROW_VALUE, ROW_UNIT, ROW_END
};

static const struct option swap_options[] = {
    ROW_SITE, ROW_DEVICE, ROW_POINT, ROW_AT("When the old meter was removed, UTC."),
    { .name = "installed", .type = OPT_STRING, .at = BODY(installed),
      .help = "When the new one began, UTC; empty: at once. Between the two is a gap." },
    { .name = "old_final", .type = OPT_STRING, .at = BODY(old_final), .is_required = true,
      .help = "What the old meter showed last, before the multiplier." },
    { .name = "new_initial", .type = OPT_STRING, .at = BODY(new_initial), .preset = "0",
      .help = "What the new one showed first, before the multiplier." },
    { .name = "old_serial", .type = OPT_STRING, .at = BODY(old_serial), .help = "Serial of the old one." },
    { .name = "new_serial", .type = OPT_STRING, .at = BODY(new_serial), .help = "Serial of the new one." },
    { .name = "multiplier", .type = OPT_STRING, .at = BODY(multiplier),
      .help = "Of the new one; empty: as before." },
    ROW_END
};

static const struct option lock_options[] = { ROW_SITE, ROW_FIRST, ROW_LAST, ROW_END };

static const struct option intensity_options[] = {
    { .name = "region", .type = OPT_NAME, .at = BODY(region), .is_required = true, .help = "The grid's region." },
    { .name = "text", .type = OPT_STRING, .at = BODY(text), .is_required = true,
      .help = "What the file says." },
    ROW_END
};

static const struct option undo_options[] = {
    { .name = "order", .type = OPT_INT, .at = BODY(order), .is_required = true, .min = "1",
      .help = "The order that is taken back." },
    ROW_END
};

static const struct order_verb_row verbs[ORDER_VERB_COUNT] = {
    [ORDER_VOID] = { "void", void_options, "a reading does not count", false },
    [ORDER_SUBSTITUTE] = { "substitute", amount_options, "put an amount in the place of what was measured",
                           false },
    [ORDER_MANUAL] = { "manual", amount_options, "add an amount that nobody measured", false },
    [ORDER_SWAP] = { "swap", swap_options, "declare that a meter was exchanged", false },
    [ORDER_LOCK] = { "lock", lock_options, "close a period: what changes in it is an adjustment", false },
    [ORDER_UNLOCK] = { "unlock", lock_options, "open a closed period again", false },
    [ORDER_INTENSITY] = { "intensity", intensity_options, "take grid intensity from a file", true },
    [ORDER_UNDO] = { "undo", undo_options, "take an order back", false },
};

const struct order_verb_row *order_verb_row(int verb)
{
    return verb > 0 && verb < ORDER_VERB_COUNT && verbs[verb].name ? &verbs[verb] : NULL;
}

int order_verb_of(const char *name)
{
    for (int verb = 1; verb < ORDER_VERB_COUNT; verb++)
        if (verbs[verb].name && strcmp(verbs[verb].name, name) == 0)
            return verb;
    return 0;
}

/* --- names --- */

/* An order on its way to meaning something. */
struct reading_order {
    const struct plan *plan;
    struct problems *problems;
    struct order *out;
};

static bool is_told(const char *text)
{
    return text && *text;
}

/* Orders have no lines and columns to show: a problem names the option. */
#define wrong(r, ...) problem_add((r)->problems, (struct place){ 0 }, __VA_ARGS__)

static void find_point(struct reading_order *r)
{
    struct order *o = r->out;
    if (is_told(o->body.device) != is_told(o->body.point)) {
        wrong(r, "device and point belong together: give both");
        return;
    }
    if (!is_told(o->body.device))
        return;
    o->device = plan_device(r->plan, o->site, slice_of(o->body.device));
    if (o->device < 0)
        wrong(r, "site %s has no device \"%s\"", o->body.site, o->body.device);
    else
        o->point = plan_point(r->plan, o->device, slice_of(o->body.point));
    if (o->device >= 0 && o->point < 0)
        wrong(r, "device %s has no point \"%s\"", o->body.device, o->body.point);
}

static void find_stream(struct reading_order *r)
{
    struct order *o = r->out;
    if (!is_told(o->body.stream))
        return;
    const struct site *site = &r->plan->sites[o->site];
    for (int32_t i = 0; i < site->n_streams; i++)
        if (strcmp(r->plan->streams[site->first_stream + i].id, o->body.stream) == 0)
            o->stream = site->first_stream + i;
    if (o->stream < 0)
        wrong(r, "site %s has no stream \"%s\"", o->body.site, o->body.stream);
}

static void find_names(struct reading_order *r)
{
    struct order *o = r->out;
    if (!is_told(o->body.site))
        return;
    o->site = plan_site(r->plan, slice_of(o->body.site));
    if (o->site < 0) {
        wrong(r, "the configuration has no site \"%s\"", o->body.site);
        return;
    }
    find_point(r);
    find_stream(r);
}

/* --- times --- */

static void find_time(struct reading_order *r, const char *name, const char *text, int64_t *out)
{
    if (is_told(text) && time_parse(text, out) != 0)
        wrong(r, "%s is no time: \"%s\"; write 2026-01-05T10:00:00Z", name, text);
}

static int64_t date_begin(const struct plan *plan, int32_t site, int64_t date)
{
    return zone_date(plan->sites[site].zone, (int)(date / 10000), (int)(date / 100 % 100),
                     (int)(date % 100));
}

static void find_days(struct reading_order *r)
{
    struct order *o = r->out;
    if (o->site < 0 || !o->body.first_day || !o->body.last_day)
        return;
    int64_t start_us;
    o->from_us = date_begin(r->plan, o->site, o->body.first_day);
    zone_day(r->plan->sites[o->site].zone, date_begin(r->plan, o->site, o->body.last_day), &start_us,
             &o->until_us);
}

static void find_times(struct reading_order *r)
{
    struct order *o = r->out;
    find_time(r, "at", o->body.at, &o->at_us);
    find_time(r, "from", o->body.from, &o->from_us);
    find_time(r, "until", o->body.until, &o->until_us);
    o->installed_us = o->at_us;
    find_time(r, "installed", o->body.installed, &o->installed_us);
    find_days(r);
    bool has_range = is_told(o->body.until) || o->body.last_day;
    if (has_range && o->until_us <= o->from_us)
        wrong(r, "the end must lie behind the begin");
    if (o->installed_us < o->at_us)
        wrong(r, "the new meter cannot begin before the old one was removed");
}

/* --- values --- */

static bool take_decimal(struct reading_order *r, const char *name, const char *text, struct decimal *out)
{
    if (decimal_parse(slice_of(text), out) == 0)
        return true;
    wrong(r, "%s is no number: \"%s\"; write digits, a point and at most 18 digits behind it", name, text);
    return false;
}

/* d × by, rounded once, half to even. false: it does not fit. */
static bool scale(struct decimal d, struct ratio by, int64_t *out)
{
    struct ratio value = { d.mantissa, 1 }, tenth = { 1, 10 };
    int128 ticks;
    for (int i = 0; i < d.scale; i++)
        if (ratio_multiply(value, tenth, &value) != 0)
            return false;
    if (ratio_multiply(value, by, &value) != 0 || number_scale(value.num, 1, value.den, &ticks) != 0)
        return false;
    *out = (int64_t)ticks;
    return ticks == *out;
}

static bool divide(struct ratio a, struct ratio b, struct ratio *out)
{
    return ratio_multiply(a, (struct ratio){ b.den, b.num }, out) == 0;
}

/* The unit of an amount of the point: the order's own, or the declared one. */
static const struct unit *amount_unit(struct reading_order *r, const struct point *pt)
{
    const char *name = r->out->body.unit;
    enum dimension wanted = pt->stream < 0 ? DIMENSION_NONE : r->plan->streams[pt->stream].dimension;
    const struct unit *unit = is_told(name) ? unit_by_name(name) : pt->unit;
    if (is_told(name) && !unit) {
        const char *near = option_nearest(name, unit_names());
        wrong(r, "there is no unit \"%s\"%s%s", name, near ? "; did you mean " : "", near ? near : "");
        return NULL;
    }
    if (unit && unit->dimension == wanted && wanted != DIMENSION_NONE)
        return unit;
    wrong(r, "point %s wants an amount of %s; say in which unit", pt->id, dimension_name(wanted));
    return NULL;
}

/* The point that an amount is booked on: the one named, or the first of the stream. */
static const struct point *amount_point(struct reading_order *r)
{
    struct order *o = r->out;
    for (size_t i = 0; o->stream >= 0 && o->point < 0 && i < r->plan->n_points; i++)
        if (r->plan->points[i].stream == o->stream && r->plan->points[i].role == ROLE_FISCAL)
            o->point = (int32_t)i;
    if (o->point < 0) {
        wrong(r, o->stream < 0 ? "name a point with its device, or a stream"
                               : "the stream has no point of its own to book an amount on");
        return NULL;
    }
    const struct point *pt = &r->plan->points[o->point];
    if (pt->stream >= 0 && pt->role == ROLE_FISCAL)
        return pt;
    wrong(r, "point %s is in no total: an amount for it would change nothing", pt->id);
    return NULL;
}

static void find_amount(struct reading_order *r)
{
    struct order *o = r->out;
    struct decimal value;
    if (o->site < 0 || !take_decimal(r, "value", o->body.value, &value))
        return;
    const struct point *pt = amount_point(r);
    const struct unit *unit = pt ? amount_unit(r, pt) : NULL;
    struct ratio tick;
    if (!unit)
        return;
    if (!divide(unit->to_base, pt->tick_to_micro, &tick) ||
        ratio_multiply(tick, (struct ratio){ 1000000, 1 }, &tick) != 0 || !scale(value, tick, &o->ticks))
        wrong(r, "the value is beyond what can be counted at the resolution of point %s", pt->id);
    if (value.mantissa < 0)
        wrong(r, "an amount is not negative; the point's direction says which way it went");
}

static void find_register(struct reading_order *r, const char *name, const char *text, int64_t *out)
{
    const struct point *pt = &r->plan->points[r->out->point];
    struct decimal value;
    struct ratio per_tick;
    if (!take_decimal(r, name, text, &value))
        return;
    if (!divide((struct ratio){ 1, 1 }, pt->tick, &per_tick) || !scale(value, per_tick, out))
        wrong(r, "%s is beyond what can be counted at the resolution of point %s", name, pt->id);
}

static void find_swap(struct reading_order *r)
{
    struct order *o = r->out;
    if (o->point < 0)
        return;
    if (r->plan->points[o->point].kind != POINT_REGISTER)
        wrong(r, "point %s is no register: only a register has a value that goes on", o->body.point);
    find_register(r, "old_final", o->body.old_final, &o->old_final_raw);
    find_register(r, "new_initial", o->body.new_initial, &o->new_initial_raw);
    if (is_told(o->body.multiplier) && take_decimal(r, "multiplier", o->body.multiplier, &o->new_multiplier) &&
        o->new_multiplier.mantissa <= 0)
        wrong(r, "a multiplier is above 0");
}

/* --- the whole --- */

static void find_values(struct reading_order *r)
{
    switch (r->out->verb) {
    case ORDER_SUBSTITUTE:
    case ORDER_MANUAL:
        find_amount(r);
        break;
    case ORDER_SWAP:
        find_swap(r);
        break;
    default:
        break;
    }
}

int order_read(int verb, struct slice yaml, const struct plan *plan, struct arena *arena,
               struct problems *problems, struct order *out)
{
    const struct order_verb_row *row = order_verb_row(verb);
    size_t before = problems->n;
    struct order o = { .verb = (enum order_verb)verb, .site = -1, .device = -1, .point = -1, .stream = -1 };
    struct reading_order r = { .plan = plan, .problems = problems, .out = &o };
    if (!row) {
        wrong(&r, "verb %d is not known to this version", verb);
        return OPTION_WRONG;
    }
    if (option_read_written(row->options, &o.body, yaml, arena, problems) == 0) {
        find_names(&r);
        find_times(&r);
        find_values(&r);
    }
    if (problems->n != before)
        return OPTION_WRONG;
    *out = o;
    return 0;
}
