/* The reading side: following a live writer, beginning anywhere, and what it does where the next frame
 * should stand and does not. */
#include "journal/scratch_test.h"

#include <pthread.h>

/* What is logged while standard error points into a file. */
struct listening {
    int saved, file;
};

static struct listening listen_begin(void)
{
    char path[] = "/tmp/carbon-journal-log-XXXXXX";
    struct listening l = { .saved = dup(STDERR_FILENO), .file = mkstemp(path) };
    assert_true(l.saved >= 0 && l.file >= 0);
    unlink(path);
    dup2(l.file, STDERR_FILENO);
    return l;
}

/* How often the text was logged. */
static size_t listen_end(struct listening *l, const char *text)
{
    static char heard[65536];
    dup2(l->saved, STDERR_FILENO);
    close(l->saved);
    ssize_t n = pread(l->file, heard, sizeof heard - 1, 0);
    assert_true(n >= 0);
    close(l->file);
    heard[n] = '\0';
    size_t times = 0;
    for (const char *at = heard; (at = strstr(at, text)) != NULL; at++)
        times++;
    return times;
}

static void reader_follows_a_live_writer_across_rolls(void **state)
{
    struct scratch *s = *state;
    struct journal *j = scratch_open(s);
    struct journal_reader *knowing = scratch_reader(s, 0), *asking = scratch_reader(s, 0);
    struct frame f;
    assert_int_equal(journal_read(knowing, journal_end(j), &f), JOURNAL_END);
    assert_int_equal(journal_read(asking, UINT64_MAX, &f), JOURNAL_END);
    for (uint64_t n = 1; n <= 4 * BULK_PER_SEGMENT; n++) {
        if (n % 7 == 0)
            assert_int_equal(journal_prepare(j), 0);
        append_one(j, n, BULK);
        assert_int_equal(journal_read(knowing, journal_end(j), &f), 0);
        assert_message(&f, n, BULK);
        assert_int_equal(journal_read(knowing, journal_end(j), &f), JOURNAL_END);
        assert_int_equal(journal_reader_at(knowing), journal_end(j));
        if (n % 3 != 0)
            continue;
        for (uint64_t k = n - 2; k <= n; k++) {
            assert_int_equal(journal_read(asking, UINT64_MAX, &f), 0);
            assert_message(&f, k, BULK);
        }
        assert_int_equal(journal_read(asking, UINT64_MAX, &f), JOURNAL_END);
    }
    journal_reader_close(knowing);
    journal_reader_close(asking);
    journal_close(j);
}

#define MANY 30000u

static void *append_in_thread(void *arg)
{
    for (uint64_t n = 1; n <= MANY; n++)
        append_one(arg, n, n % 1000 == 0 ? BULK : 0);
    return NULL;
}

/* As another process would: without being told how far the journal reaches. */
static void reader_beside_a_writing_thread_sees_whole_frames_only(void **state)
{
    struct scratch *s = *state;
    struct journal *j = scratch_open(s);
    struct journal_reader *r = scratch_reader(s, 0);
    struct listening l = listen_begin();
    pthread_t writer;
    assert_int_equal(pthread_create(&writer, NULL, append_in_thread, j), 0);
    for (uint64_t n = 1; n <= MANY;) {
        struct frame f;
        int rc = journal_read(r, UINT64_MAX, &f);
        if (rc == JOURNAL_END)
            continue;
        assert_int_equal(rc, 0);
        assert_int_equal(message_number(&f), n);
        n++;
    }
    pthread_join(writer, NULL);
    assert_int_equal(listen_end(&l, "journal."), 0);
    journal_reader_close(r);
    journal_close(j);
}

static void reader_begins_behind_any_frame(void **state)
{
    struct scratch *s = *state;
    struct journal *j = scratch_open(s);
    uint64_t last = append_many(j, 1, 3 * BULK_PER_SEGMENT, BULK);
    journal_close(j);
    j = scratch_open_at(s, 1000, NULL);
    append_one(j, 100, 0);                             /* 1001 is a clock frame, this is 1002 */
    journal_close(j);

    const uint64_t per = BULK_PER_SEGMENT + 1;
    const struct { uint64_t after, first; } cases[] = {
        { 0, 1 }, { 1, 1 }, { 2, 2 }, { per - 1, per - 1 }, { per, per }, { per + 1, per },
        { last - 1, 3 * BULK_PER_SEGMENT }, { last, 100 }, { last + 1, 100 }, { 999, 100 },
        { 1000, 100 }, { 1001, 100 }, { 1002, 0 }, { 5000, 0 }, { UINT64_MAX, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct journal_reader *r = scratch_reader(s, cases[i].after);
        assert_int_equal(journal_reader_at(r), cases[i].after);
        struct frame f;
        int rc = journal_read(r, UINT64_MAX, &f);
        assert_int_equal(rc, cases[i].first == 0 ? JOURNAL_END : 0);
        if (rc == 0)
            assert_int_equal(message_number(&f), cases[i].first);
        assert_true(journal_reader_at(r) >= cases[i].after);
        journal_reader_close(r);
    }
}

static void nothing_beyond_until_is_given_out(void **state)
{
    struct scratch *s = *state;
    struct journal *j = scratch_open(s);
    append_many(j, 1, 5, 0);                           /* 2 … 6 */
    journal_close(j);
    j = scratch_open_at(s, 100, NULL);
    append_one(j, 6, 0);                               /* 102 */
    struct journal_reader *r = scratch_reader(s, 0);
    struct frame f;
    assert_int_equal(journal_read(r, 0, &f), JOURNAL_END);
    assert_int_equal(journal_read(r, 1, &f), JOURNAL_END);
    assert_int_equal(journal_reader_at(r), 1);         /* the clock frame is walked over */
    assert_int_equal(journal_read(r, 2, &f), 0);
    assert_int_equal(f.sequence, 2);
    assert_int_equal(journal_read(r, 2, &f), JOURNAL_END);
    for (uint64_t n = 3; n <= 6; n++)
        assert_int_equal(journal_read(r, 50, &f), 0);
    assert_int_equal(journal_read(r, 50, &f), JOURNAL_END);    /* the jump lies beyond */
    assert_int_equal(journal_reader_at(r), 6);
    assert_int_equal(journal_read(r, 101, &f), JOURNAL_END);
    assert_int_equal(journal_read(r, 102, &f), 0);
    assert_int_equal(f.sequence, 102);
    journal_reader_close(r);
    journal_close(j);
}

static void journal_that_is_not_there_is_absent(void **state)
{
    struct scratch *s = *state;
    struct journal_reader *r = NULL;
    assert_int_equal(journal_reader_open(s->path, 0, &r), JOURNAL_ABSENT);
    assert_int_equal(journal_reader_open("/tmp/carbon-journal-not-there", 0, &r), JOURNAL_ABSENT);
    assert_null(r);
    journal_reader_close(r);
}

/* A segment written by hand: its clock moves, as no test can make the machine's do. */
static void time_of_a_frame_is_told_by_the_clock_before_it(void **state)
{
    struct scratch *s = *state;
    char path[PATH_MAX];
    segment_path(s->path, 1, path, sizeof path);
    assert_int_equal(file_allocate(path, 65536), 0);
    struct segment g;
    assert_int_equal(segment_open(s->path, 1, true, &g), SEGMENT_UNBEGUN);
    g.journal_id = g.epoch = g.ordinal = g.first = 1;
    segment_begin(&g);
    size_t at = SEGMENT_FRAMES_AT;
    for (uint64_t n = 1; n <= 12; n++) {
        struct frame_clock c = { .boot_id = { (uint8_t)n }, .offset_us = (int64_t)n * 1000000,
                                 .is_synchronised = n > 4 };
        uint8_t rest[SEGMENT_CLOCK_REST];
        segment_clock_write(&c, rest);
        struct frame f = { .sequence = n, .boottime_us = n, .kind = FRAME_TICK };
        if (n % 4 == 1) {
            f.kind = FRAME_CLOCK;
            f.rest = (struct slice){ rest, n == 9 ? 10 : sizeof rest };   /* one is too short */
        }
        at += segment_put(&g, at, &f);
    }
    segment_close(&g);
    struct journal_reader *r = scratch_reader(s, 0);
    for (uint64_t n = 2; n <= 12; n++) {
        if (n % 4 == 1)
            continue;
        struct frame f;
        uint64_t clock = n < 5 ? 1 : 5;
        assert_int_equal(journal_read(r, UINT64_MAX, &f), 0);
        assert_int_equal(f.sequence, n);
        assert_int_equal(f.clock.boot_id[0], clock);
        assert_int_equal(frame_wall_us(&f), (int64_t)(clock * 1000000 + n));
        assert_int_equal(f.clock.is_synchronised, clock > 4);
    }
    journal_reader_close(r);
}

static void damaged_frame_is_reported_once_and_passed_over(void **state)
{
    struct scratch *s = *state;
    struct journal *j = scratch_open(s);
    append_many(j, 1, 2 * BULK_PER_SEGMENT, BULK);
    /* Messages 3 and 5 in the finished segment, 15 in the one being written. */
    scratch_flip(s, 1, scratch_find(s, 1, 6, NULL) + 1000, 0);
    scratch_flip(s, 2, scratch_find(s, 2, 17, NULL) + 4, 7);
    scratch_flip(s, 1, scratch_find(s, 1, 4, NULL), 2);
    struct listening l = listen_begin();
    struct journal_reader *r = scratch_reader(s, 0);
    struct frame f;
    for (uint64_t n = 1; n <= 2 * BULK_PER_SEGMENT; n++) {
        if (n == 3 || n == 5 || n == 15)
            continue;
        assert_int_equal(journal_read(r, UINT64_MAX, &f), 0);
        assert_message(&f, n, BULK);
    }
    for (int i = 0; i < 3; i++)
        assert_int_equal(journal_read(r, UINT64_MAX, &f), JOURNAL_END);
    assert_int_equal(listen_end(&l, "journal.unreadable"), 3);
    journal_reader_close(r);
    journal_close(j);
}

static void damage_at_the_end_of_a_segment_is_reported_when_passing_on(void **state)
{
    struct scratch *s = *state;
    struct journal *j = scratch_open(s);
    append_many(j, 1, 2 * BULK_PER_SEGMENT, BULK);
    journal_close(j);
    const uint64_t per = BULK_PER_SEGMENT + 1;
    static const uint8_t zeros[BULK + 1024];
    size_t size, at = scratch_find(s, 1, per - 1, &size);
    scratch_write(s, 1, at, zeros, size);              /* a hole, and then the last one, damaged */
    scratch_flip(s, 1, at + size + 300, 0);
    struct listening l = listen_begin();
    struct journal_reader *r = scratch_reader(s, 0);
    struct frame f;
    for (uint64_t n = 1; n <= 2 * BULK_PER_SEGMENT; n++) {
        if (n == BULK_PER_SEGMENT - 1 || n == BULK_PER_SEGMENT)
            continue;
        assert_int_equal(journal_read(r, UINT64_MAX, &f), 0);
        assert_message(&f, n, BULK);
    }
    assert_int_equal(listen_end(&l, "missing_from=11 missing_to=12"), 1);
    journal_reader_close(r);
}

static void hole_in_the_newest_segment_is_its_end_until_a_writer_opens(void **state)
{
    struct scratch *s = *state;
    struct journal *j = scratch_open(s);
    append_many(j, 1, 10, 0);
    journal_close(j);
    static const uint8_t zeros[256];
    size_t size, at = scratch_find(s, 1, 6, &size);
    scratch_write(s, 1, at, zeros, size);
    struct journal_reader *r = scratch_reader(s, 0);
    assert_reads(r, 1, 4, 0);
    journal_close(scratch_open(s));
    assert_reads(r, 6, 10, 0);
    journal_reader_close(r);
}

static void torn_tail_is_the_end_and_goes_on_when_it_was_cut(void **state)
{
    struct scratch *s = *state;
    struct journal *j = scratch_open(s);
    uint64_t last = append_many(j, 1, 5, 0);
    journal_close(j);
    scratch_flip(s, 1, scratch_find(s, 1, last, NULL) + 30, 1);
    struct journal_reader *r = scratch_reader(s, 0);
    struct listening l = listen_begin();
    assert_reads(r, 1, 4, 0);
    j = scratch_open(s);
    append_one(j, 5, 0);
    assert_reads(r, 5, 5, 0);
    assert_int_equal(listen_end(&l, "journal.unreadable"), 0);
    journal_reader_close(r);
    journal_close(j);
}

enum loss { DELETED, DAMAGED, NEWER, FOREIGN, N_LOSSES };

static void lose_segment(struct scratch *s, uint64_t ordinal, enum loss loss)
{
    static const uint8_t version = 77;
    char path[PATH_MAX];
    struct segment g;
    switch (loss) {
    case DELETED:
        segment_path(s->path, ordinal, path, sizeof path);
        assert_int_equal(unlink(path), 0);
        break;
    case DAMAGED:
        scratch_flip(s, ordinal, 33, 1);
        break;
    case NEWER:
        scratch_write(s, ordinal, 8, &version, 1);
        break;
    default:
        assert_int_equal(segment_open(s->path, ordinal, true, &g), 0);
        g.journal_id++;
        segment_begin(&g);
        segment_close(&g);
    }
}

static void segment_that_is_gone_or_unreadable_is_passed_over(void **state)
{
    struct scratch *s = *state;
    for (int loss = 0; loss < N_LOSSES; loss++) {
        struct journal *j = scratch_open(s);
        append_many(j, 1, 4 * BULK_PER_SEGMENT, BULK);
        lose_segment(s, 2, (enum loss)loss);
        lose_segment(s, 3, (enum loss)loss);
        struct listening l = listen_begin();
        struct journal_reader *r = scratch_reader(s, 0);
        struct frame f;
        for (uint64_t n = 1; n <= BULK_PER_SEGMENT; n++)
            assert_int_equal(journal_read(r, journal_end(j), &f), 0);
        assert_reads(r, 3 * BULK_PER_SEGMENT + 1, 4 * BULK_PER_SEGMENT, BULK);
        assert_int_equal(listen_end(&l, "missing_from=13 missing_to=36"), 1);
        journal_reader_close(r);
        journal_close(j);
        scratch_empty(s->path);
    }
}

struct gaps {
    uint64_t from[8], until[8];
    size_t n;
};

static void on_gap(void *self, uint64_t from, uint64_t until)
{
    struct gaps *g = self;
    assert_true(g->n < 8);
    g->from[g->n] = from;
    g->until[g->n++] = until;
}

static void read_all(struct scratch *s, uint64_t after, struct gaps *out)
{
    struct journal_reader *r = scratch_reader(s, after);
    struct frame f;
    *out = (struct gaps){ 0 };
    journal_reader_watch(r, on_gap, out);
    while (journal_read(r, UINT64_MAX, &f) == 0)
        ;
    journal_reader_close(r);
}

/* Segment k holds a clock frame and BULK_PER_SEGMENT messages. */
static void numbers_that_no_frame_bears_are_told_to_who_asks(void **state)
{
    enum { PER_SEGMENT = BULK_PER_SEGMENT + 1 };
    struct scratch *s = *state;
    struct gaps gaps;
    struct journal *j = scratch_open(s);
    append_many(j, 1, 4 * BULK_PER_SEGMENT, BULK);
    journal_close(j);
    journal_close(scratch_open_at(s, 100, NULL));        /* a jump: 49 to 100 */
    lose_segment(s, 2, DELETED);
    scratch_flip(s, 3, scratch_find(s, 3, 2 * PER_SEGMENT + 5, NULL) + 40, 3);

    read_all(s, 0, &gaps);
    assert_int_equal(gaps.n, 3);
    assert_int_equal(gaps.from[0], PER_SEGMENT + 1);
    assert_int_equal(gaps.until[0], 2 * PER_SEGMENT);
    assert_int_equal(gaps.from[1], 2 * PER_SEGMENT + 5);
    assert_int_equal(gaps.until[1], 2 * PER_SEGMENT + 5);
    assert_int_equal(gaps.from[2], 4 * PER_SEGMENT + 1);
    assert_int_equal(gaps.until[2], 100);

    lose_segment(s, 1, DELETED);                            /* then its beginning is a gap as well */
    read_all(s, 3, &gaps);
    assert_int_equal(gaps.n, 3);
    assert_int_equal(gaps.from[0], 4);
    assert_int_equal(gaps.until[0], 2 * PER_SEGMENT);
    read_all(s, 2 * PER_SEGMENT + 10, &gaps);            /* what lies before does not matter */
    assert_int_equal(gaps.n, 1);
}

static void newer_version_is_named_with_both_numbers(void **state)
{
    struct scratch *s = *state;
    struct journal *j = scratch_open(s);
    append_many(j, 1, 3, 0);
    journal_close(j);
    lose_segment(s, 1, NEWER);
    struct listening l = listen_begin();
    struct journal_reader *r = NULL;
    assert_int_equal(journal_reader_open(s->path, 0, &r), JOURNAL_ABSENT);
    assert_int_equal(listen_end(&l, "format version 77, this program reads up to 1"), 1);
}

static void segment_may_be_trimmed_under_its_reader(void **state)
{
    struct scratch *s = *state;
    struct journal *j = scratch_open(s);
    struct journal_reader *r = scratch_reader(s, 0);
    struct frame f;
    uint64_t last = append_many(j, 1, 4 * BULK_PER_SEGMENT, BULK);
    assert_int_equal(journal_read(r, last, &f), 0);
    assert_int_equal(journal_sync(j, last), 0);
    assert_int_equal(scratch_trim(j, last, INT64_MAX, 0, 0), 0);
    for (uint64_t n = 2; n <= BULK_PER_SEGMENT; n++) {      /* what it has mapped stays readable */
        assert_int_equal(journal_read(r, last, &f), 0);
        assert_message(&f, n, BULK);
    }
    assert_reads(r, 3 * BULK_PER_SEGMENT + 1, 4 * BULK_PER_SEGMENT, BULK);
    journal_reader_close(r);
    journal_close(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(reader_follows_a_live_writer_across_rolls),
        SCRATCH_TEST(reader_beside_a_writing_thread_sees_whole_frames_only),
        SCRATCH_TEST(reader_begins_behind_any_frame),
        SCRATCH_TEST(nothing_beyond_until_is_given_out),
        SCRATCH_TEST(journal_that_is_not_there_is_absent),
        SCRATCH_TEST(time_of_a_frame_is_told_by_the_clock_before_it),
        SCRATCH_TEST(damaged_frame_is_reported_once_and_passed_over),
        SCRATCH_TEST(damage_at_the_end_of_a_segment_is_reported_when_passing_on),
        SCRATCH_TEST(hole_in_the_newest_segment_is_its_end_until_a_writer_opens),
        SCRATCH_TEST(torn_tail_is_the_end_and_goes_on_when_it_was_cut),
        SCRATCH_TEST(segment_that_is_gone_or_unreadable_is_passed_over),
        SCRATCH_TEST(numbers_that_no_frame_bears_are_told_to_who_asks),
        SCRATCH_TEST(newer_version_is_named_with_both_numbers),
        SCRATCH_TEST(segment_may_be_trimmed_under_its_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
