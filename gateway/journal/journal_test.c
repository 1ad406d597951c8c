/* The writing side: numbers, rolls, the spare, sync, trim, and what is refused. */
#include "journal/scratch_test.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"

#define HOUR_US INT64_C(3600000000)

static struct journal_figures figures_of(const struct journal *j)
{
    struct journal_figures f;
    journal_figures(j, &f);
    return f;
}

static void appended_frames_are_read_in_order(void **state)
{
    struct scratch *s = *state;
    struct journal_opening found;
    struct journal *j = scratch_open_at(s, 0, &found);
    assert_true(found.is_new);
    assert_int_equal(found.last, 0);
    assert_int_equal(found.first, 0);
    assert_int_equal(journal_end(j), 0);

    assert_int_equal(append_one(j, 1, 0), 2);         /* 1 is the clock frame */
    assert_int_equal(append_many(j, 2, 1000, 0), 1001);
    assert_int_equal(journal_end(j), 1001);

    struct journal_reader *r = scratch_reader(s, 0);
    assert_int_equal(journal_reader_id(r), journal_id(j));
    assert_int_not_equal(journal_id(j), 0);
    assert_reads(r, 1, 1000, 0);
    assert_int_equal(journal_reader_at(r), 1001);
    journal_reader_close(r);
    assert_int_equal(figures_of(j).frames, 1000);
    journal_close(j);
}

static void frame_bears_the_times_of_its_clock(void **state)
{
    struct scratch *s = *state;
    struct journal *j = scratch_open(s);
    struct clock_now before = clock_read();
    append_one(j, 1, 0);
    struct clock_now after = clock_read();
    uint8_t boot_id[16];
    clock_boot_id(boot_id);

    struct journal_reader *r = scratch_reader(s, 0);
    struct frame f;
    assert_int_equal(journal_read(r, UINT64_MAX, &f), 0);
    assert_true(f.boottime_us >= before.boottime_us && f.boottime_us <= after.boottime_us);
    assert_true(frame_wall_us(&f) >= before.wall_us - 1000);
    assert_true(frame_wall_us(&f) <= after.wall_us + 1000);
    assert_memory_equal(f.clock.boot_id, boot_id, 16);
    assert_int_equal(f.clock.is_synchronised, clock_is_synchronised());
    journal_reader_close(r);
    journal_close(j);
}

static void odd_bodies_come_back_as_they_were(void **state)
{
    struct scratch *s = *state;
    struct journal *j = scratch_open(s);
    static uint8_t bytes[JOURNAL_BODY_MAX];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7);
    static const struct { uint8_t kind; size_t topic, rest; } cases[] = {
        { FRAME_TICK, 0, 0 }, { FRAME_MESSAGE, 1, 0 }, { FRAME_MESSAGE, 0, 1 },
        { FRAME_MESSAGE, 65535, 0 }, { FRAME_MESSAGE, 65535, 3 }, { FRAME_CONFIG, 0, 100000 },
        { FRAME_CONFIG, 0, JOURNAL_BODY_MAX }, { FRAME_MESSAGE, 65535, JOURNAL_BODY_MAX - 65535 },
        { FRAME_CLOSE, 0, 0 }, { 255, 5, 5 },
    };
    size_t n = sizeof cases / sizeof *cases;
    for (size_t i = 0; i < n; i++) {
        struct frame f = { .kind = cases[i].kind, .flags = (uint8_t)i,
                           .topic = { bytes, cases[i].topic }, .rest = { bytes, cases[i].rest } };
        assert_int_equal(journal_append(j, &f), 0);
    }
    struct journal_reader *r = scratch_reader(s, 0);
    for (size_t i = 0; i < n; i++) {
        struct frame f;
        assert_int_equal(journal_read(r, UINT64_MAX, &f), 0);
        assert_int_equal(f.kind, cases[i].kind);
        assert_int_equal(f.flags, i);
        assert_int_equal(f.topic.size, cases[i].topic);
        assert_int_equal(f.rest.size, cases[i].rest);
        assert_memory_equal(f.topic.at, bytes, f.topic.size);
        assert_memory_equal(f.rest.at, bytes, f.rest.size);
    }
    journal_reader_close(r);
    journal_close(j);
}

static void impossible_frames_are_refused_whole(void **state)
{
    struct scratch *s = *state;
    struct journal *j = scratch_open(s);
    static uint8_t bytes[JOURNAL_BODY_MAX + 1];
    struct frame cases[] = {
        { .kind = FRAME_MESSAGE, .rest = { bytes, JOURNAL_BODY_MAX + 1 } },
        { .kind = FRAME_MESSAGE, .topic = { bytes, 1 }, .rest = { bytes, JOURNAL_BODY_MAX } },
        { .kind = FRAME_MESSAGE, .topic = { bytes, 65536 } },
        { .kind = FRAME_MESSAGE, .topic = { bytes, 2 }, .rest = { bytes, SIZE_MAX } },
        { .kind = FRAME_CLOCK, .rest = { bytes, 25 } },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_true(journal_append(j, &cases[i]) < 0);
    assert_int_equal(journal_end(j), 0);
    assert_int_equal(append_one(j, 1, 0), 2);
    struct journal_reader *r = scratch_reader(s, 0);
    assert_reads(r, 1, 1, 0);
    journal_reader_close(r);
    journal_close(j);
}

static void segment_too_small_for_the_largest_frame_is_refused(void **state)
{
    struct scratch *s = *state;
    struct journal *j = NULL;
    struct journal_opening o;
    s->conf.segment_bytes = JOURNAL_BODY_MAX;
    assert_true(journal_open(&s->conf, 0, 0, &j, &o) < 0);
    assert_null(j);
    s->conf.segment_bytes = JOURNAL_BODY_MAX + 8192;
    assert_int_equal(journal_open(&s->conf, 0, 0, &j, &o), 0);
    static uint8_t bytes[JOURNAL_BODY_MAX];
    for (int i = 0; i < 3; i++) {
        struct frame f = { .kind = FRAME_CONFIG, .rest = { bytes, sizeof bytes } };
        assert_int_equal(journal_append(j, &f), 0);
    }
    assert_int_equal(figures_of(j).segments, 3);
    journal_close(j);
}

static void full_segment_rolls_into_the_spare(void **state)
{
    struct scratch *s = *state;
    struct journal *j = scratch_open(s);
    uint64_t n = 0;
    for (unsigned segment = 0; segment < 3; segment++) {
        assert_false(journal_wants_spare(j));
        while (!journal_wants_spare(j))
            append_one(j, ++n, BULK);
        assert_true(n <= (segment + 1) * BULK_PER_SEGMENT);
        assert_int_equal(journal_prepare(j), 0);
        assert_int_equal(journal_prepare(j), 0);      /* one is enough */
        assert_false(journal_wants_spare(j));
        assert_int_equal(figures_of(j).bytes, (uint64_t)(segment + 2) * SCRATCH_SEGMENT);
        while (figures_of(j).rolls == segment)
            append_one(j, ++n, BULK);
    }
    assert_int_equal(figures_of(j).rolls, 3);
    assert_int_equal(figures_of(j).rolls_waited, 0);
    assert_int_equal(figures_of(j).segments, 4);
    struct journal_reader *r = scratch_reader(s, 0);
    assert_reads(r, 1, n, BULK);
    journal_reader_close(r);
    journal_close(j);
}

static void roll_without_a_spare_is_counted(void **state)
{
    struct scratch *s = *state;
    struct journal *j = scratch_open(s);
    append_many(j, 1, 3 * BULK_PER_SEGMENT, BULK);
    struct journal_figures f = figures_of(j);
    assert_int_equal(f.rolls, 2);
    assert_int_equal(f.rolls_waited, 2);
    assert_int_equal(f.segments, 3);
    assert_int_equal(f.bytes, 3 * SCRATCH_SEGMENT);
    struct journal_reader *r = scratch_reader(s, 0);
    assert_reads(r, 1, 3 * BULK_PER_SEGMENT, BULK);
    journal_reader_close(r);
    journal_close(j);
}

/* A segment with `left` bytes behind its last frame. */
static struct journal *nearly_full(struct scratch *s, size_t left)
{
    static uint8_t bytes[JOURNAL_BODY_MAX];
    size_t used = SEGMENT_FRAMES_AT + segment_frame_size(0, SEGMENT_CLOCK_REST);
    struct journal *j = scratch_open(s);
    struct frame f = { .kind = FRAME_CONFIG, .rest = { bytes, 1000004 } };
    assert_int_equal(journal_append(j, &f), 0);
    used += segment_frame_size(0, 1000004);
    f.rest.size = SCRATCH_SEGMENT - used - left - segment_frame_size(0, 0) + 4;
    assert_int_equal(segment_frame_size(0, f.rest.size), SCRATCH_SEGMENT - used - left);
    assert_int_equal(journal_append(j, &f), 0);
    assert_int_equal(figures_of(j).segments, 1);
    return j;
}

static void segment_is_filled_to_its_end_and_no_further(void **state)
{
    struct scratch *s = *state;
    const size_t clock = segment_frame_size(0, SEGMENT_CLOCK_REST), frame = segment_frame_size(0, 20);
    const struct { size_t left; bool has_clock; uint64_t segments; } cases[] = {
        { frame, false, 1 }, { frame - 8, false, 2 }, { 0, false, 2 }, { 8, false, 2 },
        { frame + clock, true, 1 }, { frame + clock - 8, true, 2 }, { frame, true, 2 }, { 0, true, 2 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct journal *j = nearly_full(s, cases[i].left);
        if (cases[i].has_clock) {                      /* an opening asks for a clock frame */
            journal_close(j);
            j = scratch_open(s);
        }
        struct frame f = { .kind = FRAME_MESSAGE, .rest = slice_of("twenty bytes of text") };
        assert_int_equal(journal_append(j, &f), 0);
        assert_int_equal(figures_of(j).segments, cases[i].segments);
        journal_close(j);
        struct journal_reader *r = scratch_reader(s, f.sequence - 1);
        assert_int_equal(journal_read(r, UINT64_MAX, &f), 0);
        assert_memory_equal(f.rest.at, "twenty bytes of text", 20);
        journal_reader_close(r);
        scratch_empty(s->path);
    }
}

static void sync_reaches_over_rolls(void **state)
{
    struct scratch *s = *state;
    struct journal *j = scratch_open(s);
    assert_int_equal(journal_sync(j, 0), 0);
    assert_int_equal(journal_sync(j, 17), 0);         /* not there yet: nothing to do */
    assert_int_equal(figures_of(j).synced, 0);
    uint64_t last = append_many(j, 1, 3 * BULK_PER_SEGMENT, BULK);
    assert_int_equal(figures_of(j).synced, 0);
    assert_int_equal(journal_sync(j, 1), 0);
    assert_true(figures_of(j).synced >= 1 && figures_of(j).synced < last);
    assert_int_equal(journal_sync(j, last), 0);
    assert_int_equal(figures_of(j).synced, last);
    journal_close(j);
}

struct worker {
    pthread_t thread;
    struct journal *j;
    atomic_bool *is_over;
    bool is_trimming;            /* else it prepares */
    int rc;
};

static int work_once(struct worker *w)
{
    int rc = journal_sync(w->j, journal_end(w->j));
    if (rc != 0)
        return rc;
    if (w->is_trimming) {
        uint64_t synced = figures_of(w->j).synced;
        return scratch_trim(w->j, synced > 50 ? synced - 50 : 0, 0, HOUR_US, 1);
    }
    return journal_wants_spare(w->j) ? journal_prepare(w->j) : 0;
}

static void *work(void *arg)
{
    struct worker *w = arg;
    while (w->rc == 0 && !atomic_load(w->is_over))
        w->rc = work_once(w);
    return NULL;
}

static void workers_sync_prepare_and_trim_beside_the_writer(void **state)
{
    struct scratch *s = *state;
    struct journal *j = scratch_open(s);
    atomic_bool is_over = false;
    struct worker workers[2] = { { .j = j, .is_over = &is_over },
                                 { .j = j, .is_over = &is_over, .is_trimming = true } };
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    uint64_t last = append_many(j, 1, 20 * BULK_PER_SEGMENT, BULK);
    atomic_store(&is_over, true);
    for (int i = 0; i < 2; i++) {
        pthread_join(workers[i].thread, NULL);
        assert_int_equal(workers[i].rc, 0);
    }
    assert_int_equal(journal_sync(j, last), 0);
    assert_int_equal(figures_of(j).synced, last);
    assert_int_equal(figures_of(j).frames, 20 * BULK_PER_SEGMENT);

    struct journal_reader *r = scratch_reader(s, last - 40);
    struct frame f;
    uint64_t n = 0;
    while (journal_read(r, UINT64_MAX, &f) == 0)
        n = message_number(&f);
    assert_int_equal(n, 20 * BULK_PER_SEGMENT);
    journal_reader_close(r);
    journal_close(j);
}

static void second_writer_is_kept_out(void **state)
{
    struct scratch *s = *state;
    struct journal *j = scratch_open(s), *other = NULL;
    struct journal_opening o;
    assert_true(journal_open(&s->conf, 0, 0, &other, &o) < 0);
    assert_null(other);
    append_one(j, 1, 0);
    journal_close(j);
    j = scratch_open(s);
    journal_close(j);
}

static void read_only_journal_changes_nothing(void **state)
{
    struct scratch *s = *state;
    struct journal_conf conf = { .path = s->path, .is_read_only = true };
    struct journal *j = NULL;
    struct journal_opening o;
    assert_int_equal(journal_open(&conf, 0, 0, &j, &o), JOURNAL_ABSENT);
    conf.path = "/tmp/carbon-journal-that-is-not-there";
    assert_int_equal(journal_open(&conf, 0, 0, &j, &o), JOURNAL_ABSENT);
    conf.path = s->path;

    struct journal *writer = scratch_open(s);
    uint64_t last = append_many(writer, 1, BULK_PER_SEGMENT + 1, BULK);
    assert_int_equal(journal_prepare(writer), 0);
    assert_int_equal(journal_open(&conf, 0, 0, &j, &o), 0);     /* beside the writer */
    assert_int_equal(o.last, last);
    assert_int_equal(o.first, 1);
    assert_int_equal(journal_end(j), last);
    assert_int_equal(journal_id(j), journal_id(writer));
    struct frame f = { .kind = FRAME_TICK };
    assert_true(journal_append(j, &f) < 0);
    assert_int_equal(journal_sync(j, last), 0);
    assert_int_equal(journal_prepare(j), 0);
    assert_int_equal(scratch_trim(j, last, INT64_MAX, 0, 0), 0);
    assert_false(journal_wants_spare(j));
    journal_close(j);
    assert_true(scratch_has(s, 1, false) && scratch_has(s, 2, false) && scratch_has(s, 3, false));
    append_one(writer, 100, 0);
    journal_close(writer);
}

/* Four segments of BULK_PER_SEGMENT frames and one clock frame each, and one frame in a fifth. */
static struct journal *five_segments(struct scratch *s, uint64_t *last)
{
    struct journal *j = scratch_open(s);
    *last = append_many(j, 1, 4 * BULK_PER_SEGMENT + 1, BULK);
    assert_int_equal(figures_of(j).segments, 5);
    return j;
}

static void trim_keeps_what_has_to_stay(void **state)
{
    struct scratch *s = *state;
    const int64_t wall = clock_read().wall_us, old = wall + 25 * HOUR_US;
    const int64_t size = SCRATCH_SEGMENT, day = 24 * HOUR_US;
    const uint64_t per = BULK_PER_SEGMENT + 1;
    const struct { uint64_t committed; int64_t now, retain, most; uint64_t stay; } cases[] = {
        { 1000, wall, day, 10 * size, 5 },             /* young and within the bound */
        { 0, old, day, 0, 5 },                        /* nothing committed */
        { per - 1, old, day, 0, 5 },                  /* its last frame is not */
        { per, old, day, 10 * size, 4 },              /* by age, but only the committed */
        { 2 * per + 5, old, day, 10 * size, 3 },
        { 1000, wall, day, 4 * size, 4 },              /* by bytes, the oldest first */
        { 1000, wall, day, 3 * size - 1, 2 },
        { 3 * per, wall, day, 0, 2 },                  /* the bound does not cut the uncommitted */
        { 1000, old, day, 10 * size, 1 },             /* never the one being written */
        { 1000, wall, day, -5, 1 },
        { 1000, wall - 2 * day, day, 10 * size, 5 },   /* a clock that was put back */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t last;
        struct journal *j = five_segments(s, &last);
        assert_int_equal(journal_sync(j, last), 0);
        assert_int_equal(scratch_trim(j, cases[i].committed, cases[i].now, cases[i].retain,
                                      cases[i].most), 0);
        assert_int_equal(figures_of(j).segments, cases[i].stay);
        assert_int_equal(figures_of(j).bytes, cases[i].stay * SCRATCH_SEGMENT);
        for (uint64_t k = 1; k <= 5; k++)
            assert_int_equal(scratch_has(s, k, false), k > 5 - cases[i].stay);
        struct journal_reader *r = scratch_reader(s, 0);
        assert_reads(r, 1 + (5 - cases[i].stay) * BULK_PER_SEGMENT, 4 * BULK_PER_SEGMENT + 1, BULK);
        journal_reader_close(r);
        journal_close(j);
        scratch_empty(s->path);
    }
}

static void trim_leaves_unsynced_segments(void **state)
{
    struct scratch *s = *state;
    uint64_t last;
    struct journal *j = five_segments(s, &last);
    assert_int_equal(scratch_trim(j, last, INT64_MAX, 0, 0), 0);
    assert_int_equal(figures_of(j).segments, 5);
    assert_int_equal(journal_sync(j, BULK_PER_SEGMENT), 0);
    assert_int_equal(scratch_trim(j, last, INT64_MAX, 0, 0), 0);
    assert_int_equal(figures_of(j).segments, 4);
    journal_close(j);
}

static void trimmed_journal_opens_at_its_first_kept_frame(void **state)
{
    struct scratch *s = *state;
    uint64_t last;
    struct journal *j = five_segments(s, &last);
    assert_int_equal(journal_sync(j, last), 0);
    assert_int_equal(scratch_trim(j, last, 0, HOUR_US, 2 * SCRATCH_SEGMENT), 0);
    journal_close(j);
    struct journal_opening o;
    j = scratch_open_at(s, 0, &o);
    assert_int_equal(o.first, 3 * (BULK_PER_SEGMENT + 1) + 1);
    assert_int_equal(o.last, last);
    journal_close(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(appended_frames_are_read_in_order),
        SCRATCH_TEST(frame_bears_the_times_of_its_clock),
        SCRATCH_TEST(odd_bodies_come_back_as_they_were),
        SCRATCH_TEST(impossible_frames_are_refused_whole),
        SCRATCH_TEST(segment_too_small_for_the_largest_frame_is_refused),
        SCRATCH_TEST(full_segment_rolls_into_the_spare),
        SCRATCH_TEST(roll_without_a_spare_is_counted),
        SCRATCH_TEST(segment_is_filled_to_its_end_and_no_further),
        SCRATCH_TEST(sync_reaches_over_rolls),
        SCRATCH_TEST(workers_sync_prepare_and_trim_beside_the_writer),
        SCRATCH_TEST(second_writer_is_kept_out),
        SCRATCH_TEST(read_only_journal_changes_nothing),
        SCRATCH_TEST(trim_keeps_what_has_to_stay),
        SCRATCH_TEST(trim_leaves_unsynced_segments),
        SCRATCH_TEST(trimmed_journal_opens_at_its_first_kept_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
