#include "meter/plant_test.h"

#include "base/buffer.h"
#include "base/log.h"
#include "meter/point.h"

#define STEP (10 * S)

/* --- a store in memory --- */

struct shelf {
    struct {
        struct buffer key, value;
    } rows[8];
    size_t n;
    size_t n_put, n_dropped;
};

static void on_put(void *self, enum stage stage, struct slice key, struct slice value)
{
    struct shelf *s = self;
    assert_int_equal(stage, STAGE_METER);
    size_t i = 0;
    while (i < s->n && !slice_equal(buffer_slice(&s->rows[i].key), key))
        i++;
    assert_true(i < COUNT(s->rows));
    s->n += i == s->n;
    buffer_clear(&s->rows[i].key);
    buffer_clear(&s->rows[i].value);
    buffer_put(&s->rows[i].key, key.at, key.size);
    buffer_put(&s->rows[i].value, value.at, value.size);
    s->n_put++;
}

static void on_drop(void *self, enum stage stage, struct slice key)
{
    struct shelf *s = self;
    assert_int_equal(stage, STAGE_METER);
    s->n_dropped++;
    for (size_t i = 0; i < s->n; i++) {
        if (!slice_equal(buffer_slice(&s->rows[i].key), key))
            continue;
        buffer_fini(&s->rows[i].key);
        buffer_fini(&s->rows[i].value);
        s->rows[i] = s->rows[--s->n];
        memset(&s->rows[s->n], 0, sizeof s->rows[s->n]);
        return;
    }
}

static void save(struct plant *p, struct shelf *s)
{
    struct state_out out = { .put = on_put, .drop = on_drop, .self = s };
    s->n_put = s->n_dropped = 0;
    meter_save(p->meter, &out);
}

static void load(struct plant *p, const struct shelf *s)
{
    for (size_t i = 0; i < s->n; i++) {
        assert_int_equal(
            meter_load(p->meter, buffer_slice(&s->rows[i].key), buffer_slice(&s->rows[i].value)), 0);
    }
}

static void shelf_fini(struct shelf *s)
{
    for (size_t i = 0; i < COUNT(s->rows); i++) {
        buffer_fini(&s->rows[i].key);
        buffer_fini(&s->rows[i].value);
    }
}

static void assert_shelves_equal(const struct shelf *a, const struct shelf *b)
{
    assert_int_equal(a->n, b->n);
    for (size_t i = 0; i < a->n; i++) {
        size_t j = 0;
        while (j < b->n && !slice_equal(buffer_slice(&a->rows[i].key), buffer_slice(&b->rows[j].key)))
            j++;
        assert_true(j < b->n);
        assert_true(
            slice_equal(buffer_slice(&a->rows[i].value), buffer_slice(&b->rows[j].value)));
    }
}

static struct sample good(int64_t i, int64_t ticks)
{
    return (struct sample){ .time_us = EPOCH_US + i * STEP, .ticks = ticks, .boot = 1,
                            .sequence = (uint64_t)i + 1, .interval_us = STEP };
}

static void take(struct plant *p, int32_t point, struct sample s)
{
    struct amounts out;
    plant_take(p, point, &s, &out);
}

/* --- going on --- */

static void assert_same_outcome(enum verdict v, const struct amounts *a, enum verdict w,
                                const struct amounts *b)
{
    assert_int_equal(v, w);
    assert_int_equal(a->n, b->n);
    assert_int_equal(a->n_moved, b->n_moved);
    for (size_t i = 0; i < a->n; i++) {
        assert_true(is_same_amount(&a->at[i], &b->at[i]));
        assert_int_equal(a->at[i].sign, b->at[i].sign);
    }
    for (size_t i = 0; i < a->n_moved; i++) {
        assert_int_equal(a->moved[i].from, b->moved[i].from);
        assert_int_equal(a->moved[i].to, b->moved[i].to);
    }
}

/* Stops the plant as a kill would, and starts it again from what was saved. */
static void restart(struct plant *p, struct shelf *s)
{
    save(p, s);
    meter_close(p->meter);
    plant_open(p);
    load(p, s);
}

/* One meter that runs through and one that is cut again and again say the same at every reading. */
static void interrupted_meter_goes_on_as_if_it_had_not_been(void **state)
{
    (void)state;
    enum { N = 300 };
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct dice d = dice_of(seed);
        struct plant whole, cut;
        struct shelf whole_shelf = { 0 }, cut_shelf = { 0 };
        plant_plan(&whole);
        plant_vary(&whole, &d);
        for (int i = 0; i < PLANT_POINTS; i++) {
            whole.points[i].keep = 1 + (int64_t)roll(&d, 40);
            whole.points[i].lateness_us = (int64_t)(1 + roll(&d, 200)) * STEP;
        }
        plant_plan(&cut);
        memcpy(cut.points, whole.points, sizeof cut.points);
        plant_open(&whole);
        plant_open(&cut);

        struct sample at[N];
        draw_readings(&d, at, N);
        shuffle(&d, at, N, 1 + roll(&d, 80));
        for (size_t i = 0; i < N; i++) {
            struct amounts a, b;
            int32_t point = (int32_t)roll(&d, PLANT_POINTS);
            enum verdict v = plant_take(&whole, point, &at[i], &a);
            enum verdict w = plant_take(&cut, point, &at[i], &b);
            assert_same_outcome(v, &a, w, &b);
            if (roll(&d, 10) == 0)
                restart(&cut, &cut_shelf);
        }
        struct meter_figures f, g;
        meter_figures(whole.meter, &f);
        meter_figures(cut.meter, &g);
        assert_int_equal(f.held, g.held);
        assert_int_equal(f.retained, g.retained);
        save(&whole, &whole_shelf);
        save(&cut, &cut_shelf);
        assert_shelves_equal(&whole_shelf, &cut_shelf);
        plant_close(&whole);
        plant_close(&cut);
        shelf_fini(&whole_shelf);
        shelf_fini(&cut_shelf);
    }
}

/* --- what is written --- */

static void only_what_changed_is_saved(void **state)
{
    (void)state;
    struct plant p;
    struct shelf s = { 0 };
    plant_plan(&p);
    plant_open(&p);
    save(&p, &s);
    assert_int_equal(s.n_put, 0);
    take(&p, REG, good(0, 1));
    take(&p, INT, good(0, 1));
    save(&p, &s);
    assert_int_equal(s.n_put, 2);
    assert_memory_equal(s.rows[0].key.at, "hall\0meter-1\0reg", 16);
    assert_int_equal(s.rows[0].key.size, 16);
    take(&p, INT, good(0, 1));   /* a duplicate changes nothing */
    save(&p, &s);
    assert_int_equal(s.n_put, 0);
    take(&p, INT, good(1, 1));
    save(&p, &s);
    assert_int_equal(s.n_put, 1);
    meter_close(p.meter);

    plant_open(&p);
    load(&p, &s);
    save(&p, &s);
    assert_int_equal(s.n_put, 0);   /* loading alone changes nothing either */
    plant_close(&p);
    shelf_fini(&s);
}

static void row_is_as_small_as_promised(void **state)
{
    (void)state;
    struct plant p;
    struct shelf s = { 0 };
    plant_plan(&p);
    plant_open(&p);
    for (int64_t i = 0; i < 100000; i += i < 10000 ? 1000 : 1)   /* holes: all runs are in use */
        take(&p, INT, good(i, i));
    save(&p, &s);
    assert_in_range(s.rows[0].value.size, 1, 300 + 32 * 128);
    plant_close(&p);
    shelf_fini(&s);
}

static void rows_of_points_that_are_gone_are_dropped(void **state)
{
    (void)state;
    struct plant p;
    struct shelf s = { 0 };
    plant_plan(&p);
    plant_open(&p);
    take(&p, REG, good(0, 1));
    take(&p, INT, good(0, 1));
    save(&p, &s);
    assert_int_equal(s.n, 2);

    p.plan.n_points = 1;              /* all but the register go */
    meter_configure(p.meter, &p.plan);
    save(&p, &s);
    assert_int_equal(s.n_dropped, PLANT_POINTS - 1);
    assert_int_equal(s.n, 1);
    save(&p, &s);
    assert_int_equal(s.n_dropped, 0);
    meter_close(p.meter);

    p.device.id = "meter-2";          /* at load: the plan knows nothing of that row */
    plant_open(&p);
    load(&p, &s);
    save(&p, &s);
    assert_int_equal(s.n_dropped, 1);
    assert_int_equal(s.n, 0);
    plant_close(&p);
    shelf_fini(&s);
}

static void point_that_came_back_keeps_its_new_row(void **state)
{
    (void)state;
    struct plant p;
    struct shelf s = { 0 };
    plant_plan(&p);
    plant_open(&p);
    take(&p, REG, good(0, 1));
    save(&p, &s);
    p.plan.n_points = 0;
    meter_configure(p.meter, &p.plan);
    p.plan.n_points = PLANT_POINTS;
    meter_configure(p.meter, &p.plan);
    take(&p, REG, good(5, 1));
    save(&p, &s);
    assert_int_equal(s.n, 1);
    plant_close(&p);
    shelf_fini(&s);
}

/* --- what is read --- */

static void row_saved_under_other_limits_goes_on_from_its_last_value(void **state)
{
    (void)state;
    struct plant p;
    struct shelf s = { 0 };
    struct amounts out;
    plant_plan(&p);
    plant_open(&p);
    take(&p, REG, good(0, 100));
    take(&p, REG, good(10, 110));
    save(&p, &s);
    meter_close(p.meter);

    p.points[REG].max_rate_ticks_per_hour = 3600;
    plant_open(&p);
    load(&p, &s);
    struct sample next = good(11, 119), between = good(5, 105);
    assert_int_equal(plant_take(&p, REG, &between, &out), VERDICT_LATE);
    assert_int_equal(plant_take(&p, REG, &next, &out), VERDICT_COUNTED);
    assert_int_equal(out.n, 1);
    assert_int_equal(out.at->ticks, 9);
    plant_close(&p);
    shelf_fini(&s);
}

static void row_of_another_unit_begins_anew(void **state)
{
    (void)state;
    struct plant p;
    struct shelf s = { 0 };
    plant_plan(&p);
    plant_open(&p);
    take(&p, REG, good(0, 100));
    save(&p, &s);
    meter_close(p.meter);
    p.points[REG].tick.den = 10;
    plant_open(&p);
    load(&p, &s);
    struct meter_figures f;
    meter_figures(p.meter, &f);
    assert_int_equal(f.retained, 0);
    save(&p, &s);
    assert_int_equal(s.n_put, 1);
    plant_close(&p);
    shelf_fini(&s);
}

/* A row with everything in it: a base, candidates, several boots, runs. */
static void rich_row(struct shelf *s)
{
    struct plant p;
    struct dice d = dice_of(4);
    plant_plan(&p);
    p.points[REG].max_rate_ticks_per_hour = 36000;
    p.points[REG].keep = 20;
    plant_open(&p);
    struct sample at[120];
    draw_readings(&d, at, COUNT(at));
    for (size_t i = 0; i < COUNT(at); i++)
        take(&p, REG, at[i]);
    save(&p, s);
    assert_int_equal(s->n, 1);
    plant_close(&p);
}

static int load_bytes(struct slice key, const uint8_t *bytes, size_t size)
{
    struct plant p;
    plant_plan(&p);
    p.points[REG].max_rate_ticks_per_hour = 36000;
    p.points[REG].keep = 20;
    plant_open(&p);
    int rc = meter_load(p.meter, key, (struct slice){ bytes, size });
    for (int64_t i = 0; i < 3; i++)       /* whatever it was: the meter goes on */
        take(&p, REG, good(100 * i, 100 * i));
    plant_close(&p);
    return rc;
}

static void row_that_is_cut_or_too_long_is_malformed(void **state)
{
    (void)state;
    struct shelf s = { 0 };
    rich_row(&s);
    struct slice key = buffer_slice(&s.rows[0].key);
    size_t size = s.rows[0].value.size;
    for (size_t n = 0; n < size; n++) {
        uint8_t *cut = malloc(n > 0 ? n : 1);   /* its own memory, so that reading on is seen */
        memcpy(cut, s.rows[0].value.at, n);
        assert_int_equal(load_bytes(key, cut, n), STATE_MALFORMED);
        free(cut);
    }
    buffer_put_u8(&s.rows[0].value, 0);
    assert_int_equal(load_bytes(key, s.rows[0].value.at, size), 0);
    assert_int_equal(load_bytes(key, s.rows[0].value.at, size + 1), STATE_MALFORMED);
    shelf_fini(&s);
}

static void damaged_row_never_breaks_the_meter(void **state)
{
    (void)state;
    struct shelf s = { 0 };
    struct dice d = dice_of(9);
    rich_row(&s);
    struct slice key = buffer_slice(&s.rows[0].key);
    struct buffer *row = &s.rows[0].value;
    size_t n_malformed = 0;
    for (size_t i = 0; i < row->size; i++) {
        uint8_t before = row->at[i];
        row->at[i] ^= (uint8_t)(1 + roll(&d, 255));
        int rc = load_bytes(key, row->at, row->size);
        assert_true(rc == 0 || rc == STATE_MALFORMED);
        n_malformed += rc == STATE_MALFORMED;
        row->at[i] = before;
    }
    assert_true(n_malformed > row->size / 4);
    shelf_fini(&s);
}

static void row_of_a_newer_format_is_refused(void **state)
{
    (void)state;
    struct shelf s = { 0 };
    rich_row(&s);
    s.rows[0].value.at[0] = 3;
    assert_int_equal(load_bytes(buffer_slice(&s.rows[0].key), s.rows[0].value.at,
                                s.rows[0].value.size), STATE_MALFORMED);
    shelf_fini(&s);
}

/* As version 1 wrote it: an empty base, and one reading of 100 at the epoch. */
static void put_row_v1(struct buffer *out, uint64_t identity)
{
    buffer_put_u8(out, 1);
    buffer_put_u64(out, identity);
    buffer_put_u8(out, STAMP_END);
    buffer_put_u8(out, false);
    buffer_put_i64(out, HOUR);
    buffer_put_i64(out, 0);
    buffer_put_u8(out, 0);
    buffer_put_u8(out, 0);
    for (int i = 0; i < 5; i++)
        buffer_put_i64(out, 0);
    buffer_put_u64(out, 0);
    buffer_put_u8(out, 0);
    buffer_put_u32(out, 1);
    buffer_put_u8(out, QUALITY_GOOD);
    buffer_put_u8(out, VERDICT_COUNTED);
    buffer_put_i64(out, EPOCH_US);
    buffer_put_i64(out, 100);
    buffer_put_u64(out, 1);
    buffer_put_u64(out, 1);
    buffer_put_i64(out, STEP);
}

static void row_of_version_1_goes_on(void **state)
{
    (void)state;
    struct plant p;
    struct shelf s = { 0 };
    struct amounts out;
    struct sample next = good(1, 107);
    struct buffer row = { 0 };
    plant_plan(&p);
    plant_open(&p);
    take(&p, REG, good(0, 1));
    save(&p, &s);
    uint64_t identity;
    memcpy(&identity, s.rows[0].value.at + 1, sizeof identity);
    meter_close(p.meter);

    put_row_v1(&row, identity);
    plant_open(&p);
    assert_int_equal(meter_load(p.meter, buffer_slice(&s.rows[0].key), buffer_slice(&row)), 0);
    assert_int_equal(plant_take(&p, REG, &next, &out), VERDICT_COUNTED);
    assert_int_equal(out.n, 1);
    assert_int_equal(out.at->ticks, 7);
    plant_close(&p);
    buffer_fini(&row);
    shelf_fini(&s);
}

int main(void)
{
    log_set_level(LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(interrupted_meter_goes_on_as_if_it_had_not_been),
        cmocka_unit_test(only_what_changed_is_saved),
        cmocka_unit_test(row_is_as_small_as_promised),
        cmocka_unit_test(rows_of_points_that_are_gone_are_dropped),
        cmocka_unit_test(point_that_came_back_keeps_its_new_row),
        cmocka_unit_test(row_saved_under_other_limits_goes_on_from_its_last_value),
        cmocka_unit_test(row_of_another_unit_begins_anew),
        cmocka_unit_test(row_that_is_cut_or_too_long_is_malformed),
        cmocka_unit_test(damaged_row_never_breaks_the_meter),
        cmocka_unit_test(row_of_a_newer_format_is_refused),
        cmocka_unit_test(row_of_version_1_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
