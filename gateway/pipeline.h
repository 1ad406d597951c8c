/* The pipeline: what the gateway does to data, as a function of the log book alone.
 *
 * Entry by entry it follows the log book: frames of an intake through decoding, metering and
 * accounting, summaries out into a store batch. It never asks for the time and touches nothing but the
 * intakes it reads and the rows it is given; so live, after a crash and in a replay it does the same.
 * For one thread. */
#ifndef PIPELINE_H
#define PIPELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "decode/decode.h"
#include "model/frame.h"
#include "model/plan.h"
#include "model/status.h"
#include "model/summary.h"
#include "store/store.h"

struct pipeline;

#define PIPELINE_INTAKES_MOST 8

/* A summary ready to leave. The buffers are the pipeline's and come cleared. */
struct pipeline_encoded {
    struct buffer id, topic, payload;
};

/* A reading, or a whole message, that was rejected. Borrowed during the call. */
struct pipeline_rejected {
    enum verdict verdict;
    const struct frame *frame;
    const struct reading *reading;   /* NULL: the whole message; its indexes are of the plan */
    const struct plan *plan;
};

/* Sees what the stages do while they do it: for whoever explains a figure. Everything is borrowed during the
 * call, and nothing may be changed. */
struct pipeline_tap {
    /* A reading has its verdict; the amounts that metering made of it follow. */
    void (*on_reading)(void *self, const struct plan *plan, const struct frame *f, const struct reading *r,
                       enum verdict v);
    void (*on_amount)(void *self, const struct plan *plan, const struct amount *amount);
    void *self;
};

/* What the pipeline is introduced to. All borrowed. */
struct pipeline_conf {
    const char *intakes[PIPELINE_INTAKES_MOST];  /* directories of the intake journals; NULL: none */
    struct decode_plugins plugins;
    struct state_in lookup;                      /* rows of closed windows */
    void (*encode)(void *self, const struct plan *plan, const struct summary *s,
                   struct pipeline_encoded *out);
    void *encode_self;
    void (*on_rejected)(void *self, const struct pipeline_rejected *r);   /* NULL: nobody asks */
    void *rejected_self;
    const struct pipeline_tap *tap;              /* NULL: nobody looks on */
    /* NULL: as the log book has it. Else the plan of a CONFIG entry is taken up as this writes it: for who asks what
     * another one would have given. */
    void (*amend)(void *self, struct slice yaml, struct buffer *out);
    void *amend_self;
    bool passes_over_gone;       /* frames of a journal that is not there any more are a gap, no error */
};

int pipeline_open(const struct pipeline_conf *conf, struct pipeline **out);
void pipeline_close(struct pipeline *p);

/* Lends the hand in which each frame is held while it goes through the stages: the running gateway's. */
struct hand;
void pipeline_hold(struct pipeline *p, struct hand *hand);

/* One row of a snapshot, in the store's order, before the first pipeline_take. 0; STATE_MALFORMED when the
 * row is damaged; negative for a newer format or a plan that cannot be taken up. */
int pipeline_load(struct pipeline *p, enum stage stage, struct slice key, struct slice value);

/* Takes one entry of the log book; summaries go to out. 0 or negative. */
int pipeline_take(struct pipeline *p, const struct entry *e, struct store_batch *out);

/* Writes what changed since the last save, and the position. */
void pipeline_save(struct pipeline *p, struct store_batch *out);

/* What was saved before is committed now: memory that the store can give back is given up. */
void pipeline_committed(struct pipeline *p);

/* The last frame of an intake that an entry took, and of which journal; 0: none. */
uint64_t pipeline_took(const struct pipeline *p, unsigned intake);
uint64_t pipeline_took_id(const struct pipeline *p, unsigned intake);

/* Numbers that entries took and that no frame bears. Each is told once: as an entry LOST it then comes
 * back by pipeline_take. Times are of the frames before and behind it; 0: not known. */
struct pipeline_gap {
    unsigned intake;
    uint64_t journal_id, from, until;
    int64_t before_us, behind_us;
    bool is_told;
};
bool pipeline_tell_gap(struct pipeline *p, struct pipeline_gap *out);

/* The log book that the position is one of; 0: none was named. Naming another one, or another position,
 * makes the next pipeline_take go on from there: for whoever brings state and journals together. */
uint64_t pipeline_logbook(const struct pipeline *p);
void pipeline_stand_at(struct pipeline *p, uint64_t logbook_id, uint64_t position);

/* The same from the row of a snapshot, for who has no pipeline. 0, or STATE_MALFORMED. */
#define PIPELINE_TOOK_KEY "d took/0"         /* of intake 0, stage PIPELINE */
int pipeline_read_took(struct slice value, uint64_t *journal_id, uint64_t *took);

/* The log book entry taken last, and the wall time that it brought; 0: none yet. */
uint64_t pipeline_position(const struct pipeline *p);
int64_t pipeline_wall_us(const struct pipeline *p);

/* How long from this boot time on until something happens without a reading; INT64_MAX: never. */
int64_t pipeline_wait_us(const struct pipeline *p, uint64_t boottime_us);

/* What a person ordered, and what became of it. Borrowed until the pipeline is closed. */
struct pipeline_order {
    uint64_t sequence;           /* its id */
    int64_t wall_us;
    uint8_t verb;                /* enum order_verb */
    bool is_refused;
    bool is_dirty;               /* since the last save */
    uint64_t undone_by;          /* the order that took it back; 0: it stands */
    struct slice request, who, why, yaml;
    struct slice outcome;        /* a sentence: what it did, or why it was refused */
};
size_t pipeline_orders(const struct pipeline *p);
const struct pipeline_order *pipeline_order_at(const struct pipeline *p, size_t i);

/* The order that a request became; NULL: none yet. */
const struct pipeline_order *pipeline_order_of_request(const struct pipeline *p, struct slice request);

/* One of them from the row of a snapshot (STAGE_ORDER), for who has no pipeline; borrows from the row. 0, or
 * STATE_MALFORMED. */
int pipeline_read_order(struct slice key, struct slice value, struct pipeline_order *out);

/* Whether something is worked off in chunks, one at each TICK: such an entry may be said at any time. At the
 * end of a replay, CLOSE is said once more as long as there is. */
bool pipeline_has_work(const struct pipeline *p);

/* The plan in force; NULL before the first CONFIG. Valid until the next pipeline_take. */
const struct plan *pipeline_plan(const struct pipeline *p);

/* The epoch in force and its ordinal; 0 before the first GENESIS. */
uint64_t pipeline_epoch(const struct pipeline *p);
uint32_t pipeline_epoch_ordinal(const struct pipeline *p);

/* The entry behind which only a new base stands for the state: the last HOLE, or the GENESIS of an epoch
 * that was not the first. 0: there was none. */
uint64_t pipeline_began(const struct pipeline *p);

/* Whether every reading taken has its verdict, and every message. */
bool pipeline_balances(const struct pipeline *p);

/* The same, told with site and numbers when it is not so. At every commit; a few additions per site. The
 * gateway goes on: what it takes from then on is worth as much as before, and the status has the alarm. */
bool pipeline_audit(const struct pipeline *p);

/* Fills in what the pipeline knows; sites (n_sites of them) in the arena, texts borrowed. */
void pipeline_status(const struct pipeline *p, struct arena *arena, struct status *out);

#endif
