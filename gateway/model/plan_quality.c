/* What a point declares about the filling of its gaps, and what is checked of it. Nothing is filled unless
 * a method is named. A method has to be able to end: what it cannot reckon for want of history falls back on
 * the declared default, and without one the hour stays missing. A default or maximum of 0 is refused, since
 * nothing missing may turn into a 0.
 *
 * The look-backs and the least history are each method's own where the plan does not say otherwise: 40 CFR
 * 75.33 names 720 quality-assured hours out of 26,280; Annex VIII of Regulation (EU) 2018/2066 the reporting
 * period, so 8,760 hours, and a deviation of fewer hours than a day has would say little. */
#include <stddef.h>

#include "model/plan_parts.h"

#define HOUR_US INT64_C(3600000000)

#define WRONG(pt, ...) problem_add(problems, (pt)->place, __VA_ARGS__)

const char *const substitute_methods[] = { "none", "mean_before_after", "previous_value",
                                           "eu_mean_2sigma", "part75_so2_table", "declared_default",
                                           NULL };

const char *const substitute_rules[] = { "none", "mean_before_after", "previous_value", "mean_2sigma",
                                         "percentile_90", "percentile_95", "maximum",
                                         "maximum_potential", "declared_default", NULL };

const struct option plan_substitute_options[] = {
    { .name = "method", .type = OPT_CHOICE, .at = offsetof(struct substitute, method),
      .choices = substitute_methods, .preset = "none",
      .help = "Rule that fills hours without valid values; none: they stay missing." },
    { .name = "after", .type = OPT_DURATION, .at = offsetof(struct substitute, after_us),
      .preset = "1h", .max = "40d",
      .help = "How far the site's time must pass an hour's end before the hour is filled." },
    { .name = "default", .type = OPT_STRING, .at = offsetof(struct substitute, default_text),
      .help = "Value of an hour where the rule has too little history, in the point's unit: a gauge's "
              "value, else the amount of one hour; absent: the hour stays missing." },
    { .name = "maximum", .type = OPT_STRING, .at = offsetof(struct substitute, maximum_text),
      .help = "Greatest value that an hour can have, in the same unit; part75_so2_table needs it." },
    { .name = "look_back", .type = OPT_DURATION, .at = offsetof(struct substitute, look_back_us),
      .preset = "0s", .max = "1096d",
      .help = "How old the hours may be that a rule rests on; 0s: the rule's own." },
    { .name = "least", .type = OPT_INT, .at = offsetof(struct substitute, least), .preset = "0",
      .min = "0", .max = "26280",
      .help = "Valid hours without which a rule has too little history; 0: the rule's own." },
    { .name = NULL }
};

static const struct {
    int64_t look_back_us, least;
} own[SUBSTITUTE_METHOD_COUNT] = {
    [SUBSTITUTE_MEAN_BEFORE_AFTER] = { 26280 * HOUR_US, 1 },
    [SUBSTITUTE_PREVIOUS_VALUE] = { 24 * HOUR_US, 1 },
    [SUBSTITUTE_EU_MEAN_2SIGMA] = { 8760 * HOUR_US, 24 },
    [SUBSTITUTE_PART75_SO2_TABLE] = { 26280 * HOUR_US, 720 },
    [SUBSTITUTE_DECLARED_DEFAULT] = { 26280 * HOUR_US, 0 },
};

/* One value of an hour in ticks; 0 where none is declared. */
static int64_t ticks_of(const struct point *pt, const char *key, const char *text,
                        struct problems *problems)
{
    struct decimal value;
    int128 den = 1, ticks = 0;
    if (text_is_empty(text))
        return 0;
    if (decimal_parse(slice_of(text), &value) != 0) {
        WRONG(pt, "point \"%s\": substitute.%s \"%s\" is not a number as 12.5", pt->id, key, text);
        return 0;
    }
    for (int i = 0; i < value.scale; i++)
        den *= 10;
    bool fits = number_scale(value.mantissa, pt->tick.den, den * pt->tick.num, &ticks) == 0 &&
                ticks <= INT64_MAX;
    if (value.mantissa <= 0)
        WRONG(pt,
              "point \"%s\": substitute.%s must be above 0 – what is missing never becomes a 0; leave "
              "the key out, and it stays missing",
              pt->id, key);
    else if (!fits || ticks == 0)
        WRONG(pt, "point \"%s\": substitute.%s \"%s\" is %s for the point's resolution", pt->id, key,
              text, fits ? "too small" : "too large");
    else
        return (int64_t)ticks;
    return 0;
}

static void check_needs(const struct plan *p, const struct point *pt, struct problems *problems)
{
    const struct substitute *s = &pt->substitute;
    const char *method = substitute_methods[s->method];
    if (pt->kind == POINT_STATE)
        WRONG(pt, "point \"%s\": a state has no values, so there is nothing to substitute", pt->id);
    if (pt->kind == POINT_EVENT)
        WRONG(pt, "point \"%s\": events have no gaps, so there is nothing to substitute", pt->id);
    if (pt->kind == POINT_GAUGE && text_is_empty(pt->stream_id))
        WRONG(pt,
              "point \"%s\": a gauge without a stream has no amounts – substitute at the derived point "
              "that it is an input of",
              pt->id);
    if (s->method == SUBSTITUTE_PART75_SO2_TABLE && text_is_empty(s->maximum_text))
        WRONG(pt, "point \"%s\": %s needs substitute.maximum, the maximum potential value", pt->id,
              method);
    if (s->method == SUBSTITUTE_DECLARED_DEFAULT && text_is_empty(s->default_text))
        WRONG(pt, "point \"%s\": %s needs substitute.default", pt->id, method);
    if (s->after_us < p->sites[pt->site].grace_us)
        WRONG(pt,
              "point \"%s\": substitute.after is shorter than the site's grace – a gap is first "
              "published as missing",
              pt->id);
}

static bool says_anything(const struct substitute *s)
{
    return !text_is_empty(s->default_text) || !text_is_empty(s->maximum_text) ||
           s->look_back_us != 0 || s->least != 0;
}

void plan_check_substitute(struct plan *p, struct point *pt, struct problems *problems)
{
    struct substitute *s = &pt->substitute;
    if (s->method == SUBSTITUTE_NONE) {
        if (says_anything(s))
            WRONG(pt, "point \"%s\": substitute says how and names no method", pt->id);
        return;
    }
    check_needs(p, pt, problems);
    if (pt->tick.num > 0) { /* else its resolution is wrong, which was said */
        s->default_ticks = ticks_of(pt, "default", s->default_text, problems);
        s->maximum_ticks = ticks_of(pt, "maximum", s->maximum_text, problems);
    }
}

struct substitute plan_substitute(const struct point *pt)
{
    struct substitute s = pt->substitute;
    if (s.look_back_us == 0)
        s.look_back_us = own[s.method].look_back_us;
    if (s.least == 0)
        s.least = own[s.method].least;
    return s;
}
