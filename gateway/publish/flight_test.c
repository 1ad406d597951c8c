/* What is sent, what waits, and in which order, whatever fails. */
#include "publish/flight.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void put(struct flight *f, uint64_t sequence)
{
    char id[32], payload[32];
    snprintf(id, sizeof id, "id-%llu", (unsigned long long)sequence);
    snprintf(payload, sizeof payload, "payload %llu", (unsigned long long)sequence);
    struct flight_message m = { { 1, sequence }, id, "topic", slice_of(payload) };
    flight_put(f, &m);
}

/* Sends the next; gives its sequence, 0: none. */
static uint64_t send_next(struct flight *f, uint64_t *token)
{
    struct flight_message m;
    if (!flight_send(f, &m, token))
        return 0;
    return m.key.sequence;
}

static uint64_t acknowledge(struct flight *f, uint64_t token)
{
    struct flight_key key = { 0, 0 };
    return flight_acknowledged(f, token, &key) ? key.sequence : 0;
}

static void messages_leave_in_order_and_once(void **state)
{
    (void)state;
    struct flight f;
    uint64_t token, last_token = 0;

    flight_init(&f, 8);
    for (uint64_t s = 1; s <= 5; s++)
        put(&f, s);
    for (uint64_t s = 1; s <= 5; s++) {
        assert_true(flight_has_next(&f));
        assert_int_equal(send_next(&f, &token), s);
        assert_true(token > last_token);
        last_token = token;
    }
    assert_false(flight_has_next(&f));
    assert_int_equal(send_next(&f, &token), 0);
    assert_int_equal(f.in_flight, 5);
    flight_fini(&f);
}

static void a_message_is_given_as_it_was_put(void **state)
{
    (void)state;
    struct flight f;
    struct flight_message m = { { 3, 9 }, "a/b", "t/x", { (const uint8_t *)"a\0b", 3 } }, out;
    struct flight_message empty = { { 3, 10 }, "", "t", { NULL, 0 } };
    uint64_t token;

    flight_init(&f, 2);
    flight_put(&f, &m);
    flight_put(&f, &empty);
    assert_true(flight_send(&f, &out, &token));
    assert_int_equal(out.key.ordinal, 3);
    assert_int_equal(out.key.sequence, 9);
    assert_string_equal(out.id, "a/b");
    assert_string_equal(out.topic, "t/x");
    assert_int_equal(out.payload.size, 3);
    assert_memory_equal(out.payload.at, "a\0b", 3);
    assert_true(flight_send(&f, &out, &token));
    assert_int_equal(out.payload.size, 0);
    flight_fini(&f);
}

static void failed_messages_are_sent_again_in_their_place(void **state)
{
    (void)state;
    struct flight f;
    uint64_t tokens[6], token;
    const size_t failing[] = { 4, 1, 3, 2, 0 };   /* as a lost link may tell it */

    flight_init(&f, 8);
    for (uint64_t s = 1; s <= 6; s++)
        put(&f, s);
    for (size_t i = 0; i < 5; i++)
        send_next(&f, &tokens[i]);
    assert_int_equal(acknowledge(&f, tokens[2]), 3);
    for (size_t i = 0; i < 5; i++)
        flight_failed(&f, tokens[failing[i]]);   /* the acknowledged one stays so */
    assert_int_equal(f.in_flight, 0);
    const uint64_t expected[] = { 1, 2, 4, 5, 6, 0 };
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(send_next(&f, &token), expected[i]);
    flight_fini(&f);
}

static void dropped_messages_are_not_sent_and_those_in_flight_stay(void **state)
{
    (void)state;
    struct flight f;
    uint64_t tokens[2], token;

    flight_init(&f, 8);
    for (uint64_t s = 1; s <= 6; s++)
        put(&f, s);
    send_next(&f, &tokens[0]);
    send_next(&f, &tokens[1]);
    flight_drop(&f, 1, 1, 4);
    flight_drop(&f, 2, 1, 6);                        /* of another epoch: none is here */
    assert_int_equal(send_next(&f, &token), 5);
    assert_int_equal(acknowledge(&f, tokens[1]), 2);
    assert_int_equal(acknowledge(&f, tokens[0]), 1);
    assert_int_equal(f.head, 4);
    flight_fini(&f);
}

static void acknowledgements_in_any_order_make_room_from_the_oldest_on(void **state)
{
    (void)state;
    struct flight f;
    uint64_t tokens[3];

    flight_init(&f, 3);
    for (uint64_t s = 1; s <= 3; s++)
        put(&f, s);
    for (size_t i = 0; i < 3; i++)
        send_next(&f, &tokens[i]);
    assert_false(flight_has_room(&f));
    assert_int_equal(acknowledge(&f, tokens[2]), 3);
    assert_int_equal(acknowledge(&f, tokens[1]), 2);
    assert_false(flight_has_room(&f));           /* the oldest still stands in its place */
    assert_int_equal(acknowledge(&f, tokens[0]), 1);
    assert_true(flight_has_room(&f));
    assert_int_equal(f.in_flight, 0);
    assert_int_equal(f.bytes, 0);
    flight_fini(&f);
}

static void unknown_tokens_change_nothing(void **state)
{
    (void)state;
    struct flight f;
    uint64_t token;

    flight_init(&f, 4);
    put(&f, 1);
    put(&f, 2);
    assert_int_equal(send_next(&f, &token), 1);
    const uint64_t unknown[] = { 0, token + 1, token + 2, UINT64_MAX };
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(acknowledge(&f, unknown[i]), 0);
        flight_failed(&f, unknown[i]);
    }
    assert_int_equal(f.in_flight, 1);
    assert_int_equal(acknowledge(&f, token), 1);
    assert_int_equal(acknowledge(&f, token), 0);   /* twice */
    flight_failed(&f, token);
    assert_int_equal(f.in_flight, 0);
    assert_int_equal(send_next(&f, &token), 2);
    flight_fini(&f);
}

static void bytes_bound_it_as_well_as_the_count(void **state)
{
    (void)state;
    struct flight f;
    char *big = calloc(1, FLIGHT_BYTES_MOST);
    struct flight_message m = { { 1, 1 }, "i", "t", { (uint8_t *)big, FLIGHT_BYTES_MOST } };
    uint64_t token;

    assert_non_null(big);
    flight_init(&f, 100);
    flight_put(&f, &m);
    free(big);
    assert_false(flight_has_room(&f));
    assert_int_equal(send_next(&f, &token), 1);
    assert_int_equal(acknowledge(&f, token), 1);
    assert_true(flight_has_room(&f));
    flight_fini(&f);
}

static void a_refused_message_lets_others_pass_and_waits_for_the_retry(void **state)
{
    (void)state;
    struct flight f;
    uint64_t first, token;

    flight_init(&f, 4);
    put(&f, 1);
    put(&f, 2);
    assert_int_equal(send_next(&f, &first), 1);
    flight_refused(&f, first);
    assert_int_equal(f.in_flight, 0);
    assert_int_equal(f.n_refused, 1);
    assert_int_equal(send_next(&f, &token), 2);
    assert_int_equal(send_next(&f, &token), 0);
    flight_retry(&f);
    assert_int_equal(send_next(&f, &first), 1);
    flight_refused(&f, first);
    assert_int_equal(f.n_refused, 1);            /* still one message */
    flight_retry(&f);
    assert_int_equal(send_next(&f, &first), 1);
    assert_int_equal(acknowledge(&f, first), 1);
    assert_int_equal(f.n_refused, 0);
    assert_int_equal(f.n_held, 1);
    flight_fini(&f);
}

/* Else one summary that the broker never takes would keep all behind it for ever. */
static void a_refused_message_does_not_keep_the_ring_full(void **state)
{
    (void)state;
    struct flight f;
    uint64_t token, refused[2];

    flight_init(&f, 4);
    put(&f, 1);
    put(&f, 2);
    for (int i = 0; i < 2; i++) {
        send_next(&f, &refused[i]);
        flight_refused(&f, refused[i]);
    }
    for (uint64_t s = 3; s <= 40; s++) {
        assert_true(flight_has_room(&f));
        put(&f, s);
        assert_int_equal(send_next(&f, &token), s);
        assert_int_equal(acknowledge(&f, token), s);
    }
    assert_int_equal(f.n_held, 2);
    flight_retry(&f);
    for (int i = 0; i < 2; i++) {
        uint64_t sequence = send_next(&f, &token);
        assert_in_range(sequence, 1, 2);
        assert_int_equal(acknowledge(&f, token), sequence);
    }
    assert_int_equal(send_next(&f, &token), 0);
    assert_int_equal(f.n_held, 0);
    assert_int_equal(f.bytes, 0);
    flight_fini(&f);
}

static void a_ring_of_refused_messages_alone_is_full(void **state)
{
    (void)state;
    struct flight f;
    uint64_t token;

    flight_init(&f, 3);
    for (uint64_t s = 1; s <= 3; s++) {
        put(&f, s);
        send_next(&f, &token);
        flight_refused(&f, token);
    }
    assert_false(flight_has_room(&f));
    assert_false(flight_has_next(&f));
    flight_fini(&f);
}

/* A long run against the simplest model: nothing is lost and nothing twice. Random by a fixed seed. */
static void whatever_happens_every_message_is_acknowledged_once(void **state)
{
    (void)state;
    struct flight f;
    uint64_t flying[16], n_flying = 0, put_so_far = 0, done = 0;
    bool is_done[2001] = { false };
    unsigned seed = 42;

    flight_init(&f, 16);
    while (done < 2000) {
        while (put_so_far < 2000 && flight_has_room(&f))
            put(&f, ++put_so_far);
        uint64_t token, sequence;
        while ((sequence = send_next(&f, &token)) != 0) {
            flying[n_flying++] = token;
        }
        flight_retry(&f);
        while (n_flying > 0) {
            seed = seed * 1103515245u + 12345u;
            size_t i = (seed >> 16) % n_flying;
            unsigned fate = (seed >> 8) % 6;
            token = flying[i];
            flying[i] = flying[--n_flying];
            if (fate < 2) {
                flight_failed(&f, token);
                continue;
            }
            if (fate == 2) {
                flight_refused(&f, token);
                continue;
            }
            sequence = acknowledge(&f, token);
            assert_in_range(sequence, 1, 2000);
            assert_false(is_done[sequence]);
            is_done[sequence] = true;
            done++;
        }
    }
    assert_int_equal(f.in_flight, 0);
    assert_false(flight_has_next(&f));
    flight_fini(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_leave_in_order_and_once),
        cmocka_unit_test(a_message_is_given_as_it_was_put),
        cmocka_unit_test(failed_messages_are_sent_again_in_their_place),
        cmocka_unit_test(dropped_messages_are_not_sent_and_those_in_flight_stay),
        cmocka_unit_test(acknowledgements_in_any_order_make_room_from_the_oldest_on),
        cmocka_unit_test(unknown_tokens_change_nothing),
        cmocka_unit_test(bytes_bound_it_as_well_as_the_count),
        cmocka_unit_test(a_refused_message_lets_others_pass_and_waits_for_the_retry),
        cmocka_unit_test(a_refused_message_does_not_keep_the_ring_full),
        cmocka_unit_test(a_ring_of_refused_messages_alone_is_full),
        cmocka_unit_test(whatever_happens_every_message_is_acknowledged_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
