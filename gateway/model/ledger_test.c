/* The ledger: what balances, what does not, and what a snapshot brings back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/ledger.h"

static void an_empty_ledger_balances(void **state)
{
    (void)state;
    struct ledger l = { 0 };
    assert_true(ledger_balances(&l, NULL));
    ledger_fit(&l, 0);
    assert_int_equal(l.n, 1);
    assert_true(ledger_balances(&l, NULL));
    assert_false(l.is_dirty);
    ledger_fini(&l);
}

static void a_reading_without_a_verdict_is_an_imbalance_of_its_site(void **state)
{
    (void)state;
    struct ledger l = { 0 };
    ledger_fit(&l, 2);
    ledger_received(&l, 1, 3);
    ledger_count(&l, 1, VERDICT_COUNTED);
    ledger_count(&l, 1, VERDICT_DUPLICATE);
    assert_true(l.is_dirty);

    int32_t site = 99;
    assert_false(ledger_balances(&l, &site));
    assert_int_equal(site, 1);
    assert_false(ledger_balances(&l, NULL));

    ledger_count(&l, 1, VERDICT_LATE);
    site = 99;
    assert_true(ledger_balances(&l, &site));
    assert_int_equal(site, 99);
    ledger_fini(&l);
}

static void a_verdict_without_a_reading_is_an_imbalance_too(void **state)
{
    (void)state;
    struct ledger l = { 0 };
    ledger_fit(&l, 1);
    ledger_count(&l, -1, VERDICT_UNDECODABLE);
    int32_t site = 99;
    assert_false(ledger_balances(&l, &site));
    assert_int_equal(site, -1);
    ledger_fini(&l);
}

static void messages_must_add_up_as_well(void **state)
{
    (void)state;
    struct ledger l = { .messages = { .journalled = 5, .decoded = 3, .undecodable = 1 } };
    int32_t site = 99;
    assert_false(ledger_balances(&l, &site));
    assert_int_equal(site, -2);
    l.messages.undecodable = 2;
    assert_true(ledger_balances(&l, &site));
}

static void moving_a_reading_keeps_the_balance(void **state)
{
    (void)state;
    struct ledger l = { 0 };
    ledger_fit(&l, 1);
    ledger_received(&l, 0, 1);
    ledger_count(&l, 0, VERDICT_COUNTED);
    ledger_move(&l, 0, VERDICT_COUNTED, VERDICT_CONFLICT);
    assert_true(ledger_balances(&l, NULL));
    assert_int_equal(l.rows[1].by_verdict[VERDICT_COUNTED], 0);
    assert_int_equal(l.rows[1].by_verdict[VERDICT_CONFLICT], 1);
    assert_int_equal(l.rows[1].reclassified, 1);
    ledger_fini(&l);
}

static void growing_keeps_what_was_counted_and_never_shrinks(void **state)
{
    (void)state;
    struct ledger l = { 0 };
    ledger_fit(&l, 1);
    ledger_received(&l, 0, 7);
    ledger_fit(&l, 1000);
    assert_int_equal(l.n, 1001);
    assert_int_equal(l.rows[1].received, 7);
    assert_int_equal(l.rows[1000].received, 0);
    ledger_fit(&l, 3);
    assert_int_equal(l.n, 1001);
    ledger_fini(&l);
}

static void rejected_is_the_sum_of_the_reasons(void **state)
{
    (void)state;
    struct ledger_row row = { 0 };
    for (int v = 0; v < VERDICT_COUNT; v++)
        row.by_verdict[v] = UINT64_C(1) << v;
    assert_int_equal(ledger_rejected(&row), (UINT64_C(1) << VERDICT_COUNT) - 8);
}

static struct ledger_row some_row(void)
{
    struct ledger_row row = { .received = UINT64_MAX, .reclassified = 42 };
    for (int v = 0; v < VERDICT_COUNT; v++)
        row.by_verdict[v] = (uint64_t)v * 1000 + 1;
    return row;
}

static void a_row_comes_back_as_it_was_written(void **state)
{
    (void)state;
    struct buffer b = { 0 };
    struct ledger_row row = some_row(), back;
    ledger_row_write(&row, &b);
    assert_int_equal(ledger_row_read(buffer_slice(&b), &back), 0);
    assert_memory_equal(&row, &back, sizeof row);
    buffer_fini(&b);
}

static void a_row_from_before_a_verdict_existed_still_reads(void **state)
{
    (void)state;
    struct buffer b = { 0 };
    buffer_put_u8(&b, 1);
    buffer_put_u8(&b, 2);
    for (uint64_t v = 10; v < 14; v++)
        buffer_put_u64(&b, v);
    struct ledger_row row;
    assert_int_equal(ledger_row_read(buffer_slice(&b), &row), 0);
    assert_int_equal(row.received, 10);
    assert_int_equal(row.by_verdict[VERDICT_DUPLICATE], 12);
    assert_int_equal(row.by_verdict[VERDICT_LATE], 0);
    assert_int_equal(row.reclassified, 13);
    buffer_fini(&b);
}

static void a_row_that_does_not_fit_is_malformed_and_touches_nothing(void **state)
{
    (void)state;
    struct buffer b = { 0 };
    struct ledger_row row = some_row(), untouched = { .received = 5 };
    ledger_row_write(&row, &b);

    for (size_t size = 0; size < b.size; size++)
        assert_int_equal(ledger_row_read((struct slice){ b.at, size }, &untouched), 1);
    buffer_put_u8(&b, 0);
    assert_int_equal(ledger_row_read(buffer_slice(&b), &untouched), 1);
    b.size--;
    b.at[0] = 2;
    assert_int_equal(ledger_row_read(buffer_slice(&b), &untouched), 1);
    b.at[0] = 1;
    b.at[1] = VERDICT_COUNT + 1;
    assert_int_equal(ledger_row_read(buffer_slice(&b), &untouched), 1);
    assert_int_equal(untouched.received, 5);
    buffer_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_ledger_balances),
        cmocka_unit_test(a_reading_without_a_verdict_is_an_imbalance_of_its_site),
        cmocka_unit_test(a_verdict_without_a_reading_is_an_imbalance_too),
        cmocka_unit_test(messages_must_add_up_as_well),
        cmocka_unit_test(moving_a_reading_keeps_the_balance),
        cmocka_unit_test(growing_keeps_what_was_counted_and_never_shrinks),
        cmocka_unit_test(rejected_is_the_sum_of_the_reasons),
        cmocka_unit_test(a_row_comes_back_as_it_was_written),
        cmocka_unit_test(a_row_from_before_a_verdict_existed_still_reads),
        cmocka_unit_test(a_row_that_does_not_fit_is_malformed_and_touches_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
