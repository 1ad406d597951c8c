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
} disk;

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

int file_sync(const struct file_map *m)
{
    disk.syncs++;
    if (disk.sync_fails_in > 0 && --disk.sync_fails_in == 0)
        return -EIO;
    struct stat st;
    if (fstat(m->fd, &st) != 0)
        return -errno;
    for (size_t i = 0; i < disk.n; i++)
        if (disk.files[i].inode == st.st_ino)
            read_whole(m->fd, disk.files[i].synced, disk.files[i].size);
    return 0;
}

static void cut_file(struct remembered *f, uint32_t *seed, unsigned survive)
{
    int fd = open(f->path, O_RDWR | O_CLOEXEC);
    uint8_t *now = malloc(f->size + 1);
    if (fd < 0 || now == NULL)
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
    for (size_t i = 0; i < disk.n; i++)
        cut_file(&disk.files[i], &seed, survive);
}

int file_allocate(const char *path, size_t size)
{
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
    close(m->fd);
    *m = (struct file_map){0};
}

int file_make_directory(const char *path)
{
    return mkdir(path, 0700) == 0 || errno == EEXIST ? 0 : -errno;
}

int file_sync_directory(const char *path)
{
    return access(path, F_OK) == 0 ? 0 : -errno;
}

int file_rename(const char *from, const char *to)
{
    for (size_t i = 0; i < disk.n; i++)
        if (strcmp(disk.files[i].path, from) == 0)
            snprintf(disk.files[i].path, sizeof disk.files[i].path, "%s", to);
    return rename(from, to) == 0 ? 0 : -errno;
}

int file_remove(const char *path)
{
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
