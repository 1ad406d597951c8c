/* The life of a running gateway.
 *
 * Opening goes the way of a reading: first the vault, which makes good whatever a crash may have left,
 * then the upstream side, and only when all that was ever taken is committed does the device broker hear
 * of us. Closing goes the other way round and is never needed for the books to be right; it only saves
 * the next start some work. */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/app.h"
#include "app/inside.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "publish/encode.h"

#define ARGUMENT_BYTES_MOST 65536
#define STATUS_EVERY_MS 10000
#define ROOM_EVERY_MS 500
#define WAIT_FOR_ROOM_MS 5000
#define REJECTED_PER_STATUS 100  /* told upstream in one STATUS_EVERY_MS */

/* Living. */

static void on_arrival(void *self)
{
    app_take_arrivals(self);
}

static void on_change(void *self)
{
    app_watch_links(self);
    app_tell_status(self);
}

static void on_full(void *self)
{
    app_no_room(self);
}

static void on_acknowledged(void *self)
{
    struct app *a = self;
    publish_acknowledged(a->publish, vault_batch(a->vault));
}

static void on_status_timer(uv_timer_t *t)
{
    struct app *a = t->data;

    app_read_lossless(a);            /* a person may have tried meanwhile */
    app_watch_links(a);
    app_tell_status(a);
    app_forget(a);
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

    encode_offline(a->conf->plan.gateway_id, pipeline_epoch(a->pipeline), false, &offline);
    int rc = publish_open(&a->loop, &a->conf->publish, a->store, a->status_topic,
                          buffer_slice(&offline), &hooks, &a->publish);
    buffer_fini(&offline);
    return rc;
}

/* The broker may still remember for us what the former plan asked for: asked for once more and then not,
 * it is unsubscribed. */
static void subscribe(struct app *a)
{
    const struct plan *former = vault_former_plan(a->vault);
    if (former)
        ingest_subscribe(a->ingest, former);
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

static void init_signal(struct app *a, uv_signal_t *s, int number, uv_signal_cb on_signal)
{
    uv_signal_init(&a->loop, s);
    s->data = a;
    a->open_handles++;
    uv_signal_start(s, on_signal, number);
}

static void start_living(struct app *a)
{
    uint64_t commit_ms = (uint64_t)(a->conf->journal.commit_every_us / 1000);

    init_timer(a, &a->commit_timer);
    init_timer(a, &a->due_timer);
    init_timer(a, &a->status_timer);
    init_timer(a, &a->more_timer);
    init_timer(a, &a->drain_timer);
    init_timer(a, &a->room_timer);
    init_timer(a, &a->upkeep_timer);
    init_timer(a, &a->reload_timer);
    init_signal(a, &a->on_term, SIGTERM, app_on_stop_signal);
    init_signal(a, &a->on_int, SIGINT, app_on_stop_signal);
    init_signal(a, &a->on_hup, SIGHUP, app_on_reload_signal);
    a->rejected_left = REJECTED_PER_STATUS;
    uv_timer_start(&a->commit_timer, on_commit_timer, commit_ms, commit_ms);
    uv_timer_start(&a->status_timer, on_status_timer, STATUS_EVERY_MS, STATUS_EVERY_MS);
    app_upkeep_start(a);
    publish_start(a->publish);
    uv_timer_start(&a->room_timer, on_room_timer, ROOM_EVERY_MS, ROOM_EVERY_MS);
    app_watch_room(a);
    if (a->paused_for == 0)
        ingest_start(a->ingest);
    app_take_arrivals(a);            /* what came before the last end, and sets what is due */
    app_forget(a);
    log_line(LOG_INFO, "gateway.ready", "gateway=%s version=%s position=%llu redone=%llu – taking "
             "readings", a->conf->plan.gateway_id, CARBON_VERSION,
             (unsigned long long)pipeline_position(a->pipeline),
             (unsigned long long)vault_redone(a->vault));
}

static void name_topics(struct app *a)
{
    const char *gateway = a->conf->plan.gateway_id;
    if (asprintf(&a->status_topic, "carbon/v1/gateways/%s/status", gateway) < 0 ||
        asprintf(&a->rejected_topic, "carbon/v1/gateways/%s/rejected", gateway) < 0)
        abort();
}

/* The vault's things that the loop, the links and the status ask for. */
static int open_vault(struct app *a)
{
    struct vault_hooks hooks = { on_rejected, a };
    int rc;
    while ((rc = vault_open(a->conf, &hooks, &a->vault)) == VAULT_FULL) {
        log_line(LOG_ERROR, "gateway.waiting", "again=%ds – the disk of %s has no room for one more entry "
                 "of the log book; free space there, the device broker queues meanwhile",
                 WAIT_FOR_ROOM_MS / 1000, a->conf->state);
        poll(NULL, 0, WAIT_FOR_ROOM_MS);
    }
    if (rc != 0)
        return rc;
    a->intake = vault_intake(a->vault);
    a->store = vault_store(a->vault);
    a->pipeline = vault_pipeline(a->vault);
    app_upkeep_open(a);
    return app_know_places(a);
}

static int open_all(struct app *a)
{
    int rc;

    name_topics(a);
    if ((rc = open_vault(a)) != 0 ||
        (rc = open_publish(a)) != 0)
        return rc;
    return open_ingest(a);
}

static void close_all(struct app *a)
{
    upkeep_free(a->upkeep);
    vault_close(a->vault);
    alarms_fini(&a->alarms);
    conf_free(a->next_conf);
    arena_fini(&a->view);
    arena_fini(&a->lossless_texts);
    buffer_fini(&a->bytes);
    free(a->status_topic);
    free(a->rejected_topic);
}

/* The same program with the same arguments in this process's place. Returns only if that cannot be. */
static void start_anew(void)
{
    char *line = NULL, *argv[64] = { NULL };
    size_t size = 0, n = 0;

    if (file_read_all("/proc/self/cmdline", ARGUMENT_BYTES_MOST, &line, &size) < 0)
        return;
    for (char *at = line; at < line + size && n < 63; at += strlen(at) + 1)
        argv[n++] = at;
    execv("/proc/self/exe", argv);
    free(line);
}

/* Paho's threads still run, and every promise stands in the journal already: a kill is as good as any
 * closing here, and cannot fail. A store that is damaged is what the next start can mend by itself. */
__attribute__((noreturn))
static void leave_failed(struct app *a)
{
    if (vault_rescue(a->vault)) {
        log_line(LOG_WARN, "gateway.restarting", "– with a store made anew; devices wait a moment, and the "
                 "broker keeps what they say");
        start_anew();
    }
    log_line(LOG_ERROR, "gateway.failed", "the cause stands above – mend it and start "
             "again");
    _exit(EXIT_FAILURE);
}

/* The loop until it has nothing more to wait for; then what was acknowledged last is committed. If that
 * cannot be, it is sent again: no reason to fail. */
static int live(struct app *a)
{
    start_living(a);
    uv_run(&a->loop, UV_RUN_DEFAULT);
    if (a->rc < 0)
        leave_failed(a);
    int rc = vault_commit_now(a->vault);
    return rc == VAULT_LATER ? 0 : rc;
}

int app_run(const struct conf *conf, const char *path)
{
    struct app *a = calloc(1, sizeof *a);
    if (!a)
        abort();
    signal(SIGHUP, SIG_IGN);         /* until there is something to take a configuration up */
    a->conf = conf;
    a->conf_path = path;
    a->started_us = clock_read().wall_us;
    arena_init(&a->view, 0);
    arena_init(&a->lossless_texts, 0);
    app_read_lossless(a);
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
