/* A reading as the fleet knows it: what a device says, and what is true. */
#ifndef FLEET_READING_H
#define FLEET_READING_H

#include <stdbool.h>
#include <stdint.h>

__extension__ typedef __int128 int128;

/* Ticks: millionths of the declared unit. Every value the fleet sends is a whole number of them,
 * and at most this many, so that the double on the wire is exact to the tick. */
#define TICKS_PER_UNIT 1000000
#define TICKS_MOST     4000000000000000

enum kind { KIND_REGISTER, KIND_INTERVAL, KIND_STATE };

struct reading {
    uint32_t device; /* number in the whole fleet */
    uint32_t point;  /* number on its device; the number of points stands for the state point */
    enum kind kind;
    int64_t true_ms;  /* when it was measured */
    int64_t stamp_ms; /* what the device's clock said: the time on the wire */
    int64_t ticks;
    int64_t interval_ms; /* of an interval reading, which ends at true_ms; else 0 */
    uint64_t sequence, boot;
};

#endif
