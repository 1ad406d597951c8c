/* A desk to try accounting at: a plan from YAML, a store that is an array, and everything that was
 * emitted kept in order. */
#ifndef ACCOUNT_ACCOUNT_FIXTURE_H
#define ACCOUNT_ACCOUNT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "account/account.h"
#include "account/array.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"

#define SECOND_US  INT64_C(1000000)
#define MINUTE_US  (60 * SECOND_US)
#define QUARTER_US (15 * MINUTE_US)
#define HOUR_US    (60 * MINUTE_US)
#define DAY_US     (24 * HOUR_US)

#define FOR_ANY_PLAN "gateway: gw-1\n"

/* A row that was saved. */
struct desk_row {
    enum stage stage;
    struct buffer key, value;
};

struct desk {
    struct plan *plan;
    struct account *a;
    struct arena arena;  /* of summaries: kept until the end */
    struct summary *out; /* everything emitted, in order */
    uint32_t n_out, out_room;
    struct desk_row *rows;
    uint32_t n_rows, rows_room;
    uint32_t lookups;
    bool store_fails;
    int64_t elapsed_us;
};

static inline int64_t at(const char *text)
{
    int64_t us;
    assert_int_equal(time_parse(text, &us), 0);
    return us;
}

static inline struct plan *plan_of(const char *yaml)
{
    struct arena arena;
    struct problems problems;
    struct plan *plan = NULL;
    arena_init(&arena, 0);
    problems_init(&problems, "test.yaml", &arena);
    if (plan_read(slice_of(yaml), &problems, &plan) != 0) {
        struct buffer text = { 0 };
        problems_print(&problems, &text);
        fail_msg("%.*s", (int)text.size, (const char *)text.at);
    }
    problems_fini(&problems);
    arena_fini(&arena);
    return plan;
}

/* --- the store --- */

static inline struct desk_row *desk_row(struct desk *d, enum stage stage, struct slice key)
{
    for (uint32_t i = 0; i < d->n_rows; i++)
        if (d->rows[i].stage == stage && slice_equal(buffer_slice(&d->rows[i].key), key))
            return &d->rows[i];
    return NULL;
}

static inline void desk_put(void *self, enum stage stage, struct slice key, struct slice value)
{
    struct desk *d = self;
    struct desk_row *row = desk_row(d, stage, key);
    if (!row) {
        d->rows = array_grow(d->rows, d->n_rows, &d->rows_room, sizeof *d->rows);
        row = &d->rows[d->n_rows++];
        *row = (struct desk_row){ .stage = stage };
        buffer_put(&row->key, key.at, key.size);
    }
    buffer_clear(&row->value);
    buffer_put(&row->value, value.at, value.size);
}

static inline void desk_drop(void *self, enum stage stage, struct slice key)
{
    struct desk *d = self;
    struct desk_row *row = desk_row(d, stage, key);
    assert_non_null(row);
    buffer_fini(&row->key);
    buffer_fini(&row->value);
    *row = d->rows[--d->n_rows];
}

static inline void desk_drop_range(void *self, enum stage stage, struct slice from, struct slice until)
{
    struct desk *d = self;
    for (uint32_t i = 0; i < d->n_rows;) {
        struct slice key = buffer_slice(&d->rows[i].key);
        if (d->rows[i].stage == stage && slice_compare(key, from) >= 0 && slice_compare(key, until) < 0)
            desk_drop(d, stage, key);
        else
            i++;
    }
}

static inline struct state_out desk_rows(struct desk *d)
{
    return (struct state_out){ .put = desk_put, .drop = desk_drop, .drop_range = desk_drop_range,
                               .self = d };
}

static inline int desk_get(void *self, enum stage stage, struct slice key, struct slice *out)
{
    struct desk *d = self;
    d->lookups++;
    if (d->store_fails)
        return -5;
    struct desk_row *row = desk_row(d, stage, key);
    if (!row)
        return STATE_ABSENT;
    *out = buffer_slice(&row->value);
    return 0;
}

static inline int desk_next(void *self, enum stage stage, struct slice after, struct slice *key,
                            struct slice *value)
{
    struct desk *d = self;
    const struct desk_row *next = NULL;
    if (d->store_fails)
        return -5;
    for (uint32_t i = 0; i < d->n_rows; i++) {
        struct slice own = buffer_slice(&d->rows[i].key);
        if (d->rows[i].stage == stage && slice_compare(own, after) > 0 &&
            (!next || slice_compare(own, buffer_slice(&next->key)) < 0))
            next = &d->rows[i];
    }
    if (!next)
        return STATE_ABSENT;
    *key = buffer_slice(&next->key);
    *value = buffer_slice(&next->value);
    return 0;
}

static inline void desk_commit(struct desk *d)
{
    struct state_out out = desk_rows(d);
    account_save(d->a, &out);
    account_committed(d->a);
}

/* --- open, close, restart --- */

static inline void desk_clock(struct desk *d, int64_t elapsed_us)
{
    d->elapsed_us = elapsed_us;
    account_clock(d->a, elapsed_us, 1600000000 * SECOND_US + elapsed_us, true);
}

static inline void desk_open_account(struct desk *d)
{
    struct state_in lookup = { desk_get, desk_next, d };
    account_open(&lookup, &d->a);
    account_configure(d->a, d->plan);
}

static inline void desk_open(struct desk *d, const char *yaml)
{
    log_set_level(LOG_ERROR);
    *d = (struct desk){ .plan = plan_of(yaml) };
    arena_init(&d->arena, 0);
    desk_open_account(d);
    desk_clock(d, 0);
}

/* What a kill after a commit leaves: the rows. */
static inline void desk_restart(struct desk *d)
{
    account_close(d->a);
    desk_open_account(d);
    for (uint32_t i = 0; i < d->n_rows; i++)
        if (d->rows[i].stage == STAGE_ACCOUNT)
            assert_int_equal(
                account_load(d->a, buffer_slice(&d->rows[i].key), buffer_slice(&d->rows[i].value)),
                0);
    desk_clock(d, d->elapsed_us);
}

static inline void desk_configure(struct desk *d, const char *yaml)
{
    struct plan *old = d->plan;
    d->plan = plan_of(yaml);
    account_configure(d->a, d->plan);
    plan_free(old);
}

static inline void desk_close(struct desk *d)
{
    account_close(d->a);
    plan_free(d->plan);
    for (uint32_t i = 0; i < d->n_rows; i++) {
        buffer_fini(&d->rows[i].key);
        buffer_fini(&d->rows[i].value);
    }
    free(d->rows);
    free(d->out);
    arena_fini(&d->arena);
}

/* --- going in --- */

static inline int32_t desk_device(const struct desk *d, const char *id)
{
    for (size_t i = 0; i < d->plan->n_devices; i++)
        if (strcmp(d->plan->devices[i].id, id) == 0)
            return (int32_t)i;
    fail_msg("no device %s", id);
    return -1;
}

/* Points have names of their own in these plans. */
static inline int32_t desk_point(const struct desk *d, const char *id)
{
    for (size_t i = 0; i < d->plan->n_points; i++)
        if (strcmp(d->plan->points[i].id, id) == 0)
            return (int32_t)i;
    fail_msg("no point %s", id);
    return -1;
}

/* A measured, valid amount; change what is to be different. */
static inline struct amount measured(const struct desk *d, const char *point, int64_t start_us,
                                     int64_t end_us, int64_t ticks)
{
    return (struct amount){ .point = desk_point(d, point),
                            .sign = 1,
                            .part = PART_MEASURED,
                            .is_valid = true,
                            .start_us = start_us,
                            .end_us = end_us,
                            .ticks = ticks };
}

static inline void desk_add(struct desk *d, struct amount amount)
{
    assert_int_equal(account_add(d->a, &amount), 0);
}

static inline void desk_take_back(struct desk *d, struct amount amount)
{
    amount.sign = -1;
    desk_add(d, amount);
}

static inline void desk_seen(struct desk *d, const char *device, int64_t time_us)
{
    account_seen(d->a, desk_device(d, device), time_us, true);
}

/* The same on a box whose clock nobody set. */
static inline void desk_seen_unchecked(struct desk *d, const char *device, int64_t time_us)
{
    account_seen(d->a, desk_device(d, device), time_us, false);
}

/* --- coming out --- */

/* Emits what is due; how many that was. */
static inline uint32_t desk_emit(struct desk *d)
{
    struct summary s;
    uint32_t n = 0;
    for (; account_emit(d->a, &d->arena, &s) == 0; n++) {
        d->out = array_grow(d->out, d->n_out, &d->out_room, sizeof *d->out);
        d->out[d->n_out++] = s;
    }
    return n;
}

/* The latest revision of a window; NULL: never published. */
static inline struct summary *desk_latest(const struct desk *d, enum period p, int64_t start_us)
{
    for (uint32_t i = d->n_out; i-- > 0;)
        if (d->out[i].period == p && d->out[i].start_us == start_us)
            return &d->out[i];
    return NULL;
}

static inline struct summary_stream *desk_stream(const struct desk *d, struct summary *s,
                                                 const char *id)
{
    assert_non_null(s);
    for (size_t i = 0; i < s->n_streams; i++)
        if (strcmp(d->plan->streams[s->streams[i].stream].id, id) == 0)
            return &s->streams[i];
    fail_msg("no stream %s", id);
    return NULL;
}

static inline struct summary_stream *desk_find(const struct desk *d, enum period p,
                                               int64_t start_us, const char *stream)
{
    return desk_stream(d, desk_latest(d, p, start_us), stream);
}

/* Micrograms of a gas; 0 where the stream names none. */
static inline int128 gas_ug(const struct summary_stream *s, enum gas gas)
{
    const struct gas_mass *mass = gas_mass_find(s->gases, s->n_gases, gas);
    return mass ? mass->ug : 0;
}

/* How many gases every factor of the stream tells of. */
static inline size_t n_covered(const struct summary_stream *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n_gases; i++)
        n += s->gases[i].is_covered;
    return n;
}

/* What a revision says of a line; stream -1: of a sum by location. */
static inline const struct summary_change *desk_change(const struct summary *s, int32_t stream, enum line line)
{
    for (size_t i = 0; i < s->n_changes; i++) {
        const struct summary_line *l = &s->changes[i].of;
        enum view basis = stream < 0 ? VIEW_LOCATION : VIEW_NONE;
        if (l->stream == stream && l->line == line && l->basis == basis && l->scope == 0)
            return &s->changes[i];
    }
    fail_msg("line %d of stream %d did not change", (int)line, stream);
    return NULL;
}

/* The biogenic CO2 of a total. */
static inline int128 desk_biogenic(const struct summary *s, enum total total)
{
    const struct summary_emission *e = &s->totals[total];
    const struct gas_mass *mass = gas_mass_find(e->gases, e->n_gases, GAS_CO2_BIOGENIC);
    return mass ? mass->ug : 0;
}

/* Windows that were withheld so far. */
static inline uint64_t desk_uncovered(const struct desk *d)
{
    struct account_figures figures;
    account_figures(d->a, &figures);
    return figures.windows_uncovered;
}

#define assert_int128_equal(a, b) assert_int128_equal_at((a), (b), __FILE__, __LINE__)

static inline void assert_int128_equal_at(int128 a, int128 b, const char *file, int line)
{
    char left[48], right[48];
    int128_print(a, left);
    int128_print(b, right);
    if (a != b) {
        print_error("%s != %s\n", left, right);
        _fail(file, line);
    }
}

#endif
