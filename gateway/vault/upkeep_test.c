/* Upkeep on a scratch state: whatever rolled, was trimmed or archived, the newest base and the journals
 * behind it give back what the store says.
 *
 * The state here is a fold that a test can do by itself: a hash over all frames in the order in which the
 * log book took them. An entry is "took up to N". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above. */
#include <cmocka.h>

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "journal/archive.h"
#include "journal/base.h"
#include "pipeline.h"
#include "vault/upkeep_private.h"

#define SEGMENT_BYTES (9 * 256 * 1024)
#define BULK (180u * 1024u)
#define HOUR_US (INT64_C(3600) * 1000000)

struct bench {
    char path[64], intake_path[96], logbook_path[96], store_path[96];
    struct journal *intake, *logbook;
    struct store *store;
    struct store_batch *batch;
    struct upkeep *upkeep;
    uint64_t took, position, fold, began;
    uint32_t seed;
};

static uint32_t chance(struct bench *b, uint32_t of)
{
    b->seed = b->seed * 1664525u + 1013904223u;
    return (b->seed >> 8) % of;
}

static struct journal *open_journal(const char *path)
{
    struct journal *j = NULL;
    struct journal_opening o;
    struct journal_conf conf = { .path = path, .segment_bytes = SEGMENT_BYTES };
    assert_int_equal(journal_open(&conf, 0, 0, &j, &o), 0);
    return j;
}

static void begin_upkeep(struct bench *b, int64_t retain_us, int64_t most_bytes, int64_t archive_us)
{
    const struct upkeep_conf conf = {
        .intake = b->intake, .logbook = b->logbook, .store = b->store,
        .intake_path = b->intake_path, .logbook_path = b->logbook_path, .store_path = b->store_path,
        .retain_us = retain_us, .most_bytes = most_bytes,
        .archive_us = archive_us, .archive_most_bytes = INT64_MAX,
        .history_us = HOUR_US, .lateness_us = HOUR_US,
    };
    upkeep_free(b->upkeep);
    b->upkeep = upkeep_new(&conf);
}

static int bench_make(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    snprintf(b->path, sizeof b->path, "/tmp/carbon-upkeep-XXXXXX");
    if (!mkdtemp(b->path))
        return -1;
    snprintf(b->intake_path, sizeof b->intake_path, "%s/intake", b->path);
    snprintf(b->logbook_path, sizeof b->logbook_path, "%s/logbook", b->path);
    snprintf(b->store_path, sizeof b->store_path, "%s/store.sqlite", b->path);
    b->intake = open_journal(b->intake_path);
    b->logbook = open_journal(b->logbook_path);
    b->batch = store_batch_new();
    *state = b;
    return store_open(b->store_path, &b->store);
}

static void empty(const char *path)
{
    char inner[PATH_MAX];
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d));) {
        snprintf(inner, sizeof inner, "%s/%s", path, e->d_name);
        if (e->d_name[0] == '.' || unlink(inner) == 0)
            continue;
        empty(inner);
        rmdir(inner);
    }
    if (d)
        closedir(d);
}

static int bench_remove(void **state)
{
    struct bench *b = *state;
    upkeep_free(b->upkeep);
    store_close(b->store);
    store_batch_free(b->batch);
    journal_close(b->logbook);
    journal_close(b->intake);
    empty(b->path);
    rmdir(b->path);
    free(b);
    return 0;
}

#define BENCH_TEST(f) cmocka_unit_test_setup_teardown(f, bench_make, bench_remove)

static uint64_t fold_frame(uint64_t fold, const struct frame *f)
{
    return hash_bytes(f->rest, fold ^ f->sequence);
}

/* Appends n frames, says that they were taken, folds them, commits. */
static void live(struct bench *b, unsigned n, size_t entry_bytes)
{
    static uint8_t bulk[BULK];
    for (unsigned i = 0; i < n; i++) {
        for (size_t k = 0; k < 64; k++)
            bulk[k] = (uint8_t)chance(b, 256);
        struct frame f = { .kind = FRAME_MESSAGE, .topic = slice_of("t"), .rest = { bulk, sizeof bulk } };
        assert_int_equal(journal_append(b->intake, &f), 0);
        b->fold = fold_frame(b->fold, &f);
        b->took = f.sequence;
    }
    memset(bulk, 0, 8);
    memcpy(bulk, &b->took, sizeof b->took);
    struct frame entry = { .kind = FRAME_TICK, .rest = { bulk, entry_bytes > 8 ? entry_bytes : 8 } };
    assert_int_equal(journal_append(b->logbook, &entry), 0);
    b->position = entry.sequence;

    struct buffer row = { 0 };
    buffer_put_u8(&row, 1);
    buffer_put_u64(&row, journal_id(b->intake));
    buffer_put_u64(&row, b->took);
    struct state_out out = store_batch_state(b->batch);
    out.put(out.self, STAGE_PIPELINE, slice_of(PIPELINE_TOOK_KEY), buffer_slice(&row));
    out.put(out.self, STAGE_METER, slice_of("fold"),
            (struct slice){ (const uint8_t *)&b->fold, sizeof b->fold });
    store_batch_position(b->batch, b->position);
    assert_int_equal(journal_sync(b->intake, b->took), 0);
    assert_int_equal(journal_sync(b->logbook, b->position), 0);
    assert_int_equal(store_write(b->store, b->batch), 0);
    store_batch_clear(b->batch);
    buffer_fini(&row);
}

/* What a base says, and what the journals say behind it. */
static uint64_t fold_of_base(const struct bench *b, uint64_t position, struct base_head *head)
{
    char path[PATH_MAX];
    struct base_reader *r = NULL;
    uint8_t kind;
    struct slice key, value;
    uint64_t fold = 0;
    base_path(b->logbook_path, position, path, sizeof path);
    assert_int_equal(base_open(path, &r, head), 0);
    while (base_read(r, &kind, &key, &value) == 0)
        if (kind == STAGE_METER)
            memcpy(&fold, value.at, sizeof fold);
    base_close(r);
    return fold;
}

static uint64_t follow(const struct bench *b, uint64_t fold, uint64_t position, uint64_t took)
{
    struct journal_reader *entries = NULL, *frames = NULL;
    struct frame entry, f;
    uint64_t expected = took, said = position;
    assert_int_equal(journal_reader_open(b->logbook_path, position, &entries), 0);
    assert_int_equal(journal_reader_open(b->intake_path, took, &frames), 0);
    while (journal_read(entries, UINT64_MAX, &entry) == 0) {
        uint64_t until;
        assert_true(entry.sequence - said <= 2);       /* a clock's may be in between */
        said = entry.sequence;
        memcpy(&until, entry.rest.at, sizeof until);
        while (journal_read(frames, until, &f) == 0) {
            assert_true(f.sequence - expected <= 2);
            expected = f.sequence;
            fold = fold_frame(fold, &f);
        }
        assert_int_equal(expected, until);
    }
    journal_reader_close(entries);
    journal_reader_close(frames);
    return fold;
}

/* Every base that stands there will do, not the newest alone. Without the archive. */
static void assert_bases_give_the_state_back(const struct bench *b)
{
    char archive[PATH_MAX], hidden[PATH_MAX], log_archive[PATH_MAX], log_hidden[PATH_MAX];
    snprintf(archive, sizeof archive, "%s/archive", b->intake_path);
    snprintf(hidden, sizeof hidden, "%s/hidden", b->intake_path);
    snprintf(log_archive, sizeof log_archive, "%s/archive", b->logbook_path);
    snprintf(log_hidden, sizeof log_hidden, "%s/hidden", b->logbook_path);
    rename(archive, hidden);
    rename(log_archive, log_hidden);
    struct base_list list = { 0 };
    assert_int_equal(base_list_read(b->logbook_path, &list), 0);
    for (size_t i = 0; i < list.n; i++) {
        struct base_head head;
        uint64_t fold = fold_of_base(b, list.at[i], &head);
        assert_true(follow(b, fold, head.position, head.intake_took) == b->fold);
    }
    free(list.at);
    rename(hidden, archive);
    rename(log_hidden, log_archive);
}

static uint64_t segments_of(const struct journal *j)
{
    struct journal_figures f;
    journal_figures(j, &f);
    return f.segments;
}

static void turn(struct bench *b, int64_t now_us)
{
    upkeep_turn(b->upkeep, b->position, b->took, b->began, now_us);
}

static struct upkeep_figures figures_of(const struct bench *b)
{
    struct upkeep_figures f;
    upkeep_figures(b->upkeep, &f);
    return f;
}

static void nothing_is_trimmed_before_a_base_stands_behind_it(void **state)
{
    struct bench *b = *state;
    begin_upkeep(b, 0, 0, HOUR_US);
    live(b, 5, 0);
    turn(b, INT64_MAX / 2);
    assert_int_equal(figures_of(b).bases, 0);                  /* no roll yet */
    live(b, 20, 0);
    uint64_t segments = segments_of(b->intake);
    turn(b, 0);                                                /* young, but beyond the bound of 0 */
    assert_int_equal(figures_of(b).bases, 1);
    assert_int_equal(figures_of(b).base_position, b->position);
    assert_true(segments_of(b->intake) < segments);
    turn(b, 0);
    assert_int_equal(figures_of(b).bases, 1);                  /* no roll since */
    assert_bases_give_the_state_back(b);
}

/* A base is then this large, and waits until as much was rolled. */
static void make_state_large(struct bench *b, size_t size)
{
    uint8_t *large = calloc(1, size + 1);
    struct state_out out = store_batch_state(b->batch);
    out.put(out.self, STAGE_ACCOUNT, slice_of("large"), (struct slice){ large, size });
    free(large);
}

static void newest_base_and_the_journals_behind_it_give_the_state_back(void **state)
{
    struct bench *b = *state;
    b->seed = 7;
    uint64_t bases = 0;
    for (int step = 0; step < 80; step++) {
        if (step % 20 == 0)
            begin_upkeep(b, 0, chance(b, 2) ? 0 : 3 * SEGMENT_BYTES, step == 20 ? 0 : HOUR_US);
        if (step == 15 || step == 35)
            make_state_large(b, step == 15 ? 2 * SEGMENT_BYTES : 0);
        bool is_quiet = step >= 35;                    /* the log book rolls more often than the intake */
        live(b, is_quiet ? chance(b, 2) : 1 + chance(b, 9), is_quiet || chance(b, 3) == 0 ? BULK : 0);
        if (chance(b, 2) == 0)
            turn(b, 0);
        if (figures_of(b).bases > bases)
            bases = figures_of(b).bases;
        assert_bases_give_the_state_back(b);
    }
    assert_true(bases > 1);
    assert_true(segments_of(b->intake) < 10);
    assert_true(segments_of(b->logbook) < 10);
}

static void all_that_ever_was_is_read_through_the_archive(void **state)
{
    struct bench *b = *state;
    b->seed = 3;
    begin_upkeep(b, 0, 0, HOUR_US);
    for (int step = 0; step < 30; step++) {
        live(b, 4, BULK);
        turn(b, 0);
    }
    assert_true(figures_of(b).archive_files > 8);
    assert_true(journal_first(b->intake) > 1);
    assert_true(journal_first(b->logbook) > 1);
    assert_true(follow(b, 0, 0, 0) == b->fold);
}

static void without_an_archive_nothing_is_kept(void **state)
{
    struct bench *b = *state;
    begin_upkeep(b, 0, 0, 0);
    live(b, 30, 0);
    turn(b, 0);
    assert_int_equal(segments_of(b->intake), 1);
    assert_int_equal(figures_of(b).archive_files, 0);
}

static void damaged_newest_base_is_set_aside_and_another_is_written(void **state)
{
    struct bench *b = *state;
    char path[PATH_MAX];
    begin_upkeep(b, HOUR_US, INT64_MAX, HOUR_US);
    live(b, 15, 0);
    turn(b, 0);
    uint64_t position = figures_of(b).base_position;
    base_path(b->logbook_path, position, path, sizeof path);
    assert_int_equal(truncate(path, 90), 0);
    live(b, 1, 0);
    begin_upkeep(b, HOUR_US, INT64_MAX, HOUR_US);              /* as after a restart */
    turn(b, 0);
    assert_int_equal(figures_of(b).base_position, b->position);
    assert_int_equal(access(path, F_OK), -1);
    strcat(path, ".damaged");
    assert_int_equal(access(path, F_OK), 0);
    assert_bases_give_the_state_back(b);
}

static void base_waits_until_as_much_came_in_as_the_last_one_is_large(void **state)
{
    struct bench *b = *state;
    begin_upkeep(b, HOUR_US, INT64_MAX, HOUR_US);
    make_state_large(b, 3 * SEGMENT_BYTES / 2);
    live(b, 13, 0);                                            /* rolls once: some 12 in a segment */
    turn(b, 0);
    uint64_t first = figures_of(b).base_position;
    assert_true(first > 0);
    live(b, 13, 0);
    turn(b, 0);
    assert_int_equal(figures_of(b).base_position, first);
    live(b, 13, 0);
    turn(b, 0);
    assert_int_equal(figures_of(b).base_position, b->position);
}

static void new_beginning_has_a_base_at_once_and_no_second_one(void **state)
{
    struct bench *b = *state;
    begin_upkeep(b, HOUR_US, INT64_MAX, HOUR_US);
    live(b, 3, 0);
    b->began = b->position + 1;
    turn(b, 0);
    assert_int_equal(figures_of(b).bases, 0);                  /* not committed yet */
    live(b, 1, 0);
    b->began = b->position;
    begin_upkeep(b, HOUR_US, INT64_MAX, HOUR_US);              /* as after a restart */
    turn(b, 0);
    assert_int_equal(figures_of(b).base_position, b->position);
    live(b, 1, 0);
    begin_upkeep(b, HOUR_US, INT64_MAX, HOUR_US);
    turn(b, 0);
    assert_int_equal(figures_of(b).bases, 1);
    assert_bases_give_the_state_back(b);
    b->began = b->position;                                    /* a HOLE behind the newest base */
    turn(b, 0);
    assert_int_equal(figures_of(b).bases, 2);
}

static void base_of_another_log_book_is_called_foreign_and_not_damaged(void **state)
{
    struct bench *b = *state;
    struct base_head head = { .logbook_id = journal_id(b->logbook) + 1, .position = 9 };
    struct base_writer *w = NULL;
    char path[PATH_MAX];
    assert_int_equal(base_write_begin(b->logbook_path, &head, &w), 0);
    assert_int_equal(base_write_end(w), 0);
    begin_upkeep(b, HOUR_US, INT64_MAX, HOUR_US);
    turn(b, 0);
    assert_int_equal(figures_of(b).bases, 0);
    base_path(b->logbook_path, 9, path, sizeof path);
    assert_int_equal(access(path, F_OK), -1);
    strcat(path, ".foreign");
    assert_int_equal(access(path, F_OK), 0);
}

static void what_a_crash_left_half_written_is_removed(void **state)
{
    struct bench *b = *state;
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/00000000000000000009.base.new", b->logbook_path);
    fclose(fopen(path, "w"));
    begin_upkeep(b, HOUR_US, INT64_MAX, HOUR_US);
    turn(b, 0);
    assert_int_equal(access(path, F_OK), -1);
}

static void stopped_upkeep_does_nothing_more(void **state)
{
    struct bench *b = *state;
    begin_upkeep(b, 0, 0, HOUR_US);
    live(b, 30, 0);
    upkeep_stop(b->upkeep);
    turn(b, 0);
    assert_int_equal(figures_of(b).bases, 0);
    assert_true(segments_of(b->intake) > 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(nothing_is_trimmed_before_a_base_stands_behind_it),
        BENCH_TEST(newest_base_and_the_journals_behind_it_give_the_state_back),
        BENCH_TEST(all_that_ever_was_is_read_through_the_archive),
        BENCH_TEST(without_an_archive_nothing_is_kept),
        BENCH_TEST(damaged_newest_base_is_set_aside_and_another_is_written),
        BENCH_TEST(base_waits_until_as_much_came_in_as_the_last_one_is_large),
        BENCH_TEST(new_beginning_has_a_base_at_once_and_no_second_one),
        BENCH_TEST(base_of_another_log_book_is_called_foreign_and_not_damaged),
        BENCH_TEST(what_a_crash_left_half_written_is_removed),
        BENCH_TEST(stopped_upkeep_does_nothing_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
