/* The order, the steps of the simpler kinds, and which step is whose.
 *
 * The order is total: time; then, among readings of one time, the rank: the better quality (the lower
 * number), the greater boot id, the greater sequence, the greater value, the longer interval. Boot ids
 * say nothing about age, but sequences can be compared within one boot only, so the boot comes first.
 * The first reading of a time that is acceptable is counted; whatever else has that time is a duplicate
 * if it says the same, else a conflict. So is an interval that overlaps one already counted: of two
 * intervals with different stamps the earlier in the order stands, of two with one stamp the rank
 * decides. A better quality does not reach back over an earlier stamp: the step would have to look
 * ahead, and what a reading counts for could change long after its place in the order was past.
 *
 * Several events may have one time: their key is (boot, sequence) as well, so those two stand before the
 * quality in their order, and readings of one key stand side by side.
 *
 * A rejected reading never touches the state. That is what lets candidates be dropped, and verdicts be
 * revised, without a second set of rules: the state at any place follows from the counted readings
 * before it, mostly from the last of them alone (fold_anchor). A voided reading is a rejected one.
 *
 * Readings that carry no value (bad, calibration, maintenance; of a register also "not operating") are
 * counted and leave baseline and coverage alone. Arithmetic is in 128 bits, so no value that a device
 * can send overflows; there is no floating point. */
#include "meter/fold_private.h"

/* b before a where greater counts as better. */
static int greater_first(uint64_t a, uint64_t b)
{
    return (a < b) - (a > b);
}

static int greater_first_signed(int64_t a, int64_t b)
{
    return (a < b) - (a > b);
}

static int by_source(const struct sample *a, const struct sample *b)
{
    int order = greater_first(a->boot, b->boot);
    return order != 0 ? order : greater_first(a->sequence, b->sequence);
}

static int by_quality(const struct sample *a, const struct sample *b)
{
    return (a->quality > b->quality) - (a->quality < b->quality);
}

int sample_order(uint8_t kind, const struct sample *a, const struct sample *b)
{
    if (a->time_us != b->time_us)
        return a->time_us < b->time_us ? -1 : 1;
    bool is_event = kind == POINT_EVENT;
    int order = is_event ? by_source(a, b) : by_quality(a, b);
    if (order == 0)
        order = is_event ? by_quality(a, b) : by_source(a, b);
    if (order == 0)
        order = greater_first_signed(a->ticks, b->ticks);
    return order != 0 ? order : greater_first_signed(a->interval_us, b->interval_us);
}

bool sample_is_twin(uint8_t kind, const struct sample *a, const struct sample *b)
{
    return a->time_us == b->time_us && a->ticks == b->ticks && a->quality == b->quality &&
           a->boot == b->boot && a->interval_us == b->interval_us &&
           (kind != POINT_EVENT || a->sequence == b->sequence);
}

bool fold_rules_equal(const struct fold_rules *a, const struct fold_rules *b)
{
    return a->kind == b->kind && a->stamp == b->stamp && a->integrate == b->integrate &&
           a->reset_from_zero == b->reset_from_zero && a->max_gap_us == b->max_gap_us &&
           a->max_rate_ticks_per_hour == b->max_rate_ticks_per_hour &&
           a->modulus_ticks == b->modulus_ticks && a->has_min == b->has_min &&
           a->has_max == b->has_max && a->min_ticks == b->min_ticks &&
           a->max_ticks == b->max_ticks && a->calibrated_until_us == b->calibrated_until_us;
}

bool fold_state_equal(const struct fold_state *a, const struct fold_state *b)
{
    return a->accepted_us == b->accepted_us && a->accepted_ticks == b->accepted_ticks &&
           a->accepted_interval_us == b->accepted_interval_us &&
           a->accepted_boot == b->accepted_boot && a->accepted_sequence == b->accepted_sequence &&
           a->value_us == b->value_us && a->value_ticks == b->value_ticks &&
           a->value_boot == b->value_boot && a->idle_us == b->idle_us &&
           a->value_quality == b->value_quality && a->has_accepted == b->has_accepted &&
           a->has_value == b->has_value && a->is_not_operating == b->is_not_operating &&
           a->is_idle == b->is_idle;
}

bool fold_amount_equal(const struct amount *a, const struct amount *b)
{
    return a->start_us == b->start_us && a->end_us == b->end_us && a->ticks == b->ticks &&
           a->part == b->part && a->flags == b->flags && a->is_valid == b->is_valid &&
           a->is_unverified == b->is_unverified && a->shape == b->shape &&
           a->ramp_from == b->ramp_from && a->ramp_to == b->ramp_to;
}

/* Whether an interval or an event has an amount. One that says "not operating" has one only if it claims
 * it all the same. */
static bool has_own_amount(const struct sample *r)
{
    return has_usable_value(r) || (r->quality == QUALITY_NOT_OPERATING && r->ticks > 0);
}

/* What an amount that one reading tells by itself is worth. "Not operating" holds until the point's next
 * reading, so an amount that reaches back before its own stamp falls into it. */
static struct amount own_amount(const struct fold_rules *rules, const struct fold_state *s,
                                const struct sample *r, int64_t start_us, int64_t end_us)
{
    bool is_idle = r->quality == QUALITY_NOT_OPERATING;
    bool was_idle = s->is_not_operating && start_us < r->time_us;
    uint8_t flags = r->quality == QUALITY_SUSPECT ? AMOUNT_SUSPECT : 0;
    if (r->ticks > 0 && (is_idle || was_idle))
        flags |= AMOUNT_NOT_OPERATING;
    return (struct amount){
        .sign = 1,
        .part = r->quality == QUALITY_ESTIMATED ? PART_ESTIMATED : PART_MEASURED,
        .flags = (uint8_t)(flags | expired_flag(rules, r->time_us)),
        .is_valid = r->quality == QUALITY_GOOD,
        .start_us = start_us,
        .end_us = end_us,
        .ticks = r->ticks,
    };
}

/* --- intervals --- */

/* [start, end) of an interval reading; false when it covers nothing, or more than it may. */
static bool interval_span(const struct fold_rules *rules, const struct sample *r, int64_t *start_us,
                          int64_t *end_us)
{
    if (r->interval_us <= 0 || r->interval_us > FOLD_INTERVAL_MOST_US)
        return false;
    if (rules->stamp == STAMP_START) {
        *start_us = r->time_us;
        return !__builtin_add_overflow(r->time_us, r->interval_us, end_us);
    }
    *end_us = r->time_us;
    return !__builtin_sub_overflow(r->time_us, r->interval_us, start_us);
}

/* The state behind an interval: counted ones do not overlap, so it covers furthest. */
static struct fold_state interval_anchor(const struct sample *r, int64_t end_us)
{
    struct fold_state s = {
        .value_us = end_us,
        .has_value = true,
        .is_not_operating = r->quality == QUALITY_NOT_OPERATING,
    };
    accept_reading(&s, r);
    return s;
}

/* The interval's amount. Where the device said meanwhile that it did not operate, that time is not valid,
 * and the part before is told beside it. */
static void give_interval(const struct fold_rules *rules, const struct fold_state *s,
                          const struct sample *r, int64_t start_us, int64_t end_us,
                          struct fold_effect *out)
{
    struct amount a = own_amount(rules, s, r, start_us, end_us);
    if (a.is_valid && s->is_idle && start_us < r->time_us) {
        a.is_valid = false;
        give_stretch(out, start_us, s->accepted_us, 0, true);
    }
    give_idle(out, s, r);
    give(out, &a);
}

static void step_interval(const struct fold_rules *rules, struct fold_state *s,
                          const struct sample *r, struct fold_effect *out)
{
    out->verdict = VERDICT_COUNTED;
    if (!has_own_amount(r)) {
        give_idle(out, s, r);
        accept_reading(s, r);
        s->is_not_operating = s->is_idle;
        return;
    }

    int64_t start_us, end_us;
    if (r->ticks < 0 || !interval_span(rules, r, &start_us, &end_us) ||
        !is_plausible(rules, r->ticks, r->interval_us)) {
        out->verdict = VERDICT_OUT_OF_RANGE;
    } else if (s->has_value && start_us < s->value_us) {
        out->verdict = VERDICT_CONFLICT;
    } else {
        give_interval(rules, s, r, start_us, end_us, out);
        *s = interval_anchor(r, end_us);
    }
}

/* --- events and states --- */

/* Of an event boot and sequence are part of the key, so the state has to know them. */
static struct fold_state instant_anchor(const struct fold_rules *rules, const struct sample *r)
{
    struct fold_state s = { .is_not_operating = r->quality == QUALITY_NOT_OPERATING };
    accept_reading(&s, r);
    if (rules->kind == POINT_EVENT) {
        s.accepted_boot = r->boot;
        s.accepted_sequence = r->sequence;
    }
    return s;
}

static void step_event(const struct fold_rules *rules, struct fold_state *s,
                       const struct sample *r, struct fold_effect *out)
{
    bool has_amount = has_own_amount(r);
    int64_t least = rules->has_min ? rules->min_ticks : 0, end_us;
    out->verdict = VERDICT_OUT_OF_RANGE;
    if (has_amount && (r->ticks < least || (rules->has_max && r->ticks > rules->max_ticks)))
        return;
    if (__builtin_add_overflow(r->time_us, 1, &end_us))
        return;
    out->verdict = VERDICT_COUNTED;
    give_idle(out, s, r);
    if (has_amount) {
        struct amount a = own_amount(rules, s, r, r->time_us, end_us);
        give(out, &a);
    }
    *s = instant_anchor(rules, r);
}

static void step_state(const struct fold_rules *rules, struct fold_state *s,
                       const struct sample *r, struct fold_effect *out)
{
    out->verdict = VERDICT_COUNTED;
    give_idle(out, s, r);
    *s = instant_anchor(rules, r);
}

/* --- any --- */

static bool has_last_key(const struct fold_rules *rules, const struct fold_state *s,
                         const struct sample *r)
{
    return s->has_accepted && r->time_us == s->accepted_us &&
           (rules->kind != POINT_EVENT ||
            (r->boot == s->accepted_boot && r->sequence == s->accepted_sequence));
}

void fold_step(const struct fold_rules *rules, struct fold_state *s, const struct sample *r,
               struct fold_effect *out)
{
    out->n = 0;
    if (r->is_void) {
        out->verdict = VERDICT_VOID;
        return;
    }
    if (has_last_key(rules, s, r)) {
        bool says_the_same =
            r->ticks == s->accepted_ticks && r->interval_us == s->accepted_interval_us;
        out->verdict = says_the_same ? VERDICT_DUPLICATE : VERDICT_CONFLICT;
        return;
    }
    switch (rules->kind) {
    case POINT_REGISTER:
        fold_register(rules, s, r, out);
        return;
    case POINT_INTERVAL:
        step_interval(rules, s, r, out);
        return;
    case POINT_GAUGE:
        fold_gauge(rules, s, r, out);
        return;
    case POINT_EVENT:
        step_event(rules, s, r, out);
        return;
    default:
        step_state(rules, s, r, out);
        return;
    }
}

bool fold_anchor(const struct fold_rules *rules, const struct sample *r, struct fold_state *out)
{
    int64_t start_us, end_us;
    switch (rules->kind) {
    case POINT_REGISTER:
        if (!has_usable_value(r))
            return false;
        *out = register_anchor(rules, r);
        return true;
    case POINT_INTERVAL:
        if (!has_own_amount(r) || !interval_span(rules, r, &start_us, &end_us))
            return false;
        *out = interval_anchor(r, end_us);
        return true;
    case POINT_GAUGE:
        *out = gauge_anchor(r);
        return true;
    default:
        *out = instant_anchor(rules, r);
        return true;
    }
}
