/* The world outside a gateway: the devices that remember what was acknowledged to them, and the consumer
 * who remembers what was published. It looks at what a power cut left, and says which promise was
 * broken. One world for one gateway's whole life. */
#ifndef POWER_OUTSIDE_H
#define POWER_OUTSIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "model/ledger.h"
#include "store/store.h"

#define OUTSIDE_MESSAGES 2048u
#define OUTSIDE_FRAMES 8192u
#define OUTSIDE_SUMMARIES 4096u  /* of one epoch */
#define OUTSIDE_EPOCHS 16u
#define OUTSIDE_BASES 128u
#define OUTSIDE_GAPS 64u

/* A message of a device: one reading, told by its serial number, which says point, time and value. */
struct message {
    bool is_acknowledged;
    bool is_kept;                /* it was found behind a cut, or acknowledged and not lost: it must count */
    bool is_lost;
};

/* A number of the intake and the message that got it. */
struct given {
    uint64_t number;
    uint32_t serial;
    bool is_found;               /* by the last look */
    bool is_gone;                /* a look did not find it */
    bool is_told;                /* and a LOST entry tells it */
};

struct outside {
    bool is_power;               /* durability: power */
    const char *intake, *logbook;    /* directories */

    struct message messages[OUTSIDE_MESSAGES];
    uint32_t n_messages;
    struct given given[OUTSIDE_FRAMES];      /* by number; only the newest meaning of a number */
    size_t n_given;
    uint64_t given_most;
    uint64_t within_bound;       /* frames up to here came before the last sync interval */
    bool has_archive;            /* what is trimmed stands there */
    uint64_t trimmed;            /* frames before this one may be gone, and their going be forgotten */
    uint64_t committed;          /* frames up to here are in a committed state */
    uint64_t committed_position; /* entries of the log book up to here, likewise */
    uint64_t last_entry;         /* of the log book, by the last look */
    uint64_t gaps[OUTSIDE_GAPS]; /* of the log book, behind what was committed then; the first entry of each */
    size_t n_gaps;
    uint64_t most_named;         /* the greatest frame that any entry named */
    struct outside_hole {        /* the newest HOLE entry, which told what is gone; entry 0: none */
        uint64_t entry, number;  /* frames up to this one may be gone without a LOST entry */
        uint32_t minute;         /* windows that began before it may be withheld */
    } hole;
    uint64_t lost, cuts;

    struct outside_epoch {
        struct buffer payloads[OUTSIDE_SUMMARIES];   /* by sequence */
        char *ids[OUTSIDE_SUMMARIES];
        bool is_forgotten[OUTSIDE_SUMMARIES];        /* acknowledged, and that was committed */
        uint64_t last_sequence;
    } epochs[OUTSIDE_EPOCHS];    /* by ordinal */
    uint32_t epoch_committed;    /* the newest ordinal that is in a committed state */
    uint64_t bases[OUTSIDE_BASES];   /* that were written, by position */
    size_t n_bases;
    uint32_t most_epochs;        /* there may be: one, and one for each store that was lost. A cut may
                                    take the beginning of one; its ordinal is not used again */

    char broken[240];            /* the first promise that was broken; empty: none */
};

void outside_init(struct outside *o, bool is_power, const char *intake, const char *logbook);
void outside_fini(struct outside *o);

/* A promise was broken. The first one counts. */
__attribute__((format(printf, 2, 3)))
void outside_broken(struct outside *o, const char *format, ...);

/* The bytes of a message, with so many bytes of padding that no reader knows. */
void outside_write(uint32_t serial, size_t padding, struct buffer *out);

/* What the gateway did. */
/* The message got that number; those between it and the end before are clock frames. */
void outside_numbered(struct outside *o, uint32_t serial, uint64_t end_before, uint64_t number);
void outside_acknowledged(struct outside *o, uint32_t serial);
void outside_received(struct outside *o, const struct store_summary *s);     /* at least once */
void outside_forgotten(struct outside *o, uint32_t epoch_ordinal, uint64_t sequence);

/* The store came to harm: what is derived comes again, what was acknowledged upstream too, and behind it
 * a new epoch. */
void outside_lost_store(struct outside *o);
uint64_t outside_summaries(const struct outside *o);

/* Looks at what a cut or a kill left in the intake, before anything is opened. */
void outside_look(struct outside *o);

/* The state is committed up to this entry, this frame, in this epoch. */
void outside_committed(struct outside *o, uint64_t position, uint64_t took, uint32_t epoch_ordinal);

/* Looks at the log book of the gateway that opened behind it. */
void outside_compare(struct outside *o);

/* At the end, when every window is closed and everything published. */
void outside_add_up(struct outside *o, const struct ledger_row *site);

#endif
