/* A plugin declares its options in rows of its own, since it sees none of our headers. They are turned
 * into rows of base/option, so that a plugin's mistakes are told as ours are: with line, column and the
 * nearest right name. The rows and the struct that they fill live as long as the instance. */
#include "decode/plugin_decoder.h"

#include <stdlib.h>

#include "decode/host.h"

struct plugin_decoder {
    const struct cgw_plugin *plugin;
    void *self;
    bool is_open;
    struct arena arena;          /* rows, and the struct with its strings */
};

void plugin_decoder_close(struct plugin_decoder *d)
{
    if (!d)
        return;
    if (d->is_open && d->plugin->close)
        d->plugin->close(d->self);
    arena_fini(&d->arena);
    free(d);
}

/* Where a mistake that concerns the options as a whole stands. */
static struct place place_of(const struct topic_rule *rule)
{
    return rule->options.place.line > 0 ? rule->options.place : rule->place;
}

static const struct cgw_plugin *find(const struct decode_plugins *plugins,
                                     const struct topic_rule *rule, struct problems *problems)
{
    const char *why = "plugins are not to be had here";
    const struct cgw_plugin *plugin = NULL;
    if (plugins->find)
        plugin = plugins->find(plugins->self, rule->decoder, &why);
    if (plugin && !plugin->decode) {
        why = "the plugin is no decoder";
        plugin = NULL;
    }
    if (!plugin)
        problem_add(problems, rule->place,
                    "topic \"%s\": no decoder \"%s\" – reading and batch are built in, and of plugins: "
                    "%s", rule->pattern, rule->decoder, why);
    return plugin;
}

/* 0, or 1 when the type is one that we do not know. */
static int row_of(const struct cgw_option *from, struct option *out)
{
    static const enum option_type types[] = {
        [CGW_OPTION_STRING] = OPT_STRING,     [CGW_OPTION_BOOL] = OPT_BOOL,
        [CGW_OPTION_INT] = OPT_INT,           [CGW_OPTION_DURATION] = OPT_DURATION,
        [CGW_OPTION_CHOICE] = OPT_CHOICE,
    };
    if ((size_t)from->type >= sizeof types / sizeof types[0])
        return 1;
    *out = (struct option){
        .name = from->name,
        .type = types[from->type],
        .at = from->at,
        .preset = from->preset,
        .min = from->min,
        .max = from->max,
        .choices = from->choices,
        .help = from->help,
    };
    return 0;
}

static size_t count_rows(const struct cgw_option *rows)
{
    size_t n = 0;
    while (rows && rows[n].name)
        n++;
    return n;
}

/* The plugin's table as one of ours; NULL when it cannot be. */
static const struct option *rows_of(struct plugin_decoder *d, const struct topic_rule *rule,
                                    struct problems *problems)
{
    const struct cgw_option *from = d->plugin->options;
    size_t n = count_rows(from);
    struct option *rows = arena_take_zeroed(&d->arena, n + 1, sizeof *rows);
    for (size_t i = 0; i < n; i++) {
        if (row_of(&from[i], &rows[i]) == 0)
            continue;
        problem_add(problems, rule->place,
                    "topic \"%s\": option \"%s\" of plugin \"%s\" is of a type that this version does "
                    "not know – use a plugin that was built for it", rule->pattern, from[i].name,
                    d->plugin->name);
        return NULL;
    }
    return rows;
}

static int open_instance(struct plugin_decoder *d, const struct topic_rule *rule,
                         struct problems *problems)
{
    const struct option *rows = rows_of(d, rule, problems);
    if (!rows)
        return OPTION_WRONG;
    void *conf = arena_take_zeroed(&d->arena, 1, d->plugin->conf_size);
    int rc = option_read_raw(rows, conf, &rule->options, &d->arena, problems);
    if (rc != 0)
        return rc;

    const char *why = "it does not say why";
    if (d->plugin->open && d->plugin->open(&d->self, conf, &decode_host, &why) != 0) {
        problem_add(problems, place_of(rule), "topic \"%s\": plugin \"%s\" refuses its options: %s",
                    rule->pattern, d->plugin->name, why);
        return OPTION_WRONG;
    }
    d->is_open = true;
    return 0;
}

int plugin_decoder_open(const struct decode_plugins *plugins, const struct topic_rule *rule,
                        struct problems *problems, struct plugin_decoder **out)
{
    const struct cgw_plugin *plugin = find(plugins, rule, problems);
    if (!plugin)
        return OPTION_WRONG;

    struct plugin_decoder *d = calloc(1, sizeof *d);
    if (!d)
        abort();
    d->plugin = plugin;
    arena_init(&d->arena, 0);
    int rc = open_instance(d, rule, problems);
    if (rc != 0) {
        plugin_decoder_close(d);
        return rc;
    }
    *out = d;
    return 0;
}

enum verdict plugin_decode(void *self, const struct frame *f, struct cgw_batch *out)
{
    struct plugin_decoder *d = self;
    struct cgw_frame in = {
        .topic = (const char *)f->topic.at,
        .topic_size = f->topic.size,
        .payload = f->rest.at,
        .payload_size = f->rest.size,
    };
    int rc = d->plugin->decode(d->self, &in, out);
    return rc == CGW_DONE ? VERDICT_COUNTED : VERDICT_UNDECODABLE;
}
