/* What a message about a grid is taken for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "decode/decode.h"
#include "intensity.pb-c.h"
#include "model/intensity.h"

static const char yaml[] =
    "gateway: gw-1\n"
    "topics:\n"
    "  - {topic: 'carbon/v1/intensity/{region}', decoder: intensity}\n"
    "  - {topic: 'grid', decoder: intensity}\n"
    "factors:\n"
    "  - {id: grid, source: t, per: kWh, co2: 0.5}\n"
    "sites:\n"
    "  - id: mill\n"
    "    zone: UTC\n"
    "    smallest: 15min\n"
    "    streams:\n"
    "      - {id: power, scope: 2, carrier: electricity, factor: grid, intensity: GB}\n";

struct fixture {
    struct arena texts, batch;
    struct plan *plan;
    struct decode *decode;
};

static int make(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct problems problems;
    arena_init(&f->texts, 0);
    arena_init(&f->batch, (size_t)1 << 20);
    problems_init(&problems, "test.yaml", &f->texts);
    assert_int_equal(plan_read(slice_of(yaml), &problems, &f->plan), 0);
    decode_open(&(struct decode_plugins){ 0 }, &f->decode);
    assert_int_equal(decode_configure(f->decode, f->plan, &problems), 0);
    problems_fini(&problems);
    *state = f;
    return 0;
}

static int end(void **state)
{
    struct fixture *f = *state;
    decode_close(f->decode);
    plan_free(f->plan);
    arena_fini(&f->batch);
    arena_fini(&f->texts);
    free(f);
    return 0;
}

static enum verdict take(struct fixture *f, const char *topic, struct slice payload, struct readings *out)
{
    struct frame frame = { .kind = FRAME_MESSAGE, .topic = slice_of(topic), .rest = payload };
    *out = (struct readings){ 0 };
    arena_reset(&f->batch);
    return decode_frame(f->decode, &frame, &f->batch, out);
}

#define GB "carbon/v1/intensity/GB"
#define ELEMENT(values) "{\"from\":\"2018-01-20T12:00Z\",\"to\":\"2018-01-20T12:30Z\"," values "}"

static void the_form_of_the_uk_api_is_taken(void **state)
{
    struct readings r;
    int64_t from_us;
    time_parse("2018-01-20T12:00:00Z", &from_us);
    enum verdict v = take(*state, GB, slice_of(
        "{\"data\":[" ELEMENT("\"intensity\":{\"forecast\":266,\"actual\":263,\"index\":\"moderate\"}") ","
        "{\"from\":\"2018-01-20T12:30Z\",\"to\":\"2018-01-20T13:00Z\","
        "\"intensity\":{\"forecast\":250.50,\"actual\":null,\"index\":\"moderate\"}}]}"), &r);
    assert_int_equal(v, VERDICT_COUNTED);
    assert_int_equal(r.n, 0);
    assert_int_equal(r.n_intensities, 2);
    const struct intensity *x = r.intensities;
    assert_true(slice_equal(x[0].region, slice_of("GB")));
    assert_int_equal(x[0].from_us, from_us);
    assert_int_equal(x[0].until_us - x[0].from_us, INT64_C(1800000000));
    assert_int_equal(x[0].actual.g.mantissa, 263);
    assert_true(x[1].has_forecast);
    assert_false(x[1].has_actual);
    assert_int_equal(x[1].forecast.g.mantissa, 2505);
    assert_int_equal(x[1].forecast.g.scale, 1);
}

static void the_plain_form_names_region_source_and_publication(void **state)
{
    struct readings r;
    enum verdict v = take(*state, "grid", slice_of(
        "{\"region\":\"GB\",\"source\":\"operator\",\"published\":\"2018-01-20T13:05:00Z\",\"values\":["
        ELEMENT("\"actual\":\"263.1\"") "]}"), &r);
    assert_int_equal(v, VERDICT_COUNTED);
    assert_int_equal(r.intensities[0].actual.g.mantissa, 2631);
    assert_true(r.intensities[0].published_us > r.intensities[0].until_us);
    assert_true(slice_equal(r.intensities[0].source, slice_of("operator")));
    assert_false(r.intensities[0].actual.is_co2e);
    assert_int_equal(take(*state, GB, slice_of("{\"gas\":\"co2e\",\"gwp_set\":\"AR5\",\"values\":["
                                               ELEMENT("\"actual\":1") "]}"), &r), VERDICT_COUNTED);
    assert_true(r.intensities[0].actual.is_co2e);
    assert_int_equal(r.intensities[0].actual.gwp_set, GWP_AR5);
    assert_int_equal(take(*state, GB, slice_of(ELEMENT("\"forecast\":1")), &r), VERDICT_COUNTED);
    assert_int_equal(take(*state, GB, slice_of("[" ELEMENT("\"forecast\":1") "]"), &r), VERDICT_COUNTED);
}

static void protobuf_is_taken(void **state)
{
    uint8_t bytes[128];
    struct readings r;
    Carbon__V1__Intensity m = CARBON__V1__INTENSITY__INIT;
    Carbon__V1__IntensityValue value = CARBON__V1__INTENSITY_VALUE__INIT, *values[] = { &value };
    Carbon__V1__Decimal actual = CARBON__V1__DECIMAL__INIT;
    actual.mantissa = 2630;
    actual.scale = 1;
    value.from_unix_ms = 1516449600000;
    value.to_unix_ms = value.from_unix_ms + 1800000;
    value.actual = &actual;
    m.region = "GB";
    m.n_values = 1;
    m.values = values;
    struct slice payload = { bytes, carbon__v1__intensity__pack(&m, bytes) };
    assert_int_equal(take(*state, "grid", payload, &r), VERDICT_COUNTED);
    assert_int_equal(r.intensities[0].actual.g.mantissa, 263);
    assert_int_equal(r.intensities[0].from_us, INT64_C(1516449600000000));
    assert_int_equal(take(*state, "carbon/v1/intensity/FR", payload, &r), VERDICT_UNKNOWN_SITE);
}

static void what_is_wrong_has_a_verdict_and_nothing_of_it_is_taken(void **state)
{
    static const struct {
        const char *topic, *payload;
        enum verdict v;
    } rows[] = {
        { GB, "{", VERDICT_UNDECODABLE },
        { GB, "[]", VERDICT_UNDECODABLE },
        { GB, "{\"data\":[]}", VERDICT_UNDECODABLE },
        { GB, "garbage", VERDICT_UNDECODABLE },
        { GB, "{\"gas\":\"soot\",\"values\":[" ELEMENT("\"actual\":1") "]}", VERDICT_UNDECODABLE },
        { GB, ELEMENT("\"actual\":null"), VERDICT_UNDECODABLE },
        { GB, ELEMENT("\"actual\":true"), VERDICT_OUT_OF_RANGE },
        { GB, ELEMENT("\"actual\":-1"), VERDICT_OUT_OF_RANGE },
        { GB, ELEMENT("\"actual\":1e9"), VERDICT_OUT_OF_RANGE },
        { GB, "[" ELEMENT("\"actual\":1") "," ELEMENT("\"actual\":-1") "]", VERDICT_OUT_OF_RANGE },
        { "grid", ELEMENT("\"actual\":1"), VERDICT_UNKNOWN_SITE },
        { "carbon/v1/intensity/FR", ELEMENT("\"actual\":1"), VERDICT_UNKNOWN_SITE },
        { GB, "{\"from\":\"2018-01-20T12:00Z\",\"to\":\"2018-01-20T12:20Z\",\"actual\":1}", VERDICT_BAD_TIME },
        { GB, "{\"from\":\"2018-01-20T12:30Z\",\"to\":\"2018-01-20T12:00Z\",\"actual\":1}", VERDICT_BAD_TIME },
        { GB, "{\"from\":\"noon\",\"to\":\"2018-01-20T12:30Z\",\"actual\":1}", VERDICT_BAD_TIME },
        { GB, "{\"from\":\"2018-01-01\",\"to\":\"2019-01-01\",\"actual\":1}", VERDICT_BAD_TIME },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct readings r;
        if (take(*state, rows[i].topic, slice_of(rows[i].payload), &r) != rows[i].v)
            fail_msg("%s", rows[i].payload);
        assert_int_equal(r.n_intensities, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_form_of_the_uk_api_is_taken, make, end),
        cmocka_unit_test_setup_teardown(the_plain_form_names_region_source_and_publication, make, end),
        cmocka_unit_test_setup_teardown(protobuf_is_taken, make, end),
        cmocka_unit_test_setup_teardown(what_is_wrong_has_a_verdict_and_nothing_of_it_is_taken, make, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
