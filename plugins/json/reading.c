/* One reading: its members, each by its path, each of the type that it must have.
 *
 * What belongs to the message rather than to a value (site, device, time, boot, unit, quality, interval)
 * may stand in the reading or once for all of them at the top of the payload; the reading's own wins. */
#include "json.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "path.h"

/* Why a member is not what it should be. Returns 1. */
static int wrong(const struct json_visit *v, const char *path, const char *expected)
{
    char why[201];
    snprintf(why, sizeof why, "reading %zu: \"%.80s\" should be %s", v->number, path, expected);
    v->json->host->explain(v->out, why);
    return 1;
}

/* In the reading, else at the top. NULL: not told, or nobody asked. */
static json_t *find_shared(const struct json_visit *v, const char *path)
{
    if (*path == '\0')
        return NULL;
    json_t *own = path_find(v->element, path);
    return own ? own : path_find(v->root, path);
}

/* --- values of a type: 0, or 1 when it is none --- */

static int number_of(const struct json *j, const json_t *value, double *out)
{
    if (json_is_number(value)) {
        *out = json_number_value(value);
        return 0;
    }
    if (!j->conf->numeric_strings || !json_is_string(value))
        return 1;
    return j->host->parse_number(json_string_value(value), out);
}

/* A whole number from 0 on. */
static int count_of(const struct json *j, const json_t *value, uint64_t *out)
{
    if (json_is_integer(value) && json_integer_value(value) >= 0) {
        *out = (uint64_t)json_integer_value(value);
        return 0;
    }
    if (!j->conf->numeric_strings || !json_is_string(value))
        return 1;
    const char *text = json_string_value(value);
    if (*text == '\0' || text[strspn(text, "0123456789")] != '\0')
        return 1;
    errno = 0;
    uintmax_t count = strtoumax(text, NULL, 10);
    if (errno != 0 || count > UINT64_MAX)
        return 1;
    *out = count;
    return 0;
}

/* Milliseconds or seconds since 1970, with or without a fraction. What is no time at all is told apart
 * from what is out of range, which is for the gateway to judge. */
static int unix_time_of(const struct json *j, const json_t *value, double unit_us, int64_t *out_us)
{
    double number;
    if (number_of(j, value, &number) != 0 || !isfinite(number))
        return 1;
    double us = round(number * unit_us);
    if (us >= 9e18 || us <= -9e18)
        *out_us = us > 0 ? INT64_MAX : INT64_MIN;
    else
        *out_us = (int64_t)us;
    return 0;
}

/* The numbers of carbon.v1.Quality. */
static const char *const qualities[] = { "good",        "estimated",   "suspect",      "bad",
                                         "calibration", "maintenance", "not_operating" };

/* A name that is none of ours becomes a number that is none of ours: the gateway knows what to do. */
static uint64_t quality_number(const char *name)
{
    const size_t n = sizeof qualities / sizeof qualities[0];
    size_t i = 0;
    while (i < n && strcmp(qualities[i], name) != 0)
        i++;
    return i < n ? i : UINT32_MAX;
}

/* --- members: 0, or 1 and the explanation is given --- */

static int take_text(const struct json_visit *v, const char *path, const char **out)
{
    const json_t *value = find_shared(v, path);
    if (!value)
        return 0;
    if (!json_is_string(value))
        return wrong(v, path, "a text");
    *out = json_string_value(value);
    return 0;
}

static int take_count(const struct json_visit *v, const char *path, const json_t *value, uint64_t most,
                      uint64_t *out)
{
    if (!value)
        return 0;
    if (count_of(v->json, value, out) != 0 || *out > most)
        return wrong(v, path, "a whole number, not negative and not too large");
    return 0;
}

static int take_time(const struct json_visit *v, int64_t *out_us)
{
    const struct json *j = v->json;
    const char *path = j->conf->time;
    const json_t *value = find_shared(v, path);

    switch (j->conf->time_format) {
    case TIME_UNIX_MS:
        return value && unix_time_of(j, value, 1e3, out_us) == 0
                   ? 0 : wrong(v, path, "a number of milliseconds since 1970");
    case TIME_UNIX_S:
        return value && unix_time_of(j, value, 1e6, out_us) == 0
                   ? 0 : wrong(v, path, "a number of seconds since 1970");
    default:
        return json_is_string(value) && j->host->parse_time(json_string_value(value), out_us) == 0
                   ? 0 : wrong(v, path, "a time with zone such as 2018-01-01T00:15:00+09:00");
    }
}

static int take_quality(const struct json_visit *v, uint32_t *out)
{
    const char *path = v->json->conf->quality;
    const json_t *value = find_shared(v, path);
    uint64_t number = 0;
    int rc = 0;
    if (json_is_string(value))
        number = quality_number(json_string_value(value));
    else
        rc = take_count(v, path, value, UINT32_MAX, &number);
    *out = (uint32_t)number;
    return rc;
}

static int take_interval(const struct json_visit *v, uint32_t *out)
{
    const char *path = v->json->conf->interval;
    uint64_t number = 0;
    int rc = take_count(v, path, find_shared(v, path), UINT32_MAX, &number);
    *out = (uint32_t)number;
    return rc;
}

/* Everything but point and value. */
static int take_common(const struct json_visit *v, struct cgw_reading *r)
{
    const struct json_conf *c = v->json->conf;
    json_t *sequence = *c->sequence != '\0' ? path_find(v->element, c->sequence) : NULL;
    return take_text(v, c->site, &r->site) || take_text(v, c->device, &r->device) ||
           take_text(v, c->unit, &r->unit) || take_time(v, &r->time_unix_us) ||
           take_quality(v, &r->quality) || take_interval(v, &r->interval_ms) ||
           take_count(v, c->boot, find_shared(v, c->boot), UINT64_MAX, &r->boot_id) ||
           take_count(v, c->sequence, sequence, UINT64_MAX, &r->sequence);
}

/* Adds one value under its point's name. */
static int take_value(const struct json_visit *v, const char *path, struct cgw_reading *r)
{
    const json_t *value = path_find(v->element, path);
    if (!value && v->json->conf->absent == ABSENT_SKIP)
        return 0;
    if (!value || number_of(v->json, value, &r->value) != 0)
        return wrong(v, path, value ? "a number" : "there, and is not");
    return v->json->host->add_reading(v->out, r);
}

static int take_named(const struct json_visit *v, struct cgw_reading *r)
{
    const struct json_conf *c = v->json->conf;
    const json_t *point = path_find(v->element, c->point);
    if (!json_is_string(point))
        return wrong(v, c->point, "the name of a point");
    r->point = json_string_value(point);
    return take_value(v, c->value, r);
}

int json_take(const struct json_visit *v)
{
    const struct json *j = v->json;
    struct cgw_reading r = { .size = sizeof r };
    int rc = take_common(v, &r);
    if (rc == 0 && j->n_mappings == 0)
        rc = take_named(v, &r);
    for (size_t i = 0; i < j->n_mappings && rc == 0; i++) {
        r.point = j->mappings[i].point;
        rc = take_value(v, j->mappings[i].path, &r);
    }
    return rc == 0 ? CGW_DONE : CGW_UNDECODABLE;
}
