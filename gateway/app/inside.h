/* What the files of app/ share, and they alone: app.c (life), live.c (the loop's work), room.c, drop.c and upkeep.c
 * (the disk), forget.c (old windows), requests.c (people's orders), links.c (what goes wrong with them), alarm.c and lossless.c (what is told of
 * that), stop.c (stopping), view.c (status and rejected messages). */
#ifndef APP_INSIDE_H
#define APP_INSIDE_H

#include <uv.h>

#include "app/lossless_record.h"
#include "base/arena.h"
#include "base/file.h"
#include "conf.h"
#include "ingest/ingest.h"
#include "model/alarm.h"
#include "model/rate.h"
#include "pipeline.h"
#include "publish/publish.h"
#include "store/store.h"
#include "vault/upkeep.h"
#include "vault/vault.h"

/* Stopping goes through these in order; each is left when what it waits for has happened. */
enum app_phase {
    APP_LIVE,
    APP_CLOSING_INGEST,      /* until Paho calls us no more */
    APP_DRAINING,            /* until what is in flight upstream is acknowledged, or its time is up */
    APP_CLOSING_PUBLISH,
    APP_CLOSED
};

/* Why the device broker was left on purpose. */
enum app_pause {
    PAUSE_DISK = 1,                  /* less free than the reserve */
    PAUSE_INTAKE = 2,                /* what is not committed reached the journal's bound */
    PAUSE_STORE = 4,                 /* what is not acknowledged reached the store's bound */
};

struct app {
    const struct conf *conf;         /* that it was started with */
    const char *conf_path;
    struct conf *next_conf;          /* read and right, and not in force yet; NULL */
    uv_loop_t loop;

    /* In the order of the data's flow. */
    struct vault *vault;
    struct journal *intake;      /* the vault's, as the next two */
    struct pipeline *pipeline;
    struct store *store;
    struct ingest *ingest;       /* NULL once it is gone, as the other */
    struct publish *publish;

    /* The commit: one at a time on a worker, while the next batch fills. */
    uv_work_t work;
    int carried_out;
    bool is_committing;

    /* Upkeep: one turn at a time on a worker, beside the commits. */
    uv_work_t upkeep_work;
    struct upkeep *upkeep;
    bool is_upkeeping;
    uint64_t upkeep_position, upkeep_took, upkeep_began; /* of the turn under way, as its time */
    int64_t upkeep_wall_us;
    uint64_t upkept_rolls;       /* rolls that a turn was begun for */

    uv_timer_t commit_timer, due_timer, status_timer, more_timer, drain_timer, room_timer,
        upkeep_timer, reload_timer;
    uv_signal_t on_term, on_int, on_hup;
    unsigned open_handles;

    enum app_phase phase;
    unsigned drain_turns;
    int rc;                          /* why the loop ends; from then on nothing is taken or committed */

    int64_t started_us;
    unsigned paused_for;             /* bits of enum app_pause; 0: readings come in */
    struct file_identity places_of[3];       /* state directory, intake, log book, as opened */
    uint64_t pauses;
    struct lossless_record lossless;
    struct arena lossless_texts;
    struct alarms alarms;
    uint64_t sessions_lost_seen, dropped_seen;   /* by app/links.c */
    uint64_t dropped;                /* summaries given up since the outbox was empty last */
    uint64_t dropped_at;             /* the log book's entry of the last drop */
    uint64_t forgot_boot_us;         /* when old windows were forgotten last; 0: not yet */
    uint64_t free_bytes;             /* of the disk, at the last look */
    struct rate intake_rate, outbox_rate;
    struct arena view;               /* of the status in hand */
    struct buffer bytes;
    unsigned rejected_left;          /* that may still be told in this second */
    uint64_t rejected_untold;
    char *status_topic, *rejected_topic;
};

/* app/alarm.c: an alarm begins, or goes on with another text; an alarm is over. Both may be repeated;
 * what is new is logged under the alarm's id and told by a status at once. */
void app_alarm(struct app *a, struct alarm_key key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void app_alarm_over(struct app *a, struct alarm_key key);

/* app/lossless.c: looks what `check --connect` found; and says that the running gateway saw the contrary, which
 * holds until the next proof. */
void app_read_lossless(struct app *a);
void app_refute(struct app *a, const char *why);

/* app/links.c: alarms of the two links begin and end; what refutes a lossless broker is passed on. */
void app_watch_links(struct app *a);

/* app/live.c */
void app_fail(struct app *a, int rc);    /* ends the loop: the program cannot go on */
void app_take_arrivals(struct app *a);
void app_commit_start(struct app *a);
void app_set_due(struct app *a);
void on_commit_timer(uv_timer_t *t);
void on_due_timer(uv_timer_t *t);
void on_more_timer(uv_timer_t *t);

/* app/room.c: looks at disk and bounds, at once before the device broker hears of us and then twice a
 * second; and what to do when something found no room between two looks. */
int app_know_places(struct app *a);
void app_watch_room(struct app *a);
void on_room_timer(uv_timer_t *t);
void app_no_room(struct app *a);
uint64_t app_intake_most(const struct app *a);    /* journal.most, but four segments at least */
void app_pause(struct app *a, enum app_pause why);
void app_resume(struct app *a, enum app_pause why);

/* app/drop.c */
void app_watch_store(struct app *a);

/* app/upkeep.c */
void app_upkeep_open(struct app *a);
void app_upkeep_start(struct app *a);
void app_upkeep_committed(struct app *a);    /* whether a turn is worth it now */

/* app/forget.c: has windows that are old forgotten, hourly. */
void app_forget(struct app *a);

/* app/reload.c */
void app_on_reload_signal(uv_signal_t *s, int number);

/* app/requests.c: makes orders of what people ask for, and answers. */
void app_look_for_requests(struct app *a);

/* app/stop.c */
void app_on_stop_signal(uv_signal_t *s, int number);
void app_on_ingest_closed(void *self);
void app_on_publish_closed(void *self);

/* app/view.c */
void app_tell_status(struct app *a);
void on_rejected(void *self, const struct pipeline_rejected *r);

#endif
