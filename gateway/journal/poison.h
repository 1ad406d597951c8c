/* Poison: frames of a journal that brought the process down, by a signal of its own, twice. They are set
 * aside with a verdict that stands beside the journal, so that every replay skips the same ones. */
#ifndef JOURNAL_POISON_H
#define JOURNAL_POISON_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define POISON_CRASHES 2u        /* as many, and it is set aside */

/* What is set aside in a journal's directory. Read once; never fails: a list that cannot be read is told
 * and counts as empty, and then the frame has to bring us down twice again. */
struct poison;
void poison_open(const char *path, struct poison **out);
void poison_close(struct poison *p);     /* accepts NULL */
bool poison_has(const struct poison *p, uint64_t journal_id, uint64_t sequence);

/* The frame in hand, in a mapped file that outlives the process. */
struct hand_cell {
    char magic[8];
    uint64_t journal_id;
    _Atomic uint64_t sequence;   /* 0: none in hand */
    uint64_t run;                /* drawn at each opening, so that one crash is counted once */
    _Atomic uint32_t signal;     /* that ended it with the frame in hand; 0: none did */
};
struct hand;

/* For the journal's writer, once it is open. Counts what the last run died of, durably, before anything
 * else; from POISON_CRASHES on the frame stands in the list. Negative: there is no hand, and nothing is
 * counted; all else works without it. */
int hand_open(const char *path, uint64_t journal_id, struct hand **out);
void hand_close(struct hand *h);         /* accepts NULL */

/* Takes a frame in hand; 0 puts it down. One store. Accepts NULL. */
void hand_take(struct hand *h, uint64_t sequence);

/* Marks the frame in hand, if there is one. In a signal handler. */
void hand_mark(void *hand, int number);

#endif
