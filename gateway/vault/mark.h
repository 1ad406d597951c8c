/* Marks on a state directory that keep a gateway from running on it: it was handed over to another box,
 * or is only half restored. Small files that a person can read, and remove. */
#ifndef VAULT_MARK_H
#define VAULT_MARK_H

#include <stdbool.h>
#include <stdint.h>

/* 0, or negative with what to do. */
int mark_may_run(const char *state);

/* Whether it was handed over. */
bool mark_is_handed_over(const char *state);

/* 0 or negative. */
int mark_hand_over(const char *state, const char *to, int64_t now_wall_us);
int mark_restoring(const char *state);
int mark_restored(const char *state);        /* takes the one of restoring away */

#endif
