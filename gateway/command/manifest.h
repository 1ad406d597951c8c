/* The manifest of a backup: what it is of, and every file in it with its checksum. Written last, so a
 * directory without one is no backup. */
#ifndef COMMAND_MANIFEST_H
#define COMMAND_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct manifest_file {
    char *path;                  /* beneath the backup's directory and the state directory alike */
    uint64_t bytes, sum;         /* as it stands in the backup; XXH3-64 */
    uint64_t whole_bytes;        /* of a segment that was cut behind its last frame: as large it was */
};

struct manifest {
    bool is_hand_over;           /* the gateway does not go on where it was */
    char *gateway;
    uint32_t epoch_ordinal;
    uint64_t position;           /* log book entry that the store stands at */
    int64_t written_us;
    struct manifest_file *files;
    size_t n, room;
};

void manifest_add(struct manifest *m, const char *path, uint64_t bytes, uint64_t sum, uint64_t whole_bytes);
const struct manifest_file *manifest_find(const struct manifest *m, const char *path);   /* NULL: none */

/* Into DIRECTORY/manifest, and back. Reading checks the manifest itself, not the files. 0 or negative. */
int manifest_write(const struct manifest *m, const char *directory);
int manifest_read(const char *directory, struct manifest *out);

/* Compares every file with its line: whatever is missing or differs is told by its name. 0 or negative. */
int manifest_check(const struct manifest *m, const char *directory);

void manifest_fini(struct manifest *m);

#endif
