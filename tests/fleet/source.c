/* Sources. The made-up plant's load is a working day's shape, a weekend's pause and a noise that
 * changes every quarter of an hour and is interpolated in between: smooth enough for a dashboard,
 * and computed from (seed, point, time) alone in whole milliwatt-hours (ticks of a kWh), so that no
 * state is kept and nothing is rounded twice. */
#include "fleet/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/chance.h"
#include "fleet/options.h"
#include "fleet/say.h"
#include "fleet/stamp.h"

#define HOUR_MS    3600000
#define QUARTER_MS 900000
#define DAY_MS     86400000
#define LEAST_W    5000
#define SPREAD_W   100000

/* Meters of the made-up plant show 0.001 of their unit. */
#define PLANT_GRAIN_TICKS 1000

/* Per mille of the point's own power, at each full hour. */
static const int64_t day_shape[24] = {
    250, 240, 235,  235, 240, 280, 450, 720, 880, 950, 980, 1000,
    900, 930, 1000, 990, 940, 820, 640, 500, 420, 360, 310, 270
};

static int64_t between(int64_t from, int64_t to, int64_t part, int64_t whole)
{
    return from + (to - from) * part / whole;
}

/* Per mille: a day's shape, on Saturday and Sunday at 60 %. */
static int64_t shape_at(int64_t ms)
{
    int64_t day = ms / DAY_MS, hour = ms % DAY_MS / HOUR_MS;
    int64_t shape = between(day_shape[hour], day_shape[(hour + 1) % 24], ms % HOUR_MS, HOUR_MS);
    bool is_weekend = day % 7 == 2 || day % 7 == 3; /* 1970-01-01 was a Thursday */
    return is_weekend ? shape * 6 / 10 : shape;
}

/* Per mille: 950 to 1050. */
static int64_t noise_at(uint64_t seed, uint64_t point, int64_t ms)
{
    uint64_t quarter = (uint64_t)(ms / QUARTER_MS);
    int64_t from = 950 + (int64_t)(chance(seed, CHANCE_NOISE, point, quarter) % 101);
    int64_t to = 950 + (int64_t)(chance(seed, CHANCE_NOISE, point, quarter + 1) % 101);
    return between(from, to, ms % QUARTER_MS, QUARTER_MS);
}

static int64_t plant_ticks(const struct source *s, uint64_t point, uint64_t step)
{
    int64_t at_ms = s->start_ms + (int64_t)step * s->period_ms;
    int64_t own_w = LEAST_W + (int64_t)(chance(s->seed, CHANCE_LOAD, point, 0) % SPREAD_W);
    int64_t load_w = own_w * shape_at(at_ms) / 1000 * noise_at(s->seed, point, at_ms) / 1000;
    return load_w * s->period_ms / 3600;
}

int64_t source_ticks(const struct source *s, uint64_t point, uint64_t step)
{
    return s->ticks != NULL ? s->ticks[step] : plant_ticks(s, point, step);
}

int64_t source_stamp_ms(const struct source *s, uint64_t step)
{
    if (s->stamps_ms != NULL)
        return s->stamps_ms[step];
    return s->start_ms + (int64_t)(step + 1) * s->period_ms;
}

double source_most_ticks(const struct source *s)
{
    if (s->ticks == NULL)
        return (double)(LEAST_W + SPREAD_W) * 1.05 * (double)s->period_ms / 3600 * (double)s->steps;
    double sum = 0;
    for (uint64_t i = 0; i < s->steps; i++)
        sum += (double)s->ticks[i];
    return sum;
}

static int open_csv(const struct conf *conf, struct source *s)
{
    FILE *file = fopen(conf->csv, "r");
    if (file == NULL)
        return say_trouble("%s: %s", conf->csv, strerror(errno));
    int rc = source_read_csv(s, conf, file);
    fclose(file);
    if (rc < 0)
        return rc;

    s->grain_ticks = 1;
    if (conf->readings > 0 && (uint64_t)conf->readings < s->steps)
        s->steps = (uint64_t)conf->readings;
    if (conf->now) {
        free(s->stamps_ms);
        s->stamps_ms = NULL;
    }
    return 0;
}

int source_open(const struct conf *conf, struct source *out)
{
    memset(out, 0, sizeof(*out));
    out->seed = (uint64_t)conf->seed;
    out->period_ms = conf->period_ms;
    out->start_ms =
        conf->now ? stamp_wall_ms() / conf->period_ms * conf->period_ms : conf->start_ms;
    out->steps = (uint64_t)conf->readings;
    out->grain_ticks = PLANT_GRAIN_TICKS;
    if (conf->csv == NULL)
        return 0;
    int rc = open_csv(conf, out);
    if (rc < 0)
        source_close(out);
    return rc;
}

void source_close(struct source *s)
{
    free(s->stamps_ms);
    free(s->ticks);
    memset(s, 0, sizeof(*s));
}
