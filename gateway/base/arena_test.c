#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"

#define KIB 1024

static void pieces_are_aligned_and_apart(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 0);
    uint8_t *pieces[500];
    for (size_t i = 0; i < 500; i++) {
        pieces[i] = arena_take(&a, i);
        assert_int_equal((uintptr_t)pieces[i] % 16, 0);
        memset(pieces[i], (int)(i & 0xff), i);
    }
    for (size_t i = 0; i < 500; i++) {
        for (size_t j = 0; j < i; j++)
            assert_int_equal(pieces[i][j], i & 0xff);
    }
    arena_fini(&a);
}

static void a_reset_gives_the_same_memory_again(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 0);
    void *first = arena_take(&a, 100);
    void *large = arena_take(&a, 1000 * KIB);
    arena_reset(&a);
    assert_ptr_equal(arena_take(&a, 100), first);
    assert_ptr_equal(arena_take(&a, 1000 * KIB), large);
    arena_fini(&a);
}

static void the_bound_holds_and_a_reset_lifts_it(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 100);
    assert_non_null(arena_take(&a, 100));
    assert_null(arena_take(&a, 16));
    assert_non_null(arena_take(&a, 0));
    arena_reset(&a);
    assert_null(arena_take(&a, 200));
    assert_non_null(arena_take(&a, 50));
    assert_null(arena_take(&a, 50)); /* 64 of 112 are gone */
    assert_non_null(arena_take(&a, 48));
    arena_fini(&a);
}

static void absurd_sizes_are_beyond_any_bound(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 1000 * KIB);
    assert_null(arena_take(&a, SIZE_MAX));
    assert_null(arena_take(&a, SIZE_MAX - 15));
    assert_null(arena_take_zeroed(&a, SIZE_MAX / 2, 3));
    assert_null(arena_take_zeroed(&a, SIZE_MAX, SIZE_MAX));
    assert_null(arena_text(&a, (struct slice){ (const uint8_t *)"x", SIZE_MAX }));
    assert_null(arena_text(&a, (struct slice){ (const uint8_t *)"x", SIZE_MAX - 1 }));
    assert_int_equal(a.taken, 0);
    assert_non_null(arena_take(&a, 1));
    arena_fini(&a);
}

static void zeroed_pieces_are_zero_after_use(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 0);
    memset(arena_take(&a, 64), 0xff, 64);
    arena_reset(&a);
    const uint8_t *piece = arena_take_zeroed(&a, 8, 8);
    for (size_t i = 0; i < 64; i++)
        assert_int_equal(piece[i], 0);
    arena_fini(&a);
}

static void texts_end_with_a_nul(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 64);
    assert_string_equal(arena_text(&a, (struct slice){ (const uint8_t *)"meter-7", 5 }), "meter");
    assert_string_equal(arena_text(&a, (struct slice){ 0 }), "");
    assert_null(arena_text(
        &a, (struct slice){ (const uint8_t *)"0123456789012345678901234567890123", 33 }));
    arena_fini(&a);
}

/* How a chunk begins in arena.c: the one thing that this test knows of the inside. */
struct arena_chunk {
    struct arena_chunk *next;
    size_t size;
};

static size_t memory_of(const struct arena *a)
{
    size_t size = 0;
    for (const struct arena_chunk *c = a->first; c; c = c->next)
        size += c->size;
    return size;
}

/* Batches of ever other shapes: small before large, large before small, alternating. */
static void memory_stays_within_four_times_the_bound(void **state)
{
    (void)state;
    const size_t most = 2000 * KIB;
    struct arena a;
    arena_init(&a, most);
    uint32_t random = 1;
    for (int batch = 0; batch < 300; batch++) {
        size_t largest = (size_t)1 << (8 + batch % 14);
        for (size_t size = 1; arena_take(&a, size); size = random % largest)
            random = random * 1664525u + 1013904223u;
        arena_reset(&a);
    }
    assert_true(memory_of(&a) <= 4 * most);
    arena_fini(&a);
}

static void an_arena_can_be_used_again_after_its_end(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 100);
    assert_non_null(arena_take(&a, 100));
    arena_fini(&a);
    arena_fini(&a);
    assert_non_null(arena_take(&a, 100));
    assert_null(arena_take(&a, 100));
    arena_fini(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_aligned_and_apart),
        cmocka_unit_test(a_reset_gives_the_same_memory_again),
        cmocka_unit_test(the_bound_holds_and_a_reset_lifts_it),
        cmocka_unit_test(absurd_sizes_are_beyond_any_bound),
        cmocka_unit_test(zeroed_pieces_are_zero_after_use),
        cmocka_unit_test(texts_end_with_a_nul),
        cmocka_unit_test(memory_stays_within_four_times_the_bound),
        cmocka_unit_test(an_arena_can_be_used_again_after_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
