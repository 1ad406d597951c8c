/* A time zone: where local days, months and years begin. Rules come from the machine's tzdata by GLib's
 * GTimeZone. Times are UTC microseconds. The last day, month and year are remembered, so asking again for a
 * time in the same one is two comparisons; a zone is therefore not for two threads at once. */
#ifndef BASE_ZONE_H
#define BASE_ZONE_H

#include <stdint.h>

struct zone;

#define ZONE_UNKNOWN 1

/* Opens the IANA zone ("Asia/Seoul", "UTC"). ZONE_UNKNOWN when tzdata has none of that name. */
int zone_open(const char *name, struct zone **out);
void zone_close(struct zone *z);

/* The first instant of the local day, or month, that holds t; and the first instant after it. A day
 * that the zone begins at 01:00 (midnight skipped) begins there. Days follow each other without hole or
 * overlap, also where clocks go back across midnight: those minutes belong to the later day. */
void zone_day(struct zone *z, int64_t t_us, int64_t *start_us, int64_t *end_us);
void zone_month(struct zone *z, int64_t t_us, int64_t *start_us, int64_t *end_us);

/* The same of the year, which begins with January, or with the date that zone_begin_year names: a fiscal
 * year. Not the 29th of February, which most years do not have. */
void zone_year(struct zone *z, int64_t t_us, int64_t *start_us, int64_t *end_us);
void zone_begin_year(struct zone *z, int month, int day);

/* The first instant of a local calendar date, for validity edges ("2018-01-01"). A date that the zone
 * left out begins with the next one. */
int64_t zone_date(struct zone *z, int year, int month, int day);

/* The version of the machine's tzdata ("2024a"), or "unknown". Static storage. */
const char *zone_rules_version(void);

#endif
