/* Broker addresses: what is read, what is refused, what Paho gets. Numbers need no resolver, so the
 * resolution of those can be tested without a network. */
#include "link/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

struct good {
    const char *uri;
    bool is_tls;
    const char *host;
    uint16_t port;
    const char *paho;
};

static const struct good goods[] = {
    { "mqtt://broker", false, "broker", 1883, "tcp://broker:1883" },
    { "mqtts://broker", true, "broker", 8883, "ssl://broker:8883" },
    { "mqtt://127.0.0.1:1", false, "127.0.0.1", 1, "tcp://127.0.0.1:1" },
    { "mqtts://plant-a.example.org:65535", true, "plant-a.example.org", 65535,
      "ssl://plant-a.example.org:65535" },
    { "mqtt://[::1]:1884", false, "::1", 1884, "tcp://[::1]:1884" },
    { "mqtts://[fe80::a:1]", true, "fe80::a:1", 8883, "ssl://[fe80::a:1]:8883" },
    { "mqtt://broker:00080", false, "broker", 80, "tcp://broker:80" },
};

static const char *const bads[] = {
    "", "broker", "broker:1883", "mqtt:/broker", "mqtt://", "mqtts://:8883", "tcp://broker:1883",
    "MQTT://broker", "mqtt://broker:", "mqtt://broker:0", "mqtt://broker:65536", "mqtt://broker:123456",
    "mqtt://broker:-1", "mqtt://broker:18x", "mqtt://broker:1883/", "mqtt://broker/path",
    "mqtt://user:secret@broker", "mqtt://user@broker:1883", "mqtt://bro ker", "mqtt://[::1",
    "mqtt://[::1]1883", "mqtt://[broker]:1883", "mqtt://[]:1883", "mqtt://::1:1883",
    "mqtt://broker?x=1", "mqtt://br\xc3\xb6ker",
};

static void addresses_are_read_with_their_usual_ports(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof goods / sizeof *goods; i++) {
        struct address a;
        char uri[ADDRESS_URI_SIZE];
        assert_int_equal(address_parse(goods[i].uri, &a), 0);
        assert_int_equal(a.is_tls, goods[i].is_tls);
        assert_string_equal(a.host, goods[i].host);
        assert_int_equal(a.port, goods[i].port);
        address_uri(&a, a.host, uri);
        assert_string_equal(uri, goods[i].paho);
    }
}

static void what_is_no_address_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bads / sizeof *bads; i++) {
        struct address a = { .port = 7 };
        assert_int_equal(address_parse(bads[i], &a), ADDRESS_MALFORMED);
        assert_int_equal(a.port, 7);
    }
}

static void a_host_may_have_255_bytes_and_no_more(void **state)
{
    (void)state;
    char uri[7 + ADDRESS_HOST_SIZE + 1] = "mqtt://";
    struct address a;

    memset(uri + 7, 'a', ADDRESS_HOST_SIZE - 1);
    assert_int_equal(address_parse(uri, &a), 0);
    assert_int_equal(strlen(a.host), 255);
    uri[7 + ADDRESS_HOST_SIZE - 1] = 'a';
    assert_int_equal(address_parse(uri, &a), ADDRESS_MALFORMED);
}

static void a_number_stands_for_itself_at_every_turn(void **state)
{
    (void)state;
    struct address a;
    char number[ADDRESS_HOST_SIZE];
    const char *why = NULL;

    assert_int_equal(address_parse("mqtt://127.0.0.1", &a), 0);
    for (unsigned turn = 0; turn < 3; turn++) {
        assert_int_equal(address_resolve(&a, turn, number, &why), 0);
        assert_string_equal(number, "127.0.0.1");
    }
    assert_int_equal(address_parse("mqtt://[::1]", &a), 0);
    assert_int_equal(address_resolve(&a, 5, number, &why), 0);
    assert_string_equal(number, "::1");
    assert_null(why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_with_their_usual_ports),
        cmocka_unit_test(what_is_no_address_is_refused_and_changes_nothing),
        cmocka_unit_test(a_host_may_have_255_bytes_and_no_more),
        cmocka_unit_test(a_number_stands_for_itself_at_every_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
