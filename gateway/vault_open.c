/* Opening the vault.
 *
 * Every opening makes good what a crash may have left: the journals cut their torn tails, the pipeline
 * follows the log book from the store's position on, and only when all that was ever taken is committed
 * does the configuration come into it. A new one comes behind the backlog: what was acknowledged under
 * the old one is taken under the old one. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "logbook.h"
#include "vault.h"
#include "vault_private.h"

#define CATCH_UP_BYTES ((size_t)16 << 20)

/* The snapshot. */

static int on_row(void *self, enum stage stage, struct slice key, struct slice value)
{
    struct vault *v = self;
    return pipeline_load(v->pipeline, stage, key, value);
}

static int lookup_row(void *self, enum stage stage, struct slice key, struct slice *out)
{
    struct vault *v = self;
    return store_get(v->store, stage, key, out);
}

static int open_state(struct vault *v)
{
    int rc = file_make_directory(v->conf->state);
    if (rc < 0)
        return err_raise(rc, "state directory %s: cannot be made – %s; its parent must exist and be "
                         "writable", v->conf->state, strerror(-rc));
    rc = store_open(v->places.store, &v->store);
    if (rc < 0)
        return rc;

    struct pipeline_conf conf = {
        .intakes = { v->places.intake },
        .plugins = plugin_loader_plugins(v->plugins),
        .lookup = { lookup_row, v },
        .encode = payload_encode,
        .encode_self = &v->payload,
        .on_rejected = v->hooks.on_rejected,
        .rejected_self = v->hooks.self,
        .passes_over_gone = true,
    };
    rc = pipeline_open(&conf, &v->pipeline);
    if (rc < 0)
        return rc;
    rc = store_load(v->store, on_row, v);
    v->committed_position = store_position(v->store);
    v->committed_took = pipeline_took(v->pipeline, 0);
    /* Also where nothing is left to follow: a commit would then write position 0 over a whole state, and
     * a kill behind it would have everything counted twice. */
    pipeline_stand_at(v->pipeline, pipeline_logbook(v->pipeline), v->committed_position);
    return rc;
}

/* The journals. */

static int open_journal(const char *path, const struct vault *v, uint64_t committed, uint64_t at_least,
                        struct journal **out, struct journal_opening *opening)
{
    struct journal_conf conf = { .path = path, .segment_bytes = v->conf->journal.segment_bytes };
    int rc = journal_open(&conf, committed, at_least, out, opening);
    if (rc == 0 && opening->torn_bytes > 0)
        log_line(LOG_INFO, "journal.cut", "journal=%s last=%llu torn=%llu bytes – the tail of a write "
                 "that a crash cut short was removed; %s", path, (unsigned long long)opening->last,
                 (unsigned long long)opening->torn_bytes, opening->last < committed
                 ? "frames that were committed stood there, so this is damage and no crash alone: check "
                   "the disk"
                 : "under durability: power, or if only the gateway was killed, none of it had been "
                   "acknowledged");
    return rc;
}

/* A journal that does not reach back to where the store stands cannot say what happened in between. What
 * was damaged is another matter: that was reported, and is gone whatever we do. */
static int check_reaches_back(const struct vault *v, const char *path, uint64_t known,
                              const struct journal_opening *opening)
{
    uint64_t first = opening->first > 0 ? opening->first : opening->last + 1;
    if (first <= known + 1 || opening->unreadable > 0)
        return 0;
    return err_raise(-1, "the store %s knows %s up to number %llu, but what is kept there begins at %llu "
                     "– the store is missing or older than the journal; restore it from a backup",
                     v->places.store, path, (unsigned long long)known, (unsigned long long)first);
}

static int say_genesis(struct vault *v)
{
    return logbook_append(v->logbook, &(struct entry){
        .kind = FRAME_GENESIS,
        .gateway_epoch = clock_random_u64(),
        .epoch_ordinal = pipeline_epoch_ordinal(v->pipeline) + 1,
        .gateway_id = slice_of(v->conf->plan.gateway_id),
    });
}

static int open_intake(struct vault *v, uint64_t position)
{
    struct journal_opening opening;
    uint64_t committed = pipeline_took(v->pipeline, 0), most_taken;

    int rc = logbook_most_taken(v->places.logbook, position, 0, &most_taken);
    if (rc != 0)
        return rc;
    if (most_taken < committed)
        most_taken = committed;
    rc = open_journal(v->places.intake, v, committed, most_taken, &v->intake, &opening);
    if (rc == 0)
        rc = check_reaches_back(v, v->places.intake, committed, &opening);
    return rc;
}

static int open_journals(struct vault *v)
{
    struct journal_opening opening;
    uint64_t position = store_position(v->store);

    int rc = open_journal(v->places.logbook, v, position, position, &v->logbook, &opening);
    if (rc == 0)
        rc = check_reaches_back(v, v->places.logbook, position, &opening);
    if (rc == 0 && opening.last == 0)
        rc = say_genesis(v);
    if (rc == 0)
        rc = open_intake(v, position);
    if (rc != 0)
        return rc;
    return journal_reader_open(v->places.logbook, position, &v->follower);
}

/* Everything that the log book says and the store does not know yet. */
static int catch_up(struct vault *v)
{
    int rc;

    do {
        rc = vault_follow(v, CATCH_UP_BYTES);
        if (rc < 0)
            return rc;
        int committed = vault_commit_now(v);
        if (committed < 0)
            return committed;
        if (committed == VAULT_LATER)
            return err_raise(-1, "the store %s cannot be written – see the line above", v->places.store);
        crash_point("start.caught_up");
    } while (rc == LOGBOOK_BATCH_FULL);
    return 0;
}

/* All that arrived before the last end and was not taken yet. */
static int say_backlog(struct vault *v)
{
    uint64_t took = pipeline_took(v->pipeline, 0);
    int rc = 0;
    while (rc == 0)
        rc = logbook_take(v->logbook, v->intake, &took);
    return rc == LOGBOOK_NOTHING ? 0 : rc;
}

/* The plan as it stands in the pipeline, of our own. */
static struct plan *copy_of(const struct plan *plan)
{
    struct arena arena;
    struct problems problems;
    struct plan *copy = NULL;

    arena_init(&arena, 0);
    problems_init(&problems, "log book", &arena);
    plan_read(plan->canonical, &problems, &copy);
    problems_fini(&problems);
    arena_fini(&arena);
    return copy;
}

/* A gateway under another name counts its summaries from 1: they are another gateway's to consumers. */
static int say_end_of(struct vault *v, const struct plan *former)
{
    v->former = copy_of(former);
    int rc = say_backlog(v);
    if (rc == 0 && strcmp(former->gateway_id, v->conf->plan.gateway_id) != 0)
        rc = say_genesis(v);
    return rc;
}

static int say_config(struct vault *v)
{
    const struct plan *former = pipeline_plan(v->pipeline);
    struct slice canonical = conf_canonical(v->conf);

    if (former && slice_equal(former->canonical, canonical))
        return 0;
    int rc = former ? say_end_of(v, former) : 0;
    if (rc != 0)
        return rc;
    return logbook_append(v->logbook, &(struct entry){ .kind = FRAME_CONFIG, .yaml = canonical });
}

static int say_start(struct vault *v)
{
    int rc = logbook_append(v->logbook, &(struct entry){
        .kind = FRAME_START,
        .version = slice_of(CARBON_VERSION),
        .tzdata = slice_of(zone_rules_version()),
    });
    return rc == 0 ? say_config(v) : rc;
}

/* What a crash left between the store and the end of the log book. A new store has nothing behind it. */
static int do_again(struct vault *v)
{
    uint64_t known = v->committed_position;
    int rc = catch_up(v);
    if (known > 0)
        v->redone = v->committed_position - known;
    return rc;
}

static int open_all(struct vault *v)
{
    int rc;

    if ((rc = plugin_loader_open(v->conf->plugins, &v->plugins)) != 0 ||
        (rc = open_state(v)) != 0 ||
        (rc = open_journals(v)) != 0 ||
        (rc = do_again(v)) != 0 ||
        (rc = say_start(v)) != 0)
        return rc;
    return catch_up(v);
}

int vault_open(const struct conf *conf, const struct vault_hooks *hooks, struct vault **out)
{
    struct vault *v = calloc(1, sizeof *v);
    if (!v)
        abort();
    v->conf = conf;
    v->hooks = *hooks;
    v->payload.format = conf->publish.format;
    places_init(&v->places, conf->state);
    v->filling = store_batch_new();
    v->committing = store_batch_new();
    int rc = open_all(v);
    if (rc != 0) {
        vault_close(v);
        return rc == LOGBOOK_FULL ? VAULT_FULL : rc;
    }
    *out = v;
    return 0;
}
