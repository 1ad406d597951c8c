/* Time stamps by the C library: strptime and timegm know the calendar, and no time zone of the
 * machine takes part. */
#include "fleet/stamp.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define YEAR_2000_MS 946684800000
#define YEAR_2200_MS 7258118400000

bool stamp_parse(const char *text, int64_t *out_ms)
{
    struct tm tm = { 0 };
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    if (end == NULL || *end != '\0') {
        memset(&tm, 0, sizeof(tm));
        end = strptime(text, "%Y-%m-%d", &tm);
    }
    if (end == NULL || *end != '\0')
        return false;
    int64_t ms = (int64_t)timegm(&tm) * 1000;
    if (ms < YEAR_2000_MS || ms >= YEAR_2200_MS)
        return false;
    *out_ms = ms;
    return true;
}

void stamp_print(int64_t ms, char out[32])
{
    time_t seconds = (time_t)(ms / 1000);
    int left = (int)(ms % 1000);
    if (left < 0) {
        left += 1000;
        seconds--;
    }
    struct tm tm;
    gmtime_r(&seconds, &tm);
    size_t n = strftime(out, 32, "%Y-%m-%dT%H:%M:%S", &tm);
    if (left != 0)
        snprintf(out + n, 32 - n, ".%03dZ", left);
    else
        snprintf(out + n, 32 - n, "Z");
}

bool stamp_parse_local(const char *text, const char *format, int64_t offset_ms, int64_t *out_ms,
                       bool *is_midnight)
{
    struct tm tm = { .tm_mday = 1, .tm_year = 70 };
    const char *end = strptime(text, format, &tm);
    if (end == NULL || *end != '\0')
        return false;

    /* strptime takes the 31st of April, and timegm makes it the 1st of May: a typing error, not a
     * day. */
    struct tm given = tm;
    time_t seconds = timegm(&tm);
    if (tm.tm_mday != given.tm_mday || tm.tm_mon != given.tm_mon)
        return false;
    *out_ms = (int64_t)seconds * 1000 - offset_ms;
    *is_midnight = tm.tm_hour == 0 && tm.tm_min == 0 && tm.tm_sec == 0;
    return true;
}

static int64_t read_clock_ms(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t stamp_wall_ms(void)
{
    return read_clock_ms(CLOCK_REALTIME);
}

int64_t stamp_steady_ms(void)
{
    return read_clock_ms(CLOCK_MONOTONIC);
}
