/* The rows of a link and what they cannot say by themselves; and a link that never connects. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "link/link.h"

struct owner {
    int64_t before;              /* the rows stand at an offset */
    struct link_conf link;
};

static const struct option rows[] = {
    LINK_ROWS(offsetof(struct owner, link), "5"),
    { .name = NULL }
};

static void presets_make_a_link_that_only_lacks_its_client_id(void **state)
{
    (void)state;
    struct owner o = { .before = 7 };
    struct arena arena;

    arena_init(&arena, 0);
    option_preset(rows, &o, &arena);
    assert_int_equal(o.before, 7);
    assert_string_equal(o.link.broker, "mqtts://127.0.0.1:8883");
    assert_string_equal(o.link.client_id, "");
    assert_int_equal(o.link.protocol, LINK_MQTT_5);
    assert_int_equal(o.link.keepalive_us, 30000000);
    assert_int_equal(o.link.backoff_min_us, 250000);
    assert_int_equal(o.link.backoff_max_us, 30000000);
    assert_string_equal(o.link.ca_file, "");
    assert_null(link_conf_mistake(&o.link, NULL));
    arena_fini(&arena);
}

static void nothing_of_a_link_enters_the_canonical_form(void **state)
{
    (void)state;
    for (const struct option *row = rows; row->name; row++)
        assert_true(row->is_local);
}

static int read_rows(const char *yaml, struct owner *o, struct arena *arena)
{
    struct problems problems;
    problems_init(&problems, "test.yaml", arena);
    int rc = option_read(rows, o, slice_of(yaml), arena, &problems);
    problems_fini(&problems);
    return rc;
}

static void rows_are_read_and_bounded(void **state)
{
    (void)state;
    struct owner o = { .before = 0 };
    struct arena arena;

    arena_init(&arena, 0);
    assert_int_equal(read_rows("broker: mqtt://plant\nprotocol: 3.1.1\nkeepalive: 5s\n", &o, &arena), 0);
    assert_int_equal(o.link.protocol, LINK_MQTT_3);
    assert_int_equal(o.link.keepalive_us, 5000000);
    assert_int_equal(read_rows("keepalive: 4s\n", &o, &arena), OPTION_WRONG);
    assert_int_equal(read_rows("keepalive: 2h\n", &o, &arena), OPTION_WRONG);
    assert_int_equal(read_rows("protocol: 3.1\n", &o, &arena), OPTION_WRONG);
    assert_int_equal(read_rows("backoff_min: 1ms\n", &o, &arena), OPTION_WRONG);
    assert_int_equal(read_rows("insecure: yes\n", &o, &arena), OPTION_WRONG);
    arena_fini(&arena);
}

static void mistakes_beyond_the_rows_are_found(void **state)
{
    (void)state;
    const struct {
        struct link_conf conf;
        const char *says;        /* NULL: nothing */
    } cases[] = {
        { { .broker = "mqtt://plant" }, NULL },
        { { .broker = "mqtt://user:pass@plant" }, "without user or path" },
        { { .broker = "" }, "broker is" },
        { { .broker = "mqtt://plant", .password_file = "/p" }, "needs user_file" },
        { { .broker = "mqtt://plant", .user_file = "/u", .password_file = "/p" }, NULL },
        { { .broker = "mqtt://plant", .user_file = "/u", .password_file = "" }, NULL },
        { { .broker = "mqtt://plant", .ca_file = "/ca" }, "mqtts:// alone" },
        { { .broker = "mqtts://plant", .ca_file = "/ca" }, NULL },
        { { .broker = "mqtt://[::1]" }, NULL },
        { { .broker = "mqtts://[::1]" }, "IPv6" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *mistake = link_conf_mistake(&cases[i].conf, NULL);
        if (!cases[i].says)
            assert_null(mistake);
        else
            assert_non_null(strstr(mistake, cases[i].says));
    }
}

/* A link that is never started has no thread and no connection: it can be tested whole. */

struct watch {
    unsigned n_closed, n_other;
};

static void on_message(void *self, const struct link_message *m)
{
    (void)m;
    ((struct watch *)self)->n_other++;
}

static void on_token(void *self, uint64_t token)
{
    (void)token;
    ((struct watch *)self)->n_other++;
}

static void on_send_failed(void *self, uint64_t token, int code)
{
    (void)token;
    (void)code;
    ((struct watch *)self)->n_other++;
}

static void on_up(void *self, const struct link_session *session)
{
    (void)session;
    ((struct watch *)self)->n_other++;
}

static void on_lost(void *self)
{
    ((struct watch *)self)->n_other++;
}

static void on_subscribed(void *self, const char *filter, int granted_qos)
{
    (void)filter;
    (void)granted_qos;
    ((struct watch *)self)->n_other++;
}

static void on_closed(void *self)
{
    ((struct watch *)self)->n_closed++;
}

static struct link_hooks hooks_of(struct watch *w)
{
    return (struct link_hooks){ on_message, on_token, on_send_failed, on_up, on_lost, on_subscribed,
                                on_closed, w };
}

static void a_link_that_is_down_refuses_and_closes_with_one_last_call(void **state)
{
    (void)state;
    const struct link_conf conf = { .broker = "mqtt://127.0.0.1:1", .client_id = "test",
                                    .keepalive_us = 30000000, .backoff_min_us = 1, .backoff_max_us = 1 };
    const struct link_will will = { .topic = "status", .payload = { NULL, 0 }, .qos = 1 };
    struct watch watch = { 0, 0 };
    struct link_hooks hooks = hooks_of(&watch);
    struct link_post post = { .topic = "t", .qos = 1, .token = 1 };
    struct link_figures figures;
    struct link *l = NULL;
    uv_loop_t loop;

    uv_loop_init(&loop);
    assert_int_equal(link_open(&loop, "test", &conf, true, &will, &hooks, &l), 0);
    link_pause(l);
    assert_int_equal(link_state(l), LINK_DOWN);
    assert_int_equal(link_subscribe(l, "a/#"), LINK_REFUSED);
    assert_int_equal(link_unsubscribe(l, "a/#"), LINK_REFUSED);
    assert_int_equal(link_send(l, &post), LINK_REFUSED);
    link_figures(l, &figures);
    assert_int_equal(figures.connects + figures.losses + figures.refusals, 0);
    assert_int_equal(figures.up_since_wall_us, 0);

    link_close(l);
    assert_int_equal(watch.n_closed, 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(watch.n_closed, 1);
    assert_int_equal(watch.n_other, 0);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void a_link_with_a_mistake_is_not_opened(void **state)
{
    (void)state;
    const struct link_conf conf = { .broker = "http://plant", .client_id = "test" };
    struct watch watch = { 0, 0 };
    struct link_hooks hooks = hooks_of(&watch);
    struct link *l = NULL;
    uv_loop_t loop;

    uv_loop_init(&loop);
    assert_true(link_open(&loop, "test", &conf, true, NULL, &hooks, &l) < 0);
    assert_null(l);
    link_close(l);
    assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(presets_make_a_link_that_only_lacks_its_client_id),
        cmocka_unit_test(nothing_of_a_link_enters_the_canonical_form),
        cmocka_unit_test(rows_are_read_and_bounded),
        cmocka_unit_test(mistakes_beyond_the_rows_are_found),
        cmocka_unit_test(a_link_that_is_down_refuses_and_closes_with_one_last_call),
        cmocka_unit_test(a_link_with_a_mistake_is_not_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
