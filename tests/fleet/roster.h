/* The roster: who there is. Sites, devices and points, their names, kinds and clocks. */
#ifndef FLEET_ROSTER_H
#define FLEET_ROSTER_H

#include <stdint.h>
#include <stdio.h>

#include "fleet/reading.h"

struct conf;
struct source;

#define ROSTER_NAME 64 /* bytes, NUL included */

/* A device's clock is right, or so wrong that no reading of it is to be believed. */
enum device_clock { DEVICE_CLOCK_RIGHT, DEVICE_CLOCK_AHEAD, DEVICE_CLOCK_BEHIND };

struct roster {
    const struct conf *conf;
    uint32_t sites, devices; /* devices: in all; device d is of site d / devices_per_site */
    uint32_t devices_per_site, points;
    int64_t start_ms;
    char **topics; /* per device */
};

void roster_open(const struct conf *conf, const struct source *source, struct roster *out);
void roster_close(struct roster *r);

void roster_site_name(const struct roster *r, uint32_t site, char out[ROSTER_NAME]);
void roster_device_name(const struct roster *r, uint32_t device, char out[ROSTER_NAME]);

/* point == r->points is the state point. */
void roster_point_name(const struct roster *r, uint32_t point, char out[ROSTER_NAME]);
enum kind roster_kind(const struct roster *r, uint32_t device, uint32_t point);

enum device_clock roster_clock(const struct roster *r, uint32_t device);

/* What that device's clock shows at a time. */
int64_t roster_stamp_ms(const struct roster *r, uint32_t device, int64_t true_ms);

/* Whether the topic says it, so that the payload need not. */
bool roster_topic_tells_site(const struct roster *r);
bool roster_topic_tells_device(const struct roster *r);

/* JSON of all this, for somebody who writes the gateway's configuration. */
void roster_describe(const struct roster *r, const struct source *source, FILE *out);

#endif
