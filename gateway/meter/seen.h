/* What a point has already taken and no longer retains, as runs of sequence numbers. */
#ifndef METER_SEEN_H
#define METER_SEEN_H

#include <stdbool.h>
#include <stdint.h>

#define SEEN_RUNS 8

/* Every sequence from first to last of one boot was taken. */
struct seen_run {
    uint64_t boot, first, last;
};

/* A zeroed struct has seen nothing. The run touched last stands last. */
struct seen {
    uint8_t n;
    struct seen_run runs[SEEN_RUNS];
};

/* Remembers a reading. false: nothing changed, because it was known, or because its boot or sequence
 * is 0, so that it has no name to know it by. */
bool seen_add(struct seen *s, uint64_t boot, uint64_t sequence);

/* Whether it was surely taken before. Never true for a reading that was not added. */
bool seen_has(const struct seen *s, uint64_t boot, uint64_t sequence);

#endif
