/* Values: what the text of one scalar means, and its one canonical text.
 *
 * Sizes and durations are a number and a unit, read as an exact decimal ("1.5h") that has to come
 * out as a whole count of the smallest unit. They are written with the greatest unit that leaves a
 * whole number, so that the text is exact and there is one text per value. */
#include <assert.h>
#include <ctype.h>
#include <stdio.h>

#include "base/option_private.h"

struct unit {
    const char *name;
    int64_t factor;
};

/* Descending: the first that divides a value is the one it is written in. */
static const struct unit size_units[] = {
    { "TiB", 1099511627776 }, { "TB", 1000000000000 }, { "GiB", 1073741824 },
    { "GB", 1000000000 },     { "MiB", 1048576 },      { "MB", 1000000 },
    { "KiB", 1024 },          { "kB", 1000 },          { "", 1 },
    { "B", 1 },               { NULL, 0 },
};

static const struct unit duration_units[] = {
    { "d", 86400000000 }, { "h", 3600000000 }, { "min", 60000000 }, { "s", 1000000 },
    { "ms", 1000 },       { "us", 1 },         { NULL, 0 },
};

static int whole_parse(struct slice text, int64_t *out)
{
    size_t i = text.size > 0 && text.at[0] == '-';
    bool is_negative = i == 1;
    /* 010 is eight to some readers of YAML and ten to others. */
    if (i == text.size || (text.at[i] == '0' && i + 1 < text.size))
        return 1;

    int64_t v = 0;
    for (; i < text.size; i++) {
        if (!isdigit(text.at[i]) || __builtin_mul_overflow(v, 10, &v))
            return 1;
        int digit = text.at[i] - '0';
        if (__builtin_add_overflow(v, is_negative ? -digit : digit, &v))
            return 1;
    }
    *out = v;
    return 0;
}

static const struct unit *unit_find(const struct unit *units, struct slice name)
{
    for (; units->name != NULL; units++) {
        if (slice_equal(slice_of(units->name), name))
            return units;
    }
    return NULL;
}

static int measure_parse(const struct unit *units, struct slice text, int64_t *out)
{
    size_t n = 0;
    while (n < text.size && (isdigit(text.at[n]) || text.at[n] == '.'))
        n++;

    struct decimal number;
    if (decimal_parse((struct slice){ text.at, n }, &number) != 0)
        return 1;
    const struct unit *unit = unit_find(units, (struct slice){ text.at + n, text.size - n });
    if (unit == NULL)
        return 1;

    int128 v = (int128)number.mantissa * unit->factor;
    for (uint8_t i = 0; i < number.scale; i++) {
        if (v % 10 != 0)
            return 1;
        v /= 10;
    }
    if (v > INT64_MAX)
        return 1;
    *out = (int64_t)v;
    return 0;
}

static void measure_print(const struct unit *units, int64_t v, char out[VALUE_TEXT_SIZE])
{
    while (v % units->factor != 0)
        units++;
    snprintf(out, VALUE_TEXT_SIZE, "%lld%s", (long long)(v / units->factor), units->name);
}

static int days_in(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && is_leap);
}

static int date_parse(struct slice text, int64_t *out)
{
    static const char form[] = "dddd-dd-dd";
    if (text.size != sizeof form - 1)
        return 1;

    int parts[3] = { 0 }, part = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (form[i] == '-' && text.at[i] == '-')
            part++;
        else if (form[i] == 'd' && isdigit(text.at[i]))
            parts[part] = parts[part] * 10 + (text.at[i] - '0');
        else
            return 1;
    }
    int year = parts[0], month = parts[1], day = parts[2];
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in(year, month))
        return 1;
    *out = year * 10000 + month * 100 + day;
    return 0;
}

static void date_print(int64_t v, char out[VALUE_TEXT_SIZE])
{
    snprintf(out, VALUE_TEXT_SIZE, "%04d-%02d-%02d", (int)(v / 10000), (int)(v / 100 % 100),
             (int)(v % 100));
}

int value_parse(enum option_type type, struct slice text, struct value *out)
{
    struct value v = { 0 };
    int rc = 1;
    if (type == OPT_INT)
        rc = whole_parse(text, &v.whole);
    else if (type == OPT_SIZE)
        rc = measure_parse(size_units, text, &v.whole);
    else if (type == OPT_DURATION)
        rc = measure_parse(duration_units, text, &v.whole);
    else if (type == OPT_DATE)
        rc = date_parse(text, &v.whole);
    else if (type == OPT_DECIMAL)
        rc = decimal_parse(text, &v.decimal);
    if (rc != 0)
        return 1;
    *out = v;
    return 0;
}

void value_print(enum option_type type, struct value v, char out[VALUE_TEXT_SIZE])
{
    if (type == OPT_DECIMAL)
        decimal_print(v.decimal, out);
    else if (type == OPT_DATE)
        date_print(v.whole, out);
    else if (type == OPT_INT)
        snprintf(out, VALUE_TEXT_SIZE, "%lld", (long long)v.whole);
    else if (v.whole == 0)
        snprintf(out, VALUE_TEXT_SIZE, "%s", type == OPT_SIZE ? "0" : "0s");
    else
        measure_print(type == OPT_SIZE ? size_units : duration_units, v.whole, out);
}

static int128 decimal_at_scale_18(struct decimal d)
{
    int128 v = d.mantissa;
    for (uint8_t i = d.scale; i < 18; i++)
        v *= 10;
    return v;
}

bool row_is_number(const struct option *row)
{
    return row->type == OPT_INT || row->type == OPT_SIZE || row->type == OPT_DURATION ||
           row->type == OPT_DECIMAL || row->type == OPT_DATE;
}

/* Negative, 0, positive: v against a bound, which is a text of our own. */
static int compare_with(const struct option *row, struct value v, const char *bound)
{
    enum option_type type = row_is_number(row) ? row->type : OPT_INT;
    struct value limit = { 0 };
    int rc = value_parse(type, slice_of(bound), &limit);
    assert(rc == 0);
    (void)rc;
    int128 a = type == OPT_DECIMAL ? decimal_at_scale_18(v.decimal) : v.whole;
    int128 b = type == OPT_DECIMAL ? decimal_at_scale_18(limit.decimal) : limit.whole;
    return (a > b) - (a < b);
}

bool value_fits(const struct option *row, struct value v)
{
    return (row->min == NULL || compare_with(row, v, row->min) >= 0) &&
           (row->max == NULL || compare_with(row, v, row->max) <= 0);
}

bool row_is_scalar(const struct option *row)
{
    return row_is_number(row) || row->type == OPT_STRING || row->type == OPT_NAME ||
           row->type == OPT_BOOL || row->type == OPT_CHOICE;
}

/* What has neither to be there nor a preset can be none, and none has to have a text too. */
bool row_may_be_empty(const struct option *row)
{
    return row_is_scalar(row) && row->preset == NULL && !row->is_required;
}

bool row_is_written(const struct option *row)
{
    return !row->is_secret && !row->is_local;
}
