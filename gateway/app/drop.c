/* The store's bound: what is done when the outbox has filled it.
 *
 * History goes by itself (store_keep_within, with each commit). When nothing of it is left, the policy
 * decides: pause, and the device broker queues; or drop the oldest summaries that were not sent. A drop is
 * an entry of the log book like all that bears on the result: the pipeline takes the run out of the
 * outbox and announces it in a tombstone, in a replay as well.
 *
 * Only what lies behind everything that was ever handed to the broker can be given up: of what is in
 * flight nobody knows whether it arrived. Where nothing such is left (upstream is slow, and the newest went
 * first) there is a pause after all. One drop at a time, the next when it is committed, for only then
 * is its room free. */
#include "app/inside.h"
#include "base/log.h"

#define STORE_AT_BOUND ((struct alarm_key){ .id = "store.at_bound" })
#define STORE_TOO_SMALL ((struct alarm_key){ .id = "store.too_small" })
#define STORE_DROPPED ((struct alarm_key){ .id = "store.dropped" })

/* What is given up at once, and what the outbox must hold to be to blame for the bound. */
#define PART 16
#define MB 1000000u

static bool find_run(struct app *a, uint64_t bytes, struct store_run *run)
{
    uint32_t ordinal;
    uint64_t sequence;
    publish_sent_until(a->publish, &ordinal, &sequence);
    return store_outbox_run(a->store, ordinal, sequence, bytes, run) == 0;
}

/* When there is no room to say it, nothing was dropped: the summaries wait in the outbox as before, and
 * the next look or the next start comes back to them. */
static void say_drop(struct app *a, const struct store_run *run)
{
    int rc = vault_say(a->vault, &(struct entry){
        .kind = FRAME_DROP,
        .epoch_ordinal = run->epoch_ordinal,
        .from = run->from,
        .until = run->until,
        .start_us = run->start_us,
        .end_us = run->end_us,
    });
    if (rc == VAULT_FULL)
        app_no_room(a);
    if (rc < 0)
        app_fail(a, rc);
    if (rc != 0)
        return;
    a->dropped_at = pipeline_position(a->pipeline);
    uint64_t n = run->until - run->from + 1;
    a->dropped += n;
    log_line(LOG_ERROR, "store.dropped", "epoch=%u from=%llu to=%llu n=%llu – these summaries were never "
             "sent and are given up, since the store is at its bound and store.at_bound says so; a "
             "tombstone tells it upstream", (unsigned)run->epoch_ordinal, (unsigned long long)run->from,
             (unsigned long long)run->until, (unsigned long long)n);
    app_alarm(a, STORE_DROPPED, "%llu summaries were given up unsent since the outbox was empty last; "
              "tombstones announce them. Bring the upstream broker back, or raise store.most",
              (unsigned long long)a->dropped);
    app_commit_start(a);
}

/* False when nothing can be given up. */
static bool drop_oldest(struct app *a)
{
    struct store_run run;
    if (a->dropped_at > vault_committed_position(a->vault))
        return true;                 /* the last one is under way */
    if (!find_run(a, (uint64_t)a->conf->store.most_bytes / PART, &run) ||
        publish_drop(a->publish, run.epoch_ordinal, run.from, run.until) != 0)
        return false;
    say_drop(a, &run);
    return true;
}

static bool drops(const struct app *a)
{
    return a->conf->store.at_bound == STORE_DROPS_OLDEST;
}

static void at_bound(struct app *a, const struct store_figures *f)
{
    unsigned long long most_mb = (unsigned long long)a->conf->store.most_bytes / MB;
    if (drops(a) && drop_oldest(a))
        return;
    app_pause(a, PAUSE_STORE);
    app_alarm(a, STORE_AT_BOUND, "%llu summaries wait for the upstream broker and fill the store, store.most "
              "allows %llu MB. No readings come in, the device broker queues them; bring the upstream "
              "broker back, or raise store.most", (unsigned long long)f->outbox_messages, most_mb);
}

void app_watch_store(struct app *a)
{
    struct store_figures f;
    store_figures(a->store, &f);
    bool is_outbox = f.outbox_bytes >= (uint64_t)a->conf->store.most_bytes / PART;

    if (f.is_at_bound && is_outbox) {
        at_bound(a, &f);
    } else if (!f.is_at_bound || f.outbox_messages == 0) {
        app_resume(a, PAUSE_STORE);
        app_alarm_over(a, STORE_AT_BOUND);
    }
    if (f.is_at_bound && !is_outbox)
        app_alarm(a, STORE_TOO_SMALL, "the store needs %llu MB for the state of its windows alone; raise "
                  "store.most", (unsigned long long)(f.used_bytes / MB));
    else
        app_alarm_over(a, STORE_TOO_SMALL);
    if (f.outbox_messages == 0 && a->dropped > 0) {
        a->dropped = 0;
        app_alarm_over(a, STORE_DROPPED);
    }
}
