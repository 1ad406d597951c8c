/* Two hashes for two readers: XXH3 for the machine (checksums of frames, tables), which is fast and
 * no defence; SHA-256 for people and other programs (configuration, factor sets, archives), which can
 * be checked with sha256sum. */
#include "base/hash.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

uint64_t hash_bytes(struct slice s, uint64_t seed)
{
    return XXH3_64bits_withSeed(s.at, s.size, seed);
}

/* The library's state wants an alignment that malloc does not give, and has an allocator for it. */
struct hash_stream {
    XXH3_state_t *state;
};

struct hash_stream *hash_stream_new(uint64_t seed)
{
    struct hash_stream *h = malloc(sizeof *h);
    if (!h || !(h->state = XXH3_createState()))
        abort();
    XXH3_64bits_reset_withSeed(h->state, seed);
    return h;
}

void hash_stream_add(struct hash_stream *h, struct slice s)
{
    if (s.size > 0)
        XXH3_64bits_update(h->state, s.at, s.size);
}

uint64_t hash_stream_sum(const struct hash_stream *h)
{
    return XXH3_64bits_digest(h->state);
}

void hash_stream_free(struct hash_stream *h)
{
    if (!h)
        return;
    XXH3_freeState(h->state);
    free(h);
}

void hash_sha256(struct slice s, char out[65])
{
    gchar *hex = g_compute_checksum_for_data(G_CHECKSUM_SHA256, s.at, s.size);
    memcpy(out, hex, 65);
    g_free(hex);
}
