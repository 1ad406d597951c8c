/* Key figures: exact totals of the window, divided once. Both totals are published beside the quotient, so
 * that whoever needs a longer period forms it from them and not from a mean of quotients.
 *
 * What is not known gives no figure, and never 0: a stream without activity, a sum that lacks a factor, a
 * point of which nothing came. A PUE below 1 is published as it is and told to the operator, since no
 * building uses less than its machines: a meter is at the wrong place, or missing. */
#include "account/kpi.h"

#include <stdlib.h>
#include <string.h>

#include "account/books.h"
#include "base/log.h"

#define DIGITS  6
#define YEAR_US (INT64_C(365) * 86400 * 1000000)

int kpi_value(int128 numerator, int128 denominator, struct ratio scale, int64_t length_us,
              struct decimal *out)
{
    int128 times = (int128)scale.num * 1000000, by = 0, mantissa;
    if (denominator <= 0 || __builtin_mul_overflow(denominator, (int128)scale.den, &by))
        return 1;
    if (length_us > 0 && (__builtin_mul_overflow(times, (int128)YEAR_US, &times) ||
                          __builtin_mul_overflow(by, (int128)length_us, &by)))
        return 1;
    if (number_scale(numerator, times, by, &mantissa) != 0 || mantissa > INT64_MAX || mantissa < INT64_MIN)
        return 1;
    *out = (struct decimal){ (int64_t)mantissa, DIGITS };
    return 0;
}

/* All that the point counted in the window, by whatever lane. */
static bool counted(struct account *a, const struct window *w, int32_t point, int128 *micro)
{
    bool has_any = false;
    *micro = 0;
    for (uint32_t i = 0; i < w->n_shares; i++) {
        const struct share *share = &w->shares[i];
        int128 ticks = 0, part;
        if (share->n == 0 || share->lane->spot != a->spots[point])
            continue;
        for (int k = 0; k < PART_COUNT; k++)
            ticks += share->part_ticks[k];
        struct ratio tick = share->lane->tick_to_micro;
        if (number_scale(ticks, tick.num, tick.den, &part) != 0)
            return false;
        *micro += part;
        has_any = true;
    }
    return has_any;
}

static struct summary_kpi kpi_of(struct account *a, const struct window *w, const struct site *site,
                                 const struct kpi *k, const struct summary *out)
{
    const struct summary_stream *s = &out->streams[k->stream - site->first_stream];
    struct summary_kpi own = { .kpi = (int32_t)(k - site->kpis) };
    own.has_numerator = k->figure == KPI_CO2E ? s->has_co2e : s->has_activity;
    own.numerator_micro = k->figure == KPI_CO2E ? s->co2e_ug : s->activity_micro;
    own.has_denominator = true;
    own.denominator_micro = k->constant_micro;
    if (k->point >= 0)
        own.has_denominator = counted(a, w, k->point, &own.denominator_micro);
    own.has_value = own.has_numerator && own.has_denominator &&
                    kpi_value(own.numerator_micro, own.denominator_micro, k->scale,
                              k->is_annual ? window_length(w) : 0, &own.value) == 0;
    return own;
}

static void judge(const struct site *site, const struct kpi *k, const struct summary_kpi *own)
{
    if (own->has_value && strcmp(k->name, "pue") == 0 && own->value.mantissa < 1000000)
        log_line(LOG_WARN, "account.pue",
                 "site=%s – the PUE is below 1: the machines used more than the building; look whether %s "
                 "measures all of it, and %s only the machines", site->id, k->stream_id, k->denominator);
}

void summary_add_kpis(struct account *a, const struct window *w, struct arena *arena, struct summary *out)
{
    const struct site *site = w->books->site;
    if (site->n_kpis == 0)
        return;
    out->kpis = arena_take_zeroed(arena, site->n_kpis, sizeof *out->kpis);
    if (!out->kpis)
        abort();
    for (; out->n_kpis < site->n_kpis; out->n_kpis++) {
        const struct kpi *k = &site->kpis[out->n_kpis];
        out->kpis[out->n_kpis] = kpi_of(a, w, site, k, out);
        judge(site, k, &out->kpis[out->n_kpis]);
    }
}
