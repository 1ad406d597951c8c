/* The tree as JSON: the summary as it was computed again, and beside it per point its readings, its amounts and their
 * sum, which is added up from the amounts alone. The text for people is printed from this tree, so the two cannot
 * say different things. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "command/why.h"
#include "model/order.h"

static json_t *text_of(struct slice s)
{
    return json_stringn((const char *)s.at, s.size);
}

static json_t *time_of(int64_t us)
{
    char text[32];
    time_print(us, text);
    return json_string(text);
}

/* ticks x resolution, in the declared unit. */
static json_t *value_of(int64_t ticks, struct decimal resolution)
{
    int128 whole = (int128)ticks * resolution.mantissa, power = 1;
    for (int i = 0; i < resolution.scale; i++)
        power *= 10;
    char integer[48], fraction[24] = "";
    bool is_negative = whole < 0;
    whole = is_negative ? -whole : whole;
    int128_print(whole / power, integer);
    int128 rest = whole % power;
    for (int i = resolution.scale; i-- > 0; rest /= 10)
        fraction[i] = (char)('0' + (int)(rest % 10));
    size_t n = resolution.scale;
    while (n > 0 && fraction[n - 1] == '0')
        n--;
    fraction[n] = '\0';
    return json_sprintf("%s%s%s%s", is_negative ? "-" : "", integer, n ? "." : "", fraction);
}

static json_t *micro_of(int128 micro)
{
    char text[48];
    micro_print(micro, text);
    return json_string(text);
}

static json_t *reading_of(const struct trail_point *p, const struct trail_reading *r)
{
    static const char *const qualities[] = { "good", "estimated", "suspect", "bad", "calibration", "maintenance",
                                             "not_operating" };
    json_t *out = json_pack("{s:s, s:I, s:o, s:o, s:s, s:s}", "journal", "intake", "frame", (json_int_t)r->frame,
                            "time", time_of(r->time_us), "value", value_of(r->ticks, p->resolution), "quality",
                            r->quality < QUALITY_COUNT ? qualities[r->quality] : "?", "verdict",
                            verdict_row(r->verdict)->name);
    if (r->sequence)
        json_object_set_new(out, "sequence", json_sprintf("%llu", (unsigned long long)r->sequence));
    if (r->boot)
        json_object_set_new(out, "boot", json_sprintf("%016llx", (unsigned long long)r->boot));
    return out;
}

static json_t *amount_of(const struct trail_point *p, const struct trail_amount *a)
{
    static const char *const parts[PART_COUNT] = { "measured", "interpolated", "bridged", "estimated", "substituted",
                                                   "manual" };
    const struct amount *amount = &a->amount;
    int128 micro = 0;
    json_t *out = json_pack("{s:o, s:o, s:s, s:b}", "start", time_of(amount->start_us), "end",
                            time_of(amount->end_us), "part", parts[amount->part], "is_valid", amount->is_valid);
    if (amount->shape == AMOUNT_STRETCH)
        json_object_set_new(out, "says", json_string("of time alone"));
    else if (p->tick_to_micro.num > 0 &&
             number_scale(amount->ticks, p->tick_to_micro.num, p->tick_to_micro.den, &micro) == 0)
        json_object_set_new(out, "amount", micro_of(micro));
    if (amount->shape == AMOUNT_RAMP)
        json_object_set_new(out, "is_ramp", json_true());
    if (amount->is_unverified)
        json_object_set_new(out, "is_unverified", json_true());
    if (amount->flags)
        json_object_set_new(out, "flags", json_integer(amount->flags));
    if (a->frame)
        json_object_set_new(out, "frame", json_integer((json_int_t)a->frame));
    return out;
}

static json_t *point_of(const struct trail *t, const struct trail_point *p)
{
    const struct unit *base = unit_base(p->dimension);
    json_t *readings = json_array(), *amounts = json_array();
    for (size_t i = 0; i < p->n_readings; i++)
        json_array_append_new(readings, reading_of(p, &p->readings[i]));
    for (size_t i = 0; i < p->n_amounts; i++)
        json_array_append_new(amounts, amount_of(p, &p->amounts[i]));
    json_t *out = json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o}", "device", p->device, "point", p->point, "kind",
                            p->kind, "unit", p->unit, "stream", p->stream, "readings", readings, "amounts", amounts);
    if (base) {
        json_object_set_new(out, "base_unit", json_string(base->name));
        json_object_set_new(out, "sum", micro_of(trail_sum(t, p, false)));
    }
    return out;
}

static json_t *points_of(const struct why *w)
{
    json_t *out = json_array();
    for (size_t i = 0; w->is_traced && i < w->trail.n_points; i++) {
        const struct trail_point *p = w->trail.points[i];
        if (p->n_readings > 0 || p->n_amounts > 0)
            json_array_append_new(out, point_of(&w->trail, p));
    }
    return out;
}

/* Orders of the site, whatever period they are for: a person judges better than a rule which of them matter. */
static json_t *orders_of(const struct why *w)
{
    const struct pipeline *p = w->again && !w->is_unreachable ? again_pipeline(w->again) : NULL;
    json_t *out = json_array();
    for (size_t i = 0; p && i < pipeline_orders(p); i++) {
        const struct pipeline_order *o = pipeline_order_at(p, i);
        const struct order_verb_row *row = order_verb_row(o->verb);
        json_array_append_new(out, json_pack("{s:I, s:s, s:o, s:o, s:o, s:o, s:o, s:b}", "order",
                              (json_int_t)o->sequence, "verb", row ? row->name : "?", "at", time_of(o->wall_us),
                              "who", text_of(o->who), "why", text_of(o->why), "what", text_of(o->yaml), "outcome",
                              text_of(o->outcome), "is_refused", o->is_refused));
    }
    return out;
}

static json_t *summary_of(const struct why *w)
{
    struct buffer text = { 0 };
    json_t *out = NULL;
    if (past_json(buffer_slice(&w->payload), &text) == 0)
        out = json_loadb((const char *)text.at, text.size, 0, NULL);
    buffer_fini(&text);
    return out;
}

static const char *verdict_of(const struct why *w)
{
    if (!w->is_found)
        return w->is_unreachable ? "beyond archive" : "not computed";
    if (!w->is_held)
        return "not in the store";
    return w->is_equal ? "equal" : "different";
}

json_t *why_tree(const struct why *w)
{
    json_t *summary = summary_of(w);
    if (!summary)
        return NULL;
    json_t *computed = json_pack("{s:b, s:I, s:I, s:I, s:s, s:s}", "is_done", w->is_found, "from_entry",
                                 (json_int_t)(w->is_unreachable ? 0 : again_base(w->again) + 1), "to_entry",
                                 (json_int_t)w->reach.until, "base_took_frames_to",
                                 (json_int_t)(w->is_unreachable ? 0 : again_base_took(w->again)), "from",
                                 "readings in journal and archive, factors of the log book", "outcome",
                                 verdict_of(w));
    return json_pack("{s:s, s:b, s:b, s:b, s:o, s:o, s:o, s:o}", "id", w->id, "is_in_store", w->is_held, "is_equal",
                     w->is_equal, "is_beyond_archive", why_is_beyond(w), "computed", computed, "points",
                     points_of(w), "orders", orders_of(w), "summary", summary);
}
