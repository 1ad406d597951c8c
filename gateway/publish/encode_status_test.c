/* Status, last will and rejected messages on the wire. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "publish/encode.h"
#include "status.pb-c.h"

#define AT_US INT64_C(1514733300123456)

struct example {
    struct status s;
    struct status_site sites[2];
    struct buffer bytes;
    Carbon__V1__GatewayStatus *message;
};

static int make(void **state)
{
    static struct example x;
    x = (struct example){
        .s = {
            .gateway_id = "gw-1", .version = "0.1.0", .config_hash = "c0ffee",
            .gateway_epoch = 0x5f3a, .epoch_ordinal = 2, .at_us = AT_US, .started_us = AT_US - 1000,
            .is_clock_synchronised = true,
            .devices = { .is_up = true, .is_mqtt_5 = true, .has_session = true,
                         .up_since_us = AT_US, .connects = 3, .losses = 2, .sessions_lost = 1,
                         .broker_drops = 1980, .takeovers = 4 },
            .upstream = { .connects = 1, .losses = 1, .last_error = "connection refused",
                          .attempts_failed = 6, .refusals = 3 },
            .n_sites = 2, .messages = { 12, 10, 2 }, .is_balanced = true,
            .intake_bytes = 4096, .intake_bound_bytes = 65536, .intake_behind = 9,
            .intake_rolls = 7, .intake_rolls_waited = 1,
            .outbox_messages = 4, .outbox_bytes = 800, .intake_room_ms = 5400000, .outbox_room_ms = 7200000,
            .store_bytes = 8192, .store_bound_bytes = 1048576,
            .dropped_summaries = 12, .tombstones = 2,
            .last_sequence = 77, .acknowledged_ordinal = 2, .acknowledged_sequence = 73,
            .acknowledged_us = AT_US, .lateness_us = INT64_C(86400000000), .keep = 128,
            .points = 5, .retained_readings = 640, .windows_open = 8, .revisions_pending = 1,
            .windows_skipped = 6, .windows_uncovered = 9, .unknown_fields = 3, .pauses = 2,
        },
        .sites = {
            { .id = "-", .ledger = { .received = 2, .by_verdict = { [VERDICT_UNDECODABLE] = 1,
                                                                    [VERDICT_TOO_LARGE] = 1 } },
              .watermark_us = INT64_MIN },
            { .id = "plant", .ledger = { .received = 10, .reclassified = 1,
                                         .by_verdict = { [VERDICT_COUNTED] = 5,
                                                         [VERDICT_DUPLICATE] = 2,
                                                         [VERDICT_LATE] = 1,
                                                         [VERDICT_CONFLICT] = 2 } },
              .watermark_us = AT_US, .devices = 2, .silent_devices = 1 },
        },
    };
    x.s.sites = x.sites;
    *state = &x;
    return 0;
}

static Carbon__V1__GatewayStatus *encode(struct example *x)
{
    if (x->message)
        carbon__v1__gateway_status__free_unpacked(x->message, NULL);
    buffer_clear(&x->bytes);
    encode_status(&x->s, &x->bytes);
    x->message = carbon__v1__gateway_status__unpack(NULL, x->bytes.size, x->bytes.at);
    assert_non_null(x->message);
    return x->message;
}

static int end(void **state)
{
    struct example *x = *state;
    if (x->message)
        carbon__v1__gateway_status__free_unpacked(x->message, NULL);
    buffer_fini(&x->bytes);
    return 0;
}

static void status_says_who_and_since_when(void **state)
{
    const Carbon__V1__GatewayStatus *m = encode(*state);
    assert_string_equal(m->gateway_id, "gw-1");
    assert_int_equal(m->gateway_epoch, 0x5f3a);
    assert_int_equal(m->epoch_ordinal, 2);
    assert_string_equal(m->version, "0.1.0");
    assert_string_equal(m->config_hash, "c0ffee");
    assert_true(m->is_online);
    assert_int_equal(m->offline_reason, CARBON__V1__OFFLINE_REASON__OFFLINE_REASON_NONE);
    assert_int_equal(m->started_unix_ms, 1514733300122);
    assert_int_equal(m->published_unix_ms, 1514733300123);
    assert_true(m->is_clock_synchronised);
}

static void session_is_told_of_the_devices_link_only(void **state)
{
    const Carbon__V1__GatewayStatus *m = encode(*state);
    assert_int_equal(m->n_device_links, 1);
    const Carbon__V1__Link *devices = m->device_links[0], *upstream = m->upstream_link;
    assert_int_equal(devices->state, CARBON__V1__LINK_STATE__LINK_STATE_UP);
    assert_int_equal(devices->since_unix_ms, 1514733300123);
    assert_int_equal(devices->protocol_version, 5);
    assert_int_equal(devices->session, CARBON__V1__SESSION_STATE__SESSION_STATE_RESUMED);
    assert_int_equal(devices->sessions_lost, 1);
    assert_string_equal(upstream->name, "upstream");
    assert_int_equal(upstream->state, CARBON__V1__LINK_STATE__LINK_STATE_DOWN);
    assert_int_equal(upstream->since_unix_ms, 0);
    assert_string_equal(upstream->last_error, "connection refused");
    assert_int_equal(upstream->protocol_version, 0);
}

static void trouble_of_the_links_is_counted(void **state)
{
    struct example *x = *state;
    const Carbon__V1__GatewayStatus *m = encode(x);
    assert_int_equal(m->device_links[0]->takeovers, 4);
    assert_int_equal(m->device_links[0]->broker_drops, 1980);
    assert_int_equal(m->upstream_link->attempts_failed, 6);
    assert_int_equal(m->upstream_link->refusals, 3);

    x->s.upstream.is_turned_away = true;
    m = encode(x);
    assert_int_equal(m->upstream_link->state, CARBON__V1__LINK_STATE__LINK_STATE_REFUSED);
}

static void link_that_was_left_on_purpose_is_paused(void **state)
{
    struct example *x = *state;
    x->s.is_paused = true;
    x->s.devices.is_up = false;
    const Carbon__V1__GatewayStatus *m = encode(x);
    assert_int_equal(m->device_links[0]->state, CARBON__V1__LINK_STATE__LINK_STATE_PAUSED);
    assert_int_equal(m->upstream_link->state, CARBON__V1__LINK_STATE__LINK_STATE_DOWN);
    assert_int_equal(m->counters->pauses, 2);
}

static void link_that_never_connected_tells_no_session(void **state)
{
    struct example *x = *state;
    x->s.devices = (struct status_link){ .last_error = NULL };
    const Carbon__V1__Link *devices = encode(x)->device_links[0];
    assert_int_equal(devices->protocol_version, 0);
    assert_int_equal(devices->session, CARBON__V1__SESSION_STATE__SESSION_STATE_UNSPECIFIED);
}

/* A text of a broker in Latin-1 would make the status unreadable. */
static void error_that_is_no_utf_8_is_left_out(void **state)
{
    struct example *x = *state;
    x->s.upstream.last_error = "verbindung verweigert \xfc";
    assert_string_equal(encode(x)->upstream_link->last_error, "");
}

static void books_of_each_site_add_up(void **state)
{
    const Carbon__V1__GatewayStatus *m = encode(*state);
    assert_int_equal(m->n_sites, 2);
    const Carbon__V1__SiteLedger *nowhere = m->sites[0], *plant = m->sites[1];
    assert_string_equal(nowhere->site_id, "-");
    assert_int_equal(nowhere->watermark_unix_ms, 0);
    assert_int_equal(nowhere->n_rejected_by_reason, 2);
    assert_int_equal(plant->received, 10);
    assert_int_equal(plant->counted + plant->duplicate + plant->late + plant->rejected, 10);
    assert_int_equal(plant->rejected, 2);
    assert_int_equal(plant->n_rejected_by_reason, 1);
    assert_int_equal(plant->rejected_by_reason[0]->verdict, CARBON__V1__VERDICT__VERDICT_CONFLICT);
    assert_int_equal(plant->rejected_by_reason[0]->count, 2);
    assert_int_equal(plant->reclassified, 1);
    assert_false(plant->is_unbalanced);
    assert_int_equal(plant->watermark_unix_ms, 1514733300123);
    assert_int_equal(plant->devices_silent, 1);
    assert_int_equal(plant->devices_configured, 2);
    assert_int_equal(m->messages->journalled, 12);
    assert_int_equal(m->messages->undecodable, 2);
    assert_int_equal(m->messages->too_large, 1);
    assert_int_equal(m->messages->unknown_fields, 3);
}

static void imbalance_is_marked_at_its_site(void **state)
{
    struct example *x = *state;
    x->sites[1].ledger.received++;
    x->s.is_balanced = false;
    const Carbon__V1__GatewayStatus *m = encode(x);
    assert_false(m->sites[0]->is_unbalanced);
    assert_true(m->sites[1]->is_unbalanced);
}

static void alarms_are_told_with_their_place_and_beginning(void **state)
{
    struct example *x = *state;
    struct alarms alarms = { 0 };
    assert_int_equal(encode(x)->alarms_total, 0);
    struct alarm_key key = { .id = "point.held", .site = "mill", .device = "meter", .point = "import" };
    alarms_raise(&alarms, key, AT_US, "was the meter swapped?");
    x->s.alarms = &alarms;
    const Carbon__V1__GatewayStatus *m = encode(x);
    assert_int_equal(m->alarms_total, 1);
    assert_int_equal(m->n_alarms, 1);
    assert_string_equal(m->alarms[0]->id, "point.held");
    assert_string_equal(m->alarms[0]->site_id, "mill");
    assert_string_equal(m->alarms[0]->device_id, "meter");
    assert_string_equal(m->alarms[0]->point, "import");
    assert_int_equal(m->alarms[0]->since_unix_ms, 1514733300123);
    assert_string_equal(m->alarms[0]->text, "was the meter swapped?");
    alarms_fini(&alarms);
}

static void hundred_oldest_alarms_are_told_and_all_are_counted(void **state)
{
    struct example *x = *state;
    struct alarms alarms = { 0 };
    for (int i = 0; i < 150; i++) {
        char name[16];
        snprintf(name, sizeof name, "p%d", i);
        alarms_raise(&alarms, (struct alarm_key){ .id = "point.held", .point = name }, AT_US + i, "");
    }
    x->s.alarms = &alarms;
    const Carbon__V1__GatewayStatus *m = encode(x);
    assert_int_equal(m->n_alarms, 100);
    assert_int_equal(m->alarms_total, 150);
    assert_string_equal(m->alarms[99]->point, "p99");
    alarms_fini(&alarms);
}

static void backlogs_tell_what_waits_and_how_long_there_is_room(void **state)
{
    struct example *x = *state;
    const Carbon__V1__GatewayStatus *m = encode(x);
    assert_int_equal(m->intake_backlog->messages, 9);
    assert_int_equal(m->intake_backlog->room_ms, 5400000);
    assert_int_equal(m->outbox_backlog->messages, 4);
    assert_int_equal(m->outbox_backlog->bytes, 800);
    assert_int_equal(m->journals[0]->bytes, 4096);
    assert_int_equal(m->journals[0]->bound_bytes, 65536);
    assert_int_equal(m->journals[0]->rolls, 7);
    assert_int_equal(m->journals[0]->rolls_waited, 1);
    assert_int_equal(m->stages->retained_readings, 640);
    assert_int_equal(m->stages->windows_open, 8);
    assert_int_equal(m->stages->windows_skipped, 6);
    assert_int_equal(m->stages->windows_uncovered, 9);

    assert_int_equal(m->outbox_backlog->room_ms, 7200000);
    assert_int_equal(m->store->bytes, 8192);
    assert_int_equal(m->store->bound_bytes, 1048576);
    assert_int_equal(m->counters->summaries_dropped, 12);
    assert_int_equal(m->counters->tombstones, 2);

    x->s.intake_room_ms = x->s.outbox_room_ms = -1;
    assert_int_equal(encode(x)->intake_backlog->room_ms, 0);
    assert_int_equal(x->message->outbox_backlog->room_ms, 0);
}

static void nothing_acknowledged_yet_is_an_absence(void **state)
{
    struct example *x = *state;
    const Carbon__V1__Acknowledged *last = encode(x)->last_acknowledged;
    assert_int_equal(last->epoch_ordinal, 2);
    assert_int_equal(last->sequence, 73);
    assert_int_equal(last->acknowledged_unix_ms, 1514733300123);
    x->s.acknowledged_us = 0;
    assert_null(encode(x)->last_acknowledged);
    assert_int_equal(x->message->last_sequence, 77);
}

static void promises_are_told_with_their_bounds(void **state)
{
    static const Carbon__V1__LosslessClaim claims[] = {
        [LOSSLESS_UNPROVEN] = CARBON__V1__LOSSLESS_CLAIM__LOSSLESS_CLAIM_UNPROVEN,
        [LOSSLESS_PROVEN] = CARBON__V1__LOSSLESS_CLAIM__LOSSLESS_CLAIM_PROVEN,
        [LOSSLESS_REFUTED] = CARBON__V1__LOSSLESS_CLAIM__LOSSLESS_CLAIM_REFUTED,
    };
    struct example *x = *state;
    for (int claim = LOSSLESS_UNPROVEN; claim <= LOSSLESS_REFUTED; claim++) {
        x->s.lossless = (enum lossless)claim;
        assert_int_equal(encode(x)->guarantees->lossless, claims[claim]);
    }
    assert_int_equal(x->message->guarantees->durability,
                     CARBON__V1__DURABILITY__DURABILITY_PROCESS);
    assert_int_equal(x->message->guarantees->lateness_ms, 86400000);
    assert_int_equal(x->message->guarantees->keep, 128);
    x->s.is_durable_to_power = true;
    assert_int_equal(encode(x)->guarantees->durability, CARBON__V1__DURABILITY__DURABILITY_POWER);
}

static void status_without_a_plan_has_no_sites(void **state)
{
    struct example *x = *state;
    x->s = (struct status){ .version = "0.1.0", .gateway_epoch = 1, .is_balanced = true };
    const Carbon__V1__GatewayStatus *m = encode(x);
    assert_string_equal(m->gateway_id, "");
    assert_int_equal(m->n_sites, 0);
}

static void assert_offline(bool is_stopped, Carbon__V1__OfflineReason reason)
{
    struct buffer bytes = { 0 };
    encode_offline("gw-1", 0x5f3a, is_stopped, &bytes);
    Carbon__V1__GatewayStatus *m = carbon__v1__gateway_status__unpack(NULL, bytes.size, bytes.at);
    assert_non_null(m);
    assert_string_equal(m->gateway_id, "gw-1");
    assert_int_equal(m->gateway_epoch, 0x5f3a);
    assert_false(m->is_online);
    assert_int_equal(m->offline_reason, reason);
    assert_null(m->messages);
    assert_null(m->guarantees);
    carbon__v1__gateway_status__free_unpacked(m, NULL);
    buffer_fini(&bytes);
}

static void who_is_offline_says_why_and_no_more(void **state)
{
    (void)state;
    assert_offline(false, CARBON__V1__OFFLINE_REASON__OFFLINE_REASON_LOST);
    assert_offline(true, CARBON__V1__OFFLINE_REASON__OFFLINE_REASON_STOPPED);
}

/* --- rejected --- */

static Carbon__V1__RejectedMessage *reject(const struct rejected *r)
{
    struct buffer bytes = { 0 };
    encode_rejected(r, &bytes);
    Carbon__V1__RejectedMessage *m =
        carbon__v1__rejected_message__unpack(NULL, bytes.size, bytes.at);
    buffer_fini(&bytes);
    assert_non_null(m);
    return m;
}

static void rejected_message_keeps_topic_verdict_names_and_payload(void **state)
{
    (void)state;
    static const uint8_t payload[] = { 0, 0xff, 1 }, topic[] = { 'a', '/', 0xff };
    Carbon__V1__RejectedMessage *m =
        reject(&(struct rejected){ .gateway_id = "gw-1",
                                   .verdict = VERDICT_BAD_UNIT,
                                   .topic = { topic, sizeof topic },
                                   .payload = { payload, sizeof payload },
                                   .site = "plant",
                                   .device = "main-meter",
                                   .point = "import",
                                   .payload_size = 3,
                                   .received_us = AT_US,
                                   .journal_sequence = 4711 });
    assert_string_equal(m->gateway_id, "gw-1");
    assert_int_equal(m->verdict, CARBON__V1__VERDICT__VERDICT_BAD_UNIT);
    assert_int_equal(m->topic.len, 3);
    assert_memory_equal(m->topic.data, topic, 3);
    assert_int_equal(m->payload.len, 3);
    assert_memory_equal(m->payload.data, payload, 3);
    assert_int_equal(m->payload_size, 3);
    assert_string_equal(m->site_id, "plant");
    assert_string_equal(m->device_id, "main-meter");
    assert_string_equal(m->point, "import");
    assert_int_equal(m->received_unix_ms, 1514733300123);
    assert_int_equal(m->journal_sequence, 4711);
    carbon__v1__rejected_message__free_unpacked(m, NULL);
}

static void long_payload_is_cut_after_a_kilobyte_and_its_size_is_told(void **state)
{
    (void)state;
    static uint8_t payload[4000];
    static const struct {
        size_t size, kept;
    } rows[] = { { 0, 0 }, { 1023, 1023 }, { 1024, 1024 }, { 1025, 1024 }, { 4000, 1024 } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Carbon__V1__RejectedMessage *m =
            reject(&(struct rejected){ .verdict = VERDICT_TOO_LARGE,
                                       .payload = { payload, rows[i].size },
                                       .payload_size = 10000000 });
        assert_int_equal(m->payload.len, rows[i].kept);
        assert_int_equal(m->payload_size, 10000000);
        carbon__v1__rejected_message__free_unpacked(m, NULL);
    }
}

static void names_that_are_no_clean_short_text_are_left_out(void **state)
{
    (void)state;
    static const char long_name[] =
        "0123456789012345678901234567890123456789012345678901234567890123";
    Carbon__V1__RejectedMessage *m = reject(&(struct rejected){ .verdict = VERDICT_UNKNOWN_SITE,
                                                                .site = "\xff\xfe",
                                                                .device = long_name,
                                                                .point = "line\nfeed" });
    assert_string_equal(m->site_id, "");
    assert_string_equal(m->device_id, long_name); /* 64 bytes are just right */
    assert_string_equal(m->point, "");
    carbon__v1__rejected_message__free_unpacked(m, NULL);
}

static void verdicts_have_the_same_numbers_on_the_wire(void **state)
{
    (void)state;
    for (int v = VERDICT_UNDECODABLE; v < VERDICT_COUNT; v++) {
        const ProtobufCEnumValue *row =
            protobuf_c_enum_descriptor_get_value(&carbon__v1__verdict__descriptor, v);
        assert_non_null(row);
        char name[64] = "VERDICT_";
        size_t n = strlen(name);
        for (const char *c = verdict_row((enum verdict)v)->name; *c; c++)
            name[n++] = *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
        assert_string_equal(row->name, name);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(status_says_who_and_since_when),
        TEST(session_is_told_of_the_devices_link_only),
        TEST(trouble_of_the_links_is_counted),
        TEST(link_that_was_left_on_purpose_is_paused),
        TEST(link_that_never_connected_tells_no_session),
        TEST(error_that_is_no_utf_8_is_left_out),
        TEST(books_of_each_site_add_up),
        TEST(imbalance_is_marked_at_its_site),
        TEST(alarms_are_told_with_their_place_and_beginning),
        TEST(hundred_oldest_alarms_are_told_and_all_are_counted),
        TEST(backlogs_tell_what_waits_and_how_long_there_is_room),
        TEST(nothing_acknowledged_yet_is_an_absence),
        TEST(promises_are_told_with_their_bounds),
        TEST(status_without_a_plan_has_no_sites),
        cmocka_unit_test(who_is_offline_says_why_and_no_more),
        cmocka_unit_test(rejected_message_keeps_topic_verdict_names_and_payload),
        cmocka_unit_test(long_payload_is_cut_after_a_kilobyte_and_its_size_is_told),
        cmocka_unit_test(names_that_are_no_clean_short_text_are_left_out),
        cmocka_unit_test(verdicts_have_the_same_numbers_on_the_wire),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
