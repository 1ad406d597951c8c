/* The disk, seen by people who must know what survives. Two habits make the promises of the header:
 * what appears under a name is whole (written under a temporary name, synced, renamed, and the
 * directory synced), and space that is mapped is allocated (else a full disk shows itself as a SIGBUS
 * in the middle of a copy, and not as -ENOSPC here).
 *
 * Nothing here asks whether somebody else is at work in the same directory: a state directory has one
 * owner, who holds its file_lock. */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/buffer.h"

#define FILE_MODE      0640
#define DIRECTORY_MODE 0750
#define READ_AT_ONCE   ((size_t)64 * 1024)

#ifdef CARBON_TEST_BUILD

/* A disk that is as full as a test says, without one that has to be filled. A file that is not there yet,
 * or is just being written, says nothing. */
static bool is_pretended(uint64_t *free_bytes)
{
    const char *path = getenv("CARBON_FREE_BYTES_FILE");
    FILE *f = path ? fopen(path, "re") : NULL;
    if (!f)
        return false;
    unsigned long long n;
    bool is_said = fscanf(f, "%llu", &n) == 1;
    fclose(f);
    if (is_said)
        *free_bytes = n;
    return is_said;
}

#else

static bool is_pretended(uint64_t *free_bytes)
{
    (void)free_bytes;
    return false;
}

#endif

static int temporary_name(const char *path, char out[PATH_MAX])
{
    int n = snprintf(out, PATH_MAX, "%s" FILE_TEMPORARY, path);
    return n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* Syncs the directory that holds path. */
static int sync_parent(const char *path)
{
    char parent[PATH_MAX];
    int n = snprintf(parent, sizeof parent, "%s", path);
    if (n >= PATH_MAX)
        return -ENAMETOOLONG;
    while (n > 1 && parent[n - 1] == '/')
        parent[--n] = '\0';
    char *slash = strrchr(parent, '/');
    if (!slash)
        return file_sync_directory(".");
    slash[slash == parent ? 1 : 0] = '\0';
    return file_sync_directory(parent);
}

/* Empties what a predecessor may have left under this name. */
static int create_temporary(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, FILE_MODE);
    return fd < 0 ? -errno : fd;
}

/* Closes a temporary file that was filled with this outcome and gives it its name, or removes it. */
static int settle_temporary(int fd, int rc, const char *temporary, const char *path)
{
    if (rc == 0 && fsync(fd) != 0)
        rc = -errno;
    if (close(fd) != 0 && rc == 0)
        rc = -errno;
    if (rc == 0)
        rc = file_rename(temporary, path);
    if (rc != 0)
        unlink(temporary);
    return rc;
}

/* Where the file system has no fallocate(2), the C library writes zeros instead: slower, but the space
 * is there. */
static int allocate(int fd, size_t size)
{
    int error;
    do
        error = posix_fallocate(fd, 0, (off_t)size);
    while (error == EINTR);
    return -error;
}

int file_allocate(const char *path, size_t size)
{
    if (size == 0 || size > PTRDIFF_MAX)
        return -EINVAL;
    uint64_t room;
    if (is_pretended(&room) && size > room)
        return -ENOSPC;
    if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return -EEXIST;

    char temporary[PATH_MAX];
    int rc = temporary_name(path, temporary);
    if (rc < 0)
        return rc;
    int fd = create_temporary(temporary);
    if (fd < 0)
        return fd;
    return settle_temporary(fd, allocate(fd, size), temporary, path);
}

/* Maps what fd has, unless it is empty, which mmap refuses and a reader of cut files need not. */
static int map_open_file(int fd, bool is_writable, struct file_map *m)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -EINVAL;

    *m = (struct file_map){ .fd = fd, .size = (size_t)st.st_size, .is_writable = is_writable };
    if (m->size == 0)
        return 0;
    void *at = mmap(NULL, m->size, PROT_READ | (is_writable ? PROT_WRITE : 0), MAP_SHARED, fd, 0);
    if (at == MAP_FAILED)
        return -errno;
    if (is_writable)
        madvise(at, m->size, MADV_RANDOM); /* an advice: without it all is slower, not wrong */
    m->at = at;
    return 0;
}

int file_map(const char *path, bool is_writable, struct file_map *out)
{
    int fd = open(path, (is_writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    struct file_map m;
    int rc = map_open_file(fd, is_writable, &m);
    if (rc < 0) {
        close(fd);
        return rc;
    }
    *out = m;
    return 0;
}

/* Descriptor 0 stands for a zeroed map; a program whose standard input was closed may once map a file
 * as 0, and then keeps that descriptor. */
void file_unmap(struct file_map *m)
{
    if (m->at)
        munmap(m->at, m->size);
    if (m->fd > 0)
        close(m->fd);
    *m = (struct file_map){ 0 };
}

int file_sync(const struct file_map *m)
{
    return fdatasync(m->fd) == 0 ? 0 : -errno;
}

static int found_directory(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return -errno;
    return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int file_make_directory(const char *path)
{
    if (mkdir(path, DIRECTORY_MODE) == 0)
        return sync_parent(path);
    return errno == EEXIST ? found_directory(path) : -errno;
}

int file_sync_directory(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int rc = fsync(fd) == 0 ? 0 : -errno;
    close(fd);
    return rc;
}

int file_rename(const char *from, const char *to)
{
    if (rename(from, to) != 0)
        return -errno;
    return sync_parent(to);
}

int file_remove(const char *path)
{
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

int file_free_bytes(const char *path, uint64_t *out)
{
    struct statvfs fs;
    if (is_pretended(out))
        return 0;
    if (statvfs(path, &fs) != 0)
        return -errno;
    *out = (uint64_t)fs.f_bavail * fs.f_frsize;
    return 0;
}

int file_identify(const char *path, struct file_identity *out)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return -errno;
    *out = (struct file_identity){ st.st_dev, st.st_ino };
    return 0;
}

/* Reads to the end, and not what fstat says: files in /proc say nothing. One byte beyond the bound is
 * enough to know. */
static int read_to_end(int fd, size_t most, struct buffer *b)
{
    for (;;) {
        uint8_t *at = buffer_extend(b, READ_AT_ONCE);
        ssize_t n = read(fd, at, READ_AT_ONCE);
        b->size -= READ_AT_ONCE - (n > 0 ? (size_t)n : 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (b->size > most)
            return -EFBIG;
        if (n == 0)
            return 0;
    }
}

int file_read_all(const char *path, size_t most, char **out, size_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;

    struct buffer b = { 0 };
    int rc = read_to_end(fd, most, &b);
    close(fd);
    if (rc < 0) {
        buffer_fini(&b);
        return rc;
    }
    *size = b.size;
    buffer_put_u8(&b, '\0');
    *out = (char *)b.at;
    return 0;
}

static int write_whole(int fd, struct slice bytes)
{
    while (bytes.size > 0) {
        ssize_t n = write(fd, bytes.at, bytes.size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        bytes.at += n;
        bytes.size -= (size_t)n;
    }
    return 0;
}

int file_replace(const char *path, struct slice bytes)
{
    char temporary[PATH_MAX];
    uint64_t room;
    if (is_pretended(&room) && bytes.size > room)
        return -ENOSPC;
    int rc = temporary_name(path, temporary);
    if (rc < 0)
        return rc;
    int fd = create_temporary(temporary);
    if (fd < 0)
        return fd;
    return settle_temporary(fd, write_whole(fd, bytes), temporary, path);
}

int file_stream_begin(const char *path, struct file_stream *out)
{
    char temporary[PATH_MAX];
    int rc = temporary_name(path, temporary);
    if (rc < 0)
        return rc;
    int fd = create_temporary(temporary);
    if (fd < 0)
        return fd;
    *out = (struct file_stream){ .fd = fd, .path = strdup(path) };
    if (!out->path)
        abort();
    return 0;
}

int file_stream_put(struct file_stream *s, struct slice bytes)
{
    return write_whole(s->fd, bytes);
}

/* Ends it with this outcome of the writing. */
static int end_stream(struct file_stream *s, int rc)
{
    char temporary[PATH_MAX];
    temporary_name(s->path, temporary);      /* it fitted at the beginning */
    rc = settle_temporary(s->fd, rc, temporary, s->path);
    free(s->path);
    *s = (struct file_stream){ 0 };
    return rc;
}

int file_stream_end(struct file_stream *s)
{
    return end_stream(s, 0);
}

void file_stream_abandon(struct file_stream *s)
{
    if (s->path)
        end_stream(s, -ECANCELED);
}

int file_map_memory(size_t size, struct file_map *out)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        return -errno;
    *out = (struct file_map){ .fd = -1, .at = at, .size = size, .is_writable = true };
    return 0;
}

static int is_listed(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

/* alphasort would follow the locale. */
static int compare_names(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* The names are gathered first, so the callback may create and remove files. */
int file_list(const char *path, void (*on_name)(void *self, const char *name), void *self)
{
    struct dirent **entries;
    int n = scandir(path, &entries, is_listed, compare_names);
    if (n < 0)
        return -errno;
    for (int i = 0; i < n; i++) {
        on_name(self, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return 0;
}

int file_lock(const char *path, int *out_fd)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
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
