/* The gateway's own payloads: carbon.v1.Reading and carbon.v1.ReadingBatch. Both are batch_decoders
 * without a self. A field that this version does not know is tolerated and noted. */
#ifndef DECODE_PROTOBUF_H
#define DECODE_PROTOBUF_H

#include "decode/batch.h"

enum verdict protobuf_reading(void *self, const struct frame *f, struct cgw_batch *out);
enum verdict protobuf_batch(void *self, const struct frame *f, struct cgw_batch *out);

#endif
