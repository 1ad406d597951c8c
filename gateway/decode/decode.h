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

/* How a plugin is found by its name; the app gives it. A zeroed struct knows none. find returns NULL when
 * there is none and tells in *why what is amiss (borrowed until the next call). What it returns must
 * outlive the decoder. */
struct decode_plugins {
    const struct cgw_plugin *(*find)(void *self, const char *name, const char **why);
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
 * then counts as one reading of site "-". Takes at most half of what is left of a bounded arena, so that
 * the stages behind have the other; a message that unfolds to more is TOO_LARGE. Not before
 * decode_configure. */
enum verdict decode_frame(struct decode *d, const struct frame *f, struct arena *arena,
                          struct readings *out);

/* Grid intensity that a person gives, as JSON: as if it had come on a topic of that region. COUNTED and
 * intensities in out, in the arena; or why not, and decode_explanation tells. */
enum verdict decode_intensity(struct decode *d, struct slice region, struct slice json, struct arena *arena,
                              struct readings *out);

/* Why the last message got a verdict of its own: one line of clean text, "" when there is nothing to say.
 * Borrowed until the next decode_frame. */
const char *decode_explanation(const struct decode *d);

/* Counters since it was opened. */
struct decode_figures {
    uint64_t unknown_fields;     /* messages with fields of newer devices: tolerated */
};
void decode_figures(const struct decode *d, struct decode_figures *out);

#endif
