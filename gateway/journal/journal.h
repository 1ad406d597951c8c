/* The journal: everything that came in, in the order it came, on disk before it is acknowledged.
 *
 * A journal is a directory of mapped, preallocated segments, with exactly one writer and any number of
 * readers. Appending is a copy into the mapping: it survives a kill at no system call. Clock frames
 * are written by the journal itself; they take sequence numbers like any other. */
#ifndef JOURNAL_JOURNAL_H
#define JOURNAL_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "model/frame.h"

#define JOURNAL_END 1            /* nothing there yet */
#define JOURNAL_ABSENT 2         /* no journal in that directory */
#define JOURNAL_FULL 3           /* no room for another segment: nothing was appended */

/* A body never spans segments: topic and rest together are at most this. */
#define JOURNAL_BODY_MAX (2u << 20)

struct journal;

struct journal_conf {
    const char *path;            /* the directory; created if its parent is there. Copied */
    int64_t segment_bytes;       /* of a new segment: 4 MB at least, 64 MB usual. Not if read-only */
    bool is_read_only;           /* open what is there, append nothing, create nothing */
};

/* What opening found and did; for the log, the status and the LOST entry. */
struct journal_opening {
    uint64_t last;               /* the last valid frame before this opening; 0: none */
    uint64_t first;              /* the first that is still kept; 0: none */
    uint64_t torn_bytes;         /* behind the last valid frame, not zero: cut */
    uint64_t missing;            /* damaged frames in the newest segment, valid ones behind them */
    uint64_t unreadable;         /* segments set aside as NAME.damaged, or of a newer version */
    bool is_new;                 /* the journal was created now */
};

/* Opens the directory for writing: finds the last valid frame, cuts and syncs what is torn behind it,
 * syncs every segment from `committed` on, and numbers the next frame max(last, at_least) + 1; a jump
 * begins a new segment that declares it. Whatever cannot be read is reported, kept for the operator
 * and worked around (open.c says how); behind it the numbers leave room for what it may have held. One
 * process at a time (lock). Read-only: JOURNAL_ABSENT when there is no journal. The caller owns *out. */
int journal_open(const struct journal_conf *conf, uint64_t committed, uint64_t at_least,
                 struct journal **out, struct journal_opening *opening);

/* Accepts NULL. Syncs nothing: a close is no better than a kill. */
void journal_close(struct journal *j);

/* The journal's own number, drawn when it was created. */
uint64_t journal_id(const struct journal *j);

/* Appends a copy of f (kind, flags, topic, rest) and sets f->sequence and f->boottime_us. When it
 * returns 0 the frame survives a kill. JOURNAL_FULL when the disk has no room for another segment.
 * Negative when the frame is larger than JOURNAL_BODY_MAX or 65535 bytes of topic. For the one writer. */
int journal_append(struct journal *j, struct frame *f);

/* Returns 0 once everything up to sequence survives a power cut too. Any thread; may take a disk's
 * time. Negative once, and from then on: a failed sync is never tried again. A number that was not
 * given out yet stands for the last one that was. */
int journal_sync(struct journal *j, uint64_t sequence);

/* The last appended sequence; everything up to it is there to be read. Any thread. */
uint64_t journal_end(const struct journal *j);

/* The segment to come. wants_spare says, on any thread, that the current one is half full and none is
 * prepared; prepare makes it (allocate, sync; a disk's time; any thread), JOURNAL_FULL when there is no
 * room. A roll without a spare makes its own and is counted. */
bool journal_wants_spare(const struct journal *j);
int journal_prepare(struct journal *j);

/* A segment that is about to be removed. */
struct journal_leaving {
    const char *name;            /* of its file in the journal's directory */
    uint64_t first, last;        /* its frames */
    int64_t written_wall_us;     /* when the last of it was written, at the latest */
};

/* What may go: whole segments that hold only frames up to `committed` and that either were last written
 * more than retain_us before now_wall_us, or stand beyond most_bytes in all. */
struct journal_trimming {
    uint64_t committed;
    int64_t now_wall_us, retain_us, most_bytes;
    int (*on_leaving)(void *self, const struct journal_leaving *l);   /* NULL: it just goes */
    void *self;
};

/* Removes them, the oldest first, never the one being written. on_leaving is asked before each; what it
 * returns other than 0 ends the trimming, the segment stays, and it is returned. Not on the writer's
 * thread is fine; one caller at a time. */
int journal_trim(struct journal *j, const struct journal_trimming *t);

/* The bytes of the segments that are full and whose last frame is in (after, until]: what was rolled
 * away since. Any thread. */
uint64_t journal_rolled_bytes(const struct journal *j, uint64_t after, uint64_t until);

/* The first frame that is kept; 0: none was ever written. Any thread. */
uint64_t journal_first(const struct journal *j);

/* The first and the last number in (after, until] whose whole segments are not there, damaged or gone, with
 * others behind them; false: none. At an opening; reads headers, and a segment in front of a hole. */
bool journal_missing(const struct journal *j, uint64_t after, uint64_t until, uint64_t *first, uint64_t *last);

/* Bytes of the segments that hold frames beyond `committed` and are written to their end: what a trim may
 * not touch yet. Any thread. */
uint64_t journal_bytes_behind(const struct journal *j, uint64_t committed);

/* For the status; any thread. */
struct journal_figures {
    uint64_t bytes;              /* allocated by its segments */
    uint64_t segments;
    uint64_t rolls, rolls_waited;
    uint64_t frames, body_bytes; /* appended since open */
    uint64_t synced;             /* the last sequence that survives a power cut */
};
void journal_figures(const struct journal *j, struct journal_figures *out);

/* A reader follows a journal frame by frame, on its own read-only mapping: in the writer's process or
 * another. Not for two threads at once. */
struct journal_reader;

/* Begins behind `after` (0: at the first frame that is kept or archived: a segment that is not in the
 * directory is looked for in its archive). JOURNAL_ABSENT when there is no journal. */
int journal_reader_open(const char *path, uint64_t after, struct journal_reader **out);
void journal_reader_close(struct journal_reader *r);
uint64_t journal_reader_id(const struct journal_reader *r);

/* The first frame of the segment that is being read; opened behind 0, of all that is kept or archived. */
uint64_t journal_reader_first(const struct journal_reader *r);

/* The next frame with sequence <= until, clock frames left out (their time is in f->clock). Borrowed
 * until the next call. JOURNAL_END when no further valid frame up to `until` is there; it may come
 * later. Damaged frames and missing segments are logged once, with their numbers, and passed over; a
 * declared jump is passed over silently. The caller sees both by the numbers. */
int journal_read(struct journal_reader *r, uint64_t until, struct frame *out);

/* From now on tells of numbers that no frame bears, when the reader passes over them: what was damaged,
 * segments that are gone, jumps. Numbers of clock frames are among them, so these are the most messages
 * that can be missing. At once, if what is kept begins behind where this reader was to begin. */
void journal_reader_watch(struct journal_reader *r,
                          void (*on_gap)(void *self, uint64_t from, uint64_t until), void *self);

/* Of the last frame read, or where the reader began. */
uint64_t journal_reader_at(const struct journal_reader *r);

#endif
