#include "account/account_fixture_test.h"
#include "account/books.h"
#include "account/pending.h"

enum { N = 200 };

static int by_order(const struct window *a, const struct window *b)
{
    int64_t left[] = { a->due_us, a->end_us, a->period, a->books->site->index };
    int64_t right[] = { b->due_us, b->end_us, b->period, b->books->site->index };
    for (int i = 0; i < 4; i++)
        if (left[i] != right[i])
            return left[i] < right[i] ? -1 : 1;
    return 0;
}

static void windows_leave_by_due_time_end_period_and_site(void **state)
{
    static struct window windows[N];
    struct site sites[3] = { { .index = 0 }, { .index = 1 }, { .index = 2 } };
    struct books books[3] = { { .site = &sites[0] }, { .site = &sites[1] }, { .site = &sites[2] } };
    struct pending p = { 0 };
    (void)state;
    srand(5);
    assert_null(pending_first(&p));
    for (int i = 0; i < N; i++) {
        windows[i] = (struct window){ .books = &books[rand() % 3],
                                      .due_us = rand() % 4,
                                      .end_us = rand() % 4,
                                      .period = (enum period)(rand() % 5),
                                      .start_us = i };
        pending_add(&p, &windows[i]);
    }
    const struct window *last = NULL;
    for (int i = 0; i < N; i++) {
        const struct window *w = pending_first(&p);
        assert_non_null(w);
        assert_true(!last || by_order(last, w) <= 0);
        last = w;
        pending_pop(&p);
    }
    assert_null(pending_first(&p));
    pending_fini(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_leave_by_due_time_end_period_and_site),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
