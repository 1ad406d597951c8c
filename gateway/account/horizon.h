/* Which closed windows may still change, told from rows of a snapshot alone, without an account in
 * memory: a base leaves out the others. */
#ifndef ACCOUNT_HORIZON_H
#define ACCOUNT_HORIZON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "model/state.h"

struct horizon;
struct horizon *horizon_new(int64_t lateness_us);
void horizon_free(struct horizon *h);        /* accepts NULL */

/* Shows it one row, in the order of a snapshot: by stage, then by key. Whether a base needs it. Rows of
 * STAGE_WINDOW that ended more than the lateness bound before the newest time of each device of their
 * site are not needed; all else is, and so is what cannot be read. */
bool horizon_needs(struct horizon *h, enum stage stage, struct slice key, struct slice value);

#endif
