#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fleet/testing.h"

#define HOUR_MS 3600000LL

static struct conf steel_conf(void)
{
    static char line[256];
    struct conf conf;
    snprintf(line, sizeof(line),
             "--csv rows --value-column Usage_kWh --utc-offset +09:00 "
             "--midnight-is-end-of-day");
    assert_int_equal(parse_line(line, &conf, stdout, stderr), 0);
    conf.time_format = "%d/%m/%Y %H:%M";
    return conf;
}

static int read_text(const struct conf *conf, const char *text, struct source *out)
{
    memset(out, 0, sizeof(*out));
    FILE *file = fmemopen((char *)text, strlen(text), "r");
    assert_non_null(file);
    int rc = source_read_csv(out, conf, file);
    fclose(file);
    return rc;
}

static void midnight_ends_the_day_it_names(void **state)
{
    (void)state;
    struct conf conf = steel_conf();
    struct source s;
    assert_int_equal(read_text(&conf,
                               "date,Usage_kWh,NSM\n"
                               "31/12/2018 23:30,3.78,84600\n"
                               "31/12/2018 23:45,4,85500\n"
                               "31/12/2018 00:00,3.67,0\n",
                               &s),
                     0);
    assert_int_equal(s.steps, 3);
    int64_t new_year_ms = 1546300800000 - 9 * HOUR_MS; /* 2019-01-01T00:00 at UTC+9 */
    assert_int_equal(source_stamp_ms(&s, 2), new_year_ms);
    assert_int_equal(source_stamp_ms(&s, 1), new_year_ms - HOUR_MS / 4);
    assert_int_equal(source_ticks(&s, 0, 0), 3780000);
    assert_int_equal(source_ticks(&s, 5, 1), 4000000);
    source_close(&s);
}

static void spreadsheets_habits_are_understood(void **state)
{
    (void)state;
    struct conf conf = steel_conf();
    struct source s;
    assert_int_equal(read_text(&conf,
                               "\xef\xbb\xbf\"Usage_kWh\",\"date\"\r\n"
                               "\"0.000001\",\"01/01/2018 00:15\"\r\n"
                               "\r\n"
                               "12.,01/01/2018 00:30\r\n",
                               &s),
                     0);
    assert_int_equal(s.steps, 2);
    assert_int_equal(source_ticks(&s, 0, 0), 1);
    assert_int_equal(source_ticks(&s, 0, 1), 12000000);
    source_close(&s);
}

static void a_muddled_file_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "\n",
        "date,Usage_kWh\n",
        "Date,Usage_kWh\n01/01/2018 00:15,1\n",
        "date,usage\n01/01/2018 00:15,1\n",
        "date,Usage_kWh\n01/01/2018 00:15\n",
        "date,Usage_kWh\n2018-01-01 00:15,1\n",
        "date,Usage_kWh\n31/04/2018 00:15,1\n",
        "date,Usage_kWh\n01/01/2018 00:15 x,1\n",
        "date,Usage_kWh\n01/01/2018 00:15,\n",
        "date,Usage_kWh\n01/01/2018 00:15,-1\n",
        "date,Usage_kWh\n01/01/2018 00:15,1e3\n",
        "date,Usage_kWh\n01/01/2018 00:15,nan\n",
        "date,Usage_kWh\n01/01/2018 00:15,1.2.3\n",
        "date,Usage_kWh\n01/01/2018 00:15,0.0000001\n",
        "date,Usage_kWh\n01/01/2018 00:15,99999999999999999999\n",
        "date,Usage_kWh\n01/01/2018 00:15,5000000000\n",
        "date,Usage_kWh\n01/01/2018 00:30,1\n01/01/2018 00:15,1\n",
        "date,Usage_kWh\n01/01/2018 00:15,1\n01/01/2018 00:15,1\n",
        "date,Usage_kWh\n01/01/2018 00:15,1\n01/01/2018 00:29,1\n",
    };
    struct conf conf = steel_conf();
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct source s = { 0 };
        assert_int_equal(read_text(&conf, texts[i], &s), -1);
        source_close(&s);
    }
}

static void registers_may_be_read_at_uneven_times(void **state)
{
    (void)state;
    struct conf conf = steel_conf();
    conf.kind = KINDS_REGISTER;
    struct source s;
    assert_int_equal(
        read_text(&conf, "date,Usage_kWh\n01/01/2018 00:15,1\n01/01/2018 00:16,1\n", &s), 0);
    source_close(&s);
}

static void a_made_up_plant_is_smooth_and_never_idle(void **state)
{
    (void)state;
    struct fleet f;
    fleet_open(&f, "--period 1min --readings 10080");
    int64_t before = source_ticks(&f.source, 0, 0);
    for (uint64_t step = 1; step < f.source.steps; step++) {
        int64_t now = source_ticks(&f.source, 0, step);
        int64_t jump = now > before ? now - before : before - now;
        assert_true(now > 0);
        /* But for the edges of the weekend, a minute changes the load by a few per cent. */
        if ((source_stamp_ms(&f.source, step) - 60000) % (24 * HOUR_MS) != 0)
            assert_true(jump * 20 < before);
        before = now;
    }
    assert_true(source_ticks(&f.source, 0, 600) != source_ticks(&f.source, 1, 600));
    fleet_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(midnight_ends_the_day_it_names),
        cmocka_unit_test(spreadsheets_habits_are_understood),
        cmocka_unit_test(a_muddled_file_is_refused),
        cmocka_unit_test(registers_may_be_read_at_uneven_times),
        cmocka_unit_test(a_made_up_plant_is_smooth_and_never_idle),
    };
    return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
