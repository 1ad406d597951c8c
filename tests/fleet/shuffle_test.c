#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fleet/shuffle.h"

#define COUNT 500

struct sent {
    uint64_t index;
    bool is_duplicate;
};

static size_t drain(struct shuffle *s, bool is_ending, struct sent *out, size_t n)
{
    struct reading r;
    bool is_duplicate;
    while (shuffle_take(s, is_ending, &r, &is_duplicate))
        out[n++] = (struct sent){ r.sequence, is_duplicate };
    return n;
}

/* Sends COUNT readings, every third of them twice. */
static size_t send_all(uint64_t bound, uint64_t seed, struct sent *out)
{
    struct shuffle s;
    size_t n = 0;
    shuffle_init(&s, bound, seed, 7);
    for (uint64_t i = 0; i < COUNT; i++) {
        struct reading r = { .sequence = i };
        shuffle_put(&s, &r, i % 3 == 0);
        n = drain(&s, false, out, n);
    }
    n = drain(&s, true, out, n);
    shuffle_fini(&s);
    return n;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

static void no_reading_is_displaced_beyond_the_bound_and_none_is_missing(void **state)
{
    (void)state;
    static const uint64_t bounds[] = { 0, 1, 2, 7, 64, 499, 5000 };
    for (size_t b = 0; b < sizeof(bounds) / sizeof(bounds[0]); b++) {
        struct sent sent[2 * COUNT];
        size_t n = send_all(bounds[b], 3, sent);
        unsigned first[COUNT] = { 0 }, again[COUNT] = { 0 };
        uint64_t place = 0;
        for (size_t i = 0; i < n; i++) {
            if (sent[i].is_duplicate) {
                again[sent[i].index]++;
                continue;
            }
            first[sent[i].index]++;
            assert_true(distance(place, sent[i].index) <= bounds[b]);
            place++;
        }
        for (size_t i = 0; i < COUNT; i++) {
            assert_int_equal(first[i], 1);
            assert_int_equal(again[i], i % 3 == 0 ? 1 : 0);
        }
    }
}

static void a_duplicate_comes_after_its_original_and_within_the_bound(void **state)
{
    (void)state;
    static const uint64_t bounds[] = { 0, 1, 20 };
    for (size_t b = 0; b < sizeof(bounds) / sizeof(bounds[0]); b++) {
        struct sent sent[2 * COUNT];
        size_t n = send_all(bounds[b], 11, sent);
        bool is_there[COUNT] = { false };
        uint64_t originals = 0;
        for (size_t i = 0; i < n; i++) {
            if (!sent[i].is_duplicate) {
                is_there[sent[i].index] = true;
                originals++;
                continue;
            }
            assert_true(is_there[sent[i].index]);
            assert_true(originals <= sent[i].index + bounds[b] + 1);
        }
    }
}

static void a_bound_of_zero_keeps_the_order(void **state)
{
    (void)state;
    struct sent sent[2 * COUNT];
    size_t n = send_all(0, 5, sent);
    for (size_t i = 1; i < n; i++)
        assert_true(sent[i - 1].index <= sent[i].index);
}

static void a_bound_above_zero_does_change_the_order(void **state)
{
    (void)state;
    struct sent sent[2 * COUNT];
    size_t n = send_all(10, 5, sent), steps_back = 0;
    for (size_t i = 1; i < n; i++)
        steps_back += sent[i].index < sent[i - 1].index;
    assert_true(steps_back > COUNT / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_reading_is_displaced_beyond_the_bound_and_none_is_missing),
        cmocka_unit_test(a_duplicate_comes_after_its_original_and_within_the_bound),
        cmocka_unit_test(a_bound_of_zero_keeps_the_order),
        cmocka_unit_test(a_bound_above_zero_does_change_the_order),
    };
    return cmocka_run_group_tests_name("shuffle", tests, NULL, NULL);
}
