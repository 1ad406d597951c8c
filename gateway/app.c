/* The life of a running gateway.
 *
 * Opening goes the way of a reading, from the intake to the upstream broker, and every opening first
 * makes good what a crash may have left: the journals cut their torn tails, the pipeline follows the
 * log book from the store's position on, and only when all that was ever taken is committed does the
 * device broker hear of us. Closing goes the other way round and is never needed for the books to be
 * right; it only saves the next start some work. */
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
#define DRAIN_TURNS 50           /* of 20 ms */
#define DRAIN_TURN_MS 20

static char *path_of(const char *directory, const char *name)
{
    char *path = NULL;
    if (asprintf(&path, "%s/%s", directory, name) < 0)
        abort();
    return path;
}

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
    rc = store_open(a->store_path, &a->store);
    if (rc < 0)
        return rc;

    struct pipeline_conf conf = {
        .intakes = { a->intake_path },
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

/* A log book that does not reach back to the store's position cannot say what happened in between. */
static int check_log_book(const struct app *a, const struct journal_opening *opening)
{
    uint64_t next = store_position(a->store) + 1;
    if (opening->first <= next || opening->last == 0)
        return 0;
    return err_raise(-1, "the store %s knows the log book up to entry %llu, but the log book begins at "
                     "%llu – the store is missing or older than the journal; restore it from a backup",
                     a->store_path, (unsigned long long)(next - 1),
                     (unsigned long long)opening->first);
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

/* Frames that entries took and that are not there were lost in a power cut: the log book says so. */
static int say_lost(struct app *a, uint64_t last, uint64_t most_taken)
{
    if (most_taken <= last)
        return 0;
    return logbook_append(a->logbook, &(struct entry){
        .kind = FRAME_LOST,
        .intake = 0,
        .journal_id = journal_id(a->intake),
        .from = last + 1,
        .until = most_taken,
    });
}

static int open_journals(struct app *a)
{
    struct journal_opening opening;
    uint64_t position = store_position(a->store);

    int rc = open_journal(a->logbook_path, a, position, position, &a->logbook, &opening);
    if (rc == 0)
        rc = check_log_book(a, &opening);
    if (rc == 0 && opening.last == 0)
        rc = say_genesis(a);
    if (rc != 0)
        return rc;

    uint64_t most_taken;
    rc = logbook_most_taken(a->logbook_path, position, 0, &most_taken);
    if (rc != 0)
        return rc;
    if (most_taken < pipeline_took(a->pipeline, 0))
        most_taken = pipeline_took(a->pipeline, 0);
    rc = open_journal(a->intake_path, a, pipeline_took(a->pipeline, 0), most_taken, &a->intake,
                      &opening);
    if (rc != 0)
        return rc;
    rc = say_lost(a, opening.last, most_taken);
    if (rc != 0)
        return rc;
    return journal_reader_open(a->logbook_path, position, &a->follower);
}

/* Everything that the log book says and the store does not know yet. */
static int catch_up(struct app *a)
{
    int rc;

    do {
        rc = logbook_follow(a->follower, UINT64_MAX, a->pipeline, a->filling, CATCH_UP_BYTES);
        if (rc < 0)
            return rc;
        int committed = app_commit_now(a);
        if (committed < 0)
            return committed;
        if (committed == COMMIT_LATER)
            return err_raise(-1, "the store %s cannot be written – see the line above", a->store_path);
    } while (rc == LOGBOOK_BATCH_FULL);
    return 0;
}

static int say_start(struct app *a)
{
    int rc = logbook_append(a->logbook, &(struct entry){
        .kind = FRAME_START,
        .version = slice_of(CARBON_VERSION),
        .tzdata = slice_of(zone_rules_version()),
    });
    const struct plan *now = pipeline_plan(a->pipeline);
    struct slice canonical = conf_canonical(a->conf);
    if (rc == 0 && (!now || !slice_equal(now->canonical, canonical)))
        rc = logbook_append(a->logbook, &(struct entry){ .kind = FRAME_CONFIG, .yaml = canonical });
    return rc;
}

/* Stopping. Each step waits for its event, which leads to the next. */

static void on_handle_closed(uv_handle_t *h)
{
    struct app *a = h->data;
    a->open_handles--;
}

static void close_handles(struct app *a)
{
    uv_handle_t *handles[] = {
        (uv_handle_t *)&a->commit_timer, (uv_handle_t *)&a->due_timer,
        (uv_handle_t *)&a->status_timer, (uv_handle_t *)&a->drain_timer,
        (uv_handle_t *)&a->on_term, (uv_handle_t *)&a->on_int,
    };
    a->phase = APP_CLOSED;
    for (size_t i = 0; i < sizeof handles / sizeof *handles; i++)
        uv_close(handles[i], on_handle_closed);
}

static void on_publish_closed(void *self)
{
    struct app *a = self;
    a->has_publish = false;
    close_handles(a);
}

/* Waits for what is in flight upstream, so that the next start need not send it again; but not for
 * long, and not for a broker that is away. */
static void on_drain_timer(uv_timer_t *t)
{
    struct app *a = t->data;
    struct publish_figures up;
    publish_figures(a->publish, &up);

    bool is_drained = up.state != LINK_UP || up.in_flight == 0;
    if (a->is_committing || (!is_drained && a->drain_turns++ < DRAIN_TURNS))
        return;
    a->phase = APP_CLOSING_PUBLISH;
    uv_timer_stop(t);
    publish_close(a->publish);
}

static void on_ingest_closed(void *self)
{
    struct app *a = self;
    a->has_ingest = false;
    app_take_arrivals(a);
    a->phase = APP_DRAINING;
    app_commit_start(a);
    uv_timer_start(&a->drain_timer, on_drain_timer, DRAIN_TURN_MS, DRAIN_TURN_MS);
}

static void on_stop_signal(uv_signal_t *s, int number)
{
    struct app *a = s->data;
    if (a->phase != APP_LIVE)
        return;
    log_line(LOG_INFO, "gateway.stopping", "signal=%d – taking what is there, then leaving", number);
    a->phase = APP_CLOSING_INGEST;
    uv_timer_stop(&a->status_timer);
    uv_timer_stop(&a->due_timer);
    ingest_close(a->ingest);
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
    publish_wake(a->publish);
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
    struct publish_hooks hooks = { on_acknowledged, on_change, on_publish_closed, a };
    struct buffer offline = { 0 };

    encode_offline(a->conf->plan.gateway_id, pipeline_epoch(a->pipeline), &offline);
    int rc = publish_open(&a->loop, &a->conf->publish, a->store, a->status_topic,
                          buffer_slice(&offline), &hooks, &a->publish);
    buffer_fini(&offline);
    a->has_publish = rc == 0;
    return rc;
}

static int open_ingest(struct app *a)
{
    struct ingest_hooks hooks = { on_arrival, on_change, on_full, on_ingest_closed, a };

    int rc = ingest_open(&a->loop, &a->conf->ingest, a->intake, a->conf->journal.durability,
                         a->conf->plan.max_payload_bytes, &hooks, &a->ingest);
    a->has_ingest = rc == 0;
    if (rc == 0)
        ingest_subscribe(a->ingest, pipeline_plan(a->pipeline));
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
    uv_signal_start(s, on_stop_signal, number);
}

static void start_living(struct app *a)
{
    uint64_t commit_ms = (uint64_t)(a->conf->journal.commit_every_us / 1000);

    init_timer(a, &a->commit_timer);
    init_timer(a, &a->due_timer);
    init_timer(a, &a->status_timer);
    init_timer(a, &a->drain_timer);
    init_signal(a, &a->on_term, SIGTERM);
    init_signal(a, &a->on_int, SIGINT);
    a->rejected_left = REJECTED_PER_STATUS;
    uv_timer_start(&a->commit_timer, on_commit_timer, commit_ms, commit_ms);
    uv_timer_start(&a->status_timer, on_status_timer, STATUS_EVERY_MS, STATUS_EVERY_MS);
    publish_start(a->publish);
    ingest_start(a->ingest);
    app_set_due(a);
    log_line(LOG_INFO, "gateway.ready", "gateway=%s version=%s position=%llu – taking readings",
             a->conf->plan.gateway_id, CARBON_VERSION,
             (unsigned long long)pipeline_position(a->pipeline));
}

static void name_places(struct app *a)
{
    const char *gateway = a->conf->plan.gateway_id;

    a->intake_path = path_of(a->conf->state, "intake");
    a->logbook_path = path_of(a->conf->state, "logbook");
    a->store_path = path_of(a->conf->state, "store.sqlite");
    if (asprintf(&a->status_topic, "carbon/v1/gateways/%s/status", gateway) < 0 ||
        asprintf(&a->rejected_topic, "carbon/v1/gateways/%s/rejected", gateway) < 0)
        abort();
}

static int open_all(struct app *a)
{
    int rc;

    name_places(a);
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
    free(a->intake_path);
    free(a->logbook_path);
    free(a->store_path);
    free(a->status_topic);
    free(a->rejected_topic);
}

/* The loop until it has nothing more to wait for; then what was acknowledged last is committed. */
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
    uv_loop_close(&a->loop);
    return 0;
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
    free(a);
    return rc;
}
