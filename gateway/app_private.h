/* What app.c (life), app_live.c (the loop's work) and app_view.c (status and rejected messages) share.
 * For these files alone. */
#ifndef APP_PRIVATE_H
#define APP_PRIVATE_H

#include <uv.h>

#include "base/arena.h"
#include "commit.h"
#include "conf.h"
#include "ingest/ingest.h"
#include "journal/journal.h"
#include "logbook.h"
#include "payload.h"
#include "pipeline.h"
#include "plugin_loader.h"
#include "publish/publish.h"
#include "store/store.h"

/* Stopping goes through these in order; each is left when what it waits for has happened. */
enum app_phase {
    APP_LIVE,
    APP_CLOSING_INGEST,      /* until Paho calls us no more */
    APP_DRAINING,            /* until what is in flight upstream is acknowledged, or its time is up */
    APP_CLOSING_PUBLISH,
    APP_CLOSED
};

struct app {
    const struct conf *conf;
    uv_loop_t loop;
    char *intake_path, *logbook_path, *store_path;

    /* In the order of the data's flow. */
    struct plugin_loader *plugins;
    struct payload payload;
    struct store *store;
    struct pipeline *pipeline;
    struct journal *intake, *logbook;
    struct journal_reader *follower;
    struct ingest *ingest;
    struct publish *publish;

    /* The commit: one at a time on a worker, while the next batch fills. */
    uv_work_t work;
    struct commit commit;
    int commit_rc;
    bool is_committing, must_retry;
    struct store_batch *filling, *committing;
    uint64_t committed_position;

    uv_timer_t commit_timer, due_timer, status_timer, drain_timer;
    uv_signal_t on_term, on_int;
    unsigned open_handles;

    enum app_phase phase;
    unsigned drain_turns;
    bool has_ingest, has_publish;    /* opened, and not closed yet */
    int rc;                          /* why the loop ends */

    int64_t started_us, forgot_us;
    bool is_paused;
    uint64_t pauses;
    struct arena view;               /* of the status in hand */
    struct buffer bytes;
    unsigned rejected_left;          /* that may still be told in this second */
    uint64_t rejected_untold;
    char *status_topic, *rejected_topic;
};

/* app_live.c */
void app_take_arrivals(struct app *a);
int app_follow(struct app *a);
int app_say(struct app *a, const struct entry *e);       /* append to the log book, then follow */
void app_commit_soon(struct app *a);                     /* when there is something worth a commit */
int app_commit_now(struct app *a);                       /* and wait; before the loop runs and at its end */
void app_commit_start(struct app *a);
void app_set_due(struct app *a);
void app_fail(struct app *a, int rc);                    /* ends the loop: the program cannot go on */
void on_commit_timer(uv_timer_t *t);
void on_due_timer(uv_timer_t *t);
void app_watch_disk(struct app *a);

/* app_view.c */
void app_tell_status(struct app *a);
void on_rejected(void *self, const struct pipeline_rejected *r);

#endif
