/* What pipeline.c (the order of the stages) and pipeline_state.c (its configuration, its snapshot, its
 * status) share. For these two files alone. */
#ifndef PIPELINE_PRIVATE_H
#define PIPELINE_PRIVATE_H

#include "account/account.h"
#include "base/arena.h"
#include "journal/journal.h"
#include "meter/meter.h"
#include "model/ledger.h"
#include "pipeline.h"

struct pipeline_took {
    struct journal_reader *reader;
    uint64_t journal_id, until;
    bool is_dirty;
};

struct pipeline_clock {
    uint8_t boot_id[16];
    uint64_t boottime_us;
    int64_t elapsed_us, wall_us;
};

struct pipeline {
    struct pipeline_conf conf;
    struct plan *plan;
    struct decode *decode;
    struct meter *meter;
    struct account *account;
    struct ledger ledger;
    struct arena batch;          /* of the frame in hand */
    struct arena leaving;        /* of the summary in hand */
    struct pipeline_took took[PIPELINE_INTAKES_MOST];
    struct pipeline_clock clock;
    uint64_t position;           /* the entry in hand */
    uint32_t ordinal;            /* of the next summary that it brings about */
    uint64_t epoch, sequence;
    uint32_t epoch_ordinal;
    char version[32], tzdata[32];
    bool has_new_config;         /* since the last save */
    struct pipeline_encoded encoded;
    struct buffer row;
};

/* Takes up the plan of a CONFIG entry or of the snapshot. */
int pipeline_configure(struct pipeline *p, struct slice yaml);

void pipeline_set_versions(struct pipeline *p, struct slice version, struct slice tzdata);

#endif
