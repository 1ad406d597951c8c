/* An order: what a person decided about the books, with who and why. It stands in the log book as an entry
 * of its own, whose sequence is its id (operator_ref in a summary), and is never changed or removed; what
 * it did is taken back by another order.
 *
 * Its body is canonical YAML by the option table of its verb, so that the command, the log book and a
 * replay read the same text by the same rows. order_read brings it together with a plan: names become
 * indexes, texts become times and ticks, and what does not fit is told in words. */
#ifndef MODEL_ORDER_H
#define MODEL_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/option.h"
#include "model/frame.h"
#include "model/plan.h"

/* Numbers are frozen: they stand in the log book. 7 and 8 are kept for readmitting and republishing. */
enum order_verb {
    ORDER_VOID = 1,              /* a reading does not count */
    ORDER_SUBSTITUTE = 2,        /* this amount stands for whatever was there */
    ORDER_MANUAL = 3,            /* an amount that somebody read or worked out, where there was none */
    ORDER_SWAP = 4,              /* the meter was exchanged */
    ORDER_LOCK = 5,              /* a period is closed: what changes in it leaves as adjustments */
    ORDER_UNLOCK = 6,
    ORDER_INTENSITY = 9,         /* grid intensity of a region, from a file */
    ORDER_UNDO = 10,             /* an earlier order is taken back */
    ORDER_VERB_COUNT
};

/* The body as text, one member for each row of any verb; what a verb has no row for is empty. */
struct order_body {
    const char *site, *device, *point, *stream, *region;
    const char *at, *from, *until;           /* times: "2026-01-05T10:00:00Z" */
    int64_t first_day, last_day;             /* dates by the site's zone, both inclusive */
    const char *value, *unit;                /* decimal; as declared when empty */
    int64_t reading_sequence, boot_id;       /* 0: not told. The boot id's 64 bits as a signed number */
    const char *old_final, *new_initial;     /* of a swap: register values as displayed */
    const char *old_serial, *new_serial;
    const char *multiplier;                  /* of the new meter; empty: as before */
    const char *installed;                   /* time; empty: at the moment of removal (`at`) */
    int64_t order;                           /* the one that is taken back */
    const char *text;                        /* of a file */
};

struct order {
    uint64_t sequence;           /* its entry; 0: not written yet */
    enum order_verb verb;
    struct slice request, who, why;          /* borrowed */
    struct order_body body;
    /* Filled in by order_read: */
    int32_t site, device, point, stream;     /* in the plan; -1: none named */
    int64_t at_us, from_us, until_us;        /* half-open; of dates too */
    int64_t ticks;               /* value at the point's resolution, multiplier applied */
    int64_t installed_us;
    int64_t old_final_raw, new_initial_raw;  /* at the point's resolution, multiplier not applied */
    struct decimal new_multiplier;           /* mantissa 0: as before */
};

/* The verb's row: its name ("void"), the options of its body, and what it is for. NULL: there is none. */
struct order_verb_row {
    const char *name;
    const struct option *options;
    const char *help;
    bool takes_file;             /* --file PATH: the file's text enters the order as `text` */
};
const struct order_verb_row *order_verb_row(int verb);
int order_verb_of(const char *name);         /* 0: there is none */

/* An order of an entry, or of a request. Texts live in the arena, and who, why and request are borrowed.
 * 0, or OPTION_WRONG with all that does not fit the plan in problems. */
int order_read(int verb, struct slice yaml, const struct plan *plan, struct arena *arena,
               struct problems *problems, struct order *out);

#endif
