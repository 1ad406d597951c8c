/* Requests and answers: whole or not there, one for the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "vault/request.h"

struct post {
    char state[64];
    struct arena arena;
    struct problems problems;
    char seen[256];
};

static int open_post(void **state)
{
    static struct post p;
    memset(&p, 0, sizeof p);
    snprintf(p.state, sizeof p.state, "/tmp/carbon-request-XXXXXX");
    arena_init(&p.arena, 0);
    problems_init(&p.problems, "request", &p.arena);
    *state = &p;
    return mkdtemp(p.state) ? 0 : -1;
}

static void remove_one(void *self, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/requests/%s", (const char *)self, name);
    unlink(path);
}

static int close_post(void **state)
{
    struct post *p = *state;
    char path[128];
    snprintf(path, sizeof path, "%s/requests", p->state);
    file_list(path, remove_one, p->state);
    rmdir(path);
    rmdir(p->state);
    problems_fini(&p->problems);
    arena_fini(&p->arena);
    return 0;
}

static void note(void *self, const char *id)
{
    struct post *p = self;
    strncat(p->seen, id, sizeof p->seen - strlen(p->seen) - 1);
    strncat(p->seen, " ", sizeof p->seen - strlen(p->seen) - 1);
}

static void write_one(struct post *p, const char *id)
{
    struct request r = { .id = id, .verb = "lock", .who = "kim", .why = "audit: \"done\"",
                         .body = { .yaml = slice_of("site: plant\n") } };
    assert_int_equal(request_write(p->state, &r), 0);
}

static void a_request_comes_back_as_it_was_written(void **state)
{
    struct post *p = *state;
    struct request r;
    write_one(p, "a1");
    assert_int_equal(request_read(p->state, "a1", &p->arena, &p->problems, &r), 0);
    assert_string_equal(r.verb, "lock");
    assert_string_equal(r.who, "kim");
    assert_string_equal(r.why, "audit: \"done\"");
    assert_memory_equal(r.body.yaml.at, "site:", 5);
}

static void requests_are_listed_in_order_and_answered_once(void **state)
{
    struct post *p = *state;
    struct request_answer answer;
    assert_int_equal(request_list(p->state, note, p), 0);
    assert_string_equal(p->seen, "");
    write_one(p, "b2");
    write_one(p, "a1");
    assert_int_equal(request_list(p->state, note, p), 0);
    assert_string_equal(p->seen, "a1 b2 ");
    assert_int_equal(request_take_answer(p->state, "a1", &p->arena, &answer), REQUEST_WAITS);
    assert_int_equal(request_answer(p->state, "a1", &(struct request_answer){ 4711, false, "it is so" }), 0);
    assert_int_equal(request_take_answer(p->state, "a1", &p->arena, &answer), 0);
    assert_int_equal(answer.order, 4711);
    assert_false(answer.is_refused);
    assert_string_equal(answer.text, "it is so");
    assert_int_equal(request_take_answer(p->state, "a1", &p->arena, &answer), REQUEST_WAITS);
    p->seen[0] = '\0';
    assert_int_equal(request_list(p->state, note, p), 0);
    assert_string_equal(p->seen, "b2 ");
}

static void a_damaged_request_is_told(void **state)
{
    struct post *p = *state;
    struct request r;
    char path[128];
    write_one(p, "a1");
    snprintf(path, sizeof path, "%s/requests/a1.order", p->state);
    assert_int_equal(file_replace(path, slice_of("verb: lock\nwho: ''\n")), 0);
    assert_int_equal(request_read(p->state, "a1", &p->arena, &p->problems, &r), OPTION_WRONG);
    assert_true(p->problems.n > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_request_comes_back_as_it_was_written, open_post, close_post),
        cmocka_unit_test_setup_teardown(requests_are_listed_in_order_and_answered_once, open_post, close_post),
        cmocka_unit_test_setup_teardown(a_damaged_request_is_told, open_post, close_post),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
