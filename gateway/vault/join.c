/* Bringing state and journals together.
 *
 * The state says which entry of which log book it stands at, and which frame of which intake was taken
 * last. Mostly the journals go on from there. What does not fit is found out here, before anything is
 * followed, and there are few remedies:
 *
 *   - A journal with another id is somebody else's, or of another time: it is set aside and a new one is
 *     begun.
 *   - Frames that are missing behind the state are passed over while following; LOST tells (vault/vault.c).
 *   - Entries that are missing behind a state that was rebuilt, or frames that they took: following them
 *     would give other summaries than those that left under the same ids. So nothing of it is followed.
 *     The state stands at the end of the log book, and a new epoch begins there, with a HOLE: what came
 *     before is not wholly known. Frames behind those that the state took are taken anew.
 *   - A log book that is gone behind a state that is whole costs nothing but the epoch: its entries only
 *     repeated what the intake holds, and nothing that they brought about had left.
 *
 * A store that was rebuilt without a gap begins a new epoch as well, behind the replayed end: what came
 * before has its old ids, and nobody need rely on it that the rebuilding was perfect. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/aside.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "vault/epoch.h"
#include "vault/inside.h"
#include "vault/vault.h"

static int open_journal(const struct vault *v, const char *path, uint64_t committed, uint64_t at_least,
                        struct journal **out, struct journal_opening *opening)
{
    struct journal_conf conf = { .path = path, .segment_bytes = v->conf->journal.segment_bytes };
    int rc = journal_open(&conf, committed, at_least, out, opening);
    if (rc == 0 && opening->torn_bytes > 0)
        log_line(LOG_INFO, "journal.cut", "journal=%s last=%" PRIu64 " torn=%" PRIu64 " bytes – the tail of "
                 "a write that a crash cut short was removed; %s", path, opening->last,
                 opening->torn_bytes, opening->last < committed
                 ? "frames that were committed stood there, so this is damage and no crash alone: check "
                   "the disk"
                 : "under durability: power, or if only the gateway was killed, none of it had been "
                   "acknowledged");
    return rc;
}

/* A journal that is not ours goes out of the way, directory and all, and a new one is begun. */
static int replace_journal(const struct vault *v, const char *path, uint64_t expected, uint64_t at_least,
                           struct journal **j, struct journal_opening *opening)
{
    uint64_t found = journal_id(*j);
    char *name = NULL;

    journal_close(*j);
    *j = NULL;
    int rc = aside_put(path, &name);
    if (rc < 0)
        return err_raise(rc, "journal %s: is not the one that the store was written with, and cannot be set "
                         "aside – move it away", path);
    log_line(LOG_ERROR, "journal.foreign", "journal=%s id=%016" PRIx64 " expected=%016" PRIx64 " kept_as=%s "
             "– it is not the journal that the store was written with; a new one is begun. If the right "
             "one is at hand, stop the gateway and put state directory and journals back together", path,
             found, expected, name);
    free(name);
    return open_journal(v, path, 0, at_least, j, opening);
}

/* What is not wholly known; the first reason is the one that is told. */
__attribute__((format(printf, 2, 3)))
static void note_hole(struct vault *v, const char *format, ...)
{
    if (v->hole.size > 0)
        return;
    va_list args;
    char text[512];
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    buffer_print(&v->hole, "%s", text);
}

/* The log book behind the state cannot be followed: the state stands at its end. */
static void stand_at_end(struct vault *v)
{
    pipeline_stand_at(v->pipeline, journal_id(v->logbook), journal_end(v->logbook));
    v->wants_epoch = true;
}

/* The log book. */

int vault_open_logbook(struct vault *v)
{
    struct journal_opening opening;
    uint64_t position = v->store ? store_position(v->store) : 0;

    int rc = open_journal(v, v->places.logbook, position, position, &v->logbook, &opening);
    if (rc != 0)
        return rc;
    v->logbook_first = opening.first > 0 ? opening.first : opening.last + 1;
    v->is_logbook_new = opening.is_new;
    return 0;
}

static int replace_logbook(struct vault *v, uint64_t expected)
{
    struct journal_opening opening;
    int rc = replace_journal(v, v->places.logbook, expected, 0, &v->logbook, &opening);
    v->logbook_first = 1;
    v->is_logbook_new = true;
    return rc;
}

static void tell_logbook_gone(uint64_t position)
{
    log_line(LOG_ERROR, "logbook.gone", "entries_behind=%" PRIu64 " – the log book that the store was "
             "written with is not there any more; a new one begins, in a new epoch. No reading is missing: "
             "what the store has not taken, the intake still holds", position);
}

/* Entries between what the state knows and what is kept. */
static void note_entries_missing(struct vault *v, uint64_t position)
{
    char from[32] = "unknown", until[32] = "unknown";
    if (pipeline_wall_us(v->pipeline) != 0)
        time_print(pipeline_wall_us(v->pipeline), from);
    if (v->tail.last_wall_us != 0)
        time_print(v->tail.last_wall_us, until);
    note_hole(v, "the log book is not whole behind entry %" PRIu64 ": it begins at entry %" PRIu64 " and "
              "%" PRIu64 " numbers are missing; what happened from %s to %s is not wholly known", position,
              v->logbook_first, v->tail.missing, from, until);
    stand_at_end(v);
}

/* What is missing before the store's position harms no reading, and is found by nobody until the journals
 * are needed: so it is said. Behind the oldest base everything should be there, and without one from the
 * first entry on. */
static void tell_entries_missing(const struct vault *v, uint64_t position)
{
    struct base_list bases = { 0 };
    uint64_t first, last;
    base_list_read(v->places.logbook, &bases);       /* what cannot be listed was told */
    uint64_t after = bases.n > 0 ? bases.at[0] : 0;
    free(bases.at);
    if (journal_missing(v->logbook, after, position, &first, &last))
        log_line(LOG_ERROR, "logbook.missing", "from=%" PRIu64 " to=%" PRIu64 " store_at=%" PRIu64 " – segments "
                 "of the log book with these entries are damaged or gone. No reading is missing and the store is "
                 "whole; but no replay gives that time again, and a store that is lost now can only be made of "
                 "a base behind them. Put the segments back from a backup if one has them", first, last,
                 position);
}

/* Where a backup was restored, or where a kill came between drawing an ordinal and saying its GENESIS. */
static bool is_epoch_owed(const struct vault *v)
{
    return v->owes_epoch || (v->known_ordinal > pipeline_epoch_ordinal(v->pipeline) &&
                             v->known_ordinal > v->tail.epoch_ordinal);
}

int vault_join_logbook(struct vault *v)
{
    uint64_t known = pipeline_logbook(v->pipeline), position = store_position(v->store);
    int rc = 0;

    if (known != 0 && known != journal_id(v->logbook) && !v->is_logbook_new)
        rc = replace_logbook(v, known);
    bool is_other = v->is_logbook_new || (known != 0 && known != journal_id(v->logbook));
    uint64_t from = is_other ? journal_end(v->logbook) : position;
    if (rc == 0)
        rc = logbook_survey(v->places.logbook, from, &v->tail);
    if (rc != 0)
        return rc;

    pipeline_stand_at(v->pipeline, journal_id(v->logbook), from);
    if (is_other && position > 0) {
        tell_logbook_gone(position);
        v->wants_epoch = true;
    } else if (!is_other && (v->logbook_first > from + 1 || (v->is_store_lost && v->tail.missing > 0))) {
        note_entries_missing(v, position);
    } else if (!is_other) {
        tell_entries_missing(v, position);
    }
    bool is_rebuilt = v->is_store_lost && v->tail.entries > 0;
    bool is_first = pipeline_epoch_ordinal(v->pipeline) == 0 && v->tail.epoch_ordinal == 0;
    v->wants_epoch = v->wants_epoch || is_rebuilt || is_first || is_epoch_owed(v);
    return 0;
}

/* The intake. */

struct walk {
    struct vault *vault;
    const struct logbook_tail *tail;
    uint64_t journal_id, most;
    uint64_t from, until, missing;   /* the numbers that nothing explains */
};

/* What was said to be lost when it was lost was not counted then either. */
static void on_gap(void *self, uint64_t from, uint64_t until)
{
    struct walk *w = self;
    if (from > w->most)
        return;
    for (size_t i = 0; i < w->tail->n_lost; i++) {
        const struct logbook_lost *l = &w->tail->lost[i];
        if (l->journal_id == w->journal_id && l->from <= from && until <= l->until)
            return;
    }
    if (w->vault->n_gaps < VAULT_GAPS_MOST)
        w->vault->gaps[w->vault->n_gaps++] = from;
    w->from = w->missing == 0 ? from : w->from;
    w->until = until;
    w->missing += until - from + 1;
}

/* Whether all frames that the tail took behind the state are there: a walk through them, which only a
 * rebuilt state is worth. */
static int walk_intake(struct vault *v, struct walk *w)
{
    struct journal_reader *r;
    struct frame f;
    int rc = journal_reader_open(v->places.intake, pipeline_took(v->pipeline, 0), &r);
    if (rc != 0)
        return rc == JOURNAL_ABSENT ? 0 : rc;
    journal_reader_watch(r, on_gap, w);
    while ((rc = journal_read(r, w->most, &f)) == 0)
        ;
    journal_reader_close(r);
    return rc == JOURNAL_END ? 0 : rc;
}

static void note_frames_missing(struct vault *v, const struct walk *w)
{
    char from[32] = "unknown", until[32] = "unknown";
    if (pipeline_wall_us(v->pipeline) != 0)
        time_print(pipeline_wall_us(v->pipeline), from);
    if (v->tail.last_wall_us != 0)
        time_print(v->tail.last_wall_us, until);
    note_hole(v, "%" PRIu64 " messages at most are gone, frames %" PRIu64 " to %" PRIu64 " of the intake, "
              "taken between %s and %s", w->missing, w->from, w->until, from, until);
    stand_at_end(v);
}

static int check_rebuilt(struct vault *v, uint64_t most)
{
    struct walk w = { .vault = v, .tail = &v->tail, .journal_id = journal_id(v->intake), .most = most };
    int rc = walk_intake(v, &w);
    if (rc == 0 && w.missing > 0)
        note_frames_missing(v, &w);
    return rc;
}

static void note_intake_gone(struct vault *v, uint64_t took, uint64_t most)
{
    char since[32] = "unknown";
    if (pipeline_wall_us(v->pipeline) != 0)
        time_print(pipeline_wall_us(v->pipeline), since);
    note_hole(v, "the intake is gone: frames %" PRIu64 " to %" PRIu64 " and whatever was acknowledged behind "
              "them, since %s, is lost; its numbers go on behind %" PRIu64, took + 1,
              most > took ? most : took + 1, since, most);
}

/* What is kept begins behind what the state took. */
static void note_begins_late(struct vault *v, uint64_t took, uint64_t first)
{
    struct walk w = { .from = took + 1, .until = first - 1, .missing = first - 1 - took };
    note_frames_missing(v, &w);
}

int vault_open_intake(struct vault *v)
{
    struct journal_opening opening;
    uint64_t took = pipeline_took(v->pipeline, 0);
    uint64_t most = v->tail.took > took ? v->tail.took : took;
    uint64_t expected = v->tail.took_id != 0 ? v->tail.took_id : pipeline_took_id(v->pipeline, 0);

    int rc = open_journal(v, v->places.intake, took, most, &v->intake, &opening);
    if (rc == 0 && !opening.is_new && expected != 0 && expected != journal_id(v->intake))
        rc = replace_journal(v, v->places.intake, expected, most, &v->intake, &opening);
    if (rc != 0)
        return rc;

    uint64_t first = opening.first > 0 ? opening.first : most + 1;
    if (expected != 0 && expected != journal_id(v->intake))
        note_intake_gone(v, took, most);
    else if (first > took + 1)
        note_begins_late(v, took, first);
    else if (v->is_store_lost && !opening.is_new)
        rc = check_rebuilt(v, most);
    return rc;
}

/* The beginning. */

int vault_say_genesis(struct vault *v)
{
    uint32_t ordinal = pipeline_epoch_ordinal(v->pipeline);
    if (v->tail.epoch_ordinal > ordinal)
        ordinal = v->tail.epoch_ordinal;
    if (v->known_ordinal > ordinal)
        ordinal = v->known_ordinal;
    v->known_ordinal = ordinal + 1;

    int rc = epoch_remember(v->places.epoch, v->known_ordinal);
    if (rc != 0)
        return rc;
    if (ordinal > 0)
        log_line(LOG_WARN, "epoch.begun", "epoch=%" PRIu32 " – summaries count from 1 again and carry it; for "
                 "a window that came before, a consumer keeps the one of the higher epoch",
                 v->known_ordinal);
    v->has_new_epoch = true;
    return logbook_append(v->logbook, &(struct entry){
        .kind = FRAME_GENESIS,
        .gateway_epoch = clock_random_u64(),
        .epoch_ordinal = v->known_ordinal,
        .gateway_id = slice_of(v->conf->plan.gateway_id),
    });
}

static int say_hole(struct vault *v)
{
    log_line(LOG_ERROR, "vault.hole", "– %.*s. Windows that may lack something are told and not published",
             (int)v->hole.size, (const char *)v->hole.at);
    return logbook_append(v->logbook, &(struct entry){
        .kind = FRAME_HOLE, .why = buffer_slice(&v->hole) });
}

/* Frames that are missing now were counted once, and the window they belong to was published with them.
 * Taking goes up to each such place, and a HOLE stands there, so that the window is not published anew
 * without them. Behind the configuration, which taking needs. */
int vault_say_gaps(struct vault *v)
{
    int rc = 0;
    for (size_t i = 0; i < v->n_gaps && rc == 0; i++) {
        if (v->gaps[i] > pipeline_took(v->pipeline, 0) + 1)
            rc = logbook_append(v->logbook, &(struct entry){
                .kind = FRAME_TOOK, .journal_id = journal_id(v->intake), .until = v->gaps[i] - 1 });
        if (rc == 0)
            rc = logbook_append(v->logbook, &(struct entry){
                .kind = FRAME_HOLE, .why = buffer_slice(&v->hole) });
    }
    v->n_gaps = 0;
    return rc;
}

int vault_say_beginning(struct vault *v)
{
    int rc = v->wants_epoch ? vault_say_genesis(v) : 0;
    if (rc == 0 && v->hole.size > 0)
        rc = say_hole(v);
    if (rc != 0)
        return rc;
    return journal_reader_open(v->places.logbook, pipeline_position(v->pipeline), &v->follower);
}
