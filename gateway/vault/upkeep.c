/* The order of upkeep, and why it is the order:
 *
 *   1. A base is written, if one is due. Nothing is trimmed that the newest base does not cover.
 *   2. Of the intake goes what is old or beyond the bound and stands in the newest base; each segment is
 *      archived, read back, and only then removed.
 *   3. Bases that begin before what is left of the intake go the same way; the newest always stays.
 *   4. Of the log book goes what stands in the oldest base that is left.
 *   5. The archive is bounded; old summaries are forgotten.
 *
 * So at every moment, at each kill in between, every base that stands there has all entries and all
 * frames behind it: the newest base and the journals give the state back without the store.
 *
 * An archive for which there is no room gives way: it is kept for audits, the journal is what may not be
 * lost. First its own oldest files go; if there are none, the segment is removed without being archived,
 * and that is told. Else a full disk would keep full what could be freed. */
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/crash.h"
#include "base/file.h"
#include "base/log.h"
#include "journal/archive.h"
#include "vault/upkeep_private.h"

#define BOUND_EVERY_US  (INT64_C(3600) * 1000000)
#define FORGET_EVERY_US (INT64_C(20) * 1000000)
#define FORGET_MOST 200          /* a commit may have to wait for that many to go */

struct upkeep *upkeep_new(const struct upkeep_conf *conf)
{
    struct upkeep *u = calloc(1, sizeof *u);
    if (!u)
        abort();
    u->conf = *conf;
    u->bounded_us = u->forgot_us = INT64_MIN;
    return u;
}

void upkeep_free(struct upkeep *u)
{
    if (!u)
        return;
    free(u->bases);
    free(u);
}

void upkeep_stop(struct upkeep *u)
{
    atomic_store(&u->must_stop, true);
}

static bool is_time(int64_t last_us, int64_t now_us, int64_t every_us)
{
    return last_us == INT64_MIN || now_us < last_us || now_us - last_us >= every_us;
}

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Archiving. */

/* There is no room for `name`. 0: it may be removed all the same. */
static int give_way(const char *directory, const char *name)
{
    struct archive_figures f = { 0 };
    archive_figures(directory, &f);
    log_line(LOG_WARN, "archive.no_room", "journal=%s file=%s archived=%" PRIu64 " – %s; free space on its "
             "disk, or lower journal.archive_most", directory, name, f.files,
             f.files > 0 ? "the oldest half of the archive is given up"
                         : "it is removed without being archived");
    if (f.files == 0)
        return 0;
    archive_bound(directory, INT64_MIN / 2, 0, (int64_t)(f.bytes / 2));
    return ARCHIVE_FULL;
}

/* Whether the file may go from the journal's directory: 0. */
static int archive(struct upkeep *u, const char *directory, const char *name,
                   const struct archive_note *note)
{
    if (atomic_load(&u->must_stop))
        return ARCHIVE_STOPPED;
    if (u->conf.archive_us == 0)
        return 0;
    int rc = archive_keep(directory, name, note, &u->must_stop);
    if (rc == ARCHIVE_FULL)
        return give_way(directory, name);
    if (rc != 0)
        return rc;
    u->has_archived = true;
    crash_point("archive.written");
    return 0;
}

/* One journal on its way out. */
struct leaving {
    struct upkeep *u;
    const char *path;
    struct journal *journal;
};

static int on_leaving(void *self, const struct journal_leaving *l)
{
    struct leaving *from = self;
    const struct archive_note note = {
        .journal_id = journal_id(from->journal),
        .first = l->first,
        .last = l->last,
        .written_wall_us = l->written_wall_us,
    };
    return archive(from->u, from->path, l->name, &note);
}

static int trim(struct upkeep *u, struct journal *j, const char *path, uint64_t until)
{
    struct leaving from = { u, path, j };
    const struct journal_trimming t = {
        .committed = until,
        .now_wall_us = u->now_us,
        .retain_us = u->conf.retain_us,
        .most_bytes = u->conf.most_bytes,
        .on_leaving = on_leaving,
        .self = &from,
    };
    return journal_trim(j, &t);
}

/* The steps. */

static int trim_intake(struct upkeep *u)
{
    const struct kept_base *newest = &u->bases[u->n_bases - 1];
    uint64_t until = upkeep_is_of_intake(u, newest) ? newest->head.intake_took : 0;
    return trim(u, u->conf.intake, u->conf.intake_path, lesser(until, u->took));
}

/* Whether all frames behind the base are there. */
static bool is_reached(const struct upkeep *u, const struct kept_base *b)
{
    return upkeep_is_of_intake(u, b) && journal_first(u->conf.intake) <= b->head.intake_took + 1;
}

static int drop_oldest_base(struct upkeep *u)
{
    char path[PATH_MAX];
    const struct base_head *head = &u->bases[0].head;
    const struct archive_note note = {
        .journal_id = head->logbook_id,
        .first = head->position,
        .last = head->position,
        .written_wall_us = head->written_wall_us,
    };
    base_path(u->conf.logbook_path, head->position, path, sizeof path);
    int rc = archive(u, u->conf.logbook_path, strrchr(path, '/') + 1, &note);
    if (rc == 0)
        rc = file_remove(path);
    if (rc == 0)
        upkeep_forget_base(u);
    return rc;
}

static int drop_bases(struct upkeep *u)
{
    int rc = 0;
    while (rc == 0 && u->n_bases > 1 && !is_reached(u, &u->bases[0]))
        rc = drop_oldest_base(u);
    return rc;
}

static int trim_logbook(struct upkeep *u)
{
    return trim(u, u->conf.logbook, u->conf.logbook_path,
                lesser(u->bases[0].head.position, u->position));
}

/* The two archives share one bound: half of it is each one's own, the rest is whose need is greater. */
static void bound_archives(struct upkeep *u)
{
    struct archive_figures intake = { 0 }, logbook = { 0 };
    uint64_t most = (uint64_t)u->conf.archive_most_bytes;
    archive_figures(u->conf.logbook_path, &logbook);
    archive_bound(u->conf.intake_path, u->now_us, u->conf.archive_us,
                  (int64_t)(most - lesser(logbook.bytes, most / 2)));
    archive_figures(u->conf.intake_path, &intake);
    archive_bound(u->conf.logbook_path, u->now_us, u->conf.archive_us,
                  (int64_t)(most - lesser(intake.bytes, most)));
    archive_figures(u->conf.logbook_path, &logbook);
    atomic_store(&u->figure_files, intake.files + logbook.files);
    atomic_store(&u->figure_bytes, intake.bytes + logbook.bytes);
    u->has_archived = false;
    u->bounded_us = u->now_us;
}

static int move_out(struct upkeep *u)
{
    int rc = 0;
    if (!u->has_loaded)
        rc = upkeep_load_bases(u);
    if (rc == 0) {
        u->has_loaded = true;
        rc = upkeep_write_base(u);
    }
    if (rc < 0 || u->n_bases == 0)
        return rc;
    rc = trim_intake(u);
    if (rc == 0)
        rc = drop_bases(u);
    return rc == 0 ? trim_logbook(u) : rc;
}

void upkeep_turn(struct upkeep *u, uint64_t position, uint64_t took, uint64_t began, int64_t now_wall_us)
{
    if (atomic_load(&u->must_stop))
        return;
    u->position = position;
    u->took = took;
    u->began = began;
    u->now_us = now_wall_us;
    if (move_out(u) < 0)
        log_line(LOG_WARN, "upkeep.failed", "position=%" PRIu64 " – the cause stands above; nothing is "
                 "lost, and it is tried again", position);
    atomic_store(&u->figure_bases, u->n_bases);
    atomic_store(&u->figure_position, u->n_bases > 0 ? u->bases[u->n_bases - 1].head.position : 0);
    if (u->has_archived || is_time(u->bounded_us, now_wall_us, BOUND_EVERY_US))
        bound_archives(u);
    if (is_time(u->forgot_us, now_wall_us, FORGET_EVERY_US)) {
        u->forgot_us = now_wall_us;
        store_forget(u->conf.store, now_wall_us - u->conf.history_us, FORGET_MOST);
    }
}

void upkeep_figures(const struct upkeep *u, struct upkeep_figures *out)
{
    *out = (struct upkeep_figures){
        .bases = atomic_load(&u->figure_bases),
        .archive_files = atomic_load(&u->figure_files),
        .archive_bytes = atomic_load(&u->figure_bytes),
        .base_position = atomic_load(&u->figure_position),
    };
}
