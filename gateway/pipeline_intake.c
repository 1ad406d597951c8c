/* The intakes as the pipeline reads them, and what is missing in them.
 *
 * An entry takes frames by number. Numbers that no frame bears were lost by a power cut or by damage; the
 * reader tells of them where it passes them over, and they are kept here until a LOST entry has named
 * them. In a replay that entry stands in the log book already, and nobody asks.
 *
 * Another journal in an intake's place would give other frames the numbers of those that were taken: in
 * a replay that is refused. The running gateway cannot refuse: its vault has set aside what is foreign,
 * and knows that the frames of a journal with another id are gone; they count as a gap like any other. */
#include "base/err.h"
#include "base/log.h"
#include "pipeline_private.h"

/* Merged with the last one when there are more: it then says more than is missing, and never less. */
static void add_gap(struct pipeline *p, const struct pipeline_gap *gap)
{
    if (p->n_gaps == PIPELINE_GAPS_MOST) {
        p->gaps[p->n_gaps - 1].until = gap->until;
        return;
    }
    p->gaps[p->n_gaps++] = *gap;
}

static void on_gap(void *self, uint64_t from, uint64_t until)
{
    struct pipeline_took *t = self;
    uint64_t id = journal_reader_id(t->reader);
    if (t->is_opening && t->journal_id != id)
        return;                      /* a new journal in the place of one that is gone: not its gap */
    add_gap(t->pipeline, &(struct pipeline_gap){
        .intake = t->intake, .journal_id = id, .from = from, .until = until,
        .before_us = t->read_wall_us });
}

static int open_reader(struct pipeline *p, struct pipeline_took *t, unsigned intake)
{
    const char *path = p->conf.intakes[intake];
    if (!path)
        return err_raise(-1, "the log book names intake %u, and no directory is given for it – "
                         "name it with --intake", intake);
    int rc = journal_reader_open(path, t->until, &t->reader);
    if (rc < 0)
        return rc;
    if (rc == JOURNAL_ABSENT)
        return err_raise(-1, "intake %u: no journal in %s – the log book needs it; restore it or "
                         "name its directory", intake, path);
    poison_open(path, &t->poison);
    t->pipeline = p;
    t->intake = intake;
    t->is_opening = true;
    journal_reader_watch(t->reader, on_gap, t);
    t->is_opening = false;
    return 0;
}

int pipeline_open_intake(struct pipeline *p, const struct entry *e)
{
    struct pipeline_took *t = &p->took[e->intake];

    int rc = t->reader ? 0 : open_reader(p, t, e->intake);
    if (rc != 0 || journal_reader_id(t->reader) == e->journal_id)
        return rc;
    if (!p->conf.passes_over_gone)
        return err_raise(-1, "intake %u in %s is not the journal that the log book was written with – "
                         "restore the right one, or begin at a base behind it", e->intake,
                         p->conf.intakes[e->intake]);
    if (e->until > t->until)
        add_gap(p, &(struct pipeline_gap){ .intake = e->intake, .journal_id = e->journal_id,
                                           .from = t->until + 1, .until = e->until,
                                           .before_us = t->read_wall_us });
    return PIPELINE_GONE;
}

void pipeline_note_read(struct pipeline *p, struct pipeline_took *t, const struct frame *f)
{
    t->read_wall_us = frame_wall_us(f);
    for (size_t i = p->n_gaps; i-- > 0 && p->gaps[i].behind_us == 0;)
        if (p->gaps[i].journal_id == journal_reader_id(t->reader))
            p->gaps[i].behind_us = t->read_wall_us;
}

/* What was lost is as good as taken: nobody need look for it again. */
void pipeline_take_lost(struct pipeline *p, const struct entry *e)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n_gaps; i++)
        if (p->gaps[i].journal_id != e->journal_id || p->gaps[i].from < e->from ||
            p->gaps[i].until > e->until)
            p->gaps[n++] = p->gaps[i];
    p->n_gaps = n;
    if (e->intake >= PIPELINE_INTAKES_MOST)
        return;
    struct pipeline_took *t = &p->took[e->intake];
    if (t->journal_id == e->journal_id && e->from <= t->until + 1 && e->until > t->until) {
        t->until = e->until;
        t->is_dirty = true;
    }
}

bool pipeline_tell_gap(struct pipeline *p, struct pipeline_gap *out)
{
    for (size_t i = 0; i < p->n_gaps; i++) {
        if (p->gaps[i].is_told)
            continue;
        p->gaps[i].is_told = true;
        *out = p->gaps[i];
        return true;
    }
    return false;
}
