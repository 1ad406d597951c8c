/* A VFS as SQLite's manual describes it ("The OS Interface or VFS"), as far as the store needs it:
 * paths of the disk, rollback journal and WAL, two connections of one process.
 *
 * What its own VFS does about durability is done here as well, or the test would prove too much or too
 * little: the directory is synced together with the first sync of a journal or WAL that was opened to be
 * created, and at a deletion that asks for it; a sector is promised to keep what is not written to
 * (POWERSAFE_OVERWRITE), which holds here too. Whatever it leaves unsynced stays unsynced.
 *
 * Locks and the WAL's index belong to all connections of a database: a `shared` by its path. They end
 * with the last connection, as they end with a process. */
#include "vfs.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "disk.h"

#define PATH_MOST 128
#define REGIONS_MOST 64

struct connection;

struct shared {
    char path[PATH_MOST];
    unsigned users;
    unsigned readers;                        /* who holds SHARED or more */
    struct connection *writer;               /* who holds RESERVED or more; NULL: nobody */
    void *regions[REGIONS_MOST];
    unsigned region_readers[SQLITE_SHM_NLOCK];
    const void *region_writer[SQLITE_SHM_NLOCK];
    struct shared *next;
};

struct connection {
    sqlite3_file base;                       /* first: it is what SQLite has */
    int fd;
    char path[PATH_MOST];
    bool syncs_directory, is_removed_at_close;
    struct shared *shared;                   /* of a database; NULL for journals */
    int lock;
    unsigned reads;                          /* bit per lock of the index that it holds shared */
};

static struct shared *all_shared;
static sqlite3_vfs *usual;                   /* for the time and for chance */

static struct connection *of(sqlite3_file *f)
{
    return (struct connection *)f;
}

/* Files. */

static struct shared *share(const char *path)
{
    for (struct shared *s = all_shared; s != NULL; s = s->next) {
        if (strcmp(s->path, path) == 0) {
            s->users++;
            return s;
        }
    }
    struct shared *s = calloc(1, sizeof *s);
    if (s == NULL)
        abort();
    snprintf(s->path, sizeof s->path, "%s", path);
    s->users = 1;
    s->next = all_shared;
    all_shared = s;
    return s;
}

static void drop_regions(struct shared *s)
{
    for (size_t i = 0; i < REGIONS_MOST; i++) {
        free(s->regions[i]);
        s->regions[i] = NULL;
    }
}

static void unshare(struct shared *s)
{
    if (s == NULL || --s->users > 0)
        return;
    struct shared **at = &all_shared;
    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    drop_regions(s);
    free(s);
}

static int sync_parent(const char *path)
{
    char parent[PATH_MOST];
    snprintf(parent, sizeof parent, "%s", path);
    *strrchr(parent, '/') = '\0';
    return disk_sync_directory(parent);
}

static int on_unlock(sqlite3_file *f, int level);

static int on_close(sqlite3_file *f)
{
    struct connection *c = of(f);
    if (c->shared != NULL)
        on_unlock(f, SQLITE_LOCK_NONE);
    unshare(c->shared);
    disk_close(c->fd);
    if (c->is_removed_at_close)
        disk_remove(c->path);
    return SQLITE_OK;
}

/* What is not there is read as zeros. */
static int on_read(sqlite3_file *f, void *to, int size, sqlite3_int64 at)
{
    ssize_t n = disk_read(of(f)->fd, to, (size_t)size, (uint64_t)at);
    if (n == size)
        return SQLITE_OK;
    if (n < 0)
        return SQLITE_IOERR_READ;
    memset((char *)to + n, 0, (size_t)(size - n));
    return SQLITE_IOERR_SHORT_READ;
}

static int on_write(sqlite3_file *f, const void *from, int size, sqlite3_int64 at)
{
    return disk_write(of(f)->fd, from, (size_t)size, (uint64_t)at) == size ? SQLITE_OK
                                                                          : SQLITE_IOERR_WRITE;
}

static int on_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    return disk_truncate(of(f)->fd, (uint64_t)size) == 0 ? SQLITE_OK : SQLITE_IOERR_TRUNCATE;
}

static int on_sync(sqlite3_file *f, int flags)
{
    struct connection *c = of(f);
    (void)flags;
    if (disk_sync(c->fd) != 0)
        return SQLITE_IOERR_FSYNC;
    if (c->syncs_directory && sync_parent(c->path) != 0)
        return SQLITE_IOERR_DIR_FSYNC;
    c->syncs_directory = false;
    return SQLITE_OK;
}

static int on_size(sqlite3_file *f, sqlite3_int64 *out)
{
    struct disk_stat found;
    if (disk_stat_open(of(f)->fd, &found) != 0)
        return SQLITE_IOERR_FSTAT;
    *out = (sqlite3_int64)found.size;
    return SQLITE_OK;
}

/* Locks on the database: any number of readers, one who means to write, and alone to write. */

static int on_lock(sqlite3_file *f, int level)
{
    struct connection *c = of(f);
    struct shared *s = c->shared;
    if (s == NULL || c->lock >= level)
        return SQLITE_OK;
    if (s->writer != NULL && s->writer != c &&
        (level > SQLITE_LOCK_SHARED || s->writer->lock > SQLITE_LOCK_RESERVED))
        return SQLITE_BUSY;
    if (c->lock == SQLITE_LOCK_NONE)
        s->readers++;
    c->lock = SQLITE_LOCK_SHARED;
    if (level >= SQLITE_LOCK_RESERVED)
        s->writer = c;
    if (level == SQLITE_LOCK_EXCLUSIVE && s->readers > 1) {
        c->lock = SQLITE_LOCK_PENDING;
        return SQLITE_BUSY;
    }
    c->lock = level;
    return SQLITE_OK;
}

static int on_unlock(sqlite3_file *f, int level)
{
    struct connection *c = of(f);
    struct shared *s = c->shared;
    if (s == NULL || c->lock <= level)
        return SQLITE_OK;
    if (s->writer == c)
        s->writer = NULL;
    if (level == SQLITE_LOCK_NONE)
        s->readers--;
    c->lock = level;
    return SQLITE_OK;
}

static int on_check_reserved(sqlite3_file *f, int *out)
{
    *out = of(f)->shared != NULL && of(f)->shared->writer != NULL;
    return SQLITE_OK;
}

static int on_control(sqlite3_file *f, int operation, void *argument)
{
    (void)f;
    (void)operation;
    (void)argument;
    return SQLITE_NOTFOUND;
}

static int on_sector_size(sqlite3_file *f)
{
    (void)f;
    return 4096;
}

static int on_characteristics(sqlite3_file *f)
{
    (void)f;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

/* The WAL's index. */

static int on_region(sqlite3_file *f, int at, int size, int may_extend, void volatile **out)
{
    struct shared *s = of(f)->shared;
    if (at >= REGIONS_MOST)
        return SQLITE_NOMEM;
    if (s->regions[at] == NULL && may_extend != 0)
        s->regions[at] = calloc(1, (size_t)size);
    *out = s->regions[at];
    return SQLITE_OK;
}

static bool is_free(const struct connection *c, int lock, bool is_exclusive)
{
    const struct shared *s = c->shared;
    if (s->region_writer[lock] != NULL && s->region_writer[lock] != c)
        return false;
    bool is_mine = (c->reads & (1u << lock)) != 0;
    return !is_exclusive || s->region_readers[lock] == (is_mine ? 1u : 0u);
}

static void set_region_lock(struct connection *c, int lock, int flags)
{
    struct shared *s = c->shared;
    bool is_mine = (c->reads & (1u << lock)) != 0;
    if ((flags & SQLITE_SHM_EXCLUSIVE) != 0) {
        s->region_writer[lock] = (flags & SQLITE_SHM_LOCK) != 0 ? c : NULL;
    } else if ((flags & SQLITE_SHM_LOCK) != 0 && !is_mine) {
        s->region_readers[lock]++;
        c->reads |= 1u << lock;
    } else if ((flags & SQLITE_SHM_UNLOCK) != 0 && is_mine) {
        s->region_readers[lock]--;
        c->reads &= ~(1u << lock);
    }
}

static int on_region_lock(sqlite3_file *f, int first, int n, int flags)
{
    struct connection *c = of(f);
    for (int i = first; i < first + n && (flags & SQLITE_SHM_LOCK) != 0; i++)
        if (!is_free(c, i, (flags & SQLITE_SHM_EXCLUSIVE) != 0))
            return SQLITE_BUSY;
    for (int i = first; i < first + n; i++)
        set_region_lock(c, i, flags);
    return SQLITE_OK;
}

static void on_barrier(sqlite3_file *f)
{
    (void)f;                                 /* one thread */
}

static int on_unmap_regions(sqlite3_file *f, int is_deleted)
{
    struct connection *c = of(f);
    for (int i = 0; i < SQLITE_SHM_NLOCK; i++) {
        set_region_lock(c, i, SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED);
        if (c->shared->region_writer[i] == c)
            c->shared->region_writer[i] = NULL;
    }
    if (is_deleted != 0)
        drop_regions(c->shared);
    return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = on_close,
    .xRead = on_read,
    .xWrite = on_write,
    .xTruncate = on_truncate,
    .xSync = on_sync,
    .xFileSize = on_size,
    .xLock = on_lock,
    .xUnlock = on_unlock,
    .xCheckReservedLock = on_check_reserved,
    .xFileControl = on_control,
    .xSectorSize = on_sector_size,
    .xDeviceCharacteristics = on_characteristics,
    .xShmMap = on_region,
    .xShmLock = on_region_lock,
    .xShmBarrier = on_barrier,
    .xShmUnmap = on_unmap_regions,
};

/* Names. */

static int on_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *f, int flags, int *out_flags)
{
    struct connection *c = of(f);
    (void)vfs;
    *c = (struct connection){ 0 };
    if (!disk_has(path) || strlen(path) >= sizeof c->path)
        return SQLITE_CANTOPEN;
    bool is_created = (flags & SQLITE_OPEN_CREATE) != 0;
    int fd = disk_open(path, ((flags & SQLITE_OPEN_READONLY) != 0 ? O_RDONLY : O_RDWR) |
                                 (is_created ? O_CREAT : 0));
    if (fd < 0)
        return SQLITE_CANTOPEN;
    c->fd = fd;
    snprintf(c->path, sizeof c->path, "%s", path);
    c->syncs_directory = is_created && (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0;
    c->is_removed_at_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
    c->shared = (flags & SQLITE_OPEN_MAIN_DB) != 0 ? share(path) : NULL;
    c->base.pMethods = &methods;
    if (out_flags != NULL)
        *out_flags = flags;
    return SQLITE_OK;
}

static int on_delete(sqlite3_vfs *vfs, const char *path, int syncs_directory)
{
    (void)vfs;
    int rc = disk_remove(path);
    if (rc != 0)
        return rc == -ENOENT ? SQLITE_IOERR_DELETE_NOENT : SQLITE_IOERR_DELETE;
    return syncs_directory != 0 && sync_parent(path) != 0 ? SQLITE_IOERR_DIR_FSYNC : SQLITE_OK;
}

/* An empty file counts as none, as in SQLite's own VFS. */
static int on_access(sqlite3_vfs *vfs, const char *path, int flags, int *out)
{
    struct disk_stat found;
    (void)vfs;
    int rc = disk_stat(path, &found);
    if (rc != 0 && rc != -ENOENT)
        return SQLITE_IOERR_ACCESS;
    *out = rc == 0 && (flags != SQLITE_ACCESS_EXISTS || found.size > 0);
    return SQLITE_OK;
}

static int on_full_path(sqlite3_vfs *vfs, const char *path, int room, char *out)
{
    (void)vfs;
    return snprintf(out, (size_t)room, "%s", path) < room ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int on_randomness(sqlite3_vfs *vfs, int n, char *out)
{
    (void)vfs;
    return usual->xRandomness(usual, n, out);
}

static int on_sleep(sqlite3_vfs *vfs, int us)
{
    (void)vfs;
    return us;                               /* nobody else can let go meanwhile */
}

static int on_time(sqlite3_vfs *vfs, double *out)
{
    (void)vfs;
    return usual->xCurrentTime(usual, out);
}

static sqlite3_vfs vfs = {
    .iVersion = 1,
    .szOsFile = sizeof(struct connection),
    .mxPathname = PATH_MOST,
    .zName = "disk in memory",
    .xOpen = on_open,
    .xDelete = on_delete,
    .xAccess = on_access,
    .xFullPathname = on_full_path,
    .xRandomness = on_randomness,
    .xSleep = on_sleep,
    .xCurrentTime = on_time,
};

void vfs_register(void)
{
    usual = sqlite3_vfs_find(NULL);
    sqlite3_vfs_register(&vfs, 1);
}
