/* A rate is made once for each factor and GWP set: the factor's "kg per unit" and the unit's ratio to
 * its base are brought to lowest terms there, so that a cell costs one multiplication and one division
 * per gas. The key holds everything the result depends on; it is what a window's row stores, and why a
 * correction that comes after a new plan still takes back exactly what was once added. */
#include "account/emission.h"

#include "base/slice.h"

void rate_key(enum rate_kind kind, const struct factor *factor, enum gwp_set set,
              struct buffer *out)
{
    buffer_put_u8(out, (uint8_t)kind);
    if (!rate_has_factor(kind))
        return;
    buffer_put_text(out, factor->id);
    buffer_put_text(out, factor->version ? factor->version : "");
    buffer_put_text(out, factor->series ? factor->series : "");
    buffer_put_i64(out, factor->valid_from_date);
    buffer_put_u8(out, (uint8_t)set);
    buffer_put_i64(out, factor->unit->to_base.num);
    buffer_put_i64(out, factor->unit->to_base.den);
    for (int gas = 0; gas < GAS_COUNT; gas++) {
        buffer_put_u8(out, factor->has_gas[gas]);
        buffer_put_u8(out, factor->has_gas[gas] ? factor->kg[gas].scale : 0);
        buffer_put_i64(out, factor->has_gas[gas] ? factor->kg[gas].mantissa : 0);
    }
}

static int128 power_of_ten(uint8_t exponent)
{
    int128 power = 1;
    for (uint8_t i = 0; i < exponent; i++)
        power *= 10;
    return power;
}

/* Divides both by their greatest common divisor. */
static void reduce(int128 *a, int128 *b)
{
    int128 x = *a < 0 ? -*a : *a, y = *b;
    while (y != 0) {
        int128 rest = x % y;
        x = y;
        y = rest;
    }
    if (x > 1) {
        *a /= x;
        *b /= x;
    }
}

/* kg per unit becomes µg per micro base unit: kg × 10^9 µg/kg ÷ (to_base × 10^6 micro/base). */
static void set_gas(struct rate *rate, int gas, struct decimal kg, struct ratio to_base)
{
    int128 kg_num = kg.mantissa, kg_den = power_of_ten(kg.scale);
    int128 unit_num = (int128)to_base.den * 1000, unit_den = to_base.num;
    reduce(&kg_num, &kg_den);
    reduce(&unit_num, &unit_den);
    reduce(&kg_num, &unit_den);
    reduce(&unit_num, &kg_den);

    int128 num = 0, den = 1;
    if (number_scale(kg_num, unit_num, 1, &num) || number_scale(kg_den, unit_den, 1, &den))
        rate->is_too_fine = true;
    rate->gas_num[gas] = num;
    rate->gas_den[gas] = den;
    rate->gases |= 1u << gas;
}

/* Brings the set's decimals to one denominator. */
static void set_gwp(struct rate *rate, enum gwp_set set)
{
    uint8_t scale = 0;
    for (int gas = 0; gas < GAS_COUNT; gas++) {
        uint8_t own = gwp_of(set, (enum gas)gas).scale;
        scale = own > scale ? own : scale;
    }
    rate->gwp_den = power_of_ten(scale);
    for (int gas = 0; gas < GAS_COUNT; gas++) {
        struct decimal gwp = gwp_of(set, (enum gas)gas);
        rate->gwp_num[gas] = gwp.mantissa * power_of_ten((uint8_t)(scale - gwp.scale));
    }
}

static int read_factor(struct cursor *c, struct rate *rate)
{
    for (int text = 0; text < 3; text++)
        cursor_slice(c);
    cursor_i64(c);
    uint8_t set = cursor_u8(c);
    struct ratio to_base;
    to_base.num = cursor_i64(c);
    to_base.den = cursor_i64(c);
    if (c->has_failed || set >= GWP_SET_COUNT || to_base.num <= 0 || to_base.den <= 0)
        return 1;

    rate->set = (enum gwp_set)set;
    set_gwp(rate, rate->set);
    for (int gas = 0; gas < GAS_COUNT; gas++) {
        bool has_gas = cursor_u8(c);
        struct decimal kg = { .scale = cursor_u8(c) };
        kg.mantissa = cursor_i64(c);
        if (kg.scale > 18)
            return 1;
        if (has_gas)
            set_gas(rate, gas, kg, to_base);
    }
    return 0;
}

int rate_read(struct slice key, struct rate *out)
{
    struct rate rate = { .key = key, .factor = -1, .gwp_den = 1 };
    struct cursor c = cursor_of(key);
    uint8_t kind = cursor_u8(&c);
    if (kind > RATE_ANNUAL)
        return 1;
    rate.kind = (enum rate_kind)kind;
    if (rate_has_factor(rate.kind) && read_factor(&c, &rate))
        return 1;
    if (c.has_failed || cursor_rest(&c).size)
        return 1;
    *out = rate;
    return 0;
}

static bool is_within(int128 v)
{
    return v > -FIGURES_MOST && v < FIGURES_MOST;
}

static int sum_co2e(const struct rate *rate, struct figures *f)
{
    int128 sum = 0;
    for (int gas = 0; gas < GAS_COUNT; gas++) {
        int128 part;
        if (f->gas_ug[gas] == 0)
            continue;
        if (number_scale(f->gas_ug[gas], rate->gwp_num[gas], 1, &part) ||
            number_add(sum, part, &sum))
            return 1;
    }
    return number_scale(sum, 1, rate->gwp_den, &f->co2e_ug) || !is_within(f->co2e_ug);
}

int emission_of(const struct rate *rate, struct ratio tick_to_micro, int128 ticks,
                struct figures *out)
{
    struct figures f = { 0 };
    if (rate->is_too_fine || !is_within(ticks) ||
        number_scale(ticks, tick_to_micro.num, tick_to_micro.den, &f.activity_micro) ||
        !is_within(f.activity_micro))
        return 1;
    for (int gas = 0; gas < GAS_COUNT; gas++) {
        if (!(rate->gases & 1u << gas))
            continue;
        if (number_scale(f.activity_micro, rate->gas_num[gas], rate->gas_den[gas],
                         &f.gas_ug[gas]) ||
            !is_within(f.gas_ug[gas]))
            return 1;
    }
    if (rate->gases && sum_co2e(rate, &f))
        return 1;
    *out = f;
    return 0;
}

struct figures figures_less(const struct figures *a, const struct figures *b)
{
    struct figures less;
    less.activity_micro = a->activity_micro - b->activity_micro;
    less.co2e_ug = a->co2e_ug - b->co2e_ug;
    for (int gas = 0; gas < GAS_COUNT; gas++)
        less.gas_ug[gas] = a->gas_ug[gas] - b->gas_ug[gas];
    return less;
}

void figures_add(struct figures *a, const struct figures *b)
{
    a->activity_micro += b->activity_micro;
    a->co2e_ug += b->co2e_ug;
    for (int gas = 0; gas < GAS_COUNT; gas++)
        a->gas_ug[gas] += b->gas_ug[gas];
}
