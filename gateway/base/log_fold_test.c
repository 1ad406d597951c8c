#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/log_fold.h"

static int shown(struct fold *f, const char *id, int64_t now_us, int n)
{
    int n_shown = 0;
    for (int i = 0; i < n; i++)
        n_shown += fold_shows(f, id, now_us);
    return n_shown;
}

static void repeats_are_hidden_and_told_a_minute_later(void **state)
{
    (void)state;
    struct fold f = { .shown_most = 10 };
    struct folded ended;
    assert_int_equal(shown(&f, "ingest.lost", 1000, 422), 10);
    assert_false(fold_take_ended(&f, 1000 + FOLD_SPAN_US - 1, &ended));
    assert_int_equal(shown(&f, "ingest.lost", 1000 + FOLD_SPAN_US - 1, 1), 0);

    assert_true(fold_take_ended(&f, 1000 + FOLD_SPAN_US, &ended));
    assert_string_equal(ended.id, "ingest.lost");
    assert_int_equal(ended.n_hidden, 413);
    assert_false(fold_take_ended(&f, 1000 + FOLD_SPAN_US, &ended));
    assert_int_equal(shown(&f, "ingest.lost", 1000 + FOLD_SPAN_US, 422), 10);
}

static void a_minute_without_hidden_lines_ends_silently(void **state)
{
    (void)state;
    struct fold f = { .shown_most = 3 };
    struct folded ended;
    assert_int_equal(shown(&f, "a.b", 0, 3), 3);
    assert_false(fold_take_ended(&f, FOLD_SPAN_US, &ended));
    assert_int_equal(shown(&f, "a.b", FOLD_SPAN_US, 4), 3);
}

static void ids_are_counted_apart(void **state)
{
    (void)state;
    struct fold f = { .shown_most = 2 };
    assert_int_equal(shown(&f, "a.b", 0, 5), 2);
    assert_int_equal(shown(&f, "a.bc", 0, 5), 2);
    assert_int_equal(shown(&f, "a", 0, 5), 2);

    struct folded ended;
    int n = 0;
    while (fold_take_ended(&f, FOLD_SPAN_US, &ended))
        n += (int)ended.n_hidden;
    assert_int_equal(n, 9);
}

static void more_ids_than_slots_are_shown_always(void **state)
{
    (void)state;
    struct fold f = { .shown_most = 1 };
    char id[16];
    for (int i = 0; i < FOLD_IDS; i++) {
        snprintf(id, sizeof id, "id.%d", i);
        assert_int_equal(shown(&f, id, 0, 2), 1);
    }
    assert_int_equal(shown(&f, "one.more", 0, 5), 5);

    struct folded ended;
    int n = 0;
    while (fold_take_ended(&f, FOLD_SPAN_US, &ended))
        n++;
    assert_int_equal(n, FOLD_IDS);
    assert_int_equal(shown(&f, "one.more", FOLD_SPAN_US, 5), 1);
}

static void a_long_id_is_the_same_id_again(void **state)
{
    (void)state;
    char id[200];
    memset(id, 'x', sizeof id - 1);
    id[sizeof id - 1] = '\0';
    struct fold f = { .shown_most = 1 };
    assert_int_equal(shown(&f, id, 0, 3), 1);

    struct folded ended;
    assert_true(fold_take_ended(&f, FOLD_SPAN_US, &ended));
    assert_int_equal(strlen(ended.id), sizeof ended.id - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(repeats_are_hidden_and_told_a_minute_later),
        cmocka_unit_test(a_minute_without_hidden_lines_ends_silently),
        cmocka_unit_test(ids_are_counted_apart),
        cmocka_unit_test(more_ids_than_slots_are_shown_always),
        cmocka_unit_test(a_long_id_is_the_same_id_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
