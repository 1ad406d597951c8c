/* The pump: brings a plan's messages to a sink, at the pace that was asked for. */
#ifndef FLEET_PUMP_H
#define FLEET_PUMP_H

#include <signal.h>

struct conf;
struct plan;
struct sink;
struct totals;

#define PUMP_STOPPED 1 /* by a bound or by a signal; which one was said */

/* Returns 0 when all that is planned was acknowledged, PUMP_STOPPED, or negative as the sink does.
 * Sets the sink's callbacks and counts into the totals. Ends early when *stop becomes other than 0.
 */
int pump_run(const struct conf *conf, struct plan *plan, struct totals *totals, struct sink *sink,
             const volatile sig_atomic_t *stop);

#endif
