/* The small values of carbon.v1, made from the model's. Messages are built in an arena, with pointers
 * to texts that are borrowed, and written out at once; nothing of them is freed one by one. */
#ifndef PUBLISH_WIRE_H
#define PUBLISH_WIRE_H

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/number.h"
#include "model/gas.h"
#include "model/unit.h"
#include "summary.pb-c.h"

/* A message of the descriptor, all its fields absent. */
void *wire_new(struct arena *arena, const ProtobufCMessageDescriptor *descriptor);

/* Room for n values of a repeated field. */
void *wire_array(struct arena *arena, size_t n, size_t size);

/* NULL beyond the range of an Amount: absent, since a cut one would be a lie. */
Carbon__V1__Amount *wire_amount(struct arena *arena, int128 micro);

Carbon__V1__Decimal *wire_decimal(struct arena *arena, struct decimal d);
Carbon__V1__BaseUnit wire_unit(enum dimension d);

/* NULL: the basis says nothing about a gas or a fuel. */
Carbon__V1__Conditions *wire_conditions(struct arena *arena, enum basis basis);
Carbon__V1__Gas wire_gas(enum gas gas);

/* Milliseconds, cut; 0 for INT64_MIN and INT64_MAX, by which the model says never and open. */
int64_t wire_ms(int64_t us);

/* Borrows; NULL becomes the empty text, which is absent. */
char *wire_text(const char *text);

/* The same for texts from outside: what is not clean UTF-8 would make the whole message unreadable,
 * and is absent instead. */
char *wire_outside_text(const char *text, size_t bytes_most);

/* Appends the message's bytes. */
void wire_write(const void *message, struct buffer *out);

#endif
