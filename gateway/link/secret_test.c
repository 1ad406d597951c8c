/* Credentials as people and tools leave them in files. */
#include "link/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static char path[] = "/tmp/secret-test-XXXXXX";

static int make_file(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static void write_file(const char *bytes, size_t size)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

struct line {
    const char *file;
    size_t size;
    const char *secret;          /* NULL: refused */
};

#define LINE(text, secret) { text, sizeof text - 1, secret }

static const struct line lines[] = {
    LINE("meter", "meter"),
    LINE("meter\n", "meter"),
    LINE("meter\r\n", "meter"),
    LINE("first\nsecond\n", "first"),
    LINE(" blanks stay \n", " blanks stay "),
    LINE("p\xc3\xa4ss\n", "p\xc3\xa4ss"),
    LINE("\xff\xfe\n", "\xff\xfe"),
    LINE("cr\rinside\n", "cr\rinside"),
    LINE("two\r\r\n", "two\r"),
    LINE("", NULL),
    LINE("\n", NULL),
    LINE("\r\n", NULL),
    LINE("\nsecond", NULL),
    LINE("nul\0inside\n", NULL),
    LINE("nul later\n\0", "nul later"),
};

static void the_first_line_is_the_secret(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct secret s = { .size = 0 };
        const char *why = NULL;
        write_file(lines[i].file, lines[i].size);
        int rc = secret_read(path, &s, &why);
        if (!lines[i].secret) {
            assert_int_equal(rc, SECRET_UNREADABLE);
            assert_non_null(why);
            assert_int_equal(s.size, 0);
            continue;
        }
        assert_int_equal(rc, 0);
        assert_int_equal(s.size, strlen(lines[i].secret));
        assert_string_equal(s.at, lines[i].secret);
    }
}

static void a_line_too_long_is_refused_at_the_byte(void **state)
{
    (void)state;
    char text[SECRET_SIZE + 1];
    struct secret s = { .size = 0 };
    const char *why;

    memset(text, 'x', sizeof text);
    write_file(text, SECRET_SIZE - 1);
    assert_int_equal(secret_read(path, &s, &why), 0);
    assert_int_equal(s.size, SECRET_SIZE - 1);
    write_file(text, SECRET_SIZE);
    assert_int_equal(secret_read(path, &s, &why), SECRET_UNREADABLE);
}

static void a_missing_or_enormous_file_is_told_in_words(void **state)
{
    (void)state;
    struct secret s = { .size = 0 };
    const char *why = NULL;

    assert_int_equal(secret_read("/nonexistent/password", &s, &why), SECRET_UNREADABLE);
    assert_string_equal(why, "No such file or directory");
    char *big = calloc(1, 70000);
    assert_non_null(big);
    write_file(big, 70000);
    free(big);
    assert_int_equal(secret_read(path, &s, &why), SECRET_UNREADABLE);
    assert_int_equal(secret_read("/tmp", &s, &why), SECRET_UNREADABLE);
}

static void wiping_leaves_nothing(void **state)
{
    (void)state;
    struct secret s = { .size = 0 };
    const char *why;

    write_file("meter", 5);
    assert_int_equal(secret_read(path, &s, &why), 0);
    secret_wipe(&s);
    for (size_t i = 0; i < sizeof s.at; i++)
        assert_int_equal(s.at[i], 0);
    assert_int_equal(s.size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_line_is_the_secret),
        cmocka_unit_test(a_line_too_long_is_refused_at_the_byte),
        cmocka_unit_test(a_missing_or_enormous_file_is_told_in_words),
        cmocka_unit_test(wiping_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
