/* The pipeline's own memory: its configuration, its rows of the snapshot, its part of the status.
 *
 * Rows (stage PIPELINE; each value begins with its format version):
 *   "a config"   the canonical YAML. First in key order, since all that follows is loaded into the plan
 *   "b epoch"    u64 epoch, u32 ordinal, u64 sequence, slice version, slice tzdata, and from 2 on
 *                u64 entry of the last new beginning (pipeline_began)
 *   "c clock"    16 bytes boot id, u64 boottime, i64 elapsed, i64 wall
 *   "d took/N"   u64 journal id, u64 until
 *   "e logbook"  u64 journal id of the log book that the store's position is one of
 *   "f dropped"  u64 summaries, u64 tombstones; none before the first
 * Rows (stage LEDGER): "=" holds the messages, "/SITE" a site, "-" what belongs to none. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "pipeline_private.h"

#define ROW_VERSION 1
#define EPOCH_VERSION 2

/* Moves the ledger to the sites of a new plan. What was counted for a site that is gone goes to "-":
 * the sum over all rows stays what it was. */
static void move_ledger(struct pipeline *p, const struct plan *next)
{
    struct ledger moved = { .messages = p->ledger.messages, .is_dirty = true };
    ledger_fit(&moved, next->n_sites);

    for (size_t i = 0; i < p->ledger.n; i++) {
        int32_t site = -1;
        if (i > 0)
            site = plan_site(next, slice_of(p->plan->sites[i - 1].id));
        const struct ledger_row *from = &p->ledger.rows[i];
        struct ledger_row *to = &moved.rows[site + 1];
        to->received += from->received;
        to->reclassified += from->reclassified;
        for (size_t v = 0; v < VERDICT_COUNT; v++)
            to->by_verdict[v] += from->by_verdict[v];
    }
    ledger_fini(&p->ledger);
    p->ledger = moved;
}

static int raise_problems(const struct problems *problems, const char *what)
{
    struct buffer text = { 0 };
    problems_print(problems, &text);
    int rc = err_raise(-1, "%s:\n%.*s", what, (int)text.size, (const char *)text.at);
    buffer_fini(&text);
    return rc;
}

static void configure_derive(struct pipeline *p, const struct plan *next)
{
    int64_t *frontiers_us = calloc(next->n_sites + 1, sizeof *frontiers_us);
    if (!frontiers_us)
        abort();
    for (size_t i = 0; i < next->n_sites; i++)
        frontiers_us[i] = account_frontier(p->account, (int32_t)i);
    derive_configure(p->derive, next, frontiers_us);
    free(frontiers_us);
}

int pipeline_configure(struct pipeline *p, struct slice yaml)
{
    struct arena arena;
    struct problems problems;
    struct plan *next = NULL;

    arena_init(&arena, 0);
    problems_init(&problems, "log book", &arena);
    int rc = plan_read(yaml, &problems, &next);
    if (rc == 0)
        rc = decode_configure(p->decode, next, &problems);
    if (rc == 0) {
        move_ledger(p, next);
        meter_configure(p->meter, next);
        account_configure(p->account, next);
        fill_configure(p->fill, next);
        configure_derive(p, next);
        plan_free(p->plan);
        p->plan = next;
        p->has_new_config = true;
    } else {
        rc = raise_problems(&problems, next
            ? "the plan in force until now names a plugin that cannot be loaded, and what came under it could "
              "not be read without – put the plugin back into the directory that `plugins` names and start "
              "once; then it may leave"
            : "the configuration in the log book cannot be used");
        plan_free(next);
    }
    problems_fini(&problems);
    arena_fini(&arena);
    return rc;
}

static void set_text(char *to, size_t room, struct slice text)
{
    size_t n = text.size < room ? text.size : room - 1;
    if (n > 0)
        memcpy(to, text.at, n);
    to[n] = '\0';
}

void pipeline_set_versions(struct pipeline *p, struct slice version, struct slice tzdata)
{
    set_text(p->version, sizeof p->version, version);
    set_text(p->tzdata, sizeof p->tzdata, tzdata);
}

/* Saving. */

static struct buffer *begin_row_of(struct pipeline *p, uint8_t version)
{
    buffer_clear(&p->row);
    buffer_put_u8(&p->row, version);
    return &p->row;
}

static struct buffer *begin_row(struct pipeline *p)
{
    return begin_row_of(p, ROW_VERSION);
}

static void put_row(struct pipeline *p, struct state_out *out, enum stage stage, const char *key)
{
    out->put(out->self, stage, slice_of(key), buffer_slice(&p->row));
}

static void save_config(struct pipeline *p, struct state_out *out)
{
    if (!p->has_new_config)
        return;
    struct buffer *row = begin_row(p);
    buffer_put(row, p->plan->canonical.at, p->plan->canonical.size);
    put_row(p, out, STAGE_PIPELINE, "a config");
    p->has_new_config = false;
}

static void save_epoch(struct pipeline *p, struct state_out *out)
{
    struct buffer *row = begin_row_of(p, EPOCH_VERSION);
    buffer_put_u64(row, p->epoch);
    buffer_put_u32(row, p->epoch_ordinal);
    buffer_put_u64(row, p->sequence);
    buffer_put_text(row, p->version);
    buffer_put_text(row, p->tzdata);
    buffer_put_u64(row, p->began);
    put_row(p, out, STAGE_PIPELINE, "b epoch");
}

static void save_clock(struct pipeline *p, struct state_out *out)
{
    struct buffer *row = begin_row(p);
    buffer_put(row, p->clock.boot_id, sizeof p->clock.boot_id);
    buffer_put_u64(row, p->clock.boottime_us);
    buffer_put_i64(row, p->clock.elapsed_us);
    buffer_put_i64(row, p->clock.wall_us);
    put_row(p, out, STAGE_PIPELINE, "c clock");
}

static void save_took(struct pipeline *p, struct state_out *out)
{
    for (unsigned i = 0; i < PIPELINE_INTAKES_MOST; i++) {
        struct pipeline_took *t = &p->took[i];
        if (!t->is_dirty)
            continue;
        char key[16];
        snprintf(key, sizeof key, "d took/%u", i);
        struct buffer *row = begin_row(p);
        buffer_put_u64(row, t->journal_id);
        buffer_put_u64(row, t->until);
        put_row(p, out, STAGE_PIPELINE, key);
        t->is_dirty = false;
    }
}

static void save_logbook(struct pipeline *p, struct state_out *out)
{
    if (!p->has_new_logbook)
        return;
    struct buffer *row = begin_row(p);
    buffer_put_u64(row, p->logbook_id);
    put_row(p, out, STAGE_PIPELINE, "e logbook");
    p->has_new_logbook = false;
}

static void save_dropped(struct pipeline *p, struct state_out *out)
{
    if (p->dropped.tombstones == 0)
        return;
    struct buffer *row = begin_row(p);
    buffer_put_u64(row, p->dropped.summaries);
    buffer_put_u64(row, p->dropped.tombstones);
    put_row(p, out, STAGE_PIPELINE, "f dropped");
}

static void save_ledger_row(struct pipeline *p, struct state_out *out, size_t i)
{
    struct buffer key = { 0 };
    if (i == 0)
        buffer_print(&key, "-");
    else
        buffer_print(&key, "/%s", p->plan->sites[i - 1].id);
    struct buffer *row = begin_row(p);
    ledger_row_write(&p->ledger.rows[i], row);
    out->put(out->self, STAGE_LEDGER, buffer_slice(&key), buffer_slice(row));
    buffer_fini(&key);
}

static void save_ledger(struct pipeline *p, struct state_out *out)
{
    if (!p->ledger.is_dirty)
        return;
    struct buffer *row = begin_row(p);
    buffer_put_u64(row, p->ledger.messages.journalled);
    buffer_put_u64(row, p->ledger.messages.decoded);
    buffer_put_u64(row, p->ledger.messages.undecodable);
    put_row(p, out, STAGE_LEDGER, "=");
    for (size_t i = 0; i < p->ledger.n; i++)
        save_ledger_row(p, out, i);
    p->ledger.is_dirty = false;
}

void pipeline_save(struct pipeline *p, struct store_batch *out)
{
    struct state_out rows = store_batch_state(out);

    save_config(p, &rows);
    save_epoch(p, &rows);
    save_clock(p, &rows);
    save_took(p, &rows);
    save_dropped(p, &rows);
    save_logbook(p, &rows);
    save_ledger(p, &rows);
    pipeline_save_orders(p, &rows);
    meter_save(p->meter, &rows);
    fill_save(p->fill, &rows);
    derive_save(p->derive, &rows);
    account_save(p->account, &rows);
    store_batch_position(out, p->position);
}

/* Loading. */

/* A row of version 1 does not say where a later epoch began: somewhere, so before any base is written. */
static int load_epoch(struct pipeline *p, uint8_t version, struct cursor *c)
{
    p->epoch = cursor_u64(c);
    p->epoch_ordinal = cursor_u32(c);
    p->sequence = cursor_u64(c);
    struct slice gateway = cursor_slice(c);
    struct slice tzdata = cursor_slice(c);
    pipeline_set_versions(p, gateway, tzdata);
    p->began = version > ROW_VERSION ? cursor_u64(c) : p->epoch_ordinal > 1;
    return c->has_failed ? STATE_MALFORMED : 0;
}

static int load_clock(struct pipeline *p, struct cursor *c)
{
    struct slice boot_id = cursor_bytes(c, sizeof p->clock.boot_id);
    p->clock.boottime_us = cursor_u64(c);
    p->clock.elapsed_us = cursor_i64(c);
    p->clock.wall_us = cursor_i64(c);
    if (c->has_failed)
        return STATE_MALFORMED;
    memcpy(p->clock.boot_id, boot_id.at, boot_id.size);
    account_clock(p->account, p->clock.elapsed_us, p->clock.wall_us, true);
    return 0;
}

static int load_took(struct pipeline *p, struct slice key, struct cursor *c)
{
    unsigned intake = (unsigned)key.at[key.size - 1] - '0';
    if (intake >= PIPELINE_INTAKES_MOST)
        return STATE_MALFORMED;
    p->took[intake].journal_id = cursor_u64(c);
    p->took[intake].until = cursor_u64(c);
    return c->has_failed ? STATE_MALFORMED : 0;
}

int pipeline_read_took(struct slice value, uint64_t *journal_id, uint64_t *took)
{
    struct cursor c = cursor_of(value);
    uint8_t version = cursor_u8(&c);
    uint64_t id = cursor_u64(&c), until = cursor_u64(&c);
    if (c.has_failed || version == 0 || version > ROW_VERSION)
        return STATE_MALFORMED;
    *journal_id = id;
    *took = until;
    return 0;
}

static bool is_epoch(enum stage stage, struct slice key)
{
    return stage == STAGE_PIPELINE && key.size > 0 && key.at[0] == 'b';
}

static int load_own(struct pipeline *p, struct slice key, uint8_t version, struct cursor *c)
{
    switch (key.size ? key.at[0] : 0) {
    case 'a': {
        int rc = pipeline_configure(p, cursor_rest(c));
        p->has_new_config = false;
        return rc;
    }
    case 'b':
        return load_epoch(p, version, c);
    case 'c':
        return load_clock(p, c);
    case 'd':
        return load_took(p, key, c);
    case 'e':
        p->logbook_id = cursor_u64(c);
        return c->has_failed ? STATE_MALFORMED : 0;
    case 'f':
        p->dropped.summaries = cursor_u64(c);
        p->dropped.tombstones = cursor_u64(c);
        return c->has_failed ? STATE_MALFORMED : 0;
    default:
        return STATE_MALFORMED;
    }
}

static int load_ledger(struct pipeline *p, struct slice key, struct cursor *c)
{
    if (slice_equal(key, slice_of("="))) {
        p->ledger.messages.journalled = cursor_u64(c);
        p->ledger.messages.decoded = cursor_u64(c);
        p->ledger.messages.undecodable = cursor_u64(c);
        return c->has_failed ? STATE_MALFORMED : 0;
    }
    int32_t site = -1;
    if (key.size > 1 && key.at[0] == '/') {
        site = plan_site(p->plan, (struct slice){ key.at + 1, key.size - 1 });
        if (site < 0)
            return 0;    /* a site that left the plan: move_ledger gave its counts to "-" */
    }
    return ledger_row_read(cursor_rest(c), &p->ledger.rows[site + 1]) == 0 ? 0 : STATE_MALFORMED;
}

static int load_row(struct pipeline *p, enum stage stage, struct slice key, struct slice value)
{
    struct cursor c = cursor_of(value);

    if (stage == STAGE_METER)
        return meter_load(p->meter, key, value);
    if (stage == STAGE_FILL)
        return fill_load(p->fill, key, value);
    if (stage == STAGE_DERIVE)
        return p->plan ? derive_load(p->derive, key, value) : STATE_MALFORMED;
    if (stage == STAGE_ACCOUNT)
        return account_load(p->account, key, value);
    if (stage == STAGE_INTENSITY)
        return account_load_intensity(p->account, key, value);
    if (stage == STAGE_ORDER)
        return pipeline_load_order(p, key, value);

    uint8_t version = cursor_u8(&c);
    uint8_t known = is_epoch(stage, key) ? EPOCH_VERSION : ROW_VERSION;
    if (version == 0 || version > known)
        return err_raise(-1, "the snapshot's row \"%.*s\" has format %u, this version reads up to %u – "
                         "use the version that wrote it or a newer one", (int)key.size,
                         (const char *)key.at, version, known);
    if (stage == STAGE_PIPELINE)
        return load_own(p, key, version, &c);
    if (stage == STAGE_LEDGER && p->plan)
        return load_ledger(p, key, &c);
    return STATE_MALFORMED;
}

int pipeline_load(struct pipeline *p, enum stage stage, struct slice key, struct slice value)
{
    int rc = load_row(p, stage, key, value);
    if (rc > 0)
        log_line(LOG_ERROR, "snapshot.damaged", "stage=%d key=%.*s – this row does not fit", (int)stage,
                 (int)key.size, (const char *)key.at);
    return rc;
}

/* The audit. */

#define UNBALANCED "a defect of the gateway: these figures are not to be relied on; keep its state directory " \
                   "and report it"

static void tell_imbalance(const struct pipeline *p, int32_t site)
{
    if (site == -2) {
        const struct ledger_messages *m = &p->ledger.messages;
        log_line(LOG_ERROR, "ledger.imbalance", "journalled=%llu decoded=%llu undecodable=%llu – " UNBALANCED,
                 (unsigned long long)m->journalled, (unsigned long long)m->decoded,
                 (unsigned long long)m->undecodable);
        return;
    }
    const struct ledger_row *row = &p->ledger.rows[site + 1];
    log_line(LOG_ERROR, "ledger.imbalance", "site=%s received=%llu judged=%llu – " UNBALANCED,
             site < 0 ? "-" : p->plan->sites[site].id, (unsigned long long)row->received,
             (unsigned long long)ledger_judged(row));
}

bool pipeline_audit(const struct pipeline *p)
{
    int32_t site;
    bool is_balanced = ledger_balances(&p->ledger, &site);
    if (!is_balanced)
        tell_imbalance(p, site);
    return is_balanced;
}

/* The status. */

static void site_status(const struct pipeline *p, int32_t site, struct status_site *out)
{
    out->ledger = p->ledger.rows[site + 1];
    out->watermark_us = INT64_MIN;
    out->id = "-";
    if (site < 0)
        return;
    out->id = p->plan->sites[site].id;
    out->watermark_us = account_watermark(p->account, site);
    out->devices = (uint32_t)p->plan->sites[site].n_devices;
    out->silent_devices = account_silent_devices(p->account, site);
}

void pipeline_status(const struct pipeline *p, struct arena *arena, struct status *out)
{
    out->gateway_epoch = p->epoch;
    out->epoch_ordinal = p->epoch_ordinal;
    out->last_sequence = p->sequence;
    out->dropped_summaries = p->dropped.summaries;
    out->tombstones = p->dropped.tombstones;
    out->messages = p->ledger.messages;
    out->is_balanced = pipeline_balances(p);
    if (!p->plan)
        return;

    out->gateway_id = p->plan->gateway_id;
    out->config_hash = p->plan->hash;
    out->lateness_us = p->plan->lateness_us;
    out->keep = p->plan->keep;
    out->n_sites = p->ledger.n;
    out->sites = arena_take_zeroed(arena, out->n_sites, sizeof *out->sites);
    if (!out->sites)
        abort();
    for (size_t i = 0; i < out->n_sites; i++)
        site_status(p, (int32_t)i - 1, &out->sites[i]);

    struct meter_figures meter;
    meter_figures(p->meter, &meter);
    out->points = meter.points;
    out->points_held = meter.held;
    out->retained_readings = meter.retained;
    struct account_figures account;
    account_figures(p->account, &account);
    out->windows_open = account.windows_open;
    out->revisions_pending = account.revisions_pending;
    out->windows_skipped = account.windows_skipped;
    out->windows_uncovered = account.windows_uncovered;
    struct decode_figures decode;
    decode_figures(p->decode, &decode);
    out->unknown_fields = decode.unknown_fields;
}
