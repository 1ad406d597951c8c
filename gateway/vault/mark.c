/* STATE/handed-over: "handed-over 1", then when and where to, a line each. Written before the backup's
 * manifest is, so there is never a backup to go on with beside a box that would go on too.
 * STATE/restoring: nothing in it; stands from before the first file is restored until behind the last. */
#include "vault/mark.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"

#define BYTES_MOST 8192

static void name(const char *state, const char *mark, char out[PATH_MAX])
{
    snprintf(out, PATH_MAX, "%s/%s", state, mark);
}

static bool is_there(const char *path)
{
    uint64_t bytes;
    return file_size(path, &bytes) == 0;
}

bool mark_is_handed_over(const char *state)
{
    char path[PATH_MAX];
    name(state, "handed-over", path);
    return is_there(path);
}

/* What the mark says, on one line. */
static void read_mark(const char *path, char *out, size_t room)
{
    char *text = NULL;
    size_t size = 0;
    snprintf(out, room, "at an unknown time");
    if (file_read_all(path, BYTES_MOST, &text, &size) < 0)
        return;
    char *line = strchr(text, '\n');
    if (line) {
        for (char *at = line + 1; *at; at++)
            if (*at == '\n')
                *at = at[1] ? ' ' : '\0';
        snprintf(out, room, "%s", line + 1);
    }
    free(text);
}

int mark_may_run(const char *state)
{
    char path[PATH_MAX], said[BYTES_MOST];
    name(state, "restoring", path);
    if (is_there(path))
        return err_raise(-1, "state directory %s: a restore into it was cut short – empty it and restore "
                         "again", state);
    name(state, "handed-over", path);
    if (!is_there(path))
        return 0;
    read_mark(path, said, sizeof said);
    return err_raise(-1, "state directory %s: was handed over %s, and two gateways must never go on from one "
                     "state – to come back, hand over there and restore here into an empty directory. Only "
                     "if that copy never ran and never will, remove %s", state, said, path);
}

int mark_hand_over(const char *state, const char *to, int64_t now_wall_us)
{
    char path[PATH_MAX], now[32];
    struct buffer text = { 0 };
    name(state, "handed-over", path);
    time_print(now_wall_us, now);
    buffer_print(&text, "handed-over 1\non %s\nto %s\n", now, to);
    int rc = file_replace(path, buffer_slice(&text));
    buffer_fini(&text);
    return rc < 0 ? err_raise(rc, "%s: cannot be written – %s; nothing was handed over", path, strerror(-rc)) : 0;
}

int mark_restoring(const char *state)
{
    char path[PATH_MAX];
    name(state, "restoring", path);
    int rc = file_replace(path, (struct slice){ 0 });
    return rc < 0 ? err_raise(rc, "%s: cannot be written – %s", path, strerror(-rc)) : 0;
}

int mark_restored(const char *state)
{
    char path[PATH_MAX];
    name(state, "restoring", path);
    int rc = file_remove(path);
    if (rc == 0)
        rc = file_sync_directory(state);
    return rc < 0 ? err_raise(rc, "%s: cannot be removed – %s", path, strerror(-rc)) : 0;
}
