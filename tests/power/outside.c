/* What is promised, and how it is looked for.
 *
 * With `power`, every message that was acknowledged is there. With `process`, what is not there any more
 * was acknowledged behind the last sync. Every frame that an entry of the log book names and that is gone
 * is told by a LOST entry, which names no frame that is there; and a number that an entry named is never
 * given to another frame. What was published under a number never changes, and the numbers have no hole.
 * At the end every window has the exact total of the messages that were kept, each counted once.
 *
 * The value of a message is a whole number of Wh and its time a minute of its own point, so that the
 * totals can be reckoned here in integers and in a few lines. */
#include "outside.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/archive.h"
#include "journal/journal.h"
#include "journal/segment.h"
#include "model/frame.h"
#include "reading.pb-c.h"
#include "summary.pb-c.h"

#define BEGIN_MS INT64_C(1514764800000)      /* 2018-01-01T00:00:00Z */
#define MINUTE_MS INT64_C(60000)
#define POINTS 3u
#define WINDOWS_MOST (OUTSIDE_MESSAGES / POINTS + 2)

void outside_init(struct outside *o, bool is_power, const char *intake, const char *logbook)
{
    memset(o, 0, sizeof *o);
    o->is_power = is_power;
    o->most_epochs = 1;
    o->intake = intake;
    o->logbook = logbook;
}

void outside_fini(struct outside *o)
{
    for (size_t e = 0; e < OUTSIDE_EPOCHS; e++) {
        for (size_t i = 0; i < OUTSIDE_SUMMARIES; i++) {
            buffer_fini(&o->epochs[e].payloads[i]);
            free(o->epochs[e].ids[i]);
        }
    }
}

void outside_broken(struct outside *o, const char *format, ...)
{
    if (o->broken[0] != '\0')
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(o->broken, sizeof o->broken, format, args);
    va_end(args);
}

/* Messages. */

static int64_t watt_hours(uint32_t serial)
{
    return 125 * (int64_t)(serial * 37u % 1000u + 1u);
}

static uint32_t minute_of(uint32_t serial)
{
    return serial / POINTS;
}

/* The padding is a field of a later version: tolerated, and carried by the journal. */
static void put_padding(struct buffer *out, size_t n)
{
    static const uint8_t tag[] = { 0xfa, 0x3f };             /* field 1023, bytes */
    buffer_put(out, tag, sizeof tag);
    uint8_t size[5];
    size_t digits = 0;
    for (size_t rest = n;; rest >>= 7) {
        size[digits++] = (uint8_t)((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
        if (rest <= 0x7f)
            break;
    }
    buffer_put(out, size, digits);
    memset(buffer_extend(out, n), 'p', n);
}

void outside_write(uint32_t serial, size_t padding, struct buffer *out)
{
    static char *const points[POINTS] = { (char *)"a", (char *)"b", (char *)"c" };
    Carbon__V1__Reading r = CARBON__V1__READING__INIT;
    r.point = points[serial % POINTS];
    r.time_unix_ms = BEGIN_MS + (minute_of(serial) + 1) * MINUTE_MS;
    r.value = (double)watt_hours(serial) / 1000;
    r.boot_id = 1;
    r.sequence = serial + 1;
    uint8_t *at = buffer_extend(out, carbon__v1__reading__get_packed_size(&r));
    carbon__v1__reading__pack(&r, at);
    if (padding > 0)
        put_padding(out, padding);
}

static int64_t serial_in(const struct frame *f)
{
    Carbon__V1__Reading *r = carbon__v1__reading__unpack(NULL, f->rest.size, f->rest.at);
    int64_t serial = r == NULL ? -1 : (int64_t)r->sequence - 1;
    if (r != NULL)
        carbon__v1__reading__free_unpacked(r, NULL);
    return serial;
}

/* Numbers behind the end that were given out before are of frames that are gone: they may come again,
 * unless an entry named them. */
void outside_numbered(struct outside *o, uint32_t serial, uint64_t end_before, uint64_t number)
{
    if (number <= o->most_named)
        outside_broken(o, "message %u got number %llu, and an entry had named that one before", serial,
                       (unsigned long long)number);
    while (o->n_given > 0 && o->given[o->n_given - 1].number > end_before)
        o->n_given--;
    if (o->n_given == OUTSIDE_FRAMES)
        abort();
    if (number > o->given_most)
        o->given_most = number;
    o->given[o->n_given++] = (struct given){ .number = number, .serial = serial };
}

void outside_acknowledged(struct outside *o, uint32_t serial)
{
    o->messages[serial].is_acknowledged = true;
    o->messages[serial].is_kept = true;
    o->messages[serial].is_lost = false;
}

/* Summaries. */

/* The same number, the same summary. */
static void compare_summary(struct outside *o, const struct outside_epoch *e, const struct store_summary *s)
{
    uint64_t n = s->sequence;
    if (e->is_forgotten[n])
        outside_broken(o, "summary %u/%llu came again after its acknowledgement was committed",
                       s->epoch_ordinal, (unsigned long long)n);
    if (strcmp(e->ids[n], s->id) != 0 || !slice_equal(buffer_slice(&e->payloads[n]), s->payload))
        outside_broken(o, "summary %u/%llu was %s and is now %s with other bytes", s->epoch_ordinal,
                       (unsigned long long)n, e->ids[n], s->id);
}

static uint32_t epochs_begun(const struct outside *o)
{
    uint32_t n = 0;
    for (size_t e = 0; e < OUTSIDE_EPOCHS; e++)
        n += o->epochs[e].last_sequence > 0;
    return n;
}

void outside_received(struct outside *o, const struct store_summary *s)
{
    uint64_t n = s->sequence;
    if (s->epoch_ordinal == 0 || s->epoch_ordinal >= OUTSIDE_EPOCHS) {
        outside_broken(o, "epoch %u after so few losses", s->epoch_ordinal);
        return;
    }
    struct outside_epoch *e = &o->epochs[s->epoch_ordinal];
    if (e->last_sequence == 0 && epochs_begun(o) == o->most_epochs)
        outside_broken(o, "epoch %u begins: a store that is whole was taken for lost", s->epoch_ordinal);
    if (n == 0 || n > e->last_sequence + 1 || n >= OUTSIDE_SUMMARIES) {
        outside_broken(o, "summary %u/%llu came behind %llu: a hole", s->epoch_ordinal,
                       (unsigned long long)n, (unsigned long long)e->last_sequence);
        return;
    }
    if (n <= e->last_sequence) {
        compare_summary(o, e, s);
        return;
    }
    e->last_sequence = n;
    e->ids[n] = strdup(s->id);
    buffer_put(&e->payloads[n], s->payload.at, s->payload.size);
}

void outside_forgotten(struct outside *o, uint32_t epoch_ordinal, uint64_t sequence)
{
    o->epochs[epoch_ordinal].is_forgotten[sequence] = true;
}

void outside_lost_store(struct outside *o)
{
    o->most_epochs++;
    for (size_t e = 0; e < OUTSIDE_EPOCHS; e++)
        memset(o->epochs[e].is_forgotten, 0, sizeof o->epochs[e].is_forgotten);
}

uint64_t outside_summaries(const struct outside *o)
{
    uint64_t n = 0;
    for (size_t e = 0; e < OUTSIDE_EPOCHS; e++)
        n += o->epochs[e].last_sequence;
    return n;
}

/* Behind a cut. */

static struct given *given_as(struct outside *o, uint64_t number)
{
    for (size_t i = o->n_given; i-- > 0;)
        if (o->given[i].number == number)
            return &o->given[i];
    return NULL;
}

static void find_frame(struct outside *o, const struct frame *f)
{
    struct given *g = given_as(o, f->sequence);
    if (g == NULL || g->is_gone || serial_in(f) != g->serial)
        outside_broken(o, "frame %llu is there and was never given out, or gone, or to another message",
                       (unsigned long long)f->sequence);
    else
        g->is_found = true;
}

/* Every frame that is whole. A reader would not do: at a hole it waits for what may come yet. */
static void find_frames_in(struct outside *o, const struct segment *s)
{
    struct frame f;
    size_t at = SEGMENT_FRAMES_AT, size;
    for (uint64_t n = s->first; n > 0; n++, at += size) {
        size = segment_check(s, at, n);
        if (size == 0)
            n = segment_seek(s, at, n, &at);
        if (n == 0)
            break;
        size = segment_check(s, at, n);
        segment_frame(s, at, &f);
        if (f.kind != FRAME_CLOCK)
            find_frame(o, &f);
    }
}

/* Of a journal and its archive. Whole lives have no segment that a look finds damaged in the archive. */
static void each_segment(struct outside *o, const char *path,
                         void (*on_segment)(struct outside *o, const struct segment *s))
{
    struct segment_list list = { 0 };
    if (segment_list_read(path, &list) == 0)
        archive_list_segments(path, &list);
    for (size_t i = 0; i < list.n; i++) {
        struct segment s = { 0 };
        if (list.at[i].is_set_aside)
            continue;
        int rc = list.at[i].is_archived ? archive_segment_open(path, list.at[i].ordinal, &s)
                                        : segment_open(path, list.at[i].ordinal, false, &s);
        if (rc == 0)
            on_segment(o, &s);
        else if (list.at[i].is_archived)
            outside_broken(o, "%s/archive: segment %llu was archived, its original is gone, and it cannot "
                           "be read back", path, (unsigned long long)list.at[i].ordinal);
        segment_close(&s);
    }
    free(list.at);
}

/* What was trimmed to nowhere. Its going may be forgotten, segment by segment. */
static bool was_trimmed(const struct outside *o, uint64_t number)
{
    return !o->has_archive && number < o->trimmed;
}

/* Lost is a message when every frame of it is. */
static bool is_anywhere(const struct outside *o, uint32_t serial, uint64_t *number)
{
    bool is_there = false;
    for (size_t i = 0; i < o->n_given; i++) {
        if (o->given[i].serial != serial)
            continue;
        *number = o->given[i].number;
        is_there = is_there || !o->given[i].is_gone;
    }
    return is_there;
}

static void miss(struct outside *o, uint32_t serial, uint64_t number)
{
    if (o->is_power)
        outside_broken(o, "message %u was acknowledged as frame %llu, and a power cut took it", serial,
                       (unsigned long long)number);
    else if (number <= o->within_bound)
        outside_broken(o, "message %u was acknowledged as frame %llu before the last sync up to %llu, and "
                       "a power cut took it", serial, (unsigned long long)number,
                       (unsigned long long)o->within_bound);
    o->messages[serial].is_lost = true;
    o->lost++;
}

/* Entries that nothing was committed of may go in a cut, and leave others behind them. Such a gap stays. */
static bool is_known_gap(struct outside *o, uint64_t first)
{
    for (size_t i = 0; i < o->n_gaps; i++)
        if (o->gaps[i] == first)
            return true;
    bool may_be = first > o->committed_position && o->n_gaps < OUTSIDE_GAPS;
    if (may_be)
        o->gaps[o->n_gaps++] = first;
    return may_be;
}

/* Of the log book, segment by segment. With an archive it is there from its first entry on. */
static void note_last_entry(struct outside *o, const struct segment *s)
{
    struct segment_scan scan = segment_scan(s);
    if (o->has_archive && s->previous != o->last_entry && !is_known_gap(o, o->last_entry + 1))
        outside_broken(o, "a segment of the log book goes on behind entry %llu, and the one before ends at "
                       "%llu", (unsigned long long)s->previous, (unsigned long long)o->last_entry);
    if (scan.missing > 0 && !is_known_gap(o, scan.missing_first))
        outside_broken(o, "the store was committed up to entry %llu, and entry %llu is gone",
                       (unsigned long long)o->committed_position, (unsigned long long)scan.missing_first);
    if (scan.last > o->last_entry)
        o->last_entry = scan.last;
}

void outside_committed(struct outside *o, uint64_t position, uint64_t took, uint32_t epoch_ordinal)
{
    o->committed_position = position;
    o->committed = took;
    o->epoch_committed = epoch_ordinal;
    if (took > o->most_named)
        o->most_named = took;
}

/* The store is never ahead of the log book, nor of the intake: what a committed state follows from is
 * there to be read. */
static void look_behind_store(struct outside *o)
{
    o->last_entry = 0;
    each_segment(o, o->logbook, note_last_entry);
    if (o->last_entry < o->committed_position)
        outside_broken(o, "the store was committed up to entry %llu, and the log book ends at %llu",
                       (unsigned long long)o->committed_position, (unsigned long long)o->last_entry);
    for (size_t i = 0; i < o->n_given; i++)
        if (!o->given[i].is_found && !o->given[i].is_gone && o->given[i].number <= o->committed &&
            !was_trimmed(o, o->given[i].number))
            outside_broken(o, "the store was committed up to frame %llu, and frame %llu is gone",
                           (unsigned long long)o->committed, (unsigned long long)o->given[i].number);
}

void outside_look(struct outside *o)
{
    for (size_t i = 0; i < o->n_given; i++)
        o->given[i].is_found = false;
    each_segment(o, o->intake, find_frames_in);
    look_behind_store(o);
    for (size_t i = 0; i < o->n_given; i++)
        if (!o->given[i].is_found && !was_trimmed(o, o->given[i].number))
            o->given[i].is_gone = true;
    for (uint32_t i = 0; i < o->n_messages; i++) {
        struct message *m = &o->messages[i];
        uint64_t number = 0;
        m->is_kept = is_anywhere(o, i, &number);
        if (m->is_acknowledged && !m->is_kept && !m->is_lost)
            miss(o, i, number);
    }
}

struct told {
    uint64_t from, until;
};

static bool is_told(const struct told *told, size_t n, uint64_t number)
{
    for (size_t i = 0; i < n; i++)
        if (told[i].from <= number && number <= told[i].until)
            return true;
    return false;
}

/* What was told once is not looked for again: its LOST entry may be trimmed. */
static void compare_lost(struct outside *o, const struct told *told, size_t n)
{
    for (size_t i = 0; i < o->n_given; i++) {
        struct given *g = &o->given[i];
        if (is_told(told, n, g->number) && g->is_found)
            outside_broken(o, "frame %llu is told as lost and is there", (unsigned long long)g->number);
        if (g->is_gone && !g->is_told && g->number > o->hole.number && !is_told(told, n, g->number) &&
            g->number <= o->most_named)
            outside_broken(o, "frame %llu was named by an entry, is gone, and no LOST entry tells it",
                           (unsigned long long)g->number);
        g->is_told = g->is_told || is_told(told, n, g->number);
    }
}

/* With `process` a cut may take frames that a lost store had counted. With `power` it takes at most entries
 * behind the last commit (what is before is looked at by itself), and only a store that is lost as well
 * makes a HOLE of those: nobody can tell any more that nothing had come of them. */
static void note_hole(struct outside *o, uint64_t entry)
{
    if (o->is_power && o->most_epochs == 1)
        outside_broken(o, "entry %llu is a HOLE, and nothing may be gone", (unsigned long long)entry);
    if (entry > o->hole.entry)
        o->hole = (struct outside_hole){ entry, o->given_most,
                                         o->n_messages == 0 ? 0 : minute_of(o->n_messages - 1) + 1 };
}

void outside_compare(struct outside *o)
{
    struct journal_reader *r = NULL;
    struct told told[256];
    struct frame f;
    size_t n = 0;
    o->most_named = o->committed;    /* entries may be gone as well, and what they named with them */
    if (journal_reader_open(o->logbook, 0, &r) != 0)
        return;
    while (journal_read(r, UINT64_MAX, &f) == 0) {
        struct entry e;
        if (entry_read(&f, &e) != 0)
            continue;
        if ((e.kind == FRAME_TOOK || e.kind == FRAME_LOST) && e.until > o->most_named)
            o->most_named = e.until;
        if (e.kind == FRAME_HOLE)
            note_hole(o, f.sequence);
        if (e.kind == FRAME_LOST && n < sizeof told / sizeof *told)
            told[n++] = (struct told){ e.from, e.until };
    }
    journal_reader_close(r);
    compare_lost(o, told, n);
}

/* The end. */

struct windows {
    int64_t expected[WINDOWS_MOST], got[WINDOWS_MOST];
    uint32_t revision[WINDOWS_MOST], epoch[WINDOWS_MOST];
};

static void take_window(struct outside *o, struct windows *w, int64_t length_ms,
                        const Carbon__V1__SiteSummary *s)
{
    int64_t at = (s->start_unix_ms - BEGIN_MS) / length_ms;
    if (at < 0 || at >= (int64_t)WINDOWS_MOST || s->n_streams != 1) {
        outside_broken(o, "summary %s is of a window that nobody measured", s->id);
        return;
    }
    /* Behind a HOLE the new epoch counts on from what a base knew, or from nothing. */
    bool begins_anew = o->hole.entry > 0 && s->epoch_ordinal > w->epoch[at] &&
                       s->revision <= w->revision[at];
    if (s->revision != w->revision[at] + 1 && !begins_anew)
        outside_broken(o, "summary %s: revision %u behind %u", s->id, s->revision, w->revision[at]);
    const Carbon__V1__Amount *a = s->streams[0]->activity;
    w->revision[at] = s->revision;
    w->epoch[at] = s->epoch_ordinal;
    w->got[at] = a == NULL ? 0 : a->whole;
}

static void gather(struct outside *o, const struct outside_epoch *e, struct windows *w,
                   Carbon__V1__Period period, int64_t length_ms)
{
    for (uint64_t n = 1; n <= e->last_sequence; n++) {
        Carbon__V1__SiteSummary *s =
            carbon__v1__site_summary__unpack(NULL, e->payloads[n].size, e->payloads[n].at);
        if (s == NULL)
            outside_broken(o, "summary %s cannot be decoded", e->ids[n]);
        else if (s->period == period)
            take_window(o, w, length_ms, s);
        if (s != NULL)
            carbon__v1__site_summary__free_unpacked(s, NULL);
    }
}

static bool is_withheld(const struct outside *o, size_t window, int64_t length_ms)
{
    return o->hole.entry > 0 && (int64_t)window * length_ms < o->hole.minute * MINUTE_MS;
}

static void add_up_period(struct outside *o, const char *name, Carbon__V1__Period period,
                          int64_t length_ms)
{
    struct windows *w = calloc(1, sizeof *w);
    if (w == NULL)
        abort();
    for (uint32_t i = 0; i < o->n_messages; i++)
        if (o->messages[i].is_kept)
            w->expected[minute_of(i) * MINUTE_MS / length_ms] += watt_hours(i);
    for (size_t e = 1; e < OUTSIDE_EPOCHS; e++)
        gather(o, &o->epochs[e], w, period, length_ms);
    for (size_t i = 0; i < WINDOWS_MOST; i++)
        if (w->expected[i] != w->got[i] && !(w->revision[i] == 0 && is_withheld(o, i, length_ms)))
            outside_broken(o, "window %s %zu: %lld Wh were kept, %lld Wh were published", name, i,
                           (long long)w->expected[i], (long long)w->got[i]);
    free(w);
}

void outside_add_up(struct outside *o, const struct ledger_row *site)
{
    uint64_t kept = 0;
    for (uint32_t i = 0; i < o->n_messages; i++)
        kept += o->messages[i].is_kept;
    uint64_t counted = site->by_verdict[VERDICT_COUNTED];
    if (counted != kept || site->received != counted + site->by_verdict[VERDICT_DUPLICATE])
        outside_broken(o, "%llu messages were kept; received %llu, counted %llu, duplicate %llu",
                       (unsigned long long)kept, (unsigned long long)site->received,
                       (unsigned long long)counted,
                       (unsigned long long)site->by_verdict[VERDICT_DUPLICATE]);
    add_up_period(o, "1min", CARBON__V1__PERIOD__PERIOD_MINUTE, MINUTE_MS);
    add_up_period(o, "15min", CARBON__V1__PERIOD__PERIOD_QUARTER_HOUR, 15 * MINUTE_MS);
    add_up_period(o, "hour", CARBON__V1__PERIOD__PERIOD_HOUR, 60 * MINUTE_MS);
}
