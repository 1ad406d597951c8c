/* Any message as JSON, by walking protobuf-c's descriptors: a new field of a .proto needs no line here.
 *
 * It is proto3's JSON form, with the names of the .proto file: what is 0 or empty is left out, 64-bit
 * numbers are texts (most readers of JSON have 53 bits), enumerators are names, and numbers where this
 * version does not know them; bytes are base64; NaN and the infinities are texts. carbon.v1 has neither
 * maps nor oneofs, so neither has this.
 *
 * The text is written straight into the buffer. jansson knows what UTF-8 is and how a text is escaped;
 * its tree would be a third copy of the message, and it writes a double with 17 digits, 3.17 as
 * 3.1699999999999999. Nesting is bounded by the .proto files, which hold no message that contains itself;
 * memory by the arena that the message is unpacked into, whatever the bytes claim. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "publish/encode.h"
#include "publish/wire.h"
#include "reading.pb-c.h"
#include "status.pb-c.h"

/* Some 64 times the largest payload; a message that unfolds to more was made to. */
#define UNPACKED_BYTES_MOST ((size_t)64 << 20)

#define MALFORMED 1

static int put_message(const ProtobufCMessage *message, struct buffer *out);

/* --- texts and bytes --- */

static int on_json(const char *text, size_t n, void *out)
{
    buffer_put(out, text, n);
    return 0;
}

/* MALFORMED when it is not UTF-8. */
static int put_string(const char *text, struct buffer *out)
{
    json_t *string = json_string(text);
    if (!string)
        return MALFORMED;
    int rc = json_dump_callback(string, on_json, out, JSON_ENCODE_ANY);
    json_decref(string);
    return rc == 0 ? 0 : MALFORMED;
}

static void put_base64(const ProtobufCBinaryData *bytes, struct buffer *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    buffer_put_u8(out, '"');
    for (size_t i = 0; i < bytes->len; i += 3) {
        size_t n = bytes->len - i < 3 ? bytes->len - i : 3;
        uint8_t in[3] = { 0 };
        memcpy(in, bytes->data + i, n);
        uint32_t bits = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
        char group[4] = { digits[bits >> 18], digits[bits >> 12 & 63], digits[bits >> 6 & 63],
                          digits[bits & 63] };
        memset(group + n + 1, '=', 3 - n);
        buffer_put(out, group, sizeof group);
    }
    buffer_put_u8(out, '"');
}

/* --- numbers --- */

/* The fewest digits that give the same double back. */
static void put_double(double v, struct buffer *out)
{
    if (isnan(v) || isinf(v)) {
        buffer_print(out, "\"%s\"", isnan(v) ? "NaN" : v > 0 ? "Infinity" : "-Infinity");
        return;
    }
    char text[32];
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        if (strtod(text, NULL) == v)
            break;
    }
    buffer_print(out, "%s", text);
}

static void put_enum(const ProtobufCEnumDescriptor *descriptor, int value, struct buffer *out)
{
    const ProtobufCEnumValue *row = protobuf_c_enum_descriptor_get_value(descriptor, value);
    if (row)
        buffer_print(out, "\"%s\"", row->name);
    else
        buffer_print(out, "%d", value);
}

/* --- values and fields --- */

static size_t value_size(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return 4;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_ENUM:
        return sizeof(int);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        break;
    }
    return sizeof(void *);
}

static int put_value(const ProtobufCFieldDescriptor *field, const void *at, struct buffer *out)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        buffer_print(out, "%d", *(const int32_t *)at);
        return 0;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        buffer_print(out, "%u", *(const uint32_t *)at);
        return 0;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        buffer_print(out, "\"%lld\"", (long long)*(const int64_t *)at);
        return 0;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        buffer_print(out, "\"%llu\"", (unsigned long long)*(const uint64_t *)at);
        return 0;
    case PROTOBUF_C_TYPE_FLOAT:
        put_double((double)*(const float *)at, out);
        return 0;
    case PROTOBUF_C_TYPE_DOUBLE:
        put_double(*(const double *)at, out);
        return 0;
    case PROTOBUF_C_TYPE_BOOL:
        buffer_print(out, "%s", *(const protobuf_c_boolean *)at ? "true" : "false");
        return 0;
    case PROTOBUF_C_TYPE_ENUM:
        put_enum(field->descriptor, *(const int *)at, out);
        return 0;
    case PROTOBUF_C_TYPE_BYTES:
        put_base64(at, out);
        return 0;
    case PROTOBUF_C_TYPE_STRING:
        return put_string(*(const char *const *)at, out);
    case PROTOBUF_C_TYPE_MESSAGE:
        break;
    }
    return put_message(*(const ProtobufCMessage *const *)at, out);
}

/* Bit for bit, so that -0.0 is a value. */
static bool is_default(const ProtobufCFieldDescriptor *field, const void *at)
{
    static const uint8_t zeros[8];
    switch (field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        return *(const void *const *)at == NULL;
    case PROTOBUF_C_TYPE_STRING:
        return *(const char *const *)at == NULL || **(const char *const *)at == '\0';
    case PROTOBUF_C_TYPE_BYTES:
        return ((const ProtobufCBinaryData *)at)->len == 0;
    default:
        return memcmp(at, zeros, value_size(field->type)) == 0;
    }
}

static void put_name(const ProtobufCFieldDescriptor *field, struct buffer *out)
{
    bool is_first = out->at[out->size - 1] == '{';
    buffer_print(out, "%s\"%s\":", is_first ? "" : ",", field->name);
}

static int put_repeated(const ProtobufCFieldDescriptor *field, const void *message,
                        struct buffer *out)
{
    const uint8_t *at = message;
    size_t n = *(const size_t *)(const void *)(at + field->quantifier_offset);
    const uint8_t *values = *(const uint8_t *const *)(const void *)(at + field->offset);
    int rc = 0;
    if (n == 0)
        return 0;

    put_name(field, out);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        buffer_put_u8(out, i == 0 ? '[' : ',');
        rc = put_value(field, values + i * value_size(field->type), out);
    }
    buffer_put_u8(out, ']');
    return rc;
}

static int put_field(const ProtobufCFieldDescriptor *field, const void *message, struct buffer *out)
{
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return put_repeated(field, message, out);
    const void *at = (const uint8_t *)message + field->offset;
    if (is_default(field, at))
        return 0;
    put_name(field, out);
    return put_value(field, at, out);
}

static int put_message(const ProtobufCMessage *message, struct buffer *out)
{
    int rc = 0;
    buffer_put_u8(out, '{');
    for (unsigned i = 0; rc == 0 && i < message->descriptor->n_fields; i++)
        rc = put_field(&message->descriptor->fields[i], message, out);
    buffer_put_u8(out, '}');
    return rc;
}

/* --- from bytes --- */

static const ProtobufCMessageDescriptor *descriptor_of(const char *name)
{
    static const ProtobufCMessageDescriptor *const messages[] = {
        &carbon__v1__reading__descriptor,          &carbon__v1__reading_batch__descriptor,
        &carbon__v1__site_summary__descriptor,     &carbon__v1__gateway_status__descriptor,
        &carbon__v1__rejected_message__descriptor,
    };
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
        if (strcmp(messages[i]->short_name, name) == 0)
            return messages[i];
    return NULL;
}

static void *on_alloc(void *arena, size_t size)
{
    return arena_take(arena, size);
}

static void on_free(void *arena, void *piece)
{
    (void)arena;
    (void)piece;
}

int encode_json(const char *message, struct slice bytes, struct buffer *out)
{
    const ProtobufCMessageDescriptor *descriptor = descriptor_of(message);
    if (!descriptor)
        return MALFORMED;
    struct arena arena;
    arena_init(&arena, UNPACKED_BYTES_MOST);
    ProtobufCAllocator allocator = { .alloc = on_alloc, .free = on_free, .allocator_data = &arena };
    size_t size_before = out->size;

    ProtobufCMessage *unpacked =
        protobuf_c_message_unpack(descriptor, &allocator, bytes.size, bytes.at);
    int rc = unpacked ? put_message(unpacked, out) : MALFORMED;
    if (rc != 0)
        out->size = size_before;
    arena_fini(&arena);
    return rc;
}
