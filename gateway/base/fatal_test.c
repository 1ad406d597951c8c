#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fatal.h"

/* What a child leaves behind: its end, what it wrote, and the mark, in memory that both see. */
struct outcome {
    int status;
    char text[2048];
};

static volatile int *marked;

static void on_mark(void *self, int number)
{
    *(volatile int *)self = number;
}

static struct outcome child(void (*die)(void))
{
    struct outcome o = { 0 };
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    *marked = 0;
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], STDERR_FILENO);
        fatal_watch(on_mark, (void *)(uintptr_t)marked);
        die();
        _exit(0);
    }
    close(ends[1]);
    size_t size = 0;
    ssize_t n;
    while ((n = read(ends[0], o.text + size, sizeof o.text - 1 - size)) > 0)
        size += (size_t)n;
    close(ends[0]);
    assert_int_equal(waitpid(pid, &o.status, 0), pid);
    return o;
}

static void die_by_abort(void)
{
    abort();
}

/* Memory that is there and may not be written: no tool takes the store out of the program. */
static void die_by_store(void)
{
    volatile char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *page = 1;
}

static void die_by_arithmetic(void)
{
    raise(SIGFPE);
}

static void be_killed_from_outside(void)
{
    pid_t parent = getpid();
    if (fork() == 0) {
        kill(parent, SIGSEGV);
        _exit(0);
    }
    for (;;)
        pause();
}

static void *abort_there(void *self)
{
    (void)self;
    abort();
}

static void die_on_another_thread(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, abort_there, NULL);
    pthread_join(thread, NULL);
}

static void die_in_a_file_that_was_cut(void)
{
    char path[] = "/tmp/carbon-fatal-XXXXXX";
    int fd = mkstemp(path);
    if (ftruncate(fd, 8192) != 0)
        _exit(1);
    volatile char *at = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (ftruncate(fd, 4096) != 0)
        _exit(1);
    at[4096] = 1;
}

static void a_defect_on_the_watched_thread_is_marked_and_still_ends_the_process(void **state)
{
    (void)state;
    const struct { void (*die)(void); int number; } rows[] = {
        { die_by_abort, SIGABRT }, { die_by_store, SIGSEGV }, { die_by_arithmetic, SIGFPE },
        { die_in_a_file_that_was_cut, SIGBUS },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct outcome o = child(rows[i].die);
        assert_true(WIFSIGNALED(o.status));
        assert_int_equal(WTERMSIG(o.status), rows[i].number);
        assert_int_equal(*marked, rows[i].number);
    }
}

static void a_signal_from_outside_or_on_another_thread_marks_nothing(void **state)
{
    (void)state;
    struct outcome o = child(be_killed_from_outside);
    assert_int_equal(WTERMSIG(o.status), SIGSEGV);
    assert_int_equal(*marked, 0);
    o = child(die_on_another_thread);
    assert_int_equal(WTERMSIG(o.status), SIGABRT);
    assert_int_equal(*marked, 0);
    assert_non_null(strstr(o.text, "gateway.crashed signal=6"));
}

static void a_bus_error_names_the_file(void **state)
{
    (void)state;
    struct outcome o = child(die_in_a_file_that_was_cut);
    const char *path = strstr(o.text, "gateway.bus file=/tmp/carbon-fatal-");
    assert_non_null(path);
    char name[64];
    assert_int_equal(sscanf(path, "gateway.bus file=%63s", name), 1);
    assert_int_equal(unlink(name), 0);
}

int main(void)
{
    marked = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_defect_on_the_watched_thread_is_marked_and_still_ends_the_process),
        cmocka_unit_test(a_signal_from_outside_or_on_another_thread_marks_nothing),
        cmocka_unit_test(a_bus_error_names_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
