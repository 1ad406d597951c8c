/* The file calls of the whole program: those that are about the disk in memory go there, all others to
 * the C library. The linker puts these functions in the place of the library's (--wrap, meson.build), in
 * our own code and nowhere else; so base/file.c is under test as it is, syncs included, and a file that
 * is opened anywhere else in the gateway is seen too. A call that is missing here shows itself at once:
 * below DISK_ROOT the machine has no files.
 *
 * The names are those of a 64-bit Linux with glibc where off_t was asked to have 64 bits, as meson does. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "disk.h"

#define CALL(type, name, ...) \
    type __real_##name(__VA_ARGS__); \
    type __wrap_##name(__VA_ARGS__)

CALL(int, open64, const char *path, int flags, ...);
CALL(int, close, int fd);
CALL(ssize_t, read, int fd, void *to, size_t size);
CALL(ssize_t, write, int fd, const void *from, size_t size);
CALL(ssize_t, pread64, int fd, void *to, size_t size, off_t at);
CALL(ssize_t, pwrite64, int fd, const void *from, size_t size, off_t at);
CALL(int, ftruncate64, int fd, off_t size);
CALL(int, posix_fallocate64, int fd, off_t at, off_t size);
CALL(int, fsync, int fd);
CALL(int, fdatasync, int fd);
CALL(int, flock, int fd, int operation);
CALL(void *, mmap64, void *at, size_t size, int protection, int flags, int fd, off_t from);
CALL(int, munmap, void *at, size_t size);
CALL(int, madvise, void *at, size_t size, int advice);
CALL(int, rename, const char *from, const char *to);
CALL(int, unlink, const char *path);
CALL(int, mkdir, const char *path, mode_t mode);
CALL(int, access, const char *path, int mode);
CALL(int, faccessat, int directory, const char *path, int mode, int flags);
CALL(int, stat64, const char *path, struct stat *out);
CALL(int, fstat64, int fd, struct stat *out);
CALL(int, statvfs64, const char *path, struct statvfs *out);
CALL(int, scandir64, const char *path, struct dirent ***out, int (*filter)(const struct dirent *),
     int (*compare)(const struct dirent **, const struct dirent **));

static int outcome(int rc)
{
    if (rc >= 0)
        return rc;
    errno = -rc;
    return -1;
}

static ssize_t outcome_of_bytes(ssize_t rc)
{
    if (rc >= 0)
        return rc;
    errno = (int)-rc;
    return -1;
}

int __wrap_open64(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return disk_has(path) ? outcome(disk_open(path, flags)) : __real_open64(path, flags, mode);
}

int __wrap_close(int fd)
{
    if (fd < DISK_FD)
        return __real_close(fd);
    disk_close(fd);
    return 0;
}

ssize_t __wrap_read(int fd, void *to, size_t size)
{
    if (fd < DISK_FD)
        return __real_read(fd, to, size);
    ssize_t n = disk_read(fd, to, size, *disk_offset(fd));
    *disk_offset(fd) += n > 0 ? (uint64_t)n : 0;
    return outcome_of_bytes(n);
}

ssize_t __wrap_write(int fd, const void *from, size_t size)
{
    if (fd < DISK_FD)
        return __real_write(fd, from, size);
    ssize_t n = disk_write(fd, from, size, *disk_offset(fd));
    *disk_offset(fd) += n > 0 ? (uint64_t)n : 0;
    return outcome_of_bytes(n);
}

ssize_t __wrap_pread64(int fd, void *to, size_t size, off_t at)
{
    return fd < DISK_FD ? __real_pread64(fd, to, size, at)
                        : outcome_of_bytes(disk_read(fd, to, size, (uint64_t)at));
}

ssize_t __wrap_pwrite64(int fd, const void *from, size_t size, off_t at)
{
    return fd < DISK_FD ? __real_pwrite64(fd, from, size, at)
                        : outcome_of_bytes(disk_write(fd, from, size, (uint64_t)at));
}

int __wrap_ftruncate64(int fd, off_t size)
{
    return fd < DISK_FD ? __real_ftruncate64(fd, size) : outcome(disk_truncate(fd, (uint64_t)size));
}

/* Ours are allocated from the beginning and never smaller than they were. */
int __wrap_posix_fallocate64(int fd, off_t at, off_t size)
{
    return fd < DISK_FD ? __real_posix_fallocate64(fd, at, size)
                        : -disk_truncate(fd, (uint64_t)(at + size));
}

int __wrap_fsync(int fd)
{
    return fd < DISK_FD ? __real_fsync(fd) : outcome(disk_sync(fd));
}

int __wrap_fdatasync(int fd)
{
    return fd < DISK_FD ? __real_fdatasync(fd) : outcome(disk_sync(fd));
}

/* The test has one gateway at a time. */
int __wrap_flock(int fd, int operation)
{
    return fd < DISK_FD ? __real_flock(fd, operation) : 0;
}

void *__wrap_mmap64(void *at, size_t size, int protection, int flags, int fd, off_t from)
{
    if (fd < DISK_FD)
        return __real_mmap64(at, size, protection, flags, fd, from);
    void *out = NULL;
    int rc = disk_map(fd, &out);
    if (rc == 0)
        return out;
    errno = -rc;
    return MAP_FAILED;
}

int __wrap_munmap(void *at, size_t size)
{
    return disk_unmap(at) ? 0 : __real_munmap(at, size);
}

/* An advice about memory that may be the disk's: it changes nothing here. */
int __wrap_madvise(void *at, size_t size, int advice)
{
    (void)at;
    (void)size;
    (void)advice;
    return 0;
}

int __wrap_rename(const char *from, const char *to)
{
    return disk_has(from) ? outcome(disk_rename(from, to)) : __real_rename(from, to);
}

int __wrap_unlink(const char *path)
{
    return disk_has(path) ? outcome(disk_remove(path)) : __real_unlink(path);
}

int __wrap_mkdir(const char *path, mode_t mode)
{
    return disk_has(path) ? outcome(disk_make_directory(path)) : __real_mkdir(path, mode);
}

int __wrap_access(const char *path, int mode)
{
    struct disk_stat found;
    return disk_has(path) ? outcome(disk_stat(path, &found)) : __real_access(path, mode);
}

int __wrap_faccessat(int directory, const char *path, int mode, int flags)
{
    struct disk_stat found;
    return disk_has(path) ? outcome(disk_stat(path, &found))
                          : __real_faccessat(directory, path, mode, flags);
}

static void describe(const struct disk_stat *found, struct stat *out)
{
    *out = (struct stat){
        .st_mode = found->is_directory ? S_IFDIR | 0750 : S_IFREG | 0640,
        .st_size = (off_t)found->size,
        .st_ino = found->inode,
        .st_nlink = 1,
    };
}

int __wrap_stat64(const char *path, struct stat *out)
{
    struct disk_stat found;
    if (!disk_has(path))
        return __real_stat64(path, out);
    int rc = disk_stat(path, &found);
    if (rc == 0)
        describe(&found, out);
    return outcome(rc);
}

int __wrap_fstat64(int fd, struct stat *out)
{
    struct disk_stat found;
    if (fd < DISK_FD)
        return __real_fstat64(fd, out);
    int rc = disk_stat_open(fd, &found);
    if (rc == 0)
        describe(&found, out);
    return outcome(rc);
}

/* A roomy disk. */
int __wrap_statvfs64(const char *path, struct statvfs *out)
{
    if (!disk_has(path))
        return __real_statvfs64(path, out);
    *out = (struct statvfs){ .f_frsize = 4096, .f_blocks = 1 << 28, .f_bavail = 1 << 28 };
    return 0;
}

struct entries {
    struct dirent **at;
    int n;
};

static void on_entry(void *self, const char *name)
{
    struct entries *e = self;
    struct dirent *d = calloc(1, sizeof *d);
    e->at = realloc(e->at, ((size_t)e->n + 1) * sizeof *e->at);
    if (d == NULL || e->at == NULL)
        abort();
    strncpy(d->d_name, name, sizeof d->d_name - 1);
    e->at[e->n++] = d;
}

/* The one comparison that is asked for: base/file.c lists in byte order. */
static int compare_entries(const void *a, const void *b)
{
    return strcmp((*(struct dirent *const *)a)->d_name, (*(struct dirent *const *)b)->d_name);
}

int __wrap_scandir64(const char *path, struct dirent ***out, int (*filter)(const struct dirent *),
                     int (*compare)(const struct dirent **, const struct dirent **))
{
    if (!disk_has(path))
        return __real_scandir64(path, out, filter, compare);
    struct entries e = { 0 };
    on_entry(&e, ".");                       /* as every directory has it; and never an empty array */
    int rc = disk_list(path, on_entry, &e);
    int kept = 0;
    for (int i = 0; i < e.n; i++) {
        if (rc == 0 && (filter == NULL || filter(e.at[i]) != 0))
            e.at[kept++] = e.at[i];
        else
            free(e.at[i]);
    }
    if (rc != 0) {
        free(e.at);
        return outcome(rc);
    }
    qsort(e.at, (size_t)kept, sizeof *e.at, compare_entries);
    *out = e.at;
    return kept;
}
