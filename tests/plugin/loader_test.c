/* The loader against real shared objects; CARBON_TEST_PLUGINS names the directory that holds them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plugin_loader.h"

static int open_loader(void **state)
{
    const char *directory = getenv("CARBON_TEST_PLUGINS");
    struct plugin_loader *l = NULL;
    assert_non_null(directory);
    assert_int_equal(plugin_loader_open(directory, &l), 0);
    *state = l;
    return 0;
}

static int close_loader(void **state)
{
    plugin_loader_close(*state);
    return 0;
}

static const struct cgw_plugin *find(struct plugin_loader *l, const char *name, const char **why)
{
    struct decode_plugins plugins = plugin_loader_plugins(l);
    return plugins.find(plugins.self, name, why);
}

static void a_plugin_is_loaded_by_its_name_and_once(void **state)
{
    const char *why = NULL;
    const struct cgw_plugin *p = find(*state, "good", &why);
    assert_non_null(p);
    assert_string_equal(p->name, "good");
    assert_ptr_equal(find(*state, "good", &why), p);
    assert_null(why);
}

static void what_is_no_plugin_for_us_is_refused_and_told(void **state)
{
    static const struct {
        const char *name, *why;
    } cases[] = {
        { "newer", "was built for plugin ABI 7, this gateway has ABI 0" },
        { "short", "offers 8 bytes of struct cgw_plugin" },
        { "renamed", "holds the plugin \"other\"" },
        { "empty", "has no cgw_plugin()" },
        { "absent", "absent.so" },
        { "", "is no name of a plugin" },
        { "../plugin/good", "is no name of a plugin" },
        { "/etc/passwd", "is no name of a plugin" },
        { "good.so", "good.so.so" },
        { ".", "..so" },
        { "a b", "is no name of a plugin" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *why = "";
        if (find(*state, cases[i].name, &why) || !strstr(why, cases[i].why))
            fail_msg("\"%s\": %s", cases[i].name, why);
    }
}

static void a_name_of_any_length_is_refused(void **state)
{
    char name[2000];
    const char *why = "";
    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = '\0';
    assert_null(find(*state, name, &why));
    assert_non_null(strstr(why, "xxx"));
}

static void a_directory_need_not_exist(void **state)
{
    (void)state;
    static const char *const directories[] = { "/nonexistent/plugins", "" };
    for (size_t i = 0; i < sizeof directories / sizeof directories[0]; i++) {
        struct plugin_loader *l;
        const char *why = "";
        assert_int_equal(plugin_loader_open(directories[i], &l), 0);
        assert_null(find(l, "absent", &why));
        assert_non_null(strstr(why, "absent.so"));
        plugin_loader_close(l);
    }
    plugin_loader_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_plugin_is_loaded_by_its_name_and_once, open_loader,
                                        close_loader),
        cmocka_unit_test_setup_teardown(what_is_no_plugin_for_us_is_refused_and_told, open_loader,
                                        close_loader),
        cmocka_unit_test_setup_teardown(a_name_of_any_length_is_refused, open_loader, close_loader),
        cmocka_unit_test(a_directory_need_not_exist),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
