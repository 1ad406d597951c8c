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
    o->intake = intake;
    o->logbook = logbook;
}

void outside_fini(struct outside *o)
{
    for (size_t i = 0; i < OUTSIDE_SUMMARIES; i++) {
        buffer_fini(&o->payloads[i]);
        free(o->ids[i]);
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
    o->given[o->n_given++] = (struct given){ .number = number, .serial = serial };
}

void outside_acknowledged(struct outside *o, uint32_t serial)
{
    o->messages[serial].is_acknowledged = true;
    o->messages[serial].is_kept = true;
    o->messages[serial].is_lost = false;
}

/* Summaries. */

void outside_received(struct outside *o, const struct store_summary *s)
{
    uint64_t n = s->sequence;
    o->sent++;
    if (o->last_sequence > 0 && s->epoch_ordinal != o->epoch_ordinal)
        outside_broken(o, "epoch %u after epoch %u: the store was taken for lost", s->epoch_ordinal,
                       o->epoch_ordinal);
    if (n == 0 || n > o->last_sequence + 1 || n >= OUTSIDE_SUMMARIES) {
        outside_broken(o, "summary %llu came behind %llu: a hole", (unsigned long long)n,
                       (unsigned long long)o->last_sequence);
        return;
    }
    if (o->is_forgotten[n])
        outside_broken(o, "summary %llu came again after its acknowledgement was committed",
                       (unsigned long long)n);
    o->epoch_ordinal = s->epoch_ordinal;
    if (n == o->last_sequence + 1) {
        o->last_sequence = n;
        o->ids[n] = strdup(s->id);
        buffer_put(&o->payloads[n], s->payload.at, s->payload.size);
    } else if (strcmp(o->ids[n], s->id) != 0 ||
               !slice_equal(buffer_slice(&o->payloads[n]), s->payload)) {
        outside_broken(o, "summary %llu was %s and is now %s with other bytes",
                       (unsigned long long)n, o->ids[n], s->id);
    }
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
static void find_frames_in(struct outside *o, uint64_t ordinal)
{
    struct segment s = { 0 };
    struct frame f;
    size_t at = SEGMENT_FRAMES_AT, size;
    if (segment_open(o->intake, ordinal, false, &s) == 0) {
        for (uint64_t n = s.first; n > 0; n++, at += size) {
            size = segment_check(&s, at, n);
            if (size == 0)
                n = segment_seek(&s, at, n, &at);
            if (n == 0)
                break;
            size = segment_check(&s, at, n);
            segment_frame(&s, at, &f);
            if (f.kind != FRAME_CLOCK)
                find_frame(o, &f);
        }
    }
    segment_close(&s);
}

static void find_frames(struct outside *o)
{
    struct segment_list list = { 0 };
    for (size_t i = 0; i < o->n_given; i++)
        o->given[i].is_found = false;
    if (segment_list_read(o->intake, &list) == 0)
        for (size_t i = 0; i < list.n; i++)
            if (!list.at[i].is_set_aside)
                find_frames_in(o, list.at[i].ordinal);
    free(list.at);
}

/* A removal may be forgotten by itself, so of what was committed any segment may be missing. */
static bool was_trimmed(const struct outside *o, uint64_t number)
{
    return o->is_trimmed && number <= o->committed;
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

/* The store is never ahead of the log book: what a committed state follows from is there to be read. */
static void look_at_position(struct outside *o)
{
    struct segment_list list = { 0 };
    uint64_t last = 0;
    if (o->committed_position == 0 || segment_list_read(o->logbook, &list) != 0)
        return;
    for (size_t i = 0; i < list.n; i++) {
        struct segment s = { 0 };
        if (!list.at[i].is_set_aside && segment_open(o->logbook, list.at[i].ordinal, false, &s) == 0) {
            uint64_t here = segment_scan(&s).last;
            last = here > last ? here : last;
        }
        segment_close(&s);
    }
    free(list.at);
    if (last < o->committed_position)
        outside_broken(o, "the store was committed up to entry %llu, and the log book ends at %llu",
                       (unsigned long long)o->committed_position, (unsigned long long)last);
}

void outside_look(struct outside *o)
{
    look_at_position(o);
    find_frames(o);
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
        if (g->is_gone && !g->is_told && !o->has_hole && !is_told(told, n, g->number) &&
            g->number <= o->most_named)
            outside_broken(o, "frame %llu was named by an entry, is gone, and no LOST entry tells it",
                           (unsigned long long)g->number);
        g->is_told = g->is_told || is_told(told, n, g->number);
    }
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
        o->has_hole = o->has_hole || (e.kind == FRAME_HOLE && !o->is_power);
        if (e.kind == FRAME_LOST && n < sizeof told / sizeof *told)
            told[n++] = (struct told){ e.from, e.until };
    }
    journal_reader_close(r);
    compare_lost(o, told, n);
}

/* The end. */

struct windows {
    int64_t expected[WINDOWS_MOST], got[WINDOWS_MOST];
    uint32_t revision[WINDOWS_MOST];
};

static void take_window(struct outside *o, struct windows *w, int64_t length_ms,
                        const Carbon__V1__SiteSummary *s)
{
    int64_t at = (s->start_unix_ms - BEGIN_MS) / length_ms;
    if (at < 0 || at >= (int64_t)WINDOWS_MOST || s->n_streams != 1) {
        outside_broken(o, "summary %s is of a window that nobody measured", s->id);
        return;
    }
    if (s->revision != w->revision[at] + 1)
        outside_broken(o, "summary %s: revision %u behind %u", s->id, s->revision, w->revision[at]);
    const Carbon__V1__Amount *a = s->streams[0]->activity;
    w->revision[at] = s->revision;
    w->got[at] = a == NULL ? 0 : a->whole;
}

static void gather(struct outside *o, struct windows *w, Carbon__V1__Period period, int64_t length_ms)
{
    for (uint64_t n = 1; n <= o->last_sequence; n++) {
        Carbon__V1__SiteSummary *s =
            carbon__v1__site_summary__unpack(NULL, o->payloads[n].size, o->payloads[n].at);
        if (s == NULL)
            outside_broken(o, "summary %llu cannot be decoded", (unsigned long long)n);
        else if (s->period == period)
            take_window(o, w, length_ms, s);
        if (s != NULL)
            carbon__v1__site_summary__free_unpacked(s, NULL);
    }
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
    gather(o, w, period, length_ms);
    for (size_t i = 0; i < WINDOWS_MOST; i++)
        if (w->expected[i] != w->got[i] && !(o->has_hole && w->revision[i] == 0))
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
