/* Files by their names.
 *
 * A segment under its name was allocated to its full length before, in_hand too. A base under its name is
 * whole, and where a journal does not begin with its first frame any more, a base reaches what is left of
 * it: else the state could not be had again without the store. What was archived and has no original any
 * more can be read back. The file `epoch` knows every epoch that was committed: it is what is left of
 * them when store and log book are both gone. */
#include "files.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "journal/archive.h"
#include "journal/base.h"
#include "journal/segment.h"
#include "vault/epoch.h"

#define HAND_BYTES 4096u

struct looking {
    struct outside *outside;
    const char *directory;
    size_t segment_bytes;
};

static void on_name(void *self, const char *name)
{
    const struct looking *look = self;
    char path[256];
    uint64_t ordinal, size = 0, least = 0;
    bool is_set_aside;
    snprintf(path, sizeof path, "%s/%s", look->directory, name);
    if (segment_name_parse(name, &ordinal, &is_set_aside) && !is_set_aside)
        least = look->segment_bytes;
    else if (strcmp(name, "in_hand") == 0)
        least = HAND_BYTES;
    if (file_size(path, &size) == 0 && size < least)
        outside_broken(look->outside, "%s has %" PRIu64 " of %" PRIu64 " bytes: a power cut left half of it",
                       path, size, least);
}

/* Bases. */

static bool read_base(const char *logbook, uint64_t position, struct base_head *head)
{
    char path[256];
    struct base_reader *r = NULL;
    base_path(logbook, position, path, sizeof path);
    int rc = base_open(path, &r, head);
    base_close(r);
    return rc == 0;
}

static bool is_archived(const char *logbook, uint64_t position)
{
    char path[256];
    struct file_map m = { 0 };
    base_path(logbook, position, path, sizeof path);
    int rc = archive_open(logbook, strrchr(path, '/') + 1, &m);
    file_unmap(&m);
    return rc == 0;
}

static void find_remembered(struct outside *o, const struct base_list *list)
{
    for (size_t i = 0; i < o->n_bases && o->has_archive; i++) {
        bool is_there = false;
        for (size_t k = 0; k < list->n; k++)
            is_there = is_there || list->at[k] == o->bases[i];
        if (!is_there && !is_archived(o->logbook, o->bases[i]))
            outside_broken(o, "base %" PRIu64 " was written, and is neither there nor in the archive",
                           o->bases[i]);
    }
}

/* The last frame that stood before what is kept of a journal; 0: none. Its header says so: the number of its
 * first frame would count as gone what a cut took before any of it was relied on, which LOST tells. */
static uint64_t last_gone(const char *directory)
{
    struct segment_list list = { 0 };
    uint64_t last = 0;
    bool is_found = false;
    if (segment_list_read(directory, &list) != 0)
        return 0;
    for (size_t i = 0; i < list.n && !is_found; i++) {
        struct segment s = { 0 };
        is_found = !list.at[i].is_set_aside &&
                   segment_open(directory, list.at[i].ordinal, false, &s) == 0;
        if (is_found)
            last = s.previous;
        segment_close(&s);
    }
    free(list.at);
    return last;
}

static void look_at_bases(struct outside *o)
{
    struct base_list list = { 0 };
    struct base_head head = { 0 }, newest = { 0 };
    if (base_list_read(o->logbook, &list) != 0)
        return;
    for (size_t i = 0; i < list.n; i++) {
        if (!read_base(o->logbook, list.at[i], &head))
            outside_broken(o, "base %" PRIu64 " stands there and is not whole", list.at[i]);
        else
            newest = head;
    }
    uint64_t entry = last_gone(o->logbook), frame = last_gone(o->intake);
    if (newest.position < entry || newest.intake_took < frame)
        outside_broken(o, "the log book is kept behind entry %" PRIu64 " and the intake behind frame %" PRIu64
                       ", and the newest base stands at %" PRIu64 " and %" PRIu64, entry, frame,
                       newest.position, newest.intake_took);
    find_remembered(o, &list);
    free(list.at);
}

void files_remember_bases(struct outside *o)
{
    struct base_list list = { 0 };
    if (base_list_read(o->logbook, &list) != 0)
        return;
    for (size_t i = 0; i < list.n && o->n_bases < OUTSIDE_BASES; i++)
        if (o->n_bases == 0 || list.at[i] > o->bases[o->n_bases - 1])
            o->bases[o->n_bases++] = list.at[i];
    free(list.at);
}

void files_look(struct outside *o, const char *state, size_t segment_bytes)
{
    struct looking intake = { o, o->intake, segment_bytes }, logbook = { o, o->logbook, segment_bytes };
    char path[256];
    uint32_t epoch = 0;
    bool is_owed;
    file_list(o->intake, on_name, &intake);
    if (file_list(o->logbook, on_name, &logbook) == 0)
        look_at_bases(o);
    snprintf(path, sizeof path, "%s/epoch", state);
    if (epoch_recall(path, &epoch, &is_owed) == 0 && epoch < o->epoch_committed)
        outside_broken(o, "epoch %u was committed, and the file epoch tells of %u", o->epoch_committed, epoch);
}
