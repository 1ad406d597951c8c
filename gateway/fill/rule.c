/* Everything is in integers: a mean is rounded half to even, sigma is that of a sample (n - 1), rounded down to
 * a tick by an integer root, and a percentile is the nearest rank: the least value that so many per cent of all
 * do not exceed.
 *
 * part75_so2_table is the table of 40 CFR 75.33(b), with the availability reckoned for each hour of the gap
 * anew (75.32). It begins with 720 valid hours; what is due before that is the plan's default. */
#include "fill/rule.h"

#include <stdlib.h>
#include <string.h>

#include "base/number.h"

#define PART75_HOURS 720

bool rule_needs_after(enum substitute_method method)
{
    return method == SUBSTITUTE_MEAN_BEFORE_AFTER || method == SUBSTITUTE_PART75_SO2_TABLE;
}

static void give(struct substituted *out, enum substitute_rule rule, int64_t value)
{
    out->rule = (uint8_t)rule;
    out->value_ticks = value;
}

static void give_default(const struct rule_case *c, struct substituted *out)
{
    if (c->plan->default_ticks > 0)
        give(out, RULE_DEFAULT, c->plan->default_ticks);
}

/* (a + b) / 2, half to even. */
static int64_t mean_of_two(int64_t a, int64_t b)
{
    int128 mean = 0;
    number_scale((int128)a + b, 1, 2, &mean);
    return (int64_t)mean;
}

/* --- mean + 2 sigma --- */

static int128 root(int128 v)
{
    int128 low = 0, high = (int128)1 << 62;
    while (low < high) {
        int128 middle = (low + high + 1) / 2;
        if (middle <= v / middle)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

static int64_t mean_of(const int64_t *at, size_t n)
{
    int128 sum = 0, mean = 0;
    for (size_t i = 0; i < n; i++)
        sum += at[i];
    number_scale(sum, 1, (int128)n, &mean);
    return (int64_t)mean;
}

/* false: the values lie too far apart for 127 bits. */
static bool sigma_of(const int64_t *at, size_t n, int64_t mean, int64_t *out)
{
    int128 squares = 0, sum = 0;
    for (size_t i = 0; i < n; i++) {
        int128 d = (int128)at[i] - mean;
        if (d > (int128)1 << 55 || d < -((int128)1 << 55))
            return false;
        squares += d * d;
        sum += d;
    }
    squares -= sum * sum / (int128)n;
    *out = (int64_t)root(squares / (int128)(n - 1));
    return true;
}

static void apply_mean_2sigma(const struct rule_case *c, struct substituted *out)
{
    int64_t sigma;
    out->n = (uint32_t)c->n;
    if (c->n < 2 || (int64_t)c->n < c->plan->least) {
        give_default(c, out);
        return;
    }
    int64_t mean = mean_of(c->history, c->n);
    if (!sigma_of(c->history, c->n, mean, &sigma) || mean > INT64_MAX / 2) {
        give_default(c, out);
        return;
    }
    out->mean_ticks = mean;
    out->sigma_ticks = sigma;
    give(out, RULE_MEAN_2SIGMA, mean + 2 * sigma);
}

/* --- the table of part 75 --- */

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* 100 per cent: the greatest. */
static int64_t percentile(const int64_t *at, size_t n, size_t percent)
{
    int64_t *sorted = malloc(n * sizeof *sorted);
    if (!sorted)
        abort();
    memcpy(sorted, at, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_value);
    int64_t found = sorted[(n * percent + 99) / 100 - 1];
    free(sorted);
    return found;
}

static bool is_available(const struct rule_case *c, uint32_t percent)
{
    return (uint64_t)c->valid * 100 >= (uint64_t)c->operating * percent;
}

/* The mean of the hours around the gap, or the percentile if that is greater and the gap long. */
static void apply_row(const struct rule_case *c, uint32_t short_hours, size_t percent,
                      struct substituted *out)
{
    if (!c->has_before || !c->has_after)
        return;
    int64_t mean = mean_of_two(c->before, c->after);
    int64_t rank = percentile(c->history, c->n, percent);
    if (c->gap_hours <= short_hours || mean >= rank)
        give(out, RULE_MEAN_BEFORE_AFTER, mean);
    else
        give(out, percent == 90 ? RULE_PERCENTILE_90 : RULE_PERCENTILE_95, rank);
}

static void apply_part75(const struct rule_case *whole, struct substituted *out)
{
    struct rule_case c = *whole;
    if ((int64_t)c.n < c.plan->least || c.n == 0) {
        out->n = (uint32_t)c.n;
        give_default(&c, out);
        return;
    }
    if (c.n > PART75_HOURS) {
        c.history += c.n - PART75_HOURS;
        c.n = PART75_HOURS;
    }
    out->n = (uint32_t)c.n;
    out->availability_ppm = (uint32_t)((uint64_t)c.valid * 1000000 / c.operating);
    if (is_available(&c, 95))
        apply_row(&c, 24, 90, out);
    else if (is_available(&c, 90))
        apply_row(&c, 8, 95, out);
    else if (is_available(&c, 80))
        give(out, RULE_MAXIMUM, percentile(c.history, c.n, 100));
    else
        give(out, RULE_MAXIMUM_POTENTIAL, c.plan->maximum_ticks);
}

/* --- the others --- */

static void apply_before_after(const struct rule_case *c, struct substituted *out)
{
    if (!c->has_before) {
        give_default(c, out);
    } else if (c->has_after) {
        out->n = 2;
        give(out, RULE_MEAN_BEFORE_AFTER, mean_of_two(c->before, c->after));
    }
}

static void apply_previous(const struct rule_case *c, struct substituted *out)
{
    if ((int64_t)c->n < c->plan->least || c->n == 0) {
        give_default(c, out);
        return;
    }
    out->n = 1;
    give(out, RULE_PREVIOUS_VALUE, c->history[c->n - 1]);
}

void rule_apply(const struct rule_case *c, struct substituted *out)
{
    out->method = (uint8_t)c->plan->method;
    out->look_back_us = c->plan->look_back_us;
    switch (c->plan->method) {
    case SUBSTITUTE_MEAN_BEFORE_AFTER:
        apply_before_after(c, out);
        break;
    case SUBSTITUTE_PREVIOUS_VALUE:
        apply_previous(c, out);
        break;
    case SUBSTITUTE_EU_MEAN_2SIGMA:
        apply_mean_2sigma(c, out);
        break;
    case SUBSTITUTE_PART75_SO2_TABLE:
        apply_part75(c, out);
        break;
    case SUBSTITUTE_DECLARED_DEFAULT:
        give_default(c, out);
        break;
    default:
        break;
    }
}
