#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/log.h"

/* Standard error, turned into a pipe for one test; not a terminal, so lines carry no time. */
struct capture {
    int kept, read_end;
    char text[8192];
};

static int capture_begin(void **state)
{
    static struct capture c;
    int ends[2];
    if (pipe(ends) != 0)
        return -1;
    c.kept = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    c.read_end = ends[0];
    *state = &c;
    log_set_level(LOG_INFO);
    return 0;
}

static int capture_end(void **state)
{
    struct capture *c = *state;
    dup2(c->kept, STDERR_FILENO);
    close(c->kept);
    close(c->read_end);
    return 0;
}

/* What one write gave: a pipe joins writes, so call it after each line. */
static const char *captured(struct capture *c)
{
    ssize_t n = read(c->read_end, c->text, sizeof c->text - 1);
    assert_true(n > 0);
    c->text[n] = '\0';
    return c->text;
}

static void a_line_is_level_id_and_sentence(void **state)
{
    log_line(LOG_WARN, "test.line", "broker=%s after=%ds – reconnecting", "plant-a", 30);
    assert_string_equal(captured(*state),
                        "warn test.line broker=plant-a after=30s – reconnecting\n");
    log_line(LOG_ERROR, "test.bare", "– %s", "broken");
    assert_string_equal(captured(*state), "error test.bare – broken\n");
}

static void lines_below_the_level_are_not_written(void **state)
{
    log_line(LOG_DEBUG, "test.level", "– unseen");
    log_set_level(LOG_ERROR);
    log_line(LOG_WARN, "test.level", "– unseen");
    log_set_level(LOG_DEBUG);
    log_line(LOG_DEBUG, "test.level", "– seen");
    assert_string_equal(captured(*state), "debug test.level – seen\n");
}

static void control_characters_cannot_forge_a_line(void **state)
{
    log_line(LOG_INFO, "test.forged", "topic=%s", "a\nerror b\x1b[2J\x7f\t");
    assert_string_equal(captured(*state), "info test.forged topic=a?error b?[2J??\n");
}

static void a_long_line_is_cut_between_characters(void **state)
{
    for (int shift = 0; shift < 3; shift++) {
        char text[5000] = "";
        memset(text, 'x', (size_t)shift);
        for (int i = shift; i + 3 < (int)sizeof text; i += 3)
            memcpy(text + i, "한", 4);
        log_line(LOG_INFO, "test.long", "%s", text);

        const char *line = captured(*state);
        size_t size = strlen(line);
        assert_true(size <= 2048 && size > 2040);
        assert_string_equal(line + size - 7, "한…\n");
    }
}

static void errno_is_left_alone(void **state)
{
    errno = ENOSPC;
    log_line(LOG_INFO, "test.errno", "– %d", 1);
    assert_int_equal(errno, ENOSPC);
    assert_string_equal(captured(*state), "info test.errno – 1\n");
}

static void an_error_is_logged_once_and_returned(void **state)
{
    assert_int_equal(err_raise(-ENOSPC, "journal %s: cannot extend", "/j"), -ENOSPC);
    assert_string_equal(captured(*state), "error error.raised errno=ENOSPC – journal /j: cannot "
                                          "extend (No space left on device)\n");
    assert_int_equal(err_raise(-1, "plain"), -1);
    assert_string_equal(captured(*state), "error error.raised – plain\n");
    assert_int_equal(err_raise(-99999, "strange"), -99999);
    assert_string_equal(captured(*state), "error error.raised – strange\n");
}

static void repeats_are_kept_back(void **state)
{
    for (int i = 0; i < 3 * LOG_REPEATS; i++)
        log_line(LOG_INFO, "test.repeat", "n=%d", i);
    const char *last = strrchr(captured(*state), '=');
    assert_non_null(last);
    char expected[16];
    snprintf(expected, sizeof expected, "=%d\n", LOG_REPEATS - 1);
    assert_string_equal(last, expected);
}

static void levels_are_read_by_name(void **state)
{
    (void)state;
    enum log_level level = LOG_DEBUG;
    assert_int_equal(log_level_parse("error", &level), 0);
    assert_int_equal(level, LOG_ERROR);
    assert_int_equal(log_level_parse("debug", &level), 0);
    assert_int_equal(level, LOG_DEBUG);
    assert_int_equal(log_level_parse("Warn", &level), 1);
    assert_int_equal(log_level_parse("", &level), 1);
    assert_int_equal(level, LOG_DEBUG);
}

#define CAPTURED(test) cmocka_unit_test_setup_teardown(test, capture_begin, capture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CAPTURED(a_line_is_level_id_and_sentence),
        CAPTURED(lines_below_the_level_are_not_written),
        CAPTURED(control_characters_cannot_forge_a_line),
        CAPTURED(a_long_line_is_cut_between_characters),
        CAPTURED(errno_is_left_alone),
        CAPTURED(an_error_is_logged_once_and_returned),
        CAPTURED(repeats_are_kept_back),
        cmocka_unit_test(levels_are_read_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
