/* Giving back what nobody needs any more: whole segments, oldest first, and never past one that must
 * stay, so that what is kept has no holes. A segment stays while it is being written, while a frame in
 * it is not committed or not synced, and while it is both young and within the bound in bytes. A bound
 * in bytes never cuts what is uncommitted: then the journal grows beyond it, and whoever asks sees
 * that in the figures.
 *
 * A segment was last written when the one behind it was begun, and that stands in a header. The time
 * of the file would do as well, until somebody copies the directory.
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

/* Takes the oldest segment off the list if it may go; NULL if it must stay. */
static struct kept *take_oldest(struct journal *j, uint64_t committed, int64_t written_before_us,
                                int64_t most_bytes)
{
    struct kept *k = NULL;
    pthread_mutex_lock(&j->list_lock);
    if (j->n_kept > 1 && j->kept[0]->last <= committed &&
        j->kept[0]->last <= atomic_load(&j->synced) &&
        (j->kept[1]->s.begun_wall_us < written_before_us ||
         bytes_in_all(j) > (uint64_t)(most_bytes > 0 ? most_bytes : 0))) {
        k = j->kept[0];
        j->n_kept--;
        memmove(j->kept, j->kept + 1, j->n_kept * sizeof *j->kept);
    }
    pthread_mutex_unlock(&j->list_lock);
    return k;
}

/* Outside the lock: removing a large file takes its time. */
static int remove_segment(struct journal *j, struct kept *k)
{
    char path[PATH_MAX];
    segment_path(j->path, k->s.ordinal, path, sizeof path);
    segment_close(&k->s);
    free(k);
    int rc = file_remove(path);
    return rc < 0 ? err_raise(rc, "journal %s: cannot remove the segment", path) : 0;
}

int journal_trim(struct journal *j, uint64_t committed, int64_t now_wall_us, int64_t retain_us,
                 int64_t most_bytes)
{
    if (j->is_read_only)
        return 0;
    for (;;) {
        struct kept *k = take_oldest(j, committed, now_wall_us - retain_us, most_bytes);
        if (k == NULL)
            return 0;
        int rc = remove_segment(j, k);
        if (rc < 0)
            return rc;
        crash_point("journal.trimmed");
    }
}
