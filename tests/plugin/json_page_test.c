/* What the json plugin's page shows is what happens: its configuration and its payload, taken from the page
 * and decoded with the plugin as it is installed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "plugin_loader.h"

#define NOON_US INT64_C(1514775600000000)

struct fixture {
    struct arena arena;
    char *page;
    struct plugin_loader *loader;
    struct decode *decode;
    struct plan *plan;
};

/* The first block of that language on the page. */
static struct slice block_of(const char *page, const char *fence)
{
    const char *at = strstr(page, fence);
    assert_non_null(at);
    at += strlen(fence);
    const char *end = strstr(at, "```");
    assert_non_null(end);
    return (struct slice){ (const uint8_t *)at, (size_t)(end - at) };
}

static void configure(struct fixture *f)
{
    struct buffer yaml = { 0 }, said = { 0 };
    struct problems problems;
    struct slice block = block_of(f->page, "```yaml\n");

    buffer_put(&yaml, "gateway: gw-1\n", 14);
    buffer_put(&yaml, block.at, block.size);
    problems_init(&problems, "README.md", &f->arena);
    if (plan_read(buffer_slice(&yaml), &problems, &f->plan) != 0 ||
        decode_configure(f->decode, f->plan, &problems) != 0) {
        problems_print(&problems, &said);
        fail_msg("%.*s", (int)said.size, (const char *)said.at);
    }
    problems_fini(&problems);
    buffer_fini(&said);
    buffer_fini(&yaml);
}

static int open_fixture(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    size_t size;
    arena_init(&f->arena, 0);
    assert_int_equal(file_read_all(getenv("CARBON_TEST_PAGE"), 1 << 20, &f->page, &size), 0);
    plugin_loader_open(getenv("CARBON_TEST_PLUGINS"), &f->loader);
    struct decode_plugins plugins = plugin_loader_plugins(f->loader);
    decode_open(&plugins, &f->decode);
    configure(f);
    *state = f;
    return 0;
}

static int close_fixture(void **state)
{
    struct fixture *f = *state;
    decode_close(f->decode);
    plugin_loader_close(f->loader);
    plan_free(f->plan);
    free(f->page);
    arena_fini(&f->arena);
    free(f);
    return 0;
}

static enum verdict take(struct fixture *f, struct slice payload, struct readings *out)
{
    struct frame frame = {
        .kind = FRAME_MESSAGE,
        .clock = { .offset_us = NOON_US, .is_synchronised = true },
        .topic = slice_of("factory/plant/hall-1/telemetry"),
        .rest = payload,
    };
    return decode_frame(f->decode, &frame, &f->arena, out);
}

static void assert_reading(const struct fixture *f, const struct reading *r, const char *point,
                           int64_t ticks)
{
    assert_int_equal(r->verdict, VERDICT_COUNTED);
    assert_string_equal(f->plan->points[r->point].id, point);
    assert_int_equal(r->ticks, ticks);
    assert_int_equal(r->time_us, NOON_US);
    assert_int_equal(r->boot, 17);
    assert_int_equal(r->quality, QUALITY_GOOD);
}

static void the_example_is_two_readings(void **state)
{
    struct fixture *f = *state;
    struct readings out = { 0 };
    assert_int_equal(take(f, block_of(f->page, "```json\n"), &out), VERDICT_COUNTED);
    assert_int_equal(out.n, 2);
    assert_reading(f, &out.at[0], "energy_kwh", INT64_C(1234500000));
    assert_reading(f, &out.at[1], "gas", INT64_C(88250000));
}

static void what_is_no_such_json_is_explained(void **state)
{
    struct fixture *f = *state;
    struct readings out = { 0 };
    assert_int_equal(take(f, slice_of("{\"ts\": 1514775600000, \"data\": {}}"), &out),
                     VERDICT_UNDECODABLE);
    assert_string_equal(decode_explanation(f->decode),
                        "reading 1: \"data.active_energy\" should be there, and is not");
    assert_int_equal(take(f, slice_of("{\"ts\": 1, \"ts\": 2}"), &out), VERDICT_UNDECODABLE);
    assert_non_null(strstr(decode_explanation(f->decode), "duplicate"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_example_is_two_readings, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(what_is_no_such_json_is_explained, open_fixture, close_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
