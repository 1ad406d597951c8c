/* Options of the command line. One table holds name, type, preset, bounds and text; parsing,
 * presets and --help walk it, so they cannot disagree. What one option alone cannot know (two that
 * exclude each other, a product that is too large) is checked at the end by options_check.c. */
#include "fleet/options.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/options_check.h"
#include "fleet/stamp.h"

enum type { HEADING, FLAG, TEXT, COUNT, DURATION, PERCENT, TIME, OFFSET, CHOICE };

struct row {
    enum type type;
    const char *name, *metavar;
    size_t at;
    const char *preset;
    int64_t min, max;
    const char *const *choices; /* ends with NULL; the index is stored */
    const char *help;
};

static const char *const kinds[] = { "register", "interval", "mixed", NULL };
static const char *const units[] = { "Wh", "kWh", "MWh", "GWh", "g", "kg", "t", "m3", NULL };
static const char *const windows[] = { "1min", "15min", "hour", NULL };

static const struct fleet_unit unit_rows[] = {
    { "Wh", "Wh", 1, 1 },           { "kWh", "Wh", 1000, 2 }, { "MWh", "Wh", 1000000, 3 },
    { "GWh", "Wh", 1000000000, 4 }, { "g", "g", 1, 20 },      { "kg", "g", 1000, 21 },
    { "t", "g", 1000000, 22 },      { "m3", "m3", 1, 30 },
};

#define AT(member) offsetof(struct conf, member)

static const struct row rows[] = {
    { HEADING, .help = "A recorded plant (--csv), played by every point:" },
    { TEXT, "csv", "FILE", AT(csv), .help = "Rows to play; without it a plant is made up." },
    { TEXT, "time-column", "NAME", AT(time_column), "date", .help = "Column of the time stamps." },
    { TEXT, "time-format", "FORMAT", AT(time_format), "%Y-%m-%dT%H:%M:%S",
      .help = "Their form, as for strptime(3)." },
    { TEXT, "value-column", "NAME", AT(value_column), "value",
      .help = "Column of the amounts, each of the period that ends at the stamp." },
    { OFFSET, "utc-offset", "+HH:MM", AT(utc_offset_ms), "+00:00",
      .help = "What the stamps' clock is ahead of UTC." },
    { FLAG, "midnight-is-end-of-day", NULL, AT(midnight_is_end_of_day),
      .help = "A row labelled 00:00 means 24:00 of the day it names." },

    { HEADING, .help = "A made-up plant:" },
    { COUNT, "sites", "N", AT(sites), "1", 1, 100000, .help = "Sites." },
    { COUNT, "devices", "N", AT(devices), "1", 1, 1000000, .help = "Devices per site." },
    { COUNT, "points", "N", AT(points), "1", 1, 1000, .help = "Measuring points per device." },
    { COUNT, "readings", "N", AT(readings), "0", 0, 1000000000,
      .help = "Readings per point; 0: all rows of the CSV, or 60." },
    { DURATION, "period", "TIME", AT(period_ms), "15min", 1, 31 * 86400000LL,
      .help = "Time between two readings of a point, and an interval reading's length." },
    { CHOICE, "kind", "KIND", AT(kind), "interval", .choices = kinds,
      .help = "What the points are: register, interval, or mixed (they alternate)." },
    { TIME, "start", "TIME", AT(start_ms), "2024-03-01T00:00:00Z",
      .help = "The first reading is stamped one period later." },

    { HEADING, .help = "Names and units:" },
    { TEXT, "site", "NAME", AT(site), "plant", .help = "Site; several are NAME-1, NAME-2, …" },
    { TEXT, "device", "NAME", AT(device), "meter", .help = "Device, likewise." },
    { TEXT, "point", "NAME", AT(point), "energy", .help = "Point, likewise." },
    { CHOICE, "unit", "UNIT", AT(unit), "kWh", .choices = units,
      .help = "Unit of the values: Wh, kWh, MWh, GWh, g, kg, t or m3." },

    { HEADING, .help = "Live:" },
    { FLAG, "now", NULL, AT(now),
      .help = "Stamp with the wall clock and send each reading when its time has come." },
    { COUNT, "seconds", "N", AT(seconds), "60", 1, 366 * 86400LL, .help = "How long, with --now." },

    { HEADING, .help = "What goes wrong on the way (by seed, so that it can be repeated):" },
    { COUNT, "seed", "N", AT(seed), "1", 0, INT64_MAX, .help = "Same seed, same bytes." },
    { COUNT, "shuffle", "N", AT(shuffle), "0", 0, 1000000,
      .help = "Readings of a device are displaced by at most N places." },
    { PERCENT, "duplicates", "PERCENT", AT(duplicates_ppm), "0",
      .help = "Readings that are sent again later, within the same bound." },
    { PERCENT, "loss", "PERCENT", AT(loss_ppm), "0",
      .help = "Readings that are never sent. A register's next reading covers them." },
    { COUNT, "resets", "N", AT(resets), "0", 0, 60000,
      .help = "Restarts of each device: new boot id, counters and sequences begin anew." },
    { COUNT, "wrong-clocks", "N", AT(wrong_clocks), "0", 0, INT32_MAX,
      .help = "Devices whose clock is wrong: far ahead, or before 2000, by turns." },
    { FLAG, "end-state", NULL, AT(end_state),
      .help = "Last, each device sends a state reading, so that windows close." },
    { TEXT, "state-point", "NAME", AT(state_point), "state", .help = "Its point." },
    { DURATION, "end-state-after", "TIME", AT(end_state_after_ms), "5min", 1, 31 * 86400000LL,
      .help = "Its time, after the last reading." },

    { HEADING, .help = "Sending:" },
    { TEXT, "broker", "URI", AT(broker), "mqtt://127.0.0.1:1883",
      .help = "mqtt:// or mqtts://, host and port." },
    { TEXT, "user-file", "FILE", AT(user_file), .help = "File whose first line is the user." },
    { TEXT, "password-file", "FILE", AT(password_file), .help = "File with the password." },
    { TEXT, "ca-file", "FILE", AT(ca_file), .help = "Certificates to trust, for mqtts://." },
    { TEXT, "client-id", "PREFIX", AT(client_id),
      .help = "Connections are PREFIX-1, …; else carbon-fleet and the process id." },
    { TEXT, "topic", "TOPIC", AT(topic), "carbon/v1/{site}/{device}/{what}",
      .help = "{what} is reading or batch. What it lacks of site and device, the payload tells." },
    { COUNT, "mqtt", "3|5", AT(mqtt), "3", 3, 5, .help = "MQTT 3.1.1 or 5." },
    { COUNT, "qos", "0|1", AT(qos), "1", 0, 1, .help = "Quality of service." },
    { COUNT, "batch", "N", AT(batch), "1", 1, 10000,
      .help = "Readings of a device in one message; 1: no batches." },
    { COUNT, "connections", "N", AT(connections), "1", 1, 1000,
      .help = "Connections; device k uses number k modulo N." },
    { COUNT, "in-flight", "N", AT(in_flight), "500", 1, 60000,
      .help = "Unacknowledged messages at most, over all connections." },
    { COUNT, "rate", "N", AT(rate), "0", 0, 1000000000,
      .help = "Readings per second; 0: as fast as possible." },
    { COUNT, "ahead", "MB", AT(ahead_mb), "16", 1, 4096,
      .help = "Megabytes of messages encoded ahead of sending." },
    { FLAG, "resume-on-disconnect", NULL, AT(resume_on_disconnect),
      .help = "Connect again and resend what was not acknowledged, as a real device does." },
    { TEXT, "write", "FILE", AT(write),
      .help = "Instead of publishing, write records: u32 LE size, topic, u32 LE size, payload." },

    { HEADING, .help = "Telling (FILE may be -, standard output):" },
    { TEXT, "totals", "FILE", AT(totals), .help = "JSON of what a correct gateway arrives at." },
    { CHOICE, "window", "LENGTH", AT(window), "15min", .choices = windows,
      .help = "Windows of the totals: 1min, 15min or hour." },
    { TEXT, "progress", "FILE", AT(progress), .help = "A line of JSON every half second." },
    { FLAG, "describe", NULL, AT(describe),
      .help = "Print the sites, devices and points as JSON and send nothing." },

    { HEADING, .help = "Hard bounds:" },
    { COUNT, "limit-readings", "N", AT(limit_readings), "10000000", 1, 1000000000000,
      .help = "More than this is not begun." },
    { COUNT, "limit-seconds", "N", AT(limit_seconds), "3600", 1, 400 * 86400LL,
      .help = "Then the run ends, whatever is left." },
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

const struct fleet_unit *conf_unit(const struct conf *conf)
{
    return &unit_rows[conf->unit];
}

int64_t conf_window_ms(const struct conf *conf)
{
    static const int64_t lengths_ms[] = { 60000, 900000, 3600000 };
    return lengths_ms[conf->window];
}

static bool parse_count(const struct row *r, const char *text, int64_t *out)
{
    char *end;
    errno = 0;
    long long v = strtoll(text, &end, 10);
    if (!isdigit((unsigned char)text[0]) || *end != '\0' || errno != 0)
        return false;
    *out = v;
    return v >= r->min && v <= r->max;
}

static bool parse_duration(const struct row *r, const char *text, int64_t *out)
{
    static const struct {
        const char *name;
        int64_t ms;
    } scale[] = {
        { "ms", 1 }, { "s", 1000 }, { "min", 60000 }, { "h", 3600000 }, { "d", 86400000 }
    };

    char *end;
    errno = 0;
    long long v = strtoll(text, &end, 10);
    if (!isdigit((unsigned char)text[0]) || errno != 0)
        return false;
    for (size_t i = 0; i < sizeof(scale) / sizeof(scale[0]); i++) {
        if (strcmp(end, scale[i].name) != 0)
            continue;
        if (v > r->max / scale[i].ms)
            return false;
        *out = v * scale[i].ms;
        return *out >= r->min;
    }
    return false;
}

static bool parse_percent(const char *text, int64_t *out)
{
    char *end;
    double v = strtod(text, &end);
    if (!isdigit((unsigned char)text[0]) || *end != '\0' || !(v >= 0 && v <= 100))
        return false;
    *out = llround(v * 10000);
    return true;
}

static bool parse_offset(const char *text, int64_t *out)
{
    int hours, minutes, used = 0;
    if ((text[0] != '+' && text[0] != '-') || !isdigit((unsigned char)text[1]) ||
        sscanf(text + 1, "%2d:%2d%n", &hours, &minutes, &used) != 2 || text[1 + used] != '\0' ||
        hours > 14 || minutes < 0 || minutes > 59)
        return false;
    int64_t ms = (hours * 60LL + minutes) * 60000;
    *out = text[0] == '-' ? -ms : ms;
    return true;
}

static bool parse_choice(const struct row *r, const char *text, int64_t *out)
{
    for (int64_t i = 0; r->choices[i] != NULL; i++)
        if (strcmp(text, r->choices[i]) == 0) {
            *out = i;
            return true;
        }
    return false;
}

/* Stores what the text says. False when it does not fit the row: nobody reads conf then. */
static bool parse_value(const struct row *r, const char *text, struct conf *conf)
{
    void *at = (char *)conf + r->at;
    switch (r->type) {
    case HEADING:
        return false;
    case FLAG:
        *(bool *)at = true;
        return true;
    case TEXT:
        *(const char **)at = text;
        return text[0] != '\0';
    case COUNT:
        return parse_count(r, text, at);
    case DURATION:
        return parse_duration(r, text, at);
    case PERCENT:
        return parse_percent(text, at);
    case TIME:
        return stamp_parse(text, at);
    case OFFSET:
        return parse_offset(text, at);
    case CHOICE:
        return parse_choice(r, text, at);
    }
    return false;
}

static int complain_value(const struct row *r, const char *text, FILE *err)
{
    fprintf(err, "carbon-fleet: --%s: '%s' is not what it takes: expected ", r->name, text);
    switch (r->type) {
    case COUNT:
        fprintf(err, "a whole number from %lld to %lld\n", (long long)r->min, (long long)r->max);
        break;
    case DURATION:
        fprintf(err, "a time such as 250ms, 30s, 15min, 1h or 1d, of 1ms to 31d\n");
        break;
    case PERCENT:
        fprintf(err, "a percentage from 0 to 100\n");
        break;
    case TIME:
        fprintf(err, "a UTC time such as 2024-03-01T00:00:00Z, from 2000 on\n");
        break;
    case OFFSET:
        fprintf(err, "an offset such as +09:00\n");
        break;
    case CHOICE:
        for (size_t i = 0; r->choices[i] != NULL; i++)
            fprintf(err, "%s%s", i > 0 ? " or " : "", r->choices[i]);
        fputc('\n', err);
        break;
    default:
        fprintf(err, "some text\n");
    }
    return -1;
}

static const struct row *find_row(const char *name, size_t length)
{
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (rows[i].name != NULL && strlen(rows[i].name) == length &&
            strncmp(rows[i].name, name, length) == 0)
            return &rows[i];
    return NULL;
}

/* Takes one option, `--name value` or `--name=value`, at argv[*at]. */
static int take_option(int argc, char **argv, int *at, struct conf *conf, FILE *err)
{
    const char *word = argv[*at];
    if (strncmp(word, "--", 2) != 0) {
        fprintf(err, "carbon-fleet: '%s' is not an option; --help lists them\n", word);
        return -1;
    }
    const char *name = word + 2, *equals = strchr(name, '=');
    size_t length = equals != NULL ? (size_t)(equals - name) : strlen(name);
    const struct row *r = find_row(name, length);
    if (r == NULL) {
        fprintf(err, "carbon-fleet: unknown option --%.*s; --help lists them\n", (int)length, name);
        return -1;
    }
    if (r->type == FLAG && equals != NULL) {
        fprintf(err, "carbon-fleet: --%s stands alone and takes no value\n", r->name);
        return -1;
    }
    const char *text = equals != NULL ? equals + 1 : "";
    if (r->type != FLAG && equals == NULL) {
        if (*at + 1 >= argc) {
            fprintf(err, "carbon-fleet: --%s expects a value: --%s %s\n", r->name, r->name,
                    r->metavar);
            return -1;
        }
        text = argv[++*at];
    }
    return parse_value(r, text, conf) ? 0 : complain_value(r, text, err);
}

static void print_help(FILE *out)
{
    fputs("Usage: carbon-fleet [OPTIONS]\n\n"
          "Plays a fleet of metering devices towards an MQTT broker, for tests, for the demo and "
          "for\n"
          "commissioning a site, and says what a correct gateway must make of it.\n",
          out);
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const struct row *r = &rows[i];
        if (r->type == HEADING) {
            fprintf(out, "\n%s\n", r->help);
            continue;
        }
        char left[64];
        snprintf(left, sizeof(left), "--%s%s%s", r->name, r->metavar != NULL ? " " : "",
                 r->metavar != NULL ? r->metavar : "");
        fprintf(out, "  %-26s %s", left, r->help);
        if (r->preset != NULL)
            fprintf(out, " [%s]", r->preset);
        fputc('\n', out);
    }
    fputs(
        "\nExit status: 0 everything was acknowledged (or written); 1 wrong usage; 2 trouble with\n"
        "the broker or a file, a bound was met, or the run was interrupted.\n"
        "\nExamples:\n"
        "  A steel works' year, as fast as the broker takes it:\n"
        "    carbon-fleet --csv tests/data/steel-industry-2018.csv --time-column date \\\n"
        "      --time-format '%d/%m/%Y %H:%M' --value-column Usage_kWh --utc-offset +09:00 \\\n"
        "      --midnight-is-end-of-day --site gwangyang --end-state --totals totals.json\n"
        "  A plant of 200 registers with everything that goes wrong, through two connections:\n"
        "    carbon-fleet --devices 100 --points 2 --kind register --period 60s --readings 600 \\\n"
        "      --shuffle 20 --duplicates 5 --loss 1 --resets 2 --wrong-clocks 3 \\\n"
        "      --batch 10 --connections 2 --resume-on-disconnect --totals totals.json\n"
        "  Live for ten minutes, a reading every five seconds:\n"
        "    carbon-fleet --now --period 5s --seconds 600 --kind register --progress -\n"
        "  Messages for a replay without a network:\n"
        "    carbon-fleet --readings 1000 --write messages.bin --totals totals.json\n",
        out);
}

int options_parse(int argc, char **argv, struct conf *conf, FILE *out, FILE *err)
{
    memset(conf, 0, sizeof(*conf));
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (rows[i].preset != NULL)
            parse_value(&rows[i], rows[i].preset, conf);

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            print_help(out);
            return OPTIONS_TOLD;
        }
        if (strcmp(argv[i], "--version") == 0) {
            fputs("carbon-fleet " CARBON_VERSION "\n", out);
            return OPTIONS_TOLD;
        }
        int rc = take_option(argc, argv, &i, conf, err);
        if (rc < 0)
            return rc;
    }
    return options_check(conf, err);
}
