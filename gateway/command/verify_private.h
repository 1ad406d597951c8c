/* What command/verify.c (the command, the store), verify_journal.c (journals, archive, bases) and verify_again.c
 * (computing again) share. For these files alone. */
#ifndef COMMAND_VERIFY_PRIVATE_H
#define COMMAND_VERIFY_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf.h"
#include "journal/base.h"
#include "store/store.h"

/* A journal as it was found. */
struct verify_journal {
    uint64_t id, first, last;    /* 0: none */
    uint64_t segments, archived, frames;
};

struct verify_range {
    uint32_t epoch_ordinal;
    uint64_t from, until;
};

struct verify {
    const char *state, *plugins;
    struct places places;
    char *scratch, *copy, *again;    /* a directory of our own; the store's copy, and the one computed anew */

    const char *part;            /* that is being checked */
    uint64_t faults, part_faults;

    struct verify_journal intake, logbook;
    uint64_t last_hole;          /* the last HOLE of the log book; 0: none */
    struct verify_range *dropped;    /* by DROP entries */
    size_t n_dropped, room;

    bool has_copy;
    uint64_t position, took;
    struct store_checked checked;
};

/* A part begins, has a fault, ends: with what was checked, or why nothing could be. One line each. */
void verify_begin(struct verify *v, const char *part);
void verify_fault(struct verify *v, const char *format, ...) __attribute__((format(printf, 2, 3)));
void verify_end(struct verify *v, const char *format, ...) __attribute__((format(printf, 2, 3)));
void verify_skip(struct verify *v, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Negative only when the machine refuses; what is wrong is a fault. */
int verify_journal(struct verify *v, const char *name, const char *path, struct verify_journal *out);
int verify_archive(struct verify *v, const char *name, const char *path);
int verify_bases(struct verify *v);
int verify_entries(struct verify *v);
int verify_again(struct verify *v);

#endif
