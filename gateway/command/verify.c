/* carbon-gateway verify: journal, archive and store held against each other.
 *
 * Nothing in the state directory is changed, and a gateway may run on it: the store is copied first, as of
 * one committed moment, into a directory of our own, and everything else is compared with the copy. The
 * journals are looked at behind that, so they hold at least what the copy needs. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "command/command.h"
#include "command/verify_private.h"
#include "pipeline.h"

#define FAULTS_SHOWN 20

/* Telling. */

void verify_begin(struct verify *v, const char *part)
{
    v->part = part;
    v->part_faults = 0;
}

void verify_fault(struct verify *v, const char *format, ...)
{
    v->faults++;
    if (++v->part_faults > FAULTS_SHOWN)
        return;
    va_list args;
    va_start(args, format);
    printf("%s: WRONG – ", v->part);
    vprintf(format, args);
    putchar('\n');
    va_end(args);
}

void verify_end(struct verify *v, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (v->part_faults == 0)
        printf("%s: ok – ", v->part);
    else
        printf("%s: %" PRIu64 " WRONG, the first %d are told – in ", v->part, v->part_faults, FAULTS_SHOWN);
    vprintf(format, args);
    putchar('\n');
    va_end(args);
    fflush(stdout);
}

void verify_skip(struct verify *v, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    printf("%s: not done – ", v->part);
    vprintf(format, args);
    putchar('\n');
    va_end(args);
}

/* The store. */

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

static void tell_no_copy(struct verify *v)
{
    if (is_there(v->places.store))
        verify_fault(v, "%s cannot be read, for the reason that standard error tells – if it is damaged, a start "
                     "of the gateway sets it aside and rebuilds it", v->places.store);
    else
        verify_fault(v, "%s is not there – a start of the gateway rebuilds it from the newest base and the "
                     "journals", v->places.store);
}

static void on_fault(void *self, const char *fault)
{
    verify_fault(self, "%s", fault);
}

static bool was_dropped(const struct verify *v, uint32_t ordinal, uint64_t sequence)
{
    for (size_t i = 0; i < v->n_dropped; i++)
        if (v->dropped[i].epoch_ordinal == ordinal && sequence >= v->dropped[i].from &&
            sequence <= v->dropped[i].until)
            return true;
    return false;
}

/* What the policy at the store's bound gave up is announced and no hole. */
static void on_hole(void *self, uint32_t ordinal, uint64_t from, uint64_t until)
{
    struct verify *v = self;
    while (from <= until && was_dropped(v, ordinal, from))
        from++;
    while (until >= from && was_dropped(v, ordinal, until))
        until--;
    if (from <= until)
        verify_fault(v, "epoch %" PRIu32 ": summaries %" PRIu64 " to %" PRIu64 " are missing between others – "
                     "they were removed by hand; restore a backup, or have the store rebuilt by moving it away",
                     ordinal, from, until);
}

static int read_took(struct verify *v)
{
    struct store_snapshot *s = NULL;
    struct slice value;
    uint64_t id = 0;
    int rc = store_snapshot_open(v->copy, &s);
    if (rc == 0 && store_snapshot_get(s, STAGE_PIPELINE, slice_of(PIPELINE_TOOK_KEY), &value) == 0 &&
        pipeline_read_took(value, &id, &v->took) != 0)
        verify_fault(v, "its row of what was taken is malformed – move the store away, a start rebuilds it");
    store_snapshot_close(s);
    if (id != 0 && v->intake.id != 0 && id != v->intake.id)
        verify_fault(v, "it was written with intake %016" PRIx64 ", and %016" PRIx64 " stands there – restore "
                     "both from one backup", id, v->intake.id);
    return rc;
}

static void check_positions(struct verify *v)
{
    if (v->position > v->logbook.last)
        verify_fault(v, "it stands at entry %" PRIu64 ", and the log book ends at %" PRIu64 " – the end of the log "
                     "book is missing; restore it from a backup, or start the gateway: it goes on in a new epoch",
                     v->position, v->logbook.last);
    if (v->took > v->intake.last)
        verify_fault(v, "it took the intake up to frame %" PRIu64 ", which ends at %" PRIu64 " – the end of the "
                     "intake is missing; restore it from a backup, or start the gateway: it tells what is lost",
                     v->took, v->intake.last);
}

static int check_store(struct verify *v)
{
    const struct store_checker to = { on_fault, on_hole, v };
    int rc = store_check(v->copy, &to, &v->checked);
    if (rc < 0) {
        v->has_copy = false;         /* nothing to hold the rest against */
        verify_fault(v, "it cannot be read to its end – a start of the gateway sets it aside and rebuilds it");
        return 0;
    }
    rc = read_took(v);
    check_positions(v);
    return rc;
}

static int verify_store(struct verify *v)
{
    verify_begin(v, "store");
    int rc = 0;
    if (v->has_copy)
        rc = check_store(v);
    else
        tell_no_copy(v);
    verify_end(v, "%" PRIu64 " summaries, %" PRIu64 " of them waiting, %" PRIu64 " rows of the state; it stands at "
               "entry %" PRIu64 " and frame %" PRIu64, v->checked.summaries, v->checked.waiting,
               v->checked.states, v->position, v->took);
    return rc;
}

/* All parts. */

static int verify_all(struct verify *v)
{
    int rc;
    v->has_copy = is_there(v->places.store) && store_copy(v->places.store, v->copy, &v->position) == 0;
    if ((rc = verify_journal(v, "intake", v->places.intake, &v->intake)) != 0 ||
        (rc = verify_journal(v, "log book", v->places.logbook, &v->logbook)) != 0 ||
        (rc = verify_archive(v, "archive of the intake", v->places.intake)) != 0 ||
        (rc = verify_archive(v, "archive of the log book", v->places.logbook)) != 0 ||
        (rc = verify_bases(v)) != 0 ||
        (rc = verify_entries(v)) != 0 ||
        (rc = verify_store(v)) != 0)
        return rc;
    return v->has_copy ? verify_again(v) : 0;
}

/* The scratch directory. */

static int make_scratch(struct verify *v)
{
    const char *base = getenv("TMPDIR");
    if (asprintf(&v->scratch, "%s/carbon-verify-XXXXXX", base && base[0] ? base : "/tmp") < 0)
        abort();
    if (!mkdtemp(v->scratch))
        return err_raise(-errno, "verify: no directory of our own in %s – name another one in TMPDIR",
                         base && base[0] ? base : "/tmp");
    if (asprintf(&v->copy, "%s/store.sqlite", v->scratch) < 0 ||
        asprintf(&v->again, "%s/again.sqlite", v->scratch) < 0)
        abort();
    return 0;
}

static void on_scratch(void *self, const char *name)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", (const char *)self, name);
    file_remove(path);
}

static void remove_scratch(struct verify *v)
{
    if (v->copy) {
        file_list(v->scratch, on_scratch, v->scratch);
        rmdir(v->scratch);
    }
    free(v->scratch);
    free(v->copy);
    free(v->again);
}

static int verify(const char *state, const char *plugins)
{
    struct verify v = { .state = state, .plugins = plugins };
    if (!is_there(state)) {
        err_raise(-errno, "verify: no state directory %s – %s", state, strerror(errno));
        return EXIT_FAILED;
    }
    log_set_level(LOG_WARN);         /* what is done in our own directory is nobody's news */
    places_init(&v.places, state);
    int rc = make_scratch(&v);
    if (rc == 0)
        rc = verify_all(&v);
    remove_scratch(&v);
    free(v.dropped);
    places_fini(&v.places);
    if (rc < 0)
        return EXIT_FAILED;
    printf(v.faults == 0 ? "everything fits\n" : "%" PRIu64 " things do not fit; what to do stands beside each\n",
           v.faults);
    return v.faults == 0 ? EXIT_DONE : EXIT_FAILED;
}

static int verify_configured(const char *config)
{
    struct conf *conf = NULL;
    int rc = conf_read(config, &conf);
    if (rc != 0)
        return rc < 0 ? EXIT_FAILED : EXIT_WRONG;
    rc = verify(conf->state, conf->plugins);
    conf_free(conf);
    return rc;
}

int command_verify(int argc, char **argv)
{
    const char *config = NULL, *state = NULL, *plugins = conf_plugins_preset(), *value;
    for (int i = 0; i < argc; i++) {
        if ((value = command_value(argc, argv, &i, "--config")))
            config = value;
        else if ((value = command_value(argc, argv, &i, "--state")))
            state = value;
        else if ((value = command_value(argc, argv, &i, "--plugins")))
            plugins = value;
        else
            return command_unknown("verify", argv[i]);
    }
    bool has_config = config && config[0], has_state = state && state[0];
    if (has_config == has_state) {
        fputs("carbon-gateway verify: which state? Give either --config FILE or --state DIR\n", stderr);
        return EXIT_WRONG;
    }
    return has_config ? verify_configured(config) : verify(state, plugins);
}
