/* The order, and one step function per kind.
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
 * A rejected reading never touches the state. That is what lets candidates be dropped, and verdicts be
 * revised, without a second set of rules: the state at any place follows from the counted readings
 * before it, mostly from the last of them alone (fold_anchor).
 *
 * Readings that carry no value (bad, calibration, maintenance; of a register also "not operating") are
 * counted and leave baseline and coverage alone. Arithmetic is in 128 bits, so no value that a device
 * can send overflows; there is no floating point.
 *
 * To come: a gauge is a step whose state holds the last good sample; an event is a step that skips the
 * check for one time, its key being (boot, sequence) as well. */
#include "meter/fold.h"

#include "base/number.h"
#include "model/plan.h"
#include "model/reading.h"

#define HOUR_US INT64_C(3600000000)

/* b before a where greater counts as better. */
static int greater_first(uint64_t a, uint64_t b)
{
    return (a < b) - (a > b);
}

static int greater_first_signed(int64_t a, int64_t b)
{
    return (a < b) - (a > b);
}

int sample_order(const struct sample *a, const struct sample *b)
{
    if (a->time_us != b->time_us)
        return a->time_us < b->time_us ? -1 : 1;
    if (a->quality != b->quality)
        return a->quality < b->quality ? -1 : 1;
    int order = greater_first(a->boot, b->boot);
    if (order == 0)
        order = greater_first(a->sequence, b->sequence);
    if (order == 0)
        order = greater_first_signed(a->ticks, b->ticks);
    return order != 0 ? order : greater_first_signed(a->interval_us, b->interval_us);
}

bool sample_is_twin(const struct sample *a, const struct sample *b)
{
    return a->time_us == b->time_us && a->ticks == b->ticks && a->quality == b->quality &&
           a->boot == b->boot && a->interval_us == b->interval_us;
}

bool fold_rules_equal(const struct fold_rules *a, const struct fold_rules *b)
{
    return a->kind == b->kind && a->stamp == b->stamp && a->reset_from_zero == b->reset_from_zero &&
           a->max_gap_us == b->max_gap_us &&
           a->max_rate_ticks_per_hour == b->max_rate_ticks_per_hour &&
           a->modulus_ticks == b->modulus_ticks;
}

bool fold_state_equal(const struct fold_state *a, const struct fold_state *b)
{
    return a->accepted_us == b->accepted_us && a->accepted_ticks == b->accepted_ticks &&
           a->accepted_interval_us == b->accepted_interval_us && a->value_us == b->value_us &&
           a->value_ticks == b->value_ticks && a->value_boot == b->value_boot &&
           a->value_quality == b->value_quality && a->has_accepted == b->has_accepted &&
           a->has_value == b->has_value && a->is_not_operating == b->is_not_operating;
}

bool fold_amount_equal(const struct fold_effect *a, const struct fold_effect *b)
{
    if (!a->has_amount || !b->has_amount)
        return a->has_amount == b->has_amount;
    const struct amount *x = &a->amount, *y = &b->amount;
    return x->start_us == y->start_us && x->end_us == y->end_us && x->ticks == y->ticks &&
           x->part == y->part && x->flags == y->flags && x->is_valid == y->is_valid &&
           x->is_unverified == y->is_unverified;
}

static struct fold_effect only(enum verdict v)
{
    return (struct fold_effect){ .verdict = v };
}

/* Whether so much in so long is within the point's greatest rate. */
static bool is_plausible(const struct fold_rules *rules, int128 ticks, int128 elapsed_us)
{
    if (rules->max_rate_ticks_per_hour == 0)
        return true;
    return ticks * HOUR_US <= (int128)rules->max_rate_ticks_per_hour * elapsed_us;
}

static bool has_usable_value(const struct sample *r)
{
    return r->quality <= QUALITY_SUSPECT;
}

/* An interval that says "not operating" has an amount only if it claims one all the same. */
static bool has_interval_amount(const struct sample *r)
{
    return has_usable_value(r) || (r->quality == QUALITY_NOT_OPERATING && r->ticks > 0);
}

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

static void accept_reading(struct fold_state *s, const struct sample *r)
{
    s->has_accepted = true;
    s->accepted_us = r->time_us;
    s->accepted_ticks = r->ticks;
    s->accepted_interval_us = r->interval_us;
}

/* The state behind a register's value, whatever was before. */
static struct fold_state register_anchor(const struct sample *r)
{
    struct fold_state s = {
        .value_us = r->time_us,
        .value_ticks = r->ticks,
        .value_boot = r->boot,
        .value_quality = r->quality,
        .has_value = true,
    };
    accept_reading(&s, r);
    return s;
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

static struct fold_state state_anchor(const struct sample *r)
{
    struct fold_state s = { .is_not_operating = r->quality == QUALITY_NOT_OPERATING };
    accept_reading(&s, r);
    return s;
}

/* How much a register moved from its last valid value to r, and what happened at the joint; false when
 * no rule makes sense of it. A new boot id goes before the modulus: a meter that started anew would
 * else pass for one that ran over whenever the rate allows it. */
static bool register_delta(const struct fold_rules *rules, const struct fold_state *s,
                           const struct sample *r, int64_t *ticks, uint8_t *flags)
{
    int128 delta = (int128)r->ticks - s->value_ticks;
    bool is_new_boot = r->boot != 0 && s->value_boot != 0 && r->boot != s->value_boot;

    *flags = 0;
    if (delta < 0 && is_new_boot) {
        *flags = AMOUNT_RESET;
        delta = rules->reset_from_zero && r->ticks > 0 ? r->ticks : 0;
    } else if (delta < 0) {
        *flags = AMOUNT_ROLLOVER;
        delta += rules->modulus_ticks;
        bool can_roll = rules->modulus_ticks > 0 && rules->max_rate_ticks_per_hour > 0;
        if (!can_roll || r->ticks < 0 || delta < 0)
            return false;
    }
    if (delta > INT64_MAX || !is_plausible(rules, delta, (int128)r->time_us - s->value_us))
        return false;
    *ticks = (int64_t)delta;
    return true;
}

/* The delta's amount. Both ends take part: the worse of the two says what it is worth. */
static struct amount register_amount(const struct fold_rules *rules, const struct fold_state *s,
                                     const struct sample *r, int64_t ticks, uint8_t flags)
{
    bool is_suspect = r->quality == QUALITY_SUSPECT || s->value_quality == QUALITY_SUSPECT;
    bool is_estimated = r->quality == QUALITY_ESTIMATED || s->value_quality == QUALITY_ESTIMATED;
    bool has_gap = (int128)r->time_us - s->value_us > rules->max_gap_us;
    bool is_joint_unknown = (flags & AMOUNT_RESET) != 0 && !rules->reset_from_zero;

    if (is_suspect)
        flags |= AMOUNT_SUSPECT;
    if (is_joint_unknown)
        flags |= AMOUNT_UNDECLARED;
    if (s->is_not_operating && ticks > 0)
        flags |= AMOUNT_NOT_OPERATING;
    return (struct amount){
        .sign = 1,
        .part = is_estimated ? PART_ESTIMATED
                : has_gap    ? PART_BRIDGED
                             : PART_MEASURED,
        .flags = flags,
        .is_valid = !is_suspect && !is_estimated && !has_gap && !is_joint_unknown,
        .start_us = s->value_us,
        .end_us = r->time_us,
        .ticks = ticks,
    };
}

static struct fold_effect step_register(const struct fold_rules *rules, struct fold_state *s,
                                        const struct sample *r)
{
    if (!has_usable_value(r)) {
        accept_reading(s, r);
        s->is_not_operating |= r->quality == QUALITY_NOT_OPERATING;
        return only(VERDICT_COUNTED);
    }

    struct fold_effect e = only(VERDICT_COUNTED);
    if (s->has_value) {
        int64_t ticks;
        uint8_t flags;
        if (!register_delta(rules, s, r, &ticks, &flags))
            return only(VERDICT_OUT_OF_RANGE);
        e.has_amount = true;
        e.amount = register_amount(rules, s, r, ticks, flags);
    }
    *s = register_anchor(r);
    return e;
}

/* What an interval says. "Not operating" holds until the point's next reading, so an amount that
 * reaches back before its own stamp falls into it. */
static struct amount interval_amount(const struct fold_state *s, const struct sample *r,
                                     int64_t start_us, int64_t end_us)
{
    bool is_idle = r->quality == QUALITY_NOT_OPERATING;
    bool was_idle = s->is_not_operating && start_us < r->time_us;
    uint8_t flags = r->quality == QUALITY_SUSPECT ? AMOUNT_SUSPECT : 0;
    if (r->ticks > 0 && (is_idle || was_idle))
        flags |= AMOUNT_NOT_OPERATING;
    return (struct amount){
        .sign = 1,
        .part = r->quality == QUALITY_ESTIMATED ? PART_ESTIMATED : PART_MEASURED,
        .flags = flags,
        .is_valid = r->quality == QUALITY_GOOD,
        .start_us = start_us,
        .end_us = end_us,
        .ticks = r->ticks,
    };
}

static struct fold_effect step_interval(const struct fold_rules *rules, struct fold_state *s,
                                        const struct sample *r)
{
    if (!has_interval_amount(r)) {
        accept_reading(s, r);
        s->is_not_operating = r->quality == QUALITY_NOT_OPERATING;
        return only(VERDICT_COUNTED);
    }

    int64_t start_us, end_us;
    if (r->ticks < 0 || !interval_span(rules, r, &start_us, &end_us) ||
        !is_plausible(rules, r->ticks, r->interval_us))
        return only(VERDICT_OUT_OF_RANGE);
    if (s->has_value && start_us < s->value_us)
        return only(VERDICT_CONFLICT);

    struct fold_effect e = { VERDICT_COUNTED, true, interval_amount(s, r, start_us, end_us) };
    *s = interval_anchor(r, end_us);
    return e;
}

static struct fold_effect step_state(struct fold_state *s, const struct sample *r)
{
    *s = state_anchor(r);
    return only(VERDICT_COUNTED);
}

struct fold_effect fold_step(const struct fold_rules *rules, struct fold_state *s,
                             const struct sample *r)
{
    if (s->has_accepted && r->time_us == s->accepted_us) {
        bool says_the_same =
            r->ticks == s->accepted_ticks && r->interval_us == s->accepted_interval_us;
        return only(says_the_same ? VERDICT_DUPLICATE : VERDICT_CONFLICT);
    }
    switch (rules->kind) {
    case POINT_REGISTER:
        return step_register(rules, s, r);
    case POINT_INTERVAL:
        return step_interval(rules, s, r);
    default:
        return step_state(s, r);
    }
}

bool fold_anchor(const struct fold_rules *rules, const struct sample *r, struct fold_state *out)
{
    int64_t start_us, end_us;
    switch (rules->kind) {
    case POINT_REGISTER:
        if (!has_usable_value(r))
            return false;
        *out = register_anchor(r);
        return true;
    case POINT_INTERVAL:
        if (!has_interval_amount(r) || !interval_span(rules, r, &start_us, &end_us))
            return false;
        *out = interval_anchor(r, end_us);
        return true;
    default:
        *out = state_anchor(r);
        return true;
    }
}
