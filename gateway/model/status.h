/* The status: how the gateway is doing, as one value. Refreshed by the app, published retained, shown
 * by whoever serves it. It says what was acknowledged upstream, so that "connected" cannot lie. */
#ifndef MODEL_STATUS_H
#define MODEL_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/alarm.h"
#include "model/ledger.h"

struct status_site {
    const char *id;              /* "-" for what belongs to no known site */
    struct ledger_row ledger;
    int64_t watermark_us;        /* INT64_MIN: nothing seen */
    uint32_t devices, silent_devices;
};

struct status_link {
    bool is_up;
    bool is_mqtt_5;
    bool has_session;            /* the broker had kept our session at the last connect */
    int64_t up_since_us;         /* 0: down */
    bool is_turned_away;         /* the broker refuses us */
    uint64_t connects, losses, sessions_lost;
    uint64_t attempts_failed, takeovers;
    uint64_t broker_drops;       /* of the devices' broker, for whatever client */
    uint64_t refusals;           /* of the upstream broker: answers that refused a summary */
    const char *last_error;
};

enum lossless { LOSSLESS_UNPROVEN, LOSSLESS_PROVEN, LOSSLESS_REFUTED };

struct status {
    const char *gateway_id, *version, *config_hash;
    uint64_t gateway_epoch;
    uint32_t epoch_ordinal;
    int64_t at_us, started_us;
    bool is_clock_synchronised;
    struct status_link devices, upstream;
    struct status_site *sites;
    size_t n_sites;
    struct ledger_messages messages;
    bool is_balanced;            /* the ledger adds up */
    bool is_durable_to_power;    /* durability: power */
    enum lossless lossless;
    const char *lossless_evidence;   /* what it rests on; NULL or "": nothing */
    int64_t lossless_us;         /* when that was seen */
    bool is_paused;              /* disconnected on purpose: no room */
    uint64_t pauses;
    uint64_t intake_bytes, intake_bound_bytes, intake_behind;  /* frames journalled and not yet taken */
    uint64_t intake_rolls, intake_rolls_waited;
    uint64_t outbox_messages, outbox_bytes;
    uint64_t store_bytes, store_bound_bytes;
    uint64_t dropped_summaries, tombstones;      /* by the policy at the bound; since the epoch began */
    int64_t intake_room_ms;      /* at the rate of the last hour: until the journal's bound, if nothing is
                                  * committed; -1: not known */
    int64_t outbox_room_ms;      /* until the store's bound, if nothing leaves upstream; -1: not known */
    uint64_t last_sequence;      /* given to a summary */
    uint32_t acknowledged_ordinal;
    uint64_t acknowledged_sequence;
    int64_t acknowledged_us;     /* 0: none yet */
    int64_t lateness_us, keep;
    uint64_t points, points_held, retained_readings;
    uint64_t windows_open, revisions_pending, windows_skipped, windows_uncovered;
    uint64_t unknown_fields;
    const struct alarms *alarms; /* that hold; NULL: none */
};

#endif
