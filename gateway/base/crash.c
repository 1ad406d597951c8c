/* The killing side of a crash point: only in a test build, where tests/crash names a point and the
 * pass at which the process is to vanish. SIGKILL, because it is the one end that runs no handler and
 * flushes nothing. */
#include "base/crash.h"

#ifdef CARBON_TEST_BUILD

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

#endif
