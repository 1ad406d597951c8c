/* The table of units against two things it was not made from: the definitions in SI units, as printed
 * in their sources, and the numbering of the wire, as protoc read it from reading.proto. */
#include <ctype.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

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
    { "Btu_th", DIMENSION_ENERGY, "1054.350" },
    { "Btu_59F", DIMENSION_ENERGY, "1054.80" },
    { "Btu_60F", DIMENSION_ENERGY, "1054.68" },
    { "therm_US", DIMENSION_ENERGY, "105480400" },
    { "cal_IT", DIMENSION_ENERGY, "4.1868" },
    { "cal_th", DIMENSION_ENERGY, "4.184" },
    { "kcal_th", DIMENSION_ENERGY, "4184" },
    { "Mcal_IT", DIMENSION_ENERGY, "4186800" },
    { "kgce", DIMENSION_ENERGY, "29307600" },
    { "tce", DIMENSION_ENERGY, "29307600000" },
    { "kgce_GB2589", DIMENSION_ENERGY, "29307000" },
    { "tce_GB2589", DIMENSION_ENERGY, "29307000000" },
    { "toe", DIMENSION_ENERGY, "41868000000" },
    { "kWh.gross", DIMENSION_ENERGY, "3600000" },
    { "MMBtu_IT.net", DIMENSION_ENERGY, "1055055852.62" },
    { "mg", DIMENSION_MASS, "0.000001" },
    { "Gg", DIMENSION_MASS, "1000000" },
    { "t.dry", DIMENSION_MASS, "1000" },
    { "Nm3.dry", DIMENSION_VOLUME, "1" },
    { "Sm3", DIMENSION_VOLUME, "1" },
    { "m3_20C", DIMENSION_VOLUME, "1" },
    { "scf_60F", DIMENSION_VOLUME, "0.028316846592" },
    { "scf_68F.dry", DIMENSION_VOLUME, "0.028316846592" },
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

/* Names on the wire are ours in capitals behind UNIT_, with _PER_ for a slash and _ for a dot. */
static void wire_name(const char *name, char out[64])
{
    size_t n = (size_t)sprintf(out, "UNIT_");
    for (; *name; name++) {
        const char *put = *name == '/' ? "_PER_" : *name == '.' ? "_" : *name == '%' ? "PERCENT_" : NULL;
        if (put)
            n += (size_t)sprintf(out + n, "%s", put);
        else
            n += (size_t)sprintf(out + n, "%c", toupper((unsigned char)*name));
    }
}

static void numbers_are_those_of_the_wire(void **state)
{
    (void)state;
    const ProtobufCEnumDescriptor *wire = &carbon__v1__unit__descriptor;
    unsigned n = 0;
    while (unit_names()[n])
        n++;
    assert_int_equal(wire->n_values, n + 1);
    for (unsigned i = 0; i < wire->n_values; i++) {
        const struct unit *u = unit_by_number((uint32_t)wire->values[i].value);
        if (wire->values[i].value == CARBON__V1__UNIT__UNIT_AS_DECLARED) {
            assert_null(u);
            continue;
        }
        assert_non_null(u);
        char name[64];
        wire_name(u->name, name);
        assert_string_equal(wire->values[i].name, name);
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
    assert_true(n > DEFINITIONS);
}

static void names_are_case_sensitive(void **state)
{
    (void)state;
    static const char *const wrong[] = { "kwh", "KWH", "mj",   "mW", "Btu", "l",
                                         "T",   "G",   "kWh ", "",   "m³" };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_null(unit_by_name(wrong[i]));
    assert_null(unit_by_name(NULL));
}

static void numbers_that_nobody_gave_are_no_unit(void **state)
{
    (void)state;
    static const uint32_t wrong[] = { 0, 15, 19, 36, 257, UINT32_MAX };
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
    for (int d = DIMENSION_ENERGY; d < DIMENSION_COUNT_OF_ALL; d++)
        assert_non_null(unit_base((enum dimension)d));
    assert_string_equal(unit_base(DIMENSION_COUNT_TIME)->name, "1.h");
    assert_string_equal(unit_base(DIMENSION_SPECIFIC_ENERGY)->name, "kJ/kg");
    assert_string_equal(dimension_name(DIMENSION_VOLUME), "volume");
}

static double converted(const char *value, const char *from, const char *to)
{
    struct decimal d;
    struct fraction out;
    assert_int_equal(decimal_parse(slice_of(value), &d), 0);
    assert_int_equal(unit_convert(fraction_of_decimal(d), unit_by_name(from), unit_by_name(to), &out), 0);
    return (double)out.num / (double)out.den;
}

/* Published figures: GHG Protocol tools, UCUM 2.2. */
static void a_therm_an_mmbtu_and_a_tonne_of_coal_equivalent_in_kwh(void **state)
{
    (void)state;
    assert_true(fabs(converted("1", "therm_IT", "kWh") - 29.3071) < 29.3071e-5);
    assert_true(fabs(converted("1", "MMBtu_IT", "kWh") - 293.071) < 293.071e-5);
    assert_true(converted("1", "tce", "kWh") == 8141.0);
    assert_true(fabs(converted("1", "hp_mech", "W") - 745.69987) < 1e-5);
    assert_true(fabs(converted("1", "psi.abs", "Pa.abs") - 6894.757) < 1e-3);
}

static void temperatures_have_an_offset(void **state)
{
    (void)state;
    assert_true(converted("0", "degC", "K") == 273.15);
    assert_true(converted("212", "degF", "degC") == 100.0);
    assert_true(converted("-40", "degC", "degF") == -40.0);
}

/* UNIT-02 of tests/vectors: 849.5 scf/kmol, as printed; exactly 849.4984351 with the R of the SI. */
static void unit_02_the_molar_volume_at_68_degrees(void **state)
{
    (void)state;
    struct fraction v;
    assert_int_equal(unit_molar_volume(unit_by_name("scf_68F"), &v), 0);
    double per_kmol = (double)v.num / (double)v.den * 1000;
    assert_true(fabs(per_kmol - 849.5) <= 1e-5 * 849.5);
    assert_true(fabs(per_kmol - 849.4984351) <= 1e-7);
}

/* 40 CFR 98.163: 849.5 scf per kg-mole at 68 degF; section 2.1 of ISO 6976 for the others. */
static void molar_volumes_are_those_published(void **state)
{
    static const struct {
        const char *unit;
        double per_kmol, tolerance;
    } rows[] = { { "scf_68F", 849.5, 1e-5 },   { "scf_60F", 836.6, 1e-4 },  { "Nm3", 22.41397, 1e-6 },
                 { "Sm3.dry", 23.64483, 1e-6 }, { "m3_20C", 24.05512, 1e-6 } };
    struct fraction v;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(unit_molar_volume(unit_by_name(rows[i].unit), &v), 0);
        double per_kmol = (double)v.num / (double)v.den * 1000;
        assert_true(fabs(per_kmol / rows[i].per_kmol - 1) < rows[i].tolerance);
    }
    assert_int_equal(unit_molar_volume(unit_by_name("m3"), &v), UNIT_MISMATCH);
    assert_int_equal(unit_molar_volume(unit_by_name("kWh"), &v), UNIT_MISMATCH);
}

static void what_differs_in_kind_or_basis_is_not_converted(void **state)
{
    static const char *const pairs[][2] = {
        { "kWh", "kg" },         { "kWh", "kWh.gross" }, { "kWh.net", "kWh.gross" }, { "Nm3", "Sm3" },
        { "Nm3", "m3" },         { "Nm3.dry", "Nm3" },   { "scf_60F", "scf_68F" },   { "bar.abs", "bar.gauge" },
        { "ppm_vol", "ppm_mass" }, { "ppm_vol.dry", "%vol.wet" },
    };
    struct fraction out;
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        assert_int_equal(unit_convert((struct fraction){ 1, 1 }, unit_by_name(pairs[i][0]),
                                      unit_by_name(pairs[i][1]), &out),
                         UNIT_MISMATCH);
}

static void a_rate_becomes_its_quantity_with_its_basis(void **state)
{
    (void)state;
    assert_string_equal(unit_integrated(unit_by_name("kW"))->name, "Wh");
    assert_string_equal(unit_integrated(unit_by_name("kW.gross"))->name, "Wh.gross");
    assert_string_equal(unit_integrated(unit_by_name("t/h"))->name, "g");
    assert_string_equal(unit_integrated(unit_by_name("Nm3.dry/h"))->name, "Nm3.dry");
    assert_string_equal(unit_integrated(unit_by_name("head"))->name, "1.h");
    assert_int_equal(unit_integrated(unit_by_name("scf_68F/h"))->basis, BASIS_F68);
    assert_null(unit_integrated(unit_by_name("degC")));
    assert_null(unit_integrated(unit_by_name("kWh")));
}

static void unclear_names_are_no_units_and_have_alternatives(void **state)
{
    static const char *const unclear[] = { "Btu", "cal", "therm", "scf", "ton", "bar", "%", "ppm", "kVA" };
    (void)state;
    for (size_t i = 0; i < sizeof unclear / sizeof *unclear; i++) {
        assert_null(unit_by_name(unclear[i]));
        assert_non_null(unit_alternatives(unclear[i]));
    }
    assert_null(unit_alternatives("kWh"));
    assert_null(unit_alternatives("furlong"));
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
        cmocka_unit_test(a_therm_an_mmbtu_and_a_tonne_of_coal_equivalent_in_kwh),
        cmocka_unit_test(temperatures_have_an_offset),
        cmocka_unit_test(unit_02_the_molar_volume_at_68_degrees),
        cmocka_unit_test(molar_volumes_are_those_published),
        cmocka_unit_test(what_differs_in_kind_or_basis_is_not_converted),
        cmocka_unit_test(a_rate_becomes_its_quantity_with_its_basis),
        cmocka_unit_test(unclear_names_are_no_units_and_have_alternatives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
