/* A decoder with a defect, for the test of poison: it crashes when a payload says how. */
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "plugin.h"

/* Memory that is there and may not be written: no tool takes the store out of the program. */
static void store_where_none_may(void)
{
    volatile char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *page = 1;
}

static int decode(void *self, const struct cgw_frame *in, struct cgw_batch *out)
{
    (void)self;
    (void)out;
    switch (in->payload[0]) {
    case 'A':
        abort();
    case 'B':
        raise(SIGBUS);
        break;
    case 'F':
        raise(SIGFPE);
        break;
    case 'S':
        store_where_none_may();
        break;
    default:
        break;
    }
    return CGW_DONE;
}

static const struct cgw_plugin plugin = {
    .abi = CGW_ABI,
    .size = sizeof(plugin),
    .name = "crasher",
    .version = "1",
    .about = "A decoder that crashes when a payload says so.",
    .decode = decode,
};

const struct cgw_plugin *cgw_plugin(void)
{
    return &plugin;
}
