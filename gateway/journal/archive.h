/* The archive: what leaves a journal, compressed, kept for `why`, `verify` and later audits.
 *
 * DIRECTORY/archive holds NAME.zst for each segment and base that left: a note, then a zstd frame with
 * its own checksum (zstd -d reads it). Written under a temporary name, read back and compared before the
 * original goes. A reader of the journal finds archived segments by itself (reader.c). Bounded in age
 * and in bytes: the oldest go first. */
#ifndef JOURNAL_ARCHIVE_H
#define JOURNAL_ARCHIVE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/file.h"
#include "journal/segment.h"

#define ARCHIVE_VERSION 1u
#define ARCHIVE_FULL 1           /* no room on the disk: nothing was written, the original stays */
#define ARCHIVE_DAMAGED 2        /* does not decompress to what its checksums say */
#define ARCHIVE_ABSENT 3
#define ARCHIVE_NEWER 4          /* of a newer format version */
#define ARCHIVE_STOPPED 5        /* as asked; nothing was written */

/* What can be known of an archived file without decompressing it. */
struct archive_note {
    uint32_t version;            /* set by archive_keep, as the next two */
    uint64_t bytes, sum;         /* of the original: size and XXH3-64 */
    uint64_t journal_id;
    uint64_t first, last;        /* its frames; of a base both are its position */
    int64_t written_wall_us;     /* when the last of it was written */
};

/* Compresses DIRECTORY/NAME into DIRECTORY/archive/NAME.zst, synced, read back and compared. Leaves the
 * original. Worker thread; takes a disk's and a processor's time, and ends early with ARCHIVE_STOPPED
 * when *must_stop (NULL: never) becomes true. 0 also when the same stands there already, whole. */
int archive_keep(const char *directory, const char *name, const struct archive_note *note,
                 const atomic_bool *must_stop);

/* Decompresses into memory: a map without a file (fd -1), given back by file_unmap. */
int archive_open(const char *directory, const char *name, struct file_map *out);

/* The note of an archived file. 0, ABSENT, DAMAGED, NEWER, or negative. */
int archive_peek(const char *directory, const char *name, struct archive_note *out);

/* As segment_open, of an archived segment; damage is told in the log. */
int archive_segment_open(const char *directory, uint64_t ordinal, struct segment *out);

/* Adds the archived segments to a list of a directory's own, in order; what stands in both is listed
 * once, as not archived. A directory without an archive has none. */
int archive_list_segments(const char *directory, struct segment_list *list);

/* Removes the oldest segments until none is older than keep_us before now_wall_us and all files together
 * are at most most_bytes. A base goes with the segments that need it, never before them: when a frame
 * behind its position is no longer there. */
int archive_bound(const char *directory, int64_t now_wall_us, int64_t keep_us, int64_t most_bytes);

struct archive_figures {
    uint64_t files, bytes;
};
int archive_figures(const char *directory, struct archive_figures *out);

#endif
