/* Opening after every kind of accident: what was whole is kept, what is torn is cut, what is damaged is
 * set aside or read around, and no number is used twice. */
#include "journal/scratch_test.h"

#include <signal.h>
#include <sys/wait.h>

/* All messages that a reader finds, in order; how many. */
static size_t read_all(struct scratch *s, uint64_t *out, size_t room)
{
    struct journal_reader *r = scratch_reader(s, 0);
    struct frame f;
    size_t n = 0;
    while (journal_read(r, UINT64_MAX, &f) == 0) {
        assert_true(n < room);
        out[n++] = message_number(&f);
    }
    journal_reader_close(r);
    return n;
}

/* Exactly the messages from..to but without those in [hole_from, hole_to]. */
static void assert_holds(struct scratch *s, uint64_t from, uint64_t to, uint64_t hole_from,
                         uint64_t hole_to)
{
    static uint64_t got[4096];
    size_t n = read_all(s, got, 4096), i = 0;
    for (uint64_t want = from; want <= to; want++) {
        if (want >= hole_from && want <= hole_to)
            continue;
        assert_true(i < n);
        assert_int_equal(got[i++], want);
    }
    assert_int_equal(i, n);
}

static void reopened_journal_goes_on(void **state)
{
    struct scratch *s = *state;
    struct journal_opening o;
    struct journal *j = scratch_open(s);
    uint64_t id = journal_id(j), last = append_many(j, 1, 10, 0);
    journal_close(j);
    for (unsigned turn = 1; turn <= 3; turn++) {
        j = scratch_open_at(s, 0, &o);
        assert_false(o.is_new);
        assert_int_equal(o.last, last);
        assert_int_equal(o.first, 1);
        assert_int_equal(o.torn_bytes + o.missing + o.unreadable, 0);
        assert_int_equal(journal_id(j), id);
        assert_int_equal(journal_end(j), last);
        assert_int_equal(append_one(j, 10 + turn, 0), last + 2);   /* a clock frame before it */
        last = journal_end(j);
        journal_close(j);
    }
    assert_holds(s, 1, 13, 0, 0);
    assert_false(scratch_has(s, 2, false));
}

static void killed_writer_loses_nothing(void **state)
{
    struct scratch *s = *state;
    for (uint64_t turn = 0; turn < 3; turn++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            struct journal *j = scratch_open(s);
            append_many(j, turn * 30 + 1, turn * 30 + 30, BULK);
            journal_prepare(j);
            kill(getpid(), SIGKILL);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        assert_holds(s, 1, turn * 30 + 30, 0, 0);
    }
    struct journal *j = scratch_open(s);
    append_one(j, 91, 0);
    journal_close(j);
    assert_holds(s, 1, 91, 0, 0);
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static void tail_torn_at_any_byte_is_cut(void **state)
{
    struct scratch *s = *state;
    uint32_t seed = 1;
    struct journal *j = scratch_open(s);
    uint64_t last = append_many(j, 1, 5, 0);
    journal_close(j);
    size_t size, at = scratch_find(s, 1, last, &size);
    static uint8_t whole[128], torn[512];
    int fd = scratch_file(s, 1);
    assert_true(size <= sizeof whole);
    assert_int_equal(pread(fd, whole, size, (off_t)at), size);
    close(fd);
    size_t used = 24u + whole[0];                      /* what counts of it; behind that is padding */
    assert_true(used < size);

    for (size_t kept = 0; kept < size; kept++) {
        for (size_t i = 0; i < sizeof torn; i++)
            torn[i] = i < kept ? whole[i] : (uint8_t)next_random(&seed);
        scratch_write(s, 1, at, torn, sizeof torn);
        bool is_whole = memcmp(torn, whole, used) == 0;
        struct journal_opening o;
        j = scratch_open_at(s, 0, &o);
        bool has_last = o.last == last;
        assert_int_equal(has_last, is_whole);
        assert_true(has_last || o.last == last - 1);
        assert_true(o.torn_bytes > 0);
        assert_int_equal(o.missing + o.unreadable, 0);
        append_one(j, has_last ? 6 : 5, 0);
        journal_close(j);
        assert_holds(s, 1, has_last ? 6 : 5, 0, 0);

        memset(torn, 0, sizeof torn);
        scratch_write(s, 1, at, torn, sizeof torn);
    }
}

static void zeroed_tail_is_an_end_like_any_other(void **state)
{
    struct scratch *s = *state;
    struct journal *j = scratch_open(s);
    uint64_t last = append_many(j, 1, 5, 0);
    journal_close(j);
    size_t size, at = scratch_find(s, 1, last, &size);
    static const uint8_t zeros[256];
    scratch_write(s, 1, at, zeros, size);
    struct journal_opening o;
    j = scratch_open_at(s, 0, &o);
    assert_int_equal(o.last, last - 1);
    assert_int_equal(o.torn_bytes, 0);
    journal_close(j);
}

/* The parts of a frame, by an offset into it. */
static void flipped_bit_costs_one_frame_only(void **state)
{
    struct scratch *s = *state;
    static const size_t parts[] = { 0, 1, 3, 4, 7, 8, 15, 16, 23, 24, 25, 26, 27, 28, 40, 60 };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        struct journal *j = scratch_open(s);
        uint64_t last = append_many(j, 1, 20, 0);
        journal_close(j);
        scratch_flip(s, 1, scratch_find(s, 1, 10, NULL) + parts[i], (unsigned)i % 8);   /* message 9 */

        struct journal_opening o;
        j = scratch_open_at(s, 0, &o);
        assert_int_equal(o.last, last);
        assert_int_equal(o.missing, 1);
        assert_int_equal(o.torn_bytes + o.unreadable, 0);
        assert_int_equal(append_one(j, 21, 0), last + 2);
        journal_close(j);
        assert_true(scratch_has(s, 2, false));
        assert_holds(s, 1, 21, 9, 9);

        j = scratch_open_at(s, 0, &o);                /* the damage is behind us now */
        assert_int_equal(o.missing, 0);
        append_one(j, 22, 0);
        journal_close(j);
        assert_holds(s, 1, 22, 9, 9);
        scratch_empty(s->path);
    }
}

static void lost_page_in_the_middle_costs_its_frames_only(void **state)
{
    struct scratch *s = *state;
    struct journal *j = scratch_open(s);
    uint64_t last = append_many(j, 1, 400, 0);
    journal_close(j);
    static const uint8_t zeros[4096];
    scratch_write(s, 1, 3 * 4096, zeros, sizeof zeros);
    struct journal_opening o;
    j = scratch_open_at(s, 0, &o);
    assert_int_equal(o.last, last);
    assert_true(o.missing >= 4096 / 96 && o.missing <= 4096 / 72 + 2);
    append_one(j, 401, 0);
    journal_close(j);
    static uint64_t got[500];
    size_t n = read_all(s, got, 500);
    assert_int_equal(n, 401 - o.missing);
    assert_int_equal(got[n - 1], 401);
}

static void jump_in_numbers_begins_a_segment(void **state)
{
    struct scratch *s = *state;
    struct journal_opening o;
    struct journal *j = scratch_open(s);
    uint64_t last = append_many(j, 1, 5, 0);
    journal_close(j);

    j = scratch_open_at(s, last, &o);                  /* no jump */
    assert_false(scratch_has(s, 2, false));
    journal_close(j);

    j = scratch_open_at(s, 5000, &o);
    assert_int_equal(o.last, last);
    assert_int_equal(journal_end(j), last);
    journal_close(j);                                  /* and nothing was appended */
    struct segment g;
    assert_int_equal(segment_open(s->path, 2, false, &g), 0);
    assert_int_equal(g.previous, last);
    assert_int_equal(g.first, 5001);
    segment_close(&g);

    j = scratch_open_at(s, 4000, &o);                  /* 5000 were given up already */
    assert_int_equal(o.last, last);
    assert_false(scratch_has(s, 3, false));
    journal_close(j);

    j = scratch_open_at(s, 6000, &o);
    assert_int_equal(append_one(j, 6, 0), 6002);
    journal_close(j);
    j = scratch_open_at(s, 6002, &o);
    assert_int_equal(o.last, 6002);
    assert_int_equal(o.first, 1);
    assert_int_equal(append_one(j, 7, 0), 6004);
    journal_close(j);
    assert_holds(s, 1, 7, 0, 0);
}

static void new_journal_can_begin_far_up(void **state)
{
    struct scratch *s = *state;
    struct journal_opening o;
    struct journal *j = scratch_open_at(s, 1000, &o);
    assert_true(o.is_new);
    assert_int_equal(append_one(j, 1, 0), 1002);
    journal_close(j);
    j = scratch_open_at(s, 0, &o);
    assert_int_equal(o.first, 1001);
    assert_int_equal(o.last, 1002);
    journal_close(j);
    assert_holds(s, 1, 1, 0, 0);
}

static uint64_t three_segments(struct scratch *s)
{
    struct journal *j = scratch_open(s);
    uint64_t last = append_many(j, 1, 3 * BULK_PER_SEGMENT, BULK);
    journal_close(j);
    return last;
}

enum harm { FLIPPED_HEADER, ZEROED_HEADER, CUT_SHORT, EMPTY, FOREIGN, N_HARMS };

static void harm_segment(struct scratch *s, uint64_t ordinal, enum harm harm)
{
    static const uint8_t zeros[4096];
    switch (harm) {
    case FLIPPED_HEADER:
        scratch_flip(s, ordinal, 24, 3);
        break;
    case ZEROED_HEADER:
        scratch_write(s, ordinal, 0, zeros, sizeof zeros);
        break;
    case CUT_SHORT:
        scratch_truncate(s, ordinal, 100);
        break;
    case EMPTY:
        scratch_truncate(s, ordinal, 0);
        break;
    default: {
        struct segment g;
        assert_int_equal(segment_open(s->path, ordinal, true, &g), 0);
        g.journal_id ^= 2;
        segment_begin(&g);
        segment_close(&g);
    }
    }
}

static void damaged_segment_in_the_middle_is_set_aside(void **state)
{
    struct scratch *s = *state;
    for (int harm = 0; harm < N_HARMS; harm++) {
        uint64_t last = three_segments(s);
        harm_segment(s, 2, (enum harm)harm);
        struct journal_opening o;
        struct journal *j = scratch_open_at(s, 0, &o);
        assert_int_equal(o.unreadable, 1);
        assert_int_equal(o.last, last);
        assert_false(scratch_has(s, 2, false));
        assert_true(scratch_has(s, 2, true));
        assert_int_equal(append_one(j, 3 * BULK_PER_SEGMENT + 1, BULK), last + 2);
        journal_close(j);
        j = scratch_open_at(s, 0, &o);
        assert_int_equal(o.unreadable, 0);
        journal_close(j);
        assert_holds(s, 1, 3 * BULK_PER_SEGMENT + 1, BULK_PER_SEGMENT + 1, 2 * BULK_PER_SEGMENT);
        scratch_empty(s->path);
    }
}

/* How far it reached nobody knows, so its numbers and more are passed over. */
static void damaged_newest_segment_wastes_numbers_but_reuses_none(void **state)
{
    struct scratch *s = *state;
    for (int harm = 0; harm < N_HARMS; harm++) {
        uint64_t last = three_segments(s);
        uint64_t before = 2 * (BULK_PER_SEGMENT + 1);
        harm_segment(s, 3, (enum harm)harm);
        struct journal_opening o;
        struct journal *j = scratch_open_at(s, 0, &o);
        assert_int_equal(o.unreadable, 1);
        assert_int_equal(o.last, before);
        assert_true(scratch_has(s, 3, true));
        uint64_t next = append_one(j, 100, BULK);
        assert_true(next > last);
        assert_true(next > before + SCRATCH_SEGMENT / SEGMENT_FRAME_LEAST);
        journal_close(j);
        j = scratch_open_at(s, 0, &o);
        assert_int_equal(o.last, next);
        assert_int_equal(append_one(j, 101, BULK), next + 2);
        journal_close(j);
        assert_holds(s, 1, 101, 2 * BULK_PER_SEGMENT + 1, 99);
        scratch_empty(s->path);
    }
}

/* Set aside by an opening that then found no room, or was killed: the numbers stay passed over. */
static void segment_set_aside_earlier_still_guards_its_numbers(void **state)
{
    struct scratch *s = *state;
    uint64_t last = three_segments(s);
    char from[PATH_MAX], to[PATH_MAX];
    segment_path(s->path, 3, from, sizeof from);
    segment_path_set_aside(s->path, 3, to, sizeof to);
    assert_int_equal(rename(from, to), 0);
    struct journal_opening o;
    struct journal *j = scratch_open_at(s, 0, &o);
    assert_int_equal(o.unreadable, 0);
    assert_true(append_one(j, 100, 0) > last);
    assert_true(scratch_has(s, 4, false));
    journal_close(j);
}

static void journal_without_a_readable_segment_is_a_new_one(void **state)
{
    struct scratch *s = *state;
    struct journal *j = scratch_open(s);
    uint64_t id = journal_id(j), last = append_many(j, 1, 5, 0);
    journal_close(j);
    harm_segment(s, 1, FLIPPED_HEADER);
    struct journal_reader *r = NULL;
    assert_int_equal(journal_reader_open(s->path, 0, &r), JOURNAL_ABSENT);
    struct journal_opening o;
    j = scratch_open_at(s, last, &o);
    assert_true(o.is_new);
    assert_int_equal(o.unreadable, 1);
    assert_int_not_equal(journal_id(j), id);
    assert_true(append_one(j, 6, 0) > last);
    journal_close(j);
    assert_holds(s, 6, 6, 0, 0);
}

static void newer_segment_is_left_for_a_newer_program(void **state)
{
    struct scratch *s = *state;
    static const uint8_t version = 2;
    three_segments(s);
    scratch_write(s, 3, 8, &version, 1);
    struct journal_opening o;
    struct journal *j = scratch_open_at(s, 0, &o);
    assert_int_equal(o.unreadable, 1);
    assert_int_equal(o.last, 2 * (BULK_PER_SEGMENT + 1));
    assert_true(scratch_has(s, 3, false));
    assert_false(scratch_has(s, 3, true));
    uint64_t next = append_one(j, 100, 0);
    journal_close(j);
    j = scratch_open_at(s, 0, &o);
    assert_int_equal(o.unreadable, 1);                 /* said at every opening */
    assert_int_equal(o.last, next);
    assert_int_equal(append_one(j, 101, 0), next + 2);
    journal_close(j);
}

static void unused_spare_is_no_segment(void **state)
{
    struct scratch *s = *state;
    struct journal *j = scratch_open(s);
    for (uint64_t turn = 1; turn <= 3; turn++) {
        uint64_t last = append_one(j, turn, 0);
        assert_int_equal(journal_prepare(j), 0);
        journal_close(j);
        assert_true(scratch_has(s, 2, false));
        struct journal_opening o;
        j = scratch_open_at(s, 0, &o);
        assert_false(scratch_has(s, 2, false));
        assert_int_equal(o.unreadable, 0);
        assert_int_equal(o.last, last);
    }
    assert_int_equal(append_one(j, 4, 0), 8);          /* no number was passed over */
    journal_close(j);
    assert_holds(s, 1, 4, 0, 0);
}

/* A roll wrote the header into memory, a power cut took it and left frames behind it. */
static void frames_behind_a_header_that_was_never_synced_are_set_aside(void **state)
{
    struct scratch *s = *state;
    uint64_t last = three_segments(s);
    harm_segment(s, 3, ZEROED_HEADER);
    struct journal_opening o;
    struct journal *j = scratch_open_at(s, 0, &o);
    assert_int_equal(o.unreadable, 1);
    assert_true(append_one(j, 100, 0) > last);
    journal_close(j);
}

static void read_only_opening_touches_nothing(void **state)
{
    struct scratch *s = *state;
    three_segments(s);
    harm_segment(s, 2, FLIPPED_HEADER);
    uint64_t garbage = UINT64_MAX;
    size_t size, at = scratch_find(s, 3, 3 * (BULK_PER_SEGMENT + 1), &size);
    scratch_write(s, 3, at + size + 8, &garbage, 8);
    s->conf.is_read_only = true;
    struct journal_opening o;
    for (int turn = 0; turn < 2; turn++) {
        journal_close(scratch_open_at(s, 9999, &o));
        assert_int_equal(o.unreadable, 1);
        assert_int_equal(o.torn_bytes, 16);
        assert_int_equal(o.last, 3 * (BULK_PER_SEGMENT + 1));
    }
    assert_true(scratch_has(s, 2, false));
    assert_false(scratch_has(s, 4, false));
}

static void other_files_in_the_directory_do_not_matter(void **state)
{
    struct scratch *s = *state;
    static const char *const names[] = { "notes.txt", "000000000009.base", "9.segment",
                                         "000000000009.segment.tmp" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s/%s", s->path, names[i]);
        close(open(path, O_CREAT | O_WRONLY, 0600));
    }
    struct journal *j = scratch_open(s);
    append_many(j, 1, 3, 0);
    journal_close(j);
    assert_holds(s, 1, 3, 0, 0);
    assert_true(scratch_has(s, 1, false));
}

static void directory_that_cannot_be_made_is_an_error(void **state)
{
    struct scratch *s = *state;
    struct journal_conf conf = { .path = "/tmp/carbon-journal-absent/parent/journal",
                                 .segment_bytes = SCRATCH_SEGMENT };
    struct journal *j = NULL;
    struct journal_opening o;
    (void)s;
    assert_true(journal_open(&conf, 0, 0, &j, &o) < 0);
    char path[PATH_MAX + 100];
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    conf.path = path;
    assert_true(journal_open(&conf, 0, 0, &j, &o) < 0);
    assert_null(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(reopened_journal_goes_on),
        SCRATCH_TEST(killed_writer_loses_nothing),
        SCRATCH_TEST(tail_torn_at_any_byte_is_cut),
        SCRATCH_TEST(zeroed_tail_is_an_end_like_any_other),
        SCRATCH_TEST(flipped_bit_costs_one_frame_only),
        SCRATCH_TEST(lost_page_in_the_middle_costs_its_frames_only),
        SCRATCH_TEST(jump_in_numbers_begins_a_segment),
        SCRATCH_TEST(new_journal_can_begin_far_up),
        SCRATCH_TEST(damaged_segment_in_the_middle_is_set_aside),
        SCRATCH_TEST(damaged_newest_segment_wastes_numbers_but_reuses_none),
        SCRATCH_TEST(segment_set_aside_earlier_still_guards_its_numbers),
        SCRATCH_TEST(journal_without_a_readable_segment_is_a_new_one),
        SCRATCH_TEST(newer_segment_is_left_for_a_newer_program),
        SCRATCH_TEST(unused_spare_is_no_segment),
        SCRATCH_TEST(frames_behind_a_header_that_was_never_synced_are_set_aside),
        SCRATCH_TEST(read_only_opening_touches_nothing),
        SCRATCH_TEST(other_files_in_the_directory_do_not_matter),
        SCRATCH_TEST(directory_that_cannot_be_made_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
