/* The whole way of a reading but for the network: real journals, a real store, the pipeline between. Live,
 * broken off anywhere and replayed, it comes to the same bytes. */
#include "pipeline_works_test.h"

static void replay_gives_the_same_bytes(void **state)
{
    struct works *w = *state;
    struct buffer live = { 0 }, again = { 0 };
    struct follower f = follower_of(w, "live");

    say_beginning(w, plan_yaml);
    begin(&f);
    for (int minute = 1; minute <= 200; minute++) {
        arrive_energy(w, minute, minute);
        if (minute > 40 && minute % 20 == 0)
            arrive_energy(w, minute - 40, 0.5);        /* another value for a key: conflict */
        if (minute % 3 == 0) {
            take(w);
            assert_int_equal(follow(&f, journal_end(w->logbook)), 0);
        }
        if (minute % 8 == 0)
            commit(&f);
    }
    commit(&f);
    history(&f, &live);
    end(&f);

    replay(w, "replay", &again);
    assert_true(live.size > 10000);
    assert_same(&live, &again);
    buffer_fini(&live);
    buffer_fini(&again);
}

static void snapshot_at_any_point_gives_the_same_summaries(void **state)
{
    struct works *w = *state;
    struct buffer whole = { 0 };

    live_through_a_morning(w);
    replay(w, "whole", &whole);
    uint64_t last = journal_end(w->logbook);
    for (uint64_t until = 1; until < last; until++) {
        char name[32];
        struct buffer broken = { 0 };
        snprintf(name, sizeof name, "broken-%u", (unsigned)until);
        struct follower f = follower_of(w, name);
        begin(&f);
        follow_and_commit(&f, until);
        end(&f);
        begin(&f);
        follow_and_commit(&f, UINT64_MAX);
        history(&f, &broken);
        end(&f);
        assert_same(&whole, &broken);
        buffer_fini(&broken);
    }
    buffer_fini(&whole);
}

static void following_again_after_every_entry_gives_the_same_summaries(void **state)
{
    struct works *w = *state;
    struct buffer whole = { 0 }, broken = { 0 };
    struct follower f = follower_of(w, "broken");

    live_through_a_morning(w);
    replay(w, "whole", &whole);
    for (uint64_t until = 1; until <= journal_end(w->logbook); until++) {
        begin(&f);
        follow_and_commit(&f, until);
        end(&f);
    }
    begin(&f);
    history(&f, &broken);
    end(&f);
    assert_same(&whole, &broken);
    buffer_fini(&whole);
    buffer_fini(&broken);
}

/* A commit that comes late: its batch is cut, and more is taken before it is written. */
static void what_changes_during_a_commit_is_in_the_next(void **state)
{
    struct works *w = *state;
    struct buffer whole = { 0 }, slow = { 0 };
    struct follower f = follower_of(w, "slow");
    struct store_batch *cut = NULL;

    live_through_a_morning(w);
    replay(w, "whole", &whole);
    begin(&f);
    for (uint64_t until = 1; until <= journal_end(w->logbook); until++) {
        assert_int_equal(follow(&f, until), 0);
        if (cut && until % 3 == 0) {
            assert_int_equal(store_write(f.store, cut), 0);
            store_batch_free(cut);
            cut = NULL;
            pipeline_committed(f.pipeline);
        } else if (!cut) {
            pipeline_save(f.pipeline, f.batch);
            cut = f.batch;
            f.batch = store_batch_new();
        }
    }
    if (cut)
        assert_int_equal(store_write(f.store, cut), 0);
    store_batch_free(cut);
    commit(&f);
    history(&f, &slow);
    end(&f);
    assert_same(&whole, &slow);
    buffer_fini(&whole);
    buffer_fini(&slow);
}

static void late_reading_leaves_as_next_revision(void **state)
{
    struct works *w = *state;
    struct follower f = follower_of(w, "late");
    struct store_summary s = { 0 };
    struct arena arena;
    uint32_t revision = 0;

    arena_init(&arena, 0);
    say_beginning(w, plan_yaml);
    for (int minute = 1; minute <= 4; minute++)
        if (minute != 2)
            arrive_energy(w, minute, 1);
    take(w);
    arrive_energy(w, 2, 5);
    take(w);
    begin(&f);
    follow_and_commit(&f, UINT64_MAX);
    while (store_history_next(f.store, s.epoch_ordinal, s.sequence, &arena, &s) == 0)
        if (strcmp(s.period, "1min") == 0 && s.start_us == BEGIN_US + MINUTE_US)
            assert_int_equal(s.revision, ++revision);
    assert_int_equal(revision, 2);
    end(&f);
    arena_fini(&arena);
}

static bool is_clock_unsynchronised(const struct store_summary *s)
{
    Carbon__V1__SiteSummary *summary =
        carbon__v1__site_summary__unpack(NULL, s->payload.size, s->payload.at);
    assert_non_null(summary);
    bool is_unsynchronised = summary->quality->is_clock_unsynchronised;
    carbon__v1__site_summary__free_unpacked(summary, NULL);
    return is_unsynchronised;
}

/* No clock was read for its end: the last summaries say what the log book's last entry said. */
static void closing_a_replay_leaves_the_clock_alone(void **state)
{
    struct works *w = *state;
    struct follower f = follower_of(w, "close");
    struct store_summary first, s;
    struct arena arena;

    arena_init(&arena, 0);
    say_beginning(w, plan_yaml);
    for (int minute = 1; minute <= 5; minute++)
        arrive_energy(w, minute, 1);
    take(w);
    begin(&f);
    follow_and_commit(&f, UINT64_MAX);
    assert_int_equal(pipeline_take(f.pipeline, &(struct entry){ .kind = FRAME_CLOSE }, f.batch), 0);
    commit(&f);

    assert_int_equal(store_history_next(f.store, 0, 0, &arena, &first), 0);
    s = first;
    unsigned hours = 0;
    while (store_history_next(f.store, s.epoch_ordinal, s.sequence, &arena, &s) == 0) {
        assert_int_equal(s.published_us, first.published_us);
        assert_int_equal(is_clock_unsynchronised(&s), is_clock_unsynchronised(&first));
        hours += strcmp(s.period, "hour") == 0;
    }
    assert_int_equal(hours, 1);
    end(&f);
    arena_fini(&arena);
}

static void long_backlog_is_taken_in_stretches(void **state)
{
    struct works *w = *state;
    unsigned entries = 0;
    int rc;

    say_beginning(w, plan_yaml);
    for (int i = 0; i < 10000; i++)
        arrive(w, slice_of("x"));
    while ((rc = logbook_take(w->logbook, w->intake, &w->took)) == 0)
        entries++;
    assert_int_equal(rc, LOGBOOK_NOTHING);
    assert_int_equal(w->took, journal_end(w->intake));
    assert_in_range(entries, 3, 20);
}

/* Found by tests/fuzz/snapshot.c. */
static void snapshot_row_that_was_cut_is_refused(void **state)
{
    struct works *w = *state;
    struct follower f = follower_of(w, "cut");
    struct buffer row = { 0 };
    buffer_put_u8(&row, 1);
    buffer_put_u64(&row, 7);
    buffer_put_u32(&row, 1);
    buffer_put_u64(&row, 42);
    buffer_put_text(&row, "0.1");
    buffer_put_text(&row, "2025a");

    begin(&f);
    struct slice whole = buffer_slice(&row), key = slice_of("b epoch");
    for (size_t n = 0; n < whole.size; n++)
        assert_true(pipeline_load(f.pipeline, STAGE_PIPELINE, key, (struct slice){ whole.at, n }) != 0);
    assert_int_equal(pipeline_load(f.pipeline, STAGE_PIPELINE, key, whole), 0);
    assert_int_equal(pipeline_began(f.pipeline), 0);
    end(&f);
    buffer_fini(&row);
}

/* Version 1 does not say where a later epoch began: before any base of its log book. */
static void row_of_the_epoch_is_read_in_every_version_and_a_newer_one_is_refused(void **state)
{
    struct works *w = *state;
    static const uint64_t expected[] = { 1, 55 };
    for (uint8_t version = 1; version <= 3; version++) {
        struct follower f = follower_of(w, "epoch");
        struct buffer row = { 0 };
        buffer_put_u8(&row, version);
        buffer_put_u64(&row, 7);
        buffer_put_u32(&row, 2);
        buffer_put_u64(&row, 42);
        buffer_put_text(&row, "0.1");
        buffer_put_text(&row, "2025a");
        if (version > 1)
            buffer_put_u64(&row, 55);
        begin(&f);
        int rc = pipeline_load(f.pipeline, STAGE_PIPELINE, slice_of("b epoch"), buffer_slice(&row));
        assert_int_equal(rc < 0, version == 3);
        if (rc == 0)
            assert_int_equal(pipeline_began(f.pipeline), expected[version - 1]);
        end(&f);
        buffer_fini(&row);
    }
}

/* A start that finds nothing to follow saves, too. */
static void a_commit_before_the_next_entry_keeps_the_position(void **state)
{
    struct works *w = *state;
    struct follower f = follower_of(w, "resting");

    live_through_a_morning(w);
    begin(&f);
    follow_and_commit(&f, journal_end(w->logbook));
    uint64_t position = store_position(f.store);
    assert_true(position > 0);
    end(&f);
    begin(&f);
    commit(&f);
    end(&f);
    begin(&f);
    assert_int_equal(store_position(f.store), position);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORKS_TEST(replay_gives_the_same_bytes),
        WORKS_TEST(a_commit_before_the_next_entry_keeps_the_position),
        WORKS_TEST(snapshot_at_any_point_gives_the_same_summaries),
        WORKS_TEST(following_again_after_every_entry_gives_the_same_summaries),
        WORKS_TEST(what_changes_during_a_commit_is_in_the_next),
        WORKS_TEST(late_reading_leaves_as_next_revision),
        WORKS_TEST(closing_a_replay_leaves_the_clock_alone),
        WORKS_TEST(long_backlog_is_taken_in_stretches),
        WORKS_TEST(snapshot_row_that_was_cut_is_refused),
        WORKS_TEST(row_of_the_epoch_is_read_in_every_version_and_a_newer_one_is_refused),
    };
    setenv("CARBON_CLOCK", "synchronised", 1);   /* whatever the machine's clock says */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
