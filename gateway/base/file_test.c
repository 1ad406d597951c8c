#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"

/* Every test works in a directory of its own, entered, so that names are short; emptied behind it. */
static int enter_directory(void **state)
{
    char *path = strdup("/tmp/carbon-file-XXXXXX");
    *state = path;
    return mkdtemp(path) && chdir(path) == 0 ? 0 : -1;
}

static void remove_any(void *self, const char *name)
{
    (void)self;
    remove(name);
}

static int leave_directory(void **state)
{
    char *path = *state;
    file_list(".", remove_any, NULL);
    int rc = chdir("/") == 0 && rmdir(path) == 0 ? 0 : -1;
    free(path);
    return rc;
}

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

static void check_content(const char *path, const char *expected)
{
    char *text;
    size_t size;
    assert_int_equal(file_read_all(path, 1000, &text, &size), 0);
    assert_string_equal(text, expected);
    assert_int_equal(size, strlen(expected));
    free(text);
}

static void an_allocated_file_is_whole_and_zero(void **state)
{
    (void)state;
    assert_int_equal(file_allocate("segment", 300000), 0);
    struct stat st;
    assert_int_equal(stat("segment", &st), 0);
    assert_int_equal(st.st_size, 300000);
    assert_true(st.st_blocks * 512 >= 300000); /* not sparse: mapped writes cannot fail */
    assert_false(is_there("segment" FILE_TEMPORARY));

    struct file_map m;
    assert_int_equal(file_map("segment", false, &m), 0);
    for (size_t i = 0; i < m.size; i++)
        assert_int_equal(m.at[i], 0);
    file_unmap(&m);
}

static void allocating_never_touches_a_file_that_is_there(void **state)
{
    (void)state;
    assert_int_equal(file_replace("segment", slice_of("precious")), 0);
    assert_int_equal(file_allocate("segment", 100), -EEXIST);
    check_content("segment", "precious");
    assert_int_equal(symlink("nowhere", "link"), 0);
    assert_int_equal(file_allocate("link", 100), -EEXIST);
}

static void what_a_kill_left_behind_is_overwritten(void **state)
{
    (void)state;
    assert_int_equal(file_replace("segment" FILE_TEMPORARY, slice_of("half a segment")), 0);
    assert_int_equal(file_allocate("segment", 4), 0);
    uint64_t size = 0;
    assert_int_equal(file_size("segment", &size), 0);
    assert_int_equal(size, 4);
    char *bytes;
    size_t n;
    assert_int_equal(file_read_all("segment", 4, &bytes, &n), 0);
    assert_memory_equal(bytes, "\0\0\0\0", 4);
    free(bytes);
}

static void what_cannot_be_allocated_leaves_nothing(void **state)
{
    (void)state;
    assert_int_equal(file_allocate("segment", 0), -EINVAL);
    assert_int_equal(file_allocate("segment", SIZE_MAX), -EINVAL);
    assert_int_equal(file_allocate("missing/segment", 10), -ENOENT);
    assert_false(is_there("segment"));
    assert_false(is_there("segment" FILE_TEMPORARY));
}

static void a_full_disk_leaves_the_old_file(void **state)
{
    (void)state;
    assert_int_equal(file_replace("conf", slice_of("old")), 0);
    static uint8_t large[100000];

    /* A limit on the size of files stands for the full disk: the write stops in the middle. */
    struct rlimit before, small;
    getrlimit(RLIMIT_FSIZE, &before);
    small = before;
    small.rlim_cur = 50000;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    int replaced = file_replace("conf", (struct slice){ large, sizeof large });
    int allocated = file_allocate("segment", sizeof large);
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_DFL);

    assert_int_equal(replaced, -EFBIG);
    assert_int_equal(allocated, -EFBIG);
    check_content("conf", "old");
    assert_false(is_there("conf" FILE_TEMPORARY));
    assert_false(is_there("segment"));
    assert_false(is_there("segment" FILE_TEMPORARY));
}

static void what_is_written_to_a_map_is_in_the_file(void **state)
{
    (void)state;
    assert_int_equal(file_allocate("segment", 8192), 0);
    struct file_map m;
    assert_int_equal(file_map("segment", true, &m), 0);
    assert_int_equal(m.size, 8192);
    assert_true(m.is_writable);
    memcpy(m.at + 5000, "frame", 5);
    assert_int_equal(file_sync(&m), 0);
    file_unmap(&m);
    file_unmap(&m);
    assert_null(m.at);

    assert_int_equal(file_map("segment", false, &m), 0);
    assert_memory_equal(m.at + 5000, "frame", 5);
    assert_false(m.is_writable);
    assert_int_equal(file_sync(&m), 0);
    file_unmap(&m);
}

static void maps_of_nothing(void **state)
{
    (void)state;
    struct file_map m = { 0 };
    file_unmap(&m);
    assert_int_equal(file_map("missing", false, &m), -ENOENT);
    assert_true(file_map(".", false, &m) < 0);
    assert_null(m.at);

    assert_int_equal(mkfifo("fifo", 0600), 0);
    assert_int_equal(file_map("fifo", false, &m), -EINVAL); /* and does not hang */

    assert_int_equal(file_replace("empty", (struct slice){ 0 }), 0);
    assert_int_equal(file_map("empty", true, &m), 0);
    assert_int_equal(m.size, 0);
    assert_null(m.at);
    file_unmap(&m);
}

static void replacing_is_all_or_nothing(void **state)
{
    (void)state;
    assert_int_equal(file_replace("conf", slice_of("one")), 0);
    check_content("conf", "one");
    assert_int_equal(file_replace("conf", slice_of("two, longer")), 0);
    check_content("conf", "two, longer");
    assert_int_equal(file_replace("conf", slice_of("3")), 0);
    check_content("conf", "3");
    assert_false(is_there("conf" FILE_TEMPORARY));

    assert_int_equal(file_replace("missing/conf", slice_of("x")), -ENOENT);
    assert_int_equal(mkdir("taken", 0700), 0);
    assert_int_equal(file_replace("taken", slice_of("x")), -EISDIR);
    assert_false(is_there("taken" FILE_TEMPORARY));
}

static void reading_stops_at_its_bound(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 77;
    assert_int_equal(file_replace("f", slice_of("0123456789")), 0);
    assert_int_equal(file_read_all("f", 9, &text, &size), -EFBIG);
    assert_null(text);
    assert_int_equal(size, 77);
    assert_int_equal(file_read_all("f", 10, &text, &size), 0);
    assert_string_equal(text, "0123456789");
    free(text);

    assert_int_equal(file_read_all("missing", 10, &text, &size), -ENOENT);
    assert_int_equal(file_read_all(".", 10, &text, &size), -EISDIR);
    assert_int_equal(file_read_all("/dev/zero", 1000000, &text, &size), -EFBIG);

    /* Files of /proc have the size 0 and yet content. */
    assert_int_equal(file_read_all("/proc/self/stat", 100000, &text, &size), 0);
    assert_true(size > 0);
    free(text);
}

static void an_empty_file_reads_as_an_empty_text(void **state)
{
    (void)state;
    assert_int_equal(file_replace("f", (struct slice){ 0 }), 0);
    check_content("f", "");
}

static void names_are_as_long_as_the_system_allows(void **state)
{
    (void)state;
    char path[PATH_MAX + 10];
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    assert_int_equal(file_replace(path, slice_of("x")), -ENAMETOOLONG);
    assert_int_equal(file_allocate(path, 10), -ENAMETOOLONG);
    assert_int_equal(file_make_directory(path), -ENAMETOOLONG);
}

static void a_directory_may_be_there_already(void **state)
{
    (void)state;
    assert_int_equal(file_make_directory("d"), 0);
    assert_int_equal(file_make_directory("d"), 0);
    assert_int_equal(file_make_directory("d/"), 0);
    assert_int_equal(file_make_directory("missing/d"), -ENOENT);
    assert_int_equal(file_replace("f", slice_of("x")), 0);
    assert_int_equal(file_make_directory("f"), -ENOTDIR);

    char absolute[PATH_MAX];
    snprintf(absolute, sizeof absolute, "%s/e/", (const char *)*state);
    assert_int_equal(file_make_directory(absolute), 0);
    assert_true(is_there("e"));
    assert_int_equal(file_sync_directory("d"), 0);
    assert_int_equal(file_sync_directory("missing"), -ENOENT);
    assert_int_equal(file_sync_directory("f"), -ENOTDIR);
}

static void renaming_and_removing(void **state)
{
    (void)state;
    assert_int_equal(file_replace("a", slice_of("x")), 0);
    assert_int_equal(file_rename("a", "b"), 0);
    assert_false(is_there("a"));
    check_content("b", "x");
    assert_int_equal(file_rename("a", "b"), -ENOENT);
    assert_int_equal(file_remove("b"), 0);
    assert_int_equal(file_remove("b"), 0);
    assert_int_equal(file_make_directory("d"), 0);
    assert_true(file_remove("d") < 0);
    assert_true(is_there("d"));
}

static void sizes_are_told(void **state)
{
    (void)state;
    uint64_t size = 77;
    assert_int_equal(file_size("missing", &size), -ENOENT);
    assert_int_equal(file_free_bytes("missing", &size), -ENOENT);
    assert_int_equal(size, 77);
    assert_int_equal(file_replace("f", slice_of("0123456789")), 0);
    assert_int_equal(file_size("f", &size), 0);
    assert_int_equal(size, 10);
    assert_int_equal(file_free_bytes(".", &size), 0);
    assert_true(size > 10);
}

static void append_name(void *self, const char *name)
{
    strcat(self, name);
    strcat(self, " ");
}

static void names_are_listed_in_byte_order(void **state)
{
    (void)state;
    static const char *const names[] = { "b", "10", "B", "a", ".hidden", "2", "é" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_int_equal(file_replace(names[i], slice_of("x")), 0);
    char list[200] = "";
    assert_int_equal(file_list(".", append_name, list), 0);
    assert_string_equal(list, ".hidden 10 2 B a b é ");
    assert_int_equal(file_list("missing", append_name, list), -ENOENT);
    assert_int_equal(file_list("a", append_name, list), -ENOTDIR);
}

static void a_callback_may_remove_what_is_listed(void **state)
{
    (void)state;
    assert_int_equal(file_replace("a", slice_of("x")), 0);
    assert_int_equal(file_replace("b", slice_of("x")), 0);
    assert_int_equal(file_list(".", remove_any, NULL), 0);
    char list[10] = "";
    assert_int_equal(file_list(".", append_name, list), 0);
    assert_string_equal(list, "");
}

static void a_stream_is_not_there_until_it_ends(void **state)
{
    (void)state;
    struct file_stream f = { 0 };
    uint64_t size;
    file_stream_abandon(&f);
    assert_int_equal(file_replace("a", slice_of("old")), 0);
    assert_int_equal(file_stream_begin("a", &f), 0);
    assert_int_equal(file_stream_put(&f, slice_of("new ")), 0);
    assert_int_equal(file_stream_put(&f, slice_of("text")), 0);
    assert_int_equal(file_size("a", &size), 0);
    assert_int_equal(size, 3);
    assert_int_equal(file_stream_end(&f), 0);
    assert_int_equal(file_size("a", &size), 0);
    assert_int_equal(size, 8);

    assert_int_equal(file_stream_begin("b", &f), 0);
    assert_int_equal(file_stream_put(&f, slice_of("x")), 0);
    file_stream_abandon(&f);
    char list[10] = "";
    assert_int_equal(file_list(".", append_name, list), 0);
    assert_string_equal(list, "a ");
    assert_int_equal(file_stream_begin("missing/a", &f), -ENOENT);
}

static void memory_can_stand_for_a_map(void **state)
{
    (void)state;
    struct file_map m = { 0 };
    assert_int_equal(file_map_memory(5000, &m), 0);
    assert_int_equal(m.size, 5000);
    assert_int_equal(m.at[4999], 0);
    m.at[0] = 1;
    file_unmap(&m);
    assert_null(m.at);
}

static void a_test_says_how_full_the_disk_is(void **state)
{
    (void)state;
    uint64_t room = 0;
    assert_int_equal(file_replace("said", slice_of("5000")), 0);
    setenv("CARBON_FREE_BYTES_FILE", "said", 1);
    assert_int_equal(file_free_bytes(".", &room), 0);
    if (room != 5000)
        skip();                      /* no test build */
    assert_int_equal(file_allocate("large", 5001), -ENOSPC);
    assert_int_equal(file_allocate("small", 5000), 0);
    unsetenv("CARBON_FREE_BYTES_FILE");
    assert_int_equal(file_allocate("large", 5001), 0);
}

static void a_name_that_stands_for_something_else_is_noticed(void **state)
{
    (void)state;
    struct file_identity before, after;
    assert_int_equal(file_make_directory("place"), 0);
    assert_int_equal(file_identify("place", &before), 0);
    assert_int_equal(rename("place", "elsewhere"), 0);
    assert_int_equal(file_identify("place", &after), -ENOENT);
    assert_int_equal(file_make_directory("place"), 0);
    assert_int_equal(file_identify("place", &after), 0);
    assert_true(before.device == after.device && before.inode != after.inode);
}

static void one_process_holds_a_lock(void **state)
{
    (void)state;
    int fd = -1;
    assert_int_equal(file_lock("lock", &fd), 0);

    pid_t child = fork();
    if (child == 0) {
        int other = -1;
        _exit(file_lock("lock", &other) == -EWOULDBLOCK && other == -1 ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);

    close(fd);
    assert_int_equal(file_lock("lock", &fd), 0);
    close(fd);
    assert_int_equal(file_lock("missing/lock", &fd), -ENOENT);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, enter_directory, leave_directory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(an_allocated_file_is_whole_and_zero),
        IN_DIRECTORY(allocating_never_touches_a_file_that_is_there),
        IN_DIRECTORY(what_a_kill_left_behind_is_overwritten),
        IN_DIRECTORY(what_cannot_be_allocated_leaves_nothing),
        IN_DIRECTORY(a_full_disk_leaves_the_old_file),
        IN_DIRECTORY(what_is_written_to_a_map_is_in_the_file),
        IN_DIRECTORY(maps_of_nothing),
        IN_DIRECTORY(replacing_is_all_or_nothing),
        IN_DIRECTORY(reading_stops_at_its_bound),
        IN_DIRECTORY(an_empty_file_reads_as_an_empty_text),
        IN_DIRECTORY(names_are_as_long_as_the_system_allows),
        IN_DIRECTORY(a_directory_may_be_there_already),
        IN_DIRECTORY(renaming_and_removing),
        IN_DIRECTORY(sizes_are_told),
        IN_DIRECTORY(names_are_listed_in_byte_order),
        IN_DIRECTORY(a_callback_may_remove_what_is_listed),
        IN_DIRECTORY(a_stream_is_not_there_until_it_ends),
        IN_DIRECTORY(memory_can_stand_for_a_map),
        IN_DIRECTORY(a_test_says_how_full_the_disk_is),
        IN_DIRECTORY(a_name_that_stands_for_something_else_is_noticed),
        IN_DIRECTORY(one_process_holds_a_lock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
