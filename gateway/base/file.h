/* Files: every access that must survive something goes through here, mappings included, so that a
 * test can put a disk in this place that forgets, fills up or fails (link another file.c).
 *
 * All calls return 0 or a negated errno and log nothing: the caller knows what the file is to people
 * and raises. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* A mapped file. Memory belongs to the caller; zeroed means none. */
struct file_map {
    int fd;
    uint8_t *at;
    size_t size;
    bool is_writable;
};

/* What a temporary name ends in. A kill can leave such a file behind; the next writer of the same path
 * overwrites it, and whoever lists a directory may remove it. */
#define FILE_TEMPORARY ".new"

/* Creates path with size bytes allocated (fallocate, zeros) and synced, by way of a temporary name
 * beside it, a rename, and a sync of the directory. -EEXIST when path is there, -ENOSPC. */
int file_allocate(const char *path, size_t size);

/* Maps the whole file, shared; an empty one has size 0 and no bytes. A writable map is advised
 * MADV_RANDOM, so that a page is written once and not with its neighbours. */
int file_map(const char *path, bool is_writable, struct file_map *out);

/* Gives a map back; accepts a zeroed one. Syncs nothing. */
void file_unmap(struct file_map *m);

/* fdatasync: once it returns 0, every byte of the map survives a power cut. Any thread. A failed sync
 * is never to be tried again on the same pages: the kernel may have dropped them. */
int file_sync(const struct file_map *m);

/* Makes a directory and syncs its parent. 0 also when it is there; parents must exist. */
int file_make_directory(const char *path);
int file_sync_directory(const char *path);
int file_rename(const char *from, const char *to);   /* and syncs the directory of `to` */
int file_remove(const char *path);                   /* 0 also when it is not there */
int file_size(const char *path, uint64_t *out);

/* Bytes that a non-root writer may still allocate on the file system of path. In a test build the number
 * in the file that CARBON_FREE_BYTES_FILE names, and nothing larger can be allocated. */
int file_free_bytes(const char *path, uint64_t *out);

/* What a path names now, whatever it is called: two equal ones name the same thing. -ENOENT. */
struct file_identity {
    uint64_t device, inode;
};
int file_identify(const char *path, struct file_identity *out);

/* Reads a whole file of at most `most` bytes into memory that the caller frees (NUL behind it).
 * -EFBIG beyond. */
int file_read_all(const char *path, size_t most, char **out, size_t *size);

/* Replaces path by these bytes: temporary name, sync, rename, sync of the directory. */
int file_replace(const char *path, struct slice bytes);

/* A file that comes into being piece by piece, for what is too large for memory. It stands under its
 * name, whole and synced, once file_stream_end returned 0; until then the name is not there, or still
 * means the file that had it. After begin, one of end and abandon must follow; end takes the stream also
 * when it fails, abandon leaves nothing and accepts a zeroed one. */
struct file_stream {
    int fd;
    char *path;
};
int file_stream_begin(const char *path, struct file_stream *out);
int file_stream_put(struct file_stream *s, struct slice bytes);
int file_stream_end(struct file_stream *s);
void file_stream_abandon(struct file_stream *s);

/* A map of memory with no file behind it (fd -1), zeroed and writable; file_unmap gives it back. -ENOMEM. */
int file_map_memory(size_t size, struct file_map *out);

/* Calls on_name for every entry of a directory but . and .., in byte order of the names. */
int file_list(const char *path, void (*on_name)(void *self, const char *name), void *self);

/* Takes an advisory lock that lasts until the process ends or closes *out_fd (flock on path, created if
 * missing).
 * -EWOULDBLOCK when another process holds it. */
int file_lock(const char *path, int *out_fd);

#endif
