/* SIGHUP: the configuration is read again, with the factor files that it names.
 *
 * A wrong one changes nothing: every mistake is told, as `check` would, and the old one stays. A right one
 * whose plan is another becomes an entry of the log book behind everything that was acknowledged before, and
 * only then are its topics subscribed to; topics that it leaves out are unsubscribed first, and a moment
 * passes in which what is still on its way arrives. (What comes later than that is told as rejected.) What a
 * new plan changes for windows that were published is restated from then on, in chunks (account/rerate.c).
 *
 * Connections, paths and bounds belong to what is open, and are named as taking effect at a start. So is
 * the gateway's id: to consumers another id is another gateway. */
#include <string.h>

#include "app/inside.h"
#include "base/log.h"

#define LEAVE_MS 1000            /* for what a topic still brings when it was unsubscribed */

static void take_up(struct app *a)
{
    struct conf *next = a->next_conf;
    int rc = a->rc == 0 ? vault_configure(a->vault, &next->plan) : a->rc;
    if (rc < 0) {
        app_fail(a, rc);
        return;
    }
    if (rc == VAULT_FULL)
        app_no_room(a);
    const struct plan *plan = pipeline_plan(a->pipeline);
    ingest_subscribe(a->ingest, plan);
    if (rc == 0)
        log_line(LOG_INFO, "conf.taken", "hash=%.12s entry=%llu – in force from here on", plan->hash,
                 (unsigned long long)pipeline_position(a->pipeline));
    else
        log_line(LOG_ERROR, "conf.kept", "file=%s – it could not be taken up, for the reason above; the old "
                 "configuration stays in force. Mend it and send SIGHUP again", a->conf_path);
    conf_free(next);
    a->next_conf = NULL;
    app_tell_status(a);
    app_set_due(a);
}

static void on_reload_timer(uv_timer_t *t)
{
    take_up(t->data);
}

/* Whether there is another plan to take up. */
static bool is_news(struct app *a, const struct conf *next)
{
    conf_tell_at_start(a->conf, next);
    log_set_level((enum log_level)next->log_level);
    if (strcmp(next->plan.gateway_id, a->conf->plan.gateway_id) != 0) {
        log_line(LOG_ERROR, "conf.kept", "file=%s gateway=%s – another id is another gateway: start again for "
                 "that; the old configuration stays in force", a->conf_path, next->plan.gateway_id);
        return false;
    }
    if (slice_equal(next->plan.canonical, pipeline_plan(a->pipeline)->canonical)) {
        log_line(LOG_INFO, "conf.same", "file=%s – read again, and nothing is measured or accounted "
                 "otherwise", a->conf_path);
        return false;
    }
    return true;
}

void app_on_reload_signal(uv_signal_t *s, int number)
{
    struct app *a = s->data;
    struct conf *next = NULL;

    (void)number;
    if (a->phase != APP_LIVE || a->rc < 0)
        return;
    if (conf_read(a->conf_path, &next) != 0) {
        log_line(LOG_ERROR, "conf.kept", "file=%s – it is wrong, see above; the old configuration stays in "
                 "force. Mend it and send SIGHUP again", a->conf_path);
        return;
    }
    conf_free(a->next_conf);         /* a signal behind a signal: the later file counts */
    a->next_conf = NULL;
    uv_timer_stop(&a->reload_timer);
    if (!is_news(a, next)) {
        conf_free(next);
        ingest_subscribe(a->ingest, pipeline_plan(a->pipeline));
        return;
    }
    a->next_conf = next;
    bool leaves = ingest_leave(a->ingest, &next->plan);
    uv_timer_start(&a->reload_timer, on_reload_timer, leaves ? LEAVE_MS : 0, 0);
}
