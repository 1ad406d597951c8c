/* What the tests of the vault share: a plant of one meter on a scratch directory, readings that arrive
 * as ingest would write them, and what stands in the books and in the log. */
#ifndef VAULT_PLANT_TEST_H
#define VAULT_PLANT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above. */
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/number.h"
#include "journal/segment.h"
#include "reading.pb-c.h"
#include "summary.pb-c.h"
#include "vault/logbook.h"
#include "vault/vault.h"

#define MINUTE_US INT64_C(60000000)
#define BEGIN_US INT64_C(1514764800000000)       /* 2018-01-01T00:00:00Z */

struct plant {
    char path[64], state[96], config[96];
    struct conf *conf;
    struct vault *vault;
    uint64_t sequence;               /* of the meter */
};

/* Directories and files under a path. */
static inline void plant_remove_all(const char *path)
{
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d)) != NULL;) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        char *inside = NULL;
        if (asprintf(&inside, "%s/%s", path, e->d_name) < 0)
            abort();
        if (unlink(inside) != 0)
            plant_remove_all(inside);
        free(inside);
    }
    if (d)
        closedir(d);
    rmdir(path);
}

static inline void plant_configure(struct plant *p, const char *gateway, const char *more)
{
    FILE *f = fopen(p->config, "w");
    assert_non_null(f);
    fprintf(f,
            "gateway: %s\n"
            "state: %s\n"
            "ingest: {broker: 'mqtt://127.0.0.1:1'}\n"
            "publish: {broker: 'mqtt://127.0.0.1:1'}\n"
            "journal: {segment: 4MB, reserve: 64MB}\n"
            "factors:\n"
            "  - {id: grid, source: made up, per: kWh, co2: 0.5}\n"
            "sites:\n"
            "  - id: mill\n"
            "    zone: UTC\n"
            "    periods: [1min]\n"
            "    publish_shorter: true\n"
            "    grace: 0s\n"
            "    restate_every: 0s\n"
            "    streams:\n"
            "      - {id: power, scope: 2, carrier: electricity, factor: grid}\n"
            "    devices:\n"
            "      - id: meter\n"
            "        points:\n"
            "          - {id: energy, kind: interval, unit: kWh, stream: power, interval: 1min}\n%s",
            gateway, p->state, more);
    fclose(f);
    conf_free(p->conf);
    p->conf = NULL;
    assert_int_equal(conf_read(p->config, &p->conf), 0);
}

static inline int plant_make(void **state)
{
    struct plant *p = calloc(1, sizeof *p);
    snprintf(p->path, sizeof p->path, "/tmp/carbon-vault-XXXXXX");
    if (!mkdtemp(p->path))
        return -1;
    snprintf(p->state, sizeof p->state, "%s/state", p->path);
    snprintf(p->config, sizeof p->config, "%s/gateway.yaml", p->path);
    plant_configure(p, "gw-1", "");
    *state = p;
    return 0;
}

static inline int plant_remove(void **state)
{
    struct plant *p = *state;
    vault_close(p->vault);
    conf_free(p->conf);
    plant_remove_all(p->path);
    free(p);
    return 0;
}

#define PLANT_TEST(f) cmocka_unit_test_setup_teardown(f, plant_make, plant_remove)

static inline void plant_start(struct plant *p)
{
    struct vault_hooks hooks = { 0 };
    assert_null(p->vault);
    assert_int_equal(vault_open(p->conf, &hooks, &p->vault), 0);
}

/* As a kill would. */
static inline void plant_stop(struct plant *p)
{
    vault_close(p->vault);
    p->vault = NULL;
}

static inline void plant_commit(struct plant *p)
{
    assert_int_equal(vault_commit_now(p->vault), 0);
}

/* One kilowatt hour for each of these minutes, counted from 1; the minute's end is the reading's time. */
static inline void plant_arrive(struct plant *p, int from, int until)
{
    for (int minute = from; minute <= until; minute++) {
        uint8_t bytes[128];
        Carbon__V1__Reading r = CARBON__V1__READING__INIT;
        r.point = (char *)"energy";
        r.time_unix_ms = (BEGIN_US + minute * MINUTE_US) / 1000;
        r.value = 1;
        r.boot_id = 1;
        r.sequence = ++p->sequence;
        struct frame f = { .kind = FRAME_MESSAGE, .flags = 1,
                           .topic = slice_of("carbon/v1/mill/meter/reading"),
                           .rest = { bytes, carbon__v1__reading__pack(&r, bytes) } };
        assert_int_equal(journal_append(vault_intake(p->vault), &f), 0);
    }
}

static inline void plant_take(struct plant *p)
{
    int rc;
    while ((rc = vault_take(p->vault)) == 0)
        ;
    assert_int_equal(rc, VAULT_NOTHING);
}

/* The whole way: arrives, is taken, is committed. */
static inline void plant_run(struct plant *p, int from, int until)
{
    plant_arrive(p, from, until);
    plant_take(p);
    plant_commit(p);
}

/* What the books say: the windows of the newest epoch and revision, in which minutes something stands. */
struct books {
    unsigned windows;                /* published, each counted once */
    int first, last;                 /* minutes, from 1 */
    int64_t activity_wh;
    uint32_t epoch_ordinal;          /* of the newest summary */
    uint64_t sequence;
    bool is_gap_free;                /* sequences from 1 on in every epoch that is kept */
};

#define BOOKS_MINUTES 512

static inline int64_t activity_of(const struct store_summary *s)
{
    Carbon__V1__SiteSummary *m =
        carbon__v1__site_summary__unpack(NULL, s->payload.size, s->payload.at);
    assert_non_null(m);
    int64_t wh = 0;
    for (size_t i = 0; i < m->n_streams; i++)
        if (m->streams[i]->activity)
            wh += m->streams[i]->activity->whole;
    carbon__v1__site_summary__free_unpacked(m, NULL);
    return wh;
}

static inline struct books plant_books(struct plant *p)
{
    int64_t wh[BOOKS_MINUTES] = { 0 };
    bool is_there[BOOKS_MINUTES] = { false };
    struct books b = { .is_gap_free = true };
    struct store_summary s = { 0 };
    struct arena arena;
    arena_init(&arena, 0);
    while (store_history_next(vault_store(p->vault), s.epoch_ordinal, s.sequence, &arena, &s) == 0) {
        uint64_t next = s.epoch_ordinal == b.epoch_ordinal ? b.sequence + 1 : 1;
        b.is_gap_free = b.is_gap_free && s.sequence == next;
        b.epoch_ordinal = s.epoch_ordinal;
        b.sequence = s.sequence;
        int minute = (int)((s.end_us - BEGIN_US) / MINUTE_US);
        assert_in_range(minute, 1, BOOKS_MINUTES - 1);
        is_there[minute] = true;
        wh[minute] = activity_of(&s);
        arena_reset(&arena);
    }
    arena_fini(&arena);
    for (int m = 1; m < BOOKS_MINUTES; m++) {
        if (!is_there[m])
            continue;
        b.first = b.windows == 0 ? m : b.first;
        b.last = m;
        b.windows++;
        b.activity_wh += wh[m];
    }
    return b;
}

/* Minutes from 1 to last, each with its kilowatt hour. */
static inline void assert_books(struct plant *p, int first, int last)
{
    struct books b = plant_books(p);
    assert_int_equal(b.first, first);
    assert_int_equal(b.last, last);
    assert_int_equal(b.windows, last - first + 1);
    assert_int_equal(b.activity_wh, 1000 * (last - first + 1));
    assert_true(b.is_gap_free);
    assert_true(pipeline_balances(vault_pipeline(p->vault)));
}

/* --- what is said on standard error --- */

struct listening {
    int saved, file;
    char text[32768];
};

static inline void listen_begin(struct listening *l)
{
    char path[] = "/tmp/carbon-vault-said-XXXXXX";
    l->saved = dup(STDERR_FILENO);
    l->file = mkstemp(path);
    assert_true(l->saved >= 0 && l->file >= 0);
    unlink(path);
    dup2(l->file, STDERR_FILENO);
}

static inline void listen_end(struct listening *l)
{
    dup2(l->saved, STDERR_FILENO);
    close(l->saved);
    ssize_t n = pread(l->file, l->text, sizeof l->text - 1, 0);
    assert_true(n >= 0);
    l->text[n] = '\0';
    close(l->file);
    if (getenv("VAULT_TEST_SHOWS"))
        fputs(l->text, stderr);
}

/* Starts and gives what was said meanwhile; the caller frees. */
static inline char *plant_start_listening(struct plant *p)
{
    struct listening *l = calloc(1, sizeof *l);
    listen_begin(l);
    struct vault_hooks hooks = { 0 };
    int rc = vault_open(p->conf, &hooks, &p->vault);
    listen_end(l);
    char *text = strdup(l->text);
    free(l);
    if (rc != 0)
        fail_msg("the vault did not open: %s", text);
    return text;
}

static inline void assert_said(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" does not say \"%s\"", text, part);
}

/* --- harm --- */

static inline void plant_path(const struct plant *p, const char *name, char out[256])
{
    snprintf(out, 256, "%s/%s", p->state, name);
}

static inline bool plant_has(const struct plant *p, const char *name)
{
    char path[256];
    plant_path(p, name, path);
    return access(path, F_OK) == 0;
}

static inline void plant_lose(const struct plant *p, const char *name)
{
    char path[256];
    plant_path(p, name, path);
    plant_remove_all(path);
    unlink(path);
}

static inline void plant_write(const struct plant *p, const char *name, size_t at, const void *bytes,
                               size_t n)
{
    char path[256];
    plant_path(p, name, path);
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, n, (off_t)at), n);
    close(fd);
}

static inline void plant_truncate(const struct plant *p, const char *name, size_t size)
{
    char path[256];
    plant_path(p, name, path);
    assert_int_equal(truncate(path, (off_t)size), 0);
}

/* What becomes of a segment. That a body is harmed, opening need not see. */
enum harm { GONE, EMPTY, CUT, HEADER, NEWER, BODY };

static inline void plant_harm(const struct plant *p, const char *journal, int k, enum harm harm)
{
    static const uint8_t version = 77;
    char name[64];
    snprintf(name, sizeof name, "%s/%012d.segment", journal, k);
    switch (harm) {
    case GONE:
        plant_lose(p, name);
        break;
    case EMPTY:
        plant_truncate(p, name, 0);
        break;
    case CUT:
        plant_truncate(p, name, 8192);
        break;
    case HEADER:
        plant_write(p, name, 20, "harm", 4);
        break;
    case NEWER:
        plant_write(p, name, 8, &version, 1);
        break;
    case BODY:
        plant_write(p, name, SEGMENT_FRAMES_AT + 60, "harm", 4);
        break;
    }
}

/* Long entries, until the log book goes on in that segment. */
static inline void plant_roll_log_book(struct plant *p, int next)
{
    static char version[100000];
    char name[64];
    memset(version, 'v', sizeof version);
    struct entry e = { .kind = FRAME_START, .version = { (uint8_t *)version, sizeof version } };
    snprintf(name, sizeof name, "logbook/%012d.segment", next);
    while (!plant_has(p, name))
        assert_int_equal(vault_say(p->vault, &e), 0);
    e.version.size = 3;
    assert_int_equal(vault_say(p->vault, &e), 0);
    plant_commit(p);
}

/* How many entries of a kind stand in the log book; the last one of them, with its slices gone. */
static inline unsigned plant_entries(const struct plant *p, uint8_t kind, struct entry *last)
{
    char path[256];
    struct journal_reader *r = NULL;
    struct frame f;
    unsigned n = 0;
    plant_path(p, "logbook", path);
    assert_int_equal(journal_reader_open(path, 0, &r), 0);
    while (journal_read(r, UINT64_MAX, &f) == 0) {
        struct entry e;
        assert_int_equal(entry_read(&f, &e), 0);
        if (e.kind != kind)
            continue;
        n++;
        if (last)
            *last = e;
    }
    journal_reader_close(r);
    return n;
}

#endif
