/* Opening a journal: finding out what is there, and leaving it so that appending can go on whatever it
 * was. A gateway must start, so nothing that a file can contain keeps a journal from opening; only the
 * machine can (no descriptors, no permission, a second writer).
 *
 * 1. Every segment's header is read. One that does not hold is renamed to NAME.damaged and reported
 *    with the numbers it had; so is one of another journal. One of a newer format version is reported
 *    with both numbers and left where it is, for the program that can read it. The newest one without
 *    a header and with nothing in it is a spare that was never used: removed.
 * 2. The newest readable segment is walked to its last valid frame.
 *    - No valid frame stands behind the first that is not: the rest is the torn tail of a power cut.
 *      It is zeroed and synced, and appending goes on behind the last frame.
 *    - A valid frame stands behind: something in the middle is damaged. Nothing is zeroed. The segment
 *      stays as it is, is reported and never written again; appending goes on in a new one. Readers
 *      pass over the damage to the next valid frame.
 *    A flipped bit in the very last frame looks like a torn tail and is cut like one: nothing tells
 *    them apart.
 * 3. Every segment with frames behind `committed` is synced, since a killed predecessor may have left
 *    it unsynced. Older segments are not walked here; readers find what is damaged in them.
 * 4. Numbers go on behind the last frame, or behind `at_least`; a jump begins a new segment that
 *    declares it. Unreadable segments behind the last readable one may have held as many frames as
 *    they have room for, so that many numbers are passed over: none is ever used twice.
 *
 * The journal's id stands in its segments and nowhere else: when none can be read, it is a new journal
 * under a new id, and whoever remembers the old id notices. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "journal/archive.h"
#include "journal/inside.h"

#define ENDING_ROOM 64           /* longest name in the directory, with '/' and NUL */

/* A segment file as opening finds it; segment is closed again, its numbers hold when outcome is 0. */
struct examined {
    struct segment segment;
    uint64_t ordinal, bytes;
    uint64_t may_hold;           /* numbers that may have been used in it, if it cannot be read */
    int outcome;                 /* of segment_open; SEGMENT_MISSING: nothing to do any more */
};

static int journal_make(const struct journal_conf *conf, struct journal **out)
{
    if (conf->segment_bytes < (int64_t)SEGMENT_LEAST && !conf->is_read_only)
        return err_raise(-EINVAL, "journal %s: segments of %" PRId64 " bytes; %zu is the least",
                         conf->path, conf->segment_bytes, SEGMENT_LEAST);
    if (strlen(conf->path) + ENDING_ROOM > PATH_MAX)
        return err_raise(-ENAMETOOLONG, "journal %s", conf->path);

    struct journal *j = calloc(1, sizeof *j);
    char *path = strdup(conf->path);
    if (j == NULL || path == NULL)
        abort();
    j->path = path;
    j->segment_bytes = ((size_t)conf->segment_bytes + 4095u) & ~(size_t)4095u;
    j->is_read_only = conf->is_read_only;
    j->lock_fd = -1;
    pthread_mutex_init(&j->list_lock, NULL);
    pthread_mutex_init(&j->spare_lock, NULL);
    pthread_mutex_init(&j->sync_lock, NULL);
    clock_boot_id(j->clock.boot_id);
    atomic_store(&j->is_clock_due, true);
    *out = j;
    return 0;
}

static int take_directory(struct journal *j)
{
    if (j->is_read_only)
        return 0;
    int rc = file_make_directory(j->path);
    if (rc < 0)
        return err_raise(rc, "journal %s: cannot make the directory", j->path);
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/lock", j->path);
    rc = file_lock(path, &j->lock_fd);
    if (rc == -EWOULDBLOCK)
        return err_raise(rc, "journal %s: another process writes it – stop that one first", j->path);
    return rc < 0 ? err_raise(rc, "journal %s: cannot lock", path) : 0;
}

/* Whether nothing was ever put into a segment that has no header. */
static bool is_blank(const struct segment *s)
{
    return segment_torn(s, SEGMENT_FRAMES_AT) == 0;
}

/* The size that counts is the one it had: a file that was cut short is taken for a full segment. */
static uint64_t may_hold(const struct journal *j, uint64_t bytes)
{
    return (bytes > j->segment_bytes ? bytes : j->segment_bytes) / SEGMENT_FRAME_LEAST;
}

/* A spare that was never used. Its ordinal is free again. */
static int drop_spare(struct journal *j, uint64_t ordinal, const char *path)
{
    j->next_ordinal = ordinal;
    int rc = j->is_read_only ? 0 : file_remove(path);
    return rc < 0 ? err_raise(rc, "journal %s: cannot remove the unused segment", path) : 0;
}

static bool is_of_journal(struct journal *j, const struct segment *s)
{
    if (j->id == 0)
        j->id = s->journal_id;
    return s->journal_id == j->id;
}

/* Opens a segment, looks, and closes it. */
static int examine(struct journal *j, uint64_t ordinal, bool is_newest, struct examined *out)
{
    char path[PATH_MAX];
    segment_path(j->path, ordinal, path, sizeof path);
    *out = (struct examined){ .ordinal = ordinal };
    struct segment *s = &out->segment;
    out->outcome = segment_open(j->path, ordinal, false, s);
    if (out->outcome < 0)
        return err_raise(out->outcome, "journal %s: cannot open the segment", path);

    bool is_spare = out->outcome == SEGMENT_UNBEGUN && is_newest && is_blank(s);
    out->bytes = s->map.size;
    segment_close(s);
    if (is_spare || out->outcome == SEGMENT_MISSING) {
        out->outcome = SEGMENT_MISSING;
        return is_spare ? drop_spare(j, ordinal, path) : 0;
    }
    if (out->outcome == 0 && !is_of_journal(j, s))
        out->outcome = SEGMENT_DAMAGED;
    if (out->outcome != 0)
        out->may_hold = may_hold(j, out->bytes);
    return 0;
}

/* The last number before e[i] and the last before the next readable one: what lies between is what an
 * unreadable e[i] held, together with its unreadable neighbours. 0 in `until`: not known. */
static void lost_range(struct journal *j, const struct examined *e, size_t n, size_t i,
                       uint64_t *after, uint64_t *until)
{
    *after = 0;
    *until = 0;
    for (size_t k = i; k-- > 0 && *after == 0;) {
        struct segment s = {0};
        if (e[k].outcome == 0 && segment_open(j->path, e[k].ordinal, false, &s) == 0) {
            uint64_t last = segment_scan(&s).last;
            *after = last > 0 ? last : s.previous;
        }
        segment_close(&s);
    }
    for (size_t k = i + 1; k < n && *until == 0; k++)
        if (e[k].outcome == 0)
            *until = e[k].segment.previous;
}

static int set_aside(struct journal *j, const struct examined *e)
{
    if (j->is_read_only || e->outcome == SEGMENT_NEWER)
        return 0;
    char from[PATH_MAX], to[PATH_MAX];
    segment_path(j->path, e->ordinal, from, sizeof from);
    segment_path_set_aside(j->path, e->ordinal, to, sizeof to);
    int rc = file_rename(from, to);
    return rc < 0 ? err_raise(rc, "journal %s: cannot set the damaged segment aside", from) : 0;
}

static int report_unreadable(struct journal *j, const struct examined *e, size_t n, size_t i)
{
    uint64_t after, until;
    lost_range(j, e, n, i, &after, &until);
    char end[24] = "unknown";
    if (until > 0)
        snprintf(end, sizeof end, "%" PRIu64, until);
    if (e[i].outcome == SEGMENT_NEWER)
        log_line(LOG_ERROR, "journal.newer",
                 "journal=%s segment=%012" PRIu64 " missing_from=%" PRIu64 " missing_to=%s – written in "
                 "format version %" PRIu32 ", this program reads up to %u; left for a newer program",
                 j->path, e[i].ordinal, after + 1, end, e[i].segment.version, SEGMENT_VERSION);
    else
        log_line(LOG_ERROR, "journal.damaged",
                 "journal=%s segment=%012" PRIu64 " missing_from=%" PRIu64 " missing_to=%s – its header "
                 "does not hold; kept as NAME.damaged, its messages are not counted",
                 j->path, e[i].ordinal, after + 1, end);
    return set_aside(j, &e[i]);
}

static void keep(struct journal *j, const struct segment *s, uint64_t bytes)
{
    struct kept *k = calloc(1, sizeof *k);
    if (k == NULL)
        abort();
    *k = (struct kept){ .s = *s, .bytes = bytes };
    if (j->n_kept > 0)
        j->kept[j->n_kept - 1]->last = s->previous;
    journal_keep(j, k);
}

/* Keeps the readable, sets the others aside. `passed_over`: how many numbers may have been used
 * behind the newest readable segment. */
static int sort_out(struct journal *j, const struct examined *e, size_t n, uint64_t *passed_over,
                    uint64_t *unreadable)
{
    for (size_t i = 0; i < n; i++) {
        if (e[i].outcome == 0) {
            keep(j, &e[i].segment, e[i].bytes);
            *passed_over = 0;
            continue;
        }
        *passed_over += e[i].may_hold;
        if (e[i].outcome == SEGMENT_MISSING)
            continue;
        *unreadable += 1;
        int rc = report_unreadable(j, e, n, i);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* What an earlier opening set aside bears on the numbers alone. */
static struct examined recall_set_aside(struct journal *j, uint64_t ordinal)
{
    char path[PATH_MAX];
    segment_path_set_aside(j->path, ordinal, path, sizeof path);
    uint64_t bytes = 0;
    if (file_size(path, &bytes) < 0)
        bytes = 0;
    return (struct examined){ .ordinal = ordinal,
                              .may_hold = may_hold(j, bytes),
                              .outcome = SEGMENT_MISSING };
}

/* Ordinals go on behind all that ever stood here, the archive too: or a segment would one day leave under
 * a name that another one has there. */
static int number_segments(struct journal *j, const struct segment_list *list)
{
    struct segment_list archived = {0};
    int rc = archive_list_segments(j->path, &archived);
    uint64_t newest = list->n > 0 ? list->at[list->n - 1].ordinal : 0;
    if (archived.n > 0 && archived.at[archived.n - 1].ordinal > newest)
        newest = archived.at[archived.n - 1].ordinal;
    j->next_ordinal = newest + 1;
    free(archived.at);
    return rc < 0 ? err_raise(rc, "journal %s: cannot list its archive", j->path) : 0;
}

static int gather(struct journal *j, uint64_t *passed_over, uint64_t *unreadable)
{
    struct segment_list list = {0};
    int rc = segment_list_read(j->path, &list);
    if (rc == -ENOENT && j->is_read_only)
        return JOURNAL_ABSENT;
    if (rc < 0)
        return err_raise(rc, "journal %s: cannot list the directory", j->path);

    struct examined *e = calloc(list.n + 1, sizeof *e);
    if (e == NULL)
        abort();
    rc = number_segments(j, &list);
    for (size_t i = 0; i < list.n && rc == 0; i++) {
        if (list.at[i].is_set_aside)
            e[i] = recall_set_aside(j, list.at[i].ordinal);
        else
            rc = examine(j, list.at[i].ordinal, i + 1 == list.n, &e[i]);
    }
    if (rc == 0)
        rc = sort_out(j, e, list.n, passed_over, unreadable);
    free(e);
    free(list.at);
    return rc;
}

/* A torn tail, cut for good before anything is put in its place. */
static int cut_tail(struct journal *j, struct segment *s, size_t at, size_t torn)
{
    if (torn == 0)
        return 0;
    log_line(LOG_WARN, "journal.torn",
             "journal=%s segment=%012" PRIu64 " bytes=%zu – cut behind the last whole frame; a power "
             "cut leaves that of what was not yet synced",
             j->path, s->ordinal, torn);
    segment_clear(s, at, torn);
    int rc = file_sync(&s->map);
    crash_point("journal.cut");
    return rc < 0 ? err_raise(rc, "journal %s: cannot sync the cut segment", j->path) : 0;
}

static void report_holes(struct journal *j, uint64_t ordinal, const struct segment_scan *scan)
{
    log_line(LOG_ERROR, "journal.holes",
             "journal=%s segment=%012" PRIu64 " missing=%" PRIu64 " missing_from=%" PRIu64
             " – damaged frames with whole ones behind them; the segment is kept as it is and read "
             "around them",
             j->path, ordinal, scan->missing, scan->missing_first);
}

static int open_newest(struct journal *j, struct kept *k, bool is_writable)
{
    int rc = segment_open(j->path, k->s.ordinal, is_writable, &k->s);
    return rc == 0 ? 0
                   : err_raise(rc < 0 ? rc : -EIO, "journal %s: cannot open the newest segment again",
                               j->path);
}

/* Appending goes on in k behind what the scan found. */
static int make_current(struct journal *j, struct kept *k, const struct segment_scan *scan,
                        size_t torn)
{
    int rc = open_newest(j, k, true);
    if (rc == 0)
        rc = cut_tail(j, &k->s, scan->end, torn);
    if (rc != 0)
        return rc;
    j->current = k;
    j->offset = scan->end;
    j->half = k->s.map.size / 2;
    j->next = scan->last > 0 ? scan->last + 1 : k->s.first;
    return 0;
}

/* Walks the newest segment; it becomes current when appending may go on in it. Walked on a map for
 * reading, which the kernel reads ahead; one for writing is fetched page by page. */
static int settle_newest(struct journal *j, struct journal_opening *found)
{
    if (j->n_kept == 0)
        return 0;
    struct kept *k = j->kept[j->n_kept - 1];
    int rc = open_newest(j, k, false);
    if (rc != 0)
        return rc;
    struct segment_scan scan = segment_scan(&k->s);
    size_t torn = segment_torn(&k->s, scan.end);
    segment_close(&k->s);

    k->last = scan.last > 0 ? scan.last : k->s.previous;
    found->last = k->last;
    found->missing = scan.missing;
    if (scan.missing > 0) {
        report_holes(j, k->s.ordinal, &scan);
        return 0;
    }
    found->torn_bytes = torn;
    return j->is_read_only ? 0 : make_current(j, k, &scan, torn);
}

static int sync_one(struct journal *j, uint64_t ordinal)
{
    struct segment s;
    int rc = segment_open(j->path, ordinal, false, &s);
    if (rc == 0)
        rc = file_sync(&s.map);
    else if (rc > 0)
        rc = -EIO;
    segment_close(&s);
    return rc < 0 ? err_raise(rc, "journal %s: cannot sync segment %" PRIu64, j->path, ordinal) : 0;
}

static int sync_behind(struct journal *j, uint64_t committed)
{
    for (size_t i = 0; i < j->n_kept && !j->is_read_only; i++) {
        if (j->kept[i]->last <= committed)
            continue;
        int rc = sync_one(j, j->kept[i]->s.ordinal);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* The header is on disk before anybody can name the journal by its id, or a number behind a jump. */
static int sync_begun(struct journal *j)
{
    int rc = file_sync(&j->current->s.map);
    return rc < 0 ? err_raise(rc, "journal %s: cannot sync the segment that was begun", j->path) : 0;
}

/* Goes on in the newest segment if the next number is the one expected there, else in a new one. A
 * full disk does not keep a journal from opening: then the first append has to find room. */
static int number_on(struct journal *j, uint64_t last, uint64_t passed_over, uint64_t at_least)
{
    uint64_t used = (j->current != NULL ? j->next - 1 : last) + passed_over;
    uint64_t next = (used > at_least ? used : at_least) + 1;
    if (j->current != NULL && next == j->next) {
        j->current->last = UINT64_MAX;
        return 0;
    }
    if (j->current != NULL)
        segment_close(&j->current->s);
    j->current = NULL;
    j->next = next;
    int rc = journal_roll(j);
    if (rc == JOURNAL_FULL && j->n_kept == 0)
        return err_raise(-ENOSPC, "journal %s: no room for its first segment", j->path);
    atomic_store(&j->is_half_full, rc == JOURNAL_FULL);
    return rc == 0 ? sync_begun(j) : rc < 0 ? rc : 0;
}

/* The first frame that is kept; a segment that was begun and got none has a first beyond its last. */
static uint64_t first_kept(const struct journal *j, uint64_t last)
{
    for (size_t i = 0; i < j->n_kept; i++)
        if (j->kept[i]->s.first <= (j->kept[i]->last < last ? j->kept[i]->last : last))
            return j->kept[i]->s.first;
    return 0;
}

static int open_up(struct journal *j, uint64_t committed, uint64_t at_least,
                   struct journal_opening *found)
{
    uint64_t passed_over = 0;
    int rc = take_directory(j);
    if (rc == 0)
        rc = gather(j, &passed_over, &found->unreadable);
    if (rc == 0 && j->n_kept == 0 && j->is_read_only)
        rc = JOURNAL_ABSENT;
    if (rc == 0)
        rc = settle_newest(j, found);
    if (rc == 0)
        rc = sync_behind(j, committed);
    if (rc != 0)
        return rc;

    found->is_new = j->n_kept == 0;
    found->first = first_kept(j, found->last);
    if (found->is_new)
        j->id = clock_random_u64() | 1;      /* never 0, which is no id */
    atomic_store(&j->end, found->last);
    atomic_store(&j->synced, found->last);
    return j->is_read_only ? 0 : number_on(j, found->last, passed_over, at_least);
}

int journal_open(const struct journal_conf *conf, uint64_t committed, uint64_t at_least,
                 struct journal **out, struct journal_opening *opening)
{
    struct journal *j = NULL;
    struct journal_opening found = {0};
    int rc = journal_make(conf, &j);
    if (rc < 0)
        return rc;
    rc = open_up(j, committed, at_least, &found);
    if (rc != 0) {
        journal_close(j);
        return rc;
    }
    *out = j;
    *opening = found;
    crash_point("journal.opened");
    return 0;
}
