/* Encoding: a summary, a status, a rejected message as the bytes that go upstream. Deterministic: the
 * same values give the same bytes, in every build. */
#ifndef PUBLISH_ENCODE_H
#define PUBLISH_ENCODE_H

#include "base/buffer.h"
#include "model/plan.h"
#include "model/status.h"
#include "model/summary.h"

/* "works-1/5f3a…/gwangyang/15min/2018-01-01T00:15Z/1": gateway, epoch, site, period, start, revision. */
void encode_summary_id(const struct plan *plan, const struct summary *s, struct buffer *out);

/* carbon.v1.SiteSummary, appended to out. plan is the one that the summary's indexes are of. */
void encode_summary(const struct plan *plan, const struct summary *s, struct buffer *out);

/* carbon.v1.GatewayStatus. */
void encode_status(const struct status *s, struct buffer *out);

/* The gateway is offline, and nothing else is known but why: it was stopped and says so itself, or it
 * was lost and this is its last will. */
void encode_offline(const char *gateway_id, uint64_t epoch, bool is_stopped, struct buffer *out);

/* carbon.v1.RejectedMessage; keeps at most the first kilobyte of the payload. Names that are no clean
 * text of at most 64 bytes are left out. */
struct rejected {
    const char *gateway_id;              /* NULL: not told */
    enum verdict verdict;
    struct slice topic, payload;
    const char *site, *device, *point;   /* "" when not known */
    uint64_t payload_size;
    int64_t received_us;
    uint64_t journal_sequence;           /* in the intake; 0: not told */
};
void encode_rejected(const struct rejected *r, struct buffer *out);

/* Any of carbon.v1's messages as JSON text, from its bytes: field names as in the .proto, enums by
 * name, 64-bit numbers as strings, bytes as base64 (the usual JSON form of protobuf). Returns 0, or 1
 * when the bytes are no such message, or would take more than 64 MB to unfold; out is then as it was.
 * message: "Reading", "ReadingBatch", "SiteSummary", "GatewayStatus", "RejectedMessage". */
int encode_json(const char *message, struct slice bytes, struct buffer *out);

#endif
