#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"

/* These values stand in checksums on disk: if one changes, journals can no longer be read. */
static void checksums_are_those_of_xxh3(void **state)
{
    (void)state;
    assert_true(hash_bytes((struct slice){ 0 }, 0) == UINT64_C(0x2d06800538d394c2));
    assert_true(hash_bytes(slice_of("carbon"), 0) == UINT64_C(0x5baffa3c477c98b4));
    assert_true(hash_bytes(slice_of("carbon"), 42) == UINT64_C(0x779fe1966120362e));

    uint8_t long_input[1000];
    for (size_t i = 0; i < sizeof long_input; i++)
        long_input[i] = (uint8_t)(i * 7);
    assert_true(hash_bytes((struct slice){ long_input, 1000 }, 42) == UINT64_C(0x715c5bbc12530d92));
}

static void pieces_give_the_same_as_the_whole(void **state)
{
    (void)state;
    uint8_t bytes[1000];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7);
    struct hash_stream *h = hash_stream_new(42);
    for (size_t at = 0; at < sizeof bytes; at += 100) {
        hash_stream_add(h, (struct slice){ bytes + at, 99 });
        hash_stream_add(h, (struct slice){ NULL, 0 });
        hash_stream_add(h, (struct slice){ bytes + at + 99, 1 });
    }
    assert_true(hash_stream_sum(h) == UINT64_C(0x715c5bbc12530d92));
    hash_stream_free(h);
    hash_stream_free(NULL);
}

static void sha256_gives_the_published_vectors(void **state)
{
    (void)state;
    char hex[65];
    hash_sha256((struct slice){ 0 }, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    hash_sha256(slice_of("abc"), hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checksums_are_those_of_xxh3),
        cmocka_unit_test(pieces_give_the_same_as_the_whole),
        cmocka_unit_test(sha256_gives_the_published_vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
