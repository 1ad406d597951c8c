/* The archive: what it gives back, what it does not lose, and what it gives up when. Linked with
 * disk_double.c instead of base/file.c. */
#include "journal/scratch_test.h"

#include <errno.h>

#include "journal/archive.h"
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

#define NAME "000000000001.segment"

static const struct archive_note note = { .journal_id = 7, .first = 1, .last = 20, .written_wall_us = 99 };

/* Something that does not compress to nothing, of three pieces and a bit. */
static void make_original(const struct scratch *s, const char *name, size_t size, uint32_t seed)
{
    char path[PATH_MAX];
    uint8_t *bytes = malloc(size);
    assert_non_null(bytes);
    for (size_t i = 0; i < size; i++) {
        seed = seed * 1664525u + 1013904223u;
        bytes[i] = i % 3 == 0 ? (uint8_t)(seed >> 24) : 'x';
    }
    snprintf(path, sizeof path, "%s/%s", s->path, name);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    close(fd);
    free(bytes);
}

static void archived_path(const struct scratch *s, const char *name, char out[PATH_MAX])
{
    snprintf(out, PATH_MAX, "%s/archive/%s.zst", s->path, name);
}

static bool is_there(const struct scratch *s, const char *name)
{
    char path[PATH_MAX];
    archived_path(s, name, path);
    return access(path, F_OK) == 0;
}

static int keep(const struct scratch *s, const char *name)
{
    return archive_keep(s->path, name, &note, NULL);
}

static void assert_gives_back(const struct scratch *s, const char *name)
{
    char path[PATH_MAX];
    struct file_map original, archived;
    snprintf(path, sizeof path, "%s/%s", s->path, name);
    assert_int_equal(file_map(path, false, &original), 0);
    assert_int_equal(archive_open(s->path, name, &archived), 0);
    assert_int_equal(archived.size, original.size);
    assert_memory_equal(archived.at, original.at, original.size);
    file_unmap(&archived);
    file_unmap(&original);
}

static void what_was_kept_comes_back_and_its_note_is_told(void **state)
{
    struct scratch *s = *state;
    struct archive_note found;
    struct file_map m;
    make_original(s, NAME, 3500000, 1);
    assert_int_equal(archive_open(s->path, NAME, &m), ARCHIVE_ABSENT);
    assert_int_equal(archive_peek(s->path, NAME, &found), ARCHIVE_ABSENT);
    assert_int_equal(keep(s, NAME), 0);
    assert_gives_back(s, NAME);
    assert_int_equal(archive_peek(s->path, NAME, &found), 0);
    assert_int_equal(found.version, ARCHIVE_VERSION);
    assert_int_equal(found.bytes, 3500000);
    assert_int_equal(found.journal_id, 7);
    assert_int_equal(found.first, 1);
    assert_int_equal(found.last, 20);
    assert_int_equal(found.written_wall_us, 99);

    struct archive_figures f;
    assert_int_equal(archive_figures(s->path, &f), 0);
    assert_int_equal(f.files, 1);
    assert_true(f.bytes > 500000 && f.bytes < 3000000);
}

static void keeping_twice_writes_once(void **state)
{
    struct scratch *s = *state;
    make_original(s, NAME, 100000, 1);
    assert_int_equal(keep(s, NAME), 0);
    size_t syncs = disk_syncs();
    assert_int_equal(keep(s, NAME), 0);
    assert_int_equal(disk_syncs(), syncs);
}

/* A name that means something else already: nothing is overwritten. */
static void another_original_sets_the_first_aside(void **state)
{
    struct scratch *s = *state;
    char path[PATH_MAX];
    make_original(s, NAME, 100000, 1);
    assert_int_equal(keep(s, NAME), 0);
    make_original(s, NAME, 100000, 2);
    disk_reset();
    assert_int_equal(keep(s, NAME), 0);
    assert_gives_back(s, NAME);
    archived_path(s, NAME, path);
    strcat(path, ".damaged");
    assert_int_equal(access(path, F_OK), 0);
}

static void hurt(const struct scratch *s, size_t at, size_t cut_to)
{
    char path[PATH_MAX];
    uint8_t byte;
    archived_path(s, NAME, path);
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    if (cut_to > 0) {
        assert_int_equal(ftruncate(fd, (off_t)cut_to), 0);
    } else {
        assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
        byte ^= 0x10;
        assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
    }
    close(fd);
    disk_reset();
}

static void damage_is_found_wherever_it_is(void **state)
{
    struct scratch *s = *state;
    struct archive_figures f;
    struct file_map m;
    struct archive_note found;
    unsigned harmless = 0;
    make_original(s, NAME, 5000, 1);
    assert_int_equal(keep(s, NAME), 0);
    assert_int_equal(archive_figures(s->path, &f), 0);
    for (size_t at = 8; at < f.bytes; at += at < 100 ? 1 : 61) {
        hurt(s, at, 0);
        if (archive_peek(s->path, NAME, &found) == 0 && archive_open(s->path, NAME, &m) == 0) {
            assert_gives_back(s, NAME);                /* zstd has bits that nobody looks at */
            file_unmap(&m);
            harmless++;
        }
        hurt(s, at, 0);                                /* flips it back */
    }
    assert_true(harmless < 5);
    assert_int_equal(archive_open(s->path, NAME, &m), 0);
    file_unmap(&m);
    for (size_t n = f.bytes - 1; n > 1; n = n * 3 / 4) {
        hurt(s, 0, n);
        assert_int_equal(archive_open(s->path, NAME, &m), ARCHIVE_DAMAGED);
    }
}

static void full_disk_leaves_the_original_and_nothing_else(void **state)
{
    struct scratch *s = *state;
    make_original(s, NAME, 500000, 1);
    for (long long room = 0; room < 150000; room += 20000) {
        disk_room(room);
        assert_int_equal(keep(s, NAME), ARCHIVE_FULL);
        assert_false(is_there(s, NAME));
    }
    disk_room(-1);
    assert_int_equal(keep(s, NAME), 0);
    assert_gives_back(s, NAME);
}

static void power_cut_at_any_step_leaves_a_whole_file_or_none(void **state)
{
    struct scratch *s = *state;
    make_original(s, NAME, 3500000, 1);
    bool was_whole = false;
    for (int steps = 0; !was_whole && steps < 30; steps++) {
        disk_stop_after(steps);
        int rc = keep(s, NAME);
        disk_cut_power((uint32_t)steps, 4);
        was_whole = is_there(s, NAME);
        assert_int_equal(rc == 0, was_whole);
        if (was_whole)
            assert_gives_back(s, NAME);
        disk_reset();
    }
    assert_true(was_whole);
}

static void keeping_stops_when_asked(void **state)
{
    struct scratch *s = *state;
    atomic_bool must_stop = true;
    make_original(s, NAME, 500000, 1);
    assert_int_equal(archive_keep(s->path, NAME, &note, &must_stop), ARCHIVE_STOPPED);
    assert_false(is_there(s, NAME));
    must_stop = false;
    assert_int_equal(archive_keep(s->path, NAME, &note, &must_stop), 0);
}

/* Segments 1 to 4 with ten frames each, last written at 100, 200, …; bases at 5, 10 and 20. */
static void fill(const struct scratch *s)
{
    static const uint64_t bases[] = { 5, 10, 20 };
    char name[64];
    for (unsigned i = 1; i <= 4; i++) {
        struct archive_note n = { .first = 10 * i - 9, .last = 10 * i, .written_wall_us = 100 * i };
        snprintf(name, sizeof name, "%012u.segment", i);
        make_original(s, name, 10000, i);
        assert_int_equal(archive_keep(s->path, name, &n, NULL), 0);
    }
    for (unsigned i = 0; i < 3; i++) {
        struct archive_note n = { .first = bases[i], .last = bases[i], .written_wall_us = 1 };
        snprintf(name, sizeof name, "%020u.base", (unsigned)bases[i]);
        make_original(s, name, 10000, i);
        assert_int_equal(archive_keep(s->path, name, &n, NULL), 0);
    }
}

static unsigned segments_left(const struct scratch *s)
{
    unsigned mask = 0;
    for (unsigned i = 1; i <= 4; i++) {
        char name[64];
        snprintf(name, sizeof name, "%012u.segment", i);
        mask |= (unsigned)is_there(s, name) << i;
    }
    return mask;
}

static void oldest_go_first_and_bases_with_the_segments_that_need_them(void **state)
{
    struct scratch *s = *state;
    struct archive_figures f;
    fill(s);
    assert_int_equal(archive_figures(s->path, &f), 0);
    assert_int_equal(archive_bound(s->path, 200, 100, INT64_MAX), 0);   /* 100 is not older than 100 */
    assert_int_equal(segments_left(s), 0x1e);
    assert_int_equal(archive_bound(s->path, 201, 100, INT64_MAX), 0);
    assert_int_equal(segments_left(s), 0x1c);
    assert_false(is_there(s, "00000000000000000005.base"));
    assert_true(is_there(s, "00000000000000000010.base"));              /* begins with frame 11 */
    assert_int_equal(archive_bound(s->path, 0, 100, (int64_t)(f.bytes / 7 * 4)), 0);
    assert_int_equal(segments_left(s), 0x18);
    assert_false(is_there(s, "00000000000000000010.base"));
    assert_true(is_there(s, "00000000000000000020.base"));
    assert_int_equal(archive_bound(s->path, 0, 100, 0), 0);
    assert_int_equal(archive_figures(s->path, &f), 0);
    assert_int_equal(f.files, 0);
}

static void no_archive_is_an_empty_one(void **state)
{
    struct scratch *s = *state;
    struct archive_figures f;
    assert_int_equal(archive_bound(s->path, 0, 0, 0), 0);
    assert_int_equal(archive_figures(s->path, &f), 0);
    assert_int_equal(f.files, 0);
}

/* Reading through it. */

static int to_archive(void *self, const struct journal_leaving *l)
{
    struct scratch *s = self;
    struct archive_note n = { .journal_id = 1, .first = l->first, .last = l->last,
                              .written_wall_us = l->written_wall_us };
    return archive_keep(s->path, l->name, &n, NULL);
}

/* Five segments, of which all but the last are in the archive. */
static struct journal *make_archived(struct scratch *s)
{
    struct journal *j = scratch_open(s);
    uint64_t last = append_many(j, 1, 4 * BULK_PER_SEGMENT + 3, BULK);
    assert_int_equal(journal_sync(j, last), 0);
    const struct journal_trimming t = { .committed = last, .now_wall_us = INT64_MAX,
                                        .on_leaving = to_archive, .self = s };
    assert_int_equal(journal_trim(j, &t), 0);
    for (uint64_t n = 1; n <= 4; n++)
        assert_false(scratch_has(s, n, false));
    return j;
}

static void reader_finds_archived_segments_by_itself(void **state)
{
    struct scratch *s = *state;
    struct journal *j = make_archived(s);
    struct journal_reader *r = scratch_reader(s, 0);
    assert_int_equal(journal_reader_first(r), 1);
    assert_reads(r, 1, 4 * BULK_PER_SEGMENT + 3, BULK);
    journal_reader_close(r);
    for (uint64_t after = 1; after < 40; after += 5) {
        struct frame f;
        r = scratch_reader(s, after);
        assert_int_equal(journal_read(r, UINT64_MAX, &f), 0);
        assert_true(f.sequence == after + 1 || f.sequence == after + 2);   /* one is a clock's */
        journal_reader_close(r);
    }
    journal_close(j);
}

static void reader_that_is_slow_follows_what_moves_into_the_archive(void **state)
{
    struct scratch *s = *state;
    struct journal *j = scratch_open(s);
    uint64_t last = append_many(j, 1, 1, BULK);
    struct journal_reader *r = scratch_reader(s, 0);
    struct frame f;
    assert_int_equal(journal_read(r, UINT64_MAX, &f), 0);
    last = append_many(j, 2, 3 * BULK_PER_SEGMENT + 2, BULK);
    assert_int_equal(journal_sync(j, last), 0);
    const struct journal_trimming t = { .committed = last, .now_wall_us = INT64_MAX,
                                        .on_leaving = to_archive, .self = s };
    assert_int_equal(journal_trim(j, &t), 0);
    assert_reads(r, 2, 3 * BULK_PER_SEGMENT + 2, BULK);
    journal_reader_close(r);
    journal_close(j);
}

static void damaged_archive_is_told_and_passed_over(void **state)
{
    struct scratch *s = *state;
    struct journal *j = make_archived(s);
    struct frame f;
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/archive/000000000002.segment.zst", s->path);
    assert_int_equal(truncate(path, 1000), 0);
    disk_reset();
    struct journal_reader *r = scratch_reader(s, 0);
    for (uint64_t n = 1; n <= BULK_PER_SEGMENT; n++) {
        assert_int_equal(journal_read(r, UINT64_MAX, &f), 0);
        assert_message(&f, n, BULK);
    }
    assert_reads(r, 2 * BULK_PER_SEGMENT + 1, 4 * BULK_PER_SEGMENT + 3, BULK);
    journal_reader_close(r);
    journal_close(j);
}

static void what_cannot_be_archived_stays(void **state)
{
    struct scratch *s = *state;
    struct journal *j = scratch_open(s);
    uint64_t last = append_many(j, 1, 2 * BULK_PER_SEGMENT + 3, BULK);
    assert_int_equal(journal_sync(j, last), 0);
    const struct journal_trimming t = { .committed = last, .now_wall_us = INT64_MAX,
                                        .on_leaving = to_archive, .self = s };
    disk_room(50);
    assert_int_equal(journal_trim(j, &t), ARCHIVE_FULL);
    assert_true(scratch_has(s, 1, false));
    disk_room(-1);
    assert_int_equal(journal_trim(j, &t), 0);
    assert_false(scratch_has(s, 1, false));
    journal_close(j);
}

static void ordinals_go_on_behind_the_archive(void **state)
{
    struct scratch *s = *state;
    journal_close(make_archived(s));
    char path[PATH_MAX];
    segment_path(s->path, 5, path, sizeof path);
    unlink(path);
    segment_path(s->path, 6, path, sizeof path);
    unlink(path);
    disk_reset();
    journal_close(scratch_open(s));
    assert_false(scratch_has(s, 1, false));
    assert_true(scratch_has(s, 5, false));
}

static void rolled_bytes_are_those_of_the_full_segments_in_between(void **state)
{
    struct scratch *s = *state;
    struct journal *j = scratch_open(s);
    uint64_t last = append_many(j, 1, 3 * BULK_PER_SEGMENT + 3, BULK);
    uint64_t one = (SCRATCH_SEGMENT + 4095) / 4096 * 4096;
    assert_int_equal(journal_rolled_bytes(j, 0, last), 3 * one);
    assert_int_equal(journal_rolled_bytes(j, 0, BULK_PER_SEGMENT), 0);          /* a clock came first */
    assert_int_equal(journal_rolled_bytes(j, 0, BULK_PER_SEGMENT + 1), one);
    assert_int_equal(journal_rolled_bytes(j, BULK_PER_SEGMENT + 1, last), 2 * one);
    assert_int_equal(journal_rolled_bytes(j, last, last), 0);
    assert_int_equal(journal_first(j), 1);
    journal_close(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DISK_TEST(what_was_kept_comes_back_and_its_note_is_told),
        DISK_TEST(keeping_twice_writes_once),
        DISK_TEST(another_original_sets_the_first_aside),
        DISK_TEST(damage_is_found_wherever_it_is),
        DISK_TEST(full_disk_leaves_the_original_and_nothing_else),
        DISK_TEST(power_cut_at_any_step_leaves_a_whole_file_or_none),
        DISK_TEST(keeping_stops_when_asked),
        DISK_TEST(oldest_go_first_and_bases_with_the_segments_that_need_them),
        DISK_TEST(no_archive_is_an_empty_one),
        DISK_TEST(reader_finds_archived_segments_by_itself),
        DISK_TEST(reader_that_is_slow_follows_what_moves_into_the_archive),
        DISK_TEST(damaged_archive_is_told_and_passed_over),
        DISK_TEST(what_cannot_be_archived_stays),
        DISK_TEST(ordinals_go_on_behind_the_archive),
        DISK_TEST(rolled_bytes_are_those_of_the_full_segments_in_between),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
