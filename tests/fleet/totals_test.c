#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fleet/testing.h"

#define START_MS 1709251200000 /* 2024-03-01T00:00:00Z, the preset */
#define MINUTE   60000

static const char two_hours[] =
    "--period 15min --readings 8 --devices 2 --points 2 --wrong-clocks 1";

/* Device 0's clock is right, device 1's is not. */
static struct reading reading_of(enum kind kind, int64_t minute, int64_t ticks)
{
    return (struct reading){ .kind = kind,
                             .true_ms = START_MS + minute * MINUTE,
                             .ticks = ticks,
                             .interval_ms = kind == KIND_INTERVAL ? 15 * MINUTE : 0,
                             .boot = 1 };
}

static void expect_windows(const struct totals *t, const int64_t *ticks, size_t n)
{
    int128 sum = 0;
    for (size_t i = 0; i < n; i++) {
        assert_true(t->sites[0].windows[i].ticks == ticks[i]);
        sum += ticks[i];
    }
    assert_true(t->sites[0].ticks == sum);
}

static void an_amount_is_cut_at_the_edges_and_none_of_it_is_lost(void **state)
{
    (void)state;
    static const struct {
        int64_t start, end, ticks; /* minutes */
        int64_t windows[4];
    } rows[] = {
        { 0, 15, 1000, { 1000, 0, 0, 0 } },
        { 15, 30, 1000, { 0, 1000, 0, 0 } },
        { 10, 20, 1001, { 500, 501, 0, 0 } },
        { 5, 45, 100, { 25, 37, 38, 0 } }, /* floor(62.5) = 62, 62 - 25 = 37 */
        { 14, 46, 1, { 0, 0, 0, 1 } },
        { 0, 60, 0, { 0, 0, 0, 0 } },
        { 7, 37, 4000000000000007, { 1066666666666668, 2000000000000004, 933333333333335, 0 } },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fleet f;
        fleet_open(&f, two_hours);
        totals_add_amount(&f.totals, 0, START_MS + rows[i].start * MINUTE,
                          START_MS + rows[i].end * MINUTE, rows[i].ticks);
        expect_windows(&f.totals, rows[i].windows, 4);
        fleet_close(&f);
    }
}

static void an_amount_of_nothing_still_touches_its_windows(void **state)
{
    (void)state;
    struct fleet f;
    fleet_open(&f, two_hours);
    totals_add_amount(&f.totals, 0, START_MS + 10 * MINUTE, START_MS + 30 * MINUTE, 0);
    const struct window *w = f.totals.sites[0].windows;
    assert_true(w[0].is_touched && w[1].is_touched && !w[2].is_touched);
    fleet_close(&f);
}

static void a_register_adds_the_difference_to_the_reading_before(void **state)
{
    (void)state;
    struct fleet f;
    fleet_open(&f, two_hours);
    struct reading base = reading_of(KIND_REGISTER, 15, 700),
                   gap = reading_of(KIND_REGISTER, 45, 1000);
    totals_add(&f.totals, &base);
    totals_add(&f.totals, &gap);
    expect_windows(&f.totals, (int64_t[]){ 0, 150, 150, 0 }, 4);
    fleet_close(&f);
}

static void the_joint_of_a_reset_counts_nothing(void **state)
{
    (void)state;
    struct fleet f;
    fleet_open(&f, two_hours);
    struct reading rows[] = { reading_of(KIND_REGISTER, 15, 700),
                              reading_of(KIND_REGISTER, 30, 900), reading_of(KIND_REGISTER, 45, 50),
                              reading_of(KIND_REGISTER, 60, 80) };
    rows[2].boot = rows[3].boot = 2;
    for (size_t i = 0; i < 4; i++)
        totals_add(&f.totals, &rows[i]);
    expect_windows(&f.totals, (int64_t[]){ 0, 200, 0, 30 }, 4);
    fleet_close(&f);
}

static void an_interval_counts_for_the_time_before_its_stamp(void **state)
{
    (void)state;
    struct fleet f;
    fleet_open(&f, two_hours);
    struct reading r = reading_of(KIND_INTERVAL, 30, 3170000);
    totals_add(&f.totals, &r);
    totals_add_duplicate(&f.totals, &r);
    expect_windows(&f.totals, (int64_t[]){ 0, 3170000, 0, 0 }, 4);
    assert_int_equal(f.totals.sites[0].distinct, 1);
    assert_int_equal(f.totals.sites[0].duplicates, 1);
    fleet_close(&f);
}

static void a_state_reading_counts_but_adds_nothing(void **state)
{
    (void)state;
    struct fleet f;
    fleet_open(&f, two_hours);
    struct reading r = reading_of(KIND_STATE, 60 * 24, 1); /* beyond all windows */
    r.point = 2;
    totals_add(&f.totals, &r);
    expect_windows(&f.totals, (int64_t[]){ 0, 0, 0, 0 }, 4);
    assert_int_equal(f.totals.sites[0].distinct, 1);
    fleet_close(&f);
}

static void what_a_wrong_clock_stamps_is_rejected_duplicates_included(void **state)
{
    (void)state;
    struct fleet f;
    fleet_open(&f, two_hours);
    struct reading r = reading_of(KIND_INTERVAL, 30, 500);
    r.device = 1;
    assert_int_not_equal(roster_clock(&f.roster, 1), DEVICE_CLOCK_RIGHT);
    totals_add(&f.totals, &r);
    totals_add_duplicate(&f.totals, &r);
    expect_windows(&f.totals, (int64_t[]){ 0, 0, 0, 0 }, 4);
    assert_int_equal(f.totals.sites[0].bad_time, 2);
    assert_int_equal(f.totals.sites[0].duplicates_bad_time, 1);
    fleet_close(&f);
}

static void totals_are_printed_in_micro_units_of_the_base(void **state)
{
    (void)state;
    struct fleet f;
    fleet_open(&f, two_hours);
    struct reading r = reading_of(KIND_INTERVAL, 30, 3170000);
    totals_add(&f.totals, &r);
    totals_add_duplicate(&f.totals, &r);
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    totals_print(&f.totals, true, out);
    fclose(out);
    assert_non_null(strstr(text, "{\"complete\":true,\"unit\":\"kWh\",\"base_unit\":\"Wh\","));
    assert_non_null(strstr(text, "\"expected\":{\"counted\":1,\"duplicate\":1,\"late\":0,"
                                 "\"rejected\":{\"bad_time\":0}}"));
    assert_non_null(strstr(text, "\"activity_micro\":\"3170000000\",\"windows\":["));
    assert_non_null(strstr(text,
                           "{\"start_unix_ms\":1709252100000,\"start\":\"2024-03-01T00:15:00Z\","
                           "\"activity_micro\":\"3170000000\"}]}"));
    free(text);
    fleet_close(&f);
}

static void too_many_windows_are_refused(void **state)
{
    (void)state;
    char line[] = "--sites 1000 --readings 1000 --period 1d --window 1min";
    struct conf conf;
    struct source source;
    struct roster roster;
    struct totals totals;
    assert_int_equal(parse_line(line, &conf, stdout, stderr), 0);
    assert_int_equal(source_open(&conf, &source), 0);
    roster_open(&conf, &source, &roster);
    assert_int_equal(totals_open(&roster, &source, &totals), -1);
    roster_close(&roster);
    source_close(&source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_amount_is_cut_at_the_edges_and_none_of_it_is_lost),
        cmocka_unit_test(an_amount_of_nothing_still_touches_its_windows),
        cmocka_unit_test(a_register_adds_the_difference_to_the_reading_before),
        cmocka_unit_test(the_joint_of_a_reset_counts_nothing),
        cmocka_unit_test(an_interval_counts_for_the_time_before_its_stamp),
        cmocka_unit_test(a_state_reading_counts_but_adds_nothing),
        cmocka_unit_test(what_a_wrong_clock_stamps_is_rejected_duplicates_included),
        cmocka_unit_test(totals_are_printed_in_micro_units_of_the_base),
        cmocka_unit_test(too_many_windows_are_refused),
    };
    return cmocka_run_group_tests_name("totals", tests, NULL, NULL);
}
