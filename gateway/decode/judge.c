/* One reading, judged.
 *
 * Names come first, since all else is by the point's declaration, and since a rejected reading is
 * booked for the site it belongs to. The topic names site and device for most devices, and then both
 * were looked up when the topic was seen first (route.c): what is left per reading is one lookup of the
 * point, some comparisons, and one multiplication of the value.
 *
 * The value becomes an integer here, once: ticks of the point's resolution, half to even from the exact
 * binary value. Behind this page there is no floating point. */
#include "decode/judge.h"

#define TIME_FIRST_US INT64_C(946684800000000)       /* 2000-01-01T00:00:00Z */
#define TIME_LAST_US  INT64_C(253402300799999999)    /* the end of the year 9999 */

#define INTERVAL_MS_MOST (UINT32_C(31) * 24 * 3600 * 1000)

int64_t origin_latest_us(const struct plan *plan, const struct frame *f)
{
    int64_t latest_us;
    if (!f->clock.is_synchronised)
        return TIME_LAST_US;
    if (__builtin_add_overflow(frame_wall_us(f), plan->max_future_us, &latest_us))
        return TIME_LAST_US;
    return latest_us < TIME_LAST_US ? latest_us : TIME_LAST_US;
}

/* -1 also when topic and payload contradict each other. */
static int32_t site_of(const struct origin *o, struct slice told)
{
    if (told.size == 0)
        return o->site;
    if (o->site_name.size == 0)
        return plan_site(o->plan, told);
    return slice_equal(told, o->site_name) ? o->site : -1;
}

static int32_t device_of(const struct origin *o, int32_t site, struct slice told)
{
    if (o->device_name.size == 0)
        return told.size > 0 ? plan_device(o->plan, site, told) : -1;
    if (told.size > 0 && !slice_equal(told, o->device_name))
        return -1;
    /* A topic that tells the device alone: the site came with the payload. */
    return site == o->site ? o->device : plan_device(o->plan, site, o->device_name);
}

/* A state declares no unit: whatever is told of one is wrong. */
static bool unit_agrees(const struct point *pt, uint32_t told)
{
    return told == 0 || (pt->unit && told == pt->unit->number);
}

static enum quality quality_of(uint32_t told)
{
    return told < QUALITY_COUNT ? (enum quality)told : QUALITY_SUSPECT;
}

static enum verdict judge_value(const struct point *pt, const struct raw_reading *raw,
                                struct reading *out)
{
    int rc = number_ticks(raw->value, pt->tick_of_raw, &out->ticks);
    if (rc != 0)
        return rc == NUMBER_MALFORMED ? VERDICT_NOT_A_NUMBER : VERDICT_OUT_OF_RANGE;
    if (pt->kind == POINT_EVENT && raw->sequence == 0)
        return VERDICT_OUT_OF_RANGE;
    if (pt->kind != POINT_INTERVAL)
        return VERDICT_COUNTED;
    if (raw->interval_ms > INTERVAL_MS_MOST)
        return VERDICT_OUT_OF_RANGE;
    out->interval_us = raw->interval_ms > 0 ? (int64_t)raw->interval_ms * 1000 : pt->interval_us;
    return VERDICT_COUNTED;
}

static enum verdict judge(const struct origin *o, const struct raw_reading *raw, struct reading *out)
{
    out->site = site_of(o, raw->site);
    if (out->site < 0)
        return VERDICT_UNKNOWN_SITE;
    out->device = device_of(o, out->site, raw->device);
    if (out->device < 0)
        return VERDICT_UNKNOWN_DEVICE;
    out->point = plan_point(o->plan, out->device, raw->point);
    if (out->point < 0)
        return VERDICT_UNKNOWN_POINT;

    const struct point *pt = &o->plan->points[out->point];
    if (pt->kind == POINT_DERIVED)
        return VERDICT_UNKNOWN_POINT;
    if (!unit_agrees(pt, raw->unit))
        return VERDICT_BAD_UNIT;
    if (raw->time_us < TIME_FIRST_US || raw->time_us > o->latest_us)
        return VERDICT_BAD_TIME;
    return judge_value(pt, raw, out);
}

void judge_reading(const struct origin *o, const struct raw_reading *raw, struct reading *out)
{
    *out = (struct reading){
        .site = -1,
        .device = -1,
        .point = -1,
        .time_us = raw->time_us,
        .boot = raw->boot,
        .sequence = raw->sequence,
        .quality = quality_of(raw->quality),
    };
    out->verdict = judge(o, raw, out);
}
