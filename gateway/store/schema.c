/* The format of the store. It is a file for two readers: the gateway, which wants exact microseconds
 * and bytes, and an operator with sqlite3, who wants times that can be read and no puzzle.
 *
 *      meta      name, value                what the whole file is about:
 *                                             format    of this file
 *                                             position  log book entry up to which all is in here
 *      state     stage, key, value          the snapshot: rows of model/state.h, opaque here
 *      summary   epoch_ordinal, sequence    everything published, in order of sending
 *                site, period, starts, ends, revision, published     what for, and when (UTC)
 *                cause, ordinal             log book entry that brought it about; place among its summaries
 *                id, topic, payload         as it goes out
 *      outbox    epoch_ordinal, sequence    which of them were not acknowledged yet
 *                payload_bytes              so that the backlog is known without touching the payloads
 *      latest    (view)                     of each window the revision that holds now
 *
 * starts, ends and published are computed from the columns start_us, end_us and published_us whenever
 * somebody looks; they take no room. The payload comes last, since SQLite reads a long row up to the
 * column that it needs. summary keeps its rowid, because a table without one stores long rows badly;
 * the others are small and do without.
 *
 * One script per format, each bringing the one before it up to date; creating is bringing format 0, an
 * empty file, up to date. All scripts run in one transaction, so a kill in between leaves the old
 * format. What is no store of ours, or a newer one, is refused before anything is written to it. */
#include <string.h>

#include <sqlite3.h>

#include "base/err.h"
#include "base/log.h"
#include "store/inside.h"

/* "CGWS" in the file's head: what file(1) sees, and how we tell our files from others. */
#define APPLICATION_ID 1128748883

#define TIME_TEXT(column) "strftime('%Y-%m-%dT%H:%M:%SZ', " column " / 1000000, 'unixepoch')"

/* With line ends, so that sqlite3's .schema can be read. */
static const char create_script[] =
    "CREATE TABLE meta (\n"
    "  name TEXT NOT NULL PRIMARY KEY,\n"
    "  value INTEGER NOT NULL\n"
    ") WITHOUT ROWID;\n"
    "INSERT INTO meta VALUES ('format', 0), ('position', 0);\n"

    "CREATE TABLE state (\n"
    "  stage INTEGER NOT NULL,\n"
    "  key BLOB NOT NULL,\n"
    "  value BLOB NOT NULL,\n"
    "  PRIMARY KEY (stage, key)\n"
    ") WITHOUT ROWID;\n"

    "CREATE TABLE summary (\n"
    "  epoch_ordinal INTEGER NOT NULL,\n"
    "  sequence INTEGER NOT NULL,\n"
    "  site TEXT NOT NULL,\n"
    "  period TEXT NOT NULL,\n"
    "  starts TEXT AS (" TIME_TEXT("start_us") "),\n"
    "  ends TEXT AS (" TIME_TEXT("end_us") "),\n"
    "  revision INTEGER NOT NULL,\n"
    "  published TEXT AS (" TIME_TEXT("published_us") "),\n"
    "  start_us INTEGER NOT NULL,\n"
    "  end_us INTEGER NOT NULL,\n"
    "  published_us INTEGER NOT NULL,\n"
    "  cause INTEGER NOT NULL,\n"
    "  ordinal INTEGER NOT NULL,\n"
    "  id TEXT NOT NULL,\n"
    "  topic TEXT NOT NULL,\n"
    "  payload BLOB NOT NULL,\n"
    "  PRIMARY KEY (epoch_ordinal, sequence)\n"
    ");\n"
    "CREATE INDEX summary_by_age ON summary (published_us);\n"

    "CREATE TABLE outbox (\n"
    "  epoch_ordinal INTEGER NOT NULL,\n"
    "  sequence INTEGER NOT NULL,\n"
    "  payload_bytes INTEGER NOT NULL,\n"
    "  PRIMARY KEY (epoch_ordinal, sequence)\n"
    ") WITHOUT ROWID;\n"

    "CREATE VIEW latest AS\n"
    "  SELECT site, period, starts, ends, revision, published,\n"
    "         iif(waiting, 'waiting', 'acknowledged') AS delivery,\n"
    "         epoch_ordinal, sequence, id, topic, payload_bytes\n"
    "  FROM (SELECT s.*, o.sequence IS NOT NULL AS waiting, length(s.payload) AS payload_bytes,\n"
    "               row_number() OVER (PARTITION BY s.site, s.period, s.start_us\n"
    "                                  ORDER BY s.epoch_ordinal DESC, s.revision DESC) AS rank\n"
    "        FROM summary AS s LEFT JOIN outbox AS o\n"
    "             ON o.epoch_ordinal = s.epoch_ordinal AND o.sequence = s.sequence)\n"
    "  WHERE rank = 1;\n";

/* scripts[n] makes format n + 1 of format n. */
static const char *const scripts[] = { create_script };

#define FORMAT ((int64_t)(sizeof scripts / sizeof *scripts))

/* A database that SQLite can read and that is no store. */
static int refuse(struct store *s, const char *why)
{
    atomic_store(&s->is_damaged, true);
    return err_raise(-1, "store %s: %s", s->path, why);
}

/* Whose file it is and in which format; 0 for an empty one. Reads the head, the schema and one row.
 *
 * That is all the checking there is: SQLite refuses a head that is not its own and a file shorter than
 * its head says, and notices a torn page when it comes across it. Reading every page (PRAGMA
 * quick_check) would take minutes on a year of history at each start, and the WAL keeps whole what a
 * crash or a power cut interrupts; what is left is a failing disk, which can strike a minute after the
 * check as well. */
static int read_format(struct store *s, int64_t *out)
{
    int64_t n_tables, application;
    int code = store_ask(s->writer, "SELECT count(*) FROM sqlite_master", &n_tables);
    if (code == SQLITE_OK)
        code = store_ask(s->writer, "PRAGMA application_id", &application);
    if (code != SQLITE_OK)
        return store_raise(s, s->writer, code, "cannot be read");

    if (n_tables == 0 && application == 0) {
        *out = 0;
        return 0;
    }
    if (application != APPLICATION_ID)
        return refuse(s, "is a database of another program");
    code = store_ask(s->writer, "SELECT value FROM meta WHERE name = 'format'", out);
    return code == SQLITE_OK ? 0 : store_raise_misfit(s, s->writer, code, "does not tell its format");
}

/* A newer one is not damaged: it holds what this version would have to do again, and wrongly. */
static int check_format(struct store *s, int64_t format)
{
    if (format < 0)
        return refuse(s, "has a format that never was");
    if (format <= FORMAT)
        return 0;
    return err_raise(-1, "store %s: has format %lld, and this version knows formats up to %lld – use the "
                     "version that wrote it, or a newer one; to go on with this one all the same, move "
                     "the store away: it is then rebuilt from the newest base and the journals", s->path,
                     (long long)format, (long long)FORMAT);
}

static int is_wal(void *is_so, int n_columns, char **values, char **names)
{
    (void)names;
    *(bool *)is_so = n_columns == 1 && values[0] && strcmp(values[0], "wal") == 0;
    return 0;
}

/* SQLite answers with the mode that it could get, which is no error to it. */
static int enter_wal(struct store *s)
{
    bool is_so = false;
    int code = sqlite3_exec(s->writer, "PRAGMA journal_mode = WAL", is_wal, &is_so, NULL);
    if (code != SQLITE_OK)
        return store_raise(s, s->writer, code, "cannot be written");
    if (!is_so)
        return err_raise(-1, "store %s: its file system cannot share memory between programs (SQLite's "
                         "WAL) – keep the state directory on a local disk", s->path);
    return 0;
}

static int run_scripts(sqlite3 *db, int64_t format)
{
    int code = SQLITE_OK;
    for (int64_t n = format; n < FORMAT && code == SQLITE_OK; n++)
        code = sqlite3_exec(db, scripts[n], NULL, NULL, NULL);
    if (code != SQLITE_OK)
        return code;

    char sql[128];
    sqlite3_snprintf(sizeof sql, sql,
                     "UPDATE meta SET value = %lld WHERE name = 'format'; PRAGMA application_id = %d",
                     (long long)FORMAT, APPLICATION_ID);
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

static int bring_up_to_date(struct store *s, int64_t format)
{
    int code = sqlite3_exec(s->writer, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = run_scripts(s->writer, format);
    if (code == SQLITE_OK)
        code = sqlite3_exec(s->writer, "COMMIT", NULL, NULL, NULL);
    if (code != SQLITE_OK)          /* closing the connection rolls back */
        return store_raise(s, s->writer, code, "cannot be brought up to date");
    log_line(LOG_INFO, "store.made", "path=%s format=%lld before=%lld – %s", s->path,
             (long long)FORMAT, (long long)format,
             format == 0 ? "a new, empty store" : "an older store was brought up to date");
    return 0;
}

int store_settle_format(struct store *s)
{
    int64_t format;
    int rc = read_format(s, &format);
    if (rc == 0)
        rc = check_format(s, format);
    if (rc == 0)
        rc = enter_wal(s);
    if (rc == 0 && format < FORMAT)
        rc = bring_up_to_date(s, format);
    return rc;
}
