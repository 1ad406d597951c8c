/* What changes afterwards, factors and grid intensity, through the whole pipeline: the same journals give the same
 * bytes, wherever a commit or a kill came between. */
#include <time.h>

#include "pipeline_works_test.h"

#define RULES                                                                                      \
    "topics:\n"                                                                                    \
    "  - {topic: 'carbon/v1/{site}/{device}/reading', decoder: reading}\n"                         \
    "  - {topic: 'carbon/v1/intensity/{region}', decoder: intensity}\n"
#define SITE(kg)                                                                                   \
    "gateway: gw-1\n" RULES "factors:\n  - {id: grid, source: made up, per: kWh, co2: " kg "}\n"    \
    "sites:\n"                                                                                     \
    "  - id: mill\n"                                                                               \
    "    zone: UTC\n"                                                                              \
    "    periods: [1min, 15min, hour]\n"                                                           \
    "    publish_shorter: true\n"                                                                  \
    "    grace: 0s\n"                                                                              \
    "    restate_every: 0s\n"                                                                      \
    "    streams:\n"                                                                               \
    "      - {id: power, scope: 2, carrier: electricity, factor: grid, intensity: GB}\n"           \
    "    devices:\n"                                                                               \
    "      - id: meter\n"                                                                          \
    "        points:\n"                                                                            \
    "          - {id: energy, kind: interval, unit: kWh, stream: power, interval: 1min}\n"

static void arrive_intensity(struct works *w, int half, const char *name, int value)
{
    char json[200], from[32], to[32];
    time_print(BEGIN_US + half * 30 * MINUTE_US, from);
    time_print(BEGIN_US + (half + 1) * 30 * MINUTE_US, to);
    snprintf(json, sizeof json, "{\"from\":\"%s\",\"to\":\"%s\",\"%s\":%d}", from, to, name, value);
    struct frame f = { .kind = FRAME_MESSAGE, .flags = 1, .topic = slice_of("carbon/v1/intensity/GB"),
                       .rest = slice_of(json) };
    assert_int_equal(journal_append(w->intake, &f), 0);
}

/* Forecasts ahead, actual values behind, a factor that is replaced in the middle, and one hour of which nobody
 * told anything. */
static void live(struct works *w)
{
    say_beginning(w, SITE("0.5"));
    for (int minute = 1; minute <= 300; minute++) {
        if (minute % 30 == 1 && (minute < 120 || minute > 180))
            arrive_intensity(w, minute / 30, "forecast", 200 + minute);
        arrive_energy(w, minute, minute * 0.25);
        if (minute % 30 == 20 && minute > 50)
            arrive_intensity(w, minute / 30 - 1, "actual", 190 + minute);
        if (minute % 5 == 0)
            take(w);
        if (minute == 200)
            say_config(w, SITE("0.6"));
        if (minute % 25 == 0 || minute > 200)
            say(w, &(struct entry){ .kind = FRAME_TICK });
    }
    arrive_intensity(w, 0, "impossible", 1);
    take(w);
    for (int i = 0; i < 20; i++)
        say(w, &(struct entry){ .kind = FRAME_TICK });
}

static void replay_gives_the_same_bytes_wherever_a_kill_came(void **state)
{
    struct works *w = *state;
    struct buffer whole = { 0 };
    live(w);
    replay(w, "whole", &whole);
    assert_true(whole.size > 100000);
    for (uint64_t step = 7; step <= 40; step += 11) {
        struct buffer again = { 0 };
        char name[16];
        snprintf(name, sizeof name, "step-%u", (unsigned)step);
        struct follower f = follower_of(w, name);
        for (uint64_t until = step; until < journal_end(w->logbook) + step; until += step) {
            begin(&f);
            assert_int_equal(follow(&f, until + 3), 0); /* not committed: done again */
            end(&f);
            begin(&f);
            follow_and_commit(&f, until);
            end(&f);
        }
        begin(&f);
        history(&f, &again);
        assert_false(pipeline_has_work(f.pipeline));
        end(&f);
        assert_same(&whole, &again);
        buffer_fini(&again);
    }
    buffer_fini(&whole);
}

static void work_that_reaches_behind_a_base_wants_a_new_one(void **state)
{
    struct works *w = *state;
    say_beginning(w, SITE("0.5"));
    for (int minute = 1; minute <= 60; minute++)
        arrive_energy(w, minute, 1);
    arrive_intensity(w, 0, "actual", 200);
    take(w);
    struct follower f = follower_of(w, "follower");
    begin(&f);
    follow_and_commit(&f, UINT64_MAX);
    assert_int_equal(pipeline_began(f.pipeline), 0); /* within the lateness bound */
    arrive_energy(w, 3 * 1440, 1);
    take(w);
    arrive_intensity(w, 1, "actual", 300);
    take(w);
    uint64_t late = journal_end(w->logbook);
    follow_and_commit(&f, UINT64_MAX);
    assert_int_equal(pipeline_began(f.pipeline), late);
    say_config(w, SITE("0.7"));
    uint64_t config = journal_end(w->logbook);
    follow_and_commit(&f, UINT64_MAX);
    assert_int_equal(pipeline_began(f.pipeline), config);
    end(&f);
}

/* Prints what a chunk costs, for whoever measures; nothing depends on it. */
static void a_chunk_is_of_a_bounded_number_of_windows(void **state)
{
    struct works *w = *state;
    clock_t most = 0;
    unsigned chunks = 0;
    say_beginning(w, SITE("0.5"));
    for (int minute = 1; minute <= 600; minute++)
        arrive_energy(w, minute, 1);
    take(w);
    struct follower f = follower_of(w, "follower");
    begin(&f);
    follow_and_commit(&f, UINT64_MAX);
    say_config(w, SITE("0.6"));
    follow_and_commit(&f, UINT64_MAX);
    for (; pipeline_has_work(f.pipeline); chunks++) {
        say(w, &(struct entry){ .kind = FRAME_TICK });
        clock_t before = clock();
        assert_int_equal(follow(&f, UINT64_MAX), 0);
        clock_t took = clock() - before;
        most = took > most ? took : most;
        assert_true(store_batch_summaries(f.batch) <= 64 + 64 / 15 + 64 / 60 + 4);
        commit(&f);
    }
    assert_in_range(chunks, 600 / 64, 600 / 64 + 4);
    print_message("# %u chunks, at most %.2f ms of processor time each\n", chunks,
                  (double)most * 1000 / CLOCKS_PER_SEC);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORKS_TEST(replay_gives_the_same_bytes_wherever_a_kill_came),
        WORKS_TEST(a_chunk_is_of_a_bounded_number_of_windows),
        WORKS_TEST(work_that_reaches_behind_a_base_wants_a_new_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
