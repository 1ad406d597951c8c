/* Topics against patterns, and routes: what is found again is what was found first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "decode/route.h"
#include "decode/topic.h"
#include "model/plan_example_test.h"

#define PRESET "carbon/v1/{site}/{device}/reading"

static const struct {
    const char *pattern, *topic;
    bool fits;
    const char *site, *device;
} cases[] = {
    { PRESET, "carbon/v1/plant/main-meter/reading", true, "plant", "main-meter" },
    { PRESET, "carbon/v1/p/m/reading", true, "p", "m" },
    { PRESET, "carbon/v1/plant/main-meter/batch", false, "", "" },
    { PRESET, "carbon/v1/plant/main-meter/reading/", false, "", "" },
    { PRESET, "carbon/v1/plant/main-meter/reading/more", false, "", "" },
    { PRESET, "/carbon/v1/plant/main-meter/reading", false, "", "" },
    { PRESET, "carbon/v1/plant/main-meter", false, "", "" },
    { PRESET, "carbon/v1/plant/reading", false, "", "" },
    { PRESET, "carbon/v1", false, "", "" },
    { PRESET, "", false, "", "" },
    { PRESET, "carbon/v1//main-meter/reading", false, "", "" },
    { PRESET, "carbon/v1/plant//reading", false, "", "" },
    { PRESET, "Carbon/v1/plant/main-meter/reading", false, "", "" },
    { PRESET, "carbon/v1/{site}/{device}/reading", true, "{site}", "{device}" },
    { PRESET, "carbon/v1/+/#/reading", true, "+", "#" },
    { PRESET, "carbon/v1/\xff\xfe/\xed\xa0\x80/reading", true, "\xff\xfe", "\xed\xa0\x80" },
    { "{device}/x/{site}", "d/x/s", true, "s", "d" },
    { "meters/{device}", "meters/7", true, "", "7" },
    { "meters/+/{device}", "meters//7", true, "", "7" },
    { "meters/+", "meters", false, "", "" },
    { "meters/+", "meters/", true, "", "" },
    { "meters/+", "meters/a/b", false, "", "" },
    { "meters/#", "meters", true, "", "" },
    { "meters/#", "meters/", true, "", "" },
    { "meters/#", "meters/a/b/c", true, "", "" },
    { "meters/#", "meters2/a", false, "", "" },
    { "{site}/#", "plant/a/b", true, "plant", "" },
    { "#", "anything/at/all", true, "", "" },
    { "#", "/", true, "", "" },
    { "#", "$SYS/broker/uptime", false, "", "" },
    { "+/broker", "$SYS/broker", false, "", "" },
    { "{site}/broker", "$SYS/broker", false, "", "" },
    { "$SYS/+", "$SYS/broker", true, "", "" },
    { "a/+/b", "a/$x/b", true, "", "" },
    { "/", "/", true, "", "" },
    { "a", "a/", false, "", "" },
    { "a/", "a", false, "", "" },
    { "+/+", "/finance", true, "", "" },
    { "+", "/finance", false, "", "" },
};

static void assert_name(struct slice topic, struct topic_span span, const char *expected)
{
    assert_true(slice_equal(topic_name(topic, span), slice_of(expected)));
}

static void a_topic_fits_a_pattern_as_mqtt_has_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct topic_names names = { 0 };
        struct slice topic = slice_of(cases[i].topic);
        bool fits = topic_match(cases[i].pattern, topic, &names);
        if (fits != cases[i].fits)
            fail_msg("%s against %s", cases[i].topic, cases[i].pattern);
        assert_name(topic, names.site, cases[i].site);
        assert_name(topic, names.device, cases[i].device);
    }
}

static void a_nul_in_a_topic_is_a_byte_like_any_other(void **state)
{
    (void)state;
    static const char topic[] = "carbon/v1/pl\0nt/m/reading";
    struct slice whole = { (const uint8_t *)topic, sizeof topic - 1 };
    struct topic_names names;
    assert_true(topic_match(PRESET, whole, &names));
    assert_int_equal(names.site.size, 5);

    static const char tail[] = "meters/7\0";
    assert_false(topic_match("meters/7", (struct slice){ (const uint8_t *)tail, 9 }, &names));
}

static void the_longest_topic_that_mqtt_has_is_matched_whole(void **state)
{
    (void)state;
    static uint8_t topic[UINT16_MAX + 1];
    struct topic_names names;
    memset(topic, 'a', sizeof topic);
    memcpy(topic, "x/", 2);
    assert_true(topic_match("x/{device}", (struct slice){ topic, UINT16_MAX }, &names));
    assert_int_equal(names.device.at, 2);
    assert_int_equal(names.device.size, UINT16_MAX - 2);
    assert_false(topic_match("x/{device}", (struct slice){ topic, UINT16_MAX + 1 }, &names));
}

/* --- routes --- */

struct fixture {
    struct arena arena;
    struct plan *plan;
    struct routes *routes;
};

static struct plan *plan_of(struct arena *arena, const char *topics)
{
    struct buffer yaml = { 0 };
    struct problems problems;
    struct plan *plan = NULL;
    plan_example_with("gateway: gw-1\n", topics, &yaml);
    problems_init(&problems, "plan", arena);
    assert_int_equal(plan_read(buffer_slice(&yaml), &problems, &plan), 0);
    problems_fini(&problems);
    buffer_fini(&yaml);
    return plan;
}

static int open_fixture(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    arena_init(&f->arena, 0);
    f->plan = plan_of(&f->arena,
                      "gateway: gw-1\n"
                      "topics:\n"
                      "  - {topic: 'special/{device}', decoder: batch}\n"
                      "  - {topic: '{site}/{device}', decoder: reading}\n"
                      "  - {topic: '{site}/#', decoder: reading}\n");
    routes_open(&f->routes);
    routes_configure(f->routes, f->plan);
    *state = f;
    return 0;
}

static int close_fixture(void **state)
{
    struct fixture *f = *state;
    routes_close(f->routes);
    plan_free(f->plan);
    arena_fini(&f->arena);
    free(f);
    return 0;
}

static void assert_route(struct fixture *f, const char *topic, int rule, int site, int device)
{
    for (int i = 0; i < 2; i++) {   /* worked out, then found again */
        const struct route *r = route_find(f->routes, slice_of(topic));
        assert_int_equal(r->rule, rule);
        assert_int_equal(r->site, site);
        assert_int_equal(r->device, device);
    }
}

static void the_first_rule_that_fits_leads(void **state)
{
    struct fixture *f = *state;
    int32_t plant = plan_site(f->plan, slice_of("plant"));
    int32_t gas = plan_device(f->plan, plant, slice_of("gas-meter"));
    assert_true(plant >= 0 && gas >= 0);
    assert_route(f, "plant/gas-meter", 1, plant, gas);
    assert_route(f, "plant/other", 1, plant, -1);
    assert_route(f, "nowhere/gas-meter", 1, -1, -1);
    assert_route(f, "plant/a/b", 2, plant, -1);
    assert_route(f, "special/gas-meter", 0, -1, -1);
    assert_route(f, "$SYS/uptime", -1, -1, -1);
    assert_route(f, "", -1, -1, -1);
}

static void a_topic_too_long_to_keep_leads_to_the_same(void **state)
{
    struct fixture *f = *state;
    char topic[400] = "plant/gas-meter/";
    memset(topic + strlen(topic), 'x', 300);
    assert_route(f, topic, 2, plan_site(f->plan, slice_of("plant")), -1);
}

static void many_more_topics_than_slots_do_not_disturb_each_other(void **state)
{
    struct fixture *f = *state;
    char topic[32];
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 5000; i++) {
            snprintf(topic, sizeof topic, i % 2 ? "plant/%d" : "special/%d", i);
            const struct route *r = route_find(f->routes, slice_of(topic));
            assert_int_equal(r->rule, i % 2 ? 1 : 0);
            assert_int_equal(r->names.device.at, i % 2 ? 6 : 8);
        }
}

static void a_new_plan_makes_the_routes_anew(void **state)
{
    struct fixture *f = *state;
    struct plan *next = plan_of(&f->arena, "gateway: gw-1\n"
                                           "topics: [{topic: 'plant/{device}', decoder: batch}]\n");
    int32_t plant = plan_site(f->plan, slice_of("plant"));
    assert_route(f, "plant/other", 1, plant, -1);
    routes_configure(f->routes, next);
    assert_route(f, "plant/other", 0, -1, -1);
    assert_route(f, "special/7", -1, -1, -1);
    routes_configure(f->routes, f->plan);
    plan_free(next);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_topic_fits_a_pattern_as_mqtt_has_it),
        cmocka_unit_test(a_nul_in_a_topic_is_a_byte_like_any_other),
        cmocka_unit_test(the_longest_topic_that_mqtt_has_is_matched_whole),
        cmocka_unit_test_setup_teardown(the_first_rule_that_fits_leads, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(a_topic_too_long_to_keep_leads_to_the_same, open_fixture,
                                        close_fixture),
        cmocka_unit_test_setup_teardown(many_more_topics_than_slots_do_not_disturb_each_other,
                                        open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(a_new_plan_makes_the_routes_anew, open_fixture, close_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
