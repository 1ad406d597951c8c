/* What an operator reads when an attempt failed. */
#include "link/reason.h"

#include <MQTTAsync.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

struct failure_case {
    struct attempt_failure f;
    const char *says;            /* what the sentence must hold */
};

static const struct failure_case cases[] = {
    { { LINK_MQTT_3, false, 4, "CONNACK return code", "" }, "check user_file and password_file" },
    { { LINK_MQTT_3, false, 5, "CONNACK return code", "" }, "access list" },
    { { LINK_MQTT_3, false, 2, "CONNACK return code", "" }, "set client_id" },
    { { LINK_MQTT_3, false, 77, "CONNACK return code", "" }, "(code 77)" },
    { { LINK_MQTT_5, false, 134, "CONNACK return code", "" }, "check user_file and password_file" },
    { { LINK_MQTT_5, false, 132, "CONNACK return code", "" }, "this version of MQTT" },
    { { LINK_MQTT_5, false, 1, "CONNACK return code", "" }, "this version of MQTT" },
    { { LINK_MQTT_5, false, 142, NULL, "" }, "another client came with our client id" },
    { { LINK_MQTT_3, false, MQTTASYNC_FAILURE, "TCP connect timeout", "" }, "no answer in time" },
    { { LINK_MQTT_3, true, MQTTASYNC_FAILURE, "TCP connect timeout", "" }, "no answer in time" },
    { { LINK_MQTT_3, false, MQTTASYNC_FAILURE, "TCP connect completion failure", "" },
      "closed the connection without an answer" },
    { { LINK_MQTT_3, false, MQTTASYNC_FAILURE, "TCP/TLS connect failure", "" }, "nothing answers" },
    { { LINK_MQTT_3, false, MQTTASYNC_FAILURE, NULL, "" }, "nothing answers" },
    { { LINK_MQTT_3, true, MQTTASYNC_FAILURE, "TCP/TLS connect failure", "" }, "host name" },
    { { LINK_MQTT_3, true, MQTTASYNC_FAILURE, "TCP/TLS connect failure",
        "certificate verify failed" }, "check ca_file" },
    { { LINK_MQTT_3, true, MQTTASYNC_FAILURE, "TCP/TLS connect failure",
        "wrong version number" }, "wrong version number" },
    { { LINK_MQTT_3, false, MQTTASYNC_BAD_STRUCTURE, NULL, "" }, "code -8, without words" },
};

static void every_failure_has_its_sentence(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[REASON_SIZE];
        reason_of_failure(&cases[i].f, text);
        if (!strstr(text, cases[i].says))
            fail_msg("case %zu: \"%s\" does not say \"%s\"", i, text, cases[i].says);
    }
}

static void only_a_refused_version_makes_fall_back(void **state)
{
    (void)state;
    for (int code = -20; code < 256; code++) {
        struct attempt_failure f = { LINK_MQTT_5, false, code, NULL, "" };
        assert_int_equal(reason_is_version(&f), code == 1 || code == 132);
    }
}

static void a_refusal_lasts_unless_it_says_that_it_passes(void **state)
{
    (void)state;
    const int passing[] = { -3, -1, 0, 3, 136, 137, 139, 159 }, lasting[] = { 2, 4, 5, 128, 133, 134, 135, 138 };
    for (size_t i = 0; i < 8; i++) {
        struct attempt_failure p = { LINK_MQTT_5, false, passing[i], NULL, "" };
        struct attempt_failure l = { LINK_MQTT_5, false, lasting[i], NULL, "" };
        assert_false(reason_is_lasting(&p));
        assert_true(reason_is_lasting(&l));
    }
}

static void every_code_has_words(void **state)
{
    (void)state;
    for (int code = -1; code < 300; code++)
        assert_true(strlen(link_reason(code)) > 0);
    assert_string_equal(link_reason(135), "not authorized; check user_file and password_file, and the "
                                          "broker's access list");
    assert_string_equal(link_reason(255), "for a reason that MQTT does not know");
}

static void of_openssls_line_the_reason_remains(void **state)
{
    (void)state;
    const char *const lines[][2] = {
        { "C0A61F726B7F0000:error:0A000086:SSL routines:tls_post_process_server_certificate:certificate "
          "verify failed:../ssl/statem/statem_clnt.c:1889:\n", "certificate verify failed" },
        { "error:0A00010B:SSL routines::wrong version number", "wrong version number" },
        { "error:0A00010B:SSL routines", "SSL routines" },
        { "error:", "" },
        { "something else\nmore", "something else" },
        { "", "" },
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char out[REASON_SIZE];
        reason_of_openssl(lines[i][0], out);
        assert_string_equal(out, lines[i][1]);
    }
}

static void old_codes_are_read_as_the_new_ones(void **state)
{
    (void)state;
    const int codes[] = { 128, 132, 133, 136, 134, 135, 128 };
    for (int code = 0; code < 7; code++)
        assert_int_equal(reason_code_of_connack_3(code), codes[code]);
    assert_int_equal(reason_code_of_connack_3(-1), 128);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_failure_has_its_sentence),
        cmocka_unit_test(only_a_refused_version_makes_fall_back),
        cmocka_unit_test(a_refusal_lasts_unless_it_says_that_it_passes),
        cmocka_unit_test(every_code_has_words),
        cmocka_unit_test(of_openssls_line_the_reason_remains),
        cmocka_unit_test(old_codes_are_read_as_the_new_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
