/* What vault/upkeep.c (the order of things) and vault/upkeep_base.c (the bases) share. For these files alone. */
#ifndef VAULT_UPKEEP_PRIVATE_H
#define VAULT_UPKEEP_PRIVATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "journal/base.h"
#include "vault/upkeep.h"

/* A base that stands beside the log book. */
struct kept_base {
    struct base_head head;
    uint64_t bytes;
};

struct upkeep {
    struct upkeep_conf conf;
    atomic_bool must_stop;

    /* The worker's alone. */
    bool has_loaded;
    struct kept_base *bases;     /* oldest first */
    size_t n_bases, room;
    uint64_t position, took;     /* committed up to, in this turn */
    uint64_t began;              /* the last new beginning; perhaps not committed yet */
    int64_t now_us, bounded_us, forgot_us;
    bool has_archived;           /* something, since the archive was bounded */

    _Atomic uint64_t figure_bases, figure_position, figure_files, figure_bytes;
};

/* Finds the bases that stand there; what is none is set aside, what a crash left half written removed.
 * 0 or negative. */
int upkeep_load_bases(struct upkeep *u);

/* Writes a base if one is due. 0, also when it was stopped, or negative. */
int upkeep_write_base(struct upkeep *u);

/* Takes the oldest base off the list; its file is the caller's business. */
void upkeep_forget_base(struct upkeep *u);

/* Whether the intake's numbers in a base are those of the intake that is there. */
bool upkeep_is_of_intake(const struct upkeep *u, const struct kept_base *b);

#endif
