/* The message in hand: what is known of it, and the readings that its decoder finds. Plugins know it as
 * struct cgw_batch and see nothing of it. */
#ifndef DECODE_BATCH_H
#define DECODE_BATCH_H

#include "base/arena.h"
#include "decode/judge.h"
#include "model/frame.h"

struct cgw_batch {
    struct origin origin;
    struct arena *arena;         /* borrowed */
    size_t taken_most;           /* how far decoding may fill it */
    struct reading *at;          /* in the arena */
    size_t n, room;
    struct intensity *intensities;   /* in the arena */
    size_t n_intensities;
    bool is_full;                /* the bound was met: the message is too large */
    bool has_unknown_fields;
    char why[201];               /* why it could not be decoded; "": nothing was said */
};

/* A decoder: takes the payload of f apart and adds its readings. COUNTED, or the message's verdict. */
typedef enum verdict (*batch_decoder)(void *self, const struct frame *f, struct cgw_batch *out);

/* Empties it for the next message. */
void batch_begin(struct cgw_batch *b, const struct origin *origin, struct arena *arena);

/* Memory that ends with the batch; NULL when the bound is met, and is_full is set. */
void *batch_take(struct cgw_batch *b, size_t size);

/* Makes room for n more readings; judges a reading and adds it. 0, or 1 when it is full. */
int batch_reserve(struct cgw_batch *b, size_t n);
int batch_add(struct cgw_batch *b, const struct raw_reading *raw);

/* Keeps a text for people: cut after 200 bytes at the end of a character, what is not clean replaced
 * by '?'. */
void batch_explain(struct cgw_batch *b, const char *why);

#endif
