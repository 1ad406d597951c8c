/* The double keeps a copy of each file as it was at its last sync. A power cut puts sectors of that copy
 * back into the file. A file that is mapped and not known yet counts as synced as it is. */
#include "journal/disk_double.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define FILES_MOST 256
#define SECTOR 512u

struct remembered {
    char path[PATH_MAX];
    ino_t inode;
    uint8_t *synced;
    size_t size;
};

static struct {
    struct remembered files[FILES_MOST];
    size_t n;
    int refusal;
    unsigned sync_fails_in;
    size_t syncs;
    long long room;
    int steps_left;
} disk = { .room = -1, .steps_left = -1 };

/* 0, or -EIO when the power is off. */
static int step(void)
{
    if (disk.steps_left == 0)
        return -EIO;
    if (disk.steps_left > 0)
        disk.steps_left--;
    return 0;
}

static void forget(size_t i)
{
    free(disk.files[i].synced);
    disk.files[i] = disk.files[--disk.n];
}

void disk_reset(void)
{
    while (disk.n > 0)
        forget(disk.n - 1);
    disk.refusal = 0;
    disk.sync_fails_in = 0;
    disk.syncs = 0;
    disk.room = -1;
    disk.steps_left = -1;
}

void disk_room(long long bytes)
{
    disk.room = bytes;
}

void disk_stop_after(int steps)
{
    disk.steps_left = steps;
}

void disk_refuse(int rc)
{
    disk.refusal = rc;
}

void disk_fail_sync(unsigned n)
{
    disk.sync_fails_in = n;
}

size_t disk_syncs(void)
{
    return disk.syncs;
}

static size_t size_of(int fd)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        abort();
    return (size_t)st.st_size;
}

static void read_whole(int fd, uint8_t *out, size_t size)
{
    if (pread(fd, out, size, 0) != (ssize_t)size)
        abort();
}

static void remember(const char *path, int fd)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || disk.n == FILES_MOST)
        abort();
    for (size_t i = 0; i < disk.n; i++)
        if (disk.files[i].inode == st.st_ino)
            return;
    struct remembered *f = &disk.files[disk.n++];
    snprintf(f->path, sizeof f->path, "%s", path);
    f->inode = st.st_ino;
    f->size = (size_t)st.st_size;
    f->synced = malloc(f->size + 1);
    if (f->synced == NULL)
        abort();
    read_whole(fd, f->synced, f->size);
}

/* A file that grew is zeros there in the copy. */
static void resize_copy(struct remembered *f, size_t size)
{
    f->synced = realloc(f->synced, size + 1);
    if (f->synced == NULL)
        abort();
    if (size > f->size)
        memset(f->synced + f->size, 0, size - f->size);
    f->size = size;
}

static int sync_file(int fd)
{
    disk.syncs++;
    if (step() != 0 || (disk.sync_fails_in > 0 && --disk.sync_fails_in == 0))
        return -EIO;
    struct stat st;
    if (fstat(fd, &st) != 0)
        return -errno;
    for (size_t i = 0; i < disk.n; i++) {
        if (disk.files[i].inode != st.st_ino)
            continue;
        resize_copy(&disk.files[i], (size_t)st.st_size);
        read_whole(fd, disk.files[i].synced, disk.files[i].size);
    }
    return 0;
}

int file_sync(const struct file_map *m)
{
    return sync_file(m->fd);
}

static void cut_file(struct remembered *f, uint32_t *seed, unsigned survive)
{
    int fd = open(f->path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        abort();
    resize_copy(f, size_of(fd));
    uint8_t *now = malloc(f->size + 1);
    if (now == NULL)
        abort();
    read_whole(fd, now, f->size);
    for (size_t at = 0; at < f->size; at += SECTOR) {
        size_t n = f->size - at < SECTOR ? f->size - at : SECTOR;
        if (memcmp(now + at, f->synced + at, n) == 0)
            continue;
        *seed = *seed * 1664525u + 1013904223u;
        if ((*seed >> 16) % 8 >= survive && pwrite(fd, f->synced + at, n, (off_t)at) != (ssize_t)n)
            abort();
    }
    read_whole(fd, f->synced, f->size);
    free(now);
    close(fd);
}

void disk_cut_power(uint32_t seed, unsigned survive)
{
    disk.steps_left = -1;
    for (size_t i = 0; i < disk.n; i++)
        cut_file(&disk.files[i], &seed, survive);
}

int file_allocate(const char *path, size_t size)
{
    if (step() != 0)
        return -EIO;
    if (disk.refusal != 0)
        return disk.refusal;
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    int rc = ftruncate(fd, (off_t)size) == 0 ? 0 : -errno;
    if (rc == 0)
        remember(path, fd);
    close(fd);
    return rc;
}

int file_map(const char *path, bool is_writable, struct file_map *out)
{
    int fd = open(path, (is_writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0)
        return -errno;
    void *at = mmap(NULL, (size_t)st.st_size, PROT_READ | (is_writable ? PROT_WRITE : 0), MAP_SHARED,
                    fd, 0);
    if (at == MAP_FAILED) {
        int rc = -errno;
        close(fd);
        return rc;
    }
    remember(path, fd);
    *out = (struct file_map){ fd, at, (size_t)st.st_size, is_writable };
    return 0;
}

void file_unmap(struct file_map *m)
{
    if (m->at == NULL)
        return;
    munmap(m->at, m->size);
    if (m->fd >= 0)
        close(m->fd);
    *m = (struct file_map){0};
}

int file_map_memory(size_t size, struct file_map *out)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        return -errno;
    *out = (struct file_map){ -1, at, size, true };
    return 0;
}

/* A stream's file bears its temporary name until it ends. */
static void temporary_of(const char *path, char out[PATH_MAX])
{
    snprintf(out, PATH_MAX, "%s%s", path, FILE_TEMPORARY);
}

int file_stream_begin(const char *path, struct file_stream *out)
{
    char temporary[PATH_MAX];
    temporary_of(path, temporary);
    if (step() != 0)
        return -EIO;
    int rc = file_remove(temporary);
    int fd = rc == 0 ? open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
    if (fd < 0)
        return rc != 0 ? rc : -errno;
    remember(temporary, fd);
    *out = (struct file_stream){ fd, strdup(path) };
    if (out->path == NULL)
        abort();
    return 0;
}

/* A full disk takes what there is room for, as a real one. */
int file_stream_put(struct file_stream *s, struct slice bytes)
{
    if (step() != 0)
        return -EIO;
    if (disk.refusal != 0)
        return disk.refusal;
    size_t n = bytes.size;
    if (disk.room >= 0 && n > (size_t)disk.room)
        n = (size_t)disk.room;
    if (write(s->fd, bytes.at, n) != (ssize_t)n)
        return -errno;
    if (disk.room >= 0)
        disk.room -= (long long)n;
    return n < bytes.size ? -ENOSPC : 0;
}

/* With the power off, what stands there stays there. */
static void let_go(struct file_stream *s, const char *temporary)
{
    close(s->fd);
    if (temporary != NULL && disk.steps_left != 0)
        file_remove(temporary);
    free(s->path);
    *s = (struct file_stream){0};
}

int file_stream_end(struct file_stream *s)
{
    char temporary[PATH_MAX];
    temporary_of(s->path, temporary);
    int rc = sync_file(s->fd);
    if (rc == 0)
        rc = file_rename(temporary, s->path);
    let_go(s, rc == 0 ? NULL : temporary);
    return rc;
}

void file_stream_abandon(struct file_stream *s)
{
    char temporary[PATH_MAX];
    if (s->path == NULL)
        return;
    temporary_of(s->path, temporary);
    let_go(s, temporary);
}

int file_make_directory(const char *path)
{
    if (step() != 0)
        return -EIO;
    return mkdir(path, 0700) == 0 || errno == EEXIST ? 0 : -errno;
}

int file_sync_directory(const char *path)
{
    return access(path, F_OK) == 0 ? 0 : -errno;
}

int file_rename(const char *from, const char *to)
{
    if (step() != 0)
        return -EIO;
    for (size_t i = disk.n; i-- > 0;)
        if (strcmp(disk.files[i].path, to) == 0)
            forget(i);
    for (size_t i = 0; i < disk.n; i++)
        if (strcmp(disk.files[i].path, from) == 0)
            snprintf(disk.files[i].path, sizeof disk.files[i].path, "%s", to);
    return rename(from, to) == 0 ? 0 : -errno;
}

int file_remove(const char *path)
{
    if (step() != 0)
        return -EIO;
    for (size_t i = disk.n; i-- > 0;)
        if (strcmp(disk.files[i].path, path) == 0)
            forget(i);
    return unlink(path) == 0 || errno == ENOENT ? 0 : -errno;
}

int file_size(const char *path, uint64_t *out)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return -errno;
    *out = (uint64_t)st.st_size;
    return 0;
}

int file_list(const char *path, void (*on_name)(void *self, const char *name), void *self)
{
    struct dirent **names;
    int n = scandir(path, &names, NULL, alphasort);
    if (n < 0)
        return -errno;
    for (int i = 0; i < n; i++) {
        if (names[i]->d_name[0] != '.')
            on_name(self, names[i]->d_name);
        free(names[i]);
    }
    free(names);
    return 0;
}

int file_lock(const char *path, int *out_fd)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        int rc = -errno;
        close(fd);
        return rc;
    }
    *out_fd = fd;
    return 0;
}

/* What a journal has no use for is here so that the linker does not fetch the real disk for it. */
int file_free_bytes(const char *path, uint64_t *out)
{
    (void)path;
    (void)out;
    return -ENOTSUP;
}

int file_read_all(const char *path, size_t most, char **out, size_t *size)
{
    (void)path;
    (void)most;
    (void)out;
    (void)size;
    return -ENOTSUP;
}

int file_replace(const char *path, struct slice bytes)
{
    (void)path;
    (void)bytes;
    return -ENOTSUP;
}
