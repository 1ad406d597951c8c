/* The store's file: opened, locked, closed, and spoken of when it fails.
 *
 * Two connections, each used by one thread at a time: the writer by whoever commits (a worker), the
 * reader by the loop. In WAL mode the reader sees the last commit and waits for nobody. synchronous =
 * FULL makes every commit last before store_write returns; that is the one place where the outside
 * world learns that something is done. Both connections keep small page caches and map no memory: the
 * rows that matter are read at start, the rest is written once and read again seldom.
 *
 * The lock is a file of its own, `path`.lock. A lock on the database file would be one descriptor too
 * many: POSIX drops all of a process's locks on a file, SQLite's among them, when any descriptor of it
 * is closed. An operator's sqlite3 does not ask for this lock and may look in at any time. */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/err.h"
#include "base/file.h"
#include "store/inside.h"

#define FILE_MODE 0640

/* Somebody else's transaction, an operator's UPDATE say, is waited for so long. Then the write fails,
 * and whoever called tries again when it likes. */
#define BUSY_MS 250

/* A checkpoint about every 4 MB of changed pages; a WAL that a burst made longer is cut to 8 MB. */
static const char writer_settings[] =
    "PRAGMA synchronous = FULL;"
    "PRAGMA wal_autocheckpoint = 1000;"
    "PRAGMA journal_size_limit = 8388608;"
    "PRAGMA cache_size = -2048;"
    "PRAGMA mmap_size = 0;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA cell_size_check = ON";

static const char reader_settings[] =
    "PRAGMA cache_size = -512;"
    "PRAGMA mmap_size = 0;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA cell_size_check = ON";

/* What SQLite's outcomes mean to an operator. */
static const struct {
    int code, rc;
    const char *advice;
} advices[] = {
    { SQLITE_FULL, -ENOSPC, "there is no room on its disk; free some" },
    { SQLITE_READONLY, -EROFS,
      "it may not be written; check the mount, and the owner of the file and its directory" },
    { SQLITE_BUSY, -EBUSY, "another program is changing it; let that end its transaction" },
    { SQLITE_NOTADB, -EUCLEAN,
      "it is no SQLite file, or its head is damaged" },
    { SQLITE_CORRUPT, -EUCLEAN,
      "it is damaged; check the disk" },
    { SQLITE_IOERR, -EIO, "its disk did not do what it was asked; see the kernel's messages" },
    { SQLITE_CANTOPEN, -EACCES, "check that the file and its directory are there and ours to write" },
    { SQLITE_CONSTRAINT, -EEXIST,
      "a summary's number is taken by another one, and history is never overwritten; store and log "
      "book do not belong together" },
};

int store_raise(struct store *s, sqlite3 *db, int code, const char *doing)
{
    if ((code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB)
        atomic_store(&s->is_damaged, true);
    int rc = -1;
    const char *advice = "this is not expected; restore a copy if it stays so";
    for (size_t i = 0; i < sizeof advices / sizeof *advices; i++) {
        if (advices[i].code == (code & 0xff)) {
            rc = advices[i].rc;
            advice = advices[i].advice;
        }
    }
    /* The system's own reason is the better one, where it gave one. */
    int cause = db ? sqlite3_system_errno(db) : 0;
    if ((rc == -EIO || rc == -EACCES) && cause != 0)
        rc = -cause;
    bool is_last = db && (sqlite3_errcode(db) & 0xff) == (code & 0xff);
    return err_raise(rc, "store %s: %s [%s] – %s", s->path, doing,
                     is_last ? sqlite3_errmsg(db) : sqlite3_errstr(code), advice);
}

int store_raise_misfit(struct store *s, sqlite3 *db, int code, const char *doing)
{
    if (code == SQLITE_ERROR || code == SQLITE_NOTFOUND)
        atomic_store(&s->is_damaged, true);
    return store_raise(s, db, code, doing);
}

bool store_is_damaged(const struct store *s)
{
    return atomic_load(&s->is_damaged);
}

int store_ask(sqlite3 *db, const char *sql, int64_t *out)
{
    sqlite3_stmt *st = NULL;
    int code = sqlite3_prepare_v2(db, sql, -1, &st, NULL);
    if (code != SQLITE_OK)
        return code;
    code = sqlite3_step(st);
    if (code == SQLITE_ROW) {
        *out = sqlite3_column_int64(st, 0);
        code = SQLITE_OK;
    } else if (code == SQLITE_DONE) {
        code = SQLITE_NOTFOUND;
    }
    sqlite3_finalize(st);
    return code;
}

void store_bind_slice(sqlite3_stmt *st, int at, struct slice v)
{
    sqlite3_bind_blob64(st, at, v.size > 0 ? (const void *)v.at : "", v.size, SQLITE_STATIC);
}

/* SQLite's integers end at 2^63 - 1. No number of ours gets there, but "behind all" may be meant. */
void store_bind_u64(sqlite3_stmt *st, int at, uint64_t v)
{
    sqlite3_bind_int64(st, at, v < INT64_MAX ? (int64_t)v : INT64_MAX);
}

/* Opening. */

static int take_lock(struct store *s)
{
    char *path;
    if (asprintf(&path, "%s.lock", s->path) < 0)
        abort();
    int rc = file_lock(path, &s->lock_fd);
    free(path);
    if (rc == -EWOULDBLOCK)
        return err_raise(rc, "store %s: another gateway has it open – stop that one first", s->path);
    if (rc < 0)
        return err_raise(rc, "store %s: cannot be locked – check that its directory is there and ours "
                         "to write", s->path);
    return 0;
}

/* Made here, since SQLite would let everybody read it; its -wal and -shm inherit the mode. One that may
 * only be read is good enough to begin with. */
static int make_file(struct store *s)
{
    int fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
    if (fd < 0 && (errno == EACCES || errno == EROFS))
        fd = open(s->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_raise(-errno, "store %s: cannot be opened – check the mount, and the owner of the "
                         "file and its directory", s->path);
    close(fd);
    return 0;
}

static int connect_to(struct store *s, int flags, const char *settings, sqlite3 **out)
{
    int code = sqlite3_open_v2(s->path, out, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_busy_timeout(*out, BUSY_MS);
    if (code == SQLITE_OK)
        code = sqlite3_exec(*out, settings, NULL, NULL, NULL);
    return code == SQLITE_OK ? 0 : store_raise(s, *out, code, "cannot be opened");
}

static int read_figures(struct store *s)
{
    int64_t position, messages, bytes;
    int code = store_ask(s->writer, "SELECT value FROM meta WHERE name = 'position'", &position);
    if (code == SQLITE_OK)
        code = store_ask(s->writer, "SELECT count(*) FROM outbox", &messages);
    if (code == SQLITE_OK)
        code = store_ask(s->writer, "SELECT coalesce(sum(payload_bytes), 0) FROM outbox", &bytes);
    if (code != SQLITE_OK)
        return store_raise_misfit(s, s->writer, code, "does not tell where it stands");
    atomic_store(&s->position, (uint64_t)position);
    atomic_store(&s->outbox_messages, (uint64_t)messages);
    atomic_store(&s->outbox_bytes, (uint64_t)bytes);
    store_measure(s);
    return 0;
}

/* The reader comes last: it needs the WAL's index, which only a writer may make. */
static int open_all(struct store *s)
{
    int rc;
    if ((rc = take_lock(s)) != 0 ||
        (rc = make_file(s)) != 0 ||
        (rc = connect_to(s, SQLITE_OPEN_READWRITE, writer_settings, &s->writer)) != 0 ||
        (rc = store_settle_format(s)) != 0 ||
        (rc = store_prepare_writes(s)) != 0 ||
        (rc = read_figures(s)) != 0 ||
        (rc = connect_to(s, SQLITE_OPEN_READONLY, reader_settings, &s->reader)) != 0)
        return rc;
    return store_prepare_reads(s);
}

int store_open(const char *path, struct store **out)
{
    struct store *s = calloc(1, sizeof *s);
    if (!s || !(s->path = strdup(path)) || asprintf(&s->wal_path, "%s-wal", path) < 0)
        abort();
    s->lock_fd = -1;
    int rc = open_all(s);
    if (rc != 0) {
        bool is_damaged = store_is_damaged(s);
        store_close(s);
        return is_damaged ? STORE_DAMAGED : rc;
    }
    *out = s;
    return 0;
}

static void finalize_all(sqlite3_stmt **statements, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sqlite3_finalize(statements[i]);
}

void store_try_writing(struct store *s)
{
    sqlite3 *read_only = s->writer, *again = NULL;
    if (sqlite3_db_readonly(read_only, "main") != 1)
        return;
    if (connect_to(s, SQLITE_OPEN_READWRITE, writer_settings, &again) != 0 ||
        sqlite3_db_readonly(again, "main") != 0) {
        sqlite3_close(again);
        return;
    }
    finalize_all(s->writes, WRITE_COUNT);
    memset(s->writes, 0, sizeof s->writes);
    s->writer = again;
    sqlite3_close(read_only);
    store_prepare_writes(s);         /* what fails here fails again, and is told, in the next write */
}

/* The writer goes last: the last connection takes the WAL into the file and removes it, and the reader
 * may not. */
void store_close(struct store *s)
{
    if (!s)
        return;
    finalize_all(s->reads, READ_COUNT);
    finalize_all(s->writes, WRITE_COUNT);
    sqlite3_close(s->reader);
    sqlite3_close(s->writer);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    buffer_fini(&s->got);
    free(s->wal_path);
    free(s->path);
    free(s);
}

uint64_t store_position(const struct store *s)
{
    return atomic_load(&s->position);
}

/* A file that deleted rows left behind does not shrink; its free pages are room. */
static void measure_pages(struct store *s)
{
    int64_t pages, unused, page_bytes;
    if (store_ask(s->writer, "PRAGMA page_count", &pages) == SQLITE_OK &&
        store_ask(s->writer, "PRAGMA freelist_count", &unused) == SQLITE_OK &&
        store_ask(s->writer, "PRAGMA page_size", &page_bytes) == SQLITE_OK)
        atomic_store(&s->used_bytes, (uint64_t)((pages - unused) * page_bytes));
}

/* A file that is not there counts nothing. */
void store_measure(struct store *s)
{
    uint64_t file_bytes = 0, wal_bytes = 0;
    file_size(s->path, &file_bytes);
    file_size(s->wal_path, &wal_bytes);
    atomic_store(&s->file_bytes, file_bytes + wal_bytes);
    measure_pages(s);
}

void store_figures(const struct store *s, struct store_figures *out)
{
    *out = (struct store_figures){
        .outbox_messages = atomic_load(&s->outbox_messages),
        .outbox_bytes = atomic_load(&s->outbox_bytes),
        .file_bytes = atomic_load(&s->file_bytes),
        .used_bytes = atomic_load(&s->used_bytes),
        .made_bytes = atomic_load(&s->made_bytes),
        .is_at_bound = atomic_load(&s->is_at_bound),
    };
}
