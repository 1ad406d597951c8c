/* Decoding: the bytes of a message become readings in the plan's terms.
 *
 * The topic chooses the rule, the rule the decoder: our own protobuf ("reading", "batch") or a plugin.
 * Everything about a reading that needs no memory of others is judged here: site, device, point, unit,
 * time, number. Depends on the frame and the plan alone. */
#ifndef DECODE_DECODE_H
#define DECODE_DECODE_H

#include "base/arena.h"
#include "model/frame.h"
#include "model/plan.h"
#include "model/reading.h"
#include "plugin.h"

struct decode;

/* How a plugin is found by its name; NULL when there is none. The app gives it. */
struct decode_plugins {
    const struct cgw_plugin *(*find)(void *self, const char *name);
    const struct cgw_host *host;
    void *self;
};

void decode_open(const struct decode_plugins *plugins, struct decode **out);
void decode_close(struct decode *d);

/* Takes up a plan: topic rules, and a plugin instance for each rule that names one, opened with its
 * options. Borrows the plan until the next call. Mistakes in the rules (no such plugin, wrong options)
 * go to problems with their places. Returns 0, or OPTION_WRONG and the decoder stays as it was. */
int decode_configure(struct decode *d, const struct plan *plan, struct problems *problems);

/* The readings of a MESSAGE or TOO_LARGE frame, in the arena, each with its verdict (COUNTED: goes on
 * to metering). Returns COUNTED, or the message's own verdict when it has no readings to speak of: it
 * then counts as one reading of site "-". */
enum verdict decode_frame(struct decode *d, const struct frame *f, struct arena *arena,
                          struct readings *out);

/* Counters since it was opened. */
struct decode_figures {
    uint64_t unknown_fields;     /* tolerated fields of newer devices */
};
void decode_figures(const struct decode *d, struct decode_figures *out);

#endif
