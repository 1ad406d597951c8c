/* The reading side of a journal: walks the frames of one segment after the other on maps of its own,
 * and trusts nothing but the rule by which a frame counts. So it works beside a live writer in another
 * process as well as on a directory that was copied after an accident.
 *
 * Where the next frame should stand and does not, there are four cases, told apart in this order:
 *   - A next segment is begun, and says that the frame before it is the last one read: the regular end
 *     of a segment. (The frame is looked for once more after seeing that segment, for the writer may
 *     have put it there in between.)
 *   - Bytes are there, or a next segment is begun, and behind them in the same segment stands a valid
 *     frame: the numbers in between are unreadable. Logged, once, and passed over.
 *   - A next segment is begun: what its header says came before it and was not found is unreadable.
 *     Logged and passed over. A segment that was removed or set aside is passed over the same way.
 *   - Else it is the end; more may come. A hole with valid frames behind it in the newest segment ends
 *     here too until a writer opens the journal, finds it and begins a new segment.
 *
 * A segment that left the directory may stand in its archive; it is then decompressed into memory, one
 * at a time, and read like any other. The writer archives before it removes, and we look into the
 * directory before we look into the archive: so none is missed that moves meanwhile.
 *
 * Asking for the next segment costs a system call or two. A caller that knows how far the journal
 * reaches (`until`, from journal_end) never comes to ask at the end. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "journal/archive.h"
#include "journal/journal.h"
#include "journal/segment.h"

struct journal_reader {
    char *path;
    struct segment s;
    size_t offset;               /* where the next frame should stand */
    uint64_t next;               /* and what it should be numbered */
    uint64_t after;              /* frames up to here are walked over, not given out */
    uint64_t at;                 /* the last frame given out or walked over, at least `after` */
    struct frame_clock clock;
    void (*on_gap)(void *self, uint64_t from, uint64_t until);   /* NULL: nobody asks */
    void *on_gap_self;
};

/* Numbers before `after` are nobody's business. */
static void tell_gap(const struct journal_reader *r, uint64_t from, uint64_t until)
{
    if (from <= r->after)
        from = r->after + 1;
    if (r->on_gap && from <= until)
        r->on_gap(r->on_gap_self, from, until);
}

static void enter(struct journal_reader *r, const struct segment *s)
{
    tell_gap(r, r->next, s->first - 1);
    segment_close(&r->s);
    r->s = *s;
    r->offset = SEGMENT_FRAMES_AT;
    r->next = s->first;
}

/* Opens one segment if it can be read and is of this journal. 0, SEGMENT_UNBEGUN when it is a spare,
 * SEGMENT_DAMAGED for whatever else cannot be read, or negative. */
static int open_readable(const struct journal_reader *r, uint64_t ordinal, struct segment *out)
{
    struct segment s;
    int rc = segment_open(r->path, ordinal, false, &s);
    if (rc == SEGMENT_MISSING)
        rc = archive_segment_open(r->path, ordinal, &s);
    bool is_ours = r->s.map.at == NULL || s.journal_id == r->s.journal_id;
    if (rc == 0 && is_ours) {
        *out = s;
        return 0;
    }
    if (rc == SEGMENT_NEWER)
        log_line(LOG_ERROR, "journal.newer",
                 "journal=%s segment=%012" PRIu64 " – written in format version %" PRIu32
                 ", this program reads up to %u; passed over",
                 r->path, ordinal, s.version, SEGMENT_VERSION);
    segment_close(&s);
    if (rc < 0)
        return err_raise(rc, "journal %s: cannot open segment %" PRIu64, r->path, ordinal);
    return rc == SEGMENT_UNBEGUN ? rc : SEGMENT_DAMAGED;
}

/* What stands in the directory and in its archive. The caller frees out->at. */
static int list_all(const struct journal_reader *r, struct segment_list *out)
{
    struct segment_list list = { 0 };
    int rc = segment_list_read(r->path, &list);
    if (rc == 0) {
        rc = archive_list_segments(r->path, &list);
        if (rc == 0)
            *out = list;
        else
            free(list.at);
    }
    return rc;
}

/* The first readable segment behind this one, by the directory and its archive. 0, or SEGMENT_UNBEGUN:
 * none yet. */
static int search_next(const struct journal_reader *r, struct segment *out)
{
    struct segment_list list = { 0 };
    int rc = list_all(r, &list);
    if (rc < 0)
        return err_raise(rc, "journal %s: cannot list the directory", r->path);
    rc = SEGMENT_UNBEGUN;
    for (size_t i = 0; i < list.n && rc > 0; i++)
        if (!list.at[i].is_set_aside && list.at[i].ordinal > r->s.ordinal)
            rc = open_readable(r, list.at[i].ordinal, out);
    free(list.at);
    return rc > 0 ? SEGMENT_UNBEGUN : rc;
}

/* Mostly it is simply the next ordinal. */
static int open_next(const struct journal_reader *r, struct segment *out)
{
    struct segment s;
    int rc = segment_open(r->path, r->s.ordinal + 1, false, &s);
    if (rc == 0 && s.journal_id == r->s.journal_id) {
        *out = s;
        return 0;
    }
    segment_close(&s);
    return rc == SEGMENT_UNBEGUN ? rc : search_next(r, out);
}

static void report_missing(const struct journal_reader *r, uint64_t from, uint64_t to)
{
    log_line(LOG_ERROR, "journal.unreadable",
             "journal=%s segment=%012" PRIu64 " offset=%zu missing_from=%" PRIu64 " missing_to=%" PRIu64
             " – these frames are damaged or gone and are passed over",
             r->path, r->s.ordinal, r->offset, from, to);
}

/* Whether a valid frame stands further on in this segment: then goes there. */
static bool pass_damage(struct journal_reader *r)
{
    size_t found_at = 0;
    uint64_t found = segment_seek(&r->s, r->offset, r->next, &found_at);
    if (found == 0)
        return false;
    report_missing(r, r->next, found - 1);
    tell_gap(r, r->next, found - 1);
    r->offset = found_at;
    r->next = found;
    return true;
}

/* With a next segment at hand, which is either entered or given back. */
static void pass_end(struct journal_reader *r, struct segment *next)
{
    bool is_whole = next->previous < r->next;
    if (segment_check(&r->s, r->offset, r->next) > 0 || (!is_whole && pass_damage(r))) {
        segment_close(next);
        return;
    }
    if (!is_whole)
        report_missing(r, r->next, next->previous);
    enter(r, next);
}

/* Stands where no valid frame is. 0 when it stands elsewhere now and is to look again, JOURNAL_END. */
static int move_on(struct journal_reader *r)
{
    struct segment next;
    int rc = open_next(r, &next);
    if (rc < 0)
        return rc;
    if (rc == 0) {
        pass_end(r, &next);
        return 0;
    }
    if (!segment_has_bytes(&r->s, r->offset))
        return JOURNAL_END;
    if (segment_check(&r->s, r->offset, r->next) > 0 || pass_damage(r))
        return 0;
    return JOURNAL_END;
}

/* The next frame in the order of the files, of whatever kind, up to `until`. */
static int walk(struct journal_reader *r, uint64_t until, struct frame *out)
{
    while (r->next <= until) {
        size_t size = segment_check(&r->s, r->offset, r->next);
        if (size > 0) {
            segment_frame(&r->s, r->offset, out);
            r->offset += size;
            r->next++;
            return 0;
        }
        int rc = move_on(r);
        if (rc != 0)
            return rc;
    }
    return JOURNAL_END;
}

int journal_read(struct journal_reader *r, uint64_t until, struct frame *out)
{
    for (;;) {
        struct frame f;
        int rc = walk(r, until, &f);
        if (rc != 0)
            return rc;
        if (f.kind == FRAME_CLOCK && segment_clock_read(f.rest, &r->clock) != 0)
            log_line(LOG_WARN, "journal.clock", "journal=%s sequence=%" PRIu64 " – a clock frame is too "
                     "short, times go on by the one before", r->path, f.sequence);
        if (f.sequence > r->at)
            r->at = f.sequence;
        if (f.kind == FRAME_CLOCK || f.sequence <= r->after)
            continue;
        f.clock = r->clock;
        *out = f;
        return 0;
    }
}

static bool has_archived_before(const struct segment_list *list, size_t i)
{
    while (i-- > 0)
        if (list->at[i].is_archived)
            return true;
    return false;
}

/* Whether an archived segment begins behind the frame wanted, so that one before it will do: its note
 * tells without decompressing it. */
static bool begins_behind(const struct journal_reader *r, const struct segment_found *found)
{
    char path[PATH_MAX];
    struct archive_note note;
    segment_path(r->path, found->ordinal, path, sizeof path);
    return archive_peek(r->path, strrchr(path, '/') + 1, &note) == 0 && note.first > 0 &&
           note.first - 1 > r->after;
}

/* The newest readable segment that begins at or before the frame wanted, else the oldest readable. */
static int find_start(struct journal_reader *r, const struct segment_list *list)
{
    int rc = JOURNAL_ABSENT;
    for (size_t i = list->n; i-- > 0;) {
        if (list->at[i].is_set_aside)
            continue;
        if (list->at[i].is_archived && has_archived_before(list, i) && begins_behind(r, &list->at[i]))
            continue;
        struct segment s;
        int outcome = open_readable(r, list->at[i].ordinal, &s);
        if (outcome < 0)
            return outcome;
        if (outcome > 0)
            continue;
        enter(r, &s);
        rc = 0;
        if (s.first == 0 || s.first - 1 <= r->after)
            return 0;
    }
    return rc;
}

static int start(struct journal_reader *r)
{
    struct segment_list list = { 0 };
    int rc = list_all(r, &list);
    if (rc == -ENOENT)
        return JOURNAL_ABSENT;
    if (rc < 0)
        return err_raise(rc, "journal %s: cannot list the directory", r->path);
    rc = find_start(r, &list);
    free(list.at);
    return rc;
}

int journal_reader_open(const char *path, uint64_t after, struct journal_reader **out)
{
    if (strlen(path) + 64 > PATH_MAX)
        return err_raise(-ENAMETOOLONG, "journal %s", path);
    struct journal_reader *r = calloc(1, sizeof *r);
    if (r == NULL || (r->path = strdup(path)) == NULL)
        abort();
    r->after = r->at = after;
    int rc = start(r);
    if (rc != 0) {
        journal_reader_close(r);
        return rc;
    }
    *out = r;
    return 0;
}

void journal_reader_close(struct journal_reader *r)
{
    if (r == NULL)
        return;
    segment_close(&r->s);
    free(r->path);
    free(r);
}

void journal_reader_watch(struct journal_reader *r,
                          void (*on_gap)(void *self, uint64_t from, uint64_t until), void *self)
{
    r->on_gap = on_gap;
    r->on_gap_self = self;
    tell_gap(r, r->at + 1, r->next - 1);
}

uint64_t journal_reader_first(const struct journal_reader *r)
{
    return r->s.first;
}

uint64_t journal_reader_id(const struct journal_reader *r)
{
    return r->s.journal_id;
}

uint64_t journal_reader_at(const struct journal_reader *r)
{
    return r->at;
}
