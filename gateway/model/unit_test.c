/* The table of units against two things it was not made from: the definitions in SI units, as printed
 * in their sources, and the numbering of the wire, as protoc read it from reading.proto. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include "model/unit.h"
#include "reading.pb-c.h"

/* 1 unit in J, kg or m3, as printed. */
static const struct definition {
    const char *name;
    enum dimension dimension;
    const char *in_si;
} definitions[] = {
    { "Wh", DIMENSION_ENERGY, "3600" },
    { "kWh", DIMENSION_ENERGY, "3600000" },
    { "MWh", DIMENSION_ENERGY, "3600000000" },
    { "GWh", DIMENSION_ENERGY, "3600000000000" },
    { "J", DIMENSION_ENERGY, "1" },
    { "kJ", DIMENSION_ENERGY, "1000" },
    { "MJ", DIMENSION_ENERGY, "1000000" },
    { "GJ", DIMENSION_ENERGY, "1000000000" },
    { "TJ", DIMENSION_ENERGY, "1000000000000" },
    { "Btu_IT", DIMENSION_ENERGY, "1055.05585262" },
    { "MMBtu_IT", DIMENSION_ENERGY, "1055055852.62" },
    { "therm_IT", DIMENSION_ENERGY, "105505585.262" },
    { "kcal_IT", DIMENSION_ENERGY, "4186.8" },
    { "Gcal_IT", DIMENSION_ENERGY, "4186800000" },
    { "g", DIMENSION_MASS, "0.001" },
    { "kg", DIMENSION_MASS, "1" },
    { "t", DIMENSION_MASS, "1000" },
    { "lb", DIMENSION_MASS, "0.45359237" },
    { "short_ton", DIMENSION_MASS, "907.18474" },
    { "long_ton", DIMENSION_MASS, "1016.0469088" },
    { "m3", DIMENSION_VOLUME, "1" },
    { "L", DIMENSION_VOLUME, "0.001" },
    { "US_gal", DIMENSION_VOLUME, "0.003785411784" },
    { "UK_gal", DIMENSION_VOLUME, "0.00454609" },
    { "US_bbl", DIMENSION_VOLUME, "0.158987294928" },
    { "cft", DIMENSION_VOLUME, "0.028316846592" },
};

#define DEFINITIONS (sizeof definitions / sizeof definitions[0])

/* The base unit in SI as a ratio: Wh 3600 J, g 1/1000 kg, m3 1 m3. */
static struct ratio base_in_si(enum dimension d)
{
    if (d == DIMENSION_ENERGY)
        return (struct ratio){ 3600, 1 };
    if (d == DIMENSION_MASS)
        return (struct ratio){ 1, 1000 };
    return (struct ratio){ 1, 1 };
}

static int128 ten_to(unsigned n)
{
    int128 v = 1;
    while (n-- > 0)
        v *= 10;
    return v;
}

/* unit = num/den base, and base = b SI: num × b.num × 10^scale must be mantissa × den × b.den. */
static void every_ratio_is_its_definition_exactly(void **state)
{
    (void)state;
    for (size_t i = 0; i < DEFINITIONS; i++) {
        const struct definition *def = &definitions[i];
        const struct unit *u = unit_by_name(def->name);
        assert_non_null(u);
        assert_int_equal(u->dimension, def->dimension);

        struct decimal si;
        assert_int_equal(decimal_parse(slice_of(def->in_si), &si), 0);
        struct ratio base = base_in_si(def->dimension);
        int128 left = (int128)u->to_base.num * base.num * ten_to(si.scale);
        int128 right = (int128)si.mantissa * u->to_base.den * base.den;
        assert_true(left == right);
    }
}

static void every_ratio_is_in_lowest_terms(void **state)
{
    (void)state;
    for (const char *const *name = unit_names(); *name; name++) {
        const struct unit *u = unit_by_name(*name);
        int64_t a = u->to_base.num, b = u->to_base.den;
        assert_true(a > 0 && b > 0);
        while (b != 0) {
            int64_t rest = a % b;
            a = b;
            b = rest;
        }
        assert_int_equal(a, 1);
    }
}

/* Names on the wire are ours in capitals behind UNIT_. */
static void numbers_are_those_of_the_wire(void **state)
{
    (void)state;
    const ProtobufCEnumDescriptor *wire = &carbon__v1__unit__descriptor;
    assert_int_equal(wire->n_values, DEFINITIONS + 1);
    for (unsigned i = 0; i < wire->n_values; i++) {
        const struct unit *u = unit_by_number((uint32_t)wire->values[i].value);
        if (wire->values[i].value == CARBON__V1__UNIT__UNIT_AS_DECLARED) {
            assert_null(u);
            continue;
        }
        assert_non_null(u);
        assert_int_equal(strncmp(wire->values[i].name, "UNIT_", 5), 0);
        assert_int_equal(strcasecmp(wire->values[i].name + 5, u->name), 0);
    }
}

static void names_lists_every_unit_once(void **state)
{
    (void)state;
    size_t n = 0;
    for (const char *const *name = unit_names(); *name; name++, n++) {
        assert_string_equal(unit_by_name(*name)->name, *name);
        assert_ptr_equal(unit_by_number(unit_by_name(*name)->number), unit_by_name(*name));
        assert_non_null(unit_by_name(*name)->ucum);
        for (size_t k = 0; k < n; k++)
            assert_string_not_equal(unit_names()[k], *name);
    }
    assert_int_equal(n, DEFINITIONS);
}

static void names_are_case_sensitive(void **state)
{
    (void)state;
    static const char *const wrong[] = { "kwh", "KWH", "mj",   "MW", "Btu", "l",
                                         "T",   "G",   "kWh ", "",   "m³" };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_null(unit_by_name(wrong[i]));
    assert_null(unit_by_name(NULL));
}

static void numbers_that_nobody_gave_are_no_unit(void **state)
{
    (void)state;
    static const uint32_t wrong[] = { 0, 15, 19, 26, 29, 36, 257, UINT32_MAX };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_null(unit_by_number(wrong[i]));
}

static void each_dimension_has_its_base_unit(void **state)
{
    (void)state;
    assert_string_equal(unit_base(DIMENSION_ENERGY)->name, "Wh");
    assert_string_equal(unit_base(DIMENSION_MASS)->name, "g");
    assert_string_equal(unit_base(DIMENSION_VOLUME)->name, "m3");
    assert_null(unit_base(DIMENSION_NONE));
    assert_string_equal(dimension_name(DIMENSION_VOLUME), "volume");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_ratio_is_its_definition_exactly),
        cmocka_unit_test(every_ratio_is_in_lowest_terms),
        cmocka_unit_test(numbers_are_those_of_the_wire),
        cmocka_unit_test(names_lists_every_unit_once),
        cmocka_unit_test(names_are_case_sensitive),
        cmocka_unit_test(numbers_that_nobody_gave_are_no_unit),
        cmocka_unit_test(each_dimension_has_its_base_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
