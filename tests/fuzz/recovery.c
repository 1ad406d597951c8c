/* Fuzzed: a journal's directory after an accident. The input first says what a writer wrote: segments
 * with whole frames and true checksums, which no mutation of raw bytes would ever produce; then what
 * happened to the files: bytes overwritten, a file cut short, emptied, removed, put in another's place.
 *
 *   1 byte    how many segments, 1 to 4; then for each
 *     1 byte  how many frames, 0 to 15, and whether its first number jumps (bit 7)
 *     1 byte  for each frame: its size
 *   then accidents until the end, 4 bytes each: what and where, u16 offset, value
 *
 * Promised: a journal opens whatever happened to it; what is read bears rising numbers and is as it was
 * written; every frame of a segment that nothing happened to is read; what is appended afterwards is read
 * as the last, under a number that no whole segment has used; and opening once more finds all whole. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "fuzz.h"
#include "journal/inside.h"
#include "journal/journal.h"
#include "journal/segment.h"

#define SEGMENTS_MOST 4u
#define FILE_BYTES    (SEGMENT_FRAMES_AT + 4096u)
#define SEGMENT_BYTES ((int64_t)SEGMENT_LEAST)
#define JOURNAL_ID    77u

/* A segment as it was written. */
struct written {
    uint64_t first, last;        /* last < first: it has no frames */
    bool is_hurt;
};

struct works {
    char path[96];
    struct written segments[SEGMENTS_MOST + 1];   /* by ordinal, from 1 on */
    unsigned n;
    uint64_t last;
};

static uint8_t take_byte(struct slice *in)
{
    if (in->size == 0)
        return 0;
    in->size--;
    return *in->at++;
}

/* What stands in a frame follows from its number, so that a reader can tell. */
static void fill(uint8_t rest[256], uint64_t sequence)
{
    memset(rest, (int)(sequence * 37 % 251 + 1), 256);
}

static void write_frames(struct segment *s, struct works *w, unsigned n, struct slice *in)
{
    size_t at = SEGMENT_FRAMES_AT;
    uint8_t rest[256];
    for (unsigned i = 0; i < n; i++) {
        struct frame f = { .sequence = w->last + 1, .boottime_us = 1000 + w->last, .kind = FRAME_MESSAGE,
                           .topic = slice_of("a/b"), .rest = { rest, take_byte(in) } };
        if (at + segment_frame_size(f.topic.size, f.rest.size) > s->map.size)
            return;
        fill(rest, f.sequence);
        at += segment_put(s, at, &f);
        w->last = f.sequence;
    }
}

static void write_segment(struct works *w, uint64_t ordinal, struct slice *in)
{
    char path[128];
    uint8_t shape = take_byte(in);
    struct segment s = { .journal_id = JOURNAL_ID, .epoch = 1000 + ordinal, .ordinal = ordinal,
                         .previous = w->last };
    segment_path(w->path, ordinal, path, sizeof path);
    fuzz_promise(file_allocate(path, FILE_BYTES) == 0 && file_map(path, true, &s.map) == 0,
                 "a segment can be made");
    if (shape & 0x80)
        w->last += 5;
    s.first = w->last + 1;
    segment_begin(&s);
    write_frames(&s, w, shape & 0xf, in);
    w->segments[ordinal] = (struct written){ .first = s.first, .last = w->last };
    segment_close(&s);
}

static void overwrite(const char *path, unsigned offset, uint8_t value)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    struct stat st;
    if (fd >= 0 && fstat(fd, &st) == 0 && (off_t)offset < st.st_size)
        fuzz_promise(pwrite(fd, &value, 1, (off_t)offset) == 1, "a byte can be written");
    if (fd >= 0)
        close(fd);
}

static void swap(const struct works *w, const char *path, uint64_t other)
{
    char there[128], aside[128];
    segment_path(w->path, other, there, sizeof there);
    snprintf(aside, sizeof aside, "%s/aside", w->path);
    if (rename(path, aside) == 0) {
        rename(there, path);
        rename(aside, there);
    }
}

static void happen(struct works *w, struct slice *in)
{
    uint8_t what = take_byte(in);
    unsigned offset = take_byte(in);
    offset |= (unsigned)take_byte(in) << 8;
    uint8_t value = take_byte(in);
    uint64_t ordinal = 1 + (what >> 4) % w->n;
    char path[128];
    segment_path(w->path, ordinal, path, sizeof path);
    w->segments[ordinal].is_hurt = true;
    switch (what & 7) {
    case 0:
        if (truncate(path, offset) != 0)
            return;
        break;
    case 1:
        unlink(path);
        break;
    case 2:
        w->segments[1 + value % w->n].is_hurt = true;
        swap(w, path, 1 + value % w->n);
        break;
    default:
        overwrite(path, offset % FILE_BYTES, value);
    }
}

/* A fuzzer that watches comparisons finds the checksum that lets a forged header pass, which no
 * accident does. Then nothing is promised about what the frames say. */
static bool is_forged(const struct works *w)
{
    for (uint64_t ordinal = 1; ordinal <= w->n; ordinal++) {
        struct segment s;
        const struct written *as = &w->segments[ordinal];
        int rc = segment_open(w->path, ordinal, false, &s);
        bool is_other = rc == 0 && (s.journal_id != JOURNAL_ID || s.first != as->first ||
                                    s.epoch != 1000 + ordinal || segment_scan(&s).last > as->last);
        segment_close(&s);
        if (is_other)
            return true;
    }
    return false;
}

static bool is_as_written(const struct frame *f)
{
    uint8_t rest[256];
    fill(rest, f->sequence);
    return f->rest.size < sizeof rest && memcmp(f->rest.at, rest, f->rest.size) == 0;
}

/* How many frames of each segment are read. */
static void read_all(const struct works *w, uint64_t appended, uint64_t found[SEGMENTS_MOST + 1])
{
    struct journal_reader *r = NULL;
    struct frame f;
    uint64_t last = 0;
    int rc;
    fuzz_promise(journal_reader_open(w->path, 0, &r) == 0, "a reader opens");
    while ((rc = journal_read(r, appended, &f)) == 0) {
        fuzz_promise(f.sequence > last, "numbers rise");
        last = f.sequence;
        for (unsigned i = 1; i <= w->n; i++)
            if (f.sequence != appended && f.sequence >= w->segments[i].first &&
                f.sequence <= w->segments[i].last) {
                fuzz_promise(is_as_written(&f), "a frame is as it was written");
                found[i]++;
            }
    }
    fuzz_promise(rc == JOURNAL_END && last == appended, "what was appended is read as the last");
    journal_reader_close(r);
}

static uint64_t append(struct journal *j, const struct works *w)
{
    uint8_t rest[256];
    struct frame f = { .kind = FRAME_MESSAGE, .topic = slice_of("a/b"), .rest = { rest, 9 } };
    memset(rest, 0xee, sizeof rest);
    fuzz_promise(journal_append(j, &f) == 0, "appending goes on");
    for (unsigned i = 1; i <= w->n; i++)
        fuzz_promise(w->segments[i].is_hurt || f.sequence > w->segments[i].last,
                     "a number is not used twice");
    return f.sequence;
}

static void recover(const struct works *w)
{
    struct journal_conf conf = { .path = w->path, .segment_bytes = SEGMENT_BYTES };
    struct journal_opening opening;
    struct journal *j = NULL;
    uint64_t found[SEGMENTS_MOST + 1] = { 0 };
    bool may_lie = is_forged(w);

    fuzz_promise(journal_open(&conf, 0, 0, &j, &opening) == 0, "a journal opens");
    fuzz_promise(journal_end(j) == opening.last, "its end is the last frame");
    uint64_t appended = append(j, w);
    journal_close(j);
    if (!may_lie)
        read_all(w, appended, found);
    for (unsigned i = 1; i <= w->n && !may_lie; i++)
        fuzz_promise(w->segments[i].is_hurt || found[i] == w->segments[i].last + 1 - w->segments[i].first,
                     "every frame of a whole segment is read");

    fuzz_promise(journal_open(&conf, 0, 0, &j, &opening) == 0, "and opens again");
    fuzz_promise(opening.last == appended && opening.torn_bytes == 0 && opening.missing == 0,
                 "and is whole");
    journal_close(j);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    fuzz_be_silent();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct works w = { .n = 0 };
    struct slice in = { bytes, size };
    snprintf(w.path, sizeof w.path, "%s/journal", fuzz_directory());
    fuzz_promise(file_make_directory(w.path) == 0, "a directory can be made");
    w.n = 1 + take_byte(&in) % SEGMENTS_MOST;
    for (uint64_t ordinal = 1; ordinal <= w.n; ordinal++)
        write_segment(&w, ordinal, &in);
    while (in.size >= 4)
        happen(&w, &in);
    recover(&w);
    fuzz_empty(w.path);
    return 0;
}
