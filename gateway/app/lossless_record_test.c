/* The record of the probe: it holds for one broker and one session, and what cannot be read proves nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/lossless_record.h"
#include "base/file.h"

struct place_of_test {
    char state[64], path[96];
    struct conf conf;
    struct arena arena;
};

static int make(void **state)
{
    static struct place_of_test p;
    snprintf(p.state, sizeof p.state, "/tmp/carbon-lossless-XXXXXX");
    if (!mkdtemp(p.state))
        return -1;
    snprintf(p.path, sizeof p.path, "%s/lossless", p.state);
    p.conf = (struct conf){ .state = p.state,
                            .ingest.link = { .broker = "mqtt://a:1", .client_id = "gw-devices" } };
    arena_init(&p.arena, 0);
    *state = &p;
    return 0;
}

static int clear(void **state)
{
    struct place_of_test *p = *state;
    arena_fini(&p->arena);
    file_remove(p->path);
    return rmdir(p->state);
}

static void write_proof(struct place_of_test *p)
{
    assert_int_equal(lossless_write(&p->conf, &(struct lossless_record){
        .claim = LOSSLESS_PROVEN, .at_us = 77, .sent = 1500, .came = 1500, .why = "it \"came\": all" }), 0);
}

static int claim_of(struct place_of_test *p)
{
    struct lossless_record r;
    lossless_read(&p->conf, &p->arena, &r);
    return r.claim;
}

static void record_is_read_as_it_was_written(void **state)
{
    struct place_of_test *p = *state;
    struct lossless_record r;
    assert_int_equal(claim_of(p), LOSSLESS_UNPROVEN);
    write_proof(p);
    lossless_read(&p->conf, &p->arena, &r);
    assert_int_equal(r.claim, LOSSLESS_PROVEN);
    assert_int_equal(r.at_us, 77);
    assert_int_equal(r.came, 1500);
    assert_string_equal(r.why, "it \"came\": all");
    assert_string_equal(r.broker, "mqtt://a:1");
}

static void record_of_another_broker_or_session_proves_nothing(void **state)
{
    struct place_of_test *p = *state;
    write_proof(p);
    p->conf.ingest.link.broker = "mqtt://b:1";
    assert_int_equal(claim_of(p), LOSSLESS_UNPROVEN);
    p->conf.ingest.link.broker = "mqtt://a:1";
    p->conf.ingest.link.client_id = "another";
    assert_int_equal(claim_of(p), LOSSLESS_UNPROVEN);
    p->conf.ingest.link.client_id = "gw-devices";
    assert_int_equal(claim_of(p), LOSSLESS_PROVEN);
}

static void record_that_cannot_be_read_proves_nothing(void **state)
{
    struct place_of_test *p = *state;
    static const char *const texts[] = {
        "", "\x01\x02", "claim: proven\n",
        "version: 2\nclaim: proven\nbroker: mqtt://a:1\nclient_id: gw-devices\nat_us: 1\n",
        "version: 1\nclaim: sure\nbroker: mqtt://a:1\nclient_id: gw-devices\nat_us: 1\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(file_replace(p->path, slice_of(texts[i])), 0);
        assert_int_equal(claim_of(p), LOSSLESS_UNPROVEN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(record_is_read_as_it_was_written, make, clear),
        cmocka_unit_test_setup_teardown(record_of_another_broker_or_session_proves_nothing, make, clear),
        cmocka_unit_test_setup_teardown(record_that_cannot_be_read_proves_nothing, make, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
