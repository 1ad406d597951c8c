/* Wrong clocks of every kind, through the whole way of a reading. The boot times and wall clocks of the
 * entries are made up here; the readings are of a year that lies ahead of whatever the machine's clock says,
 * as on a box that boots in 1970. Each wrong clock harms at most its own device, and windows still close. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above. */
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "journal/journal.h"
#include "pipeline.h"
#include "reading.pb-c.h"

#define SECOND_US INT64_C(1000000)
#define MINUTE_US (60 * SECOND_US)
#define HOUR_US   (60 * MINUTE_US)
#define DAY_US    (24 * HOUR_US)
#define BEGIN_US  INT64_C(3786912000000000) /* 2090-01-01T00:00:00Z */
#define WINDOWS   4000

static const char plan_yaml[] =
    "gateway: gw-1\n"
    "idle: 10min\n"
    "factors:\n"
    "  - {id: grid, source: made up, per: kWh, co2: 0.5}\n"
    "sites:\n"
    "  - id: mill\n"
    "    zone: UTC\n"
    "    periods: [1min]\n"
    "    publish_shorter: true\n"
    "    grace: 0s\n"
    "    restate_every: 0s\n"
    "    streams:\n"
    "      - {id: power, scope: 2, carrier: electricity, factor: grid}\n"
    "    devices:\n"
    "      - {id: a, points: [{id: energy, kind: interval, unit: kWh, stream: power,\n"
    "         interval: 1min}]}\n"
    "      - {id: b, points: [{id: energy, kind: interval, unit: kWh, stream: power,\n"
    "         interval: 1min}]}\n"
    "      - {id: c, points: [{id: energy, kind: interval, unit: kWh, stream: power,\n"
    "         interval: 1min}]}\n";

/* A pipeline, its intake, and the latest revision of each minute's window. */
struct box {
    char path[64];
    struct journal *intake;
    struct pipeline *pipeline;
    struct store_batch *batch;
    struct entry now; /* of the clock: boot, boot time, offset */
    int64_t wh[WINDOWS];
    uint32_t revision[WINDOWS];
};

static int no_row(void *self, enum stage stage, struct slice key, struct slice *out)
{
    (void)self, (void)stage, (void)key, (void)out;
    return STATE_ABSENT;
}

static void note(void *self, const struct plan *plan, const struct summary *s,
                 struct pipeline_encoded *out)
{
    struct box *box = self;
    int64_t i = (s->start_us - BEGIN_US) / MINUTE_US;
    (void)plan, (void)out;
    if (s->start_us < BEGIN_US || i >= WINDOWS)
        return;
    assert_int_equal(s->revision, box->revision[i] + 1);
    box->revision[i] = s->revision;
    box->wh[i] = (int64_t)(s->streams[0].activity_micro / 1000000);
}

static void happen(struct box *b, struct entry e)
{
    e.sequence = ++b->now.sequence;
    e.boottime_us = b->now.boottime_us;
    e.clock = b->now.clock;
    assert_int_equal(pipeline_take(b->pipeline, &e, b->batch), 0);
    store_batch_clear(b->batch);
}

static int make_box(void **state)
{
    struct box *b = calloc(1, sizeof *b);
    struct journal_opening found;
    snprintf(b->path, sizeof b->path, "/tmp/carbon-time-XXXXXX");
    if (!mkdtemp(b->path))
        return -1;
    struct journal_conf conf = { .path = b->path, .segment_bytes = (int64_t)4 << 20 };
    assert_int_equal(journal_open(&conf, 0, 0, &b->intake, &found), 0);
    assert_int_equal(pipeline_open(&(struct pipeline_conf){ .intakes = { b->path },
                                                            .lookup = { .get = no_row },
                                                            .encode = note,
                                                            .encode_self = b },
                                   &b->pipeline),
                     0);
    b->batch = store_batch_new();
    b->now.clock.boot_id[0] = 1;
    happen(b, (struct entry){ .kind = FRAME_GENESIS, .gateway_epoch = 7, .epoch_ordinal = 1,
                              .gateway_id = slice_of("gw-1") });
    happen(b, (struct entry){ .kind = FRAME_CONFIG, .yaml = slice_of(plan_yaml) });
    *state = b;
    return 0;
}

static void remove_name(void *self, const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", (const char *)self, name);
    unlink(path);
}

static int remove_box(void **state)
{
    struct box *b = *state;
    assert_true(pipeline_balances(b->pipeline));
    pipeline_close(b->pipeline);
    store_batch_free(b->batch);
    journal_close(b->intake);
    file_list(b->path, remove_name, b->path);
    rmdir(b->path);
    free(b);
    return 0;
}

/* A device says that it used a kilowatt hour in the minute that ends then. */
static void say(struct box *b, const char *device, int64_t time_us)
{
    char topic[64];
    uint8_t bytes[128];
    Carbon__V1__Reading r = CARBON__V1__READING__INIT;
    snprintf(topic, sizeof topic, "carbon/v1/mill/%s/reading", device);
    r.point = (char *)"energy";
    r.time_unix_ms = time_us / 1000;
    r.value = 1;
    struct frame f = { .kind = FRAME_MESSAGE, .flags = 1, .topic = slice_of(topic),
                       .rest = { bytes, carbon__v1__reading__pack(&r, bytes) } };
    assert_int_equal(journal_append(b->intake, &f), 0);
}

static void take(struct box *b)
{
    happen(b, (struct entry){ .kind = FRAME_TOOK, .journal_id = journal_id(b->intake),
                              .until = journal_end(b->intake) });
}

/* Minutes [from, to): time passes, and those devices say what each minute was. */
static void go_on(struct box *b, int from, int to, const char *devices)
{
    for (int minute = from; minute < to; minute++) {
        b->now.boottime_us += MINUTE_US;
        for (const char *d = devices; *d; d++)
            say(b, (char[]){ *d, '\0' }, BEGIN_US + (minute + 1) * MINUTE_US);
        take(b);
    }
}

static void wait(struct box *b, int64_t us)
{
    b->now.boottime_us += (uint64_t)us;
    happen(b, (struct entry){ .kind = FRAME_TICK });
}

/* The windows [from, to) were published, with so much in each. */
static void assert_minutes(const struct box *b, int from, int to, int64_t kwh)
{
    for (int i = from; i < to; i++) {
        assert_true(b->revision[i] > 0);
        assert_int_equal(b->wh[i], 1000 * kwh);
    }
}

static void a_box_that_boots_in_1970_and_gets_its_time_later_loses_no_window(void **state)
{
    struct box *b = *state;
    go_on(b, 0, 30, "abc");
    b->now.clock.offset_us = BEGIN_US + 30 * MINUTE_US - (int64_t)b->now.boottime_us;
    b->now.clock.is_synchronised = true;
    go_on(b, 30, 60, "abc");
    assert_minutes(b, 0, 60, 3);
    assert_int_equal(b->revision[60], 0);
}

static void a_wall_clock_set_back_and_forward_by_hours_closes_nothing_and_keeps_nothing_open(void **state)
{
    struct box *b = *state;
    for (int hour = 0; hour < 6; hour++) {
        b->now.clock.offset_us = BEGIN_US + (hour % 2 ? 5 : -5) * HOUR_US;
        go_on(b, hour * 20, hour * 20 + 20, "abc");
        assert_minutes(b, 0, hour * 20 + 20, 3);
        assert_int_equal(b->revision[hour * 20 + 20], 0);
    }
}

static void a_device_days_ahead_harms_only_itself(void **state)
{
    struct box *b = *state;
    go_on(b, 0, 5, "abc");
    for (int minute = 5; minute < 120; minute++) {
        say(b, "c", BEGIN_US + 9 * DAY_US + minute * MINUTE_US);
        go_on(b, minute, minute + 1, "ab");
    }
    assert_minutes(b, 0, 5, 3);
    assert_minutes(b, 5, 120, 2);
    for (int i = 5; i < 120; i++)
        assert_int_equal(b->revision[i], 1); /* none of it was late */
    go_on(b, 120, 130, "abc"); /* set right, it is behind its own newest reading: late, in no total */
    assert_minutes(b, 120, 130, 2);
}

static void a_device_days_behind_harms_only_itself(void **state)
{
    struct box *b = *state;
    go_on(b, 0, 5, "abc");
    for (int minute = 5; minute < 60; minute++) {
        say(b, "c", BEGIN_US - 9 * DAY_US + minute * MINUTE_US);
        go_on(b, minute, minute + 1, "ab");
    }
    assert_minutes(b, 5, 60 - 15, 2);
    go_on(b, 60, 90, "ab");
    assert_minutes(b, 5, 90, 2);
}

static void a_silent_device_holds_windows_no_longer_than_it_may_be_idle(void **state)
{
    struct box *b = *state;
    go_on(b, 0, 5, "abc");
    go_on(b, 5, 14, "ab");
    assert_int_equal(b->revision[5], 0);
    go_on(b, 14, 16, "ab");
    assert_minutes(b, 5, 15, 2);
}

static void when_all_devices_are_silent_windows_close_by_the_time_that_passes(void **state)
{
    struct box *b = *state;
    go_on(b, 0, 5, "abc");
    wait(b, 10 * MINUTE_US);
    assert_minutes(b, 0, 5, 3);
    wait(b, 20 * MINUTE_US);
    assert_minutes(b, 5, 35, 0);
    go_on(b, 35, 40, "abc");
    assert_minutes(b, 35, 40, 3);
}

static void nothing_closes_by_the_time_that_a_gateway_was_off(void **state)
{
    struct box *b = *state;
    go_on(b, 0, 5, "abc");
    b->now.clock.boot_id[0] = 2;
    b->now.boottime_us = 5 * SECOND_US;
    wait(b, MINUTE_US);
    assert_int_equal(b->revision[5], 0);
    go_on(b, 5, 20, "abc"); /* what the broker kept meanwhile */
    assert_minutes(b, 0, 20, 3);
}

/* 23:59:60 is the same second as 00:00:00 to a device that counts as Unix does: it says it twice, or stands
 * still for a second. */
static void a_leap_second_is_neither_lost_nor_counted_twice(void **state)
{
    struct box *b = *state;
    go_on(b, 0, 10, "abc");
    say(b, "a", BEGIN_US + 10 * MINUTE_US); /* the second again */
    take(b);
    b->now.clock.offset_us -= SECOND_US;
    go_on(b, 10, 20, "abc");
    assert_minutes(b, 0, 20, 3);
    assert_int_equal(b->revision[9], 1);
}

static void a_day_of_stored_readings_from_one_device_makes_no_other_late(void **state)
{
    struct box *b = *state;
    go_on(b, 0, 5, "ab");
    go_on(b, 5, 1445, "ab");
    for (int minute = 5; minute < 1445; minute++)
        say(b, "c", BEGIN_US + (minute + 1) * MINUTE_US);
    take(b);
    assert_minutes(b, 0, 5, 2);
    assert_minutes(b, 5, 1445, 3);
    go_on(b, 1445, 1450, "abc");
    assert_minutes(b, 1445, 1450, 3);
}

#define BOX_TEST(f) cmocka_unit_test_setup_teardown(f, make_box, remove_box)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOX_TEST(a_box_that_boots_in_1970_and_gets_its_time_later_loses_no_window),
        BOX_TEST(a_wall_clock_set_back_and_forward_by_hours_closes_nothing_and_keeps_nothing_open),
        BOX_TEST(a_device_days_ahead_harms_only_itself),
        BOX_TEST(a_device_days_behind_harms_only_itself),
        BOX_TEST(a_silent_device_holds_windows_no_longer_than_it_may_be_idle),
        BOX_TEST(when_all_devices_are_silent_windows_close_by_the_time_that_passes),
        BOX_TEST(nothing_closes_by_the_time_that_a_gateway_was_off),
        BOX_TEST(a_leap_second_is_neither_lost_nor_counted_twice),
        BOX_TEST(a_day_of_stored_readings_from_one_device_makes_no_other_late),
    };
    setenv("CARBON_CLOCK", "unsynchronised", 1); /* of the frames: 2090 is not rejected */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
