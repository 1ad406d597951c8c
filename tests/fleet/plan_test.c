#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fleet/message.h"
#include "fleet/testing.h"
#include "reading.pb-c.h"

static const char muddle[] =
    "--sites 2 --devices 5 --points 3 --kind mixed --readings 80 --period 7min "
    "--shuffle 12 --duplicates 10 --loss 5 --resets 2 --wrong-clocks 3 "
    "--connections 3 --end-state";

/* FNV-1a, to compare what a connection carries. */
static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ at[i]) * 0x100000001b3u;
    return hash;
}

static void hash_run(const char *line, uint64_t hashes[3])
{
    struct fleet f;
    fleet_open(&f, line);
    for (int i = 0; i < 3; i++)
        hashes[i] = 0xcbf29ce484222325u;
    struct message *m;
    while ((m = plan_next(f.plan)) != NULL) {
        assert_true(m->connection < 3);
        hashes[m->connection] = hash_bytes(hashes[m->connection], m->topic, strlen(m->topic));
        hashes[m->connection] = hash_bytes(hashes[m->connection], m->payload, m->size);
        free(m);
    }
    fleet_close(&f);
}

static void the_same_seed_gives_the_same_bytes_on_every_connection(void **state)
{
    (void)state;
    uint64_t once[3], again[3], other[3];
    char line[512];
    snprintf(line, sizeof(line), "%s --seed 2", muddle);
    hash_run(muddle, once);
    hash_run(muddle, again);
    hash_run(line, other);
    for (int i = 0; i < 3; i++) {
        assert_true(once[i] == again[i]);
        assert_true(once[i] != other[i]);
    }
}

struct run {
    uint64_t readings, messages, batches_not_full;
    int128 ticks[2];
    uint64_t distinct, duplicates, lost, restarts, bad_time;
};

static void run_plan(const char *line, struct run *out)
{
    struct fleet f;
    fleet_open(&f, line);
    memset(out, 0, sizeof(*out));
    struct message *m;
    while ((m = plan_next(f.plan)) != NULL) {
        out->readings += m->readings;
        out->messages++;
        out->batches_not_full += m->readings < f.conf.batch;
        free(m);
    }
    assert_int_equal(out->readings, plan_readings(f.plan));
    for (uint32_t s = 0; s < f.roster.sites; s++) {
        if (s < 2)
            out->ticks[s] = f.totals.sites[s].ticks;
        out->distinct += f.totals.sites[s].distinct;
        out->duplicates += f.totals.sites[s].duplicates;
        out->lost += f.totals.sites[s].lost;
        out->restarts += f.totals.sites[s].restarts;
        out->bad_time += f.totals.sites[s].bad_time;
    }
    fleet_close(&f);
}

static void every_reading_is_sent_lost_or_sent_twice_and_all_are_counted(void **state)
{
    (void)state;
    struct run r;
    run_plan(muddle, &r);
    assert_int_equal(r.distinct + r.lost, 2 * 5 * 3 * 80 + 10);
    assert_int_equal(r.readings, r.distinct + r.duplicates);
    assert_int_equal(r.messages, r.readings);
    assert_true(r.lost > 60 && r.lost < 180);
    assert_true(r.duplicates > 150 && r.duplicates < 320);
    assert_int_equal(r.restarts, 2 * 10);
    assert_true(r.bad_time > 3 * 3 * 80 * 9 / 10);
}

static void neither_order_nor_batches_nor_duplicates_change_the_totals(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "--sites 2 --devices 5 --points 3 --kind mixed --readings 80 --loss 5 --resets 2",
        "--sites 2 --devices 5 --points 3 --kind mixed --readings 80 --loss 5 --resets 2 --shuffle "
        "40",
        "--sites 2 --devices 5 --points 3 --kind mixed --readings 80 --loss 5 --resets 2 --batch 7",
        "--sites 2 --devices 5 --points 3 --kind mixed --readings 80 --loss 5 --resets 2 "
        "--duplicates 99",
    };
    struct run first;
    run_plan(lines[0], &first);
    for (size_t i = 1; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct run r;
        run_plan(lines[i], &r);
        assert_true(r.ticks[0] == first.ticks[0] && r.ticks[1] == first.ticks[1]);
        assert_int_equal(r.distinct, first.distinct);
    }
}

static void a_register_loses_nothing_to_lost_readings_and_an_interval_does(void **state)
{
    (void)state;
    struct run all, some;
    run_plan("--kind interval --readings 500", &all);
    run_plan("--kind interval --readings 500 --loss 20", &some);
    assert_true(some.lost > 0 && some.ticks[0] < all.ticks[0] * 9 / 10);

    /* From its first reading that arrives to its last one, whatever is lost in between. */
    struct fleet f;
    fleet_open(&f, "--kind register --readings 500 --loss 20");
    double first = 0, last = 0;
    struct message *m;
    for (bool is_first = true; (m = plan_next(f.plan)) != NULL; is_first = false) {
        Carbon__V1__Reading *r = carbon__v1__reading__unpack(NULL, m->size, m->payload);
        assert_non_null(r);
        first = is_first ? r->value : first;
        last = r->value;
        carbon__v1__reading__free_unpacked(r, NULL);
        free(m);
    }
    assert_true(f.totals.sites[0].ticks == (int64_t)((last - first) * 1e6 + 0.5));
    fleet_close(&f);
}

static void batches_are_full_but_for_the_last_of_a_device(void **state)
{
    (void)state;
    struct run r;
    run_plan("--devices 4 --points 3 --readings 50 --batch 8 --shuffle 5", &r);
    assert_int_equal(r.readings, 600);
    assert_int_equal(r.batches_not_full, 4); /* 150 = 18 × 8 + 6 */
    assert_int_equal(r.messages, 4 * 19);
}

static void expect_first(const char *line, const char *topic, const char *site, const char *device)
{
    struct fleet f;
    fleet_open(&f, line);
    struct message *m = plan_next(f.plan);
    assert_non_null(m);
    assert_string_equal(m->topic, topic);
    Carbon__V1__Reading *r = carbon__v1__reading__unpack(NULL, m->size, m->payload);
    assert_non_null(r);
    assert_string_equal(r->site_id, site);
    assert_string_equal(r->device_id, device);
    assert_string_equal(r->point, "energy");
    assert_int_equal(r->time_unix_ms, 1709252100000);
    assert_int_equal(r->sequence, 1);
    assert_int_equal(r->interval_ms, 900000);
    assert_int_equal(r->unit, CARBON__V1__UNIT__UNIT_KWH);
    assert_true(r->boot_id != 0);
    carbon__v1__reading__free_unpacked(r, NULL);
    free(m);
    fleet_close(&f);
}

static void the_payload_tells_what_the_topic_does_not(void **state)
{
    (void)state;
    expect_first("", "carbon/v1/plant/meter/reading", "", "");
    expect_first("--topic in/{what}", "in/reading", "plant", "meter");
    expect_first("--topic {device}/{what}{what}/{x} --sites 2", "meter/readingreading/{x}",
                 "plant-1", "");
}

/* Of device 0 in batches of 4: a restart between the readings of one batch. */
static void a_restart_within_a_batch_keeps_both_boot_ids_and_counts_from_one(void **state)
{
    (void)state;
    struct fleet f;
    fleet_open(&f, "--kind register --readings 20 --batch 20 --resets 1");
    struct message *m = plan_next(f.plan);
    Carbon__V1__ReadingBatch *b = carbon__v1__reading_batch__unpack(NULL, m->size, m->payload);
    assert_non_null(b);
    assert_int_equal(b->n_readings, 20);
    uint64_t sequence = 0, restarts = 0, boot_before = b->boot_id;
    double value = 0;
    for (size_t i = 0; i < b->n_readings; i++) {
        const Carbon__V1__Reading *r = b->readings[i];
        uint64_t boot = r->boot_id != 0 ? r->boot_id : b->boot_id;
        if (boot != boot_before) {
            restarts++;
            sequence = 0;
            assert_true(r->value < value);
        } else {
            assert_true(r->value > value);
        }
        assert_int_equal(r->sequence, ++sequence);
        boot_before = boot;
        value = r->value;
    }
    assert_int_equal(restarts, 1);
    carbon__v1__reading_batch__free_unpacked(b, NULL);
    free(m);
    fleet_close(&f);
}

static void wrong_clocks_are_before_2000_or_far_ahead_and_as_many_as_asked(void **state)
{
    (void)state;
    struct fleet f;
    fleet_open(&f, "--sites 3 --devices 7 --wrong-clocks 5 --readings 10");
    unsigned ahead = 0, behind = 0;
    for (uint32_t d = 0; d < f.roster.devices; d++) {
        int64_t stamp_ms = roster_stamp_ms(&f.roster, d, f.conf.start_ms + 1000);
        switch (roster_clock(&f.roster, d)) {
        case DEVICE_CLOCK_AHEAD:
            assert_true(stamp_ms > 4000000000000); /* in 2096 */
            ahead++;
            break;
        case DEVICE_CLOCK_BEHIND:
            assert_true(stamp_ms >= 0 && stamp_ms < 946684800000);
            behind++;
            break;
        default:
            assert_int_equal(stamp_ms, f.conf.start_ms + 1000);
        }
    }
    assert_int_equal(ahead, 3);
    assert_int_equal(behind, 2);
    fleet_close(&f);
}

static void a_plan_beyond_the_limit_is_not_begun(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "--readings 101 --limit-readings 100",
        "--readings 100 --end-state --limit-readings 100",
        "--readings 90 --duplicates 90 --limit-readings 100",
        "--readings 100000000 --limit-readings 100 --period 1ms --window hour",
        "--readings 9000000 --period 1d --window hour --sites 1 --unit GWh",
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        char line[256];
        struct conf conf;
        struct source source;
        struct roster roster;
        struct totals totals = { 0 };
        struct plan *plan = NULL;
        snprintf(line, sizeof(line), "%s", lines[i]);
        assert_int_equal(parse_line(line, &conf, stdout, stderr), 0);
        assert_int_equal(source_open(&conf, &source), 0);
        roster_open(&conf, &source, &roster);
        assert_int_equal(plan_open(&conf, &source, &roster, &totals, &plan), -1);
        roster_close(&roster);
        source_close(&source);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_gives_the_same_bytes_on_every_connection),
        cmocka_unit_test(every_reading_is_sent_lost_or_sent_twice_and_all_are_counted),
        cmocka_unit_test(neither_order_nor_batches_nor_duplicates_change_the_totals),
        cmocka_unit_test(a_register_loses_nothing_to_lost_readings_and_an_interval_does),
        cmocka_unit_test(batches_are_full_but_for_the_last_of_a_device),
        cmocka_unit_test(the_payload_tells_what_the_topic_does_not),
        cmocka_unit_test(a_restart_within_a_batch_keeps_both_boot_ids_and_counts_from_one),
        cmocka_unit_test(wrong_clocks_are_before_2000_or_far_ahead_and_as_many_as_asked),
        cmocka_unit_test(a_plan_beyond_the_limit_is_not_begun),
    };
    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
