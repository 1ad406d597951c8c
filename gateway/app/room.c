/* Room: on the disk, and within the bounds.
 *
 * What is not committed, or not acknowledged upstream, is never cut to make room, so the one thing left
 * is to take no more: we disconnect, and the device broker queues. That has to be in time, since what is
 * in flight when we leave still arrives: the reserve is for that, and half a segment that is allocated
 * already. Going on wants a quarter more and room for a segment, or the journal would only find again
 * that it cannot grow.
 *
 * Each reason for a pause is a bit of its own and ends by itself; readings come in when none holds.
 *
 * A state directory that somebody removes or replaces under a running gateway goes on to exist for us
 * alone: all we journal would be gone at our end, acknowledged or not. So what its path names is compared
 * with what was opened, and if they differ, nothing more is acknowledged. */
#include <errno.h>
#include <string.h>

#include "app/inside.h"
#include "base/err.h"
#include "base/log.h"

#define DISK_FULL ((struct alarm_key){ .id = "disk.full" })
#define INTAKE_AT_BOUND ((struct alarm_key){ .id = "journal.at_bound" })

#define MB 1000000u

/* Pausing. */

void app_pause(struct app *a, enum app_pause why)
{
    bool was_paused = a->paused_for != 0;
    a->paused_for |= why;
    if (was_paused || !a->ingest)
        return;
    a->pauses++;
    log_line(LOG_WARN, "ingest.paused", "– disconnected, the device broker queues meanwhile");
    ingest_pause(a->ingest);
}

void app_resume(struct app *a, enum app_pause why)
{
    if ((a->paused_for & why) == 0)
        return;
    a->paused_for &= ~(unsigned)why;
    if (a->paused_for != 0 || !a->ingest)
        return;
    log_line(LOG_INFO, "ingest.resumed", "– there is room again");
    ingest_start(a->ingest);
}

void app_no_room(struct app *a)
{
    app_pause(a, PAUSE_DISK);
    app_alarm(a, DISK_FULL, "the disk of %s has no room for the journals; free space there. No readings come "
              "in, the device broker queues them", a->conf->state);
}

/* The disk. */

static void watch_disk(struct app *a)
{
    uint64_t free_bytes;
    uint64_t reserve = (uint64_t)a->conf->journal.reserve_bytes;
    uint64_t enough = reserve + reserve / 4 + (uint64_t)a->conf->journal.segment_bytes;
    int rc = file_free_bytes(a->conf->state, &free_bytes);
    a->free_bytes = rc == 0 ? free_bytes : 0;

    if (rc < 0) {
        app_fail(a, err_raise(rc, "state directory %s: its disk does not tell how much room there is – %s",
                              a->conf->state, strerror(-rc)));
    } else if (free_bytes < reserve) {
        app_pause(a, PAUSE_DISK);
        app_alarm(a, DISK_FULL, "the disk of %s has %llu MB left and %llu MB are its reserve; free space "
                  "there. No readings come in, the device broker queues them", a->conf->state,
                  (unsigned long long)(free_bytes / MB), (unsigned long long)(reserve / MB));
    } else if (free_bytes > enough) {
        app_resume(a, PAUSE_DISK);
        app_alarm_over(a, DISK_FULL);
    }
}

/* The intake's bound. Committed segments go by themselves; what is left are those that the store does not
 * know yet, since it cannot be written or the stages do not keep up. */

uint64_t app_intake_most(const struct app *a)
{
    uint64_t least = 4 * (uint64_t)a->conf->journal.segment_bytes;
    uint64_t most = (uint64_t)a->conf->journal.most_bytes;
    return most > least ? most : least;
}

static void watch_intake(struct app *a)
{
    uint64_t behind = journal_bytes_behind(a->intake, vault_committed_took(a->vault));
    uint64_t most = app_intake_most(a);

    if (behind >= most) {
        app_pause(a, PAUSE_INTAKE);
        app_alarm(a, INTAKE_AT_BOUND, "%llu MB of messages are journalled and not committed, journal.most "
                  "allows %llu MB. No readings come in, the device broker queues them; see whether the "
                  "store can be written", (unsigned long long)(behind / MB),
                  (unsigned long long)(most / MB));
    } else if (behind < most - most / 4) {
        app_resume(a, PAUSE_INTAKE);
        app_alarm_over(a, INTAKE_AT_BOUND);
    }
}

/* The places. */

static void name_places(const struct app *a, const char *names[3])
{
    const struct places *p = vault_places(a->vault);
    names[0] = a->conf->state;
    names[1] = p->intake;
    names[2] = p->logbook;
}

int app_know_places(struct app *a)
{
    const char *names[3];
    name_places(a, names);
    for (size_t i = 0; i < 3; i++) {
        int rc = file_identify(names[i], &a->places_of[i]);
        if (rc < 0)
            return err_raise(rc, "%s: cannot be looked at – %s", names[i], strerror(-rc));
    }
    return 0;
}

/* Whether all that we opened still stands where we opened it. */
static bool is_in_place(struct app *a)
{
    const char *names[3];
    name_places(a, names);
    for (size_t i = 0; i < 3; i++) {
        struct file_identity now;
        int rc = file_identify(names[i], &now);
        if (rc == 0 && now.device == a->places_of[i].device && now.inode == a->places_of[i].inode)
            continue;
        app_fail(a, err_raise(rc < 0 ? rc : -ESTALE, "%s: was removed or replaced while the gateway had it "
                              "open – put it back as it was and start again; nothing more is acknowledged",
                              names[i]));
        return false;
    }
    return true;
}

void app_watch_room(struct app *a)
{
    if (a->phase != APP_LIVE || a->rc < 0 || !is_in_place(a))
        return;
    watch_disk(a);
    watch_intake(a);
    app_watch_store(a);
}

void on_room_timer(uv_timer_t *t)
{
    app_watch_room(t->data);
    app_look_for_requests(t->data);
}
