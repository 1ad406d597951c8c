/* The order of the stages, written once.
 *
 * A reader who wants to know what the gateway does to a reading reads take_frame: decode gives
 * readings, metering gives amounts, accounting gives windows, and what became due leaves. All else on
 * this page is the log book: which entry means what, and what time it is. Time is what the entries
 * say. `wall` is forced monotonic, so that nothing is ever published before what came before it;
 * `elapsed` adds up differences of boot time, so that a wall clock that is set by hours neither closes
 * a window nor keeps one open. Between two boots nothing is known, and nothing is added. */
#include <stdlib.h>
#include <string.h>

#include "base/crash.h"
#include "base/err.h"
#include "base/log.h"
#include "pipeline.h"
#include "pipeline_private.h"

/* Scratch of one frame; a message beyond it is too large to take apart. */
#define BATCH_BYTES_MOST ((size_t)64 << 20)

int pipeline_open(const struct pipeline_conf *conf, struct pipeline **out)
{
    struct pipeline *p = calloc(1, sizeof *p);
    if (!p)
        abort();
    p->conf = *conf;
    arena_init(&p->batch, BATCH_BYTES_MOST);
    arena_init(&p->leaving, 0);
    arena_init(&p->orders.arena, 0);
    decode_open(&conf->plugins, &p->decode);
    meter_open(&p->meter);
    derive_open(&p->conf.lookup, &p->derive);
    account_open(&p->conf.lookup, &p->account);
    fill_open(&p->fill);
    *out = p;
    return 0;
}

void pipeline_close(struct pipeline *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < PIPELINE_INTAKES_MOST; i++) {
        poison_close(p->took[i].poison);
        journal_reader_close(p->took[i].reader);
    }
    fill_close(p->fill);
    account_close(p->account);
    derive_close(p->derive);
    meter_close(p->meter);
    decode_close(p->decode);
    plan_free(p->plan);
    pipeline_orders_fini(&p->orders);
    ledger_fini(&p->ledger);
    buffer_fini(&p->encoded.id);
    buffer_fini(&p->encoded.topic);
    buffer_fini(&p->encoded.payload);
    buffer_fini(&p->row);
    arena_fini(&p->leaving);
    arena_fini(&p->batch);
    free(p);
}

static void number(struct pipeline *p, struct summary *s)
{
    s->gateway_epoch = p->epoch;
    s->epoch_ordinal = p->epoch_ordinal;
    s->sequence = ++p->sequence;
    s->cause = p->position;
    s->gateway_version = p->version;
    s->tzdata_version = p->tzdata;
}

/* Encodes a summary and puts it where it is committed together with the state that gave it. */
static void leave(struct pipeline *p, struct summary *s, struct store_batch *out)
{
    struct pipeline_encoded *e = &p->encoded;

    crash_point("pipeline.due");
    number(p, s);
    if (s->adjusted)
        account_numbered(p->account, s);
    buffer_clear(&e->id);
    buffer_clear(&e->topic);
    buffer_clear(&e->payload);
    p->conf.encode(p->conf.encode_self, p->plan, s, e);
    buffer_put_u8(&e->id, 0);
    buffer_put_u8(&e->topic, 0);

    store_batch_summary(out, &(struct store_summary){
        .epoch_ordinal = s->epoch_ordinal,
        .sequence = s->sequence,
        .cause = s->cause,
        .ordinal = p->ordinal++,
        .id = (const char *)e->id.at,
        .site = s->dropped ? "-" : p->plan->sites[s->site].id,
        .period = s->dropped ? "tombstone" : s->adjusted ? "adjustment" : period_names[s->period],
        .start_us = s->start_us,
        .end_us = s->end_us,
        .published_us = s->published_us,
        .revision = s->revision,
        .topic = (const char *)e->topic.at,
        .payload = buffer_slice(&e->payload),
    });
}

/* What of a summary other stages know. */
static void describe(struct pipeline *p, struct summary *s)
{
    fill_list(p->fill, s->site, s->start_us, s->end_us, &p->leaving, &s->quality.substituted,
              &s->quality.n_substituted);
}

static int add_amounts(struct pipeline *p, const struct amounts *amounts);

/* Intervals of derived points that the watermark has passed, before the windows around them close. */
static int pass(struct pipeline *p)
{
    for (size_t i = 0; derive_is_used(p->derive) && i < p->plan->n_sites; i++) {
        struct amounts derived;
        int64_t until_us = p->is_closed ? INT64_MAX : account_watermark(p->account, (int32_t)i);
        int rc = derive_pass(p->derive, (int32_t)i, until_us, &derived);
        rc = rc < 0 ? rc : add_amounts(p, &derived);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* Everything that closed or changed. */
static int emit_due(struct pipeline *p, struct store_batch *out)
{
    int passed = pass(p);
    while (passed == 0) {
        struct summary s;
        arena_reset(&p->leaving);
        int rc = account_emit(p->account, &p->leaving, &s);
        if (rc != 0)
            return rc == ACCOUNT_NOTHING ? 0 : rc;
        describe(p, &s);
        leave(p, &s, out);
    }
    return passed;
}

static void reject(struct pipeline *p, const struct frame *f, const struct reading *r, enum verdict v)
{
    if (p->conf.on_rejected)
        p->conf.on_rejected(p->conf.rejected_self, &(struct pipeline_rejected){
            .verdict = v, .frame = f, .reading = r, .plan = p->plan });
}

/* Adds what metering derived to the streams that it belongs to. An amount beyond all bounds of the books is told and left out, also when it
 * is taken back. The reading keeps its verdict: metering retains it under that one, and a later reading
 * may move it on from there. */
static int add_amounts(struct pipeline *p, const struct amounts *amounts)
{
    for (size_t i = 0; i < amounts->n; i++) {
        if (p->conf.tap)
            p->conf.tap->on_amount(p->conf.tap->self, p->plan, &amounts->at[i]);
        fill_note(p->fill, &amounts->at[i]);
        if (p->plan->points[amounts->at[i].point].stream < 0)
            continue;
        int rc = account_add(p->account, &amounts->at[i]);
        if (rc < 0)
            return rc;
        if (rc == ACCOUNT_OVERFLOW)
            log_line(LOG_ERROR, "account.overflow",
                     "point=%s – an amount was left out, its sum would not fit; check the unit and "
                     "the multiplier of the point, and set its max_rate",
                     p->plan->points[amounts->at[i].point].id);
    }
    return 0;
}

/* The same of what follows from them for derived points. */
int pipeline_add(struct pipeline *p, const struct amounts *amounts)
{
    struct amounts derived;
    int rc = add_amounts(p, amounts);
    if (rc < 0 || !derive_is_used(p->derive))
        return rc;
    rc = derive_take(p->derive, amounts, &derived);
    return rc < 0 ? rc : add_amounts(p, &derived);
}

/* How far the hours of a site are to be filled. */
static int64_t fill_until(const struct pipeline *p, int32_t site, bool is_correction)
{
    if (is_correction)
        return FILL_NO_FURTHER;
    return p->is_closed ? account_frontier(p->account, site) : account_watermark(p->account, site);
}

/* What the hours that are over want, each site by its own time. Counts what left. */
static int fill_hours(struct pipeline *p, bool is_correction, size_t *n)
{
    *n = 0;
    for (int32_t site = 0; (size_t)site < p->plan->n_sites; site++) {
        struct amounts amounts;
        arena_reset(&p->leaving);
        fill_judge(p->fill, site, fill_until(p, site, is_correction), p->is_closed, &p->leaving, &amounts);
        *n += amounts.n;
        int rc = pipeline_add(p, &amounts);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* Windows close before their gaps are filled: a gap is published as missing first. What was filled and came
 * after all is taken back before that, so that nothing is published that holds both. */
int pipeline_emit(struct pipeline *p, struct store_batch *out)
{
    size_t n = 0;
    if (fill_is_empty(p->fill))
        return emit_due(p, out);
    int rc = fill_hours(p, true, &n);
    rc = rc < 0 ? rc : emit_due(p, out);
    rc = rc < 0 ? rc : fill_hours(p, false, &n);
    return rc < 0 || n == 0 ? rc : emit_due(p, out);
}

/* Verdicts that the fold changed on readings of before. */
void pipeline_move(struct pipeline *p, int32_t site, const struct amounts *amounts)
{
    for (size_t i = 0; i < amounts->n_moved; i++)
        ledger_move(&p->ledger, site, amounts->moved[i].from, amounts->moved[i].to);
}

/* Whether a stamp passed the future check or, where that was waived since the clock of the frame is not
 * known to be right, would have passed it all the same. */
static bool is_checked(const struct pipeline *p, const struct frame *f, const struct reading *r)
{
    int64_t latest_us;
    return f->clock.is_synchronised ||
           (!__builtin_add_overflow(frame_wall_us(f), p->plan->max_future_us, &latest_us) &&
            r->time_us <= latest_us);
}

static void look_on(const struct pipeline *p, const struct frame *f, const struct reading *r, enum verdict v)
{
    if (p->conf.tap)
        p->conf.tap->on_reading(p->conf.tap->self, p->plan, f, r, v);
}

/* One reading through metering and accounting. */
static int take_reading(struct pipeline *p, const struct frame *f, const struct reading *r)
{
    enum verdict v = r->verdict;

    if (v == VERDICT_COUNTED) {
        struct amounts amounts = { 0 };
        v = meter_take(p->meter, r, &p->batch, &amounts);
        crash_point("pipeline.derived");
        look_on(p, f, r, v);
        int rc = pipeline_add(p, &amounts);
        if (rc < 0)
            return rc;
        pipeline_move(p, r->site, &amounts);
    } else {
        look_on(p, f, r, v);
    }
    if (v == VERDICT_COUNTED)
        account_seen(p->account, r->device, r->time_us, is_checked(p, f, r));
    ledger_count(&p->ledger, r->site, v);
    if (verdict_is_rejected(v))
        reject(p, f, r, v);
    return 0;
}

/* A message that holds no readings to speak of counts as one, for site "-". */
static void take_verdict(struct pipeline *p, const struct frame *f, enum verdict v)
{
    p->ledger.messages.undecodable++;
    ledger_received(&p->ledger, -1, 1);
    ledger_count(&p->ledger, -1, v);
    reject(p, f, NULL, v);
}

/* What a grid emits. A message in which one value fits no interval that is known counts as one that cannot be
 * taken; the others of it are. Few windows are concerned mostly, and they are brought to it at once. */
static int take_intensities(struct pipeline *p, const struct frame *f, const struct readings *in)
{
    bool has_conflict = false;
    for (size_t i = 0; i < in->n_intensities; i++)
        has_conflict |= account_intensity(p->account, &in->intensities[i]) == ACCOUNT_CONFLICT;
    if (has_conflict)
        take_verdict(p, f, VERDICT_CONFLICT);
    else
        p->ledger.messages.decoded++;
    return account_work(p->account);
}

/* One frame through all stages. Everything the gateway does to data is on this page. */
static int take_stages(struct pipeline *p, const struct frame *f)
{
    struct readings in = { 0 };

    arena_reset(&p->batch);
    enum verdict v = decode_frame(p->decode, f, &p->batch, &in);
    crash_point("pipeline.decoded");
    if (v != VERDICT_COUNTED) {
        take_verdict(p, f, v);
        return 0;
    }

    if (in.n_intensities > 0)
        return take_intensities(p, f, &in);
    p->ledger.messages.decoded++;
    for (size_t i = 0; i < in.n; i++)
        ledger_received(&p->ledger, in.at[i].site, 1);
    for (size_t i = 0; i < in.n; i++) {
        int rc = take_reading(p, f, &in.at[i]);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* In hand from before its first stage until behind its last, so that a crash finds whom to blame. What
 * was set aside has never been taken to its end, and no stage sees it. */
static int take_frame(struct pipeline *p, const struct pipeline_took *t, const struct frame *f,
                      struct store_batch *out)
{
    int rc = 0;

    account_frame(p->account, t == &p->took[0] ? f->sequence : 0);
    p->ledger.messages.journalled++;
    p->ledger.is_dirty = true;
    if (poison_has(t->poison, journal_reader_id(t->reader), f->sequence)) {
        take_verdict(p, f, VERDICT_POISON);
    } else {
        hand_take(p->hand, f->sequence);
        rc = take_stages(p, f);
        hand_take(p->hand, 0);
    }
    rc = rc < 0 ? rc : pipeline_emit(p, out);
    account_frame(p->account, 0);
    return rc;
}

static int take_frames(struct pipeline *p, const struct entry *e, struct store_batch *out)
{
    if (e->intake >= PIPELINE_INTAKES_MOST)
        return err_raise(-1, "the log book names intake %u, this version knows %u", e->intake,
                         PIPELINE_INTAKES_MOST);
    if (!p->plan)
        return err_raise(-1, "the log book takes frames before any configuration: it does not begin "
                         "at its beginning");
    int rc = pipeline_open_intake(p, e);
    if (rc < 0)
        return rc;

    struct pipeline_took *t = &p->took[e->intake];
    struct frame f;
    while (rc == 0 && (rc = journal_read(t->reader, e->until, &f)) == 0) {
        pipeline_note_read(p, t, &f);
        rc = take_frame(p, t, &f, out);
        if (rc < 0)
            return rc;
    }
    t->journal_id = e->journal_id;
    t->until = e->until;
    t->is_dirty = true;
    return rc < 0 ? rc : 0;
}

/* The clock of the entry in hand. */
static void take_time(struct pipeline *p, const struct entry *e)
{
    struct pipeline_clock *c = &p->clock;

    bool is_same_boot = memcmp(c->boot_id, e->clock.boot_id, sizeof c->boot_id) == 0;
    if (is_same_boot && e->boottime_us > c->boottime_us)
        c->elapsed_us += (int64_t)(e->boottime_us - c->boottime_us);
    memcpy(c->boot_id, e->clock.boot_id, sizeof c->boot_id);
    c->boottime_us = e->boottime_us;

    int64_t wall_us = (int64_t)e->boottime_us + e->clock.offset_us;
    if (wall_us > c->wall_us)
        c->wall_us = wall_us;
    account_clock(p->account, c->elapsed_us, c->wall_us, e->clock.is_synchronised);
}

/* What the policy gave up leaves the outbox, and a tombstone with the next sequence says so: who counts
 * sequences finds each number either in a summary or in a tombstone. */
static int take_drop(struct pipeline *p, const struct entry *e, struct store_batch *out)
{
    if (!p->plan)
        return err_raise(-1, "the log book drops summaries before any configuration: it does not begin "
                         "at its beginning");
    struct summary_dropped dropped = { e->epoch_ordinal, e->from, e->until };
    store_batch_drop(out, e->epoch_ordinal, e->from, e->until);
    p->dropped.summaries += e->until - e->from + 1;
    p->dropped.tombstones++;
    leave(p, &(struct summary){
        .site = -1,
        .start_us = e->start_us,
        .end_us = e->end_us,
        .revision = 1,
        .published_us = p->clock.wall_us,
        .dropped = &dropped,
    }, out);
    return 0;
}

static int take_config(struct pipeline *p, const struct entry *e)
{
    if (!p->conf.amend)
        return pipeline_configure(p, e->yaml);
    struct buffer yaml = { 0 };
    p->conf.amend(p->conf.amend_self, e->yaml, &yaml);
    int rc = pipeline_configure(p, buffer_slice(&yaml));
    buffer_fini(&yaml);
    return rc;
}

static void take_genesis(struct pipeline *p, const struct entry *e)
{
    p->epoch = e->gateway_epoch;
    p->epoch_ordinal = e->epoch_ordinal;
    p->sequence = 0;
    if (e->epoch_ordinal > 1)
        p->began = e->sequence;
}

static void take_hole(struct pipeline *p, const struct entry *e)
{
    log_line(LOG_WARN, "account.hole", "%.*s – what came before is not wholly known; windows that may lack "
             "something are not published, account.uncovered will say which", (int)e->why.size,
             (const char *)e->why.at);
    account_hole(p->account);
    p->began = e->sequence;
}

/* The rows go in the batch that raises the mark behind which nobody looks for them. */
static void take_forget(struct pipeline *p, const struct entry *e, struct store_batch *out)
{
    struct state_out rows = store_batch_state(out);
    account_forget(p->account, e->before_us, &rows);
    for (size_t i = 0; p->plan && i < p->plan->n_sites; i++)
        derive_forget(p->derive, (int32_t)i, account_forgotten(p->account, (int32_t)i), &rows);
}

/* What the base had left out leaves the record here, so that every replay goes on without it too. */
static void take_rebuilt(struct pipeline *p, struct store_batch *out)
{
    struct state_out rows = store_batch_state(out);
    account_forget_unreachable(p->account, &rows);
}

/* Time has passed, and with it a moment for what is worked off in chunks. */
static int take_tick(struct pipeline *p, struct store_batch *out)
{
    if (!p->plan)
        return 0;
    int rc = account_work(p->account);
    return rc < 0 ? rc : pipeline_emit(p, out);
}

/* A replay's end. What is still to be worked off goes first, a chunk in each such entry. */
static int take_close(struct pipeline *p, struct store_batch *out)
{
    if (pipeline_has_work(p))
        return take_tick(p, out);
    p->is_closed = true;
    account_finish(p->account);
    return p->plan ? pipeline_emit(p, out) : 0;
}

static int take_kind(struct pipeline *p, const struct entry *e, struct store_batch *out)
{
    if (e->kind != FRAME_CLOSE)      /* the end of a replay: no clock was read for it */
        take_time(p, e);

    switch (e->kind) {
    case FRAME_GENESIS:
        take_genesis(p, e);
        return 0;
    case FRAME_START:
        pipeline_set_versions(p, e->version, e->tzdata);
        return 0;
    case FRAME_CONFIG:
        return take_config(p, e);
    case FRAME_TOOK:
        return take_frames(p, e, out);
    case FRAME_TICK:
        return take_tick(p, out);
    case FRAME_LOST:
        pipeline_take_lost(p, e);
        return 0;
    case FRAME_HOLE:
        take_hole(p, e);
        return 0;
    case FRAME_DROP:
        return take_drop(p, e, out);
    case FRAME_FORGET:
        take_forget(p, e, out);
        return 0;
    case FRAME_REBUILT:
        take_rebuilt(p, out);
        return 0;
    case FRAME_ORDER: {
        int rc = pipeline_take_order(p, e, out);
        return rc < 0 || !p->plan ? rc : pipeline_emit(p, out);
    }
    case FRAME_CLOSE:
        return take_close(p, out);
    default:
        return err_raise(-1, "log book entry %llu is of kind %u, which this version does not know – "
                         "use the version that wrote it or a newer one",
                         (unsigned long long)e->sequence, e->kind);
    }
}

/* One entry of the log book: what happened next. Live, after a crash and in a replay, this is the only
 * way in. */
int pipeline_take(struct pipeline *p, const struct entry *e, struct store_batch *out)
{
    p->position = e->sequence;
    p->ordinal = 0;
    int rc = take_kind(p, e, out);
    if (account_reached_back(p->account))
        p->began = e->sequence;
    return rc;
}

void pipeline_hold(struct pipeline *p, struct hand *hand)
{
    p->hand = hand;
}

uint64_t pipeline_took(const struct pipeline *p, unsigned intake)
{
    return intake < PIPELINE_INTAKES_MOST ? p->took[intake].until : 0;
}

uint64_t pipeline_took_id(const struct pipeline *p, unsigned intake)
{
    return intake < PIPELINE_INTAKES_MOST ? p->took[intake].journal_id : 0;
}

uint64_t pipeline_logbook(const struct pipeline *p)
{
    return p->logbook_id;
}

void pipeline_stand_at(struct pipeline *p, uint64_t logbook_id, uint64_t position)
{
    p->has_new_logbook = p->has_new_logbook || p->logbook_id != logbook_id;
    p->logbook_id = logbook_id;
    p->position = position;
}

uint64_t pipeline_position(const struct pipeline *p)
{
    return p->position;
}

int64_t pipeline_wall_us(const struct pipeline *p)
{
    return p->clock.wall_us;
}

int64_t pipeline_wait_us(const struct pipeline *p, uint64_t boottime_us)
{
    int64_t due_us = account_due(p->account);
    if (due_us == INT64_MAX)
        return INT64_MAX;
    int64_t since_us = (int64_t)(boottime_us - p->clock.boottime_us);
    int64_t wait_us = due_us - p->clock.elapsed_us - since_us;
    return wait_us > 0 ? wait_us : 0;
}

bool pipeline_has_work(const struct pipeline *p)
{
    return account_has_work(p->account);
}

const struct plan *pipeline_plan(const struct pipeline *p)
{
    return p->plan;
}

uint64_t pipeline_epoch(const struct pipeline *p)
{
    return p->epoch;
}

uint32_t pipeline_epoch_ordinal(const struct pipeline *p)
{
    return p->epoch_ordinal;
}

uint64_t pipeline_began(const struct pipeline *p)
{
    return p->began;
}

void pipeline_committed(struct pipeline *p)
{
    account_committed(p->account);
    derive_committed(p->derive);
}

bool pipeline_balances(const struct pipeline *p)
{
    return ledger_balances(&p->ledger, NULL);
}
