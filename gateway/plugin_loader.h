/* Loading plugins: shared objects by name from one directory. */
#ifndef PLUGIN_LOADER_H
#define PLUGIN_LOADER_H

#include "decode/decode.h"

struct plugin_loader;

/* Nothing is loaded until it is asked for; the directory need not exist. Copies the path. Returns 0. */
int plugin_loader_open(const char *directory, struct plugin_loader **out);

/* Unloads what was loaded: close everything that was opened of it before. */
void plugin_loader_close(struct plugin_loader *l);

/* What decode wants: a plugin by its name, loaded at the first call. Valid as long as the loader. One that
 * could not be loaded is tried again when it is asked for again. */
struct decode_plugins plugin_loader_plugins(struct plugin_loader *l);

#endif
