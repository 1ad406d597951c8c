/* Progress: how far the run is, for whoever watches it. */
#ifndef FLEET_PROGRESS_H
#define FLEET_PROGRESS_H

#include <stdint.h>

/* Readings, except where it says otherwise. `sent` counts each once, `resent` what a lost
 * connection made necessary to send again. */
struct counts {
    uint64_t total, sent, acknowledged, resent, messages;
};

struct progress;

/* path "-" is standard output; NULL: nobody watches, and only the last line goes to standard
 * output. */
int progress_open(const char *path, struct progress **out);

/* Writes a line of JSON when half a second has passed since the one before. */
void progress_show(struct progress *p, const struct counts *c);

/* Writes the last line, in which "done" is true. */
void progress_close(struct progress *p, const struct counts *c);

#endif
