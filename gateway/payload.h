/* The payload of a summary: how it leaves the pipeline as bytes, and under which topic. Live and in a
 * replay the same function, so that they give the same bytes. */
#ifndef PAYLOAD_H
#define PAYLOAD_H

#include "pipeline.h"
#include "publish/publish.h"

struct payload {
    int format;                  /* enum publish_format */
};

/* A pipeline_conf's encode; self is a struct payload. */
void payload_encode(void *self, const struct plan *plan, const struct summary *s,
                    struct pipeline_encoded *out);

#endif
