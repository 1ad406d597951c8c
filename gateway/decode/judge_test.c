/* One reading after another against the example plan: each case is a good reading with one thing
 * changed. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "decode/judge.h"
#include "model/plan_example_test.h"

#define SECOND_US INT64_C(1000000)
#define WALL_US   (INT64_C(1514733300) * SECOND_US)  /* 2017-12-31T15:15:00Z */

struct fixture {
    struct arena arena;
    struct plan *plan;
    int32_t plant, main_meter, gas_meter;
};

static int open_fixture(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct problems problems;
    arena_init(&f->arena, 0);
    problems_init(&problems, "plan", &f->arena);
    assert_int_equal(plan_read(slice_of(plan_example), &problems, &f->plan), 0);
    problems_fini(&problems);
    f->plant = plan_site(f->plan, slice_of("plant"));
    f->main_meter = plan_device(f->plan, f->plant, slice_of("main-meter"));
    f->gas_meter = plan_device(f->plan, f->plant, slice_of("gas-meter"));
    *state = f;
    return 0;
}

static int close_fixture(void **state)
{
    struct fixture *f = *state;
    plan_free(f->plan);
    arena_fini(&f->arena);
    free(f);
    return 0;
}

static struct frame frame_at(int64_t wall_us, bool is_synchronised)
{
    return (struct frame){
        .boottime_us = 5000000,
        .clock = { .offset_us = wall_us - 5000000, .is_synchronised = is_synchronised },
    };
}

/* What a topic that tells these two gives. */
static struct origin origin_of(const struct fixture *f, const char *site, const char *device)
{
    struct frame frame = frame_at(WALL_US, true);
    struct origin o = {
        .plan = f->plan,
        .site_name = slice_of(site),
        .device_name = slice_of(device),
        .site = -1,
        .device = -1,
        .latest_us = origin_latest_us(f->plan, &frame),
    };
    if (site)
        o.site = plan_site(f->plan, o.site_name);
    if (o.site >= 0 && device)
        o.device = plan_device(f->plan, o.site, o.device_name);
    return o;
}

static struct raw_reading reading_of(const char *point)
{
    return (struct raw_reading){ .point = slice_of(point), .time_us = WALL_US, .value = 3.17,
                                 .boot = 7, .sequence = 9 };
}

static struct reading judged(const struct origin *o, const struct raw_reading *raw)
{
    struct reading r;
    memset(&r, 0xa5, sizeof r);
    judge_reading(o, raw, &r);
    return r;
}

static void a_good_reading_is_counted_in_the_plans_terms(void **state)
{
    struct fixture *f = *state;
    struct origin o = origin_of(f, "plant", "main-meter");
    struct raw_reading raw = reading_of("import");
    raw.unit = 2;
    raw.quality = QUALITY_ESTIMATED;

    struct reading r = judged(&o, &raw);
    assert_int_equal(r.verdict, VERDICT_COUNTED);
    assert_int_equal(r.site, f->plant);
    assert_int_equal(r.device, f->main_meter);
    assert_int_equal(r.point, plan_point(f->plan, f->main_meter, slice_of("import")));
    assert_int_equal(r.time_us, WALL_US);
    assert_int_equal(r.ticks, 126800);   /* 3.17 x 40 / 0.001 */
    assert_int_equal(r.interval_us, 0);
    assert_int_equal(r.quality, QUALITY_ESTIMATED);
    assert_int_equal(r.boot, 7);
    assert_int_equal(r.sequence, 9);
}

static void topic_and_payload_tell_site_and_device_together(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *topic_site, *topic_device, *site, *device;
        enum verdict verdict;
    } cases[] = {
        { "plant", "main-meter", NULL, NULL, VERDICT_COUNTED },
        { "plant", "main-meter", "plant", "main-meter", VERDICT_COUNTED },
        { NULL, NULL, "plant", "main-meter", VERDICT_COUNTED },
        { "plant", NULL, NULL, "main-meter", VERDICT_COUNTED },
        { NULL, "main-meter", "plant", NULL, VERDICT_COUNTED },
        { NULL, "main-meter", "plant", "main-meter", VERDICT_COUNTED },
        { NULL, NULL, NULL, NULL, VERDICT_UNKNOWN_SITE },
        { NULL, "main-meter", NULL, NULL, VERDICT_UNKNOWN_SITE },
        { NULL, NULL, "elsewhere", "main-meter", VERDICT_UNKNOWN_SITE },
        { "elsewhere", "main-meter", NULL, NULL, VERDICT_UNKNOWN_SITE },
        { "elsewhere", "main-meter", "elsewhere", NULL, VERDICT_UNKNOWN_SITE },
        /* Contradictions. */
        { "plant", "main-meter", "office", NULL, VERDICT_UNKNOWN_SITE },
        { "elsewhere", "main-meter", "plant", NULL, VERDICT_UNKNOWN_SITE },
        { "plant", "main-meter", "plant", "gas-meter", VERDICT_UNKNOWN_DEVICE },
        { NULL, "main-meter", "plant", "gas-meter", VERDICT_UNKNOWN_DEVICE },
        { "plant", "main-meter", "Plant", NULL, VERDICT_UNKNOWN_SITE },
        { "plant", "main-meter", "plan", NULL, VERDICT_UNKNOWN_SITE },
        { "plant", NULL, NULL, NULL, VERDICT_UNKNOWN_DEVICE },
        { "plant", "other", NULL, NULL, VERDICT_UNKNOWN_DEVICE },
        { "office", "main-meter", NULL, NULL, VERDICT_UNKNOWN_DEVICE },
        { NULL, "main-meter", "office", NULL, VERDICT_UNKNOWN_DEVICE },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct origin o = origin_of(f, cases[i].topic_site, cases[i].topic_device);
        struct raw_reading raw = reading_of("import");
        raw.site = slice_of(cases[i].site);
        raw.device = slice_of(cases[i].device);
        struct reading r = judged(&o, &raw);
        if (r.verdict != cases[i].verdict)
            fail_msg("case %zu: %s", i, verdict_row(r.verdict)->name);
        assert_true((r.verdict == VERDICT_UNKNOWN_SITE) == (r.site == -1));
        assert_true((r.verdict == VERDICT_COUNTED) == (r.device >= 0));
        assert_true((r.verdict == VERDICT_COUNTED) == (r.point >= 0));
    }
}

static void a_point_is_known_by_its_whole_name(void **state)
{
    struct fixture *f = *state;
    struct origin o = origin_of(f, "plant", "main-meter");
    static const struct slice names[] = {
        { NULL, 0 },
        { (const uint8_t *)"Import", 6 },
        { (const uint8_t *)"impor", 5 },
        { (const uint8_t *)"import ", 7 },
        { (const uint8_t *)"import\0x", 8 },
        { (const uint8_t *)"volume", 6 },   /* of another device */
        { (const uint8_t *)"\xff\xff", 2 },
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct raw_reading raw = reading_of("");
        raw.point = names[i];
        struct reading r = judged(&o, &raw);
        assert_int_equal(r.verdict, VERDICT_UNKNOWN_POINT);
        assert_int_equal(r.site, f->plant);
        assert_int_equal(r.device, f->main_meter);
        assert_int_equal(r.point, -1);
    }
}

static void a_unit_is_the_declared_one_or_none(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *point;
        uint32_t unit;
        enum verdict verdict;
    } cases[] = {
        { "import", 0, VERDICT_COUNTED },        { "import", 2, VERDICT_COUNTED },
        { "import", 1, VERDICT_BAD_UNIT },       { "import", 3, VERDICT_BAD_UNIT },
        { "import", 30, VERDICT_BAD_UNIT },      { "import", 258, VERDICT_BAD_UNIT },
        { "import", UINT32_MAX, VERDICT_BAD_UNIT }, { "alive", 0, VERDICT_COUNTED },
        { "alive", 2, VERDICT_BAD_UNIT },
    };
    struct origin o = origin_of(f, "plant", "main-meter");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct raw_reading raw = reading_of(cases[i].point);
        raw.unit = cases[i].unit;
        assert_int_equal(judged(&o, &raw).verdict, cases[i].verdict);
    }
}

static void a_time_lies_between_2000_and_max_future_ahead(void **state)
{
    struct fixture *f = *state;
    const int64_t ahead_us = f->plan->max_future_us;
    const struct {
        int64_t time_us;
        bool is_synchronised;
        enum verdict verdict;
    } cases[] = {
        { 0, true, VERDICT_BAD_TIME },
        { INT64_MIN, true, VERDICT_BAD_TIME },
        { INT64_C(946684799999999), true, VERDICT_BAD_TIME },
        { INT64_C(946684799999999), false, VERDICT_BAD_TIME },
        { INT64_C(946684800000000), true, VERDICT_COUNTED },
        { WALL_US, true, VERDICT_COUNTED },
        { WALL_US + ahead_us, true, VERDICT_COUNTED },
        { WALL_US + ahead_us + 1, true, VERDICT_BAD_TIME },
        { WALL_US + ahead_us + 1, false, VERDICT_COUNTED },
        { WALL_US * 4, false, VERDICT_COUNTED },
        { INT64_C(253402300799999999), false, VERDICT_COUNTED },
        { INT64_C(253402300800000000), false, VERDICT_BAD_TIME },
        { INT64_MAX, true, VERDICT_BAD_TIME },
        { INT64_MAX, false, VERDICT_BAD_TIME },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct origin o = origin_of(f, "plant", "main-meter");
        struct frame frame = frame_at(WALL_US, cases[i].is_synchronised);
        o.latest_us = origin_latest_us(f->plan, &frame);
        struct raw_reading raw = reading_of("import");
        raw.time_us = cases[i].time_us;
        struct reading r = judged(&o, &raw);
        if (r.verdict != cases[i].verdict)
            fail_msg("case %zu: %s", i, verdict_row(r.verdict)->name);
        assert_int_equal(r.time_us, cases[i].time_us);
    }
}

static void a_clock_at_the_end_of_time_does_not_overflow(void **state)
{
    struct fixture *f = *state;
    struct frame frame = frame_at(INT64_MAX - 1, true);
    assert_int_equal(origin_latest_us(f->plan, &frame), INT64_C(253402300799999999));
}

static void a_value_is_a_number_that_fits(void **state)
{
    struct fixture *f = *state;
    static const struct {
        double value;
        enum verdict verdict;
        int64_t ticks;
    } cases[] = {
        { 0.0, VERDICT_COUNTED, 0 },
        { -0.0, VERDICT_COUNTED, 0 },
        { -2.5, VERDICT_COUNTED, -100000 },
        { 0.0000125, VERDICT_COUNTED, 1 },      /* the binary value lies just above half a tick */
        { 0.0000124, VERDICT_COUNTED, 0 },
        { 5e-324, VERDICT_COUNTED, 0 },
        { 2e14, VERDICT_COUNTED, INT64_C(8000000000000000000) },
        { 2.4e14, VERDICT_OUT_OF_RANGE, 0 },
        { -2.4e14, VERDICT_OUT_OF_RANGE, 0 },
        { 1.7e308, VERDICT_OUT_OF_RANGE, 0 },
        { (double)NAN, VERDICT_NOT_A_NUMBER, 0 },
        { (double)INFINITY, VERDICT_NOT_A_NUMBER, 0 },
        { -(double)INFINITY, VERDICT_NOT_A_NUMBER, 0 },
    };
    struct origin o = origin_of(f, "plant", "main-meter");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct raw_reading raw = reading_of("import");
        raw.value = cases[i].value;
        struct reading r = judged(&o, &raw);
        if (r.verdict != cases[i].verdict || r.ticks != cases[i].ticks)
            fail_msg("case %zu: %s, %lld", i, verdict_row(r.verdict)->name, (long long)r.ticks);
    }
}

static void an_interval_is_the_declared_one_unless_told(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *point;
        uint32_t interval_ms;
        enum verdict verdict;
        int64_t interval_us;
    } cases[] = {
        { "quarter", 0, VERDICT_COUNTED, 900 * SECOND_US },
        { "quarter", 1, VERDICT_COUNTED, 1000 },
        { "quarter", 60000, VERDICT_COUNTED, 60 * SECOND_US },
        { "quarter", UINT32_C(2678400000), VERDICT_COUNTED, 2678400 * SECOND_US },
        { "quarter", UINT32_C(2678400001), VERDICT_OUT_OF_RANGE, 0 },
        { "quarter", UINT32_MAX, VERDICT_OUT_OF_RANGE, 0 },
        { "import", 60000, VERDICT_COUNTED, 0 },
        { "alive", UINT32_MAX, VERDICT_COUNTED, 0 },
    };
    struct origin o = origin_of(f, "plant", "main-meter");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct raw_reading raw = reading_of(cases[i].point);
        raw.interval_ms = cases[i].interval_ms;
        struct reading r = judged(&o, &raw);
        assert_int_equal(r.verdict, cases[i].verdict);
        assert_int_equal(r.interval_us, cases[i].interval_us);
    }
}

static void an_event_needs_a_sequence_and_a_derived_point_no_reading(void **state)
{
    struct fixture *f = *state;
    struct origin o = origin_of(f, "plant", "main-meter");
    struct raw_reading raw = reading_of("import");
    struct point *pt = &f->plan->points[plan_point(f->plan, f->main_meter, slice_of("import"))];
    pt->kind = POINT_EVENT;
    raw.sequence = 0;
    assert_int_equal(judged(&o, &raw).verdict, VERDICT_OUT_OF_RANGE);
    raw.sequence = 1;
    assert_int_equal(judged(&o, &raw).verdict, VERDICT_COUNTED);
    pt->kind = POINT_DERIVED;
    assert_int_equal(judged(&o, &raw).verdict, VERDICT_UNKNOWN_POINT);
    pt->kind = POINT_REGISTER;   /* the plan is everybody's */
}

static void a_quality_of_a_newer_device_is_suspect(void **state)
{
    struct fixture *f = *state;
    struct origin o = origin_of(f, "plant", "main-meter");
    static const uint32_t told[] = { 0, 1, 6, 7, 1000, UINT32_MAX };
    static const enum quality expected[] = { QUALITY_GOOD, QUALITY_ESTIMATED, QUALITY_NOT_OPERATING,
                                             QUALITY_SUSPECT, QUALITY_SUSPECT, QUALITY_SUSPECT };
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        struct raw_reading raw = reading_of("import");
        raw.quality = told[i];
        assert_int_equal(judged(&o, &raw).verdict, VERDICT_COUNTED);
        assert_int_equal(judged(&o, &raw).quality, expected[i]);
    }
}

static void the_first_thing_that_is_wrong_decides(void **state)
{
    struct fixture *f = *state;
    struct origin o = origin_of(f, "plant", "main-meter");
    struct raw_reading raw = { .point = slice_of("quarter"), .value = (double)NAN, .unit = 1,
                               .interval_ms = UINT32_MAX };
    assert_int_equal(judged(&o, &raw).verdict, VERDICT_BAD_UNIT);
    raw.unit = 2;
    assert_int_equal(judged(&o, &raw).verdict, VERDICT_BAD_TIME);
    raw.time_us = WALL_US;
    assert_int_equal(judged(&o, &raw).verdict, VERDICT_NOT_A_NUMBER);
    raw.value = 1;
    assert_int_equal(judged(&o, &raw).verdict, VERDICT_OUT_OF_RANGE);
    raw.interval_ms = 1;
    assert_int_equal(judged(&o, &raw).verdict, VERDICT_COUNTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_reading_is_counted_in_the_plans_terms),
        cmocka_unit_test(topic_and_payload_tell_site_and_device_together),
        cmocka_unit_test(a_point_is_known_by_its_whole_name),
        cmocka_unit_test(a_unit_is_the_declared_one_or_none),
        cmocka_unit_test(a_time_lies_between_2000_and_max_future_ahead),
        cmocka_unit_test(a_clock_at_the_end_of_time_does_not_overflow),
        cmocka_unit_test(a_value_is_a_number_that_fits),
        cmocka_unit_test(an_interval_is_the_declared_one_unless_told),
        cmocka_unit_test(an_event_needs_a_sequence_and_a_derived_point_no_reading),
        cmocka_unit_test(a_quality_of_a_newer_device_is_suspect),
        cmocka_unit_test(the_first_thing_that_is_wrong_decides),
    };
    return cmocka_run_group_tests(tests, open_fixture, close_fixture);
}
