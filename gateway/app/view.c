/* What the gateway tells about itself: the retained status and rejected messages. */
#include "app/inside.h"
#include "base/clock.h"
#include "base/log.h"
#include "model/status.h"
#include "publish/encode.h"

#define UNSYNCHRONISED_TEXT                                                                        \
    "the kernel's clock is not synchronised: no reading is rejected as being from the future, and " \
    "devices far ahead have to confirm each other; start a time service (chrony, systemd-timesyncd)"

static void fill_link(struct app *a, struct status_link *out, enum link_state state,
                      const struct link_figures *f, const struct link_session *session)
{
    out->is_up = state == LINK_UP;
    out->up_since_us = f->up_since_wall_us;
    out->connects = f->connects;
    out->losses = f->losses;
    out->attempts_failed = f->refusals;
    out->takeovers = f->takeovers;
    out->is_turned_away = f->is_turned_away;
    out->last_error = arena_text(&a->view, slice_of(f->last_error));
    if (session) {
        out->is_mqtt_5 = session->protocol == LINK_MQTT_5;
        out->has_session = session->is_present;
    }
}

/* What is left on the disk above the reserve; a bound that the disk cannot give is none. */
static uint64_t at_most_free(const struct app *a, uint64_t room)
{
    uint64_t reserve = (uint64_t)a->conf->journal.reserve_bytes;
    uint64_t free_bytes = a->free_bytes > reserve ? a->free_bytes - reserve : 0;
    return room < free_bytes ? room : free_bytes;
}

static uint64_t left(uint64_t most, uint64_t used)
{
    return most > used ? most - used : 0;
}

/* How long the intake takes what comes while nothing can be committed. */
static int64_t intake_room_ms(struct app *a, const struct journal_figures *j)
{
    uint64_t now_us = clock_read().boottime_us;
    uint64_t behind = journal_bytes_behind(a->intake, vault_committed_took(a->vault));
    uint64_t room = at_most_free(a, left(app_intake_most(a), behind));
    rate_note(&a->intake_rate, now_us, j->body_bytes);
    return rate_lasts_ms(&a->intake_rate, now_us, j->body_bytes, room);
}

/* How long the outbox takes what is made while nothing leaves. History goes first, so all of the store's
 * bound but what waits already is room. */
static int64_t outbox_room_ms(struct app *a, const struct store_figures *f)
{
    uint64_t now_us = clock_read().boottime_us;
    uint64_t room = at_most_free(a, left((uint64_t)a->conf->store.most_bytes, f->outbox_bytes));
    rate_note(&a->outbox_rate, now_us, f->made_bytes);
    return rate_lasts_ms(&a->outbox_rate, now_us, f->made_bytes, room);
}

static void fill_journal(struct app *a, struct status *s)
{
    struct journal_figures j;
    journal_figures(a->intake, &j);
    s->intake_bytes = j.bytes;
    s->intake_rolls = j.rolls;
    s->intake_rolls_waited = j.rolls_waited;
    s->intake_bound_bytes = app_intake_most(a);
    uint64_t end = journal_end(a->intake), took = pipeline_took(a->pipeline, 0);
    s->intake_behind = end > took ? end - took : 0;      /* took may count frames that were lost */
    s->intake_room_ms = intake_room_ms(a, &j);
}

static void fill_upstream(struct app *a, struct status *s)
{
    struct publish_figures up;
    struct store_figures store;
    publish_figures(a->publish, &up);
    store_figures(a->store, &store);

    fill_link(a, &s->upstream, up.state, &up.link, NULL);
    s->upstream.refusals = up.refusals;
    s->outbox_messages = store.outbox_messages;
    s->outbox_bytes = store.outbox_bytes;
    s->outbox_room_ms = outbox_room_ms(a, &store);
    s->store_bytes = store.used_bytes;
    s->store_bound_bytes = (uint64_t)a->conf->store.most_bytes;
    s->acknowledged_ordinal = up.last_acknowledged_ordinal;
    s->acknowledged_sequence = up.last_acknowledged_sequence;
    s->acknowledged_us = up.last_acknowledged_wall_us;
}

static void fill_devices(struct app *a, struct status *s)
{
    struct ingest_figures in;
    ingest_figures(a->ingest, &in);
    fill_link(a, &s->devices, in.state, &in.link, &in.session);
    s->devices.sessions_lost = in.sessions_lost;
    s->devices.broker_drops = in.dropped;
}

/* Alarms that follow from the status itself. Straight into the table: this status tells them. */
static void hold(struct app *a, bool is_so, const char *id, const char *text)
{
    struct alarm_key key = { .id = id };
    if (!is_so)
        alarms_clear(&a->alarms, key);
    else if (alarms_raise(&a->alarms, key, clock_read().wall_us, text))
        log_line(LOG_ERROR, id, "– %s", text);
}

static void look_at_clock(struct app *a, const struct status *s)
{
    struct alarm_key key = { .id = "clock.unsynchronised" };
    if (s->is_clock_synchronised && alarms_clear(&a->alarms, key))
        log_line(LOG_INFO, "clock.synchronised", "– readings from the future are rejected again");
    if (!s->is_clock_synchronised && alarms_raise(&a->alarms, key, s->at_us, UNSYNCHRONISED_TEXT))
        log_line(LOG_WARN, key.id, "– %s", UNSYNCHRONISED_TEXT);
}

static void look_at_books(struct app *a, const struct status *s)
{
    hold(a, !s->is_balanced, "ledger.imbalance", "received and verdicts do not add up – a defect of the "
         "gateway; keep its state directory and report it");
    hold(a, s->points_held > 0, "point.held", "registers stay below an earlier value and are not summed "
         "– was a meter swapped?");
}

void app_tell_status(struct app *a)
{
    if (!a->publish || !a->ingest)
        return;
    struct status s = {
        .version = CARBON_VERSION,
        .at_us = clock_read().wall_us,
        .started_us = a->started_us,
        .is_clock_synchronised = clock_is_synchronised(),
        .is_durable_to_power = a->conf->journal.durability == DURABILITY_POWER,
        .lossless = (enum lossless)a->lossless.claim,
        .lossless_evidence = a->lossless.why,
        .lossless_us = a->lossless.at_us,
        .is_paused = a->paused_for != 0,
        .pauses = a->pauses,
    };
    arena_reset(&a->view);
    pipeline_status(a->pipeline, &a->view, &s);
    fill_devices(a, &s);
    fill_upstream(a, &s);
    fill_journal(a, &s);

    look_at_clock(a, &s);
    look_at_books(a, &s);
    s.alarms = &a->alarms;
    buffer_clear(&a->bytes);
    encode_status(&s, &a->bytes);
    publish_status(a->publish, buffer_slice(&a->bytes));
}

static void name_reading(const struct pipeline_rejected *r, struct rejected *out)
{
    const struct plan *plan = r->plan;
    const struct reading *reading = r->reading;

    out->site = out->device = out->point = "";
    if (!reading)
        return;
    if (reading->site >= 0)
        out->site = plan->sites[reading->site].id;
    if (reading->device >= 0)
        out->device = plan->devices[reading->device].id;
    if (reading->point >= 0)
        out->point = plan->points[reading->point].id;
}

/* Told upstream at a bounded rate and at QoS 0: for people who look for the cause, not for the books.
 * The books have the ledger. */
void on_rejected(void *self, const struct pipeline_rejected *r)
{
    struct app *a = self;

    if (!a->publish)
        return;                      /* catching up after a start: these were told before */
    if (a->rejected_left == 0) {
        a->rejected_untold++;
        return;
    }
    a->rejected_left--;
    struct rejected out = {
        .gateway_id = a->conf->plan.gateway_id,
        .journal_sequence = r->frame->sequence,
        .verdict = r->verdict,
        .topic = r->frame->topic,
        .payload = r->frame->rest,
        .payload_size = r->frame->rest.size,
        .received_us = frame_wall_us(r->frame),
    };
    struct too_large large;
    if (r->frame->kind == FRAME_TOO_LARGE && too_large_read(r->frame->rest, &large) == 0) {
        out.payload = large.head;
        out.payload_size = large.payload_size;
    }
    name_reading(r, &out);
    buffer_clear(&a->bytes);
    encode_rejected(&out, &a->bytes);
    publish_now(a->publish, a->rejected_topic, buffer_slice(&a->bytes));
}
