/* Hashes: XXH3 for checksums and tables, SHA-256 (of GLib) where people compare. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdint.h>

#include "base/slice.h"

uint64_t hash_bytes(struct slice s, uint64_t seed);

/* The same, of bytes that come piece by piece. */
struct hash_stream;
struct hash_stream *hash_stream_new(uint64_t seed);
void hash_stream_add(struct hash_stream *h, struct slice s);
uint64_t hash_stream_sum(const struct hash_stream *h);    /* of all so far; more may come */
void hash_stream_free(struct hash_stream *h);             /* accepts NULL */

/* Lower-case hex of the SHA-256, NUL-ended. */
void hash_sha256(struct slice s, char out[65]);

#endif
