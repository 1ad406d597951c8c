/* The loop's work: arrivals are taken, the log book is followed, what came of it is committed.
 *
 * Taking is bounded in two ways: in one turn of the loop only so many stretches of frames are taken, so
 * that it comes round to signals, commits and the status whatever the backlog; and while a commit is
 * slow, no more is taken than a batch may hold. Then the journal simply grows: it is the queue.
 *
 * When anything here fails, the pipeline may stand in the middle of an entry. Then nothing more is taken
 * and above all nothing committed: the next start follows the entry again, from the last commit on. */
#include "app/inside.h"
#include "base/clock.h"

#define STRETCHES_PER_TURN 16
#define MORE_MS 1                /* with 0 the timer would be due again in the same turn */
#define DUE_MS_LEAST 100         /* so that a due time that brings nothing costs at most ten entries/s */
#define DUE_MS_MOST 3600000
#define OUTBOX_MOST_FOR_WORK 2000    /* summaries; a good second of sending */
#define STORE_UNWRITABLE ((struct alarm_key){ .id = "store.unwritable" })

void app_fail(struct app *a, int rc)
{
    if (a->rc == 0)
        a->rc = rc;
    uv_stop(&a->loop);
}

/* Commits early what is worth it. */
static void commit_soon(struct app *a)
{
    if (vault_is_ripe(a->vault))
        app_commit_start(a);
}

void app_take_arrivals(struct app *a)
{
    if (a->phase != APP_LIVE)
        return;                      /* stopping: the next start takes it */
    int rc = a->rc;
    for (int n = 0; rc == 0 && n < STRETCHES_PER_TURN; n++)
        rc = vault_take(a->vault);
    if (rc == VAULT_FULL)
        app_no_room(a);
    if (rc < 0) {
        app_fail(a, rc);
        return;
    }
    if (rc == 0)
        uv_timer_start(&a->more_timer, on_more_timer, MORE_MS, 0);
    commit_soon(a);
    app_set_due(a);
}

void on_more_timer(uv_timer_t *t)
{
    app_take_arrivals(t->data);
}

/* What is worked off in chunks waits for upstream: a restated history would otherwise stand in front of
 * everything that happens meanwhile. */
static bool may_work(const struct app *a)
{
    struct store_figures store;
    store_figures(a->store, &store);
    return pipeline_has_work(a->pipeline) &&
           store.outbox_messages + store_batch_summaries(vault_batch(a->vault)) < OUTBOX_MOST_FOR_WORK;
}

static int64_t wait_for_due_us(const struct app *a)
{
    return may_work(a) ? 0 : pipeline_wait_us(a->pipeline, clock_read().boottime_us);
}

/* Something may happen by time alone: windows of devices that went silent, gathered revisions. What was
 * due when the timer was set may have moved on: then there is nothing to write down. */
void on_due_timer(uv_timer_t *t)
{
    struct app *a = t->data;
    int rc = a->rc;
    if (wait_for_due_us(a) > 0) {
        app_set_due(a);
        return;
    }
    if (rc == 0)
        rc = vault_say(a->vault, &(struct entry){ .kind = FRAME_TICK });
    if (rc == VAULT_FULL)
        app_no_room(a);
    if (rc < 0) {
        app_fail(a, rc);
        return;
    }
    commit_soon(a);
    app_set_due(a);
}

/* A timer that is set for an earlier moment stays: commits may come more often than DUE_MS_LEAST, and one
 * that were set anew by each would never fire. */
void app_set_due(struct app *a)
{
    int64_t wait_us = wait_for_due_us(a);
    if (a->phase != APP_LIVE || wait_us == INT64_MAX) {
        uv_timer_stop(&a->due_timer);
        return;
    }
    int64_t wait_ms = wait_us / 1000 + 1;
    if (wait_ms < DUE_MS_LEAST)
        wait_ms = DUE_MS_LEAST;
    if (wait_ms > DUE_MS_MOST)
        wait_ms = DUE_MS_MOST;
    uv_timer_t *t = &a->due_timer;
    if (!uv_is_active((uv_handle_t *)t) || uv_timer_get_due_in(t) > (uint64_t)wait_ms)
        uv_timer_start(t, on_due_timer, (uint64_t)wait_ms, 0);
}

/* Committing. */

static void on_carry_out(uv_work_t *w)
{
    struct app *a = w->data;
    a->carried_out = vault_carry_out(a->vault);
}

static void on_carried_out(uv_work_t *w, int status)
{
    struct app *a = w->data;

    (void)status;                    /* never cancelled */
    a->is_committing = false;
    int rc = vault_finish(a->vault, a->carried_out);
    if (rc < 0)
        app_fail(a, rc);
    if (rc == VAULT_LATER)
        app_alarm(a, STORE_UNWRITABLE, "the store cannot be written, see the log for the cause; what comes is "
                  "journalled meanwhile, and nothing leaves");
    if (rc != 0)
        return;                      /* VAULT_LATER: the timer tries the same commit again */
    app_alarm_over(a, STORE_UNWRITABLE);
    if (a->publish)
        publish_wake(a->publish);
    app_upkeep_committed(a);
    if (a->phase == APP_LIVE && a->rc == 0)
        app_watch_store(a);          /* the commit that filled it says so */
    app_take_arrivals(a);            /* what a full batch had kept waiting */
    app_look_for_requests(a);        /* those that this commit answers */
}

void app_commit_start(struct app *a)
{
    if (a->is_committing || a->rc < 0)
        return;
    vault_cut(a->vault);
    a->is_committing = true;
    a->work.data = a;
    uv_queue_work(&a->loop, &a->work, on_carry_out, on_carried_out);
}

void on_commit_timer(uv_timer_t *t)
{
    struct app *a = t->data;
    app_take_arrivals(a);
    if (vault_has_uncommitted(a->vault))
        app_commit_start(a);
}
