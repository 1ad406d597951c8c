/* Gauges, events and not operating: what one reading after another gives, stretches included. */
#include "meter/plant_test.h"

#define MINUTE (60 * S)
#define GOOD QUALITY_GOOD
#define BAD  QUALITY_BAD
#define IDLE QUALITY_NOT_OPERATING

static enum verdict say(struct plant *p, int32_t point, int64_t minute, int64_t ticks,
                        enum quality quality, struct amounts *out)
{
    struct sample s = { .time_us = EPOCH_US + minute * MINUTE, .ticks = ticks, .boot = 1,
                        .sequence = (uint64_t)minute + 1, .quality = (uint8_t)quality };
    return plant_take(p, point, &s, out);
}

/* One amount over these minutes. */
static void assert_one(const struct amounts *out, enum shape shape, int64_t from, int64_t to,
                       int64_t ticks, unsigned flags, bool is_valid)
{
    assert_int_equal(out->n, 1);
    assert_int_equal(out->at->shape, shape);
    assert_int_equal(out->at->start_us, EPOCH_US + from * MINUTE);
    assert_int_equal(out->at->end_us, EPOCH_US + to * MINUTE);
    assert_int_equal(out->at->ticks, ticks);
    assert_int_equal(out->at->flags, flags);
    assert_int_equal(out->at->is_valid, is_valid);
}

static void begin(struct plant *p, int integrate)
{
    plant_plan(p);
    p->points[GAU].integrate = integrate;
    plant_open(p);
}

/* MTR-05: 100, 120, 80, 80 kW at 0, 15, 30 and 60 minutes are 92.5 kWh, here in watts. */
static void trapezoid_of_the_published_case(void **state)
{
    struct plant p;
    struct amounts out;
    (void)state;
    begin(&p, INTEGRATE_TRAPEZOID);
    assert_int_equal(say(&p, GAU, 0, 100000, GOOD, &out), VERDICT_COUNTED);
    assert_int_equal(out.n, 0);
    assert_int_equal(out.n_samples, 1);
    say(&p, GAU, 15, 120000, GOOD, &out);
    assert_one(&out, AMOUNT_RAMP, 0, 15, 27500, 0, true);
    assert_int_equal(out.at->ramp_from, 100000);
    assert_int_equal(out.at->ramp_to, 120000);
    say(&p, GAU, 30, 80000, GOOD, &out);
    assert_one(&out, AMOUNT_RAMP, 15, 30, 25000, 0, true);
    say(&p, GAU, 60, 80000, GOOD, &out);
    assert_one(&out, AMOUNT_RAMP, 30, 60, 40000, 0, true);
    plant_close(&p);
}

static void no_line_is_drawn_across_a_gap_or_a_bad_value(void **state)
{
    struct plant p;
    struct amounts out;
    (void)state;
    begin(&p, INTEGRATE_TRAPEZOID);
    say(&p, GAU, 0, 100, GOOD, &out);
    say(&p, GAU, 61, 100, GOOD, &out);
    assert_one(&out, AMOUNT_STRETCH, 0, 61, 0, AMOUNT_GAP, false);
    say(&p, GAU, 70, 999, BAD, &out);
    assert_one(&out, AMOUNT_STRETCH, 61, 70, 0, AMOUNT_GAP, false);
    assert_int_equal(out.n_samples, 1);
    say(&p, GAU, 80, 100, GOOD, &out);
    assert_one(&out, AMOUNT_STRETCH, 70, 80, 0, AMOUNT_GAP, false);
    say(&p, GAU, 90, 100, GOOD, &out);
    assert_one(&out, AMOUNT_RAMP, 80, 90, 17, 0, true);   /* 16.67 */
    plant_close(&p);
}

static void held_value_holds_for_max_gap_at_most(void **state)
{
    struct plant p;
    struct amounts out;
    (void)state;
    begin(&p, INTEGRATE_PREVIOUS);
    say(&p, GAU, 0, 100, GOOD, &out);
    say(&p, GAU, 30, 0, GOOD, &out);
    assert_one(&out, AMOUNT_LINEAR, 0, 30, 50, 0, true);
    say(&p, GAU, 40, 60, GOOD, &out);
    assert_one(&out, AMOUNT_LINEAR, 30, 40, 0, 0, true);
    say(&p, GAU, 160, 60, GOOD, &out);
    assert_int_equal(out.n, 2);
    assert_int_equal(out.at[0].ticks, 60);
    assert_int_equal(out.at[0].end_us, EPOCH_US + 100 * MINUTE);
    assert_int_equal(out.at[1].flags, AMOUNT_GAP);
    assert_int_equal(out.at[1].start_us, EPOCH_US + 100 * MINUTE);
    plant_close(&p);
}

static void gauge_beyond_its_limits_is_out_of_range(void **state)
{
    struct plant p;
    struct amounts out;
    (void)state;
    plant_plan(&p);
    p.points[GAU].has_min = p.points[GAU].has_max = true;
    p.points[GAU].min_ticks = -5;
    p.points[GAU].max_ticks = 100;
    plant_open(&p);
    assert_int_equal(say(&p, GAU, 0, 101, GOOD, &out), VERDICT_OUT_OF_RANGE);
    assert_int_equal(out.n_samples, 0);
    assert_int_equal(say(&p, GAU, 1, -6, GOOD, &out), VERDICT_OUT_OF_RANGE);
    assert_int_equal(say(&p, GAU, 2, -5, GOOD, &out), VERDICT_COUNTED);
    assert_int_equal(say(&p, GAU, 3, 999, BAD, &out), VERDICT_COUNTED); /* no value, no limit */
    plant_close(&p);
}

static void not_operating_lasts_until_the_next_reading(void **state)
{
    struct plant p;
    struct amounts out;
    (void)state;
    begin(&p, INTEGRATE_PREVIOUS);
    say(&p, GAU, 0, 60, GOOD, &out);
    say(&p, GAU, 10, 0, IDLE, &out);
    assert_one(&out, AMOUNT_LINEAR, 0, 10, 10, 0, true);
    say(&p, GAU, 90, 60, GOOD, &out);
    assert_one(&out, AMOUNT_STRETCH, 10, 90, 0, AMOUNT_NOT_OPERATING, false);
    plant_close(&p);
}

/* Valid time and time of not operating never overlap, so that coverage is never above 1. */
static void register_keeps_valid_time_and_not_operating_apart(void **state)
{
    struct plant p;
    struct amounts out;
    (void)state;
    begin(&p, INTEGRATE_TRAPEZOID);
    say(&p, REG, 0, 100, GOOD, &out);
    say(&p, REG, 10, 0, IDLE, &out);
    assert_int_equal(out.n, 0);
    say(&p, REG, 30, 107, GOOD, &out);
    assert_int_equal(out.n, 3);
    assert_int_equal(out.at[0].shape, AMOUNT_STRETCH);
    assert_true(out.at[0].is_valid);
    assert_int_equal(out.at[0].end_us, EPOCH_US + 10 * MINUTE);
    assert_int_equal(out.at[1].ticks, 7);
    assert_false(out.at[1].is_valid);
    assert_int_equal(out.at[1].flags, AMOUNT_NOT_OPERATING);
    assert_int_equal(out.at[2].shape, AMOUNT_STRETCH);
    assert_int_equal(out.at[2].flags, AMOUNT_NOT_OPERATING);
    assert_int_equal(out.at[2].start_us, EPOCH_US + 10 * MINUTE);
    plant_close(&p);
}

static void events_of_one_time_count_each_by_their_sequence(void **state)
{
    struct plant p;
    struct amounts out;
    struct sample s = { .time_us = EPOCH_US, .ticks = 5, .boot = 1, .sequence = 1 };
    (void)state;
    begin(&p, INTEGRATE_TRAPEZOID);
    assert_int_equal(plant_take(&p, EVT, &s, &out), VERDICT_COUNTED);
    assert_int_equal(out.at->end_us - out.at->start_us, 1);
    assert_int_equal(plant_take(&p, EVT, &s, &out), VERDICT_DUPLICATE);
    s.sequence = 2;
    assert_int_equal(plant_take(&p, EVT, &s, &out), VERDICT_COUNTED);
    assert_int_equal(out.at->ticks, 5);
    s.ticks = 4;
    assert_int_equal(plant_take(&p, EVT, &s, &out), VERDICT_CONFLICT);
    s.sequence = 3;
    s.ticks = -1;
    assert_int_equal(plant_take(&p, EVT, &s, &out), VERDICT_OUT_OF_RANGE);
    plant_close(&p);
}

static void late_gauge_stands_unverified_for_its_period(void **state)
{
    struct plant p;
    struct amounts out;
    (void)state;
    plant_plan(&p);
    p.points[GAU].period_us = 15 * MINUTE;
    p.points[GAU].lateness_us = HOUR;
    plant_open(&p);
    say(&p, GAU, 100, 60, GOOD, &out);
    assert_int_equal(say(&p, GAU, 10, 60, GOOD, &out), VERDICT_LATE);
    assert_one(&out, AMOUNT_LINEAR, 10, 25, 15, 0, false);
    assert_true(out.at->is_unverified);
    assert_int_equal(out.n_samples, 0);
    plant_close(&p);
}

static void what_is_measured_after_the_calibration_is_flagged(void **state)
{
    struct plant p;
    struct amounts out;
    (void)state;
    plant_plan(&p);
    p.points[REG].calibrated_until_us = EPOCH_US + 15 * MINUTE;
    plant_open(&p);
    say(&p, REG, 0, 0, GOOD, &out);
    say(&p, REG, 14, 1, GOOD, &out);
    assert_int_equal(out.at->flags, 0);
    say(&p, REG, 15, 2, GOOD, &out);
    assert_one(&out, AMOUNT_LINEAR, 14, 15, 1, AMOUNT_CALIBRATION_EXPIRED, true);
    plant_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trapezoid_of_the_published_case),
        cmocka_unit_test(no_line_is_drawn_across_a_gap_or_a_bad_value),
        cmocka_unit_test(held_value_holds_for_max_gap_at_most),
        cmocka_unit_test(gauge_beyond_its_limits_is_out_of_range),
        cmocka_unit_test(not_operating_lasts_until_the_next_reading),
        cmocka_unit_test(register_keeps_valid_time_and_not_operating_apart),
        cmocka_unit_test(events_of_one_time_count_each_by_their_sequence),
        cmocka_unit_test(late_gauge_stands_unverified_for_its_period),
        cmocka_unit_test(what_is_measured_after_the_calibration_is_flagged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
