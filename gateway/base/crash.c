/* The killing side of a crash point: only in a test build, where tests/crash names a point and the
 * pass at which the process is to vanish. SIGKILL, because it is the one end that runs no handler and
 * flushes nothing.
 *
 * The names stand here once more, in the order of the data, so that a name that is none is refused
 * instead of a test that waits for a crash that never comes. tests/test_crash_names.py holds this list,
 * the code and the table in gateway/README.md against each other. */
#include "base/crash.h"

#ifdef CARBON_TEST_BUILD

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const names[] = {
    "journal.opened", "journal.cut", "start.caught_up",
    "logbook.genesis", "logbook.start", "logbook.config", "logbook.lost", "logbook.hole",
    "journal.prepared", "journal.spare_taken", "journal.begun", "journal.appended",
    "ingest.woken", "logbook.took", "loop.took", "logbook.tick", "logbook.drop",
    "logbook.forget", "logbook.order",
    "pipeline.decoded", "pipeline.derived", "pipeline.due",
    "commit.saved", "journal.synced", "commit.intake_synced", "commit.synced",
    "store.written", "store.committed", "commit.committed", "base.written", "archive.written",
    "journal.trimmed",
    "publish.sent", "publish.acknowledged", NULL
};

static pthread_once_t read_once = PTHREAD_ONCE_INIT;
static const char *wanted; /* NULL: no point */
static size_t wanted_size;
static atomic_long passes_left;

static void read_environment(void)
{
    wanted = getenv("CARBON_CRASH_AT");
    if (!wanted)
        return;
    const char *colon = strchr(wanted, ':');
    wanted_size = colon ? (size_t)(colon - wanted) : strlen(wanted);
    atomic_store(&passes_left, colon ? atol(colon + 1) : 1);
}

void crash_point(const char *name)
{
    pthread_once(&read_once, read_environment);
    if (!wanted || strlen(name) != wanted_size || memcmp(name, wanted, wanted_size) != 0)
        return;
    if (atomic_fetch_sub(&passes_left, 1) == 1)
        kill(getpid(), SIGKILL);
}

const char *const *crash_points(void)
{
    return names;
}

static bool is_name(const char *text, size_t size)
{
    for (size_t i = 0; names[i]; i++)
        if (strlen(names[i]) == size && memcmp(names[i], text, size) == 0)
            return true;
    return false;
}

const char *crash_mistake(void)
{
    pthread_once(&read_once, read_environment);
    if (!wanted || !*wanted)
        return NULL;
    if (!is_name(wanted, wanted_size))
        return "CARBON_CRASH_AT names no crash point; carbon-gateway version --crash-points lists them";
    if (atomic_load(&passes_left) < 1)
        return "CARBON_CRASH_AT counts passes from 1 on: NAME or NAME:N";
    return NULL;
}

#endif
