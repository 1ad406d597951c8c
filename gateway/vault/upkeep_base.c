/* The bases of a running gateway.
 *
 * A base is due when a segment of the intake or the log book became full and committed since the last
 * one: then what is trimmed next has a base behind it. A state can be larger than what comes in while a
 * segment fills; written at each roll, bases would wear the disk more than the journal does. So a base
 * also waits until as many bytes were rolled as the last one has. After a new beginning (a HOLE, a later
 * epoch) one is due at once. All this is told from what stands on the disk, so a restart changes nothing.
 *
 * The newest base that stands there is read whole once at the start, for trimming relies on it. One that
 * is damaged is set aside, and then the one before counts. */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account/horizon.h"
#include "base/crash.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "pipeline.h"
#include "vault/upkeep_private.h"

/* What stands there. */

static void remember(struct upkeep *u, const struct base_head *head, uint64_t bytes)
{
    if (u->n_bases == u->room) {
        u->room = u->room == 0 ? 16 : 2 * u->room;
        u->bases = realloc(u->bases, u->room * sizeof *u->bases);
        if (!u->bases)
            abort();
    }
    u->bases[u->n_bases++] = (struct kept_base){ *head, bytes };
}

void upkeep_forget_base(struct upkeep *u)
{
    u->n_bases--;
    memmove(u->bases, u->bases + 1, u->n_bases * sizeof *u->bases);
}

bool upkeep_is_of_intake(const struct upkeep *u, const struct kept_base *b)
{
    return b->head.intake_id == 0 || b->head.intake_id == journal_id(u->conf.intake);
}

static bool has_ending(const char *name, const char *ending)
{
    size_t n = strlen(name), end = strlen(ending);
    return n >= end && strcmp(name + n - end, ending) == 0;
}

/* A base or an archived file that a crash left half written bears a name that no later one will. */
static void on_leftover(void *self, const char *name)
{
    char path[PATH_MAX];
    if (!has_ending(name, ".base" FILE_TEMPORARY) && !has_ending(name, ".zst" FILE_TEMPORARY))
        return;
    snprintf(path, sizeof path, "%s/%s", (const char *)self, name);
    file_remove(path);               /* not removed, it only costs its bytes */
}

static void remove_leftovers(const char *directory)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s", directory);
    file_list(path, on_leftover, path);
    snprintf(path, sizeof path, "%s/archive", directory);
    file_list(path, on_leftover, path);
}

/* One of another log book is whole, and its log book may be somewhere: it is not called damaged. */
static int set_aside(const char *path, int outcome)
{
    char aside[PATH_MAX + 16];
    bool is_foreign = outcome == 0;
    snprintf(aside, sizeof aside, "%s.%s", path, is_foreign ? "foreign" : "damaged");
    if (is_foreign)
        log_line(LOG_WARN, "base.foreign", "file=%s – it belongs to another log book; kept as NAME.foreign and "
                 "not relied on. Remove it when nobody wants that log book back", path);
    else
        log_line(LOG_ERROR, "base.damaged", "file=%s – its checksums do not hold; kept as NAME.damaged and not "
                 "relied on, another is written at the next roll; check the disk", path);
    int rc = file_rename(path, aside);
    return rc < 0 ? err_raise(rc, "base %s: cannot be set aside", path) : 0;
}

static int read_head(const char *path, bool is_whole, struct base_head *head)
{
    if (!is_whole)
        return base_peek(path, head);
    struct base_reader *r = NULL;
    int rc = base_open(path, &r, head);
    base_close(r);
    return rc;
}

/* Looks at one base. 0 when it was remembered, 1 when it was not. */
static int load_base(struct upkeep *u, uint64_t position, bool is_whole)
{
    char path[PATH_MAX];
    struct base_head head = { 0 };
    uint64_t bytes = 0;
    base_path(u->conf.logbook_path, position, path, sizeof path);
    int rc = read_head(path, is_whole, &head);
    if (rc < 0)
        return rc;
    if (rc == BASE_NEWER) {
        log_line(LOG_ERROR, "base.newer", "file=%s – written in format version %u, this program reads up "
                 "to %u; left for a newer program", path, head.version, BASE_VERSION);
        return 1;
    }
    if (rc != 0 || head.position != position || head.logbook_id != journal_id(u->conf.logbook))
        return (rc = set_aside(path, rc)) < 0 ? rc : 1;
    rc = file_size(path, &bytes);
    if (rc < 0)
        return err_raise(rc, "base %s", path);
    remember(u, &head, bytes);
    return 0;
}

static int by_position(const void *a, const void *b)
{
    const struct kept_base *x = a, *y = b;
    return (x->head.position > y->head.position) - (x->head.position < y->head.position);
}

/* From the newest on, since only the first that is sound must be read whole. A predecessor may have been
 * killed between naming a base and syncing the name, and what goes next relies on it. */
int upkeep_load_bases(struct upkeep *u)
{
    struct base_list list = { 0 };
    remove_leftovers(u->conf.logbook_path);
    remove_leftovers(u->conf.intake_path);
    u->n_bases = 0;
    int rc = file_sync_directory(u->conf.logbook_path);
    if (rc < 0)
        return err_raise(rc, "bases in %s: the directory cannot be synced", u->conf.logbook_path);
    rc = base_list_read(u->conf.logbook_path, &list);
    for (size_t i = list.n; i-- > 0 && rc >= 0;)
        rc = load_base(u, list.at[i], u->n_bases == 0);
    free(list.at);
    if (u->n_bases > 1)
        qsort(u->bases, u->n_bases, sizeof *u->bases, by_position);
    return rc < 0 ? rc : 0;
}

/* Writing one. */

/* Behind a HOLE or in a new log book no older base is of use: until there is one, a lost store would take
 * all with it that came since. */
static bool is_begun_anew(const struct upkeep *u, uint64_t position)
{
    return u->began > position && u->began <= u->position;
}

static bool is_due(const struct upkeep *u)
{
    const struct kept_base *last = u->n_bases > 0 ? &u->bases[u->n_bases - 1] : NULL;
    uint64_t position = last ? last->head.position : 0;
    if (is_begun_anew(u, position))
        return true;
    uint64_t took = last && upkeep_is_of_intake(u, last) ? last->head.intake_took : 0;
    uint64_t rolled = journal_rolled_bytes(u->conf.intake, took, u->took) +
                      journal_rolled_bytes(u->conf.logbook, position, u->position);
    return rolled > 0 && rolled >= (last ? last->bytes : 0);
}

static int fill_head(struct upkeep *u, struct store_snapshot *s, struct base_head *head)
{
    struct slice row;
    *head = (struct base_head){
        .version = BASE_VERSION,
        .logbook_id = journal_id(u->conf.logbook),
        .position = store_snapshot_position(s),
        .written_wall_us = u->now_us,
    };
    int rc = store_snapshot_get(s, STAGE_PIPELINE, slice_of(PIPELINE_TOOK_KEY), &row);
    if (rc == 0 && pipeline_read_took(row, &head->intake_id, &head->intake_took) != 0)
        return err_raise(-1, "base: the store's row %s cannot be read", PIPELINE_TOOK_KEY);
    return rc < 0 ? rc : 0;          /* absent: nothing was ever taken */
}

/* 0 at the end, 1 when stopped. */
static int write_states(struct upkeep *u, struct store_snapshot *s, struct base_writer *w)
{
    enum stage stage;
    struct slice key, value;
    struct horizon *h = horizon_new(u->conf.lateness_us);
    int rc;
    while ((rc = store_snapshot_state(s, &stage, &key, &value)) == 0 && !atomic_load(&u->must_stop)) {
        if (horizon_needs(h, stage, key, value))
            rc = base_write_row(w, (uint8_t)stage, key, value);
        if (rc != 0)
            break;
    }
    horizon_free(h);
    return rc == 0 ? 1 : rc == STORE_NONE ? 0 : rc;
}

static int write_summaries(struct upkeep *u, struct store_snapshot *s, struct base_writer *w)
{
    struct buffer key = { 0 }, value = { 0 };
    struct store_summary row;
    int rc;
    while ((rc = store_snapshot_summary(s, &row)) == 0 && !atomic_load(&u->must_stop)) {
        buffer_clear(&key);
        buffer_clear(&value);
        store_summary_write(&row, &key, &value);
        rc = base_write_row(w, BASE_SUMMARY, buffer_slice(&key), buffer_slice(&value));
        if (rc != 0)
            break;
    }
    buffer_fini(&key);
    buffer_fini(&value);
    return rc == 0 ? 1 : rc == STORE_NONE ? 0 : rc;
}

/* 0, 1 when stopped, or negative. */
static int write_all(struct upkeep *u, struct store_snapshot *s, const struct base_head *head)
{
    struct base_writer *w = NULL;
    int rc = base_write_begin(u->conf.logbook_path, head, &w);
    if (rc == 0)
        rc = write_states(u, s, w);
    if (rc == 0)
        rc = write_summaries(u, s, w);
    if (rc == 0)
        return base_write_end(w);
    base_write_abandon(w);
    return rc;
}

static int note_written(struct upkeep *u, const struct base_head *head)
{
    char path[PATH_MAX];
    uint64_t bytes = 0;
    base_path(u->conf.logbook_path, head->position, path, sizeof path);
    int rc = file_size(path, &bytes);
    if (rc < 0)
        return err_raise(rc, "base %s", path);
    remember(u, head, bytes);
    log_line(LOG_INFO, "base.written", "position=%" PRIu64 " took=%" PRIu64 " bytes=%" PRIu64 " – with the "
             "journals behind it, it stands for the store", head->position, head->intake_took, bytes);
    crash_point("base.written");
    return 0;
}

int upkeep_write_base(struct upkeep *u)
{
    struct store_snapshot *s = NULL;
    struct base_head head;
    if (!is_due(u))
        return 0;
    int rc = store_snapshot_open(u->conf.store_path, &s);
    if (rc == 0)
        rc = fill_head(u, s, &head);
    if (rc == 0)
        rc = write_all(u, s, &head);
    store_snapshot_close(s);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    return note_written(u, &head);
}
