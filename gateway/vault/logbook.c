/* Appending to the log book and following it.
 *
 * Following reads the entry back from the journal although the loop has just written it: so there is
 * no second way by which an entry could reach the pipeline, and what a crash leaves behind was already
 * read once by the code that will read it again. */
#include <string.h>

#include "base/crash.h"
#include "base/err.h"
#include "vault/logbook.h"

#define FRAMES_PER_ENTRY 4096u

/* What each kind of entry is called where the process can be killed behind it. */
static const char *crash_name(uint8_t kind)
{
    switch (kind) {
    case FRAME_GENESIS:
        return "logbook.genesis";
    case FRAME_START:
        return "logbook.start";
    case FRAME_CONFIG:
        return "logbook.config";
    case FRAME_TICK:
        return "logbook.tick";
    case FRAME_LOST:
        return "logbook.lost";
    case FRAME_HOLE:
        return "logbook.hole";
    case FRAME_DROP:
        return "logbook.drop";
    case FRAME_ORDER:
        return "logbook.order";
    case FRAME_FORGET:
    case FRAME_REBUILT:
        return "logbook.forget";
    default:
        return "logbook.took";
    }
}

int logbook_append(struct journal *j, const struct entry *e)
{
    struct buffer fields = { 0 };
    entry_write(e, &fields);
    struct frame f = { .kind = e->kind, .rest = buffer_slice(&fields) };
    int rc = journal_append(j, &f);
    buffer_fini(&fields);
    if (rc == JOURNAL_FULL)
        return LOGBOOK_FULL;
    if (rc == 0)
        crash_point(crash_name(e->kind));
    return rc;
}

int logbook_take(struct journal *j, const struct journal *intake, uint64_t *took)
{
    uint64_t end = journal_end(intake);
    if (end <= *took)
        return LOGBOOK_NOTHING;
    uint64_t until = end - *took > FRAMES_PER_ENTRY ? *took + FRAMES_PER_ENTRY : end;
    int rc = logbook_append(j, &(struct entry){
        .kind = FRAME_TOOK, .intake = 0, .journal_id = journal_id(intake), .until = until });
    if (rc == 0)
        *took = until;
    return rc;
}

int logbook_follow(struct journal_reader *r, uint64_t until, struct pipeline *p,
                   struct store_batch *out, size_t batch_bytes_most)
{
    struct frame f;
    int rc;

    while (store_batch_bytes(out) <= batch_bytes_most) {
        rc = journal_read(r, until, &f);
        if (rc != 0)
            return rc == JOURNAL_END ? 0 : rc;
        struct entry e;
        if (entry_read(&f, &e) != 0)
            return err_raise(-1, "log book entry %llu cannot be read – use the version that wrote it, "
                             "or restore the log book", (unsigned long long)f.sequence);
        rc = pipeline_take(p, &e, out);
        if (rc < 0)
            return rc;
    }
    return LOGBOOK_BATCH_FULL;
}

static void note_lost(struct logbook_tail *t, const struct entry *e)
{
    if (t->n_lost == LOGBOOK_LOST_MOST)
        memmove(&t->lost[0], &t->lost[1], --t->n_lost * sizeof t->lost[0]);
    t->lost[t->n_lost++] = (struct logbook_lost){ e->journal_id, e->from, e->until };
}

static void note(struct logbook_tail *t, const struct frame *f)
{
    struct entry e;

    t->last_wall_us = frame_wall_us(f);
    if (t->entries++ == 0) {
        t->first = f->sequence;
        t->first_wall_us = t->last_wall_us;
    }
    if (entry_read(f, &e) != 0)
        return;                      /* following will tell */
    if (e.kind == FRAME_TOOK && e.intake == 0) {
        t->took = e.until;
        t->took_id = e.journal_id;
    } else if (e.kind == FRAME_LOST && e.intake == 0) {
        note_lost(t, &e);
    } else if (e.kind == FRAME_GENESIS && e.epoch_ordinal > t->epoch_ordinal) {
        t->epoch_ordinal = e.epoch_ordinal;
    }
}

static void on_gap(void *self, uint64_t from, uint64_t until)
{
    struct logbook_tail *t = self;
    t->missing += until - from + 1;
}

int logbook_survey(const char *path, uint64_t after, struct logbook_tail *out)
{
    struct journal_reader *r;
    struct frame f;

    *out = (struct logbook_tail){ 0 };
    int rc = journal_reader_open(path, after, &r);
    if (rc != 0)
        return rc == JOURNAL_ABSENT ? 0 : rc;
    journal_reader_watch(r, on_gap, out);
    while ((rc = journal_read(r, UINT64_MAX, &f)) == 0)
        note(out, &f);
    journal_reader_close(r);
    return rc == JOURNAL_END ? 0 : rc;
}
