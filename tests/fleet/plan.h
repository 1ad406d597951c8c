/* The plan of sending: which message comes next, from the first reading to the last. */
#ifndef FLEET_PLAN_H
#define FLEET_PLAN_H

#include <stdint.h>

struct conf;
struct message;
struct roster;
struct source;
struct totals;

struct plan;

/* Borrows all four. Returns 0, or -1 after saying why the plan cannot be. */
int plan_open(const struct conf *conf, const struct source *source, const struct roster *roster,
              struct totals *totals, struct plan **out);
void plan_close(struct plan *p);

/* How many readings the whole plan sends, duplicates included. */
uint64_t plan_readings(const struct plan *p);

/* The next message, for the caller to free; NULL at the end. What is in it is in the totals then.
 */
struct message *plan_next(struct plan *p);

#endif
