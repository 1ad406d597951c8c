/* A shared object for the test of the loader. What is wrong with it is said by the build: FIXTURE_ABI,
 * FIXTURE_SIZE, FIXTURE_NAME. */
#include "plugin.h"

static int decode(void *self, const struct cgw_frame *in, struct cgw_batch *out)
{
    (void)self;
    (void)in;
    (void)out;
    return CGW_DONE;
}

static const struct cgw_plugin plugin = {
    .abi = FIXTURE_ABI,
    .size = FIXTURE_SIZE,
    .name = FIXTURE_NAME,
    .version = "1",
    .about = "A plugin for the test of the loader.",
    .decode = decode,
};

const struct cgw_plugin *cgw_plugin(void)
{
    return &plugin;
}
