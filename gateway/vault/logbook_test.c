/* Harm to single segments of the log book while the store is there: every reading is in the intake, so none is
 * lost and none counts twice, whatever becomes of what was noted about them. */
#include "vault/plant_test.h"

/* Three segments; the last minutes are taken and not committed. */
static void run_over_three_segments_and_kill(struct plant *p)
{
    plant_start(p);
    plant_run(p, 1, 10);
    plant_roll_log_book(p, 2);
    plant_run(p, 11, 20);
    plant_roll_log_book(p, 3);
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

static void harm_to_any_segment_of_the_log_book(enum harm harm)
{
    for (int k = 1; k <= 3; k++) {
        void *fresh = NULL;
        assert_int_equal(plant_make(&fresh), 0);
        run_over_three_segments_and_kill(fresh);
        plant_harm(fresh, "logbook", k, harm);
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
