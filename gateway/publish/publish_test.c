/* The publisher between a link and a store that are made up here: the test says what the broker
 * does, and sees what was sent. The pump's worker is real; the loop is run until what is expected
 * is there. */
#include "publish/publish.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "publish/lanes.h"

#define SENT_MOST 4096

struct sent {
    uint64_t token;
    uint8_t qos;
    bool is_retained;
    char topic[64], payload[64], content_type[32], pairs[160];
};

/* The link. */
static struct link_hooks hooks;
static struct link_will will;
static bool is_persistent, is_refusing;
static enum link_state state_now;
static unsigned n_link_closes;
static pthread_mutex_t sent_lock = PTHREAD_MUTEX_INITIALIZER;
static struct sent sent[SENT_MOST];
static size_t n_sent;

/* The store: sequences 1 to n_rows, of epoch 1. */
static uint64_t n_rows, n_reads;
static uint64_t acknowledged[SENT_MOST];
static size_t n_acknowledged;

static unsigned n_told, n_changes, n_closed;

const char *const link_protocols[] = { "3.1.1", "5", NULL };

int link_open(uv_loop_t *loop, const char *name, const struct link_conf *conf, bool persistent,
              const struct link_will *w, const struct link_hooks *h, struct link **out)
{
    (void)loop;
    assert_string_equal(name, "publish");
    if (!conf->broker)
        return -1;
    is_persistent = persistent;
    will = *w;
    hooks = *h;
    *out = (struct link *)&hooks;
    return 0;
}

void link_start(struct link *l)
{
    (void)l;
    state_now = LINK_CONNECTING;
}

void link_close(struct link *l)
{
    (void)l;
    n_link_closes++;
}

enum link_state link_state(const struct link *l)
{
    (void)l;
    return state_now;
}

void link_figures(const struct link *l, struct link_figures *out)
{
    (void)l;
    *out = (struct link_figures){ .connects = 5 };
}

int link_send(struct link *l, const struct link_post *post)
{
    (void)l;
    pthread_mutex_lock(&sent_lock);
    int rc = is_refusing ? LINK_REFUSED : 0;
    if (rc == 0 && n_sent < SENT_MOST) {
        struct sent *s = &sent[n_sent++];
        *s = (struct sent){ .token = post->token, .qos = post->qos, .is_retained = post->is_retained };
        snprintf(s->topic, sizeof s->topic, "%s", post->topic);
        snprintf(s->payload, sizeof s->payload, "%.*s", (int)post->payload.size,
                 (const char *)post->payload.at);
        snprintf(s->content_type, sizeof s->content_type, "%s",
                 post->content_type ? post->content_type : "");
        for (size_t i = 0; i < LINK_PAIRS_MOST && post->pairs[i].name; i++)
            snprintf(s->pairs + strlen(s->pairs), sizeof s->pairs - strlen(s->pairs), "%s=%s ",
                     post->pairs[i].name, post->pairs[i].value);
    }
    pthread_mutex_unlock(&sent_lock);
    return rc;
}

int store_outbox_next(struct store *s, uint32_t after_ordinal, uint64_t after_sequence,
                      struct arena *arena, struct store_summary *out)
{
    (void)s;
    assert_true(after_ordinal == 1 || after_sequence == 0);
    if (after_sequence >= n_rows)
        return STORE_NONE;
    char text[32];
    n_reads++;
    snprintf(text, sizeof text, "%s%llu", after_sequence % 2 ? "{" : "\n",
             (unsigned long long)after_sequence + 1);
    *out = (struct store_summary){
        .epoch_ordinal = 1,
        .sequence = after_sequence + 1,
        .id = "works-1/5f3a/site/15min/2018-01-01T00:15Z/1",
        .topic = "carbon/v1/site/summary/15min",
        .payload = slice_of(arena_text(arena, slice_of(text))),
    };
    return 0;
}

int store_outbox_last(struct store *s, uint32_t *ordinal, uint64_t *sequence)
{
    (void)s;
    *ordinal = n_rows > 0;
    *sequence = n_rows;
    return 0;
}

const char *link_reason(int code)
{
    (void)code;
    return "because";
}

void store_batch_acknowledged(struct store_batch *b, uint32_t epoch_ordinal, uint64_t sequence)
{
    (void)b;
    assert_int_equal(epoch_ordinal, 1);
    acknowledged[n_acknowledged++] = sequence;
}

static void on_acknowledged(void *self)
{
    (void)self;
    n_told++;
}

static void on_change(void *self)
{
    (void)self;
    n_changes++;
}

static void on_closed(void *self)
{
    (void)self;
    n_closed++;
}

/* A publisher and its loop. */

static uv_loop_t loop;
static struct publish *p;

static void open_as(int64_t window, enum publish_order order, int64_t rate)
{
    const struct publish_hooks h = { on_acknowledged, on_change, on_closed, NULL };
    const struct publish_conf conf = { .link = { .broker = "mqtt://b" }, .window = window,
                                       .order = (int)order, .rate = rate };

    is_refusing = false;
    n_sent = n_acknowledged = 0;
    n_reads = n_told = n_changes = n_closed = n_link_closes = 0;
    state_now = LINK_DOWN;
    uv_loop_init(&loop);
    assert_int_equal(publish_open(&loop, &conf, NULL, "status", slice_of("offline"), &h, &p), 0);
    publish_start(p);
}

static void open_with(int64_t window)
{
    open_as(window, PUBLISH_OLDEST_FIRST, 0);
}

static void come_up(uint16_t receive_maximum)
{
    const struct link_session session = { .receive_maximum = receive_maximum };
    state_now = LINK_UP;
    hooks.on_up(hooks.self, &session);
}

static size_t sent_so_far(void)
{
    pthread_mutex_lock(&sent_lock);
    size_t n = n_sent;
    pthread_mutex_unlock(&sent_lock);
    return n;
}

static void run_until_sent(size_t n)
{
    while (sent_so_far() < n)
        uv_run(&loop, UV_RUN_ONCE);
}

static void on_nothing(uv_work_t *w)
{
    (void)w;
}

static void on_rested(uv_work_t *w, int status)
{
    (void)status;
    *(bool *)w->data = true;
}

/* Lets everything that is under way come to rest. The pool has one thread (see main), so what is queued here
 * comes behind what the pump was asked for; three times, since one that is done may ask for the next. */
static void rest(void)
{
    for (int i = 0; i < 3; i++) {
        bool is_over = false;
        uv_work_t w = { .data = &is_over };
        uv_queue_work(&loop, &w, on_nothing, on_rested);
        while (!is_over)
            uv_run(&loop, UV_RUN_ONCE);
        uv_run(&loop, UV_RUN_NOWAIT);
    }
}

static void close_down(void)
{
    if (n_link_closes == 0) {
        hooks.on_lost(hooks.self);
        publish_close(p, slice_of("stopped"));
        rest();
    }
    assert_int_equal(n_link_closes, 1);
    hooks.on_closed(hooks.self);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(n_closed, 1);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void the_window_is_never_exceeded_and_drains_by_acknowledgements(void **state)
{
    (void)state;
    struct publish_figures f;

    n_rows = 1000;
    open_with(50);
    come_up(65535);
    run_until_sent(50);
    rest();
    assert_int_equal(sent_so_far(), 50);
    for (size_t i = 0; i < 1000; i++) {
        run_until_sent(i + 1);
        assert_true(sent_so_far() <= i + 50);
        char expected[32];
        snprintf(expected, sizeof expected, "%s%zu", i % 2 ? "{" : "\n", i + 1);
        assert_string_equal(sent[i].payload, expected);
        hooks.on_sent(hooks.self, sent[i].token);
    }
    rest();
    assert_int_equal(sent_so_far(), 1000);
    publish_figures(p, &f);
    assert_int_equal(f.sent, 1000);
    assert_int_equal(f.acknowledged, 1000);
    assert_int_equal(f.in_flight, 0);
    assert_int_equal(f.uncommitted, 1000);
    assert_int_equal(f.last_acknowledged_sequence, 1000);
    assert_int_equal(f.last_acknowledged_ordinal, 1);
    assert_true(f.last_acknowledged_wall_us > 0);
    assert_true(n_told > 0);
    close_down();
}

static void the_brokers_receive_maximum_keeps_one_place_free(void **state)
{
    (void)state;
    const struct {
        uint16_t maximum;
        size_t window;
    } cases[] = { { 20, 19 }, { 2, 1 }, { 1, 1 }, { 65535, 30 }, { 31, 30 } };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        n_rows = 100;
        open_with(30);
        come_up(cases[i].maximum);
        run_until_sent(cases[i].window);
        rest();
        assert_int_equal(sent_so_far(), cases[i].window);
        close_down();
    }
}

static void what_a_lost_link_had_not_acknowledged_is_sent_again_in_order(void **state)
{
    (void)state;
    n_rows = 10;
    open_with(5);
    come_up(65535);
    run_until_sent(5);
    hooks.on_sent(hooks.self, sent[1].token);    /* 2 arrived; 6 leaves */
    run_until_sent(6);
    rest();
    const size_t lost[] = { 5, 0, 3, 2, 4 };
    for (size_t i = 0; i < 5; i++)
        hooks.on_send_failed(hooks.self, sent[lost[i]].token, 0);
    hooks.on_lost(hooks.self);
    rest();
    assert_int_equal(sent_so_far(), 6);

    come_up(65535);
    run_until_sent(11);
    const char *const again[] = { "\n1", "\n3", "{4", "\n5", "{6" };
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(sent[6 + i].payload, again[i]);
    assert_int_equal(n_changes, 3);
    close_down();
}

static void acknowledged_rows_go_into_the_batch_once_and_are_not_read_again(void **state)
{
    (void)state;
    struct publish_figures f;

    n_rows = 3;
    open_with(10);
    come_up(65535);
    run_until_sent(3);
    hooks.on_sent(hooks.self, sent[2].token);
    hooks.on_sent(hooks.self, sent[0].token);
    publish_acknowledged(p, NULL);
    assert_int_equal(n_acknowledged, 2);
    assert_int_equal(acknowledged[0], 3);
    assert_int_equal(acknowledged[1], 1);
    publish_acknowledged(p, NULL);
    assert_int_equal(n_acknowledged, 2);
    publish_figures(p, &f);
    assert_int_equal(f.uncommitted, 0);

    publish_wake(p);                             /* the rows still stand in the outbox */
    rest();
    assert_int_equal(n_reads, 3);
    n_rows = 4;
    publish_wake(p);
    run_until_sent(4);
    assert_string_equal(sent[3].payload, "{4");
    close_down();
}

static void a_refusal_stalls_and_a_new_connection_goes_on(void **state)
{
    (void)state;
    n_rows = 4;
    open_with(10);
    is_refusing = true;
    come_up(65535);
    rest();
    publish_wake(p);
    rest();
    assert_int_equal(sent_so_far(), 0);
    is_refusing = false;
    hooks.on_lost(hooks.self);
    come_up(65535);
    run_until_sent(4);
    assert_string_equal(sent[0].payload, "\n1");
    assert_string_equal(sent[3].payload, "{4");
    close_down();
}

static uint64_t sequence_of(size_t i)
{
    return strtoull(sent[i].payload + 1, NULL, 10);
}

static void newest_first_lets_fresh_summaries_pass_the_backlog(void **state)
{
    (void)state;
    n_rows = 100;
    open_as(2, PUBLISH_NEWEST_FIRST, 0);
    come_up(65535);
    run_until_sent(2);
    n_rows = 102;                                /* a commit brings two */
    publish_wake(p);
    rest();
    for (size_t i = 0; i < 102; i++) {
        run_until_sent(i + 1);
        const uint64_t expected = i < 2 ? i + 1 : i < 4 ? 99 + i : i - 1;
        assert_int_equal(sequence_of(i), expected);
        hooks.on_sent(hooks.self, sent[i].token);
    }
    rest();
    assert_int_equal(sent_so_far(), 102);
    assert_int_equal(n_reads, 102 + 1);          /* at the backlog's end the row behind is looked at, too */
    close_down();
}

static void a_rate_caps_the_drain_and_not_what_is_fresh(void **state)
{
    (void)state;
    n_rows = 50;
    open_as(100, PUBLISH_NEWEST_FIRST, 1);
    come_up(65535);
    run_until_sent(1);
    rest();
    assert_true(sent_so_far() <= 2);             /* a second would have to pass for the next */
    n_rows = 90;
    publish_wake(p);
    run_until_sent(41);
    size_t n_fresh = 0;
    for (size_t i = 0; i < 41; i++)
        n_fresh += sequence_of(i) > 50;
    assert_int_equal(n_fresh, 40);
    close_down();
}

static void a_paced_drain_goes_on_by_itself(void **state)
{
    (void)state;
    n_rows = 200;
    open_as(100, PUBLISH_OLDEST_FIRST, 2000);
    uint64_t began_us = uv_hrtime() / 1000;
    come_up(65535);
    for (size_t i = 0; i < 200; i++) {
        run_until_sent(i + 1);
        assert_int_equal(sequence_of(i), i + 1);
        hooks.on_sent(hooks.self, sent[i].token);
    }
    assert_true(uv_hrtime() / 1000 - began_us >= 199 * 500 - 20000);
    close_down();
}

static void what_the_broker_refuses_stays_and_the_others_go_on(void **state)
{
    (void)state;
    struct publish_figures f;

    n_rows = 3;
    open_with(1);
    come_up(65535);
    run_until_sent(1);
    hooks.on_send_failed(hooks.self, sent[0].token, 151);
    run_until_sent(2);
    hooks.on_sent(hooks.self, sent[1].token);
    run_until_sent(3);
    hooks.on_sent(hooks.self, sent[2].token);
    rest();
    assert_int_equal(sequence_of(1), 2);
    assert_int_equal(sequence_of(2), 3);
    publish_figures(p, &f);
    assert_int_equal(f.refusals, 1);
    assert_int_equal(f.refused, 1);
    assert_int_equal(f.refusal, 151);
    assert_int_equal(f.waiting, 1);
    publish_acknowledged(p, NULL);
    assert_int_equal(n_acknowledged, 2);

    hooks.on_lost(hooks.self);                   /* the next connection tries it again */
    come_up(65535);
    run_until_sent(4);
    assert_int_equal(sequence_of(3), 1);
    hooks.on_sent(hooks.self, sent[3].token);
    publish_acknowledged(p, NULL);
    assert_int_equal(n_acknowledged, 3);
    publish_figures(p, &f);
    assert_int_equal(f.refused, 0);
    assert_int_equal(f.waiting, 0);
    close_down();
}

static void a_refused_summary_is_tried_again_on_the_same_connection(void **state)
{
    (void)state;
    n_rows = 1;
    open_with(5);
    come_up(65535);
    run_until_sent(1);
    hooks.on_send_failed(hooks.self, sent[0].token, 135);
    run_until_sent(2);                           /* a second later */
    assert_int_equal(sequence_of(1), 1);
    close_down();
}

static void a_refused_status_is_followed_by_the_next(void **state)
{
    (void)state;
    n_rows = 0;
    open_with(10);
    publish_status(p, slice_of("one"));
    come_up(65535);
    run_until_sent(1);
    hooks.on_send_failed(hooks.self, sent[0].token, 135);
    rest();
    assert_int_equal(sent_so_far(), 1);
    publish_status(p, slice_of("two"));
    run_until_sent(2);
    assert_string_equal(sent[1].payload, "two");
    close_down();
}

static void nothing_is_read_while_the_link_is_down(void **state)
{
    (void)state;
    n_rows = 5;
    open_as(10, PUBLISH_NEWEST_FIRST, 0);
    publish_wake(p);
    rest();
    assert_int_equal(n_reads, 0);
    close_down();
}

static void summaries_carry_who_they_are_and_what_they_hold(void **state)
{
    (void)state;
    n_rows = 2;
    open_with(10);
    come_up(65535);
    run_until_sent(2);
    assert_string_equal(sent[0].topic, "carbon/v1/site/summary/15min");
    assert_int_equal(sent[0].qos, 1);
    assert_false(sent[0].is_retained);
    assert_string_equal(sent[0].content_type, "application/x-protobuf");
    assert_string_equal(sent[1].content_type, "application/json");
    assert_string_equal(sent[1].pairs, "gateway=works-1 epoch_ordinal=1 sequence=2 "
                                       "id=works-1/5f3a/site/15min/2018-01-01T00:15Z/1 ");
    close_down();
}

static void only_the_newest_status_is_sent_and_again_at_every_connect(void **state)
{
    (void)state;
    n_rows = 0;
    open_with(10);
    assert_true(is_persistent == false);
    assert_string_equal(will.topic, "status");
    assert_true(will.is_retained);
    assert_int_equal(will.qos, 1);
    publish_status(p, slice_of("one"));
    publish_status(p, slice_of("two"));
    assert_int_equal(sent_so_far(), 0);          /* not connected */
    come_up(65535);
    run_until_sent(1);
    assert_string_equal(sent[0].payload, "two");
    assert_string_equal(sent[0].topic, "status");
    assert_true(sent[0].is_retained);
    assert_int_equal(sent[0].qos, 1);

    publish_status(p, slice_of("three"));        /* two is under way: three waits, and four replaces it */
    publish_status(p, slice_of("four"));
    rest();
    assert_int_equal(sent_so_far(), 1);
    hooks.on_sent(hooks.self, sent[0].token);
    run_until_sent(2);
    assert_string_equal(sent[1].payload, "four");

    hooks.on_send_failed(hooks.self, sent[1].token, 0);
    hooks.on_lost(hooks.self);
    come_up(65535);
    run_until_sent(3);
    assert_string_equal(sent[2].payload, "four");
    close_down();
}

static void what_may_be_dropped_is_dropped_while_the_link_is_down(void **state)
{
    (void)state;
    n_rows = 0;
    open_with(10);
    assert_int_equal(publish_now(p, "rejected", slice_of("lost")), 1);
    come_up(65535);
    assert_int_equal(publish_now(p, "rejected", slice_of("told")), 0);
    run_until_sent(1);
    assert_string_equal(sent[0].topic, "rejected");
    assert_string_equal(sent[0].payload, "told");
    assert_int_equal(sent[0].qos, 0);
    assert_int_equal(sent[0].token, 0);
    close_down();
}

static void too_many_at_once_are_dropped_and_said_so(void **state)
{
    (void)state;
    size_t n_taken = 0;

    n_rows = 0;
    open_with(10);
    is_refusing = true;
    come_up(65535);
    publish_status(p, slice_of("x"));            /* refused: stalls, so that nothing drains */
    rest();
    for (int i = 0; i < 1000; i++)
        n_taken += publish_now(p, "rejected", slice_of("x")) == 0;
    assert_in_range(n_taken, 1, 999);
    close_down();
}

static void on_leaving_the_status_says_farewell_first(void **state)
{
    (void)state;
    n_rows = 100;
    open_with(10);
    publish_status(p, slice_of("fine"));
    come_up(65535);
    run_until_sent(10);                          /* the status and nine summaries */
    rest();
    publish_close(p, slice_of("stopped"));
    publish_status(p, slice_of("fine again"));
    assert_int_equal(publish_now(p, "rejected", slice_of("x")), 1);
    assert_int_equal(n_link_closes, 0);
    hooks.on_sent(hooks.self, sent[1].token);    /* makes room, but no summary leaves any more */
    hooks.on_sent(hooks.self, sent[0].token);    /* the former status */
    run_until_sent(11);
    assert_string_equal(sent[10].topic, "status");
    assert_string_equal(sent[10].payload, "stopped");
    assert_true(sent[10].is_retained);
    rest();
    assert_int_equal(n_link_closes, 0);
    hooks.on_sent(hooks.self, sent[10].token);
    rest();
    assert_int_equal(n_link_closes, 1);
    assert_int_equal(sent_so_far(), 11);
    hooks.on_send_failed(hooks.self, sent[2].token, 0);   /* the link's last words */
    close_down();
}

static void a_link_that_breaks_while_leaving_ends_the_leaving(void **state)
{
    (void)state;
    n_rows = 0;
    open_with(10);
    come_up(65535);
    publish_close(p, slice_of("stopped"));
    run_until_sent(1);
    hooks.on_send_failed(hooks.self, sent[0].token, 0);
    hooks.on_lost(hooks.self);
    rest();
    close_down();
}

static void a_link_with_a_mistake_makes_no_publisher(void **state)
{
    (void)state;
    const struct publish_hooks h = { on_acknowledged, on_change, on_closed, NULL };
    const struct publish_conf conf = { .window = 1 };
    struct publish *none = NULL;

    uv_loop_init(&loop);
    assert_true(publish_open(&loop, &conf, NULL, "s", slice_of(""), &h, &none) < 0);
    assert_null(none);
    publish_close(none, slice_of(""));
    assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
    setenv("UV_THREADPOOL_SIZE", "1", 1);        /* a barrier needs an order, see rest */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_window_is_never_exceeded_and_drains_by_acknowledgements),
        cmocka_unit_test(the_brokers_receive_maximum_keeps_one_place_free),
        cmocka_unit_test(what_a_lost_link_had_not_acknowledged_is_sent_again_in_order),
        cmocka_unit_test(acknowledged_rows_go_into_the_batch_once_and_are_not_read_again),
        cmocka_unit_test(a_refusal_stalls_and_a_new_connection_goes_on),
        cmocka_unit_test(newest_first_lets_fresh_summaries_pass_the_backlog),
        cmocka_unit_test(a_rate_caps_the_drain_and_not_what_is_fresh),
        cmocka_unit_test(a_paced_drain_goes_on_by_itself),
        cmocka_unit_test(what_the_broker_refuses_stays_and_the_others_go_on),
        cmocka_unit_test(a_refused_summary_is_tried_again_on_the_same_connection),
        cmocka_unit_test(a_refused_status_is_followed_by_the_next),
        cmocka_unit_test(nothing_is_read_while_the_link_is_down),
        cmocka_unit_test(summaries_carry_who_they_are_and_what_they_hold),
        cmocka_unit_test(only_the_newest_status_is_sent_and_again_at_every_connect),
        cmocka_unit_test(what_may_be_dropped_is_dropped_while_the_link_is_down),
        cmocka_unit_test(too_many_at_once_are_dropped_and_said_so),
        cmocka_unit_test(on_leaving_the_status_says_farewell_first),
        cmocka_unit_test(a_link_that_breaks_while_leaving_ends_the_leaving),
        cmocka_unit_test(a_link_with_a_mistake_makes_no_publisher),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
