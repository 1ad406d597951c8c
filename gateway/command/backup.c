/* carbon-gateway backup: a copy of the state from which a gateway can go on.
 *
 * The gateway may run meanwhile, so the order does what a lock cannot: the store first, at position P, and
 * the journals hold everything up to P before the store does; then the log book, then the intake, in which
 * every frame stands before the entry that took it. Segments are append-only and are cut behind their last
 * whole frame. A segment that is archived meanwhile is found in the archive, which is copied behind them;
 * one that is trimmed makes the backup fail rather than lack something.
 *
 * A running gateway goes on behind P under its own numbers, so whoever restores such a backup begins a new
 * epoch. --hand-over is for moving: the gateway stands still, held by its own locks, and its state is
 * marked, before there is a backup, so that it cannot run again. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/hash.h"
#include "command/command.h"
#include "command/manifest.h"
#include "conf.h"
#include "journal/segment.h"
#include "store/store.h"
#include "vault/epoch.h"
#include "vault/mark.h"

#define LOCKS 3

struct backup {
    const struct conf *conf;
    const char *to;
    struct places places;
    struct manifest manifest;
    int locks[LOCKS];            /* of a hand-over; -1: not held */
    struct segment_list intake, logbook;   /* as they were before the store was copied */
};

/* One file. */

static int put_bytes(const char *path, struct slice bytes)
{
    struct file_stream to = { 0 };
    int rc = file_stream_begin(path, &to);
    if (rc == 0) {
        rc = file_stream_put(&to, bytes);
        if (rc == 0)
            rc = file_stream_end(&to);
        else
            file_stream_abandon(&to);
    }
    return rc < 0 ? err_raise(rc, "backup: %s cannot be written – %s", path, strerror(-rc)) : 0;
}

static int put_file(struct backup *b, const char *name, struct slice bytes, uint64_t whole_bytes)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", b->to, name);
    int rc = put_bytes(path, bytes);
    if (rc == 0)
        manifest_add(&b->manifest, name, bytes.size, hash_bytes(bytes, 0), whole_bytes);
    return rc;
}

/* As it is. What is not there, or not any more, is left out. */
static int copy_file(struct backup *b, const char *name)
{
    char path[PATH_MAX];
    struct file_map m = { 0 };
    snprintf(path, sizeof path, "%s/%s", b->conf->state, name);
    int rc = file_map(path, false, &m);
    if (rc == -ENOENT)
        return 0;
    if (rc < 0)
        return err_raise(rc, "backup: %s cannot be read – %s", path, strerror(-rc));
    rc = put_file(b, name, (struct slice){ m.at, m.size }, m.size);
    file_unmap(&m);
    return rc;
}

/* Up to behind its last frame; what cannot be read as a segment is copied as it is. A spare is none yet. */
static int copy_segment(struct backup *b, const char *room, uint64_t ordinal)
{
    char directory[PATH_MAX], name[PATH_MAX];
    struct segment s = { 0 };
    snprintf(directory, sizeof directory, "%s/%s", b->conf->state, room);
    segment_path(room, ordinal, name, sizeof name);

    int rc = segment_open(directory, ordinal, false, &s);
    if (rc == 0)
        rc = put_file(b, name, (struct slice){ s.map.at, segment_scan(&s).end }, s.map.size);
    else if (rc == SEGMENT_NEWER || rc == SEGMENT_DAMAGED)
        rc = copy_file(b, name);
    else if (rc < 0)
        err_raise(rc, "backup: %s/%s cannot be read – %s", b->conf->state, name, strerror(-rc));
    segment_close(&s);
    return rc < 0 ? rc : 0;
}

/* One journal. */

struct walk {
    struct backup *backup;
    const char *room;            /* beneath the state directory */
    int rc;
};

static bool ends_in(const char *name, const char *ending)
{
    size_t n = strlen(name), end = strlen(ending);
    return n > end && strcmp(name + n - end, ending) == 0;
}

static void on_name(void *self, const char *name)
{
    struct walk *w = self;
    uint64_t ordinal;
    bool is_set_aside;
    char path[PATH_MAX];
    if (w->rc != 0)
        return;
    snprintf(path, sizeof path, "%s/%s", w->room, name);
    if (segment_name_parse(name, &ordinal, &is_set_aside))
        w->rc = is_set_aside ? 0 : copy_segment(w->backup, w->room, ordinal);
    else if (ends_in(name, ".base") || ends_in(name, ".zst") || strcmp(name, "poison") == 0 ||
             strcmp(name, "in_hand") == 0)
        w->rc = copy_file(w->backup, path);
}

static int copy_directory(struct backup *b, const char *room)
{
    char from[PATH_MAX], to[PATH_MAX];
    struct walk w = { b, room, 0 };
    snprintf(from, sizeof from, "%s/%s", b->conf->state, room);
    snprintf(to, sizeof to, "%s/%s", b->to, room);
    if (access(from, F_OK) != 0)
        return 0;
    int rc = file_make_directory(to);
    if (rc == 0)
        rc = file_list(from, on_name, &w);
    if (rc < 0)
        return err_raise(rc, "backup: %s cannot be copied to %s – %s", from, to, strerror(-rc));
    return w.rc;
}

/* What stood there before the store was copied stands in the backup, or still there as a spare. */
static int check_none_left(const struct backup *b, const char *room, const struct segment_list *before)
{
    char name[PATH_MAX], archived[PATH_MAX + 16], path[2 * PATH_MAX];
    for (size_t i = 0; i < before->n; i++) {
        segment_path(room, before->at[i].ordinal, name, sizeof name);
        snprintf(archived, sizeof archived, "%s/archive%s.zst", room, strrchr(name, '/'));
        snprintf(path, sizeof path, "%s/%s", b->conf->state, name);
        if (!before->at[i].is_set_aside && !manifest_find(&b->manifest, name) &&
            !manifest_find(&b->manifest, archived) && access(path, F_OK) != 0)
            return err_raise(-EAGAIN, "backup: %s was trimmed while it was copied, so the backup would lack "
                             "it – empty %s and try again; journal.retain is short for a backup of this size",
                             path, b->to);
    }
    return 0;
}

static int copy_journal(struct backup *b, const char *room, const struct segment_list *before)
{
    char archive[64];
    snprintf(archive, sizeof archive, "%s/archive", room);
    int rc = copy_directory(b, room);
    if (rc == 0)
        rc = copy_directory(b, archive);
    return rc == 0 ? check_none_left(b, room, before) : rc;
}

/* All of it. */

static int list_before(const char *directory, struct segment_list *out)
{
    int rc = segment_list_read(directory, out);
    return rc < 0 && rc != -ENOENT ? err_raise(rc, "backup: %s cannot be listed", directory) : 0;
}

static int copy_store(struct backup *b)
{
    char path[PATH_MAX];
    struct file_map m = { 0 };
    snprintf(path, sizeof path, "%s/store.sqlite", b->to);
    if (access(b->places.store, F_OK) != 0)
        return err_raise(-ENOENT, "backup: no store in %s – no gateway ran there yet, or it is lost; a start "
                         "of the gateway rebuilds it", b->conf->state);
    int rc = store_copy(b->places.store, path, &b->manifest.position);
    if (rc < 0)
        return rc;
    rc = file_map(path, false, &m);
    if (rc < 0)
        return err_raise(rc, "backup: %s cannot be read back – %s", path, strerror(-rc));
    struct slice bytes = { m.at, m.size };
    manifest_add(&b->manifest, "store.sqlite", bytes.size, hash_bytes(bytes, 0), bytes.size);
    file_unmap(&m);
    return 0;
}

static int copy_all(struct backup *b)
{
    bool is_owed;
    int rc;

    if ((rc = list_before(b->places.logbook, &b->logbook)) != 0 ||
        (rc = list_before(b->places.intake, &b->intake)) != 0 ||
        (rc = copy_store(b)) != 0 ||
        (rc = copy_journal(b, "logbook", &b->logbook)) != 0 ||
        (rc = copy_journal(b, "intake", &b->intake)) != 0 ||
        (rc = copy_file(b, "epoch")) != 0)
        return rc;
    return epoch_recall(b->places.epoch, &b->manifest.epoch_ordinal, &is_owed);
}

/* Handing over. */

static int hold(struct backup *b, int *fd, const char *path)
{
    int rc = file_lock(path, fd);
    if (rc == -EWOULDBLOCK)
        return err_raise(rc, "backup: the gateway on %s is running – stop it first; --hand-over moves a "
                         "gateway that stands still", b->conf->state);
    return rc < 0 ? err_raise(rc, "backup: %s cannot be locked – %s", path, strerror(-rc)) : 0;
}

static int hold_gateway(struct backup *b)
{
    char path[PATH_MAX];
    const char *const names[LOCKS] = { "intake/lock", "logbook/lock", "store.sqlite.lock" };
    for (size_t i = 0; i < LOCKS; i++) {
        snprintf(path, sizeof path, "%s/%s", b->conf->state, names[i]);
        int rc = hold(b, &b->locks[i], path);
        if (rc != 0)
            return rc;
    }
    if (mark_is_handed_over(b->conf->state))
        return mark_may_run(b->conf->state);
    return 0;
}

static void on_any(void *self, const char *name)
{
    (void)name;
    ++*(size_t *)self;
}

static int make_target(const struct backup *b)
{
    size_t n = 0;
    int rc = file_make_directory(b->to);
    if (rc == 0)
        rc = file_list(b->to, on_any, &n);
    if (rc < 0)
        return err_raise(rc, "backup directory %s: cannot be made – %s", b->to, strerror(-rc));
    return n == 0 ? 0 : err_raise(-EEXIST, "backup directory %s is not empty – name a new one", b->to);
}

static int carry_out(struct backup *b)
{
    int rc = b->manifest.is_hand_over ? hold_gateway(b) : 0;
    if (rc == 0)
        rc = make_target(b);
    if (rc == 0)
        rc = copy_all(b);
    b->manifest.written_us = clock_read().wall_us;
    if (rc == 0 && b->manifest.is_hand_over)
        rc = mark_hand_over(b->conf->state, b->to, b->manifest.written_us);
    return rc == 0 ? manifest_write(&b->manifest, b->to) : rc;
}

static void tell(const struct backup *b)
{
    printf("%zu files of gateway %s, epoch %" PRIu32 ", log book entry %" PRIu64 ", in %s\n", b->manifest.n,
           b->manifest.gateway, b->manifest.epoch_ordinal, b->manifest.position, b->to);
    if (b->manifest.is_hand_over)
        printf("handed over: the gateway does not run on %s any more; restore the backup where it is to go on\n",
               b->conf->state);
    else
        printf("the gateway goes on meanwhile, so what is restored from this begins a new epoch\n");
}

static int backup(const struct conf *conf, const char *to, bool is_hand_over)
{
    struct backup b = { .conf = conf, .to = to, .locks = { -1, -1, -1 } };
    b.manifest.is_hand_over = is_hand_over;
    if (!(b.manifest.gateway = strdup(conf->plan.gateway_id)))
        abort();
    places_init(&b.places, conf->state);
    int rc = carry_out(&b);
    if (rc == 0)
        tell(&b);
    for (size_t i = 0; i < LOCKS; i++)
        if (b.locks[i] >= 0)
            close(b.locks[i]);
    free(b.intake.at);
    free(b.logbook.at);
    manifest_fini(&b.manifest);
    places_fini(&b.places);
    return rc < 0 ? EXIT_FAILED : EXIT_DONE;
}

int command_backup(int argc, char **argv)
{
    const char *config = NULL, *to = NULL, *value;
    bool is_hand_over = false;

    for (int i = 0; i < argc; i++) {
        if ((value = command_value(argc, argv, &i, "--config")))
            config = value;
        else if ((value = command_value(argc, argv, &i, "--to")))
            to = value;
        else if (strcmp(argv[i], "--hand-over") == 0)
            is_hand_over = true;
        else
            return command_unknown("backup", argv[i]);
    }
    if (command_need_config("backup", config) != EXIT_DONE)
        return EXIT_WRONG;
    if (!to || !to[0]) {
        fputs("carbon-gateway backup: where to? Give a new directory with --to DIR\n", stderr);
        return EXIT_WRONG;
    }

    struct conf *conf = NULL;
    int rc = conf_read(config, &conf);
    if (rc != 0)
        return rc < 0 ? EXIT_FAILED : EXIT_WRONG;
    rc = backup(conf, to, is_hand_over);
    conf_free(conf);
    return rc;
}
