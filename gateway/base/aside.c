/* Names for what is set aside. They are numbered, so that a second accident never overwrites what the
 * first one left; a name counts as taken also when only a part of what bore it is there. */
#include "base/aside.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"

static const char *const parts[] = { "", "-wal", "-shm" };

static int is_taken(const char *name)
{
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char *part = NULL;
        if (asprintf(&part, "%s%s", name, parts[i]) < 0)
            abort();
        int is_there = access(part, F_OK) == 0;
        free(part);
        if (is_there)
            return 1;
    }
    return 0;
}

char *aside_name(const char *path)
{
    for (unsigned n = 1;; n++) {
        char *name = NULL;
        if (asprintf(&name, "%s.damaged-%u", path, n) < 0)
            abort();
        if (!is_taken(name))
            return name;
        free(name);
    }
}

int aside_put(const char *path, char **out)
{
    char *name = aside_name(path);
    int rc = file_rename(path, name);
    if (rc < 0) {
        free(name);
        return rc;
    }
    *out = name;
    return 0;
}
