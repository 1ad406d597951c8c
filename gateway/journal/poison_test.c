#include "journal/scratch_test.h"

#include <signal.h>

#include "base/file.h"
#include "journal/poison.h"

#define JOURNAL 77u

/* A run that takes these frames in hand; what ends it is the last one's. 0: a kill. */
static void run(struct scratch *s, uint64_t sequence, int number)
{
    struct hand *h = NULL;
    assert_int_equal(hand_open(s->path, JOURNAL, &h), 0);
    hand_take(h, sequence + 1);
    hand_take(h, 0);
    hand_take(h, sequence);
    if (number != 0)
        hand_mark(h, number);
    hand_close(h);
}

/* A start that comes to no frame. */
static void start(struct scratch *s)
{
    struct hand *h = NULL;
    assert_int_equal(hand_open(s->path, JOURNAL, &h), 0);
    hand_close(h);
}

static bool is_poison(struct scratch *s, uint64_t journal_id, uint64_t sequence)
{
    struct poison *p;
    poison_open(s->path, &p);
    bool has = poison_has(p, journal_id, sequence);
    poison_close(p);
    return has;
}

static void second_crash_at_a_frame_sets_it_aside(void **state)
{
    struct scratch *s = *state;
    run(s, 9, SIGSEGV);
    start(s);
    assert_false(is_poison(s, JOURNAL, 9));
    run(s, 9, SIGABRT);
    start(s);
    assert_true(is_poison(s, JOURNAL, 9));
    assert_false(is_poison(s, JOURNAL, 8));
    assert_false(is_poison(s, JOURNAL + 1, 9));
    start(s);
    assert_true(is_poison(s, JOURNAL, 9));
}

static void twenty_kills_at_a_frame_set_nothing_aside(void **state)
{
    struct scratch *s = *state;
    for (int i = 0; i < 20; i++)
        run(s, 9, 0);
    start(s);
    assert_false(is_poison(s, JOURNAL, 9));
}

static void a_crash_with_nothing_in_hand_blames_nothing(void **state)
{
    struct scratch *s = *state;
    for (int i = 0; i < 3; i++)
        run(s, 0, SIGSEGV);
    start(s);
    assert_false(is_poison(s, JOURNAL, 0));
}

static void name(const struct scratch *s, const char *file, char out[PATH_MAX])
{
    snprintf(out, PATH_MAX, "%s/%s", s->path, file);
}

/* A kill between the count and the wiping of the mark: the same mark is found again. */
static void one_crash_is_counted_once_whatever_kills_the_start(void **state)
{
    struct scratch *s = *state;
    char file[PATH_MAX], *before;
    size_t size;
    run(s, 9, SIGSEGV);
    name(s, "in_hand", file);
    assert_int_equal(file_read_all(file, 1 << 20, &before, &size), 0);
    for (int i = 0; i < 3; i++) {
        start(s);
        assert_int_equal(file_replace(file, (struct slice){ (const uint8_t *)before, size }), 0);
    }
    start(s);
    assert_false(is_poison(s, JOURNAL, 9));
    free(before);
}

static void a_damaged_list_is_kept_aside_and_counted_anew(void **state)
{
    struct scratch *s = *state;
    char file[PATH_MAX], aside[PATH_MAX], *bytes;
    size_t size;
    run(s, 9, SIGSEGV);
    run(s, 9, SIGSEGV);
    start(s);
    name(s, "poison", file);
    name(s, "poison.damaged", aside);
    assert_int_equal(file_read_all(file, 1 << 20, &bytes, &size), 0);
    for (size_t at = 0; at < size; at++) {
        bytes[at] ^= 4;
        assert_int_equal(file_replace(file, (struct slice){ (const uint8_t *)bytes, size }), 0);
        assert_false(is_poison(s, JOURNAL, 9));
        bytes[at] ^= 4;
    }
    for (size_t cut = 0; cut < size; cut++) {
        assert_int_equal(file_replace(file, (struct slice){ (const uint8_t *)bytes, cut }), 0);
        assert_false(is_poison(s, JOURNAL, 9));
    }
    free(bytes);
    run(s, 9, SIGSEGV);
    run(s, 9, SIGSEGV);
    start(s);
    assert_int_equal(access(aside, F_OK), 0);
    assert_true(is_poison(s, JOURNAL, 9));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(second_crash_at_a_frame_sets_it_aside, scratch_make, scratch_remove),
        cmocka_unit_test_setup_teardown(twenty_kills_at_a_frame_set_nothing_aside, scratch_make, scratch_remove),
        cmocka_unit_test_setup_teardown(a_crash_with_nothing_in_hand_blames_nothing, scratch_make, scratch_remove),
        cmocka_unit_test_setup_teardown(one_crash_is_counted_once_whatever_kills_the_start, scratch_make,
                                        scratch_remove),
        cmocka_unit_test_setup_teardown(a_damaged_list_is_kept_aside_and_counted_anew, scratch_make,
                                        scratch_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
