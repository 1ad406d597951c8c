/* Readings as JSON, in whatever shape a device has for them: which member means what is configuration.
 *
 * Strictness first. A name that stands twice, a text where a number belongs, a missing time: each makes
 * the message undecodable, with a sentence that says where. A guess here would be a wrong amount months
 * later.
 *
 * Memory. A parsed document is much larger than its text: an empty object is three bytes of JSON and
 * three hundred in memory. Nesting and the number of values are therefore bounded by a look at the text
 * before anything is parsed. */
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "path.h"

#define DEPTH_MOST      32
#define CONTAINERS_MOST 65536
#define COMMAS_MOST     524288

static const char *const time_formats[] = { "iso8601", "unix_ms", "unix_s", NULL };
static const char *const absents[] = { "reject", "skip", NULL };

#define PATH_ROW(member, preset_text, help_text)                                                     \
    { .name = #member, .type = CGW_OPTION_STRING, .at = offsetof(struct json_conf, member),          \
      .preset = preset_text, .max = "256", .help = help_text }

static const struct cgw_option options[] = {
    PATH_ROW(readings, "", "Path to the readings, an array or one; absent: the payload itself."),
    PATH_ROW(site, "", "Path to the site's name; absent: the topic tells."),
    PATH_ROW(device, "", "Path to the device's name; absent: the topic tells."),
    PATH_ROW(time, "time", "Path to the time."),
    { .name = "time_format", .type = CGW_OPTION_CHOICE, .at = offsetof(struct json_conf, time_format),
      .choices = time_formats, .preset = "iso8601",
      .help = "ISO 8601 with zone, or a number of milliseconds or seconds since 1970." },
    PATH_ROW(point, "", "Path to the point's name, for readings that name one."),
    PATH_ROW(value, "value", "Path to the value, together with point."),
    { .name = "points", .type = CGW_OPTION_STRING, .at = offsetof(struct json_conf, points),
      .max = "4096",
      .help = "Several points from one object instead: POINT=PATH, POINT=PATH." },
    { .name = "absent", .type = CGW_OPTION_CHOICE, .at = offsetof(struct json_conf, absent),
      .choices = absents, .preset = "reject",
      .help = "A value that is not there, or null: reject the message, or skip that point." },
    PATH_ROW(unit, "", "Path to the unit, as kWh; absent: as declared."),
    PATH_ROW(quality, "", "Path to the quality, a number or a name as good; absent: good."),
    PATH_ROW(interval, "", "Path to the milliseconds that an interval covers; absent: as declared."),
    PATH_ROW(boot, "", "Path to a number that changes whenever the device starts."),
    PATH_ROW(sequence, "", "Path to the number of the reading."),
    { .name = "numeric_strings", .type = CGW_OPTION_BOOL,
      .at = offsetof(struct json_conf, numeric_strings), .preset = "false",
      .help = "Whether a number may also come as a text." },
    { .name = NULL }
};

/* --- opening --- */

static char *trimmed(char *text)
{
    text += strspn(text, " \t\r\n");
    size_t n = strlen(text);
    while (n > 0 && strchr(" \t\r\n", text[n - 1]))
        n--;
    text[n] = '\0';
    return text;
}

/* What is wrong with one "POINT=PATH"; NULL: nothing. Cuts it into the mapping. */
static const char *read_mapping(char *text, struct json_mapping *out)
{
    char *equals = strchr(text, '=');
    if (!equals)
        return "points: each is POINT=PATH";
    *equals = '\0';
    out->point = trimmed(text);
    out->path = trimmed(equals + 1);
    if (*out->point == '\0' || *out->path == '\0')
        return "points: each is POINT=PATH, neither of them empty";
    if (!path_is_sound(out->path))
        return "points: a path has an empty name in it";
    return NULL;
}

static size_t count_mappings(const char *text)
{
    size_t n = *text != '\0';
    for (; *text != '\0'; text++)
        n += *text == ',';
    return n;
}

static const char *read_mappings(struct json *j)
{
    j->n_mappings = count_mappings(j->points);
    j->mappings = calloc(j->n_mappings + 1, sizeof *j->mappings);
    if (!j->mappings)
        abort();
    const char *mistake = NULL;
    char *rest = j->points;
    for (size_t i = 0; i < j->n_mappings && !mistake; i++)
        mistake = read_mapping(strsep(&rest, ","), &j->mappings[i]);
    return mistake;
}

static const char *conf_mistake(const struct json_conf *c)
{
    const char *const paths[] = { c->readings, c->site, c->device, c->time, c->point, c->value, c->unit,
                                  c->quality, c->interval, c->boot, c->sequence };
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        if (!path_is_sound(paths[i]))
            return "a path has an empty name in it";
    if (*c->time == '\0')
        return "time: a reading without a time cannot be counted; tell where it stands";
    if ((*c->point == '\0') == (*c->points == '\0'))
        return "tell one of point (readings name their point) and points (a member for each point)";
    if (*c->point != '\0' && *c->value == '\0')
        return "value: tell where the value stands";
    return NULL;
}

static void json_close(void *self)
{
    struct json *j = self;
    if (!j)
        return;
    free(j->mappings);
    free(j->points);
    free(j);
}

static int json_open(void **self, const void *conf, const struct cgw_host *host, const char **why)
{
    const struct json_conf *c = conf;
    struct json *j = calloc(1, sizeof *j);
    if (!j || !(j->points = strdup(c->points)))
        abort();
    j->conf = c;
    j->host = host;

    const char *mistake = conf_mistake(c);
    if (!mistake)
        mistake = read_mappings(j);
    if (mistake) {
        *why = mistake;
        json_close(j);
        return 1;
    }
    *self = j;
    return 0;
}

/* --- decoding --- */

static int undecodable(const struct json *j, struct cgw_batch *out, const char *why)
{
    j->host->explain(out, why);
    return CGW_UNDECODABLE;
}

/* What makes the text too much to parse; NULL: nothing. Counts brackets and commas outside of strings;
 * whether they stand right is for the parser to say. */
static const char *excess(const uint8_t *at, size_t size)
{
    size_t depth = 0, containers = 0, commas = 0;
    bool is_string = false;
    for (size_t i = 0; i < size; i++) {
        if (is_string && at[i] == '\\') {
            i++;
        } else if (at[i] == '"') {
            is_string = !is_string;
        } else if (!is_string && (at[i] == '{' || at[i] == '[')) {
            containers++;
            depth++;
        } else if (!is_string && (at[i] == '}' || at[i] == ']')) {
            depth -= depth > 0;
        } else {
            commas += !is_string && at[i] == ',';
        }
        if (depth > DEPTH_MOST)
            return "JSON nested deeper than 32";
    }
    if (containers > CONTAINERS_MOST)
        return "JSON of more than 65536 objects and arrays";
    return commas > COMMAS_MOST ? "JSON of more than 524288 values" : NULL;
}

static json_t *parse(const struct json *j, const struct cgw_frame *in, struct cgw_batch *out)
{
    const char *too_much = excess(in->payload, in->payload_size);
    if (too_much) {
        undecodable(j, out, too_much);
        return NULL;
    }
    json_error_t error;
    json_t *root = json_loadb((const char *)in->payload, in->payload_size, JSON_REJECT_DUPLICATES,
                              &error);
    if (root)
        return root;
    if (json_error_code(&error) == json_error_out_of_memory)
        abort();
    char why[JSON_ERROR_TEXT_LENGTH + 64];
    snprintf(why, sizeof why, "not JSON: %s (line %d, column %d)", error.text, error.line, error.column);
    undecodable(j, out, why);
    return NULL;
}

/* An array is many readings, an object one. */
static int take_all(const struct json *j, json_t *root, struct cgw_batch *out)
{
    json_t *readings = path_find(root, j->conf->readings);
    struct json_visit v = { .json = j, .out = out, .root = root, .element = readings, .number = 1 };
    if (json_is_object(readings))
        return json_take(&v);
    if (!json_is_array(readings))
        return undecodable(j, out, "readings: no array or object stands there");

    size_t i;
    json_array_foreach(readings, i, v.element) {
        v.number = i + 1;
        if (!json_is_object(v.element) && !json_is_array(v.element))
            return undecodable(j, out, "readings: an element is neither an object nor an array");
        if (json_take(&v) != CGW_DONE)
            return CGW_UNDECODABLE;
    }
    return CGW_DONE;
}

static int json_decode(void *self, const struct cgw_frame *in, struct cgw_batch *out)
{
    const struct json *j = self;
    json_t *root = parse(j, in, out);
    if (!root)
        return CGW_UNDECODABLE;
    int rc = take_all(j, root, out);
    json_decref(root);
    return rc;
}

static const struct cgw_plugin plugin = {
    .abi = CGW_ABI,
    .size = sizeof plugin,
    .name = "json",
    .version = "0.1.0",
    .about = "Readings as JSON, with a mapping from configuration.",
    .options = options,
    .conf_size = sizeof(struct json_conf),
    .open = json_open,
    .close = json_close,
    .decode = json_decode,
};

const struct cgw_plugin *cgw_plugin(void)
{
    return &plugin;
}
