/* Setting a store aside. Nothing is ever deleted: what cannot be used may still hold what somebody wants
 * back, and sqlite3's .recover reads it under its new name, WAL and all.
 *
 * The WAL goes first. A kill in between leaves a file without its newest commits, which is an older
 * store and right in itself; the other order would leave a WAL that the next store of that name takes
 * for its own. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/aside.h"
#include "base/err.h"
#include "base/file.h"
#include "store/store.h"

static int rename_part(const char *from, const char *to, const char *ending)
{
    char *old = NULL, *new = NULL;
    if (asprintf(&old, "%s%s", from, ending) < 0 || asprintf(&new, "%s%s", to, ending) < 0)
        abort();
    int rc = file_rename(old, new);
    free(old);
    free(new);
    return rc == -ENOENT ? 0 : rc;
}

int store_set_aside(const char *path, char **out)
{
    static const char *const endings[] = { "-wal", "-shm", "" };
    char *name = aside_name(path);
    int rc = 0;
    for (size_t i = 0; i < 3 && rc == 0; i++)
        rc = rename_part(path, name, endings[i]);
    if (rc < 0) {
        free(name);
        return err_raise(rc, "store %s: cannot be set aside – check that its directory is ours to write",
                         path);
    }
    *out = name;
    return 0;
}
