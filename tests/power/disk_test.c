/* The disk that forgets, by itself: what was synced lasts, what was not may last or not, and over the
 * seeds every combination comes that a disk may leave. Then one case that is about two accidents, a kill
 * and a cut behind it, at each operation in turn: lives meet it too seldom. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/file.h"
#include "disk.h"
#include "journal/archive.h"

#define SEEDS 400u
#define SECTOR 512u

static int make(const char *path, const char *text)
{
    int fd = disk_open(path, O_RDWR | O_CREAT);
    assert_true(fd >= DISK_FD);
    assert_int_equal(disk_write(fd, text, strlen(text), 0), strlen(text));
    return fd;
}

static bool is_there(const char *path)
{
    struct disk_stat found;
    return disk_stat(path, &found) == 0;
}

static void lose_power(void)
{
    disk_cut();
    disk_restart();
}

static void what_is_synced_with_its_name_lasts(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        char back[3] = "";
        disk_reset(seed);
        assert_int_equal(disk_sync(make("/disk/a", "abc")), 0);
        assert_int_equal(disk_sync_directory("/disk"), 0);
        make("/disk/b", "later");
        lose_power();
        int fd = disk_open("/disk/a", O_RDONLY);
        assert_true(fd >= DISK_FD);
        assert_int_equal(disk_read(fd, back, sizeof back, 0), 3);
        assert_memory_equal(back, "abc", 3);
    }
}

static void of_two_sectors_and_two_names_every_combination_is_left(void **state)
{
    (void)state;
    unsigned sectors = 0, names = 0;
    char both[2 * SECTOR + 1], back[2 * SECTOR];
    memset(both, 'x', sizeof both);
    both[2 * SECTOR] = '\0';
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        memset(back, 0, sizeof back);
        disk_reset(seed);
        int fd = disk_open("/disk/a", O_RDWR | O_CREAT);
        disk_truncate(fd, 2 * SECTOR);
        disk_sync(fd);
        disk_sync_directory("/disk");
        disk_write(fd, both, 2 * SECTOR, 0);
        make("/disk/b", "");
        make("/disk/c", "");
        lose_power();
        disk_read(disk_open("/disk/a", O_RDONLY), back, sizeof back, 0);
        sectors |= 1u << ((back[0] == 'x') + 2 * (back[SECTOR] == 'x'));
        names |= 1u << (is_there("/disk/b") + 2 * is_there("/disk/c"));
    }
    assert_int_equal(sectors, 15);
    assert_int_equal(names, 15);
}

static void a_rename_leaves_one_of_both_names(void **state)
{
    (void)state;
    unsigned seen = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        disk_reset(seed);
        disk_sync(make("/disk/a", "abc"));
        disk_sync_directory("/disk");
        assert_int_equal(disk_rename("/disk/a", "/disk/b"), 0);
        lose_power();
        assert_int_not_equal(is_there("/disk/a"), is_there("/disk/b"));
        seen |= is_there("/disk/a") ? 1 : 2;
    }
    assert_int_equal(seen, 3);
}

static void what_was_removed_may_be_there_again_until_its_directory_is_synced(void **state)
{
    (void)state;
    unsigned seen = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        bool is_synced = seed % 2 == 0;
        disk_reset(seed);
        disk_sync(make("/disk/a", "abc"));
        disk_sync_directory("/disk");
        disk_remove("/disk/a");
        if (is_synced)
            disk_sync_directory("/disk");
        lose_power();
        assert_false(is_synced && is_there("/disk/a"));
        seen |= is_synced ? 0 : is_there("/disk/a") ? 1 : 2;
    }
    assert_int_equal(seen, 3);
}

static void a_kill_forgets_nothing_and_a_sync_that_is_left_out_makes_nothing_last(void **state)
{
    (void)state;
    unsigned lost = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        disk_reset(seed);
        disk_leave_out("data of a");
        disk_sync(make("/disk/a", "abc"));
        disk_sync_directory("/disk");
        disk_kill();
        disk_restart();
        struct disk_stat found;
        assert_int_equal(disk_stat("/disk/a", &found), 0);
        assert_int_equal(found.size, 3);
        lose_power();
        assert_int_equal(disk_stat("/disk/a", &found), 0);
        lost += found.size == 0;
    }
    disk_leave_out(NULL);
    assert_in_range(lost, SEEDS / 4, SEEDS);
}

/* Killed at operation n while it archives, the next run finds what stands there, goes on and removes the
 * original; the power goes behind it, and one of both is there. False: n was beyond the last one. */
static bool is_kept_through(uint64_t seed, uint64_t n)
{
    struct archive_note note = { .journal_id = 1, .first = 1, .last = 1 };
    struct file_map back = { 0 };
    disk_reset(seed);
    assert_int_equal(disk_make_directory("/disk/j"), 0);
    assert_int_equal(file_replace("/disk/j/a", (struct slice){ (const uint8_t *)"abc", 3 }), 0);
    assert_int_equal(disk_sync_directory("/disk"), 0);
    disk_kill_in(n);
    archive_keep("/disk/j", "a", &note, NULL);
    bool was_killed = !disk_is_on();
    disk_kill();
    disk_restart();
    assert_int_equal(archive_keep("/disk/j", "a", &note, NULL), 0);
    disk_remove("/disk/j/a");
    lose_power();
    if (!is_there("/disk/j/a"))
        assert_int_equal(archive_open("/disk/j", "a", &back), 0);
    file_unmap(&back);
    return was_killed;
}

static void an_original_goes_only_when_its_archived_file_lasts_even_one_that_a_kill_left(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        for (uint64_t n = 1; is_kept_through(seed, n); n++)
            ;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_synced_with_its_name_lasts),
        cmocka_unit_test(of_two_sectors_and_two_names_every_combination_is_left),
        cmocka_unit_test(a_rename_leaves_one_of_both_names),
        cmocka_unit_test(what_was_removed_may_be_there_again_until_its_directory_is_synced),
        cmocka_unit_test(a_kill_forgets_nothing_and_a_sync_that_is_left_out_makes_nothing_last),
        cmocka_unit_test(an_original_goes_only_when_its_archived_file_lasts_even_one_that_a_kill_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
