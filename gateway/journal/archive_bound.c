/* Bounding the archive, by the notes at the heads of its files.
 *
 * Segments go from the oldest on, in the order of their ordinals, as long as there is a reason. A base
 * is worth keeping while the frame behind its position is still there: once the segment with that frame
 * is gone, nothing can be begun at the base any more, and it goes too. Time is the one in the notes, not
 * that of the files, so that an archive may be copied. A file whose note does not hold counts in bytes
 * and is left to the operator. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "journal/archive.h"

/* One file of the archive. */
struct archived {
    char name[64];               /* without its ending */
    bool is_segment, is_noted, is_gone;
    uint64_t bytes, last;
    int64_t written_wall_us;
};

struct shelf {
    const char *directory;
    struct archived *at;         /* in the order of the names: bases and segments each by age */
    size_t n, room;
    uint64_t bytes;
};

static void path_of(const struct shelf *s, const char *name, char out[PATH_MAX])
{
    snprintf(out, PATH_MAX, "%s/archive/%s.zst", s->directory, name);
}

static struct archived *add(struct shelf *s)
{
    if (s->n == s->room) {
        s->room = s->room == 0 ? 64 : 2 * s->room;
        s->at = realloc(s->at, s->room * sizeof *s->at);
        if (s->at == NULL)
            abort();
    }
    s->at[s->n] = (struct archived){ 0 };
    return &s->at[s->n++];
}

static void look(struct shelf *s, struct archived *a)
{
    char path[PATH_MAX];
    struct archive_note note;
    uint64_t ordinal;
    bool is_set_aside;
    path_of(s, a->name, path);
    if (file_size(path, &a->bytes) < 0)
        a->bytes = 0;
    s->bytes += a->bytes;
    a->is_segment = segment_name_parse(a->name, &ordinal, &is_set_aside);
    a->is_noted = archive_peek(s->directory, a->name, &note) == 0;
    if (a->is_noted) {
        a->last = note.last;
        a->written_wall_us = note.written_wall_us;
    }
}

/* Whatever has another ending is the operator's, or was left half written by a crash. */
static void on_name(void *self, const char *name)
{
    struct shelf *s = self;
    size_t n = strlen(name);
    if (n <= 4 || n - 4 >= sizeof s->at->name || strcmp(name + n - 4, ".zst") != 0)
        return;
    struct archived *a = add(s);
    memcpy(a->name, name, n - 4);
    look(s, a);
}

static int read_shelf(const char *directory, struct shelf *out)
{
    char folder[PATH_MAX];
    *out = (struct shelf){ .directory = directory };
    snprintf(folder, sizeof folder, "%s/archive", directory);
    int rc = file_list(folder, on_name, out);
    return rc < 0 && rc != -ENOENT ? err_raise(rc, "archive %s: cannot be listed", folder) : 0;
}

static int give_up(struct shelf *s, struct archived *a)
{
    char path[PATH_MAX];
    path_of(s, a->name, path);
    int rc = file_remove(path);
    if (rc < 0)
        return err_raise(rc, "archive %s: cannot be removed", path);
    s->bytes -= a->bytes;
    a->is_gone = true;
    return 0;
}

/* The bases from which the frame `last`, gone now, was still needed. */
static int give_up_bases(struct shelf *s, uint64_t last)
{
    int rc = 0;
    for (size_t i = 0; i < s->n && rc == 0; i++) {
        struct archived *a = &s->at[i];
        if (!a->is_segment && a->is_noted && !a->is_gone && a->last < last)
            rc = give_up(s, a);
    }
    return rc;
}

int archive_bound(const char *directory, int64_t now_wall_us, int64_t keep_us, int64_t most_bytes)
{
    struct shelf s;
    int rc = read_shelf(directory, &s);
    for (size_t i = 0; i < s.n && rc == 0; i++) {
        struct archived *a = &s.at[i];
        if (!a->is_segment || !a->is_noted)
            continue;
        bool is_old = a->written_wall_us < now_wall_us - keep_us;
        if (!is_old && s.bytes <= (uint64_t)(most_bytes > 0 ? most_bytes : 0))
            break;
        rc = give_up(&s, a);
        if (rc == 0)
            rc = give_up_bases(&s, a->last);
        log_line(LOG_DEBUG, "archive.removed", "journal=%s file=%s last=%" PRIu64 " – %s", directory,
                 a->name, a->last, is_old ? "older than journal.archive" : "beyond journal.archive_most");
    }
    free(s.at);
    return rc;
}

int archive_figures(const char *directory, struct archive_figures *out)
{
    struct shelf s;
    int rc = read_shelf(directory, &s);
    *out = (struct archive_figures){ .files = s.n, .bytes = s.bytes };
    free(s.at);
    return rc;
}
