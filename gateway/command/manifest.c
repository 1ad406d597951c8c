/* DIRECTORY/manifest is text, so that a person can read what a backup is:
 *
 *      carbon-gateway backup 1                      the format's version
 *      kind running | hand-over
 *      gateway ID
 *      epoch ORDINAL
 *      position ENTRY
 *      written TIME
 *      file BYTES SUM WHOLE-BYTES PATH              for each, the path to the end of the line
 *      sum SUM                                      over all before
 *
 * Sums are XXH3-64, seed 0, in hex: they find what a disk or a transfer did. Who wants to find what a
 * person did signs the manifest. A path is refused unless it stays beneath the directory. */
#include "command/manifest.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/hash.h"

#define VERSION 1u
#define BYTES_MOST ((size_t)16 << 20)

void manifest_add(struct manifest *m, const char *path, uint64_t bytes, uint64_t sum, uint64_t whole_bytes)
{
    if (m->n == m->room) {
        m->room = m->room == 0 ? 64 : 2 * m->room;
        m->files = realloc(m->files, m->room * sizeof *m->files);
        if (!m->files)
            abort();
    }
    char *copy = strdup(path);
    if (!copy)
        abort();
    m->files[m->n++] = (struct manifest_file){ copy, bytes, sum, whole_bytes };
}

const struct manifest_file *manifest_find(const struct manifest *m, const char *path)
{
    for (size_t i = 0; i < m->n; i++)
        if (strcmp(m->files[i].path, path) == 0)
            return &m->files[i];
    return NULL;
}

void manifest_fini(struct manifest *m)
{
    for (size_t i = 0; i < m->n; i++)
        free(m->files[i].path);
    free(m->files);
    free(m->gateway);
    *m = (struct manifest){ 0 };
}

int manifest_write(const struct manifest *m, const char *directory)
{
    char path[PATH_MAX], written[32];
    struct buffer text = { 0 };

    time_print(m->written_us, written);
    buffer_print(&text, "carbon-gateway backup %u\nkind %s\ngateway %s\nepoch %" PRIu32 "\nposition %" PRIu64
                 "\nwritten %s\n", VERSION, m->is_hand_over ? "hand-over" : "running", m->gateway,
                 m->epoch_ordinal, m->position, written);
    for (size_t i = 0; i < m->n; i++)
        buffer_print(&text, "file %" PRIu64 " %016" PRIx64 " %" PRIu64 " %s\n", m->files[i].bytes,
                     m->files[i].sum, m->files[i].whole_bytes, m->files[i].path);
    buffer_print(&text, "sum %016" PRIx64 "\n", hash_bytes(buffer_slice(&text), 0));

    snprintf(path, sizeof path, "%s/manifest", directory);
    int rc = file_replace(path, buffer_slice(&text));
    buffer_fini(&text);
    return rc < 0 ? err_raise(rc, "backup %s: its manifest cannot be written – %s", directory,
                              strerror(-rc)) : 0;
}

/* Reading. */

static bool stays_beneath(const char *path)
{
    return path[0] != '\0' && path[0] != '/' && strcmp(path, "..") != 0 && strncmp(path, "../", 3) != 0 &&
           !strstr(path, "/../");
}

static bool take_file(struct manifest *m, const char *line)
{
    uint64_t bytes, sum, whole_bytes;
    int at = 0;
    if (sscanf(line, "file %" SCNu64 " %" SCNx64 " %" SCNu64 " %n", &bytes, &sum, &whole_bytes, &at) != 3 ||
        at == 0 || !stays_beneath(line + at) || whole_bytes < bytes)
        return false;
    manifest_add(m, line + at, bytes, sum, whole_bytes);
    return true;
}

static bool take_line(struct manifest *m, char *line)
{
    char *value = strchr(line, ' ');
    if (!value)
        return false;
    value++;
    if (strncmp(line, "file ", 5) == 0)
        return take_file(m, line);
    if (strncmp(line, "kind ", 5) == 0) {
        m->is_hand_over = strcmp(value, "hand-over") == 0;
        return m->is_hand_over || strcmp(value, "running") == 0;
    }
    if (strncmp(line, "gateway ", 8) == 0 && !m->gateway)
        return (m->gateway = strdup(value)) != NULL;
    if (strncmp(line, "epoch ", 6) == 0)
        return sscanf(value, "%" SCNu32, &m->epoch_ordinal) == 1;
    if (strncmp(line, "position ", 9) == 0)
        return sscanf(value, "%" SCNu64, &m->position) == 1;
    return strncmp(line, "written ", 8) == 0 && time_parse(value, &m->written_us) == 0;
}

static int raise_damaged(const char *directory)
{
    return err_raise(-1, "backup %s: its manifest is damaged – take another backup; nothing was restored",
                     directory);
}

/* The last line against all before it; cuts the text there. */
static bool is_whole(char *text, size_t size)
{
    uint64_t sum;
    char *last = NULL;
    for (char *at = strstr(text, "\nsum "); at; at = strstr(at + 1, "\nsum "))
        last = at + 1;
    if (!last || sscanf(last, "sum %" SCNx64, &sum) != 1 || strlen(text) != size)
        return false;
    struct slice before = { (const uint8_t *)text, (size_t)(last - text) };
    bool holds = hash_bytes(before, 0) == sum;
    *last = '\0';
    return holds;
}

static int parse(const char *directory, char *text, size_t size, struct manifest *out)
{
    unsigned version;
    char *rest = NULL;
    if (sscanf(text, "carbon-gateway backup %u", &version) != 1)
        return raise_damaged(directory);
    if (version > VERSION)
        return err_raise(-1, "backup %s: has format %u, this version reads up to %u – use the version that "
                         "wrote it or a newer one", directory, version, VERSION);
    if (!is_whole(text, size))
        return raise_damaged(directory);
    strtok_r(text, "\n", &rest);
    for (char *line = strtok_r(NULL, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        if (!take_line(out, line))
            return raise_damaged(directory);
    return out->gateway ? 0 : raise_damaged(directory);
}

int manifest_read(const char *directory, struct manifest *out)
{
    char path[PATH_MAX], *text = NULL;
    size_t size = 0;

    snprintf(path, sizeof path, "%s/manifest", directory);
    int rc = file_read_all(path, BYTES_MOST, &text, &size);
    if (rc == -ENOENT)
        return err_raise(rc, "backup %s: has no manifest, so it is none or was cut short – take another one",
                         directory);
    if (rc < 0)
        return err_raise(rc, "backup %s: its manifest cannot be read – %s", directory, strerror(-rc));
    struct manifest m = { 0 };
    rc = parse(directory, text, size, &m);
    free(text);
    if (rc == 0)
        *out = m;
    else
        manifest_fini(&m);
    return rc;
}

/* The files. */

static int check_file(const char *directory, const struct manifest_file *f)
{
    char path[PATH_MAX];
    struct file_map m = { 0 };

    snprintf(path, sizeof path, "%s/%s", directory, f->path);
    int rc = file_map(path, false, &m);
    if (rc < 0)
        return err_raise(rc, "backup: %s cannot be read – %s; take another backup", path, strerror(-rc));
    bool fits = m.size == f->bytes && hash_bytes((struct slice){ m.at, m.size }, 0) == f->sum;
    file_unmap(&m);
    return fits ? 0 : err_raise(-1, "backup: %s is not what its manifest says, so it is damaged – copy it "
                                "again from where it came, or take another backup", path);
}

int manifest_check(const struct manifest *m, const char *directory)
{
    int rc = 0;
    for (size_t i = 0; i < m->n; i++) {
        int found = check_file(directory, &m->files[i]);
        rc = found < 0 ? found : rc;
    }
    return rc;
}
