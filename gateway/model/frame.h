/* Frames: what stands in a journal. An intake journal holds messages as the broker gave them; the log
 * book holds entries: what the loop did with them, in order. The journal stores bodies and numbers
 * them; this file says what the bodies mean. All integers little-endian.
 *
 *   body        +0 u8 kind  +1 u8 flags  +2 u16 topic size  +4 topic  then the rest, by kind
 *
 *   CLOCK       16 bytes boot id, i64 wall - boottime (us), u8 synchronised
 *   MESSAGE     payload to the end of the frame
 *   TOO_LARGE   u64 payload size, u64 XXH3 of it, then its first kilobyte
 *   GENESIS     u64 gateway_epoch, u32 ordinal of the epoch, slice gateway id
 *   START       slice gateway version, slice tzdata version: a process began to write here
 *   CONFIG      canonical YAML of the plan, to the end of the frame
 *   TOOK        u16 intake, u64 journal id, u64 until: its frames up to `until` are taken now
 *   TICK        nothing: only time has passed
 *   LOST        u16 intake, u64 journal id, u64 from, u64 to: a power cut took these frames
 *   CLOSE       nothing: close what is open (the end of a replay that asks for it)
 *   HOLE        slice why: what came before is not wholly known (state or frames are gone); windows that
 *               may lack something are told and not published
 *   DROP        u32 epoch ordinal, u64 from, u64 until, i64 start, i64 end (us): these summaries leave the
 *               outbox unsent, since a bound was reached and the policy says so; a tombstone announces it.
 *               Their windows lie in [start, end): a replay has no outbox to look into
 *   FORGET      i64 before (us): closed windows that ended before are taken off the record, and are not
 *               revised any more
 *   REBUILT     nothing: the store was made of a base, and what that leaves out is taken off the record
 *   ORDER       u8 version = 1, u8 verb, slice request id, slice who, slice why, canonical YAML to the end
 *               of the frame: what a person decided (model/order.h). Its id is the entry's sequence
 *
 * flags of a MESSAGE and TOO_LARGE: bits 0-1 QoS, bit 2 retained, bit 3 dup. */
#ifndef MODEL_FRAME_H
#define MODEL_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/slice.h"

enum frame_kind {
    FRAME_CLOCK = 1,
    FRAME_MESSAGE = 2,
    FRAME_TOO_LARGE = 3,
    FRAME_GENESIS = 16,
    FRAME_START = 17,
    FRAME_CONFIG = 18,
    FRAME_TOOK = 19,
    FRAME_TICK = 20,
    FRAME_LOST = 21,
    FRAME_CLOSE = 22,
    FRAME_HOLE = 23,
    FRAME_DROP = 24,
    FRAME_FORGET = 25,
    FRAME_REBUILT = 26,
    FRAME_ORDER = 27,
};

#define FRAME_RETAINED 4u
#define FRAME_DUP 8u
#define FRAME_TOO_LARGE_KEEPS 1024u   /* bytes of an over-long payload that are kept */

/* When a frame was written, by the clock frame before it. */
struct frame_clock {
    uint8_t boot_id[16];
    int64_t offset_us;           /* wall - boottime */
    bool is_synchronised;
};

struct frame {
    uint64_t sequence;           /* from 1 on, set by the journal */
    uint64_t boottime_us;        /* set by the journal */
    struct frame_clock clock;    /* set by the reader */
    uint8_t kind, flags;
    struct slice topic;          /* of messages; else empty. At most 65535 bytes */
    struct slice rest;           /* behind the topic: payload or fields. Borrowed */
};

/* Wall time at which the frame was written. */
static inline int64_t frame_wall_us(const struct frame *f)
{
    return (int64_t)f->boottime_us + f->clock.offset_us;
}

/* An entry of the log book, unpacked. Which members hold depends on the kind; slices are borrowed from
 * the frame. */
struct entry {
    uint8_t kind;                /* FRAME_GENESIS … FRAME_ORDER */
    uint64_t sequence;
    uint64_t boottime_us;
    struct frame_clock clock;
    uint16_t intake;             /* TOOK, LOST: which intake, from 0 */
    uint64_t journal_id;         /* TOOK, LOST: its id, so that another in its place is noticed */
    uint64_t from, until;        /* TOOK: until; LOST, DROP: from, until */
    uint64_t gateway_epoch;      /* GENESIS */
    uint32_t epoch_ordinal;      /* GENESIS: 1 for the first; DROP */
    int64_t start_us, end_us;    /* DROP */
    int64_t before_us;           /* FORGET */
    struct slice gateway_id;     /* GENESIS */
    struct slice version;        /* START */
    struct slice tzdata;         /* START */
    struct slice yaml;           /* CONFIG, ORDER */
    struct slice why;            /* HOLE, ORDER */
    struct slice who, request;   /* ORDER */
    uint8_t verb;                /* ORDER: enum order_verb */
};

/* Packs an entry's fields: the rest of a frame of its kind, onto out. */
void entry_write(const struct entry *e, struct buffer *out);

/* Unpacks a log book frame. 0, or 1 when it is malformed or of an unknown kind. */
int entry_read(const struct frame *f, struct entry *out);

/* The rest of a TOO_LARGE frame. */
struct too_large {
    uint64_t payload_size, hash;
    struct slice head;
};
void too_large_write(const struct too_large *t, struct buffer *out);
int too_large_read(struct slice rest, struct too_large *out);

#endif
