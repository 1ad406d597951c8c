/* The order of durability, on one page.
 *
 * Intake before log book: an entry that names frames which a power cut took would be a promise about
 * nothing (it can still happen, since the kernel writes pages back when it likes; then a LOST entry
 * says so at the next start). Log book before store: a state whose entries are gone could never be
 * explained. Spare segments are made first, so that the thread that appends never waits for them.
 *
 * The intake is synced to its end and not only up to what was taken: under durability `process` a power
 * cut may take what was acknowledged since the last commit, and that bound must hold as well while a
 * backlog waits to be taken. */
#include "base/crash.h"
#include "base/log.h"
#include "vault/commit.h"

#define FORGET_MOST 1000

static void prepare(struct journal *j, const char *name)
{
    if (journal_wants_spare(j) && journal_prepare(j) != 0)
        log_line(LOG_WARN, "journal.no_spare", "journal=%s – no room to prepare the next segment; "
                 "free space on its disk", name);
}

int commit_carry_out(const struct commit *c)
{
    prepare(c->intake, "intake");
    prepare(c->logbook, "logbook");

    int rc = journal_sync(c->intake, UINT64_MAX);
    if (rc != 0)
        return rc;
    crash_point("commit.intake_synced");
    rc = journal_sync(c->logbook, c->logbook_until);
    if (rc != 0)
        return rc;
    crash_point("commit.synced");

    if (store_write(c->store, c->batch) != 0)
        return COMMIT_LATER;
    crash_point("commit.committed");
    store_keep_within(c->store, c->store_most_bytes, FORGET_MOST);
    return 0;
}
