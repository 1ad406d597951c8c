/* The archive: what leaves a journal, compressed, kept for `why`, `verify` and later audits.
 *
 * DIRECTORY/archive holds NAME.zst for each segment and base that left: a zstd frame with its own
 * checksum, written under a temporary name, read back and compared before the original goes. A reader
 * of the journal finds archived segments by itself (reader.c). Bounded in age and in bytes: the oldest
 * go first. */
#ifndef JOURNAL_ARCHIVE_H
#define JOURNAL_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/file.h"

#define ARCHIVE_FULL 1           /* no room on the disk: nothing was written, the original stays */
#define ARCHIVE_DAMAGED 2        /* does not decompress to what its checksum says */
#define ARCHIVE_ABSENT 3

/* Compresses DIRECTORY/NAME into DIRECTORY/archive/NAME.zst, synced and read back. Leaves the original.
 * Worker thread; takes a disk's and a processor's time. 0 also when it stands there already, whole. */
int archive_keep(const char *directory, const char *name);

/* Decompresses into memory: a map without a file (fd -1), given back by archive_release. */
int archive_open(const char *directory, const char *name, struct file_map *out);
void archive_release(struct file_map *map);

/* Removes the oldest until none is older than keep_us before now_wall_us (by the time in its head) and all
 * together are at most most_bytes. A base goes with the segments that need it, never before them. */
int archive_bound(const char *directory, int64_t now_wall_us, int64_t keep_us, int64_t most_bytes);

struct archive_figures {
    uint64_t files, bytes;
};
int archive_figures(const char *directory, struct archive_figures *out);

#endif
