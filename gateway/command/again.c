/* A replay into a scratch store, as verify, why and recompute need it. Where the journals no longer reach back to their
 * beginning it starts at the oldest base that they go on behind, so that as much as possible is computed and as
 * little as possible believed. A HOLE says that the state went on without all that came before, so a start in
 * front of one would give other figures than the gateway had. */
#include "command/again.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "journal/base.h"
#include "journal/journal.h"
#include "plugin_loader.h"
#include "vault/logbook.h"
#include "vault/vault.h"

#define BATCH_BYTES ((size_t)16 << 20)

struct again {
    struct again_conf conf;
    struct plugin_loader *plugins;
    struct store *store;
    struct pipeline *pipeline;
    struct journal_reader *reader;   /* of the log book */
    struct store_batch *batch;
    struct base_head base;           /* position 0: it begins at the beginning */
};

/* --- how far the journals reach --- */

static int look_at_intake(const char *path, struct again_reach *out)
{
    struct journal_reader *r = NULL;
    int rc = journal_reader_open(path, 0, &r);
    if (rc == 0) {
        out->intake_id = journal_reader_id(r);
        out->intake_first = journal_reader_first(r);
    }
    journal_reader_close(r);
    return rc < 0 ? rc : 0;
}

int again_look(const struct places *places, uint64_t until, struct again_reach *out)
{
    struct journal_reader *r = NULL;
    struct frame f;
    *out = (struct again_reach){ 0 };
    int rc = look_at_intake(places->intake, out);
    if (rc == 0)
        rc = journal_reader_open(places->logbook, 0, &r);
    if (rc == 0) {
        out->logbook_id = journal_reader_id(r);
        out->logbook_first = journal_reader_first(r);
    }
    while (rc == 0 && (rc = journal_read(r, until, &f)) == 0) {
        out->until = f.sequence;
        if (f.kind == FRAME_HOLE)
            out->last_hole = f.sequence;
    }
    journal_reader_close(r);
    return rc < 0 ? rc : 0;
}

static bool reaches_beginning(const struct again_reach *reach)
{
    return reach->last_hole == 0 && reach->logbook_first == 1 && reach->intake_first <= 1;
}

static bool does_reach(const struct again_reach *reach, const struct base_head *head)
{
    return head->logbook_id == reach->logbook_id && head->position + 1 >= reach->logbook_first &&
           head->position <= reach->until && head->position >= reach->last_hole &&
           (head->intake_id == 0 || head->intake_id == reach->intake_id) &&
           head->intake_took + 1 >= reach->intake_first;
}

/* 0 with *out open, AGAIN_UNREACHABLE when none will do, or negative. */
static int find_base(struct again *a, struct base_reader **out)
{
    const char *logbook = a->conf.places->logbook;
    struct base_list list = { 0 };
    int rc = base_list_read(logbook, &list);
    bool is_found = false;
    for (size_t i = 0; i < list.n && rc >= 0 && !is_found; i++) {
        char path[PATH_MAX];
        struct base_reader *base = NULL;
        base_path(logbook, list.at[i], path, sizeof path);
        rc = base_open(path, &base, &a->base);
        is_found = rc == 0 && does_reach(&a->conf.reach, &a->base);
        if (is_found)
            *out = base;
        else
            base_close(base);
    }
    free(list.at);
    return rc < 0 ? rc : is_found ? 0 : AGAIN_UNREACHABLE;
}

static int import_base(struct again *a)
{
    struct base_reader *base = NULL;
    int rc = find_base(a, &base);
    if (rc == 0)
        rc = vault_import_base(base, &a->base, false, a->store);
    else
        a->base = (struct base_head){ 0 };
    base_close(base);
    return rc;
}

/* --- opening --- */

static int load_row(void *self, enum stage stage, struct slice key, struct slice value)
{
    struct again *a = self;
    return pipeline_load(a->pipeline, stage, key, value);
}

static int start_pipeline(struct again *a)
{
    struct pipeline_conf conf = a->conf.pipeline;
    conf.intakes[0] = a->conf.places->intake;
    conf.plugins = plugin_loader_plugins(a->plugins);
    conf.lookup = store_lookup(a->store);
    int rc = pipeline_open(&conf, &a->pipeline);
    if (rc == 0 && a->base.position > 0)
        rc = store_load(a->store, load_row, a);
    if (rc == 0)
        pipeline_stand_at(a->pipeline, a->conf.reach.logbook_id, a->base.position);
    return rc == 0 ? journal_reader_open(a->conf.places->logbook, a->base.position, &a->reader) : rc;
}

int again_open(const struct again_conf *conf, struct again **out)
{
    struct again *a = calloc(1, sizeof *a);
    if (!a)
        abort();
    a->conf = *conf;
    a->batch = store_batch_new();
    *out = a;
    int rc = plugin_loader_open(conf->plugins, &a->plugins);
    if (rc == 0)
        rc = store_open(conf->store, &a->store);
    if (rc == 0 && !reaches_beginning(&conf->reach))
        rc = import_base(a);
    return rc == 0 ? start_pipeline(a) : rc;
}

void again_close(struct again *a)
{
    if (!a)
        return;
    journal_reader_close(a->reader);
    pipeline_close(a->pipeline);
    store_batch_free(a->batch);
    store_close(a->store);
    plugin_loader_close(a->plugins);
    free(a);
}

/* --- following --- */

static int commit(struct again *a)
{
    pipeline_save(a->pipeline, a->batch);
    int rc = store_write(a->store, a->batch);
    store_batch_clear(a->batch);
    if (rc == 0)
        pipeline_committed(a->pipeline);
    return rc;
}

int again_follow(struct again *a)
{
    int rc, more;
    do {
        more = logbook_follow(a->reader, a->conf.reach.until, a->pipeline, a->batch, BATCH_BYTES);
        rc = more < 0 ? more : commit(a);
    } while (rc == 0 && more == LOGBOOK_BATCH_FULL);
    return rc;
}

struct store *again_store(struct again *a)
{
    return a->store;
}

uint64_t again_base(const struct again *a)
{
    return a->base.position;
}

uint64_t again_base_took(const struct again *a)
{
    return a->base.position > 0 ? a->base.intake_took : 0;
}

const struct pipeline *again_pipeline(const struct again *a)
{
    return a->pipeline;
}
