/* Filters: what is subscribed to, what should be, and what the broker said to it. */
#ifndef INGEST_FILTERS_H
#define INGEST_FILTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/plan.h"

#define FILTER_UNANSWERED (-1)

struct filter {
    char *text;
    bool is_wanted;              /* else: to be unsubscribed, then forgotten */
    bool is_asked;               /* on this connection */
    int granted;                 /* QoS, reason from 128 on, or FILTER_UNANSWERED */
};

/* A zeroed struct is empty. */
struct filters {
    struct filter *at;
    size_t n;
};

void filters_fini(struct filters *f);

/* From now on exactly the plan's rules are wanted, each filter once however many rules share it. */
void filters_want(struct filters *f, const struct plan *plan);

/* Of what is wanted, what the plan has no rule for is not any more. Whether there was any such. */
bool filters_leave(struct filters *f, const struct plan *plan);

/* Gives the next thing to do on this connection and takes it for done: a wanted filter to subscribe
 * to, or one to unsubscribe from. False: nothing left. The caller frees *text. */
bool filters_next(struct filters *f, char **text, bool *is_end);

/* A new connection: nothing is asked for yet. */
void filters_restart(struct filters *f);

/* The broker's answer; ignored when the filter is gone meanwhile. */
void filters_answer(struct filters *f, const char *text, int granted);

uint32_t filters_wanted(const struct filters *f);
uint32_t filters_refused(const struct filters *f);
uint32_t filters_unanswered(const struct filters *f);   /* on this connection */

#endif
