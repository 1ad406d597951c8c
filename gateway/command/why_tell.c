/* The tree for people, from the top down: what it is, whether it was computed again, totals, streams, factors, points,
 * readings. A long list of readings is cut in the middle of the page; --json has all of them. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "command/why.h"

#define LISTED_MOST 40

static const char *get(const json_t *thing, const char *key)
{
    const json_t *value = json_object_get(thing, key);
    return json_is_string(value) ? json_string_value(value) : "";
}

/* "TOTAL_x" without its prefix of so many letters. */
static const char *word(const json_t *thing, const char *key, const char *prefix)
{
    const char *text = get(thing, key);
    return strncmp(text, prefix, strlen(prefix)) == 0 ? text + strlen(prefix) : text;
}

static const char *when(const json_t *thing, const char *key, char out[32])
{
    long long ms = 0;
    sscanf(get(thing, key), "%lld", &ms);
    if (ms == 0)
        return "open";
    time_print((int64_t)ms * 1000, out);
    return out;
}

/* An Amount: whole and millionths. */
static void print_amount(const json_t *amount, const char *unit)
{
    long long whole = 0, micro = json_integer_value(json_object_get(amount, "micro"));
    sscanf(get(amount, "whole"), "%lld", &whole);
    bool is_negative = whole < 0 || micro < 0;
    printf("%s%lld.%06lld %s", is_negative ? "-" : "", whole < 0 ? -whole : whole, micro < 0 ? -micro : micro, unit);
}

static void print_decimal(const json_t *d)
{
    long long mantissa = 0;
    sscanf(get(d, "mantissa"), "%lld", &mantissa);
    char text[32];
    decimal_print((struct decimal){ mantissa, (uint8_t)json_integer_value(json_object_get(d, "scale")) }, text);
    fputs(text, stdout);
}

static const char *unit_word(const json_t *stream)
{
    static const char *const names[][2] = { { "BASE_UNIT_WH", "Wh" }, { "BASE_UNIT_G", "g" }, { "BASE_UNIT_M3", "m3" },
                                            { "BASE_UNIT_ONE", "" } };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(get(stream, "unit"), names[i][0]) == 0)
            return names[i][1];
    return word(stream, "unit", "BASE_UNIT_");
}

static void print_emission(const char *indent, const char *name, const json_t *emission)
{
    const json_t *gas;
    size_t i;
    if (!emission)
        return;
    printf("%s%s: ", indent, name);
    if (json_object_get(emission, "co2e_g"))
        print_amount(json_object_get(emission, "co2e_g"), "g CO2e");
    else
        fputs("CO2e not known", stdout);
    puts(json_is_true(json_object_get(emission, "is_incomplete")) ? ", incomplete" : "");
    json_array_foreach(json_object_get(emission, "gases"), i, gas) {
        printf("%s  %s ", indent, word(gas, "gas", "GAS_"));
        print_amount(json_object_get(gas, "mass_g"), "g");
        if (json_object_get(gas, "gwp")) {
            fputs(" x GWP ", stdout);
            print_decimal(json_object_get(gas, "gwp"));
        }
        putchar('\n');
    }
    if (json_object_get(emission, "biogenic_co2_g")) {
        printf("%s  biogenic CO2, beside: ", indent);
        print_amount(json_object_get(emission, "biogenic_co2_g"), "g\n");
    }
}

/* --- points --- */

static void print_reading(const json_t *r, const char *unit)
{
    printf("        %s %lld  %s  %s %s  %s  %s\n", get(r, "journal"),
           (long long)json_integer_value(json_object_get(r, "frame")), get(r, "time"), get(r, "value"), unit,
           get(r, "quality"), get(r, "verdict"));
}

static void print_amount_row(const json_t *a, const char *unit)
{
    const char *says = get(a, "says");
    printf("        amount %s to %s  %s %s  %s%s%s\n", get(a, "start"), get(a, "end"),
           says[0] ? says : get(a, "amount"), says[0] ? "" : unit, get(a, "part"),
           json_is_true(json_object_get(a, "is_valid")) ? "" : ", not valid time",
           json_is_true(json_object_get(a, "is_unverified")) ? ", unverified" : "");
}

static void print_rows(const json_t *rows, const char *unit, void (*row)(const json_t *, const char *))
{
    size_t n = json_array_size(rows);
    for (size_t i = 0; i < n && i < LISTED_MOST; i++)
        row(json_array_get(rows, i), unit);
    if (n > LISTED_MOST)
        printf("        and %zu more; --json has all\n", n - LISTED_MOST);
}

static void print_points(const json_t *tree, const char *stream)
{
    const json_t *p;
    size_t i;
    json_array_foreach(json_object_get(tree, "points"), i, p) {
        if (strcmp(get(p, "stream"), stream) != 0)
            continue;
        printf("    point %s/%s  %s, %s", get(p, "device"), get(p, "point"), get(p, "kind"), get(p, "unit"));
        if (get(p, "sum")[0])
            printf("  sum of its amounts here %s %s", get(p, "sum"), get(p, "base_unit"));
        putchar('\n');
        print_rows(json_object_get(p, "readings"), get(p, "unit"), print_reading);
        print_rows(json_object_get(p, "amounts"), get(p, "base_unit"), print_amount_row);
    }
}

/* --- streams --- */

static void print_parameters(const json_t *of, const char *indent)
{
    const json_t *p;
    size_t i;
    json_array_foreach(json_object_get(of, "parameters"), i, p) {
        printf("%s%s %s = ", indent, get(p, "name"), get(p, "subject"));
        if (json_object_get(p, "value"))
            print_decimal(json_object_get(p, "value"));
        printf(" %s  version %s, %s\n", get(p, "unit"), get(p, "version"), get(p, "source"));
    }
}

static void print_factor(const json_t *f, const char *unit)
{
    const json_t *value;
    size_t i;
    char from[32], to[32];
    fputs("    ", stdout);
    print_amount(json_object_get(f, "amount"), unit);
    printf(" x %s %s%s%s  %s, valid %s to %s, source %s\n", get(f, "id")[0] ? get(f, "id") : "no factor",
           get(f, "version"), get(f, "series")[0] ? " series " : "", get(f, "series"),
           word(f, "status", "FACTOR_STATUS_"), when(f, "valid_from_unix_ms", from), when(f, "valid_to_unix_ms", to),
           get(f, "source")[0] ? get(f, "source") : "-");
    json_array_foreach(json_object_get(f, "values"), i, value) {
        printf("      %s ", word(value, "gas", "GAS_"));
        print_decimal(json_object_get(value, "value"));
        printf(" %s\n", get(f, "unit"));
    }
    print_parameters(f, "      ");
}

static void print_parts(const json_t *s, const char *unit)
{
    const char *key;
    json_t *value;
    json_object_foreach(json_object_get(s, "parts"), key, value) {
        printf(", %s ", key);
        print_amount(value, unit);
    }
}

static void print_stream(const json_t *tree, const json_t *s)
{
    const json_t *f;
    size_t i;
    printf("  %s  scope %s, %s\n    activity ", get(s, "stream_id"), word(s, "scope", "SCOPE_"), get(s, "carrier"));
    if (json_object_get(s, "activity"))
        print_amount(json_object_get(s, "activity"), unit_word(s));
    else
        fputs("not known", stdout);
    print_parts(s, unit_word(s));
    putchar('\n');
    json_array_foreach(json_object_get(s, "factors"), i, f)
        print_factor(f, unit_word(s));
    print_emission("    ", "emission", json_object_get(s, "emission"));
    print_emission("    ", "location-based", json_object_get(s, "location_based"));
    print_emission("    ", "market-based", json_object_get(s, "market_based"));
    print_points(tree, get(s, "stream_id"));
}

/* --- the page --- */

static void print_head(const json_t *tree, const json_t *s)
{
    const json_t *computed = json_object_get(tree, "computed");
    const char *outcome = get(computed, "outcome");
    char start[32], end[32];
    printf("%s\n%s %s %s  %s to %s  revision %lld, %s\n", get(tree, "id"), word(s, "kind", "KIND_"),
           get(s, "site_id"), word(s, "period", "PERIOD_"), when(s, "start_unix_ms", start),
           when(s, "end_unix_ms", end), (long long)json_integer_value(json_object_get(s, "revision")),
           word(s, "status", "STATUS_"));
    printf("computed again from %s, entries %lld to %lld: %s\n", get(computed, "from"),
           (long long)json_integer_value(json_object_get(computed, "from_entry")),
           (long long)json_integer_value(json_object_get(computed, "to_entry")),
           strcmp(outcome, "equal") == 0 ? "equal to what was published, byte by byte"
           : strcmp(outcome, "different") == 0
               ? "NOT EQUAL to what was published – run verify on this state; keep it and report it"
               : outcome);
    if (json_is_true(json_object_get(tree, "is_beyond_archive")))
        printf("beyond archive: readings up to frame %lld of the intake are neither kept nor archived; what they gave "
               "is taken from a base\n",
               (long long)json_integer_value(json_object_get(computed, "base_took_frames_to")));
}

static void print_totals(const json_t *s)
{
    const json_t *t = json_object_get(s, "totals");
    if (!t)
        return;
    printf("totals by %s\n", get(t, "gwp_set"));
    print_emission("  ", "scope 1", json_object_get(t, "scope1"));
    print_emission("  ", "scope 2, location-based", json_object_get(t, "scope2_location"));
    print_emission("  ", "scope 2, market-based", json_object_get(t, "scope2_market"));
    print_emission("  ", "outside the scopes", json_object_get(t, "outside_scopes"));
}

static void print_changes(const json_t *s, const char *what)
{
    const json_t *of = json_object_get(s, what), *c;
    size_t i;
    if (!of)
        return;
    printf("%s %s\n", what, get(of, "id"));
    json_array_foreach(json_object_get(of, "changes"), i, c) {
        const char *unit = unit_word(c);
        printf("  %s %s: ", get(c, "stream_id")[0] ? get(c, "stream_id") : "total", word(c, "line", "LINE_"));
        print_amount(json_object_get(c, "before"), unit);
        fputs(" before, ", stdout);
        print_amount(json_object_get(c, "after"), unit);
        puts(" now");
    }
}

static void print_dropped(const json_t *s)
{
    const json_t *d;
    size_t i;
    json_array_foreach(json_object_get(json_object_get(s, "tombstone"), "dropped"), i, d)
        printf("summaries %s to %s of this gateway were given up unsent: %s; a tombstone stands for no window, so there "
               "are no readings behind it\n", get(d, "first_sequence"), get(d, "last_sequence"),
               word(d, "reason", "DROP_REASON_"));
}

static void print_orders(const json_t *tree)
{
    const json_t *o;
    size_t i;
    json_array_foreach(json_object_get(tree, "orders"), i, o)
        printf("order %lld  %s by %s: %s (%s)\n", (long long)json_integer_value(json_object_get(o, "order")),
               get(o, "verb"), get(o, "who"), get(o, "why"), get(o, "outcome"));
}

static void print_provenance(const json_t *s)
{
    const json_t *p = json_object_get(s, "provenance");
    printf("provenance  gateway %s, tzdata %s, configuration %.16s, factors %.16s, readings %s, log book entry %s\n",
           get(p, "gateway_version"), get(p, "tzdata_version"), get(p, "config_hash"), get(p, "factor_set_hash"),
           get(p, "readings_hash"), get(p, "log_sequence"));
    print_parameters(p, "  ");
}

void why_print(json_t *tree)
{
    const json_t *s = json_object_get(tree, "summary"), *stream;
    size_t i;
    print_head(tree, s);
    print_dropped(s);
    print_changes(s, "supersedes");
    print_changes(s, "adjustment");
    print_totals(s);
    if (json_object_get(s, "streams"))
        puts("streams");
    json_array_foreach(json_object_get(s, "streams"), i, stream)
        print_stream(tree, stream);
    print_points(tree, "");
    print_orders(tree);
    print_provenance(s);
}
