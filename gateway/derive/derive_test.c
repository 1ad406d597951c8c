#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "derive/derive.h"
#include "model/reading.h"

#define HOUR_US INT64_C(3600000000)
#define AT(hour) ((hour) * HOUR_US)

#define DOCUMENT(every)                                                                              \
    "gateway: gw\n"                                                                                  \
    "sites:\n"                                                                                       \
    "  - id: works\n"                                                                                \
    "    zone: UTC\n"                                                                                \
    "    periods: [hour]\n"                                                                          \
    "    streams:\n"                                                                                 \
    "      - {id: power, scope: 2}\n"                                                                \
    "      - {id: steam, scope: 2}\n"                                                                \
    "      - {id: heat, scope: 2}\n"                                                                 \
    "    devices:\n"                                                                                 \
    "      - id: meter\n"                                                                            \
    "        points:\n"                                                                              \
    "          - {id: main, kind: register, unit: kWh, stream: power}\n"                             \
    "          - {id: sub, kind: register, unit: MWh, stream: power, role: sub}\n"                   \
    "          - {id: rest, kind: derived, formula: sum, unit: kWh, stream: power,\n"                \
    "             inputs: [{point: main}, {point: meter/sub, coefficient: -1}]}\n"                   \
    "          - {id: mass, kind: register, unit: t, stream: steam}\n"                               \
    "          - {id: heat, kind: derived, formula: heat, every: " every ", unit: GJ, stream: heat, inputs: [{point: mass}],\n" \
    "             with: {enthalpy: 2783, source: laboratory}}\n"                                     \
    "          - {id: sold, kind: derived, formula: sum, unit: GJ, stream: heat,\n"                  \
    "             inputs: [{point: heat, coefficient: 0.5}], resolution: 0.0000001}\n"

static const char document[] = DOCUMENT("1h");
static const char in_quarters[] = DOCUMENT("15min");

enum { MAIN, SUB, REST, MASS, HEAT, SOLD };

/* Rows as a store would keep them: enough for a handful. */
struct rows {
    struct { enum stage stage; struct buffer key, value; bool is_there; } at[32];
    size_t n;
};

static struct rows rows;

static size_t find_row(enum stage stage, struct slice key)
{
    size_t i = 0;
    while (i < rows.n && (rows.at[i].stage != stage || !slice_equal(buffer_slice(&rows.at[i].key), key)))
        i++;
    return i;
}

static void put_row(void *self, enum stage stage, struct slice key, struct slice value)
{
    (void)self;
    size_t i = find_row(stage, key);
    assert_true(i < 32);
    if (i == rows.n) {
        rows.n++;
        rows.at[i].stage = stage;
        buffer_put(&rows.at[i].key, key.at, key.size);
    }
    buffer_clear(&rows.at[i].value);
    buffer_put(&rows.at[i].value, value.at, value.size);
    rows.at[i].is_there = true;
}

static void drop_row(void *self, enum stage stage, struct slice key)
{
    (void)self;
    size_t i = find_row(stage, key);
    if (i < rows.n)
        rows.at[i].is_there = false;
}

static void drop_rows(void *self, enum stage stage, struct slice from, struct slice until)
{
    (void)self;
    for (size_t i = 0; i < rows.n; i++)
        if (rows.at[i].stage == stage && slice_compare(buffer_slice(&rows.at[i].key), from) >= 0 &&
            slice_compare(buffer_slice(&rows.at[i].key), until) < 0)
            rows.at[i].is_there = false;
}

static int get_row(void *self, enum stage stage, struct slice key, struct slice *out)
{
    (void)self;
    size_t i = find_row(stage, key);
    if (i == rows.n || !rows.at[i].is_there)
        return STATE_ABSENT;
    *out = buffer_slice(&rows.at[i].value);
    return 0;
}

static struct state_out out_rows = { .put = put_row, .drop = drop_row, .drop_range = drop_rows };
static const struct state_in in_rows = { .get = get_row };

struct works {
    struct plan *plan;
    struct derive *derive;
    int64_t totals[8];           /* of each point, of what left */
    size_t n_left;
};

static void configure(struct works *w, const char *text, int64_t frontier_us)
{
    struct arena arena;
    struct problems problems;
    struct plan *old = w->plan;
    arena_init(&arena, 0);
    problems_init(&problems, "test", &arena);
    int rc = plan_read(slice_of(text), &problems, &w->plan);
    if (rc != 0) {
        struct buffer said = { 0 };
        problems_print(&problems, &said);
        fail_msg("%.*s", (int)said.size, (const char *)said.at);
    }
    derive_configure(w->derive, w->plan, &frontier_us);
    plan_free(old);
    problems_fini(&problems);
    arena_fini(&arena);
}

static void open_works(struct works *w)
{
    *w = (struct works){ 0 };
    derive_open(&in_rows, &w->derive);
    configure(w, document, INT64_MIN);
}

static void close_works(struct works *w)
{
    derive_close(w->derive);
    plan_free(w->plan);
}

static void forget_rows(void)
{
    for (size_t i = 0; i < rows.n; i++) {
        buffer_fini(&rows.at[i].key);
        buffer_fini(&rows.at[i].value);
    }
    rows = (struct rows){ 0 };
}

static void count(struct works *w, const struct amounts *out)
{
    for (size_t i = 0; i < out->n; i++)
        w->totals[out->at[i].point] += out->at[i].sign * out->at[i].ticks;
    w->n_left += out->n;
}

static void take(struct works *w, struct amount a)
{
    struct amounts in = { .at = &a, .n = 1 }, out;
    a.is_valid = true;
    assert_int_equal(derive_take(w->derive, &in, &out), 0);
    count(w, &out);
}

static void pass(struct works *w, int64_t until_us)
{
    struct amounts out;
    assert_int_equal(derive_pass(w->derive, 0, until_us, &out), 0);
    count(w, &out);
}

static void save(struct works *w)
{
    derive_save(w->derive, &out_rows);
    derive_committed(w->derive);
}

static void restart(struct works *w)
{
    save(w);
    derive_close(w->derive);
    derive_open(&in_rows, &w->derive);
    int64_t frontier_us = INT64_MIN;
    derive_configure(w->derive, w->plan, &frontier_us);
    for (size_t i = 0; i < rows.n; i++)
        if (rows.at[i].is_there && rows.at[i].stage == STAGE_DERIVE)
            assert_int_equal(derive_load(w->derive, buffer_slice(&rows.at[i].key),
                                         buffer_slice(&rows.at[i].value)), 0);
}

/* 1000 t over two hours, as two amounts, one of them taken back and given anew in halves. */
static struct amount mass(int8_t sign, int64_t from_us, int64_t until_us, int64_t kilograms)
{
    return (struct amount){ .point = MASS, .sign = sign, .start_us = from_us, .end_us = until_us,
                            .ticks = kilograms * 1000 };
}

static void a_virtual_meter_is_its_inputs_at_once(void **state)
{
    (void)state;
    struct works w;
    open_works(&w);
    take(&w, (struct amount){ .point = MAIN, .sign = 1, .start_us = 0, .end_us = HOUR_US, .ticks = 5000000 });
    take(&w, (struct amount){ .point = SUB, .sign = 1, .start_us = 0, .end_us = HOUR_US, .ticks = 2000 });
    assert_int_equal(w.totals[REST], 3000000);       /* 5 kWh less 2 kWh */
    take(&w, (struct amount){ .point = SUB, .sign = -1, .start_us = 0, .end_us = HOUR_US, .ticks = 2000 });
    assert_int_equal(w.totals[REST], 5000000);
    close_works(&w);
    forget_rows();
}

static void an_interval_is_given_when_the_watermark_has_passed_it(void **state)
{
    (void)state;
    struct works w;
    open_works(&w);
    take(&w, mass(1, AT(1), AT(3), 1000000));
    pass(&w, AT(2) - 1);
    assert_int_equal(w.n_left, 0);
    pass(&w, AT(2));
    assert_int_equal(w.totals[HEAT], INT64_C(1349630000));      /* HEAT-01, half of it */
    assert_int_equal(w.totals[SOLD], INT64_C(6748150000));
    pass(&w, AT(3));
    assert_int_equal(w.totals[HEAT], INT64_C(2699260000));
    size_t left = w.n_left;
    pass(&w, AT(9));
    assert_int_equal(w.n_left, left);
    close_works(&w);
    forget_rows();
}

static void what_comes_late_restates_its_interval(void **state)
{
    (void)state;
    struct works w;
    open_works(&w);
    take(&w, mass(1, AT(1), AT(2), 1000));
    pass(&w, AT(5));
    int64_t before = w.totals[HEAT];
    take(&w, mass(1, AT(1), AT(2), 500));
    assert_int_equal(w.totals[HEAT], before + before / 2);
    take(&w, mass(-1, AT(1), AT(2), 500));
    assert_int_equal(w.totals[HEAT], before);
    close_works(&w);
    forget_rows();
}

/* The same amounts in several orders, with passes and restarts in other places. */
static void order_and_restarts_do_not_bear_on_the_totals(void **state)
{
    (void)state;
    struct amount all[] = { mass(1, AT(1), AT(2), 777), mass(1, AT(2), AT(4) + 1, 1313), mass(-1, AT(1), AT(2), 777),
                            mass(1, AT(1), AT(1) + 7, 311), mass(1, AT(1) + 7, AT(2), 466) };
    static const int orders[][5] = { { 0, 1, 2, 3, 4 }, { 4, 3, 2, 1, 0 }, { 2, 0, 4, 1, 3 }, { 3, 1, 0, 4, 2 } };
    int64_t wanted = 0;
    for (size_t o = 0; o < 4; o++) {
        struct works w;
        open_works(&w);
        for (size_t i = 0; i < 5; i++) {
            take(&w, all[orders[o][i]]);
            if (o & 1)
                restart(&w);
            pass(&w, AT((int64_t)(i + o)));
            if (o & 2)
                restart(&w);
        }
        pass(&w, AT(99));
        wanted = o == 0 ? w.totals[HEAT] : wanted;
        assert_int_equal(w.totals[HEAT], wanted);
        assert_int_equal(w.totals[SOLD], 5 * wanted);
        close_works(&w);
        forget_rows();
    }
    assert_true(wanted > 0);
}

static void an_interval_that_left_memory_is_fetched(void **state)
{
    (void)state;
    struct works w;
    open_works(&w);
    take(&w, mass(1, AT(1), AT(2), 1000));
    pass(&w, AT(2));
    int64_t before = w.totals[HEAT];
    restart(&w);
    take(&w, mass(1, AT(1), AT(2), 1000));
    assert_int_equal(w.totals[HEAT], 2 * before);
    close_works(&w);
    forget_rows();
}

static void what_is_off_the_record_takes_nothing_more(void **state)
{
    (void)state;
    struct works w;
    open_works(&w);
    take(&w, mass(1, AT(1), AT(2), 1000));
    pass(&w, AT(2));
    save(&w);
    int64_t before = w.totals[HEAT];
    derive_forget(w.derive, 0, AT(2), &out_rows);
    restart(&w);
    take(&w, mass(1, AT(1), AT(3), 2000));
    pass(&w, AT(3));
    assert_int_equal(w.totals[HEAT], 2 * before);    /* the second hour alone */
    close_works(&w);
    forget_rows();
}

static void a_point_with_other_inputs_begins_behind_what_was_there(void **state)
{
    (void)state;
    struct works w;
    open_works(&w);
    take(&w, mass(1, AT(1), AT(2), 1000));
    pass(&w, AT(2));
    int64_t before = w.totals[HEAT];
    configure(&w, in_quarters, AT(2) + 1);
    take(&w, mass(-1, AT(1), AT(2), 1000));
    take(&w, mass(1, AT(1), AT(4), 3000));
    pass(&w, AT(4));
    assert_int_equal(w.totals[HEAT], before + before / 4 * 7);   /* from a quarter past two on */
    close_works(&w);
    forget_rows();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_virtual_meter_is_its_inputs_at_once),
        cmocka_unit_test(an_interval_is_given_when_the_watermark_has_passed_it),
        cmocka_unit_test(what_comes_late_restates_its_interval),
        cmocka_unit_test(order_and_restarts_do_not_bear_on_the_totals),
        cmocka_unit_test(an_interval_that_left_memory_is_fetched),
        cmocka_unit_test(what_is_off_the_record_takes_nothing_more),
        cmocka_unit_test(a_point_with_other_inputs_begins_behind_what_was_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
