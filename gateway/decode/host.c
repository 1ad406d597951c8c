/* What plugins are given: a place for readings, and the two texts that nearly every format holds and
 * nearly everybody parses slightly wrong.
 *
 * Numbers go through strtod in the C locale, whatever locale somebody in this process has set. glibc
 * hands out one constant C locale, so asking for it each time costs nothing and needs no global. */
#include "decode/host.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "decode/batch.h"
#include "model/unit.h"

static uint32_t unit_number(const char *name)
{
    if (!name || *name == '\0')
        return 0;
    const struct unit *unit = unit_by_name(name);
    return unit ? unit->number : UNIT_UNKNOWN;
}

static int host_add_reading(struct cgw_batch *batch, const struct cgw_reading *reading)
{
    /* A plugin built for a shorter struct leaves the rest untold. */
    struct cgw_reading r = { 0 };
    memcpy(&r, reading, reading->size < sizeof r ? reading->size : sizeof r);

    struct raw_reading raw = {
        .site = slice_of(r.site),
        .device = slice_of(r.device),
        .point = slice_of(r.point),
        .time_us = r.time_unix_us,
        .value = r.value,
        .unit = unit_number(r.unit),
        .quality = r.quality,
        .interval_ms = r.interval_ms,
        .boot = r.boot_id,
        .sequence = r.sequence,
    };
    return batch_add(batch, &raw);
}

/* strtod alone would take leading blanks, hexadecimal numbers and "nan(…)". */
static int host_parse_number(const char *text, double *out)
{
    if (*text == '\0' || text[strspn(text, "+-.0123456789eEnNaAiIfFtTyY")] != '\0')
        return 1;
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!c)
        abort();
    char *end;
    double value = strtod_l(text, &end, c);
    freelocale(c);
    if (*end != '\0')
        return 1;
    *out = value;
    return 0;
}

static bool read_two_digits(const char *text, int most, int *out)
{
    if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
        return false;
    *out = 10 * (text[0] - '0') + (text[1] - '0');
    return *out <= most;
}

/* "Z" or "+09:00", and nothing behind. */
static int read_zone(const char *text, int64_t *out_offset_us)
{
    int hours, minutes;
    if (strcmp(text, "Z") == 0) {
        *out_offset_us = 0;
        return 0;
    }
    if (strlen(text) != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':' ||
        !read_two_digits(text + 1, 23, &hours) || !read_two_digits(text + 4, 59, &minutes))
        return 1;
    int64_t offset_us = (hours * 60 + minutes) * INT64_C(60000000);
    *out_offset_us = text[0] == '-' ? -offset_us : offset_us;
    return 0;
}

#define SECONDS_SIZE 19          /* "2018-01-01T00:15:00" */
#define FRACTION_MOST 7          /* ".123456" */

/* The local part is read as if it were UTC, and the offset taken from it. */
static int host_parse_time(const char *text, int64_t *out_unix_us)
{
    char local[SECONDS_SIZE + FRACTION_MOST + 2];
    if (strnlen(text, SECONDS_SIZE) < SECONDS_SIZE)
        return 1;
    const char *zone = text + SECONDS_SIZE;
    if (*zone == '.')
        zone += 1 + strspn(zone + 1, "0123456789");
    size_t size = (size_t)(zone - text);
    if (size > SECONDS_SIZE + FRACTION_MOST)
        size = SECONDS_SIZE + FRACTION_MOST;
    memcpy(local, text, size);
    memcpy(local + size, "Z", 2);

    int64_t unix_us, offset_us;
    if (time_parse(local, &unix_us) != 0 || read_zone(zone, &offset_us) != 0)
        return 1;
    *out_unix_us = unix_us - offset_us;
    return 0;
}

const struct cgw_host decode_host = {
    .abi = CGW_ABI,
    .size = sizeof(struct cgw_host),
    .add_reading = host_add_reading,
    .explain = batch_explain,
    .parse_number = host_parse_number,
    .parse_time = host_parse_time,
};
