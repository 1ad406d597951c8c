/* The step of a register: what a cumulative counter moved from its last valid value to this one.
 *
 * Equal or greater is a delta. Smaller is a reset where a new boot id says so, a rollover where the
 * modulus makes a plausible rate of it, else a dip: rejected, and never rebased to. A momentary 0 would
 * otherwise count everything that the meter ever showed.
 *
 * A declared swap between the last value and this one splits the way: up to what the old meter showed
 * last, a gap while none hung there, and on from what the new one showed first. Nobody waits for the
 * reading behind the swap: its parts are given together with that reading, and so a swap that is declared
 * a day later is nothing but other rules for the same readings.
 *
 * Valid time and time of not operating are kept apart. A delta across a stretch in which the device said
 * "not operating" is not valid as a whole; the part before that stretch is told beside it. */
#include "meter/fold_private.h"

/* The swap in force at a time; NULL: the plan's own meter. */
static const struct fold_swap *swap_at(const struct fold_rules *rules, int64_t time_us)
{
    const struct fold_swap *found = NULL;
    for (int i = 0; rules->swaps && i < rules->swaps->n; i++)
        if (rules->swaps->at[i].installed_us <= time_us)
            found = &rules->swaps->at[i];
    return found;
}

static int64_t scaled(const struct fold_swap *swap, int64_t ticks)
{
    int128 out;
    if (!swap || swap->scale.num == swap->scale.den)
        return ticks;
    if (number_scale(ticks, swap->scale.num, swap->scale.den, &out) != 0 || out > INT64_MAX ||
        out < INT64_MIN)
        return ticks < 0 ? INT64_MIN : INT64_MAX;
    return (int64_t)out;
}

int64_t fold_value(const struct fold_rules *rules, const struct sample *r)
{
    return rules->swaps ? scaled(swap_at(rules, r->time_us), r->ticks) : r->ticks;
}

static int64_t modulus_at(const struct fold_rules *rules, int64_t time_us)
{
    return rules->swaps ? scaled(swap_at(rules, time_us), rules->modulus_ticks)
                        : rules->modulus_ticks;
}

struct fold_state register_anchor(const struct fold_rules *rules, const struct sample *r)
{
    struct fold_state s = {
        .value_us = r->time_us,
        .value_ticks = fold_value(rules, r),
        .value_boot = r->boot,
        .value_quality = r->quality,
        .has_value = true,
    };
    accept_reading(&s, r);
    return s;
}

/* A value on the way: where a joint begins or ends. */
struct stand {
    int64_t time_us, ticks;
    uint64_t boot;               /* 0: not told, as of what a person read off */
    uint8_t quality;
};

/* What happened between two stands. */
struct joint {
    int64_t ticks;
    uint8_t flags;
};

/* How much the register moved; false when no rule makes sense of it. A new boot id goes before the
 * modulus: a meter that started anew would else pass for one that ran over whenever the rate allows it. */
static bool join(const struct fold_rules *rules, const struct stand *from, const struct stand *to,
                 struct joint *out)
{
    int128 delta = (int128)to->ticks - from->ticks;
    bool is_new_boot = to->boot != 0 && from->boot != 0 && to->boot != from->boot;

    out->flags = 0;
    if (delta < 0 && is_new_boot) {
        out->flags = AMOUNT_RESET | (rules->reset_from_zero ? 0 : AMOUNT_UNDECLARED);
        delta = rules->reset_from_zero && to->ticks > 0 ? to->ticks : 0;
    } else if (delta < 0) {
        int64_t modulus = modulus_at(rules, from->time_us);
        bool can_roll = modulus > 0 && rules->max_rate_ticks_per_hour > 0;
        out->flags = AMOUNT_ROLLOVER;
        delta += modulus;
        if (!can_roll || to->ticks < 0 || delta < 0)
            return false;
    }
    if (delta > INT64_MAX || !is_plausible(rules, delta, (int128)to->time_us - from->time_us))
        return false;
    out->ticks = (int64_t)delta;
    return true;
}

/* What the old meter ran until it was taken down. A person read it off, so it is believed; where it lies
 * below the last value, something was wrong before, and the joint counts 0 until that is voided. */
static struct joint join_final(const struct fold_rules *rules, const struct stand *from,
                               const struct stand *final)
{
    struct joint j;
    if (join(rules, from, final, &j))
        return j;
    int64_t delta;
    bool is_sound = !__builtin_sub_overflow(final->ticks, from->ticks, &delta) && delta >= 0;
    return (struct joint){ is_sound ? delta : 0, is_sound ? 0 : AMOUNT_UNDECLARED };
}

/* The joint's amount. Both ends take part: the worse of the two says what it is worth. */
static struct amount amount_of(const struct fold_rules *rules, const struct stand *from,
                               const struct stand *to, const struct joint *j)
{
    bool is_suspect = to->quality == QUALITY_SUSPECT || from->quality == QUALITY_SUSPECT;
    bool is_estimated = to->quality == QUALITY_ESTIMATED || from->quality == QUALITY_ESTIMATED;
    bool has_gap = (int128)to->time_us - from->time_us > rules->max_gap_us;

    return (struct amount){
        .sign = 1,
        .part = is_estimated ? PART_ESTIMATED
                : has_gap    ? PART_BRIDGED
                             : PART_MEASURED,
        .flags = (uint8_t)(j->flags | (is_suspect ? AMOUNT_SUSPECT : 0) |
                           expired_flag(rules, to->time_us)),
        .is_valid = !is_suspect && !is_estimated && !has_gap && !(j->flags & AMOUNT_UNDECLARED),
        .start_us = from->time_us,
        .end_us = to->time_us,
        .ticks = j->ticks,
    };
}

/* Gives the joint's amount, and what is to be said of not operating in it. */
static void give_joint(struct fold_effect *out, const struct fold_rules *rules,
                       const struct fold_state *s, const struct stand *from, const struct stand *to,
                       const struct joint *j)
{
    struct amount a = amount_of(rules, from, to, j);
    if (a.end_us == a.start_us && a.ticks != 0)
        a.end_us++;              /* the new meter was read in the moment of its installation */
    if (s->is_not_operating) {
        if (a.ticks > 0)
            a.flags |= AMOUNT_NOT_OPERATING;
        if (a.is_valid && s->idle_us < a.end_us)
            give_stretch(out, a.start_us, s->idle_us, 0, true);
        a.is_valid &= s->idle_us >= a.end_us;
    }
    give(out, &a);
}

/* Over the swaps between the last value and a time; *at is then where the newest meter began. */
static void pass_swaps(struct fold_effect *out, const struct fold_rules *rules,
                       const struct fold_state *s, int64_t until_us, struct stand *at)
{
    for (int i = 0; rules->swaps && i < rules->swaps->n; i++) {
        const struct fold_swap *w = &rules->swaps->at[i];
        if (w->installed_us <= at->time_us || w->installed_us > until_us)
            continue;
        struct stand final = { w->removed_us, w->final_ticks, 0, QUALITY_GOOD };
        if (final.time_us > at->time_us) {
            struct joint j = join_final(rules, at, &final);
            give_joint(out, rules, s, at, &final, &j);
        }
        int64_t gone_us = final.time_us > at->time_us ? final.time_us : at->time_us;
        give_stretch(out, gone_us, w->installed_us, AMOUNT_GAP, false);
        *at = (struct stand){ w->installed_us, w->initial_ticks, 0, QUALITY_GOOD };
    }
}

/* Where the way to a reading begins: at the last value, or where the first meter that was declared did.
 * false: nowhere. */
static bool begin_of(const struct fold_rules *rules, const struct fold_state *s, int64_t until_us,
                     struct stand *out)
{
    if (s->has_value) {
        *out = (struct stand){ s->value_us, s->value_ticks, s->value_boot, s->value_quality };
        return true;
    }
    if (!rules->swaps || rules->swaps->n == 0 || rules->swaps->at[0].installed_us > until_us)
        return false;
    const struct fold_swap *w = &rules->swaps->at[0];
    *out = (struct stand){ w->installed_us, w->initial_ticks, 0, QUALITY_GOOD };
    return true;
}

static void count_value(const struct fold_rules *rules, struct fold_state *s,
                        const struct sample *r, struct fold_effect *out)
{
    struct stand from, to = { r->time_us, fold_value(rules, r), r->boot, r->quality };
    struct joint j;

    if (begin_of(rules, s, r->time_us, &from)) {
        if (rules->swaps)
            pass_swaps(out, rules, s, r->time_us, &from);
        if (!join(rules, &from, &to, &j)) {
            out->n = 0;
            out->verdict = VERDICT_OUT_OF_RANGE;
            return;
        }
        give_joint(out, rules, s, &from, &to, &j);
    }
    give_idle(out, s, r);
    *s = register_anchor(rules, r);
}

void fold_register(const struct fold_rules *rules, struct fold_state *s, const struct sample *r,
                   struct fold_effect *out)
{
    out->verdict = VERDICT_COUNTED;
    if (has_usable_value(r)) {
        count_value(rules, s, r, out);
        return;
    }
    give_idle(out, s, r);
    accept_reading(s, r);
    if (s->is_idle && !s->is_not_operating) {
        s->is_not_operating = true;
        s->idle_us = r->time_us;
    }
}
