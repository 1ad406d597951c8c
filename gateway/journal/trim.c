/* Giving back what nobody needs any more: whole segments, oldest first, and never past one that must
 * stay, so that what is kept has no holes. A segment stays while it is being written, while a frame in
 * it is not committed or not synced, and while it is both young and within the bound in bytes. A bound
 * in bytes never cuts what is uncommitted: then the journal grows beyond it, and whoever asks sees
 * that in the figures.
 *
 * A segment was last written when the one behind it was begun, and that stands in a header. The time
 * of the file would do as well, until somebody copies the directory.
 *
 * Who wants to keep what leaves is asked before each removal, without the lock: archiving takes seconds.
 * The oldest segment cannot change meanwhile, since only trimming removes one.
 *
 * Segments that were set aside (NAME.damaged) or are of a newer version belong to the operator and are
 * not counted or removed. */
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/crash.h"
#include "base/err.h"
#include "base/file.h"
#include "journal/inside.h"

/* With list_lock held: the bytes of all segments, the spare too. */
static uint64_t bytes_in_all(const struct journal *j)
{
    uint64_t bytes = atomic_load(&j->has_spare) ? j->segment_bytes : 0;
    for (size_t i = 0; i < j->n_kept; i++)
        bytes += j->kept[i]->bytes;
    return bytes;
}

/* The oldest segment, if it may go; NULL if it must stay. */
static struct kept *find_leaving(struct journal *j, const struct journal_trimming *t,
                                 struct journal_leaving *out)
{
    struct kept *k = NULL;
    pthread_mutex_lock(&j->list_lock);
    if (j->n_kept > 1 && j->kept[0]->last <= t->committed &&
        j->kept[0]->last <= atomic_load(&j->synced) &&
        (j->kept[1]->s.begun_wall_us < t->now_wall_us - t->retain_us ||
         bytes_in_all(j) > (uint64_t)(t->most_bytes > 0 ? t->most_bytes : 0))) {
        k = j->kept[0];
        out->first = k->s.first;
        out->last = k->last;
        out->written_wall_us = j->kept[1]->s.begun_wall_us;
    }
    pthread_mutex_unlock(&j->list_lock);
    return k;
}

static void take_off(struct journal *j)
{
    pthread_mutex_lock(&j->list_lock);
    j->n_kept--;
    memmove(j->kept, j->kept + 1, j->n_kept * sizeof *j->kept);
    pthread_mutex_unlock(&j->list_lock);
}

/* Outside the lock: removing a large file takes its time. */
static int remove_segment(struct journal *j, struct kept *k, const char *path)
{
    take_off(j);
    segment_close(&k->s);
    free(k);
    int rc = file_remove(path);
    crash_point("journal.trimmed");
    return rc < 0 ? err_raise(rc, "journal %s: cannot remove the segment", path) : 0;
}

int journal_trim(struct journal *j, const struct journal_trimming *t)
{
    char path[PATH_MAX];
    struct journal_leaving l;
    struct kept *k;
    int rc = 0;
    while (rc == 0 && !j->is_read_only && (k = find_leaving(j, t, &l)) != NULL) {
        segment_path(j->path, k->s.ordinal, path, sizeof path);
        l.name = strrchr(path, '/') + 1;
        if (t->on_leaving != NULL)
            rc = t->on_leaving(t->self, &l);
        if (rc == 0)
            rc = remove_segment(j, k, path);
    }
    return rc;
}

uint64_t journal_rolled_bytes(const struct journal *j, uint64_t after, uint64_t until)
{
    struct journal *shared = (struct journal *)(uintptr_t)j;   /* a lock changes nothing */
    uint64_t bytes = 0;
    pthread_mutex_lock(&shared->list_lock);
    for (size_t i = 0; i < j->n_kept; i++)
        if (j->kept[i]->last > after && j->kept[i]->last <= until)
            bytes += j->kept[i]->bytes;
    pthread_mutex_unlock(&shared->list_lock);
    return bytes;
}

uint64_t journal_first(const struct journal *j)
{
    struct journal *shared = (struct journal *)(uintptr_t)j;
    pthread_mutex_lock(&shared->list_lock);
    uint64_t first = j->n_kept > 0 ? j->kept[0]->s.first : 0;
    pthread_mutex_unlock(&shared->list_lock);
    return first;
}

static uint64_t last_in(const struct journal *j, const struct kept *k)
{
    struct segment s = {0};
    uint64_t last = k->s.previous;
    if (segment_open(j->path, k->s.ordinal, false, &s) == 0) {
        struct segment_scan scan = segment_scan(&s);
        last = scan.last > 0 ? scan.last : last;
    }
    segment_close(&s);
    return last;
}

/* Each header says what was before it. That of a neighbour by its ordinal need not be held against it: what
 * is missing between two frames of them is for readers to find. */
bool journal_missing(const struct journal *j, uint64_t after, uint64_t until, uint64_t *first, uint64_t *last)
{
    bool is_any = false;
    for (size_t i = 0; i < j->n_kept; i++) {
        const struct kept *k = j->kept[i], *before = i > 0 ? j->kept[i - 1] : NULL;
        if (before && k->s.ordinal == before->s.ordinal + 1)
            continue;
        uint64_t known = before ? last_in(j, before) : after;
        if (k->s.previous <= known || known >= until)
            continue;
        *first = is_any ? *first : known + 1;
        *last = k->s.previous;
        is_any = true;
    }
    return is_any;
}
