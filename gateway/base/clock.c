/* Asking the machine for the time, and writing and reading times as people do. Calendar arithmetic is
 * the C library's (gmtime_r, timegm): it knows no zone, no leap second and no lock that matters. */
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

/* No clock that stands before this can be right. A constant that is raised with each release, and not
 * the compiler's __DATE__: two builds of one source must give the same bytes. 2026-11-01T00:00:00Z. */
#define BUILT_UNIX_US (INT64_C(1793491200) * 1000000)

static int64_t micros(struct timespec t)
{
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

struct clock_now clock_read(void)
{
    struct timespec boottime, wall;
    clock_gettime(CLOCK_BOOTTIME, &boottime);
    clock_gettime(CLOCK_REALTIME, &wall);
    return (struct clock_now){ .boottime_us = (uint64_t)micros(boottime), .wall_us = micros(wall) };
}

#ifdef CARBON_TEST_BUILD
/* Whether the machine that runs the tests has a time server must not decide what they see. */
static bool is_told(bool *out)
{
    const char *said = getenv("CARBON_CLOCK");
    if (said)
        *out = strcmp(said, "synchronised") == 0;
    return said != NULL;
}
#else
static inline bool is_told(bool *out)
{
    (void)out;
    return false;
}
#endif

/* Where the kernel does not let us ask (a strict container), we cannot know, and say no. */
bool clock_is_synchronised(void)
{
    bool told;
    if (is_told(&told))
        return told;
    struct timex question = { .modes = 0 };
    int state = adjtimex(&question);
    return state >= 0 && state != TIME_ERROR && clock_read().wall_us >= BUILT_UNIX_US;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 32 hex digits with dashes anywhere between them. */
static bool uuid_parse(const char *text, uint8_t out[16])
{
    size_t n = 0;
    uint8_t id[16] = { 0 };
    for (; *text != '\0' && *text != '\n'; text++) {
        if (*text == '-')
            continue;
        int digit = hex_digit(*text);
        if (digit < 0 || n == 32)
            return false;
        id[n / 2] = (uint8_t)(id[n / 2] << 4 | digit);
        n++;
    }
    if (n != 32)
        return false;
    memcpy(out, id, sizeof id);
    return true;
}

void clock_boot_id(uint8_t out[16])
{
    memset(out, 0, 16);
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    char text[64];
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    if (n <= 0)
        return;
    text[n] = '\0';
    uuid_parse(text, out);
}

uint64_t clock_random_u64(void)
{
    uint64_t v;
    ssize_t n;
    do
        n = getrandom(&v, sizeof v, 0);
    while (n < 0 && errno == EINTR);
    if (n != sizeof v)
        abort();
    return v;
}

void time_print(int64_t unix_us, char out[32])
{
    int64_t rest_us = unix_us % 1000000;
    if (rest_us < 0)
        rest_us += 1000000;
    time_t seconds = (time_t)(unix_us / 1000000 - (unix_us % 1000000 < 0));

    struct tm t;
    gmtime_r(&seconds, &t);
    snprintf(out, 32, "%04lld-%02u-%02uT%02u:%02u:%02u.%03uZ", (long long)t.tm_year + 1900,
             (unsigned)(t.tm_mon + 1) % 100, (unsigned)t.tm_mday % 100, (unsigned)t.tm_hour % 100,
             (unsigned)t.tm_min % 100, (unsigned)t.tm_sec % 100, (unsigned)(rest_us / 1000));
}

/* Reads exactly n digits, moving *text on; -1 when they are not there. */
static int read_number(const char **text, int n)
{
    int v = 0;
    for (; n > 0; n--, (*text)++) {
        if (**text < '0' || **text > '9')
            return -1;
        v = 10 * v + (**text - '0');
    }
    return v;
}

static bool read_mark(const char **text, char mark)
{
    bool is_there = **text == mark;
    *text += is_there;
    return is_there;
}

static bool read_date(const char **text, struct tm *t)
{
    int year = read_number(text, 4);
    if (year < 0 || !read_mark(text, '-'))
        return false;
    int month = read_number(text, 2);
    if (month < 1 || month > 12 || !read_mark(text, '-'))
        return false;
    int day = read_number(text, 2);
    *t = (struct tm){ .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day };
    return day >= 1 && day <= 31;
}

static bool read_time(const char **text, struct tm *t)
{
    t->tm_hour = read_number(text, 2);
    if (t->tm_hour < 0 || t->tm_hour > 23 || !read_mark(text, ':'))
        return false;
    t->tm_min = read_number(text, 2);
    if (t->tm_min < 0 || t->tm_min > 59 || !read_mark(text, ':'))
        return false;
    t->tm_sec = read_number(text, 2);
    return t->tm_sec >= 0 && t->tm_sec <= 59;
}

/* ".5" is half a second; up to six digits. Nothing is 0. -1 when malformed. */
static int64_t read_fraction_us(const char **text)
{
    if (!read_mark(text, '.'))
        return 0;
    int64_t fraction_us = 0, unit_us = 100000;
    int n = 0;
    for (; **text >= '0' && **text <= '9' && n < 6; (*text)++, n++) {
        fraction_us += (**text - '0') * unit_us;
        unit_us /= 10;
    }
    return n > 0 ? fraction_us : -1;
}

int time_parse(const char *text, int64_t *out_unix_us)
{
    struct tm t;
    if (!read_date(&text, &t))
        return 1;
    int64_t fraction_us = 0;
    if (*text != '\0') {
        if (!read_mark(&text, 'T') || !read_time(&text, &t))
            return 1;
        fraction_us = read_fraction_us(&text);
        if (fraction_us < 0 || !read_mark(&text, 'Z') || *text != '\0')
            return 1;
    }

    int day = t.tm_mday;
    time_t seconds = timegm(&t); /* turns the 30th of February into a day of March */
    if (t.tm_mday != day)
        return 1;
    *out_unix_us = (int64_t)seconds * 1000000 + fraction_us;
    return 0;
}
