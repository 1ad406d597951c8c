/* The host: what the gateway offers to plugins. See plugin.h for what each function promises. */
#ifndef DECODE_HOST_H
#define DECODE_HOST_H

#include "plugin.h"

extern const struct cgw_host decode_host;

#endif
