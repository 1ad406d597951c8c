/* What each kind of entry of the log book does, which ones are refused, and what the ledger says of it. */
#include "pipeline_works_test.h"

static const char other_site_yaml[] = "gateway: gw-1\n" FACTORS "sites:\n" SECOND_SITE;

static const char two_points_yaml[] =
    "gateway: gw-1\nlateness: 1h\n" FACTORS
    "sites:\n"
    "  - id: mill\n"
    "    zone: UTC\n"
    "    smallest: 15min\n"
    "    periods: [15min, hour]\n"
    "    grace: 0s\n"
    "    restate_every: 0s\n"
    "    streams:\n"
    "      - {id: power, scope: 2, carrier: electricity, factor: grid}\n"
    "    devices:\n"
    "      - id: meter\n"
    "        points:\n"
    "          - {id: energy, kind: interval, unit: kWh, stream: power, interval: 1min}\n"
    "          - {id: other, kind: interval, unit: kWh, stream: power, interval: 1min}\n";

static const char vast_yaml[] =
    "gateway: gw-1\n" FACTORS
    "sites:\n"
    "  - id: mill\n"
    "    zone: UTC\n"
    "    streams:\n"
    "      - {id: power, scope: 2, carrier: electricity, factor: grid}\n"
    "    devices:\n"
    "      - id: meter\n"
    "        points:\n"
    "          - {id: energy, kind: interval, unit: GWh, resolution: 1000, stream: power,\n"
    "             interval: 1min}\n";

static struct status status_of(const struct follower *f, struct arena *arena)
{
    struct status s = { 0 };
    pipeline_status(f->pipeline, arena, &s);
    return s;
}

static void configuration_change_moves_the_ledger(void **state)
{
    struct works *w = *state;
    struct follower f = follower_of(w, "ledger");
    struct arena arena;

    arena_init(&arena, 0);
    say_beginning(w, plan_yaml);
    for (int minute = 1; minute <= 10; minute++)
        arrive_energy(w, minute, 1);
    take(w);
    begin(&f);
    follow_and_commit(&f, UINT64_MAX);
    struct status s = status_of(&f, &arena);
    assert_string_equal(s.sites[1].id, "mill");
    assert_int_equal(s.sites[1].ledger.by_verdict[VERDICT_COUNTED], 10);

    say_config(w, other_site_yaml);
    arrive_energy(w, 11, 1);
    take(w);
    follow_and_commit(&f, UINT64_MAX);
    for (int again = 0; again < 2; again++) {
        s = status_of(&f, &arena);
        assert_int_equal(s.n_sites, 2);
        assert_string_equal(s.sites[1].id, "quarry");
        assert_int_equal(s.sites[1].ledger.received, 0);
        assert_int_equal(s.sites[0].ledger.received, 11);
        assert_int_equal(s.sites[0].ledger.by_verdict[VERDICT_COUNTED], 10);
        assert_int_equal(s.sites[0].ledger.by_verdict[VERDICT_UNKNOWN_SITE], 1);
        assert_true(s.is_balanced);
        end(&f);
        begin(&f);
    }

    say_config(w, two_sites_yaml);       /* the site comes back: what was moved to "-" stays there */
    arrive_energy(w, 12, 1);
    take(w);
    follow_and_commit(&f, UINT64_MAX);
    end(&f);
    begin(&f);
    s = status_of(&f, &arena);
    assert_string_equal(s.sites[1].id, "mill");
    assert_int_equal(s.sites[1].ledger.received, 1);
    assert_int_equal(s.sites[0].ledger.received, 11);
    end(&f);
    arena_fini(&arena);
}

/* The entries came to the disk and the frames that they took did not. */
static void frames_lost_in_a_power_cut_are_passed_over(void **state)
{
    struct works *w = *state;
    struct buffer before = { 0 }, after = { 0 };

    say_beginning(w, plan_yaml);
    for (int minute = 1; minute <= 20; minute++)
        arrive_energy(w, minute, 1);
    take(w);
    uint64_t last = journal_end(w->intake), lost = last + 300;
    struct logbook_tail tail;
    say(w, &(struct entry){ .kind = FRAME_TOOK, .journal_id = journal_id(w->intake),
                            .until = lost });
    assert_int_equal(logbook_survey(w->logbook_path, 0, &tail), 0);
    assert_int_equal(tail.took, lost);
    assert_int_equal(tail.took_id, journal_id(w->intake));

    struct follower f = follower_of(w, "after");
    begin(&f);
    journal_close(w->intake);
    w->intake = open_journal(w->intake_path, tail.took);
    say(w, &(struct entry){ .kind = FRAME_LOST, .journal_id = journal_id(w->intake),
                            .from = last + 1, .until = lost });
    follow_and_commit(&f, UINT64_MAX);
    assert_int_equal(pipeline_took(f.pipeline, 0), lost);
    assert_int_equal(logbook_take(w->logbook, w->intake, &tail.took), LOGBOOK_NOTHING);

    for (int minute = 21; minute <= 40; minute++)
        arrive_energy(w, minute, 1);
    assert_true(journal_end(w->intake) > lost);
    w->took = tail.took;
    take(w);
    follow_and_commit(&f, UINT64_MAX);

    struct arena arena;
    arena_init(&arena, 0);
    assert_int_equal(status_of(&f, &arena).sites[1].ledger.by_verdict[VERDICT_COUNTED], 40);
    arena_fini(&arena);
    history(&f, &before);
    end(&f);
    replay(w, "again", &after);
    assert_same(&before, &after);
    buffer_fini(&before);
    buffer_fini(&after);
}

static int replay_command(const struct works *w, const char *name)
{
    char state[96];
    snprintf(state, sizeof state, "%s/%s", w->path, name);
    char *arguments[] = { "--logbook", (char *)w->logbook_path, "--intake", (char *)w->intake_path,
                          "--state", state };
    return command_replay(6, arguments);
}

/* The log book is the smaller one: it still begins at its beginning when the intake no longer does. */
static void replay_over_a_trimmed_intake_is_refused(void **state)
{
    struct works *w = *state;
    static uint8_t bulk[1 << 20];

    say_beginning(w, plan_yaml);
    for (int i = 0; i < 6; i++)
        arrive(w, (struct slice){ bulk, sizeof bulk });
    take(w);
    assert_int_equal(replay_command(w, "whole"), EXIT_DONE);

    assert_int_equal(journal_sync(w->intake, journal_end(w->intake)), 0);
    const struct journal_trimming all = { .committed = journal_end(w->intake), .now_wall_us = INT64_MAX };
    assert_int_equal(journal_trim(w->intake, &all), 0);
    assert_int_equal(replay_command(w, "trimmed"), EXIT_FAILED);
}

static void unknown_entry_kind_is_refused(void **state)
{
    struct works *w = *state;
    struct follower f = follower_of(w, "unknown");
    struct frame frame = { .kind = 99 };

    say_beginning(w, plan_yaml);
    assert_int_equal(journal_append(w->logbook, &frame), 0);
    begin(&f);
    assert_true(follow(&f, UINT64_MAX) < 0);
    assert_true(pipeline_position(f.pipeline) < frame.sequence);
    end(&f);
}

static void frames_before_a_configuration_are_refused(void **state)
{
    struct works *w = *state;
    struct follower f = follower_of(w, "early");

    arrive_energy(w, 1, 1);
    take(w);
    begin(&f);
    assert_true(follow(&f, UINT64_MAX) < 0);
    end(&f);
}

static void another_intake_in_its_place_is_refused(void **state)
{
    struct works *w = *state;
    struct follower f = follower_of(w, "other");

    say_beginning(w, plan_yaml);
    arrive_energy(w, 1, 1);
    say(w, &(struct entry){ .kind = FRAME_TOOK, .journal_id = journal_id(w->intake) + 1,
                            .until = journal_end(w->intake) });
    begin(&f);
    assert_true(follow(&f, UINT64_MAX) < 0);
    end(&f);
}

/* The last summary there is, unpacked. */
static Carbon__V1__SiteSummary *last_summary(const struct follower *f)
{
    struct store_summary s = { 0 };
    struct arena arena;
    Carbon__V1__SiteSummary *last = NULL;

    arena_init(&arena, 0);
    while (store_history_next(f->store, s.epoch_ordinal, s.sequence, &arena, &s) == 0) {
        if (last)
            carbon__v1__site_summary__free_unpacked(last, NULL);
        last = carbon__v1__site_summary__unpack(NULL, s.payload.size, s.payload.at);
        assert_non_null(last);
    }
    arena_fini(&arena);
    return last;
}

static void dropped_summaries_are_announced_with_the_next_sequence(void **state)
{
    struct works *w = *state;
    struct follower f = follower_of(w, "drop");
    struct status status = { 0 };
    struct arena arena;

    say_beginning(w, plan_yaml);
    for (int minute = 1; minute <= 20; minute++)
        arrive_energy(w, minute, 1);
    take(w);
    begin(&f);
    follow_and_commit(&f, UINT64_MAX);
    Carbon__V1__SiteSummary *before = last_summary(&f);
    assert_true(before->sequence > 5);

    say(w, &(struct entry){ .kind = FRAME_DROP, .epoch_ordinal = 1, .from = 2, .until = 4,
                            .start_us = BEGIN_US, .end_us = BEGIN_US + 3 * MINUTE_US });
    follow_and_commit(&f, UINT64_MAX);
    Carbon__V1__SiteSummary *m = last_summary(&f);
    assert_int_equal(m->kind, CARBON__V1__KIND__KIND_TOMBSTONE);
    assert_int_equal(m->sequence, before->sequence + 1);
    assert_int_equal(m->tombstone->dropped[0]->first_sequence, 2);
    assert_int_equal(m->tombstone->dropped[0]->last_sequence, 4);
    carbon__v1__site_summary__free_unpacked(m, NULL);
    carbon__v1__site_summary__free_unpacked(before, NULL);

    struct store_summary row;
    arena_init(&arena, 0);
    assert_int_equal(store_outbox_next(f.store, 1, 1, &arena, &row), 0);
    assert_int_equal(row.sequence, 5);
    end(&f);
    begin(&f);                       /* and the loss stays counted */
    pipeline_status(f.pipeline, &arena, &status);
    assert_int_equal(status.dropped_summaries, 3);
    assert_int_equal(status.tombstones, 1);
    arena_fini(&arena);
    end(&f);
}

/* Twelve hours, all but the last two are forgotten; then comes what belongs to the first minutes. */
static void forget_and_bring_late(struct works *w)
{
    say(w, &(struct entry){ .kind = FRAME_FORGET,
                            .before_us = clock_read().wall_us - 120 * MINUTE_US });
    arrive_at(w, "other", 5, 3);
    arrive_at(w, "other", 700, 4);
    take(w);
}

static unsigned count_of(const struct buffer *in, const char *text)
{
    unsigned n = 0;
    for (size_t i = 0; i + strlen(text) <= in->size; i++)
        n += memcmp(in->at + i, text, strlen(text)) == 0;
    return n;
}

static void forgetting_is_the_same_in_a_replay(void **state)
{
    struct works *w = *state;
    struct follower f = follower_of(w, "live");
    struct buffer live = { 0 }, again = { 0 };
    struct arena arena;

    say_beginning(w, two_points_yaml);
    begin(&f);
    for (int minute = 1; minute <= 720; minute++)
        arrive_energy(w, minute, 1);
    take(w);
    follow_and_commit(&f, UINT64_MAX);
    forget_and_bring_late(w);
    assert_int_equal(follow(&f, UINT64_MAX), 0);
    end(&f);                         /* killed before the commit */
    begin(&f);
    follow_and_commit(&f, UINT64_MAX);
    end(&f);
    begin(&f);
    forget_and_bring_late(w);
    follow_and_commit(&f, UINT64_MAX);

    arena_init(&arena, 0);
    /* Twice the same two: a late reading stands beside the totals, and the rows were gone again. */
    assert_int_equal(status_of(&f, &arena).windows_uncovered, 2 + 2);
    arena_fini(&arena);
    history(&f, &live);
    end(&f);
    assert_int_equal(count_of(&live, "/15min/2018-01-01T00:00Z/1 "), 1);
    assert_int_equal(count_of(&live, "/15min/2018-01-01T00:00Z/2 "), 0);
    assert_int_equal(count_of(&live, "/15min/2018-01-01T11:30Z/2 "), 1);
    replay(w, "again", &again);
    assert_same(&live, &again);
    buffer_fini(&live);
    buffer_fini(&again);
}

static void new_genesis_counts_from_one_again(void **state)
{
    struct works *w = *state;
    struct follower f = follower_of(w, "genesis");
    struct store_summary s;
    struct arena arena;

    arena_init(&arena, 0);
    say_beginning(w, plan_yaml);
    arrive_energy(w, 2, 1);
    take(w);
    say(w, &(struct entry){ .kind = FRAME_GENESIS, .gateway_epoch = 8, .epoch_ordinal = 2,
                            .gateway_id = slice_of("gw-1") });
    arrive_energy(w, 4, 1);
    take(w);
    begin(&f);
    follow_and_commit(&f, UINT64_MAX);
    assert_int_equal(store_history_next(f.store, 2, 0, &arena, &s), 0);
    assert_int_equal(s.epoch_ordinal, 2);
    assert_int_equal(s.sequence, 1);
    end(&f);
    arena_fini(&arena);
}

/* What no plant could have must not end the gateway at every start anew. */
static void amount_beyond_all_bounds_keeps_the_ledger_in_order(void **state)
{
    struct works *w = *state;
    struct follower f = follower_of(w, "vast");

    say_beginning(w, vast_yaml);
    arrive_energy(w, 1, 9e21);
    arrive_energy(w, 1, 8e21);
    take(w);
    begin(&f);
    follow_and_commit(&f, UINT64_MAX);
    end(&f);
}

/* A row of the ledger as a defect would have left it. */
static void cook(struct follower *f, const char *key, struct ledger_row row)
{
    struct buffer value = { 0 };
    buffer_put_u8(&value, 1);
    ledger_row_write(&row, &value);
    assert_int_equal(pipeline_load(f->pipeline, STAGE_LEDGER, slice_of(key), buffer_slice(&value)), 0);
    buffer_fini(&value);
}

static void a_reading_without_a_verdict_is_found_at_the_next_commit(void **state)
{
    struct works *w = *state;
    struct follower f = follower_of(w, "store");
    struct arena arena;
    arena_init(&arena, 0);
    say_beginning(w, plan_yaml);
    arrive_energy(w, 1, 1);
    take(w);
    begin(&f);
    follow_and_commit(&f, UINT64_MAX);
    assert_true(pipeline_audit(f.pipeline));

    cook(&f, "/mill", (struct ledger_row){ .received = 5, .by_verdict[VERDICT_COUNTED] = 4 });
    assert_false(pipeline_audit(f.pipeline));
    assert_false(status_of(&f, &arena).is_balanced);
    cook(&f, "/mill", (struct ledger_row){ .received = 5, .by_verdict[VERDICT_COUNTED] = 3,
                                           .by_verdict[VERDICT_LATE] = 2 });
    assert_true(pipeline_audit(f.pipeline));
    cook(&f, "-", (struct ledger_row){ .by_verdict[VERDICT_UNDECODABLE] = 1 });
    assert_false(pipeline_audit(f.pipeline));
    end(&f);
    arena_fini(&arena);
}

static void a_message_without_readings_or_verdict_is_found_at_the_next_commit(void **state)
{
    struct works *w = *state;
    struct follower f = follower_of(w, "store");
    struct buffer value = { 0 };
    say_beginning(w, plan_yaml);
    begin(&f);
    follow_and_commit(&f, UINT64_MAX);
    buffer_put_u8(&value, 1);
    for (uint64_t n = 7; n > 4; n--)         /* journalled 7, decoded 6, undecodable 5 */
        buffer_put_u64(&value, n);
    assert_int_equal(pipeline_load(f.pipeline, STAGE_LEDGER, slice_of("="), buffer_slice(&value)), 0);
    assert_false(pipeline_audit(f.pipeline));
    buffer_fini(&value);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORKS_TEST(configuration_change_moves_the_ledger),
        WORKS_TEST(frames_lost_in_a_power_cut_are_passed_over),
        WORKS_TEST(replay_over_a_trimmed_intake_is_refused),
        WORKS_TEST(unknown_entry_kind_is_refused),
        WORKS_TEST(frames_before_a_configuration_are_refused),
        WORKS_TEST(another_intake_in_its_place_is_refused),
        WORKS_TEST(new_genesis_counts_from_one_again),
        WORKS_TEST(forgetting_is_the_same_in_a_replay),
        WORKS_TEST(dropped_summaries_are_announced_with_the_next_sequence),
        WORKS_TEST(amount_beyond_all_bounds_keeps_the_ledger_in_order),
        WORKS_TEST(a_reading_without_a_verdict_is_found_at_the_next_commit),
        WORKS_TEST(a_message_without_readings_or_verdict_is_found_at_the_next_commit),
    };
    setenv("CARBON_CLOCK", "synchronised", 1);   /* whatever the machine's clock says */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
