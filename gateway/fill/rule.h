/* The rules that fill an hour: pure functions of the hours around it. */
#ifndef FILL_RULE_H
#define FILL_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/substitute.h"

/* An hour that lacks valid values. Values are ticks of a whole hour. */
struct rule_case {
    const struct substitute *plan;   /* as plan_substitute gives it */
    bool has_before, has_after;  /* a valid hour next to the gap; none after: it is still open */
    int64_t before, after;
    uint32_t gap_hours;          /* length of the gap, once it is closed */
    const int64_t *history;      /* of valid hours within the look-back, oldest first; never a filled one */
    size_t n;
    uint32_t operating, valid;   /* hours of the look-back, this one included */
};

/* Fills in rule, value_ticks, n, mean, sigma and availability. RULE_NONE: nothing can be given, or not yet
 * while the gap is open. */
void rule_apply(const struct rule_case *c, struct substituted *out);

/* Whether a method looks at the hour behind the gap, and so waits for it. */
bool rule_needs_after(enum substitute_method method);

#endif
