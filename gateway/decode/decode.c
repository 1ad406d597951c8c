/* The way of a message: its topic leads to a rule (route.c), the rule's decoder takes the payload apart
 * (protobuf.c, plugin_decoder.c), and every reading it finds is judged as it is added (batch.c, judge.c).
 * This page is the order of that, and what becomes of a plan.
 *
 * A plan is taken up whole or not at all: rules are made beside the old ones, which stay in force when
 * something is wrong with the new. */
#include "decode/decode.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decode/batch.h"
#include "decode/intensity.h"
#include "decode/plugin_decoder.h"
#include "decode/protobuf.h"
#include "decode/route.h"

struct rule {
    batch_decoder decoder;
    struct plugin_decoder *plugin;   /* the decoder's self; NULL for our own */
};

struct decode {
    struct decode_plugins plugins;
    const struct plan *plan;
    struct rule *rules;          /* as plan.topics */
    size_t n_rules;
    struct routes *routes;
    struct cgw_batch batch;      /* the message in hand */
    struct decode_figures figures;
};

void decode_open(const struct decode_plugins *plugins, struct decode **out)
{
    struct decode *d = calloc(1, sizeof *d);
    if (!d)
        abort();
    d->plugins = *plugins;
    routes_open(&d->routes);
    *out = d;
}

static void close_rules(struct rule *rules, size_t n)
{
    for (size_t i = 0; i < n; i++)
        plugin_decoder_close(rules[i].plugin);
    free(rules);
}

void decode_close(struct decode *d)
{
    if (!d)
        return;
    close_rules(d->rules, d->n_rules);
    routes_close(d->routes);
    free(d);
}

static const struct {
    const char *name;
    batch_decoder decoder;
} built_in[] = { { "reading", protobuf_reading }, { "batch", protobuf_batch },
                 { "intensity", intensity_decode } };

static batch_decoder built_in_of(const char *name)
{
    for (size_t i = 0; i < sizeof built_in / sizeof built_in[0]; i++)
        if (strcmp(built_in[i].name, name) == 0)
            return built_in[i].decoder;
    return NULL;
}

static int open_rule(const struct decode *d, const struct topic_rule *row, struct problems *problems,
                     struct rule *out)
{
    out->decoder = built_in_of(row->decoder);
    if (!out->decoder) {
        out->decoder = plugin_decode;
        return plugin_decoder_open(&d->plugins, row, problems, &out->plugin);
    }
    if (row->options.yaml.size == 0)
        return 0;
    problem_add(problems, row->options.place, "topic \"%s\": decoder %s is built in and has no options",
                row->pattern, row->decoder);
    return OPTION_WRONG;
}

int decode_configure(struct decode *d, const struct plan *plan, struct problems *problems)
{
    const struct topic_rule *rows = plan->topics.at;
    size_t n = plan->topics.n;
    int rc = 0;

    struct rule *rules = calloc(n > 0 ? n : 1, sizeof *rules);
    if (!rules)
        abort();
    for (size_t i = 0; i < n; i++)
        if (open_rule(d, &rows[i], problems, &rules[i]) != 0)
            rc = OPTION_WRONG;
    if (rc != 0) {
        close_rules(rules, n);
        return rc;
    }

    close_rules(d->rules, d->n_rules);
    d->rules = rules;
    d->n_rules = n;
    d->plan = plan;
    routes_configure(d->routes, plan);
    return 0;
}

static struct origin origin_of(const struct decode *d, const struct frame *f,
                               const struct route *route)
{
    return (struct origin){
        .plan = d->plan,
        .site_name = topic_name(f->topic, route->names.site),
        .device_name = topic_name(f->topic, route->names.device),
        .region_name = topic_name(f->topic, route->names.region),
        .site = route->site,
        .device = route->device,
        .latest_us = origin_latest_us(d->plan, f),
    };
}

static enum verdict explain(struct decode *d, enum verdict v, const char *why)
{
    batch_explain(&d->batch, why);
    return v;
}

static enum verdict take_too_large(struct decode *d, const struct frame *f)
{
    struct too_large t;
    char why[64] = "the payload exceeds max_payload";
    if (too_large_read(f->rest, &t) == 0)
        snprintf(why, sizeof why, "a payload of %llu bytes exceeds max_payload",
                 (unsigned long long)t.payload_size);
    return explain(d, VERDICT_TOO_LARGE, why);
}

static enum verdict take_message(struct decode *d, const struct frame *f, const struct route *route)
{
    if (route->rule < 0)
        return explain(d, VERDICT_UNDECODABLE, "no rule of the configuration fits the topic");
    if (f->rest.size == 0)
        return explain(d, VERDICT_UNDECODABLE, "the payload is empty");

    const struct rule *rule = &d->rules[route->rule];
    enum verdict v = rule->decoder(rule->plugin, f, &d->batch);
    if (d->batch.is_full)
        return explain(d, VERDICT_TOO_LARGE, "the payload unfolds to more readings than fit a batch");
    return v;
}

enum verdict decode_frame(struct decode *d, const struct frame *f, struct arena *arena,
                          struct readings *out)
{
    assert(d->plan);
    const struct route *route = route_find(d->routes, f->topic);
    struct origin origin = origin_of(d, f, route);
    batch_begin(&d->batch, &origin, arena);

    if (f->kind == FRAME_TOO_LARGE)
        return take_too_large(d, f);
    if (f->kind != FRAME_MESSAGE)
        return explain(d, VERDICT_UNDECODABLE, "the frame holds no message");
    enum verdict v = take_message(d, f, route);
    if (v != VERDICT_COUNTED)
        return v;
    d->figures.unknown_fields += d->batch.has_unknown_fields;
    *out = (struct readings){ .at = d->batch.at, .n = d->batch.n, .intensities = d->batch.intensities,
                              .n_intensities = d->batch.n_intensities };
    return VERDICT_COUNTED;
}

enum verdict decode_intensity(struct decode *d, struct slice region, struct slice json, struct arena *arena,
                              struct readings *out)
{
    struct origin origin = { .plan = d->plan, .region_name = region, .site = -1, .device = -1 };
    struct frame f = { .kind = FRAME_MESSAGE, .rest = json };
    batch_begin(&d->batch, &origin, arena);
    enum verdict v = json.size > 0 ? intensity_decode(NULL, &f, &d->batch) : VERDICT_UNDECODABLE;
    if (v == VERDICT_COUNTED)
        *out = (struct readings){ .intensities = d->batch.intensities,
                                  .n_intensities = d->batch.n_intensities };
    return v;
}

const char *decode_explanation(const struct decode *d)
{
    return d->batch.why;
}

void decode_figures(const struct decode *d, struct decode_figures *out)
{
    *out = d->figures;
}
