/* The disk as the program sees it: names, each leading to a node, and descriptors on nodes.
 *
 * The names stand in one flat table by their whole path; some fifty of them are searched faster than a
 * tree is explained. A name has two meanings, the one that is seen and the one that lasts, and a node
 * has its bytes twice. What differs between the two is what a power cut plays with (fate.c). */
#include "disk_inside.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct disk disk;

static struct node *make_node(bool is_directory)
{
    struct node *n = calloc(1, sizeof *n);
    if (n == NULL || disk.n_nodes == DISK_NODES_MOST)
        abort();
    disk.nodes[disk.n_nodes++] = n;
    n->inode = ++disk.inodes;
    n->is_directory = is_directory;
    return n;
}

static struct name *find_name(const char *path)
{
    for (size_t i = 0; i < disk.n_names; i++)
        if (strcmp(disk.names[i].path, path) == 0)
            return &disk.names[i];
    return NULL;
}

struct name *disk_name(const char *path)
{
    struct name *found = find_name(path);
    if (found != NULL)
        return found;
    if (disk.n_names == DISK_NAMES_MOST || strlen(path) >= DISK_NAME_MOST)
        abort();
    struct name *n = &disk.names[disk.n_names++];
    *n = (struct name){ 0 };
    snprintf(n->path, sizeof n->path, "%s", path);
    return n;
}

static struct node *find(const char *path)
{
    struct name *n = find_name(path);
    return n == NULL ? NULL : n->now;
}

const char *disk_path_of(const struct node *n)
{
    for (size_t i = 0; i < disk.n_names; i++)
        if (disk.names[i].now == n)
            return disk.names[i].path;
    return NULL;
}

bool disk_is_in(const char *path, const char *directory)
{
    size_t n = strlen(directory);
    return strncmp(path, directory, n) == 0 && path[n] == '/' && strchr(path + n + 1, '/') == NULL;
}

static bool has_directory(const char *path)
{
    char parent[DISK_NAME_MOST];
    snprintf(parent, sizeof parent, "%s", path);
    *strrchr(parent, '/') = '\0';
    struct node *n = find(parent);
    return strcmp(parent, "") == 0 || (n != NULL && n->is_directory);
}

static int create(const char *path, bool is_directory, struct node **out)
{
    if (!has_directory(path))
        return -ENOENT;
    struct node *n = make_node(is_directory);
    disk_change(CHANGE_CREATE, path, "", n);
    disk_name(path)->now = n;
    *out = n;
    return 0;
}

/* Descriptors. */

static struct descriptor *descriptor(int fd)
{
    assert(fd >= DISK_FD && fd < DISK_FD + DISK_OPEN_MOST && disk.open[fd - DISK_FD].node != NULL);
    return &disk.open[fd - DISK_FD];
}

static int take_descriptor(struct node *n)
{
    for (int i = 0; i < DISK_OPEN_MOST; i++) {
        if (disk.open[i].node != NULL)
            continue;
        disk.open[i] = (struct descriptor){ .node = n };
        return DISK_FD + i;
    }
    return -EMFILE;
}

bool disk_has(const char *path)
{
    size_t n = strlen(DISK_ROOT);
    return path != NULL && strncmp(path, DISK_ROOT, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

int disk_open(const char *path, int flags)
{
    struct node *n = find(path);
    int rc = n == NULL || (flags & O_TRUNC) != 0 ? disk_operation() : disk_is_on() ? 0 : -EIO;
    if (rc == 0 && n == NULL)
        rc = (flags & O_CREAT) != 0 ? create(path, false, &n) : -ENOENT;
    else if (rc == 0 && (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
        rc = -EEXIST;
    if (rc != 0)
        return rc;
    if (n->is_directory && (flags & O_ACCMODE) != O_RDONLY)
        return -EISDIR;
    int fd = take_descriptor(n);
    if (fd >= 0 && (flags & O_TRUNC) != 0 && n->size > 0)
        disk_truncate(fd, 0);
    return fd;
}

void disk_close(int fd)
{
    descriptor(fd)->node = NULL;
}

uint64_t *disk_offset(int fd)
{
    return &descriptor(fd)->offset;
}

/* Bytes. */

static void resize(struct node *n, size_t size)
{
    if (size == n->size)
        return;
    assert(n->maps == 0);
    n->now = realloc(n->now, size + 1);
    if (n->now == NULL)
        abort();
    if (size > n->size)
        memset(n->now + n->size, 0, size - n->size);
    n->size = size;
}

ssize_t disk_read(int fd, void *to, size_t size, uint64_t at)
{
    const struct node *n = descriptor(fd)->node;
    if (disk.is_off)
        return -EIO;
    if (at >= n->size)
        return 0;
    if (size > n->size - at)
        size = n->size - at;
    memcpy(to, n->now + at, size);
    return (ssize_t)size;
}

ssize_t disk_write(int fd, const void *from, size_t size, uint64_t at)
{
    struct node *n = descriptor(fd)->node;
    int rc = disk_operation();
    if (rc != 0 || size == 0)
        return rc;                   /* nothing written makes no file longer */
    if (at + size > n->size)
        resize(n, at + size);
    memcpy(n->now + at, from, size);
    return (ssize_t)size;
}

int disk_truncate(int fd, uint64_t size)
{
    int rc = disk_operation();
    if (rc == 0)
        resize(descriptor(fd)->node, size);
    return rc;
}

int disk_map(int fd, void **out)
{
    struct node *n = descriptor(fd)->node;
    if (disk.is_off)
        return -EIO;
    n->maps++;
    *out = n->now;
    return 0;
}

bool disk_unmap(const void *at)
{
    for (size_t i = 0; i < disk.n_nodes; i++) {
        if (disk.nodes[i]->maps == 0 || disk.nodes[i]->now != at)
            continue;
        disk.nodes[i]->maps--;
        return true;
    }
    return false;
}

/* Names. */

int disk_rename(const char *from, const char *to)
{
    int rc = disk_operation();
    if (rc != 0)
        return rc;
    struct node *n = find(from);
    if (n == NULL || !has_directory(to))
        return -ENOENT;
    disk_change(CHANGE_RENAME, from, to, n);
    disk_name(to)->now = n;
    disk_name(from)->now = NULL;
    return 0;
}

int disk_remove(const char *path)
{
    int rc = disk_operation();
    if (rc != 0)
        return rc;
    struct node *n = find(path);
    if (n == NULL)
        return -ENOENT;
    disk_change(CHANGE_REMOVE, path, "", n);
    disk_name(path)->now = NULL;
    return 0;
}

int disk_make_directory(const char *path)
{
    int rc = disk_operation();
    if (rc != 0)
        return rc;
    struct node *n = NULL;
    return find(path) != NULL ? -EEXIST : create(path, true, &n);
}

static void look(const struct node *n, struct disk_stat *out)
{
    *out = (struct disk_stat){ .size = n->size, .inode = n->inode, .is_directory = n->is_directory };
}

int disk_stat(const char *path, struct disk_stat *out)
{
    const struct node *n = find(path);
    if (disk.is_off)
        return -EIO;
    if (n == NULL)
        return -ENOENT;
    look(n, out);
    return 0;
}

int disk_stat_open(int fd, struct disk_stat *out)
{
    look(descriptor(fd)->node, out);
    return disk.is_off ? -EIO : 0;
}

int disk_list(const char *path, void (*on_name)(void *self, const char *name), void *self)
{
    const struct node *n = find(path);
    if (disk.is_off)
        return -EIO;
    if (n == NULL || !n->is_directory)
        return n == NULL ? -ENOENT : -ENOTDIR;
    for (size_t i = 0; i < disk.n_names; i++)
        if (disk.names[i].now != NULL && disk_is_in(disk.names[i].path, path))
            on_name(self, strrchr(disk.names[i].path, '/') + 1);
    return 0;
}

/* Life. */

static bool is_wanted(const struct node *n)
{
    for (size_t i = 0; i < disk.n_names; i++)
        if (disk.names[i].now == n || disk.names[i].lasting == n)
            return true;
    for (size_t i = 0; i < disk.n_changes; i++)
        if (disk.changes[i].node == n)
            return true;
    return false;
}

static void drop_unwanted(void)
{
    size_t kept = 0;
    for (size_t i = 0; i < disk.n_nodes; i++) {
        struct node *n = disk.nodes[i];
        if (is_wanted(n)) {
            disk.nodes[kept++] = n;
            continue;
        }
        free(n->now);
        free(n->lasting);
        free(n);
    }
    disk.n_nodes = kept;
}

/* What is seen is what lasted. */
static void remember_only_what_lasts(void)
{
    size_t kept = 0;
    for (size_t i = 0; i < disk.n_names; i++) {
        disk.names[i].now = disk.names[i].lasting;
        if (disk.names[i].now != NULL)
            disk.names[kept++] = disk.names[i];
    }
    disk.n_names = kept;
    for (size_t i = 0; i < disk.n_nodes; i++) {
        struct node *n = disk.nodes[i];
        n->is_lied_about = false;
        resize(n, n->lasting_size);
        if (n->size > 0)
            memcpy(n->now, n->lasting, n->size);
    }
}

void disk_restart(void)
{
    for (size_t i = 0; i < disk.n_nodes; i++)
        assert(disk.nodes[i]->maps == 0);
    memset(disk.open, 0, sizeof disk.open);
    if (disk.has_forgotten)
        remember_only_what_lasts();
    drop_unwanted();
    disk.is_off = false;
    disk.has_forgotten = false;
}

void disk_reset(uint64_t seed)
{
    disk.n_names = 0;
    disk.n_changes = 0;
    for (size_t i = 0; i < disk.n_nodes; i++)
        disk.nodes[i]->maps = 0;
    drop_unwanted();
    disk = (struct disk){ .seed = seed, .phase = "" };
    struct name *root = disk_name(DISK_ROOT);
    root->now = root->lasting = make_node(true);
}
