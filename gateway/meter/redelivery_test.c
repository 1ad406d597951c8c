/* What a broker sends again after a kill: tens of thousands of readings that were all taken long ago. Each
 * counts once, in bounded memory. */
#include "meter/plant_test.h"

#include "meter/meter_private.h"

#define READINGS 50000
#define KEEP     128

/* Counted readings and candidates, as many of each as `keep`, and what the array has in slack. */
#define RETAINED_MOST (2 * KEEP + 1)
#define BYTES_MOST    (sizeof(struct sample) * (RETAINED_MOST + RETAINED_MOST / 4 + 8))

/* Once a second a tick more, from two boots; numbered, or not. */
static struct sample *readings(bool is_numbered)
{
    struct sample *at = calloc(READINGS, sizeof *at);
    assert_non_null(at);
    for (int64_t i = 0; i < READINGS; i++) {
        at[i] = (struct sample){ .time_us = EPOCH_US + i * S, .ticks = i };
        int64_t since_boot = i < READINGS / 3 ? i : i - READINGS / 3;
        at[i].boot = !is_numbered ? 0 : i < READINGS / 3 ? 7 : 8;
        at[i].sequence = is_numbered ? (uint64_t)since_boot + 1 : 0;
    }
    return at;
}

/* What came of some readings: how many of each verdict, and the ticks in and out of the totals. */
struct outcome {
    int64_t by_verdict[VERDICT_COUNT];
    int64_t ticks, unverified_ticks;
};

static void take(struct plant *p, const struct sample *s, struct outcome *o)
{
    struct amounts out = { 0 };
    o->by_verdict[plant_take(p, REG, s, &out)]++;
    for (size_t i = 0; i < out.n; i++) {
        int64_t ticks = out.at[i].sign * out.at[i].ticks;
        *(out.at[i].is_unverified ? &o->unverified_ticks : &o->ticks) += ticks;
    }
}

static void take_all(struct plant *p, const struct sample *at, struct outcome *o)
{
    for (int i = 0; i < READINGS; i++)
        take(p, &at[i], o);
}

static void assert_bounded(const struct plant *p)
{
    struct meter_figures f;
    meter_figures(p->meter, &f);
    assert_true(f.retained <= RETAINED_MOST);
    assert_true(f.retained_bytes <= BYTES_MOST);
    assert_true(sizeof(struct meter_point) + BYTES_MOST < 17000); /* what README.md says */
}

static void begin(struct plant *p, struct sample *at, struct outcome *o)
{
    plant_plan(p);
    plant_open(p);
    *o = (struct outcome){ 0 };
    take_all(p, at, o);
    assert_int_equal(o->by_verdict[VERDICT_COUNTED], READINGS);
    assert_int_equal(o->ticks, READINGS - 1);
}

/* Nothing more was counted, and nothing stands beside the totals. */
static void assert_all_known(struct plant *p, const struct outcome *o, int64_t again)
{
    assert_int_equal(o->by_verdict[VERDICT_DUPLICATE], again);
    assert_int_equal(o->by_verdict[VERDICT_LATE], 0);
    assert_int_equal(o->unverified_ticks, 0);
    assert_bounded(p);
}

static void fifty_thousand_numbered_readings_that_come_again_count_once(void **state)
{
    struct plant p;
    struct outcome o;
    struct sample *at = readings(true);
    (void)state;
    begin(&p, at, &o);
    take_all(&p, at, &o);
    take_all(&p, at, &o);
    assert_all_known(&p, &o, 2 * READINGS);
    assert_int_equal(o.ticks, READINGS - 1);
    free(at);
    plant_close(&p);
}

static void out_of_order_they_count_once_too(void **state)
{
    struct plant p;
    struct outcome o;
    struct sample *at = readings(true);
    struct dice d = dice_of(5);
    (void)state;
    begin(&p, at, &o);
    shuffle(&d, at, READINGS, READINGS);
    take_all(&p, at, &o);
    assert_all_known(&p, &o, READINGS);
    assert_int_equal(o.ticks, READINGS - 1);
    free(at);
    plant_close(&p);
}

static void between_new_readings_they_count_once_too(void **state)
{
    struct plant p;
    struct outcome o;
    struct sample *at = readings(true);
    (void)state;
    begin(&p, at, &o);
    struct sample new = at[READINGS - 1];
    for (int i = 0; i < READINGS; i++) {
        new.time_us += S;
        new.sequence++;
        new.ticks++;
        take(&p, &new, &o);
        take(&p, &at[i], &o);
    }
    assert_all_known(&p, &o, READINGS);
    assert_int_equal(o.ticks, 2 * READINGS - 1);
    free(at);
    plant_close(&p);
}

/* Without numbers only what is retained can be known again. The rest stands beside the totals. */
static void without_numbers_they_add_nothing_to_the_totals(void **state)
{
    struct plant p;
    struct outcome o;
    struct sample *at = readings(false);
    (void)state;
    begin(&p, at, &o);
    take_all(&p, at, &o);
    assert_int_equal(o.by_verdict[VERDICT_DUPLICATE], KEEP);
    assert_int_equal(o.by_verdict[VERDICT_LATE], READINGS - KEEP);
    assert_int_equal(o.by_verdict[VERDICT_COUNTED], READINGS);
    assert_int_equal(o.ticks, READINGS - 1);
    assert_bounded(&p);
    free(at);
    plant_close(&p);
}

static void a_restart_in_between_changes_nothing(void **state)
{
    struct plant p;
    struct outcome o;
    struct sample *at = readings(true);
    (void)state;
    begin(&p, at, &o);
    struct meter_point *point = &p.meter->points[REG];
    struct buffer row = { 0 };
    meter_point_write(point, &row);
    assert_true(row.size <= 517 + 26 * RETAINED_MOST);
    assert_int_equal(meter_point_read(point, buffer_slice(&row)), 0);
    take_all(&p, at, &o);
    assert_all_known(&p, &o, READINGS);
    buffer_fini(&row);
    free(at);
    plant_close(&p);
}

static void a_change_of_unit_does_not_forget_what_was_taken(void **state)
{
    struct plant p;
    struct outcome o;
    struct sample *at = readings(true);
    struct unit other = { .number = 3, .name = "MWh" };
    (void)state;
    begin(&p, at, &o);
    p.points[REG].unit = &other;
    meter_configure(p.meter, &p.plan);
    take_all(&p, at, &o);
    assert_all_known(&p, &o, READINGS);
    assert_int_equal(o.ticks, READINGS - 1);
    free(at);
    plant_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fifty_thousand_numbered_readings_that_come_again_count_once),
        cmocka_unit_test(out_of_order_they_count_once_too),
        cmocka_unit_test(between_new_readings_they_count_once_too),
        cmocka_unit_test(without_numbers_they_add_nothing_to_the_totals),
        cmocka_unit_test(a_restart_in_between_changes_nothing),
        cmocka_unit_test(a_change_of_unit_does_not_forget_what_was_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
