/* The durable path as the gateway has it (vault.h), with chance in the place of the network and the loop.
 *
 * A step is what a callback or a timer of the gateway does: a message arrives (append, with durability
 * `power` sync, acknowledge), frames are taken, a commit is cut, carried out and finished, summaries are
 * sent and acknowledged, time passes, the configuration comes again, the gateway is stopped or killed.
 * Power goes between two steps or in the middle of one, at any operation of the disk. Then all is opened
 * again from what survived, and power may go during that too. What was not acknowledged is sent again, as
 * a broker does. Some messages are large, and configurations come with a long comment, so that both
 * journals roll every few steps.
 *
 * At the end the power stays, all is taken, closed and published, and the outside adds up. */
#include "life.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "conf.h"
#include "disk.h"
#include "files.h"
#include "journal/journal.h"
#include "model/status.h"
#include "outside.h"
#include "vault/upkeep.h"
#include "vault/vault.h"

#define STATE DISK_ROOT "/state"
#define CONF_PATH DISK_ROOT "/gateway.yaml"
#define SEGMENT_BYTES ((int64_t)JOURNAL_BODY_MAX + 64 * 1024)   /* about the least that a journal takes */
#define LARGE_MOST (500u * 1024u)
#define COMMENT_BYTES (400u * 1024u)
#define UNACKNOWLEDGED_MOST 64u

static const char conf_text[] =
    "gateway: gw-1\n"
    "state: " STATE "\n"
    "factors:\n"
    "  - {id: grid, source: made up, per: kWh, co2: 0.5}\n"
    "sites:\n"
    "  - id: mill\n"
    "    zone: UTC\n"
    "    periods: [1min, 15min, hour]\n"
    "    publish_shorter: true\n"
    "    grace: 0s\n"
    "    restate_every: 0s\n"
    "    streams:\n"
    "      - {id: power, scope: 2, carrier: electricity, factor: grid}\n"
    "    devices:\n"
    "      - id: meter\n"
    "        points:\n"
    "          - {id: a, kind: interval, unit: kWh, stream: power, interval: 1min, keep: 4096}\n"
    "          - {id: b, kind: interval, unit: kWh, stream: power, interval: 1min, keep: 4096}\n"
    "          - {id: c, kind: interval, unit: kWh, stream: power, interval: 1min, keep: 4096}\n";

struct life {
    uint64_t chance;
    struct conf *conf;
    struct vault *vault;
    struct upkeep *upkeep;
    struct outside outside;
    uint32_t unacknowledged[UNACKNOWLEDGED_MOST];
    size_t n_unacknowledged;
    bool is_committing;
    uint64_t end_at_commit;      /* of the intake, when the commit was carried out */
    struct told {
        uint32_t epoch_ordinal;
        uint64_t sequence;
    } told[OUTSIDE_SUMMARIES];   /* acknowledgements in the batch */
    size_t n_told, n_told_at_cut;
    struct told sent_to;         /* the publisher's place in the outbox; begins anew at each start */
    bool may_lose_store, is_store_harmed;
    uint64_t kills;
};

/* The test of the test: syncs that are left out in all lives. */
static const char *left_out;

void life_leave_out(const char *name)
{
    left_out = name;
}

/* A chance of its own: what the disk does with it must not change what happens. */
static uint32_t chance(struct life *l, uint32_t of)
{
    l->chance = l->chance * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(l->chance >> 33) % of;
}

/* Whether a step went as promised. With the power gone, nothing was promised. */
static bool is_done(struct life *l, int rc, const char *step)
{
    if (!disk_is_on())
        return false;
    if (rc != 0)
        outside_broken(&l->outside, "%s failed (%d) on a disk that works", step, rc);
    return rc == 0;
}

/* Arriving. */

static size_t draw_padding(struct life *l)
{
    return chance(l, 6) == 0 ? LARGE_MOST / 4 + chance(l, LARGE_MOST - LARGE_MOST / 4) : chance(l, 900);
}

/* What ingest does in its callback. */
static int keep(struct life *l, struct frame *f)
{
    struct journal *intake = vault_intake(l->vault);
    int rc = journal_append(intake, f);
    if (rc == 0 && l->outside.is_power)
        rc = journal_sync(intake, f->sequence);
    return rc;
}

static void remember_unacknowledged(struct life *l, uint32_t serial)
{
    if (l->n_unacknowledged < UNACKNOWLEDGED_MOST)
        l->unacknowledged[l->n_unacknowledged++] = serial;
}

static void arrive(struct life *l, uint32_t serial)
{
    struct buffer payload = { 0 };
    outside_write(serial, draw_padding(l), &payload);
    struct frame f = { .kind = FRAME_MESSAGE, .flags = 1,
                       .topic = slice_of("carbon/v1/mill/meter/reading"),
                       .rest = buffer_slice(&payload) };
    uint64_t end = journal_end(vault_intake(l->vault));
    int rc = keep(l, &f);
    buffer_fini(&payload);
    if (f.sequence > 0)
        outside_numbered(&l->outside, serial, end, f.sequence);
    if (is_done(l, rc, "keeping a message"))
        outside_acknowledged(&l->outside, serial);
    else
        remember_unacknowledged(l, serial);
}

/* A new one, one that was not acknowledged, or one that is sent twice. */
static void next_arrival(struct life *l)
{
    struct outside *o = &l->outside;
    if (l->n_unacknowledged > 0)
        arrive(l, l->unacknowledged[--l->n_unacknowledged]);
    else if (o->n_messages > 0 && chance(l, 12) == 0)
        arrive(l, chance(l, o->n_messages));
    else if (o->n_messages < OUTSIDE_MESSAGES)
        arrive(l, o->n_messages++);
}

/* Taking and committing. */

static void take(struct life *l)
{
    int rc = vault_take(l->vault);
    is_done(l, rc == VAULT_NOTHING ? 0 : rc, "taking");
}

static void begin_commit(struct life *l)
{
    if (l->is_committing || !vault_has_uncommitted(l->vault))
        return;
    vault_cut(l->vault);
    l->n_told_at_cut = l->n_told;
    l->is_committing = true;
}

static void note_forgotten(struct life *l)
{
    for (size_t i = 0; i < l->n_told_at_cut; i++)
        outside_forgotten(&l->outside, l->told[i].epoch_ordinal, l->told[i].sequence);
    memmove(l->told, l->told + l->n_told_at_cut, (l->n_told - l->n_told_at_cut) * sizeof *l->told);
    l->n_told -= l->n_told_at_cut;
    l->n_told_at_cut = 0;
}

static void note_committed(struct life *l)
{
    const struct pipeline *p = vault_pipeline(l->vault);
    outside_committed(&l->outside, store_position(vault_store(l->vault)), vault_committed_took(l->vault),
                      pipeline_epoch_ordinal(p));
}

static void end_commit(struct life *l)
{
    if (!l->is_committing)
        return;
    uint64_t end = journal_end(vault_intake(l->vault));
    int rc = vault_finish(l->vault, vault_carry_out(l->vault));
    if (!is_done(l, rc, "a commit"))
        return;
    l->is_committing = false;
    if (end > l->outside.within_bound)
        l->outside.within_bound = end;
    note_committed(l);
    note_forgotten(l);
    if (!pipeline_balances(vault_pipeline(l->vault)))
        outside_broken(&l->outside, "the books do not balance");
}

static void commit(struct life *l)
{
    begin_commit(l);
    end_commit(l);
}

/* Publishing. */

static void send_one(struct life *l, bool is_answered)
{
    struct arena arena;
    struct store_summary s;
    arena_init(&arena, 0);
    int rc = store_outbox_next(vault_store(l->vault), l->sent_to.epoch_ordinal, l->sent_to.sequence, &arena,
                               &s);
    if (is_done(l, rc == STORE_NONE ? 0 : rc, "reading the outbox") && rc == 0) {
        outside_received(&l->outside, &s);
        l->sent_to = (struct told){ s.epoch_ordinal, s.sequence };
        if (is_answered && l->n_told < OUTSIDE_SUMMARIES && s.sequence < OUTSIDE_SUMMARIES) {
            store_batch_acknowledged(vault_batch(l->vault), s.epoch_ordinal, s.sequence);
            l->told[l->n_told++] = l->sent_to;
        }
    }
    arena_fini(&arena);
}

static void publish(struct life *l)
{
    for (uint32_t n = chance(l, 30); n > 0 && disk_is_on(); n--)
        send_one(l, chance(l, 20) != 0);
}

/* In the midst of what comes next. */
static void be_killed_in(struct life *l, uint32_t operations)
{
    disk_kill_in(1 + chance(l, operations));
    l->kills++;
}

/* Time, configuration, room. */

static void tick(struct life *l)
{
    is_done(l, vault_say(l->vault, &(struct entry){ .kind = FRAME_TICK }), "a tick");
}

/* The same plan behind a comment of some 400 kB. */
static void configure_at_length(struct life *l)
{
    struct slice canonical = pipeline_plan(vault_pipeline(l->vault))->canonical;
    struct buffer yaml = { 0 };
    buffer_put(&yaml, canonical.at, canonical.size);
    for (size_t n = 0; n < COMMENT_BYTES; n += 80)
        buffer_print(&yaml, "# %076zu\n", n);
    is_done(l, vault_say(l->vault, &(struct entry){ .kind = FRAME_CONFIG, .yaml = buffer_slice(&yaml) }),
            "a configuration");
    buffer_fini(&yaml);
}

static void prepare(struct life *l)
{
    struct journal *intake = vault_intake(l->vault);
    if (journal_wants_spare(intake))
        is_done(l, journal_prepare(intake), "preparing a segment");
}

/* Bases, archive, trimming: what fails is done again in the next turn, so there is nothing to promise. */
static void keep_up(struct life *l)
{
    if (chance(l, 6) == 0)
        be_killed_in(l, 60);
    else if (chance(l, 3) == 0)
        disk_cut_in(1 + chance(l, 60));
    outside_compare(&l->outside);            /* before what it says is trimmed */
    upkeep_turn(l->upkeep, vault_committed_position(l->vault), vault_committed_took(l->vault),
                pipeline_began(vault_pipeline(l->vault)), clock_read().wall_us);
    l->outside.trimmed = journal_first(vault_intake(l->vault));
    if (disk_is_on())
        files_remember_bases(&l->outside);
}

/* SQLite takes the WAL into the file at some megabytes, which few lives write: here another connection
 * asks for it, as one may. */
static void take_wal_in(struct life *l)
{
    sqlite3 *db = NULL;
    int rc = sqlite3_open_v2(STATE "/store.sqlite", &db, SQLITE_OPEN_READWRITE, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, "PRAGMA user_version", NULL, NULL, NULL);   /* else it knows of no WAL */
    if (rc == SQLITE_OK)
        rc = sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    sqlite3_close(db);
    is_done(l, rc, "taking the WAL into the store");
}

/* Opening and closing. */

static void open_upkeep(struct life *l)
{
    l->upkeep = upkeep_new(&(struct upkeep_conf){
        .intake = vault_intake(l->vault),
        .logbook = vault_logbook(l->vault),
        .store = vault_store(l->vault),
        .intake_path = l->outside.intake,
        .logbook_path = l->outside.logbook,
        .store_path = STATE "/store.sqlite",
        .retain_us = l->conf->journal.retain_us,
        .most_bytes = l->conf->journal.most_bytes,
        .archive_us = l->conf->journal.archive_us,
        .archive_most_bytes = l->conf->journal.archive_most_bytes,
        .history_us = l->conf->store.history_us,
        .lateness_us = l->conf->plan.lateness_us,
    });
}

static void look(struct life *l)
{
    files_look(&l->outside, STATE, (size_t)SEGMENT_BYTES);
    outside_look(&l->outside);
}

static void close_vault(struct life *l)
{
    upkeep_free(l->upkeep);
    l->upkeep = NULL;
    vault_close(l->vault);
    l->vault = NULL;
    l->is_committing = false;
    l->n_told = l->n_told_at_cut = 0;
    l->sent_to = (struct told){ 0 };
}

/* What was committed is not followed again: the store knows it still. A harmed one does not. With
 * `process` LOST entries may come to those that are left, so there it is told when none are left. */
static void compare_redone(struct life *l)
{
    uint64_t redone = vault_redone(l->vault);
    const struct outside *o = &l->outside;
    uint64_t behind = o->last_entry - o->committed_position;
    if (!l->is_store_harmed && (o->is_power || behind == 0) && redone > behind)
        outside_broken(&l->outside, "the store was committed up to entry %llu, the log book ended at %llu, "
                       "and %llu entries were followed again", (unsigned long long)o->committed_position,
                       (unsigned long long)o->last_entry, (unsigned long long)redone);
    l->is_store_harmed = false;
}

/* Opens until it comes through; the power may go while it does. */
static void open_vault(struct life *l)
{
    struct vault_hooks hooks = { 0 };
    while (l->vault == NULL && l->outside.broken[0] == '\0') {
        disk_phase("opening: ");
        if (chance(l, 4) == 0)
            disk_cut_in(1 + chance(l, 60));
        else if (chance(l, 8) == 0)
            be_killed_in(l, 60);
        int rc = vault_open(l->conf, &hooks, &l->vault);
        if (!is_done(l, rc, "opening")) {
            close_vault(l);
            disk_restart();
            look(l);
        }
    }
    disk_phase("");
    if (l->vault == NULL)
        return;
    open_upkeep(l);
    compare_redone(l);
    note_committed(l);
    outside_compare(&l->outside);
    uint64_t end = journal_end(vault_intake(l->vault));
    if (end > l->outside.within_bound)
        l->outside.within_bound = end;
}

/* Everything that was acknowledged is committed, and SQLite takes its WAL into the file. */
static void stop(struct life *l)
{
    commit(l);
    disk_phase("stopping: ");
    close_vault(l);
    if (!disk_is_on())
        return;
    look(l);
    open_vault(l);
}

/* Somebody or something writes zeros over the head of the store's file, and that lasts. A store that was
 * never committed to is not lost by it. */
static void harm_store(struct life *l)
{
    static const uint8_t zeros[4096];
    int fd = disk_open(STATE "/store.sqlite", O_RDWR);
    if (fd < 0)
        return;
    disk_write(fd, zeros, sizeof zeros, 0);
    disk_sync(fd);
    disk_close(fd);
    outside_lost_store(&l->outside);
    l->is_store_harmed = true;
}


static void rise_again(struct life *l)
{
    close_vault(l);
    disk_restart();
    look(l);
    if (l->may_lose_store && chance(l, 3) == 0)
        harm_store(l);
    open_vault(l);
}

/* A life. */

static void step(struct life *l)
{
    uint32_t which = chance(l, 100);
    if (which < 45)
        next_arrival(l);
    else if (which < 65)
        take(l);
    else if (which < 73)
        begin_commit(l);
    else if (which < 83)
        end_commit(l);
    else if (which < 88)
        publish(l);
    else if (which < 90)
        take_wal_in(l);
    else if (which < 92)
        tick(l);
    else if (which < 93)
        prepare(l);
    else if (which < 94)
        keep_up(l);
    else if (which < 97)
        configure_at_length(l);
    else if (which < 98)
        stop(l);
    else if (which < 99)
        be_killed_in(l, 10);
    else
        disk_cut();
}

/* One stretch between two cuts. */
static void live_until_cut(struct life *l)
{
    disk_cut_in(1 + chance(l, 400));
    for (uint32_t n = 0; n < 200 && disk_is_on() && l->outside.broken[0] == '\0'; n++)
        step(l);
    disk_cut();
    l->outside.cuts++;
}

static void drain(struct life *l)
{
    while (l->n_unacknowledged > 0 && l->outside.broken[0] == '\0')
        next_arrival(l);
    while (l->outside.broken[0] == '\0' &&
           journal_end(vault_intake(l->vault)) > pipeline_took(vault_pipeline(l->vault), 0))
        take(l);
    if (l->outside.broken[0] == '\0')
        is_done(l, vault_say(l->vault, &(struct entry){ .kind = FRAME_CLOSE }), "the end");
    end_commit(l);
    commit(l);
    struct store_figures figures;
    store_figures(vault_store(l->vault), &figures);
    for (l->sent_to = (struct told){ 0 }; figures.outbox_messages > 0 && l->outside.broken[0] == '\0';
         figures.outbox_messages--)
        send_one(l, false);
}

static void add_up(struct life *l)
{
    struct arena arena;
    struct status status = { 0 };
    arena_init(&arena, 0);
    pipeline_status(vault_pipeline(l->vault), &arena, &status);
    for (size_t i = 0; i < status.n_sites; i++)
        if (strcmp(status.sites[i].id, "mill") == 0)
            outside_add_up(&l->outside, &status.sites[i].ledger);
    arena_fini(&arena);
}

/* By way of a disk that is gone afterwards. */
static void read_conf(struct life *l, bool is_power)
{
    disk_reset(0);
    if (file_replace(CONF_PATH, slice_of(conf_text)) != 0 || conf_read(CONF_PATH, &l->conf) != 0)
        abort();
    l->conf->journal.segment_bytes = SEGMENT_BYTES;
    if (chance(l, 3) != 0)
        l->conf->journal.retain_us = 0;
    l->outside.has_archive = chance(l, 2) == 0;
    if (!l->outside.has_archive)
        l->conf->journal.archive_us = 0;
    l->may_lose_store = chance(l, 3) == 0;
    l->conf->journal.durability = is_power;
}

void life_live(uint64_t seed, bool is_power, struct life_result *out)
{
    struct life *l = calloc(1, sizeof *l);
    if (l == NULL)
        abort();
    l->chance = seed * 2 + is_power;
    outside_init(&l->outside, is_power, STATE "/intake", STATE "/logbook");
    read_conf(l, is_power);
    disk_reset(seed);
    disk_leave_out(left_out);
    open_vault(l);
    for (uint32_t cuts = 2 + chance(l, 6); cuts > 0 && l->outside.broken[0] == '\0'; cuts--) {
        live_until_cut(l);
        rise_again(l);
    }
    disk_cut_in(0);
    if (l->outside.broken[0] == '\0')
        drain(l);
    if (l->outside.broken[0] == '\0')
        add_up(l);
    close_vault(l);
    conf_free(l->conf);

    *out = (struct life_result){ .messages = l->outside.n_messages, .cuts = l->outside.cuts,
                                 .kills = l->kills, .lost = l->outside.lost,
                                 .summaries = outside_summaries(&l->outside) };
    memcpy(out->broken, l->outside.broken, sizeof out->broken);
    outside_fini(&l->outside);
    free(l);
}
