/* Emissions measured in the stack. Sources:
 *
 * - mass = mean concentration x mean flow x operating time: Regulation (EU) 2018/2066, Annex VIII, equation 1.
 *   Both of the same moisture, temperature and pressure, none normalised to a reference content of oxygen
 *   unless the other is too: a concentration "at 6 % O2" times the flow as it is would be too much by a third.
 * - valid hours: article 44(2) of the same (80 % of the possible values); 40 CFR 75.10(d)(1) (one value in each
 *   quarter of an hour); HJ 75-2017 (45 minutes).
 * - dry and wet: 40 CFR 75 appendix F, equation F-2. Oxygen: EPA method 19, 20.9 % in air. Air itself has
 *   20.9 %, where the quotient has no end; from 20.0 % on the hour is invalid.
 * - ppm to mass: the ideal gas, R = 8.314462618 J/(mol K) exactly to these digits (CODATA 2018). The factor that
 *   40 CFR 75 appendix F prints for NOx (1.194e-7 lb/scf per ppm) is the same at 68 degF and 1 atm.
 * - flue gas per heat (Fd): EPA method 19, equation 19-1: K C Fd 20.9 / (20.9 - O2). */
#include "derive/stack.h"

static const struct mean one = { 1, 1 };
static const struct mean air = { 209, 1000 };

void stack_to_dry(struct exact *e, struct mean moisture)
{
    exact_times_difference(e, one, moisture);
}

void stack_to_wet(struct exact *e, struct mean moisture)
{
    exact_over_difference(e, one, moisture);
}

/* 5 num >= den: a fifth or more. */
static bool is_near_air(struct mean oxygen)
{
    int128 five;
    return __builtin_mul_overflow(oxygen.num, (int128)5, &five) || five >= oxygen.den;
}

bool stack_to_oxygen(struct exact *e, struct mean reference, struct mean measured)
{
    if (is_near_air(measured))
        return false;
    exact_times_difference(e, air, reference);
    exact_over_difference(e, air, measured);
    return true;
}

void stack_share_to_mass(struct exact *e, struct ratio molar_mass, struct mean temperature, struct mean pressure)
{
    exact_times_ratio(e, molar_mass);
    exact_times_mean(e, pressure);
    exact_over_mean(e, temperature);
    exact_over_ratio(e, (struct ratio){ INT64_C(8314462618), INT64_C(1000000000) });
}

void stack_to_state(struct exact *e, struct mean told_temperature, struct mean told_pressure,
                    struct mean temperature, struct mean pressure)
{
    exact_times_mean(e, pressure);
    exact_over_mean(e, told_pressure);
    exact_times_mean(e, told_temperature);
    exact_over_mean(e, temperature);
}

/* --- valid hours --- */

#define MINUTE_US INT64_C(60000000)

static bool has_each_quarter(const struct derive_sum *s, int64_t every_us, int64_t operating_us)
{
    int valid = 0, wanted = (int)((QUARTERS * operating_us + every_us - 1) / every_us);
    for (int i = 0; i < QUARTERS; i++)
        valid += s->quarters[i] > 0;
    return valid >= wanted;
}

bool hour_rule_holds(enum hour_rule rule, const struct derive_sum *s, int64_t period_us, int64_t every_us,
                     int64_t operating_us)
{
    int64_t possible = (operating_us + period_us / 2) / period_us;
    if (s->valid <= 0)
        return false;
    switch (rule) {
    case HOUR_PART_75:
        return every_us < 4 * 15 * MINUTE_US || has_each_quarter(s, every_us, operating_us);
    case HOUR_HJ_75:
        return 4 * s->valid * period_us >= 3 * operating_us;
    default:
        return (int64_t)5 * s->valid >= 4 * possible;
    }
}

bool stack_hour_is_valid(const struct case_in_hand *c)
{
    const struct derivation *d = c->d;
    for (size_t i = 0; i < d->n_inputs; i++) {
        int64_t period_us = c->plan->points[d->inputs[i].point].period_us;
        if (d->inputs[i].slot != SLOT_AMOUNT && period_us > 0 &&
            !hour_rule_holds(d->hour_rule, &c->sums[i], period_us, d->every_us, c->operating_us))
            return false;
    }
    return true;
}

/* --- the path --- */

/* What a gas is told at: the reference of its unit, or else the state in the stack. */
static bool state_of(const struct case_in_hand *c, const struct gas_basis *told, struct mean *temperature,
                     struct mean *pressure)
{
    *temperature = (struct mean){ told->temperature_mk, 1000 };
    *pressure = (struct mean){ told->pressure_pa, 1 };
    if (told->temperature_mk != 0)
        return true;
    return slot_mean(c, SLOT_TEMPERATURE, temperature) && slot_mean(c, SLOT_PRESSURE, pressure);
}

static bool is_same_state(const struct gas_basis *a, const struct gas_basis *b)
{
    return a->temperature_mk == b->temperature_mk && a->pressure_pa == b->pressure_pa;
}

/* The concentration becomes g per m3 of the flow. */
static bool match_state(const struct case_in_hand *c, const struct gas_basis *flow, struct exact *e)
{
    const struct gas_basis *told = &c->d->concentration;
    struct mean t, p, told_t, told_p;
    if (!c->d->is_by_volume && is_same_state(told, flow))
        return true;
    if (!state_of(c, flow, &t, &p))
        return false;
    if (c->d->is_by_volume) {
        stack_share_to_mass(e, c->d->molar_mass, t, p);
        return true;
    }
    if (!state_of(c, told, &told_t, &told_p))
        return false;
    stack_to_state(e, told_t, told_p, t, p);
    return true;
}

static bool match_moisture(const struct case_in_hand *c, const struct gas_basis *flow, struct exact *e)
{
    struct mean moisture;
    if (c->d->concentration.moisture == flow->moisture)
        return true;
    if (!slot_mean(c, SLOT_MOISTURE, &moisture))
        return false;
    if (flow->moisture == GAS_WET)
        stack_to_dry(e, moisture);   /* so much of the flow is what the concentration is of */
    else
        stack_to_wet(e, moisture);
    return true;
}

/* Oxygen in the dry gas. */
static bool dry_oxygen(const struct case_in_hand *c, struct mean *out)
{
    struct mean moisture, dry;
    if (!slot_mean(c, SLOT_OXYGEN, out))
        return false;
    if (!c->d->is_oxygen_wet)
        return true;
    if (!slot_mean(c, SLOT_MOISTURE, &moisture))
        return false;
    dry = (struct mean){ moisture.den - moisture.num, moisture.den };
    return dry.num > 0 && !__builtin_mul_overflow(out->num, dry.den, &out->num) &&
           !__builtin_mul_overflow(out->den, dry.num, &out->den);
}

bool stack_compute(const struct case_in_hand *c, struct exact *e)
{
    struct mean concentration, flow, oxygen;
    exact_init(e);
    if (c->d->slots[SLOT_FLOW] >= 0) {
        if (!slot_mean(c, SLOT_FLOW, &flow))
            return false;
        exact_times_mean(e, flow);   /* in an hour; and it ran so long: */
        exact_times(e, c->operating_us);
        exact_over(e, 60 * MINUTE_US);
        exact_over_ratio(e, c->plan->points[c->d->point].tick_to_micro);
    } else {
        begin_with_amount(c, e);
    }
    if (!slot_mean(c, SLOT_CONCENTRATION, &concentration))
        return false;
    exact_times_mean(e, concentration);
    if (!match_state(c, &c->d->flow, e) || !match_moisture(c, &c->d->flow, e))
        return false;
    if (!c->d->oxygen_reference.is_given)
        return true;
    return dry_oxygen(c, &oxygen) && stack_to_oxygen(e, mean_of_ratio(c->d->oxygen_reference.value), oxygen);
}

/* Heat in µWh × Fd in scf per 10^6 Btu_IT: 1 scf is 0.028316846592 m3, 10^6 Btu_IT are 293071.07017222 Wh. */
bool fuel_factor_compute(const struct case_in_hand *c, struct exact *e)
{
    static const struct gas_basis scf_68f = { 293150, 101325, GAS_DRY };
    struct mean concentration, oxygen;
    begin_with_amount(c, e);
    exact_times_ratio(e, c->d->fuel_factor);
    exact_times_ratio(e, (struct ratio){ INT64_C(55306341), INT64_C(1953125000) });
    exact_over_ratio(e, (struct ratio){ INT64_C(52752792631), 180000 });
    if (!slot_mean(c, SLOT_CONCENTRATION, &concentration))
        return false;
    exact_times_mean(e, concentration);
    return match_state(c, &scf_68f, e) && match_moisture(c, &scf_68f, e) && dry_oxygen(c, &oxygen) &&
           stack_to_oxygen(e, (struct mean){ 0, 1 }, oxygen);
}
