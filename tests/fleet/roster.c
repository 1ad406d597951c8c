/* Names and roles follow from a device's number alone, so that a fleet of a million points costs a
 * topic per device and nothing else. Wrong clocks are spread evenly over the devices and are of two
 * kinds by turns: one shows a time before 2000 (it lost its battery and counts from 1970), one is
 * far ahead. "Far" is 75 years in a run of the past, so that the bytes do not depend on today and
 * the time lies in the future of whoever receives it; with --now three days are enough. */
#include "fleet/roster.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/options.h"
#include "fleet/source.h"
#include "fleet/stamp.h"

#define DAY_MS       86400000LL
#define AHEAD_MS     (27394 * DAY_MS)
#define AHEAD_NOW_MS (3 * DAY_MS)

static void print_name(const char *stem, int64_t count, uint32_t index, char out[ROSTER_NAME])
{
    if (count == 1)
        snprintf(out, ROSTER_NAME, "%s", stem);
    else
        snprintf(out, ROSTER_NAME, "%s-%" PRIu32, stem, index + 1);
}

void roster_site_name(const struct roster *r, uint32_t site, char out[ROSTER_NAME])
{
    print_name(r->conf->site, r->sites, site, out);
}

void roster_device_name(const struct roster *r, uint32_t device, char out[ROSTER_NAME])
{
    print_name(r->conf->device, r->devices_per_site, device % r->devices_per_site, out);
}

void roster_point_name(const struct roster *r, uint32_t point, char out[ROSTER_NAME])
{
    if (point == r->points)
        snprintf(out, ROSTER_NAME, "%s", r->conf->state_point);
    else
        print_name(r->conf->point, r->points, point, out);
}

enum kind roster_kind(const struct roster *r, uint32_t device, uint32_t point)
{
    if (point == r->points)
        return KIND_STATE;
    if (r->conf->kind == KINDS_MIXED)
        return (device + point) % 2 == 0 ? KIND_REGISTER : KIND_INTERVAL;
    return r->conf->kind == KINDS_REGISTER ? KIND_REGISTER : KIND_INTERVAL;
}

enum device_clock roster_clock(const struct roster *r, uint32_t device)
{
    uint64_t wrong = (uint64_t)r->conf->wrong_clocks;
    uint64_t before = device * wrong / r->devices, behind = (device + 1ull) * wrong / r->devices;
    if (before == behind)
        return DEVICE_CLOCK_RIGHT;
    return before % 2 == 0 ? DEVICE_CLOCK_AHEAD : DEVICE_CLOCK_BEHIND;
}

int64_t roster_stamp_ms(const struct roster *r, uint32_t device, int64_t true_ms)
{
    switch (roster_clock(r, device)) {
    case DEVICE_CLOCK_AHEAD:
        return true_ms + (r->conf->now ? AHEAD_NOW_MS : AHEAD_MS);
    case DEVICE_CLOCK_BEHIND:
        return true_ms - r->start_ms;
    default:
        return true_ms;
    }
}

bool roster_topic_tells_site(const struct roster *r)
{
    return strstr(r->conf->topic, "{site}") != NULL;
}

bool roster_topic_tells_device(const struct roster *r)
{
    return strstr(r->conf->topic, "{device}") != NULL;
}

/* Writes `template` with {site}, {device} and {what} filled in. */
static char *make_topic(const char *template, const char *site, const char *device,
                        const char *what)
{
    char *topic = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&topic, &size);
    if (out == NULL)
        abort();
    while (*template != '\0') {
        if (strncmp(template, "{site}", 6) == 0) {
            fputs(site, out);
            template += 6;
        } else if (strncmp(template, "{device}", 8) == 0) {
            fputs(device, out);
            template += 8;
        } else if (strncmp(template, "{what}", 6) == 0) {
            fputs(what, out);
            template += 6;
        } else {
            fputc(*template ++, out);
        }
    }
    if (fclose(out) != 0)
        abort();
    return topic;
}

void roster_open(const struct conf *conf, const struct source *source, struct roster *out)
{
    *out = (struct roster){
        .conf = conf,
        .sites = (uint32_t)conf->sites,
        .devices = (uint32_t)(conf->sites * conf->devices),
        .devices_per_site = (uint32_t)conf->devices,
        .points = (uint32_t)conf->points,
        .start_ms = source_stamp_ms(source, 0) - source->period_ms,
    };
    out->topics = calloc(out->devices, sizeof(*out->topics));
    if (out->topics == NULL)
        abort();
    const char *what = conf->batch > 1 ? "batch" : "reading";
    for (uint32_t d = 0; d < out->devices; d++) {
        char site[ROSTER_NAME], device[ROSTER_NAME];
        roster_site_name(out, d / out->devices_per_site, site);
        roster_device_name(out, d, device);
        out->topics[d] = make_topic(conf->topic, site, device, what);
    }
}

void roster_close(struct roster *r)
{
    for (uint32_t d = 0; d < r->devices; d++)
        free(r->topics[d]);
    free(r->topics);
    r->topics = NULL;
    r->devices = 0;
}

/* Names need no escaping in JSON, but topics may hold a quote or a backslash. */
static void print_escaped(const char *text, FILE *out)
{
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
}

static void describe_points(const struct roster *r, uint32_t device, FILE *out)
{
    static const char *const kinds[] = { "register", "interval", "state" };
    uint32_t count = r->points + (r->conf->end_state ? 1 : 0);
    for (uint32_t p = 0; p < count; p++) {
        char name[ROSTER_NAME];
        roster_point_name(r, p, name);
        fprintf(out, "%s{\"point\":\"%s\",\"kind\":\"%s\"}", p > 0 ? "," : "", name,
                kinds[roster_kind(r, device, p)]);
    }
}

static void describe_site(const struct roster *r, uint32_t site, FILE *out)
{
    static const char *const clocks[] = { "right", "ahead", "behind" };
    char name[ROSTER_NAME];
    roster_site_name(r, site, name);
    fprintf(out, "\n  {\"site\":\"%s\",\"devices\":[", name);
    for (uint32_t i = 0; i < r->devices_per_site; i++) {
        uint32_t device = site * r->devices_per_site + i;
        roster_device_name(r, device, name);
        fprintf(out, "%s\n    {\"device\":\"%s\",\"clock\":\"%s\",\"topic\":\"", i > 0 ? "," : "",
                name, clocks[roster_clock(r, device)]);
        print_escaped(r->topics[device], out);
        fprintf(out, "\",\"points\":[");
        describe_points(r, device, out);
        fputs("]}", out);
    }
    fputs("]}", out);
}

void roster_describe(const struct roster *r, const struct source *source, FILE *out)
{
    char first[32], last[32];
    stamp_print(source_stamp_ms(source, 0), first);
    stamp_print(source_stamp_ms(source, source->steps - 1), last);
    fprintf(out,
            "{\"unit\":\"%s\",\"resolution\":\"0.000001\",\"period_ms\":%lld,\"interval_stamp\":"
            "\"end\","
            "\"readings_per_point\":%llu,\"first\":\"%s\",\"last\":\"%s\",\"sites\":[",
            conf_unit(r->conf)->name, (long long)source->period_ms,
            (unsigned long long)source->steps, first, last);
    for (uint32_t site = 0; site < r->sites; site++) {
        if (site > 0)
            fputc(',', out);
        describe_site(r, site, out);
    }
    fputs("\n]}\n", out);
}
