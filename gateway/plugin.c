/* Plugins are looked for in one directory, by the name that the configuration gives. A name is a name and
 * never a path, and the path that is opened always holds a slash, so that the system's own search for
 * libraries has no say in what is loaded into the gateway.
 *
 * What was loaded stays until the end: a replay must not meet another plugin half way. What could not be
 * loaded leaves a sentence that goes to whoever asked, which is the check of the configuration. */
#include "plugin_loader.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct loaded {
    struct loaded *next;
    void *object;                /* of dlopen */
    const struct cgw_plugin *plugin;
};

struct plugin_loader {
    char *directory;
    struct loaded *loaded;
    char why[512];               /* why the last one could not be loaded */
};

int plugin_loader_open(const char *directory, struct plugin_loader **out)
{
    struct plugin_loader *l = calloc(1, sizeof *l);
    if (!l)
        abort();
    l->directory = strdup(*directory != '\0' ? directory : ".");
    if (!l->directory)
        abort();
    *out = l;
    return 0;
}

void plugin_loader_close(struct plugin_loader *l)
{
    if (!l)
        return;
    struct loaded *next;
    for (struct loaded *p = l->loaded; p; p = next) {
        next = p->next;
        dlclose(p->object);
        free(p);
    }
    free(l->directory);
    free(l);
}

__attribute__((format(printf, 2, 3)))
static const struct cgw_plugin *refuse(struct plugin_loader *l, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(l->why, sizeof l->why, format, args);
    va_end(args);
    return NULL;
}

/* As the configuration's names are: nothing that leads out of the directory. */
static bool is_name(const char *text)
{
    size_t n = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
    return n >= 1 && n <= 64 && text[n] == '\0';
}

/* The plugin of an object, or NULL when it is not one for us. */
static const struct cgw_plugin *plugin_of(struct plugin_loader *l, void *object, const char *path,
                                          const char *name)
{
    const struct cgw_plugin *(*entry)(void);
    void *symbol = dlsym(object, "cgw_plugin");
    if (!symbol)
        return refuse(l, "%s has no cgw_plugin() and so is no plugin", path);
    /* POSIX promises that this works; C has no cast for it. */
    memcpy(&entry, &symbol, sizeof entry);

    const struct cgw_plugin *plugin = entry();
    if (!plugin)
        return refuse(l, "%s: its cgw_plugin() returns nothing", path);
    if (plugin->abi != CGW_ABI)
        return refuse(l, "%s was built for plugin ABI %u, this gateway has ABI %u – build it anew", path,
                      plugin->abi, CGW_ABI);
    if (plugin->size < sizeof *plugin)
        return refuse(l, "%s offers %u bytes of struct cgw_plugin, this gateway reads %zu – build it anew",
                      path, plugin->size, sizeof *plugin);
    if (!plugin->name || strcmp(plugin->name, name) != 0)
        return refuse(l, "%s holds the plugin \"%s\" – a plugin's file is named after it", path,
                      plugin->name ? plugin->name : "");
    return plugin;
}

static const struct cgw_plugin *load(struct plugin_loader *l, const char *name)
{
    char *path = NULL;
    if (asprintf(&path, "%s/%s.so", l->directory, name) < 0)
        abort();
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const struct cgw_plugin *plugin =
        object ? plugin_of(l, object, path, name) : refuse(l, "%s", dlerror());
    free(path);
    if (!plugin) {
        if (object)
            dlclose(object);
        return NULL;
    }

    struct loaded *p = malloc(sizeof *p);
    if (!p)
        abort();
    *p = (struct loaded){ .next = l->loaded, .object = object, .plugin = plugin };
    l->loaded = p;
    return plugin;
}

static const struct cgw_plugin *find(void *self, const char *name, const char **why)
{
    struct plugin_loader *l = self;
    for (const struct loaded *p = l->loaded; p; p = p->next)
        if (strcmp(p->plugin->name, name) == 0)
            return p->plugin;

    const struct cgw_plugin *plugin =
        is_name(name) ? load(l, name) : refuse(l, "\"%s\" is no name of a plugin", name);
    if (!plugin)
        *why = l->why;
    return plugin;
}

struct decode_plugins plugin_loader_plugins(struct plugin_loader *l)
{
    return (struct decode_plugins){ .find = find, .self = l };
}
