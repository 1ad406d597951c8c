/* The life of a running gateway.
 *
 * Opening goes the way of a reading, from the intake to the upstream broker, and every opening first
 * makes good what a crash may have left: the journals cut their torn tails, the pipeline follows the
 * log book from the store's position on, and only when all that was ever taken is committed does the
 * device broker hear of us. A new configuration comes behind the backlog: what was acknowledged under
 * the old one is taken under the old one. Closing goes the other way round and is never needed for the
 * books to be right; it only saves the next start some work. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "app_private.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "publish/encode.h"

#define CATCH_UP_BYTES ((size_t)16 << 20)
#define STATUS_EVERY_MS 10000
#define REJECTED_PER_STATUS 100  /* told upstream in one STATUS_EVERY_MS */

/* The snapshot. */

static int on_row(void *self, enum stage stage, struct slice key, struct slice value)
{
    struct app *a = self;
    return pipeline_load(a->pipeline, stage, key, value);
}

static int lookup_row(void *self, enum stage stage, struct slice key, struct slice *out)
{
    struct app *a = self;
    return store_get(a->store, stage, key, out);
}

static int open_state(struct app *a)
{
    int rc = file_make_directory(a->conf->state);
    if (rc < 0)
        return err_raise(rc, "state directory %s: cannot be made – %s; its parent must exist and be "
                         "writable", a->conf->state, strerror(-rc));
    rc = store_open(a->places.store, &a->store);
    if (rc < 0)
        return rc;

    struct pipeline_conf conf = {
        .intakes = { a->places.intake },
        .plugins = plugin_loader_plugins(a->plugins),
        .lookup = { lookup_row, a },
        .encode = payload_encode,
        .encode_self = &a->payload,
        .on_rejected = on_rejected,
        .rejected_self = a,
    };
    rc = pipeline_open(&conf, &a->pipeline);
    if (rc < 0)
        return rc;
    rc = store_load(a->store, on_row, a);
    a->committed_position = store_position(a->store);
    return rc;
}

/* The journals. */

static int open_journal(const char *path, const struct app *a, uint64_t committed, uint64_t at_least,
                        struct journal **out, struct journal_opening *opening)
{
    struct journal_conf conf = { .path = path, .segment_bytes = a->conf->journal.segment_bytes };
    int rc = journal_open(&conf, committed, at_least, out, opening);
    if (rc == 0 && opening->torn_bytes > 0)
        log_line(LOG_INFO, "journal.cut", "journal=%s last=%llu torn=%llu bytes – the tail of a write "
                 "that a crash cut short was removed; it had not been acknowledged", path,
                 (unsigned long long)opening->last, (unsigned long long)opening->torn_bytes);
    return rc;
}

/* A journal that does not reach back to where the store stands cannot say what happened in between. What
 * was damaged is another matter: that was reported, and is gone whatever we do. */
static int check_reaches_back(const struct app *a, const char *path, uint64_t known,
                              const struct journal_opening *opening)
{
    uint64_t first = opening->first > 0 ? opening->first : opening->last + 1;
    if (first <= known + 1 || opening->unreadable > 0)
        return 0;
    return err_raise(-1, "the store %s knows %s up to number %llu, but what is kept there begins at %llu "
                     "– the store is missing or older than the journal; restore it from a backup",
                     a->places.store, path, (unsigned long long)known, (unsigned long long)first);
}

static int say_genesis(struct app *a)
{
    return logbook_append(a->logbook, &(struct entry){
        .kind = FRAME_GENESIS,
        .gateway_epoch = clock_random_u64(),
        .epoch_ordinal = pipeline_epoch_ordinal(a->pipeline) + 1,
        .gateway_id = slice_of(a->conf->plan.gateway_id),
    });
}

/* Frames that entries took and that are not there were lost in a power cut: the log book says so. What
 * is committed was synced before. */
static int say_lost(struct app *a, uint64_t last, uint64_t most_taken)
{
    uint64_t committed = pipeline_took(a->pipeline, 0);
    uint64_t from = (last > committed ? last : committed) + 1;
    if (most_taken < from)
        return 0;
    return logbook_append(a->logbook, &(struct entry){
        .kind = FRAME_LOST,
        .intake = 0,
        .journal_id = journal_id(a->intake),
        .from = from,
        .until = most_taken,
    });
}

static int open_intake(struct app *a, uint64_t position)
{
    struct journal_opening opening;
    uint64_t committed = pipeline_took(a->pipeline, 0), most_taken;

    int rc = logbook_most_taken(a->places.logbook, position, 0, &most_taken);
    if (rc != 0)
        return rc;
    if (most_taken < committed)
        most_taken = committed;
    rc = open_journal(a->places.intake, a, committed, most_taken, &a->intake, &opening);
    if (rc == 0)
        rc = check_reaches_back(a, a->places.intake, committed, &opening);
    return rc == 0 ? say_lost(a, opening.last, most_taken) : rc;
}

static int open_journals(struct app *a)
{
    struct journal_opening opening;
    uint64_t position = store_position(a->store);

    int rc = open_journal(a->places.logbook, a, position, position, &a->logbook, &opening);
    if (rc == 0)
        rc = check_reaches_back(a, a->places.logbook, position, &opening);
    if (rc == 0 && opening.last == 0)
        rc = say_genesis(a);
    if (rc == 0)
        rc = open_intake(a, position);
    if (rc != 0)
        return rc;
    return journal_reader_open(a->places.logbook, position, &a->follower);
}

/* Everything that the log book says and the store does not know yet. */
static int catch_up(struct app *a)
{
    int rc;

    do {
        rc = app_follow(a, CATCH_UP_BYTES);
        if (rc < 0)
            return rc;
        int committed = app_commit_now(a);
        if (committed < 0)
            return committed;
        if (committed == COMMIT_LATER)
            return err_raise(-1, "the store %s cannot be written – see the line above", a->places.store);
    } while (rc == LOGBOOK_BATCH_FULL);
    return 0;
}

/* All that arrived before the last end and was not taken yet. */
static int say_backlog(struct app *a)
{
    uint64_t took = pipeline_took(a->pipeline, 0);
    int rc = 0;
    while (rc == 0)
        rc = logbook_take(a->logbook, a->intake, &took);
    return rc == LOGBOOK_NOTHING ? 0 : rc;
}

/* The plan as it stands in the pipeline, of our own. */
static struct plan *copy_of(const struct plan *plan)
{
    struct arena arena;
    struct problems problems;
    struct plan *copy = NULL;

    arena_init(&arena, 0);
    problems_init(&problems, "log book", &arena);
    plan_read(plan->canonical, &problems, &copy);
    problems_fini(&problems);
    arena_fini(&arena);
    return copy;
}

/* A gateway under another name counts its summaries from 1: they are another gateway's to consumers. */
static int say_end_of(struct app *a, const struct plan *former)
{
    a->former = copy_of(former);
    int rc = say_backlog(a);
    if (rc == 0 && strcmp(former->gateway_id, a->conf->plan.gateway_id) != 0)
        rc = say_genesis(a);
    return rc;
}

static int say_config(struct app *a)
{
    const struct plan *former = pipeline_plan(a->pipeline);
    struct slice canonical = conf_canonical(a->conf);

    if (former && slice_equal(former->canonical, canonical))
        return 0;
    int rc = former ? say_end_of(a, former) : 0;
    if (rc != 0)
        return rc;
    return logbook_append(a->logbook, &(struct entry){ .kind = FRAME_CONFIG, .yaml = canonical });
}

static int say_start(struct app *a)
{
    int rc = logbook_append(a->logbook, &(struct entry){
        .kind = FRAME_START,
        .version = slice_of(CARBON_VERSION),
        .tzdata = slice_of(zone_rules_version()),
    });
    return rc == 0 ? say_config(a) : rc;
}

/* Living. */

static void on_arrival(void *self)
{
    app_take_arrivals(self);
}

static void on_change(void *self)
{
    app_tell_status(self);
}

static void on_full(void *self)
{
    struct app *a = self;
    a->is_paused = true;
    a->pauses++;
}

static void on_acknowledged(void *self)
{
    struct app *a = self;
    publish_acknowledged(a->publish, a->filling);
}

static void on_status_timer(uv_timer_t *t)
{
    struct app *a = t->data;

    app_watch_disk(a);
    app_tell_status(a);
    if (a->rejected_untold > 0)
        log_line(LOG_WARN, "rejected.untold", "n=%llu – more were rejected than are told upstream; the "
                 "status has all counts", (unsigned long long)a->rejected_untold);
    a->rejected_untold = 0;
    a->rejected_left = REJECTED_PER_STATUS;
}

static int open_publish(struct app *a)
{
    struct publish_hooks hooks = { on_acknowledged, on_change, app_on_publish_closed, a };
    struct buffer offline = { 0 };

    encode_offline(a->conf->plan.gateway_id, pipeline_epoch(a->pipeline), &offline);
    int rc = publish_open(&a->loop, &a->conf->publish, a->store, a->status_topic,
                          buffer_slice(&offline), &hooks, &a->publish);
    buffer_fini(&offline);
    return rc;
}

/* The broker may still remember for us what the former plan asked for: asked for once more and then not,
 * it is unsubscribed. */
static void subscribe(struct app *a)
{
    if (a->former)
        ingest_subscribe(a->ingest, a->former);
    ingest_subscribe(a->ingest, pipeline_plan(a->pipeline));
}

static int open_ingest(struct app *a)
{
    struct ingest_hooks hooks = { on_arrival, on_change, on_full, app_on_ingest_closed, a };

    int rc = ingest_open(&a->loop, &a->conf->ingest, a->intake, a->conf->journal.durability,
                         a->conf->plan.max_payload_bytes, &hooks, &a->ingest);
    if (rc == 0)
        subscribe(a);
    return rc;
}

static void init_timer(struct app *a, uv_timer_t *t)
{
    uv_timer_init(&a->loop, t);
    t->data = a;
    a->open_handles++;
}

static void init_signal(struct app *a, uv_signal_t *s, int number)
{
    uv_signal_init(&a->loop, s);
    s->data = a;
    a->open_handles++;
    uv_signal_start(s, app_on_stop_signal, number);
}

static void start_living(struct app *a)
{
    uint64_t commit_ms = (uint64_t)(a->conf->journal.commit_every_us / 1000);

    init_timer(a, &a->commit_timer);
    init_timer(a, &a->due_timer);
    init_timer(a, &a->status_timer);
    init_timer(a, &a->more_timer);
    init_timer(a, &a->drain_timer);
    init_signal(a, &a->on_term, SIGTERM);
    init_signal(a, &a->on_int, SIGINT);
    a->rejected_left = REJECTED_PER_STATUS;
    uv_timer_start(&a->commit_timer, on_commit_timer, commit_ms, commit_ms);
    uv_timer_start(&a->status_timer, on_status_timer, STATUS_EVERY_MS, STATUS_EVERY_MS);
    publish_start(a->publish);
    ingest_start(a->ingest);
    app_take_arrivals(a);            /* what came before the last end, and sets what is due */
    log_line(LOG_INFO, "gateway.ready", "gateway=%s version=%s position=%llu – taking readings",
             a->conf->plan.gateway_id, CARBON_VERSION,
             (unsigned long long)pipeline_position(a->pipeline));
}

static void name_topics(struct app *a)
{
    const char *gateway = a->conf->plan.gateway_id;
    if (asprintf(&a->status_topic, "carbon/v1/gateways/%s/status", gateway) < 0 ||
        asprintf(&a->rejected_topic, "carbon/v1/gateways/%s/rejected", gateway) < 0)
        abort();
}

static int open_all(struct app *a)
{
    int rc;

    places_init(&a->places, a->conf->state);
    name_topics(a);
    a->payload.format = a->conf->publish.format;
    a->filling = store_batch_new();
    a->committing = store_batch_new();
    if ((rc = plugin_loader_open(a->conf->plugins, &a->plugins)) != 0 ||
        (rc = open_state(a)) != 0 ||
        (rc = open_journals(a)) != 0 ||
        (rc = catch_up(a)) != 0 ||
        (rc = say_start(a)) != 0 ||
        (rc = catch_up(a)) != 0 ||
        (rc = open_publish(a)) != 0 ||
        (rc = open_ingest(a)) != 0)
        return rc;
    return 0;
}

static void close_all(struct app *a)
{
    journal_reader_close(a->follower);
    journal_close(a->logbook);
    journal_close(a->intake);
    pipeline_close(a->pipeline);
    store_close(a->store);
    plugin_loader_close(a->plugins);
    store_batch_free(a->filling);
    store_batch_free(a->committing);
    arena_fini(&a->view);
    buffer_fini(&a->bytes);
    plan_free(a->former);
    places_fini(&a->places);
    free(a->status_topic);
    free(a->rejected_topic);
}

/* The loop until it has nothing more to wait for; then what was acknowledged last is committed. If that
 * cannot be, it is sent again: no reason to fail. */
static int live(struct app *a)
{
    start_living(a);
    uv_run(&a->loop, UV_RUN_DEFAULT);
    if (a->rc < 0) {
        /* Paho's threads still run, and every promise stands in the journal already: a kill is as good
         * as any closing here, and cannot fail. */
        log_line(LOG_ERROR, "gateway.failed", "the cause stands above – mend it and start again; "
                 "nothing that was acknowledged is lost");
        _exit(EXIT_FAILURE);
    }
    int rc = app_commit_now(a);
    return rc == COMMIT_LATER ? 0 : rc;
}

int app_run(const struct conf *conf)
{
    struct app *a = calloc(1, sizeof *a);
    if (!a)
        abort();
    a->conf = conf;
    a->started_us = clock_read().wall_us;
    arena_init(&a->view, 0);
    log_set_level((enum log_level)conf->log_level);
    uv_loop_init(&a->loop);

    int rc = open_all(a);
    if (rc == 0)
        rc = live(a);
    close_all(a);
    uv_loop_close(&a->loop);
    free(a);
    return rc;
}
