/* The sum of a point's stretches, whatever the order and whatever is taken back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/amount.h"
#include "model/cover.h"

#define VALID (1u << COVER_VALID)
#define BRIDGED (1u << COVER_BRIDGED)

/* The runs of [0, 100) as text: "v:10-20 .:20-30". */
static const char *runs_of(const struct cover *c)
{
    static char text[400];
    struct cover_walk w = cover_walk(c, 0, 100);
    struct cover_run run;
    size_t n = 0;
    text[0] = '\0';
    while (cover_next(&w, &run)) {
        char letters[8] = "", *to = letters;
        for (int kind = 0; kind < COVER_KINDS; kind++)
            if (run.kinds & 1u << kind)
                *to++ = "vibso"[kind];
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s:%d-%d", n ? " " : "",
                              letters[0] ? letters : ".", (int)run.start_us, (int)run.end_us);
    }
    return text;
}

static void readings_in_order_are_one_stretch_without_edges(void **state)
{
    (void)state;
    struct cover c = { 0 };
    assert_string_equal(runs_of(&c), ".:0-100");
    for (int64_t t = 10; t < 60; t += 10)
        cover_add(&c, COVER_VALID, t, t + 10, 1);
    assert_string_equal(runs_of(&c), ".:0-10 v:10-60 .:60-100");
    assert_null(c.edges);
    assert_int_equal(cover_measure(&c, 0, 100, VALID, 0), 50);
    assert_int_equal(cover_measure(&c, 20, 30, VALID, 0), 10);
}

/* A late reading at 30 cuts [10, 50): its halves are given around the taking back of the whole. */
static void halves_may_come_before_the_whole_is_taken_back(void **state)
{
    (void)state;
    struct cover c = { 0 };
    cover_add(&c, COVER_VALID, 10, 50, 1);
    cover_add(&c, COVER_VALID, 10, 30, 1);
    cover_add(&c, COVER_VALID, 10, 50, -1);
    cover_add(&c, COVER_BRIDGED, 30, 50, 1);
    assert_string_equal(runs_of(&c), ".:0-10 v:10-30 b:30-50 .:50-100");
    assert_int_equal(cover_measure(&c, 0, 100, VALID | BRIDGED, BRIDGED), 20);
    cover_add(&c, COVER_BRIDGED, 30, 50, -1);
    cover_add(&c, COVER_VALID, 10, 30, -1);
    assert_string_equal(runs_of(&c), ".:0-100");
    assert_int_equal(c.n, 0);
    cover_fini(&c);
}

static void the_order_of_arrival_leaves_no_trace(void **state)
{
    (void)state;
    static const int orders[][4] = { { 0, 1, 2, 3 }, { 3, 2, 1, 0 }, { 2, 0, 3, 1 }, { 1, 3, 0, 2 } };
    for (size_t o = 0; o < 4; o++) {
        struct cover c = { 0 };
        for (int i = 0; i < 4; i++) {
            int k = orders[o][i];
            cover_add(&c, k == 2 ? COVER_SUBSTITUTED : COVER_VALID, 10 + 20 * k, 30 + 20 * k, 1);
        }
        assert_string_equal(runs_of(&c), ".:0-10 v:10-50 s:50-70 v:70-90 .:90-100");
        cover_fini(&c);
    }
}

static void a_cover_survives_its_row(void **state)
{
    (void)state;
    for (int kind = 0; kind < 5; kind++) {
        struct cover c = { 0 }, back;
        struct buffer row = { 0 };
        if (kind == 1)
            cover_add(&c, COVER_VALID, 0, 100, 1);
        if (kind >= 2)
            cover_add(&c, COVER_VALID, 10, 40, 1);
        if (kind >= 3)
            cover_add(&c, COVER_IDLE, 20, 70, 1);
        for (int i = 0; kind == 4 && i <= COVER_EDGES_MOST; i++)
            cover_add(&c, COVER_OTHER, 1000 + 2 * i, 1001 + 2 * i, 1);
        cover_write(&c, 0, 100, &row);
        struct cursor in = cursor_of(buffer_slice(&row));
        assert_true(cover_read(&in, 0, 100, &back));
        assert_int_equal(cursor_rest(&in).size, 0);
        char before[400];
        strcpy(before, runs_of(&c));
        assert_string_equal(runs_of(&back), before);
        assert_int_equal(back.is_lost, kind == 4);
        cover_fini(&c);
        cover_fini(&back);
        buffer_fini(&row);
    }
}

static void a_row_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    static const uint8_t bad[][6] = { { 9 }, { 2, 1, 2 }, { 3, 1, 0, 4 }, { 3, 0xff, 0xff } };
    for (size_t i = 0; i < 4; i++) {
        struct cover c;
        struct cursor in = cursor_of((struct slice){ bad[i], i == 0 ? 1 : 4 });
        assert_false(cover_read(&in, 0, 100, &c));
        assert_null(c.edges);
    }
}

static void what_is_too_shredded_is_lost_and_stays_so(void **state)
{
    (void)state;
    struct cover c = { 0 };
    for (int i = 0; i < COVER_EDGES_MOST; i++)
        cover_add(&c, COVER_VALID, 3 * i, 3 * i + 1, 1);
    assert_true(c.is_lost);
    cover_add(&c, COVER_VALID, 0, 10, -1);
    assert_true(c.is_lost);
    assert_string_equal(runs_of(&c), ".:0-100");
}

static void an_amount_says_what_it_covers(void **state)
{
    (void)state;
    struct amount a = { .part = PART_MEASURED, .is_valid = true, .ticks = 0 };
    assert_int_equal(cover_kind_of(&a), COVER_VALID);
    a.flags = AMOUNT_NOT_OPERATING;
    assert_int_equal(cover_kind_of(&a), COVER_VALID);
    a.shape = AMOUNT_STRETCH;
    assert_int_equal(cover_kind_of(&a), COVER_IDLE);
    a.flags = AMOUNT_GAP;
    assert_int_equal(cover_kind_of(&a), COVER_KINDS);
    a.shape = AMOUNT_LINEAR;
    a.flags = AMOUNT_UNDECLARED;
    assert_int_equal(cover_kind_of(&a), COVER_KINDS);
    a.flags = 0;
    a.is_valid = false;
    assert_int_equal(cover_kind_of(&a), COVER_OTHER);
    a.part = PART_BRIDGED;
    assert_int_equal(cover_kind_of(&a), COVER_BRIDGED);
    a.part = PART_SUBSTITUTED;
    assert_int_equal(cover_kind_of(&a), COVER_SUBSTITUTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readings_in_order_are_one_stretch_without_edges),
        cmocka_unit_test(halves_may_come_before_the_whole_is_taken_back),
        cmocka_unit_test(the_order_of_arrival_leaves_no_trace),
        cmocka_unit_test(a_cover_survives_its_row),
        cmocka_unit_test(a_row_that_does_not_fit_is_refused),
        cmocka_unit_test(what_is_too_shredded_is_lost_and_stays_so),
        cmocka_unit_test(an_amount_says_what_it_covers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
