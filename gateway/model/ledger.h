/* The ledger: how many readings came and what became of them, per site. `received` is counted where
 * they are parsed, the verdicts where the stages end: that the two agree is a law (ledger_balances),
 * checked at every commit. Site 0 is "-", for what belongs to no known site. */
#ifndef MODEL_LEDGER_H
#define MODEL_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "model/verdict.h"

struct ledger_row {
    uint64_t received;
    uint64_t by_verdict[VERDICT_COUNT];
    uint64_t reclassified;       /* verdicts that a later reading changed */
};

/* The messages behind the readings: journalled = decoded + undecodable. */
struct ledger_messages {
    uint64_t journalled, decoded, undecodable;
};

struct ledger {
    struct ledger_row *rows;     /* by the plan's site index + 1; row 0 is "-" */
    size_t n;
    struct ledger_messages messages;
    bool is_dirty;               /* since the last save */
};

/* A zeroed struct is an empty ledger. Grows to n sites; never shrinks. */
void ledger_fit(struct ledger *l, size_t sites);
void ledger_fini(struct ledger *l);

/* site is the plan's index, or -1 for "-". */
void ledger_received(struct ledger *l, int32_t site, uint64_t n);
void ledger_count(struct ledger *l, int32_t site, enum verdict v);

/* Moves one reading from one verdict to another. */
void ledger_move(struct ledger *l, int32_t site, enum verdict from, enum verdict to);

/* Whether every row and the messages add up. On imbalance out_site (may be NULL) tells the row's site
 * index, -1 for "-", -2 for the messages. */
bool ledger_balances(const struct ledger *l, int32_t *out_site);

/* Readings of a row that have their verdict: all of them, or it is out of balance. */
uint64_t ledger_judged(const struct ledger_row *row);

/* Rejected readings of a row. */
uint64_t ledger_rejected(const struct ledger_row *row);

void ledger_row_write(const struct ledger_row *row, struct buffer *out);
int ledger_row_read(struct slice s, struct ledger_row *out);    /* 0, or 1 when malformed */

#endif
