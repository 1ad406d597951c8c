/* The order of opening the vault.
 *
 * Every opening makes good what a crash or a disk may have left: the store is made usable, the journals cut
 * their torn tails, what does not belong together is found out, the pipeline follows the log book from
 * the state's position on, and only when all that was ever taken is committed does the configuration come
 * into it. A new one comes behind the backlog: what was acknowledged under the old one is taken under the
 * old one. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/err.h"
#include "base/fatal.h"
#include "base/file.h"
#include "base/log.h"
#include "vault/epoch.h"
#include "vault/inside.h"
#include "vault/logbook.h"
#include "vault/mark.h"
#include "vault/vault.h"

#define CATCH_UP_BYTES ((size_t)16 << 20)
#define TRIES_MOST 3

/* The snapshot. */

static int on_row(void *self, enum stage stage, struct slice key, struct slice value)
{
    struct vault *v = self;
    return pipeline_load(v->pipeline, stage, key, value);
}

static int make_state(struct vault *v)
{
    int rc = file_make_directory(v->conf->state);
    if (rc < 0)
        return err_raise(rc, "state directory %s: cannot be made – %s; its parent must exist and be "
                         "writable", v->conf->state, strerror(-rc));
    rc = mark_may_run(v->conf->state);
    return rc == 0 ? epoch_recall(v->places.epoch, &v->known_ordinal, &v->owes_epoch) : rc;
}

/* A store that stands at the beginning while the log book does not is what a kill left of a rebuilding. */
static int settle_store(struct vault *v)
{
    if (v->store && store_position(v->store) == 0 && v->logbook_first > 1) {
        store_close(v->store);
        v->store = NULL;
        v->is_store_lost = true;
    }
    return v->store ? 0 : vault_rebuild_store(v);
}

static int load_state(struct vault *v)
{
    struct pipeline_conf conf = {
        .intakes = { v->places.intake },
        .plugins = plugin_loader_plugins(v->plugins),
        .lookup = store_lookup(v->store),
        .encode = payload_encode,
        .encode_self = &v->payload,
        .on_rejected = v->hooks.on_rejected,
        .rejected_self = v->hooks.self,
        .passes_over_gone = true,
    };
    int rc = pipeline_open(&conf, &v->pipeline);
    if (rc < 0)
        return rc;
    rc = store_load(v->store, on_row, v);
    v->is_store_malformed = rc > 0;
    v->committed_position = store_position(v->store);
    v->committed_took = pipeline_took(v->pipeline, 0);
    return rc > 0 ? -1 : rc;
}

static void tell_later(const struct vault *v)
{
    log_line(LOG_ERROR, "store.later", "path=%s – it can be read and not written, for the reason above; "
             "readings are taken and journalled meanwhile, and the commit is tried again and again",
             v->places.store);
}

/* Before the first frame is followed: it may be the one that brought the last run down. */
static void take_in_hand(struct vault *v)
{
    if (hand_open(v->places.intake, journal_id(v->intake), &v->hand) != 0)
        return;                      /* raised; a gateway without it is better than none */
    pipeline_hold(v->pipeline, v->hand);
    fatal_watch(hand_mark, v->hand);
}

/* Everything that the log book says and the store does not know yet. With a store that cannot be written
 * it is no more than one batch held before. */
static int catch_up(struct vault *v)
{
    int rc;

    do {
        rc = vault_follow(v, v->must_retry ? SIZE_MAX : CATCH_UP_BYTES);
        if (rc < 0)
            return rc;
        int committed = vault_commit_now(v);
        if (committed < 0)
            return committed;
        if (committed == VAULT_LATER)
            tell_later(v);
        crash_point("start.caught_up");
    } while (rc == LOGBOOK_BATCH_FULL);
    return 0;
}

/* All that arrived before the last end and was not taken yet. */
static int say_backlog(struct vault *v)
{
    bool has_gaps = v->n_gaps > 0;
    int rc = vault_say_gaps(v);
    if (rc == 0 && has_gaps)
        rc = vault_follow(v, SIZE_MAX);
    uint64_t took = pipeline_took(v->pipeline, 0);
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
        rc = v->has_new_epoch ? 0 : vault_say_genesis(v);
    return rc;
}

/* Every epoch has its configuration, so that it can be replayed from its GENESIS on. */
static int say_config(struct vault *v)
{
    const struct plan *former = pipeline_plan(v->pipeline);
    struct slice canonical = conf_canonical(v->conf);

    bool is_same = former && slice_equal(former->canonical, canonical);
    if (is_same && !v->has_new_epoch)
        return 0;
    int rc = former && !is_same ? say_end_of(v, former) : 0;
    if (rc != 0)
        return rc;
    rc = logbook_append(v->logbook, &(struct entry){ .kind = FRAME_CONFIG, .yaml = canonical });
    return rc == 0 ? vault_say_gaps(v) : rc;
}

/* Whether the plan's decoders can be had from the plugins as this process loaded them: to be found out before
 * anything is written down. */
static bool has_decoders(struct vault *v, const struct plan *plan)
{
    struct decode_plugins plugins = plugin_loader_plugins(v->plugins);
    struct decode *decode = NULL;
    struct problems problems;
    struct arena arena;
    struct buffer text = { 0 };

    arena_init(&arena, 0);
    problems_init(&problems, "configuration", &arena);
    decode_open(&plugins, &decode);
    bool has = decode_configure(decode, plan, &problems) == 0;
    decode_close(decode);
    problems_print(&problems, &text);
    if (!has)
        log_line(LOG_ERROR, "conf.plugin", "– %.*s", (int)text.size, (const char *)text.at);
    buffer_fini(&text);
    problems_fini(&problems);
    arena_fini(&arena);
    return has;
}

int vault_configure(struct vault *v, const struct plan *plan)
{
    if (!has_decoders(v, plan))
        return VAULT_WRONG;
    int rc = say_backlog(v);
    if (rc == 0)
        rc = logbook_append(v->logbook, &(struct entry){ .kind = FRAME_CONFIG, .yaml = plan->canonical });
    int followed = vault_follow(v, SIZE_MAX);
    if (followed < 0)
        return followed;
    return rc == LOGBOOK_FULL ? VAULT_FULL : rc;
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

/* What a crash left between the store and the end of the log book. A new store has nothing behind it. What is
 * said of a new beginning comes behind that end, and is nothing that is done again. */
static int do_again(struct vault *v)
{
    uint64_t known = pipeline_position(v->pipeline), end = journal_end(v->logbook);
    if (known > 0 && end > known)
        v->redone = end - known;
    int rc = vault_say_beginning(v);
    return rc == 0 ? catch_up(v) : rc;
}

static int open_all(struct vault *v)
{
    int rc;

    if ((rc = plugin_loader_open(v->conf->plugins, &v->plugins)) != 0 ||
        (rc = make_state(v)) != 0 ||
        (rc = vault_open_store(v)) != 0 ||
        (rc = vault_open_logbook(v)) != 0 ||
        (rc = settle_store(v)) != 0 ||
        (rc = load_state(v)) != 0 ||
        (rc = vault_join_logbook(v)) != 0 ||
        (rc = vault_open_intake(v)) != 0)
        return rc;
    take_in_hand(v);
    if ((rc = do_again(v)) != 0 ||
        (rc = say_start(v)) != 0)
        return rc;
    return catch_up(v);
}

static struct vault *make(const struct conf *conf, const struct vault_hooks *hooks)
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
    return v;
}

/* Damage in a store may show only while it is read: then once more, with a new one. */
int vault_open(const struct conf *conf, const struct vault_hooks *hooks, struct vault **out)
{
    for (unsigned tries = 1;; tries++) {
        struct vault *v = make(conf, hooks);
        int rc = open_all(v);
        if (rc == 0) {
            *out = v;
            return 0;
        }
        bool is_rescued = tries < TRIES_MOST && vault_rescue(v);
        vault_close(v);
        if (!is_rescued)
            return rc == LOGBOOK_FULL ? VAULT_FULL : rc;
    }
}
