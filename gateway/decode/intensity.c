/* A message about a grid is taken whole or not at all: a source that sends one impossible value has a fault
 * in all likelihood. What can be judged without memory is judged here, against the streams that go by the
 * region; whether an interval overlaps one that is known is accounting's to find.
 *
 * JSON is told by its first character: no protobuf of ours begins with one of { and [. */
#include "decode/intensity.h"

#include <string.h>

#include <protobuf-c/protobuf-c.h>

#include "intensity.pb-c.h"

#define LENGTH_MOST_US (INT64_C(31) * 86400 * 1000000)
#define VALUE_MOST     100000

static enum verdict refuse(struct cgw_batch *b, enum verdict v, const char *why)
{
    batch_explain(b, why);
    return v;
}

/* --- judging --- */

static bool is_known(const struct plan *plan, struct slice region)
{
    for (size_t i = 0; i < plan->n_streams; i++)
        if (plan->streams[i].region && *plan->streams[i].region &&
            slice_equal(slice_of(plan->streams[i].region), region))
            return true;
    return false;
}

static struct slice region_of(const struct cgw_batch *b, const struct intensity_head *head)
{
    return head->region.size > 0 ? head->region : b->origin.region_name;
}

enum verdict intensity_begin(struct cgw_batch *b, const struct intensity_head *head, size_t n)
{
    struct slice told = b->origin.region_name, region = region_of(b, head);
    if (n == 0)
        return refuse(b, VERDICT_UNDECODABLE, "there is no value in it");
    if ((told.size > 0 && !slice_equal(told, region)) || !is_known(b->origin.plan, region))
        return refuse(b, VERDICT_UNKNOWN_SITE, "no stream goes by this region, or the topic names another");
    size_t size;
    if (__builtin_mul_overflow(n, sizeof *b->intensities, &size) || !(b->intensities = batch_take(b, size)))
        return VERDICT_TOO_LARGE;
    return VERDICT_COUNTED;
}

/* On the edges of the smallest windows of every site that goes by the region. */
static bool falls_on_edges(const struct plan *plan, const struct intensity *x)
{
    for (size_t i = 0; i < plan->n_streams; i++) {
        const struct stream *s = &plan->streams[i];
        if (!s->region || !slice_equal(slice_of(s->region), x->region))
            continue;
        int64_t smallest_us = period_longest_us((enum period)plan->sites[s->site].smallest);
        if (x->from_us % smallest_us != 0 || x->until_us % smallest_us != 0)
            return false;
    }
    return true;
}

/* Without zeros at the end, so that 263 and 263.0 are one value. */
static bool settle(struct decimal *d)
{
    while (d->scale > 0 && d->mantissa % 10 == 0) {
        d->mantissa /= 10;
        d->scale--;
    }
    int64_t whole = d->mantissa;
    for (uint8_t i = 0; i < d->scale && i < 19; i++)
        whole /= 10;
    return d->mantissa >= 0 && d->scale <= INTENSITY_SCALE_MOST && whole <= VALUE_MOST;
}

uint8_t intensity_gwp_set(const char *name)
{
    uint8_t set = 0;
    while (set < GWP_SET_COUNT && (!name || strcmp(gwp_set_names[set], name) != 0))
        set++;
    return set;                  /* GWP_UNSPECIFIED is the number behind the last */
}

/* A value with what the message says of all of them. */
static void weigh(struct intensity_value *v, const struct intensity_head *head)
{
    v->is_co2e = head->is_co2e;
    v->gwp_set = head->is_co2e ? head->gwp_set : GWP_UNSPECIFIED;
}

enum verdict intensity_add(struct cgw_batch *b, const struct intensity_head *head, const struct intensity *x)
{
    struct intensity v = *x;
    v.region = region_of(b, head);
    if (slice_is_clean_text(head->source))
        v.source = head->source;
    v.published_us = head->published_us;
    if (v.until_us <= v.from_us || v.from_us < 0 || v.until_us - v.from_us > LENGTH_MOST_US ||
        !falls_on_edges(b->origin.plan, &v))
        return refuse(b, VERDICT_BAD_TIME, "an interval does not fit the windows of the sites");
    weigh(&v.forecast, head);
    weigh(&v.actual, head);
    if ((v.has_forecast && !settle(&v.forecast.g)) || (v.has_actual && !settle(&v.actual.g)))
        return refuse(b, VERDICT_OUT_OF_RANGE, "a value is negative, too large or too fine");
    if (v.has_forecast || v.has_actual)
        b->intensities[b->n_intensities++] = v;
    return VERDICT_COUNTED;
}

/* --- protobuf --- */

static void *take_piece(void *self, size_t size)
{
    return batch_take(self, size);
}

/* Ends with the arena. */
static void leave_piece(void *self, void *at)
{
    (void)self;
    (void)at;
}

static int64_t micros_of(int64_t ms)
{
    int64_t us;
    return __builtin_mul_overflow(ms, 1000, &us) ? -1 : us;
}

static bool take_decimal(const Carbon__V1__Decimal *from, struct decimal *to)
{
    if (from)
        *to = (struct decimal){ from->mantissa, from->scale > UINT8_MAX ? UINT8_MAX : (uint8_t)from->scale };
    return from != NULL;
}

static enum verdict take_message(const Carbon__V1__Intensity *m, struct cgw_batch *out)
{
    struct intensity_head head = {
        .region = slice_of(m->region),
        .source = slice_of(m->source),
        .published_us = micros_of(m->published_unix_ms),
        .is_co2e = m->gas == CARBON__V1__INTENSITY_GAS__INTENSITY_GAS_CO2E,
        .gwp_set = intensity_gwp_set(m->gwp_set),
    };
    enum verdict v = intensity_begin(out, &head, m->n_values);
    for (size_t i = 0; i < m->n_values && v == VERDICT_COUNTED; i++) {
        struct intensity x = { .from_us = micros_of(m->values[i]->from_unix_ms),
                               .until_us = micros_of(m->values[i]->to_unix_ms) };
        x.has_forecast = take_decimal(m->values[i]->forecast, &x.forecast.g);
        x.has_actual = take_decimal(m->values[i]->actual, &x.actual.g);
        v = intensity_add(out, &head, &x);
    }
    return v;
}

static enum verdict take_protobuf(const struct frame *f, struct cgw_batch *out)
{
    ProtobufCAllocator allocator = { take_piece, leave_piece, out };
    const Carbon__V1__Intensity *m =
        carbon__v1__intensity__unpack(&allocator, f->rest.size, f->rest.at);
    if (!m)
        return refuse(out, VERDICT_UNDECODABLE, "not a carbon.v1.Intensity, and no JSON");
    out->has_unknown_fields |= m->base.n_unknown_fields > 0;
    return take_message(m, out);
}

enum verdict intensity_decode(void *self, const struct frame *f, struct cgw_batch *out)
{
    (void)self;
    bool is_json = f->rest.at[0] == '{' || f->rest.at[0] == '[';
    enum verdict v = is_json ? intensity_json(f, out) : take_protobuf(f, out);
    if (v == VERDICT_COUNTED && out->n_intensities == 0)
        return refuse(out, VERDICT_UNDECODABLE, "none of its values is told");
    return v;
}
