/* Judging: what a device said becomes a reading in the plan's terms, or gets the verdict why it cannot.
 * Needs the reading, its message and the plan; no memory of other readings. */
#ifndef DECODE_JUDGE_H
#define DECODE_JUDGE_H

#include "model/frame.h"
#include "model/plan.h"
#include "model/reading.h"

#define UNIT_UNKNOWN UINT32_MAX  /* a unit was told, and it is none of ours */

/* One reading as its decoder found it. An empty slice, or 0, is "not told". */
struct raw_reading {
    struct slice site, device, point;
    int64_t time_us;             /* UTC; what does not fit is INT64_MIN or INT64_MAX */
    double value;
    uint32_t unit, quality;      /* numbers of carbon.v1, or any other */
    uint32_t interval_ms;
    uint64_t boot, sequence;
};

/* What is known of all readings of a message before it is opened. */
struct origin {
    const struct plan *plan;
    struct slice site_name, device_name, region_name;   /* from the topic; empty: it does not tell */
    int32_t site, device;        /* what they are in the plan; -1: not told, or unknown */
    int64_t latest_us;           /* the latest time that a reading may bear */
};

/* The latest time that a reading of a frame may bear, by the frame's own clock. */
int64_t origin_latest_us(const struct plan *plan, const struct frame *f);

/* Fills all of *out, its verdict included. The first that is wrong decides, in the order site, device,
 * point, unit, time, value, interval:
 *
 *   UNKNOWN_SITE, UNKNOWN_DEVICE   not in the plan, told by nobody, or told differently by topic and
 *                                  payload: then the two together name none
 *   BAD_UNIT                       a unit was told that is not exactly the declared one
 *   BAD_TIME                       before 2000, after latest_us, or after the year 9999
 *   NOT_A_NUMBER, OUT_OF_RANGE     the value; or more ticks than 63 bits hold
 *   OUT_OF_RANGE                   an interval reading's length above 31 days
 *   OUT_OF_RANGE                   an event without a sequence: it has no key to be known again by
 *   UNKNOWN_POINT                  a derived point: it is computed, and nobody may tell it
 *
 * A quality that is none of ours is of a newer device. It counts as SUSPECT: the amount is summed, and
 * nobody vouches for it. The length that a reading tells matters for points of kind interval alone. */
void judge_reading(const struct origin *o, const struct raw_reading *raw, struct reading *out);

#endif
