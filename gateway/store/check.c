/* What a store says of itself, without what else there is: SQLite's own integrity, and the rules that the
 * tables keep among themselves. Every fault is one line for a person. Reads everything; for a copy that
 * nobody else uses. */
#include <stdio.h>
#include <string.h>

#include <sqlite3.h>

#include "base/err.h"
#include "store/inside.h"

/* Each row that one of these gives is a fault. */
static const char *const rules[] = {
    ("SELECT printf('summary %d/%d waits in the outbox and is not in the history – it can never be sent',"
    " o.epoch_ordinal, o.sequence) FROM outbox AS o LEFT JOIN summary AS s"
    " ON s.epoch_ordinal = o.epoch_ordinal AND s.sequence = o.sequence WHERE s.sequence IS NULL"),
    ("SELECT printf('summary %d/%d has %d bytes of payload, and the outbox says %d – one of them was changed',"
    " o.epoch_ordinal, o.sequence, length(s.payload), o.payload_bytes) FROM outbox AS o JOIN summary AS s"
    " ON s.epoch_ordinal = o.epoch_ordinal AND s.sequence = o.sequence"
    " WHERE length(s.payload) <> o.payload_bytes"),
    ("SELECT printf('the id %s is borne by %d summaries', id, count(*)) FROM summary GROUP BY id"
    " HAVING count(*) > 1"),
};

#define N_RULES (sizeof rules / sizeof *rules)

/* What is acknowledged and old is forgotten, oldest first; behind the first of them that is kept all is. */
static const char holes_text[] =
    "WITH kept AS (SELECT epoch_ordinal AS e, min(sequence) AS first FROM summary AS s WHERE NOT EXISTS"
    " (SELECT 1 FROM outbox AS o WHERE o.epoch_ordinal = s.epoch_ordinal AND o.sequence = s.sequence)"
    " GROUP BY epoch_ordinal),"
    " run AS (SELECT epoch_ordinal, sequence, lag(sequence) OVER"
    " (PARTITION BY epoch_ordinal ORDER BY sequence) AS before FROM summary)"
    " SELECT epoch_ordinal, before + 1, sequence - 1 FROM run JOIN kept ON e = epoch_ordinal"
    " WHERE before IS NOT NULL AND sequence > before + 1 AND before >= first"
    " ORDER BY 1, 2";

static const char counts_text[] =
    "SELECT (SELECT count(*) FROM summary), (SELECT count(*) FROM outbox), (SELECT count(*) FROM state)";

static const char first_text[] =
    "SELECT epoch_ordinal, sequence FROM summary AS s WHERE NOT EXISTS (SELECT 1 FROM outbox AS o"
    " WHERE o.epoch_ordinal = s.epoch_ordinal AND o.sequence = s.sequence) ORDER BY 1, 2 LIMIT 1";

struct check {
    sqlite3 *db;
    const struct store_checker *to;
};

static int check_integrity(const struct check *c)
{
    sqlite3_stmt *st = NULL;
    int code = sqlite3_prepare_v2(c->db, "PRAGMA integrity_check", -1, &st, NULL);
    while (code == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW) {
        const char *said = (const char *)sqlite3_column_text(st, 0);
        if (said && strcmp(said, "ok") != 0)
            c->to->on_fault(c->to->self, said);
    }
    int ended = sqlite3_finalize(st);
    return code == SQLITE_OK ? ended : code;
}

static int check_rule(const struct check *c, const char *rule)
{
    sqlite3_stmt *st = NULL;
    int code = sqlite3_prepare_v2(c->db, rule, -1, &st, NULL);
    while (code == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
        c->to->on_fault(c->to->self, (const char *)sqlite3_column_text(st, 0));
    int ended = sqlite3_finalize(st);
    return code == SQLITE_OK ? ended : code;
}

static int check_holes(const struct check *c)
{
    sqlite3_stmt *st = NULL;
    int code = sqlite3_prepare_v2(c->db, holes_text, -1, &st, NULL);
    while (code == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
        c->to->on_hole(c->to->self, (uint32_t)sqlite3_column_int64(st, 0),
                       (uint64_t)sqlite3_column_int64(st, 1), (uint64_t)sqlite3_column_int64(st, 2));
    int ended = sqlite3_finalize(st);
    return code == SQLITE_OK ? ended : code;
}

static int count(const struct check *c, struct store_checked *out)
{
    sqlite3_stmt *st = NULL;
    int code = sqlite3_prepare_v2(c->db, counts_text, -1, &st, NULL);
    if (code == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW) {
        out->summaries = (uint64_t)sqlite3_column_int64(st, 0);
        out->waiting = (uint64_t)sqlite3_column_int64(st, 1);
        out->states = (uint64_t)sqlite3_column_int64(st, 2);
    }
    sqlite3_finalize(st);
    if (code == SQLITE_OK)
        code = sqlite3_prepare_v2(c->db, first_text, -1, &st, NULL);
    if (code == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW) {
        out->first_ordinal = (uint32_t)sqlite3_column_int64(st, 0);
        out->first_sequence = (uint64_t)sqlite3_column_int64(st, 1);
    }
    int ended = sqlite3_finalize(st);
    return code == SQLITE_OK ? ended : code;
}

static int check_all(const struct check *c, struct store_checked *out)
{
    int code = check_integrity(c);
    for (size_t i = 0; i < N_RULES && code == SQLITE_OK; i++)
        code = check_rule(c, rules[i]);
    if (code == SQLITE_OK)
        code = check_holes(c);
    return code == SQLITE_OK ? count(c, out) : code;
}

int store_check(const char *path, const struct store_checker *to, struct store_checked *out)
{
    struct store named = { .path = (char *)path };
    struct check c = { .to = to };
    struct store_checked checked = { 0 };
    int code = sqlite3_open_v2(path, &c.db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK)
        code = check_all(&c, &checked);
    int rc = code == SQLITE_OK ? 0 : store_raise(&named, c.db, code, "cannot be checked");
    sqlite3_close(c.db);
    if (rc == 0)
        *out = checked;
    return rc;
}
