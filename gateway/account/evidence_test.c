/* Evidence is the same for the same readings, in whatever order they came and however often one was taken
 * back and given again. */
#include "account/plant_fixture_test.h"

#include "account/evidence.h"

static const struct amount quarter = { .point = 1, .sign = 1, .is_valid = true, .start_us = 0,
                                       .end_us = QUARTER_US, .ticks = 250 };

static void every_member_of_an_amount_and_its_point_bear_on_the_hash(void **state)
{
    (void)state;
    uint64_t point = evidence_point(slice_of("plant"), slice_of("meter"), slice_of("main"));
    uint64_t hash = evidence_of(point, &quarter);
    assert_int_not_equal(hash, evidence_of(point + 1, &quarter));
    assert_int_not_equal(point, evidence_point(slice_of("plant"), slice_of("main"), slice_of("meter")));
    struct amount others[10];
    for (int i = 0; i < 10; i++)
        others[i] = quarter;
    others[0].start_us--;
    others[1].end_us++;
    others[2].ticks++;
    others[3].part = PART_ESTIMATED;
    others[4].flags = AMOUNT_RESET;
    others[5].is_valid = false;
    others[6].is_unverified = true;
    others[7].shape = AMOUNT_RAMP;
    others[8].ramp_from = 5;
    others[9].ramp_to = 5;
    for (int i = 0; i < 10; i++)
        assert_int_not_equal(hash, evidence_of(point, &others[i]));
    struct amount back = quarter;
    back.sign = -1;
    assert_int_equal(hash, evidence_of(point, &back));
}

static void what_is_taken_back_leaves_the_sum_and_widens_the_stretch(void **state)
{
    (void)state;
    struct evidence one = { 0 }, two = { 0 };
    evidence_add(&one, 7, 11, +1);
    evidence_add(&one, 9, 13, +1);
    evidence_add(&two, 3, 13, +1);
    evidence_add(&two, 4, 99, +1);
    evidence_add(&two, 5, 99, -1);
    evidence_add(&two, 12, 11, +1);
    evidence_add(&two, 0, 0, +1);                /* of no frame */
    assert_int_equal(one.sum, two.sum);
    assert_int_equal(one.first_frame, 7);
    assert_int_equal(one.last_frame, 9);
    assert_int_equal(two.first_frame, 3);
    assert_int_equal(two.last_frame, 12);
}

/* The same quarters in two orders, one of them through a restart. */
static void a_window_tells_the_same_evidence_in_any_order_and_behind_a_restart(void **state)
{
    (void)state;
    uint64_t sums[2];
    for (int order = 0; order < 2; order++) {
        struct desk d;
        desk_open(&d, plant);
        int64_t hour_us = at("2018-02-02T10:00:00Z");
        desk_seen(&d, "meter", hour_us);
        for (int i = 0; i < 4; i++) {
            int64_t at_us = hour_us + (order ? 3 - i : i) * QUARTER_US;
            account_frame(d.a, (uint64_t)(20 + i));
            desk_add(&d, measured(&d, "second", at_us, at_us + QUARTER_US, 100));
            if (order && i == 1) {
                desk_commit(&d);
                desk_restart(&d);
            }
        }
        finish(&d);
        struct summary *s = desk_latest(&d, PERIOD_HOUR, hour_us);
        assert_true(s->has_evidence);
        assert_int_equal(s->frames_from, 20);
        assert_int_equal(s->frames_until, 23);
        sums[order] = s->readings_hash;
        struct summary *first = desk_latest(&d, PERIOD_QUARTER_HOUR, hour_us);
        assert_int_equal(first->frames_from, order ? 23 : 20);
        assert_int_not_equal(first->readings_hash, s->readings_hash);
        desk_close(&d);
    }
    assert_int_equal(sums[0], sums[1]);
    assert_int_not_equal(sums[0], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_member_of_an_amount_and_its_point_bear_on_the_hash),
        cmocka_unit_test(what_is_taken_back_leaves_the_sum_and_widens_the_stretch),
        cmocka_unit_test(a_window_tells_the_same_evidence_in_any_order_and_behind_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
