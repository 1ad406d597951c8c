/* A copy of a store that may be in use. SQLite's own online copying, all pages in one step: that is one
 * read transaction, so the copy is of one committed moment, and in WAL mode no writer waits for it. (In
 * several steps it would begin anew at each commit of the gateway.) The copy is synced when it returns,
 * and holds all that stood in the WAL. */
#include <string.h>

#include <sqlite3.h>

#include "base/err.h"
#include "store/inside.h"

#define BUSY_MS 2000

/* The source is opened for writing, since SQLite may have to make the WAL's index. Nothing is written, and
 * what a killed gateway left in the WAL stays there (NO_CKPT_ON_CLOSE). */
static int connect_to(struct store *s, int flags, sqlite3 **out)
{
    int code = sqlite3_open_v2(s->path, out, flags | SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_busy_timeout(*out, BUSY_MS);
    return code == SQLITE_OK ? 0 : store_raise(s, *out, code, "cannot be opened for copying");
}

static int copy_pages(struct store *to, sqlite3 *from)
{
    sqlite3 *db = NULL;
    int rc = connect_to(to, SQLITE_OPEN_CREATE, &db);
    sqlite3_backup *copying = rc == 0 ? sqlite3_backup_init(db, "main", from, "main") : NULL;
    if (copying) {
        sqlite3_backup_step(copying, -1);
        sqlite3_backup_finish(copying);
    }
    if (rc == 0 && sqlite3_errcode(db) != SQLITE_OK)
        rc = store_raise(to, db, sqlite3_errcode(db), "the copy cannot be written");
    sqlite3_close(db);
    return rc;
}

/* A copy keeps the mode of its source, and one without a WAL is one file. */
static int settle_copy(struct store *to, uint64_t *position)
{
    sqlite3 *db = NULL;
    int64_t found = 0;
    int rc = connect_to(to, 0, &db);
    if (rc == 0) {
        int code = sqlite3_exec(db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
        if (code == SQLITE_OK)
            code = store_ask(db, "SELECT value FROM meta WHERE name = 'position'", &found);
        if (code != SQLITE_OK)
            rc = store_raise(to, db, code, "the copy does not tell where it stands");
    }
    sqlite3_close(db);
    *position = (uint64_t)found;
    return rc;
}

int store_copy(const char *from, const char *to, uint64_t *position)
{
    struct store source = { .path = (char *)from }, target = { .path = (char *)to };
    sqlite3 *db = NULL;

    int rc = connect_to(&source, 0, &db);
    if (rc == 0) {
        sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        rc = copy_pages(&target, db);
    }
    sqlite3_close(db);
    return rc == 0 ? settle_copy(&target, position) : rc;
}
