/* A store that is harmed: noticed whenever it is come across, set aside whole, and what only may not be
 * written for a while is written later. */
#include <sys/stat.h>

#include "store/scratch_test.h"

static void fill(struct scratch *s, uint64_t from, uint64_t until)
{
    for (uint64_t n = from; n <= until; n++)
        put_summary(s->batch, 1, n);
    store_batch_position(s->batch, until);
    scratch_commit(s);
}

static void damage_in_the_middle_is_noticed_when_its_page_is_read(void **state)
{
    struct scratch *s = *state;
    fill(s, 1, 2000);
    for (uint64_t n = 1; n <= 2000; n++)
        store_batch_acknowledged(s->batch, 1, n);
    scratch_commit(s);
    store_close(s->store);
    s->store = NULL;
    struct stat st;
    assert_int_equal(stat(s->path, &st), 0);
    int fd = open(s->path, O_RDWR);
    char garbage[4096];
    memset(garbage, 0x5a, sizeof garbage);
    off_t pages = st.st_size / 4096;
    for (off_t page = pages / 2; page < pages; page++)     /* nothing that opening looks at */
        assert_int_equal(pwrite(fd, garbage, sizeof garbage, page * 4096), sizeof garbage);
    close(fd);

    assert_int_equal(store_open(s->path, &s->store), 0);
    struct store_summary row = { .epoch_ordinal = 0 };
    int rc;
    while ((rc = store_history_next(s->store, row.epoch_ordinal, row.sequence, &s->arena, &row)) == 0)
        arena_reset(&s->arena);
    assert_true(rc < 0);
    assert_true(store_is_damaged(s->store));
}

static void what_is_set_aside_keeps_its_wal(void **state)
{
    struct scratch *s = *state;
    fill(s, 1, 3);
    char *first = NULL, *second = NULL;
    assert_int_equal(store_set_aside(s->path, &first), 0);     /* open, as a kill would leave it */
    char *seen = ask_like_an_operator(first, "SELECT count(*) FROM outbox");
    assert_string_equal(seen, "3\n");
    free(seen);
    store_close(s->store);
    s->store = NULL;

    assert_int_equal(store_open(s->path, &s->store), 0);
    assert_int_equal(store_position(s->store), 0);
    assert_int_equal(store_set_aside(s->path, &second), 0);
    assert_string_not_equal(first, second);
    char *all[] = { first, second };
    for (size_t i = 0; i < 2; i++) {
        static const char *const endings[] = { "", "-wal", "-shm" };
        for (size_t k = 0; k < 3; k++) {
            char path[160];
            snprintf(path, sizeof path, "%s%s", all[i], endings[k]);
            unlink(path);
        }
        free(all[i]);
    }
}

/* Root may write everything, so root steps down. */
static void step_down(const char *directory)
{
    if (geteuid() != 0)
        return;
    assert_int_equal(chown(directory, 65534, 65534), 0);
    assert_int_equal(seteuid(65534), 0);
}

/* chmod u+w store.sqlite*: its WAL has its mode. */
static void let_write(struct scratch *s)
{
    static const char *const endings[] = { "", "-wal", "-shm" };
    for (size_t i = 0; i < 3; i++) {
        char path[160];
        snprintf(path, sizeof path, "%s%s", s->path, endings[i]);
        assert_int_equal(chmod(path, 0640), 0);
    }
}

static void what_may_only_be_read_is_opened_and_written_once_it_may_be(void **state)
{
    struct scratch *s = *state;
    uid_t before = geteuid();
    step_down(s->directory);
    assert_int_equal(store_open(s->path, &s->store), 0);
    fill(s, 1, 2);
    store_close(s->store);
    s->store = NULL;
    assert_int_equal(chmod(s->path, 0440), 0);

    assert_int_equal(store_open(s->path, &s->store), 0);
    assert_int_equal(store_position(s->store), 2);
    assert_string_equal(outbox_of(s), "1/1 1/2");
    put_summary(s->batch, 1, 3);
    assert_true(store_write(s->store, s->batch) < 0);
    assert_false(store_is_damaged(s->store));

    let_write(s);
    assert_int_equal(store_write(s->store, s->batch), 0);
    assert_string_equal(outbox_of(s), "1/1 1/2 1/3");
    assert_int_equal(seteuid(before), 0);
}

static void a_summary_is_the_same_behind_its_row(void **state)
{
    (void)state;
    struct store_summary row = summary_of(3, 7), found;
    struct buffer key = { 0 }, value = { 0 };
    store_summary_write(&row, &key, &value);
    assert_int_equal(store_summary_read(buffer_slice(&key), buffer_slice(&value), &found), 0);
    assert_summary(&found, 3, 7);

    for (size_t size = 0; size < value.size; size++)
        assert_int_equal(store_summary_read(buffer_slice(&key), (struct slice){ value.at, size }, &found),
                         STATE_MALFORMED);
    value.at[0] = 9;
    assert_true(store_summary_read(buffer_slice(&key), buffer_slice(&value), &found) < 0);
    buffer_fini(&key);
    buffer_fini(&value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST_OPEN(damage_in_the_middle_is_noticed_when_its_page_is_read),
        SCRATCH_TEST_OPEN(what_is_set_aside_keeps_its_wal),
        SCRATCH_TEST(what_may_only_be_read_is_opened_and_written_once_it_may_be),
        cmocka_unit_test(a_summary_is_the_same_behind_its_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
