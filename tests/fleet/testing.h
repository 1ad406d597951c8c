/* What the fleet's tests share: a fleet opened from a command line. Include it after cmocka.h. */
#ifndef FLEET_TESTING_H
#define FLEET_TESTING_H

#include <stdio.h>
#include <string.h>

#include "fleet/options.h"
#include "fleet/plan.h"
#include "fleet/roster.h"
#include "fleet/source.h"
#include "fleet/totals.h"

struct fleet {
    char line[1024];
    struct conf conf;
    struct source source;
    struct roster roster;
    struct totals totals;
    struct plan *plan;
};

/* Parses a command line whose words are parted by single spaces; conf borrows from `line`, which is
 * cut up. */
static inline int parse_line(char *line, struct conf *conf, FILE *out, FILE *err)
{
    char *argv[64] = { (char *)"carbon-fleet" };
    int argc = 1;
    for (char *word = strtok(line, " "); word != NULL && argc < 64; word = strtok(NULL, " "))
        argv[argc++] = word;
    return options_parse(argc, argv, conf, out, err);
}

static inline void fleet_open(struct fleet *f, const char *line)
{
    memset(f, 0, sizeof(*f));
    snprintf(f->line, sizeof(f->line), "%s", line);
    assert_int_equal(parse_line(f->line, &f->conf, stdout, stderr), 0);
    assert_int_equal(source_open(&f->conf, &f->source), 0);
    roster_open(&f->conf, &f->source, &f->roster);
    assert_int_equal(totals_open(&f->roster, &f->source, &f->totals), 0);
    assert_int_equal(plan_open(&f->conf, &f->source, &f->roster, &f->totals, &f->plan), 0);
}

static inline void fleet_close(struct fleet *f)
{
    plan_close(f->plan);
    totals_close(&f->totals);
    roster_close(&f->roster);
    source_close(&f->source);
}

#endif
