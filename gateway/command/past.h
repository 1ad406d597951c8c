/* The past of a state directory: a copy of its store as of one committed moment, and a directory of our own to
 * compute in. Nothing in the state is changed, and a gateway may run on it. For the commands that look back. */
#ifndef COMMAND_PAST_H
#define COMMAND_PAST_H

#include <stdint.h>

#include "command/again.h"
#include "conf.h"
#include "store/store.h"

/* How a person names it: --state DIR [--plugins DIR], or --config FILE. */
struct past_args {
    const char *config, *state, *plugins;
};

/* Whether argv[*i] is one of those; then it is taken, and *i moved on. */
bool past_argument(int argc, char **argv, int *i, struct past_args *args);

struct past {
    struct places places;
    char *plugins, *scratch, *copy, *again;  /* again: where to compute */
    struct store *held;                      /* the copy, open */
    uint64_t position;                       /* the entry that it stands at */
};

/* EXIT_DONE with *out to be closed; or another exit status, and told why. */
int past_open(const char *command, const struct past_args *args, struct past *out);
void past_close(struct past *p);             /* accepts half-opened things */

/* A published summary by its id; in the arena. 0, STORE_NONE, or negative. */
int past_find(struct past *p, const char *id, struct arena *arena, struct store_summary *out);

/* The payload of a summary as JSON text, whichever format it was published in. 0, or 1 when it is neither. */
int past_json(struct slice payload, struct buffer *out);

#endif
