/* What the fuzzers share. A promise is checked by a function of ours and not by assert, which a build
 * can switch off. The directory is in /dev/shm where there is one: recovery is about bytes, and a disk
 * would only make it slow. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"

static char directory[64];

void fuzz_be_silent(void)
{
    log_set_level((enum log_level)(LOG_ERROR + 1));
}

static void remove_name(void *self, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", (const char *)self, name);
    if (unlink(path) != 0) {
        fuzz_empty(path);
        rmdir(path);
    }
}

void fuzz_empty(const char *path)
{
    file_list(path, remove_name, (void *)path);
}

static void remove_directory(void)
{
    fuzz_empty(directory);
    rmdir(directory);
}

const char *fuzz_directory(void)
{
    if (directory[0])
        return directory;
    const char *place = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(directory, sizeof directory, "%s/carbon-fuzz-XXXXXX", place);
    if (!mkdtemp(directory))
        fuzz_broken("a directory can be made", __FILE__, __LINE__);
    atexit(remove_directory);
    return directory;
}

_Noreturn void fuzz_broken(const char *what, const char *file, int line)
{
    fprintf(stderr, "%s:%d: broken: %s\n", file, line, what);
    abort();
}
