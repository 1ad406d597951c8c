/* Orders in the log book: carried out once, at their place, in every replay again. */
#include "model/order.h"
#include "pipeline_works_test.h"

#define FROM "from: '2018-01-01T00:03:00Z'\nuntil: '2018-01-01T00:05:00Z'\n"
#define MANUAL "site: mill\nstream: power\n" FROM "value: '3'\n"

static void order(struct works *w, enum order_verb verb, const char *request, const char *yaml)
{
    say(w, &(struct entry){ .kind = FRAME_ORDER, .verb = (uint8_t)verb, .request = slice_of(request),
                            .who = slice_of("kim"), .why = slice_of("audit"), .yaml = slice_of(yaml) });
}

static void live_for_an_hour(struct works *w)
{
    say_beginning(w, plan_yaml);
    for (int minute = 1; minute <= 70; minute++)
        if (minute != 4 && minute != 5)
            arrive_energy(w, minute, 1);
    take(w);
}

static const char register_yaml[] =
    "gateway: gw-1\n" FACTORS
    "sites:\n"
    "  - id: mill\n"
    "    zone: UTC\n"
    "    periods: [15min, hour]\n"
    "    grace: 0s\n"
    "    restate_every: 0s\n"
    "    streams:\n"
    "      - {id: power, scope: 2, carrier: electricity, factor: grid}\n"
    "    devices:\n"
    "      - id: meter\n"
    "        points:\n"
    "          - {id: energy, kind: register, unit: kWh, stream: power}\n";

/* The energy of the latest hour that left, in Wh, and its revision. */
static int64_t hour_wh(struct follower *f, uint32_t *revision, uint64_t *order_ref)
{
    struct store_summary s = { 0 };
    struct arena arena;
    int64_t wh = -1;
    arena_init(&arena, 0);
    while (store_history_next(f->store, s.epoch_ordinal, s.sequence, &arena, &s) == 0) {
        if (strcmp(s.period, "hour") != 0)
            continue;
        Carbon__V1__SiteSummary *m =
            carbon__v1__site_summary__unpack(NULL, s.payload.size, s.payload.at);
        wh = m->streams[0]->activity->whole;
        *revision = m->revision;
        *order_ref = strtoull(m->operator_ref, NULL, 10);
        carbon__v1__site_summary__free_unpacked(m, NULL);
    }
    arena_fini(&arena);
    return wh;
}

static const struct pipeline_order *last_order(const struct follower *f)
{
    size_t n = pipeline_orders(f->pipeline);
    assert_true(n > 0);
    return pipeline_order_at(f->pipeline, n - 1);
}

static void a_manual_amount_leaves_as_a_revision_with_its_order(void **state)
{
    struct works *w = *state;
    struct follower f = follower_of(w, "manual");
    uint32_t revision;
    uint64_t ref;
    live_for_an_hour(w);
    order(w, ORDER_MANUAL, "r1", MANUAL);
    begin(&f);
    follow_and_commit(&f, UINT64_MAX);
    assert_false(last_order(&f)->is_refused);
    assert_int_equal(hour_wh(&f, &revision, &ref), 61000);
    assert_int_equal(revision, 2);
    assert_int_equal(ref, last_order(&f)->sequence);
    end(&f);
}

static void a_request_that_comes_twice_counts_once_also_behind_a_restart(void **state)
{
    struct works *w = *state;
    struct follower f = follower_of(w, "twice");
    uint32_t revision;
    uint64_t ref;
    live_for_an_hour(w);
    order(w, ORDER_MANUAL, "r1", MANUAL);
    begin(&f);
    follow_and_commit(&f, UINT64_MAX);
    end(&f);
    order(w, ORDER_MANUAL, "r1", MANUAL);
    begin(&f);
    follow_and_commit(&f, UINT64_MAX);
    assert_int_equal(pipeline_orders(f.pipeline), 1);
    assert_int_equal(hour_wh(&f, &revision, &ref), 61000);
    end(&f);
}

static void an_order_is_taken_back_once(void **state)
{
    struct works *w = *state;
    struct follower f = follower_of(w, "undo");
    char yaml[64];
    uint32_t revision;
    uint64_t ref;
    live_for_an_hour(w);
    order(w, ORDER_MANUAL, "r1", MANUAL);
    begin(&f);
    follow_and_commit(&f, UINT64_MAX);
    snprintf(yaml, sizeof yaml, "order: %llu\n", (unsigned long long)last_order(&f)->sequence);
    order(w, ORDER_UNDO, "r2", yaml);
    order(w, ORDER_UNDO, "r3", yaml);
    follow_and_commit(&f, UINT64_MAX);
    assert_true(last_order(&f)->is_refused);
    assert_int_equal(pipeline_order_at(f.pipeline, 0)->undone_by, pipeline_order_at(f.pipeline, 1)->sequence);
    assert_int_equal(hour_wh(&f, &revision, &ref), 58000);
    assert_int_equal(revision, 3);
    end(&f);
}

static void a_voided_reading_does_not_count_until_it_is_taken_back(void **state)
{
    struct works *w = *state;
    struct follower f = follower_of(w, "void");
    char yaml[64];
    uint32_t revision;
    uint64_t ref;
    live_for_an_hour(w);
    order(w, ORDER_VOID, "r1", "site: mill\ndevice: meter\npoint: energy\nat: '2018-01-01T00:10:00Z'\n");
    begin(&f);
    follow_and_commit(&f, UINT64_MAX);
    assert_false(last_order(&f)->is_refused);
    assert_int_equal(hour_wh(&f, &revision, &ref), 57000);
    assert_int_equal(ref, last_order(&f)->sequence);
    end(&f);
    snprintf(yaml, sizeof yaml, "order: %llu\n", (unsigned long long)ref);
    order(w, ORDER_UNDO, "r2", yaml);
    order(w, ORDER_VOID, "r3", "site: mill\ndevice: meter\npoint: energy\nat: '2018-01-01T00:10:30Z'\n");
    begin(&f);
    follow_and_commit(&f, UINT64_MAX);
    assert_true(last_order(&f)->is_refused);
    assert_int_equal(hour_wh(&f, &revision, &ref), 58000);
    assert_true(pipeline_balances(f.pipeline));
    end(&f);
}

static void a_swap_declared_afterwards_gives_the_energy_of_both_meters(void **state)
{
    struct works *w = *state;
    struct follower f = follower_of(w, "swap");
    uint32_t revision;
    uint64_t ref;
    say_beginning(w, register_yaml);
    for (int minute = 0; minute <= 70; minute += 5)        /* 100 kWh a step; the new meter began at 20 */
        arrive_energy(w, minute, minute < 30 ? 5000 + minute * 20 : 20 + (minute - 28) * 20);
    take(w);
    order(w, ORDER_SWAP, "r1", "site: mill\ndevice: meter\npoint: energy\nat: '2018-01-01T00:28:00Z'\n"
                               "old_final: '5560'\nnew_initial: '20'\n");
    arrive_energy(w, 75, 20 + 47 * 20);      /* what was held did not move the device's clock */
    take(w);
    begin(&f);
    follow_and_commit(&f, UINT64_MAX);
    assert_false(last_order(&f)->is_refused);
    assert_int_equal(hour_wh(&f, &revision, &ref), 1200000);
    end(&f);
}

static void what_does_not_fit_is_refused_and_changes_nothing(void **state)
{
    struct works *w = *state;
    struct follower f = follower_of(w, "refused");
    live_for_an_hour(w);
    order(w, ORDER_MANUAL, "r1", "site: mill\nstream: steam\n" FROM "value: '3'\n");
    order(w, ORDER_LOCK, "r2", "site: mill\nfrom: 2018-01-01\nto: 2018-01-01\n");
    order(w, ORDER_UNDO, "r3", "order: 99999\n");
    order(w, ORDER_INTENSITY, "r4", "region: gb\ntext: nonsense\n");
    begin(&f);
    follow_and_commit(&f, UINT64_MAX);
    assert_int_equal(pipeline_orders(f.pipeline), 4);
    for (size_t i = 0; i < 4; i++)
        assert_true(pipeline_order_at(f.pipeline, i)->is_refused);
    end(&f);
}

/* Locked, changed by a late reading and by a person, and opened again. */
static void orders_and_locks_give_the_same_bytes_wherever_a_follower_stops(void **state)
{
    struct works *w = *state;
    struct buffer whole = { 0 }, parts = { 0 };
    struct follower f = follower_of(w, "parts");
    say_beginning(w, plan_yaml);
    for (int minute = 1; minute <= 1450; minute++)
        if (minute % 7 != 0)
            arrive_energy(w, minute, 1);
    take(w);
    order(w, ORDER_LOCK, "r1", "site: mill\nfrom: 2018-01-01\nto: 2018-01-01\n");
    order(w, ORDER_MANUAL, "r2", MANUAL);
    arrive_energy(w, 14, 5);
    take(w);
    say(w, &(struct entry){ .kind = FRAME_TICK });
    order(w, ORDER_UNLOCK, "r3", "site: mill\nfrom: 2018-01-01\nto: 2018-01-01\n");
    say(w, &(struct entry){ .kind = FRAME_TICK });
    replay(w, "whole", &whole);
    assert_non_null(memmem(whole.at, whole.size, "/adjustment/", 12));
    for (uint64_t until = 2; until < 16; until++) {
        begin(&f);
        follow_and_commit(&f, until);
        end(&f);
    }
    begin(&f);
    follow_and_commit(&f, UINT64_MAX);
    history(&f, &parts);
    end(&f);
    assert_same(&whole, &parts);
    buffer_fini(&whole);
    buffer_fini(&parts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORKS_TEST(a_manual_amount_leaves_as_a_revision_with_its_order),
        WORKS_TEST(a_request_that_comes_twice_counts_once_also_behind_a_restart),
        WORKS_TEST(an_order_is_taken_back_once),
        WORKS_TEST(a_voided_reading_does_not_count_until_it_is_taken_back),
        WORKS_TEST(a_swap_declared_afterwards_gives_the_energy_of_both_meters),
        WORKS_TEST(what_does_not_fit_is_refused_and_changes_nothing),
        WORKS_TEST(orders_and_locks_give_the_same_bytes_wherever_a_follower_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
