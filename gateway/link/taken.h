/* Taken over: whether another client comes with our id again and again. Told when connections end, and
 * how long they had lasted; knows no clock. */
#ifndef LINK_TAKEN_H
#define LINK_TAKEN_H

#include <stdbool.h>
#include <stdint.h>

#define TAKEN_SHORT_US INT64_C(30000000)
#define TAKEN_AFTER 3

struct taken {
    int64_t calm_us;             /* a connection that lasts this long ends it */
    unsigned n_short;            /* short ones in a row that ended without a word */
    bool is_on;                  /* may be read */
};

/* backoff_most_us: how long another of our kind waits before it comes back. */
void taken_init(struct taken *t, int64_t backoff_most_us);

enum taken_sign { TAKEN_NOT, TAKEN_PERHAPS, TAKEN_SURELY };

/* A connection ended after up_us. is_told: the broker gave a reason; is_takeover: that one. */
enum taken_sign taken_lost(struct taken *t, int64_t up_us, bool is_told, bool is_takeover);

/* The connection stands since up_us: whatever it was, it is over when that is long enough. */
void taken_ends(struct taken *t, int64_t up_us);

#endif
