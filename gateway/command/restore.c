/* carbon-gateway restore: a backup becomes a state directory.
 *
 * Everything is checked before anything is written. Then a mark stands in the state directory until the
 * last file does, so that no gateway runs on half of one. A backup of a gateway that went on, and a
 * hand-over that is restored for the second time, owe a new epoch (STATE/epoch): two gateways never give
 * one id or one sequence to different things. The backup is marked before the state is whole: a kill in
 * between costs an epoch, and never lets the same one go on twice. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "command/command.h"
#include "command/manifest.h"
#include "conf.h"
#include "vault/epoch.h"
#include "vault/mark.h"

struct restore {
    const struct conf *conf;
    const char *from;
    struct manifest manifest;
    bool goes_on;                /* in the same epoch */
};

static int raise_put(const char *path, int rc)
{
    return err_raise(rc, "restore: %s cannot be written – %s; mend that, empty the state directory and "
                     "restore again", path, strerror(-rc));
}

static int put_bytes(const char *path, struct slice bytes)
{
    struct file_stream to = { 0 };
    int rc = file_stream_begin(path, &to);
    if (rc < 0)
        return rc;
    rc = file_stream_put(&to, bytes);
    if (rc == 0)
        return file_stream_end(&to);
    file_stream_abandon(&to);
    return rc;
}

/* A segment has all its room allocated, as if it had never been cut. */
static int put_segment(const char *path, struct slice bytes, uint64_t whole_bytes)
{
    struct file_map m = { 0 };
    int rc = file_allocate(path, whole_bytes);
    if (rc == 0)
        rc = file_map(path, true, &m);
    if (rc < 0)
        return rc;
    memcpy(m.at, bytes.at, bytes.size);
    rc = file_sync(&m);
    file_unmap(&m);
    return rc;
}

/* Every directory on the way to it. */
static int make_way(const char *state, const char *name)
{
    char path[PATH_MAX];
    for (const char *at = strchr(name, '/'); at; at = strchr(at + 1, '/')) {
        snprintf(path, sizeof path, "%s/%.*s", state, (int)(at - name), name);
        int rc = file_make_directory(path);
        if (rc < 0)
            return raise_put(path, rc);
    }
    return 0;
}

static int restore_file(const struct restore *r, const struct manifest_file *f)
{
    char from[PATH_MAX], to[PATH_MAX];
    struct file_map m = { 0 };
    snprintf(from, sizeof from, "%s/%s", r->from, f->path);
    snprintf(to, sizeof to, "%s/%s", r->conf->state, f->path);
    int rc = make_way(r->conf->state, f->path);
    if (rc < 0)
        return rc;
    rc = file_map(from, false, &m);
    if (rc < 0)
        return err_raise(rc, "restore: %s cannot be read – %s", from, strerror(-rc));
    struct slice bytes = { m.at, m.size };
    rc = f->whole_bytes > f->bytes ? put_segment(to, bytes, f->whole_bytes) : put_bytes(to, bytes);
    file_unmap(&m);
    return rc < 0 ? raise_put(to, rc) : 0;
}

static void on_any(void *self, const char *name)
{
    (void)name;
    ++*(size_t *)self;
}

static int make_target(const char *state)
{
    size_t n = 0;
    int rc = file_make_directory(state);
    if (rc == 0)
        rc = file_list(state, on_any, &n);
    if (rc < 0)
        return err_raise(rc, "state directory %s: cannot be made – %s; its parent must exist and be writable",
                         state, strerror(-rc));
    return n == 0 ? 0 : err_raise(-EEXIST, "state directory %s is not empty – a restore never mixes with what "
                                  "stands there; move that away, or name another one in the configuration",
                                  state);
}

static bool was_restored_before(const struct restore *r)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/restored", r->from);
    return access(path, F_OK) == 0;
}

/* Best effort: a backup may come from where nothing can be written. */
static void mark_backup(const struct restore *r)
{
    char path[PATH_MAX], now[32];
    struct buffer text = { 0 };
    snprintf(path, sizeof path, "%s/restored", r->from);
    time_print(clock_read().wall_us, now);
    buffer_print(&text, "restored 1\non %s\nto %s\n", now, r->conf->state);
    if (file_replace(path, buffer_slice(&text)) < 0 && r->goes_on)
        fprintf(stderr, "carbon-gateway restore: %s cannot be written, so a second restore of this hand-over "
                "would not know of this one – never restore it again\n", path);
    buffer_fini(&text);
}

static int settle_epoch(const struct restore *r)
{
    struct places places;
    if (r->goes_on)
        return 0;
    places_init(&places, r->conf->state);
    int rc = epoch_owe(places.epoch, r->manifest.epoch_ordinal);
    places_fini(&places);
    return rc;
}

static int check(const struct restore *r)
{
    if (strcmp(r->manifest.gateway, r->conf->plan.gateway_id) != 0)
        return err_raise(-1, "backup %s: is of gateway %s, and the configuration names %s – use the one's own "
                         "configuration, or another backup", r->from, r->manifest.gateway,
                         r->conf->plan.gateway_id);
    return manifest_check(&r->manifest, r->from);
}

static int carry_out(struct restore *r)
{
    int rc = manifest_read(r->from, &r->manifest);
    if (rc == 0)
        rc = check(r);
    if (rc == 0)
        rc = make_target(r->conf->state);
    if (rc == 0)
        rc = mark_restoring(r->conf->state);
    for (size_t i = 0; i < r->manifest.n && rc == 0; i++)
        rc = restore_file(r, &r->manifest.files[i]);
    if (rc != 0)
        return rc;
    r->goes_on = r->manifest.is_hand_over && !was_restored_before(r);
    if ((rc = settle_epoch(r)) != 0)
        return rc;
    mark_backup(r);
    return mark_restored(r->conf->state);
}

static void tell(const struct restore *r)
{
    char written[32];
    time_print(r->manifest.written_us, written);
    printf("restored %zu files of gateway %s as of %s, log book entry %" PRIu64 ", in %s\n", r->manifest.n,
           r->manifest.gateway, written, r->manifest.position, r->conf->state);
    if (r->goes_on)
        printf("it goes on in epoch %" PRIu32 " as if it had never stopped; the old box does not run any more\n",
               r->manifest.epoch_ordinal);
    else
        printf("it begins a new epoch behind %" PRIu32 ", since another gateway may have gone on in that one. "
               "Stop the old box for good before you start this one: two gateways under one id throw each "
               "other out at the broker (ingest.taken_over)\n", r->manifest.epoch_ordinal);
}

int command_restore(int argc, char **argv)
{
    const char *config = NULL, *from = NULL, *value;
    for (int i = 0; i < argc; i++) {
        if ((value = command_value(argc, argv, &i, "--config")))
            config = value;
        else if ((value = command_value(argc, argv, &i, "--from")))
            from = value;
        else
            return command_unknown("restore", argv[i]);
    }
    if (command_need_config("restore", config) != EXIT_DONE)
        return EXIT_WRONG;
    if (!from || !from[0]) {
        fputs("carbon-gateway restore: of what? Give the directory of a backup with --from DIR\n", stderr);
        return EXIT_WRONG;
    }

    struct conf *conf = NULL;
    int rc = conf_read(config, &conf);
    if (rc != 0)
        return rc < 0 ? EXIT_FAILED : EXIT_WRONG;
    struct restore r = { .conf = conf, .from = from };
    rc = carry_out(&r);
    if (rc == 0)
        tell(&r);
    manifest_fini(&r.manifest);
    conf_free(conf);
    return rc < 0 ? EXIT_FAILED : EXIT_DONE;
}
