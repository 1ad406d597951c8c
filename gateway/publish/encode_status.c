/* The gateway's own messages: status, last will, rejected.
 *
 * A status says what is known and leaves out what is not. It has no totals over sites: a reader adds.
 * Texts that came from a broker or a device are looked at before they go out, because one byte that is
 * not UTF-8 makes the whole message unreadable in most languages. */
#include <string.h>

#include "publish/encode.h"
#include "publish/wire.h"
#include "status.pb-c.h"

#define NAME_BYTES_MOST    64
#define ERROR_BYTES_MOST   1024
#define PAYLOAD_BYTES_MOST 1024
#define ALARM_BYTES_MOST   1024

/* --- links --- */

static Carbon__V1__LinkState link_state_of(const struct status_link *link, bool is_paused)
{
    if (link->is_up)
        return CARBON__V1__LINK_STATE__LINK_STATE_UP;
    if (is_paused)
        return CARBON__V1__LINK_STATE__LINK_STATE_PAUSED;
    return link->is_turned_away ? CARBON__V1__LINK_STATE__LINK_STATE_REFUSED
                                : CARBON__V1__LINK_STATE__LINK_STATE_DOWN;
}

static Carbon__V1__Link *encode_link(struct arena *arena, const char *name,
                                     const struct status_link *link, bool is_paused)
{
    Carbon__V1__Link *out = wire_new(arena, &carbon__v1__link__descriptor);
    out->name = wire_text(name);
    out->state = link_state_of(link, is_paused);
    out->since_unix_ms = link->is_up ? wire_ms(link->up_since_us) : 0;
    out->last_error = wire_outside_text(link->last_error, ERROR_BYTES_MOST);
    out->connects = link->connects;
    out->losses = link->losses;
    out->attempts_failed = link->attempts_failed;
    out->takeovers = link->takeovers;
    return out;
}

static void encode_session(const struct status_link *link, Carbon__V1__Link *out)
{
    out->sessions_lost = link->sessions_lost;
    out->broker_drops = link->broker_drops;
    if (link->connects == 0)
        return;
    out->protocol_version = link->is_mqtt_5 ? 5 : 4;
    out->session = link->has_session ? CARBON__V1__SESSION_STATE__SESSION_STATE_RESUMED
                                     : CARBON__V1__SESSION_STATE__SESSION_STATE_NEW;
}

static void encode_links(const struct status *s, struct arena *arena,
                         Carbon__V1__GatewayStatus *out)
{
    out->device_links = wire_array(arena, 1, sizeof *out->device_links);
    out->device_links[0] = encode_link(arena, "devices", &s->devices, s->is_paused);
    out->n_device_links = 1;
    encode_session(&s->devices, out->device_links[0]);
    out->upstream_link = encode_link(arena, "upstream", &s->upstream, false);
    out->upstream_link->refusals = s->upstream.refusals;
}

/* --- books --- */

static void encode_rejections(const struct ledger_row *row, struct arena *arena,
                              Carbon__V1__SiteLedger *out)
{
    out->rejected_by_reason = wire_array(arena, VERDICT_COUNT, sizeof *out->rejected_by_reason);
    for (int v = 0; v < VERDICT_COUNT; v++) {
        if (!verdict_is_rejected((enum verdict)v) || row->by_verdict[v] == 0)
            continue;
        Carbon__V1__VerdictCount *n = wire_new(arena, &carbon__v1__verdict_count__descriptor);
        n->verdict = (Carbon__V1__Verdict)v;
        n->count = row->by_verdict[v];
        out->rejected_by_reason[out->n_rejected_by_reason++] = n;
    }
}

static Carbon__V1__SiteLedger *encode_site(const struct status_site *site, struct arena *arena)
{
    const struct ledger_row *row = &site->ledger;
    Carbon__V1__SiteLedger *out = wire_new(arena, &carbon__v1__site_ledger__descriptor);
    out->site_id = wire_text(site->id);
    out->received = row->received;
    out->counted = row->by_verdict[VERDICT_COUNTED];
    out->duplicate = row->by_verdict[VERDICT_DUPLICATE];
    out->late = row->by_verdict[VERDICT_LATE];
    out->rejected = ledger_rejected(row);
    encode_rejections(row, arena, out);
    out->reclassified = row->reclassified;
    out->is_unbalanced = ledger_judged(row) != row->received;
    out->watermark_unix_ms = wire_ms(site->watermark_us);
    out->devices_silent = site->silent_devices;
    out->devices_configured = site->devices;
    return out;
}

static Carbon__V1__MessageCounts *encode_messages(const struct status *s, struct arena *arena)
{
    Carbon__V1__MessageCounts *out = wire_new(arena, &carbon__v1__message_counts__descriptor);
    out->journalled = s->messages.journalled;
    out->decoded = s->messages.decoded;
    out->undecodable = s->messages.undecodable;
    for (size_t i = 0; i < s->n_sites; i++)
        out->too_large += s->sites[i].ledger.by_verdict[VERDICT_TOO_LARGE];
    out->unknown_fields = s->unknown_fields;
    return out;
}

static void encode_books(const struct status *s, struct arena *arena,
                         Carbon__V1__GatewayStatus *out)
{
    out->sites = wire_array(arena, s->n_sites, sizeof *out->sites);
    for (size_t i = 0; i < s->n_sites; i++)
        out->sites[out->n_sites++] = encode_site(&s->sites[i], arena);
    out->messages = encode_messages(s, arena);
    out->counters = wire_new(arena, &carbon__v1__counters__descriptor);
    out->counters->pauses = s->pauses;
    out->counters->summaries_dropped = s->dropped_summaries;
    out->counters->tombstones = s->tombstones;
}

/* --- what waits and what is kept --- */

static void encode_backlogs(const struct status *s, struct arena *arena,
                            Carbon__V1__GatewayStatus *out)
{
    out->intake_backlog = wire_new(arena, &carbon__v1__backlog__descriptor);
    out->intake_backlog->messages = s->intake_behind;
    out->intake_backlog->room_ms = s->intake_room_ms > 0 ? (uint64_t)s->intake_room_ms : 0;
    out->outbox_backlog = wire_new(arena, &carbon__v1__backlog__descriptor);
    out->outbox_backlog->messages = s->outbox_messages;
    out->outbox_backlog->bytes = s->outbox_bytes;
    out->outbox_backlog->room_ms = s->outbox_room_ms > 0 ? (uint64_t)s->outbox_room_ms : 0;
    out->store = wire_new(arena, &carbon__v1__store_status__descriptor);
    out->store->bytes = s->store_bytes;
    out->store->bound_bytes = s->store_bound_bytes;
}

static void encode_journals(const struct status *s, struct arena *arena,
                            Carbon__V1__GatewayStatus *out)
{
    Carbon__V1__JournalStatus *intake = wire_new(arena, &carbon__v1__journal_status__descriptor);
    intake->journal = wire_text("intake");
    intake->bytes = s->intake_bytes;
    intake->bound_bytes = s->intake_bound_bytes;
    intake->rolls = s->intake_rolls;
    intake->rolls_waited = s->intake_rolls_waited;
    out->journals = wire_array(arena, 1, sizeof *out->journals);
    out->journals[0] = intake;
    out->n_journals = 1;
}

static Carbon__V1__Stages *encode_stages(const struct status *s, struct arena *arena)
{
    Carbon__V1__Stages *out = wire_new(arena, &carbon__v1__stages__descriptor);
    out->points = s->points;
    out->points_held = s->points_held;
    out->retained_readings = s->retained_readings;
    out->windows_open = s->windows_open;
    out->revisions_pending = s->revisions_pending;
    out->windows_skipped = s->windows_skipped;
    out->windows_uncovered = s->windows_uncovered;
    return out;
}

static Carbon__V1__Acknowledged *encode_acknowledged(const struct status *s, struct arena *arena)
{
    if (s->acknowledged_us == 0)
        return NULL;
    Carbon__V1__Acknowledged *out = wire_new(arena, &carbon__v1__acknowledged__descriptor);
    out->epoch_ordinal = s->acknowledged_ordinal;
    out->sequence = s->acknowledged_sequence;
    out->acknowledged_unix_ms = wire_ms(s->acknowledged_us);
    return out;
}

/* --- promises and alarms --- */

static Carbon__V1__Guarantees *encode_guarantees(const struct status *s, struct arena *arena)
{
    static const Carbon__V1__LosslessClaim claims[] = {
        [LOSSLESS_UNPROVEN] = CARBON__V1__LOSSLESS_CLAIM__LOSSLESS_CLAIM_UNPROVEN,
        [LOSSLESS_PROVEN] = CARBON__V1__LOSSLESS_CLAIM__LOSSLESS_CLAIM_PROVEN,
        [LOSSLESS_REFUTED] = CARBON__V1__LOSSLESS_CLAIM__LOSSLESS_CLAIM_REFUTED,
    };
    Carbon__V1__Guarantees *out = wire_new(arena, &carbon__v1__guarantees__descriptor);
    out->durability = s->is_durable_to_power ? CARBON__V1__DURABILITY__DURABILITY_POWER
                                             : CARBON__V1__DURABILITY__DURABILITY_PROCESS;
    out->lossless = claims[s->lossless];
    out->lossless_evidence = wire_outside_text(s->lossless_evidence, ERROR_BYTES_MOST);
    out->lossless_unix_ms = wire_ms(s->lossless_us);
    out->lateness_ms = (uint64_t)wire_ms(s->lateness_us);
    out->keep = (uint32_t)s->keep;
    return out;
}

static Carbon__V1__Alarm *encode_alarm(const struct alarm *alarm, struct arena *arena)
{
    Carbon__V1__Alarm *out = wire_new(arena, &carbon__v1__alarm__descriptor);
    out->id = wire_text(alarm->key.id);
    out->site_id = wire_text(alarm->key.site);
    out->device_id = wire_text(alarm->key.device);
    out->point = wire_text(alarm->key.point);
    out->since_unix_ms = wire_ms(alarm->since_us);
    out->text = wire_outside_text(alarm->text, ALARM_BYTES_MOST);
    return out;
}

static void encode_alarms(const struct status *s, struct arena *arena,
                          Carbon__V1__GatewayStatus *out)
{
    size_t n = s->alarms ? s->alarms->n : 0;
    size_t told = n < ALARMS_TOLD_MOST ? n : ALARMS_TOLD_MOST;
    out->alarms = wire_array(arena, told, sizeof *out->alarms);
    for (size_t i = 0; i < told; i++)
        out->alarms[out->n_alarms++] = encode_alarm(&s->alarms->at[i], arena);
    out->alarms_total = (uint32_t)n;
}

/* --- the messages --- */

static void encode_identity(const struct status *s, Carbon__V1__GatewayStatus *out)
{
    out->gateway_id = wire_text(s->gateway_id);
    out->gateway_epoch = s->gateway_epoch;
    out->epoch_ordinal = s->epoch_ordinal;
    out->version = wire_text(s->version);
    out->is_online = true;
    out->started_unix_ms = wire_ms(s->started_us);
    out->published_unix_ms = wire_ms(s->at_us);
    out->config_hash = wire_text(s->config_hash);
    out->is_clock_synchronised = s->is_clock_synchronised;
}

void encode_status(const struct status *s, struct buffer *out)
{
    struct arena arena;
    arena_init(&arena, 0);
    Carbon__V1__GatewayStatus *message = wire_new(&arena, &carbon__v1__gateway_status__descriptor);
    encode_identity(s, message);
    encode_links(s, &arena, message);
    encode_books(s, &arena, message);
    encode_backlogs(s, &arena, message);
    encode_journals(s, &arena, message);
    message->last_acknowledged = encode_acknowledged(s, &arena);
    message->last_sequence = s->last_sequence;
    message->stages = encode_stages(s, &arena);
    message->guarantees = encode_guarantees(s, &arena);
    encode_alarms(s, &arena, message);
    wire_write(message, out);
    arena_fini(&arena);
}

void encode_offline(const char *gateway_id, uint64_t epoch, bool is_stopped, struct buffer *out)
{
    Carbon__V1__GatewayStatus message = CARBON__V1__GATEWAY_STATUS__INIT;
    message.gateway_id = wire_text(gateway_id);
    message.gateway_epoch = epoch;
    message.offline_reason = is_stopped ? CARBON__V1__OFFLINE_REASON__OFFLINE_REASON_STOPPED
                                        : CARBON__V1__OFFLINE_REASON__OFFLINE_REASON_LOST;
    wire_write(&message, out);
}

static ProtobufCBinaryData bytes_of(struct slice s)
{
    return (ProtobufCBinaryData){ .len = s.size, .data = (uint8_t *)s.at };
}

void encode_rejected(const struct rejected *r, struct buffer *out)
{
    Carbon__V1__RejectedMessage message = CARBON__V1__REJECTED_MESSAGE__INIT;
    struct slice head = r->payload;
    if (head.size > PAYLOAD_BYTES_MOST)
        head.size = PAYLOAD_BYTES_MOST;

    message.gateway_id = wire_text(r->gateway_id);
    message.topic = bytes_of(r->topic);
    message.verdict = (Carbon__V1__Verdict)r->verdict;
    message.site_id = wire_outside_text(r->site, NAME_BYTES_MOST);
    message.device_id = wire_outside_text(r->device, NAME_BYTES_MOST);
    message.point = wire_outside_text(r->point, NAME_BYTES_MOST);
    message.received_unix_ms = wire_ms(r->received_us);
    message.payload = bytes_of(head);
    message.payload_size = r->payload_size;
    message.journal_sequence = r->journal_sequence;
    wire_write(&message, out);
}
