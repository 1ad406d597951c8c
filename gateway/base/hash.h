/* Hashes: XXH3 for checksums and tables, SHA-256 (of GLib) where people compare. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdint.h>

#include "base/slice.h"

uint64_t hash_bytes(struct slice s, uint64_t seed);

/* Lower-case hex of the SHA-256, NUL-ended. */
void hash_sha256(struct slice s, char out[65]);

#endif
