/* Loading plugins: shared objects by name from one directory. */
#ifndef PLUGIN_LOADER_H
#define PLUGIN_LOADER_H

#include "decode/decode.h"

struct plugin_loader;

/* Nothing is loaded until it is asked for; the directory need not exist. Copies the path. */
int plugin_loader_open(const char *directory, struct plugin_loader **out);
void plugin_loader_close(struct plugin_loader *l);

/* What decode wants: a plugin by its name, loaded at the first call, and the host. Valid as long as the
 * loader. */
struct decode_plugins plugin_loader_plugins(struct plugin_loader *l);

#endif
