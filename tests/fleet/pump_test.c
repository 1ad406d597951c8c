#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fleet/message.h"
#include "fleet/pump.h"
#include "fleet/sink.h"
#include "fleet/testing.h"

#define DEVICES 6

/* A sink that is hard to please: it takes two messages between turns, acknowledges them a turn
 * later, and checks that nothing overtakes on a connection. */
struct picky {
    struct sink sink;
    struct message *held[2];
    size_t n;
    int64_t last_ms[DEVICES];
    uint64_t offers, turns;
    uint64_t fails_after; /* offers; 0: never */
    uint64_t stops_after; /* turns; 0: never */
    volatile sig_atomic_t stop;
};

static int offer(struct sink *sink, struct message *m)
{
    struct picky *p = (struct picky *)sink;
    if (p->n == 2)
        return SINK_FULL;
    if (p->fails_after > 0 && ++p->offers > p->fails_after)
        return -1;
    assert_true(m->due_ms >= p->last_ms[m->device]);
    p->last_ms[m->device] = m->due_ms;
    p->held[p->n++] = m;
    return 0;
}

static int turn(struct sink *sink, int wait_ms)
{
    struct picky *p = (struct picky *)sink;
    (void)wait_ms;
    if (p->stops_after > 0 && ++p->turns > p->stops_after)
        p->stop = 1;
    for (size_t i = 0; i < p->n; i++)
        sink->on_acknowledged(sink->owner, p->held[i]);
    p->n = 0;
    return 0;
}

static int run_pump(const char *line, struct picky *picky, struct fleet *f)
{
    fleet_open(f, line);
    picky->sink = (struct sink){ .offer = offer, .turn = turn };
    int rc = pump_run(&f->conf, f->plan, &f->totals, &picky->sink, &picky->stop);
    for (size_t i = 0; i < picky->n; i++)
        free(picky->held[i]);
    return rc;
}

static void everything_is_sent_once_and_acknowledged_per_site(void **state)
{
    (void)state;
    struct picky picky = { 0 };
    struct fleet f;
    int rc =
        run_pump("--sites 2 --devices 3 --readings 50 --connections 3 --duplicates 20 --end-state",
                 &picky, &f);
    assert_int_equal(rc, 0);
    for (size_t s = 0; s < 2; s++) {
        const struct site_totals *t = &f.totals.sites[s];
        assert_int_equal(t->sent, t->distinct + t->duplicates);
        assert_int_equal(t->acknowledged, t->sent);
        assert_int_equal(t->distinct, 3 * 50 + 3);
    }
    fleet_close(&f);
}

static void trouble_of_the_sink_ends_the_run(void **state)
{
    (void)state;
    struct picky picky = { .fails_after = 10 };
    struct fleet f;
    assert_int_equal(run_pump("--devices 3 --readings 50", &picky, &f), -1);
    assert_int_equal(f.totals.sites[0].sent, 10);
    fleet_close(&f);
}

static void a_signal_ends_the_run_between_two_turns(void **state)
{
    (void)state;
    struct picky picky = { .stops_after = 5 };
    struct fleet f;
    assert_int_equal(run_pump("--devices 3 --readings 50", &picky, &f), PUMP_STOPPED);
    assert_true(f.totals.sites[0].acknowledged < 150);
    fleet_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_sent_once_and_acknowledged_per_site),
        cmocka_unit_test(trouble_of_the_sink_ends_the_run),
        cmocka_unit_test(a_signal_ends_the_run_between_two_turns),
    };
    return cmocka_run_group_tests_name("pump", tests, NULL, NULL);
}
