/* Journals, archives and bases for verify: every byte that has a checksum is held against it.
 *
 * A gateway may be writing meanwhile. What it appends is seen or not seen; what it trims or archives
 * between the listing and the look is looked for in the other place, and then was the oldest. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "command/verify_private.h"
#include "journal/archive.h"
#include "journal/journal.h"
#include "journal/segment.h"
#include "model/frame.h"

#define RESTORE "the rest counts; restore this file from a backup if one has it"

struct walk {
    struct verify *verify;
    struct verify_journal *out;
    const char *path;
    uint64_t last;               /* the last frame so far, or what a header says was before */
    bool has_any;
};

/* Segments. */

static int open_segment(const char *path, const struct segment_found *found, struct segment *out)
{
    int rc = found->is_archived ? archive_segment_open(path, found->ordinal, out)
                                : segment_open(path, found->ordinal, false, out);
    if (rc == SEGMENT_MISSING && !found->is_archived)
        rc = archive_segment_open(path, found->ordinal, out);
    return rc;
}

static void check_joint(struct walk *w, const struct segment *s)
{
    if (w->has_any && s->previous > w->last)
        verify_fault(w->verify, "segment %012" PRIu64 ": frames %" PRIu64 " to %" PRIu64 " should stand before "
                     "it and do not – they are damaged or gone; " RESTORE, s->ordinal, w->last + 1,
                     s->previous);
    if (w->has_any && s->first <= w->last)
        verify_fault(w->verify, "segment %012" PRIu64 ": begins at frame %" PRIu64 ", and frame %" PRIu64
                     " stands before it – two journals were mixed; restore both from one backup", s->ordinal,
                     s->first, w->last);
}

/* What stands behind the last frame of the newest segment may be a frame that is being written: then it
 * is one when looked at again. */
static struct segment_scan scan(const struct segment *s, uint64_t *torn)
{
    struct segment_scan found;
    uint64_t last;
    do {
        found = segment_scan(s);
        last = found.last;
        *torn = segment_torn(s, found.end);
        found = segment_scan(s);
    } while (found.last != last);
    return found;
}

static void check_frames(struct walk *w, const struct segment *s)
{
    uint64_t torn;
    struct segment_scan found = scan(s, &torn);
    if (found.missing > 0)
        verify_fault(w->verify, "segment %012" PRIu64 ": %" PRIu64 " frames from %" PRIu64 " on are damaged – "
                     RESTORE, s->ordinal, found.missing, found.missing_first);
    if (torn > 0)
        verify_fault(w->verify, "segment %012" PRIu64 ": %" PRIu64 " bytes behind frame %" PRIu64 " are no "
                     "frame – the tail of a power cut, or a damaged last frame; the next start cuts it",
                     s->ordinal, torn, found.last);
    if (found.last > 0)
        w->out->frames += found.last - s->first + 1 - found.missing;
    w->last = found.last > 0 ? found.last : s->previous;
}

static void check_segment(struct walk *w, const struct segment *s, bool is_archived)
{
    if (w->out->id == 0) {
        w->out->id = s->journal_id;
        w->out->first = s->first;
    }
    if (s->journal_id != w->out->id) {
        verify_fault(w->verify, "segment %012" PRIu64 ": is of journal %016" PRIx64 " and not of %016" PRIx64
                     " – it came from elsewhere; move it away", s->ordinal, s->journal_id, w->out->id);
        return;
    }
    check_joint(w, s);
    check_frames(w, s);
    w->has_any = true;
    w->out->segments++;
    w->out->archived += is_archived;
    w->out->last = w->last;
}

static int check_found(struct walk *w, const struct segment_found *found, bool is_last)
{
    struct segment s = { 0 };
    if (found->is_set_aside)
        return 0;                    /* was told when it was, and nobody reads it */
    int rc = open_segment(w->path, found, &s);
    if (rc == 0)
        check_segment(w, &s, found->is_archived);
    else if (rc == SEGMENT_NEWER)
        verify_fault(w->verify, "segment %012" PRIu64 ": has format %" PRIu32 ", this version reads up to %u – "
                     "verify with the version that wrote it", found->ordinal, s.version, SEGMENT_VERSION);
    else if (rc == SEGMENT_DAMAGED || (rc == SEGMENT_UNBEGUN && !is_last))
        verify_fault(w->verify, "segment %012" PRIu64 ": its header does not hold, or it cannot be decompressed, "
                     "so all its frames are lost – " RESTORE, found->ordinal);
    segment_close(&s);
    return rc < 0 ? err_raise(rc, "verify: segment %012" PRIu64 " of %s cannot be read", found->ordinal, w->path)
                  : 0;
}

int verify_journal(struct verify *v, const char *name, const char *path, struct verify_journal *out)
{
    struct segment_list list = { 0 };
    struct walk w = { .verify = v, .out = out, .path = path };

    verify_begin(v, name);
    int rc = segment_list_read(path, &list);
    if (rc == 0)
        rc = archive_list_segments(path, &list);
    if (rc == -ENOENT) {
        verify_fault(v, "%s is not there – a start of the gateway begins a new one; restore it from a backup "
                     "before that if one has it", path);
        rc = 0;
    } else if (rc < 0) {
        err_raise(rc, "verify: %s cannot be listed – %s", path, strerror(-rc));
    }
    for (size_t i = 0; i < list.n && rc == 0; i++)
        rc = check_found(&w, &list.at[i], i + 1 == list.n);
    free(list.at);
    verify_end(v, "%" PRIu64 " segments, %" PRIu64 " of them archived, %" PRIu64 " frames from %" PRIu64
               " to %" PRIu64, out->segments, out->archived, out->frames, out->first, out->last);
    return rc;
}

/* Bases, where they stand and in the archive. */

static void check_head(struct verify *v, const char *name, const struct base_head *head)
{
    if (head->logbook_id != v->logbook.id && v->logbook.id != 0)
        verify_fault(v, "base %s: is of another log book – move it away", name);
    else if (head->position > v->logbook.last)
        verify_fault(v, "base %s: stands at entry %" PRIu64 ", and the log book ends at %" PRIu64 " – the end "
                     "of the log book is missing; restore it from a backup", name, head->position,
                     v->logbook.last);
    else if (head->intake_id == v->intake.id && head->intake_took > v->intake.last)
        verify_fault(v, "base %s: took the intake up to frame %" PRIu64 ", which ends at %" PRIu64 " – the end "
                     "of the intake is missing; restore it from a backup", name, head->intake_took,
                     v->intake.last);
}

static void check_base(struct verify *v, const char *name, int rc, const struct base_head *head)
{
    if (rc == 0)
        check_head(v, name, head);
    else if (rc == BASE_NEWER)
        verify_fault(v, "base %s: has format %" PRIu32 ", this version reads up to %u – verify with the version "
                     "that wrote it", name, head->version, BASE_VERSION);
    else
        verify_fault(v, "base %s: its checksum does not hold – remove it; another is written at the next roll",
                     name);
}

int verify_bases(struct verify *v)
{
    struct base_list list = { 0 };
    verify_begin(v, "bases");
    int rc = base_list_read(v->places.logbook, &list);
    rc = rc == -ENOENT ? 0 : rc;
    for (size_t i = 0; i < list.n && rc >= 0; i++) {
        char path[PATH_MAX];
        struct base_reader *base = NULL;
        struct base_head head = { 0 };
        base_path(v->places.logbook, list.at[i], path, sizeof path);
        rc = base_open(path, &base, &head);
        if (rc >= 0)
            check_base(v, strrchr(path, '/') + 1, rc, &head);
        base_close(base);
    }
    verify_end(v, "%zu bases", list.n);
    free(list.at);
    return rc < 0 ? rc : 0;
}

/* The archive. */

struct archive_walk {
    struct verify *verify;
    const char *directory;
    uint64_t files;
    int rc;
};

static bool take_ending(const char *name, const char *ending, char out[NAME_MAX + 1])
{
    size_t n = strlen(name), end = strlen(ending);
    if (n <= end || strcmp(name + n - end, ending) != 0)
        return false;
    snprintf(out, NAME_MAX + 1, "%.*s", (int)(n - end), name);
    return true;
}

static int check_archived(struct archive_walk *w, const char *plain)
{
    struct file_map map = { 0 };
    char ignored[NAME_MAX + 1];
    int rc = archive_open(w->directory, plain, &map);
    if (rc == ARCHIVE_ABSENT || rc < 0)
        return rc < 0 ? rc : 0;      /* the bound took it meanwhile */
    w->files++;
    if (rc != 0) {
        verify_fault(w->verify, "%s.zst: %s", plain, rc == ARCHIVE_NEWER
                     ? "is of a newer version – verify with the version that wrote it"
                     : "does not decompress to what its checksum says – " RESTORE);
        return 0;
    }
    if (!take_ending(plain, ".base", ignored)) {
        file_unmap(&map);
        return 0;
    }
    struct base_reader *base = NULL;
    struct base_head head = { 0 };
    rc = base_open_map(&map, &base, &head);
    if (rc >= 0)
        check_base(w->verify, plain, rc, &head);
    base_close(base);
    return rc < 0 ? rc : 0;
}

static void on_archived(void *self, const char *name)
{
    struct archive_walk *w = self;
    char plain[NAME_MAX + 1];
    if (w->rc == 0 && take_ending(name, ".zst", plain))
        w->rc = check_archived(w, plain);
}

int verify_archive(struct verify *v, const char *name, const char *path)
{
    char folder[PATH_MAX];
    struct archive_walk w = { .verify = v, .directory = path };
    verify_begin(v, name);
    snprintf(folder, sizeof folder, "%s/archive", path);
    int rc = file_list(folder, on_archived, &w);
    if (rc < 0 && rc != -ENOENT)
        return err_raise(rc, "verify: %s cannot be listed – %s", folder, strerror(-rc));
    verify_end(v, "%" PRIu64 " archived files against their checksums", w.files);
    return w.rc;
}

/* The log book's entries, for what they say of the rest. */

static void note_dropped(struct verify *v, const struct entry *e)
{
    if (v->n_dropped == v->room) {
        v->room = v->room == 0 ? 16 : 2 * v->room;
        v->dropped = realloc(v->dropped, v->room * sizeof *v->dropped);
        if (!v->dropped)
            abort();
    }
    v->dropped[v->n_dropped++] = (struct verify_range){ e->epoch_ordinal, e->from, e->until };
}

int verify_entries(struct verify *v)
{
    struct journal_reader *r = NULL;
    struct frame f;
    uint64_t entries = 0;

    verify_begin(v, "entries");
    int rc = journal_reader_open(v->places.logbook, 0, &r);
    while (rc == 0 && (rc = journal_read(r, UINT64_MAX, &f)) == 0) {
        struct entry e;
        entries++;
        if (entry_read(&f, &e) != 0)
            verify_fault(v, "entry %" PRIu64 " of the log book cannot be read – verify with the version that "
                         "wrote it", f.sequence);
        else if (e.kind == FRAME_DROP)
            note_dropped(v, &e);
        else if (e.kind == FRAME_HOLE)
            v->last_hole = f.sequence;
    }
    journal_reader_close(r);
    verify_end(v, "%" PRIu64 " entries of the log book", entries);
    return rc < 0 ? rc : 0;
}
