/* Two hashes for two readers: XXH3 for the machine (checksums of frames, tables), which is fast and
 * no defence; SHA-256 for people and other programs (configuration, factor sets, archives), which can
 * be checked with sha256sum. */
#include "base/hash.h"

#include <glib.h>
#include <string.h>
#include <xxhash.h>

uint64_t hash_bytes(struct slice s, uint64_t seed)
{
    return XXH3_64bits_withSeed(s.at, s.size, seed);
}

void hash_sha256(struct slice s, char out[65])
{
    gchar *hex = g_compute_checksum_for_data(G_CHECKSUM_SHA256, s.at, s.size);
    memcpy(out, hex, 65);
    g_free(hex);
}
