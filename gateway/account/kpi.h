/* Key figures of a window: one total of it by another. */
#ifndef ACCOUNT_KPI_H
#define ACCOUNT_KPI_H

#include "account/account.h"
#include "base/arena.h"
#include "model/summary.h"

struct window;

/* numerator / denominator × scale to six digits, half to even; with a length, brought from that time to a
 * year of 365 days. 0; 1 when the denominator is 0 or less, or the result does not fit. */
int kpi_value(int128 numerator, int128 denominator, struct ratio scale, int64_t length_us,
              struct decimal *out);

/* Behind the streams of the summary. */
void summary_add_kpis(struct account *a, const struct window *w, struct arena *arena, struct summary *out);

#endif
