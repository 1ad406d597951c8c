/* The whole way of a reading but for the network: real journals, a real store, the pipeline between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above. */
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "command/command.h"
#include "payload.h"
#include "pipeline.h"
#include "reading.pb-c.h"
#include "summary.pb-c.h"
#include "vault/logbook.h"

#define MINUTE_US INT64_C(60000000)
#define BEGIN_US INT64_C(1514764800000000)       /* 2018-01-01T00:00:00Z */
#define SEGMENT_BYTES ((int64_t)4 << 20)

#define FACTORS                                                                                    \
    "factors:\n"                                                                                   \
    "  - {id: grid, source: made up, per: kWh, co2: 0.5}\n"
#define SITES                                                                                      \
    "sites:\n"                                                                                     \
    "  - id: mill\n"                                                                               \
    "    zone: UTC\n"                                                                              \
    "    periods: [1min, 15min, hour]\n"                                                           \
    "    publish_shorter: true\n"                                                                  \
    "    grace: 0s\n"                                                                              \
    "    restate_every: 0s\n"                                                                      \
    "    streams:\n"                                                                               \
    "      - {id: power, scope: 2, carrier: electricity, factor: grid}\n"                          \
    "    devices:\n"                                                                               \
    "      - id: meter\n"                                                                          \
    "        points:\n"                                                                            \
    "          - {id: energy, kind: interval, unit: kWh, stream: power, interval: 1min}\n"
#define SECOND_SITE                                                                                \
    "  - id: quarry\n"                                                                             \
    "    zone: UTC\n"

static const char plan_yaml[] = "gateway: gw-1\n" FACTORS SITES;
static const char two_sites_yaml[] = "gateway: gw-1\n" FACTORS SITES SECOND_SITE;
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

/* A gateway of files alone. */
struct works {
    char path[64], intake_path[80], logbook_path[80];
    struct journal *intake, *logbook;
    uint64_t took, sequence;
    unsigned rejected;
};

/* Somebody who follows its log book into a store of their own. */
struct follower {
    char store_path[128];
    struct works *works;
    struct payload payload;
    struct store *store;
    struct store_batch *batch;
    struct pipeline *pipeline;
    struct journal_reader *reader;
};

static struct journal *open_journal(const char *path, uint64_t at_least)
{
    struct journal_conf conf = { .path = path, .segment_bytes = SEGMENT_BYTES };
    struct journal_opening found;
    struct journal *j = NULL;
    assert_int_equal(journal_open(&conf, 0, at_least, &j, &found), 0);
    return j;
}

static int make_works(void **state)
{
    struct works *w = calloc(1, sizeof *w);
    snprintf(w->path, sizeof w->path, "/tmp/carbon-pipeline-XXXXXX");
    if (!mkdtemp(w->path))
        return -1;
    snprintf(w->intake_path, sizeof w->intake_path, "%s/intake", w->path);
    snprintf(w->logbook_path, sizeof w->logbook_path, "%s/logbook", w->path);
    w->intake = open_journal(w->intake_path, 0);
    w->logbook = open_journal(w->logbook_path, 0);
    *state = w;
    return 0;
}

static void remove_directory(const char *path);

static void remove_name(void *self, const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", (const char *)self, name);
    if (unlink(path) != 0)
        remove_directory(path);
}

static void remove_directory(const char *path)
{
    file_list(path, remove_name, (void *)path);
    rmdir(path);
}

static int remove_works(void **state)
{
    struct works *w = *state;
    journal_close(w->intake);
    journal_close(w->logbook);
    remove_directory(w->path);
    free(w);
    return 0;
}

#define WORKS_TEST(f) cmocka_unit_test_setup_teardown(f, make_works, remove_works)

/* --- what happens --- */

static void say(struct works *w, const struct entry *e)
{
    assert_int_equal(logbook_append(w->logbook, e), 0);
}

static void say_config(struct works *w, const char *yaml)
{
    say(w, &(struct entry){ .kind = FRAME_CONFIG, .yaml = slice_of(yaml) });
}

static void say_beginning(struct works *w, const char *yaml)
{
    say(w, &(struct entry){ .kind = FRAME_GENESIS, .gateway_epoch = 7, .epoch_ordinal = 1,
                            .gateway_id = slice_of("gw-1") });
    say(w, &(struct entry){ .kind = FRAME_START, .version = slice_of("0.1"),
                            .tzdata = slice_of("2025a") });
    say_config(w, yaml);
}

static void take(struct works *w)
{
    assert_int_equal(logbook_take(w->logbook, w->intake, &w->took), 0);
}

static void arrive(struct works *w, struct slice payload)
{
    struct frame f = { .kind = FRAME_MESSAGE, .flags = 1,
                       .topic = slice_of("carbon/v1/mill/meter/reading"), .rest = payload };
    assert_int_equal(journal_append(w->intake, &f), 0);
}

/* So much in the minute that ends then. */
static void arrive_at(struct works *w, const char *point, int minute, double kwh)
{
    uint8_t bytes[128];
    Carbon__V1__Reading r = CARBON__V1__READING__INIT;
    r.point = (char *)point;
    r.time_unix_ms = (BEGIN_US + minute * MINUTE_US) / 1000;
    r.value = kwh;
    r.boot_id = 1;
    r.sequence = ++w->sequence;
    arrive(w, (struct slice){ bytes, carbon__v1__reading__pack(&r, bytes) });
}

static void arrive_energy(struct works *w, int minute, double kwh)
{
    arrive_at(w, "energy", minute, kwh);
}

/* --- who follows --- */

static int lookup_row(void *self, enum stage stage, struct slice key, struct slice *out)
{
    struct follower *f = self;
    return store_get(f->store, stage, key, out);
}

static int load_row(void *self, enum stage stage, struct slice key, struct slice value)
{
    struct follower *f = self;
    return pipeline_load(f->pipeline, stage, key, value);
}

static void count_rejected(void *self, const struct pipeline_rejected *r)
{
    struct follower *f = self;
    assert_true(verdict_is_rejected(r->verdict));
    f->works->rejected++;
}

/* Goes on where its store stands. */
static void begin(struct follower *f)
{
    struct pipeline_conf conf = {
        .intakes = { f->works->intake_path },
        .lookup = { lookup_row, f },
        .encode = payload_encode,
        .encode_self = &f->payload,
        .on_rejected = count_rejected,
        .rejected_self = f,
    };
    assert_int_equal(store_open(f->store_path, &f->store), 0);
    assert_int_equal(pipeline_open(&conf, &f->pipeline), 0);
    assert_int_equal(store_load(f->store, load_row, f), 0);
    pipeline_stand_at(f->pipeline, pipeline_logbook(f->pipeline), store_position(f->store));
    assert_int_equal(
        journal_reader_open(f->works->logbook_path, store_position(f->store), &f->reader), 0);
    f->batch = store_batch_new();
}

static void end(struct follower *f)
{
    journal_reader_close(f->reader);
    pipeline_close(f->pipeline);
    store_close(f->store);
    store_batch_free(f->batch);
}

static struct follower follower_of(struct works *w, const char *name)
{
    struct follower f = { .works = w };
    snprintf(f.store_path, sizeof f.store_path, "%s/%s.sqlite", w->path, name);
    return f;
}

static void commit(struct follower *f)
{
    assert_true(pipeline_audit(f->pipeline));
    pipeline_save(f->pipeline, f->batch);
    assert_int_equal(store_write(f->store, f->batch), 0);
    store_batch_clear(f->batch);
    pipeline_committed(f->pipeline);
}

static int follow(struct follower *f, uint64_t until)
{
    return logbook_follow(f->reader, until, f->pipeline, f->batch, SIZE_MAX);
}

static void follow_and_commit(struct follower *f, uint64_t until)
{
    assert_int_equal(follow(f, until), 0);
    commit(f);
}

/* All that was ever published, byte by byte. */
static void history(const struct follower *f, struct buffer *out)
{
    struct store_summary s = { 0 };
    struct arena arena;
    int rc;

    arena_init(&arena, 0);
    while ((rc = store_history_next(f->store, s.epoch_ordinal, s.sequence, &arena, &s)) == 0) {
        buffer_print(out, "%u/%llu %s %s of %llu/%u\n", (unsigned)s.epoch_ordinal,
                     (unsigned long long)s.sequence, s.id, s.topic, (unsigned long long)s.cause,
                     (unsigned)s.ordinal);
        buffer_put_slice(out, s.payload);
    }
    assert_int_equal(rc, STORE_NONE);
    arena_fini(&arena);
}

/* What one gets who follows to the end without a break. */
static void replay(struct works *w, const char *name, struct buffer *out)
{
    struct follower f = follower_of(w, name);
    begin(&f);
    follow_and_commit(&f, UINT64_MAX);
    history(&f, out);
    end(&f);
}

static void assert_same(const struct buffer *a, const struct buffer *b)
{
    assert_int_equal(a->size, b->size);
    assert_memory_equal(a->at, b->at, a->size);
}

/* A morning with everything in it: order and disorder, duplicates, rubbish, a pause, a new plan. */
static void live_through_a_morning(struct works *w)
{
    say_beginning(w, plan_yaml);
    for (int minute = 1; minute <= 150; minute++) {
        if (minute % 7 != 0)
            arrive_energy(w, minute, minute * 0.25);
        if (minute % 10 == 0)
            arrive_energy(w, minute - 3, 1);           /* late if it was left out, else a conflict */
        if (minute % 13 == 0)
            arrive(w, slice_of("\xff\xff"));
        if (minute % 5 == 0)
            take(w);
        if (minute % 25 == 0)
            say(w, &(struct entry){ .kind = FRAME_TICK });
        if (minute == 90)
            say_config(w, two_sites_yaml);
    }
    for (int minute = 7; minute <= 140; minute += 7)   /* far behind what is kept in memory */
        arrive_energy(w, minute, 2);
    take(w);
    say(w, &(struct entry){ .kind = FRAME_TICK });
}

/* --- tests --- */

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
    end(&f);
    buffer_fini(&row);
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
        WORKS_TEST(configuration_change_moves_the_ledger),
        WORKS_TEST(frames_lost_in_a_power_cut_are_passed_over),
        WORKS_TEST(replay_over_a_trimmed_intake_is_refused),
        WORKS_TEST(unknown_entry_kind_is_refused),
        WORKS_TEST(frames_before_a_configuration_are_refused),
        WORKS_TEST(another_intake_in_its_place_is_refused),
        WORKS_TEST(new_genesis_counts_from_one_again),
        WORKS_TEST(forgetting_is_the_same_in_a_replay),
        WORKS_TEST(dropped_summaries_are_announced_with_the_next_sequence),
        WORKS_TEST(closing_a_replay_leaves_the_clock_alone),
        WORKS_TEST(amount_beyond_all_bounds_keeps_the_ledger_in_order),
        WORKS_TEST(long_backlog_is_taken_in_stretches),
        WORKS_TEST(a_reading_without_a_verdict_is_found_at_the_next_commit),
        WORKS_TEST(a_message_without_readings_or_verdict_is_found_at_the_next_commit),
        WORKS_TEST(snapshot_row_that_was_cut_is_refused),
    };
    setenv("CARBON_CLOCK", "synchronised", 1);   /* whatever the machine's clock says */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
