/* Chance: numbers that depend on the seed and on what they are for, and on nothing else. There is
 * no state, so the order in which things are asked for cannot change what they get: that is what
 * makes a run repeatable, and what lets the totals be known before a message is sent. */
#ifndef FLEET_CHANCE_H
#define FLEET_CHANCE_H

#include <stdbool.h>
#include <stdint.h>

/* What a number is for: two uses with equal arguments must not get the same number. */
enum chance_use {
    CHANCE_LOAD = 1,
    CHANCE_NOISE,
    CHANCE_LOSS,
    CHANCE_AGAIN,
    CHANCE_PLACE,
    CHANCE_PLACE_AGAIN,
    CHANCE_BOOT,
    CHANCE_RESTART,
};

/* The finalizer of SplitMix64: every input bit stirs every output bit. */
static inline uint64_t chance_mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static inline uint64_t chance(uint64_t seed, enum chance_use use, uint64_t a, uint64_t b)
{
    return chance_mix(chance_mix(chance_mix(seed ^ ((uint64_t)use << 56)) ^ a) ^ b);
}

/* True in `ppm` of a million cases. */
static inline bool chance_happens(uint64_t seed, enum chance_use use, uint64_t a, uint64_t b,
                                  int64_t ppm)
{
    return ppm > 0 && chance(seed, use, a, b) % 1000000 < (uint64_t)ppm;
}

#endif
