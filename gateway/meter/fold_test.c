#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "meter/fold.h"
#include "model/plan.h"
#include "model/reading.h"

#define S     INT64_C(1000000)
#define HOUR  (3600 * S)
#define COUNT(table) (sizeof(table) / sizeof *(table))

#define GOOD      QUALITY_GOOD
#define ESTIMATED QUALITY_ESTIMATED
#define SUSPECT   QUALITY_SUSPECT
#define BAD       QUALITY_BAD
#define IDLE      QUALITY_NOT_OPERATING

#define COUNTED      VERDICT_COUNTED
#define OUT_OF_RANGE VERDICT_OUT_OF_RANGE
#define CONFLICT     VERDICT_CONFLICT
#define DUPLICATE    VERDICT_DUPLICATE

/* A reading, and what has to come of it. Times in seconds. */
struct row {
    int64_t at_s, ticks;
    enum quality quality;
    uint64_t boot;
    enum verdict verdict;
    bool has_amount;
    int64_t amount, start_s;       /* its end is the reading's time, or start + length (stamp start) */
    enum part part;
    unsigned flags;
    bool is_valid;
    int64_t length_s;              /* of an interval */
};

/* What a reading without an amount and one with a plain one expect. */
#define NOTHING               .has_amount = false
#define GIVES(ticks_, start_) .has_amount = true, .amount = (ticks_), .start_s = (start_)
#define VALID                 .part = PART_MEASURED, .is_valid = true

/* The one amount of a step that is no stretch; false: there is none. */
static bool find_amount(const struct fold_effect *e, struct amount *out)
{
    bool has_amount = false;
    for (int i = 0; i < e->n; i++) {
        if (e->at[i].shape == AMOUNT_STRETCH)
            continue;
        assert_false(has_amount);
        has_amount = true;
        *out = e->at[i];
    }
    return has_amount;
}

static void expect(const struct fold_rules *rules, const struct row *rows, size_t n)
{
    struct fold_state s = { 0 };
    for (size_t i = 0; i < n; i++) {
        const struct row *r = &rows[i];
        struct sample sample = { .time_us = r->at_s * S, .ticks = r->ticks, .boot = r->boot,
                                 .interval_us = r->length_s * S, .quality = (uint8_t)r->quality };
        struct fold_state before = s;
        struct amount amount;
        struct fold_effect e;
        fold_step(rules, &s, &sample, &e);
        bool has_amount = find_amount(&e, &amount);
        if (e.verdict != r->verdict || has_amount != r->has_amount)
            fail_msg("row %zu: verdict %d, amount %d", i, e.verdict, has_amount);
        if (e.verdict != VERDICT_COUNTED)
            assert_true(fold_state_equal(&before, &s));
        if (!has_amount)
            continue;
        int64_t end_s = rules->stamp == STAMP_START ? r->start_s + r->length_s : r->at_s;
        if (amount.ticks != r->amount || amount.start_us != r->start_s * S ||
            amount.end_us != end_s * S || amount.part != r->part || amount.flags != r->flags ||
            amount.is_valid != r->is_valid)
            fail_msg("row %zu: amount %jd from %jd s, part %d, flags %d, valid %d", i,
                     (intmax_t)amount.ticks, (intmax_t)(amount.start_us / S), amount.part,
                     amount.flags, amount.is_valid);
        assert_int_equal(amount.sign, 1);
        assert_false(amount.is_unverified);
    }
}

static enum verdict verdict_of(const struct fold_rules *rules, struct fold_state *s,
                               const struct sample *r)
{
    struct fold_effect e;
    fold_step(rules, s, r, &e);
    return e.verdict;
}

#define EXPECT(rules, rows) expect(&(rules), rows, COUNT(rows))

/* --- registers --- */

static const struct fold_rules plain = { .kind = POINT_REGISTER, .max_gap_us = 100 * S };
static const struct fold_rules trapezoid = { .kind = POINT_GAUGE, .max_gap_us = HOUR };
static const struct fold_rules previous = { .kind = POINT_GAUGE, .max_gap_us = HOUR,
                                            .integrate = INTEGRATE_PREVIOUS };
static const struct fold_rules event = { .kind = POINT_EVENT };

static void register_counts_its_deltas(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { 0, 100, GOOD, 0, COUNTED, NOTHING },
        { 10, 107, GOOD, 0, COUNTED, GIVES(7, 0), VALID },
        { 20, 107, GOOD, 0, COUNTED, GIVES(0, 10), VALID },
        { 120, 108, GOOD, 0, COUNTED, GIVES(1, 20), VALID },
        { 221, 110, GOOD, 0, COUNTED, GIVES(2, 120), .part = PART_BRIDGED },
    };
    EXPECT(plain, rows);
}

static void register_below_zero_counts_as_well(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { 0, -50, GOOD, 0, COUNTED, NOTHING },
        { 10, 20, GOOD, 0, COUNTED, GIVES(70, 0), VALID },
    };
    EXPECT(plain, rows);
}

static void quality_of_either_end_bears_on_a_delta(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { 0, 100, GOOD, 0, COUNTED, NOTHING },
        { 10, 110, ESTIMATED, 0, COUNTED, GIVES(10, 0), .part = PART_ESTIMATED },
        { 20, 120, GOOD, 0, COUNTED, GIVES(10, 10), .part = PART_ESTIMATED },
        { 30, 130, SUSPECT, 0, COUNTED, GIVES(10, 20), .flags = AMOUNT_SUSPECT },
        { 40, 140, GOOD, 0, COUNTED, GIVES(10, 30), .flags = AMOUNT_SUSPECT },
        { 50, 150, GOOD, 0, COUNTED, GIVES(10, 40), VALID },
    };
    EXPECT(plain, rows);
}

static void readings_without_a_value_are_no_baseline(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { 0, 999, BAD, 0, COUNTED, NOTHING },
        { 10, 100, GOOD, 0, COUNTED, NOTHING },
        { 20, 0, QUALITY_CALIBRATION, 0, COUNTED, NOTHING },
        { 30, 777, QUALITY_MAINTENANCE, 0, COUNTED, NOTHING },
        { 40, 130, GOOD, 0, COUNTED, GIVES(30, 10), VALID },
    };
    EXPECT(plain, rows);
}

static void amounts_while_not_operating_are_flagged(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { 0, 100, GOOD, 0, COUNTED, NOTHING },
        { 10, 0, IDLE, 0, COUNTED, NOTHING },
        { 20, 100, GOOD, 0, COUNTED, GIVES(0, 0), .part = PART_MEASURED },
        { 30, 0, IDLE, 0, COUNTED, NOTHING },
        { 40, 0, BAD, 0, COUNTED, NOTHING },
        { 50, 101, GOOD, 0, COUNTED, GIVES(1, 20), .flags = AMOUNT_NOT_OPERATING },
        { 60, 102, GOOD, 0, COUNTED, GIVES(1, 50), VALID },
    };
    EXPECT(plain, rows);
}

static void dip_is_ignored_and_never_rebased_to(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { 0, 100, GOOD, 4, COUNTED, NOTHING },
        { 10, 0, GOOD, 4, OUT_OF_RANGE, NOTHING },
        { 20, 99, GOOD, 4, OUT_OF_RANGE, NOTHING },
        { 30, 5, GOOD, 0, OUT_OF_RANGE, NOTHING },    /* no boot id says nothing about a reset */
        { 40, 103, GOOD, 4, COUNTED, GIVES(3, 0), VALID },
    };
    EXPECT(plain, rows);
}

static void new_boot_makes_a_smaller_value_a_reset(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { 0, 100, GOOD, 4, COUNTED, NOTHING },
        { 10, 101, GOOD, 5, COUNTED, GIVES(1, 0), VALID },   /* restarted, register kept */
        { 20, 30, GOOD, 6, COUNTED, GIVES(0, 10), .flags = AMOUNT_RESET | AMOUNT_UNDECLARED },
        { 30, 33, GOOD, 6, COUNTED, GIVES(3, 20), VALID },
        { 40, 32, GOOD, 6, OUT_OF_RANGE, NOTHING },
        { 50, 34, GOOD, 0, COUNTED, GIVES(1, 30), VALID },
        { 60, 2, GOOD, 7, OUT_OF_RANGE, NOTHING },           /* the last good one told no boot */
    };
    EXPECT(plain, rows);
}

static void declared_zero_counts_the_new_value_at_a_reset(void **state)
{
    (void)state;
    struct fold_rules rules = plain;
    rules.reset_from_zero = true;
    rules.max_rate_ticks_per_hour = 3600;
    static const struct row rows[] = {
        { 0, 10000, GOOD, 1, COUNTED, NOTHING },
        { 10, 8, GOOD, 2, COUNTED, GIVES(8, 0), VALID, .flags = AMOUNT_RESET },
        { 20, 5, GOOD, 3, COUNTED, GIVES(5, 10), VALID, .flags = AMOUNT_RESET },
        { 30, -5, GOOD, 4, COUNTED, GIVES(0, 20), VALID, .flags = AMOUNT_RESET },
        { 40, 5, GOOD, 4, COUNTED, GIVES(10, 30), VALID },
        { 41, 4, GOOD, 5, OUT_OF_RANGE, NOTHING },           /* 4 in a second: it was not zero */
    };
    EXPECT(rules, rows);
}

static void rate_limit_rejects_spikes_and_admits_the_limit_itself(void **state)
{
    (void)state;
    struct fold_rules rules = plain;
    rules.max_rate_ticks_per_hour = 3600;
    static const struct row rows[] = {
        { 0, 100, GOOD, 0, COUNTED, NOTHING },
        { 10, 111, GOOD, 0, OUT_OF_RANGE, NOTHING },
        { 20, 120, GOOD, 0, COUNTED, GIVES(20, 0), VALID },
        { 21, INT64_MAX, GOOD, 0, OUT_OF_RANGE, NOTHING },
        { 30, 125, GOOD, 0, COUNTED, GIVES(5, 20), VALID },
    };
    EXPECT(rules, rows);
}

static void rollover_needs_a_modulus_and_a_plausible_rate(void **state)
{
    (void)state;
    struct fold_rules rules = plain;
    rules.modulus_ticks = 1000;
    rules.max_rate_ticks_per_hour = 3600;
    static const struct row rows[] = {
        { 0, 990, GOOD, 1, COUNTED, NOTHING },
        { 10, 1, GOOD, 1, OUT_OF_RANGE, NOTHING },           /* 11 in 10 s */
        { 20, 2, GOOD, 1, COUNTED, GIVES(12, 0), VALID, .flags = AMOUNT_ROLLOVER },
        { 30, 1, GOOD, 1, OUT_OF_RANGE, NOTHING },           /* 999 in 10 s: a dip */
        { 40, -1, GOOD, 1, OUT_OF_RANGE, NOTHING },
        { 50, 0, GOOD, 2, COUNTED, GIVES(0, 20), .flags = AMOUNT_RESET | AMOUNT_UNDECLARED },
    };
    EXPECT(rules, rows);
    rules.max_rate_ticks_per_hour = 0;   /* anything would be plausible: then nothing is */
    static const struct row unlimited[] = {
        { 0, 990, GOOD, 1, COUNTED, NOTHING },
        { 20, 2, GOOD, 1, OUT_OF_RANGE, NOTHING },
    };
    EXPECT(rules, unlimited);
}

static void extreme_values_do_not_overflow(void **state)
{
    (void)state;
    struct fold_state s = { 0 };
    struct fold_rules rules = { .kind = POINT_REGISTER, .max_gap_us = INT64_MAX };
    struct sample low = { .time_us = INT64_MIN, .ticks = INT64_MIN };
    struct sample high = { .time_us = INT64_MAX, .ticks = INT64_MAX };
    assert_int_equal(verdict_of(&rules, &s, &low), COUNTED);
    assert_int_equal(verdict_of(&rules, &s, &high), OUT_OF_RANGE);
    rules.max_rate_ticks_per_hour = INT64_MAX;
    assert_int_equal(verdict_of(&rules, &s, &high), OUT_OF_RANGE);
    rules.kind = POINT_INTERVAL;
    low.interval_us = high.interval_us = S;
    low.ticks = 1;
    assert_int_equal(verdict_of(&rules, &(struct fold_state){ 0 }, &low), OUT_OF_RANGE);
    assert_int_equal(verdict_of(&rules, &(struct fold_state){ 0 }, &high), OUT_OF_RANGE);
    rules.stamp = STAMP_START;
    high.ticks = 1;
    assert_int_equal(verdict_of(&rules, &(struct fold_state){ 0 }, &high), OUT_OF_RANGE);
    assert_int_equal(verdict_of(&rules, &(struct fold_state){ 0 }, &low), COUNTED);
}

/* --- one time, several readings --- */

static void first_acceptable_reading_of_a_time_counts(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { 0, 100, GOOD, 0, COUNTED, NOTHING },
        { 10, 90, GOOD, 0, OUT_OF_RANGE, NOTHING },
        { 10, 110, SUSPECT, 0, COUNTED, GIVES(10, 0), .flags = AMOUNT_SUSPECT },
        { 10, 111, SUSPECT, 0, CONFLICT, NOTHING },
        { 10, 110, BAD, 0, DUPLICATE, NOTHING },
        { 10, 0, BAD, 0, CONFLICT, NOTHING },
    };
    EXPECT(plain, rows);
}

static void order_is_time_then_rank(void **state)
{
    (void)state;
    static const struct sample in_order[] = {
        { .time_us = 1, .quality = BAD },
        { .time_us = 2, .quality = GOOD, .boot = 9, .sequence = 1 },
        { .time_us = 2, .quality = GOOD, .boot = 8, .sequence = 7 },
        { .time_us = 2, .quality = GOOD, .boot = 8, .sequence = 6, .ticks = 5 },
        { .time_us = 2, .quality = GOOD, .boot = 8, .sequence = 6, .ticks = -5, .interval_us = 3 },
        { .time_us = 2, .quality = GOOD, .boot = 8, .sequence = 6, .ticks = -5, .interval_us = 2 },
        { .time_us = 2, .quality = GOOD, .sequence = 99 },
        { .time_us = 2, .quality = ESTIMATED, .boot = 10, .sequence = 100, .ticks = 100 },
        { .time_us = 3, .quality = GOOD },
    };
    for (size_t i = 0; i < COUNT(in_order); i++) {
        for (size_t j = 0; j < COUNT(in_order); j++) {
            int order = sample_order(POINT_REGISTER, &in_order[i], &in_order[j]);
            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
        }
    }
}

/* --- intervals --- */

static const struct fold_rules by_end = { .kind = POINT_INTERVAL, .stamp = STAMP_END };
static const struct fold_rules by_start = { .kind = POINT_INTERVAL, .stamp = STAMP_START };

static void interval_covers_the_time_before_or_behind_its_stamp(void **state)
{
    (void)state;
    static const struct row end[] = {
        { 100, 7, GOOD, 0, COUNTED, GIVES(7, 40), VALID, .length_s = 60 },
        { 160, 0, GOOD, 0, COUNTED, GIVES(0, 100), VALID, .length_s = 60 },
        { 500, 9, GOOD, 0, COUNTED, GIVES(9, 440), VALID, .length_s = 60 },
    };
    EXPECT(by_end, end);
    static const struct row start[] = {
        { 100, 7, GOOD, 0, COUNTED, GIVES(7, 100), VALID, .length_s = 60 },
        { 160, 8, GOOD, 0, COUNTED, GIVES(8, 160), VALID, .length_s = 60 },
    };
    EXPECT(by_start, start);
}

static void interval_that_overlaps_a_counted_one_conflicts(void **state)
{
    (void)state;
    static const struct row end[] = {
        { 100, 7, GOOD, 0, COUNTED, GIVES(7, 40), VALID, .length_s = 60 },
        { 130, 8, GOOD, 0, CONFLICT, NOTHING, .length_s = 31 },
        { 130, 8, GOOD, 0, COUNTED, GIVES(8, 100), VALID, .length_s = 30 },
        { 900, 8, GOOD, 0, CONFLICT, NOTHING, .length_s = 800 },
    };
    EXPECT(by_end, end);
    static const struct row start[] = {
        { 100, 7, GOOD, 0, COUNTED, GIVES(7, 100), VALID, .length_s = 60 },
        { 159, 8, GOOD, 0, CONFLICT, NOTHING, .length_s = 1 },
        { 160, 8, GOOD, 0, COUNTED, GIVES(8, 160), VALID, .length_s = 1 },
    };
    EXPECT(by_start, start);
}

static void interval_quality_decides_part_and_validity(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { 10, 7, ESTIMATED, 0, COUNTED, GIVES(7, 0), .part = PART_ESTIMATED, .length_s = 10 },
        { 20, 7, SUSPECT, 0, COUNTED, GIVES(7, 10), .flags = AMOUNT_SUSPECT, .length_s = 10 },
        { 30, 7, BAD, 0, COUNTED, NOTHING, .length_s = 10 },
        { 31, 7, GOOD, 0, COUNTED, GIVES(7, 21), VALID, .length_s = 10 },   /* bad covers nothing */
    };
    EXPECT(by_end, rows);
}

static void interval_beyond_reason_is_out_of_range(void **state)
{
    (void)state;
    struct fold_rules rules = by_end;
    rules.max_rate_ticks_per_hour = 3600;
    static const struct row rows[] = {
        { 10, -1, GOOD, 0, OUT_OF_RANGE, NOTHING, .length_s = 10 },
        { 10, 11, GOOD, 0, OUT_OF_RANGE, NOTHING, .length_s = 10 },
        { 10, 1, GOOD, 0, OUT_OF_RANGE, NOTHING, .length_s = 0 },
        { 10, 1, GOOD, 0, OUT_OF_RANGE, NOTHING, .length_s = -10 },
        { 10, 1, GOOD, 0, OUT_OF_RANGE, NOTHING, .length_s = 31 * 86400 + 1 },
        { 10, 10, GOOD, 0, COUNTED, GIVES(10, 0), VALID, .length_s = 10 },
    };
    EXPECT(rules, rows);
}

static void interval_amounts_while_not_operating_are_flagged(void **state)
{
    (void)state;
    static const struct row end[] = {
        { 10, 0, IDLE, 0, COUNTED, NOTHING, .length_s = 10 },
        { 20, 3, IDLE, 0, COUNTED, GIVES(3, 10), .flags = AMOUNT_NOT_OPERATING, .length_s = 10 },
        { 30, 4, GOOD, 0, COUNTED, GIVES(4, 20), .flags = AMOUNT_NOT_OPERATING, .length_s = 10 },
        { 40, 4, GOOD, 0, COUNTED, GIVES(4, 30), VALID, .length_s = 10 },
        { 50, 0, IDLE, 0, COUNTED, NOTHING, .length_s = 10 },
        { 60, 0, GOOD, 0, COUNTED, GIVES(0, 50), .part = PART_MEASURED, .length_s = 10 },
        { 70, 0, IDLE, 0, COUNTED, NOTHING, .length_s = 10 },
        { 80, 0, BAD, 0, COUNTED, NOTHING, .length_s = 10 },     /* ends it, as any reading does */
        { 90, 4, GOOD, 0, COUNTED, GIVES(4, 80), VALID, .length_s = 10 },
    };
    EXPECT(by_end, end);
    static const struct row start[] = {
        { 10, 0, IDLE, 0, COUNTED, NOTHING, .length_s = 10 },
        { 20, 4, GOOD, 0, COUNTED, GIVES(4, 20), VALID, .length_s = 10 },
    };
    EXPECT(by_start, start);
}

/* --- states, and anchors --- */

static void state_counts_without_an_amount(void **state)
{
    (void)state;
    static const struct fold_rules rules = { .kind = POINT_STATE };
    static const struct row rows[] = {
        { 10, -1, GOOD, 0, COUNTED, NOTHING },
        { 20, 7, IDLE, 0, COUNTED, NOTHING },
        { 20, 8, IDLE, 0, CONFLICT, NOTHING },
    };
    EXPECT(rules, rows);
}

/* The promise that lets a late reading start in the middle: an anchor's state is the step's. */
static void anchor_is_the_state_that_the_step_leaves(void **state)
{
    (void)state;
    const struct fold_rules all[] = { plain, by_end, by_start, { .kind = POINT_STATE },
                                      trapezoid, previous, event };
    for (size_t k = 0; k < COUNT(all); k++) {
        struct fold_state s = { 0 };
        size_t n_anchors = 0;
        for (int64_t i = 1; i < 200; i++) {
            struct sample r = { .time_us = i * 20 * S, .interval_us = 10 * S, .ticks = i * 3 % 50 + i,
                                .boot = (uint64_t)i / 20, .sequence = (uint64_t)i,
                                .quality = (uint8_t)(i * 5 % QUALITY_COUNT) };
            struct fold_state anchor;
            bool is_counted = verdict_of(&all[k], &s, &r) == COUNTED;
            if (is_counted && fold_anchor(&all[k], &r, &anchor)) {
                n_anchors++;
                assert_true(fold_state_equal(&s, &anchor));
            }
        }
        assert_true(n_anchors > 30);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(register_counts_its_deltas),
        cmocka_unit_test(register_below_zero_counts_as_well),
        cmocka_unit_test(quality_of_either_end_bears_on_a_delta),
        cmocka_unit_test(readings_without_a_value_are_no_baseline),
        cmocka_unit_test(amounts_while_not_operating_are_flagged),
        cmocka_unit_test(dip_is_ignored_and_never_rebased_to),
        cmocka_unit_test(new_boot_makes_a_smaller_value_a_reset),
        cmocka_unit_test(declared_zero_counts_the_new_value_at_a_reset),
        cmocka_unit_test(rate_limit_rejects_spikes_and_admits_the_limit_itself),
        cmocka_unit_test(rollover_needs_a_modulus_and_a_plausible_rate),
        cmocka_unit_test(extreme_values_do_not_overflow),
        cmocka_unit_test(first_acceptable_reading_of_a_time_counts),
        cmocka_unit_test(order_is_time_then_rank),
        cmocka_unit_test(interval_covers_the_time_before_or_behind_its_stamp),
        cmocka_unit_test(interval_that_overlaps_a_counted_one_conflicts),
        cmocka_unit_test(interval_quality_decides_part_and_validity),
        cmocka_unit_test(interval_beyond_reason_is_out_of_range),
        cmocka_unit_test(interval_amounts_while_not_operating_are_flagged),
        cmocka_unit_test(state_counts_without_an_amount),
        cmocka_unit_test(anchor_is_the_state_that_the_step_leaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
