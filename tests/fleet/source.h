/* A source: what each point consumed, step by step. Either rows of a CSV or a made-up plant. */
#ifndef FLEET_SOURCE_H
#define FLEET_SOURCE_H

#include <stdint.h>
#include <stdio.h>

struct conf;

struct source {
    uint64_t steps;
    int64_t start_ms, period_ms; /* step k is stamped start + (k + 1) × period … */
    int64_t *stamps_ms;          /* … unless the CSV says otherwise; NULL: evenly */
    int64_t *ticks;              /* amounts of the CSV; NULL: made up */
    uint64_t seed;
    int64_t grain_ticks; /* what the meters can show: values are multiples of it */
};

/* 0, or -1 after saying what is wrong (with the line, in a CSV). */
int source_open(const struct conf *conf, struct source *out);
void source_close(struct source *s);

/* When step k was measured, UTC. */
int64_t source_stamp_ms(const struct source *s, uint64_t step);

/* What the point consumed between the stamp before and this one. `point` counts through the fleet.
 */
int64_t source_ticks(const struct source *s, uint64_t point, uint64_t step);

/* No point consumes more than this in all steps together. */
double source_most_ticks(const struct source *s);

/* Reads the CSV into s->stamps_ms, s->ticks and s->steps. 0, or -1 after saying what is wrong. */
int source_read_csv(struct source *s, const struct conf *conf, FILE *file);

#endif
