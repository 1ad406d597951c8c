/* What people did: the order that was a reason, adjustments of locked windows, and the list of them beside
 * the totals of a window that is open.
 *
 * An ADJUSTMENT is booked in an open window, so period and times of the message are that window's; what it
 * is about stands in `adjustment`. It says what changed and nothing else: streams and totals of the locked
 * window would invite a consumer to take them for the window as published. */
#include "publish/encode_parts.h"

#include <stdio.h>

char *encode_order_ref(const struct encoding *e, uint64_t order)
{
    char text[24];
    if (order == 0)
        return NULL;
    snprintf(text, sizeof text, "%llu", (unsigned long long)order);
    return arena_text(e->arena, slice_of(text));
}

static void put_reasons(const struct encoding *e, uint32_t reasons, Carbon__V1__Adjustment *out)
{
    out->reasons = wire_array(e->arena, REASON_READMIT, sizeof *out->reasons);
    for (int reason = REASON_LATE; reason <= REASON_READMIT; reason++)
        if (reasons & 1u << reason)
            out->reasons[out->n_reasons++] = (Carbon__V1__Reason)reason;
}

static char *id_at(const struct encoding *e, void (*put)(const struct plan *plan, const struct summary *s,
                                                         struct buffer *out), const struct summary *s)
{
    struct buffer id = { 0 };
    put(e->plan, s, &id);
    char *text = arena_text(e->arena, buffer_slice(&id));
    buffer_fini(&id);
    return text;
}

static Carbon__V1__WindowRef *window_ref(const struct encoding *e, const struct summary_adjusted *a)
{
    Carbon__V1__WindowRef *out = wire_new(e->arena, &carbon__v1__window_ref__descriptor);
    out->site_id = wire_text(e->plan->sites[e->summary->site].id);
    out->period = (Carbon__V1__Period)(a->period + 1);
    out->start_unix_ms = wire_ms(a->start_us);
    out->end_unix_ms = wire_ms(a->end_us);
    out->revision = a->revision;
    return out;
}

static Carbon__V1__Adjustment *encode_line(const struct encoding *e, const struct summary_adjustment *a)
{
    Carbon__V1__Adjustment *out = wire_new(e->arena, &carbon__v1__adjustment__descriptor);
    struct summary as_it_left = { .gateway_epoch = a->gateway_epoch, .sequence = a->sequence,
                                  .adjusted = &a->adjusted };
    out->id = id_at(e, encode_summary_id, &as_it_left);
    out->adjusted = window_ref(e, &a->adjusted);
    put_reasons(e, a->reasons, out);
    out->operator_ref = encode_order_ref(e, a->order);
    out->booked_unix_ms = wire_ms(a->booked_us);
    out->changes = encode_changes(e, a->changes, a->n_changes);
    out->n_changes = a->n_changes;
    return out;
}

void encode_adjustments(const struct encoding *e, Carbon__V1__Totals *out)
{
    const struct summary *s = e->summary;
    out->adjustments = wire_array(e->arena, s->n_adjustments, sizeof *out->adjustments);
    for (size_t i = 0; i < s->n_adjustments; i++) {
        out->adjustments[out->n_adjustments++] = encode_line(e, &s->adjustments[i]);
        out->adjustments_unlisted += s->adjustments[i].more;
    }
}

Carbon__V1__Adjustment *encode_adjustment(const struct encoding *e)
{
    const struct summary *s = e->summary;
    struct summary_adjustment whole = {
        .adjusted = *s->adjusted,
        .reasons = s->reasons,
        .order = s->order,
        .booked_us = s->published_us,
        .gateway_epoch = s->gateway_epoch,
        .sequence = s->sequence,
        .changes = s->changes,
        .n_changes = s->n_changes,
    };
    return encode_line(e, &whole);
}
