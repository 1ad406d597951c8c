/* A gap on its whole way: published as missing, then revised as substituted, then replaced by what was
 * measured after all. */
#include "pipeline_works_test.h"

static const char filled_yaml[] =
    "gateway: gw-1\nkeep: 1000\n" FACTORS
    "sites:\n"
    "  - id: mill\n"
    "    zone: UTC\n"
    "    periods: [hour]\n"
    "    grace: 0s\n"
    "    restate_every: 0s\n"
    "    streams:\n"
    "      - {id: power, scope: 2, carrier: electricity, factor: grid}\n"
    "    devices:\n"
    "      - id: meter\n"
    "        points:\n"
    "          - {id: energy, kind: interval, unit: kWh, stream: power, interval: 1min,\n"
    "             substitute: {method: previous_value, after: 30min}}\n";

/* Minutes [from, until) of so much each, taken one by one. */
static void arrive_minutes(struct works *w, int from, int until, double kwh)
{
    for (int minute = from; minute < until; minute++) {
        arrive_energy(w, minute + 1, kwh);
        take(w);
    }
}

/* Hour 0 was measured, hour 1 is missing; hour 1 comes when hour 3 is nearly over. */
static void live_through_a_gap(struct works *w)
{
    say_beginning(w, filled_yaml);
    arrive_minutes(w, 0, 60, 1);
    arrive_minutes(w, 120, 220, 1);
    arrive_minutes(w, 60, 120, 2);
    arrive_minutes(w, 220, 230, 1);
}

/* The revisions of the window that begins at that hour, in order; the caller frees each. */
static size_t revisions_of(const struct follower *f, int hour, Carbon__V1__SiteSummary **out, size_t most)
{
    struct store_summary s = { 0 };
    struct arena arena;
    size_t n = 0;
    arena_init(&arena, 0);
    while (store_history_next(f->store, s.epoch_ordinal, s.sequence, &arena, &s) == 0) {
        Carbon__V1__SiteSummary *m =
            carbon__v1__site_summary__unpack(NULL, s.payload.size, s.payload.at);
        assert_non_null(m);
        if (m->start_unix_ms == (BEGIN_US + hour * 60 * MINUTE_US) / 1000 && n < most)
            out[n++] = m;
        else
            carbon__v1__site_summary__free_unpacked(m, NULL);
    }
    arena_fini(&arena);
    return n;
}

static void a_gap_is_missing_then_substituted_then_measured(void **state)
{
    struct works *w = *state;
    Carbon__V1__SiteSummary *r[400];
    struct follower f = follower_of(w, "gap");
    live_through_a_gap(w);
    begin(&f);
    follow_and_commit(&f, UINT64_MAX);
    size_t n = revisions_of(&f, 1, r, 400);
    assert_true(n > 3);

    assert_null(r[0]->streams[0]->activity);
    assert_int_equal(r[0]->streams[0]->n_substitutions, 0);

    const Carbon__V1__SourceStream *filled = r[1]->streams[0];
    assert_int_equal(r[1]->n_reasons, 1);
    assert_int_equal(r[1]->reasons[0], CARBON__V1__REASON__REASON_SUBSTITUTION);
    assert_int_equal(filled->activity->whole, 60000);
    assert_int_equal(filled->parts->substituted->whole, 60000);
    assert_null(filled->parts->measured);
    assert_int_equal(filled->n_substitutions, 1);
    const Carbon__V1__Substitution *s = filled->substitutions[0];
    assert_string_equal(s->method, "previous_value");
    assert_int_equal(s->start_unix_ms, r[1]->start_unix_ms);
    assert_int_equal(s->end_unix_ms, r[1]->end_unix_ms);
    assert_int_equal(s->amount->whole, 60000);
    assert_int_equal(s->hours, 1);
    assert_string_equal(s->point->point, "energy");

    /* What came is never told beside what stood in for it; from 48 minutes on the hour is no gap. */
    for (int came = 0; came < (int)n - 1; came++)
        assert_int_equal(r[came + 1]->streams[0]->activity->whole,
                         came < 48 ? 60000 + 1000 * came : 2000 * came);

    const Carbon__V1__SourceStream *last = r[n - 1]->streams[0];
    assert_int_equal(last->activity->whole, 120000);
    assert_int_equal(last->parts->measured->whole, 120000);
    assert_null(last->parts->substituted);
    assert_int_equal(last->n_substitutions, 0);
    for (size_t i = 0; i < n; i++)
        carbon__v1__site_summary__free_unpacked(r[i], NULL);
    end(&f);
}

static void a_restart_anywhere_gives_the_same_bytes(void **state)
{
    struct works *w = *state;
    struct buffer whole = { 0 };
    live_through_a_gap(w);
    replay(w, "whole", &whole);
    for (uint64_t until = 10; until < journal_end(w->logbook); until += 37) {
        char name[32];
        struct buffer broken = { 0 };
        snprintf(name, sizeof name, "broken-%u", (unsigned)until);
        struct follower f = follower_of(w, name);
        begin(&f);
        follow_and_commit(&f, until);
        end(&f);
        begin(&f);
        follow_and_commit(&f, UINT64_MAX);
        history(&f, &broken);
        end(&f);
        assert_same(&whole, &broken);
        buffer_fini(&broken);
    }
    buffer_fini(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_gap_is_missing_then_substituted_then_measured, make_works, remove_works),
        cmocka_unit_test_setup_teardown(a_restart_anywhere_gives_the_same_bytes, make_works, remove_works),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
