/* A journal on a disk that is full, fails or loses power. Linked with disk_double.c instead of
 * base/file.c. */
#include "journal/scratch_test.h"

#include <errno.h>

#include "journal/disk_double.h"

static int disk_make(void **state)
{
    disk_reset();
    return scratch_make(state);
}

static int disk_remove(void **state)
{
    disk_reset();
    return scratch_remove(state);
}

#define DISK_TEST(f) cmocka_unit_test_setup_teardown(f, disk_make, disk_remove)

static struct journal *open_committed(struct scratch *s, uint64_t committed,
                                      struct journal_opening *found)
{
    struct journal *j = NULL;
    assert_int_equal(journal_open(&s->conf, committed, committed, &j, found), 0);
    return j;
}

static uint64_t synced_of(const struct journal *j)
{
    struct journal_figures f;
    journal_figures(j, &f);
    return f.synced;
}

static void full_disk_refuses_the_frame_and_nothing_else(void **state)
{
    struct scratch *s = *state;
    struct journal *j = scratch_open(s);
    append_many(j, 1, BULK_PER_SEGMENT, BULK);
    uint64_t end = journal_end(j);
    static const int reasons[] = { -ENOSPC, -EDQUOT };
    static char memory[BULK + 64];
    for (size_t i = 0; i < 2; i++) {
        disk_refuse(reasons[i]);
        struct frame f = message_of(BULK_PER_SEGMENT + 1, BULK, memory, sizeof memory);
        assert_int_equal(journal_append(j, &f), JOURNAL_FULL);
        assert_int_equal(journal_append(j, &f), JOURNAL_FULL);
        assert_int_equal(journal_prepare(j), JOURNAL_FULL);
        assert_int_equal(journal_end(j), end);
        assert_true(journal_wants_spare(j));
    }
    assert_int_equal(journal_sync(j, end), 0);
    assert_int_equal(synced_of(j), end);
    disk_refuse(0);
    append_one(j, BULK_PER_SEGMENT + 1, BULK);
    struct journal_reader *r = scratch_reader(s, 0);
    assert_reads(r, 1, BULK_PER_SEGMENT + 1, BULK);
    journal_reader_close(r);
    journal_close(j);
}

static void allocation_that_fails_otherwise_is_an_error(void **state)
{
    struct scratch *s = *state;
    struct journal *j = scratch_open(s);
    disk_refuse(-EIO);
    assert_true(journal_prepare(j) < 0);
    disk_refuse(0);
    assert_int_equal(journal_prepare(j), 0);
    journal_close(j);
}

/* So that an operator can let it drain, or trim it. */
static void journal_opens_on_a_full_disk(void **state)
{
    struct scratch *s = *state;
    struct journal_opening o;
    struct journal *j = scratch_open(s);
    uint64_t last = append_many(j, 1, 5, 0);
    journal_close(j);

    disk_refuse(-ENOSPC);
    j = open_committed(s, last, &o);                   /* room in its segment: nothing to allocate */
    append_one(j, 6, 0);
    journal_close(j);
    j = open_committed(s, 500, &o);                    /* a jump needs a segment */
    assert_int_equal(o.last, last + 2);
    assert_true(journal_wants_spare(j));
    struct frame f = { .kind = FRAME_TICK };
    assert_int_equal(journal_append(j, &f), JOURNAL_FULL);
    assert_int_equal(journal_sync(j, journal_end(j)), 0);
    disk_refuse(0);
    assert_int_equal(append_one(j, 7, 0), 502);
    assert_int_equal(journal_sync(j, 502), 0);
    journal_close(j);
    struct journal_reader *r = scratch_reader(s, 0);
    assert_reads(r, 1, 7, 0);
    journal_reader_close(r);
}

static void new_journal_needs_room_for_one_segment(void **state)
{
    struct scratch *s = *state;
    struct journal *j = NULL;
    struct journal_opening o;
    disk_refuse(-ENOSPC);
    assert_true(journal_open(&s->conf, 0, 0, &j, &o) < 0);
    assert_null(j);
    disk_refuse(0);
    journal_close(scratch_open(s));
}

static void failed_sync_is_never_tried_again(void **state)
{
    struct scratch *s = *state;
    struct journal *j = scratch_open(s);
    uint64_t first = append_many(j, 1, 5, 0);
    assert_int_equal(journal_sync(j, first), 0);
    uint64_t last = append_many(j, 6, 9, 0);
    disk_fail_sync(1);
    assert_true(journal_sync(j, last) < 0);
    size_t syncs = disk_syncs();
    assert_true(journal_sync(j, last) < 0);
    assert_true(journal_sync(j, first) < 0);
    assert_int_equal(disk_syncs(), syncs);
    assert_int_equal(synced_of(j), first);
    journal_close(j);
}

static void failure_in_an_older_segment_is_one_for_all_behind_it(void **state)
{
    struct scratch *s = *state;
    struct journal *j = scratch_open(s);
    uint64_t last = append_many(j, 1, 2 * BULK_PER_SEGMENT, BULK);
    disk_fail_sync(1);
    assert_true(journal_sync(j, last) < 0);
    assert_int_equal(synced_of(j), 0);
    journal_close(j);
}

static void sync_asks_the_disk_only_when_there_is_need(void **state)
{
    struct scratch *s = *state;
    struct journal *j = scratch_open(s);
    uint64_t last = append_many(j, 1, 2 * BULK_PER_SEGMENT, BULK);
    size_t syncs = disk_syncs();
    assert_int_equal(journal_sync(j, last), 0);
    assert_int_equal(disk_syncs(), syncs + 2);         /* both segments with unsynced frames */
    for (uint64_t n = 0; n <= last; n++)
        assert_int_equal(journal_sync(j, n), 0);
    assert_int_equal(disk_syncs(), syncs + 2);
    last = append_one(j, 100, 0);
    assert_int_equal(journal_sync(j, last), 0);
    assert_int_equal(disk_syncs(), syncs + 3);         /* the older one is done with */
    journal_close(j);
}

/* A killed predecessor leaves frames in the page cache; whoever opens behind it syncs them first. */
static void opening_syncs_what_a_killed_writer_left(void **state)
{
    struct scratch *s = *state;
    struct journal_opening o;
    struct journal *j = scratch_open(s);
    uint64_t last = append_many(j, 1, 3 * BULK_PER_SEGMENT, BULK);
    journal_close(j);
    j = open_committed(s, 0, &o);
    assert_int_equal(synced_of(j), last);
    journal_close(j);
    disk_cut_power(1, 0);
    struct journal_reader *r = scratch_reader(s, 0);
    assert_reads(r, 1, 3 * BULK_PER_SEGMENT, BULK);
    journal_reader_close(r);
}

static void cut_tail_does_not_come_back(void **state)
{
    struct scratch *s = *state;
    struct journal_opening o;
    struct journal *j = scratch_open(s);
    uint64_t last = append_many(j, 1, 3, 0);
    assert_int_equal(journal_sync(j, last), 0);
    journal_close(j);
    size_t size, at = scratch_find(s, 1, last, &size);
    uint64_t garbage[300];
    memset(garbage, 0x5a, sizeof garbage);
    scratch_write(s, 1, at + size, garbage, sizeof garbage);
    disk_reset();                                      /* the garbage is what stands on the disk */
    j = open_committed(s, last, &o);
    assert_int_equal(o.torn_bytes, sizeof garbage);
    journal_close(j);
    disk_cut_power(1, 0);
    j = open_committed(s, last, &o);
    assert_int_equal(o.torn_bytes, 0);
    assert_int_equal(o.last, last);
    journal_close(j);
}

/* ---- Power cuts at any moment: what was synced is there, what is there is right. ---- */

#define MEMORY 1024u

/* The messages that were appended under which number; the newest meaning of a number counts. */
struct books {
    uint64_t sequence[MEMORY], message[MEMORY];
    size_t bulk[MEMORY];
    size_t n;
    uint64_t synced;
    uint32_t seed;
};

static uint32_t chance(struct books *b, uint32_t of)
{
    b->seed = b->seed * 1664525u + 1013904223u;
    return (b->seed >> 8) % of;
}

static void book(struct books *b, uint64_t sequence, uint64_t message, size_t bulk)
{
    assert_true(b->n < MEMORY);
    assert_true(b->n == 0 || sequence > b->sequence[b->n - 1]);
    b->sequence[b->n] = sequence;
    b->message[b->n] = message;
    b->bulk[b->n++] = bulk;
}

static void write_and_sync(struct books *b, struct journal *j, uint64_t *message)
{
    uint32_t turns = 20 + chance(b, 40);
    for (uint32_t i = 0; i < turns; i++) {
        size_t bulk = chance(b, 4) == 0 ? BULK : chance(b, 2000);
        *message += 1;
        book(b, append_one(j, *message, bulk), *message, bulk);
        if (chance(b, 12) == 0) {
            uint64_t to = b->sequence[chance(b, (uint32_t)b->n)];
            assert_int_equal(journal_sync(j, to), 0);
            b->synced = to > b->synced ? to : b->synced;
        }
        if (chance(b, 16) == 0)
            assert_int_equal(journal_prepare(j), 0);
    }
}

/* Reads all, behind an opening, which syncs what it finds. Drops from the books what is gone, and that
 * must not have been synced. */
static void audit(struct books *b, struct scratch *s)
{
    struct journal_reader *r = scratch_reader(s, 0);
    struct frame f;
    size_t kept = 0, i = 0;
    while (journal_read(r, UINT64_MAX, &f) == 0) {
        for (; i < b->n && b->sequence[i] < f.sequence; i++)
            assert_true(b->sequence[i] > b->synced);
        assert_true(i < b->n && b->sequence[i] == f.sequence);
        assert_message(&f, b->message[i], b->bulk[i]);
        b->sequence[kept] = b->sequence[i];
        b->message[kept] = b->message[i];
        b->bulk[kept++] = b->bulk[i++];
    }
    for (; i < b->n; i++)
        assert_true(b->sequence[i] > b->synced);
    b->n = kept;
    if (kept > 0)
        b->synced = b->sequence[kept - 1];
    journal_reader_close(r);
}

static void power_may_fail_at_any_moment(void **state)
{
    struct scratch *s = *state;
    static struct books b;
    for (uint32_t seed = 1; seed <= 9; seed++) {
        b = (struct books){ .seed = seed };
        uint64_t message = 0;
        for (unsigned cut = 0; cut < 3; cut++) {
            struct journal_opening o;
            struct journal *j = open_committed(s, b.synced, &o);
            audit(&b, s);
            assert_true(o.last >= b.synced);
            write_and_sync(&b, j, &message);
            journal_close(j);
            disk_cut_power(seed * 4 + cut, seed % 9);
        }
        struct journal_opening o;
        journal_close(open_committed(s, b.synced, &o));
        audit(&b, s);
        disk_reset();
        scratch_empty(s->path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DISK_TEST(full_disk_refuses_the_frame_and_nothing_else),
        DISK_TEST(allocation_that_fails_otherwise_is_an_error),
        DISK_TEST(journal_opens_on_a_full_disk),
        DISK_TEST(new_journal_needs_room_for_one_segment),
        DISK_TEST(failed_sync_is_never_tried_again),
        DISK_TEST(failure_in_an_older_segment_is_one_for_all_behind_it),
        DISK_TEST(sync_asks_the_disk_only_when_there_is_need),
        DISK_TEST(opening_syncs_what_a_killed_writer_left),
        DISK_TEST(cut_tail_does_not_come_back),
        DISK_TEST(power_may_fail_at_any_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
