/* The vault after a crash: it opens, says what is missing, and the books balance. */
#include "vault/epoch.h"
#include "vault/plant_test.h"

/* A window closes with the first reading behind it, so the last minute stays open. */
static void what_was_committed_is_there_again(void **state)
{
    struct plant *p = *state;
    plant_start(p);
    plant_run(p, 1, 20);
    plant_stop(p);
    plant_start(p);
    assert_books(p, 1, 20);
    plant_run(p, 21, 30);
    assert_books(p, 1, 30);
    assert_int_equal(plant_entries(p, FRAME_GENESIS, NULL), 1);
    assert_int_equal(plant_entries(p, FRAME_CONFIG, NULL), 1);
}

static void what_arrived_and_was_not_taken_is_taken_at_the_next_start(void **state)
{
    struct plant *p = *state;
    plant_start(p);
    plant_run(p, 1, 10);
    plant_arrive(p, 11, 20);
    plant_take(p);
    plant_arrive(p, 21, 30);
    plant_stop(p);
    plant_start(p);
    plant_take(p);
    plant_commit(p);
    assert_books(p, 1, 30);
}

/* Frames behind the store's position that are gone from the middle: LOST with their numbers. Frame 1 is
 * a clock frame, so reading k stands in frame k + 1; after a restart another clock frame comes first. */
static void damaged_frames_behind_the_position_are_lost_by_number(void **state)
{
    struct plant *p = *state;
    struct entry lost = { 0 };
    plant_start(p);
    plant_run(p, 1, 10);
    plant_arrive(p, 11, 20);
    plant_take(p);
    plant_stop(p);

    char path[256];
    struct segment s;
    plant_path(p, "intake", path);
    assert_int_equal(segment_open(path, 1, true, &s), 0);
    size_t at = SEGMENT_FRAMES_AT;
    for (uint64_t n = 1; n < 15; n++)
        at += segment_check(&s, at, n);
    s.map.at[at + 40] ^= 4;                      /* frame 15: minute 14 */
    segment_close(&s);

    char *said = plant_start_listening(p);
    assert_said(said, "intake.lost intake=0 from=15 to=15");
    free(said);
    assert_int_equal(plant_entries(p, FRAME_LOST, &lost), 1);
    assert_int_equal(lost.from, 15);
    assert_int_equal(lost.until, 15);
    assert_int_equal(lost.journal_id, journal_id(vault_intake(p->vault)));
    plant_run(p, 21, 30);
    struct books b = plant_books(p);
    assert_int_equal(b.activity_wh, 29000);
    plant_stop(p);
    plant_start(p);                              /* and it is said once only */
    assert_int_equal(plant_entries(p, FRAME_LOST, NULL), 1);
}

/* How full the disk is to file_allocate, and so to a log book that has to grow. */
static void say_free(struct plant *p, const char *bytes)
{
    char path[160];
    snprintf(path, sizeof path, "%s/free-bytes", p->path);
    if (!bytes) {
        unsetenv("CARBON_FREE_BYTES_FILE");
        assert_int_equal(file_remove(path), 0);
        return;
    }
    unsetenv("CARBON_FREE_BYTES_FILE");
    assert_int_equal(file_replace(path, slice_of(bytes)), 0);
    setenv("CARBON_FREE_BYTES_FILE", path, 1);
}

/* Long entries, until the log book's segment is full. */
static void fill_log_book(struct plant *p)
{
    static char version[100000];
    memset(version, 'v', sizeof version);
    struct entry e = { .kind = FRAME_START, .version = { (uint8_t *)version, sizeof version } };
    int rc;
    while ((rc = vault_say(p->vault, &e)) == 0)
        ;
    assert_int_equal(rc, VAULT_FULL);
    version[0] = '\0';
    e.version.size = 1;
    while ((rc = vault_say(p->vault, &e)) == 0)
        ;
    assert_int_equal(rc, VAULT_FULL);
}

static void full_log_book_takes_nothing_and_goes_on_when_there_is_room(void **state)
{
    struct plant *p = *state;
    uint64_t room = 0;
    plant_start(p);
    plant_run(p, 1, 10);
    say_free(p, "3500000");          /* the store finds room, a segment does not */
    file_free_bytes(p->path, &room);
    if (room != 3500000)
        skip();                      /* no test build */
    fill_log_book(p);
    plant_arrive(p, 11, 20);
    assert_int_equal(vault_take(p->vault), VAULT_FULL);
    plant_stop(p);

    struct vault_hooks hooks = { 0 };
    assert_int_equal(vault_open(p->conf, &hooks, &p->vault), VAULT_FULL);
    assert_null(p->vault);

    say_free(p, NULL);
    plant_start(p);
    plant_take(p);
    plant_commit(p);
    assert_books(p, 1, 20);
}

/* Where a backup was restored: its GENESIS is new, nothing is followed a second time. */
static void an_epoch_that_is_owed_begins_and_nothing_is_done_again(void **state)
{
    struct plant *p = *state;
    char path[256];
    plant_start(p);
    plant_run(p, 1, 10);
    plant_stop(p);
    plant_path(p, "epoch", path);
    assert_int_equal(epoch_owe(path, 1), 0);

    plant_start(p);
    assert_int_equal(pipeline_epoch_ordinal(vault_pipeline(p->vault)), 2);
    assert_int_equal(vault_redone(p->vault), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLANT_TEST(what_was_committed_is_there_again),
        PLANT_TEST(what_arrived_and_was_not_taken_is_taken_at_the_next_start),
        PLANT_TEST(an_epoch_that_is_owed_begins_and_nothing_is_done_again),
        PLANT_TEST(damaged_frames_behind_the_position_are_lost_by_number),
        PLANT_TEST(full_log_book_takes_nothing_and_goes_on_when_there_is_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
