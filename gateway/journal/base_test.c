/* Bases: their bytes, what damage does to them, and disks that are full or lose power. Linked with
 * disk_double.c instead of base/file.c. */
#include "journal/scratch_test.h"

#include <errno.h>

#include "base/hash.h"
#include "journal/base.h"
#include "journal/disk_double.h"

static int disk_make(void **state)
{
    disk_reset();
    return scratch_make(state);
}

static int disk_remove(void **state)
{
    disk_reset();
    return scratch_remove(state);
}

#define DISK_TEST(f) cmocka_unit_test_setup_teardown(f, disk_make, disk_remove)

static const struct base_head example = {
    .version = BASE_VERSION, .logbook_id = 0x1122334455667788, .position = 42, .intake_id = 7,
    .intake_took = 4711, .written_wall_us = 1700000000000000,
};

static int write_rows(const char *directory, const struct base_head *head, unsigned n)
{
    struct base_writer *w = NULL;
    int rc = base_write_begin(directory, head, &w);
    for (unsigned i = 0; rc == 0 && i < n; i++) {
        char key[16], value[16];
        snprintf(key, sizeof key, "key %u", i);
        snprintf(value, sizeof value, "value %u", i);
        rc = base_write_row(w, (uint8_t)(1 + i % 5), slice_of(key), slice_of(value));
        if (rc != 0)
            base_write_abandon(w);
    }
    return rc == 0 ? base_write_end(w) : rc;
}

static void path_of(const struct scratch *s, uint64_t position, char out[PATH_MAX])
{
    base_path(s->path, position, out, PATH_MAX);
}

static size_t load(const char *path, uint8_t *out, size_t room)
{
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    ssize_t n = read(fd, out, room);
    close(fd);
    assert_true(n >= 0);
    return (size_t)n;
}

static void save(const char *path, const uint8_t *bytes, size_t n)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, n), n);
    close(fd);
}

static int outcome_of(const char *path)
{
    struct base_reader *r = NULL;
    struct base_head head;
    int rc = base_open(path, &r, &head);
    if (rc == 0)
        base_close(r);
    else
        assert_null(r);
    return rc;
}

static void rows_come_back_as_they_were_written(void **state)
{
    struct scratch *s = *state;
    char path[PATH_MAX];
    path_of(s, 42, path);
    assert_int_equal(write_rows(s->path, &example, 50000), 0);      /* several buffers full */
    struct base_reader *r = NULL;
    struct base_head head;
    assert_int_equal(base_open(path, &r, &head), 0);
    assert_memory_equal(&head, &example, sizeof head);
    uint8_t kind;
    struct slice key, value;
    for (unsigned i = 0; i < 50000; i++) {
        char want[16];
        assert_int_equal(base_read(r, &kind, &key, &value), 0);
        assert_int_equal(kind, 1 + i % 5);
        snprintf(want, sizeof want, "key %u", i);
        assert_true(slice_equal(key, slice_of(want)));
        snprintf(want, sizeof want, "value %u", i);
        assert_true(slice_equal(value, slice_of(want)));
    }
    assert_int_equal(base_read(r, &kind, &key, &value), BASE_END);
    base_close(r);
}

static void a_row_may_be_larger_than_the_buffer_or_empty(void **state)
{
    struct scratch *s = *state;
    char path[PATH_MAX];
    path_of(s, 42, path);
    size_t size = 3u << 20;
    uint8_t *large = malloc(size);
    assert_non_null(large);
    memset(large, 0x5a, size);
    struct base_writer *w = NULL;
    assert_int_equal(base_write_begin(s->path, &example, &w), 0);
    assert_int_equal(base_write_row(w, BASE_SUMMARY, slice_of("l"), (struct slice){ large, size }), 0);
    assert_int_equal(base_write_row(w, 1, slice_of(""), (struct slice){ 0 }), 0);
    assert_true(base_write_row(w, 0, slice_of("a"), slice_of("b")) < 0);      /* 0 is no kind */
    assert_int_equal(base_write_end(w), 0);

    struct base_reader *r = NULL;
    struct base_head head;
    uint8_t kind;
    struct slice key, value;
    assert_int_equal(base_open(path, &r, &head), 0);
    assert_int_equal(base_read(r, &kind, &key, &value), 0);
    assert_int_equal(kind, BASE_SUMMARY);
    assert_int_equal(value.size, size);
    assert_memory_equal(value.at, large, size);
    assert_int_equal(base_read(r, &kind, &key, &value), 0);
    assert_int_equal(key.size + value.size, 0);
    assert_int_equal(base_read(r, &kind, &key, &value), BASE_END);
    base_close(r);
    free(large);
}

/* Format 1 as it stands on disk. These bytes never change. */
static void bytes_are_those_of_format_1(void **state)
{
    static const uint8_t golden[] = {
        'C', 'G', 'W', 'B', 'A', 'S', 'E', 0, 1, 0, 0, 0, 0, 0, 0, 0,
        0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 42, 0, 0, 0, 0, 0, 0, 0,
        7, 0, 0, 0, 0, 0, 0, 0, 0x67, 0x12, 0, 0, 0, 0, 0, 0,
        0x00, 0x40, 0x1e, 0x18, 0x24, 0x0a, 0x06, 0x00,
        0x03, 0x31, 0xd0, 0x12, 0x67, 0xc5, 0x70, 0x2b,
        1, 5, 0, 0, 0, 7, 0, 0, 0, 'k', 'e', 'y', ' ', '0', 'v', 'a', 'l', 'u', 'e', ' ', '0',
        0, 1, 0, 0, 0, 0, 0, 0, 0, 0xb8, 0xb8, 0x6b, 0xfe, 0xb9, 0xc1, 0x34, 0xa5,
    };
    struct scratch *s = *state;
    char path[PATH_MAX];
    uint8_t found[256];
    path_of(s, 42, path);
    assert_non_null(strstr(path, "/00000000000000000042.base"));
    assert_int_equal(write_rows(s->path, &example, 1), 0);
    assert_int_equal(load(path, found, sizeof found), sizeof golden);
    assert_memory_equal(found, golden, sizeof golden);
}

static void every_truncation_is_damage(void **state)
{
    struct scratch *s = *state;
    char path[PATH_MAX];
    uint8_t bytes[1024];
    path_of(s, 42, path);
    assert_int_equal(write_rows(s->path, &example, 7), 0);
    size_t size = load(path, bytes, sizeof bytes);
    for (size_t n = 0; n < size; n++) {
        save(path, bytes, n);
        disk_reset();                                  /* or each file would be remembered */
        assert_int_equal(outcome_of(path), BASE_DAMAGED);
    }
    bytes[size] = 0;
    save(path, bytes, size + 1);
    disk_reset();
    assert_int_equal(outcome_of(path), BASE_DAMAGED);
    save(path, bytes, size);
    disk_reset();
    assert_int_equal(outcome_of(path), 0);
}

static void every_flipped_bit_is_damage(void **state)
{
    struct scratch *s = *state;
    char path[PATH_MAX];
    uint8_t bytes[1024];
    struct base_head head;
    path_of(s, 42, path);
    assert_int_equal(write_rows(s->path, &example, 3), 0);
    size_t size = load(path, bytes, sizeof bytes);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        save(path, bytes, size);
        disk_reset();
        assert_int_equal(outcome_of(path), BASE_DAMAGED);
        assert_int_equal(base_peek(path, &head), bit < 64 * 8 ? BASE_DAMAGED : 0);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void newer_version_is_told_by_its_number(void **state)
{
    struct scratch *s = *state;
    char path[PATH_MAX];
    uint8_t bytes[1024];
    path_of(s, 42, path);
    assert_int_equal(write_rows(s->path, &example, 3), 0);
    size_t size = load(path, bytes, sizeof bytes);
    bytes[8] = 9;
    uint64_t sum = hash_bytes((struct slice){ bytes, 56 }, 0);
    for (int i = 0; i < 8; i++)
        bytes[56 + i] = (uint8_t)(sum >> 8 * i);
    save(path, bytes, size);
    struct base_reader *r = NULL;
    struct base_head head;
    assert_int_equal(base_open(path, &r, &head), BASE_NEWER);
    assert_int_equal(head.version, 9);
    assert_null(r);
}

static void only_whole_names_are_listed_in_order(void **state)
{
    static const char *const others[] = { "00000000000000000007.base.new", "7.base", "lock",
                                          "000000000001.segment", "00000000000000000009.base.damaged",
                                          "99999999999999999999.base" };
    struct scratch *s = *state;
    char path[PATH_MAX];
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        snprintf(path, sizeof path, "%s/%s", s->path, others[i]);
        save(path, (const uint8_t *)"", 0);
    }
    static const uint64_t positions[] = { 100, 9, UINT64_MAX };
    for (size_t i = 0; i < 3; i++) {
        struct base_head head = example;
        head.position = positions[i];
        assert_int_equal(write_rows(s->path, &head, 1), 0);
    }
    struct base_list list = { 0 };
    assert_int_equal(base_list_read(s->path, &list), 0);
    assert_int_equal(list.n, 3);
    assert_int_equal(list.at[0], 9);
    assert_int_equal(list.at[1], 100);
    assert_true(list.at[2] == UINT64_MAX);
    free(list.at);
}

static void abandoned_base_leaves_nothing(void **state)
{
    struct scratch *s = *state;
    struct base_writer *w = NULL;
    assert_int_equal(base_write_begin(s->path, &example, &w), 0);
    assert_int_equal(base_write_row(w, 1, slice_of("a"), slice_of("b")), 0);
    base_write_abandon(w);
    base_write_abandon(NULL);
    assert_int_equal(rmdir(s->path), 0);               /* it is empty */
    assert_int_equal(mkdir(s->path, 0700), 0);
}

static void full_disk_leaves_the_older_base_alone(void **state)
{
    struct scratch *s = *state;
    char path[PATH_MAX], temporary[PATH_MAX + 8];
    struct base_head newer = example;
    newer.position = 43;
    assert_int_equal(write_rows(s->path, &example, 3), 0);
    path_of(s, 43, path);
    snprintf(temporary, sizeof temporary, "%s.new", path);
    for (long long room = 0; room < 144; room += 13) {
        disk_room(room);
        assert_int_equal(write_rows(s->path, &newer, 3), -ENOSPC);
        assert_int_equal(access(path, F_OK), -1);
        assert_int_equal(access(temporary, F_OK), -1);
    }
    disk_room(-1);
    path_of(s, 42, path);
    assert_int_equal(outcome_of(path), 0);
    assert_int_equal(write_rows(s->path, &newer, 3), 0);
}

/* Whatever step the power fails at: the base is whole or not there, and the one before stays. */
static void power_cut_at_any_step_leaves_a_whole_base_or_none(void **state)
{
    struct scratch *s = *state;
    char older[PATH_MAX], path[PATH_MAX];
    struct base_head newer = example;
    newer.position = 43;
    path_of(s, 42, older);
    path_of(s, 43, path);
    assert_int_equal(write_rows(s->path, &example, 100), 0);
    unsigned wholes = 0;
    for (int steps = 0; steps < 12; steps++)
        for (uint32_t seed = 1; seed <= 8; seed++) {
            disk_stop_after(steps);
            int rc = write_rows(s->path, &newer, 40000);
            disk_cut_power(seed, seed % 9);
            int outcome = access(path, F_OK) == 0 ? outcome_of(path) : -ENOENT;
            assert_true(outcome == 0 || outcome == -ENOENT);
            assert_int_equal(outcome == 0, rc == 0);
            assert_int_equal(outcome_of(older), 0);
            wholes += outcome == 0;
            unlink(path);
            disk_reset();
        }
    assert_true(wholes > 0 && wholes < 12 * 8);
}

static void failed_sync_names_no_base(void **state)
{
    struct scratch *s = *state;
    char path[PATH_MAX];
    path_of(s, 42, path);
    disk_fail_sync(1);
    assert_int_equal(write_rows(s->path, &example, 3), -EIO);
    assert_int_equal(access(path, F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DISK_TEST(rows_come_back_as_they_were_written),
        DISK_TEST(a_row_may_be_larger_than_the_buffer_or_empty),
        DISK_TEST(bytes_are_those_of_format_1),
        DISK_TEST(every_truncation_is_damage),
        DISK_TEST(every_flipped_bit_is_damage),
        DISK_TEST(newer_version_is_told_by_its_number),
        DISK_TEST(only_whole_names_are_listed_in_order),
        DISK_TEST(abandoned_base_leaves_nothing),
        DISK_TEST(full_disk_leaves_the_older_base_alone),
        DISK_TEST(power_cut_at_any_step_leaves_a_whole_base_or_none),
        DISK_TEST(failed_sync_names_no_base),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
