/* Computing summaries again.
 *
 * A replay is the pipeline over a log book, with no network and no clock: the code of a live run, fed
 * by what the live run wrote. A file of messages has no log book, so one is written first, in the new
 * state directory: what a gateway would have written that took them all at once.
 *
 * A log book that no longer reaches back to its beginning is replayed from a base: the oldest one that it
 * goes on behind, so that as much as possible is computed again, or the one that was named. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "command/command.h"
#include "conf.h"
#include "journal/base.h"
#include "payload.h"
#include "plugin_loader.h"
#include "publish/encode.h"
#include "vault/logbook.h"
#include "vault/vault.h"

#define BATCH_BYTES ((size_t)16 << 20)
#define MESSAGES_BYTES_MOST ((size_t)1 << 30)
#define SEGMENT_BYTES ((int64_t)64 << 20)

struct replay_args {
    const char *logbook, *intake, *base, *config, *messages, *state, *plugins, *raw;
    bool wants_close;
};

struct replay {
    struct replay_args args;
    struct places places;
    struct plugin_loader *plugins;
    struct payload payload;
    struct store *store;
    struct pipeline *pipeline;
    struct store_batch *batch;
    struct journal_reader *reader;   /* of the log book */
    char base_path[4096];            /* where it begins; empty: at the beginning */
    struct base_head base;
    FILE *raw;
    uint64_t rejected;
};

static int parse(int argc, char **argv, struct replay_args *a)
{
    const struct { const char *name; const char **to; } rows[] = {
        { "--logbook", &a->logbook }, { "--intake", &a->intake }, { "--config", &a->config },
        { "--messages", &a->messages }, { "--state", &a->state }, { "--plugins", &a->plugins },
        { "--raw", &a->raw }, { "--base", &a->base },
    };

    for (int i = 0; i < argc; i++) {
        const char *value = NULL;
        for (size_t r = 0; r < sizeof rows / sizeof *rows && !value; r++) {
            value = command_value(argc, argv, &i, rows[r].name);
            if (value)
                *rows[r].to = value;
        }
        if (value)
            continue;
        if (strcmp(argv[i], "--close") == 0)
            a->wants_close = true;
        else
            return command_unknown("replay", argv[i]);
    }
    bool is_run = a->logbook && a->intake && !a->messages;
    bool is_file = a->config && a->messages && !a->logbook && !a->intake;
    if (a->state && (is_run || is_file))
        return EXIT_DONE;
    fputs("carbon-gateway replay: give --state NEWDIR and either --logbook DIR --intake DIR, or "
          "--config FILE --messages FILE; with a log book also --base FILE, to begin there\n", stderr);
    return EXIT_WRONG;
}

static void on_name(void *self, const char *name)
{
    (void)name;
    ++*(size_t *)self;
}

/* A replay never mixes with what stands there already. */
static int make_state(const char *path)
{
    size_t n = 0;
    int rc = file_make_directory(path);
    if (rc == 0)
        rc = file_list(path, on_name, &n);
    if (rc < 0)
        return err_raise(rc, "state directory %s: cannot be made – %s", path, strerror(-rc));
    if (n > 0)
        return err_raise(-EEXIST, "state directory %s is not empty – name a new one; a replay begins "
                         "with nothing", path);
    return 0;
}

/* From a file of messages to an intake and a log book. */

static int append_message(struct journal *intake, struct cursor *c)
{
    struct slice topic = cursor_slice(c);
    struct slice payload = cursor_slice(c);
    if (c->has_failed || topic.size > UINT16_MAX)
        return err_raise(-EINVAL, "the file of messages ends in the middle of a record, or is none");

    struct frame f = { .kind = FRAME_MESSAGE, .flags = 1, .topic = topic, .rest = payload };
    int rc = journal_append(intake, &f);
    if (rc == JOURNAL_FULL)
        return err_raise(-ENOSPC, "no room for the journal of the replay – free space");
    return rc;
}

static int append_messages(struct journal *intake, const char *path)
{
    char *bytes = NULL;
    size_t size = 0;
    int rc = file_read_all(path, MESSAGES_BYTES_MOST, &bytes, &size);
    if (rc < 0)
        return err_raise(rc, "messages %s: cannot be read – %s", path, strerror(-rc));
    struct cursor c = cursor_of((struct slice){ (const uint8_t *)bytes, size });
    while (rc == 0 && c.at < c.end)
        rc = append_message(intake, &c);
    free(bytes);
    return rc;
}

static int write_logbook(struct journal *logbook, struct journal *intake, const struct conf *conf)
{
    const struct entry beginning[] = {
        { .kind = FRAME_GENESIS, .gateway_epoch = clock_random_u64(), .epoch_ordinal = 1,
          .gateway_id = slice_of(conf->plan.gateway_id) },
        { .kind = FRAME_START, .version = slice_of(CARBON_VERSION),
          .tzdata = slice_of(zone_rules_version()) },
        { .kind = FRAME_CONFIG, .yaml = conf_canonical(conf) },
    };
    int rc = 0;

    for (size_t i = 0; i < 3 && rc == 0; i++)
        rc = logbook_append(logbook, &beginning[i]);
    uint64_t took = 0;
    while (rc == 0)
        rc = logbook_take(logbook, intake, &took);
    return rc == LOGBOOK_NOTHING ? 0 : rc;
}

static int write_journals(struct replay *r, const struct conf *conf)
{
    struct journal *intake = NULL, *logbook = NULL;
    struct journal_opening opening;
    struct journal_conf in = { .path = r->places.intake, .segment_bytes = SEGMENT_BYTES };
    struct journal_conf log = { .path = r->places.logbook, .segment_bytes = SEGMENT_BYTES };

    int rc = journal_open(&in, 0, 0, &intake, &opening);
    if (rc == 0)
        rc = journal_open(&log, 0, 0, &logbook, &opening);
    if (rc == 0)
        rc = append_messages(intake, r->args.messages);
    if (rc == 0)
        rc = write_logbook(logbook, intake, conf);
    journal_close(logbook);
    journal_close(intake);
    return rc;
}

static int prepare_messages(struct replay *r)
{
    struct conf *conf = NULL;
    int rc = conf_read(r->args.config, &conf);
    if (rc != 0)
        return rc < 0 ? rc : err_raise(-EINVAL, "the configuration %s is wrong", r->args.config);
    r->payload.format = conf->publish.format;
    rc = write_journals(r, conf);
    conf_free(conf);
    return rc;
}

/* Following. */

static void on_rejected(void *self, const struct pipeline_rejected *rejected)
{
    struct replay *r = self;
    (void)rejected;
    r->rejected++;
}

/* What is no longer kept, nor archived, would simply be missing from the sums. */
static int check_reaches_back(const struct replay *r)
{
    struct journal_reader *reader = NULL;
    int rc = journal_reader_open(r->places.intake, 0, &reader);
    if (rc == JOURNAL_ABSENT)
        return err_raise(-ENOENT, "no intake journal in %s – it is the directory STATE/intake of a run",
                         r->places.intake);
    if (rc < 0)
        return rc;
    uint64_t first = journal_reader_first(reader);
    journal_reader_close(reader);
    if (first <= r->base.intake_took + 1)
        return 0;
    return err_raise(-1, "the intake journal %s begins at frame %llu, what came before is neither kept nor "
                     "archived – a replay would give other figures than were published",
                     r->places.intake, (unsigned long long)first);
}

static int load_row(void *self, enum stage stage, struct slice key, struct slice value)
{
    struct replay *r = self;
    return pipeline_load(r->pipeline, stage, key, value);
}

/* Without the summaries that waited when it was written: a replay gives what it computes itself. */
static int load_base(struct replay *r)
{
    struct base_reader *base = NULL;
    int rc = base_open(r->base_path, &base, &r->base);
    if (rc == 0)
        rc = vault_import_base(base, &r->base, false, r->store);
    base_close(base);
    if (rc == 0)
        rc = store_load(r->store, load_row, r);
    if (rc == 0)
        pipeline_stand_at(r->pipeline, r->base.logbook_id, r->base.position);
    return rc > 0 ? err_raise(-1, "the base %s is damaged – name another one", r->base_path) : rc;
}

static int open_pipeline(struct replay *r)
{
    int rc = store_open(r->places.store, &r->store);
    if (rc != 0)
        return rc;
    struct pipeline_conf conf = {
        .intakes = { r->places.intake },
        .plugins = plugin_loader_plugins(r->plugins),
        .lookup = store_lookup(r->store),
        .encode = payload_encode,
        .encode_self = &r->payload,
        .on_rejected = on_rejected,
        .rejected_self = r,
    };
    rc = pipeline_open(&conf, &r->pipeline);
    return rc == 0 && r->base_path[0] != '\0' ? load_base(r) : rc;
}

static int commit(struct replay *r)
{
    pipeline_save(r->pipeline, r->batch);
    int rc = store_write(r->store, r->batch);
    store_batch_clear(r->batch);
    if (rc == 0)
        pipeline_committed(r->pipeline);
    return rc;
}

/* The base that was named. */
static int take_base(struct replay *r, const char *path)
{
    snprintf(r->base_path, sizeof r->base_path, "%s", path);
    int rc = base_peek(path, &r->base);
    if (rc == BASE_NEWER)
        return err_raise(-1, "the base %s has format %u, this version reads up to %u – use the version that "
                         "wrote it or a newer one", path, r->base.version, BASE_VERSION);
    return rc > 0 ? err_raise(-1, "the base %s is damaged, or is none – name another one", path) : rc;
}

/* The oldest base that the log book goes on behind; none when it reaches back to its beginning. */
static int find_base(struct replay *r, uint64_t first)
{
    struct base_list list = { 0 };
    int rc = first == 1 ? 0 : base_list_read(r->places.logbook, &list);
    for (size_t i = 0; i < list.n && r->base_path[0] == '\0'; i++) {
        char path[4096];
        struct base_head head;
        base_path(r->places.logbook, list.at[i], path, sizeof path);
        if (list.at[i] + 1 >= first && base_peek(path, &head) == 0)
            rc = take_base(r, path);
    }
    free(list.at);
    if (rc == 0 && first > 1 && r->base_path[0] == '\0')
        return err_raise(-1, "the log book %s begins at entry %llu, and no base stands there that it goes on "
                         "behind – name one with --base", r->places.logbook, (unsigned long long)first);
    return rc < 0 ? rc : 0;
}

static int choose_base(struct replay *r)
{
    struct journal_reader *logbook = NULL;
    int rc = journal_reader_open(r->places.logbook, 0, &logbook);
    if (rc == JOURNAL_ABSENT)
        return err_raise(-ENOENT, "no log book in %s – it is the directory STATE/logbook of a run",
                         r->places.logbook);
    if (rc < 0)
        return rc;
    uint64_t id = journal_reader_id(logbook), first = journal_reader_first(logbook);
    journal_reader_close(logbook);
    rc = r->args.base ? take_base(r, r->args.base) : find_base(r, first);
    if (rc == 0 && r->base_path[0] != '\0' && r->base.logbook_id != id)
        return err_raise(-1, "the base %s is of another log book than %s – name the right one",
                         r->base_path, r->places.logbook);
    if (rc == 0 && r->base_path[0] != '\0')
        fprintf(stderr, "replay begins at the base of entry %llu\n", (unsigned long long)r->base.position);
    return rc;
}

static int open_log_book(struct replay *r)
{
    int rc = choose_base(r);
    return rc == 0 ? journal_reader_open(r->places.logbook, r->base.position, &r->reader) : rc;
}

static int close_windows(struct replay *r)
{
    bool has_more;
    int rc;
    do {
        struct entry close = { .kind = FRAME_CLOSE, .sequence = pipeline_position(r->pipeline) + 1 };
        has_more = pipeline_has_work(r->pipeline);
        rc = pipeline_take(r->pipeline, &close, r->batch);
        rc = rc == 0 ? commit(r) : rc;
    } while (rc == 0 && has_more);
    return rc;
}

static int follow_all(struct replay *r)
{
    int rc, more;
    do {
        more = logbook_follow(r->reader, UINT64_MAX, r->pipeline, r->batch, BATCH_BYTES);
        rc = more < 0 ? more : commit(r);
    } while (rc == 0 && more == LOGBOOK_BATCH_FULL);
    return rc == 0 && r->args.wants_close ? close_windows(r) : rc;
}

/* Printing. */

static void print_json(const struct replay *r, struct slice payload)
{
    struct buffer json = { 0 };
    if (r->payload.format == PUBLISH_JSON)
        fwrite(payload.at, 1, payload.size, stdout);
    else if (encode_json("SiteSummary", payload, &json) == 0)
        fwrite(json.at, 1, json.size, stdout);
    putchar('\n');
    buffer_fini(&json);
}

static void write_raw(FILE *to, struct slice payload)
{
    struct buffer record = { 0 };
    buffer_put_slice(&record, payload);
    fwrite(record.at, 1, record.size, to);
    buffer_fini(&record);
}

static int print_summaries(struct replay *r)
{
    struct arena arena;
    struct store_summary s = { 0 };
    int rc;

    arena_init(&arena, 0);
    while ((rc = store_history_next(r->store, s.epoch_ordinal, s.sequence, &arena, &s)) == 0) {
        print_json(r, s.payload);
        if (r->raw)
            write_raw(r->raw, s.payload);
        arena_reset(&arena);
    }
    arena_fini(&arena);
    if (rc == STORE_NONE && (fflush(stdout) != 0 || (r->raw && fflush(r->raw) != 0)))
        return err_raise(-errno, "the output cannot be written – %s", strerror(errno));
    return rc == STORE_NONE ? 0 : rc;
}

static int open_raw(struct replay *r)
{
    if (!r->args.raw)
        return 0;
    r->raw = fopen(r->args.raw, "wb");
    if (!r->raw)
        return err_raise(-errno, "%s: cannot be written – %s", r->args.raw, strerror(errno));
    return 0;
}

static int replay(struct replay *r)
{
    int rc;

    if ((rc = make_state(r->args.state)) != 0 ||
        (rc = open_raw(r)) != 0 ||
        (rc = plugin_loader_open(r->args.plugins, &r->plugins)) != 0 ||
        (r->args.messages && (rc = prepare_messages(r)) != 0) ||
        (rc = open_log_book(r)) != 0 ||
        (rc = check_reaches_back(r)) != 0 ||
        (rc = open_pipeline(r)) != 0 ||
        (rc = follow_all(r)) != 0 ||
        (rc = print_summaries(r)) != 0)
        return rc;
    fprintf(stderr, "replayed up to log book entry %llu, %llu readings or messages rejected\n",
            (unsigned long long)pipeline_position(r->pipeline), (unsigned long long)r->rejected);
    return 0;
}

static void take_place(char **place, const char *told)
{
    if (!told)
        return;
    free(*place);
    if (!(*place = strdup(told)))
        abort();
}

static void name_places(struct replay *r)
{
    places_init(&r->places, r->args.state);
    take_place(&r->places.logbook, r->args.logbook);
    take_place(&r->places.intake, r->args.intake);
}

static void close_replay(struct replay *r)
{
    journal_reader_close(r->reader);
    pipeline_close(r->pipeline);
    store_close(r->store);
    store_batch_free(r->batch);
    plugin_loader_close(r->plugins);
    if (r->raw)
        fclose(r->raw);
    places_fini(&r->places);
}

int command_replay(int argc, char **argv)
{
    struct replay r = { .args = { .plugins = conf_plugins_preset() } };

    int rc = parse(argc, argv, &r.args);
    if (rc != EXIT_DONE)
        return rc;
    name_places(&r);
    r.batch = store_batch_new();
    rc = replay(&r);
    close_replay(&r);
    return rc < 0 ? EXIT_FAILED : EXIT_DONE;
}
