/* Ingest between a link that is made up here and a real journal on a disk that can be told to fail.
 * The test plays Paho's thread: when the link's hook returns, the message must stand in the
 * journal. */
#include "journal/scratch_test.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "base/hash.h"
#include "ingest/drops.h"
#include "ingest/ingest.h"
#include "journal/disk_double.h"

/* The link. */
static struct link_hooks hooks;
static bool is_persistent;
static enum link_state state_now;
static char asked[256];          /* "+filter -filter …" */
static unsigned n_starts, n_pauses, n_link_closes, n_watches, n_unwatches;

const char *const link_protocols[] = { "3.1.1", "5", NULL };

const char *link_reason(int code)
{
    (void)code;
    return "because";
}

int link_open(uv_loop_t *loop, const char *name, const struct link_conf *conf, bool persistent,
              const struct link_will *will, const struct link_hooks *h, struct link **out)
{
    (void)loop;
    assert_string_equal(name, "ingest");
    assert_null(will);
    if (!conf->broker)
        return -1;
    is_persistent = persistent;
    hooks = *h;
    *out = (struct link *)&hooks;
    return 0;
}

void link_start(struct link *l)
{
    (void)l;
    n_starts++;
}

void link_pause(struct link *l)
{
    (void)l;
    n_pauses++;
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
    *out = (struct link_figures){ .connects = 3 };
}

static int note(const char *sign, const char *filter)
{
    snprintf(asked + strlen(asked), sizeof asked - strlen(asked), "%s%s ", sign, filter);
    return 0;
}

int link_subscribe(struct link *l, const char *filter)
{
    (void)l;
    return note("+", filter);
}

int link_unsubscribe(struct link *l, const char *filter)
{
    (void)l;
    if (filter[0] == '$') {
        n_unwatches++;
        return 0;
    }
    return note("-", filter);
}

int link_watch(struct link *l, const char *filter)
{
    (void)l;
    assert_string_equal(filter, DROPS_TOPIC);
    n_watches++;
    return 0;
}

/* An ingest, its loop and its journal. */

static uv_loop_t loop;
static struct journal *intake;
static struct ingest *ingest;
static unsigned n_arrivals, n_changes, n_full, n_closed;
static uint64_t end_seen;        /* the journal's end at the last on_arrival */

static void on_arrival(void *self)
{
    (void)self;
    n_arrivals++;
    end_seen = journal_end(intake);
}

static void on_change(void *self)
{
    (void)self;
    n_changes++;
}

static void on_full(void *self)
{
    (void)self;
    n_full++;
}

static void on_closed(void *self)
{
    (void)self;
    n_closed++;
}

static bool watches_drops = true;

static void open_with(struct scratch *s, enum durability durability, int64_t max_payload_bytes)
{
    const struct ingest_hooks h = { on_arrival, on_change, on_full, on_closed, NULL };
    const struct ingest_conf conf = { .link = { .broker = "mqtt://b" }, .watch_drops = watches_drops };

    n_watches = n_unwatches = 0;
    n_starts = n_pauses = n_link_closes = n_arrivals = n_changes = n_full = n_closed = 0;
    end_seen = 0;
    asked[0] = '\0';
    state_now = LINK_DOWN;
    disk_reset();
    intake = scratch_open(s);
    uv_loop_init(&loop);
    assert_int_equal(ingest_open(&loop, &conf, intake, durability, max_payload_bytes, &h, &ingest), 0);
    assert_true(is_persistent);
    ingest_start(ingest);
    assert_int_equal(n_starts, 1);
}

static void close_down(void)
{
    ingest_close(ingest);
    assert_int_equal(n_link_closes, 1);
    hooks.on_closed(hooks.self);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(n_closed, 1);
    assert_int_equal(uv_loop_close(&loop), 0);
    journal_close(intake);
}

static void deliver(struct slice topic, struct slice payload)
{
    const struct link_message m = { .topic = topic, .payload = payload, .qos = 1 };
    hooks.on_message(hooks.self, &m);
}

static struct ingest_figures figures(void)
{
    struct ingest_figures f;
    ingest_figures(ingest, &f);
    return f;
}

static struct slice bytes(const char *at, size_t size)
{
    return (struct slice){ (const uint8_t *)at, size };
}

static void odd_messages_stand_in_the_journal_as_they_came(void **state)
{
    const struct {
        struct link_message m;
        uint8_t flags;
    } cases[] = {
        { { bytes("a/b", 3), bytes("payload", 7), 1, false, false }, 1 },
        { { bytes("a/b", 3), bytes("", 0), 0, false, false }, 0 },
        { { bytes("a/b", 3), { NULL, 0 }, 2, true, false }, 2 | FRAME_RETAINED },
        { { bytes("a\0b", 3), bytes("\0\0", 2), 1, false, true }, 1 | FRAME_DUP },
        { { bytes("\xff\xc0\x80", 3), bytes("\xff", 1), 1, true, true },
          1 | FRAME_RETAINED | FRAME_DUP },
        { { bytes("", 0), bytes("x", 1), 1, false, false }, 1 },
    };
    const size_t n = sizeof cases / sizeof *cases;
    struct scratch *s = *state;
    struct frame f;

    open_with(s, DURABILITY_PROCESS, 1000);
    struct journal_reader *r = NULL;
    for (size_t i = 0; i < n; i++) {
        hooks.on_message(hooks.self, &cases[i].m);
        if (!r)
            r = scratch_reader(s, 0);
        assert_int_equal(journal_read(r, UINT64_MAX, &f), 0);   /* already there */
        assert_int_equal(f.kind, FRAME_MESSAGE);
        assert_int_equal(f.flags, cases[i].flags);
        assert_true(slice_equal(f.topic, cases[i].m.topic));
        assert_true(slice_equal(f.rest, cases[i].m.payload));
    }
    assert_int_equal(figures().messages, n);
    assert_int_equal(figures().retained, 2);
    assert_int_equal(figures().dup, 2);
    assert_int_equal(figures().too_large, 0);
    journal_reader_close(r);
    close_down();
}

static void of_a_payload_too_large_the_head_and_a_hash_are_kept(void **state)
{
    struct scratch *s = *state;
    static char payload[5000];
    struct too_large t;
    struct frame f;

    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = (char)(i * 7);
    open_with(s, DURABILITY_PROCESS, 500);
    deliver(bytes("t", 1), bytes(payload, 500));     /* just fits */
    deliver(bytes("t", 1), bytes(payload, 501));     /* less than a head */
    deliver(bytes("t", 1), bytes(payload, 5000));

    struct journal_reader *r = scratch_reader(s, 0);
    assert_int_equal(journal_read(r, UINT64_MAX, &f), 0);
    assert_int_equal(f.kind, FRAME_MESSAGE);
    const size_t sizes[] = { 501, 5000 }, heads[] = { 501, FRAME_TOO_LARGE_KEEPS };
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(journal_read(r, UINT64_MAX, &f), 0);
        assert_int_equal(f.kind, FRAME_TOO_LARGE);
        assert_int_equal(f.flags, 1);
        assert_int_equal(too_large_read(f.rest, &t), 0);
        assert_int_equal(t.payload_size, sizes[i]);
        assert_true(t.hash == hash_bytes(bytes(payload, sizes[i]), 0));
        assert_true(slice_equal(t.head, bytes(payload, heads[i])));
    }
    assert_int_equal(figures().too_large, 2);
    assert_int_equal(figures().messages, 3);
    journal_reader_close(r);
    close_down();
}

static void what_fits_no_frame_is_too_large_whatever_is_configured(void **state)
{
    struct scratch *s = *state;
    char *payload = calloc(1, JOURNAL_BODY_MAX);
    char *topic = malloc(65535);
    struct frame f;

    assert_true(payload && topic);
    memset(topic, 't', 65535);
    open_with(s, DURABILITY_PROCESS, INT64_MAX);
    deliver(bytes(topic, 65535), bytes(payload, JOURNAL_BODY_MAX));
    deliver(bytes(topic, 65535), bytes(payload, JOURNAL_BODY_MAX - 65535 - 64));
    struct journal_reader *r = scratch_reader(s, 0);
    assert_int_equal(journal_read(r, UINT64_MAX, &f), 0);
    assert_int_equal(f.kind, FRAME_TOO_LARGE);
    assert_int_equal(journal_read(r, UINT64_MAX, &f), 0);
    assert_int_equal(f.kind, FRAME_MESSAGE);
    journal_reader_close(r);
    free(payload);
    free(topic);
    close_down();
}

static void power_syncs_before_each_acknowledgement_and_process_never(void **state)
{
    struct scratch *s = *state;
    const enum durability durabilities[] = { DURABILITY_PROCESS, DURABILITY_POWER };

    for (size_t i = 0; i < 2; i++) {
        open_with(s, durabilities[i], 1000);
        deliver(bytes("t", 1), bytes("first", 5));   /* begins a segment, which is synced in any case */
        size_t before = disk_syncs();
        for (int k = 0; k < 5; k++) {
            struct journal_figures f;
            deliver(bytes("t", 1), bytes("x", 1));
            journal_figures(intake, &f);
            if (durabilities[i] == DURABILITY_POWER)
                assert_int_equal(f.synced, journal_end(intake));
        }
        assert_int_equal(disk_syncs() - before, durabilities[i] == DURABILITY_POWER ? 5 : 0);
        close_down();
        scratch_empty(s->path);
    }
}

/* How the process ends in the hook, in a child. */
static int end_of_child(void (*deliver_all)(void))
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        deliver_all();
        _exit(77);                               /* it came back: would have been acknowledged */
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));              /* no signal: it would blame the frame in hand */
    return WEXITSTATUS(status);
}

static void deliver_to_a_full_disk(void)
{
    static char payload[BULK];
    disk_refuse(-ENOSPC);
    for (unsigned i = 0; i < 2 * BULK_PER_SEGMENT; i++)
        deliver(bytes("t", 1), bytes(payload, sizeof payload));
}

static void deliver_to_a_disk_that_cannot_sync(void)
{
    disk_fail_sync(1);
    deliver(bytes("t", 1), bytes("x", 1));
}

static void what_cannot_be_kept_ends_the_process_before_it_is_acknowledged(void **state)
{
    struct scratch *s = *state;

    open_with(s, DURABILITY_PROCESS, 1000000);
    deliver(bytes("t", 1), bytes("x", 1));
    assert_int_equal(end_of_child(deliver_to_a_full_disk), EXIT_FAILURE);
    close_down();
    open_with(s, DURABILITY_POWER, 1000000);
    deliver(bytes("t", 1), bytes("x", 1));
    assert_int_equal(end_of_child(deliver_to_a_disk_that_cannot_sync), EXIT_FAILURE);
    close_down();
}

static void messages_before_a_turn_of_the_loop_are_told_once(void **state)
{
    struct scratch *s = *state;

    open_with(s, DURABILITY_PROCESS, 1000);
    for (int round = 1; round <= 3; round++) {
        for (int i = 0; i < 10; i++)
            deliver(bytes("t", 1), bytes("x", 1));
        while (end_seen != journal_end(intake))
            uv_run(&loop, UV_RUN_ONCE);
        assert_int_equal(n_arrivals, round);
    }
    close_down();
}

static atomic_bool is_delivered;

static void *deliver_many(void *unused)
{
    for (int i = 0; i < 20000; i++) {
        deliver(bytes("t", 1), bytes("x", 1));
        if (i % 64 == 0)
            sched_yield();
    }
    atomic_store(&is_delivered, true);
    return unused;
}

/* If a wake were lost, the loop would sleep for ever here. */
static void no_frame_is_overlooked_while_they_stream_in(void **state)
{
    struct scratch *s = *state;
    pthread_t paho;

    open_with(s, DURABILITY_PROCESS, 1000);
    atomic_store(&is_delivered, false);
    assert_int_equal(pthread_create(&paho, NULL, deliver_many, NULL), 0);
    while (!atomic_load(&is_delivered) || end_seen != journal_end(intake))
        uv_run(&loop, UV_RUN_ONCE);
    pthread_join(paho, NULL);
    assert_true(n_arrivals > 0);
    assert_int_equal(figures().messages, 20000);
    close_down();
}

/* Fills the current segment past its half. */
static void deliver_half_a_segment(void)
{
    static char payload[BULK];
    while (!journal_wants_spare(intake))
        deliver(bytes("t", 1), bytes(payload, sizeof payload));
}

static void the_next_segment_is_prepared_when_this_one_is_half_full(void **state)
{
    struct scratch *s = *state;

    open_with(s, DURABILITY_PROCESS, 1000000);
    deliver_half_a_segment();
    while (journal_wants_spare(intake))
        uv_run(&loop, UV_RUN_ONCE);
    assert_int_equal(n_full, 0);
    close_down();
}

static void without_room_for_the_next_segment_ingest_pauses_until_it_is_started(void **state)
{
    struct scratch *s = *state;

    open_with(s, DURABILITY_PROCESS, 1000000);
    deliver_half_a_segment();
    disk_refuse(-ENOSPC);
    while (n_full == 0)
        uv_run(&loop, UV_RUN_ONCE);
    assert_int_equal(n_pauses, 1);
    deliver(bytes("t", 1), bytes("x", 1));       /* was under way: still kept, told, and no second pause */
    while (end_seen != journal_end(intake))
        uv_run(&loop, UV_RUN_ONCE);
    assert_int_equal(n_full, 1);

    disk_refuse(0);
    ingest_start(ingest);
    deliver(bytes("t", 1), bytes("x", 1));
    while (journal_wants_spare(intake))
        uv_run(&loop, UV_RUN_ONCE);
    assert_int_equal(n_full, 1);
    close_down();
}

static void come_up(bool is_present)
{
    const struct link_session session = { .protocol = LINK_MQTT_5, .is_present = is_present };
    state_now = LINK_UP;
    hooks.on_up(hooks.self, &session);
}

static void go_down(void)
{
    state_now = LINK_DOWN;
    hooks.on_lost(hooks.self);
}

static void the_first_session_may_be_new_and_later_ones_are_lost_if_they_are(void **state)
{
    struct scratch *s = *state;
    const bool present[] = { false, true, false, false, true };
    const uint64_t lost[] = { 0, 0, 1, 2, 2 };

    open_with(s, DURABILITY_PROCESS, 1000);
    for (size_t i = 0; i < 5; i++) {
        come_up(present[i]);
        assert_int_equal(figures().sessions_lost, lost[i]);
        assert_int_equal(figures().sessions_lost_here, lost[i]);
        assert_int_equal(figures().session.is_present, present[i]);
        assert_int_equal(figures().state, LINK_UP);
        go_down();
    }
    assert_int_equal(n_changes, 10);
    assert_int_equal(figures().link.connects, 3);
    close_down();
}

static void a_gateway_that_took_messages_before_its_start_had_a_session(void **state)
{
    struct scratch *s = *state;

    open_with(s, DURABILITY_PROCESS, 1000);
    deliver(bytes("t", 1), bytes("x", 1));
    close_down();
    open_with(s, DURABILITY_PROCESS, 1000);
    come_up(false);
    assert_int_equal(figures().sessions_lost, 1);
    assert_int_equal(figures().sessions_lost_here, 0);
    assert_true(figures().is_session_lost);
    go_down();
    come_up(true);
    assert_int_equal(figures().sessions_lost, 1);
    assert_false(figures().is_session_lost);
    close_down();
}

static void say_dropped(const char *count)
{
    deliver(slice_of(DROPS_TOPIC), slice_of(count));
}

static void the_brokers_drops_are_counted_and_never_journalled(void **state)
{
    struct scratch *s = *state;

    open_with(s, DURABILITY_PROCESS, 1000);
    come_up(false);
    assert_int_equal(n_watches, 1);
    hooks.on_subscribed(hooks.self, DROPS_TOPIC, 0);
    uint64_t end = journal_end(intake);
    say_dropped("17");                           /* before us */
    uv_run(&loop, UV_RUN_NOWAIT);
    assert_int_equal(figures().dropped, 0);
    assert_int_equal(figures().dropped_boot_us, 0);
    say_dropped("nonsense");
    say_dropped("1997");
    while (figures().dropped == 0)
        uv_run(&loop, UV_RUN_ONCE);
    assert_int_equal(figures().dropped, 1980);
    assert_true(figures().dropped_boot_us > 0);
    assert_int_equal(journal_end(intake), end);
    assert_int_equal(figures().messages, 0);
    assert_int_equal(figures().filters, 0);
    close_down();
}

static void a_broker_that_does_not_show_its_drops_is_asked_no_more(void **state)
{
    struct scratch *s = *state;

    open_with(s, DURABILITY_PROCESS, 1000);
    come_up(false);
    hooks.on_subscribed(hooks.self, DROPS_TOPIC, 135);
    go_down();
    come_up(true);
    assert_int_equal(n_watches, 1);
    close_down();

    open_with(s, DURABILITY_PROCESS, 1000);      /* and one that ends the connection over it */
    for (int i = 0; i < 5; i++) {
        come_up(true);
        go_down();
    }
    assert_int_equal(n_watches, 2);
    close_down();
}

static void unwatched_the_drops_are_unsubscribed_and_not_journalled(void **state)
{
    struct scratch *s = *state;

    watches_drops = false;
    open_with(s, DURABILITY_PROCESS, 1000);
    watches_drops = true;
    come_up(true);
    assert_int_equal(n_watches, 0);
    assert_int_equal(n_unwatches, 1);
    say_dropped("5");                            /* what the session still holds */
    assert_int_equal(journal_end(intake), 0);
    close_down();
}

static void subscriptions_are_asked_for_at_once_and_at_every_connect(void **state)
{
    struct scratch *s = *state;
    struct topic_rule first[] = { { .pattern = "c/{site}/{device}/r" }, { .pattern = "x" } };
    struct topic_rule second[] = { { .pattern = "c/{site}/{device}/r" }, { .pattern = "y" } };
    const struct plan plan_1 = { .topics = { first, 2 } }, plan_2 = { .topics = { second, 2 } };

    open_with(s, DURABILITY_PROCESS, 1000);
    ingest_subscribe(ingest, &plan_1);
    assert_string_equal(asked, "");              /* not connected */
    come_up(false);
    assert_string_equal(asked, "+c/+/+/r +x ");
    ingest_subscribe(ingest, &plan_2);
    assert_string_equal(asked, "+c/+/+/r +x -x +y ");
    go_down();
    asked[0] = '\0';
    come_up(true);
    assert_string_equal(asked, "+c/+/+/r +y ");

    hooks.on_subscribed(hooks.self, "c/+/+/r", 1);
    hooks.on_subscribed(hooks.self, "y", 135);
    assert_int_equal(figures().filters, 2);
    assert_int_equal(figures().filters_refused, 1);
    go_down();
    come_up(true);
    assert_int_equal(figures().filters_refused, 0);   /* not yet answered */
    close_down();
}

static void a_link_with_a_mistake_makes_no_ingest(void **state)
{
    struct scratch *s = *state;
    const struct ingest_hooks h = { on_arrival, on_change, on_full, on_closed, NULL };
    const struct ingest_conf conf = { .link = { .broker = NULL } };
    struct ingest *none = NULL;

    disk_reset();
    intake = scratch_open(s);
    uv_loop_init(&loop);
    assert_true(ingest_open(&loop, &conf, intake, DURABILITY_PROCESS, 1, &h, &none) < 0);
    assert_null(none);
    ingest_close(none);
    assert_int_equal(uv_loop_close(&loop), 0);
    journal_close(intake);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_make, scratch_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(odd_messages_stand_in_the_journal_as_they_came),
        TEST(of_a_payload_too_large_the_head_and_a_hash_are_kept),
        TEST(what_fits_no_frame_is_too_large_whatever_is_configured),
        TEST(power_syncs_before_each_acknowledgement_and_process_never),
        TEST(what_cannot_be_kept_ends_the_process_before_it_is_acknowledged),
        TEST(messages_before_a_turn_of_the_loop_are_told_once),
        TEST(no_frame_is_overlooked_while_they_stream_in),
        TEST(the_next_segment_is_prepared_when_this_one_is_half_full),
        TEST(without_room_for_the_next_segment_ingest_pauses_until_it_is_started),
        TEST(the_first_session_may_be_new_and_later_ones_are_lost_if_they_are),
        TEST(a_gateway_that_took_messages_before_its_start_had_a_session),
        TEST(the_brokers_drops_are_counted_and_never_journalled),
        TEST(a_broker_that_does_not_show_its_drops_is_asked_no_more),
        TEST(unwatched_the_drops_are_unsubscribed_and_not_journalled),
        TEST(subscriptions_are_asked_for_at_once_and_at_every_connect),
        TEST(a_link_with_a_mistake_makes_no_ingest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
