/* Days are cut at instants. The edge of a local date is the first instant at which the zone's clock
 * reads that date's 00:00 or later; everything else follows from this one rule: a day whose midnight is
 * skipped begins at 01:00, a day with a clock change has 23 or 25 hours, a date that a zone left out
 * (Samoa, 2011-12-30) is an empty interval, and where clocks go back across midnight the day is not
 * begun twice.
 *
 * GTimeZone knows the offset of an instant but shows no list of its changes, so a change is found by
 * bisection. That costs microseconds, and happens once per day and zone; between, the last answer is
 * remembered. GLib also takes POSIX rules and bare offsets for a name ("KST-9", "+09"), which are no
 * IANA zones and mostly mistakes, so the name must be one of tzdata's files. */
#include "base/zone.h"

#include <ctype.h>
#include <glib.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define DAY_S 86400

/* No clock was ever further from UTC than this (16 h, Manila before 1845). */
#define OFFSET_MOST_S (20 * 3600)

/* [start, end); equal until first asked. */
struct span {
    int64_t start_us, end_us;
};

struct zone {
    GTimeZone *rules;
    struct span day, month, year;
    int year_month, year_day;    /* the date that years begin with */
};

static const char *rules_directory(void)
{
    const char *directory = getenv("TZDIR"); /* the same as GLib's */
    return directory ? directory : "/usr/share/zoneinfo";
}

/* IANA names are paths of plain words: no "..", and nothing outside. */
static bool is_plain_name(const char *name)
{
    for (const char *c = name; *c != '\0'; c++) {
        if (!isalnum((unsigned char)*c) && !strchr("_+-/", *c))
            return false;
    }
    return isalpha((unsigned char)name[0]);
}

/* UTC needs no file, and a container without tzdata should have it. */
static bool is_in_rules(const char *name)
{
    if (!is_plain_name(name))
        return false;
    if (strcmp(name, "UTC") == 0)
        return true;
    char path[PATH_MAX];
    struct stat st;
    int n = snprintf(path, sizeof path, "%s/%s", rules_directory(), name);
    return n < PATH_MAX && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

int zone_open(const char *name, struct zone **out)
{
    GTimeZone *rules = is_in_rules(name) ? g_time_zone_new_identifier(name) : NULL;
    if (!rules)
        return ZONE_UNKNOWN;
    struct zone *z = calloc(1, sizeof *z);
    if (!z)
        abort();
    z->rules = rules;
    z->year_month = z->year_day = 1;
    *out = z;
    return 0;
}

void zone_close(struct zone *z)
{
    if (!z)
        return;
    g_time_zone_unref(z->rules);
    free(z);
}

/* The number of the stretch of constant offset that holds this instant. */
static int stretch_at(struct zone *z, int64_t utc_s)
{
    return g_time_zone_find_interval(z->rules, G_TIME_TYPE_UNIVERSAL, utc_s);
}

/* The first instant behind `from` that is not in its stretch; `to` is such a one. */
static int64_t stretch_end(struct zone *z, int64_t from, int64_t to)
{
    int stretch = stretch_at(z, from);
    while (to - from > 1) {
        int64_t middle = from + (to - from) / 2;
        if (stretch_at(z, middle) == stretch)
            from = middle;
        else
            to = middle;
    }
    return to;
}

/* The first instant at which the zone's clock reads local_s (seconds as if local were UTC) or later. */
static int64_t first_instant(struct zone *z, int64_t local_s)
{
    int64_t at = local_s - OFFSET_MOST_S;
    for (;;) {
        int stretch = stretch_at(z, at);
        int64_t reached = local_s - g_time_zone_get_offset(z->rules, stretch);
        if (reached <= at)
            return at; /* the clock jumped over it */
        if (stretch_at(z, reached) == stretch)
            return reached;
        at = stretch_end(z, at, reached);
    }
}

static int64_t floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* The local midnight, as if UTC, of the day that holds an instant. */
static int64_t midnight_before(struct zone *z, int64_t utc_s)
{
    int64_t local_s = utc_s + g_time_zone_get_offset(z->rules, stretch_at(z, utc_s));
    int64_t midnight_s = floor_divide(local_s, DAY_S) * DAY_S;

    /* When the clock went back across midnight, the next date had begun already. */
    while (first_instant(z, midnight_s + DAY_S) <= utc_s)
        midnight_s += DAY_S;
    return midnight_s;
}

/* Times from outside may be absurd; near the ends of int64_t a span ends where numbers do. */
static int64_t micros(int64_t s)
{
    int64_t us;
    if (__builtin_mul_overflow(s, INT64_C(1000000), &us))
        return s < 0 ? INT64_MIN : INT64_MAX;
    return us;
}

static struct span span_between(struct zone *z, int64_t local_start_s, int64_t local_end_s)
{
    return (struct span){ micros(first_instant(z, local_start_s)),
                          micros(first_instant(z, local_end_s)) };
}

static bool span_holds(const struct span *s, int64_t t_us)
{
    return t_us >= s->start_us && t_us < s->end_us;
}

void zone_day(struct zone *z, int64_t t_us, int64_t *start_us, int64_t *end_us)
{
    if (!span_holds(&z->day, t_us)) {
        int64_t midnight_s = midnight_before(z, floor_divide(t_us, 1000000));
        z->day = span_between(z, midnight_s, midnight_s + DAY_S);
    }
    *start_us = z->day.start_us;
    *end_us = z->day.end_us;
}

/* A date as seconds as if local were UTC; month 13 is the next January. */
static int64_t date_s(int year, int month, int day)
{
    struct tm t = { .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day };
    return (int64_t)timegm(&t);
}

void zone_month(struct zone *z, int64_t t_us, int64_t *start_us, int64_t *end_us)
{
    if (!span_holds(&z->month, t_us)) {
        time_t midnight_s = (time_t)midnight_before(z, floor_divide(t_us, 1000000));
        struct tm t;
        gmtime_r(&midnight_s, &t);
        int year = t.tm_year + 1900, month = t.tm_mon + 1;
        z->month = span_between(z, date_s(year, month, 1), date_s(year, month + 1, 1));
    }
    *start_us = z->month.start_us;
    *end_us = z->month.end_us;
}

void zone_begin_year(struct zone *z, int month, int day)
{
    z->year_month = month;
    z->year_day = day;
    z->year = (struct span){ 0 };
}

void zone_year(struct zone *z, int64_t t_us, int64_t *start_us, int64_t *end_us)
{
    if (!span_holds(&z->year, t_us)) {
        time_t midnight_s = (time_t)midnight_before(z, floor_divide(t_us, 1000000));
        struct tm t;
        gmtime_r(&midnight_s, &t);
        int year = t.tm_year + 1900;
        if (date_s(year, z->year_month, z->year_day) > (int64_t)midnight_s)
            year--;                  /* the year that began in the last calendar year */
        z->year = span_between(z, date_s(year, z->year_month, z->year_day),
                               date_s(year + 1, z->year_month, z->year_day));
    }
    *start_us = z->year.start_us;
    *end_us = z->year.end_us;
}

int64_t zone_date(struct zone *z, int year, int month, int day)
{
    return micros(first_instant(z, date_s(year, month, day)));
}

static char rules_version[16] = "unknown";

/* tzdata.zi begins with "# version 2024a". */
static void read_rules_version(void)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/tzdata.zi", rules_directory());
    FILE *f = n < PATH_MAX ? fopen(path, "re") : NULL;
    if (!f)
        return;
    char line[64], version[16];
    if (fgets(line, sizeof line, f) && sscanf(line, "# version %15s", version) == 1)
        memcpy(rules_version, version, sizeof version);
    fclose(f);
}

const char *zone_rules_version(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, read_rules_version);
    return rules_version;
}
