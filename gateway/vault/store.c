/* The store, whatever became of it.
 *
 * What cannot be used is set aside. It is all derived from the journals, so it can be derived again: from
 * the newest base, which is the state at one position of the log book, and from the entries behind it; or
 * from the first entry, if the log book reaches back to it. Only the history of what was acknowledged is
 * gone with the file, and consumers have that.
 *
 * A base leaves out closed windows that nothing reaches any more (upkeep_base.c); a REBUILT entry says so,
 * for what comes for them all the same must not leave as a first revision.
 *
 * A base becomes a store under a temporary name and is renamed, so that a kill in between leaves no store
 * rather than half of one. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "journal/base.h"
#include "vault/inside.h"
#include "vault/vault.h"

#define IMPORT_BYTES ((size_t)8 << 20)

static int set_store_aside(struct vault *v)
{
    char *name = NULL;
    int rc = store_set_aside(v->places.store, &name);
    if (rc < 0)
        return rc;
    log_line(LOG_ERROR, "store.set_aside", "path=%s kept_as=%s – it cannot be used and is rebuilt from the "
             "journals; look at the disk, and remove the copy when nobody wants it back", v->places.store,
             name);
    free(name);
    return 0;
}

/* An empty file is what a full disk or a copy that was cut short leaves. */
static bool is_there(const char *path)
{
    uint64_t bytes;
    return file_size(path, &bytes) == 0 && bytes > 0;
}

int vault_open_store(struct vault *v)
{
    v->is_store_lost = !is_there(v->places.store);
    if (v->is_store_lost)
        return 0;
    int rc = store_open(v->places.store, &v->store);
    if (rc != STORE_DAMAGED)
        return rc;
    v->is_store_lost = true;
    return set_store_aside(v);
}

bool vault_rescue(struct vault *v)
{
    if (!v->is_store_malformed && (!v->store || !store_is_damaged(v->store)))
        return false;
    return set_store_aside(v) == 0;
}

/* Bases. */

struct choice {
    struct base_reader *base;    /* NULL: none */
    struct base_head head;
    bool joins;                  /* the log book goes on behind it */
};

static int open_base(const char *path, struct base_reader **out, struct base_head *head)
{
    *head = (struct base_head){ 0 };
    int rc = base_open(path, out, head);
    if (rc == BASE_DAMAGED)
        log_line(LOG_WARN, "base.damaged", "path=%s – its checksum does not hold; an older one is looked for",
                 path);
    if (rc == BASE_NEWER)
        log_line(LOG_WARN, "base.newer", "path=%s format=%u – this version reads up to %u; an older one is "
                 "looked for", path, head->version, BASE_VERSION);
    return rc;
}

static bool does_join(const struct vault *v, const struct base_head *head)
{
    return head->logbook_id == journal_id(v->logbook) && head->position + 1 >= v->logbook_first &&
           head->position <= journal_end(v->logbook);
}

/* The newest that joins on to the log book; else the newest that can be read, which is better than to
 * know nothing. */
static int choose_base(const struct vault *v, struct choice *out)
{
    struct base_list list = { 0 };
    int rc = base_list_read(v->places.logbook, &list);
    if (rc < 0)
        return rc;
    for (size_t i = list.n; i-- > 0 && !out->joins;) {
        char path[4096];
        struct choice c = { 0 };
        base_path(v->places.logbook, list.at[i], path, sizeof path);
        rc = open_base(path, &c.base, &c.head);
        if (rc < 0)
            break;
        if (rc > 0)
            continue;
        c.joins = does_join(v, &c.head);
        if (out->base && !c.joins) {
            base_close(c.base);
            continue;
        }
        base_close(out->base);
        *out = c;
    }
    free(list.at);
    return rc < 0 ? rc : 0;
}

/* One row into the batch. */
static int put_row(struct store_batch *batch, uint8_t kind, struct slice key, struct slice value)
{
    if (kind == BASE_SUMMARY) {
        struct store_summary row;
        int rc = store_summary_read(key, value, &row);
        if (rc == 0)
            store_batch_summary(batch, &row);
        return rc > 0 ? err_raise(-1, "a base holds a summary that does not fit – report it") : rc;
    }
    struct state_out rows = store_batch_state(batch);
    rows.put(rows.self, (enum stage)kind, key, value);
    return 0;
}

static int flush(struct store *s, struct store_batch *batch)
{
    int rc = store_write(s, batch);
    store_batch_clear(batch);
    return rc;
}

int vault_import_base(struct base_reader *base, const struct base_head *head, bool wants_outbox,
                      struct store *s)
{
    struct store_batch *batch = store_batch_new();
    struct slice key, value;
    uint8_t kind;
    int rc;

    while ((rc = base_read(base, &kind, &key, &value)) == 0) {
        if (kind != BASE_SUMMARY || wants_outbox)
            rc = put_row(batch, kind, key, value);
        if (rc == 0 && store_batch_bytes(batch) > IMPORT_BYTES)
            rc = flush(s, batch);
        if (rc < 0)
            break;
    }
    if (rc == BASE_END) {
        store_batch_position(batch, head->position);
        rc = flush(s, batch);
    }
    store_batch_free(batch);
    return rc > 0 ? err_raise(-1, "a base changed while it was read") : rc;
}

/* Removes what a kill may have left of an earlier try. */
static void clear_away(const char *path)
{
    static const char *const endings[] = { "", "-wal", "-shm", ".lock" };
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        char *name = NULL;
        if (asprintf(&name, "%s%s", path, endings[i]) < 0)
            abort();
        file_remove(name);
        free(name);
    }
}

static int make_of_base(struct vault *v, const struct choice *c)
{
    char *temporary = NULL;
    struct store *s = NULL;
    if (asprintf(&temporary, "%s%s", v->places.store, FILE_TEMPORARY) < 0)
        abort();
    clear_away(temporary);
    int rc = store_open(temporary, &s);
    if (rc == 0)
        rc = vault_import_base(c->base, &c->head, true, s);
    store_close(s);
    if (rc == 0)
        rc = file_rename(temporary, v->places.store);
    clear_away(temporary);
    free(temporary);
    return rc;
}

/* Says where the new store begins, unless nothing was ever there. */
static void tell_rebuilt(const struct vault *v, const struct choice *c)
{
    if (c->base)
        log_line(LOG_WARN, "store.rebuilt", "base=%llu written_behind_entry=%llu – begins at this base; the "
                 "log book from there on is followed again, and what comes of it is sent again under its "
                 "ids", (unsigned long long)c->head.position, (unsigned long long)c->head.position);
    else if (journal_end(v->logbook) > 0)
        log_line(LOG_WARN, "store.rebuilt", "base=none logbook_from=%llu – begins with nothing; the log book "
                 "is followed again, and what comes of it is sent again under its ids",
                 (unsigned long long)v->logbook_first);
}

/* Said before the new store can be found under its name, so that no kill comes between; behind one it may be
 * said twice, which does no harm. It stands at the end of the log book, and is followed there. */
static int say_rebuilt(struct vault *v, const struct choice *c)
{
    return c->joins ? logbook_append(v->logbook, &(struct entry){ .kind = FRAME_REBUILT }) : 0;
}

int vault_rebuild_store(struct vault *v)
{
    struct choice c = { 0 };
    int rc = choose_base(v, &c);
    int said = rc == 0 ? say_rebuilt(v, &c) : 0;
    if (said != 0) {
        base_close(c.base);
        return said;                 /* also LOGBOOK_FULL, for the opening's caller */
    }
    if (rc == 0 && c.base)
        rc = make_of_base(v, &c);
    if (rc == 0)
        rc = store_open(v->places.store, &v->store);
    if (rc == 0)
        tell_rebuilt(v, &c);
    base_close(c.base);
    return rc > 0 ? err_raise(-1, "store %s: is damaged the moment it was made – look at the disk",
                              v->places.store) : rc;
}
