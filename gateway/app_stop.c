/* Stopping: first the devices, then what is on its way, then upstream, then the handles. Each step waits
 * for its event, which leads to the next. Nothing here is needed for the books to be right; it only
 * saves the next start some work. */
#include "app_private.h"
#include "base/log.h"

#define DRAIN_TURNS 50           /* of 20 ms */
#define DRAIN_TURN_MS 20

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

/* Whether all that was taken is committed, and what came of it acknowledged; no broker that is away is
 * waited for. Begins the commit that is missing. */
static bool is_drained(struct app *a)
{
    struct publish_figures up;
    publish_figures(a->publish, &up);

    if (uv_is_active((uv_handle_t *)&a->more_timer))
        return false;
    if (vault_is_behind(a->vault)) {
        app_commit_start(a);
        return false;
    }
    return up.state != LINK_UP || up.waiting == 0;
}

/* Waits, so that the next start need not do again what is done; but not for long. A commit under way is
 * always waited for. None begins behind this: it would end when publish is gone. */
static void on_drain_timer(uv_timer_t *t)
{
    struct app *a = t->data;
    if (a->is_committing || (a->drain_turns++ < DRAIN_TURNS && !is_drained(a)))
        return;
    a->phase = APP_CLOSING_PUBLISH;
    uv_timer_stop(&a->commit_timer);
    uv_timer_stop(&a->more_timer);
    uv_timer_stop(&a->drain_timer);
    publish_close(a->publish);
}

void app_on_ingest_closed(void *self)
{
    struct app *a = self;
    a->ingest = NULL;
    a->phase = APP_DRAINING;
    app_take_arrivals(a);
    uv_timer_start(&a->drain_timer, on_drain_timer, 0, DRAIN_TURN_MS);
}

void app_on_stop_signal(uv_signal_t *s, int number)
{
    struct app *a = s->data;
    if (a->phase != APP_LIVE)
        return;
    log_line(LOG_INFO, "gateway.stopping", "signal=%d – taking what is there, then leaving", number);
    a->phase = APP_CLOSING_INGEST;
    uv_timer_stop(&a->status_timer);
    uv_timer_stop(&a->room_timer);
    uv_timer_stop(&a->due_timer);
    ingest_close(a->ingest);
}
