/* Reading the configuration file.
 *
 * The document's rows are the plan's followed by the rooms': one table, put together once, so that
 * reading, `check` and the reference cannot disagree about what may stand in a file. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "conf.h"
#include "decode/decode.h"
#include "plugin_loader.h"

#define FILE_BYTES_MOST ((size_t)4 << 20)
#define ROWS_MOST 64

static const char *const durabilities[] = { "process", "power", NULL };
static const char *const policies[] = { "pause", "drop_oldest", NULL };
static const char *const log_levels[] = { "debug", "info", "warn", "error", NULL };

static const struct option journal_rows[] = {
    { .name = "segment", .type = OPT_SIZE, .at = offsetof(struct conf_journal, segment_bytes),
      .preset = "64MB", .min = "4MB", .max = "1GB", .is_local = true,
      .help = "Size of one journal file; allocated ahead, two at a time." },
    { .name = "retain", .type = OPT_DURATION, .at = offsetof(struct conf_journal, retain_us),
      .preset = "24h", .min = "0s", .max = "400d", .is_local = true,
      .help = "How long frames are kept after their effects are committed." },
    { .name = "most", .type = OPT_SIZE, .at = offsetof(struct conf_journal, most_bytes),
      .preset = "4GB", .min = "16MB", .is_local = true,
      .help = "Bytes of committed frames that are kept at most; never cuts what is not committed." },
    { .name = "archive", .type = OPT_DURATION, .at = offsetof(struct conf_journal, archive_us),
      .preset = "400d", .min = "0s", .max = "4000d", .is_local = true,
      .help = "How long what leaves the journal is kept compressed, for replay and audits; 0s: not at all." },
    { .name = "archive_most", .type = OPT_SIZE, .at = offsetof(struct conf_journal, archive_most_bytes),
      .preset = "8GB", .min = "1MB", .is_local = true,
      .help = "Bytes of the archive at most; the oldest goes first." },
    { .name = "reserve", .type = OPT_SIZE, .at = offsetof(struct conf_journal, reserve_bytes),
      .preset = "256MB", .min = "64MB", .is_local = true,
      .help = "Free disk space below which the gateway disconnects and lets the broker queue." },
    { .name = "commit_every", .type = OPT_DURATION,
      .at = offsetof(struct conf_journal, commit_every_us), .preset = "1s", .min = "10ms",
      .max = "60s", .is_local = true,
      .help = "Longest time until what was taken is synced and committed." },
    { .name = "durability", .type = OPT_CHOICE, .at = offsetof(struct conf_journal, durability),
      .preset = "process", .choices = durabilities, .is_local = true,
      .help = "What an acknowledged reading survives: a kill (process) or a power cut too (power)." },
    { .name = NULL }
};

static const struct option store_rows[] = {
    { .name = "history", .type = OPT_DURATION, .at = offsetof(struct conf_store, history_us),
      .preset = "400d", .min = "1d", .max = "4000d", .is_local = true,
      .help = "How long published summaries are kept after their acknowledgement, and closed windows for what "
              "comes late." },
    { .name = "most", .type = OPT_SIZE, .at = offsetof(struct conf_store, most_bytes),
      .preset = "8GB", .min = "1MB", .is_local = true,
      .help = "Bytes of the store in use at most. The oldest acknowledged summaries go first; then at_bound "
              "decides about what is not acknowledged." },
    { .name = "at_bound", .type = OPT_CHOICE, .at = offsetof(struct conf_store, at_bound),
      .preset = "pause", .choices = policies, .is_local = true,
      .help = "At the bound of `most`: take no more readings (pause), or give up the oldest summaries that "
              "were not sent, and announce each loss upstream in a tombstone (drop_oldest). Only what lies behind "
              "all that was ever sent is given up: with publish.order newest_first there may be nothing "
              "such, and it pauses." },
    { .name = NULL }
};

static const struct option machine_rows[] = {
    { .name = "state", .type = OPT_STRING, .at = offsetof(struct conf, state), .is_required = true,
      .min = "1", .is_local = true, .help = "Directory of the journals and the store; created if missing." },
    { .name = "plugins", .type = OPT_STRING, .at = offsetof(struct conf, plugins),
      .preset = CARBON_PLUGINS, .is_local = true, .help = "Directory of plugins (NAME.so)." },
    { .name = "factor_files", .type = OPT_STRINGS, .at = offsetof(struct conf, factor_files), .is_local = true,
      .help = "Sets of emission factors as CSV files, paths from the configuration's directory; their rows become "
              "the plan's factor_sets." },
    { .name = "log", .type = OPT_CHOICE, .at = offsetof(struct conf, log_level), .preset = "info",
      .choices = log_levels, .is_local = true, .help = "Least level of log lines." },
    { .name = "ingest", .type = OPT_TABLE, .at = offsetof(struct conf, ingest),
      .rows = ingest_options, .is_local = true, .help = "The device broker." },
    { .name = "publish", .type = OPT_TABLE, .at = offsetof(struct conf, publish),
      .rows = publish_options, .is_local = true, .help = "The upstream broker." },
    { .name = "journal", .type = OPT_TABLE, .at = offsetof(struct conf, journal),
      .rows = journal_rows, .is_local = true, .help = "Keeping what came in." },
    { .name = "store", .type = OPT_TABLE, .at = offsetof(struct conf, store), .rows = store_rows,
      .is_local = true, .help = "Keeping what was published." },
    { .name = NULL }
};

static size_t append_rows(struct option *to, size_t n, const struct option *rows)
{
    for (; rows->name && n + 1 < ROWS_MOST; rows++)
        to[n++] = *rows;
    return n;
}

const struct option *conf_machine_options(void)
{
    return machine_rows;
}

const struct option *conf_options(void)
{
    static struct option rows[ROWS_MOST];    /* the same whoever fills it */
    if (!rows[0].name)
        append_rows(rows, append_rows(rows, 0, plan_options), machine_rows);
    return rows;
}

static const char *const legs[] = { "devices", "upstream" };

/* Two gateways on one broker must not share a client id: it is the gateway's id with the leg's name. */
static void name_clients(struct conf *c)
{
    struct link_conf *links[] = { &c->ingest.link, &c->publish.link };

    for (size_t i = 0; i < 2; i++) {
        if (links[i]->client_id && links[i]->client_id[0])
            continue;
        struct buffer id = { 0 };
        buffer_print(&id, "carbon-gateway-%s-%s", c->plan.gateway_id, legs[i]);
        links[i]->client_id = arena_text(&c->arena, buffer_slice(&id));
        buffer_fini(&id);
    }
}

/* Whether the plan's decoders exist and take their options: asked here, where the mistake has a place in
 * the person's own file, and not only when the log book is followed. */
static void check_decoders(struct conf *c, struct problems *problems)
{
    struct plugin_loader *loader = NULL;
    struct decode *decode = NULL;

    if (plugin_loader_open(c->plugins, &loader) != 0)
        return;
    struct decode_plugins plugins = plugin_loader_plugins(loader);
    decode_open(&plugins, &decode);
    decode_configure(decode, &c->plan, problems);
    decode_close(decode);
    plugin_loader_close(loader);
}

/* What is wrong with the links beyond what their rows say. */
static void check_links(const struct conf *c, struct slice yaml, struct problems *problems)
{
    const struct link_conf *links[] = { &c->ingest.link, &c->publish.link };
    static const char *const sections[] = { "ingest", "publish" };

    for (size_t i = 0; i < 2; i++) {
        const char *key;
        const char *mistake = link_conf_mistake(links[i], &key);
        if (!mistake)
            continue;
        char path[64];
        snprintf(path, sizeof path, "%s.%s", sections[i], key);
        problem_add(problems, option_place(yaml, path), "%s: %s", sections[i], mistake);
    }
}

static int report(const struct problems *problems)
{
    struct buffer text = { 0 };
    problems_print(problems, &text);
    if (write(STDERR_FILENO, text.at, text.size) < 0)
        log_line(LOG_ERROR, "conf.wrong", "file=%s – mistakes could not be shown", problems->file);
    buffer_fini(&text);
    return OPTION_WRONG;
}

int conf_read(const char *path, struct conf **out)
{
    char *text = NULL;
    size_t size = 0;
    int rc = file_read_all(path, FILE_BYTES_MOST, &text, &size);
    if (rc < 0)
        return err_raise(rc, "configuration %s: cannot be read – %s", path, strerror(-rc));

    struct conf *c = calloc(1, sizeof *c);
    if (!c)
        abort();
    struct problems problems;
    arena_init(&c->arena, 0);
    arena_init(&c->plan.arena, 0);
    problems_init(&problems, path, &c->arena);
    struct slice yaml = { (const uint8_t *)text, size };
    option_read(conf_options(), c, yaml, &c->plan.arena, &problems);
    conf_read_factors(path, c, &problems);
    plan_check(&c->plan, &problems);
    check_links(c, yaml, &problems);
    if (problems.n == 0)
        check_decoders(c, &problems);
    free(text);

    rc = problems.n ? report(&problems) : 0;
    problems_fini(&problems);
    if (rc == 0) {
        name_clients(c);
        *out = c;
    } else {
        conf_free(c);
    }
    return rc;
}

void conf_free(struct conf *c)
{
    if (!c)
        return;
    plan_fini(&c->plan);
    arena_fini(&c->arena);
    free(c);
}

struct slice conf_canonical(const struct conf *c)
{
    return c->plan.canonical;
}

void places_init(struct places *p, const char *state)
{
    if (asprintf(&p->intake, "%s/intake", state) < 0 ||
        asprintf(&p->logbook, "%s/logbook", state) < 0 ||
        asprintf(&p->store, "%s/store.sqlite", state) < 0 ||
        asprintf(&p->epoch, "%s/epoch", state) < 0)
        abort();
}

void places_fini(struct places *p)
{
    free(p->intake);
    free(p->logbook);
    free(p->store);
    free(p->epoch);
    *p = (struct places){ 0 };
}

const char *conf_plugins_preset(void)
{
    return CARBON_PLUGINS;
}
