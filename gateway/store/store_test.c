#include <sys/stat.h>

#include "base/file.h"
#include "store/scratch_test.h"

static void new_store_is_empty(void **state)
{
    struct scratch *s = *state;
    struct store_figures f;
    store_figures(s->store, &f);
    assert_int_equal(store_position(s->store), 0);
    assert_int_equal(f.outbox_messages, 0);
    assert_int_equal(f.outbox_bytes, 0);
    assert_true(f.file_bytes > 0);
    assert_string_equal(outbox_of(s), "");
    assert_string_equal(history_of(s), "");
    assert_no_row(s, STAGE_METER, "a");
}

static void an_empty_file_becomes_a_store(void **state)
{
    struct scratch *s = *state;
    int fd = open(s->path, O_RDWR | O_CREAT, 0600);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(store_open(s->path, &s->store), 0);
    assert_int_equal(store_position(s->store), 0);
}

static void others_may_not_read_it(void **state)
{
    struct scratch *s = *state;
    struct stat file, wal;
    assert_int_equal(stat(s->path, &file), 0);
    assert_int_equal(stat(s->store->wal_path, &wal), 0);
    assert_int_equal(file.st_mode & 07, 0);
    assert_int_equal(wal.st_mode & 07, 0);
}

static void it_writes_ahead_and_syncs_each_commit(void **state)
{
    struct scratch *s = *state;
    int64_t synchronous = -1;
    assert_int_equal(store_ask(s->store->writer, "PRAGMA synchronous", &synchronous), SQLITE_OK);
    assert_int_equal(synchronous, 2);
    char *mode = ask_like_an_operator(s->path, "PRAGMA journal_mode");
    assert_string_equal(mode, "wal\n");
    free(mode);
}

static void second_process_is_kept_out(void **state)
{
    struct scratch *s = *state;
    char *said = refusal_of(s->path);
    assert_said(said, "another gateway has it open");
    assert_said(said, s->path);
    free(said);

    scratch_reopen(s);
}

static void missing_directory_is_told(void **state)
{
    struct scratch *s = *state;
    char path[128];
    snprintf(path, sizeof path, "%s/none/store.sqlite", s->directory);
    char *said = refusal_of(path);
    assert_said(said, path);
    assert_said(said, "ENOENT");
    free(said);
}

static void newer_format_is_refused_with_both_numbers(void **state)
{
    struct scratch *s = *state;
    store_close(s->store);
    s->store = NULL;
    run_like_an_operator(s->path, "UPDATE meta SET value = 4711 WHERE name = 'format'");

    char *before = contents_of(s->path);
    char *said = refusal_of(s->path);
    char *after = contents_of(s->path);
    assert_said(said, "format 4711");
    assert_said(said, "up to 1 ");
    assert_string_equal(before, after);
    free(before);
    free(said);
    free(after);
}

static void format_that_never_was_is_damage(void **state)
{
    struct scratch *s = *state;
    store_close(s->store);
    s->store = NULL;
    run_like_an_operator(s->path, "UPDATE meta SET value = -1 WHERE name = 'format'");
    free(damage_of(s->path));
    run_like_an_operator(s->path, "DELETE FROM meta");
    char *said = damage_of(s->path);
    assert_said(said, "does not tell its format");
    free(said);
}

static void database_of_another_program_is_left_alone(void **state)
{
    struct scratch *s = *state;
    run_like_an_operator(s->path, "CREATE TABLE photos (name); INSERT INTO photos VALUES ('cat')");
    char *said = damage_of(s->path);
    assert_said(said, "another program");
    free(said);

    char *tables = ask_like_an_operator(s->path, "SELECT name FROM sqlite_master");
    char *mode = ask_like_an_operator(s->path, "PRAGMA journal_mode");
    assert_string_equal(tables, "photos\n");
    assert_string_equal(mode, "delete\n");
    free(tables);
    free(mode);
}

static void garbage_is_damage(void **state)
{
    struct scratch *s = *state;
    FILE *f = fopen(s->path, "w");
    for (int i = 0; i < 1000; i++)
        fprintf(f, "this is no database %d\n", i);
    fclose(f);
    char *said = damage_of(s->path);
    assert_said(said, s->path);
    assert_said(said, "no SQLite file");
    free(said);
}

static void cut_file_is_damage(void **state)
{
    struct scratch *s = *state;
    for (uint64_t n = 1; n <= 500; n++)
        put_summary(s->batch, 1, n);
    scratch_commit(s);
    store_close(s->store);
    s->store = NULL;

    struct stat st;
    assert_int_equal(stat(s->path, &st), 0);
    assert_int_equal(truncate(s->path, st.st_size / 4096 / 2 * 4096), 0);
    char *said = damage_of(s->path);
    assert_said(said, s->path);
    assert_said(said, "damaged");
    free(said);
}

static void missing_table_is_damage(void **state)
{
    struct scratch *s = *state;
    store_close(s->store);
    s->store = NULL;
    run_like_an_operator(s->path, "DROP TABLE state");
    char *said = damage_of(s->path);
    assert_said(said, "no such table");
    free(said);
}

static void copy_file(const char *from, const char *to)
{
    char *bytes;
    size_t size;
    assert_int_equal(file_read_all(from, 64 << 20, &bytes, &size), 0);
    assert_int_equal(file_replace(to, (struct slice){ (const uint8_t *)bytes, size }), 0);
    free(bytes);
}

/* A kill leaves file, WAL and index behind as they are. */
static void what_a_kill_leaves_is_opened(void **state)
{
    struct scratch *s = *state;
    put_row(s->batch, STAGE_METER, "a", "1");
    put_summary(s->batch, 1, 1);
    store_batch_position(s->batch, 7);
    scratch_commit(s);

    void *state_left = NULL;
    assert_int_equal(scratch_make(&state_left), 0);
    struct scratch *left = state_left;
    char wal_path[128];
    snprintf(wal_path, sizeof wal_path, "%s-wal", left->path);
    copy_file(s->path, left->path);
    copy_file(s->store->wal_path, wal_path);
    assert_int_equal(store_open(left->path, &left->store), 0);
    assert_int_equal(store_position(left->store), 7);
    assert_row(left, STAGE_METER, "a", "1");
    assert_string_equal(outbox_of(left), "1/1");
    assert_int_equal(scratch_remove(&state_left), 0);
}

static void nothing_can_be_closed(void **state)
{
    (void)state;
    store_close(NULL);
}

static void an_operator_sees_the_latest_revision_of_each_window(void **state)
{
    struct scratch *s = *state;
    struct store_summary row = summary_of(1, 1);
    store_batch_summary(s->batch, &row);
    row.sequence = 2;
    row.revision = 2;
    row.id = "second";
    store_batch_summary(s->batch, &row);
    put_summary(s->batch, 1, 3);
    store_batch_acknowledged(s->batch, 1, 2);
    scratch_commit(s);

    char *seen = ask_like_an_operator(s->path, "SELECT site, period, starts, ends, revision, published,"
                                      " delivery, id FROM latest ORDER BY starts");
    assert_string_equal(seen,
        "mill|hour|2018-01-01T01:00:00Z|2018-01-01T02:00:00Z|2|2018-01-01T02:00:01Z|acknowledged|second\n"
        "mill|hour|2018-01-01T03:00:00Z|2018-01-01T04:00:00Z|1|2018-01-01T04:00:01Z|waiting|id-1-3\n");
    free(seen);
}

static void a_new_epoch_comes_before_a_higher_revision(void **state)
{
    struct scratch *s = *state;
    struct store_summary row = summary_of(1, 1);
    row.revision = 9;
    store_batch_summary(s->batch, &row);
    row.epoch_ordinal = 2;
    row.revision = 1;
    store_batch_summary(s->batch, &row);
    scratch_commit(s);

    char *seen = ask_like_an_operator(s->path, "SELECT epoch_ordinal, revision FROM latest");
    assert_string_equal(seen, "2|1\n");
    free(seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST_OPEN(new_store_is_empty),
        SCRATCH_TEST(an_empty_file_becomes_a_store),
        SCRATCH_TEST_OPEN(others_may_not_read_it),
        SCRATCH_TEST_OPEN(it_writes_ahead_and_syncs_each_commit),
        SCRATCH_TEST_OPEN(second_process_is_kept_out),
        SCRATCH_TEST(missing_directory_is_told),
        SCRATCH_TEST_OPEN(newer_format_is_refused_with_both_numbers),
        SCRATCH_TEST_OPEN(format_that_never_was_is_damage),
        SCRATCH_TEST(database_of_another_program_is_left_alone),
        SCRATCH_TEST(garbage_is_damage),
        SCRATCH_TEST_OPEN(cut_file_is_damage),
        SCRATCH_TEST_OPEN(missing_table_is_damage),
        SCRATCH_TEST_OPEN(what_a_kill_leaves_is_opened),
        cmocka_unit_test(nothing_can_be_closed),
        SCRATCH_TEST_OPEN(an_operator_sees_the_latest_revision_of_each_window),
        SCRATCH_TEST_OPEN(a_new_epoch_comes_before_a_higher_revision),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
