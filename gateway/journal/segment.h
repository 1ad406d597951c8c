/* A segment: one file of a journal, as it stands on disk, and the rule by which a frame in it counts.
 * For the journal's own files and for tools that look into one. Nothing here locks or logs. */
#ifndef JOURNAL_SEGMENT_H
#define JOURNAL_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/file.h"
#include "model/frame.h"

#define SEGMENT_VERSION 1u
#define SEGMENT_FRAMES_AT 4096u   /* the first frame stands here */
#define SEGMENT_FRAME_LEAST 32u   /* no frame takes fewer bytes */
#define SEGMENT_CLOCK_REST 25u    /* of a clock frame */

/* Outcomes of segment_open. */
#define SEGMENT_UNBEGUN 1         /* prepared, no header yet: a spare */
#define SEGMENT_NEWER 2           /* of a newer format version: out->version says which */
#define SEGMENT_DAMAGED 3         /* too short, or its header does not hold */
#define SEGMENT_MISSING 4         /* no such file */

struct segment {
    struct file_map map;
    uint32_t version;
    uint64_t journal_id;
    uint64_t epoch;               /* drawn for this segment; seeds the checksums of its frames */
    uint64_t ordinal;
    uint64_t previous;            /* the last frame before this segment; 0: none */
    uint64_t first;               /* the number of its first frame: previous + 1 unless a jump */
    int64_t begun_wall_us;
};

/* DIRECTORY/000000000001.segment, and what it is called when it was set aside: … .segment.damaged */
void segment_path(const char *directory, uint64_t ordinal, char *out, size_t room);
void segment_path_set_aside(const char *directory, uint64_t ordinal, char *out, size_t room);

/* Whether name is that of a segment, or of one that was set aside (NAME.damaged). */
bool segment_name_parse(const char *name, uint64_t *ordinal, bool *is_set_aside);

/* What stands in a directory, by ordinal. The caller frees list.at. */
struct segment_found {
    uint64_t ordinal;
    bool is_set_aside;
    bool is_archived;             /* stands in the archive alone (archive.h) */
};
struct segment_list {
    struct segment_found *at;
    size_t n, room;
};
int segment_list_read(const char *directory, struct segment_list *out);
void segment_list_add(struct segment_list *list, const struct segment_found *found);
void segment_list_sort(struct segment_list *list);

/* Maps a segment and reads its header. Whatever the outcome, segment_close ends it; UNBEGUN and NEWER
 * leave the map open, so that one can look. A negative errno is not yet raised. */
int segment_open(const char *directory, uint64_t ordinal, bool is_writable, struct segment *out);
void segment_close(struct segment *s);

/* Reads the header of the map that s holds, against the ordinal in its name. 0 or an outcome. */
int segment_header_read(struct segment *s, uint64_t ordinal);

/* Writes the header from the members. Readers see the segment from this moment on. */
void segment_begin(struct segment *s);

/* What a frame takes of a segment. */
size_t segment_frame_size(size_t topic_bytes, size_t rest_bytes);

/* Writes f (sequence and boottime set) at an offset where it fits and where all is zero. Returns the
 * bytes it takes. Readers see either nothing or the whole frame. */
size_t segment_put(struct segment *s, size_t at, const struct frame *f);

/* The bytes taken by the valid frame `sequence` at that offset; 0: none there. */
size_t segment_check(const struct segment *s, size_t at, uint64_t sequence);

/* A valid frame as it stands there. Borrows from the map. Leaves out->clock alone. */
void segment_frame(const struct segment *s, size_t at, struct frame *out);

/* Looks behind a place where frame `sequence` should stand and does not: the next valid frame of a
 * higher number. Returns its number and offset; 0: none. */
uint64_t segment_seek(const struct segment *s, size_t at, uint64_t sequence, size_t *found_at);

/* Whether anything but zeros stands at an offset where a frame would begin. */
bool segment_has_bytes(const struct segment *s, size_t at);

/* Walks all frames. */
struct segment_scan {
    uint64_t last;                /* the last valid frame; 0: none */
    size_t end;                   /* the offset behind it */
    uint64_t missing;             /* numbers before `last` that no valid frame bears */
    uint64_t missing_first;       /* the first of them */
};
struct segment_scan segment_scan(const struct segment *s);

/* Bytes from that offset up to the last one that is not zero; and their end. */
size_t segment_torn(const struct segment *s, size_t at);
void segment_clear(struct segment *s, size_t at, size_t n);

/* The rest of a clock frame. Reading returns 0, or 1 when it is too short. */
void segment_clock_write(const struct frame_clock *c, uint8_t out[SEGMENT_CLOCK_REST]);
int segment_clock_read(struct slice rest, struct frame_clock *out);

#endif
