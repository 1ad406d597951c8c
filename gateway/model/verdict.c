/* One table, in the order of the numbers, so that a verdict is its own index. A name is part of
 * metrics, logs and JSON and never changes; a text may be said better at any time. */
#include "model/verdict.h"

static const struct verdict_row rows[VERDICT_COUNT] = {
    [VERDICT_COUNTED] = { "counted", "The reading counts." },
    [VERDICT_DUPLICATE] = { "duplicate", "The same reading had come before; nothing is lost." },
    [VERDICT_LATE] = { "late", "Older than the point's lateness or keep allows: it stands "
                               "unverified and in no total; raise the bound if this happens "
                               "often." },
    [VERDICT_UNDECODABLE] = { "undecodable",
                              "The payload is not what the topic's decoder expects; check what "
                              "the device sends there." },
    [VERDICT_UNKNOWN_SITE] = { "unknown_site",
                               "No such site in the configuration, or topic and payload name "
                               "different ones; add it or mend the topic." },
    [VERDICT_UNKNOWN_DEVICE] = { "unknown_device",
                                 "The site has no such device, or topic and payload name "
                                 "different ones; add it or mend what the device sends." },
    [VERDICT_UNKNOWN_POINT] = { "unknown_point",
                                "The device has no such point in the configuration; add it." },
    [VERDICT_BAD_UNIT] = { "bad_unit",
                           "The device names another unit than the configuration declares; nothing "
                           "is converted on a guess, so make the two agree." },
    [VERDICT_BAD_TIME] = { "bad_time",
                           "The time lies before 2000 or further ahead than max_future; check the "
                           "device's clock." },
    [VERDICT_TOO_LARGE] = { "too_large",
                            "The message exceeds max_payload, or unfolds to too much; let the device "
                            "send smaller batches or raise the bound." },
    [VERDICT_OUT_OF_RANGE] = { "out_of_range",
                               "The value lies beyond the point's greatest rate or beyond what "
                               "can be counted; check the meter or max_rate." },
    [VERDICT_CONFLICT] = { "conflict", "Another value for the same time, or one that overlaps it, "
                                       "ranks higher; check whether two devices publish as one." },
    [VERDICT_NOT_A_NUMBER] = { "not_a_number",
                               "The value is infinite or not a number; check the device." },
    [VERDICT_POISON] = { "poison",
                         "The message brought the gateway down twice and is set aside; report it, with "
                         "what the rejected topic has of it." },
    [VERDICT_VOID] = { "void", "A person ordered that the reading does not count; the order says who and "
                               "why, and can be taken back." },
};

static const struct verdict_row no_row = { "none", "This number is no verdict." };

const struct verdict_row *verdict_row(enum verdict v)
{
    return (unsigned)v < VERDICT_COUNT ? &rows[v] : &no_row;
}

bool verdict_is_rejected(enum verdict v)
{
    return v >= VERDICT_UNDECODABLE && v < VERDICT_COUNT;
}

bool verdict_is_curable(enum verdict v)
{
    return v >= VERDICT_UNKNOWN_SITE && v <= VERDICT_BAD_UNIT;
}
