/* Folding: which lines of a log are shown, so that one fault that repeats does not fill a disk. Knows
 * no clock: the time comes with each call. For one thread at a time. */
#ifndef BASE_LOG_FOLD_H
#define BASE_LOG_FOLD_H

#include <stdbool.h>
#include <stdint.h>

#define FOLD_IDS     64
#define FOLD_SPAN_US INT64_C(60000000)

struct fold_slot {
    char id[48]; /* longer ids are told apart by this much; empty: the slot is free */
    int64_t since_us;
    uint64_t n_lines;
};

/* A zeroed struct is an empty fold. */
struct fold {
    uint64_t shown_most; /* lines per id and span */
    struct fold_slot slots[FOLD_IDS];
};

/* What was kept back of one id in a span that is over. */
struct folded {
    char id[48];
    uint64_t n_hidden;
};

/* Takes out one id whose span is over and that had hidden lines. Call until false, before
 * fold_shows: it is what frees the slots. */
bool fold_take_ended(struct fold *f, int64_t now_us, struct folded *out);

/* Counts a line of this id; whether it is to be shown. With more ids in a span than there are slots,
 * the surplus is shown always: better too much than nothing. */
bool fold_shows(struct fold *f, const char *id, int64_t now_us);

#endif
