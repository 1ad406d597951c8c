/* Orders that go through metering: a reading that does not count, a meter that was exchanged. Metering folds such an order in as if it had been known from the
 * start; what differs comes back as amounts, and takes the way that amounts always take. */

#include "pipeline_private.h"

/* What metering says of an order, in words. */
static int tell_meter(int rc, const struct order *o, struct order_result *result)
{
    switch (rc) {
    case 0:
        return 0;
    case METER_GONE:
        order_refuse(result, "that time is older than the readings that are kept of point %s for changing "
                     "(lateness, keep): what came of them is final; use substitute", o->body.point);
        return rc;
    case METER_ABSENT:
        order_refuse(result, "point %s has no such reading or swap", o->body.point);
        return rc;
    case METER_CLASH:
        order_refuse(result, "point %s has a swap at that time already", o->body.point);
        return rc;
    case METER_FULL:
        order_refuse(result, "so many swaps of point %s are not kept", o->body.point);
        return rc;
    default:
        order_refuse(result, "the swap does not fit point %s: values beyond what can be counted, or no register",
                     o->body.point);
        return rc;
    }
}

static int add(struct pipeline *p, const struct order *o, const struct amounts *amounts)
{
    pipeline_move(p, o->site, amounts);
    p->ledger.is_dirty = true;
    return pipeline_add(p, amounts);
}

int pipeline_order_void(struct pipeline *p, const struct order *o, bool is_void, struct order_result *result)
{
    struct amounts amounts = { 0 };
    arena_reset(&p->batch);
    int rc = meter_void(p->meter, o->point, o->at_us, (uint64_t)o->body.boot_id,
                        (uint64_t)o->body.reading_sequence, is_void, &p->batch, &amounts);
    if (tell_meter(rc, o, result) != 0)
        return 0;
    order_tell(result, is_void ? "the reading does not count" : "the reading counts again");
    return add(p, o, &amounts);
}

int pipeline_order_swap(struct pipeline *p, const struct order *o, bool is_declared, struct order_result *result)
{
    struct amounts amounts = { 0 };
    struct meter_swap swap = { .removed_us = o->at_us, .installed_us = o->installed_us,
                               .final_raw = o->old_final_raw, .initial_raw = o->new_initial_raw,
                               .multiplier = o->new_multiplier };
    arena_reset(&p->batch);
    int rc = meter_exchange(p->meter, o->point, &swap, is_declared, &p->batch, &amounts);
    if (tell_meter(rc, o, result) != 0)
        return 0;
    order_tell(result, is_declared ? "the meter counts as exchanged" : "the meter counts as never exchanged");
    return add(p, o, &amounts);
}
