/* The tables of one window, without a plan around them. */
#include "account/account_fixture_test.h"
#include "account/books.h"
#include "account/window.h"

struct setup {
    struct cast cast;
    struct books books;
    struct spot *spot;
    struct source *source, *other;
    struct lane *lane, *moved; /* of the spot: in source, and later in other */
    struct window *w;
};

static const struct ratio wh = { 1000000, 1 }, tenth = { 100000, 1 };

static void set_up(struct setup *s)
{
    *s = (struct setup){ 0 };
    cast_init(&s->cast);
    s->spot = cast_spot(&s->cast, &s->books, slice_of("device"), slice_of("point"));
    s->source = cast_source(&s->cast, &s->books, slice_of("stream"));
    s->other = cast_source(&s->cast, &s->books, slice_of("other"));
    s->lane = cast_lane(&s->cast, s->spot, s->source, DIRECTION_IMPORT, ROLE_FISCAL, wh);
    s->moved = cast_lane(&s->cast, s->spot, s->other, DIRECTION_IMPORT, ROLE_FISCAL, wh);
    s->w = window_new(&s->books, PERIOD_QUARTER_HOUR, 0, QUARTER_US);
}

static void tear_down(struct setup *s)
{
    window_free(s->w);
    cast_fini(&s->cast);
}

static void names_give_the_same_thing_again(void **state)
{
    struct setup s;
    (void)state;
    set_up(&s);
    assert_ptr_equal(cast_source(&s.cast, &s.books, slice_of("stream")), s.source);
    assert_ptr_equal(cast_spot(&s.cast, &s.books, slice_of("device"), slice_of("point")), s.spot);
    assert_ptr_not_equal(cast_spot(&s.cast, &s.books, slice_of("devic"), slice_of("epoint")),
                         s.spot);
    assert_ptr_equal(cast_lane(&s.cast, s.spot, s.source, DIRECTION_IMPORT, ROLE_FISCAL, wh), s.lane);
    assert_ptr_not_equal(cast_lane(&s.cast, s.spot, s.source, DIRECTION_EXPORT, ROLE_FISCAL, wh), s.lane);
    assert_ptr_not_equal(cast_lane(&s.cast, s.spot, s.source, DIRECTION_IMPORT, ROLE_FISCAL, tenth), s.lane);
    assert_int_equal(s.books.n_lanes, 4);
    assert_null(cast_rate(&s.cast, slice_of("\x9")));
    assert_ptr_equal(cast_rate(&s.cast, (struct slice){ (const uint8_t *)"\1", 1 }),
                     s.cast.missing);
    tear_down(&s);
}

static void a_share_is_found_by_its_lane(void **state)
{
    struct setup s;
    (void)state;
    set_up(&s);
    assert_null(window_find_share(s.w, s.moved));
    struct share *moved = window_share(s.w, s.moved);
    assert_ptr_equal(window_find_share(s.w, s.moved), moved);
    assert_null(window_find_share(s.w, s.lane));
    assert_ptr_equal(window_share(s.w, s.lane)->lane, s.lane);
    assert_int_equal(s.w->n_shares, 2);
    tear_down(&s);
}

/* Puts a live cell into the window. */
static uint32_t put_cell(struct setup *s, struct lane *lane, bool is_unverified, int64_t from_us,
                         int64_t to_us)
{
    uint32_t i =
        window_cell(s->w, window_share(s->w, lane), s->cast.missing, is_unverified, from_us, to_us);
    s->w->cells[i].n = 1;
    return i;
}

static void a_cell_is_found_in_whichever_lane_it_went_to(void **state)
{
    struct setup s;
    struct lane *lane = NULL;
    (void)state;
    set_up(&s);
    uint32_t first = put_cell(&s, s.lane, false, 0, 5 * MINUTE_US);
    uint32_t second = put_cell(&s, s.moved, false, 5 * MINUTE_US, 9 * MINUTE_US);
    uint32_t late = put_cell(&s, s.lane, true, 0, QUARTER_US);

    int64_t from_us = 0, to_us = QUARTER_US;
    assert_int_equal(window_cell_at(s.w, s.spot, wh, false, MINUTE_US, &lane, &from_us, &to_us),
                     first);
    assert_ptr_equal(lane, s.lane);
    assert_int_equal(window_cell_at(s.w, s.spot, wh, false, 8 * MINUTE_US, &lane, &from_us, &to_us),
                     second);
    assert_ptr_equal(lane, s.moved);
    assert_int_equal(window_cell_at(s.w, s.spot, wh, true, MINUTE_US, &lane, &from_us, &to_us),
                     late);

    from_us = 0, to_us = QUARTER_US;
    assert_true(window_cell_at(s.w, s.spot, wh, false, 10 * MINUTE_US, &lane, &from_us, &to_us) ==
                CELL_NONE);
    assert_int_equal(from_us, 9 * MINUTE_US); /* what the others leave */
    assert_int_equal(to_us, QUARTER_US);
    assert_true(window_cell_at(s.w, s.spot, tenth, false, MINUTE_US, &lane, &from_us, &to_us) ==
                CELL_NONE);
    tear_down(&s);
}

static void an_empty_cell_is_not_found_and_is_taken_over(void **state)
{
    struct setup s;
    struct lane *lane = NULL;
    int64_t from_us = 0, to_us = QUARTER_US;
    (void)state;
    set_up(&s);
    uint32_t cell = put_cell(&s, s.lane, false, 0, QUARTER_US);
    s.w->cells[cell].n = 0;
    assert_true(window_cell_at(s.w, s.spot, wh, false, 0, &lane, &from_us, &to_us) == CELL_NONE);
    assert_int_equal(put_cell(&s, s.lane, true, 0, MINUTE_US), cell);
    assert_int_equal(s.w->n_cells, 1);
    tear_down(&s);
}

static void touching_counts_an_amount_by_what_lies_inside(void **state)
{
    struct setup s;
    (void)state;
    set_up(&s);
    struct share *share = window_share(s.w, s.lane);
    struct amount a = { .sign = 1,
                        .is_valid = true,
                        .flags = AMOUNT_RESET,
                        .start_us = -5 * MINUTE_US,
                        .end_us = 3 * MINUTE_US };
    window_touch(s.w, share, &a);
    assert_int_equal(share->valid_us, 3 * MINUTE_US);
    assert_int_equal(share->flagged[1], 1);
    assert_false(window_holds(s.w, &a));
    a.start_us = 10 * MINUTE_US;
    a.end_us = QUARTER_US;
    window_touch(s.w, share, &a);
    assert_int_equal(share->valid_us, 8 * MINUTE_US);
    assert_int_equal(s.w->readings, 2);
    assert_true(window_holds(s.w, &a));
    a.is_unverified = true;
    window_touch(s.w, share, &a);
    assert_int_equal(s.w->readings, 2);
    assert_int_equal(share->unverified, 1);
    tear_down(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_give_the_same_thing_again),
        cmocka_unit_test(a_share_is_found_by_its_lane),
        cmocka_unit_test(a_cell_is_found_in_whichever_lane_it_went_to),
        cmocka_unit_test(an_empty_cell_is_not_found_and_is_taken_over),
        cmocka_unit_test(touching_counts_an_amount_by_what_lies_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
