/* In which order the outbox is read and sent, and that nothing of it is read twice. The outbox here is
 * the numbers 1 to n; what was acknowledged long ago is not in it. */
#include "publish/lanes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define ROOM 8
#define ROWS_MOST 4096

struct plant {
    struct lanes lanes;
    uint64_t n_rows;
    unsigned n_put[ROWS_MOST + 1];
    bool is_gone[ROWS_MOST + 1];     /* from the outbox */
};

static void begin(struct plant *x, enum publish_order order, int64_t rate)
{
    *x = (struct plant){ .n_rows = 0 };
    lanes_init(&x->lanes, order, ROOM, rate);
}

static void come_up(struct plant *x)
{
    lanes_came_up(&x->lanes, (struct flight_key){ x->n_rows > 0, x->n_rows });
}

/* As publish.c reads the store. */
static void fill(struct plant *x, enum lane lane)
{
    struct flight_key after;
    bool goes_on = true;

    while (goes_on && lanes_unread(&x->lanes, lane, &after)) {
        uint64_t next = after.sequence + 1;
        while (next <= x->n_rows && x->is_gone[next])
            next++;
        struct flight_message m = { { 1, next }, "id", "topic", { NULL, 0 } };
        bool is_taken = next <= x->n_rows && lanes_put(&x->lanes, lane, &m);
        if (is_taken)
            x->n_put[next]++;
        goes_on = is_taken || lanes_end(&x->lanes, lane);
    }
}

static void fill_all(struct plant *x)
{
    fill(x, LANE_FRESH);
    fill(x, LANE_ORDERLY);
}

/* Sends the next; 0: none. */
static uint64_t send_next(struct plant *x, int64_t now_us, uint64_t *token)
{
    struct flight_message m;
    fill_all(x);
    return lanes_send(&x->lanes, now_us, &m, token) ? m.key.sequence : 0;
}

static void acknowledge(struct plant *x, uint64_t token)
{
    struct flight_key key;
    assert_true(lanes_acknowledged(&x->lanes, token, &key));
    x->is_gone[key.sequence] = true;
}

static void expect(struct plant *x, uint64_t from, uint64_t until)
{
    uint64_t token;
    for (uint64_t s = from; s <= until; s++) {
        assert_int_equal(send_next(x, 0, &token), s);
        acknowledge(x, token);
    }
}

static void oldest_first_is_the_order_of_the_outbox_whatever_the_link_does(void **state)
{
    (void)state;
    struct plant x;

    begin(&x, PUBLISH_OLDEST_FIRST, 0);
    x.n_rows = 40;
    come_up(&x);
    expect(&x, 1, 20);
    x.n_rows = 50;
    come_up(&x);
    expect(&x, 21, 50);
    assert_int_equal(lanes_held(&x.lanes), 0);
    lanes_fini(&x.lanes);
}

static void newest_first_sends_what_came_since_the_link_came_up_first(void **state)
{
    (void)state;
    struct plant x;

    begin(&x, PUBLISH_NEWEST_FIRST, 0);
    x.n_rows = 40;
    come_up(&x);
    expect(&x, 1, 5);
    x.n_rows = 43;
    expect(&x, 41, 43);
    expect(&x, 6, 10);
    x.n_rows = 44;
    expect(&x, 44, 44);
    expect(&x, 11, 40);
    x.n_rows = 45;
    expect(&x, 45, 45);
    lanes_fini(&x.lanes);
}

/* Two outages with a little live time between them: 1–40, then live, then 61–100. */
static void several_outages_make_one_backlog_in_order(void **state)
{
    (void)state;
    struct plant x;

    begin(&x, PUBLISH_NEWEST_FIRST, 0);
    x.n_rows = 40;
    come_up(&x);
    expect(&x, 1, 4);
    x.n_rows = 60;
    expect(&x, 41, 60);
    x.n_rows = 100;
    come_up(&x);
    x.n_rows = 102;
    expect(&x, 101, 102);
    expect(&x, 5, 40);
    expect(&x, 61, 100);
    assert_int_equal(lanes_held(&x.lanes), 0);
    assert_int_equal(x.lanes.n_unread, 1);
    lanes_fini(&x.lanes);
}

static void a_link_that_flaps_for_ever_reads_nothing_twice(void **state)
{
    (void)state;
    struct plant x;
    uint64_t token, tokens[ROOM * 4], n_done = 0;
    unsigned seed = 7;

    begin(&x, PUBLISH_NEWEST_FIRST, 0);
    for (int outage = 0; outage < 300; outage++) {
        x.n_rows += 10;
        come_up(&x);
        for (int turn = 0; turn < 2; turn++) {
            size_t n = 0;
            x.n_rows += 1;
            while (n < 5 && send_next(&x, 0, &token) != 0)
                tokens[n++] = token;
            for (size_t i = 0; i < n; i++) {
                seed = seed * 1103515245u + 12345u;
                if ((seed >> 16) % 4 == 0) {
                    lanes_failed(&x.lanes, tokens[i]);
                    continue;
                }
                acknowledge(&x, tokens[i]);
                n_done++;
            }
        }
    }
    while (send_next(&x, 0, &token) != 0) {
        acknowledge(&x, token);
        n_done++;
    }
    assert_int_equal(n_done, x.n_rows);
    for (uint64_t s = 1; s <= x.n_rows; s++)
        assert_int_equal(x.n_put[s], 1);
    lanes_fini(&x.lanes);
}

static void what_failed_goes_again_in_its_own_lane(void **state)
{
    (void)state;
    struct plant x;
    uint64_t old, fresh, token;

    begin(&x, PUBLISH_NEWEST_FIRST, 0);
    x.n_rows = 10;
    come_up(&x);
    assert_int_equal(send_next(&x, 0, &old), 1);
    x.n_rows = 11;
    assert_int_equal(send_next(&x, 0, &fresh), 11);
    assert_int_equal(lanes_in_flight(&x.lanes), 2);
    lanes_failed(&x.lanes, fresh);
    lanes_refused(&x.lanes, old);
    assert_int_equal(lanes_in_flight(&x.lanes), 0);
    assert_int_equal(lanes_refusals(&x.lanes), 1);
    assert_int_equal(send_next(&x, 0, &token), 11);
    assert_int_equal(send_next(&x, 0, &token), 2);
    lanes_retry(&x.lanes);
    assert_int_equal(send_next(&x, 0, &token), 1);
    lanes_fini(&x.lanes);
}

static void the_rate_holds_while_the_backlog_drains_and_not_after(void **state)
{
    (void)state;
    struct plant x;
    uint64_t token;
    int64_t now_us = 1000000000;

    begin(&x, PUBLISH_OLDEST_FIRST, 10);
    x.n_rows = 5;
    come_up(&x);
    for (uint64_t s = 1; s <= 5; s++) {
        assert_int_equal(send_next(&x, now_us, &token), s);
        acknowledge(&x, token);
        if (s < 5)
            assert_int_equal(send_next(&x, now_us, &token), 0);
        if (s < 5)
            assert_true(lanes_wait_us(&x.lanes, now_us) > 0);
        now_us += 100000;
    }
    assert_int_equal(send_next(&x, now_us, &token), 0);   /* all is out */
    x.n_rows = 15;
    for (uint64_t s = 6; s <= 15; s++) {
        assert_int_equal(send_next(&x, now_us, &token), s);
        acknowledge(&x, token);
    }
    come_up(&x);                                 /* and a new outage is paced again */
    x.n_rows = 17;
    assert_int_equal(send_next(&x, now_us, &token), 16);
    assert_int_equal(send_next(&x, now_us, &token), 0);
    lanes_fini(&x.lanes);
}

static void fresh_summaries_do_not_wait_for_the_rate(void **state)
{
    (void)state;
    struct plant x;
    uint64_t token;

    begin(&x, PUBLISH_NEWEST_FIRST, 1);
    x.n_rows = 5;
    come_up(&x);
    assert_int_equal(send_next(&x, 1000000, &token), 1);
    assert_int_equal(send_next(&x, 1000000, &token), 0);
    x.n_rows = 9;
    for (uint64_t s = 6; s <= 9; s++)
        assert_int_equal(send_next(&x, 1000000, &token), s);
    assert_int_equal(send_next(&x, 1000000, &token), 0);
    assert_int_equal(send_next(&x, 2000000, &token), 2);
    lanes_fini(&x.lanes);
}

static void what_is_given_up_is_neither_sent_nor_read_and_the_rest_is(void **state)
{
    (void)state;
    struct plant x;
    uint64_t token;

    begin(&x, PUBLISH_NEWEST_FIRST, 0);
    x.n_rows = 30;
    come_up(&x);
    expect(&x, 1, 2);
    x.n_rows = 32;
    expect(&x, 31, 32);                          /* 3 to 30 are before what was sent: they stay */
    x.n_rows = 60;
    come_up(&x);
    assert_int_equal(x.lanes.greatest_sent.sequence, 32);
    lanes_drop(&x.lanes, 1, 33, 50);
    x.n_rows = 61;
    expect(&x, 61, 61);
    expect(&x, 3, 30);
    expect(&x, 51, 60);
    assert_int_equal(send_next(&x, 0, &token), 0);
    lanes_fini(&x.lanes);

    begin(&x, PUBLISH_OLDEST_FIRST, 0);
    x.n_rows = 40;
    come_up(&x);
    assert_int_equal(send_next(&x, 0, &token), 1);
    lanes_drop(&x.lanes, 1, 2, 20);              /* partly read, partly not */
    acknowledge(&x, token);
    expect(&x, 21, 40);
    lanes_fini(&x.lanes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(oldest_first_is_the_order_of_the_outbox_whatever_the_link_does),
        cmocka_unit_test(newest_first_sends_what_came_since_the_link_came_up_first),
        cmocka_unit_test(several_outages_make_one_backlog_in_order),
        cmocka_unit_test(a_link_that_flaps_for_ever_reads_nothing_twice),
        cmocka_unit_test(what_failed_goes_again_in_its_own_lane),
        cmocka_unit_test(the_rate_holds_while_the_backlog_drains_and_not_after),
        cmocka_unit_test(fresh_summaries_do_not_wait_for_the_rate),
        cmocka_unit_test(what_is_given_up_is_neither_sent_nor_read_and_the_rest_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
