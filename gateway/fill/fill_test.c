/* Hours that lack values: filled late, listed, and taken back for what was measured after all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fill/fill.h"
#include "fill/hours.h"

#define ROWS_MOST 64

struct row {
    struct buffer key, value;
};

struct shop {
    struct plan *plan;
    struct fill *f;
    struct arena arena;
    struct row rows[ROWS_MOST];
    size_t n_rows;
    int64_t sum;                 /* of all that was given and taken back */
};

static struct plan *plan_with(const char *table)
{
    struct buffer yaml = { 0 };
    struct arena arena;
    struct problems problems;
    struct plan *plan = NULL;
    buffer_print(&yaml,
                 "gateway: g\nsites:\n  - id: s\n    zone: UTC\n    streams: [{id: e, scope: 2}]\n"
                 "    devices:\n      - id: d\n        points:\n"
                 "          - {id: p, kind: register, unit: kWh, resolution: 1, stream: e,\n"
                 "             substitute: {%s}}\n", table);
    arena_init(&arena, 0);
    problems_init(&problems, "t", &arena);
    if (plan_read(buffer_slice(&yaml), &problems, &plan) != 0)
        fail_msg("%s", problems.at[0].text);
    problems_fini(&problems);
    arena_fini(&arena);
    buffer_fini(&yaml);
    return plan;
}

static void open_shop(struct shop *s, const char *table)
{
    *s = (struct shop){ .plan = plan_with(table) };
    arena_init(&s->arena, 0);
    fill_open(&s->f);
    fill_configure(s->f, s->plan);
}

static void close_shop(struct shop *s)
{
    for (size_t i = 0; i < s->n_rows; i++) {
        buffer_fini(&s->rows[i].key);
        buffer_fini(&s->rows[i].value);
    }
    fill_close(s->f);
    plan_free(s->plan);
    arena_fini(&s->arena);
}

/* A good amount over so many minutes of event time; with sign -1 one is taken back. */
static void measured(struct shop *s, int64_t from_min, int64_t until_min, int64_t ticks, int sign)
{
    fill_note(s->f, &(struct amount){ .sign = (int8_t)sign, .is_valid = true, .ticks = ticks,
                                      .start_us = from_min * HOUR_US / 60,
                                      .end_us = until_min * HOUR_US / 60 });
}

static void hours_of(struct shop *s, int64_t from, int64_t until, int64_t ticks)
{
    for (int64_t h = from; h < until; h++)
        measured(s, 60 * h, 60 * h + 60, ticks, 1);
}

/* What is due by that hour; how many amounts left. */
static size_t judge(struct shop *s, int64_t hour)
{
    struct amounts out;
    fill_judge(s->f, 0, hour * HOUR_US, false, &s->arena, &out);
    for (size_t i = 0; i < out.n; i++) {
        assert_int_equal(out.at[i].part, PART_SUBSTITUTED);
        assert_false(out.at[i].is_valid);
        s->sum += out.at[i].sign * out.at[i].ticks;
        fill_note(s->f, &out.at[i]); /* as the pipeline does: it must not become history */
    }
    return out.n;
}

static size_t listed(struct shop *s, struct substituted **out)
{
    size_t n;
    fill_list(s->f, 0, 0, 100000 * HOUR_US, &s->arena, out, &n);
    return n;
}

static void put(void *self, enum stage stage, struct slice key, struct slice value)
{
    struct shop *s = self;
    size_t i = 0;
    assert_int_equal(stage, STAGE_FILL);
    while (i < s->n_rows && !slice_equal(buffer_slice(&s->rows[i].key), key))
        i++;
    assert_true(i < ROWS_MOST);
    s->n_rows += i == s->n_rows;
    buffer_clear(&s->rows[i].key);
    buffer_put(&s->rows[i].key, key.at, key.size);
    buffer_clear(&s->rows[i].value);
    buffer_put(&s->rows[i].value, value.at, value.size);
}

static void drop(void *self, enum stage stage, struct slice key)
{
    (void)self, (void)stage, (void)key;
}

static void drop_range(void *self, enum stage stage, struct slice from, struct slice until)
{
    (void)self, (void)stage;
    assert_true(slice_compare(from, until) <= 0);
}

static void restart(struct shop *s)
{
    struct state_out out = { .put = put, .drop = drop, .drop_range = drop_range, .self = s };
    fill_save(s->f, &out);
    fill_close(s->f);
    fill_open(&s->f);
    fill_configure(s->f, s->plan);
    for (size_t i = 0; i < s->n_rows; i++)
        assert_int_equal(fill_load(s->f, buffer_slice(&s->rows[i].key), buffer_slice(&s->rows[i].value)), 0);
}

static void a_gap_waits_and_is_filled_by_the_previous_hour(void **state)
{
    (void)state;
    struct shop s;
    struct substituted *list;
    open_shop(&s, "method: previous_value, after: 2h");
    hours_of(&s, 100, 103, 50);
    assert_int_equal(judge(&s, 104), 0);
    assert_int_equal(judge(&s, 105), 0); /* hour 103 ended at 104: two hours are not over */
    assert_int_equal(judge(&s, 106), 1);
    assert_int_equal(s.sum, 50);
    assert_int_equal(listed(&s, &list), 1);
    assert_int_equal(list->start_us, 103 * HOUR_US);
    assert_int_equal(list->rule, RULE_PREVIOUS_VALUE);
    assert_int_equal(judge(&s, 106), 0); /* nothing new */
    close_shop(&s);
}

static void what_was_measured_after_all_replaces_the_filling(void **state)
{
    (void)state;
    struct shop s;
    struct substituted *list;
    open_shop(&s, "method: previous_value");
    hours_of(&s, 100, 103, 50);
    assert_int_equal(judge(&s, 106), 2);
    assert_int_equal(s.sum, 100);
    fill_note(s.f, &(struct amount){ .sign = 1, .part = PART_BRIDGED, .ticks = 70,
                                     .start_us = 103 * HOUR_US, .end_us = 105 * HOUR_US });
    assert_int_equal(judge(&s, 106), 2);
    assert_int_equal(s.sum, 0);
    assert_int_equal(listed(&s, &list), 0);
    close_shop(&s);
}

static void only_the_stretch_that_nothing_covers_is_filled(void **state)
{
    (void)state;
    struct shop s;
    struct substituted *list;
    open_shop(&s, "method: previous_value");
    hours_of(&s, 100, 102, 60);
    measured(&s, 102 * 60, 102 * 60 + 20, 30, 1);
    measured(&s, 102 * 60 + 50, 103 * 60, 10, 1);
    assert_int_equal(judge(&s, 104), 1);
    assert_int_equal(listed(&s, &list), 1);
    assert_int_equal(list->start_us, 102 * HOUR_US + HOUR_US / 3);
    assert_int_equal(list->ticks, 30); /* half an hour of 60 */
    close_shop(&s);
}

/* 80 % is an hour; so is one that was off. */
static void an_hour_of_48_minutes_and_one_out_of_operation_are_no_gaps(void **state)
{
    (void)state;
    struct shop s;
    open_shop(&s, "method: previous_value");
    hours_of(&s, 100, 102, 60);
    measured(&s, 102 * 60, 102 * 60 + 48, 48, 1);
    fill_note(s.f, &(struct amount){ .sign = 1, .shape = AMOUNT_STRETCH, .flags = AMOUNT_NOT_OPERATING,
                                     .start_us = 103 * HOUR_US, .end_us = 104 * HOUR_US });
    hours_of(&s, 104, 105, 60);
    assert_int_equal(judge(&s, 106), 0);
    measured(&s, 102 * 60, 102 * 60 + 48, 48, -1);
    measured(&s, 102 * 60, 102 * 60 + 47, 47, 1);
    assert_int_equal(judge(&s, 106), 1);
    assert_int_equal(s.sum, 13);
    close_shop(&s);
}

static void the_mean_of_before_and_after_waits_for_the_end_of_the_gap(void **state)
{
    (void)state;
    struct shop s;
    open_shop(&s, "method: mean_before_after");
    hours_of(&s, 100, 102, 40);
    assert_int_equal(judge(&s, 110), 0);
    hours_of(&s, 110, 111, 60);
    assert_int_equal(judge(&s, 111), 0);
    assert_int_equal(judge(&s, 112), 8);
    assert_int_equal(s.sum, 8 * 50);
    close_shop(&s);
}

/* Filled hours are not history: the mean stays that of the measured ones. */
static void a_filled_hour_never_feeds_the_look_back(void **state)
{
    (void)state;
    struct shop s;
    struct substituted *list;
    open_shop(&s, "method: eu_mean_2sigma, least: 4");
    hours_of(&s, 100, 102, 40);
    hours_of(&s, 102, 104, 60);
    judge(&s, 110);
    assert_int_equal(listed(&s, &list), 5);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(list[i].n, 4);
        assert_int_equal(list[i].mean_ticks, 50);
        assert_int_equal(list[i].sigma_ticks, 11);
        assert_int_equal(list[i].ticks, 72);
    }
    close_shop(&s);
}

/* Hours 103 and 104 are a gap, hour 101 comes late; a restart lies anywhere between. */
static void the_order_of_arrival_and_restarts_leave_no_trace(void **state)
{
    (void)state;
    for (int order = 0; order < 6; order++) {
        struct shop s;
        struct substituted *list;
        open_shop(&s, "method: eu_mean_2sigma, least: 2");
        hours_of(&s, 100, 101, 40);
        if (order % 3 != 1)
            hours_of(&s, 101, 102, 90);
        hours_of(&s, 102, 103, 50);
        if (order >= 3)
            judge(&s, 106);
        if (order == 4 || order == 5)
            restart(&s);
        if (order % 3 == 1)
            hours_of(&s, 101, 102, 90);
        hours_of(&s, 105, 106, 70);
        judge(&s, 107);
        restart(&s);
        judge(&s, 107);
        assert_int_equal(listed(&s, &list), 2);
        assert_int_equal(list[0].mean_ticks, 60);
        assert_int_equal(list[1].n, 3);
        assert_int_equal(s.sum, list[0].ticks + list[1].ticks);
        close_shop(&s);
    }
}

static void a_row_that_does_not_fit_is_told(void **state)
{
    (void)state;
    struct shop s;
    static const uint8_t newer[] = { 9 }, torn[] = { 1, 4, 0 };
    open_shop(&s, "method: previous_value");
    struct slice key = { (const uint8_t *)"s\0d\0p\0", 6 };
    assert_int_equal(fill_load(s.f, key, (struct slice){ newer, 1 }), STATE_MALFORMED);
    assert_int_equal(fill_load(s.f, key, (struct slice){ torn, 3 }), STATE_MALFORMED);
    close_shop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gap_waits_and_is_filled_by_the_previous_hour),
        cmocka_unit_test(what_was_measured_after_all_replaces_the_filling),
        cmocka_unit_test(only_the_stretch_that_nothing_covers_is_filled),
        cmocka_unit_test(an_hour_of_48_minutes_and_one_out_of_operation_are_no_gaps),
        cmocka_unit_test(the_mean_of_before_and_after_waits_for_the_end_of_the_gap),
        cmocka_unit_test(a_filled_hour_never_feeds_the_look_back),
        cmocka_unit_test(the_order_of_arrival_and_restarts_leave_no_trace),
        cmocka_unit_test(a_row_that_does_not_fit_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
