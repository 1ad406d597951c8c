/* Stopping: first the devices, then what is on its way, then upstream, then the handles. Each step waits
 * for its event, which leads to the next. Nothing here is needed for the books to be right; it only
 * saves the next start some work.
 *
 * What is journalled is safe, taken or not: so nothing more is taken from the signal on, and the next
 * start finds nothing to do again because everything that was taken is committed. What waits upstream
 * gets a moment to leave, and then the status says that we were stopped.
 *
 * A broker that does not answer is not waited for. Closing its connection in order would begin with
 * MQTT's DISCONNECT, upon which it forgets the last will, and the status that it retains would say
 * "online" for ever. So the process ends with the connection open: the kernel closes it without a
 * goodbye, and the broker sends the will. A second signal asks for the same at once. */
#include <stdlib.h>
#include <unistd.h>

#include "app/inside.h"
#include "base/log.h"
#include "publish/encode.h"

#define TURN_MS 20
#define DRAIN_TURNS 25           /* for summaries to be acknowledged */
#define STOP_TURNS 75            /* for all of it */

static void on_handle_closed(uv_handle_t *h)
{
    struct app *a = h->data;
    a->open_handles--;
}

static void close_handles(struct app *a)
{
    uv_handle_t *handles[] = {
        (uv_handle_t *)&a->commit_timer, (uv_handle_t *)&a->due_timer,
        (uv_handle_t *)&a->status_timer, (uv_handle_t *)&a->more_timer,
        (uv_handle_t *)&a->drain_timer, (uv_handle_t *)&a->room_timer,
        (uv_handle_t *)&a->upkeep_timer, (uv_handle_t *)&a->reload_timer,
        (uv_handle_t *)&a->on_hup,
        (uv_handle_t *)&a->on_term, (uv_handle_t *)&a->on_int,
    };
    a->phase = APP_CLOSED;
    for (size_t i = 0; i < sizeof handles / sizeof *handles; i++)
        uv_close(handles[i], on_handle_closed);
}

void app_on_publish_closed(void *self)
{
    struct app *a = self;
    a->publish = NULL;
    close_handles(a);
}

/* Leaves with the connections open. What a commit cannot write is done again by the next start. */
static _Noreturn void cut(struct app *a)
{
    log_line(LOG_WARN, "gateway.cut", "phase=%d – a broker does not answer; its connection ends without a "
             "goodbye, and the last will tells that we are gone", (int)a->phase);
    int rc = vault_commit_now(a->vault);
    _exit(rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

/* Whether all that was taken is committed, and what came of it acknowledged; no broker that is away is
 * waited for. Begins the commit that is missing. */
static bool is_drained(struct app *a)
{
    struct publish_figures up;
    publish_figures(a->publish, &up);

    if (vault_is_behind(a->vault)) {
        app_commit_start(a);
        return false;
    }
    return up.state != LINK_UP || up.waiting == 0;
}

/* The commit timer goes, since a commit that begins behind this would end when publish is gone. */
static void close_publish(struct app *a)
{
    struct buffer stopped = { 0 };

    a->phase = APP_CLOSING_PUBLISH;
    uv_timer_stop(&a->commit_timer);
    encode_offline(a->conf->plan.gateway_id, pipeline_epoch(a->pipeline), true, &stopped);
    publish_close(a->publish, buffer_slice(&stopped));
    buffer_fini(&stopped);
}

/* A commit under way is always waited for. */
static void on_drain_timer(uv_timer_t *t)
{
    struct app *a = t->data;

    if (a->is_committing)
        return;
    if (a->drain_turns++ >= STOP_TURNS)
        cut(a);
    if (a->phase == APP_DRAINING && (a->drain_turns >= DRAIN_TURNS || is_drained(a)) &&
        !a->is_committing)
        close_publish(a);
}

void app_on_ingest_closed(void *self)
{
    struct app *a = self;
    a->ingest = NULL;
    a->phase = APP_DRAINING;
}

void app_on_stop_signal(uv_signal_t *s, int number)
{
    struct app *a = s->data;

    if (a->phase != APP_LIVE) {
        log_line(LOG_WARN, "gateway.ended", "signal=%d – asked twice: ended as a kill would end it; the "
                 "next start does again what was not committed", number);
        _exit(EXIT_SUCCESS);
    }
    log_line(LOG_INFO, "gateway.stopping", "signal=%d – committing what was taken, then leaving", number);
    a->phase = APP_CLOSING_INGEST;
    upkeep_stop(a->upkeep);
    uv_timer_stop(&a->upkeep_timer);
    uv_timer_stop(&a->reload_timer);
    uv_timer_stop(&a->status_timer);
    uv_timer_stop(&a->room_timer);
    uv_timer_stop(&a->due_timer);
    uv_timer_stop(&a->more_timer);
    uv_timer_start(&a->drain_timer, on_drain_timer, TURN_MS, TURN_MS);
    ingest_close(a->ingest);
}
