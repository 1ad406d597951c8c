/* The figures by which IAPWS has an implementation verified, each to its nine digits. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "derive/if97.h"

static void assert_close(double is, double wanted)
{
    if (fabs(is - wanted) > 5e-9 * fabs(wanted))
        fail_msg("%.12g is not %.12g", is, wanted);
}

static void the_liquid_has_the_enthalpies_of_table_5(void **state)
{
    (void)state;
    static const double rows[][3] = {
        { 3, 300, 0.115331273e3 }, { 80, 300, 0.184142828e3 }, { 3, 500, 0.975542239e3 }
    };
    for (size_t i = 0; i < 3; i++) {
        double h = 0;
        assert_int_equal(if97_enthalpy(rows[i][0], rows[i][1], &h), 0);
        assert_close(h, rows[i][2]);
    }
}

static void the_vapour_has_the_enthalpies_of_table_15(void **state)
{
    (void)state;
    static const double rows[][3] = {
        { 0.0035, 300, 0.254991145e4 }, { 0.0035, 700, 0.333568375e4 }, { 30, 700, 0.263149474e4 }
    };
    for (size_t i = 0; i < 3; i++) {
        double h = 0;
        assert_int_equal(if97_enthalpy(rows[i][0], rows[i][1], &h), 0);
        assert_close(h, rows[i][2]);
    }
}

static void the_line_between_them_is_that_of_tables_35_and_36(void **state)
{
    (void)state;
    static const double pressures[][2] = {
        { 300, 0.353658941e-2 }, { 500, 0.263889776e1 }, { 600, 0.123443146e2 }
    };
    static const double temperatures[][2] = {
        { 0.1, 0.372755919e3 }, { 1, 0.453035632e3 }, { 10, 0.584149488e3 }
    };
    for (size_t i = 0; i < 3; i++) {
        double value = 0;
        assert_int_equal(if97_saturation_pressure(pressures[i][0], &value), 0);
        assert_close(value, pressures[i][1]);
        assert_int_equal(if97_saturation_temperature(temperatures[i][0], &value), 0);
        assert_close(value, temperatures[i][1]);
    }
}

/* 1 MPa: 762.7 and 2777.1 kJ/kg in every steam table. */
static void boiling_water_and_its_steam_differ_by_the_heat_of_evaporation(void **state)
{
    (void)state;
    double water = 0, steam = 0;
    assert_int_equal(if97_water_enthalpy(1.0, &water), 0);
    assert_int_equal(if97_steam_enthalpy(1.0, &steam), 0);
    assert_true(fabs(water - 762.7) < 0.1);
    assert_true(fabs(steam - 2777.1) < 0.1);
}

static void what_lies_in_no_region_is_said_to_be_outside(void **state)
{
    (void)state;
    static const double rows[][2] = {
        { 1, 273.0 }, { 1, 1074 }, { 0, 300 }, { -1, 300 }, { 101, 300 }, { 25, 650 }, { NAN, 300 }, { 1, NAN }
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double h = 7;
        assert_int_equal(if97_enthalpy(rows[i][0], rows[i][1], &h), IF97_OUTSIDE);
        assert_true(h == 7);
    }
    double h = 7;
    assert_int_equal(if97_steam_enthalpy(17, &h), IF97_OUTSIDE);
    assert_int_equal(if97_water_enthalpy(0.0005, &h), IF97_OUTSIDE);
    assert_true(h == 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_liquid_has_the_enthalpies_of_table_5),
        cmocka_unit_test(the_vapour_has_the_enthalpies_of_table_15),
        cmocka_unit_test(the_line_between_them_is_that_of_tables_35_and_36),
        cmocka_unit_test(boiling_water_and_its_steam_differ_by_the_heat_of_evaporation),
        cmocka_unit_test(what_lies_in_no_region_is_said_to_be_outside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
