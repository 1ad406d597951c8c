/* What pipeline.c (the order of the stages), pipeline_intake.c (what it reads) and pipeline_state.c (its
 * configuration, its snapshot, its status) share. For these files alone. */
#ifndef PIPELINE_PRIVATE_H
#define PIPELINE_PRIVATE_H

#include "account/account.h"
#include "base/arena.h"
#include "derive/derive.h"
#include "fill/fill.h"
#include "journal/journal.h"
#include "journal/poison.h"
#include "meter/meter.h"
#include "model/ledger.h"
#include "model/order.h"
#include "pipeline.h"

/* Where an intake stands. */
struct pipeline_took {
    struct journal_reader *reader;
    struct poison *poison;       /* what is set aside in it; there as long as the reader is */
    uint64_t journal_id, until;
    bool is_dirty;
    int64_t read_wall_us;        /* of the frame read last; 0: none yet */
    struct pipeline *pipeline;   /* for the reader's callback, as the next two */
    unsigned intake;
    bool is_opening;
};

#define PIPELINE_GAPS_MOST 64

struct pipeline_clock {
    uint8_t boot_id[16];
    uint64_t boottime_us;
    int64_t elapsed_us, wall_us;
};

/* All orders that were ever taken, in their order. */
struct pipeline_orders {
    struct pipeline_order *at;
    size_t n, room;
    struct arena arena;          /* of their texts */
};

struct pipeline {
    struct pipeline_conf conf;
    struct plan *plan;
    struct decode *decode;
    struct meter *meter;
    struct fill *fill;
    struct derive *derive;
    struct account *account;
    struct ledger ledger;
    struct hand *hand;           /* NULL: nobody asks what brought us down */
    struct arena batch;          /* of the frame in hand */
    struct arena leaving;        /* of the summary in hand */
    struct pipeline_took took[PIPELINE_INTAKES_MOST];
    struct pipeline_gap gaps[PIPELINE_GAPS_MOST];    /* that no LOST entry has named yet */
    size_t n_gaps;
    struct pipeline_clock clock;
    uint64_t logbook_id;         /* 0: not told */
    bool has_new_logbook;        /* since the last save, as has_new_config */
    uint64_t position;           /* the entry in hand */
    uint32_t ordinal;            /* of the next summary that it brings about */
    uint64_t epoch, sequence;
    uint32_t epoch_ordinal;
    uint64_t began;              /* the last HOLE, or GENESIS of a later epoch; 0: never anew */
    char version[32], tzdata[32];
    struct {
        uint64_t summaries, tombstones;
    } dropped;                   /* by the policy at the store's bound */
    bool has_new_config;         /* since the last save */
    bool is_closed;              /* a replay is at its end: nothing more comes */
    struct pipeline_orders orders;
    struct pipeline_encoded encoded;
    struct buffer row;
};

/* pipeline_intake.c: the reader of the entry's intake, behind what was taken. 0, PIPELINE_GONE when the
 * journal that the entry names is not there any more, or negative. */
#define PIPELINE_GONE 1
int pipeline_open_intake(struct pipeline *p, const struct entry *e);
void pipeline_note_read(struct pipeline *p, struct pipeline_took *t, const struct frame *f);
void pipeline_take_lost(struct pipeline *p, const struct entry *e);

/* Everything that closed or changed leaves. */
int pipeline_emit(struct pipeline *p, struct store_batch *out);

/* What metering derived goes on to deriving and accounting. */
int pipeline_add(struct pipeline *p, const struct amounts *amounts);
void pipeline_move(struct pipeline *p, int32_t site, const struct amounts *amounts);

/* What an order comes to: a sentence, and whether it was refused. */
struct order_result {
    struct buffer text;
    bool is_refused;
};

void order_tell(struct order_result *result, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define order_refuse(result, ...) ((result)->is_refused = true, order_tell(result, __VA_ARGS__))

/* pipeline_correct.c: orders that go through metering, and their taking back. 0 or negative. */
int pipeline_order_void(struct pipeline *p, const struct order *o, bool is_void, struct order_result *result);
int pipeline_order_swap(struct pipeline *p, const struct order *o, bool is_declared,
                        struct order_result *result);

/* pipeline_order.c: an ORDER entry; its rows. */
int pipeline_take_order(struct pipeline *p, const struct entry *e, struct store_batch *out);
void pipeline_save_orders(struct pipeline *p, struct state_out *out);
int pipeline_load_order(struct pipeline *p, struct slice key, struct slice value);
void pipeline_orders_fini(struct pipeline_orders *orders);

/* Takes up the plan of a CONFIG entry or of the snapshot. */
int pipeline_configure(struct pipeline *p, struct slice yaml);

void pipeline_set_versions(struct pipeline *p, struct slice version, struct slice tzdata);

#endif
