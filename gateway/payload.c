/* Introduces the pipeline, which may not know publish/, to its encoders. */
#include <stdlib.h>

#include "payload.h"
#include "publish/encode.h"

void payload_encode(void *self, const struct plan *plan, const struct summary *s,
                    struct pipeline_encoded *out)
{
    const struct payload *p = self;

    encode_summary_id(plan, s, &out->id);
    if (s->dropped)              /* of no site, and seen by whoever subscribes to all summaries */
        buffer_print(&out->topic, "carbon/v1/-/summary/tombstone");
    else
        buffer_print(&out->topic, "carbon/v1/%s/summary/%s", plan->sites[s->site].id,
                     period_names[s->period]);
    if (p->format == PUBLISH_PROTOBUF) {
        encode_summary(plan, s, &out->payload);
        return;
    }
    struct buffer bytes = { 0 };
    encode_summary(plan, s, &bytes);
    if (encode_json("SiteSummary", buffer_slice(&bytes), &out->payload) != 0)
        abort();                     /* we have just written these bytes ourselves */
    buffer_fini(&bytes);
}
