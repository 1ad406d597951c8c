#include "account/account_fixture_test.h"
#include "account/names.h"

static void what_was_put_is_found_and_nothing_else(void **state)
{
    enum { N = 5000 };
    static char keys[N][16];
    struct names names = { 0 };
    (void)state;
    assert_null(names_find(&names, slice_of("a")));
    for (int i = 0; i < N; i++) {
        snprintf(keys[i], sizeof keys[i], "key %d", i);
        assert_null(names_find(&names, slice_of(keys[i])));
        names_put(&names, slice_of(keys[i]), keys[i]);
    }
    for (int i = 0; i < N; i++)
        assert_ptr_equal(names_find(&names, slice_of(keys[i])), keys[i]);
    assert_null(names_find(&names, slice_of("key 5000")));
    assert_null(names_find(&names, slice_of("")));
    assert_int_equal(names.n, N);
    assert_true(names.room >= 2 * N);
    names_fini(&names);
}

static void keys_may_hold_any_bytes(void **state)
{
    struct names names = { 0 };
    struct slice a = { (const uint8_t *)"a\0b", 3 }, b = { (const uint8_t *)"a\0c", 3 };
    int one, two, three;
    (void)state;
    names_put(&names, a, &one);
    names_put(&names, b, &two);
    names_put(&names, (struct slice){ NULL, 0 }, &three);
    assert_ptr_equal(names_find(&names, a), &one);
    assert_ptr_equal(names_find(&names, b), &two);
    assert_ptr_equal(names_find(&names, slice_of("")), &three);
    assert_null(names_find(&names, slice_of("a")));
    names_fini(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_is_found_and_nothing_else),
        cmocka_unit_test(keys_may_hold_any_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
