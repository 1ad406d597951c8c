#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/crash.h"

/* A child passes journal.appended three times and other points between. Its exit status is how often
 * it got through, unless it was killed. */
static int end_of_child(const char *crash_at)
{
    pid_t child = fork();
    if (child == 0) {
        setenv("CARBON_CRASH_AT", crash_at, 1);
        for (int i = 0; i < 3; i++) {
            crash_point("journal.append");
            crash_point("journal.appended");
            crash_point("journal.appended.twice");
        }
        _exit(3);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

#ifdef CARBON_TEST_BUILD

static void the_named_pass_kills(void **state)
{
    (void)state;
    assert_int_equal(end_of_child("journal.appended:3"), -SIGKILL);
    assert_int_equal(end_of_child("journal.appended:1"), -SIGKILL);
    assert_int_equal(end_of_child("journal.appended"), -SIGKILL);
}

static void any_other_point_or_pass_goes_through(void **state)
{
    (void)state;
    assert_int_equal(end_of_child("journal.appended:4"), 3);
    assert_int_equal(end_of_child("journal.appende:1"), 3);
    assert_int_equal(end_of_child(""), 3);
}

/* The environment is read once in a process. */
static bool is_mistake(const char *crash_at)
{
    pid_t child = fork();
    if (child == 0) {
        setenv("CARBON_CRASH_AT", crash_at, 1);
        _exit(crash_mistake() ? 1 : 0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WEXITSTATUS(status) == 1;
}

static void a_name_that_is_no_crash_point_is_told(void **state)
{
    (void)state;
    assert_true(is_mistake("journal.apended:1"));
    assert_true(is_mistake("journal.appended:0"));
    assert_true(is_mistake("journal.appended:many"));
    assert_false(is_mistake("journal.appended:2"));
    assert_false(is_mistake("journal.appended"));
    assert_false(is_mistake(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_that_is_no_crash_point_is_told),
        cmocka_unit_test(the_named_pass_kills),
        cmocka_unit_test(any_other_point_or_pass_goes_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

static void in_a_plain_build_a_crash_point_is_nothing(void **state)
{
    (void)state;
    assert_int_equal(end_of_child("journal.appended:1"), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_a_plain_build_a_crash_point_is_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
