/* The format of a base. All integers little-endian; offsets in bytes.
 *
 *   +0     head
 *          +0   8 bytes  "CGWBASE" and a NUL
 *          +8   u32      format version, 1
 *          +12  u32      0
 *          +16  u64      log book id
 *          +24  u64      position: log book entries up to here are in it
 *          +32  u64      intake id, 0 when nothing was ever taken
 *          +40  u64      intake took: frames of the intake up to here are in it
 *          +48  i64      UTC microseconds at which it was written
 *          +56  u64      XXH3-64, seed 0, of the 56 bytes before
 *   +64    rows, one behind the other
 *          +0   u8       kind, never 0
 *          +1   u32      size of the key
 *          +5   u32      size of the value
 *          +9   key, value
 *   then the end
 *          +0   u8       0
 *          +1   u64      number of rows
 *          +9   u64      XXH3-64, seed 0, of everything from the file's first byte to here
 *
 * A base counts if and only if the head's checksum holds, the rows fit one behind the other, their number
 * is right, the last checksum holds and nothing follows it. The head keeps its place and its checksum
 * in every version to come: so that a newer version is told from a flipped bit.
 *
 * A base can be hundreds of megabytes, and the gateway has not that much memory to spare: it is written
 * through one buffer and read through a map, whose pages are the kernel's to take back. Reading checks
 * the whole file once at opening, and then trusts it: a row that was given out is never taken back. */
#include "journal/base.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/err.h"
#include "base/hash.h"

#define MAGIC "CGWBASE"          /* with its NUL, 8 bytes */
#define HEAD_BYTES 64u
#define HEAD_HASHED 56u
#define END_BYTES 17u
#define WRITE_AT_ONCE ((size_t)256 * 1024)

/* Names. */

void base_path(const char *directory, uint64_t position, char *out, size_t room)
{
    snprintf(out, room, "%s/%020" PRIu64 ".base", directory, position);
}

static bool parse_name(const char *name, uint64_t *position)
{
    if (strspn(name, "0123456789") != 20 || strcmp(name + 20, ".base") != 0)
        return false;
    errno = 0;
    *position = strtoull(name, NULL, 10);
    return errno == 0;
}

static void on_name(void *self, const char *name)
{
    struct base_list *list = self;
    uint64_t position;
    if (!parse_name(name, &position))
        return;
    if (list->n == list->room) {
        list->room = list->room == 0 ? 16 : 2 * list->room;
        list->at = realloc(list->at, list->room * sizeof *list->at);
        if (list->at == NULL)
            abort();
    }
    list->at[list->n++] = position;
}

/* Twenty digits: the order of the names is that of the numbers. */
int base_list_read(const char *directory, struct base_list *out)
{
    struct base_list list = { 0 };
    int rc = file_list(directory, on_name, &list);
    if (rc < 0) {
        free(list.at);
        return err_raise(rc, "bases in %s: the directory cannot be listed", directory);
    }
    *out = list;
    return 0;
}

/* Writing. */

struct base_writer {
    struct file_stream file;
    struct buffer pending;       /* written, not yet with the file */
    struct hash_stream *hash;
    uint64_t n_rows;
};

static void put_head(struct buffer *out, const struct base_head *head)
{
    size_t begin = out->size;
    buffer_put(out, MAGIC, sizeof MAGIC);
    buffer_put_u32(out, BASE_VERSION);
    buffer_put_u32(out, 0);
    buffer_put_u64(out, head->logbook_id);
    buffer_put_u64(out, head->position);
    buffer_put_u64(out, head->intake_id);
    buffer_put_u64(out, head->intake_took);
    buffer_put_i64(out, head->written_wall_us);
    buffer_put_u64(out, hash_bytes((struct slice){ out->at + begin, HEAD_HASHED }, 0));
}

static int raise_write(const struct base_writer *w, int rc)
{
    return err_raise(rc, "base %s: cannot be written", w->file.path ? w->file.path : "");
}

static int flush(struct base_writer *w)
{
    struct slice bytes = buffer_slice(&w->pending);
    hash_stream_add(w->hash, bytes);
    int rc = file_stream_put(&w->file, bytes);
    buffer_clear(&w->pending);
    return rc < 0 ? raise_write(w, rc) : 0;
}

static void writer_free(struct base_writer *w)
{
    file_stream_abandon(&w->file);
    buffer_fini(&w->pending);
    hash_stream_free(w->hash);
    free(w);
}

int base_write_begin(const char *directory, const struct base_head *head, struct base_writer **out)
{
    char path[PATH_MAX];
    struct base_writer *w = calloc(1, sizeof *w);
    if (w == NULL)
        abort();
    w->hash = hash_stream_new(0);
    base_path(directory, head->position, path, sizeof path);
    int rc = file_stream_begin(path, &w->file);
    if (rc < 0) {
        writer_free(w);
        return err_raise(rc, "base %s: cannot be begun", path);
    }
    put_head(&w->pending, head);
    *out = w;
    return 0;
}

int base_write_row(struct base_writer *w, uint8_t kind, struct slice key, struct slice value)
{
    if (kind == 0 || key.size > UINT32_MAX || value.size > UINT32_MAX)
        return err_raise(-EINVAL, "base: a row of kind %u with %zu and %zu bytes", kind, key.size,
                         value.size);
    buffer_put_u8(&w->pending, kind);
    buffer_put_u32(&w->pending, (uint32_t)key.size);
    buffer_put_u32(&w->pending, (uint32_t)value.size);
    buffer_put(&w->pending, key.at, key.size);
    buffer_put(&w->pending, value.at, value.size);
    w->n_rows++;
    return w->pending.size < WRITE_AT_ONCE ? 0 : flush(w);
}

/* The last checksum covers what stands before it, so that goes through the hash first. */
static int write_end(struct base_writer *w)
{
    buffer_put_u8(&w->pending, 0);
    buffer_put_u64(&w->pending, w->n_rows);
    int rc = flush(w);
    if (rc < 0)
        return rc;
    buffer_put_u64(&w->pending, hash_stream_sum(w->hash));
    rc = file_stream_put(&w->file, buffer_slice(&w->pending));
    return rc < 0 ? raise_write(w, rc) : 0;
}

int base_write_end(struct base_writer *w)
{
    int rc = write_end(w);
    if (rc == 0) {
        rc = file_stream_end(&w->file);
        if (rc < 0)
            err_raise(rc, "base: cannot be synced and named");
    }
    writer_free(w);
    return rc;
}

void base_write_abandon(struct base_writer *w)
{
    if (w != NULL)
        writer_free(w);
}

/* Reading. */

struct base_reader {
    struct file_map map;
    struct cursor c;             /* at the next row */
};

/* The head of a file that may be anything. */
static int read_head(struct slice bytes, struct base_head *out)
{
    struct cursor c = cursor_of(bytes);
    struct slice magic = cursor_bytes(&c, sizeof MAGIC);
    struct base_head head = { .version = cursor_u32(&c) };
    cursor_u32(&c);
    head.logbook_id = cursor_u64(&c);
    head.position = cursor_u64(&c);
    head.intake_id = cursor_u64(&c);
    head.intake_took = cursor_u64(&c);
    head.written_wall_us = cursor_i64(&c);
    uint64_t sum = cursor_u64(&c);
    if (c.has_failed || memcmp(magic.at, MAGIC, sizeof MAGIC) != 0 ||
        sum != hash_bytes((struct slice){ bytes.at, HEAD_HASHED }, 0) || head.version == 0)
        return BASE_DAMAGED;
    *out = head;
    return head.version > BASE_VERSION ? BASE_NEWER : 0;
}

/* Steps over one row. False at the end of the rows, or when what stands there is none. */
static bool next_row(struct cursor *c, uint8_t *kind, struct slice *key, struct slice *value)
{
    *kind = cursor_u8(c);
    if (*kind == 0)
        return false;
    size_t key_size = cursor_u32(c), value_size = cursor_u32(c);
    *key = cursor_bytes(c, key_size);
    *value = cursor_bytes(c, value_size);
    return !c->has_failed;
}

static bool are_rows_sound(struct slice bytes)
{
    struct cursor c = cursor_of(bytes);
    cursor_bytes(&c, HEAD_BYTES);
    uint64_t n = 0;
    uint8_t kind;
    struct slice key, value;
    while (next_row(&c, &kind, &key, &value))
        n++;
    return kind == 0 && cursor_u64(&c) == n && !c.has_failed && c.end - c.at == 8;
}

static int check(struct slice bytes, struct base_head *head)
{
    if (bytes.size < HEAD_BYTES + END_BYTES)
        return BASE_DAMAGED;
    int rc = read_head((struct slice){ bytes.at, HEAD_BYTES }, head);
    if (rc != 0)
        return rc;
    struct cursor sum = cursor_of((struct slice){ bytes.at + bytes.size - 8, 8 });
    bool holds = hash_bytes((struct slice){ bytes.at, bytes.size - 8 }, 0) == cursor_u64(&sum);
    return holds && are_rows_sound(bytes) ? 0 : BASE_DAMAGED;
}

int base_open_map(struct file_map *map, struct base_reader **out, struct base_head *head)
{
    struct base_head found = { 0 };
    struct slice bytes = { map->at, map->size };
    int rc = check(bytes, &found);
    if (rc != BASE_DAMAGED)
        *head = found;
    if (rc != 0) {
        file_unmap(map);
        return rc;
    }
    struct base_reader *r = calloc(1, sizeof *r);
    if (r == NULL)
        abort();
    r->map = *map;
    r->c = cursor_of(bytes);
    cursor_bytes(&r->c, HEAD_BYTES);
    *map = (struct file_map){ 0 };
    *out = r;
    return 0;
}

/* An empty file cannot be mapped, so the size is asked first. */
static int map_base(const char *path, struct file_map *out)
{
    uint64_t size = 0;
    int rc = file_size(path, &size);
    if (rc == 0 && size == 0)
        return BASE_DAMAGED;
    if (rc == 0)
        rc = file_map(path, false, out);
    return rc < 0 ? err_raise(rc, "base %s: cannot be read", path) : 0;
}

int base_open(const char *path, struct base_reader **out, struct base_head *head)
{
    struct file_map map = { 0 };
    int rc = map_base(path, &map);
    return rc == 0 ? base_open_map(&map, out, head) : rc;
}

int base_peek(const char *path, struct base_head *out)
{
    struct file_map map = { 0 };
    int rc = map_base(path, &map);
    if (rc != 0)
        return rc;
    size_t size = map.size < HEAD_BYTES ? map.size : HEAD_BYTES;
    rc = read_head((struct slice){ map.at, size }, out);
    file_unmap(&map);
    return rc;
}

int base_read(struct base_reader *r, uint8_t *kind, struct slice *key, struct slice *value)
{
    return next_row(&r->c, kind, key, value) ? 0 : BASE_END;
}

void base_close(struct base_reader *r)
{
    if (r == NULL)
        return;
    file_unmap(&r->map);
    free(r);
}
