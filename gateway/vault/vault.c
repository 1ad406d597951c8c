/* Taking and committing.
 *
 * Whatever happens is first an entry of the log book, and then the log book is followed: there is no
 * second way into the pipeline. What comes of it gathers in a batch. A commit takes the whole batch and
 * leaves an empty one, so that taking goes on while a worker has the disk do its work; a batch that the
 * store could not write is kept and written again, and what is taken meanwhile waits in the other one.
 * When that is full, nothing more is taken: the journal is the queue. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/err.h"
#include "base/fatal.h"
#include "base/log.h"
#include "vault/inside.h"
#include "vault/logbook.h"
#include "vault/vault.h"

#define BATCH_BYTES_MOST ((size_t)32 << 20)

/* A gap goes into the log book, so that every later reader knows that these numbers bear nothing. */
static int say_lost(struct vault *v, const struct pipeline_gap *gap)
{
    char before[32] = "unknown", behind[32] = "now";
    if (gap->before_us != 0)
        time_print(gap->before_us, before);
    if (gap->behind_us != 0)
        time_print(gap->behind_us, behind);
    log_line(LOG_ERROR, "intake.lost", "intake=%u from=%llu to=%llu messages<=%llu since=%s until=%s – "
             "these frames are gone, by a power cut or by damage; what they said counts nowhere. "
             "durability: power keeps what a power cut would take", gap->intake,
             (unsigned long long)gap->from, (unsigned long long)gap->until,
             (unsigned long long)(gap->until - gap->from + 1), before, behind);
    return logbook_append(v->logbook, &(struct entry){
        .kind = FRAME_LOST,
        .intake = (uint16_t)gap->intake,
        .journal_id = gap->journal_id,
        .from = gap->from,
        .until = gap->until,
    });
}

static int follow_to_end(struct vault *v, size_t batch_bytes_most)
{
    return logbook_follow(v->follower, journal_end(v->logbook), v->pipeline, v->filling,
                          batch_bytes_most);
}

int vault_follow(struct vault *v, size_t batch_bytes_most)
{
    struct pipeline_gap gap;
    bool is_gap = false;

    int rc = follow_to_end(v, batch_bytes_most);
    while (rc >= 0 && pipeline_tell_gap(v->pipeline, &gap)) {
        int said = say_lost(v, &gap);
        if (said == LOGBOOK_FULL)    /* this one has to be said: the next start finds the gap again */
            said = err_raise(-1, "the log book has no room to tell what is missing – free space on its "
                             "disk and start again");
        rc = said < 0 ? said : rc;
        is_gap = true;
    }
    return rc == 0 && is_gap ? follow_to_end(v, batch_bytes_most) : rc;
}

static int full_or(int rc)
{
    return rc == LOGBOOK_FULL ? VAULT_FULL : rc;
}

/* Damage that a reader of the outbox came across, too. */
static int check_store(const struct vault *v)
{
    if (!store_is_damaged(v->store))
        return 0;
    return err_raise(-1, "the store %s is damaged – it is set aside and rebuilt from the newest base and the "
                     "journals; nothing that was acknowledged is lost", v->places.store);
}

int vault_take(struct vault *v)
{
    int sound = check_store(v);
    if (sound < 0)
        return sound;
    if (store_batch_bytes(v->filling) >= BATCH_BYTES_MOST)
        return VAULT_NOTHING;
    uint64_t took = pipeline_took(v->pipeline, 0);
    int rc = logbook_take(v->logbook, v->intake, &took);
    if (rc != 0)
        return rc == LOGBOOK_NOTHING ? VAULT_NOTHING : full_or(rc);
    crash_point("loop.took");
    return vault_follow(v, SIZE_MAX);
}

int vault_say(struct vault *v, const struct entry *e)
{
    int rc = logbook_append(v->logbook, e);
    return rc == 0 ? vault_follow(v, SIZE_MAX) : full_or(rc);
}

/* Committing. */

bool vault_is_ripe(const struct vault *v)
{
    return !v->must_retry && (store_batch_summaries(v->filling) > 0 ||
                              store_batch_bytes(v->filling) >= BATCH_BYTES_MOST);
}

bool vault_is_behind(const struct vault *v)
{
    return v->must_retry || pipeline_position(v->pipeline) != v->committed_position;
}

bool vault_has_uncommitted(const struct vault *v)
{
    return vault_is_behind(v) || !store_batch_is_empty(v->filling);
}

void vault_cut(struct vault *v)
{
    if (v->must_retry)
        return;
    pipeline_audit(v->pipeline);
    pipeline_save(v->pipeline, v->filling);
    crash_point("commit.saved");
    struct store_batch *full = v->filling;
    v->filling = v->committing;
    v->committing = full;

    v->commit = (struct commit){
        .intake = v->intake,
        .logbook = v->logbook,
        .store = v->store,
        .batch = full,
        .intake_until = pipeline_took(v->pipeline, 0),
        .logbook_until = pipeline_position(v->pipeline),
        .store_most_bytes = v->conf->store.most_bytes,
    };
}

int vault_carry_out(struct vault *v)
{
    return commit_carry_out(&v->commit);
}

int vault_finish(struct vault *v, int carried_out)
{
    if (carried_out < 0)
        return carried_out;
    v->must_retry = carried_out == COMMIT_LATER;
    if (v->must_retry)
        return check_store(v) < 0 ? -1 : VAULT_LATER;
    v->committed_position = v->commit.logbook_until;
    v->committed_took = v->commit.intake_until;
    store_batch_clear(v->committing);
    pipeline_committed(v->pipeline);
    return 0;
}

int vault_commit_now(struct vault *v)
{
    int rc = 0;
    while (rc == 0 && vault_has_uncommitted(v)) {
        vault_cut(v);
        rc = vault_finish(v, vault_carry_out(v));
    }
    return rc;
}

/* Lending. */

uint64_t vault_committed_position(const struct vault *v)
{
    return v->committed_position;
}

uint64_t vault_committed_took(const struct vault *v)
{
    return v->committed_took;
}

const struct places *vault_places(const struct vault *v)
{
    return &v->places;
}

struct journal *vault_intake(struct vault *v)
{
    return v->intake;
}

struct journal *vault_logbook(struct vault *v)
{
    return v->logbook;
}

struct store *vault_store(struct vault *v)
{
    return v->store;
}

struct pipeline *vault_pipeline(struct vault *v)
{
    return v->pipeline;
}

struct store_batch *vault_batch(struct vault *v)
{
    return v->filling;
}

uint64_t vault_redone(const struct vault *v)
{
    return v->redone;
}

const struct plan *vault_former_plan(const struct vault *v)
{
    return v->former;
}

void vault_close(struct vault *v)
{
    if (!v)
        return;
    journal_reader_close(v->follower);
    if (v->hand)
        fatal_unwatch();
    hand_close(v->hand);
    journal_close(v->logbook);
    journal_close(v->intake);
    pipeline_close(v->pipeline);
    store_close(v->store);
    plugin_loader_close(v->plugins);
    store_batch_free(v->filling);
    store_batch_free(v->committing);
    plan_free(v->former);
    buffer_fini(&v->hole);
    places_fini(&v->places);
    free(v);
}
