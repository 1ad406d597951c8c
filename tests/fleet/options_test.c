#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fleet/testing.h"

static int parse_text(const char *text, struct conf *conf, char *said, size_t room)
{
    static char line[1024];
    snprintf(line, sizeof(line), "%s", text);
    FILE *file = fmemopen(said, room, "w");
    assert_non_null(file);
    int rc = parse_line(line, conf, file, file);
    fclose(file);
    return rc;
}

static void options_are_taken_in_both_spellings(void **state)
{
    (void)state;
    struct conf c;
    char said[4096] = "";
    assert_int_equal(
        parse_text("--sites=3 --devices 4 --period 90s --kind=mixed --duplicates 0.5 "
                   "--utc-offset -03:30 --start 2024-03-01 --end-state --mqtt 5 --unit MWh",
                   &c, said, sizeof(said)),
        0);
    assert_int_equal(c.sites, 3);
    assert_int_equal(c.devices, 4);
    assert_int_equal(c.period_ms, 90000);
    assert_int_equal(c.kind, KINDS_MIXED);
    assert_int_equal(c.duplicates_ppm, 5000);
    assert_int_equal(c.utc_offset_ms, -210 * 60000);
    assert_int_equal(c.start_ms, 1709251200000);
    assert_true(c.end_state);
    assert_int_equal(c.mqtt, 5);
    assert_int_equal(conf_unit(&c)->per_unit, 1000000);
    assert_string_equal(said, "");
}

static void presets_make_a_whole_run(void **state)
{
    (void)state;
    struct conf c;
    char said[4096] = "";
    assert_int_equal(parse_text("", &c, said, sizeof(said)), 0);
    assert_string_equal(c.broker, "mqtt://127.0.0.1:1883");
    assert_string_equal(c.topic, "carbon/v1/{site}/{device}/{what}");
    assert_int_equal(c.readings, 60);
    assert_int_equal(c.in_flight, 500);
    assert_int_equal(c.limit_readings, 10000000);
    assert_int_equal(c.limit_seconds, 3600);
    assert_int_equal(conf_window_ms(&c), 900000);
    assert_string_equal(conf_unit(&c)->name, "kWh");
}

static void wrong_usage_is_told_with_what_was_expected(void **state)
{
    (void)state;
    static const struct {
        const char *line, *said;
    } rows[] = {
        { "--foo", "unknown option --foo" },
        { "foo", "'foo' is not an option" },
        { "--period", "--period expects a value: --period TIME" },
        { "--period 5", "expected a time such as" },
        { "--period 5weeks", "expected a time such as" },
        { "--period 32d", "expected a time such as" },
        { "--now=yes", "--now stands alone" },
        { "--loss 101", "expected a percentage" },
        { "--loss nan", "expected a percentage" },
        { "--sites 0", "expected a whole number from 1" },
        { "--sites 1x", "expected a whole number" },
        { "--sites -1", "expected a whole number" },
        { "--sites 99999999999999999999", "expected a whole number" },
        { "--kind gauge", "expected register or interval or mixed" },
        { "--utc-offset 9", "expected an offset" },
        { "--utc-offset +09:00x", "expected an offset" },
        { "--start yesterday", "expected a UTC time" },
        { "--start 1999-12-31", "expected a UTC time" },
        { "--site a/b", "is not a name" },
        { "--topic a/+/{what}", "no + or #" },
        { "--broker localhost", "expected mqtt://HOST:PORT" },
        { "--mqtt 4", "expected 3" },
        { "--wrong-clocks 2", "at most the number of devices (1)" },
        { "--resets 5 --readings 5", "expected fewer" },
        { "--connections 8 --in-flight 7", "at least one per connection" },
        { "--now --seconds 9 --limit-seconds 8", "--limit-seconds" },
        { "--now --seconds 9 --period 10s", "before the first --period" },
        { "--now --period 1s --rate 5", "--rate" },
        { "--now --period 1s --readings 5", "--readings" },
        { "--password-file x", "expected --user-file" },
        { "--end-state --state-point energy", "expected another" },
        { "--sites 1000 --devices 1000000", "points in all" },
        { "--devices 1000 --shuffle 1000000", "kept at a time" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct conf c;
        char said[4096] = "";
        assert_int_equal(parse_text(rows[i].line, &c, said, sizeof(said)), -1);
        assert_non_null(strstr(said, rows[i].said));
    }
}

static void help_names_every_option_that_is_taken(void **state)
{
    (void)state;
    static const char *const names[] = { "csv",     "sites",         "now",
                                         "shuffle", "broker",        "totals",
                                         "write",   "limit-seconds", "resume-on-disconnect" };
    struct conf c;
    char said[16384] = "";
    assert_int_equal(parse_text("--help", &c, said, sizeof(said)), OPTIONS_TOLD);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char option[64];
        snprintf(option, sizeof(option), "  --%s ", names[i]);
        assert_non_null(strstr(said, option));
    }
    assert_non_null(strstr(said, "Examples:"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_taken_in_both_spellings),
        cmocka_unit_test(presets_make_a_whole_run),
        cmocka_unit_test(wrong_usage_is_told_with_what_was_expected),
        cmocka_unit_test(help_names_every_option_that_is_taken),
    };
    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
