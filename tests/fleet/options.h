/* Options: what the person asked for, checked as a whole before anything begins. */
#ifndef FLEET_OPTIONS_H
#define FLEET_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum kind_choice { KINDS_REGISTER, KINDS_INTERVAL, KINDS_MIXED };

/* A unit whose micro-units are a whole number of base micro-units, so that totals stay exact. */
struct fleet_unit {
    const char *name, *base;
    int64_t per_unit; /* base units in one unit */
    int number;       /* in carbon.v1.Unit */
};

/* Numbers are int64_t throughout, so that one table can fill them. */
struct conf {
    /* What is played. */
    const char *csv, *time_column, *time_format, *value_column;
    int64_t utc_offset_ms;
    bool midnight_is_end_of_day;
    int64_t sites, devices, points, readings, period_ms, kind, start_ms;
    int64_t unit; /* index for conf_unit */
    const char *site, *device, *point;
    bool now;
    int64_t seconds;

    /* What goes wrong on the way. */
    int64_t seed, shuffle, duplicates_ppm, loss_ppm, resets, wrong_clocks;
    bool end_state;
    const char *state_point;
    int64_t end_state_after_ms;

    /* How it is sent. */
    const char *broker, *user_file, *password_file, *ca_file, *client_id, *topic, *write;
    int64_t mqtt, qos, batch, connections, in_flight, rate, ahead_mb;
    bool resume_on_disconnect;

    /* What is told. */
    const char *totals, *progress;
    int64_t window; /* index for conf_window_ms */
    bool describe;

    /* Hard bounds. */
    int64_t limit_readings, limit_seconds;
};

#define OPTIONS_TOLD 1 /* help or version was printed; there is nothing more to do */

/* Fills conf from the command line. 0, OPTIONS_TOLD, or -1 when something is wrong: then a line on
 * err says what was expected. Texts are borrowed from argv. */
int options_parse(int argc, char **argv, struct conf *conf, FILE *out, FILE *err);

const struct fleet_unit *conf_unit(const struct conf *conf);
int64_t conf_window_ms(const struct conf *conf);

#endif
