/* What why.c finds out about a summary and why_tell.c tells of it. */
#ifndef COMMAND_WHY_H
#define COMMAND_WHY_H

#include <jansson.h>

#include "command/past.h"
#include "command/trail.h"

struct why {
    const char *id;
    struct past past;
    struct arena arena;
    bool is_held;                /* the store still has it */
    struct store_summary held;
    struct trail trail;
    bool is_traced;              /* it is of a window, so there is a trail */
    bool is_found;               /* computed again */
    bool is_equal;               /* byte by byte to what is held */
    struct buffer payload;       /* as computed again, protobuf; or as held, when it was not */
    struct again *again;
    struct again_reach reach;
    bool is_unreachable;
};

/* Whether readings of it came before what the journals and the archive still hold. */
bool why_is_beyond(const struct why *w);

/* The whole tree as JSON; the caller frees. NULL when the payload cannot be read. */
json_t *why_tree(const struct why *w);

/* The same for people, to standard output. */
void why_print(json_t *tree);

#endif
