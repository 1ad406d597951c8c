/* The vault after harm: whatever became of store, log book and intake, it opens, sets aside what cannot be
 * used, says what is missing, and the books balance. */
#include "vault/plant_test.h"

#include <sqlite3.h>

#include "command/command.h"
#include "journal/base.h"

/* --- the store --- */

#define STORE "store.sqlite"

/* Another's connection to the store. */
static sqlite3 *connect_to_store(struct plant *p)
{
    char path[256];
    sqlite3 *db = NULL;
    plant_path(p, STORE, path);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    return db;
}

static void run_sql(sqlite3 *db, const char *text)
{
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
}

/* Every page but the first, which opening looks at. */
static void spoil_pages(struct plant *p)
{
    char garbage[4096], path[256];
    uint64_t bytes;
    memset(garbage, 0x5a, sizeof garbage);
    plant_path(p, STORE, path);
    assert_int_equal(file_size(path, &bytes), 0);
    for (size_t at = sizeof garbage; at < bytes; at += sizeof garbage)
        plant_write(p, STORE, at, garbage, sizeof garbage);
}

/* The log folds lines that repeat, so the log book is asked. */
static void assert_epoch(struct plant *p, uint32_t ordinal)
{
    struct entry genesis = { 0 };
    plant_entries(p, FRAME_GENESIS, &genesis);
    assert_int_equal(genesis.epoch_ordinal, ordinal);
}

/* Whatever becomes of the file: a new one is made of the journals, and a new epoch begins. */
static void assert_rebuilt(struct plant *p, int minutes)
{
    plant_start(p);
    assert_epoch(p, 2);
    assert_books(p, 1, minutes);
    assert_int_equal(plant_books(p).epoch_ordinal, 1);
    plant_run(p, minutes + 1, minutes + 10);
    assert_books(p, 1, minutes + 10);
    assert_int_equal(plant_books(p).epoch_ordinal, 2);
    assert_int_equal(plant_entries(p, FRAME_GENESIS, NULL), 2);
    assert_int_equal(plant_entries(p, FRAME_CONFIG, NULL), 2);
    assert_int_equal(plant_entries(p, FRAME_HOLE, NULL), 0);
}

static void run_and_kill(struct plant *p, int minutes)
{
    plant_start(p);
    plant_run(p, 1, minutes);
    plant_stop(p);
}

static void store_that_is_missing_is_rebuilt_from_the_log_book(void **state)
{
    struct plant *p = *state;
    run_and_kill(p, 30);
    plant_lose(p, STORE);
    assert_rebuilt(p, 30);
}

static void store_of_zero_bytes_is_rebuilt(void **state)
{
    struct plant *p = *state;
    run_and_kill(p, 30);
    plant_truncate(p, STORE, 0);
    assert_rebuilt(p, 30);
}

static void store_with_a_damaged_header_is_set_aside_and_rebuilt(void **state)
{
    struct plant *p = *state;
    run_and_kill(p, 30);
    plant_write(p, STORE, 0, "no database", 11);
    assert_rebuilt(p, 30);
    assert_true(plant_has(p, STORE ".damaged-1"));
}

static void truncated_store_is_set_aside_and_rebuilt(void **state)
{
    struct plant *p = *state;
    run_and_kill(p, 30);
    plant_truncate(p, STORE, 3 * 4096);
    assert_rebuilt(p, 30);
    assert_true(plant_has(p, STORE ".damaged-1"));
}

static void database_of_somebody_else_is_set_aside_and_a_store_rebuilt(void **state)
{
    struct plant *p = *state;
    run_and_kill(p, 30);
    plant_lose(p, STORE);
    sqlite3 *db = connect_to_store(p);
    run_sql(db, "CREATE TABLE photos (name)");
    sqlite3_close(db);
    assert_rebuilt(p, 30);
    assert_true(plant_has(p, STORE ".damaged-1"));
}

/* Whichever of them is read first shows the damage. */
static void store_with_a_damaged_page_is_set_aside_and_rebuilt(void **state)
{
    struct plant *p = *state;
    run_and_kill(p, 30);
    spoil_pages(p);
    assert_rebuilt(p, 30);
    assert_true(plant_has(p, STORE ".damaged-1"));
}

static void page_that_is_damaged_while_running_ends_the_run_and_is_rescued(void **state)
{
    struct plant *p = *state;
    run_and_kill(p, 30);
    plant_start(p);
    spoil_pages(p);

    struct store_summary s = { 0 };
    struct arena arena;
    arena_init(&arena, 0);
    int rc;                                      /* as publish would come across it */
    while ((rc = store_history_next(vault_store(p->vault), s.epoch_ordinal, s.sequence, &arena, &s)) == 0)
        ;
    arena_fini(&arena);
    assert_true(rc < 0);
    plant_arrive(p, 31, 40);
    assert_true(vault_take(p->vault) < 0);
    assert_true(vault_rescue(p->vault));
    plant_stop(p);
    plant_start(p);
    plant_take(p);
    plant_commit(p);
    assert_books(p, 1, 40);
    assert_true(plant_has(p, STORE ".damaged-1"));
}

static void store_of_a_newer_format_is_refused_with_both_numbers(void **state)
{
    struct plant *p = *state;
    run_and_kill(p, 30);
    sqlite3 *db = connect_to_store(p);
    run_sql(db, "UPDATE meta SET value = 4711 WHERE name = 'format'");
    sqlite3_close(db);
    struct listening *l = calloc(1, sizeof *l);
    struct vault_hooks hooks = { 0 };
    listen_begin(l);
    int rc = vault_open(p->conf, &hooks, &p->vault);
    listen_end(l);
    assert_true(rc < 0);
    assert_said(l->text, "has format 4711");
    assert_said(l->text, "move the store away");
    free(l);
    assert_false(plant_has(p, STORE ".damaged-1"));
}

static void row_of_the_snapshot_that_does_not_fit_makes_the_store_anew(void **state)
{
    struct plant *p = *state;
    run_and_kill(p, 30);
    sqlite3 *db = connect_to_store(p);
    run_sql(db, "UPDATE state SET value = X'0101' WHERE key = CAST('b epoch' AS BLOB)");
    assert_int_equal(sqlite3_changes(db), 1);
    sqlite3_close(db);
    assert_rebuilt(p, 30);
}

/* Somebody holds it for writing while the gateway starts. */
static void store_that_cannot_be_written_at_the_start_is_written_later(void **state)
{
    struct plant *p = *state;
    plant_start(p);
    plant_run(p, 1, 10);
    plant_arrive(p, 11, 20);
    plant_take(p);
    plant_stop(p);
    sqlite3 *db = connect_to_store(p);
    run_sql(db, "BEGIN IMMEDIATE");

    char *said = plant_start_listening(p);
    assert_said(said, "store.later");
    free(said);
    plant_arrive(p, 21, 30);
    plant_take(p);
    assert_int_equal(vault_commit_now(p->vault), VAULT_LATER);
    assert_books(p, 1, 10);
    run_sql(db, "COMMIT");
    sqlite3_close(db);
    plant_commit(p);
    assert_books(p, 1, 30);
}

/* --- the log book --- */

static void log_book_that_is_gone_begins_a_new_epoch_and_loses_nothing(void **state)
{
    struct plant *p = *state;
    plant_start(p);
    plant_run(p, 1, 20);
    plant_arrive(p, 21, 30);
    plant_take(p);                               /* in the log book, not in the store */
    plant_stop(p);
    plant_lose(p, "logbook");

    char *said = plant_start_listening(p);
    assert_said(said, "logbook.gone");
    free(said);
    plant_take(p);
    plant_commit(p);
    assert_books(p, 1, 30);
    assert_int_equal(plant_books(p).epoch_ordinal, 2);
    assert_int_equal(plant_entries(p, FRAME_CONFIG, NULL), 1);
    assert_int_equal(plant_entries(p, FRAME_HOLE, NULL), 0);
    plant_stop(p);
    plant_start(p);                              /* and from then on it is an ordinary one */
    plant_run(p, 31, 40);
    assert_books(p, 1, 40);
    assert_int_equal(plant_entries(p, FRAME_GENESIS, NULL), 1);
}

static void swap(struct plant *p, struct plant *other, const char *name)
{
    char ours[256], theirs[256], aside[300];
    plant_path(p, name, ours);
    plant_path(other, name, theirs);
    snprintf(aside, sizeof aside, "%s.ours", ours);
    assert_int_equal(rename(ours, aside), 0);
    assert_int_equal(rename(theirs, ours), 0);
    plant_remove_all(aside);
}

static void log_book_of_another_gateway_is_set_aside(void **state)
{
    struct plant *p = *state;
    void *other = NULL;
    assert_int_equal(plant_make(&other), 0);
    run_and_kill(other, 7);
    run_and_kill(p, 20);
    swap(p, other, "logbook");

    char *said = plant_start_listening(p);
    assert_said(said, "journal.foreign");
    assert_said(said, "logbook.gone");
    free(said);
    assert_true(plant_has(p, "logbook.damaged-1"));
    plant_run(p, 21, 30);
    assert_books(p, 1, 30);
    assert_int_equal(plant_books(p).epoch_ordinal, 2);
    plant_remove(&other);
}

/* --- the intake --- */

static void intake_that_is_gone_is_told_and_its_numbers_go_on(void **state)
{
    struct plant *p = *state;
    plant_start(p);
    plant_run(p, 1, 20);
    plant_arrive(p, 21, 25);
    plant_take(p);
    plant_arrive(p, 26, 30);
    uint64_t taken = pipeline_took(vault_pipeline(p->vault), 0);
    plant_stop(p);
    plant_lose(p, "intake");

    struct entry lost = { 0 };
    char *said = plant_start_listening(p);
    assert_said(said, "the intake is gone: frames 22 to 26");
    assert_said(said, "intake.lost intake=0 from=22 to=26 messages<=5");
    free(said);
    assert_int_equal(plant_entries(p, FRAME_LOST, &lost), 1);
    assert_int_equal(lost.until, taken);
    assert_true(lost.journal_id != journal_id(vault_intake(p->vault)));
    assert_int_equal(plant_entries(p, FRAME_HOLE, NULL), 1);
    assert_int_equal(plant_entries(p, FRAME_GENESIS, NULL), 1);
    plant_run(p, 31, 60);
    assert_true(journal_end(vault_intake(p->vault)) > taken + 30);
    assert_true(pipeline_balances(vault_pipeline(p->vault)));
    assert_true(plant_books(p).activity_wh >= 20000 + 25000);
    plant_stop(p);
    plant_start(p);
    assert_int_equal(plant_entries(p, FRAME_LOST, NULL), 1);
}

static void intake_of_another_gateway_is_set_aside(void **state)
{
    struct plant *p = *state;
    void *other = NULL;
    assert_int_equal(plant_make(&other), 0);
    run_and_kill(other, 200);
    run_and_kill(p, 20);
    swap(p, other, "intake");

    char *said = plant_start_listening(p);
    assert_said(said, "journal.foreign");
    assert_said(said, "the intake is gone");
    free(said);
    assert_true(plant_has(p, "intake.damaged-1"));
    plant_run(p, 21, 50);
    assert_true(pipeline_balances(vault_pipeline(p->vault)));
    assert_in_range(plant_books(p).activity_wh, 45000, 50000);
    plant_remove(&other);
}

/* --- more than one of them --- */

static void epoch_rises_even_when_store_and_log_book_are_both_gone(void **state)
{
    struct plant *p = *state;
    run_and_kill(p, 20);
    plant_lose(p, STORE);
    plant_lose(p, "logbook");
    plant_start(p);
    plant_take(p);
    plant_commit(p);
    assert_books(p, 1, 20);                      /* the intake holds everything */
    assert_int_equal(plant_books(p).epoch_ordinal, 2);
    plant_stop(p);
    plant_lose(p, STORE);
    plant_lose(p, "logbook");
    plant_lose(p, "intake");
    plant_start(p);
    plant_run(p, 21, 30);
    assert_int_equal(plant_books(p).epoch_ordinal, 3);
}

/* --- bases --- */

static void base_rows(struct plant *p, struct base_writer *w)
{
    sqlite3 *db = connect_to_store(p);
    sqlite3_stmt *st = NULL;
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT stage, key, value FROM state", -1, &st, NULL), SQLITE_OK);
    while (sqlite3_step(st) == SQLITE_ROW) {
        struct slice key = { sqlite3_column_blob(st, 1), (size_t)sqlite3_column_bytes(st, 1) };
        struct slice value = { sqlite3_column_blob(st, 2), (size_t)sqlite3_column_bytes(st, 2) };
        assert_int_equal(base_write_row(w, (uint8_t)sqlite3_column_int(st, 0), key, value), 0);
    }
    sqlite3_finalize(st);
    sqlite3_close(db);
}

static void base_outbox(struct plant *p, struct base_writer *w)
{
    struct store_summary s = { 0 };
    struct arena arena;
    arena_init(&arena, 0);
    while (store_outbox_next(vault_store(p->vault), s.epoch_ordinal, s.sequence, &arena, &s) == 0) {
        struct buffer key = { 0 }, value = { 0 };
        store_summary_write(&s, &key, &value);
        assert_int_equal(base_write_row(w, BASE_SUMMARY, buffer_slice(&key), buffer_slice(&value)), 0);
        buffer_fini(&key);
        buffer_fini(&value);
    }
    arena_fini(&arena);
}

/* The state as it is committed now. */
static uint64_t write_base(struct plant *p)
{
    char path[256];
    struct base_writer *w = NULL;
    struct pipeline *pipeline = vault_pipeline(p->vault);
    struct base_head head = {
        .logbook_id = journal_id(vault_logbook(p->vault)), .position = pipeline_position(pipeline),
        .intake_id = pipeline_took_id(pipeline, 0), .intake_took = pipeline_took(pipeline, 0) };
    plant_path(p, "logbook", path);
    assert_int_equal(base_write_begin(path, &head, &w), 0);
    base_rows(p, w);
    base_outbox(p, w);
    assert_int_equal(base_write_end(w), 0);
    return head.position;
}

/* A run whose log book no longer reaches back to its beginning: 30 minutes before the base, 10 behind. */
static uint64_t run_trim_and_kill(struct plant *p)
{
    plant_start(p);
    plant_run(p, 1, 30);
    plant_roll_log_book(p, 2);
    uint64_t position = write_base(p);
    plant_run(p, 31, 40);
    plant_stop(p);
    plant_lose(p, "logbook/000000000001.segment");
    return position;
}

static void lost_store_comes_back_from_the_newest_base_and_the_log_book_behind_it(void **state)
{
    struct plant *p = *state;
    char from[64];
    snprintf(from, sizeof from, "base=%llu", (unsigned long long)run_trim_and_kill(p));
    plant_lose(p, STORE);
    char *said = plant_start_listening(p);
    assert_said(said, from);
    free(said);
    assert_epoch(p, 2);
    assert_books(p, 1, 40);
    assert_int_equal(plant_entries(p, FRAME_REBUILT, NULL), 1);
    assert_int_equal(plant_entries(p, FRAME_HOLE, NULL), 0);
    assert_true(pipeline_began(vault_pipeline(p->vault)) > 0);
    plant_run(p, 41, 50);
    assert_books(p, 1, 50);
    assert_int_equal(plant_books(p).epoch_ordinal, 2);
}

/* What is unknown is told, and nothing that may lack something is published. */
static void assert_goes_on_behind_a_hole(struct plant *p)
{
    char *said = plant_start_listening(p);
    assert_said(said, "vault.hole");
    assert_said(said, "the log book is not whole");
    free(said);
    assert_int_equal(plant_entries(p, FRAME_HOLE, NULL), 1);
    plant_run(p, 41, 60);
    struct books b = plant_books(p);
    assert_int_equal(b.epoch_ordinal, 2);
    assert_int_equal(b.last, 60);
    assert_int_equal(b.activity_wh, 1000 * b.windows);       /* none of them lacks anything */
    assert_true(pipeline_balances(vault_pipeline(p->vault)));
    plant_stop(p);
    plant_start(p);                              /* and it is said once */
    assert_int_equal(plant_entries(p, FRAME_HOLE, NULL), 1);
    assert_int_equal(plant_entries(p, FRAME_GENESIS, NULL), 1);
}

static void lost_store_and_trimmed_log_book_without_a_base_leave_a_hole(void **state)
{
    struct plant *p = *state;
    char base[64];
    snprintf(base, sizeof base, "logbook/%020llu.base", (unsigned long long)run_trim_and_kill(p));
    plant_lose(p, STORE);
    plant_lose(p, base);
    assert_goes_on_behind_a_hole(p);
}

static void damaged_base_is_passed_over_and_told(void **state)
{
    struct plant *p = *state;
    char base[64];
    snprintf(base, sizeof base, "logbook/%020llu.base", (unsigned long long)run_trim_and_kill(p));
    plant_lose(p, STORE);
    plant_write(p, base, 200, "harm", 4);
    assert_goes_on_behind_a_hole(p);
}

/* Everything is there, and frames that the log book took behind the base are not. */
static void lost_store_and_damaged_intake_leave_a_hole_and_publish_nothing_that_lacks(void **state)
{
    struct plant *p = *state;
    char path[256];
    struct segment s;
    run_and_kill(p, 40);
    plant_lose(p, STORE);
    plant_path(p, "intake", path);
    assert_int_equal(segment_open(path, 1, true, &s), 0);
    size_t at = SEGMENT_FRAMES_AT;
    for (uint64_t n = 1; n < 21; n++)
        at += segment_check(&s, at, n);
    s.map.at[at + 40] ^= 4;
    segment_close(&s);

    char *said = plant_start_listening(p);
    assert_said(said, "1 messages at most are gone, frames 21 to 21 of the intake");
    free(said);
    plant_run(p, 41, 60);
    struct books b = plant_books(p);
    assert_int_equal(b.epoch_ordinal, 2);
    assert_int_equal(b.activity_wh, 1000 * b.windows);
}

/* Replays what stands there and gives the summaries as one run of bytes; the caller frees. base: a file, or
 * NULL for the one that is found. */
static char *replay_raw(struct plant *p, char *base, size_t *size)
{
    char logbook[256], intake[256], raw[256], replayed[256];
    char *bytes = NULL;
    plant_path(p, "logbook", logbook);
    plant_path(p, "intake", intake);
    snprintf(raw, sizeof raw, "%s/replay.raw", p->path);
    snprintf(replayed, sizeof replayed, "%s/replayed", p->path);
    char *argv[] = { (char *)"--logbook", logbook, (char *)"--intake", intake, (char *)"--state", replayed,
                     (char *)"--raw", raw, (char *)"--base", base };
    fflush(stdout);
    int out = dup(STDOUT_FILENO), null = open("/dev/null", O_WRONLY);
    dup2(null, STDOUT_FILENO);
    int rc = command_replay(base ? 10 : 8, argv);
    fflush(stdout);
    dup2(out, STDOUT_FILENO);
    close(out);
    close(null);
    assert_int_equal(rc, EXIT_DONE);
    assert_int_equal(file_read_all(raw, 1 << 20, &bytes, size), 0);
    return bytes;
}

/* Ten summaries, those behind sequence 30, byte for byte as they were published. */
static void assert_replays_the_last_ten(struct plant *p, char *base)
{
    size_t size = 0;
    unsigned n = 0;
    char *bytes = replay_raw(p, base, &size);
    struct cursor c = cursor_of((struct slice){ (uint8_t *)bytes, size });
    plant_start(p);
    struct store_summary s = { .epoch_ordinal = 1, .sequence = 30 };
    struct arena arena;
    arena_init(&arena, 0);
    for (; c.at < c.end; n++) {
        assert_int_equal(store_history_next(vault_store(p->vault), s.epoch_ordinal, s.sequence, &arena, &s),
                         0);
        assert_true(slice_equal(cursor_slice(&c), s.payload));
    }
    assert_int_equal(n, 10);
    arena_fini(&arena);
    free(bytes);
}

static void replay_begins_at_the_base_that_the_log_book_goes_on_behind(void **state)
{
    struct plant *p = *state;
    run_trim_and_kill(p);
    assert_replays_the_last_ten(p, NULL);
}

static void replay_begins_at_the_base_that_it_is_told(void **state)
{
    struct plant *p = *state;
    char name[64], path[256];
    plant_start(p);
    plant_run(p, 1, 30);
    snprintf(name, sizeof name, "logbook/%020llu.base", (unsigned long long)write_base(p));
    plant_run(p, 31, 40);
    plant_stop(p);                               /* the log book reaches back to its beginning */
    plant_path(p, name, path);
    assert_replays_the_last_ten(p, path);
}

/* --- segments --- */

/* Three segments of messages that are no readings, with readings between them. */
static void arrive_in_three_segments(struct plant *p)
{
    static uint8_t junk[200000];
    memset(junk, 0xff, sizeof junk);
    for (int minute = 11; !plant_has(p, "intake/000000000003.segment") || minute < 40; minute++) {
        struct frame f = { .kind = FRAME_MESSAGE, .flags = 1,
                           .topic = slice_of("carbon/v1/mill/meter/reading"), .rest = { junk, sizeof junk } };
        assert_int_equal(journal_append(vault_intake(p->vault), &f), 0);
        plant_arrive(p, minute, minute);
    }
}

static uint64_t first_of_second_segment(struct plant *p)
{
    char path[256];
    struct segment s;
    plant_path(p, "logbook", path);
    assert_int_equal(segment_open(path, 2, false, &s), 0);
    uint64_t first = s.first;
    segment_close(&s);
    return first;
}

/* The store stands behind all of them, so nothing is followed again: it is said all the same. */
static void segment_of_the_log_book_that_is_gone_behind_the_store_is_told_with_its_range(void **state)
{
    for (int harm = GONE; harm <= HEADER; harm++) {
        void *fresh = NULL;
        assert_int_equal(plant_make(&fresh), 0);
        struct plant *p = fresh;
        plant_start(p);
        plant_run(p, 1, 30);
        plant_roll_log_book(p, 2);
        uint64_t last = first_of_second_segment(p) - 1;
        plant_stop(p);
        char *said = plant_start_listening(p);
        assert_null(strstr(said, "logbook.missing"));
        free(said);
        plant_stop(p);
        plant_harm(p, "logbook", 1, (enum harm)harm);

        char range[64];
        snprintf(range, sizeof range, "logbook.missing from=1 to=%llu", (unsigned long long)last);
        said = plant_start_listening(p);
        if (harm == CUT)                         /* its header holds: readers tell what it lacks */
            assert_null(strstr(said, "logbook.missing"));
        else
            assert_said(said, range);
        free(said);
        plant_run(p, 31, 40);
        assert_books(p, 1, 40);
        assert_int_equal(plant_entries(p, FRAME_HOLE, NULL), 0);
        assert_int_equal(plant_remove(&fresh), 0);
    }
    (void)state;
}

/* Whatever becomes of any of them, committed or not, taken or not: it opens, tells and goes on. */
static void every_harm_to_every_segment_of_the_intake_is_told_and_survived(void **state)
{
    for (int harm = GONE; harm <= NEWER; harm++) {
        for (int k = 1; k <= 3; k++) {
            void *fresh = NULL;
            assert_int_equal(plant_make(&fresh), 0);
            struct plant *p = fresh;
            plant_start(p);
            plant_run(p, 1, 10);
            arrive_in_three_segments(p);
            if (k >= 2)              /* that the newest was deleted, only the log book can know */
                plant_take(p);
            plant_stop(p);
            plant_harm(p, "intake", k, (enum harm)harm);

            char *said = plant_start_listening(p);
            plant_take(p);
            plant_commit(p);
            plant_run(p, 100, 130);
            assert_true(plant_entries(p, FRAME_LOST, NULL) + plant_entries(p, FRAME_HOLE, NULL) > 0);
            assert_true(pipeline_balances(vault_pipeline(p->vault)));
            assert_int_equal(plant_books(p).last, 130);
            free(said);
            assert_int_equal(plant_remove(&fresh), 0);
        }
    }
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLANT_TEST(store_that_is_missing_is_rebuilt_from_the_log_book),
        PLANT_TEST(store_of_zero_bytes_is_rebuilt),
        PLANT_TEST(store_with_a_damaged_header_is_set_aside_and_rebuilt),
        PLANT_TEST(truncated_store_is_set_aside_and_rebuilt),
        PLANT_TEST(database_of_somebody_else_is_set_aside_and_a_store_rebuilt),
        PLANT_TEST(store_with_a_damaged_page_is_set_aside_and_rebuilt),
        PLANT_TEST(page_that_is_damaged_while_running_ends_the_run_and_is_rescued),
        PLANT_TEST(store_of_a_newer_format_is_refused_with_both_numbers),
        PLANT_TEST(row_of_the_snapshot_that_does_not_fit_makes_the_store_anew),
        PLANT_TEST(store_that_cannot_be_written_at_the_start_is_written_later),
        PLANT_TEST(log_book_that_is_gone_begins_a_new_epoch_and_loses_nothing),
        PLANT_TEST(log_book_of_another_gateway_is_set_aside),
        PLANT_TEST(intake_that_is_gone_is_told_and_its_numbers_go_on),
        PLANT_TEST(intake_of_another_gateway_is_set_aside),
        PLANT_TEST(epoch_rises_even_when_store_and_log_book_are_both_gone),
        PLANT_TEST(lost_store_comes_back_from_the_newest_base_and_the_log_book_behind_it),
        PLANT_TEST(lost_store_and_trimmed_log_book_without_a_base_leave_a_hole),
        PLANT_TEST(damaged_base_is_passed_over_and_told),
        PLANT_TEST(lost_store_and_damaged_intake_leave_a_hole_and_publish_nothing_that_lacks),
        PLANT_TEST(replay_begins_at_the_base_that_the_log_book_goes_on_behind),
        PLANT_TEST(replay_begins_at_the_base_that_it_is_told),
        cmocka_unit_test(segment_of_the_log_book_that_is_gone_behind_the_store_is_told_with_its_range),
        cmocka_unit_test(every_harm_to_every_segment_of_the_intake_is_told_and_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
