/* The check of the options as a whole. It stands before the first allocation: whatever passes here
 * has a bound, in memory (points, places kept for the shuffle) as well as on the wire (names,
 * topics). */
#include "fleet/options_check.h"

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "fleet/options.h"

#define POINTS_MOST 4000000 /* in the whole fleet: about 64 bytes each */
#define PLACES_MOST 8000000 /* readings waiting in shuffles and batches: about 90 bytes each */
#define NAME_MOST   52 /* bytes of a name: leaves room for "-100000" within the contract's 64 */

static int wrong(FILE *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int wrong(FILE *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("carbon-fleet: ", err);
    vfprintf(err, format, args);
    fputc('\n', err);
    va_end(args);
    return -1;
}

/* Names stand in topics and in JSON as they are. */
static int check_name(const char *option, const char *name, FILE *err)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-:";
    size_t length = strlen(name);
    if (length > NAME_MOST || strspn(name, allowed) != length)
        return wrong(err,
                     "--%s: '%s' is not a name: expected at most %d of A-Z a-z 0-9 . _ - :", option,
                     name, NAME_MOST);
    return 0;
}

static int check_names(const struct conf *c, FILE *err)
{
    if (check_name("site", c->site, err) < 0 || check_name("device", c->device, err) < 0 ||
        check_name("point", c->point, err) < 0 ||
        check_name("state-point", c->state_point, err) < 0)
        return -1;
    if (c->end_state && strcmp(c->point, c->state_point) == 0 && c->points == 1)
        return wrong(err, "--state-point %s is the measuring point's name: expected another",
                     c->state_point);
    return 0;
}

static int check_sizes(const struct conf *c, FILE *err)
{
    int64_t devices = c->sites * c->devices;
    if (devices > POINTS_MOST / c->points)
        return wrong(err, "sites × devices × points: expected at most %d points in all",
                     POINTS_MOST);
    if (devices > PLACES_MOST / (2 * c->shuffle + c->batch))
        return wrong(err,
                     "devices × (2 × shuffle + batch): expected at most %d readings kept at a time",
                     PLACES_MOST);
    if (c->wrong_clocks > devices)
        return wrong(err, "--wrong-clocks %lld: expected at most the number of devices (%lld)",
                     (long long)c->wrong_clocks, (long long)devices);
    return 0;
}

static bool is_topic(const char *text)
{
    for (const char *t = text; *t != '\0'; t++)
        if (*t == '+' || *t == '#' || (unsigned char)*t < 0x20 || *t == 0x7f)
            return false;
    return strlen(text) <= 1024;
}

static int check_sending(const struct conf *c, FILE *err)
{
    if (c->mqtt == 4)
        return wrong(err, "--mqtt: expected 3 (which is 3.1.1) or 5");
    if (strncmp(c->broker, "mqtt://", 7) != 0 && strncmp(c->broker, "mqtts://", 8) != 0)
        return wrong(err,
                     "--broker: '%s' is no broker: expected mqtt://HOST:PORT or mqtts://HOST:PORT",
                     c->broker);
    if (!is_topic(c->topic))
        return wrong(err,
                     "--topic: expected a topic to publish to: at most 1024 bytes, no + or #, no "
                     "control characters");
    if (c->write == NULL && c->in_flight < c->connections)
        return wrong(err, "--in-flight %lld: expected at least one per connection (%lld)",
                     (long long)c->in_flight, (long long)c->connections);
    if (c->password_file != NULL && c->user_file == NULL)
        return wrong(err, "--password-file: expected --user-file beside it");
    return 0;
}

static int check_live(struct conf *c, FILE *err)
{
    if (!c->now)
        return 0;
    if (c->seconds > c->limit_seconds)
        return wrong(err, "--seconds %lld is beyond --limit-seconds %lld: raise the latter as well",
                     (long long)c->seconds, (long long)c->limit_seconds);
    if (c->seconds * 1000 < c->period_ms)
        return wrong(err, "--seconds %lld ends before the first --period of %lld ms is over",
                     (long long)c->seconds, (long long)c->period_ms);
    if (c->rate > 0)
        return wrong(err, "--rate: with --now the period gives the rate; expected one of the two");
    if (c->readings > 0)
        return wrong(err,
                     "--readings: with --now, --seconds and --period say how many; expected one of "
                     "the two");
    return 0;
}

int options_check(struct conf *c, FILE *err)
{
    if (check_names(c, err) < 0 || check_sizes(c, err) < 0 || check_sending(c, err) < 0 ||
        check_live(c, err) < 0)
        return -1;

    /* With --now a CSV gives its values alone, one per period. */
    if (c->now)
        c->readings = c->seconds * 1000 / c->period_ms;
    else if (c->readings == 0 && c->csv == NULL)
        c->readings = 60;
    if (c->csv == NULL && c->resets >= c->readings)
        return wrong(err, "--resets %lld: expected fewer than there are readings per point (%lld)",
                     (long long)c->resets, (long long)c->readings);
    return 0;
}
