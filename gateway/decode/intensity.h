/* The decoder of grid intensity: carbon.v1.Intensity, or JSON, also as the UK's Carbon Intensity API gives
 * it. A batch_decoder without a self. */
#ifndef DECODE_INTENSITY_H
#define DECODE_INTENSITY_H

#include "decode/batch.h"
#include "model/intensity.h"

enum verdict intensity_decode(void *self, const struct frame *f, struct cgw_batch *out);

/* What a message says of all its values; texts are borrowed. */
struct intensity_head {
    struct slice region, source;
    int64_t published_us;
    bool is_co2e;
    uint8_t gwp_set;             /* of CO2e; GWP_UNSPECIFIED */
};

/* By its name; GWP_UNSPECIFIED when it names none, or none of ours. */
uint8_t intensity_gwp_set(const char *name);

/* Makes room for n values of a message, once; judges one and adds it. COUNTED, or the message's verdict:
 *
 *   UNDECODABLE    no value at all
 *   UNKNOWN_SITE   no stream goes by the region, or topic and message name two
 *   BAD_TIME       an interval that ends before it begins, is longer than 31 days, or does not fall on the
 *                  edges of the smallest windows of the sites that go by it
 *   OUT_OF_RANGE   a value that is negative, above 100,000 g/kWh, or too fine */
enum verdict intensity_begin(struct cgw_batch *b, const struct intensity_head *head, size_t n);
enum verdict intensity_add(struct cgw_batch *b, const struct intensity_head *head, const struct intensity *x);

/* intensity_json.c */
enum verdict intensity_json(const struct frame *f, struct cgw_batch *out);

#endif
