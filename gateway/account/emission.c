/* A rate is made once for each factor and GWP set, so that a cell costs one multiplication and one
 * division per gas. The key holds everything the result depends on; it is what a window's row stores,
 * and why a correction that comes after a new plan still takes back exactly what was once added:
 *
 *   u8 16 + kind, slice id, slice version, slice series, i64 valid_from, u8 set, u8 co2e set,
 *   u8 n gases: u8 gas, i128 num, i128 den                          µg per micro base unit
 *
 * of a grid's intensity, which is no factor of a plan,
 *
 *   u8 kind, slice region, u8 set, u8 is CO2e, u8 co2e set, u8 scale, i64 mantissa       g per kWh
 *
 * and, as it was written until gases had lists:
 *
 *   u8 kind, slice id, slice version, slice series, i64 valid_from, u8 set, i64 num, i64 den of the
 *   unit, 5 × (u8 is named, u8 scale, i64 mantissa)                  kg per unit, CO2 to N2O */
#include "account/emission.h"

#include "base/slice.h"
#include "model/intensity.h"

#define KEY_OF_LISTS 16u

/* --- keys --- */

static void put_head(struct buffer *out, enum rate_kind kind, struct slice id, struct slice version,
                     struct slice series, int64_t valid_from, uint8_t set, uint8_t co2e_set)
{
    buffer_put_u8(out, (uint8_t)(KEY_OF_LISTS | kind));
    buffer_put_slice(out, id);
    buffer_put_slice(out, version);
    buffer_put_slice(out, series);
    buffer_put_i64(out, valid_from);
    buffer_put_u8(out, set);
    buffer_put_u8(out, co2e_set);
}

static void put_gases(struct buffer *out, const struct gas_rates *gases)
{
    buffer_put_u8(out, gases->n);
    for (int i = 0; i < gases->n; i++) {
        buffer_put_u8(out, gases->gas[i]);
        buffer_put_i128(out, gases->ug[i].num);
        buffer_put_i128(out, gases->ug[i].den);
    }
}

static bool tells_co2e(const struct gas_rates *gases)
{
    for (int i = 0; i < gases->n; i++)
        if (gases->gas[i] == GAS_CO2E)
            return true;
    return false;
}

void rate_key(enum rate_kind kind, const struct factor *factor, enum gwp_set set,
              struct buffer *out)
{
    if (!rate_has_factor(kind)) {
        buffer_put_u8(out, (uint8_t)kind);
        return;
    }
    int co2e_set = tells_co2e(&factor->rates) ? factor->co2e_set_choice : GWP_UNSPECIFIED;
    put_head(out, kind, slice_of(factor->id), slice_of(factor->version ? factor->version : ""),
             slice_of(factor->series ? factor->series : ""), factor->valid_from_date, (uint8_t)set,
             (uint8_t)co2e_set);
    put_gases(out, &factor->rates);
}

/* The gases of an older key; kg per unit becomes µg per micro base unit. */
static int read_decimals(struct cursor *c, struct gas_rates *out)
{
    struct ratio to_base;
    struct fraction per_kg;
    to_base.num = cursor_i64(c);
    to_base.den = cursor_i64(c);
    if (c->has_failed || to_base.num <= 0 || to_base.den <= 0 ||
        fraction_divide((struct fraction){ 1000, 1 }, fraction_of_ratio(to_base), &per_kg))
        return 1;
    *out = (struct gas_rates){ 0 };
    for (uint8_t gas = GAS_CO2_FOSSIL; gas <= GAS_N2O; gas++) {
        bool is_named = cursor_u8(c);
        struct decimal kg = { .scale = cursor_u8(c) };
        kg.mantissa = cursor_i64(c);
        if (kg.scale > 18)
            return 1;
        if (!is_named)
            continue;
        out->gas[out->n] = gas;
        if (fraction_multiply(fraction_of_decimal(kg), per_kg, &out->ug[out->n++]))
            return 1;
    }
    return c->has_failed || cursor_rest(c).size;
}

int rate_key_renew(struct slice key, struct buffer *out)
{
    struct cursor c = cursor_of(key);
    enum rate_kind kind = (enum rate_kind)cursor_u8(&c);
    if (kind & KEY_OF_LISTS || !rate_has_factor(kind) || rate_is_intensity(kind)) {
        buffer_put(out, key.at, key.size);
        return 0;
    }
    struct slice id = cursor_slice(&c), version = cursor_slice(&c), series = cursor_slice(&c);
    int64_t valid_from = cursor_i64(&c);
    uint8_t set = cursor_u8(&c);
    struct gas_rates gases;
    if (read_decimals(&c, &gases))
        return 1;
    put_head(out, kind, id, version, series, valid_from, set, GWP_UNSPECIFIED);
    put_gases(out, &gases);
    return 0;
}

static int read_gases(struct cursor *c, struct gas_rates *out)
{
    out->n = cursor_u8(c);
    if (out->n > GASES_MOST)
        return 1;
    for (int i = 0; i < out->n; i++) {
        out->gas[i] = cursor_u8(c);
        out->ug[i].num = cursor_i128(c);
        out->ug[i].den = cursor_i128(c);
        bool is_in_order = i == 0 || out->gas[i] > out->gas[i - 1];
        if (c->has_failed || !is_in_order || !gas_name((enum gas)out->gas[i]) || out->ug[i].den <= 0)
            return 1;
    }
    return 0;
}

/* --- potentials --- */

/* What one of the gases weighs in the rate's total; false: that is not known. */
static bool gwp_in(const struct rate *rate, enum gas gas, struct decimal *out)
{
    *out = (struct decimal){ 1, 0 };
    if (gas == GAS_CO2E)
        return rate->co2e_set == (int)rate->set;
    return gwp_of(rate->set, gas, out);
}

/* Brings the potentials to one denominator, and finds out whether the sum says anything. */
static void lay_potentials(struct rate *rate)
{
    struct decimal gwp[GASES_MOST];
    bool is_known[GASES_MOST];
    uint8_t scale = 0;
    rate->is_partial = rate->gases.n > 0;
    for (int i = 0; i < rate->gases.n; i++) {
        enum gas gas = (enum gas)rate->gases.gas[i];
        is_known[i] = gas_is_kyoto(gas) && gwp_in(rate, gas, &gwp[i]);
        rate->is_partial &= gas_is_co2(gas);
        if (is_known[i] && rate->co2e == RATE_CO2E_NONE)
            rate->co2e = RATE_CO2E_KNOWN;
        if (!is_known[i] && gas_is_kyoto(gas))
            rate->co2e = RATE_CO2E_UNKNOWN;
        if (is_known[i] && gwp[i].scale > scale)
            scale = gwp[i].scale;
    }
    for (uint8_t s = 0; s < scale; s++)
        rate->gwp_den *= 10;
    for (int i = 0; i < rate->gases.n; i++) {
        rate->gwp_num[i] = is_known[i] ? gwp[i].mantissa : 0;
        for (uint8_t s = is_known[i] ? gwp[i].scale : scale; s < scale; s++)
            rate->gwp_num[i] *= 10;
    }
}

static int read_factor(struct cursor *c, struct rate *rate)
{
    for (int text = 0; text < 3; text++)
        cursor_slice(c);
    cursor_i64(c);
    uint8_t set = cursor_u8(c), co2e_set = cursor_u8(c);
    if (c->has_failed || set >= GWP_SET_COUNT || co2e_set > GWP_UNSPECIFIED ||
        read_gases(c, &rate->gases))
        return 1;
    rate->set = (enum gwp_set)set;
    rate->co2e_set = co2e_set;
    lay_potentials(rate);
    return 0;
}

/* --- intensities --- */

void rate_key_of_intensity(enum rate_kind kind, struct slice region, const struct intensity_value *value,
                           enum gwp_set set, struct buffer *out)
{
    buffer_put_u8(out, (uint8_t)kind);
    buffer_put_slice(out, region);
    buffer_put_u8(out, (uint8_t)set);
    buffer_put_u8(out, value->is_co2e);
    buffer_put_u8(out, value->gwp_set);
    buffer_put_u8(out, value->g.scale);
    buffer_put_i64(out, value->g.mantissa);
}

void rate_family_key(const struct rate *rate, struct buffer *out)
{
    struct intensity_value none = { .is_co2e = rate->gases.gas[0] == GAS_CO2E,
                                    .gwp_set = (uint8_t)rate->co2e_set };
    rate_key_of_intensity(rate->kind, rate->region, &none, rate->set, out);
}

/* One gram per kWh is a thousandth of a microgram per micro watt-hour. */
static int read_intensity(struct slice key, struct rate *out)
{
    struct rate rate = { .key = key, .factor = -1, .gwp_den = 1 };
    struct cursor c = cursor_of(key);
    rate.kind = (enum rate_kind)cursor_u8(&c);
    rate.region = cursor_slice(&c);
    uint8_t set = cursor_u8(&c);
    bool is_co2e = cursor_u8(&c);
    rate.co2e_set = cursor_u8(&c);
    struct decimal g = { .scale = cursor_u8(&c) };
    g.mantissa = cursor_i64(&c);
    if (c.has_failed || cursor_rest(&c).size || set >= GWP_SET_COUNT || rate.co2e_set > GWP_UNSPECIFIED ||
        g.scale > INTENSITY_SCALE_MOST)
        return 1;
    rate.set = (enum gwp_set)set;
    rate.gases.n = 1;
    rate.gases.gas[0] = is_co2e ? GAS_CO2E : GAS_CO2_FOSSIL;
    if (fraction_multiply(fraction_of_decimal(g), (struct fraction){ 1, 1000 }, &rate.gases.ug[0]))
        return 1;
    lay_potentials(&rate);
    *out = rate;
    return 0;
}

int rate_read(struct slice key, struct rate *out)
{
    if (key.size > 0 && rate_is_intensity((enum rate_kind)key.at[0]))
        return read_intensity(key, out);
    struct rate rate = { .key = key, .factor = -1, .gwp_den = 1, .co2e_set = GWP_UNSPECIFIED };
    struct cursor c = cursor_of(key);
    uint8_t kind = cursor_u8(&c);
    bool has_lists = kind & KEY_OF_LISTS;
    kind &= (uint8_t)~KEY_OF_LISTS;
    if (kind > RATE_ZERO || has_lists != rate_has_factor((enum rate_kind)kind))
        return 1;
    rate.kind = (enum rate_kind)kind;
    if (rate.kind == RATE_ZERO)
        rate.co2e = RATE_CO2E_KNOWN;
    if (rate_has_factor(rate.kind) && read_factor(&c, &rate))
        return 1;
    if (c.has_failed || cursor_rest(&c).size)
        return 1;
    *out = rate;
    return 0;
}

int rate_place(const struct rate *rate, enum gas gas)
{
    for (int i = 0; i < rate->gases.n; i++)
        if (rate->gases.gas[i] == gas)
            return i;
    return -1;
}

/* --- figures --- */

static bool is_within(int128 v)
{
    return v > -FIGURES_MOST && v < FIGURES_MOST;
}

static int sum_co2e(const struct rate *rate, struct figures *f)
{
    int128 sum = 0;
    for (int i = 0; i < rate->gases.n; i++) {
        int128 part;
        if (f->gas_ug[i] == 0 || rate->gwp_num[i] == 0)
            continue;
        if (number_scale(f->gas_ug[i], rate->gwp_num[i], 1, &part) || number_add(sum, part, &sum))
            return 1;
    }
    return number_scale(sum, 1, rate->gwp_den, &f->co2e_ug) || !is_within(f->co2e_ug);
}

int emission_of(const struct rate *rate, struct ratio tick_to_micro, int128 ticks,
                struct figures *out)
{
    struct figures f = { 0 };
    if (!is_within(ticks) ||
        number_scale(ticks, tick_to_micro.num, tick_to_micro.den, &f.activity_micro) ||
        !is_within(f.activity_micro))
        return 1;
    for (int i = 0; i < rate->gases.n; i++) {
        const struct fraction *ug = &rate->gases.ug[i];
        if (number_scale(f.activity_micro, ug->num, ug->den, &f.gas_ug[i]) ||
            !is_within(f.gas_ug[i]))
            return 1;
    }
    if (rate->co2e == RATE_CO2E_KNOWN && sum_co2e(rate, &f))
        return 1;
    *out = f;
    return 0;
}

struct figures figures_less(const struct figures *a, const struct figures *b, const struct rate *rate)
{
    struct figures less = { .activity_micro = a->activity_micro - b->activity_micro,
                            .co2e_ug = a->co2e_ug - b->co2e_ug };
    for (int i = 0; i < rate->gases.n; i++)
        less.gas_ug[i] = a->gas_ug[i] - b->gas_ug[i];
    return less;
}

void figures_add(struct figures *a, const struct figures *b, const struct rate *rate)
{
    a->activity_micro += b->activity_micro;
    a->co2e_ug += b->co2e_ug;
    for (int i = 0; i < rate->gases.n; i++)
        a->gas_ug[i] += b->gas_ug[i];
}
