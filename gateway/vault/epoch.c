/* STATE/epoch is one line, "epoch 1 ORDINAL": the format's version, then the number; behind it " owed"
 * where a new one is to begin at the next start. Replaced as a whole, so it is never half of one and half
 * of the other. A file that says nothing is no reason not to start: the store, the log book and the bases
 * know the ordinal as well. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "vault/epoch.h"

#define FORMAT 1u
#define BYTES_MOST 256

static int parse(const char *path, const char *text, uint32_t *out, bool *is_owed)
{
    uint32_t format, ordinal;
    if (sscanf(text, "epoch %" SCNu32 " %" SCNu32, &format, &ordinal) != 2 || format == 0) {
        log_line(LOG_WARN, "epoch.unreadable", "path=%s – does not tell the newest epoch; store, log book "
                 "and bases are asked instead", path);
        return 0;
    }
    if (format > FORMAT)
        return err_raise(-1, "%s: has format %" PRIu32 ", this version reads up to %u – use the version "
                         "that wrote it or a newer one", path, format, FORMAT);
    *out = ordinal;
    *is_owed = strstr(text, " owed") != NULL;
    return 0;
}

int epoch_recall(const char *path, uint32_t *out, bool *is_owed)
{
    char *text = NULL;
    size_t size = 0;

    *out = 0;
    *is_owed = false;
    int rc = file_read_all(path, BYTES_MOST, &text, &size);
    if (rc == -ENOENT)
        return 0;
    rc = parse(path, rc < 0 ? "" : text, out, is_owed);
    free(text);
    return rc;
}

static int write_line(const char *path, uint32_t ordinal, const char *behind)
{
    struct buffer line = { 0 };
    buffer_print(&line, "epoch %u %" PRIu32 "%s\n", FORMAT, ordinal, behind);
    int rc = file_replace(path, buffer_slice(&line));
    buffer_fini(&line);
    return rc < 0 ? err_raise(rc, "%s: cannot be written – no epoch can begin; check the disk of the state "
                              "directory", path) : 0;
}

int epoch_remember(const char *path, uint32_t ordinal)
{
    return write_line(path, ordinal, "");
}

int epoch_owe(const char *path, uint32_t ordinal)
{
    return write_line(path, ordinal, " owed");
}
