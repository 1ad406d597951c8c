/* Heat that steam or hot water carries, and a gas volume at reference conditions. Sources:
 *
 * - steam: Q = m (h - h0), with h0 = 83.74 kJ/kg, water of 20 degC; hot water: Q = m (T - 20) 4.1868e-3 GJ/t:
 *   the accounting guidelines of China's MEE and NDRC for enterprises, annex on purchased heat.
 * - with a return temperature in place of 20 degC: heat meters of a closed loop.
 * - h from p and T: IAPWS-IF97 (if97.c), rounded to a millijoule per kilogram, a thousandth of a millionth
 *   of it, so that the last bits of a floating-point sum bear on nothing.
 * - gas: V_ref = V (p / p_ref) (T_ref / T) (Z_ref / Z), the law of the real gas. */
#include "derive/formula.h"
#include "derive/if97.h"

/* Doubles of means: only for the steam table. */
static double double_of(struct mean m)
{
    return (double)m.num / (double)m.den;
}

/* kJ/kg from p and T, or from p alone where the steam is saturated. */
static bool table_enthalpy(const struct case_in_hand *c, struct mean *out)
{
    struct mean temperature, pressure;
    double h;
    if (!slot_mean(c, SLOT_PRESSURE, &pressure))
        return false;
    double mpa = double_of(pressure) / 1e6;
    if (c->d->medium == MEDIUM_SATURATED_STEAM) {
        if (if97_steam_enthalpy(mpa, &h) != 0)
            return false;
    } else if (!slot_mean(c, SLOT_TEMPERATURE, &temperature) ||
               if97_enthalpy(mpa, double_of(temperature), &h) != 0) {
        return false;
    }
    double millijoules = h * 1e6;
    *out = (struct mean){ (int64_t)(millijoules < 0 ? millijoules - 0.5 : millijoules + 0.5), 1000000 };
    return true;
}

static bool enthalpy(const struct case_in_hand *c, struct mean *out)
{
    *out = mean_of_ratio(c->d->enthalpy.value);
    return c->d->enthalpy.is_given || table_enthalpy(c, out);
}

/* µg × kJ/kg: 10^-9 kJ, and 3.6 kJ are a Wh; so a 3600th of a µWh. */
bool heat_compute(const struct case_in_hand *c, struct exact *e)
{
    struct mean from, to = mean_of_ratio(c->d->base_temperature);
    begin_with_amount(c, e);
    exact_over(e, 3600);
    if (c->d->medium != MEDIUM_HOT_WATER) {
        if (!enthalpy(c, &from))
            return false;
        exact_times_difference(e, from, mean_of_ratio(c->d->base_enthalpy));
        return true;
    }
    bool has_return = c->d->slots[SLOT_RETURN_TEMPERATURE] >= 0;
    if (!slot_mean(c, SLOT_TEMPERATURE, &from) || (has_return && !slot_mean(c, SLOT_RETURN_TEMPERATURE, &to)))
        return false;
    exact_times_difference(e, from, to);
    exact_times_ratio(e, c->d->specific_heat);
    return true;
}

bool gas_reference_compute(const struct case_in_hand *c, struct exact *e)
{
    struct mean temperature, pressure;
    if (!slot_mean(c, SLOT_TEMPERATURE, &temperature) || !slot_mean(c, SLOT_PRESSURE, &pressure) ||
        temperature.num <= 0)
        return false;
    begin_with_amount(c, e);
    exact_times_mean(e, pressure);
    exact_over(e, c->d->own.pressure_pa);
    exact_times_ratio(e, (struct ratio){ c->d->own.temperature_mk, 1000 });
    exact_over_mean(e, temperature);
    exact_times_ratio(e, c->d->reference_compressibility);
    exact_over_ratio(e, c->d->compressibility);
    return true;
}
