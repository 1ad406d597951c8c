/* From topic rules to subscriptions, over changes of the plan and of the connection. */
#include "ingest/filters.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ingest/ingest.h"

static void a_pattern_stands_for_a_subscription(void **state)
{
    (void)state;
    const char *const cases[][2] = {
        { "carbon/v1/{site}/{device}/reading", "carbon/v1/+/+/reading" },
        { "{site}", "+" },
        { "{site}/{device}", "+/+" },
        { "plain/topic", "plain/topic" },
        { "a/+/{device}/#", "a/+/+/#" },
        { "#", "#" },
        { "/leading", "/leading" },
        { "trailing/", "trailing/" },
        { "a//{site}", "a//+" },
        { "", "" },
        { "/", "/" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer b = { 0 };
        ingest_filter(cases[i][0], &b);
        assert_int_equal(b.size, strlen(cases[i][1]));
        if (b.size > 0)
            assert_memory_equal(b.at, cases[i][1], b.size);
        buffer_fini(&b);
    }
}

static struct plan plan_of(struct topic_rule *rules, size_t n)
{
    return (struct plan){ .topics = { rules, n } };
}

/* Everything there is to do, as "+a -b ". */
static void drain(struct filters *f, char out[128])
{
    char *text;
    bool is_end;
    out[0] = '\0';
    while (filters_next(f, &text, &is_end)) {
        strcat(out, is_end ? "-" : "+");
        strcat(strcat(out, text), " ");
        free(text);
    }
}

static void rules_that_share_a_filter_ask_for_it_once(void **state)
{
    (void)state;
    struct topic_rule rules[] = { { .pattern = "a/{site}" }, { .pattern = "a/{device}" },
                                  { .pattern = "b/#" }, { .pattern = "a/+" } };
    struct plan plan = plan_of(rules, 4);
    struct filters f = { 0 };
    char todo[128];

    filters_want(&f, &plan);
    drain(&f, todo);
    assert_string_equal(todo, "+a/+ +b/# ");
    assert_int_equal(filters_wanted(&f), 2);
    drain(&f, todo);
    assert_string_equal(todo, "");
    filters_restart(&f);                         /* a new connection asks for all of it again */
    drain(&f, todo);
    assert_string_equal(todo, "+a/+ +b/# ");
    filters_fini(&f);
}

static void a_new_plan_asks_for_the_difference(void **state)
{
    (void)state;
    struct topic_rule first[] = { { .pattern = "a" }, { .pattern = "b" }, { .pattern = "c" } };
    struct topic_rule second[] = { { .pattern = "b" }, { .pattern = "d" } };
    struct plan plan_1 = plan_of(first, 3), plan_2 = plan_of(second, 2), none = plan_of(NULL, 0);
    struct filters f = { 0 };
    char todo[128];

    filters_want(&f, &plan_1);
    drain(&f, todo);
    filters_want(&f, &plan_2);
    assert_int_equal(filters_wanted(&f), 2);
    drain(&f, todo);
    assert_string_equal(todo, "-a -c +d ");
    filters_restart(&f);
    drain(&f, todo);
    assert_string_equal(todo, "+b +d ");         /* what is ended is forgotten */
    filters_want(&f, &none);
    drain(&f, todo);
    assert_string_equal(todo, "-b -d ");
    assert_int_equal(filters_wanted(&f), 0);
    filters_fini(&f);
}

static void what_was_dropped_while_the_link_was_down_is_ended_when_it_comes_up(void **state)
{
    (void)state;
    struct topic_rule first[] = { { .pattern = "a" }, { .pattern = "b" } };
    struct topic_rule second[] = { { .pattern = "b" } };
    struct plan plan_1 = plan_of(first, 2), plan_2 = plan_of(second, 1);
    struct filters f = { 0 };
    char todo[128];

    filters_want(&f, &plan_1);
    filters_want(&f, &plan_2);
    filters_want(&f, &plan_2);
    filters_restart(&f);
    drain(&f, todo);
    assert_string_equal(todo, "-a +b ");
    filters_fini(&f);
}

static void refusals_are_counted_until_they_are_answered_anew(void **state)
{
    (void)state;
    struct topic_rule rules[] = { { .pattern = "a" }, { .pattern = "b" }, { .pattern = "c" } };
    struct topic_rule fewer[] = { { .pattern = "a" } };
    struct plan plan = plan_of(rules, 3), plan_2 = plan_of(fewer, 1);
    struct filters f = { 0 };

    filters_want(&f, &plan);
    assert_int_equal(filters_refused(&f), 0);
    filters_answer(&f, "a", 1);
    filters_answer(&f, "b", 128);
    filters_answer(&f, "c", 135);
    filters_answer(&f, "gone", 135);
    assert_int_equal(filters_refused(&f), 2);
    filters_answer(&f, "c", 0);
    assert_int_equal(filters_refused(&f), 1);
    filters_want(&f, &plan_2);
    assert_int_equal(filters_refused(&f), 0);    /* nobody wants b any more */
    filters_want(&f, &plan);
    filters_restart(&f);
    assert_int_equal(filters_refused(&f), 0);
    filters_fini(&f);
}

static void what_a_plan_has_no_rule_for_is_left_before_anything_new_is_asked_for(void **state)
{
    struct filters f = { 0 };
    (void)state;
    struct topic_rule had[] = { { .pattern = "a/+/x" }, { .pattern = "b" } };
    struct topic_rule wants[] = { { .pattern = "b" }, { .pattern = "c" } };
    struct plan old = plan_of(had, 2), new = plan_of(wants, 2);
    char *text;
    bool is_end;
    filters_want(&f, &old);
    while (filters_next(&f, &text, &is_end))
        free(text);
    assert_true(filters_leave(&f, &new));
    assert_true(filters_next(&f, &text, &is_end));
    assert_true(is_end);
    assert_string_equal(text, "a/+/x");
    free(text);
    assert_false(filters_next(&f, &text, &is_end));
    assert_false(filters_leave(&f, &new));
    filters_fini(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pattern_stands_for_a_subscription),
        cmocka_unit_test(rules_that_share_a_filter_ask_for_it_once),
        cmocka_unit_test(a_new_plan_asks_for_the_difference),
        cmocka_unit_test(what_was_dropped_while_the_link_was_down_is_ended_when_it_comes_up),
        cmocka_unit_test(what_a_plan_has_no_rule_for_is_left_before_anything_new_is_asked_for),
        cmocka_unit_test(refusals_are_counted_until_they_are_answered_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
