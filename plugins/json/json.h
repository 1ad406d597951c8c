/* What the files of the json plugin share: its options, an instance, and the message in hand. */
#ifndef JSON_JSON_H
#define JSON_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "plugin.h"

enum time_format { TIME_ISO8601, TIME_UNIX_MS, TIME_UNIX_S };
enum absent { ABSENT_REJECT, ABSENT_SKIP };

/* Filled in by the gateway; all texts but the two lists are paths. */
struct json_conf {
    const char *readings;
    const char *site, *device;
    const char *time;
    int time_format;             /* enum time_format */
    const char *point, *value;
    const char *points;          /* "POINT=PATH, POINT=PATH" */
    int absent;                  /* enum absent: a value that is not there */
    const char *unit, *quality, *interval, *boot, *sequence;
    bool numeric_strings;
};

/* A point's name, and where its value stands. */
struct json_mapping {
    const char *point, *path;
};

struct json {
    const struct json_conf *conf;
    const struct cgw_host *host;
    char *points;                /* a copy of conf->points, cut into names and paths */
    struct json_mapping *mappings;
    size_t n_mappings;           /* 0: point and value are used */
};

/* One reading's place in a message. */
struct json_visit {
    const struct json *json;
    struct cgw_batch *out;
    json_t *root;                /* the whole payload: what a reading may leave to it is found here */
    json_t *element;             /* the reading */
    size_t number;               /* from 1 */
};

/* Adds the readings of one element: one, or one for each mapping. CGW_DONE or CGW_UNDECODABLE. */
int json_take(const struct json_visit *v);

#endif
