/* Global warming potentials: the published figures, as text, against the table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/gas.h"

static void potentials_are_those_published(void **state)
{
    (void)state;
    static const char *const published[GWP_SET_COUNT][GAS_COUNT] = {
        { "1", "0", "21", "21", "310" },
        { "1", "0", "25", "25", "298" },
        { "1", "0", "28", "28", "265" },
        { "1", "0", "29.8", "27.0", "273" },
    };
    for (int set = 0; set < GWP_SET_COUNT; set++)
        for (int gas = 0; gas < GAS_COUNT; gas++) {
            char text[32];
            decimal_print(gwp_of((enum gwp_set)set, (enum gas)gas), text);
            assert_string_equal(text, published[set][gas]);
        }
}

static void names_stand_in_the_order_of_the_numbers(void **state)
{
    (void)state;
    assert_string_equal(gas_names[GAS_CO2_FOSSIL], "co2");
    assert_string_equal(gas_names[GAS_CO2_BIOGENIC], "co2_biogenic");
    assert_string_equal(gas_names[GAS_CH4_FOSSIL], "ch4");
    assert_string_equal(gas_names[GAS_CH4_BIOGENIC], "ch4_biogenic");
    assert_string_equal(gas_names[GAS_N2O], "n2o");
    assert_null(gas_names[GAS_COUNT]);
    assert_string_equal(gwp_set_names[GWP_SAR], "SAR");
    assert_string_equal(gwp_set_names[GWP_AR6], "AR6");
    assert_null(gwp_set_names[GWP_SET_COUNT]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(potentials_are_those_published),
        cmocka_unit_test(names_stand_in_the_order_of_the_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
