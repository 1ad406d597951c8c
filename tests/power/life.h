/* The life of a gateway without a network, through power cuts. */
#ifndef POWER_LIFE_H
#define POWER_LIFE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct life_result {
    char broken[240];            /* the first promise that was broken; empty: all were kept */
    uint64_t messages, cuts, kills, lost, summaries;
};

/* One gateway from its first start to its last summary. The same seed gives the same life, but for the
 * clock. The disk is reset for it. */
void life_live(uint64_t seed, bool is_power, struct life_result *out);

/* The sync of this class (disk.h) is left out in the lives to come; NULL: none. Borrows. */
void life_leave_out(const char *name);

#endif
