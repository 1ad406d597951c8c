/* `check --connect`: what the two brokers grant with the configured credentials, and whether the device
 * broker keeps everything for a session that is away. */
#ifndef COMMAND_CONNECT_H
#define COMMAND_CONNECT_H

#include <stdint.h>

#include "conf.h"

/* Tells on standard output, and records what it found (app/lossless_record.h). 0: both brokers took us, and the device
 * broker keeps all; 1: not so, or it could not be told within that time. */
int connect_try(const struct conf *conf, int64_t within_us);

#endif
