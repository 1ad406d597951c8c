/* Two things decide the bytes: protobuf-c writes fields in the order of their numbers and leaves out
 * what is 0, and whatever is repeated stands in the order in which it was put here. There is no map and
 * no floating point in what the gateway publishes, so the same values give the same bytes anywhere. */
#include "publish/wire.h"

#include <string.h>

#define MICRO 1000000

void *wire_new(struct arena *arena, const ProtobufCMessageDescriptor *descriptor)
{
    void *message = arena_take(arena, descriptor->sizeof_message);
    protobuf_c_message_init(descriptor, message);
    return message;
}

void *wire_array(struct arena *arena, size_t n, size_t size)
{
    return arena_take_zeroed(arena, n, size);
}

Carbon__V1__Amount *wire_amount(struct arena *arena, int128 micro)
{
    int128 whole = micro / MICRO; /* towards 0, so both have one sign */
    if (whole < INT64_MIN || whole > INT64_MAX)
        return NULL;
    Carbon__V1__Amount *amount = wire_new(arena, &carbon__v1__amount__descriptor);
    amount->whole = (int64_t)whole;
    amount->micro = (int32_t)(micro % MICRO);
    return amount;
}

Carbon__V1__Decimal *wire_decimal(struct arena *arena, struct decimal d)
{
    Carbon__V1__Decimal *decimal = wire_new(arena, &carbon__v1__decimal__descriptor);
    decimal->mantissa = d.mantissa;
    decimal->scale = d.scale;
    return decimal;
}

Carbon__V1__BaseUnit wire_unit(enum dimension d)
{
    switch (d) {
    case DIMENSION_ENERGY:
        return CARBON__V1__BASE_UNIT__BASE_UNIT_WH;
    case DIMENSION_MASS:
        return CARBON__V1__BASE_UNIT__BASE_UNIT_G;
    case DIMENSION_VOLUME:
        return CARBON__V1__BASE_UNIT__BASE_UNIT_M3;
    case DIMENSION_COUNT:
        return CARBON__V1__BASE_UNIT__BASE_UNIT_ONE;
    case DIMENSION_COUNT_TIME:
        return CARBON__V1__BASE_UNIT__BASE_UNIT_ONE_HOUR;
    default:
        return CARBON__V1__BASE_UNIT__BASE_UNIT_UNSPECIFIED;
    }
}

Carbon__V1__Conditions *wire_conditions(struct arena *arena, enum basis basis)
{
    const struct conditions *c = unit_conditions(basis);
    if (c->temperature_mk == 0 && c->moisture == MOISTURE_NONE && c->calorific == CALORIFIC_NONE)
        return NULL;
    Carbon__V1__Conditions *out = wire_new(arena, &carbon__v1__conditions__descriptor);
    out->temperature_mk = c->temperature_mk;
    out->pressure_pa = c->pressure_pa;
    out->moisture = (Carbon__V1__Moisture)c->moisture;          /* numbers of the wire */
    out->calorific_basis = (Carbon__V1__CalorificBasis)c->calorific;
    return out;
}

Carbon__V1__Gas wire_gas(enum gas gas)
{
    return (Carbon__V1__Gas)gas; /* the model's numbers are the wire's */
}

int64_t wire_ms(int64_t us)
{
    return us == INT64_MIN || us == INT64_MAX ? 0 : us / 1000;
}

char *wire_text(const char *text)
{
    return (char *)(text ? text : "");
}

char *wire_outside_text(const char *text, size_t bytes_most)
{
    struct slice s = slice_of(text);
    bool is_good = s.size <= bytes_most && slice_is_clean_text(s);
    return wire_text(is_good ? text : NULL);
}

void wire_write(const void *message, struct buffer *out)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    protobuf_c_message_pack(message, buffer_extend(out, size));
}
