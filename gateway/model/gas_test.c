/* Gases and their warming potentials: the published figures, as text, against the table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/gas.h"

/* NULL: the set has none. */
static void potentials_are_those_published(void **state)
{
    static const struct {
        enum gas gas;
        const char *published[GWP_SET_COUNT];
    } rows[] = {
        { GAS_CO2_FOSSIL, { "1", "1", "1", "1" } },
        { GAS_CO2_BIOGENIC, { "0", "0", "0", "0" } },
        { GAS_CH4_FOSSIL, { "21", "25", "28", "29.8" } },
        { GAS_CH4_BIOGENIC, { "21", "25", "28", "27.0" } },
        { GAS_N2O, { "310", "298", "265", "273" } },
        { GAS_SF6, { "23900", "22800", "23500", "25200" } },
        { GAS_NF3, { NULL, "17200", "16100", "17400" } },
        { GAS_HFC_23, { "11700", "14800", "12400", "14600" } },
        { GAS_HFC_32, { "650", "675", "677", "771" } },
        { GAS_HFC_125, { "2800", "3500", "3170", "3740" } },
        { GAS_HFC_134A, { "1300", "1430", "1300", "1530" } },
        { GAS_HFC_143A, { "3800", "4470", "4800", "5810" } },
        { GAS_HFC_152A, { "140", "124", "138", "164" } },
        { GAS_HFC_227EA, { "2900", "3220", "3350", "3600" } },
        { GAS_PFC_14, { "6500", "7390", "6630", "7380" } },
        { GAS_PFC_116, { "9200", "12200", "11100", "12400" } },
        { GAS_HFC_41, { NULL, NULL, NULL, NULL } },
        { GAS_HCFC_22, { NULL, NULL, NULL, NULL } },
        { GAS_CO2E, { NULL, NULL, NULL, NULL } },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int set = 0; set < GWP_SET_COUNT; set++) {
            char text[32];
            struct decimal gwp;
            bool has = gwp_of((enum gwp_set)set, rows[i].gas, &gwp);
            assert_int_equal(has, rows[i].published[set] != NULL);
            if (!has)
                continue;
            decimal_print(gwp, text);
            assert_string_equal(text, rows[i].published[set]);
        }
}

static void a_gas_is_found_by_name_and_formula_in_any_case(void **state)
{
    (void)state;
    assert_int_equal(gas_by_name("CO2"), GAS_CO2_FOSSIL);
    assert_int_equal(gas_by_name("co2_biogenic"), GAS_CO2_BIOGENIC);
    assert_int_equal(gas_by_name("HFC-134A"), GAS_HFC_134A);
    assert_int_equal(gas_by_name("CF4"), GAS_PFC_14);
    assert_int_equal(gas_by_name("CO2e"), GAS_CO2E);
    assert_int_equal(gas_by_name("HFC-999"), GAS_NONE);
    assert_int_equal(gas_by_name(NULL), GAS_NONE);
}

static void names_numbers_and_the_list_agree(void **state)
{
    (void)state;
    size_t n = 0;
    int last = 0;
    for (const char *const *name = gas_names(); *name; name++, n++) {
        enum gas gas = gas_by_name(*name);
        assert_true((int)gas > last);
        assert_string_equal(gas_name(gas), *name);
        last = gas;
    }
    assert_true(n < GAS_SPECIES);
    assert_null(gas_name((enum gas)19));
    assert_string_equal(gwp_set_names[GWP_SAR], "SAR");
    assert_string_equal(gwp_set_names[GWP_AR6], "AR6");
    assert_null(gwp_set_names[GWP_SET_COUNT]);
}

static void a_list_of_masses_is_in_the_order_of_the_numbers(void **state)
{
    struct gas_mass list[4];
    size_t n = 0;
    (void)state;
    gas_mass_of(list, &n, GAS_SF6)->ug = 6;
    gas_mass_of(list, &n, GAS_CO2_FOSSIL)->ug = 1;
    gas_mass_of(list, &n, GAS_N2O)->ug = 5;
    gas_mass_of(list, &n, GAS_SF6)->ug++;
    assert_int_equal(n, 3);
    assert_int_equal(list[0].gas, GAS_CO2_FOSSIL);
    assert_int_equal(list[1].gas, GAS_N2O);
    assert_true(list[2].ug == 7);
    assert_null(gas_mass_find(list, n, GAS_NF3));
    assert_ptr_equal(gas_mass_find(list, n, GAS_SF6), &list[2]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(potentials_are_those_published),
        cmocka_unit_test(a_gas_is_found_by_name_and_formula_in_any_case),
        cmocka_unit_test(names_numbers_and_the_list_agree),
        cmocka_unit_test(a_list_of_masses_is_in_the_order_of_the_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
