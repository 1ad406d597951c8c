/* A tally: the numbered messages of the probe (connect.c), how many of them the broker has acknowledged, and how
 * many came back. Paho's threads count, the loop looks. */
#ifndef COMMAND_TALLY_H
#define COMMAND_TALLY_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

#define TALLY_MESSAGES 1500u                 /* numbered from 1; these are counted */
#define TALLY_CONTROL 0u                     /* comes before them */
#define TALLY_LAST (TALLY_MESSAGES + 1)      /* comes behind them */

struct tally {
    pthread_mutex_t lock;
    uint64_t acknowledged, came;
    bool seen[TALLY_MESSAGES + 2];
};

void tally_init(struct tally *t);
void tally_fini(struct tally *t);

/* The payload of a number, and the token that its acknowledgement comes with, which is never 0. */
struct slice tally_payload(unsigned number, char text[32]);
uint64_t tally_token(unsigned number);

/* Any thread. What came is counted once, however often it comes; what is not of the probe is not. True for
 * CONTROL and LAST. */
bool tally_came(struct tally *t, struct slice payload);
void tally_acknowledged(struct tally *t, uint64_t token);

struct tally_count {
    uint64_t acknowledged, came; /* of the MESSAGES */
    bool has_control, has_last;  /* came */
};
struct tally_count tally_look(struct tally *t);

#endif
