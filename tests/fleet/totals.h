/* Totals: what a correct gateway must arrive at, reckoned from the readings before they are sent.
 */
#ifndef FLEET_TOTALS_H
#define FLEET_TOTALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "fleet/reading.h"

struct roster;
struct source;
struct tally_point;

struct window {
    int128 ticks;
    bool is_touched; /* an amount lies in it, if only of 0 */
};

struct site_totals {
    uint64_t distinct;   /* different readings that are sent */
    uint64_t duplicates; /* sent again on purpose */
    uint64_t lost;       /* never sent */
    uint64_t restarts;   /* of devices */
    uint64_t bad_time;   /* of distinct + duplicates: of a device whose clock is wrong */
    uint64_t duplicates_bad_time;
    uint64_t sent, acknowledged, resent;
    int128 ticks;
    struct window *windows; /* n_windows of them */
};

struct totals {
    const struct roster *roster;
    struct site_totals *sites;
    struct tally_point *points; /* by device × points + point */
    int64_t window_ms, origin_ms;
    size_t n_windows; /* per site */
};

/* 0, or -1 after saying so when the windows would not fit a sensible amount of memory. */
int totals_open(const struct roster *roster, const struct source *source, struct totals *out);
void totals_close(struct totals *t);

/* A reading that will be sent. Those of a point come in the order of their time, lost ones left
 * out. */
void totals_add(struct totals *t, const struct reading *r);
void totals_add_duplicate(struct totals *t, const struct reading *r);
void totals_add_lost(struct totals *t, uint32_t device);
void totals_add_restart(struct totals *t, uint32_t device);

/* `ticks` over [start, end) of a site, cut at the windows' edges: the part up to a time t is
 * floor(ticks × (t - start) / (end - start)), and a window's share is the difference of two of
 * them. */
void totals_add_amount(struct totals *t, uint32_t site, int64_t start_ms, int64_t end_ms,
                       int64_t ticks);

/* is_complete: everything was sent and acknowledged, so that the expectations hold. */
void totals_print(const struct totals *t, bool is_complete, FILE *out);

#endif
