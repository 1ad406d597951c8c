/* What the tests of the pipeline share: a gateway of files alone, what happens to it, and followers of its
 * log book with a store of their own. */
#ifndef PIPELINE_WORKS_TEST_H
#define PIPELINE_WORKS_TEST_H

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

static inline struct journal *open_journal(const char *path, uint64_t at_least)
{
    struct journal_conf conf = { .path = path, .segment_bytes = SEGMENT_BYTES };
    struct journal_opening found;
    struct journal *j = NULL;
    assert_int_equal(journal_open(&conf, 0, at_least, &j, &found), 0);
    return j;
}

static inline int make_works(void **state)
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

static inline void remove_directory(const char *path);

static inline void remove_name(void *self, const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", (const char *)self, name);
    if (unlink(path) != 0)
        remove_directory(path);
}

static inline void remove_directory(const char *path)
{
    file_list(path, remove_name, (void *)path);
    rmdir(path);
}

static inline int remove_works(void **state)
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

static inline void say(struct works *w, const struct entry *e)
{
    assert_int_equal(logbook_append(w->logbook, e), 0);
}

static inline void say_config(struct works *w, const char *yaml)
{
    say(w, &(struct entry){ .kind = FRAME_CONFIG, .yaml = slice_of(yaml) });
}

static inline void say_beginning(struct works *w, const char *yaml)
{
    say(w, &(struct entry){ .kind = FRAME_GENESIS, .gateway_epoch = 7, .epoch_ordinal = 1,
                            .gateway_id = slice_of("gw-1") });
    say(w, &(struct entry){ .kind = FRAME_START, .version = slice_of("0.1"),
                            .tzdata = slice_of("2025a") });
    say_config(w, yaml);
}

static inline void take(struct works *w)
{
    assert_int_equal(logbook_take(w->logbook, w->intake, &w->took), 0);
}

static inline void arrive(struct works *w, struct slice payload)
{
    struct frame f = { .kind = FRAME_MESSAGE, .flags = 1,
                       .topic = slice_of("carbon/v1/mill/meter/reading"), .rest = payload };
    assert_int_equal(journal_append(w->intake, &f), 0);
}

/* So much in the minute that ends then. */
static inline void arrive_at(struct works *w, const char *point, int minute, double kwh)
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

static inline void arrive_energy(struct works *w, int minute, double kwh)
{
    arrive_at(w, "energy", minute, kwh);
}

/* --- who follows --- */

static inline int load_row(void *self, enum stage stage, struct slice key, struct slice value)
{
    struct follower *f = self;
    return pipeline_load(f->pipeline, stage, key, value);
}

static inline void count_rejected(void *self, const struct pipeline_rejected *r)
{
    struct follower *f = self;
    assert_true(verdict_is_rejected(r->verdict));
    f->works->rejected++;
}

/* Goes on where its store stands. */
static inline void begin(struct follower *f)
{
    assert_int_equal(store_open(f->store_path, &f->store), 0);
    struct pipeline_conf conf = {
        .intakes = { f->works->intake_path },
        .lookup = store_lookup(f->store),
        .encode = payload_encode,
        .encode_self = &f->payload,
        .on_rejected = count_rejected,
        .rejected_self = f,
    };
    assert_int_equal(pipeline_open(&conf, &f->pipeline), 0);
    assert_int_equal(store_load(f->store, load_row, f), 0);
    pipeline_stand_at(f->pipeline, pipeline_logbook(f->pipeline), store_position(f->store));
    assert_int_equal(
        journal_reader_open(f->works->logbook_path, store_position(f->store), &f->reader), 0);
    f->batch = store_batch_new();
}

static inline void end(struct follower *f)
{
    journal_reader_close(f->reader);
    pipeline_close(f->pipeline);
    store_close(f->store);
    store_batch_free(f->batch);
}

static inline struct follower follower_of(struct works *w, const char *name)
{
    struct follower f = { .works = w };
    snprintf(f.store_path, sizeof f.store_path, "%s/%s.sqlite", w->path, name);
    return f;
}

static inline void commit(struct follower *f)
{
    assert_true(pipeline_audit(f->pipeline));
    pipeline_save(f->pipeline, f->batch);
    assert_int_equal(store_write(f->store, f->batch), 0);
    store_batch_clear(f->batch);
    pipeline_committed(f->pipeline);
}

static inline int follow(struct follower *f, uint64_t until)
{
    return logbook_follow(f->reader, until, f->pipeline, f->batch, SIZE_MAX);
}

static inline void follow_and_commit(struct follower *f, uint64_t until)
{
    assert_int_equal(follow(f, until), 0);
    commit(f);
}

/* All that was ever published, byte by byte. */
static inline void history(const struct follower *f, struct buffer *out)
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
static inline void replay(struct works *w, const char *name, struct buffer *out)
{
    struct follower f = follower_of(w, name);
    begin(&f);
    follow_and_commit(&f, UINT64_MAX);
    history(&f, out);
    end(&f);
}

static inline void assert_same(const struct buffer *a, const struct buffer *b)
{
    assert_int_equal(a->size, b->size);
    assert_memory_equal(a->at, b->at, a->size);
}

/* A morning with everything in it: order and disorder, duplicates, rubbish, a pause, a new plan. */
static inline void live_through_a_morning(struct works *w)
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

#endif
