/* The rows of a CSV. Amounts are read as decimals, digit by digit, so that what is sent and what is
 * totalled is what stands in the file. Rows must come in the order of their time and must not
 * overlap: a plan that was built on a muddled file would prove nothing. Fields may stand in double
 * quotes, but hold no comma. */
#include "fleet/source.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/options.h"
#include "fleet/reading.h"
#include "fleet/say.h"
#include "fleet/stamp.h"

#define DAY_MS    86400000
#define ROWS_MOST 10000000

struct csv {
    const struct conf *conf;
    const char *name;
    size_t line;
    int time_at, value_at; /* columns, from 0 */
    uint64_t room;
};

/* "3.17" as 3170000 ticks. No sign, no exponent, at most six digits behind the point, at most 2^51.
 */
static bool parse_ticks(const char *text, int64_t *out)
{
    int64_t ticks = 0;
    int behind = -1;
    if (!isdigit((unsigned char)text[0]))
        return false;
    for (; *text != '\0'; text++) {
        if (*text == '.' && behind < 0) {
            behind = 0;
            continue;
        }
        if (!isdigit((unsigned char)*text) || behind >= 6 || ticks > TICKS_MOST / 10)
            return false;
        ticks = ticks * 10 + (*text - '0');
        behind += behind >= 0;
    }
    for (int i = behind < 0 ? 0 : behind; i < 6; i++) {
        if (ticks > TICKS_MOST / 10)
            return false;
        ticks *= 10;
    }
    *out = ticks;
    return true;
}

/* The field in column `at`, cut out of the line in place; NULL when the line has fewer. */
static char *field(char *line, int at)
{
    for (int i = 0; i < at; i++) {
        line = strchr(line, ',');
        if (line == NULL)
            return NULL;
        line++;
    }
    char *end = line + strcspn(line, ",\r\n");
    if (end - line >= 2 && line[0] == '"' && end[-1] == '"') {
        line++;
        end--;
    }
    *end = '\0';
    return line;
}

static int find_column(const char *header, const char *name)
{
    for (int at = 0;; at++) {
        char *copy = strdup(header);
        char *text = copy != NULL ? field(copy, at) : NULL;
        bool is_there = text != NULL, is_it = is_there && strcmp(text, name) == 0;
        free(copy);
        if (is_it)
            return at;
        if (!is_there)
            return -1;
    }
}

static int read_header(struct csv *csv, char *line)
{
    const struct conf *conf = csv->conf;
    if (strncmp(line, "\xef\xbb\xbf", 3) == 0)
        line += 3;
    csv->time_at = find_column(line, conf->time_column);
    csv->value_at = find_column(line, conf->value_column);
    if (csv->time_at < 0)
        return say_trouble("%s:1: no column '%s': name it by --time-column", csv->name,
                           conf->time_column);
    if (csv->value_at < 0)
        return say_trouble("%s:1: no column '%s': name it by --value-column", csv->name,
                           conf->value_column);
    return 0;
}

static int add_row(struct source *s, struct csv *csv, int64_t stamp_ms, int64_t ticks)
{
    if (s->steps > 0) {
        int64_t gap_ms = stamp_ms - s->stamps_ms[s->steps - 1];
        int64_t least_ms = csv->conf->kind == KINDS_REGISTER ? 1 : s->period_ms;
        if (gap_ms < least_ms)
            return say_trouble(
                "%s:%zu: the stamp is %lld ms after the row before: expected at least "
                "%lld (--period, --midnight-is-end-of-day)",
                csv->name, csv->line, (long long)gap_ms, (long long)least_ms);
    }
    if (s->steps == ROWS_MOST)
        return say_trouble("%s: more than %d rows", csv->name, ROWS_MOST);
    if (s->steps == csv->room) {
        csv->room = csv->room * 2 + 1024;
        s->stamps_ms = realloc(s->stamps_ms, csv->room * sizeof(*s->stamps_ms));
        s->ticks = realloc(s->ticks, csv->room * sizeof(*s->ticks));
        if (s->stamps_ms == NULL || s->ticks == NULL)
            abort();
    }
    s->stamps_ms[s->steps] = stamp_ms;
    s->ticks[s->steps++] = ticks;
    return 0;
}

static int read_row(struct source *s, struct csv *csv, char *line)
{
    const struct conf *conf = csv->conf;
    char *copy = strdup(line);
    if (copy == NULL)
        abort();
    char *time_text = field(line, csv->time_at), *value_text = field(copy, csv->value_at);
    int64_t stamp_ms = 0, ticks = 0;
    bool is_midnight = false;
    int rc = 0;

    if (time_text == NULL || value_text == NULL)
        rc = say_trouble("%s:%zu: too few columns", csv->name, csv->line);
    else if (!stamp_parse_local(time_text, conf->time_format, conf->utc_offset_ms, &stamp_ms,
                                &is_midnight))
        rc = say_trouble("%s:%zu: '%s' is not a time of the form '%s' (--time-format)", csv->name,
                         csv->line, time_text, conf->time_format);
    else if (!parse_ticks(value_text, &ticks))
        rc = say_trouble(
            "%s:%zu: '%s' is not an amount: expected digits, at most six behind the point",
            csv->name, csv->line, value_text);
    free(copy);
    if (rc < 0)
        return rc;
    if (is_midnight && conf->midnight_is_end_of_day)
        stamp_ms += DAY_MS;
    return add_row(s, csv, stamp_ms, ticks);
}

static bool is_blank(const char *line)
{
    return line[strspn(line, " \t\r\n")] == '\0';
}

int source_read_csv(struct source *s, const struct conf *conf, FILE *file)
{
    struct csv csv = { .conf = conf, .name = conf->csv };
    char *line = NULL;
    size_t room = 0;
    int rc = 0;

    s->steps = 0;
    s->period_ms = conf->period_ms;
    while (rc == 0 && getline(&line, &room, file) >= 0) {
        csv.line++;
        if (csv.line == 1)
            rc = read_header(&csv, line);
        else if (!is_blank(line))
            rc = read_row(s, &csv, line);
    }
    free(line);
    if (rc == 0 && ferror(file))
        rc = say_trouble("%s: cannot be read", csv.name);
    if (rc == 0 && s->steps == 0)
        rc = say_trouble("%s: no rows", csv.name);
    return rc;
}
