/* Looking back without touching: the store is copied, since a reader of the live one would hold up its WAL for as
 * long as a replay takes, and the copy stands still. It goes into TMPDIR and leaves with the command. */
#include "command/past.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "command/command.h"
#include "publish/encode.h"

bool past_argument(int argc, char **argv, int *i, struct past_args *args)
{
    const struct { const char *name; const char **to; } rows[] = {
        { "--config", &args->config }, { "--state", &args->state }, { "--plugins", &args->plugins },
    };
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        const char *value = command_value(argc, argv, i, rows[r].name);
        if (!value)
            continue;
        *rows[r].to = value;
        return true;
    }
    return false;
}

static char *text(const char *format, const char *value)
{
    char *out = NULL;
    if (asprintf(&out, format, value) < 0)
        abort();
    return out;
}

static int make_scratch(struct past *p)
{
    const char *base = getenv("TMPDIR");
    base = base && base[0] ? base : "/tmp";
    p->scratch = text("%s/carbon-past-XXXXXX", base);
    if (!mkdtemp(p->scratch)) {
        free(p->scratch);
        p->scratch = NULL;
        return err_raise(-errno, "no directory of our own in %s – name another one in TMPDIR", base);
    }
    p->copy = text("%s/store.sqlite", p->scratch);
    p->again = text("%s/again.sqlite", p->scratch);
    return 0;
}

static int copy_store(struct past *p)
{
    if (access(p->places.store, F_OK) != 0)
        return err_raise(-errno, "no store %s – it is the state directory of a gateway that is asked for; a start "
                         "of the gateway rebuilds a store that is missing", p->places.store);
    int rc = store_copy(p->places.store, p->copy, &p->position);
    if (rc == 0)
        rc = store_open(p->copy, &p->held);
    return rc > 0 ? err_raise(-EIO, "the store %s is damaged – a start of the gateway rebuilds it",
                              p->places.store) : rc;
}

static int open_state(const char *state, const char *plugins, struct past *out)
{
    log_set_level(LOG_ERROR);        /* what is done in our own directory is nobody's news */
    places_init(&out->places, state);
    out->plugins = text("%s", plugins);
    int rc = make_scratch(out);
    if (rc == 0)
        rc = copy_store(out);
    return rc < 0 ? EXIT_FAILED : EXIT_DONE;
}

static int open_configured(const char *config, struct past *out)
{
    struct conf *conf = NULL;
    int rc = conf_read(config, &conf);
    if (rc != 0)
        return rc < 0 ? EXIT_FAILED : EXIT_WRONG;
    rc = open_state(conf->state, conf->plugins, out);
    conf_free(conf);
    return rc;
}

int past_open(const char *command, const struct past_args *args, struct past *out)
{
    *out = (struct past){ 0 };
    bool has_config = args->config && args->config[0], has_state = args->state && args->state[0];
    if (has_config == has_state) {
        fprintf(stderr, "carbon-gateway %s: which state? Give either --config FILE or --state DIR\n", command);
        return EXIT_WRONG;
    }
    if (has_config)
        return open_configured(args->config, out);
    return open_state(args->state, args->plugins ? args->plugins : conf_plugins_preset(), out);
}

static void on_scratch(void *self, const char *name)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", (const char *)self, name);
    file_remove(path);
}

void past_close(struct past *p)
{
    store_close(p->held);
    if (p->scratch) {
        file_list(p->scratch, on_scratch, p->scratch);
        rmdir(p->scratch);
    }
    free(p->scratch);
    free(p->copy);
    free(p->again);
    free(p->plugins);
    places_fini(&p->places);
}

int past_find(struct past *p, const char *id, struct arena *arena, struct store_summary *out)
{
    struct store_summary s = { 0 };
    int rc;
    while ((rc = store_history_next(p->held, s.epoch_ordinal, s.sequence, arena, &s)) == 0) {
        if (strcmp(s.id, id) == 0) {
            *out = s;
            return 0;
        }
        arena_reset(arena);
    }
    return rc;
}

int past_json(struct slice payload, struct buffer *out)
{
    if (payload.size == 0 || payload.at[0] != '{')
        return encode_json("SiteSummary", payload, out);
    buffer_put(out, payload.at, payload.size);
    return 0;
}
