/* Harm to single segments of the log book while the store is there: every reading is in the intake, so none is
 * lost and none counts twice, whatever becomes of what was noted about them. */
#include "vault/plant_test.h"

enum harm { GONE, EMPTY, CUT, HEADER, BODY };

/* Goes on in the next segment of the log book. */
static void roll_log_book(struct plant *p, int next)
{
    static char version[100000];
    char name[64];
    memset(version, 'v', sizeof version);
    struct entry e = { .kind = FRAME_START, .version = { (uint8_t *)version, sizeof version } };
    snprintf(name, sizeof name, "logbook/%012d.segment", next);
    while (!plant_has(p, name))
        assert_int_equal(vault_say(p->vault, &e), 0);
    e.version.size = 3;
    assert_int_equal(vault_say(p->vault, &e), 0);
    plant_commit(p);
}

/* Three segments; the last minutes are taken and not committed. */
static void run_over_three_segments_and_kill(struct plant *p)
{
    plant_start(p);
    plant_run(p, 1, 10);
    roll_log_book(p, 2);
    plant_run(p, 11, 20);
    roll_log_book(p, 3);
    plant_run(p, 21, 30);
    plant_arrive(p, 31, 40);
    plant_take(p);
    plant_stop(p);
}

/* Bodies of what lies before the store's position are not read at a start, and a segment that is missing is
 * known by nobody but `verify`. */
static bool is_seen_at_a_start(int k, enum harm harm)
{
    return harm == EMPTY || harm == HEADER || (k == 3 && harm != GONE);
}

static void assert_nothing_is_lost_or_counted_twice(struct plant *p, bool is_told)
{
    char *said = plant_start_listening(p);
    if (is_told)
        assert_said(said, "state/logbook segment=");
    plant_take(p);
    plant_commit(p);
    plant_run(p, 41, 60);
    assert_books(p, 1, 60);
    plant_stop(p);
    plant_start(p);                  /* and from then on it is an ordinary one */
    plant_run(p, 61, 70);
    assert_books(p, 1, 70);
    free(said);
}

static void harm_segment(struct plant *p, int k, enum harm harm)
{
    char name[64];
    snprintf(name, sizeof name, "logbook/%012d.segment", k);
    if (harm == GONE)
        plant_lose(p, name);
    else if (harm == EMPTY || harm == CUT)
        plant_truncate(p, name, harm == CUT ? 8192 : 0);
    else
        plant_write(p, name, harm == HEADER ? 20 : 4096 + 60, "harm", 4);
}

static void harm_to_any_segment_of_the_log_book(enum harm harm)
{
    for (int k = 1; k <= 3; k++) {
        void *fresh = NULL;
        assert_int_equal(plant_make(&fresh), 0);
        run_over_three_segments_and_kill(fresh);
        harm_segment(fresh, k, harm);
        assert_nothing_is_lost_or_counted_twice(fresh, is_seen_at_a_start(k, harm));
        assert_int_equal(plant_remove(&fresh), 0);
    }
}

static void missing_segment_of_the_log_book_loses_no_reading(void **state)
{
    (void)state;
    harm_to_any_segment_of_the_log_book(GONE);
}

static void empty_segment_of_the_log_book_loses_no_reading(void **state)
{
    (void)state;
    harm_to_any_segment_of_the_log_book(EMPTY);
}

static void truncated_segment_of_the_log_book_loses_no_reading(void **state)
{
    (void)state;
    harm_to_any_segment_of_the_log_book(CUT);
}

static void damaged_header_of_the_log_book_loses_no_reading(void **state)
{
    (void)state;
    harm_to_any_segment_of_the_log_book(HEADER);
}

static void flipped_bits_in_the_log_book_lose_no_reading(void **state)
{
    (void)state;
    harm_to_any_segment_of_the_log_book(BODY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing_segment_of_the_log_book_loses_no_reading),
        cmocka_unit_test(empty_segment_of_the_log_book_loses_no_reading),
        cmocka_unit_test(truncated_segment_of_the_log_book_loses_no_reading),
        cmocka_unit_test(damaged_header_of_the_log_book_loses_no_reading),
        cmocka_unit_test(flipped_bits_in_the_log_book_lose_no_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
