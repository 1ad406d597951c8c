/* The vault after harm: whatever became of store, log book and intake, it opens, sets aside what cannot be
 * used, says what is missing, and the books balance. */
#include "vault_fixture_test.h"

#include <sqlite3.h>

/* --- the store --- */

#define STORE "store.sqlite"

/* Whatever becomes of the file: a new one is made of the journals, and a new epoch begins. */
static void assert_rebuilt(struct plant *p, int minutes)
{
    char *said = plant_start_listening(p);
    assert_said(said, "store.rebuilt");
    assert_said(said, "epoch=2");
    free(said);
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
    char path[256];
    sqlite3 *db = NULL;
    run_and_kill(p, 30);
    plant_lose(p, STORE);
    plant_path(p, STORE, path);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE photos (name)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_rebuilt(p, 30);
    assert_true(plant_has(p, STORE ".damaged-1"));
}

/* Every page but the first, which opening looks at: whichever of them is read first shows the damage. */
static void store_with_a_damaged_page_is_set_aside_and_rebuilt(void **state)
{
    struct plant *p = *state;
    char garbage[4096], path[256];
    uint64_t bytes;
    run_and_kill(p, 30);
    memset(garbage, 0x5a, sizeof garbage);
    plant_path(p, STORE, path);
    assert_int_equal(file_size(path, &bytes), 0);
    for (size_t at = sizeof garbage; at < bytes; at += sizeof garbage)
        plant_write(p, STORE, at, garbage, sizeof garbage);
    assert_rebuilt(p, 30);
    assert_true(plant_has(p, STORE ".damaged-1"));
}

static void page_that_is_damaged_while_running_ends_the_run_and_is_rescued(void **state)
{
    struct plant *p = *state;
    char garbage[4096], path[256];
    uint64_t bytes;
    run_and_kill(p, 30);
    plant_start(p);
    memset(garbage, 0x5a, sizeof garbage);
    plant_path(p, STORE, path);
    assert_int_equal(file_size(path, &bytes), 0);
    for (size_t at = sizeof garbage; at < bytes; at += sizeof garbage)
        plant_write(p, STORE, at, garbage, sizeof garbage);

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
    char path[256];
    sqlite3 *db = NULL;
    run_and_kill(p, 30);
    plant_path(p, STORE, path);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "UPDATE meta SET value = 4711 WHERE name = 'format'", NULL, NULL, NULL),
                     SQLITE_OK);
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
    char path[256];
    sqlite3 *db = NULL;
    run_and_kill(p, 30);
    plant_path(p, STORE, path);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "UPDATE state SET value = X'0101' WHERE key = CAST('b epoch' AS BLOB)",
                                  NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_changes(db), 1);
    sqlite3_close(db);
    assert_rebuilt(p, 30);
}

/* Somebody holds it for writing while the gateway starts. */
static void store_that_cannot_be_written_at_the_start_is_written_later(void **state)
{
    struct plant *p = *state;
    char path[256];
    sqlite3 *db = NULL;
    plant_start(p);
    plant_run(p, 1, 10);
    plant_arrive(p, 11, 20);
    plant_take(p);
    plant_stop(p);
    plant_path(p, STORE, path);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);

    char *said = plant_start_listening(p);
    assert_said(said, "store.later");
    free(said);
    plant_arrive(p, 21, 30);
    plant_take(p);
    assert_int_equal(vault_commit_now(p->vault), VAULT_LATER);
    assert_books(p, 1, 10);
    assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
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
    assert_said(said, "epoch=2");
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
