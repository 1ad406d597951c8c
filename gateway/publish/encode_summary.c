/* A summary as carbon.v1.SiteSummary: identity, streams, what it replaces, where it is from. Totals and
 * quality stand in encode_totals.c, emissions in encode_emission.c.
 *
 * The message is built in an arena of its own and written once; names are the plan's texts, borrowed.
 * Everything comes from the summary and the plan that it was made under, nothing from a clock or the
 * machine: a replay of the log book gives the same bytes, and a test compares them. */
#include <string.h>

#include "base/clock.h"
#include "publish/encode_parts.h"

/* --- identity --- */

/* Start to the minute, which is as fine as windows begin. */
static void put_id(const struct plan *plan, const struct summary *s, uint32_t revision,
                   struct buffer *out)
{
    char start[32];
    time_print(s->start_us, start);
    buffer_print(out, "%s/%016llx/%s/%s/%.16sZ/%u", plan->gateway_id,
                 (unsigned long long)s->gateway_epoch, plan->sites[s->site].id,
                 period_names[s->period], start, revision);
}

/* What is no window is known by its number. */
static bool is_numbered(const struct summary *s)
{
    return s->dropped || s->adjusted;
}

static void put_numbered_id(const struct plan *plan, const struct summary *s, struct buffer *out)
{
    buffer_print(out, "%s/%016llx/%s/%llu", plan->gateway_id, (unsigned long long)s->gateway_epoch,
                 s->adjusted ? "adjustment" : "tombstone", (unsigned long long)s->sequence);
}

void encode_summary_id(const struct plan *plan, const struct summary *s, struct buffer *out)
{
    if (is_numbered(s))
        put_numbered_id(plan, s, out);
    else
        put_id(plan, s, s->revision, out);
}

static char *id_text(const struct encoding *e, uint32_t revision)
{
    struct buffer id = { 0 };
    if (is_numbered(e->summary))
        put_numbered_id(e->plan, e->summary, &id);
    else
        put_id(e->plan, e->summary, revision, &id);
    char *text = arena_text(e->arena, buffer_slice(&id));
    buffer_fini(&id);
    return text;
}

/* A factor that stands in for another, or is still to come. A stream without a factor waits for none. */
static bool has_stand_in(const struct encoding *e, const struct summary_stream *s)
{
    const char *factor_id = stream_of(e, s)->factor_id;
    bool expects_factor = factor_id && *factor_id;
    for (size_t i = 0; i < s->n_factors; i++) {
        enum factor_status status = s->factors[i].status;
        if (status == FACTOR_FORECAST || status == FACTOR_PROVISIONAL ||
            (status == FACTOR_MISSING && expects_factor))
            return true;
    }
    return false;
}

static Carbon__V1__Status firmness(const struct encoding *e)
{
    if (e->summary->is_locked)
        return CARBON__V1__STATUS__STATUS_LOCKED;
    bool is_provisional = e->summary->silent_devices > 0 || e->summary->is_allotment_open;
    for (size_t i = 0; i < e->summary->n_streams; i++)
        is_provisional |= has_stand_in(e, &e->summary->streams[i]);
    return is_provisional ? CARBON__V1__STATUS__STATUS_PROVISIONAL
                          : CARBON__V1__STATUS__STATUS_FINAL;
}

static void encode_identity(const struct encoding *e, Carbon__V1__SiteSummary *out)
{
    const struct summary *s = e->summary;
    const struct site *site = &e->plan->sites[s->site];
    out->id = id_text(e, s->revision);
    out->kind = CARBON__V1__KIND__KIND_WINDOW;
    out->status = firmness(e);
    out->gateway_id = wire_text(e->plan->gateway_id);
    out->gateway_epoch = s->gateway_epoch;
    out->epoch_ordinal = s->epoch_ordinal;
    out->sequence = s->sequence;
    out->site_id = wire_text(site->id);
    out->period = (Carbon__V1__Period)(s->period + 1); /* the wire keeps 0 for "not told" */
    out->start_unix_ms = wire_ms(s->start_us);
    out->end_unix_ms = wire_ms(s->end_us);
    out->time_zone = wire_text(site->zone_name);
    out->revision = s->revision;
    out->published_unix_ms = wire_ms(s->published_us);
    out->watermark_unix_ms = wire_ms(s->watermark_us);
}

static void encode_reasons(const struct encoding *e, Carbon__V1__SiteSummary *out)
{
    out->reasons = wire_array(e->arena, REASON_READMIT, sizeof *out->reasons);
    for (int reason = REASON_LATE; reason <= REASON_READMIT; reason++)
        if (e->summary->reasons & 1u << reason)
            out->reasons[out->n_reasons++] = (Carbon__V1__Reason)reason;
    out->operator_ref = encode_order_ref(e, e->summary->order);
}

/* --- streams --- */

/* Points of one stream mostly agree; where they do not, the carrier's total tells them apart. */
static Carbon__V1__Direction direction_of(const struct encoding *e, const struct summary_stream *s)
{
    static const Carbon__V1__Direction directions[] = {
        [DIRECTION_IMPORT] = CARBON__V1__DIRECTION__DIRECTION_IMPORTED,
        [DIRECTION_EXPORT] = CARBON__V1__DIRECTION__DIRECTION_EXPORTED,
        [DIRECTION_GENERATION] = CARBON__V1__DIRECTION__DIRECTION_GENERATED,
    };
    Carbon__V1__Direction found = CARBON__V1__DIRECTION__DIRECTION_UNSPECIFIED;
    int n = 0;
    for (int d = DIRECTION_IMPORT; d <= DIRECTION_GENERATION; d++) {
        if (!stream_has_direction(e, s, (enum direction)d))
            continue;
        found = directions[d];
        n++;
    }
    return n == 1 ? found : CARBON__V1__DIRECTION__DIRECTION_UNSPECIFIED;
}

static void encode_points(const struct encoding *e, const struct summary_stream *s,
                          Carbon__V1__SourceStream *out)
{
    out->points = wire_array(e->arena, s->n_points, sizeof *out->points);
    for (size_t i = 0; i < s->n_points; i++) {
        const struct point *point = &e->plan->points[s->points[i]];
        Carbon__V1__PointRef *ref = wire_new(e->arena, &carbon__v1__point_ref__descriptor);
        ref->device_id = wire_text(e->plan->devices[point->device].id);
        ref->point = wire_text(point->id);
        out->points[out->n_points++] = ref;
    }
}

/* Absent when 0. */
static Carbon__V1__Amount *part(const struct encoding *e, int128 micro)
{
    return micro != 0 ? wire_amount(e->arena, micro) : NULL;
}

static Carbon__V1__Parts *encode_parts(const struct encoding *e, const struct summary_stream *s)
{
    Carbon__V1__Parts *out = wire_new(e->arena, &carbon__v1__parts__descriptor);
    out->measured = part(e, s->part_micro[PART_MEASURED]);
    out->interpolated = part(e, s->part_micro[PART_INTERPOLATED]);
    out->bridged = part(e, s->part_micro[PART_BRIDGED]);
    out->estimated = part(e, s->part_micro[PART_ESTIMATED]);
    out->substituted = part(e, s->part_micro[PART_SUBSTITUTED]);
    out->manual = part(e, s->part_micro[PART_MANUAL]);
    return out;
}

static Carbon__V1__Unverified *encode_unverified(const struct encoding *e,
                                                 const struct summary_stream *s)
{
    if (s->unverified_readings == 0 && s->unverified_micro == 0)
        return NULL;
    Carbon__V1__Unverified *out = wire_new(e->arena, &carbon__v1__unverified__descriptor);
    out->amount = wire_amount(e->arena, s->unverified_micro);
    if (s->has_unverified_co2e)
        out->co2e_g = wire_amount(e->arena, s->unverified_co2e_ug);
    out->readings = s->unverified_readings;
    return out;
}

static void encode_flags(const struct encoding *e, const struct summary_stream *s,
                         Carbon__V1__SourceStream *out)
{
    static const struct {
        uint32_t bit;
        Carbon__V1__Flag flag;
    } flags[] = {
        { AMOUNT_SUSPECT, CARBON__V1__FLAG__FLAG_SUSPECT },
        { AMOUNT_RESET, CARBON__V1__FLAG__FLAG_RESET },
        { AMOUNT_ROLLOVER, CARBON__V1__FLAG__FLAG_ROLLOVER },
        { AMOUNT_NOT_OPERATING, CARBON__V1__FLAG__FLAG_NOT_OPERATING },
        { AMOUNT_UNDECLARED, CARBON__V1__FLAG__FLAG_UNDECLARED },
        { AMOUNT_CALIBRATION_EXPIRED, CARBON__V1__FLAG__FLAG_CALIBRATION_EXPIRED },
    };
    size_t n = sizeof flags / sizeof *flags;
    out->flags = wire_array(e->arena, n, sizeof *out->flags);
    for (size_t i = 0; i < n; i++)
        if (s->flags & flags[i].bit)
            out->flags[out->n_flags++] = flags[i].flag;
}

static Carbon__V1__Coverage *encode_coverage(const struct encoding *e,
                                             const struct summary_stream *s)
{
    if (s->expected_ms == 0 && s->not_operating_ms == 0)
        return NULL;
    Carbon__V1__Coverage *out = wire_new(e->arena, &carbon__v1__coverage__descriptor);
    out->valid_ms = (uint64_t)s->valid_ms;
    out->expected_ms = (uint64_t)s->expected_ms;
    out->not_operating_ms = (uint64_t)s->not_operating_ms;
    return out;
}

static void encode_activity(const struct encoding *e, const struct summary_stream *s,
                            Carbon__V1__SourceStream *out)
{
    out->unit = wire_unit(stream_of(e, s)->dimension);
    out->conditions = wire_conditions(e->arena, stream_of(e, s)->basis);
    if (s->has_activity) {
        out->activity = wire_amount(e->arena, s->activity_micro);
        out->parts = encode_parts(e, s);
    }
    out->activity_uncertainty = encode_uncertainty(e, &s->activity_uncertainty);
    out->unverified = encode_unverified(e, s);
    out->coverage = encode_coverage(e, s);
    encode_flags(e, s, out);
    encode_substitutions(e, s, out);
}

/* Scope 2 has two views; never to be added to each other. */
static void encode_accounting(const struct encoding *e, const struct summary_stream *s,
                              Carbon__V1__SourceStream *out)
{
    const char *factor_id = stream_of(e, s)->factor_id;
    struct summary_emission emission = emission_by_location(s);
    emission.uncertainty = s->uncertainty;
    if (stream_scope(e, s) == SCOPE_2)
        out->location_based = emission_encode(e, &emission);
    else
        out->emission = emission_encode(e, &emission);
    if (factor_id && *factor_id)
        out->method = CARBON__V1__METHOD__METHOD_DIRECT;
    encode_factors(e, s, out);
    if (stream_scope(e, s) == SCOPE_2)
        encode_market(e, s, out);
}

static Carbon__V1__SourceStream *encode_stream(const struct encoding *e,
                                               const struct summary_stream *s)
{
    const struct stream *stream = stream_of(e, s);
    Carbon__V1__SourceStream *out = wire_new(e->arena, &carbon__v1__source_stream__descriptor);
    out->stream_id = wire_text(stream->id);
    out->scope = (Carbon__V1__Scope)stream_scope(e, s);
    out->scope3_category = (uint32_t)stream->scope3_category;
    out->category = wire_text(stream->category);
    out->carrier = wire_text(stream->carrier);
    out->tier = wire_text(stream->tier);
    out->direction = direction_of(e, s);
    encode_points(e, s, out);
    encode_activity(e, s, out);
    encode_accounting(e, s, out);
    return out;
}

static void encode_streams(const struct encoding *e, Carbon__V1__SiteSummary *out)
{
    const struct summary *s = e->summary;
    out->streams = wire_array(e->arena, s->n_streams, sizeof *out->streams);
    for (size_t i = 0; i < s->n_streams; i++)
        out->streams[out->n_streams++] = encode_stream(e, &s->streams[i]);
}

/* --- what it replaces, and where it is from --- */

static Carbon__V1__Superseded *encode_superseded(const struct encoding *e)
{
    const struct summary *s = e->summary;
    if (s->revision <= 1)
        return NULL;
    Carbon__V1__Superseded *out = wire_new(e->arena, &carbon__v1__superseded__descriptor);
    out->revision = s->revision - 1;
    out->id = id_text(e, s->revision - 1);
    out->gateway_epoch = s->gateway_epoch;
    out->changes = encode_changes(e, s->changes, s->n_changes);
    out->n_changes = s->n_changes;
    return out;
}

/* What stands behind the window: of one intake, so one stretch. The algorithm is named with what it adds. */
static void encode_evidence(const struct encoding *e, Carbon__V1__Provenance *out)
{
    const struct summary *s = e->summary;
    if (!s->has_evidence)
        return;
    if (s->frames_from > 0) {
        Carbon__V1__JournalRange *range = wire_new(e->arena, &carbon__v1__journal_range__descriptor);
        range->journal = wire_text("intake");
        range->first_sequence = s->frames_from;
        range->last_sequence = s->frames_until;
        out->journal_ranges = wire_array(e->arena, 1, sizeof *out->journal_ranges);
        out->journal_ranges[out->n_journal_ranges++] = range;
    }
    struct buffer hash = { 0 };
    buffer_print(&hash, "xxh3-sum64:%016llx", (unsigned long long)s->readings_hash);
    out->readings_hash = wire_text(arena_text(e->arena, buffer_slice(&hash)));
    buffer_fini(&hash);
}

static Carbon__V1__Provenance *encode_provenance(const struct encoding *e)
{
    const struct summary *s = e->summary;
    Carbon__V1__Provenance *out = wire_new(e->arena, &carbon__v1__provenance__descriptor);
    out->gateway_version = wire_text(s->gateway_version);
    out->config_hash = wire_text(e->plan->hash);
    out->factor_set_hash = wire_text(e->plan->n_factors > 0 ? e->plan->factors_hash : NULL);
    out->tzdata_version = wire_text(s->tzdata_version);
    out->log_sequence = s->cause;
    if (s->site >= 0) {
        out->organisation_id = wire_text(e->plan->sites[s->site].organisation);
        out->monitoring_plan_id = wire_text(e->plan->sites[s->site].monitoring_plan);
        encode_evidence(e, out);
    }
    return out;
}

/* --- tombstones --- */

static Carbon__V1__Tombstone *encode_dropped(const struct encoding *e)
{
    const struct summary *s = e->summary;
    Carbon__V1__Tombstone *out = wire_new(e->arena, &carbon__v1__tombstone__descriptor);
    Carbon__V1__Dropped *dropped = wire_new(e->arena, &carbon__v1__dropped__descriptor);
    dropped->first_sequence = s->dropped->from;
    dropped->last_sequence = s->dropped->until;
    dropped->summaries = s->dropped->until - s->dropped->from + 1;
    dropped->start_unix_ms = wire_ms(s->start_us);
    dropped->end_unix_ms = wire_ms(s->end_us);
    dropped->reason = CARBON__V1__DROP_REASON__DROP_REASON_BYTES;
    dropped->epoch_ordinal = s->dropped->epoch_ordinal;
    out->dropped = wire_array(e->arena, 1, sizeof *out->dropped);
    out->dropped[0] = dropped;
    out->n_dropped = 1;
    return out;
}

static void encode_tombstone(const struct encoding *e, Carbon__V1__SiteSummary *out)
{
    const struct summary *s = e->summary;
    out->id = id_text(e, s->revision);
    out->kind = CARBON__V1__KIND__KIND_TOMBSTONE;
    out->status = CARBON__V1__STATUS__STATUS_FINAL;
    out->gateway_id = wire_text(e->plan->gateway_id);
    out->gateway_epoch = s->gateway_epoch;
    out->epoch_ordinal = s->epoch_ordinal;
    out->sequence = s->sequence;
    out->start_unix_ms = wire_ms(s->start_us);
    out->end_unix_ms = wire_ms(s->end_us);
    out->revision = s->revision;
    out->published_unix_ms = wire_ms(s->published_us);
    out->tombstone = encode_dropped(e);
}

static void encode_window(const struct encoding *e, Carbon__V1__SiteSummary *out)
{
    encode_identity(e, out);
    encode_reasons(e, out);
    encode_streams(e, out);
    out->supersedes = encode_superseded(e);
    out->totals = encode_totals(e);
    out->quality = encode_quality(e);
}

/* Identity is that of the window it is booked in. */
static void encode_adjusted(const struct encoding *e, Carbon__V1__SiteSummary *out)
{
    encode_identity(e, out);
    encode_reasons(e, out);
    out->kind = CARBON__V1__KIND__KIND_ADJUSTMENT;
    out->adjustment = encode_adjustment(e);
}

void encode_summary(const struct plan *plan, const struct summary *s, struct buffer *out)
{
    struct arena arena;
    arena_init(&arena, 0);
    struct encoding e = { .plan = plan, .summary = s, .arena = &arena };

    Carbon__V1__SiteSummary *message = wire_new(&arena, &carbon__v1__site_summary__descriptor);
    if (s->dropped)
        encode_tombstone(&e, message);
    else if (s->adjusted)
        encode_adjusted(&e, message);
    else
        encode_window(&e, message);
    message->provenance = encode_provenance(&e);
    wire_write(message, out);
    arena_fini(&arena);
}
