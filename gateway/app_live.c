/* The loop's work: arrivals are taken, the log book is followed, what came of it is committed.
 *
 * Taking is bounded in two ways: in one turn of the loop only so many stretches of frames are taken, so
 * that it comes round to signals, commits and the status whatever the backlog; and while a commit is
 * slow, no more is taken than a batch may hold. Then the journal simply grows: it is the queue.
 *
 * When anything here fails, the pipeline may stand in the middle of an entry. Then nothing more is taken
 * and above all nothing committed: the next start follows the entry again, from the last commit on. */
#include <assert.h>

#include "app_private.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"

#define STRETCHES_PER_TURN 16
#define MORE_MS 1                /* with 0 the timer would be due again in the same turn */
#define BATCH_BYTES_MOST ((size_t)32 << 20)
#define FORGET_EVERY_US 60000000
#define DUE_MS_LEAST 100         /* so that a due time that brings nothing costs at most ten entries/s */
#define DUE_MS_MOST 3600000

/* Ends the loop: the program cannot go on. */
static void fail(struct app *a, int rc)
{
    if (a->rc == 0)
        a->rc = rc;
    uv_stop(&a->loop);
}

/* Commits early what is worth it. */
static void commit_soon(struct app *a)
{
    if (!a->must_retry && (store_batch_summaries(a->filling) > 0 ||
                           store_batch_bytes(a->filling) >= BATCH_BYTES_MOST))
        app_commit_start(a);
}

int app_follow(struct app *a, size_t batch_bytes_most)
{
    return logbook_follow(a->follower, journal_end(a->logbook), a->pipeline, a->filling,
                          batch_bytes_most);
}

/* Takes one stretch of frames. 0: there may be more. */
static int take_stretch(struct app *a)
{
    if (store_batch_bytes(a->filling) >= BATCH_BYTES_MOST)
        return LOGBOOK_NOTHING;      /* the end of the commit, or the timer, comes back to it */
    uint64_t took = pipeline_took(a->pipeline, 0);
    int rc = logbook_take(a->logbook, a->intake, &took);
    if (rc != 0)
        return rc;
    crash_point("loop.took");
    return app_follow(a, SIZE_MAX);
}

void app_take_arrivals(struct app *a)
{
    int rc = a->rc;
    for (int n = 0; rc == 0 && n < STRETCHES_PER_TURN; n++)
        rc = take_stretch(a);
    if (rc < 0) {
        fail(a, rc);
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

/* Something may happen by time alone: windows of devices that went silent, gathered revisions. */
void on_due_timer(uv_timer_t *t)
{
    struct app *a = t->data;
    int rc = a->rc;
    if (rc == 0)
        rc = logbook_append(a->logbook, &(struct entry){ .kind = FRAME_TICK });
    if (rc == 0)
        rc = app_follow(a, SIZE_MAX);
    if (rc < 0) {
        fail(a, rc);
        return;
    }
    commit_soon(a);
    app_set_due(a);
}

void app_set_due(struct app *a)
{
    int64_t wait_us = pipeline_wait_us(a->pipeline, clock_read().boottime_us);
    if (a->phase != APP_LIVE || wait_us == INT64_MAX) {
        uv_timer_stop(&a->due_timer);
        return;
    }
    int64_t wait_ms = wait_us / 1000 + 1;
    if (wait_ms < DUE_MS_LEAST)
        wait_ms = DUE_MS_LEAST;
    if (wait_ms > DUE_MS_MOST)
        wait_ms = DUE_MS_MOST;
    uv_timer_start(&a->due_timer, on_due_timer, (uint64_t)wait_ms, 0);
}

/* Committing. */

static void on_carry_out(uv_work_t *w)
{
    struct app *a = w->data;
    a->commit_rc = commit_carry_out(&a->commit);
}

static void finish_commit(struct app *a)
{
    a->committed_position = a->commit.logbook_until;
    store_batch_clear(a->committing);
    pipeline_committed(a->pipeline);
    if (a->publish)
        publish_wake(a->publish);
}

static void on_carried_out(uv_work_t *w, int status)
{
    struct app *a = w->data;

    (void)status;                    /* never cancelled */
    a->is_committing = false;
    if (a->commit_rc < 0) {
        fail(a, a->commit_rc);
        return;
    }
    a->must_retry = a->commit_rc == COMMIT_LATER;
    if (a->must_retry)
        return;                      /* the timer tries the same commit again */
    finish_commit(a);
    app_take_arrivals(a);            /* what a full batch had kept waiting */
}

/* Old summaries go once a minute: each going is a transaction of its own, and flash wears. */
static int64_t forget_before(struct app *a)
{
    int64_t now_us = clock_read().wall_us;
    if (now_us - a->forgot_us < FORGET_EVERY_US)
        return INT64_MIN;
    a->forgot_us = now_us;
    return now_us - a->conf->store.history_us;
}

/* Everything up to here becomes one commit; the next batch begins empty. */
static void cut_commit(struct app *a)
{
    pipeline_save(a->pipeline, a->filling);
    assert(pipeline_balances(a->pipeline));
    struct store_batch *full = a->filling;
    a->filling = a->committing;
    a->committing = full;

    a->commit = (struct commit){
        .intake = a->intake,
        .logbook = a->logbook,
        .store = a->store,
        .batch = full,
        .intake_until = pipeline_took(a->pipeline, 0),
        .logbook_until = pipeline_position(a->pipeline),
        .now_wall_us = clock_read().wall_us,
        .retain_us = a->conf->journal.retain_us,
        .most_bytes = a->conf->journal.most_bytes,
        .forget_before_us = forget_before(a),
    };
}

void app_commit_start(struct app *a)
{
    if (a->is_committing || a->rc < 0)
        return;
    if (!a->must_retry)
        cut_commit(a);
    a->is_committing = true;
    a->work.data = a;
    uv_queue_work(&a->loop, &a->work, on_carry_out, on_carried_out);
}

bool app_is_behind(const struct app *a)
{
    return a->must_retry || pipeline_position(a->pipeline) != a->committed_position;
}

/* An acknowledgement stands in the batch and nowhere in the log book. */
static bool has_something_to_commit(const struct app *a)
{
    return app_is_behind(a) || !store_batch_is_empty(a->filling);
}

int app_commit_now(struct app *a)
{
    int rc = 0;

    assert(!a->is_committing);
    while (rc == 0 && has_something_to_commit(a)) {
        if (!a->must_retry)
            cut_commit(a);
        rc = commit_carry_out(&a->commit);
        a->must_retry = rc == COMMIT_LATER;
        if (rc == 0)
            finish_commit(a);
    }
    return rc;
}

void on_commit_timer(uv_timer_t *t)
{
    struct app *a = t->data;
    app_take_arrivals(a);
    if (has_something_to_commit(a))
        app_commit_start(a);
}
