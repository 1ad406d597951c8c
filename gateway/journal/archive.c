/* The format of an archived file. All integers little-endian; offsets in bytes.
 *
 *   +0     note, in a frame that zstd skips
 *          +0   u32      0x184D2A50, zstd's mark of a skippable frame
 *          +4   u32      72, the size of what follows up to the next frame
 *          +8   8 bytes  "CGWARCH" and a NUL
 *          +16  u32      format version, 1
 *          +20  u32      0
 *          +24  u64      journal id
 *          +32  u64      first frame, of a base its position
 *          +40  u64      last frame, of a base its position
 *          +48  i64      UTC microseconds at which the last of it was written
 *          +56  u64      size of the original
 *          +64  u64      XXH3-64, seed 0, of the original
 *          +72  u64      XXH3-64, seed 0, of the 72 bytes before
 *   +80    one zstd frame with content size and checksum
 *   then the end
 *
 * It counts if and only if the note's checksum holds and what the frame decompresses to has the size and
 * the checksum that the note says. So the archive can be bounded, and a place in it be found, by reading
 * 80 bytes of a file; and whoever has no program of ours left still has `zstd -d`.
 *
 * Writing is one pass over the original for its checksum, one to compress it and one to compare what the
 * disk gives back. Memory is the two buffers and zstd's own few megabytes; the original is mapped, which
 * is the kernel's to take back. */
#include "journal/archive.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/buffer.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"

#define MAGIC "CGWARCH"          /* with its NUL, 8 bytes */
#define SKIPPED 0x184D2A50u
#define NOTE_BYTES 80u
#define NOTE_HASHED 72u
#define LEVEL 3                  /* a segment of readings to a fifth or less, at some 200 MB/s */
#define PIECE_BYTES ((size_t)1 << 20)
#define ORIGINAL_BYTES_MOST (UINT64_C(4) << 30)   /* decompressed into memory by a reader */
#define ENDING ".zst"

static void folder_of(const char *directory, char out[PATH_MAX])
{
    snprintf(out, PATH_MAX, "%s/archive", directory);
}

static void path_of(const char *directory, const char *name, char out[PATH_MAX])
{
    snprintf(out, PATH_MAX, "%s/archive/%s" ENDING, directory, name);
}

/* The note. */

static void put_note(struct buffer *out, const struct archive_note *note)
{
    buffer_put_u32(out, SKIPPED);
    buffer_put_u32(out, NOTE_BYTES - 8);
    buffer_put(out, MAGIC, sizeof MAGIC);
    buffer_put_u32(out, ARCHIVE_VERSION);
    buffer_put_u32(out, 0);
    buffer_put_u64(out, note->journal_id);
    buffer_put_u64(out, note->first);
    buffer_put_u64(out, note->last);
    buffer_put_i64(out, note->written_wall_us);
    buffer_put_u64(out, note->bytes);
    buffer_put_u64(out, note->sum);
    buffer_put_u64(out, hash_bytes((struct slice){ out->at, NOTE_HASHED }, 0));
}

/* The note at the head of a file that may be anything. */
static int read_note(const struct file_map *m, struct archive_note *out)
{
    struct cursor c = cursor_of((struct slice){ m->at, m->size < NOTE_BYTES ? m->size : NOTE_BYTES });
    cursor_bytes(&c, 8);
    struct slice magic = cursor_bytes(&c, sizeof MAGIC);
    struct archive_note note = { .version = cursor_u32(&c) };
    cursor_u32(&c);
    note.journal_id = cursor_u64(&c);
    note.first = cursor_u64(&c);
    note.last = cursor_u64(&c);
    note.written_wall_us = cursor_i64(&c);
    note.bytes = cursor_u64(&c);
    note.sum = cursor_u64(&c);
    uint64_t sum = cursor_u64(&c);
    if (c.has_failed || memcmp(magic.at, MAGIC, sizeof MAGIC) != 0 ||
        sum != hash_bytes((struct slice){ m->at, NOTE_HASHED }, 0))
        return ARCHIVE_DAMAGED;
    *out = note;
    return note.version > ARCHIVE_VERSION ? ARCHIVE_NEWER : 0;
}

/* An empty file cannot be mapped. */
static int map_file(const char *path, struct file_map *out)
{
    uint64_t size = 0;
    int rc = file_size(path, &size);
    if (rc == -ENOENT)
        return ARCHIVE_ABSENT;
    if (rc == 0 && size == 0)
        return ARCHIVE_DAMAGED;
    if (rc == 0)
        rc = file_map(path, false, out);
    return rc < 0 ? err_raise(rc, "archive %s: cannot be read", path) : 0;
}

static int map_archived(const char *path, struct file_map *out, struct archive_note *note)
{
    struct file_map m = { 0 };
    int rc = map_file(path, &m);
    if (rc != 0)
        return rc;
    rc = read_note(&m, note);
    if (rc == 0 && note->bytes > ORIGINAL_BYTES_MOST)
        rc = ARCHIVE_DAMAGED;
    if (rc != 0) {
        file_unmap(&m);
        return rc;
    }
    *out = m;
    return 0;
}

int archive_peek(const char *directory, const char *name, struct archive_note *out)
{
    char path[PATH_MAX];
    struct file_map m = { 0 };
    path_of(directory, name, path);
    int rc = map_archived(path, &m, out);
    file_unmap(&m);
    return rc;
}

/* Reading. */

static struct slice frame_of(const struct file_map *archived)
{
    return (struct slice){ archived->at + NOTE_BYTES, archived->size - NOTE_BYTES };
}

/* Into memory of exactly the size that the note says. */
static int decompress(const struct file_map *archived, const struct archive_note *note,
                      struct file_map *out)
{
    struct file_map m;
    int rc = file_map_memory(note->bytes > 0 ? (size_t)note->bytes : 1, &m);
    if (rc < 0)
        return err_raise(rc, "archive: no memory for %" PRIu64 " bytes", note->bytes);
    m.size = (size_t)note->bytes;
    struct slice frame = frame_of(archived);
    size_t n = ZSTD_decompress(m.at, m.size, frame.at, frame.size);
    if (ZSTD_isError(n) || n != m.size || hash_bytes((struct slice){ m.at, m.size }, 0) != note->sum) {
        file_unmap(&m);
        return ARCHIVE_DAMAGED;
    }
    *out = m;
    return 0;
}

int archive_open(const char *directory, const char *name, struct file_map *out)
{
    char path[PATH_MAX];
    struct file_map archived = { 0 };
    struct archive_note note;
    path_of(directory, name, path);
    int rc = map_archived(path, &archived, &note);
    if (rc != 0)
        return rc;
    rc = decompress(&archived, &note, out);
    file_unmap(&archived);
    return rc;
}

/* Compares piece by piece, so that nobody needs the memory of a whole original. */
static bool gives_back(const struct file_map *archived, const struct file_map *original)
{
    ZSTD_DCtx *z = ZSTD_createDCtx();
    uint8_t *piece = malloc(PIECE_BYTES);
    if (z == NULL || piece == NULL)
        abort();
    struct slice frame = frame_of(archived);
    ZSTD_inBuffer in = { frame.at, frame.size, 0 };
    size_t at = 0, left = 1;
    bool is_same = true;
    while (is_same && left != 0) {
        ZSTD_outBuffer out = { piece, PIECE_BYTES, 0 };
        size_t before = in.pos;
        left = ZSTD_decompressStream(z, &out, &in);
        is_same = !ZSTD_isError(left) && (out.pos > 0 || in.pos > before || left == 0) &&
                  out.pos <= original->size - at && memcmp(piece, original->at + at, out.pos) == 0;
        at += out.pos;
    }
    ZSTD_freeDCtx(z);
    free(piece);
    return is_same && at == original->size && in.pos == in.size;
}

/* Whether the archived file at path, if there is one, is this original's. */
static int compare(const char *path, const struct file_map *original, const struct archive_note *note)
{
    struct file_map archived = { 0 };
    struct archive_note found;
    int rc = map_archived(path, &archived, &found);
    if (rc != 0)
        return rc;
    bool is_same = found.bytes == note->bytes && found.sum == note->sum &&
                   gives_back(&archived, original);
    file_unmap(&archived);
    return is_same ? 0 : ARCHIVE_DAMAGED;
}

/* Writing. */

struct press {
    ZSTD_CCtx *z;
    uint8_t *piece;
    struct file_stream *to;
};

static bool is_asked_to_stop(const atomic_bool *must_stop)
{
    return must_stop != NULL && atomic_load(must_stop);
}

/* One piece of the original through the compressor, all that comes out of it into the file. */
static int press_piece(struct press *p, struct slice from, bool is_last)
{
    ZSTD_inBuffer in = { from.at, from.size, 0 };
    size_t left;
    do {
        ZSTD_outBuffer out = { p->piece, PIECE_BYTES, 0 };
        left = ZSTD_compressStream2(p->z, &out, &in, is_last ? ZSTD_e_end : ZSTD_e_continue);
        if (ZSTD_isError(left))
            return -EIO;
        int rc = out.pos > 0 ? file_stream_put(p->to, (struct slice){ p->piece, out.pos }) : 0;
        if (rc < 0)
            return rc;
    } while (is_last ? left != 0 : in.pos < in.size);
    return 0;
}

static int press_all(struct press *p, const struct file_map *original, const atomic_bool *must_stop)
{
    size_t at = 0;
    int rc;
    do {
        size_t n = original->size - at < PIECE_BYTES ? original->size - at : PIECE_BYTES;
        if (is_asked_to_stop(must_stop))
            return ARCHIVE_STOPPED;
        rc = press_piece(p, (struct slice){ original->at + at, n }, at + n == original->size);
        at += n;
    } while (rc == 0 && at < original->size);
    return rc;
}

static int press_into(struct file_stream *to, const struct file_map *original,
                      const struct archive_note *note, const atomic_bool *must_stop)
{
    struct buffer head = { 0 };
    put_note(&head, note);
    int rc = file_stream_put(to, buffer_slice(&head));
    buffer_fini(&head);
    if (rc < 0)
        return rc;

    struct press p = { ZSTD_createCCtx(), malloc(PIECE_BYTES), to };
    if (p.z == NULL || p.piece == NULL)
        abort();
    ZSTD_CCtx_setParameter(p.z, ZSTD_c_compressionLevel, LEVEL);
    ZSTD_CCtx_setParameter(p.z, ZSTD_c_checksumFlag, 1);
    ZSTD_CCtx_setPledgedSrcSize(p.z, original->size);
    rc = press_all(&p, original, must_stop);
    ZSTD_freeCCtx(p.z);
    free(p.piece);
    return rc;
}

static int write_archived(const char *path, const struct file_map *original,
                          const struct archive_note *note, const atomic_bool *must_stop)
{
    struct file_stream to = { 0 };
    int rc = file_stream_begin(path, &to);
    if (rc == 0) {
        rc = press_into(&to, original, note, must_stop);
        if (rc == 0)
            rc = file_stream_end(&to);
        else
            file_stream_abandon(&to);
    }
    if (rc == -ENOSPC || rc == -EDQUOT)
        return ARCHIVE_FULL;
    return rc < 0 ? err_raise(rc, "archive %s: cannot be written", path) : rc;
}

/* Another file under that name, or a damaged one, may be all that is left of something: it is kept. */
static int set_other_aside(const char *path)
{
    char aside[PATH_MAX + 16];
    snprintf(aside, sizeof aside, "%s.damaged", path);
    log_line(LOG_ERROR, "archive.damaged", "file=%s – does not hold what its original does; kept as "
             "NAME.damaged, the original is archived anew", path);
    int rc = file_rename(path, aside);
    return rc < 0 ? err_raise(rc, "archive %s: cannot be set aside", path) : 0;
}

static int keep_original(const char *path, const struct file_map *original, struct archive_note *note,
                         const atomic_bool *must_stop)
{
    note->bytes = original->size;
    note->sum = hash_bytes((struct slice){ original->at, original->size }, 0);
    int rc = compare(path, original, note);
    if (rc <= 0)
        return rc;
    if (rc != ARCHIVE_ABSENT && (rc = set_other_aside(path)) < 0)
        return rc;
    rc = write_archived(path, original, note, must_stop);
    if (rc == 0 && compare(path, original, note) != 0)
        rc = err_raise(-EIO, "archive %s: the disk does not give back what was written – the original "
                       "stays; check the disk", path);
    return rc;
}

/* What stands there already may have been named by a predecessor that was killed before it synced the
 * name, or the folder's; and the original goes now. Mostly there is nothing to do. */
static int sync_names(const char *directory, const char *folder)
{
    int rc = file_sync_directory(folder);
    if (rc == 0)
        rc = file_sync_directory(directory);
    return rc < 0 ? err_raise(rc, "archive %s: cannot be synced", folder) : 0;
}

int archive_keep(const char *directory, const char *name, const struct archive_note *note,
                 const atomic_bool *must_stop)
{
    char folder[PATH_MAX], from[PATH_MAX], path[PATH_MAX];
    struct archive_note noted = *note;
    struct file_map original = { 0 };
    folder_of(directory, folder);
    path_of(directory, name, path);
    snprintf(from, sizeof from, "%s/%s", directory, name);

    int rc = file_make_directory(folder);
    if (rc < 0)
        return err_raise(rc, "archive %s: cannot be made", folder);
    rc = file_map(from, false, &original);
    if (rc < 0)
        return err_raise(rc, "archive: %s cannot be read", from);
    rc = keep_original(path, &original, &noted, must_stop);
    file_unmap(&original);
    return rc == 0 ? sync_names(directory, folder) : rc;
}

/* Segments. */

int archive_segment_open(const char *directory, uint64_t ordinal, struct segment *out)
{
    char path[PATH_MAX];
    *out = (struct segment){ 0 };
    segment_path(directory, ordinal, path, sizeof path);
    int rc = archive_open(directory, strrchr(path, '/') + 1, &out->map);
    if (rc == ARCHIVE_ABSENT)
        return SEGMENT_MISSING;
    if (rc < 0)
        return rc;
    if (rc == 0 && out->map.size < SEGMENT_FRAMES_AT)
        rc = ARCHIVE_DAMAGED;
    if (rc == 0 && (rc = segment_header_read(out, ordinal)) == 0)
        return 0;
    log_line(LOG_ERROR, "archive.damaged", "file=%s/archive/%s" ENDING " – it cannot be read back%s; it is "
             "passed over", directory, strrchr(path, '/') + 1,
             rc == ARCHIVE_NEWER ? ", a newer version wrote it" : "");
    segment_close(out);
    return SEGMENT_DAMAGED;
}

/* A listing in the making. */
struct listing {
    struct segment_list *list;
    size_t n_own;                /* at its head: what stands in the journal's directory */
};

static bool has_own(const struct listing *l, uint64_t ordinal)
{
    for (size_t i = 0; i < l->n_own; i++)
        if (l->list->at[i].ordinal == ordinal && !l->list->at[i].is_set_aside)
            return true;
    return false;
}

/* The name without its ending, if it is that of a whole archived file. */
static bool take_ending(const char *name, char out[NAME_MAX])
{
    size_t n = strlen(name), end = sizeof ENDING - 1;
    if (n <= end || n >= NAME_MAX || strcmp(name + n - end, ENDING) != 0)
        return false;
    memcpy(out, name, n - end);
    out[n - end] = '\0';
    return true;
}

static void on_segment_name(void *self, const char *name)
{
    struct listing *l = self;
    char plain[NAME_MAX];
    struct segment_found found = { .is_archived = true };
    if (take_ending(name, plain) &&
        segment_name_parse(plain, &found.ordinal, &found.is_set_aside) && !found.is_set_aside &&
        !has_own(l, found.ordinal))
        segment_list_add(l->list, &found);
}

int archive_list_segments(const char *directory, struct segment_list *list)
{
    char folder[PATH_MAX];
    struct listing l = { list, list->n };
    folder_of(directory, folder);
    int rc = file_list(folder, on_segment_name, &l);
    segment_list_sort(list);
    return rc == -ENOENT ? 0 : rc;
}
